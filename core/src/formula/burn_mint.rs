//! Burn and mint, in its three real forms: Render burns every payment and mints a schedule, Helium mints again what was burned up to
//! a cap, Akash keeps a vault whose burnt tokens are credits to be minted again.

use super::decimal::Decimal;
use crate::money::{ONE, XPL, mul_div_floor};

/// Render: the scheduled mint of an epoch, shared by work: ⌊mint · work ÷ total⌋ (RNP-001). Nothing where nobody worked.
pub fn burn_schedule(mint: u128, work: u128, total: u128) -> u128 {
    mul_div_floor(mint, work, total).unwrap_or(0)
}

/// Render: the price at which supply stands still, in micro-USD per XPL: what is burned in dollars buys what is minted. `None` when
/// nothing is minted.
pub fn stationary_price(burned_micro_usd: u128, minted_nano: u128) -> Option<u128> {
    mul_div_floor(burned_micro_usd, XPL.into(), minted_nano)
}

/// Helium: what an epoch issues: scheduled + min(burned, cap) (HIP 20, net emissions; helium-program-library, `helium-sub-daos`,
/// `calculate_utility_score_v0`).
pub fn net_emission(scheduled: u128, burned: u128, cap: u128) -> u128 {
    scheduled.saturating_add(burned.min(cap))
}

/// Akash: what `amount` of a token at `price` comes to in another at `other_price`, truncated; the rate is rounded to eighteen
/// places first, as the original does (akash-network/node, `x/bme/keeper/keeper.go`, `prepareToBM`). `None` when a price is zero,
/// the result is too large, or it is less than one unit.
pub fn converted(amount: u128, price: Decimal, other_price: Decimal) -> Option<u128> {
    let rate = price.over(other_price).filter(|rate| rate.0 > 0)?;
    let units = Decimal::whole(amount)?.times(rate)?.floor();
    (units > 0).then_some(units)
}

/// Akash: how much of what is wanted is minted again from credits, and how much is minted anew.
pub fn reminted(wanted: u128, credits: u128) -> (u128, u128) {
    let again = wanted.min(credits);
    (again, wanted - again)
}

/// Akash: value of the vault over the dollars it owes, in parts per billion: vault · price ÷ owed, rounded down. `None` when nothing
/// is owed.
pub fn collateral_ratio(vault_nano: u128, price_micro_usd: u64, owed_micro_usd: u128) -> Option<u128> {
    let value = mul_div_floor(vault_nano, price_micro_usd.into(), XPL.into())?;
    mul_div_floor(value, ONE.into(), owed_micro_usd)
}

/// Most steps between two mints that the brake imposes.
const MOST_STEPS: u128 = 14_400;

/// Akash: steps to wait between two mints. At the warning ratio and above, `least`; below, `rate` more, in parts per billion, for each
/// whole thousandth that is missing, and at most 14,400 (`calculateBlocksDiff`, where the rate is in percent). Ratios are in
/// ten-thousandths.
pub fn braked(least: u64, rate: u64, warn: u64, ratio: u64) -> u64 {
    let steps = warn.saturating_sub(ratio) / 10;
    let least_whole = Decimal::whole(least.into());
    let (Some(mut wait), Some(most)) = (least_whole, Decimal::whole(MOST_STEPS)) else { return least };
    let Some(factor) = Decimal::whole(1).and_then(|one| one.plus(Decimal::share(rate))) else {
        return least;
    };
    for _ in 0..steps.min(100_000) {
        match wait.times(factor) {
            Some(next) if next <= most && next > wait => wait = next,
            Some(next) if next <= most => break,
            _ => return MOST_STEPS as u64,
        }
    }
    u64::try_from(wait.floor()).unwrap_or(least)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::decimal::UNIT;
    use proptest::prelude::*;

    /// akash-network/node, `x/bme/keeper/execute_burn_mint_test.go`: AKT at $3.00, ACT at $1.00.
    #[test]
    fn conversions_are_those_of_akashs_test() {
        let (act, akt) = (Decimal(UNIT), Decimal(3 * UNIT));
        let minted = [1, 3, 4, 1_000_000].map(|burned| converted(burned, act, akt));
        assert_eq!(minted, [None, None, Some(1), Some(333_333)]);
        assert_eq!((converted(1, act, Decimal(0)), converted(1, Decimal(0), akt)), (None, None));
    }

    /// akash-network/node, `x/bme/keeper/keeper_test.go`, `TestCalculateBlocksDiff_*`.
    #[test]
    fn the_brake_is_that_of_akashs_test() {
        const PERCENT: u64 = ONE / 100;
        let ten_percent = [
            (10_000, 10),
            (9_500, 10),
            (9_495, 10),
            (9_491, 10),
            (9_490, 11),
            (9_480, 12),
            (9_450, 16),
            (9_400, 25),
            (9_300, 67),
            (9_200, 174),
            (9_100, 452),
            (9_000, 1_173),
            (8_900, 3_044),
            (0, 14_400),
        ];
        for (ratio, steps) in ten_percent {
            assert_eq!(braked(10, 10 * PERCENT, 9_500, ratio), steps, "at {ratio}");
        }
        let doubled = [(9_500, 10), (9_490, 20), (9_480, 40), (9_450, 320), (9_400, 10_240), (9_390, 14_400), (9_000, 14_400)];
        for (ratio, steps) in doubled {
            assert_eq!(braked(10, ONE, 9_500, ratio), steps, "at {ratio}");
        }
        assert_eq!([9_490, 9_400, 9_000].map(|ratio| braked(10, PERCENT, 9_500, ratio)), [10, 11, 16]);
        assert_eq!(braked(10, ONE / 2, 9_500, 9_300), 14_400);
        assert_eq!((braked(10, 0, 9_500, 9_000), braked(10, ONE, 10_000, 0)), (10, 14_400));
    }

    /// RNP-001, "Implementation": of whom "2% of RNDR burned during an epoch were in the name" receives "2% of newly minted RNDR
    /// allocated" for it. Render's announcement of 20 December 2023, "Emissions are live": 43 758 RENDER in an epoch of seven days,
    /// and a tenth of a job of 100 euros is 10 euros of the epoch's. Beyond percentages nothing was published to the unit.
    #[test]
    fn renders_shares_are_those_of_its_examples() {
        assert_eq!(burn_schedule(100_000_000, 2, 100), 2_000_000);
        assert_eq!(burn_schedule(43_758 * 100, 10, 100), 437_580);
        assert_eq!(burn_schedule(43_758, 1, 0), 0);
    }

    /// HIP 20, "Net Emissions": 10 HNT burned in an epoch of 3,424 are 3,434, and what is burned beyond the cap of 34.24 is not minted
    /// again. helium-program-library, `tests/helium-sub-daos.ts`, `EPOCH_REWARDS_PLUS_NET_EMISSIONS`: 100 000 000 bones and ⌊6 ÷ 7 ·
    /// 300⌋ of what was burned, under the same cap in bones. It has no case beyond the cap.
    #[test]
    fn heliums_epochs_are_those_of_its_proposal_and_test() {
        let hnt = 100_000_000;
        let cap = 3_424 * hnt / 100;
        assert_eq!(net_emission(3_424 * hnt, 10 * hnt, cap), 3_434 * hnt);
        assert_eq!([cap, 35 * hnt].map(|burned| net_emission(3_424 * hnt, burned, cap)), [345_824 * hnt / 100; 2]);
        assert_eq!(net_emission(100_000_000, 300 * 6 / 7, cap), 100_000_257);
    }

    #[test]
    fn supply_stands_still_where_what_is_burned_buys_what_is_minted() {
        // $500,000 burned against 5 M XPL minted: at 10 cents, 5 M XPL are burned too.
        let (burned_usd, minted) = (500_000_000_000u128, 5_000_000 * u128::from(XPL));
        let price = stationary_price(burned_usd, minted).unwrap();
        assert_eq!(price, 100_000);
        assert_eq!(burned_usd * u128::from(XPL) / price, minted);
        assert_eq!(stationary_price(1, 0), None);
    }

    #[test]
    fn net_emission_is_capped_and_credits_come_first() {
        assert_eq!([0, 5, 10, 15].map(|burned| net_emission(100, burned, 10)), [100, 105, 110, 110]);
        assert_eq!([reminted(7, 10), reminted(10, 7), reminted(0, 0)], [(7, 0), (7, 3), (0, 0)]);
        assert_eq!(collateral_ratio(100 * u128::from(XPL), 50_000, 10_000_000), Some(500_000_000));
        assert_eq!(collateral_ratio(1, 1, 0), None);
    }

    proptest! {
        #[test]
        fn shares_of_a_mint_never_exceed_it(mint: u64, work in prop::collection::vec(0..1u64 << 40, 1..20)) {
            let total: u128 = work.iter().map(|&w| u128::from(w)).sum();
            let shared: u128 = work.iter().map(|&w| burn_schedule(mint.into(), w.into(), total)).sum();
            prop_assert!(shared <= mint.into());
            prop_assert!(total == 0 || u128::from(mint) - shared < work.len() as u128);
        }
    }
}
