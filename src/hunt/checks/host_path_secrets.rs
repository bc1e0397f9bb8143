//! Directories of the node that hold secrets, mounted into pods.
//!
//! A hostPath volume goes around RBAC: whoever sees `/var/lib/kubelet/pods` reads the Secrets of every pod on the node,
//! whoever sees a runtime's socket enters any container, and whoever sees etcd or `/etc/kubernetes` has the cluster. A
//! directory above such a place counts like the place. `readOnly` does not help: reading is the harm.
//!
//! Less bad, and said so: paths that CSI drivers and device plugins need, CSI node plugins themselves, volumes that
//! no container mounts, containers that do not run as root. Static pods of the control plane need theirs and are only
//! information. Other host paths (`/lib/modules`, `/var/log`, CNI, certificates) are not about secrets and are left
//! alone.

use std::collections::HashMap;

use super::shape::{Once, container, is_control_plane, is_non_root, is_privileged, mappings};
use super::{Check, Sightings};
use crate::manifest::{Node, Object};
use crate::model::{Class, Confidence, Rule, RuleId, Severity};

/// hostPath volumes on, in or above places where secrets lie.
pub(super) struct HostPathSecrets;

const PODS: &str = "the Secrets and service account tokens of every pod on the node";
const AUTHORITIES: &str = "the keys of the cluster's certificate authorities";
const KUBECONFIG: &str = "a kubeconfig of the control plane or of the node";
const CLOUD: &str = "the node's cloud credentials";
const ETCD: &str = "etcd: every Secret of the cluster, or the keys to it";
const ENCRYPTION: &str = "the keys of encryption at rest";
const SOCKET: &str = "the container runtime's socket, which opens every container on the node";
const CONTAINERS: &str = "the files and settings of every container on the node";
const DISTRIBUTION: &str = "the server's keys, tokens and datastore";
const HOME: &str = "credentials of whoever logs in to the node";
const HOST_KEYS: &str = "private keys and passwords of the node";
const MANIFESTS: &str = "static pods, which the kubelet runs whatever admission says";
const PROCESSES: &str = "the environment of processes on the node";

/// Where secrets lie, and what they are. Of several places below one path the first is named, so the worst comes first.
/// `/var/run` is `/run`, and `/home/<user>` is `/root`, before anything is compared.
const PLACES: [(&str, &str); 60] = [
    ("/var/lib/kubelet/pods", PODS),
    ("/var/lib/kubelet/pki", "the kubelet's client key"),
    ("/var/lib/kubelet/config.json", "the kubelet's registry credentials"),
    ("/var/lib/kubelet/kubeconfig", KUBECONFIG),
    ("/var/lib/kubelet/bootstrap-kubeconfig", KUBECONFIG),
    ("/var/lib/etcd", ETCD),
    ("/etc/kubernetes/pki", AUTHORITIES),
    ("/etc/kubernetes/pki/etcd", ETCD),
    ("/etc/kubernetes/pki/apiserver-etcd-client.key", ETCD),
    ("/etc/kubernetes/ssl", AUTHORITIES),
    ("/etc/kubernetes/admin.conf", KUBECONFIG),
    ("/etc/kubernetes/super-admin.conf", KUBECONFIG),
    ("/etc/kubernetes/controller-manager.conf", KUBECONFIG),
    ("/etc/kubernetes/scheduler.conf", KUBECONFIG),
    ("/etc/kubernetes/kubelet.conf", KUBECONFIG),
    ("/etc/kubernetes/bootstrap-kubelet.conf", KUBECONFIG),
    ("/etc/kubernetes/kubeconfig", KUBECONFIG),
    ("/etc/kubernetes/manifests", MANIFESTS),
    ("/etc/kubernetes/enc", ENCRYPTION),
    ("/etc/kubernetes/encryption", ENCRYPTION),
    ("/etc/kubernetes/encryption-config.yaml", ENCRYPTION),
    ("/etc/kubernetes/azure.json", CLOUD),
    ("/etc/kubernetes/cloud-config", CLOUD),
    ("/etc/kubernetes/cloud.conf", CLOUD),
    ("/etc/etcd", ETCD),
    ("/etc/ssl/etcd", ETCD),
    ("/run/containerd", SOCKET),
    ("/run/docker.sock", SOCKET),
    ("/run/crio", SOCKET),
    ("/run/cri-dockerd.sock", SOCKET),
    ("/run/dockershim.sock", SOCKET),
    ("/run/k3s/containerd", SOCKET),
    ("/run/podman", SOCKET),
    ("/pipe/docker_engine", SOCKET),
    ("/pipe/containerd-containerd", SOCKET),
    ("/var/lib/docker", CONTAINERS),
    ("/var/lib/containerd", CONTAINERS),
    ("/var/lib/containers", CONTAINERS),
    ("/var/lib/rancher/k3s/server", DISTRIBUTION),
    ("/var/lib/rancher/rke2/server", DISTRIBUTION),
    ("/var/lib/rancher/k3s/agent/client-kubelet.key", "the kubelet's client key"),
    ("/var/lib/rancher/rke2/agent/client-kubelet.key", "the kubelet's client key"),
    ("/etc/rancher/k3s/k3s.yaml", KUBECONFIG),
    ("/etc/rancher/rke2/rke2.yaml", KUBECONFIG),
    ("/etc/rancher/node/password", "the node's password"),
    ("/var/lib/k0s/pki", AUTHORITIES),
    ("/var/lib/k0s/kubelet/pods", PODS),
    ("/var/snap/microk8s/current/credentials", KUBECONFIG),
    ("/var/snap/microk8s/common/var/lib/kubelet/pods", PODS),
    ("/var/lib/minikube/certs", AUTHORITIES),
    ("/root/.kube", HOME),
    ("/root/.aws", HOME),
    ("/root/.azure", HOME),
    ("/root/.config/gcloud", HOME),
    ("/root/.docker", HOME),
    ("/root/.ssh", HOME),
    ("/etc/shadow", HOST_KEYS),
    ("/etc/ssl/private", HOST_KEYS),
    ("/etc/pki/tls/private", HOST_KEYS),
    ("/proc/1/environ", PROCESSES),
];

const REGISTRY: &str = "/var/lib/kubelet/plugins_registry";

/// Paths below a place that node agents need and that hold little: the path, and what to say of it.
const LESSER: [(&str, &str); 5] = [
    ("/var/lib/kubelet/plugins", "sockets of CSI drivers, which drivers need"),
    (REGISTRY, "the sockets that register drivers with the kubelet, which drivers need"),
    ("/var/lib/kubelet/device-plugins", "sockets of device plugins, which the plugins need"),
    ("/var/lib/kubelet/pod-resources", "the kubelet's list of devices in use, which monitors need"),
    (
        "/var/lib/docker/containers",
        "container logs, which log collectors need, but also each container's environment in config.v2.json",
    ),
];

impl Check for HostPathSecrets {
    fn rule(&self) -> Rule {
        Rule {
            id: RuleId::new("host-path-secrets"),
            title: "Host directory with secrets mounted into a pod".into(),
            class: Class::Exposure,
            severity: Severity::High,
            confidence: Confidence::High,
            description: "A hostPath volume reaches a place on the node where secrets lie: the kubelet's pods, etcd, \
                          /etc/kubernetes, a runtime's socket or credentials of the host. RBAC does not guard it."
                .into(),
            remediation: "Drop the volume, or narrow it to the one directory that is needed; keep what must stay in a \
                          namespace of its own that few can deploy to or exec into."
                .into(),
            references: vec![
                "https://kubernetes.io/docs/concepts/storage/volumes/#hostpath".into(),
                "https://kubernetes.io/docs/concepts/security/pod-security-standards/".into(),
            ],
        }
    }

    fn words(&self) -> &'static [&'static str] {
        &["hostpath"]
    }

    fn check<'t>(&self, object: &Object<'t>, out: &mut Sightings<'t>) {
        if object.is("", "PersistentVolume") {
            check_persistent(object, out);
            return;
        }
        // Any mapping with a list of volumes: custom resources keep theirs beside the containers too.
        let mut once = Once::default();
        let mounts = Mounts::of(object);
        for node in mappings(object.root) {
            let volumes: Vec<_> = once.items(node, "volumes").filter_map(Volume::of).collect();
            let csi = volumes.iter().any(|volume| is_within(&normalise(volume.written), REGISTRY));
            let owner = Owner { object, node, csi };
            for volume in &volumes {
                owner.check(volume, &mounts, out);
            }
        }
    }
}

fn check_persistent<'t>(object: &Object<'t>, out: &mut Sightings<'t>) {
    let Some(node) = object.root.at_path(&["spec", "hostPath", "path"]) else { return };
    let Some(reach) = node.as_str().and_then(Reach::of) else { return };
    let severity = if reach.lesser { Severity::Low } else { Severity::Medium };
    let message = format!("a claim on this volume gets host path {}", reach.sentence());
    out.with_severity(node, message, severity);
}

/// A volume that is a path of the host.
struct Volume<'t> {
    name: &'t str,
    path: Node<'t>,
    written: &'t str,
}

impl<'t> Volume<'t> {
    fn of(node: Node<'t>) -> Option<Self> {
        let path = node.at_path(&["hostPath", "path"])?;
        Some(Self { name: node.get_str("name").unwrap_or_default(), path, written: path.as_str()? })
    }
}

/// Who mounts a volume of what name, in the order of the document. By shape: whatever has `volumeMounts`, so a custom
/// resource that keeps them beside its volumes counts.
struct Mounts<'t>(HashMap<&'t str, Vec<Node<'t>>>);

impl<'t> Mounts<'t> {
    /// How many containers of one volume are weighed: a pod has few, and a made-up file must not make it slow.
    const WEIGHED: usize = 64;

    fn of(object: &Object<'t>) -> Self {
        let mut mounts: HashMap<&str, Vec<Node<'_>>> = HashMap::new();
        let mut once = Once::default();
        for node in mappings(object.root) {
            for name in once.items(node, "volumeMounts").filter_map(|mount| mount.get_str("name")) {
                mounts.entry(name).or_default().push(node);
            }
        }
        Self(mounts)
    }

    /// Those at or below the mapping that has the volume.
    fn below(&self, owner: Node<'t>, volume: &str) -> &[Node<'t>] {
        let all = self.0.get(volume).map_or(&[][..], Vec::as_slice);
        let start = all.partition_point(|node| node.number() < owner.number());
        let end = all.partition_point(|node| node.number() < owner.after());
        &all[start..end.min(start + Self::WEIGHED)]
    }
}

/// The mapping that has volumes: mostly a pod spec.
struct Owner<'o, 't> {
    object: &'o Object<'t>,
    node: Node<'t>,
    /// Whether it registers itself with the kubelet as a storage driver.
    csi: bool,
}

impl<'t> Owner<'_, 't> {
    fn check(&self, volume: &Volume<'t>, mounts: &Mounts<'t>, out: &mut Sightings<'t>) {
        let Some(reach) = Reach::of(volume.written) else { return };
        let mounting = mounts.below(self.node, volume.name);
        let (severity, reason) = self.weigh(&reach, mounting);
        let who = mounting.first().map_or_else(|| "a volume".to_owned(), |first| container(*first));
        let verb = if mounting.is_empty() { "has" } else { "mounts" };
        let reason = reason.map(|reason| format!("; {reason}")).unwrap_or_default();
        out.with_severity(volume.path, format!("{who} {verb} host path {}{reason}", reach.sentence()), severity);
    }

    fn weigh(&self, reach: &Reach<'_>, mounting: &[Node<'t>]) -> (Severity, Option<&'static str>) {
        if is_control_plane(self.object) {
            return (Severity::Info, Some("a component of the control plane needs it"));
        }
        if mounting.is_empty() {
            return (Severity::Low, Some("no container mounts it"));
        }
        if reach.lesser {
            return (Severity::Low, None);
        }
        if self.csi && reach.in_kubelet() {
            return (Severity::Low, Some("a CSI node plugin needs it to mount volumes into pods"));
        }
        if mounting.iter().any(|node| is_privileged(*node)) {
            return (Severity::High, None);
        }
        if mounting.iter().all(|node| is_non_root(*node, self.node)) {
            // Node exporters mount `/` so: the places below are closed to others. A place itself is mounted to be read.
            let severity = if reach.below.is_some() { Severity::Low } else { Severity::Medium };
            return (severity, Some("not as root, so only file modes on the node are in the way"));
        }
        if reach.holds == PROCESSES {
            return (Severity::Medium, Some("only of those that run with no more rights than the container"));
        }
        (Severity::High, None)
    }
}

/// What a host path reaches.
struct Reach<'t> {
    path: &'t str,
    holds: &'static str,
    /// The place, when the path lies above it.
    below: Option<&'static str>,
    lesser: bool,
}

impl<'t> Reach<'t> {
    fn of(written: &'t str) -> Option<Self> {
        let path = normalise(written);
        // Templated and relative paths say nothing; certificates are public.
        if !path.starts_with('/') || path.ends_with(".crt") || path.ends_with(".pub") {
            return None;
        }
        if let Some((_, holds)) = LESSER.iter().find(|(place, _)| is_within(&path, place)) {
            return Some(Self { path: written, holds, below: None, lesser: true });
        }
        let around = PLACES.iter().filter(|(place, _)| is_within(&path, place));
        if let Some((_, holds)) = around.max_by_key(|(place, _)| place.len()) {
            return Some(Self { path: written, holds, below: None, lesser: false });
        }
        let (place, holds) = PLACES.iter().find(|(place, _)| is_within(place, &path))?;
        // What stands in for /root may have been a home directory, which the message must not misname.
        let below = (!place.starts_with("/root/")).then_some(*place);
        Some(Self { path: written, holds, below, lesser: false })
    }

    fn in_kubelet(&self) -> bool {
        is_within(&normalise(self.path), "/var/lib/kubelet")
    }

    fn sentence(&self) -> String {
        match self.below {
            Some(place) => format!("{}, which reaches {} ({place})", self.path, self.holds),
            None => format!("{}, which holds {}", self.path, self.holds),
        }
    }
}

/// Whether a path is a directory or lies in it.
fn is_within(path: &str, directory: &str) -> bool {
    directory == "/" || path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A path in one spelling: no `//`, `.`, `..` or last slash, Windows paths as others, `/run` for `/var/run`, `/root`
/// for every home directory.
fn normalise(written: &str) -> String {
    let windows = written.replace('\\', "/");
    let path = windows.split_once(':').filter(|(drive, _)| drive.len() == 1).map_or(windows.as_str(), |(_, rest)| rest);
    if !path.starts_with('/') {
        return String::new();
    }
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    match parts.as_slice() {
        ["var", "run", rest @ ..] => rooted("run", rest),
        ["home"] => rooted("root", &[]),
        ["home" | "Users", _, rest @ ..] => rooted("root", rest),
        all => format!("/{}", all.join("/")),
    }
}

fn rooted(first: &str, rest: &[&str]) -> String {
    rest.iter().fold(format!("/{first}"), |path, part| path + "/" + part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hunt::checks::tests::seen;

    fn pod(path: &str, container: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers:\n  - name: c\n    image: i\n\
             \x20   {container}\n  volumes:\n  - name: v\n    hostPath:\n      path: '{path}'\n"
        )
    }

    const MOUNTS: &str = "volumeMounts: [{name: v, mountPath: /host, readOnly: true}]";

    #[test]
    fn places_what_is_in_them_and_what_is_above() {
        let high = [
            "/var/lib/kubelet/pods/",
            "/var/lib/kubelet",
            "/",
            "/var/lib",
            "/etc",
            "/etc/kubernetes/pki/ca.key",
            "/var/run/docker.sock",
            "/run",
            "/var/lib/etcd/member",
            "/root",
            "/home/ubuntu/.aws",
            "/home",
            "/var/lib/rancher",
            "//var/lib/../lib/kubelet/pods",
            r"C:\var\lib\kubelet",
            r"\\.\pipe\docker_engine",
        ];
        for path in high {
            let seen = seen(&HostPathSecrets, &pod(path, MOUNTS));
            assert!(seen.len() == 1 && seen[0].starts_with("high: container c mounts host path"), "{path}: {seen:?}");
        }
    }

    #[test]
    fn other_paths_are_left_alone() {
        let fine = [
            "/var/log/pods",
            "/lib/modules",
            "/etc/ssl/certs",
            "/etc/kubernetes/pki/ca.crt",
            "/etc/kubernetes/audit-policy.yaml",
            "/proc/sys/net",
            "/var/lib/kubeletty",
            "/home/dev/postgres",
            "/data",
            "_______/pods",
            "/var/lib/rancher/k3s/agent/etc/cni/net.d",
            "/run/xtables.lock",
        ];
        for path in fine {
            assert_eq!(seen(&HostPathSecrets, &pod(path, MOUNTS)), [""; 0], "{path}");
        }
    }

    #[test]
    fn the_message_says_what_is_reached_and_why_it_weighs_less() {
        let first = |path: &str, container: &str| seen(&HostPathSecrets, &pod(path, container)).remove(0);
        assert!(first("/etc/kubernetes/pki/apiserver-etcd-client.key", MOUNTS).contains("which holds etcd: "));
        assert_eq!(
            first("/var/lib", MOUNTS),
            "high: container c mounts host path /var/lib, which reaches the Secrets and service account tokens of \
             every pod on the node (/var/lib/kubelet/pods)"
        );
        assert_eq!(
            first("/var/lib/etcd", "ports: []"),
            "low: a volume has host path /var/lib/etcd, which holds etcd: every Secret of the cluster, or the keys \
             to it; no container mounts it"
        );
        assert_eq!(
            first("/", &format!("{MOUNTS}\n    securityContext: {{runAsUser: 65534}}")),
            "low: container c mounts host path /, which reaches the Secrets and service account tokens of every pod \
             on the node (/var/lib/kubelet/pods); not as root, so only file modes on the node are in the way"
        );
        assert!(first("/var/lib/kubelet/device-plugins", MOUNTS).starts_with("low: "));
        assert!(
            first("/run/docker.sock", &format!("{MOUNTS}\n    securityContext: {{runAsUser: 1}}"))
                .starts_with("medium: ")
        );
        assert!(first("/proc", MOUNTS).starts_with("medium: "));
        assert!(first("/proc", &format!("{MOUNTS}\n    securityContext: {{privileged: true}}")).starts_with("high: "));
    }

    #[test]
    fn csi_plugins_and_the_control_plane_need_theirs() {
        let registry = "  - name: r\n    hostPath: {path: /var/lib/kubelet/plugins_registry/}\n";
        let seen_csi = seen(&HostPathSecrets, &(pod("/var/lib/kubelet/pods", MOUNTS) + registry));
        assert!(seen_csi[0].starts_with("low: ") && seen_csi[0].contains("CSI node plugin"), "{seen_csi:?}");
        let etcd = pod("/var/lib/etcd", MOUNTS)
            .replace("{name: p}", "{name: etcd, namespace: kube-system, labels: {tier: control-plane}}");
        assert!(seen(&HostPathSecrets, &etcd)[0].starts_with("info: "));
    }

    #[test]
    fn persistent_volumes_and_custom_resources_count() {
        let volume = "apiVersion: v1\nkind: PersistentVolume\nspec: {hostPath: {path: /var/lib/etcd}}\n";
        assert!(seen(&HostPathSecrets, volume)[0].starts_with("medium: a claim on this volume gets host path"));
        let workflow = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec:\n\
                    \x20 volumes: [{name: v, hostPath: {path: /var/run/docker.sock}}]\n\
                        \x20 templates: [{name: t, container: {image: docker, volumeMounts: [{name: v, mountPath: \
                        /s}]}}]\n";
        assert!(seen(&HostPathSecrets, workflow)[0].starts_with("high: a container mounts"));
    }
}
