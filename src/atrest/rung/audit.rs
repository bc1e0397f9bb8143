//! Audit policies. Not a rung: what is encrypted in etcd may still be written to a log.

use super::super::audit::{AuditPolicy, Level, Logged, Scope, Topic, Who};
use super::super::encryption::Server;
use super::super::inquiry::Inquiry;
use super::super::rules::AtRestRule;
use super::place;
use crate::manifest::{SyntaxError, documents};
use crate::model::Severity;

impl Inquiry {
    /// Takes an audit policy, for an API server of a minor version where that is known. Tells whether the text is one.
    ///
    /// # Errors
    /// When it is not YAML.
    pub fn audit_policy(&mut self, path: &str, text: &str, minor: Option<u32>) -> Result<bool, SyntaxError> {
        let mut seen = false;
        for (number, tree) in documents(text).enumerate() {
            let tree = tree?;
            let Some(root) = tree.root().filter(|root| AuditPolicy::is(*root)) else { continue };
            seen = true;
            if number > 0 {
                let message = "this document is not read: the API server takes the first of a file".to_owned();
                self.find(
                    AtRestRule::AuditInvalid,
                    None,
                    message,
                    place(path, text, root.range().start..root.range().start),
                );
                continue;
            }
            match AuditPolicy::read(root, minor.unwrap_or(Server::NEWEST)) {
                Ok(policy) => self.judge_policy(path, text, &policy, minor),
                Err(error) => {
                    let location = place(path, text, error.place.clone());
                    self.find(AtRestRule::AuditInvalid, None, error.reason, location);
                }
            }
        }
        Ok(seen)
    }

    fn judge_policy(&mut self, path: &str, text: &str, policy: &AuditPolicy<'_>, minor: Option<u32>) {
        for unknown in policy.unknown() {
            let message = format!("{} is no field of an audit policy", unknown.field);
            self.find(AtRestRule::AuditUnknownField, None, message, place(path, text, unknown.place.clone()));
        }
        if let Some(group) = policy.every_group().first().filter(|_| minor.is_none()) {
            let message = "group: \"*\" is every API group from 1.36 on, and an API server before that does not start \
                           with it; --kubernetes says which one it is";
            let location = place(path, text, group.range());
            self.find(AtRestRule::AuditInvalid, Some(Severity::Low), message.to_owned(), location);
        }
        for topic in Topic::ALL.into_iter().filter(|topic| !policy.is_asked_whole(*topic)) {
            let reason = format!(
                "it names too many users, groups, namespaces and names together: for {} only everybody was asked for, and not \
                 each user and group",
                topic.resource()
            );
            self.skip(path, reason);
        }
        for logged in Topic::ALL.into_iter().flat_map(|topic| policy.logged(topic)) {
            let severity = (logged.topic == Topic::ConfigMaps).then_some(Severity::Low);
            let location = place(path, text, logged.place.clone());
            self.find(AtRestRule::AuditLogsSecrets, severity, sentence(&logged), location);
        }
    }
}

/// `rule 2 logs what is sent for create, update and patch of secrets in namespace prod by everybody`.
fn sentence(logged: &Logged) -> String {
    let what = if logged.level == Level::Request { "what is sent" } else { "what is sent and answered" };
    let verbs = listed(&logged.verbs.iter().map(|verb| (*verb).to_owned()).collect::<Vec<_>>());
    let who: Vec<String> = logged.who.iter().map(whose).collect();
    format!(
        "rule {} logs {what} for {verbs} of {}{}{} by {}",
        logged.rule + 1,
        logged.topic.resource(),
        named(&logged.names),
        within(&logged.namespaces),
        listed(&who)
    )
}

/// ` in namespace prod`; the empty one is a request over all of them.
fn within(namespaces: &Scope) -> String {
    let spaces = |names: &[String]| {
        let plural = if names.len() == 1 { "" } else { "s" };
        format!("namespace{plural} {}", listed(names))
    };
    match namespaces {
        Scope::All => String::new(),
        Scope::Except(names) => format!(" outside of {}", spaces(names)),
        Scope::Only(names) => {
            let own: Vec<_> = names.iter().filter(|name| !name.is_empty()).cloned().collect();
            match (own.is_empty(), own.len() == names.len()) {
                (true, _) => " over all namespaces at once".to_owned(),
                (false, true) => format!(" in {}", spaces(&own)),
                (false, false) => format!(" in {} and over all namespaces at once", spaces(&own)),
            }
        }
    }
}

/// ` named db`.
fn named(names: &Scope) -> String {
    match names {
        Scope::All => String::new(),
        Scope::Only(names) => format!(" named {}", listed(names)),
        Scope::Except(names) => format!(" not named {}", listed(names)),
    }
}

fn whose(who: &Who) -> String {
    match who {
        Who::Everybody => "everybody whom no rule before it names".to_owned(),
        Who::User(name) => format!("user {name}"),
        Who::Group(name) => format!("group {name}"),
    }
}

/// `a, b and c`; of many the first.
fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] if words.len() <= 8 => format!("{} and {last}", rest.join(", ")),
        _ => super::some(words, words.len() as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Finding;

    fn told(text: &str, minor: Option<u32>) -> String {
        let mut inquiry = Inquiry::new(Vec::new(), None);
        assert_eq!(inquiry.audit_policy("audit.yaml", text, minor), Ok(true));
        let line =
            |finding: &Finding| format!("{} {}: {}", finding.location.position(), finding.severity, finding.message);
        inquiry.end().findings.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_bounds_a_rule_is_in_its_sentence() {
        let head = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n";
        let rules = "\
- {level: None, namespaces: [kube-system]}
- {level: None, resources: [{resources: [secrets], resourceNames: [big]}]}
- {level: Request, verbs: [create], namespaces: [a, b], users: [bot], resources: [{resources: [secrets]}]}
- {level: RequestResponse, verbs: [get], resources: [{resources: [secrets], resourceNames: [db]}]}
- {level: RequestResponse, verbs: [list], namespaces: [''], resources: [{resources: [secrets]}]}
- {level: RequestResponse, verbs: [get], resources: [{resources: [secrets]}]}
";
        insta::assert_snapshot!(told(&format!("{head}{rules}"), None), @"
        audit.yaml:6:11 high: rule 3 logs what is sent for create of secrets in namespaces a and b by user bot
        audit.yaml:7:11 high: rule 4 logs what is sent and answered for get of secrets named db outside of namespace kube-system by everybody whom no rule before it names
        audit.yaml:8:11 high: rule 5 logs what is sent and answered for list of secrets not named big over all namespaces at once by everybody whom no rule before it names
        audit.yaml:9:11 high: rule 6 logs what is sent and answered for get of secrets not named big and db outside of namespace kube-system by everybody whom no rule before it names
        ");
        insta::assert_snapshot!(told(&format!("{head}- {{level: Metadata, resources: [{{group: '*'}}]}}\n"), None), @r#"audit.yaml:4:41 low: group: "*" is every API group from 1.36 on, and an API server before that does not start with it; --kubernetes says which one it is"#);
        insta::assert_snapshot!(told(&format!("{head}- {{level: Metadata, resources: [{{group: '*'}}]}}\n"), Some(35)), @r#"audit.yaml:4:41 high: group: "*" is every API group from 1.36 on; before, a group has a name, and the API server refuses it"#);
        insta::assert_snapshot!(told(&format!("{head}- {{level: Metadata, resources: [{{group: '*'}}]}}\n"), Some(36)), @"");
        insta::assert_snapshot!(told(&format!("a: 1\n---\n{head}- {{level: Request}}\n"), None), @"audit.yaml:3:1 high: this document is not read: the API server takes the first of a file");
    }

    #[test]
    fn bodies_of_secrets_are_told_with_rule_and_place() {
        let mut inquiry = Inquiry::new(Vec::new(), None);
        let text = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n  resource: [{resources: [secrets]}]\n  verbs: [get]\n- level: Request\n";
        assert_eq!(inquiry.audit_policy("audit.yaml", text, None), Ok(true));
        assert_eq!(inquiry.audit_policy("x.yaml", "a: 1\n", None), Ok(false));
        let outcome = inquiry.end();
        let told: Vec<String> = outcome
            .findings
            .iter()
            .map(|finding| format!("{} {}: {}", finding.location.position(), finding.severity, finding.message))
            .collect();
        insta::assert_snapshot!(told.join("\n"), @"
        audit.yaml:7:10 high: rule 2 logs what is sent for create, update and patch of secrets by everybody whom no rule before it names
        audit.yaml:7:10 high: rule 2 logs what is sent for create of tokenreviews.authentication.k8s.io by everybody whom no rule before it names
        audit.yaml:5:3 medium: resource is no field of an audit policy
        audit.yaml:7:10 low: rule 2 logs what is sent for create, update and patch of configmaps by everybody whom no rule before it names
        ");
    }
}
