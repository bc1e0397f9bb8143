//! Lists one resource after the other, page by page.

use std::collections::HashSet;
use std::sync::Arc;

use kube::Client;
use kube::core::{ObjectList, PartialObjectMeta};
use tokio::sync::OnceCell;
use tokio::sync::mpsc::Sender;

use super::page::Page;
use super::patience;
use super::resource::Resource;
use super::{Event, Options};
use crate::model::Skipped;

/// Objects on the first page. How large they are is not known before.
const FIRST: usize = 100;
/// Most objects on a page, as kubectl has it.
const MOST: usize = 500;
/// Bytes that a page should have: a handful of pages are in memory at a time.
const PAGE: usize = 2 << 20;
/// How often in a row a list may be too old to go on.
const EXPIRIES: usize = 3;

const JSON: &str = "application/json";
/// Only the metadata of objects (<https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches>).
const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/// The API group of roles and bindings.
const RBAC: &str = "rbac.authorization.k8s.io";

/// Who lists, and where what comes goes.
#[derive(Clone)]
pub(super) struct Listing {
    client: Client,
    namespaces: Vec<String>,
    metadata_only: bool,
    events: Sender<Event>,
    /// Asked for when the first list is refused, and by all who list together.
    known: Arc<OnceCell<Known>>,
}

/// The namespaces to try one by one.
struct Known {
    names: Vec<String>,
    /// Why it may not be all of them.
    partial: Option<String>,
}

/// Why a list ended early.
enum Failure {
    /// Nobody may do that.
    Forbidden,
    /// The list is too old to go on; the token begins it anew where it was, if the server gave one.
    Expired(Option<String>),
    /// The server gave a token that it gave before, so that its list would never end.
    Circle,
    /// Anything else, in words.
    Other(String),
}

impl Listing {
    pub(super) fn new(client: Client, options: &Options, events: Sender<Event>) -> Self {
        let Options { namespaces, metadata_only, .. } = options;
        let known = Arc::default();
        Self { client, namespaces: namespaces.clone(), metadata_only: *metadata_only, events, known }
    }

    /// Lists a resource wherever it is wanted and allowed.
    pub(super) async fn list(&self, resource: &Resource) {
        if !resource.namespaced {
            // Who reads the Secrets of a namespace is said in its bindings and in those of the cluster.
            let wanted = self.namespaces.is_empty() || resource.group == RBAC;
            if wanted && let Err(failure) = self.pages(resource, None).await {
                self.skip(resource, None, failure).await;
            }
            return;
        }
        if self.namespaces.is_empty() {
            match self.pages(resource, None).await {
                Ok(()) => return,
                Err(Failure::Forbidden) => {}
                Err(failure) => return self.skip(resource, None, failure).await,
            }
        }
        // Who may not list everywhere may do so in some namespaces.
        let (namespaces, partial) = if self.namespaces.is_empty() {
            let known = self.known.get_or_init(|| self.ask_namespaces()).await;
            (&known.names, known.partial.as_deref())
        } else {
            (&self.namespaces, None)
        };
        let (mut refused, mut allowed) = (Vec::new(), false);
        for namespace in namespaces {
            match self.pages(resource, Some(namespace)).await {
                Ok(()) => allowed = true,
                Err(Failure::Forbidden) => refused.push(namespace),
                Err(failure) => self.skip(resource, Some(namespace), failure).await,
            }
        }
        if !allowed && self.namespaces.is_empty() {
            return self.skip(resource, None, Failure::Forbidden).await;
        }
        for namespace in refused {
            self.skip(resource, Some(namespace), Failure::Forbidden).await;
        }
        // What was read must not look like everything there is.
        if let Some(partial) = partial {
            self.tell(resource, None, format!("{}; {partial}", missing(resource, None))).await;
        }
    }

    /// Says which of the namespaces that were asked for do not exist, as far as that may be known: their lists are empty
    /// like those of others.
    pub(super) async fn check_namespaces(&self) {
        for namespace in &self.namespaces {
            let uri = format!("/api/v1/namespaces?fieldSelector=metadata.name%3D{}", escaped(namespace));
            let Ok(answer) = patience::ask(&self.client, &uri, METADATA).await else { return };
            let list = serde_json::from_slice::<ObjectList<PartialObjectMeta>>(&answer.body);
            if answer.is_success() && list.is_ok_and(|list| list.items.is_empty()) {
                let skipped = Skipped {
                    place: format!("namespace {namespace}"),
                    reason: "does not exist".to_owned(),
                    unread: true,
                };
                // Nobody takes it only when everything is over.
                let _ = self.events.send(Event::Skipped(skipped)).await;
            }
        }
    }

    /// The namespaces to try one by one: all, or that of the context where one may not know them.
    async fn ask_namespaces(&self) -> Known {
        let why = match patience::ask(&self.client, "/api/v1/namespaces", METADATA).await {
            Ok(answer) if answer.is_success() => {
                match serde_json::from_slice::<ObjectList<PartialObjectMeta>>(&answer.body) {
                    Ok(list) => {
                        let names = list.items.into_iter().filter_map(|namespace| namespace.metadata.name);
                        return Known { names: names.collect(), partial: None };
                    }
                    Err(error) => format!("the answer is no list: {error}"),
                }
            }
            Ok(answer) if answer.status == 403 => "forbidden".to_owned(),
            Ok(answer) => answer.said(),
            Err(trouble) => trouble,
        };
        let own = self.client.default_namespace().to_owned();
        let partial = format!("read in namespace {own} only, as namespaces cannot be listed: {why}");
        Known { names: vec![own], partial: Some(partial) }
    }

    /// Lists one resource in one namespace or in all.
    async fn pages(&self, resource: &Resource, namespace: Option<&str>) -> Result<(), Failure> {
        let (mut limit, mut more) = (FIRST, None::<String>);
        let (mut begun_anew, mut expiries) = (false, 0);
        let mut seen = HashSet::new();
        loop {
            let next = match self.page(resource, namespace, limit, more.as_deref()).await {
                // Without a token from the server the list is begun anew, once: findings are told once anyway.
                Err(Failure::Expired(None)) if !begun_anew => {
                    begun_anew = true;
                    seen.clear();
                    more = None;
                    continue;
                }
                Err(Failure::Expired(Some(token))) if expiries < EXPIRIES && !seen.contains(&token) => {
                    expiries += 1;
                    token
                }
                page => {
                    let page = page?;
                    let (objects, next) =
                        page.outline().map_err(|error| Failure::Other(format!("the answer is no list: {error}")))?;
                    let size = page.bytes.len() / objects.max(1);
                    limit = (PAGE / size.max(1)).clamp(1, MOST);
                    expiries = 0;
                    if self.events.send(Event::Page(page)).await.is_err() {
                        return Ok(());
                    }
                    let Some(token) = next else { return Ok(()) };
                    token
                }
            };
            // Tokens name a place in the list, so going on always gives another one.
            if !seen.insert(next.clone()) {
                return Err(Failure::Circle);
            }
            more = Some(next);
        }
    }

    /// Asks for one page.
    async fn page(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        limit: usize,
        more: Option<&str>,
    ) -> Result<Page, Failure> {
        let token = more.map_or_else(String::new, |token| format!("&continue={}", escaped(token)));
        let uri = format!("{}?limit={limit}{token}", resource.path(namespace));
        let accept = if self.metadata_only && resource.is("", "Secret") { METADATA } else { JSON };
        let answer = patience::ask(&self.client, &uri, accept).await.map_err(Failure::Other)?;
        match answer.status {
            200..300 => Ok(Page { resource: resource.clone(), bytes: answer.body }),
            403 => Err(Failure::Forbidden),
            410 => Err(Failure::Expired(answer.refusal().and_then(|status| status.metadata?.continue_))),
            _ => Err(Failure::Other(answer.said())),
        }
    }

    async fn skip(&self, resource: &Resource, namespace: Option<&str>, failure: Failure) {
        let reason = match failure {
            Failure::Forbidden => missing(resource, namespace),
            Failure::Expired(_) => "changed faster than it could be read: not read to its end".to_owned(),
            Failure::Circle => "the server repeats pages without an end: not read to its end".to_owned(),
            Failure::Other(reason) => format!("cannot be listed: {reason}"),
        };
        self.tell(resource, namespace, reason).await;
    }

    async fn tell(&self, resource: &Resource, namespace: Option<&str>, reason: String) {
        let place = match namespace {
            Some(namespace) => format!("{resource} in {namespace}"),
            None => resource.to_string(),
        };
        // Nobody takes it only when everything is over.
        let _ = self.events.send(Event::Skipped(Skipped { place, reason, unread: true })).await;
    }
}

/// The permission that would have been needed, in the words of a Role.
fn missing(resource: &Resource, namespace: Option<&str>) -> String {
    let scope = match namespace {
        Some(namespace) => format!("in namespace {namespace}"),
        None => "cluster-wide".to_owned(),
    };
    format!("forbidden: needs the verb list on {} of the API group \"{}\", {scope}", resource.plural, resource.group)
}

/// A token as part of a query. They are base64, so little needs escaping.
fn escaped(token: &str) -> String {
    token.bytes().fold(String::with_capacity(token.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_survive_the_query() {
        assert_eq!(escaped("eyJ2-_.~=+/"), "eyJ2-_.~%3D%2B%2F");
    }
}
