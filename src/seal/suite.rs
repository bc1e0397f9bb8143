//! Which ciphers.

use std::fmt;
use std::str::FromStr;

use super::SealError;

/// How data keys are wrapped. Both are HPKE base mode with HKDF-SHA256 and AES-256-GCM; values are always AES-256-GCM.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Suite {
    /// X-Wing: ML-KEM-768 and X25519 together (KEM 0x647a). Holds as long as one of the two does.
    #[default]
    XWing,
    /// DHKEM(X25519, HKDF-SHA256) (KEM 0x0020). Short keys; a quantum computer reads it.
    X25519,
}

impl Suite {
    /// Every suite.
    pub const ALL: [Self; 2] = [Self::XWing, Self::X25519];

    /// The name in key ids and key files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::XWing => "xwing",
            Self::X25519 => "x25519",
        }
    }

    /// Bytes of a public key.
    #[must_use]
    pub fn public_length(self) -> usize {
        match self {
            Self::XWing => 1216,
            Self::X25519 => 32,
        }
    }

    /// Bytes of an encapsulated key.
    #[must_use]
    pub fn enc_length(self) -> usize {
        match self {
            Self::XWing => 1120,
            Self::X25519 => 32,
        }
    }

    /// Whether a quantum computer does not read it.
    #[must_use]
    pub fn is_post_quantum(self) -> bool {
        self == Self::XWing
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Suite {
    type Err = SealError;

    fn from_str(text: &str) -> Result<Self, SealError> {
        let known = Self::ALL.into_iter().find(|suite| suite.as_str() == text);
        known.ok_or_else(|| SealError::Suite { found: super::coding::shown(text) })
    }
}
