//! A folder that the user alone can enter, with one file for an editor. What is left in it is overwritten and removed.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::keygen::create;
use super::say;

/// A file for an editor, in a folder of its own.
pub(super) struct Private {
    /// None once it is gone.
    folder: Option<TempDir>,
    path: PathBuf,
    /// What was handed out. Editors that save by renaming leave these without a name, or with another.
    handed_out: Vec<File>,
}

impl Private {
    /// Makes the folder, in memory where the system has a place for that.
    pub(super) fn new(file: &str) -> anyhow::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("ksecrets-");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let folder = in_memory().find_map(|place| builder.tempdir_in(place).ok());
        let folder = folder.map_or_else(|| builder.tempdir(), Ok).context("cannot make a private folder")?;
        let path = folder.path().join(file);
        Ok(Self { folder: Some(folder), path, handed_out: Vec::new() })
    }

    /// Where the file is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts a new file there, and wipes what was.
    pub(super) fn put(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.wipe().context("cannot wipe what was edited")?;
        create(&self.path, bytes)?;
        // Elsewhere an open file cannot be renamed, and is not left behind by that.
        #[cfg(unix)]
        self.handed_out.push(OpenOptions::new().write(true).open(&self.path)?);
        Ok(())
    }

    /// What the file says now.
    pub(super) fn get(&self) -> io::Result<Zeroizing<Vec<u8>>> {
        fs::read(&self.path).map(Zeroizing::new)
    }

    /// Overwrites and removes everything in the folder, and what was handed out wherever it is.
    fn wipe(&mut self) -> io::Result<()> {
        let handed_out = self.handed_out.drain(..).map(|mut file| wipe(&mut file)).fold(Ok(()), io::Result::and);
        handed_out.and(self.folder.as_ref().map_or(Ok(()), |folder| empty(folder.path())))
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        let wiped = self.wipe();
        let Some(folder) = self.folder.take() else { return };
        let path = folder.path().to_path_buf();
        if let Err(error) = wiped.and(folder.close()) {
            say(&format!("cannot wipe {}, which holds what was edited: remove it ({error})", path.display()));
        }
    }
}

/// Folders that are kept in memory, so that what is wiped is gone. The first belongs to the user's session.
fn in_memory() -> impl Iterator<Item = PathBuf> {
    let of_session = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    of_session.into_iter().chain(cfg!(target_os = "linux").then(|| PathBuf::from("/dev/shm")))
}

/// Overwrites and removes what is in a folder. One failure does not spare the rest.
fn empty(folder: &Path) -> io::Result<()> {
    let mut done = Ok(());
    for entry in fs::read_dir(folder)? {
        let gone = entry.and_then(|entry| remove(&entry.path(), entry.file_type()?));
        done = done.and(gone);
    }
    done
}

/// Links are not followed: what they lead to is not the editor's own. Pipes and sockets hold nothing.
fn remove(path: &Path, kind: fs::FileType) -> io::Result<()> {
    if kind.is_dir() {
        return empty(path).and(fs::remove_dir(path));
    }
    let wiped = if kind.is_file() { opened(path).and_then(|mut file| wipe(&mut file)) } else { Ok(()) };
    wiped.and(fs::remove_file(path))
}

fn opened(path: &Path) -> io::Result<File> {
    let open = || OpenOptions::new().write(true).open(path);
    open().or_else(|error| {
        // Backups keep the mode of their file, and some editors make theirs read-only.
        #[cfg(unix)]
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        if cfg!(unix) { open() } else { Err(error) }
    })
}

/// Overwrites a file, unless it has another name too: then it is somebody's, and removing ours is all that may be done. Of
/// two names in the folder the second is the last.
fn wipe(file: &mut File) -> io::Result<()> {
    if is_linked(file)? { Ok(()) } else { overwrite(file) }
}

#[cfg(unix)]
fn is_linked(file: &File) -> io::Result<bool> {
    Ok(std::os::unix::fs::MetadataExt::nlink(&file.metadata()?) > 1)
}

#[cfg(not(unix))]
fn is_linked(_: &File) -> io::Result<bool> {
    Ok(false)
}

/// Zeros instead of what a file holds. On disks that move blocks about a copy may stay all the same.
fn overwrite(file: &mut File) -> io::Result<()> {
    const ZEROS: [u8; 8192] = [0; 8192];
    let mut left = file.metadata()?.len();
    file.rewind()?;
    while left > 0 {
        let part = usize::try_from(left).unwrap_or(usize::MAX).min(ZEROS.len());
        file.write_all(&ZEROS[..part])?;
        left -= part as u64;
    }
    file.sync_all()
}
