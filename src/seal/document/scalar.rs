//! A string as a YAML scalar.

use std::fmt::Write as _;

/// Longest text that is written as a key without a question mark (YAML 1.2.2, 7.4.2).
pub(super) const MAX_KEY: usize = 1000;

/// Which quotes a text gets when it needs some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quotes {
    Double,
    Single,
}

/// A string as a YAML scalar of one line: plain where every reader takes that for this very string, else quoted.
#[must_use]
pub fn scalar(text: &str) -> String {
    inline(text, false)
}

/// As [`scalar`], also for a place between brackets.
pub(super) fn inline(text: &str, flow: bool) -> String {
    if is_plain(text) && !(flow && text.contains([',', '[', ']', '{', '}', ':'])) {
        return text.to_owned();
    }
    let single = text.contains(['"', '\\']) && !text.contains('\'');
    quoted(text, if single { Quotes::Single } else { Quotes::Double })
}

/// A string in quotes: in those wanted, if they can hold it.
pub(super) fn quoted(text: &str, quotes: Quotes) -> String {
    if quotes == Quotes::Single && text.chars().all(is_printable) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_printable(c) => out.push(c),
            // What is not printable lies in the first plane. JSON has this escape too, the longer one it has not.
            c => _ = write!(out, "\\u{:04X}", u32::from(c)),
        }
    }
    out.push('"');
    out
}

/// A text of several lines as a literal block: its header and its lines, not indented. None where readers differ, and
/// where trailing line breaks would have to be kept, as blank lines after the block would then count.
pub(super) fn literal(text: &str) -> Option<(&'static str, Vec<String>)> {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let clean =
        |line: &str| line.chars().all(|c| is_printable(c) || c == '\t') && (line.is_empty() || !line.trim().is_empty());
    let fits = text.contains('\n') && !body.starts_with([' ', '\t', '\n']) && !body.is_empty() && !body.ends_with('\n');
    (fits && body.split('\n').all(clean))
        .then(|| (if body.len() == text.len() { "|-" } else { "|" }, body.split('\n').map(str::to_owned).collect()))
}

/// Whether every reader, of YAML 1.1 or 1.2, takes it for this very string without quotes.
pub(super) fn is_plain(text: &str) -> bool {
    let starts = |c: char| c.is_alphanumeric() || matches!(c, '/' | '_' | '$' | '.' | '(' | '+' | '\\' | '^');
    text.starts_with(starts)
        && !text.ends_with([' ', ':'])
        && text.chars().all(is_printable)
        && !text.contains(": ")
        && !text.contains(" #")
        && !is_other_type(text)
}

/// Whether it is, or looks like, a number, a date, a truth value or nothing, in any version of YAML.
fn is_other_type(text: &str) -> bool {
    const WORDS: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    // Digits of all bases, exponents, infinities, times: too much is quoted rather than too little.
    let numeric = |byte: u8| byte.is_ascii_hexdigit() || b"xXoO_.:+-tTzZnNiI ".contains(&byte);
    WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
        || text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '+')) && text.bytes().all(numeric)
}

/// Printable on one line (YAML 1.2.2, 5.1), what readers take for line breaks and byte order marks left out.
fn is_printable(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}
