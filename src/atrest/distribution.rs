//! How a cluster is run, and so how it is mended.

use std::fmt;

/// A way to run Kubernetes that has its own way to encrypt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distribution {
    /// kubeadm, and whatever runs the API server as a static pod.
    Kubeadm,
    /// k3s.
    K3s,
    /// RKE2.
    Rke2,
    /// OpenShift.
    OpenShift,
    /// Amazon's.
    Eks,
    /// Google's.
    Gke,
    /// Microsoft's.
    Aks,
}

impl Distribution {
    /// All of them.
    pub const ALL: [Self; 7] = [Self::Kubeadm, Self::K3s, Self::Rke2, Self::OpenShift, Self::Eks, Self::Gke, Self::Aks];

    /// The word of options.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kubeadm => "kubeadm",
            Self::K3s => "k3s",
            Self::Rke2 => "rke2",
            Self::OpenShift => "openshift",
            Self::Eks => "eks",
            Self::Gke => "gke",
            Self::Aks => "aks",
        }
    }

    /// Tells it by the version that the API server answers: `v1.36.1+k3s1`, `v1.35.0-gke.100`.
    #[must_use]
    pub fn of_version(version: &str) -> Option<Self> {
        let marks = [("+k3s", Self::K3s), ("+rke2", Self::Rke2), ("-gke.", Self::Gke), ("-eks-", Self::Eks)];
        marks.into_iter().find(|(mark, _)| version.contains(mark)).map(|(_, distribution)| distribution)
    }

    /// Tells it by where a file of it lies.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        let marks = [
            ("rancher/k3s", Self::K3s),
            ("k3s.service", Self::K3s),
            ("rancher/rke2", Self::Rke2),
            ("rke2-server", Self::Rke2),
            ("etc/kubernetes/manifests", Self::Kubeadm),
            ("kubeadm", Self::Kubeadm),
        ];
        marks.into_iter().find(|(mark, _)| path.contains(mark)).map(|(_, distribution)| distribution)
    }

    /// Whether somebody else runs the control plane, so that flags and etcd cannot be seen.
    #[must_use]
    pub const fn is_managed(self) -> bool {
        matches!(self, Self::Eks | Self::Gke | Self::Aks)
    }

    /// How encryption is turned on.
    #[must_use]
    pub const fn enable(self) -> &'static str {
        match self {
            Self::Kubeadm => {
                "Write an EncryptionConfiguration to /etc/kubernetes/enc/enc.yaml (0600, root) on every control plane; add \
                 --encryption-provider-config=/etc/kubernetes/enc/enc.yaml and a hostPath volume for the folder to \
                 /etc/kubernetes/manifests/kube-apiserver.yaml, one control plane after the other, and the same to \
                 extraArgs and extraVolumes of the ClusterConfiguration."
            }
            Self::K3s => {
                "Start every server with --secrets-encryption --secrets-encryption-provider=secretbox; on a cluster that \
                 runs: `k3s secrets-encrypt enable`, restart every server, `k3s secrets-encrypt reencrypt`."
            }
            Self::Rke2 => {
                "Remove secrets-encryption: false from /etc/rancher/rke2/config.yaml on every server and restart; \
                 `rke2 secrets-encrypt status` tells how far it is, `rke2 secrets-encrypt reencrypt` rewrites."
            }
            Self::OpenShift => {
                "Set spec.encryption.type to aesgcm in apiserver.config.openshift.io/cluster; operators rewrite everything, \
                 and report EncryptionCompleted."
            }
            Self::Eks => {
                "EKS encrypts all API data from 1.28 on with a key of AWS; a key of your own: `aws eks \
                 associate-encryption-config --cluster-name NAME --encryption-config resources=secrets,provider={keyArn=ARN}`, \
                 which cannot be undone."
            }
            Self::Gke => {
                "GKE encrypts its disks; for Secrets under a key of your own: `gcloud container clusters update NAME \
                 --database-encryption-key KEY`."
            }
            Self::Aks => {
                "AKS encrypts its disks; for Secrets under a key of your own: `az aks update --name NAME --resource-group \
                 GROUP --enable-azure-keyvault-kms --azure-keyvault-kms-key-id KEY`."
            }
        }
    }

    /// How every Secret is rewritten.
    #[must_use]
    pub const fn rewrite(self) -> &'static str {
        match self {
            Self::K3s => "k3s secrets-encrypt reencrypt",
            Self::Rke2 => "rke2 secrets-encrypt reencrypt",
            // To redeploy an operand rewrites nothing, and to force a key is an override that nobody supports.
            Self::OpenShift => {
                "the operators do it by themselves; wait for EncryptionCompleted in the condition Encrypted of kubeapiserver, \
                 openshiftapiserver and authentication"
            }
            _ => "kubectl get secrets -A -o json | kubectl replace -f -",
        }
    }

    /// Who writes the configuration, where that is not whoever runs the cluster, and how they are told to. A file that is
    /// put in its place by hand is lost, and the keys in it with it.
    #[must_use]
    pub const fn owner(self) -> Option<Owner> {
        let (who, rotation) = match self {
            Self::Kubeadm => return None,
            Self::K3s => ("k3s", "`k3s secrets-encrypt rotate-keys`"),
            Self::Rke2 => ("RKE2", "`rke2 secrets-encrypt rotate-keys`"),
            Self::OpenShift => ("an operator of OpenShift", "it is done every week"),
            Self::Eks => ("Amazon", "the key of KMS rotates there"),
            Self::Gke => ("Google", "the key of Cloud KMS rotates there"),
            Self::Aks => ("Microsoft", "the key of Key Vault rotates there"),
        };
        Some(Owner { who, rotation })
    }
}

/// Somebody else who writes a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// `k3s`, `an operator of OpenShift`.
    pub who: &'static str,
    /// How a key is rotated there.
    pub rotation: &'static str,
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_paths_tell() {
        let cases = [
            ("v1.36.1+k3s1", Some(Distribution::K3s)),
            ("v1.35.0-eks-1a2b", Some(Distribution::Eks)),
            ("v1.36.1", None),
        ];
        for (version, expected) in cases {
            assert_eq!(Distribution::of_version(version), expected, "{version}");
        }
        assert_eq!(
            Distribution::of_path("/var/lib/rancher/rke2/server/cred/encryption-config.json"),
            Some(Distribution::Rke2)
        );
        assert_eq!(Distribution::of_path("/etc/kubernetes/manifests/kube-apiserver.yaml"), Some(Distribution::Kubeadm));
    }
}
