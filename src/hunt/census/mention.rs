//! Where objects mention Secrets.
//!
//! A Secret that is told to be unused may be deleted, so whatever could be its name counts: a scalar that is nothing
//! else, or a word of a line that speaks of secrets, in the object's own namespace or in one that the same text names.
//! Left out is what is called after something else by its place: labels, the names of containers and volumes,
//! references to other kinds.

use std::collections::HashSet;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::manifest::{Node, Object, Role};

use super::Census;

/// Bytes of a text that is about secrets as a whole, if it is anywhere. In longer ones each line is for itself.
const SMALL: usize = 4096;

/// Fields that say nothing of what an object uses.
const SILENT: [&str; 11] = [
    "apiVersion",
    "kind",
    "status",
    "labels",
    "matchLabels",
    "matchExpressions",
    "selector",
    "nodeSelector",
    "podLabels",
    "ownerReferences",
    "managedFields",
];

/// Fields that name something else.
const OTHERS: [&str; 18] = [
    "namespace",
    "image",
    "app",
    "clusterName",
    "containerName",
    "configMapName",
    "claimName",
    "generateName",
    "host",
    "hostname",
    "mountPath",
    "nodeName",
    "priorityClassName",
    "schedulerName",
    "serviceAccount",
    "serviceAccountName",
    "serviceName",
    "volumeName",
];

/// Fields whose `name` is that of something else: of the object itself, of what it makes, of another kind.
const NAMED: [&str; 12] = [
    "metadata",
    "service",
    "backend",
    "target",
    "port",
    "configMap",
    "configMapRef",
    "configMapKeyRef",
    "persistentVolumeClaim",
    "roleRef",
    "scaleTargetRef",
    "serviceAccountRef",
];

/// Parts of words that a list of Secrets, or a line about them, is called by.
static SECRET_WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let words = ["secret", "cred", "cert", "tls", "token", "passw", "auth", "key", "ref"];
    AhoCorasick::builder().ascii_case_insensitive(true).build(words).ok()
});

/// Notes the Secrets that an object mentions, by their numbers.
pub(super) fn mentions(object: &Object<'_>, census: &Census, found: &mut HashSet<u32>) {
    // What a Secret says of Secrets is its own name.
    if object.is("", "Secret") {
        return;
    }
    let mut look = Look { object, census, found };
    for (key, value) in object.root.entries() {
        match key.as_str() {
            Some("metadata") => look.annotations(value),
            Some(key) if SILENT.contains(&key) => {}
            _ => look.below(value),
        }
    }
}

struct Look<'l, 'o> {
    object: &'l Object<'o>,
    census: &'l Census,
    found: &'l mut HashSet<u32>,
}

impl Look<'_, '_> {
    /// Annotations are read by controllers. One that is JSON is the object as somebody wrote it.
    fn annotations(&mut self, metadata: Node<'_>) {
        for (_, value) in metadata.get("annotations").into_iter().flat_map(Node::entries) {
            if !value.as_str().unwrap_or_default().trim_start().starts_with('{') {
                self.scalar(value);
            }
        }
    }

    fn below(&mut self, node: Node<'_>) {
        if node.is_scalar() {
            return self.scalar(node);
        }
        let silent = |key: Node<'_>| key.as_str().is_some_and(|key| SILENT.contains(&key));
        for child in node.children() {
            if child.role() != Role::Key && !(child.role() == Role::Value && child.key().is_some_and(silent)) {
                self.below(child);
            }
        }
    }

    fn scalar(&mut self, node: Node<'_>) {
        let text = node.as_str().unwrap_or_default();
        if text.bytes().all(is_of_name) {
            if !self.census.named(text).is_empty() && is_reference(node) {
                let beside = node.parent().and_then(|owner| owner.get_str("namespace"));
                self.mark(text, beside);
            }
            return;
        }
        // A manifest or a command in a text says on one line what kind it means and on another which.
        let about = text.len() <= SMALL && is_about_secrets(text);
        let mut named = Vec::new();
        for line in text.lines() {
            self.words(line, about || is_about_secrets(line), &mut named);
        }
        self.elsewhere(text, &named);
    }

    /// The words of a line, and pairs of namespace and name. Those are Secrets even where nothing else says so. Notes
    /// the names whose namespace may stand anywhere else in the text.
    fn words<'t>(&mut self, line: &'t str, about_secrets: bool, named: &mut Vec<&'t str>) {
        for word in words(line) {
            let (before, name) = word.rsplit_once('/').unwrap_or(("", word));
            let namespace = before.rsplit('/').next().filter(|namespace| !namespace.is_empty());
            let pair = || namespace.is_some_and(|namespace| self.census.find(namespace, name).is_some());
            if about_secrets || pair() {
                self.mark(name, namespace);
                named.extend(Some(name).filter(|name| !self.census.named(name).is_empty()));
            }
        }
    }

    /// Marks the Secrets of namespaces that a text names beside them, as a manifest does that a Job creates in
    /// another one, or a command with `-n`.
    fn elsewhere(&mut self, text: &str, named: &[&str]) {
        if named.is_empty() {
            return;
        }
        let spoken: HashSet<&str> = text.lines().flat_map(words).collect();
        for number in named.iter().collect::<HashSet<_>>().into_iter().flat_map(|name| self.census.named(name)) {
            if spoken.contains(&*self.census.entry(*number).namespace) {
                self.found.insert(*number);
            }
        }
    }

    /// Marks the Secrets of a name in the object's namespace, and in one that is named beside it. Where neither is
    /// known it may be any of them.
    fn mark(&mut self, name: &str, beside: Option<&str>) {
        let own = self.object.namespace();
        for &number in self.census.named(name) {
            let namespace = &*self.census.entry(number).namespace;
            if own.is_none() && beside.is_none() || [own, beside].contains(&Some(namespace)) {
                self.found.insert(number);
            }
        }
    }
}

/// The words of a line that may be names, or pairs of them.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let words = line.split(|c: char| !(c == '/' || c.is_ascii() && is_of_name(c as u8)));
    words.map(|word| word.trim_matches(['.', '-'])).filter(|word| !word.is_empty())
}

/// Whether a byte may be part of a Secret's name (RFC 1123 subdomain).
fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.'
}

fn is_about_secrets(text: &str) -> bool {
    SECRET_WORDS.as_ref().is_none_or(|words| words.is_match(text))
}

/// Whether a scalar could name a Secret, by its place.
fn is_reference(node: Node<'_>) -> bool {
    let Some(key) = key_of(node) else { return true };
    if key != "name" {
        return !OTHERS.contains(&key);
    }
    let Some(owner) = node.parent() else { return true };
    if owner.get_str("kind").is_some_and(|kind| !kind.contains("Secret")) {
        return false;
    }
    let above = key_of(owner).unwrap_or_default();
    // The items of most lists are called by a name of their own: containers, volumes, ports.
    if owner.role() == Role::Item { is_about_secrets(above) } else { !NAMED.contains(&above) }
}

/// The key above a value, of the list for an item of one.
fn key_of(node: Node<'_>) -> Option<&str> {
    match node.role() {
        Role::Item => node.parent().and_then(Node::key)?.as_str(),
        _ => node.key()?.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::census;
    use super::*;
    use crate::manifest::documents;

    /// Which of the Secrets `web` of the namespaces `n` and `m` an object mentions.
    fn seen(text: &str) -> Vec<String> {
        let secret = |namespace: &str| {
            format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: web, namespace: {namespace}}}\n")
        };
        let census = census(&(secret("m") + "---\n" + &secret("n")));
        let tree = documents(text).next().unwrap().unwrap();
        let mut found = HashSet::new();
        mentions(&Object::all(&tree)[0], &census, &mut found);
        let mut names: Vec<_> = found.into_iter().map(|number| census.entry(number).namespace.to_string()).collect();
        names.sort();
        names
    }

    fn custom(spec: &str) -> String {
        format!(
            "apiVersion: example.com/v1\nkind: Site\nmetadata: {{name: web, namespace: n, labels: {{app: web}}}}\nspec: {spec}\n"
        )
    }

    #[test]
    fn whatever_could_be_its_name_counts() {
        for spec in [
            "{secretName: web}",
            "{auth: {secretRef: {name: web}}}",
            "{imagePullSecrets: [{name: web}]}",
            "{credentials: [web]}",
            "{args: ['--tls-secret=web']}",
            "{config: 'a: b\n\n  passwordSecret: web\n'}",
            "{ref: {kind: Secret, name: web}}",
            "{args: ['{\"secretKeyRef\": {\n\"name\": \"web\"}}']}",
        ] {
            assert_eq!(seen(&custom(spec)), ["n"], "{spec}");
        }
        assert_eq!(
            seen(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: n, annotations: {a/auth-secret: web}}\n"
            ),
            ["n"]
        );
        assert_eq!(
            seen(
                "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r, namespace: n}\nrules: [{resourceNames: [web]}]\n"
            ),
            ["n"]
        );
    }

    #[test]
    fn what_is_called_the_same_does_not() {
        for spec in [
            "{containers: [{name: web, image: web}]}",
            "{volumes: [{name: web}]}",
            "{template: {metadata: {name: web, labels: {app: web}}}}",
            "{backend: {service: {name: web}}}",
            "{scaleTargetRef: {kind: Deployment, name: web}}",
            "{serviceAccountName: web, selector: {app: web}}",
            "{config: 'upstream http://web:3000'}",
            "{target: {name: web}}",
        ] {
            assert_eq!(seen(&custom(spec)), [""; 0], "{spec}");
        }
    }

    #[test]
    fn a_text_may_name_a_namespace_of_its_own() {
        for text in [
            r#"POD="{\"kind\":\"Pod\",\"namespace\":\"m\",\"secretKeyRef\":{\"name\":\"web\"}}"; echo "$POD" | kubectl create -f -"#,
            "kubectl get secret web --namespace=m -o yaml",
            "kubectl -n m get secrets web",
            "kind: Pod\nmetadata:\n  namespace: m\nspec:\n  imagePullSecrets:\n  - name: web\n",
        ] {
            assert_eq!(seen(&custom(&format!("{{args: [{}]}}", serde_json::Value::from(text)))), ["m", "n"], "{text}");
        }
        // Another namespace than that of the Secret.
        assert_eq!(seen(&custom("{args: ['kubectl -n prod get secret web']}")), ["n"]);
    }

    #[test]
    fn namespaces_are_told_apart() {
        assert_eq!(seen(&custom("{secretRef: {name: web, namespace: m}}")), ["m", "n"]);
        assert_eq!(seen(&custom("{args: ['--default-ssl-certificate=m/web']}")), ["m", "n"]);
        assert_eq!(seen("apiVersion: x/v1\nkind: Issuer\nmetadata: {name: i}\nspec: {secretName: web}\n"), ["m", "n"]);
        assert_eq!(
            seen("apiVersion: x/v1\nkind: Issuer\nmetadata: {name: i}\nspec: {ref: {name: web, namespace: m}}\n"),
            ["m"]
        );
    }
}
