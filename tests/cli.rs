//! The command line, as its users meet it.

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::Value;

use crate::binary::{Ksecrets, Outcome, ksecrets, wait};
use crate::corpus::{root, unmarked};

/// A high finding: the password of a Deployment.
const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
  namespace: prod
spec:
  template:
    spec:
      containers:
        - name: api
          image: api:1.4
          env:
            - name: DB_PASSWORD
              value: Tr4verse-Quill-88
";

/// A medium finding: a password that is hardly one.
const CONFIGMAP: &str = "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
data:
  DB_PASSWORD: hunter2
";

/// A low finding: a Secret that is handed over in the environment.
const POD: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  automountServiceAccountToken: false
  containers:
    - name: web
      image: web:1
      env:
        - name: DB_PASSWORD
          valueFrom:
            secretKeyRef: {name: db, key: password}
";

/// A critical finding: a GitHub token, made up, with a checksum that holds. In two parts, so that no other scanner
/// minds this file.
fn critical() -> String {
    format!("token: {}\n", github_token())
}

fn github_token() -> String {
    format!("ghp{}", "_RYMvqnqzCTPZEclzYtBC2xyhEqOjQ71Vewx3")
}

/// A hunt over a file with one high finding.
fn hunt() -> Ksecrets {
    ksecrets().input("api.yaml", DEPLOYMENT).args(["hunt"])
}

fn hunt_in(format: &str) -> Outcome {
    hunt().args(["--format", format]).run()
}

/// The rules of the findings, in the order of the report.
fn rules(run: &Outcome) -> Vec<String> {
    let report = run.json();
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
}

/// Rules found, by the options given.
fn found(hunt: Ksecrets, options: &[&str]) -> Vec<String> {
    rules(&hunt.args(["--format", "json"]).args(options.iter().copied()).run())
}

#[test]
fn a_finding_as_text() {
    insta::assert_snapshot!(hunt().run(), @"
    api.yaml

    high[password]: password in a plain environment variable (confidence: high)
       --> api.yaml:14:22
        |
     14 | value: Tr4…
        |        ^^^^ Tr4… (17 characters)
        |
        = Deployment prod/api  spec.template.spec.containers[0].env[0].value
        = DB_PASSWORD holds a literal value in container api
        = fix: Change the password, keep it in a Secret that is sealed or fetched from a vault, and
               refer to it.

    1 finding (1 high) in 1 file, 1 object, 254 B; @@TIME@@
    --- exit 1
    ");
}

#[test]
fn a_configuration_among_the_files_of_cloud_init() {
    let config = "\
kind: Secret
apiVersion: v1
metadata: {name: control-plane, namespace: machines}
stringData:
  userData: |
    #cloud-config
    write_files:
    - path: /etc/kubernetes/enc.yaml
      content: |
        apiVersion: apiserver.config.k8s.io/v1
        kind: EncryptionConfiguration
        resources:
        - resources: [secrets]
          providers:
          - identity: {}
";
    insta::assert_snapshot!(ksecrets().input("machine.yaml", config).args(["hunt"]).run(), @"
    machine.yaml

    high[encryption-identity-first]: Secrets written as plaintext (confidence: high)
       --> machine.yaml:15:13
        |
     15 | - identity: {}
        |   ^^^^^^^^
        |
        = Secret machines/control-plane  stringData.userData
        = identity is the first provider for secrets: they are written as plaintext
        = fix: Put the provider that encrypts first, restart every API server, and rewrite all Secrets.

    1 finding (1 high) in 1 file, 1 object, 377 B; @@TIME@@
    --- exit 1
    ");
}

#[test]
fn a_finding_as_json_can_be_piped_and_parsed() {
    let run = hunt_in("json");
    let report = run.json();
    assert_eq!(report["schema"], "ksecrets.report/v1");
    assert_eq!(report["findings"][0]["location"]["line"], 14);
    assert_eq!(report["summary"]["bySeverity"]["high"], 1);
    insta::assert_snapshot!(run, @r#"
    {
      "schema": "ksecrets.report/v1",
      "tool": {
        "name": "ksecrets",
        "version": "0.1.0"
      },
      "targets": [
        {
          "kind": "path",
          "name": "."
        }
      ],
      "summary": {
        "findings": 1,
        "bySeverity": {
          "critical": 0,
          "high": 1,
          "medium": 0,
          "low": 0,
          "info": 0
        },
        "files": 1,
        "bytes": 254,
        "objects": 1,
        "binaries": 0,
        "skipped": 0,
        "suppressed": 0,
        "durationMs": @@TIME@@
      },
      "findings": [
        {
          "rule": "password",
          "class": "credential",
          "exposure": "env-value",
          "severity": "high",
          "confidence": "high",
          "title": "password in a plain environment variable",
          "message": "DB_PASSWORD holds a literal value in container api",
          "location": {
            "path": "api.yaml",
            "line": 14,
            "column": 22,
            "endLine": 14,
            "endColumn": 39,
            "object": {
              "apiVersion": "apps/v1",
              "kind": "Deployment",
              "namespace": "prod",
              "name": "api",
              "field": "spec.template.spec.containers[0].env[0].value"
            },
            "commit": null
          },
          "secret": {
            "redacted": "Tr4…",
            "length": 17,
            "group": 1,
            "decodedFrom": []
          },
          "fingerprint": "b251010aa14c1f94157828635fcc2231",
          "related": [],
          "remediation": "Change the password, keep it in a Secret that is sealed or fetched from a vault, and refer to it.",
          "references": [
            "https://kubernetes.io/docs/concepts/security/secrets-good-practices/"
          ]
        }
      ],
      "skipped": []
    }
    --- exit 1
    "#);
}

#[test]
fn json_lines_are_one_finding_each_and_a_trailer() {
    let run = hunt_in("jsonl");
    for line in run.stdout.lines() {
        serde_json::from_str::<Value>(line).unwrap();
    }
    insta::assert_snapshot!(run, @r#"
    {"rule":"password","class":"credential","exposure":"env-value","severity":"high","confidence":"high","title":"password in a plain environment variable","message":"DB_PASSWORD holds a literal value in container api","location":{"path":"api.yaml","line":14,"column":22,"endLine":14,"endColumn":39,"object":{"apiVersion":"apps/v1","kind":"Deployment","namespace":"prod","name":"api","field":"spec.template.spec.containers[0].env[0].value"},"commit":null},"secret":{"redacted":"Tr4…","length":17,"group":1,"decodedFrom":[]},"fingerprint":"b251010aa14c1f94157828635fcc2231","related":[],"remediation":"Change the password, keep it in a Secret that is sealed or fetched from a vault, and refer to it.","references":["https://kubernetes.io/docs/concepts/security/secrets-good-practices/"]}
    {"summary":{"findings":1,"bySeverity":{"critical":0,"high":1,"medium":0,"low":0,"info":0},"files":1,"bytes":254,"objects":1,"binaries":0,"skipped":0,"suppressed":0,"durationMs":@@TIME@@},"schema":"ksecrets.report/v1","skipped":[]}
    --- exit 1
    "#);
}

#[test]
fn a_finding_as_markdown() {
    insta::assert_snapshot!(hunt_in("markdown"), @r"
    ## ksecrets: 1 finding (1 high)

    | Severity | Rule | Where | What |
    | --- | --- | --- | --- |
    | high | `password` | `api.yaml:14:22` | password in a plain environment variable |

    ### Details

    **high: password in a plain environment variable** (`password`)

    - where: `api.yaml:14:22`, Deployment prod/api `spec.template.spec.containers[0].env[0].value`
    - DB\_PASSWORD holds a literal value in container api
    - value: Tr4… (17 characters)
    - confidence: high
    - **fix:** Change the password, keep it in a Secret that is sealed or fetched from a vault, and refer to it.

    1 finding (1 high) in 1 file, 1 object, 254 B; @@TIME@@.
    --- exit 1
    ");
}

#[test]
fn a_finding_as_sarif() {
    insta::assert_snapshot!(hunt_in("sarif"), @r#"
    {
      "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
      "version": "2.1.0",
      "runs": [
        {
          "tool": {
            "driver": {
              "name": "ksecrets",
              "informationUri": "https://github.com/ksecrets/ksecrets",
              "version": "0.1.0",
              "semanticVersion": "0.1.0",
              "rules": [
                {
                  "id": "password",
                  "name": "Password",
                  "shortDescription": {
                    "text": "password"
                  },
                  "fullDescription": {
                    "text": "A literal password: whoever can read the file can use it, and it stays in history after it is changed."
                  },
                  "help": {
                    "text": "A literal password: whoever can read the file can use it, and it stays in history after it is changed.\n\nFix: Change the password, keep it in a Secret that is sealed or fetched from a vault, and refer to it.\nhttps://kubernetes.io/docs/concepts/security/secrets-good-practices/",
                    "markdown": "A literal password: whoever can read the file can use it, and it stays in history after it is changed.\n\n**Fix:** Change the password, keep it in a Secret that is sealed or fetched from a vault, and refer to it.\n\n<https://kubernetes.io/docs/concepts/security/secrets-good-practices/>"
                  },
                  "helpUri": "https://kubernetes.io/docs/concepts/security/secrets-good-practices/",
                  "defaultConfiguration": {
                    "level": "error"
                  },
                  "properties": {
                    "tags": [
                      "security",
                      "secrets",
                      "credential"
                    ],
                    "precision": "medium",
                    "security-severity": "8.0"
                  }
                }
              ]
            }
          },
          "invocations": [
            {
              "executionSuccessful": true,
              "toolExecutionNotifications": []
            }
          ],
          "originalUriBaseIds": {
            "%SRCROOT%": {
              "description": {
                "text": "The directory in which ksecrets was started."
              }
            }
          },
          "columnKind": "unicodeCodePoints",
          "results": [
            {
              "ruleId": "password",
              "ruleIndex": 0,
              "level": "error",
              "message": {
                "text": "password in a plain environment variable: DB_PASSWORD holds a literal value in container api"
              },
              "locations": [
                {
                  "physicalLocation": {
                    "artifactLocation": {
                      "uri": "api.yaml",
                      "uriBaseId": "%SRCROOT%"
                    },
                    "region": {
                      "startLine": 14,
                      "startColumn": 22,
                      "endLine": 14,
                      "endColumn": 39
                    }
                  },
                  "logicalLocations": [
                    {
                      "name": "api",
                      "fullyQualifiedName": "Deployment/prod/api:spec.template.spec.containers[0].env[0].value",
                      "kind": "object"
                    }
                  ]
                }
              ],
              "partialFingerprints": {
                "ksecrets/v1": "b251010aa14c1f94157828635fcc2231"
              },
              "properties": {
                "severity": "high",
                "confidence": "high",
                "class": "credential",
                "exposure": "env-value"
              }
            }
          ]
        }
      ]
    }
    --- exit 1
    "#);
}

/// The schema as first published. Two patterns in it are no regexes (errata 01 mends them); we write no `language`.
fn sarif_schema() -> Value {
    let mut schema: Value = serde_json::from_str(include_str!("../fixtures/schemas/sarif-2.1.0.json")).unwrap();
    for owner in ["run", "toolComponent"] {
        schema["definitions"][owner]["properties"]["language"].as_object_mut().unwrap().remove("pattern");
    }
    schema
}

#[test]
fn sarif_of_the_whole_corpus_is_valid_against_the_published_schema() {
    let validator = jsonschema::options().should_validate_formats(true).build(&sarif_schema()).unwrap();
    let run = corpus().args(["hunt", "--format", "sarif", "--exit-zero"]).run();
    let log = run.json();
    let errors: Vec<String> =
        validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert!(log["runs"][0]["results"].as_array().unwrap().len() > 100, "else nothing was validated");
}

#[test]
fn nothing_found_is_said_in_one_line() {
    let clean = || ksecrets().input("a.yaml", "replicas: 2\n").args(["hunt"]);
    insta::assert_snapshot!(clean().run(), @"
    Nothing found in 1 file, 12 B; @@TIME@@
    --- exit 0
    ");
    insta::assert_snapshot!(clean().args(["--format", "markdown"]).run(), @"
    ## ksecrets: no findings

    Nothing found in 1 file, 12 B; @@TIME@@.
    --- exit 0
    ");
    insta::assert_snapshot!(clean().args(["--format", "jsonl"]).run(), @r#"
    {"summary":{"findings":0,"bySeverity":{"critical":0,"high":0,"medium":0,"low":0,"info":0},"files":1,"bytes":12,"objects":0,"binaries":0,"skipped":0,"suppressed":0,"durationMs":@@TIME@@},"schema":"ksecrets.report/v1","skipped":[]}
    --- exit 0
    "#);
    insta::assert_snapshot!(ksecrets().args(["hunt"]).run(), @"
    Nothing found in 0 files, 0 B; @@TIME@@
    --- exit 0
    ");
}

#[test]
fn several_files_and_severities_read_well_together() {
    let run = ksecrets()
        .input("deploy/api.yaml", DEPLOYMENT)
        .input("deploy/web.yaml", CONFIGMAP)
        .input("deploy/pod.yaml", POD)
        .input("ci/token.yaml", critical())
        .args(["hunt", "ci", "deploy"])
        .run();
    insta::assert_snapshot!(run, @"
    ci/token.yaml

    critical[github-token]: GitHub personal access token (classic) in a source file (confidence:
        confirmed)
      --> ci/token.yaml:1:8
       |
     1 | token: ghp…
       |        ^^^^ ghp… (40 characters)
       |
       = GitHub personal access token (classic) in clear
       = fix: Revoke the token under Settings > Developer settings > Personal access tokens and replace
              it with a fine-grained one.

    deploy/api.yaml

    high[password]: password in a plain environment variable (confidence: high)
       --> deploy/api.yaml:14:22
        |
     14 | value: Tr4…
        |        ^^^^ Tr4… (17 characters)
        |
        = Deployment prod/api  spec.template.spec.containers[0].env[0].value
        = DB_PASSWORD holds a literal value in container api
        = fix: Change the password, keep it in a Secret that is sealed or fetched from a vault, and
               refer to it.

    deploy/pod.yaml

    low[secret-env]: Secret as environment variables (confidence: high)
       --> deploy/pod.yaml:13:34
        |
     13 | secretKeyRef: {name: db, key: password}
        |                      ^^
        |
        = Pod web  spec.containers[0].env[0].valueFrom.secretKeyRef.name
        = container web takes 1 environment variable from Secret db
        = fix: Mount the Secret as a volume and read the file, where the program can (many take *_FILE
               variables).

    deploy/web.yaml

    medium[password]: password in a ConfigMap (confidence: low)
      --> deploy/web.yaml:6:16
       |
     6 | DB_PASSWORD: h…
       |              ^^ h… (7 characters)
       |
       = ConfigMap web  data.DB_PASSWORD
       = DB_PASSWORD holds a literal value
       = fix: Change the password, keep it in a Secret that is sealed or fetched from a vault, and
              refer to it.

    4 findings (1 critical, 1 high, 1 medium, 1 low) in 4 files, 3 objects, 636 B; @@TIME@@
    --- exit 1
    ");
}

#[test]
fn absolute_paths_stay_absolute() {
    let run = hunt().args(["@@INPUT@@/api.yaml"]).run();
    insta::assert_snapshot!(run.masked(run.stdout.lines().next().unwrap()), @"@@INPUT@@/api.yaml");
}

#[test]
fn fail_on_decides_from_which_severity_on_the_exit_code_is_1() {
    let files =
        [("critical", critical()), ("high", DEPLOYMENT.into()), ("medium", CONFIGMAP.into()), ("low", POD.into())];
    let limits = ["critical", "high", "medium", "low", "never"];
    let mut table = String::new();
    for (severity, text) in files {
        let code = |options: &[&str]| {
            let run = ksecrets().input("a.yaml", &text).args(["hunt"]).args(options.iter().copied()).run();
            assert!(run.stdout.contains(severity), "{run}");
            run.status.unwrap()
        };
        let codes = limits.map(|limit| format!("{limit} {}", code(&["--fail-on", limit])));
        table += &format!("{severity:8} {}, by default {}\n", codes.join(", "), code(&[]));
    }
    insta::assert_snapshot!(table, @"
    critical critical 1, high 1, medium 1, low 1, never 0, by default 1
    high     critical 0, high 1, medium 1, low 1, never 0, by default 1
    medium   critical 0, high 0, medium 1, low 1, never 0, by default 1
    low      critical 0, high 0, medium 0, low 1, never 0, by default 0
    ");
}

#[test]
fn fail_on_a_word_that_is_no_severity_is_an_error() {
    insta::assert_snapshot!(hunt().args(["--fail-on", "none"]).run(), @"
    --- stderr
    error: invalid value 'none' for '--fail-on <SEVERITY>': 'none' is not one of critical, high, medium, low, never

    For more information, try '--help'.
    --- exit 2
    ");
    assert_eq!(hunt().args(["--fail-on", "info"]).run().status, Some(2));
}

#[test]
fn exit_zero_shows_everything_and_exits_with_0() {
    let (shown, zero) = (hunt().run(), hunt().args(["--exit-zero"]).run());
    assert_eq!((shown.status, zero.status), (Some(1), Some(0)));
    assert_eq!(shown.masked(&shown.stdout), zero.masked(&zero.stdout));
    let over = hunt().args(["--exit-zero", "--fail-on", "low"]).run();
    assert_eq!(over.status, Some(0), "whatever else is said");
    let failed = hunt().args(["--exit-zero", "nowhere"]).run();
    assert_eq!(failed.status, Some(2), "a failure is still one");
}

/// A Deployment with a password and a token.
fn two() -> Ksecrets {
    hunt().input("token.yaml", critical())
}

#[test]
fn select_runs_only_these_rules() {
    assert_eq!(found(two(), &[]), ["password", "github-token"]);
    assert_eq!(found(two(), &["--select", "github-token"]), ["github-token"]);
    assert_eq!(found(two(), &["--select", "github-token,password"]).len(), 2);
    assert_eq!(found(two(), &["--select", "github-token", "--select", "password"]).len(), 2);
    assert_eq!(found(two(), &["--select", "jwt"]), [""; 0]);
}

#[test]
fn ignore_leaves_rules_out_and_wins_over_select() {
    assert_eq!(found(two(), &["--ignore", "password"]), ["github-token"]);
    assert_eq!(found(two(), &["--ignore", "password,github-token"]), [""; 0]);
    assert_eq!(found(two(), &["--select", "password", "--ignore", "password"]), [""; 0]);
}

#[test]
fn a_rule_that_does_not_exist_is_refused() {
    insta::assert_snapshot!(hunt().args(["--select", "pasword"]).run(), @"
    --- stderr
    ksecrets: there is no rule 'pasword'; `ksecrets rules` lists them
    --- exit 2
    ");
    insta::assert_snapshot!(hunt().args(["--ignore", "password,pasword"]).run(), @"
    --- stderr
    ksecrets: there is no rule 'pasword'; `ksecrets rules` lists them
    --- exit 2
    ");
}

#[test]
fn min_confidence_leaves_out_what_is_less_sure() {
    let hunt = || two().input("web.yaml", CONFIGMAP);
    let count = |confidence: &str| found(hunt(), &["--min-confidence", confidence]).len();
    assert_eq!(["low", "medium", "high", "confirmed"].map(count), [3, 2, 2, 1]);
    assert_eq!(found(hunt(), &["--min-confidence", "confirmed"]), ["github-token"]);
    insta::assert_snapshot!(hunt().args(["--min-confidence", "sure"]).run(), @"
    --- stderr
    error: invalid value 'sure' for '--min-confidence <CONFIDENCE>': 'sure' is not one of confirmed, high, medium, low

    For more information, try '--help'.
    --- exit 2
    ");
}

#[test]
fn a_wrong_flag_is_refused_with_a_hint() {
    insta::assert_snapshot!(hunt().args(["--fail-onn", "low"]).run(), @"
    --- stderr
    error: unexpected argument '--fail-onn' found

      tip: a similar argument exists: '--fail-on'

    Usage: ksecrets hunt --fail-on <SEVERITY> [PATH]...

    For more information, try '--help'.
    --- exit 2
    ");
    insta::assert_snapshot!(hunt().args(["--format", "yaml"]).run(), @"
    --- stderr
    error: invalid value 'yaml' for '--format <FORMAT>': 'yaml' is not one of text, json, jsonl, sarif, markdown

    For more information, try '--help'.
    --- exit 2
    ");
    insta::assert_snapshot!(hunt().args(["--jobs", "many"]).run(), @"
    --- stderr
    error: invalid value 'many' for '--jobs <N>': invalid digit found in string

    For more information, try '--help'.
    --- exit 2
    ");
    insta::assert_snapshot!(hunt().args(["--color", "pink"]).run(), @"
    --- stderr
    error: invalid value 'pink' for '--color <WHEN>'
      [possible values: auto, always, never]

    For more information, try '--help'.
    --- exit 2
    ");
    insta::assert_snapshot!(ksecrets().args(["find"]).run(), @"
    --- stderr
    error: unrecognized subcommand 'find'

    Usage: ksecrets <COMMAND>

    For more information, try '--help'.
    --- exit 2
    ");
    insta::assert_snapshot!(ksecrets().run(), @"
    --- stderr
    Hunts exposed Kubernetes secrets and seals them

    Usage: ksecrets <COMMAND>

    Commands:
      hunt   Find exposed secrets in files or a cluster
      seal   Seal Secrets for git, and open, change and verify sealed ones
      rules  Explain rules

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Exit codes: 0 nothing at or over --fail-on, 1 findings, 2 the tool could not do its work.
    --- exit 2
    ");
}

#[test]
fn a_missing_path_is_refused_before_anything_is_read() {
    insta::assert_snapshot!(hunt().args(["api.yaml", "deploy/nowhere"]).run(), @"
    --- stderr
    ksecrets: deploy/nowhere: no such file or directory
    --- exit 2
    ");
}

#[test]
fn help_is_pinned() {
    insta::assert_snapshot!(ksecrets().args(["--help"]).run(), @"
    Hunts exposed Kubernetes secrets and seals them

    Usage: ksecrets <COMMAND>

    Commands:
      hunt   Find exposed secrets in files or a cluster
      seal   Seal Secrets for git, and open, change and verify sealed ones
      rules  Explain rules

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Exit codes: 0 nothing at or over --fail-on, 1 findings, 2 the tool could not do its work.
    --- exit 0
    ");
    insta::assert_snapshot!(ksecrets().args(["hunt", "--help"]).run(), @"
    Find exposed secrets in files or a cluster

    Usage: ksecrets hunt [OPTIONS] [PATH]...

    Arguments:
      [PATH]...  Files and folders to scan, or - for standard input [default: .]

    Options:
          --format <FORMAT>              How to write the report: text, json, jsonl, sarif, markdown
                                         [default: text]
      -o, --output <FILE>                Write the report to a file in place of standard output, which
                                         is -
          --color <WHEN>                 When to colour: auto, always, never [default: auto] [possible
                                         values: auto, always, never]
          --fail-on <SEVERITY>           Exit with 1 from this severity on: critical, high, medium, low,
                                         never
          --exit-zero                    Exit with 0 whatever was found
          --strict                       Exit with 2 when something could not be read
          --select <ID>                  Run only these rules
          --ignore <ID>                  Leave these rules out
          --min-confidence <CONFIDENCE>  Leave out findings below this confidence: confirmed, high,
                                         medium, low
          --patterns <DIR>               Add the patterns of a folder or file
          --config <FILE>                Read this configuration [default: .ksecrets.yaml, if there is
                                         one]
          --no-ignore                    Scan files that .gitignore leaves out
          --no-inline-ignore             Report what comments and annotations silence
          --no-archives                  Do not look into archives
          --max-file-size <MIB>          Skip files larger than this many MiB [default: 1024]
      -j, --jobs <N>                     Threads [default: one for each core]
          --fingerprint-key <FILE>       Key file for HMACs of values, so that reports can be joined
          --show-secrets                 Show values in full; never do this in CI
          --readers[=<NAMESPACE/NAME>]   Tell who reads each Secret, or one: --readers=prod/db
          --max-readers <N>              How many subjects may read a Secret
          --readers-before <REPORT>      Report who can read Secrets that could not when this report was
                                         saved: --readers --format json
      -h, --help                         Print help

    Cluster:
          --cluster                Scan the objects of a running cluster
          --context <CONTEXT>      Context of the kubeconfig [default: the current one, or the service
                                   account of the pod]
      -n, --namespace <NAMESPACE>  Only objects of these namespaces
          --kinds <KIND>           Only these kinds: Secret, deployments.apps
          --skip-kinds <KIND>      Not these kinds; events, leases and endpoints are left out anyway
          --metadata-only          Ask for the metadata of Secrets only, so that no value of theirs
                                   leaves the server
          --timeout <SECONDS>      Stop after this many seconds and report what was read [default: 1800]
          --print-rbac             Print the smallest ClusterRole that this scan needs, and scan nothing
    --- exit 0
    ");
    insta::assert_snapshot!(ksecrets().args(["rules", "--help"]).run(), @"
    Explain rules

    Usage: ksecrets rules [OPTIONS] [ID]

    Arguments:
      [ID]  Explain this rule in full

    Options:
          --format <FORMAT>  How to write the list: text, markdown [default: text] [possible values:
                             text, markdown]
      -h, --help             Print help
    --- exit 0
    ");
    let version = ksecrets().args(["--version"]).run();
    assert_eq!(version.stdout, format!("ksecrets {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn rules_are_listed_once_each_and_sorted() {
    let run = ksecrets().args(["rules"]).run();
    let ids: Vec<&str> = run.stdout.lines().map(|line| line.split_once(' ').unwrap().0).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    assert!(ids.len() > 200, "{}", ids.len());
    let some = ["github-token", "password", "plain-secret-manifest", "private-key", "secret-env"];
    let lines: Vec<&str> = run.stdout.lines().filter(|line| some.contains(&line.split(' ').next().unwrap())).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    github-token                          critical  credential  GitHub personal access token (classic)
    password                              high      credential  password
    plain-secret-manifest                 low       exposure    Secret kept as a plain manifest
    private-key                           high      credential  Private key
    secret-env                            low       exposure    Secret as environment variables
    ");
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
}

#[test]
fn rules_as_markdown_have_a_row_and_a_section_each() {
    let list = ksecrets().args(["rules"]).run();
    let page = ksecrets().args(["rules", "--format", "markdown"]).run().stdout;
    let rules = list.stdout.lines().count();
    assert_eq!(page.lines().filter(|line| line.starts_with("## ")).count(), rules);
    assert_eq!(page.lines().filter(|line| line.starts_with("| [`")).count(), rules);
}

#[test]
fn one_rule_is_explained_in_full() {
    insta::assert_snapshot!(ksecrets().args(["rules", "password"]).run(), @"
    password: password
      class credential, severity high, confidence medium

    A literal password: whoever can read the file can use it, and it stays in history after it is changed.

    What to do: Change the password, keep it in a Secret that is sealed or fetched from a vault, and refer to it.
    See https://kubernetes.io/docs/concepts/security/secrets-good-practices/
    --- exit 0
    ");
    insta::assert_snapshot!(ksecrets().args(["rules", "secret-env"]).run(), @"
    secret-env: Secret as environment variables
      class exposure, severity low, confidence high

    A container gets a Secret as environment variables. Child processes inherit them, crash reports and /proc hold them, `kubectl exec` prints them, and a rotated Secret does not reach them.

    What to do: Mount the Secret as a volume and read the file, where the program can (many take *_FILE variables).
    See https://kubernetes.io/docs/concepts/security/secrets-good-practices/
    See https://kubernetes.io/docs/concepts/configuration/secret/#using-secrets-as-files-from-a-pod
    --- exit 0
    ");
}

#[test]
fn an_unknown_rule_cannot_be_explained() {
    insta::assert_snapshot!(ksecrets().args(["rules", "pasword"]).run(), @"
    --- stderr
    ksecrets: there is no rule 'pasword'; `ksecrets rules` lists them
    --- exit 2
    ");
}

/// A pattern that holds.
const PATTERN: &str = "\
- id: acme-token
  title: Acme deploy token
  description: Deploys to Acme.
  severity: critical
  confidence: high
  keywords: [acme_]
  regex: '(?P<secret>acme_[a-z0-9]{20})'
  remediation: Revoke it in Acme's console.
  references: ['https://acme.example/docs/tokens']
  examples:
    match: ['acme_7fk2m9q4x1c8v5b3n6z0']
    no_match: ['acme_short']
";

fn patterns(pattern: &str) -> Ksecrets {
    ksecrets()
        .input("src/deploy.yaml", "run: acme_q8w3e5r1t7y2u4i9o6p0\n")
        .input("patterns/acme.yaml", pattern)
        .input("patterns/README.md", "no pattern")
        .args(["hunt", "src"])
}

#[test]
fn patterns_of_a_folder_or_file_are_run() {
    insta::assert_snapshot!(patterns(PATTERN).args(["--patterns", "patterns"]).run(), @"
    src/deploy.yaml

    critical[acme-token]: Acme deploy token in a source file (confidence: high)
      --> src/deploy.yaml:1:6
       |
     1 | run: acm…
       |      ^^^^ acm… (25 characters)
       |
       = Acme deploy token in clear
       = fix: Revoke it in Acme's console.

    1 finding (1 critical) in 1 file, 31 B; @@TIME@@
    --- exit 1
    ");
    assert_eq!(
        found(patterns(PATTERN), &["--patterns", "patterns/acme.yaml", "--select", "acme-token"]),
        ["acme-token"]
    );
}

#[test]
fn a_bad_pattern_is_refused_with_its_file_and_line() {
    let unknown_key = PATTERN.replace("keywords:", "keyword:");
    insta::assert_snapshot!(patterns(&unknown_key).args(["--patterns", "patterns"]).run(), @"
    --- stderr
    ksecrets: patterns/acme.yaml:6: .[0]: unknown field `keyword`, expected one of `id`, `title`, `description`, `severity`, `confidence`, `keywords`, `regex`, `name`, `value`, `entropy`, `checksum`, `paths`, `remediation`, `references`, `examples` at line 6 column 3
    --- exit 2
    ");
    let bad_regex = PATTERN.replace("{20})", "{20}");
    insta::assert_snapshot!(patterns(&bad_regex).args(["--patterns", "patterns"]).run(), @"
    --- stderr
    ksecrets: patterns/acme.yaml: pattern 'acme-token': regex parse error:
        (?P<secret>acme_[a-z0-9]{20}
        ^
    error: unclosed group
    --- exit 2
    ");
    let no_secret = PATTERN.replace("?P<secret>", "");
    insta::assert_snapshot!(patterns(&no_secret).args(["--patterns", "patterns"]).run(), @"
    --- stderr
    ksecrets: patterns/acme.yaml: pattern 'acme-token': a regex marks its secret as (?P<secret>…)
    --- exit 2
    ");
    let bad_severity = PATTERN.replace("critical", "dire");
    insta::assert_snapshot!(patterns(&bad_severity).args(["--patterns", "patterns"]).run(), @"
    --- stderr
    ksecrets: patterns/acme.yaml: pattern 'acme-token': severity 'dire' is not one of critical, high, medium, low, info
    --- exit 2
    ");
    let taken = PATTERN.replace("acme-token", "github-token");
    insta::assert_snapshot!(patterns(&taken).args(["--patterns", "patterns"]).run(), @"
    --- stderr
    ksecrets: patterns/acme.yaml: pattern 'github-token': the id is taken
    --- exit 2
    ");
    let not_yaml = "- id: [";
    insta::assert_snapshot!(patterns(not_yaml).args(["--patterns", "patterns"]).run(), @"
    --- stderr
    ksecrets: patterns/acme.yaml:1: .[0].id: invalid type: sequence, expected a string at line 1 column 7
    --- exit 2
    ");
    insta::assert_snapshot!(patterns(PATTERN).args(["--patterns", "nowhere"]).run(), @"
    --- stderr
    ksecrets: cannot read the patterns nowhere: No such file or directory (os error 2)
    --- exit 2
    ");
}

fn configured(config: &str) -> Ksecrets {
    two().input("vendor/dep.yaml", DEPLOYMENT).input(".ksecrets.yaml", config)
}

#[test]
fn the_configuration_excludes_paths() {
    assert_eq!(found(configured(""), &[]), ["password", "github-token", "password"]);
    assert_eq!(found(configured("hunt:\n  exclude: ['vendor/**']\n"), &[]), ["password", "github-token"]);
    assert_eq!(found(configured("hunt:\n  exclude: ['**/*.yaml']\n"), &[]), [""; 0]);
    let named = configured("hunt:\n  exclude: ['vendor/**']\n");
    assert_eq!(found(named, &["vendor/dep.yaml"]), [""; 0], "named or not");
}

#[test]
fn the_configuration_changes_severities_and_with_them_the_exit_code() {
    let low = "hunt:\n  severity: {password: low, github-token: info}\n";
    let run = configured(low).args(["--format", "json", "api.yaml", "token.yaml", "vendor"]).run();
    let expected = serde_json::json!({"critical": 0, "high": 0, "medium": 0, "low": 2, "info": 1});
    assert_eq!(run.json()["summary"]["bySeverity"], expected);
    assert_eq!(run.status, Some(0));
}

#[test]
fn the_configuration_is_no_finding_of_its_own() {
    let config = "hunt:\n  severity:\n    password: medium\n";
    let run = ksecrets().input(".ksecrets.yaml", config).args(["hunt", "--format", "json"]).run();
    assert_eq!(rules(&run), [""; 0]);
}

#[test]
fn the_configuration_selects_and_ignores_and_flags_come_on_top() {
    assert_eq!(found(configured("hunt:\n  ignore: [password]\n"), &[]), ["github-token"]);
    assert_eq!(found(configured("hunt:\n  ignore: [password]\n"), &["--ignore", "github-token"]), [""; 0]);
    assert_eq!(found(configured("hunt:\n  select: [github-token]\n"), &[]), ["github-token"]);
    assert_eq!(found(configured("hunt:\n  select: [github-token]\n"), &["--select", "password"]).len(), 2);
}

#[test]
fn the_configuration_sets_fail_on_and_min_confidence_and_flags_win() {
    let config = "hunt:\n  fail-on: never\n  min-confidence: confirmed\n";
    let run = configured(config).args(["--format", "json"]).run();
    assert_eq!((rules(&run), run.status), (vec!["github-token".to_owned()], Some(0)));
    let run = configured(config).args(["--format", "json", "--fail-on", "low", "--min-confidence", "low"]).run();
    assert_eq!((rules(&run).len(), run.status), (3, Some(1)));
}

#[test]
fn the_configuration_names_patterns_relative_to_itself() {
    let run = ksecrets()
        .input("conf/acme.yaml", PATTERN)
        .input("conf/k.yaml", "hunt:\n  patterns: [acme.yaml]\n")
        .input("src/deploy.yaml", "run: acme_q8w3e5r1t7y2u4i9o6p0\n")
        .args(["hunt", "--format", "json", "--config", "conf/k.yaml", "src"])
        .run();
    assert_eq!(rules(&run), ["acme-token"]);
}

#[test]
fn a_wrong_configuration_is_refused_with_its_line() {
    insta::assert_snapshot!(configured("hunt:\n  ignore: []\n  exlude: ['vendor/**']\n").run(), @"
    --- stderr
    ksecrets: .ksecrets.yaml:3: hunt: unknown field `exlude`, expected one of `exclude`, `select`, `ignore`, `severity`, `patterns`, `fail-on`, `min-confidence`, `max-readers`
    --- exit 2
    ");
    insta::assert_snapshot!(configured("hunt:\n  severity:\n    password: lwo\n").run(), @"
    --- stderr
    ksecrets: .ksecrets.yaml:3: hunt.severity: 'lwo' is not one of critical, high, medium, low, info
    --- exit 2
    ");
    insta::assert_snapshot!(configured("hunt:\n  severity: {pasword: low}\n").run(), @"
    --- stderr
    ksecrets: .ksecrets.yaml:2: there is no rule 'pasword'; `ksecrets rules` lists them
    --- exit 2
    ");
    insta::assert_snapshot!(configured("hunt:\n  exclude: ['a[']\n").run(), @"
    --- stderr
    ksecrets: .ksecrets.yaml:2: hunt.exclude: error parsing glob 'a[': unclosed character class; missing ']'
    --- exit 2
    ");
    insta::assert_snapshot!(configured("hunt:\n  fail-on: sometimes\n").run(), @"
    --- stderr
    ksecrets: .ksecrets.yaml:2: hunt: 'sometimes' is not one of critical, high, medium, low, never
    --- exit 2
    ");
    insta::assert_snapshot!(configured("hunt:\n  min-confidence: sure\n").run(), @"
    --- stderr
    ksecrets: .ksecrets.yaml:2: hunt: 'sure' is not one of confirmed, high, medium, low
    --- exit 2
    ");
    insta::assert_snapshot!(configured("hunt: [\n").run(), @"
    --- stderr
    ksecrets: .ksecrets.yaml:1: hunt: invalid type: sequence, expected a mapping of options
    --- exit 2
    ");
    insta::assert_snapshot!(hunt().args(["--config", "nowhere.yaml"]).run(), @"
    --- stderr
    ksecrets: cannot read the configuration nowhere.yaml: No such file or directory (os error 2)
    --- exit 2
    ");
}

/// Findings and silenced findings of one file.
fn silenced(text: &str, options: &[&str]) -> (u64, u64) {
    let run = ksecrets().input("a.yaml", text).args(["hunt", "--format", "json"]).args(options.iter().copied()).run();
    let summary = &run.json()["summary"];
    (summary["findings"].as_u64().unwrap(), summary["suppressed"].as_u64().unwrap())
}

#[test]
fn comments_of_every_tool_silence_their_line() {
    for mark in [
        "ksecrets:ignore",
        "ksecrets:ignore[password]",
        "ksecrets:ignore[token, password] only in tests",
        "gitleaks:allow",
        "betterleaks:allow",
        "kingfisher:ignore",
        "trufflehog:ignore",
        "pragma: allowlist secret",
        "pragma: whitelist secret",
    ] {
        let text = CONFIGMAP.replace("hunter2", &format!("Tr4verse-Quill-88 # {mark}"));
        assert_eq!(silenced(&text, &[]), (0, 1), "{mark}");
        assert_eq!(silenced(&text, &["--no-inline-ignore"]), (1, 0), "{mark}");
    }
}

#[test]
fn some_comments_silence_the_line_below() {
    for (mark, silences) in [
        ("ksecrets:ignore", true),
        ("ksecrets:ignore[password]", true),
        ("kingfisher:ignore", true),
        ("pragma: allowlist nextline secret", true),
        ("ksecrets:ignore[token]", false),
        ("gitleaks:allow", false),
        ("trufflehog:ignore", false),
        ("pragma: allowlist secret", false),
        ("all is well", false),
    ] {
        let text = CONFIGMAP.replace("  DB_PASSWORD", &format!("  # {mark}\n  DB_PASSWORD"));
        assert_eq!(silenced(&text, &[]), if silences { (0, 1) } else { (1, 0) }, "{mark}");
    }
}

#[test]
fn a_comment_silences_nothing_but_its_own_line_and_rule() {
    let text = CONFIGMAP.replace("hunter2", "hunter2 # ksecrets:ignore[token]");
    assert_eq!(silenced(&text, &[]), (1, 0));
    let text = CONFIGMAP.replace("hunter2", "hunter2 # ksecrets:ignore\n  REDIS_PASSWORD: Quill-88-Tr4verse");
    assert_eq!(silenced(&text, &[]), (1, 1));
}

#[test]
fn an_annotation_silences_rules_of_its_object_only() {
    let annotated = |rules: &str| {
        let metadata = format!("  name: api\n  annotations:\n    ksecrets.dev/ignore: '{rules}'\n");
        format!("{}---\n{CONFIGMAP}", DEPLOYMENT.replace("  name: api\n", &metadata))
    };
    assert_eq!(silenced(&annotated("password"), &[]), (1, 1));
    assert_eq!(silenced(&annotated("secret-env, password"), &[]), (1, 1));
    assert_eq!(silenced(&annotated("*"), &[]), (1, 1));
    assert_eq!(silenced(&annotated("token"), &[]), (2, 0));
    assert_eq!(silenced(&annotated("*"), &["--no-inline-ignore"]), (2, 0));
}

#[test]
fn standard_input_is_a_dash() {
    insta::assert_snapshot!(ksecrets().stdin(DEPLOYMENT).args(["hunt", "-"]).run(), @"
    -

    high[password]: password in a plain environment variable (confidence: high)
       --> -:14:22
        |
     14 | value: Tr4…
        |        ^^^^ Tr4… (17 characters)
        |
        = Deployment prod/api  spec.template.spec.containers[0].env[0].value
        = DB_PASSWORD holds a literal value in container api
        = fix: Change the password, keep it in a Secret that is sealed or fetched from a vault, and
               refer to it.

    1 finding (1 high) in 1 file, 1 object, 254 B; @@TIME@@
    --- exit 1
    ");
    let both = hunt().stdin(CONFIGMAP).args(["-", "api.yaml", "--format", "json"]).run();
    let places: Vec<Value> =
        both.json()["findings"].as_array().unwrap().iter().map(|f| f["location"]["path"].clone()).collect();
    assert_eq!(places, ["-", "api.yaml"]);
    let untouched = hunt().stdin(CONFIGMAP).args(["--format", "json"]).run();
    assert_eq!(rules(&untouched).len(), 1, "not read unless asked for");
}

#[test]
fn output_goes_to_a_file_and_nowhere_else() {
    for option in ["-o", "--output"] {
        let run = hunt().args(["api.yaml", "--format", "json", option, "report.json"]).run();
        assert_eq!((run.stdout.as_str(), run.stderr.as_str(), run.status), ("", "", Some(1)));
        let report: Value = serde_json::from_slice(&fs::read(run.folder().join("report.json")).unwrap()).unwrap();
        assert_eq!(report["summary"]["findings"], 1);
    }
    let run = hunt().args(["-o", "no/such/folder"]).run();
    insta::assert_snapshot!(run, @"
    --- stderr
    ksecrets: cannot write no/such/folder: No such file or directory (os error 2)
    --- exit 2
    ");
}

#[test]
fn show_secrets_shows_them_and_nothing_else_does() {
    for format in ["text", "json", "jsonl", "markdown"] {
        let shown = hunt().args(["--format", format, "--show-secrets"]).run();
        assert!(shown.stdout.contains("Tr4verse-Quill-88"), "{shown}");
        assert!(!hunt_in(format).stdout.contains("Tr4verse"), "{format}");
    }
    assert!(!hunt_in("sarif").stdout.contains("Tr4verse"));
}

const KEY: &str = "a key of the team, kept elsewhere";

/// The HMACs of the findings.
fn hmacs(hunt: Ksecrets) -> Vec<Option<String>> {
    let report = hunt.args(["--format", "json"]).run().json();
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["secret"]["hmac"].as_str().map(str::to_owned)).collect()
}

#[test]
fn a_key_adds_the_hmac_of_each_value() {
    let hunt = || hunt().input("other/api.yaml", DEPLOYMENT).input("web.yaml", CONFIGMAP);
    assert_eq!(hmacs(hunt()), [None, None, None]);
    let with_file = hmacs(hunt().input("team.key", format!("{KEY}\n")).args(["--fingerprint-key", "team.key", "."]));
    // openssl dgst -sha256 -hmac "$KEY"
    let (first, second) = (
        "162f1f03b09438bb6712de88add4d1eda8a25330c3d1da0b7174bee2c01dd634",
        "8eef2d332c1c5b8af7c5240c3b68e6137ca78b6cea5934626581ded0d480b6d8",
    );
    assert_eq!(with_file, [first, first, second].map(|hmac| Some(hmac.to_owned())), "same value, same HMAC");
    assert_eq!(hmacs(hunt().env("KSECRETS_FINGERPRINT_KEY", KEY)), with_file);
    let another = hmacs(hunt().env("KSECRETS_FINGERPRINT_KEY", "another key, as long as it must be"));
    assert!(another.iter().all(|hmac| hmac.is_some() && !with_file.contains(hmac)));
    assert_eq!(hmacs(hunt().env("KSECRETS_FINGERPRINT_KEY", "")), [None, None, None], "empty is none");
}

#[test]
fn a_key_that_can_be_guessed_or_read_by_nobody_is_refused() {
    let short = || hunt().input("short.key", "short\n");
    insta::assert_snapshot!(short().args(["--fingerprint-key", "short.key"]).run(), @"
    --- stderr
    ksecrets: the fingerprint key short.key is shorter than 16 bytes
    --- exit 2
    ");
    insta::assert_snapshot!(short().env("KSECRETS_FINGERPRINT_KEY", "short").run(), @"
    --- stderr
    ksecrets: KSECRETS_FINGERPRINT_KEY is shorter than 16 bytes
    --- exit 2
    ");
    insta::assert_snapshot!(short().args(["--fingerprint-key", "nowhere.key"]).run(), @"
    --- stderr
    ksecrets: cannot read the fingerprint key nowhere.key: No such file or directory (os error 2)
    --- exit 2
    ");
}

#[test]
fn strict_exits_with_2_when_something_was_not_read() {
    let zip = || ksecrets().input("broken.zip", b"PK\x03\x04 and no more").args(["hunt"]);
    insta::assert_snapshot!(zip().run(), @"
    Not looked at: 1 place
      broken.zip: a broken zip archive: not opened

    Nothing found in 0 files, 0 B; 1 skipped, @@TIME@@
    --- exit 0
    ");
    assert_eq!(zip().args(["--strict"]).run().status, Some(2));
    assert_eq!(zip().args(["--strict", "--no-archives"]).run().status, Some(0), "it was not asked for");
    let text = ksecrets().input("a.yaml", "password: [\n").args(["hunt", "--strict"]).run();
    assert_eq!(text.status, Some(0), "read, though only as text: {text}");
}

#[test]
fn ignore_files_hold_unless_told_otherwise() {
    let hunt = || hunt().input(".gitignore", "api.yaml\n");
    assert_eq!(found(hunt(), &[]), [""; 0]);
    assert_eq!(found(hunt(), &["--no-ignore"]), ["password"]);
    assert_eq!(found(hunt(), &["api.yaml"]), ["password"], "named, it is read");
}

#[test]
fn a_file_over_the_size_limit_is_skipped_and_said_so() {
    let large = format!("{DEPLOYMENT}{}", "# filler\n".repeat(120_000));
    let run = ksecrets().input("large.yaml", large).args(["hunt", "--max-file-size", "1"]).run();
    insta::assert_snapshot!(run, @"
    Not looked at: 1 place
      large.yaml: larger than --max-file-size (1 MiB)

    Nothing found in 0 files, 0 B; 1 skipped, @@TIME@@
    --- exit 0
    ");
}

/// The corpus as it is in real life, in a folder of its own.
fn corpus() -> Ksecrets {
    let folder = tempfile::tempdir().unwrap();
    unmarked(&root(), folder.path());
    ksecrets().folder(folder)
}

#[test]
fn the_number_of_jobs_changes_no_byte_of_the_report() {
    for (format, jobs) in [("json", &["4", "4", "13"][..]), ("text", &["4"]), ("sarif", &["4"])] {
        let report = |jobs: &str| {
            let run = corpus().args(["hunt", "--format", format, "--jobs", jobs]).run();
            assert_eq!((run.status, run.stderr.as_str()), (Some(1), ""));
            run.masked(&run.stdout)
        };
        let one = report("1");
        assert!(one.len() > 100_000, "{format}: {}", one.len());
        for jobs in jobs {
            assert!(report(jobs) == one, "{format} with {jobs} jobs");
        }
    }
}

/// The values that a run shows: whole, and line by line.
fn values(shown: &Outcome) -> BTreeSet<String> {
    let mut values = BTreeSet::new();
    for finding in shown.json()["findings"].as_array().unwrap() {
        let Some(value) = finding["secret"]["redacted"].as_str() else { continue };
        values.insert(value.to_owned());
        values.extend(value.lines().map(str::trim).filter(|line| line.len() >= 16).map(str::to_owned));
    }
    values
}

/// The values, each as it might be written in a report: as it is, in JSON, in base64.
fn disguises(values: &BTreeSet<String>) -> AhoCorasick {
    let mut disguises = BTreeSet::new();
    for value in values.iter().filter(|value| value.chars().count() >= 6) {
        let json = serde_json::to_string(value).unwrap();
        disguises.extend([value.clone(), json[1..json.len() - 1].to_owned(), STANDARD_NO_PAD.encode(value)]);
    }
    AhoCorasick::new(disguises).unwrap()
}

/// Lines of a text that hold a value.
fn leaks(secrets: &AhoCorasick, text: &str) -> Vec<String> {
    text.lines().filter(|line| secrets.is_match(line)).map(str::to_owned).collect()
}

#[test]
fn no_output_of_any_format_holds_a_secret_of_the_corpus() {
    let shown = corpus().args(["hunt", "--show-secrets", "--format", "json"]).run();
    let values = values(&shown);
    assert!(values.len() > 300, "{}", values.len());
    let secrets = disguises(&values);
    assert!(leaks(&secrets, &shown.stdout).len() > 300, "or else this test can find nothing");
    let mut folder = shown.into_folder();
    for options in [
        &["--format", "text", "--no-inline-ignore"][..],
        &["--format", "text", "--color", "always"],
        &["--format", "json", "--no-inline-ignore"],
        &["--format", "jsonl"],
        &["--format", "sarif", "--no-inline-ignore"],
        &["--format", "markdown", "--no-inline-ignore"],
    ] {
        let run = ksecrets()
            .folder(folder)
            .env("KSECRETS_FINGERPRINT_KEY", KEY)
            .env("COLUMNS", "120")
            .args(["hunt"])
            .args(options.iter().copied())
            .run();
        assert_eq!(leaks(&secrets, &run.stdout), [""; 0], "{options:?}");
        assert_eq!((run.stderr.as_str(), run.status), ("", Some(1)));
        folder = run.into_folder();
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    for arguments in [&["hunt"][..], &["hunt", "--format", "json"], &["rules"], &["--help"]] {
        let run = ksecrets().input("api.yaml", DEPLOYMENT).args(arguments.iter().copied());
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut child = run.command().stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        let status = wait(&mut child);
        let said = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
        assert_eq!((status.code(), said.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let run = hunt();
    let mut child = run.command().stdin(Stdio::null()).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    let status = wait(&mut child);
    let said = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
    assert_eq!(status.code(), Some(2));
    insta::assert_snapshot!(said, @"ksecrets: No space left on device (os error 28)");
}

#[test]
fn colours_come_when_asked_for() {
    let is_coloured = |hunt: Ksecrets| hunt.run().stdout.contains('\u{1b}');
    assert!(!is_coloured(hunt()), "a pipe is no terminal");
    assert!(!is_coloured(hunt().args(["--color", "auto"])));
    assert!(!is_coloured(hunt().args(["--color", "never"])));
    assert!(!is_coloured(hunt().env("NO_COLOR", "1")));
    assert!(is_coloured(hunt().args(["--color", "always"])));
    assert!(is_coloured(hunt().args(["--color", "always"]).env("NO_COLOR", "1")), "a flag is a word of its own");
    assert!(!is_coloured(hunt().args(["--color", "always", "--format", "json"])));
}

#[test]
fn colours_change_nothing_but_colours() {
    let (plain, coloured) = (hunt().run(), hunt().args(["--color", "always"]).run());
    let bare = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap().replace_all(&coloured.stdout, "").into_owned();
    assert_eq!(coloured.masked(&bare), plain.masked(&plain.stdout));
}

/// Somebody who reads every Secret, and the comment that says that it is meant.
fn wide_binding(comment: &str) -> String {
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: reader}}\n\
         rules: [{{apiGroups: [''], resources: [secrets], verbs: [get, list]}}]\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {{name: ci}}\n{comment}\
         roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}}\n\
         subjects: [{{kind: ServiceAccount, namespace: ci, name: deployer}}]\n---\n\
         apiVersion: v1\nkind: Secret\nmetadata: {{name: db, namespace: prod}}\n"
    )
}

#[test]
fn bindings_in_files_are_judged() {
    let run =
        ksecrets().input("rbac.yaml", wide_binding("")).args(["hunt", "--select", "secret-read-cluster-wide"]).run();
    insta::assert_snapshot!(run, @"
    rbac.yaml

    high[secret-read-cluster-wide]: Secrets of every namespace readable (confidence: high)
      --> rbac.yaml:9:1
       = ClusterRoleBinding ci  roleRef
       = ClusterRoleBinding ci lets ServiceAccount ci/deployer get and list every Secret of the
         cluster, through ClusterRole reader
       = fix: Bind a Role with resourceNames in the namespaces where it is needed. Pods get the Secrets
              that they mount without any right.

    1 finding (1 high) in 1 file, 3 objects, 460 B; @@TIME@@
    --- exit 1
    ");
    let silenced = wide_binding("# ksecrets:ignore[secret-read-cluster-wide] it deploys Secrets\n");
    let run = ksecrets().input("rbac.yaml", silenced).args(["hunt", "--format", "json"]).run();
    assert_eq!(run.json()["summary"]["suppressed"], 1);
    assert!(!rules(&run).contains(&"secret-read-cluster-wide".to_owned()));
}

#[test]
fn readers_are_told_when_asked_for() {
    let hunt = |flag: &str| {
        ksecrets().input("rbac.yaml", wide_binding("")).args(["hunt", "--format", "json", "--exit-zero", flag]).run()
    };
    let report = hunt("--readers").json();
    let access = &report["access"][0];
    assert_eq!((access["namespace"].as_str(), access["name"].as_str()), (Some("prod"), Some("db")));
    assert_eq!(access["readers"][0]["subject"]["name"], "deployer");
    assert_eq!(access["readers"][0]["direct"], true);
    assert_eq!(access["readers"][0]["via"][0]["binding"], "ClusterRoleBinding ci");
    assert_eq!(hunt("--readers=prod/other").json()["access"].as_array().unwrap().len(), 0);
    assert!(hunt("--strict").json()["access"].is_null());
    let text = ksecrets().input("rbac.yaml", wide_binding("")).args(["hunt", "--readers=prod/db", "--exit-zero"]).run();
    insta::assert_snapshot!(text, @"
    rbac.yaml

    high[secret-read-cluster-wide]: Secrets of every namespace readable (confidence: high)
      --> rbac.yaml:9:1
       = ClusterRoleBinding ci  roleRef
       = ClusterRoleBinding ci lets ServiceAccount ci/deployer get and list every Secret of the
         cluster, through ClusterRole reader
       = fix: Bind a Role with resourceNames in the namespaces where it is needed. Pods get the Secrets
              that they mount without any right.

    Who reads these Secrets
      prod/db
        ServiceAccount ci/deployer  get, list  ClusterRoleBinding ci of ClusterRole reader

    1 finding (1 high) in 1 file, 3 objects, 460 B; @@TIME@@
    --- exit 0
    ");
    assert_eq!(hunt("--readers=db").status, Some(2));
}
