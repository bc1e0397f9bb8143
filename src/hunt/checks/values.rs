//! What a value is at a glance: a literal, or something that stands for one.
//!
//! Coarser than the judge of credentials on purpose: a check that only needs to know whether anything lies here must
//! not weigh entropy, and where it doubts it says "not a literal".

use crate::manifest::Node;

/// Beginnings of references to a store that holds the value.
const REFERENCES: [&str; 16] = [
    "$(",
    "${",
    "$__",
    "%{",
    "<",
    "AQICAH",
    "ENC[",
    "arn:",
    "awssm:",
    "gcpsm:",
    "gsm:",
    "op://",
    "projects/",
    "ref+",
    "secretref",
    "vault:",
];

/// Words that people write where a value shall come later.
const PLACEHOLDERS: [&str; 19] = [
    "changeit",
    "changeme",
    "change-me",
    "change_me",
    "dummy",
    "example",
    "fixme",
    "fillme",
    "insert",
    "none",
    "null",
    "placeholder",
    "redacted",
    "removed",
    "replace",
    "setme",
    "tbd",
    "todo",
    "your",
];

/// The value of a scalar when it is a literal: not empty, not templated, not a reference, not a placeholder.
pub(super) fn literal(node: Node<'_>) -> Option<&str> {
    node.as_str().map(str::trim).filter(|text| is_literal(text))
}

/// Whether a value is a literal.
pub(super) fn is_literal(text: &str) -> bool {
    !text.is_empty() && !is_templated(text) && !is_reference(text) && !is_placeholder(text)
}

/// Whether something else puts a value in its place: a template, or a store.
pub(super) fn is_filled_in(text: &str) -> bool {
    is_templated(text) || is_reference(text)
}

/// Whether a template fills the value in. A run of underscores is what masking leaves of an action.
fn is_templated(text: &str) -> bool {
    ["{{", "{%", "_____"].iter().any(|mark| text.contains(mark))
}

fn is_reference(text: &str) -> bool {
    // Only a variable alone is a reference: `$ecret` may be a password, `$DB_PASSWORD` is none.
    let shell = text.strip_prefix('$').is_some_and(|name| {
        name.len() > 1 && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
    });
    shell
        || REFERENCES.iter().any(|start| {
            text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
                && (!start.starts_with('<') || text.ends_with('>'))
        })
}

fn is_placeholder(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let filler = |c: char| matches!(c, 'x' | '*' | '.' | '-' | '_' | '?' | '#' | '0');
    lower.chars().all(filler) || PLACEHOLDERS.iter().any(|word| lower.starts_with(word))
}

/// Whether a value is a boolean, a number or a duration: a setting, whatever its name says.
pub(super) fn is_setting(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "true" | "false" | "yes" | "no" | "on" | "off")
        || (text.starts_with(|c: char| c.is_ascii_digit())
            && text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse::<f64>().is_ok()
            && text.chars().filter(char::is_ascii_alphabetic).count() <= 2)
}

/// Labels of PEM blocks that are for everybody.
const PUBLIC_LABELS: [&str; 6] =
    ["CERTIFICATE-", "DH PARAMETERS-", "PUBLIC KEY-", "RSA PUBLIC KEY-", "TRUSTED CERTIFICATE-", "X509 CRL-"];

/// Whether a value holds certificates or public keys and nothing else.
pub(super) fn is_public(text: &str) -> bool {
    let ssh = ["ssh-ed25519 ", "ssh-rsa ", "ecdsa-sha2-"].iter().any(|start| text.starts_with(start));
    let mut blocks = text.split("-----BEGIN ").skip(1).peekable();
    let pem = blocks.peek().is_some() && blocks.all(|block| PUBLIC_LABELS.iter().any(|label| block.starts_with(label)));
    ssh || pem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_what_stands_for_them() {
        for text in ["hunter2", "S3cr3t!Tok", "pa$$word", "$ecret", "<3cats", "x9x"] {
            assert!(is_literal(text), "{text}");
        }
        for text in [
            "",
            "{{ .Values.p }}",
            "________",
            "${P}",
            "$(P)",
            "$DB_PASSWORD",
            "<path:a#b>",
            "vault:a",
            "changeme",
            "xxxx",
            "REPLACE_ME",
        ] {
            assert!(!is_literal(text), "{text}");
        }
    }

    #[test]
    fn settings_and_public_keys() {
        for text in ["true", "Off", "3600", "1.5", "30s", "500ms"] {
            assert!(is_setting(text), "{text}");
        }
        assert!(!is_setting("8charpwd") && !is_setting("hunter2"));
        assert!(is_public("-----BEGIN CERTIFICATE-----\nx\n"));
        assert!(!is_public("-----BEGIN CERTIFICATE-----\nx\n-----BEGIN PRIVATE KEY-----\n") && !is_public("x"));
    }
}
