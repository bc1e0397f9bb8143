//! The public keys of a team: signed by a root, kept in git.

mod choice;
mod day;
mod entry;
mod root;
mod state;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

use std::fmt;

pub use choice::Choice;
pub use day::{Day, NotADay};
pub use entry::{Entry, Label};
pub use root::{Root, RootFile, RootIdentity};
pub use state::{Standing, State};

use crate::manifest::Kind;

use super::coding::{base64, framed, shown, unbase64};
use super::reading::{Fields, one};
use super::writing::{entry, open};
use super::{KeyId, MOST_KEYS, MOST_KEYSET, SealError};
use root::SIGNATURE;

/// The version of the file that is written, and the only one that is read.
const VERSION: &str = "1";

/// What a keyset file says, vouched for by nobody yet.
#[derive(Clone, PartialEq, Eq)]
pub struct KeysetDraft {
    /// Counts the signed states of the file, from 1.
    pub generation: u32,
    /// Who has to sign it.
    pub root: Root,
    /// The keys, in the order in which they stand.
    pub keys: Vec<Entry>,
    signature: Option<[u8; SIGNATURE]>,
}

impl fmt::Debug for KeysetDraft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeysetDraft({} of {})", self.generation, self.root)
    }
}

/// A keyset whose signature is that of the root it had to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyset {
    draft: KeysetDraft,
}

impl KeysetDraft {
    /// One without keys and without a signature. It cannot be signed before it has a key.
    #[must_use]
    pub fn new(root: Root) -> Self {
        Self { generation: 0, root, keys: Vec::new(), signature: None }
    }

    /// Reads the text of a file, strictly. The signature is not looked at but for its shape, and may be missing.
    ///
    /// # Errors
    /// When it is no keyset of this version.
    pub fn read(text: &str) -> Result<Self, SealError> {
        if text.len() > MOST_KEYSET {
            return Err(SealError::TooLarge { what: "the size of the keyset", limit: MOST_KEYSET });
        }
        let tree = one(text)?;
        let root = tree.root().ok_or(SealError::NotOneDocument { found: 0 })?;
        let mut fields = Fields::read(root, "")
            .map_err(|error| if matches!(error, SealError::Field { .. }) { SealError::NotAKeyset } else { error })?;
        // First of all: in another version the other fields may be what they like.
        let version = fields.take("version").ok_or(SealError::NotAKeyset)?;
        match (version.resolve().kind(), version.as_str()) {
            (Kind::Plain, Some(VERSION)) => {}
            (_, Some(VERSION)) => return Err(fields.wrong("version", "must be a number, without quotes")),
            (_, found) => return Err(SealError::Format { found: shown(found.unwrap_or("of another shape")) }),
        }
        let generation = fields.need("generation")?;
        let plain = generation.resolve().kind() == Kind::Plain;
        let number = generation.as_str().filter(|text| plain && is_number(text)).and_then(|text| text.parse().ok());
        let generation = number.ok_or_else(|| fields.wrong("generation", "must be a number from 1 to 4294967295"))?;
        let root = fields.need_text("root")?.parse()?;
        let keys = keys(Fields::read(fields.need("keys")?, "keys")?)?;
        let signature = fields.text("signature")?.map(signature).transpose()?;
        fields.finish()?;
        Ok(Self { generation, root, keys, signature })
    }

    /// The key with an id.
    #[must_use]
    pub fn key(&self, kid: &KeyId) -> Option<&Entry> {
        self.keys.iter().find(|entry| entry.recipient.kid() == kid)
    }

    /// The bytes that are signed: every field but the signature, each after its length, keys in the order of their ids.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut sorted: Vec<_> = self.keys.iter().collect();
        sorted.sort_by(|a, b| a.recipient.kid().as_str().cmp(b.recipient.kid().as_str()));
        let numbers = (self.generation.to_string(), sorted.len().to_string());
        let head = [&b"ksecrets/1/keyset"[..], numbers.0.as_bytes(), self.root.public(), numbers.1.as_bytes()];
        let mut bytes = framed(&head);
        sorted.iter().for_each(|entry| bytes.extend(entry.bytes()));
        bytes
    }

    /// Looks at the signature.
    ///
    /// # Errors
    /// When another root signed it than the pinned one, nobody did, or something was altered.
    pub fn verify(self, pinned: &Root) -> Result<Keyset, SealError> {
        if self.root != *pinned {
            return Err(SealError::OtherRoot { found: self.root.to_string(), pinned: pinned.to_string() });
        }
        let signature = self.signature.as_ref().ok_or(SealError::Unsigned)?;
        if !pinned.signed(&self.bytes(), signature) {
            return Err(SealError::Signature);
        }
        Ok(Keyset { draft: self })
    }

    /// Signs it.
    ///
    /// # Errors
    /// When the root is another, there is no key or more than are allowed, one stands there twice, or days are backwards.
    pub fn sign(mut self, with: &RootIdentity) -> Result<Keyset, SealError> {
        if self.root != *with.root() {
            return Err(SealError::OtherRoot { found: self.root.to_string(), pinned: with.root().to_string() });
        }
        counted(self.keys.len())?;
        self.keys.iter().try_for_each(Entry::check)?;
        let twice =
            self.keys.iter().enumerate().find(|(at, entry)| {
                self.keys[..*at].iter().any(|before| before.recipient.kid() == entry.recipient.kid())
            });
        if let Some((_, entry)) = twice {
            return Err(SealError::Duplicate { field: format!("keys.{}", entry.recipient.kid()) });
        }
        self.signature = Some(with.sign(&self.bytes()));
        Ok(Keyset { draft: self })
    }
}

impl Keyset {
    /// What it says.
    #[must_use]
    pub fn draft(&self) -> &KeysetDraft {
        &self.draft
    }

    /// The keys, in the order in which they stand.
    #[must_use]
    pub fn keys(&self) -> &[Entry] {
        &self.draft.keys
    }

    /// The signature as the file has it.
    #[must_use]
    pub fn signature(&self) -> String {
        self.draft.signature.map(|signature| base64(&signature)).unwrap_or_default()
    }

    /// The text of a file.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        let mut out = String::with_capacity(4096);
        out.push_str(
            "# Public keys of `ksecrets seal`. Change them with `ksecrets seal keys`: what stands here is signed.\n",
        );
        out.push_str("version: ");
        out.push_str(VERSION);
        out.push_str("\ngeneration: ");
        out.push_str(&self.draft.generation.to_string());
        out.push('\n');
        entry(&mut out, 0, "root", &self.draft.root.to_string());
        open(&mut out, 0, "keys");
        self.keys().iter().for_each(|one| one.write(&mut out));
        entry(&mut out, 0, "signature", &self.signature());
        out
    }
}

fn keys(fields: Fields<'_>) -> Result<Vec<Entry>, SealError> {
    let entries = fields.rest();
    counted(entries.len())?;
    entries.into_iter().map(|(id, node)| Entry::read(id, node)).collect()
}

fn counted(keys: usize) -> Result<(), SealError> {
    match keys {
        0 => Err(SealError::Field { field: "keys".to_owned(), why: "is empty" }),
        found if found > MOST_KEYS => Err(SealError::TooLarge { what: "the number of keys", limit: MOST_KEYS }),
        _ => Ok(()),
    }
}

fn signature(text: &str) -> Result<[u8; SIGNATURE], SealError> {
    let bytes = unbase64(text, || "signature".to_owned())?;
    let found = bytes.len();
    bytes.try_into().map_err(|_| SealError::Length { field: "signature".to_owned(), found })
}

/// Decimal digits without a sign and without a leading zero.
fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0')
}
