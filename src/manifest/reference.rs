//! References from pods to the Secrets of their namespace.

use super::node::Node;

/// A reference of a pod to a Secret, or to one of its keys.
#[derive(Clone, Copy, Debug)]
pub struct Reference<'a> {
    /// The scalar that names the Secret.
    pub node: Node<'a>,
    /// The Secret.
    pub name: &'a str,
    /// The key, where only one is asked for.
    pub key: Option<&'a str>,
    /// Whether the pod runs without it.
    pub optional: bool,
}

/// Volumes whose drivers take credentials from a Secret of the pod's namespace, with the way to its name: upstream in
/// pkg/api/v1/pod/util.go, `VisitPodSecretNames`.
const DRIVERS: [&[&str]; 8] = [
    &["csi", "nodePublishSecretRef", "name"],
    &["azureFile", "secretName"],
    &["cephfs", "secretRef", "name"],
    &["cinder", "secretRef", "name"],
    &["flexVolume", "secretRef", "name"],
    &["iscsi", "secretRef", "name"],
    &["rbd", "secretRef", "name"],
    &["scaleIO", "secretRef", "name"],
];

/// Lists of a pod spec whose items are containers.
const CONTAINERS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// The containers of a pod spec, of all its lists.
pub fn pod_containers<'a>(pod: Node<'a>) -> impl Iterator<Item = Node<'a>> {
    CONTAINERS.into_iter().flat_map(move |list| items(pod, list))
}

/// The references of a pod spec: of its volumes and containers. Pull secrets are the kubelet's, see
/// [`pull_references`].
pub fn pod_references<'a>(pod: Node<'a>) -> impl Iterator<Item = Reference<'a>> {
    let containers = pod_containers(pod).flat_map(container_references);
    items(pod, "volumes").flat_map(volume_references).chain(containers)
}

/// The references of a container: of its environment.
pub fn container_references<'a>(container: Node<'a>) -> impl Iterator<Item = Reference<'a>> {
    let keys = items(container, "env").filter_map(|item| item.at_path(&["valueFrom", "secretKeyRef"]));
    let keys = keys.filter_map(|from| Reference::at(from, &["name"]).map(|it| it.with_key(from.get_str("key"))));
    let whole = items(container, "envFrom").filter_map(|item| item.get("secretRef"));
    keys.chain(whole.filter_map(|from| Reference::at(from, &["name"])))
}

/// The `imagePullSecrets` of a pod spec or of a service account. A pod runs without them if its image is there.
pub fn pull_references<'a>(owner: Node<'a>) -> impl Iterator<Item = Reference<'a>> {
    items(owner, "imagePullSecrets").filter_map(|item| Reference::at(item, &["name"]))
}

fn volume_references<'a>(volume: Node<'a>) -> impl Iterator<Item = Reference<'a>> {
    let sources = volume.entries().filter_map(|(kind, source)| Some((kind.as_str()?, source)));
    sources.flat_map(|(kind, source)| {
        let mounted = (kind == "secret").then(|| files(source, "secretName"));
        let parts = (kind == "projected").then(|| items(source, "sources")).into_iter().flatten();
        let projected = parts.filter_map(|part| part.get("secret")).flat_map(|secret| files(secret, "name"));
        let drivers = DRIVERS.into_iter().filter(move |way| way[0] == kind);
        let driven = drivers.filter_map(move |way| Reference::at(source, &way[1..]));
        mounted.into_iter().flatten().chain(projected).chain(driven)
    })
}

/// A Secret as files: the keys that `items` picks, or all of them.
fn files<'a>(source: Node<'a>, name: &str) -> impl Iterator<Item = Reference<'a>> + use<'a> {
    let whole = Reference::at(source, &[name]);
    let picked = items(source, "items").filter_map(|item| item.get_str("key"));
    whole.into_iter().chain(picked.filter_map(move |key| Some(whole?.with_key(Some(key)))))
}

fn items<'a>(owner: Node<'a>, list: &str) -> impl Iterator<Item = Node<'a>> + use<'a> {
    owner.get(list).into_iter().flat_map(Node::items)
}

impl<'a> Reference<'a> {
    /// The Secret that a scalar below `source` names; `optional` stands beside the name.
    fn at(source: Node<'a>, way: &[&str]) -> Option<Self> {
        let node = source.at_path(way)?;
        let name = node.as_str().filter(|name| !name.is_empty())?;
        let optional = node.parent().is_some_and(|owner| owner.get_str("optional") == Some("true"));
        Some(Self { node, name, key: None, optional })
    }

    fn with_key(self, key: Option<&'a str>) -> Self {
        Self { key, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Object, documents, pod_specs};

    #[test]
    fn every_way_a_pod_refers_to_a_secret() {
        let text = "apiVersion: v1\nkind: Pod\nspec:\n\
                    \x20 imagePullSecrets: [{name: pull}, {}]\n  volumes:\n  - {name: a, secret: {secretName: mounted}}\n\
                    \x20 - {name: b, projected: {sources: [{secret: {name: projected, items: [{key: k}, {key: l}]}}, {configMap: {name: no}}]}}\n\
                    \x20 - {name: c, csi: {driver: d, nodePublishSecretRef: {name: csi}}}\n\
                    \x20 - {name: d, secret: {secretName: perhaps, optional: true}}\n\
                    \x20 initContainers:\n  - {name: i, env: [{name: A, valueFrom: {secretKeyRef: {name: init, key: k, optional: true}}}]}\n\
                    \x20 containers:\n  - {name: c, envFrom: [{secretRef: {name: all}}, {configMapRef: {name: no}}, {secretRef: {name: ''}}]}\n";
        let tree = documents(text).next().unwrap().unwrap();
        let pod = pod_specs(&Object::all(&tree)[0]).next().unwrap();
        let shown = |it: Reference<'_>| {
            format!(
                "{}{}{}",
                it.name,
                it.key.map(|key| format!("/{key}")).unwrap_or_default(),
                if it.optional { "?" } else { "" }
            )
        };
        let seen: Vec<_> = pod_references(pod).chain(pull_references(pod)).map(shown).collect();
        assert_eq!(
            seen,
            ["mounted", "projected", "projected/k", "projected/l", "csi", "perhaps?", "all", "init/k?", "pull"]
        );
    }
}
