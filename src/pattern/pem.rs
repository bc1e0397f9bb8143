//! PEM (RFC 7468) as it stands in files, in an indented block scalar, or on one line with `\n` escapes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// One block: what it says it is, and its base64 with whatever stands between the lines.
#[derive(Clone, Copy)]
pub(super) struct Block<'t> {
    /// `RSA PRIVATE KEY`, `CERTIFICATE`.
    pub(super) label: &'t str,
    body: &'t str,
}

impl<'t> Block<'t> {
    /// The first block of a text. One whose end is missing reaches to the end of the text.
    pub(super) fn first(text: &'t str) -> Option<Self> {
        let (label, rest) = text.split_once("-----BEGIN ")?.1.split_once("-----")?;
        let body = rest.split("-----END").next().unwrap_or("");
        Some(Self { label, body })
    }

    /// Whether its headers say that it is encrypted (RFC 1421, as OpenSSL writes it).
    pub(super) fn is_encrypted(&self) -> bool {
        self.body.contains("Proc-Type:")
    }

    /// What the base64 stands for.
    pub(super) fn bytes(&self) -> Option<Zeroizing<Vec<u8>>> {
        // Escapes first: their letter is no part of the key. Then line ends, indentation, comment signs, and the quotes
        // and plus signs of strings that are joined line by line.
        let escapes = ["\\\\n", "\\\\r", "\\n", "\\r", "\\t"];
        let body = escapes.iter().fold(self.body.to_owned(), |body, escape| body.replace(escape, "\n"));
        let joined: Zeroizing<String> =
            Zeroizing::new(body.lines().flat_map(|line| stripped(line).split_whitespace()).collect());
        STANDARD.decode(joined.as_bytes()).ok().map(Zeroizing::new)
    }
}

/// A line of base64 without what a programming language puts around it.
fn stripped(line: &str) -> &str {
    let line = line.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '#' | ',' | '\\'));
    let line = line.strip_suffix(" +").unwrap_or(line);
    line.trim_end_matches(['"', '\''])
}
