//! The sealed format as `docs/format.md` specifies it: frozen vectors, and a second implementation in Go.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use aes_gcm::aead::{Aead, KeyInit, Payload};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ksecrets::seal::{
    Context, Entry, Identity, IdentityFile, KeyId, KeysetDraft, PlainSecret, Policy, Recipient, Root, RootFile,
    RootIdentity, Scope, SealedSecret, SecretBytes, State, Suite,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/envelope/v1")
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(vectors().join(path)).unwrap()
}

fn identity(name: &str) -> Identity {
    IdentityFile::read(&read(format!("keys/{name}.txt"))).unwrap().open(None).unwrap()
}

fn files(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(vectors().join(folder)).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn good_vectors_open() {
    let names: Vec<_> =
        files("good").into_iter().filter_map(|name| Some(name.strip_suffix(".secret.yaml")?.to_owned())).collect();
    assert!(names.len() >= 9, "{names:?}");
    for name in names {
        let text = read(format!("good/{name}.yaml"));
        let expected = read(format!("good/{name}.secret.yaml"));
        let sealed = SealedSecret::read(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(sealed.to_yaml().unwrap(), text, "{name}");
        assert!(sealed.problems(&Policy::default()).is_empty(), "{name}");
        let (head, secret) = expected.split_once('\n').unwrap();
        for with in head.strip_prefix("# opened with ").unwrap().split(' ') {
            let opened = sealed.open(&[identity(with)]).unwrap_or_else(|error| panic!("{name} with {with}: {error}"));
            assert_eq!(*opened.to_yaml(), secret, "{name}");
            assert_eq!(PlainSecret::read(secret).unwrap(), opened, "{name}");
        }
    }
}

#[test]
fn bad_vectors_fail_as_they_should() {
    let names = files("bad");
    assert!(names.len() >= 40, "only {}", names.len());
    for name in names {
        let text = read(format!("bad/{name}"));
        let head: Vec<_> = text.lines().next().unwrap().split(' ').collect();
        let ["#", "expect", expected, "with", with] = head[..] else { panic!("{name}: {head:?}") };
        let found = SealedSecret::read(&text).and_then(|sealed| sealed.open(&[identity(with)]));
        assert_eq!(found.err().map(|error| error.code()), Some(expected), "{name}");
    }
}

#[test]
fn keys_are_what_their_files_say() {
    for name in files("keys").iter().filter_map(|name| name.strip_suffix(".pub")) {
        let recipient: Recipient = read(format!("keys/{name}.pub")).trim().parse().unwrap();
        assert_eq!(*identity(name).recipient(), recipient, "{name}");
    }
    let protected = IdentityFile::read(&read("keys/xwing-one.passphrase.txt")).unwrap();
    assert!(protected.is_protected());
    let opened = protected.open(Some("correct horse battery staple")).unwrap();
    assert_eq!(opened.recipient(), identity("xwing-one").recipient());
}

fn keyset(path: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/keyset/v1");
    fs::read_to_string(folder.join(path)).unwrap()
}

#[test]
fn keysets_are_signed_and_bad_ones_fail_as_they_should() {
    let root: Root = keyset("root.pub").trim().parse().unwrap();
    for name in ["root", "other-root"] {
        let private = RootFile::read(&keyset(&format!("{name}.txt"))).unwrap().open(None).unwrap();
        assert_eq!(private.root().to_string(), keyset(&format!("{name}.pub")).trim(), "{name}");
    }
    let bytes: BTreeMap<String, String> = serde_json::from_str(&keyset("signed-bytes.json")).unwrap();
    assert!(bytes.len() >= 4);
    for (name, bytes) in &bytes {
        let draft = KeysetDraft::read(&keyset(&format!("good/{name}.yaml"))).unwrap();
        assert_eq!(hex(&draft.bytes()), *bytes, "{name}");
        let keyset = draft.verify(&root).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(KeysetDraft::read(&keyset.to_yaml()).unwrap().verify(&root), Ok(keyset), "{name}");
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/keyset/v1/bad");
    let names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(names.len() >= 50, "only {}", names.len());
    for name in names {
        let text = keyset(&format!("bad/{name}"));
        let expected = text.lines().next().unwrap().strip_prefix("# expect ").unwrap();
        let found = KeysetDraft::read(&text).and_then(|draft| draft.verify(&root));
        assert_eq!(found.err().map(|error| error.code()), Some(expected), "{name}");
    }
}

/// The bytes under a signature, taken from the specification once more and from the text as any reader of YAML has it.
#[test]
fn what_is_signed_is_what_the_specification_says() {
    let bytes: BTreeMap<String, String> = serde_json::from_str(&keyset("signed-bytes.json")).unwrap();
    for (name, bytes) in bytes {
        let file: serde_yaml::Value = serde_yaml::from_str(&keyset(&format!("good/{name}.yaml"))).unwrap();
        let root: Root = file["root"].as_str().unwrap().parse().unwrap();
        let keys: BTreeMap<&str, &serde_yaml::Value> =
            file["keys"].as_mapping().unwrap().iter().map(|(id, key)| (id.as_str().unwrap(), key)).collect();
        let numbers = [file["generation"].as_u64().unwrap(), keys.len() as u64].map(|number| number.to_string());
        let mut signed = lp(&[b"ksecrets/1/keyset", numbers[0].as_bytes(), root.public(), numbers[1].as_bytes()]);
        for (id, key) in keys {
            let text = |field: &str| key.get(field).and_then(|value| value.as_str()).unwrap_or("");
            let recipient: Recipient = text("recipient").parse().unwrap();
            let safe = key.get("break-glass").and_then(|value| value.as_bool()) == Some(true);
            let rest = ["label", "state", "not-before", "not-after"].map(|field| text(field).as_bytes());
            let flag: &[u8] = if safe { b"break-glass" } else { b"" };
            signed.extend(lp(&[id.as_bytes(), recipient.public(), rest[0], rest[1], rest[2], rest[3], flag]));
        }
        assert_eq!(hex(&signed), bytes, "{name}");
    }
}

fn lp(parts: &[&[u8]]) -> Vec<u8> {
    parts.iter().flat_map(|part| [&(part.len() as u32).to_be_bytes()[..], part].concat()).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every step between a private key and a value, taken from the specification once more and without the library.
#[test]
fn derivations_are_those_of_the_specification() {
    let all: Vec<BTreeMap<String, String>> = serde_json::from_str(&read("derivations.json")).unwrap();
    assert_eq!(all.len(), 2);
    for step in all {
        let bytes = |name: &str| unhex(&step[name]);
        let text = |name: &str| step[name].as_bytes();
        let context = lp(&[b"ksecrets/1", text("scope"), text("namespace"), text("name")]);
        assert_eq!(context, bytes("context"));
        let here = Context::new(Scope::Strict, Some(&step["namespace"]), &step["name"]).unwrap();
        assert_eq!((here.bytes(), here.digest().to_string()), (context.clone(), step["ctx"].clone()));

        let suite: Suite = step["suite"].parse().unwrap();
        let one = Identity::new(suite, zeroize::Zeroizing::new(bytes("seed").try_into().unwrap())).unwrap();
        assert_eq!(one.recipient().public(), bytes("public"));
        assert_eq!(
            (one.recipient().to_string(), one.kid().as_str()),
            (step["recipient"].clone(), step["kid"].as_str())
        );
        let digest = Sha256::digest(lp(&[b"ksecrets/1/kid", text("suite"), &bytes("public")]));
        assert_eq!(step["kid"], format!("{suite}-{}", base32(&digest[..10])));

        let derive = |salt: &[u8]| {
            let mut key = [0; 32];
            hkdf::Hkdf::<Sha256>::new(Some(salt), &bytes("data_key")).expand(&context, &mut key).unwrap();
            key
        };
        let commit = derive(b"ksecrets/1/commit");
        assert_eq!(URL_SAFE_NO_PAD.encode(commit), step["commit"]);
        assert_eq!(base32(&commit[..5]), step["slot"]);
        assert_eq!(derive(b"ksecrets/1/value").to_vec(), bytes("value_key"));
        assert_eq!([lp(&[b"ksecrets/1/wrap", text("suite")]), context.clone()].concat(), bytes("wrap_info"));
        assert_eq!(lp(&[text("kid"), &commit]), bytes("wrap_aad"));
        let aad = [context.clone(), lp(&[text("key"), text("type"), text("slot")])].concat();
        assert_eq!(aad, bytes("value_aad"));
        let sealed = step["value"].strip_prefix(&format!("ks1.{}.", step["slot"])).unwrap();
        let sealed = URL_SAFE_NO_PAD.decode(sealed).unwrap();
        let (nonce, msg) = sealed.split_first_chunk::<12>().unwrap();
        let cipher = aes_gcm::Aes256Gcm::new_from_slice(&bytes("value_key")).unwrap();
        assert_eq!(cipher.decrypt(nonce.into(), Payload { msg, aad: &aad }).unwrap(), bytes("plaintext"));

        // The wrap opens to the data key with the HPKE crate alone.
        let wrap = URL_SAFE_NO_PAD.decode(&step["wrap"]).unwrap();
        let (enc, sealed) = wrap.split_at(suite.enc_length());
        let (seed, info, aad) = (bytes("seed"), bytes("wrap_info"), bytes("wrap_aad"));
        let opened = match suite {
            Suite::XWing => hpke_open::<hpke::kem::XWing>(&seed, enc, &info, &[(sealed.to_vec(), aad)]),
            Suite::X25519 => hpke_open::<hpke::kem::X25519HkdfSha256>(&seed, enc, &info, &[(sealed.to_vec(), aad)]),
        };
        assert_eq!(opened, [bytes("data_key")]);
    }
}

fn base32(bytes: &[u8]) -> String {
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let fives = bits.as_bytes().chunks(5).map(|five| std::str::from_utf8(five).unwrap());
    let letter = |five| char::from(b"abcdefghijklmnopqrstuvwxyz234567"[usize::from_str_radix(five, 2).unwrap()]);
    fives.map(letter).collect()
}

fn hpke_open<K: hpke::Kem>(seed: &[u8], enc: &[u8], info: &[u8], messages: &[(Vec<u8>, Vec<u8>)]) -> Vec<Vec<u8>> {
    use hpke::Deserializable as _;
    let private = K::PrivateKey::from_bytes(seed).unwrap();
    let enc = K::EncappedKey::from_bytes(enc).unwrap();
    let mut context = hpke::setup_receiver::<hpke::aead::AesGcm256, hpke::kdf::HkdfSha256, K>(
        &hpke::OpModeR::Base,
        &private,
        &enc,
        info,
    )
    .unwrap();
    messages.iter().map(|(sealed, aad)| context.open(sealed, aad).unwrap()).collect()
}

/// From `test-vectors.json` of the RFC, for the suite that is used: there is none there for X-Wing with AES-256-GCM.
#[test]
fn hpke_is_that_of_rfc_9180() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hpke/rfc9180-base-x25519-sha256-aes256gcm.json");
    let vector: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let bytes = |value: &Value| unhex(value.as_str().unwrap());
    let sent = vector["encryptions"].as_array().unwrap();
    let messages: Vec<_> = sent.iter().map(|one| (bytes(&one["ct"]), bytes(&one["aad"]))).collect();
    let (seed, enc, info) = (bytes(&vector["skRm"]), bytes(&vector["enc"]), bytes(&vector["info"]));
    let opened = hpke_open::<hpke::kem::X25519HkdfSha256>(&seed, &enc, &info, &messages);
    assert_eq!(opened, sent.iter().map(|one| bytes(&one["pt"])).collect::<Vec<_>>());
    let identity = Identity::new(Suite::X25519, zeroize::Zeroizing::new(seed.try_into().unwrap())).unwrap();
    assert_eq!(identity.recipient().public(), bytes(&vector["pkRm"]));
}

/// The Go program, built; none where there is no Go that is new enough, unless that must not be.
fn go() -> Option<PathBuf> {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("seal-interop");
    let built = Command::new("go")
        .args(["build", "-buildvcs=false", "-o"])
        .arg(&program)
        .arg(".")
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/seal-interop"))
        .envs([("GOFLAGS", ""), ("GOWORK", "off"), ("CGO_ENABLED", "0"), ("GOTOOLCHAIN", "local")])
        .output();
    let why = match built {
        Ok(output) if output.status.success() => return Some(program),
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    assert!(std::env::var("CI").as_deref() != Ok("true"), "no Go 1.26 to compare with: {why}");
    println!("skipped: no Go 1.26 to compare with: {why}");
    None
}

fn ask(program: &Path, request: &Value) -> Value {
    let mut child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(request.to_string().as_bytes()).unwrap();
    serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap()
}

fn seed(number: u8) -> [u8; 32] {
    std::array::from_fn(|at| (at as u8) ^ number)
}

#[test]
fn go_opens_what_we_seal() {
    let Some(program) = go() else { return };
    for (suite, scope) in Suite::ALL.into_iter().flat_map(|suite| Scope::ALL.map(|scope| (suite, scope))) {
        let one = Identity::new(suite, zeroize::Zeroizing::new(seed(0x55))).unwrap();
        let value = b"made up \x00\xff";
        let plain = PlainSecret {
            name: "db".to_owned(),
            namespace: Some("prod".to_owned()),
            secret_type: "kubernetes.io/basic-auth".to_owned(),
            immutable: None,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            data: [("user".to_owned(), SecretBytes::from(value.to_vec()))].into(),
        };
        let sealed = SealedSecret::seal(&plain, scope, &[one.recipient().clone()]).unwrap().to_yaml().unwrap();
        let sealed: Value = serde_yaml::from_str(&sealed).unwrap();
        let slot = &sealed["spec"]["slots"][0];
        let (namespace, name) =
            (if scope == Scope::Cluster { "" } else { "prod" }, if scope == Scope::Strict { "db" } else { "" });
        let mut request = json!({
            "op": "open", "suite": suite.as_str(), "private": hex(&seed(0x55)),
            "scope": scope.as_str(), "namespace": namespace, "name": name,
            "type": "kubernetes.io/basic-auth", "key": "user",
            "commit": slot["commit"], "wrap": slot["wraps"][0]["key"], "value": sealed["spec"]["data"]["user"],
        });
        assert_eq!(ask(&program, &request)["plaintext"], hex(value), "{suite} {scope}");
        request["type"] = json!("Opaque");
        assert_eq!(ask(&program, &request)["plaintext"], Value::Null, "{suite} {scope}");
    }
}

#[test]
fn we_open_what_go_seals() {
    let Some(program) = go() else { return };
    for (suite, scope) in Suite::ALL.into_iter().flat_map(|suite| Scope::ALL.map(|scope| (suite, scope))) {
        let one = Identity::new(suite, zeroize::Zeroizing::new(seed(0x66))).unwrap();
        let (namespace, name) =
            (if scope == Scope::Cluster { "" } else { "prod" }, if scope == Scope::Strict { "db" } else { "" });
        let answer = ask(
            &program,
            &json!({
                "op": "seal", "suite": suite.as_str(), "public": hex(one.recipient().public()),
                "scope": scope.as_str(), "namespace": namespace, "name": name,
                "type": "Opaque", "key": "user", "value": hex(b"of Go"),
            }),
        );
        let kid: KeyId = answer["kid"].as_str().unwrap().parse().unwrap();
        assert_eq!(kid, *one.kid());
        let object = json!({
            "apiVersion": "ksecrets.dev/v1alpha1", "kind": "SealedSecret",
            "metadata": {"name": "db", "namespace": "prod"},
            "spec": {
                "format": 1, "scope": scope.as_str(),
                "slots": [{
                    "id": answer["slot"], "commit": answer["commit"], "ctx": answer["ctx"],
                    "wraps": [{"kid": answer["kid"], "key": answer["wrap"]}],
                }],
                "data": {"user": answer["value"]},
            },
        });
        let sealed = SealedSecret::read(&object.to_string()).unwrap();
        assert!(sealed.problems(&Policy::default()).is_empty());
        assert_eq!(sealed.open(&[one]).unwrap().data["user"].expose(), b"of Go", "{suite} {scope}");
    }
}

/// The frozen keysets and a fresh one, read by a program that was written from `docs/format.md`.
#[test]
fn go_verifies_our_keysets() {
    let Some(program) = go() else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/keyset/v1");
    let texts = |part: &str| -> Vec<_> {
        let files = fs::read_dir(folder.join(part)).unwrap().map(|entry| entry.unwrap().path());
        files.map(|path| (path.file_stem().unwrap().to_owned(), fs::read_to_string(&path).unwrap())).collect()
    };
    let pinned = fs::read_to_string(folder.join("root.pub")).unwrap();
    let verify = |root: &str, text: &str| ask(&program, &json!({"op": "verify", "root": root.trim(), "keyset": text}));
    let bytes: Value = serde_json::from_str(&fs::read_to_string(folder.join("signed-bytes.json")).unwrap()).unwrap();
    for (name, text) in texts("good") {
        let answer = verify(&pinned, &text);
        assert_eq!(answer["error"], Value::Null, "{name:?}");
        assert_eq!(answer["message"], bytes[name.to_str().unwrap()], "{name:?}");
    }
    for (name, text) in texts("bad") {
        assert_ne!(verify(&pinned, &text)["error"], Value::Null, "{name:?}");
    }

    let root = RootIdentity::new(&seed(0x21).into()).unwrap();
    let entry = |suite, number, label: &str| Entry {
        recipient: Identity::new(suite, seed(number).into()).unwrap().recipient().clone(),
        label: label.parse().unwrap(),
        state: State::Current,
        not_before: Some("2026-11-01".parse().unwrap()),
        not_after: None,
        break_glass: number == 2,
    };
    let keys = vec![entry(Suite::XWing, 1, "prod-eu"), entry(Suite::X25519, 2, "safe"), entry(Suite::X25519, 3, "1")];
    let mut draft = KeysetDraft::new(root.root().clone());
    (draft.generation, draft.keys) = (7, keys);
    let keyset = draft.sign(&root).unwrap();
    let answer = verify(&root.root().to_string(), &keyset.to_yaml());
    assert_eq!(answer["error"], Value::Null);
    assert_eq!(answer["message"], hex(&keyset.draft().bytes()));
    assert_eq!(answer["read"]["root"], root.root().to_string());
    assert_eq!(answer["read"]["generation"], 7);
    for key in keyset.keys() {
        let read = &answer["read"]["keys"][key.recipient.kid().as_str()];
        assert_eq!(read["recipient"], key.recipient.to_string());
        assert_eq!((&read["label"], &read["state"]), (&json!(key.label.as_str()), &json!("current")));
        assert_eq!(read["break-glass"] == true, key.break_glass);
    }
    let other = RootIdentity::new(&seed(0x22).into()).unwrap();
    assert_eq!(verify(&other.root().to_string(), &keyset.to_yaml())["error"], "other root");
}

#[test]
fn we_verify_a_keyset_of_go() {
    let Some(program) = go() else { return };
    let recipient = |suite, number| Identity::new(suite, seed(number).into()).unwrap().recipient().clone();
    let (one, two) = (recipient(Suite::XWing, 1), recipient(Suite::X25519, 2));
    let answer = ask(
        &program,
        &json!({
            "op": "sign", "private": hex(&seed(0x33)), "generation": 4294967295_u32,
            "keys": [
                {"recipient": one.to_string(), "label": "prod", "state": "decrypt-only", "not-after": "2027-10-31"},
                {"recipient": two.to_string().to_uppercase(), "label": "safe", "state": "current", "break-glass": true},
            ],
        }),
    );
    let root = RootIdentity::new(&seed(0x33).into()).unwrap();
    assert_eq!(answer["root"], root.root().to_string());
    let keyset = KeysetDraft::read(answer["keyset"].as_str().unwrap()).unwrap().verify(root.root()).unwrap();
    assert_eq!(keyset.draft().generation, u32::MAX);
    assert_eq!(keyset.keys().iter().map(|key| &key.recipient).collect::<Vec<_>>(), [&one, &two]);
    assert_eq!((keyset.keys()[0].state, keyset.keys()[1].break_glass), (State::DecryptOnly, true));
}

/// Go refuses an all-zero X25519 share inside X-Wing, as we do before the crate sees it.
#[test]
fn go_refuses_a_low_order_share_too() {
    let Some(program) = go() else { return };
    let steps: Vec<BTreeMap<String, String>> = serde_json::from_str(&read("derivations.json")).unwrap();
    for step in steps {
        let mut wrap = URL_SAFE_NO_PAD.decode(&step["wrap"]).unwrap();
        let mut request = json!({
            "op": "open", "suite": step["suite"], "private": step["seed"], "scope": step["scope"],
            "namespace": step["namespace"], "name": step["name"], "type": step["type"], "key": step["key"],
            "commit": step["commit"], "wrap": step["wrap"], "value": step["value"],
        });
        assert_eq!(ask(&program, &request)["plaintext"], step["plaintext"].as_str());
        let suite: Suite = step["suite"].parse().unwrap();
        wrap[suite.enc_length() - 32..suite.enc_length()].fill(0);
        request["wrap"] = json!(URL_SAFE_NO_PAD.encode(&wrap));
        let answer = ask(&program, &request);
        assert!(answer["error"].as_str().unwrap().contains("low order"), "{answer}");
    }
}

/// How long sealing and opening take: `cargo test --release speed -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn speed_of_sealing_and_opening() {
    const SECRETS: usize = 1000;
    let one = Identity::generate(Suite::XWing).unwrap();
    let (to, mine) = ([one.recipient().clone()], [one]);
    let secret = |number: usize| PlainSecret {
        name: format!("secret-{number}"),
        namespace: Some("prod".to_owned()),
        secret_type: "Opaque".to_owned(),
        immutable: None,
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        data: (0..5).map(|key| (format!("KEY_{key}"), SecretBytes::from(vec![key; 32]))).collect(),
    };
    // Two threads, one half each.
    let halves = |work: &(dyn Fn(usize) + Sync)| {
        let start = std::time::Instant::now();
        std::thread::scope(|scope| {
            for half in 0..2 {
                scope.spawn(move || (half..SECRETS).step_by(2).for_each(work));
            }
        });
        start.elapsed().as_millis()
    };
    let seal = |number| SealedSecret::seal(&secret(number), Scope::Strict, &to).unwrap().to_yaml().unwrap();
    let sealing = halves(&|number| drop(seal(number)));
    let texts: Vec<_> = (0..SECRETS).map(seal).collect();
    let opening = halves(&|number| drop(SealedSecret::read(&texts[number]).unwrap().open(&mine).unwrap()));
    let checking = halves(&|number| drop(SealedSecret::read(&texts[number]).unwrap().problems(&Policy::default())));
    println!("{SECRETS} Secrets of 5 values: sealed in {sealing} ms, opened in {opening} ms, checked in {checking} ms");
}
