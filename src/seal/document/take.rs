//! Takes entries and items out.

use std::borrow::Cow;
use std::ops::Range;

use serde_yaml::{Mapping, Value};

use super::error::EditError;
use super::lines::{Mark, column, is_first, line_end, line_start, marks, next_line, past_blanks, past_comments};
use super::page::Page;
use super::place::Place;
use super::put::replace;
use super::{Change, Splice, descend, refuse_aliased};
use crate::manifest::{Kind, Node, Role};

/// Takes the entry at a place out of its mapping, or the item out of its list; no splices when there is none.
pub(super) fn remove<'v>(page: &Page<'_>, place: &'v Place) -> Result<(Vec<Splice>, Change<'v>), EditError> {
    let (value, taken) = descend(page, place)?;
    let gone = Change { steps: &place.steps, value: None };
    if taken < place.steps.len() {
        return Ok((Vec::new(), gone));
    }
    let Some(whole) = value.parent() else {
        return Err(page.unusual(value.range().start, "what is no entry of a mapping and no item of a list"));
    };
    let of_list = value.role() == Role::Item;
    if whole.children().count() == if of_list { 1 } else { 2 } {
        let empty = if of_list { Value::Sequence(Vec::new()) } else { Value::Mapping(Mapping::new()) };
        let splices = replace(page, whole, &empty)?;
        return Ok((splices, Change { steps: &place.steps[..taken - 1], value: Some(Cow::Owned(empty)) }));
    }
    let part = if of_list { Part::item(page, whole, value)? } else { Part::entry(page, whole, value)? };
    refuse_aliased(page, part.first.number()..value.after(), whole)?;
    let splices = if page.is_flow(whole) { part.out_of_flow(page, whole) } else { part.out_of_block(page, whole)? };
    Ok((splices, gone))
}

/// An entry or an item that is not alone.
struct Part<'t> {
    /// Its first node: the key or the item.
    first: Node<'t>,
    /// Its bytes: from the anchor, tag, key or dash it begins with to the end of its value.
    bytes: Range<usize>,
    /// Where the one before ends.
    previous: Option<usize>,
    /// Where the one after begins.
    next: Option<usize>,
}

impl<'t> Part<'t> {
    fn entry(page: &Page<'_>, map: Node<'t>, value: Node<'t>) -> Result<Self, EditError> {
        let Some(key) = value.key() else {
            return Err(page.unusual(value.range().start, "what is no entry of a mapping"));
        };
        let number = key.position() / 2;
        let end_of = |number: usize| {
            let entry = map.entries().nth(number);
            entry.map(|(key, value)| page.value_slot(key, value).map(|slot| slot.content.end)).transpose()
        };
        let previous = number.checked_sub(1).map(end_of).transpose()?.flatten();
        let start = if page.is_flow(map) { before_key(page, map, key) } else { key.range().start };
        Ok(Self {
            first: key,
            bytes: start..page.value_slot(key, value)?.content.end,
            previous,
            next: map.entries().nth(number + 1).map(|(key, _)| key.range().start),
        })
    }

    fn item(page: &Page<'_>, list: Node<'t>, item: Node<'t>) -> Result<Self, EditError> {
        let slots = page.item_slots(list).collect::<Result<Vec<_>, _>>()?;
        let flow = page.is_flow(list);
        // A block item begins with its dash.
        let start = |number: usize| {
            let slot = slots.get(number).map(|(_, slot)| slot)?;
            Some(if flow { slot.start() } else { slot.after - 1 })
        };
        let number = slots.iter().position(|(node, _)| *node == item);
        let Some((number, from)) = number.and_then(|number| Some((number, start(number)?))) else {
            return Err(page.unusual(item.range().start, "an item like this"));
        };
        Ok(Self {
            first: item,
            bytes: from..slots[number].1.content.end,
            previous: number.checked_sub(1).map(|before| slots[before].1.content.end),
            next: start(number + 1),
        })
    }

    fn out_of_block(&self, page: &Page<'_>, whole: Node<'_>) -> Result<Vec<Splice>, EditError> {
        if page.in_flow(whole) {
            return Err(page.unusual(whole.range().start, "a mapping in a list without braces"));
        }
        let text = page.text;
        let end = line_end(text, self.bytes.end);
        let first = self.previous.is_none();
        let indent = column(text, whole.range().start);
        let end = past_comments(text, end, page.chunk.end, indent + 1);
        let start = if first { whole.range().start } else { line_start(text, self.bytes.start) };
        if first && !is_first(text, start) {
            // Behind a dash: the next takes its place, unless a comment stands between.
            let next = self.next.unwrap_or(end);
            let bare = text[end..next].trim().is_empty();
            let dash = text[..start].trim_end().len();
            return Ok(vec![(if bare { start..next } else { dash..end }, String::new())]);
        }
        let start = line_start(text, start);
        let block = page.tree.node(self.first.number() - 1).filter(|node| node.kind() == Kind::Block);
        let after_block = block.is_some();
        let header = block.and_then(|block| page.slot(block).ok()).map(|slot| &text[slot.content.start..]);
        // Blank lines would become part of a block before them that keeps its own.
        let end = if header.is_some_and(|header| header.chars().take(3).any(|c| c == '+')) {
            past_blanks(text, end, page.chunk.end)
        } else {
            end
        };
        if next_line(text, end) == text.len() && !text.ends_with('\n') && !after_block {
            // The line break before it goes, so that there is still none at the end; but one behind a block is part of it.
            let before = text[..start].strip_suffix('\n').unwrap_or(&text[..start]);
            return Ok(vec![(before.strip_suffix('\r').unwrap_or(before).len()..end, String::new())]);
        }
        Ok(vec![(start..next_line(text, end), String::new())])
    }

    fn out_of_flow(&self, page: &Page<'_>, whole: Node<'_>) -> Vec<Splice> {
        let text = page.text;
        let bracket = whole.range().end - 1;
        let Range { start, end } = self.bytes;
        let tail = marks(text, end..bracket);
        let comma = tail
            .take_while(|(mark, _)| matches!(mark, Mark::Comment | Mark::Sign(b',')))
            .find(|(mark, _)| *mark == Mark::Sign(b','));
        let after = comma.map_or(end, |(_, comma)| comma.end);
        if self.next.is_some() {
            // Up to what follows: the next, or a comment on a line of its own.
            let note = marks(text, after..line_end(text, after).min(bracket))
                .next()
                .filter(|(mark, _)| *mark == Mark::Comment);
            let after = note.map_or(after, |(_, note)| note.end);
            let next = after + (text[after..].len() - text[after..].trim_start().len());
            return vec![(start..next, String::new())];
        }
        // The last: what separates it from the one before goes with it, unless there is a comma behind it that may stay.
        let Some(previous) = self.previous else { return Vec::new() };
        let between: Vec<_> = marks(text, previous..start).collect();
        let from = between.last().map_or(previous, |(_, last)| last.end);
        let mut splices = vec![(from..after, String::new())];
        if after == end {
            let comma = between.iter().find(|(mark, _)| *mark == Mark::Sign(b','));
            splices.extend(comma.map(|(_, comma)| (comma.clone(), String::new())));
        }
        splices
    }
}

/// Where an entry in brackets begins, with the anchor or tag of its key.
fn before_key(page: &Page<'_>, map: Node<'_>, key: Node<'_>) -> usize {
    let from = map
        .entries()
        .nth((key.position() / 2).wrapping_sub(1))
        .and_then(|(key, value)| page.value_slot(key, value).ok());
    let from = from.map_or(map.range().start + 1, |slot| slot.content.end);
    let start = key.range().start;
    let first = marks(page.text, from..start).find(|(mark, _)| !matches!(mark, Mark::Comment | Mark::Sign(b',')));
    first.map_or(start, |(_, range)| range.start)
}
