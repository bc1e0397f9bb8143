//! Shannon entropy: how evenly a value uses its characters.

/// Bits per byte of the value's own distribution: 0 for one repeated character, at most log2 of its length.
#[must_use]
pub fn shannon(value: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in value.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let length = value.len().max(1) as f64;
    counts
        .iter()
        .filter(|&&count| count > 0)
        .map(|&count| {
            let share = f64::from(count) / length;
            -share * share.log2()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_of_known_texts() {
        assert!(shannon("") == 0.0 && shannon("aaaa") == 0.0);
        assert!((shannon("ab") - 1.0).abs() < 1e-9);
        assert!((shannon("0123456789abcdef") - 4.0).abs() < 1e-9);
    }
}
