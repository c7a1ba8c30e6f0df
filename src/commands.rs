//! What each subcommand does.

mod audit;
pub mod calc;
mod gpu;
mod log;
mod replay;
mod run;
mod scenario;
mod show;

use crate::Outcome;
use crate::cli::{Cli, Command};
use crate::console::{self, say};
use clap::CommandFactory;
use plasma_core::log::LogError;
use plasma_core::time::Time;
use plasma_sim::scenario::quantity::{Quantity, SpanMs};

/// Runs a subcommand.
pub fn dispatch(command: Command) -> miette::Result<Outcome> {
    match command {
        Command::Run(args) => run::run(&args),
        Command::Replay(args) => replay::replay(&args),
        Command::Audit(args) => audit::audit(&args),
        Command::Show(args) => show::show(&args),
        Command::Log(args) => log::log(&args),
        Command::Calc(args) => calc::calc(&args),
        Command::Gpu(args) => gpu::gpu(&args),
        Command::New(args) => scenario::new(&args),
        Command::Check(args) => scenario::check(&args),
        Command::Schema => scenario::schema(),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "plasma", &mut script);
            console::print(format_args!("{}", String::from_utf8_lossy(&script)));
            Ok(Outcome::Done)
        }
    }
}

/// A moment as people write it: a date, a timestamp, or a time after `start`.
fn moment(text: &str, start: Time) -> miette::Result<Time> {
    if let Ok(SpanMs(span)) = SpanMs::read(text) {
        return Ok(start.saturating_add(span));
    }
    let date = text.parse::<jiff::civil::Date>().ok().and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC).ok());
    let timestamp = date.map(|zoned| zoned.timestamp()).or_else(|| text.parse::<jiff::Timestamp>().ok());
    let ms = timestamp.and_then(|timestamp| u64::try_from(timestamp.as_millisecond()).ok());
    ms.ok_or_else(|| {
        let help = "write a date (2027-03-01), a timestamp (2027-03-01T12:00:00Z), or a time after the start (90d, 1y)";
        miette::miette!(help = help, "`{text}` is no moment")
    })
}

/// Says that a log is not what was written: something checked differs.
fn damaged(error: &LogError, json: bool) -> miette::Result<Outcome> {
    if json {
        say!("{}", serde_json::json!({ "differences": [error.to_string()] }));
    } else {
        say!("DIFFERS: {error}");
    }
    Ok(Outcome::Differs)
}
