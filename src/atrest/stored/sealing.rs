//! What the first bytes of a stored value say: plaintext, or by which provider and key it was encrypted.
//!
//! Prefix, key name and the id of a KMS key are in clear text, so no key is needed to read them. They prove what the
//! writer claimed, not that the ciphertext opens: that takes the key.

use std::fmt;

use super::wire::{Fields, Piece};

/// Before everything that a provider encrypted.
const ENCRYPTED: &[u8] = b"k8s:enc:";
/// Before an object in Protocol Buffers.
pub(super) const PROTOBUF: &[u8] = b"k8s\0";
/// Before an object in CBOR, which is self-described (RFC 8949, 3.4.6).
const CBOR: &[u8] = b"\xd9\xd9\xf7";
/// Longest name or key id that is believed. The API server refuses key ids of more than 1 kB.
const LONGEST_NAME: usize = 1024;

/// How a value was written. `S` is `&str` where it is read and `String` where it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sealing<S = String> {
    /// Not encrypted by the API server.
    Plain(Encoding),
    /// Encrypted.
    Sealed {
        /// By what.
        provider: Provider,
        /// The key's name in the configuration, or the name of the KMS plugin.
        key: S,
        /// For KMS version 2, the id that the plugin gave its key.
        kms_key: Option<S>,
    },
    /// It begins as encrypted values do, and goes on as none that is known: from another version, or damaged.
    Unknown,
}

/// A form of plaintext.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encoding {
    /// Protocol Buffers, as built-in kinds are stored.
    Protobuf,
    /// JSON, as custom resources are stored.
    Json,
    /// CBOR, as custom resources may be stored.
    Cbor,
    /// Nothing that Kubernetes is known to write, and no sign of encryption.
    Other,
}

/// A provider of the `EncryptionConfiguration`, with its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provider {
    /// AES-CBC with PKCS#7 padding.
    AesCbc,
    /// AES-GCM with a random nonce.
    AesGcm,
    /// XSalsa20 and Poly1305.
    Secretbox,
    /// KMS version 1.
    KmsV1,
    /// KMS version 2.
    KmsV2,
}

impl Provider {
    const ALL: [(&'static [u8], Self); 5] = [
        (b"aescbc:v1:", Self::AesCbc),
        (b"aesgcm:v1:", Self::AesGcm),
        (b"secretbox:v1:", Self::Secretbox),
        (b"kms:v1:", Self::KmsV1),
        (b"kms:v2:", Self::KmsV2),
    ];

    /// As the configuration and the stored prefix have it: `aescbc`, `kms v2`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AesCbc => "aescbc",
            Self::AesGcm => "aesgcm",
            Self::Secretbox => "secretbox",
            Self::KmsV1 => "kms v1",
            Self::KmsV2 => "kms v2",
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<'v> Sealing<&'v str> {
    /// Looks at a value as it is stored.
    ///
    /// A key's name may hold a colon; it is read up to the first one, as the API server does not say where it ends.
    #[must_use]
    pub fn read(value: &'v [u8]) -> Self {
        match value.strip_prefix(ENCRYPTED) {
            Some(rest) => Self::sealed(rest).unwrap_or(Self::Unknown),
            None => Self::Plain(Encoding::read(value)),
        }
    }

    fn sealed(rest: &'v [u8]) -> Option<Self> {
        let (prefix, provider) = Provider::ALL.into_iter().find(|(prefix, _)| rest.starts_with(prefix))?;
        let rest = &rest[prefix.len()..];
        let end = rest.iter().take(LONGEST_NAME + 1).position(|byte| *byte == b':')?;
        let kms_key = if provider == Provider::KmsV2 { Some(kms_key(&rest[end + 1..])?) } else { None };
        Some(Self::Sealed { provider, key: name(&rest[..end])?, kms_key })
    }

    /// A copy to keep.
    #[must_use]
    pub fn to_owned(self) -> Sealing {
        match self {
            Self::Plain(encoding) => Sealing::Plain(encoding),
            Self::Sealed { provider, key, kms_key } => {
                Sealing::Sealed { provider, key: key.to_owned(), kms_key: kms_key.map(str::to_owned) }
            }
            Self::Unknown => Sealing::Unknown,
        }
    }
}

impl<S> Sealing<S> {
    /// Whether whoever reads the bytes reads the object.
    pub fn is_plain(&self) -> bool {
        matches!(self, Self::Plain(_))
    }
}

impl Sealing {
    /// Whether a transformer that puts this in front of what it writes reads it. Of a key's name only what stands before a
    /// colon is known.
    #[must_use]
    pub fn is_under(&self, prefix: &str) -> bool {
        match self {
            Self::Plain(_) => prefix.is_empty(),
            Self::Unknown => false,
            Self::Sealed { provider, key, .. } => {
                let known = Provider::ALL.iter().find(|(_, known)| known == provider);
                let known = known.map_or_else(Default::default, |(prefix, _)| String::from_utf8_lossy(prefix));
                prefix.starts_with(&format!("k8s:enc:{known}{key}:"))
            }
        }
    }

    /// The same, borrowed.
    #[must_use]
    pub fn borrow(&self) -> Sealing<&str> {
        match self {
            Self::Plain(encoding) => Sealing::Plain(*encoding),
            Self::Sealed { provider, key, kms_key } => {
                Sealing::Sealed { provider: *provider, key, kms_key: kms_key.as_deref() }
            }
            Self::Unknown => Sealing::Unknown,
        }
    }
}

impl<S: fmt::Display> fmt::Display for Sealing<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(_) => f.write_str("plaintext"),
            Self::Sealed { provider, key, kms_key: None } => write!(f, "{provider} {key}"),
            Self::Sealed { provider, key, kms_key: Some(kms_key) } => write!(f, "{provider} {key}, key {kms_key}"),
            Self::Unknown => f.write_str("an unknown provider"),
        }
    }
}

impl Encoding {
    fn read(value: &[u8]) -> Self {
        if value.starts_with(PROTOBUF) {
            Self::Protobuf
        } else if value.starts_with(b"{") {
            Self::Json
        } else if value.starts_with(CBOR) {
            Self::Cbor
        } else {
            Self::Other
        }
    }
}

/// The key id of an `EncryptedObject` of KMS version 2. It stands behind the ciphertext.
fn kms_key(object: &[u8]) -> Option<&str> {
    for field in Fields::new(object) {
        if let (2, Piece::Bytes(id)) = field.ok()? {
            return name(id);
        }
    }
    None
}

/// A name to show: nothing that could move a terminal's cursor.
fn name(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let fine = !text.is_empty() && text.len() <= LONGEST_NAME && !text.contains(char::is_control);
    fine.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::super::wire::put_bytes;
    use super::*;

    fn shown(value: &[u8]) -> String {
        Sealing::read(value).to_string()
    }

    #[test]
    fn every_provider_is_told() {
        assert_eq!(shown(b"k8s:enc:aescbc:v1:key1:\x00\xff"), "aescbc key1");
        assert_eq!(shown(b"k8s:enc:aesgcm:v1:key 2:"), "aesgcm key 2");
        assert_eq!(shown(b"k8s:enc:secretbox:v1:a:b:\x00"), "secretbox a");
        assert_eq!(shown(b"k8s:enc:kms:v1:cloud:\x00\x10"), "kms v1 cloud");
        let mut object = b"k8s:enc:kms:v2:cloud:".to_vec();
        put_bytes(&mut object, 1, &[0; 300]);
        put_bytes(&mut object, 2, b"projects/7");
        put_bytes(&mut object, 3, &[1; 50]);
        assert_eq!(shown(&object), "kms v2 cloud, key projects/7");
    }

    #[test]
    fn plaintext_has_an_encoding() {
        let cases: [(&[u8], Encoding); 6] = [
            (b"k8s\0\x0a", Encoding::Protobuf),
            (b"{\"kind\"", Encoding::Json),
            (b"\xd9\xd9\xf7\xa1", Encoding::Cbor),
            (b"", Encoding::Other),
            (b"k8s:en", Encoding::Other),
            (b"apiVersion: v1", Encoding::Other),
        ];
        for (value, encoding) in cases {
            assert_eq!(Sealing::read(value), Sealing::Plain(encoding));
        }
    }

    #[test]
    fn what_only_begins_as_encrypted_is_unknown() {
        let long = [b"k8s:enc:aescbc:v1:".as_slice(), &[b'a'; 2000], b":"].concat();
        let mut no_id = b"k8s:enc:kms:v2:cloud:".to_vec();
        put_bytes(&mut no_id, 1, &[0; 30]);
        for value in [
            b"k8s:enc:".as_slice(),
            b"k8s:enc:aescbc:v1:",
            b"k8s:enc:aescbc:v1::",
            b"k8s:enc:aescbc:v2:key1:",
            b"k8s:enc:aescbc:v1:key\x1b[2J:",
            b"k8s:enc:aescbc:v1:\xff:",
            b"k8s:enc:kms:v2:cloud:\xff",
            &long,
            &no_id,
        ] {
            assert_eq!(Sealing::read(value), Sealing::Unknown, "{}", value.escape_ascii());
        }
    }
}
