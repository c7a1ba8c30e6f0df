//! A scenario made concrete: every participant by number, with all that never changes about it.
//!
//! Accounts come in this order: one for each allocation to `locked` or `holders`, in the order of the file; the market maker, and
//! who provides the pool's liquidity if there is a pool; the traders; the custodian, the committee and the builders; the attackers;
//! the delegators; the customers, group by group and then trace by trace; those whom builders may bring, group by group; the providers,
//! group by group (the members, then the pool of those who may enter) and then trace by trace; the council, if a shock needs one. What
//! is drawn here depends on a participant's own stream alone.

pub mod attackers;
pub mod bursts;
pub mod funds;
pub mod genesis;
pub mod providers;
pub mod rounding;
pub mod shocks;
pub mod stake;
pub mod token;
pub mod vesting;

use crate::agents::tally::Party;
use crate::scenario::Scenario;
use crate::scenario::model::{
    CustomerChoice, DemandGroup, Holder, SizeSpread, TraceUse, VerificationPolicy, position, trace::TraceJobs,
};
use crate::scenario::quantity::{Bytes, Id};
use crate::streams::sample::{Intensity, Weights};
use crate::streams::spread::Spread;
use crate::streams::{Purpose, Streams, stream_id};
use crate::traces::prices::Prices;
use crate::traces::sizes::Tables;
use crate::traces::{Job, Trace};
pub use attackers::{Attacker, Plan};
use bursts::Bursts;
pub use funds::{Brings, Builder, Committee, Custodian};
use plasma_core::catalogue::MAX_SIZES;
use plasma_core::ids::{AccountId, ClassId, ProgramId};
use plasma_core::protocol::verification::policy::Policy;
use plasma_core::time::{HOUR, Span, Time};
pub use providers::Lender;
use shocks::Timetable;
use stake::{Motion, Savers, Voters};
pub use token::{Exchange, Trader};
pub use vesting::{Cohort, Pledger};

/// GPUs of a server: the baseboard that data centres are built of holds eight (NVIDIA HGX; Open Compute Project, OAI universal
/// baseboard). Who has fewer has them at home, or in somebody else's rack.
const SERVER: u64 = 8;

/// Everybody, and what never changes about them.
#[derive(Debug)]
pub struct Economy {
    /// Where XPL are traded.
    pub exchange: Exchange,
    /// Groups of traders.
    pub traders: Vec<Trader>,
    /// Unlock cohorts, in the order of the file.
    pub cohorts: Vec<Cohort>,
    /// Who stakes what is not free yet, in the order of the file.
    pub pledgers: Vec<Pledger>,
    /// Who carries out the treasury's orders.
    pub custodian: Option<Custodian>,
    /// Who attests milestones.
    pub committee: Option<Committee>,
    /// Builders, in the order of the file.
    pub builders: Vec<Builder>,
    /// Attackers, in the order of the file.
    pub attackers: Vec<Attacker>,
    /// Delegators.
    pub savers: Savers,
    /// Voters.
    pub voters: Voters,
    /// Proposals on the timetable, in the order of the file.
    pub motions: Vec<Motion>,
    /// Customers by group, then by trace of jobs.
    pub patrons: Vec<Patrons>,
    /// Shocks to come.
    pub timetable: Timetable,
    /// Account of the first allocation to `holders` that is free from the start, if there is one.
    pub holders: Option<AccountId>,
    /// The account of the council that decrees what shocks change; last, so that it takes no other's number.
    pub council: Option<AccountId>,
    /// Providers, in the order of their accounts.
    pub lenders: Vec<Lender>,
    /// The account of the first customer whom builders may bring.
    pub first_brought: AccountId,
    /// The first provider's account.
    pub first_lender: AccountId,
    /// Whether the true owner of each of them has fewer GPUs, over all of their providers, than a server holds.
    pub small: Vec<bool>,
    /// Provider groups, for reports: the id of each group that a lender names.
    pub lender_groups: Vec<String>,
    /// Micro-USD for an hour of a GPU elsewhere, by class of the catalogue.
    pub rentals: Vec<f64>,
    /// The same in clouds: on demand, reserved, spot; zero where it is not known.
    pub clouds: Vec<[u64; 3]>,
    /// BLAKE3 of the scenario.
    pub scenario: [u8; 32],
    /// Seed of all draws.
    pub seed: u64,
    /// Which replicate of the experiment this is.
    pub replicate: u64,
    /// Time between two beacons, for the host's clockwork.
    pub beacon_interval: Span,
}

/// A group of customers, and the jobs they bring.
#[derive(Debug)]
pub struct Patrons {
    /// The group's or trace's id.
    pub name: String,
    /// Where its candidates come from.
    pub source: Source,
    /// Its stream.
    pub stream: u64,
    /// Its customers, at least one.
    pub members: Members,
    /// Those whom builders may bring.
    pub brought: Members,
    /// What its jobs run.
    pub program: ProgramId,
    /// GPU class on which work and reservation prices are stated.
    pub reference: ClassId,
    /// Memory that each GPU must have, in GiB.
    pub vram_gib: u16,
    /// Median and sigma of the highest price it would pay, in micro-USD per reference GPU-hour.
    pub reservation: (f64, f64),
    /// Longest wait for a lease.
    pub patience: Span,
    /// Time to the result.
    pub deadline: Span,
    /// How it chooses between the network and other ways.
    pub choosing: Choosing,
    /// How results are verified, with the number of copies.
    pub policy: (Policy, u8),
    /// What it makes of the share of results that came to nothing: none of it, or so many times what is published.
    pub trust: f64,
    /// What comes to its deployments; none where they pay for time only.
    pub requests: Option<Requests>,
}

/// Customers in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Members {
    /// Account of the first.
    pub first: AccountId,
    /// How many they are.
    pub count: u32,
}

impl Members {
    /// Whether an account is that of one of them.
    pub const fn has(&self, account: AccountId) -> bool {
        account.0 >= self.first.0 && account.0 - self.first.0 < self.count
    }
}

impl Patrons {
    /// Whether an account is that of one of its customers, whoever brought them.
    pub const fn has(&self, account: AccountId) -> bool {
        self.members.has(account) || self.brought.has(account)
    }
}

/// Requests to each deployment of a group.
#[derive(Clone, Copy, Debug)]
pub struct Requests {
    /// Mean number in a millisecond.
    pub per_ms: f64,
    /// Micro-USD that one pays.
    pub micro_usd: u64,
    /// Time between two receipts.
    pub interval: Span,
}

/// How a group of customers chooses.
#[derive(Clone, Copy, Debug)]
pub enum Choosing {
    /// The network whenever it costs less than the reservation price.
    Reservation,
    /// By what each way costs.
    Logit(Logit),
}

/// What a logit weighs.
#[derive(Clone, Copy, Debug)]
pub struct Logit {
    /// Exponent of cost.
    pub sensitivity: f64,
    /// Micro-USD for an hour of waiting.
    pub waiting_cost: f64,
    /// Share of the price that it costs to be with the network rather than a cloud.
    pub switching: f64,
    /// Micro-USD for a reference GPU-hour in a cloud.
    pub cloud: f64,
}

/// Where candidate jobs come from.
#[derive(Debug)]
pub enum Source {
    /// A Poisson process and distributions.
    Drawn(Box<Drawn>),
    /// A recorded trace.
    Recorded(Recorded),
}

/// Candidates that are drawn.
#[derive(Debug)]
pub struct Drawn {
    /// When they come.
    pub intensity: Intensity,
    /// When far more of them come.
    pub bursts: Option<Bursts>,
    /// Distribution of each size, in the order of the program's names.
    pub sizes: Vec<Spread>,
    /// Base-2 logarithms of the numbers of GPUs …
    pub gpus_log2: Vec<u8>,
    /// … and how often each is asked for.
    pub gpus_weights: Weights,
}

impl Drawn {
    /// How many candidates come at a moment, relative to what would without bursts.
    pub fn burst(&self, now: Time) -> f64 {
        self.bursts.as_ref().map_or(1.0, |bursts| bursts.factor(now))
    }
}

/// Candidates that were recorded.
#[derive(Debug)]
pub struct Recorded {
    /// Jobs, by the time since the first.
    pub jobs: Vec<Job>,
    /// Time after which the trace begins anew; none when it is played once.
    pub period: Option<Span>,
    /// Share of rows that is played.
    pub kept: f64,
}

/// Why there can be no such economy.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A trace cannot be read.
    #[error(transparent)]
    Trace(#[from] crate::traces::TraceError),
    /// The beginning contradicts itself.
    #[error(transparent)]
    Genesis(#[from] plasma_core::genesis::GenesisError),
    /// Something is beyond what the engine counts.
    #[error("{0}")]
    Beyond(String),
}

/// GiB that hold this much memory. Classes and jobs are both rounded up, which keeps their order: 24 GB fit 24 GB.
pub(crate) fn gib(bytes: Bytes) -> u16 {
    u16::try_from(bytes.0.div_ceil(1 << 30)).unwrap_or(u16::MAX)
}

pub(crate) fn class_id(scenario: &Scenario, id: &Id) -> ClassId {
    ClassId(position(&scenario.class, id).map_or(0, |i| i as u8))
}

pub(crate) fn program_id(scenario: &Scenario, id: &Id) -> ProgramId {
    ProgramId(position(&scenario.program, id).map_or(0, |i| i as u16))
}

impl Economy {
    /// Micro-USD for an hour of a GPU elsewhere at a moment, by class: the price that agents go by, then on demand, reserved and
    /// spot; zero where it is not known. What shocks do to one they do to all.
    pub fn elsewhere(&self, now: Time) -> Vec<[u64; 4]> {
        let factor = self.timetable.cloud(now);
        let prices = |(&rental, &[on_demand, reserved, spot]): (&f64, &[u64; 3])| {
            [rental, on_demand as f64, reserved as f64, spot as f64].map(|price| (price * factor) as u64)
        };
        self.rentals.iter().zip(&self.clouds).map(prices).collect()
    }

    /// The class on which the first customers state their work and prices; the first of all where there are none.
    pub fn reference(&self) -> ClassId {
        self.patrons.first().map_or(ClassId(0), |patrons| patrons.reference)
    }

    /// Makes a checked scenario concrete. `traces` are its traces, in its order, `prices` its recorded price, if it has one, and
    /// `sizes` its recorded sizes.
    ///
    /// # Errors
    /// [`BuildError::Beyond`] when something exceeds what the engine counts.
    pub fn new(
        scenario: &Scenario,
        traces: &[Trace],
        prices: Option<Prices>,
        sizes: &Tables,
        replicate: u64,
    ) -> Result<Self, BuildError> {
        let mut next = genesis::immobile(scenario).count() as u32;
        let exchange = Exchange::new(scenario, prices, &mut next)?;
        let traders = token::traders(scenario, &mut next);
        let (custodian, committee, mut builders) = funds::officers(scenario, &mut next);
        let mut attackers = attackers::attackers(scenario, &mut next);
        let savers = stake::savers(scenario, &mut next, replicate);
        let bursts = Streams::new(scenario.seed, replicate, Purpose::Burst);
        let mut patrons = patrons(scenario, (traces, sizes), &bursts, &mut next);
        let streams = Streams::new(scenario.seed, replicate, Purpose::Provider);
        let (lenders, lender_groups) = providers::lenders(scenario, traces, &streams)?;
        for (attacker, section) in attackers.iter_mut().zip(&scenario.attacker) {
            attacker.take_over(scenario, section.usd, &lenders);
        }
        let names: Vec<&str> = patrons.iter().map(|group| group.name.as_str()).collect();
        let timetable = Timetable::new(scenario, &names, &lender_groups);
        for (i, group) in patrons.iter_mut().enumerate() {
            if let Source::Drawn(drawn) = &mut group.source {
                let burst = drawn.bursts.as_ref().map_or(1.0, Bursts::peak);
                drawn.intensity.raise(timetable.peak_demand(i) * burst);
            }
        }
        let first_brought = funds::bring(scenario, &mut builders, &mut patrons, &mut next);
        let accounts = u64::from(next) + lenders.len() as u64 + u64::from(timetable.decrees());
        if accounts > u64::from(u32::MAX / 2) {
            return Err(BuildError::Beyond(format!(
                "{accounts} accounts are more than the engine counts: choose a smaller scale"
            )));
        }
        let mut economy = Self {
            exchange,
            traders,
            cohorts: vesting::cohorts(scenario),
            pledgers: vesting::pledgers(scenario),
            custodian,
            committee,
            builders,
            attackers,
            savers,
            voters: Voters::default(),
            motions: Vec::new(),
            patrons,
            council: timetable.decrees().then(|| AccountId(accounts as u32 - 1)),
            timetable,
            holders: genesis::immobile(scenario)
                .position(|part| part.holder == Holder::Holders && part.vesting.is_none())
                .map(|i| AccountId(i as u32)),
            small: Vec::new(),
            lenders,
            first_brought,
            first_lender: AccountId(next),
            lender_groups,
            rentals: scenario.class.iter().map(|class| class.rental.0 as f64).collect(),
            clouds: scenario.class.iter().map(|class| class.cloud.by_tier()).collect(),
            scenario: crate::scenario::digest(scenario),
            seed: scenario.seed,
            replicate,
            beacon_interval: scenario.params.beacon_interval(),
        };
        economy.small = economy.owners_of_few();
        economy.voters = stake::voters(scenario, &economy);
        economy.motions = stake::motions(scenario, &economy)?;
        Ok(economy)
    }

    /// How many accounts there are.
    pub fn accounts(&self) -> usize {
        self.first_lender.index() + self.lenders.len() + usize::from(self.council.is_some())
    }

    /// The provider that holds an account, by number.
    pub fn lender_of(&self, account: AccountId) -> Option<usize> {
        account.index().checked_sub(self.first_lender.index()).filter(|&i| i < self.lenders.len())
    }

    /// The true owner of each account, by the first of their accounts: everybody owns themselves, but for attackers; opportunists reckon
    /// alike and are strangers to one another.
    pub fn owners(&self) -> Vec<u32> {
        let mut owners: Vec<u32> = (0..self.accounts() as u32).collect();
        let one_owner = |number: &usize| !matches!(self.attackers[*number].plan, Plan::Opportunist { .. });
        for number in (0..self.attackers.len()).filter(one_owner) {
            let accounts = self.accounts_of_attacker(number);
            let Some(first) = accounts.first().map(|account| account.0) else { continue };
            accounts.iter().for_each(|account| owners[account.index()] = first);
        }
        owners
    }

    /// Which providers are small: whose true owner has fewer than [`SERVER`] GPUs.
    fn owners_of_few(&self) -> Vec<bool> {
        let (owners, mut gpus) = (self.owners(), vec![0u64; self.accounts()]);
        let owner = |lender: usize| owners[self.account_of(lender).index()] as usize;
        self.lenders.iter().enumerate().for_each(|(i, lender)| gpus[owner(i)] += u64::from(lender.gpus));
        (0..self.lenders.len()).map(|i| gpus[owner(i)] < SERVER).collect()
    }

    /// Accounts whose contents are an attacker's: its own, its providers', and those of whom it acts for.
    pub fn accounts_of_attacker(&self, number: usize) -> Vec<AccountId> {
        let attacker = &self.attackers[number];
        let own = (attacker.first.0..attacker.first.0 + attacker.accounts).map(AccountId);
        let lenders = attacker.lenders.iter().map(|&lender| self.account_of(lender as usize));
        let liquidity = self.exchange.pool().map(|terms| [terms.provider, self.exchange.maker]);
        let others = match attacker.plan {
            Plan::Dump { .. } => self.holders.into_iter().collect(),
            Plan::Withdraw { .. } => liquidity.into_iter().flatten().collect(),
            _ => Vec::new(),
        };
        own.chain(lenders).chain(others).collect()
    }

    /// The attacker who owns a provider, by number.
    pub fn attacker_behind(&self, lender: usize) -> Option<usize> {
        let group = self.lenders[lender].group;
        self.attackers.iter().position(|attacker| attacker.owns(group))
    }

    /// The attacker whose own account or provider's account this is.
    pub fn attacker_of(&self, account: AccountId) -> Option<usize> {
        if self.attackers.is_empty() {
            return None;
        }
        match self.lender_of(account) {
            Some(lender) => self.attacker_behind(lender),
            None => self.attackers.iter().position(|attacker| attacker.holds(account)),
        }
    }

    /// As what the holder of an account trades XPL.
    pub fn party(&self, account: AccountId) -> Party {
        let trades = |trader: &Trader| trader.account == account;
        match () {
            () if self.lender_of(account).is_some() => Party::Providers,
            () if self.patrons.iter().any(|group| group.has(account)) => Party::Customers,
            () if self.traders.iter().any(trades) => Party::Traders,
            () if self.custodian.is_some_and(|custodian| custodian.account == account) => Party::Treasury,
            () if self.committee.is_some_and(|committee| committee.account == account) => Party::Builders,
            () if self.council == Some(account) => Party::Builders,
            () if self.builders.iter().any(|builder| builder.account == account) => Party::Builders,
            () if self.attackers.iter().any(|attacker| attacker.holds(account)) => Party::Attackers,
            () => Party::Holders,
        }
    }

    /// The group of a customer to whose deployments requests come.
    pub fn requested_by(&self, customer: AccountId) -> Option<usize> {
        self.patrons.iter().position(|group| group.requests.is_some() && group.has(customer))
    }

    /// Whether an account is that of a customer whom builders brought.
    pub fn is_brought(&self, account: AccountId) -> bool {
        (self.first_brought.0..self.first_lender.0).contains(&account.0)
    }

    /// The account of a provider.
    pub fn account_of(&self, lender: usize) -> AccountId {
        AccountId(self.first_lender.0 + lender as u32)
    }
}

fn patrons(scenario: &Scenario, (traces, sizes): (&[Trace], &Tables), streams: &Streams, next: &mut u32) -> Vec<Patrons> {
    let counts: Vec<u64> = scenario.demand.iter().map(|group| group.customers).collect();
    let counts = rounding::scaled(scenario.scale, &counts);
    let mut enrol = |count: u64| {
        let members = Members { first: AccountId(*next), count: u32::try_from(count.max(1)).unwrap_or(u32::MAX / 4) };
        *next = next.saturating_add(members.count);
        members
    };
    let mut all: Vec<Patrons> =
        scenario.demand.iter().zip(counts).map(|(group, count)| drawn(scenario, group, sizes, streams, enrol(count))).collect();
    for (section, trace) in scenario.trace.iter().zip(traces) {
        if let TraceUse::Jobs(jobs) = &section.use_as {
            let enrolled = enrol(scenario.scale.of(jobs.customers));
            all.push(recorded(scenario, section.id.as_str(), jobs, trace, enrolled));
        }
    }
    all
}

fn drawn(scenario: &Scenario, group: &DemandGroup, tables: &Tables, streams: &Streams, members: Members) -> Patrons {
    let names = scenario.program.iter().find(|program| program.id == group.program).map_or(&[][..], |program| &program.sizes);
    let sizes = names.iter().take(MAX_SIZES).filter_map(|name| spread(group, name, tables));
    let span = (scenario.start.0, scenario.horizon.0);
    let rate = group.rate.per_hour() / HOUR as f64 * scenario.scale.fraction();
    let yearly = 1.0 + group.growth.fraction();
    let intensity = Intensity::new(rate, group.daily.relative(), group.weekly.relative(), yearly, span, group.utc_offset.0);
    let stream = stream_id(group.id.as_str(), 0);
    let source = Drawn {
        intensity,
        bursts: group.bursts.as_ref().map(|terms| Bursts::new(terms, stream, streams, span)),
        sizes: sizes.collect(),
        gpus_log2: group.gpus.keys().map(|gpus| gpus.trailing_zeros() as u8).collect(),
        gpus_weights: Weights::new(group.gpus.values().map(|weight| weight.get())),
    };
    Patrons {
        name: group.id.as_str().into(),
        source: Source::Drawn(Box::new(source)),
        stream,
        members,
        brought: Members::default(),
        program: program_id(scenario, &group.program),
        reference: class_id(scenario, &group.reference),
        vram_gib: gib(group.vram),
        reservation: (group.reservation.median.0 as f64, group.reservation.sigma.get()),
        patience: group.patience.0,
        deadline: group.deadline.0,
        policy: policy(group.policy),
        trust: group.trust.fraction(),
        choosing: choosing(scenario, &group.choice, &group.reference),
        requests: group.requests.as_ref().map(|requests| Requests {
            per_ms: requests.rate.per_hour() / HOUR as f64,
            micro_usd: requests.price.0,
            interval: requests.receipts.0,
        }),
    }
}

/// The distribution of one of a group's sizes.
fn spread(group: &DemandGroup, name: &Id, tables: &Tables) -> Option<Spread> {
    Some(match group.size.get(name)? {
        SizeSpread::LogNormal(terms) => Spread::LogNormal(terms.median.get(), terms.sigma.get()),
        SizeSpread::Quantiles(quantiles) => {
            Spread::Lines(quantiles.iter().map(|(share, size)| (share.fraction(), size.get())).collect())
        }
        SizeSpread::Values(values) => {
            let numbers: Vec<_> = values.iter().map(|(&size, weight)| (f64::from(size), weight.get())).collect();
            Spread::steps(&numbers)
        }
        SizeSpread::Csv(_) => Spread::steps(tables.get(&(group.id.clone(), name.clone()))?),
    })
}

fn choosing(scenario: &Scenario, choice: &CustomerChoice, reference: &Id) -> Choosing {
    let CustomerChoice::Logit(terms) = choice else { return Choosing::Reservation };
    let rental = position(&scenario.class, reference).map_or(0, |class| scenario.class[class].rental.0);
    Choosing::Logit(Logit {
        sensitivity: terms.sensitivity.get(),
        waiting_cost: terms.waiting_cost.0 as f64,
        switching: terms.switching.fraction(),
        cloud: rental as f64 * terms.cloud.fraction(),
    })
}

fn recorded(scenario: &Scenario, name: &str, terms: &TraceJobs, trace: &Trace, members: Members) -> Patrons {
    let period = terms.repeat.then(|| trace.jobs.last().map_or(1, |job| job.at + 1));
    Patrons {
        name: name.into(),
        source: Source::Recorded(Recorded { jobs: trace.jobs.clone(), period, kept: scenario.scale.fraction() }),
        stream: stream_id(name, 0),
        members,
        brought: Members::default(),
        program: program_id(scenario, &terms.program),
        reference: class_id(scenario, &terms.reference),
        vram_gib: gib(terms.vram),
        reservation: (terms.reservation.median.0 as f64, terms.reservation.sigma.get()),
        patience: terms.patience.0,
        deadline: terms.deadline.0,
        policy: policy(terms.policy),
        trust: terms.trust.fraction(),
        choosing: choosing(scenario, &terms.choice, &terms.reference),
        requests: None,
    }
}

fn policy(policy: VerificationPolicy) -> (Policy, u8) {
    match policy {
        VerificationPolicy::None => (Policy::Unchecked, 0),
        VerificationPolicy::Sampled => (Policy::Sampled, 0),
        VerificationPolicy::Checked => (Policy::Checked, 0),
        VerificationPolicy::Freivalds => (Policy::Freivalds, 0),
        VerificationPolicy::Redundant => (Policy::Redundant, 3),
    }
}
