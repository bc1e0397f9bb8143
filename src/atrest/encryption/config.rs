//! A whole configuration: entries, each with resources and providers.

use std::collections::BTreeMap;

use crate::manifest::{Node, Object, SyntaxError, Tree, chunks, parse_document};

use super::decode::Decoder;
use super::foreign::foreign;
use super::key::{Key, Material};
use super::problem::Problem;
use super::provider::{Cipher, Kms, KmsVersion, Provider, Scheme};
use super::refusal::Refusal;
use super::resource::GroupResource;
use super::server::Server;
use super::storage::Storage;
use super::{judge, validate};

/// Its versions and kinds. The second was a slip of the documentation that is still read.
const KINDS: [(&str, &str); 2] =
    [("apiserver.config.k8s.io/v1", "EncryptionConfiguration"), ("v1", "EncryptionConfig")];

/// Fields of a provider that are ciphers with keys.
const CIPHERS: [Cipher; 3] = [Cipher::Aescbc, Cipher::Aesgcm, Cipher::Secretbox];

/// Why a text holds no configuration at all.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NoDocument {
    /// There is nothing in it, or nothing in its first document. The others are not read.
    #[error("the first document is empty, and the API server reads no other")]
    Empty,
    /// It is not YAML.
    #[error("not YAML")]
    Syntax(#[from] SyntaxError),
    /// It is something else.
    #[error("no EncryptionConfiguration, but {0}")]
    Foreign(String),
}

/// A resource as an entry names it.
#[derive(Clone, Debug)]
pub struct Listed<'t> {
    /// What is named.
    pub resource: GroupResource,
    /// Where.
    pub node: Node<'t>,
}

/// An element of the outer `resources`.
#[derive(Clone, Debug)]
pub struct Entry<'t> {
    /// The element.
    pub node: Node<'t>,
    /// What it is about.
    pub resources: Vec<Listed<'t>>,
    /// What encrypts that; the first writes.
    pub providers: Vec<Provider<'t>>,
}

/// A configuration, whether it would load or not.
#[derive(Clone, Debug)]
pub struct Config<'t> {
    root: Node<'t>,
    entries: Vec<Entry<'t>>,
    refusals: Vec<Refusal<'t>>,
    server: Server,
    /// The entries that name a resource, in order.
    named: BTreeMap<GroupResource, Vec<usize>>,
}

impl<'t> Config<'t> {
    /// Whether an object is meant to be a configuration.
    #[must_use]
    pub fn is(object: &Object<'_>) -> bool {
        KINDS.iter().any(|(_, kind)| object.kind == *kind)
    }

    /// The document of a file that the server would read: the first.
    ///
    /// # Errors
    /// When there is none, or it is not YAML.
    pub fn document(text: &str) -> Result<Tree<'_>, NoDocument> {
        let range = chunks(text).next().ok_or(NoDocument::Empty)?;
        // An empty document before the first one with something in it is the first.
        let markers = text[..range.start].lines().filter(|line| line.starts_with("---")).count();
        if markers > 0 {
            return Err(NoDocument::Empty);
        }
        Ok(parse_document(text, range)?)
    }

    /// The line in which another document begins, which the server does not read.
    #[must_use]
    pub fn later(text: &str) -> Option<usize> {
        let range = chunks(text).nth(1)?;
        Some(text[..range.start].matches('\n').count() + 1)
    }

    /// The document of a file, if it is one that was meant to be a configuration, loading or not.
    ///
    /// # Errors
    /// When there is none, it is not YAML, or it is something else: what, and what to do with it.
    pub fn expected(text: &str) -> Result<Tree<'_>, NoDocument> {
        let tree = Self::document(text)?;
        let foreign = tree.root().and_then(|root| foreign(root, text));
        foreign.map_or(Ok(tree), |what| Err(NoDocument::Foreign(what)))
    }

    /// Reads a configuration as a server would.
    #[must_use]
    pub fn read(root: Node<'t>, server: &Server) -> Self {
        let mut decoder = Decoder::new(root);
        let mut entries = Vec::new();
        let (mut kind, mut version, mut listed) = (None, None, None);
        for (name, value) in decoder.fields(root, &["apiVersion", "kind", "resources"]) {
            match name {
                "apiVersion" => version = Some((value, decoder.text(value))),
                "kind" => kind = Some((value, decoder.text(value))),
                _ => {
                    listed = Some(value);
                    let items = decoder.items(value);
                    entries.extend(items.into_iter().map(|item| entry(&mut decoder, item, server)));
                }
            }
        }
        of_kind(&mut decoder, root, version, kind);
        if entries.is_empty() {
            decoder.refuse_empty(listed.unwrap_or(root), "at least one entry in resources is required");
        }
        if decoder.is_exhausted() {
            decoder.refuse(root, "aliases make more of it than can be read");
        }
        validate::config(&mut decoder, &entries, server);
        let mut named: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (index, entry) in entries.iter().enumerate() {
            for listed in &entry.resources {
                let entries = named.entry(listed.resource.clone()).or_default();
                if entries.last() != Some(&index) {
                    entries.push(index);
                }
            }
        }
        Self { root, entries, refusals: decoder.finish(root), server: *server, named }
    }

    /// The root of the document.
    #[must_use]
    pub fn root(&self) -> Node<'t> {
        self.root
    }

    /// The server that it was read for.
    #[must_use]
    pub fn server(&self) -> Server {
        self.server
    }

    /// Its entries, in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry<'t>] {
        &self.entries
    }

    /// Why it would not load: empty when it would.
    #[must_use]
    pub fn refusals(&self) -> &[Refusal<'t>] {
        &self.refusals
    }

    /// Whether the server would start with it.
    #[must_use]
    pub fn loads(&self) -> bool {
        self.refusals.is_empty()
    }

    /// How a resource is stored; none when the configuration would not load.
    #[must_use]
    pub fn storage(&self, resource: &GroupResource) -> Option<Storage<'_>> {
        self.loads().then(|| self.meant(resource))
    }

    /// How a resource would be stored if whatever is refused were not.
    #[must_use]
    pub fn meant(&self, resource: &GroupResource) -> Storage<'_> {
        Storage::of(self, resource)
    }

    /// What is wrong with it: what would be refused, and what loads and is bad. In the order of the text.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem<'t>> {
        judge::problems(self)
    }

    /// The entries that name a resource exactly as it is given.
    pub(super) fn naming(&self, resource: &GroupResource) -> impl Iterator<Item = &Entry<'t>> {
        self.named.get(resource).into_iter().flatten().map(|&index| &self.entries[index])
    }
}

/// What a field says, and where.
type Said<'t> = Option<(Node<'t>, &'t str)>;

/// Asks for a version and kind that there are.
fn of_kind<'t>(decoder: &mut Decoder<'t>, root: Node<'t>, version: Said<'t>, kind: Said<'t>) {
    let text = |said: Said<'t>| said.map_or("", |(_, text)| text);
    let plain = text(version).strip_prefix('/').unwrap_or(text(version));
    let Some((expected, _)) = KINDS.iter().find(|(_, known)| text(kind) == *known) else {
        let node = kind.map_or(root, |(node, _)| node);
        return decoder.refuse(node, format!("kind must be {}", KINDS[0].1));
    };
    if plain != *expected || plain != text(version) && plain.contains('/') {
        let node = version.map_or(root, |(node, _)| node);
        decoder.refuse(node, format!("apiVersion must be {expected}"));
    }
}

fn entry<'t>(decoder: &mut Decoder<'t>, node: Node<'t>, server: &Server) -> Entry<'t> {
    let mut entry = Entry { node, resources: Vec::new(), providers: Vec::new() };
    let (mut resources, mut providers) = (node, node);
    for (name, value) in decoder.fields(node, &["resources", "providers"]) {
        *if name == "resources" { &mut resources } else { &mut providers } = value;
        let items = decoder.items(value);
        if name == "resources" {
            for node in items {
                let written = decoder.text(node);
                entry.resources.push(Listed { resource: GroupResource::parse(written), node });
                validate::resource(decoder, &entry.resources[entry.resources.len() - 1], written, server);
            }
        } else {
            entry.providers.extend(items.into_iter().map(|item| provider(decoder, item, server)));
        }
    }
    if entry.resources.is_empty() {
        decoder.refuse_empty(resources, "an entry needs at least one resource");
    }
    if entry.providers.is_empty() {
        decoder.refuse_empty(providers, "an entry needs at least one provider");
    }
    entry
}

fn provider<'t>(decoder: &mut Decoder<'t>, node: Node<'t>, server: &Server) -> Provider<'t> {
    let mut found: Vec<(Node<'t>, Scheme<'t>)> = Vec::new();
    for (name, value) in decoder.fields(node, &["aesgcm", "aescbc", "secretbox", "identity", "kms"]) {
        // Without anything behind it, a field might as well not be there.
        if decoder.is_null(value) {
            continue;
        }
        let scheme = match (CIPHERS.iter().find(|cipher| cipher.as_str() == name), name) {
            (Some(&cipher), _) => Scheme::Local(cipher, keys(decoder, value, cipher)),
            (None, "kms") => Scheme::Kms(kms(decoder, value, server)),
            _ => {
                decoder.fields(value, &[]);
                Scheme::Identity
            }
        };
        found.push((value.key().unwrap_or(value), scheme));
    }
    match found.len() {
        0 => decoder.refuse(
            node,
            "no provider is named here: identity, aescbc, aesgcm, secretbox or kms, with something behind it \
             (`identity: {}`)",
        ),
        1 => {}
        _ => decoder.refuse(node, "several providers in one element: each takes an element of its own"),
    }
    // Of several, the one that is looked at does not matter: none is loaded.
    let mut found = found.into_iter();
    let (named, scheme) = found.next().map_or((node, None), |(named, scheme)| (named, Some(scheme)));
    Provider { node, named, scheme }
}

fn keys<'t>(decoder: &mut Decoder<'t>, node: Node<'t>, cipher: Cipher) -> Vec<Key<'t>> {
    let mut keys = Vec::new();
    let mut place = node;
    for (_, list) in decoder.fields(node, &["keys"]) {
        place = list;
        let items = decoder.items(list);
        keys.extend(items.into_iter().map(|item| key(decoder, item, cipher)));
    }
    if keys.is_empty() {
        decoder.refuse_empty(place, format!("{cipher} needs at least one key"));
    }
    keys
}

fn key<'t>(decoder: &mut Decoder<'t>, node: Node<'t>, cipher: Cipher) -> Key<'t> {
    let mut key = Key { node, name: String::new(), named: None, secret: None, material: None };
    let mut encoded = "";
    for (name, value) in decoder.fields(node, &["name", "secret"]) {
        let text = decoder.text(value);
        if name == "name" {
            text.clone_into(&mut key.name);
            key.named = Some(value);
        } else {
            encoded = text;
            key.secret = Some(value);
        }
    }
    key.material = Material::read(encoded).filter(|_| !encoded.is_empty());
    validate::key(decoder, &key, encoded, cipher);
    key
}

fn kms<'t>(decoder: &mut Decoder<'t>, node: Node<'t>, server: &Server) -> Kms {
    let mut said = validate::Said::nothing(node);
    for (name, value) in decoder.fields(node, &["apiVersion", "name", "cachesize", "endpoint", "timeout"]) {
        match name {
            "apiVersion" => said.version = Some((value, decoder.text(value))),
            "name" => said.name = Some((value, decoder.text(value))),
            "endpoint" => said.endpoint = Some((value, decoder.text(value))),
            "cachesize" => said.cache = decoder.number(value).map(|size| (value, size)),
            _ if decoder.is_null(value) => {}
            _ => said.timeout = Some((value, decoder.text(value))),
        }
    }
    let version = match said.version.map_or("", |(_, version)| version) {
        "" | "v1" => Some(KmsVersion::V1),
        "v2" => Some(KmsVersion::V2),
        _ => None,
    };
    validate::kms(decoder, &said, version, server);
    let text = |said: Said<'_>| said.map_or_else(String::new, |(_, text)| text.to_owned());
    Kms {
        name: text(said.name),
        version,
        endpoint: text(said.endpoint),
        timeout: said.timeout.map(|(_, timeout)| timeout.to_owned()),
        cache: said.cache.map(|(_, size)| size),
    }
}
