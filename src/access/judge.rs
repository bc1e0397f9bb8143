//! Which bindings show Secrets to more than they should.
//!
//! A binding is judged, never a role alone: a role that nobody has gives nothing, and the same role is fine for one
//! subject and not for another. One finding for each binding, rule and weight; subjects of one kind are told together.
//!
//! Fine are: what every cluster gives its own parts ([`super::accepted`]), and a right to Secrets by name in one
//! namespace. Told with less weight: known controllers ([`super::controller`]), and people, who have rights so that
//! they can work.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::audience::Audience;
use super::breadth::Breadth;
use super::controller::{Controller, known};
use super::finding::AccessFinding;
use super::listing::{full_listing, listing};
use super::narrow;
use super::place::namespace_title;
use super::policy::Origin;
use super::reach::Reach;
use super::reading::Reading;
use super::rules::AccessRule;
use super::subject::Subject;
use super::{Access, accepted};
use crate::model::{Confidence, Severity};

/// What findings of one binding are told apart by.
type Key = (usize, AccessRule, Severity, Option<&'static str>);

/// Everything that is to be said, sorted by binding and rule.
pub(super) fn judge(access: &Access) -> Vec<AccessFinding> {
    let judge = Judge { access, readings: access.policy().roles().iter().map(Reading::of).collect() };
    let mut told = BTreeSet::new();
    let mut findings = judge.direct(&mut told);
    findings.extend(judge.indirect(&told));
    findings.sort_by_key(|(key, _)| *key);
    findings.into_iter().map(|(_, finding)| finding).collect()
}

/// A subject that is reported, without excuse, as a reader of everything in a scope: the cluster when none.
type Told<'j> = BTreeSet<(&'j Subject, Option<&'j str>)>;

struct Judge<'j> {
    access: &'j Access,
    readings: Vec<Reading>,
}

/// Subjects of one finding.
#[derive(Default)]
struct Group<'j> {
    subjects: BTreeSet<&'j Subject>,
    controller: Option<&'static Controller>,
    reaches: Vec<&'j Reach>,
}

impl<'j> Judge<'j> {
    /// Bindings that give reading verbs.
    fn direct(&self, told: &mut Told<'j>) -> Vec<(Key, AccessFinding)> {
        let policy = self.access.policy();
        let mut findings = Vec::new();
        for (index, binding) in policy.bindings().iter().enumerate() {
            let namespace = binding.namespace.as_deref();
            let readings = policy.roles_of(index).iter().map(|role| &self.readings[*role]);
            let Some(breadth) = Breadth::of(namespace, readings) else { continue };
            let mut groups: BTreeMap<Key, Group<'j>> = BTreeMap::new();
            for subject in binding.subjects.iter().filter(|subject| !accepted::binding(policy, index, subject)) {
                let Some((rule, severity)) = self.weigh(subject, &breadth) else { continue };
                let excuse = known(subject, binding.role.name()).filter(|one| one.explains_reading());
                if excuse.is_none() && breadth.shows_every() {
                    told.insert((subject, namespace));
                }
                let severity = if excuse.is_some() { severity.min(Severity::Low) } else { severity };
                let group = groups.entry((index, rule, severity, excuse.map(|one| one.name))).or_default();
                group.subjects.insert(subject);
                group.controller = excuse;
            }
            findings.extend(groups.into_iter().map(|(key, group)| (key, self.direct_finding(key, &group, &breadth))));
        }
        findings
    }

    /// The rule that a subject of a binding breaks, and how badly.
    fn weigh(&self, subject: &Subject, breadth: &Breadth<'_>) -> Option<(AccessRule, Severity)> {
        let audience = Audience::of(subject);
        // A Secret that is given by its name may be meant for a subject, but none is meant for whoever reaches the server.
        let least = if audience == Audience::Anonymous { Severity::Low } else { Severity::Info };
        let severity = breadth.severity().max(least).shifted(audience.weight());
        let rule = match audience {
            _ if audience.is_crowd() => AccessRule::SecretReadersEveryone,
            Audience::DefaultAccount => AccessRule::DefaultServiceAccountRights,
            _ if breadth.is_cluster_wide() => AccessRule::SecretReadClusterWide,
            _ if breadth.shows_every() => AccessRule::SecretReadNamespaceWide,
            Audience::Program if self.is_unused(subject) => return Some((AccessRule::SecretReadUnused, Severity::Low)),
            _ => return None,
        };
        Some((rule, severity))
    }

    /// Whether nothing runs under a service account. Only a server shows all that runs.
    fn is_unused(&self, subject: &Subject) -> bool {
        self.access.policy().origin() == Origin::Live && self.access.usage().is_idle(subject)
    }

    /// Whether a binding names a service account that is not there.
    fn is_missing(&self, subject: &Subject) -> bool {
        self.access.policy().origin() == Origin::Live && self.access.usage().is_missing(subject)
    }

    fn direct_finding(&self, key: Key, group: &Group<'j>, breadth: &Breadth<'_>) -> AccessFinding {
        let binding = &self.access.policy().bindings()[key.0];
        let sentence = breadth.sentence();
        let mut finding =
            self.finding(key, group, &format!("lets {{subjects}} {sentence}, through {}", binding.role_title()));
        if breadth.is_disguised() {
            finding.notes.push("these verbs answer with the Secrets that they change, data included".to_owned());
        }
        let also = self.paths_besides(group, binding.namespace.as_deref());
        if !also.is_empty() {
            finding.notes.push(format!("also leads to Secrets: {}", listing(also)));
        }
        finding
    }

    /// Paths that subjects of a finding have in its scope, the worst first. They are not told apart when reading is.
    fn paths_besides(&self, group: &Group<'j>, namespace: Option<&str>) -> Vec<&'static str> {
        if group.controller.is_some() {
            return Vec::new();
        }
        let reaches = group.subjects.iter().flat_map(|subject| self.access.reaches_by(subject));
        let reaches = reaches.filter(|reach| !reach.accepted && scope(reach) == namespace);
        let paths: BTreeSet<_> =
            reaches.map(|reach| (Reverse(reach.path.gain), Reverse(reach.path.severity), reach.path.name)).collect();
        paths.into_iter().map(|(.., name)| name).collect()
    }

    /// Bindings that give a path to Secrets which their subjects do not read anyway.
    fn indirect(&self, told: &Told<'j>) -> Vec<(Key, AccessFinding)> {
        let policy = self.access.policy();
        let mut groups: BTreeMap<Key, Group<'j>> = BTreeMap::new();
        for reach in self.access.reaches().iter().filter(|reach| !reach.accepted) {
            let reads = told.contains(&(&reach.subject, None)) || told.contains(&(&reach.subject, scope(reach)));
            let Some(index) = self.blamed(reach).filter(|_| !reads) else { continue };
            let rule = if reach.is_wide() {
                AccessRule::IndirectClusterSecretAccess
            } else {
                AccessRule::IndirectSecretAccess
            };
            let excuse = known(&reach.subject, policy.bindings()[index].role.name());
            let excuse = excuse.filter(|one| one.explains(reach.path.name));
            // One finding for all paths, as bad as the worst of them: the severity is found below.
            let key = (index, rule, Severity::Info, excuse.map(|one| one.name));
            let group = groups.entry(key).or_default();
            group.subjects.insert(&reach.subject);
            group.controller = excuse;
            group.reaches.push(reach);
        }
        groups.into_iter().map(|(key, group)| self.indirect_finding(key, &group)).collect()
    }

    /// The binding that a path is told of: the first that is the subject's own and not what every cluster has.
    fn blamed(&self, reach: &Reach) -> Option<usize> {
        let policy = self.access.policy();
        let strange = |binding: &usize| !accepted::binding(policy, *binding, &reach.subject);
        let own = |binding: &usize| policy.bindings()[*binding].subjects.contains(&reach.subject);
        let all = || reach.bindings.iter().copied();
        all().find(|binding| strange(binding) && own(binding)).or_else(|| all().find(|binding| own(binding)))
    }

    fn indirect_finding(&self, (index, rule, _, excuse): Key, group: &Group<'j>) -> (Key, AccessFinding) {
        let worst = group.reaches.iter().map(|reach| severity(reach)).max().unwrap_or(Severity::Info);
        let worst = if excuse.is_some() { worst.min(Severity::Low) } else { worst };
        let key = (index, rule, worst, excuse);
        let mut paths: Vec<&Reach> = group.reaches.clone();
        paths.sort_by_key(|reach| (Reverse(severity(reach)), reach.path.name));
        let mut seen = BTreeSet::new();
        paths.retain(|reach| seen.insert(reach.path.name));
        let place = match self.access.policy().bindings()[index].namespace.as_deref() {
            // A right in one namespace that leads out of it: by an account there, or by the node.
            Some(namespace) if rule == AccessRule::IndirectClusterSecretAccess => {
                format!(" in {}, and so get at Secrets of other namespaces", namespace_title(namespace))
            }
            Some(namespace) => format!(" in {}", namespace_title(namespace)),
            None => String::new(),
        };
        let names = full_listing(paths.iter().map(|reach| reach.path.name));
        let first = paths.first().map_or("", |reach| reach.path.gives);
        let mut finding = self.finding(key, group, &format!("lets {{subjects}} {first}{place} ({names})"));
        let surest = paths.iter().map(|reach| reach.path.confidence).max().unwrap_or(Confidence::Low);
        finding.confidence = finding.confidence.min(surest);
        finding.notes.extend(paths.iter().skip(1).map(|reach| format!("{}: {}", reach.path.name, reach.path.gives)));
        finding.notes.extend(paths.iter().filter_map(|reach| limits(reach)));
        finding.notes.extend(paths.iter().filter_map(|reach| spread(reach)));
        finding.notes.extend(paths.iter().filter_map(|reach| onward(reach)).collect::<BTreeSet<_>>());
        if self.access.version().is_none() {
            finding.notes.extend(paths.iter().filter_map(|reach| {
                let versions = reach.path.versions()?;
                Some(format!("{} is open {versions}; the server's version is not known", reach.path.name))
            }));
        }
        (key, finding)
    }

    /// What findings of either kind have in common.
    fn finding(&self, (index, rule, severity, _): Key, group: &Group<'j>, lets: &str) -> AccessFinding {
        let policy = self.access.policy();
        let binding = &policy.bindings()[index];
        let meta = rule.rule();
        let mut notes = Vec::new();
        if let Some(controller) = group.controller {
            notes.push(format!("known controller: {} {}", controller.name, controller.reason));
        }
        let mut confidence = meta.confidence;
        if policy.is_assumed(index) {
            confidence = confidence.min(Confidence::Medium);
            notes.push(format!("{} is not among the files: taken to be as every cluster has it", binding.role_title()));
        }
        let (missing, there): (Vec<&Subject>, Vec<&Subject>) =
            group.subjects.iter().copied().partition(|subject| self.is_missing(subject));
        if !missing.is_empty() {
            let verb = if missing.len() == 1 { "does" } else { "do" };
            notes.push(format!("{} {verb} not exist: who creates it has the right", listing(missing)));
        }
        let idle: Vec<&Subject> = there.into_iter().filter(|subject| self.is_unused(subject)).collect();
        if !idle.is_empty() {
            notes.push(format!("nothing runs under {}", listing(idle)));
        }
        if group.subjects.iter().all(|subject| Audience::of(subject) == Audience::People) {
            notes.push("people are told a step below a program with the same rights".to_owned());
        }
        let empty = binding.namespace.as_deref().filter(|namespace| self.access.is_empty_of_secrets(namespace));
        let leads_on = group.reaches.iter().any(|reach| reach.is_wide() || !reach.onward.is_empty());
        let nothing_there = empty.is_some() && !leads_on;
        if nothing_there {
            notes.push("no Secret is there today".to_owned());
        }
        let severity = if nothing_there { severity.min(Severity::Low) } else { severity };
        let roles: Vec<String> =
            group.subjects.iter().filter_map(|subject| narrow::role(subject, self.access.usage())).collect();
        AccessFinding {
            rule,
            severity,
            confidence,
            binding: binding.title(),
            subjects: group.subjects.iter().copied().cloned().collect(),
            message: format!("{} {}", binding.title(), lets.replace("{subjects}", &listing(&group.subjects))),
            location: binding.location.clone(),
            notes,
            remediation: self.remediation(rule, group),
            narrower: (!roles.is_empty()).then(|| roles.join("---\n")),
        }
    }

    fn remediation(&self, rule: AccessRule, group: &Group<'j>) -> String {
        let usage = self.access.usage();
        let accounts = || group.subjects.iter().copied().filter(|subject| usage.runs(subject));
        let general = rule.rule().remediation;
        let idle: Vec<&Subject> = accounts().filter(|subject| usage.secrets_of(subject).next().is_none()).collect();
        if accounts().any(|subject| usage.secrets_of(subject).next().is_some()) {
            format!("{general} A Role for the Secrets that its pods refer to would do.")
        } else if idle.is_empty() {
            general.into_owned()
        } else {
            format!(
                "{general} The pods of {} refer to no Secret: the right can go unless they ask the API.",
                listing(idle)
            )
        }
    }
}

/// The scope in which a subject that reads everything needs no path.
fn scope(reach: &Reach) -> Option<&str> {
    reach.namespace.as_deref().filter(|_| !reach.is_wide())
}

/// How bad a path is for who has it.
fn severity(reach: &Reach) -> Severity {
    let wider = reach.is_wide() && reach.path.gain == super::path::Gain::Namespace;
    let limited = !reach.names.is_empty();
    reach.path.severity.shifted(Audience::of(&reach.subject).weight() + i8::from(wider) - i8::from(limited))
}

fn limits(reach: &Reach) -> Option<String> {
    (!reach.names.is_empty()).then(|| format!("{} is limited to {}", reach.path.name, listing(&reach.names)))
}

/// Where it leads beyond its namespace, and as whom.
fn onward(reach: &Reach) -> Option<String> {
    let name = reach.path.name;
    if let Some(account) = &reach.onward.everywhere {
        return Some(format!("{name}: acts as {account}, which gets at every Secret of the cluster"));
    }
    let (_, account) = reach.onward.namespaces.first_key_value()?;
    let namespaces = listing(reach.onward.namespaces.keys());
    Some(format!("{name}: acts as {account}, and so gets at the Secrets of {namespaces}"))
}

fn spread(reach: &Reach) -> Option<String> {
    let bindings: BTreeSet<&str> = reach.via.iter().map(|via| &*via.binding).collect();
    (bindings.len() > 1).then(|| format!("{} takes {} together", reach.path.name, full_listing(bindings)))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{binding, facts, role};
    use super::*;
    use crate::access::Origin::{Live, Manifests};

    fn findings(text: &str, origin: Origin) -> Vec<AccessFinding> {
        Access::new(facts(text), origin, None).findings()
    }

    /// Severity, rule and message of every finding.
    fn said(text: &str) -> Vec<String> {
        let line = |one: &AccessFinding| format!("{} {}: {}", one.severity, one.rule.rule().id, one.message);
        findings(text, Live).iter().map(line).collect()
    }

    fn pod(namespace: &str, account: &str, secret: &str) -> String {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: {namespace}}}\nspec: {{serviceAccountName: \
             {account}, containers: [{{name: c, image: i, envFrom: [{{secretRef: {{name: {secret}}}}}]}}]}}\n"
        )
    }

    #[test]
    fn scope_and_subject_make_the_weight() {
        let reader = role("", "r", "get, list, watch", "secrets");
        let one = |namespace: &str, subject: &str| {
            said(&(reader.clone() + &binding(namespace, "b", "ClusterRole r", subject)))
        };
        assert_eq!(
            one("", "ServiceAccount ci/deployer"),
            [
                "high secret-read-cluster-wide: ClusterRoleBinding b lets ServiceAccount ci/deployer get, list and watch \
              every Secret of the cluster, through ClusterRole r"
            ]
        );
        assert_eq!(
            one("n", "ServiceAccount ci/deployer"),
            ["medium secret-read-namespace-wide: RoleBinding n/b lets ServiceAccount ci/deployer get, list and watch \
              every Secret of namespace n, through ClusterRole r"]
        );
        let first = |namespace: &str, subject: &str| {
            let said = one(namespace, subject);
            assert_eq!(said.len(), 1, "{said:?}");
            said[0].split_once(": ").unwrap().0.to_owned()
        };
        assert_eq!(first("", "Group system:unauthenticated"), "critical secret-readers-everyone");
        assert_eq!(first("n", "User system:anonymous"), "critical secret-readers-everyone");
        assert_eq!(first("", "Group system:authenticated"), "critical secret-readers-everyone");
        assert_eq!(first("", "Group system:authenticated:oauth"), "critical secret-readers-everyone");
        assert_eq!(first("n", "Group system:serviceaccounts"), "high secret-readers-everyone");
        assert_eq!(first("n", "Group system:serviceaccounts:n"), "high secret-readers-everyone");
        assert_eq!(first("n", "ServiceAccount n/default"), "high default-service-account-rights");
        assert_eq!(first("kube-system", "ServiceAccount n/api"), "high secret-read-namespace-wide");
        assert_eq!(first("", "Group devs"), "medium secret-read-cluster-wide");
        assert_eq!(first("n", "User jane"), "low secret-read-namespace-wide");
    }

    #[test]
    fn names_narrow_and_disguised_verbs_count() {
        let named = role("n", "r", "get", "secrets").replace("[secrets]", "[secrets], resourceNames: [db]");
        assert_eq!(said(&(named.clone() + &binding("n", "b", "Role r", "ServiceAccount n/api"))), [""; 0]);
        assert_eq!(
            said(&(named.clone() + &binding("n", "b", "Role r", "Group system:authenticated"))),
            [
                "low secret-readers-everyone: RoleBinding n/b lets Group system:authenticated get Secret db of namespace n, \
              through Role n/r"
            ]
        );
        assert_eq!(
            said(&(named + &binding("n", "b", "Role r", "Group system:unauthenticated"))),
            [
                "high secret-readers-everyone: RoleBinding n/b lets Group system:unauthenticated get Secret db of namespace \
              n, through Role n/r"
            ]
        );
        let text = role("n", "r", "patch, deletecollection", "secrets") + &binding("n", "b", "Role r", "User jane");
        let found = findings(&text, Live);
        assert!(found[0].message.contains("patch and deletecollection every Secret"), "{}", found[0].message);
        assert!(found[0].notes.iter().any(|note| note.contains("data included")));
        let blind = role("n", "r", "create, update", "secrets") + &binding("n", "b", "Role r", "User jane");
        assert_eq!(said(&blind), [""; 0]);
    }

    #[test]
    fn a_role_without_a_binding_gives_nothing() {
        assert_eq!(said(&role("", "r", "'*'", "'*'")), [""; 0]);
        assert_eq!(said(&binding("", "b", "ClusterRole cluster-admin", "User jane")), [""; 0]);
    }

    #[test]
    fn a_controller_is_told_with_its_reason() {
        let text = role("", "cert-manager-cainjector", "get, list, watch", "secrets")
            + &binding(
                "",
                "b",
                "ClusterRole cert-manager-cainjector",
                "ServiceAccount cert-manager/cert-manager-cainjector, ServiceAccount ci/x",
            );
        let found = findings(&text, Live);
        let weights: Vec<_> = found.iter().map(|one| (one.severity, one.subjects.len())).collect();
        assert_eq!(weights, [(Severity::Low, 1), (Severity::High, 1)]);
        let reason = "known controller: cert-manager takes authorities";
        assert!(found[0].notes[0].starts_with(reason), "{:?}", found[0].notes);
    }

    #[test]
    fn a_controller_is_not_excused_for_what_it_does_not_need() {
        let text = role("", "cert-manager", "get", "secrets")
            + &role("", "more", "create", "pods/exec")
            + &binding("", "a", "ClusterRole cert-manager", "ServiceAccount cert-manager/cert-manager")
            + &binding("", "b", "ClusterRole more", "ServiceAccount cert-manager/cert-manager");
        let weights: Vec<_> = findings(&text, Live).iter().map(|one| (one.rule, one.severity)).collect();
        assert_eq!(
            weights,
            [
                (AccessRule::SecretReadClusterWide, Severity::Low),
                (AccessRule::IndirectClusterSecretAccess, Severity::High)
            ]
        );
    }

    #[test]
    fn paths_are_told_where_reading_is_not() {
        let text =
            role("", "ops", "create", "pods/exec, pods") + &binding("n", "b", "ClusterRole ops", "ServiceAccount n/ci");
        assert_eq!(
            said(&text),
            [
                "medium indirect-secret-access: RoleBinding n/b lets ServiceAccount n/ci run pods that mount any Secret and \
              act as any service account in namespace n (create-pods and exec)"
            ]
        );
        let reads = text + &role("n", "r", "get", "secrets") + &binding("n", "c", "Role r", "ServiceAccount n/ci");
        let found = findings(&reads, Live);
        assert_eq!(found.len(), 1);
        let note = "also leads to Secrets: create-pods and exec".to_owned();
        assert!(found[0].notes.contains(&note), "{:?}", found[0].notes);
    }

    #[test]
    fn paths_that_lead_further_are_worse() {
        let ops = |namespace: &str, verbs: &str, resource: &str, subject: &str| {
            said(&(role("", "ops", verbs, resource) + &binding(namespace, "b", "ClusterRole ops", subject)))
        };
        let exec = ops("kube-system", "create", "pods/exec", "ServiceAccount n/ci");
        assert!(exec[0].starts_with("high indirect-cluster-secret-access: "), "{exec:?}");
        let nodes = ops("", "get", "nodes/proxy", "Group system:authenticated");
        assert!(nodes[0].starts_with("critical indirect-cluster-secret-access: "), "{nodes:?}");
        // Nodes are of no namespace, so bound in one the right is none.
        assert_eq!(ops("n", "get", "nodes/proxy", "User jane"), [""; 0]);
    }

    #[test]
    fn the_narrower_role_names_what_the_pods_use() {
        let text = role("n", "r", "get, list", "secrets")
            + &binding("n", "b", "Role r", "ServiceAccount n/api, ServiceAccount n/idle, ServiceAccount n/bare")
            + &pod("n", "api", "db")
            + &pod("n", "bare", "''");
        let found = findings(&text, Live);
        assert!(found[0].narrower.as_ref().unwrap().contains("resourceNames: [db]"));
        let note = "nothing runs under ServiceAccount n/idle".to_owned();
        assert!(found[0].notes.contains(&note), "{:?}", found[0].notes);
        let bare = role("n", "r", "get, list", "secrets")
            + &binding("n", "b", "Role r", "ServiceAccount n/bare")
            + &pod("n", "bare", "''");
        assert!(findings(&bare, Live)[0].remediation.contains("refer to no Secret: the right can go"));
    }

    #[test]
    fn a_right_by_name_is_odd_when_nothing_runs() {
        let text = role("n", "r", "get", "secrets").replace("[secrets]", "[secrets], resourceNames: [db]")
            + &binding("n", "b", "Role r", "ServiceAccount n/idle");
        // Where no pod was seen at all, pods were not looked at.
        assert!(findings(&text, Live).is_empty());
        let text = text + &pod("n", "api", "db");
        assert!(said(&text)[0].starts_with("low secret-read-unused: "));
        assert!(findings(&text, Manifests).is_empty());
    }

    #[test]
    fn what_is_assumed_is_said() {
        let found = findings(&binding("n", "b", "ClusterRole edit", "ServiceAccount n/ci"), Manifests);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].confidence, Confidence::Medium);
        assert!(found[0].notes.iter().any(|note| note.contains("not among the files")), "{:?}", found[0].notes);
    }
}
