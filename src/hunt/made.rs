//! Objects that other objects make. What stands in a Deployment stands in its ReplicaSets and Pods too, and is told
//! once, where it can be changed; a ReplicaSet of an older template keeps what only it has. In the same way an object
//! makes its annotation: the manifest that it was applied from.

use std::collections::HashMap;

use crate::manifest::Object;
use crate::model::{Class, Finding, ObjectRef, RuleId};

use super::Draft;

/// Longest line of makers: Pod, Job, CronJob, and whatever custom resource makes that.
const MOST_STEPS: usize = 8;
/// Objects that a note names.
const MOST_NAMED: usize = 3;

/// An object of a cluster, by kind, namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    kind: String,
    namespace: Option<String>,
    name: String,
}

/// Who made what, as far as findings are about it.
pub(super) type Makers = HashMap<Key, Key>;

impl Key {
    fn of(object: &ObjectRef) -> Option<Self> {
        let ObjectRef { kind, namespace, name, .. } = object;
        Some(Self { kind: kind.clone(), namespace: namespace.clone(), name: name.clone()? })
    }
}

/// An object and its controller: the one owner that keeps it as it is.
pub(super) fn maker_of(object: &Object<'_>) -> Option<(Key, Key)> {
    let owners = object.root.at_path(&["metadata", "ownerReferences"])?;
    let owner = owners.items().find(|owner| owner.get_str("controller") == Some("true"))?;
    let namespace = object.namespace().map(str::to_owned);
    let key = |kind: &str, name: &str| Key { kind: kind.into(), namespace: namespace.clone(), name: name.into() };
    Some((key(object.kind, object.name()?), key(owner.get_str("kind")?, owner.get_str("name")?)))
}

/// Takes away what an object's annotation says of the object, and names the annotation there.
pub(super) fn fold_annotations(drafts: &mut Vec<Draft>) {
    let annotation = |draft: &Draft| {
        let field = &draft.finding.location.object.as_ref()?.field;
        Some(field.strip_prefix("metadata.annotations")?.trim_matches(['.', '[', ']', '"']).to_owned())
    };
    let mut told: HashMap<(Key, &str), usize> = HashMap::new();
    for (place, draft) in drafts.iter().enumerate().filter(|(_, draft)| annotation(draft).is_none()) {
        if let (Some(key), Some(value)) = (key_of(&draft.finding), &draft.value) {
            told.entry((key, value.expose())).or_insert(place);
        }
    }
    let origin = |draft: &Draft| {
        let name = annotation(draft)?;
        let value = draft.value.as_ref()?;
        Some((*told.get(&(key_of(&draft.finding)?, value.expose()))?, name))
    };
    let origins: Vec<Option<(usize, String)>> = drafts.iter().map(origin).collect();
    for (place, name) in origins.iter().flatten() {
        let note = format!("also in its annotation {name}");
        if !drafts[*place].finding.notes.contains(&note) {
            drafts[*place].finding.notes.push(note);
        }
    }
    let mut folded = origins.into_iter().map(|origin| origin.is_some());
    drafts.retain(|_| !folded.next().unwrap_or_default());
}

/// Takes away what is told of a maker, and says there which objects have it too.
pub(super) fn fold(drafts: &mut Vec<Draft>, makers: &Makers) {
    if makers.is_empty() {
        return;
    }
    let origins = origins(drafts, makers);
    let mut made: HashMap<usize, Vec<String>> = HashMap::new();
    for (origin, draft) in origins.iter().zip(drafts.iter()) {
        if let Some(origin) = origin {
            let title = draft.finding.location.object.as_ref().map(ObjectRef::title);
            made.entry(*origin).or_default().extend(title);
        }
    }
    for (origin, titles) in made {
        drafts[origin].finding.notes.push(note(titles));
    }
    let mut folded = origins.into_iter().map(|origin| origin.is_some());
    drafts.retain(|_| !folded.next().unwrap_or_default());
}

/// For each draft the one that says the same of its farthest maker.
fn origins(drafts: &[Draft], makers: &Makers) -> Vec<Option<usize>> {
    let mut told: HashMap<(Key, Said<'_>), usize> = HashMap::new();
    for (place, draft) in drafts.iter().enumerate() {
        if let Some(key) = key_of(&draft.finding) {
            told.entry((key, said(draft))).or_insert(place);
        }
    }
    let origin = |draft: &Draft| {
        let line = std::iter::successors(key_of(&draft.finding), |key| makers.get(key).cloned());
        let makers = line.skip(1).take(MOST_STEPS);
        makers.filter_map(|maker| told.get(&(maker, said(draft))).copied()).last()
    };
    drafts.iter().map(origin).collect()
}

/// What a draft says, apart from where: a rule, and a value or a field.
type Said<'d> = (&'d RuleId, &'d str);

fn said(draft: &Draft) -> Said<'_> {
    let finding = &draft.finding;
    let field = || match finding.class() {
        // A document inside of a string, which the object may keep in another field than its maker.
        Class::AtRest => finding.message.as_str(),
        _ => finding.location.object.as_ref().map_or("", |object| within_template(&object.field)),
    };
    (&finding.rule.id, draft.value.as_ref().map_or_else(field, |value| value.expose()))
}

/// A field as the innermost template has it: `spec.containers[0]` for a Deployment and its Pods.
fn within_template(field: &str) -> &str {
    let templates = field.match_indices("emplate.").map(|(at, word)| &field[at + word.len()..]);
    templates.filter(|rest| *rest == "spec" || rest.starts_with("spec.")).last().unwrap_or(field)
}

/// The object of a finding in a cluster.
fn key_of(finding: &Finding) -> Option<Key> {
    finding.location.object.as_ref().filter(|_| finding.location.path.is_none()).and_then(Key::of)
}

fn note(mut titles: Vec<String>) -> String {
    titles.sort();
    titles.dedup();
    let more = titles.len().saturating_sub(MOST_NAMED);
    titles.truncate(MOST_NAMED);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("also in what it made: {}{rest}", titles.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_a_template_are_those_of_the_pod() {
        let all = [
            "spec.template.spec",
            "spec.jobTemplate.spec.template.spec.containers[0]",
            "spec.volumeClaimTemplates[0].spec",
            "spec",
        ];
        assert_eq!(
            all.map(within_template),
            ["spec", "spec.containers[0]", "spec.volumeClaimTemplates[0].spec", "spec"]
        );
    }

    #[test]
    fn a_note_names_a_few() {
        let titles = |names: &[&str]| names.iter().map(|name| format!("Pod {name}")).collect();
        assert_eq!(note(titles(&["b", "a", "a"])), "also in what it made: Pod a, Pod b");
        assert_eq!(note(titles(&["a", "b", "c", "d", "e"])), "also in what it made: Pod a, Pod b, Pod c and 2 more");
    }
}
