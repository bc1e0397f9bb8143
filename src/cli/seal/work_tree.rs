//! Files of other git work trees, such as submodules and clones: what the configuration of one says decides about its
//! files, whoever looks at them from outside.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::config::{Pin, SealConfig};
use super::keyring::Keyring;
use super::paths::real;

/// The configuration of the work tree that a file is of, where that is another than the one of this folder.
pub(super) fn other_config(path: &Path) -> anyhow::Result<Option<SealConfig>> {
    folder_of(path).map_or(Ok(None), |folder| config(&folder, own().as_deref()))
}

/// The other work trees that some files are of.
#[derive(Default)]
pub(super) struct Others {
    /// By folder; none where the configuration cannot be read.
    at: HashMap<PathBuf, Option<usize>>,
    pub(super) keyrings: Vec<Keyring>,
    /// Why files of other work trees are not judged.
    pub(super) unread: Vec<(PathBuf, String)>,
}

impl Others {
    /// Reads the configurations of the work trees of these files. They are held to the root of an argument too.
    pub(super) fn of<'p>(files: impl Iterator<Item = &'p Path>, pin: Option<&Pin>) -> Self {
        let (own, mut others) = (own(), Self::default());
        let (mut looked_at, mut known) = (HashMap::new(), HashMap::new());
        for file in files {
            let named = file.parent().unwrap_or(Path::new("")).to_path_buf();
            // A link counts as what it leads to.
            let folder = match fs::symlink_metadata(file).is_ok_and(|found| found.is_symlink()) {
                true => folder_of(file),
                false => looked_at.entry(named).or_insert_with_key(|named| real(named)).clone(),
            };
            let Some(folder) = folder.filter(|folder| !others.at.contains_key(folder)) else { continue };
            let found = match config(&folder, own.as_deref()) {
                Ok(None) => continue,
                Ok(Some(config)) => others.add(config, pin, &mut known),
                Err(error) => {
                    others.unread.push((file.to_path_buf(), format!("{error:#}")));
                    None
                }
            };
            others.at.insert(folder, found);
        }
        others
    }

    fn add(
        &mut self,
        config: SealConfig,
        pin: Option<&Pin>,
        known: &mut HashMap<String, Option<usize>>,
    ) -> Option<usize> {
        if let Some(found) = known.get(&config.place) {
            return *found;
        }
        let place = config.place.clone();
        let found = match Keyring::of_other(config, pin) {
            Ok(keyring) => {
                self.keyrings.push(keyring);
                Some(self.keyrings.len() - 1)
            }
            Err(error) => {
                self.unread.push((place.clone().into(), format!("{error:#}")));
                None
            }
        };
        known.insert(place, found);
        found
    }

    /// Which of them a file is of; none inside where that one is not known.
    pub(super) fn which(&self, path: &Path) -> Option<Option<usize>> {
        if self.at.is_empty() { None } else { self.at.get(&folder_of(path)?).copied() }
    }
}

fn folder_of(path: &Path) -> Option<PathBuf> {
    real(path)?.parent().map(Path::to_path_buf)
}

fn own() -> Option<PathBuf> {
    around(&real(Path::new(""))?)
}

/// The innermost work tree around a folder. One that is not the first of its repository has a file there.
fn around(folder: &Path) -> Option<PathBuf> {
    let has_git = |folder: &&Path| folder.join(".git").symlink_metadata().is_ok();
    folder.ancestors().find(has_git).map(Path::to_path_buf)
}

/// What decides in a folder of another work tree than our own. One that says nothing of sealing is part of ours.
fn config(folder: &Path, own: Option<&Path>) -> anyhow::Result<Option<SealConfig>> {
    match around(folder).filter(|tree| Some(tree.as_path()) != own) {
        Some(tree) => SealConfig::outermost(folder, &tree, real(Path::new("")).as_deref()),
        None => Ok(None),
    }
}
