//! Names and values that stand apart: `- name: X` over `value: y` in text that is no YAML any more, the default of a
//! Terraform variable, what a name is compared with.

use std::ops::Range;

use super::assignment::name_around;
use super::value::mixes_classes;

/// A name and a literal that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    /// Bytes of the name.
    pub name: Range<usize>,
    /// Bytes of the literal, without quotes.
    pub value: Range<usize>,
}

/// Longest block that a variable's default is looked for in.
const MAX_BLOCK: usize = 800;

/// For a byte of a line inside the value of `name:` or `name =`: the `value:` on the line below or above.
#[must_use]
pub(super) fn value_beside(text: &str, bounds: &Range<usize>, line: &Range<usize>, at: usize) -> Option<Pair> {
    let (key, value) = key_and_value(text, line)?;
    if !matches!(key, "name" | "key") || !value.contains(&at) {
        return None;
    }
    let below = (line.end < bounds.end).then(|| line_of(text, bounds, line.end + 1));
    let above = line.start.checked_sub(1).filter(|end| *end > bounds.start).map(|end| line_of(text, bounds, end));
    [below, above].into_iter().flatten().find_map(|neighbour| match key_and_value(text, &neighbour)? {
        ("value", found) if !found.is_empty() => Some(Pair { name: value.clone(), value: found }),
        _ => None,
    })
}

/// `key: value` or `key = value` of a line, list signs and quotes taken off, where the key is one of a pair's.
fn key_and_value<'t>(text: &'t str, line: &Range<usize>) -> Option<(&'t str, Range<usize>)> {
    let content = &text[line.clone()];
    let sign = memchr::memchr2(b':', b'=', content.as_bytes())?;
    let key = content[..sign].trim_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '"' | '\'' | '{' | '#'));
    if !matches!(key, "name" | "key" | "value") {
        return None;
    }
    let rest = &content[sign + 1..];
    let value = rest.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '}'));
    let start = line.start + sign + 1 + (value.as_ptr() as usize - rest.as_ptr() as usize);
    Some((key, start..start + value.len()))
}

/// The line of a byte; of very long lines, only what lies near.
pub(super) fn line_of(text: &str, bounds: &Range<usize>, at: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    let floor = bounds.start.max(at.saturating_sub(1024));
    let start = memchr::memrchr(b'\n', &bytes[floor..at]).map_or(floor, |found| floor + found + 1);
    let limit = bounds.end.min(at + 1024);
    let end = memchr::memchr(b'\n', &bytes[at..limit]).map_or(limit, |found| at + found);
    let end = if end > start && bytes[end - 1] == b'\r' { end - 1 } else { end };
    on_boundary(text, start)..on_boundary(text, end.max(start))
}

fn on_boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// For the line of a Terraform `variable "name" {`: the string literals of its default.
#[must_use]
pub(super) fn variable_defaults(text: &str, bounds: &Range<usize>, line: &Range<usize>) -> Vec<Pair> {
    let Some(name) = text[line.clone()].trim_start().strip_prefix("variable").and_then(|rest| rest.split('"').nth(1))
    else {
        return Vec::new();
    };
    let start = name.as_ptr() as usize - text.as_ptr() as usize;
    let name = start..start + name.len();
    let limit = on_boundary(text, bounds.end.min(line.end + MAX_BLOCK));
    let block = &text[line.end..limit];
    let block = &block[..block.find("\n}").unwrap_or(block.len())];
    let Some(default) = block.find("default") else { return Vec::new() };
    let base = line.end + default;
    let value = &block[default..];
    let end = if value[..value.find('\n').unwrap_or(value.len())].contains('{') {
        value.find("\n  }").unwrap_or(value.len())
    } else {
        value.find('\n').unwrap_or(value.len())
    };
    strings(&value[..end])
        .map(|range| Pair { name: name.clone(), value: base + range.start..base + range.end })
        .collect()
}

/// Most rows of a table that are read.
const MAX_ROWS: usize = 512;

/// For a byte in the head of a table of separated values (RFC 4180): the cells below its name, down to the first line
/// that has not as many of them. The head is the first line of its text, and of names alone.
#[must_use]
pub(super) fn cells_below(text: &str, bounds: &Range<usize>, line: &Range<usize>, at: usize) -> Vec<Pair> {
    let head = if line.start == bounds.start { &text[line.clone()] } else { "" };
    let sign = memchr::memchr3(b',', b';', b'\t', head.as_bytes());
    let Some(sign) = sign.map(|at| char::from(head.as_bytes()[at])) else { return Vec::new() };
    let columns: Vec<Range<usize>> = cells(head, sign).collect();
    let named = |cell: &Range<usize>| {
        let name = &head[cell.clone()];
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_- ".contains(&byte))
    };
    let column = columns.iter().position(|cell| cell.contains(&(at - line.start)));
    let Some(column) = column.filter(|_| columns.iter().all(named)) else { return Vec::new() };
    let name = line.start + columns[column].start..line.start + columns[column].end;
    let mut start = line.end;
    let rows = text[line.end..bounds.end].split_inclusive('\n').map(|row| {
        start += row.len();
        (start - row.len(), row.trim_end_matches(['\r', '\n']))
    });
    let rows = rows.skip_while(|(_, row)| row.is_empty()).take(MAX_ROWS);
    rows.map_while(|(start, row)| {
        let cells: Vec<Range<usize>> = cells(row, sign).collect();
        let cell = cells.get(column).filter(|_| cells.len() == columns.len())?;
        Some(Pair { name: name.clone(), value: start + cell.start..start + cell.end })
    })
    .collect()
}

/// The cells of a line, without quotes and the spaces around them.
fn cells(line: &str, sign: char) -> impl Iterator<Item = Range<usize>> {
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let start = next?;
        let rest = &line[start..];
        let blanks = rest.len() - rest.trim_start_matches(' ').len();
        let quoted = rest[blanks..].starts_with('"').then(|| rest[blanks + 1..].find('"')).flatten();
        let close = quoted.map_or(0, |length| blanks + length + 2);
        let end = rest[close..].find(sign).map(|found| close + found);
        next = end.map(|end| start + end + sign.len_utf8());
        Some(match quoted {
            Some(length) => start + blanks + 1..start + blanks + 1 + length,
            None => start + blanks..start + rest[..end.unwrap_or(rest.len())].trim_end().len().max(blanks),
        })
    })
}

/// What a sentence says that a name is: `the admin password is Xk2vq9Lm.`. Only a word that people do not write counts.
#[must_use]
pub(super) fn said(text: &str, line: &Range<usize>, name: &Range<usize>) -> Option<Pair> {
    const VERBS: [&str; 4] = ["is: ", "is ", "was ", "= "];
    let rest = text.get(name.end..line.end)?.trim_start_matches(['*', '`', '_', '"', '\'']).strip_prefix(' ')?;
    let rest = VERBS.iter().find_map(|verb| rest.strip_prefix(verb))?;
    let rest = rest.trim_start_matches(['*', '`', '"', '\'']);
    let word = rest.split_whitespace().next()?.trim_end_matches(['*', '`', '"', '\'', '.', ',', ';', ')']);
    let start = word.as_ptr() as usize - text.as_ptr() as usize;
    (word.len() >= 8 && mixes_classes(word)).then(|| Pair { name: name.clone(), value: start..start + word.len() })
}

/// Signs and calls between a name and the literal it is compared with; and, with the literal first, between that and
/// the name.
const COMPARISONS: [&str; 6] = ["===", "!==", "==", "!=", ".equals(", ".equalsIgnoreCase("];
/// Calls that compare their two arguments.
const COMPARERS: [&str; 6] =
    ["strcmp(", "compare_digest(", "hash_equals(", "secure_compare(", "Objects.equals(", "isEqual("];

/// For a byte of a line inside a name that is compared with a literal: `token == "literal"`, `"literal".equals(password)`,
/// `strcmp(password, "literal")`.
#[must_use]
pub(super) fn compared(text: &str, bounds: &Range<usize>, line: &Range<usize>, at: usize) -> Option<Pair> {
    let name = name_around(text.as_bytes(), bounds, at)?;
    if name.start < line.start || name.end > line.end || text[line.clone()].trim_start().starts_with("assert") {
        return None;
    }
    let before = &text[line.start..name.start];
    let after = &text[name.end..line.end];
    let value = literal_compared_after(before, after)
        .map(|value| name.end + value.start..name.end + value.end)
        .or_else(|| literal_compared_before(before).map(|value| line.start + value.start..line.start + value.end))?;
    Some(Pair { name, value })
}

fn literal_compared_after(before: &str, after: &str) -> Option<Range<usize>> {
    let rest = after.trim_start_matches(['"', '\'', ')', ']', ' ']);
    let opened = COMPARERS.iter().any(|call| before.trim_end_matches(['$', '&']).ends_with(call));
    let sign = COMPARISONS.iter().find(|sign| rest.starts_with(**sign)).map(|sign| sign.len());
    let sign = sign.or_else(|| (opened && rest.starts_with(',')).then_some(1))?;
    let from = after.len() - rest.len() + sign;
    let blanks = after[from..].len() - after[from..].trim_start().len();
    let literal = strings(&after[from + blanks..]).next().filter(|literal| literal.start == 1)?;
    Some(from + blanks + literal.start..from + blanks + literal.end)
}

fn literal_compared_before(before: &str) -> Option<Range<usize>> {
    let head = before.trim_end_matches(['$', '&', ' ']);
    let compared = COMPARISONS.iter().find_map(|sign| head.strip_suffix(sign)).or_else(|| {
        let head = head.strip_suffix(',')?;
        COMPARERS.iter().any(|call| head.contains(call)).then_some(head)
    })?;
    let end = compared.trim_end().strip_suffix(['"', '\''])?.len();
    let start = before[..end].rfind(char::from(before.as_bytes()[end]))? + 1;
    (start < end).then_some(start..end)
}

/// The string literals of a line, without their quotes.
fn strings(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(['"', '\''])? + 1;
        let quote = char::from(text.as_bytes()[start - 1]);
        let end = start + text[start..].find(quote)?;
        at = end + 1;
        Some(start..end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beside(text: &str, at: usize) -> Option<Pair> {
        let whole = 0..text.len();
        value_beside(text, &whole, &line_of(text, &whole, at), at)
    }

    fn compared_in(line: &str) -> Option<Pair> {
        let whole = 0..line.len();
        compared(line, &whole, &whole, line.find("token")?)
    }

    #[test]
    fn values_on_the_next_line() {
        for text in [
            "- name: DB_PASSWORD\n  value: \"s3cret\"\n",
            "  set {\n    name  = \"auth.password\"\n    value = \"s3cret\"\n",
            "value: s3cret\nname: PASSWORD\n",
        ] {
            let at = text.to_ascii_lowercase().find("password").unwrap();
            let pair = beside(text, at).unwrap();
            assert_eq!(&text[pair.value], "s3cret", "{text}");
        }
        assert_eq!(beside("- name: PASSWORD\n  valueFrom: x\n", 9), None);
    }

    #[test]
    fn defaults_of_variables() {
        let text = "variable \"db_password\" {\n  type = string\n  default = \"s3cret\"\n}\nx = \"y\"\n";
        let whole = 0..text.len();
        let found = variable_defaults(text, &whole, &line_of(text, &whole, 11));
        assert_eq!(found.iter().map(|pair| &text[pair.value.clone()]).collect::<Vec<_>>(), ["s3cret"]);
    }

    #[test]
    fn comparisons_with_literals() {
        for line in [
            "if token == \"s3cret\":",
            "if ($_POST['token'] !== 's3cret') {",
            "if (\"s3cret\".equals(token)) {",
            "if (\"s3cret\" == token)",
            "req.getParameter(\"token\").equals(\"s3cret\")",
            "if (strcmp(token, \"s3cret\") == 0)",
            "hash_equals('s3cret', $token)",
        ] {
            let pair = compared_in(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(&line[pair.value], "s3cret", "{line}");
        }
        for line in ["assert token == \"s3cret\"", "if token == other:", "log(\"s3cret\", token)", "if x == token:"] {
            assert_eq!(compared_in(line), None, "{line}");
        }
    }
}
