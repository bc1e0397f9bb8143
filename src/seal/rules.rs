//! What can be wrong with sealed objects, as rules of reports.

use std::sync::Arc;

use crate::model::{Class, Confidence, Rule, RuleId, Severity};

/// Id, title, severity, what it is, what to do.
type Row = (&'static str, &'static str, Severity, &'static str, &'static str);

const ROWS: [Row; 14] = [
    (
        "seal-bitnami",
        "SealedSecret that its controller does not take as it looks",
        Severity::Medium,
        "A SealedSecret of Bitnami whose scope annotations contradict each other or do nothing, whose template holds values in plaintext or hides sealed ones, or whose certificate expired.",
        "Change what is named, and seal it anew with the controller's present certificate.",
    ),
    (
        "seal-compromised-recipient",
        "Sealed to a compromised key",
        Severity::Critical,
        "The keyset says that the private half of a recipient fell into other hands: whoever has it opens every value, also those of older commits.",
        "Run `ksecrets seal rotate --new-data-key`, and change the credentials themselves.",
    ),
    (
        "seal-damaged",
        "SealedSecret that cannot be opened",
        Severity::High,
        "The object is not one of the specified format: it was cut off, merged wrongly or altered, and nobody can open it.",
        "Restore the file from an older version, or seal the Secret anew.",
    ),
    (
        "seal-early-recipient",
        "Sealed to a key that is not in use yet",
        Severity::Medium,
        "The keyset says that a recipient is pending or not yet valid: its private half may not be in place, or not backed up.",
        "Make the key current in the keyset, or run `ksecrets seal rotate`.",
    ),
    (
        "seal-expired-recipient",
        "Sealed to an expired key",
        Severity::Medium,
        "The keyset says that a recipient's last day is past: its holder may have no private half any more, or too many may have it.",
        "Add the key's successor with `ksecrets seal keys add`, and run `ksecrets seal rotate`.",
    ),
    (
        "seal-missing-recipient",
        "Not sealed to a recipient it should have",
        Severity::Medium,
        "A key that the rule of this path or break-glass asks for cannot open the object: a cluster will not get its Secret, or nobody can recover it.",
        "Run `ksecrets seal rotate` with an identity that opens the object.",
    ),
    (
        "seal-moved",
        "SealedSecret in another place than it was sealed for",
        Severity::High,
        "Namespace, name or scope are not those that the values are bound to: by mistake, or to have another place read them. It will not be opened here.",
        "Move it back, or seal the Secret anew for this place.",
    ),
    (
        "seal-other-configuration",
        "Configuration that would have others decide who opens",
        Severity::High,
        "A `.ksecrets.yaml` pins another root than the one that counts, or speaks of sealing in a folder of a work tree whose outermost configuration does. Whoever seals by it seals for others.",
        "Take `seal:` out of that file, or find out who changed the root and why.",
    ),
    (
        "seal-plaintext",
        "Credential in the clear beside sealed values",
        Severity::High,
        "The template or an annotation of a sealed object holds a credential as literal text: whoever reads the file reads it.",
        "Replace the credential, seal the new one with `ksecrets seal set`, and write `${KEY}` where it stood.",
    ),
    (
        "seal-retired-recipient",
        "Sealed to a retired key",
        Severity::Medium,
        "The keyset says that a recipient is retired: its private half may be gone, or be with somebody who should not open this any more.",
        "Run `ksecrets seal rotate` with an identity that opens the object.",
    ),
    (
        "seal-unused-slot",
        "Slot that no value refers to",
        Severity::Low,
        "A wrapped data key without a value is left over from a change. It does no harm, and hides what matters in reviews.",
        "Run `ksecrets seal rotate`, which leaves it out.",
    ),
    (
        "seal-unwanted-recipient",
        "Sealed to somebody it should not be sealed to",
        Severity::High,
        "A recipient is neither wanted by the rule of this path nor break-glass: somebody else can open the values.",
        "Find out whose key it is. If its holder must not know the values, run `ksecrets seal rotate --new-data-key` and change the credentials; otherwise name the key in the rule.",
    ),
    (
        "seal-weak-suite",
        "Sealed with a suite that is not post-quantum",
        Severity::Medium,
        "What is sealed with x25519 and committed today can be opened when there are quantum computers.",
        "Make an xwing key with `ksecrets seal keygen` and rotate to it.",
    ),
    (
        "seal-wide-scope",
        "Scope that is wider than allowed",
        Severity::Medium,
        "The values may be moved further than the policy of the repository allows: to another name, or to another namespace.",
        "Seal the Secret anew in a narrower scope.",
    ),
];

/// What a report says of a file that no rule of the configuration is for.
const WITHOUT_RULE: Row = (
    "seal-without-rule",
    "SealedSecret that no rule is for",
    Severity::Medium,
    "No rule of `seal.recipients` in `.ksecrets.yaml` matches the path, so nobody knows who should be able to open it.",
    "Add a rule for the path, or move the file.",
);

/// Every rule about sealed objects, in the order of ids.
#[must_use]
pub fn rules() -> Vec<Arc<Rule>> {
    let rule = |(id, title, severity, description, remediation): Row| {
        Arc::new(Rule {
            id: RuleId::new(id),
            title: title.into(),
            class: Class::Exposure,
            severity,
            confidence: Confidence::Confirmed,
            description: description.into(),
            remediation: remediation.into(),
            references: vec!["https://github.com/ksecrets/ksecrets/blob/main/docs/sealing.md".into()],
        })
    };
    ROWS.into_iter().chain([WITHOUT_RULE]).map(rule).collect()
}

/// The rule that a problem, or an error while reading, breaks; by its short name.
#[must_use]
pub fn rule_of(code: &str) -> &'static str {
    match code {
        "moved" | "renamed" | "elsewhere" | "no-namespace" => "seal-moved",
        "missing-recipient" => "seal-missing-recipient",
        "unwanted-recipient" => "seal-unwanted-recipient",
        "compromised-recipient" => "seal-compromised-recipient",
        "expired-recipient" => "seal-expired-recipient",
        "early-recipient" => "seal-early-recipient",
        "retired-recipient" => "seal-retired-recipient",
        "weak-suite" => "seal-weak-suite",
        "wide-scope" => "seal-wide-scope",
        "plaintext" => "seal-plaintext",
        "unused-slot" => "seal-unused-slot",
        "without-rule" => "seal-without-rule",
        "other-configuration" => "seal-other-configuration",
        "scope-mismatch"
        | "scope-annotation"
        | "template-literal"
        | "template-shadows"
        | "template-copy"
        | "old-format"
        | "certificate-expired" => "seal-bitnami",
        _ => "seal-damaged",
    }
}

/// Short names of what is told of objects and files, as [`rule_of`] takes them.
const CODES: &str = "base64 certificate-expired compromised-recipient duplicate early-recipient elsewhere empty \
     expired-recipient field format key-id key-length length low-order missing-recipient mixed-suites moved name \
     no-name no-namespace no-recipients no-slot no-values not-encrypted not-looked-at not-sealed not-text not-yaml \
     old-format other-configuration placeholder plaintext renamed retired-recipient scope scope-annotation \
     scope-mismatch slot-id suite template-copy template-literal template-shadows too-large unused-slot \
     unwanted-recipient weak-key weak-suite wide-scope without-rule";

/// Short names of everything that can be told of sealed objects without a key.
pub fn codes() -> impl Iterator<Item = &'static str> {
    CODES.split(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_sorted_and_every_code_has_one() {
        let rules = rules();
        assert!(rules.windows(2).all(|two| two[0].id < two[1].id));
        let codes = [
            "moved",
            "missing-recipient",
            "unwanted-recipient",
            "compromised-recipient",
            "expired-recipient",
            "early-recipient",
            "retired-recipient",
            "weak-suite",
            "wide-scope",
            "unused-slot",
            "without-rule",
            "other-configuration",
            "base64",
            "plaintext",
            "scope-mismatch",
        ];
        assert!(codes.iter().all(|code| super::codes().any(|known| known == *code)));
        assert!(super::codes().is_sorted());
        let mut named: Vec<_> = codes.iter().map(|code| rule_of(code)).collect();
        named.sort_unstable();
        assert_eq!(named, rules.iter().map(|rule| rule.id.as_str()).collect::<Vec<_>>());
    }
}
