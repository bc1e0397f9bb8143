//! SARIF 2.1.0 (OASIS, errata 01), as code scanning services and editors read it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

use serde::Serialize;

use super::json;
use super::layout::visible;
use crate::model::{self, Confidence, Finding, Report, Severity};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The name under which readers know the directory that relative paths start from.
const ROOT: &str = "%SRCROOT%";

/// Writes a log of one run.
pub(super) fn write(report: &Report, rules: &[Arc<model::Rule>], out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &Log::new(report, rules))?;
    writeln!(out)
}

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool<'a>,
    invocations: [Invocation; 1],
    original_uri_base_ids: BTreeMap<&'static str, BaseId>,
    column_kind: &'static str,
    results: Vec<ResultItem<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<RunProperties<'a>>,
}

/// What the standard has no word for: verdicts are about a resource, and a pass of none is a finding.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RunProperties<'a> {
    at_rest: Vec<json::Verdict<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<'a> {
    name: &'static str,
    information_uri: &'static str,
    version: &'static str,
    semantic_version: &'static str,
    rules: Vec<Descriptor<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor<'a> {
    id: &'a str,
    name: String,
    short_description: Text,
    full_description: Text,
    help: Help,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_uri: Option<&'a str>,
    default_configuration: Configuration,
    properties: RuleProperties,
}

#[derive(Serialize)]
struct Text {
    text: String,
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct RuleProperties {
    tags: Vec<&'static str>,
    precision: &'static str,
    security_severity: &'static str,
}

#[derive(Serialize)]
struct BaseId {
    description: Text,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Text,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<Location>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultItem<'a> {
    rule_id: &'a str,
    rule_index: usize,
    level: &'static str,
    message: Text,
    locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    partial_fingerprints: BTreeMap<&'static str, &'a str>,
    properties: ResultProperties,
}

#[derive(Serialize)]
struct ResultProperties {
    severity: &'static str,
    confidence: &'static str,
    class: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exposure: Option<&'static str>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    physical_location: Option<PhysicalLocation>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<LogicalLocation>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_column: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    fully_qualified_name: String,
    kind: &'static str,
}

impl<'a> Log<'a> {
    fn new(report: &'a Report, rules: &'a [Arc<model::Rule>]) -> Self {
        let used = used_rules(report, rules);
        let indexes: BTreeMap<&str, usize> = used.keys().enumerate().map(|(index, id)| (*id, index)).collect();
        let results = report.findings.iter().map(|finding| ResultItem::new(finding, &indexes)).collect();
        let run = Run {
            tool: Tool { driver: Driver::new(used.into_values()) },
            invocations: [Invocation::new(report)],
            original_uri_base_ids: BTreeMap::from([(
                ROOT,
                BaseId { description: Text::new("The directory in which ksecrets was started.") },
            )]),
            column_kind: "unicodeCodePoints",
            results,
            properties: report
                .at_rest
                .as_ref()
                .map(|verdicts| RunProperties { at_rest: verdicts.iter().map(Into::into).collect() }),
        };
        Self { schema: SCHEMA, version: "2.1.0", runs: [run] }
    }
}

/// The rules that found something, by id. What the run says of a rule goes before what a finding carries.
fn used_rules<'a>(report: &'a Report, rules: &'a [Arc<model::Rule>]) -> BTreeMap<&'a str, &'a model::Rule> {
    let mut used: BTreeMap<&str, &model::Rule> =
        report.findings.iter().rev().map(|finding| (finding.id().as_str(), &*finding.rule)).collect();
    for rule in rules {
        if let Some(known) = used.get_mut(rule.id.as_str()) {
            *known = rule;
        }
    }
    used
}

impl<'a> Driver<'a> {
    fn new(rules: impl Iterator<Item = &'a model::Rule>) -> Self {
        Self {
            name: env!("CARGO_PKG_NAME"),
            information_uri: env!("CARGO_PKG_REPOSITORY"),
            version: env!("CARGO_PKG_VERSION"),
            semantic_version: env!("CARGO_PKG_VERSION"),
            rules: rules.map(Into::into).collect(),
        }
    }
}

impl<'a> From<&'a model::Rule> for Descriptor<'a> {
    fn from(rule: &'a model::Rule) -> Self {
        Self {
            id: rule.id.as_str(),
            name: pascal_case(rule.id.as_str()),
            short_description: Text::new(&rule.title),
            full_description: Text::new(&rule.description),
            help: rule.into(),
            help_uri: rule.references.iter().map(AsRef::as_ref).find(|reference| is_link(reference)),
            default_configuration: Configuration { level: level(rule.severity) },
            properties: RuleProperties {
                tags: vec!["security", "secrets", rule.class.as_str()],
                precision: precision(rule.confidence),
                security_severity: security_severity(rule.severity),
            },
        }
    }
}

impl From<&model::Rule> for Help {
    fn from(rule: &model::Rule) -> Self {
        let (description, remediation) = (visible(&rule.description), visible(&rule.remediation));
        let mut text = format!("{description}\n\nFix: {remediation}");
        let mut markdown = format!("{description}\n\n**Fix:** {remediation}");
        for reference in rule.references.iter().filter(|reference| is_link(reference)) {
            let _ = write!(text, "\n{reference}");
            let _ = write!(markdown, "\n\n<{reference}>");
        }
        Self { text, markdown }
    }
}

impl Text {
    fn new(text: &str) -> Self {
        Self { text: visible(text).into_owned() }
    }
}

impl Invocation {
    /// The run was a success even if places were skipped: their notifications say what is unknown.
    fn new(report: &Report) -> Self {
        let tool_execution_notifications = report.skipped.iter().map(Into::into).collect();
        Self { execution_successful: true, tool_execution_notifications }
    }
}

impl From<&model::Skipped> for Notification {
    fn from(skipped: &model::Skipped) -> Self {
        let (path, line) = split_place(&skipped.place);
        let region = line.map(|start_line| Region { start_line, start_column: None, end_line: None, end_column: None });
        let physical_location = Some(PhysicalLocation { artifact_location: path.into(), region });
        Self {
            level: if skipped.unread { "warning" } else { "note" },
            message: Text::new(&format!("{}: {}", skipped.place, skipped.reason)),
            locations: vec![Location { physical_location, ..Location::default() }],
        }
    }
}

/// Takes `path:line` apart, if it ends in a line.
fn split_place(place: &str) -> (&str, Option<u32>) {
    match place.rsplit_once(':').map(|(path, line)| (path, line.parse().ok())) {
        Some((path, Some(line))) if line > 0 => (path, Some(line)),
        _ => (place, None),
    }
}

impl<'a> ResultItem<'a> {
    fn new(finding: &'a Finding, indexes: &BTreeMap<&str, usize>) -> Self {
        let id = finding.id().as_str();
        Self {
            rule_id: id,
            rule_index: indexes.get(id).copied().unwrap_or_default(),
            level: level(finding.severity),
            message: Text::new(&format!("{}: {}", finding.title, finding.message)),
            locations: vec![Location::from(&finding.location)],
            related_locations: finding.related.iter().enumerate().map(Into::into).collect(),
            partial_fingerprints: BTreeMap::from([("ksecrets/v1", finding.fingerprint.as_str())]),
            properties: ResultProperties {
                severity: finding.severity.as_str(),
                confidence: finding.confidence.as_str(),
                class: finding.class().as_str(),
                exposure: finding.exposure.map(model::Exposure::as_str),
            },
        }
    }
}

impl From<(usize, &model::Related)> for Location {
    fn from((id, related): (usize, &model::Related)) -> Self {
        Self { id: Some(id), message: Some(Text::new(&related.message)), ..Self::from(&related.location) }
    }
}

impl From<&model::Location> for Location {
    fn from(location: &model::Location) -> Self {
        let region = location.region.and_then(Region::new);
        let physical_location =
            location.path.as_deref().map(|path| PhysicalLocation { artifact_location: path.into(), region });
        let logical_locations = location.object.iter().map(Into::into).collect();
        Self { physical_location, logical_locations, ..Self::default() }
    }
}

impl Region {
    /// Both sides count from 1, count characters, and exclude the end. A region without a line is none.
    fn new(region: model::Region) -> Option<Self> {
        let some = |number: u32| (number > 0).then_some(number);
        Some(Self {
            start_line: some(region.line)?,
            start_column: some(region.column),
            end_line: some(region.end_line),
            end_column: some(region.end_column),
        })
    }
}

impl From<&str> for ArtifactLocation {
    fn from(path: &str) -> Self {
        let drive = path.as_bytes().get(1) == Some(&b':') && path.as_bytes()[0].is_ascii_alphabetic();
        match path.strip_prefix('/') {
            Some(rest) => Self { uri: format!("file:///{}", percent_encode(rest)), uri_base_id: None },
            None if drive => {
                Self { uri: format!("file:///{}:{}", &path[..1], percent_encode(&path[2..])), uri_base_id: None }
            }
            None => Self { uri: percent_encode(path.trim_start_matches("./")), uri_base_id: Some(ROOT) },
        }
    }
}

/// Encodes all but what RFC 3986 lets stand in any segment of a path. A colon is encoded: in the first segment of a
/// relative path it would read as the end of a scheme.
fn percent_encode(path: &str) -> String {
    path.bytes().fold(String::with_capacity(path.len()), |mut uri, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b'!' | b'=' | b'@' | b'+' => {
                uri.push(char::from(byte));
            }
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
        uri
    })
}

impl From<&model::ObjectRef> for LogicalLocation {
    fn from(object: &model::ObjectRef) -> Self {
        let name = object.name.as_deref();
        let parts: Vec<&str> =
            [Some(object.kind.as_str()), object.namespace.as_deref(), name].into_iter().flatten().collect();
        let mut full = parts.join("/");
        if !object.field.is_empty() {
            full = format!("{full}:{}", object.field);
        }
        Self {
            name: name.map(|name| visible(name).into_owned()),
            fully_qualified_name: visible(&full).into_owned(),
            kind: "object",
        }
    }
}

/// `github-token` becomes `GithubToken`, which the standard asks of names.
fn pascal_case(id: &str) -> String {
    id.split('-').fold(String::new(), |mut name, word| {
        let mut chars = word.chars();
        name.extend(chars.next().map(|c| c.to_ascii_uppercase()));
        name.push_str(chars.as_str());
        name
    })
}

/// Whether a reference is a URI that a reader can follow: no space, no bracket, nothing to escape.
fn is_link(reference: &str) -> bool {
    (reference.starts_with("https://") || reference.starts_with("http://"))
        && reference.bytes().all(|b| b.is_ascii_graphic() && !b"<>\"\\^`{|}".contains(&b))
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// The number by which GitHub sorts: over 9 critical, from 7 high, from 4 medium, over 0 low.
const fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
        Severity::Info => "0.0",
    }
}

const fn precision(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Confirmed => "very-high",
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::model::{Class, Encrypted, Rung, RungVerdict, Verdict};

    fn sarif(report: &Report, rules: &[Arc<model::Rule>]) -> String {
        let mut out = Vec::new();
        write(report, rules, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn one_finding_is_one_result() {
        let mut report = sample::report();
        report.findings.truncate(1);
        report.skipped.truncate(1);
        insta::assert_snapshot!(sarif(&report, &[]), @r#"
        {
          "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
          "version": "2.1.0",
          "runs": [
            {
              "tool": {
                "driver": {
                  "name": "ksecrets",
                  "informationUri": "https://github.com/ksecrets/ksecrets",
                  "version": "0.1.0",
                  "semanticVersion": "0.1.0",
                  "rules": [
                    {
                      "id": "password",
                      "name": "Password",
                      "shortDescription": {
                        "text": "password"
                      },
                      "fullDescription": {
                        "text": "Whoever can read the place can use it."
                      },
                      "help": {
                        "text": "Whoever can read the place can use it.\n\nFix: Move the value into a Secret, reference it with secretKeyRef, and replace it where it was issued.\nhttps://kubernetes.io/docs/concepts/configuration/secret/",
                        "markdown": "Whoever can read the place can use it.\n\n**Fix:** Move the value into a Secret, reference it with secretKeyRef, and replace it where it was issued.\n\n<https://kubernetes.io/docs/concepts/configuration/secret/>"
                      },
                      "helpUri": "https://kubernetes.io/docs/concepts/configuration/secret/",
                      "defaultConfiguration": {
                        "level": "error"
                      },
                      "properties": {
                        "tags": [
                          "security",
                          "secrets",
                          "credential"
                        ],
                        "precision": "high",
                        "security-severity": "8.0"
                      }
                    }
                  ]
                }
              },
              "invocations": [
                {
                  "executionSuccessful": true,
                  "toolExecutionNotifications": [
                    {
                      "level": "note",
                      "message": {
                        "text": "templates/x.yaml:12: not valid YAML (Helm template): scanned as text"
                      },
                      "locations": [
                        {
                          "physicalLocation": {
                            "artifactLocation": {
                              "uri": "templates/x.yaml",
                              "uriBaseId": "%SRCROOT%"
                            },
                            "region": {
                              "startLine": 12
                            }
                          }
                        }
                      ]
                    }
                  ]
                }
              ],
              "originalUriBaseIds": {
                "%SRCROOT%": {
                  "description": {
                    "text": "The directory in which ksecrets was started."
                  }
                }
              },
              "columnKind": "unicodeCodePoints",
              "results": [
                {
                  "ruleId": "password",
                  "ruleIndex": 0,
                  "level": "error",
                  "message": {
                    "text": "password in a plain environment variable: DB_PASSWORD of container api holds a literal value"
                  },
                  "locations": [
                    {
                      "physicalLocation": {
                        "artifactLocation": {
                          "uri": "deploy/api.yaml",
                          "uriBaseId": "%SRCROOT%"
                        },
                        "region": {
                          "startLine": 21,
                          "startColumn": 18,
                          "endLine": 21,
                          "endColumn": 22
                        }
                      },
                      "logicalLocations": [
                        {
                          "name": "api",
                          "fullyQualifiedName": "Deployment/prod/api:spec.template.spec.containers[0].env[1].value",
                          "kind": "object"
                        }
                      ]
                    }
                  ],
                  "partialFingerprints": {
                    "ksecrets/v1": "1477cd606c9a940f695b43a5c1aeb7f6"
                  },
                  "properties": {
                    "severity": "high",
                    "confidence": "high",
                    "class": "credential",
                    "exposure": "env-value"
                  }
                }
              ]
            }
          ]
        }
        "#);
    }

    /// The schema as first published. Two patterns in it are no regexes (errata 01 mends them); we write no `language`.
    fn published_schema() -> serde_json::Value {
        let text = include_str!("../../fixtures/schemas/sarif-2.1.0.json");
        let mut schema: serde_json::Value = serde_json::from_str(text).unwrap();
        for owner in ["run", "toolComponent"] {
            let language = &mut schema["definitions"][owner]["properties"]["language"];
            language.as_object_mut().unwrap().remove("pattern");
        }
        schema
    }

    #[test]
    fn every_report_is_valid_against_the_published_schema() {
        let validator = jsonschema::options().should_validate_formats(true).build(&published_schema()).unwrap();
        let verdict = |reason: &str| {
            let rung = RungVerdict { rung: Rung::Metrics, encrypted: Encrypted::Partly, reason: reason.to_owned() };
            Verdict { resource: "secrets".to_owned(), rungs: vec![rung] }
        };
        let at_rest = Report { at_rest: Some(vec![verdict("some")]), ..Report::default() };
        let log: serde_json::Value = serde_json::from_str(&sarif(&at_rest, &[])).unwrap();
        assert_eq!(log["runs"][0]["properties"]["atRest"][0]["encrypted"], "partly");
        for report in [Report::default(), sample::report(), sample::hostile(), at_rest] {
            let log: serde_json::Value = serde_json::from_str(&sarif(&report, &[])).unwrap();
            let errors: Vec<String> =
                validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
            assert!(errors.is_empty(), "{errors:#?}");
        }
    }

    #[test]
    fn rules_are_those_of_the_findings_sorted_by_id() {
        let rules = [
            sample::rule("unused", Class::Credential, Severity::Low),
            sample::rule("password", Class::Credential, Severity::Low),
        ];
        let log: serde_json::Value = serde_json::from_str(&sarif(&sample::report(), &rules)).unwrap();
        let run = &log["runs"][0];
        let described = run["tool"]["driver"]["rules"].as_array().unwrap();
        let ids: Vec<&str> = described.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
        assert_eq!(ids, ["broad-reader", "github-token", "jwt", "password", "service-account-token"]);
        assert_eq!(described[3]["defaultConfiguration"]["level"], "note");
        for result in run["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(result["ruleId"], described[index]["id"]);
        }
    }

    #[test]
    fn paths_become_uris() {
        let uri = |path| ArtifactLocation::from(path).uri;
        assert_eq!(uri("a b/ü#1.yaml"), "a%20b/%C3%BC%231.yaml");
        assert_eq!(uri("./x:y.yaml"), "x%3Ay.yaml");
        assert_eq!(uri("chart.tgz!/values.yaml"), "chart.tgz!/values.yaml");
        assert_eq!(uri("/srv/a.yaml"), "file:///srv/a.yaml");
        assert_eq!(uri("C:/a.yaml"), "file:///C:/a.yaml");
        assert_eq!(ArtifactLocation::from("/srv/a.yaml").uri_base_id, None);
        assert_eq!(ArtifactLocation::from("a.yaml").uri_base_id, Some(ROOT));
    }

    #[test]
    fn places_come_apart_at_a_line_only() {
        assert_eq!(split_place("a.yaml:12"), ("a.yaml", Some(12)));
        assert_eq!(split_place("a:b.yaml"), ("a:b.yaml", None));
        assert_eq!(split_place("a.yaml"), ("a.yaml", None));
    }
}
