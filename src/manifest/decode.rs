//! Undoing the encodings that secrets are wrapped in, with caps on size and ratio.

use std::io::Read;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::read::MultiGzDecoder;

/// Most bytes a decoded layer may have.
const MAX_DECODED: usize = 16 << 20;

/// A layer grown more than this is a bomb and not a manifest. Honest gzip of YAML stays under 100.
const MAX_RATIO: usize = 1000;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// What came out of a layer.
#[derive(Debug, PartialEq, Eq)]
pub enum Decoded {
    /// The whole content.
    Whole(Vec<u8>),
    /// What came out before the data broke off or went wrong.
    Part(Vec<u8>),
    /// It would be larger than the caps allow.
    TooLarge,
    /// It is not of this encoding, or damaged.
    Not,
}

/// Decodes base64 (RFC 4648, either alphabet, padded or not), white space between the characters allowed.
#[must_use]
pub fn decode_base64(text: &str) -> Option<Vec<u8>> {
    if text.len() > MAX_DECODED * 4 / 3 {
        return None;
    }
    let folded = text.bytes().any(|byte| byte.is_ascii_whitespace());
    let joined: Vec<u8>;
    let bytes = if folded {
        joined = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        &joined[..]
    } else {
        text.as_bytes()
    };
    let url = bytes.iter().any(|byte| matches!(byte, b'-' | b'_'));
    if url { URL_SAFE.decode(bytes).ok() } else { STANDARD.decode(bytes).ok() }
}

/// Whether a text could be base64 of something: alphabet, length, and a mix that words do not have.
#[must_use]
pub fn looks_base64(text: &str) -> bool {
    let text = text.trim();
    let mut lengths = 0;
    let (mut upper, mut lower, mut other) = (false, false, false);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' => upper = true,
            b'a'..=b'z' => lower = true,
            b'0'..=b'9' | b'+' | b'/' | b'-' | b'_' => other = true,
            b'=' => {}
            b'\n' | b'\r' | b' ' => continue,
            _ => return false,
        }
        lengths += 1;
    }
    lengths >= 16 && lengths % 4 != 1 && upper && lower && (other || text.ends_with('=') || lengths % 4 == 0)
}

/// Decompresses gzip (RFC 1952) up to the caps.
#[must_use]
pub fn gunzip(bytes: &[u8]) -> Decoded {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Decoded::Not;
    }
    let limit = MAX_DECODED.min(bytes.len().saturating_mul(MAX_RATIO));
    let mut out = Vec::new();
    match MultiGzDecoder::new(bytes).take(limit as u64 + 1).read_to_end(&mut out) {
        Ok(_) if out.len() > limit => Decoded::TooLarge,
        Ok(_) => Decoded::Whole(out),
        Err(_) => Decoded::Part(out),
    }
}

/// Decodes `%XX` (RFC 3986); none when the text has no such escape.
#[must_use]
pub fn percent_decode(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    let mut any = false;
    while let Some(&byte) = bytes.get(at) {
        let pair = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match pair.filter(|_| byte == b'%').and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(decoded) => {
                out.push(decoded);
                any = true;
                at += 3;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    if any { String::from_utf8(out).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn base64_of_every_habit() {
        for text in ["aHVudGVyMg==", "aHVudGVyMg", "aHVu\n  dGVyMg==\n", "aHVudGVyMh=="] {
            assert_eq!(decode_base64(text).as_deref(), Some(&b"hunter2"[..]), "{text}");
        }
        assert_eq!(decode_base64("-_-_").as_deref(), Some(&[0xfb, 0xff, 0xbf][..]));
        assert_eq!(decode_base64("not base64!"), None);
    }

    #[test]
    fn words_do_not_look_like_base64() {
        assert!(looks_base64("dGhpcyBpcyBhIHNlY3JldA=="));
        assert!(!looks_base64("just-some-kebab-case-name"));
        assert!(!looks_base64("short=="));
    }

    #[test]
    fn a_gzip_bomb_stops_at_the_cap() {
        assert_eq!(gunzip(&gzip(b"hello")), Decoded::Whole(b"hello".to_vec()));
        assert_eq!(gunzip(&gzip(&vec![0; 40 << 20])), Decoded::TooLarge);
        assert_eq!(gunzip(b"\x1f\x8bgarbage"), Decoded::Part(Vec::new()));
        assert_eq!(gunzip(b"plain"), Decoded::Not);
    }

    #[test]
    fn percent() {
        assert_eq!(percent_decode("p%40ss%2Fword").as_deref(), Some("p@ss/word"));
        assert_eq!(percent_decode("100%"), None);
        assert_eq!(percent_decode("%zz"), None);
    }
}
