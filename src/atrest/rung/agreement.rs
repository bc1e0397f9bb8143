//! Whether what is stored is what a configuration makes: who wrote it, and who can read it. By names alone: a key of the
//! same name may be another key, and that no prefix tells.

use std::collections::BTreeMap;

use super::super::encryption::{Config, GroupResource, Storage};
use super::super::inquiry::Inquiry;
use super::super::rules::AtRestRule;
use super::super::stored::{Census, Sealing};
use super::some;
use super::stored::resource_of;
use crate::model::{Encrypted, Rung, Severity};

/// What a configuration does with one resource.
#[derive(Debug)]
pub(in super::super) struct Configured {
    /// The file.
    of: String,
    /// Number of the resource.
    resource: usize,
    /// What each transformer puts in front of a value, the writer first.
    prefixes: Vec<String>,
    writer: String,
}

/// Objects of one resource that were written alike.
#[derive(Debug)]
pub(in super::super) struct Written {
    place: String,
    resource: usize,
    sealing: Sealing,
    values: u64,
    names: Vec<String>,
    /// Whether the last of the resource is among them.
    newest: bool,
}

impl Configured {
    /// None where a plugin or key could not be read.
    pub(super) fn of(path: &str, resource: usize, storage: &Storage<'_>) -> Option<Self> {
        let prefixes = storage.transformers().iter().map(|one| one.prefix()).collect();
        let writer = storage.writer().filter(|_| storage.is_encrypted());
        let writer = writer.map_or_else(|| "as plaintext".to_owned(), |writer| format!("by {writer}"));
        storage.writer().map(|_| Self { of: path.to_owned(), resource, prefixes, writer })
    }

    /// The transformer that would read what begins so. Of a key's name only what stands before a colon is known.
    fn reader(&self, prefix: &str) -> Option<usize> {
        let is_plain = prefix.is_empty();
        self.prefixes.iter().position(|known| known.starts_with(prefix) && known.is_empty() == is_plain)
    }
}

impl Written {
    /// Everything of a resource that is counted, by how it was written.
    pub(super) fn all(place: &str, resource: usize, census: &Census, named: &GroupResource) -> Vec<Self> {
        let mut all: BTreeMap<&Sealing, Self> = BTreeMap::new();
        let rows = census.resource(&named.group, &named.resource).filter(|row| row.current.values > 0);
        for row in rows.filter(|row| *row.sealing != Sealing::Unknown) {
            let written = all.entry(row.sealing).or_insert_with(|| Self {
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
}

impl Inquiry {
    /// Compares every configuration with everything that is stored.
    pub(in super::super) fn compare_stored(&mut self) {
        let (configured, written) = (std::mem::take(&mut self.configured), std::mem::take(&mut self.written));
        for configured in &configured {
            for written in written.iter().filter(|written| written.resource == configured.resource) {
                self.compare(configured, written);
            }
        }
    }

    fn compare(&mut self, configured: &Configured, written: &Written) {
        let reader = configured.reader(&written.sealing.prefix());
        let resource = self.resources().nth(configured.resource).map(|(_, resource)| resource.clone());
        let Some(resource) = resource.filter(|_| reader != Some(0)) else { return };
        let location = || resource_of(&written.place, &resource);
        let (of, sealing) = (&configured.of, &written.sealing);
        if reader.is_none() {
            let names = some(&written.names, written.values);
            let how =
                if sealing.is_plain() { "plaintext, which".to_owned() } else { format!("under {sealing}, which") };
            let message = format!("{how} {of} does not read: {names}");
            self.find(AtRestRule::Undecryptable, None, message, location());
        }
        if written.newest {
            let how = if sealing.is_plain() { "plaintext".to_owned() } else { format!("under {sealing}") };
            let message = format!(
                "the last write of {resource} was {how}, and {of} has them written {}: it is not in force, or nothing was \
                 written since",
                configured.writer
            );
            self.find(AtRestRule::Drift, Some(Severity::Medium), message, location());
            self.doubt(configured.resource, of, &format!("but the last write in {} was {how}", written.place));
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
        let kept: Vec<Configured> = self
            .resources()
            .filter_map(|(number, resource)| Configured::of(path, number, &config.storage(resource)?))
            .collect();
        self.configured.extend(kept);
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
        let mut inquiry = Inquiry::new(vec![GroupResource::secrets()], None);
        inquiry.configuration("enc.yaml", CONFIG, &Server::default()).unwrap();
        let mut census = Census::default();
        for (revision, value) in values.iter().enumerate() {
            let key = format!("/registry/secrets/prod/s{revision}");
            census.take(Stored { key: key.as_bytes(), value, revision: revision as u64, age: Age::Current });
        }
        census.sort();
        let evidence =
            Evidence { origin: Origin::Etcd, revision: 1, census, unseen: Vec::new(), residue: None, unsettled: false };
        inquiry.stored("db", &evidence);
        let outcome = inquiry.end();
        let compared = outcome
            .findings
            .iter()
            .filter(|one| ["encryption-drift", "encryption-undecryptable"].contains(&one.id().as_str()));
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
}
