//! Scalars of every style.

use super::super::node::{Kind, Text};
use super::Reader;

impl Reader<'_> {
    /// Gives up when a plain scalar cannot begin with the byte under the cursor, or might not.
    pub(super) fn plain_start(&self) -> Option<()> {
        let next = self.bytes.get(self.at + 1);
        match self.peek()? {
            b'-' | b':' | b'?' if self.is_space(self.at + 1) => None,
            b'-' | b':' | b'?' if matches!(next, Some(b',' | b'[' | b']' | b'{' | b'}')) => None,
            b'&' | b'*' | b'!' | b'|' | b'>' | b'\'' | b'"' | b'%' | b'@' | b'`' | b'#' | b',' | b'[' | b']' | b'{'
            | b'}' | b'\t' | b'\n' => None,
            _ => Some(()),
        }
    }

    /// The closing quote of the scalar under the cursor, if it is on this line.
    pub(super) fn close_of_line_quote(&self, quote: u8) -> Option<usize> {
        let mut at = self.at + 1;
        loop {
            at += memchr::memchr3(quote, b'\\', b'\n', &self.bytes[at..])?;
            match self.bytes[at] {
                b'\n' => return None,
                b'\\' => at += 1 + usize::from(quote == b'"'),
                _ if quote == b'\'' && self.bytes.get(at + 1) == Some(&b'\'') => at += 2,
                _ => return Some(at),
            }
            if at > self.bytes.len() {
                return None;
            }
        }
    }

    /// A plain scalar in a block collection of this indentation, to the end of its last line.
    pub(super) fn plain(&mut self, indent: usize) -> Option<()> {
        self.plain_start()?;
        let start = self.at;
        let mut end = self.plain_line()?;
        let first = start..end;
        let commented = self.peek() == Some(b'#');
        self.skip_line();
        self.scratch.clear();
        while let Some((blank, next)) = self.continuation(indent).filter(|(_, at)| self.bytes[*at] != b'#') {
            if commented {
                return None;
            }
            if self.scratch.is_empty() {
                self.scratch.push_str(&self.builder.source()[first.clone()]);
            }
            self.at = next;
            let line_end = self.plain_line().filter(|_| self.bytes[next] != b'\t')?;
            // A comment after a continued line would need its own care.
            if self.peek() == Some(b'#') {
                return None;
            }
            fold(&mut self.scratch, blank);
            self.scratch.push_str(&self.builder.source()[next..line_end]);
            end = line_end;
            self.skip_line();
        }
        if self.scratch.is_empty() {
            return self.push(Kind::Plain, first, Text::Source(start as u32, end as u32));
        }
        let text = self.builder.made(&self.scratch);
        self.push(Kind::Plain, start..end, text)
    }

    /// The end of the plain text on this line, with the cursor behind the white space after it.
    fn plain_line(&mut self) -> Option<usize> {
        let start = self.at;
        loop {
            let found = memchr::memchr3(b'\n', b':', b'#', &self.bytes[self.at..]);
            self.at = found.map_or(self.bytes.len(), |found| self.at + found);
            match self.peek() {
                None | Some(b'\n') => break,
                Some(b':') if self.is_space(self.at + 1) => return None,
                Some(b'#') if self.at > start && matches!(self.bytes[self.at - 1], b' ' | b'\t') => break,
                _ => self.at += 1,
            }
        }
        let text = &self.bytes[start..self.at];
        (text.last() != Some(&b'\t')).then(|| start + text.trim_ascii_end().len())
    }

    /// Whether a scalar goes on in the lines from here: how many are blank, and where the text is. What it may begin with
    /// is for the caller to say: a tab counts as text, and so does the sign of a comment.
    fn continuation(&self, indent: usize) -> Option<(usize, usize)> {
        let (mut blank, mut line) = (0, self.at);
        loop {
            let mut at = line;
            while self.bytes.get(at) == Some(&b' ') {
                at += 1;
            }
            match self.bytes.get(at)? {
                b'\n' => {
                    blank += 1;
                    line = at + 1;
                }
                _ => return (at - line > indent).then_some((blank, at)),
            }
        }
    }

    /// The quoted scalar under the cursor, all on this line. Most have no escapes and are done when their end is found.
    pub(super) fn line_quoted(&mut self) -> Option<()> {
        let (start, quote) = (self.at, self.peek()?);
        let end = start + 1 + memchr::memchr3(quote, b'\\', b'\n', &self.bytes[start + 1..])?;
        if self.bytes[end] == quote && (quote == b'"' || self.bytes.get(end + 1) != Some(&quote)) {
            self.at = end + 1;
            return self.push(Kind::Quoted, start..self.at, Text::Source(start as u32 + 1, end as u32));
        }
        self.close_of_line_quote(quote)?;
        self.quoted(None)
    }

    /// The quoted scalar under the cursor, up to behind its closing quote; over several lines only inside a block
    /// collection of this indentation.
    pub(super) fn quoted(&mut self, indent: Option<usize>) -> Option<()> {
        let start = self.at;
        let quote = self.peek()?;
        self.at += 1;
        self.scratch.clear();
        let mut run = self.at;
        loop {
            let found = memchr::memchr3(quote, b'\\', b'\n', &self.bytes[self.at..])?;
            self.at += found;
            match self.bytes[self.at] {
                b'\n' => {
                    let line = &self.bytes[run..self.at];
                    if line.last() == Some(&b'\t') {
                        return None;
                    }
                    let end = run + line.trim_ascii_end().len();
                    self.scratch.push_str(&self.builder.source()[run..end]);
                    self.at += 1;
                    let (blank, next) = self.continuation(indent?).filter(|(_, at)| self.bytes[*at] != b'\t')?;
                    fold(&mut self.scratch, blank);
                    self.at = next;
                    run = next;
                }
                b'\\' if quote == b'"' => {
                    self.scratch.push_str(&self.builder.source()[run..self.at]);
                    self.escape()?;
                    run = self.at;
                }
                b'\\' => self.at += 1,
                _ if quote == b'\'' && self.bytes.get(self.at + 1) == Some(&b'\'') => {
                    self.scratch.push_str(&self.builder.source()[run..=self.at]);
                    self.at += 2;
                    run = self.at;
                }
                _ => break,
            }
        }
        let text = if run == start + 1 {
            Text::Source(run as u32, self.at as u32)
        } else {
            self.scratch.push_str(&self.builder.source()[run..self.at]);
            self.builder.made(&self.scratch)
        };
        self.at += 1;
        self.push(Kind::Quoted, start..self.at, text)
    }

    /// The escape under the cursor, those that JSON has.
    fn escape(&mut self) -> Option<()> {
        let letter = *self.bytes.get(self.at + 1)?;
        self.at += 2;
        let made = match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => {
                let digits = self.builder.source().get(self.at..self.at + 4)?;
                if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                    return None;
                }
                self.at += 4;
                // Half of a surrogate pair is no character.
                char::from_u32(u32::from_str_radix(digits, 16).ok()?)?
            }
            _ => return None,
        };
        self.scratch.push(made);
        Some(())
    }

    /// A literal or folded scalar (YAML 1.2.2, 8.1) inside a block collection of this indentation.
    pub(super) fn block_scalar(&mut self, indent: usize) -> Option<()> {
        let folded = self.peek()? == b'>';
        self.at += 1;
        let chomp = self.peek().filter(|byte| matches!(byte, b'-' | b'+'));
        self.at += usize::from(chomp.is_some());
        // Gives up on an explicit indentation.
        self.end_of_line()?;
        let (inner, mut breaks) = self.block_indentation(indent)?;
        self.scratch.clear();
        let (mut broken, mut spaced) = (false, false);
        let start = self.at + inner;
        while let Some(line) = self.block_line(inner) {
            let spaced_now = matches!(self.bytes[line.start], b' ' | b'\t');
            if folded && broken && !spaced && !spaced_now {
                if breaks == 0 {
                    self.scratch.push(' ');
                }
            } else if broken {
                self.scratch.push('\n');
            }
            self.scratch.extend(std::iter::repeat_n('\n', breaks));
            self.scratch.push_str(&self.builder.source()[line.clone()]);
            (broken, spaced) = (true, spaced_now);
            self.at = (line.end + 1).min(self.bytes.len());
            breaks = self.blank_lines(inner);
        }
        if broken && chomp != Some(b'-') {
            self.scratch.push('\n');
        }
        if chomp == Some(b'+') {
            self.scratch.extend(std::iter::repeat_n('\n', breaks));
        }
        let text = self.builder.made(&self.scratch);
        self.push(Kind::Block, start..self.at, text)
    }

    /// The indentation of a block scalar's text, and the blank lines before it, which are passed over.
    fn block_indentation(&mut self, indent: usize) -> Option<(usize, usize)> {
        let (mut blank, mut widest) = (0, 0);
        loop {
            let line = self.at;
            self.spaces();
            let width = self.at - line;
            match self.peek() {
                Some(b'\n') => {
                    widest = widest.max(width);
                    blank += 1;
                    self.at += 1;
                }
                // The parser refuses blank lines that are wider than the text, and tabs there.
                Some(byte) if width > indent => {
                    self.at = line;
                    return (byte != b'\t' && widest <= width).then_some((width, blank));
                }
                _ => return None,
            }
        }
    }

    /// Passes over blank lines, those no wider than the text, and counts them.
    fn blank_lines(&mut self, inner: usize) -> usize {
        let mut blank = 0;
        loop {
            let mut at = self.at;
            while at - self.at < inner && self.bytes.get(at) == Some(&b' ') {
                at += 1;
            }
            if self.bytes.get(at) != Some(&b'\n') {
                return blank;
            }
            blank += 1;
            self.at = at + 1;
        }
    }

    /// The text of a block scalar's line, its indentation left out; none when the line is no part of it.
    fn block_line(&self, inner: usize) -> Option<std::ops::Range<usize>> {
        let start = self.at + inner;
        let indented = self.bytes.get(self.at..start)?.iter().all(|byte| *byte == b' ');
        if !indented || start >= self.bytes.len() {
            return None;
        }
        let end = memchr::memchr(b'\n', &self.bytes[start..]).map_or(self.bytes.len(), |end| start + end);
        Some(start..end)
    }
}

/// A line break inside a scalar that folds, with so many blank lines after it.
fn fold(text: &mut String, blank: usize) {
    if blank == 0 {
        text.push(' ');
    } else {
        text.extend(std::iter::repeat_n('\n', blank));
    }
}
