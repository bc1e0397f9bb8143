//! Edits of any text at any place: each is refused, or leaves a text in which the same edit changes nothing.
#![no_main]

use ksecrets::seal::document::{File, Place, Value};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, u16, &str, bool)| {
    let (text, number, value, fresh) = input;
    let mut file = File::new(text);
    for document in 0..file.documents().len() {
        let place = {
            let Ok(tree) = file.tree(document) else { continue };
            let number = u32::from(number) % (tree.nodes().count() as u32).max(1);
            let Some(node) = tree.node(number) else { continue };
            let place = Place::of(document, node);
            if fresh { place.key(value) } else { place }
        };
        let value = Value::from(value);
        if file.set(&place, &value).is_ok() {
            assert_eq!(file.set(&place, &value), Ok(false));
            let _ = file.remove(&place);
        }
    }
    let _ = file.append(&Value::Mapping([(Value::from("k"), Value::from(value))].into_iter().collect()));
});
