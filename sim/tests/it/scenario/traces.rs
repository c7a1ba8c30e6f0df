//! Sections that play back a recorded trace.

use insta::assert_snapshot;
use plasma_sim::scenario::model::TraceUse;
use plasma_sim::scenario::{Scenario, render_resolved, starter};

/// The starter with one trace.
fn with_trace(rest: &str) -> String {
    format!("{}\n[[trace]]\nid = \"recorded\"\nfile = \"data/requests.csv\"\n{rest}", starter())
}

const JOBS: &str = r#"
[trace.as.jobs]
program = "decode-8b"
reference = "rtx-4090"
vram = "20 GB"
reservation = { median = "0.34 USD/h", sigma = 0.3 }
"#;

fn refused(text: &str) -> String {
    Scenario::parse("scenario.toml", text, &[]).expect_err("the trace is wrong").plain()
}

#[test]
fn a_preset_and_a_mapping_of_ones_own_are_read_alike() {
    let mapping = r#"
        [trace.mapping]
        time = { column = "timestamp", format = "date_time" }
        sizes.tokens.columns = { sum = ["context_tokens", "generated_tokens"] }
    "#;
    let preset = Scenario::parse("a", &with_trace(&format!("preset = \"azure-llm\"\n{JOBS}")), &[]).unwrap();
    let own = Scenario::parse("b", &with_trace(&format!("{JOBS}{mapping}")), &[]).unwrap();
    let (preset_trace, own_trace) = (&preset.scenario.trace[0], &own.scenario.trace[0]);
    assert_eq!(preset_trace.resolved_mapping(), own_trace.resolved_mapping());
    assert!(matches!(own_trace.use_as, TraceUse::Jobs(_)));
    for loaded in [preset, own] {
        let again =
            Scenario::parse("resolved", &render_resolved(&loaded), &[]).unwrap_or_else(|error| panic!("{}", error.plain()));
        assert_eq!(again.scenario, loaded.scenario);
    }
}

#[test]
fn a_trace_lies_beside_the_file_that_names_it() {
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join("base")).unwrap();
    let base = with_trace(&format!("preset = \"azure-llm\"\n{JOBS}"));
    std::fs::write(folder.path().join("base/scenario.toml"), base).unwrap();
    std::fs::write(folder.path().join("child.toml"), "extends = \"base/scenario.toml\"").unwrap();
    let loaded = Scenario::load(&folder.path().join("child.toml"), &[]).unwrap_or_else(|error| panic!("{}", error.plain()));
    assert_eq!(loaded.trace_path(&loaded.scenario.trace[0]), folder.path().join("base/data/requests.csv"));
}

#[test]
fn what_does_not_fit_is_said() {
    assert_snapshot!(refused(&with_trace(JOBS)));
    assert_snapshot!(refused(&with_trace(&format!("preset = \"azure-lm\"\n{JOBS}"))));
    assert_snapshot!(refused(&with_trace(&format!("preset = \"alibaba-pods\"\n{JOBS}"))));
    assert_snapshot!(refused(&with_trace("preset = \"azure-llm\"\n[trace.as.providers]\nlike = \"gamer\"")));
    assert_snapshot!(refused(&with_trace("preset = \"azure-llm\"\nas = \"jobs\"")));
}
