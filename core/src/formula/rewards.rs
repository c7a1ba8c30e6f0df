//! Rewards by share, without looking at who shares: a running sum of reward per share.
//!
//! Who holds shares remembers where the sum stood when it last changed them, and has earned shares · (sum now − sum then). This is
//! F1 fee distribution (Ojha & Goes 2019, doi:10.4230/OASIcs.Tokenomics.2019.10; Cosmos x/distribution) and the form in which
//! SushiSwap's MasterChef keeps it (`accSushiPerShare`, `rewardDebt`). The sum has 18 decimals of a nano-XPL, as F1's of a
//! token. Both originals lose what rounding leaves; here every remainder is carried into the next distribution: what was paid,
//! what is owed and the remainder are together what was brought, to the last decimal.
//!
//! F1 keeps a delegation's stake and walks over the slashes since; here a delegation keeps shares of a fund
//! ([`crate::formula::shares`]), which a slash does not change, so that there is nothing to walk over.

use crate::money::{mul_div_floor, share};
use rkyv::{Archive, Deserialize, Serialize};

/// Ronto-XPL (10^-27 XPL), in which sums and remainders are kept, in a nano-XPL.
pub const RONTO: u128 = 1_000_000_000_000_000_000;

/// A running sum of reward per share, and what is too little to be shared yet.
///
/// The sum wraps around: differences are exact as long as nobody is owed 2^64 nano-XPL, which no pot of rewards can hold.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Accrual {
    /// Reward per share so far, in ronto-XPL, modulo 2^128.
    pub sum: u128,
    /// Remainder, in ronto-XPL.
    pub rest: u128,
}

impl Accrual {
    /// Shares out a gain (ronto-XPL) among so many shares; it waits while there are none.
    ///
    /// # Panics
    /// If the gain and the remainder exceed `u128`: more than any pot holds.
    pub fn share_out(&mut self, gain: u128, shares: u64) {
        self.rest += gain;
        if shares > 0 {
            self.sum = self.sum.wrapping_add(self.rest / u128::from(shares));
            self.rest %= u128::from(shares);
        }
    }

    /// What so many shares have earned since the sum stood at `since`, in ronto-XPL; `None` when it exceeds `u128`, which
    /// only a damaged state can owe.
    pub fn earned(&self, shares: u64, since: u128) -> Option<u128> {
        earned(shares, since, self.sum)
    }
}

/// What so many shares have earned while the sum went from `since` to `sum`, in ronto-XPL; see [`Accrual::earned`].
pub fn earned(shares: u64, since: u128, sum: u128) -> Option<u128> {
    u128::from(shares).checked_mul(sum.wrapping_sub(since))
}

/// Ronto-XPL in whole nano-XPL, rounded down.
pub const fn whole(scaled: u128) -> u64 {
    (scaled / RONTO) as u64
}

/// Nano-XPL in ronto-XPL.
pub const fn scaled(amount: u64) -> u128 {
    amount as u128 * RONTO
}

/// A provider's reward for stake divided between its own bond, its commission (parts per billion of the delegators' part) and its
/// delegators: the own part and the commission are rounded down, the delegators have the rest.
pub fn divide(total: u64, own: u128, delegated: u64, commission: u64) -> [u64; 3] {
    let own_part = match delegated {
        0 => total,
        // A part of a u64 is one too.
        _ => mul_div_floor(total.into(), own, own.saturating_add(delegated.into())).unwrap_or(0) as u64,
    };
    let commission = share(total - own_part, commission);
    [own_part, commission, total - own_part - commission]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::shares::Fund;
    use crate::money::ONE;
    use proptest::prelude::*;

    /// A validator of Cosmos x/distribution's tests: half of what is allocated is its commission.
    #[derive(Default)]
    struct Validator {
        fund: Fund,
        accrual: Accrual,
        commission: u64,
        delegators: Vec<(u64, u128)>,
    }

    impl Validator {
        fn delegate(&mut self, amount: u64) {
            let shares = self.fund.issued(amount).expect("countable");
            self.fund = Fund { holds: self.fund.holds + amount, shares: self.fund.shares + shares };
            self.delegators.push((shares, self.accrual.sum));
        }
        fn allocate(&mut self, tokens: u64) {
            let [_, commission, rest] = divide(tokens, 0, self.fund.holds, ONE / 2);
            self.commission += commission;
            self.accrual.share_out(scaled(rest), self.fund.shares);
        }
        fn slash(&mut self, tokens: u64) {
            self.fund.holds -= tokens;
        }
        fn rewards(&self, delegator: usize) -> u64 {
            let (shares, since) = self.delegators[delegator];
            whole(self.accrual.earned(shares, since).expect("small"))
        }
        fn withdraw(&mut self, delegator: usize) -> u64 {
            let rewards = self.rewards(delegator);
            self.delegators[delegator].1 = self.accrual.sum;
            rewards
        }
    }

    const POWER: u64 = 1_000_000;

    /// cosmos-sdk, x/distribution/keeper/delegation_test.go: TestCalculateRewardsBasic and …MultiDelegator.
    #[test]
    fn cosmos_rewards_of_one_and_of_several_delegators() {
        let mut basic = Validator::default();
        basic.delegate(100);
        basic.allocate(10);
        assert_eq!((basic.rewards(0), basic.commission), (5, 5));
        let mut several = Validator::default();
        several.delegate(100);
        several.allocate(20);
        several.delegate(100);
        several.allocate(20);
        assert_eq!((several.rewards(0), several.rewards(1), several.commission), (15, 5, 20));
    }

    /// The same file: TestCalculateRewardsAfterSlash, …AfterManySlashes and …AfterManySlashesInSameBlock.
    #[test]
    fn cosmos_rewards_after_slashes() {
        let mut once = Validator::default();
        once.delegate(100 * POWER);
        once.slash(50 * POWER);
        once.allocate(10 * POWER);
        assert_eq!((once.rewards(0), once.commission), (5 * POWER, 5 * POWER));
        once.slash(25 * POWER);
        once.allocate(10 * POWER);
        assert_eq!((once.rewards(0), once.commission), (10 * POWER, 10 * POWER));
        let mut twice = Validator::default();
        twice.delegate(100 * POWER);
        twice.allocate(10 * POWER);
        twice.slash(50 * POWER);
        twice.slash(25 * POWER);
        twice.allocate(10 * POWER);
        assert_eq!((twice.rewards(0), twice.commission), (10 * POWER, 10 * POWER));
    }

    /// The same file: TestCalculateRewardsMultiDelegatorMultiSlash. A third of the pool is the first delegator's after its half
    /// was lost.
    #[test]
    fn cosmos_rewards_of_several_delegators_over_several_slashes() {
        let (mut validator, initial) = (Validator::default(), 30 * POWER);
        validator.delegate(100 * POWER);
        validator.allocate(initial);
        validator.slash(50 * POWER);
        validator.delegate(100 * POWER);
        validator.allocate(initial);
        validator.slash(50 * POWER);
        assert_eq!((validator.rewards(0), validator.rewards(1)), (initial / 2 + initial / 6, initial / 3));
        assert_eq!(validator.commission, initial);
    }

    /// The same file: TestCalculateRewardsMultiDelegatorMultWithdraw.
    #[test]
    fn cosmos_rewards_of_several_delegators_who_withdraw() {
        let (mut validator, initial) = (Validator::default(), 20);
        validator.delegate(100);
        validator.allocate(initial);
        validator.delegate(100);
        validator.allocate(initial);
        assert_eq!((validator.withdraw(0), validator.withdraw(1)), (15, 5));
        assert_eq!((validator.rewards(0), validator.rewards(1)), (0, 0));
        validator.allocate(initial);
        assert_eq!((validator.withdraw(0), validator.rewards(0), validator.rewards(1)), (initial / 4, 0, initial / 4));
        validator.allocate(initial);
        assert_eq!((validator.rewards(0), validator.rewards(1)), (initial / 4, initial / 2));
    }

    /// Three shares of one: what cannot be shared waits, and the next distributions bring it.
    #[test]
    fn what_rounding_leaves_is_carried() {
        let mut accrual = Accrual::default();
        for distributed in 1..=3 {
            accrual.share_out(scaled(1), 3);
            assert_eq!(whole(3 * accrual.sum), distributed - u64::from(distributed % 3 != 0));
        }
        assert_eq!(accrual, Accrual { sum: RONTO, rest: 0 });
        let mut alone = Accrual::default();
        alone.share_out(scaled(7), 0);
        alone.share_out(scaled(1), 1);
        assert_eq!(alone, Accrual { sum: scaled(8), rest: 0 });
    }

    #[test]
    fn a_reward_is_divided_to_the_unit() {
        assert_eq!(divide(100, 3, 0, ONE), [100, 0, 0]);
        assert_eq!(divide(100, 1, 2, 100_000_000), [33, 6, 61]);
        assert_eq!(divide(100, 0, 2, ONE), [0, 100, 0]);
        assert_eq!(divide(u64::MAX, u128::MAX - u128::from(u64::MAX), u64::MAX, 0), [u64::MAX - 1, 0, 1]);
        assert_eq!(divide(0, 1, 1, ONE / 2), [0; 3]);
    }

    proptest! {
        /// However rewards come and are paid out, what was brought is what was paid, what is owed, and the remainder.
        #[test]
        fn every_unit_is_paid_owed_or_carried(
            shares in prop::collection::vec(prop_oneof![1u64..9, 1..=u64::MAX / 8], 1..8),
            gains in prop::collection::vec((prop_oneof![0u64..9, 0..=u64::MAX / 64], any::<prop::sample::Index>()), 1..40),
        ) {
            let total: u64 = shares.iter().sum();
            let start = u128::MAX - 5;
            let mut accrual = Accrual { sum: start, rest: 0 };
            let mut since = vec![start; shares.len()];
            let mut pot = 0u64;
            for (gain, who) in gains {
                pot += gain;
                accrual.share_out(scaled(gain), total);
                let who = who.index(shares.len());
                let earned = accrual.earned(shares[who], since[who]).expect("no more than was brought");
                let paid = whole(earned);
                since[who] = accrual.sum;
                accrual.rest += earned - scaled(paid);
                pot -= paid;
                let owed: u128 = shares.iter().zip(&since).map(|(&s, &at)| accrual.earned(s, at).expect("owed")).sum();
                prop_assert_eq!(owed + accrual.rest, scaled(pot));
            }
        }
    }
}
