//! Who sees a credential of a cluster where it lies.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::access::{Access, Onlookers, Onlooking, Subject};
use crate::model::{Class, Finding, Location, ObjectRef};

use super::{Draft, Hunter};

/// Subjects that a note names.
const MOST_NAMED: usize = 3;

/// The plural names under which a server lists kinds, by API version and kind.
pub(super) type Plurals = BTreeMap<(String, String), String>;

/// A binding that shows credentials to a crowd.
pub(super) struct Opened {
    /// Where the binding is.
    pub(super) location: Location,
    pub(super) message: String,
}

/// Who of a crowd reads how many objects through a binding.
#[derive(Default)]
struct Crowd {
    subjects: BTreeSet<Subject>,
    objects: BTreeSet<ObjectRef>,
}

/// Weighs each credential of a cluster by who may read its place and no Secrets, and gives back the bindings that let
/// crowds in. Where some bindings could not be read nobody is known to be left out, so that `complete` decides whether
/// anything becomes better.
pub(super) fn weigh(
    hunter: &Hunter,
    drafts: &mut [Draft],
    access: &Access,
    plurals: &Plurals,
    complete: bool,
) -> Vec<Opened> {
    let mut onlookers: HashMap<(String, String), Onlookers<'_>> = HashMap::new();
    let mut crowds: BTreeMap<Arc<str>, Crowd> = BTreeMap::new();
    for finding in drafts.iter_mut().map(|draft| &mut draft.finding).filter(|finding| is_live_credential(finding)) {
        let Some(object) = finding.location.object.clone() else { continue };
        let Some(plural) = plurals.get(&(object.api_version.clone(), object.kind.clone())) else { continue };
        let group = object.api_version.rsplit_once('/').map_or("", |(group, _)| group);
        let key = (group.to_owned(), plural.clone());
        let of_kind = onlookers.entry(key).or_insert_with(|| Onlookers::new(access, group, plural));
        let looking = of_kind.of(object.namespace.as_deref(), object.name.as_deref().unwrap_or_default());
        // What the user says of a rule's severity holds everywhere.
        let settled = hunter.options.severities.contains_key(&finding.rule.id);
        if !settled && (looking.steps >= 0 || complete) {
            finding.severity = finding.severity.shifted(looking.steps);
        }
        finding.notes.extend(note(&looking, complete));
        for reader in looking.readers.iter().filter(|reader| reader.subject.is_crowd()) {
            for via in &reader.via {
                let crowd = crowds.entry(Arc::clone(&via.binding)).or_default();
                crowd.subjects.insert(reader.subject.clone());
                crowd.objects.insert(ObjectRef { field: String::new(), ..object.clone() });
            }
        }
    }
    crowds.into_iter().filter_map(|(binding, crowd)| opened(access, &binding, &crowd)).collect()
}

fn opened(access: &Access, binding: &str, crowd: &Crowd) -> Option<Opened> {
    let subjects: Vec<String> = crowd.subjects.iter().map(ToString::to_string).collect();
    let objects = match crowd.objects.len() {
        1 => "an object".to_owned(),
        number => format!("{number} objects"),
    };
    let message = format!("{binding} lets {} read {objects} in which credentials were found", subjects.join(" and "));
    Some(Opened { location: access.place_of(binding)?.clone(), message })
}

fn is_live_credential(finding: &Finding) -> bool {
    finding.class() == Class::Credential && finding.location.path.is_none()
}

fn note(looking: &Onlooking, complete: bool) -> Option<String> {
    if looking.readers.is_empty() {
        let better = looking.steps < 0 && complete;
        return better.then(|| "who may read this may read the Secrets beside it".to_owned());
    }
    let mut words: Vec<String> =
        looking.readers.iter().take(MOST_NAMED).map(|reader| reader.subject.to_string()).collect();
    let more = looking.readers.len().saturating_sub(MOST_NAMED);
    words.extend((more > 0).then(|| format!("{more} more")));
    Some(format!("also readable without any right to Secrets: {}", words.join(", ")))
}
