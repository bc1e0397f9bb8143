//! From one end to the other: real API servers, and what their etcd holds.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use ksecrets::atrest::encryption::{Config, GroupResource, Server};
use tempfile::TempDir;

use super::oracle::Oracle;
use crate::control_plane::ControlPlane;

const OBJECTS: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: pandas.awesome.bears.example}
spec:
  group: awesome.bears.example
  scope: Namespaced
  names: {plural: pandas, singular: panda, kind: Panda}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
---
apiVersion: v1
kind: Secret
metadata: {name: db}
stringData: {greeting: hello plane}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: db}
data: {greeting: hello plane}
---
apiVersion: awesome.bears.example/v1
kind: Panda
metadata: {name: db}
spec: {greeting: hello plane}
";

fn text(entries: &[(&str, String)]) -> String {
    let entries = entries
        .iter()
        .map(|(resources, providers)| format!("- {{resources: [{resources}], providers: [{providers}]}}\n"));
    format!(
        "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n{}",
        entries.collect::<String>()
    )
}

/// A cipher with a key of the tests.
fn local(cipher: &str) -> String {
    format!("{{{cipher}: {{keys: [{{name: key1, secret: 7Zm34Nnu/J7f7l842x7u68C6pFaoDp8b9/8kc+qrSbE=}}]}}}}")
}

fn configurations(socket: &Path) -> Vec<String> {
    let kms = format!("{{kms: {{apiVersion: v2, name: plugin, endpoint: 'unix://{}'}}}}", socket.display());
    let identity = || "{identity: {}}".to_owned();
    vec![
        text(&[("secrets", identity() + ", " + &local("aescbc"))]),
        text(&[("secrets, pandas.awesome.bears.example", local("aescbc"))]),
        text(&[("configmaps", identity()), ("'*.'", local("aesgcm"))]),
        text(&[
            ("'*.awesome.bears.example'", local("secretbox")),
            ("secrets", local("secretbox") + ", " + &identity()),
        ]),
        text(&[("secrets", identity()), ("configmaps", local("aescbc")), ("secrets", local("aescbc"))]),
        text(&[("secrets", kms), ("'*.*'", local("secretbox"))]),
    ]
}

#[test]
fn etcd_holds_what_was_said() {
    let Some(oracle) = Oracle::start() else { return };
    let folder = TempDir::new().unwrap();
    for text in configurations(oracle.socket()) {
        let file = folder.path().join("encryption.yaml");
        fs::write(&file, &text).unwrap();
        let flag = format!("--encryption-provider-config={}", file.display());
        let Some(plane) = ControlPlane::start(&[&flag]) else { return };
        let namespace = plane.namespace("encryption");
        namespace.apply(OBJECTS);
        let tree = Config::document(&text).unwrap();
        let config = Config::read(tree.root().unwrap(), &Server::default());
        for (resource, folder) in [
            ("secrets", "secrets"),
            ("configmaps", "configmaps"),
            ("pandas.awesome.bears.example", "awesome.bears.example/pandas"),
        ] {
            let stored = plane.stored(&format!("/registry/{folder}/{}/db", namespace.name())).unwrap();
            let storage = config.storage(&GroupResource::parse(resource)).unwrap();
            assert!(stored.starts_with(storage.prefix().as_bytes()), "{resource} of\n{text}");
            let readable = stored.windows(11).any(|part| part == b"hello plane");
            assert_eq!(readable, !storage.is_encrypted(), "{resource} of\n{text}");
        }
    }
}

#[test]
fn a_server_does_not_start_with_what_is_refused() {
    let text = text(&[("secrets", "{identity: }".to_owned())]);
    let tree = Config::document(&text).unwrap();
    assert!(!Config::read(tree.root().unwrap(), &Server::default()).loads());
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("encryption.yaml");
    fs::write(&file, &text).unwrap();
    let flag = format!("--encryption-provider-config={}", file.display());
    let Err(panicked) = catch_unwind(AssertUnwindSafe(|| ControlPlane::start(&[&flag]).is_some())) else { return };
    let message = panicked.downcast_ref::<String>().map_or("", String::as_str);
    assert!(message.contains("kube-apiserver ended"), "{message}");
    assert!(message.contains("does not contain any of the expected providers"), "{message}");
}
