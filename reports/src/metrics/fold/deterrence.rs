//! What deters a provider from cheating, under the rules and with the jobs of an epoch.

use super::Metrics;
use plasma_core::engine::state::State;
use plasma_core::formula::deterrence::{Detection, Stakes, freivalds_power, margins_usd};
use plasma_core::money::{ONE, share};
use plasma_core::params::{Params, slash_stake};
use plasma_core::protocol::verification::policy::Policy;

/// Every policy, in the order in which leases are counted by them.
const ALL: [Policy; 5] = [Policy::Unchecked, Policy::Sampled, Policy::Redundant, Policy::Freivalds, Policy::Checked];

/// How many there are.
pub(super) const POLICIES: usize = ALL.len();

/// The probability that a wrong result is found, in parts per billion, if checkers and panels are honest: a panel thins detection only
/// by those who err or collude. Copies find it for sure.
fn found(policy: Policy, params: &Params) -> u64 {
    match policy {
        Policy::Redundant => ONE,
        Policy::Freivalds => share(policy.rate(params), freivalds_power(params.verification_freivalds_rounds() as u32)),
        _ => policy.rate(params),
    }
}

/// What a proven fault costs a provider of one GPU beside its pay, in nano-XPL: a cut of its bond, what is seized of its earnings, or
/// the greater of both, as `slash.stake` says.
fn slashed(params: &Params, held: u64) -> u64 {
    let cut = share(params.bond_per_gpu(), params.slash_wrong().min(ONE));
    let seized = share(held, params.slash_rewards());
    match params.slash_stake() {
        slash_stake::NEVER => seized,
        slash_stake::SHORTFALL => cut,
        _ => cut.saturating_add(seized),
    }
}

impl Metrics {
    /// The margin of cheating in the epoch's mean job, on one GPU whose work is all that cheating would save: now, at half of the price
    /// and at a tenth. `None` without jobs or a price.
    pub(super) fn deterrence(&self, view: &State, price: u64) -> Option<[i128; 3]> {
        let row = &self.epoch.row;
        // What requests pay is no part of it: a receipt stands whatever is found of the result.
        let time = row.payments() - row.receipts;
        let pay = u64::try_from(time.checked_div(u128::from(row.jobs.settled))?).ok()?;
        let leases: u64 = self.epoch.policies.iter().sum();
        let caught =
            ALL.iter().zip(&self.epoch.policies).map(|(&policy, &n)| u128::from(n) * u128::from(found(policy, view.params)));
        let checked = caught.sum::<u128>().checked_div(leases.into())? as u64;
        if price == 0 {
            return None;
        }
        let held = view.ledger.holdback.checked_div(self.capacity.gpus().into()).unwrap_or(0);
        let slashed = slashed(view.params, u64::try_from(held).unwrap_or(u64::MAX));
        Some(margins_usd(&Detection { checked, power: ONE, colluding: 0 }, &Stakes { saved: pay, earned: pay, slashed }, price))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_counted_in_their_own_order() {
        assert_eq!(ALL.map(|policy| policy as usize), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn what_is_found_follows_the_policy_and_what_is_lost_the_rules_of_slashing() {
        let mut params = Params::default();
        let set =
            [("verification.rate", ONE / 10), ("verification.freivalds_rate", ONE / 2), ("verification.freivalds_rounds", 1)];
        set.iter().for_each(|&(key, value)| params.set(key, value).unwrap());
        assert_eq!(ALL.map(|policy| found(policy, &params)), [0, ONE / 10, ONE, ONE / 4, ONE]);
        let mut lost = |stake, rewards, held| {
            let set = [("bond.per_gpu", 1_000), ("slash.wrong", ONE / 2), ("slash.stake", stake), ("slash.rewards", rewards)];
            set.iter().for_each(|&(key, value)| params.set(key, value).unwrap());
            slashed(&params, held)
        };
        assert_eq!([lost(slash_stake::ALWAYS, ONE, 300), lost(slash_stake::SHORTFALL, ONE, 300)], [800, 500]);
        assert_eq!(
            [lost(slash_stake::NEVER, ONE / 2, 300), lost(slash_stake::NEVER, ONE, 0), lost(slash_stake::NEVER, 0, 300)],
            [150, 0, 0]
        );
    }
}
