//! The alphabet and checksum of Bech32 (BIP 173) and Bech32m (BIP 350).

/// The thirty-two characters, in lower case and in the order of their values.
pub(crate) const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// What is left of a right Bech32 text.
pub(crate) const BECH32: u32 = 1;
/// What is left of a right Bech32m text.
pub(crate) const BECH32M: u32 = 0x2bc8_30a3;

/// What is left of a prefix in lower case and the values behind the separator, those of the checksum included.
pub(crate) fn residue(prefix: &str, values: impl Iterator<Item = u8>) -> u32 {
    const GENERATORS: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let high = prefix.bytes().map(|byte| byte >> 5);
    let low = prefix.bytes().map(|byte| byte & 31);
    high.chain([0]).chain(low).chain(values).fold(1_u32, |residue, value| {
        let top = residue >> 25;
        let shifted = ((residue & 0x01ff_ffff) << 5) ^ u32::from(value);
        let chosen = GENERATORS.iter().enumerate().filter(|(bit, _)| top >> bit & 1 == 1);
        chosen.fold(shifted, |sum, (_, generator)| sum ^ generator)
    })
}
