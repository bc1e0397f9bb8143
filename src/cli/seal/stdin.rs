//! Where standard input will lie.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;

#[derive(Args, Debug)]
pub(super) struct StdinArguments {
    /// Where standard input will lie: decides which recipients it has
    #[arg(long = "path", value_name = "PATH")]
    place: Option<PathBuf>,
}

impl StdinArguments {
    /// Refuses a path that would be nobody's.
    pub(super) fn check(&self, paths: &[PathBuf]) -> anyhow::Result<()> {
        match &self.place {
            Some(_) if !paths.iter().any(|path| path == Path::new("-")) => {
                bail!("--path says where standard input will lie, and it is not asked for: name it with -")
            }
            _ => Ok(()),
        }
    }

    /// The path that decides about a file.
    pub(super) fn of<'p>(&'p self, path: &'p Path) -> &'p Path {
        self.place.as_deref().filter(|_| path == Path::new("-")).unwrap_or(path)
    }
}
