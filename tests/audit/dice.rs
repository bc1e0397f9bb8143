//! Audit policies and requests at random: most policies nearly right, in several ways of writing them.

use crate::numbers::Numbers;

/// Numbers that are the same in every run, and what is made of them.
pub(super) struct Dice {
    pub(super) numbers: Numbers,
    /// Whether this policy may have mistakes.
    wild: bool,
    /// Whether it is written as JSON.
    json: bool,
}

const USERS: [&str; 5] = ["alice", "system:serviceaccount:ci:bot", "system:node:a", "system:anonymous", "größe"];
pub(super) const GROUPS: [&str; 6] = [
    "auditors",
    "system:authenticated",
    "system:serviceaccounts",
    "system:nodes",
    "system:masters",
    "system:unauthenticated",
];
const VERBS: [&str; 8] = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
const NAMESPACES: [&str; 4] = ["", "prod", "kube-system", "test"];
const NAMES: [&str; 4] = ["", "db", "api", "ca.crt"];
const API_GROUPS: [&str; 4] = ["", "", "authentication.k8s.io", "apps"];
const RESOURCES: [(&str, &str, &str); 7] = [
    ("", "secrets", ""),
    ("", "configmaps", ""),
    ("", "serviceaccounts", "token"),
    ("", "serviceaccounts", ""),
    ("authentication.k8s.io", "tokenreviews", ""),
    ("apps", "deployments", "status"),
    ("", "secrets", "status"),
];

/// What is asked of a policy.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) user: &'static str,
    pub(super) groups: Vec<&'static str>,
    pub(super) verb: &'static str,
    pub(super) object: (&'static str, &'static str, &'static str),
    pub(super) namespace: &'static str,
    pub(super) name: &'static str,
}

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        let mut dice = Self { numbers: Numbers::new(seed), wild: false, json: false };
        dice.numbers.below(2);
        dice
    }

    /// Whether to make a mistake now.
    fn slip(&mut self) -> bool {
        self.wild && self.numbers.chance(40)
    }

    pub(super) fn request(&mut self) -> Asked {
        let count = self.numbers.below(3);
        Asked {
            user: self.numbers.one(&USERS),
            groups: (0..count).map(|_| self.numbers.one(&GROUPS)).collect(),
            verb: self.numbers.one(&VERBS),
            object: RESOURCES[self.numbers.below(RESOURCES.len())],
            namespace: self.numbers.one(&NAMESPACES),
            name: self.numbers.one(&NAMES),
        }
    }

    pub(super) fn policy(&mut self) -> String {
        (self.wild, self.json) = (self.numbers.chance(2), self.numbers.chance(4));
        let mut fields = Vec::new();
        if !self.slip() {
            let bad = ["audit.k8s.io/v1beta1", "v1", "", "audit.k8s.io", "audit.k8s.io/v1/x", "policy/v1"];
            let version = if self.slip() { self.numbers.one(&bad) } else { "audit.k8s.io/v1" };
            fields.push(("apiVersion", self.text(version)));
        }
        if !self.slip() {
            let kind = if self.slip() { self.numbers.one(&["policy", "PolicyList", "Event", ""]) } else { "Policy" };
            fields.push(("kind", self.text(kind)));
        }
        let count = if self.slip() { 0 } else { 1 + self.numbers.below(5) };
        let rules: Vec<String> = (0..count).map(|_| self.rule()).collect();
        fields.push(("rules", if self.slip() { self.odd() } else { list(&rules) }));
        if self.numbers.chance(4) {
            fields.push(("omitStages", self.stages()));
        }
        if self.numbers.chance(6) {
            fields.push(("omitManagedFields", if self.slip() { self.odd() } else { "true".to_owned() }));
        }
        if self.numbers.chance(8) {
            let name = if self.slip() { self.odd() } else { self.text("policy") };
            let metadata = format!("{{{}: {name}, {}: {{}}}}", self.key("name"), self.key("labels"));
            fields.push(("metadata", if self.slip() { self.odd() } else { metadata }));
        }
        self.mistake(&mut fields, &["Rules", "spec", "omitStage", "status"]);
        let text = if self.json || self.numbers.chance(3) {
            let text = self.mapping(&fields);
            if self.json || !self.numbers.chance(2) { text } else { format!("---\n{text}") }
        } else {
            fields.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
        };
        if !self.slip() {
            return text;
        }
        // Behind a whole flow mapping Go looks no further, and our parser does: not compared.
        match self.numbers.below(5) {
            0 => format!("---\n---\n{text}"),
            1 => format!("# a comment\n{text}"),
            2 if !text.contains("{\n") && !text.starts_with("---\n{") => format!("{text}\n---\nkind: Other\n"),
            3 => text.replace('\n', "\r\n"),
            _ => format!("---\n{text}"),
        }
    }

    fn rule(&mut self) -> String {
        if self.slip() {
            return self.odd();
        }
        let mut fields = Vec::new();
        if !self.slip() {
            let bad = ["metadata", "", "All", "null", "on"];
            let good = ["None", "Metadata", "Request", "RequestResponse"];
            let level = if self.slip() { self.numbers.one(&bad) } else { self.numbers.one(&good) };
            fields.push(("level", self.text(level)));
        }
        for (field, words) in [("users", &USERS[..]), ("userGroups", &GROUPS), ("verbs", &VERBS)] {
            if self.numbers.chance(4) {
                fields.push((field, self.words(words)));
            }
        }
        if self.numbers.chance(6) && (self.slip() || self.numbers.chance(2)) {
            let paths = ["/healthz*", "*", "/version", "/", "/a/b*"];
            let bad = ["healthz", "/a*b", "", "**", "/**"];
            let paths = if self.slip() { self.words(&bad) } else { self.words(&paths) };
            fields.push(("nonResourceURLs", paths));
            if self.slip() {
                fields.push(("namespaces", self.words(&NAMESPACES)));
            }
        } else {
            if self.numbers.chance(2) {
                let count = if self.slip() { 0 } else { 1 + self.numbers.below(3) };
                let all: Vec<String> = (0..count).map(|_| self.resources()).collect();
                fields.push(("resources", if self.slip() { self.odd() } else { list(&all) }));
            }
            if self.numbers.chance(4) {
                fields.push(("namespaces", self.words(&NAMESPACES)));
            }
        }
        if self.numbers.chance(6) {
            fields.push(("omitStages", self.stages()));
        }
        if self.numbers.chance(8) {
            fields.push(("omitManagedFields", if self.slip() { self.odd() } else { "false".to_owned() }));
        }
        self.mistake(&mut fields, &["user", "resource", "Level", "level", "verbs"]);
        self.mapping(&fields)
    }

    fn resources(&mut self) -> String {
        if self.slip() {
            return self.odd();
        }
        let mut fields = Vec::new();
        if !self.numbers.chance(4) {
            let bad = ["apps/v1", "Apps", "*.k8s.io", "-a", "v1", "a..b", "1", "a_b"];
            let group = if self.slip() { self.numbers.one(&bad) } else { self.numbers.one(&API_GROUPS) };
            let group = if self.numbers.chance(8) { "*" } else { group };
            fields.push(("group", self.text(group)));
        }
        let named = !self.numbers.chance(5);
        if named {
            let words = [
                "secrets",
                "secrets",
                "configmaps",
                "serviceaccounts",
                "serviceaccounts/token",
                "serviceaccounts/*",
                "*/token",
                "*",
                "tokenreviews",
                "deployments/status",
                "*/status",
                "*/*",
                "secrets/",
                "secrets/*",
                "/token",
                "a/b/c",
            ];
            fields.push(("resources", self.words(&words)));
        }
        if (named || self.slip()) && self.numbers.chance(3) {
            fields.push(("resourceNames", self.words(&NAMES)));
        }
        self.mistake(&mut fields, &["groups", "group", "names", "resourceName"]);
        self.mapping(&fields)
    }

    fn stages(&mut self) -> String {
        let stages = ["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"];
        if self.slip() { self.words(&["Done", "responseComplete", ""]) } else { self.words(&stages) }
    }

    fn words(&mut self, all: &[&str]) -> String {
        if self.slip() {
            return self.odd();
        }
        let count = self.numbers.below(4);
        let words: Vec<String> = (0..count)
            .map(|_| {
                let word = self.numbers.one(all);
                if self.slip() { self.odd() } else { self.text(word) }
            })
            .collect();
        list(&words)
    }

    /// Perhaps a field that should not be there, or not twice.
    fn mistake(&mut self, fields: &mut Vec<(&'static str, String)>, names: &[&'static str]) {
        if self.slip() {
            let name = self.numbers.one(names);
            let name = names.iter().find(|known| **known == name).unwrap();
            // What is there twice in JSON is merged by Go, piece by piece: not compared.
            if !self.json || !fields.iter().any(|(known, _)| known == name) {
                fields.push((name, self.odd()));
            }
        }
        if self.numbers.chance(3) {
            let turn = self.numbers.below(fields.len() + 1);
            fields.rotate_left(turn);
        }
    }

    fn mapping(&mut self, fields: &[(&str, String)]) -> String {
        let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{}: {value}", self.key(name))).collect();
        format!("{{{}}}", fields.join(", "))
    }

    fn key(&mut self, name: &str) -> String {
        if self.json || self.numbers.chance(9) { format!("{name:?}") } else { name.to_owned() }
    }

    /// A text with quotes or without.
    fn text(&mut self, text: &str) -> String {
        let bare = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/') && !text.contains(": ");
        match self.numbers.below(3) {
            0 if bare && !self.json => text.to_owned(),
            1 if !self.json => format!("'{text}'"),
            _ => format!("\"{text}\""),
        }
    }

    fn odd(&mut self) -> String {
        let odd = ["null", "1", "true", "[]", "{}", "\"\"", "[\"x\"]", "\"x\"", "1.5"];
        let yaml = ["~", "on", "x", "0x1F", "2024-01-01", "1e3"];
        if self.json || self.numbers.chance(2) {
            self.numbers.one(&odd).to_owned()
        } else {
            self.numbers.one(&yaml).to_owned()
        }
    }
}

fn list(items: &[String]) -> String {
    format!("[{}]", items.join(", "))
}
