//! Here-documents: what a script writes into a file, as setups of machines do. In a shell, a Dockerfile and Terraform alike.
//! <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_07_04>

use std::collections::HashMap;
use std::ops::Range;

use crate::pattern::{Hit, Topic};

use super::checks::CHECKS;
use super::habitat::Habitat;
use super::layer::{Layer, Origin};
use super::scan::Scan;
use super::site::Context;

/// Longest word that ends one.
const LONGEST_WORD: usize = 64;

/// One here-document.
#[derive(Debug, PartialEq, Eq)]
struct Here {
    /// Its lines.
    body: Range<usize>,
    /// Whether tabs at the beginning of its lines are no part of it: `<<-`.
    is_tabbed: bool,
}

impl Scan<'_> {
    /// Reads the here-documents that hold what a check of strings is about. Gives back the hits outside of them, if there is
    /// any.
    pub(super) fn here_documents(&mut self, layer: &Layer<'_>, hits: &[Hit], ctx: &Context<'_>) -> Option<Vec<Hit>> {
        let is_wanted = |hit: &Hit| {
            let about =
                |topic: &Topic| matches!(topic, Topic::Check(index) if CHECKS[usize::from(*index)].in_strings());
            self.gate.topics(*hit).iter().any(about)
        };
        let wanted: Vec<usize> = hits.iter().filter(|hit| is_wanted(hit)).map(|hit| hit.start as usize).collect();
        if wanted.is_empty() || matches!(ctx.habitat, Habitat::Prose | Habitat::Generated) {
            return None;
        }
        let mut documents = here_documents(layer.text);
        documents.retain(|here| {
            let place = wanted.partition_point(|at| *at < here.body.start);
            wanted.get(place).is_some_and(|at| *at < here.body.end)
        });
        if documents.is_empty() {
            return None;
        }
        let ctx = &ctx.judged_as(Habitat::Config);
        for here in &documents {
            let body = &layer.text[here.body.clone()];
            if here.is_tabbed && body.contains('\t') {
                let (text, runs) = without_tabs(body, here.body.start);
                self.embedded(&layer.inner(&text, Origin::Runs(runs), None), ctx);
            } else {
                self.embedded(&layer.inner(body, Origin::Part(here.body.start), None), ctx);
            }
        }
        let is_outside = |hit: &&Hit| {
            let place = documents.partition_point(|here| here.body.end <= hit.start as usize);
            documents.get(place).is_none_or(|here| (hit.start as usize) < here.body.start)
        };
        Some(hits.iter().filter(is_outside).copied().collect())
    }
}

/// The here-documents of a text. One that never ends is none: `1 << BITS` is not.
fn here_documents(text: &str) -> Vec<Here> {
    let mut lines: Vec<(usize, &str)> = Vec::new();
    // The lines that are one word: those where it is all of the line, and all.
    let mut ends: HashMap<&str, [Vec<usize>; 2]> = HashMap::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let word = line.trim();
        if is_word(word) {
            let [own, all] = ends.entry(word).or_default();
            all.push(lines.len());
            if line.trim_end() == word {
                own.push(lines.len());
            }
        }
        lines.push((at, line));
        at += line.len();
    }
    let (mut found, mut number) = (Vec::new(), 0);
    while number < lines.len() {
        let line = lines[number].1;
        number += 1;
        for (word, is_tabbed) in openings(line) {
            // Only those with a dash may have their end indented.
            let places = ends.get(word).map_or(&[][..], |[own, all]| if is_tabbed { all } else { own });
            let Some(&end) = places.get(places.partition_point(|place| *place < number)) else { continue };
            found.push(Here { body: lines[number.min(end)].0..lines[end].0, is_tabbed });
            number = end + 1;
        }
    }
    found
}

/// The words with which the here-documents of a line end, and whether they may be indented.
fn openings(line: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut rest = line;
    std::iter::from_fn(move || {
        loop {
            let (before, after) = rest.split_once("<<")?;
            rest = after;
            if before.ends_with('<') || after.starts_with('<') {
                rest = after.trim_start_matches('<');
                continue;
            }
            let dashed = after.strip_prefix(['-', '~']);
            let word = dashed.unwrap_or(after).trim_start_matches([' ', '\t']).trim_start_matches(['\'', '"', '\\']);
            let end = word.find(|c: char| !is_word_char(c)).unwrap_or(word.len());
            if is_word(&word[..end]) {
                return Some((&word[..end], dashed.is_some()));
            }
        }
    })
}

fn is_word(word: &str) -> bool {
    let begins = word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    begins && word.len() <= LONGEST_WORD && word.chars().all(is_word_char)
}

fn is_word_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// The text without the tabs that a shell takes from its lines, and where each line stands.
fn without_tabs(body: &str, mut at: usize) -> (String, Vec<(usize, usize)>) {
    let (mut text, mut runs) = (String::with_capacity(body.len()), Vec::new());
    for line in body.split_inclusive('\n') {
        let own = line.trim_start_matches('\t');
        runs.push((text.len(), at + line.len() - own.len()));
        text.push_str(own);
        at += line.len();
    }
    (text, runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies(text: &str) -> Vec<&str> {
        here_documents(text).into_iter().map(|here| &text[here.body]).collect()
    }

    #[test]
    fn a_document_ends_with_its_word() {
        assert_eq!(bodies("cat <<EOF >a\na\nEOF \nb\n"), ["a\n"]);
        assert_eq!(bodies("cat <<'E-1' | tee a\na\n E-1\nE-1\n"), ["a\n E-1\n"]);
        assert_eq!(bodies("user_data = <<-EOT\n  a\n  EOT\n"), ["  a\n"]);
        assert_eq!(bodies("x <<A <<B\na\nA\nb\nB\ny <<C\nC\n"), ["a\n", "b\n", ""]);
        assert_eq!(bodies("cat <<< EOF\na\nEOF\n"), [""; 0]);
        assert_eq!(bodies("let x = 1 << BITS;\ncat << EOF\na\nEOF"), ["a\n"]);
        assert_eq!(bodies("cat <<EOF\na\n"), [""; 0]);
        assert_eq!(bodies("cat <<EOF\r\na\r\nEOF\r\n"), ["a\r\n"]);
    }

    #[test]
    fn many_that_never_end_take_no_time() {
        let text = "out << value << end;\n".repeat(100_000);
        let begin = std::time::Instant::now();
        assert!(bodies(&text).is_empty());
        assert!(begin.elapsed().as_secs() < 5);
        let text = "out << value;\n value\n".repeat(20_000);
        assert!(bodies(&text).is_empty());
        assert!(begin.elapsed().as_secs() < 5);
    }
}
