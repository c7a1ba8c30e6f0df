//! Charts of a run as SVG, for reports, papers and forums.
//!
//! Lines are drawn in the Okabe–Ito palette, which readers with any colour vision can tell apart (M. Okabe & K. Ito 2008, "Color
//! Universal Design"), on white. A long series is drawn as the range of each few epochs behind a moving mean, so that five years
//! of days stay readable.

mod axis;
mod panel;
mod series;

use crate::metrics::row::Row;
use crate::metrics::table::{Unit, metric};
use crate::metrics::{ClassRow, Metrics};
use crate::write::{At, Why, WriteError, create_dir};
use panel::{Panel, draw};
use plasma_core::time::DAY;
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

/// All charts of a run; none before the first epoch has closed.
///
/// # Errors
/// A sentence, when the drawing library fails.
pub fn charts(metrics: &Metrics) -> Result<Vec<Chart>, String> {
    let rows = metrics.rows();
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let lines = |names: &[(&'static str, &'static str)]| -> Vec<Line> {
        names.iter().map(|&(name, label)| level(rows, name, label)).collect()
    };
    let flows = |names: &[(&'static str, &'static str)]| -> Vec<Line> {
        names.iter().map(|&(name, label)| per_day(rows, name, label)).collect()
    };
    let charts = [
        (
            "supply",
            "Supply",
            vec![
                Panel::new("Supply", Unit::Xpl, lines(&[("supply", "supply"), ("circulating", "circulating")])),
                Panel::new(
                    "Held for security, governance and builders",
                    Unit::Xpl,
                    lines(&[
                        ("staked", "staked"),
                        ("unbonding", "unbonding"),
                        ("treasury", "treasury"),
                        ("builders", "builders' fund"),
                    ]),
                ),
                Panel::new("Minted and burned", Unit::Xpl, flows(&[("minted", "minted"), ("burned", "burned")])).per_day(),
            ],
        ),
        (
            "market",
            "Market",
            vec![
                Panel::new("Utilisation", Unit::Share, lines(&[("utilisation", "GPU time at work ÷ on offer")])),
                Panel::new(
                    "Wait until first lease",
                    Unit::Seconds,
                    lines(&[("wait_p95", "95th percentile"), ("wait_p50", "median")]),
                ),
                Panel::new(
                    "Jobs",
                    Unit::Count,
                    flows(&[
                        ("jobs_submitted", "submitted"),
                        ("jobs_settled", "settled"),
                        ("jobs_expired", "expired"),
                        ("jobs_failed", "failed"),
                    ]),
                )
                .per_day(),
            ],
        ),
        (
            "price",
            "Price",
            vec![
                Panel::new("Price paid for compute", Unit::UsdPerGpuHour, prices(metrics)),
                Panel::new("Price paid for compute", Unit::XplPerGpuHour, lines(&[("price_paid_xpl", "all classes")])),
                Panel::new("Oracle price", Unit::UsdPerXpl, lines(&[("price_usd", "XPL")])),
            ],
        ),
        (
            "income",
            "Income",
            vec![
                Panel::new(
                    "Providers' income",
                    Unit::Xpl,
                    flows(&[
                        ("provider_payments", "payments by customers"),
                        ("provider_emission", "emission for work"),
                        ("stake_rewards", "stake rewards"),
                    ]),
                )
                .per_day(),
                Panel::new(
                    "Protocol fees",
                    Unit::Xpl,
                    flows(&[
                        ("fees", "all fees"),
                        ("burned_fees", "burned"),
                        ("fees_stakers", "to stakers"),
                        ("fees_treasury", "to the treasury"),
                    ]),
                )
                .per_day(),
                Panel::new(
                    "Income of an average provider",
                    Unit::Xpl,
                    flows(&[("income_per_provider", "payments, emission and rewards")]),
                )
                .per_day(),
            ],
        ),
        (
            "providers",
            "Providers",
            vec![
                Panel::new("Active providers", Unit::Count, lines(&[("providers_active", "active with GPUs")])),
                Panel::new(
                    "Entry and exit",
                    Unit::Count,
                    flows(&[("providers_entered", "entered"), ("providers_exited", "left")]),
                )
                .per_day(),
                Panel::new(
                    "Reliability",
                    Unit::Share,
                    lines(&[
                        ("completion_rate", "jobs that ended settled"),
                        ("deadline_miss_rate", "leases that missed their deadline"),
                    ]),
                ),
            ],
        ),
        (
            "staking",
            "Staking",
            vec![
                Panel::new(
                    "Staking yield",
                    Unit::SharePerYear,
                    lines(&[("nominal_apr", "nominal"), ("diluted_apr", "net of dilution"), ("real_yield", "from fees alone")]),
                ),
                Panel::new("Inflation net of burn", Unit::SharePerYear, lines(&[("inflation", "growth of supply")])),
                Panel::new("Staked share of supply", Unit::Share, lines(&[("staked_share", "bonds ÷ supply")])),
            ],
        ),
    ];
    let times: Vec<u64> = rows.iter().map(|row| row.closed).collect();
    let whole = (rows[0].opened, rows[rows.len() - 1].closed);
    charts.into_iter().map(|(name, title, panels)| Ok(Chart { name, title, svg: draw(title, &panels, &times, whole)? })).collect()
}

fn level(rows: &[Row], name: &str, label: &str) -> Line {
    let metric = metric(name);
    Line::new(label, rows.iter().map(|row| metric.of(row)).collect())
}

/// A flow, as it would be in a day of this row's pace.
fn per_day(rows: &[Row], name: &str, label: &str) -> Line {
    let metric = metric(name);
    let pace = |row: &Row| Some(metric.of(row)? * DAY as f64 / row.span().max(1) as f64);
    Line::new(label, rows.iter().map(pace).collect())
}

/// Dollars per GPU-hour: over all classes, and of the classes with the most settled work.
fn prices(metrics: &Metrics) -> Vec<Line> {
    let rows = metrics.rows();
    let mut lines = vec![level(rows, "price_paid_usd", "all classes")];
    let Some(whole) = metrics.whole() else { return lines };
    let mut classes: Vec<(usize, &ClassRow)> = whole.classes.iter().enumerate().filter(|(_, class)| class.work > 0).collect();
    classes.sort_by_key(|&(i, class)| (std::cmp::Reverse(class.work), i));
    for (i, _) in classes.into_iter().take(MAIN_CLASSES) {
        let price = |row: &Row| row.classes[i].price_usd().map(crate::ratio::Ratio::to_f64);
        lines.push(Line::new(&metrics.class_names()[i], rows.iter().map(price).collect()));
    }
    lines
}

/// Writes every chart into `dir`, which is created, as `NAME.svg`.
///
/// # Errors
/// [`WriteError`], naming the file.
pub fn write_charts(metrics: &Metrics, dir: &Path) -> Result<(), WriteError> {
    create_dir(dir)?;
    for chart in charts(metrics).map_err(Why::Chart).at(dir)? {
        let path = dir.join(format!("{}.svg", chart.name));
        std::fs::write(&path, chart.svg).at(&path)?;
    }
    Ok(())
}
