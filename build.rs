//! Reads `patterns/*.yaml` once, when ksecrets is built, and embeds them as JSON: parsing 300 rules of YAML at
//! every start would take 10 ms, half of what starting may take.

#[path = "src/pattern/syntax.rs"]
#[expect(dead_code, unreachable_pub, reason = "the library uses and publishes all of it")]
mod syntax;

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=patterns");
    println!("cargo::rerun-if-changed=src/pattern/syntax.rs");
    let mut files: Vec<PathBuf> =
        fs::read_dir("patterns").expect("the patterns folder").map(|entry| entry.expect("its entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    let mut entries = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a readable pattern file");
        match syntax::parse(&file.display().to_string(), &text) {
            Ok(rules) => entries.extend(rules),
            Err(error) => panic!("{error}"),
        }
    }
    let json = serde_json::to_string(&entries).expect("patterns as JSON");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("patterns.json"), json).expect("write the patterns");
}
