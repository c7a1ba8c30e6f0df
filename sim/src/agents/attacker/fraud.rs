//! Fraud: what results are worth that nobody computed.
//!
//! One that stands is paid like any other and earns emission like any other; one that is found is not paid, and costs what the
//! rules of slashing take. Either way the machine was free meanwhile, worth the D of [`super::opportunist`]. Two sums are told
//! apart, against not having taken the leases at all, and against having computed them:
//!
//! > profit = pay and emission of what stood + Σ D − what was taken
//! >
//! > premium = Σ D − what was taken − pay and emission of what was found
//!
//! The premium of a lease is D − p · (R + S) on average (Becker 1968), so that it is above zero exactly where cheating pays.
//! Dollars are at the oracle's price of the moment; what happens while there is none is left out. Only who lied knows which
//! results these are.

use crate::agents::Agents;
use crate::agents::provider::ask::kept;
use crate::economy::Economy;
use crate::economy::attackers::Plan;
use plasma_core::engine::state::State;
use plasma_core::ids::{LeaseId, ProviderId};
use plasma_core::money::XPL;
use plasma_core::protocol::emission::Rewarded;
use plasma_core::protocol::market::Leased;
use plasma_core::protocol::settlement::Settled;
use plasma_core::protocol::verification::copies::Comparison;
use plasma_core::protocol::verification::panel::Outcome;
use plasma_core::record::{Cause, Command, Event, Record};
use plasma_core::time::{HOUR, Time};
use rkyv::{Archive, Deserialize, Serialize};

/// Results that nobody computed, and what came of them; amounts in micro-USD.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fraud {
    /// Leases whose provider did not mean to compute.
    pub attempted: u64,
    /// Results that were paid.
    pub stood: u64,
    /// Results that were found wrong.
    pub found: u64,
    /// Paid for those that stood, fees deducted.
    pub paid: u128,
    /// Emission for their work.
    pub emitted: u128,
    /// D: what the machines were worth meanwhile.
    pub freed: u128,
    /// Taken of bonds and of earnings held back for those that were found.
    pub taken: u128,
    /// What those would have been paid, with the emission that was expected for their work.
    pub refused: u128,
}

impl Fraud {
    /// What it made.
    pub const fn profit(&self) -> i128 {
        (self.paid + self.emitted + self.freed) as i128 - self.taken as i128
    }

    /// What it made beyond computing the same leases.
    pub const fn premium(&self) -> i128 {
        self.freed as i128 - (self.taken + self.refused) as i128
    }

    fn add(&mut self, other: &Self) {
        let Self { attempted, stood, found, paid, emitted, freed, taken, refused } = other;
        (self.attempted, self.stood, self.found) = (self.attempted + attempted, self.stood + stood, self.found + found);
        (self.paid, self.emitted, self.freed) = (self.paid + paid, self.emitted + emitted, self.freed + freed);
        (self.taken, self.refused) = (self.taken + taken, self.refused + refused);
    }
}

/// Share of the time that it is freed for in which a provider's machine is let elsewhere.
pub(in crate::agents) fn elsewhere(economy: &Economy, lender: usize) -> f64 {
    let plan = economy.attacker_behind(lender).map(|attacker| &economy.attackers[attacker].plan);
    if let Some(Plan::Opportunist { elsewhere, .. }) = plan { *elsewhere } else { 0.0 }
}

impl Agents {
    /// What became of all results that nobody computed.
    pub fn fraud(&self) -> Fraud {
        let mut all = Fraud::default();
        self.rows.attackers.iter().for_each(|row| all.add(&row.fraud));
        all
    }

    /// Whether a lease's provider does not work.
    pub(in crate::agents) fn lies(&self, lease: LeaseId) -> bool {
        self.rows.lies.get(lease.slot()).is_some_and(Option::is_some)
    }

    /// A lease began whose provider will answer without computing, for so many milliseconds of its GPUs: what that is worth is
    /// booked, and what it promises remembered.
    pub(in crate::agents) fn begin_lie(&mut self, view: &State, now: Time, lender: usize, leased: &Leased, gpu_ms: u64) {
        let Some(number) = self.economy.attacker_behind(lender) else { return };
        let who = self.today(lender, now);
        let freed = who.freed(elsewhere(&self.economy, lender)) * gpu_ms as f64 / HOUR as f64;
        let promised = self.price(view, now).map_or(0.0, |price| {
            let pay = leased.price as f64 * price as f64 / XPL as f64 * kept(view).unwrap_or(0.0);
            pay + self.emission_per_hour(view, who.class, price) * leased.work_mgs as f64 / HOUR as f64
        });
        let fraud = &mut self.rows.attackers[number].fraud;
        (fraud.attempted, fraud.freed) = (fraud.attempted + 1, fraud.freed + freed as u128);
        self.rows.lies[leased.lease.slot()] = Some(promised as u64);
    }

    /// Follows what becomes of results that nobody computed.
    pub(in crate::agents) fn follow_fraud(&mut self, view: &State, record: &Record, event: &Event) {
        match event {
            Event::Settled(settled) => self.reap(view, record.time, settled),
            Event::ReceiptPaid(receipt) => {
                if let Some((lender, _)) = self.owned(receipt.lease) {
                    self.weigh(view, lender);
                }
            }
            Event::Rewarded(rewarded) => self.reap_emission(view, record.time, rewarded),
            Event::Slashed(slashed) => self.taken += u128::from(slashed.burned + slashed.reward),
            Event::Seized(seized) => self.taken += u128::from(seized.burned + seized.reward),
            // What was taken is said before what it was taken for.
            Event::FoundWrong(_) => {
                if let Cause::Command { command: Command::Verdict(verdict), .. } = record.cause {
                    self.find_out(view, record.time, verdict.lease);
                }
            }
            Event::Judged(judged) if judged.outcome == Outcome::Upheld => self.find_out(view, record.time, judged.lease),
            Event::Compared(compared) if compared.outcome == Comparison::Outvoted => {
                self.find_out(view, record.time, compared.lease);
            }
            Event::Compared(_) => self.taken = 0,
            Event::EpochClosed(_) => {
                for lender in self.economy.attackers.iter().flat_map(|attacker| &attacker.lenders) {
                    let row = &mut self.rows.lenders[*lender as usize];
                    (row.weighed, row.unworked) = (0, 0);
                }
            }
            _ => {}
        }
    }

    /// The provider of a lease, and the attacker who owns it.
    fn owned(&self, lease: LeaseId) -> Option<(usize, usize)> {
        let lender = *self.rows.lease_lenders.get(lease.slot())? as usize;
        let lender = (lender < self.economy.lenders.len()).then_some(lender)?;
        Some((lender, self.economy.attacker_behind(lender)?))
    }

    /// What has been added to a provider's weight in emission since it was looked at last. Receipts add to it too where payments
    /// weigh, and whoever does not compute serves no requests: theirs is the weight of honest leases.
    fn weigh(&mut self, view: &State, lender: usize) -> u64 {
        let row = &mut self.rows.lenders[lender];
        let weight = view.provider(row.provider).map_or(0, |provider| provider.work);
        weight.saturating_sub(std::mem::replace(&mut row.weighed, weight))
    }

    /// A lease was paid. What weight that added to its provider's part of emission is told from the weight before.
    fn reap(&mut self, view: &State, now: Time, settled: &Settled) {
        let Some((lender, number)) = self.owned(settled.lease) else { return };
        let claims = self.lies(settled.lease) && !matches!(self.economy.attackers[number].plan, Plan::Stall { .. });
        let added = self.weigh(view, lender);
        if claims {
            self.rows.lenders[lender].unworked += added;
            let paid = self.in_usd(view, now, settled.paid.into());
            let fraud = &mut self.rows.attackers[number].fraud;
            (fraud.stood, fraud.paid) = (fraud.stood + 1, fraud.paid + paid);
        }
    }

    /// Emission was paid, by the weight of all that a provider settled in the epoch.
    fn reap_emission(&mut self, view: &State, now: Time, rewarded: &Rewarded) {
        let Some((lender, number)) = self.lender_behind(view, rewarded.provider) else { return };
        let unworked = self.rows.lenders[lender].unworked;
        let weight = view.provider(rewarded.provider).map_or(0, |provider| provider.work);
        let nano = (u128::from(rewarded.work) * u128::from(unworked)).checked_div(u128::from(weight)).unwrap_or(0);
        self.rows.attackers[number].fraud.emitted += self.in_usd(view, now, nano);
    }

    /// A result was found wrong.
    fn find_out(&mut self, view: &State, now: Time, lease: LeaseId) {
        let taken = std::mem::take(&mut self.taken);
        let taken = self.in_usd(view, now, taken);
        let promised = self.rows.lies.get(lease.slot()).copied().flatten();
        if let Some((promised, (_, number))) = promised.zip(self.owned(lease)) {
            let fraud = &mut self.rows.attackers[number].fraud;
            (fraud.found, fraud.taken) = (fraud.found + 1, fraud.taken + taken);
            fraud.refused += u128::from(promised);
        }
    }

    /// Who stands behind a provider of an attacker's.
    fn lender_behind(&self, view: &State, provider: ProviderId) -> Option<(usize, usize)> {
        let lender = self.economy.lender_of(view.provider(provider)?.owner)?;
        Some((lender, self.economy.attacker_behind(lender)?))
    }

    /// Micro-USD at the oracle's price; nothing while it has none.
    fn in_usd(&self, view: &State, now: Time, nano: u128) -> u128 {
        nano.saturating_mul(self.price(view, now).unwrap_or(0).into()) / u128::from(XPL)
    }
}

#[cfg(test)]
mod tests {
    use super::Fraud;

    #[test]
    fn profit_counts_what_stood_and_the_premium_what_honest_work_would_not_have_had() {
        // Ten leases of $3 with $1 of electricity each; two are found and cost $4 each: 8 · 3 + 10 − 8, and 10 − 8 − 6.
        let usd = |dollars: u128| dollars * 1_000_000;
        let fraud = Fraud { attempted: 10, stood: 8, found: 2, paid: usd(20), emitted: usd(4), ..Fraud::default() };
        let fraud = Fraud { freed: usd(10), taken: usd(8), refused: usd(6), ..fraud };
        assert_eq!((fraud.profit(), fraud.premium()), (26_000_000, -4_000_000));
        let mut all = Fraud::default();
        [fraud, fraud].iter().for_each(|one| all.add(one));
        assert_eq!((all.attempted, all.profit(), all.premium()), (20, 52_000_000, -8_000_000));
    }
}
