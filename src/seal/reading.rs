//! Strict reading of our own YAML: nothing twice, nothing unknown, text where text is meant.

use std::collections::{BTreeMap, BTreeSet};

use crate::manifest::{Kind, Node, Tree, documents};

use super::SealError;
use super::coding::shown;

/// The one document of a text.
pub(super) fn one(text: &str) -> Result<Tree<'_>, SealError> {
    let mut all = documents(text);
    let first = all.next().ok_or(SealError::NotOneDocument { found: 0 })?;
    let more = all.count();
    if more > 0 {
        return Err(SealError::NotOneDocument { found: 1 + more });
    }
    // What the parser says may quote the text, which may be secret.
    first.map_err(|error| {
        let before = &text.as_bytes()[..error.at.min(text.len())];
        SealError::NotYaml { line: 1 + before.iter().filter(|byte| **byte == b'\n').count() }
    })
}

/// The entries of a mapping, by name.
pub(super) struct Fields<'a> {
    at: String,
    entries: Vec<(&'a str, Node<'a>)>,
}

impl<'a> Fields<'a> {
    /// Reads a mapping; `at` is its path.
    pub(super) fn read(node: Node<'a>, at: &str) -> Result<Self, SealError> {
        let wrong = |why| SealError::Field { field: at.to_owned(), why };
        if !node.is_mapping() {
            return Err(wrong("must be a mapping"));
        }
        let mut entries = Vec::new();
        let mut seen = BTreeSet::new();
        for (key, value) in node.entries() {
            let key = key.as_str().ok_or_else(|| wrong("has a key that is no text"))?;
            if !seen.insert(key) {
                return Err(SealError::Duplicate { field: join(at, key) });
            }
            entries.push((key, value));
        }
        Ok(Self { at: at.to_owned(), entries })
    }

    /// The path of a field.
    pub(super) fn path(&self, name: &str) -> String {
        join(&self.at, name)
    }

    pub(super) fn wrong(&self, name: &str, why: &'static str) -> SealError {
        SealError::Field { field: self.path(name), why }
    }

    /// Takes a field out; one that is null counts as not there.
    pub(super) fn take(&mut self, name: &str) -> Option<Node<'a>> {
        let at = self.entries.iter().position(|(known, _)| *known == name)?;
        let (_, node) = self.entries.swap_remove(at);
        (!is_null(node)).then_some(node)
    }

    pub(super) fn need(&mut self, name: &str) -> Result<Node<'a>, SealError> {
        self.take(name).ok_or_else(|| self.wrong(name, "is missing"))
    }

    pub(super) fn text(&mut self, name: &str) -> Result<Option<&'a str>, SealError> {
        self.take(name).map(|node| text(node, || self.path(name))).transpose()
    }

    pub(super) fn need_text(&mut self, name: &str) -> Result<&'a str, SealError> {
        let node = self.need(name)?;
        text(node, || self.path(name))
    }

    pub(super) fn boolean(&mut self, name: &str) -> Result<Option<bool>, SealError> {
        let Some(node) = self.take(name) else { return Ok(None) };
        match (node.resolve().kind(), node.as_str()) {
            (Kind::Plain, Some("true")) => Ok(Some(true)),
            (Kind::Plain, Some("false")) => Ok(Some(false)),
            _ => Err(self.wrong(name, "must be true or false")),
        }
    }

    /// A mapping of text to text; empty when it is not there.
    pub(super) fn texts(&mut self, name: &str) -> Result<BTreeMap<String, String>, SealError> {
        let Some(node) = self.take(name) else { return Ok(BTreeMap::new()) };
        let fields = Fields::read(node, &self.path(name))?;
        let entries = fields.entries.iter();
        entries.map(|(key, node)| Ok(((*key).to_owned(), text(*node, || fields.path(key))?.to_owned()))).collect()
    }

    /// The entries that were not taken.
    pub(super) fn rest(self) -> Vec<(&'a str, Node<'a>)> {
        self.entries
    }

    /// Refuses what was not taken: a field that this version does not know may change what the others mean.
    pub(super) fn finish(self) -> Result<(), SealError> {
        match self.entries.first() {
            Some((name, _)) => Err(self.wrong(&shown(name), "is not known; it may need a newer ksecrets")),
            None => Ok(()),
        }
    }
}

fn join(at: &str, name: &str) -> String {
    if at.is_empty() { shown(name) } else { format!("{at}.{}", shown(name)) }
}

/// Whether YAML takes a node for null.
pub(super) fn is_null(node: Node<'_>) -> bool {
    let plain = node.resolve().kind() == Kind::Plain;
    plain && matches!(node.as_str(), Some("" | "~" | "null" | "Null" | "NULL"))
}

/// A scalar that Kubernetes reads as text too: a plain number or boolean is another type to it.
pub(super) fn text<'a>(node: Node<'a>, field: impl FnOnce() -> String) -> Result<&'a str, SealError> {
    let wrong = |why| SealError::Field { field: field(), why };
    let Some(text) = node.as_str() else { return Err(wrong("must be text")) };
    if node.resolve().kind() == Kind::Plain && is_other_type(text) && !is_tagged_text(node.resolve()) {
        return Err(wrong("must be text; write it in quotes"));
    }
    Ok(text)
}

/// Whether a tag says that a scalar is text, whatever it looks like: `!!str 55`.
fn is_tagged_text(node: Node<'_>) -> bool {
    let before = node.source()[..node.range().start].trim_end();
    ["!!str", "!<tag:yaml.org,2002:str>"].iter().any(|tag| {
        let rest = before.strip_suffix(tag);
        rest.is_some_and(|rest| rest.ends_with(|c: char| c.is_whitespace() || matches!(c, ':' | '[' | '{' | ',' | '-')))
    })
}

/// Whether YAML 1.1, which Kubernetes reads, or 1.2 takes a plain scalar for something else than text.
pub(super) fn is_other_type(plain: &str) -> bool {
    const WORDS: [&str; 10] = ["null", "~", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let digits = plain.trim_start_matches(['+', '-']).replace('_', "");
    plain.is_empty()
        || WORDS.iter().any(|word| plain.eq_ignore_ascii_case(word))
        || digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') && digits.parse::<f64>().is_ok()
        || [("0x", 16), ("0o", 8), ("0b", 2)].iter().any(|(prefix, radix)| {
            digits.strip_prefix(prefix).is_some_and(|rest| u128::from_str_radix(rest, *radix).is_ok())
        })
        || matches!(digits.to_ascii_lowercase().as_str(), ".inf" | ".nan")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubernetes_does_not_read_as_text() {
        for other in ["", "1", "-1", "1.5", "1e3", ".5", "0x1f", "0o17", "1_000", "true", "Yes", "~", "null", ".inf"] {
            assert!(is_other_type(other), "{other}");
        }
        for text in ["a", "1a", "v1", "inf", "nan", "-", "0x", "MTIzNA==", "1.2.3"] {
            assert!(!is_other_type(text), "{text}");
        }
    }

    #[test]
    fn one_document_and_no_more() {
        let code = |text| one(text).map(|_| ()).map_err(|error| error.code());
        assert_eq!(code("a: b\n"), Ok(()));
        assert_eq!(code("---\na: b\n---\n# nothing\n"), Ok(()));
        assert_eq!(code(""), Err("not-one-document"));
        assert_eq!(code("a: b\n---\na: b\n"), Err("not-one-document"));
        assert_eq!(one("a: b\nc: [hunter2\n").unwrap_err().code(), "not-yaml");
        assert!(!one("a: b\nc: \"hunter2\n").unwrap_err().to_string().contains("hunter2"));
    }
}
