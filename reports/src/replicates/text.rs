//! Replicates as text: what a terminal shows. The other designs' own samples are in the report: here is what they change.

use super::{Assessed, Change, Difference, Foreseen, Risk, Sample};
use crate::metrics::Row;
use crate::metrics::guard::GUARDS;
use crate::metrics::table::{Metric, Unit, metric};
use crate::number::{NOTHING, percent, plain, suffix};
use crate::summary::HEADLINES;
use std::fmt;

/// Width of labels and of each column.
const LABEL: usize = 36;
const VALUE: usize = 12;

/// What stands above the columns of a sample.
pub(super) const SAMPLE: [&str; 7] = ["mean", "± s.e.", "CVaR low", "5 %", "median", "95 %", "CVaR high"];
/// What stands above the columns of a difference.
pub(super) const DIFFERENCE: [&str; 4] = ["mean", "of first's", "from", "to"];

/// The cells of a sample, under [`SAMPLE`].
pub(super) fn sample_cells(it: &Sample, unit: Unit) -> Vec<String> {
    let values = [Some(it.mean), it.error, Some(it.cvar_low), Some(it.p5), Some(it.p50), Some(it.p95), Some(it.cvar_high)];
    values.map(|value| plain(value, unit)).into()
}

/// The cells of a difference, under [`DIFFERENCE`].
pub(super) fn difference_cells(change: &Change, unit: Unit) -> Vec<String> {
    let (low, high) = change.sample.interval().unzip();
    let relative = change.relative.map_or(NOTHING.into(), signed_percent);
    vec![signed(Some(change.sample.mean), unit), relative, signed(low, unit), signed(high, unit)]
}

fn signed(value: Option<f64>, unit: Unit) -> String {
    // What a share is more than another, in points: 2 % more than 50 % would be 51 %.
    let points = matches!(unit, Unit::Share | Unit::SharePerYear);
    let text = plain(value.map(f64::abs), unit);
    let text = if points { text.replace('%', "pp") } else { text };
    match value {
        Some(value) if value > 0.0 => format!("+{text}"),
        Some(value) if value < 0.0 => format!("-{text}"),
        _ => text,
    }
}

fn signed_percent(share: f64) -> String {
    if share > 0.0 { format!("+{}", percent(share)) } else { percent(share) }
}

/// A sign's probability, its interval, and when it is met.
pub(super) fn sign_cells(sign: &Foreseen) -> [String; 3] {
    let Some(chance) = sign.chance else { return ["too short to tell".into(), NOTHING.into(), NOTHING.into()] };
    let days = sign.after_days.map_or(NOTHING.into(), |days| format!("day {days:.0}"));
    [percent(chance.share), interval(chance.interval), days]
}

pub(super) fn interval((low, high): (f64, f64)) -> String {
    format!("{} to {}", percent(low), percent(high))
}

/// A heading and its lines: a label, the metric, its cells.
pub(super) type Group = (&'static str, Vec<(&'static str, &'static Metric<Row>, Vec<String>)>);

/// Lines of [`HEADLINES`], each with a cell for every column; without those that no replicate defines.
pub(super) fn headlines(mut cells: impl FnMut(&'static Metric<Row>) -> Option<Vec<String>>) -> Vec<Group> {
    let mut group = |(title, lines): &(&'static str, &[(&'static str, &'static str)])| {
        let lines = lines.iter().filter_map(|&(label, name)| Some((label, metric(name), cells(metric(name))?)));
        (*title, lines.collect::<Vec<_>>())
    };
    HEADLINES.iter().map(&mut group).filter(|(_, lines)| !lines.is_empty()).collect()
}

impl Assessed {
    /// The whole run's sample of a metric.
    pub(super) fn whole(&self, name: &str) -> Option<&Sample> {
        self.spans.first()?.values.get(name)?.as_ref()
    }

    /// Signs that are met, or may be for all that is known, the most probable first.
    pub(super) fn met(&self) -> Vec<&Foreseen> {
        // Of nothing nobody knows anything, and nobody need say so sign by sign.
        if self.seeds.is_empty() {
            return Vec::new();
        }
        let mut met: Vec<&Foreseen> = self.signs.iter().filter(|sign| sign.chance.is_none_or(|chance| chance.met > 0)).collect();
        met.sort_by(|a, b| b.share().total_cmp(&a.share()));
        met
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, reference: &str) -> fmt::Result {
        let replicates = if self.seeds.len() == 1 { "replicate" } else { "replicates" };
        write!(f, "{}: {} {replicates}", self.name, self.seeds.len())?;
        if let Some((from, to)) = &self.between {
            write!(f, ", the whole of {from} to {to}")?;
        }
        writeln!(f)?;
        write!(f, "{:LABEL$}", "")?;
        SAMPLE.iter().try_for_each(|head| write!(f, "{head:>VALUE$}"))?;
        writeln!(f)?;
        let lines = headlines(|metric| Some(sample_cells(self.whole(metric.name)?, metric.unit)));
        write_lines(f, reference, &lines)
    }

    /// How probably it fails.
    fn write_failing(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |f: &mut fmt::Formatter<'_>, name: &str, [share, interval, when]: [&str; 3]| {
            writeln!(f, "{}", format!("{name:LABEL$}{share:>VALUE$}{interval:>22}{when:>20}").trim_end())
        };
        line(f, &format!("Failures of {}", self.name), ["share", "95 % interval", "first met, median"])?;
        for sign in self.met() {
            let [share, interval, when] = sign_cells(sign);
            line(f, &format!("  {}", sign.name), [&share, &interval, &when])?;
        }
        if let Some(any) = self.any_sign {
            line(f, "  any of the signs", [&percent(any.share), &interval(any.interval), ""])?;
        }
        for guard in GUARDS {
            let chance = self.interventions.get(guard.metric).copied().flatten();
            if let Some(chance) = chance.filter(|chance| chance.met > 0) {
                let name = format!("  {}: intervene", guard.label);
                line(f, &name, [&percent(chance.share), &interval(chance.interval), ""])?;
            }
        }
        Ok(())
    }
}

impl Foreseen {
    fn share(&self) -> f64 {
        self.chance.map_or(-1.0, |chance| chance.share)
    }
}

impl Difference {
    /// The whole run's difference of a metric.
    pub(super) fn whole(&self, name: &str) -> Option<&Change> {
        self.spans.first()?.values.get(name)?.as_ref()
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, first: &Assessed, reference: &str) -> fmt::Result {
        writeln!(f, "{} less {}, seed by seed, with 95 % intervals of the mean", self.name, first.name)?;
        write!(f, "{:LABEL$}", "")?;
        DIFFERENCE.iter().try_for_each(|head| write!(f, "{head:>VALUE$}"))?;
        writeln!(f)?;
        let lines = headlines(|metric| Some(difference_cells(self.whole(metric.name)?, metric.unit)));
        write_lines(f, reference, &lines)
    }
}

fn write_lines(f: &mut fmt::Formatter<'_>, reference: &str, groups: &[Group]) -> fmt::Result {
    for (title, lines) in groups {
        writeln!(f, "\n{title}")?;
        for (label, metric, cells) in lines {
            let label = label.replace("{reference}", reference);
            let (width, unit) = (LABEL.saturating_sub(2 + label.chars().count()), suffix(metric.unit));
            write!(f, "  {label}{unit:>width$}")?;
            cells.iter().try_for_each(|cell| write!(f, "{cell:>VALUE$}"))?;
            writeln!(f)?;
        }
    }
    Ok(())
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.designs.first() else { return Ok(()) };
        first.write(f, &self.reference)?;
        for design in &self.designs {
            writeln!(f)?;
            design.write_failing(f)?;
        }
        for difference in &self.differences {
            writeln!(f)?;
            difference.write(f, first, &self.reference)?;
        }
        Ok(())
    }
}
