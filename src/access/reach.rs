//! Which subjects have a path to Secrets.
//!
//! Each role is held against the table once. What it gives is kept as bits, one for each right that a path needs, so
//! that the rights of a subject are the bits of its roles put together, and a path is a comparison of bits.

use std::collections::{BTreeSet, HashMap};
use std::ops::BitOr;

use super::accepted;
use super::identity::Identity;
use super::onward::Onward;
use super::path::{Ask, Coverage, Gain, Path, Place, SYSTEM};
use super::paths::PATHS;
use super::policy::{Bound, Policy};
use super::readers::Via;
use super::role::Role;
use super::rule::PolicyRule;
use super::subject::Subject;
use super::verbs::ReadVerbs;
use super::version::Version;

/// A path that a subject has.
#[derive(Clone, Debug)]
pub struct Reach {
    /// Who.
    pub subject: Subject,
    /// The path.
    pub path: &'static Path,
    /// The namespace in which the rights hold; none for the whole cluster.
    pub namespace: Option<String>,
    /// The objects that the rights are limited to; empty for none in particular.
    pub names: Vec<String>,
    /// The bindings that give the rights, as few as do.
    pub via: Vec<Via>,
    /// Where it leads on through the accounts of its namespace.
    pub onward: Onward,
    /// The bindings as positions in the policy, the subject's own first.
    pub(super) bindings: Vec<usize>,
    /// Whether all of them are what every cluster has.
    pub(super) accepted: bool,
}

impl Reach {
    /// Whether it leads further than one namespace: by its nature, by the rights' scope, or because an account of that
    /// namespace has every Secret, as those of the control plane have.
    #[must_use]
    pub fn is_wide(&self) -> bool {
        self.path.gain != Gain::Namespace
            || self.namespace.as_deref().is_none_or(|namespace| namespace == SYSTEM)
            || self.onward.everywhere.is_some()
    }

    /// Whether the subject has it in any cluster.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.accepted
    }

    /// Whether it leads to the Secrets of a namespace.
    #[must_use]
    pub fn leads_to(&self, namespace: &str) -> bool {
        self.is_wide() || self.namespace.as_deref() == Some(namespace) || self.onward.namespaces.contains_key(namespace)
    }
}

/// Rights that paths need, each a bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Held {
    whole: u128,
    /// Limited to names, or whole.
    some: u128,
}

impl BitOr for Held {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self { whole: self.whole | other.whole, some: self.some | other.some }
    }
}

impl Held {
    /// How much of a path it gives.
    fn gives(self, needed: u128) -> Coverage {
        if self.whole & needed == needed {
            Coverage::Whole
        } else if self.some & needed == needed {
            Coverage::Part
        } else {
            Coverage::None
        }
    }
}

/// Where a binding holds, as far as paths care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Namespace,
    System,
    Cluster,
}

impl Scope {
    const ALL: [Self; 3] = [Self::Namespace, Self::System, Self::Cluster];

    fn of(namespace: Option<&str>) -> Self {
        match namespace {
            None => Self::Cluster,
            Some(SYSTEM) => Self::System,
            Some(_) => Self::Namespace,
        }
    }

    fn has(self, place: Place) -> bool {
        match place {
            Place::Namespace => true,
            Place::System => self != Self::Namespace,
            Place::Cluster => self == Self::Cluster,
        }
    }
}

/// The bits of a path's rights: they stand together, in the order of the table.
fn needed(path: usize) -> u128 {
    let before: usize = PATHS[..path].iter().map(|path| path.all_of.len()).sum();
    ((1 << PATHS[path].all_of.len()) - 1) << before
}

/// Every right that a path needs, in the order of bits.
fn clauses() -> impl Iterator<Item = &'static [Ask]> {
    PATHS.iter().flat_map(|path| path.all_of.iter().copied())
}

/// What a role gives of a right in a scope.
fn coverage(role: &Role, clause: &[Ask], scope: Scope) -> Coverage {
    let asks = clause.iter().filter(|ask| scope.has(ask.place));
    let rules = asks.flat_map(|ask| role.rules.iter().map(|rule| ask.covered_by(rule)));
    rules.max().unwrap_or(Coverage::None)
}

/// What a rule gives of every right in a scope.
fn held(rule: &PolicyRule, scope: Scope) -> Held {
    clauses().enumerate().fold(Held::default(), |held, (bit, clause)| {
        let here = 1 << bit;
        let asks = clause.iter().filter(|ask| scope.has(ask.place));
        held | match asks.map(|ask| ask.covered_by(rule)).max().unwrap_or(Coverage::None) {
            Coverage::Whole => Held { whole: here, some: here },
            Coverage::Part => Held { whole: 0, some: here },
            Coverage::None => Held::default(),
        }
    })
}

/// What each role gives, in the order of [`Scope::ALL`]. Roles are written by copying: most rules stand in many of
/// them, and are weighed once.
fn weighed(roles: &[Role]) -> Vec<[Held; 3]> {
    let mut known: HashMap<&PolicyRule, [Held; 3]> = HashMap::new();
    let mut of = |rule| *known.entry(rule).or_insert_with(|| Scope::ALL.map(|scope| held(rule, scope)));
    roles
        .iter()
        .map(|role| {
            role.rules.iter().fold([Held::default(); 3], |all, rule| {
                let rule = of(rule);
                std::array::from_fn(|scope| all[scope] | rule[scope])
            })
        })
        .collect()
}

/// Finds the paths of all subjects that bindings name.
struct Search<'p> {
    policy: &'p Policy,
    /// What each role gives, in the order of [`Scope::ALL`].
    roles: Vec<[Held; 3]>,
    /// The paths that are open, with their bits.
    open: Vec<(&'static Path, u128)>,
}

/// The paths of every subject that a binding names, sorted by subject, path and namespace. Paths that a subject has
/// through its groups alone are told once, of the group; rights spread over a subject and its groups count together.
#[must_use]
pub fn reaches(policy: &Policy, version: Option<Version>) -> Vec<Reach> {
    let open = PATHS.iter().enumerate().filter(|(_, path)| path.is_open_in(version));
    let search = Search {
        policy,
        roles: weighed(policy.roles()),
        open: open.map(|(index, path)| (path, needed(index))).collect(),
    };
    let mut found = Vec::new();
    for subject in policy.subjects() {
        search.subject(subject, &mut found);
    }
    found.sort_by(|a, b| (&a.subject, a.path.name, &a.namespace).cmp(&(&b.subject, b.path.name, &b.namespace)));
    found
}

impl<'p> Search<'p> {
    fn subject(&self, subject: &Subject, found: &mut Vec<Reach>) {
        let identity = Identity::of(subject);
        let Some(own) = self.policy.bound(subject) else { return };
        let groups: Vec<&Bound> =
            identity.principals()[1..].iter().filter_map(|group| self.policy.bound(group)).collect();
        if self.all(own) == Held::default() {
            return;
        }
        let cluster = Sight::new(self, subject, own, &groups, None);
        let mut everywhere = Vec::new();
        for (path, bits) in &self.open {
            let strength = cluster.strength(*bits);
            everywhere.push(strength);
            if strength != Coverage::None {
                found.push(cluster.reach(path, *bits, strength));
            }
        }
        let namespaces: BTreeSet<&String> =
            std::iter::once(own).chain(groups.iter().copied()).flat_map(|bound| bound.namespaces.keys()).collect();
        for namespace in namespaces {
            let sight = Sight::new(self, subject, own, &groups, Some(namespace));
            for ((path, bits), everywhere) in self.open.iter().zip(&everywhere) {
                let strength = sight.strength(*bits);
                if strength > *everywhere {
                    found.push(sight.reach(path, *bits, strength));
                }
            }
        }
    }

    /// What bindings give together.
    fn held(&self, bindings: &[usize]) -> Held {
        let each = bindings.iter().flat_map(|binding| {
            let scope = Scope::of(self.policy.bindings()[*binding].namespace.as_deref());
            self.policy.roles_of(*binding).iter().map(move |role| self.roles[*role][scope as usize])
        });
        each.fold(Held::default(), BitOr::bitor)
    }

    fn all(&self, bound: &Bound) -> Held {
        let local = bound.namespaces.values().map(|bindings| self.held(bindings));
        local.fold(self.held(&bound.cluster), BitOr::bitor)
    }
}

/// A subject's rights at one scope.
struct Sight<'s> {
    search: &'s Search<'s>,
    subject: &'s Subject,
    namespace: Option<&'s str>,
    /// Bindings that name the subject itself.
    own: Vec<usize>,
    /// Bindings that name its groups.
    groups: Vec<usize>,
}

impl<'s> Sight<'s> {
    fn new(
        search: &'s Search<'s>,
        subject: &'s Subject,
        own: &Bound,
        groups: &[&Bound],
        namespace: Option<&'s str>,
    ) -> Self {
        let bindings = |bound: &Bound| {
            let local = namespace.and_then(|namespace| bound.namespaces.get(namespace));
            bound.cluster.iter().chain(local.into_iter().flatten()).copied().collect::<Vec<_>>()
        };
        let groups = groups.iter().flat_map(|bound| bindings(bound)).collect();
        Self { search, subject, namespace, own: bindings(own), groups }
    }

    /// How much of a path the subject has that its groups do not have without it.
    fn strength(&self, bits: u128) -> Coverage {
        let (own, groups) = (self.search.held(&self.own), self.search.held(&self.groups));
        let together = (own | groups).gives(bits);
        if together > groups.gives(bits) { together } else { own.gives(bits) }
    }

    /// The path, with one binding for each right that it needs.
    fn reach(&self, path: &'static Path, bits: u128, strength: Coverage) -> Reach {
        let policy = self.search.policy;
        let mut links = BTreeSet::new();
        let mut names = BTreeSet::new();
        let first = bits.trailing_zeros() as usize;
        for (clause, bit) in path.all_of.iter().zip(first..) {
            let Some((binding, role)) = self.link(1 << bit) else { continue };
            links.insert((!self.own.contains(&binding), binding, role));
            if strength == Coverage::Part {
                names.extend(self.limits(binding, role, clause));
            }
        }
        let via = links.iter().map(|(_, binding, role)| Via {
            binding: policy.bindings()[*binding].title().into(),
            role: policy.roles()[*role].title().into(),
            verbs: ReadVerbs::NONE,
            accepted: accepted::binding(policy, *binding, self.subject),
        });
        Reach {
            subject: self.subject.clone(),
            path,
            namespace: self.namespace.map(str::to_owned),
            names: names.into_iter().collect(),
            via: via.collect(),
            onward: Onward::default(),
            bindings: links.iter().map(|(_, binding, _)| *binding).collect(),
            accepted: links.iter().all(|(_, binding, _)| accepted::binding(policy, *binding, self.subject)),
        }
    }

    /// The binding and role that give a right: whole before limited, then what every cluster has, for beside that
    /// another binding adds nothing, then the subject's own.
    fn link(&self, bit: u128) -> Option<(usize, usize)> {
        let policy = self.search.policy;
        let all =
            self.own.iter().map(|binding| (false, binding)).chain(self.groups.iter().map(|binding| (true, binding)));
        let links = all.flat_map(|(group, binding)| {
            let scope = Scope::of(policy.bindings()[*binding].namespace.as_deref());
            policy.roles_of(*binding).iter().filter_map(move |role| {
                let held = self.search.roles[*role][scope as usize];
                let limited = held.whole & bit == 0;
                let strange = !accepted::binding(policy, *binding, self.subject);
                (held.some & bit != 0).then_some((limited, strange, group, *binding, *role))
            })
        });
        links.min().map(|(.., binding, role)| (binding, role))
    }

    /// The names that a role limits a right to.
    fn limits(&self, binding: usize, role: usize, clause: &[Ask]) -> Vec<String> {
        let policy = self.search.policy;
        let scope = Scope::of(policy.bindings()[binding].namespace.as_deref());
        if coverage(&policy.roles()[role], clause, scope) == Coverage::Whole {
            return Vec::new();
        }
        let asks = clause.iter().filter(|ask| scope.has(ask.place));
        let rules = asks
            .flat_map(|ask| policy.roles()[role].rules.iter().filter(|rule| ask.covered_by(rule) == Coverage::Part));
        rules.flat_map(|rule| rule.resource_names.iter().cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{binding, policy, role};
    use super::*;
    use crate::access::Origin;

    /// Subject, path, namespace and limits of every path in a policy.
    fn reached(text: &str, version: Option<Version>) -> Vec<String> {
        let line = |reach: &Reach| {
            let place = reach.namespace.as_deref().unwrap_or("*");
            format!("{}: {} in {place} {:?}", reach.subject, reach.path.name, reach.names)
        };
        reaches(&policy(text, Origin::Live), version).iter().map(line).collect()
    }

    /// A ClusterRole with one rule of another group than the core's.
    fn rule(name: &str, verbs: &str, group: &str, resources: &str) -> String {
        role("", name, verbs, resources).replace("apiGroups: ['']", &format!("apiGroups: [{group}]"))
    }

    const RBAC: &str = "rbac.authorization.k8s.io";

    #[test]
    fn the_table_fits_its_bits() {
        assert!(clauses().count() <= 128);
        let all = (0..PATHS.len()).map(needed);
        assert_eq!(all.fold(0, |seen, bits| seen | bits).count_ones() as usize, clauses().count());
    }

    #[test]
    fn rights_over_several_bindings_add_up() {
        let text = rule("binder", "bind", RBAC, "clusterroles")
            + &rule("writer", "create", RBAC, "clusterrolebindings")
            + &binding("", "a", "ClusterRole binder", "ServiceAccount n/ci")
            + &binding("", "b", "ClusterRole writer", "Group system:serviceaccounts, User jane");
        // Neither the group nor jane can bind; the account can with what its group adds.
        assert_eq!(reached(&text, None), ["ServiceAccount n/ci: bind in * []"]);
        let found = reaches(&policy(&text, Origin::Live), None);
        let via: Vec<_> = found[0].via.iter().map(|via| &*via.binding).collect();
        assert_eq!(via, ["ClusterRoleBinding a", "ClusterRoleBinding b"]);
    }

    #[test]
    fn what_a_group_has_is_told_of_the_group() {
        let text = role("", "runner", "create", "pods")
            + &role("", "viewer", "get", "pods")
            + &binding("n", "a", "ClusterRole runner", "Group system:authenticated")
            + &binding("n", "b", "ClusterRole viewer", "User jane");
        assert_eq!(reached(&text, None), ["Group system:authenticated: create-pods in n []"]);
    }

    #[test]
    fn rights_of_two_namespaces_do_not_add_up() {
        let text = rule("binder", "bind", RBAC, "clusterroles")
            + &rule("writer", "create", RBAC, "rolebindings")
            + &binding("n", "a", "ClusterRole binder", "User jane")
            + &binding("m", "b", "ClusterRole writer", "User jane");
        assert_eq!(reached(&text, None), [""; 0]);
        let both = text + &binding("m", "c", "ClusterRole binder", "User jane");
        assert_eq!(reached(&both, None), ["User jane: bind-in-namespace in m []"]);
    }

    #[test]
    fn groups_of_the_api_and_names_count() {
        let apps = rule("r", "patch", "apps", "deployments") + &binding("n", "b", "ClusterRole r", "User jane");
        assert_eq!(reached(&apps, None), ["User jane: create-workloads in n []"]);
        let core = role("", "r", "patch", "deployments") + &binding("n", "b", "ClusterRole r", "User jane");
        assert_eq!(reached(&core, None), [""; 0]);
        let named = role("", "r", "create", "serviceaccounts/token")
            .replace("[serviceaccounts/token]", "[serviceaccounts/token], resourceNames: [robot]")
            + &binding("n", "b", "ClusterRole r", "User jane");
        assert_eq!(reached(&named, None), ["User jane: token-request in n [\"robot\"]"]);
        let star = role("", "r", "create", "'pods/*'") + &binding("n", "b", "ClusterRole r", "User jane");
        assert_eq!(reached(&star, None), [""; 0]);
    }

    #[test]
    fn versions_close_and_open() {
        let get = role("", "r", "get", "pods/exec") + &binding("n", "b", "ClusterRole r", "User jane");
        assert_eq!(reached(&get, Some(Version::v1(34))), ["User jane: exec-by-get in n []"]);
        assert_eq!(reached(&get, Some(Version::v1(35))), [""; 0]);
        assert_eq!(reached(&get, None).len(), 1);
        let forward = role("", "r", "get", "pods/portforward") + &binding("n", "b", "ClusterRole r", "User jane");
        assert_eq!(reached(&forward, Some(Version::v1(34))), ["User jane: port-forward-by-get in n []"]);
        assert_eq!(reached(&forward, Some(Version::v1(35))), [""; 0]);
        let proxy = role("", "r", "get", "pods/proxy") + &binding("n", "b", "ClusterRole r", "User jane");
        assert_eq!(reached(&proxy, Some(Version::v1(35))), ["User jane: port-forward in n []"]);
        let nodes = role("", "r", "get", "nodes/proxy") + &binding("", "b", "ClusterRole r", "User jane");
        assert_eq!(reached(&nodes, Some(Version::v1(36))), ["User jane: nodes-proxy in * []"]);
        let constrained = rule("a", "'impersonate:user-info'", "authentication.k8s.io", "users")
            + &role("", "b", "'impersonate-on:user-info:list'", "secrets")
            + &binding("", "a", "ClusterRole a", "User jane")
            + &binding("n", "b", "ClusterRole b", "User jane");
        assert_eq!(reached(&constrained, Some(Version::v1(36))), ["User jane: constrained-impersonation in n []"]);
        assert_eq!(reached(&constrained, Some(Version::v1(34))), [""; 0]);
    }

    #[test]
    fn a_namespace_may_be_changed_by_who_is_bound_in_it() {
        let text = role("", "r", "patch", "namespaces")
            + &role("", "s", "create", "pods")
            + &binding("n", "a", "ClusterRole r", "User jane")
            + &binding("n", "b", "ClusterRole s", "User jane");
        let found = reached(&text, None);
        assert_eq!(found, ["User jane: create-pods in n []", "User jane: patch-namespaces in n []"]);
    }

    #[test]
    fn what_does_not_lead_to_secrets_is_silent() {
        let resources = "podtemplates, events, pods/status, deployments/scale, replicationcontrollers/scale, pods/log";
        let rules = [
            role("", "r", "'*'", resources),
            rule("s", "'*'", "authentication.k8s.io", "tokenreviews"),
            rule("t", "'*'", "authorization.k8s.io", "subjectaccessreviews"),
            rule("u", "'*'", "coordination.k8s.io", "leases"),
            rule("v", "sign", "certificates.k8s.io", "signers"),
            // `*` holds `bind`, but on bindings and not on roles: they pass on what one has.
            rule("w", "'*'", RBAC, "rolebindings"),
        ];
        let bindings =
            ["r", "s", "t", "u", "v", "w"].map(|name| binding("", name, &format!("ClusterRole {name}"), "User jane"));
        assert_eq!(reached(&(rules.concat() + &bindings.concat()), None), [""; 0]);
    }

    #[test]
    fn impersonating_groups_takes_a_user_as_well() {
        let groups = role("", "r", "impersonate", "groups") + &binding("", "a", "ClusterRole r", "User jane");
        assert_eq!(reached(&groups, None), [""; 0]);
        let both = groups
            + &role("", "s", "impersonate", "serviceaccounts")
            + &binding("n", "b", "ClusterRole s", "User jane");
        assert_eq!(
            reached(&both, None),
            ["User jane: impersonate-groups in n []", "User jane: impersonate-service-accounts in n []"]
        );
    }

    #[test]
    fn aws_auth_is_one_config_map_of_one_namespace() {
        let role =
            role("", "r", "update", "configmaps").replace("[configmaps]", "[configmaps], resourceNames: [aws-auth]");
        let at = |namespace| reached(&(role.clone() + &binding(namespace, "b", "ClusterRole r", "User jane")), None);
        assert_eq!(at("n"), [""; 0]);
        assert_eq!(at("kube-system"), ["User jane: aws-auth in kube-system []"]);
        assert_eq!(at(""), ["User jane: aws-auth in * []"]);
    }
}
