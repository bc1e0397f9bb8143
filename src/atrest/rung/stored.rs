//! The last rung: what is stored. The one that proves anything, for the moment at which it was read.

use super::super::distribution::Distribution;
use super::super::encryption::GroupResource;
use super::super::inquiry::Inquiry;
use super::super::rules::AtRestRule;
use super::super::stored::{Census, Evidence, Origin, Row, Sealing};
use super::custom::holds;
use super::{Written, some};
use crate::model::{Encrypted, Location, ObjectRef, Rung, Severity};
use std::collections::BTreeMap;

/// Objects of one resource, by how they are stored.
#[derive(Default)]
struct Counts {
    sealed: u64,
    plain: u64,
    unknown: u64,
    /// Each provider and key, with how many it wrote, and whether it is an old one.
    writers: Vec<(String, u64, bool)>,
}

impl Inquiry {
    /// Takes what was counted in a database, a snapshot or a running etcd; configurations are taken before.
    pub fn stored(&mut self, place: &str, evidence: &Evidence) {
        self.is_run_by(match evidence.origin {
            Origin::Kine { .. } => Some(Distribution::K3s),
            _ => Distribution::of_path(place),
        });
        self.written.extend(Written::all(place, &evidence.census));
        let resources: Vec<(usize, GroupResource)> =
            self.resources().map(|(number, resource)| (number, resource.clone())).collect();
        for (number, resource) in resources {
            let (encrypted, reason) = says(&counts(&evidence.census, &resource), evidence.unsettled);
            self.claim(number, Rung::StoredBytes, encrypted, format!("{place}: {reason}{}", checked(evidence.origin)));
            for row in evidence.census.resource(&resource.group, &resource.resource) {
                let newest = evidence.census.newest(&resource.group, &resource.resource);
                self.judge_row(place, &resource, &row, newest, evidence.origin);
            }
        }
        if evidence.unsettled {
            self.skip(place, "it changed while it was read; a snapshot does not: etcdctl snapshot save FILE");
        }
        for sentence in &evidence.unseen {
            self.skip(place, *sentence);
        }
        self.skip_odd(place, &evidence.census);
        if evidence.census.uncounted() > 0 {
            self.skip(place, format!("{} values had no place in the count", evidence.census.uncounted()));
        }
        self.judge_custom(place, &evidence.census);
        self.judge_residue(place, evidence);
    }

    /// Keys that nobody expects, and a prefix under which there is nothing.
    fn skip_odd(&mut self, place: &str, census: &Census) {
        let odd = census.odd();
        if odd.values > 0 {
            let names = some(&odd.names, odd.values);
            self.skip(place, format!("keys below the prefix that are no object's, whoever wrote them: {names}"));
        }
        if census.objects() == 0 && census.foreign() > 1 {
            let reason = format!("none of its {} keys is an API server's: is --etcd-prefix right?", census.foreign());
            self.skip(place, reason);
        }
    }

    /// Plaintext of custom resources that hold credentials, unless the user asked for them by name.
    fn judge_custom(&mut self, place: &str, census: &Census) {
        let mut found: BTreeMap<GroupResource, (u64, &'static str)> = BTreeMap::new();
        for row in census.rows().filter(|row| row.sealing.is_plain() && row.current.values > 0) {
            let Some((group, what)) = row.group.and_then(|group| Some((group, holds(group, row.resource)?))) else {
                continue;
            };
            let resource = GroupResource { group: group.to_owned(), resource: row.resource.to_owned() };
            found.entry(resource).or_insert((0, what)).0 += row.current.values;
        }
        for (resource, (values, what)) in found {
            if !self.resources().any(|(_, asked)| *asked == resource) {
                let message = format!("{values} {resource} are plaintext in etcd: {what}");
                self.find(AtRestRule::StoredCustom, None, message, resource_of(place, &resource));
            }
        }
    }

    fn judge_row(
        &mut self,
        place: &str,
        resource: &GroupResource,
        row: &Row<'_>,
        newest: Option<&Sealing>,
        origin: Origin,
    ) {
        let current = row.current;
        if current.values == 0 {
            return;
        }
        let location = namespace(place, resource, row.namespace);
        let names = some(&current.names, current.values);
        match row.sealing {
            Sealing::Plain(_) => {
                let severity = (resource.to_string() != "secrets").then(|| self.severity_of(resource));
                let store = if matches!(origin, Origin::Kine { .. }) { "kine's database" } else { "etcd" };
                self.find(AtRestRule::StoredPlaintext, severity, format!("plaintext in {store}: {names}"), location);
            }
            Sealing::Unknown => {
                self.skip(place, format!("{} {resource} are stored in a form that is not known", current.values));
            }
            // Where plaintext was written last, no key is the present one.
            Sealing::Sealed { .. } => {
                if let Some(newest @ Sealing::Sealed { .. }) = newest.filter(|_| !row.newest) {
                    let message = format!("under {}, and the last write was under {newest}: {names}", row.sealing);
                    self.find(AtRestRule::StoredStale, None, message, location);
                }
            }
        }
    }

    /// ConfigMaps are seldom encrypted, and need not be unless a configuration names them. What the user names besides is
    /// wanted encrypted.
    fn severity_of(&self, resource: &GroupResource) -> Severity {
        match resource.to_string().as_str() {
            "configmaps" if self.is_to_be_encrypted(resource) => Severity::Medium,
            "configmaps" => Severity::Info,
            _ => Severity::High,
        }
    }
}

fn counts(census: &Census, resource: &GroupResource) -> Counts {
    let mut counts = Counts::default();
    for row in census.resource(&resource.group, &resource.resource).filter(|row| row.current.values > 0) {
        let values = row.current.values;
        match row.sealing {
            Sealing::Plain(_) => counts.plain += values,
            Sealing::Unknown => counts.unknown += values,
            Sealing::Sealed { .. } => {
                counts.sealed += values;
                let writer = row.sealing.to_string();
                match counts.writers.iter_mut().find(|(known, ..)| *known == writer) {
                    Some((_, known, _)) => *known += values,
                    None => counts.writers.push((writer, values, !row.newest)),
                }
            }
        }
    }
    counts
}

fn says(counts: &Counts, unsettled: bool) -> (Encrypted, String) {
    let Counts { sealed, plain, unknown, writers } = counts;
    let all = sealed + plain + unknown;
    match (all, sealed, plain, unknown) {
        (0, ..) => (Encrypted::Unknown, "there is no object of it".to_owned()),
        (_, _, 0, 0) if unsettled => {
            (Encrypted::Unknown, format!("{sealed} are encrypted; others may have been missed"))
        }
        (_, _, 0, 0) => (Encrypted::Yes, format!("all {sealed} are encrypted{}", each(writers))),
        (_, 0, _, 0) => (Encrypted::No, format!("all {plain} are plaintext")),
        (_, _, 0, _) => {
            (Encrypted::Unknown, format!("{unknown} of {all} are in a form that is not known{}", rest(writers)))
        }
        _ => (Encrypted::Partly, format!("{plain} of {all} are plaintext{}", rest(writers))),
    }
}

/// ` by secretbox key1`; of several each with its number.
fn each(writers: &[(String, u64, bool)]) -> String {
    match writers {
        [(writer, _, stale)] => format!(" by {writer}{}", old(*stale)),
        _ => rest(writers),
    }
}

/// `; 3 by aescbc key1 (an old key), 1 by secretbox key2`.
fn rest(writers: &[(String, u64, bool)]) -> String {
    let all = writers.iter().map(|(writer, values, stale)| format!("{values} by {writer}{}", old(*stale)));
    let all = all.collect::<Vec<_>>().join(", ");
    if all.is_empty() { all } else { format!("; {all}") }
}

fn old(is_stale: bool) -> &'static str {
    if is_stale { " (an old key)" } else { "" }
}

/// How far the file was verified before it was believed.
fn checked(origin: Origin) -> &'static str {
    match origin {
        Origin::Snapshot { .. } => "; its SHA-256 is right",
        Origin::Database { .. } => "; the file has no digest, so that nothing but the form of its pages was checked",
        Origin::Kine { .. } | Origin::Etcd => "",
    }
}

fn namespace(place: &str, resource: &GroupResource, namespace: Option<&str>) -> Location {
    let object = ObjectRef {
        api_version: "v1".into(),
        kind: "Namespace".into(),
        name: namespace.map(str::to_owned),
        field: resource.to_string(),
        namespace: None,
    };
    Location { object: Some(object), ..file(place) }
}

/// Where a resource is stored, whatever the namespace.
pub(super) fn resource_of(place: &str, resource: &GroupResource) -> Location {
    let object = ObjectRef { kind: "Resource".into(), name: Some(resource.to_string()), ..ObjectRef::default() };
    Location { object: Some(object), ..file(place) }
}

pub(super) fn file(place: &str) -> Location {
    Location { path: Some(place.to_owned()), ..Location::default() }
}
