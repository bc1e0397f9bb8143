//! The rules that speak of one topic, found by what they name: a policy may have thousands, each for another user.

use std::collections::{HashMap, HashSet};

use super::bodies::Topic;
use super::policy::AuditPolicy;
use super::request::Request;
use super::rule::AuditRule;

/// Words of a list; an empty one means everything.
type Words<'a> = HashSet<&'a str>;

/// A rule, as far as a topic's requests differ to it.
struct Bound<'a> {
    /// Its position in the policy.
    number: usize,
    users: Words<'a>,
    groups: Words<'a>,
    verbs: Words<'a>,
    namespaces: Words<'a>,
    names: Words<'a>,
}

/// By what a rule is looked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key<'a> {
    User(&'a str),
    Group(&'a str),
    Namespace(&'a str),
    Name(&'a str),
    /// It names nothing but verbs, or not even those.
    Verb(&'a str),
}

/// The rules of a policy for one topic.
pub(super) struct Index<'a> {
    rules: Vec<Bound<'a>>,
    /// Places in the list of rules, in order.
    places: HashMap<Key<'a>, Vec<usize>>,
}

impl<'a> Index<'a> {
    pub(super) fn of(policy: &'a AuditPolicy<'_>, topic: Topic) -> Self {
        let rules = policy.rules.iter().enumerate();
        let rules: Vec<Bound<'a>> = rules.filter_map(|(number, rule)| Bound::of(number, rule, topic)).collect();
        let mut uses: HashMap<Key<'a>, usize> = HashMap::new();
        for key in rules.iter().flat_map(Bound::keys).flatten() {
            *uses.entry(key).or_default() += 1;
        }
        let mut places: HashMap<Key<'a>, Vec<usize>> = HashMap::new();
        for (place, rule) in rules.iter().enumerate() {
            // By what the fewest others name.
            let most = |keys: &Vec<Key<'a>>| keys.iter().map(|key| uses[key]).max().unwrap_or(0);
            let best = rule.keys().into_iter().filter(|keys| !keys.is_empty()).min_by_key(most);
            for key in best.unwrap_or_else(|| rule.verbs(topic)) {
                places.entry(key).or_default().push(place);
            }
        }
        Self { rules, places }
    }

    /// The first rule that matches a request about the topic, by its position in the policy.
    pub(super) fn position(&self, request: &Request<'a>) -> Option<usize> {
        let of_groups = request.groups.iter().map(|group| Key::Group(group));
        let (user, namespace) = (Key::User(request.user), Key::Namespace(request.namespace));
        let keys = [user, namespace, Key::Name(request.name), Key::Verb(request.verb)].into_iter().chain(of_groups);
        let mut first = usize::MAX;
        for places in keys.filter_map(|key| self.places.get(&key)) {
            let earlier = places.iter().copied().take_while(|place| *place < first);
            first = earlier.into_iter().find(|place| self.rules[*place].matches(request)).unwrap_or(first);
        }
        self.rules.get(first).map(|rule| rule.number)
    }
}

impl<'a> Bound<'a> {
    /// None for a rule that matches no request about the topic.
    fn of(number: usize, rule: &'a AuditRule<'_>, topic: Topic) -> Option<Self> {
        let (group, resource, subresource) = topic.parts();
        let of_paths = rule.speaks_of_paths && rule.resources.is_empty() && rule.namespaces.is_empty();
        if of_paths || !rule.may_match(group, resource, subresource) {
            return None;
        }
        let words = |list: &'a [&str]| list.iter().copied().collect::<Words<'a>>();
        let speaking = || rule.resources.iter().filter(|one| one.speaks_of(group, resource, subresource));
        // Without resources the names are not looked at; such a rule is refused when it is read.
        let all = rule.resources.is_empty() || speaking().any(|one| one.resources.is_empty() || one.names.is_empty());
        let names = if all { Words::new() } else { speaking().flat_map(|one| one.names.iter().copied()).collect() };
        Some(Self {
            number,
            users: words(&rule.users),
            groups: words(&rule.groups),
            verbs: words(&rule.verbs),
            namespaces: words(&rule.namespaces),
            names,
        })
    }

    /// What it names, list by list. One of them is in every request that it matches.
    fn keys(&self) -> [Vec<Key<'a>>; 4] {
        let all = |words: &Words<'a>, key: fn(&'a str) -> Key<'a>| words.iter().copied().map(key).collect();
        [
            all(&self.users, Key::User),
            all(&self.namespaces, Key::Namespace),
            all(&self.groups, Key::Group),
            all(&self.names, Key::Name),
        ]
    }

    fn verbs(&self, topic: Topic) -> Vec<Key<'a>> {
        let verbs = topic.verbs().iter().map(|(verb, _)| *verb);
        verbs.filter(|verb| allows(&self.verbs, verb)).map(Key::Verb).collect()
    }

    fn matches(&self, request: &Request<'_>) -> bool {
        allows(&self.users, request.user)
            && (self.groups.is_empty() || request.groups.iter().any(|group| self.groups.contains(group)))
            && allows(&self.verbs, request.verb)
            && allows(&self.namespaces, request.namespace)
            && allows(&self.names, request.name)
    }
}

fn allows(words: &Words<'_>, word: &str) -> bool {
    words.is_empty() || words.contains(word)
}
