//! A configuration of encryption: no text may break the reader, and what is corrected loads.
#![no_main]

use ksecrets::atrest::encryption::{Config, CorrectError, Corrected, Fresh, GroupResource, Server, Stage};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(tree) = Config::document(text) else { return };
    let Some(root) = tree.root() else { return };
    for minor in [20, 36] {
        let config = Config::read(root, &Server::new(minor));
        for resource in ["secrets", "pods.", "x.y", "*.*", ""] {
            let storage = config.meant(&GroupResource::parse(resource));
            let _ = (storage.prefix(), storage.read(text.as_bytes()));
        }
        assert!(config.loads() || !config.problems().is_empty());
        for stage in [Stage::Migrate, Stage::Finish] {
            match Corrected::of(&config, Fresh::Always, stage) {
                Ok(corrected) => assert!(Config::document(corrected.expose()).is_ok()),
                Err(CorrectError::NotMigrated | CorrectError::Stuck(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
});
