//! A Role or ClusterRole.

use std::collections::{BTreeMap, BTreeSet};

use super::place::{home, namespace, qualified};
use super::rule::PolicyRule;
use super::selector::LabelSelector;
use super::subject::RBAC;
use crate::manifest::{Node, Object};
use crate::model::Location;

/// The label of what the API server itself creates at start. Anybody may write it.
const BOOTSTRAPPING: (&str, &str) = ("kubernetes.io/bootstrapping", "rbac-defaults");

/// Rules under a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Role {
    /// The namespace of a Role; none for a ClusterRole.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Its labels: aggregation selects by them.
    pub labels: BTreeMap<String, String>,
    /// Its rules.
    pub rules: Vec<PolicyRule>,
    /// `aggregationRule.clusterRoleSelectors`.
    pub selectors: Vec<LabelSelector>,
    /// Where it is written.
    pub location: Location,
}

impl Role {
    /// Reads a role; none when the object is something else.
    #[must_use]
    pub fn read(object: &Object<'_>, locate: impl FnOnce() -> Location) -> Option<Self> {
        let namespace = match object.kind {
            "Role" => Some(namespace(object)),
            "ClusterRole" => None,
            _ => return None,
        };
        let name = object.name().filter(|_| object.group() == RBAC)?.to_owned();
        let selectors = object.root.at_path(&["aggregationRule", "clusterRoleSelectors"]);
        Some(Self {
            namespace,
            name,
            labels: labels(object),
            rules: object.root.get("rules").into_iter().flat_map(Node::items).map(PolicyRule::read).collect(),
            selectors: selectors.into_iter().flat_map(Node::items).map(LabelSelector::read).collect(),
            location: locate(),
        })
    }

    /// `ClusterRole edit`, `Role prod/reader`.
    #[must_use]
    pub fn title(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("Role {}", qualified(namespace, &self.name)),
            None => format!("ClusterRole {}", self.name),
        }
    }

    /// Whether it says that the API server created it.
    #[must_use]
    pub fn is_bootstrap(&self) -> bool {
        is_bootstrap(&self.labels)
    }

    /// The folder it is written in.
    pub(super) fn home(&self) -> &str {
        home(&self.location)
    }
}

/// The labels of an object.
pub(super) fn labels(object: &Object<'_>) -> BTreeMap<String, String> {
    let labels = object.root.at_path(&["metadata", "labels"]);
    let pairs = labels.into_iter().flat_map(Node::entries);
    pairs.filter_map(|(key, value)| Some((key.as_str()?.to_owned(), value.as_str()?.to_owned()))).collect()
}

/// Whether labels are those of what the API server creates at start.
pub(super) fn is_bootstrap(labels: &BTreeMap<String, String>) -> bool {
    labels.get(BOOTSTRAPPING.0).is_some_and(|value| value == BOOTSTRAPPING.1)
}

/// Fills in the rules of aggregated ClusterRoles, as the control plane does in
/// pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go: the rules of all that the selectors
/// select, aggregated ones included.
///
/// For manifests only. A live ClusterRole has its rules already, and what the selectors say beside them gives nothing
/// until the control plane has acted. Rules that a manifest writes into an aggregated role itself are overwritten
/// there; they are kept here, for a manifest may be the export of a cluster from which the parts were left out.
pub(super) fn aggregate(roles: &mut [Role]) {
    let aggregated: Vec<usize> = (0..roles.len()).filter(|index| !roles[*index].selectors.is_empty()).collect();
    let filled: Vec<(usize, Vec<PolicyRule>)> =
        aggregated.into_iter().map(|index| (index, union(roles, index))).collect();
    for (index, rules) in filled {
        roles[index].rules = rules;
    }
}

/// The rules of a role and of all that it aggregates, each once.
fn union(roles: &[Role], start: usize) -> Vec<PolicyRule> {
    let mut met = BTreeSet::from([start]);
    let mut open = vec![start];
    while let Some(index) = open.pop() {
        let selectors = &roles[index].selectors;
        let part = |role: &Role| role.namespace.is_none() && selectors.iter().any(|one| one.selects(&role.labels));
        open.extend((0..roles.len()).filter(|other| part(&roles[*other]) && met.insert(*other)));
    }
    let rules: BTreeSet<&PolicyRule> = met.iter().flat_map(|index| &roles[*index].rules).collect();
    rules.into_iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::documents;

    fn roles(text: &str) -> Vec<Role> {
        let mut all = Vec::new();
        for tree in documents(text) {
            let tree = tree.unwrap();
            all.extend(Object::all(&tree).iter().filter_map(|object| Role::read(object, Location::default)));
        }
        all
    }

    fn cluster_role(name: &str, label: &str, rest: &str) -> String {
        format!(
            "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n\
             metadata: {{name: {name}, labels: {{{label}}}}}\n{rest}\n"
        )
    }

    #[test]
    fn only_roles_are_roles() {
        let text = "apiVersion: iam.example.com/v1\nkind: Role\nmetadata: {name: a}\n---\n\
                    apiVersion: rbac.authorization.k8s.io/v1beta1\nkind: Role\nmetadata: {name: b, namespace: n}\n---\n\
                    apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: c}\n";
        assert_eq!(roles(text).iter().map(Role::title).collect::<Vec<_>>(), ["Role n/b"]);
    }

    #[test]
    fn aggregation_is_a_union_over_aggregated_roles_too() {
        let verb = |verb: &str| format!("rules: [{{verbs: [{verb}], apiGroups: [''], resources: [secrets]}}]");
        let aggregates =
            |label: &str| format!("aggregationRule: {{clusterRoleSelectors: [{{matchLabels: {{{label}}}}}]}}");
        let text = cluster_role("top", "x: a", &aggregates("to-top: y"))
            + &cluster_role("middle", "to-top: y", &aggregates("to-middle: y"))
            // Selects top and itself: a circle.
            + &cluster_role("leaf", "to-middle: y", &format!("{}\n{}", verb("get"), aggregates("x: a")))
            + &cluster_role("other", "to-other: y", &verb("list"));
        let mut all = roles(&text);
        aggregate(&mut all);
        let verbs = |name: &str| {
            let role = all.iter().find(|role| role.name == name).unwrap();
            role.rules.iter().flat_map(|rule| rule.verbs.clone()).collect::<Vec<_>>()
        };
        assert_eq!(
            (verbs("top"), verbs("middle"), verbs("leaf")),
            (vec!["get".into()], vec!["get".into()], vec!["get".into()])
        );
        assert_eq!(verbs("other"), ["list"]);
    }

    #[test]
    fn filling_in_what_is_there_changes_nothing() {
        let rule = "{verbs: [get], apiGroups: [''], resources: [secrets]}";
        let text = cluster_role("part", "to: y", &format!("rules: [{rule}]"))
            + &cluster_role(
                "whole",
                "a: b",
                &format!("rules: [{rule}]\naggregationRule: {{clusterRoleSelectors: [{{matchLabels: {{to: y}}}}]}}"),
            );
        let before = roles(&text);
        let mut after = before.clone();
        aggregate(&mut after);
        assert_eq!(before, after);
    }
}
