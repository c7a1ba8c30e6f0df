//! The protocol once more, written from its rules and without the engine: no indices, no timers, no events that are applied.
//! Every question is answered by a scan of all rows, every sum in wide integers. It shares with the engine the vocabulary of
//! records and the table of parameters, and nothing that decides or computes.

mod arithmetic;
mod auctions;
mod batch;
mod calendar;
mod chance;
mod commands;
mod copies;
mod epochs;
mod governance;
mod grants;
mod holdback;
mod locked;
mod market;
mod oracle;
mod panel;
mod provision;
mod receipts;
pub mod schedules;
mod staking;
mod timers;
mod treasury;
mod vault;
mod verification;

use plasma_core::engine::state::State;
use plasma_core::engine::step::{Arrival, Inadmissible};
use plasma_core::genesis::Genesis;
use plasma_core::ids::{AwardId, GrantId, JobId, LeaseId, OrderId, ProposalId};
use plasma_core::money::XPL;
use plasma_core::params::Params;
use plasma_core::protocol::{job, offer, provider};
use plasma_core::record::{Cause, Event, Origin};
use plasma_core::time::Time;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What every holder holds, in nano-XPL.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Balances {
    pub accounts: Vec<u128>,
    pub bonds: Vec<u128>,
    pub escrows: BTreeMap<JobId, u128>,
    pub unissued: u128,
    pub burned: u128,
    pub treasury: u128,
    pub builders: u128,
    pub provider_pool: u128,
    pub staker_pool: u128,
    pub unbonding: u128,
    pub vault: u128,
    pub sealed: u128,
    /// Delegated and unclaimed, by provider; who has neither is left out.
    pub pools: BTreeMap<usize, (u128, u128)>,
    /// Of others and on its way back, by provider and epoch.
    pub leaving: BTreeMap<(usize, u64), u128>,
    pub challenges: u128,
    pub holdback: u128,
    pub proposals: u128,
    pub awards: u128,
    pub grants: BTreeMap<GrantId, u128>,
    pub tabs: BTreeMap<JobId, u128>,
}

impl Balances {
    /// The balances that the engine holds.
    pub fn of(state: &State) -> Self {
        let ledger = &state.ledger;
        Self {
            accounts: state.accounts().iter().map(|account| account.free).collect(),
            bonds: state.providers().iter().map(|provider| provider.bond).collect(),
            escrows: state.jobs.iter().map(|job| (job.id, u128::from(job.escrow))).collect(),
            unissued: ledger.unissued,
            burned: ledger.burned,
            treasury: ledger.treasury,
            builders: ledger.builders,
            provider_pool: ledger.provider_pool,
            staker_pool: ledger.staker_pool,
            unbonding: ledger.unbonding,
            vault: ledger.vault,
            sealed: ledger.sealed,
            pools: state
                .staking
                .pools
                .iter()
                .enumerate()
                .map(|(i, pool)| (i, (pool.stake.holds.into(), pool.rewards.into())))
                .collect(),
            leaving: state.staking.leaving.iter().map(|(key, left)| ((key.0.index(), key.1), left.fund.holds.into())).collect(),
            challenges: ledger.challenges,
            holdback: ledger.holdback,
            proposals: ledger.proposals,
            awards: ledger.awards,
            grants: state.grants.iter().map(|grant| (grant.id, u128::from(grant.held))).collect(),
            tabs: state.tabs.by_job.iter().map(|(&job, tab)| (job, u128::from(tab.held))).collect(),
        }
        .without_empty_pools()
    }

    fn without_empty_pools(mut self) -> Self {
        self.pools.retain(|_, pool| *pool != (0, 0));
        self
    }
}

/// One record, all that followed from it, and who held what afterwards.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub time: Time,
    pub cause: Cause,
    pub events: Vec<Event>,
    pub after: Balances,
}

#[derive(Clone, Debug)]
pub struct Account {
    pub locked: bool,
    pub provider: Option<usize>,
}

#[derive(Clone, Debug)]
pub struct Provider {
    pub owner: usize,
    pub status: provider::Status,
    pub work: u128,
    pub jailed_until: Time,
    pub strikes: u64,
}

#[derive(Clone, Debug)]
pub struct Offer {
    pub provider: usize,
    pub class: usize,
    pub gpus: u64,
    pub ask: u64,
    pub lapses_at: Time,
    pub status: offer::Status,
}

#[derive(Clone, Debug)]
pub struct Job {
    pub id: JobId,
    pub customer: usize,
    pub asked: job::Submit,
    pub place: Option<u64>,
    pub failures: u64,
    pub avoided: BTreeSet<usize>,
    pub credit: u64,
    /// The first of the copies that it is one of.
    pub set: Option<JobId>,
    /// What was revealed of its result, while copies are compared.
    pub root: Option<[u8; 32]>,
}

/// What a customer put aside for requests: its worth in micro-dollars, and every receipt since the last one paid.
#[derive(Clone, Debug, Default)]
pub struct Tab {
    pub holds: u128,
    pub dollars: u128,
    pub receipts: Vec<(LeaseId, u128)>,
}

/// The copies of a redundant job.
#[derive(Clone, Debug, Default)]
pub struct CopySet {
    pub asked: usize,
    pub reveal_by: Option<Time>,
}

/// What one of a panel has said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Said {
    Nothing,
    Sealed([u8; 32]),
    Right,
    Wrong,
}

/// A challenge, and the panel that decides it.
#[derive(Clone, Debug)]
pub struct Case {
    pub challenger: usize,
    pub deposit: u64,
    pub confirmed_by: Option<usize>,
    pub hung: usize,
    pub seal_by: Time,
    pub due: Time,
    pub panel: Vec<(usize, Said)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Progress {
    Running,
    Committed {
        commitment: [u8; 32],
    },
    UnderCheck {
        commitment: [u8; 32],
        checker: usize,
        due: Time,
    },
    Open {
        commitment: [u8; 32],
        until: Time,
    },
    Confirmed {
        commitment: [u8; 32],
        checker: usize,
        until: Time,
    },
    Challenged {
        commitment: [u8; 32],
    },
    /// Challenged after a checker had said that it is right.
    Contested {
        commitment: [u8; 32],
        checker: usize,
    },
    /// And found right, or not found wrong.
    Defended {
        commitment: [u8; 32],
        checker: usize,
        until: Time,
    },
}

#[derive(Clone, Debug)]
pub struct Lease {
    pub id: LeaseId,
    pub job: JobId,
    pub offer: usize,
    pub gpus: u64,
    pub price: u64,
    pub work: u64,
    pub started: Time,
    pub due: Time,
    pub checks_missed: u64,
    pub progress: Progress,
}

/// What a fault exposes: the GPUs behind it, and stake that was there at a time or later.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    pub gpus: u64,
    pub since: Time,
}

impl Fault {
    pub const fn of(lease: &Lease) -> Self {
        Self { gpus: lease.gpus, since: lease.started }
    }
}

/// A sealed ask; its price once it is revealed.
#[derive(Clone, Copy, Debug)]
pub struct Envelope {
    pub digest: [u8; 32],
    pub deposit: u64,
    pub price: Option<u64>,
}

/// Numbers for rows that come and go: the slot freed last is taken first, a serial number never returns.
#[derive(Clone, Debug, Default)]
struct Numbers {
    serial: u64,
    slots: u32,
    freed: Vec<u32>,
}

impl Numbers {
    fn take(&mut self) -> (u64, u32) {
        self.serial += 1;
        let fresh = self.slots;
        let slot = self.freed.pop().unwrap_or_else(|| {
            self.slots += 1;
            fresh
        });
        (self.serial, slot)
    }

    fn give_back(&mut self, slot: usize) {
        self.freed.push(slot as u32);
    }
}

/// What a schedule remembers.
pub use plasma_core::formula::schedule::Memory;

pub use governance::Proposal;
pub use grants::{Award, Grant};
pub use treasury::Order;

/// A decision that an event calls for.
#[derive(Clone, Copy, Debug)]
enum Todo {
    Enact(ProposalId),
    Decree,
    Match(JobId),
    Fill(usize),
    Draw(LeaseId),
    Settle(LeaseId),
    Empanel(LeaseId),
    Judge(LeaseId),
    Compare(JobId),
}

pub struct Reference {
    pub rules: Params,
    pub catalogue: plasma_core::catalogue::Catalogue,
    /// What each class's work counts for.
    pub weights: Vec<u64>,
    pub balances: Balances,
    pub accounts: Vec<Account>,
    pub providers: Vec<Provider>,
    pub offers: Vec<Offer>,
    pub jobs: BTreeMap<JobId, Job>,
    pub leases: BTreeMap<LeaseId, Lease>,
    pub tabs: BTreeMap<JobId, Tab>,
    pub unbonding: Vec<plasma_core::protocol::bond::Unbonding>,
    pub stakes: staking::Ledger,
    pub feeders: u8,
    /// Of each feeder, by round.
    pub posts: BTreeMap<u8, BTreeMap<u64, (u64, Time)>>,
    /// Beacons so far.
    pub round: u64,
    pub grants: BTreeMap<GrantId, Grant>,
    pub proposals: BTreeMap<ProposalId, Proposal>,
    pub awards: BTreeMap<AwardId, Award>,
    pub orders: BTreeMap<OrderId, Order>,
    pub committee: Option<usize>,
    pub custodian: Option<usize>,
    pub council: Option<usize>,
    /// What the council wants changed at the epoch's end.
    pub decrees: VecDeque<plasma_core::protocol::governance::decree::Decree>,
    /// When the vault's window closes, and when the next may open.
    pub window: (Time, Time),
    pub fee: u64,
    pub excess: u64,
    pub admitted: u64,
    pub memory: Memory,
    pub minted: u128,
    pub paid: u128,
    pub worked: u64,
    pub burned_before: u128,
    pub genesis: Time,
    pub initial: u128,
    pub now: Time,
    pub epoch: u64,
    pub epoch_started: Time,
    pub epoch_ends: Time,
    pub places: u64,
    pub beacon: [u8; 32],
    pub tie_beacon: [u8; 32],
    pub closes_at: Time,
    pub batch: u64,
    pub called: u64,
    pub standing: Vec<u64>,
    pub envelopes: BTreeMap<usize, Envelope>,
    pub cases: BTreeMap<LeaseId, Case>,
    pub sets: BTreeMap<JobId, CopySet>,
    /// Earnings held back: of whom, due when, or not yet for those of the running epoch.
    pub held: Vec<(usize, Option<Time>, u128)>,
    pub trace: Vec<Entry>,
    pub turned_away: Vec<(Arrival, Inadmissible)>,
    job_numbers: Numbers,
    lease_numbers: Numbers,
    grant_numbers: Numbers,
    proposal_numbers: Numbers,
    award_numbers: Numbers,
    order_numbers: Numbers,
    agenda: VecDeque<Todo>,
    events: Vec<Event>,
}

impl Reference {
    pub fn new(genesis: &Genesis) -> Self {
        let rules = Params::from_values(genesis.params.clone()).expect("legal parameters");
        let accounts: Vec<u128> = genesis.accounts.iter().map(|a| a.amount).collect();
        let granted = genesis.grants.iter().map(|grant| u128::from(grant.total)).sum::<u128>();
        let initial = accounts.iter().sum::<u128>() + granted + genesis.treasury + genesis.builders;
        let unissued = u128::from(rules.supply_cap()) * u128::from(XPL) - initial;
        let (treasury, builders) = (genesis.treasury, genesis.builders);
        let office = |account: plasma_core::ids::AccountId| account.is_some().then_some(account.index());
        let opening = if rules.market_mechanism() == 3 { rules.market_opening() * 1_000_000 } else { 0 };
        let mut this = Self {
            balances: Balances { accounts, unissued, treasury, builders, ..Balances::default() },
            accounts: genesis.accounts.iter().map(|a| Account { locked: a.locked, provider: None }).collect(),
            providers: Vec::new(),
            offers: Vec::new(),
            jobs: BTreeMap::new(),
            leases: BTreeMap::new(),
            tabs: BTreeMap::new(),
            unbonding: Vec::new(),
            stakes: staking::Ledger::default(),
            feeders: genesis.feeders,
            posts: BTreeMap::new(),
            round: 0,
            grants: BTreeMap::new(),
            proposals: BTreeMap::new(),
            awards: BTreeMap::new(),
            orders: BTreeMap::new(),
            committee: office(genesis.committee),
            custodian: office(genesis.custodian),
            council: office(genesis.council),
            decrees: VecDeque::new(),
            window: (0, 0),
            fee: rules.fee_base(),
            excess: 0,
            admitted: 0,
            memory: Memory::default(),
            minted: 0,
            paid: 0,
            worked: 0,
            burned_before: 0,
            genesis: genesis.start,
            initial,
            now: genesis.start,
            epoch: 0,
            epoch_started: genesis.start,
            epoch_ends: genesis.start + rules.epoch_length(),
            places: 0,
            beacon: [0; 32],
            tie_beacon: [0; 32],
            closes_at: genesis.start + rules.market_batch(),
            batch: 0,
            called: 0,
            standing: vec![opening; genesis.catalogue.classes.len()],
            envelopes: BTreeMap::new(),
            cases: BTreeMap::new(),
            sets: BTreeMap::new(),
            held: Vec::new(),
            trace: Vec::new(),
            turned_away: Vec::new(),
            job_numbers: Numbers::default(),
            lease_numbers: Numbers::default(),
            grant_numbers: Numbers::default(),
            proposal_numbers: Numbers::default(),
            award_numbers: Numbers::default(),
            order_numbers: Numbers::default(),
            agenda: VecDeque::new(),
            events: Vec::new(),
            weights: genesis.catalogue.classes.iter().map(|class| class.weight).collect(),
            catalogue: genesis.catalogue.clone(),
            rules,
        };
        for grant in &genesis.grants {
            let (serial, slot) = this.grant_numbers.take();
            this.place_grant(GrantId::new(serial, slot), grant.account.index(), grant.total, grant.schedule);
        }
        this
    }

    /// Takes a command in: what fails at the door leaves no trace, what fails behind it costs the fee.
    pub fn command(&mut self, arrival: &Arrival) {
        let mut fee = 0;
        if let Origin::Account(id) = arrival.origin {
            fee = self.base_fee();
            let why = match self.accounts.get(id.index()) {
                None => Some(Inadmissible::UnknownAccount),
                Some(account) if account.locked => Some(Inadmissible::Locked),
                Some(_) if self.balances.accounts[id.index()] < u128::from(fee) => Some(Inadmissible::NoFee),
                Some(_) => None,
            };
            if let Some(why) = why {
                self.turned_away.push((*arrival, why));
                return;
            }
            self.balances.accounts[id.index()] -= u128::from(fee);
            self.balances.burned += u128::from(fee);
            self.admitted += 1;
        }
        self.now = arrival.time;
        if let Err(refused) = self.obey(arrival) {
            self.events.push(refused.into());
        }
        let (origin, command) = (arrival.origin, arrival.command);
        self.conclude(Cause::Command { origin, fee, command });
    }

    /// Takes every decision that is called for, in the order of the calls, and writes the record down.
    fn conclude(&mut self, cause: Cause) {
        self.decide_what_is_called_for();
        let events = std::mem::take(&mut self.events);
        self.trace.push(Entry { time: self.now, cause, events, after: self.balances.clone().without_empty_pools() });
    }

    fn decide_what_is_called_for(&mut self) {
        while let Some(todo) = self.agenda.pop_front() {
            match todo {
                Todo::Match(job) => self.match_job(job),
                Todo::Fill(offer) => self.fill(offer),
                Todo::Draw(lease) => self.draw(lease),
                Todo::Settle(lease) => self.settle(lease),
                Todo::Empanel(lease) => self.empanel(lease),
                Todo::Judge(lease) => self.judge(lease),
                Todo::Compare(set) => self.compare(set),
                Todo::Enact(proposal) => self.enact(proposal),
                Todo::Decree => self.carry_out(),
            }
        }
    }

    /// Lets something happen. Offers that appeal to more jobs than before are to be filled, if anybody waits.
    fn happen(&mut self, event: impl Into<Event>, change: impl FnOnce(&mut Self)) {
        let appeal = |this: &Self| (0..this.offers.len()).map(|offer| this.appeal(offer)).collect::<Vec<_>>();
        let before = appeal(self);
        change(self);
        self.events.push(event.into());
        if self.jobs.values().all(|job| job.place.is_none()) {
            return;
        }
        for (offer, after) in appeal(self).into_iter().enumerate() {
            let Some((ask, room)) = after else { continue };
            if before.get(offer).copied().flatten().is_none_or(|(old, less)| ask < old || room > less) {
                self.agenda.push_back(Todo::Fill(offer));
            }
        }
    }

    /// Runs commands, in order of time, and whatever falls due between them, up to but without `until`.
    pub fn run(&mut self, commands: &[Arrival], until: Time) {
        let mut commands = commands.iter().peekable();
        loop {
            let due = self.first_due();
            let horizon = due.map_or(until, |(time, _)| time.min(until));
            if let Some(arrival) = commands.next_if(|arrival| arrival.time < horizon) {
                self.command(arrival);
                continue;
            }
            match due {
                Some((time, timer)) if time < until => self.fire(time, timer),
                _ => return,
            }
        }
    }
}
