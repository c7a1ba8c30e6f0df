//! Customers and their jobs.

use super::{Findings, same_keys};
use crate::scenario::model::{BuilderSection, Class, DemandGroup, Kind, LogNormal, Program, Requests, Scenario, SizeSpread};
use crate::scenario::quantity::{Bytes, Id, Ratio, SpanMs, Weight};
use plasma_core::params::mechanism;
use plasma_core::time::{HOUR, YEAR};

pub(super) fn check(scenario: &Scenario, findings: &mut Findings) {
    scenario.demand.iter().for_each(|group| check_group(scenario, group, findings));
}

fn check_group(scenario: &Scenario, group: &DemandGroup, findings: &mut Findings) {
    let path = |key: &str| format!("demand.{}.{key}", group.id);
    let program = findings.refer(&scenario.program, "program", &group.program, path("program"));
    let reference = findings.refer(&scenario.class, "class", &group.reference, path("reference"));
    if let (Some(program), Some(reference)) = (program, reference) {
        runs(program, reference, path("reference"), findings);
    }
    if let Some(program) = program {
        same_keys(findings, &group.size, &program.sizes, &path("size"), &format!("the program `{}`", program.id));
    }
    for (name, size) in &group.size {
        sizes(size, &path(&format!("size.{name}")), findings);
    }
    for gpus in group.gpus.keys() {
        findings
            .require(gpus.is_power_of_two(), path(&format!("gpus.{gpus}")), || format!("expected a power of two, found {gpus}"));
    }
    findings.weights(group.gpus.values(), path("gpus"));
    if let Some(bursts) = &group.bursts {
        findings.require(bursts.every.0 >= HOUR, path("bursts.every"), || "expected at least 1h".into());
        findings.require(bursts.lasts.0 > 0, path("bursts.lasts"), || "a time must be above 0".into());
        findings.require(bursts.more.0 > 0, path("bursts.more"), || "a burst of nothing is none: leave it out".into());
    }
    busiest(scenario, group, path("rate"), findings);
    memory(scenario, group.vram, &path("vram"), findings);
    findings.require(group.customers > 0, path("customers"), || "somebody must bring the jobs".into());
    findings.count(scenario, group.customers, path("customers"));
    findings.require(group.reservation.median.0 > 0, path("reservation.median"), || "a price must be above 0".into());
    spread(group.reservation.sigma, path("reservation.sigma"), findings);
    if let Some(asked) = &group.requests {
        requests(asked, program, path, findings);
    }
    times(scenario, group.patience, group.deadline, path, findings);
    let (day, week): (f64, f64) = (group.daily.relative().iter().sum(), group.weekly.relative().iter().sum());
    findings.require((day - 24.0).abs() < 1e-6, path("daily"), || {
        "at least one hour must be above 0, and none beyond measure".into()
    });
    findings.require((week - 7.0).abs() < 1e-6, path("weekly"), || {
        "at least one day must be above 0, and none beyond measure".into()
    });
    findings.require(group.growth.fraction() > -1.0, path("growth"), || "no more than everything can be lost in a year".into());
}

/// A distribution from which sizes can be drawn.
fn sizes(size: &SizeSpread, path: &str, findings: &mut Findings) {
    match size {
        SizeSpread::LogNormal(LogNormal { median, sigma }) => {
            findings.require(median.get() > 0.0 && median.get() <= LARGEST_SIZE, format!("{path}.median"), || {
                "a size must be above 0 and at most 1e18".into()
            });
            spread(*sigma, format!("{path}.sigma"), findings);
        }
        SizeSpread::Quantiles(quantiles) => {
            let path = format!("{path}.quantiles");
            let ends = [quantiles.first_key_value(), quantiles.last_key_value()].map(|end| end.map(|(share, _)| *share));
            findings.require(ends == [Some(Ratio(0)), Some(Ratio::ONE)], path.as_str(), || {
                "expected a smallest size at \"0%\", a largest at \"100%\", and none beyond".into()
            });
            let mut least = 0.0;
            for (share, size) in quantiles {
                let above = size.get() > 0.0 && size.get() >= least && size.get() <= f64::from(u32::MAX);
                findings.require(above, format!("{path}.{share}"), || {
                    format!("expected a size above 0, not below the one before it ({least}), and at most {}", u32::MAX)
                });
                least = size.get();
            }
        }
        SizeSpread::Values(values) => {
            findings.require(!values.contains_key(&0), format!("{path}.values.0"), || "a size must be above 0".into());
            findings.weights(values.values(), format!("{path}.values"));
        }
        SizeSpread::Csv(table) => {
            findings.require(table.factor.get() > 0.0, format!("{path}.csv.factor"), || {
                "a size must be above 0, and so must what it is multiplied by".into()
            });
        }
    }
}

/// Requests come to what is held open for them, and pay.
fn requests(asked: &Requests, program: Option<&Program>, path: impl Fn(&str) -> String, findings: &mut Findings) {
    if let Some(program) = program.filter(|program| program.kind != Kind::Deployment) {
        let why = format!("requests come to deployments, and the program `{}` is none", program.id);
        let help = Some("name a program of kind \"deployment\", or leave `requests` out".into());
        findings.add_with_help(path("requests"), why, help);
    }
    let rate = asked.rate.per_hour();
    findings.require(rate > 0.0 && rate <= MOST_PER_HOUR, path("requests.rate"), || {
        "expected a rate above 0 and at most 1e9/h".into()
    });
    findings.require(asked.price.0 > 0, path("requests.price"), || "a price must be above 0".into());
    findings.require(asked.receipts.0 > 0, path("requests.receipts"), || "a time must be above 0".into());
}

/// Candidates an hour beyond which a day is more than any machine plays.
const MOST_PER_HOUR: f64 = 1e9;

/// Whether the rate stays within what can be played, at this scale, growth until the end, bursts and what builders bring included.
fn busiest(scenario: &Scenario, group: &DemandGroup, key: String, findings: &mut Findings) {
    let years = scenario.horizon.0 as f64 / YEAR as f64;
    let growth = libm::pow(1.0 + group.growth.fraction(), years).max(1.0);
    let burst = group.bursts.map_or(1.0, |bursts| 1.0 + bursts.more.fraction());
    let busiest = group.rate.per_hour() * scenario.scale.fraction() * growth * burst * (1.0 + brought(scenario, group));
    findings.require(busiest <= MOST_PER_HOUR, key, || {
        format!("expected at most 1e9/h with its growth until the end, at this scale; that comes to {busiest:.3e}/h")
    });
}

/// The largest share by which builders can make a group grow: by every milestone of every award that they apply for.
fn brought(scenario: &Scenario, group: &DemandGroup) -> f64 {
    let by = |builder: &BuilderSection| {
        let share =
            builder.brings.as_ref().and_then(|brings| brings.candidates.get(&group.id)).map_or(0.0, |share| share.fraction());
        let again = builder.again.map_or(0, |again| scenario.horizon.0 / again.0.max(1));
        share * f64::from(builder.milestones) * (1 + again) as f64
    };
    scenario.builder.iter().map(by).sum()
}

/// A job that waits until its deadline never ends in time, and one that does not wait for a clearing never starts.
pub(super) fn times(
    scenario: &Scenario,
    patience: SpanMs,
    deadline: SpanMs,
    path: impl Fn(&str) -> String,
    findings: &mut Findings,
) {
    let (params, waits) = (&scenario.params, patience.0);
    let clearing = match params.market_mechanism() {
        mechanism::POSTED => None,
        // The rest of a batch that reveals, one that seals, one that reveals.
        mechanism::SEALED => Some(SpanMs(3 * params.market_batch())),
        _ => Some(SpanMs(params.market_batch())),
    };
    if let Some(longest) = clearing.filter(|longest| waits <= longest.0) {
        let help = Some("market.batch is how long a batch lasts".into());
        findings.add_with_help(
            path("patience"),
            format!("expected more than {longest}, the longest wait for a clearing: who waits less may never be in one"),
            help,
        );
    }
    findings.require(deadline.0 > 0, path("deadline"), || "a time must be above 0".into());
    findings.require(patience.0 < deadline.0.max(1), path("patience"), || {
        format!("expected less than the deadline, {deadline}: who waits that long is never served in time")
    });
}

/// Sizes are integers of 64 bits: beyond this, draws above the median would not fit.
const LARGEST_SIZE: f64 = 1e18;

/// At a deviation of 5, one draw in a thousand is already five million times the median.
pub(super) fn spread(sigma: Weight, key: String, findings: &mut Findings) {
    const WIDEST: f64 = 5.0;
    findings
        .require(sigma.get() <= WIDEST, key, || format!("expected at most {WIDEST}: sigma is the deviation of the logarithm"));
}

/// A reference on which the program cannot run would leave its work without a measure.
pub(super) fn runs(program: &Program, reference: &Class, key: String, findings: &mut Findings) {
    if let Some(term) = program.cost.iter().find(|term| reference.rate(term.resource).is_none()) {
        let resource = format!("{:?}", term.resource).to_lowercase();
        findings.add(key, format!("the class `{}` has no {resource} rate, which `{}` needs", reference.id, program.id));
    }
}

/// A job that fits no GPU at all waits for ever.
pub(super) fn memory(scenario: &Scenario, vram: Bytes, key: &str, findings: &mut Findings) {
    let largest: Option<(&Id, Bytes)> = scenario.class.iter().map(|class| (&class.id, class.vram)).max_by_key(|(_, vram)| *vram);
    if let Some((id, most)) = largest.filter(|(_, most)| *most < vram) {
        findings.add(key, format!("no class has {vram}: the largest, `{id}`, has {most}"));
    }
}
