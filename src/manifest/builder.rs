//! Builds a tree from what a reader meets, in document order.

use std::ops::Range;

use super::node::{Kind, Record, Role, Text, Tree};

/// Most nodes a tree may have: 32 MB. A larger document is scanned as text.
const MAX_NODES: usize = 1_000_000;

/// Bytes from which on a document is large.
const LARGE: usize = 1 << 20;

/// A tree under construction.
pub(super) struct Builder<'t> {
    tree: Tree<'t>,
    open: Vec<Open>,
    /// Where what was met last ends.
    end: u32,
}

/// A collection whose end has not been met.
struct Open {
    number: u32,
    /// What the next node is to it, and how many came before.
    next: Role,
    count: u32,
}

impl<'t> Builder<'t> {
    /// Starts with nothing but the text that ranges count in. `length` is that of the document, in bytes.
    pub(super) fn new(source: &'t str, length: usize) -> Self {
        // A node takes sixteen bytes in a manifest, and half of that in a dense one. Room that is never used costs nothing,
        // and to move what was read into more room takes twice the memory: that of a large document is enough for all.
        let least = if length > LARGE { 2 } else { 8 };
        let records = Vec::with_capacity((length / least).min(MAX_NODES));
        Self { tree: Tree::new(source, records), open: Vec::new(), end: 0 }
    }

    /// The text that ranges count in.
    pub(super) fn source(&self) -> &'t str {
        self.tree.source
    }

    /// How many collections are open.
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// Whether nothing was met yet.
    pub(super) fn is_empty(&self) -> bool {
        self.tree.records.is_empty()
    }

    /// Whether there is no room for another node.
    pub(super) fn is_full(&self) -> bool {
        self.tree.records.len() >= MAX_NODES
    }

    /// Whether a collection is still open, by its number.
    pub(super) fn is_open(&self, number: u32) -> bool {
        self.open.iter().any(|open| open.number == number)
    }

    /// Whether the next node is the value under a key.
    pub(super) fn expects_value(&self) -> bool {
        self.open.last().is_some_and(|open| open.next == Role::Value)
    }

    /// Keeps a value that does not stand verbatim in the source.
    pub(super) fn made(&mut self, value: &str) -> Text {
        let start = self.tree.made.len() as u32;
        self.tree.made.push_str(value);
        Text::Made(start, self.tree.made.len() as u32)
    }

    /// A scalar or an alias. Gives back its number; none when there are too many nodes.
    pub(super) fn scalar(&mut self, kind: Kind, range: Range<usize>, text: Text) -> Option<u32> {
        let number = self.tree.records.len() as u32;
        if self.is_full() {
            return None;
        }
        let (mut role, mut position, mut parent) = (Role::Root, 0, 0);
        if let Some(open) = self.open.last_mut() {
            (role, position, parent) = (open.next, open.count, open.number);
            open.count += 1;
            open.next = match role {
                Role::Key => Role::Value,
                Role::Value => Role::Key,
                other => other,
            };
        }
        let (start, end) = (range.start as u32, range.end as u32);
        self.end = end;
        self.tree.records.push(Record::new(kind, text, (start, end), (role, parent, position), number + 1));
        Some(number)
    }

    /// The nothing that a key or a dash without a value has: an empty scalar behind what was met last.
    pub(super) fn null(&mut self) -> Option<u32> {
        let end = self.end as usize;
        self.scalar(Kind::Plain, end..end, Text::Made(0, 0))
    }

    /// A mapping or sequence begins. Gives back its number; none when there are too many nodes.
    pub(super) fn open(&mut self, kind: Kind, start: usize) -> Option<u32> {
        let number = self.scalar(kind, start..start, Text::Made(0, 0))?;
        let next = if kind == Kind::Mapping { Role::Key } else { Role::Item };
        self.open.push(Open { number, next, count: 0 });
        Some(number)
    }

    /// The innermost collection ends: after its bracket when it has one, else with what it ends with.
    pub(super) fn close(&mut self, bracket: Option<usize>) {
        let Some(Open { number, .. }) = self.open.pop() else { return };
        let after = self.tree.records.len() as u32;
        self.end = bracket.map_or(self.end, |end| end as u32);
        self.tree.records[number as usize].close(after, self.end);
    }

    /// The tree; whatever is open stays as it is.
    pub(super) fn finish(self) -> Tree<'t> {
        self.tree
    }
}
