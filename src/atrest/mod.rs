//! Whether Secrets are really encrypted where they are stored, told from whatever evidence there is.
//!
//! What a configuration makes an API server do, and what the stored bytes say was done. A rung of evidence that nobody
//! looked at is unknown, never a pass.

pub mod encryption;
pub mod stored;
