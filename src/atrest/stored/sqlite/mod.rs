//! Reads a table of an SQLite file with its write-ahead log, without trusting a byte of either, and writes nothing.
//!
//! The format is that of <https://www.sqlite.org/fileformat2.html>. What is not needed for one table of integers, texts
//! and blobs is not here: no indexes, no other encodings, no rollback journal.

mod log;
mod record;
mod table;

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::StoredError;
use super::residue::{Lair, Residue};
use super::storage::Storage;

pub(super) use record::Record;

use log::Log;
use table::Leaf;

const MAGIC: &[u8] = b"SQLite format 3\0";
/// Deepest tree. SQLite's own are less deep.
const DEEPEST: usize = 20;
/// Largest row that is read.
const LARGEST: usize = 32 << 20;

pub(super) fn corrupt(problem: &'static str) -> StoredError {
    StoredError::Corrupt { problem }
}

/// Whether a file begins as one of SQLite.
pub(super) fn is_sqlite(storage: &Storage) -> io::Result<bool> {
    let mut magic = [0; 16];
    let read = storage.read(&mut magic, 0)?;
    Ok(&magic[..read] == MAGIC)
}

/// A database file.
pub(super) struct Sqlite {
    storage: Storage,
    path: PathBuf,
    log: Option<Log>,
    page_size: usize,
    /// Bytes of a page that SQLite uses.
    usable: usize,
    pages: u32,
    /// Whether it is written through a log.
    logs: bool,
    /// Of the file, when it was opened.
    state: (u64, SystemTime),
}

/// What is given for each row: its number, and what is in it.
pub(super) type Visit<'v> = &'v mut dyn FnMut(u64, &Record<'_>) -> Result<(), StoredError>;

impl Sqlite {
    pub(super) fn open(path: &Path, storage: Storage) -> Result<Self, StoredError> {
        let (state, mut header) = (storage.state()?, [0; 100]);
        if storage.read(&mut header, 0)? < header.len() {
            return Err(StoredError::Foreign);
        }
        let page_size = match u16::from_be_bytes([header[16], header[17]]) {
            1 => 1 << 16,
            size => usize::from(size),
        };
        if !(page_size.is_power_of_two() && page_size >= 512) {
            return Err(StoredError::Foreign);
        }
        if be32(&header, 56) > Some(1) {
            return Err(corrupt("its texts are not UTF-8"));
        }
        let usable = page_size - usize::from(header[20]);
        if usable < 480 {
            return Err(corrupt("its pages are too small"));
        }
        let log = Log::open(&beside(path), page_size)?;
        // The file says how many pages it has, unless an old SQLite wrote it last. Those of a log may not be in it yet.
        let says = be32(&header, 28).filter(|_| header[24..28] == header[92..96]);
        let wanted = says.map_or(0, |pages| u64::from(pages) * page_size as u64);
        if log.as_ref().is_none_or(|log| log.pages == 0) && storage.length() < wanted {
            return Err(StoredError::Truncated { length: storage.length(), wanted });
        }
        let pages = (storage.length() / page_size as u64).max(log.as_ref().map_or(0, |log| u64::from(log.pages)));
        let pages = u32::try_from(pages).unwrap_or(u32::MAX);
        let logs = header[18] == 2;
        Ok(Self { storage, path: path.to_owned(), logs, log, page_size, usable, pages, state })
    }

    /// Size of the file, without its log.
    pub(super) fn length(&self) -> u64 {
        self.storage.length()
    }

    /// Whether a log belongs to it and there is none, not even an empty one.
    pub(super) fn lacks_log(&self) -> bool {
        self.logs && !beside(&self.path).exists()
    }

    /// Whether the log is cut short or damaged.
    pub(super) fn has_broken_log(&self) -> bool {
        self.log.as_ref().is_some_and(|log| log.is_broken)
    }

    /// Whether pages were written back into the database since it was opened, or its log began anew. What is only added
    /// to the log is not looked at, and does no harm.
    pub(super) fn is_stale(&self) -> bool {
        let log = Log::open(&beside(&self.path), self.page_size);
        let salts = |log: &Option<Log>| log.as_ref().map(|log| log.salts);
        let is_same = log.is_ok_and(|log| salts(&log) == salts(&self.log));
        !is_same || self.storage.state().is_ok_and(|state| state != self.state)
    }

    /// The first page of a table.
    pub(super) fn table(&self, name: &str) -> Result<Option<u32>, StoredError> {
        let mut root = None;
        self.visit(1, &mut |_, schema| {
            if schema.get(0).text() == Some("table") && schema.get(1).text() == Some(name) {
                root = schema.get(3).number().and_then(|page| u32::try_from(page).ok());
            }
            Ok(())
        })?;
        Ok(root)
    }

    /// Every row of a table, from the last to the first.
    pub(super) fn visit(&self, root: u32, visit: Visit<'_>) -> Result<(), StoredError> {
        let (mut row, mut last) = (Vec::new(), None);
        self.tree(root, 0, &mut HashSet::new(), &mut |leaf| {
            for index in (0..leaf.count()).rev() {
                let cell = leaf.cell(index)?;
                if last.is_some_and(|last| cell.row >= last) {
                    return Err(corrupt("rows are not in order"));
                }
                last = Some(cell.row);
                self.payload(&cell, &mut row)?;
                visit(cell.row, &Record::read(&row).ok_or_else(|| corrupt("a row has another form"))?)?;
            }
            Ok(())
        })
    }

    /// Hands over the leaves below a page, from the last to the first. A page is seen once, so this ends.
    fn tree(
        &self,
        id: u32,
        depth: usize,
        seen: &mut HashSet<u32>,
        visit: &mut dyn FnMut(&Leaf<'_>) -> Result<(), StoredError>,
    ) -> Result<(), StoredError> {
        if depth > DEEPEST {
            return Err(corrupt("a tree is too deep"));
        }
        if !seen.insert(id) {
            return Err(corrupt("a page is in two places"));
        }
        let page = self.page(id)?;
        let start = if id == 1 { 100 } else { 0 };
        match table::children(&page, start)? {
            Some(children) => children.into_iter().rev().try_for_each(|child| self.tree(child, depth + 1, seen, visit)),
            None => visit(&Leaf::read(&page[..self.usable], start)?),
        }
    }

    /// All of a row, also what lies in other pages.
    fn payload(&self, cell: &table::Cell<'_>, row: &mut Vec<u8>) -> Result<(), StoredError> {
        row.clear();
        row.extend_from_slice(cell.local);
        let whole = cell.length.min(LARGEST as u64) as usize;
        let mut next = cell.overflow;
        while row.len() < whole {
            let id = next.ok_or_else(|| corrupt("a row is cut short"))?;
            let page = self.page(id)?;
            let part = &page[4..self.usable];
            row.extend_from_slice(&part[..part.len().min(whole - row.len())]);
            next = be32(&page, 0).filter(|next| *next != 0);
        }
        Ok(())
    }

    fn page(&self, id: u32) -> Result<Vec<u8>, StoredError> {
        if id == 0 || id > self.pages {
            return Err(corrupt("a page lies behind the last one"));
        }
        let mut page = vec![0; self.page_size];
        let read = match self.log.as_ref().and_then(|log| log.find(id)) {
            Some((log, position)) => log.read(&mut page, position)?,
            None => self.storage.read(&mut page, u64::from(id - 1) * self.page_size as u64)?,
        };
        if read == page.len() { Ok(page) } else { Err(corrupt("a page is missing")) }
    }

    /// Looks for plaintext between the rows of a table, in free pages, and in the log, which keeps what was written
    /// before.
    pub(super) fn residue(&self, root: u32, residue: &mut Residue) -> Result<(), StoredError> {
        self.tree(root, 0, &mut HashSet::new(), &mut |leaf| {
            leaf.gaps().for_each(|gap| residue.search(Lair::FreePages, gap, gap.len()));
            Ok(())
        })?;
        let size = self.page_size as u64;
        let mut seen = HashSet::new();
        let mut trunk = be32(&self.page(1)?, 32).filter(|id| *id != 0);
        while let Some(id) = trunk {
            let page = self.page(id)?;
            let count = be32(&page, 4).unwrap_or(0) as usize;
            let leaves = page[8..].chunks_exact(4).take(count).filter_map(|bytes| be32(bytes, 0));
            for leaf in std::iter::once(id).chain(leaves) {
                if !seen.insert(leaf) {
                    return Err(corrupt("a page is free twice"));
                }
                residue.scan(Lair::FreePages, &self.storage, u64::from(leaf.max(1) - 1) * size, size)?;
            }
            trunk = be32(&page, 0).filter(|id| *id != 0);
        }
        if let Some(log) = &self.log {
            // What the file itself still has of pages that are newer in the log, or that are no more: after a VACUUM
            // that is all of it, until the log is written back.
            let own = u32::try_from(self.storage.length() / size).unwrap_or(u32::MAX);
            let is_past = |id: &u32| log.find(*id).is_some() || log.pages != 0 && *id > log.pages;
            for id in (1..=own).filter(is_past).filter(|id| seen.insert(*id)) {
                residue.scan(Lair::FreePages, &self.storage, u64::from(id - 1) * size, size)?;
            }
            residue.scan(Lair::Log, log.storage(), 0, log.storage().length())?;
        }
        Ok(())
    }
}

/// The name of the log.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// A file, if there is one.
fn existing(path: &Path) -> io::Result<Option<Storage>> {
    match File::open(path) {
        Ok(file) => {
            let length = file.metadata()?.len();
            Ok(Some(Storage::new(file, length)))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}
