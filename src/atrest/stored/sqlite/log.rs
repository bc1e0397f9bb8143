//! The write-ahead log: pages that are newer than those of the database.

use std::collections::HashMap;
use std::path::Path;

use super::super::error::StoredError;
use super::super::storage::Storage;
use super::{be32, existing};

const HEADER: u64 = 32;
const FRAME: usize = 24;

/// What was committed.
pub(super) struct Log {
    storage: Storage,
    frames: HashMap<u32, u64>,
    /// Pages that the database has with it.
    pub(super) pages: u32,
    /// Two numbers that change when the log begins anew.
    pub(super) salts: [u8; 8],
    /// Whether something of it cannot be believed, so that what was written last may be missing: SQLite passes over that
    /// without a word.
    pub(super) is_broken: bool,
}

impl Log {
    /// None where there is no log, or an empty one.
    pub(super) fn open(path: &Path, page_size: usize) -> Result<Option<Self>, StoredError> {
        let Some(storage) = existing(path)?.filter(|storage| storage.length() > 0) else { return Ok(None) };
        let mut header = [0; HEADER as usize];
        storage.read(&mut header, 0)?;
        let mut salts = [0; 8];
        salts.copy_from_slice(&header[16..24]);
        let mut log = Self { storage, frames: HashMap::new(), pages: 0, salts, is_broken: true };
        if let Some((little, sum)) = begins(&header, page_size) {
            log.read_frames(page_size, little, sum)?;
        }
        Ok(Some(log))
    }

    /// Frames up to the last commit. The first one that does not go on from the one before ends the log: what follows
    /// is of an earlier round, with other salts, or else it is damaged.
    fn read_frames(&mut self, page_size: usize, little: bool, mut before: (u32, u32)) -> Result<(), StoredError> {
        let mut frame = vec![0; FRAME + page_size];
        let mut position = HEADER;
        let mut pending = Vec::new();
        while self.storage.read(&mut frame, position)? == frame.len() {
            let sum = sum(sum(before, &frame[..8], little), &frame[FRAME..], little);
            let is_next =
                frame[8..16] == self.salts && (be32(&frame, 16), be32(&frame, 20)) == (Some(sum.0), Some(sum.1));
            let (Some(page), Some(commit), true) = (be32(&frame, 0), be32(&frame, 4), is_next) else { break };
            before = sum;
            pending.push((page, position + FRAME as u64));
            if commit != 0 {
                self.frames.extend(pending.drain(..));
                self.pages = commit;
            }
            position += frame.len() as u64;
        }
        self.is_broken = !pending.is_empty() || self.goes_on(position, frame.len())?;
        Ok(())
    }

    /// Whether a frame of this round follows, whole or not.
    fn goes_on(&self, mut position: u64, frame: usize) -> Result<bool, StoredError> {
        let mut head = [0; FRAME];
        while position < self.storage.length() {
            let read = self.storage.read(&mut head, position)?;
            if read >= 16 && head[8..16] == self.salts {
                return Ok(true);
            }
            position += frame as u64;
        }
        Ok(false)
    }

    /// Where the newest version of a page lies, if the log has one.
    pub(super) fn find(&self, page: u32) -> Option<(&Storage, u64)> {
        self.frames.get(&page).map(|position| (&self.storage, *position))
    }

    pub(super) fn storage(&self) -> &Storage {
        &self.storage
    }
}

/// The order of bytes in sums, and the sum of the beginning; none where it is not the beginning of such a log.
fn begins(header: &[u8; HEADER as usize], page_size: usize) -> Option<(bool, (u32, u32))> {
    let little = match be32(header, 0)? {
        0x377f_0682 => true,
        0x377f_0683 => false,
        _ => return None,
    };
    let sum = sum((0, 0), &header[..24], little);
    let is_whole = be32(header, 8)? == page_size as u32 && (be32(header, 24)?, be32(header, 28)?) == sum;
    is_whole.then_some((little, sum))
}

/// The checksum of SQLite's log.
fn sum(before: (u32, u32), bytes: &[u8], little: bool) -> (u32, u32) {
    let word = |bytes: &[u8]| {
        let bytes = [bytes[0], bytes[1], bytes[2], bytes[3]];
        if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) }
    };
    bytes.chunks_exact(8).fold(before, |(first, second), pair| {
        let first = first.wrapping_add(word(&pair[..4])).wrapping_add(second);
        (first, second.wrapping_add(word(&pair[4..])).wrapping_add(first))
    })
}
