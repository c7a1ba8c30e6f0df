//! The fold: records in, one row per epoch out. Integer state, a few additions a record, memory that follows what is open.

use super::capacity::Capacity;
use super::concentration::Concentration;
use super::histogram::Histogram;
use super::observed::{Attacker, Observed};
use super::owners::{Owners, gather};
use super::row::{Row, Spread, Stocks, Wait};
use plasma_core::engine::state::State;
use plasma_core::engine::step::Observer;
use plasma_core::formula::deterrence::{Detection, Stakes, margin_usd};
use plasma_core::genesis::Genesis;
use plasma_core::ids::{LeaseId, OfferId, ProviderId};
use plasma_core::money::{ONE, share};
use plasma_core::protocol::market::Leased;
use plasma_core::protocol::offer::OfferPosted;
use plasma_core::protocol::provider::{Provider, Status};
use plasma_core::protocol::settlement::Settled;
use plasma_core::protocol::verification::panel::Outcome;
use plasma_core::record::{Cause, Command, Event, Origin, Record, Timer};
use plasma_core::time::{NEVER, Time, YEAR};
use rkyv::{Archive, Deserialize, Serialize};

/// Everything measured so far: a row for each closed epoch, for each year, and for the whole run.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Metrics {
    pub(super) format: u32,
    pub(super) chain: String,
    pub(super) start: Time,
    pub(super) class_names: Vec<String>,
    pub(super) rows: Vec<Row>,
    pub(super) years: Vec<Row>,
    pub(super) epoch: Span,
    pub(super) year: Span,
    pub(super) run: Span,
    pub(super) capacity: Capacity,
    staked: Stake,
    quote: Quote,
    known: Known,
    owners: Owners,
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
}

/// A row in the making, with what its waits and concentration are made of.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) row: Row,
    pub(super) waits: Histogram,
    /// Class-weighted milli-GPU-seconds settled, by provider.
    work: Vec<u64>,
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

impl Stake {
    fn change(&mut self, row: &mut Row, now: Time, change: impl FnOnce(u128) -> u128) {
        row.staked_time += self.nano * u128::from(now - self.since);
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
            rows: Vec::new(),
            years: Vec::new(),
            epoch: Span::default(),
            year: Span::default(),
            run: Span::default(),
            staked: Stake { nano: 0, since: genesis.start },
            quote: Quote::default(),
            known: Known::default(),
            owners: Owners::default(),
            told: Observed::default(),
        };
        metrics.known.circulating = genesis.circulating();
        metrics.open_epoch(genesis.start, genesis.supply());
        metrics
    }

    /// The same, told who stands behind the accounts.
    #[must_use]
    pub fn owned_by(self, owners: Owners) -> Self {
        Self { owners, ..self }
    }

    /// Takes in what the ledger does not say of the epoch that has just closed: totals since genesis. A run is told after each of
    /// its epochs, or never.
    pub fn observe(&mut self, totals: Observed) {
        let Some(row) = self.rows.last_mut() else { return };
        let flows = totals.since(&self.told);
        let [mut cloud, mut here] = [0u128; 2];
        for (class, &price) in row.classes.iter().zip(&totals.now.cloud) {
            // micro-dollars per GPU-hour × milli-GPU-seconds ÷ 3 600 000 are micro-dollars; × 10^9 is 10^-15 dollars.
            cloud += class.work_priced * u128::from(price) * 10_000 / 36;
            here += class.payments_usd;
        }
        let spans = [&mut self.year.row, &mut self.run.row];
        for row in std::iter::once(row).chain(spans) {
            row.dollars.cloud += cloud;
            row.dollars.against_cloud += here;
            row.observed.get_or_insert_default().append(&flows);
        }
        self.told = totals;
    }

    /// A row for each closed epoch, in order.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// A row for each Julian year since genesis, by the epochs that began in it; the last may be cut short by the end of the run.
    pub fn years(&self) -> Vec<Row> {
        let running = (self.year.row.span() > 0).then(|| self.year.finish(&self.known, &self.owners));
        self.years.iter().cloned().chain(running).collect()
    }

    /// The row of all closed epochs together; `None` before the first closes.
    pub fn whole(&self) -> Option<Row> {
        (!self.rows.is_empty()).then(|| self.run.finish(&self.known, &self.owners))
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

    /// GPUs on offer and at work, now.
    pub const fn capacity(&self) -> &Capacity {
        &self.capacity
    }

    fn open_epoch(&mut self, now: Time, supply: u128) {
        self.epoch.row = Row {
            opened: now,
            closed: now,
            supply_opened: supply,
            classes: vec![super::ClassRow::default(); self.class_names.len()],
            ..Row::default()
        };
        self.epoch.waits.clear();
        self.epoch.work.clear();
    }

    #[inline]
    fn leased(&mut self, view: &State, now: Time, leased: &Leased) {
        let job = view.jobs.row(leased.job.0);
        let row = &mut self.epoch.row;
        if job.failures == 0 {
            row.jobs.leased += 1;
            row.jobs.waited += u64::from(now > job.submitted);
            self.epoch.waits.record(now - job.submitted);
        } else {
            row.jobs.retried += 1;
        }
        let provider = view.offers[leased.offer.index()].provider;
        let external = self.owners.of(job.customer) != self.owners.of(view.providers[provider.index()].owner);
        self.capacity.start(view, &mut row.classes, leased, job.gpus(), external, now);
    }

    #[inline]
    fn settled(&mut self, view: &State, now: Time, settled: &Settled) {
        let row = &mut self.epoch.row;
        row.jobs.settled += 1;
        row.paid_providers += u128::from(settled.paid);
        row.burned.fees += u128::from(settled.burned);
        row.fees_treasury += u128::from(settled.treasury);
        row.fees_stakers += u128::from(settled.stakers);
        let class = &mut row.classes[self.capacity.class_of(settled.lease)];
        let (payment, work) = (u128::from(settled.payment()), u128::from(settled.work_mgs));
        let external = self.capacity.is_external(settled.lease);
        if external {
            row.external.payments += payment;
            row.external.fees_stakers += u128::from(settled.stakers);
        }
        class.settled += 1;
        class.work += work;
        class.payments += payment;
        let micro_usd = self.quote.at(view, now);
        if micro_usd > 0 {
            class.work_priced += work;
            class.payments_usd += payment * u128::from(micro_usd);
            row.dollars.external += u128::from(external) * payment * u128::from(micro_usd);
            row.dollars.income += u128::from(settled.paid) * u128::from(micro_usd);
            row.dollars.treasury += u128::from(settled.treasury) * u128::from(micro_usd);
        }
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
            Event::AskForfeited(forfeited) => self.epoch.row.burned.deposits += u128::from(forfeited.deposit),
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
                self.epoch.row.check_rewards += u128::from(judged.reward);
            }
            Event::CheckerJudged(judged) => self.epoch.row.check_rewards += u128::from(judged.from_treasury),
            Event::FoundWrong(wrong) => {
                checks.wrong += 1;
                self.epoch.row.check_rewards += u128::from(wrong.reward);
            }
            _ => return false,
        }
        true
    }

    /// Providers, bonds and offers; whether the event was one of them.
    fn supply_event(&mut self, view: &State, record: &Record, event: &Event) -> bool {
        let (now, row) = (record.time, &mut self.epoch.row);
        match event {
            Event::Requoted(_) | Event::Withdrawn(_) | Event::Lapsed(_) => {
                let offer = match record.cause {
                    Cause::Command { command: Command::Requote(c), .. } => c.offer,
                    Cause::Command { command: Command::Withdraw(c), .. } => c.offer,
                    Cause::Timer(Timer::AskLapse(timer)) => timer.offer,
                    _ => return true,
                };
                self.refresh_offer(view, now, offer);
            }
            Event::OfferPosted(OfferPosted { offer }) => self.capacity.open_offer(view, &mut row.classes, *offer, now),
            Event::Registered(registered) => {
                row.entries += 1;
                self.capacity.open_provider(registered.provider);
            }
            Event::Retired(_) | Event::Drained(_) | Event::Resumed(_) | Event::Bonded(_) => {
                row.exits += u64::from(matches!(event, Event::Retired(_)));
                if let Some(Command::Bond(bond)) = command(record) {
                    self.staked.change(row, now, |stake| stake + u128::from(bond.amount));
                }
                self.refresh(view, now, view.accounts[record.account().index()].provider);
            }
            Event::Silenced(_) => {
                row.silenced += 1;
                if let Some(Command::WentSilent(silent)) = command(record) {
                    self.refresh(view, now, silent.provider);
                }
            }
            Event::Jailed(jailed) => {
                row.jailed += 1;
                self.refresh(view, now, jailed.provider);
            }
            Event::Unbonding(unbonding) => {
                self.staked.change(row, now, |stake| stake - u128::from(unbonding.amount));
                self.refresh(view, now, unbonding.provider);
            }
            Event::Seized(seized) => {
                row.burned.slashes += u128::from(seized.burned);
                row.slash_rewards += u128::from(seized.reward);
            }
            Event::Slashed(slashed) => {
                row.burned.slashes += u128::from(slashed.burned);
                row.slash_rewards += u128::from(slashed.reward);
                self.staked.change(row, now, |stake| stake - u128::from(slashed.burned) - u128::from(slashed.reward));
                self.refresh(view, now, slashed.provider);
            }
            _ => return false,
        }
        true
    }

    /// Stake of others; whether the event was of it.
    fn stake_event(&mut self, view: &State, record: &Record, event: &Event) -> bool {
        let (now, row) = (record.time, &mut self.epoch.row);
        let mut cut = |burned: u64, reward: u64| {
            row.burned.slashes += u128::from(burned);
            row.slash_rewards += u128::from(reward);
            u128::from(burned) + u128::from(reward)
        };
        // Whose pool changed, by how much it grew, and by how much it shrank.
        let (pool, more, less) = match (event, command(record)) {
            (Event::Delegated(_), Some(Command::Delegate(c))) => (c.provider, u128::from(c.amount), 0),
            (Event::Undelegated(_), Some(Command::Undelegate(c))) => (c.provider, 0, u128::from(c.amount)),
            (Event::Redelegated(_), Some(Command::Redelegate(c))) => {
                self.refresh(view, now, c.from);
                (c.to, 0, 0)
            }
            (Event::StakeSlashed(e), _) => (e.provider, 0, cut(e.burned, e.reward)),
            (Event::MovedSlashed(e), _) => (e.pool, 0, cut(e.burned, e.reward)),
            (Event::LeavingSlashed(e), _) => {
                cut(e.burned, e.reward);
                return true;
            }
            (Event::StakeRewarded(e), _) => {
                row.rewards_stake += u128::from(e.delegators) + u128::from(e.commission);
                return true;
            }
            _ => return false,
        };
        self.staked.change(&mut self.epoch.row, now, |stake| stake + more - less);
        self.refresh(view, now, pool);
        true
    }

    fn stocks(&mut self, view: &State) -> Stocks {
        let ledger = &view.ledger;
        Stocks {
            supply: ledger.supply(),
            circulating: ledger.circulating(),
            unissued: ledger.unissued,
            locked: ledger.locked,
            treasury: ledger.treasury,
            builders: ledger.builders,
            staked: self.staked.nano,
            unbonding: ledger.unbonding,
            price_micro_usd: self.quote.at(view, view.clock.now),
            // A job waits or is leased: what has no lease is in line.
            queue: (view.jobs.len() - view.leases.len()) as u64,
            providers: view.providers().iter().filter(|provider| is_active(provider)).count() as u64,
            gpus: self.capacity.gpus(),
            deterrence: None,
        }
    }

    /// What deters a provider of one GPU from cheating in the mean job of the epoch, where its work is all it would save.
    fn deterrence(&self, view: &State, price: u64) -> Option<[i128; 3]> {
        let row = &self.epoch.row;
        let pay = u64::try_from(row.payments().checked_div(u128::from(row.jobs.settled))?).ok()?;
        if price == 0 {
            return None;
        }
        let detection = Detection { checked: view.params.verification_rate(), power: ONE, colluding: 0 };
        let slashed = share(view.params.bond_per_gpu(), view.params.slash_wrong().min(ONE));
        let stakes = Stakes { saved: pay, earned: pay, slashed };
        Some([ONE, ONE / 2, ONE / 10].map(|fallen| margin_usd(&detection, &stakes, price, fallen)))
    }

    /// Remembers the providers as the epoch's end shows them.
    fn get_to_know(&mut self, view: &State) {
        let bond = |provider: &Provider| u64::try_from(provider.bond).unwrap_or(u64::MAX);
        let mut bonds: Vec<u64> = view.providers().iter().map(bond).collect();
        self.known.providers.clear();
        self.known
            .providers
            .extend(view.providers().iter().map(|provider| (is_active(provider), self.owners.of(provider.owner))));
        let owners = self.known.providers.iter().map(|&(_, owner)| owner);
        let owned = self.owners.are_known().then(|| gather(owners.zip(bonds.iter().copied())));
        self.known.stake = Spread {
            stake: Concentration::of(&mut bonds),
            stake_owned: owned.and_then(|mut owned| Concentration::of(&mut owned)),
            ..Spread::default()
        };
    }
}

/// Whether a provider counts as active: in the market, with GPUs.
fn is_active(provider: &Provider) -> bool {
    provider.status == Status::Active && provider.gpus > 0
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
            Cause::Command { origin, fee, .. } => {
                self.epoch.row.commands += 1;
                if let Origin::Account(_) = origin {
                    self.epoch.row.burned.base += u128::from(fee);
                }
            }
            // The rows forget the epoch's work when it closes: this is the moment to read it.
            Cause::Timer(Timer::EpochEnd(_)) => {
                self.epoch.work.extend(view.providers().iter().map(|provider| provider.work));
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
            Event::Rewarded(rewarded) => {
                row.rewards_work += u128::from(rewarded.work);
                row.rewards_stake += u128::from(rewarded.stake);
                let price = u128::from(self.quote.at(view, record.time));
                row.dollars.income += (u128::from(rewarded.work) + u128::from(rewarded.stake)) * price;
            }
            _ => {}
        }
    }

    fn epoch_closed(&mut self, view: &State) {
        let now = view.clock.now;
        self.capacity.settle(&mut self.epoch.row.classes, now);
        // Parameters may change between epochs, and with them who can lease and which posts are stale.
        self.capacity.refresh_all(view, &mut self.epoch.row.classes, now);
        self.quote.forget();
        self.staked.change(&mut self.epoch.row, now, |stake| stake);
        let mut stocks = self.stocks(view);
        stocks.deterrence = self.deterrence(view, stocks.price_micro_usd);
        let row = &mut self.epoch.row;
        row.epoch = view.clock.epoch - 1;
        row.closed = now;
        row.stocks = stocks;
        row.provider_time = u128::from(stocks.providers) * u128::from(row.span());
        row.circulating_time = self.known.circulating * u128::from(row.span());
        let (before, after) = (self.known.price, stocks.price_micro_usd);
        if before > 0 && after > 0 {
            row.dollars.revaluation = self.known.circulating as i128 * (i128::from(after) - i128::from(before));
        }
        // A price that is stale for a while is taken up again where it was left.
        self.known.price = if after > 0 { after } else { before };
        self.known.circulating = stocks.circulating;
        // The year ended with the epoch before, and so did who was active in it.
        self.close_year();
        self.get_to_know(view);
        self.rows.push(self.epoch.finish(&self.known, &self.owners));
        self.run.append(&self.epoch);
        self.year.append(&self.epoch);
        self.open_epoch(now, stocks.supply);
    }
}

impl Metrics {
    /// Puts the running year away when the epoch at hand began in a later one.
    fn close_year(&mut self) {
        let year_of = |time: Time| (time - self.start) / YEAR;
        if self.year.row.span() > 0 && year_of(self.year.row.opened) != year_of(self.epoch.row.opened) {
            self.years.push(self.year.finish(&self.known, &self.owners));
            self.year = Span::default();
        }
    }
}
