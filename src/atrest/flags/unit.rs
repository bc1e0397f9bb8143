//! A systemd unit that starts the API server, by itself or within k3s or RKE2.

use super::flag::{Flag, has_variables, words};
use super::launcher::{Flags, Launcher};
use super::pod::is_program;
use super::rancher::PASSED_ON;

/// Whether a text is a unit of systemd.
pub(super) fn is(text: &str) -> bool {
    text.lines().any(|line| line.trim() == "[Service]")
}

/// Reads the flags of `ExecStart=`, if the file is a unit that starts an API server.
pub(super) fn read(text: &str) -> Option<Flags> {
    let (command, start) = command(text)?;
    let words = words(command, start);
    if let Some(program) = words.iter().position(|(word, _)| is_program(word)) {
        let has_variables = has_variables(&words);
        let given = Flag::all(words.into_iter().skip(program + 1));
        return Some(Flags { given, has_variables, ..Flags::of(Launcher::Unit) });
    }
    let is_rancher = |word: &str| matches!(word.rsplit('/').next(), Some("k3s" | "rke2"));
    let program = words.windows(2).position(|pair| is_rancher(pair[0].0) && pair[1].0 == "server")?;
    let has_variables = has_variables(&words);
    let server = Flag::all(words.into_iter().skip(program + 2));
    let passed = server.iter().filter(|flag| flag.name == PASSED_ON);
    let given = passed.filter_map(|flag| Some(Flag::parse(flag.value.as_deref()?, flag.place.clone()))).collect();
    Some(Flags { given, server, has_variables, ..Flags::of(Launcher::RancherUnit) })
}

/// The command of the last `ExecStart=` with its continuation lines, and where it begins.
fn command(text: &str) -> Option<(&str, usize)> {
    let (mut at, mut found) = (0, None);
    for line in text.split_inclusive('\n') {
        if let Some(command) = line.trim_start().strip_prefix("ExecStart=") {
            found = Some(at + line.len() - command.len());
        }
        at += line.len();
    }
    let start = found?;
    let lines = text[start..].split_inclusive('\n');
    let mut goes_on = true;
    let length = lines
        .take_while(|line| std::mem::replace(&mut goes_on, line.trim_end_matches(['\r', '\n']).ends_with('\\')))
        .map(str::len)
        .sum::<usize>();
    Some((&text[start..start + length], start))
}
