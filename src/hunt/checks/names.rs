//! What a name promises: whether a variable, a key or an annotation is called like a credential.
//!
//! English names put the thing last: `DB_PASSWORD` is a password, `PASSWORD_MIN_LENGTH` is a length and `TOKEN_URL` a
//! URL. So the last words decide, which spares the names that substring searches trip over (`server-tokens`, `*_FILE`).

use crate::hunt::names::{classify, normalise};

/// Last words that say credential, whatever stands before them.
const CREDENTIALS: [&str; 11] = [
    "apikey",
    "apikeys",
    "credential",
    "credentials",
    "passphrase",
    "passwd",
    "password",
    "passwords",
    "pass",
    "pwd",
    "token",
];

/// Last two words that say credential. `access key` alone is not here: many vendors call the user's id so.
const CREDENTIAL_PAIRS: [(&str, &str); 12] = [
    ("access", "token"),
    ("account", "key"),
    ("api", "key"),
    ("api", "keys"),
    ("auth", "key"),
    ("encryption", "key"),
    ("hmac", "key"),
    ("master", "key"),
    ("private", "key"),
    ("secret", "key"),
    ("signing", "key"),
    ("storage", "key"),
];

/// Words before a last `secret` that make it a value. A bare `secret` (`TLS_SECRET`, `pull-secret`) is mostly the
/// name of a Secret.
const SECRET_OF: [&str; 16] = [
    "api",
    "app",
    "application",
    "client",
    "consumer",
    "cookie",
    "hmac",
    "jwt",
    "nextauth",
    "oauth",
    "oauth2",
    "session",
    "shared",
    "signing",
    "turn",
    "webhook",
];

/// Words anywhere in a name that make it a switch, a policy, a thing made public, or a token of another trade
/// (language models, paging).
const OTHERWISE: [&str; 26] = [
    "allow",
    "bos",
    "continue",
    "disable",
    "disabled",
    "enable",
    "enabled",
    "eos",
    "existing",
    "forgot",
    "has",
    "is",
    "max",
    "min",
    "needs",
    "next",
    "pad",
    "page",
    "public",
    "publishable",
    "require",
    "required",
    "reset",
    "show",
    "stop",
    "use",
];

/// Whole names that look like a credential and are the path of one, by their vendors' own documentation.
const PATHS: [&str; 2] = ["GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CREDENTIALS_PATH"];

/// Names of the shell that end in a word of ours.
const SHELL: [&str; 2] = ["PWD", "OLDPWD"];

/// Whether a name says that its value is a credential.
pub(super) fn says_credential(name: &str) -> bool {
    if PATHS.contains(&name) || SHELL.contains(&name) {
        return false;
    }
    let words = words(name);
    if words.iter().any(|word| OTHERWISE.contains(&word.as_str())) {
        return false;
    }
    let Some(last) = words.last() else { return false };
    let before = words.len().checked_sub(2).map_or("", |index| words[index].as_str());
    CREDENTIALS.contains(&last.as_str())
        || ["password", "passwd", "passphrase", "apikey"].iter().any(|ending| last.ends_with(ending))
        || CREDENTIAL_PAIRS.contains(&(before, last.as_str()))
        || (words.len() > 2 && words.ends_with(&["secret".into(), "access".into(), "key".into()]))
        || (last == "secret" && SECRET_OF.contains(&before))
}

/// Whether a variable's name ends in `secret` and a literal under it would count: `SPECIAL_SECRET`. The certificate of a
/// server and the login of a registry are only ever named.
pub(super) fn says_secret(name: &str) -> bool {
    const NAMED: [&str; 10] =
        ["tls", "ssl", "cert", "certificate", "ca", "registry", "pull", "image", "docker", "existing"];
    let words = words(name);
    words.len() > 1
        && words.last().is_some_and(|last| last == "secret")
        && !words.iter().any(|word| NAMED.contains(&word.as_str()) || OTHERWISE.contains(&word.as_str()))
        && classify(&normalise(name)).is_some()
}

/// Whether a name says that its value tells where a credential is, not what it is.
pub(super) fn says_reference(name: &str) -> bool {
    let last = last_word(name);
    last.is_some_and(|last| ["file", "path", "dir", "name", "ref", "url", "uri", "id", "key"].contains(&last.as_str()))
        && !says_credential(name)
}

/// The last word of a name in lower case: what the named thing is.
pub(super) fn last_word(name: &str) -> Option<String> {
    words(name).pop()
}

/// The words of a name in lower case: `dbPassword`, `DB_PASSWORD` and `db-password` are all `db password`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut chars = name.chars().peekable();
    let mut previous = ' ';
    while let Some(c) = chars.next() {
        let next_is_lower = chars.peek().is_some_and(char::is_ascii_lowercase);
        let starts = c.is_ascii_uppercase()
            && (previous.is_ascii_lowercase() || (previous.is_ascii_uppercase() && next_is_lower));
        if starts || !c.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        if let (true, Some(word)) = (c.is_ascii_alphanumeric(), words.last_mut()) {
            word.push(c.to_ascii_lowercase());
        }
        previous = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_decide() {
        for name in [
            "DB_PASSWORD",
            "dbPassword",
            "PGPASSWORD",
            "MYSQL_PWD",
            "redis-pass",
            "TOKEN",
            "GITHUB_TOKEN",
            "apiKey",
            "APIKey",
            "STRIPE_API_KEY",
            "AWS_SECRET_ACCESS_KEY",
            "JWT_SECRET",
            "clientSecret",
            "django.secret-key",
        ] {
            assert!(says_credential(name), "{name}");
        }
    }

    #[test]
    fn other_trades_are_not_credentials() {
        for name in [
            "",
            "PASSWORD_FILE",
            "PASSWORD_MIN_LENGTH",
            "TOKEN_URL",
            "TOKEN_TTL",
            "server-tokens",
            "MAX_TOKENS",
            "EOS_TOKEN",
            "ENABLE_PASSWORD",
            "TLS_SECRET",
            "imagePullSecret",
            "AWS_ACCESS_KEY_ID",
            "PUBLIC_API_KEY",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "PWD",
            "COMPASS",
            "BYPASS",
        ] {
            assert!(!says_credential(name), "{name}");
        }
        assert!(says_reference("REDIS_PASSWORD_FILE") && says_reference("passwordSecretName"));
        assert!(!says_reference("API_KEY"));
    }
}
