//! `ksecrets seal keys fetch`: a newer keyset from elsewhere.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context as _, bail};
use clap::Args;
use ksecrets::manifest::{Object, documents};
use ksecrets::seal::document::write;
use ksecrets::seal::{Keyset, KeysetDraft, MOST_KEYSET};

use super::super::super::CLEAN;
use super::super::super::config::Pin;
use super::super::keyring::ConfigArguments;
use super::super::say;
use super::file::{KeysetFile, NAME};

#[derive(Args, Debug)]
pub(super) struct FetchArguments {
    /// A keyset, or a ConfigMap that holds one: a file, or - for standard input
    #[arg(value_name = "FILE")]
    source: String,
    #[command(flatten)]
    config: ConfigArguments,
}

pub(super) fn run(arguments: &FetchArguments) -> anyhow::Result<u8> {
    let file = KeysetFile::open(&arguments.config)?;
    if !matches!(file.settings.pin, Some(Pin::Root(_))) {
        bail!(
            "a keyset from elsewhere is taken for its signature, so a root must be pinned: `root:` under `seal:` in \
             .ksecrets.yaml, or --pin"
        );
    }
    let source = &arguments.source;
    let name = if source == "-" { "standard input" } else { source };
    let text = read(source)?;
    if text.trim().is_empty() {
        bail!("{name} is empty: there is no keyset to take");
    }
    let text = in_config_map(&text).unwrap_or(text);
    let new = file.settings.verified(name, &text)?;
    let old = file.text.as_ref().and_then(|text| KeysetDraft::read(text).ok()?.verify(&new.draft().root).ok());
    let generation = new.draft().generation;
    if let Some(old) = &old {
        let known = old.draft().generation;
        if generation < known {
            bail!(
                "{name} is generation {generation}, and {} is {known}: an older keyset may hold keys that were retired \
                 since. It was not taken",
                file.name()
            );
        }
        if new.draft().bytes() == old.draft().bytes() {
            say(&format!("{}: generation {known} is the newest", file.name()));
            return Ok(CLEAN);
        }
        if generation == known {
            bail!(
                "{name} is another generation {generation} than {}: the root signed two. Sign a new one with `ksecrets seal \
                 keys publish`",
                file.name()
            );
        }
    } else if file.text.is_some() {
        say(&format!("{} was not signed by this root as it stood there; it is replaced", file.name()));
    }
    write(&file.path, file.text.as_ref().map(String::as_bytes), text.as_bytes())?;
    say(&format!("{}: generation {generation}{}", file.name(), changes(old.as_ref(), &new)));
    Ok(CLEAN)
}

fn read(source: &str) -> anyhow::Result<String> {
    if source.starts_with("https://") || source.starts_with("http://") {
        bail!("no connection is opened for this: run `curl -fsS {source} | ksecrets seal keys fetch -`");
    }
    let mut text = String::new();
    // Twice the limit leaves room for a ConfigMap around it.
    let most = 2 * MOST_KEYSET as u64;
    let done = match source {
        "-" => io::stdin().lock().take(most).read_to_string(&mut text).context("cannot read standard input"),
        path => {
            let file = File::open(Path::new(path)).with_context(|| format!("cannot read {path}"))?;
            file.take(most).read_to_string(&mut text).with_context(|| format!("cannot read {path}"))
        }
    };
    done.map(|_| text)
}

/// The keyset that a ConfigMap holds, as `publish --config-map` made it.
fn in_config_map(text: &str) -> Option<String> {
    let tree = documents(text).next()?.ok()?;
    let object = Object::all(&tree).into_iter().find(|object| object.is("", "ConfigMap"))?;
    object.root.at_path(&["data", NAME])?.as_str().map(str::to_owned)
}

/// `: added …, prod-eu (…) is retired`, or nothing.
fn changes(old: Option<&Keyset>, new: &Keyset) -> String {
    let Some(old) = old else { return String::new() };
    let mut told = Vec::new();
    for entry in new.keys() {
        match old.draft().key(entry.recipient.kid()) {
            None => told.push(format!("added {}", entry.title())),
            Some(was) if was.state != entry.state => told.push(format!("{} is {}", entry.title(), entry.state)),
            Some(was) if was != entry => told.push(format!("{} has changed", entry.title())),
            Some(_) => {}
        }
    }
    let gone = old.keys().iter().filter(|entry| new.draft().key(entry.recipient.kid()).is_none());
    told.extend(gone.map(|entry| format!("{} is gone", entry.title())));
    if told.is_empty() { String::new() } else { format!(": {}", told.join(", ")) }
}
