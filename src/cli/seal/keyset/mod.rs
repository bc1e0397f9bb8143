//! `ksecrets seal keys`: the public keys of a team.

mod add;
mod fetch;
mod file;
mod list;
mod publish;
mod retire;

use clap::{Args, Subcommand};

#[derive(Args, Debug)]
pub(super) struct KeysArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Show the keys, once their signature was looked at
    List(list::ListArguments),
    /// Add a public key and sign; the first one makes the file
    Add(add::AddArguments),
    /// Take a key out of use and sign; says what is still sealed to it
    Retire(retire::RetireArguments),
    /// Sign what was changed by hand (--root), or print the signed keyset for others
    Publish(publish::PublishArguments),
    /// Take over a newer keyset that the pinned root signed
    Fetch(fetch::FetchArguments),
}

pub(super) fn run(arguments: &KeysArguments) -> anyhow::Result<u8> {
    match &arguments.action {
        Action::List(arguments) => list::run(arguments),
        Action::Add(arguments) => add::run(arguments),
        Action::Retire(arguments) => retire::run(arguments),
        Action::Publish(arguments) => publish::run(arguments),
        Action::Fetch(arguments) => fetch::run(arguments),
    }
}
