//! One pinned stream of commands, one pinned digest: a change of any rule or of the state's layout shows here, and debug and
//! release builds must agree.

use crate::director::{Draft, play};
use crate::properties::engine;
use crate::testing;
use plasma_core::time::HOUR;

/// Change it together with a rule, and say so in the commit.
const DIGEST: &str = "b20aeb90c1de6a0b9cfb89ab9b190791502cc74a6bd6091261ed3c433133f3e0";

#[test]
fn the_pinned_stream_ends_in_the_pinned_digest() {
    let genesis = testing::genesis(&[("verification.rate", 500_000_000), ("epoch.length", HOUR)]);
    let mut stream = blake3::Hasher::new().update(b"golden").finalize_xof();
    let drafts = std::iter::repeat_with(|| {
        let mut bytes = [0; 9];
        stream.fill(&mut bytes);
        let [wait, kind, who, which, amount, detail @ ..] = bytes;
        Draft { wait, kind, who, which, amount, detail: u32::from_le_bytes(detail) }
    });
    let drafts: Vec<Draft> = drafts.take(400).collect();
    let play = play(&genesis, &drafts);
    let mut engine = engine(&genesis, &play);
    engine.run(play.until);
    let digest: String = engine.digest().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest, DIGEST);
}
