//! Who reads a Secret, as a report says it.

use std::collections::HashMap;
use std::sync::Arc;

/// The readers of one Secret. Secrets of one namespace mostly have the same ones, which are kept once.
#[derive(Clone, Debug)]
pub struct SecretReaders {
    /// The Secret's namespace, where it is known.
    pub namespace: Option<String>,
    /// The Secret's name.
    pub name: String,
    /// Sorted by subject.
    pub readers: Arc<[Reader]>,
}

/// Somebody who reads a Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// `User`, `Group` or `ServiceAccount`.
    pub kind: &'static str,
    /// Of a ServiceAccount.
    pub namespace: Option<String>,
    /// The subject's name.
    pub name: String,
    /// Verbs whose answer has the Secret in it; none for who has to take another path.
    pub verbs: Vec<&'static str>,
    /// The path of who does not read it by asking for it: `create-pods`.
    pub path: Option<&'static str>,
    /// Through which bindings.
    pub via: Vec<Via>,
}

/// Who could read which Secret when a report was saved, as far as it says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavedReaders {
    secrets: HashMap<(String, String), Arc<[SavedReader]>>,
}

/// Somebody who could read a Secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SavedReader {
    /// `User`, `Group` or `ServiceAccount`.
    pub kind: String,
    /// Of a ServiceAccount.
    pub namespace: Option<String>,
    /// The subject's name.
    pub name: String,
    /// The path of who did not read it by asking for it.
    pub path: Option<String>,
}

impl SavedReaders {
    /// Adds the readers of a Secret. A report of files and a cluster may have one twice: both lists are its readers.
    pub fn add(&mut self, namespace: String, name: String, readers: Arc<[SavedReader]>) {
        let known = self.secrets.entry((namespace, name)).or_insert_with(|| Arc::clone(&readers));
        if !Arc::ptr_eq(known, &readers) {
            *known = known.iter().chain(readers.iter()).cloned().collect();
        }
    }

    /// The readers of a Secret, or none where the report did not have it.
    #[must_use]
    pub fn of(&self, namespace: &str, name: &str) -> Option<&Arc<[SavedReader]>> {
        self.secrets.get(&(namespace.to_owned(), name.to_owned()))
    }
}

/// A binding and the role it gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via {
    /// `RoleBinding ci/deploy`.
    pub binding: Arc<str>,
    /// `ClusterRole edit`.
    pub role: Arc<str>,
    /// What it gives of the verbs.
    pub verbs: Vec<&'static str>,
}
