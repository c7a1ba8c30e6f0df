//! The command line.

use crate::commands::calc::names;
use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// A compute economy in one engine: play it, replay it, audit it.
#[derive(Parser)]
#[command(version, about, after_help = EXAMPLES, max_term_width = 110, propagate_version = true)]
pub struct Cli {
    /// When to use colour.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  plasma new my.toml                       write a commented starter scenario
  plasma run my.toml                       play it; results go to runs/my
  plasma run my.toml --set fee.rate=2%     the same with another fee
  plasma replicate my.toml --seeds 20      the same with twenty seeds: what is luck?
  plasma replay runs/my                    fold the log again and compare the digest
  plasma audit runs/my                     decide everything again and compare every record
  plasma show runs/my --at 2026-03-01      the state on a day
  plasma log export runs/my --to data      the records as Parquet tables
  plasma calc --list                       every rule that can be asked alone
  plasma gpu check                         every kernel on the GPU against the CPU, bit by bit

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 something checked differs, 130 interrupted.";

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Subcommand)]
pub enum Command {
    /// Play a scenario and write a run folder.
    Run(Run),
    /// Play scenarios with many seeds, and say what is luck, how bad it can get and what makes a difference.
    Replicate(Replicate),
    /// Fold a run's records into a state and compare it with the manifest.
    Replay(Replay),
    /// Play a run's commands back through the engine and compare every record.
    Audit(Audit),
    /// Show the state of a run at a time, or the history of one account, provider, job or lease.
    Show(Show),
    /// Look into a log, verify it, export it.
    #[command(subcommand)]
    Log(Log),
    /// Ask a single rule: JSON lines of cases in, JSON lines of answers out.
    Calc(Calc),
    /// Look at the compute devices of this machine, check the kernels on them, measure them.
    #[command(subcommand)]
    Gpu(Gpu),
    /// Write a commented starter scenario.
    New(New),
    /// Check a scenario and print it resolved.
    Check(Check),
    /// Print the JSON Schema of scenario files, for editors.
    Schema,
    /// Print a completion script for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  plasma run scenarios/xpl-baseline.toml
  plasma run scenarios/xpl-baseline.toml --set scale=1/100 --until 1y --out /tmp/quick
  plasma run my.toml --seed 7 --log root --json
  plasma run --resume runs/my              continue after an interruption

Writes manifest.json, scenario.toml, log.plasma, metrics.parquet, classes.parquet, regions.parquet,
amounts.parquet, metrics.json, charts/*.svg, summary.json and report.html. Ctrl-C stops at the next
epoch and writes what there is.")]
pub struct Run {
    /// The scenario file.
    #[arg(required_unless_present = "resume")]
    pub scenario: Option<PathBuf>,
    /// Seed of every random draw, instead of the scenario's.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Stop early: a date such as 2027-03-01, or a time after the start such as 90d.
    #[arg(long, value_name = "T")]
    pub until: Option<String>,
    /// Folder for the results; it must not exist. Without it, a new one under runs/.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// How much to keep: full (every record), root (only the chain's root), none. Instead of the scenario's.
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub log: Option<Level>,
    /// Override a value of the scenario; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Continue an interrupted run.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["scenario", "seed", "until", "out", "log", "set"])]
    pub resume: Option<PathBuf>,
    /// Print the summary as JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  plasma replicate my.toml --seeds 20
  plasma replicate scenarios/settle-pay.toml --beside scenarios/buyback-burned.toml --seeds 20
  plasma replicate my.toml --vary fee.rate=2% --vary fee.rate=10% --seeds 21-40 --until 1y
  plasma replicate --resume runs/replicates-my       go on after an interruption

The scenario, each --beside and each --vary are designs, played with the same seeds: those after
the first are compared with it seed by seed. Writes report.html, risk.json, replicates.parquet (a
row for each design, seed and span), courses.parquet, charts/*.svg, and for each design a folder
with its scenario.toml and a file for each seed. No log is kept: what proves a replicate is to play
it again, by `plasma run DESIGN/scenario.toml --seed N`, to the same state digest. Ctrl-C stops
with the replicates that are done.")]
pub struct Replicate {
    /// The scenario file.
    #[arg(required_unless_present = "resume")]
    pub scenario: Option<PathBuf>,
    /// Another scenario to compare with it; may be repeated.
    #[arg(long, value_name = "SCENARIO")]
    pub beside: Vec<PathBuf>,
    /// The same scenario with another value, to compare with it; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub vary: Vec<String>,
    /// How many seeds, from 1 on, or which: 21-40.
    #[arg(long, value_name = "N", default_value = "20", value_parser = seeds)]
    pub seeds: RangeInclusive<u64>,
    /// Replicates played at the same time; as many as there are processors without it. Results are the same.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Stop early: a date such as 2027-03-01, or a time after the start such as 90d.
    #[arg(long, value_name = "T")]
    pub until: Option<String>,
    /// Folder for the results; it must not exist. Without it, a new one under runs/.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Override a value in every design; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Go on with replicates that were interrupted.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["scenario", "beside", "vary", "seeds", "until", "out", "set"])]
    pub resume: Option<PathBuf>,
    /// Print what they come to as JSON.
    #[arg(long)]
    pub json: bool,
}

/// More would take years.
const MOST_SEEDS: u64 = 1_000_000;

/// `20` is 1 to 20, `21-40` what it says.
fn seeds(text: &str) -> Result<RangeInclusive<u64>, String> {
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let range = match text.split_once('-') {
        Some((first, last)) => number(first).zip(number(last)).map(|(first, last)| first..=last),
        None => number(text).map(|last| 1..=last),
    };
    let range = range.filter(|range| !range.is_empty());
    let range = range.ok_or("write how many (20), or the first and the last (21-40)")?;
    if range.end() - range.start() < MOST_SEEDS { Ok(range) } else { Err(format!("at most {MOST_SEEDS} seeds")) }
}

/// How much of a run is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Level {
    /// Every record.
    Full,
    /// Only the chain's root.
    Root,
    /// Nothing.
    None,
}

#[derive(Args)]
#[command(after_help = "Example:\n  plasma replay runs/my && echo sound")]
pub struct Replay {
    /// A run folder, or a log file.
    pub run: PathBuf,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
#[command(after_help = "Example:\n  plasma audit runs/my --cut 7             cut the commands into other blocks")]
pub struct Audit {
    /// A run folder, or a log file.
    pub run: PathBuf,
    /// Seed of the random blocks that the commands are cut into.
    #[arg(long, default_value_t = 1, value_name = "SEED")]
    pub cut: u64,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  plasma show runs/my                      the state at the end
  plasma show runs/my --at 2026-03-01      … on a day (00:00 UTC)
  plasma show runs/my --provider 12        every payment, slash and refusal of provider 12, and why
  plasma show runs/my --job 4711           what became of a job, and why")]
pub struct Show {
    /// A run folder, or a log file.
    pub run: PathBuf,
    /// The time to show: a date such as 2027-03-01, a timestamp, or a time after the start such as 90d.
    #[arg(long, value_name = "T")]
    pub at: Option<String>,
    /// An account's history.
    #[arg(long, value_name = "N", group = "subject")]
    pub account: Option<u32>,
    /// A provider's history.
    #[arg(long, value_name = "N", group = "subject")]
    pub provider: Option<u32>,
    /// A job's history.
    #[arg(long, value_name = "N", group = "subject")]
    pub job: Option<u64>,
    /// A lease's history.
    #[arg(long, value_name = "N", group = "subject")]
    pub lease: Option<u64>,
    /// A proposal's history, with its votes.
    #[arg(long, value_name = "N", group = "subject")]
    pub proposal: Option<u64>,
    /// Show at most this many lines of a history, the latest.
    #[arg(long, default_value_t = 200, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// Print as JSON; a history as JSON lines.
    #[arg(long)]
    pub json: bool,
}

#[derive(Subcommand)]
pub enum Log {
    /// Count records by kind, and bytes.
    #[command(after_help = "Example:\n  plasma log stat runs/my --json")]
    Stat(LogRead),
    /// Check every byte against the hash chain, and the chain against the manifest.
    #[command(after_help = "Example:\n  plasma log verify runs/my || echo damaged")]
    Verify(LogRead),
    /// Write the records into files for other tools.
    #[command(after_help = "\
Examples:
  plasma log export runs/my --to data                    a Parquet table for each kind of record
  plasma log export runs/my --to data --format csv
  plasma log export runs/my --to data --format jsonl     every record in order, a line each")]
    Export(LogExport),
}

#[derive(Args)]
pub struct LogRead {
    /// A run folder, or a log file.
    pub run: PathBuf,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct LogExport {
    /// A run folder, or a log file.
    pub run: PathBuf,
    /// Folder for the files; it must not exist.
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// Format of the files.
    #[arg(long, value_enum, default_value_t = Format::Parquet)]
    pub format: Format,
}

/// Format of exported records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A Parquet table for each kind of record.
    Parquet,
    /// A CSV file for each kind of record.
    Csv,
    /// One file of JSON lines, in order.
    Jsonl,
}

#[derive(Subcommand)]
pub enum Gpu {
    /// List the devices that kernels can run on.
    #[command(after_help = "Example:\n  plasma gpu info --json")]
    Info(GpuInfo),
    /// Run every kernel on a device and compare it with the CPU's reference, bit by bit.
    #[command(after_help = "\
Examples:
  plasma gpu check                         the GPU if there is one, else the CPU
  plasma gpu check --device cuda:1 || echo differs

Exit codes: 0 every bit is the same, 1 failed, 3 a kernel differs.")]
    Check(GpuRun),
    /// Measure the kernels, as shares of what the device reaches at best.
    #[command(after_help = "\
Examples:
  plasma gpu bench
  plasma gpu bench --device cpu --quick --json")]
    Bench(GpuBench),
}

#[derive(Args)]
pub struct GpuInfo {
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct GpuRun {
    /// The device: cpu, cuda or cuda:N. Without it, the first GPU, or else the CPU.
    #[arg(long, value_name = "DEVICE", value_parser = device)]
    pub device: Option<String>,
    /// Smaller sizes.
    #[arg(long)]
    pub quick: bool,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// A name that a device could have.
fn device(name: &str) -> Result<String, plasma_kernels::Error> {
    plasma_kernels::Device::gpu_named(name).map(|_| name.to_owned())
}

#[derive(Args)]
pub struct GpuBench {
    #[command(flatten)]
    pub run: GpuRun,
    /// Runs of each kernel; the best counts.
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub runs: u16,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  plasma calc --list                       every rule, with its fields, units and source
  plasma calc --list swap.out              … one rule
  plasma calc swap.out --example           a case
  plasma calc swap.out --example | plasma calc swap.out
  plasma calc erlang_c < cases.jsonl > answers.jsonl

A case is a line with a JSON object; blank lines are skipped. Answers come in the order of the
cases, whole numbers as strings. Whole numbers are read from numbers or strings, shares also as
\"2.5%\", amounts as \"250 XPL\", durations as \"90d\". A case that is refused becomes a line with its
number and the reason; the others are answered all the same, and the exit code is then 1.")]
pub struct Calc {
    /// Which rule; --list names them.
    #[arg(required_unless_present = "list", hide_possible_values = true, value_parser = PossibleValuesParser::new(names()))]
    pub rule: Option<String>,
    /// List the rules.
    #[arg(long)]
    pub list: bool,
    /// Print an example of a case.
    #[arg(long, conflicts_with = "list")]
    pub example: bool,
    /// List as JSON.
    #[arg(long, requires = "list")]
    pub json: bool,
}

#[derive(Args)]
#[command(after_help = "Example:\n  plasma new my.toml && plasma run my.toml")]
pub struct New {
    /// The file to write; it must not exist. Without it, the starter is printed.
    pub file: Option<PathBuf>,
}

#[derive(Args)]
#[command(after_help = "Example:\n  plasma check scenarios/xpl-baseline.toml --set scale=1")]
pub struct Check {
    /// The scenario file.
    pub scenario: PathBuf,
    /// Override a value of the scenario; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Print the resolved scenario as JSON.
    #[arg(long)]
    pub json: bool,
}
