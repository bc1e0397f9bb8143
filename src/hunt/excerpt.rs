//! The line a finding points at, with every secret in it redacted.

use std::ops::Range;

use crate::model::Excerpt;

/// Characters of context kept on either side of a redacted value.
const CONTEXT: usize = 60;

/// A secret on a line: its bytes in the line, and the text that stands in for it.
pub(super) struct Masked<'r> {
    pub(super) range: Range<usize>,
    pub(super) shown: &'r str,
}

/// Builds the excerpt of a line. `masks` are all secrets on it, ordered and not overlapping; `primary` is the
/// position of the one the finding is about.
pub(super) fn excerpt(line: &str, masks: &[Masked<'_>], primary: usize) -> Excerpt {
    let mut text = String::new();
    let (mut start, mut length) = (0, 0);
    let mut at = 0;
    for (position, mask) in masks.iter().enumerate() {
        text.push_str(&clean(&line[at..mask.range.start.max(at)]));
        if position == primary {
            (start, length) = (text.chars().count(), mask.shown.chars().count());
        }
        text.push_str(&clean(mask.shown));
        at = mask.range.end.max(at);
    }
    text.push_str(&clean(&line[at.min(line.len())..]));
    cut(&text, start, length)
}

/// Control characters could move the cursor of whoever reads the report.
fn clean(part: &str) -> String {
    part.chars().map(|c| if c == '\t' { ' ' } else { c }).filter(|c| !c.is_control()).collect()
}

fn cut(text: &str, start: usize, length: usize) -> Excerpt {
    let indent = text.chars().take_while(|c| *c == ' ').count().min(start);
    let from = start.saturating_sub(CONTEXT).max(indent);
    let to = start + length + CONTEXT;
    let total = text.chars().count();
    let mut shown: String = text.chars().skip(from).take(to - from).collect();
    let mut start = start - from;
    if from > indent {
        shown.insert_str(0, "… ");
        start += 2;
    }
    if to < total {
        shown.push_str(" …");
    }
    Excerpt { text: shown.trim_end().to_owned(), start, length }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_secret_of_the_line_is_masked() {
        let line = "  url: postgres://a:hunter2@h?token=abcdefgh";
        let masks = [Masked { range: 20..27, shown: "h…" }, Masked { range: 36..44, shown: "ab…" }];
        let excerpt = excerpt(line, &masks, 1);
        assert_eq!(excerpt.text, "url: postgres://a:h…@h?token=ab…");
        assert_eq!((excerpt.start, excerpt.length), (29, 3));
    }

    #[test]
    fn long_lines_are_cut_around_the_value() {
        let line = format!("{}=secret{}", "a".repeat(200), "b".repeat(200));
        let masks = [Masked { range: 201..207, shown: "…" }];
        let excerpt = excerpt(&line, &masks, 0);
        assert!(excerpt.text.starts_with("… aaa") && excerpt.text.ends_with("bbb …"));
        assert_eq!(excerpt.text.chars().nth(excerpt.start), Some('…'));
    }
}
