//! The keyword gate: one pass over a text that says which rules are worth running, and where.

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};

/// Why a keyword matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// The token rule with this index.
    Token(u16),
    /// The named rule with this index.
    Named(u16),
    /// A word that names a credential.
    Name,
    /// A command or option that takes a credential.
    Command,
    /// A field that a structural rule looks at: no credential, but a reason to read the document.
    Structure,
}

/// Where a keyword stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// First byte.
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
    keyword: u32,
}

impl Hit {
    /// Moves the hit, from a part of a text to its place in the whole.
    pub fn shift(&mut self, by: usize) {
        self.start += by as u32;
        self.end += by as u32;
    }
}

/// An explicit DFA over all keywords, ASCII case folded, overlapping: no rule loses its keyword to another's.
#[derive(Debug)]
pub struct Gate {
    automaton: AhoCorasick,
    topics: Vec<Vec<Topic>>,
}

impl Gate {
    /// Builds the automaton. About 4 ms for 700 keywords, which is why an empty folder never builds one.
    ///
    /// # Panics
    /// Never in practice: the automaton refuses only more than 2^31 states.
    #[must_use]
    pub fn new(keywords: impl IntoIterator<Item = (String, Topic)>) -> Self {
        let mut pairs: Vec<(String, Topic)> = keywords.into_iter().collect();
        for (keyword, _) in &mut pairs {
            keyword.make_ascii_lowercase();
        }
        pairs.sort();
        pairs.dedup();
        let mut words: Vec<String> = Vec::new();
        let mut topics: Vec<Vec<Topic>> = Vec::new();
        for (keyword, topic) in pairs {
            if words.last() != Some(&keyword) {
                words.push(keyword);
                topics.push(Vec::new());
            }
            if let Some(last) = topics.last_mut() {
                last.push(topic);
            }
        }
        let automaton = AhoCorasickBuilder::new()
            .kind(Some(AhoCorasickKind::DFA))
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(true)
            .build(&words);
        #[expect(clippy::expect_used, reason = "only an automaton of over 2^31 states is refused")]
        let automaton = automaton.expect("a few hundred keywords fit");
        Self { automaton, topics }
    }

    /// Every keyword in the text, ordered by where it starts.
    pub fn hits(&self, text: &str, hits: &mut Vec<Hit>) {
        hits.clear();
        hits.extend(self.automaton.find_overlapping_iter(text).map(|found| Hit {
            start: found.start() as u32,
            end: found.end() as u32,
            keyword: found.pattern().as_u32(),
        }));
        hits.sort_unstable();
    }

    /// Why a hit matters.
    #[must_use]
    pub fn topics(&self, hit: Hit) -> &[Topic] {
        &self.topics[hit.keyword as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_keywords_all_count() {
        let gate = Gate::new([
            ("pass".to_owned(), Topic::Name),
            ("sshpass".to_owned(), Topic::Command),
            ("PASS".to_owned(), Topic::Token(1)),
        ]);
        let mut hits = Vec::new();
        gate.hits("SSHPASS=x", &mut hits);
        let seen: Vec<_> = hits.iter().map(|&hit| (hit.start, gate.topics(hit).to_vec())).collect();
        assert_eq!(seen, [(0, vec![Topic::Command]), (3, vec![Topic::Token(1), Topic::Name])]);
    }
}
