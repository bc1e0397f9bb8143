//! Finds, for a value that the parser made, where its words stand in the source.

use std::ops::Range;

/// Pairs of (offset in `value`, offset in `source`), one for each run of non-white-space, in order. `scalar` are the
/// bytes of its content: quotes and the header of a block left out.
/// Works for block, folded and multi-line plain scalars, whose words stand in the source unchanged;
/// none when a word does not (escapes), and then only the scalar as a whole has a place.
#[must_use]
pub fn align(value: &str, source: &str, scalar: Range<usize>) -> Option<Vec<(usize, usize)>> {
    let mut pairs = Vec::new();
    let mut cursor = scalar.start;
    let mut at = 0;
    while let Some(start) = value[at..].find(|c: char| !c.is_whitespace()).map(|found| at + found) {
        let end = value[start..].find(char::is_whitespace).map_or(value.len(), |found| start + found);
        let word = &value[start..end];
        cursor += source[cursor..scalar.end].find(|c: char| !c.is_whitespace())?;
        if !source[cursor..scalar.end].starts_with(word) {
            return None;
        }
        pairs.push((start, cursor));
        cursor += word.len();
        at = end;
    }
    Some(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_and_folded_words_are_found() {
        let source = "k: >-\n    one two\n    three\nrest: 1\n";
        let pairs = align("one two three", source, 10..source.find("rest").unwrap()).unwrap();
        let words: Vec<_> = pairs.iter().map(|&(_, at)| &source[at..at + 3]).collect();
        assert_eq!(words, ["one", "two", "thr"]);
    }

    #[test]
    fn escapes_have_no_words() {
        let source = r#"k: "a\tb""#;
        assert_eq!(align("a\tb", source, 4..source.len() - 1), None);
    }
}
