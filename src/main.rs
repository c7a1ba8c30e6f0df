//! The `plasma` command: parses arguments, composes the rooms, prints.

mod checkpoint;
mod cli;
mod commands;
mod console;
mod folder;
mod manifest;
mod observe;

use clap::Parser;
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

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    console::set_up(cli.color);
    match commands::dispatch(cli.command) {
        Ok(outcome) => outcome.into(),
        Err(report) => {
            eprintln!("{report:?}");
            ExitCode::FAILURE
        }
    }
}
