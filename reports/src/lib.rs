//! What a Plasma run says: metrics, Parquet, charts, a summary and an HTML report.
//!
//! [`Metrics`] watches a run, or a log that is played back; everything else is made from its rows:
//!
//! ```no_run
//! # fn of(genesis: plasma_core::genesis::Genesis) -> Result<(), Box<dyn std::error::Error>> {
//! use plasma_reports::{Metrics, Summary, write_charts, write_parquet};
//! let metrics = Metrics::new(&genesis); // … give it to the engine as its observer, run, take it back
//! write_parquet(&metrics, "out".as_ref())?;
//! write_charts(&metrics, "out/charts".as_ref(), "a first run · seed 1")?;
//! println!("{}", Summary::of(&metrics));
//! # Ok(()) }
//! ```

#![warn(missing_docs)]

pub mod beside;
pub mod books;
pub mod calendar;
pub mod charts;
pub mod export;
pub mod frames;
pub mod metrics;
pub mod number;
pub mod ratio;
pub mod replicates;
pub mod report;
pub mod summary;
pub mod write;

pub use charts::write_charts;
pub use export::{Exporter, Format};
pub use frames::write_parquet;
pub use metrics::Metrics;
pub use report::{Attack, Provenance, report_html};
pub use summary::Summary;
pub use write::WriteError;
