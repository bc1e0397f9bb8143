//! What a subject asks of the API server.

use super::verbs::ReadVerb;

/// A request for a resource, as the authorizer sees it. Names that a request does not have are empty.
///
/// A request for a namespace itself is in that namespace, so a RoleBinding can give rights to its own Namespace object:
/// staging/src/k8s.io/apiserver/pkg/endpoints/request/requestinfo.go takes both from the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// `get`, `list`, …, or a verb that only authorizers know: `impersonate`, `bind`, `escalate`, `approve`.
    pub verb: &'a str,
    /// The API group; empty for the core group.
    pub group: &'a str,
    /// The resource, without its subresource.
    pub resource: &'a str,
    /// The subresource.
    pub subresource: &'a str,
    /// The namespace; none for the whole cluster.
    pub namespace: Option<&'a str>,
    /// The object. Creating and deleting many have none; listing and watching have one only with the field selector
    /// `metadata.name=…`.
    pub name: &'a str,
}

impl<'a> Request<'a> {
    /// The requests that show one Secret by a verb: whoever may make any of them reads it.
    ///
    /// List and watch have two forms. The one without a name matters apart from the other only for the odd rule with
    /// an empty string in `resourceNames`, which upstream takes for the name of such a request. For `deletecollection`
    /// there is no form with a name, so a rule with `resourceNames` never gives it, whatever a
    /// SubjectAccessReview that invents a name says.
    pub fn readings(verb: ReadVerb, namespace: &'a str, name: &'a str) -> impl Iterator<Item = Self> {
        let names: &[&str] = match verb {
            ReadVerb::Get | ReadVerb::Patch | ReadVerb::Delete => &[name],
            ReadVerb::List | ReadVerb::Watch => &["", name],
            ReadVerb::DeleteCollection => &[""],
        };
        let requests: Vec<Self> = names
            .iter()
            .map(|name| Self {
                verb: verb.as_str(),
                group: "",
                resource: "secrets",
                subresource: "",
                namespace: Some(namespace),
                name,
            })
            .collect();
        requests.into_iter()
    }
}
