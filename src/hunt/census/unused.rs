//! Secrets that nothing refers to.

use std::collections::HashSet;
use std::sync::Arc;

use crate::access::{Access, Reader, Subject};
use crate::hunt::Coverage;
use crate::model::{Confidence, Severity};

use super::Census;
use super::entry::{Entry, Keeper};

/// A Secret that nothing refers to, as far as was seen.
pub(super) struct Unused<'c> {
    pub(super) entry: &'c Entry,
    pub(super) severity: Severity,
    pub(super) confidence: Confidence,
    /// Why it may be used all the same.
    pub(super) doubt: Option<String>,
}

impl Unused<'_> {
    /// Notes a program that runs beside the Secret and may read it by the API: it needs no reference. Programs that read
    /// every Secret of the cluster are controllers and no users of this one.
    pub(super) fn doubt_for_readers(&mut self, access: &Access) {
        let readers = access.readers_of(&self.entry.namespace, &self.entry.name);
        let local = |reader: &&Arc<Reader>| match &reader.subject {
            Subject::ServiceAccount { namespace, .. } => **namespace == *self.entry.namespace,
            _ => false,
        };
        let bound_here = |reader: &&Arc<Reader>| reader.via.iter().any(|via| via.binding.starts_with("RoleBinding "));
        let mut local = readers.iter().filter(local).filter(bound_here);
        let running = local.find(|reader| access.usage().runs(&reader.subject));
        if let Some(reader) = running {
            self.severity = Severity::Info;
            self.confidence = Confidence::Low;
            self.doubt.get_or_insert_with(|| format!("{} runs and may read it by the API", reader.subject));
        }
    }
}

/// The Secrets that are not among those mentioned, in order.
pub(super) fn unused<'c>(census: &'c Census, mentioned: &HashSet<u32>, coverage: Coverage) -> Vec<Unused<'c>> {
    let left = census.entries.iter().enumerate().filter(|(number, _)| !mentioned.contains(&(*number as u32)));
    let left = left.map(|(_, entry)| entry).filter(|entry| entry.keeper != Keeper::Program);
    left.map(|entry| weighed(entry, coverage)).collect()
}

fn weighed(entry: &Entry, coverage: Coverage) -> Unused<'_> {
    let doubt = match (entry.keeper, coverage) {
        (Keeper::Perhaps, _) => Some("what made it, or the cluster itself, may use it"),
        (_, Coverage::Part) => Some("not everything was read that could refer to it"),
        _ => None,
    };
    let (severity, confidence) = match doubt {
        Some(_) => (Severity::Info, Confidence::Low),
        None => (Severity::Low, Confidence::Medium),
    };
    Unused { entry, severity, confidence, doubt: doubt.map(str::to_owned) }
}

#[cfg(test)]
mod tests {
    use super::super::tests::census;
    use super::*;

    fn secret(number: usize, kind: &str) -> String {
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s{number}, namespace: n}}\ntype: {kind}\n---\n")
    }

    #[test]
    fn what_is_mentioned_or_found_by_type_is_used() {
        let census = census(&(secret(0, "Opaque") + &secret(1, "Opaque") + &secret(2, "helm.sh/release.v1")));
        let told = unused(&census, &HashSet::from([0]), Coverage::Whole);
        assert_eq!(told.iter().map(|it| &*it.entry.name).collect::<Vec<_>>(), ["s1"]);
        assert!(told[0].doubt.is_none());
        let told = unused(&census, &HashSet::new(), Coverage::Part);
        assert!(told.iter().all(|it| it.severity == Severity::Info && it.confidence == Confidence::Low));
    }
}
