//! Recipients and identities, as arguments name them.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, IsTerminal, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use ksecrets::seal::{Identity, IdentityFile, Recipient, RootFile, RootIdentity, Scope, SealedSecret, Slot};
use zeroize::Zeroizing;

use super::super::argument::{NO_PLACE, is_key, unreadable, unreadable_passphrase};
use super::keyring::{ConfigArguments, Keyring, Policies};
use super::say;
use super::work_tree::Others;

/// Most that is read of a private file. A backup of a controller's keys has 10 KiB for each.
const MOST_PRIVATE: u64 = 16 << 20;
/// The private file whose name may be the secret itself.
const PASSPHRASE: &str = "passphrase";

#[derive(Args, Debug)]
pub(super) struct RecipientArguments {
    /// Seal to this recipient, and not to those of .ksecrets.yaml: the string itself, a file with one a line, or a key of
    /// the keyset by label or id. Break-glass keys of the keyset are recipients all the same
    #[arg(short, long = "recipient", value_name = "STRING|FILE|KEY")]
    recipients: Vec<String>,
    #[command(flatten)]
    config: ConfigArguments,
}

/// To whom things are sealed.
pub(super) struct To {
    keyring: Keyring,
    /// Those of the arguments; nobody means those of the path.
    named: Vec<Recipient>,
    /// What was answered so far, each once.
    asked: RefCell<Vec<Vec<Recipient>>>,
}

impl To {
    /// The recipients of a file; none stands for standard input.
    pub(super) fn of(&self, path: Option<&Path>) -> anyhow::Result<Vec<Recipient>> {
        let path = path.filter(|path| *path != Path::new("-"));
        let to = if self.named.is_empty() { self.keyring.recipients(path) } else { self.keyring.with(&self.named) }?;
        let mut asked = self.asked.borrow_mut();
        if !asked.contains(&to) {
            asked.push(to.clone());
        }
        Ok(to)
    }

    /// Says for whom things were sealed, and by whose word.
    pub(super) fn tell(&self) {
        for to in self.asked.borrow().iter() {
            say(&format!("sealed for {}", self.keyring.told(to, &self.named)));
        }
    }

    /// Refuses to put values for some into a Secret that is for others, where arguments name them; says so where the
    /// configuration does, as without a private key nobody can rotate first.
    pub(super) fn fits(
        &self,
        title: &str,
        sealed: &SealedSecret,
        keys: &[&str],
        to: &[Recipient],
    ) -> anyhow::Result<()> {
        let envelope = sealed.envelope();
        let stays = |slot: &&Slot| {
            let mut values = envelope.values().iter();
            values.any(|(key, value)| value.slot() == slot.id() && !keys.contains(&key.as_str()))
        };
        let kids = |slot: &Slot| slot.kids().cloned().collect::<BTreeSet<_>>();
        let wanted: BTreeSet<_> = to.iter().map(|one| one.kid().clone()).collect();
        let slots: Vec<_> = envelope.slots().iter().filter(stays).map(kids).collect();
        let Some(other) = slots.iter().find(|kids| **kids != wanted) else { return Ok(()) };
        let (other, wanted_titles) = (self.keyring.titles(other), self.keyring.titles(&wanted));
        if self.is_named() && !slots.contains(&wanted) {
            bail!(
                "{title} is sealed for {other}, and this would be for {wanted_titles}: name those with -r, or give the \
                 whole file other recipients with `ksecrets seal rotate`"
            );
        }
        say(&format!(
            "{title} has values for {other} still, and what is added is for {wanted_titles}: run `ksecrets seal rotate \
             -i IDENTITY {title}`"
        ));
        Ok(())
    }

    /// Whether arguments name them.
    pub(super) fn is_named(&self) -> bool {
        !self.named.is_empty()
    }

    /// Refuses a scope that is wider than the configuration allows.
    pub(super) fn allows(&self, scope: Scope) -> anyhow::Result<()> {
        self.keyring.allows(scope)
    }

    /// The keys of the repository.
    pub(super) fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// What files that are sealed already have to hold to.
    pub(super) fn policies<'k>(&'k self, others: &'k Others) -> anyhow::Result<Policies<'k>> {
        let policies = self.keyring.policies(&self.named)?;
        if self.is_named() { Ok(policies) } else { policies.with_others(others) }
    }
}

#[derive(Args, Debug)]
pub(super) struct IdentityArguments {
    /// Private identity to open with
    #[arg(short, long = "identity", value_name = "FILE")]
    identities: Vec<PathBuf>,
    /// Read the passphrase of the identities from a file
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Use identity and passphrase files that others on this machine can read
    #[arg(long)]
    allow_readable_identity: bool,
}

impl RecipientArguments {
    /// Whether arguments name nobody.
    pub(super) fn is_empty(&self) -> bool {
        self.recipients.is_empty()
    }

    /// The recipients, each once, in their order.
    pub(super) fn read(&self) -> anyhow::Result<To> {
        let keyring = Keyring::read(&self.config)?;
        let mut named: Vec<Recipient> = Vec::new();
        for word in &self.recipients {
            for recipient in recipients(word, &keyring)? {
                if !named.iter().any(|known| known.kid() == recipient.kid()) {
                    named.push(recipient);
                }
            }
        }
        Ok(To { keyring, named, asked: RefCell::default() })
    }
}

/// Refuses a private key in the place of a recipient, without showing any of it.
fn refuse_private(word: &str) -> anyhow::Result<()> {
    if word.to_ascii_lowercase().starts_with("ksecrets-") {
        bail!(
            "a private key does not belong into an argument: name the recipient, which `ksecrets seal keygen --show` prints"
        );
    }
    // Recipients are longer than names are.
    if is_key(OsStr::new(word)) && !is_written_out(word) {
        bail!(NO_PLACE);
    }
    Ok(())
}

/// A label of the signed keyset comes first: whoever can add a file cannot take its place.
fn recipients(word: &str, keyring: &Keyring) -> anyhow::Result<Vec<Recipient>> {
    match keyring.named(word)? {
        Some(all) => Ok(all),
        // A slip in a label is likelier than one in a path.
        None if keyring.keyset.is_some() && !is_written_out(word) && !Path::new(word).exists() => {
            refuse_private(word)?;
            keyring.keyset_recipients(word)
        }
        None => recipients_in(word),
    }
}

/// Whether a word is meant to be a key itself.
fn is_written_out(word: &str) -> bool {
    ["ksx1", "kspq1", "ksecrets-"].iter().any(|start| word.starts_with(start))
}

/// The recipients of a file, or the one that a word is.
pub(super) fn recipients_in(word: &str) -> anyhow::Result<Vec<Recipient>> {
    match fs::read_to_string(word) {
        Ok(text) if IdentityFile::read(&text).is_ok() => {
            bail!("{word} is private: name its public half, which `ksecrets seal keygen --show {word}` prints")
        }
        Ok(text) => {
            let all = Recipient::all(&text).with_context(|| word.to_owned())?;
            if all.is_empty() {
                bail!("{word} names no recipient");
            }
            return Ok(all);
        }
        Err(error) if Path::new(word).exists() => {
            return Err(error).with_context(|| format!("cannot read the recipients {word}"));
        }
        Err(_) => {}
    }
    refuse_private(word)?;
    let shown: String = word.chars().take(24).collect();
    if !is_written_out(word) {
        bail!("'{shown}' is neither a recipient, which begins with ksx1 or kspq1, nor a file");
    }
    Ok(vec![word.parse().with_context(|| format!("'{shown}'"))?])
}

impl IdentityArguments {
    pub(super) fn is_empty(&self) -> bool {
        self.identities.is_empty()
    }

    pub(super) fn allow_readable(&self) -> bool {
        self.allow_readable_identity
    }

    /// The identities, opened.
    pub(super) fn read(&self) -> anyhow::Result<Vec<Identity>> {
        if self.is_empty() {
            bail!("there is nobody to open it: name a private identity with -i");
        }
        self.identities.iter().map(|path| self.open(path)).collect()
    }

    fn open(&self, path: &Path) -> anyhow::Result<Identity> {
        let text = private_text(path, "identity", self.allow_readable_identity)?;
        let read = IdentityFile::read(&text).with_context(|| path.display().to_string())?;
        let passphrase = match read.is_protected() {
            true => Some(self.passphrase(path)?),
            false => None,
        };
        let opened = read.open(passphrase.as_deref().map(String::as_str));
        opened.with_context(|| path.display().to_string())
    }

    fn passphrase(&self, path: &Path) -> anyhow::Result<Zeroizing<String>> {
        match &self.passphrase_file {
            Some(file) => passphrase_in(file, self.allow_readable_identity),
            None => ask(&format!("Passphrase of {}: ", path.display())),
        }
    }
}

#[derive(Args, Debug)]
pub(super) struct RootArguments {
    /// Private root that signs
    #[arg(long, value_name = "FILE")]
    pub(super) root: Option<PathBuf>,
    /// Read the passphrase of the root from a file
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Use root and passphrase files that others on this machine can read
    #[arg(long)]
    allow_readable_identity: bool,
}

impl RootArguments {
    /// The root, opened.
    pub(super) fn read(&self) -> anyhow::Result<RootIdentity> {
        let Some(path) = &self.root else {
            bail!("a keyset is signed: name the private root with --root, as `ksecrets seal keygen --root` made it")
        };
        let text = private_text(path, "root", self.allow_readable_identity)?;
        let name = || path.display().to_string();
        let read = RootFile::read(&text).with_context(name)?;
        let passphrase = match (read.is_protected(), &self.passphrase_file) {
            (false, _) => None,
            (true, Some(file)) => Some(passphrase_in(file, self.allow_readable_identity)?),
            (true, None) => Some(ask(&format!("Passphrase of {}: ", path.display()))?),
        };
        read.open(passphrase.as_deref().map(String::as_str)).with_context(name)
    }
}

/// The text of a private file, which nobody else may read.
pub(super) fn private_text(path: &Path, what: &str, allow_readable: bool) -> anyhow::Result<Zeroizing<String>> {
    let file = File::open(path).map_err(|error| match what {
        PASSPHRASE => unreadable_passphrase(path, error),
        _ => unreadable(path, &format!("the {what}"), error),
    })?;
    if file.metadata()?.is_dir() {
        bail!("{} is a folder: name the {what} in it", path.display());
    }
    let is_readable = is_readable_by_others(&file)?;
    let mut text = Zeroizing::new(String::new());
    file.take(MOST_PRIVATE).read_to_string(&mut text).with_context(|| format!("cannot read {}", path.display()))?;
    // Whoever named the public half is to hear that, and not to hide it.
    if is_readable && !allow_readable && !is_public(&text) {
        bail!(
            "{} can be read by others: chmod 600 it, or say --allow-readable-identity where that is meant",
            path.display()
        );
    }
    Ok(text)
}

/// Whether a text is the public half of an identity or a root, or a certificate, which is refused for that.
fn is_public(text: &str) -> bool {
    if text.contains("-----BEGIN CERTIFICATE-----") && !text.contains("PRIVATE KEY") {
        return true;
    }
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.next().is_some_and(|line| ["ksx1", "kspq1", "ksroot1"].iter().any(|start| line.starts_with(start)))
}

/// The first line of a private file.
pub(super) fn passphrase_in(file: &Path, allow_readable: bool) -> anyhow::Result<Zeroizing<String>> {
    let text = private_text(file, PASSPHRASE, allow_readable)?;
    let line = text.lines().next().filter(|line| !line.is_empty());
    let line = line.with_context(|| format!("the first line of {} is empty", file.display()))?;
    Ok(Zeroizing::new(line.to_owned()))
}

/// Asks at the terminal, without showing what is typed.
pub(super) fn ask(prompt: &str) -> anyhow::Result<Zeroizing<String>> {
    if !io::stderr().is_terminal() && !io::stdin().is_terminal() {
        bail!("there is no terminal to ask for a passphrase at: name a file with --passphrase-file");
    }
    Ok(Zeroizing::new(rpassword::prompt_password(prompt).context("cannot read from the terminal")?))
}

#[cfg(unix)]
fn is_readable_by_others(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    Ok(file.metadata()?.mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_readable_by_others(_: &File) -> io::Result<bool> {
    Ok(false)
}
