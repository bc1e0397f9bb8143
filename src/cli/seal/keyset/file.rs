//! The file of a keyset: read, changed, signed, written back.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use ksecrets::seal::document::{File, Place, Value, write};
use ksecrets::seal::{Entry, Keyset, KeysetDraft, Root, RootIdentity};

use super::super::super::config::Pin;
use super::super::keyring::{ConfigArguments, Settings};

/// The name where no other is given.
pub(super) const NAME: &str = "ksecrets-keys.yaml";

/// A keyset as it lies on the disk.
pub(super) struct KeysetFile {
    pub(super) path: PathBuf,
    pub(super) settings: Settings,
    /// None where there is no file yet.
    pub(super) text: Option<String>,
}

impl KeysetFile {
    pub(super) fn open(arguments: &ConfigArguments) -> anyhow::Result<Self> {
        let settings = arguments.settings()?;
        let path = settings.keyset.clone().unwrap_or_else(|| PathBuf::from(NAME));
        let text = match fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| format!("cannot read the keyset {}", path.display())),
        };
        Ok(Self { path, settings, text })
    }

    /// How messages call it.
    pub(super) fn name(&self) -> String {
        self.path.display().to_string()
    }

    pub(super) fn need(&self) -> anyhow::Result<&str> {
        self.text.as_deref().with_context(|| {
            format!("there is no keyset {}: `ksecrets seal keys add` makes one, --keys names another", self.name())
        })
    }

    /// The keyset, if its signature is that of the pinned root.
    pub(super) fn verified(&self) -> anyhow::Result<Keyset> {
        self.settings.verified(&self.name(), self.need()?)
    }

    /// The keyset before somebody who has the root changes it.
    pub(super) fn of_signer(&self, signer: &RootIdentity) -> anyhow::Result<KeysetDraft> {
        self.refuse_other(signer.root())?;
        let read = KeysetDraft::read(self.need()?).and_then(|draft| draft.verify(signer.root()));
        Ok(read.with_context(|| self.name())?.draft().clone())
    }

    /// Refuses a root that is not the pinned one: nobody would believe its signature.
    pub(super) fn refuse_other(&self, root: &Root) -> anyhow::Result<()> {
        match &self.settings.pin {
            Some(Pin::Root(pinned)) if pinned != root => {
                bail!("this is root {root}, and {pinned} is pinned: use that one, or pin this one everywhere first")
            }
            _ => Ok(()),
        }
    }

    /// Signs the next generation and writes it. Comments stay.
    pub(super) fn save(&self, mut draft: KeysetDraft, signer: &RootIdentity) -> anyhow::Result<Keyset> {
        draft.generation = draft.generation.checked_add(1).context("the keyset has no generation left")?;
        let keyset = draft.sign(signer)?;
        let text = match &self.text {
            None => keyset.to_yaml(),
            Some(text) => edited(text, &keyset).with_context(|| self.name())?,
        };
        write(&self.path, self.text.as_ref().map(String::as_bytes), text.as_bytes())?;
        Ok(keyset)
    }
}

/// The text of a file with what a keyset says, and with its comments.
fn edited(text: &str, keyset: &Keyset) -> anyhow::Result<String> {
    let before = KeysetDraft::read(text)?;
    let mut file = File::new(text);
    let root = Place::root(0);
    file.set(&root.clone().key("generation"), &Value::from(keyset.draft().generation))?;
    for entry in keyset.keys() {
        let kid = entry.recipient.kid();
        let place = root.clone().key("keys").key(kid.as_str());
        match before.key(kid) {
            Some(same) if same == entry => {}
            // Nothing but the state of a key is changed from here.
            Some(_) => drop(file.set(&place.key("state"), &Value::from(entry.state.as_str()))?),
            None => drop(file.set(&place, &value(entry))?),
        }
    }
    file.set(&root.key("signature"), &Value::from(keyset.signature()))?;
    // Whoever reads it must read what was signed; only the order may be another.
    if KeysetDraft::read(file.text())?.verify(&keyset.draft().root).is_err() {
        bail!("the file cannot be changed in place: make a new one with --keys");
    }
    Ok(file.text().to_owned())
}

fn value(entry: &Entry) -> Value {
    let texts = entry.texts().into_iter().map(|(name, text)| (Value::from(name), Value::from(text)));
    let flag = entry.break_glass.then(|| (Value::from("break-glass"), Value::from(true)));
    Value::Mapping(texts.chain(flag).collect())
}

/// The words for one key, of those that a label or an id names.
pub(super) fn one<'k>(keys: &'k [Entry], word: &str) -> anyhow::Result<&'k Entry> {
    let named = |entry: &&Entry| entry.label.as_str() == word || entry.recipient.kid().as_str() == word;
    let found: Vec<_> = keys.iter().filter(named).collect();
    match found.as_slice() {
        [] => bail!("the keyset has no key '{word}': `ksecrets seal keys list` shows them"),
        [one] => Ok(one),
        several => {
            let kids: Vec<_> = several.iter().map(|entry| entry.recipient.kid().to_string()).collect();
            bail!("{word} has {} keys, name one by its id: {}", several.len(), kids.join(", "))
        }
    }
}

/// The folder that a keyset is about.
pub(super) fn folder(settings: &Settings) -> &Path {
    let folder = settings.config.folder.as_path();
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}
