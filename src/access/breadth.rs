//! How much one binding shows.

use std::collections::BTreeMap;

use super::listing::{full_listing, listing};
use super::path::SYSTEM;
use super::place::namespace_title;
use super::reading::Reading;
use super::verbs::ReadVerbs;
use crate::model::Severity;

/// What the roles of one binding read where the binding holds.
#[derive(Debug)]
pub(super) struct Breadth<'b> {
    namespace: Option<&'b str>,
    every: ReadVerbs,
    named: BTreeMap<&'b str, ReadVerbs>,
}

impl<'b> Breadth<'b> {
    /// Puts roles together; none when they read nothing.
    pub(super) fn of(namespace: Option<&'b str>, readings: impl Iterator<Item = &'b Reading>) -> Option<Self> {
        let mut breadth = Self { namespace, every: ReadVerbs::NONE, named: BTreeMap::new() };
        for reading in readings {
            breadth.every = breadth.every.union(reading.every);
            for (name, verbs) in &reading.named {
                let known = breadth.named.entry(name).or_default();
                *known = known.union(*verbs);
            }
        }
        (!breadth.every.is_empty() || !breadth.named.is_empty()).then_some(breadth)
    }

    /// Whether it shows Secrets of every namespace.
    pub(super) fn is_cluster_wide(&self) -> bool {
        self.namespace.is_none()
    }

    /// Whether it shows every Secret of its scope.
    pub(super) fn shows_every(&self) -> bool {
        !self.every.is_empty()
    }

    /// How bad it is for a service account. One that can only ask for names it knows is better, though names are no
    /// secret: every pod spec has some. The control plane's namespace is worse, for it holds keys to the others.
    pub(super) fn severity(&self) -> Severity {
        let listed = !self.every.intersection(ReadVerbs::LISTING).is_empty();
        match (self.namespace, self.shows_every()) {
            (None, true) => Severity::High,
            (None, false) => Severity::Medium,
            (Some(SYSTEM), true) => Severity::High,
            (Some(_), true) if listed => Severity::Medium,
            (Some(_), true) => Severity::Low,
            (Some(_), false) => Severity::Info,
        }
    }

    /// `get and list every Secret of namespace prod`.
    pub(super) fn sentence(&self) -> String {
        let whose = self.namespace.map_or_else(|| "the cluster".to_owned(), namespace_title);
        if self.shows_every() {
            return format!("{} every Secret of {whose}", full_listing(self.every.iter()));
        }
        let verbs = self.named.values().fold(ReadVerbs::NONE, |all, verbs| all.union(*verbs));
        let names = listing(self.named.keys());
        let noun = if self.named.len() == 1 { "Secret" } else { "Secrets" };
        match self.namespace {
            None => format!("{} {noun} {names} of every namespace", full_listing(verbs.iter())),
            Some(_) => format!("{} {noun} {names} of {whose}", full_listing(verbs.iter())),
        }
    }

    /// Whether none of its verbs looks like reading.
    pub(super) fn is_disguised(&self) -> bool {
        let verbs = self.named.values().fold(self.every, |all, verbs| all.union(*verbs));
        verbs.intersection(ReadVerbs::PLAIN).is_empty()
    }
}
