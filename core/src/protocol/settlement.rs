//! Settlement: the provider is paid from escrow, the protocol takes its fee, the rest returns.
//!
//! fee = ⌊payment · `fee.rate`⌋; the fee is split burn / treasury / stakers by largest remainder, so that the parts sum to it.
//! What becomes of the rest, `settle.mode` says: it is paid, it is burned and emission pays for the work, or it is paid at its
//! worth in dollars ([`crate::protocol::vault`]).

use crate::engine::ledger::Pot;
use crate::engine::state::State;
use crate::formula::auction::posted::ideal_span;
use crate::ids::{AccountId, ClassId, LeaseId};
use crate::money::{ONE, share, split};
use crate::params::{emission_weight, settle_mode};
use crate::protocol::lease::{self, Lease};
use crate::protocol::vault::{self, Moved};
use crate::protocol::{holdback, job, receipt};
use crate::record::{Apply, Event, Record, payload};
use crate::time::Time;

payload! {
    /// A job was paid for and closed.
    pub struct Settled {
        /// Which lease.
        pub lease: LeaseId,
        /// Nano-XPL to the provider.
        pub paid: u64,
        /// Nano-XPL burned.
        pub burned: u64,
        /// Nano-XPL to the treasury.
        pub treasury: u64,
        /// Nano-XPL to stakers.
        pub stakers: u64,
        /// Milli-GPU-seconds settled, of the offer's class.
        pub work_mgs: u64,
    }
}

impl Settled {
    /// What the customer paid: provider and fee.
    pub const fn payment(&self) -> u64 {
        self.parts().payment()
    }

    /// What the protocol took.
    pub const fn fee(&self) -> u64 {
        self.parts().fee()
    }

    #[inline(always)]
    const fn parts(&self) -> Parts {
        Parts { paid: self.paid, burned: self.burned, treasury: self.treasury, stakers: self.stakers }
    }
}

/// A payment by where it goes, in nano-XPL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    /// To the provider.
    pub paid: u64,
    /// Burned.
    pub burned: u64,
    /// To the treasury.
    pub treasury: u64,
    /// To stakers.
    pub stakers: u64,
}

impl Parts {
    /// What the customer paid: provider and fee.
    #[inline(always)]
    pub(crate) const fn payment(&self) -> u64 {
        self.paid + self.fee()
    }

    /// What the protocol took.
    #[inline(always)]
    pub(crate) const fn fee(&self) -> u64 {
        self.burned + self.treasury + self.stakers
    }
}

// Decide

/// Settlement of a lease whose result is committed. A deployment sells time: it is paid for the time it was held open.
pub(crate) fn settle(state: &State, lease: &Lease, now: Time, events: &mut Vec<Event>) {
    if job::is_deployment(state, state.jobs.row(lease.job.0)) {
        settle_elapsed(state, lease, lease.due, now, events);
    } else {
        pay(state, lease, (lease.price, lease.work_mgs), &Moved::NOTHING, now, events);
    }
}

/// Settlement of a deployment's lease: its tab first, then price and work by the time used, rounded up in the provider's favour.
pub(crate) fn settle_elapsed(state: &State, lease: &Lease, ended: Time, now: Time, events: &mut Vec<Event>) {
    let moved = receipt::pay_last(state, lease, now, events);
    receipt::return_rest(state, lease.job, events);
    let whole = ideal_span(lease.work_mgs, lease.gpus).max(1);
    let used = (ended - lease.started).min(whole);
    let part = |amount: u64| (u128::from(amount) * u128::from(used)).div_ceil(u128::from(whole)) as u64;
    pay(state, lease, (part(lease.price), part(lease.work_mgs)), &moved, now, events);
}

/// Pays for work out of escrow, when `before` is about to move to and from the vault.
fn pay(state: &State, lease: &Lease, (payment, work_mgs): (u64, u64), before: &Moved, now: Time, events: &mut Vec<Event>) {
    let mut parts = Parts::of(state, payment);
    if let Some((paid, moved)) = vault::revalue(state, lease, parts.paid, before, now) {
        events.push(moved.into());
        parts.paid = paid;
    }
    let Parts { paid, burned, treasury, stakers } = parts;
    events.push(Settled { lease: lease.id, paid, burned, treasury, stakers, work_mgs }.into());
    if state.params.settle_holdback() > 0 {
        holdback::withhold(state, lease, paid, events);
    }
}

impl Parts {
    /// Where a payment goes, before what is the provider's is brought to its worth in dollars.
    #[inline]
    pub(crate) fn of(state: &State, payment: u64) -> Self {
        let weights = [state.params.fee_burn(), state.params.fee_treasury(), state.params.fee_stakers()];
        let (paid, [burned, treasury, stakers]) = divide(payment, state.params.fee_rate(), weights);
        match state.params.settle_mode() {
            settle_mode::PAY | settle_mode::VAULT_REMINT => Self { paid, burned, treasury, stakers },
            _ => Self { paid: 0, burned: burned + paid, treasury, stakers },
        }
    }
}

/// What a provider has of a payment when `rate` parts per billion of it are the fee, and the parts of the fee by their weights:
/// burned, treasury, stakers. All of it together is the payment.
#[inline]
pub fn divide(payment: u64, rate: u64, weights: [u64; 3]) -> (u64, [u64; 3]) {
    let fee = share(payment, rate.min(ONE));
    (payment - fee, split(fee, weights))
}

/// Work in the unit that provider emission is shared by: class-weighted milli-GPU-seconds.
fn weighted(state: &State, class: ClassId, work_mgs: u64) -> u64 {
    let weight = u128::from(state.weights.of(class));
    u64::try_from(u128::from(work_mgs) * weight / u128::from(ONE)).unwrap_or(u64::MAX)
}

/// What a payment for so much weighted work weighs when the epoch's emission for providers is shared.
#[inline]
pub(crate) fn weight(state: &State, parts: &Parts, weighted: u64) -> u64 {
    match state.params.emission_weight() {
        emission_weight::PAID => parts.payment(),
        emission_weight::BURNED => parts.burned,
        _ => weighted,
    }
}

// Apply

impl Parts {
    /// Moves the payment from where it was held, the provider's part to its owner.
    #[inline(always)]
    pub(crate) fn move_out_of(&self, state: &mut State, pot: Pot, owner: AccountId) {
        state.transfer(pot, Pot::Free(owner), self.paid);
        state.transfer(pot, Pot::Burned, self.burned);
        state.transfer(pot, Pot::Treasury, self.treasury);
        state.transfer(pot, Pot::StakerPool, self.stakers);
    }
}

impl Apply for Settled {
    fn apply(&self, state: &mut State, _record: &Record) {
        let lease = lease::close(state, self.lease);
        let offer = state.offers[lease.offer.index()];
        let weighted = weighted(state, offer.class, self.work_mgs);
        let parts = self.parts();
        let weight = weight(state, &parts, weighted);
        state.minter.paid += u128::from(parts.payment());
        state.minter.work = state.minter.work.saturating_add(weighted);
        let provider = &mut state.providers[offer.provider.index()];
        provider.work = provider.work.saturating_add(weight);
        let owner = provider.owner;
        let job = *state.jobs.row(lease.job.0);
        vault::release(state, &job);
        parts.move_out_of(state, Pot::Escrow(job.id), owner);
        state.transfer(Pot::Escrow(job.id), Pot::Free(job.customer), job.escrow - parts.payment());
        job::close(state, &job);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::schedule;
    use crate::ids::OfferId;
    use crate::testing::Bench;
    use crate::time::HOUR;

    fn only(events: &[Event]) -> Settled {
        let [Event::Settled(settled)] = events else { panic!("{events:?}") };
        *settled
    }

    fn settled(set: &[(&str, u64)], price: u64) -> Settled {
        let lease = Lease { id: LeaseId::new(1, 0), offer: OfferId(0), gpus: 1, ..Lease::default() };
        let mut events = Vec::new();
        Bench::new(set).engine.view(|state| pay(state, &lease, (price, HOUR), &Moved::NOTHING, 0, &mut events));
        only(&events)
    }

    #[test]
    fn the_fee_rounds_down_and_its_parts_sum_to_it() {
        let thirds =
            [("fee.burn", 333_333_333), ("fee.treasury", 333_333_333), ("fee.stakers", 333_333_334), ("fee.rate", 100_000_000)];
        // A tenth of 59 is 5: one each, then one more to the stakers' larger remainder and one to the first of the others.
        let settled = settled(&thirds, 59);
        assert_eq!((settled.paid, settled.burned, settled.treasury, settled.stakers), (54, 2, 1, 2));
        assert_eq!((settled.fee(), settled.payment()), (5, 59));
    }

    #[test]
    fn no_fee_and_nothing_but_fee() {
        assert_eq!(settled(&[("fee.rate", 0)], 1_000).paid, 1_000);
        let all = settled(&[("fee.rate", ONE)], 1_000);
        assert_eq!((all.paid, all.burned, all.treasury, all.stakers), (0, 500, 200, 300));
    }

    #[test]
    fn burning_leaves_the_provider_to_emission() {
        for mode in [("settle.mode", 1), ("settle.mode", 2)] {
            let net =
                if mode.1 == 2 { ("emission.schedule", schedule::number("net_emission")) } else { ("emission.schedule", 0) };
            let burned = settled(&[mode, net, ("fee.rate", 50_000_000)], 1_000);
            // Render's: 5 % fee, of which half is burned too.
            assert_eq!((burned.paid, burned.burned, burned.treasury, burned.stakers), (0, 975, 10, 15));
        }
    }

    #[test]
    fn a_settlement_weighs_what_the_parameter_says() {
        let parts = Parts { paid: 90, burned: 7, treasury: 2, stakers: 1 };
        for (choice, expected) in [(0, 5), (1, 100), (2, 7)] {
            Bench::new(&[("emission.weight", choice)]).engine.view(|state| assert_eq!(weight(state, &parts, 5), expected));
        }
    }

    #[test]
    fn time_used_is_rounded_up_and_never_beyond_the_whole() {
        let lease = Lease { id: LeaseId::new(1, 0), price: 10, work_mgs: 3, gpus: 1, started: 100, ..Lease::default() };
        let mut bench = Bench::new(&[("fee.rate", 0)]);
        let mut elapsed = |ended| {
            let mut events = Vec::new();
            bench.engine.view(|state| settle_elapsed(state, &lease, ended, ended, &mut events));
            only(&events)
        };
        assert_eq!([100, 101, 102, 103, 200].map(|now| elapsed(now).paid), [0, 4, 7, 10, 10]);
        assert_eq!(elapsed(101).work_mgs, 1);
    }

    #[test]
    fn emission_weighs_work_by_class() {
        Bench::new(&[]).engine.view(|state| {
            assert_eq!(weighted(state, ClassId(0), 1_000), 1_000);
            assert_eq!(weighted(state, ClassId(1), 1_000), 3_000);
        });
    }
}
