//! What the fuzzer calls with bytes from outside, and what the tests call with damaged samples: whatever the bytes are, the answer is
//! a sound value or an error in words.

use plasma_sim::agents::Agents;
use plasma_sim::economy::Economy;
use plasma_sim::scenario::model::token::RecordedPrice;
use plasma_sim::scenario::model::trace::{TimeColumn, TimeFormat};
use plasma_sim::scenario::{Loaded, Scenario, render_resolved, starter};
use plasma_sim::traces::{self, prices};
use plasma_sim::world;
use std::sync::{Arc, LazyLock};

/// A scenario file. What is understood can be printed and read back as the same.
pub fn scenario(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match Scenario::parse("scenario.toml", &text, &[]) {
        Ok(loaded) => {
            let printed = render_resolved(&loaded);
            let again = Scenario::parse("resolved.toml", &printed, &[]).unwrap_or_else(|error| panic!("{}", error.plain()));
            assert_eq!(again.scenario, loaded.scenario);
        }
        Err(error) => assert!(!error.plain().is_empty()),
    }
}

/// An override, as `--set` takes it.
pub fn set(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    if let Err(error) = Scenario::parse("starter.toml", starter(), &[text]) {
        assert!(!error.plain().is_empty());
    }
}

/// The starter with a trace of jobs and one of machines, each mapped by hand.
static TRACED: LazyLock<Loaded> = LazyLock::new(|| {
    let traces = r#"
[[trace]]
id = "jobs"
file = "-"
[trace.as.jobs]
program = "decode-8b"
reference = "rtx-4090"
vram = "16 GB"
reservation = { median = "0.40 USD/h", sigma = 0.4 }
[trace.mapping]
time = { column = "at", format = "seconds" }
sizes.tokens.columns = { sum = ["in", "out"] }
gpus = { column = "gpus" }
keep = [{ column = "gpus", is = "positive" }]
[[trace]]
id = "machines"
file = "-"
[trace.as.providers]
like = "gamers"
[trace.mapping]
class = { column = "model", classes = { A = "rtx-4090" } }
gpus = { column = "gpus" }
"#;
    let text = format!("{}{traces}", starter());
    Scenario::parse("traced.toml", &text, &[]).unwrap_or_else(|error| panic!("{}", error.plain()))
});

/// A table of recorded jobs, the same as a table of machines, and as one of prices.
pub fn trace(bytes: &[u8]) {
    for section in &TRACED.scenario.trace {
        if let Err(error) = traces::read(&TRACED.scenario, section, "table.csv", bytes) {
            assert!(!error.to_string().is_empty());
        }
    }
    let time = TimeColumn { column: "at".into(), format: TimeFormat::Seconds };
    match prices::read(&RecordedPrice { file: "-".into(), time, price: "in".into() }, "table.csv", bytes) {
        Ok(prices) => assert!((0..9).all(|at| prices.at(at * at * 999) > 0)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// The people of the starter, to whom a checkpoint may belong.
static PEOPLE: LazyLock<Arc<Economy>> = LazyLock::new(|| {
    let loaded = Scenario::parse("starter.toml", starter(), &[]).unwrap_or_else(|error| panic!("{}", error.plain()));
    world::economy(&loaded, 0).expect("the starter is sound")
});

/// A checkpoint of the agents.
pub fn checkpoint(bytes: &[u8]) {
    match Agents::load(bytes, PEOPLE.clone()) {
        Ok(agents) => assert!(agents.dollars().conserved()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
