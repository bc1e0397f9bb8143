//! Writes a file whole or not at all.

use std::fs::{self, File, Metadata};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Why a file was not written. It is then as it was.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {reason}; it is as it was", path.display())]
pub struct WriteError {
    /// The file.
    pub path: PathBuf,
    /// What stood against it.
    pub reason: Reason,
}

/// What stood against writing a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// It may not be written.
    #[error("it is read-only")]
    ReadOnly,
    /// A folder, a device, a pipe.
    #[error("it is not a regular file")]
    NotAFile,
    /// Somebody else wrote to it.
    #[error("it has changed since it was read")]
    Changed,
    /// What the system said.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Makes these the bytes of a file: they go to a temporary file beside it, which then takes its place. A link is followed
/// to what it names. The file keeps its mode, and its owner where that may be set.
///
/// `read` is what the edit started from; when the file holds something else by now, it is left alone. None for a file
/// that is not to be there yet.
///
/// # Errors
/// When it may not be written, has changed, or the disk is full. The file is then as it was.
pub fn write(path: &Path, read: Option<&[u8]>, bytes: &[u8]) -> Result<(), WriteError> {
    write_with(path, read, |file| file.write_all(bytes)).map_err(|reason| WriteError { path: path.to_owned(), reason })
}

fn write_with(path: &Path, read: Option<&[u8]>, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), Reason> {
    let Some(read) = read else { return create(path, fill) };
    let target = fs::canonicalize(path)?;
    let metadata = fs::metadata(&target)?;
    if !metadata.is_file() {
        return Err(Reason::NotAFile);
    }
    // A folder that may be written to would allow what the file's mode does not. Whoever may do anything is asked to
    // change the mode first, too.
    if metadata.permissions().readonly() || is_denied(&target)? {
        return Err(Reason::ReadOnly);
    }
    // Readable by its owner alone until it is whole.
    let mut temporary = temporary(folder(&target), 0o600)?;
    fill(temporary.as_file_mut())?;
    take_after(temporary.as_file(), &metadata)?;
    temporary.as_file().sync_all()?;
    if fs::read(&target)? != read {
        return Err(Reason::Changed);
    }
    temporary.persist(&target).map_err(|error| error.error)?;
    sync_folder(&target);
    Ok(())
}

/// A new file, never in place of another.
fn create(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), Reason> {
    let mut temporary = temporary(folder(path), 0o666)?;
    fill(temporary.as_file_mut())?;
    temporary.as_file().sync_all()?;
    temporary.persist_noclobber(path).map_err(|error| error.error)?;
    sync_folder(path);
    Ok(())
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn is_denied(path: &Path) -> io::Result<bool> {
    match File::options().append(true).open(path) {
        Ok(_) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => Ok(true),
        Err(error) => Err(error),
    }
}

/// A file beside the one to be written, with this mode less the umask. It is removed when it is dropped.
fn temporary(folder: &Path, mode: u32) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".ksecrets-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    #[cfg(not(unix))]
    let _ = mode;
    builder.tempfile_in(folder)
}

/// Gives a file the owner and mode of the one it is to replace. Where the group cannot be kept, it may do nothing: it
/// would be another group.
#[cfg(unix)]
fn take_after(file: &File, old: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
    let mut mode = old.permissions().mode() & 0o777;
    // The owner is the superuser's to change, the group also a member's.
    if fchown(file, Some(old.uid()), Some(old.gid())).is_err() && fchown(file, None, Some(old.gid())).is_err() {
        mode &= !0o070;
    }
    file.set_permissions(std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn take_after(file: &File, old: &Metadata) -> io::Result<()> {
    file.set_permissions(old.permissions())
}

/// Makes the new name last. Not every file system can; the bytes are safe by now.
fn sync_folder(path: &Path) {
    #[cfg(unix)]
    let _ = File::open(folder(path)).and_then(|folder| folder.sync_all());
    #[cfg(not(unix))]
    let _ = path;
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_file_keeps_its_mode_and_a_link_its_target() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("file", &link).unwrap();
        write(&link, Some(b"old"), b"new").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_fails_leaves_the_file_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "old").unwrap();
        let full = write_with(&file, Some(b"old"), |file| {
            file.write_all(b"half")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert!(matches!(full, Err(Reason::Io(_))));
        let changed = write(&file, Some(b"older"), b"new").unwrap_err().to_string();
        assert_eq!(
            changed,
            format!("cannot write {}: it has changed since it was read; it is as it was", file.display())
        );
        fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
        assert!(matches!(write(&file, Some(b"old"), b"new").unwrap_err().reason, Reason::ReadOnly));
        assert!(matches!(write(folder.path(), Some(b""), b"new").unwrap_err().reason, Reason::NotAFile));
        assert!(write(&file, None, b"new").is_err());
        assert_eq!(fs::read(&file).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_new_file_is_made() {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("file"), None, b"new").unwrap();
        assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"new");
    }
}
