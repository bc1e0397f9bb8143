//! What is wrong with a configuration, loading or not.

use std::collections::HashMap;

use crate::manifest::Node;
use crate::model::Severity;

use super::config::Config;
use super::key::Key;
use super::problem::Problem;
use super::provider::{Cipher, KmsVersion, Scheme};
use super::refusal::region;
use super::resource::GroupResource;
use super::rules::EncryptionRule;
use super::storage::{Coverage, Transformer};
use super::strength::{Weakness, weakness};

/// Most problems that are told.
const MOST_PROBLEMS: usize = 200;

/// Everything that is wrong, in the order of the text.
pub(super) fn problems<'t>(config: &Config<'t>) -> Vec<Problem<'t>> {
    let mut judge = Judge { problems: Vec::new() };
    for refusal in config.refusals() {
        judge.say(EncryptionRule::Invalid, refusal.node, refusal.why.clone());
    }
    judge.secrets(config);
    judge.twice(config);
    judge.keys(config);
    judge.plugins(config);
    judge.problems.sort_by_key(|problem| (problem.node.number(), problem.rule));
    judge.problems
}

struct Judge<'t> {
    problems: Vec<Problem<'t>>,
}

impl<'t> Judge<'t> {
    fn say(&mut self, rule: EncryptionRule, node: Node<'t>, detail: impl Into<String>) {
        self.say_as(rule, rule.severity(), node, detail);
    }

    fn say_as(&mut self, rule: EncryptionRule, severity: Severity, node: Node<'t>, detail: impl Into<String>) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(Problem { rule, severity, node, detail: detail.into() });
        }
    }

    /// How Secrets are stored.
    fn secrets(&mut self, config: &Config<'t>) {
        let storage = config.meant(&GroupResource::secrets());
        if *storage.coverage() == Coverage::Nothing {
            return self.uncovered(config);
        }
        // The providers that stand behind the transformers, in the same order.
        let used = providers(config);
        let Some((first, _)) = used.first() else { return };
        if first.is_identity {
            let more = if storage.is_encrypted() || used.iter().any(|(provider, _)| !provider.is_identity) {
                "; the providers behind it only read"
            } else {
                ""
            };
            return self.say(
                EncryptionRule::IdentityFirst,
                first.node,
                format!("identity is the first provider for secrets: they are written as plaintext{more}"),
            );
        }
        match storage.writer() {
            Some(Transformer::Local(Cipher::Aescbc, _)) => self.say(
                EncryptionRule::WeakProvider,
                first.node,
                "secrets are written with aescbc, which does not authenticate: padding oracles, and values that can be \
                 moved",
            ),
            Some(Transformer::Local(Cipher::Aesgcm, _)) => self.say(
                EncryptionRule::WeakProvider,
                first.node,
                "secrets are written with aesgcm, whose random nonces ask for a new key every 200,000 writes",
            ),
            _ => {}
        }
        if let Some((identity, _)) = used.iter().find(|(provider, _)| provider.is_identity) {
            self.say(
                EncryptionRule::IdentityFallback,
                identity.node,
                "identity behind the first provider: secrets that are still plaintext in etcd are read",
            );
        }
        self.rotation(config);
    }

    fn uncovered(&mut self, config: &Config<'t>) {
        if config.entries().is_empty() {
            return;
        }
        let resources = || config.entries().iter().flat_map(|entry| &entry.resources);
        let names: Vec<String> = resources().take(5).map(|listed| listed.resource.to_string()).collect();
        let node = config.root().get("resources").unwrap_or(config.root());
        let only = format!("no entry speaks of secrets, only of {}", names.join(", "));
        // Other servers with an API of their own read such files too, for their resources.
        let foreign = resources().all(|listed| listed.resource.group.contains('.'));
        if foreign {
            self.say_as(
                EncryptionRule::SecretsUncovered,
                Severity::Low,
                node,
                format!("{only}: fine for a server of its own"),
            );
        } else {
            self.say(EncryptionRule::SecretsUncovered, node, only);
        }
    }

    /// Keys behind the first, or none.
    fn rotation(&mut self, config: &Config<'t>) {
        let used = providers(config);
        let keys: Vec<&Key<'t>> = used.iter().flat_map(|(_, keys)| keys.iter()).collect();
        let plugins = used.iter().filter(|(provider, keys)| !provider.is_identity && keys.is_empty()).count();
        let local = used.first().is_some_and(|(_, keys)| !keys.is_empty());
        let old = if local { keys.get(1..).unwrap_or_default() } else { &keys[..] };
        if let Some(first) = old.first() {
            let names: Vec<&str> = old.iter().take(5).map(|key| key.name.as_str()).collect();
            self.say(EncryptionRule::StaleKey, first.node, format!("only read with: {}", names.join(", ")));
        } else if let Some(key) = keys.first().filter(|_| local && plugins == 0) {
            let detail = format!("{} is the only key, and stands in this file", key.name);
            self.say(EncryptionRule::SingleKey, key.node, detail);
        }
    }

    /// Resources that two entries name.
    fn twice(&mut self, config: &Config<'t>) {
        let mut first: HashMap<&GroupResource, (usize, Node<'t>)> = HashMap::new();
        for (index, entry) in config.entries().iter().enumerate() {
            for listed in entry.resources.iter().filter(|listed| !listed.resource.is_wildcard()) {
                let (earlier, node) = *first.entry(&listed.resource).or_insert((index, listed.node));
                if earlier != index {
                    let detail = format!(
                        "{} is also in the entry of line {}, which writes: the providers here only read",
                        listed.resource,
                        region(node).line
                    );
                    self.say(EncryptionRule::ResourceTwice, listed.node, detail);
                }
                if self.problems.len() >= MOST_PROBLEMS {
                    return;
                }
            }
        }
    }

    fn keys(&mut self, config: &Config<'t>) {
        // By bytes: the cipher and name under which a key was seen first.
        let mut seen: HashMap<&[u8], (Cipher, &str)> = HashMap::new();
        let mut judged = std::collections::HashSet::new();
        for entry in config.entries() {
            let mut names: HashMap<(Cipher, &str), &[u8]> = HashMap::new();
            for provider in &entry.providers {
                let Some(Scheme::Local(cipher, keys)) = &provider.scheme else { continue };
                for key in keys {
                    // An alias of a key is the key.
                    let Some(material) = key.material.as_ref().filter(|_| judged.insert(key.node.resolve().number()))
                    else {
                        continue;
                    };
                    self.strength(key, *cipher);
                    let (first, name) = *seen.entry(material.bytes()).or_insert((*cipher, &key.name));
                    if (first, name) != (*cipher, key.name.as_str()) {
                        let detail = format!("{cipher} key {} is {first} key {name} once more", key.name);
                        self.say(EncryptionRule::RepeatedKey, key.place(), detail);
                    }
                    let known = *names.entry((*cipher, &key.name)).or_insert(material.bytes());
                    if known != material.bytes() {
                        let detail = format!(
                            "two keys of {cipher} are called {}: what is stored does not tell them apart",
                            key.name
                        );
                        self.say_as(EncryptionRule::RepeatedKey, Severity::Low, key.node, detail);
                    }
                }
            }
        }
    }

    /// What a key is worth.
    fn strength(&mut self, key: &Key<'t>, cipher: Cipher) {
        // A key of any other length is refused.
        let Some(material) = key.material.as_ref().filter(|material| material.length() <= 64) else { return };
        let name = &key.name;
        match weakness(material) {
            Some(Weakness::Published(whose)) => {
                self.say(
                    EncryptionRule::WeakKey,
                    key.place(),
                    format!("key {name} stands in the documentation of {whose}"),
                );
            }
            Some(Weakness::Pattern) => {
                self.say(
                    EncryptionRule::WeakKey,
                    key.place(),
                    format!("key {name} has a pattern, and was not drawn at random"),
                );
            }
            Some(Weakness::Typed) => {
                self.say(
                    EncryptionRule::WeakKey,
                    key.place(),
                    format!("key {name} is a text, and was not drawn at random"),
                );
            }
            Some(Weakness::Text) => self.say_as(
                EncryptionRule::WeakKey,
                Severity::Medium,
                key.place(),
                format!("key {name} is a text of letters and digits: it has far fewer bits than its length"),
            ),
            None if matches!(material.length(), 16 | 24) && cipher != Cipher::Secretbox => self.say(
                EncryptionRule::ShortKey,
                key.place(),
                format!("key {name} of {cipher} has {} bits", material.length() * 8),
            ),
            None => {}
        }
    }

    fn plugins(&mut self, config: &Config<'t>) {
        for provider in config.entries().iter().flat_map(|entry| &entry.providers) {
            let Some(Scheme::Kms(kms)) = &provider.scheme else { continue };
            if kms.version == Some(KmsVersion::V1) {
                self.say(
                    EncryptionRule::KmsV1,
                    provider.named,
                    format!("the KMS provider {} speaks version 1", kms.name),
                );
            }
        }
    }
}

/// A provider that Secrets get, as much of it as is judged.
struct Used<'t> {
    node: Node<'t>,
    is_identity: bool,
}

/// The providers of Secrets with their keys, in the order in which they are tried.
fn providers<'c, 't>(config: &'c Config<'t>) -> Vec<(Used<'t>, &'c [Key<'t>])> {
    let secrets = GroupResource::secrets();
    let names = [secrets.clone(), secrets.siblings(), GroupResource::everything()];
    let Some(name) = names.iter().find(|name| config.naming(name).next().is_some()) else { return Vec::new() };
    let providers = config.naming(name).flat_map(|entry| &entry.providers);
    providers
        .filter(|provider| provider.scheme.is_some())
        .map(|provider| (Used { node: provider.named, is_identity: provider.is_identity() }, provider.keys()))
        .collect()
}
