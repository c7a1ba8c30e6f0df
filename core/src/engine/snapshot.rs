//! The whole state as bytes: what a digest is taken of, and what a checkpoint restores.

use super::ledger::Ledger;
use super::slab::{Saved, Slab};
use super::state::{Population, State};
use super::world::{self, Awards, Grants, Jobs, Leases, Orders, Proposals, Rows};
use crate::catalogue::Catalogue;
use crate::ids::AccountId;
use crate::params::Params;
use crate::protocol::account::{Account, Key};
use crate::protocol::batch::Market;
use crate::protocol::beacon::Clock;
use crate::protocol::bond::UnbondingQueue;
use crate::protocol::builders::Award;
use crate::protocol::emission::Minter;
use crate::protocol::fee::Fees;
use crate::protocol::governance::{Governance, Proposal};
use crate::protocol::holdback::Holdback;
use crate::protocol::job::{Avoided, Job};
use crate::protocol::lease::Lease;
use crate::protocol::offer::Offer;
use crate::protocol::oracle::Oracle;
use crate::protocol::provider::Provider;
use crate::protocol::receipt::Tabs;
use crate::protocol::staking::Staking;
use crate::protocol::treasury::Order;
use crate::protocol::vault::Vault;
use crate::protocol::verification::Docket;
use crate::protocol::vesting::Grant;
use crate::protocol::weights::Weights;
use bevy_ecs::prelude::World;
use bevy_ecs::system::SystemState;
use rkyv::rancor::Error as RkyvError;
use rkyv::util::AlignedVec;
use rkyv::with::AsOwned;
use rkyv::{Archive, Deserialize, Serialize};
use std::borrow::Cow;

/// Version of the state's layout.
pub const FORMAT: u32 = 7;

/// Every row that exists and every total. Vacant rows and capacity are not part of it.
#[derive(Archive, Serialize, Deserialize)]
struct Snapshot<'a> {
    format: u32,
    params: Vec<u64>,
    catalogue: Catalogue,
    #[rkyv(with = AsOwned)]
    accounts: Cow<'a, [Account]>,
    #[rkyv(with = AsOwned)]
    keys: Cow<'a, [Key]>,
    #[rkyv(with = AsOwned)]
    providers: Cow<'a, [Provider]>,
    #[rkyv(with = AsOwned)]
    offers: Cow<'a, [Offer]>,
    jobs: Saved<'a, Job>,
    leases: Saved<'a, Lease>,
    grants: Saved<'a, Grant>,
    proposals: Saved<'a, Proposal>,
    awards: Saved<'a, Award>,
    orders: Saved<'a, Order>,
    governance: Governance,
    unbonding: UnbondingQueue,
    staking: Staking,
    ledger: Ledger,
    clock: Clock,
    population: Population,
    oracle: Oracle,
    fees: Fees,
    minter: Minter,
    vault: Vault,
    market: Market,
    avoided: Avoided,
    tabs: Tabs,
    docket: Docket,
    holdback: Holdback,
    weights: Weights,
}

/// The state as bytes. Equal states give equal bytes.
pub fn save(state: &State) -> AlignedVec {
    let accounts = state.population.accounts as usize;
    let snapshot = Snapshot {
        format: FORMAT,
        params: state.params.values().to_vec(),
        catalogue: state.catalogue.clone(),
        accounts: state.accounts().into(),
        keys: state.keys[..accounts].into(),
        providers: state.providers().into(),
        offers: state.offers().into(),
        jobs: state.jobs.save(),
        leases: state.leases.save(),
        grants: state.grants.save(),
        proposals: state.proposals.save(),
        awards: state.awards.save(),
        orders: state.orders.save(),
        governance: state.governance.clone(),
        unbonding: state.unbonding.clone(),
        staking: state.staking.clone(),
        ledger: *state.ledger,
        clock: *state.clock,
        population: *state.population,
        oracle: *state.oracle,
        fees: *state.fees,
        minter: *state.minter,
        vault: *state.vault,
        market: state.market.clone(),
        avoided: state.avoided.clone(),
        tabs: state.tabs.clone(),
        docket: state.docket.clone(),
        holdback: state.holdback.clone(),
        weights: state.weights.clone(),
    };
    let rows = size_of::<Job>() * state.jobs.len() + size_of::<Lease>() * state.leases.len();
    let tables = size_of_val(state.accounts()) + size_of_val(state.providers()) + size_of_val(state.offers()) + 32 * accounts;
    let buffer = AlignedVec::with_capacity(rows + tables + (1 << 16));
    rkyv::api::high::to_bytes_in::<_, RkyvError>(&snapshot, buffer).expect("memory suffices")
}

/// BLAKE3 of [`save`].
pub fn digest(state: &State) -> [u8; 32] {
    *blake3::hash(&save(state)).as_bytes()
}

/// The tables that [`save`] was made of. Every byte is checked before it is believed.
///
/// # Errors
/// A sentence, when the bytes are not a state.
pub(crate) fn load(bytes: &[u8]) -> Result<World, String> {
    let mut aligned = AlignedVec::<16>::with_capacity(bytes.len());
    aligned.extend_from_slice(bytes);
    let snapshot = rkyv::from_bytes::<Snapshot, RkyvError>(&aligned).map_err(|error| format!("not a snapshot: {error}"))?;
    if snapshot.format != FORMAT {
        return Err(format!("the snapshot has layout {}, this binary reads {FORMAT}", snapshot.format));
    }
    let params = Params::from_values(snapshot.params).map_err(|error| error.to_string())?;
    snapshot.catalogue.check()?;
    let counts = snapshot.population;
    let lengths = [
        (snapshot.accounts.len(), counts.accounts),
        (snapshot.keys.len(), counts.accounts),
        (snapshot.providers.len(), counts.providers),
        (snapshot.offers.len(), counts.offers),
    ];
    if lengths.iter().any(|&(rows, counted)| rows != counted as usize) {
        return Err("the snapshot's tables do not have the rows they count".into());
    }
    let mut world = world::empty(params, snapshot.catalogue);
    world::grow(&mut world, snapshot.accounts.len(), snapshot.providers.len(), snapshot.offers.len());
    world.insert_resource(Jobs(Slab::load(snapshot.jobs).ok_or("the snapshot's jobs do not make a table")?));
    world.insert_resource(Leases(Slab::load(snapshot.leases).ok_or("the snapshot's leases do not make a table")?));
    world.insert_resource(Grants(Slab::load(snapshot.grants).ok_or("the snapshot's grants do not make a table")?));
    world.insert_resource(Proposals(Slab::load(snapshot.proposals).ok_or("the snapshot's proposals do not make a table")?));
    world.insert_resource(Awards(Slab::load(snapshot.awards).ok_or("the snapshot's awards do not make a table")?));
    world.insert_resource(Orders(Slab::load(snapshot.orders).ok_or("the snapshot's orders do not make a table")?));
    world.insert_resource(snapshot.governance);
    world.insert_resource(snapshot.unbonding);
    world.insert_resource(snapshot.staking);
    world.insert_resource(snapshot.ledger);
    world.insert_resource(snapshot.clock);
    world.insert_resource(snapshot.population);
    world.insert_resource(snapshot.oracle);
    world.insert_resource(snapshot.fees);
    world.insert_resource(snapshot.minter);
    world.insert_resource(snapshot.vault);
    world.insert_resource(snapshot.market);
    world.insert_resource(snapshot.avoided);
    world.insert_resource(snapshot.tabs);
    world.insert_resource(snapshot.docket);
    world.insert_resource(snapshot.holdback);
    world.insert_resource(snapshot.weights);
    let mut rows = SystemState::<Rows>::new(&mut world);
    let sound = rows.get_mut(&mut world).expect("the tables were just made").with(|state| {
        state.accounts[..snapshot.accounts.len()].copy_from_slice(&snapshot.accounts);
        state.keys[..snapshot.keys.len()].copy_from_slice(&snapshot.keys);
        state.providers[..snapshot.providers.len()].copy_from_slice(&snapshot.providers);
        state.offers[..snapshot.offers.len()].copy_from_slice(&snapshot.offers);
        references_hold(state).and_then(|()| crate::protocol::check_invariants(state))
    });
    sound.map_err(|error| format!("the snapshot contradicts itself: {error}"))?;
    Ok(world)
}

/// Whether every row that another row names exists, so that the invariants can be asked.
fn references_hold(state: &State) -> Result<(), String> {
    let classes = state.catalogue.classes.len();
    let offers = state.offers().iter().all(|offer| state.provider(offer.provider).is_some() && offer.class.index() < classes);
    let providers = state.providers().iter().all(|provider| state.account(provider.owner).is_some());
    let leases = state.leases.iter().all(|lease| state.offer(lease.offer).is_some() && state.job(lease.job).is_some());
    let jobs =
        state.jobs.iter().all(|job| state.account(job.customer).is_some() && state.catalogue.program(job.program).is_some());
    let bonds = state.unbonding.entries.iter().all(|entry| state.provider(entry.provider).is_some());
    let staking = state.staking.is_of(state);
    let sealed = state.market.envelopes.keys().all(|&offer| state.offer(offer).is_some());
    let market = sealed && state.market.standing.len() == classes && state.weights.0.len() == classes;
    let exists = |account: AccountId| state.account(account).is_some();
    let grants = state.grants.iter().all(|grant| exists(grant.account));
    let awards = state.awards.iter().all(|award| exists(award.account));
    let orders = state.orders.iter().all(|order| exists(order.custodian));
    let proposals = state.proposals.iter().all(|proposal| exists(proposal.proposer));
    let governed = grants && awards && orders && proposals;
    if offers && providers && leases && jobs && bonds && staking && market && governed {
        Ok(())
    } else {
        Err("a row names another that does not exist".into())
    }
}
