//! Who reads a Secret by asking for it.
//!
//! Most rights on Secrets are rights on all Secrets of a namespace, so the readers of a Secret are those of its
//! namespace, computed once, unless a rule names it. 30,000 Secrets in 200 namespaces have about 200 lists of readers.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::accepted;
use super::identity::Identity;
use super::policy::Policy;
use super::reading::Reading;
use super::subject::Subject;
use super::verbs::ReadVerbs;

/// A binding that gives reading verbs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Via {
    /// `RoleBinding ci/deploy`.
    pub binding: Arc<str>,
    /// `ClusterRole edit`.
    pub role: Arc<str>,
    /// What it gives here; nothing for a path that is not reading.
    pub verbs: ReadVerbs,
    /// Whether it gives the subject what every cluster gives it.
    pub accepted: bool,
}

/// A subject that reads a Secret because bindings name it. What its groups may do is theirs, and told once there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// Who.
    pub subject: Subject,
    /// By which verbs.
    pub verbs: ReadVerbs,
    /// Through which bindings, sorted.
    pub via: Vec<Via>,
}

impl Reader {
    /// Whether it would read the Secret in any cluster: beside that another binding adds nothing.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.via.iter().any(|via| via.accepted)
    }
}

/// Readers, sorted by subject. Shared between the Secrets that have the same.
pub type ReaderList = Arc<[Arc<Reader>]>;

/// Secrets that a subject reads through one binding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hold {
    /// The namespace; none for all.
    pub namespace: Option<String>,
    /// The Secret; none for all.
    pub name: Option<String>,
    /// How.
    pub via: Via,
}

/// What bindings of one scope give to whom: on every Secret, and on single ones.
#[derive(Debug, Default)]
struct Table {
    every: BTreeMap<Subject, Vec<Via>>,
    named: HashMap<String, BTreeMap<Subject, Vec<Via>>>,
}

/// The readers of all Secrets.
#[derive(Debug)]
pub struct Readers {
    cluster: Table,
    namespaces: HashMap<String, Table>,
    /// Readers of every Secret of a namespace that has readers of its own.
    lists: HashMap<String, ReaderList>,
    /// Readers of every Secret of any other namespace.
    everywhere: ReaderList,
}

impl Readers {
    /// Works out what each binding says of Secrets.
    #[must_use]
    pub fn new(policy: &Policy) -> Self {
        Self::of_resource(policy, "", "secrets")
    }

    /// The same for the objects of another kind, by its group and plural name.
    #[must_use]
    pub fn of_resource(policy: &Policy, group: &str, resource: &str) -> Self {
        let readings: Vec<Reading> =
            policy.roles().iter().map(|role| Reading::of_resource(role, group, resource)).collect();
        let mut cluster = Table::default();
        let mut namespaces: HashMap<String, Table> = HashMap::new();
        for (index, binding) in policy.bindings().iter().enumerate() {
            let said: Vec<(&Reading, Arc<str>)> = policy
                .roles_of(index)
                .iter()
                .filter(|role| !readings[**role].is_empty())
                .map(|role| (&readings[*role], policy.roles()[*role].title().into()))
                .collect();
            if said.is_empty() {
                continue;
            }
            let table = match &binding.namespace {
                Some(namespace) => namespaces.entry(namespace.clone()).or_default(),
                None => &mut cluster,
            };
            let title: Arc<str> = binding.title().into();
            for (reading, role) in said {
                for subject in &binding.subjects {
                    let accepted = accepted::binding(policy, index, subject);
                    let via = Via { binding: title.clone(), role: role.clone(), verbs: ReadVerbs::NONE, accepted };
                    table.add(subject, reading, &via);
                }
            }
        }
        let everywhere: ReaderList = cluster.every.iter().map(|(subject, via)| reader(subject, via.clone())).collect();
        let lists = namespaces
            .iter()
            .filter(|(_, table)| !table.every.is_empty())
            .map(|(namespace, table)| (namespace.clone(), joined(&everywhere, [&table.every])))
            .collect();
        Self { cluster, namespaces, lists, everywhere }
    }

    /// The readers of a Secret that bindings name.
    #[must_use]
    pub fn of(&self, namespace: &str, name: &str) -> ReaderList {
        let list = self.of_namespace(namespace);
        let local = self.namespaces.get(namespace).and_then(|table| table.named.get(name));
        let named = [self.cluster.named.get(name), local];
        if named.iter().all(Option::is_none) {
            return list.clone();
        }
        joined(list, named.into_iter().flatten())
    }

    /// The readers of every Secret of a namespace, whatever its name: those of a Secret that nobody has created yet.
    #[must_use]
    pub fn of_namespace(&self, namespace: &str) -> &ReaderList {
        self.lists.get(namespace).unwrap_or(&self.everywhere)
    }

    /// The verbs by which an identity reads a Secret, its groups' rights included.
    #[must_use]
    pub fn verbs(&self, identity: &Identity, namespace: &str, name: &str) -> ReadVerbs {
        let readers = self.of(namespace, name);
        let own = identity.principals().iter().filter_map(|principal| {
            readers.binary_search_by(|reader| reader.subject.cmp(principal)).ok().map(|found| readers[found].verbs)
        });
        own.fold(ReadVerbs::NONE, ReadVerbs::union)
    }

    /// The Secrets that a subject reads because bindings name it, sorted; those of its groups are theirs.
    #[must_use]
    pub fn held_by(&self, subject: &Subject) -> Vec<Hold> {
        let mut holds = self.cluster.held_by(subject, None);
        for (namespace, table) in &self.namespaces {
            holds.extend(table.held_by(subject, Some(namespace)));
        }
        holds.sort();
        holds
    }
}

impl Table {
    fn add(&mut self, subject: &Subject, reading: &Reading, via: &Via) {
        let with = |verbs: ReadVerbs| Via { verbs, ..via.clone() };
        if !reading.every.is_empty() {
            self.every.entry(subject.clone()).or_default().push(with(reading.every));
        }
        for (name, verbs) in &reading.named {
            let readers = self.named.entry(name.clone()).or_default();
            readers.entry(subject.clone()).or_default().push(with(*verbs));
        }
    }

    fn held_by(&self, subject: &Subject, namespace: Option<&str>) -> Vec<Hold> {
        let hold = |name: Option<&str>, via: &Via| Hold {
            namespace: namespace.map(str::to_owned),
            name: name.map(str::to_owned),
            via: via.clone(),
        };
        let every = self.every.get(subject).into_iter().flatten().map(|via| hold(None, via));
        let named = self.named.iter().filter_map(|(name, readers)| Some((name, readers.get(subject)?)));
        let named = named.flat_map(|(name, all)| all.iter().map(move |via| (name, via)));
        every.chain(named.map(|(name, via)| hold(Some(name), via))).collect()
    }
}

fn reader(subject: &Subject, mut via: Vec<Via>) -> Arc<Reader> {
    via.sort();
    via.dedup_by(|next, kept| {
        let same = next.binding == kept.binding && next.role == kept.role;
        if same {
            kept.verbs = kept.verbs.union(next.verbs);
            kept.accepted &= next.accepted;
        }
        same
    });
    let verbs = via.iter().fold(ReadVerbs::NONE, |verbs, via| verbs.union(via.verbs));
    Arc::new(Reader { subject: subject.clone(), verbs, via })
}

/// A list with more readers in it, some of whom may be there.
fn joined<'t>(list: &ReaderList, more: impl IntoIterator<Item = &'t BTreeMap<Subject, Vec<Via>>>) -> ReaderList {
    let mut added: BTreeMap<&Subject, Vec<Via>> = BTreeMap::new();
    for readers in more {
        for (subject, via) in readers {
            added.entry(subject).or_default().extend_from_slice(via);
        }
    }
    let mut all: Vec<Arc<Reader>> = Vec::with_capacity(list.len() + added.len());
    for known in list.iter() {
        all.push(match added.remove(&known.subject) {
            Some(via) => reader(&known.subject, [known.via.as_slice(), &via].concat()),
            None => known.clone(),
        });
    }
    all.extend(added.into_iter().map(|(subject, via)| reader(subject, via)));
    all.sort_by(|a, b| a.subject.cmp(&b.subject));
    all.into()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{binding, policy, role};
    use super::*;
    use crate::access::{Origin, ReadVerb};

    fn shown(readers: &ReaderList) -> Vec<String> {
        let verbs = |verbs: ReadVerbs| verbs.iter().map(ReadVerb::as_str).collect::<Vec<_>>().join(",");
        let via = |via: &Via| format!("{} -> {} {}", via.binding, via.role, verbs(via.verbs));
        let all = |reader: &Reader| reader.via.iter().map(via).collect::<Vec<_>>().join("; ");
        readers.iter().map(|reader| format!("{} {}: {}", reader.subject, verbs(reader.verbs), all(reader))).collect()
    }

    #[test]
    fn rights_spread_over_roles_and_scopes_add_up() {
        let text = role("", "lister", "list", "secrets")
            + &role("n", "db", "get", "secrets")
                .replace("resources: [secrets]", "resources: [secrets], resourceNames: [db]")
            + &role("n", "patcher", "patch", "secrets")
            + &binding("", "a", "ClusterRole lister", "User jane")
            + &binding("n", "b", "Role db", "User jane")
            + &binding("n", "c", "Role patcher", "Group devs");
        let readers = Readers::new(&policy(&text, Origin::Live));
        assert_eq!(
            shown(&readers.of("n", "db")),
            [
                "Group devs patch: RoleBinding n/c -> Role n/patcher patch",
                "User jane get,list: ClusterRoleBinding a -> ClusterRole lister list; RoleBinding n/b -> Role n/db get"
            ]
        );
        assert_eq!(shown(&readers.of("m", "db")), ["User jane list: ClusterRoleBinding a -> ClusterRole lister list"]);
        assert!(Arc::ptr_eq(&readers.of("n", "api"), &readers.of("n", "other")));
        let holds = readers.held_by(&Subject::user("jane"));
        let places: Vec<_> = holds.iter().map(|hold| (hold.namespace.as_deref(), hold.name.as_deref())).collect();
        assert_eq!(places, [(None, None), (Some("n"), Some("db"))]);
    }

    #[test]
    fn an_identity_reads_what_its_groups_read() {
        let text = role("", "reader", "get", "secrets")
            + &role("", "watcher", "watch", "secrets")
            + &binding("", "a", "ClusterRole reader", "Group system:authenticated")
            + &binding("n", "b", "ClusterRole watcher", "ServiceAccount n/api");
        let readers = Readers::new(&policy(&text, Origin::Live));
        let api = Identity::of(&Subject::user("system:serviceaccount:n:api"));
        assert!(readers.verbs(&api, "n", "x").iter().eq([ReadVerb::Get, ReadVerb::Watch]));
        assert!(readers.verbs(&api, "m", "x").iter().eq([ReadVerb::Get]));
        assert_eq!(readers.of("m", "x").len(), 1);
    }
}
