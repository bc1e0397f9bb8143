//! Values that went through encryption, counted by resource and by what stands in front of them.

use std::collections::{BTreeMap, BTreeSet};

use super::exposition::{MetricsError, Sample, samples};
use super::kms::KmsKeys;

const TRANSFORMATIONS: &str = "apiserver_storage_transformation_operations_total";
const CONFIG: &str = "apiserver_encryption_config_controller_last_config_info";
const RELOADS: &str = "apiserver_encryption_config_controller_automatic_reloads_total";
const RELOADED: &str = "apiserver_encryption_config_controller_automatic_reload_last_timestamp_seconds";
/// Every API server has this one.
const TELLING: &str = "apiserver_";

/// Which way a value went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// Written.
    ToStorage,
    /// Read.
    FromStorage,
}

/// One kind of operation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operation {
    /// `secrets`; none from servers before 1.32, which do not say.
    pub resource: Option<String>,
    /// Which way.
    pub direction: Direction,
    /// `k8s:enc:aescbc:v1:`; empty or `identity` for plaintext, `unknown` for what no provider took.
    pub prefix: String,
}

/// How often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// It worked.
    pub done: u64,
    /// It did not.
    pub failed: u64,
}

/// Reloads of the configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reloads {
    /// How many, and of which how many were refused.
    pub count: Count,
    /// Whether the last one was refused, so that the file is not what is in force.
    pub last_failed: bool,
}

/// What one API server counted since it started.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Operations {
    /// Values by resource, direction and prefix.
    pub counts: BTreeMap<Operation, Count>,
    /// Keys of KMS plugins (version 2), by the plugin's name.
    pub keys: BTreeMap<String, KmsKeys>,
    /// Digest of the configuration in force, `sha256:…`; from 1.34 on.
    pub configurations: BTreeSet<String>,
    /// Reloads; none where nothing was ever reloaded.
    pub reloads: Option<Reloads>,
}

impl Operation {
    /// Whether the value was plaintext where it is stored.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.prefix.is_empty() || self.prefix == "identity"
    }

    /// Whether it was encrypted there.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.prefix.starts_with("k8s:enc:")
    }
}

impl Operations {
    /// Reads what `/metrics` answered.
    ///
    /// # Errors
    /// When the text is something else.
    pub fn read(text: &str) -> Result<Self, MetricsError> {
        if !text.lines().any(|line| line.starts_with(TELLING)) {
            return Err(MetricsError::NotAnApiserver);
        }
        let mut found = Self::default();
        for sample in samples(text, TRANSFORMATIONS)? {
            found.operation(&sample);
        }
        found.keys = KmsKeys::read(text)?;
        found.configurations = samples(text, CONFIG)?.iter().map(|sample| sample.label("hash").to_owned()).collect();
        found.reloads = reloads(&samples(text, RELOADS)?, &samples(text, RELOADED)?);
        Ok(found)
    }

    fn operation(&mut self, sample: &Sample<'_>) {
        // Names that only begin so, if there ever are any.
        let Some(direction) = direction(sample).filter(|_| sample.name == TRANSFORMATIONS) else { return };
        let resource = Some(sample.label("resource")).filter(|resource| !resource.is_empty()).map(str::to_owned);
        let operation = Operation { resource, direction, prefix: sample.label("transformer_prefix").to_owned() };
        let count = self.counts.entry(operation).or_default();
        let value = whole(sample.value);
        match sample.label("status") {
            "OK" => count.done += value,
            _ => count.failed += value,
        }
    }

    /// Operations on a resource; where the server does not say of what, all of them.
    pub fn of<'o>(&'o self, resource: &'o str) -> impl Iterator<Item = (&'o Operation, Count)> {
        let counts = self.counts.iter().filter(|(_, count)| count.done + count.failed > 0);
        counts
            .filter(move |(operation, _)| operation.resource.as_deref().is_none_or(|own| own == resource))
            .map(|(operation, count)| (operation, *count))
    }

    /// What was counted since an earlier answer of the same API server.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let less = |operation: &Operation, count: Count| {
            let before = earlier.counts.get(operation).copied().unwrap_or_default();
            Count { done: count.done.saturating_sub(before.done), failed: count.failed.saturating_sub(before.failed) }
        };
        let counts = self.counts.iter().map(|(operation, count)| (operation.clone(), less(operation, *count)));
        Self { counts: counts.collect(), ..self.clone() }
    }

    /// Whether operations say which resource they were on: from 1.32 on.
    #[must_use]
    pub fn tells_resources(&self) -> bool {
        self.counts.keys().any(|operation| operation.resource.is_some())
    }
}

pub(super) fn direction(sample: &Sample<'_>) -> Option<Direction> {
    match sample.label("transformation_type") {
        "to_storage" => Some(Direction::ToStorage),
        "from_storage" => Some(Direction::FromStorage),
        _ => None,
    }
}

/// Counters are whole, and their values floats.
fn whole(value: f64) -> u64 {
    if value.is_finite() && value > 0.0 { value as u64 } else { 0 }
}

fn reloads(counts: &[Sample<'_>], times: &[Sample<'_>]) -> Option<Reloads> {
    if counts.is_empty() {
        return None;
    }
    let count = |status: &str| {
        counts.iter().filter(|sample| sample.label("status") == status).map(|sample| whole(sample.value)).sum()
    };
    let last = |status: &str| {
        times.iter().filter(|sample| sample.label("status") == status).map(|sample| sample.value).fold(0.0, f64::max)
    };
    let count = Count { done: count("success"), failed: count("failure") };
    Some(Reloads { count, last_failed: count.failed > 0 && last("failure") >= last("success") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(labels: &str, value: u32) -> String {
        format!("{TRANSFORMATIONS}{{{labels}}} {value}\n")
    }

    #[test]
    fn plaintext_is_told_from_what_is_encrypted() {
        let text = line(
            "resource=\"secrets\",status=\"OK\",transformation_type=\"to_storage\",transformer_prefix=\"k8s:enc:secretbox:v1:\"",
            4,
        ) + &line(
            "resource=\"secrets\",status=\"OK\",transformation_type=\"from_storage\",transformer_prefix=\"identity\"",
            2,
        ) + &line(
            "resource=\"configmaps\",status=\"OK\",transformation_type=\"to_storage\",transformer_prefix=\"\"",
            9,
        ) + &line(
            "resource=\"secrets\",status=\"Internal\",transformation_type=\"from_storage\",transformer_prefix=\"unknown\"",
            1,
        );
        let operations = Operations::read(&text).unwrap();
        assert!(operations.tells_resources());
        let secrets: Vec<_> = operations.of("secrets").collect();
        assert_eq!(secrets.len(), 3);
        assert!(secrets[0].0.is_encrypted() && secrets[0].1.done == 4);
        assert!(secrets[1].0.is_plain() && secrets[1].1.done == 2);
        assert_eq!(secrets[2].1, Count { done: 0, failed: 1 });
        assert!(operations.of("configmaps").all(|(operation, _)| operation.is_plain()));
    }

    #[test]
    fn old_servers_do_not_say_of_what() {
        let text =
            line("status=\"OK\",transformation_type=\"to_storage\",transformer_prefix=\"k8s:enc:aescbc:v1:\"", 4);
        let operations = Operations::read(&text).unwrap();
        assert!(!operations.tells_resources());
        assert_eq!(operations.of("secrets").count(), 1);
    }

    #[test]
    fn the_last_reload_counts() {
        let text = |success: u32, failure: u32| {
            format!(
                "{RELOADS}{{apiserver_id_hash=\"a\",status=\"success\"}} 2\n{RELOADS}{{apiserver_id_hash=\"a\",status=\"failure\"}} 1\n\
                 {RELOADED}{{apiserver_id_hash=\"a\",status=\"success\"}} {success}\n{RELOADED}{{apiserver_id_hash=\"a\",status=\"failure\"}} {failure}\n\
                 {CONFIG}{{apiserver_id_hash=\"a\",hash=\"sha256:ab\"}} 1\n"
            )
        };
        assert!(!Operations::read(&text(9, 5)).unwrap().reloads.unwrap().last_failed);
        let operations = Operations::read(&text(5, 9)).unwrap();
        assert!(operations.reloads.unwrap().last_failed);
        assert_eq!(operations.configurations.first().map(String::as_str), Some("sha256:ab"));
    }

    #[test]
    fn other_programs_have_metrics_too() {
        assert_eq!(Operations::read("go_goroutines 8\n"), Err(MetricsError::NotAnApiserver));
        assert_eq!(Operations::read(""), Err(MetricsError::NotAnApiserver));
    }
}
