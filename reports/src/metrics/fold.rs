//! The fold: records in, one row per epoch out. Integer state, a few additions a record, memory that follows what is open.

use super::capacity::{Capacity, JobNote};
use super::closed::Closed;
use super::concentration::Concentration;
use super::histogram::Histogram;
use super::observed::{Attacker, Observed};
use super::owners::{Owners, gather};
use super::row::{Row, Spread, Wait};
use super::yardstick::Yardstick;
use deterrence::POLICIES;
use plasma_core::catalogue::{Kind, Program};
use plasma_core::engine::state::State;
use plasma_core::engine::step::Observer;
use plasma_core::genesis::Genesis;
use plasma_core::ids::{LeaseId, OfferId, ProviderId};
use plasma_core::money::ONE;
use plasma_core::params::Params;
use plasma_core::protocol::governance::{Proposal, VotingEnds};
use plasma_core::protocol::market::Leased;
use plasma_core::protocol::receipt::ReceiptPaid;
use plasma_core::protocol::settlement::Settled;
use plasma_core::protocol::verification::panel::Outcome;
use plasma_core::protocol::verification::policy::Policy;
use plasma_core::record::{Cause, Command, Event, Origin, Record, Timer};
use plasma_core::time::{NEVER, Time};
use rkyv::{Archive, Deserialize, Serialize};

mod close;
mod deterrence;
mod supply;

/// Everything measured so far: a row for each closed epoch, for each year, and for the whole run.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Metrics {
    pub(super) format: u32,
    pub(super) chain: String,
    pub(super) start: Time,
    pub(super) class_names: Vec<String>,
    pub(super) closed: Closed,
    pub(super) years: Vec<Row>,
    pub(super) epoch: Span,
    pub(super) year: Span,
    pub(super) run: Span,
    pub(super) capacity: Capacity,
    staked: Stake,
    /// The part of it that others brought.
    delegated: Stake,
    quote: Quote,
    known: Known,
    owners: Owners,
    /// By program: which of its sizes counts the tokens that it generates, if one does.
    token_sizes: Vec<Option<u8>>,
    /// By what jobs of unlike GPUs are measured.
    yardstick: Yardstick,
    /// The lease on which a receipt was paid last, and how many nano-XPL: if it settles at all, it does so in the same record.
    served: (LeaseId, u64),
    /// What was told last.
    told: Observed,
}

/// What the last epoch's end showed of the providers.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
struct Known {
    /// By id: whether they were active, which counts them in concentration although they settled nothing, and their true owner.
    providers: Vec<(bool, u32)>,
    /// How unevenly they held bonds.
    stake: Spread,
    /// The oracle's price, and the circulating supply.
    price: u64,
    circulating: u128,
    /// See [`super::row::Stocks::power_to_pass`].
    power_to_pass: Option<u128>,
}

/// A row in the making, with what its waits and concentration are made of.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) row: Row,
    pub(super) waits: Histogram,
    /// Class-weighted milli-GPU-seconds settled, by provider.
    work: Vec<u64>,
    /// Leases begun in an epoch, by how their results are verified.
    policies: [u64; POLICIES],
}

/// Bonds, and since when they have been what they are.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Stake {
    nano: u128,
    since: Time,
}

/// The oracle's price, and until when it is known to stand.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Quote {
    micro_usd: u64,
    until: Time,
}

/// A customer's payment by where it went, in nano-XPL.
#[derive(Clone, Copy)]
struct Paid {
    paid: u64,
    burned: u64,
    treasury: u64,
    stakers: u64,
}

impl Stake {
    fn change(&mut self, sum: &mut u128, now: Time, change: impl FnOnce(u128) -> u128) {
        *sum += self.nano * u128::from(now - self.since);
        (self.nano, self.since) = (change(self.nano), now);
    }
}

impl Quote {
    /// Micro-dollars per XPL; zero when no post is fresh.
    #[inline]
    fn at(&mut self, view: &State, now: Time) -> u64 {
        if now >= self.until {
            let stale_after = view.params.oracle_stale_after();
            self.micro_usd = view.oracle_price(now).unwrap_or(0);
            let ends = view.oracle.latest().map(|post| post.at.saturating_add(stale_after).saturating_add(1));
            self.until = ends.filter(|&end| end > now).min().unwrap_or(NEVER);
        }
        self.micro_usd
    }

    fn forget(&mut self) {
        self.until = 0;
    }
}

impl Span {
    /// Takes in the epoch that follows.
    fn append(&mut self, epoch: &Self) {
        self.row.append(&epoch.row);
        self.waits.merge(&epoch.waits);
        self.work.resize(epoch.work.len().max(self.work.len()), 0);
        self.work.iter_mut().zip(&epoch.work).for_each(|(mine, theirs)| *mine = mine.saturating_add(*theirs));
    }

    /// Its row, waits and concentration included.
    fn finish(&self, known: &Known, owners: &Owners) -> Row {
        let quantile = |per_mille| self.waits.quantile(per_mille);
        let wait = || Some(Wait { p50: quantile(500)?, p95: quantile(950)?, p99: quantile(990)? });
        let provider = |i: usize| known.providers.get(i).copied().unwrap_or_default();
        let holders = self.work.iter().enumerate().map(|(i, &work)| (provider(i), work));
        let counted: Vec<_> = holders.filter(|&((active, _), work)| work > 0 || active).collect();
        let mut works: Vec<u64> = counted.iter().map(|&(_, work)| work).collect();
        let owned = owners.are_known().then(|| gather(counted.iter().map(|&((_, owner), work)| (owner, work))));
        let concentration = Spread {
            work: Concentration::of(&mut works),
            work_owned: owned.and_then(|mut owned| Concentration::of(&mut owned)),
            ..known.stake
        };
        Row { wait: wait(), concentration, ..self.row.clone() }
    }
}

impl Metrics {
    /// Nothing measured yet, at the genesis of the run that will be observed. To observe from a later state on, load what was
    /// saved with it.
    pub fn new(genesis: &Genesis) -> Self {
        let class_names: Vec<String> = genesis.catalogue.classes.iter().map(|class| class.name.clone()).collect();
        let mut metrics = Self {
            format: super::store::FORMAT,
            chain: genesis.chain.clone(),
            start: genesis.start,
            capacity: Capacity::new(class_names.len(), genesis.start),
            class_names,
            closed: Closed::default(),
            years: Vec::new(),
            epoch: Span::default(),
            year: Span::default(),
            run: Span::default(),
            staked: Stake { nano: 0, since: genesis.start },
            delegated: Stake { nano: 0, since: genesis.start },
            quote: Quote::default(),
            known: Known::default(),
            owners: Owners::default(),
            token_sizes: genesis.catalogue.programs.iter().map(token_size).collect(),
            yardstick: Yardstick::of(&genesis.catalogue),
            served: (LeaseId::NONE, 0),
            told: Observed::default(),
        };
        metrics.known.circulating = genesis.circulating();
        metrics.open_epoch(genesis.start, genesis.supply(), genesis.treasury);
        metrics
    }

    /// The same, told who stands behind the accounts.
    #[must_use]
    pub fn owned_by(self, owners: Owners) -> Self {
        Self { owners, ..self }
    }

    /// The same, with a yardstick that knows what renting elsewhere costs.
    #[must_use]
    pub fn measured_by(self, yardstick: Yardstick) -> Self {
        Self { yardstick, ..self }
    }

    /// Takes in what the ledger does not say of the epoch that has just closed: totals since genesis. A run is told after each of
    /// its epochs, or never. Prices elsewhere are those of the epoch that follows.
    pub fn observe(&mut self, totals: Observed) {
        let Some(row) = self.closed.last_mut() else { return };
        let flows = totals.since(&self.told);
        let avoidable = flows.avoidable.checked_div(u128::from(row.jobs.leased + row.jobs.retried));
        for row in [row, &mut self.year.row, &mut self.run.row] {
            row.observed.get_or_insert_default().append(&flows);
            row.stocks.avoidable = avoidable;
        }
        self.yardstick.prices.clone_from(&totals.now.elsewhere);
        self.told = totals;
    }

    /// A row for each closed epoch, in order, of which a long run has many.
    pub const fn closed(&self) -> &Closed {
        &self.closed
    }

    /// All of them at once, for runs that are short enough.
    pub fn rows(&self) -> Vec<Row> {
        self.closed.iter().collect()
    }

    /// A row for each Julian year since genesis, by the epochs that began in it; the last may be cut short by the end of the run.
    pub fn years(&self) -> Vec<Row> {
        let running = (self.year.row.span() > 0).then(|| self.year.finish(&self.known, &self.owners));
        self.years.iter().cloned().chain(running).collect()
    }

    /// The row of all closed epochs together; `None` before the first closes.
    pub fn whole(&self) -> Option<Row> {
        (!self.closed.is_empty()).then(|| self.run.finish(&self.known, &self.owners))
    }

    /// What attackers had and have, as told last.
    pub fn attackers(&self) -> &[Attacker] {
        &self.told.now.attackers
    }

    /// Name of the chain.
    pub fn chain(&self) -> &str {
        &self.chain
    }

    /// Genesis, in milliseconds since the Unix epoch.
    pub const fn start(&self) -> Time {
        self.start
    }

    /// Names of the GPU classes, in the order of [`Row::classes`].
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// Name of the class by which work is measured.
    pub fn reference(&self) -> &str {
        self.class_names.get(self.yardstick.reference().index()).map_or("", String::as_str)
    }

    /// GPUs on offer and at work, now.
    pub const fn capacity(&self) -> &Capacity {
        &self.capacity
    }

    fn open_epoch(&mut self, now: Time, supply: u128, treasury: u128) {
        self.epoch.row = Row {
            opened: now,
            closed: now,
            supply_opened: supply,
            treasury_opened: treasury,
            classes: vec![super::ClassRow::default(); self.class_names.len()],
            ..Row::default()
        };
        self.epoch.waits.clear();
        self.epoch.work.clear();
        self.epoch.policies = [0; POLICIES];
    }

    #[inline]
    fn leased(&mut self, view: &State, now: Time, leased: &Leased) {
        let job = view.jobs.row(leased.job.0);
        self.epoch.policies[job.policy as usize] += 1;
        let row = &mut self.epoch.row;
        if job.failures == 0 {
            row.jobs.leased += 1;
            row.jobs.waited += u64::from(now > job.submitted);
            self.epoch.waits.record(now - job.submitted);
        } else {
            row.jobs.retried += 1;
        }
        let provider = view.offers[leased.offer.index()].provider;
        let owner = view.providers[provider.index()].owner;
        let (external, small) = (self.owners.of(job.customer) != self.owners.of(owner), self.owners.is_small(owner));
        let size = self.token_sizes.get(usize::from(job.program.0)).copied().flatten();
        let tokens = size.map_or(0, |size| job.sizes[usize::from(size)]);
        let copy =
            job.policy == Policy::Redundant && view.docket.lead_of.get(&leased.job).is_some_and(|&lead| lead != leased.job);
        let measure = self.yardstick.measure(view, job, leased);
        let note = JobNote { gpus: job.gpus(), tokens, external, small, copy, measure };
        self.capacity.start(view, &mut row.classes, leased, note, now);
    }

    #[inline]
    fn settled(&mut self, view: &State, now: Time, settled: &Settled) {
        let &Settled { lease, paid, burned, treasury, stakers, work_mgs } = settled;
        let micro_usd = self.quote.at(view, now);
        self.paid(lease, Paid { paid, burned, treasury, stakers }, micro_usd);
        let requests = if self.served.0 == lease { u128::from(self.served.1) } else { 0 };
        let row = &mut self.epoch.row;
        row.jobs.settled += 1;
        row.check_copies += if self.capacity.is_copy(lease) { u128::from(settled.payment()) } else { 0 };
        let class = &mut row.classes[self.capacity.class_of(lease)];
        let (payment, work) = (u128::from(settled.payment()), u128::from(work_mgs));
        class.settled += 1;
        class.work += work;
        class.payments += payment;
        let (reference, elsewhere) = self.capacity.measure_of(lease).settled(work_mgs);
        let comparable = if reference > 0 { payment } else { 0 };
        class.measured.work += reference;
        class.measured.payments += comparable;
        let (tokens, inference) = (u128::from(self.capacity.tokens_of(lease)), &mut row.tokens);
        inference.count += tokens;
        inference.payments += if tokens > 0 { payment } else { 0 };
        if micro_usd > 0 {
            inference.priced += tokens;
            inference.payments_usd += if tokens > 0 { payment * u128::from(micro_usd) } else { 0 };
            class.work_priced += work;
            class.payments_usd += payment * u128::from(micro_usd);
            class.settled_priced += 1;
            class.measured.work_priced += reference;
            class.measured.payments_usd += comparable * u128::from(micro_usd);
            for (tier, &cost) in elsewhere.iter().enumerate().filter(|(_, cost)| **cost > 0) {
                row.dollars.elsewhere[tier] += cost;
                row.dollars.here[tier] += payment * u128::from(micro_usd);
                row.dollars.requests[tier] += requests * u128::from(micro_usd);
            }
        }
    }

    /// The last receipt on a lease was paid: money for requests, and no work, so that the price of a GPU-hour is that of time.
    fn receipt(&mut self, view: &State, now: Time, receipt: &ReceiptPaid) {
        let &ReceiptPaid { lease, paid, burned, treasury, stakers } = receipt;
        let micro_usd = self.quote.at(view, now);
        self.paid(lease, Paid { paid, burned, treasury, stakers }, micro_usd);
        let (row, payment) = (&mut self.epoch.row, u128::from(receipt.payment()));
        row.receipts += payment;
        row.dollars.receipts += payment * u128::from(micro_usd);
        self.served = (lease, receipt.payment());
    }

    /// A customer's payment for a lease, whatever for.
    #[inline]
    fn paid(&mut self, lease: LeaseId, paid: Paid, micro_usd: u64) {
        let row = &mut self.epoch.row;
        let (external, price) = (self.capacity.is_external(lease), u128::from(micro_usd));
        let [to_provider, burned, treasury, stakers] = [paid.paid, paid.burned, paid.treasury, paid.stakers].map(u128::from);
        let payment = to_provider + burned + treasury + stakers;
        row.paid_providers += to_provider;
        row.burned.fees += burned;
        row.fees_treasury += treasury;
        row.fees_stakers += stakers;
        if external {
            row.external.payments += payment;
            row.external.fees_stakers += stakers;
            row.dollars.external += payment * price;
        }
        row.dollars.income += to_provider * price;
        row.dollars.income_small += if self.capacity.is_small(lease) { to_provider * price } else { 0 };
        row.dollars.treasury += treasury * price;
    }

    fn refresh(&mut self, view: &State, now: Time, provider: ProviderId) {
        self.capacity.refresh_provider(view, &mut self.epoch.row.classes, provider, now);
    }

    fn refresh_offer(&mut self, view: &State, now: Time, offer: OfferId) {
        self.capacity.refresh_offer(view, &mut self.epoch.row.classes, offer, now);
    }

    fn idle(&mut self, view: &State, now: Time, lease: LeaseId) {
        self.capacity.stop(view, &mut self.epoch.row.classes, lease, now);
    }

    /// Jobs, leases and their results; whether the event was one of them.
    #[inline]
    fn work_event(&mut self, view: &State, record: &Record, event: &Event) -> bool {
        let (jobs, checks) = (&mut self.epoch.row.jobs, &mut self.epoch.row.checks);
        match event {
            Event::Submitted(_) => jobs.submitted += 1,
            Event::Queued(_) => {}
            Event::Leased(leased) => self.leased(view, record.time, leased),
            Event::Settled(settled) => self.settled(view, record.time, settled),
            Event::ReceiptPaid(receipt) => self.receipt(view, record.time, receipt),
            Event::Expired(_) => jobs.expired += 1,
            Event::Failed(_) => jobs.failed += 1,
            Event::Cancelled(_) => jobs.cancelled += 1,
            Event::Committed(_) => {
                jobs.committed += 1;
                if let Some(Command::Commit(commit)) = command(record) {
                    self.idle(view, record.time, commit.lease);
                }
            }
            Event::Stopped(_) => {
                jobs.stopped += 1;
                if let Some(Command::Stop(stop)) = command(record) {
                    self.idle(view, record.time, stop.lease);
                }
            }
            Event::Missed(_) => {
                jobs.missed += 1;
                if let Cause::Timer(Timer::LeaseOverdue(overdue)) = record.cause {
                    self.idle(view, record.time, overdue.lease);
                }
            }
            Event::BatchCleared(cleared) => {
                self.epoch.row.surplus += u128::from(cleared.surplus);
                self.epoch.row.gap += u128::from(cleared.gap);
            }
            Event::TreasuryBurned(burned) => self.epoch.row.burned.bought += u128::from(burned.amount),
            Event::AskForfeited(forfeited) => self.epoch.row.burned.deposits += u128::from(forfeited.deposit),
            Event::Tallied(tallied) => self.epoch.row.burned.deposits += u128::from(tallied.burned),
            Event::CheckDrawn(_) => checks.drawn += 1,
            Event::CheckMissed(_) => checks.missed += 1,
            Event::Verified(verified) => {
                checks.verified += 1;
                self.epoch.row.check_rewards += u128::from(verified.reward);
            }
            Event::TrapFound(trap) => {
                checks.verified += 1;
                self.epoch.row.check_rewards += u128::from(trap.reward);
            }
            Event::Judged(judged) => {
                checks.wrong += u64::from(judged.outcome == Outcome::Upheld);
                checks.overruled += u64::from(judged.outcome == Outcome::Overruled);
                self.epoch.row.check_rewards += u128::from(judged.reward);
                self.epoch.row.check_deposits += u128::from(judged.to_worker);
            }
            Event::CheckerJudged(judged) => {
                self.epoch.row.check_rewards += u128::from(judged.from_treasury);
                self.epoch.row.check_deposits += u128::from(judged.from_deposit);
            }
            Event::FoundWrong(wrong) => {
                checks.wrong += 1;
                self.epoch.row.check_rewards += u128::from(wrong.reward);
            }
            _ => return false,
        }
        true
    }
}

/// The least power in favour with which a proposal passes although all who voted on it vote against it: x of x + V must exceed the
/// threshold, and the quorum of all power must vote. See [`plasma_core::formula::tally`]. None where no power does.
fn power_to_pass(params: &Params, proposal: &Proposal) -> Option<u128> {
    let share = |of: u128, rate: u64| of.checked_mul(u128::from(rate)).map(|parts| parts.div_ceil(u128::from(ONE)));
    let (against, threshold) = (proposal.votes.iter().sum::<u128>(), params.governance_threshold());
    let outvotes = against.checked_mul(u128::from(threshold))?.checked_div(u128::from(ONE.checked_sub(threshold)?))?;
    let missing = share(proposal.power, params.governance_quorum())?.saturating_sub(against);
    Some((outvotes + 1).max(missing))
}

/// Which size of a program counts the tokens that it generates.
fn token_size(program: &Program) -> Option<u8> {
    let size = program.sizes.iter().position(|size| size == "tokens")?;
    (program.kind == Kind::Inference).then_some(size as u8)
}

#[inline]
fn command(record: &Record) -> Option<Command> {
    match record.cause {
        Cause::Command { command, .. } => Some(command),
        Cause::Timer(_) => None,
    }
}

impl Observer for Metrics {
    #[inline]
    fn cause(&mut self, view: &State, record: &Record) {
        match record.cause {
            Cause::Command { origin, fee, ref command } => {
                self.epoch.row.commands += 1;
                if let Origin::Account(_) = origin {
                    self.epoch.row.burned.base += u128::from(fee);
                }
                if let Command::Submit(_) = command {
                    self.epoch.row.dollars.submissions += u128::from(fee) * u128::from(self.quote.at(view, record.time));
                }
            }
            // The rows forget the epoch's work when it closes: this is the moment to read it.
            Cause::Timer(Timer::EpochEnd(_)) => {
                self.epoch.work.extend(view.providers().iter().map(|provider| provider.work));
            }
            Cause::Timer(Timer::VotingEnds(VotingEnds { proposal })) => {
                self.known.power_to_pass =
                    power_to_pass(view.params, view.proposals.row(proposal.0)).or(self.known.power_to_pass);
            }
            Cause::Timer(_) => {}
        }
    }

    #[inline]
    fn event(&mut self, view: &State, record: &Record, event: &Event) {
        if self.work_event(view, record, event) || self.supply_event(view, record, event) || self.stake_event(view, record, event)
        {
            return;
        }
        let row = &mut self.epoch.row;
        match event {
            Event::Refused(_) => row.refused += 1,
            Event::PricePosted(_) => self.quote.forget(),
            // What a vault owes beyond what it holds is new, and no emission.
            Event::Reminted(moved) => row.minted += u128::from(moved.minted),
            Event::Redeemed(moved) => row.minted += u128::from(moved.minted),
            Event::Emitted(emitted) => {
                let parts = [emitted.providers, emitted.stakers, emitted.treasury, emitted.builders].map(u128::from);
                row.minted += parts.iter().sum::<u128>();
                row.unminted += u128::from(emitted.unminted);
                row.emitted_providers += parts[0];
                row.emitted_stakers += parts[1];
                row.emitted_treasury += parts[2];
                row.emitted_builders += parts[3];
                let price = u128::from(self.quote.at(view, record.time));
                row.dollars.emission += parts.iter().sum::<u128>() * price;
                row.dollars.treasury += (parts[2] + parts[3]) * price;
            }
            Event::MilestonePaid(paid) => {
                row.paid_builders += u128::from(paid.amount);
                row.dollars.builders += u128::from(paid.amount) * u128::from(self.quote.at(view, record.time));
            }
            Event::Rewarded(rewarded) => {
                row.rewards_work += u128::from(rewarded.work);
                row.rewards_stake += u128::from(rewarded.stake);
                let price = u128::from(self.quote.at(view, record.time));
                let rewards = (u128::from(rewarded.work) + u128::from(rewarded.stake)) * price;
                row.dollars.income += rewards;
                row.dollars.rewards += rewards;
                let small = self.owners.is_small(view.providers[rewarded.provider.index()].owner);
                row.dollars.income_small += if small { rewards } else { 0 };
            }
            _ => {}
        }
    }

    fn epoch_closed(&mut self, view: &State) {
        self.close_epoch(view);
    }
}
