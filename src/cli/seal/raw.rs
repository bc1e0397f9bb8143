//! `ksecrets seal --raw`: one value for a sealed-secrets controller, without an object around it.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::bail;

use super::super::CLEAN;
use super::format::FormatArguments;
use super::keys::RecipientArguments;
use super::place::PlaceArguments;
use super::set::value;

pub(super) fn run(
    files: &[PathBuf],
    name: Option<&str>,
    place: &PlaceArguments,
    (format, to): (&FormatArguments, &RecipientArguments),
) -> anyhow::Result<u8> {
    if !format.is_bitnami() {
        // The data key of a value stands in its object, wrapped to the recipients.
        bail!(
            "a value of ksecrets.dev means nothing outside of its object: `ksecrets seal set FILE KEY` puts one in, and --raw \
             is for --format bitnami"
        );
    }
    if files != [Path::new("-")] {
        bail!("--raw takes the value from standard input, or asks for it: `< FILE`");
    }
    let certificate = format.certificate(to)?;
    let at = (place.namespace(), name);
    // What is missing is said before anybody types a value.
    certificate.seal_value(&[], place.scope(), at)?;
    let sealed = certificate.seal_value(&value("the value")?, place.scope(), at)?;
    let mut out = io::stdout().lock();
    out.write_all(sealed.as_bytes())?;
    // As kubeseal, no newline; but a terminal needs one.
    if io::stdout().is_terminal() {
        out.write_all(b"\n")?;
    }
    certificate.tell();
    Ok(CLEAN)
}
