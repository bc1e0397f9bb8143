//! Layers of encoding: damage is an answer, never a crash, and nothing grows past the caps.
#![no_main]

use ksecrets::manifest::{Decoded, decode_base64, gunzip, looks_base64, percent_decode};
use ksecrets::pattern::Claims;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Decoded::Whole(unpacked) = gunzip(bytes) {
        assert!(unpacked.len() <= bytes.len() * 1000);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Some(decoded) = decode_base64(text) {
        assert!(decoded.len() <= text.len());
        let _ = gunzip(&decoded);
    }
    assert!(percent_decode(text).is_none_or(|decoded| decoded.len() < text.len()));
    let _ = (looks_base64(text), Claims::read(text).map(|claims| claims.describe(Some(0))));
});
