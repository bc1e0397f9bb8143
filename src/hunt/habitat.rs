//! What kind of file a value lives in: how strictly it is judged depends on that.

use std::borrow::Cow;

/// How values are written where we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Habitat {
    /// Configuration that deploys: values may be bare, weak literals count.
    Config,
    /// A program: only string literals count, and only those that look like secrets.
    Code,
    /// Text for people and data nobody deploys: only what looks machine-made counts.
    Prose,
    /// Lock files, minified code, drawings: names mean nothing, only tokens count.
    Generated,
}

const CODE: &[&str] = &[
    "rs",
    "go",
    "py",
    "pyi",
    "js",
    "jsx",
    "ts",
    "tsx",
    "mjs",
    "cjs",
    "java",
    "kt",
    "kts",
    "scala",
    "sbt",
    "groovy",
    "rb",
    "php",
    "cs",
    "fs",
    "vb",
    "c",
    "h",
    "cc",
    "cpp",
    "hpp",
    "swift",
    "m",
    "mm",
    "dart",
    "lua",
    "pl",
    "pm",
    "r",
    "ex",
    "exs",
    "erl",
    "hs",
    "clj",
    "vue",
    "svelte",
    "html",
    "htm",
    "jsp",
    "proto",
    "graphql",
    "rego",
    "cue",
    "jsonnet",
    "libsonnet",
    "star",
    "bzl",
    "nix",
    "css",
    "scss",
    "ps1",
    "psm1",
    "gradle",
    "bicep",
    "zig",
    "elm",
    "ml",
    "jl",
    "sol",
    "tpl",
];
const CONFIG: &[&str] = &[
    "sql",
    "yaml",
    "yml",
    "json",
    "json5",
    "toml",
    "ini",
    "cfg",
    "conf",
    "config",
    "cnf",
    "properties",
    "env",
    "tf",
    "tfvars",
    "tfstate",
    "hcl",
    "xml",
    "plist",
    "sh",
    "bash",
    "zsh",
    "fish",
    "ksh",
    "bat",
    "cmd",
    "dockerfile",
    "service",
    "j2",
    "jinja",
    "jinja2",
    "gotmpl",
    "tmpl",
    "erb",
    "envrc",
    "netrc",
    "npmrc",
    "pgpass",
    "pypirc",
    "htaccess",
    "repo",
    "secrets",
    "credentials",
    "csv",
    "http",
    "rest",
    "mk",
    "ovpn",
    "rc",
    "eyaml",
    "template",
    "dist",
    "local",
    "dev",
    "prod",
];
const GENERATED: &[&str] =
    &["lock", "sum", "svg", "map", "snap", "po", "pot", "ipynb", "min", "woff", "pdf", "resx", "xlf", "arb"];

impl Habitat {
    /// Judges by the path alone; archive members by their own part of it.
    #[must_use]
    pub(super) fn of(path: &str) -> Self {
        let path = lower(own_part(path));
        let path = without_backup_suffix(&path);
        let name = path.rsplit('/').next().unwrap_or(path);
        if is_generated(name) || has(path, ".yarn/releases/") || is_translation(path, name) {
            return Self::Generated;
        }
        if is_page_template(name) {
            return Self::Prose;
        }
        let Some((stem, extension)) = name.rsplit_once('.') else {
            return if is_prose_name(name) { Self::Prose } else { Self::Config };
        };
        if stem.is_empty()
            || name.starts_with(".env")
            || stem == "dockerfile"
            || name.starts_with("docker-compose")
            || CONFIG.contains(&extension)
        {
            return Self::Config;
        }
        if CODE.contains(&extension) { Self::Code } else { Self::Prose }
    }

    /// Whether the path is one of samples and tests, whose values are rarely alive.
    #[must_use]
    pub(super) fn is_sample(path: &str) -> bool {
        // Parts as bytes, which are quicker cut than text: this is asked of every file.
        lower(path).as_bytes().split(|byte| matches!(byte, b'/' | b'!')).any(|part| {
            let stem = part.split(|byte| *byte == b'.').next().unwrap_or(part);
            matches!(
                stem,
                b"test"
                    | b"tests"
                    | b"testing"
                    | b"testdata"
                    | b"spec"
                    | b"specs"
                    | b"fixtures"
                    | b"fixture"
                    | b"mocks"
                    | b"mock"
                    | b"__tests__"
                    | b"e2e"
                    | b"unittests"
                    | b"examples"
                    | b"samples"
                    | b"docs"
                    | b"doc"
                    | b"documentation"
                    | b"design"
                    | b"proposals"
                    | b"golden"
                    | b"vendor"
                    | b"third_party"
                    | b"node_modules"
            ) || stem.ends_with(b"_test")
                || stem.ends_with(b"_test_data")
                || stem.starts_with(b"test_")
                || stem.ends_with(b"test") && part.ends_with(b".java")
                || is_inside(part, &[b"test", b"spec"])
                || part.ends_with(b".example")
                || part.ends_with(b".sample")
        })
    }
}

/// A path in small letters, as most are.
pub(super) fn lower(path: &str) -> Cow<'_, str> {
    if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(path.to_ascii_lowercase())
    } else {
        Cow::Borrowed(path)
    }
}

/// The path of a member in its archive; other paths as they are.
pub(super) fn own_part(path: &str) -> &str {
    match memchr::memchr(b'!', path.as_bytes()) {
        Some(_) => path.rsplit("!/").next().unwrap_or(path),
        None => path,
    }
}

/// Whether a text is part of another: the standard library's search prepares for long needles, which takes a while.
pub(super) fn has(text: &str, part: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), part.as_bytes()).is_some()
}

/// Whether one of the words stands between two dots of a name: `jquery.min.js`.
fn is_inside(name: &[u8], words: &[&[u8]]) -> bool {
    let dots = (memchr::memchr(b'.', name), memchr::memrchr(b'.', name));
    let (Some(first), Some(last)) = dots else { return false };
    first < last && name[first + 1..last].split(|byte| *byte == b'.').any(|part| words.contains(&part))
}

/// `secret.yaml.bak` is what `secret.yaml` is.
pub(super) fn without_backup_suffix(path: &str) -> &str {
    const SUFFIXES: [&str; 7] = [".bak", ".orig", ".old", ".save", ".example", ".sample", "~"];
    SUFFIXES.iter().find_map(|suffix| path.strip_suffix(suffix)).unwrap_or(path)
}

fn is_generated(name: &str) -> bool {
    const NAMES: [&str; 8] = [
        "package-lock.json",
        "npm-shrinkwrap.json",
        "pnpm-lock.yaml",
        "yarn.lock",
        "composer.lock",
        "go.sum",
        "cargo.lock",
        "chart.lock",
    ];
    let extension = name.rsplit('.').next().unwrap_or("");
    NAMES.contains(&name)
        || is_inside(name.as_bytes(), &[b"min", b"bundle", b"pb"])
        || has(name, "generated") && ["_generated.", "zz_generated"].iter().any(|mark| has(name, mark))
        || GENERATED.contains(&extension)
        || name.ends_with(".schema.json")
}

/// Catalogues of texts for people: `"password": "Passwort"`.
fn is_translation(path: &str, name: &str) -> bool {
    let folder = path.as_bytes().split(|byte| *byte == b'/').any(|part| {
        matches!(part, b"i18n" | b"locale" | b"locales" | b"lang" | b"langs" | b"translations" | b"l10n" | b"messages")
    });
    folder
        && (name.ends_with(".json")
            || name.ends_with(".yaml")
            || name.ends_with(".yml")
            || name.ends_with(".properties")
            || name.ends_with(".xml")
            || name.ends_with(".ts")
            || name.ends_with(".js")
            || name.ends_with(".php")
            || name.ends_with(".ini")
            || name.ends_with(".toml"))
        || name.ends_with(".properties") && (name.starts_with("messages") || name.contains("messages_"))
}

/// `README.md.gotmpl`: what it makes is a page.
fn is_page_template(name: &str) -> bool {
    let page = |stem: &str| [".md", ".rst", ".adoc"].iter().any(|ending| stem.ends_with(ending));
    name.rsplit_once('.').is_some_and(|(stem, template)| {
        ["gotmpl", "tmpl", "tpl", "j2", "jinja", "jinja2", "erb", "template"].contains(&template) && page(stem)
    })
}

fn is_prose_name(name: &str) -> bool {
    [
        "readme",
        "license",
        "changelog",
        "notice",
        "authors",
        "contributing",
        "codeowners",
        "copying",
        "maintainers",
        "owners",
    ]
    .contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_by_name() {
        for (path, habitat) in [
            ("deploy/api.yaml", Habitat::Config),
            (".env.production", Habitat::Config),
            ("Dockerfile", Habitat::Config),
            ("src/main.rs", Habitat::Code),
            ("README.md", Habitat::Prose),
            ("README.md.gotmpl", Habitat::Prose),
            ("web/package-lock.json", Habitat::Generated),
            ("app/i18n/de.json", Habitat::Generated),
            ("conf/locale/locale_de-DE.ini", Habitat::Generated),
            ("src/main/resources/org/x/messages_de.properties", Habitat::Generated),
            ("src/main/resources/application_de.properties", Habitat::Config),
            (".yarn/releases/yarn-4.4.1.cjs", Habitat::Generated),
            ("c.tgz!/chart/values.yaml", Habitat::Config),
            (".netrc", Habitat::Config),
        ] {
            assert_eq!(Habitat::of(path), habitat, "{path}");
        }
    }

    #[test]
    fn samples_by_path() {
        assert!(Habitat::is_sample("pkg/auth/login_test.go"));
        assert!(Habitat::is_sample("docs/x.md"));
        assert!(Habitat::is_sample("hack/vendor/github.com/x/openpgp/keys.go"));
        assert!(Habitat::is_sample("pkg/read_write_test_data.go"));
        assert!(!Habitat::is_sample("deploy/latest/x.yaml"));
    }
}
