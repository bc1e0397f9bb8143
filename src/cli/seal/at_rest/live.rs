//! What a running cluster tells of its encryption: metrics, mirror pods, and what the distribution writes down.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use ksecrets::atrest::encryption::Server;
use ksecrets::atrest::flags::{Flags, Mounted};
use ksecrets::atrest::{Distribution, Inquiry};
use ksecrets::source::cluster::{Connection, Unanswered};
use serde_json::Value;
use zeroize::Zeroizing;

/// Where the pods of a control plane are mirrored.
const PODS: &str = "/api/v1/namespaces/kube-system/pods";
const KUBEADM: &str = "/api/v1/namespaces/kube-system/configmaps/kubeadm-config";
const NODES: &str = "/api/v1/nodes";
const OPENSHIFT: &str = "/apis/config.openshift.io/v1/apiservers/cluster";

#[derive(Args, Debug)]
#[command(next_help_heading = "Cluster")]
pub(super) struct LiveArguments {
    /// Ask a running cluster: metrics, flags of API servers, annotations of nodes
    #[arg(long)]
    cluster: bool,
    /// Context of the kubeconfig [default: the current one, or the service account of the pod]
    #[arg(long, value_name = "CONTEXT", requires = "cluster")]
    context: Option<String>,
    /// Write a marked Secret into this namespace, see how the API server counts it, and delete it. Takes the rights to
    /// create and delete secrets there
    #[arg(long, value_name = "NAMESPACE", requires = "cluster")]
    probe: Option<String>,
    /// Longest time for one answer
    #[arg(long, value_name = "SECONDS", requires = "cluster", default_value_t = 60)]
    timeout: u64,
}

impl LiveArguments {
    pub(super) fn target(&self) -> Option<String> {
        self.cluster.then(|| self.context.clone().unwrap_or_else(|| "current context".to_owned()))
    }

    /// Asks for everything that may tell something. What is not answered is said. Configurations are read as an API server of
    /// that minor version would, or as the one that answers.
    pub(super) fn look(&self, inquiry: &mut Inquiry, minor: Option<u32>) -> anyhow::Result<()> {
        if !self.cluster {
            return Ok(());
        }
        let connection = Connection::open(self.context.as_deref(), Duration::from_secs(self.timeout))?;
        // The first question tells whether there is anybody to ask.
        let version = connection.resources(&Default::default()).map(|_| connection.version())?;
        inquiry.is_run_by(version.as_deref().and_then(Distribution::of_version));
        let minor = minor.or_else(|| super::minor(&version?).ok());
        let server = minor.map_or_else(Server::default, Server::new);
        metrics(&connection, inquiry);
        if let Some(namespace) = &self.probe {
            probe(&connection, namespace, inquiry)?;
        }
        pods(&connection, inquiry, &server);
        etcd(&connection, inquiry);
        kubeadm(&connection, inquiry);
        nodes(&connection, inquiry);
        openshift(&connection, inquiry, &server);
        Ok(())
    }
}

fn metrics(connection: &Connection, inquiry: &mut Inquiry) {
    match connection.ask("/metrics") {
        Ok(text) => {
            if let Err(error) = inquiry.metrics(connection.name(), &text) {
                inquiry.skip("/metrics", error.to_string());
            }
        }
        Err(error) => inquiry.skip("/metrics", error.to_string()),
    }
}

/// The one thing that writes, and only when asked to.
fn probe(connection: &Connection, namespace: &str, inquiry: &mut Inquiry) -> anyhow::Result<()> {
    let list = format!("/api/v1/namespaces/{namespace}/secrets");
    // Its name is of our process and time, so that two who probe at once do not meet.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let name = format!("ksecrets-probe-{}-{}", std::process::id(), since.as_millis());
    let object = serde_json::json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": { "name": name, "labels": { "ksecrets.dev/probe": "true" } },
        "stringData": { "probe": "written by ksecrets seal at-rest --probe, and deleted right after" },
    });
    let before = connection.ask("/metrics").context("--probe needs /metrics")?;
    let created = connection.create(&list, object.to_string().into_bytes());
    created.with_context(|| format!("--probe cannot create a Secret in namespace {namespace}"))?;
    let after = connection.ask("/metrics");
    let deleted = connection.delete(&format!("{list}/{name}"));
    deleted.with_context(|| format!("--probe could not delete Secret {namespace}/{name}: delete it by hand"))?;
    if let Err(error) = inquiry.probe(connection.name(), &before, &after.context("--probe needs /metrics")?) {
        inquiry.skip("/metrics", error.to_string());
    }
    Ok(())
}

/// Mirror pods: kubeadm's have a label, RKE2's too. Where there are none the control plane is no pod, or not ours.
fn pods(connection: &Connection, inquiry: &mut Inquiry, server: &Server) {
    let path = format!("{PODS}?labelSelector=component%3Dkube-apiserver");
    match connection.ask(&path) {
        Ok(text) => {
            if inquiry.flags("kube-system/pods", &text).is_err() {
                inquiry.skip(
                    "flags of the API server",
                    "no pod of kube-system runs it: k3s, a managed control plane, or a systemd unit",
                );
            }
            mounted(connection, inquiry, &text, server);
        }
        Err(error) => inquiry.skip("pods of kube-system", error.to_string()),
    }
}

/// The configurations that API servers in pods have from an object of their cluster. A file of the machine cannot be asked
/// for, and an object that no API server is given may be another cluster's.
fn mounted(connection: &Connection, inquiry: &mut Inquiry, pods: &str, server: &Server) {
    let all: BTreeSet<Mounted> = Flags::read(pods).into_iter().flatten().filter_map(|flags| flags.mounted).collect();
    for one in all {
        if let Err(error) = configuration(connection, inquiry, &one, server) {
            inquiry.skip(shown(&one), error.to_string());
        }
    }
}

/// Takes a configuration out of the object that holds it.
fn configuration(
    connection: &Connection,
    inquiry: &mut Inquiry,
    mounted: &Mounted,
    server: &Server,
) -> Result<(), Unanswered> {
    let answer = Zeroizing::new(connection.ask(&mounted.url())?);
    let Some(text) = value(&answer, &mounted.key) else { return Err(Unanswered::Missing) };
    let read = inquiry.configuration(&shown(mounted), &text, server);
    read.map_err(|error| Unanswered::Failed(error.to_string()))
}

/// A key of a ConfigMap or Secret, as it stands in a file.
fn value(object: &str, key: &str) -> Option<Zeroizing<String>> {
    let object: Value = serde_json::from_str(object).ok()?;
    let (plain, binary) = match object["kind"].as_str() {
        Some("Secret") => (None, object["data"][key].as_str()),
        _ => (object["data"][key].as_str(), object["binaryData"][key].as_str()),
    };
    let decoded = || String::from_utf8(STANDARD.decode(binary?).ok()?).ok();
    plain.map(str::to_owned).or_else(decoded).map(Zeroizing::new)
}

/// `kube-system/secrets/enc/enc.yaml`.
fn shown(mounted: &Mounted) -> String {
    let Mounted { resource, namespace, name, key } = mounted;
    format!("{namespace}/{resource}/{name}/{key}")
}

/// etcd beside an API server: the same pods, by another label. Where there are none it runs elsewhere.
fn etcd(connection: &Connection, inquiry: &mut Inquiry) {
    match connection.ask(&format!("{PODS}?labelSelector=component%3Detcd")) {
        Ok(text) => {
            if inquiry.etcd_flags("kube-system/pods", &text).is_err() {
                inquiry
                    .skip("flags of etcd", "no pod of kube-system runs it: it is elsewhere, or within another program");
            }
        }
        Err(error) => inquiry.skip("pods of kube-system", error.to_string()),
    }
}

fn kubeadm(connection: &Connection, inquiry: &mut Inquiry) {
    match connection.ask(KUBEADM) {
        Ok(_) => inquiry.is_run_by(Some(Distribution::Kubeadm)),
        Err(Unanswered::Missing) => {}
        Err(error) => inquiry.skip("configmap kube-system/kubeadm-config", error.to_string()),
    }
}

/// k3s and RKE2 write to each server's node at which stage of encryption it is, with a digest of its file.
fn nodes(connection: &Connection, inquiry: &mut Inquiry) {
    match connection.ask(NODES) {
        Ok(text) => inquiry.nodes(&text),
        Err(error) => inquiry.skip("nodes", error.to_string()),
    }
}

/// Its operator keeps the configuration of every API server in a Secret, which is there once encryption was turned on.
fn openshift(connection: &Connection, inquiry: &mut Inquiry, server: &Server) {
    match connection.ask(OPENSHIFT) {
        Ok(text) => {
            inquiry.is_run_by(Some(Distribution::OpenShift));
            inquiry.openshift(&text);
            let mounted = Mounted {
                resource: "secrets",
                namespace: "openshift-kube-apiserver".to_owned(),
                name: "encryption-config".to_owned(),
                key: "encryption-config".to_owned(),
            };
            match configuration(connection, inquiry, &mounted, server) {
                Ok(()) | Err(Unanswered::Missing) => {}
                Err(error) => inquiry.skip(shown(&mounted), error.to_string()),
            }
        }
        Err(Unanswered::Missing) => {}
        Err(error) => inquiry.skip("apiserver.config.openshift.io/cluster", error.to_string()),
    }
}
