//! One encrypted value.

use std::fmt;
use std::str::FromStr;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};

use super::coding::{base64, framed, shown, unbase64};
use super::identity::random;
use super::slot::DataKey;
use super::{Context, MOST_BYTES, SealError, SecretBytes, SlotId};

const NONCE: usize = 12;
const TAG: usize = 16;

/// A value under the data key of a slot. As text `ks1.<slot>.<base64url>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedValue {
    slot: SlotId,
    /// Nonce, encrypted value, tag.
    sealed: Vec<u8>,
}

impl SealedValue {
    /// The slot whose data key it is encrypted under.
    #[must_use]
    pub fn slot(&self) -> &SlotId {
        &self.slot
    }

    /// Bytes of the value: encryption hides what it says, not how long it is.
    #[must_use]
    pub fn length(&self) -> usize {
        self.sealed.len() - NONCE - TAG
    }
}

impl fmt::Display for SealedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ks1.{}.{}", self.slot, base64(&self.sealed))
    }
}

impl FromStr for SealedValue {
    type Err = SealError;

    fn from_str(text: &str) -> Result<Self, SealError> {
        let field = || "a value".to_owned();
        let Some((slot, sealed)) = text.strip_prefix("ks1.").and_then(|rest| rest.split_once('.')) else {
            let version = text
                .split_once('.')
                .map(|(version, _)| version)
                .filter(|version| version.starts_with("ks") && *version != "ks1");
            return Err(match version {
                Some(version) => SealError::Format { found: shown(version) },
                None => {
                    SealError::Field { field: field(), why: "is not of the form ks1.SLOT.BASE64: it is not sealed" }
                }
            });
        };
        let slot = slot.parse()?;
        let sealed = unbase64(sealed, field)?;
        if !(NONCE + TAG..=NONCE + TAG + MOST_BYTES).contains(&sealed.len()) {
            return Err(SealError::Length { field: field(), found: sealed.len() });
        }
        Ok(Self { slot, sealed })
    }
}

/// Encrypts and decrypts the values of one slot.
pub(super) struct ValueCipher<'a> {
    cipher: Aes256Gcm,
    context: &'a Context,
    slot: &'a SlotId,
    secret_type: &'a str,
}

impl<'a> ValueCipher<'a> {
    pub(super) fn new(key: &DataKey, context: &'a Context, slot: &'a SlotId, secret_type: &'a str) -> Self {
        Self { cipher: Aes256Gcm::new((&*key.value_key(context)).into()), context, slot, secret_type }
    }

    /// What a value is bound to.
    pub(super) fn bound(&self, key: &str) -> Vec<u8> {
        let mut aad = self.context.bytes();
        aad.extend(framed(&[key.as_bytes(), self.secret_type.as_bytes(), self.slot.as_str().as_bytes()]));
        aad
    }

    pub(super) fn seal(&self, key: &str, value: &[u8]) -> Result<SealedValue, SealError> {
        let nonce = random::<NONCE>()?;
        let payload = Payload { msg: value, aad: &self.bound(key) };
        let too_large = |_| SealError::TooLarge { what: "a value", limit: MOST_BYTES };
        let sealed = self.cipher.encrypt((&*nonce).into(), payload).map_err(too_large)?;
        Ok(SealedValue { slot: self.slot.clone(), sealed: [&nonce[..], &sealed].concat() })
    }

    pub(super) fn open(&self, key: &str, value: &SealedValue) -> Result<SecretBytes, SealError> {
        let refused = || SealError::Value { key: key.to_owned() };
        let (nonce, msg) = value.sealed.split_first_chunk::<NONCE>().ok_or_else(refused)?;
        let payload = Payload { msg, aad: &self.bound(key) };
        self.cipher.decrypt(nonce.into(), payload).map(SecretBytes::from).map_err(|_| refused())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::{Identity, Scope, Slot, Suite};

    fn slot(context: &Context) -> (Slot, DataKey) {
        let to = Identity::generate(Suite::X25519).unwrap().recipient().clone();
        Slot::generate(context, &[to]).unwrap()
    }

    #[test]
    fn a_value_is_bound_to_key_type_slot_and_context() {
        let context = Context::new(Scope::Strict, Some("prod"), "db").unwrap();
        let elsewhere = Context::new(Scope::Strict, Some("test"), "db").unwrap();
        let (one, key) = slot(&context);
        let (other, _) = slot(&context);
        let cipher = ValueCipher::new(&key, &context, one.id(), "Opaque");
        let sealed = cipher.seal("note", b"hunter2").unwrap();
        assert_eq!((sealed.length(), sealed.slot()), (7, one.id()));
        assert_eq!(cipher.open("note", &sealed).unwrap().expose(), b"hunter2");
        assert!(cipher.open("Note", &sealed).is_err());
        for cipher in [
            ValueCipher::new(&key, &context, one.id(), "kubernetes.io/tls"),
            ValueCipher::new(&key, &context, other.id(), "Opaque"),
            ValueCipher::new(&key, &elsewhere, one.id(), "Opaque"),
        ] {
            assert_eq!(cipher.open("note", &sealed).err().map(|error| error.code()), Some("value"));
        }
    }

    #[test]
    fn the_text_comes_back() {
        let context = Context::new(Scope::Cluster, None, "db").unwrap();
        let (slot, key) = slot(&context);
        for value in [&b""[..], b"a", &[0xff; 100]] {
            let sealed = ValueCipher::new(&key, &context, slot.id(), "Opaque").seal("a", value).unwrap();
            assert_eq!(sealed.to_string().parse(), Ok(sealed));
        }
        let code = |text: &str| text.parse::<SealedValue>().unwrap_err().code();
        assert_eq!(code("hunter2"), "field");
        assert_eq!(code("ks2.aaaaaaaa.AAAA"), "format");
        assert_eq!(code("ks1.aaaaaaaa"), "field");
        assert_eq!(code("ks1.AAAAAAAA.AAAA"), "slot-id");
        assert_eq!(code("ks1.aaaaaaaa.AAAA"), "length");
        assert_eq!(code("ks1.aaaaaaaa.AAAA="), "base64");
    }
}
