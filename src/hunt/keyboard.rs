//! Values typed along the rows and columns of a keyboard: `asdfghjklqwertyuiop`. They have the shape of a name, but
//! nobody calls a thing so.

/// Least length of a value: shorter ones stand in for a value that nobody has chosen yet.
const LEAST: usize = 12;
/// Least number of keys along one line. Two neighbours are in every other word.
const LEAST_ALONG: usize = 3;
/// Least number of different keys: `asdfasdfasdf` says that something is missing.
const LEAST_KEYS: usize = 8;

/// Rows, and columns from the upper left to the lower right, of the common layouts.
const LINES: [&str; 19] = [
    "1234567890",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "qsdfghjklm",
    "zxcvbnm",
    "yxcvbnm",
    "wxcvbn",
    "1qaz",
    "2wsx",
    "3edc",
    "4rfv",
    "5tgb",
    "6yhn",
    "7ujm",
    "8ik",
    "9ol",
    "0p",
];

/// Whether a value is nothing but walks along a keyboard.
#[must_use]
pub(super) fn is_walked(value: &str) -> bool {
    if value.len() < LEAST || !value.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return false;
    }
    let keys = value.to_ascii_lowercase();
    let letters = keys.bytes().filter(u8::is_ascii_lowercase);
    let distinct = letters.collect::<std::collections::BTreeSet<u8>>().len();
    distinct >= LEAST_KEYS && walks(keys.as_bytes())
}

/// Whether keys can be cut into walks, each as long as it goes.
fn walks(mut keys: &[u8]) -> bool {
    while !keys.is_empty() {
        let along = LINES.iter().map(|line| along(line.as_bytes(), keys)).max().unwrap_or(0);
        if along < LEAST_ALONG {
            return false;
        }
        keys = &keys[along..];
    }
    true
}

/// How many of the first keys follow one another on a line, in one direction.
fn along(line: &[u8], keys: &[u8]) -> usize {
    let Some(start) = line.iter().position(|key| *key == keys[0]) else { return 0 };
    let common = |line: &mut dyn Iterator<Item = &u8>| line.zip(keys).take_while(|(a, b)| a == b).count();
    common(&mut line[start..].iter()).max(common(&mut line[..=start].iter().rev()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_columns_and_both_directions() {
        for value in [
            "zxcvbnmasdfghjklqwertyuiop",
            "poiuytrewqlkjhgfdsa",
            "1qaz2wsx3edc4rfv",
            "QWERTYuiopASDF",
            "qwertzuiopasdfghj",
        ] {
            assert!(is_walked(value), "{value}");
        }
    }

    #[test]
    fn words_alphabets_and_stand_ins() {
        for value in [
            "qwerty",
            "property-writer",
            "propertywriters",
            "abcdefghijklmnop",
            "asdfasdfasdfasdf",
            "123456789012",
            "weredfgvbnhtyu",
            "qwertyuiop-session",
            "",
            "ключключключ",
        ] {
            assert!(!is_walked(value), "{value}");
        }
    }
}
