//! Sealing: a Secret becomes a [`SealedSecret`] that only the holders of private keys can open.
//!
//! The format is specified in `docs/format.md`. In short: the values of one object are encrypted one by one with
//! AES-256-GCM under a data key, the data key is wrapped to each recipient with HPKE (RFC 9180), and everything is bound
//! to where it stands: scope, namespace, name, key, type of the Secret, and slot. Whoever holds public keys only can add
//! and replace values; he opens a new slot, because no data key is ever used in a second run.
//!
//! Nothing here reads clocks or the environment, and only `document` touches files. What else is asked of the system is
//! randomness.

#[cfg(feature = "bitnami")]
pub mod bitnami;
mod coding;
pub mod document;
mod envelope;
mod error;
mod identity;
mod kem;
mod key_file;
mod keyset;
mod metadata;
mod problem;
mod reading;
mod recipient;
mod rules;
mod scope;
mod sealed;
mod secret;
mod slot;
mod suite;
mod template;
mod value;
mod writing;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

pub use envelope::{Edit, Envelope};
pub use error::SealError;
pub use identity::{Identity, IdentityFile};
pub use key_file::Work;
pub use keyset::{
    Choice, Day, Entry, Keyset, KeysetDraft, Label, NotADay, Root, RootFile, RootIdentity, Standing, State,
};
pub use problem::{Holder, Policy, Problem};
pub use recipient::{KeyId, Recipient};
pub use rules::{codes, rule_of, rules};
pub use scope::{Context, ContextDigest, Scope, check_key};
pub use sealed::SealedSecret;
pub use secret::{PlainSecret, SecretBytes};
pub use slot::{Slot, SlotId, Wrap};
pub use suite::Suite;
pub use template::Template;
pub use value::SealedValue;

/// Most bytes of all values of a Secret together: the API server's own limit
/// (<https://kubernetes.io/docs/concepts/configuration/secret/#restriction-data-size>).
pub const MOST_BYTES: usize = 1 << 20;
/// Most bytes of the text of a sealed object: what etcd takes in one request (`--max-request-bytes`).
pub const MOST_TEXT: usize = 1_572_864;
/// Most values of one object.
pub const MOST_VALUES: usize = 4096;
/// Most slots of one object.
pub const MOST_SLOTS: usize = 64;
/// Most keys of one keyset.
pub const MOST_KEYS: usize = 256;
/// Most bytes of the text of a keyset.
pub const MOST_KEYSET: usize = 1 << 20;
/// Most recipients of one slot.
pub const MOST_RECIPIENTS: usize = 64;
