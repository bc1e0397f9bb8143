//! What objects were seen to use, held against the census.

use std::collections::HashSet;

use crate::hunt::rights::Resolved;
use crate::hunt::{Coverage, Draft, Hunter};
use crate::manifest::Object;
use crate::model::{Location, ObjectRef, Related, Skipped};

use super::dangling::{Dangling, Missing, Places, dangling};
use super::mention::mentions;
use super::unused::{Unused, unused};
use super::{Census, MOST_LISTED};

/// What one worker saw.
#[derive(Debug, Default)]
pub(in crate::hunt) struct Uses {
    mentioned: HashSet<u32>,
    dangling: Dangling,
}

impl Uses {
    /// Takes in an object of the cluster; `made` says whether another object made it.
    pub(in crate::hunt) fn observe(&mut self, object: &Object<'_>, made: bool, census: &Census) {
        mentions(object, census, &mut self.mentioned);
        if !census.partial {
            dangling(object, made, census, &mut self.dangling);
        }
    }

    /// Adds what another worker saw.
    pub(in crate::hunt) fn merge(&mut self, other: Self) {
        self.mentioned.extend(other.mentioned);
        for (missing, places) in other.dangling {
            self.dangling.entry(missing).or_default().merge(places);
        }
    }

    /// What is to be told. `granted` knows the Secrets that were there when everything else was read, and who reads
    /// them without naming them.
    pub(in crate::hunt) fn judge(
        self,
        hunter: &Hunter,
        coverage: Option<Coverage>,
        granted: Option<&Resolved>,
    ) -> Told {
        let mut told = Told::default();
        let Some(census) = hunter.census() else { return told };
        // One that was created meanwhile was not missing for long.
        let seen = |it: &Missing| granted.is_some_and(|rights| rights.has(&it.namespace, &it.secret));
        let there = |it: &Missing| it.key.is_none() && seen(it);
        let dangling: Vec<_> = self.dangling.into_iter().filter(|(missing, _)| !there(missing)).collect();
        told.missing(hunter, &dangling);
        if let Some(coverage) = coverage {
            let mut unused = unused(census, &self.mentioned, coverage);
            if let Some(rights) = granted {
                unused.iter_mut().for_each(|unused| unused.doubt_for_readers(&rights.access));
            }
            told.unused(hunter, &unused);
        }
        told.drafts.retain(|draft| {
            let confident = hunter.options.min_confidence.is_none_or(|least| draft.finding.confidence >= least);
            confident && hunter.wants(&draft.finding.rule.id)
        });
        told
    }
}

/// What is told of the Secrets of a cluster.
#[derive(Default)]
pub(in crate::hunt) struct Told {
    pub(in crate::hunt) drafts: Vec<Draft>,
    /// How many findings an annotation silences.
    pub(in crate::hunt) silenced: u64,
    /// What is not listed.
    pub(in crate::hunt) untold: Vec<Skipped>,
}

impl Told {
    fn missing(&mut self, hunter: &Hunter, dangling: &[(Missing, Places)]) {
        let honour = hunter.options.honour_ignores;
        for namespace in dangling.chunk_by(|(a, _), (b, _)| a.namespace == b.namespace) {
            self.omit(&namespace[0].0.namespace, namespace.len(), "references to what does not exist");
            for (missing, places) in namespace.iter().take(MOST_LISTED) {
                match honour && places.silenced {
                    true => self.silenced += 1,
                    false => self.drafts.extend(told_missing(hunter, missing, places)),
                }
            }
        }
    }

    fn unused(&mut self, hunter: &Hunter, unused: &[Unused<'_>]) {
        let honour = hunter.options.honour_ignores;
        for namespace in unused.chunk_by(|a, b| a.entry.namespace == b.entry.namespace) {
            self.omit(&namespace[0].entry.namespace, namespace.len(), "Secrets that nothing refers to");
            for unused in namespace.iter().take(MOST_LISTED) {
                match honour && unused.entry.silenced {
                    true => self.silenced += 1,
                    false => self.drafts.push(told_unused(hunter, unused)),
                }
            }
        }
    }

    /// Says how many of a namespace are not listed.
    fn omit(&mut self, namespace: &str, all: usize, what: &str) {
        if all > MOST_LISTED {
            let reason = format!("{} more {what} are not listed", all - MOST_LISTED);
            self.untold.push(Skipped { place: format!("secrets in {namespace}"), reason, unread: false });
        }
    }
}

fn told_missing(hunter: &Hunter, missing: &Missing, places: &Places) -> Option<Draft> {
    let rule = &hunter.census_rules.missing;
    let Missing { namespace, secret, key } = missing;
    let mut all = places.first.iter().map(|(_, place)| place.clone());
    let location = Location { object: Some(all.next()?), ..Location::default() };
    let message = match key {
        Some(key) => format!("Secret {namespace}/{secret} has no key {key}"),
        None => format!("there is no Secret {namespace}/{secret}"),
    };
    let related = all.map(|place| Related {
        location: Location { object: Some(place), ..Location::default() },
        message: "refers to it too".to_owned(),
    });
    let mut finding = hunter.finding(rule, (rule.severity, rule.confidence), message, location);
    finding.related = related.collect();
    let more = places.total - places.first.len();
    finding.notes.extend((more > 0).then(|| format!("{more} more places refer to it")));
    Some(Draft { finding, value: None })
}

fn told_unused(hunter: &Hunter, unused: &Unused<'_>) -> Draft {
    let rule = &hunter.census_rules.unused;
    let Unused { entry, severity, confidence, doubt } = unused;
    let object = ObjectRef {
        api_version: "v1".to_owned(),
        kind: "Secret".to_owned(),
        namespace: Some(entry.namespace.to_string()),
        name: Some(entry.name.to_string()),
        field: String::new(),
    };
    let location = Location { object: Some(object), ..Location::default() };
    let created = entry.created.as_ref().map(|day| format!("; it was created on {day}")).unwrap_or_default();
    let message = format!("nothing in the cluster refers to Secret {}/{}{created}", entry.namespace, entry.name);
    let mut finding = hunter.finding(rule, (*severity, *confidence), message, location);
    finding.notes.extend(doubt.clone());
    Draft { finding, value: None }
}
