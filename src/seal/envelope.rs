//! What `spec` of a sealed object holds: slots, values, template.

use std::collections::{BTreeMap, BTreeSet};

use crate::manifest::{Kind, Node};

use super::coding::{base64, shown, unbase64};
use super::reading::{Fields, text};
use super::scope::check_key;
use super::slot::{DataKey, KEY};
use super::value::ValueCipher;
use super::writing::{entry, open, scalar};
use super::{
    Context, ContextDigest, Identity, MOST_BYTES, MOST_RECIPIENTS, MOST_SLOTS, MOST_VALUES, PlainSecret, Recipient,
    Scope, SealError, SealedValue, SecretBytes, Slot, SlotId, Template, Wrap,
};

/// The version of the format that this room writes, and the only one that it reads.
const FORMAT: &str = "1";

/// Sealed values with the keys they are sealed under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    pub(super) scope: Scope,
    pub(super) slots: Vec<Slot>,
    pub(super) data: BTreeMap<String, SealedValue>,
    pub(super) template: Template,
}

impl Envelope {
    /// How far it may be moved.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// The slots, in the order in which they stand.
    #[must_use]
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The values, by key.
    #[must_use]
    pub fn values(&self) -> &BTreeMap<String, SealedValue> {
        &self.data
    }

    /// The template.
    #[must_use]
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// Seals every value of a Secret under one new data key.
    pub(super) fn seal(context: &Context, plain: &PlainSecret, to: &[Recipient]) -> Result<Self, SealError> {
        plain.check()?;
        let template = Template {
            secret_type: plain.secret_type.clone(),
            immutable: plain.immutable,
            labels: plain.labels.clone(),
            annotations: plain.annotations.clone(),
            data: BTreeMap::new(),
        };
        let mut envelope = Self { scope: context.scope(), slots: Vec::new(), data: BTreeMap::new(), template };
        let mut edit = envelope.edit(context, to)?;
        for (key, value) in &plain.data {
            edit.set(key, value.expose())?;
        }
        edit.finish()?;
        Ok(envelope)
    }

    /// The values in the clear, without what the template makes of them.
    pub(super) fn open(
        &self,
        context: &Context,
        identities: &[Identity],
    ) -> Result<BTreeMap<String, SecretBytes>, SealError> {
        let keys = self.open_slots(context, identities)?;
        let mut opened = BTreeMap::new();
        for slot in &self.slots {
            let Some(key) = keys.get(&slot.id) else { continue };
            let cipher = ValueCipher::new(key, context, &slot.id, &self.template.secret_type);
            for (name, value) in self.data.iter().filter(|(_, value)| *value.slot() == slot.id) {
                opened.insert(name.clone(), cipher.open(name, value)?);
            }
        }
        Ok(opened)
    }

    /// The data keys of the slots that values refer to.
    fn open_slots(&self, context: &Context, identities: &[Identity]) -> Result<BTreeMap<SlotId, DataKey>, SealError> {
        let used = self.used();
        let mut keys = BTreeMap::new();
        for slot in self.slots.iter().filter(|slot| used.contains(&slot.id)) {
            keys.insert(slot.id.clone(), slot.open(context, identities)?);
        }
        Ok(keys)
    }

    fn used(&self) -> BTreeSet<SlotId> {
        self.data.values().map(|value| value.slot().clone()).collect()
    }

    /// Leaves out the slots that no value refers to.
    fn prune(&mut self) {
        let used = self.used();
        self.slots.retain(|slot| used.contains(&slot.id));
    }

    /// Begins to change values. No private key is needed: new values come under a new data key.
    pub(super) fn edit<'a>(&'a mut self, context: &'a Context, to: &'a [Recipient]) -> Result<Edit<'a>, SealError> {
        for slot in &self.slots {
            slot.fits(context)?;
        }
        Ok(Edit { envelope: self, context, to, fresh: None })
    }

    /// The values of a Secret sealed onto this envelope: those that an identity shows unchanged keep their bytes.
    pub(super) fn reseal(
        &self,
        contexts: (&Context, &Context),
        plain: &PlainSecret,
        identities: &[Identity],
        to: &[Recipient],
    ) -> Result<Self, SealError> {
        let (before, after) = contexts;
        let comparable = before == after && plain.secret_type == self.template.secret_type;
        let mut envelope = Self::seal_none(after, plain, &self.template);
        let mut unchanged = BTreeSet::new();
        for slot in self.slots.iter().filter(|_| comparable) {
            // A slot that cannot be opened shows nothing unchanged: its values are sealed anew.
            let Ok(key) = slot.open(before, identities) else { continue };
            let cipher = ValueCipher::new(&key, before, &slot.id, &plain.secret_type);
            for (name, value) in self.data.iter().filter(|(_, value)| *value.slot() == slot.id) {
                let same = |now: &SecretBytes| cipher.open(name, value).is_ok_and(|was| was == *now);
                if plain.data.get(name).is_some_and(same) {
                    envelope.data.insert(name.clone(), value.clone());
                    unchanged.insert(name);
                }
            }
            let kept = if slot.is_to(to) { slot.clone() } else { Slot::wrap(&key, before, to)? };
            envelope.slots.push(kept);
        }
        plain.check()?;
        let mut edit = envelope.edit(after, to)?;
        for (name, value) in plain.data.iter().filter(|(name, _)| !unchanged.contains(name)) {
            edit.set(name, value.expose())?;
        }
        edit.finish()?;
        Ok(envelope)
    }

    fn seal_none(context: &Context, plain: &PlainSecret, template: &Template) -> Self {
        let template = Template {
            secret_type: plain.secret_type.clone(),
            immutable: plain.immutable,
            labels: plain.labels.clone(),
            annotations: plain.annotations.clone(),
            data: template.data.clone(),
        };
        Self { scope: context.scope(), slots: Vec::new(), data: BTreeMap::new(), template }
    }

    /// Wraps the data keys to other recipients; every value keeps its bytes. A slot that is for them already stays as it
    /// is, any other gets all its wraps anew. Says whether something changed.
    pub(super) fn rewrap(
        &mut self,
        context: &Context,
        identities: &[Identity],
        to: &[Recipient],
    ) -> Result<bool, SealError> {
        let before = self.slots.len();
        self.prune();
        let mut changed = self.slots.len() != before;
        for slot in &mut self.slots {
            slot.fits(context)?;
            if !slot.is_to(to) {
                *slot = Slot::wrap(&slot.open(context, identities)?, context, to)?;
                changed = true;
            }
        }
        Ok(changed)
    }

    /// Seals every value anew under one new data key.
    pub(super) fn renew(
        &mut self,
        context: &Context,
        identities: &[Identity],
        to: &[Recipient],
    ) -> Result<(), SealError> {
        let opened = self.open(context, identities)?;
        let mut edit = self.edit(context, to)?;
        for (key, value) in &opened {
            edit.set(key, value.expose())?;
        }
        edit.finish()
    }

    /// Takes over the values of another envelope, with their slots.
    pub(super) fn merge(&mut self, context: &Context, other: Self) -> Result<(), SealError> {
        if other.scope != self.scope || other.template.secret_type != self.template.secret_type {
            return Err(SealError::Unmergeable);
        }
        for slot in other.slots {
            slot.fits(context).map_err(|_| SealError::Unmergeable)?;
            match self.slots.iter().find(|known| known.id == slot.id) {
                Some(known) if *known == slot => {}
                Some(_) => return Err(SealError::Duplicate { field: format!("slot {}", slot.id) }),
                None => self.slots.push(slot),
            }
        }
        self.data.extend(other.data);
        self.prune();
        self.check()
    }

    /// Whether every slot was sealed for a context; if not, whether the scope was changed.
    ///
    /// # Errors
    /// How the first slot that does not fit differs.
    pub fn fits(&self, context: &Context, namespace: Option<&str>, name: &str) -> Result<(), SealError> {
        let others = || Scope::ALL.into_iter().filter(|scope| *scope != self.scope);
        for slot in &self.slots {
            let Err(error) = slot.fits(context) else { continue };
            let fits =
                |scope: &Scope| Context::new(*scope, namespace, name).is_ok_and(|other| slot.fits(&other).is_ok());
            return Err(match others().find(fits) {
                Some(scope) => SealError::Elsewhere { slot: slot.id.to_string(), scope: Some(scope) },
                None => error,
            });
        }
        Ok(())
    }

    /// What can be told of an envelope as a whole without a key.
    fn check(&self) -> Result<(), SealError> {
        if self.data.is_empty() {
            return Err(SealError::Empty);
        }
        let limits = [
            (self.data.len(), MOST_VALUES, "the number of values"),
            (self.slots.len(), MOST_SLOTS, "the number of slots"),
            (self.data.values().map(SealedValue::length).sum(), MOST_BYTES, "the size of all values together"),
        ];
        if let Some((_, limit, what)) = limits.into_iter().find(|(found, limit, _)| found > limit) {
            return Err(SealError::TooLarge { what, limit });
        }
        for (key, value) in &self.data {
            check_key(key)?;
            if !self.slots.iter().any(|slot| slot.id == *value.slot()) {
                return Err(SealError::NoSlot { key: key.clone(), slot: value.slot().to_string() });
            }
        }
        let mut ids = BTreeSet::new();
        if let Some(twice) = self.slots.iter().find(|slot| !ids.insert(&slot.id)) {
            return Err(SealError::Duplicate { field: format!("slot {}", twice.id) });
        }
        self.template.check(&self.data)
    }

    /// Reads `spec`.
    pub(super) fn read(node: Node<'_>) -> Result<Self, SealError> {
        let mut fields = Fields::read(node, "spec")?;
        // First of all: in another format the other fields may be what they like.
        let format = fields.need("format")?;
        match (format.resolve().kind(), format.as_str()) {
            (Kind::Plain, Some(FORMAT)) => {}
            (_, Some(FORMAT)) => return Err(fields.wrong("format", "must be a number, without quotes")),
            (_, found) => return Err(SealError::Format { found: shown(found.unwrap_or("of another shape")) }),
        }
        let scope = fields.need_text("scope")?.parse()?;
        let slots = slots(fields.need("slots")?)?;
        let data = values(fields.need("data")?)?;
        let template = Template::read(fields.take("template"))?;
        fields.finish()?;
        let envelope = Self { scope, slots, data, template };
        envelope.check()?;
        Ok(envelope)
    }

    /// Writes the fields of `spec`.
    pub(super) fn write(&self, out: &mut String) {
        out.push_str("  format: ");
        out.push_str(FORMAT);
        out.push('\n');
        entry(out, 2, "scope", self.scope.as_str());
        open(out, 2, "slots");
        for slot in &self.slots {
            out.push_str("  - id: ");
            scalar(out, slot.id.as_str());
            out.push('\n');
            entry(out, 4, "commit", &base64(&slot.commit));
            entry(out, 4, "ctx", &slot.digest.to_string());
            open(out, 4, "wraps");
            for wrap in &slot.wraps {
                out.push_str("    - kid: ");
                scalar(out, wrap.kid.as_str());
                out.push('\n');
                entry(out, 6, "key", &base64(&wrap.sealed));
            }
        }
        open(out, 2, "data");
        for (key, value) in &self.data {
            entry(out, 4, key, &value.to_string());
        }
        self.template.write(out);
    }
}

fn slots(node: Node<'_>) -> Result<Vec<Slot>, SealError> {
    listed(node, "spec.slots", MOST_SLOTS)?.into_iter().enumerate().map(|(at, node)| slot(node, at)).collect()
}

fn listed<'a>(node: Node<'a>, at: &str, most: usize) -> Result<Vec<Node<'a>>, SealError> {
    if !node.is_sequence() {
        return Err(SealError::Field { field: at.to_owned(), why: "must be a list" });
    }
    let items: Vec<_> = node.items().take(most + 1).collect();
    match items.len() {
        0 => Err(SealError::Field { field: at.to_owned(), why: "is empty" }),
        found if found > most => Err(SealError::TooLarge { what: "the number of slots or recipients", limit: most }),
        _ => Ok(items),
    }
}

fn slot(node: Node<'_>, at: usize) -> Result<Slot, SealError> {
    let mut fields = Fields::read(node, &format!("spec.slots[{at}]"))?;
    let id = fields.need_text("id")?.parse()?;
    let commit = unbase64(fields.need_text("commit")?, || fields.path("commit"))?;
    let found = commit.len();
    let commit = <[u8; KEY]>::try_from(commit);
    let commit = commit.map_err(|_| SealError::Length { field: fields.path("commit"), found })?;
    let digest = ContextDigest::read(fields.need_text("ctx")?);
    let digest = digest.ok_or_else(|| fields.wrong("ctx", "is no digest of a context"))?;
    let path = fields.path("wraps");
    let wraps = listed(fields.need("wraps")?, &path, MOST_RECIPIENTS)?;
    let wraps = wraps.into_iter().enumerate().map(|(at, node)| wrap(node, &format!("{path}[{at}]")));
    let wraps = wraps.collect::<Result<_, _>>()?;
    fields.finish()?;
    Slot::read(id, commit, digest, wraps)
}

fn wrap(node: Node<'_>, at: &str) -> Result<Wrap, SealError> {
    let mut fields = Fields::read(node, at)?;
    let kid = fields.need_text("kid")?.parse()?;
    let path = fields.path("key");
    let sealed = unbase64(fields.need_text("key")?, || path.clone())?;
    fields.finish()?;
    Wrap::read(kid, sealed, &path)
}

fn values(node: Node<'_>) -> Result<BTreeMap<String, SealedValue>, SealError> {
    let named = |error: SealError, key: &str| {
        let field = format!("spec.data.{}", shown(key));
        match error {
            SealError::Field { why, .. } => SealError::Field { field, why },
            SealError::Base64 { .. } => SealError::Base64 { field },
            SealError::Length { found, .. } => SealError::Length { field, found },
            other => other,
        }
    };
    let fields = Fields::read(node, "spec.data")?.rest();
    let value = |(key, node): (&str, Node<'_>)| {
        let read = text(node, String::new).and_then(str::parse);
        Ok((key.to_owned(), read.map_err(|error| named(error, key))?))
    };
    fields.into_iter().map(value).collect()
}

/// Changes of values in one run. Whatever is set comes under one new data key, which is forgotten at the end.
pub struct Edit<'a> {
    envelope: &'a mut Envelope,
    context: &'a Context,
    to: &'a [Recipient],
    fresh: Option<(SlotId, DataKey)>,
}

impl Edit<'_> {
    /// Adds a value or replaces one.
    ///
    /// # Errors
    /// When Kubernetes would refuse the key, the value is too large, or nobody can be sealed to.
    pub fn set(&mut self, key: &str, value: &[u8]) -> Result<(), SealError> {
        check_key(key)?;
        if value.len() > MOST_BYTES {
            return Err(SealError::TooLarge { what: "a value", limit: MOST_BYTES });
        }
        let fresh = match &self.fresh {
            Some(fresh) => fresh,
            None => {
                let (slot, data_key) = Slot::generate(self.context, self.to)?;
                let id = slot.id.clone();
                // Forty bits meet by accident once in a lifetime of objects, and then another try helps.
                if self.envelope.slots.iter().any(|known| known.id == id) {
                    return self.set(key, value);
                }
                self.envelope.slots.push(slot);
                self.fresh.insert((id, data_key))
            }
        };
        let (id, data_key) = fresh;
        let cipher = ValueCipher::new(data_key, self.context, id, &self.envelope.template.secret_type);
        let sealed = cipher.seal(key, value)?;
        self.envelope.data.insert(key.to_owned(), sealed);
        Ok(())
    }

    /// Takes a value out.
    ///
    /// # Errors
    /// When there is none.
    pub fn remove(&mut self, key: &str) -> Result<(), SealError> {
        let removed = self.envelope.data.remove(key);
        removed.map(|_| ()).ok_or_else(|| SealError::NoValue { key: shown(key) })
    }

    /// Leaves out the slots that nothing refers to any more, and looks at the whole.
    ///
    /// # Errors
    /// When no value is left, a limit is passed, or the template names what is not there.
    pub fn finish(self) -> Result<(), SealError> {
        self.envelope.prune();
        self.envelope.check()
    }
}
