//! What is wrong with a sealed object, told without any key.

use std::collections::BTreeSet;

use super::{KeyId, Scope, SealError, SealedSecret, SlotId, Suite};

/// What a repository asks of its sealed objects. The default asks nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Recipients that every slot must have: the clusters, break-glass.
    pub required: BTreeSet<KeyId>,
    /// Recipients that a slot may have; anybody when there is no such list.
    pub allowed: Option<BTreeSet<KeyId>>,
    /// Whether every slot must be post-quantum.
    pub post_quantum: bool,
    /// The widest scope.
    pub widest: Option<Scope>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Sealed for another place than it stands in, or for none.
    #[error("{0}")]
    Place(SealError),
    /// A recipient is missing.
    #[error("slot {slot} is not sealed to {kid}: run `ksecrets seal rotate`")]
    Missing {
        /// The slot.
        slot: SlotId,
        /// Who is missing.
        kid: KeyId,
    },
    /// A recipient should not be there: unknown, retired or compromised.
    #[error("slot {slot} is sealed to {kid}, which is not a recipient here: run `ksecrets seal rotate`")]
    Unwanted {
        /// The slot.
        slot: SlotId,
        /// Who should not be there.
        kid: KeyId,
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
            Self::Weak { .. } => "weak-suite",
            Self::Wide { .. } => "wide-scope",
            Self::Unused { .. } => "unused-slot",
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
            found
                .extend(policy.required.difference(&kids).map(|kid| Problem::Missing { slot: id(), kid: kid.clone() }));
            let unwanted = policy.allowed.as_ref().map(|allowed| kids.difference(allowed).cloned().collect::<Vec<_>>());
            found.extend(unwanted.into_iter().flatten().map(|kid| Problem::Unwanted { slot: id(), kid }));
            let suite = kids.first().map(KeyId::suite).filter(|suite| policy.post_quantum && !suite.is_post_quantum());
            found.extend(suite.map(|suite| Problem::Weak { slot: id(), suite }));
            if !envelope.values().values().any(|value| value.slot() == slot.id()) {
                found.push(Problem::Unused { slot: id() });
            }
        }
        found
    }
}
