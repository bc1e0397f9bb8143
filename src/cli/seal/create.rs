//! `ksecrets seal FILE`: Secrets become SealedSecrets.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use ksecrets::seal::document::Value;
use ksecrets::seal::{PlainSecret, SealedSecret};

use super::super::CLEAN;
use super::files::{Found, Manifests, save_all, update, value_of, walk};
use super::format::{FormatArguments, Target};
use super::keys::{RecipientArguments, To};
use super::look::mentions;
use super::place::PlaceArguments;
use super::which::WhichArguments;
use super::{bitnami, count, raw, say};

#[derive(Args, Debug)]
pub(super) struct CreateArguments {
    /// Files with Secrets, folders with -w, or - for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    to: RecipientArguments,
    /// Where the result will lie: decides the recipients of standard input
    #[arg(long, value_name = "PATH", conflicts_with_all = ["write", "merge_into"])]
    path: Option<PathBuf>,
    #[command(flatten)]
    place: PlaceArguments,
    /// Write the files in place
    #[arg(short, long)]
    write: bool,
    #[command(flatten)]
    format: FormatArguments,
    /// Seal one value from standard input or a hidden prompt, and print it without an object (--format bitnami)
    #[arg(long, conflicts_with_all = ["write", "merge_into"])]
    raw: bool,
    /// Name of the Secret that the value of --raw is for
    #[arg(long, value_name = "NAME", requires = "raw")]
    name: Option<String>,
    /// Put the values into this sealed file; what else is in it keeps its bytes
    #[arg(long, value_name = "FILE", conflicts_with = "write")]
    merge_into: Option<PathBuf>,
}

/// What became of the objects of a file.
#[derive(Default)]
struct Outcome {
    sealed: usize,
    already: usize,
    others: Vec<String>,
    /// Secrets, and the names of their fields that cannot be sealed.
    left_out: Vec<(String, Vec<String>)>,
}

pub(super) fn run(arguments: &CreateArguments) -> anyhow::Result<u8> {
    if arguments.raw {
        let CreateArguments { files, name, place, format, to, .. } = arguments;
        return raw::run(files, name.as_deref(), place, (format, to));
    }
    let to = arguments.format.target(&arguments.to)?;
    if let Target::Recipients(to) = &to {
        to.allows(arguments.place.scope())?;
    }
    if let Some(target) = &arguments.merge_into {
        return merge(arguments, target, &to);
    }
    // Nobody should type a Secret, to be told then that there is nobody to seal to.
    if let Target::Recipients(to) = &to
        && arguments.files.iter().any(|path| path == Path::new("-"))
    {
        to.of(arguments.path.as_deref())?;
    }
    if !arguments.write && arguments.files.iter().any(|path| path.is_dir()) {
        bail!("a folder is sealed in place only: say -w");
    }
    let (mut sealed, mut already, mut files, mut passed_over) = (0, 0, Vec::new(), Vec::new());
    for path in walk(&arguments.files)? {
        let mut manifests = Manifests::read(&path)?;
        // Most files of a folder are about something else, and need not be valid for us: templates, say.
        let mentions = mentions(manifests.file.text(), "Secret");
        let outcome = match arguments.write && !mentions {
            true => Outcome::default(),
            false => seal(arguments, &mut manifests, &path, &to)?,
        };
        // Who names a file takes it for sealed afterwards.
        if outcome.sealed == 0 && arguments.files.contains(&path) {
            passed_over.push(match outcome.already {
                0 => format!("{}: there is no Secret in it", manifests.title()),
                _ => format!("{}: it is sealed already", manifests.title()),
            });
        }
        if arguments.write && !mentions {
            continue;
        }
        sealed += outcome.sealed;
        already += outcome.already;
        files.push((manifests, outcome));
    }
    match (sealed, already) {
        (0, 0) => bail!("there is no Secret to seal"),
        (0, 1) => bail!(
            "{} is already sealed: to change a value use `ksecrets seal set` or `ksecrets seal edit`",
            title_of_sealed(&files)
        ),
        (0, _) => bail!(
            "there is nothing to seal: {already} SealedSecrets and no Secret, the first in {}",
            title_of_sealed(&files)
        ),
        _ => {}
    }
    // Nothing is written before everything could be sealed.
    if arguments.write {
        save_all(&files.iter().map(|(manifests, _)| manifests).collect::<Vec<_>>())?;
    }
    for (manifests, outcome) in &files {
        if !arguments.write {
            manifests.print()?;
        }
        if !outcome.others.is_empty() && outcome.sealed > 0 {
            say(&format!("{}: left as it was: {}", manifests.title(), outcome.others.join(", ")));
        }
        for (name, fields) in &outcome.left_out {
            say(&format!("{}: {name}: not in the SealedSecret: {}", manifests.title(), fields.join(", ")));
        }
    }
    if arguments.write {
        passed_over.iter().for_each(|sentence| say(sentence));
        say(&format!("sealed {}", count(sealed, "Secret")));
    }
    to.tell();
    Ok(CLEAN)
}

/// The first file with something sealed, as messages call it.
fn title_of_sealed(files: &[(Manifests, Outcome)]) -> String {
    let found = files.iter().find(|(_, outcome)| outcome.already > 0);
    found.map(|(manifests, _)| manifests.title()).unwrap_or_default()
}

fn seal(arguments: &CreateArguments, manifests: &mut Manifests, path: &Path, to: &Target) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::default();
    let path = arguments.path.as_deref().unwrap_or(path);
    for (place, found) in manifests.objects()? {
        match found {
            Found::Plain(plain, left_out) => {
                let name = format!("Secret {}", plain.name);
                outcome.left_out.extend((!left_out.is_empty()).then_some((name, left_out)));
                let sealed = one(arguments, *plain, path, to).with_context(|| manifests.title())?;
                manifests.file.set(&place, &sealed).with_context(|| manifests.title())?;
                outcome.sealed += 1;
            }
            Found::Sealed(_) | Found::Bitnami(_) => outcome.already += 1,
            Found::Other(name) => outcome.others.push(name),
        }
    }
    Ok(outcome)
}

fn one(arguments: &CreateArguments, mut plain: PlainSecret, path: &Path, to: &Target) -> anyhow::Result<Value> {
    let place = &arguments.place;
    place.settle(&mut plain)?;
    plain.check_metadata().with_context(|| format!("Secret {}", plain.name))?;
    let sealed = match to {
        Target::Recipients(to) => SealedSecret::seal(&plain, place.scope(), &to.of(Some(path))?)
            .map_err(Into::into)
            .and_then(|sealed| value_of(&sealed)),
        Target::Controller(certificate) => bitnami::seal(&plain, place.wider_scope(), certificate),
    };
    sealed.with_context(|| format!("Secret {}", plain.name))
}

/// Seals the Secrets of the input, and takes their values over into a sealed file.
fn merge(arguments: &CreateArguments, target: &Path, to: &Target) -> anyhow::Result<u8> {
    let mut manifests = Manifests::read(target)?;
    let merged = match to {
        Target::Recipients(to) => merge_for(arguments, &mut manifests, target, to)?,
        Target::Controller(certificate) => merge_for_controller(arguments, &mut manifests, certificate)?,
    };
    if merged == 0 {
        bail!("there is no Secret to merge into {}", manifests.title());
    }
    manifests.save()?;
    to.tell();
    Ok(CLEAN)
}

fn merge_for(arguments: &CreateArguments, manifests: &mut Manifests, target: &Path, to: &To) -> anyhow::Result<usize> {
    let recipients = to.of(Some(target)).with_context(|| target.display().to_string())?;
    let (place, mut sealed) = manifests.sealed(&WhichArguments::default())?;
    arguments.place.refuse_other(sealed.envelope().scope(), &manifests.title())?;
    let (before, mut merged) = (sealed.clone(), 0);
    for path in &arguments.files {
        for (_, found) in Manifests::read(path)?.objects()? {
            let Found::Plain(mut plain, _) = found else { continue };
            arguments.place.settle(&mut plain)?;
            // What is to be merged goes where the file is.
            plain.namespace = plain.namespace.or_else(|| sealed.namespace().map(str::to_owned));
            let keys: Vec<&str> = plain.data.keys().map(String::as_str).collect();
            to.fits(&manifests.title(), &sealed, &keys, &recipients)?;
            let fragment = SealedSecret::seal(&plain, sealed.envelope().scope(), &recipients)?;
            sealed.merge(fragment).with_context(|| format!("Secret {} into {}", plain.name, manifests.title()))?;
            merged += 1;
        }
    }
    update(&mut manifests.file, &place, &before, &sealed)?;
    Ok(merged)
}

/// The same for a SealedSecret of Bitnami, under its own name and scope.
fn merge_for_controller(
    arguments: &CreateArguments,
    manifests: &mut Manifests,
    certificate: &bitnami::Certificate,
) -> anyhow::Result<usize> {
    let mut merged = 0;
    for path in &arguments.files {
        for (_, found) in Manifests::read(path)?.objects()? {
            let Found::Plain(mut plain, _) = found else { continue };
            arguments.place.settle(&mut plain)?;
            let (place, Found::Bitnami(theirs)) = manifests.one(&WhichArguments::default())? else {
                bail!("{} has a SealedSecret of ksecrets.dev: leave out --format bitnami", manifests.title());
            };
            if let Some(scope) = theirs.scope() {
                arguments.place.refuse_other(scope, &manifests.title())?;
            }
            let what = format!("Secret {} into {}", plain.name, manifests.title());
            theirs.merge(&mut manifests.file, &place, &plain, certificate).context(what)?;
            merged += 1;
        }
    }
    Ok(merged)
}
