//! Scans one blob: decides how each text in it is read, and gathers candidates.

use std::ops::Range;
use std::sync::Arc;

use crate::manifest::{Decoded, decode_base64, gunzip, looks_base64, percent_decode};
use crate::model::{Confidence, Exposure, Rule, SecretValue, Severity, Skipped};
use crate::pattern::{Gate, Hit, Verdict};

use super::candidate::{Candidate, Rank};
use super::census::Uses;
use super::credentials::Generic;
use super::habitat::{Habitat, has};
use super::judge::{Circumstances, Judgement, judge};
use super::layer::{Layer, Origin};
use super::logins::Logins;
use super::names::{classify, normalise};
use super::place::is_helm_values;
use super::rights::Rights;
use super::site::Context;
use super::{Hunter, Sighted, made};

/// Deepest nesting of texts in texts: Helm release in a List in a string has five.
const MAX_DEPTH: usize = 8;

/// Most values that are kept of one blob: whoever has that many needs no list of them, and each takes a kilobyte.
pub(super) const MOST_CANDIDATES: usize = 5_000;

/// What is said of a password that documentation shows and a cluster runs with.
pub(super) const DEFAULT_IN_USE: &str = ": a default or sample password is in use";

/// What a finding says, apart from where.
pub(super) struct Statement<'r> {
    pub(super) rule: &'r Arc<Rule>,
    pub(super) rank: Rank,
    pub(super) severity: Severity,
    pub(super) confidence: Confidence,
    pub(super) message: String,
    pub(super) notes: Vec<String>,
}

impl<'r> Statement<'r> {
    /// What the judge's word on a value comes to.
    pub(super) fn judged(generic: &'r Generic, judgement: &Judgement<'_>, message: String) -> Self {
        Self {
            rule: generic.of(judgement.kind),
            rank: Rank::Generic,
            severity: judgement.severity,
            confidence: judgement.confidence,
            message: if judgement.default { message + DEFAULT_IN_USE } else { message },
            notes: Vec::new(),
        }
    }
}

/// The scan of one blob.
pub(super) struct Scan<'h> {
    pub(super) hunter: &'h Hunter,
    pub(super) gate: &'h Gate,
    /// The file's path, or the title of a live object.
    pub(super) path: &'h str,
    /// Whether it is an object of a cluster.
    pub(super) live: bool,
    pub(super) sample: bool,
    /// Bytes at the end of the blob whose matches belong to the next window.
    pub(super) overlap: usize,
    pub(super) candidates: Vec<Candidate>,
    pub(super) sighted: Vec<Sighted>,
    pub(super) skipped: Vec<Skipped>,
    pub(super) objects: u64,
    /// Values over [`MOST_CANDIDATES`].
    pub(super) uncounted: u64,
    pub(super) rights: Rights,
    pub(super) uses: Uses,
    /// The object of a cluster and what made it.
    pub(super) maker: Option<(made::Key, made::Key)>,
    /// Files that a kustomize generator reads, relative to this one, and whether it makes a Secret of them.
    pub(super) generator_files: Vec<(String, bool)>,
}

/// Where the unit tests at the end of a Rust file begin; its end when there are none. `mod tests;` keeps them elsewhere.
fn unit_tests(path: &str, text: &str) -> usize {
    const START: &str = "\n#[cfg(test)]\nmod ";
    let opens = |at: usize| text[at + START.len()..].lines().next().is_some_and(|name| name.contains('{'));
    let starts = text.match_indices(START).map(|(at, _)| at);
    let tests = path.ends_with(".rs").then(|| starts.into_iter().find(|&at| opens(at))).flatten();
    tests.map_or(text.len(), |at| at + 1)
}

impl<'h> Scan<'h> {
    pub(super) fn new(hunter: &'h Hunter, path: &'h str, overlap: usize) -> Self {
        Self {
            hunter,
            gate: &hunter.gates().text,
            path,
            live: false,
            sample: Habitat::is_sample(hunter.below_root(path)),
            overlap,
            candidates: Vec::new(),
            sighted: Vec::new(),
            skipped: Vec::new(),
            objects: 0,
            uncounted: 0,
            rights: Rights::default(),
            uses: Uses::default(),
            maker: None,
            generator_files: Vec::new(),
        }
    }

    /// Scans a file's text. A window of a larger file is read as text only.
    pub(super) fn file(&mut self, text: &str, exposure: Option<Exposure>, partial: bool) {
        let layer = Layer::file(text);
        let default = if is_helm_values(self.path) { Exposure::HelmValues } else { Exposure::SourceFile };
        // What a generator reads is configuration, whatever its file is called.
        let generated = exposure == Some(Exposure::KustomizeGenerator);
        let habitat = if generated { Habitat::Config } else { Habitat::of(self.path) };
        let ctx = Context::file(default, exposure, habitat);
        let mut hits = self.hits(text);
        // In documents they are inside of scalars, which know whose they are.
        let is_document = [".yaml", ".yml", ".json"].iter().any(|ending| self.path.ends_with(ending));
        if !is_document && !text.starts_with("#cloud-config") {
            hits = self.here_documents(&layer, &hits, &ctx).unwrap_or(hits);
        }
        if let Some(format) = Logins::of_name(self.path) {
            return self.logins(&layer, format, &ctx);
        }
        if !partial && !text.trim().contains(char::is_whitespace) {
            self.lone_value(&layer, &ctx);
        }
        if partial && is_document {
            let reason = "too large to be read as documents: scanned as text".to_owned();
            self.skipped.push(Skipped { place: self.path.to_owned(), reason, unread: false });
        }
        if !partial && self.is_tree_file(text, &hits) {
            self.trees(&layer, &hits, &ctx);
        } else {
            self.copies_in_text(&layer, &ctx, None);
            let tests = unit_tests(self.path, text);
            let (own, test) = hits.split_at(hits.partition_point(|hit| (hit.start as usize) < tests));
            self.text(&layer, 0..tests, own, &ctx);
            if tests < text.len() {
                let sample = std::mem::replace(&mut self.sample, true);
                self.text(&layer, tests..text.len(), test, &ctx);
                self.sample = sample;
            }
        }
        if !partial && self.path.ends_with(".ipynb") && !hits.is_empty() {
            self.notebook(&layer, &ctx);
        }
    }

    /// The scan of an object of a cluster: what its namespace is called makes it no sample.
    pub(super) fn of_live(hunter: &'h Hunter, title: &'h str) -> Self {
        Self { live: true, sample: false, ..Self::new(hunter, title, 0) }
    }

    /// Scans an object of a cluster.
    pub(super) fn object(&mut self, text: &str) {
        let ctx = Context::file(Exposure::ObjectField, None, Habitat::Config);
        self.trees(&Layer::file(text), &self.hits(text), &ctx);
    }

    /// How sure we are that a sample value is the one in use: what a workload of a cluster is given runs, and what lies
    /// in a ConfigMap is read by somebody. Anywhere else a sample is only a sample.
    pub(super) fn in_use(&self, ctx: &Context<'_>) -> Option<Confidence> {
        match self.live.then(|| ctx.exposure())? {
            Exposure::EnvValue => Some(Confidence::Medium),
            Exposure::ContainerArgs | Exposure::Configmap => Some(Confidence::Low),
            _ => None,
        }
    }

    /// A file that is one value, named by its file: `db-password.txt`, as compose and kustomize mount them.
    fn lone_value(&mut self, layer: &Layer<'_>, ctx: &Context<'_>) {
        let name = self.path.rsplit('/').next().unwrap_or(self.path);
        let leaf = normalise(name.split('.').find(|part| !part.is_empty()).unwrap_or(name));
        let value = layer.text.trim();
        if ctx.habitat == Habitat::Code || value.len() < 6 || value.len() > 512 || value.contains('=') {
            return;
        }
        let at = Circumstances { habitat: Habitat::Config, sample: false, quoted: true, in_use: None };
        let Some(judgement) = classify(&leaf).and_then(|kind| judge(kind, &leaf, value, at)) else { return };
        let start = layer.text.find(judgement.secret).unwrap_or(0);
        let hunter = self.hunter;
        let message = "the whole file is the value that its name promises".to_owned();
        let says = Statement::judged(hunter.generic(), &judgement, message);
        self.found(layer, start..start + judgement.secret.len(), judgement.secret, ctx, says);
    }

    pub(super) fn hits(&self, text: &str) -> Vec<Hit> {
        // As many as a manifest has: a list that grows is copied each time.
        let mut hits = Vec::with_capacity(text.len() / 256);
        self.gate.hits(text, &mut hits);
        hits
    }

    /// Whether a file is worth reading as YAML or JSON: it is one by name or by its first words, and it has
    /// something to say.
    fn is_tree_file(&self, text: &str, hits: &[Hit]) -> bool {
        let path = super::habitat::lower(self.path);
        let path = super::habitat::without_backup_suffix(&path);
        let named = [
            ".yaml",
            ".yml",
            ".json",
            ".tfstate",
            ".dockercfg",
            "kubeconfig",
            ".eyaml",
            ".yaml.j2",
            ".yml.j2",
            ".yaml.gotmpl",
        ]
        .iter()
        .any(|ending| path.ends_with(ending));
        let object = || memchr::memmem::find(text.as_bytes(), b"apiVersion").is_some();
        if named {
            return !hits.is_empty() || object();
        }
        let first = text
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty() && !line.starts_with('#') && *line != "---")
            .unwrap_or("");
        let written = ["apiVersion:", "kind:", "{"].iter().any(|start| first.starts_with(start)) && object();
        if written || text.starts_with("#cloud-config") {
            return true;
        }
        let nameless = !path.rsplit('/').next().unwrap_or("").contains('.') || path == "-";
        (!path.ends_with(".md") && Habitat::of(self.path) == Habitat::Config && object())
            || (nameless && text.trim_start().starts_with('{'))
    }

    /// A text that was inside a scalar: read as a tree if it is one.
    pub(super) fn embedded(&mut self, layer: &Layer<'_>, ctx: &Context<'_>) {
        self.embedded_with(layer, None, ctx);
    }

    /// The same for a text whose hits may be known.
    pub(super) fn embedded_with(&mut self, layer: &Layer<'_>, hits: Option<Vec<Hit>>, ctx: &Context<'_>) {
        if layer.depth() > MAX_DEPTH {
            return;
        }
        if !layer.decoded.is_empty() {
            self.copies_in_text(layer, ctx, None);
        }
        let mut hits = hits.unwrap_or_else(|| self.hits(layer.text));
        hits = self.here_documents(layer, &hits, ctx).unwrap_or(hits);
        let text = layer.text.trim_start();
        let structured = text.starts_with(['{', '[']) || (text.contains('\n') && (has(text, ": ") || has(text, ":\n")));
        if structured && (!hits.is_empty() || has(text, "apiVersion")) {
            self.trees(layer, &hits, ctx);
        } else {
            self.text(layer, 0..layer.text.len(), &hits, ctx);
        }
    }

    /// Undoes the encodings a scalar's value may be wrapped in and scans what comes out. Tells whether one was.
    pub(super) fn decoded(
        &mut self,
        layer: &Layer<'_>,
        range: Range<usize>,
        value: &str,
        ctx: &Context<'_>,
        sure: bool,
    ) -> bool {
        if layer.depth() >= MAX_DEPTH {
            return false;
        }
        if (sure || (value.len() >= 20 && looks_base64(value)))
            && let Some(bytes) = decode_base64(value.trim())
        {
            return self.bytes(layer, range, &bytes, ctx);
        }
        if let Some(text) = is_escaped_url(value).then(|| percent_decode(value)).flatten() {
            let inner = layer.inner(&text, Origin::Whole(range), Some("percent"));
            self.embedded(&inner, ctx);
            return true;
        }
        false
    }

    /// Decoded bytes: text, or gzip of text.
    pub(super) fn bytes(&mut self, layer: &Layer<'_>, range: Range<usize>, bytes: &[u8], ctx: &Context<'_>) -> bool {
        if self.unpacked(layer, range.clone(), bytes, ctx) {
            return true;
        }
        let Some(text) = printable(bytes) else { return false };
        let inner = layer.inner(text, Origin::Whole(range), Some("base64"));
        self.embedded(&inner, ctx);
        true
    }

    /// Scans what gzip holds, as far as it can be undone. Tells whether the bytes were gzip.
    pub(super) fn unpacked(&mut self, layer: &Layer<'_>, range: Range<usize>, bytes: &[u8], ctx: &Context<'_>) -> bool {
        let (unpacked, whole) = match gunzip(bytes) {
            Decoded::Whole(unpacked) => (unpacked, true),
            Decoded::Part(unpacked) => {
                self.skip_at(layer, range.clone(), "gzip that is cut off or damaged: read as far as it goes");
                (unpacked, false)
            }
            Decoded::TooLarge => {
                self.skip_at(layer, range, "decompresses to more than the cap: not looked into");
                return true;
            }
            Decoded::Not => return false,
        };
        if let Some(text) = printable(&unpacked) {
            let outer = layer.inner("", Origin::Whole(range), Some("base64"));
            let inner = outer.inner(text, Origin::Whole(0..0), Some("gzip"));
            if whole {
                self.embedded(&inner, ctx);
            } else {
                self.text(&inner, 0..text.len(), &self.hits(text), ctx);
            }
        }
        true
    }

    /// Notes something that was not looked at.
    pub(super) fn skip_at(&mut self, layer: &Layer<'_>, range: Range<usize>, reason: &str) {
        let (span, _) = layer.in_file(range);
        let line = memchr::memchr_iter(b'\n', &layer.file_text().as_bytes()[..span.start]).count() + 1;
        self.skipped.push(Skipped { place: format!("{}:{line}", self.path), reason: reason.to_owned(), unread: true });
    }

    /// Whether the next window sees a place of the file again.
    pub(super) fn is_left_to_next(&self, layer: &Layer<'_>, span: &Range<usize>) -> bool {
        self.overlap > 0 && span.start >= layer.file_text().len() - self.overlap
    }

    /// Adds a candidate for bytes of a layer.
    pub(super) fn found(
        &mut self,
        layer: &Layer<'_>,
        range: Range<usize>,
        value: &str,
        ctx: &Context<'_>,
        says: Statement<'_>,
    ) {
        let (span, exact) = layer.in_file(range.clone());
        if self.is_left_to_next(layer, &span) {
            return;
        }
        if self.candidates.len() >= MOST_CANDIDATES {
            self.uncounted += 1;
            return;
        }
        let id = says.rule.id.as_str();
        let mut candidate = Candidate {
            rule: Arc::clone(says.rule),
            rank: says.rank,
            exposure: ctx.exposure(),
            severity: says.severity,
            confidence: says.confidence,
            exact,
            anchor: ctx.anchor.unwrap_or(span.start).min(span.start),
            span,
            value: SecretValue::new(value),
            decoded: layer.decoded.clone(),
            object: ctx.object(),
            message: says.message,
            certified: false,
            notes: says.notes,
            related: Vec::new(),
            silenced: ctx.is_silenced(id),
        };
        candidate.identify(layer, &range, self.hunter.options.now);
        self.candidates.push(candidate);
    }
}

/// The text of bytes that people could read: UTF-8 without control characters.
pub(super) fn printable(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let odd = text.bytes().any(|byte| byte < 0x20 && !matches!(byte, b'\n' | b'\r' | b'\t') || byte == 0x7f);
    (!odd && !text.trim().is_empty()).then_some(text)
}

/// Whether a value is a URL that went through percent-encoding (RFC 3986).
pub(super) fn is_escaped_url(value: &str) -> bool {
    // Most values are shorter. The sign is rare, and searching for one byte is cheaper than for nine.
    let at = (value.len() > 9).then(|| memchr::memchr(b'%', value.as_bytes())).flatten();
    at.is_some_and(|at| {
        let rest = &value[at..];
        rest.contains("%3A%2F%2F") || rest.contains("%3a%2f%2f")
    })
}

/// The confidence of a token: proved by its checksum, or what its rule says.
pub(super) fn confidence(rule: &Rule, verdict: Verdict) -> Confidence {
    if verdict == Verdict::Proved { Confidence::Confirmed } else { rule.confidence }
}

#[cfg(test)]
mod tests {
    use crate::hunt::{Hunter, Options};
    use crate::pattern::Set;
    use crate::source::{Blob, Live, Sink, Window};

    /// What a hunt says of an object of a cluster, or of the same text in a file.
    fn said(text: &str, live: bool) -> Vec<String> {
        let hunter = Hunter::new(Set::default(), Options::default());
        let mut worker = hunter.worker();
        if live {
            worker.object(Live { title: "X b/a", resource: "xs", text });
        } else {
            worker.blob(Blob { path: "a.json", text, window: Window::default(), bytes: text.len() as u64 });
        }
        let mut findings = hunter.report(vec![worker]).findings;
        findings.retain(|finding| finding.rule.class == crate::model::Class::Credential);
        let word = |finding: &crate::model::Finding| {
            format!("{} {} {}: {}", finding.id(), finding.severity, finding.confidence, finding.message)
        };
        findings.iter().map(word).collect()
    }

    fn pod(env: &str, args: &str) -> String {
        format!(
            r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"a","namespace":"b"}},"spec":{{"containers":[{{"name":"db",
            "image":"mysql:8","env":[{env}],"args":[{args}]}}]}}}}"#
        )
    }

    fn variable(name: &str, value: &str) -> String {
        format!(r#"{{"name":"{name}","value":"{value}"}}"#)
    }

    #[test]
    fn unit_tests_begin_where_their_module_opens() {
        let own = "fn a() {}\n#[cfg(test)]\nmod tests;\nfn b() {}\n";
        assert_eq!(super::unit_tests("a.rs", own), own.len());
        let both = format!("{own}#[cfg(test)]\nmod more {{\n}}\n");
        assert_eq!(super::unit_tests("a.rs", &both), own.len());
        assert_eq!(super::unit_tests("a.py", &both), both.len());
    }

    #[test]
    fn a_sample_password_of_a_cluster_is_in_use() {
        for value in ["examplepass", "changeme", "password", "CHANGE_ME", "your-password"] {
            let text = pod(&variable("MYSQL_PASSWORD", value), "");
            let [said] = said(&text, true).try_into().unwrap();
            let expected = "in container db: a default or sample password is in use";
            assert!(said.starts_with("password medium medium: ") && said.ends_with(expected), "{value}: {said}");
        }
        let file = said(&pod(&variable("MYSQL_PASSWORD", "changeme"), ""), false);
        assert!(file.is_empty(), "{file:?}");
        for args in [r#""--password=changeme""#, r#""--password","changeme""#, r#""sh","-c","mysql -pchangeme""#] {
            let said = said(&pod("", args), true);
            assert!(said.len() == 1 && said[0].starts_with("password medium low: "), "{args}: {said:?}");
        }
        let config = r##"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"b"},
            "data":{"DB_PASSWORD":"changeme","app.properties":"# x.password=changeme\ndb.password=changeme\n"}}"##;
        assert_eq!(said(config, true).len(), 2, "{:?}", said(config, true));
    }

    #[test]
    fn what_stands_for_a_password_is_silent_in_a_cluster_too() {
        for value in [
            "",
            "$(DB)",
            "${DB}",
            "${DB:-changeme}",
            "{{ .Values.x }}",
            "true",
            "none",
            "<password>",
            "DB_PASSWORD",
            "xxxxxxxx",
            "vault:a/b#password",
            "******",
        ] {
            let said = said(&pod(&variable("MYSQL_PASSWORD", value), ""), true);
            assert!(said.is_empty(), "{value}: {said:?}");
        }
        let said = said(&pod(&variable("PASSWORD_POLICY", "changeme"), ""), true);
        assert!(said.is_empty(), "{said:?}");
    }

    #[test]
    fn a_secret_in_an_annotation_of_a_live_object() {
        let applied =
            r#"{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"stringData\":{\"password\":\"Tr4verse-Quill-88\"}}"#;
        let text = format!(
            r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"a","namespace":"b",
            "annotations":{{"kubectl.kubernetes.io/last-applied-configuration":"{applied}"}}}}}}"#
        );
        assert_eq!(
            said(&text, true),
            ["password high high: password holds its value in an annotation of the live ConfigMap"]
        );
    }
}
