//! Arithmetic by the definitions.

const ONE: u128 = 1_000_000_000;

/// ⌊value · ratio⌋, the ratio in parts per billion.
pub fn share(value: u128, ratio: u64) -> u128 {
    value * u128::from(ratio) / ONE
}

/// ⌊a · b ÷ c⌋ when the product may exceed 128 bits: long division of the product's 64-bit digits, bit by bit.
pub fn mul_div(a: u128, b: u128, c: u128) -> u128 {
    let low = |x: u128| x & u128::from(u64::MAX);
    let digits = [low(a) * low(b), low(a) * (b >> 64), (a >> 64) * low(b), (a >> 64) * (b >> 64)];
    let first = low(digits[0]);
    let carry = (digits[0] >> 64) + low(digits[1]) + low(digits[2]);
    let high = digits[3] + (digits[1] >> 64) + (digits[2] >> 64) + (carry >> 64);
    let words = [high, low(carry) << 64 | first];
    let (mut quotient, mut rest) = (0u128, 0u128);
    for word in words {
        for bit in (0..128).rev() {
            rest = rest * 2 + (word >> bit & 1);
            quotient = (quotient & (u128::MAX >> 1)) * 2;
            if rest >= c {
                rest -= c;
                quotient += 1;
            }
        }
    }
    quotient
}

/// Parts of `total` in proportion to weights: rounded down, then one unit each to the largest remainders, first come first.
pub fn largest_remainder(total: u64, weights: &[u64]) -> Vec<u64> {
    let sum: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
    let exact = |weight: u64| u128::from(total) * u128::from(weight);
    let mut parts: Vec<u64> = weights.iter().map(|&weight| (exact(weight) / sum) as u64).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(exact(weights[i]) % sum), i));
    let left = total - parts.iter().sum::<u64>();
    for &i in &order[..left as usize] {
        parts[i] += 1;
    }
    parts
}
