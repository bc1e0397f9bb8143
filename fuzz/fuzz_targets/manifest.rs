//! Text to trees: no text may break the reader, and scalars know their bytes.
#![no_main]

use ksecrets::manifest::{Object, Route, align, documents, mask_actions, pod_specs};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let masked = mask_actions(text);
    assert!(masked.as_ref().is_none_or(|masked| masked.len() == text.len()));
    for source in [Some(text), masked.as_deref()].into_iter().flatten() {
        for tree in documents(source).flatten() {
            let Some(root) = tree.root() else { continue };
            for node in tree.nodes() {
                assert!(source.get(node.range()).is_some());
                assert!(node.verbatim().is_none_or(|range| source.get(range) == node.as_str()));
                let _ = (node.key(), Route::between(root, node).to_string());
                if let Some(value) = node.as_str().filter(|_| node.is_scalar()) {
                    let runs = align(value, source, node.content()).unwrap_or_default();
                    assert!(
                        runs.iter()
                            .all(|&(here, there)| value[here..].chars().next() == source[there..].chars().next())
                    );
                }
            }
            for object in Object::all(&tree) {
                let _ = (object.name(), object.namespace(), pod_specs(&object).count());
            }
        }
    }
});
