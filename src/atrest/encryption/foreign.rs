//! What a file is that holds no configuration of its own: whoever named it wants to know what to name instead.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::manifest::{Node, documents};

use super::refusal::{field, region};

/// In every configuration, whatever is in its kind.
const WORD: &str = "EncryptionConfig";

/// What a document is that was never meant to be a configuration; none where it was. `text` is all of its file.
pub(super) fn foreign(root: Node<'_>, text: &str) -> Option<String> {
    if is_meant(root) {
        return None;
    }
    let what = described(root);
    if let Some(place) = embedded(root) {
        return Some(format!(
            "{what} with one in {place}: extract that to a file of its own, or let `ksecrets hunt` judge it where it is"
        ));
    }
    let later = documents(text).skip(1).flatten().find_map(|tree| {
        let root = tree.root()?;
        is_meant(root).then(|| region(root).line)
    });
    if let Some(line) = later {
        return Some(format!(
            "{what} in the first document, and the API server reads no other: one follows in line {line}"
        ));
    }
    let instead = match root.get_str("kind") {
        Some("Pod" | "ClusterConfiguration") => ", which goes with --apiserver-manifest",
        Some("Policy") => ", which goes with --audit-policy",
        _ => "",
    };
    Some(format!("{what}{instead}"))
}

/// Whether it has the kind, nearly the kind, or the shape.
fn is_meant(root: Node<'_>) -> bool {
    let said = |key: &str, word: &str| root.get_str(key).is_some_and(|text| text.to_lowercase().contains(word));
    let shape = root.get("resources").is_some_and(|entries| entries.items().any(|one| one.get("providers").is_some()));
    let other = root.get_str("kind").is_some_and(|kind| kind.ends_with("Configuration"));
    said("kind", "encryptionconfig") || shape || said("apiVersion", "apiserver.config.k8s.io") && !other
}

/// `a ConfigMap`, `a list`.
fn described(root: Node<'_>) -> String {
    let is_word = |kind: &&str| kind.len() <= 64 && kind.bytes().all(|b| b.is_ascii_alphanumeric());
    if root.is_sequence() {
        return "a list".to_owned();
    }
    if root.is_scalar() {
        return "a line of text".to_owned();
    }
    match root.get_str("kind").filter(is_word) {
        Some(kind) => {
            let article = if kind.starts_with(['A', 'E', 'I', 'O', 'U']) { "an" } else { "a" };
            format!("{article} {kind}")
        }
        None => "a mapping without a kind".to_owned(),
    }
}

/// The field that holds a configuration as text, or as base64 of one.
fn embedded(root: Node<'_>) -> Option<String> {
    let secret = root.get_str("kind") == Some("Secret");
    let strings = root.subtree().filter(|node| node.is_scalar() && node.key().is_some());
    strings.into_iter().find_map(|node| {
        let text = node.as_str()?;
        if text.contains(WORD) && text.contains('\n') {
            return Some(field(node));
        }
        let packed = secret || node.parent().and_then(|parent| parent.get_str("encoding")).is_some();
        let bytes = STANDARD.decode(packed.then(|| text.replace(['\n', ' '], ""))?).ok()?;
        String::from_utf8(bytes).ok()?.contains(WORD).then(|| format!("{}, in base64", field(node)))
    })
}
