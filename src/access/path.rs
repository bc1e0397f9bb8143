//! A way to Secrets that is not asking for them.

use super::rule::PolicyRule;
use super::version::Version;
use crate::model::{Confidence, Severity};

/// The namespace whose service accounts are the control plane's.
pub(super) const SYSTEM: &str = "kube-system";

/// How far a path leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gain {
    /// To the Secrets of the namespace where the right holds.
    Namespace,
    /// To the Secrets that pods on nodes have.
    Nodes,
    /// To every Secret of the cluster.
    Cluster,
}

/// Rights that together lead to Secrets.
#[derive(Debug)]
pub struct Path {
    /// A stable name in kebab-case.
    pub name: &'static str,
    /// What they let a subject do, after "can".
    pub gives: &'static str,
    /// How far it leads.
    pub gain: Gain,
    /// How bad it is for a service account in one namespace, or for the cluster when it leads further anyway.
    pub severity: Severity,
    /// How sure the way is, where the rights are.
    pub confidence: Confidence,
    /// The first version of Kubernetes in which it is open by default.
    pub since: Option<Version>,
    /// The first version in which it is closed by default.
    pub before: Option<Version>,
    /// Rights of which all are needed.
    pub(super) all_of: &'static [&'static [Ask]],
}

impl Path {
    /// Whether it is open in a version. What is not known is taken to be.
    #[must_use]
    pub fn is_open_in(&self, version: Option<Version>) -> bool {
        version.is_none_or(|version| {
            self.since.is_none_or(|since| version >= since) && self.before.is_none_or(|before| version < before)
        })
    }

    /// In which versions it is open, where that is not all.
    #[must_use]
    pub fn versions(&self) -> Option<String> {
        let since = self.since.map(|version| format!("from Kubernetes {version} on"));
        let before = self.before.map(|version| format!("before Kubernetes {version}"));
        since.or(before)
    }
}

/// Where a right must hold to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In a namespace, or in all of them.
    Namespace,
    /// In `kube-system`, or in all namespaces.
    System,
    /// In the whole cluster: the resource has no namespace.
    Cluster,
}

/// How much of a right a rule gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Coverage {
    /// Nothing.
    None,
    /// For the names that the rule is limited to.
    Part,
    /// All that the path needs.
    Whole,
}

/// One of several rights that do equally well: any of these verbs on any of these resources.
#[derive(Debug)]
pub(super) struct Ask {
    verbs: &'static [&'static str],
    group: &'static str,
    resources: &'static [&'static str],
    pub(super) place: Place,
    /// Names of which one must be allowed; empty when any will do.
    names: &'static [&'static str],
}

impl Ask {
    /// A right on resources of a namespace.
    pub(super) const fn new(
        verbs: &'static [&'static str],
        group: &'static str,
        resources: &'static [&'static str],
    ) -> Self {
        Self { verbs, group, resources, place: Place::Namespace, names: &[] }
    }

    /// The same on resources without a namespace, or in another place.
    pub(super) const fn at(self, place: Place) -> Self {
        Self { place, ..self }
    }

    /// The same on an object of one of these names.
    pub(super) const fn only(self, names: &'static [&'static str]) -> Self {
        Self { names, ..self }
    }

    /// How much of it a rule gives.
    pub(super) fn covered_by(&self, rule: &PolicyRule) -> Coverage {
        let requests = self.resources.iter().flat_map(|resource| self.verbs.iter().map(move |verb| (*verb, *resource)));
        requests.map(|(verb, resource)| self.coverage(rule, verb, resource)).max().unwrap_or(Coverage::None)
    }

    fn coverage(&self, rule: &PolicyRule, verb: &str, resource: &str) -> Coverage {
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        if !rule.covers_kind(verb, self.group, resource, subresource) {
            return Coverage::None;
        }
        let whole = if !self.names.is_empty() {
            self.names.iter().any(|name| rule.covers_name(name))
        } else if verb == "create" && subresource.is_empty() {
            // The name is not known before the object is: `resourceNames` cannot limit this, so they forbid it.
            rule.covers_name("")
        } else {
            rule.resource_names.is_empty()
        };
        let limited = self.names.is_empty() && !(verb == "create" && subresource.is_empty());
        match (whole, limited) {
            (true, _) => Coverage::Whole,
            (false, true) => Coverage::Part,
            (false, false) => Coverage::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(verbs: &str, resource: &str, names: &[&str]) -> PolicyRule {
        PolicyRule {
            verbs: vec![verbs.into()],
            api_groups: vec!["*".into()],
            resources: vec![resource.into()],
            resource_names: names.iter().map(|name| (*name).into()).collect(),
            ..PolicyRule::default()
        }
    }

    #[test]
    fn names_make_a_part_where_a_request_has_a_name() {
        let exec = Ask::new(&["create"], "", &["pods/exec"]);
        assert_eq!(exec.covered_by(&rule("create", "pods/exec", &[])), Coverage::Whole);
        assert_eq!(exec.covered_by(&rule("create", "pods/exec", &["a"])), Coverage::Part);
        assert_eq!(exec.covered_by(&rule("create", "pods/*", &[])), Coverage::None);
        let pods = Ask::new(&["create"], "", &["pods"]);
        assert_eq!(pods.covered_by(&rule("create", "pods", &["a"])), Coverage::None);
        assert_eq!(pods.covered_by(&rule("*", "*", &[])), Coverage::Whole);
        let aws = Ask::new(&["update"], "", &["configmaps"]).only(&["aws-auth"]);
        assert_eq!(aws.covered_by(&rule("update", "configmaps", &["aws-auth"])), Coverage::Whole);
        assert_eq!(aws.covered_by(&rule("update", "configmaps", &["other"])), Coverage::None);
    }
}
