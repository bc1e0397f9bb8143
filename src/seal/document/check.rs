//! The safety net: the edited text, read again, must say what it said before, but for the edited place.

use std::ops::Range;

use serde_yaml::Value;

use super::error::EditError;
use super::lines::{Mark, line_number, marks};
use super::page::{Page, is_json};
use super::place::Step;
use super::scalar::is_plain;
use super::{Change, read};
use crate::manifest::{Kind, Node, Role, Route, Tree, chunks};

/// Compares an edited text with the page it was made from.
pub(super) fn edited(page: &Page<'_>, text: &str, document: usize, change: &Change<'_>) -> Result<(), EditError> {
    let line = page.line(page.chunk.start);
    let unsound = |what| EditError::Unsound { line, what };
    let (old, new): (Vec<_>, Vec<_>) = (chunks(page.text).collect(), chunks(text).collect());
    if old.len() != new.len() {
        return Err(unsound("the number of documents differs"));
    }
    let others = old.iter().zip(&new).enumerate().filter(|(number, _)| *number != document);
    for (_, (before, after)) in others {
        if page.text[before.clone()] != text[after.clone()] {
            return Err(unsound("another document differs"));
        }
    }
    let chunk = new[document].clone();
    if page.json && !is_json(&text[chunk.clone()]) {
        return Err(unsound("it is no longer JSON"));
    }
    let tree = read(text, chunk).map_err(|_| unsound("it is no longer YAML"))?;
    match (page.tree.root(), tree.root()) {
        (Some(before), Some(after)) if differs_there_only(before, after, change.steps, change.value.as_deref()) => {
            Ok(())
        }
        _ => Err(unsound("a value differs")),
    }
}

/// Compares a text that got a document with the one it was made from.
pub(super) fn appended(before: &str, after: &str, value: &Value) -> Result<(), EditError> {
    let unsound = |what| EditError::Unsound { line: line_number(before, before.len()), what };
    let (old, new): (Vec<_>, Vec<_>) = (chunks(before).collect(), chunks(after).collect());
    if old.len() + 1 != new.len() {
        return Err(unsound("the number of documents differs"));
    }
    for (old, new) in old.iter().zip(&new) {
        let same = before[old.clone()] == after[new.clone()];
        // A line break that was missing may count in the last one.
        if !same
            && !read(before, old.clone())
                .is_ok_and(|old| read(after, new.clone()).is_ok_and(|new| same_trees(&old, &new)))
        {
            return Err(unsound("another document differs"));
        }
    }
    let last = new.last().cloned().unwrap_or_default();
    let tree = read(after, last).map_err(|_| unsound("it is not YAML"))?;
    if tree.root().is_some_and(|root| equals(root, value)) { Ok(()) } else { Err(unsound("a value differs")) }
}

fn same_trees(before: &Tree<'_>, after: &Tree<'_>) -> bool {
    match (before.root(), after.root()) {
        (Some(before), Some(after)) => same(before, after),
        (before, after) => before.is_none() && after.is_none(),
    }
}

/// Whether two trees are equal but for one place, which has the value wanted, or is gone.
fn differs_there_only(before: Node<'_>, after: Node<'_>, steps: &[Step], value: Option<&Value>) -> bool {
    let Some((step, deeper)) = steps.split_first() else { return value.is_some_and(|value| equals(after, value)) };
    if before.kind() != after.kind() {
        return false;
    }
    match step {
        Step::Item(item) if deeper.is_empty() && value.is_none() => {
            let rest = before.children().enumerate().filter(|(number, _)| number != item).map(|(_, node)| node);
            after.children().count() + 1 == before.children().count()
                && rest.zip(after.children()).all(|(before, after)| same(before, after))
        }
        Step::Item(item) if before.children().count() == *item => {
            let added = after.children().nth(*item);
            deeper.is_empty()
                && after.children().count() == item + 1
                && before.children().zip(after.children()).all(|(before, after)| same(before, after))
                && added.zip(value).is_some_and(|(added, value)| equals(added, value))
        }
        Step::Item(item) => {
            let mut pairs = before.children().zip(after.children()).enumerate();
            before.children().count() == after.children().count()
                && pairs.all(|(number, (before, after))| {
                    if number == *item { differs_there_only(before, after, deeper, value) } else { same(before, after) }
                })
        }
        Step::Key(key) => {
            let here = |(name, _): &(Node<'_>, Node<'_>)| name.as_str() == Some(key);
            let others = |map: Node<'_>| map.entries().filter(|entry| !here(entry)).count();
            let mut pairs = before.entries().filter(|e| !here(e)).zip(after.entries().filter(|e| !here(e)));
            let rest = pairs.all(|(before, after)| same(before.0, after.0) && same(before.1, after.1));
            let (old, new) = (before.entries().find(here), after.entries().find(here));
            let there = match (old, new) {
                (Some(old), Some(new)) => same(old.0, new.0) && differs_there_only(old.1, new.1, deeper, value),
                (None, Some(new)) => deeper.is_empty() && value.is_some_and(|value| equals(new.1, value)),
                (_, None) => deeper.is_empty() && value.is_none(),
            };
            rest && there && others(before) == others(after)
        }
    }
}

/// Whether two nodes say the same in the same styles, all that is below them included.
fn same(before: Node<'_>, after: Node<'_>) -> bool {
    before.after() - before.number() == after.after() - after.number()
        && before.subtree().zip(after.subtree()).all(|(before, after)| match (before.kind(), after.kind()) {
            (Kind::Alias(_), Kind::Alias(_)) => way(before.resolve()) == way(after.resolve()),
            (old, new) => old == new && before.role() == after.role() && before.as_str() == after.as_str(),
        })
}

/// Where the target of an alias stands. Numbers of nodes change with an edit before them.
fn way(node: Node<'_>) -> (String, bool) {
    let mut root = node;
    while let Some(parent) = root.parent() {
        root = parent;
    }
    (Route::between(root, node).to_string(), node.role() == Role::Key)
}

/// Whether a node says just this, and every reader agrees.
pub(super) fn equals(node: Node<'_>, value: &Value) -> bool {
    let text = || node.as_str().filter(|_| node.is_scalar());
    let plain = |wanted: &str| node.kind() == Kind::Plain && text() == Some(wanted);
    match value {
        Value::Null => ["null", "~", ""].into_iter().any(plain),
        Value::Bool(value) => plain(if *value { "true" } else { "false" }),
        Value::Number(number) => plain(&number.to_string()),
        Value::String(wanted) => text() == Some(wanted) && (node.kind() != Kind::Plain || is_plain(wanted)),
        Value::Sequence(items) => {
            node.kind() == Kind::Sequence
                && node.children().count() == items.len()
                && node.children().zip(items).all(|(node, item)| equals(node, item))
        }
        Value::Mapping(map) => {
            node.kind() == Kind::Mapping
                && node.children().count() == 2 * map.len()
                && node.entries().zip(map).all(|((name, node), (key, value))| equals(name, key) && equals(node, value))
        }
        Value::Tagged(_) => false,
    }
}

/// Whether there is an anchor or a tag in a range that holds a node.
pub(super) fn has_properties(text: &str, range: Range<usize>, node: Node<'_>) -> bool {
    let mut at = range.start;
    let mut gaps = Vec::new();
    for node in node.subtree() {
        let Range { start, end } = node.range();
        gaps.push(at..start.max(at));
        at = if node.is_scalar() { end.max(at) } else { start.max(at) };
    }
    gaps.push(at..range.end.max(at));
    gaps.into_iter().any(|gap| marks(text, gap).any(|(mark, _)| mark == Mark::Property))
}
