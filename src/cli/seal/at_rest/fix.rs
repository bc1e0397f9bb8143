//! `--fix-config`: the configuration as it should be, unless something shows that it would lose what is stored.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use ksecrets::atrest::encryption::{Config, CorrectError, Corrected, Fresh, GroupResource, Server, Stage};
use ksecrets::atrest::{Distribution, Written};

use super::super::keygen::create;
use super::super::say;
use super::steps::Fixed;

/// What an API server without a configuration does.
const NONE: &str = "\
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources: [{resources: [secrets], providers: [{identity: {}}]}]
";

#[derive(Args, Debug)]
#[command(next_help_heading = "Mending")]
pub(super) struct FixArguments {
    /// Write a corrected configuration (0600) to a new file: what encrypts first, what was used before kept for reading. Of
    /// --config, or a first one; where that is in order nothing is written. Exits with 0, unless --fail-on or --require say
    /// otherwise
    #[arg(long, value_name = "OUT", value_parser = file)]
    fix_config: Option<PathBuf>,
    /// Add a new random key, whatever is there: second, for every API server to have it before one writes with it, or first,
    /// which is for a single API server [default: second]
    #[arg(
        long, value_name = "PLACE", requires = "fix_config", num_args = 0..=1, require_equals = true, value_parser = place
    )]
    new_key: Option<Option<Place>>,
    /// Put this key, or KMS provider, first, after every API server has it: NAME, or secretbox:NAME where several are called
    /// so
    #[arg(long, value_name = "NAME", requires = "fix_config", conflicts_with = "new_key")]
    first_key: Option<String>,
    /// Leave out old keys and identity: only after everything was rewritten. Refused where --snapshot, --etcd or metrics
    /// show that it was not
    #[arg(long, requires = "fix_config", conflicts_with_all = ["new_key", "first_key"])]
    finish: bool,
}

/// Where a new key goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    First,
    Second,
}

/// What is known of those who would read the file.
pub(super) struct Known {
    pub(super) server: Server,
    pub(super) distribution: Option<Distribution>,
    /// Whether Secrets are plaintext, or nothing was looked at.
    pub(super) is_plain: bool,
    /// What is stored and could not be read by the configuration at hand.
    pub(super) unread: Option<String>,
    /// What API servers still write or read as plaintext, by resource.
    pub(super) unfinished: Vec<(GroupResource, String)>,
    /// What is stored.
    pub(super) stored: Vec<Written>,
    /// Where that was read to the end.
    pub(super) databases: Vec<String>,
}

impl FixArguments {
    pub(super) fn is_wanted(&self) -> bool {
        self.fix_config.is_some()
    }

    /// Writes the file, which must be new: it holds keys, and so may the one in its place. A first one is made only where
    /// nothing is encrypted: its key would open nothing of what is.
    pub(super) fn write(&self, configurations: &[PathBuf], known: &Known) -> anyhow::Result<()> {
        let Some(out) = &self.fix_config else { return Ok(()) };
        if let Some((distribution, owner)) = known.distribution.and_then(|one| Some((one, one.owner()?))) {
            bail!(
                "--fix-config: {} writes the configuration of this cluster, and a file in its place would be lost with its \
                 keys. To turn encryption on: {} To rotate a key: {}. If it is run otherwise, say so with --distribution",
                owner.who,
                distribution.enable(),
                owner.rotation
            );
        }
        if let Some(unread) = &known.unread {
            bail!("--fix-config: {unread}. Whatever is made of this configuration loses that: give the one in force");
        }
        let text = match configurations {
            [] if !known.is_plain => bail!(
                "--fix-config makes a first configuration only where Secrets are plaintext: give the one in force with --config"
            ),
            [] => NONE.to_owned(),
            [path] => fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?,
            _ => bail!("--fix-config corrects one configuration: give one --config"),
        };
        let tree = Config::expected(&text)?;
        let Some(root) = tree.root() else { bail!("there is no configuration to correct") };
        let config = Config::read(root, &known.server);
        let (stage, corrected) = self.correct(&config).context("--fix-config")?;
        self.hold(&config, &corrected, known)?;
        // What is in order is not copied: a file with keys is one more to lose.
        let in_order = configurations.first().filter(|_| corrected.changes().is_empty());
        if in_order.is_none() {
            create(out, corrected.expose().as_bytes())?;
        }
        let file = in_order.unwrap_or(out);
        let fixed = Fixed { out, file, stage, corrected: &corrected, is_first: configurations.is_empty(), known };
        fixed.lines().iter().for_each(|line| say(line));
        Ok(())
    }

    /// Where several API servers share a file, and nothing tells that there is one, a key that none of them has goes second.
    fn correct(&self, config: &Config<'_>) -> Result<(Stage, Corrected), CorrectError> {
        let fresh = match (&self.first_key, self.new_key) {
            (Some(name), _) => Fresh::Listed(name),
            (None, Some(_)) => Fresh::Always,
            (None, None) => Fresh::IfNeeded,
        };
        if self.finish {
            return Ok((Stage::Finish, Corrected::of(config, fresh, Stage::Finish)?));
        }
        // With what does not load none of them runs.
        let at_once = match self.new_key.flatten() {
            Some(place) => place == Place::First,
            None => !config.loads(),
        };
        let corrected = Corrected::of(config, fresh, Stage::Migrate);
        let needs_key = match &corrected {
            Ok(corrected) => corrected.new_key().is_some(),
            // Without a key that is trusted there is none that could be brought to them before.
            Err(_) => fresh == Fresh::Always,
        };
        if needs_key && !at_once {
            return Ok((Stage::Announce, Corrected::of(config, fresh, Stage::Announce)?));
        }
        Ok((Stage::Migrate, corrected?))
    }

    /// Refuses what would lose something that is stored.
    fn hold(&self, old: &Config<'_>, corrected: &Corrected, known: &Known) -> anyhow::Result<()> {
        let tree = Config::expected(corrected.expose())?;
        let Some(root) = tree.root() else { bail!("--fix-config: it came out empty") };
        let new = Config::read(root, &Server { kms_v1: true, ..known.server });
        let lost = Written::unread(&known.stored, &new);
        match (self.finish, lost) {
            (true, Some(lost)) => {
                bail!("--finish: not everything was rewritten: {} holds {}", lost.place, lost.describe())
            }
            (false, Some(lost)) => bail!(
                "--fix-config: {} holds {}, which what is made of this configuration could not read: give the one in force",
                lost.place,
                lost.describe()
            ),
            (_, None) => {}
        }
        let unfinished = known.unfinished.iter().find(|(resource, _)| old.meant(resource).is_encrypted());
        match unfinished.filter(|_| self.finish) {
            Some((_, unfinished)) => bail!("--finish: not everything was rewritten, or nothing tells so: {unfinished}"),
            None => Ok(()),
        }
    }
}

/// A report may go to standard output; keys may not.
fn file(word: &str) -> Result<PathBuf, String> {
    match word {
        "" | "-" => Err("it holds keys: name a file".to_owned()),
        name => Ok(PathBuf::from(name)),
    }
}

fn place(word: &str) -> Result<Place, String> {
    match word {
        "first" => Ok(Place::First),
        "second" => Ok(Place::Second),
        _ => Err("first or second".to_owned()),
    }
}
