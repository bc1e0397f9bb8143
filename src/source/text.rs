//! Bytes to text: charsets, whole files, windows of large ones.

use std::io::{self, Read};

use super::{Blob, Sink, Window};

/// Bytes read before it is decided what a file is. Most manifests fit, and then take one read and one for the end.
const HEAD: usize = 32 << 10;

/// A NUL among the first so many bytes makes a file binary, as git and grep have it.
const SNIFFED: usize = 8 << 10;

/// Files up to this size are held whole.
const WHOLE: usize = 8 << 20;

/// Bytes of text in a window, the last of a file excepted.
const WINDOW: usize = 4 << 20;

/// Most bytes a window shares with the next, and so the longest match that no window edge can hide.
const OVERLAP: usize = 64 << 10;

/// Bytes decoded at a time for a window.
const CHUNK: usize = 64 << 10;

/// How the characters of a text are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    /// UTF-8, or anything that is ASCII where it matters.
    Utf8,
    /// UTF-8 behind a byte-order mark.
    Utf8Marked,
    /// UTF-16, low byte first, as Windows writes it.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
}

impl Charset {
    /// Tells the charset of a file that begins so; none when it is binary.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0xef, 0xbb, 0xbf, ..] if !has_nul(head) => Some(Self::Utf8Marked),
            // Followed by two NULs it would be UTF-32, which nothing writes manifests in: binary below.
            [0xff, 0xfe, rest @ ..] if !rest.starts_with(&[0, 0]) => Some(Self::Utf16Le),
            [0xfe, 0xff, ..] => Some(Self::Utf16Be),
            _ if has_nul(head) => None,
            _ => Some(Self::Utf8),
        }
    }

    /// Length of the byte-order mark.
    const fn mark(self) -> usize {
        match self {
            Self::Utf8 => 0,
            Self::Utf8Marked => 3,
            Self::Utf16Le | Self::Utf16Be => 2,
        }
    }

    /// Appends what `bytes` say and tells how many of them were used: a character that is cut off at the end waits
    /// for more bytes, unless these are the last.
    fn decode(self, bytes: &[u8], last: bool, text: &mut String) -> usize {
        match self {
            Self::Utf8 | Self::Utf8Marked => decode_utf8(bytes, last, text),
            Self::Utf16Le => decode_utf16(bytes, last, text, u16::from_le_bytes),
            Self::Utf16Be => decode_utf16(bytes, last, text, u16::from_be_bytes),
        }
    }
}

/// The text of a file, as a hunt reads it: in UTF-8 or, with a byte-order mark, in UTF-16; what is not valid is replaced by
/// U+FFFD. None when it is binary.
#[must_use]
pub fn decode(bytes: Vec<u8>) -> Option<String> {
    let charset = Charset::of(&bytes)?;
    let bytes = match charset {
        Charset::Utf8 => match String::from_utf8(bytes) {
            Ok(text) => return Some(text),
            Err(error) => error.into_bytes(),
        },
        _ => bytes,
    };
    let mut text = String::with_capacity(bytes.len());
    charset.decode(&bytes[charset.mark()..], true, &mut text);
    Some(text)
}

fn has_nul(head: &[u8]) -> bool {
    memchr::memchr(0, &head[..head.len().min(SNIFFED)]).is_some()
}

fn decode_utf8(bytes: &[u8], last: bool, text: &mut String) -> usize {
    if let Ok(valid) = std::str::from_utf8(bytes) {
        text.push_str(valid);
        return bytes.len();
    }
    let mut used = 0;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        used += chunk.valid().len();
        let invalid = chunk.invalid();
        if !last && used + invalid.len() == bytes.len() && is_cut_off(invalid) {
            return used;
        }
        if !invalid.is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
        used += invalid.len();
    }
    used
}

/// Whether bytes that are no character would begin one.
fn is_cut_off(invalid: &[u8]) -> bool {
    std::str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none())
}

fn decode_utf16(bytes: &[u8], last: bool, text: &mut String, unit: fn([u8; 2]) -> u16) -> usize {
    let mut used = bytes.len() & !1;
    let ends_in_half = |end: usize| {
        let pair = bytes[..end].last_chunk::<2>();
        pair.is_some_and(|&pair| matches!(unit(pair), 0xd800..=0xdbff))
    };
    if !last && ends_in_half(used) {
        used -= 2;
    }
    let units = bytes[..used].chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    text.extend(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
    if last && used < bytes.len() {
        text.push(char::REPLACEMENT_CHARACTER);
        used = bytes.len();
    }
    used
}

/// What is known of the rest of a file.
enum Rest {
    /// There may be more.
    Open,
    /// There is none.
    Ended,
    /// It cannot be read.
    Failed(io::Error),
}

/// The buffers of one worker, used for one file after the other.
pub(super) struct Scratch {
    /// Kept at its length, so that its bytes are cleared only once.
    bytes: Vec<u8>,
    /// How many of `bytes` belong to the present file.
    filled: usize,
    /// How many it is said to have.
    size: Option<u64>,
    rest: Rest,
    /// Text that had to be decoded.
    text: String,
}

impl Scratch {
    pub(super) const fn new() -> Self {
        Self { bytes: Vec::new(), filled: 0, size: None, rest: Rest::Ended, text: String::new() }
    }

    /// Reads the beginning of a file and forgets the last one. A read that ends where the file does by its size is the
    /// last: to be told so once more costs as much as a tenth of scanning a small manifest.
    ///
    /// # Errors
    /// When nothing can be read. A later failure is told by [`Self::scan`].
    pub(super) fn begin(&mut self, reader: &mut dyn Read, size: Option<u64>) -> io::Result<()> {
        (self.filled, self.size) = (0, size);
        self.rest = Rest::Open;
        self.fill(reader, HEAD);
        match std::mem::replace(&mut self.rest, Rest::Ended) {
            Rest::Failed(error) if self.filled == 0 => return Err(error),
            rest => self.rest = rest,
        }
        Ok(())
    }

    /// The beginning of the file.
    pub(super) fn head(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }

    /// Reads until `most` bytes are held or the file ends.
    fn fill(&mut self, reader: &mut dyn Read, most: usize) {
        while self.filled < most && matches!(self.rest, Rest::Open) {
            if self.bytes.len() == self.filled {
                let most = usize::try_from(self.size.unwrap_or(0)).unwrap_or(usize::MAX).max(2 * self.filled);
                self.bytes.resize(most.clamp(HEAD, WHOLE + 1), 0);
            }
            let end = self.bytes.len().min(most);
            match reader.read(&mut self.bytes[self.filled..end]) {
                Ok(0) => self.rest = Rest::Ended,
                Ok(read) => {
                    self.filled += read;
                    if self.size == Some(self.filled as u64) {
                        self.rest = Rest::Ended;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.rest = Rest::Failed(error),
            }
        }
    }

    /// Hands over the text of the file whose head was read, whole or in windows.
    ///
    /// # Errors
    /// When reading fails half-way. What came before has been handed over.
    pub(super) fn scan(
        &mut self,
        path: &str,
        charset: Charset,
        reader: &mut dyn Read,
        sink: &mut impl Sink,
    ) -> io::Result<()> {
        self.fill(reader, WHOLE + 1);
        match std::mem::replace(&mut self.rest, Rest::Ended) {
            Rest::Open => self.windows(path, charset, reader, sink),
            Rest::Ended => {
                self.whole(path, charset, sink);
                Ok(())
            }
            Rest::Failed(error) => {
                self.whole(path, charset, sink);
                Err(error)
            }
        }
    }

    fn whole(&mut self, path: &str, charset: Charset, sink: &mut impl Sink) {
        let held = &self.bytes[..self.filled];
        let bytes = held.get(charset.mark()..).unwrap_or_default();
        let text = match charset {
            Charset::Utf8 | Charset::Utf8Marked => std::str::from_utf8(bytes).ok(),
            Charset::Utf16Le | Charset::Utf16Be => None,
        };
        let text = text.unwrap_or_else(|| {
            self.text.clear();
            charset.decode(bytes, true, &mut self.text);
            &self.text
        });
        sink.blob(Blob { path, text, window: Window::default(), bytes: held.len() as u64 });
    }

    fn windows(&mut self, path: &str, charset: Charset, reader: &mut dyn Read, sink: &mut impl Sink) -> io::Result<()> {
        self.text.clear();
        let mut windows = Windows::new(path, &mut self.text);
        windows.bytes = charset.mark() as u64;
        let mut source = self.bytes[charset.mark()..self.filled].chain(reader);
        let mut chunk = vec![0; CHUNK];
        let mut held = 0;
        let outcome = loop {
            match source.read(&mut chunk[held..]) {
                Ok(0) => break Ok(()),
                Ok(read) => held += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => break Err(error),
            }
            let used = charset.decode(&chunk[..held], false, windows.text);
            chunk.copy_within(used..held, 0);
            held -= used;
            windows.advance(used, sink);
        };
        charset.decode(&chunk[..held], true, windows.text);
        windows.finish(held, sink);
        outcome
    }
}

/// Cuts text that grows at its end into windows.
struct Windows<'a> {
    path: &'a str,
    text: &'a mut String,
    at: Window,
    /// Bytes of the source that no window has counted yet.
    bytes: u64,
}

impl<'a> Windows<'a> {
    fn new(path: &'a str, text: &'a mut String) -> Self {
        Self { path, text, at: Window { partial: true, ..Window::default() }, bytes: 0 }
    }

    /// Hands over every window that is full. One more byte must be there, or this window might be the last.
    fn advance(&mut self, used: usize, sink: &mut impl Sink) {
        self.bytes += used as u64;
        while self.text.len() > WINDOW {
            let end = boundary(self.text, WINDOW);
            let next = seam(self.text, end);
            let window = Window { overlap: end - next, ..self.at };
            sink.blob(Blob { path: self.path, text: &self.text[..end], window, bytes: self.bytes });
            self.bytes = 0;
            self.drop_until(next);
        }
    }

    fn finish(&mut self, used: usize, sink: &mut impl Sink) {
        let bytes = self.bytes + used as u64;
        sink.blob(Blob { path: self.path, text: self.text, window: self.at, bytes });
    }

    /// Removes text from the front and keeps count of lines and columns.
    fn drop_until(&mut self, next: usize) {
        let gone = &self.text[..next];
        let lines = memchr::memchr_iter(b'\n', gone.as_bytes()).count();
        let column = memchr::memrchr(b'\n', gone.as_bytes()).map_or(gone, |at| &gone[at + 1..]).chars().count();
        let before = if lines == 0 { self.at.column } else { 0 };
        self.at.line = self.at.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.at.column = before.saturating_add(u32::try_from(column).unwrap_or(u32::MAX));
        self.text.drain(..next);
    }
}

/// Where the window after one that ends at `end` begins. At a line's start where there is one, else after a blank or
/// quote: a window that began in the middle of a token would show the rest of it as another one.
fn seam(text: &str, end: usize) -> usize {
    let from = end - OVERLAP;
    let bytes = &text.as_bytes()[from..end - OVERLAP / 2];
    let line = memchr::memchr(b'\n', bytes);
    line.or_else(|| memchr::memchr3(b' ', b'"', b',', bytes)).map_or_else(|| boundary(text, from), |at| from + at + 1)
}

/// The last character boundary at or before `at`. (`str::floor_char_boundary` is younger than our minimum Rust.)
fn boundary(text: &str, at: usize) -> usize {
    (at.saturating_sub(3)..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::testing::Seen;
    use super::*;

    fn scan(mut bytes: &[u8]) -> Seen {
        let mut seen = Seen::default();
        let mut scratch = Scratch::new();
        scratch.begin(&mut bytes, None).unwrap();
        let charset = Charset::of(scratch.head()).unwrap();
        scratch.scan("f", charset, &mut bytes, &mut seen).unwrap();
        seen
    }

    /// Every start of `needle` by the rule of `overlap`, as line and column counted from 0.
    fn starts(seen: &Seen, needle: &str) -> Vec<(u32, u32)> {
        let mut all = Vec::new();
        for (_, text, window, _) in &seen.blobs {
            for (at, _) in text.match_indices(needle).filter(|(at, _)| *at < text.len() - window.overlap) {
                let before = &text[..at];
                let lines = before.matches('\n').count() as u32;
                let column = before.rsplit('\n').next().unwrap().chars().count() as u32;
                all.push((window.line + lines, if lines == 0 { window.column + column } else { column }));
            }
        }
        all
    }

    #[test]
    fn a_small_file_is_whole_and_keeps_its_line_ends() {
        let seen = scan(b"a: 1\r\nb: 2\r\n");
        assert_eq!(seen.blobs, [("f".into(), "a: 1\r\nb: 2\r\n".into(), Window::default(), 12)]);
        assert_eq!(scan(b"").blobs, [("f".into(), String::new(), Window::default(), 0)]);
    }

    #[test]
    fn charsets_are_told_by_their_marks() {
        assert_eq!(scan(b"\xef\xbb\xbfkey: v").text("f"), "key: v");
        assert_eq!(scan(b"\xff\xfek\0\xe9\0\x3d\xd8\x00\xde").text("f"), "k\u{e9}\u{1f600}");
        assert_eq!(scan(b"\xfe\xff\0k\0\xe9\xd8\x3d\xde\x00").text("f"), "k\u{e9}\u{1f600}");
        assert_eq!(scan(b"\xff\xfek\0\x3d\xd8x").text("f"), "k\u{fffd}\u{fffd}", "a lone half and an odd byte");
        assert_eq!(scan(b"\xff\xfe").text("f"), "");
        assert_eq!(scan(b"caf\xe9 au \xe2\x82").text("f"), "caf\u{fffd} au \u{fffd}");
        assert_eq!(scan(b"\xff\xfek\0").blobs[0].3, 4);
    }

    #[test]
    fn nul_early_is_binary_and_late_is_not() {
        assert_eq!(Charset::of(b"a\0b"), None);
        assert_eq!(Charset::of(b"\xff\xfe\0\0a\0\0\0"), None);
        assert_eq!(Charset::of(b"\xef\xbb\xbf\0"), None);
        let mut late = vec![b'a'; SNIFFED];
        late.push(0);
        assert_eq!(Charset::of(&late), Some(Charset::Utf8));
    }

    #[test]
    fn a_file_of_just_the_limit_is_whole_and_one_byte_more_is_not() {
        assert!(!scan(&vec![b'a'; WHOLE]).blobs[0].2.partial);
        let seen = scan(&vec![b'a'; WHOLE + 1]);
        assert!(seen.blobs.iter().all(|blob| blob.2.partial));
        assert_eq!(seen.blobs.last().unwrap().2.overlap, 0);
        assert_eq!(seen.blobs.iter().map(|blob| blob.3).sum::<u64>(), WHOLE as u64 + 1);
    }

    #[test]
    fn a_token_at_a_window_edge_is_seen_once() {
        let token = "<TOKEN-ü>";
        // Around the first window's end and around the start of what the second repeats, on one line and on many.
        for edge in [WINDOW, WINDOW - OVERLAP, WINDOW - OVERLAP / 2] {
            for shift in [0, 1, 4, 7, 8, token.len()] {
                for filler in [&b"x"[..], b"word word\n"] {
                    let mut text = filler.repeat(WHOLE / filler.len() + 2);
                    let at = edge - shift;
                    text.splice(at..at, token.bytes());
                    let before = std::str::from_utf8(&text[..at]).unwrap();
                    let line = before.matches('\n').count() as u32;
                    let column = before.rsplit('\n').next().unwrap().len() as u32;
                    let seen = scan(&text);
                    assert_eq!(starts(&seen, token), [(line, column)], "{edge} {shift}");
                    assert_eq!(seen.blobs.iter().map(|blob| blob.3).sum::<u64>(), text.len() as u64);
                }
            }
        }
    }

    #[test]
    fn windows_join_to_the_text_whatever_the_characters() {
        for lead in 0..4 {
            let text = "y".repeat(lead) + &"€".repeat(WHOLE / 3 + 9);
            let seen = scan(text.as_bytes());
            assert!(seen.blobs.len() > 1);
            assert_eq!(joined(&seen), text);
            let last = seen.blobs.last().unwrap();
            assert_eq!(last.2.column as usize + last.1.chars().count(), text.chars().count());
        }
    }

    #[test]
    fn utf16_is_windowed_too() {
        let text = "z\u{1f600}é\r\n".repeat(WHOLE / 10);
        let mut bytes = vec![0xff, 0xfe];
        bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        let seen = scan(&bytes);
        assert!(seen.blobs.len() > 1);
        assert!(joined(&seen) == text);
        assert_eq!(seen.blobs.iter().map(|blob| blob.3).sum::<u64>(), bytes.len() as u64);
    }

    fn joined(seen: &Seen) -> String {
        seen.blobs.iter().map(|(_, text, window, _)| &text[..text.len() - window.overlap]).collect()
    }

    /// Gives so many bytes, then fails.
    struct Breaking(usize);

    impl Read for Breaking {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let read = buffer.len().min(self.0).min(1000);
            if read == 0 {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            buffer[..read].fill(b'k');
            self.0 -= read;
            Ok(read)
        }
    }

    #[test]
    fn what_was_read_before_a_failure_is_scanned() {
        for length in [10, HEAD + 10, WHOLE + 10, 2 * WHOLE] {
            let (mut seen, mut scratch, mut reader) = (Seen::default(), Scratch::new(), Breaking(length));
            scratch.begin(&mut reader, None).unwrap();
            assert!(scratch.scan("f", Charset::Utf8, &mut reader, &mut seen).is_err());
            assert_eq!(joined(&seen).len(), length);
        }
        assert!(Scratch::new().begin(&mut Breaking(0), None).is_err());
    }

    #[test]
    fn buffers_stay_small_when_files_are_large() {
        let mut scratch = Scratch::new();
        let mut reader = io::repeat(b'q').take(50 << 20);
        let mut sink = Longest(0);
        scratch.begin(&mut reader, None).unwrap();
        scratch.scan("f", Charset::Utf8, &mut reader, &mut sink).unwrap();
        assert!(sink.0 <= WINDOW + CHUNK);
        assert!(scratch.bytes.capacity() <= 2 * WHOLE && scratch.text.capacity() <= 3 * WINDOW);
    }

    struct Longest(usize);

    impl Sink for Longest {
        fn blob(&mut self, blob: Blob<'_>) {
            self.0 = self.0.max(blob.text.len());
        }
        fn object(&mut self, _: super::super::Live<'_>) {}
        fn skip(&mut self, _: crate::model::Skipped) {}
        fn binary(&mut self, _: &str) {}
    }
}
