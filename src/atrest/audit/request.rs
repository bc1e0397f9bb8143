//! A request, as far as audit rules look at it.

/// Everybody with a valid credential is in this group.
const AUTHENTICATED: &str = "system:authenticated";
/// Whoever has none is this user, in this group.
const ANONYMOUS: &str = "system:anonymous";
const UNAUTHENTICATED: &str = "system:unauthenticated";

/// One request for a resource.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Who asks.
    pub user: &'a str,
    /// The groups of whoever asks.
    pub groups: Vec<&'a str>,
    /// `get`, `list`, `create` …
    pub verb: &'a str,
    /// The API group; empty for the core group.
    pub group: &'a str,
    /// The resource, in plural.
    pub resource: &'a str,
    /// Empty for the resource itself.
    pub subresource: &'a str,
    /// Empty for a request over all namespaces, and for what has none.
    pub namespace: &'a str,
    /// Empty when the request is not about one object: list, create, deletecollection.
    pub name: &'a str,
}

/// Somebody who asks, as far as it makes a difference to a policy.
#[derive(Clone, Debug)]
pub(super) struct Caller<'a> {
    pub(super) user: &'a str,
    pub(super) groups: Vec<&'a str>,
}

impl<'a> Caller<'a> {
    /// A user of that name, in the groups that the name itself implies and one more.
    pub(super) fn new(user: &'a str, group: Option<&'a str>) -> Self {
        let mut groups = vec![if user == ANONYMOUS { UNAUTHENTICATED } else { AUTHENTICATED }];
        if user.starts_with("system:serviceaccount:") {
            groups.push("system:serviceaccounts");
        }
        if user.starts_with("system:node:") {
            groups.push("system:nodes");
        }
        groups.extend(group);
        Self { user, groups }
    }
}
