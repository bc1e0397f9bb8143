//! The certificate of a controller: the public half of the key that its values are sealed for.

use std::fmt;

use rsa::PublicKey;
use rsa::pkcs1::DecodeRsaPublicKey as _;
use rsa::traits::PublicKeyParts as _;

use super::Error;
use super::keys::KeyName;
use super::pem::Block;
use crate::pattern;

/// Fewest and most bits of a key that is sealed for. Below is breakable, above is refused by others too.
const BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// A certificate with an RSA key. Nobody vouches for it: it is as good as the place where it came from.
#[derive(Clone)]
pub struct Certificate {
    key: PublicKey,
    said: pattern::Certificate,
}

impl Certificate {
    /// Reads the first certificate of a PEM file, which is the one that kubeseal takes. It has to be good at `now`, in
    /// seconds since 1970; with none, one that expired will do, as the controller keeps its old keys.
    ///
    /// # Errors
    /// When there is none, it is damaged, expired, or of a key that is not RSA of 2048 to 8192 bits.
    pub fn read(text: &str, now: Option<i64>) -> Result<Self, Error> {
        let mut blocks = Block::all(text);
        let Some(block) = blocks.find(|block| block.label == "CERTIFICATE") else {
            let private = Block::all(text).any(|block| block.label.ends_with("PRIVATE KEY"));
            return Err(if private { Error::PrivateKeyAsCertificate } else { Error::NoCertificate });
        };
        let said = block.bytes().and_then(|der| pattern::Certificate::read(&der)).ok_or(Error::DamagedCertificate)?;
        let der = said.rsa().ok_or(Error::NotRsaCertificate)?;
        let key = PublicKey::from_pkcs1_der(der).map_err(|_| Error::DamagedCertificate)?;
        let bits = key.n().bit_width_vartime() as usize;
        if !BITS.contains(&bits) {
            return Err(Error::KeySize(bits));
        }
        let certificate = Self { key, said };
        if certificate.is_expired(now) {
            return Err(Error::Expired(certificate.expiry()));
        }
        Ok(certificate)
    }

    /// Which private key opens what is sealed for it.
    #[must_use]
    pub fn key_name(&self) -> KeyName {
        KeyName::of(&self.key, None)
    }

    /// Whether it was no longer good at a time, in seconds since 1970.
    #[must_use]
    pub fn is_expired(&self, now: Option<i64>) -> bool {
        self.said.is_expired(now)
    }

    /// Its last day.
    #[must_use]
    pub fn expiry(&self) -> String {
        self.said.expiry()
    }

    /// What it says of itself: `CN=sealed-secrets, expires 2035-01-01`.
    #[must_use]
    pub fn describe(&self, now: Option<i64>) -> String {
        self.said.describe(now)
    }

    /// Bytes of what RSA makes with it.
    pub(super) fn size(&self) -> usize {
        self.key.size()
    }

    pub(super) fn key(&self) -> &PublicKey {
        &self.key
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.key_name())
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::super::made;
    use super::*;

    /// 2040-01-01, the last moment of what tests make.
    const END: i64 = 2_208_988_800;

    fn error(text: &str) -> Error {
        Certificate::read(text, None).unwrap_err()
    }

    #[test]
    fn expired_ones_are_refused_unless_told() {
        let read = |now| Certificate::read(&made::PAIR.certificate_pem, now).map(|certificate| certificate.expiry());
        assert_eq!(read(Some(END)), Ok("2040-01-01".to_owned()));
        assert_eq!(read(Some(END + 1)), Err(Error::Expired("2040-01-01".to_owned())));
        assert_eq!(read(None), Ok("2040-01-01".to_owned()));
    }

    #[test]
    fn the_first_certificate_counts() {
        let other = made::Pair::new();
        let text = ["# sealed-secrets\n", &made::PAIR.certificate_pem, &other.certificate_pem].concat();
        assert_eq!(Certificate::read(&text, None).unwrap().key_name(), made::CERTIFICATE.key_name());
        let damaged = made::PAIR.certificate_pem.replacen("MII", "MIJ", 1);
        assert_eq!(error(&[damaged, other.certificate_pem].concat()), Error::DamagedCertificate);
    }

    #[test]
    fn the_reader_is_told_what_is_wrong() {
        assert_eq!(error("kind: Secret\n"), Error::NoCertificate);
        assert_eq!(error(&made::PAIR.private), Error::PrivateKeyAsCertificate);
        let curve = CertificateParams::default().self_signed(&KeyPair::generate().unwrap()).unwrap().pem();
        assert_eq!(error(&curve), Error::NotRsaCertificate);
        assert_eq!(error(&made::PAIR.certificate_pem.replace("MII", "!II")), Error::DamagedCertificate);
    }

    #[test]
    fn the_name_of_the_key_is_that_of_its_private_half() {
        assert_eq!(made::CERTIFICATE.key_name(), *made::KEYS.names().next().unwrap());
        assert_eq!(format!("{:?}", *made::CERTIFICATE), format!("Certificate({})", made::CERTIFICATE.key_name()));
        assert_eq!(made::CERTIFICATE.describe(None), "CN=rcgen self signed cert, for any use, expires 2040-01-01");
    }
}
