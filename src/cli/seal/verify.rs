//! `ksecrets seal verify`: what can be told of sealed files without any key.

use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;
use ksecrets::manifest::{Node, Object, Tree};
use ksecrets::model::ObjectRef;
use ksecrets::render::{self, Format, Style};
use ksecrets::seal::{Scope, SealedSecret, codes, rule_of, rules};

use super::super::{CLEAN, FAILED, FOUND};
use super::beside::plaintext;
use super::bitnami::{self, Certificate};
use super::files::{twice, walk_all};
use super::findings::{Told, report};
use super::keyring::{Keyring, Policies};
use super::keys::RecipientArguments;
use super::look::{Looked, Text, look};
use super::nearest::nearest;
use super::stdin::StdinArguments;
use super::work_tree::Others;
use super::{count, say};

/// Characters of a line that a report marks at most.
const MOST_WIDTH: usize = 4096;

#[derive(Args, Debug)]
#[command(mut_arg("recipients", |argument| argument.help(
    "Hold everything to this recipient, and not to those of .ksecrets.yaml: the string itself, a file with one a line, \
     or a key of the keyset by label or id. Break-glass keys of the keyset are asked for all the same"
)))]
pub(super) struct VerifyArguments {
    /// Files and folders to look through, or - for standard input
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    to: RecipientArguments,
    #[command(flatten)]
    stdin: StdinArguments,
    /// Every slot must be post-quantum
    #[arg(long)]
    post_quantum: bool,
    /// The widest scope that is allowed: strict, namespace, cluster
    #[arg(long, value_name = "SCOPE")]
    widest_scope: Option<Scope>,
    /// Certificate of the sealed-secrets controller, to hold its SealedSecrets and its own expiry to
    #[arg(long, value_name = "FILE")]
    cert: Option<PathBuf>,
    /// Problems to leave out, by the short names that they are reported with, or the ids of their rules
    #[arg(long, value_name = "NAME,..", value_delimiter = ',')]
    ignore: Vec<String>,
    /// How to write the problems: text (one a line), or a report as json, jsonl, sarif, markdown
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// One sealed object.
pub(super) struct Seen {
    pub(super) object: ObjectRef,
    /// From 1.
    pub(super) line: usize,
    /// Characters of that line.
    pub(super) width: usize,
    pub(super) told: Vec<Told>,
}

pub(super) fn run(arguments: &VerifyArguments) -> anyhow::Result<u8> {
    arguments.ignore.iter().try_for_each(|name| known(name))?;
    arguments.stdin.check(&arguments.paths)?;
    let to = arguments.to.read()?;
    let files = walk_all(&arguments.paths)?;
    let others = to.keyring().others(files.iter().map(|path| arguments.stdin.of(path)));
    let mut policies = to.policies(&others)?;
    policies.tighten(arguments.post_quantum, arguments.widest_scope);
    if arguments.paths.iter().any(|path| arguments.stdin.of(path) == Path::new("-")) {
        policies.need_path()?;
    }
    let (certificate, expired) = certificate(arguments)?;
    let named = to.is_named();
    let mut looked = look(&arguments.paths, &files, |path, text, tree| {
        let objects = Object::all(tree);
        let of = |object: &Object<'_>| {
            let mut told = if SealedSecret::is(object) {
                let mut told = problems(arguments.stdin.of(path), object, &policies, named);
                told.extend(plaintext(text, object));
                told
            } else if object.is("bitnami.com", "SealedSecret") {
                bitnami::problems(object, certificate.as_ref())
                    .into_iter()
                    .map(|problem| Told::of_theirs(text, problem))
                    .collect()
            } else {
                return None;
            };
            told.retain(|told| arguments.wants(told));
            Some(Seen { told, ..Seen::at(text, object) })
        };
        let mut seen: Vec<_> = objects.iter().filter_map(of).collect();
        seen.extend(doubled(text, tree, &objects).into_iter().filter(|seen| arguments.wants(&seen.told[0])));
        seen
    });
    looked.extend(expired);
    looked.extend(configurations(arguments, to.keyring(), &others, &looked));
    looked.extend(others.unread.iter().map(|(path, reason)| Looked::unread(path, reason.clone())));
    let mut out = BufWriter::new(io::stdout().lock());
    match arguments.format {
        Format::Text => write(&looked, &mut out)?,
        format => render::render(format, &report(&arguments.paths, &looked), &rules(), &Style::default(), &mut out)?,
    }
    out.flush()?;
    for sentence in looked.iter().flat_map(|one| &one.unread) {
        say(sentence);
    }
    let sealed = looked.iter().flat_map(|one| &one.seen).filter(|seen| !seen.object.kind.is_empty()).count();
    let problems = looked.iter().flat_map(|one| &one.seen).map(|seen| seen.told.len()).sum();
    let unread = looked.iter().filter(|one| !one.unread.is_empty()).count();
    let unread_too = format!("{} not read", count(unread, "file"));
    let wrong = match (problems, unread) {
        (0, 0) => "no problem".to_owned(),
        (0, _) => unread_too,
        (_, 0) => count(problems, "problem"),
        _ => format!("{}, {unread_too}", count(problems, "problem")),
    };
    let ours = looked.iter().flat_map(|one| &one.seen).any(|seen| seen.object.api_version.starts_with("ksecrets.dev/"));
    if ours && !named && to.keyring().keyset.is_none() && others.keyrings.is_empty() {
        say("whose keys they are sealed for was not judged: name recipients with -r, or a keyset in .ksecrets.yaml");
    }
    say(&format!("{}, {wrong}", count(sealed, "SealedSecret")));
    Ok(match (unread, problems) {
        (0, 0) => CLEAN,
        (0, _) => FOUND,
        _ => FAILED,
    })
}

impl VerifyArguments {
    fn wants(&self, told: &Told) -> bool {
        debug_assert!(codes().any(|code| code == told.code), "--ignore does not know {}", told.code);
        !self.ignore.iter().any(|name| name == told.code || name == rule_of(told.code))
    }
}

/// Refuses a name that no problem has: it would silently leave out nothing.
fn known(name: &str) -> anyhow::Result<()> {
    let rules = rules();
    let mut names: Vec<&str> = codes().collect();
    names.extend(rules.iter().map(|rule| rule.id.as_str()));
    if names.contains(&name) {
        return Ok(());
    }
    match nearest(name, &names) {
        Some(near) => bail!("there is no problem '{name}' to leave out; did you mean '{near}'?"),
        None => {
            bail!("there is no problem '{name}' to leave out; `ksecrets rules` lists them, those of verify as seal-…")
        }
    }
}

/// What is wrong with the configurations themselves: one that names another root, or that would decide for a folder.
fn configurations(
    arguments: &VerifyArguments,
    own: &Keyring,
    others: &Others,
    looked: &[Looked<Seen>],
) -> Vec<Looked<Seen>> {
    let of = |which| looked.iter().map(|one| one.path.as_path()).filter(move |path| others.which(path) == which);
    let theirs =
        others.keyrings.iter().enumerate().flat_map(|(at, theirs)| theirs.other_configurations(of(Some(Some(at)))));
    let mut found = Vec::new();
    for (path, line, message, remedy) in own.other_configurations(of(None)).into_iter().chain(theirs) {
        let told = Told { code: "other-configuration", message, remedy: Some(remedy.to_owned()), line: None };
        if arguments.wants(&told) {
            let seen = Seen { object: ObjectRef::default(), line, width: 0, told: vec![told] };
            found.push(Looked { path, seen: vec![seen], unread: Vec::new(), bytes: 0 });
        }
    }
    found
}

/// The certificate to hold SealedSecrets of Bitnami to. That it expired is a problem of its own.
fn certificate(arguments: &VerifyArguments) -> anyhow::Result<(Option<Certificate>, Option<Looked<Seen>>)> {
    let Some(path) = &arguments.cert else { return Ok((None, None)) };
    let (certificate, expired) = Certificate::read_even_expired(path)?;
    let told = expired.map(|message| Told { code: "certificate-expired", message, remedy: None, line: None });
    let looked = told.filter(|told| arguments.wants(told)).map(|told| {
        let seen = Seen { object: ObjectRef::default(), line: 1, width: 0, told: vec![told] };
        Looked { path: path.clone(), seen: vec![seen], unread: Vec::new(), bytes: 0 }
    });
    Ok((Some(certificate), looked))
}

impl Seen {
    fn at(text: &Text<'_>, object: &Object<'_>) -> Self {
        let start = object.root.range().start;
        // No line of a manifest is wider, and all objects of a file may stand on one.
        let width = text.rest_of_line(start).chars().take(MOST_WIDTH).count();
        let object = ObjectRef {
            api_version: object.api_version.to_owned(),
            kind: object.kind.to_owned(),
            namespace: object.namespace().map(str::to_owned),
            name: object.name().map(str::to_owned),
            field: String::new(),
        };
        Self { object, line: text.line(start), width, told: Vec::new() }
    }
}

/// Fields that stand twice where one says what an object is: who reads the first sees a sealed object, and kubectl applies
/// the other. Where one of ours has them, reading it tells.
fn doubled(text: &Text<'_>, tree: &Tree<'_>, objects: &[Object<'_>]) -> Vec<Seen> {
    let is_told = |root| objects.iter().any(|object| object.root == root && SealedSecret::is(object));
    let all = Object::doubled(tree).into_iter().filter(|one| !is_told(one.root));
    let seen = |key: Node<'_>| {
        let (line, message) = (text.line(key.range().start), twice(key));
        let told = Told { code: "duplicate", message, remedy: None, line: None };
        Seen { object: ObjectRef::default(), line, width: 0, told: vec![told] }
    };
    all.map(|one| seen(one.key)).collect()
}

/// A line for each problem.
fn write(looked: &[Looked<Seen>], out: &mut impl io::Write) -> io::Result<()> {
    for one in looked {
        for seen in &one.seen {
            let name = match (seen.object.kind.as_str(), &seen.object.name) {
                ("", _) => String::new(),
                (kind, Some(name)) => format!("{kind} {name}: "),
                (kind, None) => format!("{kind} without a name: "),
            };
            for Told { code, message, remedy, line } in &seen.told {
                let remedy = remedy.as_ref().map(|remedy| format!(": {remedy}")).unwrap_or_default();
                let (path, line) = (one.path.display(), line.unwrap_or(seen.line));
                writeln!(out, "{path}:{line}: {code}: {name}{message}{remedy}")?;
            }
        }
    }
    Ok(())
}

fn problems(path: &Path, object: &Object<'_>, policies: &Policies<'_>, named: bool) -> Vec<Told> {
    let sealed = match SealedSecret::of(object) {
        Ok(sealed) => sealed,
        Err(error) => return vec![Told { code: error.code(), message: error.to_string(), remedy: None, line: None }],
    };
    let (policy, ruled) = policies.of(path);
    let problems = sealed.problems(policy);
    let told = problems.iter().map(|problem| Told {
        code: problem.code(),
        message: problem.to_string(),
        remedy: remedy(problem.code(), path, named),
        line: None,
    });
    (!ruled).then(Told::without_rule).into_iter().chain(told).collect()
}

/// What to run.
fn remedy(code: &str, path: &Path, named: bool) -> Option<String> {
    let to = if named { " -r RECIPIENT" } else { "" };
    let path = path.display().to_string();
    let path = if path.contains([' ', '\'', '"', '$']) { format!("{path:?}") } else { path };
    let rotate = |flag: &str| format!("ksecrets seal rotate{flag} -i IDENTITY{to} {path}");
    Some(match code {
        "compromised-recipient" => {
            format!("run `{}`, and change the credentials themselves", rotate(" --new-data-key"))
        }
        "expired-recipient" => format!("add its successor to the keyset and run `{}`", rotate("")),
        "weak-suite" => format!("make an xwing key and run `{}`", rotate("")),
        "wide-scope" => "seal the Secret anew in a narrower scope".to_owned(),
        "missing-recipient" | "unwanted-recipient" | "retired-recipient" | "early-recipient" | "unused-slot" => {
            format!("run `{}`", rotate(""))
        }
        _ => return None,
    })
}
