//! Private keys of a controller, as they were backed up.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rsa::pkcs1::DecodeRsaPrivateKey as _;
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::traits::PublicKeyParts as _;
use rsa::{PrivateKey, PublicKey};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::Error;
use super::error::UselessKey;
use super::pem::Block;
use crate::manifest::{Object, chunks, parse_document};
use crate::seal::coding::shown;

/// How a key is known. Nothing of it is secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyName {
    /// The Secret it stands in, where it came from a backup: `sealed-secrets-key7xk2p`.
    pub secret: Option<String>,
    /// As `ssh-keygen -l` shows it, and as the controller keeps its keys: `SHA256:…`.
    pub fingerprint: String,
}

impl KeyName {
    pub(super) fn of(key: &PublicKey, secret: Option<String>) -> Self {
        // RFC 4253, 6.6: "ssh-rsa", exponent, modulus.
        let mut hash = Sha256::new();
        for part in [b"ssh-rsa".to_vec(), number(&key.e_bytes()), number(&key.n_bytes())] {
            hash.update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            hash.update(part);
        }
        Self { secret, fingerprint: format!("SHA256:{}", STANDARD_NO_PAD.encode(hash.finalize())) }
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.secret {
            Some(secret) => write!(f, "{secret} ({})", self.fingerprint),
            None => f.write_str(&self.fingerprint),
        }
    }
}

/// A positive number of SSH (RFC 4251, 5): its first bit is clear.
fn number(bytes: &[u8]) -> Vec<u8> {
    let clear = bytes.first().is_some_and(|first| first & 0x80 != 0);
    [&[0][..usize::from(clear)], bytes].concat()
}

/// Private keys, tried one after the other: a value does not say which one it was sealed for.
#[derive(Default)]
pub struct Keys {
    keys: Vec<(KeyName, PrivateKey)>,
    useless: Vec<UselessKey>,
}

impl Keys {
    /// Reads private keys in PEM (PKCS#1 or PKCS#8), or a backup of Secrets with `tls.key` in YAML or JSON, also a
    /// `List` or several documents. A key that cannot be used does not keep the others from being used.
    ///
    /// # Errors
    /// When there is no key that can be used.
    pub fn read(text: &str) -> Result<Self, Error> {
        let mut keys = Self::default();
        // A backup holds PEM too, with `stringData` even readable; its Secrets tell the names.
        let syntax = keys.read_backup(text);
        if keys.is_untouched() {
            keys.read_pem(text, None);
        }
        match (keys.keys.is_empty(), keys.useless.first()) {
            (false, _) => Ok(keys),
            (true, Some(useless)) => Err(Error::UselessKeys(useless.clone())),
            (true, None) => Err(syntax.map_or(Error::NoPrivateKey, Error::BackupSyntax)),
        }
    }

    /// Adds the keys of another file; one that is there already is not added again.
    pub fn add(&mut self, other: Self) {
        for (name, key) in other.keys {
            self.insert(name, key);
        }
        self.useless.extend(other.useless);
    }

    /// How the keys are known, in the order in which they are tried.
    pub fn names(&self) -> impl Iterator<Item = &KeyName> {
        self.keys.iter().map(|(name, _)| name)
    }

    /// Keys that were found and cannot be used.
    #[must_use]
    pub fn useless(&self) -> &[UselessKey] {
        &self.useless
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&KeyName, &PrivateKey)> {
        self.keys.iter().map(|(name, key)| (name, key))
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    fn is_untouched(&self) -> bool {
        self.keys.is_empty() && self.useless.is_empty()
    }

    fn insert(&mut self, name: KeyName, key: PrivateKey) {
        if !self.names().any(|known| known.fingerprint == name.fingerprint) {
            self.keys.push((name, key));
        }
    }

    /// Reads what Secrets hold under `tls.key`. Returns the first error of syntax.
    fn read_backup(&mut self, text: &str) -> Option<String> {
        let mut syntax = None;
        for range in chunks(text) {
            match parse_document(text, range) {
                Ok(tree) => Object::all(&tree).iter().filter(|o| o.is("", "Secret")).for_each(|o| self.read_secret(o)),
                Err(error) => syntax = syntax.or(Some(shown(&error.message))),
            }
        }
        syntax.filter(|_| text.contains("tls.key"))
    }

    fn read_secret(&mut self, object: &Object<'_>) {
        let name = object.name().map(shown);
        let field = |field| object.root.at_path(&[field, "tls.key"]).and_then(|node| node.as_str());
        if let Some(pem) = field("stringData") {
            self.read_pem(pem, name);
        } else if let Some(encoded) = field("data") {
            let compact: Zeroizing<String> = Zeroizing::new(encoded.split_ascii_whitespace().collect());
            let pem = STANDARD.decode(compact.as_bytes()).ok().map(Zeroizing::new);
            match pem.as_ref().and_then(|pem| std::str::from_utf8(pem).ok()) {
                Some(pem) => self.read_pem(pem, name),
                None => self.useless.push(UselessKey { secret: name, reason: "tls.key is not base64 of PEM" }),
            }
        }
    }

    fn read_pem(&mut self, text: &str, secret: Option<String>) {
        let before = self.keys.len() + self.useless.len();
        for block in Block::all(text).filter(|block| block.label.ends_with("PRIVATE KEY")) {
            match private_key(&block) {
                Ok(key) => self.insert(KeyName::of(key.as_public_key(), secret.clone()), key),
                Err(reason) => self.useless.push(UselessKey { secret: secret.clone(), reason }),
            }
        }
        if secret.is_some() && before == self.keys.len() + self.useless.len() {
            self.useless
                .push(UselessKey { secret, reason: "tls.key holds no private key, or one that is there twice" });
        }
    }
}

fn private_key(block: &Block<'_>) -> Result<PrivateKey, &'static str> {
    if block.is_encrypted() {
        return Err("is protected by a passphrase: take that off with `openssl pkey` where it cannot be seen");
    }
    let der = block.bytes().ok_or("is damaged: its PEM is not base64")?;
    match block.label {
        "RSA PRIVATE KEY" => PrivateKey::from_pkcs1_der(&der).map_err(|_| "is damaged, or has more than two primes"),
        "PRIVATE KEY" => PrivateKey::from_pkcs8_der(&der).map_err(|_| "is damaged, or is no RSA key"),
        _ => Err("is no RSA key"),
    }
}

impl fmt::Debug for Keys {
    /// The names only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names().map(KeyName::to_string)).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rsa::pkcs1::DecodeRsaPublicKey as _;
    use rsa::pkcs8::EncodePrivateKey as _;

    use super::super::made;
    use super::*;

    fn names(text: &str) -> Vec<Option<String>> {
        Keys::read(text).unwrap().names().map(|name| name.secret.clone()).collect()
    }

    fn label(private: &str) -> String {
        format!("-----BEGIN {private} KEY-----")
    }

    #[test]
    fn both_forms_of_pem() {
        let pkcs8 = made::PAIR.key.to_pkcs8_pem(rsa::pkcs8::LineEnding::CRLF).unwrap();
        assert!(pkcs8.contains(&label("PRIVATE")) && made::PAIR.private.contains(&label("RSA PRIVATE")));
        for pem in [&*pkcs8, &*made::PAIR.private] {
            let keys = Keys::read(pem).unwrap();
            assert!(keys.names().eq([&made::CERTIFICATE.key_name()]));
        }
        let other = made::Pair::new();
        assert_eq!(names(&[&pkcs8[..], &other.private, &made::PAIR.private].concat()), [None, None]);
    }

    #[test]
    fn backups_name_their_secrets() {
        let other = made::Pair::new();
        let pairs = [("sealed-secrets-keya", &*made::PAIR), ("sealed-secrets-keyb", &other)];
        let list = made::backup(&pairs);
        let expected = [Some("sealed-secrets-keya".to_owned()), Some("sealed-secrets-keyb".to_owned())];
        assert_eq!(names(&list), expected);
        let json = serde_json::to_string(&serde_yaml::from_str::<serde_json::Value>(&list).unwrap()).unwrap();
        assert_eq!(names(&json), expected);
        let documents: String = pairs.map(|pair| format!("---\n{}", made::backup(&[pair]))).concat();
        assert_eq!(names(&documents), expected);
        let indented = made::PAIR.private.replace('\n', "\n    ");
        let readable =
            format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: k}}\nstringData:\n  tls.key: |\n    {indented}\n");
        assert_eq!(names(&readable), [Some("k".to_owned())]);
    }

    #[test]
    fn one_bad_key_does_not_spoil_the_others() {
        let bad = "apiVersion: v1\nkind: Secret\nmetadata: {name: bad}\ndata: {tls.key: '!'}\n---\n";
        let keys = Keys::read(&[bad, &made::backup(&[("good", &made::PAIR)])].concat()).unwrap();
        assert_eq!(keys.len(), 1);
        assert_eq!(keys.useless()[0].to_string(), "in the Secret bad, tls.key is not base64 of PEM");
    }

    #[test]
    fn the_reader_is_told_what_is_missing() {
        let error = |text: &str| Keys::read(text).unwrap_err();
        assert_eq!(error(""), Error::NoPrivateKey);
        assert_eq!(error(&made::PAIR.certificate_pem), Error::NoPrivateKey);
        assert_eq!(error("apiVersion: v1\nkind: Secret\ndata: {a: b}\n"), Error::NoPrivateKey);
        assert!(matches!(error("kind: Secret\ndata: [tls.key\n"), Error::BackupSyntax(_)));
        let reason = |text: &str| match error(text) {
            Error::UselessKeys(useless) => useless.reason,
            other => panic!("{other}"),
        };
        let block = |label: &str| format!("-----BEGIN {label} KEY-----\naGk=\n-----END {label} KEY-----\n");
        assert!(reason(&block("ENCRYPTED PRIVATE")).contains("passphrase"));
        assert!(reason(&block("EC PRIVATE")).contains("no RSA key"));
        assert!(reason(&block("PRIVATE")).contains("damaged"));
        assert!(reason(&block("RSA PRIVATE")).contains("damaged"));
        assert!(reason(&rcgen::KeyPair::generate().unwrap().serialize_pem()).contains("no RSA key"));
    }

    /// Made by OpenSSL, and named by `ssh-keygen -l`.
    #[test]
    fn names_are_those_of_openssh() {
        let der = "MIIBCgKCAQEAzQiV0dOyCKru+SBZf6/0E+fxrdTt/UaEJPeoWl2LTiB7VGaTCvSD1QzdGpdoJfA30RCUV2F4WaBTThvIcY9GFRn8L0Ly\
                   GlyPFV4lVoE+eErKXdpnehSlGKyWuzBIn/IrhWVr+6zF8RxsJqpmcc3zoYtpzQOA+6tN3ejdtfSbfZ8TAm3VH+io/0dZCbColkeQGBAH\
                   URiDEkjFSPTq0MPQFUG3SvQB31Nfzw36QEpPUkIrUVdpCxPP2aUOkKD8he754HhGGztFDAqhtfqB98QHOOd+WzcM4lBfsb+Yg0t7B7oV\
                   TRTjhfAVWWZfsUmtWU+bUeLojtSrNNVgSZ2xS4kx4wIDAQAB";
        let key = PublicKey::from_pkcs1_der(&STANDARD.decode(der).unwrap()).unwrap();
        assert_eq!(KeyName::of(&key, None).to_string(), "SHA256:P/j1b1Ri/x3xV4S5Y5DCMMwHPVZmK6Ltz1w9nYv2wiw");
    }

    #[test]
    fn keys_show_their_names_only() {
        let shown = format!("{:?}", *made::KEYS);
        assert_eq!(shown, format!("[\"{}\"]", made::CERTIFICATE.key_name()));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in ".{0,200}") {
            let _ = Keys::read(&text);
            for label in ["RSA PRIVATE", "PRIVATE"] {
                let block = format!("-----BEGIN {label} KEY-----\n{}\n-----END {label} KEY-----\n", STANDARD.encode(&bytes));
                let _ = Keys::read(&block);
            }
        }
    }
}
