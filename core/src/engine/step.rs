//! One record at a time: admission, decision, application.
//!
//! This is the only place where `apply` is called, by the running engine, by replay and by recovery.

use crate::engine::derived::Derived;
use crate::engine::ledger::Pot;
use crate::engine::state::State;
use crate::record::{Apply, Cause, Command, Decide, Event, Fire, Origin, Record, Timer};
use crate::rejection::Refused;
use crate::time::Time;

/// Somebody who watches records: the log, the metrics, the agents. Told after the rows were written.
pub trait Observer {
    /// A command was admitted, or a timer fired.
    fn cause(&mut self, view: &State, record: &Record);
    /// An event followed from `record`.
    fn event(&mut self, view: &State, record: &Record, event: &Event);
    /// The epoch that `record` ends is over; its last event was told before.
    fn epoch_closed(&mut self, _view: &State) {}
}

impl<A: Observer, B: Observer> Observer for (A, B) {
    #[inline(always)]
    fn cause(&mut self, view: &State, record: &Record) {
        self.0.cause(view, record);
        self.1.cause(view, record);
    }
    #[inline(always)]
    fn event(&mut self, view: &State, record: &Record, event: &Event) {
        self.0.event(view, record, event);
        self.1.event(view, record, event);
    }
    #[inline(always)]
    fn epoch_closed(&mut self, view: &State) {
        self.0.epoch_closed(view);
        self.1.epoch_closed(view);
    }
}

impl<T: Observer> Observer for Option<T> {
    #[inline(always)]
    fn cause(&mut self, view: &State, record: &Record) {
        if let Some(observer) = self {
            observer.cause(view, record);
        }
    }
    #[inline(always)]
    fn event(&mut self, view: &State, record: &Record, event: &Event) {
        if let Some(observer) = self {
            observer.event(view, record, event);
        }
    }
    #[inline(always)]
    fn epoch_closed(&mut self, view: &State) {
        if let Some(observer) = self {
            observer.epoch_closed(view);
        }
    }
}

/// Nobody watches.
impl Observer for () {
    #[inline(always)]
    fn cause(&mut self, _view: &State, _record: &Record) {}
    #[inline(always)]
    fn event(&mut self, _view: &State, _record: &Record, _event: &Event) {}
}

/// A command on its way in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arrival {
    /// When it takes effect; never before the last record.
    pub time: Time,
    /// Who sends it.
    pub origin: Origin,
    /// What it asks for.
    pub command: Command,
}

/// Why a command left no record and changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Inadmissible {
    /// The origin is no account.
    #[error("no such account")]
    UnknownAccount,
    /// The account is locked until its vesting releases it.
    #[error("the account is locked")]
    Locked,
    /// The account cannot pay the base fee.
    #[error("the account cannot pay the base fee")]
    NoFee,
}

/// The strangers around the protocol: agents of a simulation, peers of a network. The core cannot tell which.
pub trait Environment: Observer {
    /// The next command that takes effect before `until`, if there is one.
    fn next(&mut self, view: &State, until: Time) -> Option<Arrival>;

    /// A command was not admitted.
    fn inadmissible(&mut self, _view: &State, _arrival: &Arrival, _why: Inadmissible) {}

    /// Whether to stop at the next epoch boundary.
    fn wants_stop(&self) -> bool {
        false
    }
}

/// Why the engine stopped draining.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// The running epoch is due to end.
    EpochEnd,
    /// A command waits for vacant rows.
    NeedsRows,
    /// Nothing more happens before the time asked for.
    Reached,
}

/// Scratch for the events of one decision, kept to spare the allocation.
#[derive(Default, Debug)]
pub struct Scratch {
    events: Vec<Event>,
    held: Option<Arrival>,
}

/// Runs commands and timers up to the end of the epoch, or to `until`.
#[inline]
pub fn drain<E: Environment, O: Observer>(
    state: &mut State,
    derived: &mut Derived,
    scratch: &mut Scratch,
    environment: &mut E,
    observer: &mut O,
    until: Time,
) -> Pause {
    loop {
        let clear = derived.timers.clear_until().min(until);
        let arrival = scratch.held.take().or_else(|| environment.next(state, clear));
        if let Some(arrival) = arrival {
            if !state.has_row_for(&arrival.command) {
                scratch.held = Some(arrival);
                return Pause::NeedsRows;
            }
            match admit(state, &arrival) {
                Ok(record) => command(state, derived, scratch, environment, observer, &record),
                Err(why) => environment.inadmissible(state, &arrival, why),
            }
            continue;
        }
        if clear == until {
            return Pause::Reached;
        }
        let Some((time, timer)) = derived.timers.pop() else {
            derived.timers.turn();
            continue;
        };
        if !timer.stands(state, time) {
            continue;
        }
        let record = Record { time, cause: Cause::Timer(timer) };
        begin(state, environment, observer, &record);
        if let Timer::EpochEnd(_) = timer {
            return Pause::EpochEnd;
        }
        timer.decide(state, &record, &mut scratch.events);
        conclude(state, derived, scratch, environment, observer, &record);
    }
}

/// Admission comes first and is free: what fails here leaves no record.
#[inline]
fn admit(state: &State, arrival: &Arrival) -> Result<Record, Inadmissible> {
    let fee = match arrival.origin {
        Origin::Account(id) => {
            let fee = state.base_fee();
            let account = state.account(id).ok_or(Inadmissible::UnknownAccount)?;
            if account.locked != 0 {
                return Err(Inadmissible::Locked);
            }
            if account.free < u128::from(fee) {
                return Err(Inadmissible::NoFee);
            }
            fee
        }
        Origin::Host | Origin::Feeder(_) => 0,
    };
    let time = arrival.time.max(state.clock.now);
    Ok(Record { time, cause: Cause::Command { origin: arrival.origin, fee, command: arrival.command } })
}

#[inline]
fn command<E: Environment, O: Observer>(
    state: &mut State,
    derived: &mut Derived,
    scratch: &mut Scratch,
    environment: &mut E,
    observer: &mut O,
    record: &Record,
) {
    begin(state, environment, observer, record);
    let Cause::Command { command, .. } = &record.cause else { unreachable!("a command is decided") };
    if let Err(refusal) = command.decide(state, record, &mut scratch.events) {
        scratch.events.clear();
        scratch.events.push(Refused::from(refusal).into());
    }
    conclude(state, derived, scratch, environment, observer, record);
}

/// Writes what a cause itself changes: the clock, and the fee of whoever sent it.
#[inline]
pub fn apply_cause(state: &mut State, record: &Record) {
    state.clock.now = record.time;
    if let Cause::Command { origin: Origin::Account(id), fee, .. } = record.cause {
        state.accounts[id.index()].nonce += 1;
        state.fees.admitted += 1;
        state.transfer(Pot::Free(id), Pot::Burned, fee);
    }
}

/// Writes what an event changes.
///
/// # Panics
/// If the rows contradict the event; see [`crate::record`].
#[inline]
pub fn apply(state: &mut State, record: &Record, event: &Event) {
    event.apply(state, record);
}

#[inline]
fn begin<E: Environment, O: Observer>(state: &mut State, environment: &mut E, observer: &mut O, record: &Record) {
    apply_cause(state, record);
    observer.cause(state, record);
    environment.cause(state, record);
}

/// Applies the decided events, then whatever they call for, until nothing is left to decide.
#[inline]
pub(crate) fn conclude<E: Environment, O: Observer>(
    state: &mut State,
    derived: &mut Derived,
    scratch: &mut Scratch,
    environment: &mut E,
    observer: &mut O,
    record: &Record,
) {
    loop {
        for event in &scratch.events {
            apply(state, record, event);
            event.follow(state, record, derived);
            observer.event(state, record, event);
            environment.event(state, record, event);
        }
        scratch.events.clear();
        let Some(task) = derived.tasks.pop_front() else { return };
        task.decide(state, derived, record.time, &mut scratch.events);
    }
}

/// One step at the end of an epoch.
pub type EpochSystem = fn(&State, &mut Vec<Event>);

/// Decides and applies one step at the end of the running epoch.
pub fn epoch_step<E: Environment, O: Observer>(
    state: &mut State,
    derived: &mut Derived,
    scratch: &mut Scratch,
    environment: &mut E,
    observer: &mut O,
    decide: EpochSystem,
) {
    let record = Record { time: state.clock.now, cause: Cause::Timer(Timer::EpochEnd(crate::protocol::epoch::EpochEnd {})) };
    decide(state, &mut scratch.events);
    conclude(state, derived, scratch, environment, observer, &record);
}

impl State<'_> {
    /// Whether the tables have the vacant row that a command may fill.
    #[inline(always)]
    pub fn has_row_for(&self, command: &Command) -> bool {
        match command {
            Command::OpenAccount(_) => self.accounts.len() > self.population.accounts as usize,
            Command::Register(_) => self.providers.len() > self.population.providers as usize,
            Command::PostOffer(_) => self.offers.len() > self.population.offers as usize,
            _ => true,
        }
    }
}
