//! `ksecrets seal rotate`: other recipients, the same values.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use ksecrets::seal::Identity;

use super::super::{CLEAN, FAILED};
use super::files::{Found, Manifests, update, walk};
use super::keys::{IdentityArguments, RecipientArguments, To};
use super::look::{SEALED, mentions};
use super::stdin::StdinArguments;
use super::{count, say};

#[derive(Args, Debug)]
pub(super) struct RotateArguments {
    /// Files with SealedSecrets, folders, or - for standard input
    #[arg(value_name = "PATH", required_unless_present = "all")]
    paths: Vec<PathBuf>,
    /// Every SealedSecret below a folder; the same as naming it
    #[arg(long, value_name = "DIR")]
    all: Vec<PathBuf>,
    #[command(flatten)]
    with: IdentityArguments,
    #[command(flatten)]
    to: RecipientArguments,
    #[command(flatten)]
    stdin: StdinArguments,
    /// Seal every value anew: for when a private key was lost to somebody
    #[arg(long)]
    new_data_key: bool,
}

pub(super) fn run(arguments: &RotateArguments) -> anyhow::Result<u8> {
    arguments.stdin.check(&arguments.paths)?;
    let (identities, to) = (arguments.with.read()?, arguments.to.read()?);
    let (mut seen, mut changed, mut failed) = (0, 0, 0);
    let paths: Vec<_> = arguments.paths.iter().chain(&arguments.all).cloned().collect();
    for path in walk(&paths)? {
        // What was written stays, so the rest is written too: who runs this again finds it as it should be.
        match rotate(arguments, &path, &identities, &to) {
            Ok((those, others)) => (seen, changed) = (seen + those, changed + others),
            Err(error) => {
                say(&format!("{error:#}"));
                failed += 1;
            }
        }
    }
    match (seen, failed) {
        (0, 0) => bail!("there is no SealedSecret of ksecrets.dev to rotate"),
        (0, _) => return Ok(FAILED),
        _ => {}
    }
    let left = match failed {
        0 => String::new(),
        failed => format!(", {} left as {}", count(failed, "file"), if failed == 1 { "it was" } else { "they were" }),
    };
    say(&format!("{changed} of {} changed{left}", count(seen, "SealedSecret")));
    to.tell();
    if arguments.new_data_key {
        say("whoever had the old key may know the values: change the credentials themselves too");
    }
    Ok(if failed == 0 { CLEAN } else { FAILED })
}

/// Rotates what is sealed in a file: how many objects there are, and how many changed.
fn rotate(
    arguments: &RotateArguments,
    path: &Path,
    identities: &[Identity],
    to: &To,
) -> anyhow::Result<(usize, usize)> {
    let (mut seen, mut changed) = (0, 0);
    let mut manifests = Manifests::read(path)?;
    // Most files of a folder are about something else, and need not be valid for us: templates, say.
    if !mentions(manifests.file.text(), SEALED) {
        return Ok((0, 0));
    }
    for (place, found) in manifests.objects()? {
        let Found::Sealed(before) = found else { continue };
        let to = to.of(Some(arguments.stdin.of(path))).with_context(|| manifests.title())?;
        let mut after = (*before).clone();
        let rotated = match arguments.new_data_key {
            true => after.renew(identities, &to).map(|()| true),
            false => after.rewrap(identities, &to),
        };
        let what = || format!("{}: SealedSecret {}", manifests.title(), before.name());
        changed += usize::from(rotated.with_context(what)?);
        seen += 1;
        update(&mut manifests.file, &place, &before, &after).with_context(|| manifests.title())?;
    }
    manifests.save()?;
    Ok((seen, changed))
}
