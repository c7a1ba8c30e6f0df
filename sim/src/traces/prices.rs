//! A recorded price of XPL: a table of times and prices in dollars.
//!
//! The price of a moment is that of the last row at or before it; the earliest row is genesis, and the last one holds to the end.

use super::columns::{self, Columns};
use super::error::TraceError;
use crate::scenario::Loaded;
use crate::scenario::model::TokenMarket;
use crate::scenario::model::token::RecordedPrice;
use crate::scenario::model::trace::Mapping;
use plasma_core::time::Span;
use std::io::Read;

/// A price that changes at given times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    /// Milliseconds since genesis, ascending from zero, and micro-USD per XPL from then on.
    rows: Vec<(Span, u64)>,
}

impl Prices {
    /// Micro-USD per XPL so long after genesis.
    pub fn at(&self, since: Span) -> u64 {
        let after = self.rows.partition_point(|(from, _)| *from <= since);
        self.rows.get(after.saturating_sub(1)).map_or(1, |(_, price)| *price)
    }

    /// Rows of the table.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// Reads the price that a scenario plays; `None` when it plays none.
///
/// # Errors
/// [`TraceError`] for the first row that cannot be understood.
pub fn of(loaded: &Loaded) -> Result<Option<Prices>, TraceError> {
    let (Some(path), TokenMarket::Csv(terms)) = (loaded.price_path(), &loaded.scenario.token.market) else { return Ok(None) };
    let name = path.display().to_string();
    let file = std::fs::File::open(&path).map_err(|why| TraceError::unreadable(&name, &why))?;
    let prices = read(terms, &name, std::io::BufReader::new(file))?;
    let (first, stated) = (prices.at(0), loaded.scenario.token.price.0);
    if first != stated {
        let message = format!("it begins at {} USD, and token.price is {}", first as f64 / 1e6, loaded.scenario.token.price);
        return Err(TraceError::nowhere(&name, message).mended("write the price at genesis in both"));
    }
    Ok(Some(prices))
}

/// Reads a table that errors call `name`.
///
/// # Errors
/// [`TraceError`] for the first row that cannot be understood.
pub fn read(terms: &RecordedPrice, name: &str, table: impl Read) -> Result<Prices, TraceError> {
    let mapping = Mapping { time: Some(terms.time.clone()), ..Mapping::default() };
    let mut rows: Vec<(i64, u64, u64)> = Vec::new();
    columns::each_row(name, table, &mapping, &[], &[&terms.price], |columns: &Columns, row| {
        let (at, price) = columns.quote(row, &terms.price)?;
        rows.push((at, row.position().map_or(0, csv::Position::line), price));
        Ok(())
    })?;
    rows.sort_unstable();
    let Some(&(first, ..)) = rows.first() else {
        return Err(
            TraceError::nowhere(name, "it has no price").mended("expected a row for each time at which the price changes")
        );
    };
    if let Some(pair) = rows.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        let message = format!("the time is that of line {}", pair[0].1);
        return Err(TraceError::at(name, pair[1].1, &terms.time.column, message).mended("remove one of the two"));
    }
    let since = |at: i64| at.abs_diff(first);
    Ok(Prices { rows: rows.into_iter().map(|(at, _, price)| (since(at), price)).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use plasma_core::time::DAY;

    fn read_text(text: &str) -> Result<Prices, String> {
        let terms = toml::from_str("file = \"p.csv\"").unwrap();
        read(&terms, "p.csv", text.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_price_holds_until_the_next_row_and_the_last_to_the_end() {
        // Out of order, by another spelling of the columns, with a column of no interest.
        let text = "Time,volume,price USD\n2025-09-27,3,0.30\n2025-09-25,1,0.1\n2025-09-26T12:00:00Z,2,0.0000014\n";
        let prices = read_text(text).unwrap();
        assert_eq!(prices.len(), 3);
        let day = |days: f64| prices.at((days * DAY as f64) as u64);
        assert_eq!([day(0.0), day(1.4), day(1.5), day(2.0), day(9e3)], [100_000, 100_000, 1, 300_000, 300_000]);
    }

    #[test]
    fn what_is_no_price_is_told_with_its_place() {
        let told = |text: &str, words: &str| {
            let error = read_text(text).unwrap_err();
            assert!(error.contains(words), "{error}");
        };
        told("", "the file is empty");
        told("time,price_usd\n", "it has no price");
        told("time,price\n2025-01-01,1\n", "p.csv:1: column `price_usd`: there is no such column");
        told("time,price_usd\n2025-01-01,0\n", "p.csv:2: column `price_usd`: expected a price of 0.000001 to 1000000 USD");
        told("time,price_usd\n2025-01-01,1\n2025-01-02,-1\n", "p.csv:3: column `price_usd`: expected a number of at least 0");
        told("time,price_usd\n2025-01-01,nan\n", "p.csv:2: column `price_usd`");
        told("time,price_usd\n2025-01-01,2000000\n", "p.csv:2: column `price_usd`: expected a price");
        told("time,price_usd\nsoon,1\n", "p.csv:2: column `time`: expected a date and time");
        told("time,price_usd\n2025-01-01,1\n2025-01-02,1\n2025-01-01,2\n", "p.csv:4: column `time`: the time is that of line 2");
        told("time,price_usd\n2025-01-01,1,2\n", "p.csv:2: the row has 3 fields");
    }
}
