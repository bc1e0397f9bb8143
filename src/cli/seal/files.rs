//! The files that Secrets lie in: read, edited, written back or printed.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use ignore::WalkBuilder;
use ksecrets::manifest::Object;
use ksecrets::seal::document::{File, Place, Value, write};
use ksecrets::seal::{PlainSecret, SealError, SealedSecret};
use zeroize::Zeroizing;

use super::bitnami::Theirs;

/// Endings of the files that a folder is looked through for.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// A file of documents.
pub(super) struct Manifests {
    /// None for standard input.
    path: Option<PathBuf>,
    original: Zeroizing<Vec<u8>>,
    pub(super) file: File,
}

/// What an object is to this room.
pub(super) enum Found {
    Plain(Box<PlainSecret>),
    Sealed(Box<SealedSecret>),
    /// A SealedSecret of bitnami.com.
    Bitnami(Theirs),
    /// Kind and name of something else.
    Other(String),
}

impl Manifests {
    /// Reads a file, or standard input for `-`.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let stdin = path == Path::new("-");
        let mut bytes = Zeroizing::new(Vec::new());
        if stdin {
            io::stdin().lock().read_to_end(&mut bytes).context("cannot read standard input")?;
        } else {
            *bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        }
        let Ok(text) = std::str::from_utf8(&bytes) else { bail!("{} is not UTF-8", path.display()) };
        let file = File::new(text);
        Ok(Self { path: (!stdin).then(|| path.to_path_buf()), original: bytes, file })
    }

    /// How messages call it.
    pub(super) fn title(&self) -> String {
        self.path.as_ref().map_or_else(|| "standard input".to_owned(), |path| path.display().to_string())
    }

    /// Its objects with their places, in order.
    pub(super) fn objects(&self) -> anyhow::Result<Vec<(Place, Found)>> {
        let mut found = Vec::new();
        for document in 0..self.file.documents().len() {
            let tree = self.file.tree(document).with_context(|| self.title())?;
            for object in Object::all(&tree) {
                let what = Found::of(&object).with_context(|| format!("{}: {}", self.title(), name_of(&object)))?;
                found.push((Place::of(document, object.root), what));
            }
        }
        Ok(found)
    }

    /// The one sealed object of a file, which must be ours.
    pub(super) fn sealed(&self) -> anyhow::Result<(Place, SealedSecret)> {
        match self.one()? {
            (place, Found::Sealed(sealed)) => Ok((place, *sealed)),
            _ => bail!(
                "{} has a SealedSecret of bitnami.com: `ksecrets seal set --cert` and `ksecrets seal --format bitnami \
                 --merge-into` change values of it, `ksecrets seal import --from bitnami` makes it one of ours",
                self.title()
            ),
        }
    }

    /// The one sealed object of a file, ours or Bitnami's.
    pub(super) fn one(&self) -> anyhow::Result<(Place, Found)> {
        let mut all = self.objects()?;
        all.retain(|(_, found)| matches!(found, Found::Sealed(_) | Found::Bitnami(_)));
        match all.len() {
            0 => bail!("{} has no SealedSecret", self.title()),
            1 => Ok(all.remove(0)),
            several => bail!("{} has {several} SealedSecrets: keep one in a file to change it", self.title()),
        }
    }

    /// Writes it back, if it changed; standard input goes to standard output.
    pub(super) fn save(&self) -> anyhow::Result<()> {
        match &self.path {
            Some(_) if *self.original == *self.file.text().as_bytes() => Ok(()),
            Some(path) => Ok(write(path, Some(&self.original), self.file.text().as_bytes())?),
            None => self.print(),
        }
    }

    /// Prints it.
    pub(super) fn print(&self) -> anyhow::Result<()> {
        Ok(io::stdout().lock().write_all(self.file.text().as_bytes())?)
    }
}

impl Found {
    fn of(object: &Object<'_>) -> Result<Self, SealError> {
        if SealedSecret::is(object) {
            return Ok(Self::Sealed(Box::new(SealedSecret::of(object)?)));
        }
        if object.is("bitnami.com", "SealedSecret") {
            return Ok(Self::Bitnami(Theirs::of(object)));
        }
        if object.is("", "Secret") {
            return Ok(Self::Plain(Box::new(PlainSecret::of(object)?)));
        }
        Ok(Self::Other(name_of(object)))
    }
}

fn name_of(object: &Object<'_>) -> String {
    format!("{} {}", object.kind, object.name().unwrap_or("without a name"))
}

/// A sealed object as a value to be written.
pub(super) fn value_of(sealed: &SealedSecret) -> anyhow::Result<Value> {
    Ok(serde_yaml::from_str(&sealed.to_yaml()?)?)
}

/// Writes what differs between two states of a sealed object, and nothing else.
pub(super) fn update(
    file: &mut File,
    place: &Place,
    before: &SealedSecret,
    after: &SealedSecret,
) -> anyhow::Result<()> {
    let (before, after) = (value_of(before)?, value_of(after)?);
    let spec = place.clone().key("spec");
    for (key, value) in entries(&after["spec"]).filter(|(key, _)| *key != "data") {
        if before["spec"].get(key) != Some(value) {
            file.set(&spec.clone().key(key), value)?;
        }
    }
    let data = spec.key("data");
    for (key, value) in entries(&after["spec"]["data"]) {
        if before["spec"]["data"].get(key) != Some(value) {
            file.set(&data.clone().key(key), value)?;
        }
    }
    for (key, _) in entries(&before["spec"]["data"]) {
        if after["spec"]["data"].get(key).is_none() {
            file.remove(&data.clone().key(key))?;
        }
    }
    Ok(())
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let mapping = value.as_mapping();
    mapping.into_iter().flatten().filter_map(|(key, value)| Some((key.as_str()?, value)))
}

/// The files that paths name: folders are looked through, and what they leave out of git is left out.
pub(super) fn walk(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        for entry in WalkBuilder::new(path).hidden(false).require_git(false).sort_by_file_path(Path::cmp).build() {
            let entry = entry?;
            let manifest = entry.path().extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known));
            if manifest && entry.file_type().is_some_and(|kind| kind.is_file()) {
                let path = entry.into_path();
                files.push(path.strip_prefix("./").map(Path::to_path_buf).unwrap_or(path));
            }
        }
    }
    Ok(files)
}
