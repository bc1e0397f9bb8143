//! Service account tokens kept in Secrets.
//!
//! A Secret of type `kubernetes.io/service-account-token` makes the control plane write a token into it that never
//! expires, is bound to no pod, and can be used from anywhere until somebody deletes the Secret. Since Kubernetes 1.24
//! nothing needs one by itself: pods get tokens that expire, and `kubectl create token` makes one for a while.
//!
//! A token that the cluster has invalidated as unused is only worth knowing. Since 1.26 the API server writes the day of
//! the last use on the Secret, in a label, and that is said: a token that nobody uses can go today.

use super::shape::object_name;
use super::{Check, Sightings};
use crate::manifest::Object;
use crate::model::{Class, Confidence, Rule, RuleId, Severity};

/// Secrets of type `kubernetes.io/service-account-token`.
pub(super) struct ServiceAccountTokenSecret;

impl Check for ServiceAccountTokenSecret {
    fn rule(&self) -> Rule {
        Rule {
            id: RuleId::new("service-account-token-secret"),
            title: "Service account token that never expires".into(),
            class: Class::Exposure,
            severity: Severity::Medium,
            confidence: Confidence::High,
            description: "A Secret of type kubernetes.io/service-account-token holds a token that does not expire, is \
                          bound to no pod and works from anywhere."
                .into(),
            remediation: "Delete the Secret and use projected tokens in pods, and `kubectl create token` or workload \
                          identity federation outside of them."
                .into(),
            references: vec![
                "https://kubernetes.io/docs/concepts/configuration/secret/#serviceaccount-token-secrets".into(),
                "https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/".into(),
            ],
        }
    }

    fn words(&self) -> &'static [&'static str] {
        &["service-account-token", "service-account.name"]
    }

    fn check<'t>(&self, object: &Object<'t>, out: &mut Sightings<'t>) {
        if !object.is("", "Secret") {
            return;
        }
        // Only a server gives an object its uid.
        let lives = object.root.at_path(&["metadata", "uid"]).is_some();
        let account = object.annotation("kubernetes.io/service-account.name");
        let name = object_name(object);
        let (node, message) = match (object.root.get("type"), account) {
            (Some(node), _) if node.as_str() == Some("kubernetes.io/service-account-token") => {
                let account = account.unwrap_or("without a name");
                (node, format!("{name} holds a token of service account {account} that never expires"))
            }
            // A server gives every Secret a type, so this is its metadata alone.
            (None, Some(account)) if lives => {
                let Some(node) =
                    object.root.at_path(&["metadata", "annotations", "kubernetes.io/service-account.name"])
                else {
                    return;
                };
                (node, format!("{name} is annotated as the token of service account {account}, which never expires"))
            }
            _ => return,
        };
        let label = |name| object.root.at_path(&["metadata", "labels"]).and_then(|labels| labels.get_str(name));
        if let Some(since) = label("kubernetes.io/legacy-token-invalid-since") {
            let message = format!("{message}; the cluster refuses it since {since}");
            return out.with_severity(node, message, Severity::Info);
        }
        // The label means something by its absence only where a server would write it.
        match label("kubernetes.io/legacy-token-last-used") {
            Some(day) => out.at(node, format!("{message}; it was last used on {day}")),
            None if lives => out.at(node, format!("{message}; no use of it was recorded")),
            None => out.at(node, message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hunt::checks::tests::seen;

    #[test]
    fn the_type_decides() {
        let text = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: t\n  namespace: ci\n\
                    \x20 annotations: {kubernetes.io/service-account.name: bot}\n\
                    type: kubernetes.io/service-account-token\n---\n\
                    apiVersion: v1\nkind: Secret\nmetadata:\n  name: old\n\
                    \x20 labels: {kubernetes.io/legacy-token-invalid-since: 2026-01-02}\n\
                    type: kubernetes.io/service-account-token\n---\napiVersion: v1\nkind: Secret\ntype: Opaque\n---\n\
                    apiVersion: v1\nkind: Secret\nmetadata: {name: a, uid: '1', annotations: {kubernetes.io/service-account.name: bot}}\n\
                    type: kubernetes.io/service-account-token\n---\n\
                    apiVersion: v1\nkind: Secret\nmetadata:\n  name: b\n  uid: '2'\n  annotations: {kubernetes.io/service-account.name: bot}\n\
                    \x20 labels: {kubernetes.io/legacy-token-last-used: 2026-03-04}\n\
                    type: kubernetes.io/service-account-token\n";
        assert_eq!(
            seen(&ServiceAccountTokenSecret, text),
            [
                "medium: Secret ci/t holds a token of service account bot that never expires",
                "info: Secret old holds a token of service account without a name that never expires; the cluster \
                 refuses it since 2026-01-02",
                "medium: Secret a holds a token of service account bot that never expires; no use of it was recorded",
                "medium: Secret b holds a token of service account bot that never expires; it was last used on \
                 2026-03-04",
            ]
        );
    }

    #[test]
    fn metadata_alone_is_enough() {
        let text = "{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: ci, uid: '1', \
                    annotations: {kubernetes.io/service-account.name: bot}}}\n---\n\
                    {apiVersion: v1, kind: Secret, metadata: {name: b, annotations: \
                    {kubernetes.io/service-account.name: bot}}}\n";
        assert_eq!(
            seen(&ServiceAccountTokenSecret, text),
            ["medium: Secret ci/a is annotated as the token of service account bot, which never expires; no use of \
                 it was recorded"]
        );
    }
}
