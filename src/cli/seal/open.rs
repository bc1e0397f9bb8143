//! `ksecrets seal open`: the Secrets of sealed files.

use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;

use super::super::CLEAN;
use super::files::{Found, Manifests};
use super::keys::IdentityArguments;

#[derive(Args, Debug)]
pub(super) struct OpenArguments {
    /// Files with SealedSecrets, or - for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    with: IdentityArguments,
}

pub(super) fn run(arguments: &OpenArguments) -> anyhow::Result<u8> {
    let identities = arguments.with.read()?;
    let mut out = io::stdout().lock();
    let mut opened = 0;
    for path in &arguments.files {
        let manifests = Manifests::read(path)?;
        for (_, found) in manifests.objects()? {
            let Found::Sealed(sealed) = found else { continue };
            let plain = sealed.open(&identities);
            let plain = plain.with_context(|| format!("{}: SealedSecret {}", manifests.title(), sealed.name()))?;
            if opened > 0 {
                out.write_all(b"---\n")?;
            }
            out.write_all(plain.to_yaml().as_bytes())?;
            opened += 1;
        }
    }
    if opened == 0 {
        bail!("there is no SealedSecret of ksecrets.dev to open");
    }
    Ok(CLEAN)
}
