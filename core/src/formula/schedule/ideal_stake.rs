//! `ideal_stake`: Polkadot's nominated proof of stake, whose inflation peaks at an ideal stake.

use super::{Memory, Minted, Seen};
use crate::formula::emission::bonded::{ideal_stake, ideal_stake_inflation};
use crate::money::mul_div_floor;
use crate::params::Params;

/// One, in parts per quintillion.
const ONE: u64 = 1_000_000_000_000_000_000;

/// Supply · inflation · span ÷ year: `emission.floor` without stake, `emission.rate` at `emission.goal`, falling beyond it.
pub fn mint(params: &Params, seen: &Seen, memory: Memory) -> Minted {
    let fine = |ppb: u64| ppb.saturating_mul(ONE / crate::money::ONE);
    let stake = mul_div_floor(seen.staked, ONE.into(), seen.supply).map_or(0, |part| u64::try_from(part).unwrap_or(ONE).min(ONE));
    let curve = ideal_stake(stake, fine(params.emission_goal()), fine(params.emission_falloff())).unwrap_or(0);
    let rate = ideal_stake_inflation(fine(params.emission_floor()), fine(params.emission_rate()), curve);
    (seen.share_of_year(mul_div_floor(seen.supply, rate.into(), ONE.into()).unwrap_or(u128::MAX)), memory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::YEAR;

    /// Polkadot's relay chain as it was: 2.5 % to 10 %, half at stake aimed at, falloff 5 %. By hand, and 2^−½ = 0.707 106 781 186 547 5
    /// (OEIS A010503) half a falloff beyond the ideal.
    #[test]
    fn a_year_is_that_of_polkadot() {
        let mut params = Params::default();
        let set = [("floor", 25_000_000), ("rate", 100_000_000), ("goal", 500_000_000), ("falloff", 50_000_000)];
        set.into_iter().for_each(|(key, value)| params.set(&format!("emission.{key}"), value).expect("legal"));
        let supply = 1_000_000_000_000_000_000;
        let minted = |staked| mint(&params, &Seen { to: YEAR, supply, staked, ..Seen::default() }, Memory::default()).0;
        let percent = supply / 100;
        assert_eq!([0, 25, 50, 55].map(|share| minted(share * percent) * 1_000 / supply), [25, 62, 100, 62]);
        let expected = 25_000_000_000_000_000 + 75_000_000_000_000_000 * 7_071_067_811_865_475 / 10_000_000_000_000_000;
        assert!(minted(525 * percent / 10).abs_diff(expected) < 1_000, "{}", minted(525 * percent / 10));
    }
}
