//! What a distribution writes into the API about its encryption. No more than a configuration: it says what is done, and
//! nothing of what is stored.

use super::super::distribution::Distribution;
use super::super::inquiry::{Digest, Inquiry};
use crate::manifest::{Node, Object, documents};
use crate::model::{Encrypted, Rung};

/// Behind the program's name: `k3s.io/encryption-config-hash`, `rke2.io/encryption-config-hash`.
const HASH: &str = ".io/encryption-config-hash";
/// Of a digest for which encryption is turned off there is none; every stage else has one.
const STAGES: [&str; 6] = ["start", "prepare", "rotate", "reencrypt_request", "reencrypt_active", "reencrypt_finished"];

impl Inquiry {
    /// Takes the list of nodes: servers of k3s and RKE2 have an annotation with stage and digest.
    pub fn nodes(&mut self, text: &str) {
        for tree in documents(text).flatten() {
            for object in Object::all(&tree) {
                let annotations = object.root.at_path(&["metadata", "annotations"]);
                let hashes = annotations.into_iter().flat_map(Node::entries);
                let hashes = hashes.filter(|(key, _)| key.as_str().is_some_and(|key| key.ends_with(HASH)));
                for value in hashes.filter_map(|(_, value)| value.as_str()) {
                    self.stage(object.name().unwrap_or("?"), value);
                }
            }
        }
    }

    /// `reencrypt_finished-<SHA-256>`.
    fn stage(&mut self, node: &str, value: &str) {
        let Some((stage, digest)) = value.rsplit_once('-').filter(|(stage, _)| STAGES.contains(stage)) else {
            return self.skip(format!("node {node}"), "a stage of encryption that is not known");
        };
        let reason = format!("node {node} has an encryption configuration, at the stage {stage}");
        self.claim_all(Rung::Configuration, Encrypted::Unknown, &reason);
        self.digests.push(Digest { of: format!("node {node}"), sha256: format!("sha256:{digest}") });
    }

    /// Takes OpenShift's `apiserver.config.openshift.io/cluster`.
    pub fn openshift(&mut self, text: &str) {
        let tree = documents(text).next();
        let Some(Ok(tree)) = &tree else {
            return self.skip("apiserver.config.openshift.io/cluster", "not an object");
        };
        let kind = tree.root().and_then(|root| root.at_path(&["spec", "encryption", "type"])).and_then(Node::as_str);
        let (encrypted, reason) = match kind {
            None | Some("" | "identity") => (Encrypted::No, "spec.encryption.type is identity".to_owned()),
            Some(kind) => {
                (Encrypted::Yes, format!("spec.encryption.type is {kind}: secrets and configmaps among others"))
            }
        };
        let covered: Vec<usize> = self
            .resources()
            .filter(|(_, resource)| matches!(resource.to_string().as_str(), "secrets" | "configmaps"))
            .map(|(number, _)| number)
            .collect();
        self.is_run_by(Some(Distribution::OpenShift));
        for number in covered {
            self.claim(number, Rung::Configuration, encrypted, reason.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::encryption::GroupResource;
    use super::*;

    #[test]
    fn servers_of_k3s_that_differ_are_drift() {
        let node = |name: &str, hash: &str| {
            format!(
                "{{\"metadata\":{{\"name\":\"{name}\",\"annotations\":{{\"k3s.io/encryption-config-hash\":\"{hash}\"}}}}}}"
            )
        };
        let text = format!(
            "{{\"kind\":\"NodeList\",\"apiVersion\":\"v1\",\"items\":[{},{},{}]}}",
            node("a", "reencrypt_finished-11"),
            node("b", "start-22"),
            node("c", "new-22")
        );
        let mut inquiry = Inquiry::new(vec![GroupResource::parse("secrets")], None);
        inquiry.nodes(&text);
        let outcome = inquiry.end();
        assert_eq!(outcome.verdicts[0].encrypted(), Encrypted::Unknown);
        assert_eq!((outcome.findings.len(), outcome.skipped.len()), (1, 1));
    }

    #[test]
    fn openshift_says_what_it_does() {
        for (kind, expected) in [("aesgcm", Encrypted::Yes), ("identity", Encrypted::No)] {
            let mut inquiry = Inquiry::new(vec![GroupResource::parse("secrets"), GroupResource::parse("pods")], None);
            inquiry.openshift(&format!("{{\"spec\":{{\"encryption\":{{\"type\":\"{kind}\"}}}}}}"));
            let outcome = inquiry.end();
            assert_eq!(outcome.verdicts[0].encrypted(), expected);
            assert_eq!(outcome.verdicts[1].encrypted(), Encrypted::Unknown);
            let told: Vec<&str> = outcome.findings.iter().map(|finding| finding.rule.id.as_str()).collect();
            let off = expected == Encrypted::No;
            assert_eq!(told, ["encryption-not-configured"].repeat(usize::from(off)));
            assert!(outcome.findings.iter().all(|finding| finding.remediation.contains("On openshift: ")), "{told:?}");
        }
    }
}
