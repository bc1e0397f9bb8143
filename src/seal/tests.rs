//! What holds of sealed objects as a whole.

use std::collections::BTreeMap;

use proptest::prelude::*;
use zeroize::Zeroizing;

use super::*;

/// The private key with a number, the same in every run.
fn identity(suite: Suite, number: u8) -> Identity {
    Identity::new(suite, Zeroizing::new([number; 32])).unwrap()
}

fn to(identities: &[&Identity]) -> Vec<Recipient> {
    identities.iter().map(|one| one.recipient().clone()).collect()
}

fn plain(data: &[(&str, &[u8])]) -> PlainSecret {
    PlainSecret {
        name: "db".to_owned(),
        namespace: Some("prod".to_owned()),
        secret_type: "Opaque".to_owned(),
        immutable: None,
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        data: data.iter().map(|(key, value)| ((*key).to_owned(), SecretBytes::from(value.to_vec()))).collect(),
    }
}

fn three() -> PlainSecret {
    plain(&[("password", b"hunter2"), ("user", b"admin"), ("token", b"\x00\xff")])
}

fn text(sealed: &SealedSecret, key: &str) -> String {
    sealed.envelope().values()[key].to_string()
}

fn code<T>(result: Result<T, SealError>) -> &'static str {
    result.err().map_or("opened", |error| error.code())
}

#[test]
fn sealed_for_one_or_many_and_opened_by_each() {
    for suite in Suite::ALL {
        let all = [identity(suite, 1), identity(suite, 2), identity(suite, 3)];
        let sealed = SealedSecret::seal(&three(), Scope::Strict, &to(&[&all[0], &all[1]])).unwrap();
        let sealed = SealedSecret::read(&sealed.to_yaml().unwrap()).unwrap();
        for one in &all[..2] {
            assert_eq!(sealed.open(std::slice::from_ref(one)), Ok(three()));
        }
        assert_eq!(code(sealed.open(&all[2..])), "no-identity");
        assert_eq!(code(sealed.open(&[])), "no-identity");
        assert_eq!(sealed.open(&all[1..]), Ok(three()));
    }
}

#[test]
fn a_value_is_set_without_a_private_key() {
    let one = identity(Suite::XWing, 1);
    let mut sealed = SealedSecret::seal(&three(), Scope::Strict, &to(&[&one])).unwrap();
    let before = sealed.clone();
    sealed.set("password", b"hunter3", &to(&[&one])).unwrap();
    assert_eq!(sealed.envelope().slots().len(), 2);
    for key in ["user", "token"] {
        assert_eq!(text(&sealed, key), text(&before, key));
    }
    let opened = sealed.open(std::slice::from_ref(&one)).unwrap();
    assert_eq!(opened.data["password"].expose(), b"hunter3");
    // Several in one run share a slot, and slots that nothing refers to any more go.
    sealed
        .edit(&to(&[&one]), |edit| {
            edit.set("password", b"a")?;
            edit.set("user", b"b")?;
            edit.remove("token")
        })
        .unwrap();
    assert_eq!(sealed.envelope().slots().len(), 1);
    let opened = sealed.open(std::slice::from_ref(&one)).unwrap();
    assert_eq!(opened, plain(&[("password", b"a"), ("user", b"b")]));
    let unchanged = sealed.clone();
    assert_eq!(code(sealed.edit(&to(&[&one]), |edit| edit.remove("token"))), "no-value");
    assert_eq!(code(sealed.set("a b", b"", &to(&[&one]))), "name");
    assert_eq!(code(sealed.set("a", b"", &[])), "no-recipients");
    assert_eq!(
        code(sealed.edit(&to(&[&one]), |edit| {
            edit.remove("user")?;
            edit.remove("password")
        })),
        "empty"
    );
    assert_eq!(sealed, unchanged);
}

/// Who only has the public keys never encrypts under a data key that is there already, and neither does who has the
/// private ones: a nonce cannot meet another one, and who was a recipient once learns nothing that came later.
#[test]
fn no_data_key_is_used_in_a_second_run() {
    let one = identity(Suite::X25519, 1);
    let mut sealed = SealedSecret::seal(&three(), Scope::Strict, &to(&[&one])).unwrap();
    let mut seen = vec![sealed.envelope().slots()[0].id().clone()];
    for round in 0..3_u8 {
        sealed.set("password", &[round], &to(&[&one])).unwrap();
        let slot = sealed.envelope().values()["password"].slot().clone();
        assert!(!seen.contains(&slot));
        seen.push(slot);
        let mut changed = sealed.open_values(std::slice::from_ref(&one)).unwrap();
        changed.data.insert("user".to_owned(), SecretBytes::from(vec![round]));
        sealed = sealed.reseal(&changed, Scope::Strict, std::slice::from_ref(&one), &to(&[&one])).unwrap();
        let slot = sealed.envelope().values()["user"].slot().clone();
        assert!(!seen.contains(&slot));
        seen.push(slot);
    }
    assert_eq!(sealed.envelope().slots().len(), 3);
}

#[test]
fn unchanged_values_keep_their_bytes() {
    let (one, other) = (identity(Suite::XWing, 1), identity(Suite::XWing, 2));
    let sealed = SealedSecret::seal(&three(), Scope::Strict, &to(&[&one])).unwrap();
    let mine = std::slice::from_ref(&one);
    assert_eq!(sealed.reseal(&three(), Scope::Strict, mine, &to(&[&one])).unwrap(), sealed);
    let mut changed = three();
    changed.data.insert("user".to_owned(), SecretBytes::from(b"root".to_vec()));
    changed.data.remove("token");
    let again = sealed.reseal(&changed, Scope::Strict, mine, &to(&[&one, &other])).unwrap();
    assert_eq!(text(&again, "password"), text(&sealed, "password"));
    assert_ne!(text(&again, "user"), text(&sealed, "user"));
    assert_eq!(again.open(std::slice::from_ref(&other)), Ok(changed.clone()));
    // Without a key that opens it nothing is known to be unchanged, and in another place nothing may be the same.
    let blind = sealed.reseal(&three(), Scope::Strict, &[], &to(&[&one])).unwrap();
    let wider = sealed.reseal(&three(), Scope::Namespace, mine, &to(&[&one])).unwrap();
    let mut tls = three();
    tls.secret_type = "kubernetes.io/tls".to_owned();
    let typed = sealed.reseal(&tls, Scope::Strict, mine, &to(&[&one])).unwrap();
    for other in [&blind, &wider, &typed] {
        assert_ne!(text(other, "password"), text(&sealed, "password"));
        assert!(other.open(mine).is_ok());
    }
}

#[test]
fn rewrapping_changes_no_value_and_new_data_keys_change_all() {
    let (one, other) = (identity(Suite::XWing, 1), identity(Suite::XWing, 2));
    let mine = std::slice::from_ref(&one);
    let mut sealed = SealedSecret::seal(&three(), Scope::Strict, &to(&[&one])).unwrap();
    sealed.set("user", b"root", &to(&[&one])).unwrap();
    let before = sealed.clone();
    assert_eq!(sealed.rewrap(&[], &to(&[&one])), Ok(false));
    assert_eq!(sealed.rewrap(mine, &to(&[&other])), Ok(true));
    assert_eq!(sealed.envelope().values(), before.envelope().values());
    assert_eq!(code(sealed.open(mine)), "no-identity");
    assert_eq!(sealed.open(std::slice::from_ref(&other)).unwrap(), before.open(mine).unwrap());
    let unchanged = sealed.clone();
    assert_eq!(code(sealed.rewrap(mine, &to(&[&one]))), "no-identity");
    assert_eq!(sealed, unchanged);
    sealed.renew(std::slice::from_ref(&other), &to(&[&other])).unwrap();
    assert_eq!(sealed.envelope().slots().len(), 1);
    for key in before.envelope().values().keys() {
        assert_ne!(text(&sealed, key), text(&before, key));
    }
    assert_eq!(sealed.open(std::slice::from_ref(&other)).unwrap(), before.open(mine).unwrap());
}

#[test]
fn a_raw_value_is_merged() {
    let one = identity(Suite::X25519, 1);
    let mut sealed = SealedSecret::seal(&three(), Scope::Strict, &to(&[&one])).unwrap();
    let raw = SealedSecret::seal(&plain(&[("extra", b"e"), ("user", b"u")]), Scope::Strict, &to(&[&one])).unwrap();
    sealed.merge(raw.clone()).unwrap();
    sealed.merge(raw).unwrap();
    let opened = sealed.open(std::slice::from_ref(&one)).unwrap();
    assert_eq!((opened.data.len(), opened.data["user"].expose()), (4, &b"u"[..]));
    let wide = SealedSecret::seal(&three(), Scope::Cluster, &to(&[&one])).unwrap();
    assert_eq!(code(sealed.merge(wide)), "unmergeable");
    let mut elsewhere = three();
    elsewhere.name = "db2".to_owned();
    let elsewhere = SealedSecret::seal(&elsewhere, Scope::Strict, &to(&[&one])).unwrap();
    assert_eq!(code(sealed.merge(elsewhere)), "unmergeable");
}

#[test]
fn a_template_makes_keys_of_values() {
    let one = identity(Suite::X25519, 1);
    let sealed = SealedSecret::seal(&three(), Scope::Strict, &to(&[&one])).unwrap();
    let with = |line: &str| {
        SealedSecret::read(&format!("{}  template:\n    data:\n      {line}\n", sealed.to_yaml().unwrap()))
    };
    let made = with("url: ${user} and ${password}").unwrap();
    let opened = made.open(std::slice::from_ref(&one)).unwrap();
    assert_eq!(opened.data["url"].expose(), b"admin and hunter2");
    let values = made.open_values(std::slice::from_ref(&one)).unwrap();
    assert!(!values.data.contains_key("url"));
    let again = made.reseal(&values, Scope::Strict, std::slice::from_ref(&one), &to(&[&one])).unwrap();
    assert_eq!(again, made);
    assert_eq!(code(with("url: ${nobody}")), "placeholder");
    assert_eq!(code(with("user: x")), "duplicate");
    // A value that the template names cannot be taken out.
    assert_eq!(code(made.clone().edit(&to(&[&one]), |edit| edit.remove("user"))), "placeholder");
}

#[test]
fn moved_renamed_and_widened_objects_are_named_as_such() {
    let one = identity(Suite::XWing, 1);
    let text = SealedSecret::seal(&three(), Scope::Strict, &to(&[&one])).unwrap().to_yaml().unwrap();
    let codes = |from: &[&str], into: &[&str]| {
        let text = from.iter().zip(into).fold(text.clone(), |text, (from, into)| text.replace(from, into));
        let mut sealed = SealedSecret::read(&text).unwrap();
        let problems: Vec<_> = sealed.problems(&Policy::default()).iter().map(Problem::code).collect();
        let opened = code(sealed.open(std::slice::from_ref(&one)));
        // Who cannot open it must not mix places either.
        assert_eq!(code(sealed.set("a", b"", &to(&[&one]))), opened);
        assert_eq!(code(sealed.rewrap(std::slice::from_ref(&one), &to(&[&one]))), opened);
        assert_eq!(problems, [opened]);
        opened
    };
    assert_eq!(codes(&["namespace: prod"], &["namespace: test"]), "moved");
    assert_eq!(codes(&["name: db\n"], &["name: db2\n"]), "renamed");
    assert_eq!(codes(&["name: db\n", "namespace: prod"], &["name: db2\n", "namespace: test"]), "elsewhere");
    assert_eq!(codes(&["scope: strict"], &["scope: cluster"]), "elsewhere");
    assert_eq!(codes(&["  namespace: prod\n"], &[""]), "no-namespace");
    let widened = SealedSecret::read(&text.replace("scope: strict", "scope: namespace")).unwrap();
    assert!(matches!(widened.fits(), Err(SealError::Elsewhere { scope: Some(Scope::Strict), .. })));
}

#[test]
fn a_policy_is_looked_at_without_keys() {
    let (one, other) = (identity(Suite::X25519, 1), identity(Suite::X25519, 2));
    let sealed = SealedSecret::seal(&three(), Scope::Cluster, &to(&[&one])).unwrap();
    assert!(sealed.problems(&Policy::default()).is_empty());
    let policy = Policy {
        required: [other.kid().clone()].into(),
        allowed: Some([other.kid().clone()].into()),
        post_quantum: true,
        widest: Some(Scope::Namespace),
        ..Policy::default()
    };
    let codes: Vec<_> = sealed.problems(&policy).iter().map(Problem::code).collect();
    assert_eq!(codes, ["wide-scope", "missing-recipient", "unwanted-recipient", "weak-suite"]);
}

#[test]
fn scopes_allow_what_they_say() {
    let one = identity(Suite::X25519, 1);
    let opens = |scope, namespace: Option<&str>, name: &str| {
        let sealed = SealedSecret::seal(&three(), scope, &to(&[&one])).unwrap().to_yaml().unwrap();
        let namespace = namespace.map_or(String::new(), |namespace| format!("  namespace: {namespace}\n"));
        let text = sealed.replace("  namespace: prod\n", &namespace).replace("name: db\n", &format!("name: {name}\n"));
        SealedSecret::read(&text).unwrap().open(std::slice::from_ref(&one)).is_ok()
    };
    let places = [(Some("prod"), "db"), (Some("prod"), "db2"), (Some("test"), "db"), (None, "db")];
    let table = |scope| places.map(|(namespace, name)| opens(scope, namespace, name));
    assert_eq!(table(Scope::Strict), [true, false, false, false]);
    assert_eq!(table(Scope::Namespace), [true, true, false, false]);
    assert_eq!(table(Scope::Cluster), [true, true, true, true]);
}

/// Ten values of 32 bytes: the sizes that the format was chosen for.
#[test]
fn sizes() {
    let keys: Vec<_> = (0..10).map(|number| format!("DATABASE_PASSWORD_{number}")).collect();
    let data: Vec<_> = keys.iter().map(|key| (key.as_str(), &[7; 32][..])).collect();
    let all = [1, 2, 3].map(|number| identity(Suite::XWing, number));
    let size = |suite_to: &[Recipient]| {
        SealedSecret::seal(&plain(&data), Scope::Strict, suite_to).unwrap().to_yaml().unwrap().len()
    };
    let (single, triple) = (size(&to(&[&all[0]])), size(&to(&[&all[0], &all[1], &all[2]])));
    assert!(single < 3 * 1024, "{single}");
    assert!(triple < 6 * 1024 + 512, "{triple}");
}

#[test]
fn text_that_looks_like_numbers_survives() {
    let one = identity(Suite::X25519, 1);
    let mut numbers = plain(&[("true", b"1"), ("1e3", b"2"), ("0x1f", b"3"), ("null", b"4"), ("2_0", b"5")]);
    numbers.name = "1e3".to_owned();
    numbers.namespace = Some("123".to_owned());
    numbers.labels = [("on".to_owned(), "1".to_owned())].into();
    let sealed = SealedSecret::seal(&numbers, Scope::Strict, &to(&[&one])).unwrap().to_yaml().unwrap();
    let read = SealedSecret::read(&sealed).unwrap();
    assert_eq!(read.open(std::slice::from_ref(&one)), Ok(numbers));
}

fn data() -> impl Strategy<Value = BTreeMap<String, Vec<u8>>> {
    let key = "[-._a-zA-Z0-9]{1,12}".prop_filter("keys of Kubernetes", |key| scope::is_data_key(key));
    prop::collection::btree_map(key, prop::collection::vec(any::<u8>(), 0..64), 1..6)
}

fn secret() -> impl Strategy<Value = PlainSecret> {
    let name = "[a-z0-9]([-a-z0-9]{0,10}[a-z0-9])?";
    (name, name, "[!-~]{1,20}", any::<Option<bool>>(), data(), prop::collection::btree_map(".{0,6}", ".{0,6}", 0..3))
        .prop_map(|(name, namespace, secret_type, immutable, data, labels)| PlainSecret {
            name,
            namespace: Some(namespace),
            secret_type,
            immutable,
            labels,
            annotations: BTreeMap::new(),
            data: data.into_iter().map(|(key, value)| (key, SecretBytes::from(value))).collect(),
        })
}

fn scope() -> impl Strategy<Value = Scope> {
    prop::sample::select(&Scope::ALL[..])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_sealed_comes_back(secret in secret(), scope in scope(), suite in prop::sample::select(&Suite::ALL[..])) {
        let one = identity(suite, 1);
        let sealed = SealedSecret::seal(&secret, scope, &to(&[&one])).unwrap();
        let text = sealed.to_yaml().unwrap();
        let read = SealedSecret::read(&text).unwrap();
        prop_assert_eq!(&read, &sealed);
        prop_assert_eq!(read.to_yaml().unwrap(), text);
        prop_assert!(read.problems(&Policy::default()).is_empty());
        prop_assert_eq!(read.open(std::slice::from_ref(&one)).unwrap(), secret);
    }

    #[test]
    fn no_output_holds_plaintext(secret in "[a-zA-Z0-9]{12,40}", scope in scope()) {
        let one = identity(Suite::X25519, 1);
        let plain = plain(&[("a", secret.as_bytes())]);
        let sealed = SealedSecret::seal(&plain, scope, &to(&[&one])).unwrap();
        let shown = [
            sealed.to_yaml().unwrap(),
            format!("{sealed:?}{plain:?}{one:?}"),
            format!("{:?}", sealed.open(&[])),
            format!("{:?}", sealed.open(std::slice::from_ref(&one))),
        ];
        let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &secret);
        for text in shown {
            prop_assert!(!text.contains(&secret) && !text.contains(encoded.trim_end_matches('=')));
        }
    }

    /// One character of the file is another one. Either it opens to the same Secret, or it does not open; labels,
    /// annotations and immutability are plaintext and may differ. A `#` may make a comment of a value's line: that is to
    /// delete the value, which the format does not prevent, and the others must be as they were.
    #[test]
    fn no_altered_text_opens_to_other_values(at in any::<prop::sample::Index>(), other in "[ -~]") {
        let one = identity(Suite::X25519, 1);
        let sealed = SealedSecret::seal(&three(), Scope::Strict, &to(&[&one])).unwrap();
        let mut text = sealed.to_yaml().unwrap();
        let at = at.index(text.len());
        text.replace_range(at..=at, &other);
        if let Ok(opened) = SealedSecret::read(&text).and_then(|sealed| sealed.open(std::slice::from_ref(&one))) {
            let mut expected = three();
            if other == "#" {
                expected.data.retain(|key, _| opened.data.contains_key(key));
            }
            prop_assert_eq!(opened, expected);
        }
    }

    /// Each thing that a value is bound to, changed in the object itself, where no reader could notice.
    #[test]
    fn any_change_of_a_bound_field_fails(field in 0_usize..9, flip in 1_u8..=255, at in any::<prop::sample::Index>()) {
        let (one, other) = (identity(Suite::XWing, 1), identity(Suite::XWing, 2));
        let to = to(&[&one]);
        let mut sealed = SealedSecret::seal(&three(), Scope::Strict, &to).unwrap();
        sealed.set("token", b"t", &to).unwrap();
        let context = |scope, namespace, name| Context::new(scope, Some(namespace), name).unwrap();
        let mut here = context(Scope::Strict, "prod", "db");
        let envelope = &mut sealed.clone().envelope().clone();
        let swapped = envelope.data["user"].clone();
        match field {
            0 => here = context(Scope::Strict, "test", "db"),
            1 => here = context(Scope::Strict, "prod", "db2"),
            2 => here = context(Scope::Namespace, "prod", "db"),
            3 => envelope.template.secret_type.push('x'),
            4 => drop(envelope.data.insert("password".to_owned(), swapped)),
            5 => {
                let slot = envelope.data["token"].slot().clone();
                let text = envelope.data["user"].to_string().replace(swapped.slot().as_str(), slot.as_str());
                envelope.data.insert("user".to_owned(), text.parse().unwrap());
            }
            6 => {
                let bytes = &mut envelope.slots[0].wraps[0].sealed;
                let at = at.index(bytes.len());
                bytes[at] ^= flip;
            }
            7 => {
                let at = at.index(32);
                envelope.slots[0].commit[at] ^= flip;
            }
            _ => envelope.slots[0].wraps[0].kid = other.kid().clone(),
        }
        // The digest says so already; what is tried here is whether the ciphers do.
        for slot in &mut envelope.slots {
            slot.digest = here.digest();
        }
        prop_assert!(envelope.open(&here, &[one, other]).is_err());
    }
}
