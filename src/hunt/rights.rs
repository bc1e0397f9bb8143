//! Rights: what objects say of who may read Secrets, and what becomes of it in a report.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::access::{Access, AccessFinding, AccessRule, Facts, Origin, Reach, ReaderList, Subject, Via};
use crate::manifest::Object;
use crate::model::{self, Finding, Fingerprint, Location, Rule, RuleId, SecretReaders};

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

/// What was seen of rights in one world: files, or a cluster.
#[derive(Debug, Default)]
pub(super) struct Rights {
    facts: Facts,
    secrets: BTreeSet<(String, String)>,
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
    /// not, and to look for pods in them takes a while.
    pub(super) fn observe(&mut self, object: &Object<'_>, refers: bool, locate: impl FnOnce() -> Location) {
        if object.is("", "Secret")
            && let Some(name) = object.name()
        {
            self.secrets.insert((object.namespace().unwrap_or_default().to_owned(), name.to_owned()));
        }
        if refers || object.group() == "rbac.authorization.k8s.io" {
            self.facts.observe(object, locate);
        }
    }

    /// The Secrets that were seen, by namespace and name.
    pub(super) fn secrets(&self) -> &BTreeSet<(String, String)> {
        &self.secrets
    }

    /// Notes that a rule is silenced at a place.
    pub(super) fn silence(&mut self, location: Location, rule: RuleId) {
        self.silenced.insert((location, rule));
    }

    /// Adds what was seen elsewhere.
    pub(super) fn merge(&mut self, other: Self) {
        self.facts.merge(other.facts);
        self.secrets.extend(other.secrets);
        self.silenced.extend(other.silenced);
    }

    /// Puts them together; nothing if there are no bindings to judge.
    pub(super) fn resolve(self, hunter: &Hunter, live: bool) -> Option<Resolved> {
        if self.facts.is_empty() {
            return None;
        }
        let origin = if live { Origin::Live } else { Origin::Manifests };
        let access = Access::new(self.facts, origin, hunter.options.server_version.filter(|_| live));
        Some(Resolved { access, secrets: self.secrets, silenced: self.silenced })
    }
}

/// Rights put together.
pub(super) struct Resolved {
    pub(super) access: Access,
    secrets: BTreeSet<(String, String)>,
    silenced: BTreeSet<(Location, RuleId)>,
}

impl Resolved {
    /// Judges them: the findings, and the readers of the Secrets that are asked for.
    pub(super) fn judge(&self, hunter: &Hunter) -> Judged {
        let rules: HashMap<AccessRule, &Arc<Rule>> =
            AccessRule::ALL.iter().copied().zip(&hunter.access_rules).collect();
        let wanted = |finding: &AccessFinding| {
            let confident = hunter.options.min_confidence.is_none_or(|least| finding.confidence >= least);
            confident && hunter.wants(&rules[&finding.rule].id)
        };
        let silenced = |finding: &AccessFinding| {
            let place = (finding.location.clone(), rules[&finding.rule].id.clone());
            hunter.options.honour_ignores && self.silenced.contains(&place)
        };
        let findings = self.access.findings().into_iter().filter(wanted);
        let (silent, told): (Vec<_>, Vec<_>) = findings.partition(silenced);
        let readers = hunter.options.readers.as_ref().map(|wanted| listed(&self.access, &self.secrets, wanted));
        Judged {
            drafts: told.into_iter().map(|finding| draft(hunter, rules[&finding.rule], finding)).collect(),
            suppressed: silent.len() as u64,
            readers: readers.unwrap_or_default(),
        }
    }
}

fn draft(hunter: &Hunter, rule: &Arc<Rule>, finding: AccessFinding) -> Draft {
    let AccessFinding { severity, confidence, message, location, notes, remediation, narrower, .. } = finding;
    let finding = Finding {
        exposure: None,
        severity: hunter.options.severities.get(&rule.id).copied().unwrap_or(severity),
        confidence,
        title: rule.title.to_string(),
        message,
        excerpt: None,
        secret: None,
        fingerprint: Fingerprint::new(&rule.id, &location, None, 0),
        related: Vec::new(),
        notes,
        remediation: Cow::Owned(remediation),
        suggestion: narrower,
        location,
        rule: Arc::clone(rule),
    };
    Draft { finding, value: None }
}

/// The readers of the Secrets that are wanted.
fn listed(access: &Access, secrets: &BTreeSet<(String, String)>, wanted: &Wanted) -> Vec<SecretReaders> {
    let mut lists = Lists::default();
    let secrets = secrets.iter().filter(|(namespace, name)| wanted.includes(namespace, name));
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

/// Who asks for a Secret, and who gets at it by another path.
fn all(access: &Access, namespace: &str, direct: &ReaderList) -> Arc<[model::Reader]> {
    let direct = direct.iter().map(|reader| {
        let verbs = reader.verbs.iter().map(|verb| verb.as_str()).collect();
        said(&reader.subject, verbs, None, &reader.via)
    });
    let indirect = access
        .reaches_of(namespace)
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
