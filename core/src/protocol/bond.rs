//! Bonds: what a provider puts at risk, and how it gets it back. What a slash takes, [`crate::protocol::slashing`] says.

use crate::engine::derived::Derived;
use crate::engine::ledger::Pot;
use crate::engine::queue::Queue;
use crate::engine::state::State;
use crate::ids::{AccountId, ProviderId};
use crate::record::{Apply, Decide, Event, Fire, Record, Timer, cause, payload};
use crate::rejection::{Refusal, Rejection};
use crate::time::Time;
use bevy_ecs::prelude::Resource;
use rkyv::{Archive, Deserialize, Serialize};

// Components

/// Bonds on their way back.
#[derive(Resource, Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct UnbondingQueue {
    /// First due first.
    pub entries: Queue<Unbonding>,
}

payload! {
    /// Adds to the bond from the free balance.
    pub struct Bond {
        /// Nano-XPL.
        pub amount: u64,
    }

    /// Asks for part of the bond back.
    pub struct Unbond {
        /// Nano-XPL.
        pub amount: u64,
    }

    /// The earliest bond on its way back is due.
    pub struct BondDue {}

    /// The bond grew.
    pub struct Bonded {}

    /// Part of a bond started its way back.
    pub struct Unbonding {
        /// Nano-XPL.
        pub amount: u64,
        /// When it arrives.
        pub release: Time,
        /// Whose.
        pub provider: ProviderId,
        /// Zero.
        pub pad: u32,
    }

    /// The first of the unbonding queue arrived in its owner's free balance.
    pub struct Unbonded {}

    /// A bond was cut.
    pub struct Slashed {
        /// Nano-XPL burned.
        pub burned: u64,
        /// Nano-XPL to whoever proved the fault.
        pub reward: u64,
        /// Whose bond.
        pub provider: ProviderId,
        /// Who proved the fault, or none.
        pub to: AccountId,
    }
}

// Decide

impl Decide for Bond {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        state.acting_provider(record)?;
        if self.amount == 0 {
            return Err(Rejection::ZeroAmount.into());
        }
        state.mobile_account(record)?.1.require(self.amount)?;
        events.push(Bonded {}.into());
        Ok(())
    }
}

impl Decide for Unbond {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (id, provider) = state.acting_provider(record)?;
        if self.amount == 0 {
            return Err(Rejection::ZeroAmount.into());
        }
        // Where others back the GPUs too, the bond could leave a fault to them.
        if state.params.stake_counts() != 0 {
            provider.require_settled()?;
        }
        let needed = provider.kept_bond(state.params.bond_per_gpu()) + u128::from(self.amount);
        let unbacked = needed.saturating_sub(state.backing(id));
        let short = unbacked.max(u128::from(self.amount).saturating_sub(provider.bond));
        if short > 0 {
            return Err(Rejection::BondTooSmall.needing(u64::try_from(short).unwrap_or(u64::MAX)));
        }
        events.push(state.unbonding(id, self.amount, record.time).into());
        Ok(())
    }
}

impl Fire for BondDue {
    fn stands(&self, state: &State, time: Time) -> bool {
        state.unbonding.entries.due(time).next().is_some()
    }

    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) {
        events.extend(state.unbonding.entries.due(record.time).map(|_| Event::from(Unbonded {})));
    }
}

impl State<'_> {
    /// When something that starts its way back now arrives.
    pub(crate) fn released(&self, now: Time) -> Time {
        now.saturating_add(self.params.bond_unbonding())
    }

    /// The start of `amount`'s way back.
    fn unbonding(&self, provider: ProviderId, amount: u64, now: Time) -> Unbonding {
        Unbonding { amount, release: self.released(now), provider, pad: 0 }
    }

    /// Starts the whole bond's way back, in pieces that fit a record.
    pub(crate) fn unbond_all(&self, provider: ProviderId, now: Time, events: &mut Vec<Event>) {
        let mut left = self.providers[provider.index()].bond;
        while left > 0 {
            let amount = u64::try_from(left).unwrap_or(u64::MAX);
            events.push(self.unbonding(provider, amount, now).into());
            left -= u128::from(amount);
        }
    }
}

// Apply

impl Apply for Bonded {
    fn apply(&self, state: &mut State, record: &Record) {
        let command = cause!(record, Command::Bond);
        let id = state.own_provider(record);
        state.transfer(Pot::Free(record.account()), Pot::Bond(id), command.amount);
    }

    fn follow(&self, state: &State, record: &Record, derived: &mut Derived) {
        derived.requote_all(state, state.own_provider(record));
    }
}

impl Apply for Unbonding {
    fn apply(&self, state: &mut State, _record: &Record) {
        state.transfer(Pot::Bond(self.provider), Pot::Unbonding, self.amount);
        state.unbonding.entries.push(self.release, *self);
    }

    fn follow(&self, _state: &State, _record: &Record, derived: &mut Derived) {
        derived.timers.set(self.release, Timer::BondDue(BondDue {}));
    }
}

impl Apply for Unbonded {
    fn apply(&self, state: &mut State, _record: &Record) {
        let entry = state.unbonding.entries.pop().expect("a bond is on its way back");
        let owner = state.providers[entry.provider.index()].owner;
        state.transfer(Pot::Unbonding, Pot::Free(owner), entry.amount);
    }
}

impl Apply for Slashed {
    fn apply(&self, state: &mut State, _record: &Record) {
        state.transfer(Pot::Bond(self.provider), Pot::Burned, self.burned);
        if self.reward > 0 {
            state.transfer(Pot::Bond(self.provider), Pot::Free(self.to), self.reward);
        }
    }

    fn follow(&self, state: &State, _record: &Record, derived: &mut Derived) {
        derived.requote_all(state, self.provider);
    }
}

// Invariants

/// The queue's entries add up to the pot and stand where they are released.
pub(crate) fn check(state: &State) -> Result<(), String> {
    let entries = &state.unbonding.entries;
    let sum: u128 = entries.iter().map(|entry| u128::from(entry.amount)).sum();
    if sum != state.ledger.unbonding {
        return Err(format!("the unbonding queue holds {sum} nano-XPL, the ledger says {}", state.ledger.unbonding));
    }
    if !entries.is_sound() || !entries.times().eq(entries.iter().map(|entry| entry.release)) {
        return Err("the unbonding queue is out of order".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::XPL;
    use crate::protocol::provider::Retire;
    use crate::testing::{Bench, names};
    use crate::time::HOUR;

    #[test]
    fn bonds_come_back_in_the_order_of_asking() {
        let mut bench = Bench::new(&[("bond.unbonding", HOUR), ("fee.base", 0)]);
        bench.provide(0, 1, XPL);
        bench.provide(1, 1, XPL);
        bench.by(1, Unbond { amount: 10 * XPL });
        let asked = bench.now;
        bench.by(0, Unbond { amount: 20 * XPL });
        assert_eq!(names(&bench.wait(HOUR - 2)), Vec::<&str>::new());
        assert_eq!(bench.wait(1), [Unbonded {}.into()]);
        assert_eq!(bench.free(1), u128::from(900_010 * XPL));
        assert_eq!(bench.free(0), u128::from(900_000 * XPL));
        assert_eq!(bench.now, asked + HOUR);
        bench.wait(1);
        assert_eq!(bench.free(0), u128::from(900_020 * XPL));
        assert_eq!(bench.bond(0), u128::from(99_980 * XPL));
    }

    #[test]
    fn the_bond_behind_offered_gpus_stays() {
        let mut bench = Bench::new(&[("bond.per_gpu", 2_000 * XPL)]);
        assert_eq!(bench.refused_by(0, Bond { amount: 1 }), Rejection::NotAProvider);
        bench.provide(0, 4, XPL);
        assert_eq!(bench.refused_by(0, Bond { amount: 0 }), Rejection::ZeroAmount);
        assert_eq!(bench.refused_by(0, Unbond { amount: 0 }), Rejection::ZeroAmount);
        assert_eq!(bench.refused_by(0, Bond { amount: 1_000_000 * XPL }), Rejection::InsufficientFunds);
        let Event::Refused(refused) = bench.by(0, Unbond { amount: 92_000 * XPL + 5 })[0] else { panic!("not refused") };
        assert_eq!((refused.reason(), refused.need), (Some(Rejection::BondTooSmall), 5));
        assert_eq!(names(&bench.by(0, Unbond { amount: 92_000 * XPL })), ["Unbonding"]);
        assert_eq!(names(&bench.by(0, Retire {})), ["Unbonding", "Retired"]);
        assert_eq!(bench.bond(0), 0);
    }

    #[test]
    fn a_cut_is_of_the_leased_gpus_bond_and_never_more_than_there_is() {
        let mut bench = Bench::new(&[("bond.per_gpu", 2_000 * XPL)]);
        bench.provide(0, 4, XPL);
        bench.engine.view(|state| {
            let cut = |gpus: u16, rate, to| state.slash(ProviderId(0), gpus, rate, to, 250_000_000, &[]).next();
            let slashed = |burned, reward, to| Some(Event::from(Slashed { burned, reward, provider: ProviderId(0), to }));
            assert_eq!(cut(2, 500_000_000, AccountId(3)), slashed(1_500 * XPL, 500 * XPL, AccountId(3)));
            assert_eq!(cut(2, 500_000_000, AccountId::NONE), slashed(2_000 * XPL, 0, AccountId::NONE));
            assert_eq!(cut(1_000, 1_000_000_000, AccountId::NONE), slashed(100_000 * XPL, 0, AccountId::NONE));
            assert_eq!(cut(4, 0, AccountId(3)), None);
        });
    }
}
