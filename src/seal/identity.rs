//! Private keys and their files.

use std::fmt;

use zeroize::Zeroizing;

use super::coding::unbech32;
use super::key_file::{self, Form, KeyFile, Work};
use super::{KeyId, Recipient, SealError, Suite, kem};

/// What an identity file looks like.
const FORM: Form = Form {
    header: "ksecrets-identity/1",
    other_version: "ksecrets-identity/",
    name: "kid",
    domain: b"ksecrets/1/identity",
    strangers: &[
        ("ksx1", "this is a recipient, the public half; the private half is needed"),
        ("kspq1", "this is a recipient, the public half; the private half is needed"),
        ("ksroot1", "this is the public half of a root, which signs keysets; an identity is needed"),
        ("ksecrets-root/", "this is a root, which signs keysets; an identity is needed"),
    ],
    missing_name: "the line `kid:` is missing",
    not_this: "its first line is not `ksecrets-identity/1`",
    wrong: |why| SealError::Identity { why },
};

/// A private key. It cannot be shown, and is wiped when dropped.
#[derive(Clone)]
pub struct Identity {
    seed: Zeroizing<[u8; 32]>,
    private: kem::Private,
    recipient: Recipient,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.recipient.kid())
    }
}

impl Identity {
    /// Makes a new key.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn generate(suite: Suite) -> Result<Self, SealError> {
        Self::new(suite, random()?)
    }

    /// Takes a key that is there: the seed of X-Wing, the scalar of X25519.
    ///
    /// # Errors
    /// When it is no key.
    pub fn new(suite: Suite, seed: Zeroizing<[u8; 32]>) -> Result<Self, SealError> {
        let private = kem::Private::new(suite, &seed);
        let private = private.ok_or(SealError::Identity { why: "the bytes are no private key" })?;
        Ok(Self { recipient: Recipient::new(suite, &private.public())?, private, seed })
    }

    /// The public half.
    #[must_use]
    pub fn recipient(&self) -> &Recipient {
        &self.recipient
    }

    /// The id of the key.
    #[must_use]
    pub fn kid(&self) -> &KeyId {
        self.recipient.kid()
    }

    /// The key itself, for tests.
    #[cfg(test)]
    pub(super) fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    pub(super) fn private(&self) -> &kem::Private {
        &self.private
    }

    /// The text of a file that keeps the key as it is.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        key_file::plain(&FORM, self.kid().as_str(), prefix(self.recipient.suite()), &self.seed)
    }

    /// The text of a file that keeps the key under a passphrase.
    ///
    /// # Errors
    /// When the work is over the format's limits, or the system gives no randomness.
    pub fn to_protected_text(&self, passphrase: &str, work: Work) -> Result<String, SealError> {
        key_file::protected(&FORM, self.kid().as_str(), &self.seed, passphrase, work)
    }
}

fn prefix(suite: Suite) -> &'static str {
    match suite {
        Suite::XWing => "ksecrets-key-pq-",
        Suite::X25519 => "ksecrets-key-x-",
    }
}

/// Bytes of the system's randomness.
pub(super) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, SealError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(&mut *bytes).map_err(|_| SealError::Randomness)?;
    Ok(bytes)
}

/// What stands in an identity file.
pub struct IdentityFile {
    kid: KeyId,
    file: KeyFile,
    /// The key, where no passphrase is needed.
    plain: Option<Identity>,
}

impl fmt::Debug for IdentityFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentityFile({})", self.kid)
    }
}

impl IdentityFile {
    /// Reads the text of a file. Empty lines and lines that begin with `#` are left out.
    ///
    /// # Errors
    /// When it is no identity file, a part of it is missing or altered, or it asks for too much work.
    pub fn read(text: &str) -> Result<Self, SealError> {
        let file = KeyFile::read(&FORM, text)?;
        let kid: KeyId = file.name().parse()?;
        let plain = file.key().map(plain).transpose()?;
        if let Some(identity) = &plain {
            check(&kid, identity)?;
        }
        Ok(Self { kid, file, plain })
    }

    /// The id of the key, as the file says: without the passphrase it is not known to be true.
    #[must_use]
    pub fn kid(&self) -> &KeyId {
        &self.kid
    }

    /// Whether a passphrase is needed.
    #[must_use]
    pub fn is_protected(&self) -> bool {
        self.plain.is_none()
    }

    /// The key.
    ///
    /// # Errors
    /// When a passphrase is needed and there is none, or it is the wrong one.
    pub fn open(self, passphrase: Option<&str>) -> Result<Identity, SealError> {
        if let Some(identity) = self.plain {
            return Ok(identity);
        }
        let identity = Identity::new(self.kid.suite(), self.file.unprotect(passphrase)?)?;
        check(&self.kid, &identity)?;
        Ok(identity)
    }
}

fn check(kid: &KeyId, identity: &Identity) -> Result<(), SealError> {
    let same = identity.kid() == kid;
    same.then_some(()).ok_or(SealError::Identity { why: "the line `kid:` is that of another key" })
}

fn plain(text: &str) -> Result<Identity, SealError> {
    let (found, bytes) = unbech32(text)
        .ok_or(SealError::Identity { why: "the checksum of its key is wrong; was it copied completely?" })?;
    let suite = Suite::ALL.into_iter().find(|suite| prefix(*suite) == found);
    let suite = suite.ok_or(SealError::Identity { why: "its key is of no suite that is known" })?;
    let seed = <[u8; 32]>::try_from(bytes.as_slice()).map(Zeroizing::new);
    Identity::new(suite, seed.map_err(|_| SealError::Identity { why: "its key has the wrong length" })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Work = Work { memory: 32, passes: 1, lanes: 4 };

    fn identity(suite: Suite) -> Identity {
        Identity::new(suite, Zeroizing::new([7; 32])).unwrap()
    }

    fn code(text: &str) -> &'static str {
        IdentityFile::read(text).unwrap_err().code()
    }

    #[test]
    fn files_come_back() {
        for suite in Suite::ALL {
            let one = identity(suite);
            let plain = IdentityFile::read(&format!("# of the team\n\n{}", *one.to_text())).unwrap();
            assert!(!plain.is_protected());
            assert_eq!(plain.open(None).unwrap().seed(), one.seed());
            let text = one.to_protected_text("correct horse", QUICK).unwrap();
            let open = |passphrase| IdentityFile::read(&text.replace('\n', "\r\n")).unwrap().open(passphrase);
            assert!(IdentityFile::read(&text).unwrap().is_protected());
            assert_eq!(open(Some("correct horse")).unwrap().seed(), one.seed());
            assert_eq!(open(Some("correct  horse")).unwrap_err().code(), "passphrase");
            assert_eq!(open(None).unwrap_err().code(), "passphrase-needed");
        }
    }

    #[test]
    fn two_keys_differ_and_none_shows() {
        let (one, other) = (Identity::generate(Suite::XWing).unwrap(), Identity::generate(Suite::XWing).unwrap());
        assert_ne!(one.seed(), other.seed());
        assert_eq!(format!("{one:?}"), format!("Identity({})", one.kid()));
        let file = IdentityFile::read(&one.to_text()).unwrap();
        assert_eq!(format!("{file:?}"), format!("IdentityFile({})", one.kid()));
    }

    #[test]
    fn what_is_no_identity_file() {
        let text = identity(Suite::X25519).to_text();
        assert_eq!(code(""), "identity");
        assert_eq!(code(&identity(Suite::X25519).recipient().to_string()), "identity");
        assert_eq!(code(&text.replace("identity/1", "identity/2")), "format");
        assert_eq!(code(&text.replace(" plain", "")), "identity");
        assert_eq!(code(&text.replace("x25519-", "x448-")), "suite");
        assert_eq!(code(&text.replace("kid:", "kit:")), "identity");
        assert_eq!(code(&format!("{}{}", *text, *text)), "identity");
        let other = Identity::new(Suite::X25519, Zeroizing::new([8; 32])).unwrap();
        assert_eq!(code(&text.replace(identity(Suite::X25519).kid().as_str(), other.kid().as_str())), "identity");
        assert_eq!(code(text[..text.len() - 3].trim_end()), "identity");
        assert_eq!(code(&"#\n".repeat(key_file::MOST)), "identity");
    }

    #[test]
    fn every_part_of_a_protected_file_counts() {
        let text = identity(Suite::XWing).to_protected_text("p", QUICK).unwrap();
        let opened = |text: &str| IdentityFile::read(text).and_then(|file| file.open(Some("p"))).map_err(|e| e.code());
        assert!(opened(&text).is_ok());
        assert_eq!(opened(&text.replace(" t=1", " t=2")).unwrap_err(), "passphrase");
        assert_eq!(opened(&text.replace(" t=1", " t=01")).unwrap_err(), "identity");
        assert_eq!(opened(&text.replace("m=32", "m=1048577")).unwrap_err(), "too-large");
        assert_eq!(opened(&text.replace(" t=1", " t=17")).unwrap_err(), "too-large");
        assert_eq!(opened(&text.replace("m=32", "m=1")).unwrap_err(), "identity");
        assert_eq!(opened(&text.replace("argon2id", "argon2d")).unwrap_err(), "identity");
        assert_eq!(opened(&text.replace("salt=", "salt=!")).unwrap_err(), "base64");
        let other = Identity::new(Suite::XWing, Zeroizing::new([8; 32])).unwrap();
        let swapped = text.replace(identity(Suite::XWing).kid().as_str(), other.kid().as_str());
        assert_eq!(opened(&swapped).unwrap_err(), "passphrase");
        assert_eq!(opened(&text[..text.len() - 5]).unwrap_err(), "length");
    }
}
