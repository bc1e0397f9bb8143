//! Encryption at rest: what the configuration would do, and what the stored bytes say was done.

pub mod stored;
