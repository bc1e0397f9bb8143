//! `.ksecrets.yaml`: what a repository says of its own hunt.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use globset::{Glob, GlobSet, GlobSetBuilder};
use ksecrets::model::{Confidence, RuleId, Severity};
use serde::Deserialize;

/// The name of the file that is read when no other is named.
const NAME: &str = ".ksecrets.yaml";

/// As written. Unknown keys are refused: a misspelt one would silently change nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ConfigSyntax {
    #[serde(default)]
    hunt: HuntSyntax,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct HuntSyntax {
    #[serde(default)]
    exclude: Vec<String>,
    #[serde(default)]
    select: Vec<String>,
    #[serde(default)]
    ignore: Vec<String>,
    #[serde(default)]
    severity: BTreeMap<String, String>,
    #[serde(default)]
    patterns: Vec<PathBuf>,
    fail_on: Option<String>,
    min_confidence: Option<String>,
}

/// As meant.
#[derive(Debug, Default)]
pub(super) struct Config {
    pub(super) exclude: GlobSet,
    pub(super) select: Vec<RuleId>,
    pub(super) ignore: Vec<RuleId>,
    pub(super) severities: BTreeMap<RuleId, Severity>,
    pub(super) patterns: Vec<PathBuf>,
    pub(super) fail_on: Option<String>,
    pub(super) min_confidence: Option<Confidence>,
}

impl Config {
    /// Reads the named file, or the one of the working directory if there is one.
    pub(super) fn find(named: Option<&Path>) -> anyhow::Result<Self> {
        let path = named.unwrap_or(Path::new(NAME));
        match std::fs::read_to_string(path) {
            Ok(text) => Self::read(path, &text),
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("cannot read the configuration {}", path.display())),
        }
    }

    fn read(path: &Path, text: &str) -> anyhow::Result<Self> {
        let syntax: ConfigSyntax = match serde_yaml::from_str::<Option<ConfigSyntax>>(text) {
            Ok(syntax) => syntax.unwrap_or_default(),
            Err(error) => {
                let line = error.location().map_or(String::new(), |location| format!(":{}", location.line()));
                bail!("{}{line}: {error}", path.display());
            }
        };
        let hunt = syntax.hunt;
        let place = path.display().to_string();
        let folder = path.parent().unwrap_or(Path::new(""));
        let ids = |words: Vec<String>| words.iter().map(|word| RuleId::new(word)).collect();
        let mut severities = BTreeMap::new();
        for (rule, word) in hunt.severity {
            severities
                .insert(RuleId::new(&rule), word.parse().with_context(|| format!("{place}: severity of {rule}"))?);
        }
        Ok(Self {
            exclude: globs(&hunt.exclude).with_context(|| place.clone())?,
            select: ids(hunt.select),
            ignore: ids(hunt.ignore),
            severities,
            patterns: hunt.patterns.into_iter().map(|path| folder.join(path)).collect(),
            fail_on: hunt.fail_on,
            min_confidence: hunt.min_confidence.map(|word| word.parse()).transpose().with_context(|| place)?,
        })
    }
}

fn globs(patterns: &[String]) -> anyhow::Result<GlobSet> {
    let mut builder = GlobSetBuilder::new();
    for pattern in patterns {
        builder.add(Glob::new(pattern)?);
    }
    Ok(builder.build()?)
}
