//! The patterns that come with ksecrets: every file of `patterns/`, embedded by `build.rs`.

use super::syntax::PatternSyntax;

/// What the build script made of `patterns/*.yaml`.
const PATTERNS: &str = include_str!(concat!(env!("OUT_DIR"), "/patterns.json"));

/// Every built-in entry, in the order of their files.
///
/// # Errors
/// Never in practice: the build script wrote what is read here.
pub fn builtin() -> Result<Vec<PatternSyntax>, serde_json::Error> {
    serde_json::from_str(PATTERNS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_embedded() {
        let known = builtin().unwrap();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/patterns");
        let files =
            std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
        let ids = files.map(|text| text.lines().filter(|line| line.starts_with("- id:")).count()).sum::<usize>();
        assert_eq!(known.len(), ids);
    }
}
