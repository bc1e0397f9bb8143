//! What etcd keeps in its buckets: revisions of keys, and a few facts about itself.
//!
//! The layout is that of <https://github.com/etcd-io/etcd>, `server/storage/mvcc` and `server/storage/schema`.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

use super::census::{Age, Census, Stored};
use super::error::StoredError;
use super::wire::{Fields, Malformed, Piece};

/// The bucket of revisions.
pub(super) const KEYS: &[u8] = b"key";
/// The bucket of facts.
pub(super) const META: &[u8] = b"meta";

/// When a key was written: the transaction, and the place in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Revision {
    pub(super) main: u64,
    sub: u64,
    /// The key was deleted.
    tombstone: bool,
}

impl Revision {
    /// Eight bytes, `_`, eight bytes, and `t` for a deletion.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let tombstone = bytes.len() == 18 && bytes[17] == b't';
        if !(bytes.len() == 17 || tombstone) || bytes[8] != b'_' {
            return None;
        }
        let number = |at: usize| bytes[at..at + 8].try_into().map(u64::from_be_bytes).ok();
        Some(Self { main: number(0)?, sub: number(9)?, tombstone })
    }
}

/// A `mvccpb.KeyValue`, as far as it is of interest.
#[derive(Clone, Copy)]
pub(super) struct KeyValue<'v> {
    pub(super) key: &'v [u8],
    pub(super) value: &'v [u8],
    /// The last change.
    pub(super) revision: u64,
}

impl<'v> KeyValue<'v> {
    pub(super) fn read(message: &'v [u8]) -> Result<Self, Malformed> {
        let mut read = Self { key: &[], value: &[], revision: 0 };
        for field in Fields::new(message) {
            match field? {
                (1, Piece::Bytes(key)) => read.key = key,
                (3, Piece::Number(revision)) => read.revision = revision,
                (5, Piece::Bytes(value)) => read.value = value,
                (_, Piece::Cut(_)) => return Err(Malformed),
                _ => {}
            }
        }
        if read.key.is_empty() { Err(Malformed) } else { Ok(read) }
    }
}

/// Keys that were seen.
///
/// Of a key 16 bytes are kept, a hash of 128 bits under a key of this process: two keys that are taken for one are not
/// to be expected, and cannot be made.
pub(super) struct Known {
    hashes: HashSet<(u64, u64)>,
    hashers: [RandomState; 2],
}

impl Known {
    pub(super) fn new() -> Self {
        Self { hashes: HashSet::new(), hashers: [RandomState::new(), RandomState::new()] }
    }

    /// Whether the key is seen for the first time.
    pub(super) fn insert(&mut self, key: &[u8]) -> bool {
        let [first, second] = &self.hashers;
        self.hashes.insert((first.hash_one(key), second.hash_one(key)))
    }
}

/// Counts revisions that come from the last to the first: of each key the one that comes first is in force.
pub(super) struct Revisions<'c> {
    census: &'c mut Census,
    known: Known,
    /// The last one.
    pub(super) newest: u64,
}

impl<'c> Revisions<'c> {
    pub(super) fn new(census: &'c mut Census) -> Self {
        Self { census, known: Known::new(), newest: 0 }
    }

    pub(super) fn take(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoredError> {
        let corrupt = |problem| StoredError::Corrupt { problem };
        let revision = Revision::read(key).ok_or_else(|| corrupt("a revision has another form"))?;
        let stored = KeyValue::read(value).map_err(|_| corrupt("a revision holds no key and value"))?;
        self.newest = self.newest.max(revision.main);
        let is_newest = self.known.insert(stored.key);
        if !revision.tombstone {
            let age = if is_newest { Age::Current } else { Age::Old };
            self.census.take(Stored { key: stored.key, value: stored.value, revision: revision.main, age });
        }
        Ok(())
    }
}

/// What the bucket `meta` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// The last entry of the log that is in the database.
    pub(super) index: u64,
    /// Revisions up to this one are gone, except for those in force.
    pub(super) compacted: u64,
}

impl Facts {
    pub(super) fn take(&mut self, key: &[u8], value: &[u8]) {
        match key {
            b"consistent_index" => self.index = value.try_into().map(u64::from_be_bytes).unwrap_or(0),
            b"finishedCompactRev" => self.compacted = Revision::read(value).unwrap_or_default().main,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::wire::{put_bytes, put_number};
    use super::*;

    fn revision(main: u64, end: &str) -> Vec<u8> {
        [&main.to_be_bytes()[..], b"_", &[0; 8], end.as_bytes()].concat()
    }

    fn key_value(key: &str, value: &[u8]) -> Vec<u8> {
        let mut message = Vec::new();
        put_bytes(&mut message, 1, key.as_bytes());
        put_number(&mut message, 3, 7);
        put_bytes(&mut message, 5, value);
        message
    }

    #[test]
    fn revisions_have_one_form() {
        assert_eq!(Revision::read(&revision(7, "")), Some(Revision { main: 7, sub: 0, tombstone: false }));
        assert!(Revision::read(&revision(7, "t")).unwrap().tombstone);
        for bytes in [&b""[..], b"12345678", &revision(7, "x"), &revision(7, "tt"), &[0; 17]] {
            assert_eq!(Revision::read(bytes), None);
        }
    }

    #[test]
    fn the_last_revision_is_in_force() {
        let mut census = Census::default();
        let mut revisions = Revisions::new(&mut census);
        let secret = |name| format!("/registry/secrets/prod/{name}");
        revisions.take(&revision(9, "t"), &key_value(&secret("gone"), b"")).unwrap();
        revisions.take(&revision(8, ""), &key_value(&secret("db"), b"k8s:enc:aescbc:v1:a:")).unwrap();
        revisions.take(&revision(7, ""), &key_value(&secret("gone"), b"k8s\0")).unwrap();
        revisions.take(&revision(6, ""), &key_value(&secret("db"), b"k8s\0")).unwrap();
        assert_eq!(revisions.newest, 9);
        census.sort();
        let rows: Vec<_> = census.rows().map(|row| (row.current.values, row.old.names.join(" "))).collect();
        assert_eq!(rows, [(0, "db gone".to_owned()), (1, String::new())]);
    }

    #[test]
    fn what_is_no_revision_is_damage() {
        let mut census = Census::default();
        let mut revisions = Revisions::new(&mut census);
        assert!(revisions.take(b"a", &key_value("b", b"")).is_err());
        assert!(revisions.take(&revision(1, ""), b"").is_err());
        let cut = key_value("b", b"abc");
        assert!(revisions.take(&revision(1, ""), &cut[..cut.len() - 1]).is_err());
    }
}
