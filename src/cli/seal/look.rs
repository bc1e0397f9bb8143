//! Looks through files for objects, on all cores: there may be ten thousand of them.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{self, Read as _};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use ksecrets::manifest::{Node, Object, Tree, documents, mask_actions};
use ksecrets::seal::document::{EditError, File};
use ksecrets::source::decode;

use super::files::is_manifest;

/// The kind of sealed objects, ours and Bitnami's.
pub(super) const SEALED: &str = "SealedSecret";

/// What was seen in a file.
pub(super) struct Looked<T> {
    pub(super) path: PathBuf,
    pub(super) seen: Vec<T>,
    /// What could not be read, and why.
    pub(super) unread: Vec<String>,
    pub(super) bytes: usize,
}

impl<T> Looked<T> {
    pub(super) fn unread(path: &Path, reason: String) -> Self {
        Self { path: path.to_path_buf(), seen: Vec::new(), unread: vec![reason], bytes: 0 }
    }
}

/// What `each` says of the documents in files, in the order of the files. `paths` are those that the user named.
pub(super) fn look<T: Send>(
    paths: &[PathBuf],
    files: &[PathBuf],
    each: impl Fn(&Path, &Text<'_>, &Tree<'_>) -> Vec<T> + Sync,
) -> Vec<Looked<T>> {
    let (next, each) = (AtomicUsize::new(0), &each);
    let named: HashSet<&Path> = paths.iter().map(PathBuf::as_path).collect();
    let known = |path: &Path| match named.contains(path) {
        _ if is_stdin(path) || is_manifest(path) => Known::ByName,
        true => Known::Named,
        false => Known::No,
    };
    let work = || {
        let mut looked = Vec::new();
        while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)).map(PathBuf::as_path) {
            looked.push(file(path, known(path), each));
        }
        looked
    };
    let workers = thread::available_parallelism().map_or(1, usize::from).min(files.len().max(1));
    let mut looked: Vec<Looked<T>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    let place: HashMap<_, _> = files.iter().enumerate().map(|(at, path)| (path, at)).collect();
    looked.sort_by_key(|one| place.get(&one.path).copied());
    looked
}

/// A text with its line breaks, which places in it are counted by.
pub(super) struct Text<'t> {
    pub(super) all: &'t str,
    breaks: Vec<usize>,
}

impl<'t> Text<'t> {
    pub(super) fn new(all: &'t str) -> Self {
        Self { all, breaks: memchr::memchr_iter(b'\n', all.as_bytes()).collect() }
    }

    /// The number of a byte's line, from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.breaks.partition_point(|end| *end < at) + 1
    }

    /// Bytes before a place on its line.
    pub(super) fn column(&self, at: usize) -> usize {
        let before = self.line(at).checked_sub(2).and_then(|line| self.breaks.get(line));
        at - before.map_or(0, |end| end + 1)
    }

    /// What its line has from a place on.
    pub(super) fn rest_of_line(&self, at: usize) -> &'t str {
        self.all[at..self.breaks.get(self.line(at) - 1).copied().unwrap_or(self.all.len())].trim_end_matches('\r')
    }
}

/// Who says that a file is one of manifests.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    ByName,
    /// The user named the file itself.
    Named,
    /// It may be anything.
    No,
}

fn file<T>(path: &Path, known: Known, each: impl Fn(&Path, &Text<'_>, &Tree<'_>) -> Vec<T>) -> Looked<T> {
    let mut looked = Looked { path: path.to_path_buf(), seen: Vec::new(), unread: Vec::new(), bytes: 0 };
    let text = match read(path, known) {
        Ok(Content::Text(text)) => text,
        Ok(Content::Other) => return looked,
        Ok(Content::Damaged) => {
            looked.unread.push(damaged(path));
            return looked;
        }
        Err(error) => {
            looked.unread.push(format!("cannot read {}: {error}", path.display()));
            return looked;
        }
    };
    looked.bytes = text.len();
    // Most files of a repository are about something else, and need not be valid for us.
    if !mentions(&text, SEALED) {
        return looked;
    }
    // Only the beginning decides whether it is text, and nothing that reads manifests takes these.
    if known != Known::No && text.contains('\0') {
        looked.unread.push(damaged(path));
        return looked;
    }
    let file = File::new(text);
    let (text, trees): (_, Vec<_>) = (Text::new(file.text()), file.trees().collect());
    if known != Known::ByName && trees.iter().any(|(range, tree)| is_prose(&text.all[range.clone()], tree)) {
        // An example in a text for people deploys nowhere: whatever reads manifests refuses such a file.
        let why = "is no manifest but text that speaks of SealedSecrets: nothing in it was verified";
        looked.unread.extend((known == Known::Named).then(|| format!("{} {why}", path.display())));
        return looked;
    }
    for (range, tree) in trees {
        match tree {
            Ok(tree) => looked.seen.extend(each(path, &text, &tree)),
            Err(error) if known == Known::ByName => looked.unread.push(format!("{}: {error}", path.display())),
            Err(_) if is_templated(&text.all[range]) => looked
                .unread
                .push(format!("{}: a SealedSecret in a template: render it, and verify the result", path.display())),
            Err(_) => {}
        }
    }
    looked
}

/// Whether a document of a file that may be anything is none: to YAML it is nothing, or one long word, and so it would be
/// if it were a template.
fn is_prose(text: &str, tree: &Result<Tree<'_>, EditError>) -> bool {
    let is_word = |tree: &Tree<'_>| tree.root().is_some_and(Node::is_scalar);
    match tree {
        Ok(tree) => is_word(tree),
        Err(_) => {
            mask_actions(text).is_none_or(|masked| documents(&masked).any(|tree| tree.as_ref().map_or(true, is_word)))
        }
    }
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// Whether a text may have an object of a kind: the word stands there, as it is or with characters written as escapes.
pub(super) fn mentions(text: &str, kind: &str) -> bool {
    text.contains(kind) || text.contains('\\') && unescaped(text).contains(kind)
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
    documents(&masked).flatten().any(|tree| Object::all(&tree).iter().any(|object| object.kind == SEALED))
}

/// What is in a file.
enum Content {
    Text(String),
    /// No text, or too large to be one of manifests without being called so.
    Other,
    /// It should be one of manifests, speaks of sealed objects and is no text.
    Damaged,
}

fn damaged(path: &Path) -> String {
    format!(
        "{} speaks of SealedSecrets and is no text: it has bytes of zero, as after a crash, or is in UTF-16 without a mark or \
         in UTF-32. Nothing in it was verified",
        path.display()
    )
}

fn read(path: &Path, known: Known) -> io::Result<Content> {
    const HEAD: u64 = 8 << 10;
    const LARGEST: u64 = 64 << 20;
    let mut bytes = Vec::new();
    if is_stdin(path) {
        io::stdin().lock().read_to_end(&mut bytes)?;
        return Ok(content(bytes, known));
    }
    let mut file = fs::File::open(path)?;
    if known != Known::ByName && file.metadata()?.len() > LARGEST {
        return Ok(Content::Other);
    }
    if known == Known::No {
        // What is built lies in the same folders, and may be gigabytes.
        (&mut file).take(HEAD).read_to_end(&mut bytes)?;
        if decode(bytes.clone()).is_none() {
            return Ok(Content::Other);
        }
    }
    file.read_to_end(&mut bytes)?;
    Ok(content(bytes, known))
}

fn content(bytes: Vec<u8>, known: Known) -> Content {
    // What is not taken for text has a zero.
    let damaged = known != Known::No && bytes.contains(&0) && speaks(&bytes);
    match decode(bytes) {
        Some(text) => Content::Text(text),
        None if damaged => Content::Damaged,
        None => Content::Other,
    }
}

/// Whether bytes that are no text have the word, in whatever width of characters.
fn speaks(bytes: &[u8]) -> bool {
    let letters: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
    memchr::memmem::find(&letters, SEALED.as_bytes()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_by_lines() {
        let text = Text::new("ab\nc\r\n\n  d");
        let seen = |at: usize| (text.line(at), text.column(at), text.rest_of_line(at));
        assert_eq!([seen(0), seen(1), seen(2)], [(1, 0, "ab"), (1, 1, "b"), (1, 2, "")]);
        assert_eq!([seen(3), seen(6), seen(9)], [(2, 0, "c"), (3, 0, ""), (4, 2, "d")]);
        assert_eq!((Text::new("").line(0), Text::new("").rest_of_line(0)), (1, ""));
    }

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
            assert!(mentions(text, SEALED), "{text}");
        }
        for text in ["kind: Secret", r#""Sealed\\u0053ecret""#, r"\", r"\u", r"\u00", r"\uD800x", "\\ä\\\n"] {
            assert!(!mentions(text, SEALED), "{text}");
        }
    }
}
