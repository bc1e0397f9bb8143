//! An audit policy, read as the API server reads it.

use std::ops::Range;

use super::level::Level;
use super::rule::{AuditRule, GroupResources};
use crate::manifest::Node;

const GROUP: &str = "audit.k8s.io/";
const STAGES: [&str; 4] = ["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"];
/// The stage at which the bodies of a request and its answer are known and logged.
const COMPLETE: &str = "ResponseComplete";

/// A policy that the API server would load.
#[derive(Debug)]
pub struct AuditPolicy<'a> {
    pub(super) rules: Vec<AuditRule<'a>>,
    unknown: Vec<Unknown<'a>>,
}

/// A field that no policy has. The API server warns and goes on without it, so a misspelt list means everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown<'a> {
    /// As it is written.
    pub field: &'a str,
    /// Bytes of the text.
    pub place: Range<usize>,
}

/// Why the API server would not start with a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct PolicyError {
    /// A sentence without a full stop.
    pub reason: String,
    /// Bytes of the text.
    pub place: Range<usize>,
}

impl<'a> AuditPolicy<'a> {
    /// Whether a document says that it is one.
    #[must_use]
    pub fn is(root: Node<'_>) -> bool {
        root.get_str("kind") == Some("Policy") && root.get_str("apiVersion").is_some_and(|word| word.starts_with(GROUP))
    }

    /// Reads a policy.
    ///
    /// # Errors
    /// The first thing for which the API server would refuse to start.
    pub fn read(root: Node<'a>) -> Result<Self, PolicyError> {
        let mut unknown = Vec::new();
        let fields = ["apiVersion", "kind", "metadata", "rules", "omitStages", "omitManagedFields"];
        note_unknown(root, &fields, &mut unknown);
        version(root)?;
        let omitted = stages(root)?;
        let rules = list(root, "rules")?.into_iter().map(|node| rule(node, &omitted, &mut unknown));
        let rules: Vec<_> = rules.collect::<Result<_, _>>()?;
        if rules.is_empty() {
            return Err(refused(root.get("rules").unwrap_or(root), "a policy needs at least one rule"));
        }
        Ok(Self { rules, unknown })
    }

    /// Fields that the API server passes over.
    #[must_use]
    pub fn unknown(&self) -> &[Unknown<'a>] {
        &self.unknown
    }
}

/// Since 1.24 there is no version but v1.
fn version(root: Node<'_>) -> Result<(), PolicyError> {
    match (root.get_str("apiVersion"), root.get_str("kind")) {
        (Some("audit.k8s.io/v1"), Some("Policy")) => Ok(()),
        _ => Err(refused(
            root.get("apiVersion").unwrap_or(root),
            "an audit policy is apiVersion: audit.k8s.io/v1 and kind: Policy",
        )),
    }
}

fn rule<'a>(node: Node<'a>, omitted: &[&str], unknown: &mut Vec<Unknown<'a>>) -> Result<AuditRule<'a>, PolicyError> {
    if !node.is_mapping() {
        return Err(refused(node, "a rule is a mapping"));
    }
    let fields = [
        "level",
        "users",
        "userGroups",
        "verbs",
        "resources",
        "namespaces",
        "nonResourceURLs",
        "omitStages",
        "omitManagedFields",
    ];
    note_unknown(node, &fields, unknown);
    let written = node.get("level");
    let level = written.and_then(Node::as_str).and_then(Level::parse).ok_or_else(|| {
        refused(written.unwrap_or(node), "a rule has the level None, Metadata, Request or RequestResponse")
    })?;
    let urls = words(node, "nonResourceURLs")?;
    paths(node, &urls)?;
    let resources = list(node, "resources")?.into_iter().map(|node| group_resources(node, unknown));
    let resources: Vec<_> = resources.collect::<Result<_, _>>()?;
    let namespaces = words(node, "namespaces")?;
    let of_objects = !resources.is_empty() || !namespaces.is_empty();
    if of_objects && !urls.is_empty() {
        return Err(refused(node, "a rule speaks of resources or of nonResourceURLs, not of both"));
    }
    let own = stages(node)?;
    Ok(AuditRule {
        level,
        users: words(node, "users")?,
        groups: words(node, "userGroups")?,
        verbs: words(node, "verbs")?,
        resources,
        namespaces,
        speaks_of_paths: !urls.is_empty(),
        omits_answers: own.contains(&COMPLETE) || omitted.contains(&COMPLETE),
        place: written.unwrap_or(node).range(),
    })
}

fn group_resources<'a>(node: Node<'a>, unknown: &mut Vec<Unknown<'a>>) -> Result<GroupResources<'a>, PolicyError> {
    if !node.is_mapping() {
        return Err(refused(node, "resources are mappings with a group and resources"));
    }
    note_unknown(node, &["group", "resources", "resourceNames"], unknown);
    let group = word(node, "group")?.unwrap_or("");
    if !group.is_empty() && !is_subdomain(group) {
        return Err(refused(node.get("group").unwrap_or(node), "a group is named without its version, in lower case"));
    }
    let (resources, names) = (words(node, "resources")?, words(node, "resourceNames")?);
    if resources.is_empty() && !names.is_empty() {
        return Err(refused(node, "resourceNames need resources"));
    }
    Ok(GroupResources { group, resources, names })
}

fn paths(node: Node<'_>, urls: &[&str]) -> Result<(), PolicyError> {
    let is_good = |url: &&str| {
        let inner = url.strip_suffix('*').unwrap_or(url);
        *url == "*" || url.starts_with('/') && !inner.contains('*')
    };
    if urls.iter().all(is_good) {
        return Ok(());
    }
    Err(refused(node.get("nonResourceURLs").unwrap_or(node), "a path begins with / and has no * but at its end"))
}

fn stages<'a>(node: Node<'a>) -> Result<Vec<&'a str>, PolicyError> {
    let stages = words(node, "omitStages")?;
    match stages.iter().all(|stage| STAGES.contains(stage)) {
        true => Ok(stages),
        false => Err(refused(
            node.get("omitStages").unwrap_or(node),
            "the stages are RequestReceived, ResponseStarted, ResponseComplete and Panic",
        )),
    }
}

/// The items of a list, which may be missing or null.
fn list<'a>(node: Node<'a>, key: &str) -> Result<Vec<Node<'a>>, PolicyError> {
    match last(node, key) {
        None => Ok(Vec::new()),
        Some(value) if value.is_sequence() => Ok(value.items().map(Node::resolve).collect()),
        Some(value) if is_null(value) => Ok(Vec::new()),
        Some(value) => Err(refused(value, &format!("{key} is a list"))),
    }
}

fn words<'a>(node: Node<'a>, key: &str) -> Result<Vec<&'a str>, PolicyError> {
    let words = list(node, key)?.into_iter();
    words.map(|item| item.as_str().ok_or_else(|| refused(item, &format!("{key} is a list of words")))).collect()
}

fn word<'a>(node: Node<'a>, key: &str) -> Result<Option<&'a str>, PolicyError> {
    match last(node, key) {
        None => Ok(None),
        Some(value) if is_null(value) => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or_else(|| refused(value, &format!("{key} is a word"))),
    }
}

/// Of a key that is written twice the last one counts: strict reading refuses it, and lenient reading follows.
fn last<'a>(node: Node<'a>, key: &str) -> Option<Node<'a>> {
    node.entries().filter(|(name, _)| name.as_str() == Some(key)).map(|(_, value)| value).last()
}

fn is_null(node: Node<'_>) -> bool {
    node.resolve().kind() == crate::manifest::Kind::Plain && matches!(node.as_str(), Some("" | "~" | "null"))
}

fn note_unknown<'a>(node: Node<'a>, known: &[&str], unknown: &mut Vec<Unknown<'a>>) {
    for (key, _) in node.entries() {
        if let Some(field) = key.as_str().filter(|field| !known.contains(field)) {
            unknown.push(Unknown { field, place: key.range() });
        }
    }
}

fn refused(node: Node<'_>, reason: &str) -> PolicyError {
    PolicyError { reason: reason.to_owned(), place: node.range() }
}

/// RFC 1123, as Kubernetes names groups.
fn is_subdomain(name: &str) -> bool {
    let is_part = |part: &str| {
        let is_inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        !part.is_empty() && part.bytes().all(is_inner) && !part.starts_with('-') && !part.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::documents;

    fn read(text: &str) -> Result<Vec<String>, String> {
        let text = format!("apiVersion: audit.k8s.io/v1\nkind: Policy\n{text}");
        let tree = documents(&text).next().unwrap().unwrap();
        let policy = AuditPolicy::read(tree.root().unwrap()).map_err(|error| error.to_string())?;
        Ok(policy.unknown().iter().map(|unknown| unknown.field.to_owned()).collect())
    }

    #[test]
    fn what_the_api_server_refuses_is_refused() {
        for bad in [
            "",
            "rules: []",
            "rules: {}",
            "rules: [{}]",
            "rules: [{level: metadata}]",
            "rules: [[]]",
            "rules: [{level: None, omitStages: [Done]}]",
            "omitStages: [Done]\nrules: [{level: None}]",
            "rules: [{level: None, nonResourceURLs: [healthz]}]",
            "rules: [{level: None, nonResourceURLs: ['/a*b']}]",
            "rules: [{level: None, nonResourceURLs: ['/a'], namespaces: [a]}]",
            "rules: [{level: None, resources: [{group: apps/v1}]}]",
            "rules: [{level: None, resources: [{group: Apps}]}]",
            "rules: [{level: None, resources: [{resourceNames: [a]}]}]",
            "rules: [{level: None, resources: [secrets]}]",
            "rules: [{level: None, users: me}]",
            "rules: [{level: None, users: [{}]}]",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn misspelt_fields_are_passed_over_and_told() {
        assert_eq!(read("rules: [{level: None, resource: [{}], verbs: null}]"), Ok(vec!["resource".to_owned()]));
    }

    #[test]
    fn old_versions_do_not_load() {
        let text = "apiVersion: audit.k8s.io/v1beta1\nkind: Policy\nrules: [{level: None}]\n";
        let tree = documents(text).next().unwrap().unwrap();
        assert!(AuditPolicy::is(tree.root().unwrap()) && AuditPolicy::read(tree.root().unwrap()).is_err());
    }
}
