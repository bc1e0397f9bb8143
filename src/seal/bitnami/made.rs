//! Keys and certificates for tests, made when the tests run.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rsa::PrivateKey;
use rsa::pkcs1::{EncodeRsaPrivateKey as _, LineEnding};
use rsa::pkcs8::EncodePrivateKey as _;
use zeroize::Zeroizing;

use super::{Certificate, Keys};

/// 2049-12-31, after everything that tests make has expired.
pub(super) const LATER: i64 = 2_524_521_600;

pub(super) static PAIR: LazyLock<Pair> = LazyLock::new(Pair::new);
pub(super) static KEYS: LazyLock<Keys> = LazyLock::new(|| keys(&[&PAIR.private]));
pub(super) static CERTIFICATE: LazyLock<Certificate> = LazyLock::new(|| PAIR.certificate.clone());

/// What a controller makes for itself.
pub(super) struct Pair {
    pub(super) key: PrivateKey,
    pub(super) private: Zeroizing<String>,
    pub(super) certificate: Certificate,
    pub(super) certificate_pem: String,
}

impl Pair {
    pub(super) fn new() -> Self {
        // The smallest that is sealed for: larger ones take seconds to find.
        let key = PrivateKey::new(&mut getrandom::SysRng, 2048).unwrap();
        let private = key.to_pkcs1_pem(LineEnding::LF).unwrap();
        let certificate_pem = certificate(&key);
        let certificate = Certificate::read(&certificate_pem, None).unwrap();
        Self { key, private, certificate, certificate_pem }
    }
}

/// A certificate until 2040 for a private key.
fn certificate(key: &PrivateKey) -> String {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2040, 1, 1);
    let pair = KeyPair::from_pem(&key.to_pkcs8_pem(LineEnding::LF).unwrap()).unwrap();
    params.self_signed(&pair).unwrap().pem()
}

pub(super) fn keys(pems: &[&str]) -> Keys {
    Keys::read(&pems.concat()).unwrap()
}

/// What `kubectl get secret -o yaml` writes of a controller's keys.
pub(super) fn backup(pairs: &[(&str, &Pair)]) -> String {
    let item = |(name, pair): &(&str, &Pair)| {
        let (certificate, private) = (STANDARD.encode(&pair.certificate_pem), STANDARD.encode(&*pair.private));
        format!(
            "- apiVersion: v1\n  data:\n    tls.crt: {certificate}\n    tls.key: {private}\n  kind: Secret\n  metadata:\n    \
             labels:\n      sealedsecrets.bitnami.com/sealed-secrets-key: active\n    name: {name}\n    namespace: \
             kube-system\n  type: kubernetes.io/tls\n"
        )
    };
    let items: String = pairs.iter().map(item).collect();
    format!("apiVersion: v1\nitems:\n{items}kind: List\nmetadata:\n  resourceVersion: \"\"\n")
}
