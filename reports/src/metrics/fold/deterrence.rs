//! What deters a provider from cheating, under the rules and with the jobs of an epoch.

use super::Metrics;
use plasma_core::engine::state::State;
use plasma_core::formula::deterrence::{Chance, Detection, Stakes, freivalds_power, margins_usd};
use plasma_core::formula::slash::{Punishment, due};
use plasma_core::money::ONE;
use plasma_core::params::Params;
use plasma_core::protocol::verification::policy::Policy;

/// That a checker finds a right result wrong, and that one of a panel votes wrongly. No parameter says, and no log: it is
/// assumed, and so is that nobody colludes. The metrics' formulas say both.
const ERROR: u64 = ONE / 1_000;

/// Every policy, in the order in which leases are counted by them.
const ALL: [Policy; 5] = [Policy::Unchecked, Policy::Sampled, Policy::Redundant, Policy::Freivalds, Policy::Checked];

/// How many there are.
pub(super) const POLICIES: usize = ALL.len();

/// How a result is checked. Copies find a wrong one for sure, and no right one wrong: machines that err do so each in its own
/// way.
fn detection(policy: Policy, params: &Params) -> Detection {
    let panel = params.verification_panel() as u32;
    let drawn = Detection { checked: policy.rate(params), power: ONE, colluding: 0, panel, error: ERROR };
    match policy {
        Policy::Redundant => Detection { checked: ONE, power: ONE, ..Detection::default() },
        Policy::Freivalds => Detection { power: freivalds_power(params.verification_freivalds_rounds() as u32), ..drawn },
        _ => drawn,
    }
}

/// What a proven fault costs a provider of one GPU beside its pay, in nano-XPL: a cut of its bond, what is seized of its
/// earnings, or the greater of both, as `slash.stake` says.
fn slashed(params: &Params, held: u64) -> u64 {
    let behind = params.bond_per_gpu();
    let Punishment { seized, rate } =
        Punishment::of(behind, params.slash_wrong(), held, params.slash_rewards(), params.slash_stake());
    due(behind, rate).saturating_add(seized)
}

impl Metrics {
    /// The margin of cheating in the epoch's mean job, on one GPU whose work is all that cheating would save: now, at half of the
    /// price and at a tenth, in micro-USD; and the same with nothing for what it saves. `None` without jobs or a price.
    pub(super) fn deterrence(&self, view: &State, price: u64) -> Option<([i128; 3], [i128; 3])> {
        if price == 0 {
            return None;
        }
        let (caught, stakes) = (self.mean(view.params, Detection::caught)?, self.stakes(view)?);
        let lost = margins_usd(&caught, &Stakes { saved: 0, ..stakes }, price)?;
        Some((margins_usd(&caught, &stakes, price)?, lost))
    }

    /// What an honest provider loses on average in the same job to checkers and panels that err, in nano-XPL, rounded down.
    /// `None` without jobs.
    pub(super) fn false_positive_loss(&self, view: &State) -> Option<u128> {
        Some(self.mean(view.params, Detection::misjudged)?.of(self.stakes(view)?.at_risk()))
    }

    /// What is at stake in the epoch's mean job. `None` where none settled.
    fn stakes(&self, view: &State) -> Option<Stakes> {
        let row = &self.epoch.row;
        // What requests pay is no part of it: a receipt stands whatever is found of the result.
        let time = row.payments() - row.receipts;
        let pay = u64::try_from(time.checked_div(u128::from(row.jobs.settled))?).ok()?;
        let held = view.ledger.holdback.checked_div(self.capacity.gpus().into()).unwrap_or(0);
        Some(Stakes { saved: pay, earned: pay, slashed: slashed(view.params, u64::try_from(held).unwrap_or(u64::MAX)) })
    }

    /// The mean chance over the epoch's leases. `None` where there were none.
    fn mean(&self, params: &Params, of: impl Fn(&Detection) -> Option<Chance>) -> Option<Chance> {
        let chances = ALL.map(|policy| of(&detection(policy, params)));
        let cases = self.epoch.policies.iter().zip(chances).map(|(&leases, chance)| Some((leases, chance?)));
        Chance::mean(cases.collect::<Option<Vec<_>>>()?.into_iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plasma_core::params::slash_stake;

    #[test]
    fn policies_are_counted_in_their_own_order() {
        assert_eq!(ALL.map(|policy| policy as usize), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn what_is_found_follows_the_policy_and_the_panel_and_what_is_lost_the_rules_of_slashing() {
        let mut params = Params::default();
        let set =
            [("verification.rate", ONE / 10), ("verification.freivalds_rate", ONE / 2), ("verification.freivalds_rounds", 1)];
        set.iter().for_each(|&(key, value)| params.set(key, value).unwrap());
        let all = |params: &Params, of: fn(&Detection) -> Option<Chance>| {
            ALL.map(|policy| of(&detection(policy, params)).unwrap().in_billionths())
        };
        assert_eq!(all(&params, Detection::caught), [0, ONE / 10, ONE, ONE / 4, ONE]);
        assert_eq!(all(&params, Detection::misjudged), [0, 100_000, 0, 500_000, 1_000_000]);
        // Of three, more than half err in 2.998 cases of a million: 3 · 0.001² · 0.999 + 0.001³.
        params.set("verification.panel", 3).unwrap();
        assert_eq!(all(&params, Detection::caught), [0, 99_999_700, ONE, 249_999_250, 999_997_002]);
        assert_eq!(all(&params, Detection::misjudged), [0, 0, 0, 1, 2]);
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
