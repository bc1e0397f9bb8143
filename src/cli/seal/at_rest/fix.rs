//! `--fix-config`: the configuration as it should be.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
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
    /// Put a new random key first, whatever is there
    #[arg(long, requires = "fix_config")]
    new_key: bool,
    /// Leave out old keys and identity: only after everything was rewritten
    #[arg(long, requires = "fix_config", conflicts_with = "new_key")]
    finish: bool,
}

impl FixArguments {
    pub(super) fn is_wanted(&self) -> bool {
        self.fix_config.is_some()
    }

    /// Writes the file, which must be new: it holds keys, and so may the one in its place. A first one is made only where
    /// nothing is encrypted: its key would open nothing of what is.
    pub(super) fn write(&self, configurations: &[PathBuf], server: &Server, is_first: bool) -> anyhow::Result<()> {
        let Some(out) = &self.fix_config else { return Ok(()) };
        let text = match configurations {
            [] if !is_first => bail!(
                "--fix-config makes a first configuration only where Secrets are plaintext: give the one in force with --config"
            ),
            [] => NONE.to_owned(),
            [path] => fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?,
            _ => bail!("--fix-config corrects one configuration: give one --config"),
        };
        let tree = Config::document(&text)?;
        let Some(root) = tree.root() else { bail!("there is no configuration to correct") };
        let fresh = if self.new_key { Fresh::Always } else { Fresh::IfNeeded };
        let stage = if self.finish { Stage::Finish } else { Stage::Migrate };
        let corrected = Corrected::of(&Config::read(root, server), fresh, stage).context("--fix-config")?;
        create(out, corrected.expose().as_bytes())?;
        say(&format!(
            "wrote {}, which holds keys: keep it out of git. With several API servers a new key goes second into every one \
             first, and then first: a server without it cannot read what the others write",
            out.display()
        ));
        Ok(())
    }
}
