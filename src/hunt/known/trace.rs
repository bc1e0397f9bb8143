//! What a value is found by in longer texts.

use std::ops::Range;

use super::keys::Keys;
use super::{ANCHOR, sum};

/// Parts of a value of which each offers an anchor; the rarest is taken. The beginning alone would not do: all JSON Web
/// Tokens share it, and all PEM files the end too.
const PARTS: usize = 3;

/// Eight bytes of a value to find it by: their bit in the bitmap, their tag in the table, where in the value they are.
#[derive(Clone, Copy)]
pub(super) struct Anchor {
    pub(super) mark: u32,
    pub(super) tag: u32,
    pub(super) offset: u16,
}

/// What a search needs of a value.
#[derive(Clone, Copy)]
pub(super) struct Trace {
    pub(super) sum: u64,
    /// The one that other texts are least likely to have comes first.
    pub(super) anchors: [Anchor; PARTS],
    pub(super) length: u16,
}

impl Trace {
    pub(super) fn of(keys: &Keys, value: &str) -> Self {
        let bytes = value.as_bytes();
        let windows = bytes.len() - ANCHOR + 1;
        let mut offsets = [(0, 0); PARTS];
        for (part, best) in offsets.iter_mut().enumerate() {
            let range = windows * part / PARTS..windows * (part + 1) / PARTS;
            *best = most_changes(bytes, if range.is_empty() { 0..windows } else { range });
        }
        offsets.sort_by_key(|&(changes, _)| std::cmp::Reverse(changes));
        let anchors = offsets.map(|(_, offset)| {
            let anchor = bytes[offset..].first_chunk().map_or(0, |chunk| u64::from_le_bytes(*chunk));
            Anchor { mark: keys.mark(anchor), tag: keys.tag_of_anchor(anchor), offset: offset as u16 }
        });
        Self { sum: keys.tag_of_sum(sum::of(keys.base, bytes)), anchors, length: bytes.len() as u16 }
    }
}

/// Of the anchors that begin in the range the first that changes most often between lower case, upper case, digits and
/// signs, and how often it does: words do not, and stand in other texts too.
pub(super) fn most_changes(bytes: &[u8], range: Range<usize>) -> (usize, usize) {
    let class = |byte: u8| match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    let change = |at: usize| usize::from(class(bytes[at]) != class(bytes[at + 1]));
    let mut changes: usize = (range.start..range.start + ANCHOR - 1).map(change).sum();
    let mut best = (changes, range.start);
    for at in range.start + 1..range.end {
        changes = changes + change(at + ANCHOR - 2) - change(at - 1);
        if changes > best.0 {
            best = (changes, at);
        }
    }
    best
}
