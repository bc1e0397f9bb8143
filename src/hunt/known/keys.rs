//! The random keys of a run.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The first sixteen bytes of an HMAC-SHA-256.
pub(super) type Digest = [u8; 16];

/// The random keys of a run: what is kept of a value says nothing in another.
pub(super) struct Keys {
    pub(super) digest: Hmac<Sha256>,
    /// SipHash. Tags only choose what is digested, and there are too many for a digest each.
    pub(super) tags: RandomState,
    /// The base of sums, which nobody can find two texts of one sum for without knowing it.
    pub(super) base: u64,
    /// Spreads anchors over the bitmap. Odd.
    pub(super) spread: u64,
}

impl Keys {
    pub(super) fn random() -> Self {
        // The standard library asks the system for these 128 bits, which is as much as a digest has. They are spread
        // over the keys that are needed, and no other use of them leaves this process.
        let source = RandomState::new();
        let mut key = Zeroizing::new([0; 64]);
        for (index, part) in key.as_chunks_mut().0.iter_mut().enumerate() {
            *part = source.hash_one(("key", index)).to_le_bytes();
        }
        Self {
            digest: Hmac::new(&(*key).into()),
            base: (1 << 60) | source.hash_one("base") >> 5,
            spread: source.hash_one("spread") | 1,
            tags: source,
        }
    }

    pub(super) fn digest(&self, text: &str) -> Digest {
        let mut mac = self.digest.clone();
        mac.update(text.as_bytes());
        let mut digest = Digest::default();
        digest.copy_from_slice(&mac.finalize().into_bytes()[..16]);
        digest
    }

    pub(super) fn tag_of_whole(&self, text: &str) -> u32 {
        self.tags.hash_one(("whole", text)) as u32
    }

    pub(super) fn tag_of_anchor(&self, anchor: u64) -> u32 {
        self.tags.hash_one((1_u8, anchor)) as u32
    }

    /// A sum can be solved for a short text by who knows the base, so it is not kept itself.
    pub(super) fn tag_of_sum(&self, sum: u64) -> u64 {
        self.tags.hash_one((2_u8, sum))
    }

    /// Where an anchor's bit is, in a bitmap of 2^32; a smaller one takes the upper bits.
    pub(super) fn mark(&self, anchor: u64) -> u32 {
        (anchor.wrapping_mul(self.spread) >> 32) as u32
    }
}
