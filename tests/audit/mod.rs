//! The API server's own code as the oracle of the simulator of audit policies: which load, and how each request is logged.

mod dice;
mod oracle;

use std::collections::BTreeSet;

use ksecrets::atrest::audit::{AuditPolicy, Level, Request, Topic};
use ksecrets::atrest::encryption::Config;

use dice::{Asked, Dice, GROUPS};
use oracle::{Answer, Oracle};

/// How many requests are asked of each policy.
const REQUESTS: usize = 60;

fn request(asked: &Asked) -> Request<'_> {
    let (group, resource, subresource) = asked.object;
    let (user, verb, groups) = (asked.user, asked.verb, asked.groups.clone());
    Request { user, groups, verb, group, resource, subresource, namespace: asked.namespace, name: asked.name }
}

/// Compares one policy. Whether it loads, or how it differs.
fn compare(oracle: &mut Oracle, text: &str, asked: &[Asked]) -> Result<bool, String> {
    let requests: Vec<Request<'_>> = asked.iter().map(request).collect();
    let theirs = oracle.ask(text, &requests);
    let tree = Config::document(text);
    let root = tree.as_ref().map_err(ToString::to_string).and_then(|tree| tree.root().ok_or("empty".to_owned()));
    let ours = root.and_then(|root| AuditPolicy::read(root, 36).map_err(|error| error.to_string()));
    match (ours, theirs) {
        (Err(_), Answer::Refused(_)) => Ok(false),
        (Ok(_), Answer::Refused(why)) => Err(format!("loads for us, but: {why}")),
        (Err(why), Answer::Loaded(_)) => Err(format!("does not load for us: {why}")),
        (Ok(policy), Answer::Loaded(levels)) => {
            for (request, (level, omitted)) in requests.iter().zip(levels) {
                let (ours, omits) = policy.level(request);
                // Where nothing is logged the stage is of no interest.
                if ours.to_string() != level || ours != Level::None && omits != omitted {
                    return Err(format!("{request:?}: {level} {omitted}, and {ours} {omits} for us"));
                }
            }
            Ok(true)
        }
    }
}

/// Rounds of five hundred policies; `KSECRETS_ORACLE_ROUNDS` asks for more.
fn rounds() -> u64 {
    std::env::var("KSECRETS_ORACLE_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(4)
}

#[test]
fn policies_are_what_the_server_makes_of_them() {
    let Some(mut oracle) = Oracle::start() else { return };
    let (mut loaded, mut refused) = (0, 0);
    let mut differences = Vec::new();
    for seed in 0..rounds() {
        let mut dice = Dice::new(seed + 1);
        for number in 0..500 {
            let text = dice.policy();
            let asked: Vec<_> = (0..REQUESTS).map(|_| dice.request()).collect();
            match compare(&mut oracle, &text, &asked) {
                Ok(true) => loaded += 1,
                Ok(false) => refused += 1,
                Err(why) => differences.push(format!("seed {seed} number {number}: {why}\n{text}")),
            }
        }
    }
    let shown = differences.iter().take(12).cloned().collect::<Vec<_>>().join("\n----\n");
    assert!(differences.is_empty(), "{} differences of {}\n{shown}", differences.len(), loaded + refused);
    assert!(loaded > refused / 4 && refused > loaded / 10, "{loaded} loaded, {refused} refused");
}

/// Verbs of a topic, from which level on the secret is in what is logged, and whether a name is in the path.
fn verbs(topic: Topic) -> &'static [(&'static str, &'static str, bool)] {
    match topic {
        Topic::Secrets | Topic::ConfigMaps => &[
            ("get", "RequestResponse", true),
            ("list", "RequestResponse", false),
            ("create", "Request", false),
            ("update", "Request", true),
            ("patch", "Request", true),
            ("delete", "RequestResponse", true),
            ("deletecollection", "RequestResponse", false),
        ],
        Topic::TokenRequests => &[("create", "RequestResponse", true)],
        Topic::TokenReviews => &[("create", "Request", false)],
    }
}

fn object(topic: Topic) -> (&'static str, &'static str, &'static str) {
    match topic {
        Topic::Secrets => ("", "secrets", ""),
        Topic::ConfigMaps => ("", "configmaps", ""),
        Topic::TokenRequests => ("", "serviceaccounts", "token"),
        Topic::TokenReviews => ("authentication.k8s.io", "tokenreviews", ""),
    }
}

/// Every request about a topic that could make a difference to a policy of ours.
fn everything(topic: Topic) -> Vec<Asked> {
    let object = object(topic);
    let mut all = Vec::new();
    let namespaces: &[&str] =
        if topic == Topic::TokenReviews { &[""] } else { &["", "prod", "kube-system", "test", "other"] };
    for &(verb, _, named) in verbs(topic) {
        let names: &[&str] = if named { &["db", "api", "ca.crt", "other"] } else { &[""] };
        let names = if verb == "list" { &["", "db", "api", "ca.crt", "other"] } else { names };
        for namespace in namespaces.iter().filter(|name| !name.is_empty() || verb == "list" || namespaces.len() == 1) {
            for (user, own) in [
                ("stranger", &["system:authenticated"][..]),
                ("alice", &["system:authenticated"]),
                ("größe", &["system:authenticated"]),
                ("system:serviceaccount:ci:bot", &["system:authenticated", "system:serviceaccounts"]),
                ("system:node:a", &["system:authenticated", "system:nodes"]),
            ] {
                for group in [None].into_iter().chain(GROUPS.map(Some)) {
                    let groups: Vec<_> = own.iter().copied().chain(group).collect();
                    all.extend(names.iter().map(|name| Asked {
                        user,
                        groups: groups.clone(),
                        verb,
                        object,
                        namespace,
                        name,
                    }));
                }
            }
        }
    }
    all
}

/// What is told of a policy is what the server logs: no verb too many, none too few.
#[test]
fn what_is_told_is_what_is_logged() {
    let Some(mut oracle) = Oracle::start() else { return };
    let mut dice = Dice::new(99);
    let mut told_anything = 0;
    for _ in 0..rounds() * 10 {
        let text = dice.policy();
        // Whoever has no credential is asked for only where a policy names that user: such requests seldom get in.
        if text.contains("system:anonymous") {
            continue;
        }
        let Ok(tree) = Config::document(&text) else { continue };
        let Ok(policy) = AuditPolicy::read(tree.root().unwrap(), 36) else { continue };
        for topic in Topic::ALL {
            let asked = everything(topic);
            let requests: Vec<Request<'_>> = asked.iter().map(request).collect();
            let Answer::Loaded(levels) = oracle.ask(&text, &requests) else { panic!("refused\n{text}") };
            let logged = asked.iter().zip(levels).filter_map(|(asked, (level, omitted))| {
                let (_, least, _) = verbs(topic).iter().find(|(verb, ..)| *verb == asked.verb).unwrap();
                let enough = level == "RequestResponse" || level == *least;
                (enough && !omitted).then_some((asked.verb, level))
            });
            let logged: BTreeSet<(&str, String)> = logged.collect();
            let told: BTreeSet<(&str, String)> = policy
                .logged(topic)
                .iter()
                .flat_map(|logged| logged.verbs.iter().map(|verb| (*verb, logged.level.to_string())))
                .collect();
            assert_eq!(told, logged, "{topic:?}\n{text}");
            told_anything += told.len();
        }
    }
    assert!(told_anything > 30, "{told_anything}");
}
