//! Looks through files for objects, on all cores: there may be ten thousand of them.

use std::fs;
use std::io::{self, Read as _};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use ksecrets::manifest::{Object, documents, mask_actions};
use ksecrets::seal::document::File;
use ksecrets::source::decode;

use super::files::{is_manifest, walk_all};

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
    let named = |path: &Path| paths.iter().any(|named| named == path);
    let work = || {
        let mut looked = Vec::new();
        while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)).map(PathBuf::as_path) {
            looked.push(file(path, is_stdin(path) || is_manifest(path) || named(path), each));
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

/// `known`: whether it is a manifest by its name, or the user says so. Others may be anything: prose, say.
fn file<T>(path: &Path, known: bool, each: impl Fn(&Path, &str, &Object<'_>) -> Option<T>) -> Looked<T> {
    let mut looked = Looked { path: path.to_path_buf(), seen: Vec::new(), unread: Vec::new(), bytes: 0 };
    let text = match read(path) {
        Ok(Some(text)) => text,
        Ok(None) => return looked,
        Err(error) => {
            looked.unread.push(format!("cannot read {}: {error}", path.display()));
            return looked;
        }
    };
    looked.bytes = text.len();
    // Most files of a repository are about something else, and need not be valid for us.
    if !mentions(&text) {
        return looked;
    }
    let file = File::new(text);
    for (document, range) in file.documents().into_iter().enumerate() {
        match file.tree(document) {
            Ok(tree) => {
                looked.seen.extend(Object::all(&tree).iter().filter_map(|object| each(path, file.text(), object)));
            }
            Err(error) if known => looked.unread.push(format!("{}: {error}", path.display())),
            Err(_) if is_templated(&file.text()[range]) => looked
                .unread
                .push(format!("{}: a SealedSecret in a template: render it, and verify the result", path.display())),
            Err(_) => {}
        }
    }
    looked
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// Whether a text may have a sealed object: the word stands there, as it is or with characters written as escapes.
fn mentions(text: &str) -> bool {
    const KIND: &str = "SealedSecret";
    text.contains(KIND) || text.contains('\\') && unescaped(text).contains(KIND)
}

/// A text with the escapes of JSON and YAML undone, wherever they stand.
fn unescaped(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let digits = match after.as_bytes().first() {
            Some(b'x') => 2,
            Some(b'u') => 4,
            Some(b'U') => 8,
            _ => 0,
        };
        let code = after.get(1..=digits).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let mut others = after.chars();
        (rest, out) = match (code.and_then(char::from_u32), others.next()) {
            (Some(c), _) => (&after[1 + digits..], out + c.encode_utf8(&mut [0; 4])),
            // In YAML the white space at the beginning of the next line goes with the break.
            (None, Some('\r' | '\n')) => (after.trim_start(), out),
            (None, Some(c)) => (others.as_str(), out + c.encode_utf8(&mut [0; 4])),
            (None, None) => (after, out),
        };
    }
    out + rest
}

/// Whether a document that is not YAML would have a sealed object if its template actions were not there.
fn is_templated(text: &str) -> bool {
    let Some(masked) = mask_actions(text) else { return false };
    documents(&masked).flatten().any(|tree| Object::all(&tree).iter().any(|object| object.kind == "SealedSecret"))
}

/// The text of a file; none when it is no text, or too large to be one of manifests without being called so.
fn read(path: &Path) -> io::Result<Option<String>> {
    const HEAD: u64 = 8 << 10;
    const LARGEST: u64 = 64 << 20;
    let mut bytes = Vec::new();
    if is_stdin(path) {
        io::stdin().lock().read_to_end(&mut bytes)?;
        return Ok(decode(bytes));
    }
    let mut file = fs::File::open(path)?;
    if !is_manifest(path) {
        if file.metadata()?.len() > LARGEST {
            return Ok(None);
        }
        // What is built lies in the same folders, and may be gigabytes.
        (&mut file).take(HEAD).read_to_end(&mut bytes)?;
        if decode(bytes.clone()).is_none() {
            return Ok(None);
        }
    }
    file.read_to_end(&mut bytes)?;
    Ok(decode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_hide_nothing() {
        for text in [
            "kind: SealedSecret",
            r#"{"kind":"Sealed\u0053ecret"}"#,
            r#""\x53\x65aled\U00000053ecret""#,
            "\"Sealed\\\n    Secret\"",
            "\"Sealed\\\r\n\tSecret\"",
            r#"'C:\' "\u0053ealedSecret""#,
        ] {
            assert!(mentions(text), "{text}");
        }
        for text in ["kind: Secret", r#""Sealed\\u0053ecret""#, r"\", r"\u", r"\u00", r"\uD800x", "\\ä\\\n"] {
            assert!(!mentions(text), "{text}");
        }
    }
}
