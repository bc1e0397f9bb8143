//! What can go wrong in this room.

/// Why something could not be sealed, opened or read. Each says whose fault it is and what to do next, and none holds
/// anything secret.
///
/// What fails in a cipher says which slot or which key failed and no more: a wrong key and altered text look the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// Broken YAML or JSON. The author's fault.
    #[error("line {line} is not valid YAML: mend the file")]
    NotYaml {
        /// The line, from 1.
        line: usize,
    },
    /// No document, or more than one, where there must be one.
    #[error("expected one YAML document and found {found}: pass them one by one")]
    NotOneDocument {
        /// How many there are.
        found: usize,
    },
    /// Something else than a sealed object.
    #[error("this is {found}, not a SealedSecret of ksecrets.dev/v1alpha1")]
    NotSealed {
        /// Kind and group that were found.
        found: String,
    },
    /// Something else than a Secret.
    #[error("this is {found}, not a Secret of v1: only Secrets can be sealed")]
    NotSecret {
        /// Kind and group that were found.
        found: String,
    },
    /// The input is sealed.
    #[error("this is already sealed: to change a value use `ksecrets seal set` or `ksecrets seal edit`")]
    AlreadySealed,
    /// A field is missing, unknown, or of the wrong shape.
    #[error("{field}: {why}")]
    Field {
        /// The path of the field.
        field: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The same field twice in one mapping.
    #[error("{field} stands there twice: remove one")]
    Duplicate {
        /// The path of the field.
        field: String,
    },
    /// Base64 that is none, or that is not in its one canonical form.
    #[error("{field} is not valid base64: it was cut off or altered")]
    Base64 {
        /// The path of the field.
        field: String,
    },
    /// Bytes that are too short or too long for what they are.
    #[error("{field} has {found} bytes: it was cut off, or is of another format")]
    Length {
        /// The path of the field.
        field: String,
        /// How many bytes there are.
        found: usize,
    },
    /// A limit of the format or of Kubernetes.
    #[error("{what} is over the limit of {limit}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// A name that Kubernetes would refuse.
    #[error("Kubernetes does not allow '{name}' as {what}")]
    Name {
        /// What the name is for.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A namespace is needed and there is none.
    #[error("scope {scope} needs a namespace: write metadata.namespace, or name it with -n")]
    NoNamespace {
        /// The scope.
        scope: super::Scope,
    },
    /// `spec.format` that this program does not know.
    #[error("format {found} is not known: it needs a newer ksecrets")]
    Format {
        /// What stands there.
        found: String,
    },
    /// A suite that this program does not know.
    #[error("suite '{found}' is not known: known are xwing and x25519, others need a newer ksecrets")]
    Suite {
        /// What stands there.
        found: String,
    },
    /// A scope that is none.
    #[error("scope '{found}' is not known: known are strict, namespace and cluster")]
    Scope {
        /// What stands there.
        found: String,
    },
    /// A key id that is none.
    #[error("'{found}' is not a key id")]
    KeyId {
        /// What stands there.
        found: String,
    },
    /// A slot whose id is not that of its commitment.
    #[error("slot {slot}: the id does not belong to the commitment, one of them was altered")]
    SlotId {
        /// The id that stands there.
        slot: String,
    },
    /// A value that refers to a slot that is not there.
    #[error("spec.data.{key} refers to slot {slot}, which is not there: restore it from an older version of the file")]
    NoSlot {
        /// The key of the value.
        key: String,
        /// The slot it refers to.
        slot: String,
    },
    /// Recipients of different suites in one slot: the weakest decides for all.
    #[error("slot {slot} mixes suites: one slot is either post-quantum for all recipients or for none")]
    MixedSuites {
        /// The slot; `new` while sealing.
        slot: String,
    },
    /// An X25519 share or public key with which everybody can compute the shared secret.
    #[error("{field} holds an X25519 point of low order: it was made to be read by everybody")]
    LowOrder {
        /// The path of the field, or what holds it.
        field: String,
    },
    /// Sealed for another namespace.
    #[error("slot {slot} was sealed for another namespace: seal the Secret anew for this one")]
    Moved {
        /// The slot.
        slot: String,
    },
    /// Sealed for another name.
    #[error("slot {slot} was sealed for another name: seal the Secret anew for this one")]
    Renamed {
        /// The slot.
        slot: String,
    },
    /// Sealed for another namespace and another name, or in another scope than the file says.
    #[error("slot {slot} was sealed for another place{}: seal the Secret anew", sealed_as(.scope.as_ref()))]
    Elsewhere {
        /// The slot.
        slot: String,
        /// The scope in which it would fit here.
        scope: Option<super::Scope>,
    },
    /// None of the identities is a recipient.
    #[error("none of the identities is a recipient of slot {slot}; it is sealed to {}", list(.sealed_to))]
    NoIdentity {
        /// The slot.
        slot: String,
        /// Key ids of its recipients.
        sealed_to: Vec<String>,
    },
    /// A data key could not be unwrapped.
    #[error("slot {slot} cannot be opened with {kid}: it was altered, or sealed for another place")]
    Unwrap {
        /// The slot.
        slot: String,
        /// The key that was tried.
        kid: String,
    },
    /// The wrapped data key is not the one that the slot commits to.
    #[error("slot {slot} holds another data key for {kid} than for its other recipients: who sealed it is not honest")]
    Commitment {
        /// The slot.
        slot: String,
        /// The key that was tried.
        kid: String,
    },
    /// A value could not be opened.
    #[error("spec.data.{key} cannot be opened: it was altered, or sealed for another key, type or slot")]
    Value {
        /// The key of the value.
        key: String,
    },
    /// Nothing to seal.
    #[error("there is no value to seal: data and stringData are empty")]
    Empty,
    /// Nobody to seal to.
    #[error("there is nobody to seal to: name a recipient")]
    NoRecipients,
    /// A template that names a value that is not there.
    #[error("spec.template.data.{key} names ${{{name}}}, which is no key of spec.data")]
    Placeholder {
        /// The key in the template.
        key: String,
        /// The name between the braces.
        name: String,
    },
    /// The key is not there.
    #[error("there is no value under '{key}'")]
    NoValue {
        /// The key.
        key: String,
    },
    /// Fragments that were sealed for another place, type or scope.
    #[error("the values to merge were sealed for another place, scope or type")]
    Unmergeable,
    /// Text that is no recipient.
    #[error("not a recipient: {why}")]
    Recipient {
        /// What is wrong.
        why: &'static str,
    },
    /// Text that is no identity file.
    #[error("not an identity file: {why}")]
    Identity {
        /// What is wrong.
        why: &'static str,
    },
    /// A passphrase is needed.
    #[error("the identity {kid} is protected by a passphrase")]
    PassphraseNeeded {
        /// The key id in the file.
        kid: String,
    },
    /// The passphrase does not open the identity, or the file was altered.
    #[error("the passphrase does not open the identity {kid}, or its file was altered")]
    Passphrase {
        /// The key id in the file.
        kid: String,
    },
    /// Something else than a keyset.
    #[error("this is no keyset: `version: 1` is missing; `ksecrets seal keys add` makes one")]
    NotAKeyset,
    /// A state of a key that this program does not know.
    #[error("state '{found}' is not known: known are pending, current, decrypt-only, retired and compromised")]
    State {
        /// What stands there.
        found: String,
    },
    /// A label that is none.
    #[error("'{found}' is no label: up to 63 letters, digits, dots, dashes and underscores, and no key id")]
    Label {
        /// What stands there.
        found: String,
    },
    /// The public key of an entry is not the one that its id names.
    #[error("keys.{listed}: the recipient there is another key, {found}: one of the two was altered")]
    OtherKey {
        /// The id that stands there.
        listed: String,
        /// The id of the public key.
        found: String,
    },
    /// Text that is no root.
    #[error("not a root: {why}")]
    Root {
        /// What is wrong.
        why: &'static str,
    },
    /// Text that is no file of a root.
    #[error("not the file of a root: {why}")]
    RootFile {
        /// What is wrong.
        why: &'static str,
    },
    /// Another root than the one that had to sign.
    #[error("the keyset is of root {found} and not of {pinned}: somebody exchanged it, or the root has changed")]
    OtherRoot {
        /// The root in the keyset.
        found: String,
        /// The root that it had to be.
        pinned: String,
    },
    /// A keyset that nobody signed.
    #[error("the keyset is not signed: look it over and sign it with `ksecrets seal keys publish --root FILE`")]
    Unsigned,
    /// A signature that is not that of the root over these bytes.
    #[error(
        "the signature of the keyset is wrong: it was changed after it was signed. Restore it from git, or look it over \
         and sign it with `ksecrets seal keys publish --root FILE`"
    )]
    Signature,
    /// A word that names no key of the keyset.
    #[error("the keyset has no key '{word}'; its labels are {}", list(.labels))]
    UnknownKey {
        /// The word.
        word: String,
        /// The labels that there are.
        labels: Vec<String>,
    },
    /// A key that nothing may be sealed to.
    #[error("nothing can be sealed to {key}: the key is {standing}; {}", .standing.advice())]
    Unusable {
        /// Label and id.
        key: String,
        /// What may be done with it.
        standing: super::Standing,
    },
    /// A keyset that has no key to seal to.
    #[error("no key of the keyset can be sealed to today: `ksecrets seal keys list` says why")]
    NoUsableKey,
    /// Recipients of different suites.
    #[error("{one} and {other} are of different suites, and one Secret is sealed with one suite: use keys of one")]
    MixedKeys {
        /// One of them.
        one: String,
        /// Another.
        other: String,
    },
    /// The system gave no randomness.
    #[error("the system gives no randomness")]
    Randomness,
}

impl SealError {
    /// A short name that stays the same: the vectors in `fixtures/envelope` name failures by it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotYaml { .. } => "not-yaml",
            Self::NotOneDocument { .. } => "not-one-document",
            Self::NotSealed { .. } => "not-sealed",
            Self::NotSecret { .. } => "not-secret",
            Self::AlreadySealed => "already-sealed",
            Self::Field { .. } => "field",
            Self::Duplicate { .. } => "duplicate",
            Self::Base64 { .. } => "base64",
            Self::Length { .. } => "length",
            Self::TooLarge { .. } => "too-large",
            Self::Name { .. } => "name",
            Self::NoNamespace { .. } => "no-namespace",
            Self::Format { .. } => "format",
            Self::Suite { .. } => "suite",
            Self::Scope { .. } => "scope",
            Self::KeyId { .. } => "key-id",
            Self::SlotId { .. } => "slot-id",
            Self::NoSlot { .. } => "no-slot",
            Self::MixedSuites { .. } => "mixed-suites",
            Self::LowOrder { .. } => "low-order",
            Self::Moved { .. } => "moved",
            Self::Renamed { .. } => "renamed",
            Self::Elsewhere { .. } => "elsewhere",
            Self::NoIdentity { .. } => "no-identity",
            Self::Unwrap { .. } => "unwrap",
            Self::Commitment { .. } => "commitment",
            Self::Value { .. } => "value",
            Self::Empty => "empty",
            Self::NoRecipients => "no-recipients",
            Self::Placeholder { .. } => "placeholder",
            Self::NoValue { .. } => "no-value",
            Self::Unmergeable => "unmergeable",
            Self::Recipient { .. } => "recipient",
            Self::Identity { .. } => "identity",
            Self::PassphraseNeeded { .. } => "passphrase-needed",
            Self::Passphrase { .. } => "passphrase",
            Self::NotAKeyset => "not-a-keyset",
            Self::State { .. } => "state",
            Self::Label { .. } => "label",
            Self::OtherKey { .. } => "other-key",
            Self::Root { .. } => "root",
            Self::RootFile { .. } => "root-file",
            Self::OtherRoot { .. } => "other-root",
            Self::Unsigned => "unsigned",
            Self::Signature => "signature",
            Self::UnknownKey { .. } => "unknown-key",
            Self::Unusable { .. } => "unusable-key",
            Self::NoUsableKey => "no-usable-key",
            Self::MixedKeys { .. } => "mixed-suites",
            Self::Randomness => "randomness",
        }
    }
}

fn sealed_as(scope: Option<&super::Scope>) -> String {
    scope.map_or_else(String::new, |scope| format!(" (in scope {scope} it would fit here)"))
}

fn list(kids: &[String]) -> String {
    kids.join(", ")
}
