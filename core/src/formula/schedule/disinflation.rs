//! `disinflation`: a rate that steps down on every anniversary to a floor.

use super::{Memory, Minted, Seen};
use crate::formula::emission::steady::disinflating_rate;
use crate::money::share_wide;
use crate::params::{Params, emission_base};
use crate::time::YEAR;

/// The base · [`disinflating_rate`] · span ÷ year. A span that crosses an anniversary is minted at both rates, each for its part,
/// so that the epoch's length does not matter. The yearly amount and each part are rounded down.
pub fn mint(params: &Params, seen: &Seen, memory: Memory) -> Minted {
    let base = match params.emission_base() {
        emission_base::TOTAL => seen.supply,
        emission_base::CIRCULATING => seen.circulating,
        _ => seen.initial,
    };
    let yearly = |year| {
        let rate = disinflating_rate(params.emission_rate(), params.emission_step(), params.emission_floor(), year);
        share_wide(base, rate).unwrap_or(u128::MAX)
    };
    (by_years(seen, yearly), memory)
}

/// The sum over the years that a span touches of each year's amount in proportion, each part rounded down.
pub(super) fn by_years(seen: &Seen, yearly: impl Fn(u64) -> u128) -> u128 {
    let (mut from, mut minted) = (seen.from, 0u128);
    while from < seen.to {
        let year = from / YEAR;
        let to = seen.to.min((year + 1).saturating_mul(YEAR));
        minted = minted.saturating_add(Seen { from, to, ..*seen }.share_of_year(yearly(year)));
        from = to;
    }
    minted
}
