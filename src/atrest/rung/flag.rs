//! The first rung: how API servers are started. A flag says that a configuration is given, and nothing of what is in it.

use super::super::distribution::Distribution;
use super::super::flags::{Encryption, Flag, Flags, FlagsError, Launcher, Settings};
use super::super::inquiry::Inquiry;
use super::super::rules::AtRestRule;
use super::place;
use crate::model::{Encrypted, Location, Rung, Severity};

impl Inquiry {
    /// Takes a file that starts API servers.
    ///
    /// # Errors
    /// When the file starts none.
    pub fn flags(&mut self, path: &str, text: &str) -> Result<(), FlagsError> {
        let servers = Flags::read(text)?;
        self.is_run_by(Distribution::of_path(path));
        for flags in &servers {
            self.judge_flags(&Server { path, text, flags });
        }
        Ok(())
    }

    fn judge_flags(&mut self, server: &Server<'_>) {
        let settings = server.flags.settings();
        self.judge_encryption(server, &settings);
        self.judge_etcd(server, &settings);
        self.keep_authorities(server.path, server.text, server.flags);
        self.judge_doors(server, &settings);
        // k3s, RKE2, variables and patches add up from several places.
        let flags = server.flags;
        let whole = !flags.has_variables && flags.patches.is_none() && flags.server.is_empty();
        if whole && (settings.audit_policy.is_none() || settings.audit_sink.is_none()) {
            let message = match settings.audit_policy {
                None => "no --audit-policy-file: nothing is logged",
                Some(_) => "an audit policy, and neither --audit-log-path nor --audit-webhook-config-file",
            };
            self.find(AtRestRule::AuditMissing, None, message.into(), server.place(settings.audit_policy));
        }
    }

    fn judge_encryption(&mut self, server: &Server<'_>, settings: &Settings<'_>) {
        let name = server.name();
        match &settings.encryption {
            Encryption::Configured(flag) => {
                let file = flag.value.as_deref().unwrap_or("");
                if !server.flags.sees(file) && server.flags.patches.is_none() {
                    return self.judge_unseen(server, flag, file);
                }
                let reason = format!("{name} is given {file}; what is in it was not looked at by this rung");
                self.claim_all(Rung::Flag, Encrypted::Unknown, &reason);
            }
            Encryption::Managed(_) => {
                // k3s and RKE2 write the configuration: Secrets, and nothing else.
                let reason = format!("{name} is told to encrypt Secrets, and writes its own configuration");
                self.claim_all(Rung::Flag, Encrypted::Unknown, &reason);
            }
            Encryption::Hidden => {
                let reason = match &server.flags.patches {
                    Some(folder) => {
                        format!("kubeadm patches {name} with the files in {folder}, which were not looked at")
                    }
                    None => format!("{name} takes arguments from a variable or a file that was not looked at"),
                };
                self.claim_all(Rung::Flag, Encrypted::Unknown, &reason);
            }
            Encryption::Unsaid if self.distribution() == Some(Distribution::K3s) => {
                let reason = format!("{name} is not told to encrypt here, and k3s does not by itself");
                self.claim_all(Rung::Flag, Encrypted::No, &reason);
                let message = format!("{name} has no secrets-encryption; another file of it may");
                self.find(AtRestRule::NotConfigured, None, message, server.place(None));
            }
            Encryption::Unsaid => {
                let reason = format!("{name} does not say: k3s does not encrypt by itself, RKE2 does");
                self.claim_all(Rung::Flag, Encrypted::Unknown, &reason);
            }
            Encryption::Removed(flag) => {
                self.claim_all(Rung::Flag, Encrypted::Unknown, &format!("{name} would not start"));
                let message = format!("{name} has --{}", flag.name);
                self.find(AtRestRule::FlagRemoved, None, message, server.place(Some(flag)));
            }
            Encryption::Off(flag) => {
                self.claim_all(Rung::Flag, Encrypted::No, &format!("{name} has no --encryption-provider-config"));
                let message = match flag {
                    Some(flag) => format!("{name} has --{} turned off", flag.name),
                    None => format!("{name} has no --encryption-provider-config"),
                };
                self.find(AtRestRule::NotConfigured, None, message, server.place(*flag));
            }
        }
    }

    /// The API server is in a container, and the file is not.
    fn judge_unseen(&mut self, server: &Server<'_>, flag: &Flag, file: &str) {
        let name = server.name();
        let mount = if server.flags.launcher == Launcher::Kubeadm { "extraVolumes" } else { "volumeMounts" };
        let reason = format!("{name} is given {file}, which is in none of its {mount}");
        self.claim_all(Rung::Flag, Encrypted::Unknown, &reason);
        self.find(AtRestRule::FileUnseen, None, reason, server.place(Some(flag)));
    }

    fn judge_etcd(&mut self, server: &Server<'_>, settings: &Settings<'_>) {
        let etcd = &settings.etcd;
        // kubeadm, k3s and RKE2 set what is not in their files.
        let Some(servers) = etcd.servers else { return };
        let place = || server.place(Some(servers));
        if let Some(plain) = etcd.plain.first().or_else(|| etcd.plain_local.first()) {
            let severity = etcd.plain.is_empty().then_some(Severity::Medium);
            let message = format!("{} reaches etcd by {plain}", server.name());
            self.find(AtRestRule::EtcdWithoutTls, severity, message, place());
            return;
        }
        if !etcd.shows_certificate {
            let message = format!("{} has not both --etcd-certfile and --etcd-keyfile", server.name());
            self.find(AtRestRule::EtcdNoClientCertificate, None, message, place());
        }
        if !etcd.checks_server {
            let message = format!("{} has no --etcd-cafile", server.name());
            self.find(AtRestRule::EtcdUnchecked, None, message, place());
        }
    }

    fn judge_doors(&mut self, server: &Server<'_>, settings: &Settings<'_>) {
        if let Some(flag) = settings.allows_all {
            let message = format!("{} has the authorization mode AlwaysAllow", server.name());
            self.find(AtRestRule::AllowsAll, None, message, server.place(Some(flag)));
        }
        if let Some((flag, true)) = settings.anonymous {
            let message = format!("{} has --anonymous-auth turned on", server.name());
            self.find(AtRestRule::Anonymous, None, message, server.place(Some(flag)));
        }
    }
}

/// One API server, and where it is started.
struct Server<'a> {
    path: &'a str,
    text: &'a str,
    flags: &'a Flags,
}

impl Server<'_> {
    /// `the API server of master-1`.
    fn name(&self) -> String {
        match &self.flags.node {
            Some(node) => format!("the API server of {node}"),
            None => "the API server".to_owned(),
        }
    }

    /// Where a flag is written, or where the flags are.
    fn place(&self, flag: Option<&Flag>) -> Location {
        match flag {
            Some(flag) => place(self.path, self.text, flag.place.clone()),
            None => Location { path: Some(self.path.to_owned()), ..Location::default() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::encryption::GroupResource;
    use super::*;

    fn told(text: &str) -> (Encrypted, Vec<String>) {
        let mut inquiry = Inquiry::new(vec![GroupResource::parse("secrets")], None);
        inquiry.flags("kube-apiserver.yaml", text).unwrap();
        let outcome = inquiry.end();
        let findings = outcome
            .findings
            .iter()
            .map(|finding| format!("{} {} {}", finding.location.position(), finding.severity, finding.message));
        (outcome.verdicts[0].encrypted(), findings.collect())
    }

    fn pod(flags: &[&str]) -> String {
        let lines: String = flags.iter().map(|flag| format!("    - {flag}\n")).collect();
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: kube-apiserver}}\nspec:\n  containers:\n  - image: x\n    volumeMounts: [{{name: e, mountPath: /e.yaml}}]\n    command:\n    - kube-apiserver\n{lines}"
        )
    }

    #[test]
    fn a_flag_is_no_proof_and_none_is_one() {
        let sound = [
            "--encryption-provider-config=/e.yaml",
            "--etcd-servers=https://127.0.0.1:2379",
            "--etcd-cafile=/ca",
            "--etcd-certfile=/c",
            "--etcd-keyfile=/k",
            "--audit-policy-file=/a",
            "--audit-log-path=-",
        ];
        assert_eq!(told(&pod(&sound)), (Encrypted::Unknown, Vec::new()));
        let unseen: Vec<_> = sound.iter().map(|flag| flag.replace("/e.yaml", "/etc/enc/e.yaml")).collect();
        let unseen: Vec<_> = unseen.iter().map(String::as_str).collect();
        assert_eq!(
            told(&pod(&unseen)),
            (
                Encrypted::Unknown,
                vec![
                    "kube-apiserver.yaml:10:7 medium the API server is given /etc/enc/e.yaml, which is in none of its volumeMounts"
                        .to_owned()
                ]
            )
        );
        let (encrypted, findings) = told(&pod(&sound[1..]));
        assert_eq!((encrypted, findings.len()), (Encrypted::No, 1));
        let (_, findings) = told(&pod(&[
            "--etcd-servers=http://10.0.0.1:2379",
            "--authorization-mode=AlwaysAllow",
            "--anonymous-auth=true",
        ]));
        insta::assert_snapshot!(findings.join("\n"), @"
        kube-apiserver.yaml:11:7 critical the API server has the authorization mode AlwaysAllow
        kube-apiserver.yaml high the API server has no --encryption-provider-config
        kube-apiserver.yaml:10:7 high the API server reaches etcd by http://10.0.0.1:2379
        kube-apiserver.yaml low no --audit-policy-file: nothing is logged
        kube-apiserver.yaml:12:7 info the API server has --anonymous-auth turned on
        ");
    }
}
