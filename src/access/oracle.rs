//! Random RBAC, answered by the room and by a statement of the rules that has nothing in common with it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::RngSeed;

use super::tests::{facts, policy};
use super::{Access, Facts, Identity, Origin, Policy, ReadVerb, Readers, Request, Subject};
use crate::manifest::{Object, documents};
use crate::model::Location;

const NAMESPACES: [&str; 3] = ["prod", "ci", "kube-system"];
const SECRETS: [&str; 3] = ["db", "tls", "api"];
const ROLES: [&str; 4] = ["a", "b", "c", "d"];
const VERBS: [&str; 9] = ["get", "list", "watch", "patch", "delete", "deletecollection", "create", "update", "*"];
const GROUPS: [&str; 3] = ["", "apps", "*"];
const RESOURCES: [&str; 9] =
    ["secrets", "pods", "pods/exec", "*", "*/exec", "secrets/*", "pods/*", "*/*", "configmaps"];
const NAMES: [&str; 4] = ["db", "tls", "api", ""];
const SUBJECTS: [(&str, &str, &str); 10] = [
    ("User", "", "jane"),
    ("User", "", "system:anonymous"),
    ("User", "", "system:serviceaccount:ci:robot"),
    ("Group", "", "devs"),
    ("Group", "", "system:authenticated"),
    ("Group", "", "system:serviceaccounts"),
    ("Group", "", "system:serviceaccounts:ci"),
    ("Group", "", "system:unauthenticated"),
    ("ServiceAccount", "ci", "robot"),
    ("ServiceAccount", "", "robot"),
];

#[derive(Clone, Debug)]
struct Rule {
    verbs: Vec<&'static str>,
    groups: Vec<&'static str>,
    resources: Vec<&'static str>,
    names: Vec<&'static str>,
}

#[derive(Clone, Debug)]
struct Bind {
    namespace: Option<&'static str>,
    cluster_role: bool,
    role: &'static str,
    subjects: Vec<(&'static str, &'static str, &'static str)>,
}

/// Roles by namespace (none for ClusterRoles) and name, and bindings.
#[derive(Clone, Debug)]
struct World {
    roles: Vec<(Option<&'static str>, &'static str, Vec<Rule>)>,
    bindings: Vec<Bind>,
}

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    let rule = (
        subsequence(VERBS.to_vec(), 1..4),
        subsequence(GROUPS.to_vec(), 1..3),
        subsequence(RESOURCES.to_vec(), 1..3),
        prop_oneof![2 => Just(Vec::new()), 1 => subsequence(NAMES.to_vec(), 1..3)],
    );
    let rule = rule.prop_map(|(verbs, groups, resources, names)| Rule { verbs, groups, resources, names });
    prop::collection::vec(rule, 1..4)
}

fn place() -> impl Strategy<Value = Option<&'static str>> {
    prop::option::weighted(0.7, select(NAMESPACES.to_vec()))
}

fn worlds() -> impl Strategy<Value = World> {
    let role = (place(), select(ROLES.to_vec()), rules());
    let subjects = subsequence(SUBJECTS.to_vec(), 1..4);
    let bind = (place(), any::<bool>(), select(ROLES.to_vec()), subjects)
        .prop_map(|(namespace, cluster_role, role, subjects)| Bind { namespace, cluster_role, role, subjects });
    (prop::collection::vec(role, 1..8), prop::collection::vec(bind, 1..8)).prop_map(|(mut roles, bindings)| {
        // A server has one role of each name in each place.
        let mut seen = BTreeSet::new();
        roles.retain(|(namespace, name, _)| seen.insert((*namespace, *name)));
        World { roles, bindings }
    })
}

impl World {
    fn text(&self) -> String {
        let mut text = String::new();
        let mut object = |kind: &str, namespace: Option<&str>, name: &str, rest: &str| {
            let (prefix, place) = match namespace {
                Some(namespace) => ("", format!(", namespace: {namespace}")),
                None => ("Cluster", String::new()),
            };
            let api = "rbac.authorization.k8s.io/v1";
            writeln!(text, "---\napiVersion: {api}\nkind: {prefix}{kind}\nmetadata: {{name: {name}{place}}}\n{rest}")
                .unwrap();
        };
        for (namespace, name, rules) in &self.roles {
            let rules: Vec<_> = rules
                .iter()
                .map(|rule| {
                    format!(
                        "{{\"verbs\": {:?}, \"apiGroups\": {:?}, \"resources\": {:?}, \"resourceNames\": {:?}}}",
                        rule.verbs, rule.groups, rule.resources, rule.names
                    )
                })
                .collect();
            object("Role", *namespace, name, &format!("rules: [{}]", rules.join(", ")));
        }
        for (index, bind) in self.bindings.iter().enumerate() {
            let kind = if bind.cluster_role { "ClusterRole" } else { "Role" };
            let subjects: Vec<_> = bind
                .subjects
                .iter()
                .map(|(kind, namespace, name)| match *namespace {
                    "" => format!("{{kind: {kind}, name: \"{name}\"}}"),
                    _ => format!("{{kind: {kind}, name: \"{name}\", namespace: {namespace}}}"),
                })
                .collect();
            let rest = format!("roleRef: {{kind: {kind}, name: {}}}\nsubjects: [{}]", bind.role, subjects.join(", "));
            object("RoleBinding", bind.namespace, &format!("bind-{index}"), &rest);
        }
        text
    }

    /// The rules, restated from the documentation: which strings a rule must have, spelled out.
    fn allows(&self, user: &str, groups: &[&str], request: &Request<'_>) -> bool {
        self.bindings.iter().any(|bind| {
            let here = bind.namespace.is_none() || bind.namespace == request.namespace;
            let named = bind.subjects.iter().any(|(kind, namespace, name)| match *kind {
                "User" => *name == user,
                "Group" => groups.contains(name),
                _ => {
                    let home = if namespace.is_empty() { bind.namespace.unwrap_or("") } else { namespace };
                    !home.is_empty() && format!("system:serviceaccount:{home}:{name}") == user
                }
            });
            let home = if bind.cluster_role { None } else { bind.namespace };
            let resolvable = bind.cluster_role || bind.namespace.is_some();
            let role = self.roles.iter().find(|(namespace, name, _)| *namespace == home && *name == bind.role);
            here && named && resolvable && role.is_some_and(|(.., rules)| rules.iter().any(|rule| rule.lets(request)))
        })
    }
}

impl Rule {
    fn lets(&self, request: &Request<'_>) -> bool {
        let mut resources = vec!["*".to_owned()];
        if request.subresource.is_empty() {
            resources.push(request.resource.to_owned());
        } else {
            resources.push(format!("{}/{}", request.resource, request.subresource));
            resources.push(format!("*/{}", request.subresource));
        }
        let any = |list: &[&str], wanted: &[&str]| wanted.iter().any(|one| list.contains(one));
        any(&self.verbs, &["*", request.verb])
            && any(&self.groups, &["*", request.group])
            && resources.iter().any(|one| self.resources.contains(&one.as_str()))
            && (self.names.is_empty() || self.names.contains(&request.name))
    }
}

/// Users with the groups a server would say they are in.
fn users() -> Vec<(&'static str, Vec<&'static str>)> {
    vec![
        ("jane", vec!["devs", "system:authenticated"]),
        ("joe", vec!["system:authenticated"]),
        ("system:anonymous", vec!["system:unauthenticated"]),
        (
            "system:serviceaccount:ci:robot",
            vec!["system:serviceaccounts", "system:serviceaccounts:ci", "system:authenticated"],
        ),
        (
            "system:serviceaccount:prod:robot",
            vec!["system:serviceaccounts", "system:serviceaccounts:prod", "system:authenticated"],
        ),
        ("system:serviceaccount:ci:robot", vec![]),
    ]
}

/// The same runs each time, unless the environment asks for others.
fn config() -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 96;
    }
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(0x6b73);
    }
    config
}

fn agree_on_requests(world: &World, policy: &Policy) -> Result<(), TestCaseError> {
    let targets = [("", "secrets", ""), ("", "pods", "exec"), ("", "pods", ""), ("apps", "deployments", "scale")];
    for (user, groups) in users() {
        let identity = Identity::new(user, groups.iter().copied());
        for verb in &VERBS[..8] {
            for (group, resource, subresource) in targets {
                for namespace in [None, Some("prod"), Some("ci"), Some("kube-system"), Some("other")] {
                    for name in ["", "db", "other"] {
                        let request = Request { verb, group, resource, subresource, namespace, name };
                        let expected = world.allows(user, &groups, &request);
                        prop_assert_eq!(
                            policy.allows(&identity, &request).is_some(),
                            expected,
                            "{} {:?}",
                            user,
                            request
                        );
                    }
                }
            }
        }
    }
    Ok(())
}

fn agree_on_readers(policy: &Policy) -> Result<(), TestCaseError> {
    let readers = Readers::new(policy);
    let mut identities: Vec<Identity> =
        users().iter().map(|(user, groups)| Identity::new(user, groups.iter().copied())).collect();
    identities.extend(policy.subjects().into_iter().map(Identity::of));
    let cells =
        NAMESPACES.iter().chain(&["other"]).flat_map(|namespace| SECRETS.iter().map(move |name| (*namespace, *name)));
    for (namespace, name) in cells.chain([("prod", "unknown")]) {
        for identity in &identities {
            let verbs = readers.verbs(identity, namespace, name);
            for verb in ReadVerb::ALL {
                let allowed =
                    Request::readings(verb, namespace, name).any(|request| policy.allows(identity, &request).is_some());
                prop_assert_eq!(verbs.contains(verb), allowed, "{:?} {} {}/{}", identity, verb, namespace, name);
            }
        }
        for reader in readers.of(namespace, name).iter() {
            prop_assert!(!reader.verbs.is_empty() && !reader.via.is_empty());
            let own = Subject::clone(&reader.subject);
            let held = readers.held_by(&own);
            let seen = held.iter().filter(|hold| {
                hold.namespace.as_deref().is_none_or(|place| place == namespace)
                    && hold.name.as_deref().is_none_or(|one| one == name)
            });
            prop_assert_eq!(seen.fold(super::ReadVerbs::NONE, |all, hold| all.union(hold.via.verbs)), reader.verbs);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_policy_says_what_the_rules_say(world in worlds()) {
        agree_on_requests(&world, &policy(&world.text(), Origin::Live))?;
    }

    #[test]
    fn readers_are_who_may_ask(world in worlds()) {
        agree_on_readers(&policy(&world.text(), Origin::Live))?;
    }

    #[test]
    fn workers_and_order_make_no_difference(world in worlds(), turn in 0_usize..16) {
        let text = world.text();
        let trees: Vec<_> = documents(&text).map(Result::unwrap).collect();
        let mut workers = [Facts::default(), Facts::default(), Facts::default()];
        let count = trees.len();
        for step in 0..count {
            let at = (step * 7 + turn) % count;
            // Seven may share a factor with the count: then go straight.
            let at = if count % 7 == 0 { (step + turn) % count } else { at };
            let object = Object::all(&trees[at])[0];
            workers[step % 3].observe(&object, Location::default);
        }
        let [mut first, second, mut third] = workers;
        third.merge(second);
        third.merge(std::mem::take(&mut first));
        let (one, other) = (Access::new(facts(&text), Origin::Live, None), Access::new(third, Origin::Live, None));
        prop_assert_eq!(one.findings(), other.findings());
        for namespace in NAMESPACES {
            prop_assert_eq!(one.readers_of(namespace, "db"), other.readers_of(namespace, "db"));
        }
    }
}
