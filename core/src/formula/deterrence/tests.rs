//! Deterrence against the textbook, against figures worked out in exact fractions, and against a second arithmetic.

use super::*;
use proptest::prelude::*;
use ruint::Uint;

const PERCENT: u64 = ONE / 100;

/// One checker, whose word is final and who does not err.
fn alone(checked: u64, power: u64, colluding: u64) -> Chance {
    Detection { checked, power, colluding, ..Detection::default() }.caught().unwrap()
}

/// D = 0.9 R, p = 5 %, d = 1, r = 20 %: S must exceed 21.5 R.
#[test]
fn the_textbook_case_needs_twenty_one_and_a_half_times_the_pay() {
    let caught = alone(5 * PERCENT, ONE, 20 * PERCENT);
    let (earned, saved) = (1_000_000u64, 900_000);
    assert_eq!(least_stake(&caught, saved, earned), Some(21_500_001));
    let at = |slashed| margin(&caught, &Stakes { saved, earned, slashed });
    assert_eq!((at(21_500_000), at(21_500_000 - 25), at(21_500_025)), (0, -1, 1));
}

/// A tenth of 20 XPL at 10 cents is 20 cents, against 10 cents saved.
#[test]
fn a_fall_of_the_price_makes_cheating_pay() {
    let stakes = Stakes { saved: XPL, earned: XPL, slashed: 19 * XPL };
    assert_eq!(margins_usd(&alone(10 * PERCENT, ONE, 0), &stakes, 100_000), Some([100_000, 0, -80_000]));
}

/// A million XPL at a tenth of 9 micro-dollars are 900 000, and of 123 457 are 12 345 700 000; one XPL saved is 9, and 123 457.
#[test]
fn a_price_that_does_not_divide_is_not_rounded_before_it_is_multiplied() {
    let stakes = Stakes { saved: XPL, earned: 0, slashed: 1_000_000 * XPL };
    let at = |price| margin_usd(&alone(ONE, ONE, 0), &stakes, price, ONE / 10);
    assert_eq!([at(9), at(123_457)], [Some(899_991), Some(12_345_576_543)]);
    // Two thirds of a micro-dollar either way are none.
    let least = |saved, slashed| margin_usd(&alone(ONE, ONE, 0), &Stakes { saved, earned: 0, slashed }, 1, ONE).unwrap();
    assert_eq!([least(666_666_667, 0), least(0, 666_666_667), least(1_000_000_001, 0)], [0, 0, -1]);
    let most = Stakes { saved: 0, earned: u64::MAX, slashed: u64::MAX };
    assert_eq!(margin_usd(&alone(ONE, ONE, 0), &most, u64::MAX, u64::MAX), None);
}

#[test]
fn who_is_never_caught_is_not_deterred() {
    let never = alone(ONE, ONE, ONE);
    assert_eq!(least_stake(&never, 1, 0), None);
    assert_eq!(margin(&never, &Stakes { saved: 5, earned: u64::MAX, slashed: u64::MAX }), -5);
    let errs = Detection { checked: ONE, error: PERCENT, ..Detection::default() };
    assert_eq!(errs.misjudged().map(|chance| chance.of(100)), Some(1));
}

/// A panel of three finds what one checker of whom a fifth colludes finds with 0.896, and errs at 1 % in 2.98 of 10 000 cases.
#[test]
fn a_panel_thins_detection_and_errors() {
    let colludes = Detection { checked: ONE, power: ONE, colluding: 20 * PERCENT, ..Detection::default() };
    let through = |panel, error| Detection { panel, error, ..colludes };
    let billionths = |chance: Option<Chance>| chance.map(|chance| chance.in_billionths());
    assert_eq!(billionths(through(3, 0).caught()), Some(716_800_000));
    assert_eq!(through(0, PERCENT).caught(), colludes.caught());
    let misjudged = [0, 3].map(|panel| billionths(through(panel, PERCENT).misjudged()));
    assert_eq!(misjudged, [Some(PERCENT), Some(2_980)]);
    assert_eq!(through(3, PERCENT).overruled().map(|chance| chance.of(1_000_000)), Some(9_997));
    assert_eq!(through(16, 0).caught().or(through(16, 0).misjudged()).or(through(16, 0).overruled()), None);
}

/// Figures of a calculation in unbounded fractions (Python's `fractions`): 5 % are checked, a fifth colludes, one in a thousand
/// errs.
#[test]
fn a_scheme_is_exact_to_its_last_digit() {
    let scheme = |power, panel| Detection { checked: 5 * PERCENT, power, colluding: 20 * PERCENT, panel, error: ONE / 1_000 };
    let (saved, earned) = (9 * XPL / 10, XPL);
    let margins = |detection: Detection, slashed, price| {
        margins_usd(&detection.caught().unwrap(), &Stakes { saved, earned, slashed }, price)
    };
    assert_eq!(margins(scheme(ONE, 3), 26 * XPL, 100_000), Some([6_684, -41_657, -80_331]));
    assert_eq!(margins(scheme(99 * PERCENT, 3), 24 * XPL, 100_000), Some([-1_372, -45_686, -81_137]));
    assert_eq!(margins(scheme(99 * PERCENT, 15), 24 * XPL, 123_457), Some([10_579, -50_266, -98_942]));
    let least = |detection: Detection| least_stake(&detection.caught().unwrap(), saved, earned).unwrap();
    assert_eq!(
        [least(scheme(ONE, 3)), least(scheme(99 * PERCENT, 3)), least(scheme(99 * PERCENT, 15))],
        [24_133_182_156, 24_387_052_683, 21_826_601_977]
    );
    let lost = |panel| scheme(ONE, panel).misjudged().unwrap().of(18 * u128::from(ONE) * u128::from(XPL));
    assert_eq!([lost(3), lost(5)], [2_698_200_000, 8_986_505]);
}

#[test]
fn a_freivalds_check_errs_by_halves() {
    assert_eq!(
        [0, 1, 2, 10, 29, 30, 64].map(freivalds_power),
        [0, 500_000_000, 750_000_000, 999_023_437, 999_999_998, 999_999_999, 999_999_999]
    );
}

/// A tenth is planted: copying earns nine tenths of 100 and loses a tenth of 400; executing earns 100 and a tenth of 50.
#[test]
fn copying_pays_until_enough_is_planted() {
    let planting = Planting { rate: 10 * PERCENT, exposed: ONE, reward: 100, bonus: 50, slash: 400 };
    assert_eq!((planting.lazy(), planting.honest(), planting.margin(40)), (50, 105, 15));
    // 40 of 550.
    assert_eq!(planting.least_rate(40), Some(72_727_273));
    assert_eq!([72_727_272, 72_727_273].map(|rate| Planting { rate, ..planting }.margin(40)), [-1, 0]);
    assert_eq!(Planting { exposed: 0, bonus: 0, ..planting }.least_rate(1), None);
    assert_eq!((planting.copied(10, 1), planting.copied(10, 10)), (500, -4_000));
}

/// A fraction in numbers of another width than the code's, which nothing here fills.
#[derive(Clone, Copy)]
struct Exact(Uint<2048, 32>, Uint<2048, 32>);

type Digits = Uint<2048, 32>;

impl Exact {
    fn new(parts: impl Into<u128>, of: impl Into<u128>) -> Self {
        Self(Digits::from(parts.into()), Digits::from(of.into()))
    }

    fn times(self, other: Self) -> Self {
        Self(self.0.checked_mul(other.0).unwrap(), self.1.checked_mul(other.1).unwrap())
    }

    fn missing(self) -> Self {
        Self(self.1 - self.0, self.1)
    }

    /// Whether a whole number is what this rounds down to.
    fn rounds_down_to(self, whole: u128) -> bool {
        let low = Digits::from(whole).checked_mul(self.1).unwrap();
        low <= self.0 && self.0 < low + self.1
    }
}

/// That more than half of them do it, by counting how many do after each that has voted: no binomial is in it.
fn counted(each: Exact, seats: usize) -> Exact {
    if seats == 0 {
        return Exact::new(1u8, 1u8);
    }
    let Exact(does, of) = each;
    let mut ways = vec![Digits::ONE];
    for _ in 0..seats {
        let mut next = vec![Digits::ZERO; ways.len() + 1];
        for (n, &way) in ways.iter().enumerate() {
            next[n] += way.checked_mul(of - does).unwrap();
            next[n + 1] += way.checked_mul(does).unwrap();
        }
        ways = next;
    }
    let more_than_half = ways.iter().skip(seats / 2 + 1).fold(Digits::ZERO, |sum, &way| sum + way);
    Exact(more_than_half, (0..seats).fold(Digits::ONE, |product, _| product.checked_mul(of).unwrap()))
}

/// Probabilities of every kind: the ends and what lies near them as often as the rest.
fn probability() -> impl Strategy<Value = u64> {
    prop_oneof![0..=ONE, 0..1_000u64, (0..1_000u64).prop_map(|less| ONE - less), Just(0), Just(ONE)]
}

fn amount() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0..64u32).prop_map(|(amount, bits)| amount >> bits)
}

proptest! {
    #[test]
    fn what_comes_out_is_the_exact_fraction_rounded_once(
        [checked, power, colluding, error] in prop::array::uniform4(probability()), panel in 0..=15u32,
        [saved, earned, slashed, price] in prop::array::uniform4(amount()), share in prop_oneof![0..=ONE, any::<u64>()],
    ) {
        let detection = Detection { checked, power, colluding, panel, error };
        let of_one = |parts: u64| Exact::new(parts, ONE);
        let honest = of_one(colluding).missing();
        let upheld = counted(honest.times(of_one(error).missing()), panel as usize);
        let found = of_one(checked).times(of_one(power)).times(honest).times(upheld);
        let caught = detection.caught().unwrap();
        prop_assert!(found.times(Exact::new(ONE, 1u8)).rounds_down_to(caught.in_billionths().into()));

        let stakes = Stakes { saved, earned, slashed };
        let loss = found.times(Exact::new(stakes.at_risk(), 1u8));
        prop_assert!(loss.rounds_down_to((margin(&caught, &stakes) + i128::from(saved)) as u128));

        // In micro-dollars, over ONE · XPL · of: what is lost, and what is saved.
        let lost = loss.0 * Digits::from(price) * Digits::from(share);
        let kept = loss.1 * Digits::from(saved) * Digits::from(price) * Digits::from(ONE);
        let unit = loss.1 * Digits::from(ONE) * Digits::from(XPL);
        match margin_usd(&caught, &stakes, price, share) {
            Some(margin) if margin >= 0 && lost >= kept => prop_assert!(Exact(lost - kept, unit).rounds_down_to(margin as u128)),
            Some(margin) if margin <= 0 && lost < kept => {
                prop_assert!(Exact(kept - lost, unit).rounds_down_to(margin.unsigned_abs()));
            }
            Some(margin) => prop_assert!(false, "{margin} has the wrong sign"),
            None => prop_assert!(lost.max(kept) - lost.min(kept) >= unit * Digits::from(i128::MAX as u128)),
        }

        let errs = counted(of_one(error), panel as usize);
        let accused = of_one(checked).times(of_one(error));
        let at_risk = stakes.at_risk();
        let share_of = |chance: Exact| chance.times(Exact::new(at_risk, 1u8));
        prop_assert!(share_of(accused.times(errs)).rounds_down_to(detection.misjudged().unwrap().of(at_risk)));
        prop_assert!(share_of(accused.times(errs.missing())).rounds_down_to(detection.overruled().unwrap().of(at_risk)));

        if let Some(least) = least_stake(&caught, saved, earned) {
            // The first at which a cheat loses more on average than it saves, if by less than one nano-XPL.
            let loses = |stake: u128| {
                let at_risk = Digits::from(stake) + Digits::from(earned);
                found.0 * at_risk > found.1 * Digits::from(saved)
            };
            prop_assert!(loses(least) && (least == 0 || !loses(least - 1)));
        }
    }

    #[test]
    fn a_mean_over_leases_is_exact(
        cases in prop::collection::vec((0..1u64 << 60, [probability(), probability()], 0..=15u32), 1..6), amount in amount(),
    ) {
        let of = |&(_, [checked, error], panel): &(u64, [u64; 2], u32)| {
            Detection { checked, power: ONE, panel, error, ..Detection::default() }
        };
        let chances = cases.iter().map(|case| (case.0, of(case).caught().unwrap()));
        let all: u64 = cases.iter().map(|case| case.0).sum();
        let Some(mean) = Chance::mean(chances) else {
            prop_assert_eq!(all, 0);
            return Ok(());
        };
        // Each taken by itself is rounded by less than one.
        let parts = cases.iter().map(|case| of(case).caught().unwrap().of(u128::from(amount) * u128::from(case.0)));
        let (low, found) = (parts.sum::<u128>() / u128::from(all), mean.of(amount.into()));
        prop_assert!((low..=low + 1).contains(&found), "{} {}", low, found);
    }
}
