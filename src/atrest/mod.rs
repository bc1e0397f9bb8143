//! Is a Secret encrypted where the API server keeps it? Evidence, rung by rung: flags, configuration, metrics, stored
//! bytes.
//!
//! Each kind of evidence is read by a module of its own, which knows nothing of the others.

pub mod audit;
pub mod encryption;
pub mod flags;
pub mod metrics;
pub mod stored;
