//! How objects are written anew, so that whoever writes now has written all of them.

use super::encryption::GroupResource;

/// Commands that rewrite every object of these resources, wildcards among them: each writes what it has just read. What
/// changes in between is refused as a conflict, and was rewritten by that change.
#[must_use]
pub fn commands(resources: &[GroupResource]) -> Vec<String> {
    if resources.contains(&GroupResource::everything()) {
        return vec![each("")];
    }
    let named: Vec<String> = resources.iter().filter(|one| !one.is_wildcard()).map(ToString::to_string).collect();
    let named =
        (!named.is_empty()).then(|| format!("kubectl get {} -A -o json | kubectl replace -f -", named.join(",")));
    let groups = resources.iter().filter(|one| one.is_wildcard());
    let groups =
        groups.map(|one| each(&format!(" --api-group={}", if one.group.is_empty() { "''" } else { &one.group })));
    named.into_iter().chain(groups).collect()
}

/// One resource after the other: all at once could be more than there is memory for.
fn each(option: &str) -> String {
    format!(
        "kubectl api-resources{option} --verbs=list,update -o name | xargs -I{{}} sh -c 'kubectl get {{}} -A -o json | \
         kubectl replace -f -'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resource_has_its_command() {
        let told = |names: &[&str]| {
            commands(&names.iter().map(|name| GroupResource::parse(name)).collect::<Vec<_>>()).join("\n")
        };
        insta::assert_snapshot!(told(&["secrets", "certificates.cert-manager.io"]), @"kubectl get secrets,certificates.cert-manager.io -A -o json | kubectl replace -f -");
        insta::assert_snapshot!(told(&["secrets", "*.", "*.apps"]), @"
        kubectl get secrets -A -o json | kubectl replace -f -
        kubectl api-resources --api-group='' --verbs=list,update -o name | xargs -I{} sh -c 'kubectl get {} -A -o json | kubectl replace -f -'
        kubectl api-resources --api-group=apps --verbs=list,update -o name | xargs -I{} sh -c 'kubectl get {} -A -o json | kubectl replace -f -'
        ");
        insta::assert_snapshot!(told(&["secrets", "*.*", "*.apps"]), @"kubectl api-resources --verbs=list,update -o name | xargs -I{} sh -c 'kubectl get {} -A -o json | kubectl replace -f -'");
        assert_eq!(told(&[]), "");
    }
}
