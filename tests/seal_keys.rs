//! Keysets as a team uses them: a root, rules for paths, keys that come and go.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Instant;

use ksecrets::seal::{PlainSecret, Recipient, Scope, SealedSecret};
use serde_json::Value;

use crate::binary::ksecrets;
use crate::seal_cli::{Bench, SECRET, beside_recipients, values};

/// A folder with a root, a keyset with `prod`, `staging` and `safe`, a configuration, and their private keys.
fn team() -> Bench {
    team_of("x25519")
}

fn team_of(suite: &str) -> Bench {
    let mut bench = Bench::new(suite);
    let root = bench.run(&["keygen", "--root", "-o", "root.key"], "");
    assert_eq!(root.status, 0, "{}", root.stderr);
    let rules = "  recipients:\n  - path: clusters/prod/**\n    keys: [prod]\n  - path: '**'\n    keys: [staging]\n";
    bench.write(".ksecrets.yaml", &format!("seal:\n  keyset: ksecrets-keys.yaml\n  root: {}{rules}", root.stdout));
    for name in ["prod", "staging", "safe"] {
        key_of(suite, &mut bench, name, name, if name == "safe" { &["--break-glass"] } else { &[] });
    }
    fs::create_dir_all(bench.path().join("clusters/prod")).unwrap();
    bench
}

/// Makes a key, and adds it under a label.
fn key(bench: &mut Bench, name: &str, label: &str, more: &[&str]) {
    key_of("x25519", bench, name, label, more);
}

fn key_of(suite: &str, bench: &mut Bench, name: &str, label: &str, more: &[&str]) {
    let (private, public) = (format!("{name}.key"), format!("{name}.pub"));
    let made = bench.run(&["keygen", "--suite", suite, "-o", &private], "");
    bench.write(&public, &made.stdout);
    let add = ["keys", "add", &public, "--label", label, "--root", "root.key"];
    let added = bench.run(&[&add[..], more].concat(), "");
    assert_eq!((added.status, added.stdout.as_str()), (0, ""), "{}", added.stderr);
}

fn opens(bench: &mut Bench, file: &str, with: &str) -> bool {
    bench.run(&["open", file, "-i", &format!("{with}.key")], "").status == 0
}

/// The id in a recipient file.
fn kid(bench: &Bench, name: &str) -> String {
    let recipient: Recipient = bench.read(&format!("{name}.pub")).trim().parse().unwrap();
    recipient.kid().to_string()
}

#[test]
fn a_file_is_sealed_to_the_keys_of_its_path_and_to_the_safe() {
    let mut bench = team();
    for file in ["clusters/prod/db.yaml", "dev.yaml"] {
        bench.write(file, SECRET);
        let done = bench.run(&["-w", file], "");
        let label = if file == "dev.yaml" { "staging" } else { "prod" };
        let (key, safe) = (kid(&bench, label), kid(&bench, "safe"));
        let said = format!(
            "ksecrets: sealed 1 Secret\nksecrets: sealed for {label} ({key}), safe ({safe}), as .ksecrets.yaml says\n"
        );
        assert_eq!((done.status, done.stderr), (0, said));
    }
    let who = |bench: &mut Bench, file: &str| ["prod", "staging", "safe", "id"].map(|with| opens(bench, file, with));
    assert_eq!(who(&mut bench, "clusters/prod/db.yaml"), [true, false, true, false]);
    assert_eq!(who(&mut bench, "dev.yaml"), [false, true, true, false]);
    let fine = bench.run(&["verify"], "");
    assert_eq!((fine.status, fine.stderr.as_str()), (0, "ksecrets: 2 SealedSecrets, no problem\n"), "{}", fine.stdout);

    // One more value, and values from elsewhere, go to the same keys.
    let set = bench.run(&["set", "clusters/prod/db.yaml", "token"], "n3w-value");
    assert_eq!(set.status, 0, "{}", set.stderr);
    let more = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {other: n3w-value}\n";
    assert_eq!(bench.run(&["--merge-into", "clusters/prod/db.yaml"], more).status, 0);
    assert_eq!(who(&mut bench, "clusters/prod/db.yaml"), [true, false, true, false]);

    // Others may be named; the safe stays.
    bench.write("named.yaml", SECRET);
    let named = bench.run(&["-w", "named.yaml", "-r", "team.pub"], "");
    assert_eq!(named.status, 0);
    let (id, safe) = (kid(&bench, "team"), kid(&bench, "safe"));
    let said = format!("sealed for {id}, as -r says, and safe ({safe}), break-glass of ksecrets-keys.yaml\n");
    assert!(named.stderr.ends_with(&said), "{}", named.stderr);
    assert_eq!(who(&mut bench, "named.yaml"), [false, false, true, true]);
    bench.write("labelled.yaml", SECRET);
    assert_eq!(bench.run(&["-w", "labelled.yaml", "-r", "prod"], "").status, 0);
    assert_eq!(who(&mut bench, "labelled.yaml"), [true, false, true, false]);
}

#[test]
fn standard_input_needs_a_path_where_paths_decide() {
    let mut bench = team();
    let refused = bench.run(&[], SECRET);
    assert_eq!((refused.status, refused.stdout.as_str()), (2, ""));
    assert!(refused.stderr.contains("say where it will lie with --path"), "{}", refused.stderr);
    let sealed = bench.run(&["--path", "clusters/prod/db.yaml"], SECRET);
    assert_eq!(sealed.status, 0, "{}", sealed.stderr);
    bench.write("out.yaml", &sealed.stdout);
    assert!(opens(&mut bench, "out.yaml", "prod") && !opens(&mut bench, "out.yaml", "staging"));
}

#[test]
fn standard_input_is_judged_where_it_will_lie() {
    let mut bench = team();
    let sealed = bench.run(&["--path", "clusters/prod/db.yaml"], SECRET).stdout;
    let verify = |bench: &mut Bench, more: &[&str]| {
        let done = bench.run(&[&["verify", "-"], more].concat(), &sealed);
        (done.status, done.stdout + &done.stderr)
    };
    let there = verify(&mut bench, &["--path", "clusters/prod/db.yaml"]);
    assert_eq!(there.0, 0, "{}", there.1);
    let elsewhere = verify(&mut bench, &["--path", "dev.yaml"]);
    assert!(elsewhere.0 == 1 && elsewhere.1.contains("-:2: missing-recipient: "), "{}", elsewhere.1);
    let nowhere = verify(&mut bench, &[]);
    assert!(nowhere.0 == 2 && nowhere.1.contains("say where it will lie with --path"), "{}", nowhere.1);
    let useless = bench.run(&["verify", "--path", "dev.yaml"], "");
    assert!(useless.status == 2 && useless.stderr.contains("name it with -"), "{}", useless.stderr);

    let rotated = bench.run(&["rotate", "-", "-i", "prod.key", "--path", "dev.yaml"], &sealed);
    assert_eq!(rotated.status, 0, "{}", rotated.stderr);
    bench.write("dev.yaml", &rotated.stdout);
    assert!(opens(&mut bench, "dev.yaml", "staging") && !opens(&mut bench, "dev.yaml", "prod"));
    assert_eq!(bench.run(&["rotate", "-", "-i", "prod.key"], &sealed).status, 2);
    // What is written in place lies where it lies.
    bench.write("plain.yaml", SECRET);
    assert_eq!(bench.run(&["-w", "plain.yaml", "--path", "clusters/prod/db.yaml"], "").status, 2);
}

/// A run in a folder of a bench.
fn run_in(bench: &Bench, folder: &str, arguments: &[&str], stdin: &str) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ksecrets"));
    let command = command.env_clear().current_dir(bench.path().join(folder)).arg("seal").args(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It may have refused before it reads.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let done = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (done.status.code().unwrap(), text(done.stdout), text(done.stderr))
}

/// A stranger's root, keyset and configuration in `apps/x`, of a team's work tree.
fn planted() -> (Bench, String) {
    let mut bench = team();
    fs::create_dir_all(bench.path().join("apps/x")).unwrap();
    fs::create_dir(bench.path().join(".git")).unwrap();
    let root = bench.run(&["keygen", "--root", "-o", "other.key"], "").stdout;
    bench.write("none.yaml", "");
    let theirs = ["--root", "other.key", "--keys", "apps/x/keys.yaml", "--config", "none.yaml"];
    let added = bench.run(&[&["keys", "add", "team.pub", "--label", "staging"], &theirs[..]].concat(), "");
    assert_eq!(added.status, 0, "{}", added.stderr);
    bench.write("apps/x/.ksecrets.yaml", &format!("# x\nseal:\n  keyset: keys.yaml\n  root: {root}"));
    (bench, root.trim().to_owned())
}

#[test]
fn the_outermost_configuration_of_a_work_tree_decides() {
    let (bench, _) = planted();
    let (status, _, said) = run_in(&bench, "apps", &["--path", "x/db.yaml"], SECRET);
    assert!(status == 0 && said.ends_with(", as ../.ksecrets.yaml says\n"), "{said}");
    let (status, out, said) = run_in(&bench, "apps/x", &["--path", "db.yaml"], SECRET);
    assert_eq!((status, out.as_str()), (2, ""));
    insta::assert_snapshot!(said.trim_end(), @"ksecrets: .ksecrets.yaml:2: ../../.ksecrets.yaml decides about sealing in this work tree: take `seal:` out of .ksecrets.yaml, or say --config where it is meant to count");
    assert_eq!(run_in(&bench, "apps/x", &["--path", "db.yaml", "-r", "staging"], SECRET).0, 2);
    let (status, _, said) = run_in(&bench, "apps/x", &["--config", ".ksecrets.yaml"], SECRET);
    assert!(status == 0 && said.ends_with(", as keys.yaml says\n"), "{said}");
    // One that does not speak of sealing is in nobody's way.
    fs::write(bench.path().join("apps/x/.ksecrets.yaml"), "hunt:\n  exclude: [a]\n").unwrap();
    let (status, _, said) = run_in(&bench, "apps/x", &["--path", "db.yaml"], SECRET);
    assert!(status == 0 && said.ends_with(", as ../../.ksecrets.yaml says\n"), "{said}");
    // Outside of a work tree what lies above may be anybody's.
    fs::remove_dir(bench.path().join(".git")).unwrap();
    let (status, _, said) = run_in(&bench, "apps/x", &["--path", "db.yaml"], SECRET);
    assert!(status == 2 && said.contains("there is nobody to seal to"), "{said}");
}

#[test]
fn verify_names_configurations_that_would_have_others_decide() {
    let (mut bench, other) = planted();
    let root =
        bench.read(".ksecrets.yaml").split_whitespace().find(|word| word.starts_with("ksroot1")).unwrap().to_owned();
    let said = |done: crate::seal_cli::Done| {
        assert_eq!(done.status, 1, "{}", done.stderr);
        done.stdout.replace(&root, "ROOT").replace(&other, "OTHER")
    };
    let found = said(bench.run(&["verify"], ""));
    insta::assert_snapshot!(found.trim_end(), @"apps/x/.ksecrets.yaml:2: other-configuration: it pins OTHER, and the root is ROOT: take `seal:` out, or find out who changed the root and why");
    // The same without a root: other recipients.
    bench.write("apps/x/.ksecrets.yaml", "seal: {keyset: keys.yaml}\n");
    let found = said(bench.run(&["verify"], ""));
    insta::assert_snapshot!(found.trim_end(), @"apps/x/.ksecrets.yaml:1: other-configuration: it speaks of sealing, and .ksecrets.yaml decides in this work tree: take `seal:` out");
    assert_eq!(bench.run(&["verify", "--ignore", "other-configuration"], "").status, 0);
    let report = bench.run(&["verify", "--format", "json"], "");
    let report: Value = serde_json::from_str(&report.stdout).unwrap();
    assert_eq!(report["findings"][0]["rule"], "seal-other-configuration");
    // The whole of it exchanged, and the root known from elsewhere.
    bench.write("apps/x/.ksecrets.yaml", "");
    let config = bench.read(".ksecrets.yaml");
    bench.write(".ksecrets.yaml", &config.replace(&root, &other));
    let found = said(bench.run(&["verify", "clusters", "--pin", &root], ""));
    insta::assert_snapshot!(found.trim_end(), @".ksecrets.yaml:1: other-configuration: it pins OTHER, and the root is ROOT: take `seal:` out, or find out who changed the root and why");
    bench.write(".ksecrets.yaml", &config.replace(&root, "unpinned"));
    let found = said(bench.run(&["verify", "clusters", "--pin", &root], ""));
    insta::assert_snapshot!(found.trim_end(), @".ksecrets.yaml:1: other-configuration: it pins no root, and the root is ROOT: take `seal:` out, or find out who changed the root and why");
}

#[test]
fn the_configuration_of_another_work_tree_decides_about_its_files() {
    let (mut bench, other) = planted();
    // As in a submodule, or a second work tree.
    bench.write("apps/x/.git", "gitdir: ../../.git/modules/x\n");
    fs::create_dir(bench.path().join("apps/x/deep")).unwrap();
    bench.write("db.yaml", SECRET);
    assert_eq!(bench.run(&["-w", "db.yaml"], "").status, 0);
    fs::write(bench.path().join("apps/x/deep/db.yaml"), SECRET).unwrap();
    let (status, _, said) = run_in(&bench, "apps/x/deep", &["-w", "db.yaml"], "");
    assert!(status == 0 && said.ends_with(", as ../keys.yaml says\n"), "{said}");

    let fine = bench.run(&["verify"], "");
    assert_eq!(
        (fine.status, fine.stdout.as_str(), fine.stderr.as_str()),
        (0, "", "ksecrets: 2 SealedSecrets, no problem\n")
    );
    let fine = run_in(&bench, "apps/x", &["verify", "../.."], "");
    assert_eq!((fine.0, fine.1.as_str()), (0, ""), "{}", fine.2);
    // Each file is held to its own.
    fs::copy(bench.path().join("db.yaml"), bench.path().join("apps/x/deep/db.yaml")).unwrap();
    let wrong = bench.run(&["verify"], "").stdout;
    assert!(wrong.contains("apps/x/deep/db.yaml:2: unwanted-recipient: ") && !wrong.contains("other-conf"), "{wrong}");
    // Recipients are not chosen from outside.
    bench.write("apps/x/new.yaml", SECRET);
    let refused = bench.run(&["-w", "apps/x/new.yaml"], "");
    insta::assert_snapshot!(refused.stderr.trim_end(), @"ksecrets: apps/x/new.yaml: it is of another work tree, where apps/x/.ksecrets.yaml decides: run ksecrets in it, or say --config apps/x/.ksecrets.yaml");
    assert_eq!(bench.run(&["-w", "apps/x/new.yaml", "--config", "apps/x/.ksecrets.yaml"], "").status, 0);
    fs::remove_file(bench.path().join("apps/x/deep/db.yaml")).unwrap();
    assert_eq!(bench.run(&["verify"], "").status, 0);
    // A root that is pinned from outside is everybody's.
    let root =
        bench.read(".ksecrets.yaml").split_whitespace().find(|word| word.starts_with("ksroot1")).unwrap().to_owned();
    let pinned = bench.run(&["verify", "--pin", &root], "");
    let said = pinned.stdout.replace(&root, "ROOT").replace(&other, "OTHER");
    insta::assert_snapshot!(said.trim_end(), @"apps/x/.ksecrets.yaml:2: other-configuration: it pins OTHER, and the root is ROOT: take `seal:` out, or find out who changed the root and why");
    // What cannot be read is told, and the rest is looked at.
    bench.write("apps/x/keys.yaml", "");
    let unread = bench.run(&["verify"], "");
    assert_eq!(unread.status, 2);
    insta::assert_snapshot!(unread.stderr.trim_end(), @"
    ksecrets: apps/x/keys.yaml: expected one YAML document and found 0: pass them one by one
    ksecrets: 2 SealedSecrets, 1 file not read
    ");
    // One that says nothing of sealing is part of ours.
    bench.write("apps/x/.ksecrets.yaml", "");
    let ours = bench.run(&["verify"], "").stdout;
    assert!(ours.contains("apps/x/new.yaml:2: missing-recipient: "), "{ours}");
    assert_eq!(bench.run(&["rotate", "apps/x/new.yaml", "-i", "id.key"], "").status, 0);
    assert_eq!(bench.run(&["verify"], "").status, 0);
}

#[cfg(unix)]
#[test]
fn a_link_does_not_choose_the_recipients() {
    use std::os::unix::fs::symlink;
    let mut bench = team();
    fs::create_dir(bench.path().join("dev")).unwrap();
    symlink("../clusters/prod", bench.path().join("dev/linked")).unwrap();
    symlink("clusters/prod/db.yaml", bench.path().join("db.yaml")).unwrap();
    bench.write("clusters/prod/db.yaml", SECRET);
    for file in ["db.yaml", "dev/linked/db.yaml", "dev/linked"] {
        let refused = bench.run(&["-w", file], "");
        assert_eq!(refused.status, 2, "{file}");
        assert!(refused.stderr.contains("a link leads from "), "{}", refused.stderr);
        assert_eq!(bench.read("clusters/prod/db.yaml"), SECRET);
    }
    let refused = bench.run(&["--path", "dev/linked/new.yaml"], SECRET);
    assert!(refused.status == 2 && refused.stderr.contains("name the file itself"), "{}", refused.stderr);
    assert_eq!(bench.run(&["-w", "clusters/prod/db.yaml"], "").status, 0);
    // By either name it is the same file, and held to the same rule.
    for file in ["db.yaml", "dev/linked/db.yaml", "dev/linked", "clusters"] {
        let fine = bench.run(&["verify", file], "");
        assert_eq!((fine.status, fine.stdout.as_str()), (0, ""), "{file}");
    }
    let refused = bench.run(&["rotate", "db.yaml", "-i", "prod.key"], "");
    assert!(refused.status == 2 && refused.stderr.contains("a link leads from "), "{}", refused.stderr);
    let refused = bench.run(&["set", "db.yaml", "token"], "n3w-value");
    assert!(refused.status == 2 && refused.stderr.contains("a link leads from "), "{}", refused.stderr);
    // A whole work tree may be behind a link.
    symlink(".", bench.path().join("tree")).unwrap();
    let fine =
        bench.run(&["rotate", "tree/clusters/prod/db.yaml", "--config", "tree/.ksecrets.yaml", "-i", "prod.key"], "");
    assert_eq!(fine.status, 0, "{}", fine.stderr);
}

#[test]
fn values_for_new_keys_are_told_where_the_old_ones_stay() {
    let mut bench = team();
    bench.write("dev.yaml", SECRET);
    bench.run(&["-w", "dev.yaml"], "");
    key(&mut bench, "next", "staging", &[]);
    let set = bench.run(&["set", "dev.yaml", "token"], "n3w-value");
    assert_eq!(set.status, 0, "{}", set.stderr);
    assert!(set.stderr.contains("run `ksecrets seal rotate -i IDENTITY dev.yaml`"), "{}", set.stderr);
    let slip = bench.run(&["set", "dev.yaml", "token", "-r", "stagging"], "n3w-value");
    let said = "ksecrets: the keyset has no key 'stagging'; its labels are prod, safe, staging\n";
    assert_eq!((slip.status, slip.stderr.as_str()), (2, said));
    let set = bench.run(&["set", "dev.yaml", "token", "-r", "prod"], "n3w-value");
    assert!(
        set.status == 2 && set.stderr.contains("and this would be for ") && set.stderr.contains("prod ("),
        "{}",
        set.stderr
    );
}

#[test]
fn an_altered_keyset_and_another_root_are_refused() {
    let mut bench = team();
    let keyset = bench.read("ksecrets-keys.yaml");
    let said = |bench: &mut Bench| {
        let done = bench.run(&["--path", "dev.yaml"], SECRET);
        assert_eq!((done.status, done.stdout.as_str()), (2, ""), "{}", done.stderr);
        done.stderr
    };
    // The public key of somebody else in the place of prod's.
    let stranger = bench.read("team.pub");
    let (prod, public) = (kid(&bench, "prod"), bench.read("prod.pub"));
    let swapped = keyset.replace(&prod, &kid(&bench, "team")).replace(public.trim(), stranger.trim());
    bench.write("ksecrets-keys.yaml", &swapped);
    assert!(said(&mut bench).contains("the signature of the keyset is wrong: it was changed after it was signed"));
    // Signed by a root of their own.
    bench.run(&["keygen", "--root", "-o", "other.key"], "");
    fs::remove_file(bench.path().join("ksecrets-keys.yaml")).unwrap();
    let config = bench.read(".ksecrets.yaml");
    bench.write(".ksecrets.yaml", "");
    let add = bench.run(&["keys", "add", "team.pub", "--label", "prod", "--root", "other.key"], "");
    assert!(add.stderr.contains("pin the root in .ksecrets.yaml"), "{}", add.stderr);
    bench.write(".ksecrets.yaml", &config);
    assert!(said(&mut bench).contains("somebody exchanged it, or the root has changed"));
    // Nothing is pinned, or in so many words.
    let unpinned: String =
        config.lines().filter(|line| !line.contains("root:")).map(|line| format!("{line}\n")).collect();
    bench.write(".ksecrets.yaml", &unpinned);
    bench.write("ksecrets-keys.yaml", &keyset);
    assert!(said(&mut bench).contains("no root is pinned: whoever can change the file could sign it anew"));
    bench.write(".ksecrets.yaml", &unpinned.replace("seal:\n", "seal:\n  root: unpinned\n"));
    let done = bench.run(&["--path", "dev.yaml"], SECRET);
    assert_eq!(done.status, 0);
    assert!(
        done.stderr.contains("is unpinned: whoever can change it decides who opens your Secrets"),
        "{}",
        done.stderr
    );
}

#[test]
fn a_key_comes_and_its_predecessor_goes() {
    let mut bench = team();
    bench.write("clusters/prod/db.yaml", SECRET);
    bench.run(&["-w", "clusters/prod/db.yaml"], "");
    let before = values(&bench.read("clusters/prod/db.yaml"));
    bench.write("ksecrets-keys.yaml", &format!("# of the platform team\n{}", bench.read("ksecrets-keys.yaml")));
    key(&mut bench, "next", "prod", &["--not-after", "2999-12-31"]);
    assert!(bench.read("ksecrets-keys.yaml").starts_with("# of the platform team\n"));
    let stale = bench.run(&["verify"], "");
    assert_eq!(stale.status, 1);
    assert!(stale.stdout.contains(": missing-recipient: SealedSecret db: "), "{}", stale.stdout);
    assert!(stale.stdout.contains("run `ksecrets seal rotate -i IDENTITY clusters/prod/db.yaml`"), "{}", stale.stdout);
    let old = kid(&bench, "prod");
    let retired = bench.run(&["keys", "retire", &old, "--root", "root.key"], "");
    assert_eq!(retired.status, 0, "{}", retired.stderr);
    assert!(
        retired
            .stderr
            .contains("1 SealedSecret is still sealed to it, in clusters/prod/db.yaml: run `ksecrets seal rotate"),
        "{}",
        retired.stderr
    );
    let stale = bench.run(&["verify"], "");
    let codes: Vec<&str> = stale.stdout.lines().map(|line| line.split(": ").nth(1).unwrap()).collect();
    assert_eq!(codes, ["missing-recipient", "retired-recipient"]);
    let rotated = bench.run(&["rotate", "--all", ".", "-i", "prod.key"], "");
    let said = beside_recipients(&rotated.stderr);
    assert_eq!((rotated.status, said.as_str()), (0, "ksecrets: 1 of 1 SealedSecret changed\n"));
    assert_eq!(values(&bench.read("clusters/prod/db.yaml")), before);
    assert!(opens(&mut bench, "clusters/prod/db.yaml", "next") && !opens(&mut bench, "clusters/prod/db.yaml", "prod"));
    assert_eq!(bench.run(&["verify"], "").status, 0);
    let again = bench.run(&["keys", "retire", &old, "--root", "root.key"], "");
    assert!(again.status == 2 && again.stderr.contains("is retired already"), "{}", again.stderr);
}

#[test]
fn a_lost_key_asks_for_more_than_rotation() {
    let mut bench = team();
    bench.write("dev.yaml", SECRET);
    bench.run(&["-w", "dev.yaml"], "");
    let done = bench.run(&["keys", "retire", "staging", "--compromised", "--root", "root.key"], "");
    let (file, id) = ("ksecrets-keys.yaml", kid(&bench, "staging"));
    assert_eq!(
        done.stderr,
        format!(
            "ksecrets: {file}: staging ({id}) is compromised now, generation 4\n\
             ksecrets: staging has no key in use any more: add one with `ksecrets seal keys add`\n\
             ksecrets: 1 SealedSecret is still sealed to it, in dev.yaml: run `ksecrets seal rotate --new-data-key -i \
             IDENTITY --all .`\n\
             ksecrets: whoever has the key may know the values: change the credentials themselves too\n"
        )
    );
    let verified = bench.run(&["verify"], "");
    assert_eq!(verified.status, 1);
    assert!(verified.stdout.contains("dev.yaml:2: compromised-recipient: "), "{}", verified.stdout);
    let sealing = bench.run(&["--path", "dev.yaml"], SECRET);
    assert_eq!(sealing.status, 2);
    assert!(
        sealing.stderr.contains("the key is compromised; name its successor, or add one with `ksecrets seal keys add`"),
        "{}",
        sealing.stderr
    );
    let report = bench.run(&["verify", "--format", "json"], "");
    let report: Value = serde_json::from_str(&report.stdout).unwrap();
    let finding = &report["findings"][0];
    assert_eq!(
        (finding["rule"].as_str(), finding["severity"].as_str()),
        (Some("seal-compromised-recipient"), Some("critical"))
    );
    assert_eq!(finding["location"]["object"]["name"], "db");
    assert!(finding["remediation"].as_str().unwrap().contains("--new-data-key"));
    let sarif = bench.run(&["verify", "--format", "sarif"], "");
    let sarif: Value = serde_json::from_str(&sarif.stdout).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "seal-compromised-recipient");
}

#[test]
fn keys_that_may_not_be_sealed_to_are_refused() {
    let mut bench = team();
    key(&mut bench, "past", "past", &["--not-after", "2020-12-31"]);
    key(&mut bench, "future", "future", &["--not-before", "2999-01-01"]);
    key(&mut bench, "soon", "soon", &["--pending"]);
    let mut said = |label: &str| {
        let done = bench.run(&["-r", label, "--path", "dev.yaml"], SECRET);
        assert_eq!((done.status, done.stdout.as_str()), (2, ""));
        let (_, why) = done.stderr.trim().split_once("): ").unwrap();
        why.to_owned()
    };
    let all = ["past", "future", "soon"].map(&mut said).join("\n");
    insta::assert_snapshot!(all, @"
    the key is expired since the end of 2020-12-31; add its successor with `ksecrets seal keys add`, under the same label
    the key is not valid before 2999-01-01; wait, or give it an earlier not-before and sign with `ksecrets seal keys publish`
    the key is pending; make it current once its private half is in place and backed up, with `ksecrets seal keys publish`
    ");
    // The same keys, named by what they are.
    let done = bench.run(&["-r", "past.pub", "--path", "dev.yaml"], SECRET);
    assert!(done.status == 2 && done.stderr.contains("expired"), "{}", done.stderr);
    let list = bench.run(&["keys", "list"], "").stdout;
    let states: Vec<&str> = list.lines().skip(3).filter_map(|line| line.split_whitespace().nth(2)).collect();
    assert_eq!(states, ["not-yet-valid", "expired", "current", "current", "pending", "current"]);
    let list: Value = serde_json::from_str(&bench.run(&["keys", "list", "--format", "json"], "").stdout).unwrap();
    assert_eq!((list["generation"].as_u64(), list["keys"].as_array().unwrap().len()), (Some(6), 6));
    assert_eq!(list["keys"][3]["breakGlass"], true);

    // By hand it is made current, and signed anew.
    let path = "ksecrets-keys.yaml";
    bench.write(path, &bench.read(path).replace("state: pending", "state: current # since Monday"));
    assert!(bench.run(&["keys", "list"], "").stderr.contains("`ksecrets seal keys publish --root FILE`"));
    let unasked = bench.run(&["keys", "publish", "--root", "root.key"], "");
    assert!(unasked.status == 2 && unasked.stderr.contains("look it over and say --yes"), "{}", unasked.stderr);
    let signed = bench.run(&["keys", "publish", "--root", "root.key", "--yes"], "");
    assert_eq!((signed.status, signed.stdout.as_str()), (0, ""), "{}", signed.stderr);
    assert!(signed.stderr.ends_with("ksecrets: ksecrets-keys.yaml: signed generation 7\n"), "{}", signed.stderr);
    assert!(bench.read(path).contains("state: current # since Monday"));
    assert_eq!(bench.run(&["-r", "soon", "--path", "dev.yaml"], SECRET).status, 0);
    let same = bench.run(&["keys", "publish", "--root", "root.key"], "");
    assert!(
        same.status == 0 && same.stderr.contains("generation 7 is signed, and nothing has changed"),
        "{}",
        same.stderr
    );
}

#[test]
fn a_newer_keyset_is_fetched_and_an_older_one_refused() {
    let mut bench = team();
    let old = bench.read("ksecrets-keys.yaml");
    key(&mut bench, "next", "prod", &[]);
    let published = bench.run(&["keys", "publish"], "").stdout;
    assert_eq!(published, bench.read("ksecrets-keys.yaml"));
    let map = bench.run(&["keys", "publish", "--config-map", "ksecrets-keys"], "").stdout;
    assert!(map.starts_with("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ksecrets-keys\n"), "{map}");

    bench.write("ksecrets-keys.yaml", &old);
    let fetched = bench.run(&["keys", "fetch", "-"], &map);
    let next = kid(&bench, "next");
    assert_eq!(
        (fetched.status, fetched.stderr),
        (0, format!("ksecrets: ksecrets-keys.yaml: generation 4: added prod ({next})\n"))
    );
    let same = bench.run(&["keys", "fetch", "-"], &published);
    assert_eq!((same.status, same.stderr.as_str()), (0, "ksecrets: ksecrets-keys.yaml: generation 4 is the newest\n"));
    bench.write("old.yaml", &old);
    let older = bench.run(&["keys", "fetch", "old.yaml"], "");
    assert_eq!(older.status, 2);
    assert!(older.stderr.contains("an older keyset may hold keys that were retired since"), "{}", older.stderr);
    let altered = published.replace("label: staging", "label: prod");
    let refused = bench.run(&["keys", "fetch", "-"], &altered);
    assert!(
        refused.status == 2 && refused.stderr.contains("the signature of the keyset is wrong"),
        "{}",
        refused.stderr
    );
    let url = bench.run(&["keys", "fetch", "https://example.com/keys.yaml"], "");
    assert!(url.status == 2 && url.stderr.contains("no connection is opened for this"), "{}", url.stderr);
    assert_eq!(bench.read("ksecrets-keys.yaml").lines().nth(2), Some("generation: 4"));
    let fresh = bench.run(&["keys", "fetch", "--keys", "new.yaml", "old.yaml"], "");
    assert_eq!((fresh.status, bench.read("new.yaml") == old), (0, true), "{}", fresh.stderr);
}

#[test]
fn policies_of_the_configuration_hold_when_sealing_and_verifying() {
    let mut bench = team();
    bench.write("dev.yaml", SECRET);
    bench.run(&["-w", "--scope", "cluster", "dev.yaml"], "");
    let config = bench.read(".ksecrets.yaml");
    bench.write(".ksecrets.yaml", &format!("{config}  require-pq: true\n  scope: namespace\n"));
    let verified = bench.run(&["verify"], "").stdout;
    let codes: Vec<&str> = verified.lines().map(|line| line.split(": ").nth(1).unwrap()).collect();
    assert_eq!(codes, ["wide-scope", "weak-suite"], "{verified}");
    let wide = bench.run(&["--scope", "cluster", "--path", "dev.yaml"], SECRET);
    assert!(wide.status == 2 && wide.stderr.contains("scope cluster is wider than namespace"), "{}", wide.stderr);
    let weak = bench.run(&["--path", "dev.yaml"], SECRET);
    assert!(weak.status == 2 && weak.stderr.contains("is not post-quantum, and .ksecrets.yaml has"), "{}", weak.stderr);
    // A path that no rule is for.
    bench.write(".ksecrets.yaml", &config.replace("path: '**'", "path: 'test/*.yaml'"));
    let verified = bench.run(&["verify"], "");
    assert!(verified.status == 1 && verified.stdout.contains("dev.yaml:2: without-rule: "), "{}", verified.stdout);
    let unruled = bench.run(&["--path", "test/a/b.yaml"], SECRET);
    assert!(
        unruled.stderr.contains("no rule of seal.recipients in .ksecrets.yaml is for test/a/b.yaml"),
        "{}",
        unruled.stderr
    );
}

#[test]
fn a_wrong_configuration_names_its_line() {
    let mut bench = team();
    let config = bench.read(".ksecrets.yaml");
    let root = config.lines().find(|line| line.contains("root:")).unwrap().to_owned();
    let mut said = |text: &str| {
        bench.write(".ksecrets.yaml", text);
        let done = bench.run(&["--path", "dev.yaml"], SECRET);
        assert_eq!((done.status, done.stdout.as_str()), (2, ""), "{}", done.stderr);
        done.stderr.trim_end().replace(root.trim(), "root: ROOT")
    };
    let all = [
        said(&config.replace("keyset:", "key-set:")),
        said(&config.replace(&root, "  root: ksroot1abc")),
        said(&config.replace("path: '**'", "path: '[a'")),
        said(&config.replace("keys: [staging]", "keys: []")),
        said(&config.replace("keys: [staging]", "keys: [stagging]")),
        said(&config.replace("  keyset: ksecrets-keys.yaml\n", "")),
        said(&config.replace("ksecrets-keys.yaml", "elsewhere.yaml")),
        said(&format!("{config}  scope: galaxy\n")),
    ];
    insta::assert_snapshot!(all.join("\n"), @"
    ksecrets: .ksecrets.yaml:2: seal: unknown field `key-set`, expected one of `keyset`, `root`, `recipients`, `require-pq`, `scope`
    ksecrets: .ksecrets.yaml:3: seal.root: not a root: the checksum is wrong; was it pasted completely?
    ksecrets: .ksecrets.yaml:7: seal.recipients[1]: error parsing glob '[a': unclosed character class; missing ']'
    ksecrets: .ksecrets.yaml:4: a rule of seal.recipients names no key
    ksecrets: .ksecrets.yaml, for dev.yaml: the keyset has no key 'stagging'; its labels are prod, safe, staging
    ksecrets: .ksecrets.yaml:3: seal.recipients names keys of a keyset: say which with `keyset: ksecrets-keys.yaml`
    ksecrets: cannot read the keyset elsewhere.yaml: No such file or directory (os error 2)
    ksecrets: .ksecrets.yaml:9: seal.scope: scope 'galaxy' is not known: known are strict, namespace and cluster
    ");
}

#[test]
fn wrong_usage_is_one_sentence() {
    let mut bench = team();
    let pin =
        bench.read(".ksecrets.yaml").split_whitespace().find(|word| word.starts_with("ksroot1")).unwrap().to_owned();
    bench.write("empty.yaml", "");
    let mut said = |arguments: &[&str]| {
        let done = bench.run(arguments, "");
        assert_eq!((done.status, done.stdout.as_str()), (2, ""), "{}", done.stderr);
        done.stderr.trim_end().to_owned()
    };
    let all = [
        said(&["keys", "add", "team.pub", "--label", "x"]),
        said(&["keys", "add", "team.pub", "--label", "x", "--root", "id.key"]),
        said(&["keys", "add", "team.pub", "--label", "x", "--root", "none.key"]),
        said(&["keys", "add", "nothing", "--label", "x", "--root", "root.key"]),
        said(&["keys", "retire", "nobody", "--root", "root.key"]),
        said(&["keys", "list", "--keys", "none.yaml"]),
        said(&["keys", "list", "--keys", "team.pub"]),
        said(&["keys", "fetch", "none.yaml"]),
        said(&["keys", "fetch", "-"]),
        said(&["open", "-i", "root.key"]),
        said(&["verify", "--config", "empty.yaml", "--pin", &pin]),
    ];
    insta::assert_snapshot!(all.join("\n"), @"
    ksecrets: a keyset is signed: name the private root with --root, as `ksecrets seal keygen --root` made it
    ksecrets: id.key: not the file of a root: this is an identity, which opens Secrets; the root signs keysets
    ksecrets: cannot read the root none.key: No such file or directory (os error 2)
    ksecrets: 'nothing' is neither a recipient, which begins with ksx1 or kspq1, nor a file
    ksecrets: the keyset has no key 'nobody': `ksecrets seal keys list` shows them
    ksecrets: there is no keyset none.yaml: `ksecrets seal keys add` makes one, --keys names another
    ksecrets: team.pub: this is no keyset: `version: 1` is missing; `ksecrets seal keys add` makes one
    ksecrets: cannot read none.yaml: No such file or directory (os error 2)
    ksecrets: standard input is empty: there is no keyset to take
    ksecrets: root.key: not an identity file: this is a root, which signs keysets; an identity is needed
    ksecrets: --pin is about a keyset, and there is none: name it in .ksecrets.yaml, or with --keys
    ");
}

#[test]
fn rules_about_sealed_objects_are_explained_and_not_hunted() {
    let explained = ksecrets().args(["rules", "seal-moved"]).run();
    assert!(explained.stdout.contains("class exposure, severity high"), "{}", explained.stdout);
    let hunted = ksecrets().args(["hunt", "--select", "seal-moved"]).run();
    assert_eq!(
        (hunted.status, hunted.stderr.as_str()),
        (Some(2), "ksecrets: 'seal-moved' is a rule of `ksecrets seal verify`, and not of hunt\n")
    );
}

#[cfg(unix)]
#[test]
fn a_root_is_private_from_the_start_and_may_have_a_passphrase() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut bench = Bench::new("x25519");
    bench.write_private("phrase", "correct horse battery staple\n");
    let made = bench.run(&["keygen", "--root", "-o", "root.key", "--passphrase-file", "phrase"], "");
    assert!(made.status == 0 && made.stdout.starts_with("ksroot1") && made.stdout.len() == 66, "{}", made.stderr);
    let path = bench.path().join("root.key");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let add = ["keys", "add", "team.pub", "--label", "prod", "--root", "root.key", "--passphrase-file", "phrase"];
    assert_eq!(bench.run(&add, "").status, 0);
    let list = bench.run(&["keys", "list", "--pin", made.stdout.trim(), "--keys", "ksecrets-keys.yaml"], "");
    assert!(list.status == 0 && list.stdout.contains(made.stdout.trim()), "{}", list.stderr);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let refused = bench.run(&add, "");
    assert!(refused.stderr.contains("root.key can be read by others"), "{}", refused.stderr);
}

/// How long verify takes: `cargo test --release verify_of_ten_thousand -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn verify_of_ten_thousand_files() {
    const FILES: usize = 10_000;
    let mut bench = team_of("xwing");
    let to: Vec<Recipient> = ["prod.pub", "safe.pub"].map(|name| bench.read(name).trim().parse().unwrap()).to_vec();
    let folder = bench.path().join("clusters/prod");
    for number in 0..FILES {
        let plain = PlainSecret::read(&SECRET.replace("name: db", &format!("name: db-{number}"))).unwrap();
        let sealed = SealedSecret::seal(&plain, Scope::Strict, &to).unwrap().to_yaml().unwrap();
        fs::write(folder.join(format!("db-{number}.yaml")), sealed).unwrap();
    }
    let mut said = String::new();
    for _ in 0..3 {
        let start = Instant::now();
        let done = bench.run(&["verify"], "");
        assert_eq!((done.status, done.stderr.as_str()), (0, "ksecrets: 10000 SealedSecrets, no problem\n"));
        let _ = write!(said, " {} ms", start.elapsed().as_millis());
    }
    println!("{FILES} sealed files verified in{said}");
}
