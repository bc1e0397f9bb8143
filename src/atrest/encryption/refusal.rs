//! Why a configuration would not load.

use crate::manifest::{Node, Route};
use crate::model::Region;

/// One reason for which the API server would not load a configuration, and would not start with it.
#[derive(Clone, Debug)]
pub struct Refusal<'t> {
    /// What is refused.
    pub node: Node<'t>,
    /// Why. Never a value.
    pub why: String,
}

impl<'t> Refusal<'t> {
    pub(super) fn new(node: Node<'t>, why: impl Into<String>) -> Self {
        Self { node, why: why.into() }
    }

    /// Its place in the text that it was parsed from.
    #[must_use]
    pub fn region(&self) -> Region {
        region(self.node)
    }
}

/// The place of a node in the text that it was parsed from. Reads the text up to there.
pub(super) fn region(node: Node<'_>) -> Region {
    Region::of(node.source(), node.range())
}

/// The path of a node from its document's root.
pub(super) fn field(node: Node<'_>) -> String {
    let mut root = node;
    while let Some(parent) = root.parent() {
        root = parent;
    }
    Route::between(root, node).to_string()
}
