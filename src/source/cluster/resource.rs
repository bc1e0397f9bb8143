//! What a server serves, and which of it is worth reading.

use std::fmt;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::APIResourceList;
use kube::core::discovery::v2::{APIGroupDiscovery, APIGroupDiscoveryList};
use kube::{Client, Error};

use super::connection::chain;
use super::patience::{Patience, may_pass};
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

/// Asks what can be listed, more than once if the server has trouble.
pub(super) async fn discover(client: &Client) -> Result<Discovered, Error> {
    let mut patience = Patience::new();
    loop {
        let error = match discover_once(client).await {
            Err(error) => error,
            discovered => return discovered,
        };
        // A server that cannot be reached at all is told at once: most often its name is wrong.
        let pause = match &error {
            Error::Api(status) if may_pass(status.code) => {
                let wanted = status.details.as_ref().map(|details| u64::from(details.retry_after_seconds));
                patience.pause(status.code, wanted.map(Duration::from_secs))
            }
            _ => None,
        };
        let Some(pause) = pause else { return Err(error) };
        tokio::time::sleep(pause).await;
    }
}

/// Two requests where the server knows aggregated discovery (1.26), one a group elsewhere.
async fn discover_once(client: &Client) -> Result<Discovered, Error> {
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
                self.add_silent(&name, &number, "");
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

    /// Asks group by group. One whose server is down costs only itself.
    async fn one_by_one(client: &Client) -> Result<Self, Error> {
        let mut discovered = Self::default();
        for version in client.list_core_api_versions().await?.versions {
            discovered.add_list("", &version, client.list_core_api_resources(&version).await?);
        }
        for group in client.list_api_groups().await?.groups {
            let preferred = group.preferred_version.map(|version| version.version);
            let mut versions: Vec<_> = group.versions.into_iter().map(|version| version.version).collect();
            versions.sort_by_key(|version| Some(version) != preferred.as_ref());
            for version in versions {
                match client.list_api_group_resources(&format!("{}/{version}", group.name)).await {
                    Ok(list) => discovered.add_list(&group.name, &version, list),
                    Err(error) => discovered.add_silent(&group.name, &version, &format!(": {}", said(&error))),
                }
            }
        }
        discovered.resources.sort();
        Ok(discovered)
    }

    /// Takes what can be listed and is not known from a version that comes before.
    fn add_list(&mut self, group: &str, version: &str, list: APIResourceList) {
        for resource in list.resources {
            let known = self.resources.iter().any(|known| known.group == group && known.plural == resource.name);
            if !known && resource.verbs.iter().any(|verb| verb == "list") {
                self.resources.push(Resource {
                    group: group.to_owned(),
                    version: version.to_owned(),
                    plural: resource.name,
                    kind: resource.kind,
                    namespaced: resource.namespaced,
                });
            }
        }
    }

    fn add_silent(&mut self, group: &str, version: &str, why: &str) {
        let reason = format!("its server does not say what it serves: nothing of it was read{why}");
        self.silent.push(Skipped { place: format!("{group}/{version}"), reason, unread: true });
    }
}

/// An error in the server's words, if it used any.
fn said(error: &Error) -> String {
    match error {
        Error::Api(status) if !status.message.is_empty() => status.message.clone(),
        error => chain(error),
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
