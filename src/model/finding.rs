//! A finding: judged, reportable, owned.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Class, Confidence, Exposure, Fingerprint, Location, Redacted, Rule, RuleId, Severity};

/// What may be said of a secret value.
#[derive(Clone, Debug)]
pub struct SecretFacts {
    /// The value with all but a few leading characters removed.
    pub redacted: Redacted,
    /// Its length in characters.
    pub length: usize,
    /// Equal values of one report have equal ordinals, counted from 1.
    pub group: u32,
    /// HMAC-SHA-256 under the team's key, when there is one.
    pub hmac: Option<String>,
    /// The layers that were undone to see it, outermost first: `base64`, `gzip`, `percent`.
    pub decoded_from: Vec<&'static str>,
}

/// The line of a file that a finding points at, with every known secret in it redacted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The text; cut to a width around the finding, tabs made spaces.
    pub text: String,
    /// Characters before the marked part.
    pub start: usize,
    /// Characters of the marked part.
    pub length: usize,
}

/// Another place that belongs to a finding.
#[derive(Clone, Debug)]
pub struct Related {
    /// The place.
    pub location: Location,
    /// What it has to do with the finding: "the same value".
    pub message: String,
}

impl Related {
    /// The message of a place that holds an equal value.
    pub const SAME_VALUE: &str = "the same value";
}

/// One secret at one place, or one risky way of handling a secret.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule that was broken.
    pub rule: Arc<Rule>,
    /// Where a credential lies; none for findings of the other classes.
    pub exposure: Option<Exposure>,
    /// How bad it is here.
    pub severity: Severity,
    /// How sure we are.
    pub confidence: Confidence,
    /// A short sentence without a full stop.
    pub title: String,
    /// What was seen, naming container, key and so on; never a value.
    pub message: String,
    /// Where.
    pub location: Location,
    /// The line it points at, when there is a file.
    pub excerpt: Option<Excerpt>,
    /// What may be said of the value; none when no value was seen.
    pub secret: Option<SecretFacts>,
    /// The stable id.
    pub fingerprint: Fingerprint,
    /// Other places.
    pub related: Vec<Related>,
    /// What else was noticed: other rules that saw the same value, how it was decoded.
    pub notes: Vec<String>,
    /// What to do here; the rule's own advice unless the place has better.
    pub remediation: Cow<'static, str>,
    /// A manifest that would do in place of what was found.
    pub suggestion: Option<String>,
}

impl Finding {
    /// A finding without a value, with the title and the advice of its rule.
    #[must_use]
    pub fn without_value(
        rule: &Arc<Rule>,
        (severity, confidence): (Severity, Confidence),
        message: String,
        location: Location,
    ) -> Self {
        Self {
            exposure: None,
            severity,
            confidence,
            title: rule.title.to_string(),
            message,
            excerpt: None,
            secret: None,
            fingerprint: Fingerprint::new(&rule.id, &location, None, 0),
            related: Vec::new(),
            notes: Vec::new(),
            remediation: rule.remediation.clone(),
            suggestion: None,
            location,
            rule: Arc::clone(rule),
        }
    }

    /// The rule's name.
    #[must_use]
    pub fn id(&self) -> &RuleId {
        &self.rule.id
    }

    /// The kind of statement.
    #[must_use]
    pub fn class(&self) -> Class {
        self.rule.class
    }
}
