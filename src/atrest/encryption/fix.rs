//! The configuration as it should be: what encrypts goes first, what was used before is kept for reading.
//!
//! The result is written anew and not edited into the old text, since who is looked up first, and which entries add up,
//! is a matter of the whole file. Comments are lost. It holds keys: whoever writes it to a file gives it mode 0600.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::config::Config;
use super::provider::{Cipher, Kms, KmsVersion, Provider, Scheme};
use super::resource::GroupResource;
use super::server::Server;

/// Whether a new key is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fresh {
    /// Only where nothing that is there encrypts Secrets.
    IfNeeded,
    /// In any case: a rotation.
    Always,
}

/// How far the change goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Old keys and plaintext are still read, until everything is rewritten.
    Migrate,
    /// Everything was rewritten: what does not write goes.
    Finish,
}

/// Why there is no corrected configuration.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CorrectError {
    /// The system gives no random bytes.
    #[error("no randomness for a new key")]
    Randomness,
    /// There is nothing to go on with.
    #[error("nothing in it encrypts Secrets yet: migrate first, and rewrite all Secrets")]
    NotMigrated,
    /// What comes out would not load either.
    #[error("it cannot be put in order by machine: {0}")]
    Stuck(String),
}

/// A corrected configuration as text. It holds keys and cannot be shown.
pub struct Corrected(Zeroizing<String>);

impl std::fmt::Debug for Corrected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Corrected(…)")
    }
}

impl Corrected {
    /// Corrects a configuration.
    ///
    /// # Errors
    /// When a key is needed and there is no randomness, when it is asked to finish what was not begun, or when the
    /// result would not load.
    pub fn of(config: &Config<'_>, fresh: Fresh, stage: Stage) -> Result<Self, CorrectError> {
        let mut stuck = String::new();
        // Entries stay together where they can: the name of a KMS provider may be there only once.
        for split in [false, true] {
            let parts = parts(config, split);
            let writes =
                parts.iter().any(|part| part.covers_secrets && part.providers.iter().any(|one| !one.is_identity()));
            let migrated = config.meant(&GroupResource::secrets()).is_encrypted();
            if stage == Stage::Finish && !(writes && migrated) {
                return Err(CorrectError::NotMigrated);
            }
            let fresh = stage == Stage::Migrate && (fresh == Fresh::Always || !writes);
            let key = fresh.then(new_key).transpose()?;
            let corrected = write(&parts, key.as_ref(), stage);
            match corrected.refused(config) {
                None => return Ok(corrected),
                Some(why) => stuck = why,
            }
        }
        Err(CorrectError::Stuck(stuck))
    }

    /// Why it would not load.
    fn refused(&self, config: &Config<'_>) -> Option<String> {
        let tree = Config::document(&self.0).ok()?;
        let server = Server { kms_v1: true, ..config.server() };
        let config = Config::read(tree.root()?, &server);
        config.refusals().first().map(|refusal| refusal.why.clone())
    }

    /// The text. Whoever calls this must not let it reach an output but the file that it is for.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Resources that have the same providers.
struct Part<'c> {
    resources: Vec<GroupResource>,
    providers: Vec<&'c Provider<'c>>,
    /// Whether Secrets are looked up here.
    covers_secrets: bool,
}

impl Part<'_> {
    /// Whether it is to encrypt: Secrets always, and whatever did before.
    fn is_wanted(&self) -> bool {
        self.covers_secrets || self.providers.first().is_some_and(|provider| !provider.is_identity())
    }
}

/// How wide a resource is.
fn width(resource: &GroupResource) -> u8 {
    u8::from(resource.is_wildcard()) + u8::from(*resource == GroupResource::everything())
}

/// Every resource with all its providers, narrow ones before wide ones, so that nothing masks. `split` parts what one
/// entry has of different width.
fn parts<'c>(config: &'c Config<'c>, split: bool) -> Vec<Part<'c>> {
    let mut seen = BTreeSet::new();
    let mut resources: Vec<&GroupResource> = Vec::new();
    for listed in config.entries().iter().flat_map(|entry| &entry.resources) {
        let written = listed.resource.to_string();
        if listed.resource.refusal(&written).is_none() && !written.is_empty() && seen.insert(&listed.resource) {
            resources.push(&listed.resource);
        }
    }
    let mut numbered: BTreeMap<(u8, Vec<u32>), usize> = BTreeMap::new();
    let mut parts: Vec<Part<'c>> = Vec::new();
    for resource in resources {
        let entries: Vec<_> = config.naming(resource).collect();
        let numbers = entries.iter().map(|entry| entry.node.number()).collect();
        let place = *numbered.entry((if split { width(resource) } else { 0 }, numbers)).or_insert(parts.len());
        if place == parts.len() {
            let providers = entries.iter().flat_map(|entry| &entry.providers).filter(|provider| is_sound(provider));
            parts.push(Part { resources: Vec::new(), providers: providers.collect(), covers_secrets: false });
        }
        parts[place].resources.push(resource.clone());
    }
    parts.sort_by_key(|part| part.resources.iter().map(width).max());
    let secrets = GroupResource::secrets();
    let names = [secrets.clone(), secrets.siblings(), GroupResource::everything()];
    let covering = names.iter().find_map(|name| parts.iter().position(|part| part.resources.contains(name)));
    // A wildcard that never encrypted anything is not made to encrypt everything.
    match covering.map(|place| &mut parts[place]) {
        Some(part) if part.resources.contains(&secrets) || part.providers.iter().any(|one| !one.is_identity()) => {
            part.covers_secrets = true;
        }
        _ => parts.insert(0, Part { resources: vec![secrets], providers: Vec::new(), covers_secrets: true }),
    }
    parts
}

/// Whether a provider can have encrypted anything: a key that was refused has not.
fn is_sound(provider: &Provider<'_>) -> bool {
    match &provider.scheme {
        None => false,
        Some(Scheme::Identity) => true,
        Some(Scheme::Local(cipher, keys)) => keys.iter().any(|key| sound_key(*cipher, key)),
        Some(Scheme::Kms(kms)) => kms.version.is_some() && !kms.name.is_empty(),
    }
}

fn sound_key(cipher: Cipher, key: &super::key::Key<'_>) -> bool {
    let fits = key.material.as_ref().is_some_and(|material| cipher.key_lengths().contains(&material.length()));
    fits && !key.name.is_empty()
}

/// A name that no key had, and a key for secretbox.
fn new_key() -> Result<(String, Zeroizing<String>), CorrectError> {
    let (mut name, mut key) = ([0; 4], Zeroizing::new([0; 32]));
    getrandom::fill(&mut name).and_then(|()| getrandom::fill(&mut key[..])).map_err(|_| CorrectError::Randomness)?;
    let name = u32::from_be_bytes(name);
    Ok((format!("key-{name:08x}"), Zeroizing::new(STANDARD.encode(&key[..]))))
}

fn write(parts: &[Part<'_>], key: Option<&(String, Zeroizing<String>)>, stage: Stage) -> Corrected {
    let mut out = Zeroizing::new(String::with_capacity(4096));
    out.push_str("apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n");
    for part in parts {
        let names: Vec<String> = part.resources.iter().map(|resource| quoted(&resource.to_string())).collect();
        let _ = writeln!(out, "  - resources: [{}]\n    providers:", names.join(", "));
        let wanted = part.is_wanted();
        if let (Some((name, secret)), true) = (key, wanted) {
            let secret = secret.as_str();
            let _ = write!(
                out,
                "      - secretbox:\n          keys:\n            - name: {name}\n              secret: {secret}\n"
            );
        }
        // What was left as plaintext on purpose keeps its order.
        let mut providers = part.providers.clone();
        if wanted {
            providers.sort_by_key(|provider| provider.is_identity());
        }
        // Once is enough.
        let first_identity = providers.iter().position(|provider| provider.is_identity());
        let mut number = 0;
        providers.retain(|provider| {
            number += 1;
            !provider.is_identity() || first_identity == Some(number - 1)
        });
        if stage == Stage::Finish {
            providers.truncate(1);
        }
        providers.iter().for_each(|provider| scheme(provider, stage, &mut out));
        if first_identity.is_none() && (providers.is_empty() || part.providers.is_empty()) {
            out.push_str("      - identity: {}\n");
        }
    }
    Corrected(out)
}

fn scheme(provider: &Provider<'_>, stage: Stage, out: &mut Zeroizing<String>) {
    match &provider.scheme {
        Some(Scheme::Local(cipher, keys)) => {
            let _ = write!(out, "      - {cipher}:\n          keys:\n");
            let keys = keys.iter().filter(|key| sound_key(*cipher, key));
            for key in keys.take(if stage == Stage::Finish { 1 } else { usize::MAX }) {
                let secret =
                    Zeroizing::new(key.material.as_ref().map_or_else(String::new, |m| STANDARD.encode(m.bytes())));
                let (name, secret) = (quoted(&key.name), secret.as_str());
                let _ = write!(out, "            - name: {name}\n              secret: {secret}\n");
            }
        }
        Some(Scheme::Kms(kms)) => plugin(kms, out),
        Some(Scheme::Identity) => out.push_str("      - identity: {}\n"),
        None => {}
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

/// As JSON has it, which YAML reads as the same text.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::EncryptionRule;
    use super::*;

    const HEAD: &str = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n";
    const KEY: &str = "7Zm34Nnu/J7f7l842x7u68C6pFaoDp8b9/8kc+qrSbE=";

    fn entry(resources: &str, providers: &str) -> String {
        format!("- {{resources: [{resources}], providers: [{providers}]}}\n")
    }

    fn corrected(entries: &str, fresh: Fresh, stage: Stage) -> String {
        let text = format!("{HEAD}{entries}");
        let tree = Config::document(&text).unwrap();
        let config = Config::read(tree.root().unwrap(), &Server::default());
        Corrected::of(&config, fresh, stage).unwrap().expose().to_owned()
    }

    /// The prefix of Secrets, whether plaintext is read, and the rules that are still broken.
    fn judged(text: &str) -> (String, bool, Vec<EncryptionRule>) {
        let tree = Config::document(text).unwrap();
        let config = Config::read(tree.root().unwrap(), &Server::default());
        assert!(config.loads(), "{:?}\n{text}", config.refusals());
        let storage = config.storage(&GroupResource::secrets()).unwrap();
        let rules = config.problems().iter().map(|problem| problem.rule).collect();
        (storage.prefix(), storage.reads_plaintext(), rules)
    }

    #[test]
    fn identity_goes_behind() {
        let cbc = format!("{{aescbc: {{keys: [{{name: a, secret: {KEY}}}]}}}}");
        let text = corrected(&entry("secrets", &format!("{{identity: {{}}}}, {cbc}")), Fresh::IfNeeded, Stage::Migrate);
        let (prefix, plaintext, rules) = judged(&text);
        assert_eq!((prefix.as_str(), plaintext), ("k8s:enc:aescbc:v1:a:", true));
        assert!(!rules.contains(&EncryptionRule::IdentityFirst));
    }

    #[test]
    fn a_fresh_key_goes_first_and_old_ones_read() {
        let cbc = format!("{{aescbc: {{keys: [{{name: '1', secret: {KEY}}}]}}}}, {{identity: {{}}}}");
        let text = corrected(&entry("secrets, configmaps", &cbc), Fresh::Always, Stage::Migrate);
        let tree = Config::document(&text).unwrap();
        let config = Config::read(tree.root().unwrap(), &Server::default());
        let storage = config.storage(&GroupResource::secrets()).unwrap();
        let order: Vec<String> = storage.transformers().iter().map(|one| one.prefix()).collect();
        assert!(order[0].starts_with("k8s:enc:secretbox:v1:key-"), "{order:?}");
        assert_eq!(order[1..], ["k8s:enc:aescbc:v1:1:", ""]);
        let finished = Corrected::of(&config, Fresh::IfNeeded, Stage::Finish).unwrap();
        let (prefix, plaintext, rules) = judged(finished.expose());
        assert_eq!((prefix, plaintext), (order[0].clone(), false));
        assert_eq!(rules, [EncryptionRule::SingleKey]);
    }

    #[test]
    fn what_does_not_load_does_then() {
        let cbc = format!("{{aescbc: {{keys: [{{name: a, secret: {KEY}}}, {{name: b, secret: x}}]}}}}");
        for entries in [
            entry("'*.*'", "{identity: {}}") + &entry("secrets", &cbc),
            entry("secrets, Secrets, '*'", "{identity: }"),
            entry("configmaps", &cbc) + &entry("secrets, configmaps", "{identity: {}}"),
            entry("'*.', secrets, '*.*'", &cbc),
            entry("events", "{identity: {}}"),
            entry("'*.*', '*.apps'", &format!("{{identity: {{}}}}, {cbc}")),
            entry("secrets, '*.apps'", "{identity: {}}, {kms: {apiVersion: v2, name: a, endpoint: 'unix:///x'}}"),
            entry("'*.'", "{identity: {}}, {kms: {apiVersion: v2, name: a, endpoint: 'unix:///x', timeout: 2s}}"),
        ] {
            let text = corrected(&entries, Fresh::IfNeeded, Stage::Migrate);
            let (prefix, _, rules) = judged(&text);
            assert!(prefix.starts_with("k8s:enc:"), "{entries}\n{text}");
            for rule in [EncryptionRule::IdentityFirst, EncryptionRule::ResourceTwice, EncryptionRule::SecretsUncovered]
            {
                assert!(!rules.contains(&rule), "{rule:?}\n{entries}\n{text}");
            }
        }
    }

    #[test]
    fn what_was_not_begun_is_not_finished() {
        let text = format!("{HEAD}{}", entry("secrets", "{identity: {}}"));
        let tree = Config::document(&text).unwrap();
        let config = Config::read(tree.root().unwrap(), &Server::default());
        let error = Corrected::of(&config, Fresh::Always, Stage::Finish).unwrap_err();
        assert_eq!(error, CorrectError::NotMigrated);
    }
}
