//! Reads back what a report says of readers.

use std::collections::HashSet;
use std::fmt;
use std::io::Read;
use std::sync::Arc;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::v1::SCHEMA;
use crate::model::{SavedReader, SavedReaders};

/// Why nothing can be compared with a file.
#[derive(Debug, thiserror::Error)]
pub enum NotComparable {
    /// Not JSON, or not ours.
    #[error("this is no report of ksecrets: save one with `ksecrets hunt --readers --format json`")]
    NoReport(#[source] Option<serde_json::Error>),
    /// Of a version that is not known.
    #[error("this report is of the schema {0}, not {SCHEMA}: save it anew with this ksecrets")]
    OtherSchema(String),
    /// Saved without `--readers`.
    #[error("this report does not say who reads Secrets: save it with `ksecrets hunt --readers --format json`")]
    NoReaders,
}

/// The document, or a line of JSON lines: there only the last one has these fields.
#[derive(Deserialize)]
#[serde(expecting = "a report")]
struct DocumentSyntax {
    schema: Option<String>,
    access: Option<AccessSyntax>,
}

struct AccessSyntax(SavedReaders);

#[derive(Deserialize)]
struct SecretSyntax {
    namespace: Option<String>,
    name: String,
    readers: Vec<ReaderSyntax>,
}

#[derive(Deserialize)]
struct ReaderSyntax {
    subject: SubjectSyntax,
    path: Option<String>,
}

#[derive(Deserialize)]
struct SubjectSyntax {
    kind: String,
    namespace: Option<String>,
    name: String,
}

impl From<ReaderSyntax> for SavedReader {
    fn from(ReaderSyntax { subject, path }: ReaderSyntax) -> Self {
        Self { kind: subject.kind, namespace: subject.namespace, name: subject.name, path }
    }
}

impl<'de> Deserialize<'de> for AccessSyntax {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(AccessVisitor)
    }
}

/// Takes in one Secret after the other: their lists, mostly the same few, are as long as the cluster has subjects.
struct AccessVisitor;

impl<'de> Visitor<'de> for AccessVisitor {
    type Value = AccessSyntax;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of Secrets with their readers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut secrets: A) -> Result<AccessSyntax, A::Error> {
        let mut saved = SavedReaders::default();
        let mut lists: HashSet<Arc<[SavedReader]>> = HashSet::new();
        while let Some(secret) = secrets.next_element::<SecretSyntax>()? {
            let readers: Arc<[SavedReader]> = secret.readers.into_iter().map(Into::into).collect();
            let list = lists.get(&readers).cloned().unwrap_or(readers);
            lists.insert(Arc::clone(&list));
            saved.add(secret.namespace.unwrap_or_default(), secret.name, list);
        }
        Ok(AccessSyntax(saved))
    }
}

/// The readers of a report that was saved with `--readers`, as JSON or as JSON lines.
///
/// # Errors
///
/// Says what is wrong with the file, and how to save one that will do.
pub fn saved_readers(report: impl Read) -> Result<SavedReaders, NotComparable> {
    for document in serde_json::Deserializer::from_reader(report).into_iter::<DocumentSyntax>() {
        let document = document.map_err(|error| NotComparable::NoReport(Some(error)))?;
        match document.schema {
            Some(schema) if schema == SCHEMA => {
                return document.access.map(|access| access.0).ok_or(NotComparable::NoReaders);
            }
            Some(schema) => return Err(NotComparable::OtherSchema(schema)),
            None => {}
        }
    }
    Err(NotComparable::NoReport(None))
}

#[cfg(test)]
mod tests {
    use super::super::{write, write_lines};
    use super::*;
    use crate::model::{Reader, Report, SecretReaders};

    fn report() -> Report {
        let reader = |name: &str, path| Reader {
            kind: "ServiceAccount",
            namespace: Some("ci".to_owned()),
            name: name.to_owned(),
            verbs: Vec::new(),
            path,
            via: Vec::new(),
        };
        let readers: Arc<[Reader]> = [reader("deployer", None), reader("robot", Some("exec"))].into();
        let secret = |namespace: Option<&str>, name: &str| SecretReaders {
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
            readers: Arc::clone(&readers),
        };
        let access = Some(vec![secret(None, "db"), secret(Some("prod"), "api"), secret(Some("prod"), "db")]);
        Report { access, ..super::super::super::sample::report() }
    }

    #[test]
    fn what_was_written_is_read_back() {
        let (mut document, mut lines) = (Vec::new(), Vec::new());
        write(&report(), &mut document).unwrap();
        write_lines(&report(), &mut lines).unwrap();
        let saved = saved_readers(document.as_slice()).unwrap();
        assert_eq!(saved, saved_readers(lines.as_slice()).unwrap());
        let db = saved.of("prod", "db").unwrap();
        let said: Vec<_> = db.iter().map(|reader| (reader.name.as_str(), reader.path.as_deref())).collect();
        assert_eq!(said, [("deployer", None), ("robot", Some("exec"))]);
        assert!(saved.of("", "db").is_some() && saved.of("prod", "tls").is_none());
        assert!(Arc::ptr_eq(db, saved.of("prod", "api").unwrap()));
    }

    #[test]
    fn a_wrong_file_is_told_from_a_wrong_report() {
        let wrong = |text: &str| saved_readers(text.as_bytes()).unwrap_err().to_string();
        for text in ["", "kind: Secret", "[]", "{}", "{\"version\": \"2.1.0\"}", "\u{feff}{}", "{\"schema\": 1}"] {
            assert!(wrong(text).starts_with("this is no report of ksecrets"), "{text}");
        }
        assert!(wrong("{\"schema\": \"ksecrets.report/v9\"}").contains("schema ksecrets.report/v9"));
        assert!(wrong(&format!("{{\"schema\": \"{SCHEMA}\"}}")).contains("does not say who reads"));
        let cut = format!("{{\"schema\": \"{SCHEMA}\", \"access\": [");
        assert!(wrong(&cut).starts_with("this is no report"), "a report that was cut off");
    }
}
