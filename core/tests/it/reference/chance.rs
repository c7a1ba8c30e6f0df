//! Draws from the beacon, by the layout of their messages.

use super::Reference;
use plasma_core::ids::JobId;

fn first_word(key: &[u8; 32], message: &[u8]) -> u64 {
    word(&blake3::keyed_hash(key, message).as_bytes()[..8])
}

fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
}

/// SipHash-c-d of whole words, from the paper (Aumasson & Bernstein 2012, section 2): c rounds for each word, d at the end.
fn sip_hash(key: [u64; 2], words: &[u64], c: usize, d: usize) -> u64 {
    let [k0, k1] = key;
    let mut v = [k0 ^ 0x736f_6d65_7073_6575, k1 ^ 0x646f_7261_6e64_6f6d, k0 ^ 0x6c79_6765_6e65_7261, k1 ^ 0x7465_6462_7974_6573];
    let length = (8 * words.len() as u64) << 56;
    for &word in words.iter().chain([&length]) {
        v[3] ^= word;
        (0..c).for_each(|_| sip_round(&mut v));
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    (0..d).for_each(|_| sip_round(&mut v));
    v[0] ^ v[1] ^ v[2] ^ v[3]
}

fn sip_round(v: &mut [u64; 4]) {
    v[0] = v[0].wrapping_add(v[1]);
    v[2] = v[2].wrapping_add(v[3]);
    v[1] = v[1].rotate_left(13) ^ v[0];
    v[3] = v[3].rotate_left(16) ^ v[2];
    v[0] = v[0].rotate_left(32);
    v[2] = v[2].wrapping_add(v[1]);
    v[0] = v[0].wrapping_add(v[3]);
    v[1] = v[1].rotate_left(17) ^ v[2];
    v[3] = v[3].rotate_left(21) ^ v[0];
    v[2] = v[2].rotate_left(32);
}

#[test]
fn sip_hash_gives_the_published_vectors() {
    // SipHash-2-4, key 00 01 … 0f: the reference implementation's vectors for the first 0, 8 and 16 bytes 00 01 ….
    let key = [0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908];
    assert_eq!(sip_hash(key, &[], 2, 4), 0x726f_db47_dd0e_0e31);
    assert_eq!(sip_hash(key, &key[..1], 2, 4), 0x93f5_f579_9a93_2462);
    assert_eq!(sip_hash(key, &key, 2, 4), 0x3f2a_cc7f_57c2_9bdb);
}

impl Reference {
    /// SipHash-1-3 keyed by the first half of the last beacon, over subject, attempt and purpose.
    pub fn chance(&self, purpose: u32, subject: u64, attempt: u32) -> u64 {
        let key = [word(&self.beacon[..8]), word(&self.beacon[8..16])];
        sip_hash(key, &[subject, u64::from(purpose) << 32 | u64::from(attempt)], 1, 3)
    }

    /// BLAKE3 keyed by the epoch's beacon over eight zeros and the job.
    pub fn tie_of_job(&self, job: JobId) -> u64 {
        first_word(&self.tie_beacon, &[[0; 8], job.0.to_le_bytes()].concat())
    }

    /// BLAKE3 keyed by the epoch's beacon over class and offer.
    pub fn tie(&self, offer: usize) -> u64 {
        let class = self.offers[offer].class as u8;
        let message = [[class, 0, 0, 0], (offer as u32).to_le_bytes()].concat();
        first_word(&self.tie_beacon, &message)
    }
}

/// BLAKE3 of domain, provider, offer, price and salt.
pub fn sealed(provider: usize, offer: usize, price: u64, salt: &[u8; 32]) -> [u8; 32] {
    let (provider, offer) = ((provider as u32).to_le_bytes(), (offer as u32).to_le_bytes());
    let message = [b"xpl/v1/sealed\0\0\0".as_slice(), &provider, &offer, &price.to_le_bytes(), salt].concat();
    *blake3::hash(&message).as_bytes()
}

/// BLAKE3 of domain, lease, juror, root and salt.
pub fn sealed_root(lease: u64, juror: usize, root: &[u8; 32], salt: &[u8; 32]) -> [u8; 32] {
    let domain = b"xpl/v1/verdict\0\0".as_slice();
    let message = [domain, &lease.to_le_bytes(), &(juror as u32).to_le_bytes(), root, salt].concat();
    *blake3::hash(&message).as_bytes()
}

/// BLAKE3 of domain, lease and root: what is committed to in place of a root.
pub fn decoy(lease: u64, root: &[u8; 32]) -> [u8; 32] {
    *blake3::hash(&[b"xpl/v1/decoy\0\0\0\0".as_slice(), &lease.to_le_bytes(), root].concat()).as_bytes()
}

/// The first word of BLAKE3 of domain, lease and root: whether a root calls for its decoy.
pub fn ticket(lease: u64, root: &[u8; 32]) -> u64 {
    word(&blake3::hash(&[b"xpl/v1/ticket\0\0\0".as_slice(), &lease.to_le_bytes(), root].concat()).as_bytes()[..8])
}

/// BLAKE3 of domain, lease, provider and root.
pub fn commitment(lease: u64, provider: usize, root: &[u8; 32]) -> [u8; 32] {
    let domain = b"xpl/v1/commit\0\0\0".as_slice();
    let message = [domain, &lease.to_le_bytes(), &(provider as u32).to_le_bytes(), root].concat();
    *blake3::hash(&message).as_bytes()
}
