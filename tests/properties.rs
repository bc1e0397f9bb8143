//! What must hold for any input at all.
//!
//! Runs are the same every time. `PROPTEST_RNG_SEED` and `PROPTEST_CASES` make other and longer ones.

use std::io::Write as _;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ksecrets::hunt::{Hunter, Options};
use ksecrets::manifest::{Decoded, align, decode_base64, documents, gunzip, mask_actions, percent_decode};
use ksecrets::model::{Finding, Redacted, Redaction, Report, SecretValue};
use ksecrets::pattern::{Set, builtin};
use ksecrets::render::{Format, Style, render};
use ksecrets::source::{Blob, Sink as _, Window};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngSeed};

static HUNTER: LazyLock<Hunter> = LazyLock::new(|| {
    let options = Options { honour_ignores: true, ..Options::default() };
    Hunter::new(Set::new(builtin().unwrap()).unwrap(), options)
});

/// Deterministic and quick, unless the environment asks for more.
pub(crate) fn cases(cases: u32) -> Config {
    let mut config = Config::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(0x6b73);
    }
    config.failure_persistence = None;
    config
}

/// Names that decide how a text is read.
const PATHS: [&str; 14] = [
    "app.yaml",
    "app.env",
    "main.go",
    "README.md",
    "kustomization.yaml",
    "chart/values.yaml",
    "chart/templates/api.yaml",
    "config.json",
    "terraform.tfstate",
    ".pgpass",
    ".sops.yaml",
    "Dockerfile",
    "settings.xml",
    "x.lock",
];

/// Pieces of manifests, programs and secrets, to be put together at random.
const FRAGMENTS: [&str; 112] = [
    "\n",
    "\n",
    "\n",
    "\n  ",
    "\n    ",
    "\n      ",
    "\r\n",
    "\t",
    " ",
    "---\n",
    "\n---\n",
    "...\n",
    "- ",
    ": ",
    ":",
    "? ",
    ",",
    "{",
    "}",
    "[",
    "]",
    "&a ",
    "*a",
    "<<: *a",
    "!!str ",
    "!vault |\n  ",
    "|\n  ",
    "|-\n    ",
    ">\n  ",
    ">+2\n   ",
    "\"",
    "'",
    "\\n",
    "\\\"",
    "\\u00e9",
    "\\x41",
    "#",
    " # ",
    "%YAML 1.2\n",
    "\u{feff}",
    "é",
    "𝄞",
    "\u{2028}",
    "\u{85}",
    "\0",
    "\u{7f}",
    "apiVersion: v1\n",
    "kind: Secret\n",
    "kind: ConfigMap\n",
    "kind: Deployment\n",
    "kind: List\nitems:\n",
    "kind: SealedSecret\n",
    "kind: CustomResourceDefinition\n",
    "kind: EncryptionConfiguration\n",
    "kind: Kustomization\n",
    "metadata:\n  name: a\n",
    "metadata: {annotations: {ksecrets.dev/ignore: token}}\n",
    "data:\n",
    "stringData:\n",
    "spec:\n  containers:\n  - name: a\n    image: curlimages/curl:8\n",
    "    env:\n    - name: DB_PASSWORD\n      value: ",
    "    args: [",
    "    command: [mysql, ",
    "secretGenerator:\n- name: a\n  literals:\n  - ",
    "files: [a=../b.txt]\n",
    "{\"auths\": {\"r.io\": {\"auth\": \"",
    "resources:\n- providers:\n  - aescbc: {keys: [{name: a, secret: ",
    "sops: {mac: x}\n",
    "creation_rules:\n- path_regex: '.*'\n",
    "password: ",
    "PASSWORD=",
    "\"token\": \"",
    "api_key = '",
    "clientSecret: ",
    "Authorization: Basic ",
    "Authorization: Bearer ",
    "--password ",
    "-p",
    "curl -u a:",
    "mysql -p",
    "docker login -p ",
    "echo a:b | chpasswd",
    "mc alias set a b c ",
    "{{ ",
    " }}",
    "{{- if .é }}",
    "{{ end }}",
    "{% ",
    " %}",
    "{# é #}",
    "{{ .Values.x | nindent 4 }}",
    "| default \"",
    "${A:-",
    "$(A)",
    "postgres://u:",
    "@host/db",
    "%3A%2F%2F",
    "%40",
    "hunter2é",
    "S3cr3t!Pass-w0rd",
    "k8Jd93kFls02KdlsP",
    "cGFzc3dvcmQ6IGh1bnRlcjI=",
    "LS0tLS1CRUdJTg==",
    "H4sIAAAAAAAA/8tIzcnJBwCGphA2BQAAAA==",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln",
    "ghp_",
    "AKIA",
    "AGE-SECRET-KEY-1",
    "-----BEGIN RSA ",
    "PRIVATE KEY-----",
    "ksecrets:ignore[password]",
    "BOOTSTRAP_TOKEN=abcdef.0123456789abcdef",
];

/// Text of any characters, control characters and astral ones included.
fn any_text() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<char>(), 0..200).prop_map(String::from_iter)
}

/// Text that makes its way deep into the readers.
fn stitched() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        24 => select(&FRAGMENTS[..]).prop_map(str::to_owned),
        1 => "[a-z_]{1,8}",
        1 => "[A-Za-z0-9+/]{40,60}={0,2}",
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// A node of a document that is well formed when it is made.
#[derive(Clone, Debug)]
enum Yaml {
    /// As written; its lines are indented as its place asks for.
    Scalar(String),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

impl Yaml {
    /// Writes what follows a `-` or a `key:` at this depth.
    fn write(&self, depth: usize, out: &mut String) {
        let indent = "  ".repeat(depth);
        match self {
            Self::Scalar(text) => *out += &format!(" {}\n", text.replace('\n', &format!("\n{indent}"))),
            Self::List(items) if items.is_empty() => *out += " []\n",
            Self::Map(entries) if entries.is_empty() => *out += " {}\n",
            Self::List(items) => {
                *out += "\n";
                for item in items {
                    *out += &format!("{indent}-");
                    item.write(depth + 1, out);
                }
            }
            Self::Map(entries) => {
                *out += "\n";
                for (key, value) in entries {
                    *out += &format!("{indent}{key}:");
                    value.write(depth + 1, out);
                }
            }
        }
    }
}

/// Keys that mean something to one reader or another.
const KEYS: [&str; 39] = [
    "apiVersion",
    "kind",
    "metadata",
    "name",
    "namespace",
    "annotations",
    "labels",
    "spec",
    "template",
    "containers",
    "image",
    "env",
    "value",
    "valueFrom",
    "secretKeyRef",
    "key",
    "args",
    "command",
    "data",
    "stringData",
    "binaryData",
    "type",
    "items",
    "users",
    "user",
    "token",
    "password",
    "DB_PASSWORD",
    "api_key",
    "clientSecret",
    "auths",
    "auth",
    "literals",
    "files",
    "secretGenerator",
    "config.json",
    "app.properties",
    "last-applied-configuration",
    "\"quoted key\"",
];

/// Scalars of every style.
const SCALARS: [&str; 46] = [
    "v1",
    "Secret",
    "ConfigMap",
    "Deployment",
    "List",
    "SealedSecret",
    "EncryptionConfiguration",
    "Opaque",
    "app",
    "true",
    "3",
    "hunter2é",
    "S3cr3t!Pass-w0rd",
    "k8Jd93kFls02KdlsP",
    "'it''s k8Jd93kFls02'",
    "\"a\\tb\\u00e9 \\\"k8Jd93kFls02\\\"\"",
    "\"\"",
    "",
    "\"k8Jd93\\\nkFls02KdlsP\"",
    "plain over\ntwo lines",
    "'quoted over\n\ntwo lines'",
    "|\npassword: hunter2é\nb: c",
    "|-\n{\"token\": \"k8Jd93kFls02KdlsP\"}",
    "|2\n  indented\n é",
    ">\nfolded k8Jd93\nkFls02KdlsP\n\nmore",
    ">-\npassword=k8Jd93kFls02KdlsP\nuser=a",
    "cGFzc3dvcmQ6IGh1bnRlcjI=",
    "czNjcjN0LVBhc3MtdzByZCE=",
    "H4sIAAAAAAAA/8tIzcnJBwCGphA2BQAAAA==",
    "&a k8Jd93kFls02KdlsP",
    "*a",
    "!!str x",
    "!!binary cGFzc3dvcmQ6IGh1bnRlcjI=",
    "{{ .Values.é }}",
    "\"{{ .Values.password | default \"k8Jd93kFls02KdlsP\" }}\"",
    "{{ include \"é\" . | nindent 4 }}",
    "postgres://app:k8Jd93kFls02@db/app",
    "x # a comment: k8Jd93kFls02KdlsP",
    "mysql -uroot -pk8Jd93kFls02",
    "curl -u app:k8Jd93kFls02KdlsP https://x.svc",
    "--password",
    "{password: k8Jd93kFls02KdlsP, b: [c, *a]}",
    "[--password, k8Jd93kFls02KdlsP]",
    "'{\"auths\":{\"r.io\":{\"auth\":\"YXBwOms4SmQ5M2tGbHMwMg==\"}}}'",
    "|+\n{{- if .é }}x\n{{- end }}\né",
    "|\n  {{- if .é }}é\n  {{ end }}k8Jd93kFls02KdlsP",
];

/// Documents that mostly parse: nested, of every style, with a scratch here and there.
fn manifest() -> impl Strategy<Value = String> {
    let scalar = select(&SCALARS[..]).prop_map(|text| Yaml::Scalar(text.to_owned()));
    let node = scalar.prop_recursive(5, 48, 5, |inner| {
        let key = prop_oneof![12 => select(&KEYS[..]).prop_map(str::to_owned), 1 => "[a-zé]{1,5}"];
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Yaml::List),
            3 => prop::collection::vec((key, inner), 0..6).prop_map(Yaml::Map),
        ]
    });
    let scratch =
        prop_oneof![4 => Just(None), 1 => (any::<prop::sample::Index>(), select(&FRAGMENTS[..])).prop_map(Some)];
    let document = (select(&HEADS[..]), prop::collection::vec((select(&KEYS[..]), node), 1..5), scratch);
    prop::collection::vec(document, 1..3).prop_map(|documents| {
        let mut text = String::new();
        for (head, entries, scratch) in documents {
            let mut document = head.to_owned();
            for (key, value) in entries {
                document += &format!("{key}:");
                value.write(1, &mut document);
            }
            if let Some((at, fragment)) = scratch {
                let places: Vec<usize> = document.char_indices().map(|(at, _)| at).collect();
                document.insert_str(places[at.index(places.len())], fragment);
            }
            text += &format!("---\n{document}");
        }
        text
    })
}

/// What a document says it is.
const HEADS: [&str; 8] = [
    "",
    "# a comment with a token: k8Jd93kFls02KdlsP\n",
    "{{- if .Values.é }}\n",
    "apiVersion: v1\nkind: Secret\n",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
    "apiVersion: apps/v1\nkind: Deployment\n",
    "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\n",
    "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![1 => any_text(), 4 => stitched(), 6 => manifest()]
}

/// A value as a generator of passwords makes it: sixteen letters and digits that no list of placeholders knows.
fn secret() -> impl Strategy<Value = String> {
    ("[A-Z]{2}[a-z]{2}[0-9]{2}", "[A-Za-z0-9]{10}").prop_map(|(mixed, rest)| format!("{mixed}{rest}"))
}

fn hunt<'b>(blobs: impl IntoIterator<Item = (&'b str, &'b str)>) -> Report {
    let mut worker = HUNTER.worker();
    for (path, text) in blobs {
        worker.blob(Blob { path, text, window: Window::default(), bytes: text.len() as u64 });
    }
    HUNTER.report(vec![worker])
}

fn written(report: &Report, format: Format) -> String {
    let mut out = Vec::new();
    render(format, report, &HUNTER.rules(), &Style::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Whether the place that a finding names is one of its text.
fn lies_inside(finding: &Finding, text: &str) -> bool {
    let Some(region) = finding.location.region else { return false };
    let lines: Vec<&str> = text.split('\n').collect();
    let width = |line: u32| lines.get(line as usize - 1).map(|line| line.chars().count() as u32);
    let start = (region.line, region.column);
    let end = (region.end_line, region.end_column);
    start <= end
        && region.line >= 1
        && region.column >= 1
        && width(region.line).is_some_and(|width| region.column <= width + 1)
        && width(region.end_line).is_some_and(|width| region.end_column <= width + 1)
}

/// Whether a hunt met a bug of ours. Panics in a scan are caught there and told as this.
fn broke(report: &Report) -> bool {
    report.skipped.iter().any(|skipped| skipped.reason.contains("bug of ours"))
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn documents_read_anything_and_their_scalars_know_their_bytes(text in text()) {
        for tree in documents(&text).flatten() {
            for node in tree.nodes() {
                let range = node.range();
                prop_assert!(text.get(range.clone()).is_some(), "{node:?} of {text:?}");
                if let Some(verbatim) = node.verbatim() {
                    prop_assert_eq!(text.get(verbatim.clone()), node.as_str());
                    prop_assert!(range.start <= verbatim.start && verbatim.end <= range.end, "{:?} {:?}", node, verbatim);
                }
            }
        }
    }

    #[test]
    fn nodes_nest(text in text()) {
        for tree in documents(&text).flatten() {
            for node in tree.nodes().skip(1) {
                let parent = node.parent();
                prop_assert!(parent.is_some_and(|parent| parent.number() < node.number() && node.after() <= parent.after()));
                prop_assert!(parent.is_some_and(|parent| parent.children().any(|child| child == node)));
                let key = node.key();
                prop_assert!(key.is_none_or(|key| parent.is_some_and(|parent| parent.entries().any(|entry| entry == (key, node)))));
            }
        }
    }

    #[test]
    fn aligned_runs_point_at_equal_words(text in text()) {
        for tree in documents(&text).flatten() {
            for node in tree.nodes().filter(|node| node.is_scalar()) {
                let Some(value) = node.as_str() else { continue };
                let Some(runs) = align(value, &text, node.content()) else { continue };
                let words: Vec<&str> = value.split_whitespace().collect();
                prop_assert_eq!(runs.len(), words.len());
                for (&(here, there), word) in runs.iter().zip(words) {
                    prop_assert!(value[here..].starts_with(word));
                    prop_assert!(text[there..].starts_with(word));
                    prop_assert!(node.range().start <= there && there + word.len() <= node.range().end);
                }
            }
        }
    }

    #[test]
    fn masking_keeps_length_and_boundaries(text in text()) {
        let Some(masked) = mask_actions(&text) else { return Ok(()) };
        prop_assert_eq!(masked.len(), text.len());
        prop_assert!((0..text.len()).all(|at| !text.is_char_boundary(at) || masked.is_char_boundary(at)));
        for (at, (before, after)) in text.bytes().zip(masked.bytes()).enumerate() {
            prop_assert!(before == after || matches!(after, b' ' | b'_' | b'\n'), "byte {} of {:?}", at, text);
            prop_assert!(before != b'\n' || after == b'\n', "a line of {:?} is gone", text);
        }
    }

    #[test]
    fn decoders_take_anything(text in text(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(decode_base64(&text).is_none_or(|decoded| decoded.len() < text.len().max(1)));
        prop_assert!(percent_decode(&text).is_none_or(|decoded| decoded.len() < text.len()));
        prop_assert!(bytes.starts_with(&[0x1f, 0x8b]) || gunzip(&bytes) == Decoded::Not);
        prop_assert_ne!(gunzip(&[&[0x1f, 0x8b, 8, 0], &bytes[..]].concat()), Decoded::TooLarge);
        prop_assert_eq!(decode_base64(&STANDARD.encode(&bytes)), Some(bytes));
    }

    #[test]
    fn gzip_comes_back_whole_and_damage_is_harmless(bytes in prop::collection::vec(any::<u8>(), 0..400), at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&bytes).unwrap();
        let mut packed = encoder.finish().unwrap();
        prop_assert_eq!(gunzip(&packed), Decoded::Whole(bytes));
        let at = at.index(packed.len());
        packed[at] = to;
        let _ = gunzip(&packed);
        prop_assert!(matches!(gunzip(&packed[..at]), Decoded::Not | Decoded::Part(_)), "cut after {at} bytes");
    }

    #[test]
    fn redaction_keeps_a_quarter_and_three_characters_at_most(value in any_text()) {
        let redacted = Redacted::new(&SecretValue::new(&value), Redaction::Hidden);
        let head = redacted.as_str().strip_suffix('…').unwrap();
        let kept = head.chars().count();
        prop_assert!(kept <= 3 && kept * 4 <= value.chars().count());
        let printable: String = value.chars().filter(|c| !c.is_control()).collect();
        prop_assert!(printable.starts_with(head));
    }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn a_hunt_survives_anything_and_points_into_it(text in text(), path in select(&PATHS[..])) {
        let report = hunt([(path, text.as_str())]);
        prop_assert!(!broke(&report), "{path}: {text:?}");
        for finding in &report.findings {
            prop_assert!(lies_inside(finding, &text), "{:?} in {text:?}", finding.location);
            if let Some(excerpt) = &finding.excerpt {
                prop_assert!(!excerpt.text.contains(char::is_control), "{:?}", excerpt);
                prop_assert!(excerpt.start + excerpt.length <= excerpt.text.chars().count(), "{:?} of {text:?}", excerpt);
            }
        }
    }

    #[test]
    fn a_later_window_survives_anything(text in text(), line in 0_u32..9, column in 0_u32..9, overlap in 0_usize..40) {
        let mut worker = HUNTER.worker();
        let window = Window { line, column, overlap: overlap.min(text.len()), partial: true };
        worker.blob(Blob { path: "big.yaml", text: &text, window, bytes: text.len() as u64 });
        let report = HUNTER.report(vec![worker]);
        prop_assert!(!broke(&report), "{text:?}");
        prop_assert!(report.findings.iter().all(|finding| finding.location.region.is_some_and(|region| region.line > line)));
    }
}

/// Places where every secret is found. `@` stands for it, `^` for its base64, `~` for the base64 of a login with it,
/// `&` for another secret.
const PLACES: [&str; 23] = [
    "{\"password\": \"@\", \"token\": \"&\"}\n",
    "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    env: [{name: A_TOKEN, value: &}, {name: DB_PASSWORD, value: @}]\n",
    "export DB_PASSWORD='@' API_TOKEN=&\n",
    "db_password: @\n",
    "\"apiToken\": \"@\"\n",
    "export DB_PASSWORD='@'\n",
    "url: postgres://app:@@db.svc:5432/app\n",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  password: \"\"\n  url: amqp%3A%2F%2Fapp%3A@%40mq.svc%2Fapp\n",
    "password: >-\n  @\n",
    "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata:\n  DB_PASSWORD: ^\n",
    "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {DB_PASSWORD: @, DB_USER: app}\n",
    "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  app.properties: |\n    user=app\n    password=@\n",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  app.json: '{\"password\": \"@\"}'\n",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  app.json: \"{\\\"password\\\": \\\"@\\\"}\"\n",
    "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    env: [{name: DB_PASSWORD, value: @}]\n",
    "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    args: [--user, app, --password, @]\n",
    "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    command: [sh, -c, 'mysql -uroot -p@ app']\n",
    "apiVersion: v1\nkind: Config\nusers:\n- name: a\n  user: {token: @}\n",
    "secretGenerator:\n- name: a\n  literals:\n  - password=@\n",
    "auths: {r.corp.internal: {auth: ~}}\n",
    "password: {{ .Values.password | default \"@\" }}\n",
    "token: @ # the token is @\n",
    "# password: @\n",
];

/// Another secret that is as strong as this one.
fn other(secret: &str) -> String {
    secret.chars().rev().collect()
}

fn planted(place: &str, secret: &str) -> String {
    let login = STANDARD.encode(format!("app:{secret}"));
    // A host follows the first sign in URLs.
    place
        .replace(":@@", &format!(":{secret}\u{1}"))
        .replace('@', secret)
        .replace('\u{1}', "@")
        .replace('^', &STANDARD.encode(secret))
        .replace('~', &login)
        .replace('&', &other(secret))
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn no_output_holds_a_planted_secret(
        secret in secret(),
        places in prop::collection::vec(select(&PLACES[..]), 1..4),
        before in text(),
        after in text(),
        path in select(&PATHS[..]),
    ) {
        let texts: Vec<String> = places.iter().map(|place| planted(place, &secret)).collect();
        let text = format!("{before}\n---\n{}\n---\n{after}", texts.join("---\n"));
        let report = hunt([(path, text.as_str())]);
        let encoded = STANDARD.encode(&secret);
        let login = STANDARD.encode(format!("app:{secret}"));
        let mut outputs: Vec<String> = Format::ALL.iter().map(|&format| written(&report, format)).collect();
        outputs.push(format!("{report:?}"));
        for output in outputs {
            for form in [&secret, &encoded, &login, &other(&secret)] {
                prop_assert!(!output.contains(form.as_str()), "{} of {}: {}\n{}", form, path, text, output);
            }
        }
    }

    #[test]
    fn the_same_files_give_the_same_bytes(texts in prop::collection::vec(text(), 1..6), secret in secret(), turn in any::<prop::sample::Index>()) {
        let mut files: Vec<(String, String)> = Vec::new();
        for (number, text) in texts.iter().enumerate() {
            let path = format!("{number}/{}", PATHS[number % PATHS.len()]);
            files.push((path, format!("{text}\npassword: {secret}\n")));
        }
        let blobs: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let expected = hunt(blobs.iter().copied());
        let backwards = hunt(blobs.iter().rev().copied());
        let mut workers = [HUNTER.worker(), HUNTER.worker()];
        for (number, (path, text)) in blobs.iter().enumerate() {
            let worker = &mut workers[(number + turn.index(2)) % 2];
            worker.blob(Blob { path, text, window: Window::default(), bytes: text.len() as u64 });
        }
        let apart = HUNTER.report(workers.into_iter().collect());
        for format in Format::ALL {
            let expected = written(&expected, format);
            prop_assert_eq!(&expected, &written(&backwards, format));
            prop_assert_eq!(&expected, &written(&apart, format));
        }
        prop_assert!(expected.findings.iter().filter_map(|finding| finding.secret.as_ref()).all(|secret| secret.group > 0));
    }
}

#[test]
fn every_place_gives_its_secret_away() {
    let secret = concat!("QZ", "kf83", "Jd0sLw9Xv2");
    for place in PLACES {
        let path = if place.starts_with('#') { "values.yaml" } else { "app.yaml" };
        let report = hunt([(path, planted(place, secret).as_str())]);
        let found = report.findings.iter().any(|finding| finding.secret.is_some());
        assert!(found, "nothing found in\n{place}");
    }
}

#[test]
fn what_follows_an_end_marker_is_a_document_of_its_own() {
    let trees: Vec<_> = documents("a: 1\n...\nkind: Secret\n").collect();
    assert_eq!(trees.len(), 2, "{trees:?}");
    let second = trees[1].as_ref().unwrap().root().unwrap();
    assert_eq!(second.get_str("kind"), Some("Secret"));
}
