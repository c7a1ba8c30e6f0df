//! Books of those whose money is not all on the ledger, and who are not providers or customers: those who sell what unlocks, the
//! treasury's custodian, builders. Whoever simulates keeps them and may tell.

use crate::metrics::table::Unit;
use crate::number::{plain, suffix};
use serde::Serialize;
use std::fmt;

/// What somebody did in a run, a line each.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Book {
    /// Who.
    pub who: String,
    /// What, in the order in which it is to be read.
    pub entries: Vec<Entry>,
}

/// One line of a book.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// What was done.
    pub what: &'static str,
    /// How much of it.
    pub value: f64,
    /// What it is counted in.
    pub unit: Unit,
}

impl Entry {
    /// A number of things.
    pub const fn count(what: &'static str, value: u64) -> Self {
        Self { what, value: value as f64, unit: Unit::Count }
    }

    /// XPL, given in nano-XPL.
    pub const fn xpl(what: &'static str, nano: u128) -> Self {
        Self { what, value: nano as f64 / 1e9, unit: Unit::Xpl }
    }

    /// Dollars, given in micro-USD.
    pub const fn usd(what: &'static str, micro: i128) -> Self {
        Self { what, value: micro as f64 / 1e6, unit: Unit::Usd }
    }

    /// The value as people read it, with its unit.
    pub fn text(&self) -> String {
        format!("{} {}", plain(Some(self.value), self.unit), suffix(self.unit)).trim_end().to_owned()
    }
}

impl fmt::Display for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {}", self.who)?;
        self.entries.iter().try_for_each(|entry| writeln!(f, "    {:40}{:>16}", entry.what, entry.text()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_book_carries_its_units() {
        let entries = vec![Entry::count("orders", 12), Entry::xpl("bought", 1_500_000_000), Entry::usd("gained", -2_000_000)];
        let book = Book { who: "custodian".into(), entries };
        let lines: Vec<String> = book.to_string().lines().map(str::to_owned).collect();
        assert_eq!(lines[0], "  custodian");
        assert!(lines[1].ends_with(" 12") && lines[2].ends_with(" 1.50 XPL") && lines[3].ends_with(" -2 USD"), "{book}");
    }
}
