//! Receipts: what the requests to a deployment cost, beside its time.
//!
//! A customer sets XPL aside in its job's **tab** and signs **receipts** for what a lease has served so far. A receipt is for the whole,
//! so each takes the place of the one before, and the last one pays, once, when the lease ends: a channel of cumulative claims in one
//! direction (Spilman's payment channel, 2013; the XRP Ledger's payment channels). It pays however the lease ends, for its customer has
//! said that this much was served, and what nobody signed for is not paid. What is left stays for the job's next lease, and returns
//! when the job is over.
//!
//! A receipt is divided and held back, burned or brought to its worth in dollars like any payment ([`crate::protocol::settlement`],
//! [`crate::protocol::vault`]). When emission is shared it weighs what was paid or burned, by `emission.weight`; it is no work, because
//! the time in which its requests were served is weighed already. Each weight takes the same fee as any other payment of its size, so
//! that what washing costs is what it was.

use crate::engine::ledger::Pot;
use crate::engine::state::State;
use crate::ids::{JobId, LeaseId};
use crate::money::mul_div_floor;
use crate::params::settle_mode;
use crate::protocol::lease::Lease;
use crate::protocol::settlement::{self, Parts};
use crate::protocol::vault::{self, Moved};
use crate::protocol::{holdback, job};
use crate::record::{Apply, Decide, Event, Record, cause, payload};
use crate::rejection::{Refusal, Rejection};
use crate::time::Time;
use bevy_ecs::prelude::Resource;
use rkyv::with::AsVec;
use rkyv::{Archive, Deserialize, Serialize};
use std::collections::BTreeMap;

// Components

/// What a customer has set aside for the requests to one of its deployments.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Tab {
    /// Nano-XPL in it, never zero.
    pub held: u64,
    /// Nano-XPL of the last receipt on the open lease, or zero.
    pub signed: u64,
    /// What it is worth in micro-dollars by the prices at which it was funded, or zero; see [`crate::protocol::vault`].
    pub credit: u64,
}

/// The tabs of deployments that have one.
#[derive(Resource, Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct Tabs {
    /// By open job.
    #[rkyv(with = AsVec)]
    pub by_job: BTreeMap<JobId, Tab>,
}

impl Tabs {
    /// The tab of a job; an empty one when it has none.
    #[inline]
    pub fn of(&self, job: JobId) -> Tab {
        self.by_job.get(&job).copied().unwrap_or_default()
    }

    fn row_mut(&mut self, job: JobId) -> &mut Tab {
        self.by_job.get_mut(&job).expect("the job has a tab")
    }
}

payload! {
    /// Sets XPL aside for the requests to a deployment. Sent by its customer, as often as it likes until the job is over.
    pub struct FundTab {
        /// Nano-XPL.
        pub amount: u64,
        /// Whose tab.
        pub job: JobId,
    }

    /// Says what a deployment's lease has served so far: more than the receipt before, and no more than the tab holds. Signed by the
    /// customer; its provider is paid the last one when the lease ends.
    pub struct SignReceipt {
        /// Nano-XPL for everything that the lease has served.
        pub amount: u64,
        /// Which lease.
        pub lease: LeaseId,
    }

    /// XPL was set aside for a deployment's requests.
    pub struct TabFunded {
        /// Micro-dollars that it became a credit of, where payments are brought to their worth in dollars.
        pub micro_usd: u64,
    }

    /// A receipt took the place of the one before.
    pub struct ReceiptSigned {}

    /// The last receipt on a lease that ends was paid out of its job's tab.
    pub struct ReceiptPaid {
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
    }

    /// A receipt's part of its tab's credit was redeemed, and the payment brought to its worth.
    pub struct Redeemed {
        /// Which lease is about to be paid for.
        pub lease: LeaseId,
        /// Micro-dollars of the credit.
        pub micro_usd: u64,
        /// Nano-XPL from the tab to the vault.
        pub deposited: u64,
        /// Nano-XPL from the vault to the tab.
        pub reminted: u64,
        /// Nano-XPL newly minted to the tab.
        pub minted: u64,
    }

    /// A job is over, and its customer has what was left in its tab.
    pub struct TabReturned {
        /// Nano-XPL.
        pub amount: u64,
        /// Whose tab.
        pub job: JobId,
    }
}

impl ReceiptPaid {
    /// What the customer paid: provider and fee.
    pub const fn payment(&self) -> u64 {
        self.parts().payment()
    }

    /// What the protocol took.
    pub const fn fee(&self) -> u64 {
        self.parts().fee()
    }

    const fn parts(&self) -> Parts {
        Parts { paid: self.paid, burned: self.burned, treasury: self.treasury, stakers: self.stakers }
    }
}

// Decide

impl Decide for FundTab {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (customer, account) = state.mobile_account(record)?;
        if self.amount == 0 {
            return Err(Rejection::ZeroAmount.into());
        }
        let job = state.job(self.job).filter(|job| job.customer == customer).ok_or(Rejection::UnknownJob)?;
        if !job::is_deployment(state, job) {
            return Err(Rejection::NoTab.into());
        }
        let tab = state.tabs.of(self.job);
        let room = u64::MAX - tab.held;
        if self.amount > room {
            return Err(Rejection::TabFull.needing(room));
        }
        account.require(self.amount)?;
        let (micro_usd, braked) = match state.params.settle_mode() {
            settle_mode::VAULT_REMINT => vault::issue(state, self.amount, record.time)?,
            _ => (0, None),
        };
        events.push(TabFunded { micro_usd: micro_usd.min(u64::MAX - tab.credit) }.into());
        events.extend(braked.map(Event::from));
        Ok(())
    }
}

impl Decide for SignReceipt {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let lease = state.own_deployment(record, self.lease, Rejection::NoTab)?;
        let tab = state.tabs.of(lease.job);
        if self.amount <= tab.signed {
            return Err(Rejection::ReceiptBehind.needing(tab.signed));
        }
        if self.amount > tab.held {
            return Err(Rejection::TabShort.needing(self.amount - tab.held));
        }
        events.push(ReceiptSigned {}.into());
        Ok(())
    }
}

/// Pays the last receipt on a lease that is about to end, if there is one, and tells what moved to and from the vault for it.
pub(crate) fn pay_last(state: &State, lease: &Lease, now: Time, events: &mut Vec<Event>) -> Moved {
    let tab = state.tabs.of(lease.job);
    let mut moved = Moved::NOTHING;
    if tab.signed == 0 {
        return moved;
    }
    let mut parts = Parts::of(state, tab.signed);
    if tab.credit > 0 {
        moved = vault::to_worth(state, (tab.credit, tab.held), parts.paid, &moved, now).unwrap_or_default();
        parts.paid = moved.makes(parts.paid);
        // What was signed for is at most what is held, so this is at most the credit.
        let micro_usd = mul_div_floor(tab.credit.into(), tab.signed.into(), tab.held.into()).unwrap_or_default() as u64;
        let Moved { deposited, reminted, minted } = moved;
        events.push(Redeemed { lease: lease.id, micro_usd, deposited, reminted, minted }.into());
    }
    let Parts { paid, burned, treasury, stakers } = parts;
    events.push(ReceiptPaid { lease: lease.id, paid, burned, treasury, stakers }.into());
    if state.params.settle_holdback() > 0 {
        holdback::withhold(state, lease, paid, events);
    }
    moved
}

/// Returns what a job that is about to end leaves in its tab, when the last receipt has been paid.
pub(crate) fn return_rest(state: &State, job: JobId, events: &mut Vec<Event>) {
    let tab = state.tabs.of(job);
    if tab.held > tab.signed {
        events.push(TabReturned { amount: tab.held - tab.signed, job }.into());
    }
}

// Apply

impl Apply for TabFunded {
    fn apply(&self, state: &mut State, record: &Record) {
        let command = cause!(record, Command::FundTab);
        state.transfer(Pot::Free(record.account()), Pot::Tabs, command.amount);
        state.vault.owed += u128::from(self.micro_usd);
        let tab = state.tabs.by_job.entry(command.job).or_default();
        tab.held += command.amount;
        tab.credit += self.micro_usd;
    }
}

impl Apply for ReceiptSigned {
    fn apply(&self, state: &mut State, record: &Record) {
        let command = cause!(record, Command::SignReceipt);
        state.tabs.row_mut(state.leases.row(command.lease.0).job).signed = command.amount;
    }
}

impl Apply for Redeemed {
    fn apply(&self, state: &mut State, _record: &Record) {
        let tab = state.tabs.row_mut(state.leases.row(self.lease.0).job);
        tab.credit -= self.micro_usd;
        tab.held = tab.held - self.deposited + self.reminted + self.minted;
        state.vault.owed -= u128::from(self.micro_usd);
        state.transfer(Pot::Tabs, Pot::Vault, self.deposited);
        state.transfer(Pot::Vault, Pot::Tabs, self.reminted);
        state.transfer(Pot::Unissued, Pot::Tabs, self.minted);
        state.ledger.minted += u128::from(self.minted);
    }
}

impl Apply for ReceiptPaid {
    fn apply(&self, state: &mut State, _record: &Record) {
        let lease = *state.leases.row(self.lease.0);
        let parts = self.parts();
        let weight = settlement::weight(state, &parts, 0);
        state.minter.paid += u128::from(parts.payment());
        let provider = &mut state.providers[state.offers[lease.offer.index()].provider.index()];
        provider.work = provider.work.saturating_add(weight);
        let owner = provider.owner;
        parts.move_out_of(state, Pot::Tabs, owner);
        let tab = state.tabs.row_mut(lease.job);
        tab.held -= parts.payment();
        tab.signed = 0;
        if tab.held == 0 {
            state.tabs.by_job.remove(&lease.job);
        }
    }
}

impl Apply for TabReturned {
    fn apply(&self, state: &mut State, _record: &Record) {
        let customer = state.jobs.row(self.job.0).customer;
        let tab = state.tabs.by_job.remove(&self.job).expect("the job has a tab");
        state.vault.owed -= u128::from(tab.credit);
        state.transfer(Pot::Tabs, Pot::Free(customer), self.amount);
    }
}

// Invariants

/// Tabs are of open deployments, add up to their pot and hold what was signed for; one is a credit exactly where payments are brought to
/// their worth in dollars.
pub(crate) fn check(state: &State) -> Result<(), String> {
    let sum = state.tabs.by_job.values().fold(0, |sum: u128, tab| sum.saturating_add(tab.held.into()));
    if sum != state.ledger.tabs {
        return Err(format!("tabs hold {sum} nano-XPL, the ledger says {}", state.ledger.tabs));
    }
    let credited = state.params.settle_mode() == settle_mode::VAULT_REMINT;
    for (&id, tab) in &state.tabs.by_job {
        let Some(job) = state.job(id).filter(|job| job::is_deployment(state, job)) else {
            return Err(format!("{id} has a tab and is no open deployment"));
        };
        let served = tab.signed == 0 || job.lease.is_some();
        if tab.held == 0 || tab.signed > tab.held || !served || (tab.credit > 0) != credited {
            return Err(format!("the tab of {id} cannot be {tab:?}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
