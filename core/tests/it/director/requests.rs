//! What customers put aside for requests, and what they say was served.

use super::{Director, Draft, pick, price};
use crate::reference::Job;
use plasma_core::catalogue::Kind;
use plasma_core::ids::{AccountId, ProgramId};
use plasma_core::money::XPL;
use plasma_core::protocol::job::Submit;
use plasma_core::protocol::receipt::{FundTab, SignReceipt};
use plasma_core::protocol::verification::policy::Policy;
use plasma_core::record::{Command, Origin};

impl Director {
    /// A deployment, money for its requests, or a receipt; mostly by whose it is, sometimes about a job of another kind.
    pub fn requests(&self, draft: &Draft, anybody: Origin) -> (Origin, Command) {
        let rarely = draft.detail >> 8 & 31 == 0;
        let programs = &self.reference.catalogue.programs;
        let deployed = |program: ProgramId| programs[program.index()].kind == Kind::Deployment;
        let jobs = self.reference.jobs.values().filter(|job| rarely || deployed(job.asked.program));
        let jobs: Vec<_> = jobs.collect();
        let leased = |job: &&&Job| self.reference.leases.values().any(|lease| lease.job == job.id);
        let served: Vec<_> =
            jobs.iter().filter(leased).filter(|job| self.reference.tabs.contains_key(&job.id)).copied().collect();
        let jobs = if served.is_empty() || draft.detail.is_multiple_of(3) { jobs } else { served };
        let Some(job) = pick(&jobs, draft.which) else {
            let program = (0..programs.len() as u16).map(ProgramId).find(|&program| deployed(program)).unwrap_or_default();
            let policy = [Policy::Unchecked, Policy::Checked][usize::from(draft.who % 2)];
            let budget = price(draft.amount).saturating_mul(1_000_000).min(10_000 * XPL);
            return (anybody, Submit { program, policy, copies: 0, budget, ..self.submit(draft) }.into());
        };
        let customer = Origin::Account(AccountId(job.customer as u32));
        let origin = if draft.detail >> 13 & 31 == 0 { anybody } else { customer };
        let tab = self.reference.tabs.get(&job.id);
        let lease = self.reference.leases.values().find(|lease| lease.job == job.id);
        let Some(lease) = lease.filter(|_| (tab.is_some() || rarely) && !draft.detail.is_multiple_of(4)) else {
            let amount = [1_000 * XPL, self.amount(draft), 7, XPL, u64::MAX][usize::from(draft.amount / 8 % 5)];
            return (origin, FundTab { amount, job: job.id }.into());
        };
        let held = tab.map_or(0, |tab| tab.holds) as u64;
        let last = tab.and_then(|tab| tab.receipts.last()).map_or(0, |receipt| receipt.1) as u64;
        let more = last + (held - last) / 3;
        let amount = [more, more, more.saturating_add(1), held, last, held.saturating_add(1), 0][usize::from(draft.amount % 7)];
        (origin, SignReceipt { amount, lease: lease.id }.into())
    }
}
