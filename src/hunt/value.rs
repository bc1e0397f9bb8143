//! What a value's own shape says: a reference, a placeholder, a setting, or something that opens a door.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::AhoCorasick;

use crate::manifest::{decode_base64, looks_base64};
use crate::pattern::shannon;

use super::keyboard::is_walked;
use super::names::Kind;
use super::scan::printable;

/// Why a value is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Harmless {
    /// Empty, or nothing but quotes and spaces.
    Empty,
    /// Points at the secret, or is filled in later.
    Reference,
    /// Says that somebody should put a secret here.
    Placeholder,
    /// A boolean, number, duration, size or one of a few words.
    Setting,
    /// A path, URL without credentials, image or host name.
    Place,
    /// A UUID, digest, checksum or public key.
    Public,
    /// Text for people.
    Prose,
}

/// How much a value looks like something made to be guarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    /// A word or a short mix: `admin123`.
    Weak,
    /// Long enough and mixed: chosen by a careful person.
    Fair,
    /// Made by a machine.
    Strong,
}

/// What a value is base64 of, when that is a text: who encoded it made it no stronger. Random bytes are none.
#[must_use]
pub(super) fn written(value: &str) -> Cow<'_, str> {
    let encoded = value.len() >= 8 && (looks_base64(value) || value.ends_with('='));
    let bytes = encoded.then(|| decode_base64(value)).flatten();
    match bytes.as_deref().and_then(printable).filter(|text| text.len() >= 6) {
        Some(text) => Cow::Owned(text.to_owned()),
        None => Cow::Borrowed(value),
    }
}

/// Whether a value is base64 of something harmless.
#[must_use]
pub(super) fn is_harmless_inside(value: &str) -> bool {
    matches!(written(value), Cow::Owned(text) if harmless(&text).is_some())
}

/// Says why a value is harmless, whatever its name.
#[must_use]
pub(super) fn harmless(value: &str) -> Option<Harmless> {
    let value = value.trim().trim_matches(['"', '\'']);
    // What a command prints, in a shell: "`openssl rand -hex 8`".
    if value.starts_with('`') && value.ends_with('`') && value.contains(' ') {
        return Some(Harmless::Reference);
    }
    let value = value.trim_matches(['"', '\'', '`']).trim();
    // OpenSSL's `-passin pass:secret`.
    let value = value.strip_prefix("pass:").unwrap_or(value);
    if value.is_empty() {
        return Some(Harmless::Empty);
    }
    type Test = (fn(&str) -> bool, Harmless);
    let tests: [Test; 6] = [
        (is_reference, Harmless::Reference),
        (is_placeholder, Harmless::Placeholder),
        (is_setting, Harmless::Setting),
        (is_public, Harmless::Public),
        (is_place, Harmless::Place),
        (is_prose, Harmless::Prose),
    ];
    tests.iter().find(|(test, _)| test(value)).map(|(_, why)| *why)
}

/// Prefixes of values that some tool replaces by a secret, or that are encrypted.
const REFERENCE_PREFIXES: &[&str] = &[
    "vault:",
    "id=",
    "type=",
    "ref+",
    "op://",
    "arn:",
    "ENC[",
    "ENC(",
    "{cipher}",
    "awssm://",
    "awsssm://",
    "gcpsm://",
    "azurekeyvault://",
    "secret://",
    "secretref:",
    "secretRef:",
    "keyvault:",
    "akv:",
    "sops:",
    "file:",
    "file://",
    "env:",
    "env.",
    "env://",
    "ssm:",
    "sm://",
    "kms:",
    "$ANSIBLE_VAULT",
    "!vault",
    "@Microsoft.KeyVault",
    "secrets.",
    "secretsmanager:",
    "var.",
    "local.",
    "data.",
    "module.",
    "vars.",
    "inputs.",
    "process.env",
    "os.environ",
    "os.getenv",
    "System.getenv",
    "ENV[",
    "getenv(",
    "config.",
    "settings.",
    "((",
    "__",
    "!Ref",
    "!Sub",
    "!GetAtt",
    "!env",
    "!secret",
    "!reference",
    "{resolve:",
    "projects/",
    "doppler://",
    "infisical://",
    "bws://",
    "ks1.",
    "pass:$",
    "$$",
    "<%=",
    "aws_",
    "random_",
    "each.",
    "self.",
    "this.",
    "credentials(",
    "azurerm_",
    "google_",
    "lookup(",
    "keyring:",
    "{{",
    "%{",
    "~{",
    "vault.",
    "$__",
    "k8s://",
    // Of Traefik's plugins.
    "urn:k8s:secret:",
    // Whose token it is, not the token.
    "system:serviceaccount:",
    "kubernetes://",
    "ejson:",
    "-----BEGIN AGE ENCRYPTED",
    "@@",
    "##",
    "DEC::",
    // A place in the same JSON document (RFC 6901).
    "#/",
    // A file to read, as curl and PostgREST write it.
    "@/",
    // Between two strings of a program: `'… BY \'' + password + '\''`.
    "+ ",
];

fn is_reference(value: &str) -> bool {
    // `\$token` in a string of a shell, which prints it to be expanded elsewhere.
    let value = if value.starts_with("\\$") { value.trim_matches(['\\', '"', '\'', ';']) } else { value };
    if REFERENCE_PREFIXES.iter().any(|prefix| value.starts_with(prefix)) {
        return true;
    }
    let whole_variable = |rest: &str| {
        !rest.is_empty()
            && rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'-'))
    };
    // `$dbPassword2` is a variable; `$Zq7kL9mxT` is what a password manager made.
    let random = |rest: &str| mixes_classes(rest.trim_end_matches(|c: char| c.is_ascii_digit()));
    if value.strip_prefix('$').is_some_and(|rest| whole_variable(rest) && !random(rest)) {
        return true;
    }
    if value
        .strip_prefix('$')
        .is_some_and(|rest| rest.len() <= 2 && rest.bytes().all(|b| b.is_ascii_digit() || b == b'@'))
    {
        return true;
    }
    let percents = value.strip_prefix('%').and_then(|rest| rest.strip_suffix('%'));
    if percents.is_some_and(|inside| whole_variable(inside.trim_matches('%'))) {
        return true;
    }
    if holds_variable(value) || is_regex(value) || is_format(value) || value.starts_with("--") {
        return true;
    }
    if is_address(value) {
        return true;
    }
    if value.len() > 2 && value.starts_with('@') && value.ends_with('@') {
        return true;
    }
    if is_lookup(value) {
        return true;
    }
    if ["secretKeyRef", "getenv", "{0}", "{1}"].iter().any(|part| value.contains(part)) {
        return true;
    }
    // The last is of Vector: `SECRET[backend.key]`.
    const ACTIONS: [(&str, &str); 7] =
        [("{{", "}}"), ("${", "}"), ("$(", ")"), ("#{", "}"), ("<%=", "%>"), ("[[ .", "]]"), ("SECRET[", "]")];
    if !value.bytes().any(|byte| matches!(byte, b'{' | b'(' | b'<' | b'[')) {
        return false;
    }
    // A command whose words were taken for the end of the value: `O$(openssl rand …)`.
    let command = |rest: &str| rest.len() > 1 && rest.bytes().all(|b| b.is_ascii_lowercase());
    if value.split_once("$(").is_some_and(|(_, rest)| command(rest)) {
        return true;
    }
    // What opens inside and never closes is a password with a brace in it; at the start it was cut off.
    ACTIONS.iter().any(|(open, close)| {
        value.split_once(open).is_some_and(|(before, rest)| rest.contains(close) || before.is_empty())
    })
}

/// An element of something else: `remote.kubernetes.secret.db.data["password"]`, `sys.argv[2]`.
fn is_lookup(value: &str) -> bool {
    let Some((object, rest)) = value.split_once('[') else { return is_call(value) };
    let path = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
    // Cut off at a quote of the string around it.
    let Some((index, after)) = rest.split_once(']') else {
        return object.contains('.') && path(object) && rest.is_empty();
    };
    let key = index.strip_prefix(['"', '\'']).and_then(|rest| rest.strip_suffix(['"', '\'']));
    let named = key.is_some_and(|key| !key.is_empty() && path(key));
    let numbered = object.contains('.') && !index.is_empty() && index.bytes().all(|b| b.is_ascii_digit());
    object.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && path(object)
        && (named || numbered)
        && after.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.[]\"'".contains(&b))
}

/// The beginning of a call of something that lies in something else: `urllib.parse.quote(input(`.
fn is_call(value: &str) -> bool {
    let word = |part: &str| part.len() >= 3 && part.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
    value.split_once('(').is_some_and(|(callee, _)| callee.contains('.') && callee.split('.').all(word))
}

/// A pattern for values: anchored, or with a group, class or escape around `.*`.
fn is_regex(value: &str) -> bool {
    let parts = value.contains(['[', '(', '\\']) || value.ends_with('$');
    value.starts_with(".*") || value.ends_with(".*") || (value.starts_with('^') || value.contains(".*")) && parts
}

/// `Bearer %s`, `user-%d`: a format with words around it, not a password with a percent sign.
fn is_format(value: &str) -> bool {
    let verb = ["%s", "%d", "%v", ")s"].iter().find(|verb| value.contains(*verb));
    // Python's `%(name)s`.
    if verb == Some(&")s") && !value.contains("%(") {
        return false;
    }
    verb.is_some_and(|verb| !value.replace(verb, "").bytes().any(|b| b.is_ascii_digit() || b"!#$&*^".contains(&b)))
}

/// Where a secret lies in a store: words joined by colons and slashes, with a slash or a credential's name in them.
/// `k8s:ns/secret/key`, `gcp:secretmanager:projects/p/secrets/s`, `db-secret:password`.
fn is_address(value: &str) -> bool {
    let Some((store, key)) = value.rsplit_once([':', '#']) else { return false };
    let words = |text: &str| !text.is_empty() && text.split(['/', ':']).all(|part| !part.is_empty() && is_words(part));
    let credential = |word| ["password", "passphrase", "token", "secret", "key"].contains(&word);
    let named = store.contains('/') || key.contains('/') || key.split(['-', '_']).any(credential);
    words(store) && words(key) && named
}

/// `$GITHUB_TOKEN` anywhere in a value: what is there now is not what will be.
fn holds_variable(value: &str) -> bool {
    value.match_indices('$').any(|(at, _)| {
        let name: String = value[at + 1..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        name.len() >= 4
            && name.starts_with(|c: char| c.is_ascii_uppercase())
            && !name.chars().any(|c| c.is_ascii_lowercase())
    })
}

/// Words that stand where a secret will be.
const PLACEHOLDER_PARTS: &[&str] = &[
    "…",
    "changeme",
    "change-me",
    "change_me",
    "changethis",
    "change-this",
    "change_this",
    "changeit",
    "change it",
    "replaceme",
    "replace",
    "placeholder",
    "example",
    "please-change",
    "please_change",
    "pleasechange",
    "please-generate",
    "please_generate",
    "pleasegenerate",
    "see-vault",
    "stored-in",
    "in-secret",
    "your-",
    "your_",
    "yourpass",
    "yoursecret",
    "yourtoken",
    "yourapi",
    "yourkey",
    "your ",
    "insert",
    "todo",
    "fixme",
    "dummy",
    "redacted",
    "masked",
    "fill-in",
    "fill_in",
    "fillme",
    "to-be-",
    "to_be_",
    "tobe",
    "xxxx",
    "****",
    "....",
    "••••",
    "____",
    "----",
    "not-set",
    "notset",
    "not_set",
    "not-a-real",
    "notreal",
    "overrid",
    "generated",
    "autogenerat",
    "my-secret-name",
    "put-your",
    "put_your",
    "paste",
    "goes-here",
    "goes_here",
    "goeshere",
    "-here",
    "_here",
    "secret-here",
    "not-used",
    "unused",
    "notused",
    "ignored",
    "sample",
    "fake",
    "lorem",
    "some-password",
    "somepassword",
    "mock",
    "supersecretplaceholder",
    "set-me",
    "set_me",
    "setme",
    "wrong",
    "incorrect",
    "invalid",
    "provide",
    "enter-",
    "enter_",
    "enter ",
    "specify",
    "undefined",
    "secretsmanager",
    "from-vault",
    "in-vault",
    "encrypted-value",
    "encoded",
];
const PLACEHOLDER_WORDS: &[&str] = &[
    "missing",
    "ignore",
    "none",
    "null",
    "nil",
    "n/a",
    "na",
    "empty",
    "tbd",
    "unset",
    "default",
    "value",
    "string",
    "str",
    "foo",
    "bar",
    "baz",
    "foobar",
    "xxx",
    "xx",
    "x",
    "...",
    "…",
    "hidden",
    "blank",
    "-",
    "--",
    "?",
    "???",
    "text",
    "any",
    "optional",
    "required",
    "unknown",
    "random",
    "secret-name",
    "abc",
    "abcd",
    "abcdef",
    "yourpassword",
    "mypassword_here",
    "abc123xyz",
    "omitted",
    "removed",
    "snip",
    "stringdata",
    "base64",
    "b64",
    "bytes",
    "some-token",
    "sometoken",
    "a",
    "b",
    "todo!",
];

/// Whether a value is a password that documentation and charts show, and that opens the door where nobody changed it.
/// What only says that something is missing, or will be put there, is none.
#[must_use]
pub(super) fn is_default(value: &str) -> bool {
    const PARTS: [&str; 22] = [
        "changeme",
        "changethis",
        "changeit",
        "pleasechange",
        "replaceme",
        "placeholder",
        "example",
        "sample",
        "dummy",
        "setme",
        "yourpass",
        "yoursecret",
        "mypass",
        "somepass",
        "samplepass",
        "testpass",
        "fakepass",
        "mockpass",
        "defaultpass",
        "secretpass",
        "foobar",
        "insertpass",
    ];
    const WHOLE: [&str; 9] = ["password", "passwd", "pass", "secret", "default", "foo", "bar", "abc", "fake"];
    let value = value.trim();
    let plain = value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.!@#".contains(&b));
    if !plain || is_reference(value) || is_long_random(value) {
        return false;
    }
    let letters: String = value.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let word = letters.trim_end_matches(|c: char| c.is_ascii_digit());
    PARTS.iter().any(|part| letters.contains(part)) || WHOLE.contains(&word)
}

/// All parts in one automaton: this is asked of every value under a telling name.
fn placeholder_parts() -> &'static AhoCorasick {
    static PARTS: OnceLock<AhoCorasick> = OnceLock::new();
    #[expect(clippy::expect_used, reason = "a hundred short words always fit")]
    PARTS.get_or_init(|| AhoCorasick::new(PLACEHOLDER_PARTS).expect("an automaton of a few words"))
}

fn is_placeholder(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    if PLACEHOLDER_WORDS.contains(&lower.as_str()) {
        return true;
    }
    // `EXAMPLE` in capitals is what AWS writes into the keys of its documentation.
    let starred = value.starts_with("**") && value.ends_with("**");
    if starred || is_alphabet(&lower) || value.contains("EXAMPLE") || lower.starts_with("base64enc") {
        return true;
    }
    let parts = placeholder_parts();
    if !is_long_random(value) && parts.find_overlapping_iter(&lower).any(|part| stands_apart(value, part.range())) {
        return true;
    }
    // `DB_PASSWORD` in the place of a password is a name for it.
    let constant = value.bytes().all(|b| b.is_ascii_uppercase() || b == b'_' || b == b'-');
    let named = ["PASS", "TOKEN", "SECRET", "KEY", "PWD", "CREDENTIAL"].iter().any(|word| value.contains(word));
    if constant && (named || value.contains('_')) {
        return true;
    }
    if value.bytes().all(|b| b.is_ascii_punctuation()) {
        return true;
    }
    // `Password: (see the wiki)` is a remark.
    if value.strip_prefix('(').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphabetic())) {
        return true;
    }
    let bracketed = [('<', '>'), ('[', ']'), ('{', '}'), ('(', ')')];
    if bracketed.iter().any(|&(open, close)| value.starts_with(open) && value.ends_with(close)) {
        return true;
    }
    if value.contains('<') && value.contains('>') && value.find('<') < value.rfind('>') {
        return true;
    }
    is_run(&lower)
}

/// Whether a placeholder's word is a word of its own in a value, or runs into others of its kind: `dummypassword`,
/// `mySample1`. In `Fakenham2019`, `qTodo83kzW` and `ExchangeMeat9` it is an accident.
fn stands_apart(value: &str, part: Range<usize>) -> bool {
    const BEFORE: [&str; 12] =
        ["my", "some", "this", "is", "a", "the", "secret", "password", "pass", "token", "key", "api"];
    const AFTER: [&str; 12] =
        ["pass", "pwd", "secret", "token", "key", "value", "user", "api", "me", "it", "this", "here"];
    let bytes = value.as_bytes();
    let letter = |byte: &u8| byte.is_ascii_alphabetic();
    let (first, last) = (bytes[part.start], bytes[part.end - 1]);
    let before = &value[..part.start];
    let word = before.len() - before.bytes().rev().take_while(letter).count();
    let word = before[word..].to_ascii_lowercase();
    let capital = first.is_ascii_uppercase() && bytes[..part.start].last().is_some_and(u8::is_ascii_lowercase);
    let begins = !letter(&first)
        || word.is_empty() && !bytes[..part.start].last().is_some_and(u8::is_ascii_digit)
        || capital && word.len() >= 3
        || BEFORE.iter().any(|known| word.ends_with(known));
    let after: String = value[part.end..].chars().take_while(char::is_ascii_alphabetic).collect();
    let goes_on = after.starts_with(|c: char| c.is_ascii_lowercase()) || last.is_ascii_uppercase();
    let ends = !letter(&last)
        || !goes_on
        || after.len() <= 3
        || AFTER.iter().any(|known| after.to_ascii_lowercase().starts_with(known));
    begins && ends
}

/// A placeholder word may turn up by accident in base64; nobody writes one into 40 random characters.
fn is_long_random(value: &str) -> bool {
    value.len() >= 32 && !value.contains([' ', '-', '_', '.']) && shannon(value) > 4.0
}

/// Bytes that follow the one before them as in the alphabet or in counting.
fn steps(lower: &str) -> usize {
    lower.as_bytes().windows(2).filter(|pair| pair[0].checked_add(1) == Some(pair[1])).count()
}

/// Whether a value is mostly the alphabet. A key that somebody made longer with it is one.
fn is_alphabet(lower: &str) -> bool {
    lower.contains("abcdefghijklmnop") && steps(lower) * 2 > lower.len()
}

/// One character, or a keyboard or alphabet run, over and over.
fn is_run(lower: &str) -> bool {
    let distinct = {
        let mut seen = [false; 256];
        lower.bytes().for_each(|byte| seen[usize::from(byte)] = true);
        seen.iter().filter(|&&seen| seen).count()
    };
    if lower.len() >= 4 && distinct <= 2 && !lower.bytes().any(|b| b.is_ascii_digit()) {
        return true;
    }
    if lower.len() >= 6 && distinct == 1 {
        return true;
    }
    const RUNS: [&str; 4] = [
        "0123456789abcdefghijklmnopqrstuvwxyz0123456789",
        "abcdefghijklmnopqrstuvwxyz0123456789abcdef",
        "1234567890abcdef1234567890abcdef",
        "0123456789012345678901234567890123456789",
    ];
    // `0123456789abcdef` four times: the digits of hexadecimal count on with a break at each end.
    let counted = lower.len() >= 16 && (lower.len() - steps(lower)) * 4 <= lower.len();
    counted
        || lower.len() >= 10
            && lower.is_ascii()
            && RUNS
                .iter()
                .any(|run| run.contains(lower) || run.contains(&lower[..10]) && lower.len() <= 20 && distinct > 8)
}

/// Words that settings take. None of them is a password anyone would deploy.
const SETTING_WORDS: &[&str] = &[
    "critical",
    "high",
    "medium",
    "low",
    "info",
    "true",
    "false",
    "yes",
    "no",
    "on",
    "off",
    "enabled",
    "disabled",
    "enable",
    "disable",
    "auto",
    "always",
    "never",
    "basic",
    "bearer",
    "digest",
    "plain",
    "login",
    "md5",
    "sha1",
    "sha256",
    "sha512",
    "scram-sha-256",
    "scram-sha-512",
    "trust",
    "peer",
    "ident",
    "cert",
    "strict",
    "relaxed",
    "verify-full",
    "verify-ca",
    "prefer",
    "allow",
    "deny",
    "opaque",
    "kubernetes",
    "vault",
    "aws",
    "gcp",
    "azure",
    "oidc",
    "saml",
    "ldap",
    "jwt",
    "oauth",
    "oauth2",
    "iam",
    "hmac",
    "rsa",
    "ecdsa",
    "ed25519",
    "ssh",
    "https",
    "http",
    "tcp",
    "inherit",
    "system",
    "internal",
    "external",
    "static",
    "dynamic",
    "password",
    "passwords",
    // What prints the value: `Password: kubectl get secret …`.
    "kubectl",
];

fn is_setting(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    // `password: password` is a weak literal and not a setting; the caller decides by place.
    if lower != "password" && SETTING_WORDS.contains(&lower.as_str()) {
        return true;
    }
    let bytes = value.as_bytes();
    let date = bytes.len() >= 10 && bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4] == b'-' && bytes[7] == b'-';
    if date && value.bytes().all(|b| b.is_ascii_digit() || b"-:TZ+. ".contains(&b)) {
        return true;
    }
    // Validation rules: `required,min=32`, `required|string|min:12`.
    if ["min=", "max=", "len="].iter().any(|rule| value.contains(rule)) && value.contains(',') {
        return true;
    }
    if value.contains('|')
        && value.split('|').all(|part| {
            part.starts_with(|c: char| c.is_ascii_lowercase()) && is_words(part.split([':', ',']).next().unwrap_or(""))
        })
    {
        return true;
    }
    let digits = value.trim_start_matches(['-', '+']).find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_');
    match digits {
        None => value.contains('.') || value.len() < 6,
        Some(0) => false,
        Some(at) => {
            let unit = &value.trim_start_matches(['-', '+'])[at..];
            [
                "ms", "s", "m", "h", "d", "w", "y", "min", "mins", "sec", "secs", "hours", "days", "hrs", "k", "ki",
                "mi", "gi", "ti", "kb", "mb", "gb", "%", "h0m0s",
            ]
            .contains(&unit.to_ascii_lowercase().as_str())
        }
    }
}

/// A key's fingerprint: sixteen or more pairs of hexadecimal digits, also behind a name.
fn is_fingerprint(value: &str) -> bool {
    [':', '_', '-'].iter().any(|&joint| {
        let pairs =
            value.rsplit(joint).take_while(|pair| pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit()));
        pairs.count() >= 15
    })
}

/// What stands in Secrets beside credentials and has a shape of its own: a Java class, a time zone, a distinguished name,
/// an image with its digest, an address for mail, a line of settings that says its own name.
#[must_use]
pub(super) fn is_known_shape(value: &str) -> bool {
    let letters = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
    let capital = |part: &str| letters(part) && part.starts_with(|c: char| c.is_ascii_uppercase());
    let class = value.contains('.')
        && value.rsplit('.').next().is_some_and(capital)
        && value.split('.').all(|part| letters(part.trim_end_matches(|c: char| c.is_ascii_digit())));
    let zone = value.contains('/') && value.split('/').all(capital);
    let name = value.split(',').all(|part| {
        part.trim().split_once('=').is_some_and(|(key, _)| {
            ["CN", "O", "OU", "C", "L", "ST", "DC", "UID"].iter().any(|known| key.eq_ignore_ascii_case(known))
        })
    });
    class || zone || name || value.contains("@sha256:") || is_mail_address(value) || is_settings_line(value)
}

/// `team@example.org`: lower-case words on both sides and a domain of letters at the end. `p@ss.w0rd` is none.
#[must_use]
pub(super) fn is_mail_address(value: &str) -> bool {
    let Some((user, host)) = value.split_once('@') else { return false };
    let label = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    let host_label = |part: &str| label(part.trim_end_matches(|c: char| c.is_ascii_digit()));
    user.split(['.', '_', '+']).all(host_label)
        && host
            .rsplit_once('.')
            .is_some_and(|(rest, top)| top.len() >= 2 && label(top) && rest.split('.').all(host_label))
}

/// `storeConfiguration=DATABASE`: a file of settings with one line. What it assigns was judged by its own name.
fn is_settings_line(value: &str) -> bool {
    value.split_once('=').is_some_and(|(name, rest)| {
        let word = |part: &str| part.len() >= 3 && part.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
        !rest.is_empty() && !rest.starts_with('=') && name.split(['.', '-']).all(word)
    })
}

fn is_public(value: &str) -> bool {
    is_uuid(value)
        || is_fingerprint(value)
        || ["phc_", "pk_live_", "pk_test_"].iter().any(|prefix| value.starts_with(prefix))
        || [
            "sha256:",
            "sha512:",
            "sha1:",
            "md5:",
            "sha256-",
            "sha384-",
            "sha512-",
            "ssh-rsa ",
            "ssh-ed25519 ",
            "ecdsa-sha2-",
            "age1",
            "SHA256:",
        ]
        .iter()
        .any(|prefix| value.starts_with(prefix))
        || [
            "$2a$",
            "$2b$",
            "$2y$",
            "$1$",
            "$5$",
            "$6$",
            "$apr1$",
            "$argon2",
            "$scrypt$",
            "{SHA}",
            "{SSHA}",
            "{bcrypt}",
            "pbkdf2",
            "$pbkdf2",
            "SCRAM-SHA-256$",
        ]
        .iter()
        .any(|prefix| value.starts_with(prefix))
        || value.contains("-----BEGIN CERTIFICATE")
        || value.contains("-----BEGIN PUBLIC KEY")
        || value.contains("-----BEGIN PGP PUBLIC")
        || value.starts_with("LS0tLS1CRUdJTiBDRVJU")
        || value.starts_with("LS0tLS1CRUdJTiBQVUJM")
}

/// The literal that stands in for a reference when nothing fills it: `${VAR:-literal}`, `{{ x | default('literal') }}`,
/// `{{ "literal" | b64enc }}`.
#[must_use]
pub(super) fn fallback(value: &str) -> Option<&str> {
    let value = value.trim();
    if let Some(inner) = value.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
        let (variable, rest) = inner.split_once(':')?;
        if rest.contains(':') {
            return None;
        }
        if literal_is_identifier(rest) {
            return None;
        }
        // Configuration providers of Kafka and the like: `${secrets:namespace/name:key}`.
        if ["secrets", "secret", "vault", "env", "file", "directory", "ssm", "sys", "consul", "kms"]
            .contains(&variable.to_ascii_lowercase().as_str())
        {
            return None;
        }
        // A shell takes the quotes away: `${PASSWORD:-"secret"}`, and what a command prints is not known.
        let literal = rest.strip_prefix(['-', '=']).unwrap_or(rest).trim_matches('"');
        return (!literal.is_empty() && !literal.starts_with(['?', '+', '$', '{', '`'])).then_some(literal);
    }
    let action = value.strip_prefix("{{")?.strip_suffix("}}")?.trim_matches(['-', ' ']);
    let after = match action.find("default") {
        Some(at) => action[at + "default".len()..].trim_start_matches(['(', ' ']),
        None => action,
    };
    let quote = after.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    let literal = after[1..].split(quote).next()?;
    (!literal.is_empty()).then_some(literal)
}

fn literal_is_identifier(literal: &str) -> bool {
    literal.contains('_') && literal.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

/// Whether a value is a UUID (RFC 9562): an id more often than a secret.
#[must_use]
pub(super) fn is_uuid(value: &str) -> bool {
    value.len() == 36
        && value.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn is_place(value: &str) -> bool {
    let path = value.starts_with('/') && !value[1..].contains(|c: char| c.is_whitespace() || c == '=' || c == '+');
    let relative =
        value.starts_with("./") || value.starts_with("../") || value.starts_with("~/") || value.starts_with("C:\\");
    // `texthash:/etc/postfix/maps`: a file and how to read it.
    let typed = value.split_once(":/").is_some_and(|(kind, path)| {
        !path.starts_with('/') && kind.bytes().all(|b| b.is_ascii_lowercase()) && is_words(&path.replace('/', "-"))
    });
    if relative || typed || (path && is_wordy(value)) || (value.contains("://") && !has_userinfo(value)) {
        return true;
    }
    const FILES: [&str; 19] = [
        ".txt",
        ".pem",
        ".key",
        ".crt",
        ".json",
        ".yaml",
        ".yml",
        ".jks",
        ".p12",
        ".pfx",
        ".conf",
        ".cfg",
        ".properties",
        ".env",
        ".sh",
        ".html",
        ".password",
        ".token",
        ".arpa",
    ];
    if FILES.iter().any(|ending| value.to_ascii_lowercase().ends_with(ending)) && !value.contains(char::is_whitespace) {
        return true;
    }
    value.contains('/')
        && !value.contains(char::is_whitespace)
        && value.split('/').all(|part| !part.is_empty() && is_words(part))
}

fn has_userinfo(url: &str) -> bool {
    let authority = url.split("://").nth(1).unwrap_or("").split(['/', '?', '#']).next().unwrap_or("");
    authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
        || url.to_ascii_lowercase().contains("password=")
}

/// Paths are made of words; base64 that happens to begin with a slash is not.
fn is_wordy(value: &str) -> bool {
    value.split(['/', '.', '-', '_']).filter(|part| part.len() > 12).all(|part| !mixes(part))
}

/// Lower-case letters and separators, digits only at the end of a word.
fn is_words(part: &str) -> bool {
    const WITH_DIGITS: [&str; 13] =
        ["k8s", "k3s", "s3", "ec2", "i18n", "l10n", "x86", "b2b", "o11y", "e2e", "p2p", "v1beta1", "s390x"];
    part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.' | b':'))
        && part.split(['-', '_', '.']).all(|word| {
            // `k8smon`, `s3proxy`.
            let word = WITH_DIGITS.iter().find_map(|known| word.strip_prefix(known)).unwrap_or(word);
            word.is_empty()
                || word.trim_end_matches(|c: char| c.is_ascii_digit()).bytes().all(|b| b.is_ascii_lowercase())
        })
}

fn mixes(part: &str) -> bool {
    mixes_classes(part) || shannon(part) > 4.2
}

/// Whether a value has letters of both cases and digits.
#[must_use]
pub(super) fn mixes_classes(part: &str) -> bool {
    let upper = part.bytes().any(|b| b.is_ascii_uppercase());
    let lower = part.bytes().any(|b| b.is_ascii_lowercase());
    upper && lower && part.bytes().any(|b| b.is_ascii_digit())
}

fn is_prose(value: &str) -> bool {
    let words = value.split_whitespace().count();
    // The next label of a sentence, `Credential: Username: admin`, or argument of a call, `'--password', help='…'`.
    let label = value.strip_suffix(':').is_some_and(|word| word.bytes().all(|b| b.is_ascii_alphabetic()));
    let argument = value.strip_suffix('=').is_some_and(|word| word.bytes().all(|b| b.is_ascii_lowercase()));
    if words == 1 && (label || argument) {
        return true;
    }
    if words < 3 {
        // Two words without a digit: a label, or the beginning of a sentence.
        return words == 2
            && !value.bytes().any(|b| b.is_ascii_digit() || matches!(b, b'=' | b'+' | b'@' | b'#' | b'$' | b'&'));
    }
    let common = [
        " the ", " is ", " to ", " for ", " of ", " and ", " a ", " in ", " with ", " be ", " or ", " on ", " your ",
        " from ", " as ", " by ",
    ];
    // A label in any language: `Mot de passe oublié`.
    let label = value.starts_with(char::is_uppercase)
        && value.split_whitespace().all(|word| word.chars().all(|c| c.is_alphabetic() || c == '\'' || c == '’'));
    let lower = format!(" {} ", value.to_ascii_lowercase());
    label || common.iter().any(|word| lower.contains(word)) || value.ends_with(['.', '?', '!', ':']) || words > 6
}

/// Whether a value is a name that people give: lower-case words joined by dashes, dots or underscores, as Kubernetes
/// names, keys and settings are. A token or key is never that; a weak password may be.
#[must_use]
pub(super) fn is_name(value: &str) -> bool {
    value.starts_with(|c: char| c.is_ascii_lowercase()) && value.split('/').all(is_words)
}

/// Whether a value is an identifier or an expression of a programming language.
#[must_use]
pub(super) fn is_code(value: &str) -> bool {
    let identifier = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    let letters = value.bytes().all(|b| b.is_ascii_alphabetic()) && value.len() >= 4;
    let camel = letters && (is_camel(value) || value.bytes().all(|b| b.is_ascii_uppercase()));
    let constant = value.bytes().all(|b| b.is_ascii_uppercase() || b == b'_' || b.is_ascii_digit())
        && value.contains('_')
        && identifier(value);
    // `oauth2.google.serviceAccount`: a digit at the end of a word is part of a name.
    let versioned = |part: &str| {
        let word = part.strip_suffix(|c: char| c.is_ascii_digit()).unwrap_or(part);
        word.len() > 3 && !mixes_digits(word)
    };
    let dotted = value.contains('.')
        && value.split('.').all(identifier)
        && (!mixes_digits(value) || value.matches('.').count() > 1 && value.split('.').all(versioned));
    let call = value.ends_with(')') && value.contains('(');
    let snake = value.contains('_') && identifier(value) && !mixes_digits(value);
    let generic = value.contains("::") || value.contains("->") || value.contains(" => ") || value.contains("()");
    camel || constant || dotted || call || snake || generic
}

fn mixes_digits(value: &str) -> bool {
    value.bytes().any(|b| b.is_ascii_digit())
}

/// How strong a value is: one that was encoded, as strong as what was.
#[must_use]
pub(super) fn strength(value: &str) -> Strength {
    // Of a name and a password, the pair is what was encoded.
    let text = written(value.trim());
    let value = if text.contains(':') { value.trim() } else { &*text };
    let digit = value.bytes().any(|b| b.is_ascii_digit());
    let upper = value.bytes().any(|b| b.is_ascii_uppercase());
    let lower = value.bytes().any(|b| b.is_ascii_lowercase());
    let symbol = value.bytes().any(|b| b.is_ascii_graphic() && !b.is_ascii_alphanumeric());
    let classes = [digit, upper, lower, symbol].iter().filter(|&&class| class).count();
    let entropy = shannon(value);
    if value.len() >= 16 && entropy >= 3.3 && digit && (upper || lower) && !is_words(value) {
        return Strength::Strong;
    }
    if value.len() >= 20 && entropy >= 3.8 && upper && lower && !value.contains([' ', '.']) && !is_camel(value) {
        return Strength::Strong;
    }
    if value.len() >= 12
        && upper
        && lower
        && value.bytes().all(|b| b.is_ascii_alphabetic())
        && !is_camel(value)
        && entropy >= 3.0
    {
        return Strength::Fair;
    }
    if value.len() >= 8 && classes >= 2 && (digit || symbol) && entropy >= 2.5 && !is_words(value) {
        return Strength::Fair;
    }
    Strength::Weak
}

/// Whether a value can only have come from a generator, and not from one of words: long, with letters of both cases and
/// digits that change all the time. Public keys of SSH and of certificates have a beginning that says so.
#[must_use]
pub(super) fn is_random(value: &str) -> bool {
    const PUBLIC: [&str; 6] = ["AAAA", "MIIB", "MIIC", "MFkw", "MCow", "MIGf"];
    let class = |byte: &u8| (byte.is_ascii_lowercase(), byte.is_ascii_digit());
    // Signs stand between words too.
    let signless: Vec<u8> = value.bytes().filter(u8::is_ascii_alphanumeric).collect();
    let changes = signless.windows(2).filter(|pair| class(&pair[0]) != class(&pair[1])).count();
    value.len() >= 20
        && value.bytes().all(|b| b.is_ascii_graphic())
        && mixes_classes(value)
        && changes * 5 >= signless.len() * 2
        && shannon(value) >= 3.8
        && !PUBLIC.iter().any(|start| value.starts_with(start))
        && matches!(written(value), Cow::Borrowed(_))
}

/// Words run together with capitals: `ThisIsAClassName`.
fn is_camel(value: &str) -> bool {
    let capitals = value.bytes().filter(u8::is_ascii_uppercase).count();
    value.bytes().all(|b| b.is_ascii_alphabetic()) && capitals * 4 <= value.len()
}

/// Whether a value fits what its name promises. Names of tokens and keys promise something made by a machine, or typed
/// by somebody who was asked for something long.
#[must_use]
pub(super) fn fits(kind: Kind, name: &str, value: &str) -> bool {
    // `session_secret: my-app-secret` may name a Secret; a long phrase under a name that never does is a passphrase.
    const NEVER_REFERENCES: [&str; 8] = ["session", "cookie", "jwt", "client", "signing", "webhook", "shared", "hmac"];
    let phrase = value.len() >= 16 && value.bytes().any(|b| b.is_ascii_digit()) && is_name(value);
    if kind == Kind::Secret && phrase && NEVER_REFERENCES.iter().any(|role| name.ends_with(&format!("{role}_secret"))) {
        return true;
    }
    // Object stores are given `minio123`; a name of a Secret's key would have a dash in it, or say what it holds.
    let typed = value.len() >= 8 && mixes_digits(value) && value.bytes().all(|b| b.is_ascii_alphanumeric());
    let lower = value.to_ascii_lowercase();
    let says = || ["pass", "key", "token", "secret", "cred"].iter().any(|word| lower.contains(word));
    if typed && (name.ends_with("secret_access_key") || name.ends_with("_secret_key") && !says()) {
        return true;
    }
    match kind {
        Kind::Password => value.len() >= 3 && !value.contains('\n'),
        Kind::Token | Kind::ApiKey | Kind::Secret | Kind::Authorization => {
            // Nobody encodes the name of a thing: what was is a value, however weak.
            let encoded = || matches!(written(value), Cow::Owned(_));
            let made = || !is_name(value) && value.len() >= 8 && (strength(value) >= Strength::Fair || encoded());
            value.bytes().all(|b| b.is_ascii_graphic()) && (made() || is_walked(value))
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn references() {
        for value in [
            "${DB_PASSWORD}",
            "$(DB_PASSWORD)",
            "$DB_PASSWORD",
            "{{ .Values.password }}",
            "vault:secret/data/db#password",
            "ref+vault://x",
            "op://vault/item/field",
            "arn:aws:secretsmanager:eu-west-1:1:secret:x",
            "ENC[AES256_GCM,data:x]",
            "%DB_PASS%",
            "%%PWD%%",
            "O$(openssl",
            "\"`openssl rand -hex 8`\"",
            "@/dev/stdin",
            "` + newpw + `",
            "((db-password))",
            "var.db_password",
            "prefix-${VAR}",
            "user:$GITHUB_TOKEN",
            "^.{8,32}$",
            "$dbPassword2",
            "Bearer %s",
            "k8s:shop/db/password",
            "gcp:secretmanager:projects/p/secrets/s/versions/1",
            "db-secret:password",
            "secret/data/db#pw",
            "##DB_PASSWORD##",
            "SECRET[kubernetes_secret.es-1/password]",
            "urn:k8s:secret:oidc:key1",
            "system:serviceaccount:shop:api",
            "#/$defs/ClientCredentials",
            "kubernetes_secret.runner_secret.data['",
            "urllib.parse.quote(input(",
        ] {
            assert_eq!(harmless(value), Some(Harmless::Reference), "{value}");
        }
    }

    #[test]
    fn placeholders() {
        for value in [
            "changeme",
            "<your-password>",
            "xxxxxxxx",
            "REPLACE_ME",
            "example",
            "TODO",
            "dummy",
            "your-api-key",
            "1234567890abcdef",
            "*****",
            "null",
            "SET_IN_CI",
            "dummypassword",
            "mySample1",
            "please-change",
            "PleaseGenerateA50CharKey",
            "abcdefghijklmnopqrstuvwxyz123456",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
            "0123456789abcdef0123456789abcdef0123456789abcdef",
            "(encrypted",
            "1234567890abcdefghifjkl",
        ] {
            assert_eq!(harmless(value), Some(Harmless::Placeholder), "{value}");
        }
    }

    #[test]
    fn settings_places_and_public_things() {
        for (value, why) in [
            ("true", Harmless::Setting),
            ("30m", Harmless::Setting),
            ("1.5", Harmless::Setting),
            ("scram-sha-256", Harmless::Setting),
            ("/etc/secrets/db", Harmless::Place),
            ("texthash:/etc/postfix/sasl_passwd", Harmless::Place),
            ("https://vault.svc:8200", Harmless::Place),
            ("team/app/password", Harmless::Place),
            ("token.json", Harmless::Place),
            ("6f1c3f0e-8d4e-4f0e-9d0e-1f2a3b4c5d6e", Harmless::Public),
            ("sha256:abcdef", Harmless::Public),
            ("The password for the database.", Harmless::Prose),
        ] {
            assert_eq!(harmless(value), Some(why), "{value}");
        }
    }

    #[test]
    fn real_values_are_not_harmless() {
        for value in [
            "hunter2",
            "admin123",
            "S3cr3t!pass",
            "p@$$w0rd",
            "Tr0ub4dor&3",
            "k8Jd93kFls02KdlsP",
            "postgres",
            "correct horse battery staple",
            "/x9+Kq2vLp8Wz/3n==",
            "^Xk2vq9!Lm",
            "a%sK9!x#2mQ",
            "x2${vK9qLm4",
            "$Zq7kL9mxT",
            "qTodo83kzW",
            "rgktobehat92",
            "Fakenham2019",
            "ExchangeMeat9",
            "abcdefghijklmnopqrstuvwxyz-Kx82mQv0Lp7ZsT4bWn6cRj1Yh3",
            "abc123def456ghi789",
            "(Xk2vq9Lm",
        ] {
            assert_eq!(harmless(value), None, "{value}");
        }
    }

    #[test]
    fn fallbacks() {
        for value in [
            "${DB:-hunter2}",
            "${DB:-\"hunter2\"}",
            "${db.password:hunter2}",
            "{{ x | default('hunter2', true) }}",
            "{{ \"hunter2\" | b64enc }}",
            "{{- default \"hunter2\" .Values.x }}",
        ] {
            assert_eq!(fallback(value), Some("hunter2"), "{value}");
        }
        for value in [
            "${DB}",
            "${DB:?missing}",
            "${DB:-\"`openssl rand -hex 8`\"}",
            "{{ .Values.x }}",
            "{{ x | default(y) }}",
            "${secrets:kafka/pg:password}",
            "hunter2",
        ] {
            assert_eq!(fallback(value), None, "{value}");
        }
    }

    #[test]
    fn what_people_type_for_an_object_store() {
        assert!(fits(Kind::ApiKey, "secret_access_key", "minio123"));
        assert!(fits(Kind::Secret, "minio_secret_key", "minio1234"));
        assert!(!fits(Kind::Secret, "minio_secret_key", "miniosecret1"));
        for value in ["backup-key1", "s3.key1", "secretkey", "key1"] {
            assert!(!fits(Kind::ApiKey, "secret_access_key", value), "{value}");
        }
        assert!(!fits(Kind::Secret, "secret_key", "password1"));
    }

    #[test]
    fn what_stands_beside_credentials() {
        for value in [
            "platform-oncall@yourdomain.com",
            "team2@mail.example.org",
            "storeConfiguration=DATABASE",
            "HAPolicyConfiguration.failoverOnServerShutdown=true",
        ] {
            assert!(is_known_shape(value), "{value}");
        }
        for value in ["p@ss.w0rd", "Summer@2024.com", "Zk83mQ==", "k8Jd93kFls02KdlsP=", "a=b=c", "x@y"] {
            assert!(!is_known_shape(value), "{value}");
        }
    }

    #[test]
    fn what_was_encoded_is_as_strong_as_before() {
        let encoded = |text: &str| STANDARD.encode(text);
        assert_eq!(strength(&encoded("dex-client-secret")), Strength::Weak);
        assert_eq!(strength(&encoded("S3cr3t!pass")), Strength::Fair);
        assert_eq!(strength(&encoded("k8Jd93kFls02KdlsP")), Strength::Strong);
        assert!(is_harmless_inside(&encoded("changeme")) && is_harmless_inside(&encoded("abcdefghijklmnopqrstuvwx")));
        assert!(!is_harmless_inside(&encoded("hunter22")) && !is_harmless_inside("changeme"));
    }

    #[test]
    fn what_generators_make() {
        for value in ["3bKyNY9HFE97WNQu456N/Gn6uN/Pe7uTupbIDAnMOKU=", "zLp@.-6fMW6L-7R3b!9uR_K!NfkkTr"] {
            assert!(is_random(value), "{value}");
        }
        for value in [
            "kubernetesClusterV2MasterKey1",
            "node.kubernetes.io/Instance-type2",
            "Backups/Prod-2024/dump1.sql.gz",
            "AAAAC3NzaC1lZDI1NTE5AAAAIMdZ8Kx2vQ9pLm4TnB7sWcR1",
            "4f1c3f0e8d4e4f0e9d0e1f2a3b4c5d6e",
            "Xk2vq9Lm",
        ] {
            assert!(!is_random(value), "{value}");
        }
    }

    #[test]
    fn strengths() {
        assert_eq!(strength("hunter2"), Strength::Weak);
        assert_eq!(strength("S3cr3t!pass"), Strength::Fair);
        assert_eq!(strength("k8Jd93kFls02KdlsP"), Strength::Strong);
        assert_eq!(strength("some-config-map-name"), Strength::Weak);
    }
}
