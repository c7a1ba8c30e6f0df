//! Many runs of the same question: what of the answer is luck, how bad it can get, and how probably it fails.
//!
//! A [`Design`] is a scenario, or one with another value; each is played with the same seeds, a [`Replicate`] each. [`Risk`] is what
//! they come to: each design's own [`Sample`] of every metric and [`Chance`] of every sign of failure, and, since the same seed draws
//! the same numbers, what differs from the first design seed by seed, which is known far better than either of the two.

mod page;
mod picture;
pub mod replicate;
pub mod sample;
mod table;
mod text;

pub use page::{Purpose, page};
pub use picture::{picture, write_pictures};
pub use replicate::Replicate;
pub use sample::{Chance, Sample};
pub use table::write_tables;

use crate::metrics::Row;
use crate::metrics::failure::SIGNATURES;
use crate::metrics::guard::{Band, GUARDS};
use crate::metrics::size::Size;
use crate::metrics::table::{METRICS, Metric, Unit};
use replicate::Span;
use sample::sure;
use serde::Serialize;
use std::collections::BTreeMap;

/// A scenario, and what it came to with each seed.
#[derive(Clone, Debug)]
pub struct Design {
    /// What it is called among the others.
    pub name: String,
    /// The fraction of the whole economy that it plays. Of designs of unlike scales only what does not scale is compared.
    pub scale: String,
    /// One for each seed.
    pub replicates: Vec<Replicate>,
}

/// What replicates come to.
#[derive(Clone, Debug, Serialize)]
pub struct Risk {
    /// The class in whose hours work and its price are compared, in the first design.
    pub reference: String,
    /// By design, the first first.
    pub designs: Vec<Assessed>,
    /// What each other design changes about the first.
    pub differences: Vec<Difference>,
    /// What values are counted in, by name.
    pub units: BTreeMap<&'static str, Unit>,
}

/// One design.
#[derive(Clone, Debug, Serialize)]
pub struct Assessed {
    /// What it is called among the others.
    pub name: String,
    /// Its seeds.
    pub seeds: Vec<u64>,
    /// Dates between which all of them were played; null where none has closed an epoch.
    pub between: Option<(String, String)>,
    /// The whole run first, then each year if there are several.
    pub spans: Vec<Sampled>,
    /// How probably each sign of failure is met, and when.
    pub signs: Vec<Foreseen>,
    /// How probably any of them is; null where some replicate is too short to tell of some sign.
    pub any_sign: Option<Chance>,
    /// How probably each guarded metric, over the whole run, calls for intervention; null where it is never defined.
    pub interventions: BTreeMap<&'static str, Option<Chance>>,
}

/// Metrics of one span over replicates.
#[derive(Clone, Debug, Serialize)]
pub struct Sampled {
    /// `whole run`, `year 1`, …
    pub label: String,
    /// By name; null where undefined in all replicates.
    pub values: BTreeMap<&'static str, Option<Sample>>,
}

/// A sign of failure over replicates.
#[derive(Clone, Debug, Serialize)]
pub struct Foreseen {
    /// Its name.
    pub name: &'static str,
    /// How probably a run meets it; null where all are too short to tell.
    pub chance: Option<Chance>,
    /// Median of the first day on which it is met, of those that meet it, in days from the beginning.
    pub after_days: Option<f64>,
}

/// What a design changes about the first, by pairs of replicates with the same seed.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// The design.
    pub name: String,
    /// The whole run first, then each year that both have.
    pub spans: Vec<Changed>,
}

/// What is different about one span.
#[derive(Clone, Debug, Serialize)]
pub struct Changed {
    /// `whole run`, `year 1`, …
    pub label: String,
    /// By name; null where no pair defines both.
    pub values: BTreeMap<&'static str, Option<Change>>,
}

/// What is different about one metric.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Values of this design less those of the first, with the same seed.
    #[serde(flatten)]
    pub sample: Sample,
    /// Their mean as a share of the mean that the first has in the same pairs; null where that is zero.
    pub relative: Option<f64>,
}

impl Risk {
    /// What these designs come to.
    pub fn of(designs: &[Design]) -> Self {
        let differences = designs.split_first().map_or_else(Vec::new, |(first, others)| {
            others.iter().map(|other| Difference { name: other.name.clone(), spans: differences(first, other) }).collect()
        });
        Self {
            reference: designs.iter().find_map(|design| Some(design.replicates.first()?.reference.clone())).unwrap_or_default(),
            designs: designs.iter().map(Assessed::of).collect(),
            differences,
            units: measured().map(|(_, metric)| (metric.name, metric.unit)).collect(),
        }
    }
}

impl Assessed {
    fn of(design: &Design) -> Self {
        let replicates = &design.replicates;
        let spans = replicates.first().map_or(&[][..], |first| &first.spans);
        let sampled = |(place, span): (usize, &Span)| {
            sampled(&span.label, replicates.iter().filter_map(|one| Some(one.spans.get(place)?.values.all().to_vec())))
        };
        let any = |one: &&Replicate| !one.signs.is_empty();
        let known = replicates.iter().all(|one| one.too_short_for.is_empty());
        Self {
            name: design.name.clone(),
            seeds: replicates.iter().map(|one| one.seed).collect(),
            between: replicates.first().and_then(|one| one.course.between()),
            spans: spans.iter().enumerate().map(sampled).collect(),
            signs: SIGNATURES.iter().map(|signature| foreseen(signature.name, replicates)).collect(),
            any_sign: Chance::new(replicates.iter().filter(any).count(), replicates.len()).filter(|_| known),
            interventions: GUARDS.iter().map(|guard| (guard.metric, intervention(guard.metric, replicates))).collect(),
        }
    }
}

/// Every metric with its place, but for those that say when.
fn measured() -> impl Iterator<Item = (usize, &'static Metric<Row>)> {
    METRICS.iter().enumerate().filter(|(_, metric)| !matches!(metric.name, "epoch" | "time"))
}

fn sampled(label: &str, rows: impl Iterator<Item = Vec<Option<f64>>>) -> Sampled {
    let rows: Vec<_> = rows.collect();
    let column = |(place, metric): (usize, &Metric<Row>)| (metric.name, Sample::of(rows.iter().filter_map(|row| row[place])));
    Sampled { label: label.into(), values: measured().map(column).collect() }
}

/// Span by span, what `other` has more than `first` with the same seed.
fn differences(first: &Design, other: &Design) -> Vec<Changed> {
    let twin = |one: &Replicate| first.replicates.iter().find(|twin| twin.seed == one.seed);
    let pairs: Vec<(&Replicate, &Replicate)> = other.replicates.iter().filter_map(|one| Some((twin(one)?, one))).collect();
    let Some((twin, one)) = pairs.first() else { return Vec::new() };
    let both = twin.spans.iter().zip(&one.spans).take_while(|(twin, one)| twin.label == one.label);
    let compared = |metric: &Metric<Row>| first.scale == other.scale || metric.size == Size::Intensive;
    let changed = |(span, (twin, _)): (usize, (&Span, &Span))| {
        let value = |(place, metric): (usize, &Metric<Row>)| {
            let value = |one: &Replicate| one.spans.get(span)?.values.all()[place];
            let values = pairs.iter().filter_map(|(twin, one)| value(twin).zip(value(one)));
            (metric.name, Change::of(&values.filter(|_| compared(metric)).collect::<Vec<_>>()))
        };
        Changed { label: twin.label.clone(), values: measured().map(value).collect() }
    };
    both.enumerate().map(changed).collect()
}

impl Change {
    /// Of these pairs: the first's value, and the other's.
    fn of(pairs: &[(f64, f64)]) -> Option<Self> {
        let sample = Sample::of(pairs.iter().map(|(first, other)| sure(other - first, first.abs().max(other.abs()))))?;
        let first = pairs.iter().map(|(first, _)| first).sum::<f64>() / pairs.len() as f64;
        Some(Self { sample, relative: (first != 0.0).then(|| sample.mean / first.abs()) })
    }
}

fn foreseen(name: &'static str, replicates: &[Replicate]) -> Foreseen {
    let known = replicates.iter().filter(|one| !one.too_short_for.iter().any(|sign| sign == name)).count();
    let first = |one: &Replicate| {
        let sign = one.signs.iter().find(|sign| sign.name == name)?;
        Some(sign.first.saturating_sub(one.course.opened) as f64 / plasma_core::time::DAY as f64)
    };
    let met: Vec<f64> = replicates.iter().filter_map(first).collect();
    Foreseen { name, chance: Chance::new(met.len(), known), after_days: Sample::of(met).map(|sample| sample.p50) }
}

fn intervention(metric: &str, replicates: &[Replicate]) -> Option<Chance> {
    let bands: Vec<Band> = replicates.iter().filter_map(|one| one.bands.get(metric).copied().flatten()).collect();
    Chance::new(bands.iter().filter(|band| **band == Band::Intervene).count(), bands.len())
}

#[cfg(test)]
mod tests {
    use super::replicate::{Course, Sign, Values};
    use super::*;
    use plasma_core::time::DAY;

    /// A run of which nothing is known but its utilisation and the day on which it met a sign.
    fn replicate(seed: u64, utilisation: Option<f64>, exodus: Option<u64>) -> Replicate {
        let values = METRICS.iter().map(|metric| utilisation.filter(|_| metric.name == "utilisation"));
        let sign = |day: u64| Sign { name: "exodus".into(), first: (100 + day) * DAY, days: 1 };
        Replicate {
            seed,
            state_digest: String::new(),
            reference: "h100".into(),
            records: 1,
            spans: vec![Span { label: "whole run".into(), values: Values::new(values) }],
            signs: exodus.into_iter().map(sign).collect(),
            too_short_for: vec!["price spiral".into()],
            bands: [("utilisation".into(), utilisation.map(|share| if share < 0.2 { Band::Intervene } else { Band::Healthy }))]
                .into(),
            course: Course { opened: 100 * DAY, ..Course::default() },
        }
    }

    fn design(name: &str, replicates: Vec<Replicate>) -> Design {
        Design { name: name.into(), scale: "1".into(), replicates }
    }

    fn sample<'r>(spans: &'r [Sampled], name: &str) -> Option<&'r Sample> {
        spans[0].values[name].as_ref()
    }

    #[test]
    fn designs_are_compared_seed_by_seed() {
        let first = design("first", (1..=3).map(|seed| replicate(seed, Some(0.1 * seed as f64), None)).collect());
        // Its seeds in another order, one that the first has not, and one in which nothing is defined.
        let other = [(3, Some(0.4)), (9, Some(0.9)), (1, Some(0.2)), (2, None)];
        let other = design("other", other.map(|(seed, utilisation)| replicate(seed, utilisation, None)).into());
        let risk = Risk::of(&[first, other]);
        let of = |design: &Assessed| *sample(&design.spans, "utilisation").expect("known");
        assert!((of(&risk.designs[0]).mean - 0.2).abs() < 1e-12 && of(&risk.designs[1]).n == 3);
        let [difference] = &risk.differences[..] else { panic!("one design differs from the first") };
        let found = difference.spans[0].values["utilisation"].expect("two pairs");
        let Change { sample, relative } = found;
        assert!(sample.n == 2 && (sample.mean - 0.1).abs() < 1e-12 && sample.error == Some(0.0), "{sample:?}");
        // Of 0.1 and 0.3, which the first has with these two seeds.
        assert!((relative.expect("not of zero") - 0.5).abs() < 1e-12, "{relative:?}");
        assert_eq!(difference.spans[0].values["supply"], None);
    }

    #[test]
    fn a_sign_is_as_probable_as_it_was_frequent() {
        let runs = [Some(30), None, Some(10), Some(20)];
        let runs = (1..).zip(runs).map(|(seed, day)| replicate(seed, Some(0.1 * seed as f64), day)).collect();
        let risk = Risk::of(&[design("only", runs)]);
        let [it] = &risk.designs[..] else { panic!("one design") };
        let sign = |name: &str| it.signs.iter().find(|sign| sign.name == name).expect("a sign");
        let exodus = sign("exodus");
        assert_eq!(exodus.chance.map(|chance| (chance.met, chance.of)), Some((3, 4)));
        assert_eq!(exodus.after_days, Some(20.0));
        assert_eq!(sign("capture").chance.map(|chance| chance.met), Some(0));
        assert_eq!(sign("price spiral").chance, None, "all are too short to tell");
        assert_eq!(it.any_sign, None, "who knows of a price spiral?");
        assert_eq!(it.interventions["utilisation"].map(|chance| (chance.met, chance.of)), Some((1, 4)));
        let text = risk.to_string();
        assert!(text.contains("75.0 %") && text.contains("day 20") && text.contains("too short to tell"), "{text}");
    }

    #[test]
    fn only_what_does_not_scale_is_compared_across_scales() {
        let amount = |seed: u64| {
            let mut one = replicate(seed, Some(0.5), None);
            one.spans[0].values = Values::new(METRICS.iter().map(|_| Some(seed as f64)));
            one
        };
        let whole = design("whole", vec![amount(1)]);
        let half = Design { scale: "1/2".into(), ..whole.clone() };
        let values = &Risk::of(&[whole, half]).differences[0].spans[0].values;
        assert_eq!([values["payments"].is_some(), values["utilisation"].is_some()], [false, true]);
    }

    #[test]
    fn nothing_comes_to_nothing() {
        let risk = Risk::of(&[design("none", Vec::new())]);
        assert_eq!(risk.designs[0].any_sign, None);
        assert!(risk.designs[0].spans.is_empty() && !risk.to_string().contains("NaN"));
        assert_eq!(Risk::of(&[]).to_string(), "");
    }
}
