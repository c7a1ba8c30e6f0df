//! Two providers, a customer and a price feeder over three days, every command by hand.

use plasma_core::catalogue::{Catalogue, GpuClass, Kind, Program, Resource, Term};
use plasma_core::engine::Engine;
use plasma_core::engine::state::State;
use plasma_core::engine::step::{Arrival, Environment, Inadmissible, Observer};
use plasma_core::formula::vesting::Schedule;
use plasma_core::genesis::{Allocation, Genesis, GrantAllocation};
use plasma_core::ids::{AccountId, ClassId, GrantId, JobId, LeaseId, ProviderId};
use plasma_core::money::{ONE, XPL};
use plasma_core::params::{Params, mechanism};
use plasma_core::protocol::delegation::Delegate;
use plasma_core::protocol::governance::action;
use plasma_core::protocol::lease::{self, Stage};
use plasma_core::protocol::receipt::{FundTab, SignReceipt};
use plasma_core::protocol::verification::copies::RevealCopy;
use plasma_core::protocol::verification::panel;
use plasma_core::protocol::verification::policy::Policy;
use plasma_core::protocol::verification::verdict::Verdict;
use plasma_core::protocol::vesting::stake::{ClaimGrantRewards, StakeGrant, UnstakeGrant};
use plasma_core::protocol::{beacon, bond, job, offer, oracle, provider};
use plasma_core::record::{Command, Event, Origin, Record};
use plasma_core::time::{DAY, HOUR, MINUTE, SECOND, Time};
use plasma_reports::Metrics;
use std::collections::VecDeque;

/// Genesis: 2026-01-01.
pub const START: Time = 20_454 * DAY;

/// A command, or one that names a lease or job that only the view knows.
enum Step {
    Say(Command),
    /// Commits the running lease with a root of this byte.
    Commit(u8),
    /// Answers the check with a root of this byte.
    Verdict(u8),
    /// The same, by whoever was drawn to check.
    Doubt(u8),
    /// Seals a root of this byte, by the only one of the panel.
    Seal(u8),
    /// Reveals it.
    Unseal(u8),
    /// Reveals that of the committed copy.
    Reveal(u8),
    /// Takes back the job that was queued last.
    Cancel,
    /// Puts so many nano-XPL into the tab of the only open job.
    Fund(u64),
    /// Signs for so many on its lease.
    Sign(u64),
    /// Ends that lease.
    Stop,
}

/// The script.
pub struct Script(VecDeque<(Time, Origin, Step)>);

impl Observer for Script {
    fn cause(&mut self, _view: &State, _record: &Record) {}
    fn event(&mut self, _view: &State, _record: &Record, _event: &Event) {}
}

fn lease_of(view: &State, account: AccountId, stage: Stage) -> (LeaseId, ProviderId) {
    let provider = view.accounts()[account.index()].provider;
    let worker = |lease: &lease::Lease| view.offers()[lease.offer.index()].provider;
    let mine = |lease: &&lease::Lease| {
        lease.stage == stage && provider == if stage == Stage::UnderCheck { lease.checker } else { worker(lease) }
    };
    (view.leases.iter().find(mine).expect("the script names an open lease").id, provider)
}

fn open<'v>(view: &'v State) -> &'v lease::Lease {
    view.leases.iter().next().expect("a lease is open")
}

fn owner(view: &State, provider: ProviderId) -> Origin {
    Origin::Account(view.providers()[provider.index()].owner)
}

/// The challenged lease, and the only one of its panel.
fn panel_of(view: &State) -> (LeaseId, ProviderId) {
    let (&lease, case) = view.docket.cases.iter().next().expect("a lease is challenged");
    (lease, case.seats[0].juror)
}

impl Environment for Script {
    fn next(&mut self, view: &State, until: Time) -> Option<Arrival> {
        let (time, mut origin, step) = self.0.pop_front_if(|(time, ..)| *time < until)?;
        let account = if let Origin::Account(id) = origin { id } else { AccountId::NONE };
        let command = match step {
            Step::Say(command) => command,
            Step::Commit(root) => {
                let (lease, provider) = lease_of(view, account, Stage::Running);
                lease::Commit { lease, commitment: lease::commitment(lease, provider, &[root; 32]) }.into()
            }
            Step::Verdict(root) => Verdict { lease: lease_of(view, account, Stage::UnderCheck).0, root: [root; 32] }.into(),
            Step::Doubt(root) => {
                let lease = view.leases.iter().find(|lease| lease.stage == Stage::UnderCheck).expect("a check is drawn");
                origin = owner(view, lease.checker);
                Verdict { lease: lease.id, root: [root; 32] }.into()
            }
            Step::Seal(root) => {
                let (lease, juror) = panel_of(view);
                origin = owner(view, juror);
                panel::SealVerdict { lease, digest: panel::seal(lease, juror, &[root; 32], &[9; 32]) }.into()
            }
            Step::Unseal(root) => {
                let (lease, juror) = panel_of(view);
                origin = owner(view, juror);
                panel::RevealVerdict { lease, root: [root; 32], salt: [9; 32] }.into()
            }
            Step::Reveal(root) => RevealCopy { lease: lease_of(view, account, Stage::Committed).0, root: [root; 32] }.into(),
            Step::Cancel => {
                let queued = view.jobs.iter().filter(|job| job.is_queued()).map(|job| job.id);
                job::Cancel { job: queued.max().unwrap_or(JobId::NONE) }.into()
            }
            Step::Fund(amount) => FundTab { amount, job: open(view).job }.into(),
            Step::Sign(amount) => SignReceipt { amount, lease: open(view).id }.into(),
            Step::Stop => lease::Stop { lease: open(view).id }.into(),
        };
        Some(Arrival { time, origin, command })
    }

    fn inadmissible(&mut self, _view: &State, arrival: &Arrival, why: Inadmissible) {
        panic!("{arrival:?}: {why}");
    }
}

/// Two classes, the second twice as fast and of twice the weight; one program of which a job of n tokens takes n ms on the first.
pub fn genesis(accounts: u8) -> Genesis {
    let mut params = Params::default();
    params.set("verification.rate", ONE).unwrap();
    let class = |name: &str, speed: u64| GpuClass {
        name: name.into(),
        vram_gib: 24,
        ops_per_ms: [1_000 * speed, 0, 0],
        bytes_per_ms: 1_000,
        weight: speed * ONE,
    };
    let cost = vec![Term { resource: Resource::F32, coefficient: 1_000, exponents: [1, 0, 0, 0] }];
    let program = Program { name: "p".into(), kind: Kind::Inference, code: [7; 32], sizes: vec!["tokens".into()], cost };
    Genesis {
        chain: "by-hand".into(),
        start: START,
        params: params.values().to_vec(),
        catalogue: Catalogue { classes: vec![class("small", 1), class("large", 2)], programs: vec![program] },
        accounts: (0..accounts)
            .map(|i| Allocation { key: [i; 32], amount: 1_000_000 * u128::from(XPL), locked: false })
            .collect(),
        grants: (0..u32::from(accounts.min(1))).map(granted).collect(),
        committee: AccountId::NONE,
        custodian: AccountId::NONE,
        council: AccountId::NONE,
        treasury: 900_000 * u128::from(XPL),
        builders: 0,
        feeders: 1,
    }
}

fn granted(account: u32) -> GrantAllocation {
    GrantAllocation { account: AccountId(account), total: 100_000 * XPL, schedule: Schedule::monthly(START, START, 48) }
}

fn submit(size: u32, start_by: Time, policy: Policy) -> Step {
    let (budget, finish_by, classes) = (10_000 * XPL, START + 2 * DAY, u64::MAX);
    let sizes = [size, 0, 0, 0];
    Step::Say(job::Submit { budget, start_by, finish_by, classes, sizes, policy, ..job::Submit::default() }.into())
}

/// Day 0: jobs A and B settle; C waits half an hour, is missed by the second provider and redone by the first; D expires; E is
/// cancelled; an offer without a price is refused. Day 1: F is computed wrongly, found out, redone and verified; the second
/// provider retires. Day 2: nothing, and the oracle's price grows stale.
pub fn script() -> Script {
    let (a, b, customer) = (Origin::Account(AccountId(0)), Origin::Account(AccountId(1)), Origin::Account(AccountId(2)));
    let post = |ask: u64, class: u8| -> Command { offer::PostOffer { ask, gpus: 1, class: ClassId(class), pad: [0; 5] }.into() };
    let hour = 3_600_000;
    let mut steps = vec![
        (1, a, Step::Say(provider::Register { region: 0 }.into())),
        (2, a, Step::Say(bond::Bond { amount: 10_000 * XPL }.into())),
        (3, a, Step::Say(post(XPL, 0))),
        (4, b, Step::Say(provider::Register { region: 0 }.into())),
        (5, b, Step::Say(bond::Bond { amount: 10_000 * XPL }.into())),
        (6, b, Step::Say(post(3 * XPL, 1))),
        (7, b, Step::Say(post(0, 1))),
        (10, Origin::Feeder(0), Step::Say(oracle::PostPrice { micro_usd: 500_000 }.into())),
        (SECOND, customer, submit(hour, START + 2 * HOUR, Policy::Unchecked)),
        (2 * SECOND, customer, submit(hour, START + 2 * HOUR, Policy::Unchecked)),
        (3 * SECOND, customer, submit(hour, START + 2 * HOUR, Policy::Unchecked)),
        (4 * SECOND, customer, submit(hour, START + 64 * SECOND, Policy::Unchecked)),
        (5 * SECOND, customer, submit(hour, START + 2 * HOUR, Policy::Unchecked)),
        (6 * SECOND, customer, Step::Cancel),
        (2 * SECOND + 30 * MINUTE, b, Step::Commit(1)),
        (SECOND + HOUR, a, Step::Commit(1)),
        // The second provider lets job C's deadline pass, an hour after its lease; the first has it from then on.
        (2 * SECOND + 90 * MINUTE + HOUR, a, Step::Commit(1)),
    ];
    let day1 = [
        (SECOND, customer, submit(100_000, START + DAY + HOUR, Policy::Sampled)),
        (101 * SECOND, a, Step::Commit(66)),
        (HOUR, Origin::Host, Step::Say(beacon::Beacon { value: [3; 32] }.into())),
        (HOUR + SECOND, b, Step::Verdict(1)),
        (HOUR + 51 * SECOND, b, Step::Commit(1)),
        (2 * HOUR, Origin::Host, Step::Say(beacon::Beacon { value: [4; 32] }.into())),
        (2 * HOUR + SECOND, a, Step::Verdict(1)),
        (12 * HOUR, b, Step::Say(provider::Retire {}.into())),
    ];
    steps.extend(day1.into_iter().map(|(at, origin, step)| (DAY + at, origin, step)));
    Script(steps.into_iter().map(|(at, origin, step)| (START + at, origin, step)).collect())
}

/// One GPU at 1 XPL, and two jobs that would pay 10 XPL a GPU-second for it, at a price of 2 XPL that the protocol sets. One is
/// served; the other waits for no second batch.
pub fn batch() -> (Genesis, Script) {
    let mut genesis = genesis(3);
    let mut params = Params::default();
    for (key, value) in [("market.mechanism", mechanism::ALGORITHMIC), ("market.opening", 2 * XPL)] {
        params.set(key, value).unwrap();
    }
    genesis.params = params.values().to_vec();
    let (provider, customer) = (Origin::Account(AccountId(0)), Origin::Account(AccountId(2)));
    let job = || {
        let (start_by, finish_by) = (START + 6 * MINUTE, START + DAY);
        let submit = job::Submit { budget: 36_000 * XPL, start_by, finish_by, ..job::Submit::default() };
        Step::Say(job::Submit { classes: 1, sizes: [3_600_000, 0, 0, 0], ..submit }.into())
    };
    let steps = [
        (1, provider, Step::Say(provider::Register { region: 0 }.into())),
        (2, provider, Step::Say(bond::Bond { amount: 10_000 * XPL }.into())),
        (3, provider, Step::Say(offer::PostOffer { ask: XPL, gpus: 1, class: ClassId(0), pad: [0; 5] }.into())),
        (4, customer, job()),
        (5, customer, job()),
    ];
    (genesis, Script(steps.into_iter().map(|(at, origin, step)| (START + at, origin, step)).collect()))
}

/// Three providers of one GPU each. A sampled job of the first is found wrong by another, though it is right; the third is the
/// panel, and overrules that. Then two copies of a job, which agree.
pub fn disputed() -> (Genesis, Script) {
    let mut genesis = genesis(4);
    let mut params = Params::default();
    [("verification.rate", ONE), ("verification.panel", 1)].iter().for_each(|&(key, value)| params.set(key, value).unwrap());
    genesis.params = params.values().to_vec();
    let [a, b, c, customer] = [0, 1, 2, 3].map(|account| Origin::Account(AccountId(account)));
    let beacon = |value: u8| Step::Say(beacon::Beacon { value: [value; 32] }.into());
    let copies = |size| {
        let Step::Say(Command::Submit(job)) = submit(size, START + 8 * HOUR, Policy::Redundant) else { unreachable!() };
        Step::Say(job::Submit { copies: 2, ..job }.into())
    };
    let mut steps = Vec::new();
    for (at, provider, ask) in [(1, a, XPL), (2, b, 2 * XPL), (3, c, 3 * XPL)] {
        steps.push((at, provider, Step::Say(provider::Register { region: 0 }.into())));
        steps.push((at, provider, Step::Say(bond::Bond { amount: 10_000 * XPL }.into())));
        steps.push((at, provider, Step::Say(offer::PostOffer { ask, gpus: 1, class: ClassId(0), pad: [0; 5] }.into())));
    }
    steps.extend([
        (SECOND, customer, submit(100_000, START + HOUR, Policy::Sampled)),
        (101 * SECOND, a, Step::Commit(1)),
        (HOUR, Origin::Host, beacon(3)),
        (HOUR + SECOND, Origin::Host, Step::Doubt(2)),
        (2 * HOUR, Origin::Host, beacon(5)),
        (2 * HOUR + SECOND, Origin::Host, Step::Seal(1)),
        (2 * HOUR + 2 * SECOND, Origin::Host, Step::Unseal(1)),
        (3 * HOUR, customer, copies(100_000)),
        (3 * HOUR + 100 * SECOND, a, Step::Commit(1)),
        (3 * HOUR + 101 * SECOND, b, Step::Commit(1)),
        (3 * HOUR + 102 * SECOND, a, Step::Reveal(1)),
        (3 * HOUR + 103 * SECOND, b, Step::Reveal(1)),
    ]);
    (genesis, Script(steps.into_iter().map(|(at, origin, step)| (START + at, origin, step)).collect()))
}

/// A GPU of the large class, and a job of an hour of the small that must be done within 55 minutes.
pub fn hurried() -> (Genesis, Script) {
    let (provider, customer) = (Origin::Account(AccountId(0)), Origin::Account(AccountId(2)));
    let (budget, start_by, finish_by) = (10_000 * XPL, START + 2 * MINUTE, START + 55 * MINUTE);
    let submit = job::Submit { budget, start_by, finish_by, classes: u64::MAX, ..job::Submit::default() };
    let steps = [
        (1, provider, Step::Say(provider::Register { region: 0 }.into())),
        (2, provider, Step::Say(bond::Bond { amount: 10_000 * XPL }.into())),
        (3, provider, Step::Say(offer::PostOffer { ask: XPL, gpus: 1, class: ClassId(1), pad: [0; 5] }.into())),
        (4, Origin::Feeder(0), Step::Say(oracle::PostPrice { micro_usd: 500_000 }.into())),
        (SECOND, customer, Step::Say(job::Submit { sizes: [3_600_000, 0, 0, 0], ..submit }.into())),
        (SECOND + 30 * MINUTE, provider, Step::Commit(1)),
    ];
    (genesis(3), Script(steps.into_iter().map(|(at, origin, step)| (START + at, origin, step)).collect()))
}

/// The script with 5,000 XPL that the customer delegates to the first provider.
pub fn delegated() -> (Genesis, Script) {
    let (mut genesis, Script(mut steps)) = (genesis(3), script());
    let mut params = Params::default();
    [("verification.rate", ONE), ("stake.delegation", 1)].iter().for_each(|&(key, value)| params.set(key, value).unwrap());
    genesis.params = params.values().to_vec();
    let delegate = Delegate { amount: 5_000 * XPL, provider: ProviderId(0), pad: 0 };
    let place = steps.iter().position(|(time, ..)| *time > START + 8).expect("the script goes on");
    steps.insert(place, (START + 8, Origin::Account(AccountId(2)), Step::Say(delegate.into())));
    (genesis, Script(steps))
}

/// A bond of 10,000 XPL, and 5,000 out of a grant that may not earn. What the grant had is settled on the second day, and on the
/// third, when its stake leaves.
pub fn locked() -> (Genesis, Script) {
    let mut genesis = genesis(3);
    genesis.grants[0].account = AccountId(2);
    let mut params = Params::default();
    [("stake.delegation", 1), ("vesting.may_stake", 1)].iter().for_each(|&(key, value)| params.set(key, value).unwrap());
    genesis.params = params.values().to_vec();
    let (provider, holder, feeder) = (Origin::Account(AccountId(0)), Origin::Account(AccountId(2)), Origin::Feeder(0));
    let (grant, amount, with) = (GrantId::new(1, 0), 5_000 * XPL, ProviderId(0));
    let price = |micro_usd| Step::Say(oracle::PostPrice { micro_usd }.into());
    let steps = [
        (1, provider, Step::Say(provider::Register { region: 0 }.into())),
        (2, provider, Step::Say(bond::Bond { amount: 10_000 * XPL }.into())),
        (3, provider, Step::Say(offer::PostOffer { ask: XPL, gpus: 1, class: ClassId(0), pad: [0; 5] }.into())),
        (4, feeder, price(500_000)),
        (5, holder, Step::Say(StakeGrant { grant, amount, provider: with, pad: 0 }.into())),
        (DAY + 1, feeder, price(500_000)),
        (DAY + HOUR, holder, Step::Say(ClaimGrantRewards { grant, provider: with, pad: 0 }.into())),
        (2 * DAY + 1, feeder, price(500_000)),
        (2 * DAY + HOUR, holder, Step::Say(UnstakeGrant { grant, amount, provider: with, pad: 0 }.into())),
    ];
    (genesis, Script(steps.into_iter().map(|(at, origin, step)| (START + at, origin, step)).collect()))
}

/// A deployment of an hour at 1 XPL a second, which its customer ends after half of it, and requests for 600 XPL.
pub fn hosted() -> (Genesis, Script) {
    let customer = Origin::Account(AccountId(2));
    deployment(vec![(SECOND + 30 * MINUTE, customer, Step::Stop)])
}

/// The same, but nobody ends it: the provider misses its deadline after two hours, and the customer ends the next lease, with a
/// provider that takes 2 XPL a second, after half an hour, with requests for 100 XPL on it.
pub fn hosted_twice() -> (Genesis, Script) {
    let (other, customer, again) = (Origin::Account(AccountId(1)), Origin::Account(AccountId(2)), SECOND + 2 * HOUR);
    deployment(vec![
        (5, other, Step::Say(provider::Register { region: 0 }.into())),
        (6, other, Step::Say(bond::Bond { amount: 10_000 * XPL }.into())),
        (7, other, Step::Say(offer::PostOffer { ask: 2 * XPL, gpus: 1, class: ClassId(0), pad: [0; 5] }.into())),
        (again + 20 * MINUTE, customer, Step::Sign(100 * XPL)),
        (again + 30 * MINUTE, customer, Step::Stop),
    ])
}

fn deployment(more: Vec<(Time, Origin, Step)>) -> (Genesis, Script) {
    let mut genesis = genesis(3);
    genesis.catalogue.programs[0].kind = Kind::Deployment;
    let (provider, customer) = (Origin::Account(AccountId(0)), Origin::Account(AccountId(2)));
    let steps = [
        (1, provider, Step::Say(provider::Register { region: 0 }.into())),
        (2, provider, Step::Say(bond::Bond { amount: 10_000 * XPL }.into())),
        (3, provider, Step::Say(offer::PostOffer { ask: XPL, gpus: 1, class: ClassId(0), pad: [0; 5] }.into())),
        (4, Origin::Feeder(0), Step::Say(oracle::PostPrice { micro_usd: 500_000 }.into())),
        (SECOND, customer, submit(3_600_000, START + 12 * HOUR, Policy::Unchecked)),
        (2 * SECOND, customer, Step::Fund(1_000 * XPL)),
        (20 * MINUTE, customer, Step::Sign(600 * XPL)),
    ];
    let mut steps: Vec<_> = steps.into_iter().chain(more).collect();
    steps.sort_by_key(|(at, ..)| *at);
    (genesis, Script(steps.into_iter().map(|(at, origin, step)| (START + at, origin, step)).collect()))
}

/// A provider with a bond, and a proposal on which it does not vote: without a quorum the deposit of 1,000 XPL burns.
pub fn proposal() -> (Genesis, Script) {
    let mut genesis = genesis(3);
    let mut params = Params::default();
    let governed = [("max_open", 1), ("deposit", 1_000 * XPL), ("period", HOUR), ("burn_quorum", 1)];
    governed.into_iter().for_each(|(key, value)| params.set(&format!("governance.{key}"), value).unwrap());
    genesis.params = params.values().to_vec();
    let (provider, proposer) = (Origin::Account(AccountId(0)), Origin::Account(AccountId(2)));
    let steps = [
        (1, provider, Step::Say(provider::Register { region: 0 }.into())),
        (2, provider, Step::Say(bond::Bond { amount: 10_000 * XPL }.into())),
        (3, proposer, Step::Say(action::ProposeReport::default().into())),
    ];
    (genesis, Script(steps.into_iter().map(|(at, origin, step)| (START + at, origin, step)).collect()))
}

/// Runs the script for so many whole days under an observer, which is handed back with the engine.
pub fn run<O: Observer + Send + Sync + 'static>(days: u64, observer: O) -> Engine<Script, O> {
    let mut engine = Engine::genesis(&genesis(3), script(), observer).unwrap();
    engine.run(START + days * DAY + 1);
    engine
}

/// The metrics of the script's three days.
pub fn metrics() -> Metrics {
    run(3, Metrics::new(&genesis(3))).into_parts().1
}
