//! The keyword gate: one pass over a text that says which rules are worth running, and where.

use aho_corasick::automaton::Automaton;
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, MatchKind};

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
    /// The call with this index, of those that take a credential by position.
    Call(u16),
    /// A word of a structure that carries secrets: no credential, but a reason to read the document.
    Structure,
    /// The kind of a schema, whose fields are named after credentials and hold none.
    Schema,
    /// A field that the structural rule with this index looks at.
    Check(u8),
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

/// All keywords, ASCII case folded, overlapping: no rule loses its keyword to another's.
///
/// A text is passed over four bytes at a time by a small table that says whether a keyword may begin there, which is
/// twice as fast as an automaton over every byte; at one place in thirty the automaton looks.
#[derive(Debug)]
pub struct Gate {
    starts: Starts,
    automaton: NFA,
    topics: Vec<Vec<Topic>>,
}

impl Gate {
    /// Builds the table and the automaton, which takes a few milliseconds for a thousand keywords.
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
        let automaton =
            NFA::builder().match_kind(MatchKind::Standard).ascii_case_insensitive(true).prefilter(false).build(&words);
        #[expect(clippy::expect_used, reason = "only an automaton of over 2^31 states is refused")]
        let automaton = automaton.expect("a few hundred keywords fit");
        Self { starts: Starts::new(&words), automaton, topics }
    }

    /// Every keyword in the text, ordered by where it starts.
    pub fn hits(&self, text: &str, hits: &mut Vec<Hit>) {
        hits.clear();
        self.starts.each(text.as_bytes(), |at| self.look(text.as_bytes(), at, hits));
    }

    /// The keywords that begin at a place.
    fn look(&self, text: &[u8], at: usize, hits: &mut Vec<Hit>) {
        let Ok(mut state) = self.automaton.start_state(Anchored::Yes) else { return };
        for (place, &byte) in text.iter().enumerate().skip(at) {
            state = self.automaton.next_state(Anchored::Yes, state, byte);
            if !self.automaton.is_special(state) {
                continue;
            }
            if self.automaton.is_dead(state) {
                return;
            }
            for index in 0..if self.automaton.is_match(state) { self.automaton.match_len(state) } else { 0 } {
                let keyword = self.automaton.match_pattern(state, index);
                // Keywords that end here and began later have a place of their own.
                if self.automaton.pattern_len(keyword) == place + 1 - at {
                    hits.push(Hit { start: at as u32, end: place as u32 + 1, keyword: keyword.as_u32() });
                }
            }
        }
    }

    /// Why a hit matters.
    #[must_use]
    pub fn topics(&self, hit: Hit) -> &[Topic] {
        &self.topics[hit.keyword as usize]
    }
}

/// For three bytes in a row, which bytes may follow in a keyword: first by the fourth byte, in sixteen classes of one bit
/// each, and where that is not enough by the fourth to sixth, in sixty-four. Bytes are folded by one bit, so that letters
/// of both cases are one, and some other bytes too: a place too many costs a look.
#[derive(Debug)]
struct Starts {
    next: Box<[u16; Self::SLOTS]>,
    later: Vec<u64>,
}

impl Starts {
    const SLOTS: usize = 1 << 14;

    fn new(words: &[String]) -> Self {
        let mut starts = Self { next: Box::new([0; Self::SLOTS]), later: vec![0; Self::SLOTS] };
        for word in words {
            match *word.as_bytes() {
                [a, b, c, d, e, f, ..] => starts.allow([a, b, c, d], false, 1 << Self::class([d, e, f])),
                [a, b, c, d, ..] => starts.allow([a, b, c, d], false, u64::MAX),
                [a, b, c] => starts.allow([a, b, c, 0], true, u64::MAX),
                [a, b] => (0..=u8::MAX).for_each(|c| starts.allow([a, b, c, 0], true, u64::MAX)),
                _ => return Self { next: Box::new([u16::MAX; Self::SLOTS]), later: vec![u64::MAX; Self::SLOTS] },
            }
        }
        starts
    }

    /// Lets a keyword begin with these bytes, whatever the fourth if it has no more than three.
    fn allow(&mut self, bytes: [u8; 4], whatever: bool, later: u64) {
        let (slot, bit) = Self::place(bytes);
        self.next[slot] |= if whatever { u16::MAX } else { 1 << bit };
        self.later[slot] |= later;
    }

    fn class([d, e, f]: [u8; 3]) -> u32 {
        (u32::from_le_bytes([0, d, e, f]) | 0x2020_2000).wrapping_mul(0x9E37_79B1) >> 26
    }

    fn place(bytes: [u8; 4]) -> (usize, u32) {
        let word = u32::from_le_bytes(bytes) | 0x2020_2020;
        let slot = (word << 8).wrapping_mul(0x9E37_79B1) >> 18;
        (slot as usize % Self::SLOTS, (word >> 24) & 15)
    }

    /// Calls for each place where a keyword may begin.
    fn each(&self, text: &[u8], mut look: impl FnMut(usize)) {
        for (at, window) in text.windows(4).enumerate() {
            let Some(bytes) = window.first_chunk() else { return };
            let (slot, bit) = Self::place(*bytes);
            if self.next[slot] >> bit & 1 == 1 && self.goes_on(slot, text, at + 3) {
                look(at);
            }
        }
        (text.len().saturating_sub(3)..text.len()).for_each(look);
    }

    /// Whether three more bytes may follow, which a text's end does not forbid.
    fn goes_on(&self, slot: usize, text: &[u8], at: usize) -> bool {
        let more = text[at..].first_chunk().map(|bytes| Self::class(*bytes));
        more.is_none_or(|class| self.later[slot] >> class & 1 == 1)
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

    #[test]
    fn keywords_are_found_wherever_they_stand() {
        let words = ["pw", "://", "pass", "token", "secret", "service-key", "serviceaccount"];
        let gate = Gate::new(words.map(|word| (word.to_owned(), Topic::Name)));
        for word in words {
            for (before, after) in [("", ""), ("x", ""), ("", "y"), ("se", "rv"), ("passw", "ice")] {
                let text = format!("{before}{}{after}", word.to_uppercase());
                let mut hits = Vec::new();
                gate.hits(&text, &mut hits);
                let range = before.len() as u32..(before.len() + word.len()) as u32;
                assert!(hits.iter().any(|hit| hit.start == range.start && hit.end == range.end), "{word} in {text}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn the_gate_sees_what_a_plain_search_sees(
            words in proptest::collection::vec("[abAB:/_]{2,8}", 1..12),
            text in "[abAB:/_ é]{0,64}",
        ) {
            let gate = Gate::new(words.iter().map(|word| (word.clone(), Topic::Name)));
            let mut hits = Vec::new();
            gate.hits(&text, &mut hits);
            let mut seen: Vec<_> = hits.iter().map(|hit| (hit.start, hit.end)).collect();
            let mut expected = Vec::new();
            for word in words.iter().map(String::as_bytes) {
                let places = text.as_bytes().windows(word.len()).enumerate();
                let places = places.filter(|(_, window)| window.eq_ignore_ascii_case(word));
                expected.extend(places.map(|(at, _)| (at as u32, (at + word.len()) as u32)));
            }
            proptest::prop_assert!(seen.is_sorted_by_key(|(start, _)| *start));
            seen.sort_unstable();
            expected.sort_unstable();
            expected.dedup();
            proptest::prop_assert_eq!(seen, expected);
        }
    }

    #[test]
    fn short_keywords_count_up_to_the_last_byte() {
        let gate = Gate::new(["pw", "://", "pat", "key:"].map(|word| (word.to_owned(), Topic::Name)));
        let seen = |text: &str| {
            let mut hits = Vec::new();
            gate.hits(text, &mut hits);
            hits.iter()
                .map(|hit| hit.start as usize..hit.end as usize)
                .map(|at| text[at].to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(seen("a://PW pat key:"), ["://", "PW", "pat", "key:"]);
        assert_eq!(seen("é pat"), ["pat"]);
        assert_eq!(seen("pw"), ["pw"]);
        assert_eq!(seen(""), [""; 0]);
    }
}
