//! Values that their own manifest declares to be secret: `data` and `stringData` of a Secret. Every one of them
//! counts, whatever its name, unless it is plainly something that stands beside secrets.

use std::ops::Range;

use crate::manifest::{Decoded, Node, decode_base64, gunzip};
use crate::model::{Confidence, Exposure, Severity};

use super::candidate::Rank;
use super::checks::holds_secret;
use super::layer::{Layer, Origin};
use super::names::{classify, is_companion, normalise};
use super::scan::{Scan, Statement, printable};
use super::site::{Context, Scalar};
use super::tree::origin;
use super::value::{Harmless, Strength, fallback, harmless, is_harmless_inside, is_known_shape, is_name, strength};

/// Whether a scalar is a value of a Secret's `data` or `stringData`.
pub(super) fn is_declared(scalar: &Scalar<'_>) -> bool {
    field(scalar).is_some()
}

/// Whether it is an annotation in which a Secret keeps a copy of itself: whoever reads it may read the Secret, and a
/// check says so once.
pub(super) fn is_applied(scalar: &Scalar<'_>, value: &str) -> bool {
    let annotations = scalar.node.parent().and_then(Node::key).and_then(Node::as_str);
    annotations == Some("annotations")
        && scalar.object.is_some_and(|object| object.is("", "Secret"))
        && holds_secret(value)
}

/// Whether it is a value of a Helm release, which carries values of other objects
/// (<https://helm.sh/docs/topics/advanced/#storage-backends>).
pub(super) fn is_release(scalar: &Scalar<'_>) -> bool {
    scalar.object.is_some_and(|object| object.root.get_str("type") == Some("helm.sh/release.v1"))
}

/// `data` or `stringData`, when the scalar lies right below it.
fn field<'s>(scalar: &Scalar<'s>) -> Option<&'s str> {
    let object = scalar.object.filter(|object| object.is("", "Secret") && !scalar.facts.sops)?;
    let parent = scalar.node.parent()?;
    let field = parent.key()?.as_str()?;
    (matches!(field, "data" | "stringData") && parent.parent() == Some(object.root)).then_some(field)
}

impl Scan<'_> {
    /// Scans one value of a Secret.
    pub(super) fn declared(&mut self, layer: &Layer<'_>, scalar: &Scalar<'_>, value: &str, ctx: &Context<'_>) {
        let name = scalar.key.and_then(Node::as_str).unwrap_or("");
        if field(scalar) == Some("data")
            && let Some(bytes) = decode_base64(value.trim())
        {
            let range = scalar.node.verbatim().unwrap_or_else(|| scalar.node.content());
            return self.declared_bytes(layer, range, &bytes, name, ctx);
        }
        // A template's own literal: `{{ "literal" | b64enc }}`.
        let literal = fallback(value);
        let text = literal.unwrap_or(value).to_owned();
        let origin = match (literal, scalar.node.verbatim()) {
            (Some(literal), Some(range)) => {
                Origin::Part(range.start + (literal.as_ptr() as usize - value.as_ptr() as usize))
            }
            (Some(_), None) => Origin::Whole(scalar.node.range()),
            _ => origin(scalar.node),
        };
        let inner = layer.inner(&text, origin, None);
        self.declared_text(&inner, name, ctx);
    }

    /// Scans the bytes of a value, its base64 undone.
    pub(super) fn declared_bytes(
        &mut self,
        layer: &Layer<'_>,
        range: Range<usize>,
        bytes: &[u8],
        name: &str,
        ctx: &Context<'_>,
    ) {
        if self.unpacked(layer, range.clone(), bytes, ctx) {
            return;
        }
        if let Some(text) = printable(bytes) {
            let inner = layer.inner(text, Origin::Whole(range), Some("base64"));
            self.declared_text(&inner, name, ctx);
        }
    }

    /// Reads a value that is at home where it stands: no secret in it is out of place, but a document may say something.
    pub(super) fn kept(&mut self, layer: &Layer<'_>, scalar: &Scalar<'_>, value: &str, ctx: &Context<'_>) {
        let Some(bytes) = decode_base64(value.trim()).filter(|bytes| says_configuration(bytes)) else { return };
        let inner = self.scalar_context(layer, scalar, ctx);
        let (candidates, skipped, uncounted) = (self.candidates.len(), self.skipped.len(), self.uncounted);
        let range = scalar.node.verbatim().unwrap_or_else(|| scalar.node.content());
        self.bytes(layer, range, &bytes, &inner);
        self.candidates.truncate(candidates);
        self.skipped.truncate(skipped);
        self.uncounted = uncounted;
    }

    /// A value in clear: its content is scanned, and the value itself judged.
    fn declared_text(&mut self, inner: &Layer<'_>, name: &str, ctx: &Context<'_>) {
        let value = inner.text.trim();
        // Encoded twice by mistake, or a Helm release: what is inside is the value.
        if inner.depth() < 6
            && let Some(bytes) = twice_encoded(value)
        {
            return self.declared_bytes(inner, 0..inner.text.len(), &bytes, name, ctx);
        }
        self.embedded(inner, ctx);
        if value.contains('\n') || value.starts_with(['{', '[']) {
            return;
        }
        let start = inner.text.find(value).unwrap_or(0);
        self.declared_value(inner, start..start + value.len(), name, &self.home(ctx), ctx);
    }

    /// Judges a value that becomes one of a Secret; `home` is what shows it.
    pub(super) fn declared_value(
        &mut self,
        layer: &Layer<'_>,
        range: Range<usize>,
        name: &str,
        home: &str,
        ctx: &Context<'_>,
    ) {
        let value = &layer.text[range.clone()];
        let leaf = normalise(name);
        let kind = classify(&leaf);
        self.by_name(layer, range.clone(), &leaf, value, ctx);
        let Some(confidence) = weigh(&leaf, kind.is_some(), value) else { return };
        let hunter = self.hunter;
        let rule = kind.map_or(&hunter.generic().secret_value, |kind| hunter.generic().of(kind));
        let says = Statement {
            rule,
            rank: if kind.is_some() { Rank::Generic } else { Rank::Declared },
            severity: if confidence == Confidence::Low { Severity::Medium } else { Severity::High },
            confidence,
            message: format!("{name} holds its value in {home}"),
            notes: Vec::new(),
        };
        self.found(layer, range, value, ctx, says);
    }

    /// What shows a value of a Secret.
    fn home(&self, ctx: &Context<'_>) -> String {
        if !self.live {
            return "a manifest that is not sealed".to_owned();
        }
        let kind = ctx.object().map_or("object".to_owned(), |object| object.kind);
        match ctx.exposure() {
            Exposure::Annotation => format!("an annotation of the live {kind}"),
            Exposure::HelmRelease => "the manifest of a stored Helm release".to_owned(),
            _ => format!("a manifest inside of the live {kind}"),
        }
    }
}

/// Whether bytes, or what was packed to them, hold the word of the documents that checks look for in strings. A cluster
/// has thousands of Secrets and hardly one that does.
fn says_configuration(bytes: &[u8]) -> bool {
    let says = |bytes: &[u8]| memchr::memmem::find(bytes, b"EncryptionConfig").is_some();
    match gunzip(bytes) {
        Decoded::Whole(unpacked) => says(&unpacked),
        _ => says(bytes),
    }
}

/// How sure we are that a value of a Secret is one; none when it plainly is not.
fn weigh(leaf: &str, named: bool, value: &str) -> Option<Confidence> {
    match harmless(value) {
        // A UUID or number in a Secret under a credential's name is the credential.
        Some(Harmless::Public) if named && super::value::is_uuid(value) => return Some(Confidence::Medium),
        Some(_) => return None,
        None if is_harmless_inside(value) => return None,
        None => {}
    }
    let strong = strength(value);
    if named {
        let plain_name = is_name(value)
            && !leaf.contains("pass")
            && !leaf.contains("pwd")
            && !value.bytes().any(|b| b.is_ascii_digit());
        return (!plain_name && value.len() >= 3).then_some(if strong == Strength::Weak {
            Confidence::Low
        } else {
            Confidence::High
        });
    }
    if is_companion(leaf) || is_known_shape(value) || value.len() < 6 {
        return None;
    }
    match strong {
        Strength::Strong => Some(Confidence::High),
        Strength::Fair => Some(Confidence::Medium),
        Strength::Weak => (value.bytes().any(|b| b.is_ascii_digit())
            && !is_name(value)
            && !value.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
        .then_some(Confidence::Low),
    }
}

/// Bytes of a value that is base64 again: only when something readable or gzip comes out, since a random key may
/// well be base64 by itself.
fn twice_encoded(value: &str) -> Option<Vec<u8>> {
    if value.len() < 8 || !(crate::manifest::looks_base64(value) || value.ends_with('=')) {
        return None;
    }
    let bytes = decode_base64(value)?;
    let readable = printable(&bytes).is_some_and(|text| text.len() >= 6 && text.is_ascii());
    (readable || bytes.starts_with(&[0x1f, 0x8b])).then_some(bytes)
}
