//! Secrets kept as plain manifests.
//!
//! `data` is base64, which hides nothing: whoever reads the repository, its history or any clone reads the values. The
//! values themselves are found by the credential rules; this one says that the *file* is the wrong form, and finds
//! those whose values look like nothing.
//!
//! Fine: files that SOPS encrypted, templates and placeholders that something fills in later, Helm's own releases,
//! Secrets whose values are public (certificates) or plainly no credential (user, host, port, URL). It is a statement
//! about manifests, not about a cluster, where every Secret looks like this: whoever scans live objects leaves it
//! out.

use super::names::{last_word, says_credential};
use super::shape::{Names, object_name};
use super::values::{is_literal, is_public, is_setting};
use super::{Check, Sightings};
use crate::manifest::{Node, Object, decode_base64};
use crate::model::{Class, Confidence, Rule, RuleId, Severity};

/// `kind: Secret` with values in it.
pub(super) struct PlainSecretManifest;

/// Last words of keys whose values are no credential.
const HARMLESS: [&str; 25] = [
    "bucket",
    "database",
    "db",
    "description",
    "domain",
    "email",
    "endpoint",
    "host",
    "hostname",
    "hosts",
    "id",
    "issuer",
    "name",
    "namespace",
    "port",
    "project",
    "region",
    "schema",
    "server",
    "sslmode",
    "type",
    "uri",
    "url",
    "user",
    "username",
];

impl Check for PlainSecretManifest {
    fn rule(&self) -> Rule {
        Rule {
            id: RuleId::new("plain-secret-manifest"),
            title: "Secret kept as a plain manifest".into(),
            class: Class::Exposure,
            severity: Severity::Low,
            confidence: Confidence::High,
            description: "A Secret is written down with its values. Base64 hides nothing: whoever reads the file, a \
                          clone or the history reads them."
                .into(),
            remediation: "Seal it (`ksecrets seal`), or keep the value in a store that the cluster reads, and rotate \
                          what was committed."
                .into(),
            references: vec![
                "https://kubernetes.io/docs/concepts/configuration/secret/".into(),
                "https://kubernetes.io/docs/concepts/security/secrets-good-practices/".into(),
            ],
        }
    }

    fn in_clusters(&self) -> bool {
        false
    }

    fn check<'t>(&self, object: &Object<'t>, out: &mut Sightings<'t>) {
        if !object.is("", "Secret") || is_kept_elsewhere(object) {
            return;
        }
        let mut keys = Names::default();
        values(object).filter(Entry::tells).for_each(|value| keys.insert(value.key));
        if keys.len() > 0 {
            // Items of a typed list say no kind of their own.
            let node = object.root.get("kind").unwrap_or(object.root);
            out.at(node, format!("{} is a plain manifest with values: {}", object_name(object), keys.listing()));
        }
    }
}

/// Whether SOPS encrypted the file or Helm keeps the Secret. A half-encrypted SOPS file is the credential rules'
/// matter.
fn is_kept_elsewhere(object: &Object<'_>) -> bool {
    object.root.get("sops").is_some_and(Node::is_mapping) || object.root.get_str("type") == Some("helm.sh/release.v1")
}

/// One entry of a Secret.
struct Entry<'t> {
    key: &'t str,
    value: &'t str,
    encoded: bool,
}

fn values<'t>(object: &Object<'t>) -> impl Iterator<Item = Entry<'t>> {
    let root = object.root;
    [("data", true), ("stringData", false)].into_iter().flat_map(move |(part, encoded)| {
        let entries = root.get(part).into_iter().flat_map(Node::entries);
        entries.filter_map(move |(key, value)| {
            // An empty plain scalar and `null` are no value; a quoted "null" is one, but nobody's secret.
            let value = value.as_str().filter(|value| !matches!(value.trim(), "" | "~" | "null"))?;
            Some(Entry { key: key.as_str()?, value, encoded })
        })
    })
}

impl Entry<'_> {
    /// Whether the entry holds something that is not for everybody.
    fn tells(&self) -> bool {
        if !is_literal(self.value.trim()) {
            return false;
        }
        if !self.encoded {
            return is_confidential(self.key, self.value);
        }
        // What is not text is binary: a keystore, a ticket. What is not base64 was never applied, and is judged as it
        // is.
        match decode_base64(self.value).map(String::from_utf8) {
            Some(Ok(text)) => is_confidential(self.key, &text),
            Some(Err(_)) => true,
            None => is_confidential(self.key, self.value),
        }
    }
}

fn is_confidential(key: &str, text: &str) -> bool {
    let text = text.trim();
    // A URL is harmless unless it carries somebody's name and password.
    let named = last_word(key).is_some_and(|last| HARMLESS.contains(&last.as_str()));
    let harmless = named && password_of(text).is_none_or(|password| !is_literal(password));
    is_literal(text) && !harmless && !is_setting(text) && !is_public(text) && has_literal_line(text)
}

/// Whether a file of settings (an `.env`, a program's configuration) has a credential that is not left to be filled in.
/// A text of one line, JSON, a key, or one without settings is taken as it is.
fn has_literal_line(text: &str) -> bool {
    if !text.contains('\n') || text.starts_with('{') || text.contains("-----BEGIN ") {
        return true;
    }
    let mut settings =
        text.lines().filter(|line| !line.trim_start().starts_with(['#', ';'])).filter_map(setting).peekable();
    settings.peek().is_none()
        || settings.any(|(key, value)| is_credential_line(key.trim(), value.trim().trim_matches('"')))
}

/// The password that a URL carries.
fn password_of(url: &str) -> Option<&str> {
    let (user, _) = url.split_once("://")?.1.split_once('@')?;
    user.split_once(':').map(|(_, password)| password)
}

fn setting(line: &str) -> Option<(&str, &str)> {
    line.split_once('=').or_else(|| line.split_once(": "))
}

fn is_credential_line(key: &str, value: &str) -> bool {
    let with_user = password_of(value).is_some_and(is_literal);
    // Kubeconfigs call a private key so.
    let named = says_credential(key) || key.ends_with("key-data");
    is_literal(value) && (named || with_user)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hunt::checks::tests::seen;

    fn secret(rest: &str) -> String {
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s, namespace: n}}\n{rest}\n")
    }

    #[test]
    fn values_are_counted_whatever_they_look_like() {
        assert_eq!(
            seen(
                &PlainSecretManifest,
                &secret("data: {password: aHVudGVyMg==, user: Ym9i, blob: /v8=}\nstringData: {a: b}")
            ),
            ["low: Secret n/s is a plain manifest with values: password, blob and a"]
        );
    }

    #[test]
    fn encrypted_templated_public_and_empty_are_fine() {
        for rest in [
            "data: {}",
            "data: {password: ''}\nstringData:",
            "stringData: {password: '{{ .Values.password }}', token: '${TOKEN}', x: <x>}",
            "data: {password: Y2hhbmdlbWU=}",
            "stringData: {password: 'ENC[AES256_GCM,data:a,type:str]'}\nsops: {mac: x}",
            "type: helm.sh/release.v1\ndata: {release: SDRzSUFBQUFBQUFDLw==}",
            "stringData: {username: bob, port: '5432', host: db.prod}",
            "stringData: {amqp-url: 'amqp://mq.prod:5672', ssh-publickey: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5}",
            "stringData:\n  cloud: |\n    [default]\n    aws_access_key_id=<ID>\n    aws_secret_access_key=<KEY>",
            "stringData:\n  grafana.ini: |\n    [date_formats]\n    default_timezone = UTC",
            "stringData: {url: 'postgres://app:<password>@db/app'}",
            "data: {ca.pem: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==}",
        ] {
            assert_eq!(seen(&PlainSecretManifest, &secret(rest)), [""; 0], "{rest}");
        }
    }

    #[test]
    fn files_and_urls_are_looked_into() {
        for rest in [
            "stringData:\n  age.agekey: |\n    # created: today\n    MADE-UP-KEY",
            "stringData:\n  cloud: |\n    [default]\n    aws_access_key_id=<ID>\n    aws_secret_access_key=made-up",
            "stringData: {db-url: 'postgres://bob:made-up@db/x'}",
        ] {
            assert_eq!(seen(&PlainSecretManifest, &secret(rest)).len(), 1, "{rest}");
        }
    }

    #[test]
    fn items_of_a_typed_list_count() {
        let text = "apiVersion: v1\nkind: SecretList\nitems:\n- metadata: {name: s}\n  stringData: {p: hunter2}\n";
        assert_eq!(seen(&PlainSecretManifest, text), ["low: Secret s is a plain manifest with values: p"]);
    }
}
