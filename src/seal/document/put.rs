//! Puts values in: in place of another, as a new entry, as a new document.

use std::borrow::Cow;
use std::ops::Range;

use serde_yaml::{Mapping, Value};
use zeroize::Zeroizing;

use super::emit::{Flow, Form, Layout, Pretty, Wish, entry, flow, flow_entry, form, indented};
use super::error::EditError;
use super::lines::{
    Mark, column, indent_of, is_first, line_end, line_number, line_start, marks, next_line, past_comments,
    past_own_comments, with_space,
};
use super::page::{Page, Slot, first_break_is_crlf, is_json, is_null};
use super::place::{Place, Step};
use super::scalar::Quotes;
use super::{Change, Splice, check, descend, read, refuse_aliased};
use crate::manifest::{Kind, Node, Role, Tree, chunks};

/// Makes the value at a place this one.
pub(super) fn set<'v>(
    page: &Page<'_>,
    place: &'v Place,
    value: &'v Value,
) -> Result<(Vec<Splice>, Change<'v>), EditError> {
    let (node, taken) = descend(page, place)?;
    let Some((step, deeper)) = place.steps[taken..].split_first() else {
        let change = Change { steps: &place.steps[..taken], value: Some(Cow::Borrowed(value)) };
        return Ok((replace(page, node, value)?, change));
    };
    let line = page.line(node.range().start);
    let value = nested(value, deeper).ok_or_else(|| EditError::Missing { line, place: place.to_string() })?;
    if node.children().next().is_some() {
        refuse_aliased(page, 0..0, node)?;
        let splices = match step {
            Step::Key(key) => insert(page, node, key, &value)?,
            Step::Item(_) => push(page, node, &value)?,
        };
        return Ok((splices, Change { steps: &place.steps[..=taken], value: Some(value) }));
    }
    if marks(page.text, node.range()).any(|(mark, _)| mark == Mark::Comment) {
        return Err(page.unusual(node.range().start, "an empty collection with a comment in it"));
    }
    let value = match step {
        Step::Key(key) => single(key, value.into_owned()),
        Step::Item(_) => Value::Sequence(vec![value.into_owned()]),
    };
    let splices = replace(page, node, &value)?;
    Ok((splices, Change { steps: &place.steps[..taken], value: Some(Cow::Owned(value)) }))
}

/// A value under keys; none when one of the steps is no key.
fn nested<'v>(value: &'v Value, steps: &[Step]) -> Option<Cow<'v, Value>> {
    steps.iter().rev().try_fold(Cow::Borrowed(value), |value, step| match step {
        Step::Key(key) => Some(Cow::Owned(single(key, value.into_owned()))),
        Step::Item(_) => None,
    })
}

fn single(key: &str, value: Value) -> Value {
    Value::Mapping(Mapping::from_iter([(Value::from(key), value)]))
}

/// Writes a value where another stands.
pub(super) fn replace(page: &Page<'_>, node: Node<'_>, value: &Value) -> Result<Vec<Splice>, EditError> {
    let slot = page.slot(node)?;
    if check::equals(node, value) && !check::has_properties(page.text, slot.after..slot.content.end, node) {
        return Ok(Vec::new());
    }
    refuse_aliased(page, node.number()..node.after(), node)?;
    let is_collection = matches!(value, Value::Mapping(_) | Value::Sequence(_));
    let was_flow = page.is_flow(node) && node.children().next().is_some();
    if page.json || page.in_flow(node) || (was_flow && is_collection) {
        return Ok(vec![in_flow(page, node, &slot, value)?]);
    }
    let place = Block::of(page, node, &slot);
    let quotes = (node.kind() == Kind::Quoted).then(|| match page.text.as_bytes()[slot.content.start] {
        b'\'' => Quotes::Single,
        _ => Quotes::Double,
    });
    let whole = matches!(value, Value::String(_));
    let literal =
        !is_followed_by_comment(page, place.end) && !(whole && (place.above.is_some() || place.base.is_none()));
    let form = form(value, Wish { layout: page.layout, literal, quotes })?;
    Ok(match place.base {
        None => place.at_root(form),
        Some(base) => place.under_sign(form, base),
    })
}

/// A value in block style that is to be replaced.
struct Block<'p> {
    page: &'p Page<'p>,
    slot: &'p Slot,
    /// The column of the key or dash it belongs to; none for a root.
    base: Option<usize>,
    is_item: bool,
    is_collection: bool,
    is_scalar_block: bool,
    /// Whether it begins on the line of its key or dash.
    same_line: bool,
    /// The last byte that is replaced with it: the comment behind the last line of a collection belongs to its last entry.
    end: usize,
    /// Comments on the line of its key or dash.
    notes: String,
    /// Lines of comments between its key or dash and itself.
    above: Option<Range<usize>>,
}

impl<'p> Block<'p> {
    fn of(page: &'p Page<'p>, node: Node<'_>, slot: &'p Slot) -> Self {
        let text = page.text;
        let is_collection = matches!(node.kind(), Kind::Mapping | Kind::Sequence) && !page.is_flow(node);
        let is_scalar_block = node.kind() == Kind::Block;
        let start = slot.start();
        let same_line = !text[slot.after..start].contains('\n');
        let line = line_end(text, slot.content.end);
        let trailing = marks(text, slot.content.end..line).find(|(mark, _)| *mark == Mark::Comment);
        let trailing =
            trailing.map(|(_, range)| with_space(text, range)).filter(|_| !is_collection && !is_scalar_block);
        let end = match &trailing {
            Some(trailing) => trailing.end,
            None if is_collection => {
                // Comments behind the last entry are the collection's own. They may hold what is to be replaced.
                let least = node.parent().map_or(0, |parent| column(text, parent.range().start) + 1);
                past_own_comments(text, line, page.chunk.end, least)
            }
            None => slot.content.end,
        };
        let notes = [slot.note.clone(), trailing.filter(|trailing| Some(trailing) != slot.note.as_ref())];
        let notes = notes.into_iter().flatten().map(|note| &text[note]).collect();
        let first = next_line(text, slot.after);
        let above = first..line_start(text, start);
        let above = (slot.signed && !same_line && above.start < above.end).then_some(above);
        let base = node.parent().map(|parent| column(text, parent.range().start));
        let is_item = node.role() == Role::Item;
        Self { page, slot, base, is_item, is_collection, is_scalar_block, same_line, end, notes, above }
    }

    fn under_sign(&self, form: Form, base: usize) -> Vec<Splice> {
        let (text, after) = (self.page.text, self.slot.after);
        let layout = self.page.layout;
        let by = if self.is_item { 2 } else { layout.map };
        match form {
            Form::Inline(head) => self.inline(&head),
            Form::Literal(head, body) => {
                let space = self.space();
                vec![(after..self.line_end(), format!("{space}{head}{}{}", self.notes, self.lines(body, base + by)))]
            }
            Form::Map(body) => self.collection(body, base + 1, base + by),
            Form::List(body) if self.is_item => self.collection(body, base + 1, base + 2),
            Form::List(body) => self.collection(body, base, base + layout.list),
        }
        .into_iter()
        .filter(|(range, new)| text[range.clone()] != **new)
        .collect()
    }

    /// The end, with the white space behind it, which a last line of text would take for its own.
    fn line_end(&self) -> usize {
        let line = line_end(self.page.text, self.end);
        if self.page.text[self.end..line].trim().is_empty() { line } else { self.end }
    }

    /// White space between the sign and what follows it.
    fn space(&self) -> &'p str {
        let start = self.slot.start();
        match &self.page.text[self.slot.after..start.max(self.slot.after)] {
            "" => " ",
            space if self.same_line && space.trim().is_empty() => space,
            _ => " ",
        }
    }

    fn inline(&self, head: &str) -> Vec<Splice> {
        let (slot, text) = (self.slot, self.page.text);
        let start = slot.start();
        if self.same_line && self.is_collection {
            return vec![(start..self.end, head.to_owned())];
        }
        if self.same_line && !self.is_scalar_block {
            let space = if start == slot.after { " " } else { "" };
            return vec![(start..slot.content.end, format!("{space}{head}"))];
        }
        let above = self.above.clone().map_or("", |above| text[above].trim_end_matches(['\r', '\n']));
        let eol = if above.is_empty() { "" } else { self.page.eol };
        vec![(slot.after..self.end, format!("{}{head}{}{eol}{above}", self.space(), self.notes))]
    }

    /// Lines of a collection: where the old one stands if that is deep enough, else in the document's indentation.
    fn collection(&self, body: Vec<String>, least: usize, usual: usize) -> Vec<Splice> {
        let (slot, text) = (self.slot, self.page.text);
        let at = column(text, slot.content.start);
        if self.is_collection && at >= least {
            return self.in_its_place(body, at);
        }
        if self.is_item && self.notes.is_empty() && self.above.is_none() {
            let lines = self.lines(body, usual);
            return vec![(slot.after..self.line_end(), format!(" {}", lines.trim_start()))];
        }
        let above = self.above.clone().map_or("", |above| text[above].trim_end_matches(['\r', '\n']));
        let eol = if above.is_empty() { "" } else { self.page.eol };
        vec![(slot.after..self.line_end(), format!("{}{eol}{above}{}", self.notes, self.lines(body, usual)))]
    }

    /// In place of a collection, at its column.
    fn in_its_place(&self, body: Vec<String>, at: usize) -> Vec<Splice> {
        let lines = self.lines(body, at);
        let mut splices = vec![(self.slot.content.start..self.end, lines.trim_start().to_owned())];
        let properties = self.slot.properties.iter();
        splices.extend(properties.map(|range| (with_space(self.page.text, range.clone()), String::new())));
        splices
    }

    fn at_root(&self, form: Form) -> Vec<Splice> {
        let (slot, text) = (self.slot, self.page.text);
        let body = match form {
            Form::Map(body) | Form::List(body) => body,
            Form::Inline(head) => return vec![(slot.start()..self.end, head)],
            // Not wished for at a root.
            Form::Literal(..) => return Vec::new(),
        };
        if self.is_collection {
            return self.in_its_place(body, column(text, slot.content.start));
        }
        let lines = self.lines(body, 0);
        let lines = if is_first(text, slot.start()) { lines.trim_start() } else { &lines };
        vec![(slot.start()..self.line_end(), lines.to_owned())]
    }

    /// Lines at a column, each after a line break.
    fn lines(&self, body: Vec<String>, at: usize) -> String {
        indented(body, at).flat_map(|line| [self.page.eol.to_owned(), line]).collect()
    }
}

/// Whether an indented comment follows, which a literal block before it would swallow.
fn is_followed_by_comment(page: &Page<'_>, end: usize) -> bool {
    let next = page.text[next_line(page.text, end)..].trim_start();
    next.starts_with('#') && column(page.text, page.text.len() - next.len()) > 0
}

/// Writes a value between brackets, or in place of brackets.
fn in_flow(page: &Page<'_>, node: Node<'_>, slot: &Slot, value: &Value) -> Result<Splice, EditError> {
    let style = flow_style(
        page,
        node,
        node.parent().is_some_and(|parent| is_multi_line(page, parent)) || is_multi_line(page, node),
    );
    let new = flow(value, &style)?;
    if !is_null(node) || !slot.properties.is_empty() {
        return Ok((slot.start()..slot.content.end, new));
    }
    let sign = match (node.role(), slot.signed) {
        (Role::Value, false) => ": ",
        (Role::Value, true) => " ",
        _ => "",
    };
    Ok((slot.after..slot.after, format!("{sign}{new}")))
}

/// Whether a collection in brackets has its entries on lines of their own.
fn is_multi_line(page: &Page<'_>, node: Node<'_>) -> bool {
    let first = node.children().next().filter(|_| page.is_flow(node));
    first.is_some_and(|first| page.text[node.range().start..first.range().start.max(node.range().start)].contains('\n'))
}

/// How things are written between brackets here, `at` being what the first bracket is on the line of.
fn flow_style<'p>(page: &'p Page<'_>, at: Node<'_>, pretty: bool) -> Flow<'p> {
    let mut maps = page.tree.nodes().filter(|node| node.kind() == Kind::Mapping && page.is_flow(*node));
    let first = maps.find_map(|map| map.entries().next());
    let slot = first.and_then(|(key, value)| page.value_slot(key, value).ok());
    let tight =
        slot.is_some_and(|slot| slot.signed && page.text[slot.after..].starts_with(|c: char| !c.is_whitespace()));
    let unit = || {
        let wide = page.tree.nodes().find(|node| is_multi_line(page, *node))?;
        let first = wide.children().next()?;
        let unit = indent_of(page.text, first.range().start).strip_prefix(indent_of(page.text, wide.range().start))?;
        Some(unit).filter(|unit| !unit.is_empty())
    };
    let pretty = pretty.then(|| Pretty {
        indent: indent_of(page.text, at.key().unwrap_or(at).range().start).to_owned(),
        unit: unit().unwrap_or("  "),
        eol: page.eol,
    });
    Flow { json: page.json, tight, pretty }
}

/// Adds an entry to a mapping that has some.
fn insert(page: &Page<'_>, map: Node<'_>, key: &str, value: &Value) -> Result<Vec<Splice>, EditError> {
    let entries: Vec<_> = map.entries().collect();
    let keys: Vec<_> = entries.iter().filter_map(|(key, _)| key.as_str()).collect();
    let sorted = keys.len() == entries.len() && keys.len() > 1 && keys.is_sorted();
    let at = if sorted { keys.partition_point(|other| *other < key) } else { entries.len() };
    if page.is_flow(map) {
        return insert_flow(page, map, at, key, value);
    }
    if page.in_flow(map) {
        return Err(page.unusual(map.range().start, "a mapping in a list without braces"));
    }
    let start = map.range().start;
    let indent = column(page.text, start);
    let wish = Wish { layout: page.layout, literal: true, quotes: None };
    if at == 0 && !is_below_comment(page, start) {
        let lines = entry(key, value, wish)?;
        let lines: String = indented(lines, indent).flat_map(|line| [line, page.eol.to_owned()]).collect();
        return Ok(vec![(start..start, format!("{}{:indent$}", lines.trim_start(), ""))]);
    }
    let at = if at == 0 { entries.len() } else { at };
    let (name, before) = entries[at - 1];
    let end = line_end(page.text, page.value_slot(name, before)?.content.end);
    refuse_open_block(page.text, page.tree)?;
    // Comments behind the last entry are the mapping's own; elsewhere they speak of what follows.
    let own = if at == entries.len() { indent } else { indent + 1 };
    let end = past_comments(page.text, end, page.chunk.end, own);
    let wish = Wish { literal: !is_followed_by_comment(page, end), ..wish };
    let lines = entry(key, value, wish)?;
    let lines: String = indented(lines, indent).flat_map(|line| [page.eol.to_owned(), line]).collect();
    Ok(vec![(end..end, lines)])
}

/// Whether the line above is a comment, which may speak of the whole mapping or of its first entry.
fn is_below_comment(page: &Page<'_>, at: usize) -> bool {
    let line = line_start(page.text, at);
    is_first(page.text, at)
        && page.text[..line].lines().next_back().is_some_and(|line| line.trim_start().starts_with('#'))
}

fn insert_flow(page: &Page<'_>, map: Node<'_>, at: usize, key: &str, value: &Value) -> Result<Vec<Splice>, EditError> {
    let entries: Vec<_> = map.entries().collect();
    let text = page.text;
    let wide = is_multi_line(page, map);
    let neighbour = entries[at.min(entries.len() - 1)].0;
    let style = flow_style(page, neighbour, wide);
    let new = flow_entry(key, value, &style)?;
    if at < entries.len() {
        let start = neighbour.range().start;
        let before = if at == 0 {
            map.range().start
        } else {
            page.value_slot(entries[at - 1].0, entries[at - 1].1)?.content.end
        };
        if !marks(text, before..start).any(|(mark, _)| mark == Mark::Property) {
            let comma = if is_first(text, start) || !wide { style.comma() } else { ", ".to_owned() };
            return Ok(vec![(start..start, format!("{new}{comma}"))]);
        }
    }
    let (name, last) = entries[entries.len() - 1];
    let end = page.value_slot(name, last)?.content.end;
    Ok(behind_last(page, end..map.range().end - 1, name.range().start, &style, &new))
}

/// Adds an item to a list that has some.
fn push(page: &Page<'_>, list: Node<'_>, value: &Value) -> Result<Vec<Splice>, EditError> {
    let Some((last, slot)) = page.item_slots(list).last().transpose()? else { return Ok(Vec::new()) };
    let start = list.range().start;
    if page.is_flow(list) {
        let style = flow_style(page, last, is_multi_line(page, list));
        // Items on one line each have others for neighbours.
        let tight = !last.is_scalar() && !is_multi_line(page, last);
        let new = if tight { flow(value, &flow_style(page, last, false))? } else { flow(value, &style)? };
        return Ok(behind_last(page, slot.content.end..list.range().end - 1, slot.start(), &style, &new));
    }
    if page.in_flow(list) {
        return Err(page.unusual(start, "a list in brackets without its own"));
    }
    refuse_open_block(page.text, page.tree)?;
    let indent = column(page.text, start);
    // Where the dashes stand under the key, a comment at their column speaks of the next key.
    let above = list.key().map(|key| column(page.text, key.range().start));
    let own = if above.is_none_or(|above| above < indent) { indent } else { indent + 1 };
    let end = past_comments(page.text, line_end(page.text, slot.content.end), page.chunk.end, own);
    let wish = Wish { layout: page.layout, literal: !is_followed_by_comment(page, end), quotes: None };
    let Form::List(lines) = form(&Value::Sequence(vec![value.clone()]), wish)? else { return Ok(Vec::new()) };
    let lines: String = indented(lines, indent).flat_map(|line| [page.eol.to_owned(), line]).collect();
    Ok(vec![(end..end, lines)])
}

/// Adds what is written behind the last of a collection in brackets; `tail` is what stands between that and the bracket,
/// `first` where the last begins.
fn behind_last(page: &Page<'_>, tail: Range<usize>, first: usize, style: &Flow<'_>, new: &str) -> Vec<Splice> {
    let (text, end) = (page.text, tail.start);
    let tail: Vec<_> = marks(text, tail).collect();
    let comma = tail.iter().any(|(mark, _)| *mark == Mark::Sign(b','));
    let note = tail.iter().find(|(mark, range)| *mark == Mark::Comment && range.start < line_end(text, end));
    match note {
        // The comma must come before the comment, and the entry after it.
        Some((_, note)) => {
            let indent = indent_of(text, first);
            let (before, after) = if comma { ("", ",") } else { (",", "") };
            vec![(end..end, before.to_owned()), (note.end..note.end, format!("{}{indent}{new}{after}", page.eol))]
        }
        None => vec![(end..end, format!("{}{new}", style.comma()))],
    }
}

/// A block scalar that ends a file without a line break has none in its value, to most readers. What comes after it would
/// give it one.
fn refuse_open_block(text: &str, tree: &Tree<'_>) -> Result<(), EditError> {
    let open = tree.nodes().last().is_some_and(|node| node.kind() == Kind::Block && node.range().end == text.len());
    if !open || text.ends_with('\n') {
        return Ok(());
    }
    Err(EditError::Unusual {
        line: line_number(text, text.len()),
        what: "a block that ends the file without a line break",
    })
}

/// A text with one more document.
pub(super) fn appended(text: &str, value: &Value) -> Result<Zeroizing<String>, EditError> {
    if is_json(text) {
        return Err(EditError::Value("a JSON file has but one document"));
    }
    let eol = if first_break_is_crlf(text) == Some(true) { "\r\n" } else { "\n" };
    let documents: Vec<_> = chunks(text).collect();
    let first = documents.first().and_then(|chunk| Some((chunk.clone(), read(text, chunk.clone()).ok()?)));
    if let Some(tree) = documents.last().and_then(|chunk| read(text, chunk.clone()).ok()) {
        refuse_open_block(text, &tree)?;
    }
    let layout = first.map_or(Layout { map: 2, list: 0 }, |(chunk, tree)| Page::new(text, chunk, &tree).layout);
    let lines = match form(value, Wish { layout, literal: true, quotes: None })? {
        Form::Map(lines) | Form::List(lines) => lines,
        Form::Inline(_) | Form::Literal(..) => return Err(EditError::Value("a document is a mapping or a list")),
    };
    let tail = &text[documents.last().map_or(0, |last| last.end)..];
    // A marker that waits for its document is used.
    let waits = tail
        .lines()
        .rfind(|line| line.starts_with("---") || line.starts_with("..."))
        .is_some_and(|line| line.starts_with("---"));
    let marked =
        waits || documents.is_empty() && !tail.lines().any(|line| line.starts_with("...") || line.starts_with('%'));
    let added: String = lines.iter().flat_map(|line| [line.as_str(), eol]).collect();
    let mut out = Zeroizing::new(String::with_capacity(text.len() + added.len() + 8));
    out.push_str(text);
    if !text.is_empty() && text != "\u{feff}" && !text.ends_with('\n') {
        out.push_str(eol);
    }
    if !marked {
        out.push_str("---");
        out.push_str(eol);
    }
    out.push_str(&added);
    Ok(out)
}
