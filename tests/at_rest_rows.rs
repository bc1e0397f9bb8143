//! The misconfigurations that are worth a check, one row each: the finding and its severity, or why there is another.

use ksecrets::atrest::encryption::{GroupResource, Server};
use ksecrets::atrest::stored::{Age, Census, Evidence, Origin, Residue, Stored};
use ksecrets::atrest::{Access, Inquiry};
use ksecrets::model::Encrypted;

const HEAD: &str = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n";
const GOOD: &str = "7Zm34Nnu/J7f7l842x7u68C6pFaoDp8b9/8kc+qrSbE=";

/// Findings as `severity rule`, sorted, each once.
fn told(look: impl FnOnce(&mut Inquiry)) -> Vec<String> {
    let mut inquiry = Inquiry::new(vec![GroupResource::secrets()], None);
    look(&mut inquiry);
    let mut lines: Vec<String> =
        inquiry.end().findings.iter().map(|finding| format!("{} {}", finding.severity, finding.id())).collect();
    lines.sort_unstable();
    lines.dedup();
    lines
}

/// A configuration of entries: resources and providers.
fn config(entries: &[(&str, &str)]) -> Vec<String> {
    let entries = entries
        .iter()
        .map(|(resources, providers)| format!("- {{resources: [{resources}], providers: [{providers}]}}\n"));
    let text = HEAD.to_owned() + &entries.collect::<String>();
    told(|inquiry| inquiry.configuration("enc.yaml", &text, &Server { kms_v1: true, ..Server::default() }).unwrap())
}

fn secrets(providers: &str) -> Vec<String> {
    config(&[("secrets", providers)])
}

fn local(cipher: &str, secret: &str) -> String {
    format!("{{{cipher}: {{keys: [{{name: {cipher}, secret: {secret}}}]}}}}")
}

fn flags(flags: &[&str]) -> Vec<String> {
    let lines: String = flags.iter().map(|flag| format!("    - {flag}\n")).collect();
    let pod = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: kube-apiserver}}\nspec:\n  containers:\n  - image: x\n    command:\n    - kube-apiserver\n    - --audit-policy-file=/a\n    - --audit-log-path=-\n{lines}"
    );
    told(|inquiry| inquiry.flags("pod.yaml", &pod).unwrap())
}

fn etcd(flags: &[&str]) -> Vec<String> {
    told(|inquiry| inquiry.etcd_flags("etcd.yaml", &etcd_pod(flags)).unwrap())
}

fn etcd_pod(flags: &[&str]) -> String {
    let lines: String = flags.iter().map(|flag| format!("    - {flag}\n")).collect();
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: etcd}}\nspec:\n  containers:\n  - image: x\n    command:\n    - etcd\n{lines}"
    )
}

fn metrics(lines: &[&str]) -> Vec<String> {
    told(|inquiry| inquiry.metrics("one", &(lines.join("\n") + "\n")).unwrap())
}

fn operation(direction: &str, prefix: &str) -> String {
    format!(
        "apiserver_storage_transformation_operations_total{{resource=\"secrets\",status=\"OK\",transformation_type=\"{direction}\",transformer_prefix=\"{prefix}\"}} 3"
    )
}

/// Values by key, the last written last; those of before are marked.
fn stored(values: &[(&str, &[u8], Age)]) -> Vec<String> {
    let mut census = Census::default();
    for (revision, (key, value, age)) in values.iter().enumerate() {
        census.take(Stored { key: key.as_bytes(), value, revision: revision as u64, age: *age });
    }
    census.sort();
    let residue = Some(Residue::default());
    let evidence =
        Evidence { origin: Origin::Etcd, revision: 9, census, unseen: Vec::new(), residue, unsettled: false };
    told(|inquiry| inquiry.stored("db", &evidence))
}

fn nodes(digests: [&str; 2]) -> Vec<String> {
    let node = |digest: &str| {
        format!(
            "{{\"metadata\":{{\"name\":\"n{digest}\",\"annotations\":{{\"k3s.io/encryption-config-hash\":\"start-{digest}\"}}}}}}"
        )
    };
    let list = digests.map(node).join(",");
    told(|inquiry| inquiry.nodes(&format!("{{\"kind\":\"NodeList\",\"apiVersion\":\"v1\",\"items\":[{list}]}}")))
}

fn rows() -> Vec<(&'static str, Vec<String>, &'static str)> {
    let good = local("secretbox", GOOD);
    let sealed: &[u8] = b"k8s:enc:secretbox:v1:b:x";
    let key = "/registry/secrets/prod/db";
    let text = format!("{HEAD}- {{resources: [secrets], providers: [{good}]}}\n");
    let tls = ["--encryption-provider-config=/e", "--etcd-servers=https://10.0.0.1:2379", "--etcd-cafile=/c"];
    let certificate = ["--etcd-certfile=/c", "--etcd-keyfile=/k"];
    vec![
        ("enc-none", flags(&[]), "high encryption-not-configured"),
        ("enc-secrets-uncovered", config(&[("configmaps", &good)]), "high encryption-secrets-uncovered"),
        ("enc-identity-first", secrets(&format!("{{identity: {{}}}}, {good}")), "high encryption-identity-first"),
        (
            "enc-identity-first, in another entry",
            config(&[("secrets", "{identity: {}}"), ("secrets", &good)]),
            "high encryption-identity-first",
        ),
        ("enc-invalid", config(&[("'*.*'", &good), ("secrets", &good)]), "high encryption-invalid"),
        ("enc-plaintext-stored", stored(&[(key, b"k8s\0x", Age::Current)]), "critical stored-plaintext"),
        (
            "enc-metrics-identity, written",
            metrics(&[&operation("to_storage", "")]),
            "high encryption-plaintext-written",
        ),
        // Reads may be of objects that were never rewritten: nobody writes plaintext any more.
        (
            "enc-metrics-identity, read",
            metrics(&[&operation("from_storage", "identity"), &operation("to_storage", "k8s:enc:secretbox:v1:b:")]),
            "medium encryption-plaintext-read",
        ),
        ("enc-ha-drift", nodes(["11", "22"]), "high encryption-drift"),
        ("enc-doc-key", secrets(&local("secretbox", &format!("{}=", "A".repeat(43)))), "critical encryption-weak-key"),
        (
            "enc-file-perm",
            told(|inquiry| inquiry.custody("/etc/kubernetes/enc.yaml", &text, 0o644, (0, 0))),
            "high encryption-file-open",
        ),
        (
            "enc-stale-key, stored",
            stored(&[
                ("/registry/secrets/prod/a", b"k8s:enc:aescbc:v1:a:x", Age::Current),
                (key, sealed, Age::Current),
            ]),
            "medium stored-stale-key",
        ),
        (
            "enc-stale-key, of a KMS",
            metrics(&[
                &operation("to_storage", "k8s:enc:kms:v2:b:"),
                "apiserver_envelope_encryption_key_id_hash_total{key_id_hash=\"sha256:1\",provider_name=\"b\",transformation_type=\"from_storage\"} 1",
                "apiserver_envelope_encryption_key_id_hash_total{key_id_hash=\"sha256:2\",provider_name=\"b\",transformation_type=\"to_storage\"} 1",
                "apiserver_envelope_encryption_key_id_hash_last_timestamp_seconds{key_id_hash=\"sha256:2\",provider_name=\"b\",transformation_type=\"to_storage\"} 9e9",
            ]),
            "medium stored-stale-key",
        ),
        // A key that is only listed harms nobody yet.
        (
            "enc-stale-key, listed",
            secrets(&format!("{good}, {}", local("aescbc", &GOOD.replace("7Zm3", "8Zm3")))),
            "low encryption-stale-key",
        ),
        ("enc-identity-fallback", secrets(&format!("{good}, {{identity: {{}}}}")), "low encryption-identity-fallback"),
        ("enc-weak, aescbc", secrets(&local("aescbc", GOOD)), "medium encryption-weak-provider"),
        ("enc-weak, aesgcm", secrets(&local("aesgcm", GOOD)), "medium encryption-weak-provider"),
        ("enc-weak, short", secrets(&local("aescbc", "QKlWNDYDDJBgvbk+r4wsfA==")), "medium encryption-short-key"),
        ("enc-weak, kms v1", secrets("{kms: {name: a, endpoint: 'unix:///x'}}"), "medium encryption-kms-v1"),
        (
            "enc-crd",
            stored(&[
                ("/registry/dex.coreos.com/signingkeies/auth/a", b"{}", Age::Current),
                (key, sealed, Age::Current),
            ]),
            "info stored-custom-credentials",
        ),
        ("enc-residue", stored(&[(key, b"k8s\0x", Age::Old), (key, sealed, Age::Current)]), "medium stored-residue"),
        (
            "enc-backup-keys",
            told(|inquiry| assert!(inquiry.beside("b/a.db", "b/enc.yaml", &text))),
            "high backup-with-keys",
        ),
        (
            "enc-backup-keys, OpenShift",
            told(|inquiry| inquiry.beside_static_resources("b/a.db", "b/static_kuberesources_1.tar.gz")),
            "high backup-with-keys",
        ),
        (
            "enc-reload-fail",
            metrics(&[
                &operation("to_storage", "k8s:enc:secretbox:v1:b:"),
                "apiserver_encryption_config_controller_automatic_reloads_total{status=\"failure\"} 1",
                "apiserver_encryption_config_controller_automatic_reload_last_timestamp_seconds{status=\"failure\"} 9",
            ]),
            "high encryption-reload-failed",
        ),
        ("etcd-*, no certificate", flags(&tls), "high etcd-no-client-certificate"),
        ("etcd-*, http", flags(&[tls[0], "--etcd-servers=http://10.0.0.1:2379"]), "high etcd-without-tls"),
        ("etcd-*, its own flags, http", etcd(&["--listen-client-urls=http://0.0.0.0:2379"]), "high etcd-without-tls"),
        ("etcd-*, its own flags, peers", etcd(&["--listen-peer-urls=http://10.0.0.1:2380"]), "high etcd-without-tls"),
        (
            "etcd-*, its own flags, no certificate",
            etcd(&["--listen-client-urls=https://10.0.0.1:2379", "--auto-tls"]),
            "high etcd-no-client-certificate",
        ),
        (
            "etcd-*, shared CA",
            told(|inquiry| {
                let server = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - command: [kube-apiserver, --client-ca-file=/ca]\n";
                inquiry.flags("pod.yaml", server).unwrap();
                let flags = ["--listen-client-urls=https://10.0.0.1:2379", "--trusted-ca-file=/ca"];
                inquiry.etcd_flags("etcd.yaml", &etcd_pod(&flags)).unwrap();
            }),
            "high etcd-shared-ca",
        ),
        (
            "etcd-*, data dir perms",
            told(|inquiry| {
                let open = |mode| Access { mode, owner: 0, group: 0 };
                inquiry.database_custody("/var/lib/etcd/member/snap/db", open(0o644), &[open(0o755), open(0o755)]);
            }),
            "high etcd-data-open",
        ),
        // With a certificate of the machine's store only: somebody else would have to get one for that name.
        ("etcd-*, unchecked", flags(&[&tls[..2], &certificate].concat()), "medium etcd-unchecked"),
        (
            "audit-secret-bodies",
            told(|inquiry| {
                let policy = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: RequestResponse\n";
                assert!(inquiry.audit_policy("audit.yaml", policy, None).unwrap());
            }),
            "high audit-logs-secrets",
        ),
    ]
}

// Other rows are checks of hunts: enc-key-in-git is `encryption-config-key` (critical), and sa-legacy is
// `service-account-token-secret` (medium). enc-configmaps has no rule of its own: a credential in a ConfigMap is found
// where it lies, and is no less readable for being encrypted in etcd.
#[test]
fn breaks_that_only_the_server_knows_make_a_file_unknown() {
    let entry = format!("- {{resources: [secrets], providers: [{}]}}\n", local("secretbox", GOOD));
    for sign in ['\u{85}', '\u{2028}', '\u{2029}'] {
        let hidden = format!("# x{sign}- {{resources: [secrets], providers: [{{identity: {{}}}}]}}\n");
        let mut inquiry = Inquiry::new(vec![GroupResource::secrets()], None);
        inquiry.configuration("enc.yaml", &format!("{HEAD}{hidden}{entry}"), &Server::default()).unwrap();
        let outcome = inquiry.end();
        assert_eq!(outcome.verdicts[0].encrypted(), Encrypted::Unknown, "{sign:?}");
        let invalid = outcome.findings.iter().find(|finding| finding.id().as_str() == "encryption-invalid").unwrap();
        assert!(invalid.message.contains("line 4 holds a line break of YAML 1.1"), "{}", invalid.message);
    }
}

#[test]
fn every_row_has_its_finding() {
    for (row, findings, expected) in rows() {
        assert!(findings.iter().any(|finding| finding == expected), "{row}: {expected} is not among {findings:?}");
    }
    let rules = crate::binary::ksecrets().args(["rules"]).run().stdout;
    for rule in ["encryption-config-key", "service-account-token-secret"] {
        assert!(rules.contains(rule), "{rule}");
    }
}
