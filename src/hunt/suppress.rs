//! Comments that silence a finding: ours, and those of the tools people come from.

use super::lines::LineIndex;

/// Marks of other tools. Each silences every rule on its line.
const FOREIGN: [&str; 6] = [
    "gitleaks:allow",
    "betterleaks:allow",
    "kingfisher:ignore",
    "trufflehog:ignore",
    "pragma: allowlist secret",
    "pragma: whitelist secret",
];

/// Whether a comment on the line, or one that has the line above to itself, silences a rule.
#[must_use]
pub(super) fn is_silenced(rule: &str, line: &str, above: &str) -> bool {
    FOREIGN.iter().any(|mark| line.contains(mark))
        || above.contains("pragma: allowlist nextline secret")
        || ours(rule, line)
        || (is_comment(above) && (ours(rule, above) || above.contains("kingfisher:ignore")))
}

/// `ksecrets:ignore`, or `ksecrets:ignore[rule, rule]`.
fn ours(rule: &str, line: &str) -> bool {
    line.match_indices("ksecrets:ignore").any(|(at, mark)| {
        let rest = &line[at + mark.len()..];
        match rest.strip_prefix('[').and_then(|list| list.split_once(']')) {
            Some((list, _)) => list.split(',').any(|name| name.trim() == rule),
            None => !rest.starts_with(['[', '-']),
        }
    })
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    ["#", "//", "--", ";", "/*", "*", "<!--", "{{/*", "{{- /*", "%"].iter().any(|sign| line.starts_with(sign))
}

/// Whether the line of a byte, or a comment on the line above it, silences a rule.
pub(super) fn silences_line(lines: &LineIndex<'_>, at: usize, rule: &str) -> bool {
    let (line, above) = around(lines, at);
    is_silenced(rule, line, above)
}

/// Whether the line of a byte, or the one above it, could silence any rule: whoever has many to ask about asks this first.
pub(super) fn may_silence(lines: &LineIndex<'_>, at: usize) -> bool {
    let (line, above) = around(lines, at);
    [line, above].iter().any(|text| ["ignore", "allow", "whitelist"].iter().any(|word| text.contains(word)))
}

/// The line of a byte, and the line above.
fn around<'t>(lines: &LineIndex<'t>, at: usize) -> (&'t str, &'t str) {
    let line = lines.near(at);
    let above = lines.line(at).checked_sub(1).map_or(0..0, |above| lines.bytes_of(above));
    let above = lines.near(above.start).start..above.end.min(above.start + 400);
    (lines.slice(line), lines.slice(above))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks() {
        assert!(is_silenced("password", "p: x # ksecrets:ignore[password] test value", ""));
        assert!(is_silenced("password", "p: x # ksecrets:ignore", ""));
        assert!(is_silenced("password", "p: x", "  # ksecrets:ignore[token, password]"));
        assert!(is_silenced("password", "p: x  # gitleaks:allow", ""));
        assert!(is_silenced("password", "p: x", "# pragma: allowlist nextline secret"));
    }

    #[test]
    fn every_mark_has_a_word_that_may_silence() {
        for mark in FOREIGN.iter().chain(&["ksecrets:ignore[password]", "pragma: allowlist nextline secret"]) {
            for text in [format!("a: b # {mark}\nc: d\n"), format!("a: b\nc: d # {mark}\n")] {
                assert!(may_silence(&LineIndex::new(&text, (0, 0)), text.len() - 2), "{mark}");
            }
        }
        assert!(!may_silence(&LineIndex::new("a: b\nc: d\n", (0, 0)), 6));
    }

    #[test]
    fn what_silences_nothing() {
        assert!(!is_silenced("password", "p: x # ksecrets:ignore[token]", ""));
        assert!(!is_silenced("password", "p: x", "q: y # ksecrets:ignore"));
        assert!(!is_silenced("password", "p: x", ""));
    }
}
