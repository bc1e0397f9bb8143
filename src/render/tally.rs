//! What several renderers count and say alike.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::model::{Class, Confidence, Finding, Location, Related, Report, SecretFacts, Severity};

/// How many reasons for skipping a report for people names.
pub(super) const SKIPPED_SHOWN: usize = 10;

/// How many other places of one finding a report for people names.
pub(super) const PLACES_SHOWN: usize = 3;

/// `1 file`, `2 files`.
pub(super) fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// `4 findings (1 critical, 3 high)`; `no findings`.
pub(super) fn findings(report: &Report) -> String {
    if report.findings.is_empty() {
        return "no findings".to_owned();
    }
    let parts: Vec<String> = Severity::ALL
        .into_iter()
        .map(|severity| (report.count(severity), severity))
        .filter(|(number, _)| *number > 0)
        .map(|(number, severity)| format!("{number} {severity}"))
        .collect();
    format!("{} ({})", count(report.findings.len() as u64, "finding"), parts.join(", "))
}

/// `318 files, 512 objects, 7.3 MB; 2 suppressed, 3 skipped, 41 ms`.
pub(super) fn looked_at(report: &Report) -> String {
    let summary = &report.summary;
    let mut seen = Vec::new();
    // A hunt in a cluster has objects and no files.
    let cluster = report.targets.iter().all(|target| target.kind == "cluster") && !report.targets.is_empty();
    if summary.files > 0 || !cluster && summary.objects == 0 {
        seen.push(count(summary.files, "file"));
    }
    if summary.objects > 0 || cluster {
        seen.push(count(summary.objects, "object"));
    }
    seen.push(bytes(summary.bytes));
    let skipped = report.skipped.len() as u64;
    let binaries = if summary.binaries == 1 { "binary" } else { "binaries" };
    let mut rest: Vec<String> =
        [(summary.suppressed, "suppressed"), (skipped, "skipped"), (summary.binaries, binaries)]
            .iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, word)| format!("{number} {word}"))
            .collect();
    rest.push(duration(summary.duration));
    format!("{}; {}", seen.join(", "), rest.join(", "))
}

/// `4 findings (1 critical, 3 high)`; `Nothing found`: the beginning of a sentence.
pub(super) fn opening(report: &Report) -> String {
    if report.findings.is_empty() { "Nothing found".to_owned() } else { findings(report) }
}

/// How many low findings of one structural rule, or of little confidence, a report for people tells one by one: they are
/// habits of whoever wrote the manifests, or passwords of tests, and the eleventh says nothing new.
const HABITS_SHOWN: usize = 10;

/// What a report for people tells one by one, in the report's order, and what it only counts.
pub(super) struct Told<'r> {
    pub(super) findings: Vec<&'r Finding>,
    /// `3580 × secret-env`, if there are any.
    pub(super) rest: Option<String>,
}

impl<'r> Told<'r> {
    /// Chooses. A report of one rule alone was asked for, and is told in full.
    pub(super) fn new(report: &'r Report) -> Self {
        let mut seen = BTreeMap::<&str, usize>::new();
        let several = report.findings.windows(2).any(|pair| pair[0].id() != pair[1].id());
        let mut findings = Vec::new();
        for finding in report.findings.iter().filter(|finding| finding.severity > Severity::Info) {
            let habit = finding.rule.class == Class::Exposure || finding.confidence == Confidence::Low;
            if several && habit && finding.severity == Severity::Low {
                let seen = seen.entry(finding.id().as_str()).or_default();
                *seen += 1;
                if *seen > HABITS_SHOWN {
                    continue;
                }
            }
            findings.push(finding);
        }
        let rest = seen.into_iter().filter(|(_, number)| *number > HABITS_SHOWN);
        Self { findings, rest: counts(rest.map(|(rule, number)| (rule, number - HABITS_SHOWN))) }
    }
}

/// Places with one reason for not having been looked at, or not in full.
pub(super) struct Reason<'r> {
    pub(super) reason: &'r str,
    pub(super) places: Vec<&'r str>,
}

impl<'r> Reason<'r> {
    /// The reasons of a report, in the order of their first places.
    pub(super) fn all(report: &'r Report, unread: bool) -> Vec<Self> {
        let mut reasons = Vec::<Self>::new();
        let mut known = HashMap::new();
        for skipped in report.skipped.iter().filter(|skipped| skipped.unread == unread) {
            let index = *known.entry(skipped.reason.as_str()).or_insert(reasons.len());
            if index == reasons.len() {
                reasons.push(Self { reason: &skipped.reason, places: Vec::new() });
            }
            reasons[index].places.push(&skipped.place);
        }
        reasons
    }

    /// What it says: `a.yaml: reason` for one place, `reason: 12 places, a.yaml, b.yaml, c.yaml, …` for several.
    pub(super) fn sentence(&self, place: fn(&str) -> String, prose: fn(&str) -> String) -> String {
        let places: Vec<String> = self.places.iter().take(PLACES_SHOWN).map(|name| place(name)).collect();
        let reason = prose(self.reason);
        if let [place] = places.as_slice() {
            return format!("{place}: {reason}");
        }
        let more = if self.places.len() > PLACES_SHOWN { ", …" } else { "" };
        format!("{reason}: {} places, {}{more}", self.places.len(), places.join(", "))
    }
}

/// `12 × service-account-token, 1 × jwt`: findings that are worth knowing, but not worth a paragraph each.
pub(super) fn infos(report: &Report) -> Option<String> {
    let mut rules = BTreeMap::<&str, usize>::new();
    for finding in report.findings.iter().filter(|finding| finding.severity == Severity::Info) {
        *rules.entry(finding.id().as_str()).or_default() += 1;
    }
    counts(rules.into_iter())
}

/// Most frequent first.
fn counts<'r>(rules: impl Iterator<Item = (&'r str, usize)>) -> Option<String> {
    let mut rules: Vec<_> = rules.collect();
    rules.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
    let parts: Vec<String> = rules.iter().map(|(rule, number)| format!("{number} × {rule}")).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// `S3c… (18 characters, under base64)`.
pub(super) fn value(secret: &SecretFacts) -> String {
    let layers = match secret.decoded_from.as_slice() {
        [] => String::new(),
        layers => format!(", under {}", layers.join(", ")),
    };
    format!("{} ({}{layers})", secret.redacted, count(secret.length as u64, "character"))
}

/// Decimal units, as disks and networks are sold.
fn bytes(number: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "one digit is shown")]
    let exact = number as f64;
    match number {
        0..1_000 => format!("{number} B"),
        1_000..1_000_000 => format!("{:.1} kB", exact / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", exact / 1e6),
        _ => format!("{:.1} GB", exact / 1e9),
    }
}

fn duration(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        1..60 => format!("{:.1} s", time.as_secs_f64()),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

/// Where equal values lie.
pub(super) struct Groups<'a>(HashMap<u32, Vec<&'a Finding>>);

impl<'a> Groups<'a> {
    /// Groups the findings of a report by value, in the report's order.
    pub(super) fn new(report: &'a Report) -> Self {
        let mut groups = HashMap::<u32, Vec<&Finding>>::new();
        for finding in &report.findings {
            if let Some(secret) = &finding.secret {
                groups.entry(secret.group).or_default().push(finding);
            }
        }
        Self(groups)
    }

    /// `same value as 5 other places: b.yaml:3:1, c.yaml:9:1, d.yaml:2:7, …`, if there are others.
    pub(super) fn others(&self, finding: &Finding) -> Option<String> {
        let members = self.0.get(&finding.secret.as_ref()?.group)?;
        let others = members.len().checked_sub(1).filter(|others| *others > 0)?;
        let mut places: Vec<String> = members
            .iter()
            .filter(|member| !std::ptr::eq(**member, finding))
            .take(PLACES_SHOWN)
            .map(|member| place(&member.location))
            .collect();
        if others > PLACES_SHOWN {
            places.push("…".to_owned());
        }
        Some(format!("same value as {}: {}", count(others as u64, "other place"), places.join(", ")))
    }
}

/// The position in a file; of a live object, its title.
pub(super) fn place(location: &Location) -> String {
    match (&location.path, &location.object) {
        (None, Some(object)) => object.title(),
        _ => location.position(),
    }
}

/// Related places that [`Groups`] does not already name as holding the same value.
pub(super) fn others(finding: &Finding) -> impl Iterator<Item = &Related> {
    finding.related.iter().filter(|related| related.message != Related::SAME_VALUE)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_summary_says_only_what_there_is() {
        assert_eq!(findings(&Report::default()), "no findings");
        assert_eq!(looked_at(&Report::default()), "0 files, 0 B; 0 ms");
        insta::assert_snapshot!(findings(&sample::report()), @"7 findings (1 critical, 2 high, 1 medium, 3 info)");
        insta::assert_snapshot!(
            looked_at(&sample::report()),
            @"318 files, 512 objects, 7.3 MB; 2 suppressed, 2 skipped, 5 binaries, 41 ms"
        );
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!([999, 1_500, 7_340_032, 2_000_000_000].map(bytes), ["999 B", "1.5 kB", "7.3 MB", "2.0 GB"]);
        let times = [Duration::from_millis(41), Duration::from_millis(1_250), Duration::from_secs(125)];
        assert_eq!(times.map(duration), ["41 ms", "1.2 s", "2 min 5 s"]);
    }

    #[test]
    fn infos_are_counted_most_frequent_first() {
        assert_eq!(infos(&sample::report()).as_deref(), Some("2 × service-account-token, 1 × jwt"));
        assert_eq!(infos(&Report::default()), None);
    }

    #[test]
    fn equal_values_know_of_each_other() {
        let mut report = sample::report();
        for _ in 0..4 {
            report.findings.push(report.findings[0].clone());
        }
        let groups = Groups::new(&report);
        insta::assert_snapshot!(
            groups.others(&report.findings[0]).unwrap_or_default(),
            @"same value as 5 other places: chart/values.yaml:3:13, deploy/api.yaml:21:18, deploy/api.yaml:21:18, …"
        );
        assert_eq!(groups.others(&report.findings[2]), None);
    }

    #[test]
    fn habits_are_told_ten_times_unless_they_are_all_there_is() {
        let mut report = sample::report();
        let mut habit = report.findings[0].clone();
        habit.severity = Severity::Low;
        habit.rule = std::sync::Arc::new(crate::model::Rule { class: Class::Exposure, ..(*habit.rule).clone() });
        let others = Told::new(&report).findings.len();
        report.findings.extend(std::iter::repeat_n(habit.clone(), 14));
        let told = Told::new(&report);
        assert_eq!(told.findings.len(), others + 10);
        assert_eq!(told.rest, Some(format!("4 × {}", habit.id())));
        report.findings.retain(|finding| finding.severity == Severity::Low);
        assert_eq!(Told::new(&report).findings.len(), 14);

        let mut report = sample::report();
        let weak = Finding { severity: Severity::Low, confidence: Confidence::Low, ..report.findings[0].clone() };
        report.findings.extend(std::iter::repeat_n(weak, 14));
        assert_eq!(Told::new(&report).findings.len(), others + 10, "passwords of tests");
    }
}
