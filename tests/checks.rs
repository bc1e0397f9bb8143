//! Every check over its fixtures from one end to the other: a check runs where its words stand, so the words must be
//! in whatever it sees.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use ksecrets::hunt::{Hunter, Options};
use ksecrets::model::Finding;
use ksecrets::pattern::Set;
use ksecrets::source::{Blob, Live, Sink, Window};
use serde_json::json;

/// A configuration that leaves Secrets as they are: one problem, of the rule `encryption-identity-first`.
const PLAINTEXT: &str = "\
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers:
  - identity: {}
";

/// The lines that a fixture expects something on.
fn expected(text: &str) -> Vec<u32> {
    let lines = (1..).zip(text.lines()).filter_map(|(number, line)| {
        let (before, _) = line.split_once("# expect: ")?;
        Some(if before.trim().is_empty() { number + 1 } else { number })
    });
    lines.collect()
}

/// What a hunt finds in a file.
fn found(path: &str, text: &str) -> Vec<Finding> {
    let hunter = Hunter::new(Set::default(), Options { honour_ignores: true, ..Options::default() });
    let mut worker = hunter.worker();
    worker.blob(Blob { path, text, window: Window::default(), bytes: text.len() as u64 });
    hunter.report(vec![worker]).findings
}

/// What a hunt finds in objects of a cluster.
fn found_live(objects: &[serde_json::Value]) -> Vec<Finding> {
    let hunter = Hunter::new(Set::default(), Options::default());
    let mut worker = hunter.worker();
    for object in objects {
        worker.object(Live { title: "an object", resource: "objects", text: &object.to_string() });
    }
    hunter.report(vec![worker]).findings
}

/// Place and rule of what is said of configurations: `6 ConfigMap kube-system/enc data.x: encryption-identity-first`.
fn told(findings: &[Finding]) -> Vec<String> {
    let about = findings.iter().filter(|finding| finding.id().as_str().starts_with("encryption-"));
    let about = about.filter(|finding| finding.secret.is_none());
    about
        .map(|finding| {
            let mut place = String::new();
            if let Some(region) = finding.location.region {
                write!(place, "{}:{} ", region.line, region.column).unwrap();
            }
            if let Some(object) = &finding.location.object {
                write!(place, "{} {}", object.title(), object.field).unwrap();
            }
            format!("{place}: {}", finding.id())
        })
        .collect()
}

fn indented(text: &str, by: usize) -> String {
    text.lines().map(|line| format!("{:by$}{line}\n", "")).collect()
}

fn zipped(text: &str) -> String {
    let mut writer = GzEncoder::new(Vec::new(), Compression::default());
    writer.write_all(text.as_bytes()).unwrap();
    STANDARD.encode(writer.finish().unwrap())
}

fn configmap(config: &str) -> String {
    let head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: enc, namespace: kube-system}\ndata:\n";
    format!("{head}  enc.yaml: |\n{}", indented(config, 4))
}

/// The lines of each rule that a hunt reports for a text.
fn reported(text: &str) -> BTreeMap<String, Vec<u32>> {
    let mut lines = BTreeMap::<String, Vec<u32>>::new();
    for finding in found("deploy.yaml", text) {
        let line = finding.location.region.map_or(0, |region| region.line);
        lines.entry(finding.id().to_string()).or_default().push(line);
    }
    lines
}

#[test]
fn fixtures_are_seen_by_a_hunt() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/checks");
    for folder in fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()) {
        let id = folder.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(folder.join("bad.yaml")).unwrap();
        let mut seen = reported(&text).remove(&id).unwrap_or_default();
        seen.sort_unstable();
        assert_eq!(seen, expected(&text), "{id}");
    }
}

#[test]
fn each_document_of_a_fixture_is_seen_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/checks");
    for folder in fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()) {
        let id = folder.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(folder.join("bad.yaml")).unwrap();
        for document in text.split("\n---\n").filter(|document| document.contains("# expect: ")) {
            let seen = reported(document).remove(&id).unwrap_or_default();
            assert_eq!(seen.len(), expected(document).len(), "{id} in\n{document}");
        }
    }
}

#[test]
fn configurations_are_seen_in_a_configmap() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/checks");
    let folders = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    for folder in folders.filter(|folder| folder.file_name().unwrap().to_string_lossy().starts_with("encryption-")) {
        let id = folder.file_name().unwrap().to_string_lossy().into_owned();
        let bad = configmap(&fs::read_to_string(folder.join("bad.yaml")).unwrap());
        let mut seen = reported(&bad).remove(&id).unwrap_or_default();
        seen.sort_unstable();
        assert_eq!(seen, expected(&bad), "{id}");
        let good = configmap(&fs::read_to_string(folder.join("good.yaml")).unwrap());
        assert_eq!(reported(&good).get(&id), None, "{id}");
    }
}

#[test]
fn the_string_around_a_configuration_is_its_place() {
    let text = configmap(PLAINTEXT);
    assert_eq!(
        told(&found("enc.yaml", &text)),
        ["11:9 ConfigMap kube-system/enc data[\"enc.yaml\"]: encryption-identity-first"]
    );
    let files = format!("files:\n    - path: /etc/enc.yaml\n      content: |\n{}", indented(PLAINTEXT, 8));
    let head = "kind: KubeadmControlPlane\nmetadata: {name: cp}\nspec:\n  kubeadmConfigSpec:\n    ";
    let text = format!("apiVersion: controlplane.cluster.x-k8s.io/v1beta1\n{head}{files}");
    assert_eq!(
        told(&found("cp.yaml", &text)),
        ["14:13 KubeadmControlPlane cp spec.kubeadmConfigSpec.files[0].content: encryption-identity-first"]
    );
    let escaped =
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: enc}}\ndata: {}", json!({"x": PLAINTEXT}));
    assert_eq!(told(&found("enc.yaml", &escaped)), ["4:13 ConfigMap enc data.x: encryption-identity-first"]);
}

#[test]
fn configurations_are_seen_in_cloud_init() {
    let file = |content: &str| format!("#cloud-config\nwrite_files:\n- path: /etc/enc.yaml\n{content}");
    let open = file(&format!("  content: |\n{}", indented(PLAINTEXT, 4)));
    let encoded = file(&format!("  encoding: b64\n  content: {}\n", STANDARD.encode(PLAINTEXT)));
    let packed = file(&format!("  encoding: gz+b64\n  content: {}\n", zipped(PLAINTEXT)));
    for (path, text, place) in [
        ("user-data", &open, "10:9"),
        ("user-data.yaml", &open, "10:9"),
        ("user-data.yaml", &encoded, "5:12"),
        ("user-data.yaml", &packed, "5:12"),
        ("user-data", &encoded, "5:12"),
    ] {
        let seen = told(&found(path, text));
        let own = "EncryptionConfiguration (unnamed) resources[0].providers[0].identity";
        assert_eq!(seen, [format!("{place} {own}: encryption-identity-first")], "{path}\n{text}");
    }
    let head = "apiVersion: v1\nkind: Secret\nmetadata: {name: machine}\n";
    let place = "Secret machine stringData.userData: encryption-identity-first";
    for (text, line) in [(&open, "15:13"), (&encoded, "10:16"), (&packed, "10:16")] {
        let text = format!("{head}stringData:\n  userData: |\n{}", indented(text, 4));
        assert_eq!(told(&found("machine.yaml", &text)), [format!("{line} {place}")], "{text}");
    }
    let place = "5:13 Secret machine data.userData: encryption-identity-first";
    for text in [&open, &encoded, &packed] {
        let text = format!("{head}data:\n  userData: {}\n", STANDARD.encode(text));
        assert_eq!(told(&found("machine.yaml", &text)), [place], "{text}");
    }
}

#[test]
fn configurations_are_seen_in_here_documents() {
    let script = |open: &str, body: &str, close: &str| {
        format!("#!/bin/sh\nset -e\n{open}\n{body}{close}\nsystemctl restart kubelet\n")
    };
    let own = "EncryptionConfiguration (unnamed) resources[0].providers[0].identity: encryption-identity-first";
    let tabs: String = PLAINTEXT.lines().map(|line| format!("\t\t{line}\n")).collect();
    let document = format!("---\n{PLAINTEXT}");
    for (text, place) in [
        (script("cat <<EOF > /etc/kubernetes/enc.yaml", PLAINTEXT, "EOF"), "9:5"),
        (script("cat > /etc/kubernetes/enc.yaml << 'EOF'", PLAINTEXT, "EOF"), "9:5"),
        (script("sudo tee /etc/kubernetes/enc.yaml <<\"EOF\" >/dev/null", PLAINTEXT, "EOF"), "9:5"),
        (script("cat <<-END_OF_IT >enc.yaml", &tabs, "\tEND_OF_IT"), "9:7"),
        (script("cat <<EOF >enc.yaml", &document, "EOF"), "10:5"),
        (script("cat <<A >a <<EOF >enc.yaml\na\nA", PLAINTEXT, "EOF"), "11:5"),
    ] {
        assert_eq!(told(&found("setup.sh", &text)), [format!("{place} {own}")], "{text}");
    }
    // The same in a script that a machine runs when it starts.
    let text = script("cat <<EOF > /etc/kubernetes/enc.yaml", PLAINTEXT, "EOF");
    let files = format!("#cloud-config\nwrite_files:\n- path: /setup.sh\n  content: |\n{}", indented(&text, 4));
    let commands = format!("#cloud-config\nruncmd:\n- |\n{}", indented(&text, 4));
    assert_eq!(told(&found("user-data.yaml", &files)), [format!("13:9 {own}")]);
    assert_eq!(told(&found("user-data.yaml", &commands)), [format!("12:9 {own}")]);
    // One that is only shown.
    assert_eq!(told(&found("README.md", &format!("```sh\n{text}```\n"))), [""; 0]);
}

#[test]
fn a_key_in_a_here_document_is_one_of_a_configuration() {
    let key = STANDARD
        .encode([7, 1, 8, 2, 8, 1, 8, 2, 8, 4, 5, 9, 0, 4, 5, 2, 3, 5, 3, 6, 0, 2, 8, 7, 4, 7, 1, 3, 5, 2, 6, 6]);
    let keys = format!("- secretbox: {{keys: [{{name: a, secret: {key}}}]}}\n  - identity: {{}}");
    let config = PLAINTEXT.replace("- identity: {}", &keys);
    let text = format!("#!/bin/sh\ncat <<EOF > /etc/enc.yaml\n{config}EOF\n");
    let findings = found("setup.sh", &text);
    let keys: Vec<&str> =
        findings.iter().filter(|one| one.secret.is_some()).map(|finding| finding.id().as_str()).collect();
    assert_eq!(keys, ["encryption-config-key"]);
}

#[test]
fn configurations_in_strings_are_seen_in_a_cluster() {
    let head = |kind: &str| json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "enc", "namespace": "ns"}});
    let mut applied = head("ConfigMap");
    applied["data"] = json!({"x": PLAINTEXT});
    let mut object = applied.clone();
    object["metadata"]["annotations"] =
        json!({"kubectl.kubernetes.io/last-applied-configuration": applied.to_string()});
    assert_eq!(told(&found_live(&[object])), ["ConfigMap ns/enc data.x: encryption-identity-first"]);

    let cloud_init = format!("#cloud-config\nwrite_files:\n- content: |\n{}", indented(PLAINTEXT, 4));
    for content in [STANDARD.encode(PLAINTEXT), STANDARD.encode(&cloud_init), zipped(&cloud_init)] {
        let mut secret = head("Secret");
        secret["data"] = json!({"value": content});
        let findings = found_live(&[secret]);
        assert_eq!(told(&findings), ["Secret ns/enc data.value: encryption-identity-first"]);
        assert_eq!(findings.len(), 1);
    }
}

#[test]
fn a_key_of_a_live_secret_is_at_home() {
    let key = STANDARD
        .encode([7, 1, 8, 2, 8, 1, 8, 2, 8, 4, 5, 9, 0, 4, 5, 2, 3, 5, 3, 6, 0, 2, 8, 7, 4, 7, 1, 3, 5, 2, 6, 6]);
    let keys = format!("- secretbox: {{keys: [{{name: a, secret: {key}}}]}}\n  - identity: {{}}");
    let config = PLAINTEXT.replace("- identity: {}", &keys);
    let metadata = json!({"name": "enc", "namespace": "ns"});
    let data = json!({"enc.yaml": STANDARD.encode(&config)});
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data});
    assert!(found_live(&[secret]).iter().all(|finding| finding.secret.is_none()));
}

#[test]
fn what_made_an_object_tells_of_its_configuration() {
    let files = json!([{"path": "/etc/enc.yaml", "content": PLAINTEXT}]);
    let maker = json!({
        "apiVersion": "controlplane.cluster.x-k8s.io/v1beta1",
        "kind": "KubeadmControlPlane",
        "metadata": {"name": "cp", "namespace": "ns"},
        "spec": {"kubeadmConfigSpec": {"files": files}},
    });
    let owner = json!({"apiVersion": "x/v1", "kind": "KubeadmControlPlane", "name": "cp", "controller": true});
    let made = json!({
        "apiVersion": "bootstrap.cluster.x-k8s.io/v1beta1",
        "kind": "KubeadmConfig",
        "metadata": {"name": "cp-1", "namespace": "ns", "ownerReferences": [owner]},
        "spec": {"files": files},
    });
    let findings = found_live(&[maker, made]);
    assert_eq!(
        told(&findings),
        ["KubeadmControlPlane ns/cp spec.kubeadmConfigSpec.files[0].content: encryption-identity-first"]
    );
    assert_eq!(findings[0].notes, ["also in what it made: KubeadmConfig ns/cp-1"]);
}

#[test]
fn configurations_that_nobody_runs_are_no_matter() {
    let commented: String = PLAINTEXT.lines().map(|line| format!("# {line}\n")).collect();
    let applied = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"x": PLAINTEXT}}).to_string();
    let applied = json!({"kubectl.kubernetes.io/last-applied-configuration": applied});
    let metadata = json!({"name": "enc", "annotations": applied});
    let dumped = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}).to_string();
    for text in [format!("apiVersion: v1\nkind: ConfigMap\n{commented}"), dumped] {
        assert_eq!(told(&found("enc.yaml", &text)), [""; 0], "{text}");
    }
}

#[test]
fn what_is_said_of_a_configuration_in_a_string_can_be_silenced() {
    let text = configmap(PLAINTEXT);
    for text in [
        text.replace("namespace: kube-system", "annotations: {ksecrets.dev/ignore: encryption-identity-first}"),
        text.replace("identity: {}", "identity: {}  # ksecrets:ignore"),
        text.replace("enc.yaml: |", "enc.yaml: |  # ksecrets:ignore[encryption-identity-first]"),
    ] {
        assert_eq!(told(&found("enc.yaml", &text)), [""; 0], "{text}");
    }
}

#[test]
fn a_file_that_a_generator_names_is_told_of_once() {
    let hunter = Hunter::new(Set::default(), Options::default());
    let mut worker = hunter.worker();
    let mut read = |path, text: &str| {
        worker.blob(Blob { path, text, window: Window::default(), bytes: text.len() as u64 });
    };
    read("kustomization.yaml", "kind: Kustomization\nconfigMapGenerator:\n- {name: enc, files: [enc.yaml]}\n");
    read("enc.yaml", PLAINTEXT);
    let mut second = hunter.generator_worker(worker.generator_files());
    second.blob(Blob { path: "enc.yaml", text: PLAINTEXT, window: Window::default(), bytes: 1 });
    assert_eq!(told(&hunter.report(vec![worker, second]).findings).len(), 1);
}

#[test]
fn excerpts_show_no_key_and_nothing_encoded() {
    let config = PLAINTEXT.replace("identity: {}", "aescbc: {keys: [{name: a, secret: c2hvcnRrZXk=}]}");
    let encoded = format!("apiVersion: v1\nkind: ConfigMap\nbinaryData:\n  x: {}\n", STANDARD.encode(&config));
    let short = STANDARD.encode("shortkey");
    for (text, hidden) in [(configmap(&config), &short[..6]), (encoded, &STANDARD.encode(&config)[..6])] {
        let findings = found("enc.yaml", &text);
        let invalid = findings.iter().find(|finding| finding.id().as_str() == "encryption-invalid").unwrap();
        assert!(!invalid.excerpt.as_ref().unwrap().text.contains(hidden), "{text}");
    }
}
