//! Runs the rules over blobs and makes findings of what they see.

mod arguments;
mod assignment;
mod audience;
mod calls;
mod candidate;
mod census;
mod checks;
mod collector;
mod command;
mod copies;
mod credentials;
mod declared;
mod excerpt;
mod extract;
mod finish;
mod habitat;
mod here;
mod hits;
mod holder;
mod judge;
mod keyboard;
mod known;
mod layer;
mod limits;
mod lines;
mod logins;
mod made;
mod markup;
mod names;
mod notebook;
mod pairs;
mod place;
mod readership;
mod rights;
mod scan;
mod site;
mod sops;
mod sql;
mod suppress;
mod text;
mod tree;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, OnceLock};

use crate::access::{AccessRule, Version};
use crate::model::{
    Confidence, Finding, FingerprintKey, Location, ObjectRef, Redaction, Report, Rule, RuleId, SecretValue, Severity,
    Skipped, Summary,
};
use crate::pattern::{Body, Gate, Set, Topic};
use crate::source::{Blob, Live, Sink};

use audience::Plurals;
use candidate::one_per_secret;
use census::{Census, CensusRules, Uses};
use checks::CHECKS;
pub use collector::Collector;
use credentials::Generic;
use known::KnownValues;
pub use limits::{Limited, Limits};
use made::Makers;
use rights::Rights;
pub use rights::{Before, Wanted};
use scan::Scan;

/// What a hunt leaves out and how it speaks.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whether values may be shown.
    pub redaction: Redaction,
    /// Under which findings carry an HMAC of their value.
    pub fingerprint_key: Option<FingerprintKey>,
    /// Only these rules, when there are any.
    pub select: BTreeSet<RuleId>,
    /// Never these rules.
    pub ignore: BTreeSet<RuleId>,
    /// Severities that the user gave to rules.
    pub severities: BTreeMap<RuleId, Severity>,
    /// Findings below this are dropped.
    pub min_confidence: Option<Confidence>,
    /// Whether comments and annotations silence findings.
    pub honour_ignores: bool,
    /// Of which Secrets the report tells the readers, if of any.
    pub readers: Option<Wanted>,
    /// How many subjects may read a Secret.
    pub limits: Limits,
    /// With which report the readers are compared, if with any.
    pub before: Option<Before>,
    /// The version of the cluster, where one is read.
    pub server_version: Option<Version>,
    /// How much of a cluster is read; none when it is so little that nothing follows from what is not there.
    pub coverage: Option<Coverage>,
    /// The time of the hunt, in seconds since 1970: what expired before it is told as less severe. A report depends on
    /// the day in nothing else. Without a time nothing counts as expired.
    pub now: Option<i64>,
    /// The paths that were asked for: whether a file is a sample is told by the part of its path below them.
    pub roots: Vec<String>,
}

impl Options {
    /// Whether the readers of Secrets are counted or compared.
    fn counts_readers(&self) -> bool {
        !self.limits.is_empty() || self.before.is_some()
    }
}

/// How much of a cluster is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// Every object of every kind.
    Whole,
    /// Every kind, but not every object.
    Part,
}

/// A structural finding before it has lines.
#[derive(Debug)]
struct Sighted {
    rule: Arc<Rule>,
    severity: Severity,
    confidence: Confidence,
    span: Range<usize>,
    /// Where the scalar around it begins, if it is inside of one.
    anchor: usize,
    /// Whether what the check saw stands there as such, not escaped or encoded, and may be shown.
    exact: bool,
    object: ObjectRef,
    silenced: bool,
    message: String,
}

/// The rules, compiled. Shared by all threads of a hunt.
#[derive(Debug)]
pub struct Hunter {
    patterns: Set,
    generic: Generic,
    check_rules: Vec<Arc<Rule>>,
    access_rules: Vec<Arc<Rule>>,
    census_rules: CensusRules,
    /// The Secrets of a cluster by name, once they were learnt.
    census: OnceLock<Census>,
    /// The values of a cluster's Secrets, once they were learnt.
    known: OnceLock<KnownValues>,
    gates: OnceLock<Gates>,
    options: Options,
}

impl Hunter {
    /// Takes the patterns to run beside the generic credentials and the checks.
    #[must_use]
    pub fn new(patterns: Set, options: Options) -> Self {
        let check_rules = CHECKS.iter().map(|check| Arc::new(check.rule())).collect();
        let access_rules = AccessRule::ALL.iter().map(|rule| Arc::new(rule.rule())).collect();
        Self {
            patterns,
            generic: Generic::default(),
            check_rules,
            access_rules,
            census_rules: CensusRules::default(),
            census: OnceLock::new(),
            known: OnceLock::new(),
            gates: OnceLock::new(),
            options,
        }
    }

    /// Lets the hunt recognise the names and values of Secrets wherever they stand. Only what is learnt first counts.
    pub fn learn(&self, collectors: Vec<Collector>) {
        if let Some((census, values)) = Collector::join(collectors) {
            let _ = self.census.set(census);
            if !values.is_empty() {
                let _ = self.known.set(values);
            }
        }
    }

    /// Every rule, sorted by its id.
    #[must_use]
    pub fn rules(&self) -> Vec<Arc<Rule>> {
        let patterns = self.patterns.patterns.iter().map(|pattern| &pattern.rule);
        let structural = self.check_rules.iter().chain(&self.access_rules).chain(self.census_rules.all());
        let mut rules: Vec<_> = patterns.chain(self.generic.all()).chain(structural).map(Arc::clone).collect();
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        rules
    }

    /// The patterns of this hunt.
    #[must_use]
    pub fn patterns(&self) -> &Set {
        &self.patterns
    }

    fn generic(&self) -> &Generic {
        &self.generic
    }

    fn check_rules(&self) -> &[Arc<Rule>] {
        &self.check_rules
    }

    fn known(&self) -> Option<&KnownValues> {
        self.known.get()
    }

    fn census(&self) -> Option<&Census> {
        self.census.get()
    }

    /// The rules about Secrets with their readers, or those about bindings.
    fn access_rules(&self, of_secrets: bool) -> impl Iterator<Item = &Arc<Rule>> {
        let rules = AccessRule::ALL.iter().zip(&self.access_rules);
        rules.filter(move |(rule, _)| rule.is_about_secrets() == of_secrets).map(|(_, rule)| rule)
    }

    fn rule(&self, id: &str) -> Option<&Arc<Rule>> {
        self.patterns.patterns.iter().map(|pattern| &pattern.rule).find(|rule| rule.id.as_str() == id)
    }

    /// Built when the first blob arrives, so that an empty folder costs nothing.
    fn gates(&self) -> &Gates {
        self.gates.get_or_init(|| Gates::new(&self.patterns))
    }

    /// A worker for one thread.
    #[must_use]
    pub fn worker(&self) -> Worker<'_> {
        Worker {
            hunter: self,
            found: Vec::new(),
            summary: Summary::default(),
            skipped: Vec::new(),
            counts: BTreeMap::new(),
            generators: BTreeMap::new(),
            generator_files: Vec::new(),
            sops: Vec::new(),
            written: Rights::default(),
            granted: Rights::default(),
            makers: Makers::new(),
            uses: Uses::default(),
            plurals: Plurals::new(),
        }
    }

    /// A worker for the files that kustomizations name, to be walked after everything else.
    #[must_use]
    pub fn generator_worker(&self, files: &[GeneratorFile]) -> Worker<'_> {
        let generators = files.iter().map(|file| (file.path.clone(), file.secret)).collect();
        Worker { generators, ..self.worker() }
    }

    /// Joins what the workers saw into one report whose order depends on the input alone.
    #[must_use]
    pub fn report(&self, workers: Vec<Worker<'_>>) -> Report {
        finish::report(self, workers)
    }

    /// The part of a path below the root it was found under.
    fn below_root<'p>(&self, path: &'p str) -> &'p str {
        let below = self
            .options
            .roots
            .iter()
            .filter_map(|root| path.strip_prefix(root.as_str()))
            .map(|rest| rest.trim_start_matches('/'));
        below.filter(|rest| !rest.is_empty()).min_by_key(|rest| rest.len()).unwrap_or(path)
    }

    /// A finding without a value, with the advice of its rule and the severity that the user gave to it.
    fn finding(
        &self,
        rule: &Arc<Rule>,
        (severity, confidence): (Severity, Confidence),
        message: String,
        location: Location,
    ) -> Finding {
        let severity = self.options.severities.get(&rule.id).copied().unwrap_or(severity);
        Finding::without_value(rule, (severity, confidence), message, location)
    }

    /// Whether findings of a rule are wanted.
    fn wants(&self, rule: &RuleId) -> bool {
        (self.options.select.is_empty() || self.options.select.contains(rule)) && !self.options.ignore.contains(rule)
    }
}

/// The keyword gates of a hunt.
#[derive(Debug)]
struct Gates {
    /// Run over every text.
    text: Gate,
    /// Run over names only, for named patterns: their keywords are words like `user` and `mail`, which stand in
    /// every other line.
    names: Gate,
}

impl Gates {
    fn new(set: &Set) -> Self {
        let words = Gate::new(names::keywords().map(|keyword| (keyword, Topic::Name)));
        let mut hits = Vec::new();
        let mut says_credential = |example: &String| {
            words.hits(example, &mut hits);
            !hits.is_empty()
        };
        let (mut text, mut named) = (Vec::new(), Vec::new());
        for (index, pattern) in set.patterns.iter().enumerate() {
            let index = index as u16;
            if matches!(pattern.body, Body::Token(_)) {
                text.extend(pattern.keywords.iter().map(|keyword| (keyword.clone(), Topic::Token(index))));
                continue;
            }
            named.extend(pattern.keywords.iter().map(|keyword| (names::normalise(keyword), Topic::Named(index))));
            // A name without any word for a credential would never be looked at.
            if !pattern.examples.matching.iter().all(&mut says_credential) {
                text.extend(pattern.keywords.iter().map(|keyword| (keyword.clone(), Topic::Name)));
            }
        }
        text.extend(names::keywords().map(|keyword| (keyword, Topic::Name)));
        text.extend(command::KEYWORDS.iter().map(|keyword| ((*keyword).to_owned(), Topic::Command)));
        text.extend(
            calls::CALLS
                .iter()
                .enumerate()
                .map(|(index, (callee, ..))| ((*callee).to_owned(), Topic::Call(index as u16))),
        );
        text.extend(extract::KEYWORDS.iter().map(|keyword| ((*keyword).to_owned(), Topic::Structure)));
        text.push(("kind: customresourcedefinition".to_owned(), Topic::Schema));
        for (index, check) in CHECKS.iter().enumerate() {
            text.extend(check.words().iter().map(|word| ((*word).to_owned(), Topic::Check(index as u8))));
        }
        Self { text: Gate::new(text), names: Gate::new(named) }
    }
}

/// A finding with its value, before equal values are grouped.
#[derive(Debug)]
struct Draft {
    finding: Finding,
    value: Option<SecretValue>,
}

/// A file that another file names as part of a Secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GeneratorFile {
    /// Its path, as findings name it.
    pub path: String,
    /// Whether it becomes a Secret and not a ConfigMap.
    pub secret: bool,
}

/// Scans blobs on one thread.
#[derive(Debug)]
pub struct Worker<'h> {
    hunter: &'h Hunter,
    found: Vec<Draft>,
    /// What was counted so far.
    pub summary: Summary,
    skipped: Vec<Skipped>,
    /// Of files that come in windows or have more to tell than is told.
    counts: BTreeMap<String, finish::Counts>,
    /// Files to scan as what a kustomize generator reads, and whether it makes Secrets of them.
    generators: BTreeMap<String, bool>,
    generator_files: Vec<GeneratorFile>,
    sops: Vec<sops::CreationRules>,
    /// Rights in files.
    written: Rights,
    /// Rights in a cluster.
    granted: Rights,
    /// Who made the objects of a cluster that findings are about.
    makers: Makers,
    /// What uses the Secrets of a cluster.
    uses: Uses,
    /// What the kinds of a cluster are called in rights.
    plurals: Plurals,
}

impl Worker<'_> {
    /// Scans something. A bug of ours must neither end the hunt nor pass for clean.
    fn guarded(&mut self, place: &str, scan: impl FnOnce(&mut Self)) {
        if panic::catch_unwind(AssertUnwindSafe(|| scan(self))).is_err() {
            self.skipped.push(Skipped {
                place: place.to_owned(),
                reason: "ksecrets failed on this: a bug of ours, please report it".to_owned(),
                unread: true,
            });
        }
    }

    /// Files that kustomizations seen so far name, for the caller to walk with [`Hunter::generator_worker`].
    #[must_use]
    pub fn generator_files(&self) -> &[GeneratorFile] {
        &self.generator_files
    }

    fn scan(&mut self, blob: Blob<'_>) {
        let mut scan = Scan::new(self.hunter, blob.path, blob.window.overlap);
        let before = (blob.window.line, blob.window.column);
        if let Some(&secret) = self.generators.get(blob.path) {
            scan.generator_file(blob.text, secret);
            return self.take(scan, blob.text, before, false);
        }
        if !blob.window.partial || before == (0, 0) {
            self.summary.files += 1;
        }
        self.summary.bytes += blob.bytes;
        if let Some(rules) = sops::CreationRules::read(blob.path, blob.text) {
            self.sops.push(rules);
        }
        scan.file(blob.text, None, blob.window.partial);
        self.take(scan, blob.text, before, blob.window.partial);
    }

    fn scan_live(&mut self, live: Live<'_>) {
        let mut scan = Scan::of_live(self.hunter, live.title);
        self.summary.bytes += live.text.len() as u64;
        scan.object(live.text);
        for object in scan.candidates.iter().filter_map(|candidate| candidate.object.as_ref()) {
            let kind = (object.api_version.clone(), object.kind.clone());
            self.plurals.entry(kind).or_insert_with(|| live.resource.to_owned());
        }
        self.take(scan, live.text, (0, 0), false);
    }

    fn take(&mut self, scan: Scan<'_>, text: &str, before: (u32, u32), partial: bool) {
        self.summary.objects += scan.objects;
        let folder = scan.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        self.generator_files.extend(
            scan.generator_files
                .iter()
                .map(|(name, secret)| GeneratorFile { path: join(folder, name), secret: *secret }),
        );
        self.skipped.extend(scan.skipped);
        if scan.live { &mut self.granted } else { &mut self.written }.merge(scan.rights);
        self.uses.merge(scan.uses);
        if scan.candidates.is_empty() && scan.sighted.is_empty() {
            return;
        }
        self.makers.extend(scan.maker);
        let candidates = one_per_secret(scan.candidates);
        let drafts = finish::Drafts {
            hunter: self.hunter,
            path: (!scan.live).then_some(scan.path),
            lines: lines::LineIndex::new(text, before),
        };
        let counts = self.counts.entry(scan.path.to_owned()).or_default();
        counts.unweighed += scan.uncounted;
        let (found, suppressed) = drafts.all(candidates, scan.sighted, counts);
        if !partial && counts.is_complete() {
            self.counts.remove(scan.path);
        }
        self.summary.suppressed += suppressed;
        self.found.extend(found);
    }
}

/// Joins a folder and a relative path by name alone, `..` resolved.
fn join(folder: &str, name: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let root = if folder.starts_with('/') { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

impl Sink for Worker<'_> {
    fn blob(&mut self, blob: Blob<'_>) {
        self.guarded(blob.path, |worker| worker.scan(blob));
    }

    fn object(&mut self, live: Live<'_>) {
        self.guarded(live.title, |worker| worker.scan_live(live));
    }

    fn skip(&mut self, skipped: Skipped) {
        self.skipped.push(skipped);
    }

    fn binary(&mut self, _path: &str) {
        self.summary.binaries += 1;
    }
}
