//! How one cut reaches the own bond, the stake delegated, and the stake that has left since the fault.
//!
//! A fault costs an amount **due**: a rate of the bond behind the GPUs at fault. The own bond pays it. What was staked beside it
//! is cut by the **fraction** that the due is of what stands behind the provider: stake that left after the fault began first,
//! each part by the fraction, then what is still bonded by what remains of the fraction of all. So does Cosmos x/staking's
//! `Slash`, from which two things differ. There the amount is a fraction of the stake at the time of the fault; the stake of that
//! time is not kept here, so it is what is bonded now and what has left since, and stake that came since shares the loss in full.
//! And there stake that leaves is cut by a fraction of what it was at first, here of what it is: who leaves is answerable exactly
//! as who stays.
//!
//! Rewards held back pay before any of that, beside it or in its place; see [`Punishment`].

use crate::money::{ONE, mul_div_floor, share};
use crate::params::slash_stake;

/// A part of a whole, at most all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fraction {
    numerator: u128,
    denominator: u128,
}

impl Fraction {
    /// `due ÷ backing`, no more than one, times `ratio` in parts per billion, no more than one either. Nothing of nothing.
    pub fn of_backing(due: u64, backing: u128, ratio: u64) -> Self {
        if backing == 0 {
            return Self { numerator: 0, denominator: 1 };
        }
        // A backing is a sum of balances, which all together are below 2^80 nano-XPL; a saturated one only lowers the fraction.
        let due = u128::from(due).min(backing);
        Self { numerator: due * u128::from(ratio.min(ONE)), denominator: backing.saturating_mul(ONE.into()) }
    }

    /// Its part of an amount, rounded down.
    pub fn of(self, amount: u128) -> u128 {
        mul_div_floor(amount, self.numerator, self.denominator).unwrap_or(0).min(amount)
    }

    /// [`Fraction::of`] in 64 bits.
    pub fn of_stake(self, stake: u64) -> u64 {
        self.of(stake.into()) as u64
    }
}

/// What a fault costs: `rate` parts per billion of the bond behind the GPUs at fault, rounded down.
pub fn due(behind: u64, rate: u64) -> u64 {
    share(behind, rate.min(ONE))
}

/// What a proven fault takes of rewards held back, and what it still takes of stake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Punishment {
    /// Nano-XPL of what is held back.
    pub seized: u64,
    /// Rate, in parts per billion, of the bond behind the GPUs at fault.
    pub rate: u64,
}

impl Punishment {
    /// Of a fault that costs `rate` of the bond `behind` the GPUs at fault, where `rewards` parts per billion of all that is
    /// `held` back can be seized, rounded down, and `stake` is one of [`slash_stake`]. Where rewards stand in for stake, no more
    /// is seized than is due, and what they fall short of it is due as a rate, rounded down.
    pub fn of(behind: u64, rate: u64, held: u64, rewards: u64, stake: u64) -> Self {
        let seized = share(held, rewards.min(ONE));
        match stake {
            slash_stake::NEVER => Self { seized, rate: 0 },
            slash_stake::SHORTFALL => {
                let due = due(behind, rate);
                let seized = seized.min(due);
                let rest = mul_div_floor((due - seized).into(), ONE.into(), behind.into());
                Self { seized, rate: if seized == 0 { rate } else { rest.map_or(0, |rest| rest as u64) } }
            }
            _ => Self { seized, rate },
        }
    }
}

/// What the own bond pays of what is due: its part of the backing, rounded down, never more than there is. The backing is the
/// bond alone, unless delegated stake counts towards the bond that is required.
pub fn own_cut(due: u64, bond: u128, backing: u128) -> u64 {
    let bounded = |cut: u128| u64::try_from(cut.min(bond)).unwrap_or(u64::MAX);
    if backing <= bond { bounded(due.into()) } else { bounded(mul_div_floor(due.into(), bond, backing).unwrap_or(0)) }
}

/// What bonded stake pays: what remains of the fraction of all that was at stake once what has left since the fault has paid,
/// never more than there is. What rounding spared the parts that left falls here.
pub fn bonded_cut(fraction: Fraction, at_stake: u128, paid_by_left: u128, bonded: u64) -> u64 {
    fraction.of(at_stake).saturating_sub(paid_by_left).min(bonded.into()) as u64
}

/// A cut divided between the fire and who found the fault, whose part of `finder` parts per billion is rounded down.
pub fn divide(cut: u64, finder: u64) -> (u64, u64) {
    let reward = share(cut, finder.min(ONE));
    (cut - reward, reward)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HALF: Fraction = Fraction { numerator: 1, denominator: 2 };
    const WHOLE: Fraction = Fraction { numerator: 1, denominator: 1 };

    /// cosmos-sdk, x/staking/keeper/slash_test.go: TestSlashUnbondingDelegation and TestSlashRedelegation, half of ten.
    #[test]
    fn cosmos_slashes_what_leaves_by_the_fraction() {
        assert_eq!(HALF.of_stake(10), 5);
        assert_eq!(HALF.of(10), 5);
    }

    /// The same file: TestSlashValidatorAtCurrentHeight. Ten are bonded, half is cut.
    #[test]
    fn cosmos_slashes_at_the_current_height() {
        assert_eq!(bonded_cut(HALF, 10, 0, 10), 5);
    }

    /// The same file: TestSlashWithUnbondingDelegation, with its stake at the fault of ten, of which four left, four came since.
    /// There the second to fourth slash cut what left by half of its first balance, which it does not have: two, two, nothing.
    #[test]
    fn cosmos_slashes_what_left_first_and_the_bonded_by_what_remains() {
        let (mut left, mut bonded) = (4, 10);
        for (expected_left, expected_bonded) in [(2, 7), (0, 4), (0, 1), (0, 0)] {
            bonded -= bonded_cut(HALF, 10, HALF.of(4), bonded);
            left -= HALF.of_stake(4).min(left);
            assert_eq!((left, bonded), (expected_left, expected_bonded));
        }
    }

    /// The same file: TestSlashWithRedelegation (half, then all three times) and TestSlashBoth.
    #[test]
    fn cosmos_slashes_what_moved_on() {
        let (mut moved, mut bonded) = (6, 10);
        for (fraction, expected) in [(HALF, 8), (WHOLE, 4), (WHOLE, 0), (WHOLE, 0)] {
            bonded -= bonded_cut(fraction, 10, fraction.of(6), bonded);
            moved -= fraction.of_stake(6).min(moved);
            assert_eq!(bonded, expected);
        }
        assert_eq!(moved, 0);
        // Six moved on and four left: all that was at fault, so the bonded pay nothing.
        assert_eq!((HALF.of(6), HALF.of(4), bonded_cut(HALF, 10, HALF.of(6) + HALF.of(4), 10)), (3, 2, 0));
    }

    #[test]
    fn the_own_bond_pays_what_is_due_unless_others_stand_behind_it_too() {
        assert_eq!(own_cut(1_000, 4_000, 4_000), 1_000);
        assert_eq!(own_cut(1_000, 10, 10), 10);
        assert_eq!(own_cut(1_000, 1_000, 4_000), 250);
        assert_eq!(own_cut(1_000, 0, 4_000), 0);
        assert_eq!(own_cut(1_000, 0, 0), 0);
    }

    #[test]
    fn delegators_lose_the_share_that_the_provider_should() {
        // A thousand of a bond of four thousand is a quarter; of a bond that is too small, the rate.
        assert_eq!(Fraction::of_backing(1_000, 4_000, ONE).of_stake(100), 25);
        assert_eq!(Fraction::of_backing(1_000, 2_000, ONE / 2).of_stake(100), 25);
        assert_eq!(Fraction::of_backing(1_000, 10, ONE).of_stake(100), 100);
        assert_eq!(Fraction::of_backing(1_000, 0, ONE).of_stake(100), 0);
        assert_eq!(Fraction::of_backing(u64::MAX, 1 << 80, ONE).of_stake(u64::MAX), (1 << 48) - 1);
    }

    #[test]
    fn rewards_pay_before_stake_beside_it_or_in_its_place() {
        // Half of 2 000 is due, of which 4 000 held back are more, 300 are less, and 300 and nothing of it are something.
        let of = |held, rewards, stake| {
            let Punishment { seized, rate } = Punishment::of(2_000, ONE / 2, held, rewards, stake);
            (seized, due(2_000, rate))
        };
        assert_eq!([4_000, 300, 0].map(|held| of(held, ONE, slash_stake::ALWAYS)), [(4_000, 1_000), (300, 1_000), (0, 1_000)]);
        assert_eq!([4_000, 300, 0].map(|held| of(held, ONE, slash_stake::SHORTFALL)), [(1_000, 0), (300, 700), (0, 1_000)]);
        assert_eq!([4_000, 300, 0].map(|held| of(held, ONE, slash_stake::NEVER)), [(4_000, 0), (300, 0), (0, 0)]);
        assert_eq!(
            [0, ONE / 3, ONE].map(|rewards| of(301, rewards, slash_stake::SHORTFALL)),
            [(0, 1_000), (100, 900), (301, 699)]
        );
        assert_eq!(Punishment::of(0, ONE, 300, ONE, slash_stake::SHORTFALL), Punishment { seized: 0, rate: ONE });
    }

    proptest! {
        /// Where rewards stand in for stake, both together pay what is due, but for what rounding a rate spares.
        #[test]
        fn rewards_and_stake_pay_no_more_than_is_due(
            behind in 0..u64::MAX >> 1, rate in 0..=ONE, held in any::<u64>(), rewards in 0..=ONE,
        ) {
            let punishment = Punishment::of(behind, rate, held, rewards, slash_stake::SHORTFALL);
            let (paid, all) = (punishment.seized + due(behind, punishment.rate), due(behind, rate));
            prop_assert!(paid <= all && u128::from(all - paid) <= u128::from(behind / ONE) + 1, "{} of {}", paid, all);
        }

        #[test]
        fn the_parts_are_the_fraction_of_all_and_no_more_than_there_is(
            due in any::<u64>(), backing in 1u128..1 << 80, ratio in 0..=ONE,
            left in prop::collection::vec(any::<u64>(), 0..6), bonded in any::<u64>(),
        ) {
            let fraction = Fraction::of_backing(due, backing, ratio);
            let paid: u128 = left.iter().map(|&stake| fraction.of(stake.into())).sum();
            let all = left.iter().map(|&stake| u128::from(stake)).sum::<u128>() + u128::from(bonded);
            let cut = bonded_cut(fraction, all, paid, bonded);
            prop_assert!(cut <= bonded && left.iter().all(|&stake| fraction.of_stake(stake) <= stake));
            prop_assert!(cut == bonded || u128::from(cut) + paid == fraction.of(all));
        }
    }
}
