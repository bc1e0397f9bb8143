//! Cases with a story: what other tools get wrong, and what people write. Each is told to the server's code too.

use ksecrets::atrest::encryption::{Config, Corrected, EncryptionRule, Fresh, GroupResource, Server, Stage};
use proptest::prelude::*;
use proptest::sample::select;

use super::compare;
use super::oracle::Oracle;
use crate::properties::cases;

const HEAD: &str = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n";
/// Keys of the tests: 32 and 16 bytes.
const LONG: &str = "7Zm34Nnu/J7f7l842x7u68C6pFaoDp8b9/8kc+qrSbE=";
const SHORT: &str = "QKlWNDYDDJBgvbk+r4wsfA==";

/// What is stored of Secrets: a prefix, or that it does not load and a part of the reason.
enum Outcome {
    Prefix(&'static str),
    Refused(&'static str),
}

use Outcome::{Prefix, Refused};

fn stories() -> Vec<(&'static str, String, Outcome)> {
    let cbc = format!("aescbc: {{keys: [{{name: key1, secret: {LONG}}}]}}");
    let rest = |rest: String| format!("{HEAD}{rest}");
    let entries = |entries: &[(&str, &str)]| {
        let lines = entries
            .iter()
            .map(|(resources, providers)| format!("- {{resources: [{resources}], providers: [{providers}]}}\n"));
        rest(format!("resources:\n{}", lines.collect::<String>()))
    };
    let secrets = |providers: &str| entries(&[("secrets", providers)]);
    let in_cbc = Prefix("k8s:enc:aescbc:v1:key1:");
    let element = format!("{{{cbc}}}");
    let mut cases = vec![
        (
            "kube-bench 1.2.28 looks at the last providers only",
            entries(&[("secrets", "{identity: {}}"), ("configmaps", &element)]),
            Prefix(""),
        ),
        ("kube-bench 1.2.28 never looks at resources", entries(&[("configmaps", &element)]), Prefix("")),
        (
            "kube-bench 1.2.28 fails on a comment",
            rest(format!("resources:\n- resources: [secrets]\n  providers: # ours\n  - {cbc}\n")),
            Prefix("k8s:enc:aescbc:v1:key1:"),
        ),
        (
            "kubescape C-0142 is content with any provider that encrypts",
            secrets(&format!("{{identity: {{}}}}, {element}")),
            Prefix(""),
        ),
        (
            "kubescape C-0142 does not know whose provider it is",
            entries(&[("configmaps", &element), ("secrets", "{identity: {}}")]),
            Prefix(""),
        ),
        (
            "the same resource in two entries",
            entries(&[("secrets", "{identity: {}}"), ("secrets", &element)]),
            Prefix(""),
        ),
        (
            "another spelling is the same resource",
            entries(&[("secrets", &element), ("secrets.", "{identity: {}}")]),
            in_cbc,
        ),
        ("the core group has Secrets", entries(&[("'*.'", &element)]), Prefix("k8s:enc:aescbc:v1:key1:")),
        (
            "everything has Secrets",
            entries(&[("events", "{identity: {}}"), ("'*.*'", &element)]),
            Prefix("k8s:enc:aescbc:v1:key1:"),
        ),
        ("another group has none", entries(&[("'*.apps'", &element)]), Prefix("")),
        ("a group called core is none", entries(&[("'*.core'", &element)]), Prefix("")),
        ("the narrow entry comes first", entries(&[("secrets", "{identity: {}}"), ("'*.'", &element)]), Prefix("")),
        ("the wide entry masks", entries(&[("'*.'", &element), ("secrets", "{identity: {}}")]), Refused("masked")),
        ("everything masks", entries(&[("'*.*'", &element), ("'*.apps'", &element)]), Refused("masked")),
        ("overlap", entries(&[("secrets, '*.'", &element)]), Refused("covers")),
        ("twice in a list", entries(&[("secrets, secrets.", &element)]), Refused("twice")),
        ("a star", entries(&[("'*'", &element)]), Refused("*.*")),
        ("an alias of nothing", entries(&[("*.apps", &element)]), Refused("alias")),
        ("identity with nothing behind it", secrets("{identity: }"), Refused("identity: {}")),
        (
            "identity one level too deep, as a provider's documentation has it",
            rest(format!("resources:\n- resources: [secrets]\n  providers:\n  - {cbc}\n    identity: {{}}\n")),
            Refused("several providers"),
        ),
        (
            "a key of 16 bytes, which the documentation forbids",
            secrets(&format!("{{aescbc: {{keys: [{{name: k, secret: {SHORT}}}]}}}}")),
            Prefix("k8s:enc:aescbc:v1:k:"),
        ),
        (
            "secretbox takes no such key",
            secrets(&format!("{{secretbox: {{keys: [{{name: k, secret: {SHORT}}}]}}}}")),
            Refused("16 bytes"),
        ),
        (
            "a number is no name",
            secrets(&format!("{{aescbc: {{keys: [{{name: 1, secret: {SHORT}}}]}}}}")),
            Refused("quotes"),
        ),
        (
            "a date is",
            secrets(&format!("{{aescbc: {{keys: [{{name: 2024-02-01, secret: {SHORT}}}]}}}}")),
            Prefix("k8s:enc:aescbc:v1:2024-02-01:"),
        ),
        (
            "a tag makes a name of a number",
            secrets(&format!("{{aescbc: {{keys: [{{name: !!str 1, secret: {SHORT}}}]}}}}")),
            Prefix("k8s:enc:aescbc:v1:1:"),
        ),
        (
            "a key over lines",
            rest(format!(
                "resources:\n- resources: [secrets]\n  providers:\n  - aescbc:\n      keys:\n      - name: k\n        secret: |\n          {SHORT}\n"
            )),
            Prefix("k8s:enc:aescbc:v1:k:"),
        ),
        (
            "metadata",
            rest(format!("metadata: {{name: x}}\nresources:\n- {{resources: [secrets], providers: [{element}]}}\n")),
            Refused("metadata"),
        ),
        (
            "the kind of an old documentation still loads",
            secrets(&element).replace(HEAD, "apiVersion: v1\nkind: EncryptionConfig\n"),
            Prefix("k8s:enc:aescbc:v1:key1:"),
        ),
        (
            "with a version of its own",
            secrets(&element).replace(HEAD, "apiVersion: v1\nkind: EncryptionConfiguration\n"),
            Refused("must be"),
        ),
        (
            "a key by its alias",
            rest(format!(
                "resources:\n- {{resources: [secrets], providers: [&p {{{cbc}}}]}}\n- {{resources: [configmaps], providers: [*p]}}\n"
            )),
            Prefix("k8s:enc:aescbc:v1:key1:"),
        ),
        (
            "a merged entry",
            rest(format!(
                "resources:\n- &base {{providers: [{element}], resources: [configmaps]}}\n- {{<<: *base, resources: [secrets]}}\n"
            )),
            Refused("twice"),
        ),
        (
            "a merged part",
            rest(format!(
                "resources:\n- resources: [secrets]\n  <<: &base {{providers: [{element}]}}\n- {{<<: *base, resources: [configmaps]}}\n"
            )),
            Prefix("k8s:enc:aescbc:v1:key1:"),
        ),
        (
            "only the first document counts",
            format!("{}---\n{}", secrets("{identity: {}}"), secrets(&element)),
            Prefix(""),
        ),
        ("braces make it JSON", format!("{{apiVersion: x, kind: y, resources: [{element}]}}\n"), Refused("JSON")),
        (
            "behind a marker they do not",
            format!(
                "--- # ours\n{{apiVersion: apiserver.config.k8s.io/v1, kind: EncryptionConfiguration, resources: [{{resources: [secrets], providers: [{element}]}}]}}\n"
            ),
            Prefix("k8s:enc:aescbc:v1:key1:"),
        ),
        (
            "any name of a KMS provider is fine (kubescape C-0208 knows three)",
            secrets("{kms: {apiVersion: v2, name: ours, endpoint: 'unix:///@ks-none', timeout: 5ms}}"),
            Prefix("k8s:enc:kms:v2:ours:"),
        ),
        (
            "without an apiVersion it is version 1",
            secrets("{kms: {name: ours, endpoint: 'unix:///@ks-none', timeout: 5ms}}"),
            Refused("KMS v1"),
        ),
        (
            "no cache in version 2",
            secrets("{kms: {apiVersion: v2, name: ours, endpoint: 'unix:///@ks-none', cachesize: 5}}"),
            Refused("cachesize"),
        ),
        ("nothing at all", HEAD.to_owned(), Refused("at least one entry")),
        ("no provider", rest("resources:\n- resources: [secrets]\n".to_owned()), Refused("at least one provider")),
    ];
    cases.push(("a duplicate field", secrets(&element) + "kind: EncryptionConfiguration\n", Refused("twice")));
    cases
}

#[test]
fn cases_with_a_story() {
    let mut oracle = Oracle::start();
    for (story, text, outcome) in stories() {
        let tree = Config::document(&text).unwrap_or_else(|error| panic!("{story}: {error}\n{text}"));
        let config = Config::read(tree.root().unwrap(), &Server::default());
        match (config.storage(&GroupResource::secrets()), outcome) {
            (Some(storage), Prefix(prefix)) => assert_eq!(storage.prefix(), prefix, "{story}"),
            (None, Refused(part)) => {
                let whys: Vec<_> = config.refusals().iter().map(|refusal| refusal.why.as_str()).collect();
                assert!(whys.iter().any(|why| why.contains(part)), "{story}: {whys:?}");
            }
            (Some(storage), Refused(part)) => panic!("{story}: {} and not {part}", storage.prefix()),
            (None, Prefix(_)) => panic!("{story}: {:?}", config.refusals()),
        }
        if let Some(oracle) = &mut oracle {
            compare(oracle, &text, Server::default(), &mut Vec::new()).unwrap_or_else(|why| panic!("{story}: {why}"));
        }
    }
}

#[test]
fn plaintext_is_a_problem_with_a_place() {
    let text = format!(
        "{HEAD}resources:\n- resources: [secrets]\n  providers:\n  - identity: {{}}\n  - aescbc:\n      keys:\n      - name: key1\n        secret: {LONG}\n"
    );
    let tree = Config::document(&text).unwrap();
    let config = Config::read(tree.root().unwrap(), &Server::default());
    let problems = config.problems();
    let seen: Vec<_> =
        problems.iter().map(|problem| (problem.rule, problem.region().line, problem.region().column)).collect();
    assert_eq!(seen, [(EncryptionRule::IdentityFirst, 6, 5)]);
    let place = problems[0].location("enc.yaml");
    assert_eq!(
        (place.position().as_str(), place.object.unwrap().field.as_str()),
        ("enc.yaml:6:5", "resources[0].providers[0].identity")
    );
}

#[test]
fn no_key_is_shown() {
    let text = format!(
        "{HEAD}resources:\n- resources: [secrets]\n  providers:\n  - aescbc: {{keys: [{{name: k, secret: {LONG}}}, {{{LONG}: x}}]}}\n"
    );
    let tree = Config::document(&text).unwrap();
    let config = Config::read(tree.root().unwrap(), &Server::default());
    let problems = config.problems();
    let shown = format!("{config:?} {:?} {problems:?}", config.refusals());
    assert!(!shown.contains(&LONG[..8]), "{shown}");
}

proptest! {
    #![proptest_config(cases(300))]

    /// Any mixture of the pieces of a configuration is read without a panic, and what is refused has a reason and a place.
    #[test]
    fn any_text_is_read(pieces in proptest::collection::vec(select(&PIECES[..]), 0..40)) {
        let text = pieces.concat();
        if let Ok(tree) = Config::document(&text) && let Some(root) = tree.root() {
            let config = Config::read(root, &Server::default());
            for refusal in config.refusals() {
                prop_assert!(!refusal.why.is_empty() && refusal.region().line > 0);
            }
            prop_assert_eq!(config.loads(), config.storage(&GroupResource::secrets()).is_some());
            let problems = config.problems();
            prop_assert!(problems.iter().all(|problem| problem.region().line > 0 && !problem.detail.is_empty()));
            if let Ok(corrected) = Corrected::of(&config, Fresh::IfNeeded, Stage::Migrate) {
                let tree = Config::document(corrected.expose()).unwrap();
                let config = Config::read(tree.root().unwrap(), &Server { kms_v1: true, ..Server::default() });
                prop_assert!(config.storage(&GroupResource::secrets()).unwrap().is_encrypted());
            }
        }
    }
}

const PIECES: [&str; 36] = [
    HEAD,
    "resources:\n",
    "- resources: [secrets]\n",
    "- resources: [configmaps, '*.apps']\n",
    "- resources: ['*.*']\n",
    "- resources: ['*.', Secrets]\n",
    "  resources: [secrets.]\n",
    "  providers:\n",
    "  - identity: {}\n",
    "  - identity:\n",
    "  - aescbc: {keys: [{name: k, secret: QKlWNDYDDJBgvbk+r4wsfA==}]}\n",
    "  - aescbc:\n      keys:\n",
    "  - secretbox:\n      keys:\n",
    "  - aesgcm: &k\n      keys:\n",
    "  - aesgcm: *k\n",
    "      - name: key1\n",
    "      - &one {name: a, secret: 7Zm34Nnu/J7f7l842x7u68C6pFaoDp8b9/8kc+qrSbE=}\n",
    "      - *one\n",
    "        secret: 7Zm34Nnu/J7f7l842x7u68C6pFaoDp8b9/8kc+qrSbE=\n",
    "        secret: '\u{e9}'\n",
    "        <<: *one\n",
    "  - kms:\n",
    "  - kms: {apiVersion: v2, name: a, endpoint: 'unix:///x'}\n",
    "      apiVersion: v2\n",
    "      name: plugin\n",
    "      endpoint: unix:///x\n",
    "      timeout: 3s\n",
    "      cachesize: 1e3\n",
    "---\n",
    "# comment\n",
    "{",
    "}",
    "[",
    ": ",
    "\t",
    "\r\n",
];
