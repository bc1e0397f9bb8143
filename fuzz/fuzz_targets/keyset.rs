//! Keysets and root files of strangers: read or refused, never a crash. What one text says is signed, written and read
//! again, and any other text with the same signature says the same.
#![no_main]

use ksecrets::seal::{KeysetDraft, Root, RootFile, RootIdentity};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static ROOT: LazyLock<RootIdentity> = LazyLock::new(|| RootIdentity::new(&[7; 32].into()).expect("a root"));

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(mut draft) = KeysetDraft::read(text) {
        let _ = draft.clone().verify(&draft.root.clone());
        draft.root = ROOT.root().clone();
        let keyset = draft.sign(&ROOT).expect("was read");
        let again = KeysetDraft::read(&keyset.to_yaml()).and_then(|draft| draft.verify(ROOT.root()));
        assert_eq!(again, Ok(keyset));
    }
    // A passphrase is not tried: a file may ask for a gigabyte.
    let _ = RootFile::read(text).map(|file| file.is_protected());
    if let Ok(root) = text.parse::<Root>() {
        assert_eq!(root.to_string(), text.to_ascii_lowercase());
    }
});
