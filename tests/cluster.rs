//! Hunts on a real API server.

use serde_json::{Value, json};

use crate::binary::{Outcome, ksecrets};
use crate::control_plane::{ControlPlane, Identity, Namespace};

/// What people put into clusters. Values are made up.
const SHOP: &str = r#"
apiVersion: v1
kind: Secret
metadata:
  name: db
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: |
      {"apiVersion":"v1","kind":"Secret","metadata":{"name":"db"},"stringData":{"password":"Old-Gr0undhog-Day"}}
stringData:
  password: Tr4verse-Quill-88
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data:
  app.properties: |
    db.user=shop
    db.password=Marm0t-Vault-77
  greeting: hello
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      serviceAccountName: api
      containers:
      - name: api
        image: api:1.4
        args: [--listen=:8080]
        env:
        - {name: API_TOKEN, value: 9fK2mQ7xL4vB8nR3tZ6w}
        - {name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: db, key: password}}}
"#;

/// A custom resource that runs pods and holds a value.
const DATABASE: &str = r#"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: databases.shop.example.com}
spec:
  group: shop.example.com
  scope: Namespaced
  names: {plural: databases, singular: database, kind: Database}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
---
apiVersion: shop.example.com/v1
kind: Database
metadata: {name: orders}
spec: {adminPassword: Pe11ucid-Otter-61}
"#;

fn hunt(identity: &Identity, namespace: &Namespace<'_>, more: &[&str]) -> Outcome {
    let arguments = ["hunt", "--cluster", "-n", namespace.name(), "--format", "json"];
    ksecrets()
        .env("KUBECONFIG", identity.kubeconfig().to_str().unwrap())
        .args(arguments)
        .args(more.iter().copied())
        .run()
}

/// Rule, exposure, object and field of the credentials of a report.
fn credentials(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter().filter(|finding| finding["class"] == "credential");
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    findings
        .map(|finding| {
            let object = &finding["location"]["object"];
            let [rule, exposure, kind, name, field] =
                [&finding["rule"], &finding["exposure"], &object["kind"], &object["name"], &object["field"]].map(word);
            format!("{rule} {exposure} {kind}/{name} {field}")
        })
        .collect()
}

#[test]
fn objects_are_read_and_secrets_may_hold_their_own_values() {
    let Some(plane) = ControlPlane::shared() else { return };
    let namespace = plane.namespace("shop");
    namespace.apply(SHOP);
    let run = hunt(plane.admin(), &namespace, &[]);
    let report = run.json();
    assert_eq!(run.status, Some(1), "{}", run.stderr);
    insta::assert_snapshot!(credentials(&report).join("\n"), @r#"
    token env-value Deployment/api spec.template.spec.containers[0].env[0].value
    password configmap ConfigMap/web data["app.properties"]
    "#);
    assert!(report["findings"].as_array().unwrap().iter().all(|finding| finding["location"]["path"].is_null()));
    assert!(!run.stdout.contains("Quill") && !run.stdout.contains("Marm0t"));
    assert_eq!(report["targets"][0]["kind"], "cluster");
}

/// A template with one container, whose password is given; the name of what has it, and what made that.
fn made(api_version: &str, kind: &str, name: &str, maker: Option<(&str, &str, &str)>, password: &str) -> String {
    let owner = maker.map(|(api_version, kind, name)| {
        format!(
            "ownerReferences: [{{apiVersion: {api_version}, kind: {kind}, name: {name}, uid: '7', controller: true}}]"
        )
    });
    let pod = format!("containers: [{{name: api, image: 'api:1', env: [{{name: DB_PASSWORD, value: {password}}}]}}]");
    let spec = match kind {
        "Pod" => pod,
        _ => format!(
            "selector: {{matchLabels: {{app: api}}}}\n  template: {{metadata: {{labels: {{app: api}}}}, spec: {{{pod}}}}}"
        ),
    };
    let owner = owner.unwrap_or_else(|| "labels: {app: api}".to_owned());
    format!("apiVersion: {api_version}\nkind: {kind}\nmetadata:\n  name: {name}\n  {owner}\nspec:\n  {spec}\n---\n")
}

#[test]
fn what_a_deployment_made_is_told_with_it_and_old_plaintext_by_itself() {
    let Some(plane) = ControlPlane::shared() else { return };
    let namespace = plane.namespace("made");
    let deployment = Some(("apps/v1", "Deployment", "api"));
    let (new, old) = ("Br1ne-Otter-Lamp-40", "Cl0ver-Otter-Lamp-39");
    namespace.apply(
        &[
            made("apps/v1", "Deployment", "api", None, new),
            made("apps/v1", "ReplicaSet", "api-2", deployment, new),
            made("apps/v1", "ReplicaSet", "api-1", deployment, old),
            made("v1", "Pod", "api-2-a", Some(("apps/v1", "ReplicaSet", "api-2")), new),
            made("v1", "Pod", "api-2-b", Some(("apps/v1", "ReplicaSet", "api-2")), new),
        ]
        .concat(),
    );
    let report = hunt(plane.admin(), &namespace, &[]).json();
    assert_eq!(
        credentials(&report),
        [
            "password env-value Deployment/api spec.template.spec.containers[0].env[0].value",
            "password env-value ReplicaSet/api-1 spec.template.spec.containers[0].env[0].value",
        ]
    );
    let all = report["findings"].as_array().unwrap();
    let note = all.iter().find(|finding| finding["rule"] == "password").unwrap()["notes"][0].as_str().unwrap();
    let of = namespace.name();
    assert_eq!(note, format!("also in what it made: Pod {of}/api-2-a, Pod {of}/api-2-b, ReplicaSet {of}/api-2"));
    // What is no credential is told once too, but for the old template, which has its own container.
    let automount = all.iter().filter(|finding| finding["rule"] == "service-account-token-automount");
    let kinds: Vec<_> = automount.map(|finding| &finding["location"]["object"]["kind"]).collect();
    assert_eq!(kinds, ["Deployment"]);
}

/// Rule, severity, object and message of the findings about Secrets that are unused or missing.
fn loose_ends(report: &Value) -> Vec<String> {
    let all = report["findings"].as_array().unwrap().iter();
    let all = all.filter(|finding| ["unused-secret", "missing-secret"].contains(&finding["rule"].as_str().unwrap()));
    all.map(|finding| {
        let object = &finding["location"]["object"];
        let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let [severity, kind, name, field, message] =
            [&finding["severity"], &object["kind"], &object["name"], &object["field"], &finding["message"]].map(word);
        format!("{severity} {kind}/{name} {field}: {}", message.split("; it was created").next().unwrap())
    })
    .collect()
}

#[test]
fn secrets_that_nothing_uses_and_references_to_nothing() {
    // A server of its own: what other tests do to one must not count.
    let Some(plane) = ControlPlane::start(&[]) else { return };
    let namespace = plane.namespace("loose");
    namespace.apply(
        r#"
apiVersion: v1
kind: Secret
metadata: {name: db}
stringData: {password: Tr4verse-Quill-88}
---
apiVersion: v1
kind: Secret
metadata: {name: forgotten, labels: {app: web}}
stringData: {password: F0rgotten-Quill-89}
---
apiVersion: v1
kind: Secret
metadata: {name: web-tls}
stringData: {key: none}
---
apiVersion: v1
kind: Secret
metadata: {name: grafana, labels: {grafana_datasource: "1"}}
stringData: {key: none}
---
apiVersion: v1
kind: Secret
metadata: {name: kept, annotations: {ksecrets.dev/ignore: unused-secret}}
stringData: {key: none}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: forgotten}
spec:
  defaultBackend: {service: {name: forgotten, port: {number: 80}}}
  tls: [{hosts: [web.example.com], secretName: web-tls}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: forgotten}
spec:
  selector: {matchLabels: {app: forgotten}}
  template:
    metadata: {labels: {app: forgotten}}
    spec:
      containers:
      - name: forgotten
        image: forgotten:1
        env:
        - {name: A, valueFrom: {secretKeyRef: {name: db, key: password}}}
        - {name: B, valueFrom: {secretKeyRef: {name: db, key: passwort}}}
        - {name: C, valueFrom: {secretKeyRef: {name: gone, key: a}}}
        - {name: D, valueFrom: {secretKeyRef: {name: gone, key: b}}}
        - {name: E, valueFrom: {secretKeyRef: {name: perhaps, key: b, optional: true}}}
"#,
    );
    let of = namespace.name();
    let whole = ksecrets()
        .env("KUBECONFIG", plane.admin().kubeconfig().to_str().unwrap())
        .args(["hunt", "--cluster", "--format", "json"])
        .run();
    let missing = [
        format!(
            "low Deployment/forgotten spec.template.spec.containers[0].env[1].valueFrom.secretKeyRef.name: Secret {of}/db has no key passwort"
        ),
        format!(
            "low Deployment/forgotten spec.template.spec.containers[0].env[2].valueFrom.secretKeyRef.name: there is no Secret {of}/gone"
        ),
    ];
    let unused = format!("Secret/forgotten : nothing in the cluster refers to Secret {of}/forgotten");
    assert_eq!(
        loose_ends(&whole.json()),
        [missing[0].clone(), missing[1].clone(), format!("low {unused}")],
        "{}",
        whole.stderr
    );
    // Of one namespace others may make use; and with names alone no key is missing.
    let part = hunt(plane.admin(), &namespace, &["--metadata-only"]);
    assert_eq!(loose_ends(&part.json()), [missing[1].clone(), format!("info {unused}")]);
    // From a few kinds nothing follows.
    let few = hunt(plane.admin(), &namespace, &["--kinds", "Secret"]);
    assert_eq!(loose_ends(&few.json()), [""; 0]);
}

#[test]
fn a_namespace_that_does_not_exist_is_told() {
    let Some(plane) = ControlPlane::shared() else { return };
    let run = ksecrets()
        .env("KUBECONFIG", plane.admin().kubeconfig().to_str().unwrap())
        .args(["hunt", "--cluster", "-n", "nowhere", "--kinds", "configmaps", "--color", "never"])
        .run();
    assert!(run.stdout.contains("namespace nowhere: does not exist"), "{}", run.stdout);
    assert!(run.stdout.contains("Nothing found in 0 objects"), "{}", run.stdout);
    assert_eq!(run.status, Some(2), "nothing was read");
}

#[test]
fn a_namespace_full_of_unused_secrets_is_cut_short() {
    let Some(plane) = ControlPlane::shared() else { return };
    let namespace = plane.namespace("many");
    let secret = |number: usize| format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s{number:03}}}\n---\n");
    namespace.apply(&(0..60).map(secret).collect::<String>());
    let report = hunt(plane.admin(), &namespace, &["--select", "unused-secret"]).json();
    assert_eq!(report["summary"]["findings"], 50);
    assert_eq!(report["skipped"][0]["reason"], "10 more Secrets that nothing refers to are not listed");
}

#[test]
fn who_looks_on_makes_the_weight() {
    // A server of its own, as one role of it is changed.
    let Some(plane) = ControlPlane::start(&[]) else { return };
    let namespace = plane.namespace("seen");
    namespace.apply(SHOP);
    namespace.apply(DATABASE);
    let severities = || {
        let report = hunt(plane.admin(), &namespace, &[]).json();
        let all = report["findings"].as_array().unwrap().iter().filter(|finding| finding["class"] == "credential");
        all.map(|finding| {
            let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            let notes = finding["notes"].as_array().into_iter().flatten().map(word).collect::<Vec<_>>().join("; ");
            format!("{} {}: {notes}", word(&finding["location"]["object"]["kind"]), word(&finding["severity"]))
        })
        .collect::<Vec<_>>()
        .join("\n")
    };
    // Nobody but the system's masters, and the role `view` waits for its controller.
    insta::assert_snapshot!(severities(), @"
    Deployment high: 
    Database high: 
    ConfigMap high:
    ");
    // What the controller would write.
    let rule = json!({"verbs": ["list"], "apiGroups": ["", "apps"], "resources": ["configmaps", "deployments"]});
    let answer = plane.admin().put(
        "/apis/rbac.authorization.k8s.io/v1/clusterroles/view",
        &json!({"metadata": {"name": "view"}, "rules": [rule]}),
    );
    assert_eq!(answer.status, 200, "{answer:?}");
    insta::assert_snapshot!(severities(), @"
    Deployment high: 
    Database medium: who may read this may read the Secrets beside it
    ConfigMap high:
    ");
    namespace.apply(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: viewers}\n\
         roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}\nsubjects:\n\
         - {apiGroup: rbac.authorization.k8s.io, kind: User, name: jane}\n\
         - {apiGroup: rbac.authorization.k8s.io, kind: Group, name: 'system:authenticated'}\n",
    );
    insta::assert_snapshot!(severities(), @"
    Deployment critical: also readable without any right to Secrets: Group system:authenticated, User jane
    Database medium: who may read this may read the Secrets beside it
    ConfigMap critical: also readable without any right to Secrets: Group system:authenticated, User jane
    ");
    // The one thing to change is named.
    let report = hunt(plane.admin(), &namespace, &["--select", "credential-readers-everyone,password,token"]).json();
    let all = report["findings"].as_array().unwrap().iter();
    let open: Vec<_> = all.filter(|finding| finding["rule"] == "credential-readers-everyone").collect();
    assert_eq!(open.len(), 1);
    let expected = "lets Group system:authenticated read 2 objects in which credentials were found";
    assert_eq!(open[0]["message"], format!("RoleBinding {}/viewers {expected}", namespace.name()));
}

#[test]
fn custom_resources_are_found_by_discovery() {
    let Some(plane) = ControlPlane::shared() else { return };
    let namespace = plane.namespace("custom");
    namespace.apply(DATABASE);
    let run = hunt(plane.admin(), &namespace, &["--kinds", "databases.shop.example.com"]);
    assert_eq!(credentials(&run.json()), ["password object-field Database/orders spec.adminPassword"]);
    let run = hunt(plane.admin(), &namespace, &["--skip-kinds", "Database"]);
    assert_eq!(credentials(&run.json()), [""; 0]);
}

#[test]
fn what_may_not_be_read_is_told_with_the_missing_right() {
    let Some(plane) = ControlPlane::shared() else { return };
    let namespace = plane.namespace("rights");
    namespace.apply(SHOP);
    let user = plane.user("config-reader", &[]);
    namespace.grant(&user, &["list"], "configmaps");
    let run = hunt(&user, &namespace, &["--kinds", "configmaps,secrets"]);
    let report = run.json();
    assert_eq!(credentials(&report).len(), 1);
    let skipped = report["skipped"][0]["reason"].as_str().unwrap();
    assert_eq!(
        skipped,
        format!("forbidden: needs the verb list on secrets of the API group \"\", in namespace {}", namespace.name())
    );
}

#[test]
fn nobody_without_any_right_gets_a_clean_report() {
    let Some(plane) = ControlPlane::shared() else { return };
    let namespace = plane.namespace("stranger");
    let run = hunt(&plane.user("stranger", &[]), &namespace, &["--kinds", "configmaps,secrets"]);
    assert_eq!(run.status, Some(2));
    assert_eq!(run.json()["skipped"].as_array().unwrap().len(), 2);
}

#[test]
fn metadata_alone_shows_no_values_and_says_so() {
    let Some(plane) = ControlPlane::shared() else { return };
    let namespace = plane.namespace("metadata");
    namespace.apply(SHOP);
    let run = hunt(plane.admin(), &namespace, &["--kinds", "secrets", "--metadata-only"]);
    let report = run.json();
    insta::assert_snapshot!(credentials(&report).join("\n"), @"");
    assert!(run.stdout.contains("values were not compared"));
}

#[test]
fn pages_go_on_to_the_end() {
    let Some(plane) = ControlPlane::shared() else { return };
    let namespace = plane.namespace("pages");
    for number in 0..230 {
        let body = serde_json::json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("c{number}")},
            "data": {"DB_PASSWORD": format!("Quiet-H3ron-{number}")},
        });
        assert_eq!(plane.admin().post(&namespace.path("configmaps"), &body).status, 201);
    }
    let run = hunt(plane.admin(), &namespace, &["--kinds", "configmaps"]);
    assert_eq!(credentials(&run.json()).len(), 230);
}

#[test]
fn the_needed_rights_are_printed() {
    let Some(plane) = ControlPlane::shared() else { return };
    let kubeconfig = plane.admin().kubeconfig().to_str().unwrap();
    let arguments = ["hunt", "--cluster", "--print-rbac", "--kinds", "secrets,configmaps,deployments"];
    let run = ksecrets().env("KUBECONFIG", kubeconfig).args(arguments).run();
    insta::assert_snapshot!(run.stdout, @r#"
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata:
      name: ksecrets-hunt
    rules:
    - apiGroups: [""]
      resources: [configmaps, secrets]
      verbs: [list]
    - apiGroups: ["apps"]
      resources: [deployments]
      verbs: [list]
    "#);
    assert_eq!(run.status, Some(0));
}

#[test]
fn no_cluster_is_a_clear_sentence() {
    let run = |kubeconfig: &str, more: &[&str]| {
        let run = ksecrets().env("KUBECONFIG", kubeconfig).args(["hunt", "--cluster"]).args(more.iter().copied()).run();
        assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""));
        run.stderr
    };
    insta::assert_snapshot!(run("/nowhere/kubeconfig", &[]), @"ksecrets: no cluster to read: cannot read /nowhere/kubeconfig: entity not found; is KUBECONFIG or --context right?");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    let text = r#"{"apiVersion":"v1","kind":"Config","current-context":"a",
        "clusters":[{"name":"a","cluster":{"server":"https://127.0.0.1:9"}}],
        "users":[{"name":"a","user":{"token":"made-up"}}],"contexts":[{"name":"a","context":{"cluster":"a","user":"a"}}]}"#;
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    insta::assert_snapshot!(run(file, &["--context", "b"]), @"ksecrets: no cluster to read: the kubeconfig has no context 'b'; is KUBECONFIG or --context right?");
    insta::assert_snapshot!(run(file, &[]), @"ksecrets: cannot reach the cluster a: client error (Connect): tcp connect error: Connection refused (os error 111)");
}

#[test]
fn a_wrong_token_is_told_from_a_wrong_server() {
    let Some(plane) = ControlPlane::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    let admin = std::fs::read_to_string(plane.admin().kubeconfig()).unwrap();
    let mut config: Value = serde_json::from_str(&admin).unwrap();
    config["users"][0]["user"] = serde_json::json!({"token": "made-up"});
    std::fs::write(&file, config.to_string()).unwrap();
    let run = ksecrets().env("KUBECONFIG", file.to_str().unwrap()).args(["hunt", "--cluster"]).run();
    assert_eq!(run.status, Some(2));
    insta::assert_snapshot!(run.stderr, @"ksecrets: the cluster test does not accept these credentials: they are wrong or expired");
    config["clusters"][0]["cluster"].as_object_mut().unwrap().remove("certificate-authority-data");
    std::fs::write(&file, config.to_string()).unwrap();
    let run = ksecrets().env("KUBECONFIG", file.to_str().unwrap()).args(["hunt", "--cluster"]).run();
    assert!(
        run.stderr.contains("cannot reach the cluster test") && run.stderr.contains("ertificate"),
        "{}",
        run.stderr
    );
}

/// A team that may run pods, and a robot that may list Secrets.
fn rights(namespace: &str) -> String {
    format!(
        r#"
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {{name: deploy}}
rules: [{{apiGroups: [""], resources: [pods], verbs: [create]}}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: team}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: deploy}}
subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: Group, name: team-{namespace}}}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {{name: read}}
rules: [{{apiGroups: [""], resources: [secrets], verbs: [list, deletecollection]}}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: robot}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: read}}
subjects: [{{kind: ServiceAccount, name: robot, namespace: {namespace}}}]
"#
    )
}

#[test]
fn bindings_of_the_cluster_count_in_one_namespace() {
    let Some(plane) = ControlPlane::start(&[]) else { return };
    let namespace = plane.namespace("wide");
    namespace.apply(SHOP);
    namespace.apply(
        r#"
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: everybody}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:authenticated"}]
"#,
    );
    let report = hunt(plane.admin(), &namespace, &["--readers"]).json();
    let readers = report["access"][0]["readers"].as_array().unwrap();
    let direct = readers.iter().find(|reader| reader["direct"] == true).unwrap();
    assert_eq!(direct["subject"]["name"], "system:authenticated");
    let rules = report["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap());
    assert!(rules.clone().any(|rule| rule == "secret-readers-everyone"), "{:?}", rules.collect::<Vec<_>>());
}

#[test]
fn readers_of_a_live_secret_are_told() {
    let Some(plane) = ControlPlane::shared() else { return };
    let namespace = plane.namespace("readers");
    namespace.apply(SHOP);
    namespace.apply(&rights(namespace.name()));
    let run = hunt(plane.admin(), &namespace, &["--readers", "--kinds", "secrets,roles,rolebindings,pods"]);
    let report = run.json();
    let access = report["access"].as_array().unwrap();
    assert_eq!(access.len(), 1);
    let readers: Vec<String> = access[0]["readers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reader| format!("{} {} {}", reader["subject"]["name"], reader["verbs"], reader["path"]))
        .collect();
    let team = format!(r#""team-{}" [] "create-pods""#, namespace.name());
    assert_eq!(readers, [team, r#""robot" ["list","deletecollection"] null"#.to_owned()]);
    let found: Vec<&str> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["class"] == "access")
        .map(|finding| finding["rule"].as_str().unwrap())
        .collect();
    assert_eq!(found, ["secret-read-namespace-wide", "indirect-secret-access"]);
}

/// Copies of the password of SHOP's Secret: in a connection string, in an argument, in an annotation of a custom kind,
/// in another Secret of the same namespace, and a text that only looks like it.
const COPIES: &str = r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data:
  notes.txt: "see the runbook; connect with Tr4verse-Quill-88 as shop"
  other.txt: "Tr4verse-Quill-89 is not it"
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: api-old}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers: [{name: api, image: "api:1.3", args: ["--note=Tr4verse-Quill-88"]}]
---
apiVersion: v1
kind: Secret
metadata: {name: again}
stringData: {whatever: Tr4verse-Quill-88}
"#;

#[test]
fn values_of_live_secrets_are_recognised_elsewhere() {
    let Some(plane) = ControlPlane::shared() else { return };
    let namespace = plane.namespace("copies");
    namespace.apply(SHOP);
    namespace.apply(COPIES);
    let run = hunt(plane.admin(), &namespace, &["--select", "live-secret-copy"]);
    let report = run.json();
    insta::assert_snapshot!(credentials(&report).join("\n"), @r#"
    live-secret-copy container-args ReplicaSet/api-old spec.template.spec.containers[0].args[0]
    live-secret-copy configmap ConfigMap/settings data["notes.txt"]
    "#);
    let finding = &report["findings"][0];
    assert_eq!(finding["confidence"], "confirmed");
    let homes: Vec<String> = finding["related"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|related| related["message"] == "the live Secret")
        .map(|related| format!("{}/{}", related["location"]["object"]["name"], related["location"]["object"]["field"]))
        .collect();
    assert_eq!(homes, [r#""again"/"data.whatever""#, r#""db"/"data.password""#]);
    assert!(!run.stdout.contains("Quill"));
}

#[test]
fn a_copy_in_another_namespace_or_in_a_file_is_told() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (one, other) = (plane.namespace("home"), plane.namespace("away"));
    one.apply(&SHOP.replace("Quill-88", "Quill-17"));
    other.apply("apiVersion: v1\nkind: Secret\nmetadata: {name: copy}\nstringData: {password: Tr4verse-Quill-17}\n");
    let namespaces = format!("{},{}", one.name(), other.name());
    let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {memo: Tr4verse-Quill-17}\n";
    let run = ksecrets()
        .input("deploy.yaml", manifest)
        .env("KUBECONFIG", plane.admin().kubeconfig().to_str().unwrap())
        .args([
            "hunt",
            "deploy.yaml",
            "--cluster",
            "-n",
            &namespaces,
            "--format",
            "json",
            "--select",
            "live-secret-copy",
        ])
        .run();
    let report = run.json();
    let places: Vec<String> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| format!("{} {}", finding["location"]["path"], finding["location"]["object"]["name"]))
        .collect();
    assert_eq!(places, [r#"null "db""#, r#""deploy.yaml" "c""#], "of two Secrets the first by name is at home");
}

/// Binds somebody to the role that [`rights`] gives the robot.
fn one_more(subject: &str) -> String {
    format!(
        r#"
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: one-more}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: read}}
subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: User, name: {subject}}}]
"#
    )
}

#[test]
fn one_more_reader_of_a_live_secret_is_all_that_is_told() {
    // Its own, for others bind roles of the whole cluster meanwhile.
    let Some(plane) = ControlPlane::start(&[]) else { return };
    let namespace = plane.namespace("before");
    namespace.apply(SHOP);
    namespace.apply(&rights(namespace.name()));
    let select = ["--select", "too-many-readers,new-secret-reader"];
    let before = hunt(plane.admin(), &namespace, &["--readers", "--select", "too-many-readers"]);
    namespace.apply(&one_more("jane"));

    let since = |more: &[&str]| {
        ksecrets()
            .env("KUBECONFIG", plane.admin().kubeconfig().to_str().unwrap())
            .input("before.json", &before.stdout)
            .args(["hunt", "--cluster", "-n", namespace.name()])
            .args(select.into_iter().chain(more.iter().copied()))
            .run()
    };
    let run = since(&["--readers-before", "before.json", "--format", "json"]);
    let report = run.json();
    let findings = report["findings"].as_array().unwrap();
    assert_eq!((findings.len(), run.status), (1, Some(1)), "{}{}", run.stdout, run.stderr);
    let expected = format!("this change lets 1 more subject read Secret {}/db: User jane", namespace.name());
    assert_eq!(findings[0]["message"], *expected);
    assert_eq!(findings[0]["location"]["object"]["kind"], "Secret");
    assert!(findings[0]["location"]["path"].is_null());
    // Team, robot and jane: what every cluster gives its own controllers is not counted.
    let limited = |most| {
        let report = since(&["--max-readers", most, "--format", "json"]).json();
        report["findings"].as_array().unwrap().iter().map(|finding| finding["message"].to_string()).collect::<String>()
    };
    assert_eq!(limited("3"), "");
    assert!(limited("2").starts_with("\"3 subjects can read Secret "), "{}", limited("2"));
    let text = since(&["--readers-before", "before.json"]).stdout;
    assert!(text.contains("User jane: list and deletecollection, through RoleBinding"), "{text}");
}

/// The job of `deploy/`, with its own account, rights and arguments; only the pod is missing, as there are no nodes.
#[test]
fn the_scheduled_job_may_read_all_that_it_asks_for() {
    let Some(plane) = ControlPlane::start(&[]) else { return };
    let manifest = include_str!("../deploy/cronjob.yaml");
    plane.namespace("job").apply(manifest);
    let documents = serde_yaml::Deserializer::from_str(manifest);
    let objects: Vec<Value> = documents.map(|document| serde::Deserialize::deserialize(document).unwrap()).collect();
    let job = objects.iter().find(|object| object["kind"] == "CronJob").unwrap();
    let pod = &job["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    let arguments = pod["containers"][0]["args"].as_array().unwrap().iter().map(|word| word.as_str().unwrap());

    let account =
        format!("/api/v1/namespaces/ksecrets/serviceaccounts/{}/token", pod["serviceAccountName"].as_str().unwrap());
    let answer = plane.admin().post(&account, &json!({}));
    let token = answer.body["status"]["token"].as_str().unwrap();
    let identity = plane.bearer("ksecrets", token);
    let run = ksecrets().env("KUBECONFIG", identity.kubeconfig().to_str().unwrap()).args(arguments).run();
    let report = run.json();
    assert_eq!(report["skipped"], json!([]), "{}", run.stderr);
    assert!(report["summary"]["objects"].as_u64().unwrap() > 50);
    // The account may read every Secret, which the manifest says itself; nothing else is odd about it.
    let of_job = |finding: &&Value| {
        let object = &finding["location"]["object"];
        object["namespace"] == "ksecrets" || object["name"] == "ksecrets-hunt"
    };
    let odd: Vec<_> = report["findings"].as_array().unwrap().iter().filter(of_job).collect();
    assert!(odd.is_empty(), "{odd:?}");
}
