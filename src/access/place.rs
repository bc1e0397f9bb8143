//! Names of namespaces as manifests write them, or leave them out.
//!
//! In a cluster every name is there. In a repository a chart or an overlay fills namespaces in later, and templates
//! make names. An unwritten namespace is the empty name, a namespace of its own: what is deployed together mostly says
//! nothing together.

use crate::manifest::Object;
use crate::model::Location;

/// What masking leaves of a template's action. No name that a person gave has five underscores in a row.
const MASKED: &str = "_____";

/// Whether a template makes a part of a name.
pub(super) fn is_templated(name: &str) -> bool {
    name.contains(MASKED)
}

/// The namespace an object says it is in; empty when it does not say, or when a template says all of it: most write
/// `{{ .Release.Namespace }}` here and leave it out there.
pub(super) fn namespace(object: &Object<'_>) -> String {
    settled(object.namespace().unwrap_or_default())
}

/// A namespace as written, or empty when nothing but a template stands there.
pub(super) fn settled(namespace: &str) -> String {
    if is_templated(namespace) && namespace.bytes().all(|byte| byte == b'_') {
        String::new()
    } else {
        namespace.to_owned()
    }
}

/// The folder of the file that an object is in; empty for live objects. Roles of one name in one repository are told
/// apart by it: two charts may both have a role `reader`, and only one of them is meant.
pub(super) fn home(location: &Location) -> &str {
    location.path.as_deref().and_then(|path| path.rsplit_once('/')).map_or("", |(folder, _)| folder)
}

/// How a message calls a namespace.
pub(super) fn namespace_title(namespace: &str) -> String {
    if namespace.is_empty() { "its namespace".to_owned() } else { format!("namespace {namespace}") }
}

/// `prod/db`, or `db` where no namespace is written.
pub(super) fn qualified(namespace: &str, name: &str) -> String {
    if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_of_nothing_but_template_is_unwritten() {
        assert_eq!(settled("________________________"), "");
        assert_eq!(settled("______________-jobs"), "______________-jobs");
        assert_eq!(settled("prod"), "prod");
    }

    #[test]
    fn folders() {
        let at = |path: &str| Location { path: Some(path.to_owned()), ..Location::default() };
        assert_eq!(home(&at("chart.tgz!/templates/role.yaml")), "chart.tgz!/templates");
        assert_eq!((home(&at("role.yaml")), home(&Location::default())), ("", ""));
    }
}
