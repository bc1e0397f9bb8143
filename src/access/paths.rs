//! Every path to Secrets that RBAC shows: a table, to which a row adds one.
//!
//! Mostly from <https://kubernetes.io/docs/concepts/security/rbac-good-practices/>; a row says where else it is from.
//!
//! What is not here, for it does not lead to Secrets: `podtemplates` (nothing makes pods of them), `tokenreviews` and
//! `subjectaccessreviews` (they answer about what one has), `deployments/scale`, `pods/status`, events, leases,
//! `unsafe-delete-ignore-read-errors` (it destroys), `signers` `sign` without the key of the authority, role bindings
//! without `bind` (they pass on what one has). What RBAC alone does not show is not here either: a vulnerable
//! ingress controller, cloud identities that are administrators of the cluster, a node's disk.

use super::path::{Ask, Gain, Path, Place};
use super::version::Version;
use crate::model::{Confidence, Severity};

const CREATE: &[&str] = &["create"];
const CHANGE: &[&str] = &["update", "patch"];
const WRITE: &[&str] = &["create", "update", "patch"];
const READ: &[&str] = &["get", "list", "watch", "patch", "delete", "deletecollection"];

const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";
const CERTIFICATES: &str = "certificates.k8s.io";
const AUTHENTICATION: &str = "authentication.k8s.io";

/// `impersonate-on:<mode>:` before each reading verb.
macro_rules! reading_as {
    ($mode:literal) => {
        &[
            concat!("impersonate-on:", $mode, ":get"),
            concat!("impersonate-on:", $mode, ":list"),
            concat!("impersonate-on:", $mode, ":watch"),
            concat!("impersonate-on:", $mode, ":patch"),
            concat!("impersonate-on:", $mode, ":delete"),
            concat!("impersonate-on:", $mode, ":deletecollection"),
        ]
    };
}

/// Makes a pod, or something that makes pods.
const RUN_PODS: &[Ask] = &[
    Ask::new(CREATE, "", &["pods"]),
    Ask::new(WRITE, "apps", &["deployments", "daemonsets", "statefulsets", "replicasets"]),
    Ask::new(WRITE, "batch", &["jobs", "cronjobs"]),
    Ask::new(WRITE, "", &["replicationcontrollers"]),
];

/// A path that is open in every version.
const fn path(
    name: &'static str,
    gives: &'static str,
    gain: Gain,
    severity: Severity,
    all_of: &'static [&'static [Ask]],
) -> Path {
    Path { name, gives, gain, severity, confidence: Confidence::High, since: None, before: None, all_of }
}

/// Sorted by name.
pub static PATHS: &[Path] = &[
    // On EKS the ConfigMap maps identities of the cloud to groups, `system:masters` among them. That this is EKS is
    // not known.
    Path {
        confidence: Confidence::Low,
        ..path(
            "aws-auth",
            "make a cloud identity administrator of an EKS cluster",
            Gain::Cluster,
            Severity::High,
            &[&[Ask::new(CHANGE, "", &["configmaps"]).at(Place::System).only(&["aws-auth"])]],
        )
    },
    // pkg/registry/rbac/escalation_check.go, `BindingAuthorized`: asked in no namespace for a ClusterRoleBinding.
    path(
        "bind",
        "bind itself to any ClusterRole",
        Gain::Cluster,
        Severity::High,
        &[
            &[Ask::new(&["bind"], RBAC, &["clusterroles"]).at(Place::Cluster)],
            &[Ask::new(WRITE, RBAC, &["clusterrolebindings"]).at(Place::Cluster)],
        ],
    ),
    // The same file: asked in the namespace of a RoleBinding, for the ClusterRole too.
    path(
        "bind-in-namespace",
        "bind itself to any role in the namespace",
        Gain::Namespace,
        Severity::Medium,
        &[&[Ask::new(&["bind"], RBAC, &["clusterroles", "roles"])], &[Ask::new(WRITE, RBAC, &["rolebindings"])]],
    ),
    // KEP-5284, staging/src/k8s.io/apiserver/pkg/endpoints/filters/impersonation/mode.go. The group system:masters
    // cannot be had this way. Impersonating here to read there is not seen when the two rights are in two namespaces.
    Path {
        since: Some(Version::v1(36)),
        ..path(
            "constrained-impersonation",
            "read Secrets as another user",
            Gain::Namespace,
            Severity::Medium,
            &[
                &[Ask::new(&["impersonate:user-info"], AUTHENTICATION, &["users"]).at(Place::Cluster)],
                &[Ask::new(reading_as!("user-info"), "", &["secrets"])],
            ],
        )
    },
    Path {
        since: Some(Version::v1(36)),
        ..path(
            "constrained-impersonation-of-accounts",
            "read Secrets as another service account",
            Gain::Namespace,
            Severity::Medium,
            &[
                &[Ask::new(&["impersonate:serviceaccount"], AUTHENTICATION, &["serviceaccounts"])],
                &[Ask::new(reading_as!("serviceaccount"), "", &["secrets"])],
            ],
        )
    },
    // As a node, which reads what its pods refer to.
    Path {
        since: Some(Version::v1(36)),
        ..path(
            "constrained-impersonation-of-nodes",
            "read the Secrets of a node's pods as the node",
            Gain::Nodes,
            Severity::High,
            &[
                &[Ask::new(&["impersonate:arbitrary-node"], AUTHENTICATION, &["nodes"]).at(Place::Cluster)],
                &[Ask::new(reading_as!("arbitrary-node"), "", &["secrets"])],
            ],
        )
    },
    // The same for the node that a service account's own pod is on. The name that is asked about is `*`.
    Path {
        since: Some(Version::v1(36)),
        ..path(
            "constrained-impersonation-of-own-node",
            "read the Secrets of the pods beside its own as their node",
            Gain::Nodes,
            Severity::High,
            &[
                &[Ask::new(&["impersonate:associated-node"], AUTHENTICATION, &["nodes"])
                    .at(Place::Cluster)
                    .only(&["*"])],
                &[Ask::new(reading_as!("associated-node"), "", &["secrets"])],
            ],
        )
    },
    path(
        "create-pods",
        "run pods that mount any Secret and act as any service account",
        Gain::Namespace,
        Severity::Medium,
        &[&[Ask::new(CREATE, "", &["pods"])]],
    ),
    // A Secret of this type gets a token written into it: pkg/controller/serviceaccount/tokens_controller.go. One that
    // reads all Secrets needs no such detour, so this is about those that read some.
    path(
        "create-token-secrets",
        "have the token of any service account put into a Secret it reads",
        Gain::Namespace,
        Severity::Medium,
        &[&[Ask::new(CREATE, "", &["secrets"])], &[Ask::new(READ, "", &["secrets"])]],
    ),
    path(
        "create-workloads",
        "run workloads that mount any Secret and act as any service account",
        Gain::Namespace,
        Severity::Medium,
        &[&[
            Ask::new(WRITE, "apps", &["deployments", "daemonsets", "statefulsets", "replicasets"]),
            Ask::new(WRITE, "batch", &["jobs", "cronjobs"]),
            Ask::new(WRITE, "", &["replicationcontrollers"]),
        ]],
    ),
    // pkg/certauthorization/certauthorization.go: the signer's name, or its domain with `/*`.
    // plugin/pkg/admission/certificates/subjectrestriction is on by default and refuses system:masters.
    path(
        "csr-approve",
        "sign itself a client certificate of any user or group",
        Gain::Cluster,
        Severity::High,
        &[
            &[Ask::new(CREATE, CERTIFICATES, &["certificatesigningrequests"]).at(Place::Cluster)],
            &[Ask::new(CHANGE, CERTIFICATES, &["certificatesigningrequests/approval"]).at(Place::Cluster)],
            &[Ask::new(&["approve"], CERTIFICATES, &["signers"])
                .at(Place::Cluster)
                .only(&["kubernetes.io/kube-apiserver-client", "kubernetes.io/*"])],
        ],
    ),
    path(
        "csr-approve-nodes",
        "sign itself the client certificate of any node",
        Gain::Nodes,
        Severity::High,
        &[
            &[Ask::new(CREATE, CERTIFICATES, &["certificatesigningrequests"]).at(Place::Cluster)],
            &[Ask::new(CHANGE, CERTIFICATES, &["certificatesigningrequests/approval"]).at(Place::Cluster)],
            &[Ask::new(&["approve"], CERTIFICATES, &["signers"])
                .at(Place::Cluster)
                .only(&["kubernetes.io/kube-apiserver-client-kubelet", "kubernetes.io/*"])],
        ],
    ),
    // pkg/controller/certificates/approver/sarapprove.go approves it without being asked.
    path(
        "csr-node-client",
        "have the client certificate of any node signed for itself",
        Gain::Nodes,
        Severity::High,
        &[
            &[Ask::new(CREATE, CERTIFICATES, &["certificatesigningrequests"]).at(Place::Cluster)],
            &[Ask::new(CREATE, CERTIFICATES, &["certificatesigningrequests/nodeclient"]).at(Place::Cluster)],
        ],
    ),
    path(
        "ephemeral-containers",
        "put a container into running pods and read what they hold",
        Gain::Namespace,
        Severity::Medium,
        &[&[Ask::new(CHANGE, "", &["pods/ephemeralcontainers"])]],
    ),
    // pkg/registry/rbac/escalation_check.go, `RoleEscalationAuthorized`.
    path(
        "escalate",
        "write any right into a ClusterRole",
        Gain::Cluster,
        Severity::High,
        &[
            &[Ask::new(&["escalate"], RBAC, &["clusterroles"]).at(Place::Cluster)],
            &[Ask::new(WRITE, RBAC, &["clusterroles"]).at(Place::Cluster)],
        ],
    ),
    path(
        "escalate-in-namespace",
        "write any right into a Role of the namespace",
        Gain::Namespace,
        Severity::Medium,
        &[&[Ask::new(&["escalate"], RBAC, &["roles"])], &[Ask::new(WRITE, RBAC, &["roles"])]],
    ),
    path(
        "exec",
        "enter running pods and read what they hold",
        Gain::Namespace,
        Severity::Medium,
        &[&[Ask::new(CREATE, "", &["pods/exec", "pods/attach"])]],
    ),
    // kubernetes/kubernetes#78741: a WebSocket opens with GET. Pull request 134577 asks for `create` as well.
    Path {
        before: Some(Version::v1(35)),
        ..path(
            "exec-by-get",
            "run commands in running pods over a WebSocket",
            Gain::Namespace,
            Severity::Medium,
            &[&[Ask::new(&["get"], "", &["pods/exec", "pods/attach"])]],
        )
    },
    // Flux, Argo CD and the Helm controller of k3s apply what they are told with rights of their own, mostly all.
    Path {
        confidence: Confidence::Medium,
        ..path(
            "gitops-applications",
            "have a GitOps controller apply any manifest with its own rights",
            Gain::Cluster,
            Severity::Medium,
            &[&[
                Ask::new(WRITE, "argoproj.io", &["applications", "applicationsets"]),
                Ask::new(WRITE, "kustomize.toolkit.fluxcd.io", &["kustomizations"]),
                Ask::new(WRITE, "helm.toolkit.fluxcd.io", &["helmreleases"]),
                Ask::new(WRITE, "helm.cattle.io", &["helmcharts", "helmchartconfigs"]),
            ]],
        )
    },
    // staging/src/k8s.io/apiserver/pkg/endpoints/filters/impersonation/impersonation.go. A user such as
    // system:kube-controller-manager is enough; groups need a user or service account beside them.
    path(
        "impersonate",
        "act as any user",
        Gain::Cluster,
        Severity::High,
        &[&[Ask::new(&["impersonate"], "", &["users"]).at(Place::Cluster)]],
    ),
    path(
        "impersonate-groups",
        "act as a member of any group, system:masters too",
        Gain::Cluster,
        Severity::High,
        &[
            &[Ask::new(&["impersonate"], "", &["groups"]).at(Place::Cluster)],
            &[
                Ask::new(&["impersonate"], "", &["users"]).at(Place::Cluster),
                Ask::new(&["impersonate"], "", &["serviceaccounts"]),
            ],
        ],
    ),
    path(
        "impersonate-service-accounts",
        "act as any service account",
        Gain::Namespace,
        Severity::Medium,
        &[&[Ask::new(&["impersonate"], "", &["serviceaccounts"])]],
    ),
    // The policy's parameters and mutations come with both objects; beta and off before 1.36.
    Path {
        since: Some(Version::v1(36)),
        confidence: Confidence::Medium,
        ..path(
            "mutating-policies",
            "change the pods of others as they are created",
            Gain::Cluster,
            Severity::High,
            &[
                &[Ask::new(WRITE, ADMISSION, &["mutatingadmissionpolicies"]).at(Place::Cluster)],
                &[Ask::new(WRITE, ADMISSION, &["mutatingadmissionpolicybindings"]).at(Place::Cluster)],
            ],
        )
    },
    // The kubelet's table of subresources. The image lies on the node, so somebody must get at it there.
    Path {
        confidence: Confidence::Low,
        ..path(
            "nodes-checkpoint",
            "have the memory of containers written to their node",
            Gain::Nodes,
            Severity::Low,
            &[&[Ask::new(CREATE, "", &["nodes/checkpoint"]).at(Place::Cluster)]],
        )
    },
    // KEP-2862 gives parts of nodes/proxy names of their own. Pod specs with literal values, and logs.
    Path {
        confidence: Confidence::Low,
        ..path(
            "nodes-logs",
            "read pod specs and logs from the kubelet",
            Gain::Nodes,
            Severity::Info,
            &[&[Ask::new(&["get"], "", &["nodes/pods", "nodes/log"]).at(Place::Cluster)]],
        )
    },
    // `get` is enough: the kubelet's exec takes a WebSocket, which opens with GET, and neither admission nor audit sees
    // what is done there.
    path(
        "nodes-proxy",
        "run commands in every pod through the kubelet",
        Gain::Nodes,
        Severity::High,
        &[&[Ask::new(&["get", "create"], "", &["nodes/proxy"]).at(Place::Cluster)]],
    ),
    path(
        "patch-namespaces",
        "lift the pod security of a namespace and run a privileged pod there",
        Gain::Nodes,
        Severity::High,
        &[&[Ask::new(CHANGE, "", &["namespaces"])], RUN_PODS],
    ),
    path(
        "patch-pods",
        "change the images of running pods that hold Secrets",
        Gain::Namespace,
        Severity::Medium,
        &[&[Ask::new(CHANGE, "", &["pods"])]],
    ),
    // hostPath shows the node, and a volume names Secrets of any namespace for its driver: `VisitPVSecretNames` in
    // pkg/api/v1/persistentvolume/util.go. A pod is needed to mount it; whoever has this mostly has that.
    path(
        "persistent-volumes",
        "make volumes that show a node's disk, or that take the Secrets of other namespaces",
        Gain::Nodes,
        Severity::High,
        &[&[Ask::new(CREATE, "", &["persistentvolumes"]).at(Place::Cluster)]],
    ),
    // kubernetes/website#29378. The groups of the most used ones; which controllers there are is not known.
    Path {
        confidence: Confidence::Medium,
        ..path(
            "pod-operators",
            "have a controller run pods that mount any Secret",
            Gain::Namespace,
            Severity::Medium,
            &[&[
                Ask::new(WRITE, "argoproj.io", &["workflows", "cronworkflows", "rollouts", "sensors"]),
                Ask::new(WRITE, "tekton.dev", &["taskruns", "pipelineruns"]),
                Ask::new(WRITE, "kubevirt.io", &["virtualmachines", "virtualmachineinstances"]),
                Ask::new(WRITE, "serving.knative.dev", &["services"]),
                Ask::new(WRITE, "sparkoperator.k8s.io", &["sparkapplications", "scheduledsparkapplications"]),
                Ask::new(WRITE, "ray.io", &["rayclusters", "rayjobs", "rayservices"]),
                Ask::new(WRITE, "apps.openshift.io", &["deploymentconfigs"]),
                Ask::new(WRITE, "build.openshift.io", &["builds", "buildconfigs"]),
                Ask::new(WRITE, "kubeflow.org", &["notebooks", "pytorchjobs", "tfjobs", "mpijobs"]),
                Ask::new(WRITE, "batch.volcano.sh", &["jobs", "cronjobs"]),
                Ask::new(WRITE, "jobset.x-k8s.io", &["jobsets"]),
                Ask::new(WRITE, "keda.sh", &["scaledjobs"]),
                Ask::new(WRITE, "apps.kruise.io", &["clonesets", "daemonsets", "statefulsets"]),
                Ask::new(WRITE, "actions.github.com", &["autoscalingrunnersets", "ephemeralrunners"]),
            ]],
        )
    },
    // Kyverno copies Secrets between namespaces and changes pods, with its own rights, as its policies say.
    Path {
        confidence: Confidence::Medium,
        ..path(
            "policy-engines",
            "have a policy engine copy Secrets or change the pods of others",
            Gain::Cluster,
            Severity::Medium,
            &[&[
                Ask::new(WRITE, "kyverno.io", &["clusterpolicies"]).at(Place::Cluster),
                Ask::new(WRITE, "policies.kyverno.io", &["generatingpolicies", "mutatingpolicies"]).at(Place::Cluster),
                Ask::new(WRITE, "mutations.gatekeeper.sh", &["assign", "modifyset"]).at(Place::Cluster),
            ]],
        )
    },
    // What applications tell whoever reaches them: actuators, the socket of an agent.
    Path {
        confidence: Confidence::Low,
        ..path(
            "port-forward",
            "reach ports that pods open for themselves",
            Gain::Namespace,
            Severity::Info,
            &[&[
                Ask::new(CREATE, "", &["pods/portforward"]),
                Ask::new(&["get", "create"], "", &["pods/proxy", "services/proxy"]),
            ]],
        )
    },
    // As `exec-by-get`.
    Path {
        confidence: Confidence::Low,
        before: Some(Version::v1(35)),
        ..path(
            "port-forward-by-get",
            "reach ports that pods open for themselves over a WebSocket",
            Gain::Namespace,
            Severity::Info,
            &[&[Ask::new(&["get"], "", &["pods/portforward"])]],
        )
    },
    // The operator reads the Secret for whoever writes the object: GHSA-fcxq-v2r3-cc8h went over namespaces.
    Path {
        confidence: Confidence::Medium,
        ..path(
            "push-secrets",
            "have External Secrets push any Secret to a store",
            Gain::Namespace,
            Severity::Medium,
            &[&[Ask::new(WRITE, "external-secrets.io", &["pushsecrets"])]],
        )
    },
    // Drive pods from other nodes to one that one holds. A node may do this to itself, so one must hold a node.
    Path {
        confidence: Confidence::Low,
        ..path(
            "steal-pods",
            "drive pods with their Secrets to a node of its choice",
            Gain::Nodes,
            Severity::Medium,
            &[
                &[Ask::new(CHANGE, "", &["nodes", "nodes/status"]).at(Place::Cluster)],
                &[Ask::new(&["delete", "deletecollection"], "", &["pods"]), Ask::new(CREATE, "", &["pods/eviction"])],
            ],
        )
    },
    // Parameters csi.storage.k8s.io/*-secret-name and -namespace: the provisioner reads that Secret and hands it to its
    // driver. Whether it comes back depends on the driver.
    Path {
        confidence: Confidence::Low,
        ..path(
            "storage-classes",
            "have a storage provisioner read the Secrets of any namespace",
            Gain::Cluster,
            Severity::Medium,
            &[&[Ask::new(CREATE, "storage.k8s.io", &["storageclasses"]).at(Place::Cluster)]],
        )
    },
    path(
        "token-request",
        "make tokens of any service account",
        Gain::Namespace,
        Severity::Medium,
        &[&[Ask::new(CREATE, "", &["serviceaccounts/token"])]],
    ),
    // A policy that denies says why in words it makes of the object, the old one of an update too:
    // staging/src/k8s.io/apiserver/pkg/admission/plugin/policy/validating/validator.go.
    Path {
        since: Some(Version::v1(30)),
        ..path(
            "validating-policies",
            "have its own update of a Secret refused with the old value in the message",
            Gain::Namespace,
            Severity::Medium,
            &[
                &[Ask::new(WRITE, ADMISSION, &["validatingadmissionpolicies"]).at(Place::Cluster)],
                &[Ask::new(WRITE, ADMISSION, &["validatingadmissionpolicybindings"]).at(Place::Cluster)],
                &[Ask::new(&["update"], "", &["secrets"])],
            ],
        )
    },
    // A download request answers with a signed address of a whole backup, and nobody asks whose it is.
    Path {
        confidence: Confidence::Medium,
        ..path(
            "velero-download",
            "download Velero backups with the Secrets in them",
            Gain::Cluster,
            Severity::High,
            &[
                &[Ask::new(CREATE, "velero.io", &["downloadrequests"])],
                &[Ask::new(&["get", "list", "watch"], "velero.io", &["downloadrequests"])],
            ],
        )
    },
    path(
        "webhooks",
        "see every Secret that is written, and change pods as they are created",
        Gain::Cluster,
        Severity::High,
        &[&[Ask::new(WRITE, ADMISSION, &["mutatingwebhookconfigurations", "validatingwebhookconfigurations"])
            .at(Place::Cluster)]],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RuleId;

    #[test]
    fn names_are_kebab_case_sorted_and_single() {
        assert!(PATHS.windows(2).all(|pair| pair[0].name < pair[1].name));
        for path in PATHS {
            assert!(RuleId::is_well_formed(path.name), "{}", path.name);
            assert!(!path.all_of.is_empty() && path.all_of.iter().all(|any| !any.is_empty()), "{}", path.name);
            assert!(!path.gives.ends_with('.') && path.since.is_none_or(|_| path.before.is_none()), "{}", path.name);
        }
    }

    #[test]
    fn versions_open_and_close_paths() {
        let named = |name: &str| PATHS.iter().find(|path| path.name == name).unwrap();
        let by_get = named("exec-by-get");
        assert!(by_get.is_open_in(Some(Version::v1(34))) && !by_get.is_open_in(Some(Version::v1(35))));
        let constrained = named("constrained-impersonation");
        assert!(!constrained.is_open_in(Some(Version::v1(35))) && constrained.is_open_in(Some(Version::v1(36))));
        assert!(PATHS.iter().all(|path| path.is_open_in(None)));
        assert_eq!(by_get.versions().as_deref(), Some("before Kubernetes 1.35"));
    }
}
