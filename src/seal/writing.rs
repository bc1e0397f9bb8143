//! YAML that every reader takes for the same: by hand, because serializers know YAML 1.2 and leave words such as `on` and
//! `y` without quotes, which are booleans to Kubernetes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::reading::is_other_type;

/// A scalar: as it is where nobody can take it for something else than text, otherwise in double quotes.
pub(super) fn scalar(out: &mut String, text: &str) {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._/+=-".contains(&byte);
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.bytes().all(plain) && !is_other_type(text) {
        out.push_str(text);
        return;
    }
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            // What YAML calls not printable, breaks lines in YAML 1.1, or is a mark of byte order.
            '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// `key: value`, after some spaces.
pub(super) fn entry(out: &mut String, indent: usize, key: &str, value: &str) {
    name(out, indent, key);
    out.push(' ');
    scalar(out, value);
    out.push('\n');
}

/// `key:` on a line of its own: a mapping or a list follows.
pub(super) fn open(out: &mut String, indent: usize, key: &str) {
    name(out, indent, key);
    out.push('\n');
}

fn name(out: &mut String, indent: usize, key: &str) {
    let mut written = String::new();
    scalar(&mut written, key);
    sign(out, indent, &written);
}

/// Longest key without a question mark before it, with room to spare (YAML 1.2.2, 7.4.2: 1024 characters).
const LONGEST_NAME: usize = 1000;

/// A key that is written already, and its colon.
pub(super) fn sign(out: &mut String, indent: usize, key: &str) {
    let spaces = |out: &mut String| (0..indent).for_each(|_| out.push(' '));
    spaces(out);
    if key.len() > LONGEST_NAME {
        out.push_str("? ");
        out.push_str(key);
        out.push('\n');
        spaces(out);
    } else {
        out.push_str(key);
    }
    out.push(':');
}

/// A mapping of text to text; nothing when it is empty.
pub(super) fn texts(out: &mut String, indent: usize, key: &str, texts: &BTreeMap<String, String>) {
    if !texts.is_empty() {
        open(out, indent, key);
        texts.iter().for_each(|(key, text)| entry(out, indent + 2, key, text));
    }
}

/// `apiVersion`, `kind` and `metadata`.
pub(super) fn head(
    out: &mut String,
    (version, kind): (&str, &str),
    (namespace, name): (Option<&str>, &str),
    labels: &BTreeMap<String, String>,
    annotations: &BTreeMap<String, String>,
) {
    entry(out, 0, "apiVersion", version);
    entry(out, 0, "kind", kind);
    open(out, 0, "metadata");
    entry(out, 2, "name", name);
    if let Some(namespace) = namespace {
        entry(out, 2, "namespace", namespace);
    }
    texts(out, 2, "labels", labels);
    texts(out, 2, "annotations", annotations);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(text: &str) -> String {
        let mut out = String::new();
        scalar(&mut out, text);
        out
    }

    #[test]
    fn quotes_stand_where_a_reader_could_be_wrong() {
        for plain in ["a", "v1", "kubernetes.io/tls", "AbC+d==", "Opaque", "yesterday"] {
            assert_eq!(written(plain), plain);
        }
        for quoted in
            ["", "y", "Off", "null", "1", "1e3", "0x1f", "2020-01-01", "-", "a b", "a:", "#a", "~", "<<", "=", "é"]
        {
            assert_eq!(written(quoted), format!("\"{quoted}\""));
        }
        assert_eq!(written("a\n\"\\\u{85}"), r#""a\n\"\\\u0085""#);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(text in any::<String>(), word in "[a-zA-Z0-9._+=/~-]{0,6}") {
            for text in [text, word] {
                let read: serde_yaml::Value = serde_yaml::from_str(&written(&text)).unwrap();
                prop_assert_eq!(read.as_str(), Some(text.as_str()));
                let mut line = String::new();
                entry(&mut line, 0, &"b".repeat(1100), "c");
                entry(&mut line, 0, "a", &text);
                let tree = super::super::reading::one(&line).unwrap();
                prop_assert_eq!(tree.root().unwrap().get_str("a"), Some(text.as_str()));
                prop_assert_eq!(tree.root().unwrap().get_str(&"b".repeat(1100)), Some("c"));
            }
        }
    }
}
