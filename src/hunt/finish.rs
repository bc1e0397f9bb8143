//! From candidates to findings, and from the findings of all threads to one report.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use crate::model::{
    Excerpt, Exposure, Finding, Fingerprint, Location, ObjectRef, Redacted, Redaction, Related, Report, Rule, RuleId,
    SecretFacts, SecretReaders, SecretValue, Severity, Skipped, Summary,
};

use super::audience::{self, Plurals};
use super::candidate::Candidate;
use super::census::Uses;
use super::excerpt::{Masked, excerpt};
use super::known::KnownValues;
use super::lines::LineIndex;
use super::made::{self, Makers};
use super::rights::{Resolved, Rights, uncounted};
use super::sops::CreationRules;
use super::suppress::silences_line;
use super::{Coverage, Draft, Hunter, Sighted, Worker};

/// Most findings of one rule that are listed for one file. More of them say nothing new, and memory must not grow
/// with what a file holds.
const MOST_LISTED: u64 = 1000;

/// What was seen in one file, which may come in several windows, and what of it is not told.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Credentials by rule.
    seen: BTreeMap<RuleId, u64>,
    /// Values that were seen and not weighed.
    pub(super) unweighed: u64,
}

impl Counts {
    /// Counts a credential; tells whether there is room for it.
    fn admits(&mut self, rule: &RuleId) -> bool {
        let seen = self.seen.entry(rule.clone()).or_default();
        *seen += 1;
        *seen <= MOST_LISTED
    }

    /// Whether everything is told.
    pub(super) fn is_complete(&self) -> bool {
        self.unweighed == 0 && self.seen.values().all(|seen| *seen <= MOST_LISTED)
    }

    /// What a report says of the rest.
    fn untold(&self, place: &str) -> impl Iterator<Item = Skipped> {
        let skipped = move |reason: String, unread: bool| Skipped { place: place.to_owned(), reason, unread };
        let over = self.seen.iter().filter(|(_, seen)| **seen > MOST_LISTED);
        let unlisted =
            over.map(|(rule, seen)| format!("{} more findings of {rule} are not listed", seen - MOST_LISTED));
        let unweighed =
            (self.unweighed > 0).then(|| format!("{} more values were seen and not weighed", self.unweighed));
        let told = unweighed.map(|reason| skipped(reason, true));
        told.into_iter().chain(unlisted.map(move |reason| skipped(reason, false)))
    }
}

/// Makes findings of what was seen in one blob.
pub(super) struct Drafts<'d> {
    pub(super) hunter: &'d Hunter,
    /// None for an object of a cluster.
    pub(super) path: Option<&'d str>,
    pub(super) lines: LineIndex<'d>,
}

impl Drafts<'_> {
    /// The findings that are wanted and not silenced, as many as the file has room for, and how many were silenced.
    pub(super) fn all(
        &self,
        candidates: Vec<Candidate>,
        sighted: Vec<Sighted>,
        counts: &mut Counts,
    ) -> (Vec<Draft>, u64) {
        let seen = Seen::new(&candidates, self.hunter.options.redaction);
        let mut suppressed = 0;
        let mut drafts = Vec::new();
        for (place, candidate) in candidates.iter().enumerate() {
            if !self.is_wanted(&candidate.rule, candidate.confidence) {
                continue;
            }
            if self.is_silenced(candidate.silenced, &candidate.rule, &[candidate.span.start, candidate.anchor]) {
                suppressed += 1;
                continue;
            }
            if counts.admits(&candidate.rule.id) {
                drafts.push(self.credential(candidate, &seen, place));
            }
        }
        for sighting in sighted {
            if !self.is_wanted(&sighting.rule, sighting.confidence) {
                continue;
            }
            if self.is_silenced(sighting.silenced, &sighting.rule, &[sighting.span.start, sighting.anchor]) {
                suppressed += 1;
                continue;
            }
            drafts.push(self.sighting(sighting, &seen));
        }
        (drafts, suppressed)
    }

    fn is_wanted(&self, rule: &Rule, confidence: crate::model::Confidence) -> bool {
        self.hunter.wants(&rule.id) && self.hunter.options.min_confidence.is_none_or(|least| confidence >= least)
    }

    fn is_silenced(&self, by_object: bool, rule: &Rule, places: &[usize]) -> bool {
        let id = rule.id.as_str();
        self.hunter.options.honour_ignores && (by_object || places.iter().any(|&at| silences_line(&self.lines, at, id)))
    }

    fn location(&self, span: Range<usize>, object: Option<ObjectRef>) -> Location {
        let region = self.path.map(|_| self.lines.region(span));
        Location { path: self.path.map(str::to_owned), region, object }
    }

    fn severity(&self, rule: &Rule, severity: Severity) -> Severity {
        self.hunter.options.severities.get(&rule.id).copied().unwrap_or(severity)
    }

    fn credential(&self, candidate: &Candidate, seen: &Seen<'_>, place: usize) -> Draft {
        let rule = Arc::clone(&candidate.rule);
        let location = self.location(candidate.span.clone(), candidate.object.clone());
        let finding = Finding {
            exposure: Some(candidate.exposure),
            severity: self.severity(&rule, candidate.severity),
            confidence: candidate.confidence,
            title: title(&rule, candidate.exposure),
            message: candidate.message.clone(),
            excerpt: self.path.map(|_| self.excerpt(candidate.span.start, None, seen, place)),
            secret: Some(SecretFacts {
                redacted: seen.shown[place].clone(),
                length: candidate.value.expose().chars().count(),
                group: 0,
                hmac: self.hunter.options.fingerprint_key.as_ref().map(|key| key.digest(&candidate.value)),
                decoded_from: candidate.decoded.clone(),
            }),
            fingerprint: Fingerprint::new(&rule.id, &location, Some(&candidate.value), 0),
            related: candidate.related.clone(),
            notes: candidate.notes.clone(),
            remediation: rule.remediation.clone(),
            suggestion: None,
            location,
            rule,
        };
        Draft { finding, value: Some(candidate.value.clone()) }
    }

    fn sighting(&self, sighting: Sighted, seen: &Seen<'_>) -> Draft {
        let first_line = self.lines.bytes_of(self.lines.line(sighting.span.start)).end;
        let span = sighting.span.start..sighting.span.end.min(first_line).max(sighting.span.start);
        let location = self.location(span.clone(), Some(sighting.object));
        let own = Own { range: span, exact: sighting.exact };
        let excerpt = self.path.map(|_| self.excerpt(sighting.span.start, Some(own), seen, usize::MAX));
        let weight = (sighting.severity, sighting.confidence);
        let plain = self.hunter.finding(&sighting.rule, weight, sighting.message, location);
        let finding = Finding { excerpt, ..plain };
        Draft { finding, value: None }
    }

    /// The line of a byte, cut to what lies near it, with every known value in it redacted. `own` is what to mark
    /// when the finding has no value.
    fn excerpt(&self, at: usize, own: Option<Own>, seen: &Seen<'_>, primary: usize) -> Excerpt {
        let window = self.lines.near(at);
        let text = self.lines.slice(window.clone());
        let mut masks = seen.masks(&window, primary);
        for (place, range) in seen.repeats(text) {
            if is_free(&masks, &range) {
                masks.push((usize::MAX - 1, Masked { range, shown: seen.shown[place].as_str() }));
            }
        }
        if let Some(Own { range, exact }) = own {
            let range = range.start - window.start..range.end.min(window.end) - window.start;
            let shown = if exact { &text[range.clone()] } else { "…" };
            if is_free(&masks, &range) {
                masks.push((primary, Masked { range, shown }));
            }
        }
        masks.sort_by_key(|(_, mask)| mask.range.start);
        let position = masks.iter().position(|(place, _)| *place == primary).unwrap_or(usize::MAX);
        let masks: Vec<Masked<'_>> = masks.into_iter().map(|(_, mask)| mask).collect();
        excerpt(text, &masks, position)
    }
}

fn is_free(masks: &[(usize, Masked<'_>)], range: &Range<usize>) -> bool {
    masks.iter().all(|(_, mask)| range.end <= mask.range.start || mask.range.end <= range.start)
}

/// What a finding without a value is about.
struct Own {
    range: Range<usize>,
    /// Whether it stands there as such and may be shown. What is escaped or encoded may hold a secret that was not found.
    exact: bool,
}

/// Every value found in one blob, ready to be looked for in its lines.
struct Seen<'c> {
    candidates: &'c [Candidate],
    shown: Vec<Redacted>,
    longest: usize,
    /// The short ones as an automaton, and which candidate each of its patterns is. Long ones do not fit a window.
    values: Option<AhoCorasick>,
    short: Vec<usize>,
}

impl<'c> Seen<'c> {
    fn new(candidates: &'c [Candidate], redaction: Redaction) -> Self {
        const LONGEST_REPEATED: usize = 256;
        let length = |place: &usize| candidates[*place].value.expose().len();
        let short: Vec<usize> =
            (0..candidates.len()).filter(|place| (3..=LONGEST_REPEATED).contains(&length(place))).collect();
        let values = short.iter().map(|&place| candidates[place].value.expose());
        // A few values are looked for in a few lines: what is quick to build wins.
        let kind = (short.len() < 64).then_some(AhoCorasickKind::NoncontiguousNFA);
        Self {
            candidates,
            shown: candidates.iter().map(|candidate| Redacted::new(&candidate.value, redaction)).collect(),
            longest: candidates.iter().map(|candidate| candidate.span.len()).max().unwrap_or(0),
            values: (!short.is_empty())
                .then(|| AhoCorasick::builder().kind(kind).match_kind(MatchKind::LeftmostLongest).build(values).ok())
                .flatten(),
            short,
        }
    }

    /// The values that lie in a window, overlapping ones as one.
    fn masks(&self, window: &Range<usize>, primary: usize) -> Vec<(usize, Masked<'_>)> {
        // Candidates are ordered by where they begin, and none is longer than the longest.
        let first = self.candidates.partition_point(|c| c.span.start < window.start.saturating_sub(self.longest));
        let mut masks: Vec<(usize, Masked<'_>)> = Vec::new();
        for (place, candidate) in self.candidates.iter().enumerate().skip(first) {
            if candidate.span.start > window.end {
                break;
            }
            let inside = candidate.span.start.max(window.start)..candidate.span.end.min(window.end);
            if inside.start >= inside.end && !(place == primary && inside.start == inside.end) {
                continue;
            }
            let range = inside.start - window.start..inside.end - window.start;
            // Encoded text is not shown at all: some of its characters would give away some of the value's.
            let text = if candidate.exact && candidate.decoded.is_empty() { self.shown[place].as_str() } else { "…" };
            match masks.last_mut() {
                Some((kept, last)) if range.start < last.range.end => {
                    last.range.end = last.range.end.max(range.end);
                    last.shown = "…";
                    if place == primary {
                        *kept = place;
                    }
                }
                _ => masks.push((place, Masked { range, shown: text })),
            }
        }
        masks
    }

    /// Places in a text where a known value stands again: in a comment beside its encoded form, say.
    fn repeats<'t>(&'t self, text: &'t str) -> impl Iterator<Item = (usize, Range<usize>)> + 't {
        let found = self.values.iter().flat_map(move |values| values.find_iter(text));
        found.map(|found| (self.short[found.pattern().as_usize()], found.range()))
    }
}

fn title(rule: &Rule, exposure: Exposure) -> String {
    format!("{} in {}", rule.title, exposure.phrase())
}

/// What all workers saw.
#[derive(Default)]
struct Gathered {
    summary: Summary,
    drafts: Vec<Draft>,
    skipped: Vec<Skipped>,
    sops: Vec<CreationRules>,
    written: Rights,
    granted: Rights,
    makers: Makers,
    uses: Uses,
    plurals: Plurals,
}

impl Gathered {
    fn add(&mut self, worker: Worker<'_>) {
        self.summary.add(&worker.summary);
        self.drafts.extend(worker.found);
        self.skipped.extend(worker.skipped);
        self.skipped.extend(worker.counts.iter().flat_map(|(path, counts)| counts.untold(path)));
        self.sops.extend(worker.sops);
        self.written.merge(worker.written);
        self.granted.merge(worker.granted);
        self.makers.extend(worker.makers);
        self.uses.merge(worker.uses);
        self.plurals.extend(worker.plurals);
    }

    /// Says who reads Secrets and which of them are unused or missing, and weighs credentials by who sees them; gives
    /// back the readers that were asked for.
    fn judge(&mut self, hunter: &Hunter) -> Vec<SecretReaders> {
        let complete = self.is_complete();
        self.skipped.extend(uncounted(hunter, [&self.written, &self.granted]));
        let written = std::mem::take(&mut self.written).resolve(hunter, false);
        let granted = std::mem::take(&mut self.granted).resolve(hunter, true);
        self.take_census(hunter, granted.as_ref(), complete);
        let opened = granted.as_ref().map_or_else(Vec::new, |rights| {
            audience::weigh(hunter, &mut self.drafts, &rights.access, &self.plurals, complete)
        });
        let mut readers = Vec::new();
        for (rights, opened) in [(written, Vec::new()), (granted, opened)] {
            let Some(rights) = rights else { continue };
            let judged = rights.judge(hunter, opened);
            self.drafts.extend(judged.drafts);
            readers.extend(judged.readers);
            self.summary.suppressed += judged.suppressed;
        }
        readers
    }

    fn take_census(&mut self, hunter: &Hunter, granted: Option<&Resolved>, complete: bool) {
        // What was not read may refer to anything.
        let coverage = hunter.options.coverage.map(|coverage| if complete { coverage } else { Coverage::Part });
        let told = std::mem::take(&mut self.uses).judge(hunter, coverage, granted);
        self.drafts.extend(told.drafts);
        self.skipped.extend(told.untold);
        self.summary.suppressed += told.silenced;
    }

    fn is_complete(&self) -> bool {
        self.skipped.iter().all(|skipped| !skipped.unread)
    }
}

/// Joins the workers' drafts.
pub(super) fn report(hunter: &Hunter, workers: Vec<Worker<'_>>) -> Report {
    let mut all = Gathered::default();
    workers.into_iter().for_each(|worker| all.add(worker));
    let access = all.judge(hunter);
    let Gathered { summary, mut drafts, mut skipped, mut sops, makers, .. } = all;
    skipped.extend(hunter.known().and_then(unsearched));
    sops.sort_by_key(|rules| std::cmp::Reverse(rules.depth()));
    mark_unsealed(&mut drafts, &sops);
    sort(&mut drafts);
    drop_repeats(&mut drafts);
    made::fold_annotations(&mut drafts);
    made::fold(&mut drafts, &makers);
    number(&mut drafts);
    group(&mut drafts);
    skipped.sort_by(|a, b| in_order(&a.place).cmp(&in_order(&b.place)).then_with(|| a.cmp(b)));
    skipped.dedup();
    let findings = drafts.into_iter().map(|draft| draft.finding).collect();
    let access = hunter.options.readers.is_some().then_some(access);
    Report { targets: Vec::new(), summary, findings, skipped, access, at_rest: None }
}

/// Values of live Secrets that were not looked for everywhere.
fn unsearched(known: &KnownValues) -> Option<Skipped> {
    let number = known.unsearched();
    let reason = format!("{number} values are too much alike to be looked for inside of longer texts");
    (number > 0).then(|| Skipped { place: "secrets".to_owned(), reason, unread: false })
}

/// A place as people count: line 9 before line 10.
fn in_order(place: &str) -> (&str, u64) {
    let line = place.rsplit_once(':').and_then(|(path, line)| Some((path, line.parse().ok()?)));
    line.unwrap_or((place, 0))
}

/// Values in files that `.sops.yaml` says should be encrypted.
fn mark_unsealed(drafts: &mut [Draft], sops: &[CreationRules]) {
    for draft in drafts {
        let finding = &mut draft.finding;
        let path = finding.location.path.as_deref().unwrap_or("");
        let field = finding.location.object.as_ref().map_or("", |object| object.field.as_str());
        if finding.exposure.is_some() && sops.iter().any(|rules| rules.covers(path, field)) {
            finding.exposure = Some(Exposure::HalfSealed);
            finding.title = title(&finding.rule, Exposure::HalfSealed);
            finding.notes.push("a creation rule of .sops.yaml says that this file should be encrypted".to_owned());
        }
    }
}

fn sort(drafts: &mut [Draft]) {
    drafts.sort_by(|a, b| {
        let place = |draft: &Draft| draft.finding.location.region;
        (a.finding.location.path.cmp(&b.finding.location.path))
            .then_with(|| place(a).cmp(&place(b)))
            .then_with(|| live_object(a).cmp(&live_object(b)))
            .then_with(|| a.finding.rule.id.cmp(&b.finding.rule.id))
            .then_with(|| value_of(a).cmp(value_of(b)))
            .then_with(|| b.finding.exposure.cmp(&a.finding.exposure))
    });
}

/// The object that orders findings without a file.
fn live_object(draft: &Draft) -> Option<&ObjectRef> {
    let location = &draft.finding.location;
    location.object.as_ref().filter(|_| location.path.is_none())
}

fn value_of(draft: &Draft) -> &str {
    draft.value.as_ref().map_or("", SecretValue::expose)
}

/// A file that a generator names was scanned twice: the more telling exposure stays. An object of a cluster may have
/// been, when a list had to begin anew. Of what has no value, saying it once is enough.
fn drop_repeats(drafts: &mut Vec<Draft>) {
    let place = |draft: &Draft| {
        let object = live_object(draft).cloned();
        (draft.finding.location.path.clone(), object, value_of(draft).to_owned())
    };
    let line = |draft: &Draft| draft.finding.location.region.unwrap_or_default().line;
    let mut best = HashMap::new();
    for draft in drafts.iter().filter(|draft| draft.value.is_some()) {
        let exposure = draft.finding.exposure.unwrap_or(Exposure::SourceFile);
        let known = best.entry((place(draft), line(draft))).or_insert(exposure);
        *known = exposure.max(*known);
    }
    let (mut kept, mut said) = (HashSet::new(), HashSet::new());
    drafts.retain(|draft| {
        let Finding { fingerprint, location, message, .. } = &draft.finding;
        let Some(exposure) = draft.finding.exposure else {
            return said.insert((fingerprint.clone(), location.region, message.clone()));
        };
        let is_best = best.get(&(place(draft), line(draft))).is_none_or(|best| exposure >= *best);
        is_best && kept.insert((place(draft), draft.finding.location.region))
    });
}

/// Tells findings apart that have the same symbolic place and value.
fn number(drafts: &mut [Draft]) {
    let mut seen: HashMap<Fingerprint, u32> = HashMap::new();
    for draft in drafts {
        let count = seen.entry(draft.finding.fingerprint.clone()).or_insert(0);
        if *count > 0 {
            let finding = &mut draft.finding;
            finding.fingerprint = Fingerprint::new(&finding.rule.id, &finding.location, draft.value.as_ref(), *count);
        }
        *count += 1;
    }
}

/// Gives equal values one ordinal and names their other places.
fn group(drafts: &mut [Draft]) {
    const MOST_RELATED: usize = 5;
    let mut groups: HashMap<String, (u32, Vec<usize>)> = HashMap::new();
    for (place, draft) in drafts.iter().enumerate() {
        let Some(value) = &draft.value else { continue };
        let next = groups.len() as u32 + 1;
        groups.entry(value.expose().to_owned()).or_insert((next, Vec::new())).1.push(place);
    }
    let locations: Vec<Location> = drafts.iter().map(|draft| draft.finding.location.clone()).collect();
    for (ordinal, places) in groups.values() {
        for &place in places {
            let finding = &mut drafts[place].finding;
            if let Some(secret) = &mut finding.secret {
                secret.group = *ordinal;
            }
            let others = places.iter().filter(|&&other| other != place).take(MOST_RELATED);
            finding.related.extend(
                others.map(|&other| Related {
                    location: locations[other].clone(),
                    message: Related::SAME_VALUE.to_owned(),
                }),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_in_the_order_of_their_lines() {
        let mut places = ["a.yaml:10", "a.yaml:9", "a.yaml", "A: b"];
        places.sort_by(|a, b| in_order(a).cmp(&in_order(b)));
        assert_eq!(places, ["A: b", "a.yaml", "a.yaml:9", "a.yaml:10"]);
    }
}
