//! A rule: what patterns, generic credentials and checks have in common.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::{Class, Confidence, Severity};

/// The name of a rule: kebab-case, one space of names for patterns and checks alike.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(Arc<str>);

impl RuleId {
    /// Names a rule. Whether the name is well formed is checked where rules are read.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `id` is kebab-case: lower-case letters, digits and single dashes.
    #[must_use]
    pub fn is_well_formed(id: &str) -> bool {
        id.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && !id.ends_with('-')
            && !id.contains("--")
            && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a rule says of itself. Reports, `ksecrets rules`, SARIF and `docs/rules.md` are all made from this.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The rule's name.
    pub id: RuleId,
    /// A short noun phrase: "GitHub personal access token".
    pub title: Cow<'static, str>,
    /// The kind of statement its findings make.
    pub class: Class,
    /// The severity before the place of a finding is weighed.
    pub severity: Severity,
    /// The confidence before a value is weighed.
    pub confidence: Confidence,
    /// What it is and why it is dangerous, one or two sentences.
    pub description: Cow<'static, str>,
    /// What to do, one or two sentences.
    pub remediation: Cow<'static, str>,
    /// Pages that describe the format or the danger.
    pub references: Vec<Cow<'static, str>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_kebab_case() {
        for good in ["password", "github-token", "1password-token"] {
            assert!(RuleId::is_well_formed(good), "{good}");
        }
        for bad in ["", "-a", "a-", "a--b", "A", "a_b", "a b"] {
            assert!(!RuleId::is_well_formed(bad), "{bad}");
        }
    }
}
