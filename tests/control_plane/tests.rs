//! The control plane itself, and the facts about Kubernetes that ksecrets builds on.

use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};
use std::{fs, panic, ptr};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::programs::SCRIPT;
use super::{Answer, ControlPlane, Identity, Namespace, block_on, identity};

/// A Secret, and `aGVsbG8gcGxhbmU=` in every answer that tells it.
const SECRET: &str = "
apiVersion: v1
kind: Secret
metadata:
  name: db
stringData:
  greeting: hello plane
";

fn tells(value: &Value) -> bool {
    value.to_string().contains("aGVsbG8gcGxhbmU=")
}

/// The shared plane, unless there is none; then the test is over.
macro_rules! shared {
    () => {
        match ControlPlane::shared() {
            Some(plane) => plane,
            None => return,
        }
    };
}

/// Asks for what `verb` gives to somebody who has nothing else.
fn read_by(prefix: &str, verb: &str, ask: impl Fn(&Identity, &Namespace<'_>) -> Answer) {
    let plane = shared!();
    let namespace = plane.namespace(prefix);
    namespace.apply(SECRET);
    let user = plane.user(&format!("only-{verb}"), &[]);
    namespace.grant(&user, &[verb], "secrets");

    assert_eq!(user.get(&namespace.path("secrets/db")).status, 403);
    let answer = ask(&user, &namespace);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(tells(&answer.body), "{answer:?}");
    assert_eq!(plane.admin().get(&namespace.path("secrets/db")).status, 200, "the dry run took it away");
}

#[test]
fn server_tells_its_version() {
    let plane = shared!();
    let version = plane.admin().get("/version").body;
    assert!(version["gitVersion"].as_str().unwrap().starts_with("v1.36."), "{version}");
    assert_eq!((&version["major"], &version["minor"]), (&json!("1"), &json!("36")));
}

#[test]
fn shared_server_is_one() {
    assert!(ptr::eq(shared!(), shared!()));
}

#[test]
fn rbac_denies_whom_it_does_not_know() {
    let plane = shared!();
    let stranger = plane.user("stranger", &["nobody"]);
    let answer = stranger.get("/api/v1/secrets");
    assert_eq!(answer.status, 403);
    let message = answer.body["message"].as_str().unwrap();
    assert!(message.starts_with(r#"secrets is forbidden: User "stranger" cannot list resource"#), "{message}");
}

#[test]
fn groups_of_a_certificate_count() {
    let plane = shared!();
    for groups in [["system:masters", "others"], ["others", "system:masters"]] {
        assert_eq!(plane.user("member", &groups).get("/api/v1/secrets").status, 200, "{groups:?}");
    }
}

#[test]
fn namespaces_are_independent() {
    let plane = shared!();
    let (one, two) = (plane.namespace("apart"), plane.namespace("apart"));
    assert_ne!(one.name(), two.name());
    one.apply(SECRET);
    assert_eq!(plane.admin().get(&one.path("secrets/db")).status, 200);
    assert_eq!(plane.admin().get(&two.path("secrets/db")).status, 404);

    let user = plane.user("tenant", &[]);
    one.grant(&user, &["list"], "secrets");
    assert_eq!(user.get(&one.path("secrets")).status, 200);
    assert_eq!(user.get(&two.path("secrets")).status, 403);
}

#[test]
fn patch_reads() {
    read_by("patch", "patch", |user, namespace| user.patch(&namespace.path("secrets/db?dryRun=All"), &json!({})));
}

#[test]
fn delete_reads() {
    let options = "dryRun=All&propagationPolicy=Foreground";
    read_by("delete", "delete", |user, namespace| user.delete(&namespace.path(&format!("secrets/db?{options}"))));
}

#[test]
fn deletecollection_reads() {
    read_by("collection", "deletecollection", |user, namespace| user.delete(&namespace.path("secrets?dryRun=All")));
}

#[test]
fn service_account_has_a_token() {
    let plane = shared!();
    let namespace = plane.namespace("account");
    let account = namespace.service_account("robot");
    let review = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview" });
    let answer = account.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", &review);
    assert_eq!(answer.body["status"]["userInfo"]["username"], account.name(), "{answer:?}");
    assert!(!account.may("get", "secrets", namespace.name()));
    namespace.grant(&account, &["get"], "secrets");
    assert!(account.may("get", "secrets", namespace.name()));
}

#[test]
fn kubeconfig_says_who_and_where() {
    let plane = shared!();
    let text = fs::read_to_string(plane.user("somebody", &[]).kubeconfig()).unwrap();
    let kubeconfig: Value = serde_yaml::from_str(&text).unwrap();
    assert_eq!(kubeconfig["clusters"][0]["cluster"]["server"], plane.url());
    assert!(kubeconfig["users"][0]["user"]["client-certificate-data"].is_string());
}

#[test]
fn manifests_of_any_kind_are_applied() {
    let plane = shared!();
    let namespace = plane.namespace("apply");
    namespace.apply(
        "
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
    - {name: web, image: web, securityContext: {privileged: true}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: plans.tests.ksecrets.example}
spec:
  group: tests.ksecrets.example
  scope: Namespaced
  names: {kind: Plan, plural: plans}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
---
apiVersion: tests.ksecrets.example/v1
kind: Plan
metadata: {name: first}
spec: {step: one}
",
    );
    assert_eq!(plane.admin().get(&namespace.path("pods/web")).status, 200);
    let path = format!("/apis/tests.ksecrets.example/v1/namespaces/{}/plans/first", namespace.name());
    assert_eq!(plane.admin().get(&path).body["spec"]["step"], "one");
}

#[test]
fn stored_bytes_are_those_of_etcd() {
    let plane = shared!();
    let namespace = plane.namespace("stored");
    namespace.apply(SECRET);
    let bytes = plane.stored(&format!("/registry/secrets/{}/db", namespace.name())).unwrap();
    assert!(bytes.starts_with(b"k8s\0"), "not as Kubernetes stores");
    assert!(bytes.windows(11).any(|window| window == b"hello plane"), "encrypted?");
    assert!(plane.stored("/registry/secrets/nowhere/db").is_none());
}

#[test]
fn private_server_takes_flags_and_leaves_nothing_behind() {
    let Some(plane) = ControlPlane::start(&["--anonymous-auth=false"]) else { return };
    let answer = block_on(identity::ask(&anonymous(&plane), "GET", "/version", &Value::Null)).unwrap();
    assert_eq!(answer.status, 401);

    let (folder, url) = (plane.folder().to_owned(), plane.url().to_owned());
    let address = url.trim_start_matches("https://");
    assert!(folder.is_dir() && TcpStream::connect(address).is_ok());
    drop(plane);
    assert!(!folder.exists() && TcpStream::connect(address).is_err());
}

#[test]
fn start_that_fails_shows_the_log() {
    let started = panic::catch_unwind(|| ControlPlane::start(&["--no-such-flag"]).is_none());
    match started {
        Ok(skipped) => assert!(skipped),
        Err(panic) => {
            let message = panic.downcast_ref::<String>().unwrap();
            assert!(message.starts_with("kube-apiserver ended\n"), "{message}");
            assert!(message.contains("unknown flag: --no-such-flag"), "{message}");
        }
    }
}

/// A client without any proof.
fn anonymous(plane: &ControlPlane) -> kube::Client {
    let mut config = kube::Config::new(plane.url().parse().unwrap());
    config.accept_invalid_certs = true;
    block_on(async { identity::client(config) })
}

/// Runs the script with nothing in the environment but this.
fn script(environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new("/bin/sh");
    command.arg(SCRIPT).env_clear().envs(environment.iter().copied());
    command.output().unwrap()
}

#[test]
fn programs_named_in_the_environment_come_first() {
    let output = script(&[
        ("PATH", "/usr/bin:/bin"),
        ("HOME", "/nowhere"),
        ("KUBEBUILDER_ASSETS", "/bin"),
        ("TEST_ASSET_KUBE_APISERVER", "/bin/sh"),
        ("TEST_ASSET_ETCD", "/bin/cat"),
    ]);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "/bin/sh\n/bin/cat\n");
}

/// A folder with what the script needs, and no Go.
fn tools() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for tool in ["cat", "cksum", "cut", "dirname", "sed"] {
        let places = ["/usr/bin", "/bin"].map(|place| Path::new(place).join(tool));
        let place = places.iter().find(|place| place.exists()).unwrap();
        symlink(place, folder.path().join(tool)).unwrap();
    }
    folder
}

#[test]
fn missing_go_is_said() {
    let tools = tools();
    let folder = tools.path().to_str().unwrap();
    let output = script(&[("PATH", folder), ("KSECRETS_CACHE", folder)]);
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.starts_with("control plane: no Go to build etcd with: install Go"), "{message}");
}

#[test]
fn programs_that_are_missing_are_said() {
    let output = script(&[("PATH", "/usr/bin:/bin"), ("KUBEBUILDER_ASSETS", "/nowhere")]);
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(message, "control plane: the environment names /nowhere/kube-apiserver, which is no program\n");
}

/// Keeps a server up to try things out on: says where its kubeconfig is, and ends after `KSECRETS_SERVE_SECONDS`, or ten minutes.
#[test]
#[ignore = "a server to play with"]
fn serve() {
    let Some(plane) = ControlPlane::start(&[]) else { return };
    let seconds = std::env::var("KSECRETS_SERVE_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(600);
    println!("export KUBECONFIG={}", plane.admin().kubeconfig().display());
    std::thread::sleep(std::time::Duration::from_secs(seconds));
}
