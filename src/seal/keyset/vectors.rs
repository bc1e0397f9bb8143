//! Makes `fixtures/keyset/v1`. Run once for a version and frozen then, as `src/seal/vectors.rs`.
//!
//! ```text
//! cargo test --lib seal::keyset::vectors -- --ignored
//! ```

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use zeroize::Zeroizing;

use super::super::{Identity, Recipient, Suite};
use super::*;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/keyset/v1")
}

/// The roots of the vectors: made up, and public.
fn root(number: u8) -> RootIdentity {
    let seed = std::array::from_fn(|at| (at as u8).wrapping_mul(11).wrapping_add(number));
    RootIdentity::new(&Zeroizing::new(seed)).unwrap()
}

fn recipient(suite: Suite, number: u8) -> Recipient {
    let seed = std::array::from_fn(|at| (at as u8).wrapping_mul(5).wrapping_add(number));
    Identity::new(suite, Zeroizing::new(seed)).unwrap().recipient().clone()
}

fn entry(suite: Suite, number: u8, label: &str) -> Entry {
    Entry {
        recipient: recipient(suite, number),
        label: label.parse().unwrap(),
        state: State::Current,
        not_before: None,
        not_after: None,
        break_glass: false,
    }
}

fn signed(generation: u32, keys: Vec<Entry>, with: &RootIdentity) -> Keyset {
    let draft = KeysetDraft { generation, keys, ..KeysetDraft::new(with.root().clone()) };
    draft.sign(with).unwrap()
}

fn day(text: &str) -> Option<Day> {
    Some(text.parse().unwrap())
}

/// Two short keys, with days and with break-glass.
fn two() -> Vec<Entry> {
    vec![
        Entry { not_before: day("2026-11-01"), not_after: day("2027-10-31"), ..entry(Suite::X25519, 1, "prod-eu") },
        Entry { break_glass: true, ..entry(Suite::X25519, 2, "safe") },
    ]
}

/// All at once, because making them takes a build.
static WRONG: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn bad(name: &str, expect: &str, text: &str) {
    let found = KeysetDraft::read(text).and_then(|draft| draft.verify(root(1).root())).err().map(|error| error.code());
    if found != Some(expect) {
        WRONG.lock().unwrap().push(format!("{name}: {found:?} and not {expect}"));
    }
    fs::write(folder().join(format!("bad/{name}.yaml")), format!("# expect {expect}\n{text}")).unwrap();
}

fn good(name: &str, text: &str, signed_bytes: &mut String) {
    let keyset = KeysetDraft::read(text).unwrap().verify(root(1).root()).unwrap();
    fs::write(folder().join(format!("good/{name}.yaml")), text).unwrap();
    let hex = keyset.draft().bytes().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let _ = write!(signed_bytes, "{}\"{name}\": \"{hex}\"", if signed_bytes.is_empty() { "" } else { ",\n  " });
}

fn exchanged(text: &str, from: &str, into: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replacen(from, into, 1)
}

fn without(text: &str, start: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with(start));
    lines.fold(String::new(), |text, line| text + line + "\n")
}

#[test]
#[ignore = "makes the frozen vectors anew"]
fn make() {
    for part in ["good", "bad"] {
        fs::create_dir_all(folder().join(part)).unwrap();
    }
    for (name, number) in [("root", 1), ("other-root", 2)] {
        let text = format!("# made up, for the vectors only\n{}", *root(number).to_text());
        fs::write(folder().join(format!("{name}.txt")), text).unwrap();
        fs::write(folder().join(format!("{name}.pub")), format!("{}\n", root(number).root())).unwrap();
    }
    let keyset = signed(3, two(), &root(1));
    make_good(&keyset);
    make_bad_head(&keyset);
    make_bad_keys(&keyset);
    make_bad_signatures(&keyset);
    assert_eq!(*WRONG.lock().unwrap(), Vec::<String>::new());
}

fn make_good(keyset: &Keyset) {
    let mut bytes = String::new();
    let text = keyset.to_yaml();
    good("two-keys", &text, &mut bytes);
    let lines: Vec<_> = without(&text, "#").lines().map(str::to_owned).collect();
    let turned =
        lines.iter().rev().filter(|line| !line.starts_with([' ', 'k'])).cloned().collect::<Vec<_>>().join("  # said\n");
    let at = lines.iter().position(|line| line == "keys:").unwrap();
    let keys = &lines[at..lines.len() - 1];
    let second = keys.iter().skip(2).position(|line| line.starts_with("  x")).unwrap() + 2;
    let keys = [&keys[..1], &keys[second..], &keys[1..second]].concat().join("\n");
    good("another-order-and-comments", &format!("# of the team\n{keys}\n\n{turned}\n"), &mut bytes);
    let states = State::ALL.into_iter().enumerate();
    let states = states.map(|(at, state)| Entry { state, ..entry(Suite::X25519, 10 + at as u8, "prod-eu") });
    good("every-state", &signed(4_294_967_295, states.collect(), &root(1)).to_yaml(), &mut bytes);
    let both = vec![entry(Suite::XWing, 1, "prod"), Entry { break_glass: true, ..entry(Suite::XWing, 2, "safe") }];
    good("xwing", &signed(1, both, &root(1)).to_yaml(), &mut bytes);
    fs::write(folder().join("signed-bytes.json"), format!("{{\n  {bytes}\n}}\n")).unwrap();
}

fn make_bad_head(keyset: &Keyset) {
    let text = keyset.to_yaml();
    let root_line = |with: &str| exchanged(&text, &root(1).root().to_string(), with);
    bad("version-unknown", "format", &exchanged(&text, "version: 1", "version: 2"));
    bad("version-as-text", "field", &exchanged(&text, "version: 1", "version: \"1\""));
    bad("version-missing", "not-a-keyset", &without(&text, "version:"));
    bad("generation-altered", "signature", &exchanged(&text, "generation: 3", "generation: 4"));
    bad("generation-zero", "field", &exchanged(&text, "generation: 3", "generation: 0"));
    bad("generation-with-a-leading-zero", "field", &exchanged(&text, "generation: 3", "generation: 03"));
    bad("generation-as-text", "field", &exchanged(&text, "generation: 3", "generation: \"3\""));
    bad("generation-too-large", "field", &exchanged(&text, "generation: 3", "generation: 4294967296"));
    bad("generation-missing", "field", &without(&text, "generation:"));
    bad("root-of-somebody-else", "other-root", &root_line(&root(2).root().to_string()));
    bad("signed-by-somebody-else", "other-root", &signed(3, two(), &root(2)).to_yaml());
    bad("root-cut", "root", &root_line(&root(1).root().to_string()[..60]));
    let mut neutral = [0; 32];
    neutral[0] = 1;
    bad("root-of-low-order", "low-order", &root_line(&super::super::coding::bech32("ksroot", &neutral)));
    bad("root-missing", "field", &without(&text, "root:"));
    bad("field-unknown", "field", &format!("{text}issuer: me\n"));
    bad("field-twice", "duplicate", &format!("{text}generation: 3\n"));
    bad("not-yaml", "not-yaml", &format!("{text}x: [\n"));
    bad("two-documents", "not-one-document", &format!("{text}---\n{text}"));
    bad("no-document", "not-one-document", "");
    bad("a-secret", "not-a-keyset", "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n");
    bad("a-list", "not-a-keyset", "- version: 1\n");
}

fn make_bad_keys(keyset: &Keyset) {
    let text = keyset.to_yaml();
    let (one, safe) = (&keyset.keys()[0], &keyset.keys()[1]);
    let (kid, public) = (one.recipient.kid().to_string(), one.recipient.to_string());
    let other = recipient(Suite::X25519, 9);
    bad("no-keys", "field", &exchanged(&text[..text.find("keys:\n").unwrap()], "root", "keys: {}\nroot"));
    bad("keys-missing", "field", &text[..text.find("keys:\n").unwrap()]);
    bad("keys-as-a-list", "field", &exchanged(&text[..text.find("keys:\n").unwrap()], "root", "keys: []\nroot"));
    let start = text.find(&format!("  {kid}")).unwrap();
    let end = text.find(&format!("  {}", safe.recipient.kid())).unwrap();
    bad("key-twice", "duplicate", &exchanged(&text, &text[start..end], &text[start..end].repeat(2)));
    bad("key-removed", "signature", &exchanged(&text, &text[start..end], ""));
    let added = text[start..end].replace(&kid, other.kid().as_str()).replace(&public, &other.to_string());
    bad("key-added", "signature", &exchanged(&text, &text[start..end], &(text[start..end].to_owned() + &added)));
    bad("key-exchanged", "signature", &exchanged(&text, &text[start..end], &added));
    bad("key-id-of-another", "other-key", &exchanged(&text, &kid, other.kid().as_str()));
    bad("recipient-of-another", "other-key", &exchanged(&text, &public, &other.to_string()));
    bad("key-id-malformed", "key-id", &exchanged(&text, &kid, &kid[..kid.len() - 1]));
    bad("suite-unknown", "suite", &exchanged(&text, &kid, &kid.replace("x25519", "p256")));
    bad("recipient-cut", "field", &exchanged(&text, &public, &public[..50]));
    let low = super::super::coding::bech32("ksx", &[0; 32]);
    bad("recipient-of-low-order", "low-order", &exchanged(&text, &public, &low));
    bad("recipient-missing", "field", &exchanged(&text, &format!("    recipient: {public}\n"), ""));
    bad("label-altered", "signature", &exchanged(&text, "prod-eu", "prod-us"));
    bad("label-malformed", "label", &exchanged(&text, "prod-eu", "prod/eu"));
    bad("label-like-a-key-id", "label", &exchanged(&text, "prod-eu", &kid));
    bad("label-missing", "field", &exchanged(&text, "    label: prod-eu\n", ""));
    bad("state-altered", "signature", &exchanged(&text, "state: current", "state: decrypt-only"));
    bad("state-unknown", "state", &exchanged(&text, "state: current", "state: Current"));
    bad("state-missing", "field", &exchanged(&text, "    state: current\n", ""));
    bad("not-before-altered", "signature", &exchanged(&text, "2026-11-01", "2026-10-01"));
    bad("not-after-altered", "signature", &exchanged(&text, "2027-10-31", "2037-10-31"));
    bad("not-after-removed", "signature", &without(&text, "not-after:"));
    bad(
        "not-after-moved-to-not-before",
        "signature",
        &without(&text, "not-after:").replace("2026-11-01", "2027-10-31"),
    );
    bad("day-that-is-none", "field", &exchanged(&text, "2027-10-31", "2027-02-29"));
    bad("day-with-a-time", "field", &exchanged(&text, "2027-10-31", "2027-10-31T00:00:00Z"));
    bad("days-backwards", "field", &exchanged(&text, "2027-10-31", "2025-10-31"));
    bad("break-glass-removed", "signature", &without(&text, "break-glass:"));
    bad(
        "break-glass-added",
        "signature",
        &exchanged(&text, "    label: prod-eu\n", "    label: prod-eu\n    break-glass: true\n"),
    );
    bad("break-glass-as-text", "field", &exchanged(&text, "break-glass: true", "break-glass: \"true\""));
    bad(
        "field-of-a-key-unknown",
        "field",
        &exchanged(&text, "    label: prod-eu\n", "    label: prod-eu\n    owner: me\n"),
    );
}

fn make_bad_signatures(keyset: &Keyset) {
    let text = keyset.to_yaml();
    let signature = keyset.draft().signature.unwrap();
    let with = |bytes: &[u8]| exchanged(&text, &keyset.signature(), &base64(bytes));
    let flipped = |at: usize| {
        let mut bytes = signature;
        bytes[at] ^= 1;
        with(&bytes)
    };
    bad("signature-altered-in-its-point", "signature", &flipped(0));
    bad("signature-altered-in-its-scalar", "signature", &flipped(40));
    bad("signature-with-the-order-added", "signature", &with(&with_order_added(&signature)));
    bad("signature-of-zeros", "signature", &with(&[0; 64]));
    bad("signature-of-another-root", "signature", &with(&root(2).sign(&keyset.draft().bytes())));
    let older = signed(2, two(), &root(1));
    bad("signature-of-another-generation", "signature", &exchanged(&text, &keyset.signature(), &older.signature()));
    bad("signature-truncated", "length", &with(&signature[..63]));
    bad("signature-padded", "base64", &exchanged(&text, &keyset.signature(), &format!("{}==", keyset.signature())));
    bad("signature-missing", "unsigned", &without(&text, "signature:"));
}

/// The same signature to a reader that does not look whether S is below the order of the group (RFC 8032, 5.1.7).
fn with_order_added(signature: &[u8; SIGNATURE]) -> [u8; SIGNATURE] {
    let mut order = [0_u8; 32];
    order[..16].copy_from_slice(&27_742_317_777_372_353_535_851_937_790_883_648_493_u128.to_le_bytes());
    order[31] = 0x10;
    let mut sum = *signature;
    let mut carry = 0_u16;
    for (byte, more) in sum[32..].iter_mut().zip(order) {
        carry += u16::from(*byte) + u16::from(more);
        *byte = carry as u8;
        carry >>= 8;
    }
    sum
}
