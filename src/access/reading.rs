//! What a role says of Secrets, or of another kind, and nothing else of it.

use std::collections::BTreeMap;

use super::role::Role;
use super::rule::PolicyRule;
use super::verbs::{ReadVerb, ReadVerbs};

/// The reading verbs of a role on one kind of object, told for Secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// Verbs on every Secret in its scope.
    pub(super) every: ReadVerbs,
    /// Verbs on the Secrets of these names, those on every Secret left out.
    pub(super) named: BTreeMap<String, ReadVerbs>,
}

impl Reading {
    /// The union over a role's rules, for Secrets.
    pub(super) fn of(role: &Role) -> Self {
        Self::of_resource(role, "", "secrets")
    }

    /// The same for another kind, by its group and plural name.
    pub(super) fn of_resource(role: &Role, group: &str, resource: &str) -> Self {
        let mut reading = Self::default();
        for rule in &role.rules {
            reading.add(rule, group, resource);
        }
        let every = reading.every;
        for verbs in reading.named.values_mut() {
            *verbs = verbs.without(every);
        }
        reading.named.retain(|_, verbs| !verbs.is_empty());
        reading
    }

    /// Whether the role reads no Secret.
    pub(super) fn is_empty(&self) -> bool {
        self.every.is_empty() && self.named.is_empty()
    }

    fn add(&mut self, rule: &PolicyRule, group: &str, resource: &str) {
        let covered = |verb: &ReadVerb| rule.covers_kind(verb.as_str(), group, resource, "");
        let verbs: ReadVerbs = ReadVerb::ALL.into_iter().filter(covered).collect();
        if verbs.is_empty() {
            return;
        }
        if rule.resource_names.is_empty() {
            self.every = self.every.union(verbs);
            return;
        }
        if rule.covers_name("") {
            // The name of a request that has none: it lists everything.
            self.every = self.every.union(verbs.intersection(ReadVerbs::LISTING));
        }
        // There is no request to delete a collection of one name.
        let verbs = verbs.without(ReadVerb::DeleteCollection.into());
        for name in rule.resource_names.iter().filter(|name| !name.is_empty()) {
            let known = self.named.entry(name.clone()).or_default();
            *known = known.union(verbs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::tests::{facts, role};

    fn reading(rules: &str) -> String {
        let text = role("", "r", "get", "configmaps") + rules;
        let (roles, ..) = facts(&text).into_parts();
        let reading = Reading::of(&roles[0]);
        let verbs = |verbs: ReadVerbs| verbs.iter().map(ReadVerb::as_str).collect::<Vec<_>>().join(" ");
        let named: Vec<_> = reading.named.iter().map(|(name, set)| format!("{name}: {}", verbs(*set))).collect();
        format!("{} | {}", verbs(reading.every), named.join(", "))
    }

    #[test]
    fn all_rules_count_and_names_limit() {
        let rule = |rest: &str| format!("- {{apiGroups: [''], resources: [secrets], {rest}}}\n");
        assert_eq!(reading(&rule("verbs: [get, create, update]")), "get | ");
        assert_eq!(reading(&rule("verbs: [patch, delete]")), "patch delete | ");
        assert_eq!(reading(&rule("verbs: ['*'], resourceNames: [db]")), " | db: get list watch patch delete");
        assert_eq!(
            reading(&(rule("verbs: [get, list], resourceNames: [db]") + &rule("verbs: [list]"))),
            "list | db: get"
        );
        assert_eq!(reading(&rule("verbs: [list, get], resourceNames: ['', db]")), "list | db: get");
        assert_eq!(
            reading("- {apiGroups: ['*'], resources: ['*'], verbs: [deletecollection]}\n"),
            "deletecollection | "
        );
        assert_eq!(reading("- {apiGroups: [''], resources: ['secrets/*', '*/secrets'], verbs: ['*']}\n"), " | ");
        assert_eq!(reading("- {apiGroups: [apps], resources: ['*'], verbs: ['*']}\n"), " | ");
    }
}
