//! Providers: those who lend GPUs, and when they may.

use crate::engine::derived::Derived;
use crate::engine::state::State;
use crate::ids::{AccountId, ProviderId};
use crate::record::{Apply, Decide, Event, Record, cause, payload};
use crate::rejection::{Refusal, Rejection};
use crate::time::Time;
use bevy_ecs::prelude::Component;
use rkyv::{Archive, Deserialize, Serialize};

// Components

/// A provider's row. A row is a cache line: nearly every record reads one, among more than are at hand.
#[derive(Component, Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Provider {
    /// Bond in nano-XPL.
    pub bond: u128,
    /// Class-weighted milli-GPU-seconds settled in the running epoch: the weight in provider emission.
    pub work: u64,
    /// When jail ends.
    pub jailed_until: Time,
    /// The account that owns it.
    pub owner: AccountId,
    /// GPUs in its offers.
    pub gpus: u32,
    /// Leases not yet settled.
    pub leases: u32,
    /// GPUs of the leases of others for whose check it answers: see [`Lease::answers`](crate::protocol::lease::Lease::answers).
    pub checked: u32,
    /// Deadlines and checks missed since jail last ended.
    pub strikes: u16,
    /// Region: its place in the host's list; the protocol only carries it.
    pub region: u8,
    /// A [`Status`].
    pub status: Status,
}

/// Where a provider stands.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// Its offers are in the book.
    #[default]
    Active,
    /// It finishes what it has and takes nothing new.
    Draining,
    /// It fell silent and lost its place in the book until it resumes.
    Suspended,
    /// It missed too many deadlines and must wait.
    Jailed,
    /// It is gone, its bond on its way back.
    Retired,
}

impl Status {
    /// The word used in files and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Status::Active => "active",
            Status::Draining => "draining",
            Status::Suspended => "suspended",
            Status::Jailed => "jailed",
            Status::Retired => "retired",
        }
    }
}

payload! {
    /// Makes the account a provider.
    pub struct Register {
        /// Where its GPUs stand.
        pub region: u8,
    }

    /// Takes no more leases.
    pub struct Drain {}

    /// Returns to the book after draining, silence or jail.
    pub struct Resume {}

    /// Leaves for good; the bond starts its way back.
    pub struct Retire {}

    /// Reports that a provider no longer answers. Sent by the host; costs the place in the book, never stake.
    pub struct WentSilent {
        /// Who.
        pub provider: ProviderId,
    }

    /// A provider was registered.
    pub struct Registered {
        /// Its identifier.
        pub provider: ProviderId,
    }

    /// It is draining.
    pub struct Drained {}

    /// It is back in the book.
    pub struct Resumed {}

    /// It has retired.
    pub struct Retired {}

    /// It was suspended for silence.
    pub struct Silenced {}

    /// It was jailed for missed deadlines.
    pub struct Jailed {
        /// When jail ends.
        pub until: Time,
        /// Who.
        pub provider: ProviderId,
        /// Zero.
        pub pad: u32,
    }
}

impl Provider {
    /// Bond that its offered GPUs require, in nano-XPL.
    #[inline]
    pub fn required_bond(&self, per_gpu: u64) -> u128 {
        u128::from(per_gpu) * u128::from(self.gpus)
    }

    /// Bond that it cannot ask back, in nano-XPL: what its offered GPUs require, and what its checks may cost.
    pub fn kept_bond(&self, per_gpu: u64) -> u128 {
        u128::from(per_gpu) * (u128::from(self.gpus) + u128::from(self.checked))
    }

    /// Refuses while a fault could still come of its leases or checks.
    ///
    /// # Errors
    /// [`Rejection::LeasesOpen`] or [`Rejection::ChecksOpen`].
    pub(crate) fn require_settled(&self) -> Result<(), Refusal> {
        if self.leases > 0 {
            return Err(Rejection::LeasesOpen.needing(u64::from(self.leases)));
        }
        if self.checked > 0 { Err(Rejection::ChecksOpen.needing(u64::from(self.checked))) } else { Ok(()) }
    }
}

// Decide

impl State<'_> {
    /// The provider that sent the command.
    ///
    /// # Errors
    /// As [`State::mobile_account`], and [`Rejection::NotAProvider`] or [`Rejection::ProviderRetired`].
    pub(crate) fn acting_provider(&self, record: &Record) -> Result<(ProviderId, &Provider), Refusal> {
        let (_, account) = self.mobile_account(record)?;
        let provider = self.provider(account.provider).ok_or(Rejection::NotAProvider)?;
        if provider.status == Status::Retired {
            return Err(Rejection::ProviderRetired.into());
        }
        Ok((account.provider, provider))
    }

    /// The provider that the record's account owns, for events that follow from its own command.
    pub(crate) fn own_provider(&self, record: &Record) -> ProviderId {
        self.accounts[record.account().index()].provider
    }
}

impl Decide for Register {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (_, account) = state.mobile_account(record)?;
        if account.provider.is_some() {
            return Err(Rejection::AlreadyProvider.into());
        }
        events.push(Registered { provider: ProviderId(state.population.providers) }.into());
        Ok(())
    }
}

impl Decide for Drain {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (_, provider) = state.acting_provider(record)?;
        if provider.status != Status::Active {
            return Err(Rejection::ProviderInactive.into());
        }
        events.push(Drained {}.into());
        Ok(())
    }
}

impl Decide for Resume {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (_, provider) = state.acting_provider(record)?;
        if provider.status == Status::Jailed && record.time < provider.jailed_until {
            return Err(Rejection::StillJailed.needing(provider.jailed_until - record.time));
        }
        events.push(Resumed {}.into());
        Ok(())
    }
}

impl Decide for Retire {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (id, provider) = state.acting_provider(record)?;
        provider.require_settled()?;
        state.unbond_all(id, record.time, events);
        events.push(Retired {}.into());
        Ok(())
    }
}

impl Decide for WentSilent {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        record.require_host()?;
        let provider = state.provider(self.provider).ok_or(Rejection::NotAProvider)?;
        if matches!(provider.status, Status::Active | Status::Draining) {
            events.push(Silenced {}.into());
        }
        Ok(())
    }
}

/// [`Jailed`], if one of these further strikes is the last allowed.
pub(crate) fn jail_after(state: &State, id: ProviderId, strikes: u32, now: Time) -> Option<Jailed> {
    let provider = state.provider(id)?;
    let struck_out = u64::from(provider.strikes) + u64::from(strikes) >= state.params.jail_after();
    let until = now.saturating_add(state.params.jail_time());
    (struck_out && provider.status != Status::Retired).then_some(Jailed { until, provider: id, pad: 0 })
}

// Apply

impl Apply for Registered {
    fn apply(&self, state: &mut State, record: &Record) {
        assert_eq!(self.provider.0, state.population.providers, "providers register in order");
        let command = cause!(record, Command::Register);
        let owner = record.account();
        state.providers[self.provider.index()] = Provider { owner, region: command.region, ..Provider::default() };
        state.accounts[owner.index()].provider = self.provider;
        state.population.providers += 1;
    }
}

impl Apply for Drained {
    fn apply(&self, state: &mut State, record: &Record) {
        let id = state.own_provider(record);
        state.providers[id.index()].status = Status::Draining;
    }

    fn follow(&self, state: &State, record: &Record, derived: &mut Derived) {
        derived.requote_all(state, state.own_provider(record));
    }
}

impl Apply for Resumed {
    fn apply(&self, state: &mut State, record: &Record) {
        let id = state.own_provider(record);
        let provider = &mut state.providers[id.index()];
        if provider.status == Status::Jailed {
            provider.strikes = 0;
        }
        provider.status = Status::Active;
    }

    fn follow(&self, state: &State, record: &Record, derived: &mut Derived) {
        derived.requote_all(state, state.own_provider(record));
    }
}

impl Apply for Retired {
    fn apply(&self, state: &mut State, record: &Record) {
        let id = state.own_provider(record);
        let provider = &mut state.providers[id.index()];
        provider.status = Status::Retired;
        provider.gpus = 0;
    }

    fn follow(&self, state: &State, record: &Record, derived: &mut Derived) {
        derived.requote_all(state, state.own_provider(record));
    }
}

impl Apply for Silenced {
    fn apply(&self, state: &mut State, record: &Record) {
        let command = cause!(record, Command::WentSilent);
        state.providers[command.provider.index()].status = Status::Suspended;
    }

    fn follow(&self, state: &State, record: &Record, derived: &mut Derived) {
        derived.requote_all(state, cause!(record, Command::WentSilent).provider);
    }
}

impl Apply for Jailed {
    fn apply(&self, state: &mut State, _record: &Record) {
        let provider = &mut state.providers[self.provider.index()];
        provider.status = Status::Jailed;
        provider.jailed_until = self.until;
    }

    fn follow(&self, state: &State, _record: &Record, derived: &mut Derived) {
        derived.requote_all(state, self.provider);
    }
}

// Invariants

/// A provider's counts are those of its open leases and checks and of its live offers.
pub(crate) fn check(state: &State) -> Result<(), String> {
    let mut leases = vec![0u32; state.providers().len()];
    let (mut gpus, mut checked) = (leases.clone(), leases.clone());
    for lease in state.leases.iter() {
        leases[state.offers[lease.offer.index()].provider.index()] += 1;
        if let Some(checked) = lease.answers().and_then(|checker| checked.get_mut(checker.index())) {
            *checked += u32::from(lease.gpus);
        }
    }
    for offer in state.offers() {
        if offer.counts() {
            gpus[offer.provider.index()] += u32::from(offer.gpus);
        }
    }
    for (i, provider) in state.providers().iter().enumerate() {
        if provider.leases != leases[i] {
            return Err(format!("provider {i} counts {} open leases of {}", provider.leases, leases[i]));
        }
        if provider.checked != checked[i] {
            return Err(format!("provider {i} counts {} GPUs whose work it checks of {}", provider.checked, checked[i]));
        }
        if provider.status != Status::Retired && provider.gpus != gpus[i] {
            return Err(format!("provider {i} counts {} offered GPUs of {}", provider.gpus, gpus[i]));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::OfferId;
    use crate::money::XPL;
    use crate::protocol::job::Submit;
    use crate::record::{Event, Origin};
    use crate::testing::{Bench, hour_job, names};
    use crate::time::{DAY, HOUR};

    #[test]
    fn an_account_registers_once_and_for_good() {
        let mut bench = Bench::new(&[]);
        assert_eq!(bench.refused(Origin::Host, Register { region: 0 }), Rejection::NotPermitted);
        assert_eq!(bench.refused_by(0, Drain {}), Rejection::NotAProvider);
        bench.provide(0, 1, XPL);
        assert_eq!(bench.refused_by(0, Register { region: 0 }), Rejection::AlreadyProvider);
        assert_eq!(names(&bench.by(0, Retire {})), ["Unbonding", "Retired"]);
        assert_eq!(bench.refused_by(0, Register { region: 0 }), Rejection::AlreadyProvider);
        assert_eq!(bench.refused_by(0, Resume {}), Rejection::ProviderRetired);
        let submit = hour_job(bench.now);
        assert_eq!(names(&bench.by(2, submit)), ["Submitted", "Queued"]);
    }

    #[test]
    fn the_draining_and_the_silent_take_no_leases_until_they_resume() {
        let mut bench = Bench::new(&[]);
        bench.provide(0, 2, XPL);
        let silent = WentSilent { provider: ProviderId(0) };
        assert_eq!(bench.refused_by(1, silent), Rejection::NotPermitted);
        assert_eq!(bench.refused(Origin::Host, WentSilent { provider: ProviderId(7) }), Rejection::NotAProvider);
        for leave in [Drain {}.into(), silent.into()] {
            let origin =
                if matches!(leave, crate::record::Command::Drain(_)) { Origin::Account(AccountId(0)) } else { Origin::Host };
            bench.send(origin, leave);
            assert_eq!(bench.refused_by(0, Drain {}), Rejection::ProviderInactive);
            let submit = hour_job(bench.now);
            assert_eq!(names(&bench.by(2, submit)), ["Submitted", "Queued"]);
            assert_eq!(names(&bench.by(0, Resume {})), ["Resumed", "Leased"]);
        }
        bench.engine.view(|state| assert_eq!(state.providers()[0].bond, u128::from(100_000 * XPL)));
    }

    #[test]
    fn the_last_strike_jails_and_jail_wipes_strikes() {
        let set = [
            ("jail.after", 2),
            ("jail.time", DAY),
            ("market.lease_grace", 0),
            ("market.retries", 0),
            ("emission.start", 9 * DAY),
        ];
        let mut bench = Bench::new(&set);
        bench.provide(0, 1, XPL);
        let mut miss = || {
            let submit = Submit { start_by: bench.now, finish_by: bench.now + HOUR + 1, ..hour_job(bench.now) };
            assert_eq!(names(&bench.by(2, submit)), ["Submitted", "Leased"]);
            bench.wait(HOUR + 1)
        };
        assert_eq!(names(&miss()), ["Missed", "Slashed", "Failed"]);
        let events = miss();
        assert_eq!(names(&events), ["Missed", "Slashed", "Jailed", "Failed"]);
        let Event::Jailed(jailed) = events[2] else { unreachable!() };
        // The wait ended a millisecond after the deadline.
        assert_eq!(jailed.until, bench.now - 1 + DAY);
        assert_eq!(bench.refused_by(0, Resume {}), Rejection::StillJailed);
        bench.wait(jailed.until - bench.now);
        assert_eq!(names(&bench.by(0, Resume {})), ["Resumed"]);
        bench.engine.view(|state| {
            let provider = &state.providers()[0];
            assert_eq!((provider.strikes, provider.status), (0, Status::Active));
            assert!(state.offer(OfferId(0)).is_some());
        });
    }
}
