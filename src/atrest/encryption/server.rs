//! The API server that would load a configuration, as far as loading depends on it.

/// What of an API server decides how it reads a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server {
    /// The minor version: 36 of v1.36.
    pub minor: u32,
    /// Whether KMS version 1 is allowed, by `--feature-gates=KMSv1=true` or by the server's age.
    pub kms_v1: bool,
    /// `--encryption-provider-config-automatic-reload`.
    pub reload: bool,
}

impl Server {
    /// The newest that was compared with.
    pub const NEWEST: u32 = 36;

    /// A server of a minor version with default flags.
    #[must_use]
    pub const fn new(minor: u32) -> Self {
        // Deprecated in 1.28, closed by default from 1.29 on (KEP-3299).
        Self { minor, kms_v1: minor < 29, reload: false }
    }

    /// Whether `*` stands for resources, and names of resources are checked.
    pub(super) const fn has_wildcards(self) -> bool {
        self.minor >= 27
    }

    /// Whether KMS version 2 is open without a feature gate.
    pub(super) const fn has_kms_v2(self) -> bool {
        self.minor >= 27
    }
}

impl Default for Server {
    fn default() -> Self {
        Self::new(Self::NEWEST)
    }
}
