//! Where a path leads on from the namespace it opens: whoever acts as the service accounts there has what they have.
//!
//! `pods/exec` in a namespace is the Secrets of that namespace, until a pod there runs under an account that reads every
//! Secret of the cluster. Such steps are followed to their end, through as many namespaces as it takes.
//!
//! Left out: accounts that read single Secrets elsewhere by name, which would make a list for each Secret; and paths that
//! are limited to names of pods, as it is not known which account those have.

use std::collections::{BTreeMap, BTreeSet};

use super::path::Path;
use super::policy::Policy;
use super::reach::Reach;
use super::readers::Readers;
use super::subject::Subject;
use super::usage::Usage;

/// As which accounts of a namespace a path lets one act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Acts {
    /// As any: a pod or a token of it can be made.
    Any,
    /// As those that something runs under.
    Running,
}

/// The paths that act as accounts.
const ACTING: [(&str, Acts); 10] = [
    ("create-pods", Acts::Any),
    ("create-token-secrets", Acts::Any),
    ("create-workloads", Acts::Any),
    ("ephemeral-containers", Acts::Running),
    ("exec", Acts::Running),
    ("exec-by-get", Acts::Running),
    ("impersonate-service-accounts", Acts::Any),
    ("patch-pods", Acts::Running),
    ("pod-operators", Acts::Any),
    ("token-request", Acts::Any),
];

/// Where a path leads beyond its namespace, and as whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Onward {
    /// The account that has every Secret of the cluster, when one has.
    pub everywhere: Option<Subject>,
    /// Other namespaces, with an account that has their Secrets.
    pub namespaces: BTreeMap<String, Subject>,
}

impl Onward {
    /// Whether it leads nowhere else.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.everywhere.is_none() && self.namespaces.is_empty()
    }

    fn add(&mut self, scope: Option<&str>, subject: &Subject) {
        match scope {
            None => drop(self.everywhere.get_or_insert_with(|| subject.clone())),
            Some(namespace) => drop(self.namespaces.entry(namespace.to_owned()).or_insert_with(|| subject.clone())),
        }
    }
}

fn acts(path: &Path) -> Option<Acts> {
    ACTING.iter().find(|(name, _)| *name == path.name).map(|(_, acts)| *acts)
}

/// What one account has: scopes whose Secrets it gets at, and namespaces as whose accounts it acts.
#[derive(Default)]
struct Has {
    scopes: BTreeSet<Option<String>>,
    acts_in: BTreeSet<(String, Acts)>,
}

/// Finds out where each path leads on.
pub(super) fn lead_on(reaches: &mut [Reach], policy: &Policy, readers: &Readers, usage: &Usage) {
    let accounts = accounts(policy, readers, reaches);
    let mut known: BTreeMap<(String, Acts), Onward> = BTreeMap::new();
    for reach in reaches {
        let Some((namespace, acts)) = opened(reach) else { continue };
        let onward = known.entry((namespace.to_owned(), acts)).or_insert_with_key(|(namespace, acts)| {
            let mut onward = follow(namespace, *acts, &accounts, usage);
            onward.namespaces.remove(namespace);
            onward
        });
        reach.onward.clone_from(onward);
        // What it has itself is nothing that it gains.
        if reach.onward.everywhere.as_ref() == Some(&reach.subject) {
            reach.onward.everywhere = None;
        }
        reach.onward.namespaces.retain(|_, subject| *subject != reach.subject);
    }
}

/// The namespace whose accounts a path acts as. Where files name none it is a namespace that nobody knows.
fn opened(reach: &Reach) -> Option<(&str, Acts)> {
    let namespace = reach.namespace.as_deref().filter(|namespace| !namespace.is_empty() && reach.names.is_empty())?;
    Some((namespace, acts(reach.path)?))
}

/// What each service account that bindings name has, by namespace.
fn accounts<'p>(
    policy: &'p Policy,
    readers: &Readers,
    reaches: &[Reach],
) -> BTreeMap<&'p str, Vec<(&'p Subject, Has)>> {
    let mut accounts: BTreeMap<&str, Vec<(&Subject, Has)>> = BTreeMap::new();
    for subject in policy.subjects() {
        let Subject::ServiceAccount { namespace, .. } = subject else { continue };
        let mut has = Has::default();
        let holds = readers.held_by(subject).into_iter().filter(|hold| hold.name.is_none());
        has.scopes.extend(holds.map(|hold| hold.namespace));
        let first = reaches.partition_point(|reach| reach.subject < *subject);
        for reach in reaches[first..].iter().take_while(|reach| reach.subject == *subject) {
            has.acts_in.extend(opened(reach).map(|(namespace, acts)| (namespace.to_owned(), acts)));
            if reach.path.confidence > crate::model::Confidence::Low && reach.names.is_empty() {
                has.scopes.insert(reach.namespace.clone().filter(|_| !reach.is_wide()));
            }
        }
        if !has.scopes.is_empty() {
            accounts.entry(namespace).or_default().push((subject, has));
        }
    }
    accounts
}

/// Follows the accounts of a namespace, those of the namespaces that they open, and so on.
fn follow(namespace: &str, acts: Acts, accounts: &BTreeMap<&str, Vec<(&Subject, Has)>>, usage: &Usage) -> Onward {
    let mut onward = Onward::default();
    let mut seen = BTreeSet::from([(namespace.to_owned(), acts)]);
    let mut next: Vec<(String, Acts)> = seen.iter().cloned().collect();
    while let Some((namespace, acts)) = next.pop() {
        for (subject, has) in accounts.get(namespace.as_str()).into_iter().flatten() {
            if acts == Acts::Running && !usage.runs(subject) {
                continue;
            }
            has.scopes.iter().for_each(|scope| onward.add(scope.as_deref(), subject));
            next.extend(has.acts_in.iter().filter(|opened| seen.insert((*opened).clone())).cloned());
        }
    }
    onward
}

#[cfg(test)]
mod tests {
    use super::super::tests::{binding, facts, role};
    use super::super::{Access, Origin, PATHS};
    use super::*;

    /// Cluster administrator `cb/boss`, and rights in `cb` for `ca/start`.
    fn chain(verbs: &str, resource: &str) -> String {
        role("", "all", "'*'", "'*'").replace("apiGroups: ['']", "apiGroups: ['*']")
            + &binding("", "boss", "ClusterRole all", "ServiceAccount cb/boss")
            + &role("cb", "some", verbs, resource)
            + &binding("cb", "start", "Role some", "ServiceAccount ca/start")
    }

    fn pod(namespace: &str, account: &str) -> String {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: {namespace}}}\nspec: {{serviceAccountName: \
             {account}, containers: [{{name: c, image: i}}]}}\n"
        )
    }

    /// Where the paths of an account lead.
    fn leads(text: &str, namespace: &str, name: &str) -> Vec<String> {
        let access = Access::new(facts(text), Origin::Live, None);
        let subject = Subject::ServiceAccount { namespace: namespace.into(), name: name.into() };
        let shown = |reach: &std::sync::Arc<Reach>| {
            let far = reach.onward.everywhere.iter().map(|subject| format!("all as {subject}"));
            let near = reach.onward.namespaces.iter().map(|(namespace, subject)| format!("{namespace} as {subject}"));
            format!("{}: {}", reach.path.name, far.chain(near).collect::<Vec<_>>().join(", "))
        };
        access.reaches_by(&subject).iter().map(shown).collect()
    }

    #[test]
    fn the_table_names_paths() {
        assert!(ACTING.iter().all(|(name, _)| PATHS.iter().any(|path| path.name == *name)));
    }

    #[test]
    fn a_token_of_an_administrator_is_the_cluster() {
        let text = chain("create", "serviceaccounts/token");
        assert_eq!(leads(&text, "ca", "start"), ["token-request: all as ServiceAccount cb/boss"]);
    }

    #[test]
    fn entering_pods_takes_a_pod() {
        let text = chain("create", "pods/exec");
        assert_eq!(leads(&text, "ca", "start"), ["exec: "]);
        assert_eq!(leads(&(text + &pod("cb", "boss")), "ca", "start"), ["exec: all as ServiceAccount cb/boss"]);
    }

    #[test]
    fn steps_are_followed_to_their_end() {
        let step = |from: &str, to: &str| {
            role(to, &format!("in-{to}"), "create", "serviceaccounts/token")
                + &binding(to, &format!("in-{to}"), &format!("Role in-{to}"), &format!("ServiceAccount {from}/robot"))
        };
        let text = step("a", "b")
            + &step("b", "c")
            + &step("c", "a")
            + &role("d", "read", "list", "secrets")
            + &binding("d", "read", "Role read", "ServiceAccount c/robot");
        assert_eq!(
            leads(&text, "a", "robot"),
            ["token-request: a as ServiceAccount c/robot, c as ServiceAccount b/robot, d as ServiceAccount c/robot"]
        );
    }

    #[test]
    fn limits_and_unknown_namespaces_end_it() {
        let text = chain("create", "serviceaccounts/token")
            .replace("[serviceaccounts/token]", "[serviceaccounts/token], resourceNames: [other]");
        assert_eq!(leads(&text, "ca", "start"), ["token-request: "]);
    }
}
