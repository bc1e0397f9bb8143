//! The two pages that a database begins with. They are written in turn, so one of them is whole at any time.

use super::page::{self, HEADER};
use crate::atrest::stored::StoredError;
use crate::atrest::stored::storage::Storage;

const MAGIC: u32 = 0xed0c_daed;
const VERSION: u32 = 2;
/// Where the checksum stands, which covers what comes before.
const CHECKSUM: usize = 56;
const LENGTH: usize = 64;
/// Sizes of a page: those of the systems that etcd runs on. All are tried where the first meta does not say.
const PAGE_SIZES: [u32; 5] = [1 << 12, 1 << 13, 1 << 14, 1 << 15, 1 << 16];
/// In place of a freelist: etcd does not save it.
const NO_FREELIST: u64 = u64::MAX;

/// Where everything begins, as of the last transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meta {
    pub(super) page_size: u32,
    /// The page of the bucket that holds all buckets.
    pub(super) root: u64,
    pub(super) freelist: Option<u64>,
    /// The first page that was never in use.
    pub(super) pages: u64,
    pub(super) transaction: u64,
}

impl Meta {
    /// The newer of the two, and whether both are whole.
    pub(super) fn read(storage: &Storage) -> Result<(Self, bool), StoredError> {
        let first = Self::at(storage, 0)?;
        let sizes: &[u32] = match &first {
            Some(meta) => &[meta.page_size],
            None => &PAGE_SIZES,
        };
        let (mut newest, mut both) = (first, false);
        for size in sizes {
            let second = Self::at(storage, u64::from(*size))?.filter(|meta| meta.page_size == *size);
            both |= first.is_some() && second.is_some();
            if second.is_some_and(|second| newest.is_none_or(|newest| newest.transaction < second.transaction)) {
                newest = second;
            }
        }
        Ok((newest.ok_or(StoredError::Foreign)?.check(storage)?, both))
    }

    /// None where there is no whole meta.
    fn at(storage: &Storage, position: u64) -> Result<Option<Self>, StoredError> {
        let mut bytes = [0; HEADER + LENGTH];
        let read = storage.read(&mut bytes, position)?;
        Ok(Self::parse(&bytes[..read]))
    }

    fn parse(page: &[u8]) -> Option<Self> {
        let meta = page.get(HEADER..HEADER + LENGTH)?;
        let (u32, u64) = (|at| page::u32(meta, at), |at| page::u64(meta, at));
        if u32(0)? != MAGIC || u32(4)? != VERSION || u64(CHECKSUM)? != fnv(&meta[..CHECKSUM]) {
            return None;
        }
        let page_size = u32(8).filter(|size| PAGE_SIZES.contains(size))?;
        let freelist = u64(32).filter(|page| *page != NO_FREELIST);
        Some(Self { page_size, root: u64(16)?, freelist, pages: u64(40)?, transaction: u64(48)? })
    }

    /// A whole meta of a file that is not whole.
    fn check(self, storage: &Storage) -> Result<Self, StoredError> {
        let wanted = self.pages.checked_mul(u64::from(self.page_size));
        match wanted {
            Some(wanted) if wanted <= storage.length() => Ok(self),
            _ => Err(StoredError::Truncated { length: storage.length(), wanted: wanted.unwrap_or(u64::MAX) }),
        }
    }
}

/// FNV-1a of 64 bits.
pub(super) fn fnv(bytes: &[u8]) -> u64 {
    let hash = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        // From the vectors of the hash's authors.
        assert_eq!(fnv(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
