//! A document to fields, as strictly as the API server: an unknown field, one that is there twice, or one of the wrong
//! type is refused.

use std::collections::BTreeSet;

use crate::manifest::{Kind, Node};

use super::refusal::Refusal;
use super::scalar::Scalar;

/// Most refusals that are kept. One is enough for the server, and a hundred for a person.
const MOST_REFUSALS: usize = 100;

/// Most levels of mappings that are merged into each other.
const MOST_MERGES: usize = 16;

/// Reads nodes, and keeps what would be refused.
pub(super) struct Decoder<'t> {
    refusals: Vec<Refusal<'t>>,
    json: bool,
    /// Nodes that may still be read: aliases make much of little.
    budget: usize,
}

impl<'t> Decoder<'t> {
    /// For the document with this root.
    pub(super) fn new(root: Node<'t>) -> Self {
        Self { refusals: Vec::new(), json: is_json(root), budget: 10_000 + 4 * root.after() as usize }
    }

    /// Refuses a node. Of a scalar the first reason is kept: the others follow from it.
    pub(super) fn refuse(&mut self, node: Node<'t>, why: impl Into<String>) {
        let known = |refusal: &Refusal<'_>| refusal.node == node && node.is_scalar();
        if self.refusals.len() < MOST_REFUSALS && !self.refusals.iter().any(known) {
            self.refusals.push(Refusal::new(node, why));
        }
    }

    /// Refuses what is empty, unless it was refused for what it is in place of a list.
    pub(super) fn refuse_empty(&mut self, node: Node<'t>, why: impl Into<String>) {
        if !self.refusals.iter().any(|refusal| refusal.node == node) {
            self.refuse(node, why);
        }
    }

    /// What was refused.
    pub(super) fn finish(mut self, root: Node<'t>) -> Vec<Refusal<'t>> {
        if self.json && serde_json::from_str::<serde::de::IgnoredAny>(root.source()).is_err() {
            self.refusals
                .insert(0, Refusal::new(root, "a file that begins with '{' is read as JSON, and this is none"));
        }
        if let Some(line) = foreign_break(root.source()).filter(|_| !self.json) {
            let why = format!(
                "line {line} holds a line break of YAML 1.1 (U+0085, U+2028 or U+2029): the API server goes on to the next \
                 line there, editors and ksecrets do not, so nobody can say what it does"
            );
            self.refusals.insert(0, Refusal::new(root, why));
        }
        if root.source().starts_with("...") {
            self.refusals
                .insert(0, Refusal::new(root, "a file that begins with the end of a document holds nothing else"));
        }
        self.refusals
    }

    /// The fields of a mapping: a null has none. `known` are those that it may have.
    pub(super) fn fields(&mut self, node: Node<'t>, known: &[&str]) -> Vec<(&'t str, Node<'t>)> {
        if !node.is_mapping() {
            if !self.is_null(node) {
                self.refuse(node, "this should be a mapping");
            }
            return Vec::new();
        }
        let mut found = Vec::new();
        self.merge(node, 0, &mut found);
        let mut seen = BTreeSet::new();
        found.retain(|(name, key, _)| {
            if !known.contains(name) {
                self.refuse(*key, unknown(name, known));
            } else if !seen.insert(*name) {
                self.refuse(*key, format!("the field {name} is there twice"));
            } else {
                return true;
            }
            false
        });
        found.into_iter().map(|(name, _, value)| (name, value)).collect()
    }

    /// The entries of a mapping and of those merged into it (`<<: *base`). Their order makes no difference, since a field
    /// that is in two of them is refused.
    fn merge(&mut self, node: Node<'t>, depth: usize, found: &mut Vec<(&'t str, Node<'t>, Node<'t>)>) {
        if depth > MOST_MERGES {
            return self.refuse(node, "mappings are merged too deep to be followed");
        }
        for (key, value) in node.entries() {
            if !self.spend() {
                return;
            }
            match key.as_str() {
                Some("<<") if key.kind() == Kind::Plain && !self.json => {
                    let bases: Vec<_> = if value.is_sequence() { value.items().collect() } else { vec![value] };
                    for base in bases {
                        if base.is_mapping() {
                            self.merge(base, depth + 1, found);
                        } else {
                            self.refuse(base, "only a mapping can be merged");
                        }
                    }
                }
                Some(name) => found.push((name, key, value)),
                None => self.refuse(key, "a field's name should be text"),
            }
        }
    }

    /// The items of a list: a null has none.
    pub(super) fn items(&mut self, node: Node<'t>) -> Vec<Node<'t>> {
        if !node.is_sequence() {
            if !self.is_null(node) {
                self.refuse(node, "this should be a list");
            }
            return Vec::new();
        }
        node.items().take_while(|_| self.spend()).collect()
    }

    /// A text: a null is an empty one.
    pub(super) fn text(&mut self, node: Node<'t>) -> &'t str {
        let why = match Scalar::of(node, self.json) {
            Some(Scalar::Text(text)) => return text,
            Some(Scalar::Null) => return "",
            Some(Scalar::Bool) => "this is read as a boolean and should be text: put it in quotes",
            Some(Scalar::Number(_)) => "this is read as a number and should be text: put it in quotes",
            Some(Scalar::Unreadable(why)) => why,
            None => "this should be text",
        };
        self.refuse(node, why);
        ""
    }

    /// A whole number of 32 bits; none where there is none.
    pub(super) fn number(&mut self, node: Node<'t>) -> Option<i32> {
        match Scalar::of(node, self.json) {
            Some(Scalar::Null) => return None,
            Some(Scalar::Number(Some(number))) => {
                if let Ok(number) = i32::try_from(number) {
                    return Some(number);
                }
            }
            _ => {}
        }
        self.refuse(node, "this should be a whole number");
        None
    }

    /// Whether a node is a null.
    pub(super) fn is_null(&self, node: Node<'t>) -> bool {
        Scalar::of(node, self.json) == Some(Scalar::Null)
    }

    /// Whether another node may be read.
    fn spend(&mut self) -> bool {
        self.budget = self.budget.saturating_sub(1);
        self.budget > 0
    }

    /// Whether everything could be read.
    pub(super) fn is_exhausted(&self) -> bool {
        self.budget == 0
    }
}

/// Whether the server reads a document as JSON: it begins with a brace.
/// The line of the first break that YAML 1.1 has and 1.2 has not.
fn foreign_break(text: &str) -> Option<usize> {
    let at = text.find(['\u{85}', '\u{2028}', '\u{2029}'])?;
    Some(text[..at].matches('\n').count() + 1)
}

fn is_json(root: Node<'_>) -> bool {
    root.source().trim_start().starts_with('{')
}

fn unknown(name: &str, known: &[&str]) -> String {
    let like = known.iter().find(|known| known.eq_ignore_ascii_case(name));
    match (like, name) {
        (Some(like), _) => format!("the field {name} is unknown: it is written {like}"),
        (None, "metadata") => {
            "the field metadata is unknown: this file is no object of the API, and has none".to_owned()
        }
        // A name may hold anything, and a slip of indentation makes a secret one.
        (None, name) if name.len() <= 32 && name.bytes().all(|b| b.is_ascii_alphabetic()) => {
            format!("the field {name} is unknown")
        }
        (None, _) => "a field of this name is unknown".to_owned(),
    }
}
