//! Schedules that halve: Bitcoin's by time, Bittensor's by supply.

/// What is issued in the period of this number (Bitcoin: a block): initial ÷ 2^⌊number ÷ interval⌋, rounded down, and nothing after
/// 64 halvings (Bitcoin Core, `validation.cpp`, `GetBlockSubsidy`). Nothing either for an interval of zero.
pub fn by_time(initial: u64, interval: u64, number: u64) -> u64 {
    match number.checked_div(interval) {
        Some(halvings) if halvings < 64 => initial >> halvings,
        _ => 0,
    }
}

/// What is issued in a period when so much has been issued before: initial ÷ 2^⌊log₂(cap ÷ (cap − issued))⌋, rounded down, and
/// nothing once the cap is reached (subtensor, `pallets/subtensor/src/coinbase/block_emission.rs`,
/// `get_block_emission_for_issuance`).
///
/// The original computes the logarithm in binary fixed point; its floor is the largest h with issued ≥ cap · (1 − 2^−h), which
/// integers decide exactly: cap − issued ≤ cap ÷ 2^h.
pub fn by_supply(initial: u64, cap: u128, issued: u128) -> u64 {
    let Some(left) = cap.checked_sub(issued).filter(|&left| left > 0) else { return 0 };
    let mut halvings = 0u32;
    // left · 2^h ≤ cap, without overflow: left ≤ ⌊cap ÷ 2^h⌋.
    while halvings < 64 && left <= cap >> (halvings + 1) {
        halvings += 1;
    }
    if halvings < 64 { initial >> halvings } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const COIN: u64 = 100_000_000;

    /// Bitcoin Core, `src/test/validation_tests.cpp`, `subsidy_limit_test`: a step of 1,000 blocks, each subsidy at most 50 coins,
    /// 20,999,999.9769 coins in all.
    #[test]
    fn bitcoin_issues_what_its_own_test_says() {
        let mut sum = 0u64;
        for height in (0..14_000_000).step_by(1000) {
            let subsidy = by_time(50 * COIN, 210_000, height);
            assert!(subsidy <= 50 * COIN);
            sum += subsidy * 1000;
        }
        assert_eq!(sum, 2_099_999_997_690_000);
    }

    /// Bitcoin Core, the same file, `block_subsidy_test`: halvings at intervals of 210,000, 150 and 1,000.
    #[test]
    fn bitcoin_halves_at_every_interval_and_ends_after_64() {
        for interval in [210_000, 150, 1_000] {
            let mut previous = 100 * COIN;
            for halvings in 0..64 {
                let subsidy = by_time(50 * COIN, interval, halvings * interval);
                assert_eq!(subsidy, previous / 2);
                previous = subsidy;
            }
            assert_eq!(by_time(50 * COIN, interval, 64 * interval), 0);
        }
        assert_eq!(by_time(50 * COIN, 0, 1), 0);
    }

    const TAO_CAP: u128 = 21_000_000_000_000_000;

    /// subtensor, `pallets/subtensor/src/tests/root.rs`, `test_halving`.
    #[test]
    fn bittensor_halves_where_its_own_test_says() {
        let expected = [
            (0, 1_000_000_000),
            (1_776_000, 1_000_000_000),
            (1_776_000_000, 1_000_000_000),
            (1_776_000_000_000, 1_000_000_000),
            (10_500_000_000_000_000, 500_000_000),
            (10_999_999_000_000_000, 500_000_000),
            (11_000_000_000_000_000, 500_000_000),
            (12_000_999_000_000_000, 500_000_000),
            (15_749_999_000_000_000, 500_000_000),
            (15_800_000_000_000_000, 250_000_000),
            (16_400_999_000_000_000, 250_000_000),
            (16_499_999_000_000_000, 250_000_000),
            (17_624_999_000_000_000, 250_000_000),
            (18_400_000_000_000_000, 125_000_000),
            (19_312_500_000_000_000, 125_000_000),
            (19_700_000_000_000_000, 62_500_000),
            (19_906_249_000_000_000, 62_500_000),
            (20_400_000_000_000_000, 31_250_000),
            (20_500_000_000_000_000, 31_250_000),
            (20_700_000_000_000_000, 15_625_000),
            (20_800_000_000_000_000, 15_625_000),
            (20_900_000_000_000_000, 7_812_500),
            (20_917_970_000_000_000, 3_906_250),
            (20_958_985_000_000_000, 1_953_125),
            (20_979_493_000_000_000, 976_562),
            (20_989_747_000_000_000, 488_281),
            (20_994_874_000_000_000, 244_140),
            (20_997_437_000_000_000, 122_070),
            (20_998_719_000_000_000, 61_035),
            (20_999_360_000_000_000, 30_517),
            (20_999_680_000_000_000, 15_258),
            (20_999_840_000_000_000, 7_629),
            (20_999_920_000_000_000, 3_814),
            (20_999_960_000_000_000, 1_907),
            (20_999_980_000_000_000, 953),
            (20_999_990_000_000_000, 476),
            (20_999_990_500_000_000, 476),
            (20_999_995_000_000_000, 238),
            (20_999_998_000_000_000, 119),
            (20_999_999_000_000_000, 59),
            (21_000_000_000_000_000, 0),
            (21_100_000_000_000_000, 0),
            (u128::from(u64::MAX), 0),
        ];
        for (issued, emission) in expected {
            assert_eq!(by_supply(1_000_000_000, TAO_CAP, issued), emission, "at {issued}");
        }
    }

    /// The same file, `test_issuance_bounds`: a hundred halvings of 10,500,000 blocks come to 20,999,999.9895 TAO.
    #[test]
    fn bittensor_converges_where_its_own_test_says() {
        let total = (0..100).fold(0u128, |total, _| total + u128::from(by_supply(1_000_000_000, TAO_CAP, total)) * 10_500_000);
        assert_eq!(total, 20_999_999_989_500_000);
    }

    proptest! {
        #[test]
        fn emission_never_rises_with_supply(cap in 1u128.., a: u128, b: u128, initial: u64) {
            let (less, more) = (a.min(b), a.max(b));
            prop_assert!(by_supply(initial, cap, less) >= by_supply(initial, cap, more));
        }
    }
}
