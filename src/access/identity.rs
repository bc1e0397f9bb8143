//! Who asks: a user or service account with the groups it is in.

use super::subject::Subject;

/// The user of requests without credentials.
pub(super) const ANONYMOUS: &str = "system:anonymous";
/// The group of requests without credentials.
pub(super) const UNAUTHENTICATED: &str = "system:unauthenticated";
/// The group of everybody else.
pub(super) const AUTHENTICATED: &str = "system:authenticated";
/// OpenShift's group of everybody who logged in, whoever that may be
/// (<https://docs.openshift.com/container-platform/latest/authentication/understanding-authentication.html>).
pub(super) const LOGGED_IN: &str = "system:authenticated:oauth";
/// The group of all service accounts; with a namespace after a colon, of those in it.
pub(super) const SERVICE_ACCOUNTS: &str = "system:serviceaccounts";
/// The group that no authorizer is asked about: `NewPrivilegedGroups` in
/// staging/src/k8s.io/apiserver/pkg/authorization/authorizerfactory/builtin.go.
pub(super) const MASTERS: &str = "system:masters";

/// A subject together with the groups that go with it: the names that bindings can reach it by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    principals: Vec<Subject>,
}

impl Identity {
    /// A user, as a server knows it, with exactly these groups: what a SubjectAccessReview asks about.
    #[must_use]
    pub fn new<'g>(user: &str, groups: impl IntoIterator<Item = &'g str>) -> Self {
        let groups = groups.into_iter().map(|group| Subject::Group(group.to_owned()));
        Self { principals: std::iter::once(Subject::user(user)).chain(groups).collect() }
    }

    /// A subject with the groups that it is in by being what it is. For a group, any of its members, of whom nothing
    /// else is known; a user may be in more groups than its name tells.
    #[must_use]
    pub fn of(subject: &Subject) -> Self {
        let groups = match subject {
            Subject::ServiceAccount { namespace, .. } => account_groups(namespace),
            Subject::User(name) if name == ANONYMOUS => vec![UNAUTHENTICATED.to_owned()],
            Subject::User(_) => vec![AUTHENTICATED.to_owned()],
            Subject::Group(name) => groups_of_members(name),
        };
        let groups = groups.into_iter().map(Subject::Group);
        Self { principals: std::iter::once(subject.clone()).chain(groups).collect() }
    }

    /// The subjects that a binding can name to reach it, itself first.
    #[must_use]
    pub fn principals(&self) -> &[Subject] {
        &self.principals
    }
}

/// staging/src/k8s.io/apiserver/pkg/authentication/serviceaccount/util.go, `MakeGroupNames`.
fn account_groups(namespace: &str) -> Vec<String> {
    vec![SERVICE_ACCOUNTS.to_owned(), format!("{SERVICE_ACCOUNTS}:{namespace}"), AUTHENTICATED.to_owned()]
}

fn groups_of_members(group: &str) -> Vec<String> {
    let accounts = group.strip_prefix(SERVICE_ACCOUNTS).is_some_and(|rest| rest.starts_with(':'));
    match group {
        UNAUTHENTICATED | AUTHENTICATED => Vec::new(),
        _ if accounts => vec![SERVICE_ACCOUNTS.to_owned(), AUTHENTICATED.to_owned()],
        _ => vec![AUTHENTICATED.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_go_with_the_subject() {
        let names = |subject: &Subject| {
            let principals = Identity::of(subject).principals;
            principals.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(
            names(&Subject::user("system:serviceaccount:a:ci")),
            [
                "ServiceAccount a/ci",
                "Group system:serviceaccounts",
                "Group system:serviceaccounts:a",
                "Group system:authenticated"
            ]
        );
        assert_eq!(names(&Subject::user(ANONYMOUS)), ["User system:anonymous", "Group system:unauthenticated"]);
        assert_eq!(names(&Subject::user("jane")), ["User jane", "Group system:authenticated"]);
        assert_eq!(names(&Subject::Group("devs".into())), ["Group devs", "Group system:authenticated"]);
        assert_eq!(names(&Subject::Group(AUTHENTICATED.into())), ["Group system:authenticated"]);
        let accounts = Subject::Group("system:serviceaccounts:a".into());
        assert_eq!(
            names(&accounts),
            ["Group system:serviceaccounts:a", "Group system:serviceaccounts", "Group system:authenticated"]
        );
    }
}
