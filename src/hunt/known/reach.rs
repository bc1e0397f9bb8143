//! Which values of Secrets say, where they stand elsewhere, that a Secret was copied there.

use crate::hunt::names::{Kind, classify, is_companion, normalise};
use crate::hunt::value::{Strength, fits, harmless, is_known_shape, is_name, is_uuid, strength};

use super::{ANCHOR, LONGEST, SHORTEST};

/// How a value may be recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::hunt) enum Reach {
    /// As a whole scalar only: in a longer text it could be there by accident, or it is too long to be looked for.
    Whole,
    /// In longer texts too.
    Within,
}

/// Whether a Secret's value, found elsewhere, says that the Secret was copied there; none if it could be there anyway.
///
/// The judge asks whether a value under a name is a credential. Here that is not enough: `postgres` is the password of
/// many databases, and a scalar `postgres` is not.
#[must_use]
pub(super) fn reach(key: &str, value: &str) -> Option<Reach> {
    if value.len() < SHORTEST {
        return None;
    }
    let by_length = if (ANCHOR..=LONGEST).contains(&value.len()) { Reach::Within } else { Reach::Whole };
    let leaf = normalise(key);
    let kind = classify(&leaf);
    if is_document(value) {
        // Certificates are public, whatever their name; in a file of certificates and a key the key counts.
        let (pem, private) = (value.contains("-----BEGIN "), value.contains("PRIVATE KEY"));
        let by_name = || kind.is_some() || !is_companion(&leaf) && has_strong_word(value);
        return (private || carries_credential(value) || !pem && by_name()).then_some(by_length);
    }
    // `DATABASE_URL` is named after a place and holds a password.
    if carries_credential(value) {
        return Some(by_length);
    }
    if is_uuid(value) {
        return kind.map(|_| by_length);
    }
    let number = value.bytes().all(|b| b.is_ascii_digit() || b"+-._ ".contains(&b));
    if number || harmless(value).is_some() || is_own_name(&leaf, value) {
        return None;
    }
    let Some(kind) = kind else { return unnamed(&leaf, value).then_some(by_length) };
    // `Bearer k8Jd…`: the scheme is no part of what makes it strong.
    let secret = match value.split_once(' ') {
        Some((_, secret)) if kind != Kind::Password => secret,
        _ => value,
    };
    if kind == Kind::Authorization {
        return (strength(secret) >= Strength::Fair && !is_name(secret)).then_some(by_length);
    }
    if !fits(kind, &leaf, secret) {
        return None;
    }
    match strength(secret) {
        Strength::Strong | Strength::Fair => Some(by_length),
        Strength::Weak => is_no_word(value).then_some(Reach::Whole),
    }
}

/// Several lines, or JSON, or PEM.
fn is_document(value: &str) -> bool {
    let json = [('{', '}'), ('[', ']')].iter().any(|&(open, close)| value.starts_with(open) && value.ends_with(close));
    value.contains('\n') || json && value.contains('"') || value.starts_with("-----BEGIN ")
}

/// `password: password`, `token: my_token`.
fn is_own_name(leaf: &str, value: &str) -> bool {
    let word = normalise(value);
    word == leaf || leaf.ends_with(&format!("_{word}")) || word.replace('_', "") == leaf.replace('_', "")
}

/// What a weak password has that words, names and users have not: a digit, a sign, or several words.
fn is_no_word(value: &str) -> bool {
    let sign =
        |b: u8| b.is_ascii_digit() || b.is_ascii_graphic() && !b.is_ascii_alphanumeric() && !b"-_./:".contains(&b);
    value.bytes().any(sign) || value.split_whitespace().count() >= 3
}

/// Whether a value whose name promises nothing is one that nobody would write elsewhere: made by a machine, or letters
/// of both cases and digits run together. `en_US.UTF-8` and `X-Forwarded-For` are neither.
fn unnamed(leaf: &str, value: &str) -> bool {
    if is_companion(leaf) || is_known_shape(value) || is_host(value) || value.contains(char::is_whitespace) {
        return false;
    }
    match strength(value) {
        Strength::Strong => true,
        Strength::Fair => {
            let has = |test: fn(&u8) -> bool| value.as_bytes().iter().any(test);
            has(u8::is_ascii_digit)
                && has(u8::is_ascii_uppercase)
                && has(u8::is_ascii_lowercase)
                && !value.contains(['-', '_', '.', '/', ':', ','])
        }
        Strength::Weak => false,
    }
}

/// A host, with a user before it, or a port, a path or an image's tag after it.
fn is_host(value: &str) -> bool {
    let authority = value.split(['/', ':']).next().unwrap_or(value);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
    };
    let last = host.rsplit('.').next().unwrap_or(host);
    host.contains('.') && host.split('.').all(label) && last.len() >= 2 && last.bytes().all(|b| b.is_ascii_lowercase())
}

/// Whether a text has a URL with a password, or a credential under its name: `password=…`, `"auth": "…"`.
fn carries_credential(text: &str) -> bool {
    // More than names and passwords have, so that a line without an end is not read from each of its signs on.
    const FAR: usize = 128;
    let is_secret = |value: &str| value.len() >= 3 && harmless(value).is_none();
    let url = |at: usize| {
        let rest = head(&text[at + 3..], FAR);
        let authority = rest.split(|c: char| c.is_whitespace() || "/?#\"'".contains(c)).next().unwrap_or("");
        let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
        user.split_once(':').is_some_and(|(_, password)| is_secret(password))
    };
    let pair = |at: usize| {
        let before = tail(&text[..at], FAR).trim_end_matches([' ', '"', '\'', '\\']);
        let name = before.rsplit(|c: char| !c.is_ascii_alphanumeric() && !"_-.".contains(c)).next().unwrap_or("");
        if name.is_empty() || classify(&normalise(name)).is_none() {
            return false;
        }
        let after = head(&text[at + 1..], FAR).trim_start_matches([' ', '"', '\'', '\\', '=']);
        let value = after.split(|c: char| c.is_whitespace() || "\"'\\,;&}".contains(c)).next().unwrap_or("");
        is_secret(value)
    };
    text.match_indices("://").any(|(at, _)| url(at)) || text.match_indices(['=', ':']).any(|(at, _)| pair(at))
}

/// Whether a document has a word that a machine made to be guarded.
fn has_strong_word(text: &str) -> bool {
    let words = text.split(|c: char| c.is_whitespace() || "\"'`,;=:<>(){}[]".contains(c));
    words.into_iter().any(|word| {
        word.len() >= 16 && strength(word) == Strength::Strong && harmless(word).is_none() && !is_host(word)
    })
}

/// The first bytes of a text, to a character's end.
fn head(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The last bytes of a text, from a character's beginning.
fn tail(text: &str, most: usize) -> &str {
    let mut start = text.len().saturating_sub(most);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

#[cfg(test)]
mod tests {
    use crate::hunt::known::{Builder, Place};

    use super::*;

    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQsw\n";

    #[test]
    fn values_that_tell_of_a_copy() {
        let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJl0";
        let long = format!("{{\"password\": \"S3cr3t!pass\", \"list\": \"{}\"}}", "x ".repeat(LONGEST));
        for (key, value, expected) in [
            ("password", "hunter22", Reach::Whole),
            ("password", "admin123", Reach::Whole),
            ("password", "correct horse battery staple", Reach::Whole),
            ("password", "S3cr3t!pass", Reach::Within),
            ("DB_PASS", "Admin123", Reach::Within),
            ("token", jwt, Reach::Within),
            ("anything", jwt, Reach::Within),
            ("anything", "S3cr3tPass", Reach::Within),
            ("client-secret", "6f1c3f0e-8d4e-4f0e-9d0e-1f2a3b4c5d6e", Reach::Within),
            ("Authorization", "Bearer k8Jd93kFls02KdlsP", Reach::Within),
            ("DATABASE_URL", "postgres://app:hunter22@db.example.com/shop", Reach::Within),
            ("dsn", "host=db user=app password=hunter22 dbname=shop port=5432 sslmode=disable x=y", Reach::Within),
            ("all.pem", &format!("{CERTIFICATE}-----BEGIN PRIVATE KEY-----\nMIIE\n"), Reach::Within),
            ("tls.key", "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----\n", Reach::Within),
            (".dockerconfigjson", r#"{"auths":{"ghcr.io":{"auth":"YXBwOlMzY3IzdCFwYXNz"}}}"#, Reach::Within),
            ("application.yaml", "db:\n  password: hunter22\n", Reach::Within),
            ("config", "a: 1\nb: k8Jd93kFls02KdlsPq\n", Reach::Within),
            ("config.json", &long, Reach::Whole),
        ] {
            assert_eq!(reach(key, value), Some(expected), "{key}: {value}");
        }
    }

    #[test]
    fn values_that_may_stand_anywhere() {
        for (key, value) in [
            ("password", "abc12"),
            ("password", "postgres"),
            ("password", "password"),
            ("password", "changeme"),
            ("password", "12345678"),
            ("password", "${DB_PASSWORD}"),
            ("password", "shop-db-password"),
            ("secret", "db-credentials"),
            ("enabled", "true"),
            ("username", "postgres"),
            ("username", "k8Jd93kFls02KdlsP"),
            ("host", "db-1.shop.svc.cluster.local"),
            ("primary", "shop-7.c9akciq32xyz.eu-west-1.rds.amazonaws.com:5432"),
            ("image", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:v1.2"),
            ("url", "https://vault.shop.svc:8200"),
            ("email", "jane.doe42@example.com"),
            ("region", "eu-west-1"),
            ("LANG", "en_US.UTF-8"),
            ("version", "1.2.3-SNAPSHOT"),
            ("header", "X-Forwarded-For"),
            ("mount", "/etc/secrets/db"),
            ("id", "6f1c3f0e-8d4e-4f0e-9d0e-1f2a3b4c5d6e"),
            ("ca.crt", CERTIFICATE),
            ("password", CERTIFICATE),
            ("trust.pem", &format!("# Issuer: CN=Shop\n{CERTIFICATE}")),
            ("namespace", "shop-production-1"),
            ("config.ini", "[server]\nport = 8080\nhost = db-1.shop.svc\n"),
            ("motd", "The password for the database is in the vault."),
        ] {
            assert_eq!(reach(key, value), None, "{key}: {value}");
        }
        let mut builder = Builder::new();
        let own = Place { namespace: "shop9prod", secret: "db-Hk29x!q", key: "password" };
        assert_eq!(builder.add(own, b"shop9prod\n"), None);
        assert_eq!(builder.add(own, b"db-Hk29x!q"), None);
        assert_eq!(builder.add(own, b"S3cr3t\xff!pass"), None);
        assert_eq!(builder.finish().len(), 0);
    }

    #[test]
    fn hostile_values_are_weighed_in_linear_time() {
        for part in [":", "=", "password=", "://a:", "é=", "a:b@", "-----BEGIN ", "\n", "{\"", "x "] {
            let value = part.repeat((1 << 17) / part.len());
            let _ = reach("key", &value);
            let _ = reach("password", &value);
        }
    }
}
