//! `ksecrets hunt`: arguments, then meaning, then the run.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use clap::Args;
use ksecrets::hunt::{self, Before, Hunter, Limited, Limits, Wanted};
use ksecrets::model::{Confidence, FingerprintKey, Redaction, Report, RuleId, Severity, Target};
use ksecrets::pattern::{Set, builtin, parse};
use ksecrets::render;
use ksecrets::source;

use super::cluster::{Cluster, ClusterArguments};
use super::config::{Config, FailOn};
use super::output::Output;
use super::progress::Progress;
use super::{CLEAN, FAILED, FOUND};

#[derive(Args, Debug)]
pub(super) struct HuntArguments {
    /// Files and folders to scan, or - for standard input [default: .]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    output: Output,
    /// Exit with 1 from this severity on: critical, high, medium, low, never
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<FailOn>,
    /// Exit with 0 whatever was found
    #[arg(long)]
    exit_zero: bool,
    /// Exit with 2 when something could not be read
    #[arg(long)]
    strict: bool,
    /// Run only these rules
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    select: Vec<String>,
    /// Leave these rules out
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    ignore: Vec<String>,
    /// Leave out findings below this confidence: confirmed, high, medium, low
    #[arg(long, value_name = "CONFIDENCE")]
    min_confidence: Option<Confidence>,
    /// Add the patterns of a folder or file
    #[arg(long, value_name = "DIR")]
    patterns: Vec<PathBuf>,
    /// Read this configuration [default: .ksecrets.yaml, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Scan files that .gitignore leaves out
    #[arg(long)]
    no_ignore: bool,
    /// Report what comments and annotations silence
    #[arg(long)]
    no_inline_ignore: bool,
    /// Do not look into archives
    #[arg(long)]
    no_archives: bool,
    /// Skip files larger than this many MiB
    #[arg(long, value_name = "MIB", default_value_t = 1024)]
    max_file_size: u64,
    /// Threads [default: one for each core]
    #[arg(short, long, value_name = "N")]
    jobs: Option<usize>,
    /// Key file for HMACs of values, so that reports can be joined
    #[arg(long, value_name = "FILE")]
    fingerprint_key: Option<PathBuf>,
    /// Show values in full; never do this in CI
    #[arg(long)]
    show_secrets: bool,
    /// Tell who reads each Secret, or one: --readers=prod/db
    #[arg(long, value_name = "NAMESPACE/NAME", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    readers: Option<String>,
    /// How many subjects may read a Secret
    #[arg(long, value_name = "N")]
    max_readers: Option<usize>,
    /// Report who can read Secrets that could not when this report was saved: --readers --format json
    #[arg(long, value_name = "REPORT")]
    readers_before: Option<PathBuf>,
    #[command(flatten)]
    cluster: ClusterArguments,
}

/// Runs the hunt and gives back the exit code.
pub(super) fn run(arguments: HuntArguments) -> anyhow::Result<u8> {
    let started = Instant::now();
    if arguments.cluster.print_rbac {
        arguments.cluster.print_role()?;
        return Ok(CLEAN);
    }
    let plan = Plan::new(&arguments)?;
    let mut report = plan.hunt()?;
    report.summary.duration = started.elapsed();
    arguments.output.write(&report, &plan.hunter.rules())?;
    Ok(plan.code(&report))
}

/// The arguments and the configuration as what they mean.
struct Plan {
    hunter: Hunter,
    paths: Vec<PathBuf>,
    stdin: bool,
    cluster: Option<Cluster>,
    source: source::Options,
    fail_on: Option<Severity>,
    strict: bool,
}

impl Plan {
    fn new(arguments: &HuntArguments) -> anyhow::Result<Self> {
        let config = Config::find(arguments.config.as_deref())?;
        let mut patterns = Set::new(builtin()?)?;
        for place in arguments.patterns.iter().chain(&config.patterns) {
            add_patterns(&mut patterns, place)?;
        }
        let jobs = arguments.jobs.or_else(|| std::thread::available_parallelism().ok().map(Into::into)).unwrap_or(1);
        let jobs = jobs.max(1);
        let cluster = arguments.cluster.open(jobs)?;
        let server_version = cluster.as_ref().and_then(Cluster::version);
        let coverage = cluster.as_ref().and_then(Cluster::coverage);
        let options = hunt::Options { server_version, coverage, ..hunt_options(arguments, &config)? };
        let hunter = Hunter::new(patterns, options.clone());
        known_rules(&hunter, &options, &config)?;
        let stdin = arguments.paths.iter().any(|path| path == Path::new("-"));
        let mut paths: Vec<PathBuf> = arguments.paths.iter().filter(|path| *path != Path::new("-")).cloned().collect();
        if paths.is_empty() && !stdin && !arguments.cluster.cluster {
            paths.push(PathBuf::from("."));
        }
        Ok(Self {
            hunter,
            paths,
            stdin,
            cluster,
            source: source::Options {
                jobs,
                ignore_files: !arguments.no_ignore,
                max_file_size: arguments.max_file_size.saturating_mul(1 << 20),
                exclude: config.exclude,
                archives: !arguments.no_archives,
            },
            fail_on: if arguments.exit_zero { None } else { fail_on(arguments, config.fail_on) },
            strict: arguments.strict,
        })
    }

    fn hunt(&self) -> anyhow::Result<Report> {
        let progress = Progress::start();
        let mut workers = Vec::new();
        if let Some(cluster) = &self.cluster {
            self.hunter.learn(cluster.secrets());
        }
        if self.stdin {
            let mut worker = self.hunter.worker();
            source::stdin(io::stdin().lock(), &self.source, &mut worker)?;
            workers.push(worker);
        }
        if !self.paths.is_empty() {
            let walked = source::walk(&self.paths, &self.source, || progress.watch(self.hunter.worker()))?;
            workers.extend(walked.into_iter().map(super::progress::Watched::into_inner));
        }
        self.read_generator_files(&mut workers)?;
        if let Some(cluster) = &self.cluster {
            let read = cluster.read(|| progress.watch(self.hunter.worker()));
            workers.extend(read.into_iter().map(super::progress::Watched::into_inner));
        }
        progress.finish();
        let mut report = self.hunter.report(workers);
        report.targets = self.targets();
        Ok(report)
    }

    /// Walks the files that kustomizations name. One that is missing is kustomize's own error to report.
    fn read_generator_files<'h>(&'h self, workers: &mut Vec<hunt::Worker<'h>>) -> anyhow::Result<()> {
        let mut files: Vec<_> = workers.iter().flat_map(|worker| worker.generator_files().to_vec()).collect();
        files.retain(|file| Path::new(&file.path).is_file());
        files.sort();
        files.dedup();
        if !files.is_empty() {
            let paths: Vec<PathBuf> = files.iter().map(|file| PathBuf::from(&file.path)).collect();
            workers.extend(source::walk(&paths, &self.source, || self.hunter.generator_worker(&files))?);
        }
        Ok(())
    }

    fn targets(&self) -> Vec<Target> {
        let paths = self.paths.iter().map(|path| Target { kind: "path", name: path.display().to_string() });
        let stdin = self.stdin.then(|| Target { kind: "stdin", name: "-".to_owned() });
        let cluster = self.cluster.as_ref().map(|cluster| Target { kind: "cluster", name: cluster.name().to_owned() });
        stdin.into_iter().chain(paths).chain(cluster).collect()
    }

    fn code(&self, report: &Report) -> u8 {
        let unread = || report.skipped.iter().any(|skipped| skipped.unread);
        if self.cluster.is_some() && report.summary.objects == 0 && unread() {
            return FAILED;
        }
        if self.strict && unread() {
            return FAILED;
        }
        match (self.fail_on, report.worst()) {
            (Some(limit), Some(worst)) if worst >= limit => FOUND,
            _ => CLEAN,
        }
    }
}

fn fail_on(arguments: &HuntArguments, configured: Option<FailOn>) -> Option<Severity> {
    arguments.fail_on.or(configured).map_or(Some(Severity::Medium), |FailOn(severity)| severity)
}

fn hunt_options(arguments: &HuntArguments, config: &Config) -> anyhow::Result<hunt::Options> {
    let ids = |words: &[String]| words.iter().map(|word| RuleId::new(word)).collect::<BTreeSet<_>>();
    let mut ignore = ids(&arguments.ignore);
    ignore.extend(config.ignore.iter().cloned());
    let mut select = ids(&arguments.select);
    if select.is_empty() {
        select.extend(config.select.iter().cloned());
    }
    Ok(hunt::Options {
        redaction: if arguments.show_secrets { Redaction::Shown } else { Redaction::Hidden },
        fingerprint_key: fingerprint_key(arguments.fingerprint_key.as_deref())?,
        select,
        ignore,
        severities: config.severities.clone(),
        min_confidence: arguments.min_confidence.or(config.min_confidence),
        honour_ignores: !arguments.no_inline_ignore,
        readers: arguments.readers.as_deref().map(wanted_readers).transpose()?,
        limits: limits(arguments.max_readers, &config.limits),
        before: arguments.readers_before.as_deref().map(readers_before).transpose()?,
        server_version: None,
        coverage: None,
        now: Some(now()),
        roots: arguments
            .paths
            .iter()
            .map(|path| path.display().to_string().trim_start_matches("./").to_owned())
            .collect(),
    })
}

/// The clock, asked once: a hunt that ends after midnight is of the day on which it began.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Of which Secrets the readers are asked for.
fn wanted_readers(word: &str) -> anyhow::Result<Wanted> {
    if word.is_empty() {
        return Ok(Wanted::All);
    }
    let Some((namespace, name)) = word.split_once('/') else {
        bail!("--readers={word} names no Secret: give namespace and name, as in --readers=prod/db");
    };
    Ok(Wanted::One(namespace.to_owned(), name.to_owned()))
}

/// The limits of the configuration, those for every Secret as the flag has it.
fn limits(most: Option<usize>, configured: &Limits) -> Limits {
    let mut limits = configured.clone();
    if let Some(most) = most {
        limits.set(Limited::All, most, None);
    }
    limits
}

/// The report with which the readers are compared.
fn readers_before(path: &Path) -> anyhow::Result<Before> {
    let name = path.display().to_string();
    let file = File::open(path).with_context(|| format!("cannot read the report {name}"))?;
    let readers = render::saved_readers(BufReader::new(file)).with_context(|| name.clone())?;
    Ok(Before { name, readers: Arc::new(readers) })
}

/// The key comes from a file or the environment, never from an argument that others can see.
fn fingerprint_key(file: Option<&Path>) -> anyhow::Result<Option<FingerprintKey>> {
    if let Some(path) = file {
        let bytes =
            std::fs::read(path).with_context(|| format!("cannot read the fingerprint key {}", path.display()))?;
        if bytes.trim_ascii().len() < 16 {
            bail!("the fingerprint key {} is shorter than 16 bytes", path.display());
        }
        return Ok(Some(FingerprintKey::new(bytes.trim_ascii())));
    }
    let Some(key) = std::env::var("KSECRETS_FINGERPRINT_KEY").ok().filter(|key| !key.is_empty()) else {
        return Ok(None);
    };
    if key.len() < 16 {
        bail!("KSECRETS_FINGERPRINT_KEY is shorter than 16 bytes");
    }
    Ok(Some(FingerprintKey::new(key.as_bytes())))
}

/// Adds the patterns of a file, or of every `.yaml` file of a folder.
fn add_patterns(set: &mut Set, place: &Path) -> anyhow::Result<()> {
    let mut files = vec![place.to_path_buf()];
    if place.is_dir() {
        let entries = std::fs::read_dir(place).with_context(|| format!("cannot read {}", place.display()))?;
        files = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|e| e == "yaml" || e == "yml"))
            .collect();
        files.sort();
        if files.is_empty() {
            bail!("there are no .yaml files with patterns in {}", place.display());
        }
    }
    for file in files {
        let text =
            std::fs::read_to_string(&file).with_context(|| format!("cannot read the patterns {}", file.display()))?;
        let known = set.patterns.len();
        set.add(parse(&file.display().to_string(), &text)?).with_context(|| file.display().to_string())?;
        for pattern in &set.patterns[known..] {
            pattern.check().with_context(|| file.display().to_string())?;
        }
    }
    Ok(())
}

/// A rule that does not exist would be silently never run, or never ignored; of two with one id nobody could tell which
/// is meant.
fn known_rules(hunter: &Hunter, options: &hunt::Options, config: &Config) -> anyhow::Result<()> {
    let rules = hunter.rules();
    if let Some(pair) = rules.windows(2).find(|pair| pair[0].id == pair[1].id) {
        bail!("there are two rules '{}': give the pattern another id", pair[0].id);
    }
    let asked = options.select.iter().chain(&options.ignore).chain(options.severities.keys());
    for id in asked {
        if !rules.iter().any(|rule| rule.id == *id) {
            let place = config.place_of(id).map(|place| format!("{place}: ")).unwrap_or_default();
            if ksecrets::seal::rules().iter().any(|rule| rule.id == *id) {
                bail!("{place}'{id}' is a rule of `ksecrets seal verify`, and not of hunt");
            }
            bail!("{place}there is no rule '{id}'; `ksecrets rules` lists them");
        }
    }
    Ok(())
}
