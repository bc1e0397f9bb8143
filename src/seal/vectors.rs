//! Makes `fixtures/envelope/v1`. Run once for a version and frozen then: whoever runs it again makes other vectors, and
//! the old ones must still hold.
//!
//! ```text
//! cargo test --lib seal::vectors -- --ignored
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use zeroize::Zeroizing;

use super::coding::base64;
use super::slot::DataKey;
use super::*;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/envelope/v1")
}

/// The keys of the vectors: made up, and public.
fn identity(name: &str) -> Identity {
    let (suite, number) = match name {
        "xwing-one" => (Suite::XWing, 1),
        "xwing-two" => (Suite::XWing, 2),
        "xwing-outsider" => (Suite::XWing, 3),
        "x25519-one" => (Suite::X25519, 4),
        "x25519-two" => (Suite::X25519, 5),
        other => panic!("{other}"),
    };
    let seed = std::array::from_fn(|at| (at as u8).wrapping_mul(7).wrapping_add(number));
    Identity::new(suite, Zeroizing::new(seed)).unwrap()
}

const KEYS: [&str; 5] = ["xwing-one", "xwing-two", "xwing-outsider", "x25519-one", "x25519-two"];

fn to(names: &[&str]) -> Vec<Recipient> {
    names.iter().map(|name| identity(name).recipient().clone()).collect()
}

fn plain(secret_type: &str) -> PlainSecret {
    let data =
        [("user", &b"admin"[..]), ("note", b"made up, like everything here"), ("empty", b""), ("bytes", b"\x00\xff\n")];
    PlainSecret {
        name: "db".to_owned(),
        namespace: Some("prod".to_owned()),
        secret_type: secret_type.to_owned(),
        immutable: None,
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        data: data.into_iter().map(|(key, value)| (key.to_owned(), SecretBytes::from(value.to_vec()))).collect(),
    }
}

fn sealed(scope: Scope, names: &[&str]) -> SealedSecret {
    SealedSecret::seal(&plain("Opaque"), scope, &to(names)).unwrap()
}

fn good(name: &str, with: &[&str], sealed: &SealedSecret) {
    let all: Vec<_> = with.iter().map(|name| identity(name)).collect();
    let opened = sealed.open(&all[..1]).unwrap();
    fs::write(folder().join(format!("good/{name}.yaml")), sealed.to_yaml().unwrap()).unwrap();
    let head = format!("# opened with {}\n", with.join(" "));
    fs::write(folder().join(format!("good/{name}.secret.yaml")), head + &opened.to_yaml()).unwrap();
}

/// All at once, because making them takes a build.
static WRONG: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn bad(name: &str, expect: &str, with: &str, text: &str) {
    let opened = SealedSecret::read(text).and_then(|sealed| sealed.open(&[identity(with)]));
    let found = opened.err().map(|error| error.code());
    if found != Some(expect) {
        WRONG.lock().unwrap().push(format!("{name}: {found:?} and not {expect}"));
    }
    fs::write(folder().join(format!("bad/{name}.yaml")), format!("# expect {expect} with {with}\n{text}")).unwrap();
}

/// The object with a change that no reader would let through.
fn with(sealed: &SealedSecret, change: impl FnOnce(&mut Envelope)) -> String {
    let mut envelope = sealed.envelope().clone();
    change(&mut envelope);
    let mut spec = String::new();
    envelope.write(&mut spec);
    let text = sealed.to_yaml().unwrap();
    let (head, _) = text.split_once("spec:\n").unwrap();
    format!("{head}spec:\n{spec}")
}

fn exchanged(text: &str, from: &str, into: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replacen(from, into, 1)
}

/// The value of a key with one of its bytes flipped, counted from its end when negative.
fn flipped(sealed: &SealedSecret, key: &str, at: isize) -> String {
    let text = sealed.envelope().values()[key].to_string();
    let (head, encoded) = text.rsplit_once('.').unwrap();
    let mut bytes = coding::unbase64(encoded, String::new).unwrap();
    let at = if at < 0 { bytes.len() - at.unsigned_abs() } else { at as usize };
    bytes[at] ^= 1;
    exchanged(&sealed.to_yaml().unwrap(), &text, &format!("{head}.{}", base64(&bytes)))
}

#[test]
#[ignore = "makes the frozen vectors anew"]
fn make() {
    for part in ["good", "bad", "keys"] {
        fs::create_dir_all(folder().join(part)).unwrap();
    }
    for name in KEYS {
        let one = identity(name);
        let text = format!("# made up, for the vectors only\n{}", *one.to_text());
        fs::write(folder().join(format!("keys/{name}.txt")), text).unwrap();
        fs::write(folder().join(format!("keys/{name}.pub")), format!("{}\n", one.recipient())).unwrap();
    }
    let work = Work { memory: 64, passes: 2, lanes: 1 };
    let text = identity("xwing-one").to_protected_text("correct horse battery staple", work).unwrap();
    fs::write(folder().join("keys/xwing-one.passphrase.txt"), text).unwrap();
    make_good();
    make_derivations();
    make_bad_places();
    make_bad_slots();
    make_bad_wraps();
    make_bad_values();
    make_bad_structure();
    assert_eq!(*WRONG.lock().unwrap(), Vec::<String>::new());
}

fn make_good() {
    good("xwing-strict", &["xwing-one"], &sealed(Scope::Strict, &["xwing-one"]));
    good("xwing-two-recipients", &["xwing-one", "xwing-two"], &sealed(Scope::Strict, &["xwing-one", "xwing-two"]));
    good("xwing-namespace", &["xwing-one"], &sealed(Scope::Namespace, &["xwing-one"]));
    good("xwing-cluster", &["xwing-one"], &sealed(Scope::Cluster, &["xwing-one"]));
    good("x25519-strict", &["x25519-one", "x25519-two"], &sealed(Scope::Strict, &["x25519-one", "x25519-two"]));
    let mut two = sealed(Scope::Strict, &["x25519-one"]);
    two.set("note", b"set without a private key", &to(&["x25519-one"])).unwrap();
    good("x25519-two-slots", &["x25519-one"], &two);
    let mut full = plain("example.com/made-up");
    full.immutable = Some(true);
    full.labels = [("app".to_owned(), "on".to_owned())].into();
    full.annotations = [("example.com/note".to_owned(), "two\nlines: \u{e9}".to_owned())].into();
    let full = SealedSecret::seal(&full, Scope::Strict, &to(&["x25519-one"])).unwrap().to_yaml().unwrap();
    let full =
        SealedSecret::read(&format!("{full}    data:\n      both: $${{user}} is ${{user}}, ${{note}}\n")).unwrap();
    good("x25519-template", &["x25519-one"], &full);
    let renamed = sealed(Scope::Namespace, &["x25519-one"]).to_yaml().unwrap();
    let renamed = SealedSecret::read(&exchanged(&renamed, "name: db\n", "name: other\n")).unwrap();
    good("x25519-namespace-renamed", &["x25519-one"], &renamed);
    let moved = sealed(Scope::Cluster, &["x25519-one"]).to_yaml().unwrap();
    let moved = exchanged(&exchanged(&moved, "namespace: prod", "namespace: test"), "name: db\n", "name: other\n");
    good("x25519-cluster-moved", &["x25519-one"], &SealedSecret::read(&moved).unwrap());
}

/// Every step of one object, for whoever implements the format.
fn make_derivations() {
    let mut text = String::from("[\n");
    for (name, last) in [("xwing-one", false), ("x25519-one", true)] {
        let one = identity(name);
        let context = Context::new(Scope::Strict, Some("prod"), "db").unwrap();
        let (slot, key) = Slot::generate(&context, &to(&[name])).unwrap();
        let value = value::ValueCipher::new(&key, &context, slot.id(), "Opaque").seal("user", b"admin").unwrap();
        let (info, aad) = slot::bound(one.kid(), &context, &slot.commit);
        let fields = [
            ("suite", one.recipient().suite().to_string()),
            ("seed", hex(one.seed())),
            ("public", hex(one.recipient().public())),
            ("recipient", one.recipient().to_string()),
            ("kid", one.kid().to_string()),
            ("scope", "strict".to_owned()),
            ("namespace", "prod".to_owned()),
            ("name", "db".to_owned()),
            ("context", hex(&context.bytes())),
            ("ctx", context.digest().to_string()),
            ("data_key", hex(key.bytes())),
            ("commit", base64(&slot.commit)),
            ("slot", slot.id().to_string()),
            ("wrap_info", hex(&info)),
            ("wrap_aad", hex(&aad)),
            ("wrap", base64(&slot.wraps[0].sealed)),
            ("value_key", hex(&*key.value_key(&context))),
            ("type", "Opaque".to_owned()),
            ("key", "user".to_owned()),
            ("value_aad", hex(&value::ValueCipher::new(&key, &context, slot.id(), "Opaque").bound("user"))),
            ("plaintext", hex(b"admin")),
            ("value", value.to_string()),
        ];
        let lines: Vec<_> = fields.iter().map(|(key, value)| format!("    \"{key}\": \"{value}\"")).collect();
        let _ = writeln!(text, "  {{\n{}\n  }}{}", lines.join(",\n"), if last { "" } else { "," });
    }
    fs::write(folder().join("derivations.json"), text + "]\n").unwrap();
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn make_bad_places() {
    let one = sealed(Scope::Strict, &["xwing-one"]);
    let text = one.to_yaml().unwrap();
    let bad = |name, expect, text: &str| bad(name, expect, "xwing-one", text);
    bad("moved", "moved", &exchanged(&text, "namespace: prod", "namespace: test"));
    bad("renamed", "renamed", &exchanged(&text, "name: db\n", "name: db2\n"));
    let both = exchanged(&exchanged(&text, "namespace: prod", "namespace: test"), "name: db\n", "name: db2\n");
    bad("moved-and-renamed", "elsewhere", &both);
    bad("widened-to-namespace", "elsewhere", &exchanged(&text, "scope: strict", "scope: namespace"));
    bad("widened-to-cluster", "elsewhere", &exchanged(&text, "scope: strict", "scope: cluster"));
    bad("without-namespace", "no-namespace", &exchanged(&text, "  namespace: prod\n", ""));
    let in_namespace = sealed(Scope::Namespace, &["xwing-one"]).to_yaml().unwrap();
    bad("namespace-scope-moved", "moved", &exchanged(&in_namespace, "namespace: prod", "namespace: test"));
    bad("narrowed-to-strict", "elsewhere", &exchanged(&in_namespace, "scope: namespace", "scope: strict"));
    // The digest is no secret: who moves an object can mend it too.
    for (name, scope, namespace, secret_name) in [
        ("moved-with-digest", Scope::Strict, "test", "db"),
        ("renamed-with-digest", Scope::Strict, "prod", "db2"),
        ("widened-with-digest", Scope::Namespace, "prod", "db"),
    ] {
        let context = Context::new(scope, Some(namespace), secret_name).unwrap();
        let text = with(&one, |envelope| {
            envelope.scope = scope;
            envelope.slots[0].digest = context.digest();
        });
        let text = exchanged(&text, "namespace: prod", &format!("namespace: {namespace}"));
        bad(name, "unwrap", &exchanged(&text, "name: db\n", &format!("name: {secret_name}\n")));
    }
    bad(
        "digest-of-namespace-altered",
        "moved",
        &with(&one, |all| all.slots[0].digest.namespace = "aaaaaaaa".to_owned()),
    );
    bad("digest-of-name-altered", "renamed", &with(&one, |all| all.slots[0].digest.name = "aaaaaaaa".to_owned()));
    bad("name-not-allowed", "name", &exchanged(&text, "name: db\n", "name: DB\n"));
}

fn make_bad_slots() {
    let one = sealed(Scope::Strict, &["xwing-one"]);
    let text = one.to_yaml().unwrap();
    let bad = |name, expect, text: &str| bad(name, expect, "xwing-one", text);
    bad("commitment-altered", "unwrap", &with(&one, |all| all.slots[0].commit[31] ^= 1));
    bad("commitment-altered-at-its-id", "slot-id", &with(&one, |all| all.slots[0].commit[0] ^= 1));
    let id = one.envelope().slots()[0].id().clone();
    let mut commit = one.envelope().slots()[0].commit;
    commit[0] ^= 1;
    let other = coding::base32(&commit[..5]);
    let forged = with(&one, |all| all.slots[0].commit = commit).replace(id.as_str(), &other);
    bad("commitment-and-id-altered", "unwrap", &forged);
    bad("slot-id-altered", "slot-id", &text.replace(id.as_str(), "aaaaaaaa"));
    bad("slot-id-malformed", "slot-id", &text.replace(id.as_str(), "AAAAAAAA"));
    let short = with(&one, |_| {});
    let commit = base64(&one.envelope().slots()[0].commit);
    bad("commitment-too-short", "length", &exchanged(&short, &commit, &commit[..40]));
    bad("slot-twice", "duplicate", &with(&one, |all| all.slots.extend_from_within(..1)));
    bad("slot-missing", "field", &with(&one, |all| all.slots.clear()));
    let other = sealed(Scope::Strict, &["xwing-one"]);
    bad("slot-of-another-object", "no-slot", &with(&one, |all| all.slots = other.envelope().slots().to_vec()));
    let context = one.context().unwrap();
    let key = DataKey::generate().unwrap();
    let wrong = with(&one, |all| {
        let commit = all.slots[0].commit;
        all.slots[0].wraps = vec![Wrap::seal(identity("xwing-one").recipient(), &context, &commit, &key).unwrap()];
    });
    bad("wrong-commitment", "commitment", &wrong);
    let split = with(&sealed(Scope::Strict, &["xwing-two"]), |all| {
        let commit = all.slots[0].commit;
        all.slots[0].wraps.push(Wrap::seal(identity("xwing-one").recipient(), &context, &commit, &key).unwrap());
    });
    bad("other-data-key-for-one-recipient", "commitment", &split);
    let many = with(&one, |all| {
        let slot = all.slots[0].clone();
        all.slots.extend((0..64).map(|_| Slot { wraps: slot.wraps[..1].to_vec(), ..slot.clone() }));
        all.slots.iter_mut().for_each(|slot| slot.wraps[0].sealed.truncate(3));
    });
    bad("too-many-slots", "too-large", &many);
}

fn make_bad_wraps() {
    let one = sealed(Scope::Strict, &["xwing-one"]);
    let classic = sealed(Scope::Strict, &["x25519-one"]);
    let wrap = |at: usize| with(&one, |all| all.slots[0].wraps[0].sealed[at] ^= 1);
    let with_one = |name, expect, text: &str| bad(name, expect, "xwing-one", text);
    with_one("ml-kem-share-altered", "unwrap", &wrap(0));
    with_one("x25519-share-of-xwing-altered", "unwrap", &wrap(1088));
    with_one("wrapped-key-altered", "unwrap", &wrap(1120));
    with_one("wrap-tag-altered", "unwrap", &wrap(1167));
    bad("x25519-share-altered", "unwrap", "x25519-one", &with(&classic, |all| all.slots[0].wraps[0].sealed[0] ^= 1));
    let low = |sealed: &SealedSecret, point: [u8; 32], at: usize| {
        with(sealed, |all| all.slots[0].wraps[0].sealed[at..at + 32].copy_from_slice(&point))
    };
    let mut one_point = [0; 32];
    one_point[0] = 1;
    one_point[31] = 0x80;
    with_one("low-order-share-in-xwing-zero", "low-order", &low(&one, [0; 32], 1088));
    with_one("low-order-share-in-xwing-order-eight", "low-order", &low(&one, kem::LOW_ORDER[2], 1088));
    with_one("low-order-share-in-xwing-high-bit", "low-order", &low(&one, one_point, 1088));
    with_one("low-order-share-in-xwing-over-the-prime", "low-order", &low(&one, kem::LOW_ORDER[6], 1088));
    bad("low-order-share-zero", "low-order", "x25519-one", &low(&classic, [0; 32], 0));
    let kid = one.envelope().slots()[0].wraps[0].kid.to_string();
    let text = one.to_yaml().unwrap();
    let outsider = exchanged(&text, &kid, identity("xwing-outsider").kid().as_str());
    bad("key-id-of-another", "unwrap", "xwing-outsider", &outsider);
    bad("not-a-recipient", "no-identity", "xwing-outsider", &text);
    with_one("key-id-malformed", "key-id", &exchanged(&text, &kid, &kid[..kid.len() - 1]));
    with_one("suite-unknown", "suite", &exchanged(&text, &kid, &kid.replace("xwing", "mlkem1024")));
    let downgraded = exchanged(&text, &kid, &kid.replace("xwing", "x25519"));
    with_one("suite-downgraded", "length", &downgraded);
    let mixed = with(&one, |all| all.slots[0].wraps.extend(classic.envelope().slots()[0].wraps.clone()));
    with_one("suites-mixed", "mixed-suites", &mixed);
    with_one("recipient-twice", "duplicate", &with(&one, |all| all.slots[0].wraps.extend_from_within(..1)));
    with_one("wrap-truncated", "length", &with(&one, |all| all.slots[0].wraps[0].sealed.truncate(1167)));
    with_one("wrap-oversized", "length", &with(&one, |all| all.slots[0].wraps[0].sealed.push(0)));
    with_one("wraps-missing", "field", &with(&one, |all| all.slots[0].wraps.clear()));
    let many = with(&classic, |all| {
        let wrap = all.slots[0].wraps[0].clone();
        all.slots[0].wraps = vec![wrap; 65];
    });
    bad("too-many-recipients", "too-large", "x25519-one", &many);
}

fn make_bad_values() {
    let one = sealed(Scope::Strict, &["x25519-one"]);
    let text = one.to_yaml().unwrap();
    let bad = |name, expect, text: &str| bad(name, expect, "x25519-one", text);
    let (user, note) = (one.envelope().values()["user"].to_string(), one.envelope().values()["note"].to_string());
    let swapped = text.replace(&user, "HERE").replace(&note, &user).replace("HERE", &note);
    bad("values-swapped", "value", &swapped);
    bad("key-renamed", "value", &exchanged(&text, "    user: ", "    User: "));
    bad("nonce-altered", "value", &flipped(&one, "user", 0));
    bad("value-altered", "value", &flipped(&one, "user", 12));
    bad("value-tag-altered", "value", &flipped(&one, "user", -1));
    bad("empty-value-altered", "value", &flipped(&one, "empty", -1));
    bad("type-changed", "value", &format!("{text}  template:\n    type: kubernetes.io/tls\n"));
    let typed = SealedSecret::seal(&plain("example.com/made-up"), Scope::Strict, &to(&["x25519-one"])).unwrap();
    let typed = typed.to_yaml().unwrap();
    bad("type-removed", "value", &exchanged(&typed, "  template:\n    type: example.com/made-up\n", ""));
    let mut two = one.clone();
    two.set("note", b"in another slot", &to(&["x25519-one"])).unwrap();
    let id = |key: &str| two.envelope().values()[key].slot().to_string();
    let moved = user.replace(&id("user"), &id("note"));
    bad("value-in-another-slot", "value", &exchanged(&two.to_yaml().unwrap(), &user, &moved));
    bad("value-truncated", "length", &exchanged(&text, &user, &user[..user.len() - 24]));
    bad("base64-cut", "base64", &exchanged(&text, &note, &note[..note.len() - 3]));
    let empty = one.envelope().values()["empty"].to_string();
    bad("base64-padded", "base64", &exchanged(&text, &empty, &format!("{empty}==")));
    let (head, last) = empty.split_at(empty.len() - 1);
    let next = char::from(last.as_bytes()[0] + 1);
    bad("base64-with-bits-left-over", "base64", &exchanged(&text, &empty, &format!("{head}{next}")));
    let plus = format!("{}+{}", &user[..20], &user[21..]);
    bad("base64-of-the-other-alphabet", "base64", &exchanged(&text, &user, &plus));
    bad("value-of-another-format", "format", &exchanged(&text, &user, &user.replace("ks1.", "ks2.")));
    bad("value-in-the-clear", "field", &exchanged(&text, &user, "admin"));
    bad("value-not-text", "field", &exchanged(&text, &user, "1234"));
    bad("key-not-allowed", "name", &exchanged(&text, "    user: ", "    'a b': "));
    bad("key-twice", "duplicate", &exchanged(&text, "    user: ", &format!("    user: {note}\n    user: ")));
    let (head, _) = text.split_once("  data:\n").unwrap();
    bad("no-values", "empty", &format!("{head}  data: {{}}\n"));
}

fn make_bad_structure() {
    let one = sealed(Scope::Strict, &["x25519-one"]);
    let text = one.to_yaml().unwrap();
    let bad = |name, expect, text: &str| bad(name, expect, "x25519-one", text);
    bad("format-unknown", "format", &exchanged(&text, "format: 1", "format: 2"));
    bad("format-as-text", "field", &exchanged(&text, "format: 1", "format: '1'"));
    bad("format-missing", "field", &exchanged(&text, "  format: 1\n", ""));
    bad("scope-unknown", "scope", &exchanged(&text, "scope: strict", "scope: everywhere"));
    bad("scope-twice", "duplicate", &exchanged(&text, "  scope: strict\n", "  scope: strict\n  scope: cluster\n"));
    bad("field-unknown", "field", &exchanged(&text, "  scope: strict\n", "  scope: strict\n  note: x\n"));
    bad("field-of-slot-unknown", "field", &exchanged(&text, "    ctx: ", "    to: prod\n    ctx: "));
    bad("digest-malformed", "field", &exchanged(&text, "    ctx: ", "    ctx: x # "));
    bad("kind-unknown", "not-sealed", &exchanged(&text, "kind: SealedSecret", "kind: Secret"));
    bad("version-unknown", "not-sealed", &exchanged(&text, "ksecrets.dev/v1alpha1", "ksecrets.dev/v2"));
    bad("of-bitnami", "not-sealed", &exchanged(&text, "ksecrets.dev/v1alpha1", "bitnami.com/v1alpha1"));
    bad("two-documents", "not-one-document", &format!("{text}---\n{text}"));
    bad("not-yaml", "not-yaml", &format!("{text}\": [\n"));
    let template = |data: &str| format!("{text}  template:\n    data:\n      {data}\n");
    bad("template-names-nothing", "placeholder", &template("both: ${nobody}"));
    bad("template-not-closed", "placeholder", &template("both: ${user"));
    bad("template-of-a-sealed-key", "duplicate", &template("user: x"));
    bad("template-with-finalizers", "field", &format!("{text}  template:\n    metadata:\n      finalizers: [x]\n"));
}
