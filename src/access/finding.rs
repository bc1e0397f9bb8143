//! What is said of one binding.

use super::rules::AccessRule;
use super::subject::Subject;
use crate::model::{Confidence, Location, Severity};

/// A binding that shows Secrets to more than it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessFinding {
    /// The rule.
    pub rule: AccessRule,
    /// How bad it is here.
    pub severity: Severity,
    /// How sure we are.
    pub confidence: Confidence,
    /// `ClusterRoleBinding ci`.
    pub binding: String,
    /// The subjects it is about, sorted: those of the binding that are as bad for the same reason.
    pub subjects: Vec<Subject>,
    /// What was seen, naming binding, subjects and rights.
    pub message: String,
    /// Where the binding is.
    pub location: Location,
    /// What else is known: why it is less bad than it looks, what was assumed, which other paths lead there.
    pub notes: Vec<String>,
    /// What to do here.
    pub remediation: String,
    /// The Roles that would do, as YAML documents; none where the use of Secrets is not known.
    pub narrower: Option<String>,
}
