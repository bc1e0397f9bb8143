//! Plaintext that is left of what is encrypted now: where no API server looks, and whoever has the files does.

use std::collections::BTreeMap;

use super::super::encryption::GroupResource;
use super::super::inquiry::Inquiry;
use super::super::rules::AtRestRule;
use super::super::stored::{Census, Evidence, Lair, Sealing};
use super::some;
use super::stored::file;
use crate::model::Severity;

const NO_JSON: &str = "only old revisions were looked at: in free pages and logs JSON is not told from other text";

/// What is left of one resource in one place.
#[derive(Default)]
struct Left {
    /// Values, or copies of them.
    copies: u64,
    /// Namespace and name of some.
    names: Vec<String>,
}

impl Inquiry {
    /// Takes what is left in old revisions, and where else it was looked for.
    pub(super) fn judge_residue(&mut self, place: &str, evidence: &Evidence) {
        let Some(residue) = &evidence.residue else { return };
        for (path, reason) in &residue.unread {
            self.skip(path.clone(), reason.clone());
        }
        let mut left: BTreeMap<Lair, BTreeMap<GroupResource, Left>> = BTreeMap::new();
        for (lair, kind, trace) in residue.traces() {
            let one = left.entry(lair).or_default().entry(resource_of_kind(&trace.group, kind)).or_default();
            one.copies += trace.copies;
            one.names.extend(trace.names.iter().map(|(namespace, name)| named(Some(namespace), name)));
        }
        for row in evidence.census.rows().filter(|row| row.sealing.is_plain() && row.old.values > 0) {
            let Some(group) = row.group else { continue };
            let resource = GroupResource { group: group.to_owned(), resource: row.resource.to_owned() };
            let one = left.entry(Lair::OldRevisions).or_default().entry(resource).or_default();
            one.copies += row.old.values;
            one.names.extend(row.old.names.iter().map(|name| named(row.namespace, name)));
        }
        for (lair, mut left) in left {
            let remedy = lair.remedy(evidence.origin);
            if let Some(secrets) = left.remove(&GroupResource::secrets()) {
                let copies = if secrets.copies == 1 { "copy" } else { "copies" };
                let names = some(&secrets.names, secrets.names.len() as u64);
                let Left { copies: count, .. } = secrets;
                let message = format!("{count} {copies} of Secrets in plaintext {}: {names}. {remedy}", lair.as_str());
                self.find(AtRestRule::StoredResidue, None, message, file(place));
            }
            left.retain(|resource, _| self.is_encrypted_now(resource, &evidence.census));
            if !left.is_empty() {
                let all = list(&left);
                let message = format!("plaintext of what is encrypted now {}: {all}. {remedy}", lair.as_str());
                self.find(AtRestRule::StoredResidue, Some(Severity::Low), message, file(place));
            }
        }
        if evidence.census.rows().any(|row| self.is_custom_and_encrypted(row.group, row.resource, &evidence.census)) {
            self.skip(format!("{place}: what is left of custom resources"), NO_JSON);
        }
    }

    /// Whether a configuration has it encrypted, or its last write was.
    fn is_encrypted_now(&self, resource: &GroupResource, census: &Census) -> bool {
        let newest = census.newest(&resource.group, &resource.resource);
        matches!(newest, Some(Sealing::Sealed { .. })) || self.is_to_be_encrypted(resource)
    }

    /// The groups of others have a dot, and do not end as those of Kubernetes do. They are stored as JSON.
    fn is_custom_and_encrypted(&self, group: Option<&str>, resource: &str, census: &Census) -> bool {
        let custom = group.filter(|group| group.contains('.') && !group.ends_with(".k8s.io"));
        custom.is_some_and(|group| {
            let resource = GroupResource { group: group.to_owned(), resource: resource.to_owned() };
            self.is_encrypted_now(&resource, census)
        })
    }
}

/// `3 configmaps (prod/a, prod/b and 1 more), 1 pods (prod/c)`.
fn list(left: &BTreeMap<GroupResource, Left>) -> String {
    let all: Vec<String> = left
        .iter()
        .map(|(resource, Left { copies, names })| format!("{copies} {resource} ({})", some(names, names.len() as u64)))
        .collect();
    some(&all, all.len() as u64)
}

fn named(namespace: Option<&str>, name: &str) -> String {
    match namespace {
        None | Some("") => name.to_owned(),
        Some(namespace) => format!("{namespace}/{name}"),
    }
}

/// The resource of a kind, as Kubernetes guesses it (`UnsafeGuessKindToResource` of apimachinery): right for everything
/// that is stored in Protocol Buffers.
fn resource_of_kind(group: &str, kind: &str) -> GroupResource {
    let kind = kind.to_ascii_lowercase();
    let resource = match kind.as_bytes().last() {
        _ if kind.ends_with("endpoints") => kind,
        Some(b's') => kind + "es",
        Some(b'y') => format!("{}ies", &kind[..kind.len() - 1]),
        _ => kind + "s",
    };
    GroupResource { group: group.to_owned(), resource }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_plurals() {
        for (group, kind, expected) in [
            ("", "Secret", "secrets"),
            ("", "Endpoints", "endpoints"),
            ("networking.k8s.io", "Ingress", "ingresses.networking.k8s.io"),
            ("networking.k8s.io", "NetworkPolicy", "networkpolicies.networking.k8s.io"),
            ("storage.k8s.io", "CSIStorageCapacity", "csistoragecapacities.storage.k8s.io"),
        ] {
            assert_eq!(resource_of_kind(group, kind).to_string(), expected);
        }
    }
}
