//! Failure signatures: what an economy looks like when something is going wrong, and when a run first looked like it.
//!
//! Each is a condition on a window of time that slides over the run by whole days. They are signs, not proofs: a provider exodus may
//! be a season's end.

use super::row::{Row, Stocks};
use super::table::cost_to_corrupt;
use plasma_core::money::XPL;
use plasma_core::time::{DAY, Span, Time};
use serde::Serialize;
use std::collections::VecDeque;

/// What a signature looks at.
pub struct Window<'w> {
    /// The window as one row. Waits, concentration and what the ledger does not say are those of its last epoch or missing.
    pub row: &'w Row,
    /// Stocks at its beginning; none where it begins with the run.
    pub before: Option<&'w Stocks>,
    /// Its days, at least one.
    pub days: &'w [&'w Row],
}

impl Window<'_> {
    /// Its last day.
    fn last(&self) -> &Row {
        self.days[self.days.len() - 1]
    }
}

/// A sign of failure.
#[derive(Serialize)]
pub struct Signature {
    /// Its name.
    pub name: &'static str,
    /// When it is met.
    pub formula: &'static str,
    /// The question it answers.
    pub question: &'static str,
    /// Days that the window spans.
    pub days: u64,
    /// Whether it is met.
    #[serde(skip)]
    pub met: fn(&Window) -> bool,
}

/// Every signature.
pub const SIGNATURES: &[Signature] = &[
    Signature {
        name: "exodus",
        formula: "providers_exited − providers_entered > 5 % of those active, over 90 days",
        question: "Do providers leave faster than they come?",
        days: 90,
        met: |w| {
            let left = w.row.exits.saturating_sub(w.row.entries);
            left > 0 && w.before.is_some_and(|before| left * 20 > before.providers)
        },
    },
    Signature {
        name: "checks unpaid",
        formula: "check_rewards > fees, over 30 days",
        question: "Do fees pay for checks?",
        days: 30,
        met: |w| w.row.check_rewards > w.row.fees(),
    },
    Signature {
        name: "cheating pays",
        formula: "deterrence_usd < 0, on every day of a week",
        question: "Is the bond under the bound below which cheating pays?",
        days: 7,
        met: |w| w.days.iter().all(|day| day.stocks.deterrence.is_some_and(|[now, ..]| now < 0)),
    },
    Signature {
        name: "treasury empty",
        formula: "treasury = 0",
        question: "Is there anything left to govern with?",
        days: 1,
        met: |w| w.last().stocks.treasury == 0,
    },
    Signature {
        name: "attack pays",
        formula: "cost_to_corrupt_usd < treasury × price_usd",
        question: "Does a majority of stake cost less than the treasury that it could vote itself?",
        days: 1,
        met: |w| {
            let treasury = w.last().stocks.treasury * u128::from(w.last().stocks.price_micro_usd) / u128::from(XPL);
            cost_to_corrupt(w.last()).is_some_and(|cost| cost < treasury)
        },
    },
    Signature {
        name: "oracle stale",
        formula: "no fresh oracle price at the end of an epoch",
        question: "Does the protocol know what an XPL is worth?",
        days: 1,
        met: |w| w.last().stocks.price_micro_usd == 0,
    },
    Signature {
        name: "emission exhausted",
        formula: "issued = supply.cap",
        question: "Is there anything left to mint?",
        days: 1,
        met: |w| w.last().stocks.unissued == 0,
    },
    Signature {
        name: "price spiral",
        formula: "price_usd fell by more than half and providers_active by more than 10 %, in the same 90 days",
        question: "Do price and supply drag each other down?",
        days: 90,
        met: |w| {
            let (Some(before), after) = (w.before, &w.last().stocks) else { return false };
            after.price_micro_usd > 0
                && after.price_micro_usd < before.price_micro_usd / 2
                && after.providers * 10 < before.providers * 9
        },
    },
    Signature {
        name: "capture",
        formula: "stake_nakamoto = 1, by true owner where owners are known",
        question: "Can one owner decide alone?",
        days: 1,
        met: |w| {
            let spread = &w.last().concentration;
            w.last().stocks.providers > 1 && spread.stake_owned.or(spread.stake).is_some_and(|stake| stake.nakamoto == 1)
        },
    },
];

/// A signature that a run met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The signature.
    pub name: &'static str,
    /// When it is met.
    pub formula: &'static str,
    /// End of the first window that met it, in milliseconds since the Unix epoch.
    pub first: Time,
    /// End of the last window that did.
    pub last: Time,
    /// Days whose window did.
    pub days: u64,
}

/// Days go by, and what they meet is remembered; of the days themselves no more than the longest window and the one before it.
#[derive(Default)]
pub(crate) struct Watch {
    days: VecDeque<Row>,
    met: [Option<Failure>; SIGNATURES.len()],
}

impl Watch {
    /// The next day.
    pub(crate) fn day(&mut self, day: Row) {
        self.days.push_back(day);
        let longest = SIGNATURES.iter().map(|signature| signature.days * DAY).max().unwrap_or(0);
        while self.days.iter().skip(2).map(Row::span).sum::<Span>() >= longest {
            self.days.pop_front();
        }
        let days: Vec<&Row> = self.days.iter().collect();
        for (signature, met) in SIGNATURES.iter().zip(&mut self.met) {
            look(signature, &days, met);
        }
    }

    /// The signatures that were met, in the order in which they first were.
    pub(crate) fn met(self) -> Vec<Failure> {
        let mut met: Vec<Failure> = self.met.into_iter().flatten().collect();
        met.sort_by_key(|failure| failure.first);
        met
    }
}

/// Rows of a day or more: epochs may be shorter, and a window need not slide by less.
pub(crate) fn days(mut rows: impl Iterator<Item = Row>) -> impl Iterator<Item = Row> {
    std::iter::from_fn(move || {
        let mut day = rows.next()?;
        while day.span() < DAY
            && let Some(row) = rows.next()
        {
            day.append(&row);
            day.concentration = row.concentration;
        }
        Some(day)
    })
}

/// Whether the shortest window that ends with the last of these days and is long enough meets a signature.
fn look(signature: &Signature, days: &[&Row], met: &mut Option<Failure>) {
    let mut spanned: Span = 0;
    let begin = days.iter().rposition(|day| {
        spanned += day.span();
        spanned >= signature.days * DAY
    });
    let (Some(begin), Some(last)) = (begin, days.last()) else { return };
    let mut row = Row::default();
    days[begin..].iter().for_each(|part| row.append(part));
    let before = begin.checked_sub(1).map(|place| &days[place].stocks);
    if (signature.met)(&Window { row: &row, before, days: &days[begin..] }) {
        let &Signature { name, formula, .. } = signature;
        let found = met.get_or_insert(Failure { name, formula, first: last.closed, last: last.closed, days: 0 });
        (found.last, found.days) = (last.closed, found.days + 1);
    }
}

/// Names of the signatures that look at more days than a run of this length has, so that nobody can say whether it met them.
pub fn too_short_for(span: Span) -> Vec<&'static str> {
    SIGNATURES.iter().filter(|signature| span < signature.days * DAY).map(|signature| signature.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A quiet day: ten providers, a price, a treasury.
    fn day(number: u64) -> Row {
        let stocks = Stocks { providers: 10, price_micro_usd: 100, treasury: 1, unissued: 1, staked: 100, ..Stocks::default() };
        Row { opened: number * DAY, closed: (number + 1) * DAY, stocks, ..Row::default() }
    }

    fn found(rows: &[Row]) -> Vec<(&'static str, u64, u64)> {
        let (mut watch, mut found) = (Watch::default(), Vec::new());
        days(rows.iter().cloned()).for_each(|day| watch.day(day));
        assert!(watch.days.len() <= 92, "no more is kept than the longest window");
        for signature in SIGNATURES {
            let met = watch.met.iter().flatten().find(|failure| failure.name == signature.name);
            found.extend(met.map(|failure| (failure.name, failure.first / DAY, failure.days)));
        }
        found
    }

    #[test]
    fn a_quiet_run_meets_none() {
        assert_eq!(found(&(0..200).map(day).collect::<Vec<_>>()), []);
        assert_eq!(found(&[]), []);
    }

    #[test]
    fn a_run_that_goes_wrong_is_dated() {
        let mut rows: Vec<Row> = (0..200).map(day).collect();
        rows[120].exits = 1;
        assert_eq!(found(&rows), [("exodus", 121, 80)], "one of ten, until the run ends");
        rows[120].entries = 1;
        rows[150].stocks.treasury = 0;
        rows[160].stocks.price_micro_usd = 0;
        assert_eq!(found(&rows), [("treasury empty", 151, 1), ("oracle stale", 161, 1)]);
    }

    #[test]
    fn the_first_day_counts_and_a_week_is_all_of_its_days() {
        let mut rows: Vec<Row> = (0..30).map(day).collect();
        rows[0].stocks.treasury = 0;
        rows.iter_mut().for_each(|row| row.stocks.deterrence = Some([-1; 3]));
        rows[9].stocks.deterrence = Some([1; 3]);
        assert_eq!(found(&rows), [("cheating pays", 7, 3 + 14), ("treasury empty", 1, 1)]);
        rows.iter_mut().step_by(6).for_each(|row| row.stocks.deterrence = Some([0; 3]));
        assert_eq!(found(&rows), [("treasury empty", 1, 1)]);
    }

    #[test]
    fn a_crash_alone_is_no_spiral() {
        let mut rows: Vec<Row> = (0..200).map(day).collect();
        rows[150..].iter_mut().for_each(|row| row.stocks.price_micro_usd = 49);
        assert_eq!(found(&rows), []);
        rows[150..].iter_mut().for_each(|row| row.stocks.providers = 8);
        assert_eq!(found(&rows).first().map(|met| met.0), Some("price spiral"));
    }

    #[test]
    fn hours_make_days() {
        let hour = DAY / 24;
        let rows: Vec<Row> =
            (0..72).map(|i| Row { opened: i * hour, closed: (i + 1) * hour, exits: 1, ..Row::default() }).collect();
        let days = days(rows.into_iter());
        assert_eq!(
            days.map(|day| (day.opened / hour, day.closed / hour, day.exits)).collect::<Vec<_>>(),
            [(0, 24, 24), (24, 48, 24), (48, 72, 24)]
        );
    }
}
