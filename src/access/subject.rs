//! Who a binding speaks of.

use std::fmt;

use super::audience::Audience;
use super::identity::MASTERS;
use super::place::{qualified, settled};
use crate::manifest::Node;

/// The API group of roles, bindings, and of users and groups in them.
pub(super) const RBAC: &str = "rbac.authorization.k8s.io";

/// What a service account is called where a user name is asked for.
const ACCOUNT_PREFIX: &str = "system:serviceaccount:";

/// A subject of a binding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A group: every member.
    Group(String),
    /// A service account.
    ServiceAccount {
        /// Its namespace; empty where a manifest leaves it to be filled in.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// A user. Never the name of a service account: that is the service account.
    User(String),
}

impl Subject {
    /// Reads a subject of a binding; `namespace` is the binding's own, none for a ClusterRoleBinding.
    ///
    /// A service account without a namespace is one of the binding's namespace, and nobody's in a ClusterRoleBinding:
    /// pkg/registry/rbac/validation/rule.go, `appliesToUser`. An API group that does not go with the kind is refused by
    /// pkg/apis/rbac/validation/validation.go, and one left out is the right one.
    #[must_use]
    pub fn read(node: Node<'_>, namespace: Option<&str>) -> Option<Self> {
        let name = node.get_str("name").filter(|name| !name.is_empty())?;
        let group = node.get_str("apiGroup").unwrap_or_default();
        match node.get_str("kind")? {
            "User" if matches!(group, "" | RBAC) => Some(Self::user(name)),
            "Group" if matches!(group, "" | RBAC) => Some(Self::Group(name.to_owned())),
            "ServiceAccount" if group.is_empty() => {
                let own = node.get_str("namespace").filter(|namespace| !namespace.is_empty()).map(settled);
                Some(Self::ServiceAccount { namespace: own.or(namespace.map(str::to_owned))?, name: name.to_owned() })
            }
            _ => None,
        }
    }

    /// The subject that a user name names. Upstream compares names: `MatchesUsername` in
    /// staging/src/k8s.io/apiserver/pkg/authentication/serviceaccount/util.go.
    #[must_use]
    pub fn user(name: &str) -> Self {
        match name.strip_prefix(ACCOUNT_PREFIX).and_then(|rest| rest.split_once(':')) {
            Some((namespace, account)) if !namespace.is_empty() && !account.is_empty() && !account.contains(':') => {
                Self::ServiceAccount { namespace: namespace.to_owned(), name: account.to_owned() }
            }
            _ => Self::User(name.to_owned()),
        }
    }

    /// `User`, `Group` or `ServiceAccount`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Group(_) => "Group",
            Self::ServiceAccount { .. } => "ServiceAccount",
            Self::User(_) => "User",
        }
    }

    /// The name, without a namespace.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Group(name) | Self::User(name) | Self::ServiceAccount { name, .. } => name,
        }
    }

    /// The namespace of a service account, where it is known.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        match self {
            Self::ServiceAccount { namespace, .. } => {
                Some(namespace.as_str()).filter(|namespace| !namespace.is_empty())
            }
            _ => None,
        }
    }

    /// Whether nobody in particular is meant: everybody, whoever reaches the server, every service account.
    #[must_use]
    pub fn is_crowd(&self) -> bool {
        Audience::of(self).is_crowd()
    }

    /// Whether it is the group that may do everything: no authorizer is asked about it.
    #[must_use]
    pub fn is_masters(&self) -> bool {
        matches!(self, Self::Group(name) if name == MASTERS)
    }

    /// The user name that a server knows it by; none for a group.
    #[must_use]
    pub fn user_name(&self) -> Option<String> {
        match self {
            Self::Group(_) => None,
            Self::User(name) => Some(name.clone()),
            Self::ServiceAccount { namespace, name } => Some(format!("{ACCOUNT_PREFIX}{namespace}:{name}")),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ServiceAccount { namespace, name } => write!(f, "ServiceAccount {}", qualified(namespace, name)),
            Self::Group(name) | Self::User(name) => write!(f, "{} {name}", self.kind()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::documents;

    #[test]
    fn subjects_are_read_as_upstream_reads_them() {
        let read = |text: &str, namespace| {
            let tree = documents(text).next().unwrap().unwrap();
            Subject::read(tree.root().unwrap(), namespace).map(|subject| subject.to_string())
        };
        let is = |text: &str, namespace, title: &str| {
            assert_eq!(read(text, namespace).as_deref(), (!title.is_empty()).then_some(title), "{text}");
        };
        is("{kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}", None, "User jane");
        is("{kind: Group, name: 'system:authenticated'}", None, "Group system:authenticated");
        is("{kind: Group, name: devs, apiGroup: apps}", None, "");
        is("{kind: ServiceAccount, name: ci, namespace: a}", Some("b"), "ServiceAccount a/ci");
        is("{kind: ServiceAccount, name: ci}", Some("b"), "ServiceAccount b/ci");
        is("{kind: ServiceAccount, name: ci}", None, "");
        is("{kind: ServiceAccount, name: ci, namespace: ''}", None, "");
        is("{kind: ServiceAccount, name: ci, namespace: a, apiGroup: rbac.authorization.k8s.io}", None, "");
        is("{kind: User, name: 'system:serviceaccount:a:ci'}", None, "ServiceAccount a/ci");
        is("{kind: User, name: 'system:serviceaccount:a'}", None, "User system:serviceaccount:a");
        is("{kind: User, name: ''}", None, "");
        is("{kind: Robot, name: r}", None, "");
    }
}
