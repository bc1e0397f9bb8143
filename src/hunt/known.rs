//! The values of live Secrets, to be recognised where they stand in plaintext.
//!
//! None of them is held. Of each there is a digest under a key of this run, and what a search needs: a tag of eight of
//! its bytes, a tag of a rolling sum, its length. Whoever reads this memory can try guesses, and has nothing to turn
//! back into a value.
//!
//! A search passes over a text once. A bitmap says at which places eight bytes may be an anchor, those that were picked
//! of a value; a table says of which values. Whether one of them stands there is told by a sum over its bytes, which
//! costs the same for any length where many are asked for. So time is linear in the text whatever is in it. What is
//! left is digested, and as no two of these overlap that is linear too.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher as _;
use std::ops::Range;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::names::{Kind, classify, is_companion, normalise};
use super::value::{Strength, fits, harmless, is_known_shape, is_name, is_uuid, strength};

/// Fewest bytes of a value that is recognised where it stands alone: shorter ones are equal by accident.
const SHORTEST: usize = 6;

/// Bytes of an anchor, so the fewest of a value that is searched for in longer texts.
const ANCHOR: usize = 8;

/// Most bytes of a value that is searched for in longer texts. A PEM key of 8192 bits has about 6,500; what is longer
/// is a document, which is copied as a whole or not at all.
const LONGEST: usize = 16 << 10;

/// Parts of a value of which each offers an anchor; the rarest is taken. The beginning alone would not do: all JSON Web
/// Tokens share it, and all PEM files the end too.
const PARTS: usize = 3;

/// Most pairs of length and anchor's place that are tried where one anchor stands, longer values first. Values get the
/// rarest of their anchors, so that only values made alike on purpose come to more; [`KnownValues::unsearched`] counts
/// them.
const MOST_SHAPES: usize = 8;

/// Most places that are listed for one value: the password of one keystore in each of a thousand namespaces.
const MOST_PLACES: usize = 20;

/// Bytes of a text that are searched before what was found in them is sorted, which bounds memory.
const SEGMENT: usize = 32 << 10;

/// Where a value is at home.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place<'p> {
    /// The Secret's namespace.
    pub(super) namespace: &'p str,
    /// The Secret's name.
    pub(super) secret: &'p str,
    /// The key in its `data`.
    pub(super) key: &'p str,
}

/// How a value may be recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// As a whole scalar only: in a longer text it could be there by accident, or it is too long to be looked for.
    Whole,
    /// In longer texts too.
    Within,
}

/// Whether a Secret's value, found elsewhere, says that the Secret was copied there; none if it could be there anyway.
///
/// The judge asks whether a value under a name is a credential. Here that is not enough: `postgres` is the password of
/// many databases, and a scalar `postgres` is not.
#[must_use]
pub(super) fn reach(key: &str, value: &str) -> Option<Reach> {
    if value.len() < SHORTEST {
        return None;
    }
    let by_length = if (ANCHOR..=LONGEST).contains(&value.len()) { Reach::Within } else { Reach::Whole };
    let leaf = normalise(key);
    let kind = classify(&leaf);
    if is_document(value) {
        // Certificates are public, whatever their name; in a file of certificates and a key the key counts.
        let (pem, private) = (value.contains("-----BEGIN "), value.contains("PRIVATE KEY"));
        let by_name = || kind.is_some() || !is_companion(&leaf) && has_strong_word(value);
        return (private || carries_credential(value) || !pem && by_name()).then_some(by_length);
    }
    // `DATABASE_URL` is named after a place and holds a password.
    if carries_credential(value) {
        return Some(by_length);
    }
    if is_uuid(value) {
        return kind.map(|_| by_length);
    }
    let number = value.bytes().all(|b| b.is_ascii_digit() || b"+-._ ".contains(&b));
    if number || harmless(value).is_some() || is_own_name(&leaf, value) {
        return None;
    }
    let Some(kind) = kind else { return unnamed(&leaf, value).then_some(by_length) };
    // `Bearer k8Jd…`: the scheme is no part of what makes it strong.
    let secret = match value.split_once(' ') {
        Some((_, secret)) if kind != Kind::Password => secret,
        _ => value,
    };
    if kind == Kind::Authorization {
        return (strength(secret) >= Strength::Fair && !is_name(secret)).then_some(by_length);
    }
    if !fits(kind, &leaf, secret) {
        return None;
    }
    match strength(secret) {
        Strength::Strong | Strength::Fair => Some(by_length),
        Strength::Weak => is_no_word(value).then_some(Reach::Whole),
    }
}

/// Several lines, or JSON, or PEM.
fn is_document(value: &str) -> bool {
    let json = [('{', '}'), ('[', ']')].iter().any(|&(open, close)| value.starts_with(open) && value.ends_with(close));
    value.contains('\n') || json && value.contains('"') || value.starts_with("-----BEGIN ")
}

/// `password: password`, `token: my_token`.
fn is_own_name(leaf: &str, value: &str) -> bool {
    let word = normalise(value);
    word == leaf || leaf.ends_with(&format!("_{word}")) || word.replace('_', "") == leaf.replace('_', "")
}

/// What a weak password has that words, names and users have not: a digit, a sign, or several words.
fn is_no_word(value: &str) -> bool {
    let sign =
        |b: u8| b.is_ascii_digit() || b.is_ascii_graphic() && !b.is_ascii_alphanumeric() && !b"-_./:".contains(&b);
    value.bytes().any(sign) || value.split_whitespace().count() >= 3
}

/// Whether a value whose name promises nothing is one that nobody would write elsewhere: made by a machine, or letters
/// of both cases and digits run together. `en_US.UTF-8` and `X-Forwarded-For` are neither.
fn unnamed(leaf: &str, value: &str) -> bool {
    if is_companion(leaf) || is_known_shape(value) || is_host(value) || value.contains(char::is_whitespace) {
        return false;
    }
    match strength(value) {
        Strength::Strong => true,
        Strength::Fair => {
            let has = |test: fn(&u8) -> bool| value.as_bytes().iter().any(test);
            has(u8::is_ascii_digit)
                && has(u8::is_ascii_uppercase)
                && has(u8::is_ascii_lowercase)
                && !value.contains(['-', '_', '.', '/', ':', ','])
        }
        Strength::Weak => false,
    }
}

/// A host, with a user before it, or a port, a path or an image's tag after it.
fn is_host(value: &str) -> bool {
    let authority = value.split(['/', ':']).next().unwrap_or(value);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
    };
    let last = host.rsplit('.').next().unwrap_or(host);
    host.contains('.') && host.split('.').all(label) && last.len() >= 2 && last.bytes().all(|b| b.is_ascii_lowercase())
}

/// Whether a text has a URL with a password, or a credential under its name: `password=…`, `"auth": "…"`.
fn carries_credential(text: &str) -> bool {
    // More than names and passwords have, so that a line without an end is not read from each of its signs on.
    const FAR: usize = 128;
    let is_secret = |value: &str| value.len() >= 3 && harmless(value).is_none();
    let url = |at: usize| {
        let rest = head(&text[at + 3..], FAR);
        let authority = rest.split(|c: char| c.is_whitespace() || "/?#\"'".contains(c)).next().unwrap_or("");
        let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
        user.split_once(':').is_some_and(|(_, password)| is_secret(password))
    };
    let pair = |at: usize| {
        let before = tail(&text[..at], FAR).trim_end_matches([' ', '"', '\'', '\\']);
        let name = before.rsplit(|c: char| !c.is_ascii_alphanumeric() && !"_-.".contains(c)).next().unwrap_or("");
        if name.is_empty() || classify(&normalise(name)).is_none() {
            return false;
        }
        let after = head(&text[at + 1..], FAR).trim_start_matches([' ', '"', '\'', '\\', '=']);
        let value = after.split(|c: char| c.is_whitespace() || "\"'\\,;&}".contains(c)).next().unwrap_or("");
        is_secret(value)
    };
    text.match_indices("://").any(|(at, _)| url(at)) || text.match_indices(['=', ':']).any(|(at, _)| pair(at))
}

/// Whether a document has a word that a machine made to be guarded.
fn has_strong_word(text: &str) -> bool {
    let words = text.split(|c: char| c.is_whitespace() || "\"'`,;=:<>(){}[]".contains(c));
    words.into_iter().any(|word| {
        word.len() >= 16 && strength(word) == Strength::Strong && harmless(word).is_none() && !is_host(word)
    })
}

/// The first bytes of a text, to a character's end.
fn head(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The last bytes of a text, from a character's beginning.
fn tail(text: &str, most: usize) -> &str {
    let mut start = text.len().saturating_sub(most);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

/// Reads a text as values are compared: without the newline that `echo` and editors leave at the end, and with the line
/// ends of Unix.
fn canonical<R>(text: &str, read: impl FnOnce(&str) -> R) -> R {
    let text = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
    if memchr::memchr(b'\r', text.as_bytes()).is_none() {
        return read(text);
    }
    read(&Zeroizing::new(text.replace("\r\n", "\n")))
}

/// The first sixteen bytes of an HMAC-SHA-256.
type Digest = [u8; 16];

/// The random keys of a run: what is kept of a value says nothing in another.
struct Keys {
    digest: Hmac<Sha256>,
    /// SipHash. Tags only choose what is digested, and there are too many for a digest each.
    tags: RandomState,
    /// The base of sums, which nobody can find two texts of one sum for without knowing it.
    base: u64,
    /// Spreads anchors over the bitmap. Odd.
    spread: u64,
}

impl Keys {
    fn random() -> Self {
        // The standard library asks the system for these 128 bits, which is as much as a digest has. They are spread
        // over the keys that are needed, and no other use of them leaves this process.
        let source = RandomState::new();
        let mut key = Zeroizing::new([0; 64]);
        for (index, part) in key.as_chunks_mut().0.iter_mut().enumerate() {
            *part = source.hash_one(("key", index)).to_le_bytes();
        }
        Self {
            digest: Hmac::new(&(*key).into()),
            base: (1 << 60) | source.hash_one("base") >> 5,
            spread: source.hash_one("spread") | 1,
            tags: source,
        }
    }

    fn digest(&self, text: &str) -> Digest {
        let mut mac = self.digest.clone();
        mac.update(text.as_bytes());
        let mut digest = Digest::default();
        digest.copy_from_slice(&mac.finalize().into_bytes()[..16]);
        digest
    }

    fn tag_of_whole(&self, text: &str) -> u32 {
        self.tags.hash_one(("whole", text)) as u32
    }

    fn tag_of_anchor(&self, anchor: u64) -> u32 {
        self.tags.hash_one((1_u8, anchor)) as u32
    }

    /// A sum can be solved for a short text by who knows the base, so it is not kept itself.
    fn tag_of_sum(&self, sum: u64) -> u64 {
        self.tags.hash_one((2_u8, sum))
    }

    /// Where an anchor's bit is, in a bitmap of 2^32; a smaller one takes the upper bits.
    fn mark(&self, anchor: u64) -> u32 {
        (anchor.wrapping_mul(self.spread) >> 32) as u32
    }
}

/// Sums of bytes as polynomials modulo the Mersenne prime 2^61-1 (Karp and Rabin 1987): the sum of a part follows from
/// those of two beginnings.
mod sum {
    const PRIME: u64 = (1 << 61) - 1;

    fn reduced(wide: u128) -> u64 {
        let folded = (wide as u64 & PRIME) + (wide >> 61) as u64;
        if folded >= PRIME { folded - PRIME } else { folded }
    }

    pub(super) fn times(a: u64, b: u64) -> u64 {
        reduced(u128::from(a) * u128::from(b))
    }

    pub(super) fn minus(a: u64, b: u64) -> u64 {
        if a >= b { a - b } else { a + PRIME - b }
    }

    /// The sum of a text with one byte more.
    pub(super) fn then(sum: u64, base: u64, byte: u8) -> u64 {
        reduced(u128::from(sum) * u128::from(base) + u128::from(byte) + 1)
    }

    pub(super) fn of(base: u64, bytes: &[u8]) -> u64 {
        bytes.iter().fold(0, |sum, &byte| then(sum, base, byte))
    }
}

/// Eight bytes of a value to find it by: their bit in the bitmap, their tag in the table, where in the value they are.
#[derive(Clone, Copy)]
struct Anchor {
    mark: u32,
    tag: u32,
    offset: u16,
}

/// What a search needs of a value.
#[derive(Clone, Copy)]
struct Trace {
    sum: u64,
    /// The one that other texts are least likely to have comes first.
    anchors: [Anchor; PARTS],
    length: u16,
}

impl Trace {
    fn of(keys: &Keys, value: &str) -> Self {
        let bytes = value.as_bytes();
        let windows = bytes.len() - ANCHOR + 1;
        let mut offsets = [(0, 0); PARTS];
        for (part, best) in offsets.iter_mut().enumerate() {
            let range = windows * part / PARTS..windows * (part + 1) / PARTS;
            *best = most_changes(bytes, if range.is_empty() { 0..windows } else { range });
        }
        offsets.sort_by_key(|&(changes, _)| std::cmp::Reverse(changes));
        let anchors = offsets.map(|(_, offset)| {
            let anchor = bytes[offset..].first_chunk().map_or(0, |chunk| u64::from_le_bytes(*chunk));
            Anchor { mark: keys.mark(anchor), tag: keys.tag_of_anchor(anchor), offset: offset as u16 }
        });
        Self { sum: keys.tag_of_sum(sum::of(keys.base, bytes)), anchors, length: bytes.len() as u16 }
    }
}

/// Of the anchors that begin in the range the first that changes most often between lower case, upper case, digits and
/// signs, and how often it does: words do not, and stand in other texts too.
fn most_changes(bytes: &[u8], range: Range<usize>) -> (usize, usize) {
    let class = |byte: u8| match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    let change = |at: usize| usize::from(class(bytes[at]) != class(bytes[at + 1]));
    let mut changes: usize = (range.start..range.start + ANCHOR - 1).map(change).sum();
    let mut best = (changes, range.start);
    for at in range.start + 1..range.end {
        changes = changes + change(at + ANCHOR - 2) - change(at - 1);
        if changes > best.0 {
            best = (changes, at);
        }
    }
    best
}

/// A value and one of its places, as they come.
struct Seen {
    digest: Digest,
    tag: u32,
    /// Namespace, name and key, by their number.
    place: [u32; 3],
    trace: Option<Trace>,
}

/// Names, each once: a hundred thousand places have few keys and namespaces.
#[derive(Default)]
struct Names(HashMap<Box<str>, u32>);

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.0.get(name) {
            return number;
        }
        let number = self.0.len() as u32;
        self.0.insert(name.into(), number);
        number
    }

    /// The names in their order, and for each old number the new one.
    fn sorted(self) -> (Vec<Box<str>>, Vec<u32>) {
        let mut pairs: Vec<_> = self.0.into_iter().collect();
        pairs.sort_unstable();
        let mut numbers = vec![0; pairs.len()];
        for (new, (_, old)) in pairs.iter().enumerate() {
            numbers[*old as usize] = new as u32;
        }
        (pairs.into_iter().map(|(name, _)| name).collect(), numbers)
    }
}

/// Takes the values of Secrets as a cluster lists them.
pub(super) struct Builder {
    keys: Arc<Keys>,
    names: Names,
    seen: Vec<Seen>,
}

impl Builder {
    /// A builder with keys of its own.
    #[must_use]
    pub(super) fn new() -> Self {
        Self::with(Arc::new(Keys::random()))
    }

    /// An empty builder for another thread, to be [merged](Self::merge) into this one.
    #[must_use]
    pub(super) fn sibling(&self) -> Self {
        Self::with(Arc::clone(&self.keys))
    }

    fn with(keys: Arc<Keys>) -> Self {
        Self { keys, names: Names::default(), seen: Vec::new() }
    }

    /// Takes a value, its base64 undone, if it is telling; says how it will be recognised. Values that are no text are
    /// left out, as no text holds them.
    pub(super) fn add(&mut self, place: Place<'_>, value: &[u8]) -> Option<Reach> {
        canonical(std::str::from_utf8(value).ok()?, |value| {
            // Its own names stand wherever it is referred to.
            if [place.namespace, place.secret, place.key].contains(&value) {
                return None;
            }
            let reach = reach(place.key, value)?;
            self.insert(place, value, reach);
            Some(reach)
        })
    }

    /// Takes a value in its canonical form; one that is [`Reach::Within`] has a length that can be searched for.
    fn insert(&mut self, place: Place<'_>, value: &str, reach: Reach) {
        let keys = &self.keys;
        self.seen.push(Seen {
            digest: keys.digest(value),
            tag: keys.tag_of_whole(value),
            place: [place.namespace, place.secret, place.key].map(|name| self.names.number(name)),
            trace: (reach == Reach::Within).then(|| Trace::of(keys, value)),
        });
    }

    /// Takes what a [sibling](Self::sibling) has seen. Which of them saw what makes no difference.
    pub(super) fn merge(&mut self, other: Self) {
        debug_assert!(Arc::ptr_eq(&self.keys, &other.keys), "what was made with other keys is never recognised");
        let (names, order) = other.names.sorted();
        let numbers: Vec<u32> = names.iter().map(|name| self.names.number(name)).collect();
        let number = |old: u32| numbers[order[old as usize] as usize];
        self.seen.extend(other.seen.into_iter().map(|seen| Seen { place: seen.place.map(number), ..seen }));
    }

    /// Builds the tables.
    #[must_use]
    pub(super) fn finish(self) -> KnownValues {
        let Self { keys, names, mut seen } = self;
        let (names, order) = names.sorted();
        for one in &mut seen {
            one.place = one.place.map(|old| order[old as usize]);
        }
        seen.sort_unstable_by_key(|one| (one.tag, one.digest, one.place, one.trace.is_none()));
        // A list that was begun anew tells of a Secret twice.
        seen.dedup_by_key(|one| (one.digest, one.place));
        let (mut values, mut places, mut traces) = (Vec::new(), Vec::new(), Vec::new());
        for group in seen.chunk_by(|a, b| a.digest == b.digest) {
            // One place that makes it telling is enough.
            traces.extend(group.iter().find_map(|one| one.trace).map(|trace| (trace, values.len() as u32)));
            values.push(Value { digest: group[0].digest, tag: group[0].tag, first: places.len() as u32 });
            places.extend(group.iter().map(|one| one.place));
        }
        drop(seen);
        values.shrink_to_fit();
        places.shrink_to_fit();
        let wholes = Directory::new(values.iter().map(|value| value.tag));
        KnownValues { search: Search::new(&keys, traces), keys, names, places, values, wholes }
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Builder({} values)", self.seen.len())
    }
}

/// A value that is known by its digest.
struct Value {
    digest: Digest,
    tag: u32,
    /// The first of its places, which end where those of the next value begin.
    first: u32,
}

/// Where in a sorted list the entries of a tag are: by the tag's first bits.
struct Directory {
    starts: Box<[u32]>,
    shift: u32,
}

impl Directory {
    /// Takes the tags of a list, sorted.
    fn new(tags: impl ExactSizeIterator<Item = u32>) -> Self {
        let bits = tags.len().next_power_of_two().ilog2().clamp(1, 24);
        let shift = u32::BITS - bits;
        let mut starts = vec![0; (1 << bits) + 1].into_boxed_slice();
        for tag in tags {
            starts[(tag >> shift) as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        Self { starts, shift }
    }

    /// Which entries of the list have this tag.
    fn entries<T>(&self, list: &[T], tag: u32, tag_of: impl Fn(&T) -> u32) -> Range<usize> {
        let slot = (tag >> self.shift) as usize;
        let [start, end] = [slot, slot + 1].map(|slot| self.starts[slot] as usize);
        let start = start + list[start..end].partition_point(|entry| tag_of(entry) < tag);
        start..start + list[start..end].partition_point(|entry| tag_of(entry) == tag)
    }
}

/// A value where its anchor is found.
#[derive(Clone, Copy)]
struct Anchored {
    sum: u64,
    tag: u32,
    /// The value's number.
    value: u32,
    length: u16,
    /// Where in the value its anchor is.
    offset: u16,
}

impl Anchored {
    fn shape(&self) -> (u16, u16) {
        (self.length, self.offset)
    }
}

/// What values in longer texts are searched with.
struct Search {
    /// A bit for each anchor, and 63 to 127 for nothing: at one place in sixty-four a look is lost.
    bitmap: Box<[u64]>,
    shift: u32,
    /// Sorted by tag; of one tag longer ones first, those of one shape together and sorted by their sum.
    anchored: Vec<Anchored>,
    directory: Directory,
    /// The powers of the base up to the longest value.
    powers: Vec<u64>,
    longest: usize,
    unsearched: usize,
}

impl Search {
    fn new(keys: &Keys, traces: Vec<(Trace, u32)>) -> Self {
        let mut tags: Vec<u32> = traces.iter().flat_map(|(trace, _)| trace.anchors.map(|anchor| anchor.tag)).collect();
        tags.sort_unstable();
        let shared = |tag: u32| {
            let from = tags.partition_point(|&other| other < tag);
            tags[from..].partition_point(|&other| other == tag)
        };
        let bits = (traces.len() * 64).next_power_of_two().ilog2().clamp(12, 27);
        let shift = u32::BITS - bits;
        let mut bitmap = vec![0; 1 << (bits - 6)].into_boxed_slice();
        let mut anchored = Vec::with_capacity(traces.len());
        let mut longest = 0;
        for (trace, value) in &traces {
            let Some(rarest) = trace.anchors.iter().min_by_key(|anchor| shared(anchor.tag)) else { continue };
            let &Anchor { mark, tag, offset } = rarest;
            let bit = mark >> shift;
            bitmap[bit as usize / 64] |= 1 << (bit % 64);
            anchored.push(Anchored { sum: trace.sum, tag, value: *value, length: trace.length, offset });
            longest = longest.max(trace.length.into());
        }
        anchored.sort_unstable_by_key(|one| (one.tag, std::cmp::Reverse(one.shape()), one.sum));
        let before = anchored.len();
        keep_few_shapes(&mut anchored);
        let unsearched = before - anchored.len();
        let directory = Directory::new(anchored.iter().map(|one| one.tag));
        let powers = std::iter::successors(Some(1), |&power| Some(sum::times(power, keys.base)));
        let powers = powers.take(longest + 1).collect();
        Self { bitmap, shift, anchored, directory, powers, longest, unsearched }
    }

    /// Calls for each place in the bytes where an anchor may be.
    fn each(&self, keys: &Keys, bytes: &[u8], mut look: impl FnMut(usize, u64)) {
        for (at, window) in bytes.windows(ANCHOR).enumerate() {
            let Some(chunk) = window.first_chunk() else { return };
            let anchor = u64::from_le_bytes(*chunk);
            let bit = keys.mark(anchor) >> self.shift;
            if self.bitmap[bit as usize / 64] >> (bit % 64) & 1 == 1 {
                look(at, anchor);
            }
        }
    }
}

/// Leaves the first [`MOST_SHAPES`] shapes of each tag.
fn keep_few_shapes(anchored: &mut Vec<Anchored>) {
    let (mut last, mut shapes) = (None, 0);
    anchored.retain(|one| {
        let this = (one.tag, one.shape());
        shapes = match last {
            Some((tag, _)) if tag != one.tag => 1,
            Some(last) if last == this => shapes,
            _ => shapes + 1,
        };
        last = Some(this);
        shapes <= MOST_SHAPES
    });
}

/// Sums of parts of a text around a segment of it.
struct Sums<'s> {
    keys: &'s Keys,
    powers: &'s [u64],
    bytes: &'s [u8],
    /// What may be summed byte by byte, before it is cheaper to sum every beginning once.
    budget: usize,
    around: Range<usize>,
    beginnings: Vec<u64>,
}

impl Sums<'_> {
    fn of(&mut self, range: Range<usize>, work: &mut Work) -> u64 {
        let base = self.keys.base;
        if self.beginnings.is_empty() {
            if let Some(left) = self.budget.checked_sub(range.len()) {
                self.budget = left;
                work.summed += range.len();
                return sum::of(base, &self.bytes[range]);
            }
            work.summed += self.around.len();
            self.beginnings.reserve_exact(self.around.len() + 1);
            self.beginnings.push(0);
            let sums = self.bytes[self.around.clone()].iter().scan(0, |sum, &byte| {
                *sum = sum::then(*sum, base, byte);
                Some(*sum)
            });
            self.beginnings.extend(sums);
        }
        let [start, end] = [range.start, range.end].map(|at| self.beginnings[at - self.around.start]);
        sum::minus(end, sum::times(start, self.powers[range.len()]))
    }
}

/// A value, by its number, that seems to stand in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Occurrence {
    range: Range<usize>,
    value: u32,
}

/// Of occurrences that come by their start, longer ones first: drops what lies inside another, and of those that are
/// left and overlap keeps the longest, of equals the first.
#[derive(Default)]
struct Chain {
    /// Overlapping ones, each longer than the one before: which of them stay depends on what follows. No more than
    /// there are lengths.
    rising: Vec<Occurrence>,
    kept: Vec<Occurrence>,
    /// The end of all so far.
    end: usize,
}

impl Chain {
    fn push(&mut self, next: Occurrence) {
        if next.range.end <= self.end {
            return;
        }
        self.end = next.range.end;
        match self.rising.last() {
            Some(last) if last.range.end <= next.range.start => self.settle(),
            // What would beat the last and not this one lies before this one, and would be the last.
            Some(last) if last.range.len() >= next.range.len() => return,
            _ => {}
        }
        self.rising.push(next);
    }

    /// Keeps the longest, which is the last, and before it what does not reach into what is kept.
    fn settle(&mut self) {
        let first = self.kept.len();
        while let Some(one) = self.rising.pop() {
            if self.kept[first..].last().is_none_or(|after| one.range.end <= after.range.start) {
                self.kept.push(one);
            }
        }
        self.kept[first..].reverse();
    }
}

/// What a search did, for tests: time must be linear.
#[derive(Debug, Default)]
struct Work {
    /// Places that the bitmap let through.
    looks: usize,
    /// Sums that were asked for.
    asked: usize,
    /// Bytes that were summed for it.
    summed: usize,
    /// Bytes that were digested.
    digested: usize,
}

/// The values of Secrets, shared by all threads that scan.
pub(super) struct KnownValues {
    keys: Arc<Keys>,
    /// Sorted, so that numbers compare as names do.
    names: Vec<Box<str>>,
    /// Namespace, name and key.
    places: Vec<[u32; 3]>,
    /// Sorted by their tag.
    values: Vec<Value>,
    wholes: Directory,
    search: Search,
}

impl KnownValues {
    /// How many different values are known.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// How many values are known as whole scalars only, because too many others share what they would be searched by.
    #[must_use]
    pub(super) fn unsearched(&self) -> usize {
        self.search.unsearched
    }

    /// Whether there is no value to be recognised.
    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The value that a scalar is, give or take a newline at the end of either.
    #[must_use]
    pub(super) fn whole(&self, text: &str) -> Option<Known<'_>> {
        canonical(text, |text| {
            if text.len() < SHORTEST {
                return None;
            }
            let tag = self.keys.tag_of_whole(text);
            let mut near = self.wholes.entries(&self.values, tag, |value| value.tag);
            if near.is_empty() {
                return None;
            }
            let digest = self.keys.digest(text);
            let index = near.find(|&index| self.values[index].digest == digest)?;
            Some(Known { values: self, index })
        })
    }

    /// The values that stand in a text, by their place and without overlaps. Of overlapping ones the longest counts.
    /// A value of several lines is found if they end in LF and are not indented.
    #[must_use]
    pub(super) fn within(&self, text: &str) -> Vec<Found<'_>> {
        self.found(text, SEGMENT, &mut Work::default())
    }

    fn found(&self, text: &str, segment: usize, work: &mut Work) -> Vec<Found<'_>> {
        let mut found = self.occurrences(text.as_bytes(), segment, work);
        found.retain(|one| {
            work.digested += one.range.len();
            // Never fails in practice. A text between two characters would be no value.
            text.get(one.range.clone())
                .is_some_and(|text| self.keys.digest(text) == self.values[one.value as usize].digest)
        });
        let known =
            |one: Occurrence| Found { range: one.range, value: Known { values: self, index: one.value as usize } };
        found.into_iter().map(known).collect()
    }

    fn occurrences(&self, bytes: &[u8], segment: usize, work: &mut Work) -> Vec<Occurrence> {
        let search = &self.search;
        let mut chain = Chain::default();
        let mut pending: Vec<Occurrence> = Vec::new();
        let places = if search.anchored.is_empty() { 0 } else { (bytes.len() + 1).saturating_sub(ANCHOR) };
        for from in (0..places).step_by(segment) {
            let to = (from + segment).min(places);
            let around = from.saturating_sub(search.longest)..(to + search.longest).min(bytes.len());
            let (keys, powers) = (&*self.keys, &*search.powers);
            let mut sums = Sums { keys, powers, bytes, budget: to - from, around, beginnings: Vec::new() };
            search.each(keys, &bytes[from..to + ANCHOR - 1], |at, anchor| {
                self.look(from + at, anchor, &mut sums, &mut pending, work);
            });
            if pending.is_empty() {
                continue;
            }
            pending.sort_unstable_by_key(|one| (one.range.start, std::cmp::Reverse(one.range.end)));
            // What anchors of the next segment may come before has to wait.
            let settled = if to == places { bytes.len() } else { to.saturating_sub(search.longest) };
            let ready = pending.partition_point(|one| one.range.start < settled);
            pending.drain(..ready).for_each(|one| chain.push(one));
        }
        chain.settle();
        chain.kept
    }

    /// The values whose anchor this is, where they seem to stand around it.
    fn look(&self, at: usize, anchor: u64, sums: &mut Sums<'_>, pending: &mut Vec<Occurrence>, work: &mut Work) {
        work.looks += 1;
        let search = &self.search;
        let tag = self.keys.tag_of_anchor(anchor);
        let mut rest = &search.anchored[search.directory.entries(&search.anchored, tag, |one| one.tag)];
        while let Some(first) = rest.first() {
            let (alike, others) = rest.split_at(rest.partition_point(|one| one.shape() == first.shape()));
            rest = others;
            let Some(start) = at.checked_sub(first.offset.into()) else { continue };
            let range = start..start + usize::from(first.length);
            if range.end > sums.bytes.len() {
                continue;
            }
            work.asked += 1;
            let sum = self.keys.tag_of_sum(sums.of(range.clone(), work));
            if let Ok(place) = alike.binary_search_by_key(&sum, |one| one.sum) {
                pending.push(Occurrence { range, value: alike[place].value });
            }
        }
    }
}

impl fmt::Debug for KnownValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KnownValues({} values)", self.values.len())
    }
}

/// A value that was recognised.
#[derive(Clone, Copy)]
pub(super) struct Known<'k> {
    values: &'k KnownValues,
    index: usize,
}

impl<'k> Known<'k> {
    /// Its places in Secrets, sorted; at most [`MOST_PLACES`], which come first.
    pub(super) fn places(self) -> impl ExactSizeIterator<Item = Place<'k>> {
        let names = &self.values.names;
        self.all().iter().take(MOST_PLACES).map(|place| {
            let [namespace, secret, key] = place.map(|number| &*names[number as usize]);
            Place { namespace, secret, key }
        })
    }

    /// How many places it has, listed or not.
    #[must_use]
    pub(super) fn total(self) -> usize {
        self.all().len()
    }

    /// Whether this is one of its places, listed or not: there it is at home.
    #[cfg(test)]
    pub(super) fn is_at(self, place: Place<'_>) -> bool {
        let number = |name: &str| self.values.names.binary_search_by_key(&name, |name| &**name).ok();
        let [namespace, secret, key] = [place.namespace, place.secret, place.key].map(number);
        let (Some(namespace), Some(secret), Some(key)) = (namespace, secret, key) else { return false };
        self.all().binary_search(&[namespace, secret, key].map(|number| number as u32)).is_ok()
    }

    fn all(self) -> &'k [[u32; 3]] {
        let KnownValues { places, values, .. } = self.values;
        let first = values[self.index].first as usize;
        let end = values.get(self.index + 1).map_or(places.len(), |next| next.first as usize);
        &places[first..end]
    }
}

impl fmt::Debug for Known<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.places()).finish()
    }
}

/// A value that stands in a longer text.
#[derive(Clone, Debug)]
pub(super) struct Found<'k> {
    /// Its bytes in the text.
    pub(super) range: Range<usize>,
    /// What it is.
    pub(super) value: Known<'k>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(key: &str) -> Place<'_> {
        Place { namespace: "shop", secret: "db", key }
    }

    fn known(values: &[(&str, &str)]) -> KnownValues {
        let mut builder = Builder::new();
        for (key, value) in values {
            assert!(builder.add(place(key), value.as_bytes()).is_some(), "{key}: {value}");
        }
        builder.finish()
    }

    fn keys(known: Known<'_>) -> Vec<&str> {
        known.places().map(|place| place.key).collect()
    }

    fn found<'t>(known: &KnownValues, text: &'t str) -> Vec<&'t str> {
        known.within(text).into_iter().map(|found| &text[found.range]).collect()
    }

    #[test]
    fn a_scalar_that_is_a_value_is_recognised() {
        let known = known(&[("password", "hunter22"), ("token", "k8Jd93kFls02KdlsP")]);
        assert_eq!(known.len(), 2);
        assert_eq!(known.whole("hunter22").map(keys), Some(vec!["password"]));
        assert_eq!(known.whole("k8Jd93kFls02KdlsP").map(keys), Some(vec!["token"]));
        for other in ["", "hunter2", "hunter222", " hunter22", "Hunter22", "k8Jd93kFls02KdlsQ"] {
            assert!(known.whole(other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_newline_at_the_end_and_the_kind_of_newlines_make_no_difference() {
        let pem = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\n-----END PRIVATE KEY-----\n";
        for key in [pem, pem.trim_end(), &pem.replace('\n', "\r\n")] {
            let known = known(&[("tls.key", key), ("password", "hunter22\n")]);
            for text in [pem, pem.trim_end(), &pem.replace('\n', "\r\n"), pem.trim_end().replace('\n', "\r\n").as_str()]
            {
                assert!(known.whole(text).is_some());
            }
            assert!(known.whole("hunter22").is_some() && known.whole("hunter22\r\n").is_some());
            assert!(known.whole("hunter22\n\n").is_none());
        }
    }

    #[test]
    fn values_are_recognised_in_longer_texts() {
        let url = "postgres://app:S3cr3t!pass@db.shop.svc:5432/shop";
        let known = known(&[("password", "S3cr3t!pass"), ("url", url), ("token", "k8Jd93kFls02KdlsP")]);
        let text = format!("é[db]\nurl={url}\npw='S3cr3t!pass'\nk8Jd93kFls02KdlsPk8Jd93kFls02KdlsP");
        // The password in the URL is a part of the URL.
        assert_eq!(found(&known, &text), [url, "S3cr3t!pass", "k8Jd93kFls02KdlsP", "k8Jd93kFls02KdlsP"]);
        assert_eq!(found(&known, "S3cr3t!pas"), [""; 0]);
        assert_eq!(found(&known, ""), [""; 0]);
        assert_eq!(keys(known.within(url)[0].value), ["url"]);
    }

    #[test]
    fn weak_values_count_as_whole_scalars_only() {
        let known = known(&[("password", "hunter22")]);
        assert_eq!(found(&known, "--password=hunter22"), [""; 0]);
        assert!(known.whole("hunter22").is_some());
    }

    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQsw\n";

    #[test]
    fn values_that_tell_of_a_copy() {
        let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJl0";
        let long = format!("{{\"password\": \"S3cr3t!pass\", \"list\": \"{}\"}}", "x ".repeat(LONGEST));
        for (key, value, expected) in [
            ("password", "hunter22", Reach::Whole),
            ("password", "admin123", Reach::Whole),
            ("password", "correct horse battery staple", Reach::Whole),
            ("password", "S3cr3t!pass", Reach::Within),
            ("DB_PASS", "Admin123", Reach::Within),
            ("token", jwt, Reach::Within),
            ("anything", jwt, Reach::Within),
            ("anything", "S3cr3tPass", Reach::Within),
            ("client-secret", "6f1c3f0e-8d4e-4f0e-9d0e-1f2a3b4c5d6e", Reach::Within),
            ("Authorization", "Bearer k8Jd93kFls02KdlsP", Reach::Within),
            ("DATABASE_URL", "postgres://app:hunter22@db.example.com/shop", Reach::Within),
            ("dsn", "host=db user=app password=hunter22 dbname=shop port=5432 sslmode=disable x=y", Reach::Within),
            ("all.pem", &format!("{CERTIFICATE}-----BEGIN PRIVATE KEY-----\nMIIE\n"), Reach::Within),
            ("tls.key", "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----\n", Reach::Within),
            (".dockerconfigjson", r#"{"auths":{"ghcr.io":{"auth":"YXBwOlMzY3IzdCFwYXNz"}}}"#, Reach::Within),
            ("application.yaml", "db:\n  password: hunter22\n", Reach::Within),
            ("config", "a: 1\nb: k8Jd93kFls02KdlsPq\n", Reach::Within),
            ("config.json", &long, Reach::Whole),
        ] {
            assert_eq!(reach(key, value), Some(expected), "{key}: {value}");
        }
    }

    #[test]
    fn values_that_may_stand_anywhere() {
        for (key, value) in [
            ("password", "abc12"),
            ("password", "postgres"),
            ("password", "password"),
            ("password", "changeme"),
            ("password", "12345678"),
            ("password", "${DB_PASSWORD}"),
            ("password", "shop-db-password"),
            ("secret", "db-credentials"),
            ("enabled", "true"),
            ("username", "postgres"),
            ("username", "k8Jd93kFls02KdlsP"),
            ("host", "db-1.shop.svc.cluster.local"),
            ("primary", "shop-7.c9akciq32xyz.eu-west-1.rds.amazonaws.com:5432"),
            ("image", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:v1.2"),
            ("url", "https://vault.shop.svc:8200"),
            ("email", "jane.doe42@example.com"),
            ("region", "eu-west-1"),
            ("LANG", "en_US.UTF-8"),
            ("version", "1.2.3-SNAPSHOT"),
            ("header", "X-Forwarded-For"),
            ("mount", "/etc/secrets/db"),
            ("id", "6f1c3f0e-8d4e-4f0e-9d0e-1f2a3b4c5d6e"),
            ("ca.crt", CERTIFICATE),
            ("password", CERTIFICATE),
            ("trust.pem", &format!("# Issuer: CN=Shop\n{CERTIFICATE}")),
            ("namespace", "shop-production-1"),
            ("config.ini", "[server]\nport = 8080\nhost = db-1.shop.svc\n"),
            ("motd", "The password for the database is in the vault."),
        ] {
            assert_eq!(reach(key, value), None, "{key}: {value}");
        }
        let mut builder = Builder::new();
        let own = Place { namespace: "shop9prod", secret: "db-Hk29x!q", key: "password" };
        assert_eq!(builder.add(own, b"shop9prod\n"), None);
        assert_eq!(builder.add(own, b"db-Hk29x!q"), None);
        assert_eq!(builder.add(own, b"S3cr3t\xff!pass"), None);
        assert_eq!(builder.finish().len(), 0);
    }

    #[test]
    fn a_value_names_all_its_secrets_but_lists_some() {
        let mut builder = Builder::new();
        let namespaces: Vec<_> = (0..50).rev().map(|number| format!("team-{number:02}")).collect();
        for namespace in &namespaces {
            for _ in 0..2 {
                builder.add(Place { namespace, secret: "db", key: "password" }, b"S3cr3t!pass");
            }
        }
        let known = builder.finish();
        let value = known.whole("S3cr3t!pass").unwrap();
        assert_eq!(value.total(), 50);
        assert_eq!(value.places().len(), MOST_PLACES);
        let at = |namespace, secret| value.is_at(Place { namespace, secret, key: "password" });
        assert!(at("team-00", "db") && at("team-49", "db") && !at("team-50", "db") && !at("team-49", "team-49"));
        assert!(value.places().map(|place| place.namespace).eq((0..MOST_PLACES).map(|at| &*namespaces[49 - at])));
    }

    #[test]
    fn one_telling_place_is_enough() {
        let mut builder = Builder::new();
        assert_eq!(builder.add(place("password"), b"Xk2vq9-Lm"), Some(Reach::Within));
        assert_eq!(builder.add(place("username"), b"Xk2vq9-Lm"), None);
        assert_eq!(builder.add(place("other"), b"Xk2vq9-Lm"), None);
        let known = builder.finish();
        assert_eq!(known.whole("Xk2vq9-Lm").map(keys), Some(vec!["password"]));
    }

    #[test]
    fn values_with_a_common_beginning_and_end_are_told_apart() {
        let mut builder = Builder::new();
        let token = |number: usize| {
            let random = format!("{:016x}", (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
            let claims = "c".repeat(40 + number % 100);
            format!("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJl.{claims}.{random}.{random}.AAAAAAAAAA==")
        };
        for number in 0..1000 {
            builder.insert(place("token"), &token(number), Reach::Within);
        }
        let known = builder.finish();
        assert_eq!(known.unsearched(), 0);
        for number in 0..1000 {
            assert_eq!(found(&known, &format!("t: {}", token(number))), [token(number)]);
        }
    }

    #[test]
    fn nothing_that_can_be_shown_shows_a_value() {
        let mut builder = Builder::new();
        builder.add(place("password"), b"S3cr3t!pass");
        let mut shown = format!("{builder:?}");
        let known = builder.finish();
        shown += &format!("{known:?} {:?} {:?}", known.whole("S3cr3t!pass"), known.within("pw=S3cr3t!pass"));
        assert!(!shown.contains("S3cr") && shown.contains("password"), "{shown}");
    }

    #[test]
    fn threads_may_share_it() {
        fn shared<T: Send + Sync>() {}
        shared::<KnownValues>();
        shared::<Builder>();
    }

    #[test]
    fn time_is_linear_in_hostile_texts() {
        // Texts in which every place is an anchor of many values, long ones above all.
        let mut builder = Builder::new();
        for length in (8..LONGEST).step_by(97) {
            builder.insert(place("a"), &"a".repeat(length), Reach::Within);
            let mut near_miss = "a".repeat(length);
            near_miss.insert(length / 5, 'b');
            builder.insert(place("b"), &near_miss, Reach::Within);
        }
        let known = builder.finish();
        assert!(known.unsearched() > 100);
        for text in ["a".repeat(1 << 20), "aaaaaaaaaaab".repeat(1 << 16), "ab".repeat(1 << 19)] {
            let mut work = Work::default();
            known.found(&text, SEGMENT, &mut work);
            assert!(work.looks <= text.len(), "{work:?}");
            assert!(work.asked <= text.len() * MOST_SHAPES, "{work:?}");
            assert!(work.summed <= text.len() * 3, "{work:?}");
            assert!(work.digested <= text.len(), "{work:?}");
        }
        // All of the text but its end is values, the longest of those with one anchor.
        let text = "a".repeat(1 << 20);
        let longest = known.within(&text)[0].range.len();
        assert!(longest > LONGEST - 200, "{longest}");
        assert_eq!(known.within(&text)[1].range.start, longest);
    }

    #[test]
    fn hostile_values_are_weighed_in_linear_time() {
        for part in [":", "=", "password=", "://a:", "é=", "a:b@", "-----BEGIN ", "\n", "{\"", "x "] {
            let value = part.repeat((1 << 17) / part.len());
            let _ = reach("key", &value);
            let _ = reach("password", &value);
        }
    }

    /// All places of values, and of these first the longest, by definition.
    fn naive(values: &[String], text: &str) -> Vec<Range<usize>> {
        let mut all: Vec<Range<usize>> = (0..text.len())
            .flat_map(|at| {
                values.iter().filter(move |value| text[at..].starts_with(*value)).map(move |value| (at, value))
            })
            .map(|(at, value)| at..at + value.len())
            .collect();
        all.dedup();
        let inside = |a: &Range<usize>, b: &Range<usize>| a != b && a.start >= b.start && a.end <= b.end;
        let mut left: Vec<_> = all.iter().filter(|a| !all.iter().any(|b| inside(a, b))).cloned().collect();
        left.sort_by_key(|range| (std::cmp::Reverse(range.len()), range.start));
        let mut kept: Vec<Range<usize>> = Vec::new();
        for range in left {
            if kept.iter().all(|other| other.end <= range.start || range.end <= other.start) {
                kept.push(range);
            }
        }
        kept.sort_by_key(|range| range.start);
        kept
    }

    /// Text of two letters, values among it.
    fn text_with(values: &[String], parts: &[(String, prop::sample::Index)]) -> String {
        let parts = parts.iter().map(|(filler, index)| format!("{filler}{}", &values[index.index(values.len())]));
        parts.collect()
    }

    fn values() -> impl Strategy<Value = Vec<String>> {
        // No more than there are shapes for one anchor.
        prop::collection::btree_set("[ab]{8,24}|[ab]{40,60}", 1..=MOST_SHAPES).prop_map(|set| set.into_iter().collect())
    }

    proptest! {
        #[test]
        fn what_a_plain_search_finds_is_found(
            values in values(),
            parts in prop::collection::vec(("[ab]{0,12}", any::<prop::sample::Index>()), 0..8),
            cut in 0..20_usize,
            segment in 1..200_usize,
        ) {
            let mut builder = Builder::new();
            for value in &values {
                builder.insert(place(value), value, Reach::Within);
            }
            let known = builder.finish();
            prop_assert_eq!(known.unsearched(), 0);
            let text = text_with(&values, &parts);
            let text = &text[..text.len().saturating_sub(cut)];
            let found = known.found(text, segment, &mut Work::default());
            prop_assert!(found.iter().all(|one| keys(one.value) == [&text[one.range.clone()]]));
            let found: Vec<_> = found.into_iter().map(|one| one.range).collect();
            prop_assert_eq!(found, naive(&values, text));
        }

        #[test]
        fn who_saw_a_value_first_makes_no_difference(
            values in prop::collection::vec(("[a-c]", "[a-c]", "[ab]{8,10}", any::<bool>(), 0..3_usize), 1..40),
        ) {
            let one = Builder::new();
            let mut whole = one.sibling();
            let mut workers = [one.sibling(), one.sibling(), one];
            for (namespace, secret, value, within, worker) in &values {
                let reach = if *within { Reach::Within } else { Reach::Whole };
                let place = Place { namespace, secret, key: "password" };
                whole.insert(place, value, reach);
                workers[*worker].insert(place, value, reach);
            }
            let [mut first, second, third] = workers;
            first.merge(third);
            first.merge(second);
            let (whole, merged) = (whole.finish(), first.finish());
            prop_assert_eq!(whole.len(), merged.len());
            let all: String = values.iter().map(|(_, _, value, ..)| format!("{value}c")).collect();
            let shown = |known: &KnownValues| {
                let found = known.within(&all).into_iter().map(|one| format!("{:?} {:?}", one.range, one.value));
                let wholes = values.iter().map(|(_, _, value, ..)| format!("{:?}", known.whole(value)));
                found.chain(wholes).collect::<Vec<_>>()
            };
            prop_assert_eq!(shown(&whole), shown(&merged));
        }

        #[test]
        fn no_value_and_no_text_does_harm(
            values in prop::collection::vec((".{0,12}", prop::collection::vec(any::<u8>(), 0..40)), 0..8),
            texts in prop::collection::vec("(?s).{0,60}|[\\r\\n:=@/a{}\"]{0,40}", 0..8),
        ) {
            let mut builder = Builder::new();
            for (key, value) in &values {
                builder.add(place(key), value);
            }
            for text in &texts {
                builder.add(place("password"), text.as_bytes());
                builder.add(place("x"), text.as_bytes());
            }
            let known = builder.finish();
            for text in &texts {
                let found = known.within(text);
                prop_assert!(found.is_sorted_by(|a, b| a.range.end <= b.range.start));
                prop_assert!(found.iter().all(|one| text.get(one.range.clone()).is_some()));
                let known_or_not = known.whole(text).is_some();
                prop_assert!(known_or_not || canonical(text, |text| reach("password", text)).is_none());
            }
        }

        #[test]
        fn sums_of_parts_follow_from_beginnings(
            bytes in prop::collection::vec(any::<u8>(), 0..80),
            cut in any::<prop::sample::Index>(),
        ) {
            let keys = Keys::random();
            let at = cut.index(bytes.len() + 1);
            let powers = std::iter::successors(Some(1), |&power| Some(sum::times(power, keys.base)));
            let powers: Vec<u64> = powers.take(bytes.len() + 1).collect();
            let (keys, powers, bytes) = (&keys, &*powers, &*bytes);
            let part = |budget| {
                let around = 0..bytes.len();
                let mut sums = Sums { keys, powers, bytes, budget, around, beginnings: Vec::new() };
                sums.of(at..bytes.len(), &mut Work::default())
            };
            let expected = sum::of(keys.base, &bytes[at..]);
            prop_assert_eq!(part(usize::MAX), expected);
            prop_assert!(at == bytes.len() || part(0) == expected);
        }
    }
}
