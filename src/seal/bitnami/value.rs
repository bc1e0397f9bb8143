//! One value: an AES key wrapped by RSA, and what it encrypts.
//!
//! `base64(u16be(length) ‖ RSAES-OAEP(SHA-256, label, key) ‖ AES-256-GCM(key, nonce = 0, value))`, as in `pkg/crypto` of
//! sealed-secrets. Each key is used for one value, which is why the nonce may be zero.

use aes_gcm::aead::{Aead as _, KeyInit as _};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use getrandom::SysRng;
use rsa::sha2::Sha256;
use rsa::{Oaep, PrivateKey};
use zeroize::Zeroizing;

use super::keys::{KeyName, Keys};
use super::lint::Fault;
use super::{Certificate, Error};
use crate::seal::SecretBytes;

/// Bytes of the AES key.
const KEY: usize = 32;
/// Bytes that AES-GCM adds.
pub(super) const TAG: usize = 16;
/// Bytes of the shortest and of the longest RSA modulus that a controller could have.
pub(super) const MODULUS: std::ops::RangeInclusive<usize> = 128..=2048;
/// Go, which the controller decodes with, does not look at the bits behind the last byte.
const LENIENT: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// Seals one value: what `kubeseal --raw` prints. It can be opened where the label is the same.
///
/// # Errors
/// When the system has no randomness.
pub fn seal_value(plain: &[u8], label: &[u8], certificate: &Certificate) -> Result<String, Error> {
    let mut key = Zeroizing::new([0; KEY]);
    getrandom::fill(&mut key[..]).map_err(|error| Error::Rsa(error.to_string()))?;
    let wrapped = certificate.key().encrypt(&mut SysRng, Oaep::<Sha256>::new_with_label(label), &key[..]);
    let wrapped = wrapped.map_err(|error| Error::Rsa(error.to_string()))?;
    let length = u16::try_from(wrapped.len()).map_err(|_| Error::KeySize(wrapped.len() * 8))?;
    let sealed = Aes256Gcm::new((&*key).into()).encrypt(&Nonce::default(), plain);
    let sealed = sealed.map_err(|_| Error::Rsa("the value is too large for AES-GCM".to_owned()))?;
    Ok(STANDARD.encode([&length.to_be_bytes()[..], &wrapped, &sealed].concat()))
}

/// Opens one value with whichever key fits, and says which. None fits when the value was sealed for another key or
/// label, or was altered.
///
/// # Errors
/// When it is not built as a sealed value is.
pub fn open_value<'k>(text: &str, label: &[u8], keys: &'k Keys) -> Result<Option<Opening<'k>>, Fault> {
    let bytes = decode(text).ok_or(Fault::NotBase64)?;
    let parts = Parts::of(&bytes)?;
    let fitting = keys.iter().find_map(|(name, key)| Some((parts.open(key, label)?, name)));
    Ok(fitting)
}

/// A value in clear, and the key that opened it.
pub type Opening<'k> = (SecretBytes, &'k KeyName);

/// The bytes of a sealed value, line ends left out as Go does.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    if text.contains(['\r', '\n']) {
        return LENIENT.decode(text.replace(['\r', '\n'], "")).ok();
    }
    LENIENT.decode(text).ok()
}

/// A sealed value, taken apart.
pub(super) struct Parts<'v> {
    pub(super) wrapped: &'v [u8],
    sealed: &'v [u8],
}

impl<'v> Parts<'v> {
    /// Takes bytes apart, if they can be a sealed value.
    pub(super) fn of(bytes: &'v [u8]) -> Result<Self, Fault> {
        let too_short = Fault::TooShort(bytes.len());
        let Some((length, rest)) = bytes.split_first_chunk() else { return Err(too_short) };
        let length = usize::from(u16::from_be_bytes(*length));
        if !MODULUS.contains(&length) || !length.is_multiple_of(8) {
            return Err(Fault::KeyLength { found: length, expected: None });
        }
        match rest.split_at_checked(length) {
            Some((wrapped, sealed)) if sealed.len() >= TAG => Ok(Self { wrapped, sealed }),
            _ => Err(too_short),
        }
    }

    /// None when the key does not fit.
    fn open(&self, key: &PrivateKey, label: &[u8]) -> Option<SecretBytes> {
        // Blinded: with the feature `getrandom`, `decrypt` takes the system's randomness for that.
        let session = key.decrypt(Oaep::<Sha256>::new_with_label(label), self.wrapped).ok().map(Zeroizing::new)?;
        let session: &[u8; KEY] = session.as_slice().try_into().ok()?;
        Aes256Gcm::new(session.into()).decrypt(&Nonce::default(), self.sealed).ok().map(SecretBytes::from)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::made;
    use super::*;

    fn open(text: &str, label: &[u8]) -> Option<Vec<u8>> {
        open_value(text, label, &made::KEYS).unwrap().map(|(plain, _)| plain.expose().to_vec())
    }

    #[test]
    fn a_value_is_as_long_as_the_format_says() {
        for plain in [&b""[..], b"abc"] {
            let text = seal_value(plain, b"shop/db", &made::CERTIFICATE).unwrap();
            assert_eq!(decode(&text).unwrap().len(), 2 + 256 + plain.len() + TAG);
            assert!(text.starts_with("AQ"), "{text}");
            assert_eq!(open(&text, b"shop/db").unwrap(), plain);
        }
    }

    #[test]
    fn the_key_that_fits_is_named() {
        let other = made::Pair::new();
        let text = seal_value(b"a", b"", &other.certificate).unwrap();
        let both = made::keys(&[&made::PAIR.private, &other.private]);
        let (_, name) = open_value(&text, b"", &both).unwrap().unwrap();
        assert_eq!(*name, other.certificate.key_name());
        assert_eq!(open(&text, b""), None);
    }

    #[test]
    fn what_cannot_be_a_value_is_named() {
        let fault = |text: &str| open_value(text, b"", &made::KEYS).unwrap_err();
        assert_eq!(fault("no base64"), Fault::NotBase64);
        assert_eq!(fault(""), Fault::TooShort(0));
        assert_eq!(fault("AQA="), Fault::TooShort(2));
        assert_eq!(fault("////"), Fault::KeyLength { found: 65535, expected: None });
        let mut bytes = vec![1, 0];
        bytes.resize(2 + 256 + TAG - 1, 0);
        assert_eq!(fault(&STANDARD.encode(&bytes)), Fault::TooShort(273));
    }

    #[test]
    fn base64_is_read_as_go_reads_it() {
        let text = seal_value(b"abc", b"", &made::CERTIFICATE).unwrap();
        let (head, tail) = text.split_at(76);
        assert_eq!(open(&format!("{head}\r\n{tail}\n"), b"").unwrap(), b"abc");
        assert!(open_value(&format!("{head} {tail}"), b"", &made::KEYS).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 48, ..ProptestConfig::default() })]

        #[test]
        fn any_value_comes_back(plain in prop::collection::vec(any::<u8>(), 0..300), label in ".{0,40}") {
            let text = seal_value(&plain, label.as_bytes(), &made::CERTIFICATE).unwrap();
            prop_assert_eq!(open(&text, label.as_bytes()).unwrap(), plain);
        }

        #[test]
        fn any_change_fails(at in any::<prop::sample::Index>(), flip in 1u8.., label in "[a-z]{1,9}/[a-z]{1,9}") {
            let text = seal_value(b"made-up", label.as_bytes(), &made::CERTIFICATE).unwrap();
            let mut bytes = decode(&text).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            let opened = open_value(&STANDARD.encode(&bytes), label.as_bytes(), &made::KEYS);
            prop_assert!(matches!(opened, Ok(None) | Err(_)));
            prop_assert_eq!(open(&text, &label.as_bytes()[1..]), None);
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "[A-Za-z0-9+/=]{0,600}|.{0,40}", bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let none = Keys::default();
            let _ = open_value(&text, b"", &none);
            let _ = open_value(&STANDARD.encode(bytes), b"", &none);
        }
    }
}
