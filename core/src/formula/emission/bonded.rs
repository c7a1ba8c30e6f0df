//! Schedules that follow the share of the supply at stake.

use crate::formula::decimal::Decimal;
use crate::money::mul_div_floor;
use ruint::Uint;

/// How Cosmos steers inflation (Cosmos SDK, `x/mint`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoalBonded {
    /// Share of the supply that ought to be at stake.
    pub goal: Decimal,
    /// Largest change of inflation in a year.
    pub change: Decimal,
    /// Highest inflation.
    pub most: Decimal,
    /// Lowest inflation.
    pub least: Decimal,
    /// Steps in a year (Cosmos: blocks).
    pub steps: u64,
}

impl GoalBonded {
    /// Inflation one step later: inflation + (1 − bonded ÷ goal) · change ÷ steps, between least and most (`NextInflationRate`).
    /// `None` when the goal or the number of steps is zero.
    pub fn next(&self, inflation: Decimal, bonded: Decimal) -> Option<Decimal> {
        let distance = Decimal::whole(1)?.less(bonded.over(self.goal)?)?;
        let change = distance.times(self.change)?.over(Decimal::whole(self.steps.into())?)?;
        Some(inflation.plus(change)?.min(self.most).max(self.least))
    }

    /// What a step issues when a year issues so much, rounded down (`BlockProvision`).
    pub fn provision(&self, yearly: Decimal) -> Option<u128> {
        // QuoInt truncates, and so does what follows it.
        Some(u128::try_from(yearly.0).ok()?.checked_div(u128::from(self.steps))? / crate::formula::decimal::UNIT.unsigned_abs())
    }
}

/// Inflation of Livepeer's next round, in the divisor's parts: up by `change` while less than `target` is bonded, down by it (not
/// below zero) while more is (livepeer/protocol, `contracts/token/Minter.sol`, `setInflation`).
pub fn participation(inflation: u64, change: u64, target: u64, bonded: u128, supply: u128, divisor: u64) -> u64 {
    let rate = mul_div_floor(bonded, divisor.into(), supply).unwrap_or(0);
    match rate.cmp(&u128::from(target)) {
        std::cmp::Ordering::Less => inflation.saturating_add(change),
        std::cmp::Ordering::Greater => inflation.saturating_sub(change),
        std::cmp::Ordering::Equal => inflation,
    }
}

type Wide = Uint<512, 8>;

const QUINTILLION: u64 = 1_000_000_000_000_000_000;
/// ln 2 in parts of 10^-18.
const LN2: u64 = 693_147_180_559_945_309;

/// Polkadot's adjustment, in parts of 10^-18: x ÷ ideal below the ideal stake rate, 2^((ideal − x) ÷ falloff) above it
/// (polkadot-sdk, `substrate/frame/staking/reward-fn`, `compute_inflation`, by its own Taylor series). `None` for a falloff under
/// 1 %, which the original refuses too.
pub fn ideal_stake(stake: u64, ideal: u64, falloff: u64) -> Option<u64> {
    if stake < ideal {
        return mul_div_floor(stake.into(), QUINTILLION.into(), ideal.into()).and_then(|part| u64::try_from(part).ok());
    }
    if falloff < QUINTILLION / 100 {
        return None;
    }
    let accuracy = Wide::from(QUINTILLION);
    let ln2_over_falloff = Wide::from(LN2) * accuracy / Wide::from(falloff);
    let beyond = Wide::from(stake - ideal);
    let (mut sum, mut term, mut positive) = (accuracy, accuracy, true);
    for k in 1..300u32 {
        term = term * beyond * ln2_over_falloff / Wide::from(k) / accuracy / accuracy;
        if term == Wide::ZERO {
            break;
        }
        if positive == (k % 2 == 0) {
            sum += term;
        } else if sum >= term {
            sum -= term;
        } else {
            (sum, positive) = (term - sum, !positive);
        }
    }
    u64::try_from(sum).ok().filter(|&sum| positive && sum <= QUINTILLION)
}

/// Polkadot's yearly inflation for stakers, in parts of 10^-18: least + (most − least) · adjustment, rounded down.
pub fn ideal_stake_inflation(least: u64, most: u64, adjustment: u64) -> u64 {
    let range = mul_div_floor(most.saturating_sub(least).into(), adjustment.into(), QUINTILLION.into()).unwrap_or(0);
    least.saturating_add(u64::try_from(range).unwrap_or(u64::MAX))
}

/// Ethereum's base reward: ⌊increment · factor ÷ ⌊√total⌋⌋ for each whole increment of the effective balance (consensus-specs,
/// Altair, `get_base_reward`). `None` when nothing is at stake or the result is too large.
pub fn sqrt_stake(effective: u64, increment: u64, factor: u64, total: u128) -> Option<u128> {
    let increments = u128::from(effective.checked_div(increment)?);
    let each = (u128::from(increment) * u128::from(factor)).checked_div(total.isqrt())?;
    increments.checked_mul(each)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::decimal::UNIT;
    use proptest::prelude::*;

    const COSMOS: GoalBonded = GoalBonded {
        goal: Decimal(67 * UNIT / 100),
        change: Decimal(13 * UNIT / 100),
        most: Decimal(20 * UNIT / 100),
        least: Decimal(7 * UNIT / 100),
        steps: 60 * 60 * 8766 / 5,
    };

    /// Cosmos SDK, `x/mint/types/minter_test.go`, `TestNextInflation`; its three expressions evaluated in its own arithmetic.
    #[test]
    fn cosmos_inflation_moves_as_its_own_test_says() {
        let percent = |n: i128| Decimal(n * UNIT / 100);
        let cases = [
            (percent(0), percent(7), 20_597_257_079),
            (percent(100), percent(20), -10_144_917_666),
            (percent(50), percent(10), 5_226_169_707),
            (percent(100), percent(7), 0),
            (percent(100), Decimal(700_000_001 * UNIT / 10_000_000_000), -UNIT / 10_000_000_000),
            (percent(0), percent(20), 0),
            (percent(0), Decimal(1_999_999_999 * UNIT / 10_000_000_000), UNIT / 10_000_000_000),
            (percent(67), percent(15), 0),
        ];
        for (bonded, inflation, change) in cases {
            let next = COSMOS.next(inflation, bonded).unwrap();
            assert_eq!(next.0 - inflation.0, change, "{bonded:?} {inflation:?}");
        }
        assert_eq!(GoalBonded { goal: Decimal(0), ..COSMOS }.next(percent(7), percent(1)), None);
    }

    /// The same file, `TestBlockProvision`.
    #[test]
    fn cosmos_provisions_are_those_of_its_own_test() {
        let seconds = 60 * 60 * 8766u128;
        for (yearly, expected) in [(seconds / 5, 1), (seconds / 5 + 1, 1), (seconds / 5 * 2, 2), (seconds / 5 / 2, 0)] {
            assert_eq!(COSMOS.provision(Decimal::whole(yearly).unwrap()), Some(expected));
        }
    }

    /// livepeer/protocol, `test/unit/Minter.js`, `setCurrentRewardTokens`.
    #[test]
    fn livepeer_inflation_moves_as_its_own_test_says() {
        const DIVISOR: u64 = 1_000_000;
        const INFLATION: u64 = 26 * DIVISOR / 100;
        const CHANGE: u64 = 2 * DIVISOR / 10_000;
        let next = |bonded, supply, change| participation(INFLATION, change, DIVISOR / 2, bonded, supply, DIVISOR);
        assert_eq!(next(0, 0, CHANGE), INFLATION + CHANGE);
        assert_eq!(next(400, 1000, CHANGE), INFLATION + CHANGE);
        assert_eq!(next(600, 1000, CHANGE), INFLATION - CHANGE);
        assert_eq!(next(600, 1000, INFLATION + 1), 0);
        assert_eq!(next(500, 1000, CHANGE), INFLATION);
    }

    /// polkadot-sdk, `reward-fn/tests/test.rs`, allows an error of 8 parts against the closed form; the closed form is exact where
    /// the distance is a multiple of the falloff.
    #[test]
    fn polkadot_rises_in_a_line_to_its_ideal_and_halves_with_every_falloff_beyond() {
        const PERCENT: u64 = QUINTILLION / 100;
        for stake in 0..50 {
            assert_eq!(ideal_stake(stake * PERCENT, 50 * PERCENT, 5 * PERCENT), Some(stake * 2 * PERCENT));
        }
        for falloff in 1..10u64 {
            for n in 0..(50 / falloff).min(10) {
                let got = ideal_stake((50 + n * falloff) * PERCENT, 50 * PERCENT, falloff * PERCENT).unwrap();
                assert!(got.abs_diff(QUINTILLION >> n) <= 8, "{n} falloffs of {falloff} %: {got}");
            }
        }
        assert_eq!(ideal_stake(60 * PERCENT, 50 * PERCENT, PERCENT - 1), None);
        // 2.5 % to 10 %, as on Polkadot's relay chain.
        assert_eq!(ideal_stake_inflation(25 * PERCENT / 10, 10 * PERCENT, QUINTILLION / 2), 625 * PERCENT / 100);
    }

    /// Fractional places of [`roots_of_half`].
    const PLACES: usize = 200;

    /// 2^−(2^−k) for k from 1, each the square root of the one before, bit by bit.
    fn roots_of_half() -> Vec<Wide> {
        let next = |half: &Wide| {
            let square = *half << PLACES;
            let with_bit = |root: Wide, bit: usize| {
                let more = root | Wide::ONE << bit;
                if more * more <= square { more } else { root }
            };
            Some((0..PLACES).rev().fold(Wide::ZERO, with_bit))
        };
        std::iter::successors(Some(Wide::ONE << (PLACES - 1)), next).skip(1).take(128).collect()
    }

    /// 2^−(beyond ÷ falloff) without a series: whole halvings are a shift, and every binary digit of the rest of the exponent is a
    /// factor.
    fn halved(beyond: u64, falloff: u64, roots: &[Wide]) -> Wide {
        let exponent: Wide = (Wide::from(beyond) << 128) / Wide::from(falloff);
        let digits = (1..=roots.len()).filter(|digit| exponent.bit(128 - digit));
        let left = digits.fold(Wide::ONE << PLACES, |left, digit| (left * roots[digit - 1]) >> PLACES);
        left >> usize::try_from(exponent >> 128).expect("few")
    }

    /// The cases of polkadot-sdk, `reward-fn/tests/test.rs`, `compute_inflation_works` and `test_precision_for_minimum_falloff`, with
    /// its bound on the error: eight quintillionths.
    #[test]
    fn polkadots_curve_is_its_closed_form_between_the_halvings_too() {
        const PERCENT: u64 = QUINTILLION / 100;
        let works = (0..100).flat_map(|stake| (0..10).map(move |ideal| (stake * PERCENT, ideal * 10 * PERCENT)));
        let works = works.flat_map(|(stake, ideal)| (1..10).map(move |falloff| (stake, ideal, falloff * PERCENT)));
        let steepest = (0..1_000).map(|stake| (stake * PERCENT / 10, 0, PERCENT));
        let roots = roots_of_half();
        for (stake, ideal, falloff) in works.chain(steepest) {
            let expected = match stake.checked_sub(ideal) {
                Some(beyond) => {
                    u64::try_from((halved(beyond, falloff, &roots) * Wide::from(QUINTILLION)) >> PLACES).expect("at most one")
                }
                None => (u128::from(stake) * u128::from(QUINTILLION) / u128::from(ideal)) as u64,
            };
            // Where the series has lost all its digits, zero is right to that bound; so it is in the original.
            let got = ideal_stake(stake, ideal, falloff).unwrap_or(0);
            assert!(got.abs_diff(expected) <= 8, "{stake} of {ideal}, falloff {falloff}: {got}, not {expected}");
        }
    }

    /// prysm, `beacon-chain/core/altair/reward_test.go`, `Test_BaseReward` and `Test_BaseRewardWithTotalBalance`: 32 ETH, in Gwei.
    #[test]
    fn ethereum_base_rewards_are_those_of_prysms_test() {
        const ETH: u64 = 1_000_000_000;
        let reward = |total| sqrt_stake(32 * ETH, ETH, 64, total);
        let all = |validators: u64| u128::from(validators * 32 * ETH);
        assert_eq!(reward(all(1)), Some(11_448_672));
        assert_eq!(reward(all(128)), Some(1_011_904));
        assert_eq!(reward(all(2048)), Some(252_960));
        assert_eq!((reward(1), reward(ETH.into())), (Some(2_048_000_000_000), Some(64_765_024)));
        assert_eq!((reward(0), sqrt_stake(1, 0, 1, 1)), (None, None));
    }

    proptest! {
        #[test]
        fn no_share_at_stake_takes_polkadots_adjustment_out_of_bounds(stake in 0..=QUINTILLION, ideal in 0..=QUINTILLION, falloff in QUINTILLION / 100..=QUINTILLION) {
            // Beyond some sixty halvings the series has lost all its digits, and the original gives zero.
            prop_assert!(ideal_stake(stake, ideal, falloff).is_none_or(|adjustment| adjustment <= QUINTILLION));
        }
    }
}
