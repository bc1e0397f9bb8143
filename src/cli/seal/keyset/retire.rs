//! `ksecrets seal keys retire`: a key goes out of use.

use anyhow::bail;
use clap::Args;
use ksecrets::manifest::Object;
use ksecrets::seal::{KeyId, SealedSecret, Standing, State};

use super::super::super::CLEAN;
use super::super::files::walk_all;
use super::super::keyring::{ConfigArguments, today};
use super::super::keys::RootArguments;
use super::super::look::look;
use super::super::{count, say};
use super::file::{KeysetFile, folder, one};

/// Files that a sentence names.
const MOST_NAMED: usize = 5;

#[derive(Args, Debug)]
pub(super) struct RetireArguments {
    /// The key, by id, or by label where that has one key
    key: String,
    /// Its private half fell into other hands
    #[arg(long, conflicts_with = "decrypt_only")]
    compromised: bool,
    /// Nothing new is sealed to it; what is sealed to it already is still right
    #[arg(long)]
    decrypt_only: bool,
    #[command(flatten)]
    root: RootArguments,
    #[command(flatten)]
    config: ConfigArguments,
}

pub(super) fn run(arguments: &RetireArguments) -> anyhow::Result<u8> {
    let file = KeysetFile::open(&arguments.config)?;
    let signer = arguments.root.read()?;
    let mut draft = file.of_signer(&signer)?;
    let state = match (arguments.compromised, arguments.decrypt_only) {
        (true, _) => State::Compromised,
        (_, true) => State::DecryptOnly,
        _ => State::Retired,
    };
    let entry = one(&draft.keys, &arguments.key)?.clone();
    // A key that others have may be called nothing better, and one that is out of use does not come back by this way.
    if entry.state >= state {
        bail!("{} is {} already", entry.title(), entry.state);
    }
    for known in draft.keys.iter_mut().filter(|known| known.recipient == entry.recipient) {
        known.state = state;
    }
    let keyset = file.save(draft, &signer)?;
    say(&format!("{}: {} is {state} now, generation {}", file.name(), entry.title(), keyset.draft().generation));
    let mut successors = keyset.named(entry.label.as_str()).into_iter();
    if !successors.any(|one| one.standing(today()) == Standing::Usable) {
        say(&format!("{} has no key in use any more: add one with `ksecrets seal keys add`", entry.label));
    }
    if state != State::DecryptOnly {
        tell_use(&file, entry.recipient.kid(), state)?;
    }
    Ok(CLEAN)
}

/// Says what is sealed to a key below the folder of the configuration.
fn tell_use(file: &KeysetFile, kid: &KeyId, state: State) -> anyhow::Result<()> {
    let folder = folder(&file.settings);
    let looked = look(&[], &walk_all(&[folder.to_path_buf()])?, |_, _, tree| {
        let sealed = Object::all(tree).into_iter().filter(SealedSecret::is);
        let sealed = sealed.filter_map(|object| SealedSecret::of(&object).ok());
        let is_to =
            |sealed: &SealedSecret| sealed.envelope().slots().iter().any(|slot| slot.kids().any(|one| one == kid));
        sealed.filter(is_to).map(drop).collect()
    });
    let sealed: usize = looked.iter().map(|one| one.seen.len()).sum();
    let unread: usize = looked.iter().map(|one| one.unread.len()).sum();
    if unread > 0 {
        say(&format!(
            "{} below {} could not be read: what is in them is not known",
            count(unread, "file"),
            folder.display()
        ));
    }
    if sealed == 0 {
        return Ok(());
    }
    let files: Vec<_> =
        looked.iter().filter(|one| !one.seen.is_empty()).map(|one| one.path.display().to_string()).collect();
    let mut named = files[..files.len().min(MOST_NAMED)].join(", ");
    if files.len() > MOST_NAMED {
        named.push_str(&format!(" and {} more", files.len() - MOST_NAMED));
    }
    let flag = if state == State::Compromised { " --new-data-key" } else { "" };
    say(&format!(
        "{} still sealed to it, in {named}: run `ksecrets seal rotate{flag} -i IDENTITY --all {}`",
        if sealed == 1 { "1 SealedSecret is".to_owned() } else { format!("{sealed} SealedSecrets are") },
        folder.display()
    ));
    if state == State::Compromised {
        say("whoever has the key may know the values: change the credentials themselves too");
    }
    Ok(())
}
