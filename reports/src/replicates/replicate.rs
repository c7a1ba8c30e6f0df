//! One run of many: what is kept of it once its log and its days are gone.

use crate::calendar::date;
use crate::metrics::Metrics;
use crate::metrics::failure::Failure;
use crate::metrics::guard::{Band, GUARDS};
use crate::metrics::row::Row;
use crate::metrics::table::{METRICS, metric};
use crate::summary::Summary;
use plasma_core::time::Time;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// What a run with one seed came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Replicate {
    /// Seed of its random draws.
    pub seed: u64,
    /// Digest of its final state, in hexadecimal: who runs it again finds the same.
    pub state_digest: String,
    /// The class in whose hours work and its price are compared.
    pub reference: String,
    /// Records that it made.
    pub records: u64,
    /// The whole run first, then each year if there are several, as [`Summary::columns`] has them.
    pub spans: Vec<Span>,
    /// Signs of failure that it met, in order.
    pub signs: Vec<Sign>,
    /// Signs that look at more days than it has.
    pub too_short_for: Vec<String>,
    /// In which band each guarded metric lies over the whole run, by its name; null where undefined.
    pub bands: BTreeMap<String, Option<Band>>,
    /// How it went.
    pub course: Course,
}

/// The metrics of a span.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// `whole run`, `year 1`, …
    pub label: String,
    /// Every metric of the table.
    pub values: Values,
}

/// A sign of failure that was met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sign {
    /// Its name.
    pub name: String,
    /// End of the first day on which it was, in milliseconds since 1970 UTC.
    pub first: Time,
    /// Days on which it was.
    pub days: u64,
}

/// A run in a few dozen steps, for charts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Course {
    /// Begin of the first step, in milliseconds since 1970 UTC.
    pub opened: Time,
    /// End of each step.
    pub times: Vec<Time>,
    /// By [`COURSE`]; values of each step, null where undefined.
    pub lines: BTreeMap<String, Vec<Option<f64>>>,
}

/// Metrics whose course is kept.
pub const COURSE: [&str; 9] = [
    "utilisation",
    "price_compared_usd",
    "discount_to_cloud",
    "price_usd",
    "supply",
    "subsidy_share",
    "providers_active",
    "payback",
    "completion_rate",
];
/// Most steps of a course: a month each in five years.
const STEPS: usize = 60;

/// A value for each metric of [`METRICS`], in its order. In files they are named.
#[derive(Clone, Debug, PartialEq)]
pub struct Values(Vec<Option<f64>>);

impl Values {
    /// A value for each metric, in the order of [`METRICS`].
    pub(super) fn new(values: impl Iterator<Item = Option<f64>>) -> Self {
        Self(values.collect())
    }

    /// All of them, in the order of [`METRICS`].
    pub fn all(&self) -> &[Option<f64>] {
        &self.0
    }
}

impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(METRICS.iter().map(|metric| metric.name).zip(&self.0))
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let named = BTreeMap::<String, Option<f64>>::deserialize(deserializer)?;
        let value = |name: &str| named.get(name).copied().ok_or_else(|| D::Error::custom(format!("metric `{name}` is missing")));
        METRICS.iter().map(|metric| value(metric.name)).collect::<Result<_, _>>().map(Self)
    }
}

impl Replicate {
    /// What is kept of a run.
    pub fn of(metrics: &Metrics, seed: u64, state_digest: String, records: u64) -> Self {
        let summary = Summary::of(metrics);
        let span = |column: &crate::summary::Column| Span {
            label: column.label.clone(),
            values: Values::new(METRICS.iter().map(|metric| column.values.get(metric.name).copied().flatten())),
        };
        let sign = |&Failure { name, first, days, .. }: &Failure| Sign { name: name.into(), first, days };
        let band = |guarded: &crate::summary::Guarded| guarded.bands.first().copied().flatten();
        Self {
            seed,
            state_digest,
            reference: metrics.reference().into(),
            records,
            spans: summary.columns.iter().map(span).collect(),
            signs: summary.failures.iter().map(sign).collect(),
            too_short_for: summary.too_short_for.iter().map(ToString::to_string).collect(),
            bands: GUARDS.iter().zip(&summary.guards).map(|(guard, it)| (guard.metric.into(), band(it))).collect(),
            course: Course::of(metrics),
        }
    }
}

impl Course {
    fn of(metrics: &Metrics) -> Self {
        let epochs = metrics.closed().len().div_ceil(STEPS).max(1);
        let mut course = Self::default();
        let (mut step, mut rest) = (None, epochs);
        for row in metrics.closed().iter() {
            if course.times.is_empty() && step.is_none() {
                course.opened = row.opened;
            }
            match &mut step {
                Some(step) => append(step, &row),
                None => step = Some(row),
            }
            rest -= 1;
            if rest == 0 {
                step.take().iter().for_each(|step| course.end(step));
                rest = epochs;
            }
        }
        step.iter().for_each(|step| course.end(step));
        course
    }

    /// Dates of its beginning and its end.
    pub(super) fn between(&self) -> Option<(String, String)> {
        self.times.last().map(|&end| (date(self.opened), date(end)))
    }

    /// A step has ended.
    fn end(&mut self, step: &Row) {
        self.times.push(step.closed);
        COURSE.iter().for_each(|&name| self.lines.entry(name.into()).or_default().push(metric(name).of(step)));
    }
}

/// Adds the epoch that follows, with what was told of it.
fn append(step: &mut Row, epoch: &Row) {
    step.append(epoch);
    if let (Some(sum), Some(told)) = (&mut step.observed, &epoch.observed) {
        sum.append(told);
    }
}
