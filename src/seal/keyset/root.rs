//! Who signs a keyset. This is the only file that names the Ed25519 crate.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use super::super::coding::{bech32, unbech32};
use super::super::identity::random;
use super::super::key_file::{self, Form, KeyFile};
use super::super::{SealError, Work};

/// What the file of a root looks like.
const FORM: Form = Form {
    header: "ksecrets-root/1",
    other_version: "ksecrets-root/",
    name: "root",
    domain: b"ksecrets/1/root",
    strangers: &[
        ("ksroot1", "this is the public half of a root; the private half is needed"),
        ("ksecrets-identity/", "this is an identity, which opens Secrets; the root signs keysets"),
    ],
    missing_name: "the line `root:` is missing",
    not_this: "its first line is not `ksecrets-root/1`",
    wrong: |why| SealError::RootFile { why },
};

/// How the private key begins as text.
const PRIVATE: &str = "ksecrets-key-root-";
/// How the public key begins as text.
const PUBLIC: &str = "ksroot";

/// Bytes of a signature.
pub(super) const SIGNATURE: usize = 64;

/// The public half of a root: what a configuration pins. As text one word of 65 characters.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Root {
    key: VerifyingKey,
}

impl Root {
    /// Takes the bytes of a public key.
    ///
    /// # Errors
    /// When they are none, or one for which everybody can sign.
    pub fn new(public: &[u8; 32]) -> Result<Self, SealError> {
        let key = VerifyingKey::from_bytes(public);
        let key = key.map_err(|_| SealError::Root { why: "the bytes are no public key" })?;
        if key.is_weak() {
            return Err(SealError::LowOrder { field: "the root".to_owned() });
        }
        Ok(Self { key })
    }

    /// The bytes of the public key.
    #[must_use]
    pub fn public(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// Whether it signed these bytes, strictly: one point, one scalar, one encoding of each.
    pub(super) fn signed(&self, bytes: &[u8], signature: &[u8; SIGNATURE]) -> bool {
        self.key.verify_strict(bytes, &Signature::from_bytes(signature)).is_ok()
    }
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Root({self})")
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&bech32(PUBLIC, self.key.as_bytes()))
    }
}

impl FromStr for Root {
    type Err = SealError;

    fn from_str(text: &str) -> Result<Self, SealError> {
        let wrong = |why| SealError::Root { why };
        if text.to_ascii_lowercase().starts_with(PRIVATE) {
            return Err(wrong("this is the private half; do not pass it on"));
        }
        let read = (text.len() <= 128).then(|| unbech32(text)).flatten();
        let (found, public) = read.ok_or(wrong("the checksum is wrong; was it pasted completely?"))?;
        if found != PUBLIC {
            return Err(wrong("it does not begin with ksroot1"));
        }
        Self::new(&<[u8; 32]>::try_from(public.as_slice()).map_err(|_| wrong("it has the wrong length"))?)
    }
}

/// The private half of a root. It cannot be shown, and is wiped when dropped.
pub struct RootIdentity {
    key: SigningKey,
    root: Root,
}

impl fmt::Debug for RootIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RootIdentity({})", self.root)
    }
}

impl RootIdentity {
    /// Makes a new one.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn generate() -> Result<Self, SealError> {
        Self::new(&random()?)
    }

    /// Takes the seed of one that is there (RFC 8032, 5.1.5).
    ///
    /// # Errors
    /// Never, but for a seed that nobody finds.
    pub fn new(seed: &Zeroizing<[u8; 32]>) -> Result<Self, SealError> {
        let key = SigningKey::from_bytes(seed);
        Ok(Self { root: Root::new(key.verifying_key().as_bytes())?, key })
    }

    /// The public half.
    #[must_use]
    pub fn root(&self) -> &Root {
        &self.root
    }

    pub(super) fn sign(&self, bytes: &[u8]) -> [u8; SIGNATURE] {
        self.key.sign(bytes).to_bytes()
    }

    /// The text of a file that keeps the key as it is.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        key_file::plain(&FORM, &self.root.to_string(), PRIVATE, self.key.as_bytes())
    }

    /// The text of a file that keeps the key under a passphrase.
    ///
    /// # Errors
    /// When the work is over the format's limits, or the system gives no randomness.
    pub fn to_protected_text(&self, passphrase: &str, work: Work) -> Result<String, SealError> {
        key_file::protected(&FORM, &self.root.to_string(), self.key.as_bytes(), passphrase, work)
    }
}

/// What stands in the file of a root.
pub struct RootFile {
    root: Root,
    file: KeyFile,
}

impl fmt::Debug for RootFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RootFile({})", self.root)
    }
}

impl RootFile {
    /// Reads the text of a file. Empty lines and lines that begin with `#` are left out.
    ///
    /// # Errors
    /// When it is no such file, a part of it is missing or altered, or it asks for too much work.
    pub fn read(text: &str) -> Result<Self, SealError> {
        let file = KeyFile::read(&FORM, text)?;
        Ok(Self { root: file.name().parse()?, file })
    }

    /// Whether a passphrase is needed.
    #[must_use]
    pub fn is_protected(&self) -> bool {
        self.file.key().is_none()
    }

    /// The key.
    ///
    /// # Errors
    /// When a passphrase is needed and there is none, it is the wrong one, or the key is another than the file says.
    pub fn open(&self, passphrase: Option<&str>) -> Result<RootIdentity, SealError> {
        let seed = match self.file.key() {
            Some(text) => seed(text)?,
            None => self.file.unprotect(passphrase)?,
        };
        let identity = RootIdentity::new(&seed)?;
        let same = identity.root == self.root;
        same.then_some(identity).ok_or(SealError::RootFile { why: "the line `root:` is that of another key" })
    }
}

fn seed(text: &str) -> Result<Zeroizing<[u8; 32]>, SealError> {
    let wrong = |why| SealError::RootFile { why };
    let (found, bytes) = unbech32(text).ok_or(wrong("the checksum of its key is wrong; was it copied completely?"))?;
    if found != PRIVATE {
        return Err(wrong("its key is not that of a root"));
    }
    <[u8; 32]>::try_from(bytes.as_slice()).map(Zeroizing::new).map_err(|_| wrong("its key has the wrong length"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Work = Work { memory: 32, passes: 1, lanes: 1 };

    fn root() -> RootIdentity {
        RootIdentity::new(&Zeroizing::new([7; 32])).unwrap()
    }

    #[test]
    fn files_come_back() {
        let one = root();
        let plain = RootFile::read(&one.to_text()).unwrap();
        assert!(!plain.is_protected());
        assert_eq!(plain.open(None).unwrap().key, one.key);
        let text = one.to_protected_text("correct horse", QUICK).unwrap();
        let kept = RootFile::read(&text).unwrap();
        assert!(kept.is_protected());
        assert_eq!(kept.open(Some("correct horse")).unwrap().key, one.key);
        assert_eq!(kept.open(Some("wrong")).unwrap_err().code(), "passphrase");
        assert_eq!(kept.open(None).unwrap_err().code(), "passphrase-needed");
        assert_eq!(format!("{one:?}"), format!("RootIdentity({})", one.root()));
    }

    #[test]
    fn what_is_no_root() {
        let text = root().to_text();
        let code = |text: &str| RootFile::read(text).and_then(|file| file.open(None)).unwrap_err().code();
        assert_eq!(code(""), "root-file");
        assert_eq!(code(&text.replace("root/1", "root/2")), "format");
        assert_eq!(code(&text.replace("ksecrets-root/1", "ksecrets-identity/1")), "root-file");
        let other = RootIdentity::new(&Zeroizing::new([8; 32])).unwrap();
        assert_eq!(code(&text.replace(&root().root().to_string(), &other.root().to_string())), "root-file");
        let public = root().root().to_string();
        assert_eq!((public.len(), public.parse::<Root>()), (65, Ok(root().root().clone())));
        for bad in
            ["", "ksx1", &public[..60], &text[text.len() - 70..], &bech32("ksx", &[7; 32]), &bech32("ksroot", &[7; 31])]
        {
            assert_eq!(bad.trim().parse::<Root>().unwrap_err().code(), "root", "{bad}");
        }
        let mut neutral = [0; 32];
        neutral[0] = 1;
        assert_eq!(bech32("ksroot", &neutral).parse::<Root>().unwrap_err().code(), "low-order");
    }

    /// The second test of RFC 8032, 7.1.
    #[test]
    fn signatures_are_those_of_rfc_8032() {
        let unhex = |text: &str| {
            (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect::<Vec<_>>()
        };
        let seed = unhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
        let one = RootIdentity::new(&Zeroizing::new(seed.try_into().unwrap())).unwrap();
        assert_eq!(one.root().public()[..], unhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"));
        let signature = one.sign(&[0x72]);
        assert_eq!(
            signature[..],
            unhex(
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
            )
        );
        assert!(one.root().signed(&[0x72], &signature) && !one.root().signed(&[0x73], &signature));
    }
}
