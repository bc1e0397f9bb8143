//! What a policy logs with its body, although the body holds a Secret or a token.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::index::Index;
use super::level::Level;
use super::policy::AuditPolicy;
use super::request::{Caller, Request};
use super::rule::AuditRule;

/// Most requests that are asked for one topic. Policies name a handful of users and namespaces; one that names
/// thousands of each is asked for strangers only, which still tells what everybody's requests are logged with, and is
/// to be said.
const MOST: usize = 500_000;

/// Stands for every user, namespace or name that a policy does not speak of. No name of Kubernetes has a NUL.
const OTHER: &str = "\0";

/// Objects whose bodies are secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// Secrets.
    Secrets,
    /// ConfigMaps, which often hold what a Secret should.
    ConfigMaps,
    /// `serviceaccounts/token`: the answer is a token.
    TokenRequests,
    /// `tokenreviews`: the request holds a token.
    TokenReviews,
}

/// Whose requests are logged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Everybody's but those that other rules name.
    Everybody,
    /// Those of one user.
    User(String),
    /// Those of a group's members.
    Group(String),
}

/// Which of many a rule logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    All,
    /// Those that are named, and no others. The empty name is a request over all namespaces.
    Only(Vec<String>),
    /// All but those that other rules have taken.
    Except(Vec<String>),
}

/// Requests that one rule logs with their bodies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// What they are about.
    pub topic: Topic,
    /// How they are logged.
    pub level: Level,
    /// Their verbs, in order.
    pub verbs: Vec<&'static str>,
    /// Who asks.
    pub who: Vec<Who>,
    /// In which namespaces.
    pub namespaces: Scope,
    /// For which objects.
    pub names: Scope,
    /// The rule's position, counted from 0.
    pub rule: usize,
    /// Where its level stands in the text.
    pub place: Range<usize>,
}

impl Topic {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Secrets, Self::ConfigMaps, Self::TokenRequests, Self::TokenReviews];

    /// As kubectl and RBAC write it.
    #[must_use]
    pub fn resource(self) -> &'static str {
        match self {
            Self::Secrets => "secrets",
            Self::ConfigMaps => "configmaps",
            Self::TokenRequests => "serviceaccounts/token",
            Self::TokenReviews => "tokenreviews.authentication.k8s.io",
        }
    }

    /// Group, resource and subresource.
    pub(super) fn parts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Secrets => ("", "secrets", ""),
            Self::ConfigMaps => ("", "configmaps", ""),
            Self::TokenRequests => ("", "serviceaccounts", "token"),
            Self::TokenReviews => ("authentication.k8s.io", "tokenreviews", ""),
        }
    }

    /// Verbs, and from which level on the secret is in what they log. What a watch sends is never logged.
    pub(super) fn verbs(self) -> &'static [(&'static str, Level)] {
        use Level::{Request, RequestResponse};
        match self {
            Self::Secrets | Self::ConfigMaps => &[
                ("get", RequestResponse),
                ("list", RequestResponse),
                ("create", Request),
                ("update", Request),
                ("patch", Request),
                ("delete", RequestResponse),
                ("deletecollection", RequestResponse),
            ],
            Self::TokenRequests => &[("create", RequestResponse)],
            Self::TokenReviews => &[("create", Request)],
        }
    }

    fn has_namespaces(self) -> bool {
        self != Self::TokenReviews
    }
}

impl AuditPolicy<'_> {
    /// The rules that log a topic's requests with their bodies, in the order of the rules.
    ///
    /// Exact for every user with at most one group besides those that the name implies. More groups let earlier rules
    /// match, never later ones, so whatever is logged for somebody is logged for one of those that are asked.
    #[must_use]
    pub fn logged(&self, topic: Topic) -> Vec<Logged> {
        let mut found: BTreeMap<usize, Seen> = BTreeMap::new();
        let (words, index) = (Words::of(self, topic), Index::of(self, topic));
        for (caller, whose) in words.callers() {
            for (number, &(verb, least)) in topic.verbs().iter().enumerate() {
                for (rule, namespace, name) in words.answers((self, &index), topic, &caller, verb, least) {
                    let seen = found.entry(rule).or_default();
                    seen.verbs.insert(number);
                    seen.namespaces.insert(namespace);
                    seen.names.insert(name);
                    // A user who is logged as a member of a group is told with the group, which was asked before.
                    if !whose.iter().any(|who| seen.who.contains(who)) {
                        seen.who.extend(whose.first().cloned());
                    }
                }
            }
        }
        found.into_iter().map(|(rule, seen)| self.tell(topic, rule, seen, &words)).collect()
    }

    /// Whether every user and group that it names was asked: not of a policy that names too many of too much.
    #[must_use]
    pub fn is_asked_whole(&self, topic: Topic) -> bool {
        Words::of(self, topic).is_whole
    }

    fn tell(&self, topic: Topic, rule: usize, seen: Seen<'_>, words: &Words<'_>) -> Logged {
        let AuditRule { level, place, .. } = &self.rules[rule];
        let everybody = seen.who.contains(&Who::Everybody);
        Logged {
            topic,
            level: *level,
            verbs: seen.verbs.iter().map(|&number| topic.verbs()[number].0).collect(),
            who: if everybody { vec![Who::Everybody] } else { seen.who.into_iter().collect() },
            namespaces: if topic.has_namespaces() { scope(&words.namespaces, &seen.namespaces) } else { Scope::All },
            names: scope_of_names(&words.names, seen.names),
            rule,
            place: place.clone(),
        }
    }
}

/// What of the requests that were asked one rule logs.
#[derive(Default)]
struct Seen<'a> {
    verbs: BTreeSet<usize>,
    who: BTreeSet<Who>,
    namespaces: BTreeSet<&'a str>,
    names: BTreeSet<&'a str>,
}

/// Of the words that were asked, those that were seen: all, or some that have a name.
fn scope(asked: &[&str], seen: &BTreeSet<&str>) -> Scope {
    let owned = |word: &str| word.to_owned();
    if !seen.contains(OTHER) {
        return Scope::Only(seen.iter().copied().map(owned).collect());
    }
    let taken = asked.iter().copied().filter(|word| !word.is_empty() && !seen.contains(word));
    let taken: Vec<_> = taken.map(owned).collect();
    if taken.is_empty() { Scope::All } else { Scope::Except(taken) }
}

/// Of names: what has none is told by its verb.
fn scope_of_names(asked: &[&str], mut seen: BTreeSet<&str>) -> Scope {
    seen.remove("");
    if seen.is_empty() { Scope::All } else { scope(asked, &seen) }
}

/// The words that tell one request about a topic from another, each list with one that stands for all others.
struct Words<'a> {
    users: Vec<&'a str>,
    groups: Vec<&'a str>,
    namespaces: Vec<&'a str>,
    names: Vec<&'a str>,
    /// Whether nothing was left out.
    is_whole: bool,
}

impl<'a> Words<'a> {
    fn of(policy: &'a AuditPolicy<'_>, topic: Topic) -> Self {
        let (group, resource, subresource) = topic.parts();
        let rules = || policy.rules.iter().filter(move |rule| rule.may_match(group, resource, subresource));
        let namespaces = match topic.has_namespaces() {
            true => distinct(rules().flat_map(|rule| rule.namespaces.iter().copied()), &[OTHER, ""]),
            false => vec![""],
        };
        let names = rules().flat_map(|rule| &rule.resources).flat_map(|resources| resources.names.iter().copied());
        let mut words = Self {
            users: distinct(rules().flat_map(|rule| rule.users.iter().copied()), &[OTHER]),
            groups: distinct(rules().flat_map(|rule| rule.groups.iter().copied()), &[]),
            namespaces,
            names: distinct(names, &[OTHER, ""]),
            is_whole: true,
        };
        if words.requests() > MOST {
            words.is_whole = false;
            words.users.truncate(1);
            words.groups.clear();
            words.names.truncate(2);
        }
        words
    }

    fn requests(&self) -> usize {
        let callers = self.users.len().saturating_mul(self.groups.len() + 1);
        callers.saturating_mul(self.namespaces.len()).saturating_mul(self.names.len())
    }

    /// Callers, those who are less special first, and as whom each may be told.
    fn callers(&self) -> impl Iterator<Item = (Caller<'a>, Vec<Who>)> {
        let groups = std::iter::once(None).chain(self.groups.iter().copied().map(Some));
        groups.flat_map(|group| self.users.iter().map(move |&user| (Caller::new(user, group), who(user, group))))
    }

    /// The rules that log the caller's requests with this verb at the level or above.
    fn answers(
        &self,
        (policy, index): (&AuditPolicy<'_>, &Index<'a>),
        topic: Topic,
        caller: &Caller<'_>,
        verb: &'static str,
        least: Level,
    ) -> BTreeSet<(usize, &'a str, &'a str)> {
        let (group, resource, subresource) = topic.parts();
        let mut found = BTreeSet::new();
        let mut request = Request {
            user: caller.user,
            groups: caller.groups.clone(),
            verb,
            group,
            resource,
            subresource,
            namespace: "",
            name: "",
        };
        for &namespace in self.namespaces.iter().filter(|namespace| may_be_in(topic, verb, namespace)) {
            for &name in self.names.iter().filter(|name| may_name(topic, verb, name)) {
                (request.namespace, request.name) = (namespace, name);
                let rule = index.position(&request);
                let logs = |&rule: &usize| policy.rules[rule].level >= least && !policy.rules[rule].omits_answers;
                found.extend(rule.filter(logs).map(|rule| (rule, namespace, name)));
            }
        }
        found
    }
}

/// Lists alone go over all namespaces.
fn may_be_in(topic: Topic, verb: &str, namespace: &str) -> bool {
    !topic.has_namespaces() || !namespace.is_empty() || verb == "list"
}

/// A list may name its object by a field selector. What is created has its name in the body only, but for a token,
/// whose account is named in the path.
fn may_name(topic: Topic, verb: &str, name: &str) -> bool {
    match verb {
        "list" => true,
        "deletecollection" => name.is_empty(),
        "create" => name.is_empty() != (topic == Topic::TokenRequests),
        _ => !name.is_empty(),
    }
}

/// As whom a caller may be told, the best first.
fn who(user: &str, group: Option<&str>) -> Vec<Who> {
    let user = (user != OTHER).then(|| Who::User(user.to_owned()));
    let group = group.map(|group| Who::Group(group.to_owned()));
    user.into_iter().chain(group).chain([Who::Everybody]).collect()
}

/// The words, each once, behind those that come first.
fn distinct<'a>(words: impl Iterator<Item = &'a str>, first: &[&'a str]) -> Vec<&'a str> {
    let mut seen: BTreeSet<&str> = first.iter().copied().collect();
    let rest: Vec<_> = words.filter(|word| seen.insert(word)).collect();
    first.iter().copied().chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::documents;

    /// What a policy logs, one line for each rule and topic.
    fn told(rules: &str) -> Vec<String> {
        let text = format!("apiVersion: audit.k8s.io/v1\nkind: Policy\n{rules}");
        let tree = documents(&text).next().unwrap().unwrap();
        let policy = AuditPolicy::read(tree.root().unwrap(), 36).unwrap();
        let logged = Topic::ALL.into_iter().flat_map(|topic| policy.logged(topic));
        logged
            .map(|logged| {
                let who: Vec<String> = logged.who.iter().map(|who| format!("{who:?}")).collect();
                format!("{} {} {} by {}", logged.rule, logged.topic.resource(), logged.verbs.join(","), who.join(", "))
            })
            .collect()
    }

    #[test]
    fn first_rule_that_matches_decides() {
        let metadata = "- level: Metadata\n  resources: [{group: '', resources: [secrets, configmaps, serviceaccounts/token]}, {group: authentication.k8s.io, resources: [tokenreviews]}]\n";
        let all = "- level: RequestResponse\n";
        assert!(told(&format!("rules:\n{metadata}{all}")).is_empty());
        assert_eq!(
            told(&format!("rules:\n{all}{metadata}")),
            [
                "0 secrets get,list,create,update,patch,delete,deletecollection by Everybody",
                "0 configmaps get,list,create,update,patch,delete,deletecollection by Everybody",
                "0 serviceaccounts/token create by Everybody",
                "0 tokenreviews.authentication.k8s.io create by Everybody",
            ]
        );
    }

    #[test]
    fn request_level_logs_what_is_sent() {
        assert_eq!(
            told("rules:\n- level: Request\n"),
            [
                "0 secrets create,update,patch by Everybody",
                "0 configmaps create,update,patch by Everybody",
                "0 tokenreviews.authentication.k8s.io create by Everybody",
            ]
        );
    }

    #[test]
    fn rules_for_the_core_group_alone_leave_subresources_to_later_ones() {
        let rules = "rules:\n- level: Metadata\n  resources: [{resources: [secrets, configmaps, serviceaccounts]}]\n- level: RequestResponse\n  resources: [{group: ''}]\n";
        assert_eq!(told(rules), ["1 serviceaccounts/token create by Everybody"]);
    }

    #[test]
    fn exceptions_are_told_by_who_has_them() {
        let rules = "rules:\n- {level: RequestResponse, users: ['system:serviceaccount:ci:bot'], verbs: [get], resources: [{resources: [secrets]}]}\n- {level: RequestResponse, userGroups: [auditors], namespaces: [prod], verbs: [list], resources: [{resources: ['*']}]}\n- {level: Metadata}\n";
        assert_eq!(
            told(rules),
            [
                "0 secrets get by User(\"system:serviceaccount:ci:bot\")",
                "1 secrets list by Group(\"auditors\")",
                "1 configmaps list by Group(\"auditors\")",
            ]
        );
    }

    #[test]
    fn requests_without_a_rule_are_not_logged() {
        assert!(told("rules:\n- {level: RequestResponse, resources: [{group: apps}]}\n").is_empty());
        assert!(told("rules:\n- {level: RequestResponse, nonResourceURLs: ['*']}\n").is_empty());
    }

    #[test]
    fn bodies_are_known_when_an_answer_is_complete() {
        assert!(told("omitStages: [ResponseComplete]\nrules:\n- level: RequestResponse\n").is_empty());
        assert!(told("rules:\n- {level: RequestResponse, omitStages: [ResponseComplete]}\n").is_empty());
        assert_eq!(told("omitStages: [RequestReceived]\nrules:\n- level: RequestResponse\n").len(), 4);
    }

    #[test]
    fn named_objects_leave_the_others() {
        let rules = "rules:\n- {level: None, resources: [{resources: [secrets], resourceNames: [db]}]}\n- {level: RequestResponse, verbs: [get, create], resources: [{resources: [secrets], resourceNames: [db]}]}\n";
        assert!(told(rules).is_empty(), "the first rule has taken them all");
        let rules = "rules:\n- {level: RequestResponse, resources: [{resources: [secrets], resourceNames: [db]}]}\n";
        assert_eq!(
            told(rules),
            ["0 secrets get,list,update,patch,delete by Everybody"],
            "names of new objects are in their bodies"
        );
    }

    #[test]
    fn namespaces_and_names_bound_a_rule() {
        let scopes = |rules: &str| {
            let text = format!("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{rules}]\n");
            let tree = documents(&text).next().unwrap().unwrap();
            let policy = AuditPolicy::read(tree.root().unwrap(), 36).unwrap();
            let last = policy.logged(Topic::Secrets).pop().unwrap();
            (last.namespaces, last.names)
        };
        let only = |word: &str| Scope::Only(vec![word.to_owned()]);
        let except = |word: &str| Scope::Except(vec![word.to_owned()]);
        assert_eq!(scopes("{level: RequestResponse}"), (Scope::All, Scope::All));
        assert_eq!(scopes("{level: RequestResponse, namespaces: [a]}"), (only("a"), Scope::All));
        assert_eq!(scopes("{level: RequestResponse, namespaces: ['']}"), (only(""), Scope::All));
        assert_eq!(scopes("{level: None, namespaces: [a]}, {level: RequestResponse}"), (except("a"), Scope::All));
        let db = "resources: [{group: '', resources: [secrets], resourceNames: [db]}]";
        assert_eq!(scopes(&format!("{{level: RequestResponse, {db}}}")), (Scope::All, only("db")));
        assert_eq!(scopes(&format!("{{level: None, {db}}}, {{level: Request}}")), (Scope::All, except("db")));
        assert_eq!(scopes("{level: Request, verbs: [create]}"), (Scope::All, Scope::All));
    }

    /// Each of many rules names something else, or one rule all of it: time is that of reading them.
    #[test]
    fn many_rules_take_no_time() {
        let kinds: [fn(usize) -> String; 5] = [
            |n| format!("users: [w{n}]"),
            |n| format!("userGroups: [w{n}]"),
            |n| format!("namespaces: [w{n}]"),
            |n| format!("users: [a], namespaces: [w{n}], userGroups: [b]"),
            |n| format!("resources: [{{resources: [secrets], resourceNames: [w{n}]}}]"),
        ];
        let names = (0..20_000).map(|n| format!("w{n}")).collect::<Vec<_>>().join(", ");
        let begin = std::time::Instant::now();
        for kind in kinds {
            let rule = |n| format!("- {{level: RequestResponse, {}, verbs: [get]}}\n", kind(n));
            let rules: String = (0..4000).map(rule).collect();
            let watched = "- {level: None, verbs: [watch]}\n".repeat(4000);
            let told = told(&format!("rules:\n{watched}{rules}- level: Metadata\n"));
            assert!(told.len() >= 4000, "{}: {}", kind(1), told.len());
        }
        for word in ["users", "userGroups", "namespaces"] {
            told(&format!("rules:\n- {{level: Metadata, {word}: [{names}]}}\n- level: RequestResponse\n"));
        }
        assert!(begin.elapsed().as_secs() < 20, "{:?}", begin.elapsed());
    }

    #[test]
    fn policies_that_name_thousands_are_asked_for_strangers() {
        let names = |kind: &str| (0..2000).map(|n| format!("{kind}{n}")).collect::<Vec<_>>().join(", ");
        let rules = format!(
            "rules:\n- {{level: Metadata, users: [{}], namespaces: [{}]}}\n- level: RequestResponse\n  resources: [{{resources: [secrets]}}]\n",
            names("u"),
            names("n")
        );
        assert_eq!(told(&rules).len(), 1);
    }
}
