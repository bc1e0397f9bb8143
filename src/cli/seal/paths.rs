//! Paths as they are written, and where they really lead.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// A path as seen from a folder; none when it lies elsewhere.
pub(super) fn below(folder: &Path, path: &Path) -> Option<PathBuf> {
    path.strip_prefix(folder).ok().map(Path::to_path_buf)
}

/// The whole of a path as it is written, without `..`.
pub(super) fn plain(path: &Path) -> Option<PathBuf> {
    Some(join(PathBuf::new(), &absolute(path)?))
}

/// Where a path leads when links are followed. What is not there yet has none.
pub(super) fn real(path: &Path) -> Option<PathBuf> {
    let path = absolute(path)?;
    path.ancestors().find_map(|there| {
        let rest = path.strip_prefix(there).ok()?;
        Some(join(fs::canonicalize(there).ok()?, rest))
    })
}

fn absolute(path: &Path) -> Option<PathBuf> {
    // An empty path is this folder; the system has no word for that.
    std::path::absolute(if path.as_os_str().is_empty() { Path::new(".") } else { path }).ok()
}

fn join(mut path: PathBuf, rest: &Path) -> PathBuf {
    for part in rest.components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            Component::CurDir => {}
            part => path.push(part),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_the_folder_of_the_configuration() {
        let seen = |folder: &str, path: &str| {
            let by = |way: fn(&Path) -> Option<PathBuf>| below(&way(Path::new(folder))?, &way(Path::new(path))?);
            assert_eq!(by(plain), by(real), "none of these is a link");
            by(real)
        };
        assert_eq!(seen("", "a/b.yaml"), Some("a/b.yaml".into()));
        assert_eq!(seen("", "./a/../b.yaml"), Some("b.yaml".into()));
        assert_eq!(seen("x", "x/a.yaml"), Some("a.yaml".into()));
        assert_eq!(seen("x", "x/../a.yaml"), None);
        assert_eq!(seen("..", "a.yaml").map(|path| path.ends_with("a.yaml")), Some(true));
    }
}
