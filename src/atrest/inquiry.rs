//! What was looked at, and what it comes to: one verdict for each resource, and findings.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::advice::advise;
use super::distribution::Distribution;
use super::encryption::GroupResource;
use super::rules::AtRestRule;
use super::rung::{Authorities, Configured, KmsSeen, Written};
use crate::model::{
    Confidence, Encrypted, Finding, Fingerprint, Location, Rule, Rung, RungVerdict, Severity, Skipped, Verdict,
};

/// Evidence about one cluster, rung by rung.
///
/// Each kind of evidence has its own file under `rung/`, which claims something for every resource and adds findings.
/// What nobody looked at is unknown, never a pass.
#[derive(Debug)]
pub struct Inquiry {
    resources: Vec<GroupResource>,
    distribution: Option<Distribution>,
    pub(super) claims: Vec<Claim>,
    findings: Vec<Finding>,
    skipped: Vec<Skipped>,
    rules: BTreeMap<AtRestRule, Arc<Rule>>,
    pub(super) digests: Vec<Digest>,
    /// What configurations do, and what is stored: compared when all is seen.
    pub(super) configured: Vec<Configured>,
    pub(super) written: Vec<Written>,
    /// Keys of KMS plugins as API servers know them: compared then too.
    pub(super) keys: Vec<KmsSeen>,
    /// Whom API servers and etcd trust: compared then too.
    pub(super) authorities: Authorities,
}

/// What one piece of evidence says of one resource.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) resource: usize,
    pub(super) rung: Rung,
    pub(super) encrypted: Encrypted,
    pub(super) reason: String,
}

/// A digest of a configuration, to compare with others.
#[derive(Debug)]
pub(super) struct Digest {
    /// Whose it is: a file, an API server, a node.
    pub(super) of: String,
    pub(super) sha256: String,
}

/// What an inquiry comes to.
#[derive(Debug)]
pub struct Outcome {
    /// One for each resource, in the order in which they were asked for.
    pub verdicts: Vec<Verdict>,
    /// What is wrong, the worst first in each place.
    pub findings: Vec<Finding>,
    /// What could not be looked at.
    pub skipped: Vec<Skipped>,
    /// What is stored, of whatever resource.
    pub stored: Vec<Written>,
}

impl Inquiry {
    /// Nothing looked at yet. Of resources each is asked for once.
    #[must_use]
    pub fn new(resources: Vec<GroupResource>, distribution: Option<Distribution>) -> Self {
        Self {
            resources,
            distribution,
            claims: Vec::new(),
            findings: Vec::new(),
            skipped: Vec::new(),
            rules: AtRestRule::ALL.iter().map(|rule| (*rule, Arc::new(rule.rule()))).collect(),
            digests: Vec::new(),
            configured: Vec::new(),
            written: Vec::new(),
            keys: Vec::new(),
            authorities: Authorities::default(),
        }
    }

    /// Takes what shows how the cluster is run, unless the user said it.
    pub fn is_run_by(&mut self, distribution: Option<Distribution>) {
        self.distribution = self.distribution.or(distribution);
    }

    /// How the cluster is run, if anything told.
    #[must_use]
    pub fn distribution(&self) -> Option<Distribution> {
        self.distribution
    }

    /// Takes note of something that could not be looked at.
    pub fn skip(&mut self, place: impl Into<String>, reason: impl Into<String>) {
        self.skipped.push(Skipped { place: place.into(), reason: reason.into(), unread: true });
    }

    pub(super) fn resources(&self) -> impl Iterator<Item = (usize, &GroupResource)> {
        self.resources.iter().enumerate()
    }

    pub(super) fn claim(&mut self, resource: usize, rung: Rung, encrypted: Encrypted, reason: impl Into<String>) {
        self.claims.push(Claim { resource, rung, encrypted, reason: reason.into() });
    }

    /// Claims the same of every resource.
    pub(super) fn claim_all(&mut self, rung: Rung, encrypted: Encrypted, reason: &str) {
        for resource in 0..self.resources.len() {
            self.claim(resource, rung, encrypted, reason);
        }
    }

    pub(super) fn find(&mut self, rule: AtRestRule, severity: Option<Severity>, message: String, location: Location) {
        let rule = Arc::clone(&self.rules[&rule]);
        let severity = severity.unwrap_or(rule.severity);
        self.find_as(&rule, severity, message, location);
    }

    /// A finding of whatever rule; for those of configurations, which have rules of their own.
    pub(super) fn find_as(&mut self, rule: &Arc<Rule>, severity: Severity, message: String, location: Location) {
        self.findings.push(Finding::without_value(rule, (severity, Confidence::High), message, location));
    }

    /// Ends it.
    #[must_use]
    pub fn end(mut self) -> Outcome {
        self.compare_stored();
        self.compare_keys();
        self.compare_authorities();
        let differ = self.compare_digests();
        if differ {
            self.unload("which is not what every API server runs");
        } else if self.claims.iter().any(|claim| claim.rung == Rung::Flag && claim.encrypted == Encrypted::No) {
            self.unload("which no flag gives to the API server");
        }
        let verdicts: Vec<Verdict> = (0..self.resources.len()).map(|resource| self.verdict(resource)).collect();
        verdicts.iter().for_each(|verdict| self.tell(verdict));
        for finding in &mut self.findings {
            advise(finding, self.distribution);
        }
        self.findings.sort_by(|a, b| {
            let key = |finding: &Finding| (finding.location.clone(), finding.rule.id.clone());
            b.severity.cmp(&a.severity).then_with(|| key(a).cmp(&key(b)))
        });
        name_apart(&mut self.findings);
        Outcome { verdicts, findings: self.findings, skipped: self.skipped, stored: self.written }
    }

    /// Sees to it that a verdict of plaintext is a finding, whatever evidence it rests on: a run that says so fails.
    /// ConfigMaps are looked at without being asked for, and plaintext is what they are meant to be.
    fn tell(&mut self, verdict: &Verdict) {
        let plain = matches!(verdict.encrypted(), Encrypted::No | Encrypted::Partly);
        let secrets = verdict.resource == GroupResource::secrets().to_string();
        let about = |finding: &Finding| {
            let id = finding.rule.id.as_str();
            let encryption = id.starts_with("encryption-") || id.starts_with("stored-");
            encryption && (secrets || id == "encryption-not-configured" || finding.message.contains(&verdict.resource))
        };
        if !plain || verdict.resource == "configmaps" || self.findings.iter().any(about) {
            return;
        }
        let reason = verdict.rests_on().map_or("", |rung| rung.reason.as_str());
        let message = format!("{} are written as plaintext: {reason}", verdict.resource);
        self.find(AtRestRule::NotConfigured, None, message, Location::default());
    }

    /// A configuration that is not in force makes nothing encrypted.
    fn unload(&mut self, why: &str) {
        let claims = self.claims.iter_mut().filter(|claim| claim.rung == Rung::Configuration);
        for claim in claims.filter(|claim| claim.encrypted == Encrypted::Yes) {
            claim.encrypted = Encrypted::Unknown;
            claim.reason += &format!(", {why}");
        }
    }

    /// Whether digests differ: of a file and an API server, or of two API servers.
    fn compare_digests(&mut self) -> bool {
        let Some(first) = self.digests.first() else { return false };
        let (of, sha256) = (first.of.clone(), first.sha256.clone());
        let others: Vec<String> =
            self.digests.iter().filter(|digest| digest.sha256 != sha256).map(|digest| digest.of.clone()).collect();
        let differ = !others.is_empty();
        for other in others {
            let message = format!("the encryption configuration of {other} is not that of {of}");
            self.find(AtRestRule::Drift, None, message, Location { path: Some(other), ..Location::default() });
        }
        differ
    }

    fn verdict(&self, resource: usize) -> Verdict {
        let rungs = Rung::ALL.into_iter().map(|rung| {
            let claims = self.claims.iter().filter(|claim| claim.resource == resource && claim.rung == rung);
            join(rung, &claims.collect::<Vec<_>>())
        });
        Verdict { resource: self.resources[resource].to_string(), rungs: rungs.collect() }
    }
}

/// One word for a rung. Where two API servers say different things, some of it is plaintext.
fn join(rung: Rung, claims: &[&Claim]) -> RungVerdict {
    let mut reasons: Vec<&str> = Vec::new();
    for claim in claims {
        if !reasons.contains(&claim.reason.as_str()) {
            reasons.push(&claim.reason);
        }
    }
    let said = claims.iter().map(|claim| claim.encrypted).filter(|encrypted| *encrypted != Encrypted::Unknown);
    let encrypted =
        said.reduce(|one, other| if one == other { one } else { Encrypted::Partly }).unwrap_or(Encrypted::Unknown);
    let reason = if claims.is_empty() { "not looked at".to_owned() } else { reasons.join("; ") };
    RungVerdict { rung, encrypted, reason }
}

/// Several findings of one rule may be at one place: their order tells them apart.
fn name_apart(findings: &mut [Finding]) {
    let mut seen = BTreeMap::<_, u32>::new();
    for finding in findings {
        let ordinal = seen.entry((finding.rule.id.clone(), finding.location.clone())).or_default();
        finding.fingerprint = Fingerprint::new(&finding.rule.id, &finding.location, None, *ordinal);
        *ordinal += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_looked_at_is_unknown() {
        let outcome = Inquiry::new(vec![GroupResource::parse("secrets")], None).end();
        let verdict = &outcome.verdicts[0];
        assert_eq!(verdict.encrypted(), Encrypted::Unknown);
        assert_eq!(verdict.rungs.len(), 4);
        assert!(verdict.rungs.iter().all(|rung| rung.reason == "not looked at"));
    }

    #[test]
    fn plaintext_is_a_finding_whatever_says_so() {
        for rung in Rung::ALL {
            let resources = ["secrets", "configmaps", "vaults.example.com"].map(GroupResource::parse);
            let mut inquiry = Inquiry::new(resources.to_vec(), None);
            (0..3).for_each(|resource| inquiry.claim(resource, rung, Encrypted::No, "somebody says so"));
            let said: Vec<String> = inquiry.end().findings.into_iter().map(|finding| finding.message).collect();
            assert_eq!(said[0], "secrets are written as plaintext: somebody says so");
            assert!(said.len() == 1, "{said:?}");
        }
        let mut inquiry = Inquiry::new(["secrets", "vaults.example.com"].map(GroupResource::parse).to_vec(), None);
        inquiry.claim(0, Rung::Configuration, Encrypted::Yes, "it is covered");
        inquiry.claim(1, Rung::Configuration, Encrypted::No, "no entry names it");
        let findings = inquiry.end().findings;
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].message, "vaults.example.com are written as plaintext: no entry names it");
    }

    #[test]
    fn servers_that_differ_are_partly_encrypted() {
        let mut inquiry = Inquiry::new(vec![GroupResource::parse("secrets")], None);
        inquiry.claim(0, Rung::Metrics, Encrypted::Yes, "one writes encrypted");
        inquiry.claim(0, Rung::Metrics, Encrypted::Unknown, "one wrote nothing");
        inquiry.claim(0, Rung::Configuration, Encrypted::Yes, "it says so");
        assert_eq!(inquiry.verdict(0).encrypted(), Encrypted::Yes);
        inquiry.claim(0, Rung::Metrics, Encrypted::No, "one writes plaintext");
        let verdict = inquiry.verdict(0);
        assert_eq!(verdict.encrypted(), Encrypted::Partly);
        assert_eq!(verdict.rests_on().unwrap().reason, "one writes encrypted; one wrote nothing; one writes plaintext");
    }

    #[test]
    fn digests_that_differ_are_drift() {
        let mut inquiry = Inquiry::new(Vec::new(), None);
        for (of, sha256) in [("enc.yaml", "a"), ("one", "a"), ("two", "b")] {
            inquiry.digests.push(Digest { of: of.into(), sha256: sha256.into() });
        }
        let findings = inquiry.end().findings;
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].message, "the encryption configuration of two is not that of enc.yaml");
    }
}
