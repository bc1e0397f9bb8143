//! kubeadm's ClusterConfiguration: `apiServer.extraArgs`, a list of names and values since v1beta4, a mapping before.
//! What kubeadm sets by itself is not in it.

use super::flag::Flag;
use super::launcher::{Flags, Launcher};
use crate::manifest::{Node, Object};

/// Reads what an object gives the API server, if it configures kubeadm.
pub(super) fn read(object: &Object<'_>) -> Option<Flags> {
    if !object.is("kubeadm.k8s.io", "ClusterConfiguration") {
        return None;
    }
    let arguments = object.root.at_path(&["apiServer", "extraArgs"]);
    let given = arguments.map_or_else(Vec::new, |arguments| listed(arguments).chain(mapped(arguments)).collect());
    Some(Flags {
        launcher: Launcher::Kubeadm,
        node: None,
        given,
        server: Vec::new(),
        has_variables: object.root.at_path(&["patches", "directory"]).is_some(),
    })
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
