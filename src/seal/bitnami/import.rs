//! What a SealedSecret of Bitnami takes with it when it becomes one of ours.

use std::collections::BTreeMap;

use serde_yaml::Value;

use super::keys::{KeyName, Keys};
use super::label::annotate;
use super::sealed::{COPIES, Others, SealedSecret};
use super::{Error, Opened};
use crate::seal::coding::shown;
use crate::seal::{PlainSecret, Scope};

/// Fields of `metadata` that a server writes. Nobody misses them in a file.
const SERVER: [&str; 7] =
    ["creationTimestamp", "generation", "managedFields", "ownerReferences", "resourceVersion", "selfLink", "uid"];

/// A SealedSecret in clear, ready to be sealed again.
#[derive(Debug)]
pub struct Import {
    /// The Secret, without annotations about its scope.
    pub secret: PlainSecret,
    /// The scope that it had.
    pub scope: Scope,
    /// Labels of the SealedSecret itself.
    pub labels: BTreeMap<String, String>,
    /// Annotations of the SealedSecret itself.
    pub annotations: BTreeMap<String, String>,
    /// Which private key opened which value.
    pub openers: BTreeMap<String, KeyName>,
}

impl SealedSecret {
    /// Opens it, and takes along whatever else it says.
    ///
    /// # Errors
    /// As [`Self::open`], and when it says something that cannot be said in ours.
    pub fn import(&self, keys: &Keys) -> Result<Import, Error> {
        let Opened { mut secret, openers, templates } = self.open(keys)?;
        if let Some(key) = templates.first() {
            return Err(Error::GoTemplate(shown(key)));
        }
        if let Some(key) = self.values().keys().find(|key| !secret.data.contains_key(*key)) {
            return Err(Error::Hidden(shown(key)));
        }
        self.refuse_unknown()?;
        let mut annotations = self.annotations().clone();
        for annotations in [&mut annotations, &mut secret.annotations] {
            annotate(annotations, Scope::Strict);
            annotations.retain(|name, _| !COPIES.contains(&name.as_str()));
        }
        Ok(Import { secret, scope: self.scope(), labels: self.labels().clone(), annotations, openers })
    }

    /// Refuses fields that nothing here knows.
    fn refuse_unknown(&self) -> Result<(), Error> {
        for (at, others) in self.others() {
            let known = |name: &str| match at {
                "" => name == "status",
                _ => at.ends_with("metadata.") && SERVER.contains(&name),
            };
            if let Some(name) = unknown(others, known) {
                return Err(Error::Uncarried(format!("{at}{}", shown(name))));
            }
        }
        Ok(())
    }
}

fn unknown(others: &Others, known: impl Fn(&str) -> bool) -> Option<&str> {
    let said = others.iter().filter(|(_, value)| !matches!(value, Value::Null));
    said.map(|(name, _)| name.as_str()).find(|name| !known(name))
}

#[cfg(test)]
mod tests {
    use super::super::{made, seal_value};
    use super::*;

    /// With a value under `user`, more below `metadata`, and a template.
    fn imported(metadata: &str, template: &str, more: &str) -> Result<Import, Error> {
        let user = seal_value(b"shop", b"shop", &made::CERTIFICATE).unwrap();
        let text = format!(
            "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: db\n  namespace: shop\n  creationTimestamp: null\n  \
             annotations: {{sealedsecrets.bitnami.com/namespace-wide: 'true', argocd.argoproj.io/sync-wave: '1'}}\n{metadata}\
             spec:\n  encryptedData: {{user: {user}}}\n  template: {template}\n{more}"
        );
        SealedSecret::read(&text).unwrap().import(&made::KEYS)
    }

    #[test]
    fn what_it_says_goes_along() {
        let template = "{type: kubernetes.io/basic-auth, immutable: true, data: {host: db.test}, metadata: {labels: {app: shop}, \
                        annotations: {sealedsecrets.bitnami.com/namespace-wide: 'true', note: kept}}}";
        let import =
            imported("  labels: {team: shop}\n  uid: x\n", template, "status: {observedGeneration: 1}\n").unwrap();
        let secret = &import.secret;
        assert_eq!(
            (import.scope, secret.immutable, secret.secret_type.as_str()),
            (Scope::Namespace, Some(true), "kubernetes.io/basic-auth")
        );
        let pairs = |texts: &BTreeMap<String, String>| {
            texts.iter().map(|(name, text)| format!("{name}={text}")).collect::<Vec<_>>().join(",")
        };
        assert_eq!([&import.labels, &import.annotations].map(pairs), ["team=shop", "argocd.argoproj.io/sync-wave=1"]);
        assert_eq!([&secret.labels, &secret.annotations].map(pairs), ["app=shop", "note=kept"]);
        assert_eq!(secret.data.keys().collect::<Vec<_>>(), ["host", "user"]);
        assert_eq!(import.openers.len(), 1);
    }

    #[test]
    fn what_cannot_go_along_is_named() {
        let error = |metadata, template, more| imported(metadata, template, more).unwrap_err().to_string();
        assert_eq!(
            error("", "{data: {conf: 'u={{ .user }}'}}", ""),
            "spec.template.data.conf is a Go template, which this format has none of: seal what it makes as a value, or write it \
             with ${key} into spec.template.data of the new object"
        );
        assert!(error("", "{data: {user: null}}", "").starts_with("spec.template.data.user is null, which hides"));
        assert!(error("  finalizers: [a/b]\n", "{}", "").starts_with("metadata.finalizers cannot be carried over"));
        assert!(error("", "{spec: {}}", "").starts_with("spec.template.spec cannot"));
        assert!(
            error("", "{metadata: {generateName: a}}", "").starts_with("spec.template.metadata.generateName cannot")
        );
        assert!(error("", "{}", "  new: 1\n").starts_with("spec.new cannot"));
        assert!(error("", "{}", "new: 1\n").starts_with("new cannot"));
    }
}
