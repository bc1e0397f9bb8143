//! The built-in patterns prove themselves: every example of every rule goes through the whole engine.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use ksecrets::hunt::{Hunter, Options};
use ksecrets::model::RuleId;
use ksecrets::pattern::{Body, PatternSyntax, Set, builtin, parse, without_marks};
use ksecrets::source::{Blob, Sink as _, Window};
use regex::Regex;

static HUNTER: LazyLock<Hunter> =
    LazyLock::new(|| Hunter::new(Set::new(builtin().unwrap()).unwrap(), Options::default()));

/// The ids of what the engine reports in a file.
fn reported(path: &str, text: &str) -> BTreeSet<String> {
    let mut worker = HUNTER.worker();
    worker.blob(Blob { path, text, window: Window::default(), bytes: text.len() as u64 });
    let report = HUNTER.report(vec![worker]);
    report.findings.iter().map(|finding| finding.id().to_string()).collect()
}

/// Rules whose context lies in another scalar than their secret. In a tree they need more than a key and its value:
/// a bug of ours, see `what_must_match_is_reported_in_trees`.
const ACROSS_SCALARS: [&str; 3] = ["kubeadm-bootstrap-token", "tink-keyset-key", "vault-unseal-key"];

/// Names under which a rule looks at files that are read as text.
fn texts(syntax: &PatternSyntax) -> Vec<String> {
    if syntax.paths.is_empty() {
        return vec!["deploy/app.env".to_owned()];
    }
    syntax.paths.iter().map(|glob| glob.replace("**/", "").replace('*', "main")).collect()
}

/// A name under which a rule looks at files that are read as trees, where they are some.
fn tree(syntax: &PatternSyntax) -> Vec<String> {
    if syntax.paths.is_empty() { vec!["deploy/app.yaml".to_owned()] } else { Vec::new() }
}

/// Fails with every complaint at once.
fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "{} wrong:\n{}", complaints.len(), complaints.join("\n"));
}

fn all(complain: impl Fn(&PatternSyntax) -> Vec<String>) {
    let complaints: Vec<String> = builtin()
        .unwrap()
        .iter()
        .flat_map(|syntax| complain(syntax).into_iter().map(|what| format!("{}: {what}", syntax.id)))
        .collect();
    assert_none(&complaints);
}

#[test]
fn ids_are_well_formed_and_taken_once() {
    all(|syntax| if RuleId::is_well_formed(&syntax.id) { vec![] } else { vec!["is not kebab-case".to_owned()] });
    let rules = HUNTER.rules();
    let ids: BTreeSet<_> = rules.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(ids.len(), rules.len(), "a pattern has the id of another rule");
}

#[test]
fn the_embedded_list_is_the_folder() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("patterns");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    let in_folder: Vec<String> = files
        .iter()
        .flat_map(|file| parse(&file.display().to_string(), &fs::read_to_string(file).unwrap()).unwrap())
        .map(|syntax| syntax.id)
        .collect();
    let embedded: Vec<String> = builtin().unwrap().into_iter().map(|syntax| syntax.id).collect();
    assert_eq!(embedded, in_folder);
    assert!(embedded.len() > 300, "{} patterns", embedded.len());
}

#[test]
fn every_pattern_compiles() {
    let patterns = &HUNTER.patterns().patterns;
    let wrong: Vec<String> = patterns.iter().filter_map(|pattern| Some(pattern.check().err()?.to_string())).collect();
    assert_none(&wrong);
}

#[test]
fn every_pattern_says_what_it_must() {
    all(|syntax| {
        let mut wrong = Vec::new();
        let mut must = |holds: bool, what: &str| {
            if !holds {
                wrong.push(what.to_owned());
            }
        };
        must(["critical", "high", "medium", "low"].contains(&syntax.severity.as_str()), "unknown severity");
        must(["high", "medium", "low"].contains(&syntax.confidence.as_str()), "unknown confidence");
        must(!syntax.examples.matching.is_empty(), "no example that matches");
        must(syntax.examples.no_match.len() >= 2, "fewer than two examples that do not match");
        must(!syntax.references.is_empty(), "no reference");
        must(syntax.references.iter().all(|url| is_https(url)), "a reference that is no https URL");
        let title = syntax.title.trim();
        must(!title.is_empty() && !title.ends_with('.'), "a title is a phrase");
        must(syntax.description.trim().ends_with('.'), "a description is a sentence");
        must(syntax.remediation.trim().ends_with('.'), "a remediation is a sentence");
        must((0.0..=6.0).contains(&syntax.entropy), "an entropy that no text has");
        wrong
    });
}

fn is_https(url: &str) -> bool {
    let host = url.strip_prefix("https://").map_or("", |rest| rest.split('/').next().unwrap_or(""));
    host.contains('.') && !url.contains(char::is_whitespace)
}

#[test]
fn a_keyword_is_in_every_example_that_matches() {
    all(|syntax| {
        let bare = |example: &&String| {
            let text = without_marks(example).to_ascii_lowercase();
            !syntax.keywords.iter().any(|keyword| text.contains(&keyword.to_ascii_lowercase()))
        };
        syntax.examples.matching.iter().filter(bare).map(|example| format!("no keyword in {example}")).collect()
    });
}

/// The examples that must match and whose files of these names have no finding of their rule.
fn missed(syntax: &PatternSyntax, names: &[String]) -> Vec<String> {
    let mut missed = Vec::new();
    for example in &syntax.examples.matching {
        for name in names {
            let ids = reported(name, &without_marks(example));
            if !ids.contains(&syntax.id) {
                missed.push(format!("{name} gives {ids:?}: {example}"));
            }
        }
    }
    missed
}

#[test]
fn what_must_match_is_reported_in_text() {
    all(|syntax| missed(syntax, &texts(syntax)));
}

#[test]
fn what_must_match_is_reported_in_trees() {
    all(|syntax| {
        let missed = missed(syntax, &tree(syntax));
        match (ACROSS_SCALARS.contains(&syntax.id.as_str()), missed.is_empty()) {
            (true, true) => vec!["is found in trees now: take it off the list".to_owned()],
            (true, false) => Vec::new(),
            (false, _) => missed,
        }
    });
}

#[test]
fn what_must_not_match_is_not_reported() {
    all(|syntax| {
        let mut alarms = Vec::new();
        for example in &syntax.examples.no_match {
            let text = without_marks(example);
            for name in texts(syntax).into_iter().chain(tree(syntax)) {
                if reported(&name, &text).contains(&syntax.id) {
                    alarms.push(format!("{name}: {example}"));
                }
            }
        }
        alarms
    });
}

/// A literal in our own files would set off every other scanner, and ours.
#[test]
fn no_example_is_kept_without_its_mark() {
    let tokens = Regex::new(concat!(
        r"gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}|glpat-[A-Za-z0-9_-]{20}",
        r"|xox[abprs]-[0-9]{8,}-[0-9A-Za-z-]{10,}|npm_[A-Za-z0-9]{36}|sk_live_[A-Za-z0-9]{24}",
        r"|SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}|AKIA[A-Z2-7]{16}|AIza[A-Za-z0-9_-]{35}",
        r"|AGE-SECRET-KEY-1[0-9A-Z]{58}|dop_v1_[0-9a-f]{64}|hf_[A-Za-z]{34}|hvs\.[A-Za-z0-9_-]{90}",
        r"|-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s+[A-Za-z0-9+/]{40}",
    ))
    .unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut wrong = Vec::new();
    let mut folders: Vec<_> =
        ["src", "tests", "patterns", "fixtures", "docs"].iter().map(|name| root.join(name)).collect();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let found = tokens.find_iter(&text).filter(|found| !found.as_str().contains("xxxx"));
                let lines = found.map(|found| text[..found.start()].matches('\n').count() + 1);
                wrong.extend(lines.map(|line| format!("{}:{line}", path.display())));
            }
        }
    }
    wrong.sort();
    assert_none(&wrong);
}

#[test]
fn examples_with_a_token_carry_the_mark() {
    all(|syntax| {
        let unmarked = syntax.examples.matching.iter().filter(|example| !example.contains('¦'));
        unmarked.map(|example| format!("no mark in {example}")).collect()
    });
}

#[test]
fn rules_of_both_kinds_are_there() {
    let patterns = &HUNTER.patterns().patterns;
    let tokens = patterns.iter().filter(|pattern| matches!(pattern.body, Body::Token(_))).count();
    assert!(tokens > 100 && patterns.len() - tokens > 50, "{tokens} of {}", patterns.len());
}
