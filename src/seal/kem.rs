//! HPKE (RFC 9180), base mode, one message. The only file that names the crate, so that it can be exchanged.

use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::{X25519HkdfSha256, XWing};
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use zeroize::Zeroizing;

use super::Suite;

/// Encapsulated key and sealed message, one after the other. None when the public key is none.
pub(super) fn seal(suite: Suite, public: &[u8], info: &[u8], aad: &[u8], message: &[u8]) -> Option<Vec<u8>> {
    match suite {
        Suite::XWing => seal_with::<XWing>(public, info, aad, message),
        Suite::X25519 => seal_with::<X25519HkdfSha256>(public, info, aad, message),
    }
}

fn seal_with<K: Kem>(public: &[u8], info: &[u8], aad: &[u8], message: &[u8]) -> Option<Vec<u8>> {
    let public = K::PublicKey::from_bytes(public).ok()?;
    let (enc, sealed) =
        hpke::single_shot_seal::<AesGcm256, HkdfSha256, K>(&OpModeS::Base, &public, info, message, aad).ok()?;
    let mut bytes = enc.to_bytes().to_vec();
    bytes.extend(sealed);
    Some(bytes)
}

/// A private key, ready to use: making it of its seed takes as long as opening with it. The crates wipe it when dropped.
#[derive(Clone)]
pub(super) enum Private {
    XWing(Box<<XWing as Kem>::PrivateKey>),
    X25519(<X25519HkdfSha256 as Kem>::PrivateKey),
}

impl Private {
    /// Takes a seed. None when it is none.
    pub(super) fn new(suite: Suite, seed: &[u8; 32]) -> Option<Self> {
        Some(match suite {
            Suite::XWing => Self::XWing(Box::new(Deserializable::from_bytes(seed).ok()?)),
            Suite::X25519 => Self::X25519(Deserializable::from_bytes(seed).ok()?),
        })
    }

    /// The public key.
    pub(super) fn public(&self) -> Vec<u8> {
        match self {
            Self::XWing(key) => XWing::sk_to_pk(key).to_bytes().to_vec(),
            Self::X25519(key) => X25519HkdfSha256::sk_to_pk(key).to_bytes().to_vec(),
        }
    }

    /// The message. None for whatever reason.
    pub(super) fn open(&self, info: &[u8], aad: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Self::XWing(key) => open_with::<XWing>(key, Suite::XWing, info, aad, sealed),
            Self::X25519(key) => open_with::<X25519HkdfSha256>(key, Suite::X25519, info, aad, sealed),
        }
    }
}

fn open_with<K: Kem>(
    private: &K::PrivateKey,
    suite: Suite,
    info: &[u8],
    aad: &[u8],
    sealed: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let (enc, sealed) = sealed.split_at_checked(suite.enc_length())?;
    let enc = K::EncappedKey::from_bytes(enc).ok()?;
    let opened = hpke::single_shot_open::<AesGcm256, HkdfSha256, K>(&OpModeR::Base, private, &enc, info, sealed, aad);
    opened.ok().map(Zeroizing::new)
}

/// Whether bytes are a public key: right length, and numbers of ML-KEM in their range.
pub(super) fn is_public(suite: Suite, bytes: &[u8]) -> bool {
    match suite {
        Suite::XWing => <XWing as Kem>::PublicKey::from_bytes(bytes).is_ok(),
        Suite::X25519 => <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(bytes).is_ok(),
    }
}

/// Whether the X25519 part of a public or encapsulated key, its last 32 bytes, is of low order: every private key gives
/// the same all-zero secret with it.
///
/// The crate refuses such a share in DHKEM and takes it in X-Wing, Go refuses both. The bytes are public, so neither
/// time nor the crate's opinion matters.
pub(super) fn is_low_order(bytes: &[u8]) -> bool {
    let Some((_, point)) = bytes.split_last_chunk::<32>() else { return true };
    let mut point = *point;
    point[31] &= 0x7f; // X25519 ignores the highest bit (RFC 7748, 5)
    LOW_ORDER.contains(&point)
}

/// The points whose multiples by eight are zero, on the curve and on its twist, and their forms over the prime
/// (<https://cr.yp.to/ecdh.html#validate>).
pub(super) const LOW_ORDER: [[u8; 32]; 7] = [
    [0; 32],
    ends(1, 0, 0),
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09,
        0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44,
        0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
    ],
    ends(0xec, 0xff, 0x7f),
    ends(0xed, 0xff, 0x7f),
    ends(0xee, 0xff, 0x7f),
];

/// Thirty-two bytes: the first, what stands between, the last.
const fn ends(first: u8, between: u8, last: u8) -> [u8; 32] {
    let mut bytes = [between; 32];
    bytes[0] = first;
    bytes[31] = last;
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every point of the list, and only such ones, gives the all-zero secret, which DHKEM refuses.
    #[test]
    fn the_list_is_what_dhkem_refuses() {
        for point in LOW_ORDER {
            for high in [0, 0x80] {
                let mut point = point;
                point[31] |= high;
                assert!(is_low_order(&point));
                assert_eq!(seal(Suite::X25519, &point, b"", b"", b"m"), None);
            }
        }
        for first in 0..=255 {
            let point = ends(first, 0xff, 0x7f);
            assert_eq!(is_low_order(&point), seal(Suite::X25519, &point, b"", b"", b"m").is_none(), "{first}");
            let point = ends(first, 0, 0);
            assert_eq!(is_low_order(&point), seal(Suite::X25519, &point, b"", b"", b"m").is_none(), "{first}");
        }
    }

    #[test]
    fn both_suites_come_back() {
        for suite in Suite::ALL {
            let seed = [7; 32];
            let private = Private::new(suite, &seed).unwrap();
            let public = private.public();
            assert_eq!(public.len(), suite.public_length());
            assert!(is_public(suite, &public) && !is_low_order(&public));
            let sealed = seal(suite, &public, b"info", b"aad", b"message").unwrap();
            assert_eq!(sealed.len(), suite.enc_length() + 7 + 16);
            assert!(!is_low_order(&sealed[..suite.enc_length()]));
            assert_eq!(private.open(b"info", b"aad", &sealed).unwrap().as_slice(), b"message");
            let other = Private::new(suite, &[8; 32]).unwrap();
            for (key, info, aad) in
                [(&other, b"info", b"aad"), (&private, b"inFo", b"aad"), (&private, b"info", b"aAd")]
            {
                assert!(key.open(info, aad, &sealed).is_none());
            }
            assert!(private.open(b"info", b"aad", &sealed[..10]).is_none());
        }
    }
}
