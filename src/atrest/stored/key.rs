//! Keys of the registry: what `/registry/secrets/prod/db` is the key of.

use std::fmt;

/// Longest key that is believed: a group and a name have 253 characters, a resource and a namespace 63.
const LONGEST_KEY: usize = 1024;

/// Where API servers keep their objects.
///
/// The flag `--etcd-prefix` says it, and is `/registry` unless set. OpenShift has two: of Kubernetes, and of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefixes(Vec<String>);

impl Prefixes {
    /// One prefix, with or without slashes around it.
    #[must_use]
    pub fn new(prefix: &str) -> Self {
        Self(vec![format!("/{}/", prefix.trim_matches('/'))])
    }

    /// Each one, with a slash at both ends.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether a key lies below one of them.
    pub(super) fn hold(&self, key: &[u8]) -> bool {
        self.iter().any(|prefix| key.starts_with(prefix.as_bytes()))
    }

    fn strip<'k>(&self, key: &'k str) -> Option<&'k str> {
        self.iter().find_map(|prefix| key.strip_prefix(prefix))
    }
}

impl Default for Prefixes {
    fn default() -> Self {
        Self(["/registry/", "/kubernetes.io/", "/openshift.io/"].map(str::to_owned).to_vec())
    }
}

/// An object by its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RegistryKey<'k> {
    /// Empty for the core group. None for what is built into a newer API server than is known here: such keys do not
    /// tell their group.
    pub group: Option<&'k str>,
    /// The plural, as rights and the encryption configuration have it.
    pub resource: &'k str,
    /// None for what is not in a namespace.
    pub namespace: Option<&'k str>,
    /// The object's name.
    pub name: &'k str,
}

impl<'k> RegistryKey<'k> {
    /// Reads a key. None for what is not an object of an API server.
    #[must_use]
    pub fn read(key: &'k [u8], prefixes: &Prefixes) -> Option<Self> {
        let key = std::str::from_utf8(key).ok()?;
        if key.len() > LONGEST_KEY || key.contains(char::is_control) {
            return None;
        }
        let (group, resource, rest) = folder(prefixes.strip(key)?)?;
        Self::with(group, resource, rest)
    }

    /// Group and resource of a key that is no object's and lies below a resource's folder: an API server that lists the
    /// resource reads whatever lies there.
    pub(super) fn folder(key: &'k [u8], prefixes: &Prefixes) -> Option<(&'k str, &'k str)> {
        // What is no text may follow.
        let text = str::from_utf8(key).or_else(|error| str::from_utf8(&key[..error.valid_up_to()])).ok()?;
        let (group, resource, _) = folder(prefixes.strip(text)?)?;
        let is_word = |word: &str| word.len() <= LONGEST_KEY && !word.contains(char::is_control);
        group.filter(|group| is_word(group) && is_word(resource) && !resource.is_empty()).map(|group| (group, resource))
    }

    fn with(group: Option<&'k str>, resource: &'k str, rest: &'k str) -> Option<Self> {
        let (namespace, name) = match rest.split_once('/') {
            Some((namespace, name)) => (Some(namespace), name),
            None => (None, rest),
        };
        let empty = resource.is_empty() || name.is_empty() || namespace == Some("");
        let whole = !empty && !name.contains('/');
        whole.then_some(Self { group, resource, namespace, name })
    }
}

/// The folder that a path is in: group, resource, and what follows.
fn folder(path: &str) -> Option<(Option<&str>, &str, &str)> {
    let (first, rest) = path.split_once('/')?;
    if first.contains('.') {
        let (resource, rest) = rest.split_once('/')?;
        return Some((Some(first), resource, rest));
    }
    if DEEP.iter().any(|(path, ..)| *path == first) {
        let (second, rest) = rest.split_once('/')?;
        let known = DEEP.iter().find(|(path, folder, ..)| (*path, *folder) == (first, second));
        return Some(known.map_or((None, second, rest), |(_, _, group, resource)| (Some(*group), *resource, rest)));
    }
    Some(match BUILT_IN.binary_search_by_key(&first, |(path, ..)| path) {
        Ok(at) => (Some(BUILT_IN[at].1), BUILT_IN[at].2, rest),
        Err(_) => (None, first, rest),
    })
}

impl fmt::Display for RegistryKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.resource)?;
        match self.group {
            None | Some("") => {}
            Some(group) => write!(f, ".{group}")?,
        }
        match self.namespace {
            Some(namespace) => write!(f, " {namespace}/{}", self.name),
            None => write!(f, " {}", self.name),
        }
    }
}

/// Resources two folders deep: path, folder, group, resource. Those of OpenShift are from memory, not from a server.
const DEEP: [(&str, &str, &str, &str); 6] = [
    ("oauth", "accesstokens", "oauth.openshift.io", "oauthaccesstokens"),
    ("oauth", "authorizetokens", "oauth.openshift.io", "oauthauthorizetokens"),
    ("oauth", "clientauthorizations", "oauth.openshift.io", "oauthclientauthorizations"),
    ("oauth", "clients", "oauth.openshift.io", "oauthclients"),
    ("services", "endpoints", "", "endpoints"),
    ("services", "specs", "", "services"),
];

/// Path, group and resource of what is built in, sorted by path: Kubernetes 1.36, and what earlier versions had.
///
/// From `test/integration/etcd/data.go` of Kubernetes. A path tells neither group nor, for five of them, the resource.
const BUILT_IN: [(&str, &str, &str); 80] = [
    ("auditsinks", "auditregistration.k8s.io", "auditsinks"),
    ("buildconfigs", "build.openshift.io", "buildconfigs"),
    ("builds", "build.openshift.io", "builds"),
    ("certificatesigningrequests", "certificates.k8s.io", "certificatesigningrequests"),
    ("clustercidrs", "networking.k8s.io", "clustercidrs"),
    ("clusterrolebindings", "rbac.authorization.k8s.io", "clusterrolebindings"),
    ("clusterroles", "rbac.authorization.k8s.io", "clusterroles"),
    ("clustertrustbundles", "certificates.k8s.io", "clustertrustbundles"),
    ("configmaps", "", "configmaps"),
    ("controllerrevisions", "apps", "controllerrevisions"),
    ("controllers", "", "replicationcontrollers"),
    ("cronjobs", "batch", "cronjobs"),
    ("csidrivers", "storage.k8s.io", "csidrivers"),
    ("csinodes", "storage.k8s.io", "csinodes"),
    ("csistoragecapacities", "storage.k8s.io", "csistoragecapacities"),
    ("daemonsets", "apps", "daemonsets"),
    ("deployments", "apps", "deployments"),
    ("deviceclasses", "resource.k8s.io", "deviceclasses"),
    ("devicetaintrules", "resource.k8s.io", "devicetaintrules"),
    ("endpointslices", "discovery.k8s.io", "endpointslices"),
    ("events", "", "events"),
    ("flowschemas", "flowcontrol.apiserver.k8s.io", "flowschemas"),
    ("horizontalpodautoscalers", "autoscaling", "horizontalpodautoscalers"),
    ("images", "image.openshift.io", "images"),
    ("imagestreams", "image.openshift.io", "imagestreams"),
    ("ingress", "networking.k8s.io", "ingresses"),
    ("ingressclasses", "networking.k8s.io", "ingressclasses"),
    ("initializerconfigurations", "admissionregistration.k8s.io", "initializerconfigurations"),
    ("ipaddresses", "networking.k8s.io", "ipaddresses"),
    ("jobs", "batch", "jobs"),
    ("leasecandidates", "coordination.k8s.io", "leasecandidates"),
    ("leases", "coordination.k8s.io", "leases"),
    ("limitranges", "", "limitranges"),
    ("masterleases", "", "masterleases"),
    ("minions", "", "nodes"),
    ("mutatingadmissionpolicies", "admissionregistration.k8s.io", "mutatingadmissionpolicies"),
    ("mutatingadmissionpolicybindings", "admissionregistration.k8s.io", "mutatingadmissionpolicybindings"),
    ("mutatingwebhookconfigurations", "admissionregistration.k8s.io", "mutatingwebhookconfigurations"),
    ("namespaces", "", "namespaces"),
    ("networkpolicies", "networking.k8s.io", "networkpolicies"),
    ("peerserverleases", "", "peerserverleases"),
    ("persistentvolumeclaims", "", "persistentvolumeclaims"),
    ("persistentvolumes", "", "persistentvolumes"),
    ("podcertificaterequests", "certificates.k8s.io", "podcertificaterequests"),
    ("poddisruptionbudgets", "policy", "poddisruptionbudgets"),
    ("podgroups", "scheduling.k8s.io", "podgroups"),
    ("podpresets", "settings.k8s.io", "podpresets"),
    ("pods", "", "pods"),
    ("podschedulingcontexts", "resource.k8s.io", "podschedulingcontexts"),
    ("podsecuritypolicy", "policy", "podsecuritypolicies"),
    ("podtemplates", "", "podtemplates"),
    ("priorityclasses", "scheduling.k8s.io", "priorityclasses"),
    ("prioritylevelconfigurations", "flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations"),
    ("ranges", "", "ranges"),
    ("replicasets", "apps", "replicasets"),
    ("resourceclaimparameters", "resource.k8s.io", "resourceclaimparameters"),
    ("resourceclaims", "resource.k8s.io", "resourceclaims"),
    ("resourceclaimtemplates", "resource.k8s.io", "resourceclaimtemplates"),
    ("resourceclasses", "resource.k8s.io", "resourceclasses"),
    ("resourceclassparameters", "resource.k8s.io", "resourceclassparameters"),
    ("resourcepoolstatusrequests", "resource.k8s.io", "resourcepoolstatusrequests"),
    ("resourcequotas", "", "resourcequotas"),
    ("resourceslices", "resource.k8s.io", "resourceslices"),
    ("rolebindings", "rbac.authorization.k8s.io", "rolebindings"),
    ("roles", "rbac.authorization.k8s.io", "roles"),
    ("routes", "route.openshift.io", "routes"),
    ("runtimeclasses", "node.k8s.io", "runtimeclasses"),
    ("secrets", "", "secrets"),
    ("serviceaccounts", "", "serviceaccounts"),
    ("servicecidrs", "networking.k8s.io", "servicecidrs"),
    ("statefulsets", "apps", "statefulsets"),
    ("storageclasses", "storage.k8s.io", "storageclasses"),
    ("storageversionmigrations", "storagemigration.k8s.io", "storageversionmigrations"),
    ("storageversions", "internal.apiserver.k8s.io", "storageversions"),
    ("validatingadmissionpolicies", "admissionregistration.k8s.io", "validatingadmissionpolicies"),
    ("validatingadmissionpolicybindings", "admissionregistration.k8s.io", "validatingadmissionpolicybindings"),
    ("validatingwebhookconfigurations", "admissionregistration.k8s.io", "validatingwebhookconfigurations"),
    ("volumeattachments", "storage.k8s.io", "volumeattachments"),
    ("volumeattributesclasses", "storage.k8s.io", "volumeattributesclasses"),
    ("workloads", "scheduling.k8s.io", "workloads"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(key: &str) -> String {
        let prefixes = Prefixes::default();
        RegistryKey::read(key.as_bytes(), &prefixes).map_or_else(|| "nothing".to_owned(), |key| key.to_string())
    }

    #[test]
    fn keys_are_those_of_objects() {
        let cases = [
            ("/registry/secrets/prod/db", "secrets prod/db"),
            ("/registry/deployments/prod/api", "deployments.apps prod/api"),
            ("/registry/namespaces/prod", "namespaces prod"),
            ("/registry/minions/node1", "nodes node1"),
            ("/registry/services/specs/prod/api", "services prod/api"),
            ("/registry/services/endpoints/prod/api", "endpoints prod/api"),
            ("/registry/ingress/prod/api", "ingresses.networking.k8s.io prod/api"),
            ("/registry/leases/kube-node-lease/node1", "leases.coordination.k8s.io kube-node-lease/node1"),
            ("/registry/events/prod/api.17a", "events prod/api.17a"),
            ("/registry/masterleases/10.0.0.1", "masterleases 10.0.0.1"),
            ("/registry/ranges/serviceips", "ranges serviceips"),
            ("/registry/clusterroles/system:basic-user", "clusterroles.rbac.authorization.k8s.io system:basic-user"),
            ("/registry/apiregistration.k8s.io/apiservices/v1.", "apiservices.apiregistration.k8s.io v1."),
            ("/registry/example.com/pants/prod/blue", "pants.example.com prod/blue"),
            ("/registry/example.com/hats/red", "hats.example.com red"),
            ("/kubernetes.io/secrets/prod/db", "secrets prod/db"),
            ("/openshift.io/routes/prod/api", "routes.route.openshift.io prod/api"),
            ("/openshift.io/oauth/accesstokens/sha256~a", "oauthaccesstokens.oauth.openshift.io sha256~a"),
            ("/registry/newthings/prod/a", "newthings prod/a"),
        ];
        for (key, wanted) in cases {
            assert_eq!(shown(key), wanted, "{key}");
        }
    }

    #[test]
    fn other_keys_are_nothing() {
        for key in [
            "",
            "/",
            "compact_rev_key",
            "/registry/",
            "/registry/secrets",
            "/registry/secrets/",
            "/registry/secrets/prod/",
            "/registry/secrets//db",
            "/registry/secrets/prod/db/more",
            "/registry/services/specs",
            "/registry/example.com/pants",
            "/registry/secrets/prod/\u{1b}[2J",
            "/elsewhere/secrets/prod/db",
        ] {
            assert_eq!(shown(key), "nothing", "{key}");
        }
    }

    #[test]
    fn a_prefix_of_ones_own_takes_any_slashes() {
        for prefix in ["k8s", "/k8s", "/k8s/"] {
            let prefixes = Prefixes::new(prefix);
            assert!(RegistryKey::read(b"/k8s/secrets/prod/db", &prefixes).is_some());
            assert!(RegistryKey::read(b"/registry/secrets/prod/db", &prefixes).is_none());
        }
    }

    #[test]
    fn built_in_paths_are_sorted() {
        assert!(BUILT_IN.is_sorted_by(|a, b| a.0 < b.0));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(tail in proptest::collection::vec(any::<u8>(), 0..60)) {
            let key = [b"/registry/", tail.as_slice()].concat();
            if let Some(read) = RegistryKey::read(&key, &Prefixes::default()) {
                prop_assert!(!read.resource.is_empty() && !read.name.is_empty());
            }
        }
    }
}
