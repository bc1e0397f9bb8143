//! Who may talk to etcd, by its own flags: <https://etcd.io/docs/latest/op-guide/security/>.

use super::flag::Flag;
use super::launcher::Flags;
use super::settings::is_local;

/// One side on which etcd listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Door<'a> {
    /// `clients`, `other members`.
    pub whom: &'static str,
    /// The flag with its addresses.
    pub listens: Option<&'a Flag>,
    /// Addresses without TLS that other machines reach.
    pub plain: Vec<&'a str>,
    /// Those that stay on the machine.
    pub plain_local: Vec<&'a str>,
    /// Whether other machines reach an address with TLS.
    pub is_open: bool,
    /// Whether whoever comes must show a certificate: a CA that is named suffices, whatever the switch says
    /// (`TLSInfo.ServerConfig` of etcd).
    pub asks: bool,
    /// The CA whose certificates are let in.
    pub authority: Option<&'a Flag>,
}

impl Flags {
    /// The sides of an etcd: of clients, and of its other members.
    #[must_use]
    pub fn doors(&self) -> [Door<'_>; 2] {
        [
            self.door("clients", &["listen-client-urls", "listen-client-http-urls"], ""),
            self.door("other members", &["listen-peer-urls"], "peer-"),
        ]
    }

    /// The file that etcd takes everything from: it passes over flags and variables then.
    #[must_use]
    pub fn config_file(&self) -> Option<&Flag> {
        self.given("config-file")
    }

    fn door(&self, whom: &'static str, listens: &[&str], prefix: &str) -> Door<'_> {
        let flags: Vec<&Flag> = listens.iter().filter_map(|name| self.given(name)).collect();
        let values = flags.iter().filter_map(|flag| flag.value.as_deref());
        let all: Vec<&str> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
        let plain = all.iter().copied().filter(|url| url.starts_with("http://"));
        let (plain_local, plain) = plain.partition(|url| is_local(url));
        let authority = self.given(&format!("{prefix}trusted-ca-file"));
        Door {
            whom,
            listens: flags.first().copied(),
            plain,
            plain_local,
            is_open: all.iter().any(|url| url.starts_with("https://") && !is_local(url)),
            asks: authority.is_some() || self.is_on(&format!("{prefix}client-cert-auth")),
            authority,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_stand_in_for_flags() {
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: etcd}\nspec:\n  containers:\n  - command: [etcd, --listen-client-urls=https://10.0.0.1:2379]\n    env:\n    - {name: ETCD_LISTEN_CLIENT_URLS, value: 'http://0.0.0.0:2379'}\n    - {name: ETCD_TRUSTED_CA_FILE, value: /ca}\n    - {name: OTHER, value: x}\n";
        let unit = "[Service]\nEnvironment=ETCD_LISTEN_CLIENT_URLS=http://0.0.0.0:2379 \"ETCD_TRUSTED_CA_FILE=/ca\" OTHER=x\nExecStart=/usr/bin/etcd --listen-client-urls=https://10.0.0.1:2379\n";
        for text in [pod, unit] {
            let flags = &Flags::read_etcd(text).unwrap()[0];
            let [clients, peers] = flags.doors();
            assert_eq!(clients.authority.unwrap().value.as_deref(), Some("/ca"));
            assert!(clients.plain.is_empty() && clients.is_open && clients.asks && !peers.asks, "{text}");
            assert!(!flags.has_variables);
        }
        let hidden = pod.replace("value: /ca", "valueFrom: {}");
        assert!(Flags::read_etcd(&hidden).unwrap()[0].has_variables);
    }

    #[test]
    fn what_starts_no_etcd_is_refused() {
        let pod = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - command: [etcdctl, --a=b]\n";
        for text in [pod, "[Service]\nExecStart=/usr/bin/etcd-backup\n", "a: 1\n"] {
            assert_eq!(Flags::read_etcd(text), Err(super::super::FlagsError::NotAnEtcd), "{text}");
        }
    }
}
