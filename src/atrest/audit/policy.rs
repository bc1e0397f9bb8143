//! An audit policy, read as the API server reads it.

use super::lenient::{Fields, PolicyError, Reader, Unknown, refused};
use super::level::Level;
use super::request::Request;
use super::rule::{AuditRule, GroupResources};
use crate::manifest::Node;

const GROUP: &str = "audit.k8s.io/";
const STAGES: [&str; 4] = ["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"];
/// The stage at which the bodies of a request and its answer are known and logged.
const COMPLETE: &str = "ResponseComplete";
/// The minor version from which on `group: "*"` means every group. Before, it is refused as a bad name of a group.
const GROUP_WILDCARD: u32 = 36;

/// A policy that the API server would load.
#[derive(Debug)]
pub struct AuditPolicy<'a> {
    pub(super) rules: Vec<AuditRule<'a>>,
    unknown: Vec<Unknown<'a>>,
    every_group: Vec<Node<'a>>,
}

impl<'a> AuditPolicy<'a> {
    /// Whether a document says that it is one.
    #[must_use]
    pub fn is(root: Node<'_>) -> bool {
        let group = root.get_str("apiVersion").is_some_and(|word| word.starts_with(GROUP));
        group && matches!(root.get_str("kind"), None | Some("" | "Policy"))
    }

    /// Reads a policy as an API server of a minor version does: 36 of 1.36.
    ///
    /// # Errors
    /// The first thing for which the API server would refuse to start.
    pub fn read(root: Node<'a>, minor: u32) -> Result<Self, PolicyError> {
        let mut reader = Reader::new(root)?;
        let known = ["apiVersion", "kind", "metadata", "rules", "omitStages", "omitManagedFields"];
        let fields = reader.fields(root, &known, "a policy is a mapping")?;
        // Since 1.24 there is no version but v1.
        // Without a kind it is what the server looks for.
        let (version, kind) = (reader.word(&fields, "apiVersion")?, reader.word(&fields, "kind")?);
        if version != "audit.k8s.io/v1" || !matches!(kind, "" | "Policy") {
            let why = "an audit policy is apiVersion: audit.k8s.io/v1 and kind: Policy";
            return Err(refused(fields.place("apiVersion"), why));
        }
        metadata(&mut reader, &fields)?;
        reader.switch(&fields, "omitManagedFields")?;
        let omitted = stages(&mut reader, &fields)?;
        let mut every_group = Vec::new();
        let mut rules = Vec::new();
        for node in reader.items(&fields, "rules")? {
            rules.push(rule(&mut reader, node, &omitted, &mut every_group)?);
        }
        if rules.is_empty() {
            return Err(refused(fields.place("rules"), "a policy needs at least one rule"));
        }
        if let Some(group) = every_group.first().filter(|_| minor < GROUP_WILDCARD) {
            let why = "group: \"*\" is every API group from 1.36 on; before, a group has a name, and the API server refuses it";
            return Err(refused(*group, why));
        }
        Ok(Self { rules, unknown: reader.unknown, every_group })
    }

    /// Fields that the API server passes over.
    #[must_use]
    pub fn unknown(&self) -> &[Unknown<'a>] {
        &self.unknown
    }

    /// Where `group: "*"` is written, with which no API server before 1.36 starts.
    #[must_use]
    pub fn every_group(&self) -> &[Node<'a>] {
        &self.every_group
    }

    /// How a request is logged, and whether that is left out at the stage where bodies are known.
    #[must_use]
    pub fn level(&self, request: &Request<'_>) -> (Level, bool) {
        let rule = self.rules.iter().find(|rule| rule.matches(request));
        rule.map_or((Level::None, false), |rule| (rule.level, rule.omits_answers))
    }
}

/// What every object may have, as far as it has a type of its own.
fn metadata<'a>(reader: &mut Reader<'a>, fields: &Fields<'a>) -> Result<(), PolicyError> {
    let Some(node) = fields.get("metadata") else { return Ok(()) };
    let texts = ["name", "generateName", "namespace", "selfLink", "uid", "resourceVersion"];
    let others = [
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "labels",
        "annotations",
        "ownerReferences",
        "finalizers",
        "managedFields",
    ];
    let known: Vec<_> = texts.into_iter().chain(others).collect();
    let found = reader.fields(node, &known, "metadata is a mapping")?;
    for name in texts {
        reader.word(&found, name)?;
    }
    for name in ["labels", "annotations"] {
        if let Some(node) = found.get(name) {
            reader.texts(node, name)?;
        }
    }
    Ok(())
}

fn rule<'a>(
    reader: &mut Reader<'a>,
    node: Node<'a>,
    omitted: &[&str],
    every_group: &mut Vec<Node<'a>>,
) -> Result<AuditRule<'a>, PolicyError> {
    let known = [
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
    let fields = reader.fields(node, &known, "a rule is a mapping")?;
    let level = Level::parse(reader.word(&fields, "level")?).ok_or_else(|| {
        refused(fields.place("level"), "a rule has the level None, Metadata, Request or RequestResponse")
    })?;
    let urls = reader.words(&fields, "nonResourceURLs")?;
    paths(&fields, &urls)?;
    let mut resources = Vec::new();
    for node in reader.items(&fields, "resources")? {
        resources.push(group_resources(reader, node, every_group)?);
    }
    let namespaces = reader.words(&fields, "namespaces")?;
    let of_objects = !resources.is_empty() || !namespaces.is_empty();
    if of_objects && !urls.is_empty() {
        return Err(refused(node, "a rule speaks of resources or of nonResourceURLs, not of both"));
    }
    reader.switch(&fields, "omitManagedFields")?;
    let own = stages(reader, &fields)?;
    Ok(AuditRule {
        level,
        users: reader.words(&fields, "users")?,
        groups: reader.words(&fields, "userGroups")?,
        verbs: reader.words(&fields, "verbs")?,
        resources,
        namespaces,
        speaks_of_paths: !urls.is_empty(),
        omits_answers: own.contains(&COMPLETE) || omitted.contains(&COMPLETE),
        place: fields.place("level").range(),
    })
}

fn group_resources<'a>(
    reader: &mut Reader<'a>,
    node: Node<'a>,
    every_group: &mut Vec<Node<'a>>,
) -> Result<GroupResources<'a>, PolicyError> {
    let known = ["group", "resources", "resourceNames"];
    let fields = reader.fields(node, &known, "resources are mappings with a group and resources")?;
    let group = reader.word(&fields, "group")?;
    if group == "*" {
        every_group.push(fields.place("group"));
    } else if !group.is_empty() && !is_subdomain(group) {
        return Err(refused(fields.place("group"), "a group is named without its version, in lower case"));
    }
    let (resources, names) = (reader.words(&fields, "resources")?, reader.words(&fields, "resourceNames")?);
    if resources.is_empty() && !names.is_empty() {
        return Err(refused(node, "resourceNames need resources"));
    }
    Ok(GroupResources { group, resources, names })
}

fn paths(fields: &Fields<'_>, urls: &[&str]) -> Result<(), PolicyError> {
    let is_good = |url: &&str| {
        let inner = url.strip_suffix('*').unwrap_or(url);
        *url == "*" || url.starts_with('/') && !inner.contains('*')
    };
    if urls.iter().all(is_good) {
        return Ok(());
    }
    Err(refused(fields.place("nonResourceURLs"), "a path begins with / and has no * but at its end"))
}

fn stages<'a>(reader: &mut Reader<'a>, fields: &Fields<'a>) -> Result<Vec<&'a str>, PolicyError> {
    let stages = reader.words(fields, "omitStages")?;
    match stages.iter().all(|stage| STAGES.contains(stage)) {
        true => Ok(stages),
        false => Err(refused(
            fields.place("omitStages"),
            "the stages are RequestReceived, ResponseStarted, ResponseComplete and Panic",
        )),
    }
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
        let policy = AuditPolicy::read(tree.root().unwrap(), 36).map_err(|error| error.to_string())?;
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
            "rules: [{level: None, users: [1]}]",
            "rules: [{level: None, verbs: [on]}]",
            "rules: [{level: None, resources: [{group: '*.k8s.io'}]}]",
            "rules: [{level: None, omitManagedFields: 'yes'}]",
            "metadata: []\nrules: [{level: None}]",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn misspelt_fields_are_passed_over_and_told() {
        assert_eq!(read("rules: [{level: None, resource: [{}], verbs: null}]"), Ok(vec!["resource".to_owned()]));
    }

    #[test]
    fn every_group_may_be_meant_since_1_36() {
        let text = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: None, resources: [{group: '*'}]}]\n";
        let tree = documents(text).next().unwrap().unwrap();
        let (new, old) = (AuditPolicy::read(tree.root().unwrap(), 36), AuditPolicy::read(tree.root().unwrap(), 35));
        assert_eq!((new.unwrap().every_group().len(), old.is_err()), (1, true));
    }

    #[test]
    fn mappings_are_merged() {
        let text = "rules:\n- &a {level: None, users: [a]}\n- {<<: *a, users: [b]}\n- null\n";
        assert_eq!(read(text).unwrap_err(), "a rule has the level None, Metadata, Request or RequestResponse");
        assert_eq!(read(&text.replace("- null\n", "")), Ok(Vec::new()));
    }

    #[test]
    fn old_versions_do_not_load() {
        let text = "apiVersion: audit.k8s.io/v1beta1\nkind: Policy\nrules: [{level: None}]\n";
        let tree = documents(text).next().unwrap().unwrap();
        assert!(AuditPolicy::is(tree.root().unwrap()) && AuditPolicy::read(tree.root().unwrap(), 36).is_err());
    }
}
