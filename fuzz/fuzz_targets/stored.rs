//! Stored bytes: a database of anybody's making is counted or refused, never a crash and never without end.
#![no_main]

use std::io::Write as _;

use ksecrets::atrest::stored::{Options, read_bytes, read_file};
use libfuzzer_sys::fuzz_target;

const PAGE: usize = 4096;

fuzz_target!(|bytes: &[u8]| {
    read_bytes(bytes);
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(&database(bytes)).expect("room for it");
    let _ = read_file(file.path(), &Options { residue: true, ..Options::default() });
});

/// The bytes as pages, behind two metas that are right: nobody guesses a checksum.
fn database(bytes: &[u8]) -> Vec<u8> {
    let pages = 2 + bytes.len().div_ceil(PAGE) as u64;
    let mut meta = Vec::new();
    for word in [0xed0c_daed, 2, PAGE as u32, 0_u32] {
        meta.extend(word.to_le_bytes());
    }
    for word in [2, 0, u64::MAX, pages, 1] {
        meta.extend(word.to_le_bytes());
    }
    let hash = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    meta.extend(meta.iter().fold(0xcbf2_9ce4_8422_2325, hash).to_le_bytes());
    let mut database = vec![0; pages as usize * PAGE];
    for start in [16, PAGE + 16] {
        database[start..start + meta.len()].copy_from_slice(&meta);
    }
    database[2 * PAGE..][..bytes.len()].copy_from_slice(bytes);
    database
}
