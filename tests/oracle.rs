//! The real authorizer as the oracle: random rights in an API server, and no difference between what we work out from
//! the objects and what the server answers.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use ksecrets::access::{Access, Facts, Identity, Origin, ReadVerb, Request, Version};
use ksecrets::manifest::{Object, documents};
use ksecrets::model::Location;
use serde_json::{Value, json};

use crate::control_plane::ControlPlane;
use crate::numbers::Numbers;

const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";
const SECRETS: [&str; 3] = ["db", "tls", "api"];
const READING: [ReadVerb; 6] =
    [ReadVerb::Get, ReadVerb::List, ReadVerb::Watch, ReadVerb::Patch, ReadVerb::Delete, ReadVerb::DeleteCollection];

/// Rights and subjects at random.
struct Dice(Numbers);

impl Dice {
    fn some<'t>(&mut self, all: &[&'t str], most: usize) -> Vec<&'t str> {
        let count = 1 + self.0.below(most);
        (0..count).map(|_| self.0.one(all)).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn rule(&mut self) -> Value {
        let verbs = ["get", "list", "watch", "patch", "delete", "deletecollection", "create", "update", "*"];
        let resources = ["secrets", "secrets", "*", "*/status", "secrets/*", "secrets/status", "pods", "pods/*"];
        let mut rule = json!({
            "verbs": self.some(&verbs, 3),
            "apiGroups": self.some(&["", "", "apps", "*"], 2),
            "resources": self.some(&resources, 2),
        });
        if self.0.below(3) == 0 {
            rule["resourceNames"] = json!(self.some(&["db", "tls", "api", ""], 2));
        }
        rule
    }

    fn rules(&mut self) -> Vec<Value> {
        (0..1 + self.0.below(3)).map(|_| self.rule()).collect()
    }

    /// A user, a group, or an account of one of the namespaces.
    fn subject(&mut self, namespaces: &[&str]) -> Value {
        let rbac = "rbac.authorization.k8s.io";
        let number = self.0.below(60);
        match self.0.below(8) {
            0..4 => json!({"kind": "User", "apiGroup": rbac, "name": format!("user-{number}")}),
            4 => json!({"kind": "Group", "apiGroup": rbac, "name": format!("group-{}", number % 12)}),
            5 => {
                let namespace = self.0.one(namespaces);
                let account = format!("system:serviceaccount:{namespace}:robot-{}", number % 6);
                json!({"kind": "User", "apiGroup": rbac, "name": account})
            }
            6 => {
                let group = format!("system:serviceaccounts:{}", self.0.one(namespaces));
                json!({"kind": "Group", "apiGroup": rbac, "name": group})
            }
            _ => json!({
                "kind": "ServiceAccount", "namespace": self.0.one(namespaces), "name": format!("robot-{}", number % 6),
            }),
        }
    }

    /// Whom to ask about: a name and all groups.
    fn identity(&mut self, namespaces: &[&str]) -> (String, Vec<String>) {
        let mut groups = vec!["system:authenticated".to_owned()];
        if self.0.below(3) == 0 {
            let namespace = self.0.one(namespaces);
            groups.push("system:serviceaccounts".to_owned());
            groups.push(format!("system:serviceaccounts:{namespace}"));
            return (format!("system:serviceaccount:{namespace}:robot-{}", self.0.below(6)), groups);
        }
        groups.extend((0..self.0.below(3)).map(|_| format!("group-{}", self.0.below(12))));
        (format!("user-{}", self.0.below(60)), groups)
    }
}

/// Fills a server with roles and bindings.
fn fill(plane: &ControlPlane, dice: &mut Dice, namespaces: &[&str]) {
    let create = |path: &str, kind: &str, name: &str, fields: Value| {
        let mut object = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": name},
        });
        object.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let answer = plane.admin().post(&format!("{RBAC}{path}"), &object);
        assert_eq!(answer.status, 201, "{object}: {answer:?}");
    };
    for number in 0..20 {
        create("/clusterroles", "ClusterRole", &format!("wide-{number}"), json!({"rules": dice.rules()}));
        for namespace in namespaces {
            let path = format!("/namespaces/{namespace}/roles");
            create(&path, "Role", &format!("near-{number}"), json!({"rules": dice.rules()}));
        }
    }
    for number in 0..90 {
        let subjects: Vec<Value> = (0..1 + dice.0.below(3)).map(|_| dice.subject(namespaces)).collect();
        let role =
            |kind: &str, name: String| json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name});
        let (wide, near) = (format!("wide-{}", dice.0.below(22)), format!("near-{}", dice.0.below(22)));
        let name = format!("binding-{number}");
        if dice.0.below(9) == 0 {
            let fields = json!({"roleRef": role("ClusterRole", wide), "subjects": subjects});
            create("/clusterrolebindings", "ClusterRoleBinding", &name, fields);
        } else {
            let role = if dice.0.below(2) == 0 { role("ClusterRole", wide) } else { role("Role", near) };
            let path = format!("/namespaces/{}/rolebindings", dice.0.one(namespaces));
            create(&path, "RoleBinding", &name, json!({"roleRef": role, "subjects": subjects}));
        }
    }
}

/// What the objects of the server come to.
pub(crate) fn access(plane: &ControlPlane, version: Option<Version>) -> Access {
    let mut facts = Facts::default();
    for resource in ["roles", "clusterroles", "rolebindings", "clusterrolebindings"] {
        let list = plane.admin().get(&format!("{RBAC}/{resource}")).body.to_string();
        for tree in documents(&list) {
            let tree = tree.unwrap();
            Object::all(&tree).iter().for_each(|object| facts.observe(object, Location::default));
        }
    }
    Access::new(facts, Origin::Live, version)
}

/// What the server says.
fn allows(plane: &ControlPlane, user: &str, groups: &[String], request: &Request<'_>) -> bool {
    let review = json!({"spec": {"user": user, "groups": groups, "resourceAttributes": {
        "verb": request.verb, "group": request.group, "resource": request.resource,
        "namespace": request.namespace, "name": request.name,
    }}});
    let answer = plane.admin().post("/apis/authorization.k8s.io/v1/subjectaccessreviews", &review);
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.body["status"]["allowed"] == true
}

#[test]
fn readers_are_those_that_the_server_lets_read() {
    let Some(plane) = ControlPlane::start(&[]) else { return };
    let namespaces = [plane.namespace("prod"), plane.namespace("ci"), plane.namespace("dev")];
    let namespaces = [namespaces[0].name(), namespaces[1].name(), namespaces[2].name()];
    let mut dice = Dice(Numbers::new(20_261_123));
    fill(&plane, &mut dice, &namespaces);
    let access = access(&plane, None);
    let (mut asked, mut granted) = (0, 0);
    for _ in 0..60 {
        let (user, groups) = dice.identity(&namespaces);
        let identity = Identity::new(&user, groups.iter().map(String::as_str));
        let namespace = dice.0.one(&namespaces);
        for secret in SECRETS {
            let ours = access.readers().verbs(&identity, namespace, secret);
            for verb in READING {
                let server =
                    || Request::readings(verb, namespace, secret).any(|it| allows(&plane, &user, &groups, &it));
                let expected = ours.iter().any(|held| held == verb);
                // The server's authorizer hears of new objects a moment later than we do.
                let agrees = (0..20).any(|attempt| {
                    thread::sleep(Duration::from_millis(if attempt == 0 { 0 } else { 200 }));
                    server() == expected
                });
                assert!(agrees, "{user} of {groups:?}: {verb} of {namespace}/{secret} is not {expected}");
                asked += 1;
                granted += usize::from(expected);
            }
        }
    }
    assert!(granted > asked / 20 && granted < asked / 2, "{granted} of {asked} allowed: the rights are too one-sided");
}
