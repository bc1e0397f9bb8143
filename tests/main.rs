//! The integration tests: one binary, so that the library is linked once.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]
#![expect(clippy::print_stdout, reason = "the corpus prints its table")]

mod architecture;
mod at_rest_cli;
#[cfg(unix)]
mod at_rest_live;
mod at_rest_rows;
#[cfg(unix)]
mod audit;
mod bad_input;
mod binary;
mod checks;
mod cli;
#[cfg(unix)]
mod cluster;
#[cfg(unix)]
#[path = "bench/cluster.rs"]
mod cluster_bench;
mod common;
#[cfg(unix)]
mod control_plane;
mod corpus;
#[cfg(unix)]
mod encryption;
#[cfg(all(unix, feature = "bitnami"))]
mod kubeseal;
#[cfg(all(unix, feature = "bitnami"))]
mod kubeseal_cli;
#[cfg(unix)]
mod numbers;
#[cfg(unix)]
mod oracle;
#[cfg(unix)]
mod paths;
mod patterns;
mod properties;
mod readers;
mod seal;
#[cfg(all(unix, feature = "bitnami"))]
mod seal_bitnami;
mod seal_cli;
mod seal_comments;
mod seal_edit;
mod seal_keys;
mod seal_several;
mod seal_verify;
#[cfg(unix)]
mod stored;
#[cfg(unix)]
#[path = "bench/stored.rs"]
mod stored_bench;
#[cfg(unix)]
mod unruly;
#[cfg(unix)]
mod vulnerable;
