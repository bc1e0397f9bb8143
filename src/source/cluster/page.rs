//! One page of a list, taken apart without reading its objects.

use serde::{Deserialize, Deserializer};
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
#[serde(expecting = "a list")]
struct List<'a> {
    /// Must be there, but may be null: so Go writes a slice that was never filled.
    #[serde(borrow, deserialize_with = "null_or_items")]
    items: Option<Vec<&'a RawValue>>,
    #[serde(default)]
    metadata: Option<ListMetadata>,
}

fn null_or_items<'a, D: Deserializer<'a>>(from: D) -> Result<Option<Vec<&'a RawValue>>, D::Error> {
    Option::deserialize(from)
}

/// How a list goes on (<https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks>).
#[derive(Deserialize, Default)]
struct ListMetadata {
    #[serde(rename = "continue", default)]
    more: Option<String>,
}

/// What an object says of itself first.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default, expecting = "an object")]
struct Head {
    api_version: Option<String>,
    kind: Option<String>,
    metadata: Option<Metadata>,
}

#[derive(Deserialize, Default)]
#[serde(default, expecting = "metadata")]
struct Metadata {
    namespace: Option<String>,
    name: Option<String>,
}

impl Page {
    /// How many objects it has, and the token of the next page.
    pub(super) fn outline(&self) -> Result<(usize, Option<String>), serde_json::Error> {
        let list: List<'_> = serde_json::from_slice(&self.bytes)?;
        let more = list.metadata.and_then(|metadata| metadata.more).filter(|token| !token.is_empty());
        Ok((list.items.unwrap_or_default().len(), more))
    }

    /// Hands over its objects.
    pub(super) fn hand_over(&self, sink: &mut impl Sink) {
        let Ok(list) = serde_json::from_slice::<List<'_>>(&self.bytes) else { return };
        let mut text = String::new();
        let (mut wrong, mut first) = (0, None);
        for item in list.items.unwrap_or_default() {
            match head(item.get()) {
                Ok(head) => {
                    self.whole(&head, item.get(), &mut text);
                    sink.object(Live { title: &self.title(&head), resource: &self.resource.plural, text: &text });
                }
                Err(error) => {
                    wrong += 1;
                    first.get_or_insert(error);
                }
            }
        }
        // Once a page: whoever writes one such object writes a thousand.
        if let Some(error) = first {
            let objects = if wrong == 1 { "an object" } else { "objects" };
            let reason = format!("{wrong} not read: {objects} that the API does not allow: {error}");
            sink.skip(Skipped { place: self.resource.to_string(), reason, unread: true });
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

/// Reads what an object says of itself. An array would pass for the fields of one, in their order.
fn head(item: &str) -> Result<Head, serde_json::Error> {
    if item.starts_with('[') {
        return Err(serde::de::Error::custom("invalid type: sequence, expected an object"));
    }
    serde_json::from_str(item)
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
        assert_eq!((seen.objects.len(), seen.skipped.len()), (0, 1));
    }
}
