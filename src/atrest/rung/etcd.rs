//! Who else may talk to etcd, by its own flags and by the CA that it shares. Not a rung: what a provider encrypts is
//! encrypted there too, and everything else is read and written by whoever gets in.

use super::super::flags::{Door, Flag, Flags, FlagsError, Launcher};
use super::super::inquiry::Inquiry;
use super::super::rules::AtRestRule;
use super::place;
use crate::model::{Location, Severity};

/// Where kubeadm keeps the CA of clients.
const KUBEADM: &str = "/etc/kubernetes/pki/ca.crt";

/// Certificates that somebody trusts.
#[derive(Debug)]
pub(in super::super) struct Trusted {
    /// The file with the CA's certificate.
    file: String,
    /// Where that is said.
    place: Location,
}

/// The CAs of a cluster, by what they are trusted for.
#[derive(Debug, Default)]
pub(in super::super) struct Authorities {
    /// By API servers, for whoever asks them.
    clients: Vec<Trusted>,
    /// By API servers, for etcd.
    servers: Vec<Trusted>,
    /// By etcd, for whoever asks it.
    etcd: Vec<Trusted>,
}

impl Inquiry {
    /// Takes a file that starts etcd.
    ///
    /// # Errors
    /// When the file starts none.
    pub fn etcd_flags(&mut self, path: &str, text: &str) -> Result<(), FlagsError> {
        for flags in &Flags::read_etcd(text)? {
            let name = flags.node.as_ref().map_or_else(|| "etcd".to_owned(), |node| format!("etcd of {node}"));
            if let Some(file) = flags.config_file().and_then(|flag| flag.value.as_deref()) {
                self.skip(path, format!("{name} takes everything from {file}, which was not looked at"));
                continue;
            }
            for door in flags.doors() {
                self.judge_door(&name, &door, flags.has_variables, (path, text));
            }
            let [clients, _] = flags.doors();
            self.authorities.etcd.extend(clients.authority.and_then(|flag| trusted(flag, (path, text))));
        }
        Ok(())
    }

    fn judge_door(&mut self, name: &str, door: &Door<'_>, has_variables: bool, (path, text): (&str, &str)) {
        let at = || door.listens.map_or_else(Location::default, |flag| place(path, text, flag.place.clone()));
        let whom = door.whom;
        if let Some(plain) = door.plain.first().or_else(|| door.plain_local.first()) {
            let severity = door.plain.is_empty().then_some(Severity::Medium);
            let message = format!("{name} listens for {whom} on {plain}");
            self.find(AtRestRule::EtcdWithoutTls, severity, message, at());
        }
        if door.is_open && !door.asks && !has_variables {
            let message = format!("{name} asks {whom} for no certificate");
            self.find(AtRestRule::EtcdNoClientCertificate, None, message, at());
        }
    }

    /// Keeps whom an API server trusts, to compare it with whom etcd does.
    pub(super) fn keep_authorities(&mut self, path: &str, text: &str, flags: &Flags) {
        let settings = flags.settings();
        let clients = settings.client_authority.and_then(|flag| trusted(flag, (path, text)));
        let of_kubeadm = || {
            let place = Location { path: Some(path.to_owned()), ..Location::default() };
            (flags.launcher == Launcher::Kubeadm).then(|| Trusted { file: KUBEADM.to_owned(), place })
        };
        self.authorities.clients.extend(clients.or_else(of_kubeadm));
        self.authorities.servers.extend(settings.etcd.authority.and_then(|flag| trusted(flag, (path, text))));
    }

    /// One CA for both: every certificate of a user, a node or a component opens etcd. By the names of files; a copy of the
    /// same CA under another name does not show. What etcd itself says counts more than whom the API server takes for etcd.
    pub(in super::super) fn compare_authorities(&mut self) {
        let Authorities { clients, servers, etcd } = std::mem::take(&mut self.authorities);
        let is_shared = |one: &&Trusted| clients.iter().any(|client| client.file == one.file);
        if let Some(one) = etcd.iter().find(is_shared) {
            let message = format!("etcd lets in whoever has a certificate of {}, as the API server does", one.file);
            self.find(AtRestRule::EtcdSharedAuthority, None, message, one.place.clone());
        } else if let Some(one) = servers.iter().find(is_shared).filter(|_| etcd.is_empty()) {
            let message = format!(
                "{} is the CA of etcd and that of clients: if etcd trusts it too, every client certificate opens it",
                one.file
            );
            self.find(AtRestRule::EtcdSharedAuthority, Some(Severity::Medium), message, one.place.clone());
        }
    }
}

fn trusted(flag: &Flag, (path, text): (&str, &str)) -> Option<Trusted> {
    Some(Trusted { file: flag.value.clone()?, place: place(path, text, flag.place.clone()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - command: [kube-apiserver, --client-ca-file=/pki/ca.crt, --encryption-provider-config=/e, --etcd-servers=https://a:2379, --etcd-cafile=CA, --etcd-certfile=/c, --etcd-keyfile=/k, --audit-policy-file=/a, --audit-log-path=-]\n    volumeMounts: [{mountPath: /}]\n";

    fn told(server: &str, etcd: &str) -> String {
        let mut inquiry = Inquiry::new(Vec::new(), None);
        if !server.is_empty() {
            inquiry.flags("server.yaml", &SERVER.replace("CA", server)).unwrap();
        }
        if !etcd.is_empty() {
            let pod = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  nodeName: m1\n  containers:\n  - command: [etcd, {etcd}]\n"
            );
            inquiry.etcd_flags("etcd.yaml", &pod).unwrap();
        }
        let outcome = inquiry.end();
        let skipped = outcome.skipped.into_iter().map(|one| one.reason);
        let told = outcome.findings.into_iter().map(|one| format!("{} {}: {}", one.severity, one.id(), one.message));
        told.chain(skipped).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn etcd_says_whom_it_lets_in() {
        let kubeadm = "--listen-client-urls=https://127.0.0.1:2379,https://10.0.0.1:2379, --client-cert-auth=true, --trusted-ca-file=/pki/etcd/ca.crt, --listen-peer-urls=https://10.0.0.1:2380, --peer-client-cert-auth=true, --peer-trusted-ca-file=/pki/etcd/ca.crt, --listen-metrics-urls=http://127.0.0.1:2381";
        assert_eq!(told("/pki/etcd/ca.crt", kubeadm), "");
        let all = [
            told("", "--listen-client-urls=http://0.0.0.0:2379"),
            told("", "'--listen-client-urls=http://127.0.0.1:2379,https://10.0.0.1:2379', --trusted-ca-file=/c"),
            told("", "--listen-client-urls=https://10.0.0.1:2379, --client-cert-auth=false, --auto-tls"),
            told("", "--listen-client-urls=https://127.0.0.1:2379, '--listen-peer-urls=https://[::]:2380'"),
            told("", "--config-file=/etc/etcd.conf, --listen-client-urls=http://0.0.0.0:2379"),
        ];
        insta::assert_snapshot!(all.join("\n"), @"
        high etcd-without-tls: etcd of m1 listens for clients on http://0.0.0.0:2379
        medium etcd-without-tls: etcd of m1 listens for clients on http://127.0.0.1:2379
        high etcd-no-client-certificate: etcd of m1 asks clients for no certificate
        high etcd-no-client-certificate: etcd of m1 asks other members for no certificate
        etcd of m1 takes everything from /etc/etcd.conf, which was not looked at
        ");
    }

    #[test]
    fn one_authority_for_both_opens_etcd() {
        let etcd = |file: &str| format!("--listen-client-urls=https://10.0.0.1:2379, --trusted-ca-file={file}");
        let all = [
            told("/pki/ca.crt", ""),
            told("/pki/etcd/ca.crt", &etcd("/pki/ca.crt")),
            told("/pki/ca.crt", &etcd("/pki/etcd/ca.crt")),
        ];
        insta::assert_snapshot!(all.join("\n"), @"
        medium etcd-shared-ca: /pki/ca.crt is the CA of etcd and that of clients: if etcd trusts it too, every client certificate opens it
        high etcd-shared-ca: etcd lets in whoever has a certificate of /pki/ca.crt, as the API server does
        ");
    }
}
