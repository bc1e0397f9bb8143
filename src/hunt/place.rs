//! Which kind of place a node is: decided from the object's kind and the way down to the node.

use crate::manifest::{Node, Object, Route, is_container};
use crate::model::Exposure;

use super::habitat::{has, lower, own_part};

/// What a whole document is, as far as it changes the meaning of the places in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct DocumentFacts {
    /// Encrypted by SOPS: it has the `sops` mapping with a MAC or recipients.
    pub sops: bool,
    /// A kustomization, whether it says so by kind or only by its generators.
    pub kustomization: bool,
    /// Values of a Helm chart.
    pub helm_values: bool,
}

impl DocumentFacts {
    /// Reads the facts off a document's root; `path` is the file's.
    #[must_use]
    pub(super) fn of(root: Node<'_>, path: &str) -> Self {
        let sops = root.get("sops").is_some_and(|sops| {
            ["mac", "lastmodified", "kms", "pgp", "age", "version"].iter().any(|key| sops.get(key).is_some())
        });
        let kustomization = root.get("secretGenerator").is_some() || root.get("configMapGenerator").is_some();
        Self { sops, kustomization, helm_values: is_helm_values(path) }
    }
}

/// Whether a file holds values of a Helm chart, by its name.
#[must_use]
pub(super) fn is_helm_values(path: &str) -> bool {
    let name = lower(path.rsplit('/').next().unwrap_or(path));
    if is_chart_template(path) {
        return true;
    }
    let Some(stem) = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")) else { return false };
    stem.starts_with("values") || stem.ends_with("values")
}

/// Whether a file is a template of a Helm chart, by its path.
#[must_use]
pub(super) fn is_chart_template(path: &str) -> bool {
    let path = own_part(path);
    let rendered = [".yaml", ".yml", ".tpl", ".txt", ".json"].iter().any(|ending| path.ends_with(ending));
    rendered && (has(path, "/templates/") || path.starts_with("templates/"))
}

/// The exposure of a node in a document that is no Kubernetes object.
#[must_use]
pub(super) fn outside_objects(facts: DocumentFacts, route: &[&str]) -> Exposure {
    match route.first() {
        _ if facts.sops => Exposure::HalfSealed,
        Some(&("secretGenerator" | "configMapGenerator")) if facts.kustomization => Exposure::KustomizeGenerator,
        _ if facts.helm_values => Exposure::HelmValues,
        _ => Exposure::SourceFile,
    }
}

/// The exposure of a node of a Kubernetes object.
#[must_use]
pub(super) fn in_object(object: &Object<'_>, node: Node<'_>, facts: DocumentFacts) -> Exposure {
    if facts.sops {
        return Exposure::HalfSealed;
    }
    let route = Route::between(object.root, node);
    let keys: Vec<&str> = route.keys().collect();
    if let Some(exposure) = by_kind(object, &keys) {
        return exposure;
    }
    if keys.windows(2).any(|pair| pair == ["metadata", "annotations"]) {
        return Exposure::Annotation;
    }
    in_container(object, node).or_else(|| environment(node)).unwrap_or(if facts.helm_values {
        Exposure::HelmValues
    } else {
        Exposure::ObjectField
    })
}

/// Kinds whose fields have a meaning of their own.
fn by_kind(object: &Object<'_>, keys: &[&str]) -> Option<Exposure> {
    let group = object.group();
    let exposure = match (object.kind, keys) {
        ("Secret", ["data" | "stringData", ..]) if group.is_empty() => {
            let release = object.root.get_str("type") == Some("helm.sh/release.v1");
            if release { Exposure::HelmRelease } else { Exposure::SecretManifest }
        }
        ("ConfigMap", ["data" | "binaryData", ..]) if group.is_empty() => Exposure::Configmap,
        ("SealedSecret", ["spec", "template", ..]) => Exposure::SealedTemplate,
        ("ExternalSecret" | "ClusterExternalSecret" | "PushSecret", keys) if keys.contains(&"template") => {
            Exposure::SealedTemplate
        }
        ("HelmRelease", ["spec", "values", ..]) if group.ends_with("fluxcd.io") => Exposure::GitopsValues,
        ("HelmChart", ["spec", "valuesContent" | "set", ..]) => Exposure::GitopsValues,
        ("Application" | "ApplicationSet", keys) if group == "argoproj.io" && is_argo_value(keys) => {
            Exposure::GitopsValues
        }
        ("Kustomization", ["secretGenerator" | "configMapGenerator", ..]) => Exposure::KustomizeGenerator,
        ("Kustomization", ["spec", "postBuild", ..]) => Exposure::GitopsValues,
        ("Config", ["users", ..]) if object.api_version == "v1" => Exposure::Kubeconfig,
        ("EncryptionConfiguration" | "EncryptionConfig", ["resources", ..]) => Exposure::EncryptionConfig,
        _ => return None,
    };
    Some(exposure)
}

fn is_argo_value(keys: &[&str]) -> bool {
    keys.iter().any(|key| matches!(*key, "helm" | "kustomize" | "plugin" | "directory" | "jsonnet" | "generators"))
}

/// Places within the nearest container above a node.
fn in_container(object: &Object<'_>, node: Node<'_>) -> Option<Exposure> {
    let mut below = node;
    let mut headers = false;
    while below != object.root {
        let parent = below.parent()?;
        if parent.is_mapping() {
            let key = below.key().and_then(Node::as_str).unwrap_or("");
            headers |= key == "httpHeaders";
            if is_container(parent) {
                return match key {
                    "env" => Some(Exposure::EnvValue),
                    "command" | "args" | "script" | "source" => Some(Exposure::ContainerArgs),
                    "lifecycle" | "livenessProbe" | "readinessProbe" | "startupProbe" => {
                        Some(if headers { Exposure::ProbeHeader } else { Exposure::ContainerArgs })
                    }
                    _ => None,
                };
            }
        }
        below = parent;
    }
    None
}

/// Name and value pairs in a list that is an environment by name, wherever an operator's API puts it.
fn environment(node: Node<'_>) -> Option<Exposure> {
    let item = node.parent().filter(|item| item.get("name").is_some() && item.get("value") == Some(node))?;
    let list = item.parent().filter(|list| list.is_sequence())?.key()?.as_str()?;
    let list = list.to_ascii_lowercase();
    (list.ends_with("env") || list.starts_with("env") || list.ends_with("envvars")).then_some(Exposure::EnvValue)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::documents;

    fn exposure(text: &str) -> Exposure {
        let tree = documents(text).next().unwrap().unwrap();
        let object = Object::all(&tree)[0];
        let node = tree.nodes().find(|node| node.as_str().is_some_and(|value| value.contains("HERE"))).unwrap();
        in_object(&object, node, DocumentFacts::default())
    }

    #[test]
    fn places_of_objects() {
        for (text, expected) in [
            (
                "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, env: [{name: X, value: HERE}]}]}",
                Exposure::EnvValue,
            ),
            ("apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, args: [HERE]}]}", Exposure::ContainerArgs),
            (
                "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, image: b, livenessProbe: {httpGet: {httpHeaders: [{name: X, value: HERE}]}}, env: []}]}",
                Exposure::ProbeHeader,
            ),
            ("apiVersion: v1\nkind: ConfigMap\ndata: {a: HERE}", Exposure::Configmap),
            ("apiVersion: v1\nkind: Secret\nstringData: {a: HERE}", Exposure::SecretManifest),
            ("apiVersion: x.io/v1\nkind: Widget\nspec: {extraEnv: [{name: X, value: HERE}]}", Exposure::EnvValue),
            ("apiVersion: x.io/v1\nkind: Widget\nspec: {password: HERE}", Exposure::ObjectField),
            ("apiVersion: v1\nkind: Service\nmetadata: {annotations: {a: HERE}}", Exposure::Annotation),
            (
                "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec: {values: {env: [{name: A, value: HERE}]}}",
                Exposure::GitopsValues,
            ),
            ("apiVersion: v1\nkind: Config\nusers: [{user: {token: HERE}}]", Exposure::Kubeconfig),
        ] {
            assert_eq!(exposure(text), expected, "{text}");
        }
    }
}
