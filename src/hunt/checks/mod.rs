//! Structural rules: what an object does with secrets, no value needed. One file each.
//!
//! A new check is one file here, one line in [`checks!`], and two fixtures under `fixtures/checks/<id>/`.

use std::sync::Arc;

use crate::manifest::{Node, Object};
use crate::model::{Confidence, Rule, Severity};

mod names;
mod shape;
mod values;

pub(super) use applied_secret::holds_secret;

/// A structural rule over one object. It cannot fail: nodes already know where they are.
pub(super) trait Check: Sync {
    /// What the rule says of itself.
    fn rule(&self) -> Rule;

    /// Words, in lower case, without which a document has nothing for this check; they are a reason to parse it. A check
    /// without any is about the names of credentials.
    fn words(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether it says something of an object of a cluster too, and not only of one in a file.
    fn in_clusters(&self) -> bool {
        true
    }

    /// Whether it is about objects inside of strings too: most are no objects there yet, and what renders or applies them
    /// is what counts. Such a check has words.
    fn in_strings(&self) -> bool {
        false
    }

    /// Reports what the object does.
    fn check<'t>(&self, object: &Object<'t>, out: &mut Sightings<'t>);
}

/// What a check saw.
#[derive(Debug)]
pub(super) struct Sighting<'t> {
    /// The node that shows it.
    pub node: Node<'t>,
    /// What was seen, naming container, key and so on.
    pub message: String,
    /// The rule's severity unless the place is better or worse.
    pub severity: Severity,
    /// The rule's confidence unless the place says more.
    pub confidence: Confidence,
}

/// What one check saw in one object.
#[derive(Debug)]
pub(super) struct Sightings<'t> {
    rule: Arc<Rule>,
    seen: Vec<Sighting<'t>>,
}

impl<'t> Sightings<'t> {
    /// Starts with nothing seen.
    #[must_use]
    pub(super) fn new(rule: Arc<Rule>) -> Self {
        Self { rule, seen: Vec::new() }
    }

    /// Reports a node, with the rule's own severity and confidence.
    pub(super) fn at(&mut self, node: Node<'t>, message: impl Into<String>) {
        self.with_severity(node, message, self.rule.severity);
    }

    /// Reports a node that is better or worse than the rule's usual case.
    pub(super) fn with_severity(&mut self, node: Node<'t>, message: impl Into<String>, severity: Severity) {
        let message = show_actions(message.into());
        self.seen.push(Sighting { node, message, severity, confidence: self.rule.confidence });
    }

    /// The rule and what was seen.
    #[must_use]
    pub(super) fn into_parts(self) -> (Arc<Rule>, Vec<Sighting<'t>>) {
        (self.rule, self.seen)
    }
}

/// Puts `{{…}}` where the runs of underscores stand that masking left of a template's actions: a name that a template
/// makes should look made. No name that a person gave has five underscores in a row.
fn show_actions(message: String) -> String {
    if !message.contains("_____") {
        return message;
    }
    let mut shown = String::with_capacity(message.len());
    let mut rest = message.as_str();
    while let Some(start) = rest.find("_____") {
        shown.push_str(&rest[..start]);
        shown.push_str("{{…}}");
        rest = rest[start..].trim_start_matches('_');
    }
    shown + rest
}

/// Declares the checks: module and type of each, or types where one module has several that follow each other.
macro_rules! checks {
    ($($module:ident :: $check:ident $(| $more:ident)*),* $(,)?) => {
        $(mod $module;)*
        /// Every check, in the order of `ksecrets rules`.
        pub(crate) static CHECKS: [&dyn Check; [$(stringify!($check), $(stringify!($more),)*)*].len()] =
            [$(&$module::$check, $(&$module::$more,)*)*];
    };
}

checks! {
    applied_secret::AppliedSecret,
    bootstrap_token_without_expiry::BootstrapTokenWithoutExpiry,
    configmap_env_credential::ConfigmapEnvCredential,
    credential_annotation::CredentialAnnotation,
    encryption_config::IdentityFallback
        | IdentityFirst
        | Invalid
        | KmsV1
        | RepeatedKey
        | ResourceTwice
        | SecretsUncovered
        | ShortKey
        | SingleKey
        | StaleKey
        | WeakKey
        | WeakProvider,
    host_path_secrets::HostPathSecrets,
    host_process_secrets::HostProcessSecrets,
    plain_secret_manifest::PlainSecretManifest,
    privileged_pod_secrets::PrivilegedPodSecrets,
    secret_env::SecretEnv,
    service_account_token_automount::ServiceAccountTokenAutomount,
    service_account_token_secret::ServiceAccountTokenSecret,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::PathBuf;

    use super::*;
    use crate::manifest::documents;
    use crate::model::{Class, RuleId};

    /// What a check says of every object of a text: severity and message, in its order.
    pub(super) fn seen(check: &dyn Check, text: &str) -> Vec<String> {
        each(check, text, |sighting| format!("{}: {}", sighting.severity, sighting.message))
    }

    fn each<T>(check: &dyn Check, text: &str, mut view: impl FnMut(&Sighting<'_>) -> T) -> Vec<T> {
        let mut views = Vec::new();
        for tree in documents(text) {
            let tree = tree.unwrap();
            let mut out = Sightings::new(Arc::new(check.rule()));
            for object in Object::all(&tree) {
                check.check(&object, &mut out);
            }
            views.extend(out.into_parts().1.iter().map(&mut view));
        }
        views
    }

    fn fixture(id: &RuleId, name: &str) -> String {
        let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "fixtures/checks", id.as_str(), name].iter().collect();
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The lines that `# expect: <id>` speaks of: its own, or the next when it has a line to itself.
    fn expected(text: &str, id: &RuleId) -> Vec<usize> {
        let mut lines = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let Some((before, word)) = line.split_once("# expect: ") else { continue };
            assert_eq!(word.trim(), id.as_str(), "line {} expects another check", index + 1);
            lines.push(if before.trim().is_empty() { index + 2 } else { index + 1 });
        }
        lines
    }

    fn seen_lines(check: &dyn Check, text: &str) -> Vec<usize> {
        let mut lines = each(check, text, |sighting| 1 + text[..sighting.node.range().start].matches('\n').count());
        lines.sort_unstable();
        lines
    }

    #[test]
    fn templated_names_look_templated() {
        assert_eq!(show_actions("Secret ______________-auth of a__b".into()), "Secret {{…}}-auth of a__b");
    }

    #[test]
    fn every_check_says_what_it_is() {
        let mut ids = BTreeSet::new();
        for rule in CHECKS.iter().map(|check| check.rule()) {
            let id = rule.id.as_str();
            assert!(RuleId::is_well_formed(id), "{id}");
            assert!(matches!(rule.class, Class::Exposure | Class::AtRest), "{id}");
            for text in [&rule.title, &rule.description, &rule.remediation] {
                assert!(!text.trim().is_empty() && !text.contains("  "), "{id}: {text:?}");
            }
            assert!(
                !rule.title.ends_with('.') && rule.description.ends_with('.') && rule.remediation.ends_with('.'),
                "{id}"
            );
            assert!(
                !rule.references.is_empty() && rule.references.iter().all(|page| page.starts_with("https://")),
                "{id}"
            );
            assert!(!rule.references.iter().any(|page| page.contains(' ')), "{id}");
            assert!(ids.insert(rule.id.clone()), "{id} is there twice");
        }
        assert!(CHECKS.iter().all(|check| !check.in_strings() || !check.words().is_empty()), "strings are many");
        assert!(CHECKS.iter().map(|check| check.rule().id).eq(ids), "the list is in the order of ids");
    }

    #[test]
    fn bad_fixtures_are_seen_line_by_line() {
        for check in CHECKS {
            let id = check.rule().id;
            let text = fixture(&id, "bad.yaml");
            let expected = expected(&text, &id);
            assert!(!expected.is_empty(), "{id}: bad.yaml expects nothing");
            assert_eq!(seen_lines(check, &text), expected, "{id}: lines of bad.yaml");
        }
    }

    #[test]
    fn good_fixtures_are_silent() {
        for check in CHECKS {
            let id = check.rule().id;
            assert_eq!(seen(check, &fixture(&id, "good.yaml")), [""; 0], "{id}");
        }
    }

    #[test]
    fn fixtures_belong_to_checks() {
        let root: PathBuf = [env!("CARGO_MANIFEST_DIR"), "fixtures/checks"].iter().collect();
        let known: BTreeSet<String> = CHECKS.iter().map(|check| check.rule().id.to_string()).collect();
        let found: BTreeSet<String> = fs::read_dir(root)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        assert_eq!(found, known);
    }
}
