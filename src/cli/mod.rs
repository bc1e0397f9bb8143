//! The command line: the only room that knows arguments, colours, the environment and exit codes.

mod argument;
mod cluster;
mod config;
mod hunt;
mod output;
mod progress;
mod rules;
mod seal;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Exit code when nothing was found at or over `--fail-on`.
const CLEAN: u8 = 0;
/// Exit code when something was.
const FOUND: u8 = 1;
/// Exit code when the tool could not do its work.
const FAILED: u8 = 2;

/// Hunts exposed Kubernetes secrets and seals them.
#[derive(Parser, Debug)]
#[command(name = "ksecrets", version, about, max_term_width = 100, disable_help_subcommand = true)]
#[command(after_help = "Exit codes: 0 nothing at or over --fail-on, 1 findings, 2 the tool could not do its work.")]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Find exposed secrets in files or a cluster
    Hunt(Box<hunt::HuntArguments>),
    /// Seal Secrets for git, and open, change and verify sealed ones
    Seal(Box<seal::SealArguments>),
    /// Explain rules
    Rules(rules::RulesArguments),
}

/// Parses the arguments, runs the verb, and says how it went.
pub(crate) fn run() -> ExitCode {
    let verb = match Arguments::try_parse() {
        Ok(arguments) => arguments.verb,
        // What is wrong there may be the key, and would be shown with it.
        Err(error) if error.use_stderr() && argument::has_key() => {
            complain(&anyhow::anyhow!(argument::NO_PLACE));
            return ExitCode::from(FAILED);
        }
        Err(error) => match argument::stray(&error) {
            Some(sentence) => {
                complain(&anyhow::anyhow!(sentence));
                return ExitCode::from(FAILED);
            }
            None => error.exit(),
        },
    };
    let outcome = match verb {
        Verb::Hunt(arguments) => hunt::run(*arguments),
        Verb::Seal(arguments) => seal::run(*arguments),
        Verb::Rules(arguments) => rules::run(&arguments),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) if is_broken_pipe(&error) => ExitCode::from(CLEAN),
        Err(error) => {
            complain(&error);
            ExitCode::from(FAILED)
        }
    }
}

/// Whoever read our output has seen enough.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// Says that something went wrong that should not have, without its message.
#[expect(clippy::print_stderr, reason = "errors meet the user here")]
pub(crate) fn bug(place: Option<&std::panic::Location<'_>>) {
    eprintln!("ksecrets: internal error at {}", place.map_or_else(|| "?".to_owned(), ToString::to_string));
}

#[expect(clippy::print_stderr, reason = "errors meet the user here")]
fn complain(error: &anyhow::Error) {
    eprintln!("ksecrets: {error:#}");
}
