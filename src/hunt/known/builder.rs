//! Takes the values of Secrets as they come, and makes tables of them.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::keys::{Digest, Keys};
use super::reach::{Reach, reach};
use super::search::{Directory, Search};
use super::trace::Trace;
use super::{KnownValues, Place, Value, canonical};

/// A value and one of its places, as they come.
struct Seen {
    digest: Digest,
    tag: u32,
    /// Namespace, name and key, by their number.
    place: [u32; 3],
    trace: Option<Trace>,
}

/// Names, each once: a hundred thousand places have few keys and namespaces.
#[derive(Default)]
struct Names(HashMap<Box<str>, u32>);

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.0.get(name) {
            return number;
        }
        let number = self.0.len() as u32;
        self.0.insert(name.into(), number);
        number
    }

    /// The names in their order, and for each old number the new one.
    fn sorted(self) -> (Vec<Box<str>>, Vec<u32>) {
        let mut pairs: Vec<_> = self.0.into_iter().collect();
        pairs.sort_unstable();
        let mut numbers = vec![0; pairs.len()];
        for (new, (_, old)) in pairs.iter().enumerate() {
            numbers[*old as usize] = new as u32;
        }
        (pairs.into_iter().map(|(name, _)| name).collect(), numbers)
    }
}

/// Takes the values of Secrets as a cluster lists them.
pub(in crate::hunt) struct Builder {
    keys: Arc<Keys>,
    names: Names,
    seen: Vec<Seen>,
}

impl Builder {
    /// A builder with keys of its own.
    #[must_use]
    pub(in crate::hunt) fn new() -> Self {
        Self::with(Arc::new(Keys::random()))
    }

    /// An empty builder for another thread, to be [merged](Self::merge) into this one.
    #[must_use]
    pub(in crate::hunt) fn sibling(&self) -> Self {
        Self::with(Arc::clone(&self.keys))
    }

    fn with(keys: Arc<Keys>) -> Self {
        Self { keys, names: Names::default(), seen: Vec::new() }
    }

    /// Takes a value, its base64 undone, if it is telling; says how it will be recognised. Values that are no text are
    /// left out, as no text holds them.
    pub(in crate::hunt) fn add(&mut self, place: Place<'_>, value: &[u8]) -> Option<Reach> {
        canonical(std::str::from_utf8(value).ok()?, |value| {
            // Its own names stand wherever it is referred to.
            if [place.namespace, place.secret, place.key].contains(&value) {
                return None;
            }
            let reach = reach(place.key, value)?;
            self.insert(place, value, reach);
            Some(reach)
        })
    }

    /// Takes a value in its canonical form; one that is [`Reach::Within`] has a length that can be searched for.
    pub(super) fn insert(&mut self, place: Place<'_>, value: &str, reach: Reach) {
        let keys = &self.keys;
        self.seen.push(Seen {
            digest: keys.digest(value),
            tag: keys.tag_of_whole(value),
            place: [place.namespace, place.secret, place.key].map(|name| self.names.number(name)),
            trace: (reach == Reach::Within).then(|| Trace::of(keys, value)),
        });
    }

    /// Takes what a [sibling](Self::sibling) has seen. Which of them saw what makes no difference.
    pub(in crate::hunt) fn merge(&mut self, other: Self) {
        debug_assert!(Arc::ptr_eq(&self.keys, &other.keys), "what was made with other keys is never recognised");
        let (names, order) = other.names.sorted();
        let numbers: Vec<u32> = names.iter().map(|name| self.names.number(name)).collect();
        let number = |old: u32| numbers[order[old as usize] as usize];
        self.seen.extend(other.seen.into_iter().map(|seen| Seen { place: seen.place.map(number), ..seen }));
    }

    /// Builds the tables.
    #[must_use]
    pub(in crate::hunt) fn finish(self) -> KnownValues {
        let Self { keys, names, mut seen } = self;
        let (names, order) = names.sorted();
        for one in &mut seen {
            one.place = one.place.map(|old| order[old as usize]);
        }
        seen.sort_unstable_by_key(|one| (one.tag, one.digest, one.place, one.trace.is_none()));
        // A list that was begun anew tells of a Secret twice.
        seen.dedup_by_key(|one| (one.digest, one.place));
        let (mut values, mut places, mut traces) = (Vec::new(), Vec::new(), Vec::new());
        for group in seen.chunk_by(|a, b| a.digest == b.digest) {
            // One place that makes it telling is enough.
            traces.extend(group.iter().find_map(|one| one.trace).map(|trace| (trace, values.len() as u32)));
            values.push(Value { digest: group[0].digest, tag: group[0].tag, first: places.len() as u32 });
            places.extend(group.iter().map(|one| one.place));
        }
        drop(seen);
        values.shrink_to_fit();
        places.shrink_to_fit();
        let wholes = Directory::new(values.iter().map(|value| value.tag));
        KnownValues { search: Search::new(&keys, traces), keys, names, places, values, wholes }
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Builder({} values)", self.seen.len())
    }
}
