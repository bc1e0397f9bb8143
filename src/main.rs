//! The `ksecrets` command.

fn main() {}
