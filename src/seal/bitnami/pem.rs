//! PEM blocks (RFC 7468), read as kubeseal does: text around them is passed over.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// One block whose end is there.
pub(super) struct Block<'t> {
    /// `RSA PRIVATE KEY`, `CERTIFICATE`.
    pub(super) label: &'t str,
    body: &'t str,
}

impl<'t> Block<'t> {
    /// The blocks of a text, in order.
    pub(super) fn all(text: &'t str) -> impl Iterator<Item = Self> {
        let mut begins = text.split("-----BEGIN ");
        begins.next();
        begins.filter_map(|rest| {
            let (label, rest) = rest.split_once("-----")?;
            let (body, _) = rest.split_once("-----END ")?;
            Some(Self { label, body })
        })
    }

    /// Whether a passphrase protects it, by its label (RFC 7468, 11) or its headers (RFC 1421).
    pub(super) fn is_encrypted(&self) -> bool {
        self.label.starts_with("ENCRYPTED") || self.body.contains("Proc-Type:")
    }

    /// What the base64 stands for.
    pub(super) fn bytes(&self) -> Option<Zeroizing<Vec<u8>>> {
        let joined: Zeroizing<Vec<u8>> =
            Zeroizing::new(self.body.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect());
        STANDARD.decode(&joined[..]).ok().map(Zeroizing::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_between_other_text() {
        let block = |label: &str, body: &str| format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
        let protected = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\naGk=";
        let text = [
            "Bag Attributes\n",
            &block("A", "aG\r\nk="),
            &block("B", "!"),
            &block("C", protected),
            "-----BEGIN D-----\naGk=",
        ]
        .concat();
        let seen: Vec<_> = Block::all(&text).map(|block| (block.label, block.is_encrypted(), block.bytes())).collect();
        let hi = Some(Zeroizing::new(b"hi".to_vec()));
        assert_eq!(seen, [("A", false, hi), ("B", false, None), ("C", true, None)]);
        assert!(Block::all(&block("ENCRYPTED PRIVATE KEY", "")).all(|block| block.is_encrypted()));
    }
}
