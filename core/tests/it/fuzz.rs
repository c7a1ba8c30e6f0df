//! The fuzzer's targets on sound samples and on damaged ones, so that they are run wherever tests are. With `PLASMA_SEEDS` naming a
//! folder, the samples are written there for the fuzzer to begin with.

#[path = "../../fuzz/targets.rs"]
mod targets;

use crate::log::{world, write};
use crate::testing::Script;
use plasma_core::engine::Engine;
use plasma_core::log::reader::Reader;
use proptest::prelude::*;
use proptest::sample::Index;
use std::sync::LazyLock;

/// One sound sample for each target.
struct Samples {
    log: Vec<u8>,
    batch: Vec<u8>,
    snapshot: Vec<u8>,
    genesis: Vec<u8>,
}

static SAMPLES: LazyLock<Samples> = LazyLock::new(|| {
    let written = write("fuzz", 24);
    let log = std::fs::read(&written.path).unwrap();
    let batch = Reader::open(&written.path).unwrap().next_batch().unwrap().expect("a batch").bytes().to_vec();
    let mut engine = Engine::genesis(&world(), Script::new(written.play.commands.iter().copied()), ()).unwrap();
    engine.run(written.play.until);
    Samples { log, batch, snapshot: engine.snapshot().into_vec(), genesis: world().to_bytes() }
});

#[test]
fn sound_samples_are_read() {
    let samples = &*SAMPLES;
    let folder = tempfile::tempdir().unwrap();
    targets::log(&folder.path().join("log"), &samples.log);
    targets::batch(&samples.batch);
    targets::snapshot(&samples.snapshot);
    targets::genesis(&samples.genesis);
    if let Some(seeds) = std::env::var_os("PLASMA_SEEDS").map(std::path::PathBuf::from) {
        let named =
            [("log", &samples.log), ("batch", &samples.batch), ("snapshot", &samples.snapshot), ("genesis", &samples.genesis)];
        for (name, bytes) in named {
            std::fs::create_dir_all(seeds.join(name)).unwrap();
            std::fs::write(seeds.join(name).join("sample"), bytes).unwrap();
        }
    }
}

/// What can happen to bytes: some are changed, some cut out, some put in, and the end is lost.
fn damaged(sample: &[u8], edits: &[(Index, u8, u8)], cut: Option<&Index>) -> Vec<u8> {
    let mut bytes = sample.to_vec();
    for (at, how, with) in edits {
        let at = at.index(bytes.len().max(1)).min(bytes.len().saturating_sub(1));
        match how % 4 {
            0 => drop(bytes.splice(at..at, [*with; 3])),
            1 => drop(bytes.drain(at..(at + usize::from(*with)).min(bytes.len()))),
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = *with;
                }
            }
        }
    }
    if let Some(cut) = cut {
        bytes.truncate(cut.index(bytes.len() + 1));
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(debug_assertions) { 16 } else { 500 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_samples_are_refused_or_harmless(
        edits in prop::collection::vec((any::<Index>(), any::<u8>(), any::<u8>()), 1..6),
        cut in prop::option::weighted(0.2, any::<Index>()),
    ) {
        let samples = &*SAMPLES;
        let of = |sample: &[u8]| damaged(sample, &edits, cut.as_ref());
        let folder = tempfile::tempdir().unwrap();
        targets::log(&folder.path().join("log"), &of(&samples.log));
        targets::batch(&of(&samples.batch));
        targets::snapshot(&of(&samples.snapshot));
        targets::genesis(&of(&samples.genesis));
    }
}
