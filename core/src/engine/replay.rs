//! Replay: folding commands with their events into a state, without deciding anything.

use crate::engine::snapshot;
use crate::engine::state::{Population, State};
use crate::engine::step;
use crate::engine::world::{self, Rows};
use crate::genesis::{Genesis, GenesisError};
use crate::record::{Event, Record};
use bevy_ecs::prelude::World;
use bevy_ecs::system::SystemState;

/// A state that is being folded from records.
pub struct Replay {
    world: World,
    rows: SystemState<Rows<'static, 'static>>,
}

/// The hand that writes records into a lent state.
pub struct Fold<'f, 's> {
    state: &'f mut State<'s>,
    record: Option<Record>,
}

impl Fold<'_, '_> {
    /// Writes a command or timer.
    #[inline]
    pub fn cause(&mut self, record: Record) {
        step::apply_cause(self.state, &record);
        self.record = Some(record);
    }

    /// Writes an event of the last command or timer.
    ///
    /// # Panics
    /// When no cause came before it, or the rows contradict it.
    #[inline]
    pub fn event(&mut self, event: &Event) {
        let record = self.record.as_ref().expect("an event follows a cause");
        step::apply(self.state, record, event);
    }

    /// The state as it is now.
    pub fn view(&self) -> &State<'_> {
        self.state
    }

    /// The cause under which the next event falls.
    pub fn record(&self) -> Option<&Record> {
        self.record.as_ref()
    }

    /// Continues under the cause of an earlier fold.
    pub fn resume(&mut self, record: Option<Record>) {
        self.record = record;
    }
}

impl Replay {
    /// A state at genesis.
    ///
    /// # Errors
    /// [`GenesisError`].
    pub fn genesis(genesis: &Genesis) -> Result<Self, GenesisError> {
        Ok(Self::over(genesis.world()?))
    }

    /// A state from a snapshot.
    ///
    /// # Errors
    /// A sentence, when the bytes are not a state.
    pub fn restore(bytes: &[u8]) -> Result<Self, String> {
        Ok(Self::over(snapshot::load(bytes)?))
    }

    fn over(mut world: World) -> Self {
        let rows = SystemState::new(&mut world);
        Self { world, rows }
    }

    /// Lends the state to write records into. The rows are looked up once a call: fold many records in one.
    pub fn fold<R>(&mut self, f: impl FnOnce(&mut Fold) -> R) -> R {
        let mut rows = self.rows.get_mut(&mut self.world).expect("the tables exist");
        rows.with(|state| f(&mut Fold { state, record: None }))
    }

    /// Makes sure that so many more accounts, providers and offers find vacant rows.
    pub fn ensure_rows(&mut self, more: [usize; 3]) {
        if more != [0; 3] {
            let taken = *self.world.resource::<Population>();
            let want = |taken: u32, more: usize| taken as usize + more;
            world::grow(
                &mut self.world,
                want(taken.accounts, more[0]),
                want(taken.providers, more[1]),
                want(taken.offers, more[2]),
            );
        }
    }

    /// Lends the state to read.
    pub fn view<R>(&mut self, f: impl FnOnce(&State) -> R) -> R {
        self.rows.get_mut(&mut self.world).expect("the tables exist").with(|state| f(state))
    }

    /// BLAKE3 of the whole state.
    pub fn digest(&mut self) -> [u8; 32] {
        self.view(snapshot::digest)
    }
}
