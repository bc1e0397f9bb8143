//! Pods that see every process of the node.
//!
//! With `hostPID: true` the `/proc` of a pod is the node's: the command lines of all processes, and the environment
//! of those that its rights suffice for. Secrets handed to other pods as environment variables lie there, and through
//! `/proc/<pid>/root` so do their mounted files. A privileged container, or one that may trace processes, sees all of
//! them.
//!
//! A pod that does not run as root sees command lines and little else: low, for node exporters are so. On Windows the
//! field means nothing (<https://kubernetes.io/docs/concepts/windows/intro/>).

use super::shape::{is_non_root, is_privileged};
use super::{Check, Sightings};
use crate::manifest::{Node, Object, pod_specs};
use crate::model::{Class, Confidence, Rule, RuleId, Severity};

/// Pod specs with `hostPID: true`.
pub(super) struct HostProcessSecrets;

impl Check for HostProcessSecrets {
    fn rule(&self) -> Rule {
        Rule {
            id: RuleId::new("host-process-secrets"),
            title: "Pod sees the processes of the whole node".into(),
            class: Class::Exposure,
            severity: Severity::Medium,
            confidence: Confidence::High,
            description: "With hostPID a pod sees the processes of every pod on its node, and as far as its rights go \
                          their environment and files in /proc, Secrets among them."
                .into(),
            remediation: "Remove hostPID; where an agent needs it, run it as non-root and not privileged, in a \
                          namespace that few can exec into."
                .into(),
            references: vec![
                "https://kubernetes.io/docs/concepts/security/pod-security-standards/".into(),
                "https://kubernetes.io/docs/concepts/security/secrets-good-practices/".into(),
            ],
        }
    }

    fn words(&self) -> &'static [&'static str] {
        &["hostpid"]
    }

    fn check<'t>(&self, object: &Object<'t>, out: &mut Sightings<'t>) {
        for pod in pod_specs(object) {
            let Some(node) = pod.get("hostPID").filter(|node| node.as_str() == Some("true")) else { continue };
            if is_windows(pod) {
                continue;
            }
            let (severity, message) = weigh(pod);
            out.with_severity(node, message, severity);
        }
    }
}

fn is_windows(pod: Node<'_>) -> bool {
    let selected = pod.at_path(&["nodeSelector", "kubernetes.io/os"]).or_else(|| pod.at_path(&["os", "name"]));
    selected.and_then(Node::as_str) == Some("windows")
}

fn weigh(pod: Node<'_>) -> (Severity, String) {
    let containers = || pod.get("containers").into_iter().flat_map(Node::items);
    if let Some(node) = containers().find(|node| is_privileged(*node)) {
        let who = super::shape::container(node);
        return (Severity::High, format!("{who} may read the environment and files of every process on the node"));
    }
    if containers().all(|node| is_non_root(node, pod)) {
        let message = "the pod sees the command lines of every process on the node; not as root, so little else";
        return (Severity::Low, message.to_owned());
    }
    (Severity::Medium, "the pod sees every process on the node, and the environment of many".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hunt::checks::tests::seen;

    fn pod(context: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Pod\nspec:\n  hostPID: true\n  containers:\n  - name: c\n    image: i\n\
             \x20   securityContext: {context}\n"
        )
    }

    #[test]
    fn rights_decide_how_much_is_seen() {
        let first = |context| seen(&HostProcessSecrets, &pod(context)).remove(0);
        assert_eq!(
            first("{privileged: true}"),
            "high: container c may read the environment and files of every process on the node"
        );
        assert!(first("{}").starts_with("medium: "));
        assert!(first("{runAsNonRoot: true}").starts_with("low: "));
    }

    #[test]
    fn windows_has_no_such_thing() {
        for place in ["nodeSelector:\n    kubernetes.io/os: windows", "os: {name: windows}"] {
            let text = pod("{}").replace("hostPID: true", &format!("hostPID: true\n  {place}"));
            assert_eq!(seen(&HostProcessSecrets, &text), [""; 0], "{place}");
        }
    }

    #[test]
    fn own_processes_are_fine() {
        assert_eq!(seen(&HostProcessSecrets, &pod("{}").replace("hostPID: true", "hostPID: false")), [""; 0]);
    }
}
