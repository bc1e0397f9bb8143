//! Private keys and their files.

use std::fmt;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use super::coding::{base64, bech32, framed, unbase64, unbech32};
use super::{KeyId, Recipient, SealError, Suite, kem};

/// The first word of an identity file; what follows is how the key is kept.
const HEADER: &str = "ksecrets-identity/1";
/// Bytes of salt and of nonce.
const SALT: usize = 16;
const NONCE: usize = 12;
/// Longest identity file that is read.
const MOST: usize = 64 * 1024;

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
        let mut key = bech32(prefix(self.recipient.suite()), &*self.seed);
        key.make_ascii_uppercase();
        let mut text = Zeroizing::new(String::with_capacity(512));
        for part in [HEADER, " plain\nkid: ", self.kid().as_str(), "\nkey: ", &key, "\n"] {
            text.push_str(part);
        }
        text
    }

    /// The text of a file that keeps the key under a passphrase.
    ///
    /// # Errors
    /// When the work is over the format's limits, or the system gives no randomness.
    pub fn to_protected_text(&self, passphrase: &str, work: Work) -> Result<String, SealError> {
        let salt: Zeroizing<[u8; SALT]> = random()?;
        let nonce: Zeroizing<[u8; NONCE]> = random()?;
        let kdf = work.line(&*salt);
        let aad = associated(self.kid(), &kdf);
        let cipher = work.cipher(passphrase, &*salt)?;
        let payload = Payload { msg: &*self.seed, aad: &aad };
        let sealed = cipher.encrypt((&*nonce).into(), payload).map_err(|_| SealError::Randomness)?;
        let boxed = base64(&[&nonce[..], &sealed].concat());
        Ok(format!("{HEADER} passphrase\nkid: {}\nkdf: {kdf}\nbox: {boxed}\n", self.kid()))
    }
}

fn prefix(suite: Suite) -> &'static str {
    match suite {
        Suite::XWing => "ksecrets-key-pq-",
        Suite::X25519 => "ksecrets-key-x-",
    }
}

fn associated(kid: &KeyId, kdf: &str) -> Vec<u8> {
    framed(&[b"ksecrets/1/identity", kid.as_str().as_bytes(), kdf.as_bytes()])
}

/// Bytes of the system's randomness.
pub(super) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, SealError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(&mut *bytes).map_err(|_| SealError::Randomness)?;
    Ok(bytes)
}

/// How much a guess at a passphrase costs: Argon2id (RFC 9106).
///
/// Argon2id and not scrypt: it is the RFC's first choice, and its time and memory are set apart from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// Memory in KiB.
    pub memory: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for Work {
    /// What RFC 9106, 4 recommends second: 64 MiB. The first takes 2 GiB, which build machines do not have.
    fn default() -> Self {
        Self { memory: 64 * 1024, passes: 3, lanes: 4 }
    }
}

impl Work {
    /// The most that a file may ask for: a stranger's file must not take all memory or an hour.
    const MOST: Self = Self { memory: 1 << 20, passes: 16, lanes: 16 };

    fn line(self, salt: &[u8]) -> String {
        format!("argon2id m={} t={} p={} salt={}", self.memory, self.passes, self.lanes, base64(salt))
    }

    fn read(line: &str) -> Result<(Self, Vec<u8>), SealError> {
        let wrong = |why| SealError::Identity { why };
        let mut words = line.split(' ');
        if words.next() != Some("argon2id") {
            return Err(wrong("its kdf is not argon2id; it needs a newer ksecrets"));
        }
        let mut next = |name: &str| {
            let word = words.next().and_then(|word| word.strip_prefix(name));
            word.ok_or_else(|| wrong("its kdf line is not `argon2id m= t= p= salt=`"))
        };
        let (memory, passes, lanes) = (number(next("m=")?)?, number(next("t=")?)?, number(next("p=")?)?);
        let salt = unbase64(next("salt=")?, || "salt".to_owned())?;
        if salt.len() != SALT || words.next().is_some() {
            return Err(wrong("its kdf line is not `argon2id m= t= p= salt=` with sixteen bytes of salt"));
        }
        let work = Self { memory, passes, lanes };
        work.params()?;
        Ok((work, salt))
    }

    fn params(self) -> Result<Params, SealError> {
        let Self { memory, passes, lanes } = Self::MOST;
        if self.memory > memory || self.passes > passes || self.lanes > lanes {
            return Err(SealError::TooLarge { what: "the work that the kdf line asks for", limit: memory as usize });
        }
        let params = Params::new(self.memory, self.passes, self.lanes, Some(32));
        params.map_err(|_| SealError::Identity { why: "its kdf line asks for less than argon2id can do" })
    }

    fn cipher(self, passphrase: &str, salt: &[u8]) -> Result<Aes256Gcm, SealError> {
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params()?);
        let mut key = Zeroizing::new([0; 32]);
        let done = argon.hash_password_into(passphrase.as_bytes(), salt, &mut *key);
        done.map_err(|_| SealError::Identity { why: "the passphrase is too long" })?;
        Ok(Aes256Gcm::new((&*key).into()))
    }
}

/// Decimal digits without a sign and without a leading zero.
fn number(text: &str) -> Result<u32, SealError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    let read = digits.then(|| text.parse().ok()).flatten();
    read.ok_or(SealError::Identity { why: "its kdf line has something that is no number" })
}

/// What stands in an identity file.
pub struct IdentityFile {
    kid: KeyId,
    kept: Kept,
}

enum Kept {
    Plain(Identity),
    Protected { work: Work, salt: Vec<u8>, aad: Vec<u8>, boxed: Vec<u8> },
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
        let wrong = |why| SealError::Identity { why };
        if text.len() > MOST {
            return Err(wrong("it is longer than such files are"));
        }
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let header = lines.next().ok_or(wrong("it is empty"))?;
        let (format, kept) = header.split_once(' ').unwrap_or((header, ""));
        if format != HEADER {
            return Err(if format.starts_with("ksecrets-identity/") {
                SealError::Format { found: super::coding::shown(format) }
            } else if format.starts_with("ksx1") || format.starts_with("kspq1") {
                wrong("this is a recipient, the public half; the private half is needed")
            } else {
                wrong("its first line is not `ksecrets-identity/1`")
            });
        }
        let mut field = |name: &str, why| {
            let line: Option<&str> = lines.next();
            line.and_then(|line| line.strip_prefix(name)?.strip_prefix(": ")).ok_or(wrong(why))
        };
        let kid: KeyId = field("kid", "the line `kid:` is missing")?.parse()?;
        let kept = match kept {
            "plain" => Kept::Plain(plain(field("key", "the line `key:` is missing")?)?),
            "passphrase" => {
                let kdf = field("kdf", "the line `kdf:` is missing")?;
                let (work, salt) = Work::read(kdf)?;
                let boxed = unbase64(field("box", "the line `box:` is missing")?, || "box".to_owned())?;
                if boxed.len() != NONCE + 32 + 16 {
                    return Err(SealError::Length { field: "box".to_owned(), found: boxed.len() });
                }
                Kept::Protected { work, salt, aad: associated(&kid, kdf), boxed }
            }
            _ => return Err(wrong("its first line ends with neither `plain` nor `passphrase`")),
        };
        if lines.next().is_some() {
            return Err(wrong("something follows the key; one file holds one key"));
        }
        let file = Self { kid, kept };
        if let Kept::Plain(identity) = &file.kept {
            file.check(identity)?;
        }
        Ok(file)
    }

    /// The id of the key, as the file says: without the passphrase it is not known to be true.
    #[must_use]
    pub fn kid(&self) -> &KeyId {
        &self.kid
    }

    /// Whether a passphrase is needed.
    #[must_use]
    pub fn is_protected(&self) -> bool {
        matches!(self.kept, Kept::Protected { .. })
    }

    /// The key.
    ///
    /// # Errors
    /// When a passphrase is needed and there is none, or it is the wrong one.
    pub fn open(self, passphrase: Option<&str>) -> Result<Identity, SealError> {
        let Kept::Protected { work, salt, aad, boxed } = &self.kept else {
            let Kept::Plain(identity) = self.kept else { return Err(SealError::Identity { why: "it holds no key" }) };
            return Ok(identity);
        };
        let refused = || SealError::Passphrase { kid: self.kid.to_string() };
        let passphrase = passphrase.ok_or_else(|| SealError::PassphraseNeeded { kid: self.kid.to_string() })?;
        let cipher = work.cipher(passphrase, salt)?;
        let (nonce, msg) = boxed.split_first_chunk::<NONCE>().ok_or_else(refused)?;
        let opened = cipher.decrypt(nonce.into(), Payload { msg, aad }).map(Zeroizing::new).map_err(|_| refused())?;
        let seed = <[u8; 32]>::try_from(opened.as_slice()).map(Zeroizing::new).map_err(|_| refused())?;
        let identity = Identity::new(self.kid.suite(), seed)?;
        self.check(&identity)?;
        Ok(identity)
    }

    fn check(&self, identity: &Identity) -> Result<(), SealError> {
        let same = *identity.kid() == self.kid;
        same.then_some(()).ok_or(SealError::Identity { why: "the line `kid:` is that of another key" })
    }
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
        assert_eq!(code(&"#\n".repeat(MOST)), "identity");
    }

    #[test]
    fn every_part_of_a_protected_file_counts() {
        let text = identity(Suite::XWing).to_protected_text("p", QUICK).unwrap();
        let opened = |text: &str| IdentityFile::read(text).and_then(|file| file.open(Some("p"))).map_err(|e| e.code());
        assert!(opened(&text).is_ok());
        assert_eq!(opened(&text.replace("t=1", "t=2")).unwrap_err(), "passphrase");
        assert_eq!(opened(&text.replace("t=1", "t=01")).unwrap_err(), "identity");
        assert_eq!(opened(&text.replace("m=32", "m=1048577")).unwrap_err(), "too-large");
        assert_eq!(opened(&text.replace("t=1", "t=17")).unwrap_err(), "too-large");
        assert_eq!(opened(&text.replace("m=32", "m=1")).unwrap_err(), "identity");
        assert_eq!(opened(&text.replace("argon2id", "argon2d")).unwrap_err(), "identity");
        assert_eq!(opened(&text.replace("salt=", "salt=!")).unwrap_err(), "base64");
        let other = Identity::new(Suite::XWing, Zeroizing::new([8; 32])).unwrap();
        let swapped = text.replace(identity(Suite::XWing).kid().as_str(), other.kid().as_str());
        assert_eq!(opened(&swapped).unwrap_err(), "passphrase");
        assert_eq!(opened(&text[..text.len() - 5]).unwrap_err(), "length");
    }

    /// The generator of passphrases decides what a guess costs as much as Argon2id: `Work::default` is the RFC's.
    #[test]
    fn the_default_work_is_within_the_limits() {
        let Work { memory, passes, lanes } = Work::default();
        assert_eq!((memory, passes, lanes), (65536, 3, 4));
        assert!(Work::default().params().is_ok());
    }
}
