//! Emission: new tokens each epoch, by a named schedule, shared among providers, stakers, treasury and builders.
//!
//! Providers' part is shared by class-weighted work that was settled in the epoch, stakers' part (with their part of fees) by
//! stake: bond and what is delegated, between which [`crate::protocol::staking`] divides it. Shares are rounded down; what rounding leaves stays in the pool and is shared out with the next epoch's.

use crate::engine::ledger::Pot;
use crate::engine::state::State;
use crate::formula::schedule::{self as schedules, Memory, Seen};
use crate::ids::ProviderId;
use crate::money::{mul_div_floor, split};
use crate::params::unallocated;
use crate::protocol::provider::{Provider, Status};
use crate::protocol::staking;
use crate::record::{Apply, Event, Record, payload};
use crate::time::Time;
use bevy_ecs::prelude::Resource;
use rkyv::{Archive, Deserialize, Serialize};

// Components

/// What emission remembers: the schedule's memory, and what happened in the running epoch.
#[derive(Resource, Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Minter {
    /// Nano-XPL paid for work.
    pub paid: u128,
    /// Nano-XPL burned before the epoch.
    pub burned_before: u128,
    /// Class-weighted milli-GPU-seconds settled.
    pub work: u64,
    /// What the schedule remembers.
    pub memory: Memory,
}

payload! {
    /// The schedule took a step and remembers; see [`Memory`].
    pub struct Steered {
        /// What it steers.
        pub level: u64,
        /// What it is steered by.
        pub aim: u64,
        /// A sum over time.
        pub sum: u64,
        /// Steps taken.
        pub steps: u64,
    }

    /// Tokens were minted for an epoch.
    pub struct Emitted {
        /// Nano-XPL to the providers' pool.
        pub providers: u64,
        /// Nano-XPL to the stakers' pool.
        pub stakers: u64,
        /// Nano-XPL to the treasury.
        pub treasury: u64,
        /// Nano-XPL to the builders' fund.
        pub builders: u64,
        /// Nano-XPL that the schedule allowed and nobody earned.
        pub unminted: u64,
    }

    /// A provider received its part of the pools.
    pub struct Rewarded {
        /// Nano-XPL for work.
        pub work: u64,
        /// Nano-XPL for stake.
        pub stake: u64,
        /// Who.
        pub provider: ProviderId,
        /// Zero.
        pub pad: u32,
    }
}

// Decide

/// What the schedule mints between two moments, in nano-XPL, never more than is left unissued, and what it remembers then.
/// The schedules are in [`crate::formula::schedule`]; time counts from `emission.start`.
pub fn scheduled(state: &State, from: Time, to: Time) -> (u128, Memory) {
    let (minted, memory) =
        schedules::mint(state.params.emission_schedule(), state.params, &seen(state, from, to), state.minter.memory);
    (minted.min(state.ledger.unissued), memory)
}

/// What a schedule sees of a span.
pub fn seen(state: &State, from: Time, to: Time) -> Seen {
    let start = state.clock.genesis.saturating_add(state.params.emission_start());
    Seen {
        from: from.saturating_sub(start),
        to: to.saturating_sub(start),
        initial: state.ledger.initial,
        supply: state.ledger.supply(),
        circulating: state.ledger.circulating(),
        minted: state.ledger.minted,
        staked: staked(state).map(|(_, stake)| stake).sum(),
        paid: state.minter.paid,
        burned: state.ledger.burned - state.minter.burned_before,
        work: state.minter.work,
    }
}

/// Whether a provider takes part in the stakers' pool.
pub fn stakes(provider: &Provider) -> bool {
    matches!(provider.status, Status::Active | Status::Draining) && provider.bond > 0
}

/// Providers that take part in the stakers' pool, with their bond and the stake delegated to them, in nano-XPL.
pub fn staked<'s>(state: &'s State) -> impl Iterator<Item = (ProviderId, u128)> + 's {
    let ids = (0..state.population.providers).map(ProviderId);
    let stake = |(id, provider): (_, &Provider)| (id, provider.bond + u128::from(state.staking.delegated(id)));
    ids.zip(state.providers()).filter(|(_, provider)| stakes(provider)).map(stake)
}

/// Mints the epoch's emission, in as many events as its size needs.
pub(crate) fn emit(state: &State, events: &mut Vec<Event>) {
    let params = &state.params;
    let (mut left, memory) = scheduled(state, state.clock.epoch_started, state.clock.epoch_ends);
    if memory != state.minter.memory {
        let Memory { level, aim, sum, steps } = memory;
        events.push(Steered { level, aim, sum, steps }.into());
    }
    let anybody_worked = state.providers().iter().any(|provider| provider.work > 0);
    let anybody_stakes = state.providers().iter().any(stakes);
    while left > 0 {
        let amount = u64::try_from(left).unwrap_or(u64::MAX);
        left -= u128::from(amount);
        let weights =
            [params.emission_providers(), params.emission_stakers(), params.emission_treasury(), params.emission_builders()];
        let [mut providers, mut stakers, mut treasury, builders] = split(amount, weights);
        let mut unminted = 0;
        for (part, earned) in [(&mut providers, anybody_worked), (&mut stakers, anybody_stakes)] {
            if !earned && params.emission_unallocated() != unallocated::CARRIED {
                let idle = std::mem::take(part);
                let to_treasury = params.emission_unallocated() == unallocated::TREASURY;
                *(if to_treasury { &mut treasury } else { &mut unminted }) += idle;
            }
        }
        events.push(Emitted { providers, stakers, treasury, builders, unminted }.into());
    }
}

/// What a weight of a total receives of a pool, rounded down: nano-XPL. A part beyond `u64` waits in the pool: it is a bound of
/// records, not of rewards.
pub fn part(pool: u128, weight: u128, total: u128) -> u64 {
    mul_div_floor(pool, weight, total).map_or(0, |amount| u64::try_from(amount).unwrap_or(u64::MAX))
}

/// Shares out the pools.
pub(crate) fn reward(state: &State, events: &mut Vec<Event>) {
    let work_total: u128 = state.providers().iter().map(|provider| u128::from(provider.work)).sum();
    let stake_total: u128 = staked(state).map(|(_, stake)| stake).sum();
    let mut stakers = staked(state).peekable();
    for (i, provider) in state.providers().iter().enumerate() {
        let id = ProviderId(i as u32);
        let work = part(state.ledger.provider_pool, u128::from(provider.work), work_total);
        let staked = stakers.next_if(|(staker, _)| *staker == id).map_or(0, |(_, stake)| stake);
        let (stake, pool) = staking::divide_reward(state, id, part(state.ledger.staker_pool, staked, stake_total));
        if work > 0 || stake > 0 {
            events.push(Rewarded { work, stake, provider: id, pad: 0 }.into());
        }
        events.extend(pool.map(Event::from));
    }
}

// Apply

impl Minter {
    /// Starts counting anew.
    pub(crate) fn begin_epoch(&mut self, burned: u128) {
        *self = Self { memory: self.memory, burned_before: burned, ..Self::default() };
    }
}

impl Apply for Steered {
    fn apply(&self, state: &mut State, _record: &Record) {
        let Self { level, aim, sum, steps } = *self;
        state.minter.memory = Memory { level, aim, sum, steps };
    }
}

impl Apply for Emitted {
    fn apply(&self, state: &mut State, _record: &Record) {
        state.transfer(Pot::Unissued, Pot::ProviderPool, self.providers);
        state.transfer(Pot::Unissued, Pot::StakerPool, self.stakers);
        state.transfer(Pot::Unissued, Pot::Treasury, self.treasury);
        state.transfer(Pot::Unissued, Pot::Builders, self.builders);
        state.ledger.minted += [self.providers, self.stakers, self.treasury, self.builders].map(u128::from).iter().sum::<u128>();
    }
}

impl Apply for Rewarded {
    fn apply(&self, state: &mut State, _record: &Record) {
        let owner = state.providers[self.provider.index()].owner;
        state.transfer(Pot::ProviderPool, Pot::Free(owner), self.work);
        state.transfer(Pot::StakerPool, Pot::Free(owner), self.stake);
    }
}

// Invariants

/// Supply is what genesis issued and emission minted, less what was burned; the epoch burned no less than nothing.
pub(crate) fn check(state: &State) -> Result<(), String> {
    let ledger = &state.ledger;
    let made = ledger.initial.saturating_add(ledger.minted);
    if ledger.supply() + ledger.burned != made {
        return Err(format!("{} nano-XPL were issued, but genesis and emission made {made}", ledger.supply() + ledger.burned));
    }
    let before = state.minter.burned_before;
    if before > ledger.burned {
        return Err(format!("{} nano-XPL were burned in all, but {before} before the epoch", ledger.burned));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genesis::Genesis;
    use crate::money::XPL;
    use crate::params::emission_base;
    use crate::testing::{Bench, genesis};
    use crate::time::{DAY, HOUR, YEAR};

    const BILLION: u128 = 1_000_000_000 * XPL as u128;

    /// XPL's ten billion at genesis.
    fn ten_billion(set: &[(&str, u64)]) -> Genesis {
        let mut genesis = genesis(set);
        genesis.accounts[0].amount = 0;
        let rest: u128 = genesis.accounts.iter().map(|account| account.amount).sum::<u128>() + genesis.treasury;
        genesis.accounts[0].amount = 10 * BILLION - rest;
        genesis
    }

    fn minted(set: &[(&str, u64)], from: u64, to: u64) -> u128 {
        let genesis = ten_billion(set);
        Bench::of(&genesis).engine.view(|state| scheduled(state, genesis.start + from, genesis.start + to).0)
    }

    #[test]
    fn xpl_falls_from_five_per_cent_by_half_a_point_a_year_to_three() {
        for (year, millions) in [500, 450, 400, 350, 300, 300, 300].into_iter().enumerate() {
            let year = year as u64;
            assert_eq!(minted(&[], year * YEAR, (year + 1) * YEAR), millions * BILLION / 1_000);
        }
    }

    #[test]
    fn how_time_is_cut_into_epochs_does_not_matter() {
        let whole = minted(&[], 0, 3 * YEAR);
        let cuts = 1_001;
        let parts: u128 = (0..cuts).map(|i| minted(&[], 3 * YEAR * i / cuts, 3 * YEAR * (i + 1) / cuts)).sum();
        // Each part, and each of the two anniversaries, rounds down once.
        assert!(parts <= whole && whole - parts <= u128::from(cuts) + 2, "{parts} of {whole}");
    }

    #[test]
    fn a_fixed_year_is_the_same_every_year() {
        let set = [("emission.schedule", 0), ("emission.yearly", 365_250_000)];
        assert_eq!(minted(&set, 0, DAY), 1_000_000 * u128::from(XPL));
        assert_eq!(minted(&set, 40 * YEAR, 41 * YEAR), 365_250_000 * u128::from(XPL));
    }

    #[test]
    fn nothing_is_minted_before_the_start_and_years_count_from_it() {
        let set = [("emission.start", 36 * HOUR)];
        assert_eq!(minted(&set, 0, DAY), 0);
        assert_eq!(minted(&set, DAY, 2 * DAY), minted(&[], 0, 12 * HOUR));
        assert_eq!(minted(&set, 36 * HOUR + YEAR, 36 * HOUR + 2 * YEAR), 450 * BILLION / 1_000);
    }

    #[test]
    fn the_cap_ends_emission() {
        let set = [("supply.cap", 10_400_000_000)];
        assert_eq!(minted(&set, 0, YEAR), 400 * BILLION / 1_000);
        assert_eq!(minted(&[("supply.cap", 10_000_000_000)], 0, YEAR), 0);
    }

    #[test]
    fn the_base_is_what_the_parameter_says() {
        let mut genesis = genesis(&[]);
        genesis.builders = 3_000 * u128::from(XPL);
        let mut yearly = |base| {
            let params = &mut genesis.params;
            let position = crate::params::TABLE.iter().position(|spec| spec.key == "emission.base").expect("it is there");
            params[position] = base;
            let mut bench = Bench::of(&genesis);
            bench.transfer(0, 1, XPL); // burns a base fee of 0.001 XPL
            let start = genesis.start;
            bench.engine.view(|state| scheduled(state, start, start + YEAR).0)
        };
        let whole = 7_003_000 * u128::from(XPL);
        let twentieth = |amount: u128| amount / 20;
        assert_eq!(yearly(emission_base::INITIAL), twentieth(whole));
        assert_eq!(yearly(emission_base::TOTAL), twentieth(whole - 1_000_000));
        // Without the locked account, the treasury and the builders' fund.
        assert_eq!(yearly(emission_base::CIRCULATING), twentieth(5_000_000 * u128::from(XPL) - 1_000_000));
    }

    #[test]
    fn what_nobody_earned_goes_where_the_parameter_says() {
        for (mode, pool, treasury) in [(0, 0, 100), (1, 800, 100), (2, 0, 900)] {
            let set = [("emission.schedule", 0), ("emission.yearly", 365_250), ("emission.unallocated", mode), ("fee.base", 0)];
            let mut bench = Bench::new(&set);
            bench.wait(DAY + 1);
            bench.engine.view(|state| {
                let xpl = |amount: u64| u128::from(amount * XPL);
                assert_eq!(state.ledger.provider_pool + state.ledger.staker_pool, xpl(pool));
                assert_eq!(state.ledger.treasury, xpl(1_000_000 + treasury));
                assert_eq!(state.ledger.builders, xpl(100));
                assert_eq!(state.ledger.minted, xpl(pool + treasury + 100));
            });
        }
    }

    #[test]
    fn stakers_share_by_bond() {
        let set = [("emission.schedule", 0), ("emission.yearly", 365_250), ("fee.base", 0), ("bond.per_gpu", 0)];
        let mut bench = Bench::new(&set);
        bench.provide(0, 1, XPL);
        bench.provide(1, 1, XPL);
        bench.by(1, crate::protocol::bond::Bond { amount: 100_000 * XPL });
        bench.wait(DAY);
        // 300 XPL for stakers: a third and two thirds.
        assert_eq!(bench.free(0), u128::from(900_100 * XPL));
        assert_eq!(bench.free(1), u128::from(800_200 * XPL));
    }
}
