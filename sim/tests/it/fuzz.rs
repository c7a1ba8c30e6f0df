//! The fuzzer's targets on sound samples and on damaged ones, so that they are run wherever tests are. With `PLASMA_SEEDS` naming a
//! folder, the samples are written there for the fuzzer to begin with.

#[path = "../../fuzz/targets.rs"]
mod targets;

use plasma_core::engine::Engine;
use plasma_core::time::DAY;
use plasma_sim::scenario::{Scenario, starter};
use plasma_sim::world;
use proptest::prelude::*;
use proptest::sample::Index;
use std::sync::LazyLock;

const TABLE: &[u8] = b"at,in,out,gpus,model\n0.5,100,20,1,A\n2,5000,1000,2,A\n1,1,1,0,B\n";
const SET: &[u8] = b"demand.chat.rate=100/h";

static CHECKPOINT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let loaded = Scenario::parse("starter.toml", starter(), &[]).unwrap();
    let (genesis, agents) = world::build(&loaded, 0).unwrap();
    let mut engine = Engine::genesis(&genesis, agents, ()).unwrap();
    engine.run(genesis.start + DAY);
    engine.environment().save()
});

type Target = (&'static str, fn(&[u8]), &'static [u8]);

fn samples() -> [Target; 4] {
    [
        ("scenario", targets::scenario, starter().as_bytes()),
        ("set", targets::set, SET),
        ("trace", targets::trace, TABLE),
        ("checkpoint", targets::checkpoint, &CHECKPOINT),
    ]
}

#[test]
fn sound_samples_are_read() {
    for (name, target, sample) in samples() {
        target(sample);
        if let Some(seeds) = std::env::var_os("PLASMA_SEEDS").map(std::path::PathBuf::from) {
            std::fs::create_dir_all(seeds.join(name)).unwrap();
            std::fs::write(seeds.join(name).join("sample"), sample).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(debug_assertions) { 16 } else { 300 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_samples_are_refused_or_harmless(
        edits in prop::collection::vec((any::<Index>(), any::<u8>(), any::<u8>()), 1..6),
        cut in prop::option::weighted(0.2, any::<Index>()),
    ) {
        for (_, target, sample) in samples() {
            let mut bytes = sample.to_vec();
            for (at, how, with) in &edits {
                let at = at.index(bytes.len());
                match how % 3 {
                    0 => drop(bytes.splice(at..at, [*with; 3])),
                    1 => drop(bytes.drain(at..(at + usize::from(with % 8)).min(bytes.len() - 1))),
                    _ => bytes[at] = *with,
                }
            }
            if let Some(cut) = &cut {
                bytes.truncate(cut.index(bytes.len() + 1));
            }
            target(&bytes);
        }
    }
}
