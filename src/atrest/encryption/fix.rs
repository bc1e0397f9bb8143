//! The configuration as it should be: what encrypts goes first, what was used before is kept for reading.
//!
//! The result is written anew and not edited into the old text, since who is looked up first, and which entries add up,
//! is a matter of the whole file. Comments are lost. It holds keys: whoever writes it to a file gives it mode 0600.

use std::fmt::Write as _;

use zeroize::Zeroizing;

use super::changes::{self, Changes};
use super::config::Config;
use super::part::{Part, Plan, parts};
use super::piece::NewKey;
use super::provider::{KmsVersion, Provider};
use super::resource::GroupResource;
use super::rules::EncryptionRule;
use super::server::Server;
use crate::model::Severity;

/// Which key is to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fresh<'n> {
    /// A new one, only where nothing that is there encrypts well.
    IfNeeded,
    /// A new one in any case: a rotation.
    Always,
    /// One that is listed, by its name, or a KMS provider by its, with the provider in front where the name alone is that
    /// of several (`secretbox:key1`): the second step where several API servers share a file.
    Listed(&'n str),
}

/// How far the change goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A new key is listed second, and nothing else writes than before: the first step where several API servers share a
    /// file, since one that has not got the key yet cannot read what the others write with it.
    Announce,
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
    /// A key of this name is not there, or not where anything is encrypted.
    #[error("no key and no KMS provider of what it encrypts is called {0}")]
    NoSuchKey(String),
    /// Several are called so.
    #[error("{0} is more than one: say which, {1}")]
    Ambiguous(String, String),
    /// What comes out would not load either, or would be no better.
    #[error("it cannot be put in order by machine: {0}")]
    Stuck(String),
}

/// A corrected configuration as text, with what was changed. It holds keys and cannot be shown.
pub struct Corrected {
    text: Zeroizing<String>,
    key: Option<String>,
    seen: Seen,
}

/// What the text is worth, told by reading it again.
struct Seen {
    changes: Vec<String>,
    rewrites: Vec<GroupResource>,
    has_keys: bool,
    needs_kms_v1: bool,
}

impl std::fmt::Debug for Corrected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Corrected(…)")
    }
}

impl Corrected {
    /// Corrects a configuration. What comes out was read again as a server reads it: it loads, Secrets are written by
    /// something that has no finding over low, and whatever could be read before still can be, unless it is finished.
    ///
    /// # Errors
    /// When a key is needed and there is no randomness, when it is asked to finish what was not begun, when the key that
    /// is to be first is not there, or when the result would be no better.
    pub fn of(config: &Config<'_>, fresh: Fresh<'_>, stage: Stage) -> Result<Self, CorrectError> {
        let mut stuck = String::new();
        // Entries stay together where they can: the name of a KMS provider may be there only once.
        for split in [false, true] {
            let parts = parts(config, split);
            let is_begun = parts.iter().any(Part::is_begun) && config.meant(&GroupResource::secrets()).is_encrypted();
            if stage == Stage::Finish && !is_begun {
                return Err(CorrectError::NotMigrated);
            }
            let plan = Plan::of(config, &parts, fresh, stage)?;
            let needed = parts.iter().any(|part| part.needs_key(&plan));
            let key = needed.then(NewKey::draw).transpose()?;
            let text = write(&parts, &plan, key.as_ref());
            match read_again(config, &text, stage, fresh) {
                Ok(seen) => return Ok(Self { text, key: key.map(|key| key.name), seen }),
                Err(why) => stuck = why,
            }
        }
        Err(CorrectError::Stuck(stuck))
    }

    /// The text. Whoever calls this must not let it reach an output but the file that it is for.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// What is different, a line for each change. Names, never values.
    #[must_use]
    pub fn changes(&self) -> &[String] {
        &self.seen.changes
    }

    /// The name of the key that was made for it.
    #[must_use]
    pub fn new_key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Whether it has a KMS provider of version 1, which the server that it was read for does not allow by itself.
    #[must_use]
    pub fn needs_kms_v1(&self) -> bool {
        self.seen.needs_kms_v1
    }

    /// Whether there are keys in it. Who has a KMS provider may have none.
    #[must_use]
    pub fn has_keys(&self) -> bool {
        self.seen.has_keys
    }

    /// The resources of which every object must be rewritten before what only reads them is left out, wildcards among
    /// them. Of a finished configuration: before it may be used.
    #[must_use]
    pub fn rewrites(&self) -> &[GroupResource] {
        &self.seen.rewrites
    }
}

/// What has changed, told by reading the new text as a server does, or why it must not be used.
fn read_again(old: &Config<'_>, text: &str, stage: Stage, fresh: Fresh<'_>) -> Result<Seen, String> {
    let tree = Config::document(text).map_err(|error| error.to_string())?;
    let root = tree.root().ok_or("it came out empty")?;
    let new = Config::read(root, &Server { kms_v1: true, ..old.server() });
    if let Some(refusal) = new.refusals().first() {
        return Err(refusal.why.clone());
    }
    let Changes { lines: changes, lost, rewired } = changes::between(old, &new);
    match stage {
        Stage::Announce if rewired => return Err("something else would write than before".to_owned()),
        Stage::Announce | Stage::Migrate if lost => return Err("something that is read now would not be".to_owned()),
        Stage::Migrate => worth(&new, fresh)?,
        // Whoever finishes has chosen the cipher; a key that can be guessed nobody has.
        Stage::Finish => worth(&new, Fresh::Listed(""))?,
        Stage::Announce => {}
    }
    let providers = || new.entries().iter().flat_map(|entry| &entry.providers);
    let v1 = providers().filter_map(Provider::kms).any(|kms| kms.version == Some(KmsVersion::V1));
    Ok(Seen {
        changes,
        rewrites: rewrites(old, &new, stage),
        has_keys: providers().any(|provider| !provider.keys().is_empty()),
        needs_kms_v1: v1 && !old.server().kms_v1,
    })
}

/// What is encrypted and read in more than one way, or was until it is finished.
fn rewrites(old: &Config<'_>, new: &Config<'_>, stage: Stage) -> Vec<GroupResource> {
    let stale = |resource: &GroupResource| {
        let (before, after) = (old.meant(resource), new.meant(resource));
        let ways = if stage == Stage::Finish { before.transformers().len() } else { after.transformers().len() };
        after.is_encrypted() && ways > 1
    };
    let listed = new.entries().iter().flat_map(|entry| &entry.resources).map(|listed| &listed.resource);
    listed.filter(|resource| stale(resource)).cloned().collect()
}

/// Whether what writes now is worth it. Of keys that only read, weaknesses are what they are: without them nothing that
/// they wrote could be rewritten. A KMS provider of version 1 may be all that there is, and who names a key may want its
/// cipher.
fn worth(new: &Config<'_>, fresh: Fresh<'_>) -> Result<(), String> {
    if !new.meant(&GroupResource::secrets()).is_encrypted() {
        return Err("Secrets would still be plaintext".to_owned());
    }
    let writers = new.entries().iter().filter_map(|entry| entry.providers.first()?.keys().first());
    let writers: Vec<u32> = writers.flat_map(|key| [key.node.number(), key.place().number()]).collect();
    let bad = new.problems().into_iter().find(|problem| {
        let kept = match problem.rule {
            EncryptionRule::WeakKey | EncryptionRule::ShortKey | EncryptionRule::RepeatedKey => {
                !writers.contains(&problem.node.number())
            }
            EncryptionRule::WeakProvider => matches!(fresh, Fresh::Listed(_)),
            rule => rule == EncryptionRule::KmsV1,
        };
        problem.severity > Severity::Low && !kept
    });
    bad.map_or(Ok(()), |problem| Err(problem.detail))
}

fn write(parts: &[Part<'_>], plan: &Plan<'_>, key: Option<&NewKey>) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(4096));
    out.push_str("apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n");
    for part in parts {
        let names: Vec<String> = part.resources.iter().map(|resource| quoted(&resource.to_string())).collect();
        let _ = writeln!(out, "  - resources: [{}]\n    providers:", names.join(", "));
        part.ordered(plan).iter().for_each(|piece| piece.write(key, &mut out));
    }
    out
}

/// As JSON has it, which YAML reads as the same text.
pub(super) fn quoted(text: &str) -> String {
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

    fn try_correct(entries: &str, fresh: Fresh<'_>, stage: Stage) -> Result<Corrected, CorrectError> {
        let text = format!("{HEAD}{entries}");
        let tree = Config::document(&text).unwrap();
        let config = Config::read(tree.root().unwrap(), &Server::default());
        Corrected::of(&config, fresh, stage)
    }

    fn corrected(entries: &str, fresh: Fresh<'_>, stage: Stage) -> String {
        try_correct(entries, fresh, stage).unwrap().expose().to_owned()
    }

    /// The changes, with the name of a new key made the same in every run.
    fn told(entries: &str, fresh: Fresh<'_>, stage: Stage) -> String {
        let corrected = try_correct(entries, fresh, stage).unwrap();
        corrected.changes().join("\n").replace(corrected.new_key().unwrap_or("-----"), "NEW")
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
        let secretbox = format!("{{secretbox: {{keys: [{{name: a, secret: {KEY}}}]}}}}");
        let entries = entry("secrets", &format!("{{identity: {{}}}}, {secretbox}"));
        let text = corrected(&entries, Fresh::IfNeeded, Stage::Migrate);
        let (prefix, plaintext, rules) = judged(&text);
        assert_eq!((prefix.as_str(), plaintext), ("k8s:enc:secretbox:v1:a:", true));
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

    #[test]
    fn a_key_that_can_be_guessed_stops_writing() {
        let typed = "bXktdmVyeS1zZWNyZXQtZW5jcnlwdGlvbi1rZXktMzI=";
        let entries = entry("secrets, configmaps", &format!("{{secretbox: {{keys: [{{name: a, secret: {typed}}}]}}}}"));
        insta::assert_snapshot!(told(&entries, Fresh::IfNeeded, Stage::Migrate), @"
        secrets, configmaps: written by secretbox with key NEW, before by secretbox with key a, which can be guessed
        secrets, configmaps: kept for reading: secretbox with key a
        ");
        assert!(matches!(try_correct(&entries, Fresh::Listed("a"), Stage::Migrate), Err(CorrectError::Stuck(_))));
    }

    #[test]
    fn every_change_is_told() {
        let secretbox = format!("{{secretbox: {{keys: [{{name: a, secret: {KEY}}}]}}}}");
        let entries = entry("'*.*'", "{identity: {}}")
            + &entry("configmaps", &format!("{{identity: {{}}}}, {secretbox}"))
            + &entry("secrets, Pods", "{aescbc: {keys: [{name: b, secret: x}]}}")
            + "# ours\n";
        insta::assert_snapshot!(told(&entries, Fresh::IfNeeded, Stage::Migrate), @"
        secrets: written by secretbox with key NEW, before by nothing that loads
        secrets: read by identity too, which was not listed
        Pods: left out: no server takes it
        entries are in another order: narrow ones before wide ones
        line 5 was refused, and is mended or left out: configmaps is masked by an earlier *.*
        line 6 was refused, and is mended or left out: resources are named in lower case and in the plural
        line 6 was refused, and is mended or left out: secrets is masked by an earlier *.*
        line 6 was refused, and is mended or left out: the secret of a key must be base64, with its padding
        comments are not kept
        ");
        let entries = entry("secrets", &secretbox) + &entry("'*.*'", &format!("{{identity: {{}}}}, {secretbox}"));
        insta::assert_snapshot!(told(&entries, Fresh::IfNeeded, Stage::Finish), @"");
        assert_eq!(told(&entry("secrets", &secretbox), Fresh::IfNeeded, Stage::Migrate), "");
    }

    #[test]
    fn what_is_plaintext_on_purpose_keeps_its_readers() {
        let secretbox = format!("{{secretbox: {{keys: [{{name: a, secret: {KEY}}}]}}}}");
        let entries = entry("secrets", &format!("{secretbox}, {{identity: {{}}}}"))
            + &entry("configmaps", &format!("{{identity: {{}}}}, {secretbox}"));
        let finished = try_correct(&entries, Fresh::IfNeeded, Stage::Finish).unwrap();
        assert_eq!(finished.changes(), ["secrets: not read any more: identity"]);
        assert_eq!(finished.rewrites(), [GroupResource::secrets()]);
    }

    #[test]
    fn what_is_to_be_rewritten_is_named() {
        let both = format!("{{aescbc: {{keys: [{{name: a, secret: {KEY}}}]}}}}, {{identity: {{}}}}");
        let entries =
            entry("secrets, configmaps", &both) + &entry("pods", "{identity: {}}") + &entry("'*.apps'", &both);
        for stage in [Stage::Migrate, Stage::Finish] {
            let fresh = Fresh::Listed("a");
            let named: Vec<String> = match stage {
                Stage::Finish => try_correct(&entries, Fresh::IfNeeded, stage),
                _ => try_correct(&entries, fresh, stage),
            }
            .map_or_else(
                |error| vec![error.to_string()],
                |one| one.rewrites().iter().map(ToString::to_string).collect(),
            );
            assert_eq!(named, ["secrets", "configmaps", "*.apps"], "{stage:?}");
        }
    }

    #[test]
    fn a_key_of_another_resource_is_put_first_too() {
        let secretbox = format!("{{secretbox: {{keys: [{{name: a, secret: {KEY}}}]}}}}");
        let cbc = "{aescbc: {keys: [{name: b, secret: QKlWNDYDDJBgvbk+r4wsfA==}]}}";
        let entries = entry("secrets", &secretbox) + &entry("configmaps", cbc);
        let first = try_correct(&entries, Fresh::IfNeeded, Stage::Announce).unwrap();
        let key = first.new_key().unwrap();
        let tree = Config::document(first.expose()).unwrap();
        let config = Config::read(tree.root().unwrap(), &Server::default());
        let second = Corrected::of(&config, Fresh::Listed(key), Stage::Migrate).unwrap();
        assert_eq!(
            second.changes()[0],
            format!("configmaps: written by secretbox with key {key}, before by aescbc with key b")
        );
    }

    #[test]
    fn a_new_key_comes_to_every_server_before_one_writes_with_it() {
        let entries =
            entry("secrets", &format!("{{aescbc: {{keys: [{{name: a, secret: {KEY}}}]}}}}, {{identity: {{}}}}"));
        let first = try_correct(&entries, Fresh::Always, Stage::Announce).unwrap();
        let key = first.new_key().unwrap().to_owned();
        assert_eq!(first.changes(), [format!("secrets: read by secretbox with key {key} too, which was not listed")]);
        let tree = Config::document(first.expose()).unwrap();
        let config = Config::read(tree.root().unwrap(), &Server::default());
        let second = Corrected::of(&config, Fresh::Listed(&key), Stage::Migrate).unwrap();
        let (prefix, plaintext, rules) = judged(second.expose());
        assert_eq!((prefix, plaintext), (format!("k8s:enc:secretbox:v1:{key}:"), true));
        assert_eq!(rules, [EncryptionRule::StaleKey, EncryptionRule::IdentityFallback]);
        let missing = Corrected::of(&config, Fresh::Listed("nobody"), Stage::Migrate).unwrap_err();
        assert_eq!(missing, CorrectError::NoSuchKey("nobody".to_owned()));
    }
}
