//! The labelled corpus, scored: every secret found once, in its place, and nothing else.
//!
//! `cargo test corpus -- --nocapture` prints the table.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ksecrets::hunt::{Hunter, Options};
use ksecrets::model::{Class, Finding, Report};
use ksecrets::pattern::{Set, builtin};
use serde::Deserialize;

/// One case of `labels.yaml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    file: String,
    #[serde(default)]
    #[expect(dead_code, reason = "read by people")]
    why: String,
    expect: Vec<Label>,
}

/// One secret.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
struct Label {
    rule: RuleNames,
    exposure: String,
    line: u32,
    field: Option<String>,
}

/// One rule, or several that are equally right.
#[derive(Deserialize, Debug)]
#[serde(untagged)]
enum RuleNames {
    One(String),
    Any(Vec<String>),
}

impl RuleNames {
    fn allows(&self, rule: &str) -> bool {
        match self {
            Self::One(name) => name == rule,
            Self::Any(names) => names.iter().any(|name| name == rule),
        }
    }
}

/// What became of the labels of one shape.
#[derive(Default)]
struct Score {
    labels: usize,
    found: usize,
    alarms: usize,
    wrong: Vec<String>,
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/corpus")
}

/// Copies a shape without the marks that keep its tokens from looking alive to other scanners.
pub(crate) fn unmarked(shape: &Path, target: &Path) {
    for entry in fs::read_dir(shape).unwrap() {
        let from = entry.unwrap().path();
        let to = target.join(from.file_name().unwrap());
        if from.is_dir() {
            fs::create_dir_all(&to).unwrap();
            unmarked(&from, &to);
        } else if from.file_name().unwrap() != "labels.yaml" {
            let bytes = fs::read(&from).unwrap();
            let bytes = match String::from_utf8(bytes) {
                Ok(text) => text.replace('¦', "").into_bytes(),
                Err(error) => error.into_bytes(),
            };
            fs::write(to, bytes).unwrap();
        }
    }
}

fn hunt(folder: &Path) -> Report {
    let hunter =
        Hunter::new(Set::new(builtin().unwrap()).unwrap(), Options { honour_ignores: true, ..Options::default() });
    crate::common::hunt_folder(&hunter, folder, 2)
}

fn place(finding: &Finding) -> (String, u32) {
    let path = finding.location.path.clone().unwrap_or_default();
    (path, finding.location.region.unwrap_or_default().line)
}

fn score(shape: &Path) -> Score {
    let cases: Vec<Case> = serde_yaml::from_str(&fs::read_to_string(shape.join("labels.yaml")).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    unmarked(shape, folder.path());
    let report = hunt(folder.path());
    let mut open: BTreeMap<(String, u32), Vec<&Finding>> = BTreeMap::new();
    for finding in report.findings.iter().filter(|finding| finding.class() == Class::Credential) {
        open.entry(place(finding)).or_default().push(finding);
    }
    let mut score = Score::default();
    for case in &cases {
        for label in &case.expect {
            score.labels += 1;
            let key = (case.file.clone(), label.line);
            let here = open.get_mut(&key).filter(|here| !here.is_empty());
            let Some(here) = here else {
                score.wrong.push(format!("missed    {}:{} {:?}", case.file, label.line, label));
                continue;
            };
            score.found += 1;
            let best = here.iter().position(|finding| matches(label, finding)).unwrap_or(0);
            let finding = here.remove(best);
            if !matches(label, finding) {
                score.wrong.push(format!(
                    "otherwise {}:{} expected {label:?}, got {}",
                    case.file,
                    label.line,
                    describe(finding)
                ));
            }
        }
    }
    for ((file, line), rest) in open {
        for finding in rest {
            score.alarms += 1;
            score.wrong.push(format!("alarm     {file}:{line} {}", describe(finding)));
        }
    }
    score
}

fn matches(label: &Label, finding: &Finding) -> bool {
    let field = finding.location.object.as_ref().map(|object| object.field.as_str());
    label.rule.allows(finding.id().as_str())
        && finding.exposure.is_some_and(|exposure| exposure.as_str() == label.exposure)
        && (label.field.is_none() || label.field.as_deref() == field)
}

fn describe(finding: &Finding) -> String {
    let field = finding.location.object.as_ref().map_or("", |object| object.field.as_str());
    let exposure = finding.exposure.map_or("", |exposure| exposure.as_str());
    let excerpt = finding.excerpt.as_ref().map_or("", |excerpt| excerpt.text.as_str());
    format!("{} {exposure} {field} [{}] {excerpt}", finding.id(), finding.confidence)
}

#[test]
fn corpus_is_found_whole_and_nothing_else() {
    let mut shapes: Vec<PathBuf> = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path()).collect();
    shapes.sort();
    let mut total = Score::default();
    println!("{:22} {:>7} {:>7} {:>7}", "shape", "secrets", "found", "alarms");
    for shape in shapes.iter().filter(|shape| shape.is_dir()) {
        let score = score(shape);
        let name = shape.file_name().unwrap().to_string_lossy().into_owned();
        println!("{name:22} {:>7} {:>7} {:>7}", score.labels, score.found, score.alarms);
        total.labels += score.labels;
        total.found += score.found;
        total.alarms += score.alarms;
        total.wrong.extend(score.wrong.into_iter().map(|line| format!("{name}/{line}")));
    }
    println!("{:22} {:>7} {:>7} {:>7}", "all", total.labels, total.found, total.alarms);
    assert!(total.wrong.is_empty(), "{} wrong:\n{}", total.wrong.len(), total.wrong.join("\n"));
}
