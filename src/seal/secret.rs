//! A Secret in the clear.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::manifest::{Node, Object};

use super::coding::shown;
use super::reading::{Fields, is_null, one, text};
use super::scope::is_data_key;
use super::template::{OPAQUE, check_type};
use super::{MOST_BYTES, MOST_VALUES, SealError, writing};

/// A value in the clear. It cannot be shown, is compared in constant time, and is wiped when dropped.
#[derive(Clone)]
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// The value itself. Whoever calls this must not let it reach an output.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for SecretBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl PartialEq for SecretBytes {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretBytes {}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(…)")
    }
}

/// Annotations that hold a copy of the whole object.
const COPIES: [&str; 2] =
    ["kubectl.kubernetes.io/last-applied-configuration", "kubecfg.ksonnet.io/last-applied-configuration"];

/// Fields of a Secret that are read, and of its metadata those that are read or that a server sets.
const KNOWN: [&str; 7] = ["apiVersion", "kind", "metadata", "type", "immutable", "data", "stringData"];
const KNOWN_METADATA: [&str; 12] = [
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "labels",
    "managedFields",
    "name",
    "namespace",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// What Kubernetes takes for base64: padded, and without a look at the bits left over.
const LENIENT: GeneralPurpose =
    GeneralPurpose::new(&ALPHABET, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// A Secret of Kubernetes, as far as it is the author's: what a server or `kubectl apply` added is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainSecret {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`, where it is written.
    pub namespace: Option<String>,
    /// `type`; `Opaque` where none is written.
    pub secret_type: String,
    /// `immutable`.
    pub immutable: Option<bool>,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// `metadata.annotations`.
    pub annotations: BTreeMap<String, String>,
    /// `data`, decoded, and `stringData`, which wins.
    pub data: BTreeMap<String, SecretBytes>,
}

impl PlainSecret {
    /// Reads a text of one document.
    ///
    /// # Errors
    /// When it is no Secret, or one that Kubernetes would refuse.
    pub fn read(text: &str) -> Result<Self, SealError> {
        let tree = one(text)?;
        let all = Object::all(&tree);
        match all.as_slice() {
            [object] => Self::of(object),
            [] => Err(SealError::NotSecret { found: "no Kubernetes object".to_owned() }),
            several => Err(SealError::NotOneDocument { found: several.len() }),
        }
    }

    /// Reads an object.
    ///
    /// # Errors
    /// When it is no Secret, or one that Kubernetes would refuse.
    pub fn of(object: &Object<'_>) -> Result<Self, SealError> {
        if object.kind == "SealedSecret" {
            return Err(SealError::AlreadySealed);
        }
        if object.kind != "Secret" || object.api_version != "v1" {
            return Err(SealError::NotSecret {
                found: format!("{} of {}", shown(object.kind), shown(object.api_version)),
            });
        }
        let mut root = Fields::read(object.root, "")?;
        let mut metadata = Fields::read(root.need("metadata")?, "metadata")?;
        let name = metadata.need_text("name")?.to_owned();
        let namespace = metadata.text("namespace")?.map(str::to_owned);
        let labels = metadata.texts("labels")?;
        let mut annotations = metadata.texts("annotations")?;
        annotations.retain(|key, _| !COPIES.contains(&key.as_str()));
        let secret_type = root.text("type")?.filter(|text| !text.is_empty()).unwrap_or(OPAQUE).to_owned();
        check_type(&secret_type)?;
        let immutable = root.boolean("immutable")?;
        let mut data = values(root.take("data"), "data", decoded)?;
        data.extend(values(root.take("stringData"), "stringData", |text, _| Ok(text.as_bytes().to_vec()))?);
        let secret = Self { name, namespace, secret_type, immutable, labels, annotations, data };
        secret.check()?;
        Ok(secret)
    }

    /// The fields of an object that are the author's and have no place in a sealed Secret: finalizers, owners, what is not
    /// known. Empty ones say nothing.
    #[must_use]
    pub fn left_out(object: &Object<'_>) -> Vec<String> {
        let metadata = object.root.get("metadata").map(|metadata| ("metadata.", metadata, &KNOWN_METADATA[..]));
        let parts = metadata.into_iter().chain([("", object.root, &KNOWN[..])]);
        let unknown = parts.flat_map(|(prefix, node, known)| {
            let named = node.entries().filter_map(|(key, value)| Some((key.as_str()?, value)));
            let unknown = named.filter(move |(key, value)| !known.contains(key) && !is_empty(*value));
            unknown.map(move |(key, _)| format!("{prefix}{}", shown(key)))
        });
        unknown.collect()
    }

    /// Whether Kubernetes would take its keys and its size.
    pub(super) fn check(&self) -> Result<(), SealError> {
        check_type(&self.secret_type)?;
        if let Some(key) = self.data.keys().find(|key| !is_data_key(key)) {
            return Err(SealError::Name { what: "a key of a Secret", name: shown(key) });
        }
        if self.data.len() > MOST_VALUES {
            return Err(SealError::TooLarge { what: "the number of values", limit: MOST_VALUES });
        }
        let total: usize = self.data.values().map(|value| value.expose().len()).sum();
        if total > MOST_BYTES {
            return Err(SealError::TooLarge { what: "the size of all values together", limit: MOST_BYTES });
        }
        Ok(())
    }

    /// The Secret as YAML, for `kubectl apply`.
    #[must_use]
    pub fn to_yaml(&self) -> Zeroizing<String> {
        let mut head = String::new();
        let place = (self.namespace.as_deref(), self.name.as_str());
        writing::head(&mut head, ("v1", "Secret"), place, &self.labels, &self.annotations);
        writing::entry(&mut head, 0, "type", &self.secret_type);
        if let Some(immutable) = self.immutable {
            head.push_str(if immutable { "immutable: true\n" } else { "immutable: false\n" });
        }
        // The values are written with all their room from the start, so that no copy of them stays behind.
        let room = |(key, value): (&String, &SecretBytes)| key.len() + value.expose().len().div_ceil(3) * 4 + 12;
        let longest = self.data.values().map(|value| value.expose().len().div_ceil(3) * 4).max().unwrap_or(0);
        let mut text =
            Zeroizing::new(String::with_capacity(head.len() + 16 + self.data.iter().map(room).sum::<usize>()));
        let mut encoded = Zeroizing::new(String::with_capacity(longest));
        text.push_str(&head);
        text.push_str(if self.data.is_empty() { "data: {}\n" } else { "data:\n" });
        for (key, value) in &self.data {
            encoded.clear();
            STANDARD.encode_string(value.expose(), &mut encoded);
            writing::entry(&mut text, 2, key, &encoded);
        }
        text
    }
}

/// Whether a field is there in name only.
fn is_empty(node: Node<'_>) -> bool {
    is_null(node) || !node.is_scalar() && node.entries().next().is_none() && node.items().next().is_none()
}

fn decoded(text: &str, field: String) -> Result<Vec<u8>, SealError> {
    let wrong = |_| SealError::Base64 { field };
    if !text.contains(['\n', '\r']) {
        return LENIENT.decode(text).map_err(wrong);
    }
    let mut joined = Zeroizing::new(String::with_capacity(text.len()));
    joined.extend(text.chars().filter(|c| !matches!(c, '\n' | '\r')));
    LENIENT.decode(joined.as_bytes()).map_err(wrong)
}

fn values(
    node: Option<Node<'_>>,
    at: &str,
    read: impl Fn(&str, String) -> Result<Vec<u8>, SealError>,
) -> Result<BTreeMap<String, SecretBytes>, SealError> {
    let Some(node) = node else { return Ok(BTreeMap::new()) };
    let fields = Fields::read(node, at)?.rest();
    let path = |key: &str| format!("{at}.{}", shown(key));
    let value = |(key, node): (&str, Node<'_>)| {
        Ok((key.to_owned(), SecretBytes::from(read(text(node, || path(key))?, path(key))?)))
    };
    fields.into_iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(text: &str) -> &'static str {
        PlainSecret::read(text).unwrap_err().code()
    }

    #[test]
    fn data_and_string_data_are_read_and_copies_are_left_out() {
        let secret = PlainSecret::read(concat!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n  namespace: prod\n  creationTimestamp: null\n  uid: x\n",
            "  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: '{\"data\":1}'\n    a: b\n",
            "immutable: true\ndata:\n  one: aHVudGVyMg==\n  two: |\n    aHVu\n    dGVyMg==\n  three: \"\"\n",
            "stringData:\n  one: plain\n",
        ))
        .unwrap();
        let shown: Vec<_> = secret.data.iter().map(|(key, value)| (key.as_str(), value.expose())).collect();
        assert_eq!(shown, [("one", &b"plain"[..]), ("three", b""), ("two", b"hunter2")]);
        assert_eq!((secret.secret_type.as_str(), secret.immutable), ("Opaque", Some(true)));
        assert_eq!(secret.annotations.into_iter().collect::<Vec<_>>(), [("a".to_owned(), "b".to_owned())]);
        let json = r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"db"},"data":{"a":"aQ=="}}"#;
        assert_eq!(PlainSecret::read(json).unwrap().data["a"].expose(), b"i");
    }

    #[test]
    fn what_is_refused() {
        let head = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\n";
        assert_eq!(code("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: db}\n"), "not-secret");
        assert_eq!(code("apiVersion: ksecrets.dev/v1alpha1\nkind: SealedSecret\n"), "already-sealed");
        assert_eq!(code("a: b\n"), "not-secret");
        assert_eq!(code(&format!("{head}---\n{head}")), "not-one-document");
        assert_eq!(code("apiVersion: v1\nkind: Secret\nmetadata: {}\n"), "field");
        assert_eq!(code(&format!("{head}data: {{a: '?'}}\n")), "base64");
        assert_eq!(code(&format!("{head}data: {{a: 1234}}\n")), "field");
        assert_eq!(code(&format!("{head}stringData: {{a: true}}\n")), "field");
        assert_eq!(code(&format!("{head}stringData: {{a!!str: 55}}\n")), "field");
        let tagged = PlainSecret::read(&format!("{head}stringData: {{a: !!str 55, b: !!str true}}\n")).unwrap();
        assert_eq!((tagged.data["a"].expose(), tagged.data["b"].expose()), (&b"55"[..], &b"true"[..]));
        assert_eq!(code(&format!("{head}data: {{a: aQ==, a: aQ==}}\n")), "duplicate");
        assert_eq!(code(&format!("{head}data: {{'a b': aQ==}}\n")), "name");
        assert_eq!(code(&format!("{head}stringData: {{a: {}}}\n", "x".repeat(MOST_BYTES + 1))), "too-large");
    }

    #[test]
    fn what_has_no_place_in_a_sealed_secret_is_named() {
        let left_out = |rest: &str| {
            let text = format!("apiVersion: v1\nkind: Secret\n{rest}");
            PlainSecret::left_out(&Object::all(&one(&text).unwrap())[0])
        };
        let none: [String; 0] = [];
        assert_eq!(left_out("type: a\nimmutable: true\ndata: {}\nstringData: {}\n"), none);
        assert_eq!(left_out("metadata: {name: a, uid: b, creationTimestamp: null, managedFields: [{a: b}]}\n"), none);
        assert_eq!(left_out("metadata: {finalizers: [], ownerReferences: null, x: {}}\nstatus: {}\n"), none);
        assert_eq!(
            left_out("metadata: {finalizers: [a], ownerReferences: [{uid: b}]}\nstringdata: {a: hunter2}\n"),
            ["metadata.finalizers", "metadata.ownerReferences", "stringdata"]
        );
    }

    #[test]
    fn a_secret_cannot_be_debugged() {
        let text = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {a: hunter2}\n";
        assert!(!format!("{:?}", PlainSecret::read(text).unwrap()).contains("hunter2"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            data in prop::collection::btree_map("[-._a-zA-Z0-9]{1,8}", prop::collection::vec(any::<u8>(), 0..40), 0..8),
            immutable in any::<Option<bool>>(),
            labels in prop::collection::btree_map(".{0,8}", ".{0,8}", 0..3),
        ) {
            let data = data.into_iter().filter(|(key, _)| is_data_key(key));
            let secret = PlainSecret {
                name: "db".to_owned(),
                namespace: Some("1".to_owned()),
                secret_type: OPAQUE.to_owned(),
                immutable,
                labels: labels.clone(),
                annotations: labels,
                data: data.map(|(key, value)| (key, SecretBytes::from(value))).collect(),
            };
            let text = secret.to_yaml();
            prop_assert_eq!(PlainSecret::read(&text).unwrap(), secret);
        }
    }
}
