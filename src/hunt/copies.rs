//! Copies of live Secrets: their values where they stand in plaintext.

use std::ops::Range;

use crate::manifest::{Object, Role, Tree, decode_base64};
use crate::model::{Confidence, Location, ObjectRef, Related, Severity};

use super::candidate::Rank;
use super::declared::{is_applied, is_declared};
use super::known::{Known, Place};
use super::layer::{Layer, Origin};
use super::place::DocumentFacts;
use super::scan::{Scan, Statement, printable};
use super::site::{Context, Scalar};
use super::tree::{object_around, origin};

impl Scan<'_> {
    /// Looks for values of live Secrets in every scalar of a document.
    pub(super) fn copies(
        &mut self,
        layer: &Layer<'_>,
        tree: &Tree<'_>,
        objects: &[Object<'_>],
        facts: DocumentFacts,
        ctx: &Context<'_>,
    ) {
        let (true, Some(root)) = (self.hunter.known().is_some(), tree.root()) else { return };
        for node in tree.nodes().filter(|node| node.is_scalar() && node.role() != Role::Key) {
            let scalar = Scalar { node, key: node.key(), object: object_around(objects, node), root, facts };
            let value = node.as_str().unwrap_or_default();
            if self.live && is_applied(&scalar, value) {
                continue;
            }
            let inner = self.scalar_context(layer, &scalar, ctx);
            let before = self.candidates.len();
            if is_declared(&scalar) {
                self.copies_in_secret(layer, &scalar, value, &inner);
            } else {
                self.copies_in_text(&layer.inner(value, origin(node), None), &inner, None);
            }
            self.certify_beside(before, &scalar);
        }
    }

    /// A value of a Secret: a copy if this is a file, or if a Secret of another namespace, which comes first by name,
    /// has it too. That it is in two Secrets is for two teams to know, and no plaintext.
    fn copies_in_secret(&mut self, layer: &Layer<'_>, scalar: &Scalar<'_>, value: &str, ctx: &Context<'_>) {
        let decoded = decode_base64(value.trim());
        let text = decoded.as_deref().and_then(printable).unwrap_or(value);
        let encoding = decoded.is_some().then_some("base64");
        let range = scalar.node.verbatim().unwrap_or_else(|| scalar.node.content());
        let home = scalar.object.filter(|_| self.live).and_then(Object::namespace);
        self.copies_in_text(&layer.inner(text, Origin::Whole(range), encoding), ctx, home);
    }

    /// Looks for values of live Secrets in a text; in a value of a live Secret, of the namespace `home`.
    pub(super) fn copies_in_text(&mut self, layer: &Layer<'_>, ctx: &Context<'_>, home: Option<&str>) {
        let Some(known) = self.hunter.known() else { return };
        let whole = known.whole(layer.text).map(|value| (0..layer.text.trim_end().len(), value));
        let found = match whole {
            Some(whole) => vec![whole],
            None => known.within(layer.text).into_iter().map(|found| (found.range, found.value)).collect(),
        };
        for (range, value) in found {
            let first = value.places().next();
            if home.is_some() && first.is_none_or(|first| Some(first.namespace) == home) {
                continue;
            }
            let severity = if home.is_some() { Severity::Low } else { self.hunter.generic().live_secret_copy.severity };
            self.copy(layer, range, value, severity, ctx);
        }
    }

    fn copy(
        &mut self,
        layer: &Layer<'_>,
        range: Range<usize>,
        value: Known<'_>,
        severity: Severity,
        ctx: &Context<'_>,
    ) {
        let Some(first) = value.places().next() else { return };
        let hunter = self.hunter;
        let rule = &hunter.generic().live_secret_copy;
        let others = value.total() - 1;
        let also = match others {
            0 => String::new(),
            1 => "; 1 other key of a Secret has it too".to_owned(),
            _ => format!("; {others} other keys of Secrets have it too"),
        };
        let Place { namespace, secret, key } = first;
        let says = Statement {
            rule,
            rank: Rank::Known,
            severity,
            confidence: Confidence::Confirmed,
            message: format!("the value of key {key} of Secret {namespace}/{secret} stands here{}{also}", ctx.owner()),
            notes: Vec::new(),
        };
        let known = self.candidates.len();
        self.found(layer, range.clone(), &layer.text[range], ctx, says);
        if let Some(candidate) = self.candidates.get_mut(known) {
            candidate.related = value.places().map(home).collect();
        }
    }
}

/// Where a value is at home, as a report names it.
fn home(place: Place<'_>) -> Related {
    let field = if place.key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
        format!("data.{}", place.key)
    } else {
        format!("data[\"{}\"]", place.key)
    };
    let object = ObjectRef {
        api_version: "v1".to_owned(),
        kind: "Secret".to_owned(),
        namespace: Some(place.namespace.to_owned()),
        name: Some(place.secret.to_owned()),
        field,
    };
    let location = Location { path: None, region: None, object: Some(object) };
    Related { location, message: "the live Secret".to_owned() }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use crate::hunt::{Collector, Hunter, Options};
    use crate::pattern::Set;
    use crate::source::{Live, Sink};

    fn message(keys: &[&str]) -> String {
        let encoded = STANDARD.encode("Tr4verse-Quill-88");
        let data: Vec<String> = keys.iter().map(|key| format!(r#""{key}":"{encoded}""#)).collect();
        let head = r#""apiVersion":"v1","metadata":{"name":"a","namespace":"b"}"#;
        let secret = format!(r#"{{{head},"kind":"Secret","type":"Opaque","data":{{{}}}}}"#, data.join(","));
        let copy = format!(r#"{{{head},"kind":"ConfigMap","data":{{"memo":"Tr4verse-Quill-88"}}}}"#);
        let hunter = Hunter::new(Set::default(), Options::default());
        let mut collector = Collector::new();
        collector.object(Live { title: "Secret b/a", resource: "secrets", text: &secret });
        hunter.learn(vec![collector]);
        let mut worker = hunter.worker();
        worker.object(Live { title: "ConfigMap b/a", resource: "configmaps", text: &copy });
        hunter.report(vec![worker]).findings.swap_remove(0).message
    }

    #[test]
    fn the_home_of_a_copy_is_told_and_how_many_others_there_are() {
        assert_eq!(message(&["p"]), "the value of key p of Secret b/a stands here");
        assert_eq!(
            message(&["p", "q"]),
            "the value of key p of Secret b/a stands here; 1 other key of a Secret has it too"
        );
        assert_eq!(
            message(&["p", "q", "r"]),
            "the value of key p of Secret b/a stands here; 2 other keys of Secrets have it too"
        );
    }
}
