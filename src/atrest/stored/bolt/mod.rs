//! Reads a bbolt file, the database below etcd, without trusting a byte of it.
//!
//! Pages are read at their positions into one buffer. Mapping the file would save a copy of what the page cache has, a
//! small part of what is to be done for a page; and it takes unsafe code, as whoever cuts the file short while it is
//! mapped ends the process with SIGBUS.
//!
//! The layout is that of <https://github.com/etcd-io/bbolt>, `internal/common/page.go`, `meta.go` and `inode.go`, as
//! little-endian machines write it.

mod meta;
mod page;
#[cfg(test)]
pub(super) mod sample;
mod walk;

use super::StoredError;
use super::storage::Storage;

pub(super) use walk::Walk;

use meta::Meta;

/// A database file.
pub(super) struct Bolt {
    storage: Storage,
    meta: Meta,
    /// Whether both of the pages that say where everything begins are whole.
    whole: bool,
}

impl Bolt {
    /// Reads where everything begins.
    pub(super) fn open(storage: Storage) -> Result<Self, StoredError> {
        let (meta, whole) = Meta::read(&storage)?;
        Ok(Self { storage, meta, whole })
    }

    /// Whether the last transaction is known to be the last: of two pages that say so both are whole.
    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }

    /// Size of a page.
    fn page_size(&self) -> u32 {
        self.meta.page_size
    }

    /// Pages in use or free; what lies behind them was never written.
    fn pages(&self) -> u64 {
        self.meta.pages
    }

    /// The same file, as it is now.
    pub(super) fn reopen(self) -> Result<Self, StoredError> {
        Self::open(self.storage.grown()?)
    }

    /// Whether something was written since the file was opened.
    pub(super) fn is_stale(&self) -> bool {
        Meta::read(&self.storage).map_or(true, |(meta, _)| meta.transaction != self.meta.transaction)
    }

    /// The file below.
    pub(super) fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Begins to look at pages.
    pub(super) fn walk(&self) -> Walk<'_> {
        Walk::new(self)
    }
}
