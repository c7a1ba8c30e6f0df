//! `plasma log`: counted, verified, taken elsewhere.

use crate::plasma::{Place, flat};
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
    assert!(said.contains("DAMAGED: the file breaks off at byte") && said.contains("records before it are whole"), "{said}");
    let said = place.plasma(&["log", "verify", "run/log.plasma", "--json"]).exits(3);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&said["sound"], said["faults"].as_array().unwrap().len()), (&Value::Bool(false), 1));
    assert!(place.plasma(&["replay", "run"]).exits(3).contains("the log breaks off at byte"));
}

#[test]
fn export_writes_tables_or_lines() {
    let place = Place::with_run();
    let records = place.manifest("run", "/log/records").as_u64().unwrap();
    for format in ["parquet", "csv", "jsonl"] {
        let said = place.plasma(&["log", "export", "run", "--to", format, "--format", format]).succeeds();
        assert!(said.contains(&format!("{records} records are in {format}")), "{said}");
        let files = place.files(format);
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
