//! In place of `bitnami.rs` where the feature `bitnami` is off: the arguments are there, and say so.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::bail;
use ksecrets::manifest::Object;
use ksecrets::seal::document::{File, Place, Value};
use ksecrets::seal::{PlainSecret, Recipient, Scope, SealedSecret};
use zeroize::Zeroizing;

use super::which::Called;

const LACKING: &str = "this ksecrets was built without the feature `bitnami`: it knows no SealedSecrets of bitnami.com";

pub(super) struct Theirs(Called);

/// There is none.
pub(super) enum Certificate {}

/// There are none.
pub(super) enum Keys {}

impl Theirs {
    pub(super) fn of(object: &Object<'_>) -> Self {
        let name = object.name().unwrap_or_default().to_owned();
        Self(Called { namespace: object.namespace().map(str::to_owned), name })
    }

    pub(super) fn called(&self) -> Called {
        self.0.clone()
    }

    pub(super) fn scope(&self) -> Option<Scope> {
        None
    }

    pub(super) fn set(self, _: &mut File, _: &Place, _: (&str, &[u8]), it: &Certificate) -> anyhow::Result<()> {
        match *it {}
    }

    pub(super) fn merge(self, _: &mut File, _: &Place, _: &PlainSecret, it: &Certificate) -> anyhow::Result<()> {
        match *it {}
    }
}

impl Certificate {
    pub(super) fn read(_: Option<&Path>) -> anyhow::Result<Self> {
        bail!(LACKING)
    }

    pub(super) fn read_even_expired(_: &Path) -> anyhow::Result<(Self, Option<String>)> {
        bail!(LACKING)
    }

    pub(super) fn tell(&self) {
        match *self {}
    }

    pub(super) fn seal_value(&self, _: &[u8], _: Scope, _: (Option<&str>, Option<&str>)) -> anyhow::Result<String> {
        match *self {}
    }
}

pub(super) fn seal(_: &PlainSecret, _: Option<Scope>, certificate: &Certificate) -> anyhow::Result<Value> {
    match *certificate {}
}

/// Unknown is not sound.
pub(super) fn problems(object: &Object<'_>, _: Option<&Certificate>) -> Vec<(usize, &'static str, String)> {
    vec![(object.root.range().start, "not-looked-at", LACKING.to_owned())]
}

impl Keys {
    pub(super) fn read(_: &[PathBuf], _: bool) -> anyhow::Result<Self> {
        bail!(LACKING)
    }

    pub(super) fn open(&self, _: Theirs, _: &str) -> anyhow::Result<(Zeroizing<String>, bool)> {
        match *self {}
    }

    pub(super) fn import(
        &self,
        _: Theirs,
        _: Option<&str>,
        _: &[Recipient],
        _: &mut BTreeMap<String, usize>,
    ) -> anyhow::Result<SealedSecret> {
        match *self {}
    }
}

pub(super) fn tell(_: &BTreeMap<String, usize>) {}
