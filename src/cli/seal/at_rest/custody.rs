//! Who else has the keys of a configuration: its mode, and what lies beside a snapshot.

use std::fs;
use std::path::Path;

#[cfg(unix)]
use ksecrets::atrest::Access;
use ksecrets::atrest::Inquiry;

use super::shown;

/// Folders of a control plane. Elsewhere a file is a copy, or in a repository, where other modes are right; and that it
/// holds keys there is a finding of `ksecrets hunt`.
const IN_PLACE: [&str; 2] = ["/etc", "/var/lib"];

/// Most files beside a snapshot that are looked at, and most bytes of one.
const MOST_FILES: usize = 1000;
const MOST_BYTES: u64 = 1 << 20;

/// Looks at owner, group and mode of a configuration, where an API server reads it.
pub(super) fn of_configuration(inquiry: &mut Inquiry, path: &Path, text: &str) {
    #[cfg(unix)]
    if let (Ok(real), Ok(metadata)) = (path.canonicalize(), fs::metadata(path))
        && is_in_place(&real)
    {
        use std::os::unix::fs::MetadataExt as _;
        inquiry.custody(&shown(path), text, metadata.mode(), (metadata.uid(), metadata.gid()));
    }
}

#[cfg(unix)]
fn is_in_place(real: &Path) -> bool {
    let in_git = real.ancestors().skip(1).any(|folder| folder.join(".git").exists());
    IN_PLACE.iter().any(|folder| real.starts_with(folder)) && !in_git
}

/// Looks at who gets at a database, where etcd or k3s keeps it.
pub(super) fn of_database(inquiry: &mut Inquiry, path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let access = |path: &Path| {
            let metadata = fs::metadata(path).ok()?;
            Some(Access { mode: metadata.mode(), owner: metadata.uid(), group: metadata.gid() })
        };
        let real = path.canonicalize().ok().filter(|real| is_in_place(real));
        let seen = real.and_then(|real| {
            let folders: Option<Vec<Access>> = real.ancestors().skip(1).map(access).collect();
            Some((access(&real)?, folders?))
        });
        if let Some((file, folders)) = seen {
            inquiry.database_custody(&shown(path), file, &folders);
        }
    }
}

/// Looks for keys in the folder of a snapshot.
pub(super) fn of_snapshot(inquiry: &mut Inquiry, snapshot: &Path) {
    let folder = snapshot.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(files) = fs::read_dir(folder) else { return };
    let mut paths: Vec<_> = files.take(MOST_FILES).flatten().map(|file| file.file_name()).collect();
    paths.sort_unstable();
    for path in paths.iter().map(|name| snapshot.with_file_name(name)) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("static_kuberesources") {
            inquiry.beside_static_resources(&shown(snapshot), &shown(&path));
        }
        let likely = [".yaml", ".yml", ".json", ".conf"].iter().any(|end| name.ends_with(end));
        let small = fs::metadata(&path).is_ok_and(|metadata| metadata.is_file() && metadata.len() <= MOST_BYTES);
        if likely
            && small
            && let Ok(text) = fs::read_to_string(&path)
        {
            inquiry.beside(&shown(snapshot), &shown(&path), &text);
        }
    }
}
