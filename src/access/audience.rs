//! How many stand behind a subject, and who.

use super::identity::{ANONYMOUS, AUTHENTICATED, LOGGED_IN, SERVICE_ACCOUNTS, UNAUTHENTICATED};
use super::subject::Subject;

/// The kinds of subject that are judged apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Audience {
    /// Whoever reaches the server.
    Anonymous,
    /// Everybody with credentials, or every pod of the cluster.
    Everyone,
    /// Every pod of a namespace.
    NamespaceAccounts,
    /// Every pod of a namespace that asks for no account of its own.
    DefaultAccount,
    /// A program: a service account, or the nodes.
    Program,
    /// A person, or a group of them. They have rights so that they can work.
    People,
}

impl Audience {
    /// Who a subject is.
    pub(super) fn of(subject: &Subject) -> Self {
        match subject {
            Subject::ServiceAccount { name, .. } if name == "default" => Self::DefaultAccount,
            Subject::ServiceAccount { .. } => Self::Program,
            Subject::User(name) if name == ANONYMOUS => Self::Anonymous,
            Subject::User(name) if name.starts_with("system:") => Self::Program,
            Subject::User(_) => Self::People,
            Subject::Group(name) => Self::of_group(name),
        }
    }

    fn of_group(name: &str) -> Self {
        match name {
            UNAUTHENTICATED => Self::Anonymous,
            AUTHENTICATED | LOGGED_IN | SERVICE_ACCOUNTS => Self::Everyone,
            _ if name.strip_prefix(SERVICE_ACCOUNTS).is_some_and(|rest| rest.starts_with(':')) => {
                Self::NamespaceAccounts
            }
            _ if name.starts_with("system:") => Self::Program,
            _ => Self::People,
        }
    }

    /// Steps of severity from that of a program with the same rights.
    pub(super) const fn weight(self) -> i8 {
        match self {
            Self::Anonymous => 2,
            Self::Everyone | Self::NamespaceAccounts | Self::DefaultAccount => 1,
            Self::Program => 0,
            Self::People => -1,
        }
    }

    /// Whether nobody in particular is meant.
    pub(super) const fn is_crowd(self) -> bool {
        matches!(self, Self::Anonymous | Self::Everyone | Self::NamespaceAccounts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audiences() {
        let group = |name: &str| Audience::of(&Subject::Group(name.into()));
        assert_eq!(group("system:unauthenticated"), Audience::Anonymous);
        assert_eq!(Audience::of(&Subject::user("system:anonymous")), Audience::Anonymous);
        assert_eq!(
            (group("system:authenticated"), group("system:serviceaccounts")),
            (Audience::Everyone, Audience::Everyone)
        );
        assert_eq!(group("system:serviceaccounts:ci"), Audience::NamespaceAccounts);
        assert_eq!(Audience::of(&Subject::user("system:serviceaccount:ci:default")), Audience::DefaultAccount);
        assert_eq!((group("system:nodes"), group("devs")), (Audience::Program, Audience::People));
    }
}
