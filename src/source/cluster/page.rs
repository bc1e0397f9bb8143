//! One page of a list, taken apart without reading its objects.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::{Live, Sink};
use super::resource::Resource;
use crate::model::Skipped;

/// What the server sent, and of which kind it is.
pub(super) struct Page {
    pub(super) resource: Resource,
    pub(super) bytes: Vec<u8>,
}

/// A list, as far as it must be understood.
#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow, default)]
    items: Vec<&'a RawValue>,
    #[serde(default)]
    metadata: ListMetadata,
}

/// How a list goes on (<https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks>).
#[derive(Deserialize, Default)]
struct ListMetadata {
    #[serde(rename = "continue", default)]
    more: Option<String>,
}

/// What an object says of itself first.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Head {
    api_version: Option<String>,
    kind: Option<String>,
    metadata: Option<Metadata>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Metadata {
    namespace: Option<String>,
    name: Option<String>,
}

impl Page {
    /// How many objects it has, and the token of the next page.
    pub(super) fn outline(&self) -> Result<(usize, Option<String>), serde_json::Error> {
        let list: List<'_> = serde_json::from_slice(&self.bytes)?;
        Ok((list.items.len(), list.metadata.more.filter(|token| !token.is_empty())))
    }

    /// Hands over its objects.
    pub(super) fn hand_over(&self, sink: &mut impl Sink) {
        let Ok(list) = serde_json::from_slice::<List<'_>>(&self.bytes) else { return };
        let mut text = String::new();
        for item in list.items {
            match serde_json::from_str::<Head>(item.get()) {
                Ok(head) => {
                    self.whole(&head, item.get(), &mut text);
                    sink.object(Live { title: &self.title(&head), text: &text });
                }
                Err(error) => {
                    let reason = format!("an object that is no object: {error}");
                    sink.skip(Skipped { place: self.resource.to_string(), reason, unread: true });
                }
            }
        }
    }

    fn title(&self, head: &Head) -> String {
        let metadata = head.metadata.as_ref();
        let name = metadata.and_then(|metadata| metadata.name.as_deref()).unwrap_or("(unnamed)");
        match metadata.and_then(|metadata| metadata.namespace.as_deref()) {
            Some(namespace) => format!("{} {namespace}/{name}", self.resource.kind),
            None => format!("{} {name}", self.resource.kind),
        }
    }

    /// The text of an object with its type, which the items of a list may leave to the list. Metadata asked for alone
    /// comes under a type of its own.
    fn whole(&self, head: &Head, item: &str, text: &mut String) {
        text.clear();
        let partial = head.kind.as_deref() == Some("PartialObjectMetadata");
        if !partial && head.kind.is_some() && head.api_version.is_some() {
            text.push_str(item);
            return;
        }
        let kind = serde_json::json!({ "apiVersion": self.resource.api_version(), "kind": self.resource.kind });
        let kind = kind.to_string();
        text.push_str(&kind[..kind.len() - 1]);
        let mut fields = item.trim_start().trim_start_matches('{').trim_start();
        if partial {
            fields = fields.find("\"metadata\"").map_or("", |at| &fields[at..]);
        }
        if !fields.starts_with('}') && !fields.is_empty() {
            text.push(',');
        }
        text.push_str(if fields.is_empty() { "}" } else { fields });
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::Seen;
    use super::*;

    fn seen(body: &str) -> Seen {
        let resource = Resource {
            group: String::new(),
            version: "v1".into(),
            plural: "secrets".into(),
            kind: "Secret".into(),
            namespaced: true,
        };
        let page = Page { resource, bytes: body.as_bytes().to_vec() };
        let mut seen = Seen::default();
        page.hand_over(&mut seen);
        seen
    }

    #[test]
    fn items_get_the_type_of_their_list() {
        let seen = seen(r#"{"kind":"SecretList","items":[{"metadata":{"name":"a","namespace":"n"},"data":{}},{}]}"#);
        assert_eq!(
            seen.objects,
            [
                (
                    "Secret n/a".to_owned(),
                    r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a","namespace":"n"},"data":{}}"#
                        .to_owned()
                ),
                ("Secret (unnamed)".to_owned(), r#"{"apiVersion":"v1","kind":"Secret"}"#.to_owned()),
            ]
        );
    }

    #[test]
    fn metadata_alone_is_of_the_kind_that_was_asked_for() {
        let body =
            r#"{"items":[{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"a"}}]}"#;
        assert_eq!(seen(body).objects[0].1, r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"}}"#);
    }

    #[test]
    fn what_is_no_object_is_told() {
        let seen = seen(r#"{"items":[7,{"metadata":{"name":["x"]}}]}"#);
        assert_eq!((seen.objects.len(), seen.skipped.len()), (0, 2));
    }
}
