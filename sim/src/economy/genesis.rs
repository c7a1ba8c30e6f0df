//! The beginning of the ledger that a scenario describes.

use super::rounding::apportion;
use super::{BuildError, Economy, gib};
use crate::scenario::model::{Allocation as Part, Holder, Kind, Program, Resource};
use crate::scenario::{FEEDERS, Scenario};
use plasma_core::catalogue::{self, Catalogue, GpuClass, MAX_SIZES, Term};
use plasma_core::genesis::{Allocation, Genesis, GrantAllocation};
use plasma_core::ids::AccountId;
use plasma_core::money::ONE;

/// Allocations that get an account of their own.
pub(super) fn immobile(scenario: &Scenario) -> impl Iterator<Item = &Part> {
    scenario.allocation.iter().filter(|part| matches!(part.holder, Holder::Locked | Holder::Holders))
}

impl Economy {
    /// The beginning: parameters, catalogue, and who holds what.
    ///
    /// # Errors
    /// [`BuildError::Genesis`] when it contradicts itself.
    pub fn genesis(&self, scenario: &Scenario) -> Result<Genesis, BuildError> {
        let genesis = Genesis {
            chain: format!("plasma-sim/{}", scenario.title),
            start: scenario.start.0,
            params: params(scenario)?,
            catalogue: catalogue(scenario),
            accounts: self.allocations(scenario),
            grants: grants(scenario),
            committee: AccountId::NONE,
            custodian: AccountId::NONE,
            treasury: held_by(scenario, Holder::Treasury),
            builders: held_by(scenario, Holder::Builders),
            feeders: FEEDERS,
        };
        genesis.check()?;
        Ok(genesis)
    }

    fn allocations(&self, scenario: &Scenario) -> Vec<Allocation> {
        let mut amounts: Vec<(u128, bool)> =
            immobile(scenario).map(|part| (free_amount(scenario, part), part.holder == Holder::Locked)).collect();
        let market_maker = held_by(scenario, Holder::MarketMaker);
        let pool = self.exchange.pool().map(|terms| terms.xpl.min(market_maker));
        amounts.push((pool.unwrap_or(market_maker), false));
        amounts.extend(pool.map(|pool| (market_maker - pool, false)));
        let dollars: Vec<u64> = self.traders.iter().map(|trader| trader.usd).collect();
        let shares = apportion(held_by(scenario, Holder::Traders), &dollars);
        amounts.extend(shares.into_iter().map(|amount| (amount, false)));
        amounts.extend(self.attackers.iter().flat_map(|attacker| (0..attacker.accounts).map(|_| (0, false))));
        let customers = self.first_host.index() - amounts.len();
        // Customers are alike; providers differ by the bonds they need.
        let shares = apportion(held_by(scenario, Holder::Customers), &vec![1; customers]);
        amounts.extend(shares.into_iter().map(|amount| (amount, false)));
        let gpus: Vec<u64> = self.hosts.iter().map(|host| u64::from(host.gpus)).collect();
        let shares = apportion(held_by(scenario, Holder::Providers), &gpus);
        amounts.extend(shares.into_iter().map(|amount| (amount, false)));
        let key = |i: usize| *blake3::hash(format!("plasma-sim account {i}").as_bytes()).as_bytes();
        amounts.into_iter().enumerate().map(|(i, (amount, locked))| Allocation { key: key(i), amount, locked }).collect()
    }
}

/// Nano-XPL of one allocation at this scale.
fn amount(scenario: &Scenario, part: &Part) -> u128 {
    let full = part.amount.of(scenario.token.initial_supply).unwrap_or_default();
    scenario.scale.of_wide(full).unwrap_or_default()
}

/// Nano-XPL that its account holds from the start.
fn free_amount(scenario: &Scenario, part: &Part) -> u128 {
    if part.vesting.is_some() { 0 } else { amount(scenario, part) }
}

/// What the accounts of allocations wait for. A part that vanishes at this scale is no grant.
fn grants(scenario: &Scenario) -> Vec<GrantAllocation> {
    let parts = immobile(scenario).enumerate().filter_map(|(i, part)| {
        let total = u64::try_from(amount(scenario, part)).ok().filter(|&total| total > 0)?;
        let schedule = part.vesting?.schedule(scenario.start.0);
        Some(GrantAllocation { account: AccountId(i as u32), total, schedule })
    });
    parts.collect()
}

fn held_by(scenario: &Scenario, holder: Holder) -> u128 {
    scenario.allocation.iter().filter(|part| part.holder == holder).map(|part| amount(scenario, part)).sum()
}

/// The parameters at this scale. Only amounts of the whole economy scale: the cap, and a fixed emission; everything else is a
/// rate, a price or a time.
fn params(scenario: &Scenario) -> Result<Vec<u64>, BuildError> {
    let mut params = scenario.params.clone();
    for key in ["supply.cap", "emission.yearly"] {
        let full = params.get(key).unwrap_or_default();
        let least = plasma_core::params::TABLE.iter().find(|spec| spec.key == key).map_or(0, |spec| spec.min);
        params.set(key, scenario.scale.of(full).max(least)).map_err(plasma_core::genesis::GenesisError::from)?;
    }
    Ok(params.values().to_vec())
}

/// GPU classes and programs as the protocol knows them.
fn catalogue(scenario: &Scenario) -> Catalogue {
    let first = scenario.class.first().map_or(1, |class| class.rental.0).max(1);
    let classes = scenario.class.iter().map(|class| GpuClass {
        name: class.id.as_str().into(),
        vram_gib: gib(class.vram),
        ops_per_ms: [Resource::F32, Resource::Bf16, Resource::I8].map(|resource| class.rate(resource).unwrap_or(0)),
        bytes_per_ms: class.bandwidth.0,
        // What an hour is worth elsewhere is the nearest thing to a neutral weight: no class is favoured by emission.
        weight: u64::try_from(u128::from(class.rental.0) * u128::from(ONE) / u128::from(first)).unwrap_or(ONE),
    });
    Catalogue { classes: classes.collect(), programs: scenario.program.iter().map(program).collect() }
}

fn program(program: &Program) -> catalogue::Program {
    let term = |term: &crate::scenario::model::CostTerm| {
        let mut exponents = [0; MAX_SIZES];
        exponents.iter_mut().zip(&term.exponents).for_each(|(to, from)| *to = *from);
        Term { resource: resource(term.resource), coefficient: term.coefficient, exponents }
    };
    catalogue::Program {
        name: program.id.as_str().into(),
        kind: match program.kind {
            Kind::Inference => catalogue::Kind::Inference,
            Kind::Batch => catalogue::Kind::Batch,
            Kind::Training => catalogue::Kind::Training,
            Kind::Deployment => catalogue::Kind::Deployment,
        },
        code: *blake3::hash(program.id.as_str().as_bytes()).as_bytes(),
        sizes: program.sizes.iter().map(|name| name.as_str().into()).collect(),
        cost: program.cost.iter().map(term).collect(),
    }
}

fn resource(resource: Resource) -> catalogue::Resource {
    match resource {
        Resource::F32 => catalogue::Resource::F32,
        Resource::Bf16 => catalogue::Resource::Bf16,
        Resource::I8 => catalogue::Resource::I8,
        Resource::Bytes => catalogue::Resource::Bytes,
    }
}
