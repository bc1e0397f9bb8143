//! One key of a keyset.

use std::fmt;
use std::str::FromStr;

use crate::manifest::Node;

use super::super::coding::{framed, shown};
use super::super::reading::Fields;
use super::super::writing::{entry, open};
use super::super::{KeyId, Recipient, SealError};
use super::{Day, Standing, State};

/// Whose a key is: a cluster, a team. Keys that follow each other share a label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(String);

impl Label {
    /// The label as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Label {
    type Err = SealError;

    /// Letters, digits, dots, dashes and underscores, at most 63, a letter or digit first. What looks like a key id or a
    /// recipient is none: a rule could not tell them apart.
    fn from_str(text: &str) -> Result<Self, SealError> {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let starts = ["xwing-", "x25519-", "kspq1", "ksx1", "ksroot1"];
        let good = (1..=63).contains(&text.len())
            && text.bytes().all(known)
            && text.as_bytes()[0].is_ascii_alphanumeric()
            && !starts.iter().any(|start| text.starts_with(start));
        good.then(|| Self(text.to_owned())).ok_or_else(|| SealError::Label { found: shown(text) })
    }
}

/// A key with what its owner says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The public key, and its id.
    pub recipient: Recipient,
    /// Whose it is.
    pub label: Label,
    /// What it may be used for.
    pub state: State,
    /// The first day on which it may be sealed to.
    pub not_before: Option<Day>,
    /// The last day.
    pub not_after: Option<Day>,
    /// Whether everything is sealed to it: the key in the safe.
    pub break_glass: bool,
}

impl Entry {
    /// What may be done with it on a day.
    #[must_use]
    pub fn standing(&self, today: Day) -> Standing {
        match self.state {
            State::Pending => return Standing::Pending,
            State::DecryptOnly => return Standing::DecryptOnly,
            State::Retired => return Standing::Retired,
            State::Compromised => return Standing::Compromised,
            State::Current => {}
        }
        match (self.not_before, self.not_after) {
            (Some(first), _) if today < first => Standing::NotYet(first),
            (_, Some(last)) if today > last => Standing::Expired(last),
            _ => Standing::Usable,
        }
    }

    /// `prod-eu (xwing-…)`.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} ({})", self.label, self.recipient.kid())
    }

    /// The bytes that are signed.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let day = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
        framed(&[
            self.recipient.kid().as_str().as_bytes(),
            self.recipient.public(),
            self.label.as_str().as_bytes(),
            self.state.as_str().as_bytes(),
            day(self.not_before).as_bytes(),
            day(self.not_after).as_bytes(),
            if self.break_glass { b"break-glass" } else { b"" },
        ])
    }

    /// Reads the value under the id of a key.
    pub(super) fn read(id: &str, node: Node<'_>) -> Result<Self, SealError> {
        let kid: KeyId = id.parse()?;
        let mut fields = Fields::read(node, &format!("keys.{kid}"))?;
        let recipient: Recipient = fields.need_text("recipient")?.parse().map_err(|error| match error {
            SealError::Recipient { why } => fields.wrong("recipient", why),
            SealError::LowOrder { .. } => SealError::LowOrder { field: fields.path("recipient") },
            other => other,
        })?;
        if *recipient.kid() != kid {
            return Err(SealError::OtherKey { listed: kid.to_string(), found: recipient.kid().to_string() });
        }
        let label = fields.need_text("label")?.parse()?;
        let state = fields.need_text("state")?.parse()?;
        let day = |fields: &mut Fields<'_>, name: &str| {
            let text = fields.text(name)?;
            text.map(|text| text.parse().map_err(|_| fields.wrong(name, "is no day such as 2027-01-31"))).transpose()
        };
        let (not_before, not_after) = (day(&mut fields, "not-before")?, day(&mut fields, "not-after")?);
        let break_glass = fields.boolean("break-glass")?.unwrap_or(false);
        let entry = Self { recipient, label, state, not_before, not_after, break_glass };
        entry.check()?;
        fields.finish()?;
        Ok(entry)
    }

    /// Whether its days can be.
    pub(super) fn check(&self) -> Result<(), SealError> {
        let backwards = self.not_before.zip(self.not_after).is_some_and(|(first, last)| last < first);
        let field = || format!("keys.{}.not-after", self.recipient.kid());
        (!backwards).then_some(()).ok_or_else(|| SealError::Field { field: field(), why: "is before not-before" })
    }

    pub(super) fn write(&self, out: &mut String) {
        open(out, 2, self.recipient.kid().as_str());
        for (name, value) in self.texts() {
            entry(out, 4, name, &value);
        }
        if self.break_glass {
            out.push_str("    break-glass: true\n");
        }
    }

    /// The fields that hold text, as they are written.
    #[must_use]
    pub fn texts(&self) -> Vec<(&'static str, String)> {
        let mut texts = vec![
            ("recipient", self.recipient.to_string()),
            ("label", self.label.to_string()),
            ("state", self.state.to_string()),
        ];
        texts.extend(self.not_before.map(|day| ("not-before", day.to_string())));
        texts.extend(self.not_after.map(|day| ("not-after", day.to_string())));
        texts
    }
}
