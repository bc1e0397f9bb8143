//! ClusterRoles that every cluster has and that repositories bind without writing them down.
//!
//! Upstream: `ClusterRoles` in plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go (1.36). Only the rules that
//! have to do with Secrets, on the way to them or straight, are here.

use std::collections::{BTreeMap, BTreeSet};

use super::role::Role;
use super::rule::PolicyRule;
use super::selector::LabelSelector;
use crate::model::Location;

/// Name, the role that it adds itself to, whether others add themselves to it, and its own rules: verbs, API group,
/// resources.
type Row = (&'static str, Option<&'static str>, bool, &'static [(&'static str, &'static str, &'static str)]);

const WRITE: &str = "create delete deletecollection patch update";

const ROLES: [Row; 4] = [
    ("cluster-admin", None, false, &[("*", "*", "*")]),
    (
        "admin",
        None,
        true,
        &[(
            "create delete deletecollection get list patch update watch",
            "rbac.authorization.k8s.io",
            "rolebindings roles",
        )],
    ),
    (
        "edit",
        Some("admin"),
        true,
        &[
            ("get list watch", "", "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy"),
            ("impersonate", "", "serviceaccounts"),
            (WRITE, "", "pods pods/attach pods/exec pods/portforward pods/proxy"),
            ("create", "", "pods/eviction serviceaccounts/token"),
            (WRITE, "", "configmaps replicationcontrollers secrets serviceaccounts services services/proxy"),
            (WRITE, "apps", "daemonsets deployments replicasets statefulsets"),
            (WRITE, "batch", "cronjobs jobs"),
        ],
    ),
    // Reads no Secrets, but whoever labels a role for it changes that.
    ("view", Some("edit"), true, &[]),
];

/// The roles of every cluster of whose names there is none among these.
pub(super) fn missing_from(roles: &[Role]) -> Vec<Role> {
    let known: BTreeSet<&str> = roles.iter().filter(|role| role.namespace.is_none()).map(|role| &*role.name).collect();
    ROLES.iter().filter(|(name, ..)| !known.contains(name)).map(made).collect()
}

fn made((name, joins, joined, rules): &Row) -> Role {
    let label = |role: &str| format!("rbac.authorization.k8s.io/aggregate-to-{role}");
    let bootstrap = ("kubernetes.io/bootstrapping".to_owned(), "rbac-defaults".to_owned());
    let joins = joins.map(|role| (label(role), "true".to_owned()));
    Role {
        namespace: None,
        name: (*name).to_owned(),
        labels: BTreeMap::from_iter(std::iter::once(bootstrap).chain(joins)),
        rules: rules.iter().map(rule).collect(),
        selectors: if *joined { vec![LabelSelector::label(&label(name), "true")] } else { Vec::new() },
        location: Location::default(),
    }
}

fn rule((verbs, group, resources): &(&str, &str, &str)) -> PolicyRule {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect();
    PolicyRule {
        verbs: words(verbs),
        api_groups: vec![(*group).to_owned()],
        resources: words(resources),
        ..PolicyRule::default()
    }
}
