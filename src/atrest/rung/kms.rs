//! Keys of KMS plugins: whether what is stored is under the one that the plugin has now. What is stored tells only with
//! which key it was written last, and that is an old one when nothing was written since the KMS got another.

use std::collections::{BTreeMap, BTreeSet};

use super::super::inquiry::Inquiry;
use super::super::metrics::KmsKeys;
use super::super::rules::AtRestRule;
use super::super::stored::{Provider, Sealing};
use super::stored::resource_of;
use super::{Written, metrics, some};
use crate::model::Severity;

/// Keys of one plugin, as one API server knows them.
#[derive(Debug)]
pub(in super::super) struct KmsSeen {
    server: String,
    plugin: String,
    keys: KmsKeys,
}

impl Inquiry {
    /// Keeps what an API server knows of its KMS plugins, to compare it with what is stored.
    pub(super) fn keep_keys(&mut self, server: &str, keys: &BTreeMap<String, KmsKeys>) {
        let seen = keys.iter().map(|(plugin, keys)| KmsSeen {
            server: server.to_owned(),
            plugin: plugin.clone(),
            keys: keys.clone(),
        });
        self.keys.extend(seen);
    }

    /// Compares the keys of every plugin with each other, and with what is stored; with what was read where nobody looked at
    /// that.
    pub(in super::super) fn compare_keys(&mut self) {
        let (seen, written) = (std::mem::take(&mut self.keys), std::mem::take(&mut self.written));
        self.compare_plugins(&seen);
        let present = |plugin: &str| -> BTreeSet<&str> {
            let same = seen.iter().filter(|seen| seen.plugin == plugin);
            same.filter_map(|seen| seen.keys.present.as_deref()).collect()
        };
        for one in &written {
            if let Some((plugin, hash)) = kms_key(&one.sealing) {
                let known = present(plugin);
                if !known.is_empty() && !known.contains(hash.as_str()) {
                    self.judge_left(one, plugin);
                }
            }
        }
        for one in seen.iter().filter(|_| written.is_empty()) {
            self.judge_read(one, &present(&one.plugin));
        }
        (self.keys, self.written) = (seen, written);
    }

    /// A plugin that has another key on another machine: each API server takes for old what the other one writes.
    fn compare_plugins(&mut self, seen: &[KmsSeen]) {
        for (at, one) in seen.iter().enumerate() {
            let first = seen[..at].iter().find(|first| first.plugin == one.plugin);
            let Some(first) = first.filter(|first| first.server != one.server) else { continue };
            if let (Some(a), Some(b)) = (&first.keys.present, &one.keys.present)
                && a != b
            {
                let message = format!(
                    "the KMS plugin {} of {} has another key than that of {}: right for a minute after a rotation",
                    one.plugin, one.server, first.server
                );
                let place = metrics::place(&one.server, &format!("kms {}", one.plugin));
                self.find(AtRestRule::Drift, Some(Severity::Medium), message, place);
            }
        }
    }

    /// Of what was asked for, all but what was written last is judged namespace by namespace.
    fn judge_left(&mut self, written: &Written, plugin: &str) {
        let told = !written.newest && self.resources().any(|(_, asked)| *asked == written.resource);
        if !told {
            let names = some(&written.names, written.values);
            let message = format!("{}, and the KMS plugin {plugin} has another key: {names}", written.how());
            self.find(AtRestRule::StoredStale, None, message, resource_of(&written.place, &written.resource));
        }
    }

    fn judge_read(&mut self, seen: &KmsSeen, present: &BTreeSet<&str>) {
        let KmsSeen { server, plugin, keys } = seen;
        let old = keys.read.iter().filter(|read| !present.contains(read.as_str())).count();
        // Where nothing tells the present one, of several all but one are old.
        let old = if present.is_empty() { old.saturating_sub(1) } else { old };
        if old > 0 {
            let keys = if old == 1 { "an old key".to_owned() } else { format!("{old} old keys") };
            let message = format!("{server} read values under {keys} of the KMS plugin {plugin} since it started");
            self.find(AtRestRule::StoredStale, None, message, metrics::place(server, &format!("kms {plugin}")));
        }
    }
}

/// The plugin that a value was written by, and the hash of its key's id.
fn kms_key(sealing: &Sealing) -> Option<(&str, String)> {
    match sealing {
        Sealing::Sealed { provider: Provider::KmsV2, key, kms_key: Some(id) } => Some((key, KmsKeys::hash(id))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::encryption::GroupResource;
    use super::*;

    fn told(seen: &[(&str, Option<&str>, &[&str])], stored: &[(&str, &str, bool)]) -> String {
        let mut inquiry = Inquiry::new(vec![GroupResource::secrets()], None);
        for (server, present, read) in seen {
            let present = present.map(KmsKeys::hash);
            let keys = KmsKeys { present, read: read.iter().map(|id| KmsKeys::hash(id)).collect() };
            inquiry.keep_keys(server, &BTreeMap::from([("cloud".to_owned(), keys)]));
        }
        inquiry.written.extend(stored.iter().map(|(resource, id, newest)| Written {
            place: "db".into(),
            resource: GroupResource::parse(resource),
            sealing: Sealing::Sealed {
                provider: Provider::KmsV2,
                key: "cloud".into(),
                kms_key: Some((*id).to_owned()),
            },
            values: 1,
            names: vec!["prod/a".into()],
            newest: *newest,
        }));
        let lines =
            inquiry.end().findings.into_iter().map(|one| format!("{} {}: {}", one.severity, one.id(), one.message));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_is_under_the_present_key_is_fine() {
        assert_eq!(told(&[("one", Some("b"), &["a", "b"])], &[("secrets", "b", true)]), "");
        assert_eq!(told(&[("one", Some("b"), &["b"])], &[]), "");
        assert_eq!(told(&[("one", None, &["b"])], &[("secrets", "c", true)]), "");
    }

    #[test]
    fn what_is_under_another_one_is_stale() {
        // Secrets that are not the newest are told by the count of what is stored.
        let stored = [("secrets", "a", true), ("secrets", "c", false), ("routes.example.org", "a", false)];
        insta::assert_snapshot!(told(&[("one", Some("b"), &["a"])], &stored), @"
        medium stored-stale-key: under kms v2 cloud, key a, and the KMS plugin cloud has another key: prod/a
        medium stored-stale-key: under kms v2 cloud, key a, and the KMS plugin cloud has another key: prod/a
        ");
        insta::assert_snapshot!(told(&[("one", Some("b"), &["a", "b", "c"])], &[]), @"medium stored-stale-key: one read values under 2 old keys of the KMS plugin cloud since it started");
        insta::assert_snapshot!(told(&[("one", None, &["a", "b"])], &[]), @"medium stored-stale-key: one read values under an old key of the KMS plugin cloud since it started");
    }

    #[test]
    fn plugins_that_disagree_are_drift() {
        let seen: [(&str, Option<&str>, &[&str]); 2] = [("one", Some("a"), &["a"]), ("two", Some("b"), &[])];
        insta::assert_snapshot!(told(&seen, &[("secrets", "a", true)]), @"medium encryption-drift: the KMS plugin cloud of two has another key than that of one: right for a minute after a rotation");
    }
}
