//! `ksecrets seal keygen`: a private identity.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use ksecrets::seal::{Identity, IdentityFile, RootFile, RootIdentity, Suite, Work};
use zeroize::Zeroizing;

use super::super::CLEAN;
use super::keys::{ask, passphrase_in, private_text};
use super::say;

#[derive(Args, Debug)]
#[command(override_usage = "ksecrets seal keygen -o FILE [OPTIONS]\n       ksecrets seal keygen --show FILE [OPTIONS]")]
pub(super) struct KeygenArguments {
    /// Where the private identity goes; the file must not exist
    #[arg(short, long, value_name = "FILE", required_unless_present = "show")]
    output: Option<PathBuf>,
    /// Make nothing, and print the public half of this identity or root once more
    #[arg(long, value_name = "FILE", conflicts_with_all = ["output", "suite", "root", "passphrase"])]
    show: Option<PathBuf>,
    /// How data keys are wrapped: xwing (post-quantum), x25519 (short recipient strings)
    #[arg(long, value_name = "SUITE", default_value = "xwing")]
    suite: Suite,
    /// Make a root, which signs keysets; standard output is what .ksecrets.yaml pins
    #[arg(long, conflicts_with = "suite")]
    root: bool,
    /// Protect the identity with a passphrase, asked for at the terminal
    #[arg(long)]
    passphrase: bool,
    /// Protect the identity with the passphrase in a file
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase")]
    passphrase_file: Option<PathBuf>,
    /// Use identity and passphrase files that others on this machine can read
    #[arg(long)]
    allow_readable_identity: bool,
}

pub(super) fn run(arguments: &KeygenArguments) -> anyhow::Result<u8> {
    let output = match (&arguments.show, &arguments.output) {
        (None, Some(output)) => output,
        (Some(path), _) => return show(arguments, path),
        (None, None) => bail!("say with -o where the private identity goes"),
    };
    if output == Path::new("-") {
        bail!("standard output is for the recipient string: name a file for the private identity");
    }
    if arguments.root {
        return root(arguments, output);
    }
    let identity = Identity::generate(arguments.suite)?;
    let text = match passphrase(arguments)? {
        Some(passphrase) => Zeroizing::new(identity.to_protected_text(&passphrase, Work::default())?),
        None => identity.to_text(),
    };
    create(output, text.as_bytes())?;
    writeln!(io::stdout().lock(), "{}", identity.recipient())?;
    say(&format!("{} is private: keep it out of git. Its key id is {}", output.display(), identity.kid()));
    Ok(CLEAN)
}

/// Prints the public half of what a private file holds. Without the passphrase it is not known.
fn show(arguments: &KeygenArguments, path: &Path) -> anyhow::Result<u8> {
    let text = private_text(path, "identity", arguments.allow_readable_identity)?;
    let name = || path.display().to_string();
    let passphrase = |is_protected: bool| match (is_protected, &arguments.passphrase_file) {
        (false, _) => Ok(None),
        (true, Some(file)) => passphrase_in(file, arguments.allow_readable_identity).map(Some),
        (true, None) => ask(&format!("Passphrase of {}: ", path.display())).map(Some),
    };
    // What is neither is told as what most people have.
    let public = if let Ok(file) = RootFile::read(&text) {
        let passphrase = passphrase(file.is_protected())?;
        file.open(passphrase.as_deref().map(String::as_str)).with_context(name)?.root().to_string()
    } else {
        let file = IdentityFile::read(&text).with_context(name)?;
        let passphrase = passphrase(file.is_protected())?;
        let identity = file.open(passphrase.as_deref().map(String::as_str)).with_context(name)?;
        say(&format!("its key id is {}", identity.kid()));
        identity.recipient().to_string()
    };
    writeln!(io::stdout().lock(), "{public}")?;
    Ok(CLEAN)
}

fn root(arguments: &KeygenArguments, output: &Path) -> anyhow::Result<u8> {
    let identity = RootIdentity::generate()?;
    let text = match passphrase(arguments)? {
        Some(passphrase) => Zeroizing::new(identity.to_protected_text(&passphrase, Work::default())?),
        None => identity.to_text(),
    };
    create(output, text.as_bytes())?;
    writeln!(io::stdout().lock(), "{}", identity.root())?;
    say(&format!(
        "{} is private and signs for everybody: keep it offline. Pin its public half, above, as `root:` under `seal:` in \
         .ksecrets.yaml",
        output.display()
    ));
    Ok(CLEAN)
}

fn passphrase(arguments: &KeygenArguments) -> anyhow::Result<Option<Zeroizing<String>>> {
    if let Some(file) = &arguments.passphrase_file {
        return passphrase_in(file, arguments.allow_readable_identity).map(Some);
    }
    if !arguments.passphrase {
        return Ok(None);
    }
    let (first, second) = (ask("Passphrase: ")?, ask("Again: ")?);
    if first != second {
        bail!("the two passphrases differ: nothing was written");
    }
    if first.is_empty() {
        bail!("the passphrase is empty: nothing was written");
    }
    Ok(Some(first))
}

/// Makes a file that its owner alone can read, from the first byte on.
pub(super) fn create(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            bail!("{} exists already, and stays as it is: name another file", path.display())
        }
        opened => opened.with_context(|| format!("cannot make {}", path.display()))?,
    };
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        // What is left of it would be taken for a file of the user's, and not be written again.
        let _ = fs::remove_file(path);
    }
    written.with_context(|| format!("cannot write {}", path.display()))
}
