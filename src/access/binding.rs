//! A RoleBinding or ClusterRoleBinding: the only thing that gives a right.

use super::place::{home, namespace, qualified};
use super::role::{is_bootstrap, labels};
use super::subject::{RBAC, Subject};
use crate::manifest::{Node, Object};
use crate::model::Location;

/// The role that a binding refers to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RoleRef {
    /// A Role of the binding's own namespace.
    Role(String),
    /// A ClusterRole.
    ClusterRole(String),
}

impl RoleRef {
    /// The role's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Role(name) | Self::ClusterRole(name) => name,
        }
    }
}

/// Subjects that have the rights of a role: in one namespace, or everywhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Binding {
    /// The namespace of a RoleBinding, to which all that it gives is limited; none for a ClusterRoleBinding.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// The role.
    pub role: RoleRef,
    /// The subjects, each once, sorted.
    pub subjects: Vec<Subject>,
    /// Whether it says that the API server created it.
    pub bootstrap: bool,
    /// Where it is written.
    pub location: Location,
}

impl Binding {
    /// Reads a binding; none when the object is something else, or refers to what no server resolves: a
    /// ClusterRoleBinding to a Role, or another kind or group.
    #[must_use]
    pub fn read(object: &Object<'_>, locate: impl FnOnce() -> Location) -> Option<Self> {
        let namespace = match object.kind {
            "RoleBinding" => Some(namespace(object)),
            "ClusterRoleBinding" => None,
            _ => return None,
        };
        let name = object.name().filter(|_| object.group() == RBAC)?.to_owned();
        let role = role_ref(object.root.get("roleRef")?, namespace.is_some())?;
        let subjects = object.root.get("subjects").into_iter().flat_map(Node::items);
        let mut subjects: Vec<Subject> =
            subjects.filter_map(|node| Subject::read(node, namespace.as_deref())).collect();
        subjects.sort();
        subjects.dedup();
        let bootstrap = is_bootstrap(&labels(object));
        Some(Self { namespace, name, role, subjects, bootstrap, location: locate() })
    }

    /// `ClusterRoleBinding admins`, `RoleBinding prod/readers`.
    #[must_use]
    pub fn title(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("RoleBinding {}", qualified(namespace, &self.name)),
            None => format!("ClusterRoleBinding {}", self.name),
        }
    }

    /// The title of the role that it refers to, whether or not there is one.
    #[must_use]
    pub fn role_title(&self) -> String {
        match &self.role {
            RoleRef::Role(name) => format!("Role {}", qualified(self.namespace.as_deref().unwrap_or_default(), name)),
            RoleRef::ClusterRole(name) => format!("ClusterRole {name}"),
        }
    }

    /// The folder it is written in.
    pub(super) fn home(&self) -> &str {
        home(&self.location)
    }
}

/// Upstream: pkg/registry/rbac/validation/rule.go, `GetRoleReferenceRules`, and the group that
/// pkg/apis/rbac/v1/defaults.go fills in.
fn role_ref(node: Node<'_>, namespaced: bool) -> Option<RoleRef> {
    let name = node.get_str("name").filter(|name| !name.is_empty())?.to_owned();
    if !matches!(node.get_str("apiGroup").unwrap_or_default(), "" | RBAC) {
        return None;
    }
    match node.get_str("kind")? {
        "Role" if namespaced => Some(RoleRef::Role(name)),
        "ClusterRole" => Some(RoleRef::ClusterRole(name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::documents;

    fn read(kind: &str, namespace: &str, rest: &str) -> Option<Binding> {
        let text = format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata: {{name: b{namespace}}}\n{rest}\n"
        );
        let tree = documents(&text).next().unwrap().unwrap();
        Binding::read(&Object::all(&tree)[0], Location::default)
    }

    #[test]
    fn references_that_no_server_resolves_give_nothing() {
        let role = "roleRef: {kind: Role, name: r}";
        assert!(read("ClusterRoleBinding", "", role).is_none());
        assert_eq!(read("RoleBinding", ", namespace: n", role).unwrap().role_title(), "Role n/r");
        assert!(read("RoleBinding", "", "roleRef: {kind: Role, name: r, apiGroup: apps}").is_none());
        assert!(read("RoleBinding", "", "roleRef: {kind: Group, name: r}").is_none());
        assert!(read("Role", "", role).is_none());
    }

    #[test]
    fn subjects_are_sorted_and_single() {
        let user = "{kind: User, name: b}";
        let rest =
            format!("roleRef: {{kind: ClusterRole, name: r}}\nsubjects: [{user}, {{kind: User, name: a}}, {user}, x]");
        let binding = read("RoleBinding", ", namespace: n", &rest).unwrap();
        assert_eq!(binding.subjects, [Subject::user("a"), Subject::user("b")]);
        assert_eq!((binding.title().as_str(), binding.bootstrap), ("RoleBinding n/b", false));
    }
}
