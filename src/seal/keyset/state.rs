//! What a key may be used for.

use std::fmt;
use std::str::FromStr;

use super::super::SealError;
use super::super::coding::shown;
use super::Day;

/// What a keyset says of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Not yet: its private half is not in place, or not backed up.
    Pending,
    /// Is sealed to.
    #[default]
    Current,
    /// Opens what is sealed to it; nothing new is.
    DecryptOnly,
    /// Nothing may be sealed to it any more.
    Retired,
    /// Its private half fell into other hands.
    Compromised,
}

impl State {
    /// Every state, in the order in which a key goes through them.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Current, Self::DecryptOnly, Self::Retired, Self::Compromised];

    /// The word in a keyset.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Current => "current",
            Self::DecryptOnly => "decrypt-only",
            Self::Retired => "retired",
            Self::Compromised => "compromised",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for State {
    type Err = SealError;

    fn from_str(text: &str) -> Result<Self, SealError> {
        let known = Self::ALL.into_iter().find(|state| state.as_str() == text);
        known.ok_or_else(|| SealError::State { found: shown(text) })
    }
}

/// What may be done with a key on a day: its state and its days together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// May be sealed to.
    Usable,
    /// Is pending.
    Pending,
    /// Begins on this day.
    NotYet(Day),
    /// Ended with this day.
    Expired(Day),
    /// Only opens.
    DecryptOnly,
    /// Is retired.
    Retired,
    /// Is compromised.
    Compromised,
}

impl Standing {
    /// A word for lists.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Usable => "usable",
            Self::Pending => "pending",
            Self::NotYet(_) => "not-yet-valid",
            Self::Expired(_) => "expired",
            Self::DecryptOnly => "decrypt-only",
            Self::Retired => "retired",
            Self::Compromised => "compromised",
        }
    }

    /// What to do about a key that is to be sealed to and may not be.
    pub(in super::super) fn advice(self) -> &'static str {
        match self {
            Self::Usable => "",
            Self::Pending => {
                "make it current once its private half is in place and backed up, with `ksecrets seal keys publish`"
            }
            Self::NotYet(_) => "wait, or give it an earlier not-before and sign with `ksecrets seal keys publish`",
            Self::Expired(_) => "add its successor with `ksecrets seal keys add`, under the same label",
            Self::DecryptOnly | Self::Retired | Self::Compromised => {
                "name its successor, or add one with `ksecrets seal keys add`"
            }
        }
    }
}

/// Goes on after "the key is".
impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotYet(day) => write!(f, "not valid before {day}"),
            Self::Expired(day) => write!(f, "expired since the end of {day}"),
            other => f.write_str(other.as_str()),
        }
    }
}
