//! What is pinned: a stream of commands with its final digest, and a log file with its root. A change of any rule, of the state's
//! layout or of the file's shows here, and debug and release builds must agree.

use crate::director::{pinned, play};
use crate::log::{Written, world, write};
use crate::properties::engine;
use plasma_core::log::audit::audit;
use plasma_core::log::reader::Reader;
use std::path::{Path, PathBuf};

/// Final state of the pinned stream. Change it together with a rule, and say so in the commit.
const DIGEST: &str = "d7c20fc641c368e1dd61408dfde5e558262424c3b796961faf2d50a2be70357f";

/// Root of the pinned log. `PLASMA_WRITE_GOLDEN=1 cargo test -p plasma-core --test it golden` writes the file anew and prints it:
/// only after a change of rules or format, which must also change [`plasma_core::log::RULES`] or [`plasma_core::log::FORMAT`].
const ROOT: &str = "8e6540575f8d3c5d8eaeb7941900e141fd8267b8853712228c274df885c158c0";

fn hex(bytes: [u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1.plasma")
}

#[test]
fn the_pinned_stream_ends_in_the_pinned_digest() {
    let genesis = world();
    let play = play(&genesis, &pinned("golden", 1_000));
    let mut engine = engine(&genesis, &play);
    engine.run(play.until);
    assert_eq!(hex(engine.digest()), DIGEST);
}

#[test]
fn the_committed_log_still_opens_replays_and_audits() {
    if std::env::var_os("PLASMA_WRITE_GOLDEN").is_some() {
        let written = write("golden", 1_000);
        std::fs::copy(&written.path, file()).expect("the repository is writable");
        println!("the golden log's root is now {}", hex(written.position.root));
    }
    let (mut replay, position, tail) = Reader::open(&file()).and_then(|reader| reader.replay(|_| {})).unwrap();
    assert_eq!(tail, None);
    assert_eq!(hex(position.root), ROOT);
    assert_eq!(hex(replay.digest()), DIGEST);
    for cuts in 0..4 {
        let audited = audit(&file(), Some(replay.view(|view| view.clock.now)), cuts, |_| {}).unwrap();
        assert_eq!(audited.difference, None);
        assert_eq!((hex(audited.digest), audited.position), (DIGEST.into(), position));
    }
}

#[test]
fn the_same_run_writes_the_same_log_today() {
    let Written { position, digest, .. } = write("golden", 1_000);
    assert_eq!((hex(position.root), hex(digest)), (ROOT.into(), DIGEST.into()));
}
