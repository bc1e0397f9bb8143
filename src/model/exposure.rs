//! What kind of statement a finding makes, and where the secret lies.

use std::fmt;

/// The kind of statement a finding makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A value is readable where it should not be.
    Credential,
    /// A risky way of handling a secret; no value was seen.
    Exposure,
    /// Who can read a secret.
    Access,
    /// How a secret is stored by the cluster.
    AtRest,
}

impl Class {
    /// The word that reports use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::Exposure => "exposure",
            Self::Access => "access",
            Self::AtRest => "at-rest",
        }
    }
}

/// Declares the exposures once: variant, word, a phrase that fits "password in …", and how specific the place is.
macro_rules! exposures {
    ($($(#[$doc:meta])* $variant:ident, $word:literal, $phrase:literal;)*) => {
        /// Where a credential lies. Declared from the least to the most telling place:
        /// of two explanations of one value the later one wins.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Exposure { $($(#[$doc])* $variant,)* }

        impl Exposure {
            /// Every exposure, least telling first.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word that reports use.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// A phrase that completes "password in …".
            #[must_use]
            pub const fn phrase(self) -> &'static str {
                match self { $(Self::$variant => $phrase,)* }
            }
        }
    };
}

exposures! {
    /// Any file that is no Kubernetes document: code, `.env`, compose, Terraform, CI.
    SourceFile, "source-file", "a source file";
    /// A field of a Kubernetes object that has no place of its own below: custom resources, kubeadm.
    ObjectField, "object-field", "a field of a Kubernetes object";
    /// `values*.yaml` of a Helm chart, or a literal in a chart's template.
    HelmValues, "helm-values", "Helm values";
    /// A file or literal of a kustomize generator.
    KustomizeGenerator, "kustomize-generator", "a kustomize generator";
    /// Values of a Flux `HelmRelease` or an Argo CD `Application`.
    GitopsValues, "gitops-values", "GitOps values";
    /// A `ConfigMap`.
    Configmap, "configmap", "a ConfigMap";
    /// `data` or `stringData` of a Secret that is kept as a plain manifest.
    SecretManifest, "secret-manifest", "a plain Secret manifest";
    /// A literal environment variable of a container.
    EnvValue, "env-value", "a plain environment variable";
    /// `command`, `args`, or the command of a probe or hook.
    ContainerArgs, "container-args", "a container's command line";
    /// An HTTP header of a probe or hook.
    ProbeHeader, "probe-header", "an HTTP header of a probe";
    /// Any annotation, `last-applied-configuration` first of all.
    Annotation, "annotation", "an annotation";
    /// A Helm release as Helm stores it.
    HelmRelease, "helm-release", "a stored Helm release";
    /// Plaintext in the template of a `SealedSecret` or `ExternalSecret`.
    SealedTemplate, "sealed-template", "the template of a sealed secret";
    /// Plaintext left in a file that is otherwise encrypted, or was meant to be.
    HalfSealed, "half-sealed", "a file that should be encrypted";
    /// A user of a kubeconfig.
    Kubeconfig, "kubeconfig", "a kubeconfig";
    /// A key of an `EncryptionConfiguration`.
    EncryptionConfig, "encryption-config", "an EncryptionConfiguration";
}

impl fmt::Display for Exposure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
