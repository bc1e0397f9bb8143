//! Flow collections, and so JSON.

use super::super::node::{Kind, Text};
use super::{MAX_KEY, Reader};

impl Reader<'_> {
    /// Reads the collection under the cursor. Inside a block collection its lines must be indented deeper than that.
    pub(super) fn flow(&mut self, indent: Option<usize>) -> Option<()> {
        let kind = if self.peek()? == b'{' { Kind::Mapping } else { Kind::Sequence };
        let close = if kind == Kind::Mapping { b'}' } else { b']' };
        self.open(kind, self.at)?;
        self.at += 1;
        self.gap(indent)?;
        while self.peek()? != close {
            if kind == Kind::Mapping {
                self.flow_key()?;
                self.gap(indent)?;
            }
            self.flow_node(indent)?;
            self.gap(indent)?;
            match self.peek()? {
                b',' => self.at += 1,
                end if end == close => break,
                _ => return None,
            }
            self.gap(indent)?;
        }
        self.at += 1;
        self.builder.close(Some(self.at));
        Some(())
    }

    /// A key and its colon.
    fn flow_key(&mut self) -> Option<()> {
        let start = self.at;
        let quoted = matches!(self.peek()?, b'"' | b'\'');
        if quoted {
            self.line_quoted()?;
        } else {
            self.flow_plain()?;
        }
        self.spaces();
        // Only a quoted key may have its value right behind the colon.
        if self.peek()? != b':' || self.at - start > MAX_KEY || !(quoted || self.is_space(self.at + 1)) {
            return None;
        }
        self.at += 1;
        Some(())
    }

    fn flow_node(&mut self, indent: Option<usize>) -> Option<()> {
        match self.peek()? {
            b'{' | b'[' => self.flow(indent),
            b'"' | b'\'' => self.line_quoted(),
            _ => self.flow_plain(),
        }
    }

    /// A plain scalar on one line.
    fn flow_plain(&mut self) -> Option<()> {
        self.plain_start()?;
        let start = self.at;
        let mut at = start;
        loop {
            match self.bytes.get(at)? {
                b',' | b'[' | b']' | b'{' | b'}' | b'\n' | b'\t' => break,
                b':' if self.is_space(at + 1) => break,
                b':' if matches!(self.bytes.get(at + 1), Some(b',' | b'[' | b']' | b'{' | b'}')) => return None,
                b'#' if self.bytes[at - 1] == b' ' => return None,
                _ => at += 1,
            }
        }
        let end = start + self.bytes[start..at].trim_ascii_end().len();
        self.at = at;
        self.push(Kind::Plain, start..end, Text::Source(start as u32, end as u32))
    }

    /// White space between the parts of a collection, line ends included.
    fn gap(&mut self, indent: Option<usize>) -> Option<()> {
        loop {
            match self.peek()? {
                b' ' => self.at += 1,
                b'\t' if indent.is_none() => self.at += 1,
                b'\n' => {
                    let line = self.at + 1;
                    self.at = line;
                    self.spaces();
                    let blank = self.peek()? == b'\n';
                    if indent.is_some_and(|indent| !blank && self.at - line <= indent) {
                        return None;
                    }
                }
                _ => return Some(()),
            }
        }
    }
}
