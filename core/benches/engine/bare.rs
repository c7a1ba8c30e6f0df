//! The same rows in plain vectors: what bevy is measured against.

use plasma_core::engine::EPOCH_SYSTEMS;
use plasma_core::engine::derived::Derived;
use plasma_core::engine::ledger::{Ledger, Pot};
use plasma_core::engine::slab::Slab;
use plasma_core::engine::state::{Population, State};
use plasma_core::engine::step::{Observer, Pause, Scratch, drain, epoch_step};
use plasma_core::genesis::Genesis;
use plasma_core::ids::{AccountId, ProviderId};
use plasma_core::money::XPL;
use plasma_core::params::Params;
use plasma_core::protocol::account::{Account, Key};
use plasma_core::protocol::batch::Market;
use plasma_core::protocol::beacon::Clock;
use plasma_core::protocol::bond::UnbondingQueue;
use plasma_core::protocol::emission::Minter;
use plasma_core::protocol::fee::Fees;
use plasma_core::protocol::governance::Governance;
use plasma_core::protocol::holdback::Holdback;
use plasma_core::protocol::job::Avoided;
use plasma_core::protocol::offer::Offer;
use plasma_core::protocol::oracle::Oracle;
use plasma_core::protocol::provider::Provider;
use plasma_core::protocol::receipt::Tabs;
use plasma_core::protocol::staking::Staking;
use plasma_core::protocol::vault::Vault;
use plasma_core::protocol::verification::Docket;
use plasma_core::protocol::weights::Weights;
use plasma_core::time::Time;

use crate::workload::Crowd;

/// Runs the market loop over vectors; returns the crowd with its count of records.
pub fn run<O: Observer>(genesis: &Genesis, providers: u32, mut crowd: Crowd, observer: &mut O, until: Time) -> Crowd {
    let mut params = Params::from_values(genesis.params.clone()).expect("legal");
    let n = genesis.accounts.len();
    let mut accounts: Vec<Account> = vec![Account { provider: ProviderId::NONE, ..Account::default() }; n];
    let mut keys: Vec<Key> = genesis.accounts.iter().map(|a| Key(a.key)).collect();
    let mut tables = (vec![Provider::default(); providers as usize], vec![Offer::default(); providers as usize]);
    let (mut jobs, mut leases, mut unbonding) = (Slab::default(), Slab::default(), UnbondingQueue::default());
    let (mut ledger, mut clock, mut oracle) = (Ledger::default(), Clock::default(), Oracle::default());
    let (fee, epoch) = (params.fee_base(), params.epoch_length());
    let mut market = Market::opening(&params, genesis.catalogue.classes.len(), genesis.start);
    let mut population = Population { accounts: n as u32, ..Population::default() };
    let mut state = State {
        accounts: &mut accounts,
        keys: &mut keys,
        providers: &mut tables.0,
        offers: &mut tables.1,
        jobs: &mut jobs,
        leases: &mut leases,
        grants: &mut Slab::default(),
        proposals: &mut Slab::default(),
        awards: &mut Slab::default(),
        orders: &mut Slab::default(),
        governance: &mut Governance::default(),
        unbonding: &mut unbonding,
        staking: &mut Staking::default(),
        ledger: &mut ledger,
        clock: &mut clock,
        population: &mut population,
        oracle: &mut oracle,
        fees: &mut Fees { base: fee, ..Fees::default() },
        minter: &mut Minter::default(),
        vault: &mut Vault::default(),
        market: &mut market,
        avoided: &mut Avoided::default(),
        tabs: &mut Tabs::default(),
        docket: &mut Docket::default(),
        holdback: &mut Holdback::default(),
        params: &mut params,
        weights: &mut Weights(genesis.catalogue.classes.iter().map(|class| class.weight).collect()),
        catalogue: &genesis.catalogue,
    };
    state.ledger.cap = u128::from(state.params.supply_cap()) * u128::from(XPL);
    state.ledger.unissued = state.ledger.cap;
    for (i, allocation) in genesis.accounts.iter().enumerate() {
        state.transfer_wide(Pot::Unissued, Pot::Free(AccountId(i as u32)), allocation.amount);
    }
    state.transfer_wide(Pot::Unissued, Pot::Treasury, genesis.treasury);
    state.ledger.initial = state.ledger.cap - state.ledger.unissued;
    let start = genesis.start;
    *state.clock = Clock { genesis: start, now: start, epoch_started: start, ..Clock::default() };
    state.clock.epoch_ends = start + epoch;
    let mut derived = Derived::rebuild(&state);
    let mut scratch = Scratch::default();
    while drain(&mut state, &mut derived, &mut scratch, &mut crowd, observer, until) == Pause::EpochEnd {
        for (_, decide) in EPOCH_SYSTEMS {
            epoch_step(&mut state, &mut derived, &mut scratch, &mut crowd, observer, decide);
        }
        assert_eq!(state.total(), state.ledger.cap);
    }
    crowd
}
