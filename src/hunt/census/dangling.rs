//! References that lead nowhere: the Secret is not there, or has no such key.

use std::collections::{BTreeMap, BTreeSet};

use crate::hunt::site::{object_ref, silences};
use crate::manifest::{Object, Reference, pod_references, pod_specs};
use crate::model::ObjectRef;

use super::Census;
use super::rules::MISSING;

/// Places that are kept of one reference: a finding names a few.
const MOST_PLACES: usize = 6;

/// What is missing: namespace, Secret, and the key if only that is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Missing {
    pub(super) namespace: String,
    pub(super) secret: String,
    pub(super) key: Option<String>,
}

/// Who refers to it.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// The first few; those that nobody made come first, for there it can be changed.
    pub(super) first: BTreeSet<(bool, ObjectRef)>,
    pub(super) total: usize,
    /// Whether an annotation at one of them says that this is so.
    pub(super) silenced: bool,
}

/// References that lead nowhere.
pub(super) type Dangling = BTreeMap<Missing, Places>;

impl Missing {
    /// What of a reference is missing, if anything is.
    fn of(reference: &Reference<'_>, namespace: &str, census: &Census) -> Option<Self> {
        if reference.optional {
            return None;
        }
        let key = match census.find(namespace, reference.name) {
            None => None,
            Some(entry) => Some(reference.key.filter(|key| !entry.may_have(key))?.to_owned()),
        };
        Some(Self { namespace: namespace.to_owned(), secret: reference.name.to_owned(), key })
    }
}

impl Places {
    fn add(&mut self, made: bool, place: ObjectRef) {
        self.first.insert((made, place));
        self.total += 1;
        while self.first.len() > MOST_PLACES {
            self.first.pop_last();
        }
    }

    /// Adds those that another thread saw.
    pub(super) fn merge(&mut self, other: Self) {
        self.total += other.total;
        self.silenced |= other.silenced;
        self.first.extend(other.first);
        while self.first.len() > MOST_PLACES {
            self.first.pop_last();
        }
    }
}

/// Notes the references of an object's pods that lead nowhere.
pub(super) fn dangling(object: &Object<'_>, made: bool, census: &Census, found: &mut Dangling) {
    let namespace = object.namespace().unwrap_or_default();
    for reference in pod_specs(object).flat_map(pod_references) {
        let Some(missing) = Missing::of(&reference, namespace, census) else { continue };
        let places = found.entry(missing).or_default();
        places.add(made, object_ref(object, reference.node));
        places.silenced |= silences(object, MISSING);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::census;
    use super::*;
    use crate::manifest::documents;

    #[test]
    fn secrets_and_keys_that_are_not_there() {
        let census = census(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: n}\ntype: Opaque\ndata: {user: eA==}\n",
        );
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: n}\nspec:\n  imagePullSecrets: [{name: pull}]\n\
                    \x20 containers:\n  - name: c\n    env:\n\
                    \x20   - {name: A, valueFrom: {secretKeyRef: {name: db, key: user}}}\n\
                    \x20   - {name: B, valueFrom: {secretKeyRef: {name: db, key: password}}}\n\
                    \x20   - {name: C, valueFrom: {secretKeyRef: {name: db, key: perhaps, optional: true}}}\n\
                    \x20   - {name: D, valueFrom: {secretKeyRef: {name: mq, key: a}}}\n\
                    \x20   - {name: E, valueFrom: {secretKeyRef: {name: mq, key: b}}}\n";
        let tree = documents(text).next().unwrap().unwrap();
        let mut found = Dangling::new();
        dangling(&Object::all(&tree)[0], false, &census, &mut found);
        let shown: Vec<_> =
            found.iter().map(|(missing, places)| (&*missing.secret, missing.key.as_deref(), places.total)).collect();
        assert_eq!(shown, [("db", Some("password"), 1), ("mq", None, 2)]);
    }
}
