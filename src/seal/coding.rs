//! How bytes are framed and written: length prefixes, base32, base64url, Bech32m.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::pattern::bech32::{ALPHABET, BECH32M, residue};

use super::SealError;

/// The parts one after the other, each after its length in four bytes, so that no two lists give the same bytes.
pub(super) fn framed(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(parts.iter().map(|part| 4 + part.len()).sum());
    for part in parts {
        // A part is a name, an id or a key; the readers of this room refuse them long before four bytes overflow.
        bytes.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

/// Base64url without padding (RFC 4648, 5).
pub(super) fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of base64url without padding. Only the canonical text of some bytes is read: no padding, no white space, no
/// bits left over.
pub(super) fn unbase64(text: &str, field: impl FnOnce() -> String) -> Result<Vec<u8>, SealError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| SealError::Base64 { field: field() })
}

const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Lower-case base32 (RFC 4648, 6) without padding.
pub(super) fn base32(bytes: &[u8]) -> String {
    fives(bytes).iter().map(|five| char::from(BASE32[usize::from(*five)])).collect()
}

/// Whether a text is `length` characters of lower-case base32.
pub(super) fn is_base32(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| BASE32.contains(&byte))
}

/// What stands in a file as far as it fits an error.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
    if text.chars().count() > 40 {
        shown.push('…');
    }
    shown
}

/// Groups of five bits, the last one filled up with zeros.
fn fives(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut fives = Zeroizing::new(Vec::with_capacity(bytes.len() * 8 / 5 + 1));
    let (mut buffer, mut bits) = (0_u16, 0);
    for byte in bytes {
        buffer = (buffer << 8) | u16::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            fives.push((buffer >> bits) as u8 & 31);
        }
    }
    if bits > 0 {
        fives.push((buffer << (5 - bits)) as u8 & 31);
    }
    fives
}

/// Bech32m (BIP 350) without its limit of 90 characters: lower case, six characters of checksum.
///
/// In a text of that length or less every four wrong characters are noticed; in a longer one all but one in 2^30.
pub(super) fn bech32(prefix: &str, bytes: &[u8]) -> Zeroizing<String> {
    let mut values = fives(bytes);
    let data = values.len();
    let residue = BECH32M ^ residue(prefix, values.iter().copied().chain([0; 6]));
    // Made with room for the checksum, so that no copy stays behind.
    let mut text = Zeroizing::new(String::with_capacity(prefix.len() + 7 + data));
    text.push_str(prefix);
    text.push('1');
    let checksum = (0..6).map(|at| (residue >> (5 * (5 - at))) as u8 & 31);
    text.extend(values.iter().copied().chain(checksum).map(|five| char::from(ALPHABET[usize::from(five)])));
    zeroize::Zeroize::zeroize(&mut *values);
    text
}

/// Prefix and bytes of a Bech32m text in one case; none when its checksum is wrong.
pub(super) fn unbech32(text: &str) -> Option<(String, Zeroizing<Vec<u8>>)> {
    let upper = text.bytes().any(|byte| byte.is_ascii_uppercase());
    if !text.is_ascii() || (upper && text.bytes().any(|byte| byte.is_ascii_lowercase())) {
        return None;
    }
    let (prefix, data) = text.rsplit_once('1')?;
    let prefix = prefix.to_ascii_lowercase();
    let mut values = Zeroizing::new(Vec::with_capacity(data.len()));
    for byte in data.bytes() {
        values.push(ALPHABET.iter().position(|known| *known == byte.to_ascii_lowercase())? as u8);
    }
    let length = values.len().checked_sub(6)?;
    if prefix.is_empty() || residue(&prefix, values.iter().copied()) != BECH32M {
        return None;
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(length * 5 / 8));
    let (mut buffer, mut bits) = (0_u16, 0);
    for five in &values[..length] {
        buffer = (buffer << 5) | u16::from(*five);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((buffer >> bits) as u8);
        }
    }
    // Bits left over are fewer than five, and zero: one text for the same bytes.
    (bits < 5 && buffer & ((1 << bits) - 1) == 0).then_some((prefix, bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_two_lists_frame_alike() {
        assert_eq!(framed(&[b"a", b""]), [0, 0, 0, 1, b'a', 0, 0, 0, 0]);
        assert_ne!(framed(&[b"a", b"b"]), framed(&[b"ab", b""]));
    }

    #[test]
    fn base32_of_rfc_4648() {
        assert_eq!(base32(b"foobar"), "mzxw6ytboi");
        assert_eq!(base32(b""), "");
        assert!(is_base32("mzxw6ytb", 8) && !is_base32("MZXW6YTB", 8) && !is_base32("mzxw6yt1", 8));
    }

    /// The valid strings of BIP 350 that hold whole bytes, and some invalid ones.
    #[test]
    fn bech32m_of_bip_350() {
        for text in ["A1LQFN3A", "a1lqfn3a", "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx"] {
            assert_eq!(residue_of(text), BECH32M, "{text}");
        }
        assert_eq!(unbech32("A1LQFN3A").unwrap().0, "a");
        for text in ["a1lqfn3b", "A1lqfn3a", "1lqfn3a", "qyrz8wqd2c9m", "in1muywd", "", "1", "é1lqfn3a"] {
            assert!(unbech32(text).is_none(), "{text}");
        }
    }

    fn residue_of(text: &str) -> u32 {
        let text = text.to_lowercase();
        let (prefix, data) = text.rsplit_once('1').unwrap();
        residue(prefix, data.bytes().map(|byte| ALPHABET.iter().position(|known| *known == byte).unwrap() as u8))
    }

    proptest! {
        #[test]
        fn bech32m_comes_back_and_notices_a_wrong_character(
            bytes in prop::collection::vec(any::<u8>(), 0..60),
            at in any::<prop::sample::Index>(),
            other in 0_usize..32,
        ) {
            let text = bech32("ksx", &bytes);
            let (prefix, back) = unbech32(&text).unwrap();
            prop_assert_eq!((prefix.as_str(), &*back), ("ksx", &bytes));
            prop_assert!(unbech32(&text.to_uppercase()).is_some());
            let mut wrong = text.as_bytes().to_vec();
            let at = 4 + at.index(wrong.len() - 4);
            wrong[at] = ALPHABET[other];
            prop_assert_eq!(unbech32(std::str::from_utf8(&wrong).unwrap()).is_some(), wrong == text.as_bytes());
        }

        #[test]
        fn base64_has_one_text_for_some_bytes(text in "[A-Za-z0-9_-]{0,12}") {
            if let Ok(bytes) = unbase64(&text, String::new) {
                prop_assert_eq!(base64(&bytes), text);
            }
        }
    }
}
