//! `ksecrets seal edit`: the values in an editor.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use clap::Args;
use ksecrets::manifest::{Object, documents};
use ksecrets::seal::PlainSecret;
use zeroize::Zeroizing;

use super::super::CLEAN;
use super::files::{Manifests, update};
use super::keys::{IdentityArguments, RecipientArguments};
use super::private::Private;
use super::say;
use super::which::WhichArguments;

#[derive(Args, Debug)]
pub(super) struct EditArguments {
    /// File with the SealedSecret
    file: PathBuf,
    #[command(flatten)]
    which: WhichArguments,
    #[command(flatten)]
    with: IdentityArguments,
    #[command(flatten)]
    to: RecipientArguments,
}

/// What an edit that fails ends with.
const NOTHING: &str = "what was edited cannot be sealed; nothing was changed";
/// How often an editor is started where nobody is seen to sit before it.
const MOST_ROUNDS: u32 = 10;
const HEADER_LINES: usize = 2;
/// Signs that make an editor a command for a shell.
const SHELL: &str = "|&;<>()$`\\\"'*?[#~=%";

pub(super) fn run(arguments: &EditArguments) -> anyhow::Result<u8> {
    let mut manifests = Manifests::read(&arguments.file)?;
    let (place, sealed) = manifests.sealed(&arguments.which)?;
    let (identities, to) = (arguments.with.read()?, arguments.to.read()?);
    let recipients = to.of(Some(&arguments.file)).with_context(|| manifests.title())?;
    let plain = sealed.open_values(&identities).with_context(|| manifests.title())?;
    let mut left_out = Vec::new();
    let edited = edited(readable(&plain).as_bytes(), |text| {
        let changed = PlainSecret::read(text)?;
        if (&changed.name, &changed.namespace) != (&plain.name, &plain.namespace) {
            bail!("a sealed Secret is bound to its name and namespace: seal it anew under the other one");
        }
        if changed == plain {
            return Ok(None);
        }
        left_out = fields_left_out(text);
        Ok(Some(sealed.reseal(&changed, sealed.envelope().scope(), &identities, &recipients)?))
    })?;
    let Some(after) = edited.flatten() else {
        say("nothing changed");
        return Ok(CLEAN);
    };
    if !left_out.is_empty() {
        say(&format!("not in the SealedSecret: {}", left_out.join(", ")));
    }
    update(&mut manifests.file, &place, &sealed, &after)?;
    manifests.save()?;
    to.tell();
    Ok(CLEAN)
}

/// What an editor makes of a text that `read` understands; none when it stays as it was. What is not understood comes back
/// with the reason, so that nothing typed is lost, until it is left as it is.
fn edited<T>(text: &[u8], mut read: impl FnMut(&str) -> anyhow::Result<T>) -> anyhow::Result<Option<T>> {
    let _patient = Patient::new()?;
    let mut file = Private::new("secret.yaml")?;
    let (mut given, mut refused) = (Zeroizing::new(text.to_vec()), None);
    for round in 1.. {
        let header = refused.as_ref().map(header).unwrap_or_default();
        file.put(&Zeroizing::new([header.as_bytes(), &given].concat()))?;
        run_editor(file.path())?;
        let found = file.get().context("cannot read what was edited; nothing was changed")?;
        let body = found.strip_prefix(header.as_bytes()).unwrap_or(&found);
        let unchanged = *body == **given;
        match refused {
            None if unchanged => return Ok(None),
            Some(reason) if unchanged => return Err(reason).context(NOTHING),
            _ if body.trim_ascii().is_empty() => bail!("what was edited is empty: nothing was changed"),
            _ => {}
        }
        match understood(body, &mut read) {
            Ok(value) => return Ok(Some(value)),
            // A program in the place of an editor may change its file for ever.
            Err(reason) if round >= MOST_ROUNDS && !io::stdin().is_terminal() => return Err(reason).context(NOTHING),
            Err(reason) => refused = Some(reason),
        }
        given = Zeroizing::new(body.to_vec());
    }
    bail!(NOTHING)
}

/// What `read` makes of bytes. Its lines are those of the file that will be shown, with the reason at its head.
fn understood<T>(bytes: &[u8], read: &mut impl FnMut(&str) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let text = std::str::from_utf8(bytes).context("it is not UTF-8")?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    read(&Zeroizing::new("#\n".repeat(HEADER_LINES) + text))
}

/// What stands before a text that was refused, in lines of comments.
fn header(reason: &anyhow::Error) -> String {
    let reason = format!("{reason:#}").replace(char::is_control, " ");
    format!("# This cannot be sealed: {reason}\n# Mend it and save. Leave without a change to give up.\n")
}

fn fields_left_out(text: &str) -> Vec<String> {
    let trees: Vec<_> = documents(text).flatten().collect();
    trees.iter().flat_map(Object::all).flat_map(|object| PlainSecret::left_out(&object)).collect()
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
    // An editor may come with options, and with what a shell understands, as git has it.
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or("vi");
    let status = match cfg!(unix) && editor.contains(|c| SHELL.contains(c)) {
        true => {
            let script = format!("{editor} \"$@\"");
            Command::new("sh").args(["-c", &script, "sh"]).args(forgetful(program)).arg(path).status()
        }
        false => Command::new(program).args(forgetful(program)).args(words).arg(path).status(),
    };
    let status = status.with_context(|| format!("cannot run the editor {program}: set $EDITOR"))?;
    if !status.success() {
        bail!("the editor ended with {status}: nothing was changed");
    }
    Ok(())
}

/// What keeps an editor from writing the text to its own files, such as `~/.viminfo`, where one does that unasked. A `vi`
/// may be another program, which does not know these options.
fn forgetful(program: &str) -> &'static [&'static str] {
    let name = |path: &Path| path.file_name().and_then(OsStr::to_str).map(str::to_owned);
    let found = found(program).and_then(|path| name(&fs::canonicalize(path).ok()?));
    let names = [name(Path::new(program)), found];
    match names.iter().flatten().any(|name| ["vim", "nvim"].iter().any(|known| name.starts_with(known))) {
        true => &["-i", "NONE", "-n", "-c", "setlocal noundofile"],
        false => &[],
    }
}

/// The file that a program is run from.
fn found(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(program.into());
    }
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(program)).find(|path| path.is_file())
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
