//! What the name of a value says about it: `DB_PASSWORD` is a password, `passwordSecretRef` and `tokenExpiry` are not.

/// The kind of credential that a name promises. Each is a rule of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// password, passwd, pwd, passphrase.
    Password,
    /// token, bearer, jwt.
    Token,
    /// api key, access key, app key.
    ApiKey,
    /// client secret, secret key, signing key, encryption key, credentials.
    Secret,
    /// `Authorization` and its kin: a scheme and a credential.
    Authorization,
}

/// Texts of which one is in every name that [`classify`] accepts, for the gate. Two-word names are written out with
/// each separator: `key` alone stands in every other line of YAML.
pub(super) fn keywords() -> impl Iterator<Item = String> {
    let pairs = API_KEY_WORDS
        .iter()
        .chain(&SECRET_KEY_WORDS)
        .flat_map(|first| ["", "_", "-", ".", " "].map(|sign| format!("{first}{sign}key")));
    KEYWORDS.iter().map(|word| (*word).to_owned()).chain(pairs)
}

const KEYWORDS: [&str; 25] = [
    // Of some key, with whatever before it. `Key` alone cannot be told from the keys of maps.
    "_key",
    "-key",
    "passw",
    "passphrase",
    "passcode",
    "pwd",
    "pass",
    "secret",
    "token",
    "cred",
    "authorization",
    "masterauth",
    "userkey",
    "psk",
    "pswd",
    "_pw",
    "bindpw",
    "rootpw",
    "adminpw",
    "bearer",
    "x-auth",
    "_auth",
    "auth=",
    "auth:",
    "auth =",
];

/// Words that end a password's name even when written without a separator: `dbpassword`.
const PASSWORD_ENDINGS: [&str; 6] = ["password", "passwd", "passphrase", "passwort", "passcode", "pwd"];
const PASSWORD_WORDS: [&str; 17] = [
    "pass",
    "pw",
    "pswd",
    "psw",
    "psk",
    "requirepass",
    "masterauth",
    "bindpw",
    "rootpw",
    "adminpw",
    "dbpass",
    "userpass",
    "rootpass",
    "smtppass",
    "storepass",
    "keypass",
    "masteruserpass",
];
/// Words that end in `pass` and have nothing to do with one.
const NOT_PASSWORDS: [&str; 9] =
    ["bypass", "compass", "trespass", "overpass", "underpass", "surpass", "encompass", "passbypass", "renderpass"];
/// Words before `pass` that make it a verb: nginx's `proxy_pass`, or a noun of its own.
const NOT_BEFORE_PASS: [&str; 12] =
    ["proxy", "fastcgi", "uwsgi", "scgi", "grpc", "memcached", "by", "first", "second", "single", "multi", "render"];
/// First words of two-word names that end in `key`.
const API_KEY_WORDS: [&str; 14] = [
    "api",
    "access",
    "app",
    "application",
    "account",
    "subscription",
    "integration",
    "write",
    "ingest",
    "license",
    "rest",
    "admin",
    "service",
    "routing",
];
const SECRET_KEY_WORDS: [&str; 25] = [
    "secret",
    "private",
    "signing",
    "signature",
    "encryption",
    "crypto",
    "encrypt",
    "crypt",
    "master",
    "shared",
    "session",
    "hmac",
    "jwt",
    "cookie",
    "fernet",
    "aes",
    "cipher",
    "auth",
    "decryption",
    "salt",
    "webhook",
    "storage",
    "deploy",
    "ssh",
    "server",
];
/// Words after the credential word that make the name speak of something else.
const NOT_AFTER: &[&str] = &[
    "spec",
    "name",
    "names",
    "ref",
    "refs",
    "file",
    "files",
    "filename",
    "filepath",
    "path",
    "paths",
    "dir",
    "directory",
    "url",
    "urls",
    "uri",
    "endpoint",
    "endpoints",
    "type",
    "types",
    "id",
    "ids",
    "arn",
    "attr",
    "attribute",
    "field",
    "fields",
    "key",
    "keys",
    "length",
    "len",
    "size",
    "bytes",
    "count",
    "policy",
    "policies",
    "expiry",
    "expiration",
    "expires",
    "expire",
    "expired",
    "ttl",
    "timeout",
    "duration",
    "lifetime",
    "age",
    "interval",
    "period",
    "rotation",
    "rotate",
    "enabled",
    "enable",
    "disabled",
    "disable",
    "required",
    "require",
    "min",
    "max",
    "header",
    "headers",
    "param",
    "params",
    "parameter",
    "parameters",
    "prompt",
    "label",
    "labels",
    "placeholder",
    "hint",
    "help",
    "description",
    "desc",
    "title",
    "msg",
    "message",
    "error",
    "errors",
    "regex",
    "regexp",
    "pattern",
    "format",
    "encoding",
    "encryption",
    "encrypted",
    "hash",
    "hashes",
    "hashed",
    "hashing",
    "pbkdf2",
    "bcrypt",
    "scrypt",
    "argon2",
    "argon2id",
    "sha",
    "sha1",
    "sha256",
    "sha512",
    "md5",
    "checksum",
    "digest",
    "algorithm",
    "algo",
    "alg",
    "method",
    "mode",
    "provider",
    "providers",
    "class",
    "manager",
    "store",
    "stores",
    "backend",
    "version",
    "limit",
    "limits",
    "quota",
    "env",
    "envs",
    "var",
    "vars",
    "variable",
    "variables",
    "source",
    "src",
    "from",
    "selector",
    "namespace",
    "ns",
    "mount",
    "mounts",
    "volume",
    "volumes",
    "template",
    "templates",
    "schema",
    "validator",
    "validation",
    "reset",
    "change",
    "changed",
    "strength",
    "protected",
    "protection",
    "based",
    "less",
    "authentication",
    "server",
    "service",
    "host",
    "issuer",
    "audience",
    "scope",
    "scopes",
    "claim",
    "claims",
    "role",
    "rule",
    "rules",
    "handler",
    "controller",
    "reader",
    "writer",
    "list",
    "map",
    "maps",
    "form",
    "page",
    "screen",
    "button",
    "icon",
    "index",
    "idx",
    "pos",
    "char",
    "chars",
    "width",
    "alias",
    "prefix",
    "suffix",
    "separator",
    "delimiter",
    "kind",
    "status",
    "state",
    "valid",
    "checker",
    "check",
    "generator",
    "cmd",
    "command",
    "script",
    "hook",
    "callback",
    "func",
    "function",
    "fn",
    "login",
    "update",
    "create",
    "delete",
    "request",
    "response",
    "exchange",
    "grant",
    "flow",
    "cache",
    "bucket",
    "table",
    "column",
    "row",
    "query",
    "user",
    "username",
    "email",
    "group",
    "groups",
    "owner",
    "review",
    "reviews",
    "usage",
    "uses",
    "budget",
    "property",
    "properties",
    "attribute",
    "placeholders",
    "text",
    "input",
    "properly",
    "location",
    "fingerprint",
    "thumbprint",
    "sync",
    "syncer",
    "engine",
    "engines",
    "annotation",
    "annotations",
    "resource",
    "resources",
    "transform",
    "iam",
    "ids1",
    "grace",
    "leeway",
    "stream",
    "cost",
    "price",
    "rate",
    "per",
    "exists",
    "exist",
    "missing",
    "invalid",
    "strategy",
    "characters",
    "requirements",
    "encoder",
    "encoders",
    "hasher",
    "hashers",
    "filter",
    "filters",
    "plugin",
    "factory",
    "converter",
    "decoder",
    "authenticator",
    "stdin",
    "mtime",
    "time",
    "date",
    "at",
    "timestamp",
    "created",
    "updated",
    "lookup",
    "minlength",
    "maxlength",
    "maxage",
    "number",
    "num",
    "support",
    "supported",
    "audit",
    "alert",
    "alerts",
    "metric",
    "metrics",
    "total",
    "failures",
    "failure",
    "wrong",
    "incorrect",
    "ok",
    "success",
    "failed",
    "forgotten",
    "sdk",
    "address",
    "accessor",
    "stacking",
    "args",
    "complexity",
    "history",
    "reuse",
    "lockout",
    "manage",
    "management",
    "rotator",
    "driver",
    "csi",
    "logging",
    "log",
    "logs",
    "renewal",
    "refresh",
    "projection",
    "binding",
    "getter",
    "object",
    "objects",
    "only",
    "connector",
    "connectors",
    "adapter",
    "adapters",
    "resolver",
    "resolvers",
    "grants",
    "flows",
    "handlers",
    "controllers",
    "module",
    "modules",
    "middleware",
    "extension",
    "protocol",
    "scheme",
    "realm",
    "mapper",
    "mappers",
    "validators",
    "verifier",
    "interceptor",
    "listener",
    "repository",
    "users",
    "validity",
    "magic",
    "image",
];
/// Words before the credential word that make the name speak of something else.
const NOT_BEFORE: &[&str] = &[
    "existing",
    "has",
    "is",
    "use",
    "uses",
    "using",
    "show",
    "hide",
    "forgot",
    "forget",
    "reset",
    "change",
    "enable",
    "enabled",
    "disable",
    "disabled",
    "requires",
    "required",
    "allow",
    "allowed",
    "no",
    "public",
    "csrf",
    "authenticity",
    "xsrf",
    "next",
    "page",
    "continuation",
    "sync",
    "pad",
    "eos",
    "bos",
    "unk",
    "mask",
    "sep",
    "cls",
    "pull",
    "min",
    "max",
    "num",
    "validate",
    "verify",
    "generate",
    "rotate",
    "invalid",
    "expired",
    "missing",
    "wrong",
    "bad",
    "encrypted",
    "hashed",
    "sealed",
    "automount",
    "per",
    "without",
    "non",
    "ignore",
    "skip",
    "strong",
    "weak",
    "update",
    "total",
    "completion",
    "prompt",
    "shift",
    "idempotency",
    "checksum",
    "sha256",
    "md5",
    "digest",
];

/// Words of names that end in `key` and mean one that is shown to everybody, or one of a map, table or object.
const NOT_BEFORE_KEY: [&str; 62] = [
    "pub",
    "publishable",
    "site",
    "anon",
    "project",
    "search",
    "host",
    "known",
    "authorized",
    "ca",
    "cert",
    "certificate",
    "gpg",
    "pgp",
    "apt",
    "repo",
    "kms",
    "cache",
    "sort",
    "partition",
    "primary",
    "foreign",
    "unique",
    "index",
    "hash",
    "map",
    "row",
    "record",
    "object",
    "s3",
    "bucket",
    "file",
    "path",
    "shard",
    "sharding",
    "group",
    "grouping",
    "routing",
    "dedup",
    "deduplication",
    "event",
    "trace",
    "tracking",
    "field",
    "join",
    "lookup",
    "label",
    "annotation",
    "topology",
    "config",
    "setting",
    "feature",
    "message",
    "translation",
    "document",
    "item",
    "state",
    "name",
    "env",
    "variable",
    "lock",
    "secret",
];

/// Splits a name into lower-case words: `dbPassword`, `DB_PASSWORD` and `db.password` are all `db_password`.
#[must_use]
pub(super) fn normalise(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    normalise_onto(&mut out, name);
    out
}

/// Appends a normalised name to others, as a word of its own.
pub(super) fn normalise_onto(out: &mut String, name: &str) {
    let separate = |out: &mut String| {
        if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
    };
    separate(out);
    // Bytes of longer characters are no letters or digits, and one separator stands for any number of them.
    let bytes = name.as_bytes();
    let mut previous = b'_';
    for (at, &byte) in bytes.iter().enumerate() {
        if byte.is_ascii_alphanumeric() {
            let next_is_lower = || bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase);
            let starts_word = byte.is_ascii_uppercase()
                && (previous.is_ascii_lowercase()
                    || previous.is_ascii_digit()
                    || (previous.is_ascii_uppercase() && next_is_lower()));
            if starts_word {
                separate(out);
            }
            out.push(byte.to_ascii_lowercase().into());
        } else {
            separate(out);
        }
        previous = byte;
    }
    while out.ends_with('_') {
        out.pop();
    }
}

/// The part of a key that names the value: `ingress.example.com/auth-token` is an `auth-token`, and its domain may
/// be called whatever it likes.
#[must_use]
pub(super) fn unqualified(key: &str) -> &str {
    match key.split_once('/') {
        Some((domain, name)) if domain.contains('.') => name,
        _ => key,
    }
}

/// Words at the end of a name that say what it means. What has more is a sentence.
const MOST_WORDS: usize = 16;

/// The last words of a normalised name, in order.
fn last_words<'n, 'w>(normalised: &'n str, words: &'w mut [&'n str; MOST_WORDS]) -> &'w [&'n str] {
    let mut first = MOST_WORDS;
    for word in normalised.rsplit('_').take(MOST_WORDS) {
        first -= 1;
        words[first] = word;
    }
    &words[first..]
}

/// What kind of credential a normalised name promises, if any.
#[must_use]
pub(super) fn classify(normalised: &str) -> Option<Kind> {
    let mut words = [""; MOST_WORDS];
    let words = last_words(normalised, &mut words);
    let (at, kind) = (0..words.len()).rev().find_map(|at| Some((at, kind_at(words, at)?)))?;
    // Vault's development server takes its root token as `VAULT_DEV_ROOT_TOKEN_ID`.
    if kind == Kind::Token && words[..=at].ends_with(&["root", "token"]) && words[at + 1..] == ["id"] {
        return Some(kind);
    }
    let before_end = if words[at] == "key" { at.saturating_sub(1) } else { at };
    let denied = words[at + 1..].iter().any(|word| NOT_AFTER.contains(word))
        || words[..before_end].iter().any(|word| NOT_BEFORE.contains(word));
    (!denied).then_some(kind)
}

/// Whether a name says that its value is the key of something, but of nothing that is known to have a secret one:
/// `gossip_key`, `external_dns_key`. Only the value can tell whether it is one to guard.
#[must_use]
pub(super) fn is_some_key(normalised: &str) -> bool {
    let Some((before, "key")) = normalised.rsplit_once('_') else { return false };
    let of_another = |word: &str| {
        let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
        NOT_BEFORE.contains(&word) || NOT_BEFORE_KEY.contains(&word)
    };
    !before.split('_').any(of_another) && classify(normalised).is_none()
}

/// Whether the name of a credential goes on with words that are no place or time of it: `password_helper`, and not
/// `password_prod`.
#[must_use]
pub(super) fn trails(normalised: &str) -> bool {
    const OF: [&str; 26] = [
        "prod",
        "production",
        "dev",
        "development",
        "staging",
        "stage",
        "stg",
        "test",
        "qa",
        "uat",
        "local",
        "old",
        "new",
        "db",
        "root",
        "admin",
        "default",
        "master",
        "main",
        "primary",
        "secondary",
        "replica",
        "plain",
        "value",
        "app",
        "again",
    ];
    let words: Vec<&str> = normalised.split('_').collect();
    let after = (0..words.len()).rev().find(|&at| kind_at(&words, at).is_some()).map_or(words.len(), |at| at + 1);
    words[after..].iter().any(|word| !OF.contains(word) && !word.bytes().all(|b| b.is_ascii_digit()))
}

fn kind_at(words: &[&str], at: usize) -> Option<Kind> {
    let word = words[at].trim_end_matches(|c: char| c.is_ascii_digit());
    // `NOPASSWD`, `nopass`: without one.
    if word.strip_prefix("no").is_some_and(|rest| rest == "pass" || PASSWORD_ENDINGS.contains(&rest)) {
        return None;
    }
    // The product.
    if word == "password" && at > 0 && matches!(words[at - 1], "one" | "1")
        || word == "1password"
        || word == "onepassword"
    {
        return None;
    }
    if word == "pass" && at > 0 && NOT_BEFORE_PASS.contains(&words[at - 1]) {
        return None;
    }
    let ends_in_pass = word.len() > 5 && word.ends_with("pass") && !NOT_PASSWORDS.contains(&word);
    if ends_in_pass || PASSWORD_WORDS.contains(&word) || PASSWORD_ENDINGS.iter().any(|ending| word.ends_with(ending)) {
        return Some(Kind::Password);
    }
    match word {
        "token" | "bearer" | "jwt" | "pat" if word != "pat" || at > 0 => return Some(Kind::Token),
        "secret" | "credential" | "credentials" | "creds" | "secretkey" | "privatekey" | "signingkey"
        | "encryptionkey" => {
            return Some(Kind::Secret);
        }
        "apikey" | "accesskey" | "appkey" | "authkey" | "accountkey" => return Some(Kind::ApiKey),
        "authorization" => return Some(Kind::Authorization),
        "auth" if at + 1 == words.len() => {
            return Some(Kind::Authorization);
        }
        "key" if at > 0 => {
            if API_KEY_WORDS.contains(&words[at - 1]) {
                return Some(Kind::ApiKey);
            }
            if SECRET_KEY_WORDS.contains(&words[at - 1]) {
                return Some(Kind::Secret);
            }
        }
        _ => {}
    }
    // `csrfmiddlewaretoken` is of one page and one visitor.
    if word.len() > 5 && word.ends_with("token") && !word.starts_with("csrf") && !word.starts_with("xsrf") {
        return Some(Kind::Token);
    }
    if word.ends_with("secret") {
        return Some(Kind::Secret);
    }
    // `restuserkey` is the password of GlusterFS' REST service in a StorageClass.
    let run_together = ["apikey", "accesskey", "secretkey", "authkey", "userkey"];
    run_together.iter().any(|ending| word.ends_with(ending)).then_some(Kind::ApiKey)
}

/// Names of things that stand beside secrets and are none: user names, hosts, public certificates.
#[must_use]
pub(super) fn is_companion(normalised: &str) -> bool {
    const COMPANIONS: &[&str] = &[
        "user",
        "username",
        "usr",
        "login",
        "email",
        "mail",
        "host",
        "hostname",
        "server",
        "port",
        "url",
        "uri",
        "endpoint",
        "address",
        "addr",
        "database",
        "dbname",
        "db",
        "name",
        "namespace",
        "region",
        "zone",
        "bucket",
        "id",
        "type",
        "kind",
        "ca",
        "crt",
        "cert",
        "certificate",
        "pub",
        "public",
        "issuer",
        "domain",
        "realm",
        "schema",
        "scheme",
        "protocol",
        "mode",
        "enabled",
        "description",
        "expiration",
        "path",
        "file",
        "version",
        "project",
        "org",
        "organization",
        "tenant",
        "group",
        "groups",
        "role",
        "scope",
        "scopes",
        "usages",
        "environment",
        "env",
        "hosts",
        "ssl",
        "sslmode",
        "engine",
        "account",
        "algorithm",
        "insecure",
        "tls",
        "provider",
        "ttl",
        "timeout",
        "cluster",
        "service",
        "registry",
        "from",
        "sender",
        "time",
        "timezone",
        "commit",
        "revision",
        "sha",
        "sha256",
        "checksum",
        "digest",
        "fingerprint",
        "header",
        "policy",
        "driver",
        "subject",
        "image",
        "locale",
    ];
    let last = normalised.rsplit('_').next().unwrap_or(normalised);
    const ENDINGS: [&str; 8] = ["name", "user", "host", "email", "endpoint", "region", "bucket", "url"];
    // `public_key`, `checksum_secret`, `existing_secret`, `cache_key`: the first word takes the last one's meaning.
    const BEGINNINGS: [&str; 5] = ["public_", "checksum_", "existing_", "cache_", "policy_"];
    COMPANIONS.contains(&last)
        || BEGINNINGS.iter().any(|beginning| normalised.starts_with(beginning))
        || ENDINGS.iter().any(|ending| last.ends_with(ending))
        || (normalised.starts_with("auth_extra") || normalised.starts_with("usage_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_into_words() {
        for (name, expected) in [
            ("DB_PASSWORD", "db_password"),
            ("dbPassword", "db_password"),
            ("spring.datasource.password", "spring_datasource_password"),
            ("HTTPSecret2Key", "http_secret2_key"),
            ("--api-key", "api_key"),
            ("X-API-Key", "x_api_key"),
            ("", ""),
        ] {
            assert_eq!(normalise(name), expected);
        }
    }

    #[test]
    fn names_of_credentials() {
        for (name, kind) in [
            ("password", Kind::Password),
            ("MYSQL_ROOT_PASSWORD", Kind::Password),
            ("rootpasswd", Kind::Password),
            ("PGPASSWORD", Kind::Password),
            ("dbPwd", Kind::Password),
            ("smtp_pass", Kind::Password),
            ("requirepass", Kind::Password),
            ("authToken", Kind::Token),
            ("GITHUB_TOKEN", Kind::Token),
            ("accesstoken", Kind::Token),
            ("api_key", Kind::ApiKey),
            ("apiKey", Kind::ApiKey),
            ("client_secret", Kind::Secret),
            ("clientsecret", Kind::Secret),
            ("restuserkey", Kind::ApiKey),
            ("JWT_SIGNING_KEY", Kind::Secret),
            ("secretKey", Kind::Secret),
            ("SECRET_KEY_BASE", Kind::Secret),
            ("Authorization", Kind::Authorization),
            ("password_prod", Kind::Password),
            ("PASSWORD2", Kind::Password),
        ] {
            assert_eq!(classify(&normalise(name)), Some(kind), "{name}");
        }
    }

    #[test]
    fn names_of_other_things() {
        for name in [
            "passwordSecretRef",
            "secretName",
            "tokenExpiry",
            "token_ttl",
            "tokenizer",
            "passthrough",
            "password_encryption",
            "passwordPolicy",
            "existingSecret",
            "existingSecretPasswordKey",
            "imagePullSecret",
            "PASSWORD_FILE",
            "tls_secret_name",
            "server-tokens",
            "external_secrets_replicas",
            "api-key-header",
            "key",
            "primary_key",
            "next_token",
            "bypass",
            "automountServiceAccountToken",
            "passwordHash",
            "token_url",
            "monkey",
            "keyboard",
            "kms_key_id",
            "compass",
            "secretKeyRef",
            "credentialsSecretName",
            "max_tokens",
            "public_key",
            "oauth2.passwordConnector",
            "tokenResolver",
            "aws_access_key_id",
            "accessKeyId",
            "csrfmiddlewaretoken",
            "Password_PBKDF2",
        ] {
            assert_eq!(classify(&normalise(name)), None, "{name}");
        }
    }

    #[test]
    fn keys_of_something() {
        for name in ["gossipKey", "LOCAL_EXTERNAL_DNS_KEY", "ctf-key", "tsig.key"] {
            assert!(is_some_key(&normalise(name)), "{name}");
        }
        for name in ["key", "apiKey", "public_key", "SITE_KEY", "cache-key", "public_api_key", "keys", "existing_key"] {
            assert!(!is_some_key(&normalise(name)), "{name}");
        }
    }

    #[test]
    fn every_kind_passes_the_gate() {
        for name in [
            "gossip-key",
            "dns_key",
            "passwort",
            "dbpwd",
            "psk",
            "secret",
            "jwt_token",
            "x_pw",
            "client_creds",
            "auth_token",
            "api-key",
            "apikey",
            "restuserkey",
        ] {
            assert!(keywords().any(|keyword| name.contains(&keyword)), "{name}");
        }
    }
}
