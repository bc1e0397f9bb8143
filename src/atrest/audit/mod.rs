//! Audit policies: which requests would be logged with the Secret that they carry.
//!
//! The order of rules decides, so a rule is never judged alone: requests are asked, and the first rule that matches one
//! says how it is logged. Upstream: `k8s.io/apiserver/pkg/audit/policy` and `pkg/apis/audit/validation`.

mod bodies;
mod index;
mod lenient;
mod level;
mod policy;
mod request;
mod rule;

pub use bodies::{Logged, Scope, Topic, Who};
pub use lenient::{PolicyError, Unknown};
pub use level::Level;
pub use policy::AuditPolicy;
pub use request::Request;
