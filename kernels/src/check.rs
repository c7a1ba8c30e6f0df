//! How a result is checked: done again, bit by bit, or by Freivalds' method in a small part of the time.

/// The prime 2^61 − 1.
const PRIME: u64 = (1 << 61) - 1;

/// The first byte in which two results differ, if they do: what a checker that did the work again says.
pub fn first_difference(a: &[u8], b: &[u8]) -> Option<usize> {
    let differing = a.iter().zip(b).position(|(a, b)| a != b);
    differing.or_else(|| (a.len() != b.len()).then_some(a.len().min(b.len())))
}

/// Numbers below the prime, drawn from a challenge.
fn draws(challenge: &[u8; 32], count: usize) -> Vec<u64> {
    let mut reader = blake3::Hasher::new_derive_key("plasma freivalds v1").update(challenge).finalize_xof();
    let mut draw = || {
        loop {
            let mut bytes = [0; 8];
            reader.fill(&mut bytes);
            // 61 bits; the one value that is the prime itself is drawn again.
            let value = u64::from_le_bytes(bytes) >> 3;
            if value < PRIME {
                return value;
            }
        }
    };
    (0..count).map(|_| draw()).collect()
}

/// M·x modulo the prime, for a row-major M.
fn times<E: Copy + Into<i128>>(matrix: &[E], x: &[u64], rows: usize) -> Vec<u64> {
    let row = |i: usize| {
        let row = &matrix[i * x.len()..][..x.len()];
        // Below 2^31 · 2^61 · 2^32 in size.
        let sum: i128 = row.iter().zip(x).map(|(&e, &x)| e.into() * i128::from(x)).sum();
        sum.rem_euclid(i128::from(PRIME)) as u64
    };
    (0..rows).map(row).collect()
}

/// Whether C = A·B for i8 A (m × k), B (k × n) and i32 C (m × n), with a random vector: A·(B·r) = C·r modulo 2^61 − 1 (Freivalds,
/// "Probabilistic Machines Can Use Less Running Time", IFIP 1977; Motwani and Raghavan, "Randomized Algorithms", theorem 7.2).
///
/// A right product always passes. A wrong one passes with probability at most 1 / (2^61 − 1) over challenges that were unknown
/// when it was made: an entry is off by less than 2^33, hence not by a multiple of the prime. That needs exact sums, so k ≤
/// [`MAX_I8_DEPTH`](crate::MAX_I8_DEPTH). Lengths that do not fit the sizes do not pass.
pub fn freivalds([m, n, k]: [u32; 3], a: &[i8], b: &[i8], c: &[i32], challenge: &[u8; 32]) -> bool {
    let area = |x: u32, y: u32| u64::from(x) * u64::from(y);
    let fits = a.len() as u64 == area(m, k) && b.len() as u64 == area(k, n) && c.len() as u64 == area(m, n);
    if !fits || k > crate::MAX_I8_DEPTH {
        return false;
    }
    let r = draws(challenge, n as usize);
    let right = times(c, &r, m as usize);
    times(a, &times(b, &r, k as usize), m as usize) == right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_below_the_prime_and_differ() {
        let drawn = draws(&[7; 32], 1000);
        assert!(drawn.iter().all(|&x| x < PRIME));
        let mut unique = drawn.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), drawn.len());
        assert_ne!(drawn, draws(&[8; 32], 1000));
    }

    #[test]
    fn differences_are_found_at_the_end_too() {
        assert_eq!(first_difference(b"abc", b"abc"), None);
        assert_eq!(first_difference(b"abc", b"abd"), Some(2));
        assert_eq!(first_difference(b"abc", b"ab"), Some(2));
    }
}
