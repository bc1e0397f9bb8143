//! A key of a local provider.

use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::provider::Cipher;
use crate::manifest::Node;

/// As Go's: padded, and unused bits may be set.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// The bytes of a key. They cannot be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Material(Zeroizing<Vec<u8>>);

impl Material {
    /// Reads base64 as the server does: line ends do not count.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text: Zeroizing<String> = Zeroizing::new(text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect());
        BASE64.decode(text.as_bytes()).ok().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// How many bytes it has.
    #[must_use]
    pub fn length(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Material(…)")
    }
}

/// A named key.
#[derive(Clone, Debug)]
pub struct Key<'t> {
    /// The item of the list.
    pub node: Node<'t>,
    /// Its name, which is stored in front of what it encrypts. Empty where there is none, which is refused.
    pub name: String,
    /// The scalar that names it.
    pub named: Option<Node<'t>>,
    /// The scalar that holds it.
    pub secret: Option<Node<'t>>,
    /// Its bytes, where they could be read.
    pub material: Option<Material>,
}

impl<'t> Key<'t> {
    /// The node that shows it best: its secret.
    #[must_use]
    pub fn place(&self) -> Node<'t> {
        self.secret.unwrap_or(self.node)
    }

    /// Whether a server takes it for a cipher.
    pub(super) fn is_sound(&self, cipher: Cipher) -> bool {
        let fits = self.material.as_ref().is_some_and(|material| cipher.key_lengths().contains(&material.length()));
        fits && !self.name.is_empty()
    }
}
