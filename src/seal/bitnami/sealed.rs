//! The whole object: `kind: SealedSecret` of `bitnami.com/v1alpha1`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_yaml::Value;

use super::keys::{KeyName, Keys};
use super::label::{self, annotate, label, scope_of};
use super::value::{Opening, open_value, seal_value};
use super::{Certificate, Error, reading};
use crate::manifest::Object;
use crate::seal::coding::shown;
use crate::seal::scope::is_data_key;
use crate::seal::writing::{scalar, sign};
use crate::seal::{MOST_BYTES, MOST_TEXT, PlainSecret, Scope, SecretBytes};

const GROUP: &str = "bitnami.com";
const API_VERSION: &str = "bitnami.com/v1alpha1";
const KIND: &str = "SealedSecret";
/// The type of a Secret that names none.
const OPAQUE: &str = "Opaque";
/// Copies of the whole object, values in clear, that tools leave in it.
pub(super) const COPIES: [&str; 2] =
    ["kubectl.kubernetes.io/last-applied-configuration", "kubecfg.ksonnet.io/last-applied-configuration"];

/// Fields that nothing here knows, kept as they are.
pub(super) type Others = BTreeMap<String, Value>;

/// A SealedSecret. Reading and writing it again loses nothing but comments, order and style.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SealedSecret {
    api_version: String,
    kind: String,
    #[serde(default)]
    metadata: Metadata,
    spec: Spec,
    #[serde(flatten)]
    others: Others,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Metadata {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
    #[serde(flatten)]
    others: Others,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(default)]
    encrypted_data: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "or_default")]
    template: Template,
    #[serde(flatten)]
    others: Others,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Template {
    #[serde(default, deserialize_with = "or_default")]
    metadata: Metadata,
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    secret_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    immutable: Option<bool>,
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "BTreeMap::is_empty")]
    data: BTreeMap<String, Option<String>>,
    #[serde(flatten)]
    others: Others,
}

/// Their definition lets some fields be null.
fn or_default<'de, D: serde::Deserializer<'de>, T: Default + Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// A SealedSecret in clear.
#[derive(Debug)]
pub struct Opened {
    /// What the controller would make, without what the templates below would.
    pub secret: PlainSecret,
    /// Which private key opened which value.
    pub openers: BTreeMap<String, KeyName>,
    /// Keys of `template.data` that hold Go templates. Only the controller fills them in.
    pub templates: Vec<String>,
}

impl SealedSecret {
    /// Seals a Secret. Its own annotations about scope give way to `scope`; [`scope_of`] reads what they wish.
    ///
    /// # Errors
    /// When there is nothing to seal, or the name or namespace that the scope binds to is missing.
    pub fn seal(secret: &PlainSecret, scope: Scope, certificate: &Certificate) -> Result<Self, Error> {
        if secret.data.is_empty() {
            return Err(Error::Empty);
        }
        if secret.name.is_empty() {
            return Err(Error::NoName);
        }
        let mut outer =
            Metadata { name: secret.name.clone(), namespace: secret.namespace.clone(), ..Metadata::default() };
        let mut inner =
            Metadata { labels: secret.labels.clone(), annotations: secret.annotations.clone(), ..outer.clone() };
        inner.annotations.retain(|name, _| !COPIES.contains(&name.as_str()));
        annotate(&mut outer.annotations, scope);
        annotate(&mut inner.annotations, scope);
        let template = Template {
            metadata: inner,
            secret_type: Some(secret.secret_type.clone()),
            immutable: secret.immutable,
            ..Template::default()
        };
        let spec = Spec { encrypted_data: BTreeMap::new(), template, others: Others::new() };
        let (api_version, kind) = (API_VERSION.to_owned(), KIND.to_owned());
        let mut sealed = Self { api_version, kind, metadata: outer, spec, others: Others::new() };
        sealed.seal_values(secret, certificate)?;
        Ok(sealed)
    }

    /// Seals the values of a Secret into this one, under its own name, namespace and scope. Other values stay as they
    /// are. Labels and annotations are added to the template, as kubeseal does.
    ///
    /// # Errors
    /// When the Secret names another namespace or name.
    pub fn merge(&mut self, secret: &PlainSecret, certificate: &Certificate) -> Result<(), Error> {
        let own = (self.name(), self.namespace());
        let is_same = (secret.name.is_empty() || secret.name == own.0)
            && (secret.namespace.is_none() || own.1.is_none() || secret.namespace.as_deref() == own.1);
        if !is_same {
            return Err(Error::OtherSecret {
                own: path(own.1, own.0),
                other: path(secret.namespace.as_deref(), &secret.name),
            });
        }
        let scope = self.scope();
        self.seal_values(secret, certificate)?;
        let template = &mut self.spec.template.metadata;
        template.labels.extend(secret.labels.clone());
        let annotations = secret.annotations.iter().filter(|(name, _)| !COPIES.contains(&name.as_str()));
        template.annotations.extend(annotations.map(|(name, value)| (name.clone(), value.clone())));
        // What was merged says nothing about the scope of what is there.
        annotate(&mut template.annotations, scope);
        Ok(())
    }

    /// Seals one value into it, under its own name, namespace and scope.
    ///
    /// # Errors
    /// When Kubernetes refuses the key or the size of the value, or the name or namespace that the scope binds to is missing.
    pub fn set(&mut self, key: &str, value: &[u8], certificate: &Certificate) -> Result<(), Error> {
        if !is_data_key(key) {
            return Err(Error::Key(shown(key)));
        }
        if value.len() > MOST_BYTES {
            return Err(Error::LargeValue { key: key.to_owned(), found: value.len(), limit: MOST_BYTES });
        }
        let sealed = seal_value(value, &self.label(self.scope())?, certificate)?;
        self.spec.encrypted_data.insert(key.to_owned(), sealed);
        Ok(())
    }

    fn seal_values(&mut self, secret: &PlainSecret, certificate: &Certificate) -> Result<(), Error> {
        secret.data.iter().try_for_each(|(key, value)| self.set(key, value.expose(), certificate))
    }

    /// Opens every value.
    ///
    /// # Errors
    /// With the first value that no key opens.
    pub fn open(&self, keys: &Keys) -> Result<Opened, Error> {
        if self.spec.others.contains_key("data") {
            return Err(Error::OldData);
        }
        let (mut data, mut openers) = (self.literals(), BTreeMap::new());
        for (key, text) in &self.spec.encrypted_data {
            let (value, opener) = self.open_value(key, text, keys)?;
            // What was sealed wins over what stands beside it, but null in the template leaves it out.
            if self.spec.template.data.get(key) != Some(&None) {
                data.insert(key.clone(), value);
            }
            openers.insert(key.clone(), opener.clone());
        }
        let template = &self.spec.template;
        let secret = PlainSecret {
            name: self.metadata.name.clone(),
            namespace: self.metadata.namespace.clone(),
            secret_type: template
                .secret_type
                .clone()
                .filter(|text| !text.is_empty())
                .unwrap_or_else(|| OPAQUE.to_owned()),
            immutable: template.immutable,
            labels: template.metadata.labels.clone(),
            annotations: template.metadata.annotations.clone(),
            data,
        };
        Ok(Opened { secret, openers, templates: self.templates() })
    }

    fn open_value<'k>(&self, key: &str, text: &str, keys: &'k Keys) -> Result<Opening<'k>, Error> {
        let key = || shown(key);
        let said = self.scope();
        let attempt = |label: &[u8]| open_value(text, label, keys).map_err(|fault| Error::Value { key: key(), fault });
        if let Some(opened) = attempt(&self.label(said)?)? {
            return Ok(opened);
        }
        // Most often the annotation got lost or was added later (bitnami/sealed-secrets#1491). That a key holder is told so
        // gives nothing away: the label is no secret.
        for other in Scope::ALL {
            let Some(label) = self.label(other).ok().filter(|_| other != said) else { continue };
            if let Some((_, opener)) = attempt(&label)? {
                let (sealed, said) = (label::word(other), label::word(said));
                return Err(Error::OtherScope { key: key(), sealed, said, opener: opener.clone() });
            }
        }
        let place = match said {
            Scope::Strict => "name or namespace",
            Scope::Namespace => "namespace",
            Scope::Cluster => "scope",
        };
        Err(Error::NoKeyOpens { key: key(), keys: keys.len(), place })
    }

    /// Values of the template that stand there in clear. One without a Go template in it is its own result.
    fn literals(&self) -> BTreeMap<String, SecretBytes> {
        let texts = self.spec.template.data.iter().filter_map(|(key, text)| Some((key, text.as_ref()?)));
        let literals = texts.filter(|(_, text)| !text.contains("{{"));
        literals.map(|(key, text)| (key.clone(), text.clone().into_bytes().into())).collect()
    }

    fn templates(&self) -> Vec<String> {
        let has_template = |text: &Option<String>| text.as_ref().is_some_and(|text| text.contains("{{"));
        let sealed = &self.spec.encrypted_data;
        let keys =
            self.spec.template.data.iter().filter(|(key, text)| has_template(text) && !sealed.contains_key(*key));
        keys.map(|(key, _)| key.clone()).collect()
    }

    /// Puts it into a namespace, where it names none.
    ///
    /// # Errors
    /// When it names another one.
    pub fn set_namespace(&mut self, given: &str) -> Result<(), Error> {
        match self.namespace() {
            Some(own) if own != given => Err(Error::OtherNamespace { own: shown(own), given: shown(given) }),
            _ => {
                self.metadata.namespace = Some(given.to_owned());
                Ok(())
            }
        }
    }

    /// `metadata.name`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// `metadata.namespace`.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.metadata.namespace.as_deref().filter(|namespace| !namespace.is_empty())
    }

    /// The scope that a controller opens it with: what the annotations of the object itself say. Those of the template do
    /// not count.
    #[must_use]
    pub fn scope(&self) -> Scope {
        scope_of(&self.metadata.annotations)
    }

    pub(super) fn labels(&self) -> &BTreeMap<String, String> {
        &self.metadata.labels
    }

    pub(super) fn annotations(&self) -> &BTreeMap<String, String> {
        &self.metadata.annotations
    }

    /// Fields that nothing here knows, by the path that they lie under.
    pub(super) fn others(&self) -> [(&'static str, &Others); 5] {
        let template = &self.spec.template;
        [
            ("", &self.others),
            ("metadata.", &self.metadata.others),
            ("spec.", &self.spec.others),
            ("spec.template.", &template.others),
            ("spec.template.metadata.", &template.metadata.others),
        ]
    }

    /// The sealed values, by key.
    #[must_use]
    pub fn values(&self) -> &BTreeMap<String, String> {
        &self.spec.encrypted_data
    }

    fn label(&self, scope: Scope) -> Result<Vec<u8>, Error> {
        label(scope, self.namespace(), self.name())
    }

    /// Reads one document, in YAML or in JSON.
    ///
    /// # Errors
    /// When it is something else, or breaks the definition of the resource.
    pub fn read(text: &str) -> Result<Self, Error> {
        // A reader of YAML 1.1 folds lines at U+0085, which JSON leaves in its texts.
        if let Ok(value) = serde_json::from_str(text) {
            return Self::from_value(value);
        }
        // Errors of the parser can quote what they stumbled over; positions are enough.
        let value: Value = serde_yaml::from_str(text).map_err(|error| Error::Malformed(place(&error)))?;
        Self::from_value(value)
    }

    /// Whether an object says that it is one of Bitnami's, whatever its version.
    #[must_use]
    pub fn is(object: &Object<'_>) -> bool {
        object.is(GROUP, KIND)
    }

    /// Reads an object.
    ///
    /// # Errors
    /// When it is something else, breaks the definition of the resource, or says something twice.
    pub fn of(object: &Object<'_>) -> Result<Self, Error> {
        let mut value = reading::value(object.root)?;
        if let Value::Mapping(fields) = &mut value {
            // Items of a typed list may leave them out.
            for (name, text) in [("apiVersion", object.api_version), ("kind", object.kind)] {
                fields.entry(name.into()).or_insert_with(|| text.into());
            }
        }
        Self::from_value(value)
    }

    /// Reads one object, such as an item of a list.
    ///
    /// # Errors
    /// When it is something else, or breaks the definition of the resource.
    pub fn from_value(value: Value) -> Result<Self, Error> {
        let field = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or("");
        let (api_version, kind) = (field("apiVersion"), field("kind"));
        if (api_version, kind) != (API_VERSION, KIND) {
            let found = match (api_version, kind) {
                ("", _) | (_, "") => "no Kubernetes object".to_owned(),
                _ => format!("{} of {}", shown(kind), shown(api_version)),
            };
            return Err(Error::NotSealedSecret(found));
        }
        if !is_json(&value) {
            return Err(Error::Malformed(
                "it holds what JSON cannot say, such as a tag or a key that is no text".to_owned(),
            ));
        }
        serde_yaml::from_value(value).map_err(|error| Error::Malformed(shape(&error)))
    }

    /// The object in YAML, every text of it text to Kubernetes too.
    ///
    /// # Errors
    /// When it is larger than etcd takes.
    pub fn to_yaml(&self) -> Result<String, Error> {
        let object = serde_yaml::to_value(self).map_err(|error| Error::Unwritable(error.to_string()))?;
        let mut out = String::new();
        write(&mut out, 0, &object);
        if out.len() > MOST_TEXT {
            return Err(Error::TooLarge { found: out.len(), limit: MOST_TEXT });
        }
        Ok(out)
    }

    /// The object in JSON.
    ///
    /// # Errors
    /// When writing fails, which it has no reason to.
    pub fn to_json(&self) -> Result<String, Error> {
        serde_json::to_string_pretty(self).map_err(|error| Error::Unwritable(error.to_string()))
    }
}

/// Whether JSON could say it too, which is what Kubernetes makes of YAML.
fn is_json(value: &Value) -> bool {
    match value {
        Value::Mapping(entries) => entries.iter().all(|(key, value)| key.is_string() && is_json(value)),
        Value::Sequence(items) => items.iter().all(is_json),
        Value::Number(number) => number.is_finite(),
        Value::Tagged(_) => false,
        _ => true,
    }
}

/// Writes a mapping or a list in block style, an entry to a line.
fn write(out: &mut String, indent: usize, value: &Value) {
    match value {
        Value::Mapping(entries) => {
            for (key, value) in entries {
                let mut name = String::new();
                inline(&mut name, key);
                sign(out, indent, &name);
                below(out, indent + 2, value);
            }
        }
        Value::Sequence(items) => {
            for item in items {
                out.push_str(&" ".repeat(indent));
                out.push('-');
                below(out, indent + 2, item);
            }
        }
        _ => inline(out, value),
    }
}

/// What stands behind a `:` or `-`.
fn below(out: &mut String, indent: usize, value: &Value) {
    match value {
        Value::Mapping(entries) if entries.is_empty() => out.push_str(" {}\n"),
        Value::Sequence(items) if items.is_empty() => out.push_str(" []\n"),
        Value::Mapping(_) | Value::Sequence(_) => {
            out.push('\n');
            write(out, indent, value);
        }
        _ => {
            out.push(' ');
            inline(out, value);
            out.push('\n');
        }
    }
}

fn inline(out: &mut String, value: &Value) {
    match value {
        Value::String(text) => scalar(out, text),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::Bool(yes) => out.push_str(if *yes { "true" } else { "false" }),
        _ => out.push_str("null"),
    }
}

fn path(namespace: Option<&str>, name: &str) -> String {
    namespace.map_or_else(|| shown(name), |namespace| format!("{}/{}", shown(namespace), shown(name)))
}

/// Where YAML went wrong.
fn place(error: &serde_yaml::Error) -> String {
    match error.location() {
        Some(at) => format!("not valid YAML at line {}, column {}", at.line(), at.column()),
        None => "not valid YAML".to_owned(),
    }
}

/// What was wrong with the shape, without the value, which the parser quotes.
fn shape(error: &serde_yaml::Error) -> String {
    let text = error.to_string();
    match text.split_once(", expected ") {
        Some((_, expected)) => format!("something else stands where {expected} is expected"),
        None if text.starts_with("missing field") => text,
        None => "a field has the wrong shape".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::made;
    use super::*;
    use crate::manifest::documents;

    fn secret() -> PlainSecret {
        PlainSecret {
            name: "db".to_owned(),
            namespace: Some("shop".to_owned()),
            secret_type: "kubernetes.io/basic-auth".to_owned(),
            immutable: Some(true),
            labels: texts(&[("app", "shop")]),
            annotations: texts(&[("note", "made up\u{85}"), (COPIES[0], "{\"data\": 1}")]),
            data: values(&[("user", b"admin"), ("empty", b""), ("binary", b"\0\xff")]),
        }
    }

    fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn values(pairs: &[(&str, &[u8])]) -> BTreeMap<String, SecretBytes> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), value.to_vec().into())).collect()
    }

    fn sealed(scope: Scope) -> SealedSecret {
        SealedSecret::seal(&secret(), scope, &made::CERTIFICATE).unwrap()
    }

    fn edited(sealed: &SealedSecret, from: &str, to: &str) -> SealedSecret {
        let yaml = sealed.to_yaml().unwrap();
        assert!(yaml.contains(from), "{yaml}");
        SealedSecret::read(&yaml.replace(from, to)).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_in_every_scope() {
        for scope in Scope::ALL {
            let yaml = sealed(scope).to_yaml().unwrap();
            let back = SealedSecret::read(&yaml).unwrap();
            assert_eq!(back, SealedSecret::read(&back.to_json().unwrap()).unwrap());
            assert!(back.scope() == scope && back.namespace() == Some("shop"));
            let opened = back.open(&made::KEYS).unwrap();
            let mut expected = secret();
            expected.annotations.remove(COPIES[0]);
            annotate(&mut expected.annotations, scope);
            assert_eq!(opened.secret.data, expected.data);
            assert!(opened.secret == expected);
            assert!(opened.openers.values().all(|name| *name == made::CERTIFICATE.key_name()));
        }
    }

    #[test]
    fn the_object_looks_as_kubeseal_writes_it() {
        let mut sealed = sealed(Scope::Namespace);
        sealed.spec.encrypted_data.values_mut().for_each(|value| value.truncate(2));
        insta::assert_snapshot!(sealed.to_yaml().unwrap(), @r#"
        apiVersion: bitnami.com/v1alpha1
        kind: SealedSecret
        metadata:
          name: db
          namespace: shop
          annotations:
            sealedsecrets.bitnami.com/namespace-wide: "true"
        spec:
          encryptedData:
            binary: AQ
            empty: AQ
            user: AQ
          template:
            metadata:
              name: db
              namespace: shop
              labels:
                app: shop
              annotations:
                note: "made up\u0085"
                sealedsecrets.bitnami.com/namespace-wide: "true"
            type: kubernetes.io/basic-auth
            immutable: true
        "#);
    }

    #[test]
    fn a_scope_without_its_namespace_is_refused() {
        let mut secret = secret();
        secret.namespace = None;
        let seal = |scope| SealedSecret::seal(&secret, scope, &made::CERTIFICATE).map(|_| ());
        assert_eq!(seal(Scope::Strict), Err(Error::NoNamespace));
        assert_eq!(seal(Scope::Namespace), Err(Error::NoNamespace));
        assert_eq!(seal(Scope::Cluster), Ok(()));
        let nothing = PlainSecret { data: BTreeMap::new(), ..secret.clone() };
        assert_eq!(SealedSecret::seal(&nothing, Scope::Cluster, &made::CERTIFICATE).map(|_| ()), Err(Error::Empty));
    }

    #[test]
    fn a_moved_or_renamed_one_does_not_open() {
        let error = |sealed: SealedSecret| sealed.open(&made::KEYS).unwrap_err().to_string();
        let moved = error(edited(&sealed(Scope::Strict), "namespace: shop", "namespace: stage"));
        assert!(moved.starts_with("binary: none of the 1 private keys opens it; it was sealed for another"), "{moved}");
        assert!(moved.contains("name or namespace"), "{moved}");
        error(edited(&sealed(Scope::Strict), "name: db", "name: db2"));
        let renamed = edited(&sealed(Scope::Namespace), "name: db", "name: db2");
        assert_eq!(renamed.open(&made::KEYS).unwrap().secret.name, "db2");
        error(edited(&sealed(Scope::Namespace), "namespace: shop", "namespace: stage"));
        let moved = edited(&sealed(Scope::Cluster), "namespace: shop", "namespace: stage");
        assert_eq!(moved.open(&made::KEYS).unwrap().secret.namespace.as_deref(), Some("stage"));
    }

    #[test]
    fn a_lost_annotation_is_told_from_a_wrong_key() {
        let lost = edited(&sealed(Scope::Cluster), label::CLUSTER_WIDE, "lost");
        let error = lost.open(&made::KEYS).unwrap_err();
        assert!(matches!(error, Error::OtherScope { sealed: "cluster-wide", said: "strict", .. }), "{error}");
        let error = lost.open(&Keys::default()).unwrap_err();
        assert!(matches!(error, Error::NoKeyOpens { keys: 0, .. }), "{error}");
    }

    #[test]
    fn merging_leaves_the_other_values_alone() {
        let mut merged = edited(&sealed(Scope::Namespace), "spec:", "status:\n  x: 1\nspec:");
        let before = merged.values().clone();
        let more = PlainSecret {
            data: values(&[("user", b"root"), ("new", b"1")]),
            annotations: texts(&[("more", "1"), (label::CLUSTER_WIDE, "true")]),
            namespace: None,
            ..secret()
        };
        merged.merge(&more, &made::CERTIFICATE).unwrap();
        assert_eq!(merged.values()["binary"], before["binary"]);
        assert_ne!(merged.values()["user"], before["user"]);
        assert_eq!(merged.scope(), Scope::Namespace);
        assert!(merged.to_yaml().unwrap().contains("status:\n  x: 1"));
        let opened = merged.open(&made::KEYS).unwrap().secret;
        assert_eq!((opened.data["user"].expose(), opened.data["new"].expose()), (&b"root"[..], &b"1"[..]));
        assert_eq!(opened.annotations["more"], "1");
        assert!(!opened.annotations.contains_key(label::CLUSTER_WIDE));
    }

    #[test]
    fn another_secret_is_not_merged() {
        let mut into = sealed(Scope::Strict);
        let other = PlainSecret { name: "other".to_owned(), namespace: None, ..secret() };
        let error = into.merge(&other, &made::CERTIFICATE).unwrap_err().to_string();
        assert!(error.starts_with("the Secret is other, and the file to merge into is for shop/db"), "{error}");
        assert_eq!(
            into.set_namespace("stage").unwrap_err().to_string(),
            "it is for namespace shop, and stage was asked for: one of them is wrong"
        );
        into.set_namespace("shop").unwrap();
        assert_eq!(into.set("a/b", b"", &made::CERTIFICATE), Err(Error::Key("a/b".to_owned())));
    }

    #[test]
    fn templates_are_left_to_the_controller() {
        let data = "template:\n    data:\n      conf: 'u={{ .user }}'\n      host: db.test\n      user: shadow\n      empty: null\n";
        let opened = edited(&sealed(Scope::Strict), "template:\n", data).open(&made::KEYS).unwrap();
        assert_eq!(opened.templates, ["conf"]);
        assert_eq!(opened.secret.data["host"].expose(), b"db.test");
        assert_eq!(opened.secret.data["user"].expose(), b"admin");
        assert!(!opened.secret.data.contains_key("empty"));
    }

    /// Without a question mark before it, YAML takes no key of more than 1024 characters.
    #[test]
    fn long_keys_are_read_back() {
        let long = "k".repeat(1100);
        let text = sealed(Scope::Strict).to_yaml().unwrap();
        let text = text.replacen("spec:\n", &format!("spec:\n  ? {long}\n  : {{a: b}}\n"), 1);
        let read = SealedSecret::read(&text).unwrap();
        assert!(SealedSecret::read(&read.to_yaml().unwrap()).unwrap() == read);
    }

    #[test]
    fn what_is_no_sealed_secret_is_named() {
        let error = |text: &str| SealedSecret::read(text).unwrap_err().to_string();
        assert_eq!(error("a: 1"), "it is not a SealedSecret of bitnami.com, but no Kubernetes object");
        assert_eq!(error("apiVersion: v1\nkind: Secret"), "it is not a SealedSecret of bitnami.com, but Secret of v1");
        let head = format!("apiVersion: {API_VERSION}\nkind: {KIND}\n");
        assert!(error(&head).ends_with("missing field `spec`"));
        let number = error(&format!("{head}spec: {{encryptedData: {{a: 31337}}}}"));
        assert!(number.ends_with("something else stands where a string is expected"), "{number}");
        assert!(error(&format!("{head}kind: [")).contains("not valid YAML"));
        assert!(error(&format!("{head}spec: {{encryptedData: {{a: b, a: c}}}}")).contains("not valid YAML"));
        assert!(error(&format!("{head}spec: {{}}\nstatus: {{1: 2}}")).contains("JSON"));
        let old = SealedSecret::read(&format!("{head}metadata: {{name: a}}\nspec: {{data: AgA=}}")).unwrap();
        assert_eq!(old.open(&made::KEYS).unwrap_err(), Error::OldData);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 24, ..ProptestConfig::default() })]

        #[test]
        fn anything_comes_back_and_nothing_shows(
            name in "[a-z]{1,20}", namespace in "[a-z]{1,20}", scope in 0..3usize,
            data in prop::collection::btree_map("[a-zA-Z0-9][-._a-zA-Z0-9]{0,19}", prop::collection::vec(any::<u8>(), 0..64), 1..4),
        ) {
            let plain = PlainSecret {
                name, namespace: Some(namespace),
                data: data.into_iter().map(|(key, value)| (key, value.into())).collect(),
                ..secret()
            };
            let scope = Scope::ALL[scope];
            let sealed = SealedSecret::seal(&plain, scope, &made::CERTIFICATE).unwrap();
            let yaml = sealed.to_yaml().unwrap();
            let opened = SealedSecret::read(&yaml).unwrap().open(&made::KEYS).unwrap();
            for text in [&yaml, &sealed.to_json().unwrap()] {
                let tree = documents(text).next().unwrap().unwrap();
                let read = SealedSecret::of(&Object::all(&tree)[0]);
                prop_assert_eq!(read.as_ref(), Ok(&sealed));
            }
            prop_assert_eq!(&opened.secret.data, &plain.data);
            let seen = format!("{yaml}{opened:?}{plain:?}");
            for value in plain.data.values().map(SecretBytes::expose).filter(|value| value.len() > 5) {
                use base64::Engine as _;
                let encoded = base64::engine::general_purpose::STANDARD_NO_PAD.encode(value);
                prop_assert!(!seen.contains(&*encoded));
                prop_assert!(std::str::from_utf8(value).is_ok_and(|text| !seen.contains(text)) || std::str::from_utf8(value).is_err());
            }
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in ".{0,200}|[-a-c0-9:{}\\[\\],.'\"~!?x ]{0,30}") {
            let _ = SealedSecret::read(&text);
            let odd = format!("apiVersion: {API_VERSION}\nkind: {KIND}\nspec: {{}}\nstatus: [{text}]\n");
            for tree in documents(&odd).flatten() {
                let _ = Object::all(&tree).iter().map(SealedSecret::of).count();
            }
            if let Ok(read) = SealedSecret::read(&odd) {
                prop_assert_eq!(SealedSecret::read(&read.to_yaml().unwrap()), Ok(read));
            }
            let _ = SealedSecret::read(&format!("apiVersion: {API_VERSION}\nkind: {KIND}\nspec: {{encryptedData: {{a: {text}}}}}"));
        }
    }
}
