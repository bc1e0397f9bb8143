//! Standard input, as a file whose size nobody knows.

use std::io::Read;

use super::content::{Input, Item, Scanner};
use super::{Options, Sink, SourceError};

/// Hands over what `reader` gives, under the path `-`. An archive is opened as a file would be; a zip archive must
/// be held for that, so that a large one is skipped.
///
/// # Errors
/// [`SourceError::Stdin`] when reading fails: the fault of what sends it. What came before has been handed over.
pub fn stdin(mut reader: impl Read, options: &Options, sink: &mut impl Sink) -> Result<(), SourceError> {
    let mut scanner = Scanner::new(sink, options);
    let item = Item { path: "-", size: None, level: 0, budget: None };
    scanner.content(item, Input::Stream(&mut reader)).map_err(|source| SourceError::Stdin { source })
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write as _};

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::super::testing::{Seen, options};
    use super::*;

    fn read(reader: impl Read, options: &Options) -> (Seen, Result<(), SourceError>) {
        let mut seen = Seen::default();
        let outcome = stdin(reader, options, &mut seen);
        (seen, outcome)
    }

    #[test]
    fn text_comes_under_a_dash() {
        let (seen, outcome) = read(&b"kind: Secret\n"[..], &options());
        assert!(outcome.is_ok());
        assert_eq!(seen.text("-"), "kind: Secret\n");
        assert_eq!(read(&b"a\0"[..], &options()).0.binaries, ["-"]);
    }

    #[test]
    fn a_compressed_stream_is_opened() {
        let mut gz = GzEncoder::new(Vec::new(), Compression::default());
        gz.write_all(b"kind: Secret\n").unwrap();
        assert_eq!(read(&gz.finish().unwrap()[..], &options()).0.text("-!/-"), "kind: Secret\n");
    }

    #[test]
    fn a_stream_over_the_limit_is_read_up_to_it() {
        let small = Options { max_file_size: 40_000, ..options() };
        let (seen, outcome) = read(io::repeat(b'a').take(40_001), &small);
        assert!(outcome.is_ok());
        assert_eq!(seen.text("-").len(), 40_000);
        assert!(seen.reason("-").starts_with("larger than --max-file-size (40000 bytes): only"), "{:?}", seen.skipped);
        let (seen, _) = read(io::repeat(b'a').take(40_000), &small);
        assert_eq!((seen.text("-").len(), seen.skipped.len()), (40_000, 0));
        let tiny = Options { max_file_size: 10, ..options() };
        let (seen, _) = read(io::repeat(b'a').take(11), &tiny);
        assert_eq!((seen.blobs.len(), seen.reason("-")), (0, "larger than --max-file-size (10 bytes)"));
    }

    #[test]
    fn a_broken_stream_is_an_error_after_what_came() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
        }
        let (seen, outcome) = read((&b"key: value"[..]).chain(Broken), &options());
        assert_eq!(seen.text("-"), "key: value");
        assert_eq!(outcome.unwrap_err().to_string(), "cannot read standard input");
    }
}
