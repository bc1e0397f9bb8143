//! The third rung: what an API server counted since it started. One API server, and only what it wrote and read.

use super::super::encryption::GroupResource;
use super::super::inquiry::{Digest, Inquiry};
use super::super::metrics::{Count, Direction, MetricsError, Operation, Operations};
use super::super::rules::AtRestRule;
use crate::model::{Encrypted, Location, ObjectRef, Rung};

/// Counts of one resource.
#[derive(Default)]
struct Sums {
    encrypted: u64,
    plain: u64,
    read_plain: u64,
    failed: u64,
    prefixes: Vec<String>,
}

impl Inquiry {
    /// Takes what `/metrics` of an API server answered.
    ///
    /// # Errors
    /// When it is something else.
    pub fn metrics(&mut self, server: &str, text: &str) -> Result<(), MetricsError> {
        let operations = Operations::read(text)?;
        let sums: Vec<(usize, GroupResource, Sums)> = self
            .resources()
            .map(|(number, resource)| (number, resource.clone(), sums(&operations, resource)))
            .collect();
        for (number, resource, sums) in sums {
            let (encrypted, reason) = says(server, &operations, &sums);
            self.claim(number, Rung::Metrics, encrypted, reason);
            self.judge_operations(server, &operations, &resource, &sums);
        }
        if operations.reloads.is_some_and(|reloads| reloads.last_failed) {
            let message = format!("{server} refused its configuration when it last read it");
            self.find(AtRestRule::ReloadFailed, None, message, place(server, "reloads"));
        }
        self.keep_keys(server, &operations.keys);
        for sha256 in &operations.configurations {
            self.digests.push(Digest { of: server.to_owned(), sha256: sha256.clone() });
        }
        Ok(())
    }

    /// Takes what an API server counted before and after a Secret was written to try it.
    ///
    /// # Errors
    /// When one of them is something else.
    pub fn probe(&mut self, server: &str, before: &str, after: &str) -> Result<(), MetricsError> {
        let moved = Operations::read(after)?.since(&Operations::read(before)?);
        let secrets = GroupResource::secrets();
        let sums = sums(&moved, &secrets);
        let (encrypted, reason) = match (sums.encrypted, sums.plain) {
            (0, 0) => (Encrypted::Unknown, "counted nothing: another API server wrote it, or no entry names secrets"),
            (_, 0) => (Encrypted::Yes, "encrypted a Secret that was written to try it"),
            (0, _) => (Encrypted::No, "wrote a Secret as plaintext that was written to try it"),
            _ => (Encrypted::Unknown, "wrote both while one was written to try it"),
        };
        let number = self.resources().find(|(_, resource)| **resource == secrets).map(|(number, _)| number);
        if let Some(number) = number {
            self.claim(number, Rung::Metrics, encrypted, format!("{server} {reason}"));
        }
        if encrypted == Encrypted::No {
            let message = format!("{server} {reason}");
            self.find(AtRestRule::PlaintextWritten, None, message, place(server, "probe"));
        }
        Ok(())
    }

    fn judge_operations(&mut self, server: &str, operations: &Operations, resource: &GroupResource, sums: &Sums) {
        if !operations.tells_resources() {
            return;
        }
        let mut found = |rule, message: String| self.find(rule, None, message, place(server, &resource.to_string()));
        if sums.plain > 0 {
            let message = format!("{server} wrote {} {resource} as plaintext", sums.plain);
            found(AtRestRule::PlaintextWritten, message);
        }
        if sums.read_plain > 0 && sums.plain == 0 {
            let message = format!("{} reads of {resource} by {server} met plaintext since it started", sums.read_plain);
            found(AtRestRule::PlaintextRead, message);
        }
        if sums.failed > 0 {
            found(AtRestRule::Undecryptable, format!("{server} failed to read {} {resource}", sums.failed));
        }
    }
}

fn sums(operations: &Operations, resource: &GroupResource) -> Sums {
    let mut sums = Sums::default();
    for (operation, count) in operations.of(&resource.to_string()) {
        sums.add(operation, count);
    }
    sums
}

impl Sums {
    fn add(&mut self, operation: &Operation, count: Count) {
        match operation.direction {
            Direction::ToStorage if operation.is_encrypted() => {
                self.encrypted += count.done;
                self.prefixes.push(operation.prefix.clone());
            }
            Direction::ToStorage if operation.is_plain() => self.plain += count.done,
            Direction::ToStorage => {}
            Direction::FromStorage => {
                self.failed += count.failed;
                if operation.is_plain() {
                    self.read_plain += count.done;
                }
            }
        }
    }
}

/// A resource that no entry names has no counts at all: nothing counted says nothing.
fn says(server: &str, operations: &Operations, sums: &Sums) -> (Encrypted, String) {
    if operations.counts.is_empty() {
        let reason =
            format!("{server} counted nothing: no entry names a resource, or nothing was touched since it started");
        return (Encrypted::Unknown, reason);
    }
    if !operations.tells_resources() {
        let reason = format!("{server} does not say of which resource: before 1.32");
        return (Encrypted::Unknown, reason);
    }
    match (sums.encrypted, sums.plain, sums.read_plain) {
        (0, 0, 0) => {
            let reason =
                format!("{server} wrote none since it started, or its configuration does not name the resource");
            (Encrypted::Unknown, reason)
        }
        (0, 0, plain) => {
            let reason =
                format!("{plain} reads of {server} met plaintext, and nothing shows that anything is encrypted");
            (Encrypted::Unknown, reason)
        }
        (written, 0, 0) => (Encrypted::Yes, format!("{server} wrote {written} with {}", sums.prefixes.join(" and "))),
        (written, 0, plain) => {
            let reason =
                format!("{server} wrote {written} encrypted, and {plain} reads since it started met plaintext");
            (Encrypted::Partly, reason)
        }
        (0, plain, _) => (Encrypted::No, format!("{server} wrote {plain} as plaintext")),
        (written, plain, _) => {
            (Encrypted::Partly, format!("{server} wrote {written} encrypted and {plain} as plaintext"))
        }
    }
}

pub(super) fn place(server: &str, field: &str) -> Location {
    let object = ObjectRef {
        kind: "APIServer".into(),
        name: Some(server.to_owned()),
        field: field.to_owned(),
        ..ObjectRef::default()
    };
    Location { object: Some(object), ..Location::default() }
}
