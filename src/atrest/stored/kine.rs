//! kine's database, in which k3s keeps what others keep in etcd: one table, a row for each change.
//!
//! <https://github.com/k3s-io/kine>: id (the revision), name, created, deleted, create_revision, prev_revision, lease,
//! value, old_value. A row repeats the value before it as `old_value`.

use super::census::Census;
use super::error::StoredError;
use super::mvcc::Known;
use super::residue::Residue;
use super::sqlite::{Sqlite, corrupt};
use super::{Age, Evidence, Options, Origin, Stored};

/// Columns of the table. The first, the id, is the number of the row.
const NAME: usize = 1;
const DELETED: usize = 3;
const VALUE: usize = 7;
const OLD_VALUE: usize = 8;

const NO_LOG: &str = "there is no -wal file beside it: right where k3s was stopped; in a copy of a running one the last \
                      writes are missing, and what the log holds was not looked at";

const HALF_A_LOG: &str = "its -wal file is cut short or damaged, or was copied while it was written to: what was written last may \
                          be missing";

/// Counts what kine's SQLite file holds, with its log. k3s may be running.
pub(super) fn read(sqlite: &Sqlite, options: &Options) -> Result<Evidence, StoredError> {
    let root = sqlite.table("kine")?.ok_or(StoredError::NotKine)?;
    let mut census = Census::new(options.prefixes.clone());
    let (mut known, mut newest) = (Known::new(), 0);
    let counted = sqlite.visit(root, &mut |revision, row| {
        newest = newest.max(revision);
        let key = row.get(NAME).bytes();
        let deleted = row.get(DELETED).number().ok_or_else(|| corrupt("a row is not as kine writes it"))? != 0;
        let is_newest = known.insert(key);
        let value = row.get(VALUE).bytes();
        if !value.is_empty() {
            let age = if is_newest && !deleted { Age::Current } else { Age::Old };
            census.take(Stored { key, value, revision, age });
        }
        let value = row.get(OLD_VALUE).bytes();
        if !value.is_empty() {
            census.take(Stored { key, value, revision, age: Age::Old });
        }
        Ok(())
    });
    let unsettled = sqlite.is_stale();
    match counted {
        Err(StoredError::Corrupt { .. }) if unsettled => return Err(StoredError::Moving),
        counted => counted?,
    }
    let unseen = [(sqlite.lacks_log(), NO_LOG), (sqlite.has_broken_log(), HALF_A_LOG)];
    let unseen = unseen.into_iter().filter(|(is_so, _)| *is_so).map(|(_, sentence)| sentence).collect();
    let mut residue = None;
    if options.residue {
        sqlite.residue(root, residue.insert(Residue::default()))?;
    }
    census.sort();
    Ok(Evidence {
        origin: Origin::Kine { bytes: sqlite.length() },
        revision: newest,
        census,
        unseen,
        residue,
        unsettled,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::super::read_file;
    use super::*;

    fn fixture(name: &str) -> Vec<u8> {
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/kine").join(name)).unwrap()
    }

    /// The files of a database, in a folder of their own.
    fn place(database: &[u8], log: &[u8]) -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        fs::write(&path, database).unwrap();
        fs::write(folder.path().join("state.db-wal"), log).unwrap();
        (folder, path)
    }

    fn read(database: &[u8], log: &[u8]) -> Result<Evidence, StoredError> {
        let (_folder, path) = place(database, log);
        read_file(&path, &Options { residue: true, ..Options::default() })
    }

    fn told(evidence: &Evidence) -> String {
        let rows = evidence.census.rows();
        let row = rows.map(|row| {
            let stale = if row.newest { "" } else { ", stale" };
            format!("{}{stale}: {:?}, old {:?}\n", row.sealing, row.current.names, row.old.names)
        });
        row.collect()
    }

    fn left(evidence: &Evidence) -> String {
        let traces = evidence.residue.iter().flat_map(Residue::traces);
        traces.map(|(lair, kind, trace)| format!("{lair:?} {kind}: {:?}\n", trace.names)).collect()
    }

    #[test]
    fn rows_are_counted_with_those_of_the_log() {
        let evidence = read(&fixture("state.db"), &fixture("state.db-wal")).unwrap();
        insta::assert_snapshot!(told(&evidence), @r#"
        plaintext, stale: ["plain"], old ["changed", "gone"]
        aescbc key1, stale: ["large", "many-1", "many-2", "many-3", "many-4", "many-5", "many-6", "many-7"], old ["many-0"]
        aescbc key2: ["changed", "many-0"], old []
        "#);
        insta::assert_snapshot!(left(&evidence), @r#"
        FreePages Secret: {("prod", "compacted")}
        Log Secret: {("prod", "changed")}
        "#);
        assert_eq!((evidence.revision, evidence.unsettled), (16, false));
        assert!(!format!("{evidence:?}").contains("made-up"));
    }

    #[test]
    fn without_the_log_it_is_as_it_was() {
        let evidence = read(&fixture("state.db"), b"").unwrap();
        insta::assert_snapshot!(told(&evidence), @r#"
        plaintext, stale: ["changed", "plain"], old ["gone"]
        aescbc key1: ["large", "many-0", "many-1", "many-2", "many-3", "many-4", "many-5", "many-6", "many-7"], old []
        "#);
        assert_eq!(evidence.revision, 14);
    }

    #[test]
    fn a_log_counts_as_far_as_it_is_whole() {
        let (database, log) = (fixture("state.db"), fixture("state.db-wal"));
        let first = told(&read(&database, b"").unwrap());
        let whole = told(&read(&database, &log).unwrap());
        let mut changed = log.clone();
        changed[32 + 24 + 7] ^= 1;
        assert_eq!(told(&read(&database, &changed).unwrap()), first);
        let half = told(&read(&database, &log[..log.len() - 1]).unwrap());
        assert!(half != first && half != whole, "the first of two changes");
    }

    #[test]
    fn a_log_that_is_not_whole_is_said() {
        let (database, log) = (fixture("state.db"), fixture("state.db-wal"));
        let frame = 24 + 4096;
        let unseen = |log: &[u8]| read(&database, log).unwrap().unseen;
        let changed = |at: usize| {
            let mut log = log.clone();
            log[at] ^= 1;
            log
        };
        assert!(unseen(&log).is_empty() && unseen(b"").is_empty());
        // What an earlier round left behind the present one is as SQLite writes it.
        let mut earlier = log[32..].to_vec();
        (0..earlier.len()).step_by(frame).for_each(|at| earlier[at + 8] ^= 1);
        assert!(unseen(&[log.as_slice(), &earlier].concat()).is_empty());
        let damaged = [
            ("the mark", changed(0)),
            ("the size of a page", changed(9)),
            ("the sum of the beginning", changed(25)),
            ("the first page", changed(32 + 24 + 7)),
            ("the salt of a frame", changed(32 + frame + 8)),
            ("the last page", changed(log.len() - 1)),
            ("the beginning alone, cut", log[..20].to_vec()),
            ("cut within a frame", log[..log.len() - 1].to_vec()),
            ("cut behind the head of a frame", log[..log.len() - 4096].to_vec()),
            ("cut within a change", log[..log.len() - frame].to_vec()),
        ];
        for (what, log) in damaged {
            assert_eq!(unseen(&log), [HALF_A_LOG], "{what}");
        }
    }

    #[test]
    fn other_databases_are_refused() {
        let mut other = fixture("state.db");
        let at: Vec<_> = (0..4096).filter(|at| other[*at..].starts_with(b"kine")).collect();
        at.into_iter().for_each(|at| other[at] = b'K');
        assert!(matches!(read(&other, b""), Err(StoredError::NotKine)));
        let whole = fixture("state.db");
        assert!(matches!(read(&whole[..4096], b""), Err(StoredError::Truncated { .. })));
    }

    proptest! {
        #[test]
        fn a_changed_database_is_read_or_refused(
            changes in proptest::collection::vec((16..40_000_usize, any::<u8>()), 1..20),
        ) {
            let (mut database, mut log) = (fixture("state.db"), fixture("state.db-wal"));
            for (at, byte) in changes {
                let length = database.len();
                database[at % length] = byte;
                let length = log.len();
                log[at % length] = byte;
            }
            database[..16].copy_from_slice(b"SQLite format 3\0");
            let _ = read(&database, &log);
        }
    }
}
