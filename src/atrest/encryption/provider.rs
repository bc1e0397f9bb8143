//! What encrypts: an element of `providers`.

use std::fmt;

use crate::manifest::Node;

use super::key::Key;

/// A cipher whose keys stand in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cipher {
    /// AES in CBC mode, without authentication.
    Aescbc,
    /// AES in Galois/counter mode with random nonces.
    Aesgcm,
    /// XSalsa20 and Poly1305.
    Secretbox,
}

impl Cipher {
    /// Its field.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aescbc => "aescbc",
            Self::Aesgcm => "aesgcm",
            Self::Secretbox => "secretbox",
        }
    }

    /// The lengths that a key may have, in bytes. The documentation says 32 for `aescbc`; the code takes less.
    #[must_use]
    pub const fn key_lengths(self) -> &'static [usize] {
        match self {
            Self::Aescbc | Self::Aesgcm => &[16, 24, 32],
            Self::Secretbox => &[32],
        }
    }
}

impl fmt::Display for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The version of the protocol that a KMS plugin speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KmsVersion {
    /// Deprecated.
    V1,
    /// The one to use.
    V2,
}

impl KmsVersion {
    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        }
    }
}

/// A plugin that keeps the key encryption key.
#[derive(Clone, Debug)]
pub struct Kms {
    /// The name, which is stored in front of what it encrypts.
    pub name: String,
    /// The version; none where it is no version that exists, which is refused.
    pub version: Option<KmsVersion>,
    /// The URL of its socket.
    pub endpoint: String,
    /// How long it is waited for, where that is said.
    pub timeout: Option<String>,
    /// How many keys are kept in memory, where that is said. Version 1 only.
    pub cache: Option<i32>,
}

/// How a provider encrypts.
#[derive(Clone, Debug)]
pub enum Scheme<'t> {
    /// Not at all.
    Identity,
    /// With keys of the configuration.
    Local(Cipher, Vec<Key<'t>>),
    /// With a plugin.
    Kms(Kms),
}

/// One provider.
#[derive(Clone, Debug)]
pub struct Provider<'t> {
    /// The element of the list.
    pub node: Node<'t>,
    /// The field that names it; the element where it names none.
    pub named: Node<'t>,
    /// How it encrypts; none where it does not say, which is refused.
    pub scheme: Option<Scheme<'t>>,
}

impl<'t> Provider<'t> {
    /// Whether it stores plaintext.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        matches!(self.scheme, Some(Scheme::Identity))
    }

    /// Its plugin, if it has one.
    #[must_use]
    pub fn kms(&self) -> Option<&Kms> {
        match &self.scheme {
            Some(Scheme::Kms(kms)) => Some(kms),
            _ => None,
        }
    }

    /// Its keys, if they are in the configuration.
    #[must_use]
    pub fn keys(&self) -> &[Key<'t>] {
        match &self.scheme {
            Some(Scheme::Local(_, keys)) => keys,
            _ => &[],
        }
    }
}
