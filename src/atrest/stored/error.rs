//! Why stored bytes could not be read.

use std::io;

/// What keeps a place from being counted. Nothing of it says that anything is encrypted, or is not.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    /// The file is there and cannot be read: permissions, or the disk.
    #[error("cannot be read")]
    Io(#[from] io::Error),
    /// Some other file.
    #[error("is no database of etcd or kine: it does not begin as one, or its beginning is damaged")]
    Foreign,
    /// A database, and not one of etcd.
    #[error("is a bbolt database, but has no bucket `key`: not of etcd")]
    NotEtcd,
    /// A database of SQLite, and not one of kine.
    #[error("is an SQLite database, but has no table `kine`: not of k3s")]
    NotKine,
    /// The end is missing: a copy that was not finished.
    #[error("is cut short: {length} bytes of {wanted}")]
    Truncated {
        /// Bytes there are.
        length: u64,
        /// Bytes there should be.
        wanted: u64,
    },
    /// The digest that `etcdctl snapshot save` appends is not that of the snapshot.
    #[error("is damaged or was changed: its SHA-256 is not the one that stands at its end")]
    Checksum,
    /// Damaged, by accident or on purpose.
    #[error("is damaged: {problem}")]
    Corrupt {
        /// What is wrong.
        problem: &'static str,
    },
    /// A live database, of which pages were reused while they were read.
    #[error("was written to while it was read; read a snapshot: etcdctl snapshot save FILE")]
    Moving,
}
