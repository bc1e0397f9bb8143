//! What Kubernetes asks of labels and annotations.

use super::coding::shown;
use super::scope::is_subdomain;
use super::{PlainSecret, SealError};

/// Most bytes of all annotations of an object, keys included.
const MOST_ANNOTATIONS: usize = 256 << 10;

impl PlainSecret {
    /// Whether Kubernetes would take its labels and annotations. Asked before sealing: what is sealed cannot be mended by
    /// whoever applies it.
    ///
    /// # Errors
    /// When it would refuse one of them.
    pub fn check_metadata(&self) -> Result<(), SealError> {
        if let Some(key) = self.labels.keys().find(|key| !is_qualified(key)) {
            return Err(SealError::Name { what: "the key of a label", name: shown(key) });
        }
        if let Some((key, _)) = self.labels.iter().find(|(_, value)| !value.is_empty() && !is_name(value)) {
            return Err(SealError::Field {
                field: format!("metadata.labels.{}", shown(key)),
                why: "is no value of a label: up to 63 letters, digits, dashes, underscores and dots",
            });
        }
        // Upper case is taken in the prefix of an annotation, and not in that of a label.
        if let Some(key) = self.annotations.keys().find(|key| !is_qualified(&key.to_ascii_lowercase())) {
            return Err(SealError::Name { what: "the key of an annotation", name: shown(key) });
        }
        if self.annotations.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>() > MOST_ANNOTATIONS {
            return Err(SealError::TooLarge { what: "the size of all annotations together", limit: MOST_ANNOTATIONS });
        }
        Ok(())
    }
}

/// A name, or one with the domain of whoever gives it: `example.com/name`.
fn is_qualified(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => is_subdomain(prefix) && is_name(name),
        None => is_name(text),
    }
}

fn is_name(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let end = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    bytes.len() <= 63 && end(bytes.first()) && end(bytes.last()) && bytes.iter().all(|byte| inner(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(metadata: &str) -> Result<(), SealError> {
        let text = format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: a, {metadata}}}\nstringData: {{a: b}}\n");
        PlainSecret::read(&text).unwrap().check_metadata()
    }

    #[test]
    fn labels_and_annotations_are_what_kubernetes_takes() {
        let long = "x".repeat(63);
        for fine in [
            "labels: {a: b, app.kubernetes.io/name: A_b.c-d, b: ''}".to_owned(),
            format!("labels: {{{long}: {long}, e.example/{long}: a}}"),
            "annotations: {a: 'any text, however long', Example.com/B: ''}".to_owned(),
            format!("annotations: {{a: {}}}", "y".repeat(MOST_ANNOTATIONS - 1)),
        ] {
            assert_eq!(checked(&fine), Ok(()), "{}", &fine[..20]);
        }
        for (wrong, code) in [
            ("labels: {'a b': c}".to_owned(), "name"),
            ("labels: {a/b/c: d}".to_owned(), "name"),
            ("labels: {Example.com/b: d}".to_owned(), "name"),
            ("labels: {'/b': d}".to_owned(), "name"),
            (format!("labels: {{x{long}: d}}"), "name"),
            ("labels: {a: 'c d'}".to_owned(), "field"),
            ("labels: {a: -c}".to_owned(), "field"),
            (format!("labels: {{a: x{long}}}"), "field"),
            ("annotations: {'a b': c}".to_owned(), "name"),
            ("annotations: {'': c}".to_owned(), "name"),
            (format!("annotations: {{a: {}}}", "y".repeat(MOST_ANNOTATIONS)), "too-large"),
        ] {
            assert_eq!(checked(&wrong).unwrap_err().code(), code, "{}", &wrong[..18]);
        }
    }
}
