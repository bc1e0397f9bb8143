//! The arguments that name a cluster, and the reading of it.

use std::io::{self, Write};
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use ksecrets::access::Version;
use ksecrets::hunt::{Collector, Coverage};
use ksecrets::model::Skipped;
use ksecrets::source::Sink;
use ksecrets::source::cluster::{self, Connection, Options, Resource, Selection, cluster_role};

#[derive(Args, Debug)]
#[command(next_help_heading = "Cluster")]
pub(super) struct ClusterArguments {
    /// Scan the objects of a running cluster
    #[arg(long)]
    pub(super) cluster: bool,
    /// Context of the kubeconfig [default: the current one, or the service account of the pod]
    #[arg(long, value_name = "CONTEXT", requires = "cluster")]
    context: Option<String>,
    /// Only objects of these namespaces
    #[arg(short, long, value_name = "NAMESPACE", requires = "cluster", value_delimiter = ',')]
    namespace: Vec<String>,
    /// Only these kinds: Secret, deployments.apps
    #[arg(long, value_name = "KIND", requires = "cluster", value_delimiter = ',')]
    kinds: Vec<String>,
    /// Not these kinds; events, leases and endpoints are left out anyway
    #[arg(long, value_name = "KIND", requires = "cluster", value_delimiter = ',')]
    skip_kinds: Vec<String>,
    /// Ask for the metadata of Secrets only, so that no value of theirs leaves the server
    #[arg(long, requires = "cluster")]
    metadata_only: bool,
    /// Stop after this many seconds and report what was read
    #[arg(long, value_name = "SECONDS", requires = "cluster", default_value_t = 1800)]
    timeout: u64,
    /// Print the smallest ClusterRole that this scan needs, and scan nothing
    #[arg(long, requires = "cluster")]
    pub(super) print_rbac: bool,
}

impl ClusterArguments {
    /// The cluster to read, if one was asked for.
    pub(super) fn open(&self, jobs: usize) -> anyhow::Result<Option<Cluster>> {
        if !self.cluster {
            return Ok(None);
        }
        let connection = Connection::open(self.context.as_deref(), self.timeout())?;
        let (resources, skipped) = connection.resources(&self.selection())?;
        let options = Options {
            jobs,
            namespaces: self.namespace.clone(),
            metadata_only: self.metadata_only,
            timeout: self.timeout(),
        };
        if resources.is_empty() {
            bail!("the cluster {} serves none of the kinds that were asked for", connection.name());
        }
        let every_kind = self.kinds.is_empty() && self.skip_kinds.is_empty();
        Ok(Some(Cluster { connection, resources, skipped, every_kind, options }))
    }

    pub(super) fn print_role(&self) -> anyhow::Result<()> {
        let connection = Connection::open(self.context.as_deref(), self.timeout())?;
        let (resources, _) = connection.resources(&self.selection())?;
        io::stdout().write_all(cluster_role(&resources).as_bytes())?;
        Ok(())
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }

    fn selection(&self) -> Selection {
        Selection { kinds: self.kinds.clone(), skip_kinds: self.skip_kinds.clone() }
    }
}

/// A cluster that answers, and what to read of it.
pub(super) struct Cluster {
    connection: Connection,
    resources: Vec<Resource>,
    skipped: Vec<Skipped>,
    /// Whether every kind that the server has is read, but for those that say nothing.
    every_kind: bool,
    options: Options,
}

impl Cluster {
    pub(super) fn name(&self) -> &str {
        self.connection.name()
    }

    /// The server's version, which decides what some rights lead to.
    pub(super) fn version(&self) -> Option<Version> {
        Version::read(&self.connection.version()?)
    }

    /// How much of it is read; none when some kinds are left out.
    pub(super) fn coverage(&self) -> Option<Coverage> {
        let coverage = if self.options.namespaces.is_empty() { Coverage::Whole } else { Coverage::Part };
        self.every_kind.then_some(coverage)
    }

    /// What recognises the names and values of the Secrets, as far as they may be read. They are read once more with
    /// everything else: to remember that takes less than to remember them.
    pub(super) fn secrets(&self) -> Vec<Collector> {
        let secrets: Vec<Resource> = self.resources.iter().filter(|it| it.is("", "Secret")).cloned().collect();
        if secrets.is_empty() {
            return Vec::new();
        }
        let first = Collector::new();
        cluster::read(&self.connection, secrets, &self.options, || first.sibling())
    }

    /// Reads everything that may be read.
    pub(super) fn read<S: Sink + Send>(&self, sink: impl Fn() -> S + Sync) -> Vec<S> {
        let mut sinks = cluster::read(&self.connection, self.resources.clone(), &self.options, &sink);
        let mut teller = sink();
        self.skipped.iter().cloned().for_each(|skipped| teller.skip(skipped));
        if self.options.metadata_only {
            let reason = "only the metadata was asked for: values were not compared with other places".to_owned();
            teller.skip(Skipped { place: "secrets".to_owned(), reason, unread: false });
        }
        sinks.push(teller);
        sinks
    }
}
