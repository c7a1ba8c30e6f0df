//! `plasma log`: counted, verified, taken elsewhere.

use crate::plasma::{Place, flat, shipped};
use serde_json::Value;

#[test]
fn stat_counts_every_record() {
    let place = Place::with_run();
    let said = place.plasma(&["log", "stat", "run", "--json"]).json();
    let records = place.manifest("run", "/log/records");
    assert_eq!((&said["records"], &said["root"]), (&records, &place.manifest("run", "/log/root")));
    assert_eq!((&said["bytes"], &said["torn_bytes"]), (&place.manifest("run", "/log/bytes"), &Value::Null));
    let kinds = said["kinds"].as_array().unwrap();
    assert_eq!(kinds.iter().map(|kind| kind["count"].as_u64().unwrap()).sum::<u64>(), records);
    assert!(kinds.iter().any(|kind| kind["kind"] == "event" && kind["name"] == "Settled"));

    let text = place.plasma(&["log", "stat", "run"]).succeeds();
    assert!(text.contains(&format!("{records} records in ")) && text.contains("command  Submit"), "{text}");
}

#[test]
fn verify_finds_a_torn_end_and_counts_what_is_whole() {
    let place = Place::with_run();
    assert!(place.plasma(&["log", "verify", "run"]).succeeds().starts_with("Sound: "));
    let log = std::fs::read(place.path("run/log.plasma")).unwrap();
    std::fs::write(place.path("run/log.plasma"), &log[..log.len() - 3]).unwrap();
    let said = place.plasma(&["log", "verify", "run"]).exits(3);
    assert!(said.contains("DIFFERS: the log breaks off at byte") && said.contains("records before it are whole"), "{said}");
    let said = place.plasma(&["log", "verify", "run/log.plasma", "--json"]).exits(3);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&said["sound"], said["differences"].as_array().unwrap().len()), (&Value::Bool(false), 2));
    assert!(place.plasma(&["replay", "run"]).exits(3).contains("the log breaks off at byte"));
}

/// Bytes up to the end of each batch, the header first.
fn ends(log: &[u8]) -> Vec<usize> {
    let word = |at: usize| u32::from_le_bytes(log[at..at + 4].try_into().unwrap()) as usize;
    let mut ends = vec![48 + word(12)];
    while let Some(&end) = ends.last().filter(|end| **end < log.len()) {
        ends.push(end + 72 + word(end + 4));
    }
    ends
}

#[test]
fn a_log_that_ends_too_early_is_never_taken_for_the_whole() {
    let place = Place::new();
    // Long enough for two batches.
    place.plasma(&["run", &shipped("small.toml"), "--out", "run"]).succeeds();
    let log = std::fs::read(place.path("run/log.plasma")).unwrap();
    let ends = ends(&log);
    assert!(ends.len() > 2, "the run has a single batch");
    std::fs::write(place.path("run/log.plasma"), &log[..ends[ends.len() - 2]]).unwrap();
    let commands =
        [&["show", "run"][..], &["log", "export", "run", "--to", "data"], &["log", "stat", "run"], &["log", "verify", "run"]];
    for command in commands {
        let said = place.plasma(command).exits(3);
        assert!(said.contains("DIFFERS: records: found ") && said.contains("the manifest says"), "{command:?}: {said}");
    }
    // As after a power cut: no manifest was written.
    std::fs::remove_file(place.path("run/manifest.json")).unwrap();
    std::fs::remove_dir_all(place.path("data")).unwrap();
    for command in commands {
        let said = place.plasma(command).exits(0);
        assert!(said.contains("There is no manifest"), "{command:?}: {said}");
    }
}

#[test]
fn an_export_that_fails_leaves_nothing_behind() {
    let place = Place::with_run();
    let mut log = std::fs::read(place.path("run/log.plasma")).unwrap();
    let middle = log.len() / 2;
    log[middle] ^= 1;
    std::fs::write(place.path("run/log.plasma"), log).unwrap();
    for format in ["parquet", "jsonl"] {
        let said = flat(&place.plasma(&["log", "export", "run", "--to", "data", "--format", format]).fails());
        assert!(said.contains("batch") && !place.path("data").exists(), "{said}");
    }
}

#[test]
fn export_writes_tables_or_lines() {
    let place = Place::with_run();
    let records = place.manifest("run", "/log/records").as_u64().unwrap();
    for format in ["parquet", "csv", "jsonl"] {
        let said = place.plasma(&["log", "export", "run", "--to", format, "--format", format]).succeeds();
        assert!(said.contains(&format!("{records} records are in {format}")), "{said}");
        let (about, files): (Vec<_>, Vec<_>) =
            place.files(format).into_iter().partition(|(path, _)| path.ends_with("fields.json"));
        let [(_, about)] = &about[..] else { panic!("one file says what the fields are") };
        let about: Value = serde_json::from_slice(about).unwrap();
        assert_eq!(about["events"]["Settled"]["fields"]["paid"], "Nano-XPL to the provider.");
        assert!(!about.to_string().contains("[`") && about["rejections"]["1"].is_string(), "{about}");
        assert!(
            !files.is_empty()
                && files.iter().all(|(path, bytes)| path.extension().is_some_and(|e| e == format) && !bytes.is_empty())
        );
        let lines = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        match format {
            "csv" => {
                assert_eq!(files.iter().map(|(_, bytes)| lines(bytes) - 1).sum::<u64>(), records, "a head and a line a record")
            }
            "jsonl" => {
                let [(_, bytes)] = &files[..] else { panic!("one file of lines") };
                assert_eq!(lines(bytes), records);
                let all_json = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
                all_json.for_each(|line| drop(serde_json::from_slice::<Value>(line).expect("a JSON line")));
            }
            _ => assert!(files.iter().all(|(_, bytes)| bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"))),
        }
    }
    let said = flat(&place.plasma(&["log", "export", "run", "--to", "csv"]).fails());
    assert!(said.contains("csv is already there") && said.contains("choose another --to"), "{said}");
}
