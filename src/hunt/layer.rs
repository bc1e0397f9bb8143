//! A text under scan and the way back to the file it came from.

use std::cell::OnceCell;
use std::ops::Range;
use std::sync::Arc;

use crate::manifest::align;

use super::lines::{LineIndex, starts};

/// How offsets of a layer's text lead back to the text it was taken from.
#[derive(Clone, Debug)]
pub(super) enum Origin<'p> {
    /// The text is a verbatim part that begins at this offset.
    Part(usize),
    /// The words of the text stand in a scalar of this source, folded, dedented or escaped: found when asked for.
    Words(Scattered<'p>),
    /// Runs of the text that stand verbatim elsewhere: (offset here, offset there), ordered.
    Runs(Vec<(usize, usize)>),
    /// Encoded: everything points at this range.
    Whole(Range<usize>),
}

/// Where the words of a text stand.
#[derive(Clone, Debug)]
pub(super) struct Scattered<'p> {
    source: &'p str,
    scalar: Range<usize>,
    runs: OnceCell<Option<Vec<(usize, usize)>>>,
}

impl<'p> Scattered<'p> {
    /// The content of a scalar, its quotes left out, in its document's source.
    pub(super) fn new(source: &'p str, scalar: Range<usize>) -> Self {
        Self { source, scalar, runs: OnceCell::new() }
    }

    /// The bytes that a range of `text`, the scalar's value, stands for, and whether it stands there verbatim.
    pub(super) fn at(&self, text: &str, range: Range<usize>) -> (Range<usize>, bool) {
        match self.runs.get_or_init(|| align(text, self.source, self.scalar.clone())) {
            Some(runs) => along(runs, range),
            None => (self.scalar.clone(), false),
        }
    }
}

/// One text: a file, or something that was inside one of its scalars.
#[derive(Clone, Debug)]
pub(super) struct Layer<'p> {
    /// The text.
    pub text: &'p str,
    /// Where it was, and in what. None for a file.
    pub outer: Option<(&'p Self, Origin<'p>)>,
    /// Encodings undone on the way from the file, outermost first.
    pub decoded: Vec<&'static str>,
    /// Where its lines begin, once that was asked: a file may be a thousand documents.
    starts: OnceCell<Arc<[usize]>>,
}

impl<'p> Layer<'p> {
    /// A file's own text.
    #[must_use]
    pub(super) fn file(text: &'p str) -> Self {
        Self { text, outer: None, decoded: Vec::new(), starts: OnceCell::new() }
    }

    /// A text found in this one.
    #[must_use]
    pub(super) fn inner<'q>(&'q self, text: &'q str, origin: Origin<'q>, encoding: Option<&'static str>) -> Layer<'q>
    where
        'p: 'q,
    {
        let mut decoded = self.decoded.clone();
        decoded.extend(encoding);
        Layer { text, outer: Some((self, origin)), decoded, starts: OnceCell::new() }
    }

    /// The lines of the text.
    pub(super) fn lines(&self) -> LineIndex<'p> {
        LineIndex::known(self.text, Arc::clone(self.starts.get_or_init(|| starts(self.text))))
    }

    /// How many texts this one is inside of.
    #[must_use]
    pub(super) fn depth(&self) -> usize {
        self.outer.as_ref().map_or(0, |(outer, _)| 1 + outer.depth())
    }

    /// The bytes of the file that a range stands for, and whether it stands there verbatim.
    #[must_use]
    pub(super) fn in_file(&self, range: Range<usize>) -> (Range<usize>, bool) {
        let Some((outer, origin)) = &self.outer else { return (range, true) };
        let (mapped, exact) = match origin {
            Origin::Part(start) => (start + range.start..start + range.end, true),
            Origin::Runs(runs) => along(runs, range),
            Origin::Words(words) => words.at(self.text, range),
            Origin::Whole(whole) => (whole.clone(), false),
        };
        let (mapped, exact_outside) = outer.in_file(mapped);
        (mapped, exact && exact_outside)
    }

    /// The file's own text.
    #[must_use]
    pub(super) fn file_text(&self) -> &'p str {
        self.outer.as_ref().map_or(self.text, |(outer, _)| outer.file_text())
    }
}

/// Follows runs from a range to where it stands.
fn along(runs: &[(usize, usize)], range: Range<usize>) -> (Range<usize>, bool) {
    match (there(runs, range.start), there(runs, range.end.saturating_sub(1))) {
        (Some(start), Some(last)) if last >= start => (start..last + 1, true),
        _ => (runs.first().map_or(0..0, |&(_, at)| at..at), false),
    }
}

fn there(runs: &[(usize, usize)], at: usize) -> Option<usize> {
    let place = runs.partition_point(|&(here, _)| here <= at).checked_sub(1)?;
    let (here, there) = runs[place];
    Some(there + (at - here))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_lead_back_through_layers() {
        let text = "k: |\n  one\n  two three\n";
        let file = Layer::file(text);
        let block = file.inner("one\ntwo three\n", Origin::Runs(vec![(0, 7), (4, 13), (8, 17)]), None);
        let word = block.inner("three", Origin::Part(8), None);
        let (range, exact) = word.in_file(0..5);
        assert!(exact);
        assert_eq!(&text[range], "three");
        let encoded = block.inner("whatever", Origin::Whole(4..7), Some("base64"));
        let (range, exact) = encoded.in_file(2..3);
        assert!(!exact);
        assert_eq!(&text[range], "two");
        assert_eq!(encoded.decoded, ["base64"]);
    }
}
