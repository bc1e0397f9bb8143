//! Text to trees. The only file that names the YAML parser.
//!
//! The text is cut at `---` lines first: a document marker at the start of a line is one wherever it stands (YAML 1.2.2, 9.1.2), so
//! a broken document does not take its neighbours with it, and only one tree is in memory at a time.
//! JSON is read as the YAML it is.

use std::borrow::Cow;
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, Span};

use super::node::{Kind, Record, Role, Text, Tree};

/// Most nodes a tree may have: about 60 MB. A larger document is scanned as text.
const MAX_NODES: usize = 1_500_000;

/// Why a document could not be read as YAML. The manifest's author's fault, or its author meant a template.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{message}")]
pub struct SyntaxError {
    /// What the parser said.
    pub message: String,
    /// The bytes of the document in the text.
    pub document: Range<usize>,
    /// Byte of the error in the whole text.
    pub at: usize,
}

/// Reads the documents of a text one after the other.
pub fn documents(text: &str) -> impl Iterator<Item = Result<Tree<'_>, SyntaxError>> {
    chunks(text).map(|range| parse_document(text, range))
}

/// The bytes of each document of a text, unparsed; documents of nothing but comments are left out. Cut at lines that
/// begin with `---`; the marker belongs to the document after it.
pub fn chunks(text: &str) -> impl Iterator<Item = Range<usize>> {
    cuts(text).filter(|range| !is_blank(&text[range.clone()]))
}

/// A document ends before a line that begins with `---`, and after one that begins with `...`.
fn cuts(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    let mut done = false;
    std::iter::from_fn(move || {
        if done {
            return None;
        }
        let end = next_cut(text, start);
        done = end.is_none();
        let range = start..end.unwrap_or(text.len());
        start = range.end;
        Some(range)
    })
}

fn next_cut(text: &str, start: usize) -> Option<usize> {
    let stands_alone = |at: usize| text[at..].is_empty() || text[at..].starts_with([' ', '\t', '\r', '\n']);
    let mut from = start;
    while let Some(found) = memchr::memchr(b'\n', &text.as_bytes()[from..]) {
        let line = from + found + 1;
        from = line;
        match text.as_bytes().get(line..line + 3) {
            Some(b"---") if stands_alone(line + 3) => return Some(line),
            Some(b"...") if stands_alone(line + 3) => {
                return Some(text[line..].find('\n').map_or(text.len(), |end| line + end + 1))
                    .filter(|end| *end < text.len());
            }
            _ => {}
        }
    }
    None
}

/// Whether a chunk holds nothing but comments, directives, markers and white space.
fn is_blank(chunk: &str) -> bool {
    chunk.lines().all(|line| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#') || line.starts_with('%') || line == "---" || line == "..."
    })
}

/// Reads the document in a range that [`chunks`] gave.
///
/// # Errors
/// When it is not YAML, nests too deep, or has more nodes than a tree may have.
pub fn parse_document(text: &str, range: Range<usize>) -> Result<Tree<'_>, SyntaxError> {
    let chunk = &text[range.clone()];
    let mut options = granit_parser::options! {
        emit_unresolved_aliases: true,
        bom_inside_document_as_content: true,
        simple_key_max_lookahead: 4096,
    };
    options.set_emit_comments(false);
    let mut builder = Builder::new(text, range.start);
    for step in Parser::new_from_str_with_options(chunk, options) {
        let failure = match step {
            Ok((event, span)) => match builder.take(event, span) {
                Ok(()) => continue,
                Err(message) => (message.to_owned(), range.start),
            },
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(0);
                (error.info().to_owned(), (range.start + at).min(text.len()))
            }
        };
        return Err(SyntaxError { message: failure.0, document: range, at: failure.1 });
    }
    Ok(builder.finish())
}

struct Builder<'t> {
    tree: Tree<'t>,
    base: usize,
    open: Vec<u32>,
    /// For each open collection: what its next node is to it, and how many came before.
    next: Vec<(Role, u32)>,
    /// Anchor id to node number; ids count from 1.
    anchors: Vec<u32>,
}

impl<'t> Builder<'t> {
    fn new(source: &'t str, base: usize) -> Self {
        Self {
            tree: Tree { source, records: Vec::new(), made: String::new() },
            base,
            open: Vec::new(),
            next: Vec::new(),
            anchors: Vec::new(),
        }
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), &'static str> {
        match event {
            Event::Scalar(value, style, anchor, _tag) => {
                let kind = match style {
                    ScalarStyle::Plain => Kind::Plain,
                    ScalarStyle::Literal | ScalarStyle::Folded => Kind::Block,
                    _ => Kind::Quoted,
                };
                let text = self.keep(value);
                self.push(kind, span, text, anchor)?;
            }
            Event::SequenceStart(_, anchor, _) => self.open(Kind::Sequence, span, anchor)?,
            Event::MappingStart(_, anchor, _) => self.open(Kind::Mapping, span, anchor)?,
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(id) => {
                let target = self.anchors.get(id).copied().unwrap_or(0);
                let kind = if self.open.contains(&target) { Kind::Plain } else { Kind::Alias(target) };
                self.push(kind, span, Text::Made(0, 0), 0)?;
            }
            Event::UnresolvedAlias(_) => {
                self.push(Kind::Plain, span, Text::Made(0, 0), 0)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Borrows a value that stands verbatim in the source, keeps a copy otherwise.
    fn keep(&mut self, value: Cow<'_, str>) -> Text {
        let source = self.tree.source.as_bytes().as_ptr_range();
        let start = value.as_ptr();
        if matches!(value, Cow::Borrowed(_)) && source.contains(&start) {
            let start = start as usize - source.start as usize;
            return Text::Source(start as u32, (start + value.len()) as u32);
        }
        let start = self.tree.made.len() as u32;
        self.tree.made.push_str(&value);
        Text::Made(start, self.tree.made.len() as u32)
    }

    fn push(&mut self, kind: Kind, span: Span, text: Text, anchor: usize) -> Result<u32, &'static str> {
        let number = self.tree.records.len() as u32;
        if number as usize >= MAX_NODES {
            return Err("more nodes than a tree may have");
        }
        let range = span.byte_range().unwrap_or_default();
        let (role, position) = self.next.last().copied().unwrap_or((Role::Root, 0));
        if let Some((next, count)) = self.next.last_mut() {
            *count += 1;
            *next = match role {
                Role::Key => Role::Value,
                Role::Value => Role::Key,
                other => other,
            };
        }
        self.tree.records.push(Record {
            kind,
            role,
            position,
            start: (self.base + range.start) as u32,
            end: (self.base + range.end) as u32,
            parent: self.open.last().copied().unwrap_or(0),
            after: number + 1,
            text,
        });
        if anchor > 0 {
            if self.anchors.len() <= anchor {
                self.anchors.resize(anchor + 1, 0);
            }
            self.anchors[anchor] = number;
        }
        Ok(number)
    }

    fn open(&mut self, kind: Kind, span: Span, anchor: usize) -> Result<(), &'static str> {
        let number = self.push(kind, span, Text::Made(0, 0), anchor)?;
        self.open.push(number);
        self.next.push((if kind == Kind::Mapping { Role::Key } else { Role::Item }, 0));
        Ok(())
    }

    fn close(&mut self, span: Span) {
        self.next.pop();
        if let Some(number) = self.open.pop() {
            let after = self.tree.records.len() as u32;
            let record = &mut self.tree.records[number as usize];
            record.after = after;
            record.end = (self.base + span.byte_range().unwrap_or_default().end).max(record.end as usize) as u32;
        }
    }

    fn finish(self) -> Tree<'t> {
        self.tree
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trees(text: &str) -> Vec<Result<Tree<'_>, SyntaxError>> {
        documents(text).collect()
    }

    fn one(text: &str) -> Tree<'_> {
        let mut all = trees(text);
        assert_eq!(all.len(), 1);
        all.pop().unwrap().unwrap()
    }

    #[test]
    fn scalars_know_their_bytes() {
        let text = "# é\na: plain value # note\nb: \"quo\\ted\"\nc: 'it''s'\nd: 'as is'\n";
        let tree = one(text);
        let root = tree.root().unwrap();
        let a = root.get("a").unwrap();
        assert_eq!(&text[a.verbatim().unwrap()], "plain value");
        assert_eq!(root.get_str("c"), Some("it's"));
        assert_eq!(root.get("c").unwrap().verbatim(), None);
        assert_eq!(&text[root.get("c").unwrap().range()], "'it''s'");
        assert_eq!(&text[root.get("d").unwrap().verbatim().unwrap()], "as is");
    }

    #[test]
    fn a_broken_document_does_not_take_its_neighbours() {
        let text = "a: 1\n---\nb: [1\n---\nc: 3\n";
        let all = trees(text);
        assert_eq!(all.len(), 3);
        assert!(all[0].is_ok() && all[2].is_ok());
        let error = all[1].as_ref().unwrap_err();
        assert_eq!(&text[error.document.clone()], "---\nb: [1\n");
        assert!(error.at > 5, "{error:?}");
    }

    #[test]
    fn json_is_yaml() {
        let tree = one("{\"kind\": \"Secret\",\n\t\"data\": {\"k\": \"v\\u0041\"}}");
        assert_eq!(tree.root().unwrap().at_path(&["data", "k"]).unwrap().as_str(), Some("vA"));
    }

    #[test]
    fn aliases_are_followed_and_never_expanded() {
        let tree = one("a: &x {k: v}\nb: *x\nc: {<<: *x, l: w}\n");
        let root = tree.root().unwrap();
        assert_eq!(root.at_path(&["b", "k"]).unwrap().as_str(), Some("v"));
        assert_eq!(root.at_path(&["c", "k"]).unwrap().as_str(), Some("v"));
        assert_eq!(root.at_path(&["c", "l"]).unwrap().as_str(), Some("w"));
    }

    #[test]
    fn an_alias_inside_its_own_anchor_is_harmless() {
        let tree = one("a: &x\n  b: *x\n");
        assert_eq!(tree.root().unwrap().at_path(&["a", "b", "b"]), None);
    }

    #[test]
    fn deep_nesting_is_an_error_not_a_crash() {
        let text = "[".repeat(100_000);
        assert!(trees(&text)[0].is_err());
        let text: String = (0..2000).map(|depth| format!("{}k:\n", " ".repeat(depth))).collect();
        assert!(trees(&text)[0].is_err());
    }

    #[test]
    fn block_scalars() {
        let text = "k: |\n  one\n  two\nl: >-\n  three\n  four\nm: |2-\n   five\n";
        let tree = one(text);
        let root = tree.root().unwrap();
        assert_eq!(root.get_str("k"), Some("one\ntwo\n"));
        assert_eq!(root.get_str("l"), Some("three four"));
        assert!(text[root.get("k").unwrap().range()].contains("one\n  two"));
        assert_eq!(root.get("k").unwrap().kind(), Kind::Block);
    }
}
