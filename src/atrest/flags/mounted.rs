//! Files of a container that are keys of an object: what a volume makes of a ConfigMap or Secret.

use crate::manifest::{Node, Object};

/// A key of a ConfigMap or Secret that is a file of a container.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mounted {
    /// `configmaps` or `secrets`.
    pub resource: &'static str,
    /// The pod's own.
    pub namespace: String,
    /// The object's.
    pub name: String,
    /// The key of `data`.
    pub key: String,
}

impl Mounted {
    /// Where it can be asked for.
    #[must_use]
    pub fn url(&self) -> String {
        format!("/api/v1/namespaces/{}/{}/{}", self.namespace, self.resource, self.name)
    }

    /// The file of a container, as its volumes have it; none where it is no object's.
    pub(super) fn of(object: &Object<'_>, container: Node<'_>, file: &str) -> Option<Self> {
        let mounts = container.get("volumeMounts").into_iter().flat_map(Node::items);
        // Of two mounts the one that lies deeper shows its files.
        let (mount, rest) = mounts
            .filter_map(|mount| Some((mount, below(mount.get_str("mountPath")?, file)?)))
            .min_by_key(|(_, rest)| rest.len())?;
        let path = match (mount.get_str("subPath"), rest) {
            (Some(sub), "") => sub.to_owned(),
            (Some(sub), rest) => format!("{}/{rest}", sub.trim_end_matches('/')),
            (None, rest) => rest.to_owned(),
        };
        let name = mount.get_str("name")?;
        let mut volumes = object.root.at_path(&["spec", "volumes"])?.items();
        let volume = volumes.find(|volume| volume.get_str("name") == Some(name))?;
        let projected = volume.at_path(&["projected", "sources"]).into_iter().flat_map(Node::items);
        let (resource, name, key) =
            std::iter::once(volume).chain(projected).find_map(|source| key_of(source, &path))?;
        let namespace = object.namespace().unwrap_or("default").to_owned();
        Some(Self { resource, namespace, name, key })
    }
}

/// What is left of a path below a folder; nothing where it is the folder itself.
fn below<'p>(folder: &str, path: &'p str) -> Option<&'p str> {
    let rest = path.strip_prefix(folder.trim_end_matches('/'))?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

/// The object and its key that a source of a volume shows at a path.
fn key_of(source: Node<'_>, path: &str) -> Option<(&'static str, String, String)> {
    let (resource, from) = match (source.get("configMap"), source.get("secret")) {
        (Some(from), _) => ("configmaps", from),
        (None, from) => ("secrets", from?),
    };
    let name = from.get_str("secretName").or_else(|| from.get_str("name"))?;
    let key = match from.get("items") {
        Some(items) => items.items().find(|item| item.get_str("path") == Some(path))?.get_str("key")?,
        None => path,
    };
    Some((resource, name.to_owned(), key.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::super::Flags;

    fn mounted(mounts: &str, volumes: &str) -> String {
        let pod = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a, namespace: kube-system}}\nspec:\n  containers:\n  - name: x\n    command: [kube-apiserver, --encryption-provider-config=/enc/a.yaml]\n    volumeMounts: [{mounts}]\n  volumes: [{volumes}]\n"
        );
        let flags = Flags::read(&pod).unwrap().remove(0);
        flags.mounted.map_or_else(|| "-".to_owned(), |one| format!("{} {}", one.url(), one.key))
    }

    #[test]
    fn a_volume_tells_whose_key_a_file_is() {
        let at = |path: &str| format!("{{name: v, mountPath: {path}}}");
        let config = "/api/v1/namespaces/kube-system/configmaps/c";
        let secret = "/api/v1/namespaces/kube-system/secrets/s";
        let cases = [
            (at("/enc"), "{name: v, configMap: {name: c}}", format!("{config} a.yaml")),
            (at("/enc/"), "{name: v, secret: {secretName: s}}", format!("{secret} a.yaml")),
            (at("/enc"), "{name: v, secret: {secretName: s, items: [{key: k, path: a.yaml}]}}", format!("{secret} k")),
            (at("/enc"), "{name: v, secret: {secretName: s, items: [{key: k, path: b.yaml}]}}", "-".into()),
            (
                "{name: v, mountPath: /enc/a.yaml, subPath: b}".into(),
                "{name: v, configMap: {name: c}}",
                format!("{config} b"),
            ),
            (
                at("/enc"),
                "{name: v, projected: {sources: [{downwardAPI: {}}, {secret: {name: s, items: [{key: k, path: a.yaml}]}}]}}",
                format!("{secret} k"),
            ),
            (at("/enc"), "{name: v, hostPath: {path: /etc}}", "-".into()),
            (at("/en"), "{name: v, configMap: {name: c}}", "-".into()),
            (
                format!("{{name: w, mountPath: /}}, {}", at("/enc")),
                "{name: w, hostPath: {path: /}}, {name: v, configMap: {name: c}}",
                format!("{config} a.yaml"),
            ),
        ];
        for (mounts, volumes, expected) in cases {
            assert_eq!(mounted(&mounts, volumes), expected, "{mounts} {volumes}");
        }
    }
}
