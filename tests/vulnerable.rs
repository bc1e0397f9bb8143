//! A cluster full of mistakes, hunted.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::binary::ksecrets;
use crate::control_plane::ControlPlane;

const MANIFESTS: &str = include_str!("../fixtures/cluster/vulnerable.yaml");

/// `rule Kind/name` of each planted mistake, as the comments of the manifests have them.
fn planted() -> BTreeSet<String> {
    let lines = MANIFESTS.lines().filter_map(|line| line.strip_prefix("# planted: "));
    lines.map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")).collect()
}

/// The same of each finding that is more than information.
fn reported(report: &Value) -> BTreeSet<String> {
    let findings = report["findings"].as_array().unwrap().iter().filter(|finding| finding["severity"] != "info");
    findings
        .map(|finding| {
            let object = &finding["location"]["object"];
            let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            format!("{} {}/{}", word(&finding["rule"]), word(&object["kind"]), word(&object["name"]))
        })
        .collect()
}

#[test]
fn every_planted_mistake_is_reported_and_nothing_else() {
    let Some(plane) = ControlPlane::start(&[]) else { return };
    let namespace = plane.namespace("vulnerable");
    // In parts, so that no scanner takes the fixture for the real thing.
    let key = ["wJk2", "9xQm", "Lp0R", "tZ5v", "Yb8N", "cH3s", "Gd7F", "uE1a", "KoXi", "VrTy"].concat();
    namespace.apply(&MANIFESTS.replace("@@NAMESPACE@@", namespace.name()).replace("@@AWS@@", &key));
    let run = ksecrets()
        .env("KUBECONFIG", plane.admin().kubeconfig().to_str().unwrap())
        .args(["hunt", "--cluster", "--format", "json"])
        .run();
    let (planted, reported) = (planted(), reported(&run.json()));
    let missed: Vec<_> = planted.difference(&reported).collect();
    assert!(missed.is_empty(), "missed: {missed:#?}\nreported: {reported:#?}");
    // Secrets as environment variables are a habit and no mistake.
    let more: Vec<_> = reported.difference(&planted).filter(|line| !line.starts_with("secret-env ")).collect();
    assert!(more.is_empty(), "not planted: {more:#?}");
}
