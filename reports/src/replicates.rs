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

use crate::metrics::failure::SIGNATURES;
use crate::metrics::guard::{Band, GUARDS};
use crate::metrics::table::{METRICS, Unit};
use replicate::Span;
use sample::sure;
use serde::Serialize;
use std::collections::BTreeMap;

/// A scenario, and what it came to with each seed.
#[derive(Clone, Debug)]
pub struct Design {
    /// What it is called among the others.
    pub name: String,
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
    /// The whole run first, then each year if there are several.
    pub spans: Vec<Sampled>,
    /// How probably each sign of failure is met, and when.
    pub signs: Vec<Foreseen>,
    /// How probably any of them is; null where none can be told.
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
    /// The whole run first, then each year that both have: values of this one less those of the first.
    pub spans: Vec<Sampled>,
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
            units: METRICS.iter().map(|metric| (metric.name, metric.unit)).collect(),
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
        let knows = |one: &&Replicate| one.too_short_for.len() < SIGNATURES.len();
        Self {
            name: design.name.clone(),
            seeds: replicates.iter().map(|one| one.seed).collect(),
            spans: spans.iter().enumerate().map(sampled).collect(),
            signs: SIGNATURES.iter().map(|signature| foreseen(signature.name, replicates)).collect(),
            any_sign: Chance::new(replicates.iter().filter(any).count(), replicates.iter().filter(knows).count()),
            interventions: GUARDS.iter().map(|guard| (guard.metric, intervention(guard.metric, replicates))).collect(),
        }
    }
}

fn sampled(label: &str, rows: impl Iterator<Item = Vec<Option<f64>>>) -> Sampled {
    let rows: Vec<_> = rows.collect();
    let column = |(place, metric): (usize, &crate::metrics::table::Metric<_>)| {
        (metric.name, Sample::of(rows.iter().filter_map(|row| row[place])))
    };
    Sampled { label: label.into(), values: METRICS.iter().enumerate().map(column).collect() }
}

/// Span by span, what `other` has more than `first` with the same seed.
fn differences(first: &Design, other: &Design) -> Vec<Sampled> {
    let pairs: Vec<(&Replicate, &Replicate)> = other
        .replicates
        .iter()
        .filter_map(|one| Some((first.replicates.iter().find(|twin| twin.seed == one.seed)?, one)))
        .collect();
    let Some((twin, one)) = pairs.first() else { return Vec::new() };
    let both = twin.spans.iter().zip(&one.spans).take_while(|(twin, one)| twin.label == one.label);
    let less = |(twin, one): (&Span, &Span)| -> Vec<Option<f64>> {
        let values = twin.values.all().iter().zip(one.values.all());
        values.map(|(twin, one)| twin.zip(*one).map(|(twin, one)| sure(one - twin, one.abs().max(twin.abs())))).collect()
    };
    let span = |(place, (span, _)): (usize, (&Span, _))| {
        sampled(&span.label, pairs.iter().filter_map(|(twin, one)| Some(less((twin.spans.get(place)?, one.spans.get(place)?)))))
    };
    both.enumerate().map(span).collect()
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
        Design { name: name.into(), replicates }
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
        let found = sample(&difference.spans, "utilisation").expect("two pairs");
        assert!(found.n == 2 && (found.mean - 0.1).abs() < 1e-12 && found.error == Some(0.0), "{found:?}");
        assert_eq!(sample(&difference.spans, "supply"), None);
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
        assert_eq!(it.any_sign.map(|chance| chance.met), Some(3));
        assert_eq!(it.interventions["utilisation"].map(|chance| (chance.met, chance.of)), Some((1, 4)));
        let text = risk.to_string();
        assert!(text.contains("75.0 %") && text.contains("day 20") && text.contains("too short to tell"), "{text}");
    }

    #[test]
    fn nothing_comes_to_nothing() {
        let risk = Risk::of(&[design("none", Vec::new())]);
        assert_eq!(risk.designs[0].any_sign, None);
        assert!(risk.designs[0].spans.is_empty() && !risk.to_string().contains("NaN"));
        assert_eq!(Risk::of(&[]).to_string(), "");
    }
}
