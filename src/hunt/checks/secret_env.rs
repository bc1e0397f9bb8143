//! Secrets handed to a container as environment variables.
//!
//! The value is safe in its Secret and then leaves it: every process of the container inherits it,
//! `/proc/<pid>/environ` and crash reports hold it, `kubectl exec … env` prints it, and it does not change when the
//! Secret is rotated. A file from a Secret volume has none of that.
//!
//! Many charts offer nothing else, so this is a habit and not an incident: low, and once per container. Literal values
//! in variables are found by the credential rules and are not repeated here.

use super::shape::{Names, Once, container};
use super::{Check, Sightings};
use crate::manifest::{Node, Object, containers};
use crate::model::{Class, Confidence, Rule, RuleId, Severity};

/// Environment variables from Secrets, one sighting per container.
pub(super) struct SecretEnv;

impl Check for SecretEnv {
    fn rule(&self) -> Rule {
        Rule {
            id: RuleId::new("secret-env"),
            title: "Secret as environment variables".into(),
            class: Class::Exposure,
            severity: Severity::Low,
            confidence: Confidence::High,
            description: "A container gets a Secret as environment variables. Child processes inherit them, crash \
                          reports and /proc hold them, `kubectl exec` prints them, and a rotated Secret does not reach \
                          them."
                .into(),
            remediation: "Mount the Secret as a volume and read the file, where the program can (many take *_FILE \
                          variables)."
                .into(),
            references: vec![
                "https://kubernetes.io/docs/concepts/security/secrets-good-practices/".into(),
                "https://kubernetes.io/docs/concepts/configuration/secret/#using-secrets-as-files-from-a-pod".into(),
            ],
        }
    }

    fn words(&self) -> &'static [&'static str] {
        &["secretref", "secretkeyref"]
    }

    fn check<'t>(&self, object: &Object<'t>, out: &mut Sightings<'t>) {
        let mut once = Once::default();
        for node in containers(object) {
            let taken = Taken::of(node, &mut once);
            if let Some(first) = taken.first {
                out.at(first, taken.message(node));
            }
        }
    }
}

/// What one container takes from Secrets.
#[derive(Default)]
struct Taken<'t> {
    /// The name of the first Secret, where the eye should go.
    first: Option<Node<'t>>,
    variables: usize,
    from: Names<'t>,
    whole: Names<'t>,
}

impl<'t> Taken<'t> {
    fn of(container: Node<'t>, once: &mut Once) -> Self {
        let mut taken = Self::default();
        for reference in once.items(container, "env").filter_map(|item| item.at_path(&["valueFrom", "secretKeyRef"])) {
            taken.variables += 1;
            taken.add(reference, |taken| &mut taken.from);
        }
        for reference in once.items(container, "envFrom").filter_map(|item| item.get("secretRef")) {
            taken.add(reference, |taken| &mut taken.whole);
        }
        taken
    }

    fn add(&mut self, reference: Node<'t>, list: impl Fn(&mut Self) -> &mut Names<'t>) {
        let name = reference.get("name");
        let place = name.unwrap_or(reference);
        // `env` is looked at before `envFrom`, whichever comes first in the file: the order of the file decides.
        self.first = Some(self.first.filter(|first| first.number() <= place.number()).unwrap_or(place));
        list(self).insert(name.and_then(Node::as_str).unwrap_or("without a name"));
    }

    fn message(&self, node: Node<'_>) -> String {
        let mut parts = Vec::new();
        if self.variables > 0 {
            let (noun, secrets) = (plural(self.variables, "variable"), plural(self.from.len(), "Secret"));
            parts.push(format!("{} environment {noun} from {secrets} {}", self.variables, self.from.listing()));
        }
        if self.whole.len() > 0 {
            let secrets = plural(self.whole.len(), "Secret");
            parts.push(format!("every key of {secrets} {} as environment variables", self.whole.listing()));
        }
        format!("{} takes {}", container(node), parts.join(", and "))
    }
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 { noun.to_owned() } else { format!("{noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hunt::checks::tests::seen;

    #[test]
    fn one_sighting_per_container() {
        let text = "apiVersion: v1\nkind: Pod\nspec:\n  initContainers:\n  - name: migrate\n    image: m\n\
                    \x20   envFrom:\n\
                    \x20   - secretRef: {name: app-env}\n    - configMapRef: {name: c}\n  containers:\n\
                    \x20 - name: api\n    image: a\n    env:\n\
                    \x20   - {name: A, valueFrom: {secretKeyRef: {name: db, key: a}}}\n\
                    \x20   - {name: B, valueFrom: {secretKeyRef: {name: db, key: b}}}\n\
                    \x20   - {name: C, valueFrom: {secretKeyRef: {name: mq, key: c}}}\n\
                    \x20   envFrom: [{secretRef: {name: x}}]\n";
        assert_eq!(
            seen(&SecretEnv, text),
            [
                "low: container migrate takes every key of Secret app-env as environment variables",
                "low: container api takes 3 environment variables from Secrets db and mq, and every key of Secret x \
                 as environment variables"
            ]
        );
    }

    #[test]
    fn files_and_literals_are_fine() {
        let text = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: api\n    image: a\n\
                    \x20   env: [{name: A, value: b}]\n\
                    \x20 volumes: [{name: s, secret: {secretName: db}}]\n";
        assert_eq!(seen(&SecretEnv, text), [""; 0]);
    }
}
