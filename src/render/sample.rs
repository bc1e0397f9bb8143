//! Reports made by hand, for tests. The values are made up.

use std::time::Duration;

use super::*;
use crate::model::{
    Class, Confidence, Excerpt, Exposure, Finding, Fingerprint, Location, ObjectRef, Redacted, Redaction, Region,
    Related, RuleId, SecretFacts, SecretValue, Severity, Skipped, Summary, Target,
};

const MADE_UP: &str = "S3cr3t-made-up-one";

/// A rule with a page to read.
pub(super) fn rule(id: &str, class: Class, severity: Severity) -> Arc<Rule> {
    Arc::new(Rule {
        id: RuleId::new(id),
        title: id.replace('-', " ").into(),
        class,
        severity,
        confidence: Confidence::High,
        description: "Whoever can read the place can use it.".into(),
        remediation:
            "Move the value into a Secret, reference it with secretKeyRef, and replace it where it was issued.".into(),
        references: vec!["https://kubernetes.io/docs/concepts/configuration/secret/".into()],
    })
}

fn region(line: u32, column: u32, length: u32) -> Option<Region> {
    Some(Region { line, column, end_line: line, end_column: column + length })
}

fn object(kind: &str, name: &str, field: &str) -> Option<ObjectRef> {
    Some(ObjectRef {
        api_version: "apps/v1".into(),
        kind: kind.into(),
        namespace: Some("prod".into()),
        name: Some(name.into()),
        field: field.into(),
    })
}

fn secret(value: &str, group: u32, decoded_from: Vec<&'static str>) -> Option<SecretFacts> {
    let length = value.chars().count();
    let redacted = Redacted::new(&SecretValue::new(value), Redaction::Hidden);
    Some(SecretFacts { redacted, length, group, hmac: None, decoded_from })
}

/// A finding at a place; the rest is for the caller to fill in.
pub(super) fn finding(rule: &Arc<Rule>, severity: Severity, location: Location) -> Finding {
    Finding {
        rule: Arc::clone(rule),
        exposure: None,
        severity,
        confidence: rule.confidence,
        title: rule.title.clone().into_owned(),
        message: "something was seen".into(),
        fingerprint: Fingerprint::new(&rule.id, &location, None, 0),
        location,
        excerpt: None,
        secret: None,
        related: Vec::new(),
        notes: Vec::new(),
        remediation: rule.remediation.clone(),
        suggestion: None,
    }
}

fn env_value() -> Finding {
    let location = Location {
        path: Some("deploy/api.yaml".into()),
        region: region(21, 18, 4),
        object: object("Deployment", "api", "spec.template.spec.containers[0].env[1].value"),
    };
    Finding {
        exposure: Some(Exposure::EnvValue),
        title: "password in a plain environment variable".into(),
        message: "DB_PASSWORD of container api holds a literal value".into(),
        excerpt: Some(Excerpt { text: "          value: S3c…".into(), start: 17, length: 4 }),
        secret: secret(MADE_UP, 1, vec![]),
        ..finding(&rule("password", Class::Credential, Severity::High), Severity::High, location)
    }
}

fn helm_value() -> Finding {
    let location = Location { path: Some("chart/values.yaml".into()), region: region(3, 13, 4), object: None };
    let related = Location { path: Some("chart/ci.yaml".into()), region: region(7, 1, 4), object: None };
    Finding {
        exposure: Some(Exposure::HelmValues),
        title: "password in Helm values".into(),
        message: "db.password holds a literal value".into(),
        excerpt: Some(Excerpt { text: "  password: S3c…".into(), start: 12, length: 4 }),
        secret: secret(MADE_UP, 1, vec![]),
        related: vec![Related { location: related, message: "read here".into() }],
        ..finding(&rule("password", Class::Credential, Severity::High), Severity::High, location)
    }
}

fn secret_manifest() -> Finding {
    let location = Location {
        path: Some("deploy/api.yaml".into()),
        region: region(108, 10, 56),
        object: object("Secret", "forge", "data.token"),
    };
    Finding {
        exposure: Some(Exposure::SecretManifest),
        confidence: Confidence::Confirmed,
        title: "github token in a plain Secret manifest".into(),
        message: "data.token holds a token whose checksum is right".into(),
        excerpt: Some(Excerpt { text: "  token: Z2hw…".into(), start: 9, length: 5 }),
        secret: secret("made-up-token-made-up-token", 2, vec!["base64"]),
        notes: vec!["generic-secret saw the same value".into()],
        ..finding(&rule("github-token", Class::Credential, Severity::Critical), Severity::Critical, location)
    }
}

fn live_access() -> Finding {
    let location = Location { path: None, region: None, object: object("RoleBinding", "deploy", "roleRef") };
    Finding {
        message: "every authenticated user reads the secrets of prod".into(),
        ..finding(&rule("broad-reader", Class::Access, Severity::Medium), Severity::Medium, location)
    }
}

fn info(id: &str, line: u32) -> Finding {
    let location = Location { path: Some("deploy/api.yaml".into()), region: region(line, 1, 3), object: None };
    finding(&rule(id, Class::Exposure, Severity::Info), Severity::Info, location)
}

/// A report with something of everything.
pub(super) fn report() -> Report {
    Report {
        access: None,
        at_rest: None,
        targets: vec![Target { kind: "path", name: "deploy/".into() }],
        summary: Summary {
            files: 318,
            bytes: 7_340_032,
            objects: 512,
            binaries: 5,
            suppressed: 2,
            duration: Duration::from_millis(41),
        },
        findings: vec![
            env_value(),
            helm_value(),
            secret_manifest(),
            live_access(),
            info("service-account-token", 40),
            info("service-account-token", 50),
            info("jwt", 60),
        ],
        skipped: vec![
            Skipped {
                place: "templates/x.yaml:12".into(),
                reason: "not valid YAML (Helm template): scanned as text".into(),
                unread: false,
            },
            Skipped { place: "dump.sql".into(), reason: "larger than 1 GB".into(), unread: true },
        ],
    }
}

/// A report whose every text tries to break out of its place.
pub(super) fn hostile() -> Report {
    const EVIL: &str = "a\u{1b}[31m|`x`|<b>@all\r\n# [l](u)\u{202e}\u{7}\\|";
    let location = Location { path: Some(EVIL.into()), region: region(1, 1, 1), object: object(EVIL, EVIL, EVIL) };
    let rule = Rule {
        title: EVIL.into(),
        description: EVIL.into(),
        remediation: EVIL.into(),
        references: vec![EVIL.into()],
        ..(*rule("evil", Class::Credential, Severity::High)).clone()
    };
    let finding = Finding {
        title: EVIL.into(),
        message: EVIL.into(),
        excerpt: Some(Excerpt { text: EVIL.into(), start: 3, length: 900 }),
        secret: Some(SecretFacts {
            redacted: Redacted::new(&SecretValue::new(EVIL), Redaction::Shown),
            length: 3,
            group: 1,
            hmac: None,
            decoded_from: vec!["base64"],
        }),
        related: vec![Related { location: location.clone(), message: EVIL.into() }],
        notes: vec![EVIL.into()],
        ..finding(&Arc::new(rule), Severity::High, location)
    };
    Report {
        access: None,
        at_rest: None,
        targets: vec![Target { kind: "path", name: EVIL.into() }],
        findings: vec![finding],
        skipped: vec![Skipped { place: EVIL.into(), reason: EVIL.into(), unread: true }],
        ..Report::default()
    }
}
