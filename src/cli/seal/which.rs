//! Which object of a file is meant.

use anyhow::bail;
use clap::Args;

#[derive(Args, Debug, Default)]
pub(super) struct WhichArguments {
    /// Name of the SealedSecret, in a file with several
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Namespace of the SealedSecret, where a name stands there twice
    #[arg(short, long, value_name = "NAMESPACE")]
    namespace: Option<String>,
}

/// What an object is called: its namespace, and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Called {
    pub(super) namespace: Option<String>,
    pub(super) name: String,
}

impl WhichArguments {
    fn is(&self, called: &Called) -> bool {
        self.name.as_ref().is_none_or(|name| *name == called.name)
            && self.namespace.as_ref().is_none_or(|namespace| Some(namespace) == called.namespace.as_ref())
    }

    /// The position of the one that is meant.
    pub(super) fn choose(&self, title: &str, all: &[Called]) -> anyhow::Result<usize> {
        let mut meant = (0..all.len()).filter(|at| self.is(&all[*at]));
        let names = || all.iter().map(Called::title).collect::<Vec<_>>().join(", ");
        match (meant.next(), meant.next()) {
            (Some(one), None) => Ok(one),
            (Some(one), Some(other)) if all[one] == all[other] => {
                bail!("{title} has SealedSecret {} twice: keep one in a file to change it", all[one].title())
            }
            (Some(_), Some(_)) => bail!(
                "{title} has {} SealedSecrets, {}: say which with --name, and with -n where that is not enough",
                all.len(),
                names()
            ),
            (None, _) if all.is_empty() => bail!("{title} has no SealedSecret"),
            (None, _) => bail!("{title} has no such SealedSecret: there is {}", names()),
        }
    }
}

impl Called {
    fn title(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{namespace}/{}", self.name),
            None => self.name.clone(),
        }
    }
}
