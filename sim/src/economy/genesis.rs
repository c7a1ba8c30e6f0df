//! The beginning of the ledger that a scenario describes.

use super::rounding::apportion;
use super::{BuildError, Economy, gib};
use crate::scenario::model::{Allocation as Part, Holder, Kind, Program, Resource};
use crate::scenario::{FEEDERS, Scenario};
use plasma_core::catalogue::{self, Catalogue, GpuClass, MAX_SIZES, Term};
use plasma_core::genesis::{Allocation, Genesis, GrantAllocation};
use plasma_core::ids::AccountId;
use plasma_core::money::ONE;
use plasma_core::params::{Spec, TABLE, Unit};

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
            committee: self.committee.map_or(AccountId::NONE, |committee| committee.account),
            custodian: self.custodian.map_or(AccountId::NONE, |custodian| custodian.account),
            council: self.council.unwrap_or(AccountId::NONE),
            treasury: held_by(scenario, Holder::Treasury),
            builders: held_by(scenario, Holder::Builders),
            feeders: FEEDERS,
        };
        genesis.check()?;
        Ok(genesis)
    }

    /// Allocations to groups that have no member, in the order of the file: nobody holds them, so they are not issued.
    pub fn unheld<'s>(&self, scenario: &'s Scenario) -> impl Iterator<Item = &'s Part> {
        let nobody = [
            (Holder::Providers, self.lenders.is_empty()),
            (Holder::Customers, self.patrons.is_empty()),
            (Holder::Traders, self.traders.is_empty()),
            (Holder::Delegators, self.savers.members.is_empty()),
        ];
        let parts = scenario.allocation.iter().filter(|part| amount(scenario, part) > 0);
        parts.filter(move |part| nobody.contains(&(part.holder, true)))
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
        let offices = usize::from(self.custodian.is_some()) + usize::from(self.committee.is_some());
        amounts.extend(std::iter::repeat_n((0, false), offices + self.builders.len()));
        amounts.extend(self.attackers.iter().flat_map(|attacker| (0..attacker.accounts).map(|_| (0, false))));
        let savers = apportion(held_by(scenario, Holder::Delegators), &vec![1; self.savers.members.len()]);
        amounts.extend(savers.into_iter().map(|amount| (amount, false)));
        let customers = self.first_brought.index() - amounts.len();
        // Customers are alike; providers differ by the bonds they need.
        let shares = apportion(held_by(scenario, Holder::Customers), &vec![1; customers]);
        amounts.extend(shares.into_iter().map(|amount| (amount, false)));
        amounts.resize(self.first_lender.index(), (0, false));
        let gpus: Vec<u64> = self.lenders.iter().map(|lender| u64::from(lender.gpus)).collect();
        let shares = apportion(held_by(scenario, Holder::Providers), &gpus);
        amounts.extend(shares.into_iter().map(|amount| (amount, false)));
        amounts.extend(self.council.map(|_| (0, false)));
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
pub(super) fn grants(scenario: &Scenario) -> Vec<GrantAllocation> {
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

/// Amounts of the whole economy beside those in whole XPL: what a tick mints, what an epoch works or spends, what a round commands.
const OF_THE_WHOLE: [&str; 7] = [
    "emission.subsidy",
    "emission.baseline",
    "treasury.budget",
    "treasury.buyback_budget",
    "treasury.liquidity_budget",
    "treasury.floor_budget",
    "fee.target",
];

/// Whether a parameter is an amount of the whole economy.
pub(super) fn is_of_the_whole(spec: &Spec) -> bool {
    matches!(spec.unit, Unit::WholeXpl) || OF_THE_WHOLE.contains(&spec.key)
}

/// The parameters at this scale. Only amounts of the whole economy scale; everything else is a rate, a price or a time.
/// `sqrt_stake` alone is not of one degree in the size of the economy: at a tenth it mints a tenth times the root of ten.
fn params(scenario: &Scenario) -> Result<Vec<u64>, BuildError> {
    let mut params = scenario.params.clone();
    for spec in TABLE.iter().filter(|spec| is_of_the_whole(spec)) {
        let full = params.get(spec.key).unwrap_or_default();
        params.set(spec.key, scenario.scale.of(full).max(spec.min)).map_err(plasma_core::genesis::GenesisError::from)?;
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
