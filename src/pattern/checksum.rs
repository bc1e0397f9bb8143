//! Offline checks that a token's own format allows. A token that fails its check is not a finding.

use std::str::FromStr;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::bech32;
use super::jwt::Claims;
use super::pem::Block;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// What a check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The check holds: made by the provider's own generator.
    Proved,
    /// The structure is right; the format has nothing that could prove more.
    Plausible,
    /// Cannot be a token of this kind.
    Refuted,
}

/// The checks that patterns may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// Last six characters are the base62 CRC32 of the thirty before them: GitHub
    /// (<https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/>), npm.
    Crc32Base62,
    /// Last eight characters are the CRC32 of what stands before the last underscore, hexadecimal, little-endian
    /// (Grafana, `pkg/components/satokengen`).
    GrafanaCrc32,
    /// Header and payload are JSON, the header names an algorithm (RFC 7519).
    Jwt,
    /// A PEM block (RFC 7468) whose body decodes and is framed as its label says.
    Pem,
    /// Base32 body with a twelve-digit account number in it.
    AwsKeyId,
    /// Digits with a Luhn check digit (ISO/IEC 7812-1).
    Luhn,
    /// What follows the last underscore is base64 of a JSON object.
    Base64Json,
    /// A Bech32 string (BIP 173) with a right checksum: age identities.
    Bech32,
    /// A Bech32m string (BIP 350) with a right checksum: identities of `ksecrets seal`.
    Bech32m,
    /// Base32 with a trailing CRC16: NATS nkeys (<https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/nkey_auth>).
    Nkey,
    /// GitLab's routable tokens: `<prefix><base64url payload>.<version>.<base36 length><base36 CRC32>`.
    GitlabRoutable,
    /// The parts of a Slack token: type, numbers, random part.
    Slack,
    /// Base64 that decodes to 32 or 64 bytes.
    AzureKey,
}

impl Checksum {
    const ALL: [(&'static str, Self); 13] = [
        ("crc32-base62", Self::Crc32Base62),
        ("grafana-crc32", Self::GrafanaCrc32),
        ("jwt", Self::Jwt),
        ("pem", Self::Pem),
        ("aws-key-id", Self::AwsKeyId),
        ("luhn", Self::Luhn),
        ("base64-json", Self::Base64Json),
        ("bech32", Self::Bech32),
        ("bech32m", Self::Bech32m),
        ("nkey", Self::Nkey),
        ("gitlab-routable", Self::GitlabRoutable),
        ("slack", Self::Slack),
        ("azure-key", Self::AzureKey),
    ];

    /// Judges a secret.
    #[must_use]
    pub fn verify(self, secret: &str) -> Verdict {
        match self {
            Self::Crc32Base62 => proved(crc32_base62(secret)),
            Self::GrafanaCrc32 => proved(grafana(secret)),
            Self::Jwt => plausible(Claims::read(secret).is_some()),
            Self::Pem => pem(secret),
            Self::AwsKeyId => plausible(aws_key_id(secret)),
            Self::Luhn => plausible(luhn(secret)),
            Self::Base64Json => plausible(base64_json(secret)),
            Self::Bech32 => proved(residue(secret) == Some(bech32::BECH32)),
            Self::Bech32m => proved(residue(secret) == Some(bech32::BECH32M)),
            Self::Nkey => proved(nkey(secret)),
            Self::GitlabRoutable => gitlab(secret),
            Self::Slack => plausible(slack(secret)),
            Self::AzureKey => plausible(STANDARD.decode(secret).is_ok_and(|key| matches!(key.len(), 32 | 64))),
        }
    }
}

impl FromStr for Checksum {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|(known, _)| *known).collect();
            format!("unknown checksum '{name}'; known are {}", known.join(", "))
        })
    }
}

fn proved(holds: bool) -> Verdict {
    if holds { Verdict::Proved } else { Verdict::Refuted }
}

fn plausible(holds: bool) -> Verdict {
    if holds { Verdict::Plausible } else { Verdict::Refuted }
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

fn crc32_base62(secret: &str) -> bool {
    let Some(split) = secret.len().checked_sub(36).filter(|_| secret.is_ascii()) else { return false };
    let (body, check) = secret[split..].split_at(30);
    let mut rest = crc32(body.as_bytes());
    let mut expected = [b'0'; 6];
    for digit in expected.iter_mut().rev() {
        *digit = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    check.as_bytes() == expected
}

fn grafana(secret: &str) -> bool {
    let Some((body, check)) = secret.rsplit_once('_') else { return false };
    u32::from_str_radix(check, 16).is_ok_and(|value| value.swap_bytes() == crc32(body.as_bytes()))
}

/// A PEM block with a key in it.
fn pem(secret: &str) -> Verdict {
    let Some(block) = Block::first(secret) else { return Verdict::Refuted };
    if block.is_encrypted() {
        return Verdict::Plausible;
    }
    let Some(bytes) = block.bytes() else { return Verdict::Refuted };
    let openssh = block.label.starts_with("OPENSSH");
    proved(if openssh { bytes.starts_with(b"openssh-key-v1\0") } else { is_der(&bytes) })
}

/// One DER SEQUENCE (X.690) that fills the bytes and holds something.
fn is_der(bytes: &[u8]) -> bool {
    let (header, length) = match bytes {
        [0x30, length @ 0..=0x7f, ..] => (2, usize::from(*length)),
        [0x30, 0x81, length, ..] => (3, usize::from(*length)),
        [0x30, 0x82, high, low, ..] => (4, usize::from(u16::from_be_bytes([*high, *low]))),
        _ => return false,
    };
    length >= 16 && bytes.len() == header + length
}

fn base32(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (mut buffer, mut bits) = (0_u32, 0);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'2'..=b'7' => byte - b'2' + 26,
            _ => return None,
        };
        buffer = (buffer << 5) | u32::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push((buffer >> bits) as u8);
            buffer &= (1 << bits) - 1;
        }
    }
    Some(out)
}

/// Ids since 2019 carry their account number in bits 1 to 40 of the body; older ones begin with `I` or `J` and do not.
fn aws_key_id(secret: &str) -> bool {
    let Some(body) = secret.get(4..) else { return false };
    let Some(bytes) = base32(body).filter(|bytes| bytes.len() >= 6) else { return false };
    let number = bytes[..6].iter().fold(0_u64, |sum, &byte| (sum << 8) | u64::from(byte));
    body.starts_with(['I', 'J']) || (number & 0x7fff_ffff_ff80) >> 7 < 1_000_000_000_000
}

fn luhn(secret: &str) -> bool {
    let digits: Vec<u32> = secret.chars().filter_map(|c| c.to_digit(10)).collect();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| match place % 2 {
            0 => digit,
            _ if digit > 4 => digit * 2 - 9,
            _ => digit * 2,
        })
        .sum();
    digits.len() > 1 && sum.is_multiple_of(10)
}

fn base64_json(secret: &str) -> bool {
    let body = secret.split('_').find(|part| part.starts_with("ey")).unwrap_or("");
    let bytes = STANDARD.decode(body).or_else(|_| URL_SAFE.decode(body));
    bytes.is_ok_and(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).is_ok_and(|json| json.is_object()))
}

/// What is left of a Bech32 text, in whatever case.
fn residue(secret: &str) -> Option<u32> {
    let text = secret.to_ascii_lowercase();
    let (prefix, data) = text.rsplit_once('1')?;
    let value = |byte| bech32::ALPHABET.iter().position(|&known| known == byte).map(|value| value as u8);
    let values = data.bytes().map(value).collect::<Option<Vec<_>>>()?;
    Some(bech32::residue(prefix, values.into_iter()))
}

fn nkey(secret: &str) -> bool {
    let Some(bytes) = base32(secret) else { return false };
    let Some((body, check)) = bytes.split_last_chunk::<2>() else { return false };
    let crc = body.iter().fold(0_u16, |crc, &byte| {
        (0..8)
            .fold(crc ^ (u16::from(byte) << 8), |crc, _| if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 })
    });
    u16::from_le_bytes(*check) == crc
}

/// Only tokens with dots are routable; the classic form has nothing to check.
fn gitlab(secret: &str) -> Verdict {
    let Some((body, check)) = secret.len().checked_sub(7).and_then(|at| secret.split_at_checked(at)) else {
        return Verdict::Refuted;
    };
    if !secret.contains('.') {
        return Verdict::Plausible;
    }
    proved(u64::from_str_radix(check, 36).is_ok_and(|value| value == u64::from(crc32(body.as_bytes()))))
}

fn slack(secret: &str) -> bool {
    let parts: Vec<&str> = secret.split('-').collect();
    let digits = |part: &str| part.len() >= 8 && part.bytes().all(|byte| byte.is_ascii_digit());
    match parts.as_slice() {
        ["xoxb", team, rest @ ..] => digits(team) && !rest.is_empty(),
        ["xoxp" | "xoxa" | "xoxr" | "xoxs", numbers @ .., last] => {
            last.len() >= 10 && numbers.iter().all(|part| digits(part) || part.len() <= 2)
        }
        _ => secret.len() >= 20,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_crc(prefix: &str, body: &str) -> String {
        let mut rest = crc32(body.as_bytes());
        let mut check = Vec::new();
        for _ in 0..6 {
            check.insert(0, BASE62[(rest % 62) as usize]);
            rest /= 62;
        }
        format!("{prefix}{body}{}", String::from_utf8(check).unwrap())
    }

    #[test]
    fn github_and_npm() {
        let good = with_crc("ghp_", "abcdefghijABCDEFGHIJ0123456789");
        assert_eq!(Checksum::Crc32Base62.verify(&good), Verdict::Proved);
        let bad = format!("{}0", &good[..good.len() - 1]);
        assert!(bad == good || Checksum::Crc32Base62.verify(&bad) == Verdict::Refuted);
        assert_eq!(Checksum::Crc32Base62.verify("ghp_short"), Verdict::Refuted);
    }

    #[test]
    fn keys_must_parse() {
        let der = [vec![0x30, 0x20], vec![1; 32]].concat();
        let body = STANDARD.encode(&der);
        let block = |body: &str| format!("-----BEGIN {}-----\n{body}\n-----END {}-----", "PRIVATE KEY", "PRIVATE KEY");
        assert_eq!(Checksum::Pem.verify(&block(&body)), Verdict::Proved);
        assert_eq!(Checksum::Pem.verify(&block(&body).replace('\n', "\\n")), Verdict::Proved);
        assert_eq!(Checksum::Pem.verify(&block("MIIE...")), Verdict::Refuted);
        assert_eq!(Checksum::Pem.verify(&block(&STANDARD.encode(&der[..20]))), Verdict::Refuted);
    }

    #[test]
    fn bech32_of_bip_173() {
        assert_eq!(Checksum::Bech32.verify("A12UEL5L"), Verdict::Proved);
        assert_eq!(Checksum::Bech32.verify("A12UEL5M"), Verdict::Refuted);
        assert_eq!(Checksum::Bech32.verify("no separator"), Verdict::Refuted);
        // Of BIP 350, and no Bech32.
        assert_eq!(Checksum::Bech32m.verify("A1LQFN3A"), Verdict::Proved);
        assert_eq!(Checksum::Bech32.verify("A1LQFN3A"), Verdict::Refuted);
    }

    #[test]
    fn luhn_of_a_known_number() {
        assert!(luhn("4111111111111111"));
        assert!(!luhn("4111111111111112"));
    }

    #[test]
    fn aws_ids() {
        assert!(aws_key_id(concat!("AKIA", "QYLPMN5HCT4OVGSK")));
        assert!(!aws_key_id("AKIA0000000000000000"));
    }

    #[test]
    fn nkeys() {
        let mut bytes = vec![0x92, 0xa8];
        bytes.extend([7; 32]);
        let crc = bytes.iter().fold(0_u16, |crc, &byte| {
            (0..8).fold(crc ^ (u16::from(byte) << 8), |c, _| if c & 0x8000 == 0 { c << 1 } else { (c << 1) ^ 0x1021 })
        });
        bytes.extend(crc.to_le_bytes());
        let mut text = String::new();
        let (mut buffer, mut bits) = (0_u32, 0);
        for byte in bytes {
            buffer = (buffer << 8) | u32::from(byte);
            bits += 8;
            while bits >= 5 {
                bits -= 5;
                text.push(char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[(buffer >> bits) as usize & 31]));
            }
        }
        text.push(char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[(buffer << (5 - bits)) as usize & 31]));
        assert!(nkey(&text));
        assert!(!nkey(&text.replace('A', "B")));
    }
}
