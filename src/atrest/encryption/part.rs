//! What of a corrected configuration has the same providers, and in which order they are to be.

use std::collections::{BTreeMap, BTreeSet};

use super::chosen::Chosen;
use super::config::Config;
use super::fix::{CorrectError, Fresh, Stage};
use super::piece::{Piece, Trust};
use super::resource::GroupResource;

/// What is to become of every part.
pub(super) struct Plan<'c> {
    fresh: Fresh<'c>,
    stage: Stage,
    /// What is to be first, where somebody named it.
    chosen: Option<Chosen>,
    trust: Trust<'c>,
}

impl<'c> Plan<'c> {
    /// A key that is named must be one that a part has which encrypts.
    pub(super) fn of(
        config: &'c Config<'c>,
        parts: &[Part<'_>],
        fresh: Fresh<'c>,
        stage: Stage,
    ) -> Result<Self, CorrectError> {
        let pieces = parts.iter().filter(|part| part.is_wanted()).flat_map(|part| &part.pieces);
        let chosen = match fresh {
            Fresh::Listed(name) => Some(Chosen::of(&pieces.flat_map(Piece::listed).collect(), name)?),
            Fresh::IfNeeded | Fresh::Always => None,
        };
        Ok(Self { fresh, stage, chosen, trust: Trust::of(config) })
    }
}

/// Resources that have the same providers.
pub(super) struct Part<'c> {
    pub(super) resources: Vec<GroupResource>,
    pieces: Vec<Piece<'c>>,
    /// Whether Secrets are looked up here.
    covers_secrets: bool,
}

impl<'c> Part<'c> {
    /// Whether it is to encrypt: Secrets always, and whatever did before.
    fn is_wanted(&self) -> bool {
        self.covers_secrets || self.pieces.first().is_some_and(|piece| !piece.is_identity())
    }

    /// Whether it has what encrypts Secrets.
    pub(super) fn is_begun(&self) -> bool {
        self.covers_secrets && self.pieces.iter().any(|piece| !piece.is_identity())
    }

    /// Whether a new key is to stand in it.
    pub(super) fn needs_key(&self, plan: &Plan<'_>) -> bool {
        let writer = || self.pieces.iter().find(|piece| !piece.is_identity());
        self.is_wanted()
            && match (plan.stage, plan.fresh) {
                (Stage::Finish, _) | (_, Fresh::Listed(_)) => false,
                (_, Fresh::Always) => true,
                (_, Fresh::IfNeeded) => writer().is_none_or(|writer| !plan.trust.has(writer, self.covers_secrets)),
            }
    }

    /// What it is to have, in order. What is plaintext on purpose stays as it is: what stands behind reads what was not
    /// rewritten yet, and nothing tells that all of it was.
    pub(super) fn ordered(&self, plan: &Plan<'_>) -> Vec<Piece<'c>> {
        let mut pieces = self.pieces.clone();
        if pieces.is_empty() {
            pieces.push(Piece::Identity);
        }
        if !self.is_wanted() {
            return pieces;
        }
        if plan.stage != Stage::Announce {
            pieces.sort_by_key(Piece::is_identity);
        }
        if let Some(chosen) = &plan.chosen
            && let Some(place) = pieces.iter().position(|piece| piece.listed().contains(chosen))
        {
            let mut piece = pieces.remove(place);
            piece.put_first(chosen);
            pieces.insert(0, piece);
        }
        match plan.stage {
            Stage::Finish => {
                pieces.truncate(1);
                pieces.iter_mut().for_each(Piece::keep_first);
            }
            _ if !self.needs_key(plan) => {}
            Stage::Announce => pieces.insert(1, Piece::New),
            Stage::Migrate => pieces.insert(0, Piece::New),
        }
        pieces
    }
}

/// How wide a resource is.
fn width(resource: &GroupResource) -> u8 {
    u8::from(resource.is_wildcard()) + u8::from(*resource == GroupResource::everything())
}

/// Every resource with all its providers, narrow ones before wide ones, so that nothing masks. `split` parts what one
/// entry has of different width.
pub(super) fn parts<'c>(config: &'c Config<'c>, split: bool) -> Vec<Part<'c>> {
    let mut seen = BTreeSet::new();
    let mut resources: Vec<&GroupResource> = Vec::new();
    for listed in config.entries().iter().flat_map(|entry| &entry.resources) {
        let written = listed.resource.to_string();
        if listed.resource.refusal(&written).is_none() && !written.is_empty() && seen.insert(&listed.resource) {
            resources.push(&listed.resource);
        }
    }
    let mut numbered: BTreeMap<(u8, Vec<u32>), usize> = BTreeMap::new();
    let mut parts: Vec<Part<'c>> = Vec::new();
    for resource in resources {
        let entries: Vec<_> = config.naming(resource).collect();
        let numbers = entries.iter().map(|entry| entry.node.number()).collect();
        let place = *numbered.entry((if split { width(resource) } else { 0 }, numbers)).or_insert(parts.len());
        if place == parts.len() {
            let providers = entries.iter().flat_map(|entry| &entry.providers);
            let pieces = once(providers.filter_map(Piece::of));
            parts.push(Part { resources: Vec::new(), pieces, covers_secrets: false });
        }
        parts[place].resources.push(resource.clone());
    }
    parts.sort_by_key(|part| part.resources.iter().map(width).max());
    let secrets = GroupResource::secrets();
    let names = [secrets.clone(), secrets.siblings(), GroupResource::everything()];
    let covering = names.iter().find_map(|name| parts.iter().position(|part| part.resources.contains(name)));
    // A wildcard that never encrypted anything is not made to encrypt everything.
    match covering.map(|place| &mut parts[place]) {
        Some(part) if part.resources.contains(&secrets) || part.pieces.iter().any(|one| !one.is_identity()) => {
            part.covers_secrets = true;
        }
        _ => parts.insert(0, Part { resources: vec![secrets], pieces: Vec::new(), covers_secrets: true }),
    }
    parts
}

/// Plaintext is read by one identity as well as by several.
fn once<'c>(pieces: impl Iterator<Item = Piece<'c>>) -> Vec<Piece<'c>> {
    let mut seen = false;
    pieces.filter(|piece| !piece.is_identity() || !std::mem::replace(&mut seen, true)).collect()
}
