//! Tables to search longer texts with.

use std::ops::Range;

use super::keys::Keys;
use super::trace::{Anchor, Trace};
use super::{ANCHOR, Work, sum};

/// Most pairs of length and anchor's place that are tried where one anchor stands, longer values first. Values get the
/// rarest of their anchors, so that only values made alike on purpose come to more; [`super::KnownValues::unsearched`] counts
/// them.
pub(super) const MOST_SHAPES: usize = 8;

/// Where in a sorted list the entries of a tag are: by the tag's first bits.
pub(super) struct Directory {
    pub(super) starts: Box<[u32]>,
    pub(super) shift: u32,
}

impl Directory {
    /// Takes the tags of a list, sorted.
    pub(super) fn new(tags: impl ExactSizeIterator<Item = u32>) -> Self {
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
    pub(super) fn entries<T>(&self, list: &[T], tag: u32, tag_of: impl Fn(&T) -> u32) -> Range<usize> {
        let slot = (tag >> self.shift) as usize;
        let [start, end] = [slot, slot + 1].map(|slot| self.starts[slot] as usize);
        let start = start + list[start..end].partition_point(|entry| tag_of(entry) < tag);
        start..start + list[start..end].partition_point(|entry| tag_of(entry) == tag)
    }
}

/// A value where its anchor is found.
#[derive(Clone, Copy)]
pub(super) struct Anchored {
    pub(super) sum: u64,
    pub(super) tag: u32,
    /// The value's number.
    pub(super) value: u32,
    pub(super) length: u16,
    /// Where in the value its anchor is.
    pub(super) offset: u16,
}

impl Anchored {
    pub(super) fn shape(&self) -> (u16, u16) {
        (self.length, self.offset)
    }
}

/// What values in longer texts are searched with.
pub(super) struct Search {
    /// A bit for each anchor, and 63 to 127 for nothing: at one place in sixty-four a look is lost.
    pub(super) bitmap: Box<[u64]>,
    pub(super) shift: u32,
    /// Sorted by tag; of one tag longer ones first, those of one shape together and sorted by their sum.
    pub(super) anchored: Vec<Anchored>,
    pub(super) directory: Directory,
    /// The powers of the base up to the longest value.
    pub(super) powers: Vec<u64>,
    pub(super) longest: usize,
    pub(super) unsearched: usize,
}

impl Search {
    pub(super) fn new(keys: &Keys, traces: Vec<(Trace, u32)>) -> Self {
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
    pub(super) fn each(&self, keys: &Keys, bytes: &[u8], mut look: impl FnMut(usize, u64)) {
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
pub(super) fn keep_few_shapes(anchored: &mut Vec<Anchored>) {
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
pub(super) struct Sums<'s> {
    pub(super) keys: &'s Keys,
    pub(super) powers: &'s [u64],
    pub(super) bytes: &'s [u8],
    /// What may be summed byte by byte, before it is cheaper to sum every beginning once.
    pub(super) budget: usize,
    pub(super) around: Range<usize>,
    pub(super) beginnings: Vec<u64>,
}

impl Sums<'_> {
    pub(super) fn of(&mut self, range: Range<usize>, work: &mut Work) -> u64 {
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
