//! A database in a file: a snapshot of etcd, the one of its data directory, in use or not, or that of kine.

use std::fs::{self, File};
use std::path::Path;
use std::{io, thread};

use sha2::{Digest as _, Sha256};

use super::bolt::Bolt;
use super::census::Census;
use super::error::StoredError;
use super::mvcc::{Facts, KEYS, META, Revisions};
use super::residue::{Lair, Residue};
use super::sqlite::{self, Sqlite};
use super::storage::Storage;
use super::{Evidence, Options, Origin, kine};

/// Bytes of the digest that `etcdctl snapshot save` appends.
const DIGEST: u64 = 32;
/// A database has whole pages. This is how `etcdutl` tells that there is a digest behind one.
const SECTOR: u64 = 512;
const OF_MEMBER: &str = "a snapshot has no write-ahead log: that of the member was not looked at";
const NO_LOG: &str = "there is no write-ahead log beside it (../wal), so that was not looked at; on the member it may hold \
                      plaintext";
const HALF: &str = "one of the two pages that it begins with is damaged, and the other was taken: what was written last may be \
                    missing";
/// How often a database that is written to is read anew.
const ATTEMPTS: u32 = 3;

/// Counts what a database holds: a snapshot of etcd, which is verified; a database of etcd's data directory, or that of
/// kine, which may be in use. Nothing is written, and no lock is taken: nobody notices.
///
/// # Errors
/// When the file is none, is damaged, or changes too fast.
pub fn read_file(path: &Path, options: &Options) -> Result<Evidence, StoredError> {
    // Asked before it is opened: a named pipe waits for somebody to write to it.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file").into());
    }
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let is_snapshot = bytes % SECTOR == DIGEST;
    let storage = Storage::new(file, if is_snapshot { bytes - DIGEST } else { bytes });
    if sqlite::is_sqlite(&storage)? {
        return kine::read(&Sqlite::open(path, storage)?, options);
    }
    let bolt = Bolt::open(storage)?;
    if !is_snapshot && bytes % SECTOR != 0 {
        return Err(StoredError::Corrupt { problem: "it ends within a page" });
    }
    let mut evidence = if is_snapshot { snapshot(&bolt, options) } else { live(bolt, options) }?;
    let without_log = match evidence.residue.as_mut() {
        None => None,
        Some(_) if is_snapshot => Some(OF_MEMBER),
        Some(residue) => (!beside(path, residue)).then_some(NO_LOG),
    };
    evidence.unseen.extend(without_log);
    Ok(evidence)
}

/// The digest is computed while the values are counted.
fn snapshot(bolt: &Bolt, options: &Options) -> Result<Evidence, StoredError> {
    let (digest, counted) = thread::scope(|scope| {
        let digest = scope.spawn(|| digest(bolt.storage()));
        let counted = count(bolt, options);
        (digest.join(), counted)
    });
    let digest = digest.map_err(|_| io::Error::other("cannot compute its SHA-256"))?;
    // Damage has its reason in a digest that is wrong, rather than the other way round.
    if !digest? {
        return Err(StoredError::Checksum);
    }
    let (mut evidence, facts) = counted?;
    evidence.origin = Origin::Snapshot { bytes: bolt.storage().length() + DIGEST, compacted: facts.compacted };
    Ok(evidence)
}

/// Whether what stands behind the database is its SHA-256.
fn digest(storage: &Storage) -> io::Result<bool> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    let mut position = 0;
    while position < storage.length() {
        let read = storage.read(&mut buffer, position)?;
        if read == 0 {
            return Ok(false);
        }
        hash.update(&buffer[..read]);
        position += read as u64;
    }
    let mut wanted = [0; DIGEST as usize];
    storage.read_behind(&mut wanted)?;
    Ok(hash.finalize().as_slice() == wanted)
}

/// A database that etcd may be writing to. While a transaction is written, the pages of the last one stay as they are; once
/// it is committed, they may be reused. So a walk during which nothing was committed is good, and of another it is not
/// known.
fn live(mut bolt: Bolt, options: &Options) -> Result<Evidence, StoredError> {
    let mut attempt = 1;
    loop {
        let counted = count(&bolt, options);
        let moved = bolt.is_stale();
        if moved && attempt < ATTEMPTS {
            attempt += 1;
            bolt = bolt.reopen()?;
            continue;
        }
        let (mut evidence, facts) = match counted {
            Err(StoredError::Corrupt { .. }) if moved => return Err(StoredError::Moving),
            counted => counted?,
        };
        evidence.origin = Origin::Database { bytes: bolt.storage().length(), compacted: facts.compacted };
        evidence.unsettled = moved;
        return Ok(evidence);
    }
}

fn count(bolt: &Bolt, options: &Options) -> Result<(Evidence, Facts), StoredError> {
    let mut census = Census::new(options.prefixes.clone());
    let mut facts = Facts::default();
    let mut walk = bolt.walk();
    let buckets = walk.buckets()?;
    let mut revisions = Revisions::new(&mut census);
    let keys = buckets.iter().find(|(name, _)| name == KEYS).ok_or(StoredError::NotEtcd)?;
    walk.visit(&keys.1, &mut |key, value| revisions.take(key, value))?;
    let revision = revisions.newest;
    for (name, bucket) in buckets.iter().filter(|(name, _)| name == META || options.residue && name != KEYS) {
        walk.visit(bucket, &mut |key, value| {
            if name == META {
                facts.take(key, value);
            }
            Ok(())
        })?;
    }
    let mut residue = None;
    if options.residue {
        walk.visit_fixed()?;
        let found = residue.insert(Residue::default());
        for (start, length) in walk.unseen() {
            found.scan(Lair::FreePages, bolt.storage(), start, length)?;
        }
    }
    census.sort();
    let origin = Origin::Database { bytes: 0, compacted: 0 };
    let unseen = if bolt.is_whole() { Vec::new() } else { vec![HALF] };
    Ok((Evidence { origin, revision, census, unseen, residue, unsettled: false }, facts))
}

/// Looks through what a data directory has beside `member/snap/db`: the log in `member/wal`, and databases that were
/// received from another member or left by a defragmentation that was broken off. Whether there is a log.
fn beside(path: &Path, residue: &mut Residue) -> bool {
    let Some(snap) = path.parent().filter(|_| path.file_name().is_some_and(|name| name == "db")) else { return false };
    let snap = if snap.as_os_str().is_empty() { Path::new(".") } else { snap };
    residue.folder(Lair::Leftover, snap, |name| name.ends_with(".snap.db") || name.starts_with("db.tmp"));
    let wal = snap.join("../wal");
    let exists = fs::metadata(&wal).is_ok();
    if exists {
        residue.folder(Lair::Log, &wal, |name| name.ends_with(".wal") || name.ends_with(".tmp"));
    }
    exists
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;
    use tempfile::NamedTempFile;

    use super::super::bolt::sample;
    use super::super::named::secret;
    use super::super::wire::{put_bytes, put_number};
    use super::*;

    fn revision(main: u64, key: &str, value: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let mut message = Vec::new();
        put_bytes(&mut message, 1, key.as_bytes());
        put_number(&mut message, 3, main);
        put_bytes(&mut message, 5, value);
        ([&main.to_be_bytes()[..], b"_", &[0; 8]].concat(), message)
    }

    /// Two leaves: one Secret that was encrypted later, one with a value of several pages, and one that is left in a
    /// free page.
    fn database(page_size: usize) -> Vec<u8> {
        let plain = secret("prod", "db", "made up");
        let large = [b"k8s:enc:secretbox:v1:key1:".as_slice(), &[7; 100_000]].concat();
        let first =
            vec![revision(2, "/registry/secrets/prod/db", &plain), revision(3, "/registry/secrets/prod/large", &large)];
        let second = vec![revision(4, "/registry/secrets/prod/db", b"k8s:enc:secretbox:v1:key2:x")];
        sample::database(page_size, &[first, second], &secret("prod", "gone", "made up"))
    }

    fn snapshot(page_size: usize) -> Vec<u8> {
        let database = database(page_size);
        let digest = Sha256::digest(&database);
        [database.as_slice(), digest.as_slice()].concat()
    }

    fn read(bytes: &[u8]) -> Result<Evidence, StoredError> {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        read_file(file.path(), &Options { residue: true, ..Options::default() })
    }

    fn told(evidence: &Evidence) -> String {
        let rows = evidence.census.rows();
        let row = rows.map(|row| format!("{}: {:?}, old {:?}\n", row.sealing, row.current.names, row.old.names));
        let residue = evidence.residue.iter().flat_map(|residue| residue.traces());
        row.chain(residue.map(|(lair, kind, trace)| format!("{lair:?} {kind} {:?}\n", trace.names))).collect()
    }

    #[test]
    fn pages_of_every_size_are_read() {
        let first = read(&snapshot(4096)).unwrap();
        insta::assert_snapshot!(told(&first), @r#"
        plaintext: [], old ["db"]
        secretbox key1: ["large"], old []
        secretbox key2: ["db"], old []
        FreePages Secret {("prod", "gone")}
        "#);
        assert_eq!((first.revision, first.unsettled), (4, false));
        for size in [8192, 16384, 32768, 65536] {
            assert_eq!(told(&read(&snapshot(size)).unwrap()), told(&first), "{size}");
            assert_eq!(told(&read(&database(size)).unwrap()), told(&first), "{size}");
        }
    }

    #[test]
    fn pages_that_were_never_in_use_are_looked_through() {
        let mut bytes = database(4096);
        bytes.extend([0; 3 * 4096]);
        let end = bytes.len() - 4096;
        let gone = secret("test", "past", "made up");
        bytes[end..end + gone.len()].copy_from_slice(&gone);
        let told = told(&read(&bytes).unwrap());
        assert!(told.ends_with("FreePages Secret {(\"prod\", \"gone\"), (\"test\", \"past\")}\n"), "{told}");
    }

    #[test]
    fn one_meta_is_enough() {
        for meta in [0, 4096] {
            let mut bytes = database(4096);
            bytes[meta + 20] ^= 1;
            let evidence = read(&bytes).unwrap();
            assert_eq!((evidence.revision, evidence.unseen), (4, vec![HALF, NO_LOG]), "{meta}");
        }
        let mut bytes = database(65536);
        assert_eq!(read(&bytes).unwrap().unseen, [NO_LOG]);
        bytes[20] ^= 1;
        let evidence = read(&bytes).unwrap();
        assert_eq!((evidence.revision, evidence.unseen), (4, vec![HALF, NO_LOG]));
        bytes[65536 + 20] ^= 1;
        assert!(matches!(read(&bytes), Err(StoredError::Foreign)));
    }

    #[test]
    fn other_files_are_refused() {
        let text = b"apiVersion: v1\n".repeat(10_000);
        for bytes in [b"".as_slice(), b"x", &[0; 32], &[0; 8192], b"SQLite format 3\0", &text] {
            assert!(matches!(read(bytes), Err(StoredError::Foreign)), "{} bytes", bytes.len());
        }
        assert!(matches!(read_file(Path::new("/"), &Options::default()), Err(StoredError::Io(_))));
        assert!(matches!(read_file(Path::new("/nowhere"), &Options::default()), Err(StoredError::Io(_))));
        let mut other = database(4096);
        let name = other.windows(3).position(|window| window == b"key").unwrap();
        other[name..name + 3].copy_from_slice(b"kez");
        assert!(matches!(read(&other), Err(StoredError::NotEtcd)));
    }

    #[test]
    fn half_a_file_is_cut_short() {
        let bytes = snapshot(4096);
        for end in (4096 * 2..bytes.len() - 32).step_by(1000) {
            assert!(matches!(read(&bytes[..end]), Err(StoredError::Truncated { .. })), "{end}");
        }
        for missing in 1..32 {
            assert!(matches!(read(&bytes[..bytes.len() - missing]), Err(StoredError::Corrupt { .. })), "{missing}");
        }
    }

    #[test]
    fn a_file_of_eight_gigabytes_is_not_read() {
        let file = NamedTempFile::new().unwrap();
        file.as_file().set_len(8 << 30).unwrap();
        assert!(matches!(read_file(file.path(), &Options::default()), Err(StoredError::Foreign)));
        // With a beginning, the trees are read, and not the holes.
        file.as_file().write_all(&database(4096)).unwrap();
        let begin = std::time::Instant::now();
        assert_eq!(read_file(file.path(), &Options::default()).unwrap().revision, 4);
        assert!(begin.elapsed().as_secs() < 2);
    }

    #[test]
    fn a_page_that_is_its_own_child_is_refused() {
        let mut bytes = database(4096);
        let child = 3 * 4096 + 16 + 8;
        bytes[child..child + 8].copy_from_slice(&3_u64.to_le_bytes());
        let error = read(&bytes).unwrap_err();
        assert_eq!(error.to_string(), "is damaged: a page is in two places");
        bytes[child..child + 8].copy_from_slice(&u64::MAX.to_le_bytes());
        assert_eq!(read(&bytes).unwrap_err().to_string(), "is damaged: a page lies behind the last one");
    }

    #[test]
    fn no_value_is_shown() {
        let evidence = read(&snapshot(4096)).unwrap();
        assert!(!format!("{evidence:?}").contains("made up"));
    }

    proptest! {
        #[test]
        fn a_changed_snapshot_is_an_error(at in any::<prop::sample::Index>(), mask in 1..=255_u8) {
            let mut bytes = snapshot(4096);
            *at.get_mut(&mut bytes) ^= mask;
            prop_assert!(read(&bytes).is_err());
        }

        #[test]
        fn a_changed_database_is_read_or_refused(
            changes in proptest::collection::vec((0..6 * 4096_usize, any::<u8>()), 1..20),
        ) {
            let mut bytes = database(4096);
            // The first two pages have checksums: what is changed there is not looked at.
            for (at, byte) in changes.into_iter().filter(|(at, _)| *at >= 8192) {
                bytes[at] = byte;
            }
            let _ = read(&bytes);
        }

        #[test]
        fn any_pages_are_read_or_refused(noise in proptest::collection::vec(any::<u8>(), 0..8192)) {
            let mut bytes = database(4096);
            bytes[8192..8192 + noise.len()].copy_from_slice(&noise);
            let _ = read(&bytes);
        }
    }
}
