//! What is wrong with sealed objects, as a report.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ksecrets::model::{Finding, Fingerprint, Location, Region, Report, Rule, RuleId, Skipped, Summary, Target};
use ksecrets::seal::{rule_of, rules};

use super::look::{Looked, Text};
use super::verify::Seen;

/// One thing that is wrong.
pub(super) struct Told {
    /// A short name that stays the same.
    pub(super) code: &'static str,
    pub(super) message: String,
    /// What to run.
    pub(super) remedy: Option<String>,
    /// From 1; that of the object unless the problem has one of its own.
    pub(super) line: Option<usize>,
}

impl Told {
    pub(super) fn without_rule() -> Self {
        Self {
            code: "without-rule",
            message: "no rule of seal.recipients is for this path".to_owned(),
            remedy: Some("add one to .ksecrets.yaml".to_owned()),
            line: None,
        }
    }

    /// A problem of one of Bitnami's: where, a short name, a sentence.
    pub(super) fn of_theirs(text: &Text<'_>, (at, code, message): (usize, &'static str, String)) -> Self {
        Self { code, message, remedy: None, line: Some(text.line(at)) }
    }
}

/// The report of what was seen in these paths.
pub(super) fn report(paths: &[PathBuf], looked: &[Looked<Seen>]) -> Report {
    let rules: HashMap<RuleId, Arc<Rule>> = rules().into_iter().map(|rule| (rule.id.clone(), rule)).collect();
    let mut ordinals = HashMap::new();
    let mut findings = Vec::new();
    for one in looked {
        let path = one.path.display().to_string().replace('\\', "/");
        for seen in &one.seen {
            for told in &seen.told {
                let Some(rule) = rules.get(&RuleId::new(rule_of(told.code))) else { continue };
                let location = location(&path, seen, told);
                // Several problems of one kind lie in one object: they are told apart by their order.
                let ordinal = ordinals.entry((rule.id.clone(), location.clone())).or_insert(0);
                findings.push(finding(rule, location, told, *ordinal));
                *ordinal += 1;
            }
        }
    }
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let skipped = looked.iter().flat_map(|one| {
        let place = one.path.display().to_string();
        one.unread.iter().map(move |reason| Skipped { place: place.clone(), reason: reason.clone(), unread: true })
    });
    Report {
        targets: paths.iter().map(|path| target(path)).collect(),
        summary: Summary {
            files: number(looked.len()),
            bytes: number(looked.iter().map(|one| one.bytes).sum()),
            objects: number(looked.iter().map(|one| one.seen.len()).sum()),
            ..Summary::default()
        },
        findings,
        skipped: skipped.collect(),
        access: None,
        at_rest: None,
    }
}

fn target(path: &Path) -> Target {
    let kind = if path.as_os_str() == "-" { "stdin" } else { "path" };
    Target { kind, name: path.display().to_string() }
}

fn location(path: &str, seen: &Seen, told: &Told) -> Location {
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    // The width of the object's own line is known, and of no other.
    let (line, width) = told.line.map_or((seen.line, seen.width), |line| (line, 0));
    let region = Region { line: number(line), column: 1, end_line: number(line), end_column: number(width + 1) };
    let object = Some(seen.object.clone()).filter(|object| !object.kind.is_empty());
    Location { path: Some(path.to_owned()), region: Some(region), object }
}

fn finding(rule: &Arc<Rule>, location: Location, told: &Told, ordinal: u32) -> Finding {
    let fingerprint = Fingerprint::new(&rule.id, &location, None, ordinal);
    let weight = (rule.severity, rule.confidence);
    let mut finding = Finding { fingerprint, ..Finding::without_value(rule, weight, told.message.clone(), location) };
    if let Some(remedy) = &told.remedy {
        finding.remediation = format!("{}{}.", remedy[..1].to_uppercase(), &remedy[1..]).into();
    }
    finding
}
