//! What to do with a file once it is open, wherever it came from: text, archive or binary.

use std::fs::File;
use std::io::{self, Read};

use super::archive::{self, Budget, Format};
use super::text::{Charset, Scratch};
use super::{Options, Sink};
use crate::model::Skipped;

/// A file, or a member of an archive.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    /// The path to show.
    pub(super) path: &'a str,
    /// Its size, where that is known before it is read.
    pub(super) size: Option<u64>,
    /// Archives it lies in.
    pub(super) level: u8,
    /// What those archives may still cost.
    pub(super) budget: Option<&'a Budget>,
}

/// The bytes of an item.
pub(super) enum Input<'a> {
    /// A file, which can be read again from its start.
    File(&'a mut File),
    /// Bytes that pass by once.
    Stream(&'a mut dyn Read),
}

impl Input<'_> {
    pub(super) fn reader(&mut self) -> &mut dyn Read {
        match self {
            Self::File(file) => *file,
            Self::Stream(stream) => *stream,
        }
    }
}

/// A sink with the buffers of its worker.
pub(super) struct Scanner<'a, S> {
    pub(super) sink: S,
    pub(super) options: &'a Options,
    pub(super) scratch: Scratch,
}

impl<'a, S: Sink> Scanner<'a, S> {
    pub(super) const fn new(sink: S, options: &'a Options) -> Self {
        Self { sink, options, scratch: Scratch::new() }
    }

    /// Hands an item over.
    ///
    /// # Errors
    /// When the item itself cannot be read to its end. What came before has been handed over, and what is wrong
    /// inside an archive has been told to the sink.
    pub(super) fn content(&mut self, item: Item<'_>, mut input: Input<'_>) -> io::Result<()> {
        // What is unpacked is checked at its end, which must be seen.
        let size = item.size.filter(|_| matches!(input, Input::File(_)));
        self.scratch.begin(input.reader(), size)?;
        self.begun(item, input)
    }

    /// Hands over an item whose head is in the buffer already.
    pub(super) fn begun(&mut self, item: Item<'_>, mut input: Input<'_>) -> io::Result<()> {
        let head = self.scratch.head();
        let format = Format::of(head);
        let charset = Charset::of(head);
        match (format, charset) {
            (Some(_), _) if !self.options.archives => self.sink.binary(item.path),
            (None, None) => self.sink.binary(item.path),
            // Checked only now: that a binary file is large takes nothing away from a scan.
            _ if item.size.unwrap_or(head.len() as u64) > self.limit(item) => {
                self.skip(item.path, self.too_large(item))
            }
            (Some(format), _) => return self.archive(item, format, input),
            (None, Some(charset)) => return self.text(item, charset, input.reader()),
        }
        Ok(())
    }

    /// Reads at most the limit: the size may be unknown, and a file may grow while it is read.
    fn text(&mut self, item: Item<'_>, charset: Charset, reader: &mut dyn Read) -> io::Result<()> {
        let held = self.scratch.head().len() as u64;
        let mut rest = reader.take(self.limit(item).saturating_sub(held));
        self.scratch.scan(item.path, charset, &mut rest, &mut self.sink)?;
        if rest.limit() == 0 && rest.into_inner().read(&mut [0])? > 0 {
            let reason = format!("{}: only what lies before was read", self.too_large(item));
            self.skip(item.path, reason);
        }
        Ok(())
    }

    /// Most bytes an item may have.
    pub(super) fn limit(&self, item: Item<'_>) -> u64 {
        let most = if item.level == 0 { u64::MAX } else { archive::MAX_MEMBER };
        most.min(self.options.max_file_size)
    }

    /// The reason to skip an item over the limit.
    pub(super) fn too_large(&self, item: Item<'_>) -> String {
        let limit = self.limit(item);
        let option = if limit == self.options.max_file_size { "--max-file-size" } else { "what is read of a member" };
        format!("larger than {option} ({})", amount(limit))
    }

    /// Tells the sink that something was not read.
    pub(super) fn skip(&mut self, path: &str, reason: impl Into<String>) {
        self.sink.skip(Skipped { place: path.to_owned(), reason: reason.into(), unread: true });
    }
}

/// What to say of a file that cannot be read. The kind only: what the system says varies with its language.
pub(super) fn unreadable(error: &io::Error) -> String {
    format!("cannot be read: {}", error.kind())
}

/// A number of bytes for people.
fn amount(bytes: u64) -> String {
    match bytes {
        0 => "0 bytes".to_owned(),
        _ if bytes.is_multiple_of(1 << 30) => format!("{} GiB", bytes >> 30),
        _ if bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ if bytes.is_multiple_of(1 << 10) => format!("{} KiB", bytes >> 10),
        _ => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Seen, options};
    use super::*;

    #[test]
    fn amounts_are_exact() {
        let said: Vec<String> = [0, 1, 1024, 5 << 20, 1 << 30, (1 << 20) + 1].into_iter().map(amount).collect();
        assert_eq!(said, ["0 bytes", "1 bytes", "1 KiB", "5 MiB", "1 GiB", "1048577 bytes"]);
    }

    #[test]
    fn a_file_that_shrank_or_grew_is_read_as_it_is() {
        let options = Options { max_file_size: 8, ..options() };
        for (size, bytes, text) in [(8, &b"abc"[..], Some("abc")), (3, b"abcdef", Some("abcdef")), (9, b"abc", None)] {
            let (mut seen, mut bytes) = (Seen::default(), bytes);
            let item = Item { path: "f", size: Some(size), level: 0, budget: None };
            Scanner::new(&mut seen, &options).content(item, Input::Stream(&mut bytes)).unwrap();
            assert_eq!(seen.blobs.first().map(|blob| blob.1.as_str()), text);
            assert_eq!(seen.skipped.len(), usize::from(text.is_none()));
        }
    }
}
