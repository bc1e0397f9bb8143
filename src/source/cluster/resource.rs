//! What a server serves, and which of it is worth reading.

use std::fmt;

use kube::core::discovery::v2::{APIGroupDiscovery, APIGroupDiscoveryList};
use kube::{Client, Error};

use crate::model::Skipped;

/// Kinds that are left out unless they are asked for: they come by the thousand, hold no configuration and are gone in
/// an hour.
const FLEETING: [(&str, &str); 8] = [
    ("", "Event"),
    ("events.k8s.io", "Event"),
    ("", "ComponentStatus"),
    ("", "Endpoints"),
    ("discovery.k8s.io", "EndpointSlice"),
    ("coordination.k8s.io", "Lease"),
    ("metrics.k8s.io", "PodMetrics"),
    ("metrics.k8s.io", "NodeMetrics"),
];

/// A kind of object and where it is listed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource {
    /// The API group; empty for the core group.
    pub group: String,
    /// The version that the server prefers.
    pub version: String,
    /// The plural that paths and permissions have: `deployments`.
    pub plural: String,
    /// `Deployment`.
    pub kind: String,
    /// Whether its objects have a namespace.
    pub namespaced: bool,
}

impl Resource {
    /// `apps/v1`, or `v1`.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Whether it is of this group and kind.
    #[must_use]
    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.group == group && self.kind == kind
    }

    /// The path it is listed under, in one namespace or in all.
    pub(super) fn path(&self, namespace: Option<&str>) -> String {
        let root = if self.group.is_empty() { "/api" } else { "/apis" };
        let namespace = namespace.map_or_else(String::new, |namespace| format!("/namespaces/{namespace}"));
        format!("{root}/{}{namespace}/{}", self.api_version(), self.plural)
    }
}

impl fmt::Display for Resource {
    /// As kubectl names it: `deployments.apps`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.plural)?;
        if self.group.is_empty() { Ok(()) } else { write!(f, ".{}", self.group) }
    }
}

/// What the user wants to have read.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Only these kinds, when there are any: `Secret`, `secrets`, `deployments.apps`.
    pub kinds: Vec<String>,
    /// Never these kinds.
    pub skip_kinds: Vec<String>,
}

impl Selection {
    /// Chooses from what was discovered; also gives back what the server could not tell and words that name nothing.
    pub(super) fn choose(&self, discovered: Discovered) -> (Vec<Resource>, Vec<Skipped>) {
        let mut skipped = discovered.silent;
        for word in &self.kinds {
            if !discovered.resources.iter().any(|resource| names(word, resource)) {
                let reason = "the cluster serves no such kind".to_owned();
                skipped.push(Skipped { place: word.clone(), reason, unread: true });
            }
        }
        let resources = discovered.resources.into_iter().filter(|resource| self.wants(resource)).collect();
        (resources, skipped)
    }

    fn wants(&self, resource: &Resource) -> bool {
        let named = |words: &[String]| words.iter().any(|word| names(word, resource));
        let fleeting = FLEETING.iter().any(|(group, kind)| resource.is(group, kind));
        (if self.kinds.is_empty() { !fleeting } else { named(&self.kinds) }) && !named(&self.skip_kinds)
    }
}

/// Whether a user's word names a resource: by kind or plural, with or without the group.
fn names(word: &str, resource: &Resource) -> bool {
    let (name, group) = word.split_once('.').map_or((word, None), |(name, group)| (name, Some(group)));
    (name.eq_ignore_ascii_case(&resource.kind) || name.eq_ignore_ascii_case(&resource.plural))
        && group.is_none_or(|group| group.eq_ignore_ascii_case(&resource.group))
}

/// What a server says it serves.
#[derive(Debug, Default)]
pub(super) struct Discovered {
    resources: Vec<Resource>,
    /// Groups of aggregated servers that do not answer.
    silent: Vec<Skipped>,
}

/// Asks what can be listed. Two requests where the server knows aggregated discovery (1.26), one a group elsewhere.
pub(super) async fn discover(client: &Client) -> Result<Discovered, Error> {
    let aggregated = async {
        let core = client.list_core_api_versions_aggregated().await?;
        Ok::<_, Error>((core, client.list_api_groups_aggregated().await?))
    };
    match aggregated.await {
        Ok((core, groups)) if !core.items.is_empty() => Ok(Discovered::read(core, groups)),
        Err(error @ (Error::Service(_) | Error::HyperError(_) | Error::Auth(_))) => Err(error),
        Err(error @ Error::Api(_)) => Err(error),
        // An old server answers with the lists that it knows.
        Ok(_) | Err(_) => Discovered::one_by_one(client).await,
    }
}

impl Discovered {
    fn read(core: APIGroupDiscoveryList, groups: APIGroupDiscoveryList) -> Self {
        let mut discovered = Self::default();
        for group in core.items.into_iter().chain(groups.items) {
            discovered.add(group);
        }
        discovered.resources.sort();
        discovered
    }

    /// Takes each resource in the version that the server prefers, which comes first.
    fn add(&mut self, group: APIGroupDiscovery) {
        let name = group.metadata.and_then(|metadata| metadata.name).unwrap_or_default();
        let mut known: Vec<String> = Vec::new();
        for version in group.versions {
            let number = version.version.unwrap_or_default();
            if version.freshness.as_deref() == Some("Stale") && version.resources.is_empty() {
                let reason = "its server does not say what it serves: nothing of it was read".to_owned();
                self.silent.push(Skipped { place: format!("{name}/{number}"), reason, unread: true });
            }
            for resource in version.resources {
                let plural = resource.resource.unwrap_or_default();
                let kind = resource.response_kind.and_then(|kind| kind.kind).unwrap_or_default();
                if !resource.verbs.iter().any(|verb| verb == "list") || known.contains(&plural) {
                    continue;
                }
                known.push(plural.clone());
                let namespaced = resource.scope.as_deref() == Some("Namespaced");
                let (group, version) = (name.clone(), number.clone());
                self.resources.push(Resource { group, version, plural, kind, namespaced });
            }
        }
    }

    async fn one_by_one(client: &Client) -> Result<Self, Error> {
        let discovery = kube::Discovery::new(client.clone()).run().await?;
        let mut discovered = Self::default();
        for group in discovery.groups() {
            for (resource, capabilities) in group.recommended_resources() {
                if capabilities.supports_operation(kube::discovery::verbs::LIST) {
                    discovered.resources.push(Resource {
                        group: resource.group,
                        version: resource.version,
                        plural: resource.plural,
                        kind: resource.kind,
                        namespaced: capabilities.scope == kube::discovery::Scope::Namespaced,
                    });
                }
            }
        }
        discovered.resources.sort();
        Ok(discovered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(group: &str, plural: &str, kind: &str) -> Resource {
        Resource {
            group: group.into(),
            version: "v1".into(),
            plural: plural.into(),
            kind: kind.into(),
            namespaced: true,
        }
    }

    #[test]
    fn paths_are_those_of_the_api() {
        let deployments = resource("apps", "deployments", "Deployment");
        assert_eq!(deployments.path(None), "/apis/apps/v1/deployments");
        assert_eq!(resource("", "secrets", "Secret").path(Some("prod")), "/api/v1/namespaces/prod/secrets");
        assert_eq!(deployments.to_string(), "deployments.apps");
    }

    #[test]
    fn kinds_are_chosen_by_any_of_their_names() {
        let all = || Discovered {
            resources: vec![
                resource("", "events", "Event"),
                resource("", "secrets", "Secret"),
                resource("apps", "deployments", "Deployment"),
            ],
            silent: Vec::new(),
        };
        let choose = |kinds: &[&str], skip: &[&str]| {
            let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
            let (chosen, skipped) = Selection { kinds: owned(kinds), skip_kinds: owned(skip) }.choose(all());
            (chosen.iter().map(Resource::to_string).collect::<Vec<_>>(), skipped.len())
        };
        assert_eq!(choose(&[], &[]), (vec!["secrets".to_owned(), "deployments.apps".to_owned()], 0));
        assert_eq!(choose(&["secret", "events"], &[]).0, ["events", "secrets"]);
        assert_eq!(choose(&["deployments.apps"], &[]).0, ["deployments.apps"]);
        assert_eq!(choose(&["deployments.extensions"], &[]), (Vec::new(), 1));
        assert_eq!(choose(&[], &["Secret"]).0, ["deployments.apps"]);
    }
}
