//! Edits YAML and JSON files, leaving every byte outside of the edited place as it was.
//!
//! A [`File`] is a text of any number of documents. A [`Place`] names a document and the way down from its root. An edit
//! finds the bytes of its place in the spanned tree, replaces them, reads the document again and compares: it must say
//! what it said before everywhere else, and what was asked for at the place. Otherwise the text stays as it was. So a
//! gap in what is known here of YAML costs an edit, never a file.
//!
//! Comments stay, but for those inside of a value that is replaced or removed. Where a place stands in brackets, what is
//! written there does too, and JSON stays JSON.
//!
//! ```
//! use ksecrets::seal::document::{File, Place, Value};
//!
//! let mut file = File::new("# the database\nspec:\n  data:\n    user: a1 # who\n");
//! file.set(&Place::root(0).key("spec").key("data").key("password"), &Value::from("b2"))?;
//! assert_eq!(file.text(), "# the database\nspec:\n  data:\n    user: a1 # who\n    password: b2\n");
//! # Ok::<(), ksecrets::seal::document::EditError>(())
//! ```

mod check;
mod emit;
mod error;
mod lines;
mod page;
mod place;
mod put;
mod scalar;
mod take;
mod write;

use std::collections::HashSet;
use std::ops::Range;

/// What is written into a file. Of YAML's values, those with tags are refused.
pub use serde_yaml::Value;
use zeroize::Zeroizing;

pub use error::EditError;
pub use place::Place;
pub use scalar::scalar;
pub use write::{Reason, WriteError, write};

use crate::manifest::{Kind, Node, SyntaxError, Tree, chunks, parse_document};
use lines::line_number;
use page::Page;
use place::Step;

/// Bytes to replace, and by what.
type Splice = (Range<usize>, String);

/// The text of a YAML or JSON file, to be edited. It may hold secrets: it is not shown, and wiped when dropped.
pub struct File {
    text: Zeroizing<String>,
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "File({} bytes)", self.text.len())
    }
}

impl File {
    /// A file with this text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: Zeroizing::new(text.into()) }
    }

    /// Its text, all edits made.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The bytes of each document: those that hold nothing but comments do not count.
    #[must_use]
    pub fn documents(&self) -> Vec<Range<usize>> {
        chunks(&self.text).collect()
    }

    /// The documents, each with its bytes and its tree; an error where it is not valid YAML.
    pub fn trees(&self) -> impl Iterator<Item = (Range<usize>, Result<Tree<'_>, EditError>)> {
        chunks(&self.text).map(|chunk| (chunk.clone(), read(&self.text, chunk)))
    }

    /// The tree of a document, counted from 0.
    ///
    /// # Errors
    /// When there is no such document, or it is not valid YAML.
    pub fn tree(&self, document: usize) -> Result<Tree<'_>, EditError> {
        read(&self.text, self.chunk(document)?)
    }

    fn chunk(&self, document: usize) -> Result<Range<usize>, EditError> {
        chunks(&self.text).nth(document).ok_or(EditError::NoDocument { number: document + 1 })
    }

    /// Makes the value at a place this one. A missing key is added: in its order where the keys of a mapping are in
    /// order, at the end otherwise; missing mappings on the way are made. The item behind the last of a list is added. At the root of a document, or of an item of a
    /// `List`, this replaces the object, keeping markers and comments before and after it.
    ///
    /// Tells whether anything changed: what has this value already keeps its bytes.
    ///
    /// # Errors
    /// When the place cannot be reached, or an edit there would not be safe; nothing is changed then.
    pub fn set(&mut self, place: &Place, value: &Value) -> Result<bool, EditError> {
        self.edit(place, Some(value))
    }

    /// Takes the entry at a place out of its mapping, or the item out of its list, with the lines that are its own. The
    /// last one leaves `{}` or `[]`.
    ///
    /// Tells whether it was there.
    ///
    /// # Errors
    /// When the place is no entry of a mapping and no item of a list, or an edit there would not be safe; nothing is changed then.
    pub fn remove(&mut self, place: &Place) -> Result<bool, EditError> {
        self.edit(place, None)
    }

    /// Adds a document to the end.
    ///
    /// # Errors
    /// When the value cannot be written, or the file is JSON, which has but one document.
    pub fn append(&mut self, value: &Value) -> Result<(), EditError> {
        let text = put::appended(&self.text, value)?;
        check::appended(&self.text, &text, value)?;
        self.text = text;
        Ok(())
    }

    /// How many items the list at a place has; none when there is no list.
    ///
    /// # Errors
    /// When the document cannot be read.
    pub fn count(&self, place: &Place) -> Result<Option<usize>, EditError> {
        let tree = self.tree(place.document)?;
        let list = tree.root().and_then(|root| place.find(root)).filter(|node| node.kind() == Kind::Sequence);
        Ok(list.map(|list| list.children().count()))
    }

    /// The position in the list at a place of the first item that has this text under a key.
    ///
    /// # Errors
    /// When the document cannot be read.
    pub fn position(&self, place: &Place, key: &str, text: &str) -> Result<Option<usize>, EditError> {
        let tree = self.tree(place.document)?;
        let list = tree.root().and_then(|root| place.find(root));
        Ok(list.and_then(|list| list.children().position(|item| item.get_str(key) == Some(text))))
    }

    fn edit(&mut self, place: &Place, value: Option<&Value>) -> Result<bool, EditError> {
        let chunk = self.chunk(place.document)?;
        let tree = read(&self.text, chunk.clone())?;
        let page = Page::new(&self.text, chunk, &tree);
        refuse_odd_lines(&page)?;
        refuse_duplicates(&page)?;
        let (splices, change) = match value {
            Some(value) => put::set(&page, place, value)?,
            None => take::remove(&page, place)?,
        };
        if splices.is_empty() {
            return Ok(false);
        }
        let text = spliced(&self.text, splices);
        check::edited(&page, &text, place.document, &change)?;
        self.text = text;
        Ok(true)
    }
}

/// What an edit is to change, as the check sees it.
struct Change<'v> {
    steps: &'v [Step],
    /// None takes the entry away.
    value: Option<std::borrow::Cow<'v, Value>>,
}

fn read(text: &str, chunk: Range<usize>) -> Result<Tree<'_>, EditError> {
    parse_document(text, chunk)
        .map_err(|SyntaxError { message, at, .. }| EditError::Syntax { line: line_number(text, at), message })
}

fn spliced(text: &str, mut splices: Vec<Splice>) -> Zeroizing<String> {
    splices.sort_by_key(|(range, _)| range.start);
    let added: usize = splices.iter().map(|(_, new)| new.len()).sum();
    // Room for all of it: a text that grows leaves copies of itself behind.
    let mut out = Zeroizing::new(String::with_capacity(text.len() + added));
    let mut at = 0;
    for (range, new) in splices {
        out.push_str(&text[at..range.start.max(at)]);
        out.push_str(&new);
        at = range.end.max(at);
    }
    out.push_str(&text[at..]);
    out
}

/// A carriage return alone breaks lines in YAML, and nowhere else.
fn refuse_odd_lines(page: &Page<'_>) -> Result<(), EditError> {
    let bytes = page.text.as_bytes();
    let alone = memchr::memchr_iter(b'\r', &bytes[page.chunk.clone()]).map(|at| page.chunk.start + at);
    match alone.into_iter().find(|at| bytes.get(at + 1) != Some(&b'\n')) {
        Some(at) => Err(page.unusual(at, "a file with carriage returns inside of its lines")),
        None => Ok(()),
    }
}

fn refuse_duplicates(page: &Page<'_>) -> Result<(), EditError> {
    let mut seen = HashSet::new();
    for map in page.tree.nodes().filter(|node| node.kind() == Kind::Mapping) {
        seen.clear();
        for (key, _) in map.entries() {
            if let Some(name) = key.as_str().filter(|name| !seen.insert(*name)) {
                return Err(EditError::DuplicateKey { line: page.line(key.range().start), key: name.to_owned() });
            }
        }
    }
    Ok(())
}

/// An edit of `edited` (numbers of nodes) must not change what an alias outside of it stands for.
fn refuse_aliased(page: &Page<'_>, edited: Range<u32>, inside: Node<'_>) -> Result<(), EditError> {
    for alias in page.tree.nodes() {
        let Kind::Alias(target) = alias.kind() else { continue };
        let around = page.tree.node(target).is_some_and(|node| (target..node.after()).contains(&inside.number()));
        let cut = edited.contains(&target) && !edited.contains(&alias.number());
        if around || cut {
            let lines = (page.line(inside.range().start), page.line(alias.range().start));
            return Err(EditError::Aliased { line: lines.0, alias: lines.1 });
        }
    }
    Ok(())
}

/// Goes down from the root as far as a place exists, and tells how many steps that were.
fn descend<'p>(page: &Page<'p>, place: &Place) -> Result<(Node<'p>, usize), EditError> {
    let mut node = page.tree.root().ok_or(EditError::NoDocument { number: place.document + 1 })?;
    for (taken, step) in place.steps.iter().enumerate() {
        let line = page.line(node.range().start);
        let name = || place.to_string();
        let next = match (node.kind(), step) {
            (Kind::Alias(_), _) => return Err(EditError::BehindAlias { line, place: name() }),
            (Kind::Mapping, Step::Key(key)) => {
                let found = node.entries().find(|(name, _)| name.as_str() == Some(key));
                if found.is_some_and(|(name, _)| !name.is_scalar()) {
                    return Err(EditError::BehindAlias { line, place: name() });
                }
                found.map(|(_, value)| value)
            }
            (Kind::Sequence, Step::Item(item)) => match node.children().nth(*item) {
                None if node.children().count() != *item => return Err(EditError::Missing { line, place: name() }),
                found => found,
            },
            // Nothing is as good as an empty mapping.
            (Kind::Plain, Step::Key(_)) if matches!(node.as_str(), Some("" | "null" | "~")) => None,
            (_, Step::Key(_)) => return Err(EditError::NotInside { line, place: name(), wanted: "mapping" }),
            (_, Step::Item(_)) => return Err(EditError::NotInside { line, place: name(), wanted: "list" }),
        };
        match next {
            Some(next) => node = next,
            None => return Ok((node, taken)),
        }
    }
    Ok((node, place.steps.len()))
}

#[cfg(test)]
mod tests;
