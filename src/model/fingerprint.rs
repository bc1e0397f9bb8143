//! Stable ids that do not let a stranger confirm a guess.

use std::fmt;
use std::fmt::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{Location, RuleId, SecretValue};

/// Names a finding across runs: rule, place and 16 bits of the value. No line numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Digests rule and symbolic place. Of the value only a 16-bit tag goes in: enough to notice a changed
    /// value, too little to confirm a guessed one. `ordinal` tells equal values at one symbolic place apart.
    #[must_use]
    pub fn new(rule: &RuleId, location: &Location, value: Option<&SecretValue>, ordinal: u32) -> Self {
        let mut hash = Sha256::new();
        let mut part = |text: &str| {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        };
        part("ksecrets/fingerprint/1");
        part(rule.as_str());
        part(location.path.as_deref().unwrap_or(""));
        if let Some(object) = &location.object {
            part(&object.kind);
            part(object.namespace.as_deref().unwrap_or(""));
            part(object.name.as_deref().unwrap_or(""));
            part(&object.field);
        }
        hash.update(value.map_or([0; 2], tag));
        hash.update(ordinal.to_be_bytes());
        Self(hex(&hash.finalize()[..16]))
    }

    /// The id as lower-case hexadecimal text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Two bytes of the value's SHA-256.
fn tag(value: &SecretValue) -> [u8; 2] {
    let digest = Sha256::digest(value.expose().as_bytes());
    [digest[0], digest[1]]
}

/// A team's key: with it a finding carries the HMAC-SHA-256 of its value, so that reports can be joined.
#[derive(Clone)]
pub struct FingerprintKey(Zeroizing<Vec<u8>>);

impl FingerprintKey {
    /// Takes the key's bytes.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    /// HMAC-SHA-256 (RFC 2104) of the value, as hexadecimal text.
    #[must_use]
    pub fn digest(&self, value: &SecretValue) -> String {
        // HMAC takes keys of any length, so this constructor cannot fail; an empty digest would be visible.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return String::new() };
        mac.update(value.expose().as_bytes());
        hex(&mac.finalize().into_bytes())
    }
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FingerprintKey(…)")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_do_not_matter_and_values_do() {
        let rule = RuleId::new("password");
        let mut here = Location { path: Some("a.yaml".into()), ..Location::default() };
        let value = SecretValue::new("hunter2");
        let first = Fingerprint::new(&rule, &here, Some(&value), 0);
        here.region = Some(crate::model::Region { line: 9, ..Default::default() });
        assert_eq!(first, Fingerprint::new(&rule, &here, Some(&value), 0));
        assert_ne!(first, Fingerprint::new(&rule, &here, Some(&SecretValue::new("hunter3")), 0));
        assert_ne!(first, Fingerprint::new(&rule, &here, Some(&value), 1));
    }

    #[test]
    fn hmac_is_rfc_4231_case_2() {
        let key = FingerprintKey::new(b"Jefe");
        assert_eq!(
            key.digest(&SecretValue::new("what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
