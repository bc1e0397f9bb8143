//! Where a sealed Secret is bound to.

use anyhow::bail;
use clap::Args;
use ksecrets::seal::{PlainSecret, Scope};

#[derive(Args, Debug)]
pub(super) struct PlaceArguments {
    /// How far the sealed Secret may be moved: strict (not at all), namespace (another name), cluster (anywhere)
    #[arg(long, value_name = "SCOPE", default_value = "strict")]
    pub(super) scope: Scope,
    /// Namespace of Secrets that name none
    #[arg(short, long, value_name = "NAMESPACE")]
    namespace: Option<String>,
}

impl PlaceArguments {
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
