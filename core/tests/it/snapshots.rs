//! Damaged snapshots: an error or a sound state, never a panic.

use crate::director::{drafts, play};
use crate::properties::engine;
use crate::worlds;
use plasma_core::engine::{Engine, Silence};
use plasma_core::protocol::check_invariants;
use proptest::prelude::*;
use proptest::sample::Index;

const DAMAGES: u32 = if cfg!(debug_assertions) { 8 } else { 250 };

proptest! {
    #![proptest_config(ProptestConfig { cases: DAMAGES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damage_is_told_or_harmless(
        genesis in worlds::genesis(),
        drafts in drafts(20..60),
        flips in prop::collection::vec((any::<Index>(), any::<u8>()), 1..4),
        cut in prop::option::weighted(0.1, any::<Index>()),
    ) {
        let play = play(&genesis, &drafts);
        let at = play.commands.last().expect("commands").time;
        let mut original = engine(&genesis, &play);
        original.run(at);
        let sound = original.snapshot().to_vec();
        // A hundred ways to damage each snapshot: one byte early on seldom matters.
        for salt in 0..100usize {
            let mut bytes = sound.clone();
            for (at, with) in &flips {
                let position = (at.index(bytes.len()) + salt * 7_919) % bytes.len();
                bytes[position] ^= with.wrapping_add(salt as u8).max(1);
            }
            if let Some(cut) = cut.filter(|_| salt == 0) {
                bytes.truncate(cut.index(bytes.len()));
            }
            if let Ok(mut restored) = Engine::restore(&bytes, Silence, ()) {
                restored.view_derived(|state, derived| check_invariants(state).and_then(|()| derived.check(state))).unwrap();
                restored.run_epoch(at + 1);
            }
        }
    }
}
