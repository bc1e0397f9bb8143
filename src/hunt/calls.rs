//! Credentials that a call takes by position: the key of `createHmac(algorithm, key)`, the password of
//! `new PDO(source, user, password)`. No name stands beside them, so the call itself has to be known.

use std::ops::Range;

use crate::model::{Confidence, Severity};

use super::arguments::{Ends, arguments};
use super::assignment::{literal_at, name_around};
use super::habitat::Habitat;
use super::judge::{Circumstances, Judgement, judge};
use super::layer::Layer;
use super::names::Kind;
use super::scan::{Scan, Statement};
use super::site::Context;
use super::text::{is_example, is_stand_in};
use super::value::{Strength, harmless, is_uuid, strength};

/// Calls, the position of the credential among their arguments, and what it is. A call that is no more than a common
/// word is written with what tells it from others. Letters count in the case that is written here: `hmac.new` is
/// Python's and takes the key first, `hmac.New` is Go's and does not.
pub(super) const CALLS: &[(&str, usize, Kind)] = &[
    // Signatures.
    ("createHmac", 1, Kind::Secret),
    ("hmac.new", 0, Kind::Secret),
    ("HMAC.new", 0, Kind::Secret),
    ("hmac.digest", 0, Kind::Secret),
    ("hmac.New", 1, Kind::Secret),
    ("hash_hmac", 2, Kind::Secret),
    ("HMAC.hexdigest", 1, Kind::Secret),
    ("HMAC.digest", 1, Kind::Secret),
    ("HMAC.base64digest", 1, Kind::Secret),
    ("new HMACSHA1", 0, Kind::Secret),
    ("new HMACSHA256", 0, Kind::Secret),
    ("new HMACSHA384", 0, Kind::Secret),
    ("new HMACSHA512", 0, Kind::Secret),
    ("CryptoJS.HmacSHA1", 1, Kind::Secret),
    ("CryptoJS.HmacSHA256", 1, Kind::Secret),
    ("CryptoJS.HmacSHA512", 1, Kind::Secret),
    ("new_from_slice", 0, Kind::Secret),
    // JSON web tokens.
    ("jwt.sign", 1, Kind::Secret),
    ("jwt.verify", 1, Kind::Secret),
    ("jsonwebtoken.sign", 1, Kind::Secret),
    ("jsonwebtoken.verify", 1, Kind::Secret),
    ("jwt.encode", 1, Kind::Secret),
    ("jwt.decode", 1, Kind::Secret),
    ("JWT.encode", 1, Kind::Secret),
    ("JWT.decode", 1, Kind::Secret),
    ("JWT::encode", 1, Kind::Secret),
    ("JWT::decode", 1, Kind::Secret),
    ("SignedString", 0, Kind::Secret),
    ("signWith", 1, Kind::Secret),
    ("Algorithm.HMAC256", 0, Kind::Secret),
    ("Algorithm.HMAC384", 0, Kind::Secret),
    ("Algorithm.HMAC512", 0, Kind::Secret),
    ("hmacShaKeyFor", 0, Kind::Secret),
    ("EncodingKey::from_secret", 0, Kind::Secret),
    ("DecodingKey::from_secret", 0, Kind::Secret),
    ("SymmetricSecurityKey", 0, Kind::Secret),
    // Ciphers and signed cookies.
    ("createCipheriv", 1, Kind::Secret),
    ("createDecipheriv", 1, Kind::Secret),
    ("CryptoJS.AES.encrypt", 1, Kind::Secret),
    ("CryptoJS.AES.decrypt", 1, Kind::Secret),
    ("Fernet", 0, Kind::Secret),
    ("AES.new", 0, Kind::Secret),
    ("aes.NewCipher", 0, Kind::Secret),
    ("openssl_encrypt", 2, Kind::Secret),
    ("openssl_decrypt", 2, Kind::Secret),
    ("cookieParser", 0, Kind::Secret),
    ("NewCookieStore", 0, Kind::Secret),
    ("securecookie.New", 0, Kind::Secret),
    ("setCipherKey", 0, Kind::Secret),
    // Databases.
    ("new PDO", 2, Kind::Password),
    ("new mysqli", 2, Kind::Password),
    ("mysqli_connect", 2, Kind::Password),
    ("DBI->connect", 2, Kind::Password),
    ("mysql_connect", 2, Kind::Password),
    ("mysql_real_connect", 3, Kind::Password),
    ("oci_connect", 1, Kind::Password),
    ("odbc_connect", 2, Kind::Password),
    ("pymysql.connect", 2, Kind::Password),
    ("MySQLdb.connect", 2, Kind::Password),
    ("DriverManager.getConnection", 2, Kind::Password),
    ("new Sequelize", 2, Kind::Password),
    // Logins.
    ("NetworkCredential", 1, Kind::Password),
    ("UsernamePasswordCredentials", 1, Kind::Password),
    ("PasswordAuthentication", 1, Kind::Password),
    (".login(", 1, Kind::Password),
    ("PlainAuth", 2, Kind::Password),
    ("ftp_login", 2, Kind::Password),
    ("ldap_bind", 2, Kind::Password),
    ("simple_bind_s", 1, Kind::Password),
    ("ssh2_auth_password", 2, Kind::Password),
    ("basic_auth", 1, Kind::Password),
    ("basicAuth", 1, Kind::Password),
    ("BasicAuth", 1, Kind::Password),
    ("HTTPDigestAuth", 1, Kind::Password),
    ("Credentials.basic", 1, Kind::Password),
    ("auth=(", 1, Kind::Password),
    ("auth = (", 1, Kind::Password),
    ("keyring.set_password", 2, Kind::Password),
    ("WiFi.begin", 1, Kind::Password),
    // Of sbt: realm, host, user, password.
    ("Credentials(", 3, Kind::Password),
    // Providers.
    ("twilio(", 1, Kind::Token),
    ("Client(\"AC", 1, Kind::Token),
    ("Client('AC", 1, Kind::Token),
    ("ClientSecretCredential", 2, Kind::Secret),
    ("NewStaticCredentials", 1, Kind::Secret),
    ("NewStaticCredentialsProvider", 1, Kind::Secret),
    ("BasicAWSCredentials", 1, Kind::Secret),
    ("BasicSessionCredentials", 1, Kind::Secret),
    ("AwsBasicCredentials.create", 1, Kind::Secret),
];

/// Shortest key that counts when nobody drew it by lot.
const MIN_WEAK_KEY: usize = 6;

impl Scan<'_> {
    /// Looks at the call with this number, whose first byte is at `at`.
    pub(super) fn call(&mut self, layer: &Layer<'_>, range: &Range<usize>, index: u16, at: usize, ctx: &Context<'_>) {
        let (callee, position, kind) = CALLS[usize::from(index)];
        let Some(literal) = credential(layer.text, range, at, callee, position) else { return };
        let value = &layer.text[literal.clone()];
        if is_example(value) || is_stand_in(value) || is_algorithm(value) {
            return;
        }
        let place = Circumstances { habitat: ctx.habitat, sample: self.sample, quoted: true, in_use: None };
        // A word among others in a test is the test's own, unless somebody made it: `client.login("alice", "wonder2")`.
        let judged =
            judge(kind, role(kind), value, place).filter(|_| !self.sample || strength(value) == Strength::Strong);
        let Some(judgement) = judged.or_else(|| weak_key(kind, value, place)) else { return };
        let hunter = self.hunter;
        let secret = judgement.place_in(value);
        let secret = literal.start + secret.start..literal.start + secret.end;
        let message = format!("{} is called with a literal value{}", callee.trim_end_matches('('), ctx.owner());
        let says = Statement::judged(hunter.generic(), &judgement, message);
        self.found(layer, secret, judgement.secret, ctx, says);
    }
}

/// The literal at the credential's position of a call.
fn credential(text: &str, bounds: &Range<usize>, at: usize, callee: &str, position: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    if !bytes[at..bounds.end].starts_with(callee.as_bytes()) || is_cut_out(bytes, bounds.start, at) {
        return None;
    }
    let (start, ends) = opening(bytes, bounds, at, callee)?;
    let argument = arguments(bytes, bounds, start, ends).into_iter().nth(position)?;
    let value = unnamed(bytes, &argument);
    let literal = literal_at(bytes, argument.end, value)?;
    let whole = converts(&text[value..literal.start]) && stands_alone(&bytes[literal.end..argument.end]);
    whole.then_some(literal)
}

/// Whether the callee is only the tail of another word. `SetBasicAuth` is no other word: capitals begin a new one.
fn is_cut_out(bytes: &[u8], floor: usize, at: usize) -> bool {
    at > floor && bytes[at - 1].is_ascii_alphanumeric() && !bytes[at].is_ascii_uppercase() && bytes[at] != b'.'
}

/// Where the arguments begin, and how they end.
fn opening(bytes: &[u8], bounds: &Range<usize>, at: usize, callee: &str) -> Option<(usize, Ends)> {
    if let Some(open) = callee.find('(') {
        return Some((at + open + 1, Ends::Bracket));
    }
    let end = at + callee.len();
    let blanks = bytes[end..bounds.end].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    match bytes.get(end + blanks).filter(|_| end + blanks < bounds.end)? {
        b'(' => Some((end + blanks + 1, Ends::Bracket)),
        b'"' | b'\'' | b'a'..=b'z' | b'@' if blanks == 1 => Some((end + 1, Ends::Line)),
        _ => None,
    }
}

/// Where the value of an argument begins: after the name in `key="…"`.
fn unnamed(bytes: &[u8], argument: &Range<usize>) -> usize {
    let named = name_around(bytes, argument, argument.start).filter(|name| bytes[name.clone()] == *b"key");
    let Some(name) = named else { return argument.start };
    let rest = &bytes[name.end..argument.end];
    let sign = rest.iter().take_while(|byte| matches!(byte, b' ' | b'=' | b':')).count();
    name.end + sign
}

/// Whether the calls around a literal only turn it into bytes or a type: what `secretFor("orders")` takes is a name.
fn converts(wrapper: &str) -> bool {
    const CONVERSIONS: [&str; 16] = [
        "byte",
        "bytes",
        "bytearray",
        "from",
        "getbytes",
        "some",
        "str",
        "string",
        "new",
        "encode",
        "decode",
        "b64decode",
        "decodestring",
        "frombase64string",
        "fromhex",
        "parse",
    ];
    let mut calls: Vec<&str> = wrapper.split('(').collect();
    // Behind the last parenthesis stand only a prefix and the quote.
    calls.pop();
    calls.iter().all(|call| {
        let name = call.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or("");
        CONVERSIONS.contains(&name.to_ascii_lowercase().as_str())
    })
}

/// Whether what follows a literal only converts it: `"…".getBytes()`, `Buffer.from("…", "hex")`. What is joined with
/// something else is no whole value.
fn stands_alone(rest: &[u8]) -> bool {
    let rest = &rest[rest.iter().take_while(|byte| matches!(byte, b'"' | b'\'' | b'`' | b'#')).count()..];
    match rest {
        [] | [b')' | b',', ..] => true,
        [b'.', letter, ..] => letter.is_ascii_alphabetic(),
        _ => false,
    }
}

/// What the judge takes for the name of a value that has none.
fn role(kind: Kind) -> &'static str {
    match kind {
        Kind::Password => "login_password",
        Kind::Token => "auth_token",
        _ => "signing_key",
    }
}

/// A key that somebody made up. Words under a name may be anything, but what a program signs with is its key.
fn weak_key(kind: Kind, value: &str, at: Circumstances) -> Option<Judgement<'_>> {
    let spoken_of = at.sample || !matches!(at.habitat, Habitat::Code | Habitat::Config);
    let constant = value.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let harmless = harmless(value).is_some() && !is_uuid(value);
    if kind != Kind::Secret || spoken_of || constant || harmless || value.len() < MIN_WEAK_KEY {
        return None;
    }
    let weak = strength(value) == super::value::Strength::Weak;
    Some(Judgement {
        kind,
        secret: value,
        confidence: if weak { Confidence::Low } else { Confidence::Medium },
        severity: if weak { Severity::Medium } else { Severity::High },
        default: false,
    })
}

/// `HS256`, `aes-256-cbc`, `HmacSHA512`: callers who turn the arguments around are no reason for an alarm.
fn is_algorithm(value: &str) -> bool {
    const FAMILIES: [&str; 16] = [
        "sha", "md5", "hs", "rs", "es", "ps", "aes", "des", "hmac", "hmacsha", "rsa", "ecdsa", "ed", "blake", "ripemd",
        "chacha",
    ];
    let lower = value.to_ascii_lowercase();
    let first = lower.split(['-', '_', '/']).next().unwrap_or("");
    FAMILIES.contains(&first.trim_end_matches(|c: char| c.is_ascii_digit())) && value.len() <= 24 || first == "md5"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The literals that the table finds in a line.
    fn found(line: &str) -> Vec<&str> {
        let places = (0..line.len()).filter(|&at| line.is_char_boundary(at));
        let mut found: Vec<&str> = places
            .flat_map(|at| CALLS.iter().map(move |call| (at, call)))
            .filter_map(|(at, (callee, position, _))| credential(line, &(0..line.len()), at, callee, *position))
            .map(|range| &line[range])
            .collect();
        found.dedup();
        found
    }

    #[test]
    fn credentials_by_position() {
        for line in [
            "crypto.createHmac('sha256', 'k3y').update(x)",
            "hmac.new(b\"k3y\", msg, \"sha256\")",
            "hmac.new(key=b'k3y', msg=m)",
            "hmac.New(sha256.New, []byte(\"k3y\"))",
            "hash_hmac('sha256', $a . 'b', 'k3y')",
            "OpenSSL::HMAC.hexdigest(OpenSSL::Digest.new('sha256'), 'k3y', data)",
            "new HMACSHA256(Encoding.UTF8.GetBytes(\"k3y\"))",
            "HmacSha256::new_from_slice(b\"k3y\").unwrap()",
            "jwt.sign({ a: 'b, c' }, `k3y`, { expiresIn: '1h' })",
            "JWT.encode payload, 'k3y', 'HS256'",
            "token.SignedString([]byte(\"k3y\"))",
            "signWith(SignatureAlgorithm.HS256, \"k3y\".getBytes(UTF_8))",
            "createCipheriv('aes-256-cbc', Buffer.from('k3y', 'hex'), iv)",
            "mysqli_connect ( \"db\", \"root\", \"k3y\", \"a\" )",
            "DBI->connect('dbi:mysql:x', 'app', 'k3y');",
            "new NetworkCredential(user, \"k3y\")",
            "req.SetBasicAuth(\"user\", \"k3y\")",
            "requests.get(u, auth=('user', 'k3y'))",
            "Credentials.basic(\"user\", \"k3y\")",
            "http.basic_auth 'user', 'k3y'",
            "r.basic_auth(\"u\", Some(\"k3y\"))",
            "smtp.PlainAuth(\"\", \"me\", \"k3y\", \"mail\")",
            "new PasswordAuthentication(\"u\", \"k3y\".toCharArray())",
            "Client(\"AC00\", \"k3y\")",
            "credentials += Credentials(\"Nexus\", \"nexus\", \"deploy\", \"k3y\")",
            "rememberMe.setCipherKey(Base64.decode(\"k3y\"));",
        ] {
            assert_eq!(found(line), ["k3y"], "{line}");
        }
    }

    #[test]
    fn what_is_no_literal_of_its_own() {
        for line in [
            "jwt.sign(payload, process.env.JWT_SECRET)",
            "jwt.sign(payload, fs.readFileSync('private.key'))",
            "jwt.sign(payload, 'a' + suffix)",
            "jwt.sign(payload, getSecret('jwt'))",
            "jwt.sign(payload, Buffer.from(secretFor('jwt')))",
            "createHmac('sha256', config['key'])",
            "import { createHmac } from 'crypto'",
            "myjwt.signature(a, 'b')",
            "new PDO($dsn, 'root')",
            "rehmac.new('a')",
        ] {
            assert_eq!(found(line), Vec::<&str>::new(), "{line}");
        }
    }

    #[test]
    fn algorithms_are_no_keys() {
        for name in ["sha256", "HS256", "aes-256-cbc", "HmacSHA512", "md5", "AES/CBC/PKCS5Padding"] {
            assert!(is_algorithm(name), "{name}");
        }
        assert!(!is_algorithm("shadow-of-the-moon"));
    }
}
