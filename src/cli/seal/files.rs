//! The files that Secrets lie in: read, edited, written back or printed.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context as _, bail};
use ignore::WalkBuilder;
use ksecrets::manifest::{Node, Object};
use ksecrets::seal::document::{File, Place, Value, write};
use ksecrets::seal::{PlainSecret, SealError, SealedSecret};
use zeroize::Zeroizing;

use super::super::argument::unreadable;
use super::bitnami::Theirs;
use super::which::{Called, WhichArguments};

/// Endings of the files that a folder is looked through for, in either case.
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
    /// With the names of its fields that cannot be sealed.
    Plain(Box<PlainSecret>, Vec<String>),
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
            if path.is_dir() {
                bail!("{} is a folder: name the files in it", path.display());
            }
            *bytes = fs::read(path).map_err(|error| unreadable(path, "", error))?;
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
        for (document, (_, tree)) in self.file.trees().enumerate() {
            let tree = tree.with_context(|| self.title())?;
            if let Some(one) = Object::doubled(&tree).first() {
                let line = self.file.text()[..one.key.range().start].matches('\n').count() + 1;
                bail!("{}:{line}: {}", self.title(), twice(one.key));
            }
            for object in Object::all(&tree) {
                let what = Found::of(&object).with_context(|| format!("{}: {}", self.title(), name_of(&object)))?;
                found.push((Place::of(document, object.root), what));
            }
        }
        Ok(found)
    }

    /// The sealed object of a file that is meant, which must be ours.
    pub(super) fn sealed(&self, which: &WhichArguments) -> anyhow::Result<(Place, SealedSecret)> {
        match self.one(which)? {
            (place, Found::Sealed(sealed)) => Ok((place, *sealed)),
            _ => bail!(
                "{} has a SealedSecret of bitnami.com: `ksecrets seal set --cert` and `ksecrets seal --format bitnami \
                 --merge-into` change values of it, `ksecrets seal import --from bitnami` makes it one of ours",
                self.title()
            ),
        }
    }

    /// The sealed object of a file that is meant, ours or Bitnami's.
    pub(super) fn one(&self, which: &WhichArguments) -> anyhow::Result<(Place, Found)> {
        let named = |(place, found): (Place, Found)| found.called().map(|called| (called, (place, found)));
        let (names, mut all): (Vec<_>, Vec<_>) = self.objects()?.into_iter().filter_map(named).unzip();
        Ok(all.swap_remove(which.choose(&self.title(), &names)?))
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
        io::stdout().lock().write_all(self.file.text().as_bytes()).context("cannot write to standard output")
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
            return Ok(Self::Plain(Box::new(PlainSecret::of(object)?), PlainSecret::left_out(object)));
        }
        Ok(Self::Other(name_of(object)))
    }

    /// What a sealed object is called; none for others.
    fn called(&self) -> Option<Called> {
        match self {
            Self::Sealed(sealed) => {
                Some(Called { namespace: sealed.namespace().map(str::to_owned), name: sealed.name().to_owned() })
            }
            Self::Bitnami(theirs) => Some(theirs.called()),
            Self::Plain(..) | Self::Other(_) => None,
        }
    }
}

/// What is wrong with a field that stands there for the second time.
pub(super) fn twice(key: Node<'_>) -> String {
    format!("{} stands there twice, and kubectl takes the last: remove one", key.as_str().unwrap_or_default())
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
    super::update::update(file, &place.clone().key("spec"), &before["spec"], &after["spec"])
}

/// Saves files side by side: each waits for the disk, and there may be thousands. What cannot be saved is as it was.
pub(super) fn save_all(all: &[&Manifests]) -> anyhow::Result<()> {
    const AT_ONCE: usize = 16;
    let next = AtomicUsize::new(0);
    let work = || -> anyhow::Result<()> {
        while let Some(manifests) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            manifests.save()?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE.min(all.len())).map(|_| scope.spawn(work)).collect();
        // Every worker is waited for, whatever one of them says.
        let saved: Vec<_> =
            workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic))).collect();
        saved.into_iter().collect()
    })
}

/// The files that paths name, each once: folders are looked through, and what they leave out of git is left out.
pub(super) fn walk(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    walked(paths, true)
}

/// The same with what ignore files leave out, and whatever the files are called: whoever can add a line or rename a file
/// must not decide what is looked at.
pub(super) fn walk_all(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    walked(paths, false)
}

/// Whether a file is called as manifests are.
pub(super) fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

fn walked(paths: &[PathBuf], ignore_files: bool) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let mut walk = WalkBuilder::new(path);
        walk.standard_filters(ignore_files).hidden(false).require_git(false).sort_by_file_path(Path::cmp);
        // What git itself keeps is no file of the repository.
        walk.filter_entry(|entry| entry.file_name() != ".git");
        for entry in walk.build() {
            let entry = entry?;
            if (!ignore_files || is_manifest(entry.path())) && entry.file_type().is_some_and(|kind| kind.is_file()) {
                let path = entry.into_path();
                files.push(path.strip_prefix("./").map(Path::to_path_buf).unwrap_or(path));
            }
        }
    }
    let mut seen = HashSet::new();
    // By name: a link to a file may be judged by the rules of another path than the file.
    files.retain(|path| seen.insert(std::path::absolute(path).unwrap_or_else(|_| path.clone())));
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_named_twice_is_there_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.yaml");
        fs::write(&file, "").unwrap();
        let again = folder.path().join(".").join("a.yaml");
        assert_eq!(walk(&[file.clone(), again, folder.path().to_path_buf()]).unwrap(), [file]);
    }

    #[test]
    fn endings_count_in_either_case() {
        assert!(
            is_manifest(Path::new("A.YAML")) && is_manifest(Path::new("b.Json")) && is_manifest(Path::new("c.yml"))
        );
        assert!(!is_manifest(Path::new("yaml")) && !is_manifest(Path::new("a.txt")));
    }
}
