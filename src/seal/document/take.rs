//! Takes entries out.

use std::borrow::Cow;

use serde_yaml::{Mapping, Value};

use super::error::EditError;
use super::lines::{Mark, column, is_first, line_end, line_start, marks, next_line, past_blanks, past_comments};
use super::page::Page;
use super::place::Place;
use super::put::replace;
use super::{Change, Splice, descend, refuse_aliased};
use crate::manifest::{Kind, Node, Role};

/// Takes the entry at a place out of its mapping; no splices when there is none.
pub(super) fn remove<'v>(page: &Page<'_>, place: &'v Place) -> Result<(Vec<Splice>, Change<'v>), EditError> {
    let (value, taken) = descend(page, place)?;
    let gone = Change { steps: &place.steps, value: None };
    if taken < place.steps.len() {
        return Ok((Vec::new(), gone));
    }
    let (Role::Value, Some(key), Some(map)) = (value.role(), value.key(), value.parent()) else {
        return Err(page.unusual(value.range().start, "what is no entry of a mapping"));
    };
    if map.children().count() == 2 {
        let empty = Value::Mapping(Mapping::new());
        let splices = replace(page, map, &empty)?;
        return Ok((splices, Change { steps: &place.steps[..taken - 1], value: Some(Cow::Owned(empty)) }));
    }
    refuse_aliased(page, key.number()..value.after(), map)?;
    let splices =
        if page.is_flow(map) { from_flow(page, map, key, value)? } else { from_block(page, map, key, value)? };
    Ok((splices, gone))
}

fn from_block(page: &Page<'_>, map: Node<'_>, key: Node<'_>, value: Node<'_>) -> Result<Vec<Splice>, EditError> {
    if page.in_flow(map) {
        return Err(page.unusual(map.range().start, "a mapping in a list without braces"));
    }
    let text = page.text;
    let end = line_end(text, page.value_slot(key, value)?.content.end);
    let first = key.position() == 0;
    let indent = column(text, map.range().start);
    let end = past_comments(text, end, page.chunk.end, indent + 1);
    let start = if first { map.range().start } else { line_start(text, key.range().start) };
    if first && !is_first(text, start) {
        // Behind a dash: the next entry takes its place, unless a comment stands between.
        let next = map.children().nth(2).map_or(end, |next| next.range().start);
        let bare = text[end..next].trim().is_empty();
        let dash = text[..start].trim_end().len();
        return Ok(vec![(if bare { start..next } else { dash..end }, String::new())]);
    }
    let start = line_start(text, start);
    let block = page.tree.node(key.number() - 1).filter(|node| node.kind() == Kind::Block);
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

fn from_flow(page: &Page<'_>, map: Node<'_>, key: Node<'_>, value: Node<'_>) -> Result<Vec<Splice>, EditError> {
    let text = page.text;
    let bracket = map.range().end - 1;
    let end = page.value_slot(key, value)?.content.end;
    let tail = marks(text, end..bracket);
    let comma = tail
        .take_while(|(mark, _)| matches!(mark, Mark::Comment | Mark::Sign(b',')))
        .find(|(mark, _)| *mark == Mark::Sign(b','));
    let after = comma.map_or(end, |(_, comma)| comma.end);
    let start = before_key(page, map, key);
    if key.position() + 2 < map.children().count() {
        // Up to what follows: the next entry, or a comment on a line of its own.
        let note =
            marks(text, after..line_end(text, after).min(bracket)).next().filter(|(mark, _)| *mark == Mark::Comment);
        let after = note.map_or(after, |(_, note)| note.end);
        let next = after + (text[after..].len() - text[after..].trim_start().len());
        return Ok(vec![(start..next, String::new())]);
    }
    // The last: what separates it from the one before goes with it, unless there is a comma behind it that may stay.
    let previous = map.entries().nth(key.position() / 2 - 1).map(|(key, value)| page.value_slot(key, value));
    let Some(previous) = previous.transpose()? else { return Ok(Vec::new()) };
    let between: Vec<_> = marks(text, previous.content.end..start).collect();
    let from = between.last().map_or(previous.content.end, |(_, last)| last.end);
    let mut splices = vec![(from..after, String::new())];
    if after == end {
        let comma = between.iter().find(|(mark, _)| *mark == Mark::Sign(b','));
        splices.extend(comma.map(|(_, comma)| (comma.clone(), String::new())));
    }
    Ok(splices)
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
