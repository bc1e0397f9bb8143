//! The second rung: what a configuration makes an API server do. It speaks of what is written from when it is loaded on,
//! and not of what lies in etcd already.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::super::encryption::{Config, Coverage, NoDocument, Server, Storage};
use super::super::inquiry::{Digest, Inquiry};
use crate::model::{Encrypted, Rung};

impl Inquiry {
    /// Takes an EncryptionConfiguration, as a server would read it.
    ///
    /// # Errors
    /// When there is none in the text.
    pub fn configuration(&mut self, path: &str, text: &str, server: &Server) -> Result<(), NoDocument> {
        let tree = Config::expected(text)?;
        let Some(root) = tree.root() else { return Err(NoDocument::Empty) };
        let config = Config::read(root, server);
        for problem in config.problems() {
            let rule = Arc::new(problem.rule.rule());
            self.find_as(&rule, problem.severity, problem.detail.clone(), problem.location(path));
        }
        let claims: Vec<_> = self
            .resources()
            .map(|(number, resource)| {
                let (encrypted, reason) = match config.storage(resource) {
                    Some(storage) => says(&storage),
                    None => (Encrypted::Unknown, "would not load".to_owned()),
                };
                (number, encrypted, format!("{path}: {reason}"))
            })
            .collect();
        if let Some(line) = Config::later(text) {
            self.skip(
                format!("{path}:{line}"),
                "another document: the API server reads the first one of a file and no other",
            );
        }
        self.keep_configured(path, &config);
        for (number, encrypted, reason) in claims {
            self.claim(number, Rung::Configuration, encrypted, reason);
        }
        self.digests.push(Digest { of: path.to_owned(), sha256: format!("sha256:{}", hex(&Sha256::digest(text))) });
        Ok(())
    }
}

/// What is written for a resource, and what else is accepted.
fn says(storage: &Storage<'_>) -> (Encrypted, String) {
    let Some(writer) = storage.writer() else { return (Encrypted::Unknown, "no provider".to_owned()) };
    if !storage.is_encrypted() {
        let reason = match storage.coverage() {
            Coverage::Nothing => "no entry speaks of it",
            _ => "identity comes first, so it is written as plaintext",
        };
        return (Encrypted::No, reason.to_owned());
    }
    let rest = if storage.reads_plaintext() { ", and plaintext is still read" } else { "" };
    (Encrypted::Yes, format!("written by {writer}{rest}"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
