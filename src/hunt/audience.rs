//! Who sees a credential of a cluster where it lies.

use std::collections::{BTreeMap, HashMap};

use crate::access::{Access, Onlookers, Onlooking};
use crate::model::{Class, Finding, ObjectRef};

use super::{Draft, Hunter};

/// Subjects that a note names.
const MOST_NAMED: usize = 3;

/// The plural names under which a server lists kinds, by API version and kind.
pub(super) type Plurals = BTreeMap<(String, String), String>;

/// Weighs each credential of a cluster by who may read its place and no Secrets. Where some bindings could not be read
/// nobody is known to be left out, so that `complete` decides whether anything becomes better.
pub(super) fn weigh(hunter: &Hunter, drafts: &mut [Draft], access: &Access, plurals: &Plurals, complete: bool) {
    let mut onlookers: HashMap<(String, String), Onlookers<'_>> = HashMap::new();
    for finding in drafts.iter_mut().map(|draft| &mut draft.finding).filter(|finding| is_live_credential(finding)) {
        let Some(object) = finding.location.object.clone() else { continue };
        let ObjectRef { api_version, kind, namespace, name, .. } = object;
        let Some(plural) = plurals.get(&(api_version.clone(), kind)) else { continue };
        let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
        let key = (group.to_owned(), plural.clone());
        let of_kind = onlookers.entry(key).or_insert_with(|| Onlookers::new(access, group, plural));
        let looking = of_kind.of(namespace.as_deref(), &name.unwrap_or_default());
        // What the user says of a rule's severity holds everywhere.
        let settled = hunter.options.severities.contains_key(&finding.rule.id);
        if !settled && (looking.steps >= 0 || complete) {
            finding.severity = finding.severity.shifted(looking.steps);
        }
        finding.notes.extend(note(&looking, complete));
    }
}

fn is_live_credential(finding: &Finding) -> bool {
    finding.class() == Class::Credential && finding.location.path.is_none()
}

fn note(looking: &Onlooking, complete: bool) -> Option<String> {
    if looking.subjects.is_empty() {
        let better = looking.steps < 0 && complete;
        return better.then(|| "who may read this may read the Secrets beside it".to_owned());
    }
    let mut words: Vec<String> = looking.subjects.iter().take(MOST_NAMED).map(ToString::to_string).collect();
    let more = looking.subjects.len().saturating_sub(MOST_NAMED);
    words.extend((more > 0).then(|| format!("{more} more")));
    Some(format!("also readable without any right to Secrets: {}", words.join(", ")))
}
