//! Readers of known structures: registry credentials, encryption keys, kustomize generators, sealed data. Each
//! deals with its nodes and claims them, so that nobody judges them again by name.

use std::ops::Range;

use crate::manifest::{Node, Object, decode_base64};
use crate::model::{Confidence, Exposure, Severity};

use super::candidate::Rank;
use super::layer::{Layer, Origin};
use super::names::{classify, normalise};
use super::place::DocumentFacts;
use super::scan::{Scan, Statement};
use super::site::{Context, Scalar};
use super::value::{Strength, harmless, is_harmless_inside, strength};

/// Words, in lower case, of structures that carry secrets under names that say nothing: a reason to parse a document.
pub(super) const KEYWORDS: [&str; 7] =
    ["kind: secret", "binarydata", "generator:", "sops:", "%3a%2f%2f", "userlist.txt", ".pgpass"];

/// Runs every reader over a document; gives back the numbers of the nodes that are dealt with.
pub(super) fn claims(
    scan: &mut Scan<'_>,
    layer: &Layer<'_>,
    root: Node<'_>,
    objects: &[Object<'_>],
    ctx: &Context<'_>,
    facts: DocumentFacts,
) -> Vec<Range<u32>> {
    let mut claimed = Vec::new();
    if root.get("auths").is_some() || layer.outer.is_some() {
        docker(scan, layer, root, ctx, facts, &mut claimed);
    }
    generators(scan, layer, root, None, ctx, facts);
    for object in objects {
        // Who owns which field: names of fields under names of fields.
        claimed.extend(object.root.at_path(&["metadata", "managedFields"]).map(subtree));
        match object.kind {
            "EncryptionConfiguration" | "EncryptionConfig" => {
                encryption(scan, layer, root, object, ctx, facts, &mut claimed)
            }
            "SealedSecret" => sealed(object, &mut claimed),
            "CustomResourceDefinition" => schema(object, &mut claimed),
            "ExternalSecret" | "SecretProviderClass" | "VaultStaticSecret" | "PushSecret" => {
                references(object, &mut claimed)
            }
            _ => {}
        }
    }
    claimed
}

fn subtree(node: Node<'_>) -> Range<u32> {
    node.number()..node.after()
}

/// Values that only a controller can open.
fn sealed(object: &Object<'_>, claimed: &mut Vec<Range<u32>>) {
    claimed.extend(object.root.at_path(&["spec", "encryptedData"]).map(subtree));
}

/// A schema speaks of fields and holds no values.
fn schema(object: &Object<'_>, claimed: &mut Vec<Range<u32>>) {
    let versions =
        object.root.at_path(&["spec", "versions"]).into_iter().chain(object.root.at_path(&["spec", "validation"]));
    claimed.extend(versions.map(subtree));
}

/// What a store is asked for: names and paths of secrets, never their values.
fn references(object: &Object<'_>, claimed: &mut Vec<Range<u32>>) {
    let lists = ["data", "dataFrom", "secretStoreRef", "parameters"];
    let spec = object.root.get("spec");
    claimed.extend(lists.iter().filter_map(|list| spec?.get(list)).map(subtree));
}

/// Registry credentials: `{"auths": {"registry": {"auth": "…"}}}`, or the older form without `auths`
/// (<https://kubernetes.io/docs/concepts/containers/images/#config-json>). One finding a registry.
fn docker(
    scan: &mut Scan<'_>,
    layer: &Layer<'_>,
    root: Node<'_>,
    ctx: &Context<'_>,
    facts: DocumentFacts,
    claimed: &mut Vec<Range<u32>>,
) {
    let registries = root.get("auths").unwrap_or(root);
    for (registry, entry) in registries.entries() {
        let auth = entry.get("auth").filter(|node| node.as_str().is_some_and(|value| !value.is_empty()));
        let password = entry.get("password").filter(|node| node.as_str().is_some());
        let known =
            auth.is_some() && (root.get("auths").is_some() || entry.get("email").is_some() || password.is_some());
        let Some(node) = auth.or(password).filter(|_| known || root.get("auths").is_some()) else { continue };
        claimed.push(subtree(entry));
        let value = node.as_str().unwrap_or("");
        let opened = decode_base64(value).and_then(|bytes| String::from_utf8(bytes).ok());
        let secret = opened.as_deref().and_then(|text| text.split_once(':')).map_or(value, |(_, secret)| secret);
        if harmless(value).is_some() || harmless(secret).is_some() || (auth.is_some() && opened.is_none()) {
            continue;
        }
        let scalar = Scalar { node, key: None, object: None, root, facts };
        let inner = scan.scalar_context(layer, &scalar, ctx);
        let rule = match scan.hunter.rule("docker-auth") {
            Some(rule) => rule.clone(),
            None => scan.hunter.generic().password.clone(),
        };
        let says = Statement {
            rule: &rule,
            rank: Rank::Structural,
            severity: Severity::High,
            confidence: Confidence::High,
            message: format!("credentials for the registry {}{}", registry.as_str().unwrap_or("?"), inner.owner()),
            notes: Vec::new(),
        };
        let range = node.verbatim().unwrap_or_else(|| node.range());
        scan.found(layer, range, value, &inner, says);
    }
}

/// Keys of an `EncryptionConfiguration`
/// (<https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/>): base64 of 16, 24 or 32 bytes.
fn encryption(
    scan: &mut Scan<'_>,
    layer: &Layer<'_>,
    root: Node<'_>,
    object: &Object<'_>,
    ctx: &Context<'_>,
    facts: DocumentFacts,
    claimed: &mut Vec<Range<u32>>,
) {
    let resources = object.root.get("resources").into_iter().flat_map(Node::items);
    let providers = resources.filter_map(|resource| resource.get("providers")).flat_map(Node::items);
    let kinds = providers
        .flat_map(|provider| ["aescbc", "aesgcm", "secretbox"].iter().filter_map(move |kind| provider.get(kind)));
    for key in kinds.filter_map(|kind| kind.get("keys")).flat_map(Node::items) {
        let Some(node) = key.get("secret") else { continue };
        let Some(value) = node.as_str() else { continue };
        claimed.push(subtree(node));
        let long_enough = decode_base64(value).is_some_and(|bytes| bytes.len() >= 16);
        if facts.sops && value.starts_with("ENC[") || harmless(value).is_some() || !long_enough {
            continue;
        }
        let scalar = Scalar { node, key: None, object: Some(object), root, facts };
        let inner = scan.scalar_context(layer, &scalar, ctx);
        let generic = scan.hunter.generic();
        let says = Statement {
            rule: &generic.encryption_key,
            rank: Rank::Structural,
            severity: Severity::Critical,
            confidence: Confidence::High,
            message: format!("key {} encrypts Secrets in etcd", key.get_str("name").unwrap_or("(unnamed)")),
            notes: Vec::new(),
        };
        scan.found(layer, node.verbatim().unwrap_or_else(|| node.range()), value, &inner, says);
    }
}

/// `literals`, `files` and `envs` of kustomize generators
/// (<https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/secretgenerator/>).
fn generators(
    scan: &mut Scan<'_>,
    layer: &Layer<'_>,
    root: Node<'_>,
    object: Option<&Object<'_>>,
    ctx: &Context<'_>,
    facts: DocumentFacts,
) {
    if !facts.kustomization {
        return;
    }
    for (list, secret) in [("secretGenerator", true), ("configMapGenerator", false)] {
        for generator in root.get(list).into_iter().flat_map(Node::items) {
            for field in ["files", "envs", "env"] {
                let names = generator
                    .get(field)
                    .into_iter()
                    .flat_map(|node| node.items().chain([node]).filter_map(Node::as_str));
                let files = names.map(|name| name.split_once('=').map_or(name, |(_, file)| file).to_owned());
                scan.generator_files.extend(files.map(|file| (file, secret)));
            }
            for literal in generator.get("literals").into_iter().flat_map(Node::items) {
                let scalar = Scalar { node: literal, key: None, object, root, facts };
                let inner = scan.scalar_context(layer, &scalar, ctx);
                scan.literal(layer, literal, secret, &inner);
            }
        }
    }
}

impl Scan<'_> {
    /// `NAME=value` of a generator; in a secret generator every value counts.
    fn literal(&mut self, layer: &Layer<'_>, node: Node<'_>, secret: bool, ctx: &Context<'_>) {
        let Some((name, value)) = node.as_str().and_then(|text| text.split_once('=')) else { return };
        let value = value.trim_matches(['"', '\'']);
        let leaf = normalise(name);
        let strong = strength(value);
        let declared = secret && !super::names::is_companion(&leaf) && strong > Strength::Weak;
        let Some(kind) = classify(&leaf).map(Some).or(declared.then_some(None)) else { return };
        if harmless(value).is_some()
            || is_harmless_inside(value)
            || value.len() < 3
            || (!secret && kind.is_some_and(|kind| !super::value::fits(kind, &leaf, value)))
        {
            return;
        }
        let hunter = self.hunter;
        let says = Statement {
            rule: kind.map_or(&hunter.generic().secret_value, |kind| hunter.generic().of(kind)),
            rank: if kind.is_some() { Rank::Generic } else { Rank::Declared },
            severity: if strong == Strength::Weak { Severity::Medium } else { Severity::High },
            confidence: if strong == Strength::Weak { Confidence::Low } else { Confidence::High },
            message: format!("{name} is a literal of a kustomize generator"),
            notes: Vec::new(),
        };
        let span = node.verbatim().and_then(|range| {
            let at = layer.text[range.clone()].rfind(value)?;
            Some(range.start + at..range.start + at + value.len())
        });
        match span {
            Some(span) => self.found(layer, span, value, ctx, says),
            None => {
                let text = value.to_owned();
                let inner = layer.inner(&text, Origin::Whole(node.range()), None);
                self.found(&inner, 0..text.len(), &text, ctx, says);
            }
        }
    }

    /// A file that a generator reads: `NAME=value` lines, or one value as a whole.
    pub(super) fn generator_file(&mut self, text: &str, secret: bool) {
        self.file(text, Some(Exposure::KustomizeGenerator), false);
        let value = text.trim();
        if !secret
            || value.contains(['\n', '=', ' '])
            || value.len() < 6
            || harmless(value).is_some()
            || strength(value) == Strength::Weak
        {
            return;
        }
        let layer = Layer::file(text);
        let forced = Some(Exposure::KustomizeGenerator);
        let ctx = Context::file(Exposure::SourceFile, forced, super::habitat::Habitat::Config);
        let leaf = normalise(self.path.rsplit('/').next().unwrap_or(self.path).split('.').next().unwrap_or(""));
        let hunter = self.hunter;
        let rule = classify(&leaf).map_or(&hunter.generic().secret_value, |kind| hunter.generic().of(kind));
        let says = Statement {
            rule,
            rank: Rank::Declared,
            severity: Severity::High,
            confidence: Confidence::High,
            message: "the whole file is a value of a Secret that kustomize generates".to_owned(),
            notes: Vec::new(),
        };
        let start = text.find(value).unwrap_or(0);
        self.found(&layer, start..start + value.len(), value, &ctx, says);
    }
}
