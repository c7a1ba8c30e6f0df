//! Sealed asks: committed to in one batch, revealed in the next, so that nobody asks by what others ask.
//!
//! A sealed ask carries a deposit, which comes back when the ask is revealed and is burned when it is not: nobody gains by another's
//! silence. An ask is for one auction. The ask that the offer is posted with is a sign at the door and binds nobody.

use crate::engine::ledger::Pot;
use crate::engine::state::State;
use crate::ids::{OfferId, ProviderId};
use crate::params::mechanism;
use crate::record::{Apply, Decide, Event, Record, cause, payload};
use crate::rejection::{Refusal, Rejection};
use rkyv::{Archive, Deserialize, Serialize};

// Components

/// A sealed ask.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// See [`digest`].
    pub digest: [u8; 32],
    /// Nano-XPL that come back when it is revealed; zero once it is.
    pub deposit: u64,
    /// What was revealed, in nano-XPL per reference GPU-second; zero until then.
    pub price: u64,
}

payload! {
    /// Commits to an ask for the next auction, or to another instead.
    pub struct SealAsk {
        /// See [`digest`].
        pub digest: [u8; 32],
        /// For which offer.
        pub offer: OfferId,
        /// Zero.
        pub pad: u32,
    }

    /// Reveals a sealed ask.
    pub struct RevealAsk {
        /// Nano-XPL per reference GPU-second.
        pub price: u64,
        /// What hid it.
        pub salt: [u8; 32],
        /// For which offer.
        pub offer: OfferId,
        /// Zero.
        pub pad: u32,
    }

    /// An ask was sealed.
    pub struct AskSealed {
        /// Nano-XPL added to its deposit.
        pub deposit: u64,
    }

    /// A sealed ask was revealed and takes part.
    pub struct AskRevealed {
        /// Nano-XPL that came back.
        pub deposit: u64,
    }

    /// A sealed ask was not revealed, and its deposit burned.
    pub struct AskForfeited {
        /// Nano-XPL.
        pub deposit: u64,
        /// Of which offer.
        pub offer: OfferId,
        /// Zero.
        pub pad: u32,
    }
}

/// BLAKE3(domain, provider, offer, price, salt): tells nothing of the price, and is worthless to whoever copies it.
pub fn digest(provider: ProviderId, offer: OfferId, price: u64, salt: &[u8; 32]) -> [u8; 32] {
    const DOMAIN: &[u8; 16] = b"xpl/v1/sealed\0\0\0";
    let mut message = [0u8; 64];
    message[..16].copy_from_slice(DOMAIN);
    message[16..20].copy_from_slice(&provider.0.to_le_bytes());
    message[20..24].copy_from_slice(&offer.0.to_le_bytes());
    message[24..32].copy_from_slice(&price.to_le_bytes());
    message[32..].copy_from_slice(salt);
    *blake3::hash(&message).as_bytes()
}

// Decide

/// Whether it is time to reveal asks, or to seal them.
fn in_phase(state: &State, record: &Record, revealing: bool) -> Result<(), Refusal> {
    if state.params.market_mechanism() != mechanism::SEALED {
        return Err(Rejection::NoSealedAsks.into());
    }
    if state.market.revealing() != revealing {
        return Err(Rejection::WrongPhase.needing(state.market.closes_at - record.time));
    }
    Ok(())
}

impl Decide for SealAsk {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        state.own_offer(record, self.offer)?;
        in_phase(state, record, false)?;
        let held = state.market.envelopes.get(&self.offer).map_or(0, |envelope| envelope.deposit);
        let deposit = state.params.market_deposit().saturating_sub(held);
        state.mobile_account(record)?.1.require(deposit)?;
        events.push(AskSealed { deposit }.into());
        Ok(())
    }
}

impl Decide for RevealAsk {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let offer = state.own_offer(record, self.offer)?;
        in_phase(state, record, true)?;
        let envelope = state.market.envelopes.get(&self.offer).filter(|envelope| envelope.price == 0);
        let envelope = envelope.ok_or(Rejection::NothingSealed)?;
        if self.price == 0 {
            return Err(Rejection::BadPrice.into());
        }
        if digest(offer.provider, self.offer, self.price, &self.salt) != envelope.digest {
            return Err(Rejection::BadOpening.into());
        }
        events.push(AskRevealed { deposit: envelope.deposit }.into());
        Ok(())
    }
}

/// Burns the deposits of the asks that were not revealed.
pub(crate) fn forfeit(state: &State, events: &mut Vec<Event>) {
    let unrevealed = state.market.envelopes.iter().filter(|(_, envelope)| envelope.price == 0);
    events.extend(unrevealed.map(|(&offer, envelope)| Event::from(AskForfeited { deposit: envelope.deposit, offer, pad: 0 })));
}

/// What was revealed for an offer.
pub(crate) fn revealed(state: &State, offer: OfferId) -> Option<u64> {
    state.market.envelopes.get(&offer).map(|envelope| envelope.price).filter(|&price| price > 0)
}

// Apply

impl Apply for AskSealed {
    fn apply(&self, state: &mut State, record: &Record) {
        let command = cause!(record, Command::SealAsk);
        state.transfer(Pot::Free(record.account()), Pot::Sealed, self.deposit);
        let envelope = state.market.envelopes.entry(command.offer).or_default();
        (envelope.digest, envelope.deposit) = (command.digest, envelope.deposit + self.deposit);
    }
}

impl Apply for AskRevealed {
    fn apply(&self, state: &mut State, record: &Record) {
        let command = cause!(record, Command::RevealAsk);
        state.transfer(Pot::Sealed, Pot::Free(record.account()), self.deposit);
        let envelope = state.market.envelopes.get_mut(&command.offer).expect("a sealed ask");
        (envelope.price, envelope.deposit) = (command.price, 0);
    }
}

impl Apply for AskForfeited {
    fn apply(&self, state: &mut State, _record: &Record) {
        state.transfer(Pot::Sealed, Pot::Burned, self.deposit);
        state.market.envelopes.remove(&self.offer);
    }
}

// Invariants

/// The deposits are those of the unrevealed asks.
pub(crate) fn check(state: &State) -> Result<(), String> {
    let envelopes = &state.market.envelopes;
    let sum: u128 = envelopes.values().map(|envelope| u128::from(envelope.deposit)).sum();
    if sum != state.ledger.sealed {
        return Err(format!("sealed asks have deposits of {sum} nano-XPL, the ledger says {}", state.ledger.sealed));
    }
    match envelopes.iter().find(|(_, envelope)| envelope.price > 0 && envelope.deposit > 0) {
        Some((offer, _)) => Err(format!("the ask of {offer} is revealed and holds a deposit")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ClassId;
    use crate::money::XPL;
    use crate::params::payment;
    use crate::protocol::offer::PostOffer;
    use crate::testing::{Bench, hour_job, leased, names};
    use crate::time::MINUTE;

    const SALT: [u8; 32] = [9; 32];

    fn market(rule: u64) -> Bench {
        let sealed = ("market.mechanism", mechanism::SEALED);
        let mut bench = Bench::new(&[sealed, ("market.payment", rule), ("fee.base", 0), ("market.batch", MINUTE)]);
        for account in 0..3 {
            bench.provide(account, 1, XPL);
        }
        bench
    }

    fn seal(account: u32, price: u64) -> SealAsk {
        let digest = digest(ProviderId(account), OfferId(account), price, &SALT);
        SealAsk { digest, offer: OfferId(account), pad: 0 }
    }

    fn reveal(account: u32, price: u64) -> RevealAsk {
        RevealAsk { price, salt: SALT, offer: OfferId(account), pad: 0 }
    }

    #[test]
    fn an_auction_seals_reveals_and_pays_the_lowest_losing_ask() {
        for (rule, paid) in [(payment::FIRST, 3_600), (payment::SECOND, 7_200)] {
            let mut bench = market(rule);
            let submit = hour_job(bench.now);
            assert_eq!(names(&bench.by(3, submit)), ["Submitted", "Queued"]);
            for (account, ask) in [(0, 2), (1, 1), (2, 9)] {
                assert_eq!(names(&bench.by(account, seal(account, ask * XPL))), ["AskSealed"]);
            }
            let before = bench.free(1);
            assert_eq!(names(&bench.wait(MINUTE)), ["BatchClosed"]);
            // A job that comes now could have seen what was revealed.
            let late = hour_job(bench.now);
            assert_eq!(names(&bench.by(3, late)), ["Submitted", "Queued"]);
            for (account, ask) in [(0, 2), (1, 1), (2, 9)] {
                assert_eq!(bench.by(account, reveal(account, ask * XPL)), [AskRevealed { deposit: XPL }.into()]);
            }
            assert_eq!(bench.free(1), before + u128::from(XPL));
            let events = bench.wait(MINUTE);
            assert_eq!(names(&events), ["BatchClosed", "Leased", "ClassCleared", "BatchCleared"]);
            let (_, job, offer, price) = leased(&events).expect("a lease");
            assert_eq!((job.serial(), offer, price), (1, OfferId(1), paid * XPL));
        }
    }

    #[test]
    fn an_unrevealed_ask_loses_its_deposit_and_its_place() {
        let mut bench = market(payment::SECOND);
        let submit = hour_job(bench.now);
        bench.by(3, submit);
        bench.by(0, seal(0, XPL));
        let another = AskSealed { deposit: 0 };
        assert_eq!(bench.by(0, seal(0, 2 * XPL)), [another.into()]);
        let burned = bench.engine.view(|state| state.ledger.burned);
        bench.wait(MINUTE);
        let forfeited = AskForfeited { deposit: XPL, offer: OfferId(0), pad: 0 };
        let events = bench.wait(MINUTE);
        assert_eq!(names(&events), ["BatchClosed", "AskForfeited", "BatchCleared"]);
        assert_eq!(events[1], forfeited.into());
        assert_eq!(bench.engine.view(|state| state.ledger.burned), burned + u128::from(XPL));
    }

    #[test]
    fn every_fault_of_a_sealed_ask_has_its_reason() {
        let mut bench = market(payment::SECOND);
        assert_eq!(bench.refused_by(1, seal(0, XPL)), Rejection::UnknownOffer);
        assert_eq!(bench.refused_by(0, reveal(0, XPL)), Rejection::WrongPhase);
        bench.by(0, seal(0, XPL));
        // What was copied from another opens for nobody else.
        bench.by(1, SealAsk { offer: OfferId(1), ..seal(0, XPL) });
        bench.wait(MINUTE);
        assert_eq!(bench.refused_by(0, seal(0, XPL)), Rejection::WrongPhase);
        assert_eq!(bench.refused_by(2, reveal(2, XPL)), Rejection::NothingSealed);
        assert_eq!(bench.refused_by(0, reveal(0, 0)), Rejection::BadPrice);
        assert_eq!(bench.refused_by(0, reveal(0, 2 * XPL)), Rejection::BadOpening);
        assert_eq!(bench.refused_by(1, reveal(1, XPL)), Rejection::BadOpening);
        assert_eq!(names(&bench.by(0, reveal(0, XPL))), ["AskRevealed"]);
        assert_eq!(bench.refused_by(0, reveal(0, XPL)), Rejection::NothingSealed);
        let mut posted = Bench::new(&[]);
        posted.provide(0, 1, XPL);
        assert_eq!(posted.refused_by(0, seal(0, XPL)), Rejection::NoSealedAsks);
    }

    #[test]
    fn a_deposit_must_be_paid_for() {
        let mut bench = Bench::new(&[("market.mechanism", mechanism::SEALED), ("market.deposit", 1_000_000 * XPL)]);
        bench.provide(0, 1, XPL);
        bench.by(0, PostOffer { ask: XPL, gpus: 1, class: ClassId(1), pad: [0; 5] });
        assert_eq!(bench.refused_by(0, seal(0, XPL)), Rejection::InsufficientFunds);
    }
}
