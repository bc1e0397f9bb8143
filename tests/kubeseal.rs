//! SealedSecrets against the real kubeseal: what we seal it opens, and what it seals we open.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Write as _, stderr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::{env, thread};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ksecrets::manifest::{Object, documents};
use ksecrets::seal::bitnami::{
    Certificate, Error, Fault, Keys, SealedSecret, annotate, label, lint, open_value, seal_value,
};
use ksecrets::seal::{PlainSecret, Scope, SecretBytes};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rsa::PrivateKey;
use rsa::pkcs1::{EncodeRsaPrivateKey as _, LineEnding};
use rsa::pkcs8::EncodePrivateKey as _;
use tempfile::TempDir;

/// Finds the program, and builds it if it has to.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/kubeseal/build.sh");
pub(crate) const SCOPES: [(Scope, &str); 3] =
    [(Scope::Strict, "strict"), (Scope::Namespace, "namespace-wide"), (Scope::Cluster, "cluster-wide")];

/// The program, or none where there is none and nobody insists on it.
pub(crate) fn kubeseal() -> Option<&'static Path> {
    static PROGRAM: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
        let output = Command::new("sh").arg(SCRIPT).stdin(Stdio::null()).stderr(Stdio::inherit()).output().ok()?;
        let path = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| PathBuf::from(path.trim_end()))
    });
    if PROGRAM.is_none() {
        assert!(env::var("CI").as_deref() != Ok("true"), "the test needs kubeseal; why there is none is said above");
        let thread = thread::current();
        let test = thread.name().unwrap_or("a test with kubeseal");
        // Not with `println!`: the output of a test that passes is not shown.
        let _ = writeln!(stderr(), "{test}: skipped, as there is no kubeseal; see docs/development.md");
    }
    PROGRAM.as_deref()
}

fn certificate(signer: &KeyPair, last_year: i32) -> String {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(2010, 1, 1);
    params.not_after = date_time_ymd(last_year, 1, 1);
    params.self_signed(signer).unwrap().pem()
}

/// What a controller makes for itself, as files.
pub(crate) struct Pair {
    folder: TempDir,
    pub(crate) certificate: Certificate,
    pub(crate) keys: Keys,
}

impl Pair {
    pub(crate) fn new(bits: usize) -> Self {
        let key = PrivateKey::new(&mut getrandom::SysRng, bits).unwrap();
        let folder = TempDir::new().unwrap();
        let private = key.to_pkcs1_pem(LineEnding::LF).unwrap();
        let pkcs8 = key.to_pkcs8_pem(LineEnding::LF).unwrap();
        let signer = KeyPair::from_pem(&pkcs8).unwrap();
        let public = certificate(&signer, 2090);
        let files = [
            ("tls.key", &*private),
            ("pkcs8.key", &pkcs8),
            ("tls.crt", &public),
            ("old.crt", &certificate(&signer, 2020)),
        ];
        for (name, content) in files {
            let path = folder.path().join(name);
            fs::write(&path, content).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        let (certificate, keys) = (Certificate::read(&public, Some(0)).unwrap(), Keys::read(&private).unwrap());
        Self { folder, certificate, keys }
    }

    /// The one that tests share. Shorter than a controller's own, which takes seconds to find.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: LazyLock<Pair> = LazyLock::new(|| Pair::new(2048));
        &SHARED
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn private(&self) -> String {
        fs::read_to_string(self.file("tls.key")).unwrap()
    }

    /// What `kubectl get secret -o yaml` writes.
    pub(crate) fn backup(pairs: &[(&str, &Self)]) -> String {
        let item = |(name, pair): &(&str, &Self)| {
            let encoded = |file| STANDARD.encode(fs::read(pair.file(file)).unwrap());
            format!(
                "- apiVersion: v1\n  data:\n    tls.crt: {}\n    tls.key: {}\n  kind: Secret\n  metadata:\n    name: {name}\n    \
                 namespace: kube-system\n  type: kubernetes.io/tls\n",
                encoded("tls.crt"),
                encoded("tls.key")
            )
        };
        format!("apiVersion: v1\nitems:\n{}kind: List\n", pairs.iter().map(item).collect::<String>())
    }
}

/// Runs it, away from any cluster.
pub(crate) fn run(program: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(program)
        .args(arguments)
        .env("KUBECONFIG", "/dev/null")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            // It may end before it read everything.
            let _ = stdin.write_all(input);
        });
        child.wait_with_output().unwrap()
    })
}

pub(crate) fn must(program: &Path, arguments: &[&str], input: &[u8]) -> String {
    let output = run(program, arguments, input);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What kubeseal makes of a SealedSecret with private keys.
pub(crate) fn unsealed(program: &Path, sealed: &str, keys: &str) -> serde_json::Value {
    let text = must(program, &["--recovery-unseal", "--recovery-private-key", keys], sealed.as_bytes());
    serde_json::from_str(&text).unwrap()
}

pub(crate) type Data = BTreeMap<String, SecretBytes>;

pub(crate) fn data_of(secret: &serde_json::Value) -> Data {
    // It writes an empty value as null.
    let decoded = |value: &serde_json::Value| SecretBytes::from(STANDARD.decode(value.as_str().unwrap_or("")).unwrap());
    secret["data"].as_object().unwrap().iter().map(|(key, value)| (key.clone(), decoded(value))).collect()
}

/// Values of every kind that has its difficulty.
pub(crate) fn values() -> Data {
    let every_byte: Vec<u8> = (0..=255).collect();
    let large = (0..1 << 20).map(|at: u32| (at % 251) as u8).collect();
    let list = [
        ("empty", Vec::new()),
        ("text", b"made up\n".to_vec()),
        ("binary", every_byte),
        ("large", large),
        (".dockerconfigjson", b"{\"auths\":{}}".to_vec()),
    ];
    list.map(|(key, value)| (key.to_owned(), value.into())).into()
}

pub(crate) fn secret(data: Data) -> PlainSecret {
    PlainSecret {
        name: "db".to_owned(),
        namespace: Some("shop".to_owned()),
        secret_type: "example.test/kind".to_owned(),
        immutable: Some(true),
        labels: [("app".to_owned(), "shop".to_owned())].into(),
        annotations: [("note", "kept: yes"), ("word", "on"), ("number", "0x1f"), ("lines", "a\n b\té")]
            .map(|(key, text)| (key.to_owned(), text.to_owned()))
            .into(),
        data,
    }
}

/// The Secret as kubectl would hand it over.
pub(crate) fn manifest(secret: &PlainSecret) -> String {
    let data: serde_json::Map<_, _> =
        secret.data.iter().map(|(key, value)| (key.clone(), STANDARD.encode(value.expose()).into())).collect();
    let metadata = serde_json::json!({
        "name": secret.name, "namespace": secret.namespace, "labels": secret.labels, "annotations": secret.annotations,
    });
    let object = serde_json::json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": secret.secret_type, "immutable": secret.immutable,
        "data": data,
    });
    object.to_string()
}

/// Faults that need no key to be seen.
fn faults(text: &str, certificate: &Certificate) -> Vec<Fault> {
    let tree = documents(text).next().unwrap().unwrap();
    Object::all(&tree)
        .iter()
        .flat_map(|object| lint(object, Some(certificate), None))
        .map(|problem| problem.fault)
        .collect()
}

#[test]
fn kubeseal_opens_what_we_seal() {
    let Some(program) = kubeseal() else { return };
    let pair = Pair::shared();
    for (scope, _) in SCOPES {
        let sealed = SealedSecret::seal(&secret(values()), scope, &pair.certificate).unwrap();
        for text in [sealed.to_yaml().unwrap(), sealed.to_json().unwrap()] {
            let opened = unsealed(program, &text, &pair.file("tls.key"));
            assert!(data_of(&opened) == values(), "{scope:?}");
            assert_eq!(opened["type"], "example.test/kind");
            assert_eq!(opened["immutable"], true);
            let metadata = &opened["metadata"];
            assert_eq!([&metadata["name"], &metadata["namespace"], &metadata["labels"]["app"]], ["db", "shop", "shop"]);
            let mut expected = secret(values()).annotations;
            annotate(&mut expected, scope);
            assert_eq!(metadata["annotations"], serde_json::json!(expected));
        }
    }
}

#[test]
fn we_open_what_kubeseal_seals() {
    let Some(program) = kubeseal() else { return };
    let pair = Pair::shared();
    for (scope, word) in SCOPES {
        for format in ["json", "yaml"] {
            let arguments = ["--cert", &pair.file("tls.crt"), "--scope", word, "--format", format];
            let text = must(program, &arguments, manifest(&secret(values())).as_bytes());
            assert_eq!(faults(&text, &pair.certificate), []);
            let sealed = SealedSecret::read(&text).unwrap();
            assert_eq!(sealed.scope(), scope);
            let opened = sealed.open(&pair.keys).unwrap();
            let mut expected = secret(values());
            annotate(&mut expected.annotations, scope);
            assert!(opened.secret == expected, "{word}");
            assert!(opened.openers.values().all(|opener| *opener == pair.certificate.key_name()));
        }
    }
}

/// Both from the same Secret: nothing differs but the values, which are never the same twice.
#[test]
fn our_objects_look_like_theirs() {
    let Some(program) = kubeseal() else { return };
    let pair = Pair::shared();
    let small: Data = [("a".to_owned(), b"made up".to_vec().into())].into();
    for (scope, word) in SCOPES {
        let arguments = ["--cert", &pair.file("tls.crt"), "--scope", word];
        let theirs = must(program, &arguments, manifest(&secret(small.clone())).as_bytes());
        let ours = SealedSecret::seal(&secret(small.clone()), scope, &pair.certificate).unwrap().to_json().unwrap();
        let [theirs, ours] = [theirs, ours].map(|text| {
            let mut object: serde_json::Value = serde_json::from_str(&text).unwrap();
            let value = object["spec"]["encryptedData"]["a"].take();
            (object, value.as_str().unwrap().len())
        });
        assert_eq!(ours, theirs);
    }
}

#[test]
fn raw_values_both_ways() {
    let Some(program) = kubeseal() else { return };
    let pair = Pair::shared();
    for (scope, word) in SCOPES {
        let place: &[&str] = match scope {
            Scope::Strict => &["--namespace", "shop", "--name", "db"],
            Scope::Namespace => &["--namespace", "shop"],
            Scope::Cluster => &[],
        };
        let certificate = pair.file("tls.crt");
        let arguments = [&["--raw", "--cert", &certificate, "--scope", word], place].concat();
        let text = must(program, &arguments, b"made up");
        let label = label(scope, Some("shop"), "db").unwrap();
        let (value, _) = open_value(&text, &label, &pair.keys).unwrap().unwrap();
        assert_eq!(value.expose(), b"made up");

        let mut into = SealedSecret::seal(&secret(values()), scope, &pair.certificate).unwrap();
        into.set("raw", b"ours", &pair.certificate).unwrap();
        let raw = seal_value(b"raw", &label, &pair.certificate).unwrap();
        let text = into.to_yaml().unwrap().replace(&into.values()["text"], &raw);
        let opened = data_of(&unsealed(program, &text, &pair.file("tls.key")));
        assert_eq!(["raw", "text"].map(|key| opened[key].expose()), [b"ours", &b"raw"[..]]);
    }
}

#[test]
fn several_keys_are_tried_and_the_right_one_is_named() {
    let Some(program) = kubeseal() else { return };
    let (old, new) = (Pair::shared(), Pair::new(2048));
    let backup = new.folder.path().join("main.key");
    fs::write(&backup, Pair::backup(&[("sealed-secrets-keyold", old), ("sealed-secrets-keynew", &new)])).unwrap();
    let keys = Keys::read(&fs::read_to_string(&backup).unwrap()).unwrap();

    // Half for the old key, half for the new one, as after a renewal and a merge.
    let mut sealed = SealedSecret::seal(&secret(values()), Scope::Strict, &old.certificate).unwrap();
    let before = sealed.values().clone();
    let update: Data = [("text".to_owned(), b"new".to_vec().into())].into();
    sealed.merge(&secret(update), &new.certificate).unwrap();
    assert!(sealed.values().iter().all(|(key, value)| (*value == before[key]) == (key != "text")));

    let opened = data_of(&unsealed(program, &sealed.to_yaml().unwrap(), &backup.display().to_string()));
    assert_eq!(opened["text"].expose(), b"new");
    assert_eq!(opened["binary"], values()["binary"]);
    let ours = sealed.open(&keys).unwrap();
    assert!(ours.secret.data == opened);
    let opener = |key: &str| ours.openers[key].secret.clone().unwrap();
    assert_eq!([opener("text"), opener("binary")], ["sealed-secrets-keynew", "sealed-secrets-keyold"]);

    let both = format!("{},{}", old.file("tls.key"), new.file("tls.key"));
    assert_eq!(data_of(&unsealed(program, &sealed.to_yaml().unwrap(), &both))["text"].expose(), b"new");
    let error = sealed.open(&new.keys).unwrap_err();
    assert!(matches!(error, Error::NoKeyOpens { keys: 1, .. }), "{error}");
}

#[test]
fn what_kubeseal_merges_we_open() {
    let Some(program) = kubeseal() else { return };
    let pair = Pair::shared();
    let sealed = SealedSecret::seal(&secret(values()), Scope::Namespace, &pair.certificate).unwrap();
    let file = pair.file("merged.yaml");
    fs::write(&file, sealed.to_yaml().unwrap()).unwrap();
    let update: Data = [("text".to_owned(), b"new".to_vec().into())].into();
    let arguments =
        ["--cert", &pair.file("tls.crt"), "--merge-into", &file, "--format", "yaml", "--scope", "namespace-wide"];
    must(program, &arguments, manifest(&secret(update)).as_bytes());
    let merged = SealedSecret::read(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(merged.values()["large"], sealed.values()["large"]);
    assert_eq!(merged.open(&pair.keys).unwrap().secret.data["text"].expose(), b"new");
}

/// What one refuses, the other refuses: `--validate` needs a controller, but opening tells the same.
#[test]
fn both_refuse_the_same() {
    let Some(program) = kubeseal() else { return };
    let pair = Pair::shared();
    let small = || secret([("a".to_owned(), b"made up".to_vec().into())].into());
    let sealed = |scope| SealedSecret::seal(&small(), scope, &pair.certificate).unwrap().to_yaml().unwrap();
    let strict = sealed(Scope::Strict);
    let value = SealedSecret::read(&strict).unwrap().values()["a"].clone();
    let mut flipped = STANDARD.decode(&value).unwrap();
    *flipped.last_mut().unwrap() ^= 1;
    let with = |text: &str| strict.replace(&value, text);
    let mark = "sealedsecrets.bitnami.com/";
    let cases = [
        ("as it is", strict.clone(), true),
        ("moved", strict.replace("namespace: shop", "namespace: stage"), false),
        ("renamed", strict.replace("name: db", "name: db2"), false),
        ("flipped", with(&STANDARD.encode(flipped)), false),
        ("renamed in its namespace", sealed(Scope::Namespace).replace("name: db", "name: db2"), true),
        ("moved out of its namespace", sealed(Scope::Namespace).replace("namespace: shop", "namespace: x"), false),
        ("moved in its cluster", sealed(Scope::Cluster).replace("namespace: shop", "namespace: x"), true),
        ("without its annotation", sealed(Scope::Cluster).replace(&format!("{mark}cluster-wide"), "lost"), false),
        (
            "widened",
            sealed(Scope::Namespace).replace(&format!("{mark}namespace-wide"), &format!("{mark}cluster-wide")),
            false,
        ),
        ("cut", with(&value[..value.len() - 4]), false),
        ("no base64", with(&format!("'!{}'", &value[1..])), false),
        ("on several lines", with(&format!("|-\n      {}\n      {}", &value[..76], &value[76..])), true),
    ];
    for (name, text, opens) in cases {
        let theirs =
            run(program, &["--recovery-unseal", "--recovery-private-key", &pair.file("tls.key")], text.as_bytes());
        assert_eq!(theirs.status.success(), opens, "{name}: {}", String::from_utf8_lossy(&theirs.stderr));
        let ours = SealedSecret::read(&text).and_then(|sealed| sealed.open(&pair.keys).map(|_| ()));
        assert_eq!(ours.is_ok(), opens, "{name}: {ours:?}");
    }
}

#[test]
fn both_refuse_the_same_certificates() {
    let Some(program) = kubeseal() else { return };
    let pair = Pair::shared();
    fs::write(pair.file("curve.crt"), certificate(&KeyPair::generate().unwrap(), 2090)).unwrap();
    let noon = 1_790_000_000; // in 2026
    for (name, good) in [("tls.crt", true), ("old.crt", false), ("curve.crt", false), ("tls.key", false)] {
        let arguments = ["--raw", "--scope", "cluster-wide", "--cert", &pair.file(name)];
        assert_eq!(run(program, &arguments, b"made up").status.success(), good, "{name}");
        let ours = Certificate::read(&fs::read_to_string(pair.file(name)).unwrap(), Some(noon));
        assert_eq!(ours.is_ok(), good, "{name}: {ours:?}");
    }
    let old = fs::read_to_string(pair.file("old.crt")).unwrap();
    let sealed = seal_value(b"made up", b"", &Certificate::read(&old, None).unwrap()).unwrap();
    assert!(open_value(&sealed, b"", &pair.keys).unwrap().is_some());
}

/// Literals are their own result, what is sealed wins over them, and null leaves a value out.
#[test]
fn templates_without_a_template_in_them() {
    let Some(program) = kubeseal() else { return };
    let pair = Pair::shared();
    let sealed = SealedSecret::seal(&secret(values()), Scope::Strict, &pair.certificate).unwrap();
    let mut object: serde_json::Value = serde_json::from_str(&sealed.to_json().unwrap()).unwrap();
    object["spec"]["template"]["data"] = serde_json::json!({ "host": "db.test", "text": "shadow", "binary": null });
    let text = object.to_string();
    let theirs = data_of(&unsealed(program, &text, &pair.file("pkcs8.key")));
    let ours = SealedSecret::read(&text).unwrap().open(&pair.keys).unwrap();
    assert!(ours.secret.data == theirs && ours.templates.is_empty());
    assert_eq!(theirs["host"].expose(), b"db.test");
    assert!(!theirs.contains_key("binary"));
    let found = faults(&text, &pair.certificate);
    assert_eq!(found, [Fault::Literal, Fault::Shadowed, Fault::Literal]);
}

/// The length that controllers use.
#[test]
fn keys_as_long_as_a_controllers() {
    let Some(program) = kubeseal() else { return };
    let pair = Pair::new(4096);
    let sealed = SealedSecret::seal(&secret(values()), Scope::Strict, &pair.certificate).unwrap();
    assert!(sealed.values().values().all(|value| value.starts_with("Ag")));
    assert!(data_of(&unsealed(program, &sealed.to_yaml().unwrap(), &pair.file("tls.key"))) == values());
    let text = sealed.to_yaml().unwrap();
    let wrong = Fault::KeyLength { found: 512, expected: Some(256) };
    assert!(faults(&text, &Pair::shared().certificate).iter().all(|fault| *fault == wrong));
    assert_eq!(faults(&text, &pair.certificate), []);
    let theirs = must(program, &["--cert", &pair.file("tls.crt")], manifest(&secret(values())).as_bytes());
    assert!(
        SealedSecret::read(&theirs).unwrap().open(&Keys::read(&pair.private()).unwrap()).unwrap().secret.data
            == values()
    );
}
