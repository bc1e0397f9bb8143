//! Configurations at random: most nearly right, in every way of writing them.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::numbers::Numbers;

/// Numbers and configurations that are the same in every run.
pub(super) struct Dice {
    pub(super) numbers: Numbers,
    socket: String,
    /// Whether this configuration may have mistakes.
    wild: bool,
}

/// A document before it is written down. Fields may be there twice.
enum Doc {
    Scalar { text: String, quoted: bool },
    List(Vec<Self>),
    Map(Vec<(&'static str, Self)>),
}

impl Doc {
    fn names_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Scalar { text, .. }, Self::Scalar { text: other, .. }) => {
                text.trim_end_matches('.') == other.trim_end_matches('.')
            }
            _ => false,
        }
    }
}

fn plain(text: &str) -> Doc {
    Doc::Scalar { text: text.to_owned(), quoted: false }
}

fn quoted(text: &str) -> Doc {
    Doc::Scalar { text: text.to_owned(), quoted: true }
}

/// Whether a text is one scalar in YAML without quotes, whatever its type.
fn bare(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && !text.starts_with(['*', '&', '!', '%', '@', '`', '\'', '"', '{', '[', ',', '#', '|', '>', '?', ':'])
        && !text.ends_with(':')
        && !text.contains([',', '[', ']', '{', '}', '\n'])
        && !text.contains(": ")
        && !text.contains(" #")
}

impl Dice {
    pub(super) fn new(seed: u64, socket: &Path) -> Self {
        let mut dice = Self { numbers: Numbers::new(seed), socket: socket.display().to_string(), wild: false };
        dice.numbers.below(2);
        dice
    }

    /// Whether to make a mistake now.
    fn slip(&mut self) -> bool {
        self.wild && self.numbers.chance(60)
    }

    /// A text in one of its forms.
    fn text(&mut self, text: &str) -> Doc {
        if bare(text) && !self.numbers.chance(3) { plain(text) } else { quoted(text) }
    }

    fn odd(&mut self) -> Doc {
        match self.numbers.below(9) {
            0 => plain("null"),
            1 => plain("1"),
            2 => plain("true"),
            3 => Doc::List(Vec::new()),
            4 => Doc::Map(Vec::new()),
            5 => quoted(""),
            6 => plain("~"),
            7 => Doc::List(vec![plain("x")]),
            _ => plain("x"),
        }
    }

    pub(super) fn config(&mut self) -> String {
        self.wild = self.numbers.chance(2);
        let doc = self.document();
        let mut text = self.write(&doc);
        if self.slip() {
            // Behind a whole flow mapping Go looks no further, and our parser does: not compared.
            let closed = text.starts_with("---\n{");
            text = match self.numbers.below(7) {
                0 => format!("---\n---\n{text}"),
                1 => format!("{text}\n---\nkind: Other\n"),
                2 if !closed => format!("{text}}}\n"),
                3 => format!("# a comment\n{text}"),
                4 => text.replace('\n', "\r\n"),
                5 => format!("{text}...\n"),
                6 if !closed => format!("{text}extra: 1\n"),
                _ => text,
            };
        }
        text
    }

    fn document(&mut self) -> Doc {
        let mut fields = Vec::new();
        let old = self.numbers.chance(12);
        if !self.slip() {
            let version = [
                "v1",
                "/v1",
                "apiserver.config.k8s.io/v2",
                "apiserver.config.k8s.io",
                "",
                "a/b/c",
                "/apiserver.config.k8s.io/v1",
            ];
            let right = if old { "v1" } else { "apiserver.config.k8s.io/v1" };
            let text = if self.slip() || old && self.numbers.chance(4) { self.numbers.one(&version) } else { right };
            fields.push(("apiVersion", self.text(text)));
        }
        if !self.slip() {
            let kinds = ["EncryptionConfig", "encryptionconfiguration", "AuthorizationConfiguration", "Secret"];
            let right = if old { "EncryptionConfig" } else { "EncryptionConfiguration" };
            let text = if self.slip() { self.numbers.one(&kinds) } else { right };
            fields.push(("kind", self.text(text)));
        }
        let count = if self.slip() { 0 } else { 1 + self.numbers.below(4) };
        let entries = Doc::List((0..count).map(|_| self.entry()).collect());
        fields.push(("resources", if self.slip() { self.odd() } else { entries }));
        self.mistake(&mut fields, &["metadata", "Resources", "spec", "resources"]);
        Doc::Map(fields)
    }

    /// Perhaps a field that should not be there, or not twice.
    fn mistake(&mut self, fields: &mut Vec<(&'static str, Doc)>, names: &[&'static str]) {
        if self.slip() {
            let name = self.numbers.one(names);
            let name = names.iter().find(|known| **known == name).unwrap();
            fields.push((name, self.odd()));
        }
        if self.numbers.chance(3) {
            let turn = self.numbers.below(fields.len() + 1);
            fields.rotate_left(turn);
        }
    }

    fn entry(&mut self) -> Doc {
        if self.slip() {
            return self.odd();
        }
        let mut fields = Vec::new();
        let count = if self.slip() { 0 } else { 1 + self.numbers.below(3) };
        let mut resources: Vec<Doc> = Vec::new();
        for _ in 0..count {
            let resource = self.resource();
            // The same twice is refused, so it is made seldom.
            if self.numbers.chance(12) || !resources.iter().any(|known| known.names_the_same(&resource)) {
                resources.push(resource);
            }
        }
        let resources = Doc::List(resources);
        fields.push(("resources", if self.slip() { self.odd() } else { resources }));
        let count = if self.slip() { 0 } else { 1 + self.numbers.below(3) };
        let providers = Doc::List((0..count).map(|_| self.provider()).collect());
        fields.push(("providers", if self.slip() { self.odd() } else { providers }));
        self.mistake(&mut fields, &["resources", "providers", "provider", "name"]);
        Doc::Map(fields)
    }

    fn resource(&mut self) -> Doc {
        if self.slip() {
            let bad = [
                "*",
                "Secrets",
                "secrets.*",
                "ingresses.extensions",
                "apiserveripinfo",
                "events.events.k8s.io",
                "",
                "*.X",
                "*.extensions",
                "serviceipallocations",
                "apiserveripinfo.",
                "events.k8s.io",
                "größe",
                "Größe",
                "*.*.*",
            ];
            let text = self.numbers.one(&bad);
            return if self.numbers.chance(6) { self.odd() } else { self.text(text) };
        }
        let good = [
            "secrets",
            "secrets",
            "secrets",
            "configmaps",
            "secrets.",
            "pandas.awesome.bears.example",
            "deployments.apps",
            "events",
            "a.b.c",
            "others.example.dev",
            "statefulsets.apps",
            "pods",
        ];
        let wide = ["*.apps", "*.", "*.*", "*.awesome.bears.example"];
        let text = if self.numbers.chance(24) { self.numbers.one(&wide) } else { self.numbers.one(&good) };
        self.text(text)
    }

    fn provider(&mut self) -> Doc {
        if self.slip() {
            return self.odd();
        }
        let mut fields = vec![self.scheme()];
        if self.slip() {
            fields.push(self.scheme());
        }
        self.mistake(&mut fields, &["aesCBC", "foo", "identity", "kms"]);
        Doc::Map(fields)
    }

    fn scheme(&mut self) -> (&'static str, Doc) {
        match self.numbers.below(9) {
            0 | 1 => ("identity", if self.slip() { self.odd() } else { Doc::Map(Vec::new()) }),
            2 | 3 => ("aescbc", self.keys(&[16, 24, 32])),
            4 => ("aesgcm", self.keys(&[16, 24, 32])),
            5 | 6 => ("secretbox", self.keys(&[32])),
            _ => ("kms", self.kms()),
        }
    }

    fn keys(&mut self, lengths: &[usize]) -> Doc {
        if self.slip() {
            return self.odd();
        }
        let count = if self.slip() { 0 } else { 1 + self.numbers.below(3) };
        let keys = Doc::List((0..count).map(|_| self.key(lengths)).collect());
        let mut fields = vec![("keys", keys)];
        self.mistake(&mut fields, &["keys", "key", "secret"]);
        Doc::Map(fields)
    }

    fn key(&mut self, lengths: &[usize]) -> Doc {
        if self.slip() {
            return self.odd();
        }
        let mut fields = Vec::new();
        if !self.slip() {
            let bad = ["1", "on", "", "2024", "1e3", "0x1F", ".5", "null", "y", "1_0", "08", "1.2", "-1"];
            let good =
                ["key1", "key2", "a", "a:b", "key1", "2024-02-01", "3s", "1.2.3", "k\u{e9}y", "12ab", "-", "=", "-a"];
            let text = if self.slip() { self.numbers.one(&bad) } else { self.numbers.one(&good) };
            // Between quotes a number is a name.
            let text = if self.numbers.chance(20) { self.numbers.one(&bad) } else { text };
            fields.push((
                "name",
                if self.wild { self.text(text) } else { quoted(if text.is_empty() { "x" } else { text }) },
            ));
        }
        if !self.slip() {
            let length = if self.slip() {
                [0, 8, 15, 31, 33, 64][self.numbers.below(6)]
            } else {
                lengths[self.numbers.below(lengths.len())]
            };
            let first = self.numbers.below(4) as u8;
            let bytes: Vec<u8> = (0..length as u8).map(|at| at.wrapping_mul(37).wrapping_add(first * 61)).collect();
            let mut secret = STANDARD.encode(bytes);
            if self.slip() {
                secret = match self.numbers.below(6) {
                    0 => secret.trim_end_matches('=').to_owned(),
                    1 => secret.replace(['a', 'A'], "_"),
                    2 => format!("{secret}=="),
                    3 => format!(" {secret}"),
                    4 => "not base64!".to_owned(),
                    _ => secret.replacen("Q=", "R=", 1),
                };
            }
            fields.push(("secret", self.text(&secret)));
        }
        self.mistake(&mut fields, &["name", "secret", "Secret", "value"]);
        Doc::Map(fields)
    }

    fn kms(&mut self) -> Doc {
        if self.slip() {
            return self.odd();
        }
        let mut fields = Vec::new();
        if !self.numbers.chance(16) {
            let bad = ["v3", "v1beta1", "V2", "2"];
            let good = ["v2", "v2", "v2", "v2", "v2", "v2", "v1", "v1", ""];
            let text = if self.slip() { self.numbers.one(&bad) } else { self.numbers.one(&good) };
            fields.push(("apiVersion", if text.is_empty() { quoted("") } else { self.text(text) }));
        }
        if !self.slip() {
            let bad = ["a:b", "", "null", "7"];
            // Names must differ, so most do.
            let number = self.numbers.below(40);
            let text = if self.slip() { self.numbers.one(&bad).to_owned() } else { format!("kms{number}") };
            fields.push(("name", self.text(&text)));
        }
        let mut answers = true;
        if !self.slip() {
            let socket = format!("unix://{}", self.socket);
            let text = if self.slip() {
                answers = false;
                let odd = [
                    "tcp://127.0.0.1:1",
                    "",
                    "/tmp/kms.sock",
                    "unix:x",
                    "unix:///%zz",
                    "unix:",
                    "unix://",
                    "unix://h/x",
                    "unix:///@ks-nobody",
                    "unix://h:p/x",
                    "unix://a b/x",
                    "Unix:///nowhere",
                    "unix:///x?a=%zz#f",
                    "unix:///x#%zz",
                    "unix://u:p@h/x",
                    "unix://[::1]/x",
                    "unix://[::1/x",
                    ":unix",
                    "unix://h:1/x",
                    "unix://a%20b/x",
                    "unix://a%25b/x",
                    "unix:///a b",
                    "unix",
                ];
                self.numbers.one(&odd).to_owned()
            } else {
                socket
            };
            fields.push(("endpoint", self.text(&text)));
        }
        let timeouts =
            ["0", "-1s", "1", "", "3", "null", "1d", "s", "1.5", "+2s", ".5s", "1s1", "0.1ns", "99999999999h"];
        if !answers {
            fields.push(("timeout", quoted("5ms")));
        } else if self.slip() {
            let text = self.numbers.one(&timeouts);
            fields.push(("timeout", self.text(text)));
        } else if self.numbers.chance(3) {
            let text = self.numbers.one(&["3s", "1m30s", "0.5h", "900ms", "1h2m3s"]);
            fields.push(("timeout", self.text(text)));
        }
        if self.slip() {
            let text = self.numbers.one(&[
                "0",
                "-1",
                "100",
                "1.5",
                "1e3",
                "100.0",
                "null",
                "3000000000",
                "x",
                "0x10",
                "010",
                "-0",
                "1_000",
            ]);
            let doc = if self.numbers.chance(5) { quoted(text) } else { plain(text) };
            fields.push(("cachesize", doc));
        }
        self.mistake(&mut fields, &["cacheSize", "name", "endpoint", "cachesize"]);
        Doc::Map(fields)
    }

    fn write(&mut self, doc: &Doc) -> String {
        let mut text = String::new();
        match self.numbers.below(5) {
            0 => flow(doc, &mut text),
            1 => {
                text.push_str("---\n");
                flow(doc, &mut text);
            }
            _ => {
                if self.numbers.chance(4) {
                    text.push_str("---\n");
                }
                block(doc, 0, &mut text);
            }
        }
        if !text.ends_with('\n') {
            text.push('\n');
        }
        text
    }
}

/// In JSON, as far as the scalars let it be.
fn flow(doc: &Doc, text: &mut String) {
    match doc {
        Doc::Scalar { text: value, quoted: false } if serde_json::from_str::<serde_json::Value>(value).is_ok() => {
            text.push_str(value);
        }
        Doc::Scalar { text: value, .. } => text.push_str(&serde_json::Value::from(value.as_str()).to_string()),
        Doc::List(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                flow(item, text);
            }
            text.push(']');
        }
        Doc::Map(fields) => {
            text.push('{');
            for (index, (name, value)) in fields.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                text.push_str(&format!("\"{name}\": "));
                flow(value, text);
            }
            text.push('}');
        }
    }
}

/// In YAML, over lines.
fn block(doc: &Doc, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    match doc {
        Doc::List(items) if !items.is_empty() => {
            for item in items {
                text.push_str(&format!("{indent}- "));
                let mut inner = String::new();
                block(item, depth + 1, &mut inner);
                text.push_str(inner.trim_start_matches(' '));
            }
        }
        Doc::Map(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                text.push_str(&format!("{indent}{name}:"));
                let nested = matches!(value, Doc::List(items) if !items.is_empty())
                    || matches!(value, Doc::Map(fields) if !fields.is_empty());
                let mut inner = String::new();
                block(value, depth + 1, &mut inner);
                text.push_str(if nested { "\n" } else { " " });
                text.push_str(if nested { &inner } else { inner.trim_start_matches(' ') });
            }
        }
        Doc::List(_) => text.push_str("[]\n"),
        Doc::Map(_) => text.push_str("{}\n"),
        Doc::Scalar { text: value, quoted: false } => text.push_str(&format!("{value}\n")),
        Doc::Scalar { text: value, .. } => text.push_str(&format!("'{}'\n", value.replace('\'', "''"))),
    }
}
