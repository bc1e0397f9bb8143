//! Lines of a text, and what stands between its nodes.

use std::ops::Range;

/// Where the line of a byte begins, a byte order mark left out.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    match text[..at].rfind('\n') {
        Some(end) => end + 1,
        None if text.starts_with('\u{feff}') => '\u{feff}'.len_utf8().min(at),
        None => 0,
    }
}

/// Where the line of a byte ends, its line break left out.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
    if end > at && text[..end].ends_with('\r') { end - 1 } else { end }
}

/// Where the line after that of a byte begins; the end of the text when there is none.
pub(super) fn next_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| at + end + 1)
}

/// Bytes before a place on its line. What stands there is indentation, dashes and the like.
pub(super) fn column(text: &str, at: usize) -> usize {
    at - line_start(text, at)
}

/// The number of a byte's line, counted from 1.
pub(super) fn line_number(text: &str, at: usize) -> usize {
    memchr::memchr_iter(b'\n', &text.as_bytes()[..at.min(text.len())]).count() + 1
}

/// White space that a line begins with.
pub(super) fn indent_of(text: &str, at: usize) -> &str {
    let line = &text[line_start(text, at)..];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// Whether there is nothing but white space before a place on its line.
pub(super) fn is_first(text: &str, at: usize) -> bool {
    text[line_start(text, at)..at].trim().is_empty()
}

/// What stands between nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// From its `#` to the line's end.
    Comment,
    /// An anchor or a tag.
    Property,
    /// Anything else: `:`, `-`, `,`, brackets, the header of a block scalar.
    Sign(u8),
}

/// The marks in a range between nodes, white space left out. Block headers come as one sign, others byte by byte.
pub(super) fn marks(text: &str, range: Range<usize>) -> impl Iterator<Item = (Mark, Range<usize>)> {
    let mut at = range.start;
    std::iter::from_fn(move || {
        let rest = text.get(at..range.end)?;
        let start = at + (rest.len() - rest.trim_start().len());
        let byte = *text.as_bytes().get(start).filter(|_| start < range.end)?;
        let word = || {
            let word = &text[start..range.end];
            start + word.find([' ', '\t', '\r', '\n']).unwrap_or(word.len())
        };
        let (mark, end) = match byte {
            b'#' => (Mark::Comment, line_end(text, start).min(range.end)),
            b'!' | b'&' => (Mark::Property, word()),
            b'|' | b'>' => (Mark::Sign(byte), word()),
            _ => (Mark::Sign(byte), start + text[start..].chars().next().map_or(1, char::len_utf8)),
        };
        at = end;
        Some((mark, start..end))
    })
}

/// A comment with the white space before it.
pub(super) fn with_space(text: &str, comment: Range<usize>) -> Range<usize> {
    text[..comment.start].trim_end_matches([' ', '\t']).len()..comment.end
}

/// Behind the own-line comments, of at least this indentation, that follow the line which ends here.
pub(super) fn past_comments(text: &str, end: usize, limit: usize, indent: usize) -> usize {
    let mut end = end;
    loop {
        let next = next_line(text, end);
        let line_end = line_end(text, next.min(text.len()));
        let is_comment = || indent_of(text, next).len() >= indent && text[next..line_end].trim_start().starts_with('#');
        if next >= limit || !is_comment() {
            return end;
        }
        end = line_end;
    }
}

/// The same, with blank lines between the comments.
pub(super) fn past_own_comments(text: &str, end: usize, limit: usize, indent: usize) -> usize {
    let mut end = end;
    loop {
        let further = past_comments(text, past_blanks(text, end, limit), limit, indent);
        if further == past_blanks(text, end, limit) {
            return end;
        }
        end = further;
    }
}

/// Behind the blank lines that follow the line which ends here.
pub(super) fn past_blanks(text: &str, end: usize, limit: usize) -> usize {
    let mut end = end;
    loop {
        let next = next_line(text, end);
        if next >= limit || !text[next..line_end(text, next)].trim().is_empty() {
            return end;
        }
        end = line_end(text, next);
    }
}
