//! The Secrets of a cluster, by name: which of them nothing refers to, and which references lead nowhere.
//!
//! Names are learnt before anything else is read, so that each object can be held against them as it passes and
//! nothing of it must be kept.

mod dangling;
mod entry;
mod mention;
mod rules;
mod unused;
mod uses;

use std::collections::HashMap;

use crate::manifest::Object;

use entry::Entry;
pub(super) use rules::CensusRules;
pub(super) use uses::Uses;

/// Most findings of one kind that are listed for one namespace.
const MOST_LISTED: usize = 50;

/// Every Secret that could be listed.
#[derive(Debug, Default)]
pub(super) struct Census {
    entries: Vec<Entry>,
    by_name: HashMap<Box<str>, Vec<u32>>,
    /// Whether some may exist that could not be listed.
    partial: bool,
}

impl Census {
    /// Takes in a Secret, whole or its metadata alone.
    pub(super) fn add(&mut self, secret: &Object<'_>) {
        self.entries.extend(Entry::read(secret));
    }

    /// Notes that some Secrets could not be listed.
    pub(super) fn miss(&mut self) {
        self.partial = true;
    }

    /// Whether some Secrets may exist that could not be listed.
    pub(super) fn is_partial(&self) -> bool {
        self.partial
    }

    /// Adds what another thread saw.
    pub(super) fn merge(&mut self, other: Self) {
        self.entries.extend(other.entries);
        self.partial |= other.partial;
    }

    /// Makes it ready to be asked. The order in which Secrets came makes no difference.
    pub(super) fn finish(mut self) -> Self {
        self.entries.sort_by(|a, b| a.place().cmp(&b.place()));
        self.entries.dedup_by(|a, b| a.place() == b.place());
        for (number, entry) in self.entries.iter().enumerate() {
            self.by_name.entry(entry.name.clone()).or_default().push(number as u32);
        }
        self
    }

    /// The numbers of the Secrets of a name, in whatever namespace.
    fn named(&self, name: &str) -> &[u32] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    fn entry(&self, number: u32) -> &Entry {
        &self.entries[number as usize]
    }

    fn find(&self, namespace: &str, name: &str) -> Option<&Entry> {
        let mut all = self.named(name).iter().map(|number| self.entry(*number));
        all.find(|entry| *entry.namespace == *namespace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::documents;

    /// What is known of the Secrets of a text.
    pub(super) fn census(text: &str) -> Census {
        let mut census = Census::default();
        for tree in documents(text) {
            Object::all(&tree.unwrap()).iter().for_each(|object| census.add(object));
        }
        census.finish()
    }

    #[test]
    fn threads_may_see_them_in_any_order() {
        let of = |names: &[&str]| {
            let mut census = Census::default();
            for name in names {
                let text = format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: n}}\n");
                let tree = documents(&text).next().unwrap().unwrap();
                census.add(&Object::all(&tree)[0]);
            }
            census
        };
        let (mut first, second) = (of(&["b"]), of(&["a", "b"]));
        first.merge(second);
        let census = first.finish();
        assert_eq!(census.entries.iter().map(|entry| &*entry.name).collect::<Vec<_>>(), ["a", "b"]);
        assert!(census.find("n", "b").is_some() && census.find("m", "b").is_none());
    }
}
