//! What was given where a path is meant, as far as it may be shown.

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use anyhow::anyhow;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Longest name that file systems have. What is longer is no path that somebody mistyped.
const LONGEST_NAME: usize = 255;
/// What keys and files with keys have in them. An age key is as private as ours.
const KEYS: [&str; 5] = ["KSECRETS-KEY-", "ksecrets-identity/", "ksecrets-root/", "PRIVATE KEY", "AGE-SECRET-KEY-"];
/// Beginnings of a private key in lower case, which is the same key, with the length of its shortest form. File names
/// may begin so.
const LOWER_KEY: (&str, usize) = ("ksecrets-key-", 60);
/// Endings of files with passphrases.
const ENDINGS: [&str; 12] =
    ["asc", "conf", "env", "key", "pass", "passphrase", "pem", "pw", "pwd", "secret", "txt", "yaml"];

/// Why key material is not taken.
pub(super) const NO_PLACE: &str =
    "key material does not belong into an argument, where others see it: give the path of the file that holds it";

/// Whether a word is the content of a private file and not its path.
pub(super) fn is_key(word: &OsStr) -> bool {
    let word = word.to_string_lossy();
    let (lower, least) = LOWER_KEY;
    word.contains(['\n', '\r'])
        || KEYS.iter().any(|part| word.contains(part))
        || word.to_ascii_lowercase().find(lower).is_some_and(|at| word[at..].len() >= least)
        || word.split(['/', '\\']).any(|name| name.len() > LONGEST_NAME)
}

/// Whether the command line has key material in it.
pub(super) fn has_key() -> bool {
    std::env::args_os().skip(1).any(|word| is_key(&word))
}

/// What is said of a word that `seal` did not ask for, in place of an error that shows it: it may be the value, password
/// or passphrase that nothing takes as an argument. None for other errors.
pub(super) fn stray(error: &clap::Error) -> Option<String> {
    let word = match error.kind() {
        ErrorKind::UnknownArgument => error.get(ContextKind::InvalidArg),
        ErrorKind::TooManyValues => error.get(ContextKind::InvalidValue),
        _ => None,
    };
    let Some(ContextValue::String(word)) = word else { return None };
    let mut words = std::env::args_os().skip(1);
    // A mistyped option is no secret.
    if words.next()? != "seal" || word.starts_with('-') {
        return None;
    }
    let place = std::env::args_os().skip(1).position(|own| own.to_string_lossy().contains(word.as_str()))? + 1;
    Some(format!(
        "word {place} after ksecrets is not expected, and not shown: values come from standard input or a prompt, \
         passphrases from a prompt or a file. If it was a secret, your shell's history has it now. --help shows what is \
         expected"
    ))
}

/// Why a file could not be read; `what` may be empty. Its name is part of that, unless it is key material itself.
pub(super) fn unreadable(path: &Path, what: &str, error: io::Error) -> anyhow::Error {
    let sentence = ["cannot read", what].join(if what.is_empty() { "" } else { " " });
    // There may be a folder of that name.
    if is_key(path.as_os_str()) && !path.exists() {
        return anyhow!("{sentence}: {NO_PLACE}");
    }
    anyhow::Error::new(error).context(format!("{sentence} {}", path.display()))
}

/// The same of a file with a passphrase, which looks like anything: only what is surely a path is shown.
pub(super) fn unreadable_passphrase(path: &Path, error: io::Error) -> anyhow::Error {
    if is_key(path.as_os_str()) || path.exists() || is_path(path) {
        return unreadable(path, "the passphrase", error);
    }
    anyhow::Error::new(error).context(
        "cannot read the file of the passphrase, whose name is not shown here as it may be the passphrase itself",
    )
}

/// Whether it cannot but be a path. Passphrases have dots and slashes too.
fn is_path(path: &Path) -> bool {
    let text = path.to_string_lossy();
    let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase();
    let around = || path.ancestors().skip(1).filter(|folder| folder.parent().is_some());
    !text.contains(char::is_whitespace)
        && (text.starts_with("~/") || ENDINGS.contains(&ending.as_str()) || around().any(Path::exists))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_from_paths() {
        let key = format!("ksecrets-key-x-1{}", "q".repeat(58));
        let pem = ["-----BEGIN PRIVATE", " KEY-----"].concat();
        let long = "A".repeat(300);
        for word in [key.as_str(), &key.to_uppercase(), &key.to_uppercase()[..20], &pem, &long, "a\nb"] {
            assert!(is_key(OsStr::new(word)), "{word}");
        }
        let deep = "folder/".repeat(60);
        for word in ["id.key", "ksecrets-key-prod.key", "../ksecrets-keys.yaml", &deep, ""] {
            assert!(!is_key(OsStr::new(word)), "{word}");
        }
    }

    #[test]
    fn a_wrong_path_of_a_passphrase_is_shown_and_a_passphrase_is_not() {
        for path in ["pass.txt", "keys/pass.key", "./pass", "../pass", "~/pass", "src/pass"] {
            assert!(is_path(Path::new(path)), "{path}");
        }
        for word in ["Tr4verse-Quill-88", "Tr4verse Quill.txt", "Tr4verse.Quill", "q/ill", "/quill", "a+/b/c="] {
            assert!(!is_path(Path::new(word)), "{word}");
        }
    }
}
