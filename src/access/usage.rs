//! Which Secrets the pods of each service account use.
//!
//! The kubelet fetches what a pod refers to, and no right of its account is asked for. So this does not say which
//! rights an account needs; it says which Secrets are its business, and an account that reads others is odd.

use std::collections::{BTreeMap, BTreeSet};

use super::place::{is_templated, namespace};
use super::subject::Subject;
use crate::manifest::{
    Node, Object, Reference, container_references, containers, pod_references, pod_specs, pull_references,
};

/// What was seen of one service account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Account {
    /// Whether it was seen itself.
    exists: bool,
    /// Whether a pod, or a workload that makes pods, runs under it.
    runs: bool,
    /// Secrets its pods refer to.
    secrets: BTreeSet<String>,
}

impl Account {
    fn refer<'r>(&mut self, references: impl IntoIterator<Item = Reference<'r>>) {
        let names = references.into_iter().map(|reference| reference.name).filter(|name| !is_templated(name));
        self.secrets.extend(names.map(str::to_owned));
    }
}

/// References from pods to Secrets, by namespace and service account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage(BTreeMap<String, BTreeMap<String, Account>>);

impl Usage {
    /// Takes in what an object says of pods: a pod, a workload of any kind, or a service account, whose pull secrets
    /// are those of its pods.
    pub fn observe(&mut self, object: &Object<'_>) {
        if object.is("", "ServiceAccount") {
            if let Some(name) = object.name() {
                let account = self.account(object, name);
                account.exists = true;
                account.refer(pull_references(object.root));
            }
            return;
        }
        let mut any = false;
        for pod in pod_specs(object) {
            any = true;
            let account = self.account(object, account_name(pod));
            account.runs = true;
            account.refer(pod_references(pod).chain(pull_references(pod)));
        }
        if any {
            // Containers know their account by the pod spec around them, and most objects have one; a second pass over
            // the whole object would find those of custom resources too, but not whose they are.
            return;
        }
        let loose: Vec<_> = containers(object).flat_map(container_references).collect();
        if !loose.is_empty() {
            let account = self.account(object, account_name(object.root.get("spec").unwrap_or(object.root)));
            account.runs = true;
            account.refer(loose);
        }
    }

    /// Adds what another worker saw.
    pub fn merge(&mut self, other: Self) {
        for (namespace, accounts) in other.0 {
            let own = self.0.entry(namespace).or_default();
            for (name, account) in accounts {
                let known = own.entry(name).or_default();
                known.exists |= account.exists;
                known.runs |= account.runs;
                known.secrets.extend(account.secrets);
            }
        }
    }

    /// The Secrets that pods of an account refer to, sorted.
    pub fn secrets_of(&self, subject: &Subject) -> impl Iterator<Item = &str> {
        self.find(subject).into_iter().flat_map(|account| account.secrets.iter().map(String::as_str))
    }

    /// Whether anything was seen that runs under an account.
    #[must_use]
    pub fn runs(&self, subject: &Subject) -> bool {
        self.find(subject).is_some_and(|account| account.runs)
    }

    /// Whether nothing runs under an account though pods of its namespace were seen: where none was, perhaps none was
    /// looked at.
    #[must_use]
    pub fn is_idle(&self, subject: &Subject) -> bool {
        self.beside(subject).any(|account| account.runs) && !self.runs(subject)
    }

    /// Whether an account is missing though others of its namespace were seen.
    #[must_use]
    pub fn is_missing(&self, subject: &Subject) -> bool {
        self.beside(subject).any(|account| account.exists) && self.find(subject).is_none_or(|account| !account.exists)
    }

    /// Whether any pod of a namespace refers to a Secret.
    #[must_use]
    pub fn is_used(&self, namespace: &str, secret: &str) -> bool {
        self.0.get(namespace).is_some_and(|all| all.values().any(|account| account.secrets.contains(secret)))
    }

    fn account(&mut self, object: &Object<'_>, name: &str) -> &mut Account {
        self.0.entry(namespace(object)).or_default().entry(name.to_owned()).or_default()
    }

    /// What was seen of the accounts of an account's namespace.
    fn beside(&self, subject: &Subject) -> impl Iterator<Item = &Account> {
        let namespace = match subject {
            Subject::ServiceAccount { namespace, .. } => self.0.get(namespace),
            _ => None,
        };
        namespace.into_iter().flat_map(BTreeMap::values)
    }

    fn find(&self, subject: &Subject) -> Option<&Account> {
        match subject {
            Subject::ServiceAccount { namespace, name } => self.0.get(namespace)?.get(name),
            _ => None,
        }
    }
}

/// `serviceAccountName`, its old name, or the account that pods get without either.
fn account_name<'a>(pod: Node<'a>) -> &'a str {
    let written = pod.get_str("serviceAccountName").or_else(|| pod.get_str("serviceAccount"));
    written.filter(|name| !name.is_empty()).unwrap_or("default")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::documents;

    fn usage(text: &str) -> Usage {
        let mut usage = Usage::default();
        for tree in documents(text) {
            let tree = tree.unwrap();
            Object::all(&tree).iter().for_each(|object| usage.observe(object));
        }
        usage
    }

    fn account(namespace: &str, name: &str) -> Subject {
        Subject::ServiceAccount { namespace: namespace.into(), name: name.into() }
    }

    #[test]
    fn every_way_a_pod_refers_to_a_secret() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: n}\nspec:\n  serviceAccountName: api\n\
                    \x20 imagePullSecrets: [{name: pull}]\n  volumes:\n  - {name: a, secret: {secretName: mounted}}\n\
                    \x20 - {name: b, projected: {sources: [{secret: {name: projected}}, {configMap: {name: no}}]}}\n\
                    \x20 - {name: c, csi: {driver: d, nodePublishSecretRef: {name: csi}}}\n\
                    \x20 initContainers:\n  - {name: i, image: i, env: [{name: A, valueFrom: {secretKeyRef: {name: init, key: k}}}]}\n\
                    \x20 containers:\n  - {name: c, image: i, envFrom: [{secretRef: {name: all}}, {configMapRef: {name: no}}]}\n";
        let usage = usage(text);
        let seen: Vec<_> = usage.secrets_of(&account("n", "api")).collect();
        assert_eq!(seen, ["all", "csi", "init", "mounted", "projected", "pull"]);
        assert!(usage.is_used("n", "csi") && !usage.is_used("m", "csi") && !usage.is_used("n", "no"));
        assert!(usage.runs(&account("n", "api")) && !usage.runs(&account("n", "default")));
    }

    #[test]
    fn workloads_and_accounts_of_any_kind_count() {
        let env = "env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}]";
        let text = format!(
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: c, namespace: n}}\nspec: {{jobTemplate: {{spec: \
             {{template: {{spec: {{containers: [{{name: c, image: i, {env}}}]}}}}}}}}}}\n---\n\
             apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {{name: t, namespace: n}}\nspec: {{serviceAccountName: \
             run, taskSpec: {{steps: [{{name: c, image: i, {env}}}]}}}}\n---\n\
             apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: quiet, namespace: n}}\nimagePullSecrets: [{{name: p}}]\n"
        );
        let usage = usage(&text);
        assert!(usage.secrets_of(&account("n", "default")).eq(["s"]));
        assert!(usage.secrets_of(&account("n", "run")).eq(["s"]));
        assert!(usage.secrets_of(&account("n", "quiet")).eq(["p"]) && !usage.runs(&account("n", "quiet")));
    }

    #[test]
    fn workers_may_see_them_in_any_order() {
        let pod = |name: &str| {
            usage(&format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{namespace: n}}\nspec: {{containers: [{{name: c, image: i, \
                 envFrom: [{{secretRef: {{name: {name}}}}}]}}]}}\n"
            ))
        };
        let (mut left, mut right) = (pod("a"), pod("b"));
        left.merge(pod("b"));
        right.merge(pod("a"));
        assert_eq!(left, right);
    }
}
