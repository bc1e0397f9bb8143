//! `ksecrets seal set`: one value, without any private key.

use std::io::{self, IsTerminal, Read as _};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use zeroize::Zeroizing;

use super::super::CLEAN;
use super::files::{Manifests, update};
use super::keys::{RecipientArguments, ask};
use super::say;

#[derive(Args, Debug)]
pub(super) struct SetArguments {
    /// File with one SealedSecret
    file: PathBuf,
    /// Key of the value, which comes from standard input or a hidden prompt
    key: String,
    #[command(flatten)]
    to: RecipientArguments,
}

pub(super) fn run(arguments: &SetArguments) -> anyhow::Result<u8> {
    let to = arguments.to.read()?;
    let mut manifests = Manifests::read(&arguments.file)?;
    let (place, mut sealed) = manifests.sealed()?;
    let before = sealed.clone();
    let value = value(&arguments.key)?;
    sealed.set(&arguments.key, &value, &to).with_context(|| manifests.title())?;
    update(&mut manifests.file, &place, &before, &sealed)?;
    manifests.save()?;
    Ok(CLEAN)
}

fn value(key: &str) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    if io::stdin().is_terminal() {
        return Ok(Zeroizing::new(ask(&format!("Value of {key}: "))?.as_bytes().to_vec()));
    }
    let mut value = Zeroizing::new(Vec::new());
    io::stdin().lock().read_to_end(&mut value).context("cannot read the value from standard input")?;
    if value.ends_with(b"\n") {
        say("the value ends with a newline, which is sealed too: `printf %s` gives none");
    }
    Ok(value)
}
