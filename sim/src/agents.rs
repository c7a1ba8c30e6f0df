//! The agents: everybody who acts in a simulation. They see what a stranger sees — the view and the records — and send commands.
//!
//! Each kind has a file of its own and one shape: appointments in the [queue], which send commands and make the next appointment,
//! and what is learnt from events. What never changes about a participant is in the [`Economy`]; what does is in [`Rows`], which a
//! checkpoint saves whole.

pub mod attacker;
pub mod board;
pub mod builder;
pub mod checkpoint;
pub mod clockwork;
pub mod custodian;
pub mod customer;
pub mod delegator;
pub mod dollars;
pub mod exchange;
pub mod provider;
pub mod queue;
pub mod shock;
pub mod tally;
pub mod trader;
pub mod vesting;
pub mod voter;

use crate::economy::{Economy, Lender, Patrons};
use crate::streams::{Draw, Purpose, Streams, key};
use attacker::AttackerRow;
use board::Board;
use builder::BuilderRow;
use custodian::CustodyRow;
use customer::brought::BringingRow;
use customer::requests::ServedRow;
use delegator::SaverRow;
use delegator::yields::Yields;
use dollars::{Dollars, Purse};
use exchange::Quoted;
use plasma_core::engine::state::State;
use plasma_core::engine::step::{Arrival, Environment, Inadmissible, Observer};
use plasma_core::genesis::Genesis;
use plasma_core::ids::{JobId, LeaseId, OrderId};
use plasma_core::params::{Params, mechanism};
use plasma_core::record::{Cause, Command, Event, Origin, Record};
use plasma_core::time::{Span, Time};
use provider::entry::StayingOut;
use provider::{LenderRow, OfferRow, Phase};
use queue::{Appointment, Kind, Queue};
use rkyv::{Archive, Deserialize, Serialize};
use shock::CouncilRow;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tally::Tally;
use trader::TraderRow;
use vesting::CohortRow;
use voter::Poll;

/// What changes about the participants.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Rows {
    /// Providers, in the order of [`Economy::lenders`].
    pub lenders: Vec<LenderRow>,
    /// Offers, by [`plasma_core::ids::OfferId`].
    pub offers: Vec<OfferRow>,
    /// The provider of each lease, by slot.
    pub lease_lenders: Vec<u32>,
    /// What each lease has served and nobody has signed for, by slot, up to the last lease of a deployment with requests.
    pub served: Vec<ServedRow>,
    /// Candidates so far, by group of customers: the index of the next draw.
    pub candidates: Vec<u64>,
    /// Beacons so far.
    pub rounds: u64,
    /// The market of XPL.
    pub quoted: Quoted,
    /// Traders, in the order of [`Economy::traders`].
    pub traders: Vec<TraderRow>,
    /// Attackers, in the order of [`Economy::attackers`].
    pub attackers: Vec<AttackerRow>,
    /// Unlock cohorts, in the order of [`Economy::cohorts`].
    pub cohorts: Vec<CohortRow>,
    /// Looks so far of those who stake what is not free, in the order of [`Economy::pledgers`].
    pub pledged: Vec<u64>,
    /// The treasury's custodian.
    pub custody: CustodyRow,
    /// Builders, in the order of [`Economy::builders`].
    pub builders: Vec<BuilderRow>,
    /// What milestones bring, in the order in which they were reached.
    pub bringing: Vec<BringingRow>,
    /// Whether the customer of each lease was brought by a builder, by slot, up to the last one that was.
    pub brought: Vec<bool>,
    /// Micro-USD that each lease promises whose provider does not work, by slot; none where it works.
    pub lies: Vec<Option<u64>>,
    /// Delegators, in the order of [`crate::economy::stake::Savers::members`].
    pub savers: Vec<SaverRow>,
    /// Proposals so far, in the order in which they were made.
    pub polls: Vec<Poll>,
    /// What everybody can see of stake, where somebody looks.
    pub yields: Yields,
    /// What everybody can see.
    pub board: Board,
    /// Who looked and did not enter.
    pub staying_out: StayingOut,
    /// The council.
    pub council: CouncilRow,
}

/// What stands outside the ledger at a moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// Micro-USD per XPL at which a very small trade would be made.
    pub price: u64,
    /// Micro-USD that move the price by 2 %; zero where trades do not move it.
    pub depth: u64,
    /// Micro-USD for which the GPUs of everybody on offer could be bought.
    pub hardware: u128,
    /// Micro-USD for an hour of a GPU elsewhere, by class: the price that agents go by, then on demand, reserved and spot; zero
    /// where it is not known.
    pub elsewhere: Vec<[u64; 4]>,
    /// Net present value per dollar of hardware of the best who lately stayed out.
    pub staying_out: Option<f64>,
    /// GPUs on offer whose owners have closed their books …
    pub booked: u64,
    /// … and could pay their electricity out of work alone.
    pub borne_by_work: u64,
}

/// The keyed streams, by purpose.
#[derive(Debug)]
struct Keyed {
    beacon: Streams,
    lease: Streams,
    morning: Streams,
    candidate: Streams,
    request: Streams,
    trace: Streams,
    price: Streams,
    trader: Streams,
    builder: Streams,
    brought: Streams,
    shock: Streams,
    delegator: Streams,
    voter: Streams,
    attack: Streams,
}

/// Everybody who acts in a simulation.
#[derive(Debug)]
pub struct Agents {
    economy: Arc<Economy>,
    streams: Keyed,
    root_key: [u8; 32],
    rows: Rows,
    dollars: Dollars,
    tally: Tally,
    queue: Queue,
    standing: Standing,
    /// By group of customers, the numbers of the candidate that is expected, behind its waiting time: of the true rate or not, each
    /// is drawn once. They follow from [`Rows::candidates`].
    expected: Vec<Draw>,
    /// Commands of the running appointment, in the order of sending. Empty whenever the engine returns.
    outbox: VecDeque<Arrival>,
    /// Nano-XPL that the running record has taken for a fault that it is about to name.
    taken: u128,
    stop: Arc<AtomicBool>,
}

impl Agents {
    /// The agents at genesis.
    pub fn new(economy: Arc<Economy>, genesis: &Genesis) -> Self {
        let rows = Rows {
            lenders: vec![LenderRow::absent(); economy.lenders.len()],
            offers: Vec::new(),
            lease_lenders: Vec::new(),
            served: Vec::new(),
            candidates: vec![0; economy.patrons.len()],
            rounds: 0,
            quoted: Quoted::new(&economy.exchange),
            traders: vec![TraderRow::default(); economy.traders.len()],
            attackers: vec![AttackerRow::default(); economy.attackers.len()],
            cohorts: vec![CohortRow::default(); economy.cohorts.len()],
            pledged: vec![0; economy.pledgers.len()],
            custody: CustodyRow::default(),
            builders: vec![BuilderRow::default(); economy.builders.len()],
            bringing: Vec::new(),
            brought: Vec::new(),
            lies: Vec::new(),
            savers: vec![SaverRow::default(); economy.savers.members.len()],
            polls: Vec::new(),
            yields: Yields::default(),
            board: Board::new(genesis.catalogue.classes.len()),
            staying_out: StayingOut::default(),
            council: CouncilRow { before: vec![None; economy.timetable.all().len()], ..CouncilRow::default() },
        };
        let mut dollars = Dollars::new(economy.accounts());
        let exchange = &economy.exchange;
        let provider = exchange.pool().map(|terms| (terms.provider, terms.provider_usd));
        let traders = economy.traders.iter().map(|trader| (trader.account, trader.usd));
        let custodian = economy.custodian.map(|custodian| (custodian.account, custodian.usd));
        let builders = economy.builders.iter().map(|builder| (builder.account, builder.usd));
        let funded =
            [(exchange.maker, exchange.maker_usd)].into_iter().chain(provider).chain(traders).chain(custodian).chain(builders);
        for (account, usd) in funded {
            dollars.transfer(Purse::Outside, Purse::Of(account), usd).expect("the outside is never short");
        }
        let tally = Tally::new(economy.patrons.len());
        let mut agents = Self::over(economy, rows, dollars, tally, Queue::starting(genesis.start));
        agents.queue.push(genesis.start, Kind::Post, 0);
        agents.queue.push(genesis.start + agents.economy.beacon_interval, Kind::Beacon, 0);
        if let Some(batch) = sealing(genesis) {
            agents.expect_auction(genesis.start, batch);
        }
        if agents.economy.exchange.pool().is_some_and(|terms| terms.required_yield.is_some()) {
            agents.queue.push(genesis.start + exchange::liquidity::LOOK, Kind::Liquidity, 0);
        }
        agents.fund_attackers(genesis);
        agents.expect_attackers();
        agents.expect_shocks();
        agents.expect_cohorts(genesis);
        agents.expect_builders();
        agents.expect_pledgers(genesis);
        agents.expect_savers(genesis.start);
        agents.expect_motions();
        for (number, trader) in agents.economy.traders.iter().enumerate() {
            agents.queue.push(genesis.start + trader.interval, Kind::Trade, number as u64);
        }
        (0..agents.economy.lenders.len()).for_each(|lender| agents.expect_lender(lender, genesis.start));
        (0..agents.economy.patrons.len()).for_each(|group| agents.expect_first(group, genesis.start));
        agents
    }

    fn over(economy: Arc<Economy>, rows: Rows, dollars: Dollars, tally: Tally, queue: Queue) -> Self {
        let streams = |purpose| Streams::new(economy.seed, economy.replicate, purpose);
        let streams = Keyed {
            beacon: streams(Purpose::Beacon),
            lease: streams(Purpose::Lease),
            morning: streams(Purpose::Morning),
            candidate: streams(Purpose::Candidate),
            request: streams(Purpose::Request),
            trace: streams(Purpose::Trace),
            price: streams(Purpose::Price),
            trader: streams(Purpose::Trader),
            builder: streams(Purpose::Builder),
            brought: streams(Purpose::Brought),
            shock: streams(Purpose::Shock),
            delegator: streams(Purpose::Delegator),
            voter: streams(Purpose::Voter),
            attack: streams(Purpose::Attack),
        };
        let expected = |(patrons, &index): (&Patrons, &u64)| {
            let mut draw = streams.candidate.draw(patrons.stream, index);
            let _waiting = draw.uniform();
            draw
        };
        let expected = economy.patrons.iter().zip(&rows.candidates).map(expected).collect();
        let root_key = key(economy.seed, economy.replicate, "trace roots");
        let stop = Arc::new(AtomicBool::new(false));
        Self {
            economy,
            streams,
            root_key,
            rows,
            dollars,
            tally,
            queue,
            standing: Standing::default(),
            expected,
            outbox: VecDeque::new(),
            taken: 0,
            stop,
        }
    }

    /// Setting this to true stops the run at the next epoch.
    pub fn stop_flag(&self) -> Arc<AtomicBool> {
        self.stop.clone()
    }

    /// Who takes part.
    pub fn economy(&self) -> &Economy {
        &self.economy
    }

    /// What changes about the participants.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// Who holds how many dollars.
    pub fn dollars(&self) -> &Dollars {
        &self.dollars
    }

    /// What stood outside the ledger when the last epoch closed.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    fn stand(&self, view: &State) -> Standing {
        let (economy, now) = (&*self.economy, view.clock.now);
        let on_offer = |(row, _): &(&LenderRow, &Lender)| matches!(row.phase, Phase::Online | Phase::Resting | Phase::Dark);
        let (mut hardware, mut booked, mut borne_by_work) = (0.0, 0, 0);
        for (row, lender) in self.rows.lenders.iter().zip(&economy.lenders).filter(on_offer) {
            hardware += lender.hardware * f64::from(lender.gpus);
            booked += u64::from(row.bears_itself.is_some()) * u64::from(lender.gpus);
            borne_by_work += u64::from(row.bears_itself == Some(true)) * u64::from(lender.gpus);
        }
        Standing {
            price: self.market_price(view),
            depth: economy.exchange.pool().and_then(|_| self.pool(view)).map_or(0, |pool| pool.depth()),
            hardware: (hardware * economy.timetable.hardware(now)) as u128,
            elsewhere: economy.elsewhere(now),
            staying_out: self.rows.staying_out.best(),
            booked,
            borne_by_work,
        }
    }

    /// What agents know and the ledger does not say.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    fn send(&mut self, time: Time, origin: Origin, command: impl Into<Command>) {
        self.outbox.push_back(Arrival { time, origin, command: command.into() });
    }

    /// Lets whoever has this appointment act.
    fn keep(&mut self, view: &State, Appointment { time, kind, id }: Appointment) {
        let number = id as usize;
        match kind {
            Kind::Beacon => self.beat(view, time),
            Kind::Post => self.post(view, time),
            Kind::Join => self.join(view, time, number),
            Kind::Morning => self.morning(view, time, number),
            Kind::Evening => self.evening(view, time, number),
            Kind::Release => self.release(view, time, number),
            Kind::TopUp => self.top_up(view, time, number),
            Kind::Quote => self.quote(view, time, number),
            Kind::Books => self.close_books(view, time, number),
            Kind::Look => self.look(view, time, number),
            Kind::CommitRight => self.commit(view, time, LeaseId(id), true),
            Kind::CommitWrong => self.commit(view, time, LeaseId(id), false),
            Kind::Verdict => self.verdict(view, time, LeaseId(id)),
            Kind::Candidate => self.candidate(view, time, number),
            Kind::Fund => self.set_aside(view, time, JobId(id)),
            Kind::Receipt => self.sign(view, time, LeaseId(id)),
            Kind::Liquidity => self.tend_pool(view, time),
            Kind::Trade => self.trade(view, time, number),
            Kind::Shock => self.strike(view, time, number),
            Kind::Recovery => self.recover(view, time, number),
            Kind::Attack => self.attack(view, time, number),
            Kind::WashDone => self.finish_washed(view, time, number),
            Kind::Seal => self.seal(view, time),
            Kind::Reveal => self.reveal(view, time),
            Kind::SealVerdict => self.seal_verdicts(view, time, LeaseId(id)),
            Kind::Stake => self.tend_stake(view, time, number),
            Kind::Propose => self.propose(view, time, number),
            Kind::Ballot => self.cast(view, time, id),
            Kind::RevealVerdict => self.reveal_verdicts(view, time, LeaseId(id)),
            Kind::Unlock => self.unlock(view, time, number),
            Kind::Offload => self.offload(view, time, number),
            Kind::Order => self.carry_out(view, time, OrderId(id)),
            Kind::Redeem => self.redeem(view, time, OrderId(id)),
            Kind::Report => self.report(view, time, OrderId(id)),
            Kind::Apply => self.apply_for_award(view, time, number),
            Kind::Attempt => self.begin_attempt(view, time, number),
            Kind::Milestone => self.end_attempt(time, number),
            Kind::Attest => self.attest(view, time, number),
            Kind::Cash => self.cash(view, time, number),
            Kind::Brought => self.brought(view, time, number),
            Kind::Pledge => self.tend_locked(view, time, number),
        }
    }
}

/// The length of a batch where asks are sealed.
fn sealing(genesis: &Genesis) -> Option<Span> {
    let params = Params::from_values(genesis.params.clone()).ok()?;
    (params.market_mechanism() == mechanism::SEALED).then(|| params.market_batch())
}

impl Observer for Agents {
    #[inline]
    fn cause(&mut self, _view: &State, _record: &Record) {
        self.taken = 0;
    }

    #[inline]
    fn event(&mut self, view: &State, record: &Record, event: &Event) {
        let now = record.time;
        if !self.economy.attackers.is_empty() {
            self.follow_fraud(view, record, event);
        }
        match event {
            Event::Leased(leased) => {
                self.begin_lease(view, now, leased);
                self.begin_serving(view, now, leased);
                self.note_brought(view, leased);
                // What attackers offer in their own name is no provider's of the scenario.
                if self.lender_of_offer(leased.offer).is_none() {
                    self.commit_washed(view, now, leased);
                }
            }
            Event::Submitted(submitted) => {
                self.expect_requests(now, record.account(), submitted.job);
                if !self.economy.attackers.is_empty() {
                    self.note_grievance(now, record.account(), submitted.job);
                }
            }
            Event::Committed(_) => {
                if let Cause::Command { command: Command::Commit(commit), .. } = record.cause
                    && let Some(lease) = view.lease(commit.lease)
                {
                    self.count_busy(view, now, lease.offer);
                }
            }
            Event::Settled(settled) => {
                self.rows.board.took_fee(settled.fee());
                self.rows.yields.pay(settled.payment());
                self.ended(settled.lease, true);
                self.paid(settled.lease, settled.paid);
                self.count_brought(view, now, settled.lease, settled.payment(), true);
            }
            Event::ReceiptPaid(receipt) => {
                self.rows.board.took_fee(receipt.fee());
                self.rows.yields.pay(receipt.payment());
                self.paid(receipt.lease, receipt.paid);
                self.count_brought(view, now, receipt.lease, receipt.payment(), false);
            }
            Event::Verified(_) | Event::TrapFound(_) | Event::FoundWrong(_) | Event::Judged(_) | Event::CheckerJudged(_) => {
                self.rows.board.results.learn(record, event, |lease| view.lease(lease).map(|lease| lease.stage));
            }
            Event::Compared(compared) => self.compared(compared),
            Event::Failed(failed) if !self.economy.attackers.is_empty() => self.stalled_for_good(view, failed.job),
            Event::Missed(missed) => {
                self.count_busy(view, now, missed.offer);
                self.rows.board.ended(view.offers()[missed.offer.index()].class, false);
            }
            Event::CheckDrawn(drawn) => self.begin_check(view, now, drawn),
            Event::Seated(seated) => self.begin_duty(view, now, seated),
            Event::VerdictSealed(_) => {
                if let Cause::Command { command: Command::SealVerdict(sealed), .. } = record.cause {
                    self.all_sealed(view, now, sealed.lease);
                }
            }
            Event::CopiesComplete(complete) => self.reveal_copies(view, now, complete),
            Event::Slashed(slashed) => {
                let cut = slashed.burned as f64 + slashed.reward as f64;
                let left = view.provider(slashed.provider).map_or(0, |provider| provider.bond) as f64;
                self.rows.yields.lost(slashed.provider, cut / (left + cut), now);
                self.slashed(view, now, slashed);
            }
            Event::StandsOpen(open) if !self.economy.attackers.is_empty() => self.challenge_falsely(view, now, open.lease),
            Event::Proposed(proposed) => self.open_poll(view, now, record.account(), proposed),
            Event::Jailed(jailed) => self.jailed(view, jailed),
            Event::Rewarded(rewarded) => {
                self.rows.board.rewarded(view, rewarded);
                if let Some(lender) = view.provider(rewarded.provider).and_then(|p| self.economy.lender_of(p.owner)) {
                    let row = &mut self.rows.lenders[lender];
                    row.emitted = row.emitted.saturating_add(rewarded.work).saturating_add(rewarded.stake);
                }
            }
            Event::EpochClosed(_) => {
                let span = view.params.epoch_length();
                self.rows.board.close_epoch(self.market_price(view), span);
                self.rows.yields.close_epoch(self.rows.board.per_bond, view.ledger.supply(), span);
            }
            Event::Registered(registered) => {
                if let Some(lender) = self.economy.lender_of(record.account()) {
                    self.rows.lenders[lender].provider = registered.provider;
                }
            }
            Event::OfferPosted(posted) => {
                let lender = self.economy.lender_of(record.account());
                if let Some(row) = lender.map(|lender| &mut self.rows.lenders[lender]) {
                    if row.offers == 0 {
                        row.first_offer = posted.offer;
                    }
                    row.offers += 1;
                }
                // Attackers offer too: every offer has its row, whosever it is.
                let lender = lender.map_or(provider::NOBODY, |lender| lender as u32);
                self.rows.offers.push(OfferRow { since: now, lender, ..OfferRow::default() });
            }
            Event::Transferred(_) => {
                if let Cause::Command { origin: Origin::Account(from), command: Command::Transfer(transfer), .. } = record.cause {
                    self.settle_trade(view, from, &transfer);
                }
            }
            Event::Decreed(_) => self.decreed(),
            Event::DecreeEnacted(_) => self.decree_done(true),
            Event::DecreeFailed(_) => self.decree_done(false),
            Event::Vested(vested) => self.vested(vested),
            Event::OrderPlaced(placed) => self.ordered(now, placed),
            Event::OrderReturned(_) => {
                if let Cause::Command { origin: Origin::Account(from), command: Command::TreasuryDeposit(deposit), .. } =
                    record.cause
                {
                    self.returned(from, &deposit);
                }
            }
            Event::AwardOpened(opened) => self.awarded(now, opened),
            Event::MilestonePaid(paid) => self.milestone_paid(now, paid),
            Event::Refused(refused) => {
                if let Some(count) = self.tally.refused.get_mut(refused.code as usize) {
                    *count += 1;
                }
            }
            _ => {}
        }
    }

    fn epoch_closed(&mut self, view: &State) {
        self.appraise(view);
        self.standing = self.stand(view);
        assert!(self.dollars.conserved(), "dollars are conserved");
    }
}

impl Environment for Agents {
    #[inline]
    fn next(&mut self, view: &State, until: Time) -> Option<Arrival> {
        loop {
            if let Some(first) = self.outbox.front() {
                return if first.time < until { self.outbox.pop_front() } else { None };
            }
            let appointment = self.queue.pop_before(until)?;
            self.keep(view, appointment);
        }
    }

    fn inadmissible(&mut self, _view: &State, _arrival: &Arrival, _why: Inadmissible) {
        self.tally.inadmissible += 1;
    }

    fn wants_stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
