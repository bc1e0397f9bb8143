//! A data key, wrapped to recipients.

use std::fmt;
use std::str::FromStr;

use hkdf::Hkdf;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::coding::{base32, framed, is_base32, shown};
use super::identity::random;
use super::{Context, ContextDigest, Identity, KeyId, MOST_RECIPIENTS, Recipient, SealError, kem};

/// Bytes of a data key, and of a commitment to one.
pub(super) const KEY: usize = 32;
const TAG: usize = 16;

/// Names a slot within its object: the first five bytes of its commitment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotId(String);

impl SlotId {
    fn of(commit: &[u8; KEY]) -> Self {
        Self(base32(&commit[..5]))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SlotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for SlotId {
    type Err = SealError;

    fn from_str(text: &str) -> Result<Self, SealError> {
        let whole = is_base32(text, 8);
        whole.then(|| Self(text.to_owned())).ok_or_else(|| SealError::SlotId { slot: shown(text) })
    }
}

/// The key that the values of one slot are encrypted under. It encrypts in the run that made it, and never again: who
/// opens it later decrypts with it and wraps it to others.
pub(super) struct DataKey(Zeroizing<[u8; KEY]>);

impl DataKey {
    pub(super) fn generate() -> Result<Self, SealError> {
        Ok(Self(random()?))
    }

    /// The key itself, for the vectors.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> &[u8; KEY] {
        &self.0
    }

    fn derive(&self, purpose: &[u8], context: &Context) -> Zeroizing<[u8; KEY]> {
        let mut key = Zeroizing::new([0; KEY]);
        // HKDF gives up to 255 times as much, so this cannot fail.
        let _ = Hkdf::<Sha256>::new(Some(purpose), &*self.0).expand(&context.bytes(), &mut *key);
        key
    }

    /// What everybody can see of it. Nobody finds two data keys with the same one.
    pub(super) fn commitment(&self, context: &Context) -> [u8; KEY] {
        *self.derive(b"ksecrets/1/commit", context)
    }

    /// What the values of a context are encrypted with.
    pub(super) fn value_key(&self, context: &Context) -> Zeroizing<[u8; KEY]> {
        self.derive(b"ksecrets/1/value", context)
    }
}

/// A data key for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrap {
    /// Whose.
    pub(super) kid: KeyId,
    /// Encapsulated key and sealed data key.
    pub(super) sealed: Vec<u8>,
}

impl Wrap {
    /// Reads what stands in a file; `field` is its path.
    pub(super) fn read(kid: KeyId, sealed: Vec<u8>, field: &str) -> Result<Self, SealError> {
        let suite = kid.suite();
        if sealed.len() != suite.enc_length() + KEY + TAG {
            return Err(SealError::Length { field: field.to_owned(), found: sealed.len() });
        }
        if kem::is_low_order(&sealed[..suite.enc_length()]) {
            return Err(SealError::LowOrder { field: field.to_owned() });
        }
        Ok(Self { kid, sealed })
    }

    pub(super) fn seal(
        to: &Recipient,
        context: &Context,
        commit: &[u8; KEY],
        key: &DataKey,
    ) -> Result<Self, SealError> {
        let (info, aad) = bound(to.kid(), context, commit);
        let sealed = kem::seal(to.suite(), to.public(), &info, &aad, &*key.0);
        let sealed = sealed.ok_or(SealError::Recipient { why: "its public key cannot be used" })?;
        Ok(Self { kid: to.kid().clone(), sealed })
    }

    fn open(&self, identity: &Identity, context: &Context, commit: &[u8; KEY]) -> Option<DataKey> {
        let (info, aad) = bound(&self.kid, context, commit);
        let opened = identity.private().open(&info, &aad, &self.sealed)?;
        Some(DataKey(Zeroizing::new(<[u8; KEY]>::try_from(opened.as_slice()).ok()?)))
    }

    /// Whose it is.
    #[must_use]
    pub fn kid(&self) -> &KeyId {
        &self.kid
    }
}

/// What a wrap is bound to, as HPKE's `info` and `aad`.
pub(super) fn bound(kid: &KeyId, context: &Context, commit: &[u8; KEY]) -> (Vec<u8>, Vec<u8>) {
    let mut info = framed(&[b"ksecrets/1/wrap", kid.suite().as_str().as_bytes()]);
    info.extend(context.bytes());
    (info, framed(&[kid.as_str().as_bytes(), commit]))
}

/// One data key with its commitment, and who can unwrap it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    pub(super) id: SlotId,
    pub(super) commit: [u8; KEY],
    pub(super) digest: ContextDigest,
    pub(super) wraps: Vec<Wrap>,
}

impl Slot {
    /// A new data key, wrapped to recipients.
    pub(super) fn generate(context: &Context, to: &[Recipient]) -> Result<(Self, DataKey), SealError> {
        let key = DataKey::generate()?;
        Ok((Self::wrap(&key, context, to)?, key))
    }

    /// Wraps a data key to recipients, in the order of their ids; one who is named twice gets one wrap.
    pub(super) fn wrap(key: &DataKey, context: &Context, to: &[Recipient]) -> Result<Self, SealError> {
        let mut to: Vec<_> = to.iter().collect();
        to.sort_by(|a, b| a.kid().cmp(b.kid()));
        to.dedup();
        let commit = key.commitment(context);
        let id = SlotId::of(&commit);
        let first = to.first().ok_or(SealError::NoRecipients)?;
        if to.iter().any(|other| other.suite() != first.suite()) {
            return Err(SealError::MixedSuites { slot: "new".to_owned() });
        }
        if to.len() > MOST_RECIPIENTS {
            return Err(SealError::TooLarge { what: "the number of recipients", limit: MOST_RECIPIENTS });
        }
        let wraps = to.into_iter().map(|to| Wrap::seal(to, context, &commit, key)).collect::<Result<_, _>>()?;
        Ok(Self { id, commit, digest: context.digest(), wraps })
    }

    /// Puts together what was read.
    pub(super) fn read(
        id: SlotId,
        commit: [u8; KEY],
        digest: ContextDigest,
        wraps: Vec<Wrap>,
    ) -> Result<Self, SealError> {
        let slot = Self { id, commit, digest, wraps };
        let id = || slot.id.to_string();
        if slot.id != SlotId::of(&slot.commit) {
            return Err(SealError::SlotId { slot: id() });
        }
        if slot.wraps.windows(2).any(|two| two[0].kid.suite() != two[1].kid.suite()) {
            return Err(SealError::MixedSuites { slot: id() });
        }
        let mut kids: Vec<_> = slot.kids().collect();
        kids.sort();
        if kids.windows(2).any(|two| two[0] == two[1]) {
            return Err(SealError::Duplicate { field: format!("a recipient of slot {}", slot.id) });
        }
        Ok(slot)
    }

    /// The name that values refer to it by.
    #[must_use]
    pub fn id(&self) -> &SlotId {
        &self.id
    }

    /// The ids of the keys that open it.
    pub fn kids(&self) -> impl Iterator<Item = &KeyId> {
        self.wraps.iter().map(Wrap::kid)
    }

    /// Whether it is wrapped to these recipients and nobody else.
    pub(super) fn is_to(&self, recipients: &[Recipient]) -> bool {
        let wanted = |kid: &KeyId| recipients.iter().any(|one| one.kid() == kid);
        self.kids().all(wanted) && recipients.iter().all(|one| self.kids().any(|kid| kid == one.kid()))
    }

    /// Whether it was sealed for a context, as far as can be told without a key.
    ///
    /// # Errors
    /// That it was not, and whether namespace, name or scope differ.
    pub fn fits(&self, context: &Context) -> Result<(), SealError> {
        let here = context.digest();
        let slot = || self.id.to_string();
        match (here.namespace == self.digest.namespace, here.name == self.digest.name) {
            (true, true) => Ok(()),
            (false, true) => Err(SealError::Moved { slot: slot() }),
            (true, false) => Err(SealError::Renamed { slot: slot() }),
            (false, false) => Err(SealError::Elsewhere { slot: slot(), scope: None }),
        }
    }

    /// The data key, with the first identity that is a recipient.
    pub(super) fn open(&self, context: &Context, identities: &[Identity]) -> Result<DataKey, SealError> {
        self.fits(context)?;
        let mine = |wrap: &'_ &Wrap| identities.iter().any(|one| *one.kid() == wrap.kid);
        let Some((wrap, identity)) = self
            .wraps
            .iter()
            .find(mine)
            .and_then(|wrap| Some((wrap, identities.iter().find(|one| *one.kid() == wrap.kid)?)))
        else {
            let sealed_to = self.kids().map(KeyId::to_string).collect();
            return Err(SealError::NoIdentity { slot: self.id.to_string(), sealed_to });
        };
        let (slot, kid) = (self.id.to_string(), wrap.kid.to_string());
        let Some(key) = wrap.open(identity, context, &self.commit) else {
            return Err(SealError::Unwrap { slot, kid });
        };
        // Neither HPKE nor AES-GCM commits to its key: two recipients could be given two data keys, and see two values.
        if !bool::from(key.commitment(context).ct_eq(&self.commit)) {
            return Err(SealError::Commitment { slot, kid });
        }
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::{Scope, Suite};

    fn identities(suite: Suite) -> Vec<Identity> {
        (1..=3).map(|n| Identity::new(suite, Zeroizing::new([n; 32])).unwrap()).collect()
    }

    fn recipients(of: &[Identity]) -> Vec<Recipient> {
        of.iter().map(|one| one.recipient().clone()).collect()
    }

    fn context() -> Context {
        Context::new(Scope::Strict, Some("prod"), "db").unwrap()
    }

    #[test]
    fn every_recipient_gets_the_same_key() {
        for suite in Suite::ALL {
            let all = identities(suite);
            let (slot, key) = Slot::generate(&context(), &recipients(&all[..2])).unwrap();
            for one in &all[..2] {
                let opened = slot.open(&context(), std::slice::from_ref(one)).ok().unwrap();
                assert_eq!(opened.0, key.0);
            }
            assert_eq!(slot.open(&context(), &all[2..]).err().unwrap().code(), "no-identity");
            assert!(slot.is_to(&recipients(&all[..2])) && !slot.is_to(&recipients(&all)));
        }
    }

    #[test]
    fn two_data_keys_in_one_slot_are_noticed() {
        let all = identities(Suite::X25519);
        let (mut slot, _) = Slot::generate(&context(), &recipients(&all[..1])).unwrap();
        let other = DataKey::generate().unwrap();
        slot.wraps.push(Wrap::seal(all[1].recipient(), &context(), &slot.commit, &other).unwrap());
        assert!(slot.open(&context(), &all[..1]).is_ok());
        assert_eq!(slot.open(&context(), &all[1..2]).err().unwrap().code(), "commitment");
    }

    #[test]
    fn suites_do_not_mix_and_somebody_must_be_named() {
        let mut to = recipients(&identities(Suite::X25519));
        to.extend(recipients(&identities(Suite::XWing)));
        let code = |to: &[Recipient]| Slot::generate(&context(), to).err().map(|error| error.code());
        assert_eq!(code(&to), Some("mixed-suites"));
        assert_eq!(code(&[]), Some("no-recipients"));
        let twice = [to[0].clone(), to[0].clone()];
        assert_eq!(Slot::generate(&context(), &twice).unwrap().0.wraps.len(), 1);
    }
}
