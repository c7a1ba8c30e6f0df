//! Charts of a run as SVG, for reports, papers and forums.
//!
//! Lines are drawn in the Okabe–Ito palette, which readers with any colour vision can tell apart (M. Okabe & K. Ito 2008, "Color
//! Universal Design"), on white. A long series is drawn as the range of each few epochs behind a moving mean, so that five years
//! of days stay readable.

mod axis;
pub(crate) mod panel;
pub(crate) mod series;

use crate::metrics::row::Row;
use crate::metrics::table::{Unit, metric};
use crate::metrics::{ClassRow, Metrics};
use crate::ratio::Ratio;
use crate::write::{At, Why, WriteError, create_dir};
use panel::{Panel, draw};
use plasma_core::time::{DAY, HOUR, Span};
use series::Line;
use std::path::Path;

/// One chart: a file name without ending, a title, the SVG.
#[derive(Clone, Debug)]
pub struct Chart {
    /// Name of its file, without ending.
    pub name: &'static str,
    /// What it shows.
    pub title: &'static str,
    /// The picture.
    pub svg: String,
}

/// How many classes the price chart tells apart.
const MAIN_CLASSES: usize = 4;

/// All charts of a run; none before the first epoch has closed. Below each stands the caption, unless that is empty.
///
/// # Errors
/// A sentence, when the drawing library fails.
pub fn charts(metrics: &Metrics, caption: &str) -> Result<Vec<Chart>, String> {
    let rows = metrics.rows();
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(Vec::new()) };
    let times: Vec<u64> = rows.iter().map(|row| row.closed).collect();
    let whole = (first.opened, last.closed);
    let draw = |(name, title, panels): (&'static str, &'static str, Vec<Panel>)| {
        Ok(Chart { name, title, svg: draw(title, &panels, &times, whole, caption)? })
    };
    let charts = [
        ("supply", "Supply", supply(rows)),
        ("market", "Market", market(rows)),
        ("price", "Price", price(metrics)),
        ("income", "Income", income(rows)),
        ("providers", "Providers", providers(rows)),
        ("staking", "Staking", staking(rows)),
    ];
    charts.into_iter().map(draw).collect()
}

fn supply(rows: &[Row]) -> Vec<Panel> {
    let held = [("staked", "staked"), ("unbonding", "unbonding"), ("treasury", "treasury"), ("builders", "builders' fund")];
    vec![
        Panel::new("Supply", Unit::Xpl, levels(rows, &[("supply", "supply"), ("circulating", "circulating")])),
        Panel::new("Held for security, governance and builders", Unit::Xpl, levels(rows, &held)),
        Panel::new("Minted and burned", Unit::Xpl, paces(rows, &[("minted", "minted"), ("burned", "burned")])).per(pace(rows).1),
    ]
}

fn market(rows: &[Row]) -> Vec<Panel> {
    let waits = [("wait_p95", "95th percentile"), ("wait_p50", "median")];
    let jobs =
        [("jobs_submitted", "submitted"), ("jobs_settled", "settled"), ("jobs_expired", "expired"), ("jobs_failed", "failed")];
    vec![
        Panel::new("Utilisation", Unit::Share, levels(rows, &[("utilisation", "GPU time at work ÷ on offer")])),
        Panel::new("Wait until first lease", Unit::Seconds, levels(rows, &waits)),
        Panel::new("Jobs", Unit::Count, paces(rows, &jobs)).per(pace(rows).1),
    ]
}

fn price(metrics: &Metrics) -> Vec<Panel> {
    let rows = metrics.rows();
    let same_work = format!("all classes, in {} hours", metrics.reference());
    let in_xpl = [("price_compared_xpl", same_work.as_str()), ("price_paid_xpl", "an hour of any class")];
    let compared = prices(metrics, level(rows, "price_compared_usd", &same_work), |class| class.measured.price_usd());
    let paid = prices(metrics, level(rows, "price_paid_usd", "all classes"), ClassRow::price_usd);
    vec![
        Panel::new("Price of the same work, and on which class", Unit::UsdPerGpuHour, compared),
        Panel::new("Price of a GPU-hour, of whichever class", Unit::UsdPerGpuHour, paid),
        Panel::new("Both in XPL", Unit::XplPerGpuHour, levels(rows, &in_xpl)),
        Panel::new("Oracle price", Unit::UsdPerXpl, levels(rows, &[("price_usd", "XPL")])),
    ]
}

fn income(rows: &[Row]) -> Vec<Panel> {
    let sources = [
        ("provider_payments", "payments by customers"),
        ("provider_emission", "emission for work"),
        ("stake_rewards", "stake rewards"),
    ];
    let fees =
        [("fees", "all fees"), ("burned_fees", "burned"), ("fees_stakers", "to stakers"), ("fees_treasury", "to the treasury")];
    let average = [("income_per_provider", "payments, emission and rewards")];
    vec![
        Panel::new("Providers' income", Unit::Xpl, paces(rows, &sources)).per(pace(rows).1),
        Panel::new("Protocol fees", Unit::Xpl, paces(rows, &fees)).per(pace(rows).1),
        Panel::new("Income of an average provider", Unit::Xpl, paces(rows, &average)).per(pace(rows).1),
    ]
}

fn providers(rows: &[Row]) -> Vec<Panel> {
    let moves = [("providers_entered", "entered"), ("providers_exited", "left")];
    // What fails, not what succeeds: beside a share near 100 % one near 0 % could not be read.
    let unsettled = level(rows, "completion_rate", "jobs that ended unsettled").map(|share| 1.0 - share);
    let failures = vec![unsettled, level(rows, "deadline_miss_rate", "leases that missed their deadline")];
    vec![
        Panel::new("Active providers", Unit::Count, levels(rows, &[("providers_active", "active with GPUs")])),
        Panel::new("Entry and exit", Unit::Count, paces(rows, &moves)).per(pace(rows).1),
        Panel::new("Failures", Unit::Share, failures),
    ]
}

fn staking(rows: &[Row]) -> Vec<Panel> {
    let yields = [("nominal_apr", "nominal"), ("diluted_apr", "net of dilution"), ("real_yield", "from fees alone")];
    vec![
        Panel::new("Staking yield", Unit::SharePerYear, levels(rows, &yields)),
        Panel::new("Inflation net of burn", Unit::SharePerYear, levels(rows, &[("inflation", "growth of supply")])),
        Panel::new("Staked share of supply", Unit::Share, levels(rows, &[("staked_share", "stake ÷ supply")])),
    ]
}

/// Metrics by name and label, as they are.
fn levels(rows: &[Row], names: &[(&str, &str)]) -> Vec<Line> {
    names.iter().map(|&(name, label)| level(rows, name, label)).collect()
}

/// Flows by name and label, as they would be in a day or an hour of each row's pace.
fn paces(rows: &[Row], names: &[(&str, &str)]) -> Vec<Line> {
    let (span, _) = pace(rows);
    let line = |&(name, label): &(&str, &str)| {
        let metric = metric(name);
        let pace = |row: &Row| Some(metric.of(row)? * span as f64 / row.span().max(1) as f64);
        Line::new(label, rows.iter().map(pace).collect())
    };
    names.iter().map(line).collect()
}

/// The span over which flows are told, and what to call it: a run of hours never saw a day.
fn pace(rows: &[Row]) -> (Span, &'static str) {
    let whole = rows.last().map_or(0, |last| last.closed) - rows.first().map_or(0, |first| first.opened);
    if whole < 2 * DAY { (HOUR, "per hour") } else { (DAY, "per day") }
}

fn level(rows: &[Row], name: &str, label: &str) -> Line {
    let metric = metric(name);
    Line::new(label, rows.iter().map(|row| metric.of(row)).collect())
}

/// A price over all classes, and of the classes with the most settled work.
fn prices(metrics: &Metrics, all: Line, of: impl Fn(&ClassRow) -> Option<Ratio>) -> Vec<Line> {
    let (rows, mut lines) = (metrics.rows(), vec![all]);
    let Some(whole) = metrics.whole() else { return lines };
    let mut classes: Vec<(usize, &ClassRow)> = whole.classes.iter().enumerate().filter(|(_, class)| class.work > 0).collect();
    classes.sort_by_key(|&(i, class)| (std::cmp::Reverse(class.work), i));
    for (i, _) in classes.into_iter().take(MAIN_CLASSES) {
        let price = |row: &Row| of(&row.classes[i]).map(Ratio::to_f64);
        lines.push(Line::new(&metrics.class_names()[i], rows.iter().map(price).collect()));
    }
    lines
}

/// Writes every chart into `dir`, which is created, as `NAME.svg`, each with a caption that says what it is of.
///
/// # Errors
/// [`WriteError`], naming the file.
pub fn write_charts(metrics: &Metrics, dir: &Path, caption: &str) -> Result<(), WriteError> {
    create_dir(dir)?;
    for chart in charts(metrics, caption).map_err(Why::Chart).at(dir)? {
        let path = dir.join(format!("{}.svg", chart.name));
        std::fs::write(&path, chart.svg).at(&path)?;
    }
    Ok(())
}
