//! The rungs: what each kind of evidence says of a resource, and what it finds.

mod agreement;
mod audit;
mod cluster;
mod configuration;
mod custody;
mod custom;
mod etcd;
mod flag;
mod kms;
mod metrics;
mod residue;
mod stored;

pub(super) use agreement::Configured;
pub use agreement::Written;
pub use custody::Access;
pub(super) use etcd::Authorities;
pub(super) use kms::KmsSeen;

use std::ops::Range;

use crate::model::{Location, Region};

/// A place in a file.
fn place(path: &str, text: &str, range: Range<usize>) -> Location {
    Location { path: Some(path.to_owned()), region: Some(Region::of(text, range)), object: None }
}

/// `a, b and 3 more`.
fn some(names: &[String], all: u64) -> String {
    const SHOWN: usize = 5;
    let shown = names.len().min(SHOWN);
    let rest = all.saturating_sub(shown as u64);
    let list = names[..shown].join(", ");
    match rest {
        0 => list,
        rest if list.is_empty() => format!("{rest}"),
        rest => format!("{list} and {rest} more"),
    }
}
