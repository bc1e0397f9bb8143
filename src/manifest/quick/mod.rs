//! A quick reader for the YAML that manifests are written in, and for JSON.
//!
//! Reads block mappings and sequences, scalars of every style, flow collections; in one pass, straight into the tree,
//! about eight times as fast as the YAML parser's events. It gives up on the rest (anchors, aliases, tags, directives,
//! tabs for indentation, carriage returns, complex keys, anything that might be an error), and the whole document then
//! goes to the parser: what it reads, it must read exactly as the parser does, and a property test holds it to that.
//! Whoever doubts a case makes it give up.

mod block;
mod flow;
mod scalar;

use std::ops::Range;

use super::builder::Builder;
use super::node::{Kind, Text, Tree};
use super::parse::SyntaxError;

/// Deeper documents are left to the parser, which knows how deep is too deep.
const MAX_DEPTH: usize = 100;
/// Longer keys are left to the parser, which limits how far it looks for a colon.
const MAX_KEY: usize = 512;

/// Reads a document, if it is simple enough; what has too many nodes has so for the parser too.
pub(super) fn read(text: &str, range: Range<usize>) -> Option<Result<Tree<'_>, SyntaxError>> {
    let bytes = &text.as_bytes()[..range.end];
    // Where a block scalar ends that ends in spaces is the parser's own as well.
    if !is_ordinary(&bytes[range.start..]) || bytes.ends_with(b" ") {
        return None;
    }
    let mut reader =
        Reader { bytes, at: range.start, builder: Builder::new(text, range.len()), scratch: String::new() };
    let read = reader.document();
    if reader.builder.is_full() {
        return Some(Err(SyntaxError::too_many_nodes(range)));
    }
    read.map(|()| Ok(reader.builder.finish()))
}

/// Whether all bytes are printable: the parser refuses some of the others, and treats some as white space. `0xEF` begins
/// byte order marks and non-characters (and full-width letters, which lose nothing but time).
fn is_ordinary(bytes: &[u8]) -> bool {
    let odd = |byte: &u8| (*byte < 0x20 && *byte != b'\n' && *byte != b'\t') || *byte == 0x7F || *byte == 0xEF;
    // All of them are looked at, without a branch: so many at a time.
    !bytes.iter().fold(false, |any, byte| any | odd(byte))
        && !memchr::memchr_iter(0xC2, bytes).any(|at| bytes.get(at + 1).is_some_and(|next| *next < 0xA0))
}

/// A cursor over a document, and the tree that comes of it. Every method that gives back nothing has given up.
struct Reader<'t> {
    /// The text up to the document's end, so that offsets are those of the text.
    bytes: &'t [u8],
    at: usize,
    builder: Builder<'t>,
    scratch: String,
}

impl<'t> Reader<'t> {
    fn document(&mut self) -> Option<()> {
        if self.bytes[self.at..].starts_with(b"---") {
            self.at += 3;
            self.end_of_line()?;
        }
        let indent = self.next_line()?;
        if matches!(self.bytes[self.at], b'{' | b'[') {
            self.flow(None)?;
            // Nothing but white space and comments may follow.
            self.end_of_line()?;
            return self.next_line().is_none().then_some(());
        }
        self.block(indent)
    }

    /// The byte under the cursor.
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Whether the byte at an offset separates words, the end of the text included.
    fn is_space(&self, at: usize) -> bool {
        matches!(self.bytes.get(at), None | Some(b' ' | b'\n' | b'\t'))
    }

    fn spaces(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    fn skip_line(&mut self) {
        let rest = &self.bytes[self.at..];
        self.at += memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
    }

    /// Passes over spaces, a comment and the line's end. Gives up when there is anything else.
    fn end_of_line(&mut self) -> Option<()> {
        let start = self.at;
        self.spaces();
        match self.peek() {
            None => Some(()),
            Some(b'\n') => {
                self.at += 1;
                Some(())
            }
            Some(b'#') if self.at > start => {
                self.skip_line();
                Some(())
            }
            _ => None,
        }
    }

    /// Goes on to the next line that is neither blank nor a comment, from the start of a line. Gives back its indentation,
    /// with the cursor on its first byte; none at the end of the document.
    fn next_line(&mut self) -> Option<usize> {
        loop {
            let start = self.at;
            self.spaces();
            match self.peek()? {
                b'\n' => self.at += 1,
                b'#' => self.skip_line(),
                b'.' if self.at == start && self.bytes[self.at..].trim_ascii_end() == b"..." => return None,
                _ => return Some(self.at - start),
            }
        }
    }

    fn push(&mut self, kind: Kind, range: Range<usize>, text: Text) -> Option<()> {
        self.builder.scalar(kind, range, text).map(drop)
    }

    fn open(&mut self, kind: Kind, start: usize) -> Option<()> {
        if self.builder.depth() >= MAX_DEPTH {
            return None;
        }
        self.builder.open(kind, start).map(drop)
    }
}

#[cfg(test)]
mod tests;
