//! What is written, read back.

use crate::economy::{metrics, run};
use plasma_core::engine::state::State;
use plasma_core::engine::step::Observer;
use plasma_core::record::{Event, Record};
use plasma_reports::beside::{Beside, RecordedWaits, Recording};
use plasma_reports::books::{Book, Entry};
use plasma_reports::metrics::failure::SIGNATURES;
use plasma_reports::metrics::guard::GUARDS;
use plasma_reports::metrics::observed::{Attacker, Observed, Standing};
use plasma_reports::metrics::table::METRICS;
use plasma_reports::{Attack, Exporter, Format, Provenance, Summary, frames, report_html, write_charts, write_parquet};
use polars_io::SerReader;
use polars_io::parquet::read::ParquetReader;
use std::path::Path;

fn read(path: &Path) -> polars_core::prelude::DataFrame {
    ParquetReader::new(std::fs::File::open(path).unwrap()).finish().unwrap()
}

#[test]
fn parquet_reads_back_as_it_was() {
    let (metrics, dir) = (metrics(), tempfile::tempdir().unwrap());
    write_parquet(&metrics, dir.path()).unwrap();
    assert!(read(&dir.path().join("metrics.parquet")).equals_missing(&frames::metrics_frame(&metrics.rows()).unwrap()));
    assert!(
        read(&dir.path().join("classes.parquet"))
            .equals_missing(&frames::classes_frame(metrics.class_names(), &metrics.rows()).unwrap())
    );
    assert!(read(&dir.path().join("regions.parquet")).equals_missing(&frames::regions_frame(&metrics.rows()).unwrap()));
    let amounts = read(&dir.path().join("amounts.parquet"));
    assert!(amounts.equals_missing(&frames::amounts_frame(&metrics.rows()).unwrap()));
    let supply: Vec<u128> = amounts.column("supply_nano").unwrap().u64().unwrap().iter().flatten().map(u128::from).collect();
    assert_eq!(supply, metrics.rows().iter().map(|row| row.stocks.supply).collect::<Vec<_>>());
    let schema: serde_json::Value = serde_json::from_slice(&std::fs::read(dir.path().join("metrics.json")).unwrap()).unwrap();
    assert_eq!(schema["metrics"].as_array().unwrap().len(), METRICS.len());
    assert_eq!((&schema["metrics"][2]["unit"], &schema["reference"]), (&"XPL".into(), &"small".into()));
    let (failures, guards) = (schema["failures"].as_array().unwrap(), schema["guards"].as_array().unwrap());
    assert_eq!((failures.len(), guards.len()), (SIGNATURES.len(), GUARDS.len()));
    assert!(failures.iter().all(|sign| sign["formula"].is_string() && sign["question"].is_string() && sign["days"].is_u64()));
    let deterrence = guards.iter().find(|guard| guard["metric"] == "deterrence_usd").unwrap();
    assert_eq!((&deterrence["judged"], &deterrence["healthy"]), (&"median_day".into(), &serde_json::json!([0.0, null])));
    assert!(guards.iter().all(|guard| guard["source"].is_string()));
}

#[test]
fn an_error_names_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let errors = [
        write_parquet(&metrics(), &file).unwrap_err(),
        write_charts(&metrics(), &file, "").unwrap_err(),
        Exporter::new(&file, Format::Csv).err().unwrap(),
    ];
    errors.iter().for_each(|error| assert!(error.to_string().contains(&*file.to_string_lossy()), "{error}"));
}

#[test]
fn the_summary_reads_at_a_glance() {
    insta::assert_snapshot!(Summary::of(&metrics()));
}

#[test]
fn what_a_trace_records_stands_beside_what_came_out() {
    let waits = RecordedWaits { waited: 3, p50: 0.0, p95: 90.0, p99: 7_200.0 };
    let recordings = vec![
        Recording { trace: "pods".into(), jobs: 4, waits: Some(waits) },
        Recording { trace: "requests".into(), jobs: 12, waits: None },
    ];
    let summary = Summary::of(&metrics()).beside(recordings);
    let beside = Beside::of(&summary).unwrap();
    assert_eq!(beside.heads, ["trace pods", "trace requests", "this run"]);
    insta::assert_snapshot!(beside);
    assert!(summary.to_string().contains(&beside.to_string()));
    assert!(Beside::of(&Summary::of(&metrics())).is_none(), "nothing was recorded");
}

/// Somebody who sold part of what then lost five eighths of its price, and somebody of whom nothing is known but the books.
#[test]
fn attackers_are_said_to_have_done_what_they_did_and_when() {
    let mut metrics = metrics();
    let usd = |dollars: u64| dollars * 1_000_000;
    let books = |name: &str, worth, idle| Attacker { name: name.into(), means: usd(800), worth: usd(worth), idle: usd(idle) };
    let attackers = vec![books("whale", 500, 300), books("other", 900, 800)];
    metrics.observe(Observed { now: Standing { attackers, ..Standing::default() }, ..Observed::default() });
    let whale = Attack { name: "whale".into(), what: "sells".into(), from: "2027-09-25".into(), until: String::new() };
    let html = report_html(&metrics, &Provenance { attacks: vec![whale], ..Provenance::default() }).unwrap();
    let cells = |cells: [&str; 4]| cells.map(|cell| format!("<td>{cell}</td>")).concat();
    let deed = "whale sells<br><span class=\"note\">2027-09-25 to the end</span></th>";
    assert!(html.contains(&format!("{deed}{}", cells(["800", "500", "-300", "-500"]))), "{html}");
    assert!(html.contains(&format!("other</th>{}", cells(["800", "900", "100", "0"]))), "{html}");
    assert!(html.contains("an honest twin"));
    let text = Summary::of(&metrics).to_string();
    let line = text.lines().find(|line| line.contains("whale")).unwrap();
    assert_eq!(line.split_whitespace().collect::<Vec<_>>(), ["whale", "800", "500", "-300", "-500"]);
}

#[test]
fn the_report_is_whole_and_inert() {
    let evil = "<script>alert(1)</script>".to_owned();
    let provenance = Provenance {
        title: evil.clone(),
        question: evil.clone(),
        expectation: evil.clone(),
        finding: evil.clone(),
        changed: false,
        facts: vec![("seed".into(), "42".into()), (evil.clone(), evil.clone())],
        recordings: Vec::new(),
        books: vec![Book { who: evil.clone(), entries: vec![Entry::xpl("sold", 1_500_000_000)] }],
        attacks: Vec::new(),
        scenario: evil,
    };
    let html = report_html(&metrics(), &provenance).unwrap();
    assert!(html.contains("<td>1.50 XPL</td>"));
    assert!(!html.contains("<script") && html.contains("&lt;script&gt;"));
    assert!(!html.contains("NaN") && !html.contains("href=") && !html.contains("src="));
    assert_eq!(html.matches("<svg ").count(), html.matches("</svg>").count());
    let skeleton: Vec<&str> =
        html.lines().filter(|line| ["<h1", "<h2", "<h3", "<tr class"].iter().any(|t| line.starts_with(t))).collect();
    insta::assert_snapshot!(skeleton.join("\n"));
}

struct Exporting(Option<Exporter>);

impl Observer for Exporting {
    fn cause(&mut self, _view: &State, record: &Record) {
        self.0.as_mut().unwrap().cause(record).unwrap();
    }
    fn event(&mut self, _view: &State, record: &Record, event: &Event) {
        self.0.as_mut().unwrap().event(record, event).unwrap();
    }
}

fn export(dir: &Path, format: Format) -> u64 {
    let exporter = Exporting(Some(Exporter::new(dir, format).unwrap()));
    run(3, exporter).into_parts().1.0.unwrap().finish().unwrap()
}

#[test]
fn the_log_exports_by_kind() {
    let dir = tempfile::tempdir().unwrap();
    let records = export(dir.path(), Format::Parquet);
    let settled = read(&dir.path().join("events/Settled.parquet"));
    let paid: Vec<u64> = settled.column("paid").unwrap().u64().unwrap().iter().flatten().collect();
    assert_eq!(paid, [5_130_000_000_000, 3_420_000_000_000, 3_420_000_000_000, 142_500_000_000]);
    let mut reader = ParquetReader::new(std::fs::File::open(dir.path().join("events/Settled.parquet")).unwrap());
    let about = reader.get_metadata().unwrap().key_value_metadata.clone().unwrap();
    let about = about.iter().find(|pair| pair.key == "plasma").unwrap().value.as_deref().unwrap();
    assert!(about.contains(r#""paid":"Nano-XPL to the provider.""#), "{about}");
    let commits = read(&dir.path().join("commands/Commit.parquet"));
    assert_eq!(commits.column("commitment").unwrap().str().unwrap().get(0).unwrap().len(), 64);
    assert!(commits.column("record").unwrap().u64().unwrap().iter().flatten().all(|record| record < records));
    assert_eq!(read(&dir.path().join("timers/LeaseOverdue.parquet")).height(), 1);
    assert_eq!(
        read(&dir.path().join("commands/Submit.parquet")).column("sizes_0").unwrap().u64().unwrap().get(0),
        Some(3_600_000)
    );
}

#[test]
fn the_log_exports_as_csv_and_as_json_lines() {
    let dir = tempfile::tempdir().unwrap();
    let records = export(&dir.path().join("csv"), Format::Csv);
    let csv = std::fs::read_to_string(dir.path().join("csv/events/Slashed.csv")).unwrap();
    insta::assert_snapshot!(csv);
    assert_eq!(export(&dir.path().join("json"), Format::JsonLines), records);
    let text = std::fs::read_to_string(dir.path().join("json/records.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len() as u64, records);
    assert!(lines.iter().enumerate().all(|(number, line)| line["record"] == number));
    insta::assert_snapshot!(text.lines().find(|line| line.contains("\"Leased\"")).unwrap());
}
