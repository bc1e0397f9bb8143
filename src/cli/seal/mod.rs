//! `ksecrets seal`: seals Secrets, and everything that is done with sealed ones.

mod at_rest;
mod beside;
#[cfg(feature = "bitnami")]
mod bitnami;
#[cfg(not(feature = "bitnami"))]
#[path = "lacking.rs"]
mod bitnami;
mod create;
mod edit;
mod files;
mod findings;
mod format;
mod import;
mod keygen;
mod keyring;
mod keys;
mod keyset;
mod look;
mod nearest;
mod open;
mod paths;
mod place;
mod private;
mod raw;
mod rotate;
mod set;
mod stdin;
mod update;
mod verify;
mod which;
mod work_tree;

use clap::{Args, Subcommand};

#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct SealArguments {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    create: create::CreateArguments,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Make a private identity; its recipient string goes to standard output
    Keygen(keygen::KeygenArguments),
    /// Open sealed Secrets and print them
    Open(open::OpenArguments),
    /// Add or replace one value of a sealed Secret, without any private key
    Set(set::SetArguments),
    /// Change the values of a sealed Secret in an editor
    Edit(edit::EditArguments),
    /// Wrap the keys of sealed Secrets to other recipients, leaving every value as it is
    Rotate(rotate::RotateArguments),
    /// Make SealedSecrets of others our own, with their private keys
    Import(import::ImportArguments),
    /// Look over sealed Secrets, without any key
    Verify(verify::VerifyArguments),
    /// The public keys of a team, signed: list, add, retire, publish, fetch
    Keys(keyset::KeysArguments),
    /// Tell whether etcd is encrypted, by flags, configuration, metrics and stored bytes
    AtRest(Box<at_rest::AtRestArguments>),
}

/// Runs the action and gives back the exit code.
pub(super) fn run(arguments: SealArguments) -> anyhow::Result<u8> {
    match arguments.action {
        None => create::run(&arguments.create),
        Some(Action::Keygen(arguments)) => keygen::run(&arguments),
        Some(Action::Open(arguments)) => open::run(&arguments),
        Some(Action::Set(arguments)) => set::run(&arguments),
        Some(Action::Edit(arguments)) => edit::run(&arguments),
        Some(Action::Rotate(arguments)) => rotate::run(&arguments),
        Some(Action::Import(arguments)) => import::run(&arguments),
        Some(Action::Verify(arguments)) => verify::run(&arguments),
        Some(Action::Keys(arguments)) => keyset::run(&arguments),
        Some(Action::AtRest(arguments)) => at_rest::run(&arguments),
    }
}

/// Tells people what happened; the result goes to standard output.
#[expect(clippy::print_stderr, reason = "what is said beside the result goes here")]
fn say(sentence: &str) {
    eprintln!("ksecrets: {sentence}");
}

/// `1 SealedSecret`, `2 SealedSecrets`.
fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
