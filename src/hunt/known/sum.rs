//! Sums of bytes as polynomials modulo the Mersenne prime 2^61-1 (Karp and Rabin 1987): the sum of a part follows from
//! those of two beginnings.

const PRIME: u64 = (1 << 61) - 1;

fn reduced(wide: u128) -> u64 {
    let folded = (wide as u64 & PRIME) + (wide >> 61) as u64;
    if folded >= PRIME { folded - PRIME } else { folded }
}

pub(super) fn times(a: u64, b: u64) -> u64 {
    reduced(u128::from(a) * u128::from(b))
}

pub(super) fn minus(a: u64, b: u64) -> u64 {
    if a >= b { a - b } else { a + PRIME - b }
}

/// The sum of a text with one byte more.
pub(super) fn then(sum: u64, base: u64, byte: u8) -> u64 {
    reduced(u128::from(sum) * u128::from(base) + u128::from(byte) + 1)
}

pub(super) fn of(base: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |sum, &byte| then(sum, base, byte))
}
