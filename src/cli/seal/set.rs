//! `ksecrets seal set`: one value, without any private key.

use std::io::{self, IsTerminal, Read as _};
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use ksecrets::seal::{MOST_BYTES, check_key};
use zeroize::Zeroizing;

use super::super::CLEAN;
use super::files::{Found, Manifests, update};
use super::format::CertificateArguments;
use super::keys::{RecipientArguments, ask};
use super::say;
use super::which::WhichArguments;

#[derive(Args, Debug)]
pub(super) struct SetArguments {
    /// File with the SealedSecret
    file: PathBuf,
    /// Key of the value, which comes from standard input or a hidden prompt
    key: String,
    #[command(flatten)]
    which: WhichArguments,
    #[command(flatten)]
    to: RecipientArguments,
    #[command(flatten)]
    certificate: CertificateArguments,
}

pub(super) fn run(arguments: &SetArguments) -> anyhow::Result<u8> {
    let (key, mut manifests) = (&arguments.key, Manifests::read(&arguments.file)?);
    let title = manifests.title();
    // Nobody should type a value, to be told then that it cannot be sealed.
    check_key(key)?;
    if let (place, Found::Bitnami(theirs)) = manifests.one(&arguments.which)? {
        let certificate = arguments.certificate.read(&arguments.to).context(title.clone())?;
        let value = value(key)?;
        theirs.set(&mut manifests.file, &place, (key, &value), &certificate).context(title)?;
        manifests.save()?;
        certificate.tell();
    } else {
        if arguments.certificate.cert.is_some() {
            bail!("{title} has a SealedSecret of ksecrets.dev: name recipients with -r and not --cert");
        }
        let to = arguments.to.read()?;
        let recipients = to.of(Some(&arguments.file)).with_context(|| title.clone())?;
        let (place, mut sealed) = manifests.sealed(&arguments.which)?;
        let before = sealed.clone();
        sealed.fits().context(title.clone())?;
        to.fits(&title, &sealed, &[key.as_str()], &recipients)?;
        sealed.set(key, &value(key)?, &recipients).context(title)?;
        update(&mut manifests.file, &place, &before, &sealed)?;
        manifests.save()?;
        to.tell();
    }
    Ok(CLEAN)
}

/// A value that is typed unseen, or comes from standard input.
pub(super) fn value(key: &str) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    if io::stdin().is_terminal() {
        return Ok(Zeroizing::new(ask(&format!("Value of {key}: "))?.as_bytes().to_vec()));
    }
    let mut value = Zeroizing::new(Vec::new());
    let most = MOST_BYTES as u64 + 1;
    io::stdin().lock().take(most).read_to_end(&mut value).context("cannot read the value from standard input")?;
    if value.len() > MOST_BYTES {
        bail!("the value has more than {MOST_BYTES} bytes, the most that a Secret may hold");
    }
    if value.is_empty() {
        say("the value is empty: standard input held nothing");
    }
    if value.ends_with(b"\n") {
        say("the value ends with a newline, which is sealed too: `printf %s` gives none");
    }
    Ok(value)
}
