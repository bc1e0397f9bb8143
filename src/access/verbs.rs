//! The verbs that answer with the contents of a Secret.

use std::fmt;

/// A verb on `secrets` whose answer holds Secrets, data included.
///
/// Three of them do not look like reading (all confirmed on a real kube-apiserver 1.36, with `dryRun=All`, so that
/// nothing changes): `patch` answers with the whole object, `delete` with `propagationPolicy=Foreground` answers with
/// the object it marked, and `deletecollection` with the list of what it would delete. `update` answers with what the
/// caller sent, and `create` with what the caller made: neither is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReadVerb {
    /// One Secret, its name known.
    Get,
    /// All Secrets, or one by a field selector.
    List,
    /// As list, and every change after.
    Watch,
    /// One Secret: staging/src/k8s.io/apiserver/pkg/endpoints/handlers/patch.go.
    Patch,
    /// One Secret: staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go, `Delete`.
    Delete,
    /// All Secrets: the same file, `DeleteCollection`.
    DeleteCollection,
}

impl ReadVerb {
    /// Every reading verb, the plainest first.
    pub const ALL: [Self; 6] = [Self::Get, Self::List, Self::Watch, Self::Patch, Self::Delete, Self::DeleteCollection];

    /// The verb as a rule writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for ReadVerb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A set of reading verbs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReadVerbs(u8);

impl ReadVerbs {
    /// No verb.
    pub const NONE: Self = Self(0);
    /// Verbs that show Secrets whose names the reader does not know.
    pub const LISTING: Self = Self(ReadVerb::List.bit() | ReadVerb::Watch.bit() | ReadVerb::DeleteCollection.bit());
    /// Verbs that look like reading to whoever reviews a role.
    pub const PLAIN: Self = Self(ReadVerb::Get.bit() | ReadVerb::List.bit() | ReadVerb::Watch.bit());

    /// Whether there is no verb.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether a verb is in the set.
    #[must_use]
    pub const fn contains(self, verb: ReadVerb) -> bool {
        self.0 & verb.bit() != 0
    }

    /// The verbs of either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The verbs of both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The verbs that the other set does not have.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The verbs, in the order of [`ReadVerb::ALL`].
    pub fn iter(self) -> impl Iterator<Item = ReadVerb> {
        ReadVerb::ALL.into_iter().filter(move |verb| self.contains(*verb))
    }
}

impl FromIterator<ReadVerb> for ReadVerbs {
    fn from_iter<I: IntoIterator<Item = ReadVerb>>(verbs: I) -> Self {
        Self(verbs.into_iter().fold(0, |set, verb| set | verb.bit()))
    }
}

impl From<ReadVerb> for ReadVerbs {
    fn from(verb: ReadVerb) -> Self {
        Self(verb.bit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_keep_the_order_of_verbs() {
        let set: ReadVerbs = [ReadVerb::Delete, ReadVerb::Get].into_iter().collect();
        assert!(set.iter().eq([ReadVerb::Get, ReadVerb::Delete]));
        assert!(set.intersection(ReadVerbs::LISTING).is_empty());
        assert_eq!(ReadVerb::ALL.into_iter().collect::<ReadVerbs>().iter().count(), 6);
    }
}
