//! Controllers that read Secrets because that is what they are for.
//!
//! Their rights are real and whoever takes over the controller has them, so they are reported, with less weight and
//! the reason. Known by the name of the service account together with its namespace or the name of its role: anybody
//! can take such names, but somebody who binds cluster-wide rights to them has those rights already.

use super::subject::Subject;

/// A controller that many clusters run.
#[derive(Debug)]
pub(super) struct Controller {
    /// What people call it.
    pub(super) name: &'static str,
    /// Its service accounts: the whole name, or what follows a release's name and a dash.
    accounts: &'static [&'static str],
    /// Namespaces it is mostly installed in.
    namespaces: &'static [&'static str],
    /// Words in the names of its roles.
    roles: &'static [&'static str],
    /// Whether it reads Secrets.
    reads: bool,
    /// The paths that it has for a reason; `*` for all.
    paths: &'static [&'static str],
    /// The reason, after its name.
    pub(super) reason: &'static str,
}

/// Paths of those that run pods for others.
const RUNS_PODS: &[&str] = &["create-pods", "create-workloads", "patch-pods", "create-token-secrets"];

const fn reads(
    name: &'static str,
    accounts: &'static [&'static str],
    namespaces: &'static [&'static str],
    roles: &'static [&'static str],
    reason: &'static str,
) -> Controller {
    Controller { name, accounts, namespaces, roles, reads: true, paths: &["create-token-secrets"], reason }
}

/// In no particular order; the first that fits is named.
static CONTROLLERS: &[Controller] = &[
    reads(
        "cert-manager",
        &["cert-manager"],
        &["cert-manager"],
        &["cert-manager"],
        "keeps certificates and account keys in Secrets of every namespace",
    ),
    Controller {
        paths: &["create-token-secrets", "webhooks"],
        ..reads(
            "cert-manager",
            &["cert-manager-cainjector", "cainjector"],
            &["cert-manager"],
            &["cainjector"],
            "takes authorities from Secrets of every namespace and writes them into webhooks",
        )
    },
    reads(
        "External Secrets",
        &["external-secrets"],
        &["external-secrets"],
        &["external-secrets"],
        "writes Secrets of every namespace from an outside store",
    ),
    reads(
        "Sealed Secrets",
        &["sealed-secrets", "sealed-secrets-controller"],
        &["kube-system", "sealed-secrets"],
        &["secrets-unsealer", "sealed-secrets"],
        "unseals into Secrets of every namespace",
    ),
    Controller {
        paths: &["*"],
        ..reads(
            "Argo CD",
            &["argocd-application-controller", "argocd-server", "argocd-applicationset-controller"],
            &["argocd", "argo-cd"],
            &["argocd"],
            "applies manifests of every kind",
        )
    },
    Controller {
        paths: &["*"],
        ..reads(
            "Flux",
            &[
                "kustomize-controller",
                "helm-controller",
                "source-controller",
                "notification-controller",
                "image-automation-controller",
                "image-reflector-controller",
            ],
            &["flux-system"],
            &["cluster-reconciler", "crd-controller"],
            "applies manifests of every kind",
        )
    },
    reads(
        "ingress-nginx",
        &["ingress-nginx", "nginx-ingress"],
        &["ingress-nginx", "nginx-ingress"],
        &["ingress-nginx", "nginx-ingress"],
        "serves certificates from Secrets that Ingresses of every namespace name",
    ),
    reads(
        "Traefik",
        &["traefik", "traefik-ingress-controller"],
        &["traefik", "kube-system"],
        &["traefik"],
        "serves certificates from Secrets that routes of every namespace name",
    ),
    reads(
        "HAProxy Ingress",
        &["haproxy-ingress", "haproxy-kubernetes-ingress", "kubernetes-ingress"],
        &["haproxy-controller", "haproxy-ingress"],
        &["haproxy"],
        "serves certificates from Secrets that Ingresses of every namespace name",
    ),
    reads(
        "Contour",
        &["contour"],
        &["projectcontour"],
        &["contour"],
        "serves certificates from Secrets that routes of every namespace name",
    ),
    reads(
        "Kong",
        &["kong", "kong-serviceaccount", "kong-kong", "kong-controller"],
        &["kong"],
        &["kong"],
        "serves certificates and credentials from Secrets of every namespace",
    ),
    reads(
        "Envoy Gateway",
        &["envoy-gateway"],
        &["envoy-gateway-system"],
        &["envoy-gateway"],
        "serves certificates from Secrets that gateways of every namespace name",
    ),
    Controller {
        paths: &["create-token-secrets", "create-workloads", "webhooks", "csr-approve", "token-request"],
        ..reads(
            "Istio",
            &["istiod", "istiod-service-account", "istio-reader-service-account"],
            &["istio-system"],
            &["istiod", "istio-reader", "istio"],
            "serves certificates from Secrets that gateways of every namespace name",
        )
    },
    reads(
        "Linkerd",
        &["linkerd-destination", "linkerd-identity", "linkerd-proxy-injector"],
        &["linkerd"],
        &["linkerd"],
        "reads the authorities of its policies and links",
    ),
    Controller {
        paths: &["create-token-secrets", "steal-pods", "patch-pods", "nodes-logs"],
        ..reads(
            "Cilium",
            &["cilium", "cilium-operator"],
            &["kube-system", "cilium"],
            &["cilium"],
            "takes certificates of ingresses and policies from Secrets",
        )
    },
    Controller {
        paths: &["token-request", "steal-pods", "create-workloads", "create-token-secrets"],
        ..reads(
            "Calico",
            &["calico-node", "calico-cni-plugin", "calico-kube-controllers", "tigera-operator"],
            &["kube-system", "calico-system", "tigera-operator"],
            &["calico", "tigera"],
            "makes tokens for its plugin and keeps certificates in Secrets",
        )
    },
    Controller {
        paths: RUNS_PODS,
        ..reads(
            "Prometheus Operator",
            &["prometheus-operator", "kube-prometheus-stack-operator", "kube-prometheus-operator"],
            &["monitoring"],
            &["prometheus-operator", "kube-prometheus"],
            "writes the configuration of Prometheus into Secrets and reads the credentials of scrapes",
        )
    },
    reads(
        "kube-state-metrics",
        &["kube-state-metrics"],
        &["monitoring", "kube-system"],
        &["kube-state-metrics"],
        "lists Secrets to count them; its own flags can leave them out",
    ),
    Controller {
        paths: &["*"],
        ..reads("Velero", &["velero", "velero-server"], &["velero"], &["velero"], "backs up every object")
    },
    Controller {
        paths: &["token-request", "create-token-secrets"],
        ..reads(
            "Secrets Store CSI driver",
            &["secrets-store-csi-driver"],
            &["kube-system", "secrets-store-csi"],
            &["secretprovider"],
            "syncs Secrets and makes tokens for its providers",
        )
    },
    reads(
        "Reloader",
        &["reloader", "reloader-reloader"],
        &["reloader"],
        &["reloader"],
        "watches Secrets to restart what uses them",
    ),
    Controller {
        paths: &["*"],
        ..reads(
            "Kyverno",
            &[
                "kyverno",
                "kyverno-admission-controller",
                "kyverno-background-controller",
                "kyverno-cleanup-controller",
                "kyverno-reports-controller",
                "kyverno-service-account",
            ],
            &["kyverno"],
            &["kyverno"],
            "generates and checks objects of every kind",
        )
    },
    Controller {
        paths: &["*"],
        ..reads(
            "Elastic Cloud on Kubernetes",
            &["elastic-operator"],
            &["elastic-system"],
            &["elastic-operator"],
            "keeps passwords and certificates of the clusters it runs in Secrets of every namespace",
        )
    },
    Controller {
        paths: &["webhooks", "create-token-secrets"],
        ..reads(
            "Gatekeeper",
            &["gatekeeper-admin"],
            &["gatekeeper-system"],
            &["gatekeeper"],
            "checks objects of every kind",
        )
    },
    Controller {
        paths: &["webhooks", "create-token-secrets"],
        ..reads(
            "Vault agent injector",
            &["vault-agent-injector", "agent-injector"],
            &["vault"],
            &["agent-injector"],
            "keeps its certificate and authority",
        )
    },
    Controller {
        paths: &["token-request", "create-workloads", "create-token-secrets"],
        ..reads(
            "Vault Secrets Operator",
            &["vault-secrets-operator-controller-manager"],
            &["vault-secrets-operator", "vault-secrets-operator-system"],
            &["vault-secrets-operator"],
            "writes Secrets of every namespace from Vault",
        )
    },
    Controller {
        paths: &["*"],
        ..reads(
            "Crossplane",
            &["crossplane", "rbac-manager"],
            &["crossplane-system"],
            &["crossplane"],
            "writes connection details into Secrets and gives its providers their rights",
        )
    },
    Controller {
        paths: &["create-token-secrets", "create-workloads"],
        ..reads(
            "Cluster API",
            &[
                "capi-manager",
                "capa-controller-manager",
                "capz-manager",
                "capg-manager",
                "capi-kubeadm-bootstrap-manager",
                "capi-kubeadm-control-plane-manager",
            ],
            &["capi-system", "capi-kubeadm-bootstrap-system", "capi-kubeadm-control-plane-system"],
            &["capi", "capa", "capz", "capg"],
            "keeps kubeconfigs and certificates of clusters in Secrets",
        )
    },
    Controller {
        paths: &["*"],
        ..reads(
            "Rancher",
            &["rancher", "cattle", "rancher-webhook", "fleet-agent", "fleet-controller"],
            &["cattle-system", "cattle-fleet-system", "fleet-system"],
            &["rancher", "cattle", "fleet"],
            "administers the cluster",
        )
    },
    Controller {
        paths: &[
            "create-pods",
            "create-workloads",
            "patch-pods",
            "create-token-secrets",
            "persistent-volumes",
            "webhooks",
            "exec",
            "exec-by-get",
        ],
        ..reads(
            "Longhorn",
            &["longhorn-service-account"],
            &["longhorn-system"],
            &["longhorn"],
            "runs its storage in pods and reads the credentials of backup targets",
        )
    },
    reads(
        "MetalLB",
        &["metallb-controller", "metallb-speaker", "controller", "speaker"],
        &["metallb-system"],
        &["metallb"],
        "keeps the key of its members in a Secret",
    ),
    Controller {
        paths: &["create-workloads", "create-token-secrets"],
        ..reads(
            "KEDA",
            &["keda-operator"],
            &["keda"],
            &["keda"],
            "reads the credentials of event sources of every namespace",
        )
    },
    Controller {
        paths: &["persistent-volumes", "create-token-secrets"],
        ..reads(
            "a CSI driver",
            &[
                "csi-provisioner",
                "external-provisioner",
                "csi-controller-sa",
                "ebs-csi-controller-sa",
                "efs-csi-controller-sa",
                "csi-azuredisk-controller-sa",
                "csi-azurefile-controller-sa",
                "csi-gce-pd-controller-sa",
                "hcloud-csi-controller",
                "scaleway-csi-controller",
                "csi-node-sa",
                "ebs-csi-node-sa",
                "csi-node",
                "csi-controller",
                "rbd-csi-provisioner",
                "cephfs-csi-provisioner",
                "nfs-client-provisioner",
                "local-path-provisioner-service-account",
            ],
            &["kube-system"],
            &["csi", "provisioner", "attacher", "resizer", "snapshotter"],
            "makes volumes, with the credentials that storage classes name",
        )
    },
    Controller {
        paths: &["token-request", "steal-pods", "create-token-secrets"],
        ..reads(
            "a cloud controller manager",
            &["cloud-controller-manager", "aws-cloud-controller-manager", "cloud-node-manager", "azure-cloud-provider"],
            &["kube-system"],
            &["cloud-controller-manager", "cloud-node-manager"],
            "runs the loops that tie the cluster to its cloud",
        )
    },
    Controller {
        reads: false,
        paths: &["nodes-proxy", "nodes-logs"],
        ..reads("kindnet", &["kindnet"], &["kube-system"], &["kindnet"], "is the network of a kind cluster")
    },
    Controller {
        reads: false,
        paths: &["nodes-proxy", "nodes-logs"],
        ..reads(
            "Prometheus",
            &["prometheus", "prometheus-k8s", "prometheus-server"],
            &["monitoring", "prometheus"],
            &["prometheus"],
            "scrapes kubelets through the API server; nodes/metrics is enough for that",
        )
    },
    Controller {
        reads: false,
        paths: &["create-pods", "create-workloads", "patch-pods"],
        ..reads(
            "Argo Rollouts",
            &["argo-rollouts"],
            &["argo-rollouts"],
            &["argo-rollouts"],
            "rolls out workloads of every namespace",
        )
    },
    Controller {
        paths: RUNS_PODS,
        ..reads(
            "Tekton",
            &["tekton-pipelines-controller", "tekton-triggers-controller"],
            &["tekton-pipelines"],
            &["tekton"],
            "runs the pods of pipelines and reads their credentials",
        )
    },
];

impl Controller {
    /// Whether it has a right to read for its reason.
    pub(super) fn explains_reading(&self) -> bool {
        self.reads
    }

    /// Whether it has a path for its reason.
    pub(super) fn explains(&self, path: &str) -> bool {
        self.paths.iter().any(|known| *known == "*" || *known == path)
    }

    fn fits(&self, namespace: &str, name: &str, role: &str) -> bool {
        let ours = |before: &str| before.is_empty() || before.ends_with('-');
        self.accounts.iter().any(|account| name.strip_suffix(account).is_some_and(ours))
            && (self.namespaces.contains(&namespace) || self.roles.iter().any(|word| role.contains(word)))
    }
}

/// The controller that a subject of a binding to a role is, if it is a known one.
pub(super) fn known(subject: &Subject, role: &str) -> Option<&'static Controller> {
    let Subject::ServiceAccount { namespace, name } = subject else { return None };
    CONTROLLERS.iter().find(|controller| controller.fits(namespace, name, role))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::PATHS;

    fn named(namespace: &str, name: &str, role: &str) -> Option<&'static str> {
        let subject = Subject::ServiceAccount { namespace: namespace.into(), name: name.into() };
        known(&subject, role).map(|controller| controller.name)
    }

    #[test]
    fn account_and_namespace_or_role_make_a_controller() {
        assert_eq!(named("cert-manager", "cert-manager-cainjector", "x"), Some("cert-manager"));
        assert_eq!(named("tools", "cert-manager", "cert-manager-controller-issuers"), Some("cert-manager"));
        assert_eq!(named("", "prod-external-secrets", "prod-external-secrets-controller"), Some("External Secrets"));
        assert_eq!(named("tools", "cert-manager", "cluster-admin"), None);
        assert_eq!(named("cert-manager", "jane", "cert-manager-edit"), None);
        assert!(known(&Subject::user("cert-manager"), "cert-manager").is_none());
    }

    #[test]
    fn paths_of_controllers_are_paths() {
        for path in CONTROLLERS.iter().flat_map(|controller| controller.paths) {
            assert!(*path == "*" || PATHS.iter().any(|known| known.name == *path), "{path}");
        }
        for controller in CONTROLLERS {
            assert!(!controller.reason.ends_with('.') && !controller.accounts.is_empty(), "{}", controller.name);
        }
    }
}
