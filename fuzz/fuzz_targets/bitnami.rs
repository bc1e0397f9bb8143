//! SealedSecrets of Bitnami: strangers' objects, certificates and key files are read or refused, never a crash.
#![no_main]

use ksecrets::manifest::{Object, documents};
use ksecrets::seal::bitnami::{Certificate, Keys, SealedSecret, lint, open_value};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let keys = Keys::read(text).unwrap_or_default();
    let certificate = Certificate::read(text, Some(0)).ok();
    let _ = open_value(text, b"", &keys);
    for tree in documents(text).flatten() {
        for object in Object::all(&tree) {
            for problem in lint(&object, certificate.as_ref(), Some(0)) {
                assert!(text.get(problem.at.clone()).is_some() && !problem.to_string().is_empty());
            }
            if let Ok(sealed) = SealedSecret::of(&object) {
                let _ = sealed.import(&keys);
            }
        }
    }
    if let Ok(sealed) = SealedSecret::read(text) {
        let written = sealed.to_yaml().expect("what was read can be written");
        assert!(SealedSecret::read(&written).expect("what was written can be read") == sealed);
        let _ = sealed.open(&keys);
    }
});
