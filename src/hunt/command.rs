//! Command lines that take a credential without naming it: `curl -u user:pass`, `mysql -ppass`, `redis-cli -a pass`.

use std::ops::Range;

use super::names::Kind;

/// Words of which one is in every command line that [`credentials`] understands, for the gate.
pub(super) const KEYWORDS: [&str; 29] = [
    "curl",
    "wget",
    "mysql",
    "mariadb",
    "redis-cli",
    "sshpass",
    "login",
    "mongo",
    "ldap",
    "etcdctl",
    "mosquitto",
    "mc alias",
    "smbclient",
    "add_user",
    "from-literal",
    "htpasswd",
    "rabbitmq",
    "valkey-cli",
    "proxy-user",
    "httpie",
    "sqlcmd",
    "chpasswd",
    "lftp",
    "net use",
    "bcp",
    "alias set",
    "identified by",
    "identified with",
    "base64 -",
];

/// What one option of a command takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// `user:password`.
    Pair(char),
    /// The password itself.
    Secret,
}

/// Commands, an option of theirs, and what it takes. An option of one letter may have its value attached.
const OPTIONS: &[(&[&str], &str, Takes)] = &[
    (&["curl"], "-u", Takes::Pair(':')),
    (&["curl"], "--user", Takes::Pair(':')),
    (&["curl"], "--proxy-user", Takes::Pair(':')),
    (&["curl"], "-U", Takes::Pair(':')),
    (&["http", "https", "httpie"], "-a", Takes::Pair(':')),
    (&["etcdctl"], "--user", Takes::Pair(':')),
    (
        &[
            "mysql",
            "mysqldump",
            "mysqladmin",
            "mariadb",
            "mariadb-dump",
            "mariadb-admin",
            "mysqlcheck",
            "mysqlimport",
            "mysqlsh",
        ],
        "-p",
        Takes::Secret,
    ),
    (&["redis-cli", "valkey-cli"], "-a", Takes::Secret),
    (&["sshpass"], "-p", Takes::Secret),
    (&["mongo", "mongosh", "mongodump", "mongorestore", "mongoimport", "mongoexport"], "-p", Takes::Secret),
    (&["docker", "podman", "helm", "crane", "oras", "skopeo", "buildah", "nerdctl", "az", "oc"], "-p", Takes::Secret),
    (&["ldapsearch", "ldapadd", "ldapmodify", "ldapdelete", "ldappasswd", "ldapwhoami"], "-w", Takes::Secret),
    (&["mosquitto_pub", "mosquitto_sub", "mosquitto_rr"], "-P", Takes::Secret),
    (&["smbclient"], "-U", Takes::Pair('%')),
    (&["sqlcmd", "bcp"], "-P", Takes::Secret),
    (&["lftp", "ncftpput"], "-u", Takes::Pair(',')),
];

/// A credential in a command line: which word it is, and the bytes of it in that word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Position of the word.
    pub word: usize,
    /// Bytes of the credential in the word.
    pub range: Range<usize>,
    /// What it is; none for a value that the command makes part of a Secret, whatever its key is called.
    pub kind: Option<Kind>,
    /// The key that goes with the value, in the same word.
    pub key: Range<usize>,
}

impl Found {
    fn credential(word: usize, range: Range<usize>) -> Self {
        Self { word, range, kind: Some(Kind::Password), key: 0..0 }
    }
}

/// Credentials in the words of one or more commands.
#[must_use]
pub(super) fn credentials(words: &[&str]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut command = "";
    let mut makes_secret = false;
    for (position, word) in words.iter().enumerate() {
        match *word {
            "create" => makes_secret = false,
            "secret" | "secrets" => makes_secret |= words[..position].ends_with(&["create"]),
            "|" | ";" | "&&" | "||" => makes_secret = false,
            _ if makes_secret => found.extend(literal(position, words)),
            _ => {}
        }
        let program = word.trim_start_matches(['$', '(', '`']);
        let program = program.rsplit('/').next().unwrap_or(program);
        if is_command(program) {
            command = program;
            positional(program, position, words, &mut found);
        }
        for (commands, option, takes) in OPTIONS {
            if commands.contains(&command)
                && !(*option == "-p" && is_login_only(command) && !words.contains(&"login"))
                && let Some(hit) = option_value(position, words, option, *takes, command)
            {
                found.push(hit);
            }
        }
    }
    found
}

fn is_command(program: &str) -> bool {
    OPTIONS.iter().any(|(commands, ..)| commands.contains(&program))
        || matches!(program, "mc" | "rabbitmqctl" | "htpasswd" | "echo" | "printf" | "<<<" | "net")
}

/// `-p` publishes a port in every other subcommand.
fn is_login_only(command: &str) -> bool {
    matches!(command, "docker" | "podman" | "helm" | "crane" | "oras" | "skopeo" | "buildah" | "nerdctl" | "az" | "oc")
}

fn option_value(position: usize, words: &[&str], option: &str, takes: Takes, command: &str) -> Option<Found> {
    let word = words[position];
    let attached_only = option == "-p" && (command.starts_with("mysql") || command.starts_with("mariadb"));
    let (at, start) = if word == option && !attached_only {
        (position + 1, 0)
    } else if let Some(rest) = word.strip_prefix(option) {
        let rest = if option.starts_with("--") { rest.strip_prefix('=')? } else { rest };
        (position, word.len() - rest.len())
    } else {
        return None;
    };
    let value = words.get(at)?.get(start..)?;
    if value.is_empty()
        || (start == 0 && value.starts_with('-'))
        || (at == position && attached_only && value.starts_with('='))
    {
        return None;
    }
    match takes {
        Takes::Secret => Some(Found::credential(at, start..start + value.len())),
        Takes::Pair(separator) => {
            let (user, secret) = value.split_once(separator)?;
            let from = start + user.len() + separator.len_utf8();
            (!secret.is_empty()).then(|| Found::credential(at, from..from + secret.len()))
        }
    }
}

/// `--from-literal=KEY=VALUE` of `kubectl create secret`, in one word or in two
/// (<https://kubernetes.io/docs/reference/kubectl/generated/kubectl_create/kubectl_create_secret_generic/>).
fn literal(position: usize, words: &[&str]) -> Option<Found> {
    let rest = words[position].strip_prefix("--from-literal")?;
    let (word, pair) = match rest.strip_prefix('=') {
        Some(pair) => (position, pair),
        None if rest.is_empty() => (position + 1, *words.get(position + 1)?),
        None => return None,
    };
    let start = words[word].len() - pair.len();
    let (key, value) = pair.split_once('=')?;
    let quoted = value.strip_prefix(['"', '\'']).unwrap_or(value);
    let from = start + pair.len() - quoted.len();
    // What a shell puts there begins after the word: `$(…)`.
    (!quoted.is_empty() && !quoted.ends_with('$')).then(|| Found {
        word,
        range: from..from + quoted.len(),
        kind: None,
        key: start..start + key.len(),
    })
}

/// Words that a shell decodes: base64 in a command line that has `base64 -d`, by its place in the line.
pub(super) fn encoded<'w>(words: &'w [(Range<usize>, &'w str)]) -> impl Iterator<Item = (Range<usize>, &'w str)> + 'w {
    let decodes = |at: usize| {
        let flags = words[at + 1..].iter().take(3).take_while(|(_, word)| word.starts_with('-'));
        let command = words[at].1.rsplit('/').next().unwrap_or("");
        command.trim_start_matches('-') == "base64"
            && flags
                .into_iter()
                .any(|(_, flag)| *flag == "--decode" || !flag.starts_with("--") && flag.contains(['d', 'D']))
    };
    let any = (0..words.len()).any(decodes);
    let trimmed = |(range, word): &(Range<usize>, &'w str)| {
        let text = word.trim_matches(['"', '\'', '\\']);
        let text = text.strip_suffix("\\n").unwrap_or(text);
        let start = range.start + (text.as_ptr() as usize - word.as_ptr() as usize);
        (start..start + text.len(), text)
    };
    words.iter().filter(move |_| any).map(trimmed).filter(|(_, text)| text.len() >= 8)
}

/// The word that a login reads from its input: `echo x | docker login --password-stdin`, or behind `<<<`.
fn piped(program: &str, position: usize, words: &[&str]) -> Option<usize> {
    let reads = |command: &[&str]| {
        let stdin = |word: &&str| matches!(*word, "--password-stdin" | "--with-token" | "-");
        command.contains(&"login") && command.iter().any(stdin)
    };
    let ends = |word: &&str| matches!(*word, "" | "|" | ";" | "&&" | "||");
    match program {
        "<<<" => (reads(&words[..position]) && position + 1 < words.len()).then_some(position + 1),
        "echo" | "printf" => {
            let pipe = position + 1 + words[position + 1..].iter().position(ends)?;
            let command = &words[pipe + 1..];
            let command = &command[..command.iter().position(ends).unwrap_or(command.len())];
            (words[pipe] == "|" && pipe > position + 1 && reads(command)).then_some(pipe - 1)
        }
        _ => None,
    }
}

/// Commands that take the password by position.
fn positional(program: &str, position: usize, words: &[&str], found: &mut Vec<Found>) {
    let rest = &words[position + 1..];
    if let ("echo", [pair, then @ ..]) = (program, rest)
        && then.iter().take(2).any(|word| word.ends_with("chpasswd"))
        && let Some((user, secret)) = pair.split_once(':')
    {
        found.push(Found::credential(position + 1, user.len() + 1..user.len() + 1 + secret.len()));
        return;
    }
    if let Some(at) = piped(program, position, words) {
        found.push(Found::credential(at, 0..words[at].len()));
        return;
    }
    let place = match (program, rest) {
        ("mc", ["alias", "set", rest @ ..]) if rest.len() >= 4 => Some(6),
        ("mc", ["config", "host", "add", rest @ ..]) if rest.len() >= 4 => Some(7),
        ("rabbitmqctl", ["add_user" | "change_password", _, _, ..]) => Some(3),
        ("net", ["use", rest @ ..]) => rest.iter().position(|word| word.starts_with("/user:")).map(|user| user + 3),
        ("htpasswd", [flags, ..]) if flags.starts_with('-') && flags.contains('b') => {
            Some(if flags.contains('n') { 3 } else { 4 })
        }
        _ => None,
    };
    if let Some(at) = place.map(|offset| position + offset)
        && let Some(word) = words.get(at)
    {
        found.push(Found::credential(at, 0..word.len()));
    }
}

/// Splits a line into words as a shell does, each with its bytes in the line; quotes are left out of the bytes.
#[must_use]
pub(super) fn shell_words(line: &str) -> Vec<(Range<usize>, &str)> {
    let bytes = line.as_bytes();
    let mut words = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            byte if byte.is_ascii_whitespace() => at += 1,
            quote @ (b'"' | b'\'') => {
                let end = memchr::memchr(quote, &bytes[at + 1..]).map_or(bytes.len(), |found| at + 1 + found);
                words.push((at + 1..end, &line[at + 1..end]));
                at = end + 1;
            }
            _ => {
                let start = at;
                let ends = |byte: u8| {
                    byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'|' | b';' | b')' | b'`' | b'(')
                };
                while at < bytes.len() && !ends(bytes[at]) {
                    at += 1;
                }
                // `-p'secret'` and `--user="a:b"`: the quoted part goes on with the word, its quotes do not.
                if start < at && at < bytes.len() && matches!(bytes[at], b'"' | b'\'') {
                    let end = memchr::memchr(bytes[at], &bytes[at + 1..]).map_or(bytes.len(), |found| at + 1 + found);
                    words.push((start..end, &line[start..end]));
                    at = end + 1;
                } else {
                    // A sign is a word without text, but for the one that says whose input this is.
                    let pipe = bytes[start] == b'|';
                    words.push((start..at.max(start + 1), &line[start..at.max(start + usize::from(pipe))]));
                    at = at.max(start + 1);
                }
            }
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(line: &str) -> Vec<&str> {
        let words = shell_words(line);
        let texts: Vec<&str> = words.iter().map(|(_, text)| *text).collect();
        credentials(&texts)
            .into_iter()
            .map(|found| &texts[found.word][found.range])
            .map(|text| text.trim_matches(['"', '\'']))
            .collect()
    }

    #[test]
    fn commands_with_a_password() {
        for line in [
            "curl -s -u admin:s3cret https://x",
            "curl --user admin:s3cret https://x",
            "curl --user 'admin:s3cret' https://x",
            "mysql -uroot -ps3cret db",
            "redis-cli -h x -a s3cret ping",
            "sshpass -p s3cret ssh x",
            "docker login -u x -p s3cret registry",
            "echo s3cret | docker login -u x --password-stdin registry",
            "printf '%s' \"s3cret\" | helm registry login registry --password-stdin",
            "docker login -u x --password-stdin registry <<< 's3cret'",
            "echo -n s3cret|vault login -",
            "etcdctl --user=root:s3cret get /x",
            "ldapsearch -D cn=x -w s3cret",
            "mc alias set m http://x user s3cret",
            "rabbitmqctl add_user x s3cret",
            "mongosh -u x -p s3cret",
            "/usr/bin/mosquitto_pub -u x -P s3cret",
            "x=$(mysql -ps3cret -e y)",
            "echo 'root:s3cret' | chpasswd",
            "sqlcmd -U sa -P 's3cret'",
            "lftp -u user,s3cret ftp.example.org",
        ] {
            assert_eq!(secrets(line), ["s3cret"], "{line}");
        }
    }

    #[test]
    fn commands_without() {
        for line in [
            "docker run -p 8080:80 x",
            "mysql -u root -p db",
            "curl -u admin https://x",
            "mkdir -p /x",
            "echo -u a:b",
            "echo login | tee x; docker login --password-stdin < file",
            "echo x || docker login --password-stdin < file",
            "cat file | docker login --password-stdin",
        ] {
            assert_eq!(secrets(line), Vec::<&str>::new(), "{line}");
        }
    }
}
