//! Weighs a value under a name: is it a credential, and how sure are we?

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::model::{Confidence, Severity};

use super::habitat::Habitat;
use super::keyboard::is_walked;
use super::names::{Kind, classify, is_some_key, normalise, trails};
use super::value::{
    Strength, fallback, fits, harmless, is_code, is_default, is_harmless_inside, is_mail_address, is_name, is_random,
    is_uuid, mixes_classes, strength,
};

/// What the judge needs to know of the place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circumstances {
    /// How values are written here.
    pub habitat: Habitat,
    /// Whether the file is a sample or a test.
    pub sample: bool,
    /// Whether the value is a string literal.
    pub quoted: bool,
    /// How sure we are that a value is in use as it stands, even one that asks to be changed; none in files.
    pub in_use: Option<Confidence>,
}

/// The judge's word on a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Judgement<'v> {
    /// What it is; an `Authorization` value may turn out to be a token.
    pub kind: Kind,
    /// The secret part of the value.
    pub secret: &'v str,
    /// How sure.
    pub confidence: Confidence,
    /// The rule's severity, or less for weak literals and samples.
    pub severity: Severity,
    /// Whether it is a sample or default that runs.
    pub default: bool,
}

impl Judgement<'_> {
    /// Where the secret lies in the value that was judged.
    pub(super) fn place_in(&self, value: &str) -> Range<usize> {
        let start = self.secret.as_ptr() as usize - value.as_ptr() as usize;
        start..start + self.secret.len()
    }
}

/// What a name and its value say together: that of a credential, or of some key whose value was made to be guarded. Only
/// configuration is believed so much, and nothing in it that is a sample.
#[must_use]
pub(super) fn kind_of(name: &str, value: &str, habitat: Habitat, sample: bool) -> Option<Kind> {
    let guessed = || habitat == Habitat::Config && !sample && is_some_key(name) && is_random(value);
    classify(name).or_else(|| guessed().then_some(Kind::Secret))
}

/// Judges a value whose name promises a credential.
#[must_use]
pub(super) fn judge<'v>(kind: Kind, name: &str, value: &'v str, at: Circumstances) -> Option<Judgement<'v>> {
    if let Some(literal) = fallback(value) {
        return judge(kind, name, literal, Circumstances { quoted: true, in_use: None, ..at });
    }
    // OpenSSL and libguestfs are told where a password comes from: `-pass pass:literal`.
    let stated = ["pass:", "password:"].iter().find_map(|source| value.strip_prefix(source));
    if let Some(literal) = stated.filter(|_| kind == Kind::Password) {
        return judge(kind, name, literal, Circumstances { quoted: true, ..at });
    }
    if let Some(confidence) = at.in_use.filter(|_| kind == Kind::Password && at.habitat == Habitat::Config)
        && is_default(value)
    {
        return Some(Judgement { kind, secret: value, confidence, severity: Severity::Medium, default: true });
    }
    let headed = kind == Kind::Authorization || kind != Kind::Password && has_scheme(value);
    let (kind, secret) = if headed { header(name, value)? } else { (kind, value) };
    let known_uuid =
        at.habitat == Habitat::Config && is_uuid(secret) && (name.ends_with("client_secret") || name.contains("auth"));
    // `signingkey = releases@example.org`: whose key it is.
    let owner = kind != Kind::Password && is_mail_address(secret);
    if (harmless(secret).is_some() && !known_uuid)
        || owner
        || !fits_or_header(kind, name, secret)
        || repeats_name(name, secret, at.habitat)
    {
        return None;
    }
    // `passwordHelper: keychain`: two words for people, of which neither says that this is the password.
    if kind == Kind::Password && trails(name) && is_name(secret) && !secret.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    if is_harmless_inside(secret) || (!at.quoted && is_expression(secret)) {
        return None;
    }
    let strength = strength(secret);
    if name == "bearer" && strength < Strength::Strong {
        return None;
    }
    let confidence = match at.habitat {
        Habitat::Generated => return None,
        // Rego, Lua and the like in block scalars: an expression is no literal.
        Habitat::Config if !at.quoted && kind != Kind::Password && is_code(secret) && !is_walked(secret) => {
            return None;
        }
        Habitat::Config if at.sample && strength == Strength::Weak && !at.quoted && secret.contains(' ') => {
            return None;
        }
        Habitat::Config => match strength {
            // What it opens is not known.
            Strength::Strong if is_some_key(name) => Confidence::Medium,
            Strength::Strong => Confidence::High,
            Strength::Fair => Confidence::Medium,
            Strength::Weak => Confidence::Low,
        },
        Habitat::Code => in_code(kind, secret, strength, at)?,
        Habitat::Prose => in_prose(kind, secret, strength, at)?,
    };
    let severity = match (at.sample && at.habitat != Habitat::Config, strength) {
        (true, _) => Severity::Low,
        // Manifests of tests and examples are applied too, but rarely where it matters.
        (false, _) if at.sample => Severity::Medium,
        (false, Strength::Weak) => Severity::Medium,
        // A comment or a page of documentation is not what runs.
        (false, _) if at.habitat == Habitat::Prose => Severity::Medium,
        (false, _) => Severity::High,
    };
    Some(Judgement { kind, secret, confidence, severity, default: false })
}

/// Programs inside configuration: a call is no literal, nor is a variable that is named after what it holds.
fn is_expression(secret: &str) -> bool {
    let statement = secret;
    let secret = secret.strip_suffix(';').unwrap_or(secret);
    let callee = |before: &str| {
        let name = before.rsplit(|c: char| !c.is_ascii_alphanumeric() && !"._".contains(c)).next().unwrap_or("");
        let plain = !name.contains(|c: char| c.is_ascii_digit()) || name.contains('.');
        name.len() >= 4 && plain && name.len() == before.len()
    };
    let call = secret.split_once('(').is_some_and(|(before, rest)| {
        callee(before) || rest.is_empty() || rest.ends_with(')') || rest.starts_with(['"', '\''])
    });
    // `pwd: mcPassword,` and `$config['pass'],`: an argument or the end of a statement.
    let name = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_' || b == b'.');
    let passed = statement.strip_suffix([',', ';']).is_some_and(name)
        || secret.starts_with('$') && (secret.contains("['") || secret.contains("[\"") || statement.ends_with(';'))
        || [".Values.", ".Release.", ".Files."].iter().any(|start| secret.starts_with(start));
    if passed {
        return true;
    }
    let unbalanced = secret.starts_with(['(', ')', '|'])
        || [('(', ')'), ('[', ']'), ('{', '}')]
            .iter()
            .any(|&(open, close)| secret.ends_with(close) && !secret.contains(open));
    if unbalanced || secret.ends_with('|') {
        return true;
    }
    let variable = secret.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') && secret.ends_with("_password");
    call || variable
}

/// Programs are full of words under credential names; only literals that nobody would write as a word count.
fn in_code(kind: Kind, secret: &str, strength: Strength, at: Circumstances) -> Option<Confidence> {
    if !at.quoted || secret.contains(char::is_whitespace) {
        return None;
    }
    let digit = secret.bytes().any(|b| b.is_ascii_digit());
    match strength {
        Strength::Strong if !is_code(secret) => Some(if at.sample { Confidence::Low } else { Confidence::High }),
        Strength::Fair
            if kind == Kind::Password
                && !is_code(secret)
                && (digit || is_mixed(secret) || secret.bytes().all(|b| b.is_ascii_alphabetic())) =>
        {
            Some(if at.sample { Confidence::Low } else { Confidence::Medium })
        }
        Strength::Fair if !at.sample && !is_code(secret) && digit && secret.len() >= 12 => Some(Confidence::Low),
        Strength::Weak if kind == Kind::Password && digit && secret.len() >= 6 && !is_label(secret) => {
            Some(Confidence::Low)
        }
        _ => None,
    }
}

/// Identifiers and paths with a digit somewhere; `winter-2016` is none.
fn is_label(secret: &str) -> bool {
    let year = secret.len() > 4 && secret.as_bytes()[secret.len() - 4..].iter().all(u8::is_ascii_digit);
    secret.contains(['_', '.', ' ', '/', '(']) || (secret.contains('-') && !year)
}

/// Letters of both cases and a sign: nobody writes a word so.
fn is_mixed(secret: &str) -> bool {
    secret.bytes().any(|b| b.is_ascii_uppercase())
        && secret.bytes().any(|b| b.is_ascii_lowercase())
        && secret.bytes().any(|b| b.is_ascii_punctuation())
}

fn in_prose(kind: Kind, secret: &str, strength: Strength, at: Circumstances) -> Option<Confidence> {
    if secret.contains(char::is_whitespace) || is_code(secret) || is_name(secret) {
        return None;
    }
    let digit = secret.bytes().any(|b| b.is_ascii_digit());
    match strength {
        Strength::Strong => Some(if at.sample { Confidence::Low } else { Confidence::Medium }),
        Strength::Fair if kind == Kind::Password && (digit || is_mixed(secret)) && !at.sample && at.quoted => {
            Some(Confidence::Low)
        }
        // Logs and notes put no quotes around what a generator gave.
        Strength::Fair if kind == Kind::Password && !at.sample && secret.len() >= 10 && mixes_classes(secret) => {
            Some(Confidence::Low)
        }
        _ => None,
    }
}

fn fits_or_header(kind: Kind, name: &str, secret: &str) -> bool {
    kind == Kind::Authorization || fits(kind, name, secret)
}

/// `password: password` deploys; `"password": "Password"` and `PASSWORD = "password"` label something.
fn repeats_name(name: &str, secret: &str, habitat: Habitat) -> bool {
    let word = normalise(secret);
    // A label in some language: `Passwort`, `Password-Feld`.
    let label = secret.starts_with(|c: char| c.is_uppercase())
        && secret.to_ascii_lowercase().starts_with("passw")
        && !secret.bytes().any(|b| b.is_ascii_digit());
    if label {
        return true;
    }
    let lower = secret.to_ascii_lowercase();
    let names_itself = ["password", "passwd", "secret", "token"].iter().any(|word| lower.contains(word));
    if habitat == Habitat::Prose && names_itself {
        return true;
    }
    if habitat != Habitat::Config && names_itself && !secret.bytes().any(|b| b.is_ascii_digit()) {
        return true;
    }
    // Actions of a service by their own names: `"CreateAccessKey": "iam:CreateAccessKey"`.
    let action = secret.split_once(':').is_some_and(|(_, action)| !action.is_empty() && normalise(action) == name);
    if action {
        return true;
    }
    let same = !word.is_empty()
        && (word == name || name.ends_with(&format!("_{word}")) || word.replace('_', "") == name.replace('_', ""));
    same && (habitat != Habitat::Config || secret.starts_with(|c: char| c.is_ascii_uppercase()) || word != "password")
}

/// Whether a token is written with the scheme that goes before it in a header: `token = "Bearer …"`.
fn has_scheme(value: &str) -> bool {
    value.split_once(' ').is_some_and(|(scheme, rest)| {
        ["basic", "bearer", "token"].contains(&scheme.to_ascii_lowercase().as_str())
            && !rest.is_empty()
            && !rest.contains(char::is_whitespace)
    })
}

/// The credential of an `Authorization` value (RFC 9110, 11.6.2).
fn header<'v>(name: &str, value: &'v str) -> Option<(Kind, &'v str)> {
    let value = value.trim();
    let Some((scheme, rest)) = value.split_once(' ') else {
        if let Some((user, password)) = value.split_once(':') {
            let pair = !user.is_empty() && !user.contains('/') && strength(password) >= Strength::Fair;
            return pair.then_some((Kind::Authorization, password));
        }
        let kind = if name.ends_with("auth") { Kind::Password } else { Kind::Token };
        return (strength(value) >= Strength::Strong).then_some((kind, value));
    };
    let rest = rest.trim();
    match scheme.to_ascii_lowercase().as_str() {
        "basic" => {
            let decoded = STANDARD.decode(rest).ok().and_then(|bytes| String::from_utf8(bytes).ok())?;
            let (_, password) = decoded.split_once(':')?;
            (!password.is_empty() && harmless(password).is_none()).then_some((Kind::Authorization, rest))
        }
        "bearer" | "token" | "apikey" | "api-key" | "key" | "splunk" | "genietoken" | "genie" => {
            Some((Kind::Token, rest))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(kind: Kind, name: &str, value: &str) -> Option<Confidence> {
        let at = Circumstances { habitat: Habitat::Config, sample: false, quoted: true, in_use: None };
        judge(kind, name, value, at).map(|judgement| judgement.confidence)
    }

    fn code(kind: Kind, name: &str, value: &str) -> Option<Confidence> {
        let at = Circumstances { habitat: Habitat::Code, sample: false, quoted: true, in_use: None };
        judge(kind, name, value, at).map(|judgement| judgement.confidence)
    }

    #[test]
    fn configuration() {
        assert_eq!(config(Kind::Password, "password", "admin123"), Some(Confidence::Low));
        assert_eq!(config(Kind::Password, "password", "hunter2"), Some(Confidence::Low));
        assert_eq!(config(Kind::Token, "token", "k8Jd93kFls02KdlsP"), Some(Confidence::High));
        assert_eq!(config(Kind::Secret, "secret", "db-credentials"), None);
        assert_eq!(config(Kind::Secret, "secret", "zxcvbnmasdfghjklqwertyuiop"), Some(Confidence::Low));
        assert_eq!(config(Kind::Password, "password", "${DB}"), None);
        assert_eq!(config(Kind::Password, "pass", "pass:hunter2"), Some(Confidence::Low));
        assert_eq!(config(Kind::Password, "pass", "pass:${DB}"), None);
        assert_eq!(config(Kind::Secret, "signingkey", "releases@shop.example.net"), None);
        assert_eq!(config(Kind::Password, "password", "Password"), None);
        assert_eq!(config(Kind::ApiKey, "create_access_key", "iam:CreateAccessKey"), None);
        assert_eq!(config(Kind::Secret, "client_secret", &STANDARD.encode("dex-client-secret")), Some(Confidence::Low));
        assert_eq!(config(Kind::Secret, "client_secret", &STANDARD.encode("dex-changeme")), None);
    }

    #[test]
    fn some_key() {
        let key = "3bKyNY9HFE97WNQu456N/Gn6uN/Pe7uTupbIDAnMOKU=";
        assert_eq!(kind_of("dns_key", key, Habitat::Config, false), Some(Kind::Secret));
        assert_eq!(config(Kind::Secret, "dns_key", key), Some(Confidence::Medium));
        assert_eq!(kind_of("dns_key", "backups/2024/Dump", Habitat::Config, false), None);
        assert_eq!(kind_of("dns_key", key, Habitat::Code, false), None);
        assert_eq!(kind_of("dns_key", key, Habitat::Config, true), None);
        assert_eq!(kind_of("api_key", "x", Habitat::Code, true), Some(Kind::ApiKey));
    }

    #[test]
    fn programs() {
        assert_eq!(code(Kind::Password, "password_field", "passwordField"), None);
        assert_eq!(code(Kind::Token, "token", "access_token"), None);
        assert_eq!(code(Kind::Password, "db_password", "S3cr3t!pass"), Some(Confidence::Medium));
        assert_eq!(code(Kind::Token, "token", "Bearer k8Jd93kFls02KdlsP"), Some(Confidence::High));
        assert_eq!(code(Kind::Token, "token", "Bearer token"), None);
    }

    #[test]
    fn headers() {
        let basic = format!("Basic {}", STANDARD.encode("admin:hunter2"));
        assert_eq!(config(Kind::Authorization, "authorization", &basic), Some(Confidence::High));
        let empty = format!("Basic {}", STANDARD.encode("admin:"));
        assert_eq!(config(Kind::Authorization, "authorization", &empty), None);
        assert_eq!(config(Kind::Authorization, "authorization", "Bearer ${TOKEN}"), None);
    }
}
