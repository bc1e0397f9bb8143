//! Whose a credential is and until when: a token says it itself, a private key by the certificate beside it.

use std::borrow::Cow;
use std::ops::Range;

use crate::manifest::{Node, decode_base64, looks_base64};
use crate::model::Severity;
use crate::pattern::{Certificate, Claims};

use super::candidate::Candidate;
use super::layer::Layer;
use super::names::normalise;
use super::scan::{Scan, printable};
use super::site::Scalar;

/// How far before and after a key in running text its certificate may begin or end.
const NEAR: usize = 16 << 10;
/// Most certificates that are compared with one key: work must not grow with their number times that of keys.
const MOST_CERTIFICATES: usize = 8;
/// Most entries of a mapping among which a key looks for its certificate.
const MOST_BESIDE: usize = 128;
/// Lengths of values that are looked into for a certificate: the smallest has more than two hundred bytes.
const LENGTHS: std::ops::RangeInclusive<usize> = 200..=64 << 10;
/// Most bytes of such values for one key.
const MOST_BYTES: usize = 256 << 10;
/// Most layers of base64 around a certificate: Secrets have one, and some are encoded again by mistake.
const MOST_LAYERS: usize = 3;

/// Ends of the names of a key and of its certificate, longer ones first.
const KEYS: [&str; 2] = ["private_key", "key"];
const CERTIFICATES: [&str; 4] = ["certificate", "cert", "crt", "pem"];

/// What is known of how a certificate goes with a key.
enum Pair {
    /// It holds the public half of the key.
    Matched(Certificate),
    /// It stands beside the key, which does not tell its public half.
    Beside(Certificate),
}

impl Candidate {
    /// Notes what the value says of itself, or the text around it.
    pub(super) fn identify(&mut self, layer: &Layer<'_>, range: &Range<usize>, now: Option<i64>) {
        let value = self.value.expose();
        if value.starts_with("eyJ") {
            let Some(claims) = Claims::read(value) else { return };
            self.notes.push(claims.describe(now));
            if claims.is_expired(now) {
                self.severity = self.severity.min(Severity::Low);
            }
        } else if is_private_key(value)
            && let Some(pair) = in_text(near(layer.text, range), value)
        {
            self.certify(pair, now);
        }
    }

    /// Notes whose the private key is. Where that is a cluster's administrator there is nothing worse.
    fn certify(&mut self, pair: Pair, now: Option<i64>) {
        self.certified = true;
        let (Pair::Matched(certificate) | Pair::Beside(certificate)) = &pair;
        let whose = if matches!(pair, Pair::Matched(_)) { "its certificate" } else { "the certificate beside it" };
        self.notes.push(format!("{whose}: {}", certificate.describe(now)));
        if certificate.is_expired(now) {
            self.severity = self.severity.min(Severity::Low);
        } else if certificate.is_cluster_admin() {
            self.notes.push(
                "members of system:masters may do everything in a cluster that trusts the certificate's issuer"
                    .to_owned(),
            );
            // One that needs a passphrase, or of a test, stays what it is.
            if self.severity >= Severity::Medium {
                self.severity = Severity::Critical;
            }
        }
    }
}

impl Scan<'_> {
    /// Looks in the mapping around a scalar for the certificates of the private keys that were found in it: those
    /// after the first `known` candidates.
    pub(super) fn certify_beside(&mut self, known: usize, scalar: &Scalar<'_>) {
        let now = self.hunter.options.now;
        for candidate in self.candidates.iter_mut().skip(known) {
            let value = candidate.value.expose();
            if !candidate.certified
                && is_private_key(value)
                && let Some(pair) = beside(scalar, value)
            {
                candidate.certify(pair, now);
            }
        }
    }
}

fn is_private_key(value: &str) -> bool {
    value.contains("PRIVATE KEY-----")
}

/// The certificate of a key in the text around it.
fn in_text(text: &str, key: &str) -> Option<Pair> {
    let all: Vec<Certificate> =
        Certificate::all(text).take(MOST_CERTIFICATES).map(|(_, certificate)| certificate).collect();
    let alone = all.len() == 1 && text.matches("PRIVATE KEY-----").count() <= 2;
    let first = all.first().filter(|only| alone && only.is_of(key).is_none()).cloned();
    matched(all, key).or_else(|| first.map(Pair::Beside))
}

/// The certificate of a key in the mapping around it. One that cannot be compared counts if it has the same name.
fn beside(scalar: &Scalar<'_>, key: &str) -> Option<Pair> {
    let stem = stem(scalar.key.and_then(Node::as_str)?, &KEYS);
    let (mut all, mut namesake, mut bytes) = (Vec::new(), None, 0);
    for (name, value) in scalar.node.parent()?.entries().take(MOST_BESIDE) {
        let other = value.as_str().filter(|text| value != scalar.node && bytes + text.len() <= MOST_BYTES);
        let Some(other) = other.filter(|text| LENGTHS.contains(&text.len())) else { continue };
        bytes += other.len();
        let Some(text) = certificates(other) else { continue };
        let found = Certificate::all(&text).take(MOST_CERTIFICATES - all.len());
        let mut found = found.map(|(_, certificate)| certificate).peekable();
        let same = stem.is_some() && name.as_str().and_then(|name| self::stem(name, &CERTIFICATES)) == stem;
        // Of a chain the first is the holder's.
        namesake = namesake.or_else(|| found.peek().filter(|first| same && first.is_of(key).is_none()).cloned());
        all.extend(found);
        if all.len() >= MOST_CERTIFICATES {
            break;
        }
    }
    matched(all, key).or_else(|| namesake.map(Pair::Beside))
}

/// The certificate that holds the public half of a key; of several the one that is good for longest.
fn matched(all: Vec<Certificate>, key: &str) -> Option<Pair> {
    let own = all.into_iter().filter(|certificate| certificate.is_of(key) == Some(true));
    own.max_by_key(Certificate::expires).map(Pair::Matched)
}

/// The text of a value with certificates in it, its base64 undone.
fn certificates(value: &str) -> Option<Cow<'_, str>> {
    let mut text = Cow::Borrowed(value);
    for _ in 0..=MOST_LAYERS {
        if Certificate::is_in(&text) {
            return Some(text);
        }
        let encoded = Some(text.trim()).filter(|text| looks_base64(text))?;
        text = Cow::Owned(printable(&decode_base64(encoded)?)?.to_owned());
    }
    None
}

/// What two names of a pair have in common: `client` of `client-key-data` and `client-certificate-data`.
fn stem(name: &str, endings: &[&str]) -> Option<String> {
    let name = normalise(name);
    let name = name.strip_suffix("_data").unwrap_or(&name);
    let stem = endings.iter().find_map(|ending| name.strip_suffix(ending))?;
    Some(stem.trim_end_matches('_').to_owned())
}

/// The part of a text around a range.
fn near<'t>(text: &'t str, range: &Range<usize>) -> &'t str {
    let mut start = range.start.saturating_sub(NEAR);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    let mut end = (range.end + NEAR).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[start..end]
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};

    use super::super::{Hunter, Options};
    use super::*;
    use crate::model::Finding;
    use crate::pattern::{Set, builtin};
    use crate::source::{Blob, Live, Sink as _, Window};

    const IN_2026: i64 = 1_780_000_000;

    /// A key with a certificate that is good until the end of a year.
    fn pair(name: &str, group: &str, year: i32) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.distinguished_name.push(DnType::OrganizationName, group);
        params.not_after = date_time_ymd(year, 12, 31);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        (key.serialize_pem(), params.self_signed(&key).unwrap().pem())
    }

    fn hunt(path: &str, text: &str) -> Vec<Finding> {
        let options = Options { now: Some(IN_2026), ..Options::default() };
        let hunter = Hunter::new(Set::new(builtin().unwrap()).unwrap(), options);
        let mut worker = hunter.worker();
        worker.blob(Blob { path, text, bytes: text.len() as u64, window: Window::default() });
        hunter.report(vec![worker]).findings.into_iter().filter(|finding| finding.secret.is_some()).collect()
    }

    fn only(path: &str, text: &str) -> Finding {
        let mut findings = hunt(path, text);
        assert_eq!(findings.len(), 1, "{text}");
        findings.remove(0)
    }

    fn indented(text: &str, by: usize) -> String {
        text.lines().map(|line| format!("\n{:by$}{line}", "")).collect()
    }

    fn kubeconfig((key, certificate): &(String, String)) -> String {
        let (key, certificate) = (STANDARD.encode(key), STANDARD.encode(certificate));
        format!(
            "apiVersion: v1\nkind: Config\nusers:\n- name: a\n  user:\n    client-certificate-data: {certificate}\n    \
             client-key-data: {key}\n"
        )
    }

    fn config_map(entries: &[(&str, &str)]) -> String {
        let entries = entries.iter().map(|(key, value)| format!("\n  {key}: |{}", indented(value, 4)));
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:{}\n", entries.collect::<String>())
    }

    #[test]
    fn the_admin_of_a_kubeconfig() {
        let finding = only("config.yaml", &kubeconfig(&pair("kubernetes-admin", "system:masters", 2035)));
        assert_eq!(finding.severity, Severity::Critical);
        assert_eq!(
            finding.notes,
            [
                "its certificate: CN=kubernetes-admin, O=system:masters, for client authentication, expires 2035-12-31",
                "members of system:masters may do everything in a cluster that trusts the certificate's issuer"
            ]
        );
        let expired = only("config.yaml", &kubeconfig(&pair("kubernetes-admin", "system:masters", 2024)));
        assert_eq!(expired.severity, Severity::Low);
        assert_eq!(
            expired.notes,
            [
                "its certificate: CN=kubernetes-admin, O=system:masters, for client authentication, expired on 2024-12-31"
            ]
        );
    }

    #[test]
    fn a_certificate_in_the_same_mapping_or_text() {
        let (key, certificate) = pair("dev", "team", 2035);
        let other = pair("other", "system:masters", 2035).1;
        let expected = ["its certificate: CN=dev, O=team, for client authentication, expires 2035-12-31"];
        let inner = kubeconfig(&(key.clone(), certificate.clone()));
        let twice = STANDARD.encode(STANDARD.encode(&certificate));
        let quoted = format!("key = {key:?}\ncert = {certificate:?}\n");
        for (path, text) in [
            ("a.yaml", config_map(&[("tls.crt", &certificate), ("tls.key", &key)])),
            ("a.yaml", config_map(&[("ca.crt", &other), ("z", &certificate), ("etcd-client.key", &key)])),
            ("a.yaml", config_map(&[("kubeconfig", &inner)])),
            ("a.yaml", config_map(&[("bundle.pem", &format!("{key}{certificate}{other}"))])),
            ("a.yaml", config_map(&[("tls.key", &key), ("tls.crt", &twice)])),
            ("a.pem", format!("{other}{certificate}{key}")),
            ("a.py", quoted),
        ] {
            let finding = only(path, &text);
            assert_eq!(
                (finding.severity, &finding.notes[..]),
                (Severity::High, &expected.map(str::to_owned)[..]),
                "{text}"
            );
        }
    }

    #[test]
    fn another_certificate_says_nothing() {
        let (key, _) = pair("dev", "team", 2035);
        let other = pair("other", "system:masters", 2024).1;
        for text in [config_map(&[("tls.key", &key), ("tls.crt", &other)]), format!("{key}{other}")] {
            let finding = only("a.yaml", &text);
            assert_eq!((finding.severity, finding.notes.len()), (Severity::High, 0), "{text}");
        }
        assert!(hunt("a.pem", &other).is_empty());
    }

    /// The key of a live Secret that was copied to a ConfigMap together with its certificate.
    #[test]
    fn a_copy_of_a_live_secret() {
        let (key, certificate) = pair("admin", "system:masters", 2035);
        let text = |kind: &str, key: &str, certificate: &str| {
            let data = serde_json::json!({ "tls.crt": certificate, "tls.key": key });
            let metadata = serde_json::json!({ "name": "a", "namespace": "b" });
            serde_json::json!({ "apiVersion": "v1", "kind": kind, "metadata": metadata, "data": data }).to_string()
        };
        let secret = text("Secret", &STANDARD.encode(&key), &STANDARD.encode(&certificate));
        let copy = text("ConfigMap", &key, &certificate);
        let options = Options { now: Some(IN_2026), ..Options::default() };
        let hunter = Hunter::new(Set::new(builtin().unwrap()).unwrap(), options);
        let mut collector = super::super::Collector::new();
        collector.object(Live { title: "Secret b/a", resource: "secrets", text: &secret });
        hunter.learn(vec![collector]);
        let mut worker = hunter.worker();
        worker.object(Live { title: "Secret b/a", resource: "secrets", text: &secret });
        worker.object(Live { title: "ConfigMap b/a", resource: "configmaps", text: &copy });
        let findings = hunter.report(vec![worker]).findings;
        assert_eq!(findings.len(), 1);
        assert_eq!((findings[0].id().as_str(), findings[0].severity), ("live-secret-copy", Severity::Critical));
        assert!(findings[0].notes[0].starts_with("its certificate: CN=admin, O=system:masters"));
    }

    /// What a key that keeps its public half to itself goes with is told by the names.
    #[test]
    fn a_certificate_beside_a_key() {
        let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let mut params = CertificateParams::default();
        params.not_after = date_time_ymd(2035, 1, 1);
        let certificate = params.self_signed(&key).unwrap().pem();
        let mut seed = vec![0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
        seed.extend((0..32).map(|at: u8| at.wrapping_mul(89).wrapping_add(17)));
        let label = ["PRIVATE", "KEY"].join(" ");
        let key = format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(seed));
        let beside = |name: &str| only("a.yaml", &config_map(&[(name, &certificate), ("tls.key", &key)])).notes;
        assert_eq!(
            beside("tls.crt"),
            ["the certificate beside it: CN=rcgen self signed cert, for any use, expires 2035-01-01"]
        );
        assert!(beside("ca.crt").is_empty());
    }

    #[test]
    fn tokens_expire() {
        let signature = URL_SAFE_NO_PAD.encode((0..64).map(|at: u8| at.wrapping_mul(37)).collect::<Vec<_>>());
        let token = |exp: &str| {
            let payload = format!(r#"{{"iss":"https://auth.shop.test","sub":"orders"{exp}}}"#);
            let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","typ":"JWT"}"#);
            format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(payload))
        };
        for (exp, severity, end) in [
            (r#","exp":1735689600"#, Severity::Low, "expired on 2025-01-01"),
            (r#","exp":2051222400"#, Severity::Medium, "expires 2035-01-01"),
            ("", Severity::Medium, "without expiry"),
        ] {
            let finding = only("a.yaml", &config_map(&[("session", &token(exp))]));
            assert_eq!(
                (finding.severity, &finding.notes[..]),
                (severity, &[format!("issued by https://auth.shop.test, {end}")][..])
            );
        }
    }

    #[test]
    fn names_of_pairs() {
        for (key, certificate) in
            [("client-key-data", "client-certificate-data"), ("tls.key", "tls.crt"), ("privateKey", "certificate")]
        {
            let stem = stem(key, &KEYS);
            assert!(stem.is_some());
            assert_eq!(stem, super::stem(certificate, &CERTIFICATES), "{key}");
        }
        assert_ne!(stem("tls.key", &KEYS), stem("ca.crt", &CERTIFICATES));
    }
}
