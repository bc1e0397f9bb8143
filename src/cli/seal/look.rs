//! Looks through files for objects, on all cores: there may be ten thousand of them.

use std::fs;
use std::io::{self, Read as _};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use ksecrets::manifest::Object;
use ksecrets::seal::document::File;

use super::files::walk_all;

/// What was seen in a file.
pub(super) struct Looked<T> {
    pub(super) path: PathBuf,
    pub(super) seen: Vec<T>,
    /// What could not be read, and why.
    pub(super) unread: Vec<String>,
    pub(super) bytes: usize,
}

/// What `each` says of the objects in files and folders, in the order of the files.
pub(super) fn look<T: Send>(
    paths: &[PathBuf],
    each: impl Fn(&Path, &str, &Object<'_>) -> Option<T> + Sync,
) -> anyhow::Result<Vec<Looked<T>>> {
    let files = walk_all(paths)?;
    let (next, files, each) = (AtomicUsize::new(0), files.as_slice(), &each);
    let work = || {
        let mut looked = Vec::new();
        while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)).map(PathBuf::as_path) {
            looked.push(file(path, each));
        }
        looked
    };
    let workers = thread::available_parallelism().map_or(1, usize::from).min(files.len().max(1));
    let mut looked: Vec<Looked<T>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    let place: std::collections::HashMap<_, _> = files.iter().enumerate().map(|(at, path)| (path, at)).collect();
    looked.sort_by_key(|one| place.get(&one.path).copied());
    Ok(looked)
}

fn file<T>(path: &Path, each: impl Fn(&Path, &str, &Object<'_>) -> Option<T>) -> Looked<T> {
    let mut looked = Looked { path: path.to_path_buf(), seen: Vec::new(), unread: Vec::new(), bytes: 0 };
    let text = match read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return looked,
        Err(error) => {
            looked.unread.push(format!("cannot read {}: {error}", path.display()));
            return looked;
        }
    };
    looked.bytes = text.len();
    // Most files of a repository are about something else, and need not be valid for us.
    if !text.contains("SealedSecret") {
        return looked;
    }
    let file = File::new(text);
    for document in 0..file.documents().len() {
        match file.tree(document) {
            Ok(tree) => {
                looked.seen.extend(Object::all(&tree).iter().filter_map(|object| each(path, file.text(), object)));
            }
            Err(error) => looked.unread.push(format!("{}: {error}", path.display())),
        }
    }
    looked
}

fn read(path: &Path) -> io::Result<String> {
    if path != Path::new("-") {
        return fs::read_to_string(path);
    }
    let mut text = String::new();
    io::stdin().lock().read_to_string(&mut text)?;
    Ok(text)
}
