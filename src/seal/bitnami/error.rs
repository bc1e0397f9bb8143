//! What can go wrong between a Secret and a SealedSecret of Bitnami.

use super::keys::KeyName;

/// Why a SealedSecret could not be made, read or opened. No variant holds anything of a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The file given as a certificate has none.
    #[error("there is no certificate in it; give the one that `kubeseal --fetch-cert` prints")]
    NoCertificate,
    /// The file given as a certificate is a private key.
    #[error(
        "it holds a private key and no certificate; sealing needs the certificate that `kubeseal --fetch-cert` prints, \
         and a private key should not lie where it is sealed"
    )]
    PrivateKeyAsCertificate,
    /// The first certificate breaks the rules of X.509.
    #[error("its first certificate is damaged; fetch it again with `kubeseal --fetch-cert`")]
    DamagedCertificate,
    /// The key is of another kind.
    #[error("its certificate is not for an RSA key, and the sealed-secrets controller knows no other")]
    NotRsaCertificate,
    /// The key could be broken, or is larger than what can be read.
    #[error("the RSA key of its certificate has {0} bits; sealing wants 2048 to 8192")]
    KeySize(usize),
    /// The certificate's time is over.
    #[error(
        "the certificate was good until {0}: fetch the current one with `kubeseal --fetch-cert`, as the controller has \
         made new keys since"
    )]
    Expired(String),

    /// No private key in a file.
    #[error(
        "there is no private key in it; give a PEM file, or a backup: `kubectl get secret -n kube-system -l \
             sealedsecrets.bitnami.com/sealed-secrets-key -o yaml`"
    )]
    NoPrivateKey,
    /// The file is not text at all, or YAML with an error.
    #[error("the backup of private keys is not valid YAML: {0}")]
    BackupSyntax(String),
    /// The only keys there are cannot be used.
    #[error("none of its private keys can be used; the first one, {0}")]
    UselessKeys(UselessKey),

    /// The name is missing where a value is bound to it.
    #[error("the Secret has no name, and the strict scope binds every value to it: set metadata.name")]
    NoName,
    /// The namespace is missing where a value is bound to it.
    #[error("no namespace is named, and only the cluster-wide scope does without: set metadata.namespace or give one")]
    NoNamespace,
    /// Two namespaces are named.
    #[error("it is for namespace {own}, and {given} was asked for: one of them is wrong")]
    OtherNamespace {
        /// The one in the file.
        own: String,
        /// The one that was asked for.
        given: String,
    },
    /// What is to be merged is another Secret.
    #[error(
        "the Secret is {other}, and the file to merge into is for {own}: its values would be sealed for the wrong one"
    )]
    OtherSecret {
        /// The one in the file.
        own: String,
        /// The one to be merged.
        other: String,
    },
    /// Kubernetes takes no such key.
    #[error("{0} cannot be a key of a Secret: it may have letters, digits, '-', '_' and '.', 253 at most")]
    Key(String),
    /// More than the API server takes in one Secret.
    #[error("the value of {key} has {found} bytes, and a Secret may hold {limit}: keep it elsewhere, or cut it up")]
    LargeValue {
        /// The key of the Secret.
        key: String,
        /// Its size.
        found: usize,
        /// What is allowed.
        limit: usize,
    },
    /// More than etcd takes in one object.
    #[error(
        "the SealedSecret would have {found} bytes, and etcd takes {limit}: every value grows by half a kilobyte and then by \
         a third, so spread them over several Secrets"
    )]
    TooLarge {
        /// Its size.
        found: usize,
        /// What is allowed.
        limit: usize,
    },
    /// There is nothing to seal.
    #[error("the Secret has no data: nothing to seal")]
    Empty,

    /// The document is something else.
    #[error("it is not a SealedSecret of bitnami.com, but {0}")]
    NotSealedSecret(String),
    /// The document does not follow the resource definition.
    #[error("the SealedSecret breaks the rules of bitnami.com/v1alpha1: {0}")]
    Malformed(String),
    /// The whole Secret is sealed as one: what kubeseal did before 0.7.
    #[error(
        "it has the old spec.data, the whole Secret sealed as one; read the Secret from its cluster and seal it again"
    )]
    OldData,
    /// A value cannot be anything that was sealed.
    #[error("{key}: {fault}; whoever wrote the file has to seal the value again", fault = fault)]
    Value {
        /// The key of the Secret.
        key: String,
        /// What is wrong with it.
        fault: super::Fault,
    },
    /// No private key fits. Whether the key is another, or the value, its label or its place was changed, cannot be told
    /// apart: that is what the label is for.
    #[error(
        "{key}: none of the {keys} private keys opens it; it was sealed for another controller, for another {place}, or \
         was altered since"
    )]
    NoKeyOpens {
        /// The key of the Secret.
        key: String,
        /// How many keys were tried.
        keys: usize,
        /// What the value is bound to.
        place: &'static str,
    },
    /// A private key fits, for another scope than the annotations say.
    #[error(
        "{key}: it was sealed with scope {sealed}, and the annotations of the SealedSecret say {said}; whoever changed \
         them has to change metadata.annotations back ({opener} opens it)"
    )]
    OtherScope {
        /// The key of the Secret.
        key: String,
        /// The scope it was sealed with.
        sealed: &'static str,
        /// The scope that the annotations name.
        said: &'static str,
        /// The private key that showed it.
        opener: KeyName,
    },

    /// A template that only the controller of Bitnami can fill in.
    #[error(
        "spec.template.data.{0} is a Go template, which this format has none of: seal what it makes as a value, or write it \
         with ${{key}} into spec.template.data of the new object"
    )]
    GoTemplate(String),
    /// A sealed value that the template leaves out.
    #[error("spec.template.data.{0} is null, which hides the sealed value of this name: remove one of the two")]
    Hidden(String),
    /// A field that has no place in ours.
    #[error("{0} cannot be carried over: remove it first, if nobody needs it")]
    Uncarried(String),

    /// The system has no randomness, or RSA found the key inconsistent.
    #[error("sealing failed in the RSA library: {0}")]
    Rsa(String),
    /// Writing YAML failed.
    #[error("the SealedSecret could not be written: {0}")]
    Unwritable(String),
}

/// A private key that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UselessKey {
    /// The Secret that it stands in.
    pub secret: Option<String>,
    /// Why it cannot be used.
    pub reason: &'static str,
}

impl std::fmt::Display for UselessKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.secret {
            Some(secret) => write!(f, "in the Secret {secret}, {}", self.reason),
            None => f.write_str(self.reason),
        }
    }
}
