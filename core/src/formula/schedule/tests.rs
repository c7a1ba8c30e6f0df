//! What holds of every schedule.

use super::*;
use crate::money::XPL;
use crate::time::{DAY, HOUR};
use proptest::prelude::*;

const BILLION: u128 = 1_000_000_000 * XPL as u128;

fn economy(supply: u128) -> Seen {
    let (staked, paid, burned) = (supply / 3, supply / 10_000, supply / 100_000);
    Seen { from: 0, to: DAY, initial: supply, supply, circulating: supply, minted: 0, staked, paid, burned, work: 1_000_000 }
}

/// A schedule as a reader would add it: the file `tests/readers/once.rs`, and a line in a table.
mod readers {
    use crate::formula::schedule::{Memory, Minted, Seen};
    use crate::params::Params;

    schedules! {
        once,
    }
}

/// The table is a test's own, so that the protocol's stays the protocol's; what the line becomes there – module, name, number,
/// dispatch by [`mint`] – is made by the same macro. That the protocol offers and asks for whatever stands in its table is seen by its
/// own: `emission.schedule` has its names for choices, and a ledger on each of them mints what [`mint`] says of its number.
#[test]
fn a_new_schedule_is_a_file_and_a_line() {
    let (schedule, params) = (readers::number("once"), Params::default());
    let mint = |seen: &Seen, memory| readers::mint(schedule, &params, seen, memory);
    let seen = economy(BILLION);
    let (minted, memory) = mint(&seen, Memory::default());
    assert_eq!((readers::NAMES, minted, memory.steps), (&["once"][..], whole(500_000_000), 1));
    assert_eq!(mint(&seen, memory), (0, memory));
    assert_eq!(mint(&Seen { to: seen.from, ..seen }, Memory::default()), (0, Memory::default()));
    let spec = crate::params::TABLE.iter().find(|spec| spec.key == "emission.schedule").expect("it is there");
    assert_eq!((spec.unit, spec.max), (crate::params::Unit::Choice(NAMES), NAMES.len() as u64 - 1));
    for (number, name) in NAMES.iter().enumerate() {
        let mode = ["net_emission", "vault_remint"].iter().position(|one| one == name).map_or(0, |i| i as u64 + 2);
        let genesis = crate::testing::genesis(&[("emission.schedule", number as u64), ("settle.mode", mode)]);
        crate::testing::Bench::of(&genesis).engine.view(|state| {
            let (from, to) = (state.clock.epoch_started, state.clock.epoch_ends);
            let seen = crate::protocol::emission::seen(state, from, to);
            let asked = crate::protocol::emission::scheduled(state, from, to);
            assert_eq!(asked, super::mint(number as u64, state.params, &seen, Memory::default()), "{name}");
        });
    }
}

#[test]
fn names_have_numbers() {
    for (i, name) in NAMES.iter().enumerate() {
        assert_eq!(number(name), i as u64);
    }
    assert_eq!(MINTS.len(), NAMES.len());
}

#[test]
fn a_span_of_no_length_mints_nothing_and_forgets_nothing() {
    let memory = Memory { level: 1, aim: 2, sum: 3, steps: 4 };
    for schedule in 0..NAMES.len() as u64 {
        let seen = Seen { from: HOUR, to: HOUR, ..economy(BILLION) };
        assert_eq!(mint(schedule, &Params::default(), &seen, memory), (0, memory));
    }
}

/// Schedules that only look at the clock do not care how it is cut, but for roundings.
#[test]
fn cuts_of_time_do_not_matter() {
    for name in ["fixed", "disinflation", "table", "halving", "exponential"] {
        let minted =
            |from, to| mint(number(name), &Params::default(), &Seen { from, to, ..economy(10 * BILLION) }, Memory::default()).0;
        let whole = minted(0, 3 * YEAR);
        let parts: u128 = (0..1_001).map(|i| minted(3 * YEAR * i / 1_001, 3 * YEAR * (i + 1) / 1_001)).sum();
        assert!(whole.abs_diff(parts) <= 1_004, "{name}: {parts} of {whole}");
    }
}

proptest! {
    /// No schedule panics, whatever it sees and remembers.
    #[test]
    fn nothing_seen_or_remembered_panics(
        schedule in 0..NAMES.len() as u64,
        times in any::<(u64, u64)>(),
        amounts in any::<[u128; 7]>(),
        work: u64,
        memory in any::<[u64; 3]>(),
    ) {
        let [initial, supply, circulating, minted, staked, paid, burned] = amounts;
        let (from, to) = (times.0.min(times.1) >> 20, times.0.max(times.1) >> 20);
        let seen = Seen { from, to, initial, supply, circulating, minted, staked, paid, burned, work };
        let memory = Memory { level: memory[0], aim: memory[1], sum: memory[2], steps: 1_000 };
        mint(schedule, &Params::default(), &seen, memory);
    }
}

proptest! {
    /// Whoever asks a schedule alone may bring any state and any memory, those of other schedules included.
    #[test]
    fn no_state_and_no_memory_stops_a_schedule(
        amounts: [(u128, u32); 7], times: [(u64, u32); 2], memory: [(u64, u32); 4], work: u64, choices: [u8; 8],
    ) {
        let most = 1_000_000_000_000_000 * u128::from(XPL);
        let [initial, supply, circulating, minted, staked, paid, burned] = amounts.map(|(amount, bits)| (amount >> (bits % 128)) % (most + 1));
        let [from, to] = times.map(|(time, bits)| (time >> (bits % 64)) % (10_000 * YEAR));
        // A baseline that was met by a thousandth is caught up with step by step: no further behind, for the time that takes.
        let [level, aim, sum, steps] = memory.map(|(number, bits)| number >> (bits % 64));
        let seen = Seen { from, to, initial, supply, circulating, minted, staked, paid, burned, work };
        let mut params = Params::default();
        for (choice, key) in choices.into_iter().zip(["max", "goal", "change", "tick", "total", "half_life", "baseline", "growth"]) {
            let spec = crate::params::TABLE.iter().find(|spec| spec.key.strip_prefix("emission.") == Some(key)).expect("it is there");
            params.set(spec.key, [spec.default, spec.min, spec.max][usize::from(choice % 3)]).expect("in range");
        }
        for schedule in 0..NAMES.len() as u64 {
            mint(schedule, &params, &seen, Memory { level, aim: aim.max(level / 1_000), sum, steps });
        }
    }
}
