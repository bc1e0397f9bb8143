//! Service account tokens mounted because nobody said otherwise.
//!
//! Each pod gets a token of its service account unless somebody says no. Under the `default` account of a namespace,
//! every pod that does not ask shares that identity, so a right granted to one is granted to all, and a process that is
//! broken into has a token nobody meant it to have.
//!
//! A pod with a service account of its own is fine: it was given one for a reason. Written out (`true`) with the
//! default account it is low; left unset it is the platform's habit and only information. Partial manifests (patches)
//! and custom resources say nothing by leaving a field out, so only whole built-in workloads are judged for that.

use std::collections::HashMap;

use super::shape::{is_control_plane, is_true};
use super::{Check, Sightings};
use crate::manifest::{Node, Object, pod_specs};
use crate::model::{Class, Confidence, Rule, RuleId, Severity};

/// Pods of the default service account that mount its token.
pub(super) struct ServiceAccountTokenAutomount;

const FIELD: &str = "automountServiceAccountToken";

impl Check for ServiceAccountTokenAutomount {
    fn rule(&self) -> Rule {
        Rule {
            id: RuleId::new("service-account-token-automount"),
            title: "Token of the default service account mounted".into(),
            class: Class::Exposure,
            severity: Severity::Low,
            confidence: Confidence::High,
            description:
                "A pod under the default service account gets its token mounted. All such pods of a namespace \
                          share one identity, and whoever breaks into one has it."
                    .into(),
            remediation:
                "Set automountServiceAccountToken: false on the pod or on the default service account; give a \
                          pod that calls the API an account of its own."
                    .into(),
            references: vec![
                "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/\
                 #opt-out-of-api-credential-automounting"
                    .into(),
                "https://kubernetes.io/docs/concepts/security/rbac-good-practices/".into(),
            ],
        }
    }

    fn words(&self) -> &'static [&'static str] {
        &["containers:", "containers\"", "serviceaccounttoken"]
    }

    fn check<'t>(&self, object: &Object<'t>, out: &mut Sightings<'t>) {
        if object.is("", "ServiceAccount") {
            check_account(object, out);
        } else if !is_control_plane(object) {
            let mut accounts = Accounts::default();
            for pod in pod_specs(object) {
                check_pod(object, pod, &mut accounts, out);
            }
        }
    }
}

fn check_account<'t>(object: &Object<'t>, out: &mut Sightings<'t>) {
    let written = object.root.get(FIELD).filter(|_| object.name() == Some("default") && is_true(object.root, FIELD));
    if let Some(node) = written {
        out.at(node, "every pod without a service account of its own gets a token of this one");
    }
}

fn check_pod<'t>(object: &Object<'t>, pod: Node<'t>, accounts: &mut Accounts, out: &mut Sightings<'t>) {
    if accounts.is_given(pod) {
        return;
    }
    match pod.get(FIELD) {
        Some(node) if node.as_str() == Some("true") => {
            out.at(node, "the pod runs under the default service account and asks for its token");
        }
        None if is_whole_workload(object, pod) && !is_seen_without_token(object, pod) => {
            let message =
                "the pod runs under the default service account and gets its token, for nothing says otherwise";
            out.with_severity(pod.key().unwrap_or(pod), message, Severity::Info);
        }
        _ => {}
    }
}

/// Which mappings name a service account other than the default. Remembered, for a custom resource with thousands of
/// pods would ask the mappings around them as often.
#[derive(Default)]
struct Accounts(HashMap<u32, Option<bool>>);

impl Accounts {
    /// Whether a pod has an account of its own: from its spec, or from a mapping around it, for custom resources
    /// (workflows) say it once for all their pods. The nearest word counts.
    fn is_given(&mut self, pod: Node<'_>) -> bool {
        let mut around = std::iter::successors(Some(pod), |node| node.parent());
        around.find_map(|node| *self.0.entry(node.number()).or_insert_with(|| names_account(node))).unwrap_or(false)
    }
}

/// Whether a mapping names an account that is not the default one; none when it names none.
fn names_account(node: Node<'_>) -> Option<bool> {
    let name = node.get("serviceAccountName").or_else(|| node.get("serviceAccount"))?;
    Some(!matches!(name.as_str(), Some("default" | "" | "null" | "~")))
}

/// Whether leaving a field out means its default: a built-in workload, and not a patch of one. Patches have no
/// selector, and mostly no image either.
fn is_whole_workload(object: &Object<'_>, pod: Node<'_>) -> bool {
    let selected = || object.root.at_path(&["spec", "selector"]).is_some();
    let built_in = match (object.group(), object.kind) {
        ("", "Pod" | "PodTemplate") | ("batch", "Job" | "CronJob") => true,
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") | ("", "ReplicationController") => {
            selected()
        }
        _ => false,
    };
    built_in && pod.get("containers").is_some_and(|list| list.items().all(|item| item.get("image").is_some()))
}

/// Whether it is a pod of a running cluster into which admission mounted no token: its account said no.
fn is_seen_without_token(object: &Object<'_>, pod: Node<'_>) -> bool {
    let live = object.is("", "Pod") && pod.get("nodeName").is_some() && object.root.get("status").is_some();
    let mut sources = pod
        .get("volumes")
        .into_iter()
        .flat_map(Node::items)
        .filter_map(|volume| volume.at_path(&["projected", "sources"]))
        .flat_map(Node::items);
    live && !sources.any(|source| source.get("serviceAccountToken").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hunt::checks::tests::seen;

    fn pod(rest: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  {rest}\n  containers: [{{name: c, image: i}}]\n"
        )
    }

    #[test]
    fn the_default_account_is_asked_to_say_no() {
        let check = |rest| seen(&ServiceAccountTokenAutomount, &pod(rest));
        assert_eq!(
            check("automountServiceAccountToken: true"),
            ["low: the pod runs under the default service account and asks for its token"]
        );
        assert_eq!(
            check("serviceAccountName: default"),
            ["info: the pod runs under the default service account and gets its token, for nothing says otherwise"]
        );
        for fine in ["automountServiceAccountToken: false", "serviceAccountName: api", "serviceAccount: api"] {
            assert_eq!(check(fine), [""; 0], "{fine}");
        }
        assert_eq!(check("serviceAccountName: api\n  automountServiceAccountToken: true"), [""; 0]);
    }

    #[test]
    fn what_a_patch_or_a_custom_resource_leaves_out_says_nothing() {
        for text in [
            "apiVersion: apps/v1\nkind: Deployment\nspec: {template: {spec: {containers: [{name: c, image: i}]}}}\n",
            "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: c}]}\n",
            "apiVersion: x.io/v1\nkind: Database\nspec: {containers: [{name: c, image: i}]}\n",
            "apiVersion: v1\nkind: Pod\nspec: {nodeName: a, containers: [{name: c, image: i}]}\n\
             status: {phase: Running}\n",
        ] {
            assert_eq!(seen(&ServiceAccountTokenAutomount, text), [""; 0], "{text}");
        }
    }

    #[test]
    fn the_account_itself_may_say_it() {
        let account = |name| {
            format!(
                "apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: {name}}}\nautomountServiceAccountToken: true\n"
            )
        };
        assert_eq!(
            seen(&ServiceAccountTokenAutomount, &account("default")),
            ["low: every pod without a service account of its own gets a token of this one"]
        );
        assert_eq!(seen(&ServiceAccountTokenAutomount, &account("api")), [""; 0]);
    }
}
