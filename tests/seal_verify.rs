//! `ksecrets seal verify`: what it must not overlook, however it is written.

use std::fs;

use crate::seal_cli::{Bench, Done, SECRET};

/// A sealed file, moved to another namespace: a problem that must be seen.
fn moved(bench: &mut Bench) -> String {
    bench.seal("db.yaml");
    let text = bench.read("db.yaml").replace("namespace: shop", "namespace: prod");
    fs::remove_file(bench.path().join("db.yaml")).unwrap();
    text
}

fn verify(bench: &mut Bench) -> Done {
    bench.run(&["verify", "."], "")
}

#[test]
fn no_way_of_writing_hides_an_object() {
    let mut bench = Bench::new("x25519");
    let text = moved(&mut bench);
    let value: serde_json::Value = serde_yaml::from_str(&text).unwrap();
    let json = value.to_string();
    let utf16 = |mark: [u8; 2], unit: fn(u16) -> [u8; 2]| {
        [&mark[..], &text.encode_utf16().flat_map(unit).collect::<Vec<_>>()].concat()
    };
    for (name, bytes) in [
        ("escaped.json", json.replace("SealedSecret", "Sealed\\u0053ecret").into_bytes()),
        (
            "escaped.yaml",
            text.replace("kind: SealedSecret", "\"k\\x69nd\": \"S\\U00000065aled\\x53ecret\"").into_bytes(),
        ),
        ("broken-line.yaml", text.replace("kind: SealedSecret", "kind: \"Sealed\\\n  Secret\"").into_bytes()),
        ("flow.yaml", format!("# {{}}\n{json}\n").into_bytes()),
        ("list.yaml", format!("apiVersion: v1\nkind: List\nitems: [{json}]\n").into_bytes()),
        ("anchor.yaml", text.replace("kind: SealedSecret", "x-kind: &k SealedSecret\nkind: *k").into_bytes()),
        ("tag.yaml", text.replace("kind: SealedSecret", "'kind': !!str 'SealedSecret'").into_bytes()),
        ("little.yaml", utf16([0xff, 0xfe], u16::to_le_bytes)),
        ("big.yml", utf16([0xfe, 0xff], u16::to_be_bytes)),
        ("marked.yaml", [&[0xef, 0xbb, 0xbf], text.as_bytes()].concat()),
        ("latin.yaml", [b"# M\xfcller\n", text.as_bytes()].concat()),
        ("db.txt", text.clone().into_bytes()),
        ("db.yaml.tmpl", text.clone().into_bytes()),
        ("db", text.clone().into_bytes()),
    ] {
        fs::write(bench.path().join(name), bytes).unwrap();
        let done = verify(&mut bench);
        assert!(done.status == 1, "{name}: {}{}", done.stdout, done.stderr);
        let seen = if name == "anchor.yaml" { ": field: SealedSecret db: " } else { ": moved: SealedSecret db: " };
        assert!(done.stdout.starts_with(name) && done.stdout.contains(seen), "{name}: {}", done.stdout);
        fs::remove_file(bench.path().join(name)).unwrap();
    }
}

#[test]
fn other_files_need_not_be_valid() {
    let mut bench = Bench::new("x25519");
    let text = moved(&mut bench);
    bench.write("README.md", &format!("# A SealedSecret\n\n```yaml\n{text}```\n: [\n"));
    bench.write("main.go", "package main\n\nconst kind = \"SealedSecret\" // {\n");
    fs::write(bench.path().join("program"), b"\x7fELF\0\0 kind: SealedSecret\n").unwrap();
    let done = verify(&mut bench);
    assert_eq!((done.status, done.stderr.as_str()), (0, "ksecrets: 0 SealedSecrets, no problem\n"));

    // Whoever names a file is told that it is none.
    let named = bench.run(&["verify", "README.md"], "");
    assert_eq!(named.status, 2);
    insta::assert_snapshot!(named.stderr.trim_end(), @"
    ksecrets: README.md is no manifest but text that speaks of SealedSecrets: nothing in it was verified
    ksecrets: 0 SealedSecrets, 1 file not read
    ");
    // An example between prose, which is YAML too.
    bench.write("notes.txt", &format!("How a SealedSecret looks\n---\n{text}---\nAnd so on.\n"));
    let done = verify(&mut bench);
    assert_eq!((done.status, done.stderr.as_str()), (0, "ksecrets: 0 SealedSecrets, no problem\n"));
    assert_eq!(bench.run(&["verify", "notes.txt"], "").status, 2);

    bench.write("db.yaml.gotmpl", &format!("{{{{- if .Sealed }}}}\n{text}{{{{- end }}}}\n"));
    let done = verify(&mut bench);
    assert_eq!(done.status, 2);
    assert!(done.stderr.contains("db.yaml.gotmpl: a SealedSecret in a template"), "{}", done.stderr);
}

#[test]
fn a_credential_beside_sealed_values_is_told_without_its_value() {
    let mut bench = Bench::new("x25519");
    bench.seal("db.yaml");
    // Labels of the Secret made a template.
    let sealed = bench.read("db.yaml");
    let with = |data: &str| format!("{sealed}    data:\n      {data}\n");
    bench.write("db.yaml", &with("url: postgres://shop:${password}@db/shop"));
    assert_eq!(verify(&mut bench).status, 0);

    let made_up = "Wh1tebeam-Ferry-31";
    let plain = with(&format!("url: postgres://shop:{made_up}@db/shop"));
    bench.write("db.yaml", &plain);
    let done = verify(&mut bench);
    assert_eq!(done.status, 1);
    assert!(!done.stdout.contains("Wh1tebeam"), "{}", done.stdout);
    insta::assert_snapshot!(done.stdout, @"db.yaml:26: plaintext: SealedSecret db: spec.template.data.url holds a credential in the clear, beside the sealed values (connection-string): replace the credential, seal the new one with `ksecrets seal set`, and write ${KEY} where it stood");
    let line = plain.lines().position(|line| line.contains("Wh1tebeam")).unwrap() + 1;
    assert!(done.stdout.starts_with(&format!("db.yaml:{line}: ")), "{}", done.stdout);
    assert!(bench.run(&["verify", ".", "--ignore", "plaintext"], "").status == 0);
    for format in ["json", "sarif", "markdown"] {
        let report = bench.run(&["verify", ".", "--format", format], "").stdout;
        assert!(report.contains("seal-plaintext") && !report.contains("Wh1tebeam"), "{report}");
    }

    // What stands in another item, and is repeated by an alias.
    let indented = |text: &str| text.lines().map(|line| format!("  {line}\n")).collect::<String>();
    let first = format!(
        "- kind: ConfigMap\n  apiVersion: v1\n  metadata: {{name: c}}\n  data: &d\n    url: postgres://shop:{made_up}@db/shop\n"
    );
    let second = indented(&with("").replace("    data:\n      \n", "    data: *d\n"));
    let second = second.replacen("  # the database of the shop\n  apiVersion", "- apiVersion", 1);
    bench.write("db.yaml", &format!("apiVersion: v1\nkind: List\nitems:\n{first}{second}"));
    let done = verify(&mut bench);
    assert!(done.stdout.contains("plaintext: SealedSecret db: spec.template.data.url holds"), "{}", done.stdout);

    // An item of a list stands behind a dash.
    let item: String = plain.lines().map(|line| format!("  {line}\n")).collect();
    let item = item.replacen("  # the database of the shop\n  apiVersion", "- apiVersion", 1);
    bench.write("db.yaml", &format!("apiVersion: v1\nkind: List\nitems:\n{item}"));
    let done = verify(&mut bench);
    assert!(done.stdout.starts_with(&format!("db.yaml:{}: plaintext: ", line + 2)), "{}{}", done.stdout, done.stderr);
}

#[test]
fn what_kubectl_applies_is_what_is_looked_at() {
    let mut bench = Bench::new("x25519");
    let text = moved(&mut bench);
    let item = serde_yaml::from_str::<serde_json::Value>(&text).unwrap().to_string();
    for (name, text) in [
        ("second.yaml", text.replace("kind: ", "kind: ConfigMap\nkind: ")),
        ("first.yaml", format!("{text}kind: ConfigMap\n")),
        ("version.yaml", format!("{text}apiVersion: v1\n")),
        ("place.yaml", format!("{text}metadata:\n  name: other\n")),
        ("list.yaml", format!("apiVersion: v1\nkind: Foo\nitems: [{item}]\n")),
        ("items.json", format!("{{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[],\"items\":[{item}]}}")),
        ("other.json", format!("{{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{item}],\"items\":[]}}")),
        ("bitnami.yaml", text.replace("ksecrets.dev/v1alpha1", "bitnami.com/v1alpha1\nkind: Secret")),
    ] {
        bench.write(name, &text);
        let done = verify(&mut bench);
        let seen = if name == "list.yaml" { ": moved: " } else { ": duplicate: " };
        assert!(done.status == 1 && done.stdout.contains(seen), "{name}: {}{}", done.stdout, done.stderr);
        fs::remove_file(bench.path().join(name)).unwrap();
    }
    bench
        .write("a.yaml", &format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\n---\n{text}kind: ConfigMap\n"));
    let done = verify(&mut bench);
    insta::assert_snapshot!(done.stdout + &done.stderr, @"
    a.yaml:29: duplicate: kind stands there twice, and kubectl takes the last: remove one
    ksecrets: 0 SealedSecrets, 1 problem
    ");
}

#[test]
fn no_secret_that_kubectl_applies_stays_in_the_clear() {
    let mut bench = Bench::new("x25519");
    let item =
        "{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: shop}, stringData: {p: Tr4verse-Quill-88}}";
    let two = SECRET.replace("kind: ", "kind: ConfigMap\nkind: ");
    bench.write("two.yaml", &two);
    bench.write("foo.yaml", &format!("apiVersion: v1\nkind: Foo\nitems:\n- {item}\n"));
    bench.write("items.yaml", &format!("apiVersion: v1\nkind: List\nitems: []\nitems: [{item}]\n"));
    bench.write("none.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n");
    bench.write("text.yaml", "a: Secret\n");
    bench.write("escaped.json", &r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a","namespace":"shop"},"stringData":{"p":"Tr4verse-Quill-88"}}"#.replace("Sec", r"S\u0065c"));
    let mut said = String::new();
    for arguments in [
        ["-w", "two.yaml", "-r", "team.pub"].as_slice(),
        &["-w", "items.yaml", "-r", "team.pub"],
        &["rotate", "two.yaml", "-i", "id.key", "-r", "team.pub"],
        &["-w", "foo.yaml", "none.yaml", "text.yaml", "escaped.json", "-r", "team.pub"],
        &["-w", "none.yaml", "-r", "team.pub"],
    ] {
        if arguments[0] == "rotate" {
            bench.write("two.yaml", &two.replace("kind: Secret", "kind: SealedSecret"));
        }
        let done = bench.run(arguments, "");
        said += &format!("{}: {}", done.status, done.stderr.replace(&bench.read("team.pub"), ""));
    }
    let said = said.lines().filter(|line| !line.contains("sealed for ")).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(said, @"
    2: ksecrets: two.yaml:4: kind stands there twice, and kubectl takes the last: remove one
    2: ksecrets: items.yaml:4: items stands there twice, and kubectl takes the last: remove one
    2: ksecrets: two.yaml:4: kind stands there twice, and kubectl takes the last: remove one
    0: ksecrets: none.yaml: there is no Secret in it
    ksecrets: text.yaml: there is no Secret in it
    ksecrets: sealed 2 Secrets
    2: ksecrets: there is no Secret to seal
    ");
    for name in ["foo.yaml", "escaped.json"] {
        assert!(!bench.read(name).contains("Quill"), "{name}");
    }
}

#[test]
fn a_damaged_file_is_not_sound() {
    let mut bench = Bench::new("x25519");
    bench.seal("db.yaml");
    let text = bench.read("db.yaml");
    fs::remove_file(bench.path().join("db.yaml")).unwrap();
    let wide: Vec<u8> = text.bytes().flat_map(|byte| [byte, 0]).collect();
    let wider: Vec<u8> = text.bytes().flat_map(|byte| [0, 0, 0, byte]).collect();
    let late = [text.as_bytes(), "# more\n".repeat(2000).as_bytes(), &[0]].concat();
    for (name, bytes) in [
        ("zero.yaml", [text.as_bytes(), &[0]].concat()),
        ("cut.yml", [&text.as_bytes()[..300], &[0; 512]].concat()),
        ("late.yaml", late),
        ("wide.json", wide.clone()),
        ("wider.yaml", wider),
    ] {
        fs::write(bench.path().join(name), bytes).unwrap();
        let done = verify(&mut bench);
        let said = format!("ksecrets: {name} speaks of SealedSecrets and is no text: ");
        assert!(done.status == 2 && done.stderr.starts_with(&said), "{name}: {}{}", done.stdout, done.stderr);
        fs::remove_file(bench.path().join(name)).unwrap();
    }
    // What may be anything is no manifest, unless somebody says so.
    fs::write(bench.path().join("program"), &wide).unwrap();
    fs::write(bench.path().join("picture.yaml"), [0, 1, 2]).unwrap();
    let done = verify(&mut bench);
    insta::assert_snapshot!(format!("{}: {}", done.status, done.stderr), @"0: ksecrets: 0 SealedSecrets, no problem");
    let done = bench.run(&["verify", "program", "picture.yaml"], "");
    insta::assert_snapshot!(format!("{}: {}", done.status, done.stderr), @"
    2: ksecrets: program speaks of SealedSecrets and is no text: it has bytes of zero, as after a crash, or is in UTF-16 without a mark or in UTF-32. Nothing in it was verified
    ksecrets: 0 SealedSecrets, 1 file not read
    ");
    let done = bench.run_with(&["verify", "-"], wide, &[]);
    insta::assert_snapshot!(format!("{}: {}", done.status, done.stderr), @"
    2: ksecrets: - speaks of SealedSecrets and is no text: it has bytes of zero, as after a crash, or is in UTF-16 without a mark or in UTF-32. Nothing in it was verified
    ksecrets: 0 SealedSecrets, 1 file not read
    ");
}
