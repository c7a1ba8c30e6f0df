//! GPU models, programs and providers.

use plasma_core::time::DAY;

use super::Findings;
use crate::scenario::model::{Class, Program, ProviderGroup, Resource, Scenario, TraceUse};
use crate::scenario::quantity::{Ratio, SpanMs};

/// GPUs of one provider: more would overflow nothing, but no machine has them.
const MOST_GPUS: u32 = 1 << 16;

pub(super) fn check(scenario: &Scenario, findings: &mut Findings) {
    scenario.class.iter().for_each(|class| check_class(class, findings));
    scenario.program.iter().for_each(|program| check_program(program, findings));
    scenario.provider.iter().for_each(|group| check_group(scenario, group, findings));
    somebody_is_left(scenario, findings);
}

/// A scale so small that no provider of the full economy is played leaves nothing to see, and takes their tokens out of the supply.
fn somebody_is_left(scenario: &Scenario, findings: &mut Findings) {
    let full = scenario.provider.iter().fold(0u64, |sum, group| sum.saturating_add(members(group)));
    let recorded = scenario.trace.iter().any(|trace| matches!(trace.use_as, TraceUse::Providers(_)));
    findings.require(full == 0 || recorded || scenario.scale.of(full) > 0, "scale", || {
        format!("at {} none of the {full} providers is played: choose at least 1/{full}", scenario.scale)
    });
}

/// Providers of a group at full scale, with those who may enter later.
fn members(group: &ProviderGroup) -> u64 {
    group.count.saturating_add(group.entry.map_or(0, |entry| entry.pool))
}

fn check_class(class: &Class, findings: &mut Findings) {
    let path = |key: &str| format!("class.{}.{key}", class.id);
    findings.require(class.vram.0 > 0, path("vram"), || "a GPU has memory".into());
    for (key, resource) in
        [("f32", Resource::F32), ("bf16", Resource::Bf16), ("i8", Resource::I8), ("bandwidth", Resource::Bytes)]
    {
        findings.require(class.rate(resource) != Some(0), path(key), || {
            "a rate must be above 0; leave out what the class cannot do".into()
        });
    }
}

fn check_program(program: &Program, findings: &mut Findings) {
    let path = |key: &str| format!("program.{}.{key}", program.id);
    let sizes = program.sizes.len();
    findings.require((1..=4).contains(&sizes), path("sizes"), || format!("expected one to four sizes, found {sizes}"));
    for (i, name) in program.sizes.iter().enumerate() {
        findings.require(!program.sizes[..i].contains(name), path("sizes"), || format!("the size `{name}` is there twice"));
    }
    findings.require(!program.cost.is_empty(), path("cost"), || "a program without cost would be work for nothing".into());
    for (i, term) in program.cost.iter().enumerate() {
        let found = term.exponents.len();
        findings.require(found == sizes, path(&format!("cost.{i}.exponents")), || {
            format!("expected {sizes} exponents, one for each of `sizes`, found {found}")
        });
        findings.require(term.coefficient > 0, path(&format!("cost.{i}.coefficient")), || "a coefficient must be above 0".into());
    }
}

fn check_group(scenario: &Scenario, group: &ProviderGroup, findings: &mut Findings) {
    let path = |key: &str| format!("provider.{}.{key}", group.id);
    findings.refer(&scenario.class, "class", &group.class, path("class"));
    findings.count(scenario, members(group), path("count"));
    findings.require(group.gpus.is_power_of_two() && group.gpus <= MOST_GPUS, path("gpus"), || {
        format!("expected a power of two up to {MOST_GPUS}, found {}", group.gpus)
    });
    for region in group.regions.keys() {
        findings.refer(&scenario.region, "region", region, path(&format!("regions.{region}")));
    }
    findings.weights(group.regions.values(), path("regions"));
    findings.require(group.join.initial <= Ratio::ONE, path("join.initial"), || "a share is at most 100%".into());
    for (key, share) in [("opportunity", group.opportunity), ("pass_through", group.pass_through), ("sells", group.sells)] {
        findings.require(share <= Ratio::ONE, path(key), || "a share is at most 100%".into());
    }
    let most = Ratio(scenario.params.stake_commission_max());
    findings.require(group.commission <= most, path("commission"), || format!("stake.commission_max is {most}"));
    findings.require(group.speed_spread <= Ratio::ONE, path("speed_spread"), || "expected at most 100%".into());
    findings.require(group.overhead.get() >= 1.0, path("overhead"), || {
        "expected at least 1: the socket gives no less than the GPUs draw".into()
    });
    findings.require(group.faults.missed.0.saturating_add(group.faults.wrong.0) <= Ratio::ONE.0, path("faults"), || {
        "missed and wrong are shares of all leases and sum to at most 100%".into()
    });
    findings.require(group.exit_after.0 > 0, path("exit_after"), || "a time must be above 0".into());
    let ttl = scenario.params.market_ask_ttl();
    findings.require(group.requote.0 > 0 && group.requote.0 <= ttl, path("requote"), || match group.requote.0 {
        0 => "a time must be above 0".into(),
        _ => format!("asks quoted every {} lapse in between: market.ask_ttl is {}", group.requote, SpanMs(ttl)),
    });
    if let Some(entry) = &group.entry {
        findings.require(entry.interval.0 > 0, path("entry.interval"), || "an interval must be above 0".into());
        findings.require(entry.life.0 >= DAY, path("entry.life"), || "expected at least 1d".into());
    }
}
