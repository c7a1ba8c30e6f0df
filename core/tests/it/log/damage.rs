//! Files that are cut short or changed, at every byte there is.

use super::{create, read, write};
use plasma_core::log::reader::{Reader, Tail};
use plasma_core::log::{FORMAT, Level, LogError};
use std::path::Path;

/// Where the header ends and each whole batch after it, with the records up to there.
fn ends(path: &Path) -> Vec<(u64, u64)> {
    let mut reader = Reader::open(path).unwrap();
    let mut ends = vec![(reader.position().bytes, 0)];
    while reader.next_batch().unwrap().is_some() {
        ends.push((reader.position().bytes, reader.position().records));
    }
    ends
}

#[test]
fn a_file_cut_at_any_byte_opens_up_to_its_last_whole_batch() {
    let written = write("cut", 24);
    let (bytes, ends) = (std::fs::read(&written.path).unwrap(), ends(&written.path));
    let header = ends[0].0 as usize;
    let cut_file = written.path.with_file_name("cut");
    for cut in 0..bytes.len() {
        std::fs::write(&cut_file, &bytes[..cut]).unwrap();
        if cut < header {
            let error = read(&cut_file).err().unwrap_or_else(|| panic!("half a header of {cut} bytes was believed"));
            assert!(matches!(error, LogError::NotALog { .. } | LogError::Header { .. }), "cut at {cut}: {error}");
            continue;
        }
        let (_, position, tail) = read(&cut_file).unwrap_or_else(|error| panic!("cut at {cut}: {error}"));
        let &(end, records) = ends.iter().rfind(|(end, _)| *end <= cut as u64).unwrap();
        assert_eq!((position.bytes, position.records), (end, records), "cut at {cut}");
        let left = cut as u64 - end;
        assert_eq!(tail, (left > 0).then_some(Tail { offset: end, bytes: left }), "cut at {cut}");
    }
}

#[test]
fn a_changed_byte_is_found_wherever_it_is_and_its_batch_is_named() {
    let written = write("flip", 8);
    let (sound, ends) = (std::fs::read(&written.path).unwrap(), ends(&written.path));
    let flipped_file = written.path.with_file_name("flipped");
    let flips: &[u8] = if cfg!(debug_assertions) { &[1] } else { &[1, 1 << 7] };
    for (at, flip) in (0..sound.len()).flat_map(|at| flips.iter().map(move |flip| (at, flip))) {
        let mut bytes = sound.clone();
        bytes[at] ^= flip;
        std::fs::write(&flipped_file, &bytes).unwrap();
        let error = read(&flipped_file).err().unwrap_or_else(|| panic!("byte {at} changed by {flip} was believed"));
        let batch = ends.iter().filter(|(end, _)| *end <= at as u64).count();
        match error {
            LogError::NotALog { .. } | LogError::Header { .. } | LogError::Version { .. } => {
                assert_eq!(batch, 0, "byte {at}: {error}")
            }
            LogError::Corrupt { batch: named, offset, .. } => {
                assert_eq!((named + 1, offset), (batch as u64, ends[batch - 1].0), "byte {at}: {error}");
            }
            _ => panic!("byte {at}: {error}"),
        }
    }
}

#[test]
fn batches_left_out_doubled_or_exchanged_break_the_chain() {
    let written = write("order", 60);
    let (bytes, ends) = (std::fs::read(&written.path).unwrap(), ends(&written.path));
    let part = |i: usize| &bytes[ends[i].0 as usize..ends[i + 1].0 as usize];
    let head = &bytes[..ends[1].0 as usize];
    let path = written.path.with_file_name("reordered");
    for (what, tail) in [("left out", vec![part(2)]), ("doubled", vec![part(0)]), ("exchanged", vec![part(2), part(1)])] {
        std::fs::write(&path, [head, &tail.concat()].concat()).unwrap();
        let error = read(&path).err().unwrap_or_else(|| panic!("a batch {what} was believed"));
        assert!(matches!(error, LogError::Corrupt { batch: 1, .. }), "{what}: {error}");
        assert!(error.to_string().contains("hash chain"), "{what}: {error}");
    }
}

#[test]
fn what_is_no_log_is_called_that() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let refusal = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        Reader::open(&path).err().expect("no log").to_string()
    };
    assert!(refusal(b"").contains("it is empty"));
    assert!(refusal(b"PLASMALG").contains("ends within its header"));
    assert!(refusal(b"PK\x03\x04 something else altogether").contains("it starts with other bytes"));

    create(&path.with_file_name("sound"), Level::Full).finish().unwrap();
    let sound = std::fs::read(path.with_file_name("sound")).unwrap();
    let with = |at: usize, word: u32| {
        let mut bytes = sound.clone();
        bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
        bytes
    };
    assert!(refusal(&with(8, FORMAT + 1)).contains(&format!("log format {}, this binary reads format {FORMAT}", FORMAT + 1)));
    for length in [0, 1, sound.len() as u32 - 49, sound.len() as u32 - 47, u32::MAX] {
        let why = refusal(&with(12, length));
        assert!(why.contains("its header was changed") || why.contains("ends within its header"), "{length}: {why}");
    }
    let missing = Reader::open(&path.with_file_name("missing")).err().unwrap();
    assert!(matches!(missing, LogError::Io { .. }), "{missing}");
}
