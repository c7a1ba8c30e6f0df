//! Customers and their jobs.

use super::{Findings, same_keys};
use crate::scenario::model::{Class, DemandGroup, Program, Scenario};
use crate::scenario::quantity::{Bytes, Id};

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
        findings.require(size.median.get() > 0.0, path(&format!("size.{name}.median")), || "a size must be above 0".into());
    }
    for gpus in group.gpus.keys() {
        findings
            .require(gpus.is_power_of_two(), path(&format!("gpus.{gpus}")), || format!("expected a power of two, found {gpus}"));
    }
    findings.weights(group.gpus.values(), path("gpus"));
    memory(scenario, group.vram, &path("vram"), findings);
    findings.require(group.customers > 0, path("customers"), || "somebody must bring the jobs".into());
    findings.require(group.reservation.median.0 > 0, path("reservation.median"), || "a price must be above 0".into());
    findings.require(group.deadline.0 > 0, path("deadline"), || "a time must be above 0".into());
    let hours = group.daily.relative();
    findings.require(hours.iter().all(|hour| hour.is_finite()), path("daily"), || "at least one hour must be above 0".into());
    findings.weights(&group.weekly.0, path("weekly"));
    findings.require(group.growth.fraction() > -1.0, path("growth"), || "no more than everything can be lost in a year".into());
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
