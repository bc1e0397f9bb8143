//! Fitting text into columns.

use std::borrow::Cow;

/// Makes every character printable, one for one, so that neither a path nor a message can drive the reader's
/// terminal or break a line.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_unprintable) {
        Cow::Owned(text.chars().map(printable).collect())
    } else {
        Cow::Borrowed(text)
    }
}

fn printable(c: char) -> char {
    match c {
        '\t' | '\n' | '\r' | '\u{2028}' | '\u{2029}' => ' ',
        c if is_unprintable(c) => '\u{fffd}',
        c => c,
    }
}

/// Controls, line separators, and the marks that reorder text, which make a line read as what it is not.
fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Columns that `text` takes on a terminal: near enough to put a mark under a word.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(char_columns).sum()
}

const fn char_columns(c: char) -> usize {
    match c {
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

/// Breaks `text` between words into lines of at most `width` columns. A longer word (a path, a URL) stays whole,
/// because people copy it.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in visible(text).split_whitespace() {
        let length = columns(word);
        if used > 0 && used + 1 + length > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += length;
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// Takes characters out of the middle until `text` fits. More is kept of the end, which tells more of a field path.
pub(super) fn elide(text: &str, width: usize) -> Cow<'_, str> {
    let total = text.chars().count();
    if total <= width {
        return Cow::Borrowed(text);
    }
    let kept = width.saturating_sub(1);
    let head = kept / 3;
    let tail = kept - head;
    Cow::Owned(text.chars().take(head).chain(['…']).chain(text.chars().skip(total - tail)).collect())
}

/// A line cut to fit, and the part of it to underline, both in columns.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// The text.
    pub(super) text: String,
    /// Columns before the mark.
    pub(super) before: usize,
    /// Columns of the mark, at least one.
    pub(super) marked: usize,
}

/// Cuts `text` to `room` columns around the `length` characters from `start` on.
pub(super) fn cut(text: &str, start: usize, length: usize, room: usize) -> Cut {
    let chars: Vec<char> = visible(text).chars().collect();
    let start = start.min(chars.len());
    let end = start.saturating_add(length).min(chars.len());
    let (from, to) = window(chars.len(), start, end, room);
    let part = |range: &[char]| range.iter().collect::<String>();
    let end = end.min(to);
    let head = format!("{}{}", if from > 0 { "…" } else { "" }, part(&chars[from..start]));
    let mark = part(&chars[start..end]);
    let tail = format!("{}{}", part(&chars[end..to]), if to < chars.len() { "…" } else { "" });
    let text = format!("{head}{mark}{}", tail.trim_end());
    Cut { before: columns(&head), marked: columns(&mark).max(1), text }
}

/// The part of a line of `total` characters to show: all of it, or `room` less two ellipses around the mark.
fn window(total: usize, start: usize, end: usize, room: usize) -> (usize, usize) {
    if total <= room {
        return (0, total);
    }
    let inner = room.saturating_sub(2).max(1);
    let middle = start + (end - start).min(inner) / 2;
    let from = middle.saturating_sub(inner / 2).min(total - inner).min(start);
    (from, from + inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_not_driven_by_what_was_scanned() {
        assert_eq!(visible("a\u{1b}[31mb\nc\u{202e}d"), "a\u{fffd}[31mb c\u{fffd}d");
        assert!(matches!(visible("S3c… ünï"), Cow::Borrowed(_)));
    }

    #[test]
    fn words_are_wrapped_and_long_ones_stay_whole() {
        assert_eq!(wrap("one two  three\nfour", 9), ["one two", "three", "four"]);
        assert_eq!(
            wrap("see https://example.com/a/long/path now", 10),
            ["see", "https://example.com/a/long/path", "now"]
        );
        assert_eq!(wrap("  ", 10), Vec::<String>::new());
    }

    #[test]
    fn the_end_of_a_field_path_is_kept() {
        assert_eq!(elide("spec.containers[0].env[1].value", 20), "spec.c….env[1].value");
        assert_eq!(elide("short", 20), "short");
        assert_eq!(elide("anything", 0), "…");
    }

    #[test]
    fn a_long_line_is_cut_around_its_mark() {
        let line = format!("{}SECRET{}", "a".repeat(50), "b".repeat(50));
        let cut = cut(&line, 50, 6, 20);
        assert_eq!(cut.text, "…aaaaaaSECRETbbbbbb…");
        assert_eq!((cut.before, cut.marked), (7, 6));
    }

    #[test]
    fn cuts_never_panic_and_always_mark() {
        let line = "naïve 日本語 line";
        for start in 0..20 {
            for length in [0, 1, 5, usize::MAX] {
                for room in 0..25 {
                    assert!(cut(line, start, length, room).marked >= 1);
                }
            }
        }
        assert_eq!(cut("日本: x", 4, 1, 40), Cut { text: "日本: x".into(), before: 6, marked: 1 });
    }
}
