//! Every check over its fixtures from one end to the other: a check runs where its words stand, so the words must be
//! in whatever it sees.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ksecrets::hunt::{Hunter, Options};
use ksecrets::pattern::Set;
use ksecrets::source::{Blob, Sink, Window};

/// The lines that a fixture expects something on.
fn expected(text: &str) -> Vec<u32> {
    let lines = (1..).zip(text.lines()).filter_map(|(number, line)| {
        let (before, _) = line.split_once("# expect: ")?;
        Some(if before.trim().is_empty() { number + 1 } else { number })
    });
    lines.collect()
}

/// The lines of each rule that a hunt reports for a text.
fn reported(text: &str) -> BTreeMap<String, Vec<u32>> {
    let hunter = Hunter::new(Set::default(), Options::default());
    let mut worker = hunter.worker();
    worker.blob(Blob { path: "deploy.yaml", text, window: Window::default(), bytes: text.len() as u64 });
    let mut lines = BTreeMap::<String, Vec<u32>>::new();
    for finding in hunter.report(vec![worker]).findings {
        let line = finding.location.region.map_or(0, |region| region.line);
        lines.entry(finding.id().to_string()).or_default().push(line);
    }
    lines
}

#[test]
fn fixtures_are_seen_by_a_hunt() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/checks");
    for folder in fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()) {
        let id = folder.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(folder.join("bad.yaml")).unwrap();
        let mut seen = reported(&text).remove(&id).unwrap_or_default();
        seen.sort_unstable();
        assert_eq!(seen, expected(&text), "{id}");
    }
}

#[test]
fn each_document_of_a_fixture_is_seen_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/checks");
    for folder in fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()) {
        let id = folder.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(folder.join("bad.yaml")).unwrap();
        for document in text.split("\n---\n").filter(|document| document.contains("# expect: ")) {
            let seen = reported(document).remove(&id).unwrap_or_default();
            assert_eq!(seen.len(), expected(document).len(), "{id} in\n{document}");
        }
    }
}
