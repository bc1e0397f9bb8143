//! Whether what is stored is what a configuration makes: who wrote it, and who can read it. Of everything that is stored,
//! asked for or not: a key that is taken away takes every resource along. By names alone: a key of the same name may be
//! another key, and that no prefix tells.

use std::collections::BTreeMap;

use super::super::encryption::{Config, GroupResource, Storage};
use super::super::inquiry::Inquiry;
use super::super::rules::AtRestRule;
use super::super::stored::{Census, Sealing};
use super::some;
use super::stored::resource_of;
use crate::model::{Encrypted, Rung, Severity};

/// What API servers keep for themselves: no configuration encrypts it, `*.*` neither.
const NEVER_ENCRYPTED: [&str; 3] = ["masterleases", "peerserverleases", "ranges"];

/// What a configuration does.
#[derive(Debug)]
pub(in super::super) struct Configured {
    /// The file.
    of: String,
    /// By what its entries name, wildcards among them.
    named: BTreeMap<GroupResource, Way>,
}

/// How a configuration has a resource stored.
#[derive(Debug)]
struct Way {
    /// What each transformer puts in front of a value, the writer first.
    prefixes: Vec<String>,
    /// `by aescbc with key key1`, `as plaintext`.
    writer: String,
}

/// Objects of one resource that were written alike.
#[derive(Clone, Debug)]
pub struct Written {
    /// The database.
    pub place: String,
    /// What they are; everything where their key does not tell.
    pub resource: GroupResource,
    /// How they were written.
    pub sealing: Sealing,
    /// How many.
    pub values: u64,
    /// Names of some.
    pub(super) names: Vec<String>,
    /// Whether the last of the resource is among them.
    pub(super) newest: bool,
}

impl Configured {
    /// None where it would not load.
    fn of(path: &str, config: &Config<'_>) -> Option<Self> {
        let listed = config.entries().iter().flat_map(|entry| &entry.resources).map(|listed| &listed.resource);
        let named = listed.map(|resource| Some((resource.clone(), Way::of(&config.storage(resource)?))));
        Some(Self { of: path.to_owned(), named: named.collect::<Option<_>>()? })
    }

    /// By the rules of the server: the resource itself, then its group, then everything.
    fn way(&self, resource: &GroupResource) -> Option<&Way> {
        let names = [resource.clone(), resource.siblings(), GroupResource::everything()];
        names.iter().find_map(|name| self.named.get(name))
    }
}

impl Way {
    fn of(storage: &Storage<'_>) -> Self {
        let writer = storage.writer().filter(|_| storage.is_encrypted());
        Self {
            prefixes: storage.transformers().iter().map(|one| one.prefix()).collect(),
            writer: writer.map_or_else(|| "as plaintext".to_owned(), |writer| format!("by {writer}")),
        }
    }

    /// Of what no entry names.
    fn unnamed() -> Self {
        Self { prefixes: vec![String::new()], writer: "as plaintext".to_owned() }
    }

    fn encrypts(&self) -> bool {
        self.prefixes.first().is_some_and(|prefix| !prefix.is_empty())
    }

    /// The transformer that would read it, by position.
    fn reader(&self, sealing: &Sealing) -> Option<usize> {
        self.prefixes.iter().position(|prefix| sealing.is_under(prefix))
    }
}

impl Written {
    /// Everything that is counted, by resource and how it was written.
    pub(super) fn all(place: &str, census: &Census) -> Vec<Self> {
        let mut all: BTreeMap<(GroupResource, &Sealing), Self> = BTreeMap::new();
        let rows = census.rows().filter(|row| row.current.values > 0 && *row.sealing != Sealing::Unknown);
        for row in rows.filter(|row| row.group != Some("") || !NEVER_ENCRYPTED.contains(&row.resource)) {
            let resource = row.group.map_or_else(GroupResource::everything, |group| GroupResource {
                group: group.to_owned(),
                resource: row.resource.to_owned(),
            });
            let written = all.entry((resource.clone(), row.sealing)).or_insert_with(|| Self {
                place: place.to_owned(),
                resource,
                sealing: row.sealing.clone(),
                values: 0,
                names: Vec::new(),
                newest: row.newest,
            });
            written.values += row.current.values;
            let namespace = row.namespace.map_or_else(String::new, |namespace| format!("{namespace}/"));
            written.names.extend(row.current.names.iter().map(|name| format!("{namespace}{name}")));
        }
        all.into_values().collect()
    }

    /// The first of them that a configuration does not read. What no entry names may be another API server's, and is not
    /// looked at.
    #[must_use]
    pub fn unread<'w>(stored: &'w [Self], config: &Config<'_>) -> Option<&'w Self> {
        let configured = Configured::of("", config)?;
        stored.iter().find(|written| {
            let way = configured.way(&written.resource);
            way.is_some_and(|way| way.reader(&written.sealing).is_none())
        })
    }

    /// `3 secrets under aescbc key1: prod/a, prod/b and 1 more`.
    #[must_use]
    pub fn describe(&self) -> String {
        format!("{} {} {}: {}", self.values, self.resource, self.how(), some(&self.names, self.values))
    }

    pub(super) fn how(&self) -> String {
        if self.sealing.is_plain() { "as plaintext".to_owned() } else { format!("under {}", self.sealing) }
    }
}

impl Inquiry {
    /// Compares every configuration with everything that is stored.
    pub(in super::super) fn compare_stored(&mut self) {
        let (configured, written) = (std::mem::take(&mut self.configured), std::mem::take(&mut self.written));
        for configured in &configured {
            for written in &written {
                self.compare(configured, written);
            }
        }
        self.written = written;
    }

    /// Of what nobody asked for, only what an entry names is compared: routes of OpenShift are encrypted by an API server
    /// with a configuration of its own. What a key does not tell is left alone too.
    fn compare(&mut self, configured: &Configured, written: &Written) {
        let Written { place, resource, .. } = written;
        let asked = self.resources().find(|(_, asked)| *asked == resource).map(|(number, _)| number);
        let unnamed = asked.map(|_| Way::unnamed());
        let Some(way) = configured.way(resource).or(unnamed.as_ref()).filter(|_| !resource.is_wildcard()) else {
            return;
        };
        let reader = way.reader(&written.sealing);
        if reader == Some(0) {
            return;
        }
        let location = || resource_of(place, resource);
        let (of, plain, writer) = (&configured.of, written.sealing.is_plain(), &way.writer);
        let names = some(&written.names, written.values);
        let how = if plain { "plaintext".to_owned() } else { written.how() };
        if reader.is_none() {
            let message = format!("{how}, which {of} does not read: {names}");
            self.find(AtRestRule::Undecryptable, None, message, location());
        } else if asked.is_none() && way.encrypts() {
            // What somebody asked for is judged namespace by namespace.
            let message = format!("{how}, and {of} has {resource} written {writer}: {names}");
            let (rule, severity) = match plain {
                true => (AtRestRule::StoredPlaintext, Some(Severity::High)),
                false => (AtRestRule::StoredStale, None),
            };
            self.find(rule, severity, message, location());
        }
        if let Some(asked) = asked.filter(|_| written.newest) {
            let message = format!(
                "the last write of {resource} was {how}, and {of} has them written {writer}: it is not in force, or nothing \
                 was written since"
            );
            self.find(AtRestRule::Drift, Some(Severity::Medium), message, location());
            self.doubt(asked, of, &format!("but the last write in {place} was {how}"));
        }
    }

    /// What a file makes an API server do says little where it is not in force.
    fn doubt(&mut self, resource: usize, of: &str, why: &str) {
        let prefix = format!("{of}: ");
        let claims =
            self.claims.iter_mut().filter(|claim| claim.resource == resource && claim.rung == Rung::Configuration);
        for claim in claims.filter(|claim| claim.reason.starts_with(&prefix)) {
            claim.encrypted = Encrypted::Unknown;
            claim.reason += &format!(", {why}");
        }
    }

    /// Keeps what a configuration does, to compare it with what is stored.
    pub(super) fn keep_configured(&mut self, path: &str, config: &Config<'_>) {
        self.configured.extend(Configured::of(path, config));
    }

    /// Whether a configuration that was taken before has a resource encrypted.
    pub(super) fn is_to_be_encrypted(&self, resource: &GroupResource) -> bool {
        self.configured.iter().any(|configured| configured.way(resource).is_some_and(Way::encrypts))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::encryption::Server;
    use super::super::super::stored::{Age, Evidence, Origin, Stored};
    use super::*;

    const CONFIG: &str = "\
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers:
  - kms: {apiVersion: v2, name: 'vault', endpoint: 'unix:///run/kms.sock'}
  - aescbc: {keys: [{name: 'a:b', secret: 7Zm34Nnu/J7f7l842x7u68C6pFaoDp8b9/8kc+qrSbE=}]}
";

    /// Findings about a census of these values, the last of which was written last, and what the configuration is worth.
    fn told(values: &[&[u8]]) -> String {
        told_of("secrets", values, "secrets")
    }

    fn told_of(folder: &str, values: &[&[u8]], named: &str) -> String {
        let mut inquiry = Inquiry::new(vec![GroupResource::secrets(), GroupResource::parse("configmaps")], None);
        let config = CONFIG.replace("[secrets]", &format!("[{named}]"));
        inquiry.configuration("enc.yaml", &config, &Server::default()).unwrap();
        let mut census = Census::default();
        for (revision, value) in values.iter().enumerate() {
            let key = format!("/registry/{folder}/prod/s{revision}");
            census.take(Stored { key: key.as_bytes(), value, revision: revision as u64, age: Age::Current });
        }
        census.sort();
        let evidence =
            Evidence { origin: Origin::Etcd, revision: 1, census, unseen: Vec::new(), residue: None, unsettled: false };
        inquiry.stored("db", &evidence);
        let outcome = inquiry.end();
        let compared = outcome.findings.iter().filter(|one| {
            let at_place = one.location.object.as_ref().is_some_and(|object| object.kind == "Resource");
            at_place || one.id().as_str() == "stored-plaintext" && one.severity == Severity::Medium
        });
        let mut lines: Vec<String> =
            compared.map(|one| format!("{} {}: {}", one.severity, one.id(), one.message)).collect();
        lines.push(outcome.verdicts[0].rungs[1].reason.clone());
        lines.join("\n")
    }

    #[test]
    fn what_a_configuration_writes_and_reads_is_fine() {
        let vault: &[u8] = b"k8s:enc:kms:v2:vault:\x12\x01k";
        insta::assert_snapshot!(told(&[b"k8s:enc:aescbc:v1:a:b:x", vault]), @"enc.yaml: written by kms v2 vault");
    }

    #[test]
    fn what_it_does_not_read_is_lost_with_it() {
        let vault: &[u8] = b"k8s:enc:kms:v2:vault:\x12\x01k";
        insta::assert_snapshot!(told(&[b"k8s:enc:aescbc:v1:old:x", b"{}", vault]), @"
        high encryption-undecryptable: plaintext, which enc.yaml does not read: prod/s1
        high encryption-undecryptable: under aescbc old, which enc.yaml does not read: prod/s0
        enc.yaml: written by kms v2 vault
        ");
    }

    #[test]
    fn what_wrote_last_is_in_force() {
        insta::assert_snapshot!(told(&[b"k8s:enc:aescbc:v1:a:b:x"]), @"
        medium encryption-drift: the last write of secrets was under aescbc a, and enc.yaml has them written by kms v2 vault: it is not in force, or nothing was written since
        enc.yaml: written by kms v2 vault, but the last write in db was under aescbc a
        ");
        insta::assert_snapshot!(told(&[b"k8s\0x"]), @"
        high encryption-undecryptable: plaintext, which enc.yaml does not read: prod/s0
        medium encryption-drift: the last write of secrets was plaintext, and enc.yaml has them written by kms v2 vault: it is not in force, or nothing was written since
        enc.yaml: written by kms v2 vault, but the last write in db was plaintext
        ");
    }

    #[test]
    fn what_nobody_asked_for_is_compared_where_an_entry_names_it() {
        let old: &[u8] = b"k8s:enc:aescbc:v1:a:b:x";
        let vault: &[u8] = b"k8s:enc:kms:v2:vault:\x12\x01k";
        insta::assert_snapshot!(told_of("deployments", &[old, b"k8s\0x", vault], "secrets, '*.apps'"), @"
        high encryption-undecryptable: plaintext, which enc.yaml does not read: prod/s1
        medium stored-stale-key: under aescbc a, and enc.yaml has deployments.apps written by kms v2 vault: prod/s0
        enc.yaml: written by kms v2 vault
        ");
        insta::assert_snapshot!(told_of("ranges", &[b"k8s\0x"], "'*.*'"), @"enc.yaml: written by kms v2 vault");
        insta::assert_snapshot!(told_of("example.org/routes", &[b"k8s:enc:aescbc:v1:other:x"], "secrets"), @"enc.yaml: written by kms v2 vault");
        insta::assert_snapshot!(told_of("configmaps", &[b"k8s\0x", vault], "secrets, configmaps"), @"
        high encryption-undecryptable: plaintext, which enc.yaml does not read: prod/s0
        medium stored-plaintext: plaintext in etcd: s0
        enc.yaml: written by kms v2 vault
        ");
    }
}
