//! kubeadm's ClusterConfiguration: `apiServer.extraArgs`, a list of names and values since v1beta4, a mapping before.
//! What kubeadm sets by itself is not in it, but for the etcd of somebody else, which it is told here.

use super::flag::Flag;
use super::launcher::{Flags, Launcher};
use crate::manifest::{Node, Object};

/// What kubeadm shows every API server of its machine.
const MOUNTS: [&str; 6] = [
    "/etc/kubernetes/pki",
    "/etc/ssl/certs",
    "/etc/ca-certificates",
    "/etc/pki",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
];

/// Reads what an object gives the API server, if it configures kubeadm.
pub(super) fn read(object: &Object<'_>) -> Option<Flags> {
    if !object.is("kubeadm.k8s.io", "ClusterConfiguration") {
        return None;
    }
    let arguments = object.root.at_path(&["apiServer", "extraArgs"]);
    let mut given = external(object);
    given.extend(arguments.into_iter().flat_map(|arguments| listed(arguments).chain(mapped(arguments))));
    let volumes = object.root.at_path(&["apiServer", "extraVolumes"]).into_iter().flat_map(Node::items);
    let mounts = volumes.filter_map(|volume| volume.get_str("mountPath")).chain(MOUNTS).map(str::to_owned).collect();
    Some(Flags { given, mounts: Some(mounts), ..Flags::of(Launcher::Kubeadm) })
}

/// The folder with patches of what kubeadm writes, which stands beside the ClusterConfiguration in a document of its own.
pub(super) fn patches(object: &Object<'_>) -> Option<String> {
    let kinds = ["InitConfiguration", "JoinConfiguration"];
    let is_one = kinds.iter().any(|kind| object.is("kubeadm.k8s.io", kind));
    object.root.at_path(&["patches", "directory"]).filter(|_| is_one)?.as_str().map(str::to_owned)
}

/// What kubeadm tells the API server of an etcd that it does not run itself.
fn external(object: &Object<'_>) -> Vec<Flag> {
    let Some(external) = object.root.at_path(&["etcd", "external"]) else { return Vec::new() };
    let endpoints = external.get("endpoints");
    let urls: Vec<_> = endpoints.into_iter().flat_map(Node::items).filter_map(Node::as_str).collect();
    let servers = endpoints.map(|node| Flag::new("etcd-servers", Some(&urls.join(",")), node.range()));
    let files = [("etcd-cafile", "caFile"), ("etcd-certfile", "certFile"), ("etcd-keyfile", "keyFile")];
    let files = files.into_iter().filter_map(|(flag, field)| {
        let node = external.get(field)?;
        Some(Flag::new(flag, node.as_str(), node.range()))
    });
    servers.into_iter().chain(files).collect()
}

fn listed(arguments: Node<'_>) -> impl Iterator<Item = Flag> {
    arguments.items().filter_map(|item| {
        let value = item.get("value");
        let place = value.unwrap_or(item).range();
        Some(Flag::new(item.get_str("name")?, value.and_then(Node::as_str), place))
    })
}

fn mapped(arguments: Node<'_>) -> impl Iterator<Item = Flag> {
    arguments.entries().filter_map(|(key, value)| Some(Flag::new(key.as_str()?, value.as_str(), value.range())))
}
