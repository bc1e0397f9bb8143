//! One thing that is wrong with a configuration.

use crate::manifest::Node;
use crate::model::{Location, ObjectRef, Region, Severity};

use super::refusal::{field, region};
use super::rules::EncryptionRule;

/// A broken rule and its place.
#[derive(Clone, Debug)]
pub struct Problem<'t> {
    /// The rule.
    pub rule: EncryptionRule,
    /// How bad it is here.
    pub severity: Severity,
    /// What shows it.
    pub node: Node<'t>,
    /// What was seen. Names, never values.
    pub detail: String,
}

impl Problem<'_> {
    /// What to do.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        self.rule.remediation()
    }

    /// Its place in the text that it was parsed from. Reads the text up to there.
    #[must_use]
    pub fn region(&self) -> Region {
        region(self.node)
    }

    /// Its place in a file.
    #[must_use]
    pub fn location(&self, path: &str) -> Location {
        let object =
            ObjectRef { kind: "EncryptionConfiguration".into(), field: field(self.node), ..ObjectRef::default() };
        Location { path: Some(path.to_owned()), region: Some(self.region()), object: Some(object) }
    }
}
