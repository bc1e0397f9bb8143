//! What differs between two states of an object, written into its file: comments, order and indentation of the rest are
//! the file's own.

use anyhow::Context as _;
use ksecrets::seal::document::{File, Place, Value};

/// Fields that tell the items of a list from each other.
const IDENTITIES: [&str; 2] = ["id", "kid"];

/// Makes the file say `after` where it said `before`. The file may have lists in another order, and fields that neither
/// state has.
pub(super) fn update(file: &mut File, place: &Place, before: &Value, after: &Value) -> anyhow::Result<()> {
    if before == after {
        return Ok(());
    }
    if let (Value::Mapping(_), Value::Mapping(_)) = (before, after) {
        return mapping(file, place, before, after);
    }
    if let (Value::Sequence(old), Value::Sequence(new)) = (before, after)
        && let Some(field) = identity(old, new)
    {
        return list(file, place, field, (old, new));
    }
    file.set(place, after)?;
    Ok(())
}

fn mapping(file: &mut File, place: &Place, before: &Value, after: &Value) -> anyhow::Result<()> {
    for (key, value) in entries(after) {
        let below = place.clone().key(key);
        match before.get(key) {
            Some(before) => update(file, &below, before, value)?,
            None => {
                file.set(&below, value)?;
            }
        }
    }
    for (key, _) in entries(before).filter(|(key, _)| after.get(*key).is_none()) {
        file.remove(&place.clone().key(key))?;
    }
    Ok(())
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let mapping = value.as_mapping();
    mapping.into_iter().flatten().filter_map(|(key, value)| Some((key.as_str()?, value)))
}

/// The field by which the items of two lists are known, when they have one in common. Lists of which nothing stays are
/// better written anew.
fn identity(old: &[Value], new: &[Value]) -> Option<&'static str> {
    let named = |field: &&&str| old.iter().chain(new).all(|item| item.get(**field).is_some_and(Value::is_string));
    let field = *IDENTITIES.iter().find(named)?;
    old.iter().any(|item| find(new, field, item).is_some()).then_some(field)
}

/// The item with the same identity.
fn find<'v>(items: &'v [Value], field: &str, item: &Value) -> Option<&'v Value> {
    items.iter().find(|other| other.get(field) == item.get(field))
}

fn list(file: &mut File, place: &Place, field: &str, (old, new): (&[Value], &[Value])) -> anyhow::Result<()> {
    for item in old {
        let here = place.clone().item(position(file, place, field, item)?);
        match find(new, field, item) {
            Some(after) => update(file, &here, item, after)?,
            None => {
                file.remove(&here)?;
            }
        }
    }
    for item in new.iter().filter(|item| find(old, field, item).is_none()) {
        let count = file.count(place)?.with_context(|| format!("{place} is no list any more"))?;
        file.set(&place.clone().item(count), item)?;
    }
    Ok(())
}

/// Where the file has an item.
fn position(file: &File, place: &Place, field: &str, item: &Value) -> anyhow::Result<usize> {
    let wanted = item.get(field).and_then(Value::as_str).unwrap_or_default();
    file.position(place, field, wanted)?.with_context(|| format!("{place} has no item with the {field} {wanted}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn updated(text: &str, after: &str) -> String {
        let mut file = File::new(text);
        // The states come in an order of their own, which is not that of the file.
        let mut before: Value = serde_yaml::from_str(text).unwrap();
        if let Some(slots) = before.get_mut("slots").and_then(Value::as_sequence_mut) {
            slots.reverse();
        }
        update(&mut file, &Place::root(0), &before, &serde_yaml::from_str(after).unwrap()).unwrap();
        file.text().to_owned()
    }

    #[test]
    fn what_stays_keeps_its_comments_and_its_order() {
        let text = "# all\nslots:   # two\n\
                    # the first\n- wraps:\n  - {kid: k1, key: a} # ours\n  # theirs\n  - key: b # b\n    kid: k2\n  id: one\n\
                    # the second\n- id: two # 2\n  wraps: [{kid: k1, key: c}]\n# values\ndata: {x: 1}\n";
        let after = "slots: [{id: two, wraps: [{kid: k1, key: c}, {kid: k3, key: e}]}, \
                     {id: one, wraps: [{kid: k2, key: d}]}, {id: three, wraps: [{kid: k1, key: f}]}]\ndata: {x: 1, z: 2}\n";
        let wanted = "# all\nslots:   # two\n\
                      # the first\n- wraps:\n  # theirs\n  - key: d # b\n    kid: k2\n  id: one\n\
                      # the second\n- id: two # 2\n  wraps: [{kid: k1, key: c}, {kid: k3, key: e}]\n\
                      - id: three\n  wraps:\n  - kid: k1\n    key: f\n# values\ndata: {x: 1, z: 2}\n";
        assert_eq!(updated(text, after), wanted);
        assert_eq!(updated(&text.replace('\n', "\r\n"), after), wanted.replace('\n', "\r\n"));
    }

    #[test]
    fn a_list_of_which_nothing_stays_is_written_anew() {
        let text = "slots:\n- id: one # gone\n# values\ndata: {}\n";
        assert_eq!(updated(text, "slots: [{id: two}]\ndata: {}"), "slots:\n- id: two\n# values\ndata: {}\n");
    }

    #[test]
    fn json_stays_json() {
        let text = "{\n  \"slots\": [\n    {\"id\": \"one\"},\n    {\"id\": \"two\"}\n  ]\n}\n";
        let after = "slots: [{id: two}, {id: three}]";
        assert_eq!(
            updated(text, after),
            "{\n  \"slots\": [\n    {\"id\": \"two\"},\n    {\"id\": \"three\"}\n  ]\n}\n"
        );
    }
}
