//! `ksecrets seal at-rest` as an operator uses it, with files.

use crate::binary::ksecrets;

const SOUND: &str = "\
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers:
  - kms:
      apiVersion: v2
      name: vault
      endpoint: unix:///run/kms.sock
";

const TWICE: &str = "\
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers:
  - identity: {}
- resources: [secrets, configmaps]
  providers:
  - kms: {apiVersion: v2, name: vault, endpoint: unix:///run/kms.sock}
";

const NONE: &str = "\
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers:
  - identity: {}
";

const POD: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: kube-apiserver, namespace: kube-system}
spec:
  containers:
  - name: kube-apiserver
    image: registry.k8s.io/kube-apiserver:v1.36.1
    command:
    - kube-apiserver
    - --etcd-servers=https://127.0.0.1:2379
    - --etcd-cafile=/etc/kubernetes/pki/etcd/ca.crt
    - --etcd-certfile=/etc/kubernetes/pki/apiserver-etcd-client.crt
    - --etcd-keyfile=/etc/kubernetes/pki/apiserver-etcd-client.key
";

const METRICS: &str = "\
# TYPE apiserver_storage_transformation_operations_total counter
apiserver_storage_transformation_operations_total{resource=\"secrets\",status=\"OK\",transformation_type=\"to_storage\",transformer_prefix=\"k8s:enc:kms:v2:vault:\"} 12
apiserver_storage_transformation_operations_total{resource=\"secrets\",status=\"OK\",transformation_type=\"from_storage\",transformer_prefix=\"identity\"} 3
";

#[test]
fn a_configuration_says_what_will_be_written() {
    let outcome = ksecrets().input("enc.yaml", SOUND).args(["seal", "at-rest", "--config", "enc.yaml"]).run();
    insta::assert_snapshot!(outcome, @"
    secrets at rest: encrypted, by configuration
        flag           unknown      not looked at
        configuration  encrypted    enc.yaml: written by kms v2 vault
        metrics        unknown      not looked at
        stored-bytes   unknown      not looked at

    configmaps at rest: plaintext, by configuration
        flag           unknown      not looked at
        configuration  plaintext    enc.yaml: no entry speaks of it
        metrics        unknown      not looked at
        stored-bytes   unknown      not looked at

    Nothing found in 1 file, 201 B; @@TIME@@
    --- exit 0
    ");
}

#[test]
fn the_first_of_two_entries_writes() {
    let outcome = ksecrets().input("enc.yaml", TWICE).args(["seal", "at-rest", "--config", "enc.yaml"]).run();
    insta::assert_snapshot!(outcome, @"
    enc.yaml

    high[encryption-identity-first]: Secrets written as plaintext (confidence: high)
      --> enc.yaml:6:5
       = EncryptionConfiguration (unnamed)  resources[0].providers[0].identity
       = identity is the first provider for secrets: they are written as plaintext; the providers
         behind it only read
       = fix: Put the provider that encrypts first, restart every API server, and rewrite all Secrets.

    medium[encryption-resource-twice]: Resource in two entries (confidence: high)
      --> enc.yaml:7:15
       = EncryptionConfiguration (unnamed)  resources[1].resources[0]
       = secrets is also in the entry of line 4, which writes: the providers here only read
       = fix: Name each resource once, and put its providers into that entry in the order in which they
              should be tried.

    secrets at rest: plaintext, by configuration
        flag           unknown      not looked at
        configuration  plaintext    enc.yaml: identity comes first, so it is written as plaintext
        metrics        unknown      not looked at
        stored-bytes   unknown      not looked at

    configmaps at rest: encrypted, by configuration
        flag           unknown      not looked at
        configuration  encrypted    enc.yaml: written by kms v2 vault
        metrics        unknown      not looked at
        stored-bytes   unknown      not looked at

    2 findings (1 high, 1 medium) in 1 file, 252 B; @@TIME@@
    --- exit 1
    ");
}

#[test]
fn an_api_server_without_the_flag_writes_plaintext() {
    let arguments = ["seal", "at-rest", "--apiserver-manifest", "etc/kubernetes/manifests/kube-apiserver.yaml"];
    let outcome = ksecrets().input("etc/kubernetes/manifests/kube-apiserver.yaml", POD).args(arguments).run();
    insta::assert_snapshot!(outcome, @"
    etc/kubernetes/manifests/kube-apiserver.yaml

    high[encryption-not-configured]: API server without encryption at rest (confidence: high)
      --> etc/kubernetes/manifests/kube-apiserver.yaml
       = the API server has no --encryption-provider-config
       = fix: Give every API server --encryption-provider-config, then rewrite all Secrets. On kubeadm:
              Write an EncryptionConfiguration to /etc/kubernetes/enc/enc.yaml (0600, root) on every
              control plane; add --encryption-provider-config=/etc/kubernetes/enc/enc.yaml and a
              hostPath volume for the folder to /etc/kubernetes/manifests/kube-apiserver.yaml, one
              control plane after the other, and the same to extraArgs and extraVolumes of the
              ClusterConfiguration.

    low[audit-missing]: API server without an audit log (confidence: high)
      --> etc/kubernetes/manifests/kube-apiserver.yaml
       = no --audit-policy-file: nothing is logged
       = fix: Set --audit-policy-file and --audit-log-path or --audit-webhook-config-file, with `level:
              Metadata` for Secrets.

    secrets at rest: plaintext, by flag
        flag           plaintext    the API server has no --encryption-provider-config
        configuration  unknown      not looked at
        metrics        unknown      not looked at
        stored-bytes   unknown      not looked at

    configmaps at rest: plaintext, by flag
        flag           plaintext    the API server has no --encryption-provider-config
        configuration  unknown      not looked at
        metrics        unknown      not looked at
        stored-bytes   unknown      not looked at

    2 findings (1 high, 1 low) in 1 file, 442 B; @@TIME@@
    --- exit 1
    ");
}

#[test]
fn a_flag_alone_leaves_the_question_open() {
    let pod = format!(
        "{POD}    - --encryption-provider-config=/etc/enc.yaml\n    - --audit-policy-file=/etc/audit.yaml\n    - --audit-log-path=-\n    volumeMounts: [{{name: enc, mountPath: /etc/enc.yaml}}]\n"
    );
    let outcome = ksecrets().input("pod.yaml", pod).args(["seal", "at-rest", "--apiserver-manifest", "pod.yaml"]).run();
    insta::assert_snapshot!(outcome, @"
    secrets at rest: unknown: nothing that was looked at tells
        flag           unknown      the API server is given /etc/enc.yaml; what is in it was not looked
                                    at by this rung
        configuration  unknown      not looked at
        metrics        unknown      not looked at
        stored-bytes   unknown      not looked at

    configmaps at rest: unknown: nothing that was looked at tells
        flag           unknown      the API server is given /etc/enc.yaml; what is in it was not looked
                                    at by this rung
        configuration  unknown      not looked at
        metrics        unknown      not looked at
        stored-bytes   unknown      not looked at

    Nothing found in 1 file, 616 B; @@TIME@@
    --- exit 2
    ");
}

#[test]
fn metrics_outweigh_a_configuration() {
    let arguments = ["seal", "at-rest", "--config", "enc.yaml", "--metrics", "metrics.txt", "--require", "metrics"];
    let outcome = ksecrets().input("enc.yaml", SOUND).input("metrics.txt", METRICS).args(arguments).run();
    insta::assert_snapshot!(outcome, @"
    APIServer metrics.txt

    medium[encryption-plaintext-read]: Plaintext still read from etcd (confidence: high)
       = APIServer metrics.txt  secrets
       = 3 reads of secrets by metrics.txt met plaintext since it started
       = fix: Rewrite all objects of the resource, restart the API server, and ask again; or read the
              stored bytes.

    secrets at rest: partly, by metrics
        flag           unknown      not looked at
        configuration  encrypted    enc.yaml: written by kms v2 vault
        metrics        partly       metrics.txt wrote 12 encrypted, and 3 reads since it started met
                                    plaintext
        stored-bytes   unknown      not looked at

    configmaps at rest: plaintext, by configuration
        flag           unknown      not looked at
        configuration  plaintext    enc.yaml: no entry speaks of it
        metrics        unknown      metrics.txt wrote none since it started, or its configuration does
                                    not name the resource
        stored-bytes   unknown      not looked at

    1 finding (1 medium) in 2 files, 576 B; @@TIME@@
    --- stderr
    ksecrets: --require metrics: secrets are partly, by metrics
    --- exit 1
    ");
}

#[test]
fn what_must_be_proved_and_is_not_fails() {
    let arguments = ["seal", "at-rest", "--config", "enc.yaml", "--require", "stored-bytes"];
    let outcome = ksecrets().input("enc.yaml", SOUND).args(arguments).run();
    assert_eq!(outcome.status, Some(1));
    let arguments = ["seal", "at-rest", "--config", "enc.yaml", "--require", "configuration"];
    assert_eq!(ksecrets().input("enc.yaml", SOUND).args(arguments).run().status, Some(0));
}

#[test]
fn json_has_a_verdict_with_every_rung() {
    let arguments = ["seal", "at-rest", "--config", "enc.yaml", "--format", "json"];
    let outcome = ksecrets().input("enc.yaml", SOUND).args(arguments).run();
    let report: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&report["atRest"][0]).unwrap(), @r#"
    {
      "encrypted": "encrypted",
      "evidence": [
        {
          "encrypted": "unknown",
          "reason": "not looked at",
          "rung": "flag"
        },
        {
          "encrypted": "encrypted",
          "reason": "enc.yaml: written by kms v2 vault",
          "rung": "configuration"
        },
        {
          "encrypted": "unknown",
          "reason": "not looked at",
          "rung": "metrics"
        },
        {
          "encrypted": "unknown",
          "reason": "not looked at",
          "rung": "stored-bytes"
        }
      ],
      "resource": "secrets",
      "rung": "configuration"
    }
    "#);
}

#[test]
fn a_policy_alone_asks_nothing_else() {
    let policy = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n";
    let arguments = ["seal", "at-rest", "--audit-policy", "audit.yaml"];
    assert_eq!(ksecrets().input("audit.yaml", policy).args(arguments).run().status, Some(0));
    let policy = policy.replace("Metadata", "RequestResponse");
    let outcome = ksecrets().input("audit.yaml", policy).args(arguments).run();
    insta::assert_snapshot!(outcome, @"
    audit.yaml

    high[audit-logs-secrets]: Secrets in the audit log (confidence: high)
      --> audit.yaml:4:10
       = rule 1 logs what is sent and answered for get, list, create, update, patch, delete and
         deletecollection of secrets by everybody whom no rule before it names
       = fix: Put a rule with `level: Metadata` for secrets, configmaps, serviceaccounts/token and
              tokenreviews before it, and treat what was logged as read.

    high[audit-logs-secrets]: Secrets in the audit log (confidence: high)
      --> audit.yaml:4:10
       = rule 1 logs what is sent and answered for create of serviceaccounts/token by everybody whom no
         rule before it names
       = fix: as above

    high[audit-logs-secrets]: Secrets in the audit log (confidence: high)
      --> audit.yaml:4:10
       = rule 1 logs what is sent and answered for create of tokenreviews.authentication.k8s.io by
         everybody whom no rule before it names
       = fix: as above

    low[audit-logs-secrets]: Secrets in the audit log (confidence: high)
      --> audit.yaml:4:10
       = rule 1 logs what is sent and answered for get, list, create, update, patch, delete and
         deletecollection of configmaps by everybody whom no rule before it names
       = fix: as above

    secrets at rest: unknown: nothing that was looked at tells
        flag           unknown      not looked at
        configuration  unknown      not looked at
        metrics        unknown      not looked at
        stored-bytes   unknown      not looked at

    configmaps at rest: unknown: nothing that was looked at tells
        flag           unknown      not looked at
        configuration  unknown      not looked at
        metrics        unknown      not looked at
        stored-bytes   unknown      not looked at

    4 findings (3 high, 1 low) in 1 file, 73 B; @@TIME@@
    --- exit 1
    ");
}

#[test]
fn a_corrected_configuration_is_a_new_private_file() {
    let arguments = ["seal", "at-rest", "--config", "enc.yaml", "--fix-config", "fixed.yaml", "--new-key=first"];
    let outcome = ksecrets().input("enc.yaml", NONE).args(arguments).run();
    assert_eq!(
        outcome.status,
        Some(0),
        "what is wrong with the old file is no failure of writing the new one: {outcome}"
    );
    assert!(outcome.stdout.contains("encryption-identity-first"), "{outcome}");
    for (asked, code) in [(["--fail-on", "medium"], 1), (["--require", "configuration"], 1)] {
        let asked = ksecrets().input("enc.yaml", NONE).args(arguments).args(asked).run();
        assert_eq!(asked.status, Some(code), "{asked}");
    }
    let fixed = std::fs::read_to_string(outcome.folder().join("fixed.yaml")).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(outcome.folder().join("fixed.yaml")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert!(!outcome.stdout.contains("secret:"), "{outcome}");
    let again = ksecrets().input("enc.yaml", &fixed).args(["seal", "at-rest", "--config", "enc.yaml"]).run();
    assert_eq!(again.status, Some(0), "{again}");
    assert!(again.stdout.contains("secrets at rest: encrypted"), "{again}");
    let over = ksecrets().input("enc.yaml", NONE).input("fixed.yaml", "").args(arguments).run();
    assert_eq!((over.status, over.stdout.as_str()), (Some(2), ""), "what is there is not overwritten");
}

#[test]
fn every_change_and_every_step_is_said() {
    let said = |arguments: &[&str]| {
        let files = ksecrets().input("enc.yaml", NONE).input("a/pod.yaml", POD).input("b/pod.yaml", POD);
        let arguments = ["seal", "at-rest", "--config", "enc.yaml", "--fix-config", "new.yaml"].iter().chain(arguments);
        let outcome = files.args(arguments.copied()).run();
        let text = std::fs::read_to_string(outcome.folder().join("new.yaml")).unwrap();
        let key = text.lines().find_map(|line| line.trim().strip_prefix("- name: ")).unwrap().trim_matches('"');
        outcome.stderr.replace(key, "NEW")
    };
    // Nothing tells how many API servers there are, one manifest neither: each of them gets the key before one writes with it.
    insta::assert_snapshot!(said(&["--apiserver-manifest", "a/pod.yaml"]), @"
    ksecrets: wrote new.yaml, which holds keys: only for root of a control plane, and not for git
    ksecrets: changed: secrets: read by secretbox with key NEW too, which was not listed
    ksecrets: NEW writes nothing yet, so that every API server can get it before one writes with it. Where there is only one, --new-key=first does it in one step
    ksecrets: step 1: bring new.yaml to every API server and restart each, one after the other, in the place of the old file
    ksecrets: step 2: when all of them run with it, make the file for all in which it writes: ksecrets seal at-rest --config new.yaml --fix-config NEXT --first-key NEW
    ");
    insta::assert_snapshot!(said(&["--new-key=first"]), @"
    ksecrets: wrote new.yaml, which holds keys: only for root of a control plane, and not for git
    ksecrets: changed: secrets: written by secretbox with key NEW, before as plaintext
    ksecrets: changed: secrets: kept for reading: identity
    ksecrets: this is for a single API server: one that has not got NEW cannot read what the others write with it. Where there are several, take --new-key=second
    ksecrets: step 1: bring new.yaml to every API server and restart each, one after the other, in the place of the old file
    ksecrets: step 2: rewrite: kubectl get secrets -A -o json | kubectl replace -f -
    ksecrets: step 3: take a new snapshot (etcdctl snapshot save SNAPSHOT), and see that nothing is left of secrets: ksecrets seal at-rest --config new.yaml --snapshot SNAPSHOT --require stored-bytes
    ksecrets: step 4: leave out what only reads: ksecrets seal at-rest --config new.yaml --snapshot SNAPSHOT --fix-config LAST --finish
    ");
    assert_eq!(said(&[]), said(&["--new-key=second"]));
    assert_eq!(said(&[]), said(&["--new-key"]));
}

const LOCAL: &str = "\
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets, certificates.cert-manager.io]
  providers:
  - secretbox: {keys: [{name: key1, secret: 7Zm34Nnu/J7f7l842x7u68C6pFaoDp8b9/8kc+qrSbE=}]}
  - aescbc: {keys: [{name: key1, secret: 8Zm34Nnu/J7f7l842x7u68C6pFaoDp8b9/8kc+qrSbE=}]}
  - identity: {}
- resources: ['*.apps']
  providers:
  - secretbox: {keys: [{name: key1, secret: 7Zm34Nnu/J7f7l842x7u68C6pFaoDp8b9/8kc+qrSbE=}]}
  - identity: {}
- resources: [configmaps]
  providers:
  - identity: {}
  - secretbox: {keys: [{name: key1, secret: 7Zm34Nnu/J7f7l842x7u68C6pFaoDp8b9/8kc+qrSbE=}]}
";

#[test]
fn every_resource_that_is_encrypted_is_rewritten_before_it_is_finished() {
    let said = |arguments: &[&str]| {
        let all = ["seal", "at-rest", "--config", "enc.yaml", "--fix-config", "new.yaml"].iter().chain(arguments);
        let outcome = ksecrets().input("enc.yaml", LOCAL).args(all.copied()).run();
        format!("{}--- exit {}", outcome.stderr, outcome.status.unwrap())
    };
    insta::assert_snapshot!(said(&[]), @"
    ksecrets: wrote new.yaml, which holds keys: only for root of a control plane, and not for git
    ksecrets: changed: entries are in another order: narrow ones before wide ones
    ksecrets: step 1: bring new.yaml to every API server and restart each, one after the other, in the place of the old file
    ksecrets: step 2: rewrite: kubectl get secrets,certificates.cert-manager.io -A -o json | kubectl replace -f -
    ksecrets: step 3: rewrite: kubectl api-resources --api-group=apps --verbs=list,update -o name | xargs -I{} sh -c 'kubectl get {} -A -o json | kubectl replace -f -'
    ksecrets: step 4: take a new snapshot (etcdctl snapshot save SNAPSHOT), and see that nothing is left of secrets, certificates.cert-manager.io, *.apps: ksecrets seal at-rest --config new.yaml --snapshot SNAPSHOT --require stored-bytes
    ksecrets: step 5: leave out what only reads: ksecrets seal at-rest --config new.yaml --snapshot SNAPSHOT --fix-config LAST --finish
    --- exit 0
    ");
    insta::assert_snapshot!(said(&["--finish"]), @"
    ksecrets: wrote new.yaml, which holds keys: only for root of a control plane, and not for git
    ksecrets: changed: secrets, certificates.cert-manager.io: not read any more: aescbc with key key1, identity
    ksecrets: changed: *.apps: not read any more: identity
    ksecrets: changed: entries are in another order: narrow ones before wide ones
    ksecrets: nothing that was looked at shows that every object of secrets, certificates.cert-manager.io, *.apps was rewritten: what was not is lost. Give --snapshot with a new one, and it is looked at
    ksecrets: step 1: keep the old file with the old backups: new.yaml reads neither those nor plaintext
    ksecrets: step 2: bring new.yaml to every API server and restart each, one after the other, in the place of the old file
    --- exit 0
    ");
    insta::assert_snapshot!(said(&["--first-key", "key1"]), @"
    ksecrets: --fix-config: key1 is more than one: say which, aescbc:key1 or secretbox:key1
    --- exit 2
    ");
    insta::assert_snapshot!(said(&["--first-key", "aescbc:key1"]), @"
    ksecrets: wrote new.yaml, which holds keys: only for root of a control plane, and not for git
    ksecrets: changed: secrets, certificates.cert-manager.io: written by aescbc with key key1, before by secretbox with key key1
    ksecrets: changed: secrets, certificates.cert-manager.io: kept for reading: secretbox with key key1, identity
    ksecrets: changed: entries are in another order: narrow ones before wide ones
    ksecrets: step 1: bring new.yaml to every API server and restart each, one after the other, in the place of the old file
    ksecrets: step 2: rewrite: kubectl get secrets,certificates.cert-manager.io -A -o json | kubectl replace -f -
    ksecrets: step 3: rewrite: kubectl api-resources --api-group=apps --verbs=list,update -o name | xargs -I{} sh -c 'kubectl get {} -A -o json | kubectl replace -f -'
    ksecrets: step 4: take a new snapshot (etcdctl snapshot save SNAPSHOT), and see that nothing is left of secrets, certificates.cert-manager.io, *.apps: ksecrets seal at-rest --config new.yaml --snapshot SNAPSHOT --require stored-bytes
    ksecrets: step 5: leave out what only reads: ksecrets seal at-rest --config new.yaml --snapshot SNAPSHOT --fix-config LAST --finish
    --- exit 0
    ");
}

/// Without its log. Two Secrets are plaintext in it, and nine are under aescbc key1.
fn database() -> Vec<u8> {
    std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/kine/state.db")).unwrap()
}

#[test]
fn what_would_lose_what_is_stored_is_refused() {
    let config = |providers: &str| {
        NONE.replace("- identity: {}", &format!("- aescbc: {{keys: [{providers}]}}\n  - identity: {{}}"))
    };
    let material = ["7Zm34Nnu/J7f7l842x7u", "68C6pFaoDp8b9/8kc+qrSbE="].concat();
    let key = |name: &str| format!("{{name: {name}, secret: {material}}}");
    let said = |config: &str, arguments: &[&str]| {
        let files = ksecrets().input("enc.yaml", config).input("state.db", database()).input("metrics.txt", METRICS);
        let all = ["seal", "at-rest", "--config", "enc.yaml", "--fix-config", "new.yaml", "--distribution", "kubeadm"];
        let outcome = files.args(all).args(arguments.iter().copied()).run();
        assert_eq!((outcome.status, outcome.folder().join("new.yaml").exists()), (Some(2), false), "{outcome}");
        outcome.stderr
    };
    let (one, both) = (config(&key("key2")), config(&(key("key2") + ", " + &key("key1"))));
    let all = [
        // Something that is stored cannot be read by the configuration at hand.
        said(&one, &["--snapshot", "state.db"]),
        // It cannot be read once the configuration is finished.
        said(&both, &["--snapshot", "state.db", "--finish"]),
        said(SOUND, &["--metrics", "metrics.txt", "--finish"]),
        // One that does not load reads nothing, and is not compared.
        said(&one.replace("providers:", "provider:"), &["--snapshot", "state.db"]),
    ];
    insta::assert_snapshot!(all.concat(), @"
    ksecrets: --fix-config: under aescbc key1, which enc.yaml does not read: prod/large, prod/many-0, prod/many-1, prod/many-2, prod/many-3 and 4 more. Whatever is made of this configuration loses that: give the one in force
    ksecrets: --finish: not everything was rewritten: state.db holds 2 secrets as plaintext: prod/changed, prod/plain
    ksecrets: --finish: not everything was rewritten, or nothing tells so: 3 reads of secrets by metrics.txt met plaintext since it started
    ksecrets: --fix-config: state.db holds 9 secrets under aescbc key1: prod/large, prod/many-0, prod/many-1, prod/many-2, prod/many-3 and 4 more, which what is made of this configuration could not read: give the one in force
    ");
}

#[test]
fn who_writes_a_file_of_their_own_is_not_given_one() {
    for distribution in ["k3s", "rke2", "openshift", "eks"] {
        let arguments = ["seal", "at-rest", "--config", "enc.yaml", "--fix-config", "new.yaml", "--distribution"];
        let outcome = ksecrets().input("enc.yaml", NONE).args(arguments).args([distribution]).run();
        assert_eq!((outcome.status, outcome.folder().join("new.yaml").exists()), (Some(2), false), "{outcome}");
        assert!(outcome.stderr.contains("a file in its place would be lost"), "{outcome}");
    }
}

#[test]
fn what_proves_too_little_says_so() {
    let said = |arguments: &[&str]| {
        let files =
            ksecrets().input("enc.yaml", SOUND).input("other.yaml", format!("{SOUND}# ours\n")).input("pod.yaml", POD);
        let outcome = files.args(["seal", "at-rest"]).args(arguments.iter().copied()).run();
        let verdict = outcome.stdout.lines().find(|line| line.starts_with("secrets at rest")).unwrap_or_default();
        format!("{verdict}\n{}--- exit {}\n", outcome.stderr, outcome.status.unwrap())
    };
    let two = ["--config", "enc.yaml", "--config", "other.yaml"];
    let all = [
        said(&["--config", "enc.yaml", "--require", "stored-bytes", "--fail-on", "never"]),
        said(&[&two[..], &["--require", "configuration", "--fail-on", "never"]].concat()),
        // Unknown is not a pass, and no finding that could be let pass.
        said(&[&two[..], &["--fail-on", "never"]].concat()),
    ];
    insta::assert_snapshot!(all.concat(), @"
    secrets at rest: encrypted, by configuration
    ksecrets: --require stored-bytes: secrets are encrypted, by configuration
    --- exit 1
    secrets at rest: unknown: nothing that was looked at tells
    ksecrets: --require configuration: nothing that was looked at tells whether secrets are encrypted
    --- exit 1
    secrets at rest: unknown: nothing that was looked at tells
    --- exit 2
    ");
}

/// What is in order is not copied: it holds keys, and there is nothing to roll out.
#[test]
fn a_file_in_order_is_left_alone() {
    let said = |text: &str, arguments: &[&str]| {
        let all = ["seal", "at-rest", "--config", "enc.yaml", "--fix-config", "new.yaml"].iter().chain(arguments);
        let outcome = ksecrets().input("enc.yaml", text).args(all.copied()).run();
        let written = outcome.folder().join("new.yaml").exists();
        format!("{}--- exit {}, written: {written}\n", outcome.stderr, outcome.status.unwrap())
    };
    let reads = SOUND.to_owned() + "  - identity: {}\n";
    let all = [said(SOUND, &[]), said(SOUND, &["--finish"]), said(&reads, &[]), said(&reads, &["--finish"])];
    insta::assert_snapshot!(all.concat(), @"
    ksecrets: enc.yaml is in order, and there is nothing to roll out: new.yaml was not written
    --- exit 0, written: false
    ksecrets: enc.yaml is in order, and there is nothing to roll out: new.yaml was not written
    --- exit 0, written: false
    ksecrets: enc.yaml is in order, and there is nothing to roll out: new.yaml was not written
    ksecrets: what only reads secrets can be left out when every object of it was rewritten
    ksecrets: step 1: rewrite: kubectl get secrets -A -o json | kubectl replace -f -
    ksecrets: step 2: take a new snapshot (etcdctl snapshot save SNAPSHOT), and see that nothing is left of secrets: ksecrets seal at-rest --config enc.yaml --snapshot SNAPSHOT --require stored-bytes
    ksecrets: step 3: leave out what only reads: ksecrets seal at-rest --config enc.yaml --snapshot SNAPSHOT --fix-config LAST --finish
    --- exit 0, written: false
    ksecrets: wrote new.yaml
    ksecrets: changed: secrets: not read any more: identity
    ksecrets: nothing that was looked at shows that every object of secrets was rewritten: what was not is lost. Give --snapshot with a new one, and it is looked at
    ksecrets: step 1: keep the old file with the old backups: new.yaml reads neither those nor plaintext
    ksecrets: step 2: bring new.yaml to every API server and restart each, one after the other, in the place of the old file
    --- exit 0, written: true
    ");
}

/// A policy that names too much of everything is asked for everybody, and that is said.
#[test]
fn a_policy_that_is_not_asked_whole_says_so() {
    let names = |kind: &str| (0..500).map(|n| format!("{kind}{n}")).collect::<Vec<_>>().join(", ");
    let policy = format!(
        "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- {{level: Metadata, users: [{}], namespaces: [{}]}}\n- level: Metadata\n",
        names("u"),
        names("n")
    );
    let look = |policy: &str| {
        ksecrets().input("audit.yaml", policy).args(["seal", "at-rest", "--audit-policy", "audit.yaml"]).run()
    };
    assert!(look(&policy).to_string().contains("it names too many users, groups, namespaces and names together"));
    assert!(!look(&policy.replace("users", "verbs")).to_string().contains("too many"));
}

/// Whoever asks for a resource wants an answer for that too, and a name that is misspelt has none.
#[test]
fn a_resource_without_an_answer_is_no_pass() {
    let asked = |resources: &[&str]| {
        let arguments = ["seal", "at-rest", "--metrics", "metrics.txt", "--fail-on", "never"];
        let outcome = ksecrets().input("metrics.txt", METRICS).args(arguments).args(resources.iter().copied()).run();
        format!("{}--- exit {}\n", outcome.stderr, outcome.status.unwrap())
    };
    let all = [asked(&[]), asked(&["--resource", "secrets"]), asked(&["--resource", "foo,secrets,configmaps"])];
    insta::assert_snapshot!(all.concat(), @"
    --- exit 0
    --- exit 0
    ksecrets: nothing that was looked at tells whether configmaps, foo are encrypted, or whether there are any
    --- exit 2
    ");
}

#[test]
fn another_document_of_a_file_is_not_read_and_said() {
    let file = format!("{NONE}---\n{SOUND}");
    let outcome = ksecrets().input("enc.yaml", file).args(["seal", "at-rest", "--config", "enc.yaml"]).run();
    assert!(outcome.stdout.contains("secrets at rest: plaintext, by configuration"), "{outcome}");
    assert!(outcome.to_string().contains("enc.yaml:7: another document"), "{outcome}");
}

#[test]
fn a_dash_is_standard_output_and_no_place_for_keys() {
    let outcome =
        ksecrets().input("enc.yaml", SOUND).args(["seal", "at-rest", "--config", "enc.yaml", "-o", "-"]).run();
    assert!(outcome.stdout.starts_with("secrets at rest: encrypted"), "{outcome}");
    assert!(!outcome.folder().join("-").exists());
    let said = |arguments: &[&str]| {
        let outcome = ksecrets()
            .input("enc.yaml", NONE)
            .args(["seal", "at-rest", "--config", "enc.yaml"])
            .args(arguments.iter().copied())
            .run();
        assert_eq!(outcome.status, Some(2), "{outcome}");
        outcome.stderr.lines().next().unwrap().to_owned() + "\n"
    };
    let all = [said(&["--fix-config", "-"]), said(&["--fix-config", ""]), said(&["--fix-config", "x", "--new-key="])];
    insta::assert_snapshot!(all.concat(), @"
    error: invalid value '-' for '--fix-config <OUT>': it holds keys: name a file
    error: invalid value '' for '--fix-config <OUT>': it holds keys: name a file
    error: invalid value '' for '--new-key[=<PLACE>]': first or second
    ");
}

#[test]
fn keys_beside_a_snapshot_are_found() {
    let found = |config: &str| {
        let files = ksecrets().input("backup/state.db", database()).input("backup/enc.json", config);
        let arguments = ["seal", "at-rest", "--snapshot", "backup/state.db", "--format", "json"];
        let findings = files.args(arguments).run().json()["findings"].clone();
        let all = findings.as_array().unwrap().clone().into_iter();
        all.filter(|one| one["rule"] == "backup-with-keys").map(|one| one["message"].to_string()).collect::<String>()
    };
    assert_eq!(found(SOUND), "");
    let key = "7Zm34Nnu/J7f7l842x7u68C6pFaoDp8b9/8kc+qrSbE=";
    let local = NONE.replace("- identity: {}", &format!("- secretbox: {{keys: [{{name: a, secret: {key}}}]}}"));
    insta::assert_snapshot!(found(&local), @r#""backup/enc.json, in the same folder, is an EncryptionConfiguration with keys: who copies one copies both""#);
}

#[test]
fn kms_version_1_needs_a_gate() {
    let config = SOUND.replace("apiVersion: v2", "apiVersion: v1");
    let said = |version: &str| {
        let arguments =
            ["seal", "at-rest", "--config", "enc.yaml", "--fix-config", "new.yaml", "--kubernetes", version];
        ksecrets().input("enc.yaml", &config).args(arguments).run().stderr
    };
    assert!(
        said("1.29").contains("Kubernetes 1.29 loads that only with --feature-gates=KMSv1=true"),
        "{}",
        said("1.29")
    );
    assert!(!said("1.28").contains("feature-gates"), "{}", said("1.28"));
}

#[test]
fn a_file_that_is_something_else_is_named() {
    let indented = SOUND.replace('\n', "\n    ");
    let map = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: enc}}\ndata:\n  enc.yaml: |\n    {indented}");
    let cloud = format!("#cloud-config\nwrite_files:\n- path: /etc/enc.yaml\n  content: |\n    {indented}");
    let kubeadm = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n";
    let files = [
        ("deployment.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n".to_owned()),
        ("kubeadm.yaml", kubeadm.to_owned()),
        ("list.yaml", "- a\n- b\n".to_owned()),
        ("notes.txt", "hello\n".to_owned()),
        ("broken.yaml", "a: [\n".to_owned()),
        ("empty.yaml", String::new()),
        ("configmap.yaml", map),
        ("cloud.yaml", cloud),
        ("second.yaml", format!("{kubeadm}---\n{SOUND}")),
        ("options.yaml", "secrets-encryption: true\n".to_owned()),
    ];
    let mut said = String::new();
    for (name, text) in &files {
        let outcome = ksecrets().input(name, text).args(["seal", "at-rest", "--config", name]).run();
        assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(2), ""), "{outcome}");
        said += &outcome.stderr;
    }
    insta::assert_snapshot!(said, @r#"
    ksecrets: deployment.yaml: no EncryptionConfiguration, but a Deployment
    ksecrets: kubeadm.yaml: no EncryptionConfiguration, but a ClusterConfiguration, which goes with --apiserver-manifest
    ksecrets: list.yaml: no EncryptionConfiguration, but a list
    ksecrets: notes.txt: no EncryptionConfiguration, but a line of text
    ksecrets: broken.yaml: not YAML: unclosed bracket '['
    ksecrets: empty.yaml: the first document is empty, and the API server reads no other
    ksecrets: configmap.yaml: no EncryptionConfiguration, but a ConfigMap with one in data["enc.yaml"]: extract that to a file of its own, or let `ksecrets hunt` judge it where it is
    ksecrets: cloud.yaml: no EncryptionConfiguration, but a mapping without a kind with one in write_files[0].content: extract that to a file of its own, or let `ksecrets hunt` judge it where it is
    ksecrets: second.yaml: no EncryptionConfiguration, but a ClusterConfiguration in the first document, and the API server reads no other: one follows in line 4
    ksecrets: options.yaml: no EncryptionConfiguration, but a mapping without a kind
    "#);
    // A slip in the kind is one of a configuration: the API server refuses the file.
    let slip = SOUND.replace("EncryptionConfiguration", "EncryptionConfigurations");
    let outcome = ksecrets().input("enc.yaml", &slip).args(["seal", "at-rest", "--config", "enc.yaml"]).run();
    assert!(outcome.stdout.contains("encryption-invalid"), "{outcome}");
}

#[test]
fn what_is_no_evidence_is_refused() {
    let said = |arguments: &[&str]| {
        let command = ksecrets().input("x.yaml", "a: 1\n").input("empty", "").input("broken.yaml", "a: [\n");
        let outcome = command.args(["seal", "at-rest"]).args(arguments.iter().copied()).run();
        assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        outcome.stderr
    };
    let all = [
        said(&[]),
        said(&["--config", "missing.yaml"]),
        said(&["--config", "empty"]),
        said(&["--apiserver-manifest", "x.yaml"]),
        said(&["--audit-policy", "x.yaml"]),
        said(&["--audit-policy", "broken.yaml"]),
        said(&["--metrics", "x.yaml"]),
        said(&["--snapshot", "x.yaml"]),
        said(&["--snapshot", "nowhere"]),
        said(&["--config", "broken.yaml"]),
        said(&["--etcd", "127.0.0.1:2379"]),
        said(&["--etcd", "http://127.0.0.1:1"]),
        said(&["--cert", "x.yaml"]),
        said(&["--require", "flag", "--config", "x.yaml"]),
    ];
    insta::assert_snapshot!(all.concat(), @"
    ksecrets: nothing to look at: give --config, --apiserver-manifest, --etcd-manifest, --audit-policy, --metrics, --cluster, --etcd or --snapshot
    ksecrets: cannot read missing.yaml: No such file or directory (os error 2)
    ksecrets: empty: the first document is empty, and the API server reads no other
    ksecrets: x.yaml: nothing here starts a kube-apiserver: a static pod, a kubeadm ClusterConfiguration, the config.yaml of k3s or RKE2, or a systemd unit does
    ksecrets: x.yaml: no audit policy: it has kind: Policy and an apiVersion of audit.k8s.io
    ksecrets: broken.yaml: not valid YAML: unclosed bracket '['
    ksecrets: x.yaml: there is no metric of a kube-apiserver in it
    ksecrets: x.yaml: is no database of etcd or kine: it does not begin as one, or its beginning is damaged
    ksecrets: nowhere: cannot be read: No such file or directory (os error 2)
    ksecrets: broken.yaml: not YAML: unclosed bracket '['
    ksecrets: --etcd: '127.0.0.1:2379' is no endpoint: one begins with https:// or http://
    ksecrets: cannot reach http://127.0.0.1:1: tcp connect error: Connection refused (os error 111)
    error: the following required arguments were not provided:
      --key <FILE>

    Usage: ksecrets seal at-rest --cert <FILE> --key <FILE>

    For more information, try '--help'.
    error: invalid value 'flag' for '--require <RUNG>': one of configuration, metrics, stored-bytes

    For more information, try '--help'.
    ");
}

#[test]
fn a_configuration_that_no_flag_names_encrypts_nothing() {
    let files = || ksecrets().input("enc.yaml", SOUND).input("pod.yaml", POD);
    let arguments = ["seal", "at-rest", "--config", "enc.yaml", "--apiserver-manifest", "pod.yaml", "--format", "json"];
    let report = files().args(arguments).run().json();
    assert_eq!(
        (&report["atRest"][0]["encrypted"], &report["atRest"][0]["rung"]),
        (&"plaintext".into(), &"flag".into())
    );
    let arguments = ["seal", "at-rest", "--config", "enc.yaml", "--apiserver-manifest", "pod.yaml"];
    let required = files().args(arguments).args(["--require", "configuration", "--fail-on", "never"]).run();
    assert_eq!(required.status, Some(1), "{required}");
}

#[test]
fn arguments_from_a_variable_are_not_known() {
    let unit =
        "[Service]\nEnvironmentFile=/etc/kubernetes/apiserver\nExecStart=/usr/bin/kube-apiserver $KUBE_API_ARGS\n";
    let arguments = ["seal", "at-rest", "--apiserver-manifest", "kube-apiserver.service"];
    let outcome = ksecrets().input("kube-apiserver.service", unit).args(arguments).run();
    assert!(outcome.stdout.starts_with("secrets at rest: unknown"), "{outcome}");
    assert_eq!(outcome.status, Some(2), "{outcome}");
}

#[test]
fn advice_that_would_lose_secrets_is_not_given() {
    // What is written is plaintext: nothing was migrated, and to leave identity out would make all of it unreadable.
    let first = "\
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers: [{identity: {}}, {kms: {apiVersion: v2, name: vault, endpoint: unix:///run/kms.sock}}]
";
    let finish = ["seal", "at-rest", "--config", "enc.yaml", "--fix-config", "new.yaml", "--finish"];
    let outcome = ksecrets().input("enc.yaml", first).args(finish).run();
    assert!(outcome.stderr.contains("migrate first"), "{outcome}");
    assert!(!outcome.folder().join("new.yaml").exists());
    // Something is encrypted already, with a key that a first configuration would not have.
    let metrics = ["seal", "at-rest", "--metrics", "metrics.txt", "--fix-config", "new.yaml"];
    let outcome = ksecrets().input("metrics.txt", METRICS).args(metrics).run();
    assert!(outcome.stderr.contains("give the one in force with --config"), "{outcome}");
    assert!(!outcome.folder().join("new.yaml").exists());
    // Nothing is known, and nothing was asked: a first one.
    let outcome = ksecrets().args(["seal", "at-rest", "--fix-config", "new.yaml"]).run();
    assert_eq!((outcome.status, outcome.folder().join("new.yaml").exists()), (Some(0), true), "{outcome}");
}
