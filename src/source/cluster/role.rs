//! The rights that a hunt needs, as a ClusterRole.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::resource::Resource;

/// The smallest ClusterRole with which `resources` can be read.
#[must_use]
pub fn cluster_role(resources: &[Resource]) -> String {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for resource in resources {
        groups.entry(&resource.group).or_default().push(&resource.plural);
    }
    let mut text =
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: ksecrets-hunt\nrules:\n"
            .to_owned();
    for (group, mut plurals) in groups {
        plurals.sort_unstable();
        plurals.dedup();
        let _ = writeln!(text, "- apiGroups: [\"{group}\"]\n  resources: [{}]\n  verbs: [list]", plurals.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_grouped() {
        let resource = |group: &str, plural: &str| Resource {
            group: group.into(),
            version: "v1".into(),
            plural: plural.into(),
            kind: plural.into(),
            namespaced: true,
        };
        let role = cluster_role(&[resource("", "secrets"), resource("apps", "deployments"), resource("", "pods")]);
        insta::assert_snapshot!(role, @r#"
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: ksecrets-hunt
        rules:
        - apiGroups: [""]
          resources: [pods, secrets]
          verbs: [list]
        - apiGroups: ["apps"]
          resources: [deployments]
          verbs: [list]
        "#);
    }
}
