//! Who can read which Secret: RBAC read from objects, live or from files, and judged.
//!
//! [`Facts`] gathers roles, bindings and the use of Secrets, object by object. [`Policy`] answers requests as the RBAC
//! authorizer would. [`Readers`] turns it round: who reads a Secret by asking for it. [`Reach`] is a path to Secrets
//! that does not ask for them. [`Access`] puts all of it together, and its findings say which bindings show too much.
//!
//! Nothing here asks a server or reads a file. RBAC is all that is looked at: other authorizers (node, webhook, ABAC)
//! may allow more, and admission may refuse what RBAC allows.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::Location;

mod accepted;
mod audience;
mod binding;
mod breadth;
mod builtin;
mod controller;
mod facts;
mod finding;
mod identity;
mod judge;
mod listing;
mod narrow;
mod onlookers;
mod onward;
mod path;
mod paths;
mod place;
mod policy;
mod reach;
mod readers;
mod reading;
mod request;
mod role;
mod rule;
mod rules;
mod selector;
mod subject;
mod usage;
mod verbs;
mod version;

pub use binding::{Binding, RoleRef};
pub use facts::Facts;
pub use finding::AccessFinding;
pub use identity::Identity;
pub use onlookers::{Onlookers, Onlooking};
pub use onward::Onward;
pub use path::{Gain, Path};
pub use paths::PATHS;
pub use policy::{Grant, Origin, Policy};
pub use reach::{Reach, reaches};
pub use readers::{Hold, Reader, ReaderList, Readers, Via};
pub use request::Request;
pub use role::Role;
pub use rule::PolicyRule;
pub use rules::AccessRule;
pub use selector::LabelSelector;
pub use subject::Subject;
pub use usage::Usage;
pub use verbs::{ReadVerb, ReadVerbs};
pub use version::Version;

/// Who reads which Secret, by asking for it or otherwise.
#[derive(Debug)]
pub struct Access {
    policy: Policy,
    readers: Readers,
    reaches: Vec<Arc<Reach>>,
    usage: Usage,
    version: Option<Version>,
    /// The namespaces that have Secrets, where all Secrets were seen.
    populated: Option<BTreeSet<String>>,
}

impl Access {
    /// Works everything out from what all workers gathered. A version that is not known closes no path.
    #[must_use]
    pub fn new(facts: Facts, origin: Origin, version: Option<Version>) -> Self {
        let (roles, bindings, usage) = facts.into_parts();
        let policy = Policy::new(roles, bindings, origin);
        let readers = Readers::new(&policy);
        let mut reaches = reaches(&policy, version);
        onward::lead_on(&mut reaches, &policy, &readers, &usage);
        let reaches = reaches.into_iter().map(Arc::new).collect();
        Self { policy, readers, reaches, usage, version, populated: None }
    }

    /// Tells which namespaces have Secrets, if every Secret was seen: elsewhere a right leads to nothing yet.
    #[must_use]
    pub fn populated(self, namespaces: BTreeSet<String>) -> Self {
        Self { populated: Some(namespaces), ..self }
    }

    /// Whether a namespace has no Secret, for sure.
    fn is_empty_of_secrets(&self, namespace: &str) -> bool {
        self.populated.as_ref().is_some_and(|namespaces| !namespaces.contains(namespace))
    }

    /// Roles and bindings.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Where a binding is, by its title.
    #[must_use]
    pub fn place_of(&self, title: &str) -> Option<&Location> {
        self.policy.bindings().iter().find(|binding| binding.title() == title).map(|binding| &binding.location)
    }

    /// Who reads Secrets by asking for them.
    #[must_use]
    pub fn readers(&self) -> &Readers {
        &self.readers
    }

    /// The readers of one Secret, as [`Readers::of`].
    #[must_use]
    pub fn readers_of(&self, namespace: &str, name: &str) -> ReaderList {
        self.readers.of(namespace, name)
    }

    /// Every path that a subject has, sorted by subject.
    #[must_use]
    pub fn reaches(&self) -> &[Arc<Reach>] {
        &self.reaches
    }

    /// The paths that lead to the Secrets of a namespace. The same for each of them, so ask once.
    pub fn reaches_of(&self, namespace: &str) -> impl Iterator<Item = &Arc<Reach>> {
        self.reaches.iter().filter(move |reach| reach.leads_to(namespace))
    }

    /// The paths of one subject.
    #[must_use]
    pub fn reaches_by(&self, subject: &Subject) -> &[Arc<Reach>] {
        let start = self.reaches.partition_point(|reach| reach.subject < *subject);
        let end = self.reaches.partition_point(|reach| reach.subject <= *subject);
        &self.reaches[start..end]
    }

    /// Which Secrets the pods of each service account use.
    #[must_use]
    pub fn usage(&self) -> &Usage {
        &self.usage
    }

    /// The version of the server, where it is known.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        self.version
    }

    /// The bindings that show Secrets to more than they should, sorted by binding and rule.
    #[must_use]
    pub fn findings(&self) -> Vec<AccessFinding> {
        judge::judge(self)
    }
}

#[cfg(test)]
mod oracle;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Object, documents};

    /// The facts of every object of a text.
    pub(super) fn facts(text: &str) -> Facts {
        let mut facts = Facts::default();
        for tree in documents(text) {
            let tree = tree.unwrap();
            Object::all(&tree).iter().for_each(|object| facts.observe(object, Location::default));
        }
        facts
    }

    /// The policy of every object of a text.
    pub(super) fn policy(text: &str, origin: Origin) -> Policy {
        let (roles, bindings, _) = facts(text).into_parts();
        Policy::new(roles, bindings, origin)
    }

    fn metadata(namespace: &str, name: &str) -> String {
        match namespace {
            "" => format!("metadata: {{name: {name}}}"),
            _ => format!("metadata: {{name: {name}, namespace: {namespace}}}"),
        }
    }

    /// A role with one rule for the core group; a ClusterRole without a namespace. More rules may follow as text.
    pub(super) fn role(namespace: &str, name: &str, verbs: &str, resources: &str) -> String {
        let kind = if namespace.is_empty() { "ClusterRole" } else { "Role" };
        format!(
            "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\n{}\nrules:\n\
             - {{verbs: [{verbs}], apiGroups: [''], resources: [{resources}]}}\n",
            metadata(namespace, name)
        )
    }

    /// A binding of `role` (`ClusterRole edit`) to subjects (`User jane, ServiceAccount n/api`).
    pub(super) fn binding(namespace: &str, name: &str, role: &str, subjects: &str) -> String {
        let kind = if namespace.is_empty() { "ClusterRoleBinding" } else { "RoleBinding" };
        let (role_kind, role_name) = role.split_once(' ').unwrap();
        let subject = |text: &str| {
            let (kind, name) = text.trim().split_once(' ').unwrap_or(("User", text));
            match name.split_once('/') {
                Some((namespace, name)) => format!("{{kind: {kind}, name: '{name}', namespace: {namespace}}}"),
                None => format!("{{kind: {kind}, name: '{name}'}}"),
            }
        };
        let subjects: Vec<_> = subjects.split(", ").map(subject).collect();
        format!(
            "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\n{}\n\
             roleRef: {{kind: {role_kind}, name: '{role_name}'}}\nsubjects: [{}]\n",
            metadata(namespace, name),
            subjects.join(", ")
        )
    }
}
