//! Scans trees: every scalar of every document, under its name and in its place.

use std::cell::LazyCell;
use std::ops::Range;
use std::sync::Arc;

use crate::manifest::{
    Kind as NodeKind, Node, Object, Role, Tree, chunks, decode_base64, mask_actions, parse_document,
};
use crate::model::{Exposure, Location, Rule, Skipped};
use crate::pattern::{Hit, Topic};

use super::assignment::name_around;
use super::checks::{CHECKS, Sighting, Sightings};
use super::command::credentials;
use super::habitat::Habitat;
use super::hits::{KeyHits, Loose, carried};
use super::judge::{Circumstances, Judgement, judge, kind_of};
use super::layer::{Layer, Origin, Scattered};
use super::names::{Kind, classify, is_companion, is_some_key, normalise, normalise_onto, unqualified};
use super::place::{DocumentFacts, is_chart_template};
use super::scan::{MOST_CANDIDATES, Scan, Statement, is_escaped_url, printable};
use super::site::{Context, Scalar, object_ref, silences};
use super::suppress::{may_silence, silences_line};
use super::text::encoded_runs;
use super::value::{Strength, harmless, is_name, strength};
use super::{Sighted, declared, extract, made};

/// Keys whose own name says nothing: what they hold is named by the key above.
const NAMELESS: [&str; 11] = [
    "value",
    "plaintext",
    "cleartext",
    "plain",
    "raw",
    "literal",
    "inline",
    "inlineString",
    "default",
    "key",
    "result",
];
/// Nodes of a mapping among which a value looks for what belongs to it.
const MOST_BESIDE: usize = 128;
/// Keys beside `value` that name it.
const NAMING: [&str; 6] = ["name", "key", "header", "field", "Name", "type"];

impl Scan<'_> {
    /// Reads a text as YAML or JSON documents; those that are none are scanned as text.
    pub(super) fn trees(&mut self, layer: &Layer<'_>, hits: &[Hit], ctx: &Context<'_>) {
        // What a cluster holds was rendered; what looks like an action belongs to some other program.
        let masked = if self.live && layer.outer.is_none() { None } else { mask_actions(layer.text) };
        let source = masked.as_deref().unwrap_or(layer.text);
        if masked.is_some() {
            self.note_template(layer);
        }
        let mut loose = Loose::new(hits);
        for range in chunks(source) {
            if layer.outer.is_none() && !self.is_worth_parsing(layer, &range, &mut loose, ctx) {
                continue;
            }
            match parse_document(source, range) {
                Ok(tree) => self.tree(layer, &tree, &mut loose, ctx),
                Err(error) => {
                    if layer.outer.is_none() {
                        let reason = format!("not valid YAML ({}): scanned as text", error.message);
                        let line = memchr::memchr_iter(b'\n', &layer.text.as_bytes()[..error.at]).count() + 1;
                        let place = format!("{}:{line}", self.path);
                        self.skipped.push(Skipped { place, reason, unread: false });
                    }
                    let inside = loose.take(error.document.clone());
                    self.text(layer, error.document, inside, ctx);
                }
            }
        }
        self.comments(layer, loose, ctx);
    }

    /// Whether a document could hold anything that a tree shows and its text does not. One that could not is counted
    /// and scanned as text: parsing is most of the work, and most documents of a cluster say nothing of secrets.
    fn is_worth_parsing(
        &mut self,
        layer: &Layer<'_>,
        range: &Range<usize>,
        loose: &mut Loose<'_>,
        ctx: &Context<'_>,
    ) -> bool {
        let bytes = &layer.text.as_bytes()[range.clone()];
        let hits = loose.within(range.clone());
        let schema = hits.iter().any(|&hit| self.gate.topics(hit).contains(&Topic::Schema));
        let certain = self.live || self.hunter.known().is_some();
        if certain || !schema && self.says_anything(layer, range, hits, ctx) {
            return true;
        }
        // The names of a schema's fields are all about credentials and none is one; tokens count even there.
        let habitat = if schema { Habitat::Generated } else { ctx.habitat };
        let known = (self.candidates.len(), self.sighted.len());
        self.text(layer, range.clone(), hits, &ctx.judged_as(habitat));
        if (self.candidates.len(), self.sighted.len()) != known {
            // Found after all, in base64 say: the tree knows better where it lies.
            self.candidates.truncate(known.0);
            self.sighted.truncate(known.1);
            return true;
        }
        loose.drop(range.clone());
        let starts =
            |key: &[u8]| bytes.starts_with(key) || memchr::memmem::find(bytes, &[b"\n", key].concat()).is_some();
        self.objects += u64::from(starts(b"kind:") && starts(b"apiVersion:"));
        false
    }

    /// Whether any of the gate's hits stands up to a first look: a pattern that matches, a name that classifies.
    fn says_anything(&mut self, layer: &Layer<'_>, range: &Range<usize>, hits: &[Hit], ctx: &Context<'_>) -> bool {
        let (mut names, mut tokens) = (0, Vec::new());
        for &hit in hits {
            for topic in self.gate.topics(hit) {
                match topic {
                    Topic::Command | Topic::Call(_) | Topic::Structure | Topic::Check(_) | Topic::Named(_) => {
                        return true;
                    }
                    Topic::Schema => {}
                    Topic::Token(_) => tokens.push(hit),
                    Topic::Name if (hit.start as usize) < names => {}
                    Topic::Name => {
                        let name = name_around(layer.text.as_bytes(), range, hit.start as usize);
                        let Some(name) = name else { continue };
                        names = name.end;
                        let normal = normalise(&layer.text[name]);
                        if classify(&normal).is_some() || is_some_key(&normal) || self.knows_name(&normal) {
                            return true;
                        }
                    }
                }
            }
        }
        let known = self.candidates.len();
        self.tokens(layer, range, &tokens, range, ctx);
        let found = self.candidates.len() > known;
        self.candidates.truncate(known);
        found
    }

    /// Says that a template was not read as it will be rendered.
    fn note_template(&mut self, layer: &Layer<'_>) {
        if layer.outer.is_none() && (is_chart_template(self.path) || has_bare_action(layer.text)) {
            let reason = "template: its actions were masked, what they insert was not seen".to_owned();
            self.skipped.push(Skipped { place: self.path.to_owned(), reason, unread: false });
        }
    }

    /// Scans what is in no scalar: comments. Each hit sees the rest of its own line.
    fn comments(&mut self, layer: &Layer<'_>, mut loose: Loose<'_>, ctx: &Context<'_>) {
        // A comment is an example more often than not: only what looks machine-made counts there.
        let ctx = &ctx.judged_as(Habitat::Prose);
        let mut done = 0;
        let rest: Vec<Hit> = loose.rest().copied().collect();
        for hit in rest {
            let at = hit.start as usize;
            if at < done {
                continue;
            }
            let bytes = layer.text.as_bytes();
            let start = memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |found| found + 1);
            let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |found| at + found);
            done = end;
            let Some(sign) = memchr::memchr(b'#', &bytes[start..at]) else { continue };
            if bytes[start..start + sign].iter().all(u8::is_ascii_whitespace) {
                done = self.comment_block(layer, start, ctx);
            } else {
                let comment = start + sign + 1..end;
                let inside = loose.within(comment.clone());
                self.text(layer, comment, inside, ctx);
            }
        }
    }

    /// Reads the lines of a comment as the text they comment out. Gives back where it ends.
    fn comment_block(&mut self, layer: &Layer<'_>, start: usize, ctx: &Context<'_>) -> usize {
        let (mut text, mut runs, mut at) = (String::new(), Vec::new(), start);
        for line in layer.text[start..].split_inclusive('\n') {
            let Some(comment) = line.trim_start().strip_prefix('#') else { break };
            let comment = comment.trim_start_matches('#');
            runs.push((text.len(), at + line.len() - comment.len()));
            text.push_str(comment);
            at += line.len();
        }
        let inner = layer.inner(&text, Origin::Runs(runs), None);
        self.embedded(&inner, ctx);
        at
    }

    fn tree(&mut self, layer: &Layer<'_>, tree: &Tree<'_>, loose: &mut Loose<'_>, ctx: &Context<'_>) {
        let Some(root) = tree.root() else { return };
        // A script or a sentence with a colon in it is no mapping that anyone wrote.
        let wordy = |key: Node<'_>| {
            key.as_str()
                .is_none_or(|key| key.contains(['"', '\'', '(', '$', '\n']) || key.contains(' ') && key.len() > 24)
        };
        let prose = layer.outer.is_some() && root.entries().any(|(key, _)| wordy(key));
        if root.is_scalar() || prose {
            let inside = loose.take(root.range());
            return self.text(layer, root.range(), inside, ctx);
        }
        let facts = DocumentFacts::of(root, self.path);
        let objects = Object::all(tree);
        let hits = loose.within(root.range());
        self.check(layer, &objects, hits, ctx);
        if layer.outer.is_none() {
            self.objects += objects.len() as u64;
            self.observe(layer, &objects, hits);
            self.copies(layer, tree, &objects, facts, ctx);
        }
        let mut claimed = extract::claims(self, layer, root, &objects, ctx, facts);
        claimed.sort_by_key(|range| range.start);
        self.scalars(layer, root, tree, &Places { objects: &objects, claimed: &claimed, facts }, loose, ctx);
    }

    /// Takes note of rights and of the use of Secrets.
    fn observe(&mut self, layer: &Layer<'_>, objects: &[Object<'_>], hits: &[Hit]) {
        // Every field that refers to a Secret has the word in its name.
        let names_secret = |hit: &Hit| {
            let word = &layer.text.as_bytes()[hit.start as usize..hit.end as usize];
            word.windows(6).any(|part| part.eq_ignore_ascii_case(b"secret"))
        };
        // In a cluster it counts that an account runs something, too.
        let refers = self.live || hits.iter().any(names_secret);
        if self.live {
            self.maker = objects.iter().find_map(made::maker_of);
            if let Some(census) = self.hunter.census() {
                objects.iter().for_each(|object| self.uses.observe(object, self.maker.is_some(), census));
            }
        }
        for object in objects {
            let node = object.root.get("roleRef").unwrap_or(object.root);
            let lines = LazyCell::new(|| layer.lines());
            let start = node.key().unwrap_or(node).range().start;
            let location = LazyCell::new(|| Location {
                path: (!self.live).then(|| self.path.to_owned()),
                region: (!self.live).then(|| lines.region(start..start)),
                object: Some(object_ref(object, node)),
            });
            let counts = self.hunter.options.counts_readers();
            self.rights.observe(object, refers, counts, || location.clone());
            let secret = counts && object.is("", "Secret");
            if secret || matches!(object.kind, "RoleBinding" | "ClusterRoleBinding") {
                let comments = [start, object.root.range().start];
                let comments = comments.into_iter().filter(|&at| !self.live && may_silence(&lines, at));
                let comments: Vec<usize> = comments.collect();
                for rule in self.hunter.access_rules(secret) {
                    let id = rule.id.as_str();
                    let by_comment = || comments.iter().any(|&at| silences_line(&lines, at, id));
                    if silences(object, id) || by_comment() {
                        self.rights.silence(location.clone(), rule.id.clone());
                    }
                }
            }
        }
    }

    /// Runs the structural checks that the words of a document are about.
    fn check(&mut self, layer: &Layer<'_>, objects: &[Object<'_>], hits: &[Hit], ctx: &Context<'_>) {
        let hunter = self.hunter;
        let inside = layer.outer.is_some();
        let (mut wanted, mut named) = ([false; CHECKS.len()], false);
        for topic in hits.iter().flat_map(|&hit| self.gate.topics(hit)) {
            match topic {
                Topic::Check(index) => wanted[usize::from(*index)] = true,
                Topic::Name => named = true,
                _ => {}
            }
        }
        for (check, wanted) in CHECKS.iter().zip(&mut wanted) {
            let certain = self.live || named && check.words().is_empty();
            *wanted = if inside { *wanted && check.in_strings() } else { *wanted || certain };
        }
        if inside && (!wanted.contains(&true) || self.is_said_elsewhere(ctx)) {
            return;
        }
        for object in objects.iter().filter(|object| object.kind != "CustomResourceDefinition") {
            let checks = CHECKS.iter().zip(hunter.check_rules()).zip(&wanted).filter(|(_, wanted)| **wanted);
            let live = self.live;
            let checks = checks.filter(|((check, _), _)| !live || check.in_clusters());
            for ((check, rule), _) in checks {
                let mut out = Sightings::new(Arc::clone(rule));
                check.check(object, &mut out);
                let (rule, seen) = out.into_parts();
                for sighting in seen {
                    self.saw(layer, object, &rule, sighting, ctx);
                }
            }
        }
    }

    /// Whether a text inside of a scalar is a comment, or a copy of what stands where it is used: in an annotation of the
    /// object itself, or in the Helm release that an object of the cluster came from.
    fn is_said_elsewhere(&self, ctx: &Context<'_>) -> bool {
        let copied = || match ctx.exposure() {
            Exposure::Annotation => true,
            Exposure::HelmRelease => self.live,
            _ => false,
        };
        ctx.habitat == Habitat::Prose || copied()
    }

    /// Keeps what a check saw. In a document inside of a scalar, the scalar is the place.
    fn saw(
        &mut self,
        layer: &Layer<'_>,
        object: &Object<'_>,
        rule: &Arc<Rule>,
        sighting: Sighting<'_>,
        ctx: &Context<'_>,
    ) {
        let (span, exact) = layer.in_file(sighting.node.range());
        // Of a string much can come out, and the next window of a large file sees its beginning again.
        let inside = layer.outer.is_some();
        // A key that is too short for its cipher is no finding of its own, and is not for a report either.
        let secret = sighting.node.key().and_then(Node::as_str) == Some("secret");
        if inside && (self.is_left_to_next(layer, &span) || self.sighted.len() >= MOST_CANDIDATES) {
            return;
        }
        self.sighted.push(Sighted {
            rule: Arc::clone(rule),
            severity: sighting.severity,
            confidence: sighting.confidence,
            anchor: ctx.anchor.unwrap_or(span.start).min(span.start),
            span,
            exact: exact && !secret,
            object: ctx.object().unwrap_or_else(|| object_ref(object, sighting.node)),
            silenced: ctx.is_silenced(rule.id.as_str()) || silences(object, rule.id.as_str()),
            message: sighting.message,
        });
    }

    fn scalars(
        &mut self,
        layer: &Layer<'_>,
        root: Node<'_>,
        tree: &Tree<'_>,
        places: &Places<'_>,
        loose: &mut Loose<'_>,
        ctx: &Context<'_>,
    ) {
        let mut keys = KeyHits::default();
        let mut next = Some(root);
        while let Some(node) = next {
            if places.is_claimed(node.number()) {
                loose.drop(node.range());
                next = tree.node(node.after());
                continue;
            }
            next = tree.node(node.number() + 1);
            if node.kind() == NodeKind::Sequence {
                self.options(layer, root, node, places, ctx);
            }
            if !node.is_scalar() {
                let key = node.key();
                if !keys.of(key).is_empty() {
                    let place = Scalar { node, key, object: places.object(node), root, facts: places.facts };
                    self.several(layer, &place, ctx);
                }
                continue;
            }
            let hits = loose.take(node.range());
            if node.role() == Role::Key {
                if !hits.is_empty() {
                    keys.keep(node, hits);
                }
            } else {
                let key = node.key();
                let scalar = Scalar { node, key, object: places.object(node), root, facts: places.facts };
                let known = self.candidates.len();
                self.scalar(layer, scalar, hits, &keys, loose, ctx);
                if self.candidates.len() > known {
                    self.certify_beside(known, &scalar);
                }
            }
        }
    }

    /// A collection under the name of a credential: the values of `passwords: {alice: …}`, `apiKeys: […]` and
    /// `tokens: [{name: ci, value: …}]`, or the scalar that an alias stands for. Only what looks made to be guarded
    /// counts, for `secrets` is also what lists of names are called.
    fn several(&mut self, layer: &Layer<'_>, place: &Scalar<'_>, ctx: &Context<'_>) {
        let Some(name) = place.key.and_then(Node::as_str).map(|name| normalise(unqualified(name))) else { return };
        let plural = name.strip_suffix('s').and_then(classify);
        let Some(kind) = plural.or_else(|| classify(&name)) else { return };
        let (node, alias) = (place.node.resolve(), matches!(place.node.kind(), NodeKind::Alias(_)));
        if ctx.habitat == Habitat::Generated || declared::is_declared(place) && !alias {
            return;
        }
        let values: Vec<(Option<Node<'_>>, Node<'_>)> = match node.kind() {
            NodeKind::Mapping if !alias && plural.is_some() => {
                node.entries().filter(|(key, _)| !is_settled(*key)).map(|(key, value)| (Some(key), value)).collect()
            }
            NodeKind::Sequence if !alias => {
                node.items().map(|item| (None, item.get("value").unwrap_or(item))).collect()
            }
            _ if node.is_scalar() => vec![(None, node)],
            _ => return,
        };
        for (key, value) in values.into_iter().filter(|(_, value)| value.is_scalar()).take(MOST_BESIDE) {
            let text = value.as_str().unwrap_or("").trim_end_matches(['\n', '\r']);
            // `secrets: {password: …}` says it more exactly.
            let own = key.and_then(Node::as_str).map(|key| normalise(unqualified(key)));
            let own = own.and_then(|own| classify(&own).map(|kind| (own, kind)));
            let (name, kind) = own.unwrap_or_else(|| (name.clone(), kind));
            let least = if kind == Kind::Password { Strength::Fair } else { Strength::Strong };
            if !alias && (strength(text) < least || is_name(text)) {
                continue;
            }
            let scalar = Scalar { node: value, ..*place };
            let inner = self.scalar_context(layer, &scalar, ctx);
            let at =
                Circumstances { habitat: ctx.habitat, sample: self.sample, quoted: true, in_use: self.in_use(&inner) };
            let Some(judgement) = judge(kind, &name, text, at) else { continue };
            self.value_under(layer, &name, value, text, &judgement, &inner);
        }
    }

    /// Reports the secret in a scalar under a name.
    fn value_under(
        &mut self,
        layer: &Layer<'_>,
        name: &str,
        node: Node<'_>,
        value: &str,
        judgement: &Judgement<'_>,
        ctx: &Context<'_>,
    ) {
        let hunter = self.hunter;
        let message = format!("{name} holds a literal value{}", ctx.owner());
        let says = Statement::judged(hunter.generic(), judgement, message);
        let inner = layer.inner(value, origin(node), None);
        self.found(&inner, judgement.place_in(value), judgement.secret, ctx, says);
    }

    fn scalar(
        &mut self,
        layer: &Layer<'_>,
        scalar: Scalar<'_>,
        hits: &[Hit],
        keys: &KeyHits<'_>,
        loose: &mut Loose<'_>,
        ctx: &Context<'_>,
    ) {
        let verbatim = scalar.node.verbatim();
        let value = match &verbatim {
            Some(range) => &layer.text[range.clone()],
            None => scalar.node.as_str().unwrap_or(""),
        };
        if value.chars().all(char::is_whitespace) {
            return;
        }
        if declared::is_declared(&scalar) {
            if self.live && layer.outer.is_none() && !declared::is_release(&scalar) {
                // A Secret of a cluster is where its values belong.
                return self.kept(layer, &scalar, value, ctx);
            }
            let inner = self.scalar_context(layer, &scalar, ctx);
            return self.declared(layer, &scalar, value, &inner);
        }
        if self.live && layer.outer.is_none() && declared::is_applied(&scalar, value) {
            return;
        }
        if self.logins_in(layer, &scalar, value, ctx) {
            return;
        }
        let key = scalar.key.and_then(Node::as_str).unwrap_or("");
        let key_hits = keys.of(scalar.key);
        let nameless = is_nameless(key) && !is_quiet(&scalar, keys, loose);
        let encoded = value.len() >= 20 && crate::manifest::looks_base64(value) || is_escaped_url(value);
        // A text without a telling word may still carry one in base64: a kubeconfig with a key in a ConfigMap.
        let carries = hits.is_empty() && !encoded && encoded_runs(value, 0..value.len()).next().is_some();
        if hits.is_empty() && key_hits.is_empty() && !nameless && !encoded && !carries {
            return;
        }
        let inner = self.scalar_context(layer, &scalar, ctx);
        let range = verbatim.clone().unwrap_or_else(|| scalar.node.range());
        // The gate does not know `gossipKey`; what looks like base64 comes this far without it.
        let keyed = || encoded && key.ends_with("Key");
        if nameless || !key_hits.is_empty() || keyed() {
            self.name(layer, &scalar, range.clone(), value, &inner);
        }
        if !key_hits.is_empty() || nameless {
            self.tokens_by_key(layer, &scalar, key_hits, loose, &inner);
        }
        if encoded && self.decoded(layer, range.clone(), value, &inner, false) {
            return;
        }
        if hits.is_empty() && !carries {
            return;
        }
        if key == "name" {
            self.commented_value(layer, scalar.node.range());
        }
        match verbatim {
            Some(range) if !looks_structured(value) => self.text(layer, range, hits, &inner),
            _ => {
                let text = layer.inner(value, origin(scalar.node), None);
                self.embedded_with(&text, carried(layer.text, scalar.node, value, hits), &inner);
            }
        }
    }

    /// `- name: X` over `# value: y`: the value that somebody commented out is still there.
    fn commented_value(&mut self, layer: &Layer<'_>, name: Range<usize>) {
        let rest = &layer.text[name.end..];
        let below = rest.split_once('\n').map_or("", |(_, below)| below).trim_start();
        if below.starts_with('#') {
            let ctx = Context::file(Exposure::SourceFile, None, Habitat::Prose);
            self.pairs(layer, &(0..layer.text.len()), name.start, &ctx);
        }
    }

    /// Tokens whose format includes the name they stand under: `token: abcdef.0123456789abcdef`.
    fn tokens_by_key(
        &mut self,
        layer: &Layer<'_>,
        scalar: &Scalar<'_>,
        key_hits: &[Hit],
        loose: &mut Loose<'_>,
        ctx: &Context<'_>,
    ) {
        let Some(key) = scalar.key else { return };
        let own = scalar.node.range();
        let (bounds, hits) = match key.as_str() {
            Some("value") if scalar.node.position() <= MOST_BESIDE => {
                let beside =
                    NAMING.iter().find_map(|naming| scalar.node.parent()?.get(naming)).map_or(own.clone(), Node::range);
                let bounds = beside.start.min(key.range().start)..own.end.max(beside.end);
                let hits = loose.within(bounds.clone());
                (bounds, hits)
            }
            // What else the mapping says may be part of the format: a JSON Web Key is one by its `kty`.
            _ => {
                let around = scalar.node.parent().map(Node::range).filter(|around| around.len() <= 4096);
                (around.unwrap_or(key.range().start..own.end), key_hits)
            }
        };
        if bounds.len() > 4096 {
            return;
        }
        self.tokens(layer, &bounds, hits, &own, ctx);
    }

    /// Judges a value under its key, or under the name beside it.
    fn name(&mut self, layer: &Layer<'_>, scalar: &Scalar<'_>, range: Range<usize>, value: &str, ctx: &Context<'_>) {
        if ctx.habitat == Habitat::Generated {
            return;
        }
        let Some(name) = name_of(scalar) else { return };
        // A block scalar ends its only line as well, and programs take the break off.
        let value = value.trim_end_matches(['\n', '\r']);
        // `jwt: {key: …}` is a jwt key.
        let joined = scalar.key.and_then(Node::as_str).is_some_and(|key| key.eq_ignore_ascii_case("key"));
        let leaf = normalise(unqualified(name));
        if self.patched(layer, scalar, range.clone(), value, ctx) {
            return;
        }
        let leaf = if joined { format!("{leaf}_key") } else { leaf };
        let qualified = qualified(scalar, &leaf);
        self.by_name(layer, range.clone(), &qualified, value, ctx);
        let Some(kind) = kind_of(&leaf, value, ctx.habitat, self.sample) else { return };
        // In the description of an OAuth client the secret is the value itself, chosen by hand as often as not.
        let client = leaf == "secret"
            && scalar.node.position() <= MOST_BESIDE
            && scalar.node.parent().is_some_and(|parent| parent.get("clientId").is_some());
        if !client && names_a_secret(scalar) && is_key_of_secret(value)
            || is_tagged(scalar)
            || is_encrypted(scalar, value)
        {
            return;
        }
        let pair = leaf == "secret_key" && is_beside_access_key(scalar);
        let chosen = client || pair;
        let kind = if chosen { Kind::Password } else { kind };
        let quoted = scalar.node.kind() != NodeKind::Plain;
        let at = Circumstances { habitat: ctx.habitat, sample: self.sample, quoted, in_use: self.in_use(ctx) };
        let Some(mut judgement) = judge(kind, &leaf, value, at) else { return };
        if chosen {
            judgement.kind = Kind::Secret;
        }
        if kind == Kind::Password && is_settings_mapping(scalar) {
            return;
        }
        self.value_under(layer, name, scalar.node, value, &judgement, ctx);
    }

    /// The value that a patch gives to a key of a Secret's `data`, in base64. Tells whether it was one.
    fn patched(
        &mut self,
        layer: &Layer<'_>,
        scalar: &Scalar<'_>,
        range: Range<usize>,
        value: &str,
        ctx: &Context<'_>,
    ) -> bool {
        let Some(name) = patched_path(scalar).and_then(|path| path.strip_prefix("/data/")) else { return false };
        let bytes = classify(&normalise(name)).and_then(|_| decode_base64(value.trim()));
        let Some(bytes) = bytes.filter(|bytes| printable(bytes).is_some()) else { return false };
        self.declared_bytes(layer, range, &bytes, name, ctx);
        true
    }

    /// Options and their values as items of a list: `[--password, x]`, `[mysql, -px]`.
    fn options(&mut self, layer: &Layer<'_>, root: Node<'_>, list: Node<'_>, places: &Places<'_>, ctx: &Context<'_>) {
        if !list.children().any(|item| item.as_str().is_some_and(|word| word.starts_with('-'))) {
            return;
        }
        let items: Vec<Node<'_>> = list.children().filter(|item| item.is_scalar()).collect();
        let words = items.iter().map(|item| item.as_str().unwrap_or("").trim_end_matches(['\n', '\r']));
        let words: Vec<&str> = words.collect();
        let shift = with_command(list, &words).len() - words.len();
        let mut seen: Vec<(usize, Range<usize>, Kind)> = Vec::new();
        for found in credentials(&with_command(list, &words)) {
            let Some(place) = found.word.checked_sub(shift) else { continue };
            match found.kind {
                Some(kind) => seen.push((place, found.range, kind)),
                None => {
                    let (node, word) = (items[place], words[place]);
                    let scalar = Scalar { node, key: None, object: places.object(node), root, facts: places.facts };
                    let inner = self.scalar_context(layer, &scalar, ctx);
                    let text = layer.inner(word, origin(node), None);
                    self.secret_literal(&text, found.range, &word[found.key], &inner);
                }
            }
        }
        for (place, pair) in words.windows(2).enumerate() {
            let option = pair[0].starts_with('-') && !pair[0].contains('=') && !pair[1].starts_with('-');
            if let Some(kind) = option.then(|| classify(&normalise(pair[0]))).flatten() {
                seen.push((place + 1, 0..pair[1].len(), kind));
            }
        }
        for (place, range, kind) in seen {
            let (node, value) = (items[place], &words[place][range]);
            let scalar = Scalar { node, key: None, object: places.object(node), root, facts: places.facts };
            let inner = self.scalar_context(layer, &scalar, ctx);
            let at =
                Circumstances { habitat: ctx.habitat, sample: self.sample, quoted: true, in_use: self.in_use(&inner) };
            let Some(judgement) = judge(kind, "option", value, at) else { continue };
            let secret = judgement.secret.to_owned();
            let span = node
                .verbatim()
                .and_then(|range| {
                    layer.text[range.clone()].rfind(&secret).map(|at| range.start + at..range.start + at + secret.len())
                })
                .unwrap_or_else(|| node.range());
            let hunter = self.hunter;
            let title = &hunter.generic().of(judgement.kind).title;
            let message = format!("a command line carries a {title}{}", inner.owner());
            let says = Statement::judged(hunter.generic(), &judgement, message);
            self.found(layer, span, &secret, &inner, says);
        }
    }

    /// The context of a scalar. In a document inside a scalar, the outer scalar is the place.
    pub(super) fn scalar_context<'s>(&self, layer: &Layer<'_>, scalar: &Scalar<'s>, ctx: &Context<'s>) -> Context<'s> {
        if layer.outer.is_some() {
            return *ctx;
        }
        ctx.scalar(*scalar, scalar.key.unwrap_or(scalar.node).range().start)
    }
}

/// Where the words of a scalar's value stand in its layer.
pub(super) fn origin<'s>(node: Node<'s>) -> Origin<'s> {
    match node.verbatim() {
        Some(range) => Origin::Part(range.start),
        // Masked text where the document is a template: the bytes are where they were.
        None => Origin::Words(Scattered::new(node.source(), node.content())),
    }
}

/// Whether an action stands where YAML wants a value or a line of its own. Inside of quotes and longer texts it belongs
/// to a dashboard or an alert.
fn has_bare_action(text: &str) -> bool {
    memchr::memmem::find_iter(text.as_bytes(), b"{{").any(|at| {
        let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let before = text[line..at].trim();
        before.is_empty() || before == "-" || before.ends_with([':', '-']) && !before.contains(['"', '\''])
    })
}

/// Whether a value is a document of its own.
fn looks_structured(value: &str) -> bool {
    let value = value.trim_start();
    value.starts_with(['{', '[']) && value.contains(':') || value.contains('\n')
}

/// Whether a key says itself what its value is: what stands beside secrets, or what is named by the key above anyway.
fn is_settled(key: Node<'_>) -> bool {
    let name = key.as_str().unwrap_or("");
    is_nameless(name) || is_companion(&normalise(name))
}

/// Whether a tool of its own makes the value: `!Ref DbPassword`, `!vault …`, `!secret db`. YAML's own tags have two signs.
fn is_tagged(scalar: &Scalar<'_>) -> bool {
    let before = scalar.node.source()[..scalar.node.range().start].trim_end_matches([' ', '"', '\'']);
    let line = before.rfind('\n').map_or(before, |end| &before[end..]);
    let tag = line.rsplit([' ', '\n', '[', ',']).next().unwrap_or("");
    tag.starts_with('!') && tag.len() > 1 && !tag.starts_with("!!")
}

/// Whether a value is ciphertext by what stands above it: `encrypted: {password: <base64>}`, as Renovate and others have it.
fn is_encrypted(scalar: &Scalar<'_>, value: &str) -> bool {
    let mut above = std::iter::successors(scalar.node.parent(), |node| node.parent()).filter_map(Node::key).take(2);
    let says =
        |key: Node<'_>| key.as_str().map(normalise).is_some_and(|key| key.starts_with("encrypted") || key == "secure");
    above.any(says) && decode_base64(value).is_some_and(|bytes| bytes.len() >= 32 && printable(&bytes).is_none())
}

fn is_nameless(key: &str) -> bool {
    NAMELESS.iter().any(|nameless| nameless.eq_ignore_ascii_case(key))
}

/// Whether nothing around a scalar under a key that says nothing has a word that the gate knows, and no name there is that
/// of a key: then nothing it goes by can be that of a credential. Most variables of most containers are such.
fn is_quiet(scalar: &Scalar<'_>, keys: &KeyHits<'_>, loose: &Loose<'_>) -> bool {
    let Some(around) = scalar.node.parent().filter(|around| around.range().len() <= 4096) else { return false };
    let is_key = |text: Option<&str>| {
        text.and_then(|text| text.as_bytes().last_chunk::<3>()).is_some_and(|end| end.eq_ignore_ascii_case(b"key"))
    };
    let mut above = std::iter::successors(Some(around), |node| node.parent()).filter_map(Node::key).take(2);
    let is_alias = |node: Node<'_>| matches!(node.kind(), NodeKind::Alias(_));
    // What a generator of Terraform made is named far above, and what an alias stands for is written elsewhere.
    !scalar.key.is_some_and(|key| key.says("result"))
        && !loose.has(around.range())
        && !around.entries().any(|(key, value)| is_key(key.as_str()) || is_key(value.as_str()) || is_alias(value))
        && !above.any(|key| is_key(key.as_str()) || !keys.of(Some(key)).is_empty())
}

/// The name a scalar goes by: its key, the name beside it, or the key above a key that says nothing.
fn name_of<'s>(scalar: &Scalar<'s>) -> Option<&'s str> {
    let key = scalar.key.and_then(Node::as_str)?;
    if !is_nameless(key) {
        return Some(key);
    }
    let parent = scalar.node.parent()?;
    if key == "result" {
        // Terraform's state: what a generator made is named by its type, `random_password`.
        let resource = parent.parent().and_then(Node::parent).and_then(Node::parent)?;
        return resource.get_str("type");
    }
    // Whoever has a hundred entries above is no pair of a name and a value; asking each would take quadratic time.
    if scalar.node.position() > MOST_BESIDE {
        return Some(key);
    }
    if let Some(path) = patched_path(scalar) {
        // `~1` is an escaped slash; a domain before it is no part of the name.
        let key = path.rsplit('/').next()?;
        return key
            .split_once("~1")
            .filter(|(domain, _)| domain.contains('.'))
            .map_or(Some(key), |(_, name)| Some(name));
    }
    // `type: string` beside a value says what it is made of, `type: password` what it is.
    let naming = |naming: &&str| {
        let name = parent.get_str(naming)?;
        (*naming != "type" || classify(&normalise(name)).is_some()).then_some(name)
    };
    let beside = NAMING.iter().filter(|naming| **naming != key).find_map(naming);
    beside.filter(|_| !key.eq_ignore_ascii_case("key")).or_else(|| parent.key().and_then(Node::as_str)).or(Some(key))
}

/// The place that an operation of a JSON patch (RFC 6902) puts a scalar in: `{op: replace, path: /data/x, value: y}`.
fn patched_path<'s>(scalar: &Scalar<'s>) -> Option<&'s str> {
    let operation = scalar.node.parent().filter(|_| scalar.key.and_then(Node::as_str) == Some("value"))?;
    let operation = Some(operation).filter(|_| scalar.node.position() <= MOST_BESIDE)?;
    operation.get_str("op")?;
    operation.get_str("path").filter(|path| path.starts_with('/'))
}

/// Whether the mapping around a scalar names a Secret: what else it holds are keys of that Secret.
fn names_a_secret(scalar: &Scalar<'_>) -> bool {
    const NAMES: [&str; 6] = ["secretName", "secretRef", "secretKeyRef", "existingSecret", "configMapName", "secret"];
    let Some(parent) = scalar.node.parent() else { return false };
    let above = parent.key().and_then(Node::as_str).unwrap_or("");
    if scalar.node.position() > MOST_BESIDE {
        return false;
    }
    // A switch, nothing, or a secret that stands there itself is no Secret's name.
    let is_given = |value: Node<'_>| value.as_str().is_none_or(|text| harmless(text).is_none() && is_name(text));
    let named = |name: &&str| parent.get(name).is_some_and(|value| value != scalar.node && is_given(value));
    NAMES.iter().any(named) || ["Ref", "Secret", "KeyRef", "SecretRef"].iter().any(|ending| above.ends_with(ending))
}

/// Whether a value can be the key of a Secret that holds a credential: `password`, `db-password`, `admin_token`; not
/// `hunter68`.
fn is_key_of_secret(value: &str) -> bool {
    const WORDS: [&str; 8] = ["pass", "pw", "key", "token", "secret", "cred", "auth", "pin"];
    is_name(value) && !value.ends_with(|c: char| c.is_ascii_digit()) && WORDS.iter().any(|word| value.contains(word))
}

/// Whether the mapping holds the public half of a key pair beside the scalar: `accessKey: minio`, `secretKey: minio123`.
fn is_beside_access_key(scalar: &Scalar<'_>) -> bool {
    const NAMES: [&str; 4] = ["accessKey", "access_key", "accessKeyId", "accesskey"];
    let Some(parent) = scalar.node.parent().filter(|_| scalar.node.position() <= MOST_BESIDE) else { return false };
    let given = |node: Node<'_>| node.as_str().is_some_and(|text| harmless(text).is_none());
    NAMES.iter().any(|name| parent.get(name).is_some_and(given))
}

/// The name with up to two keys from above in front, for patterns that know a provider by them.
fn qualified(scalar: &Scalar<'_>, leaf: &str) -> String {
    let mut above = std::iter::successors(scalar.node.parent(), |node| node.parent())
        .filter_map(|node| node.key().and_then(Node::as_str));
    let (near, far) = (above.next(), above.next());
    let mut name = String::with_capacity(64);
    for key in far.into_iter().chain(near).chain([leaf]) {
        normalise_onto(&mut name, key);
    }
    name
}

/// `password: {min: 8}`-like mappings of a policy: a scalar `password` beside `properties` or `type: object` is schema.
fn is_settings_mapping(scalar: &Scalar<'_>) -> bool {
    let Some(parent) = scalar.node.parent() else { return false };
    parent.get("openAPIV3Schema").is_some()
        || parent.get_str("type") == Some("object") && parent.get("properties").is_some()
}

/// The words of an args list with those of the command before them.
fn with_command<'n>(list: Node<'n>, words: &[&'n str]) -> Vec<&'n str> {
    // An image without a command runs the program it is named after: `curlimages/curl:8.6.0`.
    let image = |container: Node<'n>| {
        let image = container.get_str("image")?;
        image.rsplit('/').next()?.split([':', '@']).next()
    };
    let container = list.parent().filter(|container| container.is_mapping());
    let is_args = list.key().and_then(Node::as_str) == Some("args");
    let command = container.filter(|_| is_args).and_then(|container| container.get("command"));
    let program = container.filter(|_| is_args && command.is_none()).and_then(image);
    let before = program
        .into_iter()
        .map(|program| vec![program])
        .chain(command.into_iter().map(|command| command.items().filter_map(Node::as_str).collect::<Vec<_>>()));
    before.flatten().chain(words.iter().copied()).collect()
}

/// The object a node belongs to, of those of its document.
pub(super) fn object_around<'o>(objects: &'o [Object<'o>], node: Node<'_>) -> Option<&'o Object<'o>> {
    let place = objects.partition_point(|object| object.root.number() <= node.number()).checked_sub(1)?;
    objects.get(place).filter(|object| node.number() < object.root.after())
}

/// What is known of the parts of one document.
struct Places<'p> {
    objects: &'p [Object<'p>],
    claimed: &'p [Range<u32>],
    facts: DocumentFacts,
}

impl<'p> Places<'p> {
    fn object(&self, node: Node<'_>) -> Option<&'p Object<'p>> {
        object_around(self.objects, node)
    }

    /// Whether a reader of structure has dealt with the node already.
    fn is_claimed(&self, number: u32) -> bool {
        let place = self.claimed.partition_point(|range| range.start <= number);
        place > 0 && self.claimed[place - 1].contains(&number)
    }
}
