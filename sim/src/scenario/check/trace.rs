//! Recorded traces.

use super::demand::{memory, runs, spread, times};
use super::{Findings, same_keys};
use crate::scenario::model::trace::{Mapping, TraceJobs};
use crate::scenario::model::{Scenario, TraceSection, TraceUse};

pub(super) fn check(scenario: &Scenario, findings: &mut Findings) {
    scenario.trace.iter().for_each(|trace| check_trace(scenario, trace, findings));
}

fn check_trace(scenario: &Scenario, trace: &TraceSection, findings: &mut Findings) {
    let path = |key: &str| format!("trace.{}.{key}", trace.id);
    findings.require(!trace.file.is_empty(), path("file"), || "expected the path of a CSV file".into());
    if trace.preset.is_some() == trace.mapping.is_some() {
        return findings.add(format!("trace.{}", trace.id), "expected either a preset or a mapping");
    }
    let Some(mapping) = trace.resolved_mapping() else { return };
    // A preset's columns are known to be right: what does not fit it is said of the preset.
    let mapping_key = |key: &str| if trace.preset.is_some() { path("preset") } else { path(&format!("mapping.{key}")) };
    match &trace.use_as {
        TraceUse::Jobs(jobs) => check_jobs(scenario, trace, jobs, &mapping, findings),
        TraceUse::Providers(providers) => {
            findings.refer(&scenario.provider, "provider", &providers.like, path("as.providers.like"));
            findings.require(mapping.class.is_some(), mapping_key("class"), || "machines need a column of their class".into());
            for (model, class) in mapping.class.iter().flat_map(|column| &column.classes) {
                findings.refer(&scenario.class, "class", class, mapping_key(&format!("class.classes.{model}")));
            }
        }
    }
}

fn check_jobs(scenario: &Scenario, trace: &TraceSection, jobs: &TraceJobs, mapping: &Mapping, findings: &mut Findings) {
    let path = |key: &str| format!("trace.{}.{key}", trace.id);
    let program = findings.refer(&scenario.program, "program", &jobs.program, path("as.jobs.program"));
    let reference = findings.refer(&scenario.class, "class", &jobs.reference, path("as.jobs.reference"));
    if let (Some(program), Some(reference)) = (program, reference) {
        runs(program, reference, path("as.jobs.reference"), findings);
    }
    let source = if trace.preset.is_some() { path("preset") } else { path("mapping.sizes") };
    if let Some(program) = program {
        same_keys(findings, &mapping.sizes, &program.sizes, &source, &format!("the program `{}`", program.id));
    }
    findings.require(mapping.time.is_some(), source, || "jobs need a column of the time they arrive".into());
    memory(scenario, jobs.vram, &path("as.jobs.vram"), findings);
    findings.require(jobs.customers > 0, path("as.jobs.customers"), || "somebody must bring the jobs".into());
    findings.count(scenario, jobs.customers, path("as.jobs.customers"));
    times(scenario, jobs.patience, jobs.deadline, |key| path(&format!("as.jobs.{key}")), findings);
    findings.require(jobs.reservation.median.0 > 0, path("as.jobs.reservation.median"), || "a price must be above 0".into());
    spread(jobs.reservation.sigma, path("as.jobs.reservation.sigma"), findings);
}
