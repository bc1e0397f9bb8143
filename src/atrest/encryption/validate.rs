//! What the API server checks after decoding, and what fails when it builds its transformers.

use std::collections::{BTreeMap, BTreeSet};

use crate::manifest::Node;

use super::config::{Entry, Listed};
use super::decode::Decoder;
use super::duration;
use super::endpoint;
use super::key::Key;
use super::provider::{Cipher, KmsVersion, Scheme};
use super::resource::GroupResource;
use super::server::Server;

/// What a KMS provider says of itself, each with its place.
pub(super) struct Said<'t> {
    pub(super) node: Node<'t>,
    pub(super) version: Option<(Node<'t>, &'t str)>,
    pub(super) name: Option<(Node<'t>, &'t str)>,
    pub(super) endpoint: Option<(Node<'t>, &'t str)>,
    pub(super) cache: Option<(Node<'t>, i32)>,
    pub(super) timeout: Option<(Node<'t>, &'t str)>,
}

impl<'t> Said<'t> {
    /// Nothing said.
    pub(super) fn nothing(node: Node<'t>) -> Self {
        Self { node, version: None, name: None, endpoint: None, cache: None, timeout: None }
    }
}

/// The name of a resource.
pub(super) fn resource<'t>(decoder: &mut Decoder<'t>, listed: &Listed<'t>, written: &str, server: &Server) {
    if let Some(why) = listed.resource.refusal(written).filter(|_| server.has_wildcards()) {
        decoder.refuse(listed.node, why);
    }
}

/// A key of a cipher.
pub(super) fn key<'t>(decoder: &mut Decoder<'t>, key: &Key<'t>, encoded: &str, cipher: Cipher) {
    if key.name.is_empty() {
        decoder.refuse(key.named.unwrap_or(key.node), "a key needs a name");
    }
    match &key.material {
        _ if encoded.is_empty() => decoder.refuse(key.place(), "a key needs a secret"),
        None => decoder.refuse(key.place(), "the secret of a key must be base64, with its padding"),
        Some(material) if !cipher.key_lengths().contains(&material.length()) => {
            let lengths: Vec<_> = cipher.key_lengths().iter().map(ToString::to_string).collect();
            let why = format!("the key has {} bytes; {cipher} takes {}", material.length(), lengths.join(", "));
            decoder.refuse(key.place(), why);
        }
        Some(_) => {}
    }
}

/// A KMS provider by itself.
pub(super) fn kms<'t>(decoder: &mut Decoder<'t>, said: &Said<'t>, version: Option<KmsVersion>, server: &Server) {
    let at = |said: Option<(Node<'t>, &'t str)>, node: Node<'t>| said.map_or((node, ""), |said| said);
    let (place, name) = at(said.name, said.node);
    if name.is_empty() {
        decoder.refuse(place, "a KMS provider needs a name");
    }
    if version != Some(KmsVersion::V1) && name.contains(':') {
        decoder.refuse(place, "the name of a KMS provider must not contain ':'");
    }
    let (place, endpoint) = at(said.endpoint, said.node);
    if let Some(why) = endpoint::refusal(endpoint) {
        decoder.refuse(place, why);
    }
    match said.timeout.map(|(node, timeout)| (node, duration::is_positive(timeout))) {
        Some((node, None)) => decoder.refuse(node, "the timeout must be a duration with its unit: 3s"),
        Some((node, Some(false))) => decoder.refuse(node, "the timeout must be longer than nothing"),
        _ => {}
    }
    match said.cache {
        Some((node, _)) if version != Some(KmsVersion::V1) => {
            decoder.refuse(node, "cachesize is for KMS v1 only");
        }
        Some((node, 0)) => decoder.refuse(node, "cachesize must not be 0; less than 0 turns the cache off"),
        _ => {}
    }
    let place = said.version.map_or(said.node, |(node, _)| node);
    match version {
        None => decoder.refuse(place, "apiVersion of a KMS provider must be v1 or v2"),
        Some(KmsVersion::V1) if !server.kms_v1 => decoder.refuse(
            place,
            "KMS v1 is off unless the server has --feature-gates=KMSv1=true (1.29 and later); without an apiVersion it \
             is v1",
        ),
        Some(KmsVersion::V2) if !server.has_kms_v2() => {
            decoder.refuse(place, "KMS v2 is off before 1.27 unless the server has --feature-gates=KMSv2=true");
        }
        Some(_) => {}
    }
}

/// What takes more than one place to see.
pub(super) fn config<'t>(decoder: &mut Decoder<'t>, entries: &[Entry<'t>], server: &Server) {
    let mut plugins = BTreeSet::new();
    let mut earlier = BTreeSet::new();
    for entry in entries {
        if server.has_wildcards() {
            overlaps(decoder, entry);
            masks(decoder, entry, &mut earlier);
        }
        names(decoder, entry, &mut plugins, server);
    }
}

/// Resources of one list that stand for each other.
fn overlaps<'t>(decoder: &mut Decoder<'t>, entry: &Entry<'t>) {
    let mut seen = BTreeSet::new();
    // Of each group, how many resources it has and where its wildcard is.
    let mut groups: BTreeMap<&str, (usize, Option<Node<'t>>)> = BTreeMap::new();
    for listed in &entry.resources {
        let resource = &listed.resource;
        if !seen.insert(resource) {
            decoder.refuse(listed.node, format!("{resource} is named twice in one entry"));
            continue;
        }
        let (count, wildcard) = groups.entry(&resource.group).or_default();
        *count += 1;
        if resource.is_wildcard() {
            *wildcard = Some(listed.node);
        }
        if *resource == GroupResource::everything() && entry.resources.len() > 1 {
            decoder.refuse(listed.node, "*.* covers the other resources of its entry");
        }
    }
    for (count, wildcard) in groups.into_values() {
        if let Some(node) = wildcard.filter(|_| count > 1) {
            decoder.refuse(node, "the wildcard covers other resources of its entry");
        }
    }
}

/// Resources that an earlier wildcard keeps from ever being looked up.
fn masks<'t>(decoder: &mut Decoder<'t>, entry: &Entry<'t>, earlier: &mut BTreeSet<GroupResource>) {
    for listed in &entry.resources {
        let wildcards = [listed.resource.siblings(), GroupResource::everything()];
        if let Some(wildcard) = wildcards.iter().find(|wildcard| earlier.contains(*wildcard)) {
            decoder.refuse(listed.node, format!("{} is masked by an earlier {wildcard}", listed.resource));
        }
    }
    earlier.extend(entry.resources.iter().map(|listed| listed.resource.clone()));
}

/// Names of plugins that are taken.
fn names<'t>(decoder: &mut Decoder<'t>, entry: &Entry<'t>, taken: &mut BTreeSet<String>, server: &Server) {
    for provider in &entry.providers {
        let Some(Scheme::Kms(kms)) = &provider.scheme else { continue };
        let unique = server.reload || kms.version != Some(KmsVersion::V1);
        if !taken.insert(kms.name.clone()) && unique {
            decoder.refuse(provider.node, "the name of the KMS provider is taken by another one");
        }
    }
}
