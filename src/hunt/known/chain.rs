//! What seems to stand in a text, put in order.

use std::ops::Range;

/// A value, by its number, that seems to stand in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Occurrence {
    pub(super) range: Range<usize>,
    pub(super) value: u32,
}

/// Of occurrences that come by their start, longer ones first: drops what lies inside another, and of those that are
/// left and overlap keeps the longest, of equals the first.
#[derive(Default)]
pub(super) struct Chain {
    /// Overlapping ones, each longer than the one before: which of them stay depends on what follows. No more than
    /// there are lengths.
    pub(super) rising: Vec<Occurrence>,
    pub(super) kept: Vec<Occurrence>,
    /// The end of all so far.
    pub(super) end: usize,
}

impl Chain {
    pub(super) fn push(&mut self, next: Occurrence) {
        if next.range.end <= self.end {
            return;
        }
        self.end = next.range.end;
        match self.rising.last() {
            Some(last) if last.range.end <= next.range.start => self.settle(),
            // What would beat the last and not this one lies before this one, and would be the last.
            Some(last) if last.range.len() >= next.range.len() => return,
            _ => {}
        }
        self.rising.push(next);
    }

    /// Keeps the longest, which is the last, and before it what does not reach into what is kept.
    pub(super) fn settle(&mut self) {
        let first = self.kept.len();
        while let Some(one) = self.rising.pop() {
            if self.kept[first..].last().is_none_or(|after| one.range.end <= after.range.start) {
                self.kept.push(one);
            }
        }
        self.kept[first..].reverse();
    }
}
