//! The path of a node: `spec.template.spec.containers[0].env[1].value`.

use std::fmt;

use super::node::{Kind, Node, Role};

/// One step of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// The way from one node down to another. Keys that are no plain words are bracketed: `data["app.yaml"]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route<'a>(Vec<Step<'a>>);

impl<'a> Route<'a> {
    /// The way from `root` to `node`, which must lie below it. For a key, the way to its value.
    #[must_use]
    pub fn between(root: Node<'a>, node: Node<'a>) -> Self {
        let mut steps = Vec::new();
        let mut here = node;
        while here != root {
            let Some(parent) = here.parent() else { break };
            if let Some(step) = step_to(parent, here) {
                steps.push(step);
            }
            here = parent;
        }
        steps.reverse();
        Self(steps)
    }

    /// The keys on the way, list positions left out.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &'a str> {
        self.0.iter().filter_map(|step| match step {
            Step::Key(key) => Some(*key),
            Step::Index(_) => None,
        })
    }
}

fn step_to<'a>(parent: Node<'a>, child: Node<'a>) -> Option<Step<'a>> {
    match child.role() {
        Role::Root => None,
        Role::Item => Some(Step::Index(child.position())),
        Role::Value => Some(Step::Key(child.key().and_then(Node::as_str).unwrap_or("?"))),
        Role::Key => Some(Step::Key(child.as_str().unwrap_or("?"))),
    }
    .filter(|_| parent.kind() == Kind::Mapping || parent.kind() == Kind::Sequence)
}

impl fmt::Display for Route<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) if !is_word(key) => {
                    write!(f, "[\"{}\"]", key.replace('\\', "\\\\").replace('"', "\\\""))?
                }
                Step::Key(key) if position == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
            }
        }
        Ok(())
    }
}

fn is_word(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::documents;

    #[test]
    fn routes_read_like_paths() {
        let tree = documents("spec:\n  c:\n  - env:\n    - name: A\n      value: b\ndata: {app.yaml: x}\n")
            .next()
            .unwrap()
            .unwrap();
        let root = tree.root().unwrap();
        let routes: Vec<_> = tree
            .nodes()
            .filter(|node| matches!(node.as_str(), Some("b" | "x")))
            .map(|node| Route::between(root, node).to_string())
            .collect();
        assert_eq!(routes, ["spec.c[0].env[0].value", "data[\"app.yaml\"]"]);
    }
}
