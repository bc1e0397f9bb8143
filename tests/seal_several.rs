//! Files with several SealedSecrets, and arguments that may be secrets.

use crate::seal_cli::{Bench, beside_recipients};

/// Two SealedSecrets of one name in one file, and one of another.
fn bench() -> Bench {
    let mut bench = Bench::new("x25519");
    let object = |namespace: &str, name: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: {namespace}}}\nstringData: {{a: b-{namespace}}}\n"
        )
    };
    let text = [object("shop", "db"), object("bank", "db"), object("shop", "api")].join("---\n");
    let done = bench.run(&["-r", "team.pub"], &text);
    assert_eq!(done.status, 0, "{}", done.stderr);
    bench.write("all.yaml", &done.stdout);
    bench
}

fn set(bench: &mut Bench, which: &[&str]) -> (i32, String) {
    let arguments = [&["set", "all.yaml", "a", "-r", "team.pub"], which].concat();
    let done = bench.run(&arguments, "new");
    (done.status, done.stderr)
}

#[test]
fn one_of_several_is_chosen_by_name() {
    let mut bench = bench();
    let (status, said) = set(&mut bench, &[]);
    insta::assert_snapshot!(format!("{status}: {said}"), @"2: ksecrets: all.yaml has 3 SealedSecrets, shop/db, bank/db, shop/api: say which with --name, and with -n where that is not enough");
    let (status, said) = set(&mut bench, &["--name", "db"]);
    assert!(status == 2 && said.contains("say which with"), "{said}");
    let (status, said) = set(&mut bench, &["--name", "db", "-n", "shop2"]);
    insta::assert_snapshot!(format!("{status}: {said}"), @"2: ksecrets: all.yaml has no such SealedSecret: there is shop/db, bank/db, shop/api");
    let before = bench.read("all.yaml");
    let (status, said) = set(&mut bench, &["--name", "db", "-n", "bank"]);
    assert_eq!((status, beside_recipients(&said).as_str()), (0, ""));
    let (old, new) = (before.split("---\n").collect::<Vec<_>>(), bench.read("all.yaml"));
    let new: Vec<_> = new.split("---\n").collect();
    assert_eq!((old[0], old[2]), (new[0], new[2]));
    assert_ne!(old[1], new[1]);
    assert_eq!(set(&mut bench, &["--name", "api"]).0, 0);
    // base64 of `new`, twice, and the first as it was.
    let opened = bench.open("all.yaml");
    assert_eq!((opened.matches("a: bmV3").count(), opened.matches("a: Yi1zaG9w").count()), (2, 1), "{opened}");
}

#[test]
fn an_editor_may_be_a_command_for_a_shell() {
    let mut bench = bench();
    let path = std::env::var("PATH").unwrap();
    bench.write("my editor", "sed -i 's/b-bank/changed/' \"$2\"; printf %s \"$1\" > option\n");
    let environment = [("EDITOR", "sh 'my editor' 'two words'"), ("PATH", path.as_str())];
    let arguments = ["edit", "all.yaml", "--name", "db", "-n", "bank", "-i", "id.key", "-r", "team.pub"];
    let done = bench.run_with(&arguments, "", &environment);
    assert_eq!(done.status, 0, "{}", done.stderr);
    assert_eq!(bench.read("option"), "two words");
    assert!(bench.open("all.yaml").contains("a: Y2hhbmdlZA=="));
}

#[test]
fn a_word_that_may_be_a_secret_is_not_shown() {
    let mut bench = bench();
    for arguments in [
        &["set", "all.yaml", "a", "typed-here"][..],
        &["keygen", "-o", "new.key", "--passphrase", "typed-here"],
        &["keygen", "-o", "new.key", "--passphrase=typed-here"],
        &["edit", "all.yaml", "typed-here"],
    ] {
        let done = bench.run(arguments, "");
        assert!(done.status == 2 && done.stdout.is_empty(), "{arguments:?}");
        assert!(!done.stderr.contains("typed") && done.stderr.contains("not shown"), "{arguments:?}: {}", done.stderr);
    }
    let mistyped = bench.run(&["set", "all.yaml", "a", "--recipeint", "x"], "");
    assert!(mistyped.stderr.contains("--recipeint"), "{}", mistyped.stderr);
    let done = bench.run(&["set", "all.yaml", "a", "typed-here"], "");
    insta::assert_snapshot!(done.stderr, @"ksecrets: word 5 after ksecrets is not expected, and not shown: values come from standard input or a prompt, passphrases from a prompt or a file. If it was a secret, your shell's history has it now. --help shows what is expected");
}

#[test]
fn an_identity_does_not_go_to_standard_output() {
    let mut bench = bench();
    let done = bench.run(&["keygen", "-o", "-"], "");
    insta::assert_snapshot!(format!("{}: {}{}", done.status, done.stdout, done.stderr), @"2: ksecrets: standard output is for the recipient string: name a file for the private identity");
}
