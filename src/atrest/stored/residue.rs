//! Plaintext where no API server looks: free pages of a database, the log beside it, files that were left behind.
//!
//! Encrypting an object writes a new value. The old one stays in its revision until etcd compacts, in its page until
//! that is reused or the database is defragmented, and in the log until the file is dropped. It is found by the first
//! bytes of every stored object, so what has lost its beginning is not found, and neither is JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::Origin;
use super::named::Named;
use super::sealing::PROTOBUF;
use super::storage::Storage;

/// Bytes that are read at once.
const WINDOW: usize = 1 << 20;
/// Bytes of an object in which its name must stand: type, name and namespace have 317, 253 and 63 at most.
const HEAD: usize = 2 << 10;
/// Most names that are kept of a kind in a place.
const MOST_NAMES: usize = 100;
/// Most kinds that are kept.
const MOST_KINDS: usize = 500;

/// Where plaintext may be left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lair {
    /// In revisions that are not compacted: the census has them as old.
    OldRevisions,
    /// In pages of the database that are not in use.
    FreePages,
    /// In the write-ahead log.
    Log,
    /// In a database file that nothing uses.
    Leftover,
}

impl Lair {
    /// Where, to go on a sentence with.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OldRevisions => "in old revisions",
            Self::FreePages => "in free pages of the database",
            Self::Log => "in the write-ahead log",
            Self::Leftover => "in a database file that is not in use",
        }
    }

    /// What to do about it, once the objects have been written anew.
    #[must_use]
    pub fn remedy(self, origin: Origin) -> &'static str {
        match (self, origin) {
            (Self::OldRevisions, Origin::Kine { .. }) => {
                "A row of kine repeats the value before it, so every Secret is to be written twice: by `k3s \
                 secrets-encrypt reencrypt` while it is stale, and once more with a change (rotate-keys does, `kubectl \
                 replace` of the same does not). Then wait for kine's compaction, which comes every five minutes and \
                 leaves the last 1000 revisions, and vacuum with k3s stopped: sqlite3 state.db \
                 'VACUUM; PRAGMA wal_checkpoint(TRUNCATE)'."
            }
            (Self::FreePages, Origin::Kine { .. }) => {
                "Vacuum the database with k3s stopped: sqlite3 state.db 'VACUUM; PRAGMA wal_checkpoint(TRUNCATE)'."
            }
            (Self::Log, Origin::Kine { .. }) => {
                "Empty the log with k3s stopped: sqlite3 state.db 'PRAGMA wal_checkpoint(TRUNCATE)'."
            }
            (Self::OldRevisions, _) => {
                "Compact (the API server does so every five minutes; at once: etcdctl compact REVISION), then \
                 defragment every member: etcdctl defrag."
            }
            (Self::FreePages, _) => "Defragment every member: etcdctl defrag writes the database without free pages.",
            (Self::Log, _) => {
                "etcd drops old log files by itself, as others are written (it keeps five of 64 MB). Sooner: replace \
                 the members one by one, each with an empty data directory."
            }
            (Self::Leftover, _) => "Delete the file, if etcd does not do so when it starts.",
        }
    }
}

/// Objects of one kind in one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The group of their API; empty for the core group.
    pub group: String,
    /// Times that one was seen: of one object there may be many copies.
    pub copies: u64,
    /// Namespace and name of each, not of all where there are many. Empty where the bytes end before them.
    pub names: BTreeSet<(String, String)>,
    /// Whether there are more names.
    pub more: bool,
}

/// What is left of plaintext.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Residue {
    /// By place, kind and group.
    traces: BTreeMap<(Lair, String, String), Trace>,
    /// Bytes that were looked through.
    pub bytes: u64,
    /// Files that could not be, and why.
    pub unread: Vec<(String, String)>,
}

impl Residue {
    /// What was seen of every kind, by place: `Secret`, `ConfigMap`.
    pub fn traces(&self) -> impl Iterator<Item = (Lair, &str, &Trace)> {
        self.traces.iter().map(|((lair, kind, _), trace)| (*lair, kind.as_str(), trace))
    }

    /// Looks through the files of a folder whose names are wanted.
    pub(super) fn folder(&mut self, lair: Lair, folder: &Path, wanted: impl Fn(&str) -> bool) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.unread.push((folder.display().to_string(), error.to_string())),
        };
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(&wanted));
        paths.sort();
        for path in paths {
            if let Err(error) = self.file(lair, &path) {
                self.unread.push((path.display().to_string(), error.to_string()));
            }
        }
    }

    fn file(&mut self, lair: Lair, path: &Path) -> io::Result<()> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        self.scan(lair, &Storage::new(file, length), 0, length)
    }

    /// Looks through a part of a file.
    pub(super) fn scan(&mut self, lair: Lair, storage: &Storage, start: u64, length: u64) -> io::Result<()> {
        let mut window = vec![0; WINDOW.min(usize::try_from(length).unwrap_or(WINDOW))];
        let mut done = 0;
        loop {
            let wanted = window.len().min(usize::try_from(length - done).unwrap_or(WINDOW));
            let read = storage.read(&mut window[..wanted], start + done)?;
            // What begins near the end of a window is left to the next one, which has all of it.
            let last = done + read as u64 >= length || read < wanted;
            let step = if last { read } else { read - HEAD };
            self.search(lair, &window[..read], step);
            self.bytes += step as u64;
            done += step as u64;
            if last {
                return Ok(());
            }
        }
    }

    /// Finds objects that begin in the first bytes.
    pub(super) fn search(&mut self, lair: Lair, bytes: &[u8], step: usize) {
        static BEGINNING: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(PROTOBUF));
        for at in BEGINNING.find_iter(bytes).take_while(|at| *at < step) {
            if let Some(named) = Named::read(&bytes[at..bytes.len().min(at + HEAD)]) {
                self.take(lair, named);
            }
        }
    }

    fn take(&mut self, lair: Lair, named: Named<'_>) {
        let group = named.api_version.split_once('/').map_or("", |(group, _)| group);
        let kind = (lair, named.kind.to_owned(), group.to_owned());
        if self.traces.len() >= MOST_KINDS && !self.traces.contains_key(&kind) {
            return;
        }
        let trace = self.traces.entry(kind).or_insert_with(|| Trace { group: group.to_owned(), ..Trace::default() });
        trace.copies += 1;
        let name = (named.namespace.to_owned(), named.name.to_owned());
        if trace.names.len() < MOST_NAMES {
            trace.names.insert(name);
        } else if !trace.names.contains(&name) {
            trace.more = true;
        }
    }
}

/// For fuzzing.
pub(super) fn read_bytes(bytes: &[u8]) {
    Residue::default().search(Lair::FreePages, bytes, bytes.len());
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::super::named::secret;
    use super::*;

    fn storage(bytes: &[u8]) -> Storage {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        Storage::new(file, bytes.len() as u64)
    }

    fn found(bytes: &[u8]) -> Vec<(String, u64, Vec<String>)> {
        let mut residue = Residue::default();
        residue.scan(Lair::Log, &storage(bytes), 0, bytes.len() as u64).unwrap();
        assert_eq!(residue.bytes, bytes.len() as u64);
        let traces = residue.traces().map(|(_, kind, trace)| {
            let names = trace.names.iter().map(|(namespace, name)| format!("{namespace}/{name}"));
            (kind.to_owned(), trace.copies, names.collect())
        });
        traces.collect()
    }

    #[test]
    fn a_secret_is_found_wherever_it_lies() {
        let secret = secret("prod", "db", "made up");
        for at in [0, 1, 5000, WINDOW - HEAD - 1, WINDOW - HEAD, WINDOW - 3, WINDOW, WINDOW + 9] {
            let mut bytes = vec![b'k'; 3 * WINDOW];
            bytes[at..at + secret.len()].copy_from_slice(&secret);
            assert_eq!(found(&bytes), [("Secret".to_owned(), 1, vec!["prod/db".to_owned()])], "{at}");
        }
    }

    #[test]
    fn copies_are_counted_and_names_are_not_repeated() {
        let bytes = [secret("prod", "db", "a"), secret("prod", "db", "b"), secret("prod", "api", "c")].concat();
        let names = vec!["prod/api".to_owned(), "prod/db".to_owned()];
        assert_eq!(found(&bytes), [("Secret".to_owned(), 3, names)]);
        assert!(found(b"").is_empty());
        assert!(found(&[b"k8s\0".as_slice(); 9000].concat()).is_empty());
    }
}
