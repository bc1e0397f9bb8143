//! `ksecrets seal import`: SealedSecrets of others become ours.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};

use super::super::CLEAN;
use super::bitnami::{Keys, tell};
use super::files::{Found, Manifests, save_all, value_of, walk};
use super::keys::RecipientArguments;
use super::look::{SEALED, mentions};
use super::stdin::StdinArguments;
use super::{count, say};

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Origin {
    Bitnami,
}

#[derive(Args, Debug)]
pub(super) struct ImportArguments {
    /// Files with SealedSecrets, folders with -w, or - for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    files: Vec<PathBuf>,
    /// Whose SealedSecrets to take over
    #[arg(long, value_name = "ORIGIN", value_enum)]
    from: Origin,
    /// Private keys of the sealed-secrets controller: PEM, or a backup of its Secrets
    #[arg(long = "bitnami-key", value_name = "FILE", required = true)]
    bitnami_keys: Vec<PathBuf>,
    /// Use a private key that others on this machine can read
    #[arg(long)]
    allow_readable_identity: bool,
    #[command(flatten)]
    to: RecipientArguments,
    #[command(flatten)]
    stdin: StdinArguments,
    /// Namespace of SealedSecrets that name none
    #[arg(short, long, value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// Write the files in place
    #[arg(short, long)]
    write: bool,
}

pub(super) fn run(arguments: &ImportArguments) -> anyhow::Result<u8> {
    let Origin::Bitnami = arguments.from;
    if !arguments.write && arguments.files.iter().any(|path| path.is_dir()) {
        bail!("a folder is imported in place only: say -w");
    }
    arguments.stdin.check(&arguments.files)?;
    let to = arguments.to.read()?;
    let keys = Keys::read(&arguments.bitnami_keys, arguments.allow_readable_identity)?;
    let (mut imported, mut opened, mut files) = (0, BTreeMap::new(), Vec::new());
    for path in walk(&arguments.files)? {
        let mut manifests = Manifests::read(&path)?;
        // Most files of a folder are about something else, and need not be valid for us: templates, say.
        if arguments.write && !mentions(manifests.file.text(), SEALED) {
            continue;
        }
        for (place, found) in manifests.objects()? {
            let Found::Bitnami(theirs) = found else { continue };
            let to = to.of(Some(arguments.stdin.of(&path)))?;
            let ours = keys.import(theirs, arguments.namespace.as_deref(), &to, &mut opened);
            let ours = value_of(&ours.with_context(|| manifests.title())?)?;
            manifests.file.set(&place, &ours).with_context(|| manifests.title())?;
            imported += 1;
        }
        files.push(manifests);
    }
    if imported == 0 {
        bail!("there is no SealedSecret of bitnami.com to import");
    }
    // Nothing is written before everything could be sealed.
    if arguments.write {
        save_all(&files.iter().collect::<Vec<_>>())?;
    } else {
        files.iter().try_for_each(Manifests::print)?;
    }
    tell(&opened);
    say(&format!("imported {}", count(imported, "SealedSecret")));
    to.tell();
    Ok(CLEAN)
}
