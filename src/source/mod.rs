//! Where text comes from: files and directories, archives, standard input.
//!
//! A source hands each text to a [`Sink`] as a [`Blob`] and says of everything else why it was not read. Memory does
//! not grow with what is read: a file that is too large to hold comes in windows that overlap. Nothing here knows
//! what a secret is, and nothing here writes.

mod archive;
pub mod cluster;
mod content;
mod path;
mod stdin;
mod text;

use std::io;

use crate::model::Skipped;

pub use path::walk;
pub use stdin::stdin;
pub use text::decode;

/// Text to scan: a whole file, or one window of a file too large to hold.
#[derive(Clone, Copy, Debug)]
pub struct Blob<'a> {
    /// The file as the user named it, with `/` between its parts; members of archives as `chart.tgz!/values.yaml`.
    pub path: &'a str,
    /// The text: any byte-order mark dropped, line ends kept, what is not valid replaced by U+FFFD.
    pub text: &'a str,
    /// Where the text lies in its file.
    pub window: Window,
    /// Bytes of the source this blob stands for, to count once: what windows share is counted in one of them only.
    pub bytes: u64,
}

/// Where a window lies in its file. A whole file has `Window::default()`; the first window of a file, whole or not,
/// is the only one with neither lines nor characters before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Lines before it.
    pub line: u32,
    /// Characters of its first line that lie before it.
    pub column: u32,
    /// Bytes at its end that the next window repeats: a match that starts in them is the next window's. 0 for the last.
    pub overlap: usize,
    /// Whether it is not the whole file.
    pub partial: bool,
}

/// An object of a running cluster.
#[derive(Clone, Copy, Debug)]
pub struct Live<'a> {
    /// `Deployment prod/api`.
    pub title: &'a str,
    /// The plural name of its kind, as rights have it: `deployments`.
    pub resource: &'a str,
    /// The object as JSON.
    pub text: &'a str,
}

/// Takes what a source finds. Each worker thread has its own.
pub trait Sink {
    /// Takes text to scan. The windows of one file come one after the other, to one sink.
    fn blob(&mut self, blob: Blob<'_>);
    /// Takes an object of a cluster.
    fn object(&mut self, live: Live<'_>);
    /// Takes note of something that was not read, or not in full.
    fn skip(&mut self, skipped: Skipped);
    /// Takes note of a binary file, which holds no text.
    fn binary(&mut self, path: &str);
}

impl<S: Sink + ?Sized> Sink for &mut S {
    fn blob(&mut self, blob: Blob<'_>) {
        (**self).blob(blob);
    }

    fn object(&mut self, live: Live<'_>) {
        (**self).object(live);
    }

    fn skip(&mut self, skipped: Skipped) {
        (**self).skip(skipped);
    }

    fn binary(&mut self, path: &str) {
        (**self).binary(path);
    }
}

/// What to read and what not.
#[derive(Clone, Debug)]
pub struct Options {
    /// Worker threads; 0 for as many as there are processors.
    pub jobs: usize,
    /// Honours `.gitignore`, `.ignore` and `.git/info/exclude`. The ignore file of the user's home is never honoured:
    /// the same tree must give the same report everywhere.
    pub ignore_files: bool,
    /// A text or archive of more bytes is not read. Binary files of any size are just that.
    pub max_file_size: u64,
    /// Paths to leave out, named or not: matched with the path as shown, and as seen from the directory walked.
    pub exclude: globset::GlobSet,
    /// Opens zip, gzip and tar files. Without it they are binary files.
    pub archives: bool,
}

/// Why a source could not do its work at all. What concerns a single file is a [`Skipped`] instead.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A path that was asked for does not exist: the user's error.
    #[error("{path}: no such file or directory")]
    Missing {
        /// The path as the user gave it.
        path: String,
    },
    /// Standard input broke off: the fault of what sends it. All that came before was scanned.
    #[error("cannot read standard input")]
    Stdin {
        /// What the system says.
        source: io::Error,
    },
}

#[cfg(test)]
mod testing {
    use super::*;

    /// A sink that remembers everything.
    #[derive(Default)]
    pub(super) struct Seen {
        pub(super) blobs: Vec<(String, String, Window, u64)>,
        pub(super) objects: Vec<(String, String)>,
        pub(super) skipped: Vec<Skipped>,
        pub(super) binaries: Vec<String>,
    }

    impl Sink for Seen {
        fn blob(&mut self, blob: Blob<'_>) {
            self.blobs.push((blob.path.to_owned(), blob.text.to_owned(), blob.window, blob.bytes));
        }

        fn object(&mut self, live: Live<'_>) {
            self.objects.push((live.title.to_owned(), live.text.to_owned()));
        }

        fn skip(&mut self, skipped: Skipped) {
            self.skipped.push(skipped);
        }

        fn binary(&mut self, path: &str) {
            self.binaries.push(path.to_owned());
        }
    }

    impl Seen {
        /// Paths of the blobs, sorted.
        pub(super) fn paths(&self) -> Vec<&str> {
            let mut paths: Vec<&str> = self.blobs.iter().map(|blob| blob.0.as_str()).collect();
            paths.sort_unstable();
            paths
        }

        /// The text of the only blob of a path.
        pub(super) fn text(&self, path: &str) -> &str {
            let mut found = self.blobs.iter().filter(|blob| blob.0 == path);
            let text = found.next().unwrap_or_else(|| panic!("{path} not among {:?}", self.paths())).1.as_str();
            assert!(found.next().is_none(), "{path} seen twice");
            text
        }

        /// The only reason given for a place.
        pub(super) fn reason(&self, place: &str) -> &str {
            let mut found = self.skipped.iter().filter(|skipped| skipped.place == place);
            let first = found.next().unwrap_or_else(|| panic!("{place} not among {:?}", self.skipped));
            assert!(found.next().is_none(), "{place} skipped twice: {:?}", self.skipped);
            assert!(first.unread);
            &first.reason
        }
    }

    pub(super) fn options() -> Options {
        Options {
            jobs: 2,
            ignore_files: true,
            max_file_size: 1 << 30,
            exclude: globset::GlobSet::empty(),
            archives: true,
        }
    }

    /// Bytes that no compressor makes smaller, without a NUL when `text` (then they are printable).
    pub(super) fn noise(length: usize, text: bool) -> Vec<u8> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        };
        (0..length).map(|_| if text { b'!' + next() % 94 } else { next() }).collect()
    }
}
