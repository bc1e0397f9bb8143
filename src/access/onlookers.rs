//! Who reads objects of another kind and may not read Secrets.
//!
//! A value in a ConfigMap is seen by whoever may read ConfigMaps. That somebody may who reads the Secrets beside it is no
//! loss; the others are. Most of them come through the role `view`, which is made to be given away: it shows nearly
//! everything in a namespace, and no Secret.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::audience::Audience;
use super::path::SYSTEM;
use super::policy::Policy;
use super::readers::{Reader, Readers};
use super::request::Request;
use super::subject::Subject;
use super::{Access, accepted};

/// The role that shows everything but Secrets.
const VIEW: &str = "view";

/// Those who read the objects of one kind and may not read Secrets.
#[derive(Debug)]
pub struct Onlookers<'a> {
    access: &'a Access,
    readers: Readers,
    /// Whether the role `view` shows these objects; none where it is not known what that role shows.
    in_view: Option<bool>,
    /// Who gets at the Secrets of a namespace, of those that were asked for.
    insiders: HashMap<String, HashSet<&'a Subject>>,
}

/// What they make of the severity of a value in an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Onlooking {
    /// Who they are and what lets them, sorted by subject.
    pub readers: Vec<Arc<Reader>>,
    /// Steps by which a value is worse there than where a few look on.
    pub steps: i8,
}

impl<'a> Onlookers<'a> {
    /// Those of a kind, by its group and plural name.
    #[must_use]
    pub fn new(access: &'a Access, group: &str, resource: &str) -> Self {
        let policy = access.policy();
        let view = policy.roles().iter().find(|role| role.namespace.is_none() && role.name == VIEW);
        let request = Request { verb: "list", group, resource, subresource: "", namespace: None, name: "" };
        // One without rules waits for its controller.
        let rules = view.map(|role| &role.rules).filter(|rules| !rules.is_empty());
        let in_view = rules.map(|rules| rules.iter().any(|rule| rule.covers(&request)));
        Self { access, readers: Readers::of_resource(policy, group, resource), in_view, insiders: HashMap::new() }
    }

    /// Those of one object.
    pub fn of(&mut self, namespace: Option<&str>, name: &str) -> Onlooking {
        let namespace = namespace.unwrap_or_default();
        let access = self.access;
        let insiders = self.insiders.entry(namespace.to_owned()).or_insert_with(|| insiders(access, namespace));
        let list = self.readers.of(namespace, name);
        let others = list.iter().filter(|reader| !insiders.contains(&reader.subject));
        let readers: Vec<_> = others.filter(|reader| !is_system(access.policy(), &reader.subject)).cloned().collect();
        let crowd = readers.iter().map(|reader| Audience::of(&reader.subject)).filter(|audience| audience.is_crowd());
        let steps = match crowd.map(Audience::weight).max() {
            Some(weight) => weight,
            // Nobody now, and nobody who is given the role for looking.
            None if readers.is_empty() && self.in_view == Some(false) => -1,
            None => 0,
        };
        Onlooking { readers, steps }
    }
}

/// Who gets at the Secrets of a namespace, by asking or otherwise.
fn insiders<'a>(access: &'a Access, namespace: &str) -> HashSet<&'a Subject> {
    let direct = access.readers().of_namespace(namespace).iter().map(|reader| &reader.subject);
    direct.chain(access.reaches_of(namespace).map(|reach| &reach.subject)).collect()
}

/// Whether a subject is a part of Kubernetes and has its rights from that. Most of its controllers read no Secrets, so
/// [`accepted`] does not know them.
fn is_system(policy: &Policy, subject: &Subject) -> bool {
    let own = match subject {
        Subject::ServiceAccount { namespace, .. } => namespace == SYSTEM,
        Subject::User(name) => name.starts_with("system:kube-"),
        Subject::Group(_) => false,
    };
    let bound = policy.bound(subject).into_iter();
    let mut all = bound.flat_map(|bound| bound.cluster.iter().chain(bound.namespaces.values().flatten()));
    all.all(|binding| own && policy.bindings()[*binding].bootstrap || accepted::binding(policy, *binding, subject))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{binding, facts, role};
    use super::*;
    use crate::access::Origin;

    fn access(text: &str) -> Access {
        Access::new(facts(text), Origin::Live, None)
    }

    fn seen(access: &Access, resource: &str) -> (Vec<String>, i8) {
        let looking = Onlookers::new(access, "", resource).of(Some("n"), "web");
        (looking.readers.iter().map(|reader| reader.subject.to_string()).collect(), looking.steps)
    }

    #[test]
    fn readers_of_secrets_lose_nothing_and_crowds_weigh() {
        let text = role("", "view", "list", "configmaps")
            + &role("", "all", "get", "'*'")
            + &binding("n", "viewers", "ClusterRole view", "User jane, User joe")
            + &binding("m", "others", "ClusterRole view", "User jim")
            + &binding("n", "admins", "ClusterRole all", "User joe, User ann");
        assert_eq!(seen(&access(&text), "configmaps"), (vec!["User jane".to_owned()], 0));
        let open = text + &binding("", "open", "ClusterRole view", "Group system:authenticated");
        let (subjects, steps) = seen(&access(&open), "configmaps");
        assert_eq!((subjects, steps), (vec!["Group system:authenticated".to_owned(), "User jane".to_owned()], 1));
    }

    #[test]
    fn what_no_view_shows_is_better_kept() {
        let text = role("", "view", "list", "configmaps")
            + &role("", "all", "get", "'*'")
            + &binding("n", "admins", "ClusterRole all", "User ann");
        assert_eq!(seen(&access(&text), "configmaps").1, 0);
        assert_eq!(seen(&access(&text), "secrets").1, -1);
        assert_eq!(seen(&access(&text), "widgets").1, -1);
        let waiting =
            text.replacen("rules:\n- {verbs: [list], apiGroups: [''], resources: [configmaps]}", "rules: []", 1);
        assert_eq!(seen(&access(&waiting), "widgets").1, 0);
    }
}
