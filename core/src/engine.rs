//! The engine: bevy holds the rows, its systems do the work, in one explicit order.
//!
//! The market system drains commands and timers up to the end of the epoch; the epoch systems run after it. A simulation and a
//! live network run this same schedule over different [`Environment`]s.

pub mod agenda;
pub mod book;
pub mod derived;
pub mod ledger;
pub mod queue;
pub mod replay;
pub mod slab;
pub mod snapshot;
pub mod state;
pub mod step;
pub mod waiting;
pub(crate) mod world;

use crate::genesis::{Genesis, GenesisError};
use crate::protocol::{emission, epoch, governance, holdback, treasury};
use crate::time::Time;
use bevy_ecs::prelude::*;
use bevy_ecs::schedule::SingleThreadedExecutor;
use bevy_ecs::system::SystemState;
use derived::Derived;
use rkyv::util::AlignedVec;
use state::{Population, State};
use std::sync::Mutex;
use step::{Arrival, Environment, EpochSystem, Observer, Pause, Scratch};
use world::Rows;

pub use step::drain;

/// What happens at the end of an epoch, in this order.
pub const EPOCH_SYSTEMS: [(&str, EpochSystem); 7] = [
    ("emission", emission::emit),
    ("rewards", emission::reward),
    ("holdback", holdback::release),
    ("decrees", governance::decree::carry_out),
    ("governance", governance::ripen),
    ("treasury", treasury::place),
    ("close", epoch::close),
];

/// How far a run got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// An epoch closed.
    EpochClosed,
    /// The time asked for is reached.
    Reached,
}

/// The environment and the observer, where systems can reach them. Resources must be `Sync`; nothing here is ever shared, and the
/// mutex is only ever opened through `&mut`, which costs nothing.
#[derive(Resource)]
struct Driver<E: Send + 'static, O: Send + 'static>(Mutex<Hosts<E, O>>);

/// Why the market system last returned.
#[derive(Resource)]
struct Paused(Pause);

struct Hosts<E, O> {
    environment: E,
    observer: O,
    scratch: Scratch,
    until: Time,
}

impl<E: Send + 'static, O: Send + 'static> Driver<E, O> {
    fn hosts(&mut self) -> &mut Hosts<E, O> {
        self.0.get_mut().expect("a panicking system ends the run")
    }
}

/// The protocol at work in an environment.
pub struct Engine<E: Environment + Send + 'static, O: Observer + Send + 'static> {
    world: World,
    schedule: Schedule,
    rows: SystemState<Rows<'static, 'static>>,
    driver: std::marker::PhantomData<(E, O)>,
}

fn market<E: Environment + Send + 'static, O: Observer + Send + 'static>(
    mut rows: Rows,
    mut derived: ResMut<Derived>,
    mut driver: ResMut<Driver<E, O>>,
    mut paused: ResMut<Paused>,
) {
    let Hosts { environment, observer, scratch, until } = driver.hosts();
    paused.0 = rows.with(|state| drain(state, &mut derived, scratch, environment, observer, *until));
}

fn epoch_system<E: Environment + Send + 'static, O: Observer + Send + 'static>(
    decide: EpochSystem,
) -> impl FnMut(Rows, ResMut<Derived>, ResMut<Driver<E, O>>) {
    move |mut rows, mut derived, mut driver| {
        let Hosts { environment, observer, scratch, .. } = driver.hosts();
        rows.with(|state| step::epoch_step(state, &mut derived, scratch, environment, observer, decide));
    }
}

/// The books are checked at every epoch, whatever it costs: a coin that appeared or vanished must not survive the day.
fn check_books<E: Environment + Send + 'static, O: Observer + Send + 'static>(mut rows: Rows, mut driver: ResMut<Driver<E, O>>) {
    rows.with(|state| {
        assert_eq!(state.total(), state.ledger.cap, "tokens are conserved");
        let Hosts { environment, observer, .. } = driver.hosts();
        observer.epoch_closed(state);
        environment.epoch_closed(state);
    });
}

fn epoch_ends(paused: Res<Paused>) -> bool {
    paused.0 == Pause::EpochEnd
}

impl<E: Environment + Send + 'static, O: Observer + Send + 'static> Engine<E, O> {
    /// An engine at genesis.
    ///
    /// # Errors
    /// [`GenesisError`] when the genesis contradicts itself.
    pub fn genesis(genesis: &Genesis, environment: E, observer: O) -> Result<Self, GenesisError> {
        Ok(Self::over(genesis.world()?, environment, observer))
    }

    /// An engine that continues from [`Engine::snapshot`].
    ///
    /// # Errors
    /// A sentence, when the bytes are not a state.
    pub fn restore(snapshot: &[u8], environment: E, observer: O) -> Result<Self, String> {
        Ok(Self::over(snapshot::load(snapshot)?, environment, observer))
    }

    pub(crate) fn over(mut world: World, environment: E, observer: O) -> Self {
        let mut rows = SystemState::<Rows>::new(&mut world);
        let derived = rows.get_mut(&mut world).expect("the tables exist").with(|state| Derived::rebuild(state));
        world.insert_resource(derived);
        let scratch = Scratch::default();
        world.insert_resource(Driver(Mutex::new(Hosts { environment, observer, scratch, until: 0 })));
        world.insert_resource(Paused(Pause::Reached));
        let mut schedule = Schedule::default();
        schedule.set_executor(SingleThreadedExecutor::new());
        let [emit, reward, release, decree, govern, order, close] = EPOCH_SYSTEMS.map(|(_, decide)| epoch_system::<E, O>(decide));
        let at_the_end = (emit, reward, release, decree, govern, order, close, check_books::<E, O>).chain().run_if(epoch_ends);
        schedule.add_systems((market::<E, O>, at_the_end).chain());
        Self { world, schedule, rows, driver: std::marker::PhantomData }
    }

    /// Runs to the end of the running epoch or to `until`, whichever is first. Commands at `until` itself are left for later.
    pub fn run_epoch(&mut self, until: Time) -> Progress {
        loop {
            self.hosts().until = until;
            self.schedule.run(&mut self.world);
            match self.world.resource::<Paused>().0 {
                Pause::EpochEnd => return Progress::EpochClosed,
                Pause::Reached => return Progress::Reached,
                Pause::NeedsRows => {
                    let taken = *self.world.resource::<Population>();
                    let [accounts, providers, offers] = [taken.accounts, taken.providers, taken.offers].map(|n| n as usize);
                    world::grow(&mut self.world, accounts, providers, offers);
                }
            }
        }
    }

    /// Runs to `until`, or to the end of an epoch at which the environment wants to stop.
    pub fn run(&mut self, until: Time) -> Progress {
        loop {
            let progress = self.run_epoch(until);
            if progress == Progress::Reached || self.environment().wants_stop() {
                return progress;
            }
        }
    }

    /// Lends the state to read.
    pub fn view<R>(&mut self, f: impl FnOnce(&State) -> R) -> R {
        self.rows.get_mut(&mut self.world).expect("the tables exist").with(|state| f(state))
    }

    /// Lends what the engine keeps beside the rows, with the rows.
    pub fn view_derived<R>(&mut self, f: impl FnOnce(&State, &Derived) -> R) -> R {
        let mut system = SystemState::<(Rows, Res<Derived>)>::new(&mut self.world);
        let (mut rows, derived) = system.get_mut(&mut self.world).expect("the tables exist");
        rows.with(|state| f(state, &derived))
    }

    /// The whole state as bytes.
    pub fn snapshot(&mut self) -> AlignedVec {
        self.view(snapshot::save)
    }

    /// BLAKE3 of the whole state.
    pub fn digest(&mut self) -> [u8; 32] {
        self.view(snapshot::digest)
    }

    fn hosts(&mut self) -> &mut Hosts<E, O> {
        self.world.resource_mut::<Driver<E, O>>().into_inner().hosts()
    }

    /// The environment.
    pub fn environment(&mut self) -> &mut E {
        &mut self.hosts().environment
    }

    /// The observer.
    pub fn observer(&mut self) -> &mut O {
        &mut self.hosts().observer
    }

    /// Takes environment and observer back.
    pub fn into_parts(mut self) -> (E, O) {
        let driver = self.world.remove_resource::<Driver<E, O>>().expect("the driver is there until the end");
        let hosts = driver.0.into_inner().expect("a panicking system ends the run");
        (hosts.environment, hosts.observer)
    }
}

/// An environment in which nothing happens.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silence;

impl Observer for Silence {
    fn cause(&mut self, _view: &State, _record: &crate::record::Record) {}
    fn event(&mut self, _view: &State, _record: &crate::record::Record, _event: &crate::record::Event) {}
}

impl Environment for Silence {
    fn next(&mut self, _view: &State, _until: Time) -> Option<Arrival> {
        None
    }
}

#[cfg(test)]
mod tests;
