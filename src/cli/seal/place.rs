//! Where a sealed Secret is bound to.

use anyhow::bail;
use clap::Args;
use ksecrets::seal::{PlainSecret, Scope, SealError};

#[derive(Args, Debug)]
pub(super) struct PlaceArguments {
    /// How far the sealed Secret may be moved: strict (not at all, the default), namespace (another name), cluster
    /// (anywhere)
    #[arg(long = "scope", value_name = "SCOPE", value_parser = scope)]
    given: Option<Scope>,
    /// Namespace of Secrets that name none
    #[arg(short, long, value_name = "NAMESPACE")]
    namespace: Option<String>,
}

/// The words of kubeseal are understood too.
fn scope(word: &str) -> Result<Scope, SealError> {
    match word {
        "namespace-wide" => Ok(Scope::Namespace),
        "cluster-wide" => Ok(Scope::Cluster),
        _ => word.parse(),
    }
}

impl PlaceArguments {
    /// The scope, `strict` where none is given.
    pub(super) fn scope(&self) -> Scope {
        self.given.unwrap_or_default()
    }

    /// Refuses another scope than the one of an object that values are put into: theirs is what counts.
    pub(super) fn refuse_other(&self, scope: Scope, title: &str) -> anyhow::Result<()> {
        match self.given {
            Some(given) if given != scope => {
                bail!("{title} is sealed in scope {scope}, and so is what is put into it: leave --scope {given} out")
            }
            _ => Ok(()),
        }
    }

    /// The scope that widens: as with kubeseal, `strict` does not overrule what a Secret says of itself.
    pub(super) fn wider_scope(&self) -> Option<Scope> {
        self.given.filter(|scope| *scope != Scope::Strict)
    }

    pub(super) fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// Puts a Secret that names no namespace into the one of the arguments.
    pub(super) fn settle(&self, plain: &mut PlainSecret) -> anyhow::Result<()> {
        let Some(namespace) = &self.namespace else { return Ok(()) };
        match &plain.namespace {
            Some(own) if own != namespace => {
                bail!("Secret {} is of namespace {own}, and -n says {namespace}", plain.name)
            }
            _ => plain.namespace = Some(namespace.clone()),
        }
        Ok(())
    }
}
