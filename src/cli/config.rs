//! `.ksecrets.yaml`: what a repository says of its own hunt.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, bail};
use globset::{Glob, GlobBuilder, GlobMatcher, GlobSet, GlobSetBuilder};
use ksecrets::hunt::{Limited, Limits};
use ksecrets::model::{Confidence, RuleId, Severity};
use ksecrets::seal::{Root, Scope, SealError};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// The name of the file that is read when no other is named.
pub(super) const NAME: &str = ".ksecrets.yaml";

/// As written. Unknown keys are refused: a misspelt one would silently change nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a mapping with the keys hunt and seal")]
struct ConfigSyntax {
    #[serde(default)]
    hunt: HuntSyntax,
    #[serde(default)]
    seal: Option<SealSyntax>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a mapping of options")]
struct HuntSyntax {
    #[serde(default)]
    exclude: Vec<Word<Glob>>,
    #[serde(default)]
    select: Vec<String>,
    #[serde(default)]
    ignore: Vec<String>,
    #[serde(default)]
    severity: BTreeMap<String, Word<Severity>>,
    #[serde(default)]
    patterns: Vec<PathBuf>,
    fail_on: Option<Word<FailOn>>,
    min_confidence: Option<Word<Confidence>>,
    #[serde(default)]
    max_readers: BTreeMap<Word<LimitKey>, usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a mapping of options")]
struct SealSyntax {
    keyset: Option<PathBuf>,
    root: Option<String>,
    recipients: Option<Vec<RuleSyntax>>,
    #[serde(default)]
    require_pq: bool,
    scope: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a mapping with path and keys")]
struct RuleSyntax {
    path: Option<Word<PathPattern>>,
    keys: Vec<String>,
}

/// A word with a meaning. Parsed while the file is read, so that an error knows its line.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Word<T>(T);

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(Self).map_err(D::Error::custom)
    }
}

/// From which severity on findings fail a run; none means never.
#[derive(Clone, Copy, Debug)]
pub(super) struct FailOn(pub(super) Option<Severity>);

impl FromStr for FailOn {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word.parse::<Severity>() {
            _ if word == "never" => Ok(Self(None)),
            Ok(severity) if severity > Severity::Info => Ok(Self(Some(severity))),
            _ => Err(format!("'{word}' is not one of critical, high, medium, low, never")),
        }
    }
}

/// What a limit is for, and the key as it is written. A namespace may be called `default` or `all`, but not `*`.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct LimitKey(Limited, String);

impl FromStr for LimitKey {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let is_name = |name: &str| !name.is_empty() && !name.contains(['/', '*', ' ']);
        let limited = match word.split_once('/') {
            None if word == "*" => Limited::All,
            None if is_name(word) => Limited::Namespace(word.to_owned()),
            // A manifest may leave its namespace out.
            Some((namespace, name)) if is_name(name) && (namespace.is_empty() || is_name(namespace)) => {
                Limited::Secret(namespace.to_owned(), name.to_owned())
            }
            _ => return Err(format!("'{word}' is not '*', a namespace, or a Secret such as prod/db")),
        };
        Ok(Self(limited, word.to_owned()))
    }
}

/// Whose signature a keyset must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pin {
    Root(Root),
    /// Anybody's: said in so many words.
    Unpinned,
}

impl FromStr for Pin {
    type Err = SealError;

    fn from_str(word: &str) -> Result<Self, SealError> {
        if word == "unpinned" { Ok(Self::Unpinned) } else { word.parse().map(Self::Root) }
    }
}

/// Which files a rule is for. `*` stays within one folder, as in `.gitignore`: who may open a file should not follow from
/// a pattern that reaches further than it looks.
#[derive(Clone, Debug)]
struct PathPattern(GlobMatcher);

impl FromStr for PathPattern {
    type Err = globset::Error;

    fn from_str(word: &str) -> Result<Self, globset::Error> {
        let whole = if word.ends_with('/') { format!("{word}**") } else { word.to_owned() };
        let pattern = whole.strip_prefix("./").unwrap_or(&whole);
        Ok(Self(GlobBuilder::new(pattern).literal_separator(true).build()?.compile_matcher()))
    }
}

/// To whom the files of a path are sealed.
#[derive(Clone, Debug)]
pub(super) struct RecipientRule {
    /// None for every file.
    path: Option<PathPattern>,
    /// Labels and key ids.
    pub(super) keys: Vec<String>,
}

impl RecipientRule {
    /// Whether it is for every file, whatever its path.
    pub(super) fn is_for_all(&self) -> bool {
        self.path.as_ref().is_none_or(|PathPattern(path)| path.glob().glob() == "**")
    }

    /// Whether it is for a file, named from the folder of the configuration.
    pub(super) fn is_for(&self, path: &Path) -> bool {
        self.path.as_ref().is_none_or(|PathPattern(pattern)| pattern.is_match(path))
    }
}

/// What it says of sealing.
#[derive(Debug, Default)]
pub(super) struct SealConfig {
    /// The configuration itself, as messages call it; empty where none speaks of sealing.
    pub(super) place: String,
    /// The line of `seal:`.
    pub(super) line: usize,
    /// Whether an argument names it.
    pub(super) is_named: bool,
    /// The folder that paths are seen from.
    pub(super) folder: PathBuf,
    pub(super) keyset: Option<PathBuf>,
    pub(super) pin: Option<Pin>,
    pub(super) rules: Option<Vec<RecipientRule>>,
    pub(super) post_quantum: bool,
    pub(super) widest: Option<Scope>,
}

impl SealConfig {
    fn new(path: &Path, text: &str, syntax: SealSyntax) -> anyhow::Result<Self> {
        let place = path.display().to_string();
        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        let line = |key: &str| line_of_key(text, "seal", key);
        let rules = syntax.recipients.map(|rules| {
            rules.into_iter().map(|rule| RecipientRule { path: rule.path.map(|word| word.0), keys: rule.keys })
        });
        let rules: Option<Vec<_>> = rules.map(Iterator::collect);
        if rules.iter().flatten().any(|rule| rule.keys.is_empty()) || rules.as_ref().is_some_and(Vec::is_empty) {
            bail!("{place}:{}: a rule of seal.recipients names no key", line("recipients"));
        }
        if rules.is_some() && syntax.keyset.is_none() {
            let at = line("recipients");
            bail!("{place}:{at}: seal.recipients names keys of a keyset: say which with `keyset: ksecrets-keys.yaml`");
        }
        Ok(Self {
            keyset: syntax.keyset.map(|keyset| folder.join(keyset)),
            pin: syntax.root.map(|word| parsed(&place, line("root"), "seal.root", &word)).transpose()?,
            rules,
            post_quantum: syntax.require_pq,
            widest: syntax.scope.map(|word| parsed(&place, line("scope"), "seal.scope", &word)).transpose()?,
            line: line_of_key(text, "seal", "seal"),
            is_named: false,
            place,
            folder,
        })
    }

    /// What the named file says, or else the outermost configuration of the git work tree that speaks of sealing. Nobody
    /// decides who opens what is sealed below a folder by adding a file there.
    pub(super) fn find(named: Option<&Path>) -> anyhow::Result<Self> {
        if named.is_some() {
            return Ok(Self { is_named: true, ..Config::find(named)?.seal });
        }
        let mut found: Option<Self> = None;
        for folder in folders()? {
            let Some(outer) = Self::in_file(&folder.join(NAME))?.filter(Self::speaks) else { continue };
            if let Some(Self { place, line, .. }) = &found {
                bail!(
                    "{place}:{line}: {} decides about sealing in this work tree: take `seal:` out of {place}, or say \
                     --config where it is meant to count",
                    outer.place
                );
            }
            found = Some(outer);
        }
        Ok(found.unwrap_or_default())
    }

    /// What decides in a folder of a work tree that is another than that of `here`, as which it is named: the outermost
    /// configuration there that speaks of sealing.
    pub(super) fn outermost(folder: &Path, tree: &Path, here: Option<&Path>) -> anyhow::Result<Option<Self>> {
        let mut within: Vec<_> = folder.ancestors().take_while(|folder| folder.starts_with(tree)).collect();
        while let Some(folder) = within.pop() {
            let folder = here.and_then(|here| folder.strip_prefix(here).ok()).unwrap_or(folder);
            if let Some(found) = Self::in_file(&folder.join(NAME))?.filter(Self::speaks) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// What a configuration says, if there is such a file.
    pub(super) fn in_file(path: &Path) -> anyhow::Result<Option<Self>> {
        match std::fs::read_to_string(path) {
            Ok(text) => Config::read(path, &text).map(|config| Some(config.seal)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read the configuration {}", path.display())),
        }
    }

    /// Whether it says anything.
    pub(super) fn speaks(&self) -> bool {
        self.keyset.is_some() || self.pin.is_some() || self.post_quantum || self.widest.is_some()
    }
}

/// The working directory and the folders around it, up to that of the git work tree; outside of one what lies further up
/// may be anybody's.
fn folders() -> anyhow::Result<Vec<PathBuf>> {
    let here = std::env::current_dir().context("cannot tell the working directory")?;
    // A work tree of a submodule, or beside the first, has a file there.
    let depth = here.ancestors().position(|folder| folder.join(".git").symlink_metadata().is_ok()).unwrap_or(0);
    Ok((0..=depth).map(|up| std::iter::repeat_n("..", up).collect()).collect())
}

/// A word of a section. While the file is read only the line of the section is known, where an optional word is wrong.
fn parsed<T: FromStr<Err: Display>>(place: &str, line: usize, key: &str, word: &str) -> anyhow::Result<T> {
    word.parse().or_else(|error| bail!("{place}:{line}: {key}: {error}"))
}

/// As meant.
#[derive(Debug, Default)]
pub(super) struct Config {
    pub(super) seal: SealConfig,
    pub(super) exclude: GlobSet,
    pub(super) select: Vec<RuleId>,
    pub(super) ignore: Vec<RuleId>,
    pub(super) severities: BTreeMap<RuleId, Severity>,
    pub(super) patterns: Vec<PathBuf>,
    pub(super) fail_on: Option<FailOn>,
    pub(super) min_confidence: Option<Confidence>,
    pub(super) limits: Limits,
    /// `.ksecrets.yaml:7` for each rule that it names.
    places: BTreeMap<RuleId, String>,
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
        let place = path.display().to_string();
        let syntax = match serde_yaml::from_str::<Option<ConfigSyntax>>(text) {
            Ok(syntax) => syntax.unwrap_or_default(),
            Err(error) => {
                let line = error.location().map_or(String::new(), |location| format!(":{}", location.line()));
                let message = error.to_string();
                let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
                bail!("{place}{line}: {message}");
            }
        };
        let seal = syntax.seal.map(|seal| SealConfig::new(path, text, seal)).transpose()?.unwrap_or_default();
        let hunt = syntax.hunt;
        let folder = path.parent().unwrap_or(Path::new(""));
        let ids = |words: &[String]| words.iter().map(|word| RuleId::new(word)).collect::<Vec<_>>();
        let mut exclude = GlobSetBuilder::new();
        for Word(glob) in hunt.exclude {
            exclude.add(glob);
        }
        let named = hunt.select.iter().chain(&hunt.ignore).chain(hunt.severity.keys());
        let places = named.map(|id| (RuleId::new(id), format!("{place}:{}", line_of(text, id)))).collect();
        let mut limits = Limits::default();
        for (Word(LimitKey(limited, key)), most) in hunt.max_readers {
            limits.set(limited, most, Some(format!("{place}:{}", line_of_key(text, "max-readers", &key))));
        }
        Ok(Self {
            seal,
            exclude: exclude.build().with_context(|| place.clone())?,
            select: ids(&hunt.select),
            ignore: ids(&hunt.ignore),
            severities: hunt.severity.into_iter().map(|(id, word)| (RuleId::new(&id), word.0)).collect(),
            patterns: hunt.patterns.into_iter().map(|path| folder.join(path)).collect(),
            fail_on: hunt.fail_on.map(|word| word.0),
            min_confidence: hunt.min_confidence.map(|word| word.0),
            limits,
            places,
        })
    }

    /// Where the file names a rule.
    pub(super) fn place_of(&self, rule: &RuleId) -> Option<&str> {
        self.places.get(rule).map(String::as_str)
    }
}

/// The first line, counted from 1, that has a word to itself.
fn line_of(text: &str, word: &str) -> usize {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let line = text.lines().position(|line| line.split(|c: char| !is_part(c)).any(|part| part == word));
    line.map_or(1, |line| line + 1)
}

/// The first line, counted from 1, from that of a section on, that has a key to itself.
fn line_of_key(text: &str, section: &str, key: &str) -> usize {
    let start = line_of(text, section);
    let has = |line: &str| line.split([' ', '\t', ':', ',', '{', '}', '"', '\'']).any(|part| part == key);
    text.lines().skip(start - 1).position(has).map_or(start, |line| start + line)
}
