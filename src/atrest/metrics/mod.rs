//! What an API server counts of its own encryption: `/metrics`, in the text format of Prometheus.
//!
//! All of it counts from the start of one process: another API server of the cluster has its own, and a restart begins
//! at nothing. So metrics show what was done, and never what was not.

mod exposition;
mod kms;
mod operations;

pub use exposition::MetricsError;
pub use kms::KmsKeys;
pub use operations::{Count, Direction, Operation, Operations, Reloads};
