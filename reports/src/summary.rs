//! A run at a glance: the figures an economist asks for first, years side by side.

use crate::beside::{Beside, Recording};
use crate::books::Book;
use crate::calendar;
use crate::metrics::Metrics;
use crate::metrics::failure::{Failure, Watch, days, too_short_for};
use crate::metrics::guard::{Band, Daily, GUARDS, Guard, Judged};
use crate::metrics::observed::Attacker;
use crate::metrics::row::Row;
use crate::metrics::table::{METRICS, Metric, Unit, metric};
use crate::number::{plain, suffix};
use plasma_core::time::YEAR;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// Every metric of a run, for the whole of it and by year.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Name of the chain.
    pub chain: String,
    /// The class in whose hours work and its price are compared.
    pub reference: String,
    /// Date of genesis.
    pub from: String,
    /// Date of the last epoch's end.
    pub to: String,
    /// Epochs closed.
    pub epochs: usize,
    /// The whole run first, then each year if there are several.
    pub columns: Vec<Column>,
    /// What each value of a column is counted in, by name.
    pub units: BTreeMap<&'static str, Unit>,
    /// Signs of failure that the run met, in the order in which it first did.
    pub failures: Vec<Failure>,
    /// Signs of failure that nobody can tell yet: they look at more days than the run has.
    pub too_short_for: Vec<&'static str>,
    /// Guarded metrics, and where they lie.
    pub guards: Vec<Guarded>,
    /// What attackers made of what they had.
    pub attackers: Vec<Attacker>,
    /// What others did, with their money beside the ledger.
    pub books: Vec<Book>,
    /// What recorded traces say of their own jobs.
    pub recordings: Vec<Recording>,
}

/// Where a guarded metric lies.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Guarded {
    /// Its name.
    pub metric: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// Least and largest healthy value; null where there is no bound.
    pub healthy: (f64, f64),
    /// The same of what need only be watched.
    pub watch: (f64, f64),
    /// Which value of a span is judged: its own, or that of its median day.
    pub judged: Judged,
    /// That value by column; null where undefined.
    pub values: Vec<Option<f64>>,
    /// Where it lies.
    pub bands: Vec<Option<Band>>,
}

/// The metrics of one span.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Column {
    /// `whole run`, `year 1`, …; with `*` when the year was cut short.
    pub label: String,
    /// By name; null where undefined.
    pub values: BTreeMap<&'static str, Option<f64>>,
}

/// A heading and its lines: a label, in which `{reference}` is the class of that role, and the metric it shows.
pub type Group = (&'static str, &'static [(&'static str, &'static str)]);

/// What comes first, in this order.
pub const HEADLINES: &[Group] = &[
    (
        "Token",
        &[
            ("supply at start", "supply_opened"),
            ("supply at end", "supply"),
            ("circulating at end", "circulating"),
            ("minted", "minted"),
            ("burned", "burned"),
            ("inflation net of burn", "inflation"),
            ("oracle price at end", "price_usd"),
        ],
    ),
    (
        "Market",
        &[
            ("utilisation", "utilisation"),
            ("work in {reference} hours", "work_compared"),
            ("price of such an hour", "price_compared_usd"),
            ("price of such an hour", "price_compared_xpl"),
            ("price of any GPU-hour", "price_paid_usd"),
            ("price of a job", "cost_per_job_usd"),
            ("cheaper than elsewhere by", "discount_to_cloud"),
            ("wait, median", "wait_p50"),
            ("wait, 95th percentile", "wait_p95"),
            ("wait, 99th percentile", "wait_p99"),
            ("jobs submitted", "jobs_submitted"),
            ("completion rate", "completion_rate"),
            ("deadlines missed", "deadline_miss_rate"),
        ],
    ),
    (
        "Providers",
        &[
            ("active with GPUs at end", "providers_active"),
            ("entered", "providers_entered"),
            ("left", "providers_exited"),
            ("payments by customers", "payments"),
            ("protocol fees", "fees"),
            ("emission for work", "provider_emission"),
            ("emission in pay for work", "subsidy_share"),
            ("income per provider", "income_per_provider"),
            ("margin over costs", "provider_margin_usd"),
            ("hardware paid back in", "payback"),
        ],
    ),
    (
        "In dollars",
        &[
            ("paid by customers", "external_usd"),
            ("emission", "emission_usd"),
            ("customers' share of both", "organic_share"),
            ("emission per dollar of demand", "subsidy_per_external_usd"),
            ("deterrence per job at end", "deterrence_usd"),
            ("… if XPL cost a tenth", "deterrence_tenth_usd"),
            ("… of who saves its costs only", "deterrence_avoidable_usd"),
        ],
    ),
    (
        "Who gains, in dollars",
        &[
            ("elsewhere − costs here", "gain_from_work_usd"),
            ("customers, against elsewhere", "customers_saving_usd"),
            ("providers, from customers", "margin_from_work_usd"),
            ("… with emission and rewards", "provider_margin_usd"),
            ("… of those under 8 GPUs", "small_provider_margin_usd"),
            ("delegators", "delegators_gain_usd"),
            ("treasury and builders", "treasury_income_usd"),
            ("holders, on paper", "holders_revaluation_usd"),
            ("customers, providers, holders", "total_surplus_usd"),
        ],
    ),
    (
        "Stake",
        &[
            ("staked at end", "staked"),
            ("nominal yield", "nominal_apr"),
            ("… of delegators", "delegated_apr"),
            ("… net of dilution", "diluted_apr"),
            ("… from fees alone", "real_yield"),
            ("slashed", "slashed"),
        ],
    ),
    (
        "Concentration of work",
        &[
            ("HHI", "work_hhi"),
            ("Gini coefficient", "work_gini"),
            ("Nakamoto coefficient", "work_nakamoto"),
            ("ten largest providers", "work_top10"),
        ],
    ),
];

impl Column {
    fn of(label: String, row: &Row) -> Self {
        Self { label, values: METRICS.iter().map(|metric| (metric.name, metric.of(row))).collect() }
    }

    /// A value as people read it, without the unit's [`suffix`].
    pub fn text(&self, metric: &Metric<Row>) -> String {
        plain(self.values.get(metric.name).copied().flatten(), metric.unit)
    }
}

impl Summary {
    /// A label of [`HEADLINES`] as people read it.
    pub fn label(&self, label: &str) -> String {
        label.replace("{reference}", &self.reference)
    }

    /// The summary of all epochs that have closed.
    pub fn of(metrics: &Metrics) -> Self {
        let years = metrics.years();
        let closed = metrics.closed();
        let length = closed.iter().next().map_or(0, |first| first.span());
        let year = |i: usize, row: &Row| format!("year {}{}", i + 1, if row.span() + length < YEAR { "*" } else { "" });
        let several = if years.len() > 1 { &years[..] } else { &[] };
        let whole = metrics.whole().map(|row| ("whole run".to_owned(), row));
        let years = several.iter().enumerate().map(|(i, row)| (year(i, row), row.clone()));
        let spans: Vec<(String, Row)> = whole.into_iter().chain(years).collect();
        let columns = spans.iter().map(|(label, row)| Column::of(label.clone(), row)).collect();
        let (mut daily, mut watch) = (Daily::default(), Watch::default());
        for day in days(closed.iter()) {
            daily.day(&day);
            watch.day(day);
        }
        let guarded = |guard: &Guard| {
            let values: Vec<Option<f64>> = spans.iter().map(|(_, row)| guard.value(row, &daily)).collect();
            Guarded {
                metric: guard.metric,
                label: guard.label,
                healthy: guard.healthy,
                watch: guard.watch,
                judged: guard.judged,
                bands: values.iter().map(|value| value.map(|value| guard.band(value))).collect(),
                values,
            }
        };
        Self {
            chain: metrics.chain().into(),
            reference: metrics.reference().into(),
            from: calendar::date(metrics.start()),
            to: calendar::date(closed.last().map_or(metrics.start(), |row| row.closed)),
            epochs: closed.len(),
            failures: watch.met(),
            too_short_for: too_short_for(closed.last().map_or(0, |last| last.closed - metrics.start())),
            attackers: metrics.attackers().to_vec(),
            books: Vec::new(),
            recordings: Vec::new(),
            guards: GUARDS.iter().map(guarded).collect(),
            units: METRICS.iter().map(|metric| (metric.name, metric.unit)).collect(),
            columns,
        }
    }

    /// The same, told of the traces that were played.
    #[must_use]
    pub fn beside(self, recordings: Vec<Recording>) -> Self {
        Self { recordings, ..self }
    }

    /// The same, with these books.
    #[must_use]
    pub fn with_books(self, books: Vec<Book>) -> Self {
        Self { books, ..self }
    }

    /// Whether a year was cut short by the end of the run.
    pub fn has_short_year(&self) -> bool {
        self.columns.iter().any(|column| column.label.ends_with('*'))
    }
}

/// Width of labels and of each column in the text.
const LABEL: usize = 36;
const VALUE: usize = 12;

impl Summary {
    /// Everybody's books, and what is not as it should be: signs of failure with their dates, guarded metrics outside their band.
    fn write_warnings(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.attackers.is_empty() {
            let heads = ["put in", "had at end", "made", "by holding"].map(|head| format!("{head:>VALUE$}")).concat();
            writeln!(f, "\nAttackers {:>26}{heads}", "USD")?;
        }
        for attacker in &self.attackers {
            let usd = |micro: i128| crate::number::plain(Some(micro as f64 / 1e6), Unit::Usd);
            let books = [attacker.means.into(), attacker.worth.into(), attacker.profit(), attacker.idle_profit()];
            let cells = books.map(|micro| format!("{:>VALUE$}", usd(micro))).concat();
            writeln!(f, "  {:width$}{cells}", attacker.name, width = LABEL - 2)?;
        }
        if !self.books.is_empty() {
            writeln!(f, "\nBooks")?;
        }
        self.books.iter().try_for_each(|book| write!(f, "{book}"))?;
        writeln!(f, "\nSigns of failure")?;
        if self.failures.is_empty() {
            writeln!(f, "  none")?;
        }
        for failure in &self.failures {
            let (first, last) = (calendar::date(failure.first), calendar::date(failure.last));
            let days = if failure.days == 1 { "day" } else { "days" };
            writeln!(f, "  {:20} {first} to {last}, {} {days}: {}", failure.name, failure.days, failure.formula)?;
        }
        if !self.too_short_for.is_empty() {
            writeln!(f, "  too short to tell: {}", self.too_short_for.join(", "))?;
        }
        self.write_guards(f)
    }

    /// Guarded metrics outside their healthy band, with the spans in which they are.
    fn write_guards(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_ill = |guard: &&Guarded| guard.bands.iter().flatten().any(|band| *band != Band::Healthy);
        let ill: Vec<&Guarded> = self.guards.iter().filter(is_ill).collect();
        if ill.is_empty() {
            return writeln!(f, "\nOutside the healthy band\n  nothing that is guarded");
        }
        writeln!(f, "\nOutside the healthy band: ? is to be watched, ! calls for intervention")?;
        let of_days = ill.iter().any(|guard| guard.judged == Judged::MedianDay);
        for guard in ill {
            let metric = metric(guard.metric);
            let (label, unit) = (format!("{}{}", guard.label, guard.judged.words().1), suffix(metric.unit));
            let width = LABEL.saturating_sub(2 + label.chars().count());
            write!(f, "  {label}{unit:>width$}")?;
            for (value, band) in guard.values.iter().zip(&guard.bands) {
                let mark = match band {
                    Some(Band::Watch) => "? ",
                    Some(Band::Intervene) => "! ",
                    Some(Band::Healthy) | None => "",
                };
                write!(f, "{:>VALUE$}", format!("{mark}{}", plain(*value, metric.unit)))?;
            }
            writeln!(f)?;
        }
        if of_days {
            writeln!(f, "  † on the median day")?;
        }
        Ok(())
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let epochs = if self.epochs == 1 { "epoch" } else { "epochs" };
        writeln!(f, "{} to {}, {} {epochs}", self.from, self.to, crate::number::compact(self.epochs as f64))?;
        if self.columns.is_empty() {
            return writeln!(f, "No epoch has closed: there is nothing to measure yet.");
        }
        if self.columns.len() > 1 {
            write!(f, "\n{:LABEL$}", "")?;
            self.columns.iter().try_for_each(|column| write!(f, "{:>VALUE$}", column.label))?;
            writeln!(f)?;
        }
        for (title, lines) in HEADLINES {
            writeln!(f, "\n{title}")?;
            for (label, name) in *lines {
                let (metric, label) = (metric(name), self.label(label));
                let (width, unit) = (LABEL.saturating_sub(2 + label.chars().count()), suffix(metric.unit));
                write!(f, "  {label}{unit:>width$}")?;
                self.columns.iter().try_for_each(|column| write!(f, "{:>VALUE$}", column.text(metric)))?;
                writeln!(f)?;
            }
        }
        if let Some(beside) = Beside::of(self) {
            write!(f, "{beside}")?;
        }
        self.write_warnings(f)?;
        if self.has_short_year() {
            writeln!(f, "\n* cut short by the end of the run; rates are per year all the same")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_headline_is_a_metric() {
        for (_, lines) in HEADLINES {
            lines.iter().for_each(|(_, name)| assert_eq!(metric(name).name, *name));
        }
    }
}
