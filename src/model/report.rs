//! What a hunt has to say: findings, and what it could not look at.

use std::time::Duration;

use super::{Finding, SecretReaders, Severity, Verdict};

/// Something the user asked to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// `path`, `stdin`, `cluster`, `etcd`.
    pub kind: &'static str,
    /// As the user named it.
    pub name: String,
}

/// Something that was not looked at, or not in full. Unknown is not pass.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// `path` or `path:line`.
    pub place: String,
    /// Why, and what was done in its stead.
    pub reason: String,
    /// Whether nothing at all was looked at, which `--strict` counts as a failure.
    pub unread: bool,
}

/// What was counted on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files scanned, archive members counted one by one.
    pub files: u64,
    /// Bytes scanned.
    pub bytes: u64,
    /// Kubernetes objects understood.
    pub objects: u64,
    /// Binary files passed over.
    pub binaries: u64,
    /// Findings silenced by a comment, an annotation or the configuration.
    pub suppressed: u64,
    /// Time from start to end.
    pub duration: Duration,
}

impl Summary {
    /// Adds what another worker counted.
    pub fn add(&mut self, other: &Self) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.objects += other.objects;
        self.binaries += other.binaries;
        self.suppressed += other.suppressed;
    }
}

/// The result of a hunt, in an order that depends on the input alone.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What was asked for.
    pub targets: Vec<Target>,
    /// What was counted.
    pub summary: Summary,
    /// What was found.
    pub findings: Vec<Finding>,
    /// What was not looked at.
    pub skipped: Vec<Skipped>,
    /// Who reads which Secret, when that was asked for: sorted by Secret.
    pub access: Option<Vec<SecretReaders>>,
    /// What is known of encryption at rest, when that was asked for.
    pub at_rest: Option<Vec<Verdict>>,
}

impl Report {
    /// The worst severity, if anything was found.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }

    /// How many findings have this severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}
