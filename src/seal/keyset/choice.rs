//! Which keys of a keyset something is sealed to.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{KeyId, Policy, Recipient, SealError};
use super::{Day, Entry, Keyset, Standing, State};

/// Which keys of a keyset a file is sealed to. Break-glass keys always are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Every key that may be.
    Everyone,
    /// Those that these words name: labels and key ids.
    Named(Vec<String>),
    /// Keys from elsewhere.
    Strangers(Vec<Recipient>),
}

impl Keyset {
    /// The keys that a word names: those of a label, or one by its id.
    #[must_use]
    pub fn named(&self, word: &str) -> Vec<&Entry> {
        let is = |entry: &&Entry| entry.label.as_str() == word || entry.recipient.kid().as_str() == word;
        self.keys().iter().filter(is).collect()
    }

    /// Whom to seal to on a day: what is chosen, and the break-glass keys.
    ///
    /// A label stands for those of its keys that may be used, as long as there is one.
    ///
    /// # Errors
    /// When a word names no key, a key may not be sealed to, or suites would mix.
    pub fn recipients(&self, choice: &Choice, today: Day) -> Result<Vec<Recipient>, SealError> {
        let mut chosen: Vec<Recipient> = Vec::new();
        match choice {
            Choice::Everyone => {
                let usable = self.keys().iter().filter(|entry| entry.standing(today) == Standing::Usable);
                chosen.extend(usable.map(|entry| entry.recipient.clone()));
                if chosen.is_empty() {
                    return Err(SealError::NoUsableKey);
                }
            }
            Choice::Named(words) => {
                for word in words {
                    chosen.extend(self.usable(word, today)?);
                }
            }
            Choice::Strangers(recipients) => {
                for recipient in recipients {
                    match self.draft().key(recipient.kid()) {
                        Some(entry) => chosen.push(usable(entry, today)?),
                        None => chosen.push(recipient.clone()),
                    }
                }
            }
        }
        for entry in self.keys().iter().filter(|entry| entry.break_glass && entry.state == State::Current) {
            chosen.push(usable(entry, today)?);
        }
        let mut seen = BTreeSet::new();
        chosen.retain(|recipient| seen.insert(recipient.kid().clone()));
        let first = chosen.first().ok_or(SealError::NoRecipients)?;
        match chosen.iter().find(|other| other.suite() != first.suite()) {
            Some(other) => Err(SealError::MixedKeys { one: self.title(first), other: self.title(other) }),
            None => Ok(chosen),
        }
    }

    fn usable(&self, word: &str, today: Day) -> Result<Vec<Recipient>, SealError> {
        let entries = self.named(word);
        let Some(last) = entries.last() else { return Err(self.unknown(word)) };
        let fine = entries.iter().filter(|entry| entry.standing(today) == Standing::Usable);
        let fine: Vec<_> = fine.map(|entry| entry.recipient.clone()).collect();
        if fine.is_empty() { usable(last, today).map(|one| vec![one]) } else { Ok(fine) }
    }

    fn unknown(&self, word: &str) -> SealError {
        let labels: BTreeSet<_> = self.keys().iter().map(|entry| entry.label.to_string()).collect();
        SealError::UnknownKey { word: super::super::coding::shown(word), labels: labels.into_iter().collect() }
    }

    /// A key as people call it.
    fn title(&self, recipient: &Recipient) -> String {
        self.draft().key(recipient.kid()).map_or_else(|| recipient.kid().to_string(), Entry::title)
    }

    /// What a sealed object must have and may have on a day, and what the keyset says of other keys.
    ///
    /// A key that only opens may stay where its label is chosen: rotation takes it away when that suits.
    ///
    /// # Errors
    /// When a word names no key.
    pub fn policy(&self, choice: &Choice, today: Day) -> Result<Policy, SealError> {
        let mut chosen: Vec<&Entry> = self.keys().iter().filter(|entry| entry.break_glass).collect();
        let mut required = BTreeSet::new();
        match choice {
            Choice::Everyone => chosen.extend(self.keys()),
            Choice::Named(words) => {
                for word in words {
                    let entries = self.named(word);
                    if entries.is_empty() {
                        return Err(self.unknown(word));
                    }
                    chosen.extend(entries);
                }
            }
            Choice::Strangers(recipients) => required.extend(recipients.iter().map(|one| one.kid().clone())),
        }
        let kids = |standing: Standing| {
            let of = chosen.iter().filter(move |entry| entry.standing(today) == standing);
            of.map(|entry| entry.recipient.kid().clone()).collect::<BTreeSet<KeyId>>()
        };
        required.extend(kids(Standing::Usable));
        let allowed = required.union(&kids(Standing::DecryptOnly)).cloned().collect();
        let known = self.keys().iter();
        let known: BTreeMap<_, _> = known
            .map(|entry| (entry.recipient.kid().clone(), (entry.label.to_string(), entry.standing(today))))
            .collect();
        Ok(Policy { required, allowed: Some(allowed), known, ..Policy::default() })
    }
}

fn usable(entry: &Entry, today: Day) -> Result<Recipient, SealError> {
    match entry.standing(today) {
        Standing::Usable => Ok(entry.recipient.clone()),
        standing => Err(SealError::Unusable { key: entry.title(), standing }),
    }
}
