//! `ksecrets seal edit` with editors as they are: that save by renaming, leave backups, and are given broken text back.
#![cfg(unix)]

use std::fs;

use crate::seal_cli::{Bench, Done, beside_recipients, values};

/// Where the editor's folder is made, so that tests can see what becomes of it.
const RUN: &str = "run";

/// Edits `db.yaml` with this shell script, which has the file as `$1`.
fn edit(bench: &mut Bench, script: &str) -> Done {
    bench.write("editor", script);
    let run = bench.path().join(RUN);
    fs::create_dir_all(&run).unwrap();
    let (path, run) = (std::env::var("PATH").unwrap(), run.to_str().unwrap().to_owned());
    let environment = [("EDITOR", "sh editor"), ("PATH", path.as_str()), ("XDG_RUNTIME_DIR", run.as_str())];
    let done = bench.run_with(&["edit", "db.yaml", "-i", "id.key", "-r", "team.pub"], "", &environment);
    let left: Vec<_> = fs::read_dir(bench.path().join(RUN)).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "{left:?}");
    done
}

/// Copies what a file of the folder `$folder` holds when that is gone, by a name of no file.
const AFTER: &str = r#"
folder=$(dirname "$1")
after() {
    exec 3< "$1"
    (while [ -e "$folder" ]; do sleep 0.02; done; cat <&3 > "$2") &
    exec 3<&-
}
"#;

fn bench() -> Bench {
    let mut bench = Bench::new("x25519");
    bench.seal("db.yaml");
    bench
}

#[test]
fn whatever_an_editor_leaves_in_its_folder_is_wiped() {
    let mut bench = bench();
    let script = r#"
        after "$1" original                                      # what we handed out
        sed 's/Quill-88/Quill-89/' "$1" > "$1.new"
        mv "$1" "$1~" && mv "$1.new" "$1" && after "$1" saved    # vim with backupcopy=no
        rm "$1~"
        mkdir "$folder/undo" && cp "$1" "$folder/undo/%secret" && after "$folder/undo/%secret" undone
        ln "$folder/undo/%secret" "$folder/undo/twice"
        cp "$1" "$folder/.secret.yaml.swp" && chmod 400 "$folder/.secret.yaml.swp" && after "$folder/.secret.yaml.swp" swap
        echo mine > kept && ln -s "$PWD/kept" "$folder/.#secret.yaml"
        mkfifo "$folder/pipe"
        "#;
    let done = edit(&mut bench, &format!("{AFTER}{script}"));
    assert_eq!((done.status, beside_recipients(&done.stderr).as_str()), (0, ""));
    assert!(bench.open("db.yaml").contains("password: VHI0dmVyc2UtUXVpbGwtODk="));
    for name in ["original", "saved", "undone", "swap"] {
        let bytes = fs::read(bench.path().join(name)).unwrap();
        assert!(bytes.len() > 100 && bytes.iter().all(|byte| *byte == 0), "{name}");
    }
    assert_eq!(bench.read("kept"), "mine\n");
}

#[test]
fn a_file_with_another_name_elsewhere_is_not_overwritten() {
    let mut bench = bench();
    let done = edit(&mut bench, "ln \"$1\" given; sed s/Quill-88/Quill-89/ \"$1\" > mine; ln -f mine \"$1\"\n");
    assert_eq!(done.status, 0, "{}", done.stderr);
    assert!(bench.open("db.yaml").contains("password: VHI0dmVyc2UtUXVpbGwtODk="));
    assert!(bench.read("mine").contains("Quill-89"));
}

#[test]
fn an_editor_that_remembers_is_told_not_to() {
    let mut bench = bench();
    let (home, path) = (bench.path().to_str().unwrap().to_owned(), std::env::var("PATH").unwrap());
    for (name, told) in [("vim", "-i NONE -n -c setlocal noundofile -u NORC "), ("nano", "-u NORC ")] {
        bench.write(name, "#!/bin/sh\necho \"$@\" > said\n");
        let program = bench.path().join(name);
        fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let editor = format!("{} -u NORC", program.display());
        let environment = [("EDITOR", editor.as_str()), ("PATH", path.as_str()), ("XDG_RUNTIME_DIR", home.as_str())];
        let done = bench.run_with(&["edit", "db.yaml", "-i", "id.key", "-r", "team.pub"], "", &environment);
        assert_eq!((done.status, done.stderr.as_str()), (0, "ksecrets: nothing changed\n"));
        assert!(bench.read("said").starts_with(&format!("{told}/")), "{}", bench.read("said"));
    }
}

#[test]
fn an_editor_that_fails_leaves_nothing_either() {
    let mut bench = bench();
    let before = bench.read("db.yaml");
    let done = edit(&mut bench, &format!("{AFTER}cp \"$1\" \"$1~\"; after \"$1~\" backup; exit 3\n"));
    assert_eq!(done.status, 2);
    assert!(done.stderr.contains("nothing was changed"), "{}", done.stderr);
    assert!(fs::read(bench.path().join("backup")).unwrap().iter().all(|byte| *byte == 0));
    assert_eq!(bench.read("db.yaml"), before);
}

#[test]
fn broken_text_comes_back_with_the_reason_and_can_be_mended() {
    let mut bench = bench();
    let before = values(&bench.read("db.yaml"));
    let done = edit(
        &mut bench,
        r#"
        cp "$1" "round$(ls round* 2>/dev/null | wc -l | tr -d ' ')"
        case $(ls round* | wc -l | tr -d ' ') in
            1) sed -i 's/Quill-88"/Quill-89/' "$1" ;;
            2) sed -i 's/Quill-89/Quill-89"/; s/^kind: Secret/kind: ConfigMap/' "$1" ;;
            3) sed -i 's/^kind: ConfigMap/kind: Secret/; s/^  name: db/  name: mq/' "$1" ;;
            4) sed -i 's/^  name: mq/  name: db/' "$1" ;;
        esac
        "#,
    );
    assert_eq!((done.status, beside_recipients(&done.stderr).as_str()), (0, ""));
    assert!(bench.open("db.yaml").contains("password: VHI0dmVyc2UtUXVpbGwtODk="));
    assert_eq!(values(&bench.read("db.yaml")).iter().filter(|line| before.contains(line)).count(), 1);
    let heads = ["round1", "round2", "round3"].map(|name| bench.read(name).lines().next().unwrap().to_owned());
    insta::assert_snapshot!(heads.join("\n"), @"
    # This cannot be sealed: line 14 is not valid YAML: mend the file
    # This cannot be sealed: this is ConfigMap of v1, not a Secret of v1: only Secrets can be sealed
    # This cannot be sealed: a sealed Secret is bound to its name and namespace: seal it anew under the other one
    ");
    // The line that is named is the one that the editor shows.
    assert_eq!(bench.read("round1").lines().nth(13), Some("  user: \"shop\""));
}

#[test]
fn an_edit_that_is_left_broken_is_given_up() {
    let mut bench = bench();
    let before = bench.read("db.yaml");
    for (script, rounds) in [
        // Changes nothing the second time.
        ("echo x >> rounds; sed -i 's/^kind: Secret/kind: ConfigMap/' \"$1\"\n", 2),
        ("echo x >> rounds; printf 'a: [' > \"$1\"\n", 2),
        ("echo x >> rounds; printf '\\377' >> \"$1\"\n", 10),
        // Changes something for ever.
        ("echo x >> rounds; echo ']' >> \"$1\"\n", 10),
        ("echo x >> rounds; : > \"$1\"\n", 1),
        ("echo x >> rounds; rm \"$1\"\n", 1),
    ] {
        bench.write("rounds", "");
        let done = edit(&mut bench, script);
        assert_eq!(done.status, 2, "{script}: {}", done.stderr);
        assert_eq!(done.stderr.lines().count(), 1, "{}", done.stderr);
        assert!(done.stderr.contains("nothing was changed"), "{script}: {}", done.stderr);
        assert_eq!(bench.read("rounds").lines().count(), rounds, "{script}");
        assert_eq!(bench.read("db.yaml"), before);
    }
}

#[test]
fn what_has_no_place_in_a_sealed_secret_is_said() {
    let mut bench = Bench::new("x25519");
    let text = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n  namespace: shop\n  uid: 1-2\n  creationTimestamp: null\n  \
                finalizers: [example.com/keep]\n  ownerReferences:\n  - {apiVersion: v1, kind: Pod, name: p, uid: u}\n\
                status: {}\nstringdata: {a: hunter2}\nstringData: {a: b}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: \
                mq, namespace: shop}\nstringData: {a: b}\n";
    let done = bench.run(&["-r", "team.pub"], text);
    assert_eq!(done.status, 0);
    insta::assert_snapshot!(beside_recipients(&done.stderr), @"ksecrets: standard input: Secret db: not in the SealedSecret: metadata.finalizers, metadata.ownerReferences, stringdata");

    bench.seal("db.yaml");
    let done = edit(&mut bench, "sed -i 's/Quill-88/Quill-89/; s/^metadata:/&\\n  finalizers: [a]/' \"$1\"\n");
    assert_eq!(
        (done.status, beside_recipients(&done.stderr).as_str()),
        (0, "ksecrets: not in the SealedSecret: metadata.finalizers\n")
    );
}
