//! A test's own part of a cluster.

use std::thread;
use std::time::{Duration, Instant};

use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::discovery::{ApiResource, Scope, pinned_kind};
use kube::{Client, Error};
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::ControlPlane;
use super::identity::{Identity, block_on};

/// Longest time for what the server has accepted to take effect. A guard against hanging, not a measure.
const PATIENCE: Duration = Duration::from_secs(20);

/// A namespace that nobody else has. It is left as it is: without controllers no namespace is ever gone.
pub(crate) struct Namespace<'p> {
    plane: &'p ControlPlane,
    name: String,
}

impl<'p> Namespace<'p> {
    /// Creates it.
    pub(super) fn new(plane: &'p ControlPlane, name: String) -> Self {
        let answer = plane.admin().post("/api/v1/namespaces", &json!({ "metadata": { "name": name } }));
        assert_eq!(answer.status, 201, "{answer:?}");
        Self { plane, name }
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The path of a core resource in it, or of one object: `secrets`, `secrets/db`.
    pub(crate) fn path(&self, resource: &str) -> String {
        format!("/api/v1/namespaces/{}/{resource}", self.name)
    }

    /// Creates or changes every object of a YAML text. Those that name no namespace go into this one.
    pub(crate) fn apply(&self, yaml: &str) {
        for document in serde_yaml::Deserializer::from_str(yaml) {
            let object = Value::deserialize(document).unwrap();
            if !object.is_null() {
                block_on(self.apply_object(&object));
            }
        }
    }

    /// By server-side apply, as admin.
    async fn apply_object(&self, object: &Value) {
        let client = self.plane.admin().client();
        let (resource, scope) = resource_of(&client, object).await;
        let api: Api<DynamicObject> = match scope {
            Scope::Cluster => Api::all_with(client, &resource),
            Scope::Namespaced => {
                let namespace = object["metadata"]["namespace"].as_str().unwrap_or(&self.name);
                Api::namespaced_with(client, namespace, &resource)
            }
        };
        let name = object["metadata"]["name"].as_str().expect("an object has a name");
        let params = PatchParams::apply("ksecrets-tests").force();
        let applied = api.patch(name, &params, &Patch::Apply(object)).await;
        applied.unwrap_or_else(|error| panic!("{} {name}: {error}", resource.kind));
    }

    /// Lets somebody do something with a core resource, and waits until it is so.
    pub(crate) fn grant(&self, identity: &Identity, verbs: &[&str], resource: &str) {
        let name = format!("{}-{}-{resource}", identity.name(), verbs.join("-"));
        let role = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": { "name": name },
            "rules": [{ "apiGroups": [""], "resources": [resource], "verbs": verbs }],
        });
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": { "name": name },
            "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": identity.name() }],
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name },
        });
        self.apply(&format!("{role}\n---\n{binding}"));
        let deadline = Instant::now() + PATIENCE;
        while !verbs.iter().all(|verb| identity.may(verb, resource, &self.name)) {
            assert!(Instant::now() < deadline, "{name} does not take effect");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// A service account with a token of its own. No pod uses it, and nothing is granted to it.
    pub(crate) fn service_account(&self, name: &str) -> Identity {
        let object = json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": name } });
        self.apply(&object.to_string());
        let answer = self.plane.admin().post(&self.path(&format!("serviceaccounts/{name}/token")), &json!({}));
        let token = answer.body["status"]["token"].as_str().unwrap_or_else(|| panic!("no token: {answer:?}"));
        let user = format!("system:serviceaccount:{}:{name}", self.name);
        self.plane.bearer(&user, token)
    }
}

/// Which resource an object is of. Waits for one that is not served yet: its CustomResourceDefinition may be new.
async fn resource_of(client: &Client, object: &Value) -> (ApiResource, Scope) {
    let text = |field: &str| object[field].as_str().unwrap_or_else(|| panic!("an object has no {field}: {object}"));
    let (group, version) = text("apiVersion").rsplit_once('/').unwrap_or(("", text("apiVersion")));
    let kind = GroupVersionKind::gvk(group, version, text("kind"));
    let deadline = Instant::now() + PATIENCE;
    loop {
        match pinned_kind(client, &kind).await {
            Ok((resource, capabilities)) => return (resource, capabilities.scope),
            Err(error @ (Error::Discovery(_) | Error::Api(_))) => {
                assert!(Instant::now() < deadline, "{} is not served: {error}", text("kind"));
            }
            Err(error) => panic!("{error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
