//! The arguments of a call, in any language that writes them between parentheses and commas.

use std::ops::Range;

use super::assignment::string_at;

/// Longest part of a call that is looked at: what is further away is another statement more often than an argument.
const MAX_CALL: usize = 400;

/// How the arguments end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    /// At the bracket that closes the call.
    Bracket,
    /// At the end of the line: Ruby calls without parentheses.
    Line,
}

/// The arguments from `start`, right after the opening bracket, white space taken off. Commas in strings and in nested
/// brackets separate nothing. An argument that does not end within the bounds is left out.
#[must_use]
pub(super) fn arguments(bytes: &[u8], bounds: &Range<usize>, start: usize, ends: Ends) -> Vec<Range<usize>> {
    let limit = bounds.end.min(start + MAX_CALL);
    let mut found = Vec::new();
    let (mut depth, mut from, mut at) = (0_usize, start, start);
    while at < limit {
        match bytes[at] {
            b'"' | b'\'' | b'`' => match string_at(bytes, limit, at) {
                Some(string) => at = string.end + (string.start - at) - 1,
                None => return found,
            },
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth == 0 => {
                found.push(trimmed(bytes, from..at));
                return found;
            }
            b')' | b']' | b'}' => depth -= 1,
            b',' if depth == 0 => {
                found.push(trimmed(bytes, from..at));
                from = at + 1;
            }
            b'\n' if ends == Ends::Line && depth == 0 => break,
            _ => {}
        }
        at += 1;
    }
    let whole = at < limit || limit == bounds.end;
    if ends == Ends::Line && whole {
        found.push(trimmed(bytes, from..at.min(limit)));
    }
    found
}

fn trimmed(bytes: &[u8], range: Range<usize>) -> Range<usize> {
    let head = bytes[range.clone()].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let start = range.start + head;
    start..start + bytes[start..range.end].trim_ascii_end().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str, ends: Ends) -> Vec<&str> {
        arguments(text.as_bytes(), &(0..text.len()), 0, ends).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn commas_separate_at_the_outermost_level_only() {
        assert_eq!(split("a, f(b, c), [d, e])", Ends::Bracket), ["a", "f(b, c)", "[d, e]"]);
        assert_eq!(split("{ x: 1, y: 'a,b)' }, `c,${d}`, \"e\\\",f\") g", Ends::Bracket).len(), 3);
        assert_eq!(split("\n  a,\n  '''b, c'''\n)", Ends::Bracket), ["a", "'''b, c'''"]);
    }

    #[test]
    fn calls_that_never_end_give_what_is_whole() {
        assert_eq!(split("a, b", Ends::Bracket), ["a"]);
        assert_eq!(split("a, \"b\n)", Ends::Bracket), ["a"]);
        assert_eq!(split(&format!("a, {}", "é".repeat(1000)), Ends::Bracket), ["a"]);
    }

    #[test]
    fn without_parentheses_the_line_ends_them() {
        assert_eq!(split("'a', 'b'\nc, d", Ends::Line), ["'a'", "'b'"]);
        assert_eq!(split("'a', 'b'", Ends::Line), ["'a'", "'b'"]);
    }
}
