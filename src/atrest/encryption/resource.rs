//! What an entry speaks of: `secrets`, `pandas.bears.example`, `*.apps`, `*.`, `*.*`.

use std::fmt;

/// A resource of a group, either of which may be `*`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupResource {
    /// The group; empty for the core group.
    pub group: String,
    /// The resource.
    pub resource: String,
}

impl GroupResource {
    /// Secrets.
    #[must_use]
    pub fn secrets() -> Self {
        Self::parse("secrets")
    }

    /// Reads `resource.group`; what has no dot, or nothing after it, is of the core group.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let (resource, group) = text.split_once('.').unwrap_or((text, ""));
        Self { group: group.to_owned(), resource: resource.to_owned() }
    }

    /// Every resource of its group.
    #[must_use]
    pub fn siblings(&self) -> Self {
        Self { group: self.group.clone(), resource: "*".to_owned() }
    }

    /// Every resource of every group.
    #[must_use]
    pub fn everything() -> Self {
        Self { group: "*".to_owned(), resource: "*".to_owned() }
    }

    /// Whether it stands for many resources.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        self.resource == "*"
    }

    /// Why the server would refuse it; none when it would not.
    pub(super) fn refusal(&self, written: &str) -> Option<&'static str> {
        if written.to_lowercase() != written {
            return Some("resources are named in lower case and in the plural");
        }
        match (written, self.group.as_str()) {
            ("*", _) => Some("write '*.' for the core group, or '*.*' for everything"),
            ("apiserveripinfo" | "serviceipallocations" | "servicenodeportallocations", _) => {
                Some("it is kept by the server for itself and cannot be encrypted")
            }
            (_, "events.k8s.io") => Some("events are stored in the core group: write 'events'"),
            (_, "extensions") => Some("the group extensions is gone"),
            (_, "*") if self.resource != "*" => Some("one resource across all groups cannot be named"),
            _ => None,
        }
    }
}

impl fmt::Display for GroupResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.group.as_str(), self.resource.as_str()) {
            ("", "*") => f.pad("*."),
            ("", resource) => f.pad(resource),
            (group, resource) => f.pad(&format!("{resource}.{group}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_dot_ends_the_resource() {
        for (text, shown) in [
            ("secrets", "secrets"),
            ("secrets.", "secrets"),
            ("pandas.awesome.bears.example", "pandas.awesome.bears.example"),
            ("*.", "*."),
            ("*.apps", "*.apps"),
            ("*.*", "*.*"),
        ] {
            assert_eq!(GroupResource::parse(text).to_string(), shown);
        }
        assert_eq!(GroupResource::parse("*.*"), GroupResource::everything());
        assert_eq!(GroupResource::parse("secrets").siblings(), GroupResource::parse("*."));
    }
}
