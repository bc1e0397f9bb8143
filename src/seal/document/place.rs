//! Where in a file: a document and the way down from its root.

use std::fmt;

use crate::manifest::{Kind, Node, Role};

/// One step down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Item(usize),
}

/// A place in a file: a document, counted from 0, and the keys and list positions from its root down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub(super) document: usize,
    pub(super) steps: Vec<Step>,
}

impl Place {
    /// The root of a document.
    #[must_use]
    pub fn root(document: usize) -> Self {
        Self { document, steps: Vec::new() }
    }

    /// The place of a node in the tree of a document, such as the root of an object in a `List`.
    #[must_use]
    pub fn of(document: usize, node: Node<'_>) -> Self {
        let mut steps = Vec::new();
        let mut here = node;
        while let Some(parent) = here.parent() {
            match here.role() {
                Role::Item => steps.push(Step::Item(here.position())),
                _ => steps.push(Step::Key(here.key().and_then(Node::as_str).unwrap_or_default().to_owned())),
            }
            here = parent;
        }
        steps.reverse();
        Self { document, steps }
    }

    /// The node that is here, below the root of its document; none when the way ends before it. Aliases are not followed.
    #[must_use]
    pub(super) fn find<'t>(&self, root: Node<'t>) -> Option<Node<'t>> {
        self.steps.iter().try_fold(root, |node, step| match step {
            Step::Key(key) => node.entries().find(|(name, _)| name.as_str() == Some(key)).map(|(_, value)| value),
            Step::Item(item) if node.kind() == Kind::Sequence => node.children().nth(*item),
            Step::Item(_) => None,
        })
    }

    /// The value under a key of what is here.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.steps.push(Step::Key(key.to_owned()));
        self
    }

    /// An item of the list that is here, counted from 0. That behind the last is one to be added.
    #[must_use]
    pub fn item(mut self, item: usize) -> Self {
        self.steps.push(Step::Item(item));
        self
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.steps.iter().enumerate() {
            match step {
                Step::Item(item) => write!(f, "[{item}]")?,
                Step::Key(key) if key.contains('.') => write!(f, "[\"{key}\"]")?,
                Step::Key(key) if number == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
            }
        }
        Ok(())
    }
}
