//! Rights: what objects say of who may read Secrets, and what becomes of it in a report.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::access::{Access, AccessFinding, AccessRule, Facts, Origin, Reach, ReaderList, Subject, Via};
use crate::manifest::Object;
use crate::model::{self, Confidence, Finding, Location, Rule, RuleId, SavedReaders, SecretReaders, Severity, Skipped};

use super::audience::Opened;
use super::readership::{Charged, Readership, Secrets};
use super::site::unmasked;
use super::{Draft, Hunter};

/// Which Secrets a report tells the readers of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Every one that was seen.
    All,
    /// One, by namespace and name.
    One(String, String),
}

impl Wanted {
    fn includes(&self, namespace: &str, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::One(one, other) => one == namespace && other == name,
        }
    }
}

/// A report that was saved before, to be compared with.
#[derive(Clone, Debug)]
pub struct Before {
    /// The file, as the user named it.
    pub name: String,
    /// Who could read which Secret.
    pub readers: Arc<SavedReaders>,
}

/// What was seen of rights in one world: files, or a cluster.
#[derive(Debug, Default)]
pub(super) struct Rights {
    facts: Facts,
    secrets: Secrets,
    /// Places at which a comment or an annotation silences a rule.
    silenced: BTreeSet<(Location, RuleId)>,
}

/// What becomes of rights.
#[derive(Default)]
pub(super) struct Judged {
    pub(super) drafts: Vec<Draft>,
    pub(super) suppressed: u64,
    pub(super) readers: Vec<SecretReaders>,
}

impl Rights {
    /// Takes in an object; `locate` says where it is. `refers` tells whether it may refer to Secrets: most objects do
    /// not, and to look for pods in them takes a while. `counts` tells whether readers of single Secrets are counted.
    pub(super) fn observe(&mut self, object: &Object<'_>, refers: bool, counts: bool, locate: impl Fn() -> Location) {
        if object.is("", "Secret")
            && let Some(name) = object.name()
        {
            let secret = (object.namespace().unwrap_or_default().to_owned(), name.to_owned());
            self.see(secret, counts.then(&locate));
        }
        if refers || object.group() == "rbac.authorization.k8s.io" {
            self.facts.observe(object, locate);
        }
    }

    /// Notes a Secret. Of several manifests of it the first is where it is.
    fn see(&mut self, secret: (String, String), location: Option<Location>) {
        let known = self.secrets.entry(secret).or_insert_with(|| location.clone());
        if location < *known {
            *known = location;
        }
    }

    /// Notes that a rule is silenced at a place.
    pub(super) fn silence(&mut self, location: Location, rule: RuleId) {
        self.silenced.insert((location, rule));
    }

    /// Adds what was seen elsewhere.
    pub(super) fn merge(&mut self, other: Self) {
        self.facts.merge(other.facts);
        other.secrets.into_iter().for_each(|(secret, location)| self.see(secret, location));
        self.silenced.extend(other.silenced);
    }

    /// Puts them together; nothing if there is nothing to judge.
    pub(super) fn resolve(self, hunter: &Hunter, live: bool) -> Option<Resolved> {
        // Without bindings nobody reads anything, which is worth saying where it was asked.
        let nothing = self.facts.is_empty() && (!live || self.secrets.is_empty());
        if nothing && hunter.options.readers.is_none() {
            return None;
        }
        let origin = if live { Origin::Live } else { Origin::Manifests };
        let access = Access::new(self.facts, origin, hunter.options.server_version.filter(|_| live));
        let certain = live && hunter.census().is_some_and(|census| !census.is_partial());
        let access = match certain {
            true => access.populated(self.secrets.keys().map(|(namespace, _)| namespace.clone()).collect()),
            false => access,
        };
        Some(Resolved { access, secrets: self.secrets, silenced: self.silenced })
    }
}

/// Rights put together.
pub(in crate::hunt) struct Resolved {
    pub(super) access: Access,
    secrets: Secrets,
    silenced: BTreeSet<(Location, RuleId)>,
}

impl Resolved {
    /// Whether a Secret was seen.
    pub(super) fn has(&self, namespace: &str, name: &str) -> bool {
        self.secrets.contains_key(&(namespace.to_owned(), name.to_owned()))
    }

    /// Judges them: the findings, and the readers of the Secrets that are asked for. `opened` are bindings that show
    /// credentials to crowds.
    pub(super) fn judge(&self, hunter: &Hunter, opened: Vec<Opened>) -> Judged {
        let access = &self.access;
        let mut telling = Telling::new(hunter, &self.silenced);
        let mut drafts = Vec::new();
        for finding in access.findings() {
            if telling.tells(finding.rule, finding.confidence, &finding.location) {
                drafts.push(telling.draft(finding));
            }
        }
        for Opened { location, message } in opened {
            if telling.tells(AccessRule::CredentialReadersEveryone, Confidence::High, &location) {
                let weight = (Severity::High, Confidence::High);
                let finding = telling.finding(AccessRule::CredentialReadersEveryone, weight, message, location);
                drafts.push(Draft { finding, value: None });
            }
        }
        if hunter.options.counts_readers() {
            let saved = hunter.options.before.as_ref().map(|before| &*before.readers);
            let readership = Readership::new(access, &hunter.options.limits, saved);
            let charged = readership.of(&self.secrets, |rule, confidence, at| telling.tells(rule, confidence, at));
            drafts.extend(charged.into_iter().map(|charged| telling.charge(charged)));
        }
        let readers = hunter.options.readers.as_ref().map(|wanted| listed(access, &self.secrets, wanted));
        Judged { drafts, suppressed: telling.suppressed, readers: readers.unwrap_or_default() }
    }
}

/// Makes drafts of what is wanted and not silenced.
struct Telling<'t> {
    hunter: &'t Hunter,
    rules: HashMap<AccessRule, &'t Arc<Rule>>,
    silenced: &'t BTreeSet<(Location, RuleId)>,
    suppressed: u64,
}

impl<'t> Telling<'t> {
    fn new(hunter: &'t Hunter, silenced: &'t BTreeSet<(Location, RuleId)>) -> Self {
        let rules = AccessRule::ALL.iter().copied().zip(&hunter.access_rules).collect();
        Self { hunter, rules, silenced, suppressed: 0 }
    }

    /// Whether a finding is told; counts it if it is silenced.
    fn tells(&mut self, rule: AccessRule, confidence: Confidence, location: &Location) -> bool {
        let (options, id) = (&self.hunter.options, &self.rules[&rule].id);
        if !self.hunter.wants(id) || options.min_confidence.is_some_and(|least| confidence < least) {
            return false;
        }
        let silenced = options.honour_ignores && self.silenced.contains(&(location.clone(), id.clone()));
        self.suppressed += u64::from(silenced);
        !silenced
    }

    fn draft(&self, finding: AccessFinding) -> Draft {
        let AccessFinding { severity, confidence, message, location, notes, remediation, narrower, .. } = finding;
        let plain = self.finding(finding.rule, (severity, confidence), message, location);
        let notes = notes.iter().map(|note| unmasked(note)).collect();
        let remediation = Cow::Owned(unmasked(&remediation));
        let finding = Finding { notes, remediation, suggestion: narrower, ..plain };
        Draft { finding, value: None }
    }

    fn charge(&self, charged: Charged<'_>) -> Draft {
        let (weight, message) = ((charged.severity(), charged.confidence()), charged.message());
        let (rule, notes) = (charged.rule(), charged.notes());
        Draft { finding: Finding { notes, ..self.finding(rule, weight, message, charged.location) }, value: None }
    }

    /// A finding with the advice of its rule.
    fn finding(
        &self,
        rule: AccessRule,
        weight: (Severity, Confidence),
        message: String,
        location: Location,
    ) -> Finding {
        self.hunter.finding(self.rules[&rule], weight, unmasked(&message), location)
    }
}

/// What was to be counted or compared and was not there: limits of Secrets that were not seen, and Secrets that the
/// saved report does not have.
pub(super) fn uncounted(hunter: &Hunter, worlds: [&Rights; 2]) -> Vec<Skipped> {
    if !hunter.options.counts_readers() {
        return Vec::new();
    }
    let secrets: BTreeSet<&(String, String)> = worlds.iter().flat_map(|rights| rights.secrets.keys()).collect();
    // Where there is no Secret at all, nobody looked for them.
    if secrets.is_empty() {
        return Vec::new();
    }
    let idle = hunter.options.limits.idle(secrets.iter().copied()).into_iter().map(|(place, title)| {
        let reason = format!("max-readers names {title}");
        Skipped { place, reason, unread: false }
    });
    let new = hunter.options.before.as_ref().and_then(|before| {
        let new: Vec<_> =
            secrets.iter().filter(|(namespace, name)| before.readers.of(namespace, name).is_none()).collect();
        let (namespace, name) = new.first()?;
        let title = if namespace.is_empty() { name.clone() } else { format!("{namespace}/{name}") };
        let title = unmasked(&title);
        let reason = match new.len() {
            1 => format!("does not have Secret {title}: its readers were not compared"),
            more => format!("does not have {more} Secrets, {title} the first: their readers were not compared"),
        };
        Some(Skipped { place: before.name.clone(), reason, unread: false })
    });
    idle.chain(new).collect()
}

/// The readers of the Secrets that are wanted.
fn listed(access: &Access, secrets: &Secrets, wanted: &Wanted) -> Vec<SecretReaders> {
    let mut lists = Lists::default();
    let secrets = secrets.keys().filter(|(namespace, name)| wanted.includes(namespace, name));
    secrets
        .map(|(namespace, name)| SecretReaders {
            namespace: Some(namespace.clone()).filter(|namespace| !namespace.is_empty()),
            name: name.clone(),
            readers: lists.of(access, namespace, name),
        })
        .collect()
}

/// Lists of readers that were made already, by namespace and address: most Secrets of a namespace have the same.
#[derive(Default)]
struct Lists(HashMap<(String, usize), Made>);

/// What was made of a list, which is kept too, so that its address is not given to another one.
struct Made {
    _direct: ReaderList,
    readers: Arc<[model::Reader]>,
}

impl Lists {
    fn of(&mut self, access: &Access, namespace: &str, name: &str) -> Arc<[model::Reader]> {
        let direct = access.readers_of(namespace, name);
        let key = (namespace.to_owned(), Arc::as_ptr(&direct).cast::<()>() as usize);
        let made = self.0.entry(key).or_insert_with(|| {
            let readers = all(access, namespace, &direct);
            Made { _direct: direct, readers }
        });
        Arc::clone(&made.readers)
    }
}

/// Who asks for a Secret, and who gets at it by another path. No authorizer is asked about the masters of the system, so
/// that a binding names them says nothing.
fn all(access: &Access, namespace: &str, direct: &ReaderList) -> Arc<[model::Reader]> {
    let named = direct.iter().filter(|reader| !reader.subject.is_masters());
    let direct = named.map(|reader| {
        let verbs = reader.verbs.iter().map(|verb| verb.as_str()).collect();
        said(&reader.subject, verbs, None, &reader.via)
    });
    let indirect = access
        .reaches_of(namespace)
        .filter(|reach| !reach.subject.is_masters())
        .map(|reach: &Arc<Reach>| said(&reach.subject, Vec::new(), Some(reach.path.name), &reach.via));
    let mut readers: Vec<model::Reader> = direct.chain(indirect).collect();
    readers.sort_by(|a, b| (a.kind, &a.namespace, &a.name, a.path).cmp(&(b.kind, &b.namespace, &b.name, b.path)));
    readers.into()
}

fn said(subject: &Subject, verbs: Vec<&'static str>, path: Option<&'static str>, via: &[Via]) -> model::Reader {
    let via = via.iter().map(|via| model::Via {
        binding: Arc::clone(&via.binding),
        role: Arc::clone(&via.role),
        verbs: via.verbs.iter().map(|verb| verb.as_str()).collect(),
    });
    model::Reader {
        kind: subject.kind(),
        namespace: subject.namespace().map(unmasked),
        name: unmasked(subject.name()),
        verbs,
        path,
        via: via.collect(),
    }
}
