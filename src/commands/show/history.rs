//! One party's history, with the reason of every payment.

mod ballot;
mod receipts;

use crate::commands::words::{self, decimal, xpl};
use plasma_core::engine::state::State;
use plasma_core::ids::{AccountId, JobId, LeaseId, OfferId, ProposalId, ProviderId};
use plasma_core::money::ONE;
use plasma_core::params::mechanism;
use plasma_core::protocol::bond::Slashed;
use plasma_core::protocol::emission;
use plasma_core::protocol::governance::EnactmentFailed;
use plasma_core::protocol::governance::decree::DecreeFailed;
use plasma_core::protocol::lease::Lease;
use plasma_core::protocol::market::Leased;
use plasma_core::protocol::settlement::Settled;
use plasma_core::record::{Cause, Command, Event, Record, Timer};
use plasma_core::rejection::Refused;
use plasma_core::time::Time;
use plasma_reports::calendar;
use plasma_reports::number::duration;
use serde_json::{Map, Value};
use std::fmt;

/// Whose history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An account's, as sender or receiver.
    Account(AccountId),
    /// A provider's.
    Provider(ProviderId),
    /// A job's, by serial number.
    Job(u64),
    /// A lease's, by serial number.
    Lease(u64),
    /// A proposal's, by serial number.
    Proposal(u64),
}

impl Subject {
    /// Whether there is such a party, whatever became of it.
    ///
    /// # Errors
    /// How many of its kind there are.
    pub fn exists(&self, view: &State) -> miette::Result<()> {
        let (number, kind, numbers) = match *self {
            Subject::Account(id) => (u64::from(id.0), "accounts", 0..view.accounts().len() as u64),
            Subject::Provider(id) => (u64::from(id.0), "providers", 0..view.providers().len() as u64),
            Subject::Job(serial) => (serial, "jobs", 1..view.jobs.opened() + 1),
            Subject::Lease(serial) => (serial, "leases", 1..view.leases.opened() + 1),
            Subject::Proposal(serial) => (serial, "proposals", 1..view.proposals.opened() + 1),
        };
        if numbers.contains(&number) {
            return Ok(());
        }
        let known = match numbers.is_empty() {
            true => format!("there are no {kind} up to then"),
            false => format!("{kind} up to then are numbered from {} to {}", numbers.start, numbers.end - 1),
        };
        Err(miette::miette!(help = known, "there is no {self}"))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Account(id) => id.fmt(f),
            Subject::Provider(id) => id.fmt(f),
            Subject::Job(serial) => write!(f, "job {serial}"),
            Subject::Lease(serial) => write!(f, "lease {serial}"),
            Subject::Proposal(serial) => write!(f, "proposal {serial}"),
        }
    }
}

/// One line of it.
pub struct Entry {
    /// When.
    pub time: Time,
    /// Name of the record.
    pub what: &'static str,
    /// What happened, and why.
    pub text: String,
    /// Its fields as the log has them.
    pub fields: Map<String, Value>,
    /// Nano-XPL that its sender burned for it; none for what is no command.
    pub fee: Option<u64>,
}

/// Who a record concerns.
#[derive(Clone, Copy, Default)]
struct Parties {
    accounts: [Option<AccountId>; 2],
    providers: [Option<ProviderId>; 2],
    job: Option<JobId>,
    lease: Option<LeaseId>,
    proposal: Option<ProposalId>,
}

impl Parties {
    fn account(id: AccountId) -> Self {
        Self { accounts: [Some(id), None], ..Self::default() }
    }

    fn provider(view: &State, id: ProviderId) -> Self {
        let owner = view.provider(id).map(|provider| provider.owner);
        Self { accounts: [owner, None], providers: [Some(id), None], ..Self::default() }
    }

    /// An account's stake with a provider.
    fn stake(view: &State, account: Option<AccountId>, id: ProviderId) -> Self {
        let provider = Self::provider(view, id);
        Self { accounts: [account, provider.accounts[0]], ..provider }
    }

    fn job(view: &State, id: JobId) -> Self {
        let job = view.job(id);
        Self { accounts: [job.map(|job| job.customer), None], job: Some(id), lease: job.map(|job| job.lease), ..Self::default() }
    }

    fn lease(view: &State, id: LeaseId) -> Self {
        let Some(lease) = view.lease(id) else { return Self { lease: Some(id), ..Self::default() } };
        Self { lease: Some(id), ..Self::pair(view, lease.job, lease.offer) }
    }

    fn pair(view: &State, job: JobId, offer: OfferId) -> Self {
        let provider = view.offer(offer).map(|offer| offer.provider);
        let owner = provider.and_then(|id| view.provider(id)).map(|provider| provider.owner);
        let customer = view.job(job).map(|job| job.customer);
        Self { accounts: [customer, owner], providers: [provider, None], job: Some(job), ..Self::default() }
    }

    fn include(&self, subject: &Subject) -> bool {
        match *subject {
            Subject::Account(id) => self.accounts.contains(&Some(id)),
            Subject::Provider(id) => self.providers.contains(&Some(id)),
            Subject::Job(serial) => self.job.is_some_and(|job| job.serial() == serial),
            Subject::Lease(serial) => self.lease.is_some_and(|lease| lease.serial() == serial),
            Subject::Proposal(serial) => self.proposal.is_some_and(|proposal| proposal.serial() == serial),
        }
    }
}

/// The line for this cause (`event` is none) or event, if it concerns the subject. `view` is the state just before it.
pub fn entry(subject: &Subject, view: &State, record: &Record, event: Option<&Event>) -> Option<Entry> {
    let parties = match event {
        None => of_cause(view, record),
        Some(event) => of_event(view, record, event),
    };
    if !parties.include(subject) {
        return None;
    }
    let time = record.time;
    Some(match (event, &record.cause) {
        (Some(event), _) => {
            Entry { time, what: event.name(), text: explain(view, record, event), fields: words::json(event), fee: None }
        }
        (None, Cause::Command { command, fee, .. }) => {
            let burned = if *fee > 0 { format!("; burned {} as base fee", xpl(u128::from(*fee))) } else { String::new() };
            let what = command.name();
            let text = format!("asked for: {}{burned}", words::fields(what, command));
            Entry { time, what, text, fields: words::json(command), fee: Some(*fee) }
        }
        (None, Cause::Timer(timer)) => {
            Entry { time, what: timer.name(), text: "its time came".into(), fields: words::json(timer), fee: None }
        }
    })
}

fn of_cause(view: &State, record: &Record) -> Parties {
    let sender = record.sender().map(Parties::account).unwrap_or_default();
    let with_sender = |mut parties: Parties| {
        if let Some(sender) = record.sender()
            && !parties.accounts.contains(&Some(sender))
        {
            parties.accounts[1] = Some(sender);
        }
        parties.providers[1] = record.sender().and_then(|id| view.account(id)).map(|account| account.provider);
        parties
    };
    match &record.cause {
        Cause::Command { command, .. } => match command {
            Command::Transfer(transfer) => with_sender(Parties::account(transfer.to)),
            Command::Cancel(cancel) => with_sender(Parties::job(view, cancel.job)),
            Command::Stop(stop) => with_sender(Parties::lease(view, stop.lease)),
            Command::Commit(commit) => with_sender(Parties::lease(view, commit.lease)),
            Command::FundTab(fund) => with_sender(Parties::job(view, fund.job)),
            Command::SignReceipt(receipt) => with_sender(Parties::lease(view, receipt.lease)),
            Command::Verdict(verdict) => with_sender(Parties::lease(view, verdict.lease)),
            Command::Delegate(c) => Parties::stake(view, record.sender(), c.provider),
            Command::Undelegate(c) => Parties::stake(view, record.sender(), c.provider),
            Command::ClaimRewards(c) => Parties::stake(view, record.sender(), c.provider),
            Command::StakeGrant(c) => Parties::stake(view, record.sender(), c.provider),
            Command::UnstakeGrant(c) => Parties::stake(view, record.sender(), c.provider),
            Command::ClaimGrantRewards(c) => Parties::stake(view, record.sender(), c.provider),
            Command::Redelegate(c) => {
                let mut parties = Parties::stake(view, record.sender(), c.to);
                parties.providers[1] = Some(c.from);
                parties
            }
            Command::SealVerdict(sealed) => with_sender(Parties::lease(view, sealed.lease)),
            Command::RevealVerdict(revealed) => with_sender(Parties::lease(view, revealed.lease)),
            Command::Challenge(challenge) => with_sender(Parties::lease(view, challenge.lease)),
            Command::Expose(expose) => with_sender(Parties::lease(view, expose.lease)),
            Command::RevealCopy(revealed) => with_sender(Parties::lease(view, revealed.lease)),
            Command::WentSilent(silent) => Parties::provider(view, silent.provider),
            Command::Vote(vote) => Parties { proposal: Some(vote.proposal), ..with_sender(sender) },
            _ => with_sender(sender),
        },
        Cause::Timer(timer) => match timer {
            Timer::AskLapse(lapse) => {
                view.offer(lapse.offer).map(|offer| Parties::provider(view, offer.provider)).unwrap_or_default()
            }
            Timer::PatienceOver(over) => Parties::job(view, over.job),
            Timer::LeaseOverdue(overdue) => Parties::lease(view, overdue.lease),
            Timer::CheckOverdue(overdue) => Parties::lease(view, overdue.lease),
            Timer::WithdrawalDue(_) => {
                let first = view.staking.withdrawals.first();
                first.map(|entry| Parties::stake(view, Some(entry.whose.account), entry.provider)).unwrap_or_default()
            }
            Timer::MoveDue(_) => {
                let first = view.staking.moves.first();
                first.map(|entry| Parties::stake(view, Some(entry.account), entry.to)).unwrap_or_default()
            }
            Timer::GrantDue(due) => view.grants.get(due.grant.0).map(|row| Parties::account(row.account)).unwrap_or_default(),
            Timer::VotingEnds(due) => proposer(view, due.proposal),
            Timer::AwardExpires(due) => view.awards.get(due.award.0).map(|row| Parties::account(row.account)).unwrap_or_default(),
            Timer::PanelDue(due) => Parties::lease(view, due.lease),
            Timer::WindowOver(over) => Parties::lease(view, over.lease),
            Timer::CopiesDue(due) => Parties::job(view, due.lead),
            Timer::EpochEnd(_) | Timer::BondDue(_) | Timer::BatchDue(_) => Parties::default(),
        },
    }
}

fn proposer(view: &State, id: ProposalId) -> Parties {
    let account = view.proposals.get(id.0).map(|proposal| Parties::account(proposal.proposer)).unwrap_or_default();
    Parties { proposal: Some(id), ..account }
}

fn of_event(view: &State, record: &Record, event: &Event) -> Parties {
    match event {
        Event::Submitted(e) => Parties { job: Some(e.job), ..of_cause(view, record) },
        Event::Queued(e) => Parties::job(view, e.job),
        Event::Expired(e) => Parties::job(view, e.job),
        Event::Failed(e) => Parties::job(view, e.job),
        Event::Leased(e) => Parties { lease: Some(e.lease), ..Parties::pair(view, e.job, e.offer) },
        Event::Missed(e) => Parties { lease: of_cause(view, record).lease, ..Parties::pair(view, e.job, e.offer) },
        Event::Settled(e) => Parties::lease(view, e.lease),
        Event::Redeemed(e) => Parties::lease(view, e.lease),
        Event::ReceiptPaid(e) => Parties::lease(view, e.lease),
        Event::TabReturned(e) => Parties::job(view, e.job),
        Event::CheckDrawn(e) => with_provider(Parties::lease(view, e.lease), e.checker),
        Event::Slashed(e) => {
            let mut parties = Parties::provider(view, e.provider);
            parties.accounts[1] = Some(e.to).filter(|to| to.is_some());
            Parties { lease: of_cause(view, record).lease, job: of_cause(view, record).job, ..parties }
        }
        Event::StandsOpen(e) => Parties::lease(view, e.lease),
        Event::Judged(e) => Parties::lease(view, e.lease),
        Event::Compared(e) => Parties::lease(view, e.lease),
        Event::Seated(e) => with_provider(Parties::lease(view, e.lease), e.juror),
        Event::Challenged(e) => with_provider(Parties::lease(view, e.lease), e.challenger),
        Event::CheckerJudged(e) => with_provider(of_cause(view, record), e.checker),
        Event::Copied(e) => Parties { job: Some(e.job), ..of_cause(view, record) },
        Event::Withheld(e) => Parties::provider(view, e.provider),
        Event::HoldbackReleased(e) => Parties::provider(view, e.provider),
        Event::Seized(e) => {
            let mut parties = Parties::provider(view, e.provider);
            parties.accounts[1] = Some(e.to).filter(|to| to.is_some());
            Parties { lease: of_cause(view, record).lease, job: of_cause(view, record).job, ..parties }
        }
        Event::Jailed(e) => Parties::provider(view, e.provider),
        Event::Rewarded(e) => Parties::provider(view, e.provider),
        Event::StakeRewarded(e) => Parties::provider(view, e.provider),
        Event::StakeSlashed(e) => Parties::provider(view, e.provider),
        Event::LeavingSlashed(e) => Parties::provider(view, e.provider),
        Event::MovedSlashed(e) => {
            let mut parties = Parties::provider(view, e.provider);
            parties.providers[1] = Some(e.pool);
            parties
        }
        Event::Unbonding(e) => Parties::provider(view, e.provider),
        Event::Unbonded(_) => {
            let first = view.unbonding.entries.first();
            first.map(|entry| Parties::provider(view, entry.provider)).unwrap_or_default()
        }
        Event::AskForfeited(e) => view.offer(e.offer).map(|offer| Parties::provider(view, offer.provider)).unwrap_or_default(),
        Event::GrantOpened(e) => Parties::account(e.account),
        Event::TreasurySpent(e) => Parties::account(e.to),
        Event::AwardOpened(e) => Parties::account(e.account),
        Event::OrderPlaced(e) => Parties::account(e.custodian),
        Event::OrderLapsed(e) => view.orders.get(e.order.0).map(|order| Parties::account(order.custodian)).unwrap_or_default(),
        Event::Proposed(e) => Parties { proposal: Some(e.proposal), ..of_cause(view, record) },
        Event::Tallied(e) => proposer(view, e.proposal),
        Event::Ripened(e) => proposer(view, e.proposal),
        Event::Enacted(e) => proposer(view, e.proposal),
        Event::EnactmentFailed(e) => proposer(view, e.proposal),
        Event::DecreeEnacted(_) | Event::DecreeFailed(_) => Parties::account(view.governance.council),
        Event::MilestonePaid(e) => {
            let mut parties = of_cause(view, record);
            parties.accounts[1] = view.awards.get(e.award.0).map(|award| award.account);
            parties
        }
        Event::ParamChanged(_) | Event::WeightChanged(_) | Event::Appointed(_) => Parties::default(),
        Event::Emitted(_) | Event::EpochClosed(_) | Event::RoundClosed(_) => Parties::default(),
        _ => of_cause(view, record),
    }
}

/// With a provider who has to do with it beside the first.
fn with_provider(mut parties: Parties, provider: ProviderId) -> Parties {
    parties.providers[1] = Some(provider);
    parties
}

/// Why a job got an offer, by mechanism.
const CHOSEN: [&str; 4] = [
    "the cheapest that fits",
    "served in the batch at its class's price",
    "among the lowest sealed asks",
    "drawn by lot at the protocol's price",
];

/// What happened, and why: the arithmetic behind every payment.
fn explain(view: &State, record: &Record, event: &Event) -> String {
    match event {
        Event::Settled(settled) => view.lease(settled.lease).map_or_else(String::new, |lease| settled_why(view, settled, lease)),
        Event::Leased(leased) => leased_why(view, leased),
        Event::TabFunded(_) | Event::ReceiptSigned(_) | Event::Redeemed(_) | Event::ReceiptPaid(_) | Event::TabReturned(_) => {
            receipts::why(view, record, event)
        }
        Event::Submitted(e) => {
            let budget = match record.cause {
                Cause::Command { command: Command::Submit(submit), .. } => submit.budget,
                _ => 0,
            };
            format!("{} is accepted and its budget of {} is in escrow", e.job, xpl(budget.into()))
        }
        Event::Queued(e) if view.params.market_mechanism() != mechanism::POSTED => {
            format!("{} waits for the next clearing, due {}", e.job, calendar::timestamp(view.market.closes_at))
        }
        Event::Queued(e) => format!("{} waits in line: no offer fits now", e.job),
        Event::Expired(e) => {
            format!("{}: no offer fitted before its latest start; its escrow of {} returned", e.job, escrow(view, e.job))
        }
        Event::Failed(e) => {
            let job = view.job(e.job);
            let why = job.map_or("unknown", |job| job.last_failure.name());
            let times = job.map_or(0, |job| job.failures);
            format!("{} failed {times} times, at last by {why}; its escrow of {} returned", e.job, escrow(view, e.job))
        }
        Event::Missed(e) => format!("{} was not committed in time: a strike; the job goes back to the market", e.job),
        Event::Slashed(e) => slashed_why(view, record, e),
        Event::AskForfeited(e) => format!("the sealed ask of {} was not revealed: {} burned", e.offer, xpl(e.deposit.into())),
        Event::Jailed(e) => format!("{} is jailed until {}", e.provider, calendar::timestamp(e.until)),
        Event::Rewarded(e) => rewarded_why(view, e.provider, e.work, e.stake),
        Event::CheckDrawn(e) => {
            format!("the beacon drew {} to execute {} again by {}", e.checker, e.lease, calendar::timestamp(e.due))
        }
        Event::Verified(e) => {
            format!("the checker's root opens the commitment: right; {}", checker_why(view, record, e.reward))
        }
        Event::FoundWrong(e) => {
            let earned = checker_why(view, record, e.reward);
            format!("the checker's root does not open the commitment: wrong; {} goes back to the market; {earned}", e.job)
        }
        Event::StandsOpen(_) | Event::Challenged(_) | Event::Seated(_) | Event::Judged(_) | Event::CheckerJudged(_) => {
            disputed_why(event)
        }
        Event::TrapFound(e) => {
            let earned = checker_why(view, record, e.reward);
            format!("the checker's root is the one behind a planted error: right; {earned}, the bonus included")
        }
        Event::Exposed(_) => "the checker had copied a planted root: the result is drawn again".into(),
        Event::Copied(e) => format!("{} is a further copy of {}, its budget in escrow", e.job, e.lead),
        Event::CopiesComplete(e) => {
            format!("all copies of {} are committed: roots are revealed until {}", e.lead, calendar::timestamp(e.due))
        }
        Event::Compared(e) => format!("{} of {} {}", e.lease, e.job, COMPARED[e.outcome as usize]),
        Event::Withheld(e) => format!("{} of it are held back", xpl(e.amount.into())),
        Event::HoldbackReleased(e) => format!("{} held back of {} came free", xpl(e.amount.into()), e.provider),
        Event::Seized(e) => {
            let to = if e.reward > 0 { format!(", {} to {} who proved it", xpl(e.reward.into()), e.to) } else { String::new() };
            format!("earnings held back of {} seized: {} burned{to}", e.provider, xpl(e.burned.into()))
        }
        Event::Unbonding(e) => {
            format!("{} of the bond is on its way back, due {}", xpl(e.amount.into()), calendar::timestamp(e.release))
        }
        Event::Unbonded(_) => {
            let amount = view.unbonding.entries.first().map_or(0, |entry| entry.amount);
            format!("{} of the bond is back", xpl(amount.into()))
        }
        Event::GrantReturned(e) if e.excess > 0 => {
            let (amount, excess) = (xpl(e.amount.into()), xpl(e.excess.into()));
            format!("{amount} of its stake with {} are back in {}, and {excess} beyond its total are free", e.provider, e.grant)
        }
        Event::GrantReturned(e) => {
            format!("{} of its stake with {} are back in {}", xpl(e.amount.into()), e.provider, e.grant)
        }
        Event::Proposed(_) | Event::Voted(_) | Event::Tallied(_) | Event::Ripened(_) | Event::Enacted(_) => {
            ballot::explain(view, record, event)
        }
        Event::Decreed(_) | Event::DecreeEnacted(_) => ballot::explain(view, record, event),
        Event::EnactmentFailed(EnactmentFailed { need, code, .. }) | Event::DecreeFailed(DecreeFailed { need, code, .. }) => {
            format!("not done after all: {}", refused_why(&Refused { need: *need, code: *code, pad: 0 }))
        }
        Event::Refused(e) => format!("refused: {}", refused_why(e)),
        Event::Transferred(_) => match record.cause {
            Cause::Command { command: Command::Transfer(t), .. } => format!("{} went to {}", xpl(t.amount.into()), t.to),
            _ => String::new(),
        },
        other => words::fields(other.name(), other),
    }
}

/// What a comparison of copies makes of each.
const COMPARED: [&str; 4] = [
    "named the root of the majority: it settles",
    "named another root than the majority: its escrow returned",
    "named no root in time: a strike; its escrow returned",
    "is to be checked: no root has the majority",
];

/// What a panel's decision makes of a result.
const JUDGED: [&str; 4] = [
    "right by majority: it settles",
    "wrong by majority: the job goes back to the market",
    "undecided: the next beacon draws another panel",
    "undecided for good: it settles",
];

/// The cut with its arithmetic, where the lease at fault is at hand and the bond was enough.
fn slashed_why(view: &State, record: &Record, slashed: &Slashed) -> String {
    let Slashed { burned, reward, provider, to } = *slashed;
    let cut = u128::from(burned) + u128::from(reward);
    let lease = of_cause(view, record).lease.and_then(|id| view.lease(id));
    let arithmetic = lease.and_then(|lease| {
        let behind = u128::from(view.params.bond_per_gpu()) * u128::from(lease.gpus);
        let rates = [view.params.slash_missed(), view.params.slash_wrong(), view.params.slash_copied()];
        let rate = rates.into_iter().find(|&rate| behind * u128::from(rate) / u128::from(ONE) == cut)?;
        let percent = decimal(u128::from(rate) * 100, ONE.into());
        Some(format!(", {percent} % of the {} behind {} GPUs", xpl(behind), lease.gpus))
    });
    let proved = if reward > 0 { format!(", {} to {to} who proved it", xpl(reward.into())) } else { String::new() };
    format!("bond of {provider} cut by {}{}: {} burned{proved}", xpl(cut), arithmetic.unwrap_or_default(), xpl(burned.into()))
}

/// Challenges and panels.
fn disputed_why(event: &Event) -> String {
    match event {
        Event::StandsOpen(e) => format!("{} stands open to objections until {}", e.lease, calendar::timestamp(e.until)),
        Event::Challenged(e) => {
            format!("{} says that the result of {} is wrong, and deposits {}", e.challenger, e.lease, xpl(e.deposit.into()))
        }
        Event::Seated(e) => format!(
            "the beacon drew {} for the panel on {}: to seal by {}, to reveal by {}",
            e.juror,
            e.lease,
            calendar::timestamp(e.seal_by),
            calendar::timestamp(e.due)
        ),
        Event::Judged(e) => format!(
            "{} is {}; of the deposit {} went to the provider and {} back, the treasury pays the challenger {}",
            e.lease,
            JUDGED[e.outcome as usize],
            xpl(e.to_worker.into()),
            xpl(e.returned.into()),
            xpl(e.reward.into())
        ),
        Event::CheckerJudged(e) if e.strikes > 0 => format!("{} did not do its duty: {} strikes", e.checker, e.strikes),
        Event::CheckerJudged(e) => format!(
            "{} earned {} of the deposit and {} of the treasury",
            e.checker,
            xpl(e.from_deposit.into()),
            xpl(e.from_treasury.into())
        ),
        other => words::fields(other.name(), other),
    }
}

fn leased_why(view: &State, e: &Leased) -> String {
    let offer = &view.offers()[e.offer.index()];
    let class = &view.catalogue.class(offer.class).name;
    let (why, rate) = match view.params.market_mechanism() {
        mechanism::POSTED => ("the cheapest that fits", offer.ask),
        // What a lease was agreed at follows from its price, to the rounding of the price.
        by => (CHOSEN[by as usize], (u128::from(e.price) * 1000 / u128::from(e.work_mgs)) as u64),
    };
    format!(
        "{} got {} of {} for {}: {why}, {} GPU-s of {class} at {} per GPU-s; result due {}",
        e.job,
        e.lease,
        offer.provider,
        xpl(e.price.into()),
        seconds(e.work_mgs),
        xpl(rate.into()),
        calendar::timestamp(e.due)
    )
}

fn settled_why(view: &State, settled: &Settled, lease: &Lease) -> String {
    let offer = &view.offers()[lease.offer.index()];
    let payment = u128::from(settled.payment());
    format!(
        "{} paid {} for {} of {}: {} GPU-s of {} (agreed {}), less the fee of {} ({} burned, {} treasury, {} stakers); {} returned",
        view.job(lease.job).map_or(AccountId::NONE, |job| job.customer),
        xpl(payment),
        lease.id,
        offer.provider,
        seconds(settled.work_mgs),
        view.catalogue.class(offer.class).name,
        xpl(lease.price.into()),
        xpl(settled.fee().into()),
        xpl(settled.burned.into()),
        xpl(settled.treasury.into()),
        xpl(settled.stakers.into()),
        view.job(lease.job).map_or_else(String::new, |job| xpl(u128::from(job.escrow) - payment)),
    )
}

fn rewarded_why(view: &State, id: ProviderId, work: u64, stake: u64) -> String {
    let percent = |own: u128, all: u128| own as f64 / (all as f64).max(1.0) * 100.0;
    let total: u128 = view.providers().iter().map(|provider| u128::from(provider.work)).sum();
    let (own, bond) = view.provider(id).map_or((0, 0), |provider| (provider.work, provider.bond));
    let staked: u128 = emission::staked(view).map(|(_, stake)| stake).sum();
    format!(
        "{id} received {} for {} weighted GPU-s, {:.4} % of the epoch's work, and {} for its bond of {}, {:.4} % of all stake",
        xpl(work.into()),
        seconds(own),
        percent(own.into(), total),
        xpl(stake.into()),
        xpl(bond),
        percent(bond, staked)
    )
}

/// A checker's reward: a share of what it checked, as far as the treasury goes.
fn checker_why(view: &State, record: &Record, reward: u64) -> String {
    let price = match record.cause {
        Cause::Command { command: Command::Verdict(verdict), .. } => view.lease(verdict.lease).map_or(0, |lease| lease.price),
        _ => 0,
    };
    let rate = view.params.verification_reward() as f64 / plasma_core::money::ONE as f64 * 100.0;
    format!("the treasury pays the checker {}, {rate} % of the {} it checked", xpl(reward.into()), xpl(price.into()))
}

/// The reason, with its number in the unit that people read.
fn refused_why(refused: &Refused) -> String {
    let Some(reason) = refused.reason() else { return refused.to_string() };
    let (amount, span) = (xpl(refused.need.into()), duration(refused.need as f64 / 1_000.0));
    let text = reason.text().replace("{need} nano-XPL", &amount).replace("{need} ms", &span);
    text.replace("{need}", &refused.need.to_string())
}

fn escrow(view: &State, id: JobId) -> String {
    view.job(id).map_or_else(|| "unknown".into(), |job| xpl(job.escrow.into()))
}

fn seconds(milli: u64) -> String {
    decimal(milli.into(), 1_000)
}
