//! Who reads a Secret, as a report says it.

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
