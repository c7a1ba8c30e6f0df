//! One run as one HTML file: self-contained, printable, without scripts, readable in ten years.

use crate::beside::{Beside, Recording};
use crate::books::{Book, Entry};
use crate::calendar;
use crate::charts::{Chart, charts};
use crate::metrics::Metrics;
use crate::metrics::failure::SIGNATURES;
use crate::metrics::guard::{Band, GUARDS};
use crate::metrics::observed::Attacker;
use crate::metrics::row::RegionRow;
use crate::metrics::table::{CLASS_METRICS, METRICS, Metric, REGION_METRICS, Unit, metric};
use crate::metrics::{ClassRow, Row};
use crate::number::{plain, suffix};
use crate::summary::{HEADLINES, Summary};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

/// Where the run came from, and what it was for: everything that the log does not say.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Provenance {
    /// Title of the report.
    pub title: String,
    /// The question that the run was to answer; may be empty.
    pub question: String,
    /// What was expected before it ran; may be empty.
    pub expectation: String,
    /// What was found when it ran as shipped; may be empty.
    pub finding: String,
    /// Whether this run has other values than the scenario as shipped.
    pub changed: bool,
    /// Names and values, in order: digests, seed, versions, command line.
    pub facts: Vec<(String, String)>,
    /// What the traces that were played say of their own jobs.
    pub recordings: Vec<Recording>,
    /// What each attacker set out to do, in the order of their books.
    pub attacks: Vec<Attack>,
    /// Books of those whose money is not all on the ledger.
    pub books: Vec<Book>,
    /// The scenario, as its author wrote it; may be empty.
    pub scenario: String,
}

/// What an attacker set out to do. What it made of it is in its books.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Attack {
    /// Its name.
    pub name: String,
    /// What it does, in words that go on from its name.
    pub what: String,
    /// Date on which it begins.
    pub from: String,
    /// Date on which it stops; empty when it goes on to the end.
    pub until: String,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A chart could not be drawn.
    #[error("cannot draw a chart: {0}")]
    Chart(String),
    /// The template does not fit what it was given.
    #[error("cannot fill the report's template: {0:#}")]
    Template(#[from] minijinja::Error),
}

/// A table with years side by side.
#[derive(Serialize)]
struct Headlines {
    labels: Vec<String>,
    groups: Vec<HeadlineGroup>,
}

#[derive(Serialize)]
struct HeadlineGroup {
    title: &'static str,
    lines: Vec<HeadlineLine>,
}

#[derive(Serialize)]
struct HeadlineLine {
    label: String,
    unit: &'static str,
    question: &'static str,
    cells: Vec<String>,
}

/// A sign of failure, and when it was met.
#[derive(Serialize)]
struct Sign {
    name: &'static str,
    question: &'static str,
    formula: &'static str,
    /// First day, last day, number of days; empty when it was not met.
    met: Option<(String, String, u64)>,
    /// Days of which it looks at all, where the run has fewer.
    too_short: Option<u64>,
}

/// A guarded metric, its bands in words, and where it lies.
#[derive(Serialize)]
struct GuardLine {
    metric: &'static str,
    label: String,
    unit: &'static str,
    question: &'static str,
    healthy: String,
    watch: String,
    source: &'static str,
    /// By column: the value and the name of its band.
    cells: Vec<(String, &'static str)>,
}

/// An attacker: what it set out to do, and its books in dollars.
#[derive(Serialize)]
struct AttackLine {
    attack: Attack,
    /// Put in, had at the end, made, and what holding would have made.
    cells: [String; 4],
}

#[derive(Serialize)]
pub(crate) struct Figure {
    title: &'static str,
    svg: String,
}

impl From<Chart> for Figure {
    fn from(Chart { title, svg, .. }: Chart) -> Self {
        Self { title, svg }
    }
}

/// Everything that the template reads.
#[derive(Serialize)]
struct Page<'p> {
    provenance: &'p Provenance,
    summary: &'p Summary,
    headlines: Headlines,
    beside: Option<Beside>,
    attackers: Vec<AttackLine>,
    /// Name, then what was done and how much.
    books: Vec<(String, Vec<(&'static str, String)>)>,
    signs: Vec<Sign>,
    guards: Vec<GuardLine>,
    figures: Vec<Figure>,
    metrics: &'static [Metric<Row>],
    class_metrics: &'static [Metric<ClassRow>],
    region_metrics: &'static [Metric<RegionRow>],
}

impl Headlines {
    fn of(summary: &Summary) -> Self {
        let line = |&(label, name): &(&'static str, &'static str)| {
            let metric = metric(name);
            let cells = summary.columns.iter().map(|column| column.text(metric)).collect();
            HeadlineLine { label: summary.label(label), unit: suffix(metric.unit), question: metric.question, cells }
        };
        let group = |&(title, lines): &(&'static str, &[(&'static str, &'static str)])| HeadlineGroup {
            title,
            lines: lines.iter().map(line).collect(),
        };
        Self {
            labels: summary.columns.iter().map(|column| column.label.clone()).collect(),
            groups: HEADLINES.iter().map(group).collect(),
        }
    }
}

fn attackers(summary: &Summary, attacks: &[Attack]) -> Vec<AttackLine> {
    let usd = |micro: i128| plain(Some(micro as f64 / 1e6), Unit::Usd);
    let line = |attacker: &Attacker| {
        let attack = attacks.iter().find(|attack| attack.name == attacker.name).cloned();
        let books = [attacker.means.into(), attacker.worth.into(), attacker.profit(), attacker.idle_profit()];
        let unsaid = || Attack { name: attacker.name.clone(), ..Attack::default() };
        AttackLine { attack: attack.unwrap_or_else(unsaid), cells: books.map(usd) }
    };
    summary.attackers.iter().map(line).collect()
}

fn books(summary: &Summary) -> Vec<(String, Vec<(&'static str, String)>)> {
    let line = |entry: &Entry| (entry.what, entry.text());
    summary.books.iter().map(|book| (book.who.clone(), book.entries.iter().map(line).collect())).collect()
}

/// Every sign of failure, those that were met first.
fn signs(summary: &Summary) -> Vec<Sign> {
    let met = |name: &str| summary.failures.iter().position(|failure| failure.name == name);
    let mut signatures: Vec<_> = SIGNATURES.iter().collect();
    signatures.sort_by_key(|signature| met(signature.name).unwrap_or(usize::MAX));
    let sign = |signature: &crate::metrics::failure::Signature| Sign {
        name: signature.name,
        question: signature.question,
        formula: signature.formula,
        met: met(signature.name).map(|place| {
            let failure = &summary.failures[place];
            (calendar::date(failure.first), calendar::date(failure.last), failure.days)
        }),
        too_short: summary.too_short_for.contains(&signature.name).then_some(signature.days),
    };
    signatures.into_iter().map(sign).collect()
}

fn guards(summary: &Summary) -> Vec<GuardLine> {
    let line = |(guard, guarded): (&crate::metrics::guard::Guard, &crate::summary::Guarded)| {
        let metric = metric(guard.metric);
        let (healthy, watch) = guard.words(|value| plain(Some(value), metric.unit));
        let bands = guarded.bands.iter().map(|band| band.map_or("", Band::name));
        let cells = guarded.values.iter().map(|value| plain(*value, metric.unit)).zip(bands).collect();
        GuardLine {
            metric: guard.metric,
            label: format!("{}{}", guard.label, guard.judged.words().0),
            unit: suffix(metric.unit),
            question: metric.question,
            healthy,
            watch,
            source: guard.source,
            cells,
        }
    };
    GUARDS.iter().zip(&summary.guards).map(line).collect()
}

/// The report. What the caller gives is text: markup in it is shown, not obeyed.
///
/// # Errors
/// [`ReportError`].
pub fn report_html(metrics: &Metrics, provenance: &Provenance) -> Result<String, ReportError> {
    let summary = Summary::of(metrics).beside(provenance.recordings.clone()).with_books(provenance.books.clone());
    let figures = charts(metrics, "").map_err(ReportError::Chart)?.into_iter().map(Figure::from).collect();
    let page = Page {
        provenance,
        headlines: Headlines::of(&summary),
        beside: Beside::of(&summary),
        attackers: attackers(&summary, &provenance.attacks),
        books: books(&summary),
        signs: signs(&summary),
        guards: guards(&summary),
        summary: &summary,
        figures,
        metrics: METRICS,
        class_metrics: CLASS_METRICS,
        region_metrics: REGION_METRICS,
    };
    fill(include_str!("../templates/report.html"), page)
}

/// A template filled with what it reads, with the one head and style of all pages.
pub(crate) fn fill(template: &str, page: impl Serialize) -> Result<String, ReportError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.add_template("head.html", include_str!("../templates/head.html"))?;
    environment.add_template("style.css", include_str!("../templates/style.css"))?;
    environment.add_template("page.html", template)?;
    Ok(environment.get_template("page.html")?.render(Serde(page))?)
}
