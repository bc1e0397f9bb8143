//! What to do on the distribution at hand. Where somebody else writes the configuration and starts the API server, what a
//! rule advises is wrong, or harm: a file that is changed by hand there is lost, and the keys in it with it.

use super::distribution::Distribution;
use crate::model::Finding;

/// What a step is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Topic {
    /// Encryption is turned on.
    Enable,
    /// Objects are written anew.
    Rewrite,
    /// Keys and ciphers.
    Key,
    /// Plaintext that is still read.
    Fallback,
    /// The same configuration everywhere, and one that loads.
    Spread,
    /// A key that is missing.
    Lost,
    /// Flags of the API server and of etcd.
    Flags,
    /// The audit log.
    Audit,
    /// What else is encrypted.
    Cover,
    /// Plaintext that is left.
    Residue,
}

/// Whether what a rule advises holds where somebody else writes the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Advice {
    Holds,
    Differs,
}

/// Steps by rule. Of what is not here, what the rule advises is right everywhere.
const STEPS: [(&str, Advice, &[Topic]); 33] = [
    ("apiserver-allows-all", Advice::Differs, &[Topic::Flags]),
    ("apiserver-anonymous", Advice::Differs, &[Topic::Flags]),
    ("audit-logs-secrets", Advice::Holds, &[Topic::Audit]),
    ("audit-missing", Advice::Differs, &[Topic::Audit]),
    ("audit-policy-invalid", Advice::Holds, &[Topic::Audit]),
    ("encryption-drift", Advice::Differs, &[Topic::Spread]),
    ("encryption-file-not-mounted", Advice::Differs, &[Topic::Flags]),
    ("encryption-flag-removed", Advice::Differs, &[Topic::Flags]),
    ("encryption-identity-fallback", Advice::Differs, &[Topic::Fallback]),
    ("encryption-identity-first", Advice::Differs, &[Topic::Enable]),
    ("encryption-invalid", Advice::Differs, &[Topic::Spread]),
    ("encryption-kms-v1", Advice::Differs, &[Topic::Key]),
    ("encryption-not-configured", Advice::Differs, &[Topic::Enable]),
    ("encryption-plaintext-read", Advice::Holds, &[Topic::Rewrite]),
    ("encryption-plaintext-written", Advice::Differs, &[Topic::Enable]),
    ("encryption-reload-failed", Advice::Differs, &[Topic::Spread]),
    ("encryption-repeated-key", Advice::Differs, &[Topic::Key]),
    ("encryption-resource-twice", Advice::Differs, &[Topic::Spread]),
    ("encryption-secrets-uncovered", Advice::Differs, &[Topic::Enable]),
    ("encryption-short-key", Advice::Differs, &[Topic::Key]),
    ("encryption-single-key", Advice::Differs, &[Topic::Key]),
    ("encryption-stale-key", Advice::Differs, &[Topic::Key]),
    ("encryption-undecryptable", Advice::Differs, &[Topic::Lost]),
    ("encryption-weak-key", Advice::Differs, &[Topic::Key]),
    ("encryption-weak-provider", Advice::Differs, &[Topic::Key]),
    ("etcd-no-client-certificate", Advice::Differs, &[Topic::Flags]),
    ("etcd-shared-ca", Advice::Differs, &[Topic::Flags]),
    ("etcd-unchecked", Advice::Differs, &[Topic::Flags]),
    ("etcd-without-tls", Advice::Differs, &[Topic::Flags]),
    ("stored-custom-credentials", Advice::Differs, &[Topic::Cover]),
    ("stored-plaintext", Advice::Holds, &[Topic::Enable, Topic::Rewrite]),
    ("stored-residue", Advice::Holds, &[Topic::Residue]),
    ("stored-stale-key", Advice::Holds, &[Topic::Rewrite]),
];

/// Puts the steps of the distribution behind what the rule advises, or in its place.
pub(super) fn advise(finding: &mut Finding, distribution: Option<Distribution>) {
    let Some(distribution) = distribution else { return };
    let found = STEPS.iter().find(|(id, ..)| *id == finding.rule.id.as_str());
    let Some((_, advice, topics)) = found else { return };
    let steps: Vec<String> = topics.iter().filter_map(|topic| topic.step(distribution)).collect();
    if steps.is_empty() {
        return;
    }
    let steps = format!("On {distribution}: {}", steps.join(" "));
    let holds = *advice == Advice::Holds || distribution.owner().is_none();
    finding.remediation = if holds { format!("{} {steps}", finding.remediation).into() } else { steps.into() };
}

impl Topic {
    /// None where there is nothing to say beside what the rule advises.
    fn step(self, distribution: Distribution) -> Option<String> {
        Some(match self {
            Self::Enable => distribution.enable().to_owned(),
            Self::Rewrite => format!("Rewrite: {}.", distribution.rewrite()),
            Self::Key => key(distribution)?,
            Self::Fallback => format!(
                "{} keeps identity behind what encrypts, and that cannot be changed: see in what is stored that nothing is \
                 plaintext (ksecrets seal at-rest --snapshot).",
                distribution.owner()?.who
            ),
            Self::Spread => spread(distribution)?,
            Self::Lost => lost(distribution)?,
            Self::Flags => flags(distribution)?,
            Self::Audit => audit(distribution)?,
            Self::Cover => cover(distribution)?.to_owned(),
            Self::Residue => residue(distribution)?.to_owned(),
        })
    }
}

/// The programs of Rancher differ in their names.
fn rancher(distribution: Distribution) -> Option<&'static str> {
    match distribution {
        Distribution::K3s => Some("k3s"),
        Distribution::Rke2 => Some("rke2"),
        _ => None,
    }
}

fn key(distribution: Distribution) -> Option<String> {
    let owner = distribution.owner()?;
    Some(match distribution {
        Distribution::K3s | Distribution::Rke2 => format!(
            "{} writes this file: {} makes a new key, rewrites every Secret, and drops the old one; another cipher is \
             secrets-encryption-provider of config.yaml on every server. What is changed by hand is lost.",
            owner.who, owner.rotation
        ),
        Distribution::OpenShift => {
            "An operator writes this file, and a new key every week; the cipher is spec.encryption.type \
                                    of apiserver.config.openshift.io/cluster. What is changed by hand is lost."
                .to_owned()
        }
        _ => format!("{} writes the configuration: {}.", owner.who, owner.rotation),
    })
}

fn spread(distribution: Distribution) -> Option<String> {
    let owner = distribution.owner()?;
    Some(match rancher(distribution) {
        Some(program) => format!(
            "Every server takes the file from the datastore when it starts: `{program} secrets-encrypt status` tells the \
             stage and whether their hashes match. Restart the servers that differ, one after the other, and copy no file."
        ),
        None if distribution == Distribution::OpenShift => {
            "An operator brings the file to every control plane, revision by revision: wait until `oc get clusteroperator \
             kube-apiserver` is not progressing; what is degraded there names the reason. Copy no file."
                .to_owned()
        }
        None => format!("{} writes the configuration: nothing of it can be changed here.", owner.who),
    })
}

fn lost(distribution: Distribution) -> Option<String> {
    let owner = distribution.owner()?;
    Some(match rancher(distribution) {
        Some(program) => format!(
            "Keys that are gone come back with a backup of /var/lib/rancher/{program}/server/cred/encryption-config.json, or \
             with a snapshot and the token of its time. Restore, restart every server, and see that `{program} secrets-encrypt \
             status` is the same on all; rotate nothing before that."
        ),
        None if distribution == Distribution::OpenShift => {
            "The operator keeps every key that it made in Secrets of openshift-config-managed (encryption-key-…): delete none. \
             After a restore of etcd those of its backup belong to it."
                .to_owned()
        }
        None => format!(
            "A key of the KMS that was disabled, or that the cluster may not use any more, is to be enabled again there; the \
             rest is up to {}.",
            owner.who
        ),
    })
}

fn flags(distribution: Distribution) -> Option<String> {
    let owner = distribution.owner()?;
    Some(match rancher(distribution) {
        Some(program) => format!(
            "{program} starts the API server and etcd itself: their flags are kube-apiserver-arg and etcd-arg in \
             /etc/rancher/{program}/config.yaml of every server. Take out what is named there, and restart one after the other."
        ),
        None if distribution == Distribution::OpenShift => {
            "Operators set these flags, and undo what is changed by hand; what may be chosen is in \
             apiserver.config.openshift.io/cluster."
                .to_owned()
        }
        None => format!("{} sets these flags: they cannot be changed here.", owner.who),
    })
}

fn audit(distribution: Distribution) -> Option<String> {
    Some(match distribution {
        Distribution::Kubeadm => return None,
        Distribution::K3s => "The flags are audit-policy-file=FILE and audit-log-path=FILE, each under kube-apiserver-arg in \
                              /etc/rancher/k3s/config.yaml of every server."
            .to_owned(),
        Distribution::Rke2 => {
            "The policy is audit-policy-file in /etc/rancher/rke2/config.yaml of every server.".to_owned()
        }
        Distribution::OpenShift => {
            "The policy is spec.audit.profile of apiserver.config.openshift.io/cluster; none of its profiles logs the bodies \
             of Secrets."
                .to_owned()
        }
        Distribution::Eks => "The policy is Amazon's; the log is turned on with `aws eks update-cluster-config --name NAME \
                              --logging '{\"clusterLogging\":[{\"types\":[\"audit\"],\"enabled\":true}]}'`."
            .to_owned(),
        Distribution::Gke => {
            "The policy is Google's; reads of Secrets are in the data access logs of Cloud Audit Logs, which are turned on for \
             container.googleapis.com."
                .to_owned()
        }
        Distribution::Aks => {
            "The policy is Microsoft's; the log is the category kube-audit of the cluster's diagnostic settings.".to_owned()
        }
    })
}

fn cover(distribution: Distribution) -> Option<&'static str> {
    Some(match distribution {
        Distribution::Kubeadm => return None,
        Distribution::K3s | Distribution::Rke2 => {
            "Secrets are encrypted and nothing else, and that cannot be changed: have the credential in a Secret that the \
             resource refers to, and encrypt the disk under the datastore."
        }
        Distribution::OpenShift => {
            "Secrets, ConfigMaps, routes and OAuth tokens are encrypted and nothing else: have the credential in a Secret that \
             the resource refers to, and encrypt the disks of the control plane."
        }
        Distribution::Eks => "All API data is encrypted from 1.28 on: upgrade.",
        Distribution::Gke | Distribution::Aks => {
            "What is encrypted beside Secrets is up to the provider: have the credential in a Secret that the resource refers \
             to."
        }
    })
}

fn residue(distribution: Distribution) -> Option<&'static str> {
    (distribution == Distribution::OpenShift).then_some(
        "The operator of etcd compacts and defragments by itself; sooner, for each member: `oc rsh -n openshift-etcd POD \
         etcdctl defrag`.",
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::encryption::EncryptionRule;
    use super::super::rules::AtRestRule;
    use super::*;
    use crate::model::{Confidence, Location, Rule};

    /// What the rule advises is right everywhere: files and folders that are too open, copies, a word that is misspelt.
    const EVERYWHERE: [&str; 4] = ["audit-unknown-field", "backup-with-keys", "encryption-file-open", "etcd-data-open"];

    fn rules() -> impl Iterator<Item = Rule> {
        let configurations = EncryptionRule::ALL.iter().map(|rule| rule.rule());
        AtRestRule::ALL.iter().map(|rule| rule.rule()).chain(configurations)
    }

    fn advised(rule: Rule, distribution: Distribution) -> String {
        let (severity, rule) = (rule.severity, Arc::new(rule));
        let mut finding =
            Finding::without_value(&rule, (severity, Confidence::High), String::new(), Location::default());
        advise(&mut finding, Some(distribution));
        finding.remediation.to_string()
    }

    #[test]
    fn every_rule_has_steps_or_needs_none() {
        assert!(STEPS.is_sorted_by_key(|(id, ..)| *id));
        for rule in rules() {
            let id = rule.id.as_str();
            let steps = STEPS.iter().filter(|(of, ..)| *of == id).count();
            let everywhere = EVERYWHERE.iter().filter(|of| **of == id).count();
            assert_eq!(steps + everywhere, 1, "{id}");
        }
    }

    /// Nobody who does not write the file is told to change it, and nobody who does not set flags to set them.
    #[test]
    fn who_writes_no_file_changes_none() {
        for distribution in Distribution::ALL.into_iter().filter(|one| one.owner().is_some()) {
            for rule in rules().filter(|rule| !EVERYWHERE.contains(&rule.id.as_str())) {
                let (id, advised) = (rule.id.to_string(), advised(rule, distribution));
                let wrong =
                    ["put it first", "Put the provider", "--encryption-provider-config", "every control plane, and"];
                assert!(!wrong.iter().any(|wrong| advised.contains(wrong)), "{distribution} {id}: {advised}");
                let silent = ["stored-residue"].contains(&id.as_str());
                assert!(silent || advised.contains(&format!("On {distribution}: ")), "{distribution} {id}: {advised}");
            }
        }
    }

    #[test]
    fn whoever_writes_it_is_told_what_the_rule_says() {
        let rule = || EncryptionRule::WeakProvider.rule();
        assert_eq!(advised(rule(), Distribution::Kubeadm), rule().remediation);
        let k3s = advised(rule(), Distribution::K3s);
        assert!(k3s.starts_with("On k3s: k3s writes this file: `k3s secrets-encrypt rotate-keys` makes"), "{k3s}");
    }
}
