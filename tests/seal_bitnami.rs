//! What `ksecrets seal` does with SealedSecrets of Bitnami, without kubeseal.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use regex::Regex;

use crate::kubeseal::Pair;
use crate::seal_cli::{Bench, Done, beside_recipients};

const SECRET: &str = "\
# the database of the shop
apiVersion: v1
kind: Secret
metadata:
  name: db
  namespace: shop
stringData:
  password: Tr4verse-Quill-88
  user: shop
";

/// Runs a command in which `@` before a name stands for a file of the shared controller.
fn run(bench: &mut Bench, line: &str, stdin: &str) -> Done {
    let words: Vec<String> = line
        .split(' ')
        .map(|word| word.strip_prefix('@').map_or_else(|| word.to_owned(), |name| Pair::shared().file(name)))
        .collect();
    bench.run(&words.iter().map(String::as_str).collect::<Vec<_>>(), stdin)
}

/// What a command says that must fail and print nothing.
fn refused(bench: &mut Bench, line: &str, stdin: &str) -> String {
    let done = run(bench, line, stdin);
    assert_eq!((done.status, done.stdout.as_str()), (2, ""), "{line}: {}", done.stderr);
    let folder = Pair::shared().file("");
    done.stderr.trim_end().replace(folder.trim_end_matches('/'), "@")
}

/// A bench with [`SECRET`] sealed for the shared controller in a file.
fn with_sealed(name: &str) -> Bench {
    let mut bench = Bench::new("x25519");
    let done = run(&mut bench, "--format bitnami --cert @tls.crt", SECRET);
    let (key, file) = (Pair::shared().certificate.key_name(), Pair::shared().file("tls.crt"));
    let said = format!("ksecrets: sealed for {key} of {file}, which expires 2090-01-01\n");
    assert_eq!((done.status, done.stderr), (0, said));
    assert!(
        done.stdout.starts_with("# the database of the shop\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\n")
    );
    assert!(!done.stdout.contains("Quill") && !done.stdout.contains("VHI0dmVyc2U"));
    bench.write(name, &done.stdout);
    bench
}

#[test]
fn folders_are_sealed_in_place_and_other_documents_keep_their_bytes() {
    let mut bench = Bench::new("x25519");
    let odd = "# settings\r\napiVersion: v1\r\nkind: ConfigMap\r\nmetadata: {name:   odd}  # spaces\r\n";
    bench.write("all.yaml", &format!("{odd}---\n{SECRET}"));
    let item = r#"{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": {"a": "b"}}"#;
    bench.write("list.json", &format!(r#"{{"apiVersion": "v1", "kind": "List",   "items": [{item}]}}"#));
    bench.write("other.yaml", "{{ if .Values.x }}\na: {{ . }\n");
    let done = run(&mut bench, "--format bitnami --cert @tls.crt -n shop -w .", "");
    assert_eq!((done.status, done.stdout.as_str()), (0, ""), "{}", done.stderr);
    let said = "ksecrets: all.yaml: left as it was: ConfigMap odd\nksecrets: sealed 2 Secrets\n";
    assert_eq!(beside_recipients(&done.stderr), said);
    assert!(bench.read("all.yaml").starts_with(odd));
    let list = bench.read("list.json");
    assert!(list.starts_with(r#"{"apiVersion": "v1", "kind": "List",   "items": [{"#), "{list}");
    serde_json::from_str::<serde_json::Value>(&list).unwrap();
    let opened = run(&mut bench, "open all.yaml list.json --bitnami-key @tls.key", "");
    assert_eq!(opened.stdout.matches("kind: Secret\n").count(), 2, "{}", opened.stderr);
    let again = refused(&mut bench, "--format bitnami --cert @tls.crt -w .", "");
    assert_eq!(again, "ksecrets: there is nothing to seal: 2 SealedSecrets and no Secret, the first in all.yaml");
}

#[test]
fn a_secret_says_its_scope_as_with_kubeseal() {
    let mut bench = Bench::new("x25519");
    let wide =
        SECRET.replace("stringData", "  annotations: {sealedsecrets.bitnami.com/namespace-wide: 'true'}\nstringData");
    let mut sealed = |line: &str| run(&mut bench, line, &wide).stdout;
    assert_eq!(sealed("--format bitnami --cert @tls.crt").matches("/namespace-wide: \"true\"").count(), 2);
    let cluster = sealed("--format bitnami --cert @tls.crt --scope cluster-wide");
    assert!(
        cluster.matches("/cluster-wide: \"true\"").count() == 2 && !cluster.contains("namespace-wide"),
        "{cluster}"
    );
    assert!(sealed("--format bitnami --cert @tls.crt --scope strict").contains("namespace-wide"));
}

#[test]
fn certificates_are_taken_as_kubeseal_takes_them() {
    let mut bench = Bench::new("x25519");
    let other = Pair::new(2048);
    let [first, second] =
        [Pair::shared().file("tls.crt"), other.file("tls.crt")].map(|path| fs::read_to_string(path).unwrap());
    bench.write("both.pem", &format!("{first}{second}"));
    let sealed = run(&mut bench, "--format bitnami --cert both.pem", SECRET).stdout;
    bench.write("db.yaml", &sealed);
    assert_eq!(run(&mut bench, "open db.yaml --bitnami-key @tls.key", "").status, 0);
    let variable = [("SEALED_SECRETS_CERT", "both.pem")];
    assert_eq!(bench.run_with(&["--format", "bitnami"], SECRET, &variable).status, 0);
    let all = [
        "--cert @old.crt",
        "--cert @tls.key",
        "--cert https://seal.example.test/v1/cert.pem",
        "--cert nowhere.pem",
        "--cert team.pub",
        "--cert @tls.crt -r team.pub",
        "-n shop",
    ]
    .map(|line| refused(&mut bench, &format!("--format bitnami {line}"), SECRET));
    insta::assert_snapshot!(all.join("\n"), @"
    ksecrets: @/old.crt: the certificate was good until 2020-01-01: fetch the current one with `kubeseal --fetch-cert`, as the controller has made new keys since
    ksecrets: @/tls.key: it holds a private key and no certificate; sealing needs the certificate that `kubeseal --fetch-cert` prints, and a private key should not lie where it is sealed
    ksecrets: ksecrets calls nobody: fetch the certificate with `curl -fsS -o cert.pem https://seal.example.test/v1/cert.pem`, and say --cert cert.pem
    ksecrets: cannot read the certificate nowhere.pem: No such file or directory (os error 2)
    ksecrets: team.pub: there is no certificate in it; give the one that `kubeseal --fetch-cert` prints
    ksecrets: a sealed-secrets controller has no recipients: say --cert and not -r
    ksecrets: name the certificate of the controller with --cert: `kubeseal --fetch-cert > cert.pem` gets it
    ");
    insta::assert_snapshot!(refused(&mut bench, "--cert @tls.crt", SECRET), @"ksecrets: --cert is for a sealed-secrets controller: say --format bitnami, or name a recipient with -r");
}

#[test]
fn raw_values_are_bound_to_a_place() {
    let mut bench = Bench::new("x25519");
    let mut raw = |line: &str| refused(&mut bench, &format!("--raw {line}"), "v");
    let all = [
        raw("--name db -n shop"),
        raw("--format bitnami --cert @tls.crt --name db"),
        raw("--format bitnami --cert @tls.crt --scope namespace"),
        raw("--format bitnami --cert @tls.crt --name db -n Shop"),
        raw("--format bitnami --cert @tls.crt --name a_b -n shop"),
        raw("--format bitnami --cert @tls.crt --name db -n shop value"),
        raw("--format bitnami --cert @tls.crt --name db -n shop --scope wide"),
    ];
    insta::assert_snapshot!(all.join("\n"), @"
    ksecrets: a value of ksecrets.dev means nothing outside of its object: `ksecrets seal set FILE KEY` puts one in, and --raw is for --format bitnami
    ksecrets: in scope strict a value is bound to namespace and name: say --namespace and --name
    ksecrets: in scope namespace a value is bound to its namespace: say --namespace
    ksecrets: Kubernetes does not allow 'Shop' as a namespace
    ksecrets: Kubernetes does not allow 'a_b' as the name of a Secret
    ksecrets: --raw takes the value from standard input, or asks for it: `< FILE`
    error: invalid value 'wide' for '--scope <SCOPE>': scope 'wide' is not known: known are strict, namespace and cluster

    For more information, try '--help'.
    ");
    let large = "x".repeat((1 << 20) + 1);
    insta::assert_snapshot!(refused(&mut bench, "--raw --format bitnami --cert @tls.crt --scope cluster", &large), @"ksecrets: the value has more than 1048576 bytes, the most that a Secret may hold");
}

#[test]
fn wrong_input_is_one_sentence_and_loses_nothing() {
    let mut bench = Bench::new("x25519");
    let mut said = |stdin: &str| refused(&mut bench, "--format bitnami --cert @tls.crt", stdin);
    let secret = |rest: &str| format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: a, namespace: shop}}\n{rest}");
    let many: String = (0..2500).map(|at| format!("  k{at}: {}\n", "x".repeat(400))).collect();
    let all = [
        said("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"),
        said(""),
        said("a: [\n"),
        said(&secret("")),
        said(&secret("data: {a: '?'}\n")),
        said(&secret("data: {a: aQ==, a: aQ==}\n")),
        said(&secret("stringData: {'a b': x}\n")),
        said(&secret("stringData: {a: b}\n").replace("name: a", "name: A_b")),
        said(&secret("stringData: {a: b}\n").replace("shop", "Shop")),
        said(&secret("stringData: {a: b}\n").replace(", namespace: shop", "")),
        said(&secret(&format!("stringData: {{a: {}}}\n", "x".repeat((1 << 20) + 1)))),
        said(&secret(&format!("stringData:\n{many}"))),
    ];
    insta::assert_snapshot!(all.join("\n"), @"
    ksecrets: there is no Secret to seal
    ksecrets: there is no Secret to seal
    ksecrets: standard input: line 1: not valid YAML: unclosed bracket '['
    ksecrets: standard input: Secret a: the Secret has no data: nothing to seal
    ksecrets: standard input: Secret a: data.a is not valid base64: it was cut off or altered
    ksecrets: standard input: Secret a: data.a stands there twice: remove one
    ksecrets: standard input: Secret a: Kubernetes does not allow 'a b' as a key of a Secret
    ksecrets: standard input: Secret A_b: Kubernetes does not allow 'A_b' as the name of a Secret
    ksecrets: standard input: Secret a: Kubernetes does not allow 'Shop' as a namespace
    ksecrets: standard input: Secret a: scope strict needs a namespace: write metadata.namespace, or name it with -n
    ksecrets: standard input: Secret a: the size of all values together is over the limit of 1048576
    ksecrets: standard input: Secret a: the SealedSecret would have 2279082 bytes, and etcd takes 1572864: every value grows by half a kilobyte and then by a third, so spread them over several Secrets
    ");
    let wide = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {a: b}\n";
    assert_eq!(run(&mut bench, "--format bitnami --cert @tls.crt --scope cluster", wide).status, 0);
}

#[test]
fn each_command_says_what_to_run_instead() {
    let mut bench = with_sealed("db.yaml");
    let before = bench.read("db.yaml");
    let other = Pair::new(2048);
    fs::copy(other.file("tls.key"), bench.path().join("other.key")).unwrap();
    fs::copy(other.file("tls.key"), bench.path().join("open.key")).unwrap();
    fs::set_permissions(bench.path().join("open.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let mine = run(&mut bench, "-r team.pub", SECRET).stdout;
    bench.write("mine.yaml", &mine);
    bench.write("both.yaml", &format!("{before}---\n{}", bench.read("mine.yaml")));
    let more = SECRET.replace("name: db", "name: mq");
    let all = [
        refused(&mut bench, "--format bitnami --cert @tls.crt db.yaml", ""),
        refused(&mut bench, "-r team.pub -w db.yaml", ""),
        refused(&mut bench, "set db.yaml token", "v"),
        refused(&mut bench, "set db.yaml token -r team.pub", "v"),
        refused(&mut bench, "set db.yaml a/b --cert @tls.crt", "v"),
        refused(&mut bench, "set mine.yaml token --cert @tls.crt", "v"),
        refused(&mut bench, "set both.yaml token --cert @tls.crt", "v"),
        refused(&mut bench, "edit db.yaml -i id.key -r team.pub", ""),
        refused(&mut bench, "-r team.pub --merge-into db.yaml", SECRET),
        refused(&mut bench, "--format bitnami --cert @tls.crt --merge-into mine.yaml", SECRET),
        refused(&mut bench, "--format bitnami --cert @tls.crt --merge-into db.yaml", &more),
        refused(&mut bench, "--format bitnami --cert @tls.crt --merge-into db.yaml", "kind: A\napiVersion: v1\n"),
        refused(&mut bench, "rotate db.yaml -i id.key -r team.pub", ""),
        refused(&mut bench, "open db.yaml", ""),
        refused(&mut bench, "open db.yaml -i id.key", ""),
        refused(&mut bench, "open mine.yaml --bitnami-key @tls.key", ""),
        refused(&mut bench, "open db.yaml --bitnami-key other.key", ""),
        refused(&mut bench, "open db.yaml --bitnami-key open.key", ""),
        refused(&mut bench, "open db.yaml --bitnami-key @tls.crt", ""),
        refused(&mut bench, "open db.yaml --bitnami-key nowhere.key", ""),
        refused(&mut bench, "import --from bitnami mine.yaml --bitnami-key @tls.key -r team.pub", ""),
        refused(&mut bench, "import --from bitnami . --bitnami-key @tls.key -r team.pub", ""),
        refused(&mut bench, "import --from bitnami db.yaml --bitnami-key other.key -r team.pub", ""),
        refused(&mut bench, "import --from bitnami db.yaml --bitnami-key @tls.key", ""),
        refused(&mut bench, "import --from bitnami db.yaml --bitnami-key @tls.key -r team.pub -n stage", ""),
    ];
    insta::assert_snapshot!(all.join("\n"), @"
    ksecrets: db.yaml is already sealed: to change a value use `ksecrets seal set` or `ksecrets seal edit`
    ksecrets: db.yaml is already sealed: to change a value use `ksecrets seal set` or `ksecrets seal edit`
    ksecrets: db.yaml: name the certificate of the controller with --cert: `kubeseal --fetch-cert > cert.pem` gets it
    ksecrets: db.yaml: a sealed-secrets controller has no recipients: say --cert and not -r
    ksecrets: Kubernetes does not allow 'a/b' as a key of a Secret
    ksecrets: mine.yaml has a SealedSecret of ksecrets.dev: name recipients with -r and not --cert
    ksecrets: both.yaml has SealedSecret shop/db twice: keep one in a file to change it
    ksecrets: db.yaml has a SealedSecret of bitnami.com: `ksecrets seal set --cert` and `ksecrets seal --format bitnami --merge-into` change values of it, `ksecrets seal import --from bitnami` makes it one of ours
    ksecrets: db.yaml has a SealedSecret of bitnami.com: `ksecrets seal set --cert` and `ksecrets seal --format bitnami --merge-into` change values of it, `ksecrets seal import --from bitnami` makes it one of ours
    ksecrets: mine.yaml has a SealedSecret of ksecrets.dev: leave out --format bitnami
    ksecrets: Secret mq into db.yaml: the Secret is shop/mq, and the file to merge into is for shop/db: its values would be sealed for the wrong one
    ksecrets: there is no Secret to merge into db.yaml
    ksecrets: there is no SealedSecret of ksecrets.dev to rotate
    ksecrets: there is nobody to open it: name a private identity with -i, or --bitnami-key
    ksecrets: db.yaml has a SealedSecret of bitnami.com: name the private keys of its controller with --bitnami-key
    ksecrets: mine.yaml: SealedSecret db is of ksecrets.dev: name a private identity with -i
    ksecrets: db.yaml: SealedSecret db: password: none of the 1 private keys opens it; it was sealed for another controller, for another name or namespace, or was altered since
    ksecrets: open.key can be read by others: chmod 600 it, or say --allow-readable-identity where that is meant
    ksecrets: @/tls.crt: there is no private key in it; give a PEM file, or a backup: `kubectl get secret -n kube-system -l sealedsecrets.bitnami.com/sealed-secrets-key -o yaml`
    ksecrets: cannot read the private key nowhere.key: No such file or directory (os error 2)
    ksecrets: there is no SealedSecret of bitnami.com to import
    ksecrets: a folder is imported in place only: say -w
    ksecrets: db.yaml: SealedSecret db: password: none of the 1 private keys opens it; it was sealed for another controller, for another name or namespace, or was altered since
    ksecrets: there is nobody to seal to: name a recipient with -r, as `ksecrets seal keygen` prints it, or a keyset in .ksecrets.yaml
    ksecrets: db.yaml: SealedSecret db: it is for namespace shop, and stage was asked for: one of them is wrong
    ");
    assert_eq!(bench.read("db.yaml"), before);
}

#[test]
fn templates_are_imported_or_refused_and_never_lost() {
    let mut bench = with_sealed("db.yaml");
    let with =
        |data: &str| bench.read("db.yaml").replace("  template:\n", &format!("  template:\n    data:\n      {data}\n"));
    let (go, literal) = (with("conf: 'u={{ .user }}'"), with("host: db.test"));
    bench.write("go.yaml", &go);
    bench.write("literal.yaml", &literal);
    let import = "import --from bitnami --bitnami-key @tls.key -r team.pub -w";
    insta::assert_snapshot!(refused(&mut bench, &format!("{import} db.yaml go.yaml"), ""), @"ksecrets: go.yaml: SealedSecret db: spec.template.data.conf is a Go template, which this format has none of: seal what it makes as a value, or write it with ${key} into spec.template.data of the new object");
    assert!(bench.read("go.yaml") == go && bench.read("db.yaml").contains("bitnami.com"));
    let opened = run(&mut bench, "open go.yaml --bitnami-key @tls.key", "");
    assert_eq!(opened.status, 1, "{}", opened.stderr);
    assert!(opened.stderr.contains("conf is left out: it is a Go template"), "{}", opened.stderr);
    assert_eq!(run(&mut bench, &format!("{import} literal.yaml"), "").status, 0);
    let opened = run(&mut bench, "open literal.yaml -i id.key", "");
    assert!(opened.stdout.contains("host: ZGIudGVzdA=="), "{}", opened.stdout);
    // Both kinds in one file, each with its own key.
    bench.write("both.yaml", &format!("{}---\n{}", bench.read("db.yaml"), bench.read("literal.yaml")));
    let both = run(&mut bench, "open both.yaml -i id.key --bitnami-key @tls.key", "");
    assert_eq!(both.stdout.matches("kind: Secret\n").count(), 2, "{}", both.stderr);
}

#[test]
fn verify_looks_over_both_kinds() {
    let mut bench = with_sealed("fine.yaml");
    assert_eq!(run(&mut bench, "verify . --cert @tls.crt", "").status, 0);
    let fine = bench.read("fine.yaml");
    let user = fine.lines().find(|line| line.contains("user: ")).unwrap().to_owned();
    let annotated = |annotation: &str| {
        fine.replace("  namespace: shop\nspec", &format!("  namespace: shop\n  annotations: {{{annotation}}}\nspec"))
    };
    bench.write("clear.yaml", &fine.replace(&user, "    user: made-up-in-clear"));
    bench.write("cut.yaml", &fine.replace(&user, &user[..user.len() - 40]));
    bench.write("length.yaml", &fine.replace("user: AQ", "user: //"));
    bench.write("scope.yaml", &annotated("sealedsecrets.bitnami.com/cluster-wide: true"));
    bench.write("template.yaml", &fine.replace("  template:\n", "  template:\n    data: {host: db.test}\n"));
    let mine = run(&mut bench, "-r team.pub", SECRET).stdout.replace("namespace: shop", "namespace: stage");
    bench.write("mixed.yaml", &format!("{mine}---\n{}", fine.replace(&user, "    user: 7")));
    let found = run(&mut bench, "verify . --cert @old.crt", "");
    assert_eq!(found.status, 1, "{}", found.stderr);
    let folder = Pair::shared().file("");
    let said = Regex::new("slot [a-z2-7]{8}").unwrap().replace(&found.stdout, "slot @@SLOT@@").into_owned();
    insta::assert_snapshot!(said.replace(folder.trim_end_matches('/'), "@") + &found.stderr, @r#"
    clear.yaml:10: not-encrypted: SealedSecret db: user: the value is not encrypted: treat it as leaked, replace the credential, and seal the new one
    cut.yaml:10: length: SealedSecret db: user: the value breaks off after 249 bytes: it was cut after it was sealed, so restore it or seal it again
    length.yaml:10: key-length: SealedSecret db: user: the value says that its RSA part has 65520 bytes, which no RSA key has: it is no sealed value or was damaged, so seal it again
    mixed.yaml:2: moved: SealedSecret db: slot @@SLOT@@ was sealed for another namespace: seal the Secret anew for this one
    mixed.yaml:30: not-text: SealedSecret db: user: the value is not text, and because of it the controller silently ignores every value: seal it again
    scope.yaml:7: scope-annotation: SealedSecret db: the annotation sealedsecrets.bitnami.com/cluster-wide counts only with the text "true", in quotes: the scope is not what it seems, so quote or remove it
    template.yaml:12: template-literal: SealedSecret db: host: the template holds a literal value, which stands in clear in the file and in the object: seal it if it is a secret
    @/old.crt:1: certificate-expired: the certificate to compare with expired on 2020-01-01; fetch the current one with `kubeseal --fetch-cert`
    ksecrets: whose keys they are sealed for was not judged: name recipients with -r, or a keyset in .ksecrets.yaml
    ksecrets: 8 SealedSecrets, 8 problems
    "#);
    assert!(!found.stdout.contains("made-up-in-clear") && !found.stdout.contains("db.test"));
    let other = Pair::new(4096);
    let wrong = bench.run(&["verify", "fine.yaml", "--cert", &other.file("tls.crt")], "");
    assert_eq!((wrong.status, wrong.stdout.matches(": key-length: ").count()), (1, 2), "{}", wrong.stdout);
    let ignored = run(&mut bench, "verify template.yaml --ignore template-literal,moved", "");
    assert_eq!((ignored.status, ignored.stdout.as_str()), (0, ""));
}

#[test]
fn a_file_that_cannot_be_written_stays_as_it_was() {
    let mut bench = with_sealed("db.yaml");
    let sealed = bench.read("db.yaml");
    bench.write("plain.yaml", SECRET);
    for name in ["db.yaml", "plain.yaml"] {
        fs::set_permissions(bench.path().join(name), fs::Permissions::from_mode(0o444)).unwrap();
    }
    let commands = [
        "--format bitnami --cert @tls.crt -w plain.yaml",
        "--format bitnami --cert @tls.crt --merge-into db.yaml",
        "set db.yaml user --cert @tls.crt",
        "import --from bitnami db.yaml --bitnami-key @tls.key -r team.pub -w",
    ];
    for line in commands {
        let said = refused(&mut bench, line, SECRET);
        assert!(said.ends_with(".yaml: it is read-only; it is as it was"), "{said}");
    }
    // A disk that is full after half a kilobyte.
    for name in ["db.yaml", "plain.yaml"] {
        fs::set_permissions(bench.path().join(name), fs::Permissions::from_mode(0o644)).unwrap();
    }
    for line in commands {
        let words: Vec<String> = line
            .split(' ')
            .map(|word| word.strip_prefix('@').map_or_else(|| word.to_owned(), |name| Pair::shared().file(name)))
            .collect();
        let mut child = Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$0\" seal \"$@\"", env!("CARGO_BIN_EXE_ksecrets")])
            .args(words)
            .current_dir(bench.path())
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), SECRET.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && said.trim_end().ends_with("it is as it was"), "{line}: {said}");
    }
    assert!(bench.read("db.yaml") == sealed && bench.read("plain.yaml") == SECRET);
    let mut names: Vec<_> = fs::read_dir(bench.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["db.yaml", "id.key", "plain.yaml", "team.pub"]);
}
