//! Block collections: one entry a line, nested by indentation.

use super::super::node::{Kind, Text};
use super::{MAX_KEY, Reader};

/// A block collection that is not closed yet.
struct Level {
    kind: Kind,
    indent: usize,
    /// Whether a key or a dash stands there without its value.
    waiting: bool,
}

impl Reader<'_> {
    /// Reads block collections to the document's end, from the first byte of the first line.
    pub(super) fn block(&mut self, indent: usize) -> Option<()> {
        let mut levels = Vec::new();
        let mut indent = indent;
        loop {
            self.dedent(&mut levels, indent)?;
            self.line(&mut levels, indent)?;
            match self.next_line() {
                Some(next) => indent = next,
                None => break,
            }
        }
        while let Some(level) = levels.pop() {
            self.leave(&level)?;
        }
        Some(())
    }

    /// Closes what a line with this indentation is no part of.
    fn dedent(&mut self, levels: &mut Vec<Level>, indent: usize) -> Option<()> {
        let dash = self.is_dash();
        while let Some(top) = levels.last() {
            let over = indent < top.indent || indent == top.indent && top.kind == Kind::Sequence && !dash;
            if !over {
                break;
            }
            self.leave(top)?;
            levels.pop();
        }
        let Some(top) = levels.last_mut() else {
            // Nothing may follow the root.
            return self.builder.is_empty().then_some(());
        };
        // `key:` with its list at the same indentation still waits.
        if top.waiting && indent == top.indent && !(dash && top.kind == Kind::Mapping) {
            top.waiting = false;
            self.builder.null()?;
        }
        Some(())
    }

    fn leave(&mut self, level: &Level) -> Option<()> {
        if level.waiting {
            self.builder.null()?;
        }
        self.builder.close(None);
        Some(())
    }

    /// One line: dashes, a key, a value.
    fn line(&mut self, levels: &mut Vec<Level>, indent: usize) -> Option<()> {
        if self.bytes[self.at..].starts_with(b"...") {
            return None;
        }
        let start = self.at - indent;
        loop {
            let column = self.at - start;
            if self.is_dash() {
                self.enter(levels, Kind::Sequence, column)?;
                self.at += 1;
            } else if self.key(levels, column)? {
                self.at += 1;
            } else {
                let top = levels.last_mut().filter(|top| top.waiting && column > top.indent)?;
                top.waiting = false;
                return self.value(top.indent);
            }
            let top = levels.last_mut()?;
            top.waiting = true;
            let kind = top.kind;
            self.spaces();
            match (self.peek(), kind) {
                (None | Some(b'\n'), _) => return self.end_of_line(),
                // The space that makes it a comment is behind: a dash and a colon are followed by one.
                (Some(b'#'), kind) if kind == Kind::Mapping || is_indented(levels) => {
                    self.skip_line();
                    return Some(());
                }
                // Where the parser lets a list begin whose first dash has a comment is its own.
                (Some(b'#'), _) => return None,
                _ => {}
            }
            if kind == Kind::Mapping {
                let top = levels.last_mut()?;
                top.waiting = false;
                return self.value(top.indent);
            }
        }
    }

    /// Goes on with the collection at a column, or opens one there for a key or dash that waits.
    fn enter(&mut self, levels: &mut Vec<Level>, kind: Kind, column: usize) -> Option<()> {
        match levels.last_mut() {
            Some(top) if top.kind == kind && top.indent == column && !top.waiting => return Some(()),
            Some(top) => {
                let beside = kind == Kind::Sequence && top.kind == Kind::Mapping && column == top.indent;
                if !top.waiting || !(column > top.indent || beside) {
                    return None;
                }
                top.waiting = false;
            }
            None => {}
        }
        self.open(kind, self.at)?;
        levels.push(Level { kind, indent: column, waiting: false });
        Some(())
    }

    fn is_dash(&self) -> bool {
        self.peek() == Some(b'-') && self.is_space(self.at + 1)
    }

    /// Reads a key up to its colon, entering its mapping. Tells whether there was one.
    fn key(&mut self, levels: &mut Vec<Level>, column: usize) -> Option<bool> {
        let start = self.at;
        let (kind, end) = match self.peek()? {
            quote @ (b'"' | b'\'') => {
                let Some(close) = self.close_of_line_quote(quote) else { return Some(false) };
                (Kind::Quoted, close + 1)
            }
            b'{' | b'[' | b'|' | b'>' => return Some(false),
            _ => match self.plain_key_end() {
                Some(end) => (Kind::Plain, end),
                None => return Some(false),
            },
        };
        let mut colon = end;
        while self.bytes.get(colon) == Some(&b' ') {
            colon += 1;
        }
        if self.bytes.get(colon) != Some(&b':') || !self.is_space(colon + 1) {
            return if kind == Kind::Quoted { Some(false) } else { None };
        }
        if colon - start > MAX_KEY || self.bytes.get(colon + 1) == Some(&b'\t') {
            return None;
        }
        self.enter(levels, Kind::Mapping, column)?;
        match kind {
            Kind::Quoted => self.quoted(None)?,
            _ => {
                self.plain_start()?;
                self.push(Kind::Plain, start..end, Text::Source(start as u32, end as u32))?;
            }
        }
        self.at = colon;
        Some(true)
    }

    /// Where a plain key on this line ends, if the line has a colon that makes one.
    fn plain_key_end(&self) -> Option<usize> {
        let mut at = self.at;
        loop {
            at += memchr::memchr3(b':', b'\n', b'#', &self.bytes[at..])?;
            match self.bytes[at] {
                b':' if self.is_space(at + 1) => break,
                b'\n' => return None,
                b'#' if at > self.at && matches!(self.bytes[at - 1], b' ' | b'\t') => return None,
                _ => at += 1,
            }
        }
        let key = &self.bytes[self.at..at];
        Some(self.at + key.trim_ascii_end().len())
    }

    /// The value after a key or a dash, inside a collection of this indentation. Goes on to the next line.
    fn value(&mut self, indent: usize) -> Option<()> {
        match self.peek()? {
            b'"' | b'\'' => {
                self.quoted(Some(indent))?;
                self.end_of_line()
            }
            b'|' | b'>' => self.block_scalar(indent),
            b'{' | b'[' => {
                self.flow(Some(indent))?;
                self.end_of_line()
            }
            _ => self.plain(indent),
        }
    }
}

/// Whether the innermost list is deeper than the key it belongs to.
fn is_indented(levels: &[Level]) -> bool {
    matches!(levels, [.., outer, list] if outer.indent < list.indent)
}
