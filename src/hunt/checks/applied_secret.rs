//! Secrets that keep a copy of themselves in an annotation.
//!
//! `kubectl apply` writes the manifest that it was given into `kubectl.kubernetes.io/last-applied-configuration`, and kapp
//! and others have their own. For a Secret that is every value once more, in a place that `kubectl describe` prints, that
//! metadata-only clients get, and that tools do not redact. RBAC does not tell annotations from data, so who reads the
//! one may read the other: low, and once for a Secret, whatever its values are. Also, values that were changed since by
//! other means stay there in their old form.
//!
//! Only of objects that a server gave back: what somebody writes into a file is plaintext all over.

use super::{Check, Sightings};
use crate::manifest::{Node, Object};
use crate::model::{Class, Confidence, Rule, RuleId, Severity};

/// Secrets of a server with their manifest in an annotation.
pub(super) struct AppliedSecret;

impl Check for AppliedSecret {
    fn rule(&self) -> Rule {
        Rule {
            id: RuleId::new("applied-secret"),
            title: "Secret with a copy of its data in an annotation".into(),
            class: Class::Exposure,
            severity: Severity::Low,
            confidence: Confidence::High,
            description: "An annotation of a live Secret holds the manifest that it was applied from, values \
                          included. Tools that hide the data of Secrets show annotations."
                .into(),
            remediation: "Apply Secrets with `kubectl apply --server-side`, or create and replace them, and delete the \
                          annotation."
                .into(),
            references: vec![
                "https://kubernetes.io/docs/reference/labels-annotations-taints/#kubectl-kubernetes-io-last-applied-configuration".into(),
                "https://kubernetes.io/docs/reference/using-api/server-side-apply/".into(),
            ],
        }
    }

    fn words(&self) -> &'static [&'static str] {
        &["last-applied-configuration", "kapp.k14s.io/original"]
    }

    fn check<'t>(&self, object: &Object<'t>, out: &mut Sightings<'t>) {
        if !object.is("", "Secret") || object.root.at_path(&["metadata", "uid"]).is_none() {
            return;
        }
        let annotations = object.root.at_path(&["metadata", "annotations"]);
        for (key, value) in annotations.into_iter().flat_map(Node::entries) {
            if holds_secret(value.as_str().unwrap_or_default()) {
                let key = key.as_str().unwrap_or_default();
                out.at(value, format!("annotation {key} holds the Secret as it was applied, data included"));
            }
        }
    }
}

/// Whether a text is the manifest of a Secret with data, as JSON.
pub(in crate::hunt) fn holds_secret(text: &str) -> bool {
    let text = text.trim_start();
    let is_secret = || text.contains("\"kind\":\"Secret\"") || text.contains("\"kind\": \"Secret\"");
    text.starts_with('{') && is_secret() && (text.contains("\"data\"") || text.contains("\"stringData\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hunt::checks::tests::seen;

    #[test]
    fn the_manifest_of_a_secret_with_data() {
        let secret = |kind: &str, applied: &str| {
            format!(
                "apiVersion: v1\nkind: {kind}\nmetadata:\n  name: db\n  uid: '1'\n  annotations:\n\
                 \x20   kubectl.kubernetes.io/last-applied-configuration: '{applied}'\n"
            )
        };
        let applied = r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"db"},"data":{"a":"eA=="}}"#;
        assert_eq!(
            seen(&AppliedSecret, &secret("Secret", applied)),
            [
                "low: annotation kubectl.kubernetes.io/last-applied-configuration holds the Secret as it was applied, data \
                 included"
            ]
        );
        assert_eq!(seen(&AppliedSecret, &secret("ConfigMap", applied)), [""; 0]);
        let empty = applied.replace(r#","data":{"a":"eA=="}"#, "");
        assert_eq!(seen(&AppliedSecret, &secret("Secret", &empty)), [""; 0]);
    }
}
