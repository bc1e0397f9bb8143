//! How a pattern is written. `docs/patterns.md` tells it to users.

use serde::{Deserialize, Serialize};

/// One entry of a pattern file, as written.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PatternSyntax {
    /// The rule's name, kebab-case.
    pub id: String,
    /// A short noun phrase.
    pub title: String,
    /// What the secret opens.
    pub description: String,
    /// `critical`, `high`, `medium` or `low`.
    pub severity: String,
    /// `high`, `medium` or `low`, before a checksum has spoken.
    pub confidence: String,
    /// Texts of which one is in every match, in any case: the gate.
    pub keywords: Vec<String>,
    /// A token rule: the secret is the group `secret`.
    pub regex: Option<String>,
    /// A named rule: searched in the normalised name of an assignment.
    pub name: Option<String>,
    /// A named rule: what the whole value must look like.
    pub value: Option<String>,
    /// Least Shannon entropy of the secret, in bits per character.
    #[serde(default)]
    pub entropy: f64,
    /// An offline check of the secret; a failed one means no finding.
    pub checksum: Option<String>,
    /// Globs of the only files the rule looks at.
    #[serde(default)]
    pub paths: Vec<String>,
    /// What to do.
    pub remediation: String,
    /// Where the format is described.
    pub references: Vec<String>,
    /// Texts that prove the rule.
    pub examples: Examples,
}

/// What a rule must and must not match.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Examples {
    /// Each holds exactly one secret of the rule.
    #[serde(rename = "match")]
    pub matching: Vec<String>,
    /// Each holds none.
    pub no_match: Vec<String>,
}

/// A pattern file that cannot be read: its author's fault.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {message}")]
pub struct SyntaxError {
    /// The file, with the line where the YAML parser knows it.
    pub file: String,
    /// What is wrong.
    pub message: String,
}

/// Reads one pattern file: a list of entries.
///
/// # Errors
/// When the text is not YAML or an entry has an unknown, missing or ill-typed key.
pub fn parse(file: &str, text: &str) -> Result<Vec<PatternSyntax>, SyntaxError> {
    serde_yaml::from_str(text).map_err(|error| {
        let line = error.location().map_or(0, |location| location.line());
        SyntaxError {
            file: if line > 0 { format!("{file}:{line}") } else { file.to_owned() },
            message: error.to_string(),
        }
    })
}

/// Removes the `¦` marks that keep example credentials from looking alive to other people's scanners.
#[must_use]
pub fn without_marks(example: &str) -> String {
    example.replace('¦', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_are_refused_with_their_line() {
        let error = parse("mine.yaml", "- id: a\n  colour: red\n").unwrap_err();
        assert!(error.to_string().starts_with("mine.yaml:"), "{error}");
        assert!(error.to_string().contains("colour"), "{error}");
    }
}
