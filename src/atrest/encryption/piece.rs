//! One provider of a corrected configuration, with as much of it as can have encrypted anything.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::chosen::Chosen;
use super::config::Config;
use super::fix::{CorrectError, quoted};
use super::key::Key;
use super::provider::{Cipher, Kms, KmsVersion, Provider, Scheme};
use super::strength::weakness;

/// Bytes of a key that is long enough for every cipher.
const ENOUGH: usize = 32;

/// A key made here, for secretbox.
pub(super) struct NewKey {
    pub(super) name: String,
    secret: Zeroizing<String>,
}

impl NewKey {
    /// A name that no key had, and a key.
    pub(super) fn draw() -> Result<Self, CorrectError> {
        let (mut name, mut key) = ([0; 4], Zeroizing::new([0; ENOUGH]));
        getrandom::fill(&mut name)
            .and_then(|()| getrandom::fill(&mut key[..]))
            .map_err(|_| CorrectError::Randomness)?;
        let name = u32::from_be_bytes(name);
        Ok(Self { name: format!("key-{name:08x}"), secret: Zeroizing::new(STANDARD.encode(&key[..])) })
    }
}

/// A provider as it is written down.
#[derive(Clone)]
pub(super) enum Piece<'c> {
    /// The key that was made.
    New,
    Identity,
    /// Keys that the server takes.
    Local(Cipher, Vec<&'c Key<'c>>),
    Kms(&'c Kms),
}

impl<'c> Piece<'c> {
    /// What of a provider can have encrypted anything: a key that was refused has not.
    pub(super) fn of(provider: &'c Provider<'c>) -> Option<Self> {
        match provider.scheme.as_ref()? {
            Scheme::Identity => Some(Self::Identity),
            Scheme::Local(cipher, keys) => {
                let keys: Vec<_> = keys.iter().filter(|key| key.is_sound(*cipher)).collect();
                (!keys.is_empty()).then_some(Self::Local(*cipher, keys))
            }
            Scheme::Kms(kms) => (kms.version.is_some() && !kms.name.is_empty()).then_some(Self::Kms(kms)),
        }
    }

    pub(super) fn is_identity(&self) -> bool {
        matches!(self, Self::Identity)
    }

    /// Each of its keys, or the plugin.
    pub(super) fn listed(&self) -> Vec<Chosen> {
        match self {
            Self::Local(cipher, keys) => {
                keys.iter().map(|key| Chosen { provider: cipher.as_str(), name: key.name.clone() }).collect()
            }
            Self::Kms(kms) => {
                let provider = if kms.version == Some(KmsVersion::V1) { "kms:v1" } else { "kms:v2" };
                vec![Chosen { provider, name: kms.name.clone() }]
            }
            Self::New | Self::Identity => Vec::new(),
        }
    }

    /// Puts a key in front of the others.
    pub(super) fn put_first(&mut self, chosen: &Chosen) {
        if let Self::Local(_, keys) = self {
            keys.sort_by_key(|key| key.name != chosen.name);
        }
    }

    /// Forgets the keys that only read.
    pub(super) fn keep_first(&mut self) {
        if let Self::Local(_, keys) = self {
            keys.truncate(1);
        }
    }

    pub(super) fn write(&self, new: Option<&NewKey>, out: &mut Zeroizing<String>) {
        match self {
            Self::New => {
                if let Some(new) = new {
                    local(Cipher::Secretbox, [(new.name.as_str(), new.secret.as_str())], out);
                }
            }
            Self::Identity => out.push_str("      - identity: {}\n"),
            Self::Local(cipher, keys) => {
                let secrets: Vec<Zeroizing<String>> = keys.iter().map(|key| encoded(key)).collect();
                let names = keys.iter().map(|key| key.name.as_str());
                local(*cipher, names.zip(secrets.iter().map(|secret| secret.as_str())), out);
            }
            Self::Kms(kms) => plugin(kms, out),
        }
    }
}

fn encoded(key: &Key<'_>) -> Zeroizing<String> {
    Zeroizing::new(key.material.as_ref().map_or_else(String::new, |material| STANDARD.encode(material.bytes())))
}

fn local<'k>(cipher: Cipher, keys: impl IntoIterator<Item = (&'k str, &'k str)>, out: &mut Zeroizing<String>) {
    let _ = write!(out, "      - {cipher}:\n          keys:\n");
    for (name, secret) in keys {
        let name = quoted(name);
        let _ = write!(out, "            - name: {name}\n              secret: {secret}\n");
    }
}

fn plugin(kms: &Kms, out: &mut Zeroizing<String>) {
    let version = kms.version.unwrap_or(KmsVersion::V2);
    let (name, endpoint) = (quoted(&kms.name), quoted(&kms.endpoint));
    let _ = write!(out, "      - kms:\n          apiVersion: {}\n          name: {name}\n", version.as_str());
    let _ = writeln!(out, "          endpoint: {endpoint}");
    if let Some(timeout) = &kms.timeout {
        let _ = writeln!(out, "          timeout: {}", quoted(timeout));
    }
    if let Some(cache) = kms.cache.filter(|_| version == KmsVersion::V1) {
        let _ = writeln!(out, "          cachesize: {cache}");
    }
}

/// Which keys may go on writing: none that can be guessed, is short, or stands in the file under two names.
pub(super) struct Trust<'c> {
    /// By bytes: under how many names.
    names: BTreeMap<&'c [u8], usize>,
}

impl<'c> Trust<'c> {
    pub(super) fn of(config: &'c Config<'c>) -> Self {
        let mut names: BTreeMap<&[u8], Vec<(Cipher, &str)>> = BTreeMap::new();
        for provider in config.entries().iter().flat_map(|entry| &entry.providers) {
            let Some(Scheme::Local(cipher, keys)) = &provider.scheme else { continue };
            for (material, name) in keys.iter().filter_map(|key| Some((key.material.as_ref()?.bytes(), &key.name))) {
                let known = names.entry(material).or_default();
                if !known.contains(&(*cipher, name)) {
                    known.push((*cipher, name));
                }
            }
        }
        Self { names: names.into_iter().map(|(material, names)| (material, names.len())).collect() }
    }

    /// Whether a provider may write. For Secrets a mode with a weakness of its own may not.
    pub(super) fn has(&self, writer: &Piece<'_>, of_secrets: bool) -> bool {
        match writer {
            Piece::New | Piece::Kms(_) => true,
            Piece::Identity => false,
            Piece::Local(cipher, keys) => {
                let material = keys.first().and_then(|key| key.material.as_ref());
                let strong = material.is_some_and(|material| {
                    let once = self.names.get(material.bytes()).is_none_or(|names| *names == 1);
                    once && material.length() >= ENOUGH && weakness(material).is_none()
                });
                strong && (!of_secrets || *cipher == Cipher::Secretbox)
            }
        }
    }
}
