//! Credentials that a container takes from a ConfigMap.
//!
//! A ConfigMap is not confidential: the built-in `view` role reads it, it is not in the usual encryption at rest, and
//! audit logs hold its body. A container that takes `DB_PASSWORD` from one says that the password lies there.
//!
//! Only names are seen, so the name must end in a word that says credential; `PASSWORD_FILE`, `TOKEN_URL` and
//! `MAX_TOKENS` are fine. `envFrom` shows no key: there the ConfigMap's own name is judged, and weighs less.

use super::names::{says_credential, says_reference, says_secret};
use super::shape::{Once, container};
use super::{Check, Sightings};
use crate::manifest::{Node, Object, containers};
use crate::model::{Class, Confidence, Rule, RuleId, Severity};

/// Environment variables named like credentials that come from ConfigMaps.
pub(super) struct ConfigmapEnvCredential;

impl Check for ConfigmapEnvCredential {
    fn rule(&self) -> Rule {
        Rule {
            id: RuleId::new("configmap-env-credential"),
            title: "Credential taken from a ConfigMap".into(),
            class: Class::Exposure,
            severity: Severity::Medium,
            confidence: Confidence::Medium,
            description: "A container takes a variable that is named like a credential from a ConfigMap. ConfigMaps \
                          are readable with the view role and are usually not encrypted at rest."
                .into(),
            remediation: "Move the value to a Secret, change the reference, and rotate the value: whoever could read \
                          the ConfigMap has it."
                .into(),
            references: vec![
                "https://kubernetes.io/docs/concepts/configuration/configmap/".into(),
                "https://kubernetes.io/docs/concepts/security/secrets-good-practices/".into(),
            ],
        }
    }

    fn words(&self) -> &'static [&'static str] {
        &["configmapref", "configmapkeyref"]
    }

    fn check<'t>(&self, object: &Object<'t>, out: &mut Sightings<'t>) {
        let mut once = Once::default();
        for node in containers(object) {
            for variable in once.items(node, "env") {
                check_variable(node, variable, out);
            }
            for source in once.items(node, "envFrom") {
                check_source(node, source, out);
            }
        }
    }
}

fn check_variable<'t>(node: Node<'t>, variable: Node<'t>, out: &mut Sightings<'t>) {
    let Some(reference) = variable.at_path(&["valueFrom", "configMapKeyRef"]) else { return };
    let name = variable.get_str("name").unwrap_or_default();
    let key = reference.get_str("key").unwrap_or_default();
    // The variable says what the program makes of it: `PASSWORD_FILE` taken from the key `password` is a path.
    // And `AUTH_TOKEN` taken from `token-path` is one as well.
    let named = says_credential(name) || says_secret(name);
    if says_reference(key) && key.contains(['-', '_', '.']) || !named && (!says_credential(key) || says_reference(name))
    {
        return;
    }
    let map = reference.get_str("name").unwrap_or("without a name");
    let place = reference.get("key").unwrap_or(reference);
    out.at(place, format!("{} takes {name} from key {key} of ConfigMap {map}", container(node)));
}

fn check_source<'t>(node: Node<'t>, source: Node<'t>, out: &mut Sightings<'t>) {
    let Some(place) = source.at_path(&["configMapRef", "name"]) else { return };
    let Some(map) = place.as_str().filter(|map| names_secrets(map)) else { return };
    let message = format!("{} takes every key of ConfigMap {map}, which is named like a Secret", container(node));
    out.with_severity(place, message, Severity::Low);
}

/// Whether a ConfigMap is named like what a Secret holds. One word more than for keys: plural `secrets`.
fn names_secrets(map: &str) -> bool {
    says_credential(map) || map.ends_with("-secrets") || map == "secrets"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hunt::checks::tests::seen;

    #[test]
    fn names_decide() {
        let text = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: api\n    image: a\n    envFrom:\n\
                    \x20   - configMapRef: {name: app-secrets}\n    - configMapRef: {name: \
                    external-secrets-config}\n    env:\n\
                    \x20   - {name: DB_PASSWORD, valueFrom: {configMapKeyRef: {name: c, key: db}}}\n\
                    \x20   - {name: SPECIAL_K8S_SECRET, valueFrom: {configMapKeyRef: {name: c, key: special}}}\n\
                    \x20   - {name: IMAGE_PULL_SECRET, valueFrom: {configMapKeyRef: {name: c, key: pull}}}\n\
                    \x20   - {name: TLS_SECRET, valueFrom: {configMapKeyRef: {name: c, key: tls}}}\n\
                    \x20   - {name: X, valueFrom: {configMapKeyRef: {name: c, key: apiToken}}}\n\
                    \x20   - {name: PASSWORD_FILE, valueFrom: {configMapKeyRef: {name: c, key: password}}}\n\
                    \x20   - {name: TOKEN_URL, valueFrom: {configMapKeyRef: {name: c, key: token_url}}}\n\
                    \x20   - {name: AUTH_TOKEN, valueFrom: {configMapKeyRef: {name: c, key: token-path}}}\n\
                    \x20   - {name: API_TOKEN, valueFrom: {secretKeyRef: {name: c, key: token}}}\n";
        assert_eq!(
            seen(&ConfigmapEnvCredential, text),
            [
                "medium: container api takes DB_PASSWORD from key db of ConfigMap c",
                "medium: container api takes SPECIAL_K8S_SECRET from key special of ConfigMap c",
                "medium: container api takes X from key apiToken of ConfigMap c",
                "low: container api takes every key of ConfigMap app-secrets, which is named like a Secret",
            ]
        );
    }
}
