//! Secrets of pods that are not kept apart from their node.
//!
//! A privileged container has the node, so whoever breaks into it has the pod's Secrets, those of every other pod there,
//! and what the node may ask the API for. Handing such a pod a Secret ties that Secret to the safety of all software
//! beside it. Node agents need their rights and mostly some Secret too: low, for a list to go through. A pod that writes
//! to a directory of its node is less: others that mount it can leave something there for the pod to run or follow.
//!
//! What of the node holds secrets is another matter: `host-path-secrets`.

use super::shape::{Names, container, is_control_plane, is_true};
use super::{Check, Sightings};
use crate::manifest::{Node, Object, pod_references, pod_specs};
use crate::model::{Class, Confidence, Rule, RuleId, Severity};

/// Pods with Secrets that run privileged or write to their node.
pub(super) struct PrivilegedPodSecrets;

/// Lists of a pod spec whose items are containers.
const CONTAINERS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

impl Check for PrivilegedPodSecrets {
    fn rule(&self) -> Rule {
        Rule {
            id: RuleId::new("privileged-pod-secrets"),
            title: "Secrets in a pod that is not kept apart from its node".into(),
            class: Class::Exposure,
            severity: Severity::Low,
            confidence: Confidence::High,
            description: "A pod with Secrets runs a privileged container, or writes to a directory of its node. Who \
                          breaks into it has the node, and with it the Secrets of every pod there."
                .into(),
            remediation: "Run the container without privileges, or move what needs the Secret into a pod of its own."
                .into(),
            references: vec![
                "https://kubernetes.io/docs/concepts/security/pod-security-standards/".into(),
                "https://kubernetes.io/docs/concepts/configuration/secret/#information-security-for-secrets".into(),
            ],
        }
    }

    fn words(&self) -> &'static [&'static str] {
        &["privileged", "hostpath"]
    }

    fn check<'t>(&self, object: &Object<'t>, out: &mut Sightings<'t>) {
        if is_control_plane(object) {
            return;
        }
        for pod in pod_specs(object) {
            let Some(secrets) = secrets(pod) else { continue };
            if let Some((node, who)) = privileged(pod) {
                out.at(node, format!("{who} is privileged, and its pod has {secrets}"));
            } else if let Some((node, path)) = written(pod) {
                let message = format!("the pod writes to {path} of its node, and has {secrets}");
                out.with_severity(node, message, Severity::Info);
            }
        }
    }
}

/// The Secrets that a pod reads.
fn secrets(pod: Node<'_>) -> Option<String> {
    let mut names = Names::default();
    pod_references(pod).for_each(|reference| names.insert(reference.name));
    let noun = if names.len() == 1 { "Secret" } else { "Secrets" };
    (names.len() > 0).then(|| format!("{noun} {}", names.listing()))
}

/// The first container that is privileged, and where it says so.
fn privileged(pod: Node<'_>) -> Option<(Node<'_>, String)> {
    containers(pod).find_map(|node| {
        let context = node.get("securityContext").filter(|context| is_true(*context, "privileged"))?;
        Some((context.get("privileged")?, container(node)))
    })
}

/// The first directory of the node that a container may write to.
fn written(pod: Node<'_>) -> Option<(Node<'_>, &str)> {
    let volumes = || pod.get("volumes").into_iter().flat_map(Node::items);
    let mounts = containers(pod).filter_map(|node| node.get("volumeMounts")).flat_map(Node::items);
    let names: Vec<&str> =
        mounts.filter(|mount| !is_true(*mount, "readOnly")).filter_map(|mount| mount.get_str("name")).collect();
    volumes().filter(|volume| volume.get_str("name").is_some_and(|name| names.contains(&name))).find_map(|volume| {
        let path = volume.at_path(&["hostPath", "path"])?;
        Some((path, path.as_str()?))
    })
}

fn containers(pod: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    CONTAINERS.into_iter().filter_map(move |list| pod.get(list)).flat_map(Node::items)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hunt::checks::tests::seen;

    fn pod(context: &str, rest: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: c\n    image: i\n    securityContext: {context}\n\
             \x20   volumeMounts: [{{name: h, mountPath: /h}}]\n  {rest}\n"
        )
    }

    #[test]
    fn it_takes_both_a_secret_and_the_node() {
        let secret = "volumes: [{name: s, secret: {secretName: db}}, {name: t, secret: {secretName: mq}}]";
        assert_eq!(
            seen(&PrivilegedPodSecrets, &pod("{privileged: true}", secret)),
            ["low: container c is privileged, and its pod has Secrets db and mq"]
        );
        let host = "volumes: [{name: s, secret: {secretName: db}}, {name: h, hostPath: {path: /data}}]";
        assert_eq!(
            seen(&PrivilegedPodSecrets, &pod("{}", host)),
            ["info: the pod writes to /data of its node, and has Secret db"]
        );
        let read_only = pod("{}", host).replace("mountPath: /h", "mountPath: /h, readOnly: true");
        for fine in [pod("{}", secret), pod("{privileged: true}", "imagePullSecrets: [{name: p}]"), read_only] {
            assert_eq!(seen(&PrivilegedPodSecrets, &fine), [""; 0], "{fine}");
        }
    }
}
