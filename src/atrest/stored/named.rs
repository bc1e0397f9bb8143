//! What a stored object is called, from its own bytes. Values are not looked at.

use std::fmt;

use super::sealing::PROTOBUF;
use super::wire::{Fields, Malformed, Piece};

/// Longest word that is believed. Names have 253 characters at most.
const LONGEST_WORD: usize = 317;

/// Kind and name of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named<'v> {
    /// `v1`, `apps/v1`.
    pub api_version: &'v str,
    /// `Secret`.
    pub kind: &'v str,
    /// Empty for what has none.
    pub namespace: &'v str,
    /// Empty where the bytes end before it.
    pub name: &'v str,
}

impl<'v> Named<'v> {
    /// Reads a plaintext value in Protocol Buffers, of which the end may be missing: `runtime.Unknown`, in it the
    /// object, whose first field is `ObjectMeta` in every kind.
    #[must_use]
    pub fn read(value: &'v [u8]) -> Option<Self> {
        Self::parse(value.strip_prefix(PROTOBUF)?).ok()
    }

    fn parse(unknown: &'v [u8]) -> Result<Self, Malformed> {
        let mut named = Self { api_version: "", kind: "", namespace: "", name: "" };
        for field in Fields::new(unknown) {
            match field? {
                (1, Piece::Bytes(types)) => {
                    for field in Fields::new(types) {
                        match field? {
                            (1, Piece::Bytes(text)) => named.api_version = word(text)?,
                            (2, Piece::Bytes(text)) => named.kind = word(text)?,
                            _ => return Err(Malformed),
                        }
                    }
                }
                (2, raw) => {
                    named.read_object(raw.head().ok_or(Malformed)?)?;
                    break;
                }
                _ => return Err(Malformed),
            }
        }
        // Bytes that happen to look alike are not an object.
        let plausible = named.kind.starts_with(|c: char| c.is_ascii_uppercase()) && !named.api_version.is_empty();
        if plausible { Ok(named) } else { Err(Malformed) }
    }

    fn read_object(&mut self, object: &'v [u8]) -> Result<(), Malformed> {
        let Some(field) = Fields::new(object).next() else { return Ok(()) };
        let (1, metadata) = field? else { return Ok(()) };
        // Name, generateName and namespace come first. Whatever is cut off or strange ends it; what came before holds.
        for field in Fields::new(metadata.head().ok_or(Malformed)?) {
            match field {
                Ok((1, Piece::Bytes(text))) => self.name = word(text)?,
                Ok((2, _)) => {}
                Ok((3, Piece::Bytes(text))) => self.namespace = word(text)?,
                _ => break,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.name.is_empty() { "(without a name)" } else { self.name };
        match self.namespace {
            "" => write!(f, "{} {name}", self.kind),
            namespace => write!(f, "{} {namespace}/{name}", self.kind),
        }
    }
}

/// Names are printable ASCII.
fn word(bytes: &[u8]) -> Result<&str, Malformed> {
    let fine = bytes.len() <= LONGEST_WORD && bytes.iter().all(u8::is_ascii_graphic);
    if fine { std::str::from_utf8(bytes).map_err(|_| Malformed) } else { Err(Malformed) }
}

/// A Secret as the API server stores it, with a value that no test may see again.
#[cfg(test)]
pub(super) fn secret(namespace: &str, name: &str, value: &str) -> Vec<u8> {
    use super::wire::put_bytes;

    let mut types = Vec::new();
    put_bytes(&mut types, 1, b"v1");
    put_bytes(&mut types, 2, b"Secret");
    let mut metadata = Vec::new();
    put_bytes(&mut metadata, 1, name.as_bytes());
    put_bytes(&mut metadata, 3, namespace.as_bytes());
    put_bytes(&mut metadata, 5, b"3a1d");
    let mut entry = Vec::new();
    put_bytes(&mut entry, 1, b"password");
    put_bytes(&mut entry, 2, value.as_bytes());
    let mut object = Vec::new();
    put_bytes(&mut object, 1, &metadata);
    put_bytes(&mut object, 2, &entry);
    let mut stored = PROTOBUF.to_vec();
    put_bytes(&mut stored, 1, &types);
    put_bytes(&mut stored, 2, &object);
    stored
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_secret_is_named() {
        let stored = secret("prod", "db", "made up");
        let named = Named::read(&stored).unwrap();
        assert_eq!(named, Named { api_version: "v1", kind: "Secret", namespace: "prod", name: "db" });
        assert_eq!(named.to_string(), "Secret prod/db");
    }

    #[test]
    fn half_a_secret_is_named_as_far_as_it_goes() {
        let stored = secret("prod", "db", "made up");
        let known: Vec<_> =
            (0..stored.len()).filter_map(|end| Named::read(&stored[..end]).map(|named| named.to_string())).collect();
        assert_eq!(known.first().map(String::as_str), Some("Secret (without a name)"));
        assert!(known.contains(&"Secret db".to_owned()));
        assert_eq!(known.last().map(String::as_str), Some("Secret prod/db"));
    }

    #[test]
    fn what_looks_alike_is_nothing() {
        for value in [b"".as_slice(), b"k8s\0", b"k8s\0\x0a\x00", b"k8s:enc:aescbc:v1:key1:", b"{}", b"k8s\0 and more"]
        {
            assert_eq!(Named::read(value), None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let value = [PROTOBUF, &bytes].concat();
            if let Some(named) = Named::read(&value) {
                prop_assert!(!named.to_string().contains(char::is_control));
            }
        }
    }
}
