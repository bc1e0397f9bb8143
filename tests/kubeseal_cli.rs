//! `ksecrets seal --format bitnami` and its neighbours against the real kubeseal, through the built binary.

use std::collections::BTreeMap;
use std::fs;

use ksecrets::seal::bitnami::{SealedSecret, annotate};
use ksecrets::seal::{PlainSecret, Scope};

use crate::kubeseal::{Data, Pair, SCOPES, data_of, kubeseal, manifest, must, secret, unsealed, values};
use crate::seal_cli::{Bench, beside_recipients};

/// Runs a command that must succeed; its standard output.
fn done(bench: &mut Bench, arguments: &[&str], stdin: impl Into<Vec<u8>>) -> String {
    let done = bench.run_with(arguments, stdin, &[]);
    assert_eq!(done.status, 0, "{arguments:?}: {}", done.stderr);
    done.stdout
}

/// Values of every kind, as much of them as a Secret may hold.
fn full() -> Data {
    let mut all = values();
    let others: usize = all.iter().filter(|(key, _)| *key != "large").map(|(_, value)| value.expose().len()).sum();
    let large = all["large"].expose()[others + 8..].to_vec();
    all.insert("large".to_owned(), large.into());
    all
}

fn one(key: &str, value: &[u8]) -> Data {
    [(key.to_owned(), value.to_vec().into())].into()
}

fn sealed_values(text: &str) -> BTreeMap<String, String> {
    SealedSecret::read(text).unwrap().values().clone()
}

#[test]
fn kubeseal_opens_what_the_command_seals() {
    let Some(program) = kubeseal() else { return };
    let (pair, mut bench) = (Pair::shared(), Bench::new("x25519"));
    for (_, word) in SCOPES {
        let json = manifest(&secret(full()));
        let yaml = secret(full()).to_yaml().to_string();
        for input in [json, yaml] {
            let arguments = ["--format", "bitnami", "--cert", &pair.file("tls.crt"), "--scope", word];
            let sealed = done(&mut bench, &arguments, &*input);
            assert_eq!(sealed.starts_with('{'), input.starts_with('{'));
            assert_eq!(serde_json::from_str::<serde_json::Value>(&sealed).is_ok(), input.starts_with('{'));
            assert!(data_of(&unsealed(program, &sealed, &pair.file("tls.key"))) == full(), "{word}");
        }
    }
}

#[test]
fn the_command_opens_what_kubeseal_seals() {
    let Some(program) = kubeseal() else { return };
    let (pair, mut bench) = (Pair::shared(), Bench::new("x25519"));
    let other = Pair::new(2048);
    bench.write("main.key", &Pair::backup(&[("sealed-secrets-keyold", &other), ("sealed-secrets-keynew", pair)]));
    for (scope, word) in SCOPES {
        let arguments = ["--cert", &pair.file("tls.crt"), "--scope", word, "--format", "yaml"];
        bench.write("sealed.yaml", &must(program, &arguments, manifest(&secret(full())).as_bytes()));
        let mut expected = secret(full());
        annotate(&mut expected.annotations, scope);
        for keys in [
            &["--bitnami-key", &pair.file("pkcs8.key")][..],
            &["--bitnami-key", "main.key", "--allow-readable-identity"],
        ] {
            let opened = bench.run(&[&["open", "sealed.yaml"], keys].concat(), "");
            assert_eq!(opened.status, 0, "{}", opened.stderr);
            assert!(PlainSecret::read(&opened.stdout).unwrap() == expected, "{word}");
            assert_eq!(
                opened.stderr.contains("opened with sealed-secrets-keynew (SHA256:"),
                keys.len() > 2,
                "{}",
                opened.stderr
            );
            assert!(
                opened.stderr.contains(".dockerconfigjson, binary, empty, large, text opened with "),
                "{}",
                opened.stderr
            );
        }
    }
}

#[test]
fn raw_values_both_ways_through_the_command() {
    let Some(program) = kubeseal() else { return };
    let (pair, mut bench) = (Pair::shared(), Bench::new("x25519"));
    let certificate = pair.file("tls.crt");
    let every_byte: Vec<u8> = (0..=255).collect();
    for (scope, word) in SCOPES {
        let place: &[&str] = match scope {
            Scope::Strict => &["--namespace", "shop", "--name", "db"],
            Scope::Namespace => &["--namespace", "shop"],
            Scope::Cluster => &[],
        };
        for value in [Vec::new(), every_byte.clone(), vec![b'x'; 1 << 20]] {
            let raw = [&["--raw", "--cert", &certificate, "--scope", word], place].concat();
            let theirs = must(program, &raw, &value);
            let ours = done(&mut bench, &[&raw[..], &["--format", "bitnami"]].concat(), value.clone());
            assert_eq!((ours.len(), ours.ends_with('\n')), (theirs.len(), theirs.ends_with('\n')));
            // Both into one object, which each of the two opens.
            let base = SealedSecret::seal(&secret(one("a", b"old")), scope, &pair.certificate).unwrap();
            let text = base
                .to_yaml()
                .unwrap()
                .replace(&format!("a: {}", base.values()["a"]), &format!("ours: {ours}\n    theirs: {theirs}"));
            let expected: Data = ["ours", "theirs"].map(|key| (key.to_owned(), value.clone().into())).into();
            // Over etcd's limit, but neither side counts here.
            assert!(data_of(&unsealed(program, &text, &pair.file("tls.key"))) == expected, "{word}");
            assert!(SealedSecret::read(&text).unwrap().open(&pair.keys).unwrap().secret.data == expected, "{word}");
        }
    }
}

#[test]
fn merging_both_ways_through_the_command() {
    let Some(program) = kubeseal() else { return };
    let (pair, mut bench) = (Pair::shared(), Bench::new("x25519"));
    let certificate = pair.file("tls.crt");
    for (_, word) in SCOPES {
        // Theirs, and ours into it.
        let arguments = ["--cert", &certificate, "--scope", word, "--format", "yaml"];
        let theirs = must(program, &arguments, manifest(&secret(full())).as_bytes());
        bench.write("theirs.yaml", &format!("# of the shop\n{theirs}# end\n"));
        let update = manifest(&secret(one("text", b"new")));
        done(
            &mut bench,
            &["--format", "bitnami", "--cert", &certificate, "--merge-into", "theirs.yaml"],
            update.clone(),
        );
        done(&mut bench, &["set", "theirs.yaml", "more", "--cert", &certificate], &b"\0\xff"[..]);
        let merged = bench.read("theirs.yaml");
        assert!(merged.starts_with("# of the shop\n---\n") && merged.ends_with("# end\n"), "{word}");
        let (before, after) = (sealed_values(&theirs), sealed_values(&merged));
        assert!(before.iter().all(|(key, value)| (after[key] == *value) == (key != "text")));
        let opened = data_of(&unsealed(program, &merged, &pair.file("tls.key")));
        assert_eq!(["text", "more"].map(|key| opened[key].expose()), [b"new", &b"\0\xff"[..]]);
        assert_eq!(opened["large"], full()["large"]);

        // Ours, and theirs into it.
        let arguments = ["--format", "bitnami", "--cert", &certificate, "--scope", word];
        let sealed = done(&mut bench, &arguments, manifest(&secret(full())));
        let path = bench.path().join("ours.json");
        fs::write(&path, &sealed).unwrap();
        let path = path.display().to_string();
        must(program, &["--cert", &certificate, "--merge-into", &path, "--scope", word], update.as_bytes());
        assert_eq!(sealed_values(&bench.read("ours.json"))["large"], sealed_values(&sealed)["large"]);
        let opened = done(&mut bench, &["open", "ours.json", "--bitnami-key", &pair.file("tls.key")], "");
        let mut expected = full();
        expected.extend(one("text", b"new"));
        assert!(PlainSecret::read(&opened).unwrap().data == expected);
    }
}

#[test]
fn what_kubeseal_sealed_becomes_ours() {
    let Some(program) = kubeseal() else { return };
    let (pair, mut bench) = (Pair::shared(), Bench::new("xwing"));
    let mut small = full();
    small.remove("large");
    for (scope, word) in SCOPES {
        let arguments = ["--cert", &pair.file("tls.crt"), "--scope", word, "--format", "yaml"];
        let theirs = must(program, &arguments, manifest(&secret(small.clone())).as_bytes());
        let around = "# of the shop\napiVersion: v1\nkind: ConfigMap\nmetadata: {name:   odd} # spaces\n";
        bench.write("all.yaml", &format!("{around}{theirs}---\n# end\n"));
        let done = bench.run(
            &[
                "import",
                "--from",
                "bitnami",
                "-w",
                "all.yaml",
                "--bitnami-key",
                &pair.file("tls.key"),
                "-r",
                "team.pub",
            ],
            "",
        );
        assert_eq!((done.status, done.stdout.as_str()), (0, ""), "{}", done.stderr);
        let said = format!(
            "ksecrets: 4 values opened with {}\nksecrets: imported 1 SealedSecret\n",
            pair.certificate.key_name()
        );
        assert_eq!(beside_recipients(&done.stderr), said);
        let imported = bench.read("all.yaml");
        assert!(imported.starts_with(around) && imported.ends_with("---\n# end\n"), "{imported}");
        assert!(imported.contains(&format!("\n  scope: {scope}\n")) && !imported.contains("bitnami"), "{imported}");
        let opened = self::done(&mut bench, &["open", "all.yaml", "-i", "id.key"], "");
        assert!(PlainSecret::read(&opened).unwrap() == secret(small.clone()), "{word}");
        assert_eq!(bench.run(&["verify", ".", "-r", "team.pub"], "").status, 0);
    }
}
