//! The version of an API server: some paths to Secrets were opened or closed by one.

use std::fmt;

/// Major and minor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// 1 so far.
    pub major: u16,
    /// The release.
    pub minor: u16,
}

impl Version {
    /// A version of Kubernetes 1.
    pub(super) const fn v1(minor: u16) -> Self {
        Self { major: 1, minor }
    }

    /// Reads what a server says of itself: `v1.36.3`, `1.34`, `v1.33.4-eks-1234`, or the two numbers of `/version`
    /// with a dot between, the second perhaps `27+`.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (major, rest) = text.trim_start_matches('v').split_once('.')?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).map_or(rest, |end| &rest[..end]);
        Some(Self { major: major.parse().ok()?, minor: digits.parse().ok()? })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_as_servers_write_them() {
        for text in ["v1.36.3", "1.36", "1.36+", "v1.36.3-eks-abc", "v1.36.0-alpha.1+abc"] {
            assert_eq!(Version::read(text), Some(Version::v1(36)), "{text}");
        }
        assert!(Version::v1(9) < Version::v1(10));
        for text in ["", "v1", "1.x", "a.1"] {
            assert_eq!(Version::read(text), None, "{text}");
        }
    }
}
