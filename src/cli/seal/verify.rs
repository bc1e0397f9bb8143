//! `ksecrets seal verify`: what can be told of sealed files without any key.

use std::collections::BTreeSet;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use ksecrets::manifest::Object;
use ksecrets::seal::document::File;
use ksecrets::seal::{Policy, Scope, SealedSecret};

use super::super::{CLEAN, FAILED, FOUND};
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
    for path in walk(&arguments.paths)? {
        verify(&path, &policy, &mut tally, &mut out)?;
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
    })
}

fn verify(path: &Path, policy: &Policy, tally: &mut Tally, out: &mut impl io::Write) -> anyhow::Result<()> {
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
        for object in Object::all(&tree).iter().filter(|object| SealedSecret::is(object)) {
            tally.sealed += 1;
            let line = file.text()[..object.root.range().start].matches('\n').count() + 1;
            for (code, problem) in problems(object, policy) {
                tally.problems += 1;
                let name = object.name().unwrap_or("without a name");
                writeln!(out, "{}:{line}: {code}: SealedSecret {name}: {problem}", path.display())?;
            }
        }
    }
    Ok(())
}

fn problems(object: &Object<'_>, policy: &Policy) -> Vec<(&'static str, String)> {
    match SealedSecret::of(object) {
        Ok(sealed) => sealed.problems(policy).iter().map(|problem| (problem.code(), problem.to_string())).collect(),
        Err(error) => vec![(error.code(), error.to_string())],
    }
}
