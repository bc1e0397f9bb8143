//! What several checks ask of an object: its mappings, its containers' names and rights, how to list names.

use std::collections::HashSet;

use crate::manifest::{Node, Object};

/// Every mapping at or below a node, in document order. Aliases are not followed: what they stand for is met where it
/// is written.
pub(super) fn mappings(root: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    root.collections().filter(|node| node.is_mapping())
}

/// How a message calls a container: by its name, or by its key where charts keep containers in a mapping.
pub(super) fn container(node: Node<'_>) -> String {
    // What custom resources call it says no more: operators make a container of their `spec`.
    let key = || node.key().and_then(Node::as_str).filter(|key| !["container", "spec", "template"].contains(key));
    node.get_str("name").or_else(key).map_or_else(|| "a container".to_owned(), |name| format!("container {name}"))
}

/// How a message calls an object: kind, namespace and name.
pub(super) fn object_name(object: &Object<'_>) -> String {
    let name = object.name().unwrap_or("without a name");
    match object.namespace() {
        Some(namespace) => format!("{} {namespace}/{name}", object.kind),
        None => format!("{} {name}", object.kind),
    }
}

/// Names without repetition, in the order they were met.
#[derive(Default)]
pub(super) struct Names<'t> {
    met: HashSet<&'t str>,
    /// The first few: no message lists more.
    first: Vec<&'t str>,
}

impl<'t> Names<'t> {
    const SHOWN: usize = 3;

    /// Adds a name unless it is there.
    pub(super) fn insert(&mut self, name: &'t str) {
        if self.met.insert(name) && self.first.len() < Self::SHOWN {
            self.first.push(name);
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.met.len()
    }

    /// The names as a sentence has them.
    pub(super) fn listing(&self) -> String {
        let more = (self.len() > self.first.len()).then(|| format!("{} more", self.len() - self.first.len()));
        let mut words: Vec<&str> = self.first.iter().copied().chain(more.as_deref()).collect();
        let last = words.pop().unwrap_or_default();
        if words.is_empty() { last.to_owned() } else { format!("{} and {last}", words.join(", ")) }
    }
}

/// The lists and mappings that were looked at. Aliases and merge keys show one list in many places: it is judged at
/// the first, or a small file could make a large report.
#[derive(Default)]
pub(super) struct Once(HashSet<u32>);

impl Once {
    /// The items of the list under a key, unless that list was looked at before.
    pub(super) fn items<'t>(&mut self, owner: Node<'t>, key: &str) -> impl Iterator<Item = Node<'t>> + use<'t> {
        self.first_time(owner, key).into_iter().flat_map(Node::items)
    }

    /// The entries of the mapping under a key, unless that mapping was looked at before.
    pub(super) fn entries<'t>(
        &mut self,
        owner: Node<'t>,
        key: &str,
    ) -> impl Iterator<Item = (Node<'t>, Node<'t>)> + use<'t> {
        self.first_time(owner, key).into_iter().flat_map(Node::entries)
    }

    fn first_time<'t>(&mut self, owner: Node<'t>, key: &str) -> Option<Node<'t>> {
        owner.get(key).map(Node::resolve).filter(|list| self.0.insert(list.number()))
    }
}

/// Whether a boolean field says true.
pub(super) fn is_true(node: Node<'_>, key: &str) -> bool {
    node.get_str(key) == Some("true")
}

/// Whether a container has the rights of the node: privileged, or a capability that looks into other processes.
pub(super) fn is_privileged(container: Node<'_>) -> bool {
    let Some(context) = container.get("securityContext") else { return false };
    is_true(context, "privileged")
        || context.at_path(&["capabilities", "add"]).is_some_and(|added| {
            added.items().filter_map(Node::as_str).any(|capability| {
                let name = capability.strip_prefix("CAP_").unwrap_or(capability);
                ["ALL", "SYS_ADMIN", "SYS_PTRACE", "DAC_READ_SEARCH"].contains(&name)
            })
        })
}

/// Whether a container says that it does not run as root, itself or through its pod. An image may say so too, which
/// nobody can see here.
pub(super) fn is_non_root(container: Node<'_>, pod: Node<'_>) -> bool {
    let contexts = [container, pod].map(|node| node.get("securityContext"));
    let field = |key| contexts.iter().flatten().find_map(|context| context.get_str(key));
    match field("runAsUser").and_then(|user| user.parse::<u64>().ok()) {
        Some(user) => user != 0,
        None => field("runAsNonRoot") == Some("true"),
    }
}

/// Whether an object is a static pod of the control plane itself, as kubeadm labels them.
pub(super) fn is_control_plane(object: &Object<'_>) -> bool {
    object.is("", "Pod")
        && object.namespace() == Some("kube-system")
        && object.root.at_path(&["metadata", "labels"]).and_then(|labels| labels.get_str("tier"))
            == Some("control-plane")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::documents;

    #[test]
    fn names_are_listed_as_a_sentence_has_them() {
        let listing = |all: &[&'static str]| {
            let mut names = Names::default();
            all.iter().for_each(|name| names.insert(name));
            names.listing()
        };
        assert_eq!(listing(&["a", "a"]), "a");
        assert_eq!(listing(&["a", "b", "c"]), "a, b and c");
        assert_eq!(listing(&["a", "b", "c", "d", "e"]), "a, b, c and 2 more");
    }

    #[test]
    fn the_container_speaks_before_its_pod() {
        let keyed = documents("app: {image: i}\n").next().unwrap().unwrap();
        assert_eq!(container(keyed.root().unwrap().get("app").unwrap()), "container app");
        let collector = documents("spec: {env: []}\n").next().unwrap().unwrap();
        assert_eq!(container(collector.root().unwrap().get("spec").unwrap()), "a container");
        let text = "securityContext: {runAsNonRoot: true, runAsUser: 1000}\ncontainers:\n- {name: a}\n\
                    - {securityContext: {runAsUser: 0, capabilities: {add: [CAP_SYS_PTRACE]}}}\n";
        let tree = documents(text).next().unwrap().unwrap();
        let pod = tree.root().unwrap();
        let all: Vec<_> = pod.get("containers").unwrap().items().collect();
        assert!(is_non_root(all[0], pod) && !is_non_root(all[1], pod));
        assert!(!is_privileged(all[0]) && is_privileged(all[1]));
        assert_eq!((container(all[0]), container(all[1])), ("container a".to_owned(), "a container".to_owned()));
    }
}
