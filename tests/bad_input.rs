//! Input that is broken, hostile or huge. Each hunt ends in time, with the right exit code, and says what it did not
//! read.
//!
//! The guard against hanging is in [`crate::binary`]: it is generous, as it has to hold on any machine.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::binary::{Ksecrets, Outcome, ksecrets};

/// What every bad input holds somewhere, so that what is still read of it shows.
const PASSWORD: &str = "password: Tr4verse-Quill-88\n";

/// Findings and skipped places that a digest spells out.
const SPELLED_OUT: usize = 3;

/// A report in short: what was found where, what was not read, what was counted.
fn digest(run: &Outcome) -> String {
    assert_eq!(run.stderr, "", "nothing is complained of");
    let report = run.json();
    let mut digest = String::new();
    let findings = report["findings"].as_array().unwrap();
    for finding in findings.iter().take(SPELLED_OUT) {
        let (rule, place) = (finding["rule"].as_str().unwrap(), &finding["location"]);
        let (path, line, column) = (place["path"].as_str().unwrap(), &place["line"], &place["column"]);
        let field = place["object"]["field"].as_str().map_or(String::new(), |field| format!(" {field}"));
        writeln!(digest, "{rule} at {path}:{line}:{column}{field}").unwrap();
    }
    if findings.len() > SPELLED_OUT {
        writeln!(digest, "and {} more", findings.len() - SPELLED_OUT).unwrap();
    }
    let skipped = report["skipped"].as_array().unwrap();
    for skipped in skipped.iter().take(SPELLED_OUT) {
        writeln!(digest, "skipped {}: {}", skipped["place"].as_str().unwrap(), skipped["reason"].as_str().unwrap())
            .unwrap();
    }
    if skipped.len() > SPELLED_OUT {
        writeln!(digest, "and {} more", skipped.len() - SPELLED_OUT).unwrap();
    }
    let count = |what: &str| report["summary"][what].as_u64().unwrap();
    let (files, objects, binaries) = (count("files"), count("objects"), count("binaries"));
    write!(digest, "{files} files, {objects} objects, {binaries} binaries, exit {}", run.status.unwrap()).unwrap();
    run.masked(&digest)
}

fn hunt(ready: Ksecrets) -> String {
    digest(&ready.args(["hunt", "--format", "json"]).run())
}

/// The digest of a hunt over one file.
fn hunt_file(name: &str, content: impl AsRef<[u8]>) -> String {
    hunt(ksecrets().input(name, content))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn secret(name: &str, key: &str, encoded: &str) -> String {
    format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\ndata:\n  {key}: {encoded}\n")
}

/// The Secret in which Helm keeps a release.
fn release(encoded: &str) -> String {
    secret("sh.helm.release.v1.a.v1", "release", encoded).replace("metadata", "type: helm.sh/release.v1\nmetadata")
}

/// Base64 in base64, as releases are kept.
fn packed(bytes: &[u8]) -> String {
    STANDARD.encode(STANDARD.encode(bytes))
}

/// A release that holds a password.
const RELEASE: &[u8] = br#"{"name": "a", "config": {"password": "Tr4verse-Quill-88"}, "manifest": 7}"#;

/// Only the credentials of Secrets count here, not that they are Secrets.
fn hunt_secret(text: &str) -> String {
    let ready = ksecrets().input("secret.yaml", text);
    digest(&ready.args(["hunt", "--format", "json", "--ignore", "plain-secret-manifest"]).run())
}

#[test]
fn truncated_yaml_is_read_as_text() {
    insta::assert_snapshot!(hunt_file("a.yaml", format!("{PASSWORD}spec: {{a: [1, 2")), @"
    password at a.yaml:1:11
    skipped a.yaml:2: not valid YAML (unclosed bracket '['): scanned as text
    1 files, 0 objects, 0 binaries, exit 1
    ");
    insta::assert_snapshot!(hunt_file("a.json", "{\"password\": \"Tr4verse-Quill-88\", \"b\": {"), @"
    password at a.json:1:15
    skipped a.json:1: not valid YAML (unclosed bracket '{'): scanned as text
    1 files, 0 objects, 0 binaries, exit 1
    ");
}

#[test]
fn a_value_in_broken_yaml_is_found_as_text() {
    for text in [
        "kind: Pod\npassword: \"Tr4verse-Quill-88",
        "kind: Pod\npassword: \"Tr4verse-Quill-88\nname: web\n",
        "kind: Pod\na: {password: Tr4verse-Quill-88}\nb: [\n",
    ] {
        let run = hunt_file("a.yaml", text);
        assert!(run.contains("skipped a.yaml:") && run.starts_with("password at a.yaml:2:"), "{text}\n{run}");
    }
}

#[test]
fn a_broken_document_takes_no_other_with_it() {
    let text = format!("{PASSWORD}---\na: [ # password\n---\n{PASSWORD}");
    insta::assert_snapshot!(hunt_file("a.yaml", text), @"
    password at a.yaml:1:11
    password at a.yaml:5:11
    skipped a.yaml:3: not valid YAML (unclosed bracket '['): scanned as text
    1 files, 0 objects, 0 binaries, exit 1
    ");
}

#[test]
fn nesting_a_thousand_deep_in_yaml() {
    let block: String = (0..1000).map(|depth| format!("{}k:\n", " ".repeat(depth))).collect();
    insta::assert_snapshot!(hunt_file("block.yaml", format!("{block}{}{PASSWORD}", " ".repeat(1000))), @"
    password at block.yaml:1001:1011
    skipped block.yaml:256: not valid YAML (recursion limit exceeded): scanned as text
    1 files, 0 objects, 0 binaries, exit 1
    ");
    let flow = format!("{}{{password: Tr4verse-Quill-88}}{}", "[".repeat(1000), "]".repeat(1000));
    insta::assert_snapshot!(hunt_file("flow.yaml", flow), @"
    password at flow.yaml:1:1012
    skipped flow.yaml:1: not valid YAML (recursion limit exceeded): scanned as text
    1 files, 0 objects, 0 binaries, exit 1
    ");
    let dashes = format!("{}{PASSWORD}", "- ".repeat(1000));
    insta::assert_snapshot!(hunt_file("dashes.yaml", dashes), @"
    password at dashes.yaml:1:2011
    skipped dashes.yaml:1: not valid YAML (recursion limit exceeded): scanned as text
    1 files, 0 objects, 0 binaries, exit 1
    ");
}

#[test]
fn nesting_a_thousand_deep_in_json() {
    let text = format!("{}{{\"password\": \"Tr4verse-Quill-88\"}}{}", "{\"k\": ".repeat(1000), "}".repeat(1000));
    insta::assert_snapshot!(hunt_file("a.json", text), @"
    password at a.json:1:6015
    skipped a.json:1: not valid YAML (recursion limit exceeded): scanned as text
    1 files, 0 objects, 0 binaries, exit 1
    ");
}

#[test]
fn nesting_that_never_closes() {
    for open in ["[", "{", "[{", "- ", "? ", "{\"k\":"] {
        let run = hunt_file("a.yaml", format!("{PASSWORD}---\n# password\n{}", open.repeat(200_000)));
        assert!(run.starts_with("password at a.yaml:1:11\n"), "{open}: {run}");
        assert!(run.contains("skipped a.yaml:"), "{open}: {run}");
    }
}

#[test]
fn anchors_of_a_billion_laughs_are_not_expanded() {
    let mut text = "a0: &a0 {password: Tr4verse-Quill-88}\n".to_owned();
    for level in 1..30 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(text, "a{level}: &a{level} [{aliases}]").unwrap();
    }
    insta::assert_snapshot!(hunt_file("laughs.yaml", &text), @"
    password at laughs.yaml:1:20
    1 files, 0 objects, 0 binaries, exit 1
    ");
    let object = format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: *a29\n{text}");
    insta::assert_snapshot!(hunt_file("object.yaml", object), @"
    password at object.yaml:5:20 a0.password
    1 files, 1 objects, 0 binaries, exit 1
    ");
    let merged: String = (1..30).map(|n| format!("m{n}: &m{n} {{<<: [*m{0}, *m{0}]}}\n", n - 1)).collect();
    insta::assert_snapshot!(hunt_file("merge.yaml", format!("m0: &m0 {{{}}}\n{merged}", PASSWORD.trim())), @"
    password at merge.yaml:1:20
    1 files, 0 objects, 0 binaries, exit 1
    ");
}

#[test]
fn aliases_to_nothing_and_to_themselves() {
    insta::assert_snapshot!(hunt_file("a.yaml", format!("a: *nothing\n{PASSWORD}")), @"
    password at a.yaml:2:11
    1 files, 0 objects, 0 binaries, exit 1
    ");
    insta::assert_snapshot!(hunt_file("a.yaml", format!("a: &a [*a, *a]\n<<: *a\n{PASSWORD}")), @"
    password at a.yaml:3:11
    1 files, 0 objects, 0 binaries, exit 1
    ");
    let object = "apiVersion: v1\nkind: Secret\nmetadata: &m {name: *m}\nstringData: &d\n  password: *d\n";
    insta::assert_snapshot!(hunt_secret(object), @"1 files, 1 objects, 0 binaries, exit 0");
}

#[test]
fn a_sparse_gigabyte_is_binary() {
    let ready = ksecrets();
    File::create(ready.path("disk.img")).unwrap().set_len(1 << 30).unwrap();
    insta::assert_snapshot!(hunt(ready), @"0 files, 0 objects, 1 binaries, exit 0");
}

#[test]
fn a_text_with_a_large_hole_is_read_to_its_end() {
    let ready = ksecrets();
    let mut file = File::create(ready.path("log")).unwrap();
    file.write_all(format!("{PASSWORD}{}", "# words\n".repeat(2000)).as_bytes()).unwrap();
    file.set_len(100 << 20).unwrap();
    insta::assert_snapshot!(hunt(ready), @"
    password at log:1:11
    1 files, 0 objects, 0 binaries, exit 1
    ");
}

#[test]
fn bytes_that_are_no_utf_8_are_passed_over() {
    insta::assert_snapshot!(hunt_file("a.yaml", [b"caf\xe9: \xff\xfe\x80\n", PASSWORD.as_bytes()].concat()), @"
    password at a.yaml:2:11
    1 files, 0 objects, 0 binaries, exit 1
    ");
    insta::assert_snapshot!(hunt_file("a.yaml", b"password: Tr4verse-\xe9-Quill-88\n"), @"
    password at a.yaml:1:11
    1 files, 0 objects, 0 binaries, exit 1
    ");
}

#[test]
fn a_gzip_bomb_stops_at_the_cap() {
    let bomb = gzip(&vec![b'a'; 8 << 20]);
    insta::assert_snapshot!(hunt(ksecrets().input("bomb.gz", &bomb).input("b.yaml", PASSWORD)), @"
    password at b.yaml:1:11
    skipped bomb.gz!/bomb: grows more than 1000 times when decompressed: the rest of it was not read
    2 files, 0 objects, 0 binaries, exit 1
    ");
    let nested = gzip(&gzip(&gzip(&bomb)));
    insta::assert_snapshot!(hunt_file("nested.gz", &nested), @"
    skipped nested.gz!/nested!/nested!/nested: an archive more than 3 deep in others: not opened
    0 files, 0 objects, 0 binaries, exit 0
    ");
}

#[test]
fn a_gzip_bomb_in_a_secret_stops_at_the_cap() {
    let bomb = gzip(&vec![b'a'; 20 << 20]);
    insta::assert_snapshot!(hunt_secret(&secret("a", "blob", &STANDARD.encode(&bomb))), @"
    skipped secret.yaml:6: decompresses to more than the cap: not looked into
    1 files, 1 objects, 0 binaries, exit 0
    ");
    insta::assert_snapshot!(hunt_secret(&release(&packed(&bomb))), @"
    skipped secret.yaml:7: decompresses to more than the cap: not looked into
    1 files, 1 objects, 0 binaries, exit 0
    ");
}

fn zip(members: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in members {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn names_in_a_zip_that_climb_out_are_only_names() {
    let bytes = zip(&[("../../climb.yaml", PASSWORD), ("/etc/climb.yaml", PASSWORD), ("C:\\climb.yaml", PASSWORD)]);
    let run = ksecrets().input("deep/er/a.zip", bytes).args(["hunt", "--format", "json"]).run();
    insta::assert_snapshot!(digest(&run), @"
    password at deep/er/a.zip!/C:/climb.yaml:1:11
    password at deep/er/a.zip!/climb.yaml:1:11
    password at deep/er/a.zip!/etc/climb.yaml:1:11
    3 files, 0 objects, 0 binaries, exit 1
    ");
    let left = fs::read_dir(run.folder()).unwrap().count();
    assert_eq!((left, run.folder().join("climb.yaml").exists()), (1, false), "nothing is written");
}

#[test]
fn a_zip_that_is_cut_off_is_not_opened() {
    let bytes = zip(&[("a.yaml", PASSWORD)]);
    insta::assert_snapshot!(hunt_file("a.zip", &bytes[..bytes.len() - 9]), @"
    skipped a.zip: a broken zip archive: not opened
    0 files, 0 objects, 0 binaries, exit 0
    ");
}

#[test]
fn a_gzip_that_is_cut_off_is_read_as_far_as_it_goes() {
    let lines: String = (0..20_000).map(|n| format!("line {n} of {}\n", n * n % 977)).collect();
    let bytes = gzip(format!("{PASSWORD}{lines}").as_bytes());
    insta::assert_snapshot!(hunt_file("a.gz", &bytes[..bytes.len() / 2]), @"
    password at a.gz!/a:1:11
    skipped a.gz!/a: a broken archive: it ends too early
    1 files, 0 objects, 0 binaries, exit 1
    ");
}

#[test]
fn a_directory_may_be_named_like_a_file() {
    insta::assert_snapshot!(hunt(ksecrets().input("x.yaml/y.zip/.env", PASSWORD)), @"
    password at x.yaml/y.zip/.env:1:11
    1 files, 0 objects, 0 binaries, exit 1
    ");
}

#[cfg(unix)]
#[test]
fn what_may_not_be_read_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let ready = ksecrets().input("shut.yaml", PASSWORD).input("shut/a.yaml", PASSWORD).input("open.yaml", PASSWORD);
    let (file, folder) = (ready.path("shut.yaml"), ready.path("shut"));
    for path in [&file, &folder] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o000)).unwrap();
    }
    if File::open(&file).is_ok() {
        return; // Root reads anything.
    }
    let run = ready.args(["hunt", "--format", "json", "--strict"]).run();
    fs::set_permissions(run.folder().join("shut"), fs::Permissions::from_mode(0o700)).unwrap();
    insta::assert_snapshot!(digest(&run), @"
    password at open.yaml:1:11
    skipped shut: cannot be read: permission denied
    skipped shut.yaml: cannot be read: permission denied
    1 files, 0 objects, 0 binaries, exit 2
    ");
}

#[cfg(unix)]
#[test]
fn loops_of_links_end() {
    use std::os::unix::fs::symlink;
    let ready = ksecrets().input("a/b/real.yaml", PASSWORD);
    symlink("..", ready.path("a/b/up")).unwrap();
    symlink(".", ready.path("a/here")).unwrap();
    symlink("itself", ready.path("itself")).unwrap();
    symlink("nowhere", ready.path("dangling")).unwrap();
    insta::assert_snapshot!(hunt(ready), @"
    password at a/b/real.yaml:1:11
    1 files, 0 objects, 0 binaries, exit 1
    ");
    let ready = ksecrets();
    symlink("itself", ready.path("itself")).unwrap();
    insta::assert_snapshot!(digest(&ready.args(["hunt", "--format", "json", "--strict", "itself"]).run()), @"
    skipped itself: cannot be read: filesystem loop or indirection limit (e.g. symlink loop)
    0 files, 0 objects, 0 binaries, exit 2
    ");
}

#[test]
fn a_line_of_20_megabytes() {
    let words = "lorem=ipsum, dolor=sit; ".repeat((20 << 20) / 24);
    insta::assert_snapshot!(hunt_file("line.txt", format!("{words}{}", PASSWORD.trim())), @"
    password at line.txt:1:20971523
    1 files, 0 objects, 0 binaries, exit 1
    ");
    let letters = "x".repeat(20 << 20);
    insta::assert_snapshot!(hunt_file("line.yaml", format!("text: {letters}\n{PASSWORD}")), @"
    password at line.yaml:2:11
    skipped line.yaml: too large to be read as documents: scanned as text
    1 files, 0 objects, 0 binaries, exit 1
    ");
}

#[test]
fn a_megabyte_of_tokens() {
    // Made up, in two parts so that no other scanner minds this file; the checksum holds.
    let token = format!("ghp{}", "_RYMvqnqzCTPZEclzYtBC2xyhEqOjQ71Vewx3");
    insta::assert_snapshot!(hunt_file("lines.txt", format!("{token}\n").repeat((1 << 20) / 41)), @"
    github-token at lines.txt:1:1
    github-token at lines.txt:2:1
    github-token at lines.txt:3:1
    and 997 more
    skipped lines.txt: 20575 more values were seen and not weighed
    skipped lines.txt: 4000 more findings of github-token are not listed
    1 files, 0 objects, 0 binaries, exit 1
    ");
    insta::assert_snapshot!(hunt_file("line.txt", format!("{token} ").repeat((1 << 20) / 41)), @"
    github-token at line.txt:1:1
    github-token at line.txt:1:42
    github-token at line.txt:1:83
    and 997 more
    skipped line.txt: 20575 more values were seen and not weighed
    skipped line.txt: 4000 more findings of github-token are not listed
    1 files, 0 objects, 0 binaries, exit 1
    ");
}

/// Hunts over a megabyte of one beginning of a credential after the other, on one line.
fn megabyte_of(beginning: &str) {
    let run = hunt_file("a.txt", beginning.repeat((1 << 20) / beginning.len()));
    assert!(run.contains("1 files, 0 objects, 0 binaries"), "{beginning}: {run}");
}

#[test]
fn a_megabyte_of_beginnings_of_tokens() {
    for beginning in ["ghp_", "AKIA", "eyJhbGciOi.", "://a:b@"] {
        megabyte_of(beginning);
    }
}

#[test]
fn a_megabyte_of_names_that_are_given_no_value() {
    megabyte_of("password=");
}

#[test]
fn a_megabyte_of_strings_that_never_end() {
    megabyte_of("secret: \"");
}

#[test]
fn a_megabyte_of_keys_that_never_end() {
    megabyte_of("-----BEGIN RSA PRIVATE KEY-----");
}

#[test]
fn a_nul_early_makes_a_file_binary_and_late_does_not() {
    let early = format!("a: \0\n{PASSWORD}");
    insta::assert_snapshot!(hunt_file("early.yaml", early), @"0 files, 0 objects, 1 binaries, exit 0");
    let late = format!("{}a: \0\n{PASSWORD}", "# words\n".repeat(2000));
    insta::assert_snapshot!(hunt_file("late.yaml", late), @r"
    password at late.yaml:2002:11
    skipped late.yaml:2001: not valid YAML (unexpected character: `\u{0}'): scanned as text
    1 files, 0 objects, 0 binaries, exit 1
    ");
}

#[test]
fn files_with_next_to_nothing_in_them() {
    for content in
        [&b""[..], b"\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"---", b"...", b"%YAML 1.2\n---\n", b" "]
    {
        for name in ["a.yaml", "a.json", "a.txt", "Dockerfile", "a.gz", "values.yaml", ".sops.yaml"] {
            assert_eq!(
                hunt_file(name, content),
                "1 files, 0 objects, 0 binaries, exit 0",
                "{name} {:?}",
                String::from_utf8_lossy(content)
            );
        }
    }
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn utf_16_is_text_with_a_mark_and_binary_without() {
    insta::assert_snapshot!(hunt_file("marked.yaml", utf16(&format!("\u{feff}{PASSWORD}"))), @"
    password at marked.yaml:1:11
    1 files, 0 objects, 0 binaries, exit 1
    ");
    insta::assert_snapshot!(hunt_file("bare.yaml", utf16(PASSWORD)), @"0 files, 0 objects, 1 binaries, exit 0");
}

#[test]
fn line_ends_of_old_macs_and_of_windows_are_read() {
    let text = format!("kind: Pod\rapiVersion: v1\r{PASSWORD}").replace('\n', "\r");
    insta::assert_snapshot!(hunt_file("mac.yaml", &text), @"
    password at mac.yaml:1:36 password
    1 files, 1 objects, 0 binaries, exit 1
    ");
    insta::assert_snapshot!(hunt_file("mac.txt", &text), @"
    password at mac.txt:1:36 password
    1 files, 1 objects, 0 binaries, exit 1
    ");
    insta::assert_snapshot!(hunt_file("windows.yaml", text.replace('\r', "\r\n")), @"
    password at windows.yaml:3:11 password
    1 files, 1 objects, 0 binaries, exit 1
    ");
}

#[test]
fn a_hundred_thousand_documents() {
    let text = "---\na: 1\n".repeat(100_000);
    insta::assert_snapshot!(hunt_file("a.yaml", format!("{text}---\n{PASSWORD}")), @"
    password at a.yaml:200002:11
    1 files, 0 objects, 0 binaries, exit 1
    ");
    let broken = "---\na: [ # password\n".repeat(20_000);
    insta::assert_snapshot!(hunt_file("a.yaml", format!("{broken}---\n{PASSWORD}")), @"
    password at a.yaml:40002:11
    skipped a.yaml:2: not valid YAML (unclosed bracket '['): scanned as text
    skipped a.yaml:4: not valid YAML (unclosed bracket '['): scanned as text
    skipped a.yaml:6: not valid YAML (unclosed bracket '['): scanned as text
    and 19997 more
    1 files, 0 objects, 0 binaries, exit 1
    ");
}

#[test]
fn a_mapping_of_a_hundred_thousand_keys() {
    let keys: String = (0..100_000).map(|n| format!("  key{n}: v{n}\n")).collect();
    let text = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n{keys}  {PASSWORD}");
    insta::assert_snapshot!(hunt_file("a.yaml", text), @"
    password at a.yaml:100005:13 data.password
    1 files, 1 objects, 0 binaries, exit 1
    ");
}

#[test]
fn a_mapping_of_the_same_key_twenty_thousand_times() {
    // `key` names nothing: whether something beside it does is asked for each one.
    let same = format!("{}{PASSWORD}", "key: v\n".repeat(20_000));
    insta::assert_snapshot!(hunt_file("same.yaml", same), @"
    password at same.yaml:20001:11
    1 files, 0 objects, 0 binaries, exit 1
    ");
}

#[test]
fn a_list_of_20_000_secrets() {
    let mut text = "apiVersion: v1\nkind: List\nitems:\n".to_owned();
    for n in 0..20_000 {
        let value = STANDARD.encode(format!("Tr4verse-Quill-{n}"));
        writeln!(text, "- apiVersion: v1\n  kind: Secret\n  metadata: {{name: s{n}}}").unwrap();
        writeln!(text, "  data: {{password: {value}}}").unwrap();
    }
    insta::assert_snapshot!(hunt_secret(&text), @"
    password at secret.yaml:7:20 data.password
    password at secret.yaml:11:20 data.password
    password at secret.yaml:15:20 data.password
    and 997 more
    skipped secret.yaml: 15000 more values were seen and not weighed
    skipped secret.yaml: 4000 more findings of password are not listed
    1 files, 20000 objects, 0 binaries, exit 1
    ");
}

#[test]
fn five_megabytes_in_ten_layers_of_base64() {
    let mut text = format!("{}{PASSWORD}", "# words that say nothing\n".repeat(11_000));
    for _ in 0..10 {
        text = STANDARD.encode(&text);
    }
    assert!(text.len() > 4_500_000, "{}", text.len());
    insta::assert_snapshot!(hunt_secret(&secret("a", "blob", &text)), @"
    secret-value at secret.yaml:6:9 data.blob
    1 files, 1 objects, 0 binaries, exit 1
    ");
}

#[test]
fn layers_of_base64_up_to_the_cap_are_read() {
    let nested = |layers: usize| {
        let mut text = format!("# a file\n{PASSWORD}");
        for _ in 0..layers {
            text = STANDARD.encode(&text);
        }
        hunt_secret(&secret("a", "blob", &text))
    };
    insta::assert_snapshot!(nested(3), @"
    password at secret.yaml:6:9 data.blob
    1 files, 1 objects, 0 binaries, exit 1
    ");
    insta::assert_snapshot!(nested(12), @"
    secret-value at secret.yaml:6:9 data.blob
    1 files, 1 objects, 0 binaries, exit 1
    ");
}

#[test]
fn a_manifest_too_large_to_be_read_whole_says_so() {
    let filler: String = (0..120_000)
        .map(|n| format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: filler-{n}}}\ndata: {{}}\n"))
        .collect();
    assert!(filler.len() > 8 << 20);
    let text = format!("{filler}---\n{}", secret("a", "password", &STANDARD.encode("Tr4verse-Quill-88")));
    let run = hunt_secret(&text);
    assert!(run.contains("data.password") || run.contains("skipped secret.yaml"), "{run}");
}

#[test]
fn a_helm_release_of_garbage_is_no_failure() {
    for garbage in [
        "'!!! no base64 !!!'".to_owned(),
        STANDARD.encode("no base64 in base64 !!!"),
        packed(b"no gzip in base64"),
        packed(&gzip(b"{\"chart\": {\"values\": ")),
        packed(&gzip(b"[[[null]]]")),
    ] {
        assert!(hunt_secret(&release(&garbage)).ends_with("1 files, 1 objects, 0 binaries, exit 0"), "{garbage}");
    }
    insta::assert_snapshot!(hunt_secret(&release(&packed(&gzip(RELEASE)))), @"
    password at secret.yaml:7:12 data.release
    1 files, 1 objects, 0 binaries, exit 1
    ");
}

#[test]
fn a_helm_release_that_is_cut_off_is_told() {
    let whole = gzip(RELEASE);
    for left in [10, whole.len() / 2, whole.len() - 12] {
        let run = hunt_secret(&release(&packed(&whole[..left])));
        assert!(run.contains("skipped secret.yaml:7: "), "{left} of {} bytes: {run}", whole.len());
    }
}

#[test]
fn objects_without_what_objects_have() {
    for text in [
        "apiVersion:\nkind:\nmetadata:\n",
        "apiVersion: v1\nkind: Secret\n",
        "apiVersion: v1\nkind: Secret\ndata:\n",
        "apiVersion: v1\nkind: Secret\ndata: [a, b]\nstringData: word\n",
        "apiVersion: v1\nkind: Secret\ndata:\n  password:\n  ? [a, b]\n  : {c: d}\n",
        "apiVersion: v1\nkind: [Secret]\nmetadata: {name: {a: b}}\n",
        "apiVersion: apps/v1\nkind: Deployment\nspec:\n",
        "apiVersion: apps/v1\nkind: Deployment\nspec: {template: {spec: {containers: web}}}\n",
        "apiVersion: v1\nkind: Pod\nspec: {containers: [null, 7, [], {env: null}, {env: [{name: PASSWORD}]}]}\n",
        "apiVersion: v1\nkind: List\nitems:\n",
        "apiVersion: v1\nkind: List\nitems: [null, 7, {kind: Secret}]\n",
        "? \n: \n",
        "- - -\n",
        "password:\ntoken: \n",
    ] {
        let run = hunt_secret(text);
        assert!(run.ends_with("exit 0"), "{text}\n{run}");
        assert!(!run.contains("skipped"), "{text}\n{run}");
    }
}

#[test]
fn tabs_where_yaml_wants_blanks() {
    insta::assert_snapshot!(hunt_file("a.yaml", format!("spec:\n\ta: 1\n\t{PASSWORD}")), @"
    password at a.yaml:3:12
    skipped a.yaml:2: not valid YAML (tabs disallowed within this context (block indentation)): scanned as text
    1 files, 0 objects, 0 binaries, exit 1
    ");
    insta::assert_snapshot!(hunt_file("a.yaml", format!("spec:\n  a: 1\t\n  {PASSWORD}")), @"
    password at a.yaml:3:13
    1 files, 0 objects, 0 binaries, exit 1
    ");
    insta::assert_snapshot!(hunt_file("a.yaml", "password:\tTr4verse-Quill-88\n"), @"
    password at a.yaml:1:11
    1 files, 0 objects, 0 binaries, exit 1
    ");
}

#[test]
fn names_of_files_are_only_names() {
    let ready = ksecrets().input("a\n[31m\u{1b}[31m.yaml", PASSWORD).input("--help", PASSWORD).input("-", PASSWORD);
    let run = ready.args(["hunt"]).run();
    assert!(!run.stdout.contains('\u{1b}'), "{run}");
    assert_eq!(run.stdout.matches("password in a source file").count(), 3, "{run}");
}

#[test]
fn standard_input_may_be_anything() {
    for (bytes, digest_of) in [
        (b"".to_vec(), "1 files, 0 objects, 0 binaries, exit 0"),
        (b"\0\x01\x02".to_vec(), "0 files, 0 objects, 1 binaries, exit 0"),
        (b"\x1f\x8b\x08garbage".to_vec(), "-"),
        (vec![b'x'; 20 << 20], "1 files, 0 objects, 0 binaries, exit 0"),
    ] {
        let run = digest(&ksecrets().stdin(bytes).args(["hunt", "--format", "json", "-"]).run());
        assert!(run.contains(digest_of), "{run}");
    }
}
