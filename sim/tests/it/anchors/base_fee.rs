//! The base fee of stationary demand: the experiment that comes with the agent-based model of EIP-1559 (B. Monnot, Robust Incentives
//! Group, 2020: package `abm1559` 0.0.2, notebook "Stationary behaviour of EIP 1559").
//!
//! Users come by a Poisson process, 2,000 a block. Each values inclusion at v ~ U(0, 20) Gwei, loses c ~ U(0, 1) Gwei a block of
//! waiting, expects to wait for 5, and tips 1. It sends where v ≥ base fee + 1 + 5c. A block aims at 10 M gas, which are 476 of
//! their transactions, and holds twice as many. The base fee b then stands still where the share that sends fills the target:
//!
//! > λ · P(v ≥ b + 1 + w·c) = target, so that b = 19 − w ÷ 2 − 20 · target ÷ λ while b ≤ 19 − w,
//! > and b = 19 − √(40 · w · target ÷ λ) above that, where the least patient never send.
//!
//! The notebook finds about 11.8 Gwei; with 6,000 users, included ones who value inclusion at 18.7 on average, and at 19.2 where
//! nobody expects to wait.

use super::near;
use plasma_core::catalogue::{Catalogue, GpuClass};
use plasma_core::engine::Engine;
use plasma_core::engine::state::State;
use plasma_core::engine::step::{Arrival, Environment, Observer};
use plasma_core::formula::base_fee::eip1559;
use plasma_core::genesis::{Allocation, Genesis};
use plasma_core::ids::AccountId;
use plasma_core::money::XPL;
use plasma_core::params::{Params, fee_control};
use plasma_core::protocol::account::Transfer;
use plasma_core::protocol::beacon::Beacon;
use plasma_core::record::{Event, Origin, Record};
use plasma_core::time::{DAY, SECOND, Time};
use plasma_sim::streams::{Purpose, Streams};

/// Simple transfers of 21,000 gas in the target of 10 M gas, and in the limit of 20 M.
const TARGET: u64 = 10_000_000 / 21_000;
const LIMIT: usize = 20_000_000 / 21_000;
const BLOCKS: u64 = 200;
/// The notebook averages over the last 50 blocks.
const SETTLED: u64 = 150;
/// Nano-XPL that stand for a Gwei, the base fee of the first block.
const GWEI: f64 = 1e6;
const START: Time = 20_000 * DAY;
const BLOCK: Time = 12 * SECOND;

/// Who wants to be included, in Gwei.
#[derive(Clone, Copy)]
struct User {
    value: f64,
    impatience: f64,
}

impl User {
    /// Whether it sends at this base fee when it expects to wait for so many blocks.
    fn sends(&self, fee: f64, wait: f64) -> bool {
        self.value >= fee + 1.0 + wait * self.impatience
    }
}

/// The users of a block, each with a draw of their own.
fn users(rate: f64, block: u64) -> Vec<User> {
    let streams = Streams::new(1559, 0, Purpose::Candidate);
    let (mut time, mut users) = (0.0, Vec::new());
    loop {
        let mut draw = streams.draw(block, users.len() as u64);
        time += draw.exponential(1.0 / rate);
        if time >= 1.0 {
            return users;
        }
        users.push(User { value: 20.0 * draw.uniform(), impatience: draw.uniform() });
    }
}

/// Means over the settled blocks: the base fee, and what those who were included value it at.
#[derive(Default)]
struct Settled {
    fees: f64,
    blocks: f64,
    values: f64,
    included: f64,
}

impl Settled {
    fn note(&mut self, block: u64, fee: f64, included: impl Iterator<Item = User>) {
        if block >= SETTLED {
            (self.fees, self.blocks) = (self.fees + fee, self.blocks + 1.0);
            included.for_each(|user| (self.values, self.included) = (self.values + user.value, self.included + 1.0));
        }
    }

    fn means(&self) -> (f64, f64) {
        (self.fees / self.blocks, self.values / self.included)
    }
}

/// The experiment on the rule alone: a pool of transactions whose best tips go first, as the package has it.
fn on_the_rule(rate: f64, wait: f64) -> (f64, f64) {
    let (mut fee, mut pool, mut settled) = (GWEI as u64, Vec::<User>::new(), Settled::default());
    for block in 0..BLOCKS {
        let gwei = fee as f64 / GWEI;
        pool.extend(users(rate, block).iter().filter(|user| user.sends(gwei, wait)));
        // A tip is what is left of the value above the base fee, and at most 1.
        pool.sort_by(|a, b| (b.value - gwei).min(1.0).total_cmp(&(a.value - gwei).min(1.0)));
        let valid = pool.iter().filter(|user| user.value >= gwei).count().min(LIMIT);
        settled.note(block, gwei, pool.drain(..valid));
        fee = eip1559(fee, valid as u64, TARGET, 8);
    }
    settled.means()
}

/// The experiment on a ledger: whoever sends makes a transfer, and a block is a round.
struct Senders {
    rate: f64,
    wait: f64,
    block: u64,
    left: Option<Vec<User>>,
    settled: Settled,
}

impl Observer for Senders {
    fn cause(&mut self, _view: &State, _record: &Record) {}
    fn event(&mut self, _view: &State, _record: &Record, event: &Event) {
        assert!(!matches!(event, Event::Refused(_)), "{event:?}");
    }
}

impl Environment for Senders {
    fn next(&mut self, view: &State, until: Time) -> Option<Arrival> {
        let time = START + (self.block + 1) * BLOCK;
        if time >= until || self.block == BLOCKS {
            return None;
        }
        let fee = view.base_fee() as f64 / GWEI;
        let left = self.left.get_or_insert_with(|| {
            let senders: Vec<User> = users(self.rate, self.block).into_iter().filter(|user| user.sends(fee, self.wait)).collect();
            self.settled.note(self.block, fee, senders.iter().copied());
            senders
        });
        if left.pop().is_some() {
            let transfer = Transfer { amount: 1, to: AccountId(1), pad: 0 };
            return Some(Arrival { time, origin: Origin::Account(AccountId(0)), command: transfer.into() });
        }
        (self.left, self.block) = (None, self.block + 1);
        Some(Arrival { time, origin: Origin::Host, command: Beacon { value: [7; 32] }.into() })
    }
}

fn on_the_ledger(rate: f64, wait: f64) -> (f64, f64) {
    let mut params = Params::default();
    let control = [("fee.control", fee_control::EIP1559), ("fee.base", GWEI as u64), ("fee.target", TARGET)];
    let steps = [("fee.elasticity", 2), ("fee.denominator", 8), ("beacon.interval", BLOCK)];
    control.into_iter().chain(steps).for_each(|(key, value)| params.set(key, value).unwrap());
    let class =
        GpuClass { name: "none".into(), vram_gib: 1, ops_per_ms: [1; 3], bytes_per_ms: 1, weight: plasma_core::money::ONE };
    let allocation = |key: u8| Allocation { key: [key; 32], amount: 1_000_000 * u128::from(XPL), locked: false };
    let genesis = Genesis {
        chain: "abm1559".into(),
        start: START,
        params: params.values().to_vec(),
        catalogue: Catalogue { classes: vec![class], programs: Vec::new() },
        accounts: vec![allocation(0), allocation(1)],
        grants: Vec::new(),
        committee: AccountId::NONE,
        custodian: AccountId::NONE,
        council: AccountId::NONE,
        treasury: 0,
        builders: 0,
        feeders: 1,
    };
    let senders = Senders { rate, wait, block: 0, left: None, settled: Settled::default() };
    let mut engine = Engine::genesis(&genesis, senders, ()).unwrap();
    engine.run(START + (BLOCKS + 2) * BLOCK);
    assert_eq!(engine.environment().block, BLOCKS);
    engine.environment().settled.means()
}

/// Where the base fee stands still.
fn stationary(rate: f64, wait: f64) -> f64 {
    let filled = TARGET as f64 / rate;
    let all_may_send = 19.0 - wait / 2.0 - 20.0 * filled;
    if all_may_send <= 19.0 - wait { all_may_send } else { 19.0 - libm::sqrt(40.0 * wait * filled) }
}

#[test]
fn the_base_fee_of_stationary_demand_is_that_of_the_published_experiment() {
    // Users, blocks they expect to wait, what the notebook says of the base fee and of the mean value of who is included.
    let published = [(2_000.0, 5.0, Some(11.8), None), (6_000.0, 5.0, None, Some(18.7)), (6_000.0, 0.0, None, Some(19.2))];
    for (rate, wait, fee, value) in published {
        let expected = stationary(rate, wait);
        for (place, (found, included)) in [("rule", on_the_rule(rate, wait)), ("ledger", on_the_ledger(rate, wait))] {
            // Arrivals move the fee by a twentieth of itself from block to block; over 50 blocks, by 1 %.
            assert!(near(found, expected, 0.015), "{rate} users, {place}: {found} Gwei, not {expected}");
            assert!(fee.is_none_or(|fee| near(found, fee, 0.02)), "{rate} users, {place}: {found} Gwei, published {fee:?}");
            assert!(value.is_none_or(|value| near(included, value, 0.005)), "{place}: {included}, published {value:?}");
        }
    }
}
