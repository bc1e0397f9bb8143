//! Lists one resource after the other, page by page.

use std::time::Duration;

use http::Request;
use http::header::ACCEPT;
use kube::Client;
use kube::client::Body;
use kube::core::Status;
use tokio::sync::mpsc::Sender;

use super::connection::chain;
use super::page::Page;
use super::resource::Resource;
use super::{Event, Options};
use crate::model::Skipped;

/// Objects on the first page. How large they are is not known before.
const FIRST: usize = 100;
/// Most objects on a page, as kubectl has it.
const MOST: usize = 500;
/// Bytes that a page should have: a handful of pages are in memory at a time.
const PAGE: usize = 2 << 20;
/// How often a server that fails is asked again, and for how long the first time is waited.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(250);

/// Only the metadata of objects (<https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches>).
const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/// The API group of roles and bindings.
const RBAC: &str = "rbac.authorization.k8s.io";

/// Who lists, and where what comes goes.
pub(super) struct Listing {
    client: Client,
    namespaces: Vec<String>,
    metadata_only: bool,
    events: Sender<Event>,
}

/// Why a list ended early.
enum Failure {
    /// Nobody may do that.
    Forbidden,
    /// The list is too old to go on; the token begins it anew where it was, if the server gave one.
    Expired(Option<String>),
    /// Anything else, in words.
    Other(String),
}

impl Listing {
    pub(super) fn new(client: Client, options: &Options, events: Sender<Event>) -> Self {
        let Options { namespaces, metadata_only, .. } = options;
        Self { client, namespaces: namespaces.clone(), metadata_only: *metadata_only, events }
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
        let namespaces =
            if self.namespaces.is_empty() { self.known_namespaces().await } else { self.namespaces.clone() };
        let (mut refused, mut allowed) = (Vec::new(), false);
        for namespace in namespaces {
            match self.pages(resource, Some(&namespace)).await {
                Ok(()) => allowed = true,
                Err(Failure::Forbidden) => refused.push(namespace),
                Err(failure) => self.skip(resource, Some(&namespace), failure).await,
            }
        }
        if !allowed && self.namespaces.is_empty() {
            return self.skip(resource, None, Failure::Forbidden).await;
        }
        for namespace in refused {
            self.skip(resource, Some(&namespace), Failure::Forbidden).await;
        }
    }

    /// The namespaces to try one by one, if one may know them.
    async fn known_namespaces(&self) -> Vec<String> {
        let request = Request::get("/api/v1/namespaces").body(Vec::new());
        let Ok(request) = request else { return Vec::new() };
        let Ok(list) = self.client.request::<kube::core::ObjectList<kube::core::PartialObjectMeta>>(request).await
        else {
            return vec![self.client.default_namespace().to_owned()];
        };
        list.items.into_iter().filter_map(|namespace| namespace.metadata.name).collect()
    }

    /// Lists one resource in one namespace or in all.
    async fn pages(&self, resource: &Resource, namespace: Option<&str>) -> Result<(), Failure> {
        let (mut limit, mut more) = (FIRST, None::<String>);
        let mut begun_anew = false;
        loop {
            let page = match self.page(resource, namespace, limit, more.as_deref()).await {
                Err(Failure::Expired(token)) if token.is_some() || !begun_anew => {
                    // Without a token from the server the list is begun anew, once: findings are told once anyway.
                    begun_anew |= token.is_none();
                    more = token;
                    continue;
                }
                page => page?,
            };
            let (objects, next) = page.outline().map_err(|error| Failure::Other(format!("no list: {error}")))?;
            let size = page.bytes.len() / objects.max(1);
            limit = (PAGE / size.max(1)).clamp(1, MOST);
            if self.events.send(Event::Page(page)).await.is_err() {
                return Ok(());
            }
            let Some(token) = next else { return Ok(()) };
            more = Some(token);
        }
    }

    /// Asks for one page, more than once if the server has trouble.
    async fn page(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        limit: usize,
        more: Option<&str>,
    ) -> Result<Page, Failure> {
        let token = more.map_or_else(String::new, |token| format!("&continue={}", escaped(token)));
        let uri = format!("{}?limit={limit}{token}", resource.path(namespace));
        let metadata = self.metadata_only && resource.is("", "Secret");
        let mut pause = PAUSE;
        for attempt in 1.. {
            let (status, body) = match self.ask(&uri, metadata).await {
                Ok((status, bytes)) if (200..300).contains(&status) => {
                    return Ok(Page { resource: resource.clone(), bytes });
                }
                Ok(answer) => answer,
                Err(error) if attempt >= TRIES => return Err(Failure::Other(chain(&error))),
                Err(_) => (0, Vec::new()),
            };
            if status == 0 || status == 429 || status >= 500 {
                if attempt >= TRIES {
                    return Err(Failure::Other(format!("the server failed {TRIES} times: {}", said(status, &body))));
                }
                tokio::time::sleep(pause).await;
                pause *= 2;
                continue;
            }
            return Err(match status {
                403 => Failure::Forbidden,
                410 => Failure::Expired(read(&body).and_then(|status| status.metadata?.continue_)),
                _ => Failure::Other(said(status, &body)),
            });
        }
        Err(Failure::Other("not asked".to_owned()))
    }

    async fn ask(&self, uri: &str, metadata: bool) -> Result<(u16, Vec<u8>), kube::Error> {
        let accept = if metadata { METADATA } else { "application/json" };
        let request = Request::get(uri).header(ACCEPT, accept).body(Body::empty()).map_err(kube::Error::HttpError)?;
        let response = self.client.send(request).await?;
        let status = response.status().as_u16();
        Ok((status, response.into_body().collect_bytes().await?.to_vec()))
    }

    async fn skip(&self, resource: &Resource, namespace: Option<&str>, failure: Failure) {
        let place = match namespace {
            Some(namespace) => format!("{resource} in {namespace}"),
            None => resource.to_string(),
        };
        let reason = match failure {
            Failure::Forbidden => missing(resource, namespace),
            Failure::Expired(_) => "changed faster than it could be read: not read to its end".to_owned(),
            Failure::Other(reason) => format!("cannot be listed: {reason}"),
        };
        let skipped = Skipped { place, reason, unread: true };
        // Nobody takes it only when everything is over.
        let _ = self.events.send(Event::Skipped(skipped)).await;
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

/// What the server said, as far as it said anything.
fn said(status: u16, body: &[u8]) -> String {
    let message = read(body).map(|status| status.message).filter(|message| !message.is_empty());
    message.unwrap_or_else(|| format!("status {status}"))
}

fn read(body: &[u8]) -> Option<Status> {
    serde_json::from_slice(body).ok()
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
