//! Sealed asks: towards the end of a batch that seals them, providers look whether anybody waits; towards the end of the next they
//! reveal what they sealed.
//!
//! Paid their own ask, they seal the one that they quote, mark-up and all. Paid the lowest that lost, they seal their avoidable
//! cost: with one offer nothing else is better (Vickrey 1961).

use super::super::Agents;
use super::super::queue::Kind;
use super::Phase;
use plasma_core::engine::state::State;
use plasma_core::ids::OfferId;
use plasma_core::params::payment;
use plasma_core::protocol::provider::Status;
use plasma_core::protocol::sealed::{RevealAsk, SealAsk, digest};
use plasma_core::record::Origin;
use plasma_core::time::{Span, Time};

/// What is left of a batch when providers act.
const fn margin(batch: Span) -> Span {
    batch / 10
}

impl Agents {
    /// Makes the first appointment of a market of sealed asks.
    pub(in super::super) fn expect_auction(&mut self, genesis: Time, batch: Span) {
        self.queue.push(genesis + batch - margin(batch), Kind::Seal, 0);
    }

    /// If anybody waits, whoever has idle GPUs seals an ask for them.
    pub(in super::super) fn seal(&mut self, view: &State, now: Time) {
        let batch = view.params.market_batch();
        self.queue.push(now + batch, Kind::Reveal, 0);
        if !view.jobs.iter().any(|job| job.is_queued()) {
            return;
        }
        for lender in 0..self.economy.lenders.len() {
            let active = self.on_ledger(view, lender).is_some_and(|provider| provider.status == Status::Active);
            if !active || self.rows.lenders[lender].phase != Phase::Online {
                continue;
            }
            let (first, offers) = (self.rows.lenders[lender].first_offer.0, self.rows.lenders[lender].offers);
            let quoted = view.offer(OfferId(first)).map(|offer| offer.ask);
            let ask = if view.params.market_payment() == payment::FIRST { quoted } else { self.cost(view, now, lender) };
            let idle = |&offer: &OfferId| view.offer(offer).is_some_and(|row| row.free > 0);
            let idle: Vec<OfferId> = (first..first + offers).map(OfferId).filter(idle).collect();
            let deposits = view.params.market_deposit().saturating_mul(idle.len() as u64);
            if let Some(ask) = ask.filter(|_| !idle.is_empty())
                && self.affords(view, now, lender, deposits)
            {
                self.rows.lenders[lender].sealed = ask;
                idle.into_iter().for_each(|offer| self.seal_one(view, now, lender, offer));
            }
        }
    }

    /// Buys what a provider lacks of so many nano-XPL beside its fees. False when that is not to be had.
    pub(in super::super) fn affords(&mut self, view: &State, now: Time, lender: usize, amount: u64) -> bool {
        let account = self.economy.account_of(lender);
        let short = amount.saturating_sub(Self::spendable(view, account));
        short == 0 || self.buy(view, now, account, short + 16 * view.base_fee())
    }

    fn seal_one(&mut self, view: &State, now: Time, lender: usize, offer: OfferId) {
        let row = &self.rows.lenders[lender];
        let digest = digest(row.provider, offer, row.sealed, &self.salt(offer, view.market.batch));
        self.send(now, Origin::Account(self.economy.account_of(lender)), SealAsk { digest, offer, pad: 0 });
    }

    /// Everybody reveals what they sealed in the batch before.
    pub(in super::super) fn reveal(&mut self, view: &State, now: Time) {
        self.queue.push(now + view.params.market_batch(), Kind::Seal, 0);
        let sealed = view.market.envelopes.iter().filter(|(_, envelope)| envelope.price == 0).map(|(&offer, _)| offer);
        for offer in sealed {
            let Some(lender) = self.lender_of_offer(offer) else { continue };
            if self.rows.lenders[lender].phase == Phase::Gone {
                continue;
            }
            let (price, salt) = (self.rows.lenders[lender].sealed, self.salt(offer, view.market.batch - 1));
            let origin = Origin::Account(self.economy.account_of(lender));
            self.send(now, origin, RevealAsk { price, salt, offer, pad: 0 });
        }
    }

    /// What hides an ask; its message is longer than a job's, whose trace root has the same key.
    fn salt(&self, offer: OfferId, batch: u64) -> [u8; 32] {
        let mut message = [0u8; 16];
        message[..4].copy_from_slice(&offer.0.to_le_bytes());
        message[4..12].copy_from_slice(&batch.to_le_bytes());
        *blake3::keyed_hash(&self.root_key, &message).as_bytes()
    }
}
