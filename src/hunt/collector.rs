//! Gathers the names and values of a cluster's Secrets, so that they are recognised elsewhere.

use crate::manifest::{Node, Object, decode_base64, documents};
use crate::model::Skipped;
use crate::source::{Blob, Live, Sink};

use super::census::Census;
use super::known::{Builder, KnownValues, Place};

/// Takes live Secrets and keeps their names, and of their values what recognises them. What else comes is left to the
/// hunt.
#[derive(Debug)]
pub struct Collector {
    census: Census,
    values: Builder,
}

impl Collector {
    /// A collector. Those that are to be joined are siblings of one.
    #[must_use]
    pub fn new() -> Self {
        Self { census: Census::default(), values: Builder::new() }
    }

    /// Another one, for another thread.
    #[must_use]
    pub fn sibling(&self) -> Self {
        Self { census: Census::default(), values: self.values.sibling() }
    }

    /// What all of them have seen.
    pub(super) fn join(collectors: Vec<Self>) -> Option<(Census, KnownValues)> {
        let mut all = collectors.into_iter();
        let mut first = all.next()?;
        for other in all {
            first.census.merge(other.census);
            first.values.merge(other.values);
        }
        Some((first.census.finish(), first.values.finish()))
    }

    fn secret(&mut self, object: &Object<'_>) {
        self.census.add(object);
        // A release is a container of manifests and no value of anybody's.
        if !object.is("", "Secret") || object.root.get_str("type") == Some("helm.sh/release.v1") {
            return;
        }
        let (namespace, secret) = (object.namespace().unwrap_or_default(), object.name().unwrap_or_default());
        for (key, value) in object.root.get("data").into_iter().flat_map(Node::entries) {
            let (Some(key), Some(value)) = (key.as_str(), value.as_str()) else { continue };
            if let Some(bytes) = decode_base64(value) {
                self.values.add(Place { namespace, secret, key }, &bytes);
            }
        }
    }
}

impl Default for Collector {
    fn default() -> Self {
        Self::new()
    }
}

impl Sink for Collector {
    fn object(&mut self, live: Live<'_>) {
        for tree in documents(live.text).flatten() {
            Object::all(&tree).iter().for_each(|object| self.secret(object));
        }
    }

    fn blob(&mut self, _: Blob<'_>) {}

    /// The hunt meets it again, and tells.
    fn skip(&mut self, _: Skipped) {
        self.census.miss();
    }

    fn binary(&mut self, _: &str) {}
}
