//! `config.yaml` of k3s and RKE2: their own flags as keys, those of the API server in a list of `name=value`.
//! <https://docs.k3s.io/installation/configuration>

use super::flag::Flag;
use super::launcher::{Flags, Launcher};
use crate::manifest::Node;

/// The key under which flags are passed on.
pub(super) const PASSED_ON: &str = "kube-apiserver-arg";

/// Keys that say a file is one of theirs, whatever else is in it.
const TELLING: [&str; 8] = [
    PASSED_ON,
    "secrets-encryption",
    "secrets-encryption-provider",
    "cluster-init",
    "etcd-expose-metrics",
    "kube-controller-manager-arg",
    "kubelet-arg",
    "write-kubeconfig-mode",
];

/// Reads the flags, if the document is such a file.
pub(super) fn read(root: Node<'_>) -> Option<Flags> {
    if !TELLING.iter().any(|key| root.get(key).is_some()) {
        return None;
    }
    let (mut given, mut server) = (Vec::new(), Vec::new());
    for (key, value) in root.entries() {
        match key.as_str() {
            // A `+` behind a key of a drop-in file adds to the list.
            Some(name) if name.trim_end_matches('+') == PASSED_ON => {
                let words = value.items().chain(value.as_str().map(|_| value));
                given.extend(words.filter_map(|word| Some(Flag::parse(word.as_str()?, word.range()))));
            }
            Some(name) => server.push(Flag::new(name, value.as_str(), value.range())),
            None => {}
        }
    }
    Some(Flags { given, server, ..Flags::of(Launcher::Rancher) })
}
