//! Pages of a table's tree.

use super::super::error::StoredError;
use super::record::varint;
use super::{be32, corrupt};

const INTERIOR: u8 = 5;
const LEAF: u8 = 13;

/// Children of an interior page, or none for a leaf.
pub(super) fn children(page: &[u8], start: usize) -> Result<Option<Vec<u32>>, StoredError> {
    match page.get(start) {
        Some(&LEAF) => return Ok(None),
        Some(&INTERIOR) => {}
        _ => return Err(corrupt("a page of a table is none")),
    }
    let read = || {
        let count = usize::from(be16(page, start + 3)?);
        let cells = (0..count).map(|index| be32(page, usize::from(be16(page, start + 12 + 2 * index)?)));
        cells.chain([be32(page, start + 8)]).collect::<Option<Vec<_>>>()
    };
    read().map(Some).ok_or_else(|| corrupt("a cell lies outside of its page"))
}

/// A page of rows, without what SQLite leaves to others at its end.
pub(super) struct Leaf<'p> {
    page: &'p [u8],
    start: usize,
    count: usize,
}

/// One row, or its beginning.
pub(super) struct Cell<'p> {
    pub(super) row: u64,
    /// Bytes of the row.
    pub(super) length: u64,
    /// Those that are here.
    pub(super) local: &'p [u8],
    /// The page with those that follow.
    pub(super) overflow: Option<u32>,
    /// Where it ends in its page.
    end: usize,
}

impl<'p> Leaf<'p> {
    pub(super) fn read(page: &'p [u8], start: usize) -> Result<Self, StoredError> {
        let count = be16(page, start + 3).ok_or_else(|| corrupt("a page is too short"))?;
        Ok(Self { page, start, count: usize::from(count) })
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn cell(&self, index: usize) -> Result<Cell<'p>, StoredError> {
        self.read_cell(index).ok_or_else(|| corrupt("a cell lies outside of its page"))
    }

    /// What is between the rows: SQLite does not wipe what it deletes.
    pub(super) fn gaps(&self) -> impl Iterator<Item = &'p [u8]> {
        let mut rows: Vec<_> = (0..self.count).filter_map(|index| self.extent(index)).collect();
        rows.push((self.page.len(), self.page.len()));
        rows.sort_unstable();
        let (page, mut end) = (self.page, self.start + 8 + 2 * self.count);
        rows.into_iter().filter_map(move |(start, next)| {
            let gap = page.get(end..start);
            end = end.max(next);
            gap
        })
    }

    /// Where the row lies in the page.
    fn extent(&self, index: usize) -> Option<(usize, usize)> {
        let at = usize::from(be16(self.page, self.start + 8 + 2 * index)?);
        let cell = self.read_cell(index)?;
        Some((at, cell.end))
    }

    fn read_cell(&self, index: usize) -> Option<Cell<'p>> {
        let at = be16(self.page, self.start + 8 + 2 * index)?;
        let (length, rest) = varint(self.page.get(usize::from(at)..)?)?;
        let (row, rest) = varint(rest)?;
        let local = local(length, self.page.len());
        let (local, rest) = rest.split_at_checked(local)?;
        let end = self.page.len() - rest.len();
        if local.len() as u64 == length {
            return Some(Cell { row, length, local, overflow: None, end });
        }
        Some(Cell { row, length, local, overflow: Some(be32(rest, 0)?), end: end + 4 })
    }
}

/// How much of a row is in its page.
fn local(length: u64, usable: usize) -> usize {
    let most = usable - 35;
    if length <= most as u64 {
        return length as usize;
    }
    let least = (usable - 12) * 32 / 255 - 23;
    let wanted = least + ((length - least as u64) % (usable as u64 - 4)) as usize;
    if wanted <= most { wanted } else { least }
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}
