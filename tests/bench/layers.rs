//! Benches by layer, each in bytes a second: gate, regex, YAML, decode, whole files.
//!
//! `cargo bench --bench layers`, or `cargo bench --bench layers -- gate` for one layer.

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use ksecrets::hunt::{self, Hunter};
use ksecrets::manifest::{decode_base64, documents, gunzip, percent_decode};
use ksecrets::pattern::{Body, Covered, Gate, Match, Set, Topic, builtin, without_marks};
use ksecrets::source::{Blob, Sink as _, Window};

const MEGABYTE: usize = 1 << 20;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    gate(&mut criterion);
    regex(&mut criterion);
    yaml(&mut criterion);
    decode(&mut criterion);
    file(&mut criterion);
    start(&mut criterion);
    criterion.final_summary();
}

// --- inputs, the same on every run ----------------------------------------------------------------------------------

/// Xorshift: random enough for names and values.
struct Random(u64);

impl Random {
    const fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % limit
    }

    fn word(&mut self) -> &'static str {
        const WORDS: [&str; 16] = [
            "cluster", "node", "journal", "volume", "replica", "chapter", "label", "policy", "port", "route",
            "backend", "section", "metric", "queue", "region", "status",
        ];
        WORDS[self.below(WORDS.len())]
    }

    fn text(&mut self, length: usize) -> String {
        const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        (0..length).map(|_| char::from(LETTERS[self.below(LETTERS.len())])).collect()
    }
}

/// Chunks up to a size.
fn filled(size: usize, mut chunk: impl FnMut(&mut Random, &mut String)) -> String {
    let (mut random, mut out) = (Random::new(), String::new());
    while out.len() < size {
        chunk(&mut random, &mut out);
    }
    out
}

/// Deployments and ConfigMaps that hold no secret: references, digests, settings.
fn manifests(size: usize) -> String {
    filled(size, |random, out| {
        let (name, digest) = (random.word(), random.text(64).to_lowercase());
        _ = write!(
            out,
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  template:\n    spec:\n      \
             containers:\n      - name: {name}\n        image: registry.internal/{name}@sha256:{digest}\n        env:\n"
        );
        for _ in 0..8 {
            _ = write!(out, "        - name: {}_PORT\n          value: \"{}\"\n", random.word(), random.below(65536));
        }
        out.push_str(
            "        - name: DB_PASSWORD\n          valueFrom:\n            secretKeyRef: {name: db, key: password}\n",
        );
        _ = write!(out, "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  app.conf: |\n");
        for _ in 0..20 {
            _ = writeln!(out, "    {}.{} = {}", random.word(), random.word(), random.below(1 << 20));
        }
    })
}

/// A list as `kubectl get -o json` writes it.
fn list(size: usize) -> String {
    let items = filled(size, |random, out| {
        let name = random.word();
        _ = write!(
            out,
            "{}{{\n    \"apiVersion\": \"v1\",\n    \"kind\": \"Pod\",\n    \"metadata\": {{\"name\": \"{name}\", \"uid\": \"{}\"}},\n    \
             \"spec\": {{\"containers\": [{{\"name\": \"{name}\", \"env\": [{{\"name\": \"PORT\", \"value\": \"{}\"}}]}}]}}\n}}",
            if out.is_empty() { "" } else { ",\n" },
            random.text(32),
            random.below(65536)
        );
    });
    format!("{{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [\n{items}\n]}}\n")
}

/// Text without a single keyword.
fn prose(size: usize) -> String {
    filled(size, |random, out| {
        _ = writeln!(
            out,
            "{} {} of the {}, {}",
            random.below(99),
            random.below(999),
            random.below(9),
            random.below(99)
        );
    })
}

/// What every pattern must find, over and over.
fn secrets(size: usize) -> String {
    let examples: Vec<String> = builtin()
        .expect("they parse")
        .iter()
        .flat_map(|pattern| &pattern.examples.matching)
        .map(|text| without_marks(text))
        .collect();
    let mut place = 0;
    filled(size, |_, out| {
        _ = writeln!(out, "{}", examples[place % examples.len()]);
        place += 1;
    })
}

fn assignments(size: usize) -> String {
    filled(size, |random, out| _ = writeln!(out, "password = \"{}\"", random.text(20)))
}

/// Assignments on one line.
fn line(size: usize) -> String {
    assignments(size).replace('\n', " ")
}

/// One container with very many variables.
fn variables(size: usize) -> String {
    let env = filled(size, |random, out| {
        _ = write!(out, "    - name: {}_TOKEN\n      value: {}\n", random.word(), random.text(20))
    });
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: dense}}\nspec:\n  containers:\n  - name: dense\n    env:\n{env}"
    )
}

/// Keys that begin and never end.
fn headers(size: usize) -> String {
    let label = ["PRIVATE", "KEY"].join(" ");
    filled(size, |_, out| _ = writeln!(out, "-----BEGIN {label}-----"))
}

fn patterns() -> Set {
    Set::new(builtin().expect("they parse")).expect("they compile")
}

fn gate_of(set: &Set) -> Gate {
    Gate::new(set.patterns.iter().enumerate().flat_map(|(index, pattern)| {
        let index = u16::try_from(index).expect("there are a few hundred");
        let topic = if matches!(pattern.body, Body::Token(_)) { Topic::Token(index) } else { Topic::Named(index) };
        pattern.keywords.iter().map(move |keyword| (keyword.clone(), topic))
    }))
}

// --- layers ---------------------------------------------------------------------------------------------------------

/// The keyword pass alone.
fn gate(criterion: &mut Criterion) {
    let gate = gate_of(&patterns());
    let mut group = criterion.benchmark_group("gate");
    for (name, text) in [("prose", prose(MEGABYTE)), ("manifests", manifests(MEGABYTE)), ("secrets", secrets(MEGABYTE))]
    {
        group.throughput(Throughput::Bytes(text.len() as u64));
        let mut hits = Vec::new();
        group.bench_function(name, |bencher| bencher.iter(|| gate.hits(black_box(&text), &mut hits)));
    }
}

/// The token patterns around what the gate saw, the gate left out.
fn regex(criterion: &mut Criterion) {
    let set = patterns();
    let gate = gate_of(&set);
    let mut group = criterion.benchmark_group("regex");
    for (name, text) in
        [("manifests", manifests(MEGABYTE)), ("secrets", secrets(MEGABYTE)), ("headers", headers(MEGABYTE / 16))]
    {
        let mut hits = Vec::new();
        gate.hits(&text, &mut hits);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bencher| bencher.iter(|| matches(&set, &gate, &text, &hits)));
    }
}

fn matches(set: &Set, gate: &Gate, text: &str, hits: &[ksecrets::pattern::Hit]) -> usize {
    let mut covered = vec![Covered::default(); set.patterns.len()];
    let mut found: Vec<Match> = Vec::new();
    for &hit in hits {
        for topic in gate.topics(hit) {
            if let Topic::Token(index) = *topic {
                let index = usize::from(index);
                set.patterns[index].find(text, &(0..text.len()), hit.start as usize, &mut covered[index], &mut found);
            }
        }
    }
    found.len()
}

/// Bytes to spanned trees.
fn yaml(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("yaml");
    for (name, text) in
        [("manifests", manifests(MEGABYTE)), ("list", list(MEGABYTE)), ("variables", variables(MEGABYTE))]
    {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| documents(black_box(&text)).flatten().map(|tree| tree.nodes().count()).sum::<usize>());
        });
    }
}

/// The encodings; throughput counts what goes in.
fn decode(criterion: &mut Criterion) {
    let text = manifests(MEGABYTE);
    let encoded = STANDARD.encode(&text);
    let mut folded = String::new();
    for chunk in encoded.as_bytes().chunks(76) {
        folded.extend(chunk.iter().copied().map(char::from));
        folded.push('\n');
    }
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).expect("a Vec takes it all");
    let zipped = encoder.finish().expect("a Vec takes it all");
    let percent = text.replace(':', "%3A").replace('/', "%2F");
    let mut group = criterion.benchmark_group("decode");
    for (name, text) in [("base64", &encoded), ("base64-folded", &folded)] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bencher| bencher.iter(|| decode_base64(black_box(text))));
    }
    group.throughput(Throughput::Bytes(zipped.len() as u64));
    group.bench_function("gunzip", |bencher| bencher.iter(|| gunzip(black_box(&zipped))));
    group.throughput(Throughput::Bytes(percent.len() as u64));
    group.bench_function("percent", |bencher| bencher.iter(|| percent_decode(black_box(&percent))));
}

/// A blob from gate to findings. Dense inputs come in two sizes: their throughput must be the same.
fn file(criterion: &mut Criterion) {
    let hunter = Hunter::new(patterns(), hunt::Options { honour_ignores: true, ..hunt::Options::default() });
    let scan = |path: &str, text: &str| {
        let mut worker = hunter.worker();
        worker.blob(Blob { path, text, window: Window::default(), bytes: text.len() as u64 });
        worker.summary.objects
    };
    let mut group = criterion.benchmark_group("file");
    for (name, path, text) in [
        ("manifests", "all.yaml", manifests(MEGABYTE)),
        ("list", "list.json", list(MEGABYTE)),
        ("prose", "notes.txt", prose(MEGABYTE)),
    ] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bencher| bencher.iter(|| scan(path, black_box(&text))));
    }
    group.finish();
    let mut group = criterion.benchmark_group("dense");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    type Make = fn(usize) -> String;
    let kinds: [(&str, &str, Make); 5] = [
        ("secrets", "all.txt", secrets),
        ("assignments", "app.ini", assignments),
        ("line", "line.txt", line),
        ("variables", "pod.yaml", variables),
        ("headers", "keys.txt", headers),
    ];
    for (name, path, make) in kinds {
        for size in [MEGABYTE / 128, MEGABYTE / 16] {
            let text = make(size);
            group.throughput(Throughput::Bytes(text.len() as u64));
            group.bench_with_input(BenchmarkId::new(name, size), &text, |bencher, text| {
                bencher.iter(|| scan(path, text))
            });
        }
    }
}

/// What every run pays before its first file, and what the first file pays.
fn start(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("start");
    group.bench_function("patterns", |bencher| bencher.iter(patterns));
    let set = patterns();
    group.bench_function("gate", |bencher| bencher.iter(|| gate_of(&set)));
}
