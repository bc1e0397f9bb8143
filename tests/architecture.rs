//! Rooms know only the rooms below them.

use std::fs;
use std::path::{Path, PathBuf};

/// Each room, and the rooms it may import.
const ROOMS: [(&str, &[&str]); 10] = [
    ("model", &[]),
    ("manifest", &["model"]),
    ("pattern", &["model"]),
    ("render", &["model"]),
    ("source", &["model", "manifest", "pattern"]),
    ("access", &["model", "manifest"]),
    ("seal", &["model", "manifest", "pattern"]),
    ("atrest", &["model", "manifest"]),
    ("hunt", &["model", "manifest", "pattern", "source", "access", "atrest"]),
    // The command: it sees the library from outside.
    ("cli", &[]),
];

/// Crates that only some files may name.
const CRATES: [(&str, &str); 7] = [
    ("granit_parser", "manifest/yaml.rs"),
    ("hpke", "seal/kem.rs"),
    ("ed25519_dalek", "seal/keyset/root.rs"),
    ("rsa", "seal/bitnami/"),
    ("tonic", "atrest/stored/etcd/"),
    ("clap", "cli/"),
    ("anyhow", "cli/"),
];

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The words that follow `prefix` in the code of a file, comments left out.
fn after<'t>(text: &'t str, prefix: &str) -> Vec<&'t str> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.split(prefix).skip(1))
        .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or(""))
        .collect()
}

#[test]
fn imports_go_one_way() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    let mut imports = 0;
    for file in files(&src) {
        let name = file.strip_prefix(&src).unwrap().to_string_lossy().replace('\\', "/");
        let text = fs::read_to_string(&file).unwrap();
        let Some((room, _)) = name.split_once('/') else { continue };
        let known = ROOMS.iter().find(|(known, _)| *known == room);
        let (_, below) = known.unwrap_or_else(|| panic!("src/{room} has no place in the order of rooms"));
        for import in after(&text, "crate::") {
            imports += 1;
            if import != room && !below.contains(&import) {
                wrong.push(format!("src/{name} imports {import}"));
            }
        }
        for (named, home) in CRATES {
            if !name.starts_with(home)
                && (text.contains(&format!("{named}::")) || text.contains(&format!("use {named}")))
            {
                wrong.push(format!("src/{name} names {named}"));
            }
        }
    }
    assert!(imports > 50, "only {imports} imports seen");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
