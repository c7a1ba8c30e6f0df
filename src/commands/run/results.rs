//! What stands beside the log in a run folder: metrics, charts, summary and report.

use super::Plan;
use crate::folder::write_whole;
use crate::manifest::Manifest;
use crate::observe::recording;
use miette::IntoDiagnostic;
use plasma_core::time::Time;
use plasma_reports::books::Book;
use plasma_reports::metrics::size::ENOUGH;
use plasma_reports::{Attack, Metrics, Provenance, Summary, calendar, report_html, write_charts, write_parquet};
use plasma_sim::scenario::model::AttackerSection;
use plasma_sim::scenario::{OVERRIDDEN, Scenario};

/// Writes metrics, charts, summary and report, and gives the summary.
pub fn write(plan: &Plan, manifest: &Manifest, metrics: &Metrics, books: Vec<Book>) -> miette::Result<Summary> {
    let folder = &plan.folder;
    write_parquet(metrics, folder.path()).into_diagnostic()?;
    let recordings: Vec<_> = plan.traces.iter().filter_map(|(name, report)| recording(name, report)).collect();
    let summary = Summary::of(metrics).beside(recordings.clone()).with_books(books.clone());
    write_whole(&folder.summary(), serde_json::to_string_pretty(&summary).into_diagnostic()?.as_bytes())?;
    let scenario = &plan.loaded.scenario;
    // As it was written: what a continued run reads there no longer knows which values were overrides.
    let written = std::fs::read_to_string(folder.scenario()).into_diagnostic()?;
    let changed = overrides(&written);
    let title = titled(scenario) + if changed.is_empty() { "" } else { ", changed" };
    let digest = &manifest.scenario_digest[..12];
    let caption = format!("{title} · seed {} · scenario {digest}… · Plasma {}", manifest.seed, manifest.plasma);
    write_charts(metrics, &folder.charts(), &caption).into_diagnostic()?;
    let provenance = Provenance {
        title,
        question: scenario.question.clone(),
        expectation: scenario.expectation.clone().unwrap_or_default(),
        finding: scenario.finding.clone().unwrap_or_default(),
        changed: !changed.is_empty(),
        facts: facts(plan, manifest, metrics, &changed),
        recordings,
        books,
        attacks: scenario.attacker.iter().map(|attacker| attack(attacker, scenario.start.0)).collect(),
        scenario: written,
    };
    let html = report_html(metrics, &provenance).into_diagnostic()?;
    write_whole(&folder.report(), html.as_bytes())?;
    Ok(summary)
}

/// What a reader needs in order to repeat the run, and to know what the figures are of.
fn facts(plan: &Plan, manifest: &Manifest, metrics: &Metrics, changed: &[String]) -> Vec<(String, String)> {
    let fact = |name: &str, value: String| (name.to_owned(), value);
    [fact("Seed", manifest.seed.to_string()), fact("Scale", scale(&plan.loaded.scenario))]
        .into_iter()
        .chain((!changed.is_empty()).then(|| fact("Changed by --set", changed.join("; "))))
        .chain(plan.traces.iter().map(|(name, report)| (format!("Trace `{name}`"), report.to_string())))
        .chain([
            fact("From", manifest.start.clone()),
            fact("To", if manifest.complete { manifest.end.clone() } else { format!("{} (interrupted)", manifest.end) }),
            fact("Figures cover", covered(metrics)),
            fact("Records", manifest.log.records.map_or_else(|| "not kept".into(), |records| records.to_string())),
            fact("Log root", manifest.log.root.clone().unwrap_or_else(|| "not kept".into())),
            fact("State digest", manifest.state_digest.clone()),
            fact("Scenario digest", manifest.scenario_digest.clone()),
            fact("Engine digest", manifest.engine_digest.clone()),
            fact("Plasma", manifest.plasma.clone()),
        ])
        .collect()
}

/// The scale, and what to make of it where few providers are left.
fn scale(scenario: &Scenario) -> String {
    let whole: u64 = scenario.provider.iter().map(|group| group.count).sum();
    let (scale, left) = (scenario.scale, scenario.scale.of(whole));
    if left == whole || left >= ENOUGH {
        return scale.to_string();
    }
    format!("{scale}, {left} providers of {whole}: with fewer than {ENOUGH} the same work is up to 4 % dearer than in the whole")
}

/// What an attacker sets out to do when the economy starts at this moment.
fn attack(attacker: &AttackerSection, start: Time) -> Attack {
    let from = start.saturating_add(attacker.at.0);
    let until = attacker.lasts.map(|span| calendar::date(from.saturating_add(span.0)));
    Attack {
        name: attacker.id.as_str().into(),
        what: attacker.what.words(),
        from: calendar::date(from),
        until: until.unwrap_or_default(),
    }
}

/// Values that the command line changed, as a resolved scenario marks them. What is kept of the records changes nothing about them.
fn overrides(resolved: &str) -> Vec<String> {
    let mut section = "";
    let lines = resolved.lines().filter_map(|line| {
        if line.starts_with('[') {
            section = line;
        }
        Some((section, line.strip_suffix(OVERRIDDEN)?.trim_end()))
    });
    lines
        .filter(|(section, _)| *section != "[log]")
        .map(|(section, line)| format!("{section} {line}").trim().to_owned())
        .collect()
}

/// The span that figures are of. A state at the end of a run counts more than they do.
pub fn covered(metrics: &Metrics) -> String {
    let Some(last) = metrics.closed().last() else { return "nothing: no epoch has closed".into() };
    let (closed, epochs) = (calendar::timestamp(last.closed), metrics.closed().len());
    format!("{epochs} closed epochs, until {closed}; records after the last close, of that very moment too, are in the log alone")
}

/// The title, with the scale when it is not 1: amounts and counts, waits and concentration are those of that scale.
pub fn titled(scenario: &Scenario) -> String {
    let scale = scenario.scale.to_string();
    if scale == "1" { scenario.title.clone() } else { format!("{}, at scale {scale}", scenario.title) }
}
