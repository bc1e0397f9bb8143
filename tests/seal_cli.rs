//! `ksecrets seal` as a developer uses it, with files and without a cluster.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::binary::ksecrets;

pub(crate) const SECRET: &str = "\
# the database of the shop
apiVersion: v1
kind: Secret
metadata:
  name: db
  namespace: shop
  labels:
    app: shop
stringData:
  password: Tr4verse-Quill-88
  user: shop
";

/// A folder in which commands follow each other.
pub(crate) struct Bench {
    folder: Option<TempDir>,
}

/// What one command said and did.
pub(crate) struct Done {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Bench {
    /// With an identity in `id.key`, and its recipient in `team.pub`.
    pub(crate) fn new(suite: &str) -> Self {
        let mut bench = Self { folder: Some(tempfile::tempdir().unwrap()) };
        let made = bench.run(&["keygen", "-o", "id.key", "--suite", suite], "");
        assert_eq!(made.status, 0, "{}", made.stderr);
        bench.write("team.pub", &made.stdout);
        bench
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.as_ref().unwrap().path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    /// Writes a file that others cannot read.
    pub(crate) fn write_private(&self, name: &str, text: &str) {
        self.write(name, text);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(self.path().join(name), fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// Runs `ksecrets seal` here.
    pub(crate) fn run(&mut self, arguments: &[&str], stdin: &str) -> Done {
        self.run_with(arguments, stdin, &[])
    }

    pub(crate) fn run_with(
        &mut self,
        arguments: &[&str],
        stdin: impl Into<Vec<u8>>,
        environment: &[(&str, &str)],
    ) -> Done {
        let folder = self.folder.take().unwrap();
        let command = ksecrets().folder(folder).args(["seal"]).args(arguments.iter().copied()).stdin(stdin);
        let command = environment.iter().fold(command, |command, (name, value)| command.env(name, value));
        let outcome = command.run();
        let done = Done {
            status: outcome.status.unwrap_or(-1),
            stdout: outcome.stdout.clone(),
            stderr: outcome.stderr.clone(),
        };
        self.folder = Some(outcome.into_folder());
        done
    }

    /// Seals [`SECRET`] into a file.
    pub(crate) fn seal(&mut self, name: &str) {
        let done = self.run(&["-r", "team.pub"], SECRET);
        assert_eq!(done.status, 0, "{}", done.stderr);
        self.write(name, &done.stdout);
    }

    pub(crate) fn open(&mut self, name: &str) -> String {
        let done = self.run(&["open", name, "-i", "id.key"], "");
        assert_eq!(done.status, 0, "{}", done.stderr);
        done.stdout
    }
}

/// The lines of the values of a sealed file, by key.
pub(crate) fn values(text: &str) -> Vec<String> {
    text.lines().filter(|line| line.contains(": ks1.")).map(|line| line.trim().to_owned()).collect()
}

/// What a command said but for whom it sealed, of which it has to say something.
pub(crate) fn beside_recipients(stderr: &str) -> String {
    let (whom, rest): (Vec<_>, Vec<_>) =
        stderr.split_inclusive('\n').partition(|line| line.starts_with("ksecrets: sealed for "));
    assert!(!whom.is_empty(), "{stderr}");
    rest.concat()
}

#[test]
fn what_is_sealed_is_opened_again_and_shows_nothing() {
    for suite in ["xwing", "x25519"] {
        let mut bench = Bench::new(suite);
        bench.seal("db.yaml");
        let sealed = bench.read("db.yaml");
        assert!(
            sealed.starts_with("# the database of the shop\napiVersion: ksecrets.dev/v1alpha1\nkind: SealedSecret\n")
        );
        assert!(!sealed.contains("Quill") && !sealed.contains("VHI0dmVyc2U"), "{sealed}");
        insta::allow_duplicates! {
            insta::assert_snapshot!(bench.open("db.yaml"), @"
            apiVersion: v1
            kind: Secret
            metadata:
              name: db
              namespace: shop
              labels:
                app: shop
            type: Opaque
            data:
              password: VHI0dmVyc2UtUXVpbGwtODg=
              user: c2hvcA==
            ");
        }
    }
}

#[test]
fn comments_that_may_hold_a_value_do_not_outlive_it() {
    let mut bench = Bench::new("x25519");
    let text = format!(
        "{SECRET}  # old: hunter2-in-a-comment\n\n# token: hunter2-behind\n---\n# kept\nkind: Other\napiVersion: v1\n"
    );
    bench.write("db.yaml", &text);
    assert_eq!(bench.run(&["-w", "-r", "team.pub", "db.yaml"], "").status, 0);
    let sealed = bench.read("db.yaml");
    assert!(!sealed.contains("hunter2"), "{sealed}");
    assert!(
        sealed.starts_with("# the database of the shop\n")
            && sealed.ends_with("---\n# kept\nkind: Other\napiVersion: v1\n")
    );
}

#[test]
fn ignore_files_hide_nothing_from_verify() {
    let mut bench = Bench::new("x25519");
    bench.seal("db.yaml");
    bench.write("renamed.yaml", &bench.read("db.yaml").replace("name: db", "name: moved"));
    bench.write(".gitignore", "renamed.yaml\n");
    bench.write(".ignore", "*.yaml\n");
    let done = bench.run(&["verify", "."], "");
    assert_eq!(done.status, 1, "{}{}", done.stdout, done.stderr);
    assert!(done.stdout.starts_with("renamed.yaml:"), "{}", done.stdout);
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_no_plaintext_behind() {
    let mut bench = Bench::new("x25519");
    bench.seal("db.yaml");
    bench.write("editor", "dirname \"$1\" > folder; for signal in INT TERM HUP; do kill -$signal $PPID; done\n");
    let path = std::env::var("PATH").unwrap();
    let edit = ["edit", "db.yaml", "-i", "id.key", "-r", "team.pub"];
    let done = bench.run_with(&edit, "", &[("EDITOR", "sh editor"), ("PATH", path.as_str())]);
    assert_eq!(done.status, 0, "{}", done.stderr);
    assert!(!Path::new(bench.read("folder").trim()).exists());
}

#[cfg(unix)]
#[test]
fn what_an_editor_gets_is_private() {
    let mut bench = Bench::new("x25519");
    bench.seal("db.yaml");
    bench.write("editor", "ls -ld \"$(dirname \"$1\")\" > modes; ls -l \"$1\" >> modes\n");
    let path = std::env::var("PATH").unwrap();
    let edit = ["edit", "db.yaml", "-i", "id.key", "-r", "team.pub"];
    let done = bench.run_with(&edit, "", &[("EDITOR", "sh editor"), ("PATH", path.as_str())]);
    assert_eq!(done.status, 0, "{}", done.stderr);
    let modes = bench.read("modes");
    let modes: Vec<&str> = modes.lines().map(|line| &line[..10]).collect();
    assert_eq!(modes, ["drwx------", "-rw-------"]);
}

#[cfg(unix)]
#[test]
fn a_private_identity_is_private_from_the_start_and_never_overwritten() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut bench = Bench::new("x25519");
    let path = bench.path().join("id.key");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let before = bench.read("id.key");
    let again = bench.run(&["keygen", "-o", "id.key"], "");
    assert_eq!(again.status, 2);
    assert!(again.stderr.contains("id.key exists already, and stays as it is"), "{}", again.stderr);
    assert_eq!(bench.read("id.key"), before);

    bench.seal("db.yaml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let refused = bench.run(&["open", "db.yaml", "-i", "id.key"], "");
    assert_eq!((refused.status, refused.stdout.as_str()), (2, ""));
    assert!(refused.stderr.contains("id.key can be read by others: chmod 600 it"), "{}", refused.stderr);
    assert_eq!(bench.run(&["open", "db.yaml", "-i", "id.key", "--allow-readable-identity"], "").status, 0);
}

#[test]
fn a_passphrase_protects_an_identity() {
    let mut bench = Bench::new("x25519");
    bench.write_private("phrase", "correct horse battery staple\n");
    let made = bench.run(&["keygen", "-o", "safe.key", "--suite", "x25519", "--passphrase-file", "phrase"], "");
    bench.write("team.pub", &made.stdout);
    bench.seal("db.yaml");
    let opened = bench.run(&["open", "db.yaml", "-i", "safe.key", "--passphrase-file", "phrase"], "");
    assert_eq!(opened.status, 0, "{}", opened.stderr);
    bench.write_private("phrase", "wrong\n");
    let refused = bench.run(&["open", "db.yaml", "-i", "safe.key", "--passphrase-file", "phrase"], "");
    assert_eq!(refused.status, 2);
    assert!(refused.stderr.contains("the passphrase does not open the identity"), "{}", refused.stderr);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(bench.path().join("phrase"), fs::Permissions::from_mode(0o640)).unwrap();
        let refused = bench.run(&["open", "db.yaml", "-i", "safe.key", "--passphrase-file", "phrase"], "");
        assert!(refused.status == 2 && refused.stderr.contains("phrase can be read by others"), "{}", refused.stderr);
    }
}

#[test]
fn values_are_set_without_any_private_key_and_the_others_keep_their_bytes() {
    let mut bench = Bench::new("xwing");
    bench.seal("db.yaml");
    let before = values(&bench.read("db.yaml"));
    fs::remove_file(bench.path().join("id.key")).unwrap();
    let done = bench.run(&["set", "db.yaml", "token", "-r", "team.pub"], "n3w-value");
    assert_eq!((done.status, done.stdout.as_str()), (0, ""), "{}", done.stderr);
    let after = values(&bench.read("db.yaml"));
    assert_eq!(after.len(), 3);
    assert!(before.iter().all(|line| after.contains(line)));
    assert!(bench.read("db.yaml").starts_with("# the database of the shop\n"));
    let noted = bench.run(&["set", "db.yaml", "other", "-r", "team.pub"], "");
    assert!(noted.status == 0 && noted.stderr.contains("the value is empty"), "{}", noted.stderr);
    let noted = bench.run(&["set", "db.yaml", "other", "-r", "team.pub"], "line\n");
    assert!(noted.stderr.contains("the value ends with a newline, which is sealed too"), "{}", noted.stderr);
}

#[test]
fn a_file_is_sealed_in_place_and_the_rest_of_it_is_left_alone() {
    let mut bench = Bench::new("x25519");
    let before = "# settings\r\napiVersion: v1\r\nkind: ConfigMap\r\nmetadata: {name:   odd}  # spaces\r\n";
    bench.write("all.yaml", &format!("{before}---\n{SECRET}"));
    let done = bench.run(&["-w", "-r", "team.pub", "all.yaml"], "");
    assert_eq!(done.status, 0, "{}", done.stderr);
    let said = "ksecrets: all.yaml: left as it was: ConfigMap odd\nksecrets: sealed 1 Secret\n";
    assert_eq!(beside_recipients(&done.stderr), said);
    assert!(bench.read("all.yaml").starts_with(before));
    assert!(bench.open("all.yaml").contains("name: db"));
    let again = bench.run(&["-w", "-r", "team.pub", "all.yaml"], "");
    assert_eq!(again.status, 2);
    assert!(again.stderr.contains("all.yaml is already sealed"), "{}", again.stderr);
}

#[test]
fn other_recipients_and_the_same_values() {
    let mut bench = Bench::new("xwing");
    bench.seal("db.yaml");
    bench.write("template.yaml", "{{ if .Values.x }}\na: {{ . }\n");
    let before = values(&bench.read("db.yaml"));
    let made = bench.run(&["keygen", "-o", "new.key"], "");
    bench.write("new.pub", &made.stdout);
    let done = bench.run(&["rotate", ".", "-i", "id.key", "-r", "new.pub"], "");
    assert_eq!((done.status, &*beside_recipients(&done.stderr)), (0, "ksecrets: 1 of 1 SealedSecret changed\n"));
    assert_eq!(values(&bench.read("db.yaml")), before);
    assert_eq!(bench.run(&["open", "db.yaml", "-i", "new.key"], "").status, 0);
    let old = bench.run(&["open", "db.yaml", "-i", "id.key"], "");
    assert_eq!(old.status, 2);
    assert!(old.stderr.contains("none of the identities is a recipient of slot"), "{}", old.stderr);

    let renewed = bench.run(&["rotate", "db.yaml", "-i", "new.key", "-r", "new.pub", "--new-data-key"], "");
    assert!(renewed.stderr.contains("change the credentials themselves too"), "{}", renewed.stderr);
    assert!(values(&bench.read("db.yaml")).iter().all(|line| !before.contains(line)));
}

#[test]
fn one_broken_file_does_not_keep_others_from_rotation() {
    let mut bench = Bench::new("x25519");
    for name in ["a.yaml", "c.yaml"] {
        bench.seal(name);
    }
    let broken = format!("{}  : [\n", bench.read("a.yaml"));
    bench.write("b.yaml", &broken);
    let made = bench.run(&["keygen", "-o", "new.key"], "");
    bench.write("new.pub", &made.stdout);
    let done = bench.run(&["rotate", ".", "-i", "id.key", "-r", "new.pub"], "");
    assert_eq!(done.status, 2);
    insta::assert_snapshot!(beside_recipients(&done.stderr).trim_end(), @"
    ksecrets: b.yaml: line 25: not valid YAML: unclosed bracket '['
    ksecrets: 2 of 2 SealedSecrets changed, 1 file left as it was
    ");
    for name in ["a.yaml", "c.yaml"] {
        assert_eq!(bench.run(&["open", name, "-i", "new.key"], "").status, 0);
    }
    assert_eq!(bench.read("b.yaml"), broken);
    let none = bench.run(&["rotate", "b.yaml", "none.yaml", "-i", "id.key", "-r", "new.pub"], "");
    assert_eq!(none.status, 2);
    insta::assert_snapshot!(none.stderr.trim_end(), @"
    ksecrets: b.yaml: line 25: not valid YAML: unclosed bracket '['
    ksecrets: cannot read none.yaml: No such file or directory (os error 2)
    ");
}

#[test]
fn what_is_wrong_is_said_before_anybody_types() {
    let mut bench = Bench::new("x25519");
    bench.seal("db.yaml");
    let mut said = |arguments: &[&str]| {
        let done = bench.run(arguments, "never-read");
        assert_eq!((done.status, done.stdout.as_str()), (2, ""), "{}", done.stderr);
        done.stderr.trim_end().to_owned()
    };
    let all = [
        said(&["set", "db.yaml", "bad key!", "-r", "team.pub"]),
        said(&["-w", "db.yaml", "-r", "team.pub"]),
        said(&["open", "db.yaml", "-i", "team.pub"]),
        said(&["keygen", "--show", "team.pub"]),
        said(&["keygen"]),
    ];
    insta::assert_snapshot!(all.join("\n"), @"
    ksecrets: Kubernetes does not allow 'bad key!' as a key of a Secret
    ksecrets: db.yaml is already sealed: to change a value use `ksecrets seal set` or `ksecrets seal edit`
    ksecrets: team.pub: not an identity file: this is a recipient, the public half; the private half is needed
    ksecrets: team.pub: not an identity file: this is a recipient, the public half; the private half is needed
    error: the following required arguments were not provided:
      --output <FILE>

    Usage: ksecrets seal keygen -o FILE [OPTIONS]
           ksecrets seal keygen --show FILE [OPTIONS]

    For more information, try '--help'.
    ");
}

#[test]
fn verify_needs_no_key_and_names_what_is_wrong() {
    let mut bench = Bench::new("x25519");
    bench.seal("db.yaml");
    let fine = bench.run(&["verify", ".", "-r", "team.pub"], "");
    assert_eq!(
        (fine.status, fine.stdout.as_str(), fine.stderr.as_str()),
        (0, "", "ksecrets: 1 SealedSecret, no problem\n")
    );

    bench.write("moved.yaml", &bench.read("db.yaml").replace("namespace: shop", "namespace: prod"));
    bench.write("renamed.yaml", &bench.read("db.yaml").replace("name: db", "name: mq"));
    let other = bench.run(&["keygen", "-o", "other.key", "--suite", "x25519"], "");
    bench.write("other.pub", &other.stdout);
    let wrong = bench.run(&["verify", ".", "-r", "other.pub", "--post-quantum", "--widest-scope", "strict"], "");
    assert_eq!(wrong.status, 1);
    let codes: Vec<&str> = wrong.stdout.lines().map(|line| line.split(": ").take(2).last().unwrap()).collect();
    let policy = ["missing-recipient", "unwanted-recipient", "weak-suite"];
    assert_eq!(codes, [&policy[..], &["moved"], &policy, &["renamed"], &policy].concat(), "{}", wrong.stdout);
    assert!(wrong.stdout.starts_with("db.yaml:2: missing-recipient: SealedSecret db: "), "{}", wrong.stdout);
    bench.write("broken.yaml", "kind: SealedSecret\n  a: [\n");
    assert_eq!(bench.run(&["verify", "broken.yaml"], "").status, 2);
    let both = bench.run(&["verify"], "");
    assert!(
        both.status == 2 && both.stderr.ends_with("3 SealedSecrets, 2 problems, 1 file not read\n"),
        "{}",
        both.stderr
    );
}

#[test]
fn values_are_changed_in_an_editor_and_the_others_keep_their_bytes() {
    let mut bench = Bench::new("xwing");
    bench.seal("db.yaml");
    let before = values(&bench.read("db.yaml"));
    bench.write("editor", "#!/bin/sh\nsed -i 's/Tr4verse-Quill-88/Ch4nged-Quill-89/' \"$1\"\n");
    let path = std::env::var("PATH").unwrap();
    let editor = [("EDITOR", "sh editor"), ("PATH", path.as_str())];
    let done = bench.run_with(&["edit", "db.yaml", "-i", "id.key", "-r", "team.pub"], "", &editor);
    assert_eq!((done.status, &*beside_recipients(&done.stderr)), (0, ""));
    let after = values(&bench.read("db.yaml"));
    assert_eq!(after.iter().filter(|line| before.contains(line)).count(), 1);
    assert!(bench.open("db.yaml").contains("password: Q2g0bmdlZC1RdWlsbC04OQ=="));

    let quiet = [("EDITOR", "true"), ("PATH", path.as_str())];
    let same = bench.run_with(&["edit", "db.yaml", "-i", "id.key", "-r", "team.pub"], "", &quiet);
    assert_eq!((same.status, same.stderr.as_str()), (0, "ksecrets: nothing changed\n"));
    assert_eq!(values(&bench.read("db.yaml")), after);
}

#[test]
fn values_are_merged_into_a_sealed_file() {
    let mut bench = Bench::new("x25519");
    bench.seal("db.yaml");
    let before = values(&bench.read("db.yaml"));
    let more = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {token: n3w-value}\n";
    let done = bench.run(&["-r", "team.pub", "--merge-into", "db.yaml"], more);
    assert_eq!((done.status, done.stdout.as_str()), (0, ""), "{}", done.stderr);
    let after = values(&bench.read("db.yaml"));
    assert!(after.len() == 3 && before.iter().all(|line| after.contains(line)));
    let other = more.replace("name: db", "name: mq");
    let refused = bench.run(&["-r", "team.pub", "--merge-into", "db.yaml"], &other);
    assert_eq!(refused.status, 2);
    assert!(refused.stderr.contains("the values to merge were sealed for another place"), "{}", refused.stderr);
    assert_eq!(values(&bench.read("db.yaml")), after);
    let wider = bench.run(&["-r", "team.pub", "--merge-into", "db.yaml", "--scope", "cluster"], more);
    insta::assert_snapshot!(wider.stderr.trim_end(), @"ksecrets: db.yaml is sealed in scope strict, and so is what is put into it: leave --scope cluster out");
    assert_eq!(bench.run(&["-r", "team.pub", "--merge-into", "db.yaml", "--scope", "strict"], more).status, 0);
    let nothing = bench.run(&["-r", "team.pub", "--merge-into", "db.yaml"], "");
    insta::assert_snapshot!(nothing.stderr.trim_end(), @"ksecrets: there is no Secret to merge into db.yaml");
    assert_eq!((wider.status, nothing.status), (2, 2));
}

/// A key of somebody else, in `other.pub`.
fn other(bench: &mut Bench) {
    let made = bench.run(&["keygen", "-o", "other.key", "--suite", "x25519"], "");
    bench.write("other.pub", &made.stdout);
}

/// The key ids of a run are its own.
fn without_ids(text: &str) -> String {
    let id =
        |word: &str| word.starts_with("x25519-").then(|| word.len() - word.trim_start_matches("x25519-").len() + 16);
    let mut said = String::new();
    for (at, word) in text.trim_end().split(' ').enumerate() {
        let rest = id(word).map_or(word.to_owned(), |end| format!("ID{}", &word[end..]));
        said.push_str(if at == 0 { "" } else { " " });
        said.push_str(&rest);
    }
    said
}

#[test]
fn one_secret_is_not_sealed_for_some_here_and_others_there() {
    let mut bench = Bench::new("x25519");
    bench.seal("db.yaml");
    other(&mut bench);
    let before = bench.read("db.yaml");
    let more = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {token: n3w-value}\n";
    let set = bench.run(&["set", "db.yaml", "token", "-r", "other.pub"], "n3w-value");
    let merged = bench.run(&["--merge-into", "db.yaml", "-r", "other.pub"], more);
    assert_eq!((set.status, merged.status, bench.read("db.yaml") == before), (2, 2, true));
    assert_eq!(set.stderr, merged.stderr);
    insta::assert_snapshot!(without_ids(&set.stderr), @"ksecrets: db.yaml is sealed for ID, and this would be for ID: name those with -r, or give the whole file other recipients with `ksecrets seal rotate`");
    // Where nothing else stays, nothing differs.
    let all = more.replace("{token: n3w-value}", "{user: a, password: b}");
    assert_eq!(bench.run(&["--merge-into", "db.yaml", "-r", "other.pub"], &all).status, 0);
    assert_eq!(bench.run(&["open", "db.yaml", "-i", "other.key"], "").status, 0);
}

#[test]
fn the_public_half_is_printed_once_more() {
    let mut bench = Bench::new("xwing");
    let public = bench.read("team.pub");
    let shown = bench.run(&["keygen", "--show", "id.key"], "");
    assert_eq!((shown.status, shown.stdout == public), (0, true), "{}", shown.stderr);
    bench.write_private("phrase", "correct horse battery staple\n");
    let made = bench.run(&["keygen", "-o", "safe.key", "--passphrase-file", "phrase"], "");
    let shown = bench.run(&["keygen", "--show", "safe.key", "--passphrase-file", "phrase"], "");
    assert_eq!((shown.status, shown.stdout), (0, made.stdout), "{}", shown.stderr);
    let root = bench.run(&["keygen", "--root", "-o", "root.key"], "");
    let shown = bench.run(&["keygen", "--show", "root.key"], "");
    assert_eq!((shown.status, shown.stdout), (0, root.stdout), "{}", shown.stderr);
    let unasked = bench.run(&["keygen", "--show", "safe.key"], "");
    assert!(unasked.status == 2 && unasked.stderr.contains("no terminal to ask"), "{}", unasked.stderr);
    let wrong = bench.run(&["keygen", "--show", "team.pub", "--allow-readable-identity"], "");
    assert!(wrong.status == 2 && wrong.stderr.contains("this is a recipient, the public half"), "{}", wrong.stderr);
}

#[test]
fn problems_that_there_are_not_cannot_be_left_out() {
    let mut bench = Bench::new("x25519");
    bench.seal("db.yaml");
    bench.write("db.yaml", &bench.read("db.yaml").replace("name: db", "name: mq"));
    for fine in ["renamed", "weak-suite,renamed", "seal-moved"] {
        assert_eq!(bench.run(&["verify", "--ignore", fine, "db.yaml"], "").status, 0, "{fine}");
    }
    let mut said = |name: &str| {
        let done = bench.run(&["verify", "--ignore", name, "db.yaml"], "");
        assert_eq!((done.status, done.stdout.as_str()), (2, ""));
        done.stderr
    };
    insta::assert_snapshot!(said("renmaed") + &said("renamed,") + &said("seal-move") + &said("nonsense"), @"
    ksecrets: there is no problem 'renmaed' to leave out; did you mean 'renamed'?
    ksecrets: there is no problem '' to leave out; `ksecrets rules` lists them, those of verify as seal-…
    ksecrets: there is no problem 'seal-move' to leave out; did you mean 'seal-moved'?
    ksecrets: there is no problem 'nonsense' to leave out; `ksecrets rules` lists them, those of verify as seal-…
    ");
}

#[test]
fn wrong_input_is_one_sentence_and_loses_nothing() {
    let mut bench = Bench::new("x25519");
    let mut said = |stdin: &str, more: &[&str]| {
        let done = bench.run(&[&["-r", "team.pub"], more].concat(), stdin);
        assert_eq!((done.status, done.stdout.as_str()), (2, ""), "{}", done.stderr);
        done.stderr.trim_end().to_owned()
    };
    let secret = |rest: &str| format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: a, namespace: shop}}\n{rest}");
    let all = [
        said("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n", &[]),
        said(&secret(""), &[]),
        said(&secret("data: {a: '?'}\n"), &[]),
        said(&secret("data: {a: aQ==, a: aQ==}\n"), &[]),
        said(&secret("stringData: {'a b': x}\n"), &[]),
        said("apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {a: b}\n", &[]),
        said(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a, labels: {a: b c}}\nstringData: {a: b}\n",
            &["-n", "shop"],
        ),
        said(&secret("stringData: {a: b}\n"), &["-n", "other"]),
        said("a: [\n", &[]),
        said(&secret("stringData: {a: b}\n"), &["-r", "nobody"]),
        said(&secret("stringData: {a: b}\n"), &["-r", "ksx1nobody"]),
        said(&secret("stringData: {a: b}\n"), &["-r", "id.key"]),
        said(&secret("stringData: {a: b}\n"), &["-r", "."]),
        said(&secret("stringData: {a: b}\n"), &["-r", "ksecrets-key-x-1qqqqqqqqqqqq"]),
    ];
    insta::assert_snapshot!(all.join("\n"), @"
    ksecrets: there is no Secret to seal
    ksecrets: standard input: Secret a: there is no value to seal: data and stringData are empty
    ksecrets: standard input: Secret a: data.a is not valid base64: it was cut off or altered
    ksecrets: standard input: Secret a: data.a stands there twice: remove one
    ksecrets: standard input: Secret a: Kubernetes does not allow 'a b' as a key of a Secret
    ksecrets: standard input: Secret a: scope strict needs a namespace: write metadata.namespace, or name it with -n
    ksecrets: standard input: Secret a: metadata.labels.a: is no value of a label: up to 63 letters, digits, dashes, underscores and dots
    ksecrets: standard input: Secret a is of namespace shop, and -n says other
    ksecrets: standard input: line 1: not valid YAML: unclosed bracket '['
    ksecrets: 'nobody' is neither a recipient, which begins with ksx1 or kspq1, nor a file
    ksecrets: 'ksx1nobody': not a recipient: the checksum is wrong; was it pasted completely?
    ksecrets: id.key is private: name its public half, which `ksecrets seal keygen --show id.key` prints
    ksecrets: cannot read the recipients .: Is a directory (os error 21)
    ksecrets: a private key does not belong into an argument: name the recipient, which `ksecrets seal keygen --show` prints
    ");
}

#[test]
fn what_is_private_is_not_shown_where_a_path_is_meant() {
    let mut bench = Bench::new("xwing");
    bench.seal("db.yaml");
    let key = bench.read("id.key").lines().last().unwrap().replace("key: ", "");
    let pem = ["-----BEGIN PRIVATE", " KEY-----\nQ29ycm9kZWQ9\n-----END PRIVATE", " KEY-----\n"].concat();
    let identity = bench.read("id.key");
    let place = |word: &str| -> Vec<Vec<String>> {
        let lines = [
            "open db.yaml -i @",
            "edit db.yaml -r team.pub -i @",
            "rotate db.yaml -r team.pub -i @",
            "open db.yaml --bitnami-key @",
            "open @ -i id.key",
            "import --from bitnami db.yaml --bitnami-key @ -r team.pub",
            "keys add ksx1none --label a --root @",
            "keys add @ --label a --root id.key",
            "keys list --keys @",
            "keygen --show @",
            "keygen -o new.key --passphrase-file @",
            "set db.yaml a --cert @ -r @",
            "--format bitnami --cert @",
            "verify db.yaml --cert @",
            "verify db.yaml -r @",
            "--write -r @ --no-such-option",
            "--pin @",
        ];
        let words = |line: &str| line.split(' ').map(|part| part.replace('@', word)).collect();
        lines.iter().map(|line| words(line)).collect()
    };
    for word in [key.as_str(), &key.to_lowercase(), &format!("key: {key}"), &pem, &identity, &pem.replace('\n', " ")] {
        let part = &word[word.len() - 20..];
        for arguments in place(word) {
            let done = bench.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), "");
            let shown = [done.stderr.as_str(), &done.stdout].concat();
            let start = done.stderr.to_lowercase().contains("ksecrets-key-pq-") || shown.contains("-----BEGIN");
            assert!(done.status == 2 && !start && !shown.contains(part), "{:?}: {shown}", &arguments[..2]);
        }
    }
    let environment = [("SEALED_SECRETS_CERT", pem.as_str())];
    let done = bench.run_with(&["--format", "bitnami"], SECRET, &environment);
    assert!(done.status == 2 && !done.stderr.contains("-----BEGIN"), "{}", done.stderr);
    let all = [
        bench.run(&["open", "db.yaml", "-i", &key], "").stderr,
        bench.run(&["open", "db.yaml", "--bitnami-key", &pem], "").stderr,
        bench.run(&["-r", &key], "").stderr,
        bench.run(&["open", "db.yaml", "-i", "keys/id.key"], "").stderr,
        bench.run(&["keygen", "-o", "new.key", "--passphrase-file", "Tr4verse-Quill-88"], "").stderr,
        bench.run(&["keygen", "-o", "new.key", "--passphrase-file", "none/pass.txt"], "").stderr,
    ];
    insta::assert_snapshot!(all.concat(), @"
    ksecrets: cannot read the identity: key material does not belong into an argument, where others see it: give the path of the file that holds it
    ksecrets: key material does not belong into an argument, where others see it: give the path of the file that holds it
    ksecrets: a private key does not belong into an argument: name the recipient, which `ksecrets seal keygen --show` prints
    ksecrets: cannot read the identity keys/id.key: No such file or directory (os error 2)
    ksecrets: cannot read the file of the passphrase, whose name is not shown here as it may be the passphrase itself: No such file or directory (os error 2)
    ksecrets: cannot read the passphrase none/pass.txt: No such file or directory (os error 2)
    ");
}
