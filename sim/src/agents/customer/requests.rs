//! Requests to deployments: what their customers put aside for them, and the receipts that they sign.
//!
//! A group may say how many requests come to each of its deployments and what one pays. They come as a Poisson process from the start
//! of a lease to the end of its term, and are served unless the provider answers without working or is dark when it is asked to account
//! for them. At its interval, and once more as the term ends, the customer signs for all that the lease has served, in dollars at the
//! oracle's price of that moment; whatever is served after the last receipt of a lease that fails, nobody pays for.
//!
//! What requests come to is put aside when the deployment is submitted, as much as is to be expected of it, and added to when a receipt
//! needs more. How many came is drawn by the group, the moment of submission and the time since: no other draw moves with them.

use super::Agents;
use crate::agents::provider::Phase;
use crate::agents::queue::Kind;
use crate::economy::{Patrons, Requests};
use plasma_core::catalogue::Sizes;
use plasma_core::engine::state::State;
use plasma_core::ids::{AccountId, JobId, LeaseId};
use plasma_core::money::XPL;
use plasma_core::protocol::job::Job;
use plasma_core::protocol::lease::Lease;
use plasma_core::protocol::market::Leased;
use plasma_core::protocol::receipt::{FundTab, SignReceipt};
use plasma_core::record::Origin;
use plasma_core::time::Time;
use rkyv::{Archive, Deserialize, Serialize};

/// The group of a lease to which no requests come.
pub const NOBODY: u32 = u32::MAX;

/// What a lease has served and nobody has signed for.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq)]
pub struct ServedRow {
    /// The group of its customer, or [`NOBODY`].
    pub group: u32,
    /// Since when requests have not been counted.
    pub since: Time,
    /// Micro-USD.
    pub due: u64,
}

impl Default for ServedRow {
    fn default() -> Self {
        Self { group: NOBODY, since: 0, due: 0 }
    }
}

impl Requests {
    /// Micro-USD that so many milliseconds of service come to on average.
    fn expected(&self, ms: u64) -> u64 {
        (self.per_ms * ms as f64 * self.micro_usd as f64) as u64
    }
}

/// Nano-XPL for so many micro-USD at a price in micro-USD per XPL, rounded down.
fn nano(micro_usd: u64, price: u64) -> u64 {
    u64::try_from(u128::from(micro_usd) * u128::from(XPL) / u128::from(price.max(1))).unwrap_or(u64::MAX)
}

impl Agents {
    /// Nano-XPL that a deployment's requests are expected to come to on the reference class; nothing where none come.
    pub(super) fn expected_use(&self, view: &State, patrons: &Patrons, sizes: &Sizes, gpus_log2: u8, price: u64) -> u64 {
        let Some(requests) = &patrons.requests else { return 0 };
        let cost = view.catalogue.program(patrons.program).and_then(|program| program.cost(sizes));
        let work = cost.and_then(|cost| view.catalogue.class(patrons.reference).work_mgs(&cost)).unwrap_or(0);
        nano(requests.expected(work >> gpus_log2), price)
    }

    /// A job was accepted: its customer will put money aside, if requests are to come to it.
    pub(in crate::agents) fn expect_requests(&mut self, now: Time, customer: AccountId, job: JobId) {
        if self.economy.requested_by(customer).is_some() {
            self.queue.push(now, Kind::Fund, job.0);
        }
    }

    /// The customer puts aside what its deployment's requests are expected to come to.
    pub(in crate::agents) fn set_aside(&mut self, view: &State, now: Time, id: JobId) {
        let economy = self.economy.clone();
        let Some(job) = view.job(id) else { return };
        let Some((group, price)) = economy.requested_by(job.customer).zip(self.price(view, now)) else { return };
        let amount = self.expected_use(view, &economy.patrons[group], &job.sizes, job.gpus_log2, price);
        self.add_to_tab(view, now, job, amount);
    }

    /// Puts so many nano-XPL more into a job's tab; says whether its customer has them.
    fn add_to_tab(&mut self, view: &State, now: Time, job: &Job, amount: u64) -> bool {
        let able = amount > 0 && self.can_pay(view, now, job.customer, amount);
        if able {
            self.send(now, Origin::Account(job.customer), FundTab { amount, job: job.id });
        }
        able
    }

    /// A lease began: requests come to it from now on.
    pub(in crate::agents) fn begin_serving(&mut self, view: &State, now: Time, leased: &Leased) {
        let slot = leased.lease.slot();
        let job = view.job(leased.job);
        let group = job.and_then(|job| self.economy.requested_by(job.customer));
        if let Some(row) = self.rows.served.get_mut(slot) {
            *row = ServedRow::default();
        }
        let Some((group, lease)) = group.zip(view.lease(leased.lease)) else { return };
        if self.rows.served.len() <= slot {
            self.rows.served.resize(slot + 1, ServedRow::default());
        }
        self.rows.served[slot] = ServedRow { group: group as u32, since: now, due: 0 };
        self.expect_receipt(lease, now, group);
    }

    /// Makes the appointment with a lease's next receipt: the last is due as its term ends, and in any case before its deadline.
    fn expect_receipt(&mut self, lease: &Lease, now: Time, group: usize) {
        let Some(requests) = &self.economy.patrons[group].requests else { return };
        let ends = lease.started + lease.work_mgs.div_ceil(u64::from(lease.gpus.max(1))).max(1);
        let next = now.saturating_add(requests.interval).min(ends).min(lease.due.saturating_sub(1));
        if next > now {
            self.queue.push(next, Kind::Receipt, lease.id.0);
        }
    }

    /// The customer signs for everything that a lease has served so far.
    pub(in crate::agents) fn sign(&mut self, view: &State, now: Time, id: LeaseId) {
        let economy = self.economy.clone();
        let Some(lease) = view.lease(id) else { return };
        let Some((row, job)) = self.rows.served.get(id.slot()).copied().zip(view.job(lease.job)) else { return };
        let Some(patrons) = economy.patrons.get(row.group as usize) else { return };
        let Some(requests) = &patrons.requests else { return };
        let served = if self.serves(lease) { self.served(patrons, requests, job, now - row.since, now) } else { 0 };
        let mut due = row.due.saturating_add(served.saturating_mul(requests.micro_usd));
        if let Some(price) = self.price(view, now) {
            let tab = view.tabs.of(job.id);
            let wanted = tab.signed.saturating_add(nano(due, price));
            let short = wanted.saturating_sub(tab.held);
            let amount = if self.add_to_tab(view, now, job, short) { wanted } else { wanted.min(tab.held) };
            if amount > tab.signed {
                self.send(now, Origin::Account(job.customer), SignReceipt { amount, lease: id });
                let signed = u128::from(amount - tab.signed) * u128::from(price) / u128::from(XPL);
                due = if amount == wanted { 0 } else { due.saturating_sub(signed as u64) };
            }
        }
        self.rows.served[id.slot()] = ServedRow { since: now, due, ..row };
        self.expect_receipt(lease, now, row.group as usize);
    }

    /// How many requests a job has served in the last so many milliseconds.
    fn served(&self, patrons: &Patrons, requests: &Requests, job: &Job, ms: u64, now: Time) -> u64 {
        let key = blake3::hash(&[patrons.stream.to_le_bytes(), job.submitted.to_le_bytes()].concat());
        let id = u64::from_le_bytes(key.as_bytes()[..8].try_into().expect("a hash has eight bytes"));
        self.streams.request.draw(id, now - job.submitted).poisson(requests.per_ms * ms as f64)
    }

    /// Whether a lease's provider works: it does not where it answers without, or is dark.
    fn serves(&self, lease: &Lease) -> bool {
        let lender = self.lender_of_offer(lease.offer).map(|lender| self.rows.lenders[lender].phase);
        !self.lies(lease.id) && lender != Some(Phase::Dark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_come_to_their_price_in_xpl() {
        // 120 an hour at $0.002 are $5.76 a day: 57.6 XPL at $0.10.
        let requests = Requests { per_ms: 120.0 / 3_600_000.0, micro_usd: 2_000, interval: 1 };
        let day = requests.expected(24 * 3_600_000);
        assert!(day.abs_diff(5_760_000) <= 1, "{day}");
        assert_eq!(nano(5_760_000, 100_000), 57_600_000_000);
        assert_eq!(nano(u64::MAX, 0), u64::MAX);
    }
}
