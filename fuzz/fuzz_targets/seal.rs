//! Sealed objects, Secrets, keys and key files of strangers: read or refused, never a crash, and what was read is written
//! so that it is read again.
#![no_main]

use ksecrets::seal::{Identity, IdentityFile, PlainSecret, Policy, Recipient, SealedSecret, SealedValue, Suite};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static IDENTITY: LazyLock<Identity> = LazyLock::new(|| Identity::new(Suite::X25519, [7; 32].into()).expect("a key"));

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(sealed) = SealedSecret::read(text) {
        let written = sealed.to_yaml().expect("was within the limit");
        assert_eq!(SealedSecret::read(&written).as_ref(), Ok(&sealed));
        let _ = (sealed.problems(&Policy::default()), sealed.open(std::slice::from_ref(&*IDENTITY)));
    }
    if let Ok(plain) = PlainSecret::read(text) {
        assert!(PlainSecret::read(&plain.to_yaml()).as_ref() == Ok(&plain));
    }
    // A passphrase is not tried: a file may ask for a gigabyte.
    let _ = IdentityFile::read(text).map(|file| (file.is_protected(), file.kid().to_string()));
    if let Ok(recipient) = text.parse::<Recipient>() {
        assert_eq!(recipient.to_string(), text.to_ascii_lowercase());
    }
    if let Ok(value) = text.parse::<SealedValue>() {
        assert_eq!(value.to_string(), text);
    }
});
