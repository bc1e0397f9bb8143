//! Bytes to spanned trees to Kubernetes objects.
//!
//! A [`Tree`] is one YAML or JSON document whose every scalar knows its bytes in the text. An [`Object`] is a
//! tree, or an item of a list in it, that says it is a Kubernetes object. Nothing here knows what a secret is.

mod align;
mod builder;
mod decode;
mod node;
mod object;
mod parse;
mod pod;
mod quick;
mod reference;
mod route;
mod template;
mod yaml;

pub use align::align;
pub use decode::{Decoded, decode_base64, gunzip, looks_base64, percent_decode};
pub use node::{Kind, Node, Role, Tree};
pub use object::{Doubled, Object};
pub use parse::{SyntaxError, chunks, documents, parse_document};
pub use pod::{containers, is_container, pod_specs};
pub use reference::{Reference, container_references, pod_containers, pod_references, pull_references};
pub use route::Route;
pub use template::mask_actions;
