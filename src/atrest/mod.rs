//! Is a Secret encrypted where the API server keeps it? Evidence, rung by rung: flags, configuration, metrics, stored
//! bytes.
//!
//! Each kind of evidence is read by a module of its own, which knows nothing of the others. An [`Inquiry`] takes what
//! they say, and ends in one verdict for each resource.

mod advice;
pub mod audit;
mod declare;
mod distribution;
pub mod encryption;
pub mod flags;
mod inquiry;
pub mod metrics;
pub mod rewrite;
mod rules;
mod rung;
pub mod stored;

pub use distribution::{Distribution, Owner};
pub use inquiry::{Inquiry, Outcome};
pub use rules::AtRestRule;
pub use rung::{Access, Written};

use std::sync::Arc;

use crate::model::Rule;

/// The rules about encryption at rest, but for those of configurations, which hunts have too.
pub fn rules() -> impl Iterator<Item = Arc<Rule>> {
    AtRestRule::ALL.iter().map(|rule| Arc::new(rule.rule()))
}
