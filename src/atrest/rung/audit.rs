//! Audit policies. Not a rung: what is encrypted in etcd may still be written to a log.

use super::super::audit::{AuditPolicy, Level, Logged, Topic, Who};
use super::super::inquiry::Inquiry;
use super::super::rules::AtRestRule;
use super::place;
use crate::manifest::{SyntaxError, documents};
use crate::model::Severity;

impl Inquiry {
    /// Takes an audit policy. Tells whether the text is one.
    ///
    /// # Errors
    /// When it is not YAML.
    pub fn audit_policy(&mut self, path: &str, text: &str) -> Result<bool, SyntaxError> {
        let mut seen = false;
        for tree in documents(text) {
            let tree = tree?;
            let Some(root) = tree.root().filter(|root| AuditPolicy::is(*root)) else { continue };
            seen = true;
            match AuditPolicy::read(root) {
                Ok(policy) => self.judge_policy(path, text, &policy),
                Err(error) => {
                    let location = place(path, text, error.place.clone());
                    self.find(AtRestRule::AuditInvalid, None, error.reason, location);
                }
            }
        }
        Ok(seen)
    }

    fn judge_policy(&mut self, path: &str, text: &str, policy: &AuditPolicy<'_>) {
        for unknown in policy.unknown() {
            let message = format!("{} is no field of an audit policy", unknown.field);
            self.find(AtRestRule::AuditUnknownField, None, message, place(path, text, unknown.place.clone()));
        }
        for logged in Topic::ALL.into_iter().flat_map(|topic| policy.logged(topic)) {
            let severity = (logged.topic == Topic::ConfigMaps).then_some(Severity::Low);
            let location = place(path, text, logged.place.clone());
            self.find(AtRestRule::AuditLogsSecrets, severity, sentence(&logged), location);
        }
    }
}

/// `rule 2 logs what is sent for create, update and patch of secrets by everybody`.
fn sentence(logged: &Logged) -> String {
    let what = if logged.level == Level::Request { "what is sent" } else { "what is sent and answered" };
    let verbs = listed(&logged.verbs.iter().map(|verb| (*verb).to_owned()).collect::<Vec<_>>());
    let who: Vec<String> = logged.who.iter().map(whose).collect();
    format!("rule {} logs {what} for {verbs} of {} by {}", logged.rule + 1, logged.topic.resource(), listed(&who))
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

    #[test]
    fn bodies_of_secrets_are_told_with_rule_and_place() {
        let mut inquiry = Inquiry::new(Vec::new(), None);
        let text = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n  resource: [{resources: [secrets]}]\n  verbs: [get]\n- level: Request\n";
        assert_eq!(inquiry.audit_policy("audit.yaml", text), Ok(true));
        assert_eq!(inquiry.audit_policy("x.yaml", "a: 1\n"), Ok(false));
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
