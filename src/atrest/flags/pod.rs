//! A pod that runs kube-apiserver, or etcd.

use super::flag::{Flag, Word, has_variables, words};
use super::launcher::{ETCD, Flags, Launcher};
use super::mounted::Mounted;
use crate::manifest::{Node, Object, containers};

/// Reads the flags of an object's container, if one starts that program.
pub(super) fn read(object: &Object<'_>, program: &str) -> Option<Flags> {
    let (container, (given, has_variables)) =
        containers(object).find_map(|container| Some((container, flags(container, program)?)))?;
    let node = object.root.at_path(&["spec", "nodeName"]).and_then(Node::as_str);
    let mounts = container.get("volumeMounts").into_iter().flat_map(Node::items);
    let mounts = mounts.filter_map(|mount| mount.get_str("mountPath").map(str::to_owned)).collect();
    let node = node.map(str::to_owned);
    let mut flags = Flags { node, given, has_variables, mounts: Some(mounts), ..Flags::of(Launcher::Pod) };
    let file = flags.get("encryption-provider-config").and_then(|flag| flag.value.as_deref());
    flags.mounted = file.and_then(|file| Mounted::of(object, container, file));
    Some(flags)
}

/// What the environment of a container tells etcd: `ETCD_LISTEN_CLIENT_URLS` is `--listen-client-urls`, where that is not
/// given. And whether some of it is not seen.
pub(super) fn environment(object: &Object<'_>) -> (Vec<Flag>, bool) {
    let container = containers(object).find(|container| flags(*container, ETCD).is_some());
    let Some(container) = container else { return (Vec::new(), false) };
    let variables = container.get("env").into_iter().flat_map(Node::items);
    let variables: Vec<_> = variables.filter_map(|one| Some((of_etcd(one.get_str("name")?)?, one))).collect();
    let hidden = container.get("envFrom").is_some() || variables.iter().any(|(_, one)| one.get("valueFrom").is_some());
    let given = variables.into_iter().filter_map(|(name, one)| {
        let value = one.get("value")?;
        Some(Flag::new(&name, value.as_str(), value.range()))
    });
    (given.collect(), hidden)
}

/// The flag of a variable of etcd.
pub(super) fn of_etcd(variable: &str) -> Option<String> {
    Some(variable.strip_prefix("ETCD_")?.to_ascii_lowercase().replace('_', "-"))
}

fn flags(container: Node<'_>, program: &str) -> Option<(Vec<Flag>, bool)> {
    let scalars = ["command", "args"].into_iter().filter_map(|field| container.get(field)).flat_map(Node::items);
    let scalars: Vec<Word<'_>> = scalars.filter_map(|item| Some((item.as_str()?, item.range()))).collect();
    if let Some(program) = scalars.iter().position(|(word, _)| is_program(word, program)) {
        let has_variables = has_variables(&scalars);
        return Some((Flag::all(scalars.into_iter().skip(program + 1)), has_variables));
    }
    scalars.into_iter().find_map(|word| script(word, program))
}

/// A shell's script that starts it: one scalar, so every flag stands where the script does.
fn script((text, place): Word<'_>, program: &str) -> Option<(Vec<Flag>, bool)> {
    let words = words(text, 0);
    let program = words.iter().position(|(word, _)| is_program(word, program))?;
    let has_variables = has_variables(&words);
    let own = words.into_iter().skip(program + 1).take_while(|(word, _)| !matches!(*word, ";" | "&&" | "|" | "||"));
    Some((Flag::all(own.map(|(word, _)| (word, place.clone()))), has_variables))
}

/// Whether a word of a command names a program.
pub(super) fn is_program(word: &str, program: &str) -> bool {
    !word.starts_with('-') && word.rsplit('/').next() == Some(program)
}
