//! Griefing by standing still: providers who take work and never do it.
//!
//! It is the cheapest way the protocol leaves to hold what is others'. A job that nobody takes holds nobody's money but its author's;
//! work that is leased is paid for by the time. Who takes a lease and lets it run out pays `slash.missed` of the bond behind it and, after
//! `jail.after` of them, stays away for `jail.time`; its customer's escrow is held until the lease is overdue, and where the time to start
//! or to finish has passed by then, the job is lost. Who does so stays while its budget does, whatever its income.
//!
//! What that did to the victims is noted beside what it cost: the escrow held, by time, and of the jobs that were lost what they would
//! have left their customers, budget less price.

use crate::agents::Agents;
use crate::economy::attackers::Plan;
use plasma_core::engine::state::State;
use plasma_core::ids::JobId;
use plasma_core::money::XPL;
use plasma_core::protocol::market::Leased;
use plasma_core::time::Time;
use rkyv::{Archive, Deserialize, Serialize};

/// What was done to those whose work was taken and never done.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct Harm {
    /// Leases that were left to run out.
    pub leases: u64,
    /// Nano-XPL of escrow times the milliseconds for which they were held.
    pub held: u128,
    /// Jobs that were lost for good after one of these leases.
    pub lost: u64,
    /// Micro-USD that the lost jobs would have left their customers.
    pub surplus: u128,
    /// Jobs that may yet be lost, in the order in which they were taken, with nano-XPL of their customers' surplus.
    open: Vec<(JobId, u64)>,
}

impl Agents {
    /// Whether a provider means to let a lease run out that has just begun; then the harm is noted.
    pub(in crate::agents) fn stalls(&mut self, view: &State, now: Time, lender: usize, leased: &Leased) -> bool {
        let Some(number) = self.economy.attacker_behind(lender) else { return false };
        let attacker = &self.economy.attackers[number];
        let Some(job) = view.job(leased.job) else { return false };
        if !matches!(attacker.plan, Plan::Stall { .. }) || !attacker.acts(now) {
            return false;
        }
        self.tally.missed += 1;
        let harm = &mut self.rows.attackers[number].harm;
        harm.leases += 1;
        harm.held += u128::from(job.escrow) * u128::from(leased.due - now);
        harm.open.retain(|(job, _)| *job != leased.job);
        harm.open.push((leased.job, job.escrow - leased.price));
        true
    }

    /// A job was lost: if somebody had let it wait, that is what came of it.
    pub(in crate::agents) fn stalled_for_good(&mut self, view: &State, lost: JobId) {
        let price = u128::from(self.market_price(view));
        for row in &mut self.rows.attackers {
            if let Some(place) = row.harm.open.iter().position(|(job, _)| *job == lost) {
                let (_, surplus) = row.harm.open.swap_remove(place);
                row.harm.lost += 1;
                row.harm.surplus += u128::from(surplus) * price / u128::from(XPL);
            }
        }
    }

    /// Forgets jobs that ended otherwise, as an epoch closes.
    pub(super) fn forget_ended(&mut self, view: &State) {
        for row in &mut self.rows.attackers {
            row.harm.open.retain(|(job, _)| view.job(*job).is_some());
        }
    }
}
