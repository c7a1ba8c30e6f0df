//! Replicates as pictures: the median of each design over time, and between which values nine of ten replicates lie.

use super::{Design, Sample};
use crate::charts::Chart;
use crate::charts::panel::{Panel, draw};
use crate::charts::series::Line;
use crate::metrics::table::metric;
use crate::write::{At, Why, WriteError};
use plasma_core::time::Time;
use std::path::Path;

/// Most designs that one picture tells apart.
const MOST: usize = 5;

/// Name, title, and the metrics of its panels with what they are called.
type Picture = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const PICTURES: [Picture; 3] = [
    (
        "market",
        "Market",
        &[
            ("utilisation", "Utilisation"),
            ("price_compared_usd", "Price of the same work"),
            ("discount_to_cloud", "Cheaper than elsewhere by"),
        ],
    ),
    ("token", "Token", &[("price_usd", "Oracle price"), ("supply", "Supply"), ("subsidy_share", "Emission in pay for work")]),
    (
        "providers",
        "Providers",
        &[
            ("providers_active", "Active providers"),
            ("income_per_provider", "Income of an average provider, each step"),
            ("completion_rate", "Jobs completed"),
        ],
    ),
];

/// All pictures; none before a replicate has closed an epoch. Below each stands the caption, unless that is empty.
///
/// # Errors
/// A sentence, when the drawing library fails.
pub fn picture(designs: &[Design], caption: &str) -> Result<Vec<Chart>, String> {
    let Some(course) = designs.iter().find_map(|design| Some(&design.replicates.first()?.course)) else { return Ok(Vec::new()) };
    let Some(&end) = course.times.last() else { return Ok(Vec::new()) };
    // Designs of other years or another horizon have no common axis with the first.
    let alike = |design: &&Design| design.replicates.first().is_some_and(|one| one.course.times == course.times);
    let shown: Vec<&Design> = designs.iter().filter(alike).take(MOST).collect();
    let picture = |(name, title, panels): Picture| {
        let panel = |&(name, title): &(&str, &'static str)| {
            let lines = shown.iter().map(|design| line(design, name, &course.times)).collect();
            Panel::new(title, metric(name).unit, None, lines)
        };
        let panels: Vec<Panel> = panels.iter().map(panel).collect();
        Ok(Chart { name, title, svg: draw(title, &panels, &course.times, (course.opened, end), caption)? })
    };
    PICTURES.into_iter().map(picture).collect()
}

/// The median of a design's replicates at each time, within the 5th and 95th percentile.
fn line(design: &Design, name: &str, times: &[Time]) -> Line {
    let at = |step: usize| {
        let value = |one: &super::Replicate| one.course.lines.get(name)?.get(step).copied().flatten();
        Sample::of(design.replicates.iter().filter_map(value))
    };
    let samples: Vec<Option<Sample>> = (0..times.len()).map(at).collect();
    let median = samples.iter().map(|sample| sample.map(|sample| sample.p50)).collect();
    Line::new(&design.name, median).within(samples.iter().map(|sample| sample.map(|it| (it.p5, it.p95))).collect())
}

/// Writes every picture into `dir`, which is there, as `NAME.svg`.
///
/// # Errors
/// [`WriteError`], naming the file.
pub fn write_pictures(designs: &[Design], dir: &Path, caption: &str) -> Result<(), WriteError> {
    for chart in picture(designs, caption).map_err(Why::Chart).at(dir)? {
        let path = dir.join(format!("{}.svg", chart.name));
        std::fs::write(&path, chart.svg).at(&path)?;
    }
    Ok(())
}
