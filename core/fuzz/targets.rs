//! What the fuzzer calls with bytes from outside, and what the tests call with damaged samples: whatever the bytes are, the answer is
//! a sound value or an error in words.

use plasma_core::engine::{Engine, Silence};
use plasma_core::genesis::Genesis;
use plasma_core::log::audit::audit;
use plasma_core::log::batch::ArchivedBatch;
use plasma_core::log::reader::Reader;
use plasma_core::protocol::check_invariants;
use plasma_core::time::HOUR;
use rkyv::util::AlignedVec;
use std::ops::ControlFlow;
use std::path::Path;

/// A log file: read, folded, and played back through the engine.
pub fn log(file: &Path, bytes: &[u8]) {
    std::fs::write(file, bytes).expect("room for a small file");
    let Ok(mut reader) = Reader::open(file) else { return };
    while let Ok(Some(loaded)) = reader.next_batch() {
        if let Ok(batch) = loaded.batch(file) {
            assert_eq!(lines(batch), batch.len());
        }
    }
    if let Ok(reader) = Reader::open(file)
        && let Ok((mut replay, ..)) = reader.replay(|_| ())
    {
        let _ = replay.digest();
    }
    if let Err(error) = audit(file, None, 1, |_| ()) {
        assert!(!error.to_string().is_empty());
    }
}

/// The bytes of one batch.
pub fn batch(bytes: &[u8]) {
    let mut aligned = AlignedVec::<16>::with_capacity(bytes.len());
    aligned.extend_from_slice(bytes);
    match ArchivedBatch::open(&aligned) {
        Ok(batch) => assert_eq!(lines(batch), batch.len()),
        Err(error) => assert!(!error.is_empty()),
    }
}

fn lines(batch: &ArchivedBatch) -> usize {
    let mut lines = 0;
    let _ = batch.lines(|_| {
        lines += 1;
        ControlFlow::<()>::Continue(())
    });
    lines
}

/// A snapshot: restored, found sound, and run for an hour.
pub fn snapshot(bytes: &[u8]) {
    let Ok(mut engine) = Engine::restore(bytes, Silence, ()) else { return };
    engine.view_derived(|state, derived| check_invariants(state).and_then(|()| derived.check(state))).expect("it was checked");
    let now = engine.view(|state| state.clock.now);
    engine.run_epoch(now.saturating_add(HOUR));
}

/// A genesis: checked, and run for an hour.
pub fn genesis(bytes: &[u8]) {
    let Ok(genesis) = Genesis::from_bytes(bytes) else { return };
    let Ok(mut engine) = Engine::genesis(&genesis, Silence, ()) else { return };
    engine.run_epoch(genesis.start.saturating_add(HOUR));
}
