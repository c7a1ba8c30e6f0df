//! Recorded traces: tables of jobs or machines, read through a scenario's column mapping.
//!
//! A table is read row by row and never held whole. What a row must say and does not is an error that names file, line and column;
//! what a mapping asks to leave out is left out and counted in the [`Report`].

pub mod columns;
pub mod error;
pub mod lines;
pub mod moment;
pub mod prices;
pub mod sizes;
pub mod window;

use crate::scenario::Loaded;
use crate::scenario::model::trace::Mapping;
use crate::scenario::model::{Class, Program, Scenario, TraceSection, TraceUse};
use crate::scenario::quantity::Id;
use columns::{Columns, Kept, Recorded};
pub use error::TraceError;
use plasma_core::catalogue::Sizes;
use plasma_core::time::Span;
use serde::Serialize;
use std::fmt;
use std::io::Read;

/// A trace that was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// Its jobs, by time.
    pub jobs: Vec<Job>,
    /// Its machines, in the order of the table.
    pub machines: Vec<Machine>,
    /// What became of its rows.
    pub report: Report,
}

/// A recorded job, ready to be leased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// Milliseconds since the earliest kept row.
    pub at: Span,
    /// Declared sizes.
    pub sizes: Sizes,
    /// Base-2 logarithm of the GPUs it leases.
    pub gpus_log2: u8,
}

/// A recorded machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Class of its GPUs.
    pub class: Id,
    /// How many it has.
    pub gpus: u32,
}

/// What became of the rows of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Rows in the table.
    pub rows: u64,
    /// Rows that were kept; all are played at full scale.
    pub kept: u64,
    /// Rows that were left out, by reason.
    pub dropped: Vec<(String, u64)>,
    /// Rows that came after a later one: a trace is played by time.
    pub disordered: u64,
    /// Thousandths of GPUs that the kept rows asked for.
    pub gpu_milli: u64,
    /// GPUs that they lease, rounded up to powers of two.
    pub gpus: u64,
    /// Leases they make, after small requests were joined; none for machines.
    pub leases: u64,
    /// How long the kept rows waited where they were recorded; none when the mapping names no columns for it.
    pub waits: Option<Waits>,
}

/// How long rows waited where they were recorded, in milliseconds. Quantiles are of all rows, by nearest rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Waits {
    /// Rows that waited at all.
    pub waited: u64,
    /// Median.
    pub p50: Span,
    /// 95th percentile.
    pub p95: Span,
    /// 99th percentile.
    pub p99: Span,
}

impl Waits {
    /// Of as many rows as there are waits; `None` of no rows.
    fn of(mut waits: Vec<Span>) -> Option<Self> {
        waits.sort_unstable();
        let quantile = |percent: usize| waits.get((waits.len() * percent).div_ceil(100).max(1) - 1).copied();
        let waited = waits.iter().filter(|&&wait| wait > 0).count() as u64;
        Some(Self { waited, p50: quantile(50)?, p95: quantile(95)?, p99: quantile(99)? })
    }
}

impl Report {
    /// GPUs leased for each GPU asked for; `None` when nothing was asked for.
    pub fn inflation(&self) -> Option<f64> {
        (self.gpu_milli > 0).then(|| self.gpus as f64 * 1000.0 / self.gpu_milli as f64)
    }

    fn drop(&mut self, reason: String) {
        match self.dropped.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => self.dropped.push((reason, 1)),
        }
    }
}

/// What became of the rows, in a sentence.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows read, {} kept", self.rows, self.kept)?;
        if self.disordered > 0 {
            write!(f, " ({} were out of order)", self.disordered)?;
        }
        if self.leases > 0 {
            write!(f, " as {} lease{}", self.leases, if self.leases == 1 { "" } else { "s" })?;
        }
        for (i, (reason, count)) in self.dropped.iter().enumerate() {
            write!(f, "{} {count} where {reason}", if i == 0 { "; left out" } else { "," })?;
        }
        match self.inflation() {
            Some(inflation) if self.gpus * 1000 > self.gpu_milli => {
                let asked = self.gpu_milli as f64 / 1000.0;
                write!(f, "; {asked:.1} GPUs asked for, {} leased whole, {:.1} % more", self.gpus, (inflation - 1.0) * 100.0)
            }
            _ => Ok(()),
        }
    }
}

/// Reads every trace of a scenario, in its order.
///
/// # Errors
/// [`TraceError`] for the first row that cannot be understood.
pub fn read_all(loaded: &Loaded) -> Result<Vec<Trace>, TraceError> {
    let read_one = |section: &TraceSection| {
        let path = loaded.trace_path(section);
        let file = std::fs::File::open(&path).map_err(|why| TraceError::unreadable(&path.display().to_string(), &why))?;
        read(&loaded.scenario, section, &path.display().to_string(), std::io::BufReader::new(file))
    };
    loaded.scenario.trace.iter().map(read_one).collect()
}

/// Reads one trace from a table that errors call `name`.
///
/// # Errors
/// [`TraceError`] for the first row that cannot be understood.
pub fn read(scenario: &Scenario, section: &TraceSection, name: &str, table: impl Read) -> Result<Trace, TraceError> {
    let mapping = section.resolved_mapping().unwrap_or_default();
    match &section.use_as {
        TraceUse::Providers(_) => machines(&mapping, name, table),
        TraceUse::Jobs(terms) => {
            let program = scenario.program.iter().find(|program| program.id == terms.program);
            let reference = scenario.class.iter().find(|class| class.id == terms.reference);
            let (Some(program), Some(reference)) = (program, reference) else {
                return Err(TraceError::nowhere(name, "the trace names a program or class that the scenario lacks"));
            };
            jobs(&mapping, program, reference, name, table)
        }
    }
}

/// A job as its row says, before small ones are joined. Times are milliseconds since any moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Request {
    pub at: i64,
    pub sizes: [f64; plasma_core::catalogue::MAX_SIZES],
    pub gpus_log2: u8,
}

fn jobs(mapping: &Mapping, program: &Program, reference: &Class, name: &str, table: impl Read) -> Result<Trace, TraceError> {
    let mut report = Report::default();
    let mut requests: Vec<Request> = Vec::new();
    let mut waits: Vec<Span> = Vec::new();
    let mut latest = i64::MIN;
    columns::each_row(name, table, mapping, &program.sizes, &[], |columns: &Columns, row| {
        report.rows += 1;
        match columns.request(row)? {
            Kept::No(reason) => report.drop(reason),
            Kept::Yes(Recorded { request, gpu_milli, waited }) => {
                waits.extend(waited);
                report.kept += 1;
                report.gpu_milli += gpu_milli;
                report.gpus += 1 << request.gpus_log2;
                report.disordered += u64::from(request.at < latest);
                latest = latest.max(request.at);
                requests.push(request);
            }
        }
        Ok(())
    })?;
    requests.sort_by_key(|request| request.at);
    let Some(first) = requests.first().map(|request| request.at) else {
        return Err(TraceError::nowhere(name, "no row is left to play").mended("check the mapping's `keep` against the table"));
    };
    let jobs = window::join(&requests, first, program, reference);
    report.leases = jobs.len() as u64;
    report.waits = Waits::of(waits);
    Ok(Trace { jobs, machines: Vec::new(), report })
}

fn machines(mapping: &Mapping, name: &str, table: impl Read) -> Result<Trace, TraceError> {
    let (mut report, mut machines) = (Report::default(), Vec::new());
    columns::each_row(name, table, mapping, &[], &[], |columns: &Columns, row| {
        report.rows += 1;
        match columns.machine(row)? {
            Kept::No(reason) => report.drop(reason),
            Kept::Yes(machine) => {
                report.kept += 1;
                report.gpus += u64::from(machine.gpus);
                report.gpu_milli += 1000 * u64::from(machine.gpus);
                machines.push(machine);
            }
        }
        Ok(())
    })?;
    Ok(Trace { jobs: Vec::new(), machines, report })
}

#[cfg(test)]
mod tests;
