//! How much of a request is logged.

use std::fmt;

/// The level of an audit rule, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing.
    None,
    /// Who asked for what, and when.
    Metadata,
    /// The object that was sent, too.
    Request,
    /// The object that was sent and the one that was answered.
    RequestResponse,
}

impl Level {
    /// Reads the word of a policy.
    pub(super) fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "None" => Self::None,
            "Metadata" => Self::Metadata,
            "Request" => Self::Request,
            "RequestResponse" => Self::RequestResponse,
            _ => return None,
        })
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Metadata => "Metadata",
            Self::Request => "Request",
            Self::RequestResponse => "RequestResponse",
        })
    }
}
