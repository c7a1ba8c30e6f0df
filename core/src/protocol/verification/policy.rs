//! Policies: how a job's result is verified, how likely a check is, and what it pays.

use crate::engine::state::State;
use crate::money::{ONE, share};
use crate::params::Params;
use crate::protocol::lease::Lease;
use crate::record::Value;
use rkyv::{Archive, Deserialize, Serialize};

// Components

/// How a job's result is verified.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Policy {
    /// Not at all: the commitment settles.
    #[default]
    Unchecked,
    /// With probability `verification.rate`, a drawn checker executes it again.
    Sampled,
    /// Several copies on distinct providers, whose results are compared; see [`super::copies`].
    Redundant,
    /// With probability `verification.freivalds_rate`, a drawn checker tests the product that the result is by random vectors, which
    /// takes O(n²) where computing it took O(n³) (Freivalds 1977). The root that it names is the one it was shown and found right.
    Freivalds,
    /// A drawn checker executes it again for sure.
    Checked,
}

/// Most copies of a redundant job.
pub const MAX_COPIES: u8 = 7;

impl From<Policy> for Value {
    fn from(policy: Policy) -> Self {
        Value::Number(policy as u64)
    }
}

impl Policy {
    /// Whether a job may have so many copies beside each other: none are counted where there is but one.
    pub const fn admits(self, copies: u8) -> bool {
        match self {
            Policy::Redundant => 2 <= copies && copies <= MAX_COPIES,
            _ => copies == 0,
        }
    }

    /// Probability that a committed result is checked, in parts per billion.
    #[inline]
    pub fn rate(self, params: &Params) -> u64 {
        match self {
            Policy::Sampled => params.verification_rate(),
            Policy::Freivalds => params.verification_freivalds_rate(),
            Policy::Checked => ONE,
            Policy::Unchecked | Policy::Redundant => 0,
        }
    }

    /// Whether a checker executes the job again, and so knows the right root.
    pub const fn executes_again(self) -> bool {
        matches!(self, Policy::Sampled | Policy::Checked)
    }

    /// What a check is worth of a price: `verification.reward` of it, and of a Freivalds check only as much of that as it takes of
    /// the work. Rounded down, in nano-XPL.
    pub fn reward(self, params: &Params, price: u64) -> u64 {
        let whole = share(price, params.verification_reward());
        match self {
            Policy::Freivalds => {
                let cost = params.verification_freivalds_cost().saturating_mul(params.verification_freivalds_rounds());
                share(whole, cost.min(ONE))
            }
            _ => whole,
        }
    }
}

// Decide

/// What the treasury pays for a check of a lease: no more than it holds, in nano-XPL.
pub(crate) fn reward(state: &State, lease: &Lease) -> u64 {
    let policy = state.jobs.row(lease.job.0).policy;
    policy.reward(state.params, lease.price).min(u64::try_from(state.ledger.treasury).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_redundancy_counts_copies() {
        let fits = |policy: Policy| (0..=9).filter(|&copies| policy.admits(copies)).collect::<Vec<_>>();
        assert_eq!(fits(Policy::Redundant), [2, 3, 4, 5, 6, 7]);
        for policy in [Policy::Unchecked, Policy::Sampled, Policy::Freivalds, Policy::Checked] {
            assert_eq!(fits(policy), [0]);
        }
    }

    #[test]
    fn a_freivalds_check_pays_for_the_work_that_it_is() {
        let mut params = Params::default();
        // Half of the price for a whole check; ten rounds of a hundredth of the work each are a tenth of that.
        for (key, value) in [("verification.reward", ONE / 2), ("verification.freivalds_cost", ONE / 100)] {
            params.set(key, value).expect("in range");
        }
        params.set("verification.freivalds_rounds", 10).expect("in range");
        assert_eq!(
            [Policy::Sampled, Policy::Checked, Policy::Freivalds].map(|policy| policy.reward(&params, 1_000)),
            [500, 500, 50]
        );
        params.set("verification.freivalds_cost", ONE / 2).expect("in range");
        assert_eq!(Policy::Freivalds.reward(&params, 1_000), 500);
    }
}
