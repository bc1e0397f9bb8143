//! Bitnami's SealedSecrets (`bitnami.com/v1alpha1`): sealed for a controller that is there already, opened with its
//! backed up keys, and checked without any.
//!
//! What a value is made of stands in [`seal_value`], what it is bound to in [`label`]. The format is
//! theirs: the name of a key in the Secret, its type and everything else in the template are bound to nothing.

mod certificate;
mod error;
mod import;
mod keys;
mod label;
mod lint;
mod pem;
mod reading;
mod sealed;
mod value;

pub use certificate::Certificate;
pub use error::Error;
pub use import::Import;
pub use keys::{KeyName, Keys};
pub use label::{annotate, label, scope_of};
pub use lint::{Fault, Problem, lint};
pub use sealed::{Opened, SealedSecret};
pub use value::{Opening, open_value, seal_value};

#[cfg(test)]
mod made;
