//! `halving`: Bitcoin's subsidy, halved every so many blocks.

use super::{Memory, Minted, Seen, ticks};
use crate::formula::emission::halving::by_time;
use crate::params::Params;

/// The subsidies of the blocks from one height up to another.
pub fn total(from: u64, to: u64, first: u64, interval: u64) -> u128 {
    let (mut height, mut sum) = (from, 0u128);
    while height < to {
        let amount = by_time(first, interval, height);
        if amount == 0 {
            break;
        }
        let until = to.min((height / interval + 1).saturating_mul(interval));
        sum += u128::from(amount) * u128::from(until - height);
        height = until;
    }
    sum
}

/// The subsidies of the blocks that begin in the span, a block every `emission.tick`.
pub fn mint(params: &Params, seen: &Seen, memory: Memory) -> Minted {
    let (from, to) = (ticks(params, seen.from), ticks(params, seen.to));
    (total(from, to, params.emission_subsidy(), params.emission_interval()), memory)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COIN: u64 = 100_000_000;

    /// All subsidies there will ever be: Bitcoin Core, src/test/validation_tests.cpp, `subsidy_limit_test`; ord, `Sat::SUPPLY`.
    #[test]
    fn bitcoins_limit() {
        assert_eq!(total(0, u64::MAX, 50 * COIN, 210_000), 2_099_999_997_690_000);
    }

    #[test]
    fn cuts_do_not_matter() {
        let whole = total(5, 7_000, 1_000, 600);
        assert_eq!(total(5, 1_234, 1_000, 600) + total(1_234, 7_000, 1_000, 600), whole);
        assert_eq!(total(0, 10, 1_000, 0), 0);
    }
}
