//! What is said of an `EncryptionConfiguration`: its rules.

use super::super::declare::rules;

/// The page that most of this is from.
const GUIDE: &str = "https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/";

/// The page of KMS plugins.
const KMS: &str = "https://kubernetes.io/docs/tasks/administer-cluster/kms-provider/";

rules! {
    /// A rule about a configuration of encryption, in the order of ids.
    EncryptionRule;

    /// Plaintext is still accepted.
    IdentityFallback, "encryption-identity-fallback", "Encryption that still accepts plaintext", Low, [GUIDE, KMS],
        "The identity provider stands behind the one that encrypts Secrets, so plaintext in etcd is still read. That is \
         needed while old objects are rewritten, and hides those that never were.",
        "Rewrite all Secrets (`kubectl get secrets -A -o json | kubectl replace -f -`), see that none is plaintext in \
         etcd, and then remove identity.";
    /// Plaintext is written.
    IdentityFirst, "encryption-identity-first", "Secrets written as plaintext", High, [GUIDE, KMS],
        "The first provider for Secrets is identity, and the first one writes: every new and changed Secret is plaintext \
         in etcd, whatever follows.",
        "Put the provider that encrypts first, restart every API server, and rewrite all Secrets.";
    /// The server does not start.
    Invalid, "encryption-invalid", "Encryption configuration that does not load", High, [GUIDE, KMS],
        "The API server refuses the file: it does not start with it, or goes on with the one that it had when it reloads. \
         It decodes strictly, so a field that it does not know is enough.",
        "Change what is named, and try the file on one control plane before the others get it.";
    /// A plugin of the old protocol.
    KmsV1, "encryption-kms-v1", "KMS version 1", Medium, [GUIDE, KMS],
        "Version 1 of the KMS protocol is deprecated, off by default from Kubernetes 1.29 on, and asks the plugin for \
         every object. A kms provider without an apiVersion is version 1.",
        "Move to a plugin that speaks version 2: put it first with `apiVersion: v2`, rewrite all Secrets, then remove the \
         old one.";
    /// A key that is there twice, or a name for two.
    RepeatedKey, "encryption-repeated-key", "Encryption key used twice", Medium, [GUIDE, KMS],
        "The same key stands under two names, or the same name before two keys. Of the first, changing the name rotated \
         nothing; of the second, a stored prefix does not tell which key it needs.",
        "Give each key its own random bytes and its own name, never used before.";
    /// An entry that looks as if it wrote, and does not.
    ResourceTwice, "encryption-resource-twice", "Resource in two entries", Medium, [GUIDE, KMS],
        "The same resource stands in two entries. Both load, their providers are added up, and only the first provider of \
         the first entry writes: the second entry only reads.",
        "Name each resource once, and put its providers into that entry in the order in which they should be tried.";
    /// Nobody encrypts Secrets.
    SecretsUncovered, "encryption-secrets-uncovered", "Secrets left out of encryption", High, [GUIDE, KMS],
        "No entry speaks of Secrets, by name, as part of the core group or as part of everything. What no entry speaks of \
         is plaintext in etcd.",
        "Add secrets to the resources of an entry whose first provider encrypts, and rewrite all Secrets.";
    /// Less than 256 bits.
    ShortKey, "encryption-short-key", "Short encryption key", Medium, [GUIDE, KMS],
        "The key has fewer than 32 bytes. The documentation asks for 32 with aescbc; the code takes 16 as well.",
        "Make a new key (`head -c 32 /dev/urandom | base64`), put it first, rewrite all Secrets, then remove the short \
         one.";
    /// Never rotated, as far as the file tells.
    SingleKey, "encryption-single-key", "Encryption key kept on the control plane", Info, [GUIDE, KMS],
        "Secrets are encrypted with a key of this file, and there is no other: whoever takes the disk of a control plane \
         has both the key and the data, and nothing tells that it was ever rotated.",
        "Use a KMS version 2 provider, whose key is elsewhere, or rotate the key from time to time: a new one first, \
         rewrite, then remove the old one.";
    /// Old keys are kept.
    StaleKey, "encryption-stale-key", "Old encryption key still listed", Low, [GUIDE, KMS],
        "Keys or providers behind the first one only read. They are needed until the last object written with them was \
         rewritten; after that each is one more key to lose.",
        "Rewrite all Secrets, see that no stored prefix names the old key any more, and remove it.";
    /// A key that can be guessed.
    WeakKey, "encryption-weak-key", "Encryption key that can be guessed", Critical, [GUIDE, KMS],
        "The key is one of a documentation, a text that somebody typed, or has a pattern: it can be tried, and with it and \
         a copy of etcd every Secret is read.",
        "Make a new key (`head -c 32 /dev/urandom | base64`), put it first, rewrite all Secrets, remove this one, and \
         treat the Secrets in old backups as read.";
    /// A mode with a weakness of its own.
    WeakProvider, "encryption-weak-provider", "Weak encryption provider", Medium, [GUIDE, KMS],
        "The provider that writes has a known weakness: aescbc does not authenticate what it encrypts, so whoever can \
         change etcd can try paddings and move values; aesgcm with random nonces is safe for 200,000 writes with a key, \
         and nothing here rotates it.",
        "Use a KMS version 2 provider, or secretbox where there is none: put it first, rewrite all Secrets, then remove \
         the old one.";
}
