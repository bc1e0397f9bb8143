//! A policy's fields, read as leniently as the API server does when strict reading fails: an unknown field is passed
//! over, and of one that is there twice the last counts. A value of the wrong type is refused all the same.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::encryption::Scalar;
use crate::manifest::{Kind, Node};

/// Most levels of mappings that are merged into each other.
const MOST_MERGES: usize = 16;

/// A field that no policy has. The API server warns and goes on without it, so a misspelt list means everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown<'a> {
    /// As it is written.
    pub field: &'a str,
    /// Bytes of the text.
    pub place: Range<usize>,
}

/// Why the API server would not start with a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct PolicyError {
    /// A sentence without a full stop.
    pub reason: String,
    /// Bytes of the text.
    pub place: Range<usize>,
}

/// Reads nodes, and keeps what is passed over.
pub(super) struct Reader<'a> {
    json: bool,
    /// Nodes that may still be read: aliases make much of little.
    budget: usize,
    pub(super) unknown: Vec<Unknown<'a>>,
}

/// The fields of one mapping.
pub(super) struct Fields<'a> {
    pub(super) node: Node<'a>,
    found: Vec<(&'a str, Node<'a>)>,
}

impl<'a> Fields<'a> {
    /// The value of a field that is there, null or not.
    pub(super) fn get(&self, name: &str) -> Option<Node<'a>> {
        self.found.iter().rfind(|(found, _)| *found == name).map(|(_, value)| value.resolve())
    }

    /// Where something is wrong with a field, or with its absence.
    pub(super) fn place(&self, name: &str) -> Node<'a> {
        self.get(name).unwrap_or(self.node)
    }
}

impl<'a> Reader<'a> {
    /// For the document with this root.
    ///
    /// # Errors
    /// When it begins as JSON and is none.
    pub(super) fn new(root: Node<'a>) -> Result<Self, PolicyError> {
        let json = root.source().trim_start().starts_with('{');
        if json && serde_json::from_str::<serde::de::IgnoredAny>(root.source()).is_err() {
            return Err(refused(root, "a file that begins with '{' is read as JSON, and this is none"));
        }
        Ok(Self { json, budget: 10_000 + 4 * root.after() as usize, unknown: Vec::new() })
    }

    /// The fields of a mapping: a null has none. Those that are not known are noted.
    pub(super) fn fields(&mut self, node: Node<'a>, known: &[&str], what: &str) -> Result<Fields<'a>, PolicyError> {
        let mut found = Vec::new();
        if !node.is_mapping() && !self.is_null(node) {
            return Err(refused(node, what));
        }
        self.merge(node, 0, &mut found)?;
        for (key, _) in &found {
            if let Some(field) = key.as_str().filter(|field| !known.contains(field)) {
                self.unknown.push(Unknown { field, place: key.range() });
            }
        }
        let found = found.into_iter().filter_map(|(key, value)| Some((key.as_str()?, value))).collect();
        Ok(Fields { node, found })
    }

    /// Asks that every value of a mapping is a text, whatever its fields are called. Of one that is there twice the last counts.
    pub(super) fn texts(&mut self, node: Node<'a>, name: &str) -> Result<(), PolicyError> {
        if !node.is_mapping() && !self.is_null(node) {
            return Err(refused(node, &format!("{name} is a mapping")));
        }
        let mut found = Vec::new();
        self.merge(node, 0, &mut found)?;
        let last: BTreeMap<&str, Node<'a>> =
            found.into_iter().filter_map(|(key, value)| Some((key.as_str()?, value.resolve()))).collect();
        last.into_values().try_for_each(|value| self.text(value, &format!("{name} has words")).map(|_| ()))
    }

    /// The entries of a mapping and of those merged into it (`<<: *base`), in the order in which they are set. What is
    /// merged overrides what stands before it.
    fn merge(
        &mut self,
        node: Node<'a>,
        depth: usize,
        found: &mut Vec<(Node<'a>, Node<'a>)>,
    ) -> Result<(), PolicyError> {
        for (key, value) in node.entries() {
            self.spend(node)?;
            if self.json || key.kind() != Kind::Plain || key.as_str() != Some("<<") {
                found.push((key, value));
                continue;
            }
            let mut bases: Vec<_> = if value.is_sequence() { value.items().collect() } else { vec![value] };
            bases.reverse(); // the first one counts
            for base in bases {
                if !base.resolve().is_mapping() || depth > MOST_MERGES {
                    return Err(refused(base, "only a mapping can be merged"));
                }
                self.merge(base.resolve(), depth + 1, found)?;
            }
        }
        Ok(())
    }

    /// The items of a list: a field that is missing or null has none.
    pub(super) fn items(&mut self, fields: &Fields<'a>, name: &str) -> Result<Vec<Node<'a>>, PolicyError> {
        let Some(node) = fields.get(name).filter(|node| !self.is_null(*node)) else { return Ok(Vec::new()) };
        if !node.is_sequence() {
            return Err(refused(node, &format!("{name} is a list")));
        }
        node.items().map(|item| self.spend(node).map(|()| item.resolve())).collect()
    }

    /// The texts of a list.
    pub(super) fn words(&mut self, fields: &Fields<'a>, name: &str) -> Result<Vec<&'a str>, PolicyError> {
        let items = self.items(fields, name)?.into_iter();
        items.map(|item| self.text(item, &format!("{name} is a list of words"))).collect()
    }

    /// A text: one that is missing or null is empty.
    pub(super) fn word(&self, fields: &Fields<'a>, name: &str) -> Result<&'a str, PolicyError> {
        fields.get(name).map_or(Ok(""), |node| self.text(node, &format!("{name} is a word")))
    }

    /// A switch, which may be missing or null.
    pub(super) fn switch(&self, fields: &Fields<'a>, name: &str) -> Result<(), PolicyError> {
        match fields.get(name).map(|node| (node, Scalar::of(node, self.json))) {
            None | Some((_, Some(Scalar::Null | Scalar::Bool))) => Ok(()),
            Some((node, _)) => Err(refused(node, &format!("{name} is true or false"))),
        }
    }

    fn text(&self, node: Node<'a>, what: &str) -> Result<&'a str, PolicyError> {
        let why = match Scalar::of(node, self.json) {
            Some(Scalar::Text(text)) => return Ok(text),
            Some(Scalar::Null) => return Ok(""),
            Some(Scalar::Bool) => "this is read as a boolean: put it in quotes",
            Some(Scalar::Number(_)) => "this is read as a number: put it in quotes",
            Some(Scalar::Unreadable(why)) => why,
            None => "this is none",
        };
        Err(refused(node, &format!("{what}, and {why}")))
    }

    fn is_null(&self, node: Node<'a>) -> bool {
        Scalar::of(node, self.json) == Some(Scalar::Null)
    }

    fn spend(&mut self, node: Node<'a>) -> Result<(), PolicyError> {
        self.budget = self.budget.saturating_sub(1);
        if self.budget == 0 { Err(refused(node, "aliases make more of it than can be read")) } else { Ok(()) }
    }
}

pub(super) fn refused(node: Node<'_>, reason: &str) -> PolicyError {
    PolicyError { reason: reason.to_owned(), place: node.range() }
}
