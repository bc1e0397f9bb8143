//! Custom resources that hold credentials by their nature. Encrypting Secrets alone leaves them readable.

/// Group, plural, and what is in them.
const KNOWN: [(&str, &str, &str); 15] = [
    ("argoproj.io", "applications", "values and parameters of charts"),
    ("bootstrap.cluster.x-k8s.io", "kubeadmconfigs", "files and tokens of machines"),
    ("dex.coreos.com", "authcodes", "codes that are changed for tokens"),
    ("dex.coreos.com", "connectors", "client secrets of identity providers"),
    ("dex.coreos.com", "oauth2clients", "client secrets"),
    ("dex.coreos.com", "offlinesessionses", "refresh tokens"),
    ("dex.coreos.com", "passwords", "hashes of passwords"),
    ("dex.coreos.com", "refreshtokens", "refresh tokens"),
    ("dex.coreos.com", "signingkeies", "keys that sign tokens"),
    ("helm.cattle.io", "helmcharts", "values of charts"),
    ("helm.toolkit.fluxcd.io", "helmreleases", "values of charts"),
    ("kubevirt.io", "virtualmachines", "user data of machines"),
    ("management.cattle.io", "clusterregistrationtokens", "tokens that join clusters"),
    ("management.cattle.io", "samltokens", "tokens"),
    ("management.cattle.io", "tokens", "tokens of users"),
];

/// What a custom resource holds, if it is one of those.
pub(super) fn holds(group: &str, resource: &str) -> Option<&'static str> {
    KNOWN.iter().find(|known| (known.0, known.1) == (group, resource)).map(|known| known.2)
}
