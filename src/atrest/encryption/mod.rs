//! `EncryptionConfiguration`, understood as the API server understands it.
//!
//! [`Config::read`] decodes a document strictly and checks it, as loading does: what the server would refuse is a
//! [`Refusal`] with its place. [`Config::storage`] tells for a resource who writes it, what its stored bytes begin with,
//! and which stored bytes can be read. [`Config::problems`] says what is wrong with it all the same.
//!
//! The rules are those of `LoadEncryptionConfig` in `k8s.io/apiserver`; `tests/encryption.rs` compares with that code.
//!
//! ```
//! use ksecrets::atrest::encryption::{Config, GroupResource, Server};
//! let text = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n\
//!             resources: [{resources: [secrets], providers: [{identity: {}}]}]\n";
//! let tree = Config::document(text).unwrap();
//! let config = Config::read(tree.root().unwrap(), &Server::default());
//! let storage = config.storage(&GroupResource::parse("secrets")).unwrap();
//! assert_eq!(storage.prefix(), "");
//! for problem in config.problems() {
//!     assert_eq!(problem.region().line, 3);
//! }
//! ```

mod changes;
mod chosen;
mod config;
mod decode;
mod duration;
mod endpoint;
mod fix;
mod foreign;
mod judge;
mod key;
mod part;
mod piece;
mod problem;
mod provider;
mod published;
mod refusal;
mod resource;
mod rules;
mod scalar;
mod server;
mod storage;
mod strength;
mod validate;

pub use config::{Config, Entry, Listed, NoDocument};
pub use fix::{CorrectError, Corrected, Fresh, Stage};
pub use key::{Key, Material};
pub use problem::Problem;
pub use provider::{Cipher, Kms, KmsVersion, Provider, Scheme};
pub use refusal::Refusal;
pub use resource::GroupResource;
pub use rules::EncryptionRule;
pub(in crate::atrest) use scalar::Scalar;
pub use server::Server;
pub use storage::{Coverage, Storage, Stored, Transformer};
