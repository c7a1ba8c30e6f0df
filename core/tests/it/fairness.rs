//! Identical providers earn alike, whatever their number, in every market: jobs, pay, and rewards for work and for stake.

#![allow(clippy::disallowed_types, reason = "a test statistic is no amount")]

use crate::testing::{class, hour_job, program, root};
use plasma_core::catalogue::{Catalogue, Kind};
use plasma_core::engine::Engine;
use plasma_core::engine::state::State;
use plasma_core::engine::step::{Arrival, Environment, Observer};
use plasma_core::genesis::{Allocation, Genesis};
use plasma_core::ids::{AccountId, ClassId, LeaseId, OfferId, ProviderId};
use plasma_core::money::{ONE, XPL};
use plasma_core::params::{Params, mechanism};
use plasma_core::protocol::offer::PostOffer;
use plasma_core::protocol::provider::Register;
use plasma_core::protocol::{beacon, bond, delegation, job, lease, sealed, staking};
use plasma_core::record::{Cause, Command, Event, Origin, Record};
use plasma_core::time::{DAY, HOUR, MINUTE, SECOND, Time};
use std::collections::BTreeMap;

const PROVIDERS: u32 = 8;
/// Of each provider: one GPU of the first class, and two of the second.
const OFFERS: u32 = 2;
const EPOCHS: u64 = 800;
const CUSTOMER: AccountId = AccountId(PROVIDERS);
const DELEGATOR: AccountId = AccountId(PROVIDERS + 1);

/// What each provider has of an epoch.
type Shares = [u64; PROVIDERS as usize];

/// Every day three jobs, one for each class and one for either, and sixteen offers of which those of a class are equal: whose get
/// them is the beacon's choice. Stake is equal, so that its rewards are too, to the nano-XPL.
///
/// Under fairness the eight shares of an epoch are exchangeable, and epochs independent. Then Σ (Tᵢ − T̄)² ÷ Σ s², Tᵢ what provider i
/// has in all and s² the variance of an epoch's shares, is about χ² with seven degrees of freedom (the permutation test of a
/// randomised block design: Pitman 1938, doi:10.1093/biomet/29.3-4.322; with one job an epoch it is Pearson's) and exceeds 29.88
/// with probability 0.0001. What the four older providers have together deviates from half by more than 3.89 √(2 Σ s²) as seldom.
/// The beacons are fixed, so that the test either always passes or always fails.
#[test]
fn identical_providers_earn_alike_whatever_their_number() {
    for by in [mechanism::POSTED, mechanism::UNIFORM, mechanism::SEALED, mechanism::ALGORITHMIC] {
        earn_alike(by);
    }
}

fn earn_alike(by: u64) {
    let genesis = genesis(by);
    let mut engine = Engine::genesis(&genesis, Market::new(&genesis), ()).expect("a sound genesis");
    engine.run(genesis.start + EPOCHS * DAY);
    let market = engine.environment();
    let jobs: u64 = market.won.iter().flatten().sum();
    assert!(jobs >= 3 * (EPOCHS - 1), "market {by}: {jobs} jobs");
    for (what, shares) in [("jobs", &market.won), ("pay", &market.paid), ("rewards for work", &market.rewarded)] {
        let (chi_squared, older) = deviation(shares);
        assert!(chi_squared < 29.88, "market {by}: χ² of {what} = {chi_squared:.1}");
        assert!(older.abs() < 3.89, "market {by}: the older half has {older:.1} standard deviations more of {what}");
    }
    // The last epoch has not ended.
    for (epoch, stake) in market.staked.iter().take(EPOCHS as usize - 1).enumerate() {
        assert!(stake.iter().all(|reward| *reward == stake[0] && *reward > 0), "market {by}, epoch {epoch}: {stake:?}");
    }
}

/// How far totals are from equal: χ², and the older half's in standard deviations.
fn deviation(epochs: &[Shares]) -> (f64, f64) {
    let number = f64::from(PROVIDERS);
    let (mut totals, mut variance) = ([0f64; PROVIDERS as usize], 0f64);
    for shares in epochs {
        let mean = shares.iter().sum::<u64>() as f64 / number;
        for (total, share) in totals.iter_mut().zip(shares) {
            *total += *share as f64 - mean;
            variance += (*share as f64 - mean).powi(2) / (number - 1.0);
        }
    }
    assert!(variance > 0.0, "some have more in an epoch than others");
    let chi_squared = totals.iter().map(|total| total.powi(2)).sum::<f64>() / variance;
    (chi_squared, totals[..PROVIDERS as usize / 2].iter().sum::<f64>() / (2.0 * variance).sqrt())
}

fn genesis(by: u64) -> Genesis {
    let mut params = Params::default();
    let set = [
        ("market.mechanism", by),
        ("market.batch", HOUR),
        ("market.opening", 2 * XPL),
        ("market.reserve", 2 * XPL),
        ("market.ask_ttl", 10 * 365 * DAY),
        ("fee.base", 0),
        ("stake.delegation", 1),
        ("emission.unallocated", 0),
    ];
    set.into_iter().for_each(|(key, value)| params.set(key, value).expect("legal"));
    let account = |i| Allocation { key: [i as u8; 32], amount: 1_000_000_000 * u128::from(XPL), locked: false };
    Genesis {
        chain: "fairness".into(),
        start: 1_000 * DAY,
        params: params.values().to_vec(),
        catalogue: Catalogue {
            classes: vec![class("gpu", 24, 1, ONE), class("fast", 80, 2, 3 * ONE)],
            programs: vec![program("p", Kind::Batch)],
        },
        accounts: (0..PROVIDERS + 2).map(account).collect(),
        grants: Vec::new(),
        committee: AccountId::NONE,
        custodian: AccountId::NONE,
        council: AccountId::NONE,
        treasury: 0,
        builders: 0,
        feeders: 0,
    }
}

/// Everybody offers the same; then, every day, a beacon and three jobs, which whoever gets them completes within minutes.
struct Market {
    /// What is to come, by time and order of intent.
    agenda: BTreeMap<(Time, u64), (Origin, Command)>,
    intents: u64,
    leased: BTreeMap<LeaseId, ProviderId>,
    won: Vec<Shares>,
    paid: Vec<Shares>,
    rewarded: Vec<Shares>,
    staked: Vec<Shares>,
}

impl Market {
    fn new(genesis: &Genesis) -> Self {
        let books = || vec![Shares::default()];
        let (won, paid, rewarded, staked) = (books(), books(), books(), books());
        let mut this = Self { agenda: BTreeMap::new(), intents: 0, leased: BTreeMap::new(), won, paid, rewarded, staked };
        for n in 0..PROVIDERS {
            let origin = Origin::Account(AccountId(n));
            this.intend(genesis.start, origin, Register { region: 0 });
            this.intend(genesis.start, origin, bond::Bond { amount: 100_000 * XPL });
            this.intend(genesis.start, origin, staking::SetCommission { rate: 1_000_003 });
            for (gpus, class) in [(1, ClassId(0)), (2, ClassId(1))] {
                this.intend(genesis.start, origin, PostOffer { ask: XPL, gpus, class, pad: [0; 5] });
            }
            let stake = delegation::Delegate { amount: 70_001 * XPL, provider: ProviderId(n), pad: 0 };
            this.intend(genesis.start, Origin::Account(DELEGATOR), stake);
        }
        (0..EPOCHS).for_each(|day| this.plan_day(genesis.start + day * DAY + SECOND, day));
        this
    }

    fn intend(&mut self, time: Time, origin: Origin, command: impl Into<Command>) {
        self.intents += 1;
        self.agenda.insert((time, self.intents), (origin, command.into()));
    }

    fn plan_day(&mut self, at: Time, day: u64) {
        self.intend(at, Origin::Host, beacon::Beacon { value: *blake3::hash(&day.to_le_bytes()).as_bytes() });
        // An auction of sealed asks takes two batches.
        let start_by = at + 3 * HOUR;
        for (classes, gpus_log2) in [(1, 0), (2, 1), (3, 0)] {
            let submit = job::Submit { start_by, finish_by: start_by + 9 * HOUR, classes, gpus_log2, ..hour_job(at) };
            self.intend(at, Origin::Account(CUSTOMER), submit);
        }
        // Everybody seals the same ask, and reveals it an hour later. Refused wherever asks are not sealed.
        for n in 0..PROVIDERS * OFFERS {
            let (owner, offer) = (Origin::Account(AccountId(n / OFFERS)), OfferId(n));
            let digest = sealed::digest(ProviderId(n / OFFERS), offer, XPL, &[0; 32]);
            self.intend(at, owner, sealed::SealAsk { digest, offer, pad: 0 });
            self.intend(at + HOUR, owner, sealed::RevealAsk { price: XPL, salt: [0; 32], offer, pad: 0 });
        }
    }
}

fn today(book: &mut [Shares]) -> &mut Shares {
    book.last_mut().expect("an epoch")
}

impl Observer for Market {
    fn cause(&mut self, _view: &State, _record: &Record) {}

    fn event(&mut self, view: &State, record: &Record, event: &Event) {
        match event {
            Event::Leased(e) => {
                let provider = view.offers()[e.offer.index()].provider;
                self.leased.insert(e.lease, provider);
                today(&mut self.won)[provider.index()] += 1;
                let commitment = lease::commitment(e.lease, provider, &root(e.lease));
                let owner = Origin::Account(AccountId(provider.0));
                self.intend(record.time + MINUTE, owner, lease::Commit { lease: e.lease, commitment });
            }
            Event::Settled(e) => today(&mut self.paid)[self.leased[&e.lease].index()] += e.paid,
            Event::Rewarded(e) => {
                today(&mut self.rewarded)[e.provider.index()] += e.work;
                today(&mut self.staked)[e.provider.index()] += e.stake;
            }
            Event::Refused(e) => {
                let seals = matches!(&record.cause, Cause::Command { command: Command::SealAsk(_) | Command::RevealAsk(_), .. });
                assert!(seals, "{:?}: {record:?}", e.reason());
            }
            Event::StakeRewarded(e) => today(&mut self.staked)[e.provider.index()] += e.commission + e.delegators,
            _ => {}
        }
    }

    fn epoch_closed(&mut self, _view: &State) {
        for book in [&mut self.won, &mut self.paid, &mut self.rewarded, &mut self.staked] {
            book.push(Shares::default());
        }
    }
}

impl Environment for Market {
    fn next(&mut self, _view: &State, until: Time) -> Option<Arrival> {
        let first = self.agenda.first_entry().filter(|first| first.key().0 < until)?;
        let ((time, _), (origin, command)) = first.remove_entry();
        Some(Arrival { time, origin, command })
    }
}
