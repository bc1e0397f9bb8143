//! Who can read each Secret, counted: against a limit, and against a report that was saved before.
//!
//! A subject counts that a binding names, once, whether it asks for the Secret or gets there by another path. It does
//! not when Kubernetes' own bindings let it in any cluster, and paths of low confidence do not count: they show some
//! Secret in some cluster. Most Secrets share their lists of readers, and what is said of a list is worked out once.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crate::access::{Access, AccessRule, Identity, PATHS, Reach, Reader, ReaderList, Subject, Via};
use crate::model::{Confidence, Location, SavedReader, SavedReaders, Severity};

use super::limits::Limits;
use super::site::unmasked;

/// Subjects that a finding names.
const NAMED: usize = 5;

/// Paths, bindings and Secrets that a note names.
const LISTED: usize = 3;

/// Most Secrets of a namespace that are told one by one when the same is to be said of them.
const APART: usize = 3;

/// Secrets by namespace and name, and where they are.
pub(super) type Secrets = BTreeMap<(String, String), Option<Location>>;

/// One of them.
type Placed<'s> = (&'s (String, String), &'s Option<Location>);

/// Somebody who can read a Secret, and how.
struct Counted<'c> {
    subject: &'c Subject,
    direct: Option<&'c Reader>,
    reaches: &'c [&'c Reach],
}

impl Counted<'_> {
    fn is_accepted(&self) -> bool {
        self.direct.is_some_and(Reader::is_accepted) || self.reaches.iter().any(|reach| reach.is_accepted())
    }

    fn confidence(&self) -> Confidence {
        let surest = self.reaches.iter().map(|reach| reach.path.confidence).max().unwrap_or(Confidence::Low);
        if self.direct.is_some() { Confidence::High } else { surest }
    }

    /// `Group dev: get and list, through RoleBinding prod/dev of ClusterRole edit`. Whoever asks for a Secret needs no
    /// other path.
    fn sentence(&self) -> String {
        let (how, via): (Vec<&str>, Vec<&Via>) = match self.direct {
            Some(reader) => (reader.verbs.iter().map(|verb| verb.as_str()).collect(), reader.via.iter().collect()),
            None => (
                self.reaches.iter().map(|reach| reach.path.name).collect(),
                self.reaches.iter().flat_map(|reach| &reach.via).collect(),
            ),
        };
        let via: BTreeSet<String> = via.iter().map(|via| format!("{} of {}", via.binding, via.role)).collect();
        let via: Vec<&String> = via.iter().collect();
        let most = if self.direct.is_some() { how.len() } else { LISTED };
        let (how, via) = (listed(&how, most, how.len()), listed(&via, LISTED, via.len()));
        format!("{}: {how}, through {via}", self.subject)
    }
}

/// `a`, `a and b`, `a, b and 2 more`: the first words of so many.
fn listed<W: AsRef<str>>(words: &[W], most: usize, all: usize) -> String {
    let shown = words.len().min(most);
    let more = (all > shown).then(|| format!("{} more", all - shown));
    let words: Vec<&str> = words[..shown].iter().map(AsRef::as_ref).chain(more.as_deref()).collect();
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, words)) => format!("{} and {last}", words.join(", ")),
        None => String::new(),
    }
}

/// What is to be said of a Secret, and of every other with the same readers.
#[derive(PartialEq, Eq, Hash)]
struct Charge {
    rule: AccessRule,
    severity: Severity,
    confidence: Confidence,
    /// How many may read it, where that is what is wrong.
    allowed: Option<usize>,
    many: usize,
    /// Tells those subjects from others. They are not kept: there may be as many for each Secret as there are at all.
    who: u64,
    /// `User ann, User bob and 4 more`.
    names: String,
    /// How the first of them get there.
    notes: Vec<String>,
}

/// A charge with the Secrets of one namespace that it is about.
pub(super) struct Charged<'c> {
    charge: Arc<Charge>,
    secrets: Vec<&'c (String, String)>,
    /// Where the first of them is.
    pub(super) location: Location,
}

impl Charged<'_> {
    pub(super) fn rule(&self) -> AccessRule {
        self.charge.rule
    }

    pub(super) fn severity(&self) -> Severity {
        self.charge.severity
    }

    pub(super) fn confidence(&self) -> Confidence {
        self.charge.confidence
    }

    pub(super) fn message(&self) -> String {
        unmasked(&self.charge.message(&self.secrets))
    }

    pub(super) fn notes(&self) -> Vec<String> {
        self.charge.notes(&self.secrets).iter().map(|note| unmasked(note)).collect()
    }
}

impl Charge {
    /// Of the subjects of whom more than `allowed` are too many.
    fn new(rule: AccessRule, allowed: Option<usize>, mut counted: Vec<&Counted<'_>>) -> Self {
        // Whoever reads for sure comes first, and it is as sure that there are too many as the first of those is.
        counted.sort_by_key(|one| (Reverse(one.confidence()), !one.subject.is_crowd(), one.subject));
        let names: Vec<String> = counted.iter().take(LISTED).map(|one| one.subject.to_string()).collect();
        let mut hasher = DefaultHasher::new();
        counted.iter().for_each(|one| one.subject.hash(&mut hasher));
        let crowd = allowed.is_none() && counted.iter().any(|one| one.subject.is_crowd());
        Self {
            rule,
            severity: if crowd { Severity::High } else { Severity::Medium },
            confidence: counted.get(allowed.unwrap_or(0)).map_or(Confidence::Low, |one| one.confidence()),
            allowed,
            many: counted.len(),
            who: hasher.finish(),
            names: listed(&names, LISTED, counted.len()),
            notes: counted.iter().take(NAMED).map(|one| one.sentence()).collect(),
        }
    }

    fn message(&self, secrets: &[&(String, String)]) -> String {
        let (namespace, name) = secrets[0];
        let secrets = match (namespace.as_str(), secrets.len()) {
            ("", 1) => format!("Secret {name}"),
            (_, 1) => format!("Secret {namespace}/{name}"),
            ("", more) => format!("each of {more} Secrets without a namespace"),
            (_, more) => format!("each of {more} Secrets of namespace {namespace}"),
        };
        let many = self.many;
        let subjects = if many == 1 { "subject" } else { "subjects" };
        match self.allowed {
            None => format!("this change lets {many} more {subjects} read {secrets}: {}", self.names),
            Some(1) => format!("{many} {subjects} can read {secrets}, 1 is allowed"),
            Some(0) => format!("{many} {subjects} can read {secrets}, none is allowed"),
            Some(allowed) => format!("{many} {subjects} can read {secrets}, {allowed} are allowed"),
        }
    }

    fn notes(&self, secrets: &[&(String, String)]) -> Vec<String> {
        let mut notes = self.notes.clone();
        let more = self.many.saturating_sub(NAMED);
        if more > 0 {
            let (namespace, name) = secrets[0];
            notes.push(format!("and {more} more: --readers={namespace}/{name} names every reader"));
        }
        if secrets.len() > 1 {
            let names: Vec<&str> = secrets.iter().map(|(_, name)| name.as_str()).collect();
            notes.push(format!("the Secrets are {}", listed(&names, LISTED, names.len())));
        }
        notes
    }
}

/// What a charge is made of: the rule, the namespace, the list of readers, the limit or the list of readers before.
/// The lists by their addresses.
type Cause = (AccessRule, String, usize, usize);

/// Counts the readers of Secrets in one world.
pub(super) struct Readership<'c> {
    access: &'c Access,
    limits: &'c Limits,
    saved: Option<&'c SavedReaders>,
    charges: HashMap<Cause, Option<Arc<Charge>>>,
    /// Each once, so that equal ones have one address.
    known: HashSet<Arc<Charge>>,
    /// The paths to the Secrets of a namespace, sorted by subject.
    indirect: HashMap<String, Arc<[&'c Reach]>>,
}

impl<'c> Readership<'c> {
    pub(super) fn new(access: &'c Access, limits: &'c Limits, saved: Option<&'c SavedReaders>) -> Self {
        Self { access, limits, saved, charges: HashMap::new(), known: HashSet::new(), indirect: HashMap::new() }
    }

    /// What there is to say of the Secrets, in their order. `is_told` is asked of each at its place.
    pub(super) fn of<'s>(
        mut self,
        secrets: &'s Secrets,
        mut is_told: impl FnMut(AccessRule, Confidence, &Location) -> bool,
    ) -> Vec<Charged<'s>> {
        let mut groups: Vec<(Arc<Charge>, Vec<Placed<'_>>)> = Vec::new();
        let mut places: HashMap<(&str, usize), usize> = HashMap::new();
        for (secret, location) in secrets {
            for charge in self.charges(&secret.0, &secret.1) {
                let told = location.as_ref().is_none_or(|location| is_told(charge.rule, charge.confidence, location));
                if told {
                    let place = *places.entry((&secret.0, address(&charge))).or_insert(groups.len());
                    if place == groups.len() {
                        groups.push((charge, Vec::new()));
                    }
                    groups[place].1.push((secret, location));
                }
            }
        }
        groups.into_iter().flat_map(|(charge, secrets)| gathered(&charge, &secrets)).collect()
    }

    fn charges(&mut self, namespace: &str, name: &str) -> Vec<Arc<Charge>> {
        let direct = self.access.readers_of(namespace, name);
        let mut charges = Vec::new();
        if let Some(most) = self.limits.of(namespace, name) {
            let cause = (AccessRule::TooManyReaders, namespace.to_owned(), address(&direct), most);
            charges.extend(self.charge(cause, &direct, |counted| too_many(counted, most)));
        }
        if let Some(before) = self.saved.and_then(|saved| saved.of(namespace, name)) {
            let cause = (AccessRule::NewSecretReader, namespace.to_owned(), address(&direct), address(before));
            charges.extend(self.charge(cause, &direct, |counted| new(counted, before)));
        }
        charges
    }

    fn charge(
        &mut self,
        cause: Cause,
        direct: &ReaderList,
        judge: impl FnOnce(&[Counted<'_>]) -> Option<Charge>,
    ) -> Option<Arc<Charge>> {
        // A list made for this Secret alone is gone afterwards, and another one may have its address.
        let shared = Arc::strong_count(direct) > 1;
        if let Some(known) = self.charges.get(&cause).filter(|_| shared) {
            return known.clone();
        }
        let indirect = self.indirect(&cause.1);
        let charge = judge(&counted(direct, &indirect)).map(|charge| self.only(charge));
        if shared {
            self.charges.insert(cause, charge.clone());
        }
        charge
    }

    fn only(&mut self, charge: Charge) -> Arc<Charge> {
        let charge = Arc::new(charge);
        let known = self.known.get(&charge).cloned().unwrap_or(charge);
        self.known.insert(Arc::clone(&known));
        known
    }

    fn indirect(&mut self, namespace: &str) -> Arc<[&'c Reach]> {
        if let Some(known) = self.indirect.get(namespace) {
            return Arc::clone(known);
        }
        let sure = |reach: &&Reach| reach.path.confidence > Confidence::Low;
        let reaches: Arc<[&Reach]> = self.access.reaches_of(namespace).map(AsRef::as_ref).filter(sure).collect();
        self.indirect.insert(namespace.to_owned(), Arc::clone(&reaches));
        reaches
    }
}

fn address<T: ?Sized>(shared: &Arc<T>) -> usize {
    Arc::as_ptr(shared).cast::<()>() as usize
}

/// A charge of each Secret, or one of all of them when there are many.
fn gathered<'s>(charge: &Arc<Charge>, secrets: &[Placed<'s>]) -> Vec<Charged<'s>> {
    let size = if secrets.len() > APART { secrets.len() } else { 1 };
    let charged = |secrets: &[Placed<'s>]| Charged {
        charge: Arc::clone(charge),
        secrets: secrets.iter().map(|(secret, _)| *secret).collect(),
        location: secrets[0].1.clone().unwrap_or_default(),
    };
    secrets.chunks(size).map(charged).collect()
}

/// Who asks for a Secret and who gets there by another path, each once and sorted.
fn counted<'c>(direct: &'c ReaderList, indirect: &'c [&'c Reach]) -> Vec<Counted<'c>> {
    let asking = direct.iter().map(|reader| Counted { subject: &reader.subject, direct: Some(reader), reaches: &[] });
    let others = indirect.chunk_by(|a, b| a.subject == b.subject).map(|reaches| Counted {
        subject: &reaches[0].subject,
        direct: None,
        reaches,
    });
    let mut all: Vec<Counted<'c>> = asking.chain(others).collect();
    all.sort_by(|a, b| a.subject.cmp(b.subject));
    all.dedup_by(|next, kept| {
        let same = next.subject == kept.subject;
        if same {
            kept.direct = kept.direct.or(next.direct);
            kept.reaches = if kept.reaches.is_empty() { next.reaches } else { kept.reaches };
        }
        same
    });
    all
}

fn too_many(counted: &[Counted<'_>], most: usize) -> Option<Charge> {
    let readers: Vec<_> = counted.iter().filter(|one| !one.is_accepted()).collect();
    (readers.len() > most).then(|| Charge::new(AccessRule::TooManyReaders, Some(most), readers))
}

/// Who could not read before, neither itself nor by a group that it is in by being what it is.
fn new(counted: &[Counted<'_>], before: &[SavedReader]) -> Option<Charge> {
    let before: HashSet<(&str, Option<&str>, &str)> = before
        .iter()
        .filter(|reader| is_sure(reader))
        .map(|reader| (reader.kind.as_str(), reader.namespace.as_deref(), reader.name.as_str()))
        .collect();
    let known = |subject: &Subject| {
        let (namespace, name) = (subject.namespace().map(unmasked), unmasked(subject.name()));
        before.contains(&(subject.kind(), namespace.as_deref(), &name))
    };
    let is_new = |one: &&Counted<'_>| {
        !one.is_accepted() && !known(one.subject) && !Identity::of(one.subject).principals().iter().any(known)
    };
    let readers: Vec<_> = counted.iter().filter(is_new).collect();
    (!readers.is_empty()).then(|| Charge::new(AccessRule::NewSecretReader, None, readers))
}

/// Whether somebody could read by that way. A path that is not known any more is taken for one.
fn is_sure(reader: &SavedReader) -> bool {
    let known = reader.path.as_deref().and_then(|name| PATHS.iter().find(|path| path.name == name));
    known.is_none_or(|path| path.confidence > Confidence::Low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Facts, Origin};
    use crate::hunt::Limited;
    use crate::manifest::{Object, documents};

    /// A role of namespace n, and a binding of it.
    fn rights(name: &str, resource: &str, verb: &str, subjects: &str) -> String {
        format!(
            "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: {name}, namespace: n}}\n\
             rules: [{{apiGroups: [''], resources: [{resource}], verbs: [{verb}]}}]\n\
             ---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {{name: {name}, namespace: n}}\n\
             roleRef: {{kind: Role, name: {name}}}\nsubjects: [{subjects}]\n"
        )
    }

    fn access(text: &str) -> Access {
        let mut facts = Facts::default();
        for tree in documents(text) {
            let tree = tree.unwrap();
            Object::all(&tree).iter().for_each(|object| facts.observe(object, Location::default));
        }
        Access::new(facts, Origin::Live, None)
    }

    fn users(names: &[&str]) -> String {
        names.iter().map(|name| format!("{{kind: User, name: {name}}}")).collect::<Vec<_>>().join(", ")
    }

    fn secrets(names: &[&str]) -> Secrets {
        names.iter().map(|name| (("n".to_owned(), (*name).to_owned()), Some(Location::default()))).collect()
    }

    fn limits(most: usize) -> Limits {
        let mut limits = Limits::default();
        limits.set(Limited::All, most, None);
        limits
    }

    fn saved(names: &[&str], readers: &[(&str, &str, Option<&str>)]) -> SavedReaders {
        let mut saved = SavedReaders::default();
        let reader = |(kind, name, path): &(&str, &str, Option<&str>)| SavedReader {
            kind: (*kind).to_owned(),
            namespace: (*kind == "ServiceAccount").then(|| "n".to_owned()),
            name: (*name).to_owned(),
            path: path.map(str::to_owned),
        };
        let readers: Arc<[SavedReader]> = readers.iter().map(reader).collect();
        names.iter().for_each(|name| saved.add("n".to_owned(), (*name).to_owned(), Arc::clone(&readers)));
        saved
    }

    /// Severity and message of each, with the notes of the last.
    fn said(text: &str, limits: &Limits, saved: Option<&SavedReaders>, names: &[&str]) -> (Vec<String>, Vec<String>) {
        let (access, secrets) = (access(text), secrets(names));
        let charged = Readership::new(&access, limits, saved).of(&secrets, |_, _, _| true);
        let notes = charged.last().map(Charged::notes).unwrap_or_default();
        (charged.iter().map(|one| format!("{} {}", one.severity(), one.message())).collect(), notes)
    }

    #[test]
    fn subjects_count_once_however_they_get_there() {
        let text = rights("read", "secrets", "get", &users(&["ann", "bob"]))
            + &rights("enter", "pods/exec", "create", &users(&["bob", "cid"]))
            + &rights("forward", "pods/portforward", "create", &users(&["dan"]));
        let over = |most| said(&text, &limits(most), None, &["db"]);
        assert_eq!(over(3).0, [""; 0]);
        let (messages, notes) = over(2);
        assert_eq!(messages, ["medium 3 subjects can read Secret n/db, 2 are allowed"]);
        assert_eq!(
            notes,
            [
                "User ann: get, through RoleBinding n/read of Role n/read",
                "User bob: get, through RoleBinding n/read of Role n/read",
                "User cid: exec, through RoleBinding n/enter of Role n/enter"
            ]
        );
        assert_eq!(over(0).0, ["medium 3 subjects can read Secret n/db, none is allowed"]);
    }

    #[test]
    fn what_every_cluster_has_does_not_count() {
        let text = rights("read", "secrets", "get", &users(&["ann"]))
            .replace("subjects: [", "subjects: [{kind: Group, name: 'system:masters'}, {kind: Group, name: devs}, ");
        assert_eq!(said(&text, &limits(1), None, &["db"]).0.len(), 1);
        assert_eq!(said(&text, &limits(2), None, &["db"]).0, [""; 0]);
        let before = saved(&["db"], &[("User", "ann", None), ("Group", "devs", None)]);
        assert_eq!(said(&text, &Limits::default(), Some(&before), &["db"]).0, [""; 0]);
    }

    #[test]
    fn only_who_could_not_read_before_is_new() {
        let text = rights("read", "secrets", "patch", &users(&["ann", "bob", "cid"]))
            + &rights("robots", "secrets", "get", "{kind: ServiceAccount, name: robot}");
        let new = |before: &[(&str, &str, Option<&str>)]| {
            said(&text, &Limits::default(), Some(&saved(&["db"], before)), &["db"]).0
        };
        let robots = ("Group", "system:serviceaccounts:n", None);
        let people = [("User", "ann", None), ("User", "bob", Some("exec")), robots];
        // By a path before and by asking now, by its group before and by itself now.
        assert_eq!(new(&people), ["medium this change lets 1 more subject read Secret n/db: User cid"]);
        assert_eq!(new(&[("Group", "system:authenticated", None)]), [""; 0]);
        // Such a path shows some Secret in some cluster.
        let forward = ("User", "cid", Some("port-forward"));
        assert_eq!(new(&[people[0], people[1], robots, forward]).len(), 1);
        assert_eq!(new(&[people[0], people[1], robots, ("User", "cid", Some("of-another-version"))]), [""; 0]);
        assert_eq!(
            new(&[]),
            [
                "medium this change lets 4 more subjects read Secret n/db: ServiceAccount n/robot, User ann, User bob and 1 more"
            ]
        );
        assert_eq!(said(&text, &Limits::default(), Some(&saved(&[], &[])), &["db"]).0, [""; 0]);
    }

    #[test]
    fn everybody_is_worse_than_somebody() {
        for group in ["system:unauthenticated", "system:authenticated", "system:serviceaccounts"] {
            let text = rights("read", "secrets", "get", &format!("{{kind: Group, name: '{group}'}}"));
            let (messages, _) = said(&text, &Limits::default(), Some(&saved(&["db"], &[])), &["db"]);
            assert_eq!(messages, [format!("high this change lets 1 more subject read Secret n/db: Group {group}")]);
        }
    }

    #[test]
    fn many_secrets_with_the_same_readers_are_told_together() {
        let few: Vec<&str> = ["ann", "bob", "cid", "dan", "eve", "flo", "gus"].to_vec();
        let names = ["a", "b", "c", "d", "e"];
        let text = rights("read", "secrets", "get", &users(&few));
        let (messages, notes) = said(&text, &limits(1), Some(&saved(&names, &[])), &names);
        assert_eq!(
            messages,
            [
                "medium 7 subjects can read each of 5 Secrets of namespace n, 1 is allowed",
                "medium this change lets 7 more subjects read each of 5 Secrets of namespace n: User ann, User bob, User cid \
                 and 4 more"
            ]
        );
        assert_eq!(notes[5..], ["and 2 more: --readers=n/a names every reader", "the Secrets are a, b, c and 2 more"]);
        assert_eq!(said(&text, &limits(1), None, &names[..3]).0.len(), 3);
        // A rule that names Secrets makes lists of their own, which are equal all the same.
        let named = text.replace("secrets]", "secrets], resourceNames: [a, b, c, d]");
        let (messages, _) = said(&named, &limits(1), None, &names);
        assert_eq!(messages, ["medium 7 subjects can read each of 4 Secrets of namespace n, 1 is allowed"]);
    }

    #[test]
    fn a_list_is_counted_once_for_all_who_share_it() {
        let text = rights("read", "secrets", "get", &users(&["ann", "bob"]));
        let names: Vec<String> = (0..500).map(|number| format!("s{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (access, limits, saved) = (access(&text), limits(1), saved(&names, &[]));
        let mut readership = Readership::new(&access, &limits, Some(&saved));
        names.iter().for_each(|name| assert_eq!(readership.charges("n", name).len(), 2));
        assert_eq!((readership.charges.len(), readership.known.len(), readership.indirect.len()), (2, 2, 1));
    }

    #[test]
    fn it_is_as_sure_as_the_reader_who_is_too_many() {
        let text = rights("read", "secrets", "get", &users(&["zoe"]))
            + &rights("push", "pushsecrets", "create", &users(&["ann"]))
                .replace("apiGroups: ['']", "apiGroups: [external-secrets.io]");
        let (access, secrets) = (access(&text), secrets(&["db"]));
        let sure = |most| Readership::new(&access, &limits(most), None).of(&secrets, |_, _, _| true)[0].confidence();
        assert_eq!((sure(0), sure(1)), (Confidence::High, Confidence::Medium));
    }
}
