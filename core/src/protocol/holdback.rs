//! Holdback: part of what a provider has earned stays within reach of a slash for a while.
//!
//! `settle.holdback` of every net payment goes to a pot instead of the provider. What a provider earned in an epoch is one amount, due
//! `settle.holdback_period` after the epoch's end; at the boundary at which it is due, all of it is released. A proven fault seizes
//! `slash.rewards` of all that is held back of its provider, what is due first at first: XPL slashes rewards, not stake. What becomes of
//! the stake meanwhile, `slash.stake` says.

use crate::engine::ledger::Pot;
use crate::engine::state::State;
use crate::formula::slash::Punishment;
use crate::ids::{AccountId, ProviderId};
use crate::money::share;
use crate::protocol::lease::Lease;
use crate::protocol::slashing::Exposure;
use crate::record::{Apply, Event, Record, payload};
use crate::time::Time;
use bevy_ecs::prelude::Resource;
use rkyv::with::AsVec;
use rkyv::{Archive, Deserialize, Serialize};
use std::collections::BTreeMap;

// Components

/// What is held back.
#[derive(Resource, Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct Holdback {
    /// Nano-XPL of the running epoch, by provider; providers beyond the end have none.
    pub running: Vec<u128>,
    /// Of epochs before, by when it is released at the next end of an epoch: nano-XPL, in the order of providers.
    #[rkyv(with = AsVec)]
    pub buckets: BTreeMap<Time, Vec<(ProviderId, u128)>>,
}

payload! {
    /// Part of a payment was held back.
    pub struct Withheld {
        /// Nano-XPL.
        pub amount: u64,
        /// Whose.
        pub provider: ProviderId,
        /// Zero.
        pub pad: u32,
    }

    /// What was held back came free.
    pub struct HoldbackReleased {
        /// Nano-XPL.
        pub amount: u64,
        /// Whose.
        pub provider: ProviderId,
        /// Zero.
        pub pad: u32,
    }

    /// What was held back was lost to a proven fault.
    pub struct Seized {
        /// Nano-XPL burned.
        pub burned: u64,
        /// Nano-XPL to whoever proved the fault.
        pub reward: u64,
        /// Whose.
        pub provider: ProviderId,
        /// Who proved the fault, or none.
        pub to: AccountId,
    }
}

/// Where a provider's part of a bucket is.
fn part(bucket: &[(ProviderId, u128)], provider: ProviderId) -> Option<usize> {
    bucket.binary_search_by_key(&provider, |entry| entry.0).ok()
}

impl Holdback {
    /// All that is held back of a provider, in nano-XPL.
    pub fn of(&self, provider: ProviderId) -> u128 {
        let before = self.buckets.values().filter_map(|bucket| part(bucket, provider).map(|at| bucket[at].1));
        before.sum::<u128>() + self.running.get(provider.index()).copied().unwrap_or_default()
    }

    /// Takes an amount out, what is due first at first.
    fn take(&mut self, provider: ProviderId, amount: u64) {
        let mut left = u128::from(amount);
        let before = self.buckets.values_mut().filter_map(|bucket| part(bucket, provider).map(|at| &mut bucket[at].1));
        for held in before.chain(self.running.get_mut(provider.index())) {
            let taken = left.min(*held);
            *held -= taken;
            left -= taken;
        }
        assert_eq!(left, 0, "no more is taken than is held back");
    }

    /// Closes the running epoch, once what was due has been released.
    pub(crate) fn turn(&mut self, now: Time, period: Time) {
        self.buckets.retain(|&due, _| due > now);
        let held = self.running.iter().enumerate().filter(|(_, amount)| **amount > 0);
        let held: Vec<_> = held.map(|(i, &amount)| (ProviderId(i as u32), amount)).collect();
        self.running.clear();
        if held.is_empty() {
            return;
        }
        let due = now.saturating_add(period);
        // Another epoch's may be due then too, if the period has changed.
        let mut all: BTreeMap<_, _> = self.buckets.remove(&due).unwrap_or_default().into_iter().collect();
        held.into_iter().for_each(|(provider, amount)| *all.entry(provider).or_default() += amount);
        self.buckets.insert(due, all.into_iter().collect());
    }
}

// Decide

/// What is held back of the net payment for a lease.
#[inline(never)]
pub(crate) fn withhold(state: &State, lease: &Lease, paid: u64, events: &mut Vec<Event>) {
    let amount = share(paid, state.params.settle_holdback());
    if amount > 0 {
        let provider = state.offers[lease.offer.index()].provider;
        events.push(Withheld { amount, provider, pad: 0 }.into());
    }
}

/// Releases what is due, in pieces that fit a record.
pub(crate) fn release(state: &State, events: &mut Vec<Event>) {
    for (_, bucket) in state.holdback.buckets.range(..=state.clock.now) {
        for &(provider, held) in bucket {
            let mut left = held;
            while left > 0 {
                let amount = u64::try_from(left).unwrap_or(u64::MAX);
                events.push(HoldbackReleased { amount, provider, pad: 0 }.into());
                left -= u128::from(amount);
            }
        }
    }
}

/// What a proven fault costs: rewards that are held back, and a cut of `rate` of the bond behind the GPUs at fault, whole, only as far as
/// the rewards fall short of it, or not at all. Whoever proved it, if anybody, has `slash.checker_share` of both.
pub(crate) fn punish(
    state: &State,
    provider: ProviderId,
    exposure: impl Into<Exposure>,
    rate: u64,
    to: AccountId,
    events: &mut Vec<Event>,
) {
    let (params, exposure) = (&*state.params, exposure.into());
    let held = u64::try_from(state.holdback.of(provider)).unwrap_or(u64::MAX);
    let behind = exposure.behind(params);
    let Punishment { seized, rate } = Punishment::of(behind, rate, held, params.slash_rewards(), params.slash_stake());
    let finder = if to.is_some() { params.slash_checker_share() } else { 0 };
    if seized > 0 {
        let reward = share(seized, finder);
        events.push(Seized { burned: seized - reward, reward, provider, to }.into());
    }
    let slashed = state.slash(provider, exposure, rate, to, params.slash_checker_share(), events);
    events.extend(slashed);
}

// Apply

impl Apply for Withheld {
    fn apply(&self, state: &mut State, _record: &Record) {
        let (index, owner) = (self.provider.index(), state.providers[self.provider.index()].owner);
        state.transfer(Pot::Free(owner), Pot::Holdback, self.amount);
        let running = &mut state.holdback.running;
        if running.len() <= index {
            running.resize(index + 1, 0);
        }
        running[index] += u128::from(self.amount);
    }
}

impl Apply for HoldbackReleased {
    fn apply(&self, state: &mut State, _record: &Record) {
        let owner = state.providers[self.provider.index()].owner;
        state.holdback.take(self.provider, self.amount);
        state.transfer(Pot::Holdback, Pot::Free(owner), self.amount);
    }
}

impl Apply for Seized {
    fn apply(&self, state: &mut State, _record: &Record) {
        state.holdback.take(self.provider, self.burned + self.reward);
        state.transfer(Pot::Holdback, Pot::Burned, self.burned);
        if self.reward > 0 {
            state.transfer(Pot::Holdback, Pot::Free(self.to), self.reward);
        }
    }
}

// Invariants

/// The books add up to the pot; what is due at a time is in the order of providers, who exist.
pub(crate) fn check(state: &State) -> Result<(), String> {
    let Holdback { running, buckets } = &*state.holdback;
    let entries = buckets.values().flatten();
    let sum = entries.clone().map(|entry| entry.1).chain(running.iter().copied()).fold(0, u128::saturating_add);
    if sum != state.ledger.holdback {
        return Err(format!("{sum} nano-XPL are held back, the ledger says {}", state.ledger.holdback));
    }
    if !buckets.values().all(|bucket| bucket.is_sorted_by(|a, b| a.0 < b.0)) {
        return Err("what is held back is out of order".into());
    }
    let providers = state.providers().len();
    if running.len() > providers || entries.clone().any(|entry| entry.0.index() >= providers) {
        return Err("something is held back of a provider that does not exist".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::{ONE, XPL};
    use crate::params::slash_stake;
    use crate::protocol::bond::Slashed;
    use crate::protocol::verification::tests::committed;
    use crate::protocol::verification::verdict::Verdict;
    use crate::testing::{Bench, hour_job, leased, names, root};
    use crate::time::DAY;

    const SET: [(&str, u64); 5] = [
        ("settle.holdback", ONE / 4),
        ("settle.holdback_period", 2 * DAY),
        ("fee.base", 0),
        ("fee.rate", 0),
        ("emission.start", 100 * DAY),
    ];

    /// An hour at 1 XPL a second, of which a quarter is held back.
    fn settled(bench: &mut Bench) {
        let submit = hour_job(bench.now);
        let (lease, ..) = leased(&bench.by(2, submit)).expect("a lease");
        assert_eq!(names(&bench.commit(0, lease)), ["Committed", "Settled", "Withheld"]);
    }

    #[test]
    fn an_epochs_holdback_comes_free_at_once_when_its_time_is_over() {
        let mut bench = Bench::new(&SET);
        bench.provide(0, 1, XPL);
        settled(&mut bench);
        settled(&mut bench);
        assert_eq!(bench.free(0), u128::from((900_000 + 5_400) * XPL));
        bench.wait(DAY);
        settled(&mut bench);
        let start = bench.engine.view(|state| state.clock.genesis);
        let until = start + 3 * DAY - bench.now;
        bench.wait(until);
        assert_eq!(bench.free(0), u128::from((900_000 + 8_100) * XPL));
        // The first epoch's, two days after its end; the second's a day later.
        assert_eq!(names(&bench.wait(1)), ["HoldbackReleased", "EpochClosed"]);
        assert_eq!(bench.free(0), u128::from((900_000 + 8_100 + 1_800) * XPL));
        bench.wait(DAY);
        assert_eq!(bench.free(0), u128::from((900_000 + 10_800) * XPL));
        bench.engine.view(|state| assert_eq!((state.ledger.holdback, &*state.holdback), (0, &Holdback::default())));
    }

    /// A provider with 2 700 XPL held back, found wrong: seized, of which to the finder, and cut off the bond.
    fn fault(set: &[(&str, u64)]) -> (u64, u64, u64) {
        let set: Vec<_> =
            [("slash.wrong", ONE / 2), ("slash.checker_share", ONE / 5)].iter().chain(&SET).chain(set).copied().collect();
        let (mut bench, lease) = committed(&set, false);
        for _ in 0..3 {
            settled(&mut bench);
        }
        bench.beacon(1);
        let events = bench.by(1, Verdict { lease, root: root(lease) });
        let (mut seized, mut finder, mut cut) = (0, 0, 0);
        for event in &events {
            match event {
                Event::Seized(Seized { burned, reward, .. }) => (seized, finder) = (burned + reward, *reward),
                Event::Slashed(Slashed { burned, reward, .. }) => cut = burned + reward,
                _ => {}
            }
        }
        (seized / XPL, finder / XPL, cut / XPL)
    }

    #[test]
    fn a_fault_seizes_rewards_before_beside_or_instead_of_stake() {
        let rewards = |share: u64| ("slash.rewards", share);
        assert_eq!(fault(&[rewards(ONE)]), (2_700, 540, 1_000));
        assert_eq!(fault(&[rewards(0)]), (0, 0, 1_000));
        assert_eq!(fault(&[rewards(ONE / 3), ("slash.stake", slash_stake::NEVER)]).0, 899);
        assert_eq!(fault(&[rewards(ONE), ("slash.stake", slash_stake::NEVER)]), (2_700, 540, 0));
        // The cut is 1 000: rewards cover all of it, or 675 of it.
        assert_eq!(fault(&[rewards(ONE), ("slash.stake", slash_stake::SHORTFALL)]), (1_000, 200, 0));
        assert_eq!(fault(&[rewards(ONE / 4), ("slash.stake", slash_stake::SHORTFALL)]), (675, 135, 325));
        assert_eq!(fault(&[rewards(0), ("slash.stake", slash_stake::SHORTFALL)]), (0, 0, 1_000));
    }

    #[test]
    fn what_is_due_first_is_seized_first() {
        let provider = ProviderId(1);
        let bucket = |due, amount| (due, vec![(provider, amount)]);
        let mut held = Holdback { running: vec![0, 30], buckets: [bucket(1, 10), bucket(2, 20)].into() };
        held.take(provider, 15);
        assert_eq!(held, Holdback { running: vec![0, 30], buckets: [bucket(1, 0), bucket(2, 15)].into() });
        held.take(provider, 20);
        assert_eq!((held.of(provider), held.running[1]), (25, 25));
        held.turn(2, 5);
        assert_eq!(held, Holdback { running: vec![], buckets: [bucket(7, 25)].into() });
    }

    #[test]
    fn a_long_period_keeps_no_later_epoch_waiting() {
        let mut held = Holdback { running: vec![0, 30, 1], ..Holdback::default() };
        held.turn(1, 100);
        held.running = vec![5];
        held.turn(2, 10);
        assert_eq!(held.buckets.keys().copied().collect::<Vec<_>>(), [12, 101]);
        held.running = vec![7, 0, 2];
        held.turn(12, 89);
        let all = vec![(ProviderId(0), 7), (ProviderId(1), 30), (ProviderId(2), 3)];
        assert_eq!(held, Holdback { running: vec![], buckets: [(101, all)].into() });
    }
}
