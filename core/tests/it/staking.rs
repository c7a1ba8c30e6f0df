//! A century of stake: whatever comes, earns, moves and leaves, all of it comes out again to the nano-XPL.

use crate::testing::genesis;
use plasma_core::engine::Engine;
use plasma_core::engine::state::State;
use plasma_core::engine::step::{Arrival, Environment, Observer};
use plasma_core::genesis::{Allocation, Genesis};
use plasma_core::ids::{AccountId, ProviderId};
use plasma_core::money::{ONE, XPL};
use plasma_core::protocol::bond::Bond;
use plasma_core::protocol::check_invariants;
use plasma_core::protocol::delegation::{ClaimRewards, Delegate, Undelegate};
use plasma_core::protocol::provider::Register;
use plasma_core::protocol::redelegation::Redelegate;
use plasma_core::protocol::staking::SetCommission;
use plasma_core::record::{Command, Event, Origin, Record};
use plasma_core::time::{DAY, Time, YEAR};

const PROVIDERS: u32 = 3;
/// What delegators have: dust, fortunes, and what does not divide.
const HOLDINGS: [u128; 9] = [1, 7, 999_999_937, 1, 1_000_003 * XPL as u128, 3, BILLIONS, BILLIONS / 3, XPL as u128];
const BILLIONS: u128 = 5_000_000_000 * XPL as u128;
/// How often each of them thinks again.
const EVERY: Time = 37 * DAY;

fn world() -> Genesis {
    let mut genesis = genesis(&[
        ("stake.delegation", 1),
        ("stake.minimum", 0),
        ("stake.max_ratio", 1_000_000 * ONE),
        ("stake.commission_step", ONE),
        ("bond.unbonding", 21 * DAY),
        ("epoch.length", 30 * DAY),
        ("emission.providers", 0),
        ("emission.stakers", 800_000_000),
        ("fee.base", 0),
    ]);
    let account = |amount| Allocation { key: [0; 32], amount, locked: false };
    let owners = std::iter::repeat_n(100_000 * u128::from(XPL), PROVIDERS as usize);
    genesis.accounts = owners.chain(HOLDINGS).map(account).collect();
    genesis
}

/// Everybody in turn brings, claims, moves or takes stake; in the last year everybody takes all.
struct Crowd {
    next: Time,
    turn: u32,
    start: Time,
    paid_in: u128,
    paid_out: u128,
    met: [u64; 5],
}

impl Crowd {
    fn set_up(&self) -> Option<(u32, Command)> {
        let (owner, step) = (self.turn / 3, self.turn % 3);
        let command = match step {
            0 => Register { region: 0 }.into(),
            1 => Bond { amount: (100_000 - u64::from(owner)) * XPL }.into(),
            _ => SetCommission { rate: u64::from(owner) * 100_000_001 }.into(),
        };
        (owner < PROVIDERS).then_some((owner, command))
    }

    fn choose(&self, view: &State) -> (u32, Command) {
        let account = PROVIDERS + self.turn % HOLDINGS.len() as u32;
        let mut random =
            plasma_core::protocol::beacon::Clock { beacon: [9; 32], ..Default::default() }.draw(99, self.turn.into(), 0);
        let mut choice = |of: u32| {
            let chosen = (random % u64::from(of)) as u32;
            random /= u64::from(of);
            chosen
        };
        let held = |id: &ProviderId| view.staking.stake_of(AccountId(account), *id) > 0;
        let from = (0..PROVIDERS).map(ProviderId).find(held);
        let leaves = view.clock.now >= self.start + 99 * YEAR;
        let (provider, part) = (ProviderId(choice(PROVIDERS)), u64::from(choice(3)) + 1);
        let command = match (from, choice(4)) {
            (Some(from), _) if leaves => {
                let amount = view.staking.stake_of(AccountId(account), from);
                Undelegate { amount, provider: from, pad: 0 }.into()
            }
            (_, _) if leaves => ClaimRewards { provider }.into(),
            (Some(from), 1) => {
                let amount = view.staking.stake_of(AccountId(account), from).div_ceil(part);
                Redelegate { amount, from, to: provider }.into()
            }
            (Some(from), 2) => {
                let amount = view.staking.stake_of(AccountId(account), from).div_ceil(part);
                Undelegate { amount, provider: from, pad: 0 }.into()
            }
            (Some(from), 3) => ClaimRewards { provider: from }.into(),
            _ => {
                let free = view.accounts()[account as usize].free / u128::from(part);
                Delegate { amount: u64::try_from(free).unwrap_or(u64::MAX), provider, pad: 0 }.into()
            }
        };
        (account, command)
    }
}

impl Observer for Crowd {
    fn cause(&mut self, _view: &State, _record: &Record) {}

    fn event(&mut self, _view: &State, _record: &Record, event: &Event) {
        let (kind, paid) = match event {
            Event::Emitted(e) => {
                self.paid_in += u128::from(e.stakers);
                return;
            }
            Event::Rewarded(e) => {
                self.paid_out += u128::from(e.stake);
                return;
            }
            Event::StakeRewarded(e) => {
                self.paid_out += u128::from(e.commission);
                return;
            }
            Event::Delegated(e) => (0, e.reward),
            Event::Undelegated(e) => (1, e.reward),
            Event::Redelegated(e) => (2, e.reward),
            Event::Arrived(e) => (3, e.reward),
            Event::Claimed(e) => (4, e.reward),
            _ => return,
        };
        self.met[kind] += 1;
        self.paid_out += u128::from(paid);
    }

    fn epoch_closed(&mut self, view: &State) {
        check_invariants(view).expect("sound");
        let owed: u128 = view.staking.pools.iter().map(|pool| u128::from(pool.rewards)).sum();
        assert_eq!(self.paid_in - self.paid_out, owed + view.ledger.staker_pool, "what came is paid, owed or yet to be shared");
        assert!(view.ledger.staker_pool < u128::from(PROVIDERS), "an epoch's rewards leave only what rounding does");
    }
}

impl Environment for Crowd {
    fn next(&mut self, view: &State, until: Time) -> Option<Arrival> {
        let time = self.next;
        if time >= until {
            return None;
        }
        let (account, command) = self.set_up().unwrap_or_else(|| self.choose(view));
        if self.turn >= 3 * PROVIDERS {
            self.next += EVERY / HOLDINGS.len() as Time;
        }
        self.turn += 1;
        Some(Arrival { time, origin: Origin::Account(AccountId(account)), command })
    }
}

#[test]
fn a_century_of_stake_comes_out_to_the_nano() {
    let genesis = world();
    let (start, paid) = (genesis.start, 0);
    let crowd = Crowd { next: start, turn: 0, start, paid_in: paid, paid_out: paid, met: [0; 5] };
    let mut engine = Engine::genesis(&genesis, crowd, ()).expect("a sound genesis");
    engine.run(start + 100 * YEAR);
    engine.view(|state| {
        let staking = &state.staking;
        assert!(staking.delegations.is_empty() && staking.leaving.is_empty() && staking.moving.is_empty());
        for pool in &staking.pools {
            assert_eq!((pool.stake.holds, pool.stake.shares), (0, 0));
            assert!(pool.rewards < 20, "{pool:?}");
        }
        // Nobody was slashed: what delegators have beyond what they brought is what they were paid.
        let free: u128 = state.accounts().iter().skip(PROVIDERS as usize).map(|account| account.free).sum();
        assert!(free > HOLDINGS.iter().sum());
    });
    let met = engine.environment().met;
    assert!(met.iter().all(|&times| times > 30), "{met:?}");
}
