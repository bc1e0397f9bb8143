//! Where a sealed value may be opened.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use super::SealError;
use super::coding::{base32, framed, is_base32, shown};

/// How far a sealed Secret may be moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Namespace and name are fixed.
    #[default]
    Strict,
    /// The namespace is fixed.
    Namespace,
    /// Nothing is fixed.
    Cluster,
}

impl Scope {
    /// Every scope, the narrowest first.
    pub const ALL: [Self; 3] = [Self::Strict, Self::Namespace, Self::Cluster];

    /// The word in `spec.scope`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Namespace => "namespace",
            Self::Cluster => "cluster",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = SealError;

    fn from_str(text: &str) -> Result<Self, SealError> {
        let known = Self::ALL.into_iter().find(|scope| scope.as_str() == text);
        known.ok_or_else(|| SealError::Scope { found: shown(text) })
    }
}

/// Scope, and as much of the place as the scope fixes. Every key and every value is bound to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Context {
    scope: Scope,
    namespace: String,
    name: String,
}

impl Context {
    /// The context of an object. What the scope does not fix is left out of it.
    ///
    /// # Errors
    /// When the scope needs a namespace and there is none, or a name is none that Kubernetes allows.
    pub fn new(scope: Scope, namespace: Option<&str>, name: &str) -> Result<Self, SealError> {
        if let Some(namespace) = namespace
            && !is_label(namespace)
        {
            return Err(SealError::Name { what: "a namespace", name: shown(namespace) });
        }
        if !is_subdomain(name) {
            return Err(SealError::Name { what: "the name of a Secret", name: shown(name) });
        }
        let namespace = match (scope, namespace) {
            (Scope::Cluster, _) => "",
            (_, Some(namespace)) => namespace,
            (_, None) => return Err(SealError::NoNamespace { scope }),
        };
        let name = if scope == Scope::Strict { name } else { "" };
        Ok(Self { scope, namespace: namespace.to_owned(), name: name.to_owned() })
    }

    /// The scope.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// The canonical bytes: a tag of format and purpose, scope, namespace and name, each after its length.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        framed(&[b"ksecrets/1", self.scope.as_str().as_bytes(), self.namespace.as_bytes(), self.name.as_bytes()])
    }

    /// What tells without a key whether something was sealed for this context.
    #[must_use]
    pub fn digest(&self) -> ContextDigest {
        let part = |what: &str, value: &str| {
            let scope = self.scope.as_str().as_bytes();
            let hash = Sha256::digest(framed(&[b"ksecrets/1/ctx", scope, what.as_bytes(), value.as_bytes()]));
            base32(&hash[..5])
        };
        ContextDigest { namespace: part("namespace", &self.namespace), name: part("name", &self.name) }
    }
}

/// A short public digest of a [`Context`], namespace and name apart, so that a move and a renaming can be told apart.
/// It is compared and nothing else: what is opened is opened for the object's own namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ContextDigest {
    pub(super) namespace: String,
    pub(super) name: String,
}

impl fmt::Display for ContextDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.namespace, self.name)
    }
}

impl ContextDigest {
    /// Reads what stands in a slot.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (namespace, name) = text.split_once('.')?;
        let whole = is_base32(namespace, 8) && is_base32(name, 8);
        whole.then(|| Self { namespace: namespace.to_owned(), name: name.to_owned() })
    }
}

/// A DNS label (RFC 1123), which namespaces are.
fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
    bytes.len() <= 63 && inner(*first) && inner(*last) && bytes.iter().all(|byte| inner(*byte) || *byte == b'-')
}

/// A DNS subdomain (RFC 1123), which names of Secrets are. Unlike DNS, Kubernetes lets one label be longer than 63.
pub(super) fn is_subdomain(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let label = |label: &str| {
        let bytes = label.as_bytes();
        let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
        inner(*first) && inner(*last) && bytes.iter().all(|byte| inner(*byte) || *byte == b'-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// Refuses what Kubernetes would not take for a key of a Secret.
///
/// # Errors
/// When it is none.
pub fn check_key(key: &str) -> Result<(), SealError> {
    match is_data_key(key) {
        true => Ok(()),
        false => Err(SealError::Name { what: "a key of a Secret", name: shown(key) }),
    }
}

/// Whether Kubernetes takes it for a key of a Secret.
pub(super) fn is_data_key(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=253).contains(&text.len()) && text.bytes().all(known) && text != "." && !text.starts_with("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(scope: Scope, namespace: &str, name: &str) -> Context {
        Context::new(scope, Some(namespace), name).unwrap()
    }

    #[test]
    fn the_scope_decides_what_counts() {
        let bytes = |scope, namespace, name| context(scope, namespace, name).bytes();
        assert_ne!(bytes(Scope::Strict, "a", "x"), bytes(Scope::Strict, "a", "y"));
        assert_ne!(bytes(Scope::Strict, "a", "x"), bytes(Scope::Strict, "b", "x"));
        assert_eq!(bytes(Scope::Namespace, "a", "x"), bytes(Scope::Namespace, "a", "y"));
        assert_ne!(bytes(Scope::Namespace, "a", "x"), bytes(Scope::Namespace, "b", "x"));
        assert_eq!(bytes(Scope::Cluster, "a", "x"), bytes(Scope::Cluster, "b", "y"));
        assert_ne!(bytes(Scope::Cluster, "a", "x"), bytes(Scope::Namespace, "a", "x"));
        assert_eq!(
            bytes(Scope::Strict, "prod", "db"),
            b"\0\0\0\x0aksecrets/1\0\0\0\x06strict\0\0\0\x04prod\0\0\0\x02db"
        );
    }

    #[test]
    fn digests_tell_a_move_from_a_renaming() {
        let here = context(Scope::Strict, "prod", "db").digest();
        let moved = context(Scope::Strict, "test", "db").digest();
        let renamed = context(Scope::Strict, "prod", "db2").digest();
        assert!(here.namespace != moved.namespace && here.name == moved.name);
        assert!(here.namespace == renamed.namespace && here.name != renamed.name);
        assert_eq!(ContextDigest::read(&here.to_string()), Some(here));
        assert_eq!(ContextDigest::read("aaaaaaaa"), None);
        assert_eq!(ContextDigest::read("aaaaaaaa.bbbbbbbb.c"), None);
    }

    #[test]
    fn names_are_those_of_kubernetes() {
        for good in ["a", "a-b", "1", &"a".repeat(63)] {
            assert!(is_label(good), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a.b", "ä", &"a".repeat(64)] {
            assert!(!is_label(bad), "{bad}");
        }
        assert!(is_subdomain("a.b-c.1") && is_subdomain(&"a".repeat(253)));
        for bad in ["", ".", "a..b", "a.", "a_b", &"a".repeat(254)] {
            assert!(!is_subdomain(bad), "{bad}");
        }
        for good in ["a", "A_b-c.d", ".a", "1", ".dockerconfigjson", &"a".repeat(253)] {
            assert!(is_data_key(good), "{good}");
        }
        for bad in ["", ".", "..", "..a", "a b", "a/b", "ä", &"a".repeat(254)] {
            assert!(!is_data_key(bad), "{bad}");
        }
    }

    #[test]
    fn strict_and_namespace_need_a_namespace() {
        let without = |scope| Context::new(scope, None, "db").map_err(|error| error.code());
        assert_eq!(without(Scope::Strict), Err("no-namespace"));
        assert_eq!(without(Scope::Namespace), Err("no-namespace"));
        assert_eq!(without(Scope::Cluster).unwrap().bytes(), context(Scope::Cluster, "a", "x").bytes());
    }
}
