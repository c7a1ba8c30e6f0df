//! Draws from the beacon, by the layout of their messages.

use super::Reference;

fn first_word(key: &[u8; 32], message: &[u8]) -> u64 {
    let hash = blake3::keyed_hash(key, message);
    hash.as_bytes()[..8].iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
}

impl Reference {
    /// BLAKE3 keyed by the last beacon over purpose, attempt and subject.
    pub fn chance(&self, purpose: u32, subject: u64, attempt: u32) -> u64 {
        let message = [purpose.to_le_bytes().as_slice(), &attempt.to_le_bytes(), &subject.to_le_bytes()].concat();
        first_word(&self.beacon, &message)
    }

    /// BLAKE3 keyed by the epoch's beacon over class and offer.
    pub fn tie(&self, offer: usize) -> u64 {
        let class = self.offers[offer].class as u8;
        let message = [[class, 0, 0, 0], (offer as u32).to_le_bytes()].concat();
        first_word(&self.tie_beacon, &message)
    }
}

/// BLAKE3 of domain, lease, provider and root.
pub fn commitment(lease: u64, provider: usize, root: &[u8; 32]) -> [u8; 32] {
    let domain = b"xpl/v1/commit\0\0\0".as_slice();
    let message = [domain, &lease.to_le_bytes(), &(provider as u32).to_le_bytes(), root].concat();
    *blake3::hash(&message).as_bytes()
}
