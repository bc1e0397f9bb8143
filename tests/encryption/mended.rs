//! Corrected configurations at random: none loses what the old one could read.

use std::path::Path;

use ksecrets::atrest::encryption::{Config, CorrectError, Corrected, Fresh, GroupResource, Server, Stage};

use super::RESOURCES;
use super::dice::Dice;
use super::oracle::Oracle;

const SERVER: Server = Server { kms_v1: true, ..Server::new(Server::NEWEST) };

/// A server's reading of a text that loads.
fn loaded<T>(text: &str, view: impl FnOnce(&Config<'_>) -> T) -> T {
    let tree = Config::document(text).unwrap();
    let config = Config::read(tree.root().unwrap(), &SERVER);
    assert!(config.loads(), "{:?}\n{text}", config.refusals());
    view(&config)
}

/// Compares an old configuration that loads with the corrected one.
fn compare(old: &Config<'_>, corrected: &Corrected, stage: Stage) {
    loaded(corrected.expose(), |new| {
        for resource in RESOURCES.map(GroupResource::parse) {
            let (before, after) = (old.meant(&resource), new.meant(&resource));
            for transformer in before.transformers() {
                let kept = after.transformers().iter().any(|one| one.is_same(transformer));
                assert!(kept, "{resource}: {transformer} is lost\n{}", corrected.expose());
            }
            if stage == Stage::Announce {
                assert!(after.writer().unwrap().is_same(&before.writer().unwrap()), "{resource}");
            }
            let silent = after.prefix() != before.prefix() && corrected.changes().is_empty();
            assert!(!silent, "{resource} is written otherwise, and nothing is said of it");
        }
        if stage == Stage::Migrate {
            assert!(new.meant(&GroupResource::secrets()).is_encrypted(), "{}", corrected.expose());
        }
    });
}

/// The server's own code loads what is corrected, and stores what was said of it.
#[test]
fn the_server_takes_what_is_corrected() {
    let Some(mut oracle) = Oracle::start() else { return };
    let mut dice = Dice::new(7, oracle.socket());
    let (mut memory, mut asked) = (Vec::new(), 0);
    for _ in 0..200 {
        let text = dice.config();
        let Ok(tree) = Config::document(&text) else { continue };
        let Some(root) = tree.root() else { continue };
        for (fresh, stage) in [(Fresh::IfNeeded, Stage::Migrate), (Fresh::Always, Stage::Announce)] {
            let Ok(corrected) = Corrected::of(&Config::read(root, &SERVER), fresh, stage) else { continue };
            asked += 1;
            let loaded = super::compare(&mut oracle, corrected.expose(), SERVER, &mut memory);
            assert_eq!(loaded, Ok(true), "{}", corrected.expose());
        }
    }
    assert!(asked > 100, "{asked}");
}

#[test]
fn what_could_be_read_still_can() {
    let mut dice = Dice::new(99, Path::new("/run/kms.sock"));
    let (mut mended, mut stuck) = (0, 0);
    for _ in 0..800 {
        let text = dice.config();
        let Ok(tree) = Config::document(&text) else { continue };
        let Some(root) = tree.root() else { continue };
        let old = Config::read(root, &SERVER);
        for (fresh, stage) in
            [(Fresh::IfNeeded, Stage::Migrate), (Fresh::Always, Stage::Migrate), (Fresh::Always, Stage::Announce)]
        {
            match Corrected::of(&old, fresh, stage) {
                Ok(corrected) if old.loads() => {
                    mended += 1;
                    compare(&old, &corrected, stage);
                }
                Ok(corrected) => loaded(corrected.expose(), |new| {
                    let encrypts = new.meant(&GroupResource::secrets()).is_encrypted();
                    assert!(encrypts || stage == Stage::Announce, "{}", corrected.expose());
                }),
                // A KMS provider whose name two entries would need, or a field of it that nobody can guess.
                Err(CorrectError::Stuck(_)) => stuck += 1,
                Err(error) => panic!("{error}\n{text}"),
            }
        }
    }
    assert!(mended > 300 && stuck < mended / 2, "{mended} mended, {stuck} stuck");
}
