//! `ksecrets seal keys publish`: what was changed by hand is signed, and what is signed is given to others.

use std::io::{self, BufRead as _, IsTerminal, Write as _};

use anyhow::{Context as _, bail};
use clap::Args;
use ksecrets::seal::document::scalar;
use ksecrets::seal::{Keyset, KeysetDraft};

use super::super::super::CLEAN;
use super::super::keyring::{ConfigArguments, today};
use super::super::keys::RootArguments;
use super::super::{count, say};
use super::file::{KeysetFile, NAME};
use super::list::table;

#[derive(Args, Debug)]
pub(super) struct PublishArguments {
    /// Print a ConfigMap with this name in place of the keyset itself
    #[arg(long, value_name = "NAME", conflicts_with = "root")]
    config_map: Option<String>,
    /// Sign without asking
    #[arg(long, requires = "root")]
    yes: bool,
    #[command(flatten)]
    root: RootArguments,
    #[command(flatten)]
    config: ConfigArguments,
}

pub(super) fn run(arguments: &PublishArguments) -> anyhow::Result<u8> {
    let file = KeysetFile::open(&arguments.config)?;
    if arguments.root.root.is_some() {
        return sign(arguments, &file);
    }
    let keyset = file.verified()?;
    let text = match &arguments.config_map {
        None => file.need()?.to_owned(),
        Some(name) => config_map(name, &keyset),
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(CLEAN)
}

/// Signs what stands in the file, once somebody has seen it.
fn sign(arguments: &PublishArguments, file: &KeysetFile) -> anyhow::Result<u8> {
    let signer = arguments.root.read()?;
    file.refuse_other(signer.root())?;
    let draft = KeysetDraft::read(file.need()?).with_context(|| file.name())?;
    if draft.root != *signer.root() {
        bail!(
            "{}: it is of root {}, and this one is {}: write that into the file and into .ksecrets.yaml if the root is to \
             change",
            file.name(),
            draft.root,
            signer.root()
        );
    }
    if draft.clone().verify(signer.root()).is_ok() {
        say(&format!("{}: generation {} is signed, and nothing has changed since", file.name(), draft.generation));
        return Ok(CLEAN);
    }
    let mut err = io::stderr().lock();
    writeln!(err, "{}", table(&draft, today()))?;
    drop(err);
    if !arguments.yes {
        confirm(&format!("Sign {} for everybody who pins {}? [y/N] ", count(draft.keys.len(), "key"), signer.root()))?;
    }
    let keyset = file.save(draft, &signer)?;
    say(&format!("{}: signed generation {}", file.name(), keyset.draft().generation));
    Ok(CLEAN)
}

fn confirm(question: &str) -> anyhow::Result<()> {
    if !io::stdin().is_terminal() {
        bail!("what is signed is believed by everybody: look it over and say --yes, or run this at a terminal");
    }
    let mut err = io::stderr().lock();
    write!(err, "{question}").and_then(|()| err.flush())?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).context("cannot read from the terminal")?;
    if !matches!(answer.trim(), "y" | "Y" | "yes") {
        bail!("nothing was signed");
    }
    Ok(())
}

/// A ConfigMap that `fetch` reads. It holds public keys only.
fn config_map(name: &str, keyset: &Keyset) -> String {
    let mut text =
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}\ndata:\n  {NAME}: |\n", scalar(name));
    for line in keyset.to_yaml().lines() {
        text.push_str("    ");
        text.push_str(line);
        text.push('\n');
    }
    text
}
