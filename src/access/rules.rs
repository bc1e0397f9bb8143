//! What is said of bindings, and of the readers of a Secret: the rules of access.

use crate::model::{Class, Confidence, Rule, RuleId, Severity};

/// The page that most of this is from.
const GOOD_PRACTICES: &str = "https://kubernetes.io/docs/concepts/security/rbac-good-practices/";

/// What roles and bindings are.
const REFERENCE: &str = "https://kubernetes.io/docs/reference/access-authn-authz/rbac/";

/// Declares the rules once: variant, id, title, severity and confidence before a binding is weighed, what it is, what
/// to do.
macro_rules! rules {
    ($(
        $(#[$doc:meta])* $variant:ident, $id:literal, $title:literal,
        $severity:ident, $confidence:ident,
        $description:literal,
        $remediation:literal;
    )*) => {
        /// A rule about who reads Secrets, in the order of ids.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum AccessRule { $($(#[$doc])* $variant,)* }

        impl AccessRule {
            /// Every rule, in the order of ids.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Whether it is about a Secret with its readers, and not about a binding.
            #[must_use]
            pub const fn is_about_secrets(self) -> bool {
                matches!(self, Self::NewSecretReader | Self::TooManyReaders)
            }

            /// What it says of itself.
            #[must_use]
            pub fn rule(self) -> Rule {
                let (id, title, severity, confidence, description, remediation) = match self {
                    $(Self::$variant => (
                        $id, $title, Severity::$severity, Confidence::$confidence, $description, $remediation,
                    ),)*
                };
                Rule {
                    id: RuleId::new(id),
                    title: title.into(),
                    class: Class::Access,
                    severity,
                    confidence,
                    description: description.into(),
                    remediation: remediation.into(),
                    references: vec![GOOD_PRACTICES.into(), REFERENCE.into()],
                }
            }
        }
    };
}

rules! {
    /// A crowd reads what holds credentials in a cluster, though no Secrets.
    CredentialReadersEveryone, "credential-readers-everyone", "Objects with credentials readable for everyone",
        High, High,
        "A binding of a cluster lets a group of all users, of all service accounts, or of whoever reaches the server \
         read objects in which credentials were found. It shows no Secrets, and need not.",
        "Delete the binding, or bind the role to those who need it, and move the credentials into Secrets.";
    /// Any pod without an account of its own reads Secrets.
    DefaultServiceAccountRights, "default-service-account-rights", "Default service account that reads Secrets",
        High, High,
        "A binding lets the default service account of a namespace read Secrets. Every pod that asks for no account \
         of its own runs under it, so each of them has the right.",
        "Give the workload that needs the right a service account of its own, and bind that.";
    /// Paths that lead to more than one namespace.
    IndirectClusterSecretAccess, "indirect-cluster-secret-access", "Rights that lead to the Secrets of the cluster",
        High, High,
        "A binding gives rights that do not name Secrets but lead to those of other namespaces: impersonation, \
         certificates, nodes, volumes, webhooks, escalation. The message names each path.",
        "Take the right away, limit it with resourceNames, or bind it in one namespace where that is possible.";
    /// Paths that lead to the Secrets of one namespace.
    IndirectSecretAccess, "indirect-secret-access", "Rights that lead to the Secrets of a namespace",
        Medium, High,
        "A binding gives rights that do not name Secrets but lead to those of its namespace: to run pods, to enter \
         them, to make tokens, to act as a service account. The message names each path.",
        "Treat whoever has these rights as a reader of all Secrets of the namespace. Take away the rights that are \
         not needed, or keep Secrets that are not theirs in another namespace.";
    /// A report that was saved before does not have the reader.
    NewSecretReader, "new-secret-reader", "Secret that more can read than before",
        Medium, High,
        "Subjects can read a Secret, directly or by another path, that could not when the report of --readers-before \
         was saved. Another binding to who could read it anyway, by itself or by its group, makes no difference, and \
         a Secret that the report does not have is not compared.",
        "Take the right back where it was not meant. Where it was, save a new report to compare with.";
    /// A binding of one scope reads everything in the cluster.
    SecretReadClusterWide, "secret-read-cluster-wide", "Secrets of every namespace readable",
        High, High,
        "A ClusterRoleBinding gives a verb that answers with the contents of Secrets, in every namespace. Besides \
         get, list and watch these are patch, delete and deletecollection.",
        "Bind a Role with resourceNames in the namespaces where it is needed. Pods get the Secrets that they mount \
         without any right.";
    /// A binding reads every Secret of a namespace.
    SecretReadNamespaceWide, "secret-read-namespace-wide", "Every Secret of a namespace readable",
        Medium, High,
        "A RoleBinding gives a verb that answers with the contents of every Secret of its namespace. Besides get, \
         list and watch these are patch, delete and deletecollection.",
        "Limit the rule with resourceNames to the Secrets that are needed, and to get. Pods get the Secrets that \
         they mount without any right.";
    /// An account with a right, and nothing that runs under it.
    SecretReadUnused, "secret-read-unused", "Right to read Secrets that nothing uses",
        Low, Low,
        "A service account may read Secrets, but no workload was seen that runs under it. Whoever makes a token of \
         it or runs a pod under it has the right.",
        "Delete the binding, or the service account with it, unless something outside of the cluster uses its token.";
    /// Everybody reads Secrets.
    SecretReadersEveryone, "secret-readers-everyone", "Secrets readable for everyone",
        Critical, High,
        "A binding lets a group of all users, of all service accounts, or of whoever reaches the server read \
         Secrets.",
        "Delete the binding. Name the subjects that need the right, each with the Secrets that it needs.";
    /// A limit that the user set.
    TooManyReaders, "too-many-readers", "Secret with more readers than allowed",
        Medium, High,
        "More subjects can read a Secret, directly or by another path, than --max-readers or max-readers of the \
         configuration allows. Each user, group and service account that a binding names counts once. Whoever \
         Kubernetes itself lets read does not count, nor do paths of low confidence.",
        "Take rights away until the number fits: ksecrets hunt --readers=NAMESPACE/NAME names every reader with its \
         bindings. If all of them are needed, raise the limit for this Secret.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_says_what_it_is() {
        let ids: Vec<_> = AccessRule::ALL.iter().map(|rule| rule.rule().id).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "the list is in the order of ids");
        for rule in AccessRule::ALL.iter().map(|rule| rule.rule()) {
            assert!(RuleId::is_well_formed(rule.id.as_str()), "{}", rule.id);
            for text in [&rule.description, &rule.remediation] {
                assert!(text.ends_with('.') && !text.contains("  "), "{}", rule.id);
            }
            assert!(!rule.title.ends_with('.') && rule.references.iter().all(|page| page.starts_with("https://")));
        }
    }
}
