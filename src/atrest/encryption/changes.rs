//! What is different between a configuration and the corrected one: told by what a server does with both, and not by
//! comparing texts.

use std::collections::BTreeSet;

use super::config::{Config, Entry};
use super::refusal::region;
use super::resource::GroupResource;
use super::storage::{Coverage, Storage, Transformer};
use super::strength::{Weakness, weakness};

/// What is different.
pub(super) struct Changes {
    /// A line for each change. Names, never values.
    pub(super) lines: Vec<String>,
    /// Whether something could be read that cannot be any more.
    pub(super) lost: bool,
    /// Whether something else writes.
    pub(super) rewired: bool,
}

/// Everything that is different.
pub(super) fn between(old: &Config<'_>, new: &Config<'_>) -> Changes {
    let mut changes = Changes { lines: Vec::new(), lost: false, rewired: false };
    for entry in new.entries() {
        changes.entry(old, new, entry);
    }
    changes.entries(old, new);
    let mut refused: Vec<_> = old.refusals().iter().map(|one| (region(one.node).line, one.why.as_str())).collect();
    refused.sort_unstable();
    for (line, why) in refused {
        changes.lines.push(format!("line {line} was refused, and is mended or left out: {why}"));
    }
    if old.root().get("kind").and_then(|kind| kind.as_str()) == Some("EncryptionConfig") {
        changes.lines.push("the kind EncryptionConfig of old is EncryptionConfiguration now".to_owned());
    }
    let is_comment = |line: &str| line.trim_start().starts_with('#') || line.contains(" #");
    if old.root().source().lines().any(is_comment) {
        changes.lines.push("comments are not kept".to_owned());
    }
    changes
}

impl Changes {
    /// What resources with the same providers get.
    fn entry(&mut self, old: &Config<'_>, new: &Config<'_>, entry: &Entry<'_>) {
        let Some(first) = entry.resources.first() else { return };
        let names: Vec<String> = entry.resources.iter().map(|listed| listed.resource.to_string()).collect();
        let names = names.join(", ");
        let (before, after) = (old.meant(&first.resource), new.meant(&first.resource));
        let times = old.naming(&first.resource).count();
        match times {
            0 if *before.coverage() == Coverage::Nothing => self.say(&names, "named in no entry before"),
            0 => self.say(&names, "in an entry of its own, and not under a wildcard any more"),
            1 => {}
            _ => self.say(&names, format!("in one entry, and not in {times}")),
        }
        self.transformers(&names, &before, &after);
    }

    /// Who writes and who reads.
    fn transformers(&mut self, names: &str, before: &Storage<'_>, after: &Storage<'_>) {
        let sound: Vec<Transformer<'_>> = before.transformers().iter().copied().filter(is_sound).collect();
        let (was, is) = (sound.first(), after.transformers().first());
        let same_writer = matches!((was, is), (Some(was), Some(is)) if was.is_same(is));
        if let Some(is) = is.filter(|_| !same_writer) {
            self.rewired = true;
            let was = was.map_or_else(|| "by nothing that loads".to_owned(), describe);
            self.say(names, format!("written {}, before {was}", describe(is)));
        }
        let has = |all: &[Transformer<'_>], one: &Transformer<'_>| all.iter().any(|other| other.is_same(one));
        let kept: Vec<String> = after.transformers().iter().skip(1).filter(|one| has(&sound, one)).map(name).collect();
        if !same_writer && !kept.is_empty() {
            self.say(names, format!("kept for reading: {}", kept.join(", ")));
        }
        let added: Vec<String> =
            after.transformers().iter().skip(1).filter(|one| !has(&sound, one)).map(name).collect();
        if !added.is_empty() {
            self.say(names, format!("read by {} too, which was not listed", added.join(", ")));
        }
        let lost: BTreeSet<String> = sound.iter().filter(|one| !has(after.transformers(), one)).map(name).collect();
        if !lost.is_empty() {
            self.lost = true;
            let lost: Vec<String> = lost.into_iter().collect();
            self.say(names, format!("not read any more: {}", lost.join(", ")));
        }
        let order = |all: &[Transformer<'_>], of: &[Transformer<'_>]| -> Vec<String> {
            all.iter().filter(|one| has(of, one)).map(|one| one.prefix()).collect()
        };
        let moved = order(after.transformers(), &sound) != order(&sound, after.transformers());
        if same_writer && moved {
            self.say(names, "what only reads is tried in another order");
        }
    }

    /// Resources that are left out, and the order of entries.
    fn entries(&mut self, old: &Config<'_>, new: &Config<'_>) {
        let listed = |config: &Config<'_>| -> Vec<GroupResource> {
            let all = config.entries().iter().flat_map(|entry| &entry.resources);
            all.map(|listed| listed.resource.clone()).collect()
        };
        let (was, is) = (listed(old), listed(new));
        for gone in was.iter().filter(|resource| !is.contains(resource)).collect::<BTreeSet<_>>() {
            self.say(&gone.to_string(), "left out: no server takes it");
        }
        let mut seen = BTreeSet::new();
        let kept = was.iter().filter(|resource| is.contains(resource) && seen.insert(*resource));
        if !kept.eq(is.iter().filter(|resource| was.contains(resource))) {
            self.lines.push("entries are in another order: narrow ones before wide ones".to_owned());
        }
    }

    fn say(&mut self, names: &str, what: impl AsRef<str>) {
        self.lines.push(format!("{names}: {}", what.as_ref()));
    }
}

/// Whether it can have written anything: what is refused has not.
fn is_sound(transformer: &Transformer<'_>) -> bool {
    match transformer {
        Transformer::Identity => true,
        Transformer::Local(cipher, key) => key.is_sound(*cipher),
        Transformer::Kms(kms) => kms.version.is_some() && !kms.name.is_empty(),
    }
}

/// `by aescbc with key a, which can be guessed`.
fn describe(transformer: &Transformer<'_>) -> String {
    let weak = match transformer {
        Transformer::Identity => return "as plaintext".to_owned(),
        Transformer::Local(_, key) => key.material.as_ref().and_then(weakness),
        Transformer::Kms(_) => None,
    };
    let why = match weak {
        Some(Weakness::Published(_)) => ", which a documentation has",
        Some(Weakness::Pattern | Weakness::Typed | Weakness::Text) => ", which can be guessed",
        None => "",
    };
    format!("by {}{why}", name(transformer))
}

/// A name as it is shown: what a file holds may move a terminal's cursor.
fn name(transformer: &Transformer<'_>) -> String {
    transformer.to_string().chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
