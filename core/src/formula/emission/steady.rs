//! Schedules that follow the calendar and nothing else.

use crate::money::{mul_div_floor, share_wide};
use crate::time::{Span, YEAR};

/// What a yearly amount comes to in a span: ⌊yearly · span ÷ year⌋, with a year of 365.25 days (IAU 2009, Julian year). `None` when
/// the result exceeds `u128`.
pub fn fixed(yearly: u128, span: Span) -> Option<u128> {
    mul_div_floor(yearly, u128::from(span), u128::from(YEAR))
}

/// The yearly rate, in parts per billion, in the year that begins after so many anniversaries: max(floor, rate − step · years), as
/// the published inflation of XPL falls half a point a year from 5 % to 3 %.
pub fn disinflating_rate(rate: u64, step: u64, floor: u64, years: u64) -> u64 {
    rate.saturating_sub(step.saturating_mul(years)).max(floor)
}

/// The yearly rate, in parts per billion, after so many years of compounding disinflation: rate · (1 − taper)^years, never below the
/// floor, each year rounded down (Solana documentation, "Inflation Schedule": 8 %, −15 % a year, 1.5 %).
pub fn tapering_rate(rate: u64, taper: u64, floor: u64, years: u64) -> u64 {
    let kept = crate::money::ONE.saturating_sub(taper);
    let mut rate = rate;
    for _ in 0..years {
        rate = u64::try_from(share_wide(u128::from(rate), kept).unwrap_or(0)).unwrap_or(0);
        if rate <= floor {
            return floor;
        }
    }
    rate.max(floor)
}

/// What a table gives in the year that begins after so many anniversaries: its entry, and nothing once the table has ended, for
/// nobody published what would follow.
pub fn table(yearly: &[u64], years: u64) -> u64 {
    usize::try_from(years).ok().and_then(|year| yearly.get(year)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::XPL;

    #[test]
    fn a_year_is_the_whole_and_a_day_its_part_rounded_down() {
        let yearly = 500_000_000 * u128::from(XPL);
        assert_eq!(fixed(yearly, YEAR), Some(yearly));
        assert_eq!(fixed(1, YEAR - 1), Some(0));
        assert_eq!(fixed(u128::MAX, 2 * YEAR), None);
    }

    #[test]
    fn xpl_falls_from_five_percent_to_three_in_four_years() {
        let rates = [0, 1, 2, 3, 4, 5, 100].map(|year| disinflating_rate(50_000_000, 5_000_000, 30_000_000, year));
        assert_eq!(rates, [50_000_000, 45_000_000, 40_000_000, 35_000_000, 30_000_000, 30_000_000, 30_000_000]);
    }

    /// Solana documentation, "Inflation Schedule": 8 % at first, 15 % less each year, 1.5 % in the end, reached in about ten years.
    #[test]
    fn solana_tapers_from_eight_percent_to_one_and_a_half() {
        let rate = |year| tapering_rate(80_000_000, 150_000_000, 15_000_000, year);
        assert_eq!([rate(0), rate(1), rate(2)], [80_000_000, 68_000_000, 57_800_000]);
        assert!(rate(10) > 15_000_000 && rate(11) == 15_000_000, "{} {}", rate(10), rate(11));
        assert_eq!(rate(u64::MAX), 15_000_000);
    }

    #[test]
    fn a_table_ends_with_its_last_entry() {
        assert_eq!([0, 1, 2, 3, u64::MAX].map(|year| table(&[7, 5, 3], year)), [7, 5, 3, 0, 0]);
        assert_eq!(table(&[], 0), 0);
    }
}
