//! Credentials that stand in the clear beside sealed values, as a hunt judges them.

use std::sync::LazyLock;

use ksecrets::hunt::{Hunter, Options};
use ksecrets::manifest::{Kind, Node, Object, Role};
use ksecrets::pattern::{Set, builtin};
use ksecrets::source::{Blob, Sink as _, Window};

use super::findings::Told;
use super::look::Text;

/// None if the patterns were broken, which tests rule out.
static HUNTER: LazyLock<Option<Hunter>> = LazyLock::new(|| {
    let options = Options { honour_ignores: true, ..Options::default() };
    Some(Hunter::new(Set::new(builtin().ok()?).ok()?, options))
});

/// Bytes that aliases of one object may bring along.
const MOST_REPEATED: usize = 64 << 10;
/// Collections within each other there.
const DEEPEST: usize = 64;

/// What a hunt finds in an object outside of its slots and sealed values.
pub(super) fn plaintext(text: &Text<'_>, object: &Object<'_>) -> Vec<Told> {
    let Some(hunter) = HUNTER.as_ref().filter(|_| may_hold(object)) else { return Vec::new() };
    let start = object.root.range().start;
    let lines = text.line(start) - 1;
    // An item of a list stands behind a dash: its lines keep their columns without it. Within brackets columns say nothing.
    let indent = if text.all[start..].starts_with('{') { 0 } else { text.column(start) };
    let Some(alone) = alone(text.all, object.root, indent) else {
        return vec![Told {
            code: "not-looked-at",
            message: "what its aliases stand for is too much to be looked at".to_owned(),
            remedy: Some("write it out".to_owned()),
            line: None,
        }];
    };
    let mut worker = hunter.worker();
    worker.blob(Blob { path: "sealed.yaml", text: &alone, window: Window::default(), bytes: alone.len() as u64 });
    let report = hunter.report(vec![worker]);
    let told = report.findings.iter().filter(|finding| finding.secret.is_some()).filter_map(|finding| {
        let location = &finding.location;
        let field = location.object.as_ref().map(|object| object.field.as_str())?;
        let line = location.region.as_ref().map(|region| lines + region.line as usize);
        (!field.starts_with("spec.slots") && !field.starts_with("spec.data")).then(|| Told {
            code: "plaintext",
            message: format!("{field} holds a credential in the clear, beside the sealed values ({})", finding.rule.id),
            remedy: Some(
                "replace the credential, seal the new one with `ksecrets seal set`, and write ${KEY} where it stood"
                    .to_owned(),
            ),
            line,
        })
    });
    told.collect()
}

/// The text of an object without the rest of its file: what aliases repeat from there stands in their place, on one line.
fn alone(text: &str, object: Node<'_>, indent: usize) -> Option<String> {
    let mut out = " ".repeat(indent);
    let (mut at, all) = (object.range().start, object.number()..object.after());
    let mut room = MOST_REPEATED;
    for node in object.subtree() {
        let Kind::Alias(target) = node.kind() else { continue };
        let range = node.range();
        if !all.contains(&target) {
            out.push_str(&text[at..range.start]);
            repeat(node, &mut out, &mut room, 0)?;
            at = range.end;
        }
    }
    out.push_str(&text[at..object.range().end]);
    Some(out)
}

/// Writes what a node says as JSON, which is YAML too. None where that is too much: aliases multiply.
fn repeat(node: Node<'_>, out: &mut String, room: &mut usize, depth: usize) -> Option<()> {
    let node = node.resolve();
    let brackets = match node.kind() {
        Kind::Mapping => ['{', '}'],
        Kind::Sequence => ['[', ']'],
        // Whether a word is a text or a number does not matter here.
        _ => {
            let word = serde_json::to_string(node.as_str()?).ok()?;
            *room = room.checked_sub(word.len())?;
            out.push_str(&word);
            return Some(());
        }
    };
    *room = room.checked_sub(2).filter(|_| depth < DEEPEST)?;
    out.push(brackets[0]);
    for child in node.children() {
        repeat(child, out, room, depth + 1)?;
        out.push_str(if child.role() == Role::Key { ": " } else { ", " });
    }
    out.push(brackets[1]);
    Some(())
}

/// Most objects have nothing but sealed values: they need no hunt.
fn may_hold(object: &Object<'_>) -> bool {
    let texts = [
        &["spec", "template", "data"][..],
        &["spec", "template", "metadata", "annotations"],
        &["metadata", "annotations"],
    ];
    texts.iter().any(|path| object.root.at_path(path).is_some())
}
