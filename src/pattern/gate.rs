//! The keyword gate: one pass over a text that says which rules are worth running, and where.

use std::ops::Range;

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
    /// Its bytes.
    #[must_use]
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The same keyword at another place.
    #[must_use]
    pub const fn moved(self, start: usize) -> Self {
        Self { start: start as u32, end: start as u32 + (self.end - self.start), keyword: self.keyword }
    }
}

/// All keywords, ASCII case folded, overlapping: no rule loses its keyword to another's.
///
/// A text is passed over four bytes at a time by a small table that says whether a keyword may begin there, which is
/// twice as fast as an automaton over every byte; at one place in forty the keywords that begin so are compared.
#[derive(Debug)]
pub struct Gate {
    starts: Starts,
    words: Vec<Word>,
    topics: Vec<Vec<Topic>>,
}

impl Gate {
    /// Builds the table, which takes less than a millisecond for a thousand keywords. Keywords have two bytes or more;
    /// shorter ones are left out.
    #[must_use]
    pub fn new(keywords: impl IntoIterator<Item = (String, Topic)>) -> Self {
        let mut pairs: Vec<(String, Topic)> = keywords.into_iter().filter(|(keyword, _)| keyword.len() > 1).collect();
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
        let (starts, words) = Starts::new(&words);
        Self { starts, words, topics }
    }

    /// Every keyword in the text, ordered by where it starts and then by where it ends.
    pub fn hits(&self, text: &str, hits: &mut Vec<Hit>) {
        hits.clear();
        let text = text.as_bytes();
        self.starts.each(text, |slot, at| self.look(slot, text, at, hits));
    }

    /// The keywords that begin at a place.
    fn look(&self, slot: &Slot, text: &[u8], at: usize, hits: &mut Vec<Hit>) {
        let rest = &text[at..];
        let head = head_of(rest);
        for word in &self.words[slot.words.start as usize..slot.words.end as usize] {
            if word.begins(head)
                && rest.get(..word.bytes.len()).is_some_and(|own| own.eq_ignore_ascii_case(&word.bytes))
            {
                hits.push(Hit { start: at as u32, end: (at + word.bytes.len()) as u32, keyword: word.keyword });
            }
        }
    }

    /// Why a hit matters.
    #[must_use]
    pub fn topics(&self, hit: Hit) -> &[Topic] {
        &self.topics[hit.keyword as usize]
    }
}

/// A keyword, and its first bytes in the form in which a text is compared with them.
#[derive(Debug)]
struct Word {
    head: u64,
    mask: u64,
    bytes: Box<[u8]>,
    keyword: u32,
}

impl Word {
    fn new(keyword: usize, word: &str) -> Self {
        let used = word.len().min(8) as u32;
        let mask = u64::MAX >> (64 - 8 * used);
        Self { head: head_of(word.as_bytes()) & mask, mask, bytes: word.as_bytes().into(), keyword: keyword as u32 }
    }

    /// Whether a text with this head may be this keyword: one comparison refuses nearly all that are not.
    const fn begins(&self, head: u64) -> bool {
        head & self.mask == self.head
    }
}

/// Eight bytes, or as many as there are, folded by one bit: letters of both cases are one, and some other bytes too.
fn head_of(bytes: &[u8]) -> u64 {
    let head = bytes.first_chunk().copied().unwrap_or_else(|| {
        let mut head = [0; 8];
        head[..bytes.len()].copy_from_slice(bytes);
        head
    });
    u64::from_le_bytes(head) | 0x2020_2020_2020_2020
}

/// For three bytes in a row, which bytes may follow in a keyword: first by the fourth byte, in sixteen classes of one bit
/// each, and where that is not enough by the fourth to sixth, in sixty-four. Bytes are folded by one bit, so that letters
/// of both cases are one, and some other bytes too: a place too many costs a look.
#[derive(Debug)]
struct Starts {
    next: Box<[u16; Self::SLOTS]>,
    slots: Vec<Slot>,
}

/// What is known of three bytes in a row.
#[derive(Clone, Debug, Default)]
struct Slot {
    later: u64,
    /// The keywords that begin with them, shortest first.
    words: Range<u32>,
}

impl Starts {
    const SLOTS: usize = 1 << 14;

    /// The table, and the words in the order of its slots.
    fn new(keywords: &[String]) -> (Self, Vec<Word>) {
        let mut starts = Self { next: Box::new([0; Self::SLOTS]), slots: vec![Slot::default(); Self::SLOTS] };
        let mut order = Vec::with_capacity(keywords.len());
        for (keyword, word) in keywords.iter().enumerate() {
            for slot in starts.allow(word.as_bytes()) {
                order.push((slot, word.len(), keyword));
            }
        }
        order.sort_unstable();
        order.dedup();
        for (place, (slot, ..)) in order.iter().enumerate() {
            let words = &mut starts.slots[*slot].words;
            words.start = if words.end == 0 { place as u32 } else { words.start };
            words.end = place as u32 + 1;
        }
        (starts, order.iter().map(|(_, _, keyword)| Word::new(*keyword, &keywords[*keyword])).collect())
    }

    /// Lets a keyword begin, and gives back the slots in which it may.
    fn allow(&mut self, word: &[u8]) -> Vec<usize> {
        let mut slots = Vec::with_capacity(1);
        let mut open = |bytes: [u8; 4], next: Option<u16>, later: u64| {
            let (slot, bit) = Self::place(bytes);
            self.next[slot] |= next.unwrap_or(1 << bit);
            self.slots[slot].later |= later;
            slots.push(slot);
        };
        match *word {
            [a, b, c, d, e, f, ..] => open([a, b, c, d], None, 1 << Self::class([d, e, f])),
            [a, b, c, d, ..] => open([a, b, c, d], None, u64::MAX),
            [a, b, c] => open([a, b, c, 0], Some(u16::MAX), u64::MAX),
            [a, b] => (0..=u8::MAX).for_each(|c| open([a, b, c, 0], Some(u16::MAX), u64::MAX)),
            _ => {}
        }
        slots
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
    fn each(&self, text: &[u8], mut look: impl FnMut(&Slot, usize)) {
        for (at, window) in text.windows(4).enumerate() {
            let Some(bytes) = window.first_chunk() else { return };
            let (slot, bit) = Self::place(*bytes);
            if self.next[slot] >> bit & 1 == 1 {
                let slot = &self.slots[slot];
                if slot.goes_on(&text[at + 3..]) {
                    look(slot, at);
                }
            }
        }
        for at in text.len().saturating_sub(3)..text.len() {
            let mut bytes = [0; 4];
            bytes[..text.len() - at].copy_from_slice(&text[at..]);
            look(&self.slots[Self::place(bytes).0], at);
        }
    }
}

impl Slot {
    /// Whether three more bytes may follow, which a text's end does not forbid.
    fn goes_on(&self, text: &[u8]) -> bool {
        let class = text.first_chunk().map(|bytes| Starts::class(*bytes));
        class.is_none_or(|class| self.later >> class & 1 == 1)
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
