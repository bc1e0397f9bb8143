//! The place of a text under scan, worked out only when something is found there: most texts hold nothing.

use crate::manifest::{Node, Object, Route, is_container};
use crate::model::{Exposure, ObjectRef};

use super::habitat::Habitat;
use super::place::{DocumentFacts, in_object, outside_objects};

/// A scalar and all that is known of it.
#[derive(Clone, Copy)]
pub(super) struct Scalar<'s> {
    pub(super) node: Node<'s>,
    pub(super) key: Option<Node<'s>>,
    pub(super) object: Option<&'s Object<'s>>,
    pub(super) root: Node<'s>,
    pub(super) facts: DocumentFacts,
}

/// What a text belongs to.
#[derive(Clone, Copy)]
enum Site<'s> {
    /// A file, or a comment in one.
    File(Exposure),
    /// A scalar of a document, or something inside of it.
    Scalar(Scalar<'s>),
}

/// Where a text is and how its values are judged.
#[derive(Clone, Copy)]
pub(super) struct Context<'s> {
    site: Site<'s>,
    /// Set for files that another file gives a meaning to.
    forced: Option<Exposure>,
    /// How values are written here.
    pub(super) habitat: Habitat,
    /// Where the scalar around the text begins in the file.
    pub(super) anchor: Option<usize>,
}

impl<'s> Context<'s> {
    /// The context of a file's own text.
    pub(super) fn file(exposure: Exposure, forced: Option<Exposure>, habitat: Habitat) -> Self {
        Self { site: Site::File(exposure), forced, habitat, anchor: None }
    }

    /// The context of a scalar, which begins at `anchor` in the file.
    pub(super) fn scalar(self, scalar: Scalar<'s>, anchor: usize) -> Self {
        Self { site: Site::Scalar(scalar), anchor: Some(self.anchor.unwrap_or(anchor)), ..self }
    }

    /// The same place with its values judged otherwise.
    pub(super) fn judged_as(self, habitat: Habitat) -> Self {
        Self { habitat, ..self }
    }

    /// What the place is.
    pub(super) fn exposure(&self) -> Exposure {
        let own = || match &self.site {
            Site::File(exposure) => *exposure,
            Site::Scalar(Scalar { object: Some(object), node, facts, .. }) => in_object(object, *node, *facts),
            Site::Scalar(scalar) => {
                let route = Route::between(scalar.root, scalar.node);
                outside_objects(scalar.facts, &route.keys().collect::<Vec<_>>())
            }
        };
        self.forced.unwrap_or_else(own)
    }

    /// The object and field, when the place is in one.
    pub(super) fn object(&self) -> Option<ObjectRef> {
        match &self.site {
            Site::Scalar(scalar) => Some(object_ref(scalar.object?, scalar.node)),
            Site::File(_) => None,
        }
    }

    /// ` in container api`, when the place is in one.
    pub(super) fn owner(&self) -> String {
        match &self.site {
            Site::Scalar(Scalar { object: Some(object), node, .. }) => owner(object, *node),
            _ => String::new(),
        }
    }

    /// Whether the object's annotation silences a rule.
    pub(super) fn is_silenced(&self, rule: &str) -> bool {
        match &self.site {
            Site::Scalar(Scalar { object: Some(object), .. }) => silences(object, rule),
            _ => false,
        }
    }
}

/// Whether an object's annotation silences a rule: `ksecrets.dev/ignore: password, token`, or `*`.
pub(super) fn silences(object: &Object<'_>, rule: &str) -> bool {
    let list = object.annotation("ksecrets.dev/ignore").unwrap_or("");
    list.split(',').map(str::trim).any(|name| name == rule || name == "*")
}

/// Names an object and a field of it.
pub(super) fn object_ref(object: &Object<'_>, node: Node<'_>) -> ObjectRef {
    ObjectRef {
        api_version: object.api_version.to_owned(),
        kind: object.kind.to_owned(),
        namespace: object.namespace().map(unmasked),
        name: object.name().map(unmasked),
        field: Route::between(object.root, node).to_string(),
    }
}

/// A name with what a template will print into it shown as such.
pub(super) fn unmasked(name: &str) -> String {
    let mut text = name.to_owned();
    while let Some(start) = text.find("____") {
        let length = text[start..].bytes().take_while(|byte| *byte == b'_').count();
        text.replace_range(start..start + length, "{{…}}");
    }
    text
}

fn owner(object: &Object<'_>, node: Node<'_>) -> String {
    let mut here = node;
    while here != object.root {
        let Some(parent) = here.parent() else { break };
        if is_container(parent)
            && let Some(name) = parent.get_str("name")
        {
            return format!(" in container {name}");
        }
        here = parent;
    }
    String::new()
}
