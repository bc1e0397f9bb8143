//! Byte offsets to lines and columns.

use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;

use crate::model::Region;

/// The bytes at which the lines of a text begin.
pub(super) fn starts(text: &str) -> Arc<[usize]> {
    // A line of a manifest has more bytes than this.
    let mut starts = Vec::with_capacity(text.len() / 16 + 1);
    starts.push(0);
    starts.extend(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1));
    starts.into()
}

/// Where the lines of a text begin. Built only for texts with findings.
#[derive(Debug)]
pub(super) struct LineIndex<'t> {
    text: &'t str,
    starts: Arc<[usize]>,
    /// Lines, and characters of the first line, that lie before the text in its file.
    before: (u32, u32),
    /// The last column asked for: line, byte, characters before it.
    last: Cell<(usize, usize, u32)>,
}

impl<'t> LineIndex<'t> {
    /// Indexes a text; `before` is where it begins in its file.
    #[must_use]
    pub(super) fn new(text: &'t str, before: (u32, u32)) -> Self {
        Self { before, ..Self::known(text, starts(text)) }
    }

    /// The index of a whole file whose lines were found before.
    #[must_use]
    pub(super) fn known(text: &'t str, starts: Arc<[usize]>) -> Self {
        Self { text, starts, before: (0, 0), last: Cell::new((usize::MAX, 0, 0)) }
    }

    /// The number of the line a byte is on, counted from 0 in this text.
    #[must_use]
    pub(super) fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|&start| start <= at).saturating_sub(1)
    }

    /// The bytes of a line, its end left out.
    #[must_use]
    pub(super) fn bytes_of(&self, line: usize) -> Range<usize> {
        let start = self.starts.get(line).copied().unwrap_or(self.text.len());
        let end = self.starts.get(line + 1).map_or(self.text.len(), |next| next - 1);
        let end = if end > start && self.text.as_bytes()[end - 1] == b'\r' { end - 1 } else { end };
        start..end.max(start)
    }

    /// The bytes of a line that lie near one of its bytes: the whole line, unless it is very long.
    #[must_use]
    pub(super) fn near(&self, at: usize) -> Range<usize> {
        const REACH: usize = 400;
        let line = self.bytes_of(self.line(at));
        let (mut start, mut end) = (line.start.max(at.saturating_sub(REACH)), line.end.min(at + REACH));
        while !self.text.is_char_boundary(start) {
            start -= 1;
        }
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        start..end.max(start)
    }

    /// The text of a byte range, moved to whole characters.
    #[must_use]
    pub(super) fn slice(&self, range: Range<usize>) -> &'t str {
        let boundary = |mut at: usize| {
            while !self.text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let start = boundary(range.start.min(self.text.len()));
        &self.text[start..boundary(range.end.min(self.text.len())).max(start)]
    }

    /// The region of a byte range, as reports count: from 1, columns in characters.
    #[must_use]
    pub(super) fn region(&self, range: Range<usize>) -> Region {
        let (line, column) = self.position(range.start);
        let (end_line, end_column) = self.position(range.end.max(range.start));
        Region { line, column, end_line, end_column }
    }

    fn position(&self, at: usize) -> (u32, u32) {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        let line = self.line(at);
        let column = self.column(line, at);
        let carried = if line == 0 { self.before.1 } else { 0 };
        (line as u32 + self.before.0 + 1, column + carried + 1)
    }
}

impl LineIndex<'_> {
    /// Characters of a line before a byte. Goes on from the last answer, so that one very long line is read once.
    fn column(&self, line: usize, at: usize) -> u32 {
        let (known_line, known_at, known) = self.last.get();
        let (from, before) =
            if known_line == line && known_at <= at { (known_at, known) } else { (self.starts[line], 0) };
        let column = before + self.text[from..at].chars().count() as u32;
        self.last.set((line, at, column));
        column
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let lines = LineIndex::new("é: x\r\nab\n", (0, 0));
        assert_eq!(lines.region(4..5), Region { line: 1, column: 4, end_line: 1, end_column: 5 });
        assert_eq!(lines.slice(lines.bytes_of(0)), "é: x");
        assert_eq!(lines.region(7..9), Region { line: 2, column: 1, end_line: 2, end_column: 3 });
        assert_eq!(lines.slice(lines.bytes_of(9)), "");
    }

    #[test]
    fn windows_go_on_counting() {
        let lines = LineIndex::new("tail\nnext", (9, 100));
        assert_eq!(lines.region(1..2).line, 10);
        assert_eq!(lines.region(1..2).column, 102);
        assert_eq!(lines.region(5..6).column, 1);
    }
}
