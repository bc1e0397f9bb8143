//! A Kubernetes object, from whatever document.

use super::node::{Node, Tree};

/// One Kubernetes object. The same type whether it came from a file or from a cluster.
#[derive(Clone, Copy, Debug)]
pub struct Object<'a> {
    /// The object's root mapping.
    pub root: Node<'a>,
    /// `apiVersion`; of the list where an item of a typed list leaves it out.
    pub api_version: &'a str,
    /// `kind`; without `List` where an item of a typed list leaves it out.
    pub kind: &'a str,
}

impl<'a> Object<'a> {
    /// The objects of a document: its root, or the items of a `List`.
    #[must_use]
    pub fn all(tree: &'a Tree<'a>) -> Vec<Self> {
        let mut found = Vec::new();
        if let Some(root) = tree.root() {
            collect(root, None, &mut found);
        }
        found
    }

    /// The API group: empty for the core group.
    #[must_use]
    pub fn group(&self) -> &'a str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// Whether it is of this group and kind, whatever the version.
    #[must_use]
    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.kind == kind && self.group() == group
    }

    /// `metadata.name`, or `metadata.generateName`.
    #[must_use]
    pub fn name(&self) -> Option<&'a str> {
        let metadata = self.root.get("metadata")?;
        metadata.get_str("name").or_else(|| metadata.get_str("generateName"))
    }

    /// `metadata.namespace`, where it is written.
    #[must_use]
    pub fn namespace(&self) -> Option<&'a str> {
        self.root.get("metadata")?.get_str("namespace")
    }

    /// The value of one of its own annotations.
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<&'a str> {
        self.root.at_path(&["metadata", "annotations"])?.get_str(key)
    }
}

/// Lists may hold lists, as `kubectl get -o yaml` of several kinds does; `Some` carries the list's own type.
fn collect<'a>(root: Node<'a>, list: Option<(&'a str, &'a str)>, found: &mut Vec<Object<'a>>) {
    if !root.is_mapping() {
        return;
    }
    let api_version = root.get_str("apiVersion").or(list.map(|(api_version, _)| api_version));
    let kind = root.get_str("kind").or(list.map(|(_, kind)| kind));
    let (Some(api_version), Some(kind)) = (api_version, kind) else { return };
    match (kind.strip_suffix("List"), root.get("items")) {
        (Some(item_kind), Some(items)) if items.is_sequence() => {
            for item in items.items() {
                collect(item.resolve(), Some((api_version, item_kind)), found);
            }
        }
        _ if !kind.is_empty() && !api_version.is_empty() => found.push(Object { root, api_version, kind }),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::documents;

    #[test]
    fn lists_are_opened() {
        let text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: apps/v1\n  kind: Deployment\n  metadata: {name: a}\n\
                    - apiVersion: v1\n  kind: SecretList\n  items:\n  - metadata: {name: b, namespace: n}\n";
        let tree = documents(text).next().unwrap().unwrap();
        let all = Object::all(&tree);
        let seen: Vec<_> = all.iter().map(|o| (o.group(), o.kind, o.name(), o.namespace())).collect();
        assert_eq!(seen, [("apps", "Deployment", Some("a"), None), ("", "Secret", Some("b"), Some("n"))]);
    }

    #[test]
    fn other_documents_are_no_objects() {
        let tree = documents("kind: x\nversion: 1\n").next().unwrap().unwrap();
        assert!(Object::all(&tree).is_empty());
    }
}
