//! `ksecrets seal at-rest` against a real API server and its etcd: the verdicts agree with what is stored.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ksecrets::atrest::audit::{AuditPolicy, Topic};
use ksecrets::manifest::documents;
use serde_json::{Value, json};

use crate::binary::ksecrets;
use crate::control_plane::ControlPlane;

/// A key that is not easily guessed.
const GOOD: [u8; 32] = *b"\x9a\x17\xc8\x1f\x05\x63\xb4\x40\xfa\x0b\x03\x4d\x81\x28\xde\x10\x5b\xc9\x3a\x90\x09\xe9\xaa\x19\x56\x70\x2f\x3d\xbe\xf1\x8a\x02";
/// In every Secret here, and in nothing that is said.
const MARK: &str = "made-up-and-at-rest";

/// The rungs of a verdict on Secrets, with the exit code.
fn verdict(plane: &ControlPlane, more: &[&str]) -> (Vec<(String, String)>, Value, i32) {
    let kubeconfig = plane.admin().kubeconfig().display().to_string();
    let command = ksecrets().env("KUBECONFIG", &kubeconfig).args(["seal", "at-rest", "--cluster", "--format", "json"]);
    let outcome = command.args(more.iter().copied()).run();
    assert!(!outcome.stdout.contains(MARK) && !outcome.stdout.contains(&STANDARD.encode(MARK)));
    let report = outcome.json();
    let evidence = report["atRest"][0]["evidence"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let rungs = evidence.map(|rung| (text(&rung["rung"]), text(&rung["encrypted"]))).collect();
    (rungs, report, outcome.status.unwrap())
}

fn said(rungs: &[(String, String)], rung: &str) -> String {
    rungs.iter().find(|(name, _)| name == rung).unwrap().1.clone()
}

fn secret(plane: &ControlPlane, namespace: &str, name: &str) {
    let body = json!({ "metadata": { "name": name }, "stringData": { "a": MARK } });
    assert_eq!(plane.admin().post(&format!("/api/v1/namespaces/{namespace}/secrets"), &body).status, 201);
}

fn configuration(plane: &ControlPlane, providers: &Value) -> PathBuf {
    let path = plane.folder().join("encryption.json");
    let config = json!({
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "EncryptionConfiguration",
        "resources": [{ "resources": ["secrets"], "providers": providers }],
    });
    fs::write(&path, config.to_string()).unwrap();
    path
}

#[test]
fn verdicts_follow_what_is_stored() {
    let Some(mut plane) = ControlPlane::start(&[]) else { return };
    let namespace = plane.namespace("at-rest").name().to_owned();
    secret(&plane, &namespace, "old");
    let etcd = plane.etcd_url().to_owned();

    // Nothing configured: metrics know nothing of it, and what is stored is plaintext.
    let (rungs, report, code) = verdict(&plane, &["--etcd", &etcd]);
    assert_eq!((said(&rungs, "stored-bytes").as_str(), code), ("plaintext", 1), "{report}");
    let plain = report["findings"].as_array().unwrap().iter().find(|finding| finding["rule"] == "stored-plaintext");
    assert_eq!(plain.unwrap()["severity"], "critical");

    // Just enabled: what is new is encrypted, the rest is not.
    let key = json!([{ "secretbox": { "keys": [{ "name": "key1", "secret": STANDARD.encode([7; 32]) }] } }, { "identity": {} }]);
    let file = configuration(&plane, &key);
    let name = file.display().to_string();
    plane.restart(&[
        &format!("--encryption-provider-config={name}"),
        "--encryption-provider-config-automatic-reload=true",
    ]);
    secret(&plane, &namespace, "new");
    let (rungs, report, code) = verdict(&plane, &["--etcd", &etcd, "--config", &name]);
    assert_eq!(said(&rungs, "configuration"), "encrypted", "{report}");
    assert_eq!(said(&rungs, "stored-bytes"), "partly", "{report}");
    assert_eq!(code, 1);

    // Written to try it, counted, and gone again.
    let (rungs, report, _) = verdict(&plane, &["--probe", &namespace]);
    assert!(report.to_string().contains("encrypted a Secret that was written to try it"), "{report}");
    assert!(["encrypted", "partly"].contains(&said(&rungs, "metrics").as_str()), "{report}");
    assert!(!plane.admin().get("/api/v1/secrets").body.to_string().contains("ksecrets-probe"));

    // Everything rewritten.
    for item in plane.admin().get("/api/v1/secrets").body["items"].as_array().unwrap() {
        let metadata = |field: &str| item["metadata"][field].as_str().unwrap();
        let path = format!("/api/v1/namespaces/{}/secrets/{}", metadata("namespace"), metadata("name"));
        assert_eq!(plane.admin().put(&path, item).status, 200);
    }
    let (rungs, report, _) = verdict(&plane, &["--etcd", &etcd, "--config", &name]);
    assert_eq!(said(&rungs, "stored-bytes"), "encrypted", "{report}");
    assert!(said(&rungs, "metrics") != "unknown", "{report}");
    assert_eq!(report["atRest"][0]["rung"], "stored-bytes");
    // ConfigMaps are plaintext, and told as information.
    let wrong = |one: &&Value| {
        one["rule"] == "encryption-drift" || one["rule"] == "stored-plaintext" && one["severity"] != "info"
    };
    assert_eq!(report["findings"].as_array().unwrap().iter().filter(wrong).count(), 0, "{report}");

    // A file that the API server has not read is drift.
    let other = plane.folder().join("other.json");
    fs::write(&other, fs::read_to_string(&file).unwrap() + "\n").unwrap();
    let (_, report, _) = verdict(&plane, &["--config", &other.display().to_string()]);
    assert!(report["findings"].as_array().unwrap().iter().any(|one| one["rule"] == "encryption-drift"), "{report}");
}

/// A KMS that has another key by now: nothing was written since, so that what is stored looks as if all of it were under
/// the present key. The API server's metrics know better.
#[test]
fn keys_that_a_kms_has_left_are_stale() {
    let Some(mut plane) = ControlPlane::start(&[]) else { return };
    let namespace = plane.namespace("at-rest").name().to_owned();
    let Some(socket) = plane.kms("kek-1") else { return };
    let plugin = json!({ "apiVersion": "v2", "name": "cloud", "endpoint": format!("unix://{}", socket.display()) });
    let file = configuration(&plane, &json!([{ "kms": plugin }, { "identity": {} }]));
    let flag = format!("--encryption-provider-config={}", file.display());
    plane.restart(&[&flag]);
    secret(&plane, &namespace, "one");
    let etcd = plane.etcd_url().to_owned();
    let stale = |plane: &ControlPlane, more: &[&str]| {
        let (_, report, _) = verdict(plane, more);
        let findings = report["findings"].as_array().unwrap().iter();
        let stale = findings.filter(|finding| finding["rule"] == "stored-stale-key");
        stale.map(|finding| finding["message"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(stale(&plane, &["--etcd", &etcd]), "");
    assert_eq!(stale(&plane, &[]), "");

    plane.kms("kek-2");
    plane.restart(&[&flag]);
    let both = stale(&plane, &["--etcd", &etcd]);
    assert!(both.starts_with("under kms v2 cloud, key kek-1, and "), "{both}");
    assert!(both.ends_with(&format!("has another key: {namespace}/one")), "{both}");
    let counted = stale(&plane, &[]);
    assert!(counted.contains("read values under an old key of the KMS plugin cloud"), "{counted}");

    let path = format!("/api/v1/namespaces/{namespace}/secrets/one");
    let object = plane.admin().get(&path).body;
    assert_eq!(plane.admin().put(&path, &object).status, 200);
    assert_eq!(stale(&plane, &["--etcd", &etcd]), "");
}

/// A value that no object's key leads to, and that the API server lists all the same.
#[test]
fn what_lies_below_secrets_is_a_secret() {
    let Some(mut plane) = ControlPlane::start(&[]) else { return };
    let key = json!([{ "secretbox": { "keys": [{ "name": "key1", "secret": STANDARD.encode(GOOD) }] } }]);
    let file = configuration(&plane, &key);
    plane.restart(&[&format!("--encryption-provider-config={}", file.display())]);
    let namespace = plane.namespace("at-rest").name().to_owned();
    secret(&plane, &namespace, "one");
    let odd = format!("/registry/secrets/{namespace}/one/more");
    let value = format!(
        "{{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{{\"name\":\"more\"}},\"data\":{{\"a\":\"{}\"}}}}",
        STANDARD.encode(MARK)
    );
    plane.etcd("/v3/kv/put", &json!({ "key": STANDARD.encode(&odd), "value": STANDARD.encode(value) }));
    let etcd = plane.etcd_url().to_owned();
    let (rungs, report, code) = verdict(&plane, &["--etcd", &etcd]);
    assert_eq!((said(&rungs, "stored-bytes").as_str(), code), ("partly", 1), "{report}");
    let plain = report["findings"].as_array().unwrap().iter().find(|one| one["rule"] == "stored-plaintext");
    assert_eq!(plain.unwrap()["message"], format!("plaintext in etcd: {odd}"), "{report}");
    assert!(report["skipped"].to_string().contains(&odd), "{report}");
}

/// Whatever is encrypted now leaves plaintext behind, and not Secrets alone.
#[test]
fn everything_that_is_encrypted_leaves_something_behind() {
    let Some(mut plane) = ControlPlane::start(&[]) else { return };
    let namespace = plane.namespace("at-rest").name().to_owned();
    let body = json!({ "metadata": { "name": "settings" }, "data": { "a": MARK } });
    let path = format!("/api/v1/namespaces/{namespace}/configmaps");
    assert_eq!(plane.admin().post(&path, &body).status, 201);
    let path = format!("{path}/settings");
    let key =
        json!([{ "secretbox": { "keys": [{ "name": "key1", "secret": STANDARD.encode(GOOD) }] } }, { "identity": {} }]);
    let look = |plane: &ControlPlane, file: &PathBuf| {
        thread::sleep(Duration::from_millis(300)); // etcd commits ten times a second
        let database = plane.folder().join("etcd/member/snap/db").display().to_string();
        let arguments = ["seal", "at-rest", "--snapshot", &database, "--residue", "--format", "json", "--config"];
        let report = ksecrets().args(arguments).args([file.to_str().unwrap()]).run().json();
        let left = report["findings"].as_array().unwrap().iter().filter(|one| one["rule"] == "stored-residue");
        let left =
            left.map(|one| format!("{} {}", one["severity"].as_str().unwrap(), one["message"].as_str().unwrap()));
        left.filter(|one| one.contains("configmaps")).collect::<Vec<_>>().join("\n")
    };
    let rewrite = |plane: &ControlPlane| {
        let object = plane.admin().get(&path).body;
        assert_eq!(plane.admin().put(&path, &object).status, 200);
    };
    let file = configuration(&plane, &key);
    plane.restart(&[&format!("--encryption-provider-config={}", file.display())]);
    rewrite(&plane);
    assert_eq!(look(&plane, &file), "", "only Secrets are encrypted");

    let text = fs::read_to_string(&file).unwrap().replace("[\"secrets\"]", "[\"secrets\", \"configmaps\"]");
    fs::write(&file, text).unwrap();
    plane.restart(&[&format!("--encryption-provider-config={}", file.display())]);
    rewrite(&plane);
    let left = look(&plane, &file);
    assert!(left.contains("low plaintext of what is encrypted now in old revisions: "), "{left}");
    assert!(left.contains("low plaintext of what is encrypted now in the write-ahead log: "), "{left}");
    assert!(left.contains(&format!("{namespace}/settings")), "{left}");
}

/// An API server whose configuration is an object of its cluster: what that says is compared with what is stored, as a file
/// that is given is.
#[test]
fn a_configuration_in_the_cluster_is_compared() {
    let Some(mut plane) = ControlPlane::start(&[]) else { return };
    let namespace = plane.namespace("at-rest").name().to_owned();
    let key = |name: &str| json!([{ "secretbox": { "keys": [{ "name": name, "secret": STANDARD.encode(GOOD) }] } }, { "identity": {} }]);
    let file = configuration(&plane, &key("key1"));
    let flag = format!("--encryption-provider-config={}", file.display());
    plane.restart(&[&flag]);
    secret(&plane, &namespace, "one");
    let (text, etcd) = (fs::read_to_string(&file).unwrap(), plane.etcd_url().to_owned());
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": "kube-apiserver-a", "namespace": "kube-system", "labels": { "component": "kube-apiserver" } },
        "spec": {
            "containers": [{
                "name": "a", "image": "a",
                "command": ["kube-apiserver", "--encryption-provider-config=/enc/enc.json"],
                "volumeMounts": [{ "name": "enc", "mountPath": "/enc" }],
            }],
            "volumes": [{ "name": "enc", "secret": { "secretName": "enc" } }],
        },
    });
    let member = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": "etcd-a", "namespace": "kube-system", "labels": { "component": "etcd" } },
        "spec": { "containers": [{
            "name": "a", "image": "a", "command": ["etcd", "--listen-client-urls=http://0.0.0.0:2379"],
        }] },
    });
    let put = |plane: &ControlPlane, text: &str| {
        let account = json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "default", "namespace": "kube-system" } });
        let object = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": { "name": "enc", "namespace": "kube-system" }, "stringData": { "enc.json": text },
        });
        let all = [account, object, pod.clone(), member.clone()].map(|object| object.to_string()).join("\n---\n");
        plane.namespace("objects").apply(&all);
    };
    let place = "kube-system/secrets/enc/enc.json";
    put(&plane, &text);
    let (rungs, report, _) = verdict(&plane, &["--etcd", &etcd]);
    assert_eq!(said(&rungs, "configuration"), "encrypted", "{report}");
    assert!(!report["findings"].to_string().contains("encryption-drift"), "{report}");
    // And etcd says whom it listens for.
    assert!(report["findings"].to_string().contains("etcd listens for clients on http://0.0.0.0:2379"), "{report}");

    put(&plane, &text.replace("key1", "key2"));
    let (rungs, report, _) = verdict(&plane, &["--etcd", &etcd]);
    let lost = format!("under secretbox key1, which {place} does not read: ");
    let findings = report["findings"].as_array().unwrap();
    assert!(findings.iter().any(|one| one["message"].as_str().unwrap().starts_with(&lost)), "{report}");
    assert_eq!(said(&rungs, "configuration"), "unknown", "{report}");
    assert!(!report.to_string().contains(&STANDARD.encode(GOOD)));

    // Whoever may not read it says so.
    assert_eq!(plane.admin().delete("/api/v1/namespaces/kube-system/secrets/enc").status, 200);
    let (_, report, _) = verdict(&plane, &["--etcd", &etcd]);
    assert!(report["skipped"].to_string().contains(place), "{report}");
}

#[test]
fn the_policy_simulator_agrees_with_the_audit_log() {
    let policy = "\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, userGroups: ['system:nodes']}
- {level: Metadata, verbs: [get], resources: [{group: '', resources: [secrets]}]}
- {level: Request, verbs: [create, delete], resources: [{group: '', resources: [secrets, 'serviceaccounts/*']}]}
- {level: RequestResponse, resources: [{group: '', resources: ['*']}]}
";
    let folder = tempfile::tempdir().unwrap();
    let (file, log) = (folder.path().join("policy.yaml"), folder.path().join("audit.log"));
    fs::write(&file, policy).unwrap();
    let flags = [
        format!("--audit-policy-file={}", file.display()),
        format!("--audit-log-path={}", log.display()),
        "--audit-log-mode=blocking-strict".to_owned(),
    ];
    let Some(plane) = ControlPlane::start(&flags.each_ref().map(String::as_str)) else { return };
    let namespace = plane.namespace("at-rest").name().to_owned();
    let all = format!("/api/v1/namespaces/{namespace}/secrets");
    let one = format!("{all}/db");
    secret(&plane, &namespace, "db");
    let object = plane.admin().get(&one).body;
    assert_eq!(plane.admin().get(&all).status, 200);
    assert_eq!(plane.admin().put(&one, &object).status, 200);
    assert_eq!(plane.admin().patch(&one, &json!({ "stringData": { "b": MARK } })).status, 200);
    assert_eq!(plane.admin().delete(&one).status, 200);
    secret(&plane, &namespace, "db");
    assert_eq!(plane.admin().delete(&all).status, 200);
    thread::sleep(Duration::from_millis(200));

    let text = fs::read_to_string(&log).unwrap();
    let logged: BTreeSet<String> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|event| {
            event["objectRef"]["resource"] == "secrets" && event["objectRef"]["namespace"] == namespace.as_str()
        })
        .filter(|event| {
            let bodies = format!("{}{}", event["requestObject"], event["responseObject"]);
            bodies.contains(MARK) || bodies.contains(&STANDARD.encode(MARK))
        })
        .map(|event| event["verb"].as_str().unwrap().to_owned())
        .collect();
    let tree = documents(policy).next().unwrap().unwrap();
    let simulated = AuditPolicy::read(tree.root().unwrap(), 36).unwrap().logged(Topic::Secrets);
    let told: BTreeSet<String> =
        simulated.iter().flat_map(|logged| logged.verbs.iter().map(|verb| (*verb).to_owned())).collect();
    assert_eq!(told, logged);
}

/// With everything encrypted from the first write on, nothing that the API server keeps for itself is taken for plaintext;
/// and what is not rewritten under a new key keeps the old one from being left out.
#[test]
fn everything_is_compared_with_what_names_everything() {
    let secretbox = |name: &str, byte: u8| json!({ "name": name, "secret": STANDARD.encode([byte, 7, 200, 31, 5, 99, 180, 64, 250, 11, 3, 77, 129, 40, 222, 16, 91, 201, 58, 144, 9, 233, 170, 25, 86, 112, 47, 61, 190, 241, 138, 2]) });
    let file = |folder: &std::path::Path, name: &str, keys: Value| {
        let config = json!({
            "apiVersion": "apiserver.config.k8s.io/v1",
            "kind": "EncryptionConfiguration",
            "resources": [{ "resources": ["*.*"], "providers": [{ "secretbox": { "keys": keys } }] }],
        });
        let path = folder.join(name);
        fs::write(&path, config.to_string()).unwrap();
        path.display().to_string()
    };
    let folder = tempfile::tempdir().unwrap();
    let old = file(folder.path(), "old.json", json!([secretbox("old", 1)]));
    let Some(mut plane) = ControlPlane::start(&[&format!("--encryption-provider-config={old}")]) else { return };
    let namespace = plane.namespace("everything").name().to_owned();
    secret(&plane, &namespace, "db");
    let etcd = plane.etcd_url().to_owned();
    let look = |more: &[&str]| ksecrets().args(["seal", "at-rest", "--etcd", &etcd]).args(more.iter().copied()).run();
    let fine = look(&["--config", &old, "--fail-on", "low"]);
    assert_eq!(fine.status, Some(0), "{fine}");

    let both = file(folder.path(), "both.json", json!([secretbox("new", 2), secretbox("old", 1)]));
    plane.restart(&[&format!("--encryption-provider-config={both}")]);
    secret(&plane, &namespace, "late");
    let left = look(&["--config", &both, "--require", "stored-bytes"]);
    assert!(left.stdout.contains("Resource clusterroles.rbac.authorization.k8s.io"), "{left}");
    assert_eq!(left.status, Some(1), "{left}");
    let finish = ["--config", &both, "--fix-config", "new.yaml", "--finish"];
    let refused = look(&finish);
    assert!(refused.stderr.contains("not everything was rewritten"), "{refused}");
}
