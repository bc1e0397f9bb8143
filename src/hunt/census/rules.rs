//! The rules of the census.

use std::sync::Arc;

use crate::model::{Class, Confidence, Rule, RuleId, Severity};

/// The id of the rule for Secrets that nothing refers to.
pub(super) const UNUSED: &str = "unused-secret";
/// The id of the rule for references that lead nowhere.
pub(super) const MISSING: &str = "missing-secret";

/// The rules that only a cluster can break.
#[derive(Debug)]
pub(in crate::hunt) struct CensusRules {
    /// `missing-secret`.
    pub(super) missing: Arc<Rule>,
    /// `unused-secret`.
    pub(super) unused: Arc<Rule>,
}

impl CensusRules {
    /// Every rule.
    pub(in crate::hunt) fn all(&self) -> [&Arc<Rule>; 2] {
        [&self.missing, &self.unused]
    }
}

impl Default for CensusRules {
    fn default() -> Self {
        let rule = |id, title: &'static str, description: &'static str, remediation: &'static str| {
            Arc::new(Rule {
                id: RuleId::new(id),
                title: title.into(),
                class: Class::Exposure,
                severity: Severity::Low,
                confidence: Confidence::Medium,
                description: description.into(),
                remediation: remediation.into(),
                references: vec![
                    "https://kubernetes.io/docs/concepts/security/secrets-good-practices/".into(),
                    "https://kubernetes.io/docs/concepts/configuration/secret/#using-a-secret".into(),
                ],
            })
        };
        let missing = rule(
            MISSING,
            "Reference to a Secret that does not exist",
            "A pod of the cluster refers to a Secret, or to a key of one, that does not exist. It cannot start, and \
             whoever may create Secrets in its namespace decides what it gets.",
            "Create the Secret, correct the reference, or delete the workload; `optional: true` says that a pod runs \
             without it.",
        );
        let unused = rule(
            UNUSED,
            "Secret that nothing refers to",
            "No pod, custom resource, role or setting of the cluster names this Secret. What it opens can be forgotten \
             and never changed, while everybody who reads Secrets in its namespace has it. A program may still read \
             it by the API.",
            "Ask whose it is; if nobody's, revoke what it holds where it was issued, then delete it. The annotation \
             `ksecrets.dev/ignore: unused-secret` says that it is used.",
        );
        // Whether it exists is certain; whether nothing uses it is not.
        let missing = Arc::new(Rule { confidence: Confidence::High, ..(*missing).clone() });
        Self { missing, unused }
    }
}
