//! Readers of Secrets, held against a limit and against a report that was saved before.

use crate::binary::{Ksecrets, Outcome, ksecrets};

/// Secrets of two namespaces.
const SECRETS: &str = "\
apiVersion: v1
kind: Secret
metadata: {name: api, namespace: prod}
---
apiVersion: v1
kind: Secret
metadata: {name: db, namespace: prod}
---
apiVersion: v1
kind: Secret
metadata: {name: db, namespace: dev}
";

/// A role in prod that gives a right, and a binding of it to users.
fn grant(name: &str, resource: &str, users: &[&str]) -> String {
    let users: Vec<_> = users.iter().map(|user| format!("{{kind: User, name: {user}}}")).collect();
    format!(
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: {name}, namespace: prod}}\n\
         rules: [{{apiGroups: [''], resources: [{resource}], verbs: [get, create]}}]\n\
         ---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\n\
         metadata: {{name: {name}, namespace: prod}}\nroleRef: {{kind: Role, name: {name}}}\n\
         subjects: [{}]\n",
        users.join(", ")
    )
}

/// Two who read, and one who may enter pods.
fn rights() -> String {
    grant("read", "secrets", &["ann", "bob"]) + &grant("enter", "pods/exec", &["cid"])
}

fn hunt(secrets: &str, rights: &str) -> Ksecrets {
    let select = ["hunt", "--select", "too-many-readers,new-secret-reader"];
    ksecrets().input("secrets.yaml", secrets).input("rbac.yaml", rights).args(select)
}

/// Rule, severity and message of each finding.
fn said(run: &Outcome) -> Vec<String> {
    let word = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let report = run.json();
    let findings = report["findings"].as_array().unwrap().iter();
    findings.map(|one| [&one["rule"], &one["severity"], &one["message"]].map(word).join(" ")).collect()
}

/// The report of some rights, saved.
fn saved(rights: &str) -> String {
    let run = hunt(SECRETS, rights).args(["--readers", "--format", "json"]).run();
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    run.stdout
}

fn since(report: &str, secrets: &str, rights: &str, more: &[&str]) -> Outcome {
    let run = hunt(secrets, rights).input("before.json", report).args(["--readers-before", "before.json"]);
    run.args(more.iter().copied()).run()
}

#[test]
fn a_secret_with_too_many_readers_is_told_with_their_names() {
    insta::assert_snapshot!(hunt(SECRETS, &rights()).args(["--max-readers", "2"]).run(), @"
    secrets.yaml

    medium[too-many-readers]: Secret with more readers than allowed (confidence: high)
      --> secrets.yaml:1:1
       = Secret prod/api
       = 3 subjects can read Secret prod/api, 2 are allowed
       = note: User ann: get, through RoleBinding prod/read of Role prod/read
       = note: User bob: get, through RoleBinding prod/read of Role prod/read
       = note: User cid: exec and exec-by-get, through RoleBinding prod/enter of Role prod/enter
       = fix: Take rights away until the number fits: ksecrets hunt --readers=NAMESPACE/NAME names
              every reader with its bindings. If all of them are needed, raise the limit for this
              Secret.

    medium[too-many-readers]: Secret with more readers than allowed (confidence: high)
      --> secrets.yaml:5:1
       = Secret prod/db
       = 3 subjects can read Secret prod/db, 2 are allowed
       = note: User ann: get, through RoleBinding prod/read of Role prod/read
       = note: User bob: get, through RoleBinding prod/read of Role prod/read
       = note: User cid: exec and exec-by-get, through RoleBinding prod/enter of Role prod/enter
       = fix: as above

    2 findings (2 medium) in 2 files, 7 objects, 916 B; @@TIME@@
    --- exit 1
    ");
    assert_eq!(hunt(SECRETS, &rights()).args(["--max-readers", "3"]).run().status, Some(0));
}

#[test]
fn the_most_exact_limit_of_the_configuration_counts() {
    let hunt = |limits: &str| {
        let config = format!("hunt:\n  max-readers:\n{limits}");
        hunt(SECRETS, &rights()).input(".ksecrets.yaml", config).args(["--format", "json"])
    };
    let said_of = |limits: &str, flags: &[&str]| said(&hunt(limits).args(flags.iter().copied()).run()).join("\n");
    insta::assert_snapshot!(said_of("    '*': 9\n    prod: 2\n    prod/db: 3\n", &[]), @"too-many-readers medium 3 subjects can read Secret prod/api, 2 are allowed");
    assert_eq!(said_of("    '*': 2\n    prod: 3\n", &[]), "");
    insta::assert_snapshot!(said_of("    '*': 9\n    prod/db: 1\n", &["--max-readers", "2"]), @"
    too-many-readers medium 3 subjects can read Secret prod/api, 2 are allowed
    too-many-readers medium 3 subjects can read Secret prod/db, 1 is allowed
    ");
    assert_eq!(said_of("    prod: 2\n", &["--min-confidence", "confirmed"]), "");
    let run = hunt("    prod/dbb: 2\n    'prd': 1\n").args(["--strict"]).run();
    assert_eq!(run.status, Some(0));
    insta::assert_snapshot!(run.json()["skipped"], @r#"[{"place":".ksecrets.yaml:3","reason":"max-readers names Secret prod/dbb, which was not seen"},{"place":".ksecrets.yaml:4","reason":"max-readers names namespace prd, where no Secret was seen"}]"#);
}

#[test]
fn a_wrong_limit_is_refused_with_its_line() {
    let wrong = |limits: &str| {
        let config = format!("hunt:\n  max-readers: {limits}\n");
        hunt(SECRETS, "").input(".ksecrets.yaml", config).run()
    };
    insta::assert_snapshot!(wrong("{prod-*: 2}"), @"
    --- stderr
    ksecrets: .ksecrets.yaml:2: hunt.max-readers: 'prod-*' is not '*', a namespace, or a Secret such as prod/db
    --- exit 2
    ");
    insta::assert_snapshot!(wrong("\n    prod/: 2"), @"
    --- stderr
    ksecrets: .ksecrets.yaml:3: hunt.max-readers: 'prod/' is not '*', a namespace, or a Secret such as prod/db
    --- exit 2
    ");
    insta::assert_snapshot!(wrong("\n    prod: 2\n    prod/db: -1"), @"
    --- stderr
    ksecrets: .ksecrets.yaml:4: hunt.max-readers.prod/db: invalid type: integer `-1`, expected usize
    --- exit 2
    ");
    insta::assert_snapshot!(wrong("10"), @"
    --- stderr
    ksecrets: .ksecrets.yaml:2: hunt.max-readers: invalid type: integer `10`, expected a map
    --- exit 2
    ");
}

#[test]
fn a_comment_or_an_annotation_at_the_secret_silences() {
    let silenced = |rule: &str| {
        let comment = format!("---\n# ksecrets:ignore[{rule}] shared on purpose\napiVersion");
        let annotation = format!("{{name: api, annotations: {{ksecrets.dev/ignore: {rule}}}, ");
        SECRETS.replace("---\napiVersion", &comment).replace("{name: api, ", &annotation)
    };
    let run = hunt(&silenced("too-many-readers"), &rights()).args(["--max-readers", "2", "--format", "json"]).run();
    assert_eq!((said(&run), run.json()["summary"]["suppressed"].as_u64()), (Vec::new(), Some(2)));
    let more = rights() + &grant("more", "secrets", &["dan"]);
    let run = since(&saved(&rights()), &silenced("new-secret-reader"), &more, &["--format", "json"]);
    assert_eq!((said(&run), run.json()["summary"]["suppressed"].as_u64()), (Vec::new(), Some(2)));
    let run = since(&saved(&rights()), &silenced("too-many-readers"), &more, &["--format", "json"]);
    assert_eq!(said(&run).len(), 2);
}

#[test]
fn who_could_not_read_before_is_told() {
    let more = rights() + &grant("more", "secrets", &["cid", "dan", "eve"]) + &grant("run", "pods", &["flo"]);
    insta::assert_snapshot!(since(&saved(&rights()), SECRETS, &more, &[]), @"
    secrets.yaml

    medium[new-secret-reader]: Secret that more can read than before (confidence: high)
      --> secrets.yaml:1:1
       = Secret prod/api
       = this change lets 3 more subjects read Secret prod/api: User dan, User eve and User flo
       = note: User dan: get, through RoleBinding prod/more of Role prod/more
       = note: User eve: get, through RoleBinding prod/more of Role prod/more
       = note: User flo: create-pods, through RoleBinding prod/run of Role prod/run
       = fix: Take the right back where it was not meant. Where it was, save a new report to compare
              with.

    medium[new-secret-reader]: Secret that more can read than before (confidence: high)
      --> secrets.yaml:5:1
       = Secret prod/db
       = this change lets 3 more subjects read Secret prod/db: User dan, User eve and User flo
       = note: User dan: get, through RoleBinding prod/more of Role prod/more
       = note: User eve: get, through RoleBinding prod/more of Role prod/more
       = note: User flo: create-pods, through RoleBinding prod/run of Role prod/run
       = fix: as above

    2 findings (2 medium) in 3 files, 11 objects, 7.0 kB; @@TIME@@
    --- exit 1
    ");
}

#[test]
fn what_lets_nobody_else_read_is_no_difference() {
    let before = saved(&rights());
    assert_eq!(since(&before, SECRETS, &rights(), &[]).status, Some(0));
    let fewer = grant("other", "secrets", &["ann", "cid"]);
    assert_eq!(since(&before, SECRETS, &fewer, &[]).status, Some(0));
}

#[test]
fn the_first_binding_of_all_counts() {
    let run = since(&saved(""), SECRETS, &rights(), &["--format", "json"]);
    insta::assert_snapshot!(said(&run).join("\n"), @"
    new-secret-reader medium this change lets 3 more subjects read Secret prod/api: User ann, User bob and User cid
    new-secret-reader medium this change lets 3 more subjects read Secret prod/db: User ann, User bob and User cid
    ");
}

#[test]
fn the_crowd_is_told_as_high() {
    let crowd = rights()
        + &grant("all", "secrets", &[])
            .replace("subjects: []", "subjects: [{kind: Group, name: 'system:authenticated'}]");
    let run = since(&saved(&rights()), SECRETS, &crowd, &["--format", "json"]);
    insta::assert_snapshot!(said(&run).join("\n"), @"
    new-secret-reader high this change lets 1 more subject read Secret prod/api: Group system:authenticated
    new-secret-reader high this change lets 1 more subject read Secret prod/db: Group system:authenticated
    ");
}

#[test]
fn a_secret_that_the_report_does_not_have_is_not_compared() {
    let new = SECRETS.replace("name: db, namespace: prod", "name: cache, namespace: prod");
    let run = since(&saved(""), &new, &rights(), &["--format", "json"]);
    insta::assert_snapshot!(said(&run).join("\n"), @"new-secret-reader medium this change lets 3 more subjects read Secret prod/api: User ann, User bob and User cid");
    insta::assert_snapshot!(run.json()["skipped"], @r#"[{"place":"before.json","reason":"does not have Secret prod/cache: its readers were not compared"}]"#);
}

#[test]
fn a_report_in_json_lines_does_too() {
    let lines =
        hunt(SECRETS, &rights()).args(["--readers", "--format", "jsonl", "--select", "secret-read-namespace-wide"]);
    let more = rights() + &grant("more", "secrets", &["dan"]);
    let run = since(&lines.run().stdout, SECRETS, &more, &["--format", "json"]);
    assert_eq!(said(&run).len(), 2);
}

#[test]
fn a_report_that_cannot_be_compared_is_refused_with_what_to_do() {
    let none = hunt(SECRETS, &rights()).args(["--format", "json"]).run().stdout;
    insta::assert_snapshot!(since(&none, SECRETS, "", &[]), @"
    --- stderr
    ksecrets: before.json: this report does not say who reads Secrets: save it with `ksecrets hunt --readers --format json`
    --- exit 2
    ");
    insta::assert_snapshot!(since("{\"schema\": \"ksecrets.report/v9\"}", SECRETS, "", &[]), @"
    --- stderr
    ksecrets: before.json: this report is of the schema ksecrets.report/v9, not ksecrets.report/v1: save it anew with this ksecrets
    --- exit 2
    ");
    insta::assert_snapshot!(since("Nothing found\n", SECRETS, "", &[]), @"
    --- stderr
    ksecrets: before.json: this is no report of ksecrets: save one with `ksecrets hunt --readers --format json`: expected value at line 1 column 1
    --- exit 2
    ");
    insta::assert_snapshot!(hunt(SECRETS, "").args(["--readers-before", "nowhere.json"]).run(), @"
    --- stderr
    ksecrets: cannot read the report nowhere.json: No such file or directory (os error 2)
    --- exit 2
    ");
}
