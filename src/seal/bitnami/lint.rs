//! What can be said of a SealedSecret without a private key.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use super::certificate::Certificate;
use super::label::{CLUSTER_WIDE, NAMESPACE_WIDE, scope, word};
use super::value::{MODULUS, Parts, TAG, decode};
use crate::manifest::{Kind, Node, Object};
use crate::seal::Scope;
use crate::seal::coding::shown;
use crate::seal::reading::is_other_type;

/// Bytes of an RSA modulus that is long enough.
const STRONG: usize = 256;
/// An annotation with a copy of the whole object.
const COPY: &str = "last-applied-configuration";

/// Something wrong with a SealedSecret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub fault: Fault,
    /// The key of the Secret that it concerns.
    pub key: Option<String>,
    /// The bytes of the text where it shows.
    pub at: Range<usize>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Some(key) => write!(f, "{}: {}", shown(key), self.fault),
            None => self.fault.fmt(f),
        }
    }
}

/// What can be wrong. None of it holds anything of a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// `spec.encryptedData` is missing, empty, or no mapping.
    #[error(
        "there are no sealed values, and the controller makes an empty Secret: seal some into spec.encryptedData, or delete it"
    )]
    NoValues,
    /// One such value, and the controller drops the whole map without a word.
    #[error("the value is not text, and because of it the controller silently ignores every value: seal it again")]
    NotText,
    /// What was meant to be sealed is in clear.
    #[error("the value is not encrypted: treat it as leaked, replace the credential, and seal the new one")]
    NotEncrypted,
    /// It looks sealed, and is damaged.
    #[error("the value is not base64: it was damaged after it was sealed, so restore it or seal it again")]
    NotBase64,
    /// It ends before it is complete.
    #[error("the value breaks off after {0} bytes: it was cut after it was sealed, so restore it or seal it again")]
    TooShort(usize),
    /// Its first two bytes name a length that is none.
    #[error("the value says that its RSA part has {found} bytes, {}", wanted(*.expected))]
    KeyLength {
        /// What it says.
        found: usize,
        /// What the certificate wants.
        expected: Option<usize>,
    },
    /// It was sealed for a key that is too short.
    #[error("the value is sealed for an RSA key of {} bits, which can be broken; give the controller a longer one", .0 * 8)]
    WeakKey(usize),
    /// Two values have one name.
    #[error("the key is there twice, and only one of the values can win: remove the other")]
    Twice,
    /// The object and its template say different scopes.
    #[error(
        "metadata.annotations say scope {outer}, those of spec.template say {template}: the controller goes by the first, so make \
         the second say the same"
    )]
    Scopes {
        /// What counts.
        outer: &'static str,
        /// What does not.
        template: &'static str,
    },
    /// A scope annotation is there without effect.
    #[error(
        "the annotation {0} counts only with the text \"true\", in quotes: the scope is not what it seems, so quote or remove it"
    )]
    Ineffective(&'static str),
    /// The scope needs a namespace.
    #[error(
        "no namespace is written, and the values open in one only: write metadata.namespace, or whoever applies it has to know"
    )]
    NoNamespace,
    /// The scope needs a name.
    #[error("metadata.name is missing, and the values open under one name only: write it")]
    NoName,
    /// The template is for another object.
    #[error(
        "spec.template.metadata.{0} differs from that of the object, which wins: one of them was renamed or moved, so seal it again"
    )]
    Renamed(&'static str),
    /// A value in clear in the template.
    #[error(
        "the template holds a literal value, which stands in clear in the file and in the object: seal it if it is a secret"
    )]
    Literal,
    /// The template has a key that is sealed too.
    #[error(
        "the key is sealed and in spec.template.data too, and which of them wins depends on the controller's version: remove one"
    )]
    Shadowed,
    /// A copy of the object in clear.
    #[error("the template carries {0}, which holds a copy of the Secret: remove it and treat its values as leaked")]
    Copy(String),
    /// `spec.data` is one blob for all.
    #[error("spec.data is the old form with the whole Secret in one; seal it again")]
    OldData,
    /// The certificate's time is over.
    #[error("the certificate to compare with expired on {0}; fetch the current one with `kubeseal --fetch-cert`")]
    CertificateExpired(String),
}

fn wanted(expected: Option<usize>) -> String {
    match expected {
        Some(expected) => format!(
            "and the certificate has a key of {expected}: it was sealed for another controller, so seal it for this one"
        ),
        None => "which no RSA key has: it is no sealed value or was damaged, so seal it again".to_owned(),
    }
}

impl Fault {
    /// A short name that stays the same.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoValues => "no-values",
            Self::NotText => "not-text",
            Self::NotEncrypted => "not-encrypted",
            Self::NotBase64 => "base64",
            Self::TooShort(_) => "length",
            Self::KeyLength { .. } => "key-length",
            Self::WeakKey(_) => "weak-key",
            Self::Twice => "duplicate",
            Self::Scopes { .. } => "scope-mismatch",
            Self::Ineffective(_) => "scope-annotation",
            Self::NoNamespace => "no-namespace",
            Self::NoName => "no-name",
            Self::Renamed(_) => "renamed",
            Self::Literal => "template-literal",
            Self::Shadowed => "template-shadows",
            Self::Copy(_) => "template-copy",
            Self::OldData => "old-format",
            Self::CertificateExpired(_) => "certificate-expired",
        }
    }

    /// Whether a value is lost or leaked by it. Others are a risk, or a surprise to come.
    #[must_use]
    pub fn is_error(&self) -> bool {
        !matches!(
            self,
            Self::WeakKey(_)
                | Self::NoNamespace
                | Self::Renamed(_)
                | Self::Literal
                | Self::Shadowed
                | Self::OldData
                | Self::CertificateExpired(_)
        )
    }
}

/// Looks over a SealedSecret. With a certificate, what was sealed for a key of another length is found too; `now`, in
/// seconds since 1970, tells whether the certificate is out of date.
#[must_use]
pub fn lint(object: &Object<'_>, certificate: Option<&Certificate>, now: Option<i64>) -> Vec<Problem> {
    let mut lint = Lint { object, certificate, found: Vec::new() };
    lint.names();
    lint.scopes();
    lint.values();
    lint.template();
    if let Some(certificate) = certificate.filter(|certificate| certificate.is_expired(now)) {
        lint.add(object.root, Fault::CertificateExpired(certificate.expiry()));
    }
    lint.found.sort_by_key(|problem| problem.at.start);
    lint.found
}

struct Lint<'a> {
    object: &'a Object<'a>,
    certificate: Option<&'a Certificate>,
    found: Vec<Problem>,
}

impl<'a> Lint<'a> {
    fn add(&mut self, node: Node<'_>, fault: Fault) {
        self.found.push(Problem { fault, key: None, at: node.range() });
    }

    fn add_of(&mut self, key: Node<'_>, node: Node<'_>, fault: Fault) {
        let key = Some(key.as_str().unwrap_or_default().to_owned());
        self.found.push(Problem { fault, key, at: node.range() });
    }

    fn at(&self, path: &[&str]) -> Option<Node<'a>> {
        self.object.root.at_path(path)
    }

    fn scope(&self) -> Scope {
        scope(|name| self.object.annotation(name))
    }

    fn names(&mut self) {
        let (root, scope) = (self.object.root, self.scope());
        let metadata = self.at(&["metadata"]).unwrap_or(root);
        let own = |field| root.at_path(&["metadata", field]).and_then(Node::as_str).filter(|text| !text.is_empty());
        if own("name").is_none() && scope == Scope::Strict {
            self.add(metadata, Fault::NoName);
        }
        if own("namespace").is_none() && scope != Scope::Cluster {
            self.add(metadata, Fault::NoNamespace);
        }
        for field in ["name", "namespace"] {
            let Some(node) = self.at(&["spec", "template", "metadata", field]) else { continue };
            let differs = node.as_str().zip(own(field)).is_some_and(|(inner, outer)| inner != outer);
            if differs && !node.as_str().is_some_and(str::is_empty) {
                self.add(node, Fault::Renamed(field));
            }
        }
    }

    fn scopes(&mut self) {
        let outer = self.at(&["metadata", "annotations"]);
        let template = self.at(&["spec", "template", "metadata", "annotations"]);
        for name in [NAMESPACE_WIDE, CLUSTER_WIDE] {
            for node in [outer, template].into_iter().flatten().filter_map(|annotations| annotations.get(name)) {
                // The API server takes no annotation that is a boolean, and the controller none with other text.
                let counts = node.as_str() == Some("true") && node.resolve().kind() != Kind::Plain;
                if !counts && node.as_str() != Some("false") {
                    self.add(node, Fault::Ineffective(name));
                }
            }
        }
        let inner = scope(|name| template.and_then(|annotations| annotations.get_str(name)));
        // Old versions of kubeseal, and people, leave the template without.
        if inner != Scope::Strict && inner != self.scope() {
            let fault = Fault::Scopes { outer: word(self.scope()), template: word(inner) };
            self.add(template.unwrap_or(self.object.root), fault);
        }
    }

    fn values(&mut self) {
        let spec = self.at(&["spec"]).unwrap_or(self.object.root);
        if let Some(old) = spec.get("data") {
            return self.add(old, Fault::OldData);
        }
        let values = spec.get("encryptedData");
        let Some(values) = values.filter(|values| values.entries().next().is_some()) else {
            return self.add(values.unwrap_or(spec), Fault::NoValues);
        };
        let mut seen = BTreeSet::new();
        for (key, value) in values.entries() {
            if !seen.insert(key.as_str()) {
                self.add_of(key, key, Fault::Twice);
            }
            if let Some(fault) = self.value(value) {
                self.add_of(key, value, fault);
            }
        }
    }

    fn value(&self, node: Node<'_>) -> Option<Fault> {
        let Some(text) = node.as_str().filter(|_| is_text(node)) else { return Some(Fault::NotText) };
        let bytes = decode(text);
        match bytes.as_ref().map(|bytes| Parts::of(bytes)) {
            Some(Ok(parts)) => self.length(parts.wrapped.len()),
            _ if !looks_sealed(text) => Some(Fault::NotEncrypted),
            // Base64 of text: copied out of the data of a Secret.
            Some(Err(Fault::KeyLength { .. }))
                if bytes.as_ref().is_some_and(|bytes| std::str::from_utf8(bytes).is_ok()) =>
            {
                Some(Fault::NotEncrypted)
            }
            Some(Err(fault)) => Some(fault),
            None => Some(Fault::NotBase64),
        }
    }

    fn length(&self, found: usize) -> Option<Fault> {
        let expected = self.certificate.map(Certificate::size);
        if expected.is_some_and(|expected| expected != found) {
            return Some(Fault::KeyLength { found, expected });
        }
        (found < STRONG).then_some(Fault::WeakKey(found))
    }

    fn template(&mut self) {
        let sealed = self.at(&["spec", "encryptedData"]);
        let annotations = self.at(&["spec", "template", "metadata", "annotations"]);
        for (name, copy) in annotations.into_iter().flat_map(Node::entries) {
            if let Some(name) = name.as_str().filter(|name| name.ends_with(COPY)) {
                self.add(copy, Fault::Copy(name.chars().filter(|c| !c.is_control()).take(80).collect()));
            }
        }
        for (key, value) in self.at(&["spec", "template", "data"]).into_iter().flat_map(Node::entries) {
            let text = value.as_str().filter(|_| is_text(value)).unwrap_or_default();
            let is_sealed = key.as_str().is_some_and(|key| sealed.is_some_and(|sealed| sealed.get(key).is_some()));
            if is_sealed && !text.is_empty() {
                self.add_of(key, value, Fault::Shadowed);
            }
            if !text.is_empty() && !text.contains("{{") {
                self.add_of(key, value, Fault::Literal);
            }
        }
    }
}

/// Whether Kubernetes takes a scalar for text.
fn is_text(node: Node<'_>) -> bool {
    let node = node.resolve();
    node.as_str().is_some_and(|text| node.kind() != Kind::Plain || !is_other_type(text))
}

/// Whether a text begins as sealed values do, and is about as long: whatever is wrong with it, it is not in clear.
fn looks_sealed(text: &str) -> bool {
    let shortest = (2 + MODULUS.start() + TAG) * 4 / 3;
    let head = text.get(..4).and_then(decode);
    let length = head.as_deref().and_then(|head| head.first_chunk()).map(|head| usize::from(u16::from_be_bytes(*head)));
    let begins = length.is_some_and(|length| MODULUS.contains(&length) && length.is_multiple_of(64));
    let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\r' | b'\n');
    begins || (text.len() >= shortest && text.bytes().all(alphabet))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::super::{made, seal_value};
    use super::*;
    use crate::manifest::documents;

    const HEAD: &str = "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: db, namespace: shop}\n";

    fn found_with(text: &str, certificate: Option<&Certificate>, now: Option<i64>) -> Vec<(Option<String>, Fault)> {
        let mut all = Vec::new();
        for tree in documents(text) {
            let tree = tree.unwrap();
            for object in Object::all(&tree) {
                all.extend(lint(&object, certificate, now).into_iter().map(|problem| (problem.key, problem.fault)));
            }
        }
        all
    }

    fn found(text: &str) -> Vec<(Option<String>, Fault)> {
        found_with(text, None, None)
    }

    fn good() -> String {
        seal_value(b"made-up", b"shop/db", &made::CERTIFICATE).unwrap()
    }

    fn of_value(value: &str) -> Vec<Fault> {
        let faults = found(&format!("{HEAD}spec:\n  encryptedData:\n    k: {value}\n"));
        assert!(faults.iter().all(|(key, _)| key.as_deref() == Some("k")));
        faults.into_iter().map(|(_, fault)| fault).collect()
    }

    #[test]
    fn a_sound_one_has_no_problems() {
        assert_eq!(of_value(&good()), []);
        let text = format!("{HEAD}spec: {{encryptedData: {{k: {}}}}}\n", good());
        assert_eq!(found_with(&text, Some(&made::CERTIFICATE), Some(0)), []);
    }

    #[test]
    fn values_that_are_not_sealed() {
        for value in ["hunter2hunter2", "'12345678'", "aHVudGVyMg==", "made up", "'!!!'", "AgB"] {
            assert_eq!(of_value(value), [Fault::NotEncrypted], "{value}");
        }
        let pasted = STANDARD.encode("made-up text, ".repeat(30));
        assert_eq!(of_value(&pasted), [Fault::NotEncrypted]);
        for value in ["12345678", "true", "", "~", "[a]", "{a: b}", "-1.5e3"] {
            assert_eq!(of_value(value), [Fault::NotText], "{value}");
        }
    }

    #[test]
    fn values_that_were_damaged() {
        let good = good();
        let cut = &good[..good.len() / 8 * 4];
        assert_eq!(of_value(cut), [Fault::TooShort(cut.len() / 4 * 3)]);
        assert_eq!(of_value(&good[..good.len() - 1]), [Fault::NotBase64]);
        let mut bytes = decode(&good).unwrap();
        bytes[..2].copy_from_slice(&[0xff, 0xff]);
        let damaged = [Fault::KeyLength { found: 65535, expected: None }];
        assert_eq!(of_value(&STANDARD.encode(&bytes)), damaged);
        let mut weak = vec![0; 2 + 128 + TAG];
        weak[1] = 128;
        assert_eq!(of_value(&STANDARD.encode(&weak)), [Fault::WeakKey(128)]);
        let (head, tail) = good.split_at(100);
        assert_eq!(of_value(&format!("|-\n      {head}\n      {tail}")), []);
    }

    #[test]
    fn a_value_for_a_key_of_another_length() {
        let mut bytes = vec![0; 2 + 512 + TAG];
        bytes[0] = 2;
        let text = format!("{HEAD}spec: {{encryptedData: {{k: {}}}}}\n", STANDARD.encode(&bytes));
        assert_eq!(found(&text), []);
        let fault = Fault::KeyLength { found: 512, expected: Some(256) };
        assert!(fault.to_string().contains("a key of 256: it was sealed for another controller"));
        assert_eq!(found_with(&text, Some(&made::CERTIFICATE), None), [(Some("k".to_owned()), fault)]);
    }

    #[test]
    fn scopes_that_disagree() {
        let text = |outer: &str, inner: &str| {
            format!(
                "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: db\n  namespace: shop\n  annotations: {{{outer}}}\n\
                 spec:\n  encryptedData: {{k: {}}}\n  template: {{metadata: {{annotations: {{{inner}}}}}}}\n",
                good()
            )
        };
        let faults = |outer: &str, inner: &str| {
            found(&text(outer, inner)).into_iter().map(|(_, fault)| fault).collect::<Vec<_>>()
        };
        let (wide, namespace) = (format!("{CLUSTER_WIDE}: 'true'"), format!("{NAMESPACE_WIDE}: 'true'"));
        assert_eq!(faults(&wide, &wide), []);
        assert_eq!(faults(&wide, ""), []);
        assert_eq!(faults(&wide, &namespace), [Fault::Scopes { outer: "cluster-wide", template: "namespace-wide" }]);
        assert_eq!(faults("", &namespace), [Fault::Scopes { outer: "strict", template: "namespace-wide" }]);
        assert_eq!(faults(&format!("{CLUSTER_WIDE}: true"), ""), [Fault::Ineffective(CLUSTER_WIDE)]);
        assert_eq!(faults(&format!("{CLUSTER_WIDE}: 'yes'"), ""), [Fault::Ineffective(CLUSTER_WIDE)]);
        assert_eq!(faults(&format!("{CLUSTER_WIDE}: 'false'"), ""), []);
    }

    #[test]
    fn templates_that_leak_or_differ() {
        let template = "metadata: {name: other, annotations: {kubectl.kubernetes.io/last-applied-configuration: '{}'}}, \
                        data: {k: literal, t: '{{ .k }}', empty: ''}";
        let text = format!("{HEAD}spec:\n  encryptedData: {{k: {}}}\n  template: {{{template}}}\n", good());
        let k = || Some("k".to_owned());
        let copy = Fault::Copy("kubectl.kubernetes.io/last-applied-configuration".to_owned());
        let expected = [(None, Fault::Renamed("name")), (None, copy), (k(), Fault::Shadowed), (k(), Fault::Literal)];
        assert_eq!(found(&text), expected);
    }

    #[test]
    fn objects_that_are_not_whole() {
        let faults = |text: &str| found(text).into_iter().map(|(_, fault)| fault).collect::<Vec<_>>();
        assert_eq!(faults(&format!("{HEAD}spec: {{}}\n")), [Fault::NoValues]);
        assert_eq!(faults(&format!("{HEAD}spec: {{encryptedData: {{}}}}\n")), [Fault::NoValues]);
        assert_eq!(faults(&format!("{HEAD}spec: {{encryptedData: text}}\n")), [Fault::NoValues]);
        assert_eq!(faults(&format!("{HEAD}spec: {{data: AgA=}}\n")), [Fault::OldData]);
        assert_eq!(faults(HEAD), [Fault::NoValues]);
        let bare = "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nspec: {}\n";
        assert_eq!(faults(bare), [Fault::NoName, Fault::NoNamespace, Fault::NoValues]);
        let good = good();
        let twice = faults(&format!("{HEAD}spec:\n  encryptedData:\n    k: {good}\n    k: {good}\n"));
        assert_eq!(twice, [Fault::Twice]);
        let text = format!("{HEAD}spec: {{encryptedData: {{k: {good}}}}}\n");
        let expired = found_with(&text, Some(&made::CERTIFICATE), Some(made::LATER));
        assert_eq!(expired, [(None, Fault::CertificateExpired("2040-01-01".to_owned()))]);
    }

    #[test]
    fn a_problem_points_at_its_value() {
        let text = format!("{HEAD}spec:\n  encryptedData:\n    k: in-clear\n");
        let tree = documents(&text).next().unwrap().unwrap();
        let problem = lint(&Object::all(&tree)[0], None, None).remove(0);
        assert_eq!(&text[problem.at.clone()], "in-clear");
        assert!(problem.fault.is_error());
        assert_eq!(
            problem.to_string(),
            "k: the value is not encrypted: treat it as leaked, replace the credential, and seal the new one"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_problem_shows_a_value(value in "[a-zA-Z0-9+/]{8,60}") {
            let text = format!("{HEAD}spec: {{encryptedData: {{k: '{value}'}}, template: {{data: {{l: '{value}'}}}}}}\n");
            for (_, fault) in found(&text) {
                let shown = format!("{fault} {fault:?}");
                prop_assert!(!shown.contains(&value));
            }
        }

        #[test]
        fn what_was_sealed_is_never_called_clear(bytes in prop::collection::vec(any::<u8>(), 256..700)) {
            let mut value = vec![1, 0];
            value.extend(bytes);
            let text = format!("{HEAD}spec: {{encryptedData: {{k: '{}'}}}}\n", STANDARD.encode(&value));
            prop_assert!(!found(&text).iter().any(|(_, fault)| *fault == Fault::NotEncrypted));
        }

        #[test]
        fn any_text_is_looked_over_without_a_panic(text in "[-{}:, a-zA-Z\n'\"&*|>]{0,300}") {
            for tree in documents(&format!("{HEAD}spec:\n{text}")).flatten() {
                for object in Object::all(&tree) {
                    let _ = lint(&object, Some(&made::CERTIFICATE), Some(0));
                }
            }
        }
    }
}
