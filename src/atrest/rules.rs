//! What is said of API servers, audit policies and stored bytes: the rules beside those of
//! [configurations](super::encryption).

use super::declare::rules;

/// The page that most of this is from.
const GUIDE: &str = "https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/";
const AUDIT: &str = "https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/";
const FLAGS: &str = "https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/";
const ETCD: &str = "https://etcd.io/docs/latest/op-guide/security/";
const METRICS: &str = "https://kubernetes.io/docs/reference/instrumentation/metrics/";

rules! {
    /// A rule about how Secrets are kept, in the order of ids.
    AtRestRule;

    /// The API server allows everything to everybody.
    AllowsAll, "apiserver-allows-all", "API server that allows everything", Critical, [FLAGS],
        "With the authorization mode AlwaysAllow everybody who reaches the API server reads every Secret, whatever is \
         encrypted in etcd.",
        "Set --authorization-mode=Node,RBAC.";
    /// Anonymous requests are let in by an explicit flag.
    Anonymous, "apiserver-anonymous", "Anonymous requests let in", Info, [FLAGS],
        "Requests without credentials are taken for system:anonymous. What that may read is up to RBAC; a binding for \
         system:unauthenticated that slips in is open to the network.",
        "Set --anonymous-auth=false, or limit it to health checks with an AuthenticationConfiguration (1.32 and \
         later).";
    /// Bodies of requests go to the audit log.
    AuditLogsSecrets, "audit-logs-secrets", "Secrets in the audit log", High, [AUDIT],
        "The first rule that matches these requests logs their bodies, so values of Secrets or tokens lie readable in \
         the audit log and wherever it is sent.",
        "Put a rule with `level: Metadata` for secrets, configmaps, serviceaccounts/token and tokenreviews before it, \
         and treat what was logged as read.";
    /// Nothing tells who read a Secret.
    AuditMissing, "audit-missing", "API server without an audit log", Low, [AUDIT],
        "Without an audit policy and a place for its events nothing tells who read a Secret.",
        "Set --audit-policy-file and --audit-log-path or --audit-webhook-config-file, with `level: Metadata` for \
         Secrets.";
    /// The API server does not start with the policy.
    AuditInvalid, "audit-policy-invalid", "Audit policy that does not load", High, [AUDIT],
        "The API server does not start with this policy.",
        "Change what is named, and try the file on one control plane before the others get it.";
    /// A field that means nothing.
    AuditUnknownField, "audit-unknown-field", "Audit rule with a field that means nothing", Medium, [AUDIT],
        "The API server passes over fields that it does not know. A list whose name is misspelt is no list, and the \
         rule speaks of everything.",
        "Write the field as audit.k8s.io/v1 has it.";
    /// A backup lies beside the keys that open it.
    BackupWithKeys, "backup-with-keys", "Backup of etcd beside the keys that open it", High, [GUIDE],
        "A snapshot and the keys of its encryption lie in one folder: whoever gets the folder, or a copy of it, reads \
         every Secret.",
        "Keep the keys elsewhere than the backups, under other rights; where the folder was copied, rotate the key \
         and change the credentials.";
    /// API servers, or a file, disagree.
    Drift, "encryption-drift", "Encryption configuration that is not in force everywhere", High, [METRICS],
        "The digests of encryption configurations differ, or what was stored last was written otherwise than the \
         configuration says. An API server with an older file writes with another key or none, and cannot read what \
         the others write.",
        "Bring the same file to every control plane, and restart or reload each API server.";
    /// The container does not have the file.
    FileUnseen, "encryption-file-not-mounted",
        "Encryption configuration that the API server does not see", Medium, [GUIDE],
        "--encryption-provider-config names a file on the machine, and no volume shows it inside the API server's \
         container: unless its image has the file, the API server does not start.",
        "Mount the file's folder read-only: hostPath and volumeMounts of the static pod, apiServer.extraVolumes of \
         kubeadm.";
    /// Others than root have the configuration.
    FileOpen, "encryption-file-open",
        "Encryption configuration that others than root can read or change", High, [GUIDE],
        "The file has the keys of every Secret, and says whether anything is encrypted at all. Whoever reads it and \
         gets a backup reads all; whoever changes it turns encryption off.",
        "chown root:root and chmod 0600, and rotate the key where others could have read it.";
    /// A flag of old.
    FlagRemoved, "encryption-flag-removed", "Encryption flag that no longer exists", High, [GUIDE],
        "--experimental-encryption-provider-config was taken away in Kubernetes 1.13: an API server refuses to start \
         with it.",
        "Use --encryption-provider-config with an EncryptionConfiguration of apiserver.config.k8s.io/v1.";
    /// No flag turns encryption on.
    NotConfigured, "encryption-not-configured", "API server without encryption at rest", High, [GUIDE],
        "No flag gives the API server an encryption configuration, so Secrets are plaintext in etcd, in every \
         snapshot of it and on the disk under it.",
        "Give every API server --encryption-provider-config, then rewrite all Secrets.";
    /// The API server reads plaintext.
    PlaintextRead, "encryption-plaintext-read", "Plaintext still read from etcd", Medium, [METRICS],
        "Since it started, the API server read objects that were plaintext in etcd: they were not rewritten before \
         that.",
        "Rewrite all objects of the resource, restart the API server, and ask again; or read the stored bytes.";
    /// The API server writes plaintext.
    PlaintextWritten, "encryption-plaintext-written", "Plaintext written to etcd", High, [METRICS],
        "The API server counted writes of this resource that no provider encrypted, since it started.",
        "Put a provider that encrypts first for this resource, restart every API server, and rewrite all its objects.";
    /// The file is not what is in force.
    ReloadFailed, "encryption-reload-failed",
        "Encryption configuration that was refused when it was reloaded", High, [METRICS],
        "The last reload failed, so the API server goes on with the configuration that it had. The file on disk is \
         not what is in force, and the next restart fails.",
        "Check the file (`ksecrets seal at-rest --config FILE` names what is refused) and the API server's log.";
    /// Values that no provider could read.
    Undecryptable, "encryption-undecryptable", "Stored values that the API server cannot read", High, [METRICS],
        "Reads from etcd failed, or would with this configuration: values were written with a key or provider that it \
         does not have. Lists of the resource fail as long as one of them is there.",
        "Add the old key behind the present one, rewrite all objects, and only then remove it.";
    /// Others have the database.
    EtcdDataOpen, "etcd-data-open", "Database of etcd that others can read or change", High, [ETCD],
        "Others than root and the account that runs etcd get at the file with everything that is stored: whoever \
         reads it has what is not encrypted, whoever changes it makes themselves an administrator.",
        "Give the data directory to root, or to the account of etcd, with mode 0700, and its files 0600.";
    /// etcd cannot know who asks.
    EtcdNoClientCertificate, "etcd-no-client-certificate", "etcd without client certificates", High, [ETCD],
        "etcd asks those who come for no certificate, or the API server shows none, so that it cannot ask: whoever \
         reaches its port reads and changes what is stored.",
        "Start etcd with --client-cert-auth=true and --trusted-ca-file, for its other members with \
         --peer-client-cert-auth=true and --peer-trusted-ca-file; set --etcd-certfile and --etcd-keyfile of the API \
         server.";
    /// Every client of the cluster is one of etcd.
    EtcdSharedAuthority, "etcd-shared-ca", "One CA for etcd and for the cluster's clients", High, [ETCD],
        "etcd lets in every certificate of its CA and knows no rights. Where that CA signs certificates of users, \
         nodes and components too, each of them reads and changes everything that is stored.",
        "Give etcd a CA of its own, as kubeadm does, for --trusted-ca-file of etcd, --etcd-cafile, --etcd-certfile \
         and --etcd-keyfile of the API server.";
    /// etcd can be anybody.
    EtcdUnchecked, "etcd-unchecked", "etcd whose certificate is not checked against the cluster's CA", Medium, [ETCD],
        "Without --etcd-cafile any certificate that the machine's store trusts is taken for etcd's.",
        "Set --etcd-cafile to the CA that signs etcd's certificates only.";
    /// Secrets cross a network.
    EtcdWithoutTls, "etcd-without-tls", "etcd without TLS", High, [ETCD],
        "The API server talks to etcd over plain HTTP, or etcd listens so: what is not encrypted crosses the network \
         readable, and etcd answers everybody.",
        "Use https:// in --listen-client-urls and --listen-peer-urls of etcd and in --etcd-servers, with \
         --etcd-cafile, --etcd-certfile and --etcd-keyfile.";
    /// Custom resources with credentials in plaintext.
    StoredCustom, "stored-custom-credentials", "Custom resources with credentials readable in etcd", Info, [GUIDE],
        "Objects of these kinds hold credentials, and the configuration names Secrets only: they lie in etcd and in \
         its backups as plaintext.",
        "Add the resource, or *.*, to the entry that encrypts Secrets, and rewrite its objects.";
    /// Plaintext in etcd.
    StoredPlaintext, "stored-plaintext", "Secrets readable in etcd", Critical, [GUIDE],
        "These objects lie in etcd as plaintext: whoever has a snapshot, a backup or the disk reads them. This is \
         what is stored, whatever flags and configuration say.",
        "Turn encryption on, rewrite all objects of the resource, compact and defragment, and treat the values in old \
         backups as read.";
    /// Plaintext where nobody looks.
    StoredResidue, "stored-residue", "Plaintext left behind in etcd's files", Medium, [GUIDE],
        "Objects were encrypted or deleted, and what they were before is still in the files: in old revisions, free \
         pages, or the write-ahead log.",
        "Compact, defragment every member (with k3s: vacuum its SQLite), and change the credentials if the files were \
         copied anywhere.";
    /// Another key than the present one.
    StoredStale, "stored-stale-key", "Objects under another key than the present one", Medium, [GUIDE],
        "The last object of the resource was written with another provider or key than these, or the KMS has another \
         key by now: they were not rewritten after a rotation, and the old key cannot be removed.",
        "See which key the configuration puts first, rewrite all objects of the resource, and remove a key only when \
         nothing stored is under it.";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RuleId;

    #[test]
    fn rules_are_sorted_and_say_what_to_do() {
        let rules: Vec<_> = AtRestRule::ALL.iter().map(|rule| rule.rule()).collect();
        assert!(rules.windows(2).all(|two| two[0].id < two[1].id), "in the order of ids, each once");
        for rule in &rules {
            assert!(RuleId::is_well_formed(rule.id.as_str()), "{}", rule.id);
            for text in [&rule.title, &rule.description, &rule.remediation] {
                assert!(!text.is_empty() && !text.contains("  "), "{}: {text}", rule.id);
            }
        }
    }
}
