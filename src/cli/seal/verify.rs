//! `ksecrets seal verify`: what can be told of sealed files without any key.

use std::collections::BTreeSet;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use ksecrets::manifest::Object;
use ksecrets::seal::document::File;
use ksecrets::seal::{Policy, Scope, SealedSecret};

use super::super::{CLEAN, FAILED, FOUND};
use super::bitnami::{self, Certificate};
use super::files::walk;
use super::keys::RecipientArguments;
use super::{count, say};

#[derive(Args, Debug)]
pub(super) struct VerifyArguments {
    /// Files and folders to look through
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    to: RecipientArguments,
    /// Every slot must be post-quantum
    #[arg(long)]
    post_quantum: bool,
    /// The widest scope that is allowed: strict, namespace, cluster
    #[arg(long, value_name = "SCOPE")]
    widest_scope: Option<Scope>,
    /// Certificate of the sealed-secrets controller, to hold its SealedSecrets and its own expiry to
    #[arg(long, value_name = "FILE")]
    cert: Option<PathBuf>,
    /// Problems to leave out, by the short names that they are reported with
    #[arg(long, value_name = "NAME,..", value_delimiter = ',')]
    ignore: Vec<String>,
}

/// What was seen.
#[derive(Default)]
struct Tally {
    sealed: usize,
    problems: usize,
    unread: usize,
}

pub(super) fn run(arguments: &VerifyArguments) -> anyhow::Result<u8> {
    let policy = policy(arguments)?;
    let mut out = BufWriter::new(io::stdout().lock());
    let mut tally = Tally::default();
    let certificate = certificate(arguments, &mut tally, &mut out)?;
    for path in walk(&arguments.paths)? {
        verify(&path, (&policy, certificate.as_ref()), &arguments.ignore, &mut tally, &mut out)?;
    }
    out.flush()?;
    let Tally { sealed, problems, unread } = tally;
    let wrong = if problems == 0 { "no problem".to_owned() } else { count(problems, "problem") };
    say(&format!("{}, {wrong}", count(sealed, "SealedSecret")));
    Ok(match (unread, problems) {
        (1.., _) => FAILED,
        (0, 0) => CLEAN,
        _ => FOUND,
    })
}

fn policy(arguments: &VerifyArguments) -> anyhow::Result<Policy> {
    let known: BTreeSet<_> = match arguments.to.is_empty() {
        true => BTreeSet::new(),
        false => arguments.to.read()?.iter().map(|recipient| recipient.kid().clone()).collect(),
    };
    Ok(Policy {
        required: known.clone(),
        allowed: (!known.is_empty()).then_some(known),
        post_quantum: arguments.post_quantum,
        widest: arguments.widest_scope,
        ..Policy::default()
    })
}

/// The certificate to hold SealedSecrets of Bitnami to. That it expired is a problem of its own.
fn certificate(
    arguments: &VerifyArguments,
    tally: &mut Tally,
    out: &mut impl io::Write,
) -> anyhow::Result<Option<Certificate>> {
    let Some(path) = &arguments.cert else { return Ok(None) };
    let (certificate, expired) = Certificate::read_even_expired(path)?;
    let code = "certificate-expired";
    if let Some(problem) = expired.filter(|_| !arguments.ignore.iter().any(|name| name == code)) {
        tally.problems += 1;
        writeln!(out, "{}:1: {code}: {problem}", path.display())?;
    }
    Ok(Some(certificate))
}

fn verify(
    path: &Path,
    by: (&Policy, Option<&Certificate>),
    ignore: &[String],
    tally: &mut Tally,
    out: &mut impl io::Write,
) -> anyhow::Result<()> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Ok(()),
        Err(error) => {
            tally.unread += 1;
            say(&format!("cannot read {}: {error}", path.display()));
            return Ok(());
        }
    };
    // Most files of a repository are about something else, and need not be valid for us.
    if !text.contains("SealedSecret") {
        return Ok(());
    }
    let file = File::new(text);
    for document in 0..file.documents().len() {
        let tree = match file.tree(document) {
            Ok(tree) => tree,
            Err(error) => {
                tally.unread += 1;
                say(&format!("{}: {error}", path.display()));
                continue;
            }
        };
        for object in Object::all(&tree).iter().filter(|object| is_sealed(object)) {
            tally.sealed += 1;
            for (at, code, problem) in problems(object, by) {
                if ignore.iter().any(|name| name == code) {
                    continue;
                }
                tally.problems += 1;
                let line = file.text()[..at].matches('\n').count() + 1;
                let name = object.name().unwrap_or("without a name");
                writeln!(out, "{}:{line}: {code}: SealedSecret {name}: {problem}", path.display())?;
            }
        }
    }
    Ok(())
}

fn is_sealed(object: &Object<'_>) -> bool {
    SealedSecret::is(object) || object.is("bitnami.com", "SealedSecret")
}

/// Where, a short name, a sentence.
fn problems(
    object: &Object<'_>,
    (policy, certificate): (&Policy, Option<&Certificate>),
) -> Vec<(usize, &'static str, String)> {
    if !SealedSecret::is(object) {
        return bitnami::problems(object, certificate);
    }
    let at = object.root.range().start;
    match SealedSecret::of(object) {
        Ok(sealed) => sealed.problems(policy).iter().map(|problem| (at, problem.code(), problem.to_string())).collect(),
        Err(error) => vec![(at, error.code(), error.to_string())],
    }
}
