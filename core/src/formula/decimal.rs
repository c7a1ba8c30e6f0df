//! Numbers with eighteen decimal places, rounded as Cosmos rounds them (`cosmossdk.io/math`, `LegacyDec`): products and quotients to
//! the nearest, halves to the even one.

use ruint::aliases::U256;

/// 1, as parts of 10^-18.
pub const UNIT: i128 = 1_000_000_000_000_000_000;

/// A number, in parts of 10^-18.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decimal(pub i128);

/// ⌊n ÷ 10^18⌉, halves to the even one.
fn chop(n: U256) -> Option<u128> {
    let unit = U256::from(UNIT.unsigned_abs());
    let (quotient, rest) = n.div_rem(unit);
    let half = unit >> 1usize;
    let up = rest > half || (rest == half && quotient.bit(0));
    u128::try_from(if up { quotient + U256::from(1u8) } else { quotient }).ok()
}

fn signed(size: u128, negative: bool) -> Option<Decimal> {
    let size = i128::try_from(size).ok()?;
    Some(Decimal(if negative { -size } else { size }))
}

impl Decimal {
    /// A share in parts per billion.
    pub const fn share(parts: u64) -> Self {
        Self(parts as i128 * 1_000_000_000)
    }

    /// A whole number; `None` beyond 1.7 · 10^20.
    pub fn whole(number: u128) -> Option<Self> {
        i128::try_from(number).ok()?.checked_mul(UNIT).map(Self)
    }

    /// The product; `None` when it is too large.
    pub fn times(self, other: Self) -> Option<Self> {
        let product = U256::from(self.0.unsigned_abs()).checked_mul(U256::from(other.0.unsigned_abs()))?;
        signed(chop(product)?, (self.0 < 0) != (other.0 < 0))
    }

    /// The quotient; `None` when it is too large, or the divisor zero.
    pub fn over(self, other: Self) -> Option<Self> {
        let unit = U256::from(UNIT.unsigned_abs());
        let scaled = U256::from(self.0.unsigned_abs()).checked_mul(unit)?.checked_mul(unit)?;
        let quotient = scaled.checked_div(U256::from(other.0.unsigned_abs()))?;
        signed(chop(quotient)?, (self.0 < 0) != (other.0 < 0))
    }

    /// The sum; `None` when it is too large.
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference; `None` when it is too large.
    pub fn less(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The whole part of a number that is not negative; zero of one that is.
    pub fn floor(self) -> u128 {
        u128::try_from(self.0 / UNIT).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_to_the_even_neighbour() {
        let tiny = |parts| Decimal(parts);
        let half = Decimal(UNIT / 2);
        assert_eq!([1, 3, 5, -1, -3].map(|n| tiny(n).times(half).unwrap().0), [0, 2, 2, 0, -2]);
        assert_eq!(Decimal::whole(1).unwrap().over(Decimal::whole(3).unwrap()).unwrap().0, 333_333_333_333_333_333);
        assert_eq!(Decimal(1).over(Decimal(0)), None);
        assert_eq!(Decimal(i128::MAX).times(Decimal(i128::MAX)), None);
    }
}
