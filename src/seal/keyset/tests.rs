//! Keysets, signed and altered.

use proptest::prelude::*;
use zeroize::Zeroizing;

use super::super::{Identity, Problem, Recipient, Suite};
use super::*;

fn root() -> RootIdentity {
    RootIdentity::new(&Zeroizing::new([1; 32])).unwrap()
}

fn recipient(suite: Suite, number: u8) -> Recipient {
    Identity::new(suite, Zeroizing::new([number; 32])).unwrap().recipient().clone()
}

fn key(number: u8, label: &str) -> Entry {
    Entry {
        recipient: recipient(Suite::X25519, number),
        label: label.parse().unwrap(),
        state: State::Current,
        not_before: None,
        not_after: None,
        break_glass: false,
    }
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn signed(keys: Vec<Entry>) -> Keyset {
    let mut draft = KeysetDraft::new(root().root().clone());
    (draft.generation, draft.keys) = (7, keys);
    draft.sign(&root()).unwrap()
}

fn named(words: &[&str]) -> Choice {
    Choice::Named(words.iter().map(|word| (*word).to_owned()).collect())
}

#[test]
fn a_keyset_comes_back_whatever_the_order_of_its_fields() {
    let mut safe = Entry { break_glass: true, not_before: Some(day("2026-01-01")), ..key(2, "safe") };
    safe.recipient = recipient(Suite::XWing, 2);
    let keyset = signed(vec![key(1, "prod"), safe]);
    let text = keyset.to_yaml();
    let read = |text: &str| KeysetDraft::read(text).and_then(|draft| draft.verify(root().root()));
    assert_eq!(read(&text), Ok(keyset.clone()));
    let lines: Vec<&str> = text.lines().collect();
    let (signature, rest) = lines.split_last().unwrap();
    assert_eq!(read(&format!("{signature}\n# why\n{}\n", rest.join("  # note\r\n"))), Ok(keyset.clone()));
    let mut turned = keyset.draft().clone();
    turned.keys.reverse();
    assert_eq!(turned.bytes(), keyset.draft().bytes());
}

#[test]
fn another_root_an_unsigned_keyset_and_an_altered_one_are_told_apart() {
    let keyset = signed(vec![key(1, "prod")]);
    let other = RootIdentity::new(&Zeroizing::new([9; 32])).unwrap();
    let code = |draft: KeysetDraft, root: &RootIdentity| draft.verify(root.root()).map_err(|error| error.code()).err();
    assert_eq!(code(keyset.draft().clone(), &other), Some("other-root"));
    let draft = KeysetDraft { signature: None, ..keyset.draft().clone() };
    assert_eq!(code(draft, &root()), Some("unsigned"));
    let draft = KeysetDraft { generation: 8, ..keyset.draft().clone() };
    assert_eq!(code(draft, &root()), Some("signature"));
    // The other root's own signature over a keyset that names this one.
    let mut draft = keyset.draft().clone();
    draft.signature = Some(other.sign(&draft.bytes()));
    assert_eq!(code(draft, &root()), Some("signature"));
}

#[test]
fn what_cannot_be_signed() {
    let code = |keys: Vec<Entry>| {
        let draft = KeysetDraft { generation: 1, keys, ..KeysetDraft::new(root().root().clone()) };
        draft.sign(&root()).map_err(|error| error.code()).err()
    };
    assert_eq!(code(vec![]), Some("field"));
    assert_eq!(code(vec![key(1, "a"), key(1, "b")]), Some("duplicate"));
    let backwards = Entry { not_before: Some(day("2027-02-01")), not_after: Some(day("2027-01-31")), ..key(1, "a") };
    assert_eq!(code(vec![backwards]), Some("field"));
    assert_eq!(code(vec![key(1, "a"); MOST_KEYS + 1]), Some("too-large"));
    let huge = format!("version: 1\n#{}\n", "x".repeat(MOST_KEYSET));
    assert_eq!(KeysetDraft::read(&huge).unwrap_err().code(), "too-large");
}

#[test]
fn state_and_days_decide_what_a_key_may_be_used_for() {
    let one = Entry { not_before: Some(day("2027-01-02")), not_after: Some(day("2027-01-04")), ..key(1, "a") };
    let on = |text: &str| one.standing(day(text)).as_str();
    assert_eq!(
        ["2027-01-01", "2027-01-02", "2027-01-04", "2027-01-05"].map(on),
        ["not-yet-valid", "usable", "usable", "expired"]
    );
    for state in State::ALL.into_iter().filter(|state| *state != State::Current) {
        assert_eq!(Entry { state, ..one.clone() }.standing(day("2027-01-03")).as_str(), state.as_str());
    }
}

#[test]
fn whom_to_seal_to() {
    let today = day("2027-06-01");
    let expired = Entry { not_after: Some(day("2027-05-31")), ..key(3, "prod") };
    let keyset = signed(vec![
        key(1, "staging"),
        expired.clone(),
        key(2, "prod"),
        Entry { state: State::Retired, ..key(4, "old") },
        Entry { break_glass: true, ..key(5, "safe") },
    ]);
    let kids = |choice: &Choice| {
        let recipients = keyset.recipients(choice, today)?;
        Ok::<_, SealError>(
            recipients.iter().map(|one| keyset.draft().key(one.kid()).unwrap().label.to_string()).collect::<Vec<_>>(),
        )
    };
    assert_eq!(kids(&named(&["prod"])).unwrap(), ["prod", "safe"]);
    assert_eq!(kids(&named(&["safe", "staging", "prod"])).unwrap(), ["safe", "staging", "prod"]);
    assert_eq!(kids(&Choice::Everyone).unwrap(), ["staging", "prod", "safe"]);
    let said = |choice: &Choice| keyset.recipients(choice, today).unwrap_err().to_string();
    assert_eq!(said(&named(&["nobody"])), "the keyset has no key 'nobody'; its labels are old, prod, safe, staging");
    let kid = expired.recipient.kid();
    assert_eq!(
        said(&named(&[kid.as_str()])),
        format!(
            "nothing can be sealed to prod ({kid}): the key is expired since the end of 2027-05-31; add its successor \
             with `ksecrets seal keys add`, under the same label"
        )
    );
    assert!(said(&named(&["old"])).contains("the key is retired; name its successor"));
    assert!(said(&Choice::Strangers(vec![expired.recipient])).contains("expired"));
    let stranger = recipient(Suite::X25519, 77);
    let with = keyset.recipients(&Choice::Strangers(vec![stranger.clone()]), today).unwrap();
    assert_eq!(with, [stranger, recipient(Suite::X25519, 5)]);
    let mixed = keyset.recipients(&Choice::Strangers(vec![recipient(Suite::XWing, 1)]), today).unwrap_err();
    assert_eq!(mixed.code(), "mixed-suites");
}

#[test]
fn a_break_glass_key_that_has_expired_is_not_silently_left_out() {
    let safe = Entry { break_glass: true, not_after: Some(day("2026-12-31")), ..key(2, "safe") };
    let keyset = signed(vec![key(1, "prod"), safe.clone()]);
    let sealed = keyset.recipients(&named(&["prod"]), day("2027-01-01"));
    assert_eq!(sealed.unwrap_err().code(), "unusable-key");
    let retired = signed(vec![key(1, "prod"), Entry { state: State::Retired, ..safe }]);
    assert_eq!(retired.recipients(&named(&["prod"]), day("2027-01-01")).unwrap().len(), 1);
}

#[test]
fn what_a_keyset_says_of_recipients() {
    use crate::seal::{PlainSecret, Scope, SealedSecret};
    let today = day("2027-06-01");
    let states = [
        (1, "staging", State::Current),
        (2, "prod", State::Current),
        (3, "prod", State::DecryptOnly),
        (4, "prod", State::Compromised),
        (5, "prod", State::Retired),
        (6, "prod", State::Pending),
    ];
    let mut keys: Vec<_> = states.iter().map(|(n, label, state)| Entry { state: *state, ..key(*n, label) }).collect();
    keys.push(Entry { not_after: Some(day("2027-05-31")), ..key(7, "prod") });
    keys.push(Entry { break_glass: true, ..key(8, "safe") });
    let policy = signed(keys).policy(&named(&["prod"]), today).unwrap();
    let text = "kind: Secret\napiVersion: v1\nmetadata: {name: a, namespace: b}\nstringData: {c: d}\n";
    let plain = PlainSecret::read(text).unwrap();
    let codes = |numbers: &[u8]| {
        let to: Vec<_> = numbers.iter().map(|number| recipient(Suite::X25519, *number)).collect();
        let sealed = SealedSecret::seal(&plain, Scope::Strict, &to).unwrap();
        let mut codes: Vec<_> = sealed.problems(&policy).iter().map(Problem::code).collect();
        codes.sort_unstable();
        codes
    };
    assert_eq!(codes(&[2, 8]), [""; 0]);
    assert_eq!(codes(&[2, 3, 8]), [""; 0]);
    assert_eq!(codes(&[2]), ["missing-recipient"]);
    assert_eq!(codes(&[1, 2, 8, 99]), ["unwanted-recipient", "unwanted-recipient"]);
    assert_eq!(
        codes(&[2, 4, 5, 6, 7, 8]),
        ["compromised-recipient", "early-recipient", "expired-recipient", "retired-recipient"]
    );
    let error = signed(vec![key(1, "a")]).policy(&named(&["b"]), today).unwrap_err();
    assert_eq!(error.code(), "unknown-key");
}

#[test]
fn what_is_no_label() {
    for good in ["a", "prod-eu.1", "9", &"a".repeat(63)] {
        assert_eq!(good.parse::<Label>().unwrap().as_str(), good);
    }
    for bad in ["", "a b", "-a", "é", "a/b", "a*", "xwing-a", "ksx1abc", &"a".repeat(64)] {
        assert!(bad.parse::<Label>().is_err(), "{bad}");
    }
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let one = ("[a-z][a-z0-9.-]{0,8}", 0_usize..5, prop::option::of(0_i64..4_000_000_000), any::<bool>());
    prop::collection::vec(one, 1..5).prop_map(|all| {
        let entry = |(at, (label, state, seconds, break_glass)): (usize, (String, usize, Option<i64>, bool))| Entry {
            state: State::ALL[state],
            not_before: seconds.map(Day::of_seconds),
            break_glass,
            ..key(at as u8 + 1, &label.replace("ksx1", "k"))
        };
        all.into_iter().enumerate().map(entry).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_signed_is_read_back(keys in entries()) {
        let keyset = signed(keys);
        let read = KeysetDraft::read(&keyset.to_yaml()).unwrap().verify(root().root());
        prop_assert_eq!(read, Ok(keyset));
    }

    /// A changed character of the text is refused, or changes nothing that is said.
    #[test]
    fn no_change_of_the_text_gets_through(keys in entries(), at in any::<prop::sample::Index>(), with in any::<char>()) {
        let keyset = signed(keys);
        let mut text: Vec<char> = keyset.to_yaml().chars().collect();
        let at = at.index(text.len());
        text[at] = with;
        let text: String = text.into_iter().collect();
        if let Ok(read) = KeysetDraft::read(&text).and_then(|draft| draft.verify(root().root())) {
            prop_assert_eq!(read.draft().bytes(), keyset.draft().bytes());
        }
    }

    #[test]
    fn no_text_is_too_much(text in "(version: 1\n)?(generation: [0-9]{1,12}\n)?(root: .{0,20}\n)?(keys:\n  .{0,20}\n)?.{0,40}") {
        let _ = KeysetDraft::read(&text);
    }
}
