//! Offers: GPUs of one class, at one ask, by one provider. An ask lapses unless it is quoted again.

use crate::engine::derived::Derived;
use crate::engine::state::State;
use crate::ids::{ClassId, OfferId, ProviderId};
use crate::record::{Apply, Decide, Event, Fire, Record, Timer, cause, payload};
use crate::rejection::{Refusal, Rejection};
use crate::time::Time;
use bevy_ecs::prelude::Component;
use rkyv::{Archive, Deserialize, Serialize};

// Components

/// An offer's row, which no two cache lines share.
#[derive(Component, Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(32))]
pub struct Offer {
    /// Nano-XPL per reference GPU-second of the class.
    pub ask: u64,
    /// When the ask lapses unless quoted again.
    pub lapses_at: Time,
    /// Whose GPUs.
    pub provider: ProviderId,
    /// Leases on it that have not settled. Short jobs can outnumber the GPUs many times over before a beacon settles them.
    pub leases: u32,
    /// How many GPUs.
    pub gpus: u16,
    /// How many of them are idle.
    pub free: u16,
    /// Their class.
    pub class: ClassId,
    /// A [`Status`].
    pub status: Status,
    /// Zero.
    pub pad: u16,
}

/// Where an offer stands.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// Quoted.
    #[default]
    Open,
    /// Its ask is too old.
    Lapsed,
    /// Taken back for good.
    Withdrawn,
}

/// Most GPUs one offer can hold.
pub const MAX_GPUS: u16 = 1024;

payload! {
    /// Offers GPUs.
    pub struct PostOffer {
        /// Nano-XPL per reference GPU-second.
        pub ask: u64,
        /// How many GPUs, 1 to [`MAX_GPUS`].
        pub gpus: u16,
        /// Their class.
        pub class: ClassId,
        /// Zero.
        pub pad: [u8; 5],
    }

    /// Quotes an offer again, at the same ask or another.
    pub struct Requote {
        /// Nano-XPL per reference GPU-second.
        pub ask: u64,
        /// Which offer.
        pub offer: OfferId,
        /// Zero.
        pub pad: u32,
    }

    /// Takes an offer back for good.
    pub struct Withdraw {
        /// Which offer.
        pub offer: OfferId,
    }

    /// An ask may have become too old.
    pub struct AskLapse {
        /// Which offer.
        pub offer: OfferId,
    }

    /// GPUs were offered.
    pub struct OfferPosted {
        /// The offer's identifier.
        pub offer: OfferId,
    }

    /// The offer was quoted again.
    pub struct Requoted {}

    /// The offer was taken back.
    pub struct Withdrawn {}

    /// The ask was too old and left the book.
    pub struct Lapsed {}
}

impl Offer {
    /// Whether its GPUs count towards the bond its provider must hold.
    #[inline]
    pub fn counts(&self) -> bool {
        self.status != Status::Withdrawn
    }
}

// Decide

impl State<'_> {
    /// The offer of the provider that sent the command.
    ///
    /// # Errors
    /// As [`State::acting_provider`], and [`Rejection::UnknownOffer`].
    pub(crate) fn own_offer(&self, record: &Record, id: OfferId) -> Result<&Offer, Refusal> {
        let (provider, _) = self.acting_provider(record)?;
        let offer = self.offer(id).filter(|offer| offer.provider == provider && offer.counts());
        offer.ok_or_else(|| Rejection::UnknownOffer.into())
    }
}

impl Decide for PostOffer {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (id, provider) = state.acting_provider(record)?;
        if self.class.index() >= state.catalogue.classes.len() {
            return Err(Rejection::UnknownClass.into());
        }
        if self.gpus == 0 || self.gpus > MAX_GPUS {
            return Err(Rejection::BadGpuCount.into());
        }
        if self.ask == 0 {
            return Err(Rejection::BadPrice.into());
        }
        let per_gpu = state.params.bond_per_gpu();
        let needed = provider.required_bond(per_gpu) + u128::from(per_gpu) * u128::from(self.gpus);
        let short = needed.saturating_sub(state.backing(id));
        if short > 0 {
            return Err(Rejection::BondTooSmall.needing(u64::try_from(short).unwrap_or(u64::MAX)));
        }
        events.push(OfferPosted { offer: OfferId(state.population.offers) }.into());
        Ok(())
    }
}

impl Decide for Requote {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        state.own_offer(record, self.offer)?;
        if self.ask == 0 {
            return Err(Rejection::BadPrice.into());
        }
        events.push(Requoted {}.into());
        Ok(())
    }
}

impl Decide for Withdraw {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let offer = state.own_offer(record, self.offer)?;
        if offer.leases > 0 {
            return Err(Rejection::LeasesOpen.needing(u64::from(offer.leases)));
        }
        events.push(Withdrawn {}.into());
        Ok(())
    }
}

impl Fire for AskLapse {
    fn stands(&self, state: &State, time: Time) -> bool {
        state.offer(self.offer).is_some_and(|offer| offer.status == Status::Open && offer.lapses_at == time)
    }

    fn decide(&self, _state: &State, _record: &Record, events: &mut Vec<Event>) {
        events.push(Lapsed {}.into());
    }
}

// Apply

impl Apply for OfferPosted {
    fn apply(&self, state: &mut State, record: &Record) {
        assert_eq!(self.offer.0, state.population.offers, "offers are posted in order");
        let command = cause!(record, Command::PostOffer);
        let provider = state.own_provider(record);
        state.offers[self.offer.index()] = Offer {
            ask: command.ask,
            lapses_at: record.time.saturating_add(state.params.market_ask_ttl()),
            provider,
            gpus: command.gpus,
            free: command.gpus,
            class: command.class,
            ..Offer::default()
        };
        state.providers[provider.index()].gpus += u32::from(command.gpus);
        state.population.offers += 1;
    }

    fn follow(&self, state: &State, record: &Record, derived: &mut Derived) {
        derived.track_offer(state, self.offer);
        follow_quote(state, record, derived, self.offer);
    }
}

impl Apply for Requoted {
    fn apply(&self, state: &mut State, record: &Record) {
        let command = cause!(record, Command::Requote);
        let offer = &mut state.offers[command.offer.index()];
        offer.ask = command.ask;
        offer.lapses_at = record.time.saturating_add(state.params.market_ask_ttl());
        offer.status = Status::Open;
    }

    fn follow(&self, state: &State, record: &Record, derived: &mut Derived) {
        follow_quote(state, record, derived, cause!(record, Command::Requote).offer);
    }
}

fn follow_quote(state: &State, _record: &Record, derived: &mut Derived, id: OfferId) {
    derived.timers.set(state.offers[id.index()].lapses_at, Timer::AskLapse(AskLapse { offer: id }));
    derived.requote(state, id);
}

impl Apply for Withdrawn {
    fn apply(&self, state: &mut State, record: &Record) {
        let command = cause!(record, Command::Withdraw);
        let offer = &mut state.offers[command.offer.index()];
        offer.status = Status::Withdrawn;
        state.providers[offer.provider.index()].gpus -= u32::from(offer.gpus);
    }

    fn follow(&self, state: &State, record: &Record, derived: &mut Derived) {
        // With fewer GPUs to answer for, the bond may suffice again for the provider's other offers.
        derived.requote_all(state, state.own_provider(record));
    }
}

impl Apply for Lapsed {
    fn apply(&self, state: &mut State, record: &Record) {
        let timer = cause!(record, Timer::AskLapse);
        state.offers[timer.offer.index()].status = Status::Lapsed;
    }

    fn follow(&self, state: &State, record: &Record, derived: &mut Derived) {
        derived.requote(state, cause!(record, Timer::AskLapse).offer);
    }
}

// Invariants

/// Idle and leased GPUs make up the offer, which is of legal size and price, and open leases are counted.
pub(crate) fn check(state: &State) -> Result<(), String> {
    let mut busy = vec![0u32; state.offers().len()];
    let mut leases = vec![0u32; state.offers().len()];
    for lease in state.leases.iter() {
        leases[lease.offer.index()] += 1;
        if lease.occupies() {
            busy[lease.offer.index()] += u32::from(lease.gpus);
        }
    }
    for (i, offer) in state.offers().iter().enumerate() {
        if offer.ask == 0 || offer.gpus == 0 || offer.gpus > MAX_GPUS {
            return Err(format!("offer {i} asks {} for each of {} GPUs", offer.ask, offer.gpus));
        }
        if u32::from(offer.free) + busy[i] != u32::from(offer.gpus) || offer.leases != leases[i] {
            return Err(format!(
                "offer {i}: {} idle and {} busy of {} GPUs, {} leases counted of {}",
                offer.free, busy[i], offer.gpus, offer.leases, leases[i]
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::XPL;
    use crate::protocol::bond::{Bond, Slashed};
    use crate::protocol::job::Submit;
    use crate::protocol::provider::Retire;
    use crate::testing::{Bench, hour_job, leased, names};
    use crate::time::{DAY, HOUR};

    fn post(ask: u64, gpus: u16, class: u8) -> PostOffer {
        PostOffer { ask, gpus, class: ClassId(class), pad: [0; 5] }
    }

    #[test]
    fn every_fault_of_an_offer_has_its_reason() {
        let mut bench = Bench::new(&[("bond.per_gpu", 2_000 * XPL)]);
        assert_eq!(bench.refused_by(0, post(1, 1, 0)), Rejection::NotAProvider);
        bench.provide(0, 49, XPL);
        assert_eq!(bench.refused_by(0, post(1, 1, 2)), Rejection::UnknownClass);
        assert_eq!(bench.refused_by(0, post(1, 0, 0)), Rejection::BadGpuCount);
        assert_eq!(bench.refused_by(0, post(1, 1025, 0)), Rejection::BadGpuCount);
        assert_eq!(bench.refused_by(0, post(0, 1, 0)), Rejection::BadPrice);
        let Event::Refused(refused) = bench.by(0, post(1, 2, 0))[0] else { panic!("not refused") };
        assert_eq!((refused.reason(), refused.need), (Some(Rejection::BondTooSmall), 2_000 * XPL));
        assert_eq!(bench.by(0, post(1, 1, 0)), [OfferPosted { offer: OfferId(1) }.into()]);
        bench.provide(1, 1, XPL);
        let requote = |ask, offer| Requote { ask, offer: OfferId(offer), pad: 0 };
        assert_eq!(bench.refused_by(1, requote(1, 0)), Rejection::UnknownOffer);
        assert_eq!(bench.refused_by(1, requote(0, 2)), Rejection::BadPrice);
        assert_eq!(bench.refused_by(1, Withdraw { offer: OfferId(0) }), Rejection::UnknownOffer);
        bench.by(1, Withdraw { offer: OfferId(2) });
        assert_eq!(bench.refused_by(1, requote(1, 2)), Rejection::UnknownOffer);
    }

    #[test]
    fn an_ask_lapses_unless_quoted_again_and_returns_when_it_is() {
        let mut bench = Bench::new(&[("market.ask_ttl", 10 * HOUR), ("emission.start", DAY)]);
        bench.provide(0, 1, XPL);
        let requote = Requote { ask: XPL, offer: OfferId(0), pad: 0 };
        bench.wait(9 * HOUR);
        bench.by(0, requote);
        assert!(bench.wait(10 * HOUR - 1).is_empty());
        assert_eq!(names(&bench.wait(1)), ["Lapsed"]);
        let submit = hour_job(bench.now);
        assert_eq!(names(&bench.by(2, submit)), ["Submitted", "Queued"]);
        assert_eq!(names(&bench.by(0, requote)), ["Requoted", "Leased"]);
    }

    #[test]
    fn an_offer_with_open_leases_stays() {
        let mut bench = Bench::new(&[]);
        bench.provide(0, 1, XPL);
        let submit = hour_job(bench.now);
        let (lease, ..) = leased(&bench.by(2, submit)).expect("a lease");
        assert_eq!(bench.refused_by(0, Withdraw { offer: OfferId(0) }), Rejection::LeasesOpen);
        assert_eq!(bench.refused_by(0, Retire {}), Rejection::LeasesOpen);
        bench.commit(0, lease);
        assert_eq!(names(&bench.by(0, Withdraw { offer: OfferId(0) })), ["Withdrawn"]);
    }

    #[test]
    fn withdrawing_one_offer_brings_back_another_that_the_bond_now_covers() {
        let set = [("bond.per_gpu", 2_000 * XPL), ("slash.missed", 1_000_000_000), ("market.lease_grace", 0)];
        let mut bench = Bench::new(&set);
        bench.provide(0, 25, XPL);
        assert_eq!(names(&bench.by(0, post(2 * XPL, 25, 0))), ["OfferPosted"]);
        let submit = Submit { finish_by: bench.now + HOUR + 1, start_by: bench.now, ..hour_job(bench.now) };
        bench.by(2, submit);
        // The slash leaves the bond short of fifty GPUs, and both offers leave the book.
        let events = bench.wait(HOUR + 1);
        assert!(events.iter().any(|event| matches!(event, Event::Slashed(Slashed { burned, .. }) if *burned == 2_000 * XPL)));
        let submit = hour_job(bench.now);
        assert_eq!(names(&bench.by(2, submit)), ["Submitted", "Queued"]);
        let events = bench.by(0, Withdraw { offer: OfferId(0) });
        assert_eq!(leased(&events).map(|(_, _, offer, _)| offer), Some(OfferId(1)));
        // A larger bond would have done as well.
        assert_eq!(names(&bench.by(0, Bond { amount: XPL })), ["Bonded"]);
    }
}
