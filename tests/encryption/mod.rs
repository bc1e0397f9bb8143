//! The API server's own code as the oracle of the simulator of `EncryptionConfiguration`: what loads, what is put in front
//! of a stored value, which stored values are read. And real API servers, whose etcd is looked into.

mod dice;
mod live;
mod mended;
mod oracle;
mod tables;

use ksecrets::atrest::encryption::{Config, GroupResource, Material, Server, Storage, Transformer};

use dice::Dice;
use oracle::{Answer, Oracle, Question};

/// What is asked about each configuration.
const RESOURCES: [&str; 6] =
    ["secrets", "configmaps", "pandas.awesome.bears.example", "deployments.apps", "events", "others.example.dev"];

/// A stored value, and what wrote it.
struct Written {
    bytes: Vec<u8>,
    prefix: String,
    key: Option<Material>,
}

/// Most stored values of earlier configurations that a configuration is to read.
const REMEMBERED: usize = 24;

fn material(transformer: &Transformer<'_>) -> Option<Material> {
    match transformer {
        Transformer::Local(_, key) => key.material.clone(),
        _ => None,
    }
}

/// Whether a value is read, and as stale; none where only chance tells: a wrong key of a cipher that does not
/// authenticate.
fn expected(storage: &Storage<'_>, written: &Written) -> Option<(bool, bool)> {
    for position in storage.tried(&written.bytes) {
        let transformer = &storage.transformers()[position];
        if transformer.prefix() == written.prefix && material(transformer) == written.key {
            return Some((true, position != 0));
        }
        if transformer.prefix().starts_with("k8s:enc:aescbc:") {
            return None;
        }
    }
    Some((false, false))
}

/// Compares one configuration, and remembers what it stores. Whether it loads, or how it differs.
fn compare(oracle: &mut Oracle, text: &str, server: Server, memory: &mut Vec<Written>) -> Result<bool, String> {
    let question = Question {
        config: text,
        reload: server.reload,
        kms_v1: server.kms_v1,
        resources: &RESOURCES,
        values: memory.iter().map(|written| written.bytes.as_slice()).collect(),
    };
    let theirs = oracle.ask(&question);
    let tree = Config::document(text);
    let config = tree.as_ref().ok().and_then(|tree| Some(Config::read(tree.root()?, &server)));
    let ours = config.as_ref().filter(|config| config.loads());
    let (config, loaded) = match (ours, &theirs) {
        (None, Answer::Refused(_)) => return Ok(false),
        (Some(config), Answer::Loaded(loaded)) => (config, loaded),
        (Some(_), Answer::Refused(why)) => return Err(format!("loads for us, but: {why}")),
        (None, Answer::Loaded(_)) => {
            let why = config.map(|config| config.refusals()[0].why.clone());
            return Err(format!("does not load for us: {}", why.unwrap_or_else(|| format!("{:?}", tree.unwrap_err()))));
        }
    };
    let mut fresh = Vec::new();
    for (name, answered) in RESOURCES.iter().zip(loaded) {
        let storage = config.storage(&GroupResource::parse(name)).unwrap();
        if let Some(stored) = &answered.stored {
            if !stored.starts_with(storage.prefix().as_bytes())
                || storage.is_encrypted() != stored.starts_with(b"k8s:enc:")
            {
                let header = String::from_utf8_lossy(&stored[..stored.len().min(40)]).into_owned();
                return Err(format!("{name}: {} is not what is stored: {header}", storage.prefix()));
            }
            let key = storage.writer().and_then(|writer| material(&writer));
            fresh.push(Written { bytes: stored.clone(), prefix: storage.prefix(), key });
        }
        for (written, read) in memory.iter().zip(&answered.reads) {
            // A plugin that does not answer reads nothing.
            let asks = written.prefix.starts_with("k8s:enc:kms:") && answered.stored.is_none();
            if let Some(expected) = expected(&storage, written).filter(|expected| expected != read && !asks) {
                return Err(format!("{name}: {} is read {read:?}, expected {expected:?}", written.prefix));
            }
        }
    }
    memory.extend(fresh);
    let forgotten = memory.len().saturating_sub(REMEMBERED);
    memory.drain(..forgotten);
    Ok(true)
}

/// Rounds of two hundred configurations; `KSECRETS_ORACLE_ROUNDS` asks for more.
fn rounds() -> u64 {
    std::env::var("KSECRETS_ORACLE_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(4)
}

#[test]
fn configurations_are_what_the_server_makes_of_them() {
    let Some(mut oracle) = Oracle::start() else { return };
    let (mut loaded, mut refused) = (0, 0);
    let mut differences = Vec::new();
    for seed in 0..rounds() {
        let mut dice = Dice::new(seed + 1, oracle.socket());
        let mut memory = Vec::new();
        for number in 0..200 {
            let text = dice.config();
            let server = Server { reload: dice.numbers.chance(4), kms_v1: dice.numbers.chance(2), ..Server::default() };
            match compare(&mut oracle, &text, server, &mut memory) {
                Ok(true) => loaded += 1,
                Ok(false) => refused += 1,
                Err(why) => differences.push(format!("seed {seed} number {number}: {why}\n{text}\n{server:?}")),
            }
        }
    }
    let shown = differences.iter().take(12).cloned().collect::<Vec<_>>().join("\n----\n");
    assert!(differences.is_empty(), "{} differences of {}\n{shown}", differences.len(), loaded + refused);
    assert!(loaded > refused / 4 && refused > loaded / 4, "{loaded} loaded, {refused} refused");
}
