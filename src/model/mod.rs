//! The words of ksecrets: what a finding is, where it lies and how bad it is.
//!
//! A leaf: nothing here reads or writes anything, and nothing here imports another room.

mod exposure;
mod finding;
mod fingerprint;
mod location;
mod readers;
mod redact;
mod report;
mod rule;
mod severity;
mod verdict;

pub use exposure::{Class, Exposure};
pub use finding::{Excerpt, Finding, Related, SecretFacts};
pub use fingerprint::{Fingerprint, FingerprintKey};
pub use location::{Location, ObjectRef, Region};
pub use readers::{Reader, SavedReader, SavedReaders, SecretReaders, Via};
pub use redact::{Redacted, Redaction, SecretValue};
pub use report::{Report, Skipped, Summary, Target};
pub use rule::{Rule, RuleId};
pub use severity::{Confidence, Severity, UnknownWord};
pub use verdict::{Encrypted, Rung, RungVerdict, Verdict};
