//! How many may read a Secret.

use std::collections::BTreeMap;

/// What a limit is for. The more exact counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limited {
    /// Every Secret.
    All,
    /// The Secrets of a namespace.
    Namespace(String),
    /// One Secret, by namespace and name.
    Secret(String, String),
}

/// How many subjects may read a Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Limit {
    most: usize,
    /// `.ksecrets.yaml:7`; none for a flag.
    place: Option<String>,
}

/// How many subjects may read which Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits(BTreeMap<Limited, Limit>);

impl Limits {
    /// Sets a limit in place of one for the same; `place` says where it is written.
    pub fn set(&mut self, limited: Limited, most: usize, place: Option<String>) {
        self.0.insert(limited, Limit { most, place });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The limit of a Secret, if it has one.
    pub(super) fn of(&self, namespace: &str, name: &str) -> Option<usize> {
        let one = || self.0.get(&Limited::Secret(namespace.to_owned(), name.to_owned()));
        let some = || self.0.get(&Limited::Namespace(namespace.to_owned()));
        one().or_else(some).or_else(|| self.0.get(&Limited::All)).map(|limit| limit.most)
    }

    /// The limits that name none of these Secrets: where they are written, and what was not seen. Whoever misspelt a
    /// name must not take it for limited.
    pub(super) fn idle<'s>(&self, secrets: impl Iterator<Item = &'s (String, String)>) -> Vec<(String, String)> {
        let mut idle = self.0.clone();
        for (namespace, name) in secrets {
            idle.remove(&Limited::Namespace(namespace.clone()));
            idle.remove(&Limited::Secret(namespace.clone(), name.clone()));
        }
        let named = idle.into_iter().filter_map(|(limited, limit)| {
            let title = match limited {
                Limited::All => return None,
                Limited::Namespace(namespace) => format!("namespace {namespace}, where no Secret was seen"),
                Limited::Secret(namespace, name) => format!("Secret {namespace}/{name}, which was not seen"),
            };
            Some((limit.place?, title))
        });
        named.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        let mut limits = Limits::default();
        limits.set(Limited::All, 10, Some("k.yaml:1".to_owned()));
        limits.set(Limited::Namespace("prod".to_owned()), 5, Some("k.yaml:2".to_owned()));
        limits.set(Limited::Secret("prod".to_owned(), "db".to_owned()), 2, Some("k.yaml:3".to_owned()));
        limits
    }

    #[test]
    fn the_most_exact_limit_counts() {
        let mut limits = limits();
        let of = |limits: &Limits| [("prod", "db"), ("prod", "api"), ("", "db")].map(|(a, b)| limits.of(a, b));
        assert_eq!(of(&limits), [Some(2), Some(5), Some(10)]);
        limits.set(Limited::All, 3, None);
        assert_eq!(of(&limits), [Some(2), Some(5), Some(3)]);
        assert_eq!(Limits::default().of("prod", "db"), None);
    }

    #[test]
    fn limits_of_what_is_not_there_are_named() {
        let secret = |namespace: &str, name: &str| (namespace.to_owned(), name.to_owned());
        let idle = |secrets: &[(String, String)]| limits().idle(secrets.iter());
        let both = [
            secret("k.yaml:2", "namespace prod, where no Secret was seen"),
            secret("k.yaml:3", "Secret prod/db, which was not seen"),
        ];
        assert_eq!(idle(&[secret("dev", "db")]), both);
        assert_eq!(idle(&[secret("prod", "api")]), both[1..]);
        assert_eq!(idle(&[secret("prod", "db")]), []);
    }
}
