//! Every scenario that ships, played through its whole calendar at a tiny scale, and what must hold of any of them.

use crate::plasma::{Place, repository};
use serde_json::Value;

/// Tables as their publishers write them, and the scenarios that play them.
const TABLES: [(&str, &str, &str); 4] = [
    (
        "trace-azure-llm",
        "requests",
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:00:00,374000,44000\n2023-11-16 18:20:00,90000,10000\n",
    ),
    ("trace-alibaba-cluster", "nodes", "sn,cpu_milli,memory_mib,gpu,model\na,1,1,8,V100M16\nb,1,1,1,V100M16\n"),
    (
        "trace-alibaba-cluster",
        "pods",
        "num_gpu,gpu_milli,creation_time,deletion_time,scheduled_time\n1,460,9936000,9946000,9936007\n2,1000,9990000,9999000,9990000\n",
    ),
    (
        "trace-alibaba-images",
        "requests",
        "gmt_create,predict_status,exec_time_seconds\n2024-11-15 16:57:50,SUCCEED,32.0\n2024-11-15 18:16:14,FAILED,\n",
    ),
];

/// The names of the scenarios: the files that ask something.
fn names() -> Vec<String> {
    let files = std::fs::read_dir(repository().join("scenarios")).expect("a folder").map(|entry| entry.expect("an entry").path());
    let asks = |path: &std::path::PathBuf| {
        path.extension().is_some_and(|kind| kind == "toml")
            && std::fs::read_to_string(path).is_ok_and(|text| text.lines().any(|line| line.starts_with("question = ")))
    };
    let mut names: Vec<String> = files.filter(asks).filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    names
}

/// Plays a scenario through all its time, as small as it can be.
fn played(place: &Place, name: &str) -> (Value, Value) {
    let scale = match name {
        "small" => "1/10",
        _ if name.starts_with("trace-") => "1",
        _ => "1/1000",
    };
    let mut sets = vec![format!("scale={scale}")];
    for (_, trace, table) in TABLES.iter().filter(|(scenario, ..)| *scenario == name) {
        let file = place.path(&format!("{name}-{trace}.csv"));
        std::fs::write(&file, table).expect("a file");
        sets.push(format!("trace.{trace}.file={}", file.display()));
    }
    let file = crate::plasma::shipped(&format!("{name}.toml"));
    let mut arguments = vec!["run", &file, "--log", "none", "--out", name];
    sets.iter().for_each(|set| arguments.extend(["--set", set]));
    place.plasma(&arguments).exits(0);
    (place.json(&format!("{name}/summary.json")), place.json(&format!("{name}/manifest.json")))
}

#[test]
fn every_scenario_plays_to_its_end_and_its_books_balance() {
    let (place, names) = (Place::new(), names());
    assert!(names.len() > 40, "{names:?}");
    for name in &names {
        let (summary, manifest) = played(&place, name);
        assert_eq!(manifest["complete"], Value::Bool(true), "{name}");
        let columns = summary["columns"].as_array().expect("columns");
        for column in columns {
            let value = |metric: &str| column["values"][metric].as_f64();
            let known = |metric: &str| value(metric).unwrap_or_else(|| panic!("{name}: {metric} is null"));
            let supply = known("supply_opened") + known("minted") - known("burned");
            assert!((known("supply") - supply).abs() <= 1e-9 * supply, "{name}: {} is not {supply} XPL", known("supply"));
            for share in
                ["utilisation", "completion_rate", "deadline_miss_rate", "organic_share", "subsidy_share", "staked_share"]
            {
                assert!(value(share).is_none_or(|share| (0.0..=1.0).contains(&share)), "{name}: {share} {:?}", value(share));
            }
            assert!(known("jobs_waited") <= known("jobs_leased"), "{name}");
        }
        assert!(columns[0]["values"]["utilisation"].is_number(), "{name}: nobody offered a GPU");
        let report = std::fs::read_to_string(place.path(&format!("{name}/report.html"))).expect("a report");
        assert!(!report.contains("NaN") && report.contains("Expected") && report.contains("<svg "), "{name}");
    }
}

/// What a trace says of its own waits stands beside what came out, in the summary and in the report.
#[test]
fn a_traces_own_waits_stand_beside_what_came_out() {
    let place = Place::new();
    let (summary, _) = played(&place, "trace-alibaba-cluster");
    let recorded = &summary["recordings"][0];
    assert_eq!((&recorded["trace"], &recorded["jobs"]), (&"pods".into(), &2.into()));
    assert_eq!((&recorded["waits"]["waited"], &recorded["waits"]["p99"]), (&1.into(), &7.0.into()));
    let report = std::fs::read_to_string(place.path("trace-alibaba-cluster/report.html")).expect("a report");
    assert!(report.contains("Waits, as recorded and here") && report.contains("1 (50.0 %)"), "{report}");
    // Two jobs of one GPU and of two, on nine: nobody waits here.
    assert_eq!(summary["columns"][0]["values"]["jobs_waited"], 0.0);
    let (summary, _) = played(&place, "trace-alibaba-images");
    assert_eq!(summary["recordings"][0]["waits"], Value::Null);
}

/// What builders cost and what they bring stand side by side: milestones of 50,000 XPL at ten cents, attempts of 2,500 dollars.
#[test]
fn a_grant_is_counted_from_the_fund_to_what_it_brings() {
    let place = Place::new();
    let file = crate::plasma::shipped("builders-grants.toml");
    place.plasma(&["run", &file, "--log", "none", "--out", "grant"]).exits(0);
    let summary = place.json("grant/summary.json");
    let value = |metric: &str| summary["columns"][0]["values"][metric].as_f64().unwrap_or_else(|| panic!("{metric} is null"));
    let (paid, spent) = (value("builders_paid"), value("builders_spent_usd"));
    assert!(paid > 0.0 && paid % 50_000.0 == 0.0 && spent > 0.0 && spent % 2_500.0 == 0.0, "{paid} XPL, {spent} dollars");
    assert!((value("builders_paid_usd") - paid / 10.0).abs() < 1e-6 * paid, "{}", value("builders_paid_usd"));
    let (came, stayed) = (value("candidates_brought"), value("jobs_brought"));
    assert!(0.0 < stayed && stayed < came && came < value("candidates") / 10.0, "{stayed} of {came}");
    assert!((1.0..20.0).contains(&(value("payments_brought_usd") / stayed)), "{} for {stayed}", value("payments_brought_usd"));
}
