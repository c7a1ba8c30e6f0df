//! What each subcommand does.

mod audit;
pub mod calc;
mod counter;
mod gpu;
mod log;
mod replay;
mod replicate;
mod run;
mod scenario;
mod show;
mod words;

use crate::Outcome;
use crate::cli::{Cli, Command};
use crate::compare::Compared;
use crate::console::{self, say};
use clap::CommandFactory;
use plasma_core::log::LogError;
use plasma_core::time::Time;
use plasma_sim::scenario::quantity::{Quantity, SpanMs};

/// Runs a subcommand.
pub fn dispatch(command: Command) -> miette::Result<Outcome> {
    match command {
        Command::Run(args) => run::run(&args),
        Command::Replicate(args) => replicate::replicate(&args),
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
    // Without an offset a time is UTC. The parser of such times would pass over an offset or a zone: they are for the other one.
    let bare = !text.contains(['+', '[', 'Z']) && text.matches('-').count() == 2;
    let civil = || text.parse::<jiff::civil::DateTime>().ok().filter(|_| bare);
    let utc = || jiff::tz::TimeZone::UTC.to_timestamp(civil()?).ok();
    let timestamp = text.parse::<jiff::Timestamp>().ok().or_else(utc);
    let ms = timestamp.and_then(|timestamp| u64::try_from(timestamp.as_millisecond()).ok());
    ms.ok_or_else(|| {
        let help =
            "write a date (2027-03-01), a timestamp (2027-03-01T12:00:00Z or …+02:00), or a time after the start (90d, 1y)";
        miette::miette!(help = help, "`{text}` is no moment")
    })
}

/// Says that a log is not what was written: something checked differs.
fn damaged(error: &LogError, json: bool) -> miette::Result<Outcome> {
    let compared = Compared::damage(error);
    if json {
        say!("{}", compared.beside(serde_json::json!({})));
    } else {
        compared.say();
    }
    Ok(compared.outcome())
}

#[cfg(test)]
mod tests {
    use super::moment;
    use plasma_core::time::{DAY, HOUR};

    #[test]
    fn moments_count_their_offset() {
        let october = 1_759_276_800_000; // 2025-10-01T00:00:00Z
        let read = |text: &str| moment(text, 0).ok();
        assert_eq!(read("2025-10-01"), Some(october));
        assert_eq!(read("2025-10-01T00:00:00Z"), Some(october));
        assert_eq!(read("2025-10-01T00:00:00+02:00"), Some(october - 2 * HOUR));
        assert_eq!(read("2025-10-01T06:00:00-05:00"), Some(october + 11 * HOUR));
        assert_eq!(read("2025-10-01T06:00"), Some(october + 6 * HOUR));
        assert_eq!(read("1d"), Some(DAY));
        for bad in ["2025-10-01+02:00", "2025-10-01T00:00[Europe/Paris]", "2025-13-01", "soon", "1969-01-01"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
