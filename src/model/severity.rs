//! How bad a finding is, and how sure we are of it: two independent axes.

use std::fmt;
use std::str::FromStr;

/// How much harm a finding does when nobody acts on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; nothing leaks.
    Info,
    /// A habit that makes a leak likelier.
    Low,
    /// A weak or limited credential is readable.
    Medium,
    /// A working credential is readable.
    High,
    /// A credential that owns an account, a cluster or a cloud is readable.
    Critical,
}

impl Severity {
    /// Every severity, worst first: the order in which reports count them.
    pub const ALL: [Self; 5] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info];

    /// The word that reports and options use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// A severity some steps worse, or better; the ends hold.
    #[must_use]
    pub fn shifted(self, steps: i8) -> Self {
        let place = Self::ALL.iter().position(|one| *one == self).unwrap_or_default();
        let place = (place as i8).saturating_sub(steps).clamp(0, Self::ALL.len() as i8 - 1);
        Self::ALL[place as usize]
    }
}

/// How sure we are that a finding is what its rule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// The name says credential; the value could be anything.
    Low,
    /// Name and value agree.
    Medium,
    /// The value's own structure says what it is, or its place declares it.
    High,
    /// Proved: a checksum holds, a key parses, or a live Secret has the same value.
    Confirmed,
}

impl Confidence {
    /// The word that reports and options use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Confirmed => "confirmed",
        }
    }
}

/// A word that names no member of the scale: the user's error.
#[derive(Debug, thiserror::Error)]
#[error("'{word}' is not one of {expected}")]
pub struct UnknownWord {
    word: String,
    expected: &'static str,
}

impl FromStr for Severity {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.as_str() == word)
            .ok_or_else(|| UnknownWord { word: word.to_owned(), expected: "critical, high, medium, low, info" })
    }
}

impl FromStr for Confidence {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        [Self::Low, Self::Medium, Self::High, Self::Confirmed]
            .into_iter()
            .find(|confidence| confidence.as_str() == word)
            .ok_or_else(|| UnknownWord { word: word.to_owned(), expected: "confirmed, high, medium, low" })
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_are_ordered_by_harm() {
        let mut sorted = Severity::ALL;
        sorted.sort();
        sorted.reverse();
        assert_eq!(sorted, Severity::ALL);
    }

    #[test]
    fn words_round_trip_and_strangers_are_named() {
        for severity in Severity::ALL {
            assert_eq!(severity.as_str().parse::<Severity>().ok(), Some(severity));
        }
        let error = "awful".parse::<Confidence>().unwrap_err();
        assert_eq!(error.to_string(), "'awful' is not one of confirmed, high, medium, low");
    }
}
