//! Who else has the keys: a file that others can read, a backup with the keys beside it. Not a rung: what is encrypted
//! well is read all the same by whoever has both.

use super::super::encryption::{Config, Server};
use super::super::inquiry::Inquiry;
use super::super::rules::AtRestRule;
use crate::manifest::Node;
use crate::model::Location;

impl Inquiry {
    /// Takes owner and mode of a configuration that lies where an API server reads it. What has no keys may be read, and
    /// may not be changed.
    pub fn custody(&mut self, path: &str, text: &str, mode: u32, owner: u32) {
        let (reads, writes) = (mode & 0o044 != 0, mode & 0o022 != 0);
        let keys = holds_keys(text);
        let message = match (owner, keys) {
            (1.., true) => format!("owned by user {owner}, who can read the keys in it"),
            (1.., false) => format!("owned by user {owner}, who can change what encrypts"),
            (0, _) if writes => format!("mode {:04o}: others than root can change what encrypts", mode & 0o7777),
            (0, true) if reads => format!("mode {:04o}: others than root can read the keys in it", mode & 0o7777),
            _ => return,
        };
        self.find(AtRestRule::FileOpen, None, message, Location { path: Some(path.to_owned()), ..Location::default() });
    }

    /// Takes a file that lies beside a snapshot. Tells whether it opens it.
    pub fn beside(&mut self, snapshot: &str, path: &str, text: &str) -> bool {
        let opens = holds_keys(text);
        if opens {
            self.opens(snapshot, path, "an EncryptionConfiguration with keys");
        }
        opens
    }

    /// Takes OpenShift's archive of a control plane, which has the keys, beside a snapshot.
    pub fn beside_static_resources(&mut self, snapshot: &str, path: &str) {
        self.opens(snapshot, path, "the resources of a control plane of OpenShift, with its keys");
    }

    fn opens(&mut self, snapshot: &str, path: &str, what: &str) {
        let message = format!("{path}, in the same folder, is {what}: who copies one copies both");
        let location = Location { path: Some(snapshot.to_owned()), ..Location::default() };
        self.find(AtRestRule::BackupWithKeys, None, message, location);
    }
}

/// Whether a text is a configuration with keys in it.
fn holds_keys(text: &str) -> bool {
    let Ok(tree) = Config::expected(text) else { return false };
    let config = |root: Node<'_>| {
        let config = Config::read(root, &Server::default());
        let mut keys = config.entries().iter().flat_map(|entry| &entry.providers).flat_map(|provider| provider.keys());
        keys.any(|key| key.material.is_some())
    };
    text.contains("secret") && tree.root().is_some_and(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &str = "\
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers:
  - secretbox: {keys: [{name: a, secret: 7Zm34Nnu/J7f7l842x7u68C6pFaoDp8b9/8kc+qrSbE=}]}
";
    const PLUGIN: &str = "\
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers:
  - kms: {apiVersion: v2, name: vault, endpoint: 'unix:///run/kms.sock'}
";

    #[test]
    fn only_root_reads_keys_and_only_root_writes() {
        let told = |text: &str, mode: u32, owner: u32| {
            let mut inquiry = Inquiry::new(Vec::new(), None);
            inquiry.custody("/etc/kubernetes/enc.yaml", text, mode, owner);
            inquiry.end().findings.first().map_or_else(|| "-".to_owned(), |finding| finding.message.to_string())
        };
        let all = [
            told(KEYS, 0o100_600, 0),
            told(KEYS, 0o100_640, 0),
            told(KEYS, 0o100_602, 0),
            told(KEYS, 0o100_600, 1000),
            told(PLUGIN, 0o100_644, 0),
            told(PLUGIN, 0o100_664, 0),
            told(PLUGIN, 0o100_600, 1000),
        ];
        insta::assert_snapshot!(all.join("\n"), @"
        -
        mode 0640: others than root can read the keys in it
        mode 0602: others than root can change what encrypts
        owned by user 1000, who can read the keys in it
        -
        mode 0664: others than root can change what encrypts
        owned by user 1000, who can change what encrypts
        ");
    }

    #[test]
    fn keys_beside_a_snapshot_open_it() {
        let mut inquiry = Inquiry::new(Vec::new(), None);
        assert!(inquiry.beside("b/backup.db", "b/enc.yaml", KEYS));
        assert!(!inquiry.beside("b/backup.db", "b/kms.yaml", PLUGIN));
        assert!(!inquiry.beside("b/backup.db", "b/secret.yaml", "kind: Secret\n"));
        inquiry.beside_static_resources("b/backup.db", "b/static_kuberesources_1.tar.gz");
        assert_eq!(inquiry.end().findings.len(), 2);
    }
}
