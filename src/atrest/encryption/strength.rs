//! Whether a key could be guessed.

use super::key::Material;
use super::published::published_by;

/// Why a key is weak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weakness {
    /// It stands in a documentation.
    Published(&'static str),
    /// It repeats itself, counts, or has few different bytes.
    Pattern,
    /// It is a text that somebody typed.
    Typed,
    /// It is a text that may have been drawn at random: not all bits of it count.
    Text,
}

/// Looks at a key as somebody would who wants to guess it.
pub(super) fn weakness(material: &Material) -> Option<Weakness> {
    let bytes = material.bytes();
    if let Some(whose) = published_by(material) {
        return Some(Weakness::Published(whose));
    }
    if bytes.is_empty() || has_pattern(bytes) {
        return Some(Weakness::Pattern);
    }
    // Of 16 random bytes one set in ten million is all text.
    let printable = |b: &u8| matches!(b, b' '..=b'~' | b'\n' | b'\r' | b'\t');
    if !bytes.iter().all(printable) {
        return None;
    }
    Some(if is_drawn(bytes) { Weakness::Text } else { Weakness::Typed })
}

/// A step that is always the same, a part that comes again, or few different bytes.
fn has_pattern(bytes: &[u8]) -> bool {
    let length = bytes.len();
    let repeats = (1..=length / 2).any(|period| bytes[period..] == bytes[..length - period]);
    let mut steps = [0_u32; 256];
    bytes.windows(2).for_each(|pair| steps[usize::from(pair[1].wrapping_sub(pair[0]))] += 1);
    let counts = steps.iter().any(|&same| same as usize * 4 > length * 3);
    let mut seen = [false; 256];
    bytes.iter().for_each(|&b| seen[usize::from(b)] = true);
    let different = seen.iter().filter(|seen| **seen).count();
    repeats || counts || different * 3 < length
}

/// Whether a text looks drawn by lot: hexadecimal digits, or letters of both cases among digits, and no words.
fn is_drawn(bytes: &[u8]) -> bool {
    let count = |is: fn(&u8) -> bool| bytes.iter().filter(|b| is(b)).count();
    let digits = count(u8::is_ascii_digit);
    let hexadecimal = count(u8::is_ascii_hexdigit) == bytes.len();
    // Letters of words stand together; in a lot every third or so is a digit, or changes case.
    let turns = bytes.windows(2).filter(|pair| kind(pair[0]) != kind(pair[1])).count();
    let mixed = count(u8::is_ascii_lowercase) > 0 && count(u8::is_ascii_uppercase) > 0;
    digits > 0 && (hexadecimal || mixed) && turns * 3 > bytes.len()
}

fn kind(b: u8) -> u8 {
    match b {
        b'0'..=b'9' => 0,
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn of(bytes: &[u8]) -> Option<Weakness> {
        weakness(&Material::read(&STANDARD.encode(bytes)).unwrap())
    }

    #[test]
    fn random_keys_are_fine() {
        // A small generator: these are the same in every run.
        let mut state = 7_u64;
        for length in [16, 24, 32] {
            for _ in 0..2000 {
                let key: Vec<u8> = (0..length)
                    .map(|_| {
                        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                        (state >> 56) as u8
                    })
                    .collect();
                assert_eq!(of(&key), None, "{key:?}");
            }
        }
    }

    #[test]
    fn what_people_type_is_not() {
        assert_eq!(of(b"my-very-secret-encryption-key-32"), Some(Weakness::Typed));
        assert_eq!(of(b"passwordpassword"), Some(Weakness::Pattern));
        assert_eq!(of(b"0123456789abcdef"), Some(Weakness::Pattern));
        assert_eq!(of(&[0; 32]), Some(Weakness::Pattern));
        assert_eq!(of(b"9f1c07be24d85a36e0b7c3f2418d6a95"), Some(Weakness::Text));
        assert_eq!(of(b"q7Xk2LmV9sTz4RwYb6NcH1pJdE8uGf3A"), Some(Weakness::Text));
        let counting: Vec<u8> = (0..32).collect();
        assert_eq!(of(&counting), Some(Weakness::Pattern));
    }
}
