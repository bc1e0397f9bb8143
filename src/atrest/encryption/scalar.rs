//! What a scalar is to the API server: it reads YAML as version 1.1 has it, and turns it into JSON first.
//!
//! So `name: 1` is a number and no name, `name: on` is a boolean, and a field of the type string takes neither.

use crate::manifest::{Kind, Node};

/// A scalar as JSON has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::atrest) enum Scalar<'t> {
    Null,
    Bool,
    /// A number, with its value if it is whole.
    Number(Option<i64>),
    Text(&'t str),
    /// Something that has no form in JSON, or that the parsers do not agree on; the reason.
    Unreadable(&'static str),
}

impl<'t> Scalar<'t> {
    /// What a node is; none when it is no scalar. `json` says how the document is read.
    pub(in crate::atrest) fn of(node: Node<'t>, json: bool) -> Option<Self> {
        let node = node.resolve();
        let text = node.as_str()?;
        if node.kind() != Kind::Plain {
            return Some(Self::Text(text));
        }
        // An alias of nothing is an empty scalar to our parser, and an error to theirs.
        if text.is_empty() && node.source()[node.range()].starts_with('*') {
            return Some(Self::Unreadable("an alias of nothing"));
        }
        if json {
            return Some(in_json(text));
        }
        match tag(node) {
            None => Some(in_yaml(text)),
            Some("!!str") => Some(Self::Text(text)),
            Some(_) => Some(Self::Unreadable("a tag that is not followed")),
        }
    }
}

/// The tag before a node on its line. A tree does not keep tags.
fn tag(node: Node<'_>) -> Option<&str> {
    let before = &node.source()[..node.range().start];
    let line = before.rsplit('\n').next().unwrap_or(before);
    let mut words = line.split_whitespace().rev().filter(|word| !word.starts_with('&'));
    words.next().filter(|word| word.starts_with('!'))
}

fn in_json(text: &str) -> Scalar<'_> {
    match text {
        "null" => Scalar::Null,
        "true" | "false" => Scalar::Bool,
        // Go reads no fraction into a whole number here, not even `.0`.
        number => Scalar::Number(number.parse().ok()),
    }
}

/// The types of YAML 1.1, as far as Go's parser has them.
fn in_yaml(text: &str) -> Scalar<'_> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "n" | "N" | "no" | "No" | "NO" | "true" | "True" | "TRUE" | "false"
        | "False" | "FALSE" | "on" | "On" | "ON" | "off" | "Off" | "OFF" => Scalar::Bool,
        ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf"
        | "-.INF" => Scalar::Unreadable("a number that JSON does not have"),
        _ => match text.as_bytes().first() {
            Some(b'.') => float(text).unwrap_or(Scalar::Text(text)),
            Some(b'0'..=b'9' | b'+' | b'-') => number(text).unwrap_or(Scalar::Text(text)),
            _ => Scalar::Text(text),
        },
    }
}

/// A number; dates are text.
fn number(text: &str) -> Option<Scalar<'static>> {
    let plain = text.replace('_', "");
    let (negative, digits) = match plain.as_bytes().first()? {
        b'-' => (true, &plain[1..]),
        b'+' => (false, &plain[1..]),
        _ => (false, plain.as_str()),
    };
    if let Some(size) = whole(digits) {
        let value = i64::try_from(size).ok().map(|size| if negative { -size } else { size });
        // Below the range of 64 bits it is read as a float.
        return Some(Scalar::Number(value));
    }
    float(&plain)
}

/// Digits in the base that their beginning says, as Go does with base 0.
fn whole(digits: &str) -> Option<u64> {
    let lower = digits.to_ascii_lowercase();
    let (digits, radix) = match lower.as_bytes() {
        [b'0', b'x', ..] => (&lower[2..], 16),
        [b'0', b'o', ..] => (&lower[2..], 8),
        [b'0', b'b', ..] => (&lower[2..], 2),
        [b'0', _, ..] => (&lower[1..], 8),
        _ => (lower.as_str(), 10),
    };
    // A second sign is none that Rust should take.
    if !digits.starts_with(|c: char| c.is_ascii_hexdigit()) {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}

/// A decimal number with a fraction or an exponent.
fn float(text: &str) -> Option<Scalar<'static>> {
    let shape = |text: &str| {
        let text = text.strip_prefix(['+', '-']).unwrap_or(text);
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        digits(before)
            && digits(after)
            && !(before.is_empty() && after.is_empty())
            && !exponent.is_empty()
            && digits(exponent)
    };
    if !shape(text) {
        return None;
    }
    let value: f64 = text.parse().ok().filter(|value: &f64| value.is_finite())?;
    // JSON writes it without a fraction where it has none; beyond that it has an exponent, and is no whole number.
    let whole = (value.fract() == 0.0 && value.abs() < 9e15).then_some(value as i64);
    Some(Scalar::Number(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_is_that_of_version_1_1() {
        for (text, expected) in [
            ("key1", Scalar::Text("key1")),
            ("", Scalar::Null),
            ("~", Scalar::Null),
            ("on", Scalar::Bool),
            ("y", Scalar::Bool),
            ("1", Scalar::Number(Some(1))),
            ("-1", Scalar::Number(Some(-1))),
            ("1_000", Scalar::Number(Some(1000))),
            ("0x10", Scalar::Number(Some(16))),
            ("017", Scalar::Number(Some(15))),
            ("08", Scalar::Number(Some(8))),
            ("1e3", Scalar::Number(Some(1000))),
            ("1.5", Scalar::Number(None)),
            ("1.", Scalar::Number(Some(1))),
            (".5", Scalar::Number(None)),
            ("2024-02-01", Scalar::Text("2024-02-01")),
            ("3s", Scalar::Text("3s")),
            ("0xzz", Scalar::Text("0xzz")),
            ("--1", Scalar::Text("--1")),
            ("-", Scalar::Text("-")),
            ("1.2.3", Scalar::Text("1.2.3")),
            ("10:20", Scalar::Text("10:20")),
        ] {
            assert_eq!(in_yaml(text), expected, "{text}");
        }
    }

    #[test]
    fn json_has_fewer_types() {
        assert_eq!(in_json("1000"), Scalar::Number(Some(1000)));
        assert_eq!(in_json("1000.0"), Scalar::Number(None));
        assert_eq!(in_json("true"), Scalar::Bool);
    }
}
