//! What the flags of an API server mean for Secrets.

use super::flag::Flag;
use super::launcher::{Flags, Launcher};

/// What was found in an API server's flags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings<'a> {
    /// `--encryption-provider-config`, or what k3s and RKE2 make of `secrets-encryption`.
    pub encryption: Encryption<'a>,
    /// Whether a changed configuration is read without a restart.
    pub reloads: bool,
    /// `--feature-gates=KMSv1=true`.
    pub kms_v1: Option<&'a Flag>,
    /// How it reaches etcd.
    pub etcd: EtcdLink<'a>,
    /// `--anonymous-auth`, where it is given.
    pub anonymous: Option<(&'a Flag, bool)>,
    /// `--authorization-mode`, where it allows everything.
    pub allows_all: Option<&'a Flag>,
    /// `--audit-policy-file`.
    pub audit_policy: Option<&'a Flag>,
    /// Where audit events go: a file or a webhook.
    pub audit_sink: Option<&'a Flag>,
    /// `--client-ca-file`: who signs the certificates of users, nodes and components.
    pub client_authority: Option<&'a Flag>,
}

/// Whether a configuration of encryption is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encryption<'a> {
    /// By this flag, which names the file.
    Configured(&'a Flag),
    /// By a switch of k3s or RKE2, which write the file themselves.
    Managed(&'a Flag),
    /// By a flag that was taken away in 1.13: the API server does not start with it.
    Removed(&'a Flag),
    /// Nothing is encrypted by this API server.
    Off(Option<&'a Flag>),
    /// Arguments come from a variable, or from a file or a patch that is not here.
    Hidden,
    /// The launcher sets what is not in the file: RKE2 encrypts unless told not to, k3s does not.
    Unsaid,
}

/// The connection to etcd.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EtcdLink<'a> {
    /// `--etcd-servers`.
    pub servers: Option<&'a Flag>,
    /// Those of them that are reached over another machine's network without TLS.
    pub plain: Vec<String>,
    /// Those without TLS that stay on the machine.
    pub plain_local: Vec<String>,
    /// Whether the server's certificate is checked against a CA of the cluster.
    pub checks_server: bool,
    /// Whether a client certificate is shown; without one etcd cannot ask for it.
    pub shows_certificate: bool,
    /// `--etcd-cafile`.
    pub authority: Option<&'a Flag>,
}

impl Flags {
    /// What they mean. A flag that is missing has the API server's default.
    #[must_use]
    pub fn settings(&self) -> Settings<'_> {
        Settings {
            encryption: self.encryption(),
            reloads: self.is_on("encryption-provider-config-automatic-reload"),
            kms_v1: self.gate("KMSv1"),
            etcd: self.etcd(),
            anonymous: self.get("anonymous-auth").map(|flag| (flag, is_true(flag))),
            allows_all: self.get("authorization-mode").filter(|flag| has_word(flag, "AlwaysAllow")),
            audit_policy: self.given("audit-policy-file"),
            audit_sink: self.given("audit-log-path").or_else(|| self.given("audit-webhook-config-file")),
            client_authority: self.given("client-ca-file"),
        }
    }

    fn encryption(&self) -> Encryption<'_> {
        if let Some(flag) = self.given("encryption-provider-config") {
            return Encryption::Configured(flag);
        }
        if let Some(flag) = self.get("experimental-encryption-provider-config") {
            return Encryption::Removed(flag);
        }
        match (self.launcher, self.server("secrets-encryption")) {
            (_, Some(flag)) if is_true(flag) => Encryption::Managed(flag),
            (_, Some(flag)) => Encryption::Off(Some(flag)),
            (Launcher::Rancher | Launcher::RancherUnit, None) => Encryption::Unsaid,
            (_, None) if self.has_variables || self.patches.is_some() => Encryption::Hidden,
            (_, None) => Encryption::Off(None),
        }
    }

    fn etcd(&self) -> EtcdLink<'_> {
        let servers = self.given("etcd-servers");
        let written = servers.and_then(|flag| flag.value.as_deref()).unwrap_or("");
        let plain = written.split(',').map(str::trim).filter(|server| server.starts_with("http://"));
        let (plain_local, plain) = plain.map(str::to_owned).partition(|server| is_local(server));
        EtcdLink {
            servers,
            plain,
            plain_local,
            checks_server: self.given("etcd-cafile").is_some(),
            authority: self.given("etcd-cafile"),
            shows_certificate: self.given("etcd-certfile").is_some() && self.given("etcd-keyfile").is_some(),
        }
    }

    /// A flag with a value that is not empty.
    pub(super) fn given(&self, name: &str) -> Option<&Flag> {
        self.get(name).filter(|flag| flag.value.as_deref().is_some_and(|value| !value.is_empty()))
    }

    pub(super) fn is_on(&self, name: &str) -> bool {
        self.get(name).is_some_and(is_true)
    }

    fn gate(&self, gate: &str) -> Option<&Flag> {
        self.get("feature-gates").filter(|flag| {
            let mut gates = flag.value.as_deref().unwrap_or("").split(',').filter_map(|word| word.split_once('='));
            gates.rfind(|(name, _)| name.trim() == gate).is_some_and(|(_, value)| is_word_true(value.trim()))
        })
    }
}

/// A switch without a value is on.
fn is_true(flag: &Flag) -> bool {
    flag.value.as_deref().is_none_or(is_word_true)
}

/// What Go's `strconv.ParseBool` takes for true.
fn is_word_true(word: &str) -> bool {
    matches!(word, "1" | "t" | "T" | "true" | "TRUE" | "True")
}

fn has_word(flag: &Flag, word: &str) -> bool {
    flag.value.as_deref().unwrap_or("").split(',').any(|part| part.trim() == word)
}

/// Whether an address is one of the machine itself.
pub(super) fn is_local(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, host)| host).split('/').next().unwrap_or("");
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    host == "localhost" || host == "[::1]" || host.starts_with("127.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(words: &[&str]) -> Flags {
        let given = words.iter().map(|word| Flag::parse(word, 0..0)).collect();
        Flags { given, ..Flags::of(Launcher::Pod) }
    }

    #[test]
    fn encryption_is_off_unless_a_file_is_named() {
        assert_eq!(flags(&[]).settings().encryption, Encryption::Off(None));
        assert_eq!(flags(&["--encryption-provider-config="]).settings().encryption, Encryption::Off(None));
        let on = flags(&["--encryption-provider-config=/e.yaml", "--encryption-provider-config-automatic-reload"]);
        assert!(matches!(on.settings().encryption, Encryption::Configured(_)) && on.settings().reloads);
        let old = flags(&["--experimental-encryption-provider-config=/e.yaml"]);
        assert!(matches!(old.settings().encryption, Encryption::Removed(_)));
    }

    #[test]
    fn k3s_and_rke2_have_a_switch_and_two_defaults() {
        let rancher = |server: Vec<Flag>| Flags { server, ..Flags::of(Launcher::Rancher) };
        assert_eq!(rancher(Vec::new()).settings().encryption, Encryption::Unsaid);
        let on = rancher(vec![Flag::parse("secrets-encryption=true", 0..0)]);
        assert!(matches!(on.settings().encryption, Encryption::Managed(_)));
        let off = rancher(vec![Flag::parse("secrets-encryption=false", 0..0)]);
        assert!(matches!(off.settings().encryption, Encryption::Off(Some(_))));
    }

    #[test]
    fn etcd_without_tls_is_worse_on_a_network() {
        let flags = flags(&[
            "--etcd-servers=http://127.0.0.1:2379,http://10.0.0.1:2379,https://10.0.0.2:2379",
            "--etcd-cafile=/ca",
        ]);
        let etcd = flags.settings().etcd;
        assert_eq!((etcd.plain.len(), etcd.plain_local.len()), (1, 1));
        assert!(etcd.checks_server && !etcd.shows_certificate);
    }

    #[test]
    fn gates_and_modes_are_lists() {
        let flags = flags(&[
            "--feature-gates=A=true,KMSv1=true",
            "--authorization-mode=Node,AlwaysAllow",
            "--anonymous-auth=false",
        ]);
        let settings = flags.settings();
        assert!(settings.kms_v1.is_some() && settings.allows_all.is_some());
        assert_eq!(settings.anonymous.map(|(_, on)| on), Some(false));
    }
}
