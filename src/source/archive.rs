//! Archives: zip, gzip and tar, told by their first bytes and read in memory.
//!
//! An archive is hostile until read: names are only names, nothing is written, and what it may cost is capped. One
//! [`Budget`] pays for an archive with all that is nested in it, so that nesting buys nothing. Messages never quote
//! the libraries' own: theirs may contain bytes of the archive.

use std::cell::Cell;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};

use flate2::read::MultiGzDecoder;
use memchr::memmem;
use tar::EntryType;
use zip::ZipArchive;
use zip::read::{ArchiveOffset, Config};
use zip::result::ZipError;

use super::Sink;
use super::content::{Input, Item, Scanner, unreadable};

/// Most bytes of one member.
pub(super) const MAX_MEMBER: u64 = 64 << 20;

/// Most bytes of an archive, decompressed, with all archives inside it.
const MAX_TOTAL: u64 = 256 << 20;

/// Most bytes that one compressed byte may become. Deflate itself ends at 1032.
const MAX_RATIO: u64 = 1000;

/// A stream that is no longer than this is no bomb, whatever its ratio.
const HARMLESS: u64 = 1 << 20;

/// Most members of an archive, with those of all archives inside it.
const MAX_MEMBERS: u32 = 100_000;

/// Archives inside each other, the outermost counted. A tar in a gzip is one.
const MAX_DEPTH: u8 = 3;

/// Longest member name that tar may spell out in a block of its own.
const MAX_NAME: u64 = 64 << 10;

/// What kind of archive it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// zip, jar, war, whl.
    Zip,
    /// gzip, of a tar or of anything else.
    Gzip,
    /// tar as POSIX or GNU write it.
    Tar,
}

impl Format {
    /// Tells the format of a file that begins so.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Self::Zip),
            [0x1f, 0x8b, 8, ..] => Some(Self::Gzip),
            // A tar header is padded with NULs: a text that says `ustar` at the right place stays a text.
            _ if head.get(257..262) == Some(b"ustar") && memchr::memchr(0, &head[..257]).is_some() => Some(Self::Tar),
            _ => None,
        }
    }
}

/// A cap that was run into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cap {
    Total,
    Ratio,
    Members,
}

impl Cap {
    const fn reason(self) -> &'static str {
        match self {
            Self::Total => "an archive of more than 256 MiB when decompressed: the rest of it was not read",
            Self::Ratio => "grows more than 1000 times when decompressed: the rest of it was not read",
            Self::Members => "an archive of more than 100,000 members: the rest of it was not read",
        }
    }
}

/// What an archive may still cost.
pub(super) struct Budget {
    bytes: Cell<u64>,
    members: Cell<u32>,
    /// Why the last read failed, if a cap was the reason. Kept here, as errors are rewritten on their way through tar.
    hit: Cell<Option<Cap>>,
}

impl Budget {
    const fn new() -> Self {
        Self { bytes: Cell::new(MAX_TOTAL), members: Cell::new(MAX_MEMBERS), hit: Cell::new(None) }
    }

    /// Pays for one more member.
    fn admit(&self) -> Result<(), Cap> {
        if self.hit.get() == Some(Cap::Total) {
            return Err(Cap::Total);
        }
        self.members.set(self.members.get().checked_sub(1).ok_or(Cap::Members)?);
        Ok(())
    }

    /// Says why a read failed. A bad ratio concerns one stream; the total, once used up, stays so.
    fn reason(&self, error: &io::Error) -> String {
        match (self.hit.get(), error.kind()) {
            (Some(cap), _) => {
                self.hit.set(self.hit.get().filter(|cap| *cap == Cap::Total));
                cap.reason().to_owned()
            }
            (None, io::ErrorKind::UnexpectedEof) => "a broken archive: it ends too early".to_owned(),
            (None, io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::Other) => {
                "a broken archive: the rest of it was not read".to_owned()
            }
            (None, _) => unreadable(error),
        }
    }
}

/// Counts what is read.
struct Counted<'b, R> {
    inner: R,
    count: &'b Cell<u64>,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.set(self.count.get() + read as u64);
        Ok(read)
    }
}

/// Decompressed bytes, paid for as they pass.
struct Metered<'b, R> {
    inner: R,
    budget: &'b Budget,
    /// Compressed bytes behind what was given.
    consumed: &'b Cell<u64>,
    given: u64,
    /// Once it failed it fails for ever: a decoder may take up again after an error as if all were well.
    failed: Option<(io::ErrorKind, Option<Cap>)>,
}

impl<'b, R: Read> Metered<'b, R> {
    const fn new(inner: R, budget: &'b Budget, consumed: &'b Cell<u64>) -> Self {
        Self { inner, budget, consumed, given: 0, failed: None }
    }

    fn pay(&mut self, read: u64) -> Result<(), Cap> {
        self.given += read;
        let left = self.budget.bytes.get().checked_sub(read);
        self.budget.bytes.set(left.unwrap_or(0));
        left.ok_or(Cap::Total)?;
        let allowed = self.consumed.get().saturating_mul(MAX_RATIO).max(HARMLESS);
        if self.given > allowed { Err(Cap::Ratio) } else { Ok(()) }
    }
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.failed.is_none() {
            match self.inner.read(buffer) {
                Ok(read) => match self.pay(read as u64) {
                    Ok(()) => return Ok(read),
                    Err(cap) => self.failed = Some((io::ErrorKind::Other, Some(cap))),
                },
                Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
                Err(error) => self.failed = Some((error.kind(), None)),
            }
        }
        let (kind, cap) = self.failed.unwrap_or((io::ErrorKind::Other, None));
        self.budget.hit.set(cap.or(self.budget.hit.get()));
        Err(kind.into())
    }
}

impl<S: Sink> Scanner<'_, S> {
    /// Hands over the members of an archive whose head is in the buffer.
    ///
    /// # Errors
    /// When its own bytes cannot be read. What is wrong inside is told to the sink.
    pub(super) fn archive(&mut self, item: Item<'_>, format: Format, input: Input<'_>) -> io::Result<()> {
        if item.level >= MAX_DEPTH {
            self.skip(item.path, "an archive more than 3 deep in others: not opened");
            return Ok(());
        }
        let fresh = Budget::new();
        let budget = item.budget.unwrap_or(&fresh);
        let head = self.scratch.head().to_vec();
        match (format, input) {
            (Format::Zip, Input::File(file)) => {
                file.rewind()?;
                self.zip(item, budget, BufReader::new(file));
            }
            (Format::Zip, Input::Stream(stream)) => self.held_zip(item, budget, &mut head.chain(stream))?,
            (Format::Gzip, mut input) => self.gzip(item, budget, &mut head.chain(input.reader())),
            (Format::Tar, mut input) => self.plain_tar(item, budget, &mut head.chain(input.reader())),
        }
        Ok(())
    }

    /// Opens a zip that passes by: its directory is at its end, so that all of it is held.
    fn held_zip(&mut self, item: Item<'_>, budget: &Budget, stream: &mut dyn Read) -> io::Result<()> {
        let limit = self.limit(item).min(MAX_MEMBER);
        let mut bytes = Vec::new();
        stream.take(limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            self.skip(item.path, "a zip archive too large to be held: not opened");
        } else {
            self.zip(item, budget, Cursor::new(bytes));
        }
        Ok(())
    }

    fn zip<R: Read + Seek>(&mut self, item: Item<'_>, budget: &Budget, mut reader: R) {
        match is_crowded(&mut reader) {
            Ok(false) => {}
            Ok(true) => return self.skip(item.path, "a zip archive of more than 100,000 members: not opened"),
            Err(error) => return self.skip(item.path, unreadable(&error)),
        }
        // It begins with a member, so that nothing lies before it. Looking for an offset can cost much memory.
        let config = Config { archive_offset: ArchiveOffset::Known(0) };
        let mut archive = match ZipArchive::with_config(config, reader) {
            Ok(archive) => archive,
            Err(error) => return self.skip(item.path, format!("{}: not opened", broken_zip(&error))),
        };
        if archive.has_duplicate_names() {
            self.skip(item.path, "members of the same name: only the last of each name was read");
        }
        for index in 0..archive.len() {
            if let Err(cap) = budget.admit() {
                return self.skip(item.path, cap.reason());
            }
            self.zip_member(item, budget, &mut archive, index);
        }
    }

    fn zip_member<R: Read + Seek>(
        &mut self,
        item: Item<'_>,
        budget: &Budget,
        archive: &mut ZipArchive<R>,
        index: usize,
    ) {
        let Ok(entry) = archive.by_index_data(index) else { return };
        if !entry.is_file() {
            return;
        }
        let name = entry.name().unwrap_or_else(|_| String::from_utf8_lossy(entry.name_raw()));
        let path = member_path(item.path, &name);
        let (size, consumed) = (entry.size(), Cell::new(entry.compressed_size()));
        let inner = Item { path: &path, size: Some(size), level: item.level + 1, budget: Some(budget) };
        match archive.by_index(index) {
            Ok(file) => self.member(inner, budget, &mut Metered::new(file, budget, &consumed)),
            Err(error) => self.skip(&path, format!("{}: not read, the archive goes on", broken_zip(&error))),
        }
    }

    fn gzip(&mut self, item: Item<'_>, budget: &Budget, stream: &mut dyn Read) {
        let consumed = Cell::new(0);
        let decoder = MultiGzDecoder::new(Counted { inner: stream, count: &consumed });
        let mut reader = Metered::new(decoder, budget, &consumed);
        if let Err(error) = self.scratch.begin(&mut reader, None) {
            return self.skip(item.path, budget.reason(&error));
        }
        if Format::of(self.scratch.head()) == Some(Format::Tar) {
            let head = self.scratch.head().to_vec();
            return self.tar(item, budget, &mut head.chain(reader));
        }
        let path = member_path(item.path, gunzipped_name(item.path));
        let inner = Item { path: &path, size: None, level: item.level + 1, budget: Some(budget) };
        if self.options.exclude.is_match(&path) {
            return;
        }
        if let Err(error) = self.begun(inner, Input::Stream(&mut reader)) {
            self.skip(&path, budget.reason(&error));
        }
    }

    /// A tar that nothing has decompressed. Inside another archive its bytes are paid for already.
    fn plain_tar(&mut self, item: Item<'_>, budget: &Budget, stream: &mut dyn Read) {
        if item.budget.is_some() {
            return self.tar(item, budget, stream);
        }
        let consumed = Cell::new(u64::MAX);
        self.tar(item, budget, &mut Metered::new(stream, budget, &consumed));
    }

    fn tar(&mut self, item: Item<'_>, budget: &Budget, stream: &mut dyn Read) {
        if let Err(error) = self.tar_members(item, budget, stream) {
            self.skip(item.path, budget.reason(&error));
        }
    }

    fn tar_members(&mut self, item: Item<'_>, budget: &Budget, stream: &mut dyn Read) -> io::Result<()> {
        let mut archive = tar::Archive::new(stream);
        let mut ahead = Ahead::default();
        // Raw: else the library reads names of any length into memory.
        for entry in archive.entries()?.raw(true) {
            let mut entry = entry?;
            if let Err(cap) = budget.admit() {
                self.skip(item.path, cap.reason());
                return Ok(());
            }
            match entry.header().entry_type() {
                EntryType::GNULongName => ahead.name = Some(ahead_block(&mut entry)?),
                EntryType::XHeader => ahead.read_pax(&ahead_block(&mut entry)?),
                EntryType::GNULongLink | EntryType::XGlobalHeader => {}
                kind => {
                    let ahead = std::mem::take(&mut ahead);
                    let size = entry.size();
                    if ahead.size.is_some_and(|said| said != size) {
                        // Readers of tar disagree which one holds; whatever is read from here on may be made up.
                        self.skip(item.path, "a tar with two sizes for a member: the rest of it was not read");
                        return Ok(());
                    }
                    if holds_text(kind) {
                        let name = ahead.name.unwrap_or_else(|| entry.header().path_bytes().into_owned());
                        let path = member_path(item.path, &String::from_utf8_lossy(&name));
                        let inner = Item { path: &path, size: Some(size), level: item.level + 1, budget: Some(budget) };
                        self.member(inner, budget, &mut entry);
                    }
                }
            }
        }
        Ok(())
    }

    fn member(&mut self, item: Item<'_>, budget: &Budget, reader: &mut dyn Read) {
        if self.options.exclude.is_match(item.path) {
            return;
        }
        if let Err(error) = self.content(item, Input::Stream(reader)) {
            self.skip(item.path, budget.reason(&error));
        }
    }
}

/// What tar says of a member ahead of it.
#[derive(Default)]
struct Ahead {
    name: Option<Vec<u8>>,
    size: Option<u64>,
}

impl Ahead {
    fn read_pax(&mut self, block: &[u8]) {
        for extension in tar::PaxExtensions::new(block).map_while(Result::ok) {
            match extension.key_bytes() {
                b"path" => self.name = Some(extension.value_bytes().to_owned()),
                b"size" => self.size = extension.value().ok().and_then(|size| size.parse().ok()),
                _ => {}
            }
        }
    }
}

/// Reads a block that describes the next member; of a longer one only the beginning.
fn ahead_block(entry: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut block = Vec::new();
    entry.take(MAX_NAME).read_to_end(&mut block)?;
    if block.last() == Some(&0) {
        block.pop();
    }
    Ok(block)
}

/// Whether a member of a tar has content of its own. Unknown types are files, as POSIX wants it.
fn holds_text(kind: EntryType) -> bool {
    !matches!(
        kind,
        EntryType::Link
            | EntryType::Symlink
            | EntryType::Char
            | EntryType::Block
            | EntryType::Directory
            | EntryType::Fifo
    )
}

/// Whether a zip may have more members than we read. The library keeps all of them in memory, a million if told so,
/// but only the 64-bit form of its directory can name more than 65,535. Each takes a header with a signature.
fn is_crowded(reader: &mut (impl Read + Seek)) -> io::Result<bool> {
    const TAIL: u64 = (64 << 10) + 22 + 20;
    let length = reader.seek(SeekFrom::End(0))?;
    reader.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    reader.take(TAIL).read_to_end(&mut tail)?;
    let crowded =
        memmem::find(&tail, b"PK\x06\x07").is_some() && count(reader, b"PK\x01\x02")? > u64::from(MAX_MEMBERS);
    reader.rewind()?;
    Ok(crowded)
}

/// Counts a signature in a whole file.
fn count(reader: &mut (impl Read + Seek), signature: &[u8; 4]) -> io::Result<u64> {
    reader.rewind()?;
    let finder = memmem::Finder::new(signature);
    let mut buffer = vec![0; 64 << 10];
    let (mut held, mut count) = (0, 0);
    loop {
        let read = reader.read(&mut buffer[held..])?;
        if read == 0 {
            return Ok(count);
        }
        let filled = held + read;
        count += finder.find_iter(&buffer[..filled]).count() as u64;
        // The last three bytes may begin a signature and cannot hold one.
        held = filled.min(signature.len() - 1);
        buffer.copy_within(filled - held..filled, 0);
    }
}

/// Says what is wrong with a zip or one of its members.
fn broken_zip(error: &ZipError) -> String {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => "encrypted".to_owned(),
        ZipError::CompressionMethodNotSupported(method) => format!("compressed by unsupported method {method}"),
        ZipError::UnsupportedArchive(what) => format!("an unsupported zip archive ({what})"),
        _ => "a broken zip archive".to_owned(),
    }
}

/// The path of a member: `chart.tgz!/templates/x.yaml`. Whatever its name says, it stays inside its archive.
fn member_path(archive: &str, name: &str) -> String {
    let mut parts = Vec::new();
    for part in name.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    format!("{archive}!/{}", parts.join("/"))
}

/// The name of what a gzip holds: its own without the `.gz`.
fn gunzipped_name(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.len().checked_sub(3).filter(|&at| name.is_char_boundary(at) && at > 0);
    stem.filter(|&at| name[at..].eq_ignore_ascii_case(".gz")).map_or(name, |at| &name[..at])
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    use super::super::Options;
    use super::super::testing::{Seen, noise, options};
    use super::*;

    fn read_with(path: &str, mut bytes: &[u8], options: &Options) -> Seen {
        let mut seen = Seen::default();
        let item = Item { path, size: Some(bytes.len() as u64), level: 0, budget: None };
        Scanner::new(&mut seen, options).content(item, Input::Stream(&mut bytes)).unwrap();
        seen
    }

    fn read(path: &str, bytes: &[u8]) -> Seen {
        read_with(path, bytes, &options())
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut gz = GzEncoder::new(Vec::new(), Compression::default());
        gz.write_all(bytes).unwrap();
        gz.finish().unwrap()
    }

    fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, bytes) in members {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            // Written past the library, which refuses the names we are here for.
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            builder.append(&header, *bytes).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in members {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn members_are_read_whatever_the_format() {
        let members: &[(&str, &[u8])] = &[("templates/x.yaml", b"kind: Secret\n"), ("logo.png", b"\x89PNG\0")];
        for (path, bytes) in [("c.tgz", gzip(&tar(members))), ("c", tar(members)), ("c.jar", zip(members))] {
            let seen = read(path, &bytes);
            assert_eq!(seen.text(&format!("{path}!/templates/x.yaml")), "kind: Secret\n");
            assert_eq!(seen.blobs[0].3, 13);
            assert_eq!(seen.binaries, [format!("{path}!/logo.png")]);
            assert_eq!(seen.skipped, []);
            let closed = read_with(path, &bytes, &Options { archives: false, ..options() });
            assert_eq!((closed.binaries.as_slice(), closed.blobs.len()), (&[path.to_owned()][..], 0));
        }
    }

    #[test]
    fn a_gzip_of_text_loses_its_ending() {
        assert_eq!(read("d/dump.sql.gz", &gzip(b"x")).text("d/dump.sql.gz!/dump.sql"), "x");
        assert_eq!(read("blob", &gzip(b"x")).text("blob!/blob"), "x");
        assert_eq!(gunzipped_name(".gz"), ".gz");
        assert_eq!(gunzipped_name("é.GZ"), "é");
        let twice = [gzip(b"a: 1\n"), gzip(b"b: 2\n")].concat();
        assert_eq!(read("t.gz", &twice).text("t.gz!/t"), "a: 1\nb: 2\n");
    }

    #[test]
    fn names_stay_inside_and_on_no_disk() {
        for (name, path) in [
            ("../../etc/passwd", "a!/etc/passwd"),
            ("/etc/passwd", "a!/etc/passwd"),
            ("..\\..\\boot.ini", "a!/boot.ini"),
            ("x/../y//./z", "a!/y/z"),
        ] {
            assert_eq!(read("a", &zip(&[(name, b"t")])).paths(), [path]);
            assert_eq!(read("a", &tar(&[(name, b"t")])).paths(), [path]);
        }
    }

    #[test]
    fn long_names_are_spelled_out() {
        let long = "d/".repeat(200) + "x.yaml";
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(1);
        builder.append_data(&mut header, &long, &b"t"[..]).unwrap();
        builder.append_pax_extensions([("path", "päx.yaml".as_bytes())]).unwrap();
        header.set_cksum();
        builder.append(&header, &b"u"[..]).unwrap();
        let seen = read("a.tar", &builder.into_inner().unwrap());
        assert_eq!(seen.text(&format!("a.tar!/{long}")), "t");
        assert_eq!(seen.text("a.tar!/päx.yaml"), "u");
    }

    #[test]
    fn a_name_of_a_gigabyte_is_not_held() {
        let mut header = tar::Header::new_gnu();
        header.set_size(1 << 30);
        header.set_entry_type(EntryType::GNULongName);
        header.as_old_mut().name[0] = b'n';
        header.set_cksum();
        let mut stream = header.as_bytes().chain(io::repeat(b'n').take(1 << 30));
        let mut seen = Seen::default();
        let item = Item { path: "a.tar", size: None, level: 0, budget: None };
        Scanner::new(&mut seen, &options()).content(item, Input::Stream(&mut stream)).unwrap();
        assert_eq!(seen.reason("a.tar"), Cap::Total.reason());
    }

    #[test]
    fn two_sizes_end_a_tar() {
        let mut builder = tar::Builder::new(Vec::new());
        builder.append_pax_extensions([("size", &b"0"[..])]).unwrap();
        let bytes = [builder.into_inner().unwrap()[..1024].to_vec(), tar(&[("a", b"text")])].concat();
        let seen = read("t.tar", &bytes);
        assert!(seen.reason("t.tar").contains("two sizes"));
        assert!(seen.blobs.is_empty());
    }

    #[test]
    fn archives_nest_three_deep() {
        let one = gzip(&tar(&[("deep.yaml", b"one")]));
        let two = zip(&[("one.tgz", &one), ("b", b"two")]);
        let three = tar(&[("two.zip", &two), ("c", b"three")]);
        let seen = read("three.tar", &three);
        assert_eq!(seen.paths(), ["three.tar!/c", "three.tar!/two.zip!/b", "three.tar!/two.zip!/one.tgz!/deep.yaml"]);
        let four = gzip(&tar(&[("three.tar", &three)]));
        let seen = read("four.tgz", &four);
        assert!(seen.reason("four.tgz!/three.tar!/two.zip!/one.tgz").contains("3 deep"));
        assert_eq!(seen.blobs.len(), 2);
    }

    #[test]
    fn a_bomb_is_cut_off() {
        // 200 MiB of blanks: a ratio that gzip reaches and text does not.
        let mut gz = GzEncoder::new(Vec::new(), Compression::best());
        io::copy(&mut io::repeat(b' ').take(200 << 20), &mut gz).unwrap();
        let bomb = gz.finish().unwrap();
        let seen = read("b.gz", &bomb);
        assert!(seen.reason("b.gz!/b").ends_with("was read") || seen.reason("b.gz!/b").contains("1000 times"));
        let total: usize = seen.blobs.iter().map(|blob| blob.1.len() - blob.2.overlap).sum();
        assert!(total as u64 <= MAX_MEMBER);
        // Wrapped again, many times over: the total ends it, and it is said of the outer archive.
        let members: Vec<(String, &[u8])> = (0..20).map(|i| (format!("{i}.gz"), &bomb[..])).collect();
        let members: Vec<(&str, &[u8])> = members.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
        let seen = read("bombs.zip", &zip(&members));
        assert_eq!(seen.reason("bombs.zip"), Cap::Total.reason());
    }

    #[test]
    fn the_ratio_is_by_stream_and_the_archive_goes_on() {
        let consumed = Cell::new(2000);
        let budget = Budget::new();
        let mut reader = Metered::new(io::repeat(b'a'), &budget, &consumed);
        let error = io::copy(&mut reader, &mut io::sink()).unwrap_err();
        assert_eq!(budget.reason(&error), Cap::Ratio.reason());
        assert!(budget.admit().is_ok());
        assert!(MAX_TOTAL - budget.bytes.get() <= 2000 * MAX_RATIO + (64 << 10));
        let harmless = gzip(&vec![b' '; HARMLESS as usize]);
        assert_eq!(read("h.gz", &harmless).skipped, []);
    }

    #[test]
    fn a_member_over_the_limit_is_skipped_and_the_next_is_read() {
        let large = vec![b' '; MAX_MEMBER as usize + 1];
        let members: &[(&str, &[u8])] = &[("large.txt", &large), ("small.txt", b"s")];
        for bytes in [tar(members), zip(members)] {
            let seen = read("a", &bytes);
            assert_eq!(seen.reason("a!/large.txt"), "larger than what is read of a member (64 MiB)");
            assert_eq!(seen.text("a!/small.txt"), "s");
        }
    }

    #[test]
    fn a_large_member_comes_in_windows() {
        let text = noise(9 << 20, true);
        let seen = read("a.zip", &zip(&[("large.txt", &text)]));
        assert!(seen.blobs.len() > 1 && seen.skipped.is_empty());
        assert_eq!(seen.blobs.iter().map(|blob| blob.3).sum::<u64>(), 9 << 20);
    }

    #[test]
    fn too_many_members_are_too_many() {
        let header = &tar(&[("x", b"")])[..512];
        let seen = read("m.tar", &header.repeat(MAX_MEMBERS as usize + 1));
        assert_eq!(seen.reason("m.tar"), Cap::Members.reason());
        assert_eq!(seen.blobs.len(), MAX_MEMBERS as usize);
        let mut crowd = Cursor::new([b"PK\x01\x02".repeat(MAX_MEMBERS as usize + 1), b"PK\x06\x07".to_vec()].concat());
        assert!(is_crowded(&mut crowd).unwrap());
        let mut few = Cursor::new([b"PK\x01\x02".repeat(MAX_MEMBERS as usize), b"PK\x06\x07".to_vec()].concat());
        assert!(!is_crowded(&mut few).unwrap());
    }

    #[test]
    fn broken_archives_say_so_and_give_what_they_can() {
        let text = noise(200_000, true);
        let whole = gzip(&text);
        let seen = read("t.gz", &whole[..whole.len() / 2]);
        assert_eq!(seen.reason("t.gz!/t"), "a broken archive: it ends too early");
        assert!(text.starts_with(seen.text("t.gz!/t").as_bytes()) && !seen.text("t.gz!/t").is_empty());

        let packed = gzip(&tar(&[("a", b"first"), ("b", &text), ("c", b"last")]));
        let seen = read("t.tgz", &packed[..packed.len() / 2]);
        assert_eq!(seen.text("t.tgz!/a"), "first");
        assert_eq!(seen.reason("t.tgz"), "a broken archive: it ends too early");

        let packed = zip(&[("a", &text)]);
        assert!(read("z", &packed[..packed.len() / 2]).reason("z").contains("broken zip"));
        assert!(read("g", b"\x1f\x8b\x08garbage").reason("g").contains("broken archive"));
        assert!(read("p", b"PK\x03\x04").reason("p").contains("broken zip"));
    }

    #[test]
    fn damage_of_any_byte_never_panics() {
        let members: &[(&str, &[u8])] = &[("a/b.yaml", b"kind: Secret\n"), ("c", b"other")];
        for original in [zip(members), gzip(&tar(members)), tar(members)] {
            for at in 0..original.len().min(3000) {
                for flip in [0x01, 0x80, 0xff] {
                    let mut bytes = original.clone();
                    bytes[at] ^= flip;
                    read("x", &bytes);
                }
                read("x", &original[..at]);
            }
        }
    }

    #[test]
    fn encrypted_members_are_skipped() {
        let mut bytes = zip(&[("a", b"plain"), ("b", b"plain")]);
        // The flag of the first member, in its own header and in the directory.
        bytes[6] |= 1;
        let directory = memmem::find(&bytes, b"PK\x01\x02").unwrap();
        bytes[directory + 8] |= 1;
        let seen = read("z.zip", &bytes);
        assert_eq!(seen.reason("z.zip!/a"), "encrypted: not read, the archive goes on");
        assert_eq!(seen.text("z.zip!/b"), "plain");
    }

    #[test]
    fn stored_members_count_and_excluded_ones_do_not() {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        for name in ["keep/a", "drop/b"] {
            writer.start_file(name, stored).unwrap();
            writer.write_all(b"text").unwrap();
        }
        writer.add_directory("empty", stored).unwrap();
        writer.add_symlink("link", "keep/a", stored).unwrap();
        let bytes = writer.finish().unwrap().into_inner();
        let mut exclude = globset::GlobSetBuilder::new();
        exclude.add(globset::Glob::new("**/drop/**").unwrap());
        let options = Options { exclude: exclude.build().unwrap(), ..options() };
        assert_eq!(read_with("z", &bytes, &options).paths(), ["z!/keep/a"]);
    }

    #[test]
    fn a_text_about_ustar_is_a_text() {
        let text = " ".repeat(257) + "ustar and more" + &" ".repeat(512);
        assert_eq!(read("t", text.as_bytes()).text("t"), text);
    }
}
