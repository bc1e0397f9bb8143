//! SealedSecrets of Bitnami, as the commands of `seal` meet them.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, bail};
use ksecrets::manifest::Object;
use ksecrets::seal::bitnami::{self, KeyName, SealedSecret, lint, scope_of};
use ksecrets::seal::document::{File, Place, Value};
use ksecrets::seal::{self, Context, PlainSecret, Recipient, Scope};
use zeroize::Zeroizing;

use super::super::argument::unreadable;
use super::keys::private_text;
use super::update::update;
use super::which::Called;
use super::{count, say};

/// Where kubeseal, too, looks for a certificate that no argument names.
const VARIABLE: &str = "SEALED_SECRETS_CERT";

/// One of their objects. What is wrong with it is said by the command that needs it.
pub(super) struct Theirs(Result<Box<SealedSecret>, bitnami::Error>);

/// The certificate of a controller, and its file.
pub(super) struct Certificate(bitnami::Certificate, String);

/// Backed up private keys of a controller.
pub(super) struct Keys(bitnami::Keys);

impl Theirs {
    pub(super) fn of(object: &Object<'_>) -> Self {
        Self(SealedSecret::of(object).map(Box::new))
    }

    /// What its annotations say.
    pub(super) fn scope(&self) -> Option<Scope> {
        self.0.as_ref().ok().map(|sealed| sealed.scope())
    }

    /// What it is called, without a name where it cannot be read.
    pub(super) fn called(&self) -> Called {
        let sealed = self.0.as_ref().ok();
        let namespace = sealed.and_then(|sealed| sealed.namespace()).map(str::to_owned);
        Called { namespace, name: sealed.map(|sealed| sealed.name().to_owned()).unwrap_or_default() }
    }

    fn read(self) -> anyhow::Result<SealedSecret> {
        Ok(*self.0?)
    }

    /// Seals one value into it.
    pub(super) fn set(
        self,
        file: &mut File,
        place: &Place,
        (key, value): (&str, &[u8]),
        certificate: &Certificate,
    ) -> anyhow::Result<()> {
        let before = self.read()?;
        let mut after = before.clone();
        after.set(key, value, &certificate.0)?;
        update(file, place, &value_of(&before)?, &value_of(&after)?)
    }

    /// Seals the values of a Secret into it. Where it names no namespace, that of the Secret counts.
    pub(super) fn merge(
        self,
        file: &mut File,
        place: &Place,
        plain: &PlainSecret,
        certificate: &Certificate,
    ) -> anyhow::Result<()> {
        let before = self.read()?;
        let mut after = before.clone();
        if let (None, Some(namespace)) = (before.namespace(), &plain.namespace) {
            after.set_namespace(namespace)?;
        }
        after.merge(plain, &certificate.0)?;
        let (before, mut after) = (value_of(&before)?, value_of(&after)?);
        after["metadata"] = before["metadata"].clone();
        update(file, place, &before, &after)
    }
}

impl Certificate {
    /// Reads a certificate that is good today.
    pub(super) fn read(path: Option<&Path>) -> anyhow::Result<Self> {
        let path = match path {
            Some(path) => path.to_path_buf(),
            None => variable()?,
        };
        Self::parse(&path, Some(now()))
    }

    /// Reads one to compare with, and says of an expired one what is wrong.
    pub(super) fn read_even_expired(path: &Path) -> anyhow::Result<(Self, Option<String>)> {
        let certificate = Self::parse(path, None)?;
        let expiry = certificate.0.is_expired(Some(now())).then(|| certificate.0.expiry());
        let fault = expiry.map(|expiry| bitnami::Fault::CertificateExpired(expiry).to_string());
        Ok((certificate, fault))
    }

    fn parse(path: &Path, now: Option<i64>) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        if name.starts_with("https://") || name.starts_with("http://") {
            bail!(
                "ksecrets calls nobody: fetch the certificate with `curl -fsS -o cert.pem {name}`, and say --cert cert.pem"
            );
        }
        let text = fs::read_to_string(path).map_err(|error| unreadable(path, "the certificate", error))?;
        Ok(Self(bitnami::Certificate::read(&text, now).context(name.clone())?, name))
    }

    /// Says which key something was sealed for.
    pub(super) fn tell(&self) {
        let Self(certificate, name) = self;
        say(&format!("sealed for {} of {name}, which expires {}", certificate.key_name(), certificate.expiry()));
    }

    /// Seals one value for a place.
    pub(super) fn seal_value(
        &self,
        value: &[u8],
        scope: Scope,
        (namespace, name): (Option<&str>, Option<&str>),
    ) -> anyhow::Result<String> {
        if scope == Scope::Strict && (namespace.is_none() || name.is_none()) {
            bail!("in scope strict a value is bound to namespace and name: say --namespace and --name");
        }
        if scope == Scope::Namespace && namespace.is_none() {
            bail!("in scope namespace a value is bound to its namespace: say --namespace");
        }
        // A name that Kubernetes refuses could never be opened.
        Context::new(Scope::Cluster, namespace, name.unwrap_or("any"))?;
        let label = bitnami::label(scope, namespace, name.unwrap_or_default())?;
        Ok(bitnami::seal_value(value, &label, &self.0)?)
    }
}

fn variable() -> anyhow::Result<PathBuf> {
    match env::var_os(VARIABLE).filter(|word| !word.is_empty()) {
        Some(word) => Ok(word.into()),
        None => bail!("name the certificate of the controller with --cert: `kubeseal --fetch-cert > cert.pem` gets it"),
    }
}

/// Seconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Seals a Secret. Without a scope, its own annotations say which, as kubeseal has it.
pub(super) fn seal(plain: &PlainSecret, scope: Option<Scope>, certificate: &Certificate) -> anyhow::Result<Value> {
    let scope = scope.unwrap_or_else(|| scope_of(&plain.annotations));
    Context::new(scope, plain.namespace.as_deref(), &plain.name)?;
    value_of(&SealedSecret::seal(plain, scope, &certificate.0)?)
}

/// What is wrong with an object, told without any private key: where, a short name, a sentence.
pub(super) fn problems(object: &Object<'_>, certificate: Option<&Certificate>) -> Vec<(usize, &'static str, String)> {
    let all = lint(object, certificate.map(|certificate| &certificate.0), None);
    all.iter().map(|problem| (problem.at.start, problem.fault.code(), problem.to_string())).collect()
}

impl Keys {
    /// Reads keys from files that others cannot read.
    pub(super) fn read(paths: &[PathBuf], allow_readable: bool) -> anyhow::Result<Self> {
        let mut keys = bitnami::Keys::default();
        for path in paths {
            let text = private_text(path, "private key", allow_readable)?;
            keys.add(bitnami::Keys::read(&text).with_context(|| path.display().to_string())?);
        }
        for useless in keys.useless() {
            say(&format!("left out a private key: {useless}"));
        }
        Ok(Self(keys))
    }

    /// The Secret in YAML, and whether it is all of it. Says which key opened it.
    pub(super) fn open(&self, theirs: Theirs, title: &str) -> anyhow::Result<(Zeroizing<String>, bool)> {
        let sealed = theirs.read().with_context(|| title.to_owned())?;
        let what = format!("{title}: SealedSecret {}", sealed.name());
        let opened = sealed.open(&self.0).with_context(|| what.clone())?;
        for (opener, keys) in by_opener(&opened.openers) {
            say(&format!("{what}: {} opened with {opener}", keys.join(", ")));
        }
        for key in &opened.templates {
            say(&format!("{what}: {key} is left out: it is a Go template, which only the controller fills in"));
        }
        Ok((opened.secret.to_yaml(), opened.templates.is_empty()))
    }

    /// The same for recipients. Says how many values each key opened.
    pub(super) fn import(
        &self,
        theirs: Theirs,
        namespace: Option<&str>,
        to: &[Recipient],
        opened: &mut BTreeMap<String, usize>,
    ) -> anyhow::Result<seal::SealedSecret> {
        let mut sealed = theirs.read()?;
        let what = format!("SealedSecret {}", sealed.name());
        if let Some(namespace) = namespace {
            sealed.set_namespace(namespace).with_context(|| what.clone())?;
        }
        let import = sealed.import(&self.0).with_context(|| what.clone())?;
        for opener in import.openers.values() {
            *opened.entry(opener.to_string()).or_default() += 1;
        }
        let ours = seal::SealedSecret::seal(&import.secret, import.scope, to).context(what)?;
        Ok(ours.with_metadata(import.labels, import.annotations))
    }
}

/// Says which keys opened how much.
pub(super) fn tell(opened: &BTreeMap<String, usize>) {
    for (opener, values) in opened {
        say(&format!("{} opened with {opener}", count(*values, "value")));
    }
}

fn by_opener(openers: &BTreeMap<String, KeyName>) -> BTreeMap<&KeyName, Vec<&str>> {
    let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (key, opener) in openers {
        all.entry(opener).or_default().push(key.as_str());
    }
    all
}

fn value_of(sealed: &SealedSecret) -> anyhow::Result<Value> {
    Ok(serde_yaml::from_str(&sealed.to_yaml()?)?)
}
