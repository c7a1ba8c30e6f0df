//! How a fault reaches stake: the own bond, what is delegated, what has left since, and what has moved on since.
//!
//! A fault costs its provider an amount: a rate of the bond behind the GPUs at fault. Delegated stake loses the same part of
//! itself as that amount is of the provider's bond (of the bond that is required, if there is less), times `slash.delegators`;
//! where `stake.counts`, bond and delegated stake share the amount instead. Stake that left or moved on after the lease began
//! loses that part too; see [`crate::formula::slash`]. A provider's own bond on its way back is out of reach and may be: the bond
//! behind every open lease and every result that it checks stays until neither can be a fault, and covers all that its faults can
//! cost; where `stake.counts`, all of it stays. (Jurors and challengers have strikes and deposits to lose, and no bond.)
//!
//! The cost of a slash follows what was left and moved by epoch and provider, never how many delegators did; and at most
//! [`MOST_FUNDS`](crate::protocol::redelegation::MOST_FUNDS) funds move from a provider at a time.

use crate::engine::derived::Derived;
use crate::engine::ledger::Pot;
use crate::engine::state::State;
use crate::formula::shares::Fund;
use crate::formula::slash::{Fraction, bonded_cut, divide, due, own_cut};
use crate::ids::{AccountId, ProviderId};
use crate::params::Params;
use crate::protocol::bond::Slashed;
use crate::protocol::lease::Lease;
use crate::record::{Apply, Event, Record, payload};
use crate::time::{NEVER, Time};
use std::collections::BTreeMap;

// Components

/// What a fault exposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exposure {
    /// GPUs at fault.
    gpus: u16,
    /// When the lease began: stake that had left by then is safe.
    since: Time,
}

impl Exposure {
    /// Nano-XPL of bond behind the GPUs at fault.
    pub(crate) fn behind(&self, params: &Params) -> u64 {
        params.bond_per_gpu().saturating_mul(u64::from(self.gpus))
    }
}

impl From<&Lease> for Exposure {
    fn from(lease: &Lease) -> Self {
        Self { gpus: lease.gpus, since: lease.started }
    }
}

/// A fault that begins with its discovery: whatever has left is safe.
impl From<u16> for Exposure {
    fn from(gpus: u16) -> Self {
        Self { gpus, since: NEVER }
    }
}

payload! {
    /// A pool was cut.
    pub struct StakeSlashed {
        /// Nano-XPL burned.
        pub burned: u64,
        /// Nano-XPL to whoever proved the fault.
        pub reward: u64,
        /// Whose pool.
        pub provider: ProviderId,
        /// Who proved the fault, or none.
        pub to: AccountId,
    }

    /// Stake that left a provider was cut.
    pub struct LeavingSlashed {
        /// Nano-XPL burned.
        pub burned: u64,
        /// Nano-XPL to whoever proved the fault.
        pub reward: u64,
        /// The epoch in which it left.
        pub epoch: u64,
        /// Whom it left.
        pub provider: ProviderId,
        /// Who proved the fault, or none.
        pub to: AccountId,
    }

    /// Stake that moved from the provider at fault to another was cut there.
    pub struct MovedSlashed {
        /// Nano-XPL burned.
        pub burned: u64,
        /// Nano-XPL to whoever proved the fault.
        pub reward: u64,
        /// Shares of the other pool that are gone.
        pub shares: u64,
        /// The epoch in which it moved.
        pub epoch: u64,
        /// The provider at fault.
        pub provider: ProviderId,
        /// Whose pool the stake is in.
        pub pool: ProviderId,
        /// Who proved the fault, or none.
        pub to: AccountId,
        /// Zero.
        pub pad: u32,
    }
}

// Decide

/// What stands behind a provider besides its bond: its pool, and what left or moved on since a time, by epoch.
struct Reach {
    bonded: u64,
    left: Vec<(u64, u64)>,
    moved: Vec<(u64, ProviderId, Fund)>,
    total: u128,
}

impl Reach {
    fn of(state: &State, id: ProviderId, since: Time, pending: &[Event]) -> Self {
        let staking = &state.staking;
        let bonded = pool_after(state, id, pending).holds;
        let left = staking.leaving.range((id, 0)..=(id, u64::MAX)).filter(|(_, leaving)| leaving.last >= since);
        let left: Vec<_> = left.map(|(&(_, epoch), leaving)| (epoch, leaving.fund.holds)).collect();
        let lives = |to: ProviderId, era: u64| staking.pool(to).era == era;
        let moved = staking.moving_from(id).filter(|&(_, to, moving)| moving.last >= since && lives(to, moving.era));
        let moved: Vec<_> = moved.map(|(epoch, to, moving)| (epoch, to, moving.fund)).collect();
        let worth = moved.iter().map(|&(_, to, fund)| pool_after(state, to, pending).worth(fund.holds));
        let total = left.iter().map(|&(_, stake)| stake).chain(worth).chain([bonded]).map(u128::from).sum();
        Self { bonded, left, moved, total }
    }
}

impl State<'_> {
    /// A cut of `rate` of the bond behind the GPUs at fault, of which `reward_rate` goes to `to`, and what it takes of the stake
    /// of others. Nothing is cut beyond what there is. A lease as exposure reaches stake that left after it began; a number of
    /// GPUs reaches none that has left. `pending` are events of the same record that are yet to be applied.
    pub(crate) fn slash(
        &self,
        id: ProviderId,
        exposure: impl Into<Exposure>,
        rate: u64,
        to: AccountId,
        reward_rate: u64,
        pending: &[Event],
    ) -> std::vec::IntoIter<Event> {
        let exposure = exposure.into();
        let behind = exposure.behind(self.params);
        let due = due(behind, rate);
        let bond = self.providers[id.index()].bond;
        let reach = Reach::of(self, id, exposure.since, pending);
        let backing = if self.params.stake_counts() == 0 { bond } else { bond.saturating_add(reach.total) };
        let (burned, reward) = divided(own_cut(due, bond, backing), to, reward_rate);
        let mut events = Vec::new();
        if burned > 0 || reward > 0 {
            events.push(Slashed { burned, reward, provider: id, to }.into());
        }
        if reach.total > 0 {
            let fraction = Fraction::of_backing(due, backing.max(behind.into()), self.params.slash_delegators());
            self.slash_stake(id, &reach, fraction, (to, reward_rate), pending, &mut events);
        }
        events.into_iter()
    }

    /// What a fraction takes of the stake of others: first of what left, then of what moved on, then what remains of the pool. Where
    /// nothing within reach is worth anything, nobody's shares are touched.
    fn slash_stake(
        &self,
        id: ProviderId,
        reach: &Reach,
        fraction: Fraction,
        (to, finder): (AccountId, u64),
        pending: &[Event],
        events: &mut Vec<Event>,
    ) {
        let mut paid = 0;
        for &(epoch, stake) in &reach.left {
            let cut = fraction.of_stake(stake);
            paid += u128::from(cut);
            let (burned, reward) = divided(cut, to, finder);
            if cut > 0 {
                events.push(LeavingSlashed { burned, reward, epoch, provider: id, to }.into());
            }
        }
        // What is cut of a pool for one epoch is gone when it is cut for the next.
        let mut pools = BTreeMap::new();
        for &(epoch, pool, fund) in &reach.moved {
            let stake: &mut Fund = pools.entry(pool).or_insert_with(|| pool_after(self, pool, pending));
            let shares = fraction.of_stake(fund.holds);
            let cut = stake.worth(shares);
            *stake = Fund { holds: stake.holds - cut, shares: stake.shares - shares };
            paid += u128::from(cut);
            let (burned, reward) = divided(cut, to, finder);
            if shares > 0 {
                events.push(MovedSlashed { burned, reward, shares, epoch, provider: id, pool, to, pad: 0 }.into());
            }
        }
        let cut = bonded_cut(fraction, reach.total, paid, reach.bonded);
        let (burned, reward) = divided(cut, to, finder);
        if cut > 0 {
            events.push(StakeSlashed { burned, reward, provider: id, to }.into());
        }
    }
}

/// A pool as it will be when what is pending is applied: a record may slash several providers, whose stake meets in one pool.
fn pool_after(state: &State, id: ProviderId, pending: &[Event]) -> Fund {
    let mut fund = state.staking.pool(id).stake;
    for event in pending {
        match event {
            Event::StakeSlashed(cut) if cut.provider == id => fund.holds -= cut.burned + cut.reward,
            Event::MovedSlashed(cut) if cut.pool == id => {
                fund.holds -= cut.burned + cut.reward;
                fund.shares -= cut.shares;
            }
            _ => {}
        }
    }
    fund
}

/// A cut divided between the fire and who proved the fault, if anybody did.
fn divided(cut: u64, to: AccountId, finder: u64) -> (u64, u64) {
    divide(cut, if to.is_some() { finder } else { 0 })
}

// Apply

impl State<'_> {
    /// Takes a cut from where it is.
    fn burn(&mut self, from: Pot, burned: u64, reward: u64, to: AccountId) {
        self.transfer(from, Pot::Burned, burned);
        if reward > 0 {
            self.transfer(from, Pot::Free(to), reward);
        }
    }
}

impl Apply for StakeSlashed {
    fn apply(&self, state: &mut State, _record: &Record) {
        state.burn(Pot::Delegated(self.provider), self.burned, self.reward, self.to);
    }

    fn follow(&self, state: &State, _record: &Record, derived: &mut Derived) {
        derived.restake(state, self.provider);
    }
}

impl Apply for LeavingSlashed {
    fn apply(&self, state: &mut State, _record: &Record) {
        state.burn(Pot::Leaving(self.provider, self.epoch), self.burned, self.reward, self.to);
    }
}

impl Apply for MovedSlashed {
    fn apply(&self, state: &mut State, _record: &Record) {
        let sum = state.staking.pool(self.pool).accrual.sum;
        let moving = state.staking.moving.get_mut(&(self.provider, self.epoch, self.pool)).expect("it moved");
        moving.follow(Some(sum));
        moving.fund.holds -= self.shares;
        state.pooled(self.pool).shares -= self.shares;
        state.burn(Pot::Delegated(self.pool), self.burned, self.reward, self.to);
    }

    fn follow(&self, state: &State, _record: &Record, derived: &mut Derived) {
        derived.restake(state, self.pool);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::{ONE, XPL};
    use crate::protocol::delegation::Delegate;
    use crate::protocol::offer::PostOffer;
    use crate::rejection::Rejection;
    use crate::testing::{Bench, names};

    /// A bond of a hundred thousand XPL, three hundred thousand delegated.
    fn bench(set: &[(&str, u64)]) -> Bench {
        let mut bench = Bench::new(&[("stake.delegation", 1), ("fee.base", 0)].iter().chain(set).copied().collect::<Vec<_>>());
        bench.provide(0, 1, XPL);
        bench.by(1, Delegate { amount: 300_000 * XPL, provider: ProviderId(0), pad: 0 });
        bench
    }

    /// What a fault of so many GPUs costs at half of the bond of 2 000 XPL behind each, a fifth of it to who found it.
    fn slash(bench: &mut Bench, gpus: u16) -> Vec<Event> {
        bench.engine.view(|state| state.slash(ProviderId(0), gpus, ONE / 2, AccountId(3), ONE / 5, &[]).collect())
    }

    fn both(own: u64, stake: u64) -> Vec<Event> {
        let (provider, to) = (ProviderId(0), AccountId(3));
        let parts = |xpl: u64| (xpl * XPL / 5 * 4, xpl * XPL / 5);
        let ((burned, reward), stake) = (parts(own), parts(stake));
        let own = Slashed { burned, reward, provider, to };
        vec![own.into(), StakeSlashed { burned: stake.0, reward: stake.1, provider, to }.into()]
    }

    #[test]
    fn delegators_lose_the_same_part_as_the_provider_or_the_share_of_it_that_is_set() {
        assert_eq!(slash(&mut bench(&[]), 10), both(10_000, 30_000));
        assert_eq!(slash(&mut bench(&[("slash.delegators", ONE / 2)]), 10), both(10_000, 15_000));
        let none = slash(&mut bench(&[("slash.delegators", 0)]), 10);
        assert_eq!(none, both(10_000, 0)[..1]);
        // A bond smaller than what the GPUs require: the rate, and no more.
        assert_eq!(slash(&mut bench(&[]), 500), both(100_000, 150_000));
        assert_eq!(slash(&mut bench(&[]), 0), []);
    }

    #[test]
    fn stake_that_counts_towards_the_bond_pays_its_part_of_the_same_amount() {
        let mut bench = bench(&[("stake.counts", 1)]);
        assert_eq!(slash(&mut bench, 10), both(2_500, 7_500));
        // Two hundred GPUs are backed by bond and stake together.
        let offer = |gpus| PostOffer { ask: XPL, gpus, class: crate::ids::ClassId(0), pad: [0; 5] };
        assert_eq!(bench.refused_by(0, offer(200)), Rejection::BondTooSmall);
        assert_eq!(names(&bench.by(0, offer(199))), ["OfferPosted"]);
        let leave = crate::protocol::delegation::Undelegate { amount: 1, provider: ProviderId(0), pad: 0 };
        assert!(bench.engine.view(|state| state.may_lease(ProviderId(0))));
        let submit = crate::testing::hour_job(bench.now);
        assert_eq!(names(&bench.by(4, submit)), ["Submitted", "Leased"]);
        assert_eq!(bench.refused_by(0, crate::protocol::bond::Unbond { amount: 1 }), Rejection::LeasesOpen);
        bench.by(1, leave);
        assert!(!bench.engine.view(|state| state.may_lease(ProviderId(0))), "who leaves takes its backing along");
    }
}
