//! Unlock cohorts: the holders of one part of the supply, who sell some of what becomes free.
//!
//! A cohort claims what has vested of its grant. A share of everything that becomes free is meant to be sold, and of what is still
//! unsold as much is sold at each look as a constant hazard asks for (Cox 1972: a share 1 − e^(−hazard · span)):
//!
//! > sold = ⌊unsold × (1 − exp(−interval ÷ over))⌋
//!
//! so that a token is sold after `over` on average, whatever the price. A cohort stands for many holders: it draws nothing.

pub mod locked;

use super::Agents;
use super::queue::Kind;
use crate::economy::vesting::Cohort;
use plasma_core::engine::state::State;
use plasma_core::genesis::Genesis;
use plasma_core::ids::AccountId;
use plasma_core::money::share;
use plasma_core::protocol::vesting::{Claim, Vested};
use plasma_core::record::Origin;
use plasma_core::time::{Span, Time};
use rkyv::{Archive, Deserialize, Serialize};

/// What changes about a cohort: its books, in nano-XPL and micro-USD.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct CohortRow {
    /// Became free so far.
    pub freed: u128,
    /// Of this, meant to be sold and not sold yet.
    pub unsold: u64,
    /// Sold so far.
    pub sold: u128,
    /// Micro-USD received for it.
    pub received: u128,
    /// Sales that the other side could not pay.
    pub refused: u64,
}

impl CohortRow {
    /// So many nano-XPL became free, of which parts per billion are meant to be sold, rounded down.
    fn free(&mut self, nano: u64, meant: u64) {
        self.freed += u128::from(nano);
        self.unsold = self.unsold.saturating_add(share(nano, meant));
    }
}

/// How much of `unsold` is sold in `span` when it takes `over` on average.
fn due(unsold: u64, span: Span, over: Span) -> u64 {
    let hazard = span as f64 / over.max(1) as f64;
    ((unsold as f64 * -libm::expm1(-hazard)) as u64).min(unsold)
}

impl Agents {
    /// Counts what is free at genesis, and makes every cohort's first appointment.
    pub(super) fn expect_cohorts(&mut self, genesis: &Genesis) {
        let economy = self.economy.clone();
        for (number, cohort) in economy.cohorts.iter().enumerate() {
            let free = genesis.accounts.get(cohort.account.index()).map_or(0, |account| account.amount);
            self.rows.cohorts[number].free(u64::try_from(free).unwrap_or(u64::MAX), cohort.share);
            self.queue.push(genesis.start + cohort.interval, Kind::Unlock, number as u64);
        }
    }

    /// A cohort claims what has vested, if it is worth the fee, and sells as soon as it has it.
    pub(super) fn unlock(&mut self, view: &State, now: Time, number: usize) {
        let economy = self.economy.clone();
        let Cohort { account, grant, interval, .. } = economy.cohorts[number];
        let grant = view.grants.get(grant.0).filter(|grant| grant.releasable(now) > view.base_fee());
        let able = view.account(account).is_some_and(|account| account.free >= u128::from(view.base_fee()));
        if let Some(grant) = grant.filter(|_| able) {
            self.send(now, Origin::Account(account), Claim { grant: grant.id });
        }
        self.queue.push(now, Kind::Offload, number as u64);
        self.queue.push(now + interval, Kind::Unlock, number as u64);
    }

    /// A cohort sells what is due.
    pub(super) fn offload(&mut self, view: &State, now: Time, number: usize) {
        let economy = self.economy.clone();
        let cohort = &economy.cohorts[number];
        let due = due(self.rows.cohorts[number].unsold, cohort.interval, cohort.over);
        let nano = due.min(Self::spendable(view, cohort.account));
        if !self.sell(view, now, cohort.account, nano) && nano > 0 {
            self.rows.cohorts[number].refused += 1;
        }
    }

    /// Part of a grant became free.
    pub(super) fn vested(&mut self, vested: &Vested) {
        let cohort = self.economy.cohorts.iter().position(|cohort| cohort.grant == vested.grant);
        if let Some(number) = cohort {
            let meant = self.economy.cohorts[number].share;
            self.rows.cohorts[number].free(vested.amount, meant);
        }
    }

    /// Books a sale, if a cohort made it.
    pub(super) fn book_cohort(&mut self, seller: AccountId, nano: u64, usd: u64) {
        if let Some(number) = self.economy.cohorts.iter().position(|cohort| cohort.account == seller) {
            let row = &mut self.rows.cohorts[number];
            row.unsold = row.unsold.saturating_sub(nano);
            row.sold += u128::from(nano);
            row.received += u128::from(usd);
        }
    }

    /// Every cohort with its books, in the order of the file.
    pub fn cohorts(&self) -> impl Iterator<Item = (&Cohort, &CohortRow)> {
        self.economy.cohorts.iter().zip(&self.rows.cohorts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plasma_core::money::ONE;
    use plasma_core::time::DAY;

    #[test]
    fn a_hazard_sells_the_same_share_of_what_is_left_however_often_it_looks() {
        assert_eq!(due(1_000_000, 30 * DAY, 30 * DAY), 632_120);
        let mut left = 1_000_000_000u64;
        (0..30).for_each(|_| left -= due(left, DAY, 30 * DAY));
        assert!(left.abs_diff(367_879_441) < 60, "{left}");
        assert_eq!((due(0, DAY, DAY), due(7, 0, DAY), due(u64::MAX, u64::MAX, 1)), (0, 0, u64::MAX));
    }

    #[test]
    fn a_share_of_what_becomes_free_is_meant_to_be_sold() {
        let mut row = CohortRow::default();
        row.free(1_001, ONE / 2);
        row.free(u64::MAX, ONE);
        assert_eq!((row.freed, row.unsold), (1_001 + u128::from(u64::MAX), u64::MAX));
    }
}
