//! `ksecrets seal keys add`: another public key.

use anyhow::bail;
use clap::Args;
use ksecrets::seal::{Day, Entry, KeysetDraft, Label, Recipient, RootIdentity, Standing, State};

use super::super::super::CLEAN;
use super::super::keyring::{ConfigArguments, today};
use super::super::keys::{RootArguments, recipients_in};
use super::super::say;
use super::file::KeysetFile;

#[derive(Args, Debug)]
pub(super) struct AddArguments {
    /// The public key: the string itself, or a file with it
    #[arg(value_name = "STRING|FILE")]
    recipient: String,
    /// Whose it is: a cluster, a team. Keys that follow each other share a label
    #[arg(long)]
    label: Label,
    /// First day on which it may be sealed to, as 2027-01-31 (UTC)
    #[arg(long, value_name = "DAY")]
    not_before: Option<Day>,
    /// Last day on which it may be sealed to
    #[arg(long, value_name = "DAY")]
    not_after: Option<Day>,
    /// Not to be sealed to yet: its private half is not in place or not backed up
    #[arg(long)]
    pending: bool,
    /// Everything is sealed to it as well: the key in the safe
    #[arg(long)]
    break_glass: bool,
    #[command(flatten)]
    root: RootArguments,
    #[command(flatten)]
    config: ConfigArguments,
}

pub(super) fn run(arguments: &AddArguments) -> anyhow::Result<u8> {
    let file = KeysetFile::open(&arguments.config)?;
    let recipient = recipient(&arguments.recipient)?;
    let signer = arguments.root.read()?;
    let mut draft = before(&file, &signer)?;
    if let Some(known) = draft.key(recipient.kid()) {
        bail!(
            "{} is in the keyset already and {}: to change it edit the file, and sign it with `ksecrets seal keys publish`",
            known.title(),
            known.state
        );
    }
    let entry = Entry {
        recipient,
        label: arguments.label.clone(),
        state: if arguments.pending { State::Pending } else { State::Current },
        not_before: arguments.not_before,
        not_after: arguments.not_after,
        break_glass: arguments.break_glass,
    };
    let title = entry.title();
    draft.keys.push(entry);
    let keyset = file.save(draft, &signer)?;
    say(&format!("{}: added {title}, generation {}", file.name(), keyset.draft().generation));
    let usable = keyset.named(arguments.label.as_str());
    let usable = usable.iter().filter(|entry| entry.standing(today()) == Standing::Usable).count();
    if usable > 1 {
        say(&format!("{} has {usable} keys in use: retire the old one once everything is rotated", arguments.label));
    }
    if file.text.is_none() && file.settings.pin.is_none() {
        say(&format!(
            "pin the root in .ksecrets.yaml, or nobody can use the keyset:\n\nseal:\n  keyset: {}\n  root: {}\n",
            file.name(),
            signer.root()
        ));
    }
    Ok(CLEAN)
}

fn before(file: &KeysetFile, signer: &RootIdentity) -> anyhow::Result<KeysetDraft> {
    if file.text.is_some() {
        return file.of_signer(signer);
    }
    file.refuse_other(signer.root())?;
    Ok(KeysetDraft::new(signer.root().clone()))
}

fn recipient(word: &str) -> anyhow::Result<Recipient> {
    let mut all = recipients_in(word)?;
    if all.len() > 1 {
        bail!("{word} names {} recipients: add them one by one", all.len());
    }
    Ok(all.remove(0))
}
