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

mod builder;
mod chain;
mod keys;
mod reach;
mod search;
mod sum;
mod trace;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use zeroize::Zeroizing;

pub(super) use builder::Builder;
use chain::{Chain, Occurrence};
use keys::{Digest, Keys};
use search::{Directory, Search, Sums};

/// Fewest bytes of a value that is recognised where it stands alone: shorter ones are equal by accident.
const SHORTEST: usize = 6;

/// Bytes of an anchor, so the fewest of a value that is searched for in longer texts.
const ANCHOR: usize = 8;

/// Most bytes of a value that is searched for in longer texts. A PEM key of 8192 bits has about 6,500; what is longer
/// is a document, which is copied as a whole or not at all.
const LONGEST: usize = 16 << 10;

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

/// Reads a text as values are compared: without the newline that `echo` and editors leave at the end, and with the line
/// ends of Unix.
fn canonical<R>(text: &str, read: impl FnOnce(&str) -> R) -> R {
    let text = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
    if memchr::memchr(b'\r', text.as_bytes()).is_none() {
        return read(text);
    }
    read(&Zeroizing::new(text.replace("\r\n", "\n")))
}

/// A value that is known by its digest.
struct Value {
    digest: Digest,
    tag: u32,
    /// The first of its places, which end where those of the next value begin.
    first: u32,
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

    use super::reach::{Reach, reach};
    use super::search::MOST_SHAPES;
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
