//! Durations as Go writes them: `3s`, `1m30s`, `0.5h`.

/// Whether a text is a duration, and if so whether it is longer than nothing.
pub(super) fn is_positive(text: &str) -> Option<bool> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(false);
    }
    let mut total: u64 = 0;
    while {
        let (nanoseconds, after) = part(rest)?;
        total = total.checked_add(nanoseconds).filter(|total| *total <= 1 << 63)?;
        rest = after;
        !rest.is_empty()
    } {}
    // One more nanosecond fits below zero than above.
    (negative || total < 1 << 63).then_some(!negative && total > 0)
}

/// A number and its unit, in nanoseconds, and what follows.
fn part(text: &str) -> Option<(u64, &str)> {
    let (whole, after) = digits(text);
    let (fraction, rest) = after.strip_prefix('.').map_or(("", after), digits);
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let end = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(end);
    let unit: u64 = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    };
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let whole = whole.checked_mul(unit).filter(|product| *product <= 1 << 63)?;
    // Digits beyond nanoseconds of an hour make no difference.
    let fraction: f64 = if fraction.is_empty() { 0.0 } else { format!("0.{fraction}").parse().ok()? };
    let nanoseconds = whole.checked_add((fraction * unit as f64) as u64).filter(|sum| *sum <= 1 << 63)?;
    Some((nanoseconds, rest))
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_go() {
        for (text, expected) in [
            ("3s", Some(true)),
            ("1m30s", Some(true)),
            (".5h", Some(true)),
            ("1.5h", Some(true)),
            ("10µs", Some(true)),
            ("+1ns", Some(true)),
            ("0", Some(false)),
            ("-0", Some(false)),
            ("0s", Some(false)),
            ("0.1ns", Some(false)),
            ("-3s", Some(false)),
            ("", None),
            ("3", None),
            ("s", None),
            (".s", None),
            ("3 s", None),
            ("1d", None),
            ("9999999999h", None),
            ("9223372036854775807ns", Some(true)),
            ("9223372036854775808ns", None),
            ("-9223372036854775808ns", Some(false)),
        ] {
            assert_eq!(is_positive(text), expected, "{text}");
        }
    }
}
