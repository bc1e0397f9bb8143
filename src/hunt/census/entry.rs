//! What is known of one live Secret apart from its values.

use crate::hunt::site::silences;
use crate::manifest::{Node, Object};

use super::rules::UNUSED;

/// A Secret.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) namespace: Box<str>,
    pub(super) name: Box<str>,
    /// The keys of its data; none if only its metadata was asked for.
    pub(super) keys: Option<Box<[Box<str>]>>,
    /// The day on which it was created.
    pub(super) created: Option<Box<str>>,
    pub(super) keeper: Keeper,
    /// Whether an annotation says that it may be unused.
    pub(super) silenced: bool,
}

/// Who may use a Secret that no object names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeper {
    /// Kubernetes, Helm or a controller, which finds it by type or label.
    Program,
    /// Perhaps the controller that made it, or a component of the cluster itself.
    Perhaps,
    /// Nobody that is known of.
    Nobody,
}

/// The types that mean nothing but a format (<https://kubernetes.io/docs/concepts/configuration/secret/#secret-types>).
/// Another one is the protocol of some program, which finds its Secrets by it.
const FORMATS: [&str; 6] = [
    "Opaque",
    "kubernetes.io/basic-auth",
    "kubernetes.io/dockercfg",
    "kubernetes.io/dockerconfigjson",
    "kubernetes.io/ssh-auth",
    "kubernetes.io/tls",
];

/// Labels and annotations, by the domain of their keys, that say where an object comes from and no more.
const DESCRIPTIVE: [&str; 12] = [
    "app.kubernetes.io",
    "argocd.argoproj.io/instance",
    "argocd.argoproj.io/tracking-id",
    "config.kubernetes.io",
    "helm.sh/chart",
    "helm.toolkit.fluxcd.io",
    "kapp.k14s.io",
    "kubectl.kubernetes.io",
    "kubernetes.io/description",
    "kustomize.toolkit.fluxcd.io",
    "ksecrets.dev",
    "meta.helm.sh",
];

impl Entry {
    /// Reads a Secret; none if the object is none or has no name.
    pub(super) fn read(object: &Object<'_>) -> Option<Self> {
        if !object.is("", "Secret") {
            return None;
        }
        let metadata = object.root.get("metadata")?;
        let created = metadata.get_str("creationTimestamp").and_then(|time| time.split_once('T'));
        let whole = object.root.get("type").is_some();
        Some(Self {
            namespace: object.namespace().unwrap_or_default().into(),
            name: object.name()?.into(),
            keys: whole.then(|| keys(object)),
            created: created.map(|(day, _)| day.into()),
            keeper: keeper(object),
            silenced: silences(object, UNUSED),
        })
    }

    /// By which Secrets are told apart, and in which order they are told.
    pub(super) fn place(&self) -> (&str, &str) {
        (&self.namespace, &self.name)
    }

    /// Whether it has a key, as far as that is known.
    pub(super) fn may_have(&self, key: &str) -> bool {
        self.keys.as_ref().is_none_or(|keys| keys.iter().any(|known| **known == *key))
    }
}

fn keys(object: &Object<'_>) -> Box<[Box<str>]> {
    let entries = object.root.get("data").into_iter().flat_map(Node::entries);
    entries.filter_map(|(key, _)| key.as_str().map(Into::into)).collect()
}

fn keeper(object: &Object<'_>) -> Keeper {
    let metadata = |list| object.root.at_path(&["metadata", list]).into_iter().flat_map(Node::entries);
    let bootstrap = object.name().is_some_and(|name| name.starts_with("bootstrap-token-"));
    let foreign = bootstrap || object.root.get_str("type").is_some_and(|kind| !FORMATS.contains(&kind));
    let mut marks = metadata("labels").chain(metadata("annotations"));
    // Where only metadata was asked for, tokens are known by their account or name, and releases by their owner.
    if foreign || marks.any(|(key, value)| is_protocol(key.as_str(), value.as_str())) {
        return Keeper::Program;
    }
    let owned = object.root.at_path(&["metadata", "ownerReferences"]).is_some_and(|owners| owners.items().count() > 0);
    let system = ["kube-", "openshift-"].iter().any(|start| object.namespace().unwrap_or_default().starts_with(start));
    if owned || system { Keeper::Perhaps } else { Keeper::Nobody }
}

/// Whether a label or annotation is one by which a program finds its objects: one in the name of a program, or one that
/// switches something on, as in `grafana_datasource: "1"`.
fn is_protocol(key: Option<&str>, value: Option<&str>) -> bool {
    let key = key.unwrap_or_default();
    if key.contains('/') {
        let is = |known: &&str| key.strip_prefix(*known).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        return !DESCRIPTIVE.iter().any(is);
    }
    let switch = value.is_some_and(|value| matches!(value, "1" | "true" | "enabled" | "yes"));
    switch || (key, value) == ("owner", Some("helm"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::documents;

    fn entry(metadata: &str, kind: &str) -> Entry {
        let text = format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: s, creationTimestamp: '2024-05-01T10:00:00Z', {metadata}}}\n{kind}"
        );
        let tree = documents(&text).next().unwrap().unwrap();
        Entry::read(&Object::all(&tree)[0]).unwrap()
    }

    #[test]
    fn programs_find_theirs_by_type_or_label() {
        let keeper = |metadata: &str, kind: &str| entry(metadata, kind).keeper;
        assert_eq!(keeper("namespace: shop", "type: Opaque\n"), Keeper::Nobody);
        assert_eq!(keeper("namespace: shop", "type: kubernetes.io/service-account-token\n"), Keeper::Program);
        assert_eq!(keeper("namespace: shop", "type: istio.io/key-and-cert\n"), Keeper::Program);
        assert_eq!(keeper("namespace: kube-system", "type: Opaque\n"), Keeper::Perhaps);
        assert_eq!(keeper("ownerReferences: [{kind: Certificate, name: c}]", "type: Opaque\n"), Keeper::Perhaps);
        let labelled = |label: &str| keeper(&format!("labels: {{{label}}}"), "type: Opaque\n");
        assert_eq!(labelled("app: web, team: shop, app.kubernetes.io/name: web, helm.sh/chart: web-1"), Keeper::Nobody);
        assert_eq!(labelled("argocd.argoproj.io/instance: web"), Keeper::Nobody);
        assert_eq!(labelled("argocd.argoproj.io/secret-type: cluster"), Keeper::Program);
        assert_eq!(labelled("grafana_datasource: '1'"), Keeper::Program);
        assert_eq!(labelled("owner: helm, name: web"), Keeper::Program);
    }

    #[test]
    fn keys_are_known_where_the_whole_secret_is() {
        let whole = entry("namespace: n", "type: Opaque\ndata: {a: eA==}\n");
        assert!(whole.may_have("a") && !whole.may_have("b"));
        assert!(entry("namespace: n", "").may_have("b"));
        assert_eq!(whole.created.as_deref(), Some("2024-05-01"));
    }
}
