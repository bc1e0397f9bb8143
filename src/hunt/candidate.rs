//! A value that was found and judged, before it is weighed against others at the same place.

use std::ops::Range;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::model::{Confidence, Exposure, ObjectRef, Related, Rule, SecretValue, Severity};

/// How telling the explanation is: of two for one value the greater wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// A shape that says what a value is for, and not that it guards anything: the flag of a game.
    Shape,
    /// Declared secret by its manifest, nothing else known.
    Declared,
    /// A name that promises a credential.
    Generic,
    /// A provider's pattern; the number is the length of its keyword: longer is more specific. A name with a
    /// value's shape counts as [`Rank::NAMED`].
    Pattern(u8),
    /// Understood from the structure around it.
    Structural,
    /// The value of a live Secret.
    Known,
}

impl Rank {
    /// A provider's name is more telling than a short prefix that others use too, and less than a long one.
    pub(super) const NAMED: Self = Self::Pattern(16);
}

/// A value found at a place of a file.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// Why it is one.
    pub rule: Arc<Rule>,
    /// How telling that is.
    pub rank: Rank,
    /// Where it lies.
    pub exposure: Exposure,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// Its bytes in the file; of the whole scalar when it is encoded.
    pub span: Range<usize>,
    /// Whether `span` holds the value itself.
    pub exact: bool,
    /// Where the scalar or statement around it begins: comments that silence it may stand there.
    pub anchor: usize,
    /// The value.
    pub value: SecretValue,
    /// Encodings undone, outermost first.
    pub decoded: Vec<&'static str>,
    /// Object and field.
    pub object: Option<ObjectRef>,
    /// What was seen.
    pub message: String,
    /// Whether its notes say whose the certificate of a private key is.
    pub certified: bool,
    /// What else is known.
    pub notes: Vec<String>,
    /// Where else the value is known to be.
    pub related: Vec<Related>,
    /// Rules the object's own annotation silences.
    pub silenced: bool,
}

/// Keeps one candidate for each value and place: the most telling one. What the others were goes into its notes.
#[must_use]
pub(super) fn one_per_secret(mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    candidates.sort_by(|a, b| {
        let key = |c: &Candidate| (c.rank, c.exposure, c.confidence, c.exact);
        key(b).cmp(&key(a)).then_with(|| (a.span.start, b.span.end).cmp(&(b.span.start, a.span.end)))
    });
    let mut kept: Vec<Candidate> = Vec::new();
    let mut by_start: std::collections::BTreeMap<usize, Vec<usize>> = std::collections::BTreeMap::new();
    let longest = candidates.iter().map(|c| c.span.len()).max().unwrap_or(0);
    for candidate in candidates {
        // Only candidates that begin within one longest span before ours can reach into it.
        let near = by_start.range(candidate.span.start.saturating_sub(longest)..=candidate.span.end);
        let rival = near.flat_map(|(_, places)| places).copied().find(|&place| same_secret(&kept[place], &candidate));
        match rival {
            Some(place) => {
                let best = &mut kept[place];
                best.exposure = best.exposure.max(candidate.exposure);
                best.object = best.object.take().or(candidate.object);
                best.silenced |= candidate.silenced;
            }
            None => {
                by_start.entry(candidate.span.start).or_default().push(kept.len());
                kept.push(candidate);
            }
        }
    }
    kept.sort_by(|a, b| {
        (a.span.start, a.span.end, &a.rule.id, a.value.expose()).cmp(&(
            b.span.start,
            b.span.end,
            &b.rule.id,
            b.value.expose(),
        ))
    });
    kept
}

/// A value without white space and escapes: a key in JSON is the same key when its lines are undone.
fn plain(candidate: &Candidate) -> Zeroizing<String> {
    let unescaped = Zeroizing::new(candidate.value.expose().replace("\\n", ""));
    Zeroizing::new(unescaped.chars().filter(|c| !c.is_whitespace()).collect())
}

/// Whether two candidates speak of one secret at one place. Encoded values share the range of their scalar, so
/// there the values decide.
fn same_secret(a: &Candidate, b: &Candidate) -> bool {
    let overlap = a.span.start < b.span.end && b.span.start < a.span.end || a.span == b.span;
    if !overlap {
        return false;
    }
    if a.exact || b.exact {
        return true;
    }
    let (one, other) = (plain(a), plain(b));
    one.contains(other.as_str()) || other.contains(one.as_str())
}
