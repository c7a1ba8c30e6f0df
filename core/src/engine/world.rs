//! The rows in bevy: tables of entities that are spawned vacant, in order, and never despawned or moved, so that a table is one
//! contiguous slice indexed by our own identifiers.

use super::ledger::Ledger;
use super::slab::Slab;
use super::state::{Population, State};
use crate::catalogue::Catalogue;
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
use bevy_ecs::change_detection::ContiguousMut;
use bevy_ecs::prelude::*;
use bevy_ecs::query::{ArchetypeFilter, ContiguousQueryData};
use bevy_ecs::system::SystemParam;

/// Rows spawned at a time: few enough to waste little, many enough that growing is rare.
const CHUNK: usize = 1024;

/// Open jobs.
#[derive(Resource, Default)]
pub(crate) struct Jobs(pub Slab<Job>);

/// Open leases.
#[derive(Resource, Default)]
pub(crate) struct Leases(pub Slab<Lease>);

/// Grants that vest.
#[derive(Resource, Default)]
pub(crate) struct Grants(pub Slab<Grant>);

/// Open proposals.
#[derive(Resource, Default)]
pub(crate) struct Proposals(pub Slab<Proposal>);

/// Open awards.
#[derive(Resource, Default)]
pub(crate) struct Awards(pub Slab<Award>);

/// Outstanding orders.
#[derive(Resource, Default)]
pub(crate) struct Orders(pub Slab<Order>);

/// The parameters in force.
#[derive(Resource)]
pub(crate) struct InForce(pub Params);

/// GPU classes and programs.
#[derive(Resource)]
pub(crate) struct Wares(pub Catalogue);

/// What governance makes, pays for and sets.
#[derive(SystemParam)]
pub(crate) struct Governed<'w> {
    grants: ResMut<'w, Grants>,
    proposals: ResMut<'w, Proposals>,
    awards: ResMut<'w, Awards>,
    orders: ResMut<'w, Orders>,
    governance: ResMut<'w, Governance>,
    weights: ResMut<'w, Weights>,
}

/// Everything that [`State`] borrows.
#[derive(SystemParam)]
pub(crate) struct Rows<'w, 's> {
    accounts: Query<'w, 's, (&'static mut Account, &'static mut Key)>,
    providers: Query<'w, 's, &'static mut Provider>,
    offers: Query<'w, 's, &'static mut Offer>,
    jobs: ResMut<'w, Jobs>,
    leases: ResMut<'w, Leases>,
    governed: Governed<'w>,
    unbonding: ResMut<'w, UnbondingQueue>,
    staking: ResMut<'w, Staking>,
    ledger: ResMut<'w, Ledger>,
    clock: ResMut<'w, Clock>,
    population: ResMut<'w, Population>,
    oracle: ResMut<'w, Oracle>,
    fees: ResMut<'w, Fees>,
    minter: ResMut<'w, Minter>,
    vault: ResMut<'w, Vault>,
    market: ResMut<'w, Market>,
    avoided: ResMut<'w, Avoided>,
    tabs: ResMut<'w, Tabs>,
    docket: ResMut<'w, Docket>,
    holdback: ResMut<'w, Holdback>,
    params: ResMut<'w, InForce>,
    catalogue: Res<'w, Wares>,
}

impl Rows<'_, '_> {
    /// Lends the rows as slices.
    pub(crate) fn with<R>(&mut self, f: impl FnOnce(&mut State) -> R) -> R {
        let (accounts, keys) = only_table(&mut self.accounts);
        let mut state = State {
            accounts: ContiguousMut::bypass_change_detection_split(accounts).0,
            keys: ContiguousMut::bypass_change_detection_split(keys).0,
            providers: ContiguousMut::bypass_change_detection_split(only_table(&mut self.providers)).0,
            offers: ContiguousMut::bypass_change_detection_split(only_table(&mut self.offers)).0,
            jobs: &mut self.jobs.0,
            leases: &mut self.leases.0,
            grants: &mut self.governed.grants.0,
            proposals: &mut self.governed.proposals.0,
            awards: &mut self.governed.awards.0,
            orders: &mut self.governed.orders.0,
            governance: &mut self.governed.governance,
            unbonding: &mut self.unbonding,
            staking: &mut self.staking,
            ledger: &mut self.ledger,
            clock: &mut self.clock,
            population: &mut self.population,
            oracle: &mut self.oracle,
            fees: &mut self.fees,
            minter: &mut self.minter,
            vault: &mut self.vault,
            market: &mut self.market,
            avoided: &mut self.avoided,
            tabs: &mut self.tabs,
            docket: &mut self.docket,
            holdback: &mut self.holdback,
            params: &mut self.params.0,
            weights: &mut self.governed.weights,
            catalogue: &self.catalogue.0,
        };
        f(&mut state)
    }
}

/// The one table behind a query. A second one would mean that some row changed archetype, and identifiers were no longer indices.
fn only_table<'q, D: ContiguousQueryData, F: ArchetypeFilter>(query: &'q mut Query<D, F>) -> D::Contiguous<'q, 'q> {
    let mut tables = query.contiguous_iter_mut().expect("rows are stored densely");
    let table = tables.next().expect("a chunk of every table is spawned at the start");
    assert!(tables.next().is_none(), "rows never change archetype");
    table
}

/// The tables of an empty world.
pub(crate) fn empty(params: Params, catalogue: Catalogue) -> World {
    let mut world = World::new();
    world.init_resource::<Jobs>();
    world.init_resource::<Leases>();
    world.init_resource::<Grants>();
    world.init_resource::<Proposals>();
    world.init_resource::<Awards>();
    world.init_resource::<Orders>();
    world.init_resource::<Governance>();
    world.init_resource::<UnbondingQueue>();
    world.init_resource::<Staking>();
    world.init_resource::<Ledger>();
    world.init_resource::<Clock>();
    world.init_resource::<Population>();
    world.init_resource::<Oracle>();
    world.init_resource::<Fees>();
    world.init_resource::<Minter>();
    world.init_resource::<Vault>();
    world.init_resource::<Market>();
    world.init_resource::<Avoided>();
    world.init_resource::<Tabs>();
    world.init_resource::<Docket>();
    world.init_resource::<Holdback>();
    world.insert_resource(InForce(params));
    world.insert_resource(Weights(catalogue.classes.iter().map(|class| class.weight).collect()));
    world.insert_resource(Wares(catalogue));
    grow(&mut world, 0, 0, 0);
    world
}

/// Spawns vacant rows until each table has at least a chunk more than the given counts.
pub(crate) fn grow(world: &mut World, accounts: usize, providers: usize, offers: usize) {
    let missing = |have: usize, want: usize| if have > want { 0 } else { (want + CHUNK - have).max(have) };
    let count = |world: &mut World| {
        let accounts = world.query::<&Account>().iter(world).len();
        let providers = world.query::<&Provider>().iter(world).len();
        (accounts, providers, world.query::<&Offer>().iter(world).len())
    };
    let have = count(world);
    spawn(world, missing(have.0, accounts), (Account::default(), Key::default()));
    spawn(world, missing(have.1, providers), Provider::default());
    spawn(world, missing(have.2, offers), Offer::default());
}

fn spawn<B: Bundle<Effect: bevy_ecs::bundle::NoBundleEffect> + Clone>(world: &mut World, count: usize, row: B) {
    world.spawn_batch(std::iter::repeat_n(row, count)).for_each(drop);
}
