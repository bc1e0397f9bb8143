//! The rules for credentials that are known by their name and place and not by a provider's format.

use std::borrow::Cow;
use std::sync::Arc;

use crate::model::{Class, Confidence, Rule, RuleId, Severity};

use super::names::Kind;

/// The generic rules of a hunt.
#[derive(Debug)]
pub(super) struct Generic {
    /// `password`.
    pub password: Arc<Rule>,
    /// `token`.
    pub token: Arc<Rule>,
    /// `api-key`.
    pub api_key: Arc<Rule>,
    /// `secret`.
    pub secret: Arc<Rule>,
    /// `basic-auth`.
    pub basic_auth: Arc<Rule>,
    /// `secret-value`.
    pub secret_value: Arc<Rule>,
    /// `encryption-config-key`.
    pub encryption_key: Arc<Rule>,
    /// `live-secret-copy`.
    pub live_secret_copy: Arc<Rule>,
}

impl Default for Generic {
    fn default() -> Self {
        Self {
            password: rule(
                "password",
                "password",
                Severity::High,
                "A literal password: whoever can read the file can use it, and it stays in history after it is changed.",
                "Change the password, keep it in a Secret that is sealed or fetched from a vault, and refer to it.",
            ),
            token: rule(
                "token",
                "token",
                Severity::High,
                "A literal access token whose provider is not known.",
                "Revoke the token, keep the new one in a Secret that is sealed or fetched from a vault, and refer to it.",
            ),
            api_key: rule(
                "api-key",
                "API key",
                Severity::High,
                "A literal API or access key whose provider is not known.",
                "Rotate the key, keep the new one in a Secret that is sealed or fetched from a vault, and refer to it.",
            ),
            secret: rule(
                "secret",
                "secret or key",
                Severity::High,
                "A literal client secret, signing key or encryption key.",
                "Replace the key, keep the new one in a Secret that is sealed or fetched from a vault, and refer to it.",
            ),
            basic_auth: rule(
                "basic-auth",
                "basic authentication header",
                Severity::High,
                "User name and password of an HTTP Authorization header; base64 hides nothing (RFC 7617).",
                "Change the password and have the client read it from a mounted Secret.",
            ),
            secret_value: rule(
                "secret-value",
                "value of a Secret",
                Severity::High,
                "A value that its own manifest declares to be secret, readable by everybody who can read the file.",
                "Replace the value, then commit the Secret sealed (`ksecrets seal`) or as a reference to a vault.",
            ),
            encryption_key: rule(
                "encryption-config-key",
                "key of an EncryptionConfiguration",
                Severity::Critical,
                "The key that encrypts Secrets in etcd: with it and a backup every Secret of the cluster can be read.",
                "Add a fresh key as the first one, rewrite all Secrets, remove this key, and keep the file on the control plane only.",
            ),
            live_secret_copy: rule(
                "live-secret-copy",
                "value of a live Secret",
                Severity::High,
                "The value of a Secret of the cluster, found in plaintext elsewhere: whoever reads that place needs no right on the Secret.",
                "Refer to the Secret in its place, remove the copy where it is kept, and then change the value: it was readable.",
            ),
        }
    }
}

impl Generic {
    /// The rule for a kind of name.
    #[must_use]
    pub(super) fn of(&self, kind: Kind) -> &Arc<Rule> {
        match kind {
            Kind::Password => &self.password,
            Kind::Token => &self.token,
            Kind::ApiKey => &self.api_key,
            Kind::Secret => &self.secret,
            Kind::Authorization => &self.basic_auth,
        }
    }

    /// Every rule, in the order of `ksecrets rules`.
    #[must_use]
    pub(super) fn all(&self) -> [&Arc<Rule>; 8] {
        [
            &self.password,
            &self.token,
            &self.api_key,
            &self.secret,
            &self.basic_auth,
            &self.secret_value,
            &self.encryption_key,
            &self.live_secret_copy,
        ]
    }
}

fn rule(
    id: &str,
    title: &'static str,
    severity: Severity,
    description: &'static str,
    remediation: &'static str,
) -> Arc<Rule> {
    Arc::new(Rule {
        id: RuleId::new(id),
        title: Cow::Borrowed(title),
        class: Class::Credential,
        severity,
        confidence: Confidence::Medium,
        description: Cow::Borrowed(description),
        remediation: Cow::Borrowed(remediation),
        references: vec![Cow::Borrowed("https://kubernetes.io/docs/concepts/security/secrets-good-practices/")],
    })
}
