//! Stored bytes: the last rung of the ladder, and the only one that is proof.
//!
//! Whatever the place, the result is a [`Census`]: how many objects, by resource, namespace, provider and key; and on
//! request the [`Residue`], plaintext that is left where no API server looks. No value is kept, and none is copied
//! further than the buffer that it was read into.
//!
//! | place | how |
//! |---|---|
//! | a snapshot, or `member/snap/db` of a data directory | [`read_file`] |
//! | `state.db` of k3s, with its `-wal` | [`read_file`] |
//! | a running etcd | [`etcd::read`] |

mod bolt;
mod census;
mod database;
mod error;
pub mod etcd;
mod key;
mod kine;
mod mvcc;
mod named;
mod residue;
mod sealing;
mod sqlite;
mod storage;
mod wire;

pub use census::{Age, Census, Row, Stored, Tally};
pub use database::read_file;
pub use error::StoredError;
pub use key::{Prefixes, RegistryKey};
pub use named::Named;
pub use residue::{Lair, Residue, Trace};
pub use sealing::{Encoding, Provider, Sealing};

/// What to look at.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where the objects are.
    pub prefixes: Prefixes,
    /// Whether to look for plaintext that is left: in pages that are free, and in the files beside a live database.
    pub residue: bool,
}

/// What a place told.
#[derive(Debug)]
pub struct Evidence {
    /// What kind of place it was.
    pub origin: Origin,
    /// Revision of etcd that was counted.
    pub revision: u64,
    /// What was counted.
    pub census: Census,
    /// What could not be looked at, or not be believed: a sentence each.
    pub unseen: Vec<&'static str>,
    /// What is left of plaintext, if that was asked for. Values of old revisions are in the census.
    pub residue: Option<Residue>,
    /// The place changed while it was counted: objects may be missing, or be old. Not proof of anything but what is
    /// named.
    pub unsettled: bool,
}

/// Where values were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A database with a digest at its end, which is right: `etcdctl snapshot save`.
    Snapshot {
        /// Size of the file.
        bytes: u64,
        /// Revisions up to this one were compacted.
        compacted: u64,
    },
    /// A database without a digest: of a data directory, or a copy of one.
    Database {
        /// Size of the file.
        bytes: u64,
        /// Revisions up to this one were compacted.
        compacted: u64,
    },
    /// The SQLite file of kine, with its log.
    Kine {
        /// Size of the file, without the log.
        bytes: u64,
    },
    /// A running etcd.
    Etcd,
}

/// Reads any bytes as a page of a database and as what it holds: for fuzzing.
#[doc(hidden)]
pub fn read_bytes(bytes: &[u8]) {
    let _ = (Sealing::read(bytes), Named::read(bytes), RegistryKey::read(bytes, &Prefixes::default()));
    let _ = mvcc::KeyValue::read(bytes).is_ok();
    residue::read_bytes(bytes);
}
