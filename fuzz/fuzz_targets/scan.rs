//! The whole engine over one file. The first byte chooses what kind of file it is.
#![no_main]

use std::sync::LazyLock;

use ksecrets::hunt::{Hunter, Options};
use ksecrets::pattern::{Set, builtin};
use ksecrets::render::{Format, Style, render};
use ksecrets::source::{Blob, Sink as _, Window};
use libfuzzer_sys::fuzz_target;

static HUNTER: LazyLock<Hunter> = LazyLock::new(|| {
    let options = Options { honour_ignores: true, ..Options::default() };
    Hunter::new(Set::new(builtin().unwrap()).unwrap(), options)
});

const PATHS: [&str; 8] = [
    "app.yaml",
    "app.env",
    "main.go",
    "README.md",
    "kustomization.yaml",
    "chart/templates/api.yaml",
    "terraform.tfstate",
    ".pgpass",
];

fuzz_target!(|input: (u8, &str)| {
    let (kind, text) = input;
    let path = PATHS[usize::from(kind) % PATHS.len()];
    let mut worker = HUNTER.worker();
    worker.blob(Blob { path, text, window: Window::default(), bytes: text.len() as u64 });
    let report = HUNTER.report(vec![worker]);
    // The engine catches its own panics: here they are crashes again.
    assert!(!report.skipped.iter().any(|skipped| skipped.reason.contains("bug of ours")), "{:?}", report.skipped);
    let lines = text.split('\n').count() as u32;
    for finding in &report.findings {
        let region = finding.location.region.unwrap();
        assert!(region.line >= 1 && region.end_line <= lines, "{:?}", finding.location);
    }
    for format in Format::ALL {
        render(format, &report, &[], &Style::default(), &mut Vec::new()).unwrap();
    }
});
