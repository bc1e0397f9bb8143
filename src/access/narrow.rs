//! The Role that would do.

use super::subject::Subject;
use super::usage::Usage;

/// A Role for a service account that gets the Secrets its pods refer to and no others, as YAML; none when they refer to
/// none, or for subjects whose business is not known.
pub(super) fn role(subject: &Subject, usage: &Usage) -> Option<String> {
    let Subject::ServiceAccount { namespace, name } = subject else { return None };
    let secrets: Vec<String> = usage.secrets_of(subject).map(scalar).collect();
    if secrets.is_empty() {
        return None;
    }
    let place = if namespace.is_empty() { String::new() } else { format!("  namespace: {}\n", scalar(namespace)) };
    Some(format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata:\n  name: {}\n{place}rules:\n  \
         - apiGroups: [\"\"]\n    resources: [secrets]\n    resourceNames: [{}]\n    verbs: [get]\n",
        scalar(&format!("{name}-secrets")),
        secrets.join(", ")
    ))
}

/// A name as YAML. Names of objects are mostly plain words; manifests may hold anything.
fn scalar(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.')
        && !matches!(name, "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n");
    if plain {
        return name.to_owned();
    }
    let escaped: String = name
        .chars()
        .map(|c| match c {
            '"' | '\\' => format!("\\{c}"),
            c if c.is_control() => format!("\\u{:04x}", c as u32),
            c => c.to_string(),
        })
        .collect();
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::tests::facts;
    use crate::access::{Facts, PolicyRule};
    use crate::manifest::{Object, documents};

    fn usage(secrets: &str) -> Usage {
        let pod = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: prod}}\nspec: {{serviceAccountName: api, \
             containers: [{{name: c, image: i, envFrom: [{secrets}]}}]}}\n"
        );
        facts(&pod).into_parts().2
    }

    fn account() -> Subject {
        Subject::ServiceAccount { namespace: "prod".into(), name: "api".into() }
    }

    #[test]
    fn names_what_the_pods_use() {
        let usage = usage("{secretRef: {name: db}}, {secretRef: {name: '1e3'}}");
        let text = role(&account(), &usage).unwrap();
        assert_eq!(
            text,
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata:\n  name: api-secrets\n  namespace: prod\n\
             rules:\n  - apiGroups: [\"\"]\n    resources: [secrets]\n    resourceNames: [\"1e3\", db]\n    verbs: [get]\n"
        );
        assert_eq!(role(&account(), &Usage::default()), None);
        assert_eq!(role(&Subject::user("jane"), &usage), None);
    }

    #[test]
    fn what_it_writes_is_a_role() {
        let odd = r#"{secretRef: {name: "a\"b\\c: [d]\n# e"}}"#;
        let text = role(&account(), &usage(odd)).unwrap();
        let tree = documents(&text).next().unwrap().unwrap();
        let object = Object::all(&tree)[0];
        let mut facts = Facts::default();
        facts.observe(&object, crate::model::Location::default);
        let rule: &PolicyRule = &facts.into_parts().0[0].rules[0];
        assert_eq!(rule.resource_names, ["a\"b\\c: [d]\n# e"]);
    }
}
