//! What is wrong with a sealed object, told without any key.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{KeyId, Scope, SealError, SealedSecret, SlotId, Standing, Suite};

/// What a repository asks of its sealed objects. The default asks nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Recipients that every slot must have: the clusters, break-glass.
    pub required: BTreeSet<KeyId>,
    /// Recipients that a slot may have; anybody when there is no such list.
    pub allowed: Option<BTreeSet<KeyId>>,
    /// Labels and standing of the keys that a keyset knows.
    pub known: BTreeMap<KeyId, (String, Standing)>,
    /// Whether every slot must be post-quantum.
    pub post_quantum: bool,
    /// The widest scope.
    pub widest: Option<Scope>,
}

/// A key as people call it: label and id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The label, where a keyset has one.
    pub label: Option<String>,
    /// The id.
    pub kid: KeyId,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.label {
            Some(label) => write!(f, "{label} ({})", self.kid),
            None => self.kid.fmt(f),
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Sealed for another place than it stands in, or for none.
    #[error("{0}")]
    Place(SealError),
    /// A recipient is missing.
    #[error("slot {slot} is not sealed to {holder}")]
    Missing {
        /// The slot.
        slot: SlotId,
        /// Who is missing.
        holder: Holder,
    },
    /// A recipient should not be there: unknown, or for other files.
    #[error("slot {slot} is sealed to {holder}, which is not a recipient here")]
    Unwanted {
        /// The slot.
        slot: SlotId,
        /// Who should not be there.
        holder: Holder,
    },
    /// A recipient may not be sealed to: retired, compromised, expired, not yet valid.
    #[error("slot {slot} is sealed to {holder}, and that key is {standing}")]
    Refused {
        /// The slot.
        slot: SlotId,
        /// Whose key it is.
        holder: Holder,
        /// What the keyset says of it.
        standing: Standing,
    },
    /// A suite that a quantum computer reads.
    #[error("slot {slot} is sealed with {suite}, which is not post-quantum")]
    Weak {
        /// The slot.
        slot: SlotId,
        /// Its suite.
        suite: Suite,
    },
    /// A scope that is wider than allowed.
    #[error("the scope {found} is wider than {widest}, the widest that is allowed here")]
    Wide {
        /// The scope of the object.
        found: Scope,
        /// The widest that is allowed.
        widest: Scope,
    },
    /// A slot that no value refers to.
    #[error("no value refers to slot {slot}: it can go")]
    Unused {
        /// The slot.
        slot: SlotId,
    },
}

impl Problem {
    /// A short name that stays the same.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Place(error) => error.code(),
            Self::Missing { .. } => "missing-recipient",
            Self::Unwanted { .. } => "unwanted-recipient",
            Self::Refused { standing, .. } => match standing {
                Standing::Compromised => "compromised-recipient",
                Standing::Expired(_) => "expired-recipient",
                Standing::Pending | Standing::NotYet(_) => "early-recipient",
                Standing::Retired | Standing::DecryptOnly | Standing::Usable => "retired-recipient",
            },
            Self::Weak { .. } => "weak-suite",
            Self::Wide { .. } => "wide-scope",
            Self::Unused { .. } => "unused-slot",
        }
    }
}

impl Policy {
    fn holder(&self, kid: &KeyId) -> Holder {
        Holder { label: self.known.get(kid).map(|(label, _)| label.clone()), kid: kid.clone() }
    }

    /// What is wrong with a recipient that is not allowed.
    fn refuse(&self, slot: SlotId, kid: &KeyId) -> Problem {
        let holder = self.holder(kid);
        match self.known.get(kid) {
            None | Some((_, Standing::Usable | Standing::DecryptOnly)) => Problem::Unwanted { slot, holder },
            Some((_, standing)) => Problem::Refused { slot, holder, standing: *standing },
        }
    }
}

impl SealedSecret {
    /// Everything that is wrong as far as can be told without a key: place, recipients, suites, scope. Structure was
    /// looked at when it was read.
    #[must_use]
    pub fn problems(&self, policy: &Policy) -> Vec<Problem> {
        let envelope = self.envelope();
        let mut found = Vec::new();
        if let Err(error) = self.fits() {
            found.push(Problem::Place(error));
        }
        if let Some(widest) = policy.widest
            && envelope.scope() > widest
        {
            found.push(Problem::Wide { found: envelope.scope(), widest });
        }
        for slot in envelope.slots() {
            let id = || slot.id().clone();
            let kids: BTreeSet<_> = slot.kids().cloned().collect();
            let missing = policy.required.difference(&kids);
            found.extend(missing.map(|kid| Problem::Missing { slot: id(), holder: policy.holder(kid) }));
            if let Some(allowed) = &policy.allowed {
                found.extend(kids.difference(allowed).map(|kid| policy.refuse(id(), kid)));
            }
            let suite = kids.first().map(KeyId::suite).filter(|suite| policy.post_quantum && !suite.is_post_quantum());
            found.extend(suite.map(|suite| Problem::Weak { slot: id(), suite }));
            if !envelope.values().values().any(|value| value.slot() == slot.id()) {
                found.push(Problem::Unused { slot: id() });
            }
        }
        found
    }
}
