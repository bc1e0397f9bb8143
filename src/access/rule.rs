//! A rule of a role.

use super::request::Request;
use crate::manifest::Node;

/// Verbs on resources, or on URLs that are no resources. Everything in it is a list, and a rule covers a request when
/// each list does.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyRule {
    /// `verbs`.
    pub verbs: Vec<String>,
    /// `apiGroups`.
    pub api_groups: Vec<String>,
    /// `resources`, with their subresources.
    pub resources: Vec<String>,
    /// `resourceNames`; empty for all.
    pub resource_names: Vec<String>,
    /// `nonResourceURLs`.
    pub non_resource_urls: Vec<String>,
}

impl PolicyRule {
    /// Reads one item of a role's `rules`.
    #[must_use]
    pub fn read(node: Node<'_>) -> Self {
        let list = |key| strings(node.get(key));
        Self {
            verbs: list("verbs"),
            api_groups: list("apiGroups"),
            resources: list("resources"),
            resource_names: list("resourceNames"),
            non_resource_urls: list("nonResourceURLs"),
        }
    }

    /// Whether it allows a request. Upstream: plugin/pkg/auth/authorizer/rbac/rbac.go, `RuleAllows`.
    #[must_use]
    pub fn covers(&self, request: &Request<'_>) -> bool {
        self.covers_kind(request.verb, request.group, request.resource, request.subresource)
            && self.covers_name(request.name)
    }

    /// Whether it allows a verb on a URL that is no resource. Upstream: pkg/apis/rbac/v1/evaluation_helpers.go,
    /// `NonResourceURLMatches`.
    #[must_use]
    pub fn covers_url(&self, verb: &str, url: &str) -> bool {
        covers(&self.verbs, verb)
            && self.non_resource_urls.iter().any(|rule| {
                rule == "*" || rule == url || (rule.ends_with('*') && url.starts_with(rule.trim_end_matches('*')))
            })
    }

    /// As [`Self::covers`] for some name.
    pub(super) fn covers_kind(&self, verb: &str, group: &str, resource: &str, subresource: &str) -> bool {
        covers(&self.verbs, verb)
            && covers(&self.api_groups, group)
            && self.resources.iter().any(|rule| covers_resource(rule, resource, subresource))
    }

    /// Whether it allows an object of this name; of an empty one when the request has none. Upstream:
    /// `ResourceNameMatches` in the same file. A rule with names never covers a request without one, unless a name in
    /// it is empty.
    pub(super) fn covers_name(&self, name: &str) -> bool {
        self.resource_names.is_empty() || self.resource_names.iter().any(|rule| rule == name)
    }
}

/// Upstream: `VerbMatches` and `APIGroupMatches` in pkg/apis/rbac/v1/evaluation_helpers.go.
fn covers(rules: &[String], asked: &str) -> bool {
    rules.iter().any(|rule| rule == "*" || rule == asked)
}

/// Upstream: `ResourceMatches` in the same file. There are three wildcards, and `pods/*` is none of them: `*` covers
/// subresources too, `*/exec` covers the subresource of any resource, `pods` covers no subresource.
fn covers_resource(rule: &str, resource: &str, subresource: &str) -> bool {
    if rule == "*" {
        return true;
    }
    match rule.split_once('/') {
        None => subresource.is_empty() && rule == resource,
        Some((of, part)) => !subresource.is_empty() && part == subresource && (of == "*" || of == resource),
    }
}

/// The strings of a list; nothing for what is none.
pub(super) fn strings(list: Option<Node<'_>>) -> Vec<String> {
    list.into_iter().flat_map(Node::items).filter_map(Node::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::documents;

    fn rule(text: &str) -> PolicyRule {
        PolicyRule::read(documents(text).next().unwrap().unwrap().root().unwrap())
    }

    fn asks<'a>(verb: &'a str, group: &'a str, resource: &'a str, name: &'a str) -> Request<'a> {
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        Request { verb, group, resource, subresource, namespace: Some("n"), name }
    }

    #[test]
    fn wildcards_are_those_of_upstream() {
        let covers = |resources: &str, resource| {
            rule(&format!("{{verbs: [get], apiGroups: [''], resources: [{resources}]}}"))
                .covers(&asks("get", "", resource, "x"))
        };
        assert!(covers("pods", "pods") && covers("pods/exec", "pods/exec") && covers("'*/exec'", "pods/exec"));
        assert!(covers("'*'", "pods") && covers("'*'", "pods/exec"));
        assert!(!covers("pods", "pods/exec") && !covers("pods/exec", "pods"));
        assert!(!covers("'pods/*'", "pods/exec") && !covers("'pods/*'", "pods"));
        assert!(!covers("'*/*'", "pods/exec") && !covers("'*/exec'", "pods") && !covers("'*/exe'", "pods/exec"));
        assert!(!covers("'*pods'", "pods") && !covers("", "pods"));
    }

    #[test]
    fn groups_count() {
        let core = rule("{verbs: ['*'], apiGroups: [''], resources: ['*']}");
        assert!(
            core.covers(&asks("get", "", "secrets", "x")) && !core.covers(&asks("get", "apps", "deployments", "x"))
        );
        assert!(!rule("{verbs: [get], resources: [secrets]}").covers(&asks("get", "", "secrets", "x")));
        assert!(
            !rule("{verbs: [get], apiGroups: [v1], resources: [secrets]}").covers(&asks("get", "", "secrets", "x"))
        );
        assert!(
            rule("{verbs: [get], apiGroups: ['*'], resources: [secrets]}").covers(&asks("get", "", "secrets", "x"))
        );
    }

    #[test]
    fn names_limit_and_never_cover_a_request_without_one() {
        let named = rule("{verbs: ['*'], apiGroups: [''], resources: [secrets], resourceNames: [db]}");
        assert!(named.covers(&asks("get", "", "secrets", "db")) && named.covers(&asks("list", "", "secrets", "db")));
        assert!(!named.covers(&asks("get", "", "secrets", "api")));
        for verb in ["list", "watch", "create", "deletecollection"] {
            assert!(!named.covers(&asks(verb, "", "secrets", "")), "{verb}");
        }
        let odd = rule("{verbs: [list], apiGroups: [''], resources: [secrets], resourceNames: ['']}");
        assert!(odd.covers(&asks("list", "", "secrets", "")) && !odd.covers(&asks("list", "", "secrets", "db")));
    }

    #[test]
    fn verbs_are_whole_words() {
        let rule = rule("{verbs: [get, 'impersonate:user-info'], apiGroups: [''], resources: ['*']}");
        assert!(!rule.covers(&asks("list", "", "secrets", "")) && !rule.covers(&asks("impersonate", "", "users", "a")));
    }

    #[test]
    fn urls_end_in_a_wildcard() {
        let rule = rule("{verbs: [get], nonResourceURLs: ['/logs/*', /healthz]}");
        assert!(rule.covers_url("get", "/logs/x") && rule.covers_url("get", "/healthz"));
        assert!(!rule.covers_url("get", "/healthz/x") && !rule.covers_url("post", "/healthz"));
        assert!(!rule.covers(&asks("get", "", "secrets", "x")));
    }

    #[test]
    fn what_is_no_list_is_empty() {
        let odd = rule("{verbs: get, apiGroups: null, resources: {a: b}}");
        assert_eq!(odd, PolicyRule::default());
    }
}
