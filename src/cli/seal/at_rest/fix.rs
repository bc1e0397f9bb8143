//! `--fix-config`: the configuration as it should be, what was changed, and what to do with it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use ksecrets::atrest::Distribution;
use ksecrets::atrest::encryption::{Config, Corrected, Fresh, Server, Stage};

use super::super::keygen::create;
use super::super::say;

/// What an API server without a configuration does.
const NONE: &str = "\
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources: [{resources: [secrets], providers: [{identity: {}}]}]
";

#[derive(Args, Debug)]
#[command(next_help_heading = "Mending")]
pub(super) struct FixArguments {
    /// Write a corrected configuration (0600): what encrypts first, what was used before kept for reading. Of --config, or
    /// a first one
    #[arg(long, value_name = "OUT")]
    fix_config: Option<PathBuf>,
    /// Add a new random key, whatever is there: first, so that it writes, or second, for every API server to have it before
    /// one writes with it [default: second where several API servers are known]
    #[arg(
        long, value_name = "PLACE", requires = "fix_config", num_args = 0..=1, require_equals = true,
        default_missing_value = "", value_parser = place
    )]
    new_key: Option<Place>,
    /// Put this key, or KMS provider, first: after every API server has it
    #[arg(long, value_name = "NAME", requires = "fix_config", conflicts_with = "new_key")]
    first_key: Option<String>,
    /// Leave out old keys and identity: only after everything was rewritten
    #[arg(long, requires = "fix_config", conflicts_with_all = ["new_key", "first_key"])]
    finish: bool,
}

/// Where a new key goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    First,
    Second,
    Unsaid,
}

/// What is known of those who would read the file.
pub(super) struct Known {
    pub(super) server: Server,
    /// How many; none where nobody told.
    pub(super) servers: usize,
    pub(super) distribution: Option<Distribution>,
    /// Whether Secrets are plaintext, or nothing was looked at.
    pub(super) is_plain: bool,
    /// What is stored and could not be read by the configuration at hand.
    pub(super) unread: Option<String>,
    /// What is stored otherwise than the configuration writes.
    pub(super) unfinished: Option<String>,
}

impl FixArguments {
    pub(super) fn is_wanted(&self) -> bool {
        self.fix_config.is_some()
    }

    /// Writes the file, which must be new: it holds keys, and so may the one in its place. A first one is made only where
    /// nothing is encrypted: its key would open nothing of what is.
    pub(super) fn write(&self, configurations: &[PathBuf], known: &Known) -> anyhow::Result<()> {
        let Some(out) = &self.fix_config else { return Ok(()) };
        if let Some(unread) = &known.unread {
            bail!("--fix-config: {unread}. Whatever is made of this configuration loses that: give the one in force");
        }
        if let (true, Some(unfinished)) = (self.finish, &known.unfinished) {
            bail!("--finish: not everything was rewritten: {unfinished}");
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
        let (stage, corrected) = self.correct(&Config::read(root, &known.server), known).context("--fix-config")?;
        create(out, corrected.expose().as_bytes())?;
        let name = out.display();
        say(&format!("wrote {name}, which holds keys: keep it out of git, and of mode 0600"));
        match corrected.changes() {
            [] => say("nothing of it is different: the file was in order"),
            changes => changes.iter().for_each(|change| say(&format!("changed: {change}"))),
        }
        if corrected.needs_kms_v1() {
            say(&format!(
                "KMS version 1 is in it, and Kubernetes 1.{} loads that only with --feature-gates=KMSv1=true: without the \
                 flag the API server does not start",
                known.server.minor
            ));
        }
        if stage == Stage::Migrate && corrected.new_key().is_some() && known.servers != 1 {
            say(
                "this is for a single API server: where there are more, take --new-key=second, since one that has not got the \
                 key cannot read what the others write",
            );
        }
        for (number, step) in steps(out, stage, &corrected, known).iter().enumerate() {
            say(&format!("step {}: {step}", number + 1));
        }
        Ok(())
    }

    /// Where several API servers share a file, a key that none of them has goes second.
    fn correct(&self, config: &Config<'_>, known: &Known) -> anyhow::Result<(Stage, Corrected)> {
        let fresh = match (&self.first_key, self.new_key) {
            (Some(name), _) => Fresh::Listed(name),
            (None, Some(_)) => Fresh::Always,
            (None, None) => Fresh::IfNeeded,
        };
        let stage = match self.new_key {
            _ if self.finish => Stage::Finish,
            Some(Place::Second) => Stage::Announce,
            _ => Stage::Migrate,
        };
        let corrected = Corrected::of(config, fresh, stage)?;
        let unsaid = self.new_key != Some(Place::First);
        // With what does not load none of them runs.
        let shared = known.servers > 1 && config.loads();
        if unsaid && shared && stage == Stage::Migrate && corrected.new_key().is_some() {
            return Ok((Stage::Announce, Corrected::of(config, fresh, Stage::Announce)?));
        }
        Ok((stage, corrected))
    }
}

/// What to do with the file, in an order in which no API server meets a value that it cannot read.
fn steps(out: &Path, stage: Stage, corrected: &Corrected, known: &Known) -> Vec<String> {
    let out = out.display();
    let mut steps = Vec::new();
    if let Some(own @ (Distribution::K3s | Distribution::Rke2)) = known.distribution {
        // They write the file anew, and keep another copy in their datastore.
        return vec![format!("do not put it in place by hand: {own} writes its own file. {}", own.enable())];
    }
    let rewrite = known.distribution.unwrap_or(Distribution::Kubeadm).rewrite();
    match (stage, corrected.new_key()) {
        (Stage::Announce, Some(key)) => {
            steps.push(format!(
                "bring {out} to every API server and restart each, one after the other: {key} only reads yet"
            ));
            steps.push(format!(
                "when all of them run with it, make the file for all in which it writes: ksecrets seal at-rest --config \
                 {out} --fix-config NEXT --first-key {key}"
            ));
            return steps;
        }
        (Stage::Announce, None) => return steps,
        (Stage::Finish, _) => {
            steps.push(format!("keep the old file with the old backups: {out} reads neither those nor plaintext"));
            steps.push(format!("bring {out} to every API server and restart each, one after the other"));
            return steps;
        }
        (Stage::Migrate, _) => {}
    }
    steps.push(format!("put {out} in the place of the old file and restart each API server"));
    steps.push(format!("rewrite: {rewrite}"));
    steps.push("see that nothing is left: ksecrets seal at-rest --snapshot SNAPSHOT --require stored-bytes".to_owned());
    steps.push(format!("leave out what only reads: ksecrets seal at-rest --config {out} --fix-config LAST --finish"));
    steps
}

fn place(word: &str) -> Result<Place, String> {
    match word {
        "" => Ok(Place::Unsaid),
        "first" => Ok(Place::First),
        "second" => Ok(Place::Second),
        _ => Err("first or second".to_owned()),
    }
}
