//! The bytes that every match of a regex begins with, as far as they can be told without running it.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Bytes that are looked at: telling enough for any token.
const LONGEST: usize = 32;

/// For each of the first bytes of a match, which it may be. Nearly every keyword that is met begins no token, and this
/// tells so for a fraction of what a regex costs, which then need not even be compiled.
#[derive(Debug, Default)]
pub(super) struct Prefix(Vec<Bytes>);

/// A set of bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Bytes([u64; 4]);

impl Bytes {
    fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    fn contains(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1
    }

    fn one(byte: u8) -> Self {
        let mut bytes = Self::default();
        bytes.insert(byte);
        bytes
    }

    fn class(class: &Class) -> Option<Self> {
        let Class::Bytes(class) = class else { return None };
        let mut bytes = Self::default();
        class.iter().flat_map(|range| range.start()..=range.end()).for_each(|byte| bytes.insert(byte));
        Some(bytes)
    }
}

impl Prefix {
    /// What matches of a parsed regex begin with.
    pub(super) fn of(hir: &Hir) -> Self {
        let mut prefix = Self::default();
        prefix.extend(hir);
        prefix
    }

    /// Whether a match may begin where these bytes do.
    pub(super) fn allows(&self, bytes: &[u8]) -> bool {
        bytes.len() >= self.0.len() && self.0.iter().zip(bytes).all(|(allowed, byte)| allowed.contains(*byte))
    }

    /// Adds the bytes of a part. Tells whether what comes after the part may be added too.
    fn extend(&mut self, hir: &Hir) -> bool {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => true,
            HirKind::Literal(literal) => literal.0.iter().all(|byte| self.push(Bytes::one(*byte))),
            HirKind::Class(class) => Bytes::class(class).is_some_and(|bytes| self.push(bytes)),
            HirKind::Capture(group) => self.extend(&group.sub),
            HirKind::Concat(parts) => parts.iter().all(|part| self.extend(part)),
            HirKind::Repetition(repeated) => {
                (0..repeated.min).all(|_| self.extend(&repeated.sub)) && repeated.max == Some(repeated.min)
            }
            HirKind::Alternation(branches) => self.either(branches),
        }
    }

    /// Adds what any of the branches may have, up to the end of the shortest.
    fn either(&mut self, branches: &[Hir]) -> bool {
        let mut whole = true;
        let prefixes: Vec<Self> = branches
            .iter()
            .map(|branch| {
                let mut prefix = Self::default();
                whole &= prefix.extend(branch);
                prefix
            })
            .collect();
        let shortest = prefixes.iter().map(|prefix| prefix.0.len()).min().unwrap_or(0);
        let longest = prefixes.iter().map(|prefix| prefix.0.len()).max().unwrap_or(0);
        let any = |at: usize| {
            prefixes.iter().fold(Bytes::default(), |any, prefix| {
                Bytes(std::array::from_fn(|word| any.0[word] | prefix.0[at].0[word]))
            })
        };
        (0..shortest).all(|at| self.push(any(at))) && whole && shortest == longest
    }

    fn push(&mut self, bytes: Bytes) -> bool {
        let room = self.0.len() < LONGEST;
        if room {
            self.0.push(bytes);
        }
        room
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::bytes::RegexBuilder;

    fn prefix(regex: &str) -> Prefix {
        Prefix::of(&regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(regex).unwrap())
    }

    #[test]
    fn what_cannot_begin_a_match_is_refused() {
        let token = prefix(r"(?P<secret>(?:ghp|gho)_[0-9a-z]{4}(?:[0-9]{2})?)\b");
        assert!(token.allows(b"ghp_a1b2") && token.allows(b"gho_aaaa99"));
        for not in ["ghp_a1b", "ghx_a1b2", "ghp_a1B2", "ghp-a1b2", ""] {
            assert!(!token.allows(not.as_bytes()), "{not}");
        }
        assert!(prefix("(?i)key[:=]").allows(b"KEY:") && !prefix("(?i)key[:=]").allows(b"keys"));
        assert!(prefix("a*b").allows(b"x") && prefix("a?b").allows(b"x"), "nothing is known of it");
        assert!(prefix("(?:ab|c)d").allows(b"cx"), "branches of several lengths end it");
    }

    proptest::proptest! {
        #[test]
        fn no_match_is_refused(
            regex in proptest::sample::select(vec![
                "a[bc]{2,3}d", "(?:ab|ba)(?:c|d)", "(?:ab|b)c{2}", "(?i)ab?c", "\\bab", "(a|b)*c", "[^a]b{0,2}", "(?:a{2}){2}b",
            ]),
            text in "[abcdAB ]{0,10}",
        ) {
            let compiled = RegexBuilder::new(&format!("\\A(?:{regex})")).unicode(false).build().unwrap();
            if compiled.is_match(text.as_bytes()) {
                proptest::prop_assert!(prefix(regex).allows(text.as_bytes()));
            }
        }
    }
}
