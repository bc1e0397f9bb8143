//! `ksecrets seal open`: the Secrets of sealed files.

use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;

use super::super::{CLEAN, FOUND};
use super::bitnami::Keys;
use super::files::{Found, Manifests};
use super::keys::IdentityArguments;

#[derive(Args, Debug)]
pub(super) struct OpenArguments {
    /// Files with SealedSecrets, or - for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    with: IdentityArguments,
    /// Private keys of a sealed-secrets controller, for its SealedSecrets: PEM, or a backup of its Secrets
    #[arg(long = "bitnami-key", value_name = "FILE")]
    bitnami_keys: Vec<PathBuf>,
}

pub(super) fn run(arguments: &OpenArguments) -> anyhow::Result<u8> {
    let keys = match arguments.bitnami_keys.is_empty() {
        true => None,
        false => Some(Keys::read(&arguments.bitnami_keys, arguments.with.allow_readable())?),
    };
    let identities = match (&keys, arguments.with.is_empty()) {
        (Some(_), true) => Vec::new(),
        (None, true) => bail!("there is nobody to open it: name a private identity with -i, or --bitnami-key"),
        (_, false) => arguments.with.read()?,
    };
    let (mut opened, mut is_whole) = (Vec::new(), true);
    for path in &arguments.files {
        let manifests = Manifests::read(path)?;
        for (_, found) in manifests.objects()? {
            match (found, &keys) {
                (Found::Sealed(sealed), _) => {
                    let title = || format!("{}: SealedSecret {}", manifests.title(), sealed.name());
                    if identities.is_empty() {
                        bail!("{} is of ksecrets.dev: name a private identity with -i", title());
                    }
                    opened.push(sealed.open(&identities).with_context(title)?.to_yaml());
                }
                (Found::Bitnami(theirs), Some(keys)) => {
                    let (text, all) = keys.open(theirs, &manifests.title())?;
                    opened.push(text);
                    is_whole &= all;
                }
                (Found::Bitnami(_), None) => bail!(
                    "{} has a SealedSecret of bitnami.com: name the private keys of its controller with --bitnami-key",
                    manifests.title()
                ),
                _ => {}
            }
        }
    }
    if opened.is_empty() {
        bail!("there is no SealedSecret to open");
    }
    // Nothing is printed before everything could be opened.
    let mut out = io::stdout().lock();
    for (number, text) in opened.iter().enumerate() {
        if number > 0 {
            out.write_all(b"---\n")?;
        }
        out.write_all(text.as_bytes())?;
    }
    Ok(if is_whole { CLEAN } else { FOUND })
}
