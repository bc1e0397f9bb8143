//! What objects were seen to use, held against the census.

use std::collections::HashSet;
use std::sync::Arc;

use crate::hunt::rights::Rights;
use crate::hunt::{Coverage, Draft, Hunter};
use crate::manifest::Object;
use crate::model::{Confidence, Finding, Fingerprint, Location, ObjectRef, Related, Rule, Severity, Skipped};

use super::Census;
use super::dangling::{Dangling, Missing, Places, dangling};
use super::mention::mentions;
use super::unused::{Unused, unused};

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

    /// What is to be told: findings, places that are silenced, and what is not told. `seen` knows the
    /// Secrets that were there when everything else was read.
    pub(in crate::hunt) fn judge(
        self,
        hunter: &Hunter,
        coverage: Option<Coverage>,
        seen: &Rights,
    ) -> (Vec<Draft>, u64, Vec<Skipped>) {
        let Some(census) = hunter.census() else { return Default::default() };
        let (mut drafts, mut silenced, mut untold) = (Vec::new(), 0, Vec::new());
        let honour = hunter.options.honour_ignores;
        let rule = &hunter.census_rules.missing;
        // One that was created meanwhile was not missing for long.
        let there = |it: &Missing| it.key.is_none() && seen.has(&it.namespace, &it.secret);
        for (missing, places) in self.dangling.into_iter().filter(|(missing, _)| !there(missing)) {
            match honour && places.silenced {
                true => silenced += 1,
                false => drafts.extend(told_missing(hunter, rule, &missing, &places)),
            }
        }
        let rule = &hunter.census_rules.unused;
        if let Some(coverage) = coverage {
            let (all, more) = unused(census, &self.mentioned, coverage);
            untold = more;
            for unused in all {
                match honour && unused.entry.silenced {
                    true => silenced += 1,
                    false => drafts.push(told_unused(hunter, rule, &unused)),
                }
            }
        }
        drafts.retain(|draft| {
            let confident = hunter.options.min_confidence.is_none_or(|least| draft.finding.confidence >= least);
            confident && hunter.wants(&draft.finding.rule.id)
        });
        (drafts, silenced, untold)
    }
}

fn told_missing(hunter: &Hunter, rule: &Arc<Rule>, missing: &Missing, places: &Places) -> Option<Draft> {
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
    let mut finding = finding(hunter, rule, location, message, (rule.severity, rule.confidence));
    finding.related = related.collect();
    let more = places.total - places.first.len();
    finding.notes.extend((more > 0).then(|| format!("{more} more places refer to it")));
    Some(Draft { finding, value: None })
}

fn told_unused(hunter: &Hunter, rule: &Arc<Rule>, unused: &Unused<'_>) -> Draft {
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
    let mut finding = finding(hunter, rule, location, message, (*severity, *confidence));
    finding.notes.extend(doubt.map(str::to_owned));
    Draft { finding, value: None }
}

fn finding(
    hunter: &Hunter,
    rule: &Arc<Rule>,
    location: Location,
    message: String,
    (severity, confidence): (Severity, Confidence),
) -> Finding {
    Finding {
        exposure: None,
        severity: hunter.options.severities.get(&rule.id).copied().unwrap_or(severity),
        confidence,
        title: rule.title.to_string(),
        message,
        excerpt: None,
        secret: None,
        fingerprint: Fingerprint::new(&rule.id, &location, None, 0),
        related: Vec::new(),
        notes: Vec::new(),
        remediation: rule.remediation.clone(),
        suggestion: None,
        location,
        rule: Arc::clone(rule),
    }
}
