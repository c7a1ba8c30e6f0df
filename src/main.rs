//! The `plasma` command: parses arguments, composes the rooms, prints.

mod books;
mod checkpoint;
mod cli;
mod commands;
mod compare;
mod console;
mod folder;
mod manifest;
mod observe;

use clap::Parser;
use plasma_sim::scenario::ScenarioError;
use std::io::Write;
use std::process::ExitCode;

/// How a command ended, when it did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As asked.
    Done,
    /// Something was checked and found to differ.
    Differs,
    /// Interrupted; what there is was written.
    Interrupted,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => ExitCode::SUCCESS,
            Outcome::Differs => ExitCode::from(3),
            Outcome::Interrupted => ExitCode::from(130),
        }
    }
}

/// Draws an error, unless nobody reads any more.
fn say(report: &miette::Report) {
    let _ = writeln!(std::io::stderr(), "{report:?}");
}

/// Draws an error. The problems of a scenario are equals, and are drawn alike.
fn complain(report: miette::Report) {
    match report.downcast::<ScenarioError>() {
        Ok(error) => error.problems().for_each(|problem| say(&miette::Report::new(problem.clone()))),
        Err(report) => say(&report),
    }
}

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    console::set_up(cli.color);
    match commands::dispatch(cli.command) {
        Ok(outcome) => outcome.into(),
        Err(report) => {
            complain(report);
            ExitCode::FAILURE
        }
    }
}
