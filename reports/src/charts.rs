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

/// A line that is yet to be drawn: what the legend calls it, and its value in a row.
type Curve = (String, Box<dyn Fn(&Row) -> Option<f64>>);

/// Title, unit, what paces are per, and curves.
struct Plan(&'static str, Unit, Option<&'static str>, Vec<Curve>);

impl Plan {
    fn new(title: &'static str, unit: Unit, curves: Vec<Curve>) -> Self {
        Self(title, unit, None, curves)
    }

    /// The panel, when the values of its curves are known.
    fn drawn(self, values: &mut impl Iterator<Item = Vec<Option<f64>>>) -> Panel {
        let Self(title, unit, per, curves) = self;
        let lines = curves.into_iter().zip(values).map(|((label, _), values)| Line::new(&label, values)).collect();
        Panel::new(title, unit, per, lines)
    }
}

/// All charts of a run; none before the first epoch has closed. Below each stands the caption, unless that is empty.
///
/// # Errors
/// A sentence, when the drawing library fails.
pub fn charts(metrics: &Metrics, caption: &str) -> Result<Vec<Chart>, String> {
    let Some(whole) = metrics.whole() else { return Ok(Vec::new()) };
    let pace = pace(whole.span());
    let plans = [
        ("supply", "Supply", supply(pace)),
        ("market", "Market", market(pace)),
        ("price", "Price", price(metrics, &whole)),
        ("income", "Income", income(pace)),
        ("providers", "Providers", providers(pace)),
        ("staking", "Staking", staking()),
    ];
    // Every row is looked at once, for all curves.
    let curves: Vec<&Curve> = plans.iter().flat_map(|(.., panels)| panels).flat_map(|plan| &plan.3).collect();
    let (mut times, mut values) = (Vec::new(), vec![Vec::new(); curves.len()]);
    for row in metrics.closed().iter() {
        times.push(row.closed);
        curves.iter().zip(&mut values).for_each(|((_, of), values)| values.push(of(&row)));
    }
    let mut values = values.into_iter();
    let draw = |(name, title, plans): (&'static str, &'static str, Vec<Plan>)| {
        let panels: Vec<Panel> = plans.into_iter().map(|plan| plan.drawn(&mut values)).collect();
        Ok(Chart { name, title, svg: draw(title, &panels, &times, (whole.opened, whole.closed), caption)? })
    };
    plans.into_iter().map(draw).collect()
}

fn supply(pace: Pace) -> Vec<Plan> {
    let held = [("staked", "staked"), ("unbonding", "unbonding"), ("treasury", "treasury"), ("builders", "builders' fund")];
    vec![
        Plan::new("Supply", Unit::Xpl, levels(&[("supply", "supply"), ("circulating", "circulating")])),
        Plan::new("Held for security, governance and builders", Unit::Xpl, levels(&held)),
        paces("Minted and burned", Unit::Xpl, pace, &[("minted", "minted"), ("burned", "burned")]),
    ]
}

fn market(pace: Pace) -> Vec<Plan> {
    let waits = [("wait_p95", "95th percentile"), ("wait_p50", "median")];
    let jobs =
        [("jobs_submitted", "submitted"), ("jobs_settled", "settled"), ("jobs_expired", "expired"), ("jobs_failed", "failed")];
    vec![
        Plan::new("Utilisation", Unit::Share, levels(&[("utilisation", "GPU time at work ÷ on offer")])),
        Plan::new("Wait until first lease", Unit::Seconds, levels(&waits)),
        paces("Jobs", Unit::Count, pace, &jobs),
    ]
}

fn price(metrics: &Metrics, whole: &Row) -> Vec<Plan> {
    let same_work = format!("all classes, in {} hours", metrics.reference());
    let in_xpl = [("price_compared_xpl", same_work.as_str()), ("price_paid_xpl", "an hour of any class")];
    let compared = prices(metrics, whole, level("price_compared_usd", &same_work), |class| class.measured.price_usd());
    let paid = prices(metrics, whole, level("price_paid_usd", "all classes"), ClassRow::price_usd);
    vec![
        Plan::new("Price of the same work, and on which class", Unit::UsdPerGpuHour, compared),
        Plan::new("Price of a GPU-hour, of whichever class", Unit::UsdPerGpuHour, paid),
        Plan::new("Both in XPL", Unit::XplPerGpuHour, levels(&in_xpl)),
        Plan::new("Oracle price", Unit::UsdPerXpl, levels(&[("price_usd", "XPL")])),
    ]
}

fn income(pace: Pace) -> Vec<Plan> {
    let sources = [
        ("provider_payments", "payments by customers"),
        ("provider_emission", "emission for work"),
        ("stake_rewards", "stake rewards"),
    ];
    let fees =
        [("fees", "all fees"), ("burned_fees", "burned"), ("fees_stakers", "to stakers"), ("fees_treasury", "to the treasury")];
    let average = [("income_per_provider", "payments, emission and rewards")];
    vec![
        paces("Providers' income", Unit::Xpl, pace, &sources),
        paces("Protocol fees", Unit::Xpl, pace, &fees),
        paces("Income of an average provider", Unit::Xpl, pace, &average),
    ]
}

fn providers(pace: Pace) -> Vec<Plan> {
    let moves = [("providers_entered", "entered"), ("providers_exited", "left")];
    // What fails, not what succeeds: beside a share near 100 % one near 0 % could not be read.
    let completed = metric("completion_rate");
    let unsettled: Curve = ("jobs that ended unsettled".into(), Box::new(|row| completed.of(row).map(|share| 1.0 - share)));
    let failures = vec![unsettled, level("deadline_miss_rate", "leases that missed their deadline")];
    vec![
        Plan::new("Active providers", Unit::Count, levels(&[("providers_active", "active with GPUs")])),
        paces("Entry and exit", Unit::Count, pace, &moves),
        Plan::new("Failures", Unit::Share, failures),
    ]
}

fn staking() -> Vec<Plan> {
    let yields = [("nominal_apr", "nominal"), ("diluted_apr", "net of dilution"), ("real_yield", "from fees alone")];
    vec![
        Plan::new("Staking yield", Unit::SharePerYear, levels(&yields)),
        Plan::new("Inflation net of burn", Unit::SharePerYear, levels(&[("inflation", "growth of supply")])),
        Plan::new("Staked share of supply", Unit::Share, levels(&[("staked_share", "stake ÷ supply")])),
    ]
}

/// Metrics by name and label, as they are.
fn levels(names: &[(&'static str, &str)]) -> Vec<Curve> {
    names.iter().map(|&(name, label)| level(name, label)).collect()
}

fn level(name: &str, label: &str) -> Curve {
    let metric = metric(name);
    (label.into(), Box::new(|row| metric.of(row)))
}

/// A span, and what flows in it are said to be.
type Pace = (Span, &'static str);

/// The span over which flows are told, in a run of this length, and what to call it: a run of hours never saw a day.
const fn pace(whole: Span) -> Pace {
    if whole < 2 * DAY { (HOUR, "per hour") } else { (DAY, "per day") }
}

/// Flows by name and label, as they would be in a day or an hour of each row's pace.
fn paces(title: &'static str, unit: Unit, (span, per): Pace, names: &[(&'static str, &str)]) -> Plan {
    let curve = |&(name, label): &(&'static str, &str)| -> Curve {
        let metric = metric(name);
        (label.into(), Box::new(move |row| Some(metric.of(row)? * span as f64 / row.span().max(1) as f64)))
    };
    Plan(title, unit, Some(per), names.iter().map(curve).collect())
}

/// A price over all classes, and of the classes with the most settled work.
fn prices(metrics: &Metrics, whole: &Row, all: Curve, of: fn(&ClassRow) -> Option<Ratio>) -> Vec<Curve> {
    let mut curves = vec![all];
    let mut classes: Vec<(usize, &ClassRow)> = whole.classes.iter().enumerate().filter(|(_, class)| class.work > 0).collect();
    classes.sort_by_key(|&(i, class)| (std::cmp::Reverse(class.work), i));
    for (i, _) in classes.into_iter().take(MAIN_CLASSES) {
        curves.push((metrics.class_names()[i].clone(), Box::new(move |row| of(&row.classes[i]).map(Ratio::to_f64))));
    }
    curves
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
