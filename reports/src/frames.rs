//! Rows as data frames, and data frames as Parquet files that any researcher's tool opens.
//!
//! - `metrics.parquet`: one row per epoch, one column per metric; amounts in XPL as 64-bit floats.
//! - `classes.parquet`: one row per epoch and GPU class.
//! - `regions.parquet`: one row per epoch and region in which anybody had ever registered, by its number on the ledger.
//! - `amounts.parquet`: the amounts again, exact: integer nano-XPL as `uint64`, null where one exceeds 2^64 − 1 (18.4 billion XPL).
//! - `metrics.json`: unit, formula, question and the meaning of null for every column, the class by which work is compared, the signs
//!   of failure and the guardrails. The same text is in each Parquet file's key-value metadata under `plasma`.
//!
//! A null is a value that is not defined in that row; `metrics.json` says why.

use crate::metrics::failure::{SIGNATURES, Signature};
use crate::metrics::guard::{GUARDS, Guard};
use crate::metrics::row::{RegionRow, Row};
use crate::metrics::size::Size;
use crate::metrics::table::{CLASS_METRICS, METRICS, Metric, REGION_METRICS, Unit};
use crate::metrics::{ClassRow, Metrics};
use crate::write::{At, WriteError, create_dir};
use plasma_core::money::XPL;
use polars_core::prelude::*;
use polars_io::parquet::write::{KeyValueMetadata, ParquetCompression, ParquetWriter};
use serde::Serialize;
use std::path::Path;

/// One row per epoch, one column per metric.
pub fn metrics_frame(rows: &[Row]) -> PolarsResult<DataFrame> {
    DataFrame::new(rows.len(), METRICS.iter().map(|metric| column(metric, rows.iter())).collect::<PolarsResult<_>>()?)
}

/// One row per epoch and GPU class, by these names: `epoch`, `time`, `class`, then a column per metric.
pub fn classes_frame(names: &[String], rows: &[Row]) -> PolarsResult<DataFrame> {
    let cells = || rows.iter().flat_map(|row| row.classes.iter().map(move |class| (row, class)));
    let of_epoch = METRICS.iter().filter(|metric| matches!(metric.name, "epoch" | "time"));
    let mut columns = of_epoch.map(|metric| column(metric, cells().map(|(row, _)| row))).collect::<PolarsResult<Vec<_>>>()?;
    let class: Vec<&str> = rows.iter().flat_map(|_| names.iter().map(String::as_str)).collect();
    columns.push(Column::new("class".into(), &class));
    for metric in CLASS_METRICS {
        columns.push(column(metric, cells().map(|(_, class)| class))?);
    }
    DataFrame::new(class.len(), columns)
}

/// One row per epoch and region: `epoch`, `time`, `region`, then a column per metric.
pub fn regions_frame(rows: &[Row]) -> PolarsResult<DataFrame> {
    let cells = || rows.iter().flat_map(|row| (0u64..).zip(&row.regions).map(move |(number, region)| (row, number, region)));
    let of_epoch = METRICS.iter().filter(|metric| matches!(metric.name, "epoch" | "time"));
    let mut columns = of_epoch.map(|metric| column(metric, cells().map(|(row, ..)| row))).collect::<PolarsResult<Vec<_>>>()?;
    let numbers: Vec<u64> = cells().map(|(_, number, _)| number).collect();
    columns.push(Column::new("region".into(), &numbers));
    for metric in REGION_METRICS {
        columns.push(column(metric, cells().map(|(.., region)| region))?);
    }
    DataFrame::new(numbers.len(), columns)
}

/// The amounts of [`metrics_frame`] in exact nano-XPL; null beyond `u64`.
pub fn amounts_frame(rows: &[Row]) -> PolarsResult<DataFrame> {
    let exact = |metric: &Metric<Row>| {
        let values = rows.iter().map(|row| nano(metric, row));
        let name = format!("{}_nano", metric.name);
        Column::new(name.into(), values.collect::<Vec<Option<u64>>>())
    };
    let mut columns = vec![column(crate::metrics::table::metric("epoch"), rows.iter())?];
    columns.extend(METRICS.iter().filter(|metric| is_exact(metric)).map(exact));
    DataFrame::new(rows.len(), columns)
}

/// Whether a metric is a balance or flow, not an average of one.
fn is_exact(metric: &Metric<Row>) -> bool {
    metric.unit == Unit::Xpl && metric.size == Size::Extensive
}

fn nano(metric: &Metric<Row>, row: &Row) -> Option<u64> {
    let (num, den) = (metric.value)(row)?.parts();
    (den == u128::from(XPL)).then(|| u64::try_from(num).ok())?
}

fn column<'r, T: 'static>(metric: &Metric<T>, rows: impl Iterator<Item = &'r T>) -> PolarsResult<Column> {
    let name = metric.name.into();
    let whole = |row: &T| (metric.value)(row).and_then(|ratio| u64::try_from(ratio.parts().0).ok());
    Ok(match metric.unit {
        Unit::Count => Column::new(name, rows.map(whole).collect::<Vec<Option<u64>>>()),
        Unit::Time => {
            let times: Vec<Option<i64>> = rows.map(|row| whole(row)?.try_into().ok()).collect();
            Column::new(name, times).cast(&DataType::Datetime(TimeUnit::Milliseconds, None))?
        }
        _ => Column::new(name, rows.map(|row| metric.of(row)).collect::<Vec<Option<f64>>>()),
    })
}

/// Rows that are held at a time: a row group of each file.
const ROWS: usize = 2_048;

/// What `metrics.json` says.
#[derive(Serialize)]
struct Schema {
    chain: String,
    note: &'static str,
    /// The class in whose hours work and its price are compared.
    reference: String,
    metrics: &'static [Metric<Row>],
    classes: &'static [Metric<ClassRow>],
    regions: &'static [Metric<RegionRow>],
    /// Signs of failure: conditions on a window of so many days.
    failures: &'static [Signature],
    /// Bands of metrics, with which value of a span is held against them; a bound that is null is none.
    guards: &'static [Guard],
}

fn schema(metrics: &Metrics) -> Schema {
    let note = "Times are UTC. A null has the one reason given as `undefined`. XPL columns are 64-bit floats; amounts.parquet \
                has them exactly, in nano-XPL.";
    Schema {
        chain: metrics.chain().into(),
        note,
        reference: metrics.reference().into(),
        metrics: METRICS,
        classes: CLASS_METRICS,
        regions: REGION_METRICS,
        failures: SIGNATURES,
        guards: GUARDS,
    }
}

/// Writes `metrics.parquet`, `classes.parquet`, `regions.parquet`, `amounts.parquet` and `metrics.json` into `dir`, which is created.
///
/// # Errors
/// [`WriteError`], naming the file.
pub fn write_parquet(metrics: &Metrics, dir: &Path) -> Result<(), WriteError> {
    create_dir(dir)?;
    let path = dir.join("metrics.json");
    let json = serde_json::to_string_pretty(&schema(metrics)).at(&path)?;
    std::fs::write(&path, &json).at(&path)?;
    type Build = fn(&[String], &[Row]) -> PolarsResult<DataFrame>;
    let builds: [(&str, Build); 4] = [
        ("metrics.parquet", |_, rows| metrics_frame(rows)),
        ("classes.parquet", classes_frame),
        ("regions.parquet", |_, rows| regions_frame(rows)),
        ("amounts.parquet", |_, rows| amounts_frame(rows)),
    ];
    let (names, mut rows) = (metrics.class_names(), metrics.closed().iter());
    let mut group: Vec<Row> = rows.by_ref().take(ROWS).collect();
    let mut files = Vec::new();
    for (name, build) in builds {
        let path = dir.join(name);
        let (file, frame) = (std::fs::File::create(&path).at(&path)?, build(names, &group).at(&path)?);
        let mut file = parquet(file, Some(json.clone())).batched(frame.schema()).at(&path)?;
        file.write_batch(&frame).at(&path)?;
        files.push((path, build, file));
    }
    while group.len() == ROWS {
        group = rows.by_ref().take(ROWS).collect();
        for (path, build, file) in files.iter_mut().filter(|_| !group.is_empty()) {
            file.write_batch(&build(names, &group).at(path)?).at(path)?;
        }
    }
    files.into_iter().try_for_each(|(path, _, file)| file.finish().map(drop).at(&path))
}

/// A Parquet writer as all our files want it: zstd, statistics, `plasma` in the metadata.
pub(crate) fn parquet<W: std::io::Write>(writer: W, about: Option<String>) -> ParquetWriter<W> {
    let metadata = about.map(|text| KeyValueMetadata::from_static(vec![("plasma".to_owned(), text)]));
    ParquetWriter::new(writer)
        .with_compression(ParquetCompression::Zstd(None))
        .with_key_value_metadata(metadata)
        // One thread compresses our few columns as fast as many, and leaves the others to the simulation.
        .set_parallel(false)
}
