//! Secrets as types that cannot be shown.

use std::fmt;

use zeroize::Zeroizing;

/// A secret value while it is being judged. It has no `Display`, its `Debug` shows nothing, it is wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretValue(Zeroizing<String>);

impl SecretValue {
    /// Takes a copy of the value.
    #[must_use]
    pub fn new(value: &str) -> Self {
        Self(Zeroizing::new(value.to_owned()))
    }

    /// The value itself. Whoever calls this must not let it reach an output.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue(…)")
    }
}

/// Whether values may be shown at all: `--show-secrets`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Redaction {
    /// A few leading characters at most.
    #[default]
    Hidden,
    /// The whole value, because the user asked for it.
    Shown,
}

/// The only form in which a secret leaves a scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redacted(String);

impl Redacted {
    /// Keeps at most three leading characters, and never more than a quarter of the value.
    #[must_use]
    pub fn new(value: &SecretValue, redaction: Redaction) -> Self {
        let value = value.expose();
        if redaction == Redaction::Shown {
            return Self(value.to_owned());
        }
        let keep = (value.chars().count() / 4).min(3);
        let head: String = value.chars().take(keep).filter(|c| !c.is_control()).collect();
        Self(format!("{head}…"))
    }

    /// The text to show.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redact(value: &str) -> String {
        Redacted::new(&SecretValue::new(value), Redaction::Hidden).to_string()
    }

    #[test]
    fn at_most_three_characters_and_a_quarter_stay() {
        assert_eq!(redact(""), "…");
        assert_eq!(redact("abc"), "…");
        assert_eq!(redact("hunter2"), "h…");
        assert_eq!(redact("correct-horse-battery"), "cor…");
        assert_eq!(redact("ünïcödé-pässwörd"), "ünï…");
    }

    #[test]
    fn a_secret_cannot_be_debugged() {
        assert_eq!(format!("{:?}", SecretValue::new("hunter2")), "SecretValue(…)");
    }
}
