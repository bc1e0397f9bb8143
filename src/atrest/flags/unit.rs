//! A systemd unit that starts the API server, by itself or within k3s or RKE2; or one that starts etcd.

use super::flag::{Flag, Word, has_variables, words};
use super::launcher::{ETCD, Flags, Launcher, SERVER};
use super::pod::{is_program, of_etcd};
use super::rancher::PASSED_ON;

/// What a unit may start.
const PROGRAMS: [&str; 4] = [SERVER, ETCD, "k3s", "rke2"];

/// Whether a text is a unit of systemd.
pub(super) fn is(text: &str) -> bool {
    text.lines().any(|line| line.trim() == "[Service]")
}

/// Reads the flags of `ExecStart=`, if the file is a unit that starts an API server.
pub(super) fn read(text: &str) -> Option<Flags> {
    let text = without_comments(text);
    let (command, start) = command(&text)?;
    let words = unfolded(words(command, start));
    if let Some(program) = words.iter().position(|(word, _)| is_program(word, SERVER)) {
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

/// Reads the flags of etcd, with those that `Environment=` gives it.
pub(super) fn read_etcd(text: &str) -> Option<Flags> {
    let text = without_comments(text);
    let (command, start) = command(&text)?;
    let words = unfolded(words(command, start));
    let program = words.iter().position(|(word, _)| is_program(word, ETCD))?;
    let has_variables = has_variables(&words) || text.lines().any(|line| line.trim().starts_with("EnvironmentFile"));
    let mut given = environment(&text);
    given.extend(Flag::all(words.into_iter().skip(program + 1)));
    Some(Flags { given, has_variables, ..Flags::of(Launcher::Unit) })
}

/// The words with those of a script that a shell is given (`/bin/sh -c "exec kube-apiserver …"`) in its place.
fn unfolded(words: Vec<Word<'_>>) -> Vec<Word<'_>> {
    let is_script = |option: &str| option.starts_with('-') && !option.starts_with("--") && option.ends_with('c');
    let Some(at) = words.windows(2).position(|pair| is_script(pair[0].0) && pair[1].0.contains(char::is_whitespace))
    else {
        return words;
    };
    let (script, place) = words[at + 1].clone();
    // Both quotes are in the place, and not in the word.
    let quote = (place.len() - script.len()) / 2;
    let mut own = self::words(script, place.start + quote);
    let program = own.iter().position(|(word, _)| PROGRAMS.iter().any(|program| is_program(word, program)));
    let mut commands = own.drain(program.unwrap_or(0)..);
    let mut command = Vec::new();
    // Up to what ends a command; a semicolon may stand right behind a word.
    for (word, place) in commands.by_ref() {
        let bare = word.trim_end_matches(';');
        if !matches!(bare, "" | "&&" | "||" | "|" | "&") {
            command.push((bare, place.start..place.end - (word.len() - bare.len())));
        }
        if bare != word || matches!(bare, "&&" | "||" | "|" | "&") {
            break;
        }
    }
    command
}

/// `Environment=ETCD_NAME=a "ETCD_DATA_DIR=/b"`.
fn environment(text: &str) -> Vec<Flag> {
    let (mut at, mut found) = (0, Vec::new());
    for line in text.split_inclusive('\n') {
        if let Some(rest) = line.trim_start().strip_prefix("Environment=") {
            for (word, place) in words(rest, at + line.len() - rest.len()) {
                let assigned = word.split_once('=').and_then(|(name, value)| Some((of_etcd(name)?, value)));
                found.extend(assigned.map(|(name, value)| Flag::new(&name, Some(value), place)));
            }
        }
        at += line.len();
    }
    found
}

/// The command of the last `ExecStart=` with its continuation lines, and where it begins.
fn command(text: &str) -> Option<(&str, usize)> {
    let (mut at, mut found) = (0, None);
    for line in text.split_inclusive('\n') {
        let setting = line.trim_start().strip_prefix("ExecStart").map(|rest| rest.trim_start_matches([' ', '\t']));
        if let Some(command) = setting.and_then(|rest| rest.strip_prefix('=')) {
            // What systemd makes of a command that these signs stand before is no matter here.
            let command = command.trim_start_matches([' ', '\t', '-', '@', ':', '+', '!', '|']);
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

/// The unit with the comments in continued lines blanked, byte for byte: they end no command (systemd.syntax(7)).
fn without_comments(text: &str) -> String {
    let (mut out, mut continued) = (String::with_capacity(text.len()), false);
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\r', '\n']);
        if continued && content.trim_start().starts_with(['#', ';']) {
            out.extend(std::iter::repeat_n(' ', content.len() - 1));
            out.push('\\');
            out.push_str(&line[content.len()..]);
        } else {
            continued = content.ends_with('\\');
            out.push_str(line);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_end_no_command() {
        let unit = "[Service]\nExecStart = /usr/local/bin/kube-apiserver \\\n  --etcd-servers=https://a:2379 \\\n# the key \u{e9}\n\
                    \u{20} ; and more\n  --encryption-provider-config=/var/lib/e.yaml \\\n  --authorization-mode=RBAC\n# end\nRestart=always\n";
        let flags = read(unit).unwrap();
        let names: Vec<&str> = flags.given.iter().map(|flag| flag.name.as_str()).collect();
        assert_eq!(names, ["etcd-servers", "encryption-provider-config", "authorization-mode"]);
        assert_eq!(without_comments(unit).len(), unit.len());
    }
}
