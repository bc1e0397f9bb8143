//! How long a census of a large snapshot takes, and how much memory. In two steps, as the first takes minutes:
//!
//! ```text
//! KSECRETS_BENCH_DB=/tmp/large.db cargo test --test main write_large_snapshot -- --ignored --nocapture
//! KSECRETS_BENCH_DB=/tmp/large.db cargo test --release --test main census_of_large_snapshot -- --ignored --nocapture
//! ```

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ksecrets::atrest::stored::{Options, read_file};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::control_plane::ControlPlane;

/// Bytes of an object.
const SIZE: usize = 2_400;
/// Objects of a transaction: etcd takes 128, and 1.5 MiB.
const AT_ONCE: usize = 100;
const RUNS: usize = 5;

fn file() -> PathBuf {
    env::var_os("KSECRETS_BENCH_DB").expect("KSECRETS_BENCH_DB names no file").into()
}

#[test]
#[ignore = "takes minutes, and writes 500 MB"]
fn write_large_snapshot() {
    let objects = env::var("OBJECTS").map_or(200_000, |text| text.parse().unwrap());
    let Some(mut plane) = ControlPlane::start(&[]) else { return };
    plane.stop(); // nobody may write while the database is copied, and nobody has to read what is made up here
    let text = |bytes: &[u8]| STANDARD.encode(bytes);
    let mut value = b"k8s:enc:secretbox:v1:key1:".to_vec();
    value.resize(SIZE, 0xa5);
    let value = text(&value);
    for start in (0..objects).step_by(AT_ONCE) {
        let puts = (start..start + AT_ONCE).map(|number| {
            let key = format!("/registry/secrets/namespace-{}/object-{number}", number % 200);
            json!({ "request_put": { "key": text(key.as_bytes()), "value": value } })
        });
        plane.etcd("/v3/kv/txn", &json!({ "success": puts.collect::<Vec<_>>() }));
    }
    thread::sleep(Duration::from_secs(1)); // etcd commits ten times a second
    fs::copy(plane.folder().join("etcd/member/snap/db"), file()).unwrap();
    // What makes a snapshot of a database.
    let (mut copy, mut hash, mut buffer) = (fs::File::open(file()).unwrap(), Sha256::new(), vec![0; 1 << 20]);
    loop {
        match copy.read(&mut buffer).unwrap() {
            0 => break,
            read => hash.update(&buffer[..read]),
        }
    }
    fs::OpenOptions::new().append(true).open(file()).unwrap().write_all(&hash.finalize()).unwrap();
    println!("{} bytes in {}", fs::metadata(file()).unwrap().len(), file().display());
}

#[test]
#[ignore = "needs a snapshot, and a release build to mean anything"]
fn census_of_large_snapshot() {
    let bytes = fs::metadata(file()).unwrap().len();
    for residue in [false, true] {
        let mut best = Duration::MAX;
        let options = Options { residue, ..Options::default() };
        for _ in 0..RUNS {
            let begin = Instant::now();
            let evidence = read_file(&file(), &options).unwrap();
            best = best.min(begin.elapsed());
            assert!(evidence.census.objects() > 0);
        }
        println!(
            "{bytes} bytes, residue {residue}: {:.0} MB/s, peak {} kB",
            bytes as f64 / best.as_secs_f64() / 1e6,
            peak()
        );
    }
}

/// Most memory that was in use, in kB, where the system says.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
