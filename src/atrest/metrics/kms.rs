//! Keys of KMS plugins (version 2), by a hash of the id that the plugin gives them.
//!
//! An API server counts with which of them it reads and writes, whatever the resource, and when the plugin last answered
//! with which:
//! <https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/apiserver/pkg/storage/value/encrypt/envelope/metrics/metrics.go>

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::exposition::{MetricsError, Sample, samples};
use super::operations::{Direction, direction};

const USED: &str = "apiserver_envelope_encryption_key_id_hash_total";
const LAST_USED: &str = "apiserver_envelope_encryption_key_id_hash_last_timestamp_seconds";
const ANSWERED: &str = "apiserver_envelope_encryption_key_id_hash_status_last_timestamp_seconds";

/// Hashes of the keys of one plugin, `sha256:…`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KmsKeys {
    /// The one that the plugin answered with last, which writes from then on; before 1.27, that which wrote last.
    pub present: Option<String>,
    /// Those that values were read with.
    pub read: BTreeSet<String>,
}

impl KmsKeys {
    /// As the API server hashes the id of a key.
    #[must_use]
    pub fn hash(id: &str) -> String {
        let digest = Sha256::digest(id);
        digest.iter().fold("sha256:".to_owned(), |hash, byte| hash + &format!("{byte:02x}"))
    }

    /// By the name of the plugin.
    pub(super) fn read(text: &str) -> Result<BTreeMap<String, Self>, MetricsError> {
        let mut keys = BTreeMap::<String, Self>::new();
        let (written, answered) = (samples(text, LAST_USED)?, samples(text, ANSWERED)?);
        let written = written.iter().filter(|sample| direction(sample) == Some(Direction::ToStorage));
        for (plugin, key) in latest(written).into_iter().chain(latest(answered.iter())) {
            keys.entry(plugin.to_owned()).or_default().present = Some(key.to_owned());
        }
        let used = samples(text, USED)?;
        for sample in used.iter().filter(|sample| sample.value > 0.0) {
            if direction(sample) == Some(Direction::FromStorage) {
                let plugin = keys.entry(sample.label("provider_name").to_owned()).or_default();
                plugin.read.insert(sample.label("key_id_hash").to_owned());
            }
        }
        Ok(keys)
    }
}

/// Of each plugin the key with the latest time.
fn latest<'s>(samples: impl Iterator<Item = &'s Sample<'s>>) -> BTreeMap<&'s str, &'s str> {
    let mut last: BTreeMap<&str, (f64, &str)> = BTreeMap::new();
    for sample in samples {
        let (time, key) = last.entry(sample.label("provider_name")).or_insert((f64::NEG_INFINITY, ""));
        if sample.value > *time {
            (*time, *key) = (sample.value, sample.label("key_id_hash"));
        }
    }
    last.into_iter().map(|(plugin, (_, key))| (plugin, key)).filter(|(_, key)| !key.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, key: &str, direction: &str, value: f64) -> String {
        format!(
            "{name}{{apiserver_id_hash=\"a\",key_id_hash=\"{key}\",provider_name=\"cloud\",transformation_type=\"{direction}\"}} {value:e}\n"
        )
    }

    #[test]
    fn the_plugin_says_which_key_is_the_present_one() {
        let used = line(USED, "one", "from_storage", 3.0)
            + &line(USED, "two", "from_storage", 1.0)
            + &line(USED, "three", "from_storage", 0.0)
            + &line(LAST_USED, "one", "to_storage", 5e8)
            + &line(LAST_USED, "two", "to_storage", 6e8)
            + &line(LAST_USED, "one", "from_storage", 9e8);
        let keys = &KmsKeys::read(&used).unwrap()["cloud"];
        assert_eq!(keys.present.as_deref(), Some("two"));
        assert_eq!(keys.read.iter().collect::<Vec<_>>(), ["one", "two"]);
        let answered = used + &line(ANSWERED, "three", "", 7e8) + &line(ANSWERED, "two", "", 6e8);
        assert_eq!(KmsKeys::read(&answered).unwrap()["cloud"].present.as_deref(), Some("three"));
        assert!(KmsKeys::read("apiserver_x 1\n").unwrap().is_empty());
    }

    #[test]
    fn ids_are_hashed_as_the_server_does() {
        let expected = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(KmsKeys::hash("abc"), expected);
    }
}
