//! A Kubernetes object, from whatever document.

use std::collections::HashSet;

use super::node::{Kind, Node, Tree};

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
            collect(root, None, &mut Repeated::default(), &mut found);
        }
        found
    }

    /// Fields of objects, and of lists of them, that stand there twice: the key that comes second. Whoever reads the
    /// first of them sees another object than kubectl does.
    #[must_use]
    pub fn doubled(tree: &'a Tree<'a>) -> Vec<Doubled<'a>> {
        let mut found = Vec::new();
        if let Some(root) = tree.root() {
            collect_doubled(root, &mut Repeated::default(), &mut found);
        }
        found
    }

    /// `metadata`; the last one, as kubectl has it.
    fn metadata(&self) -> Option<Node<'a>> {
        let own = self.root.entries().filter(|(key, _)| key.as_str() == Some("metadata")).last();
        own.map(|(_, value)| value).or_else(|| self.root.get("metadata"))
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
        let metadata = self.metadata()?;
        metadata.get_str("name").or_else(|| metadata.get_str("generateName"))
    }

    /// `metadata.namespace`, where it is written.
    #[must_use]
    pub fn namespace(&self) -> Option<&'a str> {
        self.metadata()?.get_str("namespace")
    }

    /// The value of one of its own annotations.
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<&'a str> {
        self.metadata()?.get("annotations")?.get_str(key)
    }
}

/// A field of an object that stands there twice.
#[derive(Clone, Copy, Debug)]
pub struct Doubled<'a> {
    /// The mapping it stands in: an object, or a list of them.
    pub root: Node<'a>,
    /// The second key.
    pub key: Node<'a>,
}

/// The fields that say what a mapping is.
#[derive(Clone, Copy)]
struct Head<'a> {
    api_version: Option<&'a str>,
    kind: Option<&'a str>,
    items: Option<Node<'a>>,
}

impl<'a> Head<'a> {
    /// Of fields that stand there twice the last one counts, as in whatever reads manifests with Go.
    fn of(root: Node<'a>) -> Self {
        let mut head = Self { api_version: None, kind: None, items: None };
        let mut merges = false;
        for (key, value) in root.entries() {
            match key.as_str() {
                Some("apiVersion") => head.api_version = value.as_str(),
                Some("kind") => head.kind = value.as_str(),
                Some("items") => head.items = Some(value),
                Some("<<") => merges = true,
                _ => {}
            }
        }
        if merges {
            head.api_version = head.api_version.or_else(|| root.get_str("apiVersion"));
            head.kind = head.kind.or_else(|| root.get_str("kind"));
            head.items = head.items.or_else(|| root.get("items"));
        }
        head
    }
}

/// What aliases stand for, once each: lists of aliases of lists of aliases are more objects than anybody can look at.
#[derive(Default)]
struct Repeated(HashSet<u32>);

impl Repeated {
    fn is_new(&mut self, item: Node<'_>) -> bool {
        !matches!(item.kind(), Kind::Alias(target) if !self.0.insert(target))
    }
}

/// Lists may hold lists, as `kubectl get -o yaml` of several kinds does; `Some` carries the list's own type.
fn collect<'a>(root: Node<'a>, list: Option<(&'a str, &'a str)>, repeated: &mut Repeated, found: &mut Vec<Object<'a>>) {
    if !root.is_mapping() {
        return;
    }
    let head = Head::of(root);
    let api_version = head.api_version.or(list.map(|(api_version, _)| api_version));
    let kind = head.kind.or(list.map(|(_, kind)| kind));
    let (Some(api_version), Some(kind)) = (api_version, kind) else { return };
    match head.items.filter(|items| is_list(kind, *items)) {
        Some(items) => {
            let item_kind = kind.strip_suffix("List").unwrap_or(kind);
            for item in items.items() {
                if repeated.is_new(item) {
                    collect(item.resolve(), Some((api_version, item_kind)), repeated, found);
                }
            }
        }
        None if !kind.is_empty() && !api_version.is_empty() => found.push(Object { root, api_version, kind }),
        None => {}
    }
}

/// Whether items are objects, to kubectl: it takes whatever has items for a list. Those of other kinds say of themselves
/// what they are, as a field of a custom resource may have the name.
fn is_list(kind: &str, items: Node<'_>) -> bool {
    let is_object =
        |item: Node<'_>| item.is_mapping() && item.get("kind").is_some() && item.get("apiVersion").is_some();
    items.is_sequence() && (kind.ends_with("List") || items.items().any(is_object))
}

fn collect_doubled<'a>(root: Node<'a>, repeated: &mut Repeated, found: &mut Vec<Doubled<'a>>) {
    const FIELDS: [&str; 4] = ["apiVersion", "kind", "items", "metadata"];
    let head = Head::of(root);
    if head.kind.is_none() && head.api_version.is_none() {
        return;
    }
    let mut seen = [false; FIELDS.len()];
    for (key, value) in root.entries() {
        let Some(at) = FIELDS.iter().position(|field| key.as_str() == Some(field)) else { continue };
        if std::mem::replace(&mut seen[at], true) {
            found.push(Doubled { root, key });
        }
        if FIELDS[at] == "items" {
            for item in value.items() {
                if repeated.is_new(item) {
                    collect_doubled(item.resolve(), repeated, found);
                }
            }
        }
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

    fn seen(text: &str) -> Vec<String> {
        let tree = documents(text).next().unwrap().unwrap();
        let title = |object: &Object<'_>| format!("{} {}", object.kind, object.name().unwrap_or_default());
        Object::all(&tree).iter().map(title).collect()
    }

    #[test]
    fn of_fields_that_stand_there_twice_the_last_counts() {
        let two = "kind: ConfigMap\nmetadata: {name: a}\napiVersion: x/v1\nmetadata: {name: b}\nkind: Secret\napiVersion: v1\n";
        assert_eq!(seen(two), ["Secret b"]);
        let item = "{apiVersion: v1, kind: Secret, metadata: {name: a}}";
        assert_eq!(seen(&format!("apiVersion: v1\nkind: List\nitems: []\nitems: [{item}]\n")), ["Secret a"]);
        let doubled = |text: &str| -> Vec<String> {
            let tree = documents(text).next().unwrap().unwrap();
            Object::doubled(&tree).iter().map(|one| one.key.as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(doubled(two), ["metadata", "kind", "apiVersion"]);
        assert_eq!(
            doubled(&format!("{{kind: List, items: [], items: [{item}, {{kind: a, kind: b}}]}}")),
            ["items", "kind"]
        );
        assert!(doubled("{kind: a, data: 1, data: 2}").is_empty());
        assert!(doubled("{metadata: 1, metadata: 2}").is_empty());
    }

    #[test]
    fn aliases_do_not_multiply() {
        let mut text =
            "kind: List\napiVersion: v1\nitems:\n- &a0 {apiVersion: v1, kind: Secret, kind: Secret}\n".to_owned();
        for level in 1..12 {
            let items = vec![format!("*a{}", level - 1); 10].join(", ");
            text += &format!("- &a{level} {{apiVersion: v1, kind: List, items: [{items}]}}\n");
        }
        let tree = documents(&text).next().unwrap().unwrap();
        assert_eq!((Object::all(&tree).len(), Object::doubled(&tree).len()), (2, 2));
    }

    #[test]
    fn whatever_has_objects_for_items_is_a_list() {
        let item = "{apiVersion: v1, kind: Secret, metadata: {name: a}}";
        assert_eq!(
            seen(&format!("apiVersion: v1\nkind: Foo\nitems: [{item}, {{metadata: {{name: b}}}}]\n")),
            ["Secret a", "Foo b"]
        );
        assert_eq!(seen("apiVersion: v1\nkind: Menu\nmetadata: {name: a}\nitems: [{name: b}, c]\n"), ["Menu a"]);
        assert_eq!(seen("apiVersion: v1\nkind: Menu\nmetadata: {name: a}\nitems: []\n"), ["Menu a"]);
        assert_eq!(
            seen(&format!("base: &base {{apiVersion: v1, kind: List}}\n<<: *base\nitems: [{item}]\n")),
            ["Secret a"]
        );
    }

    #[test]
    fn other_documents_are_no_objects() {
        let tree = documents("kind: x\nversion: 1\n").next().unwrap().unwrap();
        assert!(Object::all(&tree).is_empty());
    }
}
