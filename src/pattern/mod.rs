//! Text rules: one YAML entry each in `patterns/`, compiled behind one keyword gate.

pub(crate) mod bech32;
mod builtin;
mod certificate;
mod checksum;
pub(crate) mod date;
mod entropy;
mod gate;
mod jwt;
mod pem;
mod prefix;
mod set;
mod shape;
mod syntax;

pub use builtin::builtin;
pub use certificate::Certificate;
pub use checksum::{Checksum, Verdict};
pub use entropy::shannon;
pub use gate::{Gate, Hit, Topic};
pub use jwt::Claims;
pub use set::{Body, Covered, Match, Pattern, Set, SetError};
pub use syntax::{Examples, PatternSyntax, SyntaxError, parse, without_marks};
