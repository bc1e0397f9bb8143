//! X.509 certificates (RFC 5280), read without verifying: whose they are, what for, and until when. The only file that
//! names the parser.

use x509_cert::Certificate as X509;
use x509_cert::der::Decode as _;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, SubjectAltName};

use super::date::date;
use super::pem::Block;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
/// Fewest bytes of a public key: fewer could stand in any key by accident.
const SHORTEST_KEY: usize = 16;
/// Most names of one kind that are told.
const MOST_NAMES: usize = 4;
/// Whom the API server refuses nothing, whatever its roles say
/// (<https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles>).
const MASTERS: &str = "system:masters";

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const ANY_USE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");
const SERVER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
const CLIENT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// What a certificate says of itself. All of it is public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    common_names: Vec<String>,
    /// Kubernetes takes them for groups.
    organizations: Vec<String>,
    /// Told where there is no common name: public authorities do without one.
    hosts: Vec<String>,
    authority: bool,
    client: bool,
    server: bool,
    /// Whether it says what it is for. If not, it is good for anything.
    limited: bool,
    expires: i64,
    public: PublicKey,
    rsa: Option<Vec<u8>>,
}

/// The public key, as far as a private key in DER holds the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PublicKey {
    bytes: Vec<u8>,
    /// Fewest bytes of a private key that holds it: of some kinds it may be left out, and the key is shorter then.
    least: usize,
}

impl Certificate {
    /// Every certificate in a text, in PEM, with the place where it begins. Each is read as far as the next one begins,
    /// so that time is linear whatever is left open.
    pub fn all(text: &str) -> impl Iterator<Item = (usize, Self)> {
        let mut begins = memchr::memmem::find_iter(text.as_bytes(), BEGIN).peekable();
        let blocks = std::iter::from_fn(move || {
            let at = begins.next()?;
            Some((at, &text[at..begins.peek().copied().unwrap_or(text.len())]))
        });
        blocks.filter_map(|(at, block)| Some((at, Self::read(&Block::first(block)?.bytes()?)?)))
    }

    /// Whether there is one in a text that is worth reading.
    #[must_use]
    pub fn is_in(text: &str) -> bool {
        memchr::memmem::find(text.as_bytes(), BEGIN.as_bytes()).is_some()
    }

    /// Reads DER. None when it is no certificate, or one that breaks the rules.
    #[must_use]
    pub fn read(der: &[u8]) -> Option<Self> {
        let certificate = X509::from_der(der).ok()?;
        let tbs = certificate.tbs_certificate();
        let named = |oid: ObjectIdentifier| {
            let of_kind = tbs.subject().iter().filter(move |part| part.oid == oid);
            of_kind.map(|part| shown(&String::from_utf8_lossy(part.value.value()))).take(MOST_NAMES).collect()
        };
        let uses = tbs.get_extension::<ExtendedKeyUsage>().ok()?.map(|(_, uses)| uses.0);
        let uses = uses.filter(|uses| !uses.contains(&ANY_USE));
        let good_for = |purpose| uses.as_ref().is_none_or(|uses| uses.contains(&purpose));
        let others = tbs.get_extension::<SubjectAltName>().ok().flatten().map(|(_, names)| names.0).unwrap_or_default();
        let host = |name: &GeneralName| match name {
            GeneralName::DnsName(host) => Some(shown(host.as_str())),
            _ => None,
        };
        Some(Self {
            common_names: named(COMMON_NAME),
            organizations: organizations(named(ORGANIZATION), tbs.subject()),
            hosts: others.iter().filter_map(host).take(MOST_NAMES).collect(),
            authority: tbs.get_extension::<BasicConstraints>().ok()?.is_some_and(|(_, constraints)| constraints.ca),
            client: good_for(CLIENT),
            server: good_for(SERVER),
            limited: uses.is_some(),
            expires: i64::try_from(tbs.validity().not_after.to_unix_duration().as_secs()).unwrap_or(i64::MAX),
            public: PublicKey::of(tbs.subject_public_key_info()),
            rsa: rsa(tbs.subject_public_key_info()),
        })
    }

    /// Whether a private key, in PEM, belongs to it. None when the key does not say: it is encrypted, of OpenSSH's own
    /// format, or without its public half.
    #[must_use]
    pub fn is_of(&self, key: &str) -> Option<bool> {
        let start = key.find("PRIVATE KEY-----").and_then(|at| key[..at].rfind("-----BEGIN "))?;
        let block = Block::first(&key[start..])?;
        if block.is_encrypted() || block.label.starts_with("ENCRYPTED") || block.label.starts_with("OPENSSH") {
            return None;
        }
        let der = block.bytes().filter(|_| self.public.bytes.len() >= SHORTEST_KEY)?;
        let held = memchr::memmem::find(&der, &self.public.bytes).is_some();
        (held || der.len() >= self.public.least).then_some(held)
    }

    /// Its public key, if that is one of RSA: `RSAPublicKey` in DER (RFC 8017, A.1.1).
    #[must_use]
    pub fn rsa(&self) -> Option<&[u8]> {
        self.rsa.as_deref()
    }

    /// Whether it was no longer good at a time, in seconds since 1970.
    #[must_use]
    pub fn is_expired(&self, now: Option<i64>) -> bool {
        now.is_some_and(|now| self.expires < now)
    }

    /// Seconds since 1970 at its end.
    #[must_use]
    pub fn expires(&self) -> i64 {
        self.expires
    }

    /// Its last day: `2030-01-01`.
    #[must_use]
    pub fn expiry(&self) -> String {
        date(self.expires)
    }

    /// Whether a cluster that trusts its issuer lets its holder do everything.
    #[must_use]
    pub fn is_cluster_admin(&self) -> bool {
        self.client && self.organizations.iter().any(|group| group == MASTERS)
    }

    /// One clause for a report: `CN=admin, O=system:masters, for client authentication, expires 2030-01-01`.
    #[must_use]
    pub fn describe(&self, now: Option<i64>) -> String {
        let names = self.common_names.iter().map(|name| format!("CN={name}"));
        let mut parts: Vec<String> = names.collect();
        parts.extend(self.organizations.iter().map(|name| format!("O={name}")));
        if self.common_names.is_empty() {
            parts.extend(self.hosts.first().cloned());
        }
        if parts.is_empty() {
            parts.push("no name".to_owned());
        }
        if self.authority {
            parts.push("a certificate authority".to_owned());
        }
        let uses = match (self.limited, self.client, self.server) {
            (false, ..) if self.authority => None,
            (false, ..) => Some("for any use"),
            (true, true, true) => Some("for client and server authentication"),
            (true, true, false) => Some("for client authentication"),
            (true, false, true) => Some("for server authentication"),
            (true, false, false) => Some("for neither client nor server authentication"),
        };
        parts.extend(uses.map(str::to_owned));
        let verb = if self.is_expired(now) { "expired on" } else { "expires" };
        parts.push(format!("{verb} {}", date(self.expires)));
        parts.join(", ")
    }
}

impl PublicKey {
    fn of(info: &x509_cert::SubjectPublicKeyInfo) -> Self {
        let bytes = info.subject_public_key.raw_bytes();
        if info.algorithm.oid == RSA {
            // Modulus and exponent stand in both kinds of key one after the other (RFC 8017, A.1).
            return Self { bytes: content(bytes).to_vec(), least: 0 };
        }
        // Of curves: the secret number is as long as one coordinate, and an uncompressed point has two (SEC 1, 2.3.3).
        let least = match bytes {
            [4, ..] if bytes.len() % 2 == 1 => bytes.len() + bytes.len() / 2,
            // A compressed point: the key may hold it uncompressed.
            [2 | 3, ..] if bytes.len() % 2 == 1 => usize::MAX,
            _ => bytes.len() * 2,
        };
        Self { bytes: bytes.to_vec(), least }
    }
}

fn rsa(info: &x509_cert::SubjectPublicKeyInfo) -> Option<Vec<u8>> {
    (info.algorithm.oid == RSA).then(|| info.subject_public_key.raw_bytes().to_vec())
}

/// All organizations would be too many to show, and the one that counts must not be pushed out by others.
fn organizations(mut told: Vec<String>, subject: &x509_cert::name::Name) -> Vec<String> {
    let is_master = subject.iter().any(|part| part.oid == ORGANIZATION && part.value.value() == MASTERS.as_bytes());
    if is_master && !told.iter().any(|name| name == MASTERS) {
        told.insert(0, MASTERS.to_owned());
    }
    told
}

/// What a DER SEQUENCE holds, without its header.
fn content(der: &[u8]) -> &[u8] {
    let header = match der {
        [0x30, length, ..] if *length >= 0x80 => 2 + usize::from(length & 0x7f),
        _ => 2,
    };
    der.get(header..).unwrap_or_default()
}

/// A name as far as it fits a line.
fn shown(name: &str) -> String {
    name.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;
    use rcgen::{
        BasicConstraints as Constraints, CertificateParams, DnType, ExtendedKeyUsagePurpose as Purpose, IsCa, KeyPair,
        PKCS_ED25519, date_time_ymd,
    };

    use super::*;

    fn params(names: &[(DnType, &str)]) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        for (kind, name) in names {
            params.distinguished_name.push(kind.clone(), *name);
        }
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2030, 1, 1);
        params
    }

    fn read(params: CertificateParams) -> Certificate {
        let der = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        Certificate::read(der.der()).unwrap()
    }

    #[test]
    fn what_certificates_say() {
        let mut admin = params(&[(DnType::CommonName, "kubernetes-admin"), (DnType::OrganizationName, MASTERS)]);
        admin.extended_key_usages = vec![Purpose::ClientAuth];
        let admin = read(admin);
        assert!(admin.is_cluster_admin());
        assert_eq!(
            admin.describe(None),
            "CN=kubernetes-admin, O=system:masters, for client authentication, expires 2030-01-01"
        );
        let mut authority = params(&[(DnType::CommonName, "kubernetes")]);
        authority.is_ca = IsCa::Ca(Constraints::Unconstrained);
        assert_eq!(read(authority).describe(None), "CN=kubernetes, a certificate authority, expires 2030-01-01");
        let mut server = params(&[(DnType::OrganizationName, MASTERS)]);
        server.extended_key_usages = vec![Purpose::ServerAuth];
        server.subject_alt_names = vec![rcgen::SanType::DnsName("shop.test".try_into().unwrap())];
        let server = read(server);
        assert!(!server.is_cluster_admin());
        assert_eq!(server.describe(None), "O=system:masters, shop.test, for server authentication, expires 2030-01-01");
        assert_eq!(read(params(&[])).describe(None), "no name, for any use, expires 2030-01-01");
    }

    #[test]
    fn expiry_depends_on_the_day() {
        let certificate = read(params(&[(DnType::CommonName, "a")]));
        assert!(!certificate.is_expired(None) && !certificate.is_expired(Some(1_893_456_000)));
        assert!(certificate.is_expired(Some(1_893_456_001)));
        assert!(certificate.describe(Some(1_900_000_000)).ends_with("expired on 2030-01-01"));
    }

    #[test]
    fn a_key_belongs_to_its_certificate_only() {
        let (key, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let certificate = params(&[]).self_signed(&key).unwrap();
        let (_, read) = Certificate::all(&certificate.pem()).next().unwrap();
        assert_eq!(read.is_of(&key.serialize_pem()), Some(true));
        assert_eq!(read.is_of(&other.serialize_pem()), Some(false));
        assert_eq!(read.is_of(&key.serialize_pem().replace("PRIVATE", "ENCRYPTED PRIVATE")), None);
        assert_eq!(read.is_of("no key"), None);
        let on_one_line = certificate.pem().replace("\r\n", "\\n").replace('\n', "\\n");
        assert_eq!(Certificate::all(&on_one_line).next().unwrap().1, read);
    }

    /// Version 1 of PKCS#8 has the seed alone; rcgen writes version 2.
    #[test]
    fn a_key_without_its_public_half_does_not_say() {
        let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let certificate = Certificate::read(params(&[]).self_signed(&key).unwrap().der()).unwrap();
        assert_eq!(certificate.is_of(&key.serialize_pem()), Some(true));
        let mut seed = hex("302e020100300506032b657004220420");
        seed.extend([7; 32]);
        let (begin, end) = ("-----BEGIN PRIVATE ", "-----END PRIVATE ");
        let pem = format!("{begin}KEY-----\n{}\n{end}KEY-----\n", STANDARD.encode(seed));
        assert_eq!(certificate.is_of(&pem), None);
    }

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), text in ".{0,200}") {
            let _ = Certificate::read(&bytes).map(|certificate| certificate.describe(Some(0)));
            let text = format!("{text}{BEGIN}{}{text}", STANDARD.encode(&bytes));
            for (_, certificate) in Certificate::all(&text) {
                let _ = certificate.is_of(&text);
            }
        }

        #[test]
        fn a_damaged_certificate_is_read_without_a_panic(
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
            cut in any::<prop::sample::Index>(),
        ) {
            static WHOLE: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
                let mut admin = params(&[(DnType::CommonName, "a"), (DnType::OrganizationName, "b")]);
                admin.extended_key_usages = vec![Purpose::ClientAuth];
                admin.is_ca = IsCa::Ca(Constraints::Unconstrained);
                admin.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
            });
            let mut bytes = WHOLE.clone();
            for (at, byte) in damage {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let _ = Certificate::read(&bytes).map(|certificate| certificate.describe(Some(0)));
            let _ = Certificate::read(&bytes[..cut.index(bytes.len())]);
        }
    }
}
