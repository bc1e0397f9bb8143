//! `ksecrets seal at-rest`: whatever evidence there is, to one verdict for each resource.

mod custody;
mod fix;
mod live;
mod steps;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;
use ksecrets::atrest::encryption::{EncryptionRule, GroupResource, Server};
use ksecrets::atrest::stored::{self, Prefixes, etcd};
use ksecrets::atrest::{self, Distribution, Inquiry};
use ksecrets::model::{Encrypted, Finding, Report, Rung, Severity, Skipped, Summary, Target, Verdict};
use zeroize::Zeroizing;

use super::super::config::FailOn;
use super::super::output::Output;
use super::super::{CLEAN, FAILED, FOUND};
use super::say;

#[derive(Args, Debug)]
pub(super) struct AtRestArguments {
    /// EncryptionConfiguration of an API server
    #[arg(long, value_name = "FILE")]
    config: Vec<PathBuf>,
    /// What starts an API server: a static pod, a kubeadm, k3s or RKE2 configuration, a systemd unit
    #[arg(long, value_name = "FILE")]
    apiserver_manifest: Vec<PathBuf>,
    /// What starts etcd: a static pod, or a systemd unit
    #[arg(long, value_name = "FILE")]
    etcd_manifest: Vec<PathBuf>,
    /// Audit policy of an API server
    #[arg(long, value_name = "FILE")]
    audit_policy: Vec<PathBuf>,
    /// What an API server answered at /metrics: kubectl get --raw /metrics
    #[arg(long, value_name = "FILE")]
    metrics: Vec<PathBuf>,
    /// Snapshot of etcd, its db file, or the state.db of k3s
    #[arg(long, value_name = "FILE")]
    snapshot: Vec<PathBuf>,
    /// Look for plaintext that is left in old revisions, free pages and logs
    #[arg(long, requires = "snapshot")]
    residue: bool,
    /// Resources to give a verdict on, besides secrets and configmaps: certificates.cert-manager.io. One that nothing tells of
    /// is no answer: exit code 2
    #[arg(long, value_name = "RESOURCE", value_delimiter = ',', value_parser = plural)]
    resource: Vec<String>,
    /// Version of the API server that would read the configuration, as 1.34 [default: the newest known]
    #[arg(long, value_name = "VERSION", value_parser = minor)]
    kubernetes: Option<u32>,
    /// How the cluster is run, for advice that fits: kubeadm, k3s, rke2, openshift, eks, gke, aks
    #[arg(long, value_name = "NAME", value_parser = distribution)]
    distribution: Option<Distribution>,
    /// Exit with 1 unless this rung or a higher one says that Secrets are encrypted: configuration, metrics, stored-bytes
    #[arg(long, value_name = "RUNG", value_parser = rung)]
    require: Option<Rung>,
    /// Exit with 1 from this severity on: critical, high, medium, low, never [default: medium; never with --fix-config].
    /// Whatever it says, 2 tells that the question has no answer
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<FailOn>,
    #[command(flatten)]
    output: Output,
    // Behind everything else: the heading of a group holds for what follows it.
    #[command(flatten)]
    etcd: EtcdArguments,
    #[command(flatten)]
    cluster: live::LiveArguments,
    #[command(flatten)]
    fix: fix::FixArguments,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "etcd")]
struct EtcdArguments {
    /// Running etcd to read, one endpoint or several
    #[arg(long, value_name = "URL", value_delimiter = ',')]
    etcd: Vec<String>,
    /// Certificate of the CA that signs etcd's
    #[arg(long, value_name = "FILE", requires = "etcd")]
    cacert: Option<PathBuf>,
    /// Client certificate for etcd
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// Private key of the client certificate
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// Where the API server keeps its objects in etcd [default: /registry, and OpenShift's]
    #[arg(long, value_name = "PREFIX")]
    etcd_prefix: Option<String>,
}

/// Looks at everything that was given, and gives back the exit code.
pub(super) fn run(arguments: &AtRestArguments) -> anyhow::Result<u8> {
    let started = Instant::now();
    let targets = arguments.targets();
    if targets.is_empty() && !arguments.fix.is_wanted() {
        bail!(
            "nothing to look at: give --config, --apiserver-manifest, --etcd-manifest, --audit-policy, --metrics, --cluster, --etcd or --snapshot"
        );
    }
    let mut inquiry = Inquiry::new(arguments.resources(), arguments.distribution);
    arguments.look(&mut inquiry)?;
    let distribution = inquiry.distribution();
    let outcome = inquiry.end();
    let secrets = outcome.verdicts.first().map_or(Encrypted::Unknown, Verdict::encrypted);
    let known = fix::Known {
        server: arguments.server(),
        distribution,
        is_plain: targets.is_empty() || secrets == Encrypted::No,
        unread: said(&outcome.findings, "encryption-undecryptable").map(|(_, message)| message).next(),
        unfinished: ["encryption-plaintext-written", "encryption-plaintext-read"]
            .into_iter()
            .flat_map(|rule| said(&outcome.findings, rule))
            .collect(),
        stored: outcome.stored,
        databases: arguments.databases(&outcome.skipped),
    };
    arguments.fix.write(&arguments.config, &known)?;
    if targets.is_empty() {
        return Ok(CLEAN);
    }
    let report = Report {
        targets,
        summary: arguments.summary(started),
        findings: outcome.findings,
        skipped: outcome.skipped,
        access: None,
        at_rest: Some(outcome.verdicts),
    };
    let configuration = EncryptionRule::ALL.iter().map(|rule| Arc::new(rule.rule()));
    let rules: Vec<_> = atrest::rules().chain(configuration).collect();
    arguments.output.write(&report, &rules)?;
    Ok(arguments.code(&report))
}

impl AtRestArguments {
    fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let files = [
            &self.config,
            &self.apiserver_manifest,
            &self.etcd_manifest,
            &self.audit_policy,
            &self.metrics,
            &self.snapshot,
        ];
        files.into_iter().flatten()
    }

    /// What tells all that is stored.
    fn databases(&self, skipped: &[Skipped]) -> Vec<String> {
        let etcd = (!self.etcd.etcd.is_empty()).then(|| self.etcd.etcd.join(","));
        let all = self.snapshot.iter().map(|path| shown(path)).chain(etcd);
        all.filter(|place| !skipped.iter().any(|skipped| skipped.place == *place)).collect()
    }

    /// The API server that would read a configuration.
    fn server(&self) -> Server {
        self.kubernetes.map_or_else(Server::default, Server::new)
    }

    fn summary(&self, started: Instant) -> Summary {
        let bytes = self.files().filter_map(|path| fs::metadata(path).ok()).map(|metadata| metadata.len()).sum();
        Summary { files: self.files().count() as u64, bytes, duration: started.elapsed(), ..Summary::default() }
    }

    fn targets(&self) -> Vec<Target> {
        let paths = self.files().map(|path| Target { kind: "path", name: path.display().to_string() });
        let etcd = self.etcd.etcd.iter().map(|endpoint| Target { kind: "etcd", name: endpoint.clone() });
        let cluster = self.cluster.target().map(|name| Target { kind: "cluster", name });
        paths.chain(etcd).chain(cluster).collect()
    }

    /// Secrets first: the exit code is about them.
    fn resources(&self) -> Vec<GroupResource> {
        let mut resources = vec![GroupResource::parse("secrets"), GroupResource::parse("configmaps")];
        for resource in self.resource.iter().map(|word| GroupResource::parse(word)) {
            if !resources.contains(&resource) {
                resources.push(resource);
            }
        }
        resources
    }

    fn look(&self, inquiry: &mut Inquiry) -> anyhow::Result<()> {
        for path in &self.apiserver_manifest {
            inquiry.flags(&shown(path), &read(path)?).with_context(|| shown(path))?;
        }
        for path in &self.etcd_manifest {
            inquiry.etcd_flags(&shown(path), &read(path)?).with_context(|| shown(path))?;
        }
        for path in &self.config {
            let text = read(path)?;
            inquiry.configuration(&shown(path), &text, &self.server()).with_context(|| shown(path))?;
            custody::of_configuration(inquiry, path, &text);
        }
        for path in &self.audit_policy {
            let seen = inquiry.audit_policy(&shown(path), &read(path)?, self.kubernetes);
            if !seen.with_context(|| format!("{}: not valid YAML", shown(path)))? {
                bail!("{}: no audit policy: it has kind: Policy and an apiVersion of audit.k8s.io", shown(path));
            }
        }
        for path in &self.metrics {
            inquiry.metrics(&shown(path), &read(path)?).with_context(|| shown(path))?;
        }
        self.cluster.look(inquiry, self.kubernetes)?;
        let options = stored::Options { prefixes: self.etcd.prefixes(), residue: self.residue };
        for path in &self.snapshot {
            let evidence = stored::read_file(path, &options).with_context(|| shown(path))?;
            inquiry.stored(&shown(path), &evidence);
            custody::of_database(inquiry, path);
            custody::of_snapshot(inquiry, path);
        }
        if let Some(server) = self.etcd.server()? {
            let evidence = etcd::read(&server, &options)?;
            inquiry.stored(&self.etcd.etcd.join(","), &evidence);
        }
        Ok(())
    }

    fn code(&self, report: &Report) -> u8 {
        let secrets = report.at_rest.iter().flatten().next();
        if let Some(unmet) = self.require.and_then(|least| unmet(least, secrets)) {
            say(&unmet);
            return FOUND;
        }
        // What is wrong with the old file is no failure of writing a new one, unless somebody asks for it.
        let default = (!self.fix.is_wanted()).then_some(Severity::Medium);
        let limit = self.fail_on.map_or(default, |FailOn(severity)| severity);
        if matches!((limit, report.worst()), (Some(limit), Some(worst)) if worst >= limit) {
            return FOUND;
        }
        // Unknown is not a pass, and no finding either. Whoever gives a policy or etcd's flags alone does not ask.
        let others = self.audit_policy.len() + self.etcd_manifest.len();
        let asks = report.targets.len() > others && !self.fix.is_wanted();
        let unknown = secrets.is_none_or(|verdict| verdict.encrypted() == Encrypted::Unknown);
        let open = self.unanswered(report);
        if asks && !open.is_empty() {
            let open = open.join(", ");
            say(&format!("nothing that was looked at tells whether {open} are encrypted, or whether there are any"));
            return FAILED;
        }
        if asks && unknown { FAILED } else { CLEAN }
    }

    /// What was asked for by name, besides Secrets, and has no answer: a name that is misspelt is among that.
    fn unanswered(&self, report: &Report) -> Vec<String> {
        let asked: Vec<String> = self.resource.iter().map(|word| GroupResource::parse(word).to_string()).collect();
        let open = report.at_rest.iter().flatten().skip(1).filter(|verdict| asked.contains(&verdict.resource));
        let open = open.filter(|verdict| verdict.encrypted() == Encrypted::Unknown);
        open.map(|verdict| verdict.resource.clone()).collect()
    }
}

/// Why what must be proved is not.
fn unmet(least: Rung, secrets: Option<&Verdict>) -> Option<String> {
    match secrets.and_then(Verdict::rests_on) {
        Some(rung) if rung.rung >= least && rung.encrypted == Encrypted::Yes => None,
        Some(rung) => Some(format!("--require {least}: secrets are {}, by {}", rung.encrypted, rung.rung)),
        None => Some(format!("--require {least}: nothing that was looked at tells whether secrets are encrypted")),
    }
}

impl EtcdArguments {
    fn prefixes(&self) -> Prefixes {
        self.etcd_prefix.as_deref().map_or_else(Prefixes::default, Prefixes::new)
    }

    fn server(&self) -> anyhow::Result<Option<etcd::Server>> {
        if self.etcd.is_empty() {
            return Ok(None);
        }
        let bytes = |path: &PathBuf| fs::read(path).with_context(|| format!("cannot read {}", path.display()));
        let identity = match (&self.cert, &self.key) {
            (Some(cert), Some(key)) => Some((bytes(cert)?, Zeroizing::new(bytes(key)?))),
            _ => None,
        };
        Ok(Some(etcd::Server {
            endpoints: self.etcd.clone(),
            authority: self.cacert.as_ref().map(bytes).transpose()?,
            identity,
            timeout: Duration::from_secs(60),
        }))
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    anyhow::ensure!(!is_named_pipe(path), "cannot read {}: it is a named pipe, which may never end", path.display());
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Whether a path is a pipe that somebody made in a folder. Those of a shell (`<(command)`) have their writer.
fn is_named_pipe(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        let of_shell = path.starts_with("/dev") || path.starts_with("/proc");
        !of_shell && fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo())
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// `1.34`, `v1.34.2` or `34`.
fn minor(word: &str) -> Result<u32, String> {
    let plain = word.trim_start_matches('v');
    let minor = plain.strip_prefix("1.").unwrap_or(plain);
    minor.split('.').next().unwrap_or("").parse().map_err(|_| "a version is written as 1.34".to_owned())
}

/// Resources are named in lower case: what is not could never be found.
fn plural(word: &str) -> Result<String, String> {
    let is_good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
    let good = word.starts_with(|c: char| c.is_ascii_lowercase()) && word.chars().all(is_good);
    good.then(|| word.to_owned()).ok_or_else(|| "a resource is named as certificates.cert-manager.io".to_owned())
}

fn distribution(word: &str) -> Result<Distribution, String> {
    let known = Distribution::ALL.into_iter().find(|distribution| distribution.as_str() == word);
    known.ok_or_else(|| "one of kubeadm, k3s, rke2, openshift, eks, gke, aks".to_owned())
}

/// Findings of a rule in their own words, and the resources that they speak of.
fn said<'f>(findings: &'f [Finding], rule: &'f str) -> impl Iterator<Item = (GroupResource, String)> + 'f {
    findings.iter().filter(move |finding| finding.rule.id.as_str() == rule).map(|finding| {
        let field = finding.location.object.as_ref().map_or("", |object| object.field.as_str());
        (GroupResource::parse(field), finding.message.clone())
    })
}

/// A flag says too little to be required.
fn rung(word: &str) -> Result<Rung, String> {
    let known = Rung::ALL.into_iter().skip(1).find(|rung| rung.as_str() == word);
    known.ok_or_else(|| "one of configuration, metrics, stored-bytes".to_owned())
}
