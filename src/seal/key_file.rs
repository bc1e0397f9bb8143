//! Files that hold one private key of 32 bytes: as it is, or under a passphrase.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use super::SealError;
use super::coding::{base64, bech32, framed, shown, unbase64};
use super::identity::random;

/// Bytes of salt and of nonce.
const SALT: usize = 16;
const NONCE: usize = 12;
/// Longest file that is read.
pub(super) const MOST: usize = 64 * 1024;

/// What tells one kind of these files from another.
pub(super) struct Form {
    /// The first word; what follows is how the key is kept.
    pub(super) header: &'static str,
    /// How the first word begins in every version.
    pub(super) other_version: &'static str,
    /// The name of the line that says whose key it is.
    pub(super) name: &'static str,
    /// What a key under a passphrase is bound to, besides that line.
    pub(super) domain: &'static [u8],
    /// First words of what is easily taken for it, and what is to be said then.
    pub(super) strangers: &'static [(&'static str, &'static str)],
    pub(super) missing_name: &'static str,
    pub(super) not_this: &'static str,
    /// The error of a file that is none of this kind.
    pub(super) wrong: fn(&'static str) -> SealError,
}

impl Form {
    fn associated(&self, name: &str, kdf: &str) -> Vec<u8> {
        framed(&[self.domain, name.as_bytes(), kdf.as_bytes()])
    }
}

/// The text of a file that keeps the key as it is; `prefix` is that of its Bech32m text, in lower case.
pub(super) fn plain(form: &Form, name: &str, prefix: &str, seed: &[u8; 32]) -> Zeroizing<String> {
    let mut key = bech32(prefix, seed);
    key.make_ascii_uppercase();
    let mut text = Zeroizing::new(String::with_capacity(512));
    for part in [form.header, " plain\n", form.name, ": ", name, "\nkey: ", &key, "\n"] {
        text.push_str(part);
    }
    text
}

/// The text of a file that keeps the key under a passphrase.
pub(super) fn protected(
    form: &Form,
    name: &str,
    seed: &[u8; 32],
    passphrase: &str,
    work: Work,
) -> Result<String, SealError> {
    let salt: Zeroizing<[u8; SALT]> = random()?;
    let nonce: Zeroizing<[u8; NONCE]> = random()?;
    let kdf = work.line(&*salt);
    let aad = form.associated(name, &kdf);
    let cipher = work.cipher(passphrase, &*salt)?;
    let payload = Payload { msg: seed, aad: &aad };
    let sealed = cipher.encrypt((&*nonce).into(), payload).map_err(|_| SealError::Randomness)?;
    let boxed = base64(&[&nonce[..], &sealed].concat());
    Ok(format!("{} passphrase\n{}: {name}\nkdf: {kdf}\nbox: {boxed}\n", form.header, form.name))
}

/// What stands in such a file.
pub(super) struct KeyFile {
    name: String,
    kept: Kept,
}

enum Kept {
    Plain(Zeroizing<String>),
    Protected { work: Work, salt: Vec<u8>, aad: Vec<u8>, boxed: Vec<u8> },
}

impl KeyFile {
    /// Reads the text of a file. Empty lines and lines that begin with `#` are left out.
    pub(super) fn read(form: &Form, text: &str) -> Result<Self, SealError> {
        let wrong = form.wrong;
        if text.len() > MOST {
            return Err(wrong("it is longer than such files are"));
        }
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let kept = how(form, lines.next().ok_or(wrong("it is empty"))?)?;
        let mut field = |name: &str, why| {
            let line: Option<&str> = lines.next();
            line.and_then(|line| line.strip_prefix(name)?.strip_prefix(": ")).ok_or(wrong(why))
        };
        let name = field(form.name, form.missing_name)?.to_owned();
        let kept = match kept {
            "plain" => Kept::Plain(Zeroizing::new(field("key", "the line `key:` is missing")?.to_owned())),
            "passphrase" => {
                let kdf = field("kdf", "the line `kdf:` is missing")?;
                let (work, salt) = Work::read(kdf)?;
                let boxed = unbase64(field("box", "the line `box:` is missing")?, || "box".to_owned())?;
                if boxed.len() != NONCE + 32 + 16 {
                    return Err(SealError::Length { field: "box".to_owned(), found: boxed.len() });
                }
                Kept::Protected { work, salt, aad: form.associated(&name, kdf), boxed }
            }
            _ => return Err(wrong("its first line ends with neither `plain` nor `passphrase`")),
        };
        if lines.next().is_some() {
            return Err(wrong("something follows the key; one file holds one key"));
        }
        Ok(Self { name, kept })
    }

    /// Whose key it is, as the file says.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The text of the key, where it is kept as it is.
    pub(super) fn key(&self) -> Option<&str> {
        match &self.kept {
            Kept::Plain(key) => Some(key),
            Kept::Protected { .. } => None,
        }
    }

    /// The key, where it is kept under a passphrase.
    pub(super) fn unprotect(&self, passphrase: Option<&str>) -> Result<Zeroizing<[u8; 32]>, SealError> {
        let refused = || SealError::Passphrase { kid: shown(&self.name) };
        let Kept::Protected { work, salt, aad, boxed } = &self.kept else { return Err(refused()) };
        let passphrase = passphrase.ok_or_else(|| SealError::PassphraseNeeded { kid: shown(&self.name) })?;
        let cipher = work.cipher(passphrase, salt)?;
        let (nonce, msg) = boxed.split_first_chunk::<NONCE>().ok_or_else(refused)?;
        let opened = cipher.decrypt(nonce.into(), Payload { msg, aad }).map(Zeroizing::new).map_err(|_| refused())?;
        <[u8; 32]>::try_from(opened.as_slice()).map(Zeroizing::new).map_err(|_| refused())
    }
}

/// How the key is kept, from the first line.
fn how<'l>(form: &Form, header: &'l str) -> Result<&'l str, SealError> {
    let (format, kept) = header.split_once(' ').unwrap_or((header, ""));
    if format == form.header {
        return Ok(kept);
    }
    if format.starts_with(form.other_version) {
        return Err(SealError::Format { found: shown(format) });
    }
    let stranger = form.strangers.iter().find(|(start, _)| format.starts_with(start));
    Err((form.wrong)(stranger.map_or(form.not_this, |(_, why)| why)))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The generator of passphrases decides what a guess costs as much as Argon2id: `Work::default` is the RFC's.
    #[test]
    fn the_default_work_is_within_the_limits() {
        let Work { memory, passes, lanes } = Work::default();
        assert_eq!((memory, passes, lanes), (65536, 3, 4));
        assert!(Work::default().params().is_ok());
    }
}
