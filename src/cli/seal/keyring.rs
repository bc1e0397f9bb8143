//! The keys that a repository seals to: its configuration and its keyset together.

use std::fs;
use std::path::{Component, Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use clap::Args;
use ksecrets::seal::{Choice, Day, Keyset, KeysetDraft, Policy, Recipient, Scope};

use super::super::config::{Config, Pin, SealConfig};
use super::say;

#[derive(Args, Debug)]
pub(super) struct ConfigArguments {
    /// Read this configuration [default: .ksecrets.yaml, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Keyset to take keys from [default: seal.keyset of the configuration]
    #[arg(long, value_name = "KEYSET")]
    pub(super) keys: Option<PathBuf>,
    /// Root that the keyset must be signed by [default: seal.root of the configuration]
    #[arg(long, value_name = "ROOT")]
    pin: Option<Pin>,
}

/// Where the keyset is, and whose it must be.
pub(super) struct Settings {
    pub(super) config: SealConfig,
    pub(super) keyset: Option<PathBuf>,
    pub(super) pin: Option<Pin>,
}

impl ConfigArguments {
    pub(super) fn settings(&self) -> anyhow::Result<Settings> {
        let config = Config::find(self.config.as_deref())?.seal;
        let keyset = self.keys.clone().or_else(|| config.keyset.clone());
        Ok(Settings { pin: self.pin.clone().or_else(|| config.pin.clone()), config, keyset })
    }
}

impl Settings {
    /// The keyset of a text, if its signature is that of the pinned root.
    pub(super) fn verified(&self, name: &str, text: &str) -> anyhow::Result<Keyset> {
        let draft = KeysetDraft::read(text).with_context(|| name.to_owned())?;
        let root = match &self.pin {
            Some(Pin::Root(root)) => root.clone(),
            Some(Pin::Unpinned) => {
                say(&format!("{name} is unpinned: whoever can change it decides who opens your Secrets"));
                draft.root.clone()
            }
            None => bail!(
                "{name} is signed by {}, and no root is pinned: whoever can change the file could sign it anew. Compare \
                 with what `ksecrets seal keygen --root` printed, and write it as `root:` under `seal:` in .ksecrets.yaml",
                draft.root
            ),
        };
        draft.verify(&root).with_context(|| name.to_owned())
    }
}

/// What is sealed to whom in a repository.
pub(super) struct Keyring {
    pub(super) config: SealConfig,
    pub(super) keyset: Option<Keyset>,
    today: Day,
}

/// What every file has to hold to, by rule: the rules are few, and the files many.
pub(super) struct Policies<'k> {
    keyring: &'k Keyring,
    policies: Vec<Policy>,
    by_rule: bool,
    /// Of files that no rule is for: suites and scopes count there too.
    other: Policy,
}

impl Keyring {
    pub(super) fn read(arguments: &ConfigArguments) -> anyhow::Result<Self> {
        let settings = arguments.settings()?;
        let keyset = match &settings.keyset {
            // Whoever pins a root from outside must not be satisfied with a configuration that names no keyset any more.
            None if arguments.pin.is_some() => {
                bail!("--pin is about a keyset, and there is none: name it in .ksecrets.yaml, or with --keys")
            }
            None => None,
            Some(path) => {
                let name = path.display().to_string();
                let text = fs::read_to_string(path).with_context(|| format!("cannot read the keyset {name}"))?;
                Some(settings.verified(&name, &text)?)
            }
        };
        let mut config = settings.config;
        if let (true, Some(path)) = (config.place.is_empty(), &settings.keyset) {
            config.place = path.display().to_string();
        }
        Ok(Self { config, keyset, today: today() })
    }

    /// Whom a file is sealed to, where nobody is named: the keys of its rule. None stands for standard input.
    pub(super) fn recipients(&self, path: Option<&Path>) -> anyhow::Result<Vec<Recipient>> {
        let Some(keyset) = &self.keyset else {
            bail!(
                "there is nobody to seal to: name a recipient with -r, as `ksecrets seal keygen` prints it, or a keyset \
                 in .ksecrets.yaml"
            )
        };
        let choice = self.choice(path)?;
        let recipients = keyset.recipients(&choice, self.today);
        self.allowed(recipients.with_context(|| match path {
            // The rule is wrong, or the key: no file is.
            Some(path) => format!("{}, for {}", self.config.place, path.display()),
            None => self.config.place.clone(),
        })?)
    }

    /// Those that were named, with the break-glass keys of the keyset.
    pub(super) fn with(&self, named: &[Recipient]) -> anyhow::Result<Vec<Recipient>> {
        match &self.keyset {
            Some(keyset) => self.allowed(keyset.recipients(&Choice::Strangers(named.to_vec()), self.today)?),
            None => self.allowed(named.to_vec()),
        }
    }

    /// The keys that a word names: of a label, or by an id. None when it names none.
    pub(super) fn named(&self, word: &str) -> anyhow::Result<Option<Vec<Recipient>>> {
        let Some(keyset) = self.keyset.as_ref().filter(|keyset| !keyset.named(word).is_empty()) else {
            return Ok(None);
        };
        Ok(Some(keyset.recipients(&Choice::Named(vec![word.to_owned()]), self.today)?))
    }

    /// Refuses a scope that is wider than the configuration allows.
    pub(super) fn allows(&self, scope: Scope) -> anyhow::Result<()> {
        match self.config.widest {
            Some(widest) if scope > widest => {
                bail!("scope {scope} is wider than {widest}, the widest that {} allows", self.config.place)
            }
            _ => Ok(()),
        }
    }

    fn allowed(&self, recipients: Vec<Recipient>) -> anyhow::Result<Vec<Recipient>> {
        let weak = recipients.iter().find(|one| self.config.post_quantum && !one.suite().is_post_quantum());
        match weak {
            Some(one) => bail!("{} is not post-quantum, and {} has require-pq", one.kid(), self.config.place),
            None => Ok(recipients),
        }
    }

    /// The first rule that is for a file decides, as in `.sops.yaml`. Without rules a file is for every key.
    fn choice(&self, path: Option<&Path>) -> anyhow::Result<Choice> {
        let Some(rules) = &self.config.rules else { return Ok(Choice::Everyone) };
        let Some(path) = path else {
            // Where the result goes is not known; it does not matter when the first rule is for everything.
            let first = rules.first().filter(|rule| rule.is_for_all());
            return first.map(|rule| Choice::Named(rule.keys.clone())).with_context(|| {
                format!(
                    "recipients follow from the path ({}), and standard input has none: say where the result will lie \
                     with --path, or name recipients with -r",
                    self.config.place
                )
            });
        };
        let rule = self.rule(path).map(|at| Choice::Named(rules[at].keys.clone()));
        rule.with_context(|| {
            let place = &self.config.place;
            format!(
                "no rule of seal.recipients in {place} is for {}: add one, or name recipients with -r",
                path.display()
            )
        })
    }

    fn rule(&self, path: &Path) -> Option<usize> {
        let rules = self.config.rules.as_ref()?;
        match from(&self.config.folder, path) {
            Some(path) => rules.iter().position(|rule| rule.is_for(&path)),
            None => rules.iter().position(super::super::config::RecipientRule::is_for_all),
        }
    }

    /// What files have to hold to, when these recipients were named; nobody means the rules.
    pub(super) fn policies(&self, named: &[Recipient]) -> anyhow::Result<Policies<'_>> {
        let choices = match (&self.keyset, &self.config.rules) {
            _ if !named.is_empty() => vec![Choice::Strangers(named.to_vec())],
            (Some(_), Some(rules)) => rules.iter().map(|rule| Choice::Named(rule.keys.clone())).collect(),
            _ => vec![Choice::Everyone],
        };
        let by_rule = named.is_empty() && self.keyset.is_some() && self.config.rules.is_some();
        let policy = |choice: &Choice| match (&self.keyset, choice) {
            (Some(keyset), choice) => keyset.policy(choice, self.today).with_context(|| self.config.place.clone()),
            (None, Choice::Strangers(named)) => {
                let kids: std::collections::BTreeSet<_> = named.iter().map(|one| one.kid().clone()).collect();
                Ok(Policy { required: kids.clone(), allowed: Some(kids), ..Policy::default() })
            }
            (None, _) => Ok(Policy::default()),
        };
        let policies = choices.iter().map(policy).collect::<anyhow::Result<_>>()?;
        Ok(Policies { keyring: self, policies, by_rule, other: Policy::default() })
    }
}

impl Policies<'_> {
    /// Asks for more than the configuration does.
    pub(super) fn tighten(&mut self, post_quantum: bool, widest: Option<Scope>) {
        let config = &self.keyring.config;
        let widest = [widest, config.widest].into_iter().flatten().min();
        for policy in self.policies.iter_mut().chain([&mut self.other]) {
            policy.post_quantum = post_quantum || config.post_quantum;
            policy.widest = widest;
        }
    }

    /// What a file has to hold to, and whether that is because a rule says so.
    pub(super) fn of(&self, path: &Path) -> (&Policy, bool) {
        let at = if self.by_rule { self.keyring.rule(path) } else { Some(0) };
        at.and_then(|at| self.policies.get(at)).map_or((&self.other, false), |policy| (policy, true))
    }
}

/// A path as seen from a folder; none when it lies elsewhere. Links are not followed: what counts is the name that
/// reviewers see.
fn from(folder: &Path, path: &Path) -> Option<PathBuf> {
    let plain = |path: &Path| {
        let mut plain = PathBuf::new();
        // An empty path is this folder; the system has no word for that.
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        for part in std::path::absolute(path).ok()?.components() {
            match part {
                Component::ParentDir => {
                    plain.pop();
                }
                Component::CurDir => {}
                part => plain.push(part),
            }
        }
        Some(plain)
    };
    plain(path)?.strip_prefix(plain(folder)?).ok().map(Path::to_path_buf)
}

/// The day on which this runs, in UTC.
pub(super) fn today() -> Day {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Day::of_seconds(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_the_folder_of_the_configuration() {
        let seen = |folder: &str, path: &str| from(Path::new(folder), Path::new(path));
        assert_eq!(seen("", "a/b.yaml"), Some("a/b.yaml".into()));
        assert_eq!(seen("", "./a/../b.yaml"), Some("b.yaml".into()));
        assert_eq!(seen("x", "x/a.yaml"), Some("a.yaml".into()));
        assert_eq!(seen("x", "x/../a.yaml"), None);
        assert_eq!(seen("..", "a.yaml").map(|path| path.ends_with("a.yaml")), Some(true));
    }
}
