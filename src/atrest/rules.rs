//! What is said of API servers, audit policies and stored bytes: the rules beside those of
//! [configurations](super::encryption).

use crate::model::{Class, Confidence, Rule, RuleId, Severity};

/// A rule about how Secrets are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AtRestRule {
    /// The API server allows everything to everybody.
    AllowsAll,
    /// Anonymous requests are let in by an explicit flag.
    Anonymous,
    /// Nothing tells who read a Secret.
    AuditMissing,
    /// The API server does not start with the policy.
    AuditInvalid,
    /// Bodies of requests go to the audit log.
    AuditLogsSecrets,
    /// A field that means nothing.
    AuditUnknownField,
    /// A backup lies beside the keys that open it.
    BackupWithKeys,
    /// API servers, or a file, disagree.
    Drift,
    /// The container does not have the file.
    FileUnseen,
    /// Others than root have the configuration.
    FileOpen,
    /// A flag of old.
    FlagRemoved,
    /// No flag turns encryption on.
    NotConfigured,
    /// etcd cannot know who asks.
    EtcdNoClientCertificate,
    /// Others have the database.
    EtcdDataOpen,
    /// Every client of the cluster is one of etcd.
    EtcdSharedAuthority,
    /// etcd can be anybody.
    EtcdUnchecked,
    /// Secrets cross a network.
    EtcdWithoutTls,
    /// Values that no provider could read.
    Undecryptable,
    /// The API server reads plaintext.
    PlaintextRead,
    /// The API server writes plaintext.
    PlaintextWritten,
    /// The file is not what is in force.
    ReloadFailed,
    /// Custom resources with credentials in plaintext.
    StoredCustom,
    /// Plaintext in etcd.
    StoredPlaintext,
    /// Plaintext where nobody looks.
    StoredResidue,
    /// Another key than the present one.
    StoredStale,
}

/// The page that most of this is from.
const GUIDE: &str = "https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/";
const AUDIT: &str = "https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/";
const FLAGS: &str = "https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/";
const ETCD: &str = "https://etcd.io/docs/latest/op-guide/security/";
const METRICS: &str = "https://kubernetes.io/docs/reference/instrumentation/metrics/";

impl AtRestRule {
    /// All of them, in the order of ids.
    pub const ALL: [Self; 25] = [
        Self::AllowsAll,
        Self::Anonymous,
        Self::AuditLogsSecrets,
        Self::AuditMissing,
        Self::AuditInvalid,
        Self::AuditUnknownField,
        Self::BackupWithKeys,
        Self::Drift,
        Self::FileUnseen,
        Self::FileOpen,
        Self::FlagRemoved,
        Self::NotConfigured,
        Self::PlaintextRead,
        Self::PlaintextWritten,
        Self::ReloadFailed,
        Self::Undecryptable,
        Self::EtcdDataOpen,
        Self::EtcdNoClientCertificate,
        Self::EtcdSharedAuthority,
        Self::EtcdUnchecked,
        Self::EtcdWithoutTls,
        Self::StoredCustom,
        Self::StoredPlaintext,
        Self::StoredResidue,
        Self::StoredStale,
    ];

    /// What it says of itself.
    #[must_use]
    pub fn rule(self) -> Rule {
        let Words { id, title, severity, description, remediation, page } = self.words();
        Rule {
            id: RuleId::new(id),
            title: title.into(),
            class: Class::AtRest,
            severity,
            confidence: Confidence::High,
            description: description.into(),
            remediation: remediation.into(),
            references: vec![page.into()],
        }
    }

    fn words(self) -> Words {
        match self {
            Self::AllowsAll | Self::Anonymous | Self::FileUnseen | Self::FlagRemoved | Self::NotConfigured => {
                self.of_flags()
            }
            Self::AuditInvalid | Self::AuditLogsSecrets | Self::AuditMissing | Self::AuditUnknownField => {
                self.of_audit()
            }
            Self::EtcdDataOpen
            | Self::EtcdNoClientCertificate
            | Self::EtcdSharedAuthority
            | Self::EtcdUnchecked
            | Self::EtcdWithoutTls => self.of_etcd(),
            Self::StoredCustom | Self::StoredPlaintext | Self::StoredResidue | Self::StoredStale => self.of_stored(),
            Self::BackupWithKeys | Self::FileOpen => self.of_custody(),
            _ => self.of_metrics(),
        }
    }

    fn of_flags(self) -> Words {
        match self {
            Self::AllowsAll => Words {
                id: "apiserver-allows-all",
                title: "API server that allows everything",
                severity: Severity::Critical,
                description: "With the authorization mode AlwaysAllow everybody who reaches the API server reads every \
                              Secret, whatever is encrypted in etcd.",
                remediation: "Set --authorization-mode=Node,RBAC.",
                page: FLAGS,
            },
            Self::Anonymous => Words {
                id: "apiserver-anonymous",
                title: "Anonymous requests let in",
                severity: Severity::Info,
                description: "Requests without credentials are taken for system:anonymous. What that may read is up to \
                              RBAC; a binding for system:unauthenticated that slips in is open to the network.",
                remediation: "Set --anonymous-auth=false, or limit it to health checks with an AuthenticationConfiguration \
                              (1.32 and later).",
                page: FLAGS,
            },
            Self::FileUnseen => Words {
                id: "encryption-file-not-mounted",
                title: "Encryption configuration that the API server does not see",
                severity: Severity::Medium,
                description: "--encryption-provider-config names a file on the machine, and no volume shows it inside the \
                              API server's container: unless its image has the file, the API server does not start.",
                remediation: "Mount the file's folder read-only: hostPath and volumeMounts of the static pod, \
                              apiServer.extraVolumes of kubeadm.",
                page: GUIDE,
            },
            Self::FlagRemoved => Words {
                id: "encryption-flag-removed",
                title: "Encryption flag that no longer exists",
                severity: Severity::High,
                description: "--experimental-encryption-provider-config was taken away in Kubernetes 1.13: an API server \
                              refuses to start with it.",
                remediation: "Use --encryption-provider-config with an EncryptionConfiguration of \
                              apiserver.config.k8s.io/v1.",
                page: GUIDE,
            },
            _ => Words {
                id: "encryption-not-configured",
                title: "API server without encryption at rest",
                severity: Severity::High,
                description: "No flag gives the API server an encryption configuration, so Secrets are plaintext in etcd, in \
                              every snapshot of it and on the disk under it.",
                remediation: "Give every API server --encryption-provider-config, then rewrite all Secrets.",
                page: GUIDE,
            },
        }
    }

    fn of_audit(self) -> Words {
        match self {
            Self::AuditInvalid => Words {
                id: "audit-policy-invalid",
                title: "Audit policy that does not load",
                severity: Severity::High,
                description: "The API server does not start with this policy.",
                remediation: "Change what is named, and try the file on one control plane before the others get it.",
                page: AUDIT,
            },
            Self::AuditLogsSecrets => Words {
                id: "audit-logs-secrets",
                title: "Secrets in the audit log",
                severity: Severity::High,
                description: "The first rule that matches these requests logs their bodies, so values of Secrets or tokens \
                              lie readable in the audit log and wherever it is sent.",
                remediation: "Put a rule with `level: Metadata` for secrets, configmaps, serviceaccounts/token and \
                              tokenreviews before it, and treat what was logged as read.",
                page: AUDIT,
            },
            Self::AuditMissing => Words {
                id: "audit-missing",
                title: "API server without an audit log",
                severity: Severity::Low,
                description: "Without an audit policy and a place for its events nothing tells who read a Secret.",
                remediation: "Set --audit-policy-file and --audit-log-path or --audit-webhook-config-file, with `level: \
                              Metadata` for Secrets.",
                page: AUDIT,
            },
            _ => Words {
                id: "audit-unknown-field",
                title: "Audit rule with a field that means nothing",
                severity: Severity::Medium,
                description: "The API server passes over fields that it does not know. A list whose name is misspelt is no \
                              list, and the rule speaks of everything.",
                remediation: "Write the field as audit.k8s.io/v1 has it.",
                page: AUDIT,
            },
        }
    }

    fn of_etcd(self) -> Words {
        match self {
            Self::EtcdNoClientCertificate => Words {
                id: "etcd-no-client-certificate",
                title: "etcd without client certificates",
                severity: Severity::High,
                description: "etcd asks those who come for no certificate, or the API server shows none, so that it cannot ask: \
                              whoever reaches its port reads and changes what is stored.",
                remediation: "Start etcd with --client-cert-auth=true and --trusted-ca-file, for its other members with \
                              --peer-client-cert-auth=true and --peer-trusted-ca-file; set --etcd-certfile and \
                              --etcd-keyfile of the API server.",
                page: ETCD,
            },
            Self::EtcdDataOpen => Words {
                id: "etcd-data-open",
                title: "Database of etcd that others can read or change",
                severity: Severity::High,
                description: "Others than root and the account that runs etcd get at the file with everything that is stored: \
                              whoever reads it has what is not encrypted, whoever changes it makes themselves an \
                              administrator.",
                remediation: "Give the data directory to root, or to the account of etcd, with mode 0700, and its files 0600.",
                page: ETCD,
            },
            Self::EtcdSharedAuthority => Words {
                id: "etcd-shared-ca",
                title: "One CA for etcd and for the cluster's clients",
                severity: Severity::High,
                description: "etcd lets in every certificate of its CA and knows no rights. Where that CA signs certificates of \
                              users, nodes and components too, each of them reads and changes everything that is stored.",
                remediation: "Give etcd a CA of its own, as kubeadm does, for --trusted-ca-file of etcd, --etcd-cafile, \
                              --etcd-certfile and --etcd-keyfile of the API server.",
                page: ETCD,
            },
            Self::EtcdUnchecked => Words {
                id: "etcd-unchecked",
                title: "etcd whose certificate is not checked against the cluster's CA",
                severity: Severity::Medium,
                description: "Without --etcd-cafile any certificate that the machine's store trusts is taken for etcd's.",
                remediation: "Set --etcd-cafile to the CA that signs etcd's certificates only.",
                page: ETCD,
            },
            _ => Words {
                id: "etcd-without-tls",
                title: "etcd without TLS",
                severity: Severity::High,
                description: "The API server talks to etcd over plain HTTP, or etcd listens so: what is not encrypted crosses \
                              the network readable, and etcd answers everybody.",
                remediation: "Use https:// in --listen-client-urls and --listen-peer-urls of etcd and in --etcd-servers, with \
                              --etcd-cafile, --etcd-certfile and --etcd-keyfile.",
                page: ETCD,
            },
        }
    }

    fn of_metrics(self) -> Words {
        match self {
            Self::Drift => Words {
                id: "encryption-drift",
                title: "Encryption configuration that is not in force everywhere",
                severity: Severity::High,
                description: "The digests of encryption configurations differ, or what was stored last was written otherwise \
                              than the configuration says. An API server with an older file writes with another key or \
                              none, and cannot read what the others write.",
                remediation: "Bring the same file to every control plane, and restart or reload each API server.",
                page: METRICS,
            },
            Self::PlaintextRead => Words {
                id: "encryption-plaintext-read",
                title: "Plaintext still read from etcd",
                severity: Severity::Medium,
                description: "Since it started, the API server read objects that were plaintext in etcd: they were not \
                              rewritten before that.",
                remediation: "Rewrite all objects of the resource, restart the API server, and ask again; or read the stored bytes.",
                page: METRICS,
            },
            Self::PlaintextWritten => Words {
                id: "encryption-plaintext-written",
                title: "Plaintext written to etcd",
                severity: Severity::High,
                description: "The API server counted writes of this resource that no provider encrypted, since it started.",
                remediation: "Put a provider that encrypts first for this resource, restart every API server, and rewrite \
                              all its objects.",
                page: METRICS,
            },
            Self::ReloadFailed => Words {
                id: "encryption-reload-failed",
                title: "Encryption configuration that was refused when it was reloaded",
                severity: Severity::High,
                description: "The last reload failed, so the API server goes on with the configuration that it had. The file \
                              on disk is not what is in force, and the next restart fails.",
                remediation: "Check the file (`ksecrets seal at-rest --config FILE` names what is refused) and the API \
                              server's log.",
                page: METRICS,
            },
            _ => Words {
                id: "encryption-undecryptable",
                title: "Stored values that the API server cannot read",
                severity: Severity::High,
                description: "Reads from etcd failed, or would with this configuration: values were written with a key or \
                              provider that it does not have. Lists of the resource fail as long as one of them is there.",
                remediation: "Add the old key behind the present one, rewrite all objects, and only then remove it.",
                page: METRICS,
            },
        }
    }

    fn of_custody(self) -> Words {
        match self {
            Self::BackupWithKeys => Words {
                id: "backup-with-keys",
                title: "Backup of etcd beside the keys that open it",
                severity: Severity::High,
                description: "A snapshot and the keys of its encryption lie in one folder: whoever gets the folder, or a copy \
                              of it, reads every Secret.",
                remediation: "Keep the keys elsewhere than the backups, under other rights; where the folder was copied, \
                              rotate the key and change the credentials.",
                page: GUIDE,
            },
            _ => Words {
                id: "encryption-file-open",
                title: "Encryption configuration that others than root can read or change",
                severity: Severity::High,
                description: "The file has the keys of every Secret, and says whether anything is encrypted at all. Whoever \
                              reads it and gets a backup reads all; whoever changes it turns encryption off.",
                remediation: "chown root:root and chmod 0600, and rotate the key where others could have read it.",
                page: GUIDE,
            },
        }
    }

    fn of_stored(self) -> Words {
        match self {
            Self::StoredCustom => Words {
                id: "stored-custom-credentials",
                title: "Custom resources with credentials readable in etcd",
                severity: Severity::Info,
                description: "Objects of these kinds hold credentials, and the configuration names Secrets only: they lie in \
                              etcd and in its backups as plaintext.",
                remediation: "Add the resource, or *.*, to the entry that encrypts Secrets, and rewrite its objects.",
                page: GUIDE,
            },
            Self::StoredPlaintext => Words {
                id: "stored-plaintext",
                title: "Secrets readable in etcd",
                severity: Severity::Critical,
                description: "These objects lie in etcd as plaintext: whoever has a snapshot, a backup or the disk reads them. \
                              This is what is stored, whatever flags and configuration say.",
                remediation: "Turn encryption on, rewrite all objects of the resource, compact and defragment, and treat the \
                              values in old backups as read.",
                page: GUIDE,
            },
            Self::StoredResidue => Words {
                id: "stored-residue",
                title: "Plaintext left behind in etcd's files",
                severity: Severity::Medium,
                description: "Objects were encrypted or deleted, and what they were before is still in the files: in old \
                              revisions, free pages, or the write-ahead log.",
                remediation: "Compact, defragment every member (with k3s: vacuum its SQLite), and change the credentials if the \
                              files were copied anywhere.",
                page: GUIDE,
            },
            _ => Words {
                id: "stored-stale-key",
                title: "Objects under another key than the present one",
                severity: Severity::Medium,
                description: "The last object of the resource was written with another provider or key than these, or the KMS \
                              has another key by now: they were not rewritten after a rotation, and the old key cannot be \
                              removed.",
                remediation: "See which key the configuration puts first, rewrite all objects of the resource, and remove a key only when nothing stored is under it.",
                page: GUIDE,
            },
        }
    }
}

/// The texts of a rule.
struct Words {
    id: &'static str,
    title: &'static str,
    severity: Severity,
    description: &'static str,
    remediation: &'static str,
    page: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_sorted_and_say_what_to_do() {
        let rules = AtRestRule::ALL.map(AtRestRule::rule);
        assert!(rules.windows(2).all(|two| two[0].id < two[1].id), "in the order of ids, each once");
        for rule in &rules {
            assert!(RuleId::is_well_formed(rule.id.as_str()), "{}", rule.id);
            for text in [&rule.title, &rule.description, &rule.remediation] {
                assert!(!text.is_empty() && !text.contains("  "), "{}: {text}", rule.id);
            }
        }
    }
}
