//! Pod specs and containers, wherever they stand: in workloads, in custom resources, in lists of steps.

use super::node::Node;
use super::object::Object;

/// Fields that only a container has beside its image.
const CONTAINER_FIELDS: [&str; 13] = [
    "env",
    "envFrom",
    "command",
    "args",
    "volumeMounts",
    "ports",
    "resources",
    "securityContext",
    "imagePullPolicy",
    "lifecycle",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
];

/// Lists whose items are containers in every kind that has them.
const CONTAINER_LISTS: [&str; 6] =
    ["containers", "initContainers", "ephemeralContainers", "steps", "sidecars", "extraContainers"];

/// Whether a mapping is a container: it has an image and a field that goes with one, or it is an item of a
/// container list. Judged by shape and not by kind, so that custom resources count.
#[must_use]
pub fn is_container(node: Node<'_>) -> bool {
    let has = |field: &str| node.entries().any(|(key, _)| key.says(field));
    (has("image") || in_container_list(node)) && CONTAINER_FIELDS.iter().any(|field| has(field))
}

fn in_container_list(node: Node<'_>) -> bool {
    let list = node.parent().filter(|parent| parent.is_sequence()).and_then(Node::key);
    list.and_then(Node::as_str).is_some_and(|name| CONTAINER_LISTS.contains(&name))
}

/// The containers of an object.
pub fn containers<'a>(object: &Object<'a>) -> impl Iterator<Item = Node<'a>> {
    let tree = object.root.tree();
    within(object, tree.containers.get_or_init(|| all(object.root, is_container)))
}

/// The pod specs of an object: mappings with a list of containers.
pub fn pod_specs<'a>(object: &Object<'a>) -> impl Iterator<Item = Node<'a>> {
    let tree = object.root.tree();
    within(object, tree.pod_specs.get_or_init(|| all(object.root, is_pod_spec)))
}

fn is_pod_spec(node: Node<'_>) -> bool {
    node.is_mapping()
        && node.get("containers").is_some_and(|list| {
            list.is_sequence() && list.items().any(|item| item.get("image").is_some() || item.get("name").is_some())
        })
}

/// The numbers of all nodes of a tree that are of a kind. Every check asks for them, so they are looked for once.
fn all(node: Node<'_>, is_one: fn(Node<'_>) -> bool) -> Vec<u32> {
    let root = node.tree().root();
    root.into_iter().flat_map(Node::collections).filter(|node| is_one(*node)).map(Node::number).collect()
}

/// Those of an object.
fn within<'a>(object: &Object<'a>, numbers: &'a [u32]) -> impl Iterator<Item = Node<'a>> {
    let (tree, root) = (object.root.tree(), object.root);
    let first = numbers.partition_point(|number| *number < root.number());
    numbers[first..].iter().take_while(move |number| **number < root.after()).filter_map(|number| tree.node(*number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::documents;

    #[test]
    fn containers_of_any_kind() {
        let text = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec:\n  templates:\n  - container: {image: a, args: [x]}\n\
                    \x20 - initContainers: [{name: c, env: []}]\n    containers: [{name: b, image: b, env: []}]\n  logo: {image: x.png}\n";
        let tree = documents(text).next().unwrap().unwrap();
        let object = Object::all(&tree)[0];
        assert_eq!(containers(&object).count(), 3);
        assert_eq!(pod_specs(&object).count(), 1);
    }
}
