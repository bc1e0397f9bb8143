//! The keys that a repository seals to: its configuration and its keyset together.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use clap::Args;
use ksecrets::seal::{Choice, Day, Entry, KeyId, Keyset, KeysetDraft, Policy, Recipient, Scope};

use super::super::argument::{NO_PLACE, is_key};
use super::super::config::{NAME, Pin, RecipientRule, SealConfig};
use super::paths::{below, plain, real};
use super::say;
use super::work_tree::{Others, other_config};

#[derive(Args, Debug)]
pub(super) struct ConfigArguments {
    /// Read this configuration [default: the outermost .ksecrets.yaml of the git work tree that speaks of sealing]
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
        // A keyset that is not there yet is named too.
        if self.keys.iter().chain(&self.config).any(|path| is_key(path.as_os_str()) && !path.exists()) {
            bail!(NO_PLACE);
        }
        let config = SealConfig::find(self.config.as_deref())?;
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
    /// The file of the keyset, as messages call it.
    keyset_name: String,
    /// Whose signature the keyset must have.
    pin: Option<Pin>,
    /// Where the folder of the configuration really is.
    folder: Option<PathBuf>,
    /// The root that an argument pins.
    argued: Option<Pin>,
    /// Whether arguments name the configuration or the keyset: other work trees are held to it too.
    is_named: bool,
    today: Day,
}

/// What every file has to hold to, by rule: the rules are few, and the files many.
pub(super) struct Policies<'k> {
    keyring: &'k Keyring,
    policies: Vec<Policy>,
    by_rule: bool,
    /// Of files that no rule is for: suites and scopes count there too.
    other: Policy,
    /// What files of other work trees have to hold to, where those decide.
    others: Option<(&'k Others, Vec<Self>)>,
}

impl Keyring {
    pub(super) fn read(arguments: &ConfigArguments) -> anyhow::Result<Self> {
        let settings = arguments.settings()?;
        // Whoever pins a root from outside must not be satisfied with a configuration that names no keyset any more.
        if settings.keyset.is_none() && arguments.pin.is_some() {
            bail!("--pin is about a keyset, and there is none: name it in .ksecrets.yaml, or with --keys");
        }
        let is_named = settings.config.is_named || arguments.keys.is_some();
        Ok(Self { argued: arguments.pin.clone(), is_named, ..Self::new(settings)? })
    }

    /// That of another work tree, whose keyset is signed by its own root. An argument pins what that has to be.
    pub(super) fn of_other(config: SealConfig, argued: Option<&Pin>) -> anyhow::Result<Self> {
        let (keyset, own) = (config.keyset.clone(), config.pin.clone());
        let pin = own.or_else(|| argued.cloned());
        let keyring = Self::new(Settings { config, keyset, pin: pin.clone() })?;
        Ok(Self { pin: argued.cloned().or(pin), ..keyring })
    }

    fn new(settings: Settings) -> anyhow::Result<Self> {
        let keyset = match &settings.keyset {
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
        Ok(Self {
            keyset_name: settings.keyset.map(|path| path.display().to_string()).unwrap_or_default(),
            pin: settings.pin,
            folder: real(&config.folder),
            config,
            keyset,
            argued: None,
            is_named: false,
            today: today(),
        })
    }

    /// The other work trees that some files are of.
    pub(super) fn others<'p>(&self, files: impl Iterator<Item = &'p Path>) -> Others {
        Others::of(files, self.argued.as_ref())
    }

    /// Whom a file is sealed to, where nobody is named: the keys of its rule. None stands for standard input.
    pub(super) fn recipients(&self, path: Option<&Path>) -> anyhow::Result<Vec<Recipient>> {
        if let Some(path) = path.filter(|_| !self.is_named)
            && let Some(other) = other_config(path)?
        {
            bail!(
                "it is of another work tree, where {place} decides: run ksecrets in it, or say --config {place}",
                place = other.place
            );
        }
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
        let is_known = self.keyset.as_ref().is_some_and(|keyset| !keyset.named(word).is_empty());
        is_known.then(|| self.keyset_recipients(word)).transpose()
    }

    /// The keys that a word has to name.
    pub(super) fn keyset_recipients(&self, word: &str) -> anyhow::Result<Vec<Recipient>> {
        let keyset = self.keyset.as_ref().context("there is no keyset")?;
        Ok(keyset.recipients(&Choice::Named(vec![word.to_owned()]), self.today)?)
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
            return first.map(|rule| Choice::Named(rule.keys.clone())).with_context(|| self.no_path());
        };
        let rule = self.rule(path);
        if let Some(named) =
            plain(&self.config.folder).zip(plain(path)).and_then(|(folder, path)| below(&folder, &path))
            && rules.iter().position(|rule| rule.is_for(&named)) != rule
        {
            bail!(
                "a link leads from {} to {}, and {} has another rule for one than for the other: name the file itself",
                path.display(),
                real(path).unwrap_or_default().display(),
                self.config.place
            );
        }
        let rule = rule.map(|at| Choice::Named(rules[at].keys.clone()));
        rule.with_context(|| {
            let place = &self.config.place;
            format!(
                "no rule of seal.recipients in {place} is for {}: add one, or name recipients with -r",
                path.display()
            )
        })
    }

    fn no_path(&self) -> String {
        format!(
            "recipients follow from the path ({}), and standard input has none: say where it will lie with --path, or \
             name recipients with -r",
            self.config.place
        )
    }

    /// The rule that is for a file: for the one that a link leads to, as that is what is written and applied.
    fn rule(&self, path: &Path) -> Option<usize> {
        let rules = self.config.rules.as_ref()?;
        let path = self.folder.as_ref().zip(real(path)).and_then(|(folder, path)| below(folder, &path));
        match path {
            Some(path) => rules.iter().position(|rule| rule.is_for(&path)),
            None => rules.iter().position(RecipientRule::is_for_all),
        }
    }

    /// Recipients as people call them, and who said that it is they. Somebody else's key must not go unseen.
    pub(super) fn told(&self, recipients: &[Recipient], named: &[Recipient]) -> String {
        let titles = |all: &[&Recipient]| self.titles(all.iter().map(|one| one.kid()));
        let (asked, added): (Vec<_>, Vec<_>) =
            recipients.iter().partition(|one| named.is_empty() || named.iter().any(|known| known.kid() == one.kid()));
        let by = match (named.is_empty(), &self.config.rules) {
            (false, _) => "-r",
            (true, Some(_)) => &self.config.place,
            (true, None) => &self.keyset_name,
        };
        let added = match added.as_slice() {
            [] => String::new(),
            added => format!(", and {}, break-glass of {}", titles(added), self.keyset_name),
        };
        format!("{}, as {by} says{added}", titles(&asked))
    }

    /// Of these files of its work tree, the configurations that would have others decide than those that count here:
    /// where, the line, a sentence, what to do. One that cannot be read decides nothing.
    pub(super) fn other_configurations<'p>(
        &self,
        paths: impl Iterator<Item = &'p Path>,
    ) -> Vec<(PathBuf, usize, String, &'static str)> {
        const WHY: &str = "take `seal:` out, or find out who changed the root and why";
        let Self { config, pin, .. } = self;
        let mut found = Vec::new();
        let mut all: Vec<&Path> = paths.filter(|path| path.file_name().is_some_and(|name| name == NAME)).collect();
        let own = Path::new(&config.place);
        let is_own = |path: &Path| config.speaks() && real(path) == real(own);
        // The one that counts is held to the root of an argument wherever the files lie.
        if !all.iter().any(|path| is_own(path)) && config.speaks() {
            all.push(own);
        }
        for path in all {
            let Some(other) = SealConfig::in_file(path).ok().flatten().filter(SealConfig::speaks) else { continue };
            let (sentence, remedy) = match (&other.pin, pin) {
                (Some(Pin::Root(other)), Some(Pin::Root(root))) if other != root => {
                    (format!("it pins {other}, and the root is {root}"), WHY)
                }
                (Some(Pin::Unpinned), Some(Pin::Root(root))) => {
                    (format!("it pins no root, and the root is {root}"), WHY)
                }
                _ if !is_own(path) && !config.is_named && config.speaks() => {
                    let sentence = format!("it speaks of sealing, and {} decides in this work tree", config.place);
                    (sentence, "take `seal:` out")
                }
                _ => continue,
            };
            found.push((path.to_path_buf(), other.line, sentence, remedy));
        }
        found
    }

    /// Keys as people call them.
    pub(super) fn titles<'k>(&self, kids: impl IntoIterator<Item = &'k KeyId>) -> String {
        let title = |kid: &KeyId| {
            let entry = self.keyset.as_ref().and_then(|keyset| keyset.draft().key(kid));
            entry.map_or_else(|| kid.to_string(), Entry::title)
        };
        kids.into_iter().map(title).collect::<Vec<_>>().join(", ")
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
        Ok(Policies { keyring: self, policies, by_rule, other: Policy::default(), others: None })
    }
}

impl<'k> Policies<'k> {
    /// Has files of other work trees hold to what those ask, where no argument says who decides.
    pub(super) fn with_others(mut self, others: &'k Others) -> anyhow::Result<Self> {
        if !self.keyring.is_named {
            let theirs = others.keyrings.iter().map(|keyring| keyring.policies(&[]));
            self.others = Some((others, theirs.collect::<anyhow::Result<_>>()?));
        }
        Ok(self)
    }

    /// Asks for more than the configuration does.
    pub(super) fn tighten(&mut self, post_quantum: bool, argued: Option<Scope>) {
        let config = &self.keyring.config;
        let widest = [argued, config.widest].into_iter().flatten().min();
        for policy in self.policies.iter_mut().chain([&mut self.other]) {
            policy.post_quantum = post_quantum || config.post_quantum;
            policy.widest = widest;
        }
        for theirs in self.others.iter_mut().flat_map(|(_, theirs)| theirs) {
            theirs.tighten(post_quantum, argued);
        }
    }

    /// Refuses standard input where the path decides, and nobody says which it has.
    pub(super) fn need_path(&self) -> anyhow::Result<()> {
        let first = self.keyring.config.rules.iter().flatten().next();
        match first {
            Some(rule) if self.by_rule && !rule.is_for_all() => bail!(self.keyring.no_path()),
            _ => Ok(()),
        }
    }

    /// What a file has to hold to, and whether that is because a rule says so.
    pub(super) fn of(&self, path: &Path) -> (&Policy, bool) {
        if let Some((others, theirs)) = &self.others
            && let Some(which) = others.which(path)
        {
            // Why it is not known is told beside.
            return which.map_or((&self.other, true), |at| theirs[at].of(path));
        }
        let at = if self.by_rule { self.keyring.rule(path) } else { Some(0) };
        at.and_then(|at| self.policies.get(at)).map_or((&self.other, false), |policy| (policy, true))
    }
}

/// The day on which this runs, in UTC.
pub(super) fn today() -> Day {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Day::of_seconds(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
