//! The `ksecrets` command: parse, run, exit code.

mod cli;

use std::process::ExitCode;

/// A hunt makes and drops many small lists on each thread, which the system's allocator is slower at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // The message of a panic may hold what was being read, and that may be a secret: only the place is shown.
    std::panic::set_hook(Box::new(|panic| cli::bug(panic.location())));
    cli::run()
}
