//! Credentials that stand in the clear beside sealed values, as a hunt judges them.

use std::sync::LazyLock;

use ksecrets::hunt::{Hunter, Options};
use ksecrets::manifest::Object;
use ksecrets::pattern::{Set, builtin};
use ksecrets::source::{Blob, Sink as _, Window};

use super::findings::Told;

/// None if the patterns were broken, which tests rule out.
static HUNTER: LazyLock<Option<Hunter>> = LazyLock::new(|| {
    let options = Options { honour_ignores: true, ..Options::default() };
    Some(Hunter::new(Set::new(builtin().ok()?).ok()?, options))
});

/// What a hunt finds in an object outside of its slots and sealed values.
pub(super) fn plaintext(text: &str, object: &Object<'_>) -> Vec<Told> {
    let Some(hunter) = HUNTER.as_ref().filter(|_| may_hold(object)) else { return Vec::new() };
    let range = object.root.range();
    let (before, lines) = (&text[..range.start], text[..range.start].matches('\n').count());
    // An item of a list stands behind a dash: its lines keep their columns without it.
    let indent = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
    let alone = " ".repeat(indent) + &text[range];
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

/// Most objects have nothing but sealed values: they need no hunt.
fn may_hold(object: &Object<'_>) -> bool {
    let texts = [
        &["spec", "template", "data"][..],
        &["spec", "template", "metadata", "annotations"],
        &["metadata", "annotations"],
    ];
    texts.iter().any(|path| object.root.at_path(path).is_some())
}
