//! Who else has the keys: a file that others can read, a backup with the keys beside it. Not a rung: what is encrypted
//! well is read all the same by whoever has both.

use super::super::encryption::{Config, Server};
use super::super::inquiry::Inquiry;
use super::super::rules::AtRestRule;
use crate::manifest::Node;
use crate::model::{Location, Severity};

impl Inquiry {
    /// Takes mode, owner and group of a configuration that lies where an API server reads it. What has no keys may be read,
    /// and may not be changed. Root's group is root; an account of the system may be that of the API server, which nothing
    /// here tells, and a person's may not.
    pub fn custody(&mut self, path: &str, text: &str, mode: u32, (owner, group): (u32, u32)) {
        let keys = holds_keys(text);
        let able = |bits: u32| match bits {
            bits if bits & 0o2 != 0 => Some("can change what encrypts"),
            bits if bits & 0o4 != 0 && keys => Some("can read the keys in it"),
            _ => None,
        };
        // Whoever owns a file gives themselves the mode that they want.
        let own = if keys { "can read the keys in it" } else { "can change what encrypts" };
        let shown = mode & 0o7777;
        let found = [
            able(mode).map(|able| (false, format!("mode {shown:04o}: everybody on the machine {able}"))),
            (owner != 0).then(|| (is_of_system(owner), format!("owned by user {owner}, who {own}"))),
            able(mode >> 3)
                .filter(|_| group != 0)
                .map(|able| (is_of_system(group), format!("mode {shown:04o}: group {group} {able}"))),
        ];
        // The worst of it: what only may be wrong comes last.
        let Some((of_system, message)) = found.into_iter().flatten().min_by_key(|(of_system, _)| *of_system) else {
            return;
        };
        let more = if of_system { "; that is right if the API server runs as it" } else { "" };
        let location = Location { path: Some(path.to_owned()), ..Location::default() };
        self.find(AtRestRule::FileOpen, of_system.then_some(Severity::Low), message + more, location);
    }

    /// Takes who can get at a database that lies where etcd or k3s writes it, with the folders above it. Root and accounts of
    /// the system may: etcd runs as one of them.
    pub fn database_custody(&mut self, path: &str, file: Access, folders: &[Access]) {
        let all = [Who::Everybody, Who::User(file.owner), Who::Group(file.group)];
        let found = all.into_iter().find_map(|who| Some((who, able(who, file, folders)?)));
        if let Some((who, able)) = found {
            let message = match who {
                Who::Everybody => format!("mode {:04o}: everybody on the machine {able}", file.mode & 0o7777),
                Who::User(user) => format!("owned by user {user}, who {able}"),
                Who::Group(group) => format!("mode {:04o}: group {group} {able}", file.mode & 0o7777),
            };
            let location = Location { path: Some(path.to_owned()), ..Location::default() };
            self.find(AtRestRule::EtcdDataOpen, None, message, location);
        }
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

/// Owner, group and mode of a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// As `stat` has it.
    pub mode: u32,
    /// The user's number.
    pub owner: u32,
    /// The group's number.
    pub group: u32,
}

/// Somebody who has no business with a database.
#[derive(Clone, Copy)]
enum Who {
    Everybody,
    User(u32),
    Group(u32),
}

impl Access {
    /// What somebody may do: read (4), write (2), pass (1).
    fn bits(self, who: Who) -> u32 {
        let shift = match who {
            Who::User(user) if user == self.owner => 6,
            Who::Group(group) if group == self.group => 3,
            _ => 0,
        };
        self.mode >> shift & 0o7
    }

    /// Whether files of others in this folder can be put in another's place.
    fn lets_replace(self, who: Who) -> bool {
        self.bits(who) & 0o3 == 0o3 && self.mode & 0o1000 == 0
    }
}

/// What somebody can do with a file below folders.
fn able(who: Who, file: Access, folders: &[Access]) -> Option<&'static str> {
    let is_trusted = |id: u32| id == 0 || is_of_system(id);
    if matches!(who, Who::User(id) | Who::Group(id) if is_trusted(id)) {
        return None;
    }
    let reached = folders.iter().all(|folder| folder.bits(who) & 0o1 != 0);
    match file.bits(who) {
        _ if !reached => None,
        bits if bits & 0o2 != 0 => Some("can change what is stored"),
        _ if folders.iter().any(|folder| folder.lets_replace(who)) => Some("can put another file in its place"),
        bits if bits & 0o4 != 0 => Some("can read what is stored"),
        _ => None,
    }
}

/// Whether an account, or a group, is the system's own, as `login.defs` has it everywhere.
fn is_of_system(id: u32) -> bool {
    (1..1000).contains(&id)
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
        let told = |text: &str, mode: u32, owner: u32, group: u32| {
            let mut inquiry = Inquiry::new(Vec::new(), None);
            inquiry.custody("/etc/kubernetes/enc.yaml", text, 0o100_000 | mode, (owner, group));
            let findings = inquiry.end().findings;
            findings.first().map_or_else(|| "-".to_owned(), |one| format!("{} {}", one.severity, one.message))
        };
        let all = [
            told(KEYS, 0o600, 0, 0),
            told(KEYS, 0o640, 0, 0),
            told(KEYS, 0o660, 0, 0),
            told(KEYS, 0o640, 0, 998),
            told(KEYS, 0o640, 0, 1000),
            told(KEYS, 0o644, 998, 998),
            told(KEYS, 0o602, 0, 0),
            told(KEYS, 0o600, 1000, 1000),
            told(KEYS, 0o400, 998, 998),
            told(PLUGIN, 0o644, 0, 0),
            told(PLUGIN, 0o664, 0, 1000),
            told(PLUGIN, 0o600, 1000, 0),
        ];
        insta::assert_snapshot!(all.join("\n"), @"
        -
        -
        -
        low mode 0640: group 998 can read the keys in it; that is right if the API server runs as it
        high mode 0640: group 1000 can read the keys in it
        high mode 0644: everybody on the machine can read the keys in it
        high mode 0602: everybody on the machine can change what encrypts
        high owned by user 1000, who can read the keys in it
        low owned by user 998, who can read the keys in it; that is right if the API server runs as it
        -
        high mode 0664: group 1000 can change what encrypts
        high owned by user 1000, who can change what encrypts
        ");
    }

    #[test]
    fn a_database_is_for_whoever_runs_etcd() {
        let access = |mode: u32, id: u32| Access { mode, owner: id, group: id };
        let told = |file: Access, folders: &[Access]| {
            let mut inquiry = Inquiry::new(Vec::new(), None);
            inquiry.database_custody("db", file, folders);
            inquiry.end().findings.first().map_or_else(|| "-".to_owned(), |one| one.message.clone())
        };
        let (root, closed, etcd) = (access(0o755, 0), access(0o700, 0), access(0o700, 998));
        let all = [
            told(access(0o600, 0), &[root, closed]),
            // k3s writes its file so, in a folder that is closed.
            told(access(0o644, 0), &[root, closed]),
            told(access(0o644, 0), &[root, root]),
            told(access(0o600, 998), &[root, etcd]),
            told(access(0o600, 1000), &[root, root]),
            told(access(0o600, 1000), &[root, closed]),
            told(access(0o640, 1000), &[root, access(0o750, 1000)]),
            told(Access { mode: 0o640, owner: 0, group: 1000 }, &[root, root]),
            told(access(0o600, 0), &[root, access(0o777, 0)]),
            told(access(0o600, 0), &[root, access(0o1777, 0)]),
            told(access(0o602, 0), &[root]),
        ];
        insta::assert_snapshot!(all.join("\n"), @"
        -
        -
        mode 0644: everybody on the machine can read what is stored
        -
        owned by user 1000, who can change what is stored
        -
        owned by user 1000, who can change what is stored
        mode 0640: group 1000 can read what is stored
        mode 0600: everybody on the machine can put another file in its place
        -
        mode 0602: everybody on the machine can change what is stored
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
