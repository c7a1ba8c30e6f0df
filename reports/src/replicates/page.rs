//! Replicates as one HTML file: self-contained, printable, without scripts.

use super::text::{DIFFERENCE, SAMPLE, difference_cells, headlines, interval, sample_cells, sign_cells};
use super::{Assessed, Design, Difference, Risk, picture};
use crate::metrics::Row;
use crate::metrics::failure::SIGNATURES;
use crate::metrics::guard::GUARDS;
use crate::metrics::table::{Metric, metric};
use crate::number::{percent, suffix};
use crate::report::{Figure, ReportError, fill};
use crate::summary::HEADLINES;
use serde::Serialize;

/// What the replicates were for: everything that they do not say.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Purpose {
    /// Title of the page.
    pub title: String,
    /// The question of the first scenario; may be empty.
    pub question: String,
    /// What was expected; may be empty.
    pub expectation: String,
    /// Names and values, in order: seeds, digests, versions.
    pub facts: Vec<(String, String)>,
    /// By design: its name, what it is, and how to play one of its replicates alone.
    pub designs: Vec<(String, String, String)>,
}

/// A table of headlines: the heads of its columns, then groups of lines.
#[derive(Serialize)]
struct Table {
    title: String,
    heads: &'static [&'static str],
    groups: Vec<(&'static str, Vec<Line>)>,
}

#[derive(Serialize)]
struct Line {
    label: String,
    unit: &'static str,
    question: &'static str,
    cells: Vec<String>,
}

/// How probably a design fails.
#[derive(Serialize)]
struct Failing {
    name: String,
    lines: Vec<Sign>,
}

#[derive(Serialize)]
struct Sign {
    name: String,
    cells: [String; 3],
    question: &'static str,
    formula: &'static str,
}

#[derive(Serialize)]
struct Page<'p> {
    purpose: &'p Purpose,
    reference: &'p str,
    tables: Vec<Table>,
    differences: Vec<Table>,
    failing: Vec<Failing>,
    figures: Vec<Figure>,
    metrics: Vec<&'static Metric<Row>>,
}

fn lines(risk: &Risk, cells: impl FnMut(&'static Metric<Row>) -> Option<Vec<String>>) -> Vec<(&'static str, Vec<Line>)> {
    let line = |(label, metric, cells): (&'static str, &'static Metric<Row>, Vec<String>)| Line {
        label: label.replace("{reference}", &risk.reference),
        unit: suffix(metric.unit),
        question: metric.question,
        cells,
    };
    headlines(cells).into_iter().map(|(title, lines)| (title, lines.into_iter().map(line).collect())).collect()
}

fn table(risk: &Risk, design: &Assessed) -> Table {
    let between = design.between.as_ref().map_or_else(String::new, |(from, to)| format!(", {from} to {to}"));
    let title = format!("{}, {} replicates{between}", design.name, design.seeds.len());
    let cells = |metric: &'static Metric<Row>| Some(sample_cells(design.whole(metric.name)?, metric.unit));
    Table { title, heads: &SAMPLE, groups: lines(risk, cells) }
}

fn difference(risk: &Risk, first: &Assessed, it: &Difference) -> Table {
    let cells = |metric: &'static Metric<Row>| Some(difference_cells(it.whole(metric.name)?, metric.unit));
    Table { title: format!("{} less {}", it.name, first.name), heads: &DIFFERENCE, groups: lines(risk, cells) }
}

fn failing(design: &Assessed) -> Failing {
    let sign = |foreseen: &super::Foreseen| {
        let signature = SIGNATURES.iter().find(|signature| signature.name == foreseen.name);
        let (question, formula) = signature.map_or(("", ""), |signature| (signature.question, signature.formula));
        Sign { name: foreseen.name.into(), cells: sign_cells(foreseen), question, formula }
    };
    let intervention = |guard: &crate::metrics::guard::Guard| {
        let chance = design.interventions.get(guard.metric).copied().flatten().filter(|chance| chance.met > 0)?;
        let cells = [percent(chance.share), interval(chance.interval), String::new()];
        let name = format!("{} calls for intervention", guard.label);
        Some(Sign { name, cells, question: metric(guard.metric).question, formula: guard.source })
    };
    let any = design.any_sign.map(|any| Sign {
        name: "any sign".into(),
        cells: [percent(any.share), interval(any.interval), String::new()],
        question: "Does anything go wrong?",
        formula: "",
    });
    let signs = design.met().into_iter().map(sign).chain(any);
    Failing { name: design.name.clone(), lines: signs.chain(GUARDS.iter().filter_map(intervention)).collect() }
}

/// The page. What the caller gives is text: markup in it is shown, not obeyed.
///
/// # Errors
/// [`ReportError`].
pub fn page(designs: &[Design], purpose: &Purpose) -> Result<String, ReportError> {
    let risk = Risk::of(designs);
    let figures = picture(designs, "").map_err(ReportError::Chart)?.into_iter().map(Figure::from).collect();
    let differences = risk
        .designs
        .first()
        .map_or_else(Vec::new, |first| risk.differences.iter().map(|it| difference(&risk, first, it)).collect());
    let page = Page {
        purpose,
        reference: &risk.reference,
        tables: risk.designs.iter().map(|design| table(&risk, design)).collect(),
        differences,
        failing: risk.designs.iter().map(failing).collect(),
        figures,
        metrics: HEADLINES.iter().flat_map(|(_, lines)| lines.iter().map(|(_, name)| metric(name))).collect(),
    };
    fill(include_str!("../../templates/replicates.html"), page)
}
