//! Bootstrap tokens without an end.
//!
//! A Secret of type `bootstrap.kubernetes.io/token` lets whoever has the token join a node to the cluster, and a node
//! reads the Secrets of the pods that it gets. Such a token is meant for minutes: without `expiration` the token
//! cleaner never removes it.
//!
//! A token with an expiration is fine here, whatever the date: a check has no clock, so that the same input gives the
//! same report. A Secret without the token's secret half is fine too.

use super::shape::object_name;
use super::{Check, Sightings};
use crate::manifest::{Node, Object};
use crate::model::{Class, Confidence, Rule, RuleId, Severity};

/// Secrets of type `bootstrap.kubernetes.io/token` that have no `expiration`.
pub(super) struct BootstrapTokenWithoutExpiry;

impl Check for BootstrapTokenWithoutExpiry {
    fn rule(&self) -> Rule {
        Rule {
            id: RuleId::new("bootstrap-token-without-expiry"),
            title: "Bootstrap token that never expires".into(),
            class: Class::Exposure,
            severity: Severity::Medium,
            confidence: Confidence::High,
            description:
                "A bootstrap token joins nodes to the cluster, and a node reads the Secrets of its pods. This \
                          one has no expiration, so it stays good until somebody deletes it."
                    .into(),
            remediation: "Delete the Secret, and make a token with `kubeadm token create --ttl` when a node is to \
                          join."
                .into(),
            references: vec!["https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/".into()],
        }
    }

    fn words(&self) -> &'static [&'static str] {
        &["bootstrap.kubernetes.io"]
    }

    fn check<'t>(&self, object: &Object<'t>, out: &mut Sightings<'t>) {
        let Some(node) = object.root.get("type").filter(|_| object.is("", "Secret")) else { return };
        if node.as_str() == Some("bootstrap.kubernetes.io/token")
            && holds(object, "token-secret")
            && !holds(object, "expiration")
        {
            out.at(node, format!("{} is a bootstrap token without an expiration", object_name(object)));
        }
    }
}

fn field<'t>(object: &Object<'t>, key: &str) -> Option<Node<'t>> {
    ["stringData", "data"].iter().find_map(|part| object.root.at_path(&[part, key]))
}

fn holds(object: &Object<'_>, key: &str) -> bool {
    field(object, key).and_then(Node::as_str).is_some_and(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hunt::checks::tests::seen;

    #[test]
    fn an_expiration_is_asked_for() {
        let secret = |data: &str| {
            format!(
                "apiVersion: v1\nkind: Secret\nmetadata: {{name: bootstrap-token-abcdef, namespace: kube-system}}\n\
                 type: bootstrap.kubernetes.io/token\n{data}\n"
            )
        };
        assert_eq!(
            seen(&BootstrapTokenWithoutExpiry, &secret("stringData: {token-id: abcdef, token-secret: aaaa}")),
            ["medium: Secret kube-system/bootstrap-token-abcdef is a bootstrap token without an expiration"]
        );
        let ends = "stringData: {token-id: abcdef, token-secret: aaaa, expiration: 2026-12-01T00:00:00Z}";
        assert_eq!(seen(&BootstrapTokenWithoutExpiry, &secret(ends)), [""; 0]);
        assert_eq!(seen(&BootstrapTokenWithoutExpiry, &secret("data: {}")), [""; 0]);
        let metadata = "{apiVersion: v1, kind: Secret, metadata: {name: bootstrap-token-abcdef, uid: '1'}}\n";
        assert_eq!(seen(&BootstrapTokenWithoutExpiry, metadata), [""; 0]);
    }
}
