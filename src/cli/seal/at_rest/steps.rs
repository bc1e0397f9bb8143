//! What is said of a corrected configuration: what was changed, and what to do with it.

use std::path::Path;

use ksecrets::atrest::encryption::{Corrected, GroupResource, Stage};
use ksecrets::atrest::{Distribution, rewrite};

use super::fix::Known;

/// A corrected configuration that was written.
pub(super) struct Fixed<'a> {
    pub(super) out: &'a Path,
    /// The file that is in order now: the one that was written, or the one that was there.
    pub(super) file: &'a Path,
    pub(super) stage: Stage,
    pub(super) corrected: &'a Corrected,
    /// Whether there was none before.
    pub(super) is_first: bool,
    pub(super) known: &'a Known,
}

impl Fixed<'_> {
    /// Everything that is said, a line each.
    pub(super) fn lines(&self) -> Vec<String> {
        let Self { out, corrected, .. } = self;
        let keys = if corrected.has_keys() {
            ", which holds keys: only for root of a control plane, and not for git"
        } else {
            ""
        };
        let mut lines = match corrected.changes().is_empty() {
            true => vec![format!(
                "{} is in order, and there is nothing to roll out: {} was not written",
                self.file.display(),
                out.display()
            )],
            false => vec![format!("wrote {}{keys}", out.display())],
        };
        lines.extend(corrected.changes().iter().map(|change| format!("changed: {change}")));
        if corrected.needs_kms_v1() {
            lines.push(format!(
                "KMS version 1 is in it, and Kubernetes 1.{} loads that only with --feature-gates=KMSv1=true: without the \
                 flag the API server does not start",
                self.known.server.minor
            ));
        }
        lines.extend(self.doubts());
        let steps = self.steps();
        lines.extend(steps.iter().enumerate().map(|(number, step)| format!("step {}: {step}", number + 1)));
        lines
    }

    /// What nothing that was looked at tells, and the file rests on.
    fn doubts(&self) -> Option<String> {
        let Self { stage, corrected, known, .. } = self;
        let names = names(corrected.rewrites());
        match (stage, corrected.new_key()) {
            (Stage::Migrate, _) if corrected.changes().is_empty() && !names.is_empty() => {
                Some(format!("what only reads {names} can be left out when every object of it was rewritten"))
            }
            _ if corrected.changes().is_empty() => None,
            (Stage::Migrate, Some(key)) => Some(format!(
                "this is for a single API server: one that has not got {key} cannot read what the others write with it. \
                 Where there are several, take --new-key=second"
            )),
            (Stage::Announce, Some(key)) => Some(format!(
                "{key} writes nothing yet, so that every API server can get it before one writes with it. Where there is \
                 only one, --new-key=first does it in one step"
            )),
            (Stage::Finish, _) if known.databases.is_empty() => Some(format!(
                "nothing that was looked at shows that every object of {names} was rewritten: what was not is lost. Give \
                 --snapshot with a new one, and it is looked at"
            )),
            (Stage::Finish, _) => Some(format!(
                "it reads all that {} holds of {names}: see that this was taken after the rewrite",
                known.databases.join(", ")
            )),
            _ => None,
        }
    }

    /// What to do with the file, in an order in which no API server meets a value that it cannot read.
    fn steps(&self) -> Vec<String> {
        let (out, corrected) = (self.out.display(), self.corrected);
        if corrected.changes().is_empty() {
            return if self.stage == Stage::Migrate { self.migration() } else { Vec::new() };
        }
        let restart = format!("bring {out} to every API server and restart each, one after the other");
        let bring = match self.is_first {
            true => {
                format!("{restart}. {out} is the EncryptionConfiguration of this: {}", Distribution::Kubeadm.enable())
            }
            false => format!("{restart}, in the place of the old file"),
        };
        match (self.stage, corrected.new_key()) {
            (Stage::Announce, Some(key)) => vec![
                bring,
                format!(
                    "when all of them run with it, make the file for all in which it writes: ksecrets seal at-rest --config \
                     {out} --fix-config NEXT --first-key {key}"
                ),
            ],
            (Stage::Finish, _) => {
                vec![format!("keep the old file with the old backups: {out} reads neither those nor plaintext"), bring]
            }
            _ => [vec![bring], self.migration()].concat(),
        }
    }

    /// From the file in force to one without what only reads.
    fn migration(&self) -> Vec<String> {
        let (file, rewrites) = (self.file.display(), self.corrected.rewrites());
        if rewrites.is_empty() {
            return Vec::new();
        }
        let rewrite = rewrite::commands(rewrites).into_iter().map(|command| format!("rewrite: {command}"));
        let check = format!(
            "take a new snapshot (etcdctl snapshot save SNAPSHOT), and see that nothing is left of {}: ksecrets seal at-rest \
             --config {file} --snapshot SNAPSHOT --require stored-bytes",
            names(rewrites)
        );
        let finish = format!(
            "leave out what only reads: ksecrets seal at-rest --config {file} --snapshot SNAPSHOT --fix-config LAST --finish"
        );
        rewrite.chain([check, finish]).collect()
    }
}

fn names(resources: &[GroupResource]) -> String {
    resources.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
