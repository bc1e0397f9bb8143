//! One document with what an edit has to know of its style.

use std::ops::Range;

use super::emit::Layout;
use super::error::EditError;
use super::lines::{Mark, column, line_end, line_number, marks, with_space};
use crate::manifest::{Kind, Node, Role, Tree};

/// A document that is to be edited.
pub(super) struct Page<'t> {
    pub(super) text: &'t str,
    pub(super) chunk: Range<usize>,
    pub(super) tree: &'t Tree<'t>,
    /// Its line breaks.
    pub(super) eol: &'static str,
    pub(super) json: bool,
    pub(super) layout: Layout,
}

/// A value with what belongs to it.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    /// Behind the colon or dash; where the value begins when there is none.
    pub(super) after: usize,
    /// Whether there is a colon or dash.
    pub(super) signed: bool,
    /// Anchors and tags.
    pub(super) properties: Vec<Range<usize>>,
    /// The value, with the header of a block scalar, without anchor and tag.
    pub(super) content: Range<usize>,
    /// The comment between the sign and the value, on the line of the sign.
    pub(super) note: Option<Range<usize>>,
}

impl Slot {
    /// Where the value begins, anchor and tag included.
    pub(super) fn start(&self) -> usize {
        self.properties.first().map_or(self.content.start, |first| first.start.min(self.content.start))
    }
}

impl<'t> Page<'t> {
    pub(super) fn new(text: &'t str, chunk: Range<usize>, tree: &'t Tree<'t>) -> Self {
        let eol = if first_break_is_crlf(&text[chunk.clone()]).or(first_break_is_crlf(text)) == Some(true) {
            "\r\n"
        } else {
            "\n"
        };
        let mut page =
            Self { text, eol, json: is_json(&text[chunk.clone()]), chunk, tree, layout: Layout { map: 2, list: 0 } };
        page.layout = page.read_layout();
        page
    }

    /// The number of a byte's line.
    pub(super) fn line(&self, at: usize) -> usize {
        line_number(self.text, at)
    }

    pub(super) fn unusual(&self, at: usize, what: &'static str) -> EditError {
        EditError::Unusual { line: self.line(at), what }
    }

    /// Whether a collection stands in brackets.
    pub(super) fn is_flow(&self, node: Node<'_>) -> bool {
        let brackets = match node.kind() {
            Kind::Mapping => [b'{', b'}'],
            Kind::Sequence => [b'[', b']'],
            _ => return false,
        };
        let range = node.range();
        let bytes = self.text.as_bytes();
        // A complex key in brackets begins where its mapping does.
        range.len() >= 2
            && [bytes[range.start], bytes[range.end - 1]] == brackets
            && node.children().next().is_none_or(|child| child.range().start > range.start || is_null(child))
    }

    /// Whether a node lies between brackets.
    pub(super) fn in_flow(&self, node: Node<'_>) -> bool {
        node.parent().is_some_and(|parent| self.is_flow(parent) || self.in_flow(parent))
    }

    /// The slot of a node: a root, a value of a mapping, or an item of a list.
    pub(super) fn slot(&self, node: Node<'_>) -> Result<Slot, EditError> {
        match (node.role(), node.parent(), node.key()) {
            (Role::Value, _, Some(key)) => self.value_slot(key, node),
            (Role::Item, Some(list), _) => {
                self.item_slots(list).find(|slot| slot.as_ref().map_or(true, |(item, _)| *item == node)).map_or_else(
                    || Err(self.unusual(node.range().start, "an item like this")),
                    |found| found.map(|(_, slot)| slot),
                )
            }
            _ if is_null(node) => Err(self.unusual(self.chunk.start, "a document of nothing")),
            _ => Ok(self.root_slot(node)),
        }
    }

    fn root_slot(&self, root: Node<'_>) -> Slot {
        let start = root.range().start;
        let mut slot =
            Slot { after: start, signed: false, properties: Vec::new(), content: start..self.end(root), note: None };
        let mut at = self.chunk.start;
        // Directives are lines that look like anything.
        while self.text[at..start].starts_with('%') {
            at = super::lines::next_line(self.text, at).min(start);
        }
        for (mark, range) in marks(self.text, at..start) {
            match mark {
                Mark::Property => slot.properties.push(range),
                Mark::Sign(b'|' | b'>') if root.kind() == Kind::Block => slot.content.start = range.start,
                _ => {}
            }
        }
        slot.after = slot.start();
        slot
    }

    /// The slot of a value under its key.
    pub(super) fn value_slot(&self, key: Node<'_>, value: Node<'_>) -> Result<Slot, EditError> {
        if !(key.is_scalar() || matches!(key.kind(), Kind::Alias(_))) {
            return Err(self.unusual(key.range().start, "a mapping whose key is no text"));
        }
        let from = key.range().end;
        let colon = marks(self.text, from..self.chunk.end).find(|(mark, _)| *mark != Mark::Comment);
        match colon {
            Some((Mark::Sign(b':'), range)) => self.slot_after(range.end, value, true),
            _ if is_null(value) => self.slot_after(from, value, false),
            _ => Err(self.unusual(from, "a value without its colon")),
        }
    }

    /// The items of a list, each with its slot.
    pub(super) fn item_slots<'a>(&self, list: Node<'a>) -> impl Iterator<Item = Result<(Node<'a>, Slot), EditError>> {
        let flow = self.is_flow(list);
        let mut at = list.range().start + usize::from(flow);
        list.children().map(move |item| {
            if flow {
                let bound = item.range().start.max(at);
                let comma = marks(self.text, at..bound).find(|(mark, _)| *mark == Mark::Sign(b','));
                let slot = self.slot_after(comma.map_or(at, |(_, comma)| comma.end), item, false)?;
                at = slot.content.end;
                return Ok((item, slot));
            }
            match marks(self.text, at..self.chunk.end).find(|(mark, _)| *mark != Mark::Comment) {
                Some((Mark::Sign(b'-'), dash)) => {
                    let slot = self.slot_after(dash.end, item, true)?;
                    at = slot.content.end;
                    Ok((item, slot))
                }
                _ => Err(self.unusual(at, "a list like this")),
            }
        })
    }

    /// The slot of a value that comes after a sign.
    fn slot_after(&self, after: usize, value: Node<'_>, signed: bool) -> Result<Slot, EditError> {
        let null = is_null(value);
        // The parser takes more for YAML than there is, and a collection then seems to begin at a sign of its parent's.
        if !null && value.range().start < after {
            return Err(self.unusual(after, "a value that begins before its sign"));
        }
        let start = if null { line_end(self.text, after).min(self.chunk.end) } else { value.range().start };
        let line = line_end(self.text, after);
        let mut slot = Slot { after, signed, properties: Vec::new(), content: start..start, note: None };
        let mut header = None;
        for (mark, range) in marks(self.text, after..start.max(after)) {
            match mark {
                Mark::Property => slot.properties.push(range),
                Mark::Comment if range.start < line && slot.note.is_none() => {
                    slot.note = Some(with_space(self.text, range))
                }
                Mark::Comment => {}
                Mark::Sign(b'|' | b'>') if value.kind() == Kind::Block => header = Some(range),
                Mark::Sign(_) if null => break,
                Mark::Sign(_) => {}
            }
        }
        if null {
            let end = slot.properties.last().map_or(after, |last| last.end);
            slot.content = end..end;
            return Ok(slot);
        }
        if let Some(header) = header {
            slot.content.start = header.start;
            slot.content.end = self.end(value).max(slot.note.as_ref().map_or(header.end, |note| note.end));
        } else {
            slot.content.end = self.end(value);
        }
        Ok(slot)
    }

    /// Where a value ends. A tree counts blank lines behind a block scalar as part of it, and knows not where nothing is.
    pub(super) fn end(&self, node: Node<'_>) -> usize {
        let range = node.range();
        match node.kind() {
            Kind::Block => {
                // Trailing line breaks that count are of the value; without text, what is left is the header.
                let keeps = node.as_str().is_some_and(|text| text.ends_with("\n\n") || text == "\n");
                if keeps {
                    return line_break_before(self.text, range.end);
                }
                line_end(self.text, self.text[..range.end].trim_end().len())
            }
            Kind::Mapping if !self.is_flow(node) => {
                let last = node.entries().last().map(|(key, value)| self.value_slot(key, value));
                last.and_then(Result::ok).map_or(range.end, |slot| slot.content.end)
            }
            Kind::Sequence if !self.is_flow(node) => {
                let last = self.item_slots(node).last();
                last.and_then(Result::ok).map_or(range.end, |(_, slot)| slot.content.end)
            }
            _ => range.end,
        }
    }

    /// What the document's own nesting says of its indentation.
    fn read_layout(&self) -> Layout {
        let mut layout = Layout { map: 0, list: usize::MAX };
        for node in self.tree.nodes().filter(|node| node.role() == Role::Value) {
            if layout.map > 0 && layout.list < usize::MAX {
                break;
            }
            let (Some(parent), false) = (node.parent(), self.is_flow(node) || node.is_scalar()) else { continue };
            let mark = self.text.as_bytes().get(node.range().start);
            let deeper = column(self.text, node.range().start).checked_sub(column(self.text, parent.range().start));
            match (node.kind(), deeper) {
                (Kind::Mapping, Some(by @ 1..=16)) if layout.map == 0 && !self.in_flow(node) => layout.map = by,
                (Kind::Sequence, Some(by @ 0..=16)) if layout.list == usize::MAX && mark == Some(&b'-') => {
                    layout.list = by
                }
                _ => {}
            }
        }
        Layout {
            map: if layout.map == 0 { 2 } else { layout.map },
            list: if layout.list == usize::MAX { 0 } else { layout.list },
        }
    }
}

/// Whether a node is the nothing after a key or a dash.
pub(super) fn is_null(node: Node<'_>) -> bool {
    node.kind() == Kind::Plain && node.range().is_empty()
}

/// Whether a document is JSON, a byte order mark and white space aside.
pub(super) fn is_json(chunk: &str) -> bool {
    let body = chunk.trim_start_matches('\u{feff}').trim();
    body.starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(body).is_ok()
}

/// Whether a text's first line ends as Windows ends lines; none when it has no line end.
pub(super) fn first_break_is_crlf(text: &str) -> Option<bool> {
    text.find('\n').map(|at| text[..at].ends_with('\r'))
}

/// The end of the last line before a place, its break left out.
fn line_break_before(text: &str, at: usize) -> usize {
    let text = &text[..at];
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text).len()
}
