//! What a recorded trace says of its own jobs, beside what came out when they were played.

use crate::metrics::table::{Unit, metric};
use crate::number::{NOTHING, plain};
use crate::summary::Summary;
use serde::Serialize;
use std::fmt;

/// A trace, and how long its jobs waited where it was recorded. Whoever plays it knows and may tell.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Recording {
    /// Its name.
    pub trace: String,
    /// Jobs that it records and that were to be played.
    pub jobs: u64,
    /// Their waits; none when it does not record them.
    pub waits: Option<RecordedWaits>,
}

/// Recorded waits in seconds. Quantiles are of all jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct RecordedWaits {
    /// Jobs that waited at all.
    pub waited: u64,
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
}

/// Waits by their question: a label, a cell for each recording, and one for the run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Beside {
    /// Names of the columns: a recording each, then the run.
    pub heads: Vec<String>,
    /// Label and cells.
    pub lines: Vec<(&'static str, Vec<String>)>,
}

impl Beside {
    /// The comparison that a summary holds; `None` without recordings or before the first epoch closes.
    pub fn of(summary: &Summary) -> Option<Self> {
        let whole = summary.columns.first().filter(|_| !summary.recordings.is_empty())?;
        let value = |name: &str| whole.values.get(name).copied().flatten();
        let share = |part: f64, all: f64| match part {
            _ if all > 0.0 => format!("{} ({})", plain(Some(part), Unit::Count), plain(Some(part / all), Unit::Share)),
            _ => plain(Some(part), Unit::Count),
        };
        let recorded = |cell: &dyn Fn(&Recording) -> Option<String>| -> Vec<String> {
            summary.recordings.iter().map(|recording| cell(recording).unwrap_or_else(|| NOTHING.into())).collect()
        };
        let line = |label, cell: &dyn Fn(&Recording) -> Option<String>, played: String| {
            (label, recorded(cell).into_iter().chain([played]).collect())
        };
        let wait = |label, name: &'static str, of: fn(&RecordedWaits) -> f64| {
            let seconds = |recording: &Recording| Some(plain(Some(of(&recording.waits?)), Unit::Seconds));
            line(label, &seconds, plain(value(name), metric(name).unit))
        };
        let leased = value("jobs_leased").unwrap_or_default();
        let waited = |recording: &Recording| Some(share(recording.waits?.waited as f64, recording.jobs as f64));
        Some(Self {
            heads: summary.recordings.iter().map(|one| format!("trace {}", one.trace)).chain(["this run".into()]).collect(),
            lines: vec![
                line(
                    "jobs, or leases made of them",
                    &|recording| Some(plain(Some(recording.jobs as f64), Unit::Count)),
                    plain(Some(leased), Unit::Count),
                ),
                line("waited for a GPU", &waited, share(value("jobs_waited").unwrap_or_default(), leased)),
                wait("wait, median", "wait_p50", |waits| waits.p50),
                wait("wait, 95th percentile", "wait_p95", |waits| waits.p95),
                wait("wait, 99th percentile", "wait_p99", |waits| waits.p99),
            ],
        })
    }
}

/// Width of labels and of each column in the text.
const LABEL: usize = 36;
const VALUE: usize = 18;

impl fmt::Display for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{:LABEL$}", "Waits, as recorded and here")?;
        self.heads.iter().try_for_each(|head| write!(f, "{head:>VALUE$}"))?;
        writeln!(f)?;
        for (label, cells) in &self.lines {
            write!(f, "  {label:width$}", width = LABEL - 2)?;
            cells.iter().try_for_each(|cell| write!(f, "{cell:>VALUE$}"))?;
            writeln!(f)?;
        }
        Ok(())
    }
}
