//! One page: a header, a table of elements, and behind it keys and values.

use super::walk::corrupt;
use crate::atrest::stored::StoredError;

/// Bytes before the elements.
pub(super) const HEADER: usize = 16;
/// Bytes of an element, of either kind.
const ELEMENT: usize = 16;
/// The element of a leaf is a bucket.
const BUCKET: u32 = 1;

/// What a page is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Branch,
    Leaf,
    /// One of the first two, the list of free pages, or nothing that is known.
    Other,
}

/// The first bytes of a page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) id: u64,
    pub(super) kind: Kind,
    pub(super) count: usize,
    /// Pages behind this one that belong to it.
    pub(super) overflow: u32,
}

impl Header {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let flags = u16::from_le_bytes([*bytes.get(8)?, *bytes.get(9)?]);
        let kind = match flags {
            1 => Kind::Branch,
            2 => Kind::Leaf,
            _ => Kind::Other,
        };
        let count = usize::from(u16::from_le_bytes([*bytes.get(10)?, *bytes.get(11)?]));
        Some(Self { id: u64(bytes, 0)?, kind, count, overflow: u32(bytes, 12)? })
    }
}

/// An element of a leaf.
pub(super) struct Entry<'p> {
    pub(super) key: &'p [u8],
    pub(super) value: &'p [u8],
    pub(super) is_bucket: bool,
}

/// The element of a leaf, if all of it lies in the page.
pub(super) fn entry(page: &[u8], index: usize) -> Result<Entry<'_>, StoredError> {
    let start = HEADER + index * ELEMENT;
    let read = || {
        let [flags, position, key, value] = [0, 4, 8, 12].map(|at| u32(page, start + at));
        let key_at = start.checked_add(position? as usize)?;
        let value_at = key_at.checked_add(key? as usize)?;
        let end = value_at.checked_add(value? as usize)?;
        let is_bucket = flags? & BUCKET != 0;
        Some(Entry { key: page.get(key_at..value_at)?, value: page.get(value_at..end)?, is_bucket })
    };
    read().ok_or_else(|| corrupt("an element lies outside of its page"))
}

/// The child at an element of a branch.
pub(super) fn child(page: &[u8], index: usize) -> Result<u64, StoredError> {
    u64(page, HEADER + index * ELEMENT + 8).ok_or_else(|| corrupt("an element lies outside of its page"))
}

pub(super) fn u32(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

pub(super) fn u64(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}
