//! A spanned tree: one YAML or JSON document as an arena of nodes.

use std::cell::OnceCell;
use std::ops::Range;

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Keys and values in turn.
    Mapping,
    /// Items in order.
    Sequence,
    /// A plain scalar: may be text, a number, a boolean or null.
    Plain,
    /// A quoted scalar: text.
    Quoted,
    /// A literal or folded block scalar: text over lines.
    Block,
    /// Stands for the node with this number. Never expanded, so that aliases cannot multiply.
    Alias(u32),
}

/// What a node is to the one above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The document's root.
    Root,
    /// An item of a sequence.
    Item,
    /// A key of a mapping.
    Key,
    /// The value under a key.
    Value,
}

/// Where the value of a scalar is kept.
#[derive(Clone, Copy, Debug)]
pub(super) enum Text {
    /// A verbatim slice of the source.
    Source(u32, u32),
    /// Made by the parser: escapes, folds, dedents.
    Made(u32, u32),
}

/// [`Kind`] without the number that only aliases have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Mapping,
    Sequence,
    Plain,
    Quoted,
    Block,
    Alias,
}

/// What is kept of a node, in 32 bytes: a document may have a million of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    shape: Shape,
    role: Role,
    /// Whether the value of a scalar was made by the parser.
    made: bool,
    /// Bytes in the source, quotes included.
    start: u32,
    end: u32,
    parent: u32,
    /// Position among the nodes right below its parent.
    position: u32,
    /// The number after the last node below this one.
    after: u32,
    /// Of a scalar, where its value begins; of an alias, the number of what it stands for.
    first: u32,
    /// Of a scalar, where its value ends.
    second: u32,
}

impl Record {
    /// A scalar with its value, an alias, or a collection that is yet to be closed.
    pub(super) fn new(
        kind: Kind,
        text: Text,
        range: (u32, u32),
        (role, parent, position): (Role, u32, u32),
        after: u32,
    ) -> Self {
        let (made, (first, second)) = match text {
            Text::Source(start, end) => (false, (start, end)),
            Text::Made(start, end) => (true, (start, end)),
        };
        let (shape, first) = match kind {
            Kind::Mapping => (Shape::Mapping, first),
            Kind::Sequence => (Shape::Sequence, first),
            Kind::Plain => (Shape::Plain, first),
            Kind::Quoted => (Shape::Quoted, first),
            Kind::Block => (Shape::Block, first),
            Kind::Alias(target) => (Shape::Alias, target),
        };
        Self { shape, role, made, start: range.0, end: range.1, parent, position, after, first, second }
    }

    /// Ends a collection: its last node has come, and so has its last byte.
    pub(super) fn close(&mut self, after: u32, end: u32) {
        (self.after, self.end) = (after, end);
    }

    const fn kind(&self) -> Kind {
        match self.shape {
            Shape::Mapping => Kind::Mapping,
            Shape::Sequence => Kind::Sequence,
            Shape::Plain => Kind::Plain,
            Shape::Quoted => Kind::Quoted,
            Shape::Block => Kind::Block,
            Shape::Alias => Kind::Alias(self.first),
        }
    }

    const fn is_scalar(&self) -> bool {
        matches!(self.shape, Shape::Plain | Shape::Quoted | Shape::Block)
    }

    /// Where the value of a scalar is.
    const fn value(&self) -> Range<usize> {
        self.first as usize..self.second as usize
    }
}

/// One document. Byte ranges are relative to the whole text it was parsed from.
pub struct Tree<'t> {
    pub(super) source: &'t str,
    pub(super) records: Vec<Record>,
    pub(super) made: String,
    /// What several readers of one tree look for, by number and in order, once it was looked for.
    pub(super) pod_specs: OnceCell<Vec<u32>>,
    pub(super) containers: OnceCell<Vec<u32>>,
}

impl std::fmt::Debug for Tree<'_> {
    /// Says how large it is; what it holds may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tree({} nodes)", self.records.len())
    }
}

impl<'t> Tree<'t> {
    pub(super) fn new(source: &'t str, records: Vec<Record>) -> Self {
        Self { source, records, made: String::new(), pod_specs: OnceCell::new(), containers: OnceCell::new() }
    }

    /// The document's root; none when the document is empty.
    #[must_use]
    pub fn root(&self) -> Option<Node<'_>> {
        (!self.records.is_empty()).then_some(Node { tree: self, number: 0 })
    }

    /// The node with a number.
    #[must_use]
    pub fn node(&self, number: u32) -> Option<Node<'_>> {
        ((number as usize) < self.records.len()).then_some(Node { tree: self, number })
    }

    /// Every node in document order, mapping keys included.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        (0..self.records.len() as u32).map(|number| Node { tree: self, number })
    }

    /// The text that the tree's ranges count in.
    #[must_use]
    pub fn source(&self) -> &'t str {
        self.source
    }
}

/// A node of a tree. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    tree: &'a Tree<'a>,
    number: u32,
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Node({:?} at {:?})", self.kind(), self.range())
    }
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.tree, other.tree) && self.number == other.number
    }
}

impl<'a> Node<'a> {
    fn record(self) -> &'a Record {
        &self.tree.records[self.number as usize]
    }

    pub(super) fn tree(self) -> &'a Tree<'a> {
        self.tree
    }

    fn at(self, number: u32) -> Self {
        Self { tree: self.tree, number }
    }

    /// A number that names the node within its tree, in document order.
    #[must_use]
    pub fn number(self) -> u32 {
        self.number
    }

    /// The text that its tree was parsed from.
    #[must_use]
    pub fn source(self) -> &'a str {
        self.tree.source
    }

    /// What it is.
    #[must_use]
    pub fn kind(self) -> Kind {
        self.record().kind()
    }

    /// What it is to the node above.
    #[must_use]
    pub fn role(self) -> Role {
        self.record().role
    }

    /// Its position among the nodes right below its parent, keys and values counted one by one.
    #[must_use]
    pub fn position(self) -> usize {
        self.record().position as usize
    }

    /// The bytes of a scalar in the source without its quotes: its value, or what its value was made from.
    #[must_use]
    pub fn content(self) -> Range<usize> {
        let range = self.range();
        if self.kind() == Kind::Quoted && range.len() >= 2 { range.start + 1..range.end - 1 } else { range }
    }

    /// Its bytes in the source: quotes included, the header of a block scalar left out.
    #[must_use]
    pub fn range(self) -> Range<usize> {
        self.record().start as usize..self.record().end as usize
    }

    /// The bytes of a scalar's content where its value stands verbatim in the source.
    #[must_use]
    pub fn verbatim(self) -> Option<Range<usize>> {
        let record = self.record();
        (record.is_scalar() && !record.made).then(|| record.value())
    }

    /// The node an alias stands for; itself otherwise.
    #[must_use]
    pub fn resolve(self) -> Self {
        let record = self.record();
        if record.shape == Shape::Alias { self.at(record.first) } else { self }
    }

    /// The text that the value of a scalar is a part of.
    fn text_of(self, record: &Record) -> &'a str {
        if record.made { &self.tree.made } else { self.tree.source }
    }

    /// The value of a scalar, of whatever style.
    #[must_use]
    pub fn as_str(self) -> Option<&'a str> {
        let record = self.resolve().record();
        record.is_scalar().then(|| &self.text_of(record)[record.value()])
    }

    /// Whether it is a scalar, aliases not followed.
    #[must_use]
    pub fn is_scalar(self) -> bool {
        self.record().is_scalar()
    }

    /// Whether it is a mapping, aliases followed.
    #[must_use]
    pub fn is_mapping(self) -> bool {
        self.resolve().record().shape == Shape::Mapping
    }

    /// Whether it is a sequence, aliases followed.
    #[must_use]
    pub fn is_sequence(self) -> bool {
        self.resolve().record().shape == Shape::Sequence
    }

    /// The node above.
    #[must_use]
    pub fn parent(self) -> Option<Self> {
        (self.number != 0).then(|| self.at(self.record().parent))
    }

    /// The number after the last node below this one: the nodes of its subtree are `number()..after()`.
    #[must_use]
    pub fn after(self) -> u32 {
        self.record().after
    }

    /// Nodes directly below, keys and values in turn for a mapping.
    pub fn children(self) -> impl Iterator<Item = Self> {
        self.below(self.after())
    }

    /// Nodes directly below whose numbers come before `end`.
    fn below(self, end: u32) -> impl Iterator<Item = Self> {
        let mut next = self.number + 1;
        std::iter::from_fn(move || {
            (next < end).then(|| {
                let child = self.at(next);
                next = child.after();
                child
            })
        })
    }

    /// This node and all that is below it, in document order. Aliases are not followed: what they stand for is met
    /// where it is written.
    pub fn subtree(self) -> impl Iterator<Item = Self> {
        (self.number..self.after()).map(move |number| self.at(number))
    }

    /// This node and the mappings, sequences and aliases below it, as [`Self::subtree`] has them.
    pub fn collections(self) -> impl Iterator<Item = Self> {
        self.subtree().filter(|node| !node.is_scalar())
    }

    /// The items of a sequence, aliases followed; nothing for other nodes.
    pub fn items(self) -> impl Iterator<Item = Self> {
        self.parts(Shape::Sequence)
    }

    /// The entries of a mapping, aliases followed; nothing for other nodes.
    pub fn entries(self) -> impl Iterator<Item = (Self, Self)> {
        let mut parts = self.parts(Shape::Mapping);
        std::iter::from_fn(move || Some((parts.next()?, parts.next()?)))
    }

    /// The nodes directly below, if it is a collection of this kind or an alias of one.
    fn parts(self, shape: Shape) -> impl Iterator<Item = Self> {
        let node = self.resolve();
        let record = node.record();
        let end = if record.shape == shape { record.after } else { node.number };
        node.below(end)
    }

    /// Whether it is a scalar of this value, which is quicker asked than compared: most differ in length.
    #[must_use]
    pub fn says(self, value: &str) -> bool {
        let record = self.resolve().record();
        let range = record.value();
        range.len() == value.len() && record.is_scalar() && self.text_of(record).as_bytes()[range] == *value.as_bytes()
    }

    /// The value under a key; merged mappings (`<<: *base`) are looked into one level deep.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Self> {
        let mut merges = false;
        for (name, value) in self.entries() {
            if name.says(key) {
                return Some(value);
            }
            merges |= name.says("<<");
        }
        merges.then(|| self.merged(key)).flatten()
    }

    /// The value under a key of a merged mapping.
    fn merged(self, key: &str) -> Option<Self> {
        self.entries()
            .filter(|(name, _)| name.says("<<"))
            .flat_map(|(_, base)| base.entries())
            .find(|(name, _)| name.says(key))
            .map(|(_, value)| value)
    }

    /// The scalar under a key.
    #[must_use]
    pub fn get_str(self, key: &str) -> Option<&'a str> {
        self.get(key)?.as_str()
    }

    /// The node at the end of a chain of keys.
    #[must_use]
    pub fn at_path(self, keys: &[&str]) -> Option<Self> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The key a mapping's value stands under.
    #[must_use]
    pub fn key(self) -> Option<Self> {
        if self.role() != Role::Value {
            return None;
        }
        // Keys are scalars but for YAML's complex ones, and a scalar stands right before its value.
        let before = self.at(self.number - 1);
        if before.role() == Role::Key && before.record().parent == self.record().parent {
            return Some(before);
        }
        self.parent()?.entries().find(|(_, value)| *value == self).map(|(key, _)| key)
    }
}
