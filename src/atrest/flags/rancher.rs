//! `config.yaml` of k3s and RKE2: their own flags as keys, those of the API server in a list of `name=value`.
//! <https://docs.k3s.io/installation/configuration>

use super::flag::Flag;
use super::launcher::{Flags, Launcher};
use crate::manifest::Node;

/// The key under which flags are passed on.
pub(super) const PASSED_ON: &str = "kube-apiserver-arg";

/// Keys that say a file is one of theirs, whatever else is in it: most name no option that matters here, and what they do
/// not say is the default of k3s or RKE2.
const TELLING: [&str; 25] = [
    PASSED_ON,
    "agent-token",
    "cluster-cidr",
    "cluster-dns",
    "cluster-init",
    "cni",
    "datastore-endpoint",
    "embedded-registry",
    "etcd-expose-metrics",
    "etcd-snapshot-retention",
    "etcd-snapshot-schedule-cron",
    "flannel-backend",
    "kube-controller-manager-arg",
    "kubelet-arg",
    "node-label",
    "node-taint",
    "protect-kernel-defaults",
    "secrets-encryption",
    "secrets-encryption-provider",
    "service-cidr",
    "system-default-registry",
    "tls-san",
    "token",
    "token-file",
    "write-kubeconfig-mode",
];

/// Reads the flags, if the document is such a file.
pub(super) fn read(root: Node<'_>) -> Option<Flags> {
    let is_telling = |name: &str| TELLING.contains(&name.trim_end_matches('+'));
    if !root.entries().any(|(key, _)| key.as_str().is_some_and(is_telling)) {
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
