//! Scopes as annotations, and the label that binds a value to one.

use std::collections::BTreeMap;

use super::Error;
use crate::seal::Scope;

pub(super) const NAMESPACE_WIDE: &str = "sealedsecrets.bitnami.com/namespace-wide";
pub(super) const CLUSTER_WIDE: &str = "sealedsecrets.bitnami.com/cluster-wide";

/// The scope that annotations name. Theirs: only `"true"` counts, and the wider one wins.
#[must_use]
pub fn scope_of(annotations: &BTreeMap<String, String>) -> Scope {
    scope(|name| annotations.get(name).map(String::as_str))
}

pub(super) fn scope<'a>(annotation: impl Fn(&str) -> Option<&'a str>) -> Scope {
    if annotation(CLUSTER_WIDE) == Some("true") {
        Scope::Cluster
    } else if annotation(NAMESPACE_WIDE) == Some("true") {
        Scope::Namespace
    } else {
        Scope::Strict
    }
}

/// Makes annotations name this scope and no other.
pub fn annotate(annotations: &mut BTreeMap<String, String>, scope: Scope) {
    annotations.retain(|name, _| name != NAMESPACE_WIDE && name != CLUSTER_WIDE);
    let name = match scope {
        Scope::Strict => return,
        Scope::Namespace => NAMESPACE_WIDE,
        Scope::Cluster => CLUSTER_WIDE,
    };
    annotations.insert(name.to_owned(), "true".to_owned());
}

/// The label of RSA-OAEP: what has to be the same when a value is opened.
///
/// # Errors
/// When the scope needs a namespace or a name that is missing.
pub fn label(scope: Scope, namespace: Option<&str>, name: &str) -> Result<Vec<u8>, Error> {
    if scope == Scope::Cluster {
        return Ok(Vec::new());
    }
    let namespace = namespace.filter(|namespace| !namespace.is_empty()).ok_or(Error::NoNamespace)?;
    match scope {
        Scope::Namespace => Ok(namespace.into()),
        _ if name.is_empty() => Err(Error::NoName),
        _ => Ok(format!("{namespace}/{name}").into()),
    }
}

/// A scope in their words.
pub(super) fn word(scope: Scope) -> &'static str {
    match scope {
        Scope::Strict => "strict",
        Scope::Namespace => "namespace-wide",
        Scope::Cluster => "cluster-wide",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels() {
        let of = |scope, namespace, name| label(scope, namespace, name).map(|label| String::from_utf8(label).unwrap());
        assert_eq!(of(Scope::Strict, Some("shop"), "db"), Ok("shop/db".to_owned()));
        assert_eq!(of(Scope::Namespace, Some("shop"), ""), Ok("shop".to_owned()));
        assert_eq!(of(Scope::Cluster, None, ""), Ok(String::new()));
        assert_eq!(of(Scope::Strict, Some("shop"), ""), Err(Error::NoName));
        assert_eq!(of(Scope::Strict, Some(""), "db"), Err(Error::NoNamespace));
        assert_eq!(of(Scope::Namespace, None, "db"), Err(Error::NoNamespace));
    }

    #[test]
    fn only_the_word_true_widens_a_scope() {
        let named = |pairs: &[(&str, &str)]| {
            scope_of(&pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
        };
        assert_eq!(named(&[]), Scope::Strict);
        assert_eq!(named(&[(CLUSTER_WIDE, "True"), (NAMESPACE_WIDE, "1")]), Scope::Strict);
        assert_eq!(named(&[(NAMESPACE_WIDE, "true")]), Scope::Namespace);
        assert_eq!(named(&[(NAMESPACE_WIDE, "true"), (CLUSTER_WIDE, "true")]), Scope::Cluster);
    }

    #[test]
    fn one_scope_replaces_the_other() {
        let mut annotations = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
        for scope in [Scope::Cluster, Scope::Namespace, Scope::Strict] {
            annotate(&mut annotations, scope);
            assert_eq!(scope_of(&annotations), scope);
            assert_eq!(annotations.len(), 1 + usize::from(scope != Scope::Strict));
        }
    }
}
