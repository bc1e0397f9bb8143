//! `.sops.yaml`: which files of a repository are meant to be encrypted
//! (<https://github.com/getsops/sops#using-sops-yaml-conf-to-select-kms-pgp-and-age-for-new-files>).

use regex::Regex;
use serde::Deserialize;

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    creation_rules: Vec<RuleSyntax>,
}

#[derive(Deserialize)]
struct RuleSyntax {
    path_regex: Option<String>,
    encrypted_regex: Option<String>,
}

/// The creation rules of one `.sops.yaml`.
#[derive(Clone, Debug)]
pub(super) struct CreationRules {
    folder: String,
    rules: Vec<(Option<Regex>, Option<Regex>)>,
}

impl CreationRules {
    /// Reads a blob that is named `.sops.yaml`. SOPS itself refuses rules that do not parse, so they cover nothing.
    pub(super) fn read(path: &str, text: &str) -> Option<Self> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if name != ".sops.yaml" {
            return None;
        }
        let config: Config = serde_yaml::from_str(text).ok()?;
        let compile = |source: Option<String>| source.map(|source| Regex::new(&source)).transpose();
        let rules = config
            .creation_rules
            .into_iter()
            .filter_map(|rule| Some((compile(rule.path_regex).ok()?, compile(rule.encrypted_regex).ok()?)))
            .collect();
        Some(Self { folder: folder.to_owned(), rules })
    }

    /// Whether a field of a file is meant to be encrypted. The first rule that matches the path decides.
    pub(super) fn covers(&self, path: &str, field: &str) -> bool {
        let inside = if self.folder.is_empty() {
            Some(path)
        } else {
            path.strip_prefix(&self.folder).and_then(|rest| rest.strip_prefix('/'))
        };
        let Some(inside) = inside.filter(|inside| !inside.ends_with(".sops.yaml")) else { return false };
        // A rule without a path covers whatever is encrypted by hand; it does not say that a file should be.
        let rule = self.rules.iter().find(|(path, _)| path.as_ref().is_none_or(|path| path.is_match(inside)));
        let Some((Some(_), encrypted)) = rule else { return false };
        encrypted
            .as_ref()
            .is_none_or(|keys| field.is_empty() || field.split(['.', '[', ']', '"']).any(|key| keys.is_match(key)))
    }

    /// Deeper files are asked first, as SOPS does.
    pub(super) fn depth(&self) -> usize {
        self.folder.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_for_a_path_decides() {
        let text = "creation_rules:\n- path_regex: secrets/.*\\.yaml$\n  encrypted_regex: ^(data|stringData)$\n  age: x\n- age: y\n";
        let rules = CreationRules::read("infra/.sops.yaml", text).unwrap();
        assert!(rules.covers("infra/secrets/db.yaml", "data.password"));
        assert!(!rules.covers("infra/secrets/db.yaml", "metadata.name"));
        assert!(!rules.covers("infra/apps/db.yaml", "data.password"));
        assert!(!rules.covers("other/secrets/db.yaml", "data.password"));
        assert!(CreationRules::read("infra/sops.yaml", text).is_none());
    }
}
