//! What kind of file a value lives in: how strictly it is judged depends on that.

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
        let path = path.rsplit("!/").next().unwrap_or(path).to_ascii_lowercase();
        let path = without_backup_suffix(&path);
        let name = path.rsplit('/').next().unwrap_or(path);
        if is_generated(name) || path.contains(".yarn/releases/") || is_translation(path, name) {
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
        path.to_ascii_lowercase().split(['/', '!']).any(|part| {
            let stem = part.split('.').next().unwrap_or(part);
            matches!(
                stem,
                "test"
                    | "tests"
                    | "testing"
                    | "testdata"
                    | "spec"
                    | "specs"
                    | "fixtures"
                    | "fixture"
                    | "mocks"
                    | "mock"
                    | "__tests__"
                    | "e2e"
                    | "unittests"
                    | "examples"
                    | "samples"
                    | "docs"
                    | "doc"
                    | "documentation"
                    | "design"
                    | "proposals"
                    | "golden"
                    | "vendor"
                    | "third_party"
                    | "node_modules"
            ) || stem.ends_with("_test")
                || stem.ends_with("_test_data")
                || stem.starts_with("test_")
                || stem.ends_with("test") && part.ends_with(".java")
                || part.contains(".test.")
                || part.contains(".spec.")
                || part.ends_with(".example")
                || part.ends_with(".sample")
        })
    }
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
        || name.contains(".min.")
        || name.contains(".bundle.")
        || ["_generated.", "zz_generated", ".pb."].iter().any(|mark| name.contains(mark))
        || GENERATED.contains(&extension)
        || name.ends_with(".schema.json")
}

/// Catalogues of texts for people: `"password": "Passwort"`.
fn is_translation(path: &str, name: &str) -> bool {
    let folder = path.split('/').any(|part| {
        matches!(part, "i18n" | "locale" | "locales" | "lang" | "langs" | "translations" | "l10n" | "messages")
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
