//! What is wrong with an `EncryptionConfiguration`, also with one inside of a string: ConfigMaps, Secrets and the files of
//! cloud-init are how it gets to a control plane.
//!
//! `atrest` simulates the API server; here is only what a repository has and a control plane has not: templates and
//! encrypted values. What they stand for is unknown, and nothing is said of it. That a key lies here at all is the
//! matter of `encryption-config-key`.

use super::values::{is_filled_in, is_literal};
use super::{Check, Sightings};
use crate::atrest::encryption::{Config, EncryptionRule, Problem, Server};
use crate::manifest::{Node, Object};
use crate::model::Rule;

/// A server that may have KMS version 1 open: no file tells which version it is for, and there is a rule about that.
const SERVER: Server = Server { kms_v1: true, ..Server::new(Server::NEWEST) };

/// Declares a check for each rule.
macro_rules! rules {
    ($($rule:ident),* $(,)?) => {
        $(
            #[doc = concat!("`EncryptionRule::", stringify!($rule), "`.")]
            pub(super) struct $rule;

            impl Check for $rule {
                fn rule(&self) -> Rule {
                    EncryptionRule::$rule.rule()
                }

                fn words(&self) -> &'static [&'static str] {
                    &["encryptionconfig"]
                }

                fn in_strings(&self) -> bool {
                    true
                }

                fn check<'t>(&self, object: &Object<'t>, out: &mut Sightings<'t>) {
                    check(EncryptionRule::$rule, object, out);
                }
            }
        )*
    };
}

rules! {
    IdentityFallback,
    IdentityFirst,
    Invalid,
    KmsV1,
    RepeatedKey,
    ResourceTwice,
    SecretsUncovered,
    ShortKey,
    SingleKey,
    StaleKey,
    WeakKey,
    WeakProvider,
}

fn check<'t>(rule: EncryptionRule, object: &Object<'t>, out: &mut Sightings<'t>) {
    if !Config::is(object) {
        return;
    }
    let config = Config::read(object.root, &SERVER);
    let sops = object.root.get("sops").is_some();
    let rendered = is_rendered(object.root);
    let unknown = rules_of_order(rule) && (rendered || has_unknown_order(&config));
    for problem in config.problems() {
        let gap = rendered && is_gap(&problem);
        if problem.rule == rule && !unknown && !gap && !is_unknown(&problem, sops) {
            out.with_severity(problem.node, problem.detail, problem.severity);
        }
    }
}

/// Whether a rule is about who encrypts what, and in which order.
fn rules_of_order(rule: EncryptionRule) -> bool {
    use EncryptionRule::{IdentityFallback, IdentityFirst, SecretsUncovered, SingleKey, StaleKey, WeakProvider};
    matches!(rule, IdentityFallback | IdentityFirst | SecretsUncovered | SingleKey | StaleKey | WeakProvider)
}

/// Whether a template fills in resources or providers.
fn has_unknown_order(config: &Config<'_>) -> bool {
    let filled = |node: Node<'_>| node.as_str().is_some_and(is_filled_in);
    let resources = config.entries().iter().flat_map(|entry| &entry.resources);
    let keys = config.entries().iter().flat_map(|entry| &entry.providers).flat_map(|provider| provider.keys());
    let secrets: Vec<u32> = keys.filter_map(|key| Some(key.secret?.number())).collect();
    resources.map(|listed| listed.node).any(filled)
        || config.refusals().iter().any(|refusal| filled(refusal.node) && !secrets.contains(&refusal.node.number()))
}

/// Whether a template makes the document's structure and not only values: then what is missing may come from it, too.
/// An action on a line of its own leaves no trace, so a name that is made has to do as one.
fn is_rendered(root: Node<'_>) -> bool {
    let made = |key: Node<'_>| key.as_str().is_some_and(is_filled_in);
    root.subtree().any(|node| node.is_mapping() && node.entries().any(|(key, _)| made(key)))
}

/// Whether a problem is that something is not there.
fn is_gap(problem: &Problem<'_>) -> bool {
    problem.rule == EncryptionRule::Invalid && problem.node.as_str().is_none_or(str::is_empty)
}

/// Whether a problem is about what something else puts in its place.
fn is_unknown(problem: &Problem<'_>, sops: bool) -> bool {
    let text = problem.node.as_str().unwrap_or("");
    let is_secret = problem.node.key().and_then(Node::as_str) == Some("secret");
    let encrypted = sops && problem.rule == EncryptionRule::Invalid;
    encrypted || is_filled_in(text) || is_secret && !text.is_empty() && !is_literal(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hunt::checks::tests::seen;

    fn config(entry: &str) -> String {
        format!("apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- {entry}\n")
    }

    #[test]
    fn what_a_template_fills_in_is_unknown() {
        for entry in [
            "{resources: [secrets], providers: [{aescbc: {keys: [{name: a, secret: '${KEY}'}]}}]}",
            "{resources: [secrets], providers: [{aescbc: {keys: [{name: a, secret: <BASE 64 ENCODED SECRET>}]}}]}",
            "{resources: [secrets], providers: [{aescbc: {keys: [{name: a, secret: changeme}]}}]}",
            "{resources: '{{ resources }}', providers: [{identity: {}}]}",
            "{resources: [secrets], providers: '{{ providers }}'}",
            // A key that a template makes, and a list on a line of its own, of which masking leaves nothing.
            "{resources: , providers: [{_____________________: {keys: [{name: a, secret: '${KEY}'}]}}]}",
        ] {
            assert_eq!(seen(&Invalid, &config(entry)), [""; 0], "{entry}");
        }
        let uncovered = "{resources: ['{{ resource }}'], providers: [{identity: {}}]}";
        assert_eq!(seen(&SecretsUncovered, &config(uncovered)), [""; 0]);
    }

    #[test]
    fn sops_adds_a_field() {
        let entry =
            "{resources: [secrets], providers: [{aescbc: {keys: [{name: a, secret: 'ENC[AES256_GCM,data:x]'}]}}]}";
        let text = config(entry) + "sops: {mac: x, version: 3.9.0}\n";
        assert_eq!(seen(&Invalid, &text), [""; 0]);
    }

    #[test]
    fn other_servers_have_resources_of_their_own() {
        let entry = "{resources: [users.example.dev], providers: [{identity: {}}]}";
        assert_eq!(
            seen(&SecretsUncovered, &config(entry)),
            ["low: no entry speaks of secrets, only of users.example.dev: fine for a server of its own"]
        );
    }
}
