//! Pods that are not kept apart from their node.
//!
//! A privileged container has the node's devices, so it reads the disk on which the Secrets of every pod there lie, and
//! has what the node may ask the API for. That is medium, and low for a DaemonSet or in `kube-system`: node agents need it,
//! and mostly some Secret too. A pod with Secrets that writes to a directory of its node is less: others that mount it
//! can leave something there for the pod to run or follow.
//!
//! What of the node holds secrets is another matter: `host-path-secrets`.

use super::shape::{Names, container, is_control_plane, is_true};
use super::{Check, Sightings};
use crate::manifest::{Node, Object, pod_containers, pod_references, pod_specs};
use crate::model::{Class, Confidence, Rule, RuleId, Severity};

/// Pods that run privileged, or that have Secrets and write to their node.
pub(super) struct PrivilegedPodSecrets;

impl Check for PrivilegedPodSecrets {
    fn rule(&self) -> Rule {
        Rule {
            id: RuleId::new("privileged-pod-secrets"),
            title: "Pod that is not kept apart from the Secrets of its node".into(),
            class: Class::Exposure,
            severity: Severity::Medium,
            confidence: Confidence::High,
            description:
                "A privileged container reads its node's disk, and with it the Secrets of every pod there; or \
                          a pod with Secrets writes to a directory of its node."
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
            let secrets = secrets(pod);
            if let Some((node, who)) = privileged(pod) {
                let own = secrets.map(|secrets| format!("; its own pod has {secrets}")).unwrap_or_default();
                let message = format!("{who} is privileged: it reads the Secrets of every pod on its node{own}");
                out.with_severity(node, message, if is_node_agent(object) { Severity::Low } else { Severity::Medium });
            } else if let (Some((node, path)), Some(secrets)) = (written(pod), secrets) {
                let message = format!("the pod writes to {path} of its node, and has {secrets}");
                out.with_severity(node, message, Severity::Info);
            }
        }
    }
}

/// Whether an object is there to look after nodes.
fn is_node_agent(object: &Object<'_>) -> bool {
    object.kind == "DaemonSet" || object.namespace() == Some("kube-system")
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
    pod_containers(pod).find_map(|node| {
        let context = node.get("securityContext").filter(|context| is_true(*context, "privileged"))?;
        Some((context.get("privileged")?, container(node)))
    })
}

/// The first directory of the node that a container may write to.
fn written(pod: Node<'_>) -> Option<(Node<'_>, &str)> {
    let volumes = || pod.get("volumes").into_iter().flat_map(Node::items);
    let mounts = pod_containers(pod).filter_map(|node| node.get("volumeMounts")).flat_map(Node::items);
    let names: Vec<&str> =
        mounts.filter(|mount| !is_true(*mount, "readOnly")).filter_map(|mount| mount.get_str("name")).collect();
    volumes().filter(|volume| volume.get_str("name").is_some_and(|name| names.contains(&name))).find_map(|volume| {
        let path = volume.at_path(&["hostPath", "path"])?;
        Some((path, path.as_str()?))
    })
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
    fn privileges_are_the_node_and_its_secrets() {
        let secret = "volumes: [{name: s, secret: {secretName: db}}, {name: t, secret: {secretName: mq}}]";
        assert_eq!(
            seen(&PrivilegedPodSecrets, &pod("{privileged: true}", secret)),
            [
                "medium: container c is privileged: it reads the Secrets of every pod on its node; its own pod has Secrets \
                 db and mq"
            ]
        );
        let host = "volumes: [{name: s, secret: {secretName: db}}, {name: h, hostPath: {path: /data}}]";
        assert_eq!(
            seen(&PrivilegedPodSecrets, &pod("{}", host)),
            ["info: the pod writes to /data of its node, and has Secret db"]
        );
        let read_only = pod("{}", host).replace("mountPath: /h", "mountPath: /h, readOnly: true");
        let pulled = pod("{privileged: true}", "imagePullSecrets: [{name: p}]");
        assert_eq!(
            seen(&PrivilegedPodSecrets, &pulled.replace("kind: Pod", "kind: DaemonSet")),
            ["low: container c is privileged: it reads the Secrets of every pod on its node"]
        );
        for fine in [pod("{}", secret), read_only] {
            assert_eq!(seen(&PrivilegedPodSecrets, &fine), [""; 0], "{fine}");
        }
    }
}
