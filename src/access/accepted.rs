//! What every cluster has, and nobody needs to hear of.
//!
//! Upstream: plugin/pkg/auth/authorizer/rbac/bootstrappolicy (1.36, and what older versions gave the same controllers).
//! The API server labels what it creates at start, but anybody can write a label, and anybody can create a name that
//! begins with `system:`. So the subject must be the one that upstream names, and the role one that upstream lets near
//! Secrets: `system:discovery` and its like are left out, for if they read Secrets, somebody changed them.
//!
//! Doubt: rights that somebody added to one of these very roles are accepted with the rest.

use super::binding::{Binding, RoleRef};
use super::path::SYSTEM;
use super::policy::Policy;
use super::subject::Subject;

/// Controllers of kube-controller-manager. Each has a ClusterRole `system:controller:<name>` and a service account of
/// that name in `kube-system`.
const CONTROLLERS: [&str; 16] = [
    "clusterrole-aggregation-controller",
    "cronjob-controller",
    "daemon-set-controller",
    "deployment-controller",
    "expand-controller",
    "generic-garbage-collector",
    "job-controller",
    "legacy-service-account-token-cleaner",
    "namespace-controller",
    "node-controller",
    "persistent-volume-binder",
    "replicaset-controller",
    "replication-controller",
    "resourcequota-controller",
    "root-ca-cert-publisher",
    "statefulset-controller",
];

/// Controllers with a Role of that name in `kube-system` instead.
const LOCAL_CONTROLLERS: [&str; 2] = ["bootstrap-signer", "token-cleaner"];

/// Whether a binding gives a subject what every cluster gives it, or what nothing can take away from it.
pub(super) fn binding(policy: &Policy, binding: usize, subject: &Subject) -> bool {
    // No authorizer is asked about this group, so a binding adds nothing.
    if subject.is_masters() {
        return true;
    }
    let roles = policy.roles_of(binding);
    let binding = &policy.bindings()[binding];
    binding.bootstrap && is_default(binding, subject) && roles.iter().all(|role| policy.roles()[*role].is_bootstrap())
}

/// Whether upstream binds this role to this subject, here.
fn is_default(binding: &Binding, subject: &Subject) -> bool {
    match (&binding.role, subject) {
        (RoleRef::ClusterRole(role), Subject::User(user)) => {
            binding.namespace.is_none() && role == user && role == "system:kube-controller-manager"
        }
        (RoleRef::ClusterRole(role), Subject::ServiceAccount { namespace, name }) => {
            binding.namespace.is_none() && namespace == SYSTEM && is_controller(role, name, &CONTROLLERS)
        }
        (RoleRef::Role(role), Subject::ServiceAccount { namespace, name }) => {
            binding.namespace.as_deref() == Some(SYSTEM)
                && namespace == SYSTEM
                && is_controller(role, name, &LOCAL_CONTROLLERS)
        }
        _ => false,
    }
}

fn is_controller(role: &str, account: &str, known: &[&str]) -> bool {
    role.strip_prefix("system:controller:") == Some(account) && known.contains(&account)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{binding as bind, policy, role};
    use super::*;
    use crate::access::Origin;

    const LABEL: &str = "labels: {kubernetes.io/bootstrapping: rbac-defaults}";

    fn labelled(text: &str) -> String {
        text.replace("metadata: {", &format!("metadata: {{{LABEL}, "))
    }

    /// Whether the first subject of the first binding is accepted.
    fn accepts(text: &str) -> bool {
        let policy = policy(text, Origin::Live);
        binding(&policy, 0, &policy.bindings()[0].subjects[0])
    }

    #[test]
    fn label_role_and_subject_must_all_be_upstream_s() {
        let collector = "system:controller:generic-garbage-collector";
        let role = |name: &str| role("", name, "get, list, watch", "'*'");
        let bound = |name: &str, subject: &str| bind("", name, &format!("ClusterRole {name}"), subject);
        let account = "ServiceAccount kube-system/generic-garbage-collector";
        assert!(accepts(&labelled(&(role(collector) + &bound(collector, account)))));
        // The same to somebody else, from elsewhere, or without the label on either.
        assert!(!accepts(&labelled(
            &(role(collector) + &bound(collector, "ServiceAccount ci/generic-garbage-collector"))
        )));
        assert!(!accepts(&labelled(&(role(collector) + &bound(collector, "User jane")))));
        assert!(!accepts(&(role(collector) + &labelled(&bound(collector, account)))));
        assert!(!accepts(&(labelled(&role(collector)) + &bound(collector, account))));
    }

    #[test]
    fn names_that_begin_with_system_prove_nothing() {
        let robot = role("", "system:controller:robot", "get", "secrets")
            + &bind(
                "",
                "system:controller:robot",
                "ClusterRole system:controller:robot",
                "ServiceAccount kube-system/robot",
            );
        assert!(!accepts(&labelled(&robot)));
        let discovery = role("", "system:discovery", "get", "secrets")
            + &bind("", "system:discovery", "ClusterRole system:discovery", "Group system:authenticated");
        assert!(!accepts(&labelled(&discovery)));
    }

    #[test]
    fn masters_need_no_binding() {
        assert!(accepts(&(role("", "r", "get", "secrets") + &bind("", "b", "ClusterRole r", "Group system:masters"))));
    }
}
