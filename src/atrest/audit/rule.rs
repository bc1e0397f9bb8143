//! One rule of a policy.

use std::ops::Range;

use super::level::Level;
use super::request::Request;

/// A rule, with what its lists say. An empty list means everything.
#[derive(Debug)]
pub(super) struct AuditRule<'a> {
    pub(super) level: Level,
    pub(super) users: Vec<&'a str>,
    pub(super) groups: Vec<&'a str>,
    pub(super) verbs: Vec<&'a str>,
    pub(super) resources: Vec<GroupResources<'a>>,
    pub(super) namespaces: Vec<&'a str>,
    /// Whether it names paths, and so speaks of no object.
    pub(super) speaks_of_paths: bool,
    /// Whether what is logged is left out at the stage where bodies are known.
    pub(super) omits_answers: bool,
    /// Where its level stands in the text.
    pub(super) place: Range<usize>,
}

/// Resources of one API group.
#[derive(Debug)]
pub(super) struct GroupResources<'a> {
    pub(super) group: &'a str,
    pub(super) resources: Vec<&'a str>,
    pub(super) names: Vec<&'a str>,
}

impl AuditRule<'_> {
    /// Whether the rule speaks of a request for an object.
    pub(super) fn matches(&self, request: &Request<'_>) -> bool {
        allows(&self.users, request.user)
            && (self.groups.is_empty() || request.groups.iter().any(|group| self.groups.contains(group)))
            && allows(&self.verbs, request.verb)
            && self.matches_object(request)
    }

    fn matches_object(&self, request: &Request<'_>) -> bool {
        if self.namespaces.is_empty() && self.resources.is_empty() {
            return !self.speaks_of_paths;
        }
        allows(&self.namespaces, request.namespace)
            && (self.resources.is_empty() || self.resources.iter().any(|resources| resources.matches(request)))
    }

    /// Whether it could match some request for this resource.
    pub(super) fn may_match(&self, group: &str, resource: &str, subresource: &str) -> bool {
        self.resources.is_empty()
            || self.resources.iter().any(|resources| resources.speaks_of(group, resource, subresource))
    }
}

impl GroupResources<'_> {
    fn matches(&self, request: &Request<'_>) -> bool {
        self.speaks_of(request.group, request.resource, request.subresource)
            // Without resources the names are not looked at; such a rule is refused when it is read.
            && (self.resources.is_empty() || allows(&self.names, request.name))
    }

    pub(super) fn speaks_of(&self, group: &str, resource: &str, subresource: &str) -> bool {
        // Read for an API server that takes it, `*` is every group.
        (self.group == group || self.group == "*")
            && (self.resources.is_empty()
                || self.resources.iter().any(|written| names_resource(written, resource, subresource)))
    }
}

/// `secrets` does not mean its subresources; `*`, `*/token` and `serviceaccounts/*` do.
fn names_resource(written: &str, resource: &str, subresource: &str) -> bool {
    if written == "*" {
        return true;
    }
    match written.split_once('/') {
        // `pods/*` matches the resource itself as well: the code upstream asks for nothing but its name.
        Some((before, "*")) if before == resource => true,
        Some((before, after)) => {
            !subresource.is_empty() && after == subresource && (before == resource || before == "*")
        }
        None => subresource.is_empty() && written == resource,
    }
}

fn allows(list: &[&str], word: &str) -> bool {
    list.is_empty() || list.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_named_as_the_api_server_reads_them() {
        let cases = [
            ("secrets", "secrets", "", true),
            ("*", "secrets", "", true),
            ("*", "serviceaccounts", "token", true),
            ("serviceaccounts", "serviceaccounts", "token", false),
            ("serviceaccounts/token", "serviceaccounts", "token", true),
            ("serviceaccounts/*", "serviceaccounts", "token", true),
            ("serviceaccounts/*", "serviceaccounts", "", true),
            ("*/token", "serviceaccounts", "token", true),
            ("*/token", "token", "", false),
            ("*/*", "secrets", "", false),
            ("secrets/", "secrets", "", false),
        ];
        for (written, resource, subresource, expected) in cases {
            assert_eq!(
                names_resource(written, resource, subresource),
                expected,
                "{written} for {resource}/{subresource}"
            );
        }
    }
}
