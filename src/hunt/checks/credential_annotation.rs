//! Annotations that are named like credentials.
//!
//! Annotations are metadata: everybody who may list the object reads them, metadata-only clients and caches included,
//! and they are not encrypted at rest like Secrets. Controllers that take a password from an annotation invite this.
//!
//! Most annotations with such a name hold the *name* of a Secret, a path or a switch, and whole families of keys
//! (Vault's injector, ingress controllers, cert-manager, reloaders, checksums) are made of references. So key and
//! value must both speak: the key ends in a word for a credential, and the value is nothing that Kubernetes would
//! take for a name.

use super::names::says_credential;
use super::shape::{Once, mappings};
use super::values::{is_setting, literal};
use super::{Check, Sightings};
use crate::manifest::{Node, Object};
use crate::model::{Class, Confidence, Rule, RuleId, Severity};

/// Annotations with a credential's name and a literal value.
pub(super) struct CredentialAnnotation;

/// Domains whose annotations refer to secrets and do not hold them; subdomains count.
const REFERRING: [&str; 20] = [
    "akeyless.io",
    "amazonaws.com",
    "appscode.com",
    "argoproj.io",
    "azure.com",
    "cert-manager.io",
    "checksum",
    "conjur.org",
    "doppler.com",
    "emberstack.com",
    "external-secrets.io",
    "gke.io",
    "hashicorp.com",
    "helm.sh",
    "k8s.io",
    "kubernetes.io",
    "mittwald.de",
    "onepassword.com",
    "stakater.com",
    "vaultproject.io",
];

impl Check for CredentialAnnotation {
    fn rule(&self) -> Rule {
        Rule {
            id: RuleId::new("credential-annotation"),
            title: "Annotation named like a credential".into(),
            class: Class::Exposure,
            severity: Severity::Low,
            confidence: Confidence::Medium,
            description: "An annotation named like a credential holds a literal value. Annotations are readable by \
                          everybody who may list the object and are not encrypted like Secrets."
                .into(),
            remediation: "Put the value into a Secret and the Secret's name into the annotation; rotate the value."
                .into(),
            references: vec![
                "https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/".into(),
                "https://kubernetes.io/docs/concepts/security/secrets-good-practices/".into(),
            ],
        }
    }

    fn check<'t>(&self, object: &Object<'t>, out: &mut Sightings<'t>) {
        // Of the object, of its pod template, of any template in it.
        let mut once = Once::default();
        let metadata = mappings(object.root).filter(|node| node.key().is_some_and(is_metadata));
        for (key, value) in metadata.flat_map(|metadata| once.entries(metadata, "annotations")) {
            let Some(name) = key.as_str().filter(|name| names_credential(name)) else { continue };
            if literal(value).is_some_and(is_value) {
                out.at(value, format!("annotation {name} holds a literal value"));
            }
        }
    }
}

fn is_metadata(key: Node<'_>) -> bool {
    matches!(key.as_str(), Some("metadata" | "podMetadata"))
}

fn names_credential(key: &str) -> bool {
    let (domain, name) = key.split_once('/').unwrap_or(("", key));
    let refers = |owner: &&str| domain.strip_suffix(*owner).is_some_and(|sub| sub.is_empty() || sub.ends_with('.'));
    !REFERRING.iter().any(refers) && says_credential(name)
}

/// Whether a literal is more than a switch, a path, a URL, a document or the name of something.
fn is_value(text: &str) -> bool {
    let structured =
        text.contains(char::is_whitespace) || text.starts_with(['{', '[', '/', '.', '~']) || text.contains("://");
    let word = text.bytes().all(|b| b.is_ascii_alphabetic());
    !structured && !word && !is_setting(text) && !is_name(text)
}

/// Whether a text can be the name of a Secret, or a list or path of names (`prod/db`, `a,b`). A weak password can be
/// one too, and is let go here; a long run of letters with many digits is no name that a person gave.
fn is_name(text: &str) -> bool {
    let name = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.,/_#:".contains(&b));
    let random = text.len() >= 16
        && text.bytes().all(|b| b.is_ascii_alphanumeric())
        && text.bytes().filter(u8::is_ascii_digit).count() >= 4;
    name && !random
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hunt::checks::tests::seen;

    fn annotated(annotation: &str) -> String {
        format!("apiVersion: v1\nkind: Service\nmetadata:\n  name: s\n  annotations:\n    {annotation}\n")
    }

    #[test]
    fn name_and_value_must_speak() {
        for bad in
            ["acme.io/probe-password: S3cr3t!now", "apiKey: 9f86d081884c7d659a2feaa0c55ad015", "a.b/token: Xy_77-kQ"]
        {
            let key = bad.split(':').next().unwrap();
            assert_eq!(
                seen(&CredentialAnnotation, &annotated(bad)),
                [format!("low: annotation {key} holds a literal value")]
            );
        }
    }

    #[test]
    fn references_switches_and_known_families_are_fine() {
        for fine in [
            "vault.hashicorp.com/agent-inject-token: 'true'",
            "nginx.ingress.kubernetes.io/auth-secret: Basic-Auth1",
            "acme.io/db-password: prod/db-password",
            "acme.io/db-password: db-credentials",
            "acme.io/rotate-password: 30d",
            "acme.io/token: Required",
            "acme.io/token: ${TOKEN}",
            "acme.io/token: /var/run/secrets/Token1",
            "acme.io/token: https://auth.acme.io/Token1",
            "acme.io/token-url: Abc123Def",
            "checksum/password: 9f86d081884c7d659a2feaa0c55ad015",
        ] {
            assert_eq!(seen(&CredentialAnnotation, &annotated(fine)), [""; 0], "{fine}");
        }
    }

    #[test]
    fn pod_templates_count() {
        let text = "apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    metadata:\n\
                    \x20     annotations: {scrape/password: Pr0be.Me}\n";
        assert_eq!(seen(&CredentialAnnotation, text), ["low: annotation scrape/password holds a literal value"]);
    }
}
