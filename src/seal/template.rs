//! What the opened Secret is to look like besides its values. It is plaintext, and only its type is authenticated.

use std::collections::BTreeMap;

use crate::manifest::Node;

use super::reading::Fields;
use super::scope::is_data_key;
use super::writing::{entry, open, texts};
use super::{MOST_BYTES, SealError, SecretBytes};

/// Type, immutability, labels, annotations, and keys that are made of sealed values and literal text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pub(super) secret_type: String,
    pub(super) immutable: Option<bool>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) data: BTreeMap<String, String>,
}

/// The type of a Secret that names none.
pub(super) const OPAQUE: &str = "Opaque";
/// Longest type: twice a qualified name of Kubernetes.
const LONGEST_TYPE: usize = 634;

impl Default for Template {
    fn default() -> Self {
        Self {
            secret_type: OPAQUE.to_owned(),
            immutable: None,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            data: BTreeMap::new(),
        }
    }
}

/// A piece of a text of `data`.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'t> {
    Literal(&'t str),
    Name(&'t str),
}

impl Template {
    /// The type of the Secret. Every value is bound to it.
    #[must_use]
    pub fn secret_type(&self) -> &str {
        &self.secret_type
    }

    /// Keys made of sealed values and literal text.
    #[must_use]
    pub fn data(&self) -> &BTreeMap<String, String> {
        &self.data
    }

    /// Reads `spec.template`.
    pub(super) fn read(node: Option<Node<'_>>) -> Result<Self, SealError> {
        let Some(node) = node else { return Ok(Self::default()) };
        let mut fields = Fields::read(node, "spec.template")?;
        let secret_type = fields.text("type")?.unwrap_or(OPAQUE).to_owned();
        check_type(&secret_type)?;
        let immutable = fields.boolean("immutable")?;
        let data = fields.texts("data")?;
        let (mut labels, mut annotations) = (BTreeMap::new(), BTreeMap::new());
        if let Some(metadata) = fields.take("metadata") {
            let mut metadata = Fields::read(metadata, "spec.template.metadata")?;
            (labels, annotations) = (metadata.texts("labels")?, metadata.texts("annotations")?);
            metadata.finish()?;
        }
        fields.finish()?;
        Ok(Self { secret_type, immutable, labels, annotations, data })
    }

    /// Whether its keys are allowed, stand nowhere else, and name nothing but what is there. Looks at no value, so that
    /// rendering cannot fail for anything that is secret.
    pub(super) fn check<V>(&self, sealed: &BTreeMap<String, V>) -> Result<(), SealError> {
        for (key, text) in &self.data {
            if !is_data_key(key) {
                return Err(SealError::Name { what: "a key of spec.template.data", name: super::coding::shown(key) });
            }
            if sealed.contains_key(key) {
                return Err(SealError::Duplicate {
                    field: format!("the key {key} of spec.data and spec.template.data"),
                });
            }
            let unknown = |name: &str| SealError::Placeholder { key: key.clone(), name: super::coding::shown(name) };
            for piece in pieces(text) {
                match piece {
                    Piece::Name(name) if !sealed.contains_key(name) => return Err(unknown(name)),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// The keys of `data`, with the values in their places.
    pub(super) fn render(
        &self,
        sealed: &BTreeMap<String, SecretBytes>,
    ) -> Result<BTreeMap<String, SecretBytes>, SealError> {
        let mut total: usize = sealed.values().map(|value| value.expose().len()).sum();
        let mut rendered = BTreeMap::new();
        for (key, text) in &self.data {
            let bytes = |piece: Piece<'_>| match piece {
                Piece::Literal(text) => text.len(),
                Piece::Name(name) => sealed.get(name).map_or(0, |value| value.expose().len()),
            };
            let length: usize = pieces(text).map(bytes).sum();
            total += length;
            if total > MOST_BYTES {
                return Err(SealError::TooLarge { what: "the Secret with what its template makes", limit: MOST_BYTES });
            }
            // With all its room from the start, so that no copy stays behind.
            let mut value = Vec::with_capacity(length);
            for piece in pieces(text) {
                match piece {
                    Piece::Literal(text) => value.extend_from_slice(text.as_bytes()),
                    Piece::Name(name) => value.extend_from_slice(sealed.get(name).map_or(&[], |value| value.expose())),
                }
            }
            rendered.insert(key.clone(), SecretBytes::from(value));
        }
        Ok(rendered)
    }

    /// Writes `spec.template`; nothing when it is the default.
    pub(super) fn write(&self, out: &mut String) {
        if *self == Self::default() {
            return;
        }
        open(out, 2, "template");
        entry(out, 4, "type", &self.secret_type);
        if let Some(immutable) = self.immutable {
            out.push_str(if immutable { "    immutable: true\n" } else { "    immutable: false\n" });
        }
        if !self.labels.is_empty() || !self.annotations.is_empty() {
            open(out, 4, "metadata");
            texts(out, 6, "labels", &self.labels);
            texts(out, 6, "annotations", &self.annotations);
        }
        texts(out, 4, "data", &self.data);
    }
}

pub(super) fn check_type(text: &str) -> Result<(), SealError> {
    let fine = (1..=LONGEST_TYPE).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    fine.then_some(()).ok_or_else(|| SealError::Name { what: "the type of a Secret", name: super::coding::shown(text) })
}

/// Cuts a text at `${name}`; `$${` is a literal `${`. A `${` that is never closed names what no key is.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let piece;
        (piece, rest) = match rest.find("${") {
            None if rest.is_empty() => return None,
            None => (Piece::Literal(rest), ""),
            // The first dollar goes, the rest stays as it is.
            Some(at) if rest[..at].ends_with('$') => match at - 1 {
                0 => (Piece::Literal("${"), &rest[3..]),
                before => (Piece::Literal(&rest[..before]), &rest[before..]),
            },
            Some(0) => {
                let (name, after) = rest[2..].split_once('}').unwrap_or((rest, ""));
                (Piece::Name(name), after)
            }
            Some(at) => (Piece::Literal(&rest[..at]), &rest[at..]),
        };
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(text: &str) -> Result<String, SealError> {
        let template = Template { data: [("url".to_owned(), text.to_owned())].into(), ..Template::default() };
        let sealed = [("user".to_owned(), b"admin"), ("pass".to_owned(), b"${us}")];
        let sealed = sealed.into_iter().map(|(key, value)| (key, SecretBytes::from(value.to_vec()))).collect();
        template.check(&sealed)?;
        let rendered = template.render(&sealed)?;
        Ok(String::from_utf8(rendered["url"].expose().to_vec()).unwrap())
    }

    #[test]
    fn plain_substitution_and_nothing_else() {
        assert_eq!(render("db://${user}:${pass}@h"), Ok("db://admin:${us}@h".to_owned()));
        assert_eq!(render("$user {user} $ $$ {{ .user }}"), Ok("$user {user} $ $$ {{ .user }}".to_owned()));
        assert_eq!(render("$${user} ${user}"), Ok("${user} admin".to_owned()));
        assert_eq!(render("a$${user}"), Ok("a${user}".to_owned()));
        assert_eq!(render("$$${user}"), Ok("$${user}".to_owned()));
        assert_eq!(render(""), Ok(String::new()));
        for text in ["${nobody}", "${user", "${}", "${ user }", "${${user}}"] {
            assert_eq!(render(text).map_err(|error| error.code()), Err("placeholder"), "{text}");
        }
    }

    #[test]
    fn a_template_cannot_make_a_large_secret_of_a_small_one() {
        let sealed: BTreeMap<_, _> = [("a".to_owned(), SecretBytes::from(vec![b'x'; 1 << 16]))].into();
        let data = [("b".to_owned(), "${a}".repeat(16))].into();
        let template = Template { data, ..Template::default() };
        assert_eq!(template.render(&sealed).err().map(|error| error.code()), Some("too-large"));
    }

    #[test]
    fn a_key_stands_in_one_place() {
        let template = Template { data: [("a".to_owned(), String::new())].into(), ..Template::default() };
        let sealed = [("a".to_owned(), ())].into();
        assert_eq!(template.check(&sealed).map_err(|error| error.code()), Err("duplicate"));
    }
}
