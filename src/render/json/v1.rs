//! Report version 1, `ksecrets.report/v1`: fields may be added, none is renamed or removed.

use serde::Serialize;

use crate::model;

pub(super) const SCHEMA: &str = "ksecrets.report/v1";

/// The document.
#[derive(Serialize)]
pub(super) struct Report<'a> {
    schema: &'static str,
    tool: Tool,
    targets: Vec<Target<'a>>,
    summary: Summary,
    findings: Vec<Finding<'a>>,
    skipped: Vec<Skipped<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access: Option<Vec<SecretReaders<'a>>>,
    #[serde(rename = "atRest", skip_serializing_if = "Option::is_none")]
    at_rest: Option<Vec<Verdict<'a>>>,
}

/// The last line of JSON lines.
#[derive(Serialize)]
pub(super) struct Trailer<'a> {
    summary: Summary,
    schema: &'static str,
    skipped: Vec<Skipped<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access: Option<Vec<SecretReaders<'a>>>,
    #[serde(rename = "atRest", skip_serializing_if = "Option::is_none")]
    at_rest: Option<Vec<Verdict<'a>>>,
}

/// Whether a resource is encrypted, and the rung that says so; there with `seal at-rest`.
#[derive(Serialize)]
pub(in crate::render) struct Verdict<'a> {
    resource: &'a str,
    encrypted: &'static str,
    rung: Option<&'static str>,
    evidence: Vec<RungVerdict<'a>>,
}

#[derive(Serialize)]
struct RungVerdict<'a> {
    rung: &'static str,
    encrypted: &'static str,
    reason: &'a str,
}

/// Who reads a Secret; there with `--readers`.
#[derive(Serialize)]
struct SecretReaders<'a> {
    namespace: Option<&'a str>,
    name: &'a str,
    readers: Readers<'a>,
}

/// Readers, made into what is written one by one: many Secrets share long lists.
struct Readers<'a>(&'a [model::Reader]);

impl Serialize for Readers<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Reader::from))
    }
}

/// A subject that reads by its `verbs`, or gets there by a `path`.
#[derive(Serialize)]
struct Reader<'a> {
    subject: Subject<'a>,
    verbs: &'a [&'static str],
    direct: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'static str>,
    via: Vec<Via<'a>>,
}

#[derive(Serialize)]
struct Subject<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    name: &'a str,
}

#[derive(Serialize)]
struct Via<'a> {
    binding: &'a str,
    role: &'a str,
    verbs: &'a [&'static str],
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Target<'a> {
    kind: &'static str,
    name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    findings: usize,
    by_severity: BySeverity,
    files: u64,
    bytes: u64,
    objects: u64,
    binaries: u64,
    skipped: usize,
    suppressed: u64,
    duration_ms: u64,
}

#[derive(Serialize)]
struct BySeverity {
    critical: usize,
    high: usize,
    medium: usize,
    low: usize,
    info: usize,
}

/// One finding. What a reader may look for is always there, null where there is nothing to say.
#[derive(Serialize)]
pub(super) struct Finding<'a> {
    rule: &'a str,
    class: &'static str,
    exposure: Option<&'static str>,
    severity: &'static str,
    confidence: &'static str,
    title: &'a str,
    message: &'a str,
    location: Location<'a>,
    secret: Option<Secret<'a>>,
    fingerprint: &'a str,
    related: Vec<Related<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    notes: &'a [String],
    remediation: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestion: Option<&'a str>,
    references: Vec<&'a str>,
}

/// A place: no `path` and line for a live object, no `object` outside of Kubernetes documents.
#[derive(Serialize)]
struct Location<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(flatten)]
    region: Option<Region>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<Object<'a>>,
    commit: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object<'a> {
    api_version: &'a str,
    kind: &'a str,
    namespace: Option<&'a str>,
    name: Option<&'a str>,
    field: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Secret<'a> {
    redacted: &'a str,
    length: usize,
    group: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    hmac: Option<&'a str>,
    decoded_from: &'a [&'static str],
}

#[derive(Serialize)]
struct Related<'a> {
    location: Location<'a>,
    message: &'a str,
}

#[derive(Serialize)]
struct Skipped<'a> {
    place: &'a str,
    reason: &'a str,
}

impl<'a> From<&'a model::Report> for Report<'a> {
    fn from(report: &'a model::Report) -> Self {
        Self {
            schema: SCHEMA,
            tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
            targets: report.targets.iter().map(|target| Target { kind: target.kind, name: &target.name }).collect(),
            summary: report.into(),
            findings: report.findings.iter().map(Into::into).collect(),
            skipped: report.skipped.iter().map(Into::into).collect(),
            access: access(report),
            at_rest: at_rest(report),
        }
    }
}

fn at_rest(report: &model::Report) -> Option<Vec<Verdict<'_>>> {
    report.at_rest.as_ref().map(|verdicts| verdicts.iter().map(Into::into).collect())
}

impl<'a> From<&'a model::Verdict> for Verdict<'a> {
    fn from(verdict: &'a model::Verdict) -> Self {
        let rungs = verdict.rungs.iter().map(|rung| RungVerdict {
            rung: rung.rung.as_str(),
            encrypted: rung.encrypted.as_str(),
            reason: &rung.reason,
        });
        Self {
            resource: &verdict.resource,
            encrypted: verdict.encrypted().as_str(),
            rung: verdict.rests_on().map(|rung| rung.rung.as_str()),
            evidence: rungs.collect(),
        }
    }
}

fn access(report: &model::Report) -> Option<Vec<SecretReaders<'_>>> {
    report.access.as_ref().map(|access| access.iter().map(Into::into).collect())
}

impl<'a> From<&'a model::SecretReaders> for SecretReaders<'a> {
    fn from(secret: &'a model::SecretReaders) -> Self {
        Self { namespace: secret.namespace.as_deref(), name: &secret.name, readers: Readers(&secret.readers) }
    }
}

impl<'a> From<&'a model::Reader> for Reader<'a> {
    fn from(reader: &'a model::Reader) -> Self {
        let via = reader.via.iter().map(|via| Via { binding: &via.binding, role: &via.role, verbs: &via.verbs });
        Self {
            subject: Subject { kind: reader.kind, namespace: reader.namespace.as_deref(), name: &reader.name },
            verbs: &reader.verbs,
            direct: reader.path.is_none(),
            path: reader.path,
            via: via.collect(),
        }
    }
}

impl<'a> From<&'a model::Report> for Trailer<'a> {
    fn from(report: &'a model::Report) -> Self {
        let skipped = report.skipped.iter().map(Into::into).collect();
        Self { summary: report.into(), schema: SCHEMA, skipped, access: access(report), at_rest: at_rest(report) }
    }
}

impl From<&model::Report> for Summary {
    fn from(report: &model::Report) -> Self {
        let summary = &report.summary;
        Self {
            findings: report.findings.len(),
            by_severity: report.into(),
            files: summary.files,
            bytes: summary.bytes,
            objects: summary.objects,
            binaries: summary.binaries,
            skipped: report.skipped.len(),
            suppressed: summary.suppressed,
            duration_ms: u64::try_from(summary.duration.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

impl From<&model::Report> for BySeverity {
    fn from(report: &model::Report) -> Self {
        use model::Severity::{Critical, High, Info, Low, Medium};
        Self {
            critical: report.count(Critical),
            high: report.count(High),
            medium: report.count(Medium),
            low: report.count(Low),
            info: report.count(Info),
        }
    }
}

impl<'a> From<&'a model::Finding> for Finding<'a> {
    fn from(finding: &'a model::Finding) -> Self {
        Self {
            rule: finding.id().as_str(),
            class: finding.class().as_str(),
            exposure: finding.exposure.map(model::Exposure::as_str),
            severity: finding.severity.as_str(),
            confidence: finding.confidence.as_str(),
            title: &finding.title,
            message: &finding.message,
            location: (&finding.location).into(),
            secret: finding.secret.as_ref().map(Into::into),
            fingerprint: finding.fingerprint.as_str(),
            related: finding.related.iter().map(Into::into).collect(),
            notes: &finding.notes,
            remediation: &finding.remediation,
            suggestion: finding.suggestion.as_deref(),
            references: finding.rule.references.iter().map(AsRef::as_ref).collect(),
        }
    }
}

impl<'a> From<&'a model::Location> for Location<'a> {
    fn from(location: &'a model::Location) -> Self {
        Self {
            path: location.path.as_deref(),
            region: location.region.map(Into::into),
            object: location.object.as_ref().map(Into::into),
            // Git history is not hunted yet; the field is there so that readers need not change when it is.
            commit: None,
        }
    }
}

impl From<model::Region> for Region {
    fn from(region: model::Region) -> Self {
        Self { line: region.line, column: region.column, end_line: region.end_line, end_column: region.end_column }
    }
}

impl<'a> From<&'a model::ObjectRef> for Object<'a> {
    fn from(object: &'a model::ObjectRef) -> Self {
        Self {
            api_version: &object.api_version,
            kind: &object.kind,
            namespace: object.namespace.as_deref(),
            name: object.name.as_deref(),
            field: &object.field,
        }
    }
}

impl<'a> From<&'a model::SecretFacts> for Secret<'a> {
    fn from(secret: &'a model::SecretFacts) -> Self {
        Self {
            redacted: secret.redacted.as_str(),
            length: secret.length,
            group: secret.group,
            hmac: secret.hmac.as_deref(),
            decoded_from: &secret.decoded_from,
        }
    }
}

impl<'a> From<&'a model::Related> for Related<'a> {
    fn from(related: &'a model::Related) -> Self {
        Self { location: (&related.location).into(), message: &related.message }
    }
}

impl<'a> From<&'a model::Skipped> for Skipped<'a> {
    fn from(skipped: &'a model::Skipped) -> Self {
        Self { place: &skipped.place, reason: &skipped.reason }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    fn pretty(value: &impl Serialize) -> String {
        serde_json::to_string_pretty(value).unwrap()
    }

    #[test]
    fn a_finding_has_the_published_fields() {
        let report = sample::report();
        insta::assert_snapshot!(pretty(&Finding::from(&report.findings[0])), @r#"
        {
          "rule": "password",
          "class": "credential",
          "exposure": "env-value",
          "severity": "high",
          "confidence": "high",
          "title": "password in a plain environment variable",
          "message": "DB_PASSWORD of container api holds a literal value",
          "location": {
            "path": "deploy/api.yaml",
            "line": 21,
            "column": 18,
            "endLine": 21,
            "endColumn": 22,
            "object": {
              "apiVersion": "apps/v1",
              "kind": "Deployment",
              "namespace": "prod",
              "name": "api",
              "field": "spec.template.spec.containers[0].env[1].value"
            },
            "commit": null
          },
          "secret": {
            "redacted": "S3c…",
            "length": 18,
            "group": 1,
            "decodedFrom": []
          },
          "fingerprint": "1477cd606c9a940f695b43a5c1aeb7f6",
          "related": [],
          "remediation": "Move the value into a Secret, reference it with secretKeyRef, and replace it where it was issued.",
          "references": [
            "https://kubernetes.io/docs/concepts/configuration/secret/"
          ]
        }
        "#);
    }

    #[test]
    fn a_live_finding_has_no_file_and_no_value() {
        let report = sample::report();
        insta::assert_snapshot!(pretty(&Finding::from(&report.findings[3])), @r#"
        {
          "rule": "broad-reader",
          "class": "access",
          "exposure": null,
          "severity": "medium",
          "confidence": "high",
          "title": "broad reader",
          "message": "every authenticated user reads the secrets of prod",
          "location": {
            "object": {
              "apiVersion": "apps/v1",
              "kind": "RoleBinding",
              "namespace": "prod",
              "name": "deploy",
              "field": "roleRef"
            },
            "commit": null
          },
          "secret": null,
          "fingerprint": "fa942a124a54f4a35d62d868b3f67f5b",
          "related": [],
          "remediation": "Move the value into a Secret, reference it with secretKeyRef, and replace it where it was issued.",
          "references": [
            "https://kubernetes.io/docs/concepts/configuration/secret/"
          ]
        }
        "#);
    }

    #[test]
    fn a_report_without_findings_is_complete() {
        let report = model::Report { findings: Vec::new(), ..sample::report() };
        insta::assert_snapshot!(pretty(&Report::from(&report)), @r#"
        {
          "schema": "ksecrets.report/v1",
          "tool": {
            "name": "ksecrets",
            "version": "0.1.0"
          },
          "targets": [
            {
              "kind": "path",
              "name": "deploy/"
            }
          ],
          "summary": {
            "findings": 0,
            "bySeverity": {
              "critical": 0,
              "high": 0,
              "medium": 0,
              "low": 0,
              "info": 0
            },
            "files": 318,
            "bytes": 7340032,
            "objects": 512,
            "binaries": 5,
            "skipped": 2,
            "suppressed": 2,
            "durationMs": 41
          },
          "findings": [],
          "skipped": [
            {
              "place": "templates/x.yaml:12",
              "reason": "not valid YAML (Helm template): scanned as text"
            },
            {
              "place": "dump.sql",
              "reason": "larger than 1 GB"
            }
          ]
        }
        "#);
    }
}
