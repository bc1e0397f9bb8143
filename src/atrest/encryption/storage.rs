//! How a resource is stored: who writes it, and who reads what.

use std::fmt;

use super::config::{Config, Entry};
use super::key::Key;
use super::provider::{Cipher, Kms, KmsVersion, Provider, Scheme};
use super::resource::GroupResource;

/// What every encrypted value begins with.
const ENCRYPTED: &[u8] = b"k8s:enc:";

/// How a configuration comes to speak of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// By the resource itself, in this many entries.
    Exact(usize),
    /// By `*.group`.
    Group,
    /// By `*.*`.
    Everything,
    /// Not at all: it is stored as plaintext.
    Nothing,
}

/// One provider with one key, as it encrypts and decrypts.
#[derive(Clone, Copy, Debug)]
pub enum Transformer<'c> {
    /// Plaintext.
    Identity,
    /// A cipher with a key.
    Local(Cipher, &'c Key<'c>),
    /// A plugin.
    Kms(&'c Kms),
}

impl Transformer<'_> {
    /// What it puts in front of a value; nothing in front of plaintext.
    #[must_use]
    pub fn prefix(&self) -> String {
        match self {
            Self::Identity => String::new(),
            Self::Local(cipher, key) => format!("k8s:enc:{cipher}:v1:{}:", key.name),
            Self::Kms(kms) => {
                format!("k8s:enc:kms:{}:{}:", kms.version.unwrap_or(KmsVersion::V1).as_str(), kms.name)
            }
        }
    }

    /// Whether it is the same: what one writes the other reads.
    #[must_use]
    pub fn is_same(&self, other: &Transformer<'_>) -> bool {
        let material = match (self, other) {
            (Self::Local(_, one), Transformer::Local(_, other)) => one.material == other.material,
            _ => true,
        };
        material && self.prefix() == other.prefix()
    }

    /// Whether it is tried on a stored value.
    fn takes(&self, stored: &[u8]) -> bool {
        match self {
            Self::Identity => !stored.starts_with(ENCRYPTED),
            _ => stored.starts_with(self.prefix().as_bytes()),
        }
    }
}

impl fmt::Display for Transformer<'_> {
    /// `aescbc with key key1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity => f.write_str("identity"),
            Self::Local(cipher, key) => write!(f, "{cipher} with key {}", key.name),
            Self::Kms(kms) => write!(f, "kms {} {}", kms.version.map_or("?", KmsVersion::as_str), kms.name),
        }
    }
}

/// What becomes of a stored value when it is read. By its prefix: whether a key of the right name is the right key, no
/// prefix tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// Read by what also writes.
    Current,
    /// Read by this later transformer, by position: it would be rewritten with the next write.
    Stale(usize),
    /// Read by none. The server answers with an error.
    Unreadable,
}

/// How one resource is stored.
#[derive(Clone, Debug)]
pub struct Storage<'c> {
    coverage: Coverage,
    transformers: Vec<Transformer<'c>>,
}

impl<'c> Storage<'c> {
    /// By the rules of the server: the resource itself, then its group, then everything; all entries that name the same
    /// add up in their order.
    pub(super) fn of(config: &'c Config<'_>, resource: &GroupResource) -> Self {
        let wildcards = config.server().has_wildcards();
        let steps =
            [(resource.clone(), true), (resource.siblings(), wildcards), (GroupResource::everything(), wildcards)];
        for (step, (name, open)) in steps.iter().enumerate() {
            let entries: Vec<&'c Entry<'c>> = config.naming(name).filter(|_| *open).collect();
            if !entries.is_empty() {
                let coverage = match step {
                    0 => Coverage::Exact(entries.len()),
                    1 => Coverage::Group,
                    _ => Coverage::Everything,
                };
                let providers = entries.iter().flat_map(|entry| &entry.providers);
                return Self { coverage, transformers: providers.flat_map(transformers).collect() };
            }
        }
        Self { coverage: Coverage::Nothing, transformers: vec![Transformer::Identity] }
    }

    /// How the configuration speaks of the resource.
    #[must_use]
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// Every transformer, in the order in which they are tried. The first writes.
    #[must_use]
    pub fn transformers(&self) -> &[Transformer<'c>] {
        &self.transformers
    }

    /// What writes; none where no provider could be read, which does not load.
    #[must_use]
    pub fn writer(&self) -> Option<Transformer<'c>> {
        self.transformers.first().copied()
    }

    /// What a value that is written now begins with; empty for plaintext.
    #[must_use]
    pub fn prefix(&self) -> String {
        self.writer().map(|writer| writer.prefix()).unwrap_or_default()
    }

    /// Whether what is written is encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.writer().is_some_and(|writer| !matches!(writer, Transformer::Identity))
    }

    /// Whether plaintext can be read, and so may still be there.
    #[must_use]
    pub fn reads_plaintext(&self) -> bool {
        self.transformers.iter().any(|transformer| matches!(transformer, Transformer::Identity))
    }

    /// What becomes of a stored value, told by what it begins with.
    #[must_use]
    pub fn read(&self, stored: &[u8]) -> Stored {
        match self.transformers.iter().position(|transformer| transformer.takes(stored)) {
            Some(0) => Stored::Current,
            Some(later) => Stored::Stale(later),
            None => Stored::Unreadable,
        }
    }

    /// Every transformer that is tried on a stored value, by position.
    pub fn tried(&self, stored: &[u8]) -> impl Iterator<Item = usize> {
        let tried = self.transformers.iter().enumerate().filter(move |(_, transformer)| transformer.takes(stored));
        tried.map(|(position, _)| position)
    }
}

fn transformers<'c>(provider: &'c Provider<'c>) -> Vec<Transformer<'c>> {
    match &provider.scheme {
        None => Vec::new(),
        Some(Scheme::Identity) => vec![Transformer::Identity],
        Some(Scheme::Local(cipher, keys)) => keys.iter().map(|key| Transformer::Local(*cipher, key)).collect(),
        Some(Scheme::Kms(kms)) => vec![Transformer::Kms(kms)],
    }
}
