//! `ksecrets seal edit`: the values in an editor.

use std::env;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use clap::Args;
use ksecrets::seal::PlainSecret;
use zeroize::Zeroizing;

use super::super::CLEAN;
use super::files::{Manifests, update};
use super::keygen::create;
use super::keys::{IdentityArguments, RecipientArguments};
use super::say;

#[derive(Args, Debug)]
pub(super) struct EditArguments {
    /// File with one SealedSecret
    file: PathBuf,
    #[command(flatten)]
    with: IdentityArguments,
    #[command(flatten)]
    to: RecipientArguments,
}

pub(super) fn run(arguments: &EditArguments) -> anyhow::Result<u8> {
    let mut manifests = Manifests::read(&arguments.file)?;
    let (place, sealed) = manifests.sealed()?;
    let (identities, to) = (arguments.with.read()?, arguments.to.read()?);
    let recipients = to.of(Some(&arguments.file))?;
    let plain = sealed.open_values(&identities).with_context(|| manifests.title())?;
    let changed = edited(&plain)?;
    if changed == plain {
        say("nothing changed");
        return Ok(CLEAN);
    }
    let after = sealed.reseal(&changed, sealed.envelope().scope(), &identities, &recipients)?;
    if (after.name(), after.namespace()) != (sealed.name(), sealed.namespace()) {
        bail!("a sealed Secret is bound to its name and namespace: seal it anew under the other one");
    }
    update(&mut manifests.file, &place, &sealed, &after)?;
    manifests.save()?;
    to.tell();
    Ok(CLEAN)
}

/// What an editor makes of a Secret. The file is in a folder that the user alone can enter, and wiped afterwards;
/// what the editor itself leaves elsewhere is the editor's.
fn edited(plain: &PlainSecret) -> anyhow::Result<PlainSecret> {
    let mut folder = tempfile::Builder::new();
    #[cfg(unix)]
    folder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let folder = folder.prefix("ksecrets-").tempdir().context("cannot make a private folder")?;
    let path = folder.path().join("secret.yaml");
    let wipe = Wipe(&path);
    let _patient = Patient::new()?;
    create(&path, readable(plain).as_bytes())?;
    run_editor(&path)?;
    let text = fs::read_to_string(&path).map(Zeroizing::new).context("cannot read what was edited")?;
    drop(wipe);
    PlainSecret::read(&text).context("what was edited is no Secret that can be sealed; nothing was changed")
}

/// The Secret with its texts under `stringData`, where people can read them.
fn readable(plain: &PlainSecret) -> Zeroizing<String> {
    let is_text = |bytes: &[u8]| {
        std::str::from_utf8(bytes).is_ok_and(|text| !text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'))
    };
    let (mut binary, mut texts) = (plain.clone(), plain.clone());
    binary.data.retain(|_, value| !is_text(value.expose()));
    texts.data.retain(|_, value| is_text(value.expose()));
    let mut text = binary.to_yaml();
    text.push_str("stringData:\n");
    for (key, value) in &texts.data {
        // JSON strings are YAML's too, on one line whatever they hold.
        let value = String::from_utf8_lossy(value.expose());
        let quoted = Zeroizing::new(serde_json::to_string(&value).unwrap_or_default());
        for part in ["  ", key, ": ", &quoted, "\n"] {
            text.push_str(part);
        }
    }
    text
}

fn run_editor(path: &Path) -> anyhow::Result<()> {
    let editor = ["VISUAL", "EDITOR"].iter().find_map(|name| env::var(name).ok().filter(|word| !word.is_empty()));
    let editor = editor.unwrap_or_else(|| "vi".to_owned());
    // An editor may come with options, as git has it.
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or("vi");
    let status = Command::new(program).args(words).arg(path).status();
    let status = status.with_context(|| format!("cannot run the editor {program}: set $EDITOR"))?;
    if !status.success() {
        bail!("the editor ended with {status}: nothing was changed");
    }
    Ok(())
}

/// While it lives, an interrupt does not end us: the editor takes it, and what it was given is wiped when it has ended.
struct Patient {
    #[cfg(unix)]
    _signals: Vec<tokio::signal::unix::Signal>,
    _runtime: tokio::runtime::Runtime,
}

impl Patient {
    fn new() -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        #[cfg(unix)]
        let signals = {
            use tokio::signal::unix::{SignalKind, signal};
            let _within = runtime.enter();
            let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
            kinds.into_iter().map(signal).collect::<Result<_, _>>()?
        };
        Ok(Self {
            #[cfg(unix)]
            _signals: signals,
            _runtime: runtime,
        })
    }
}

/// Overwrites a file when it goes out of sight. On disks that move blocks about a copy may stay all the same.
struct Wipe<'p>(&'p Path);

impl Drop for Wipe<'_> {
    fn drop(&mut self) {
        let Ok(metadata) = fs::metadata(self.0) else { return };
        if let Ok(mut file) = fs::OpenOptions::new().write(true).open(self.0) {
            let zeros = vec![0; usize::try_from(metadata.len()).unwrap_or(0)];
            let _ = file.write_all(&zeros).and_then(|()| file.sync_all());
        }
    }
}
