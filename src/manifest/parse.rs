//! Text to trees.
//!
//! The text is cut at `---` lines first: a document marker at the start of a line is one wherever it stands (YAML 1.2.2, 9.1.2), so
//! a broken document does not take its neighbours with it, and only one tree is in memory at a time.
//! JSON is read as the YAML it is. What most manifests are written in has a quick reader; everything else, and every
//! error, is the YAML parser's.

use std::ops::Range;

use super::node::Tree;
use super::{quick, yaml};

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

impl SyntaxError {
    pub(super) fn too_many_nodes(document: Range<usize>) -> Self {
        Self { message: "more nodes than a tree may have".to_owned(), at: document.start, document }
    }
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
    let bytes = text.as_bytes();
    let stands_alone = |at: usize| matches!(bytes.get(at), None | Some(b' ' | b'\t' | b'\r' | b'\n'));
    let marker = |mark: &[u8], end: usize| {
        let mut found = memchr::memmem::find_iter(&bytes[start..end], mark).map(|found| start + found + 1);
        found.find(|at| stands_alone(at + 3))
    };
    let begins = marker(b"\n---", bytes.len());
    // An end marker counts when it comes first, and is looked for no further.
    let ends = marker(b"\n...", begins.unwrap_or(bytes.len())).map(|at| next_line(bytes, at));
    ends.or(begins).filter(|cut| *cut < bytes.len())
}

fn next_line(bytes: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end + 1)
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
    quick::read(text, range.clone()).unwrap_or_else(|| yaml::read(text, range))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Kind;

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
