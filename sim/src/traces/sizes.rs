//! Recorded sizes: a column of a table, from which the sizes of a group's jobs are drawn.

use super::columns::{self, Columns, Kept};
use super::error::TraceError;
use crate::scenario::Loaded;
use crate::scenario::model::trace::Mapping;
use crate::scenario::model::{SizeSpread, SizeTable};
use crate::scenario::quantity::Id;
use std::collections::BTreeMap;
use std::io::Read;

/// The recorded sizes of a scenario: by group and name of the size, each with its weight, ascending.
pub type Tables = BTreeMap<(Id, Id), Vec<(f64, f64)>>;

/// Reads every table of sizes of a scenario.
///
/// # Errors
/// [`TraceError`] for the first row that cannot be understood.
pub fn of(loaded: &Loaded) -> Result<Tables, TraceError> {
    let mut tables = Tables::new();
    for group in &loaded.scenario.demand {
        for (size, spread) in &group.size {
            let SizeSpread::Csv(terms) = spread else { continue };
            let path = loaded.sizes_path(&group.id, size, terms);
            let name = path.display().to_string();
            let file = std::fs::File::open(&path).map_err(|why| TraceError::unreadable(&name, &why))?;
            tables.insert((group.id.clone(), size.clone()), read(terms, &name, std::io::BufReader::new(file))?);
        }
    }
    Ok(tables)
}

/// Reads a table that errors call `name`: sizes, equal ones together, with their weights.
///
/// # Errors
/// [`TraceError`] for the first row that cannot be understood.
pub fn read(terms: &SizeTable, name: &str, table: impl Read) -> Result<Vec<(f64, f64)>, TraceError> {
    let mapping = Mapping { keep: terms.keep.clone(), ..Mapping::default() };
    let others: Vec<&str> = std::iter::once(terms.column.as_str()).chain(terms.weight.as_deref()).collect();
    let mut rows: Vec<(f64, f64)> = Vec::new();
    columns::each_row(name, table, &mapping, &[], &others, |columns: &Columns, row| {
        if let Kept::Yes(sample) = columns.sample(row, &terms.column, terms.weight.as_deref(), terms.factor.get())? {
            rows.push(sample);
        }
        Ok(())
    })?;
    rows.sort_by(|(size, _), (other, _)| size.total_cmp(other));
    rows.dedup_by(|(size, weight), (kept, sum)| {
        let same = size == kept;
        *sum += if same { *weight } else { 0.0 };
        same
    });
    let sum: f64 = rows.iter().map(|(_, weight)| weight).sum();
    if !(sum > 0.0 && sum.is_finite()) {
        let message =
            if rows.is_empty() { "no row is left to draw from" } else { "its weights come to nothing, or beyond measure" };
        return Err(TraceError::nowhere(name, message).mended("check `keep` and `weight` against the table"));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(terms: &str, text: &str) -> Result<Vec<(f64, f64)>, String> {
        let terms = toml::from_str(&format!("file = \"s.csv\"\n{terms}")).unwrap();
        read(&terms, "s.csv", text.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn equal_sizes_stand_together_in_order() {
        // By another spelling of the columns, with one of no interest; a product is rounded up and at least 1.
        let text = "Time,generated tokens,Count\n1,30,2\n2,0,1\n3,30,0.5\n4,7,0\n";
        let table = read_text("column = \"GeneratedTokens\"\nweight = \"count\"\nfactor = 1.5", text).unwrap();
        assert_eq!(table, [(1.0, 1.0), (11.0, 0.0), (45.0, 2.5)]);
        let alike =
            read_text("column = \"generated_tokens\"\nkeep = [{ column = \"time\", is = { at_least = 3 } }]", text).unwrap();
        assert_eq!(alike, [(7.0, 1.0), (30.0, 1.0)]);
    }

    #[test]
    fn what_is_no_size_is_told_with_its_place() {
        let told = |terms: &str, text: &str, words: &str| {
            let error = read_text(&format!("column = \"tokens\"\n{terms}"), text).unwrap_err();
            assert!(error.contains(words), "{error}");
        };
        told("", "", "the file is empty");
        told("", "tokens\n", "s.csv: no row is left to draw from");
        told("", "token\n5\n", "s.csv:1: column `tokens`: there is no such column");
        told("", "tokens\n5\nmany\n", "s.csv:3: column `tokens`: expected a number of at least 0, found \"many\"");
        told("", "tokens\n4294967296\n", "s.csv:2: column `tokens`: expected a size of at most 4294967295, found 4294967296");
        told("weight = \"often\"", "tokens,often\n5,-1\n", "s.csv:2: column `often`: expected a number of at least 0");
        told("weight = \"often\"", "tokens,often\n5,0\n", "s.csv: its weights come to nothing");
        told("", "tokens\n5,6\n", "s.csv:2: the row has 2 fields");
    }
}
