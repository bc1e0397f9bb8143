//! Certificates: strangers' DER and PEM is read or refused, never a crash.
#![no_main]

use ksecrets::pattern::Certificate;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(certificate) = Certificate::read(bytes) {
        let _ = (certificate.describe(Some(0)), certificate.is_cluster_admin());
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for (at, certificate) in Certificate::all(text) {
        assert!(text.is_char_boundary(at));
        let _ = (certificate.describe(None), certificate.is_of(text));
    }
});
