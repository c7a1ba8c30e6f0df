//! Replicates as Parquet files that any researcher's tool opens.
//!
//! - `replicates.parquet`: one row per design, seed and span, one column per metric and, for the whole run, one per sign of failure.
//! - `courses.parquet`: one row per design, seed and step of some weeks, one column per metric whose course is kept.

use super::replicate::COURSE;
use super::{Design, Replicate, measured};
use crate::frames::parquet;
use crate::metrics::failure::SIGNATURES;
use crate::write::{At, WriteError};
use polars_core::prelude::*;
use std::path::Path;

fn each(designs: &[Design]) -> impl Iterator<Item = (&Design, &Replicate)> {
    designs.iter().flat_map(|design| design.replicates.iter().map(move |one| (design, one)))
}

fn replicates_frame(designs: &[Design]) -> PolarsResult<DataFrame> {
    let rows: Vec<_> = each(designs)
        .flat_map(|(design, one)| one.spans.iter().enumerate().map(move |(place, span)| (design, one, place, span)))
        .collect();
    let mut columns = vec![
        Column::new("design".into(), rows.iter().map(|(design, ..)| design.name.as_str()).collect::<Vec<_>>()),
        Column::new("seed".into(), rows.iter().map(|(_, one, ..)| one.seed).collect::<Vec<_>>()),
        Column::new("span".into(), rows.iter().map(|(.., span)| span.label.as_str()).collect::<Vec<_>>()),
    ];
    for (place, metric) in measured() {
        let values: Vec<Option<f64>> = rows.iter().map(|(.., span)| span.values.all()[place]).collect();
        columns.push(Column::new(metric.name.into(), values));
    }
    for signature in SIGNATURES {
        let known = |one: &Replicate| !one.too_short_for.iter().any(|sign| sign == signature.name);
        let met = |one: &Replicate| one.signs.iter().any(|sign| sign.name == signature.name);
        let cells: Vec<Option<bool>> =
            rows.iter().map(|(_, one, place, _)| (*place == 0 && known(one)).then(|| met(one))).collect();
        columns.push(Column::new(format!("met: {}", signature.name).into(), cells));
    }
    DataFrame::new(rows.len(), columns)
}

fn courses_frame(designs: &[Design]) -> PolarsResult<DataFrame> {
    let rows: Vec<_> =
        each(designs).flat_map(|(design, one)| (0..one.course.times.len()).map(move |step| (design, one, step))).collect();
    let times: Vec<i64> = rows.iter().map(|(_, one, step)| i64::try_from(one.course.times[*step]).unwrap_or(i64::MAX)).collect();
    let mut columns = vec![
        Column::new("design".into(), rows.iter().map(|(design, ..)| design.name.as_str()).collect::<Vec<_>>()),
        Column::new("seed".into(), rows.iter().map(|(_, one, _)| one.seed).collect::<Vec<_>>()),
        Column::new("time".into(), times).cast(&DataType::Datetime(TimeUnit::Milliseconds, None))?,
    ];
    for name in COURSE {
        let cell = |one: &Replicate, step: usize| one.course.lines.get(name)?.get(step).copied().flatten();
        let cells: Vec<Option<f64>> = rows.iter().map(|(_, one, step)| cell(one, *step)).collect();
        columns.push(Column::new(name.into(), cells));
    }
    DataFrame::new(rows.len(), columns)
}

/// Writes both tables into `dir`, which is there, each with `about` under `plasma` in its metadata.
///
/// # Errors
/// [`WriteError`], naming the file.
pub fn write_tables(designs: &[Design], dir: &Path, about: &str) -> Result<(), WriteError> {
    type Build = fn(&[Design]) -> PolarsResult<DataFrame>;
    let files: [(&str, Build); 2] = [("replicates.parquet", replicates_frame), ("courses.parquet", courses_frame)];
    for (name, build) in files {
        let path = dir.join(name);
        let mut frame = build(designs).at(&path)?;
        let file = std::fs::File::create(&path).at(&path)?;
        parquet(file, Some(about.to_owned())).finish(&mut frame).at(&path)?;
    }
    Ok(())
}
