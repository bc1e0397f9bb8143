//! To whom something is sealed.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use super::coding::{base32, bech32, framed, is_base32, shown, unbech32};
use super::{SealError, Suite, kem};

/// Characters of the digest in a key id: 80 bits.
const DIGEST: usize = 16;

/// Names a public key: suite and digest. Tells whose key is needed without trying them all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId {
    suite: Suite,
    text: String,
}

impl KeyId {
    fn of(suite: Suite, public: &[u8]) -> Self {
        let hash = Sha256::digest(framed(&[b"ksecrets/1/kid", suite.as_str().as_bytes(), public]));
        Self { suite, text: format!("{suite}-{}", base32(&hash[..DIGEST * 5 / 8])) }
    }

    /// The suite of the key.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl FromStr for KeyId {
    type Err = SealError;

    fn from_str(text: &str) -> Result<Self, SealError> {
        let wrong = || SealError::KeyId { found: shown(text) };
        let (suite, digest) = text.split_once('-').ok_or_else(wrong)?;
        let suite = suite.parse()?;
        if !is_base32(digest, DIGEST) {
            return Err(wrong());
        }
        Ok(Self { suite, text: text.to_owned() })
    }
}

/// A public key to seal to. As text one word: short enough to paste for `x25519`, a long line for `xwing`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    suite: Suite,
    public: Vec<u8>,
    kid: KeyId,
}

impl Recipient {
    /// Takes the bytes of a public key.
    ///
    /// # Errors
    /// When they are no public key of the suite, or one that everybody has the private key of.
    pub fn new(suite: Suite, public: &[u8]) -> Result<Self, SealError> {
        if public.len() != suite.public_length() {
            return Err(SealError::Recipient { why: "the public key has the wrong length" });
        }
        if kem::is_low_order(public) {
            return Err(SealError::LowOrder { field: "the public key".to_owned() });
        }
        if !kem::is_public(suite, public) {
            return Err(SealError::Recipient { why: "the bytes are no public key of their suite" });
        }
        Ok(Self { suite, public: public.to_vec(), kid: KeyId::of(suite, public) })
    }

    /// The recipients in a text, one a line; empty lines and lines that begin with `#` are left out.
    ///
    /// # Errors
    /// When a line is something else.
    pub fn all(text: &str) -> Result<Vec<Self>, SealError> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(str::parse).collect()
    }

    /// How data keys are wrapped to it.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// The bytes of the public key.
    #[must_use]
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// The id of the key.
    #[must_use]
    pub fn kid(&self) -> &KeyId {
        &self.kid
    }
}

fn prefix(suite: Suite) -> &'static str {
    match suite {
        Suite::XWing => "kspq",
        Suite::X25519 => "ksx",
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&bech32(prefix(self.suite), &self.public))
    }
}

impl FromStr for Recipient {
    type Err = SealError;

    fn from_str(text: &str) -> Result<Self, SealError> {
        if text.to_ascii_lowercase().starts_with("ksecrets-key-") {
            return Err(SealError::Recipient { why: "this is a private key; do not pass it on" });
        }
        let longest = Suite::XWing.public_length() * 2;
        let read = (text.len() <= longest).then(|| unbech32(text)).flatten();
        let (found, public) =
            read.ok_or(SealError::Recipient { why: "the checksum is wrong; was it pasted completely?" })?;
        let suite = Suite::ALL.into_iter().find(|suite| prefix(*suite) == found);
        Self::new(suite.ok_or(SealError::Recipient { why: "it begins with neither kspq1 nor ksx1" })?, &public)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipient(suite: Suite) -> Recipient {
        Recipient::new(suite, &kem::Private::new(suite, &[7; 32]).unwrap().public()).unwrap()
    }

    #[test]
    fn the_text_comes_back() {
        for (suite, length) in [(Suite::X25519, 62), (Suite::XWing, 1957)] {
            let one = recipient(suite);
            assert_eq!(one.to_string().len(), length);
            assert_eq!(one.to_string().parse(), Ok(one.clone()));
            assert_eq!(one.kid().as_str().parse(), Ok(one.kid().clone()));
            let file = format!("# team\n\n{one}  \r\n{one}\n");
            assert_eq!(Recipient::all(&file), Ok(vec![one.clone(), one]));
        }
    }

    #[test]
    fn what_is_no_recipient() {
        let good = recipient(Suite::X25519).to_string();
        let codes = |text: &str| text.parse::<Recipient>().unwrap_err().code();
        assert_eq!(codes(""), "recipient");
        assert_eq!(codes(&good[..40]), "recipient");
        assert_eq!(codes(&good.replace("ksx1", "ksy1")), "recipient");
        assert_eq!(codes(&bech32("age", &[7; 32])), "recipient");
        assert_eq!(codes(&bech32("ksx", &[0; 32])), "low-order");
        assert_eq!(codes(&bech32("ksx", &[7; 31])), "recipient");
        let mut public = kem::Private::new(Suite::XWing, &[7; 32]).unwrap().public();
        public[..3].fill(0xff); // numbers of ML-KEM that are over its modulus
        assert_eq!(codes(&bech32("kspq", &public)), "recipient");
        let mut public = kem::Private::new(Suite::XWing, &[7; 32]).unwrap().public();
        public[1184..].fill(0);
        assert_eq!(codes(&bech32("kspq", &public)), "low-order");
    }

    #[test]
    fn what_is_no_key_id() {
        let codes = |text: &str| text.parse::<KeyId>().unwrap_err().code();
        assert_eq!(codes("xwing"), "key-id");
        assert_eq!(codes("p256-aaaaaaaaaaaaaaaa"), "suite");
        assert_eq!(codes("xwing-aaaaaaaaaaaaaaa"), "key-id");
        assert_eq!(codes("xwing-aaaaaaaaaaaaaaa1"), "key-id");
    }
}
