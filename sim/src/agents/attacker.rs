//! Attackers: they see what everybody sees, pay what everybody pays, and want more than their share.
//!
//! What it has for the purpose is finite, and what it made of it is in its [books](means).

mod bribe;
mod challenge;
pub mod fraud;
pub mod means;
pub mod opportunist;
pub mod oracle;
pub mod stall;

use super::Agents;
use super::queue::Kind;
use super::tally::Trades;
use crate::economy::attackers::Plan;
pub use bribe::BribeRow;
use fraud::Fraud;
use opportunist::Turns;
use oracle::Attempts;
use plasma_core::catalogue::MAX_SIZES;
use plasma_core::engine::state::State;
use plasma_core::ids::{AccountId, ClassId, JobId, LeaseId, OfferId, ProgramId};
use plasma_core::protocol::account::Transfer;
use plasma_core::protocol::bond::Bond;
use plasma_core::protocol::job::{Cancel, Submit};
use plasma_core::protocol::lease::{Commit, Stage, commitment};
use plasma_core::protocol::market::Leased;
use plasma_core::protocol::offer::{PostOffer, Requote};
use plasma_core::protocol::provider::Register;
use plasma_core::record::Origin;
use plasma_core::time::{DAY, Span, Time, YEAR};
use rkyv::{Archive, Deserialize, Serialize};
use stall::Harm;
use std::collections::VecDeque;

/// What changes about an attacker.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct AttackerRow {
    /// Micro-USD that it was worth at genesis.
    pub staked: u128,
    /// Nano-XPL of that.
    pub held: u128,
    /// Micro-USD that it would be worth, as of the last epoch, had it only held what it had and its owner put in.
    pub idle: u128,
    /// Micro-USD that it is worth, as of the last epoch.
    pub worth: u128,
    /// Micro-USD that its owner put in since.
    pub put_in: u128,
    /// Whether it has begun.
    pub begun: bool,
    /// Amount that it set out to sell, or to put back, in nano-XPL.
    pub aside: u64,
    /// The last lease of its own work.
    pub lease: u64,
    /// XPL that its own accounts bought and sold.
    pub trades: Trades,
    /// How it fares with the oracle.
    pub attempts: Attempts,
    /// Jobs that nobody shall take, with the time at which each was submitted.
    pub grievances: VecDeque<(Time, JobId)>,
    /// Chances it had: the index of the next draw.
    pub chances: u64,
    /// Votes that it buys.
    pub bribe: BribeRow,
    /// Bills that its providers left unpaid, in micro-USD.
    pub unpaid: u128,
    /// How often its providers turned, where they reckon.
    pub turns: Turns,
    /// What came of results that its providers did not compute.
    pub fraud: Fraud,
    /// What it did to those whose work it took and never did.
    pub harm: Harm,
}

/// An ask that nobody pays: the offer is parked between two jobs to oneself.
const PARKED: u64 = u64::MAX / 1_000_000_000;
/// How long a job that nobody takes is left in line.
const GRIEVANCE: Span = DAY;
/// Time between two sales of somebody who dumps.
const SALES: Span = DAY;
/// Days over which a sale without an end is spread.
const DUMP_DAYS: u64 = 30;
/// Payments of its own jobs that a wash trader keeps in hand: what it paid returns a round later.
const JOBS_IN_HAND: u64 = 4;

impl Agents {
    /// Makes every attacker's first appointment.
    pub(super) fn expect_attackers(&mut self) {
        let economy = self.economy.clone();
        for (number, attacker) in economy.attackers.iter().enumerate() {
            self.queue.push(attacker.from, Kind::Attack, number as u64);
        }
    }

    /// An attacker acts.
    pub(super) fn attack(&mut self, view: &State, now: Time, number: usize) {
        let economy = self.economy.clone();
        let attacker = &economy.attackers[number];
        let acts = attacker.acts(now);
        match attacker.plan {
            // Its providers do the rest, whenever they are leased to, or a result stands open.
            Plan::Cheat { .. } | Plan::Challenge { .. } | Plan::Stall { .. } => {}
            Plan::Opportunist { .. } => self.reckon(view, now, number, acts),
            Plan::Bribe { .. } if acts => self.bribe(view, now, number),
            Plan::Wash { class, program, work, interval } if acts => {
                match self.rows.attackers[number].begun {
                    true => self.wash(view, now, number, program, work),
                    false => self.set_up(view, now, number, class),
                }
                self.queue.push(now + interval, Kind::Attack, number as u64);
            }
            Plan::Grief { program, interval } if acts => {
                self.grieve(view, now, number, program);
                self.queue.push(now + interval, Kind::Attack, number as u64);
            }
            Plan::Dump { share } if acts => {
                self.dump(view, now, number, share);
                self.queue.push(now + SALES, Kind::Attack, number as u64);
            }
            Plan::Oracle(_) => self.manipulate(view, now, number, acts),
            Plan::Withdraw { share } => self.withdraw(view, now, number, share, acts),
            _ => {}
        }
    }

    /// Registers the provider that will sell to itself, on a machine that need not exist, as soon as it can pay the bond.
    fn set_up(&mut self, view: &State, now: Time, number: usize, class: ClassId) {
        let first = self.economy.attackers[number].first;
        let provider = AccountId(first.0 + 1);
        let bond = view.params.bond_per_gpu();
        if !self.afford(view, now, provider, bond.saturating_add(1000 * view.base_fee())) {
            return;
        }
        self.send(now, Origin::Account(provider), Register { region: 0 });
        if bond > 0 {
            self.send(now, Origin::Account(provider), Bond { amount: bond });
        }
        self.send(now, Origin::Account(provider), PostOffer { ask: PARKED, gpus: 1, class, pad: [0; 5] });
        self.rows.attackers[number].begun = true;
    }

    /// Lowers its ask under all others, buys its own work, and parks the ask again. Where emission weighs work it pays itself the
    /// least at which nobody in line takes the offer first; where it weighs payment, what the cheapest asks.
    fn wash(&mut self, view: &State, now: Time, number: usize, program: ProgramId, work: u64) {
        let first = self.economy.attackers[number].first;
        let (customer, owner) = (first, AccountId(first.0 + 1));
        let Some(id) = view.account(owner).map(|account| account.provider) else { return };
        let Some((number, offer)) = view.offers().iter().enumerate().find(|(_, offer)| offer.provider == id) else {
            return;
        };
        let offer_id = OfferId(number as u32);
        self.bring_home(view, now, owner, customer);
        let cheapest = self.rows.board.class(offer.class).cheapest(0).unwrap_or(2);
        let by_work = view.params.emission_weight() == plasma_core::params::emission_weight::WORK;
        let under = cheapest.saturating_sub(1).max(1);
        let ask = if by_work { under.min(best_in_line(view, offer.class).saturating_add(1)) } else { under };
        let Some((sizes, work)) = sized(view, program, offer.class, work) else { return };
        let Ok(price) = u64::try_from((u128::from(ask) * u128::from(work)).div_ceil(1000)) else { return };
        let price = price.max(1);
        if offer.free == 0 || !self.afford(view, now, customer, price.saturating_mul(JOBS_IN_HAND)) {
            return;
        }
        self.send(now, Origin::Account(owner), Requote { ask, offer: offer_id, pad: 0 });
        let finish_by = now.saturating_add(YEAR);
        let classes = 1u64 << offer.class.0;
        let submit = Submit { budget: price, start_by: now + 1, finish_by, classes, sizes, ..Submit::default() };
        self.send(now, Origin::Account(customer), Submit { program, ..submit });
        self.send(now, Origin::Account(owner), Requote { ask: PARKED, offer: offer_id, pad: 0 });
    }

    /// Sends what its provider earned, but for the fees of its next commands, to where it is spent.
    fn bring_home(&mut self, view: &State, now: Time, from: AccountId, to: AccountId) {
        let kept = 1000 * view.base_fee();
        let amount = Self::spendable(view, from).saturating_sub(kept);
        if amount > 0 {
            self.send(now, Origin::Account(from), Transfer { amount, to, pad: 0 });
        }
    }

    /// A job to itself was leased: it says at once that it is done.
    pub(super) fn commit_washed(&mut self, view: &State, now: Time, leased: &Leased) {
        let economy = self.economy.clone();
        let Some(offer) = view.offer(leased.offer) else { return };
        let Some(owner) = view.provider(offer.provider).map(|provider| provider.owner) else { return };
        let sells = |plan: &Plan| matches!(plan, Plan::Wash { .. } | Plan::Oracle(_));
        let who = economy.attackers.iter().position(|attacker| attacker.holds(owner) && sells(&attacker.plan));
        if let Some(number) = who {
            self.rows.attackers[number].lease = leased.lease.0;
            // Who waits for a price has it done later.
            if let Plan::Wash { .. } = economy.attackers[number].plan {
                self.queue.push(now + 1, Kind::WashDone, number as u64);
            }
        }
    }

    /// Commits to whatever: nobody checks what nobody asked to have checked.
    pub(super) fn finish_washed(&mut self, view: &State, now: Time, number: usize) {
        let id = LeaseId(self.rows.attackers[number].lease);
        let Some(lease) = view.lease(id).filter(|lease| lease.stage == Stage::Running) else { return };
        let provider = view.offers()[lease.offer.index()].provider;
        let Some(owner) = view.provider(provider).map(|provider| provider.owner) else { return };
        let root = self.root(view, lease.job, Some(provider));
        self.send(now, Origin::Account(owner), Commit { lease: id, commitment: commitment(id, provider, &root) });
    }

    /// Takes back the jobs of yesterday and submits another, with a budget that no ask meets.
    fn grieve(&mut self, view: &State, now: Time, number: usize, program: ProgramId) {
        let account = self.economy.attackers[number].first;
        let stale = |&mut (submitted, _): &mut (Time, JobId)| submitted + GRIEVANCE <= now;
        while let Some((_, job)) = self.rows.attackers[number].grievances.pop_front_if(stale) {
            if view.job(job).is_some_and(|job| job.is_queued()) {
                self.send(now, Origin::Account(account), Cancel { job });
            }
        }
        if self.afford(view, now, account, 100 * view.base_fee().max(1)) {
            let (start_by, finish_by) = (now.saturating_add(YEAR), now.saturating_add(YEAR));
            let submit = Submit { budget: 1, start_by, finish_by, classes: u64::MAX, sizes: [1; MAX_SIZES], ..Submit::default() };
            let sizes = view.catalogue.program(program).map_or(0, |program| program.sizes.len());
            let mut sized = submit;
            sized.sizes.iter_mut().skip(sizes).for_each(|size| *size = 0);
            self.send(now, Origin::Account(account), Submit { program, ..sized });
        }
    }

    /// Somebody submitted a job: one who does it for nothing but to be in the way remembers which.
    pub(super) fn note_grievance(&mut self, now: Time, account: AccountId, job: JobId) {
        let grieves = |attacker: &crate::economy::Attacker| {
            attacker.accounts > 0 && attacker.first == account && matches!(attacker.plan, Plan::Grief { .. })
        };
        if let Some(number) = self.economy.attackers.iter().position(grieves) {
            self.rows.attackers[number].grievances.push_back((now, job));
        }
    }

    /// Sells a day's part of what it set out to sell.
    fn dump(&mut self, view: &State, now: Time, number: usize, share: f64) {
        let economy = self.economy.clone();
        let (attacker, Some(holder)) = (&economy.attackers[number], economy.holders) else { return };
        let row = &mut self.rows.attackers[number];
        if !row.begun {
            (row.begun, row.aside) = (true, (Self::spendable(view, holder) as f64 * share) as u64);
        }
        let days = match attacker.until.checked_sub(attacker.from).filter(|_| attacker.until != plasma_core::time::NEVER) {
            Some(span) => span.div_ceil(SALES).max(1),
            None => DUMP_DAYS,
        };
        let gone = (now - attacker.from) / SALES;
        if gone < days {
            let amount = self.rows.attackers[number].aside / days;
            self.sell(view, now, holder, amount.min(Self::spendable(view, holder)));
        }
    }

    /// Takes liquidity out of the pool, or puts back what was taken.
    fn withdraw(&mut self, view: &State, now: Time, number: usize, share: f64, acts: bool) {
        let economy = self.economy.clone();
        let Some(terms) = economy.exchange.pool() else { return };
        let (maker, until) = (economy.exchange.maker, economy.attackers[number].until);
        let row = &self.rows.attackers[number];
        if acts && !row.begun {
            let Some(pool) = self.pool(view) else { return };
            let amount = ((pool.xpl as f64 * share) as u64).min(self.providers_part(pool.xpl));
            self.rows.attackers[number].begun = true;
            self.rows.attackers[number].aside = amount;
            self.send(now, Origin::Account(maker), Transfer { amount, to: terms.provider, pad: 0 });
            if until != plasma_core::time::NEVER {
                self.queue.push(until, Kind::Attack, number as u64);
            }
        } else if !acts && row.begun {
            let amount = row.aside.min(Self::spendable(view, terms.provider));
            self.send(now, Origin::Account(terms.provider), Transfer { amount, to: maker, pad: 0 });
        }
    }
}

/// The most that a job in line would pay for a reference GPU-second of a class, in nano-XPL.
fn best_in_line(view: &State, class: ClassId) -> u64 {
    let pays = |job: &plasma_core::protocol::job::Job| {
        let cost = view.catalogue.program(job.program)?.cost(&job.sizes)?;
        let work = view.catalogue.class(class).work_mgs(&cost)?;
        u64::try_from(u128::from(job.escrow) * 1000 / u128::from(work.max(1))).ok()
    };
    view.jobs.iter().filter(|job| job.is_queued()).filter_map(pays).max().unwrap_or(0)
}

/// Sizes of a program whose work on a class comes near so many milli-GPU-seconds, and that work: all sizes but the first are 1.
fn sized(view: &State, program: ProgramId, class: ClassId, work: u64) -> Option<([u32; MAX_SIZES], u64)> {
    let sizes = view.catalogue.program(program)?.sizes.len();
    let with = |first: u32| {
        let mut all = [0; MAX_SIZES];
        all.iter_mut().take(sizes).for_each(|size| *size = 1);
        all[0] = first;
        let cost = view.catalogue.program(program)?.cost(&all)?;
        Some((all, view.catalogue.class(class).work_mgs(&cost)?))
    };
    let (mut least, mut most) = (1u32, u32::MAX);
    while least < most {
        let middle = least + (most - least) / 2;
        match with(middle) {
            Some((_, found)) if found < work => least = middle + 1,
            _ => most = middle,
        }
    }
    with(least)
}
