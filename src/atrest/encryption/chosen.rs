//! The key, or KMS provider, that is to write: as somebody names it.

use std::collections::BTreeSet;

use super::fix::CorrectError;

/// A key by its provider and its name. A name alone may be that of several.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Chosen {
    /// `secretbox`, `kms:v2`: as stored values begin, and apart for two versions of a plugin.
    pub(super) provider: &'static str,
    pub(super) name: String,
}

impl Chosen {
    /// The one of those that are listed: `key1`, `secretbox:key1`, `kms:vault`, `kms:v2:vault`. A name may hold a colon.
    pub(super) fn of(listed: &BTreeSet<Self>, text: &str) -> Result<Self, CorrectError> {
        let named: Vec<&Self> = listed.iter().filter(|one| one.name == text || one.is_called(text)).collect();
        let whole = named.iter().find(|one| one.whole() == text);
        match (whole, &named[..]) {
            (Some(one), _) | (None, [one]) => Ok((*one).clone()),
            (None, []) => Err(CorrectError::NoSuchKey(text.to_owned())),
            (None, several) => {
                let choice: Vec<String> = several.iter().map(|one| one.whole()).collect();
                Err(CorrectError::Ambiguous(text.to_owned(), choice.join(" or ")))
            }
        }
    }

    fn whole(&self) -> String {
        format!("{}:{}", self.provider, self.name)
    }

    /// Whether it goes by this with its provider in front; of a plugin's the version may be left out.
    fn is_called(&self, text: &str) -> bool {
        let provider = self.provider.split(':').next().unwrap_or_default();
        self.whole() == text || text.strip_prefix(provider).and_then(|rest| rest.strip_prefix(':')) == Some(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_two_keys_asks_which() {
        let listed = [("aescbc", "a"), ("secretbox", "a"), ("kms:v1", "p"), ("kms:v2", "p"), ("aesgcm", "secretbox:a")];
        let listed = listed.map(|(provider, name)| Chosen { provider, name: name.to_owned() }).into();
        let told = |text: &str| match Chosen::of(&listed, text) {
            Ok(one) => one.whole(),
            Err(error) => error.to_string(),
        };
        let all = ["a", "secretbox:a", "aesgcm:secretbox:a", "kms:p", "kms:v2:p", "p", "b", "kms:"].map(told);
        insta::assert_snapshot!(all.join("\n"), @"
        a is more than one: say which, aescbc:a or secretbox:a
        secretbox:a
        aesgcm:secretbox:a
        kms:p is more than one: say which, kms:v1:p or kms:v2:p
        kms:v2:p
        p is more than one: say which, kms:v1:p or kms:v2:p
        no key and no KMS provider of what it encrypts is called b
        no key and no KMS provider of what it encrypts is called kms:
        ");
    }
}
