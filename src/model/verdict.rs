//! What is known of how a resource is stored.

use std::fmt;

/// A rung of the ladder of evidence, the weakest first. A rung proves nothing of those above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rung {
    /// How the API server is started.
    Flag,
    /// What its configuration says it will do.
    Configuration,
    /// What it counts while it does it.
    Metrics,
    /// What lies in etcd.
    StoredBytes,
}

impl Rung {
    /// All of them, the weakest first.
    pub const ALL: [Self; 4] = [Self::Flag, Self::Configuration, Self::Metrics, Self::StoredBytes];

    /// The word of reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flag => "flag",
            Self::Configuration => "configuration",
            Self::Metrics => "metrics",
            Self::StoredBytes => "stored-bytes",
        }
    }
}

/// Whether a resource is encrypted. Unknown is not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encrypted {
    /// Nobody looked, or what was looked at does not tell.
    Unknown,
    /// All of it, as far as the rung tells.
    Yes,
    /// Some of it is plaintext.
    Partly,
    /// It is plaintext.
    No,
}

impl Encrypted {
    /// The word of reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Yes => "encrypted",
            Self::Partly => "partly",
            Self::No => "plaintext",
        }
    }
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Encrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What one rung says of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RungVerdict {
    /// The rung.
    pub rung: Rung,
    /// What it says.
    pub encrypted: Encrypted,
    /// Why, in a sentence without a full stop: what was seen, or that nobody looked.
    pub reason: String,
}

/// What is known of one resource: the word of the highest rung that has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// `secrets`, or `certificates.cert-manager.io`.
    pub resource: String,
    /// One entry for each rung, the weakest first.
    pub rungs: Vec<RungVerdict>,
}

impl Verdict {
    /// The entry that the verdict rests on; none where no rung knows anything.
    #[must_use]
    pub fn rests_on(&self) -> Option<&RungVerdict> {
        self.rungs.iter().rfind(|rung| rung.encrypted != Encrypted::Unknown)
    }

    /// Whether the resource is encrypted.
    #[must_use]
    pub fn encrypted(&self) -> Encrypted {
        self.rests_on().map_or(Encrypted::Unknown, |rung| rung.encrypted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_rung_that_knows_anything_decides() {
        let rung = |rung, encrypted| RungVerdict { rung, encrypted, reason: String::new() };
        let mut verdict = Verdict {
            resource: "secrets".into(),
            rungs: vec![
                rung(Rung::Flag, Encrypted::No),
                rung(Rung::Configuration, Encrypted::Yes),
                rung(Rung::Metrics, Encrypted::Unknown),
            ],
        };
        assert_eq!(verdict.rests_on().unwrap().rung, Rung::Configuration);
        assert_eq!(verdict.encrypted(), Encrypted::Yes);
        verdict.rungs.retain(|rung| rung.rung == Rung::Metrics);
        assert_eq!((verdict.rests_on(), verdict.encrypted()), (None, Encrypted::Unknown));
    }
}
