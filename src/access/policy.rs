//! Bindings resolved to roles: what RBAC as a whole allows.

use std::collections::{BTreeMap, HashMap};

use super::binding::{Binding, RoleRef};
use super::builtin;
use super::identity::Identity;
use super::request::Request;
use super::role::{Role, aggregate};
use super::rule::PolicyRule;
use super::subject::Subject;

/// Where roles and bindings come from, which decides what may be assumed of those that are not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// From a server, which has all of them, with the rules of aggregated ClusterRoles filled in.
    Live,
    /// From files. Aggregation is computed, and the roles that every cluster has (`admin`, `edit`, …) are as upstream
    /// makes them unless a file says otherwise.
    Manifests,
}

/// Why a request is allowed.
#[derive(Clone, Copy, Debug)]
pub struct Grant<'p> {
    /// The binding that names the subject or one of its groups.
    pub binding: &'p Binding,
    /// The role that it binds.
    pub role: &'p Role,
    /// The rule that covers the request.
    pub rule: &'p PolicyRule,
}

/// The bindings that name one subject, as positions.
#[derive(Debug, Default)]
pub(super) struct Bound {
    /// Those that hold everywhere.
    pub(super) cluster: Vec<usize>,
    /// Those that hold in a namespace.
    pub(super) namespaces: BTreeMap<String, Vec<usize>>,
}

/// All roles and bindings. `system:masters` asks no authorizer, so what it may do is not here.
#[derive(Debug)]
pub struct Policy {
    origin: Origin,
    roles: Vec<Role>,
    /// Roles from this position on were assumed.
    assumed: usize,
    bindings: Vec<Binding>,
    /// For each binding its roles: none when the reference dangles, several when files have several of that name.
    roles_of: Vec<Vec<usize>>,
    bound: HashMap<Subject, Bound>,
}

impl Policy {
    /// Resolves bindings to roles. Both must be sorted.
    #[must_use]
    pub(super) fn new(mut roles: Vec<Role>, bindings: Vec<Binding>, origin: Origin) -> Self {
        let assumed = roles.len();
        if origin == Origin::Manifests {
            roles.extend(builtin::missing_from(&roles));
            aggregate(&mut roles);
        }
        let roles_of = resolve(&roles, &bindings);
        let mut bound: HashMap<Subject, Bound> = HashMap::new();
        for (index, binding) in bindings.iter().enumerate() {
            for subject in &binding.subjects {
                let bound = bound.entry(subject.clone()).or_default();
                match &binding.namespace {
                    Some(namespace) => bound.namespaces.entry(namespace.clone()).or_default().push(index),
                    None => bound.cluster.push(index),
                }
            }
        }
        Self { origin, roles, assumed, bindings, roles_of, bound }
    }

    /// Whether an identity may make a request, and the first binding that lets it. Upstream: `VisitRulesFor` in
    /// pkg/registry/rbac/validation/rule.go, where all bindings add up and none takes anything away.
    #[must_use]
    pub fn allows(&self, identity: &Identity, request: &Request<'_>) -> Option<Grant<'_>> {
        let bound = identity.principals().iter().filter_map(|principal| self.bound.get(principal));
        let bindings = bound.flat_map(|bound| {
            let local = request.namespace.and_then(|namespace| bound.namespaces.get(namespace));
            bound.cluster.iter().chain(local.into_iter().flatten())
        });
        bindings.copied().find_map(|binding| self.grant(binding, request))
    }

    fn grant(&self, binding: usize, request: &Request<'_>) -> Option<Grant<'_>> {
        self.roles_of[binding].iter().find_map(|role| {
            let role = &self.roles[*role];
            let rule = role.rules.iter().find(|rule| rule.covers(request))?;
            Some(Grant { binding: &self.bindings[binding], role, rule })
        })
    }

    /// Every binding, sorted.
    #[must_use]
    pub fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// Bindings to a role that is not there. They give nothing until somebody creates it.
    pub fn dangling(&self) -> impl Iterator<Item = &Binding> {
        self.bindings.iter().zip(&self.roles_of).filter(|(_, roles)| roles.is_empty()).map(|(binding, _)| binding)
    }

    /// Every subject that a binding names, sorted.
    #[must_use]
    pub fn subjects(&self) -> Vec<&Subject> {
        let mut subjects: Vec<_> = self.bound.keys().collect();
        subjects.sort();
        subjects
    }

    /// Where it comes from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Every role, assumed ones last.
    pub(super) fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// The positions of a binding's roles.
    pub(super) fn roles_of(&self, binding: usize) -> &[usize] {
        &self.roles_of[binding]
    }

    /// Whether a binding's role was not seen but is known from upstream.
    pub(super) fn is_assumed(&self, binding: usize) -> bool {
        self.roles_of[binding].iter().any(|role| *role >= self.assumed)
    }

    /// The bindings that name a subject.
    pub(super) fn bound(&self, subject: &Subject) -> Option<&Bound> {
        self.bound.get(subject)
    }
}

/// For each binding the positions of its roles.
fn resolve(roles: &[Role], bindings: &[Binding]) -> Vec<Vec<usize>> {
    let mut named: HashMap<(Option<&str>, &str), Vec<usize>> = HashMap::new();
    for (index, role) in roles.iter().enumerate() {
        named.entry((role.namespace.as_deref(), &role.name)).or_default().push(index);
    }
    let find = |binding: &Binding| {
        let key = match &binding.role {
            RoleRef::Role(name) => (binding.namespace.as_deref(), name.as_str()),
            RoleRef::ClusterRole(name) => (None, name.as_str()),
        };
        nearest(roles, named.get(&key).map(Vec::as_slice).unwrap_or_default(), binding.home())
    };
    bindings.iter().map(find).collect()
}

/// Of roles of one name those in the binding's own folder, if there are any. A server has one of each name; a
/// repository may have one for each environment or chart, and then it is not known which of them meets which binding.
fn nearest(roles: &[Role], found: &[usize], home: &str) -> Vec<usize> {
    let near: Vec<usize> = found.iter().copied().filter(|index| roles[*index].home() == home).collect();
    if near.is_empty() { found.to_vec() } else { near }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{binding, policy, role};
    use super::*;
    use crate::access::Origin::{Live, Manifests};

    /// Whether a user with groups may do `verb resource` in a namespace, and by which binding.
    fn by(policy: &Policy, who: &Identity, verb: &str, resource: &str, namespace: &str) -> Option<String> {
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        let namespace = Some(namespace).filter(|namespace| !namespace.is_empty());
        let request = Request { verb, group: "", resource, subresource, namespace, name: "x" };
        policy.allows(who, &request).map(|grant| grant.binding.title())
    }

    #[test]
    fn a_role_binding_gives_its_own_namespace_alone() {
        let text = role("", "reader", "get", "secrets") + &binding("n", "readers", "ClusterRole reader", "User jane");
        let policy = policy(&text, Live);
        let jane = Identity::new("jane", []);
        assert_eq!(by(&policy, &jane, "get", "secrets", "n").as_deref(), Some("RoleBinding n/readers"));
        assert_eq!(by(&policy, &jane, "get", "secrets", "m"), None);
        assert_eq!(by(&policy, &jane, "get", "secrets", ""), None);
    }

    #[test]
    fn a_role_of_another_namespace_is_another_role() {
        let text = role("m", "reader", "get", "secrets") + &binding("n", "readers", "Role reader", "User jane");
        let policy = policy(&text, Live);
        assert_eq!(by(&policy, &Identity::new("jane", []), "get", "secrets", "n"), None);
        assert_eq!(policy.dangling().map(Binding::title).collect::<Vec<_>>(), ["RoleBinding n/readers"]);
    }

    #[test]
    fn groups_users_and_accounts_are_all_subjects() {
        let text = role("", "reader", "get", "secrets")
            + &binding("", "a", "ClusterRole reader", "Group system:serviceaccounts:ci")
            + &binding("", "b", "ClusterRole reader", "User system:serviceaccount:x:robot");
        let policy = policy(&text, Live);
        let account = |namespace: &str, name: &str| {
            Identity::of(&Subject::ServiceAccount { namespace: namespace.into(), name: name.into() })
        };
        assert!(by(&policy, &account("ci", "any"), "get", "secrets", "n").is_some());
        assert!(by(&policy, &account("x", "robot"), "get", "secrets", "n").is_some());
        assert!(by(&policy, &account("x", "any"), "get", "secrets", "n").is_none());
        // A review that names the user but not the groups is answered without them.
        let bare = Identity::new("system:serviceaccount:ci:any", []);
        assert!(by(&policy, &bare, "get", "secrets", "n").is_none());
    }

    #[test]
    fn aggregation_is_computed_for_manifests_alone() {
        let text = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: whole}\n\
                    aggregationRule: {clusterRoleSelectors: [{matchLabels: {part: 'yes'}}]}\n"
            .to_owned()
            + &role("", "part", "get", "secrets").replace("name: part", "name: part, labels: {part: 'yes'}")
            + &binding("", "b", "ClusterRole whole", "User jane");
        let jane = Identity::new("jane", []);
        assert!(by(&policy(&text, Manifests), &jane, "get", "secrets", "n").is_some());
        assert!(by(&policy(&text, Live), &jane, "get", "secrets", "n").is_none());
    }

    #[test]
    fn roles_of_every_cluster_are_assumed_for_manifests_alone() {
        let text = binding("n", "b", "ClusterRole edit", "User jane");
        let jane = Identity::new("jane", []);
        assert!(by(&policy(&text, Manifests), &jane, "get", "secrets", "n").is_some());
        assert!(by(&policy(&text, Manifests), &jane, "create", "pods/exec", "n").is_some());
        assert!(by(&policy(&text, Live), &jane, "get", "secrets", "n").is_none());
        let changed = text + &role("", "edit", "get", "configmaps");
        assert!(by(&policy(&changed, Manifests), &jane, "get", "secrets", "n").is_none());
    }

    #[test]
    fn a_role_that_joins_the_view_role_widens_it() {
        let text = role("", "peek", "list", "secrets")
            .replace("name: peek", "name: peek, labels: {rbac.authorization.k8s.io/aggregate-to-view: 'true'}")
            + &binding("n", "b", "ClusterRole view", "User jane");
        assert!(by(&policy(&text, Manifests), &Identity::new("jane", []), "list", "secrets", "n").is_some());
    }

    #[test]
    fn of_roles_with_one_name_the_one_in_the_same_folder_is_meant() {
        let mut roles = Vec::new();
        let mut bindings = Vec::new();
        for (folder, verb) in [("a", "get"), ("b", "list")] {
            let one = policy(&(role("n", "r", verb, "secrets") + &binding("n", "b", "Role r", folder)), Live);
            let path = Some(format!("charts/{folder}/templates/rbac.yaml"));
            roles.extend(one.roles.into_iter().map(|mut role| {
                role.location.path.clone_from(&path);
                role
            }));
            bindings.extend(one.bindings.into_iter().map(|mut binding| {
                binding.location.path.clone_from(&path);
                binding
            }));
        }
        roles.sort();
        bindings.sort();
        let policy = Policy::new(roles, bindings, Live);
        assert!(policy.roles_of.iter().all(|roles| roles.len() == 1));
    }
}
