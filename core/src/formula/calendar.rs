//! Calendar months: the one thing that the core asks of the calendar, because grants vest by the month.
//!
//! Days are counted as in the proleptic Gregorian calendar (H. Hinnant, "chrono-compatible low-level date algorithms",
//! `days_from_civil` and `civil_from_days`). A month later is the same day at the same hour, or the month's last day where there is
//! no such day (`java.time.LocalDate.plusMonths`).

use crate::time::{DAY, Time};

/// Days from 0000-03-01 to 1970-01-01: years that begin in March end with the leap day.
const EPOCH: u64 = 719_468;
/// Days of the 400 years after which the calendar repeats.
const ERA: u64 = 146_097;

/// A day of the calendar: year, month from 0 for January, day from 0 for the first.
type Civil = (u64, u64, u64);

fn civil(day: u64) -> Civil {
    let day = day + EPOCH;
    let of_era = day % ERA;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let year = day / ERA * 400 + year_of_era + u64::from(from_march >= 10);
    (year, (from_march + 2) % 12, of_year - (153 * from_march + 2) / 5)
}

fn day((year, month, day): Civil) -> u64 {
    let year = year - u64::from(month < 2);
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * ((month + 10) % 12) + 2) / 5 + day;
    era * ERA + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH
}

const fn length(year: u64, month: u64) -> u64 {
    let leaps = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 => 28 + leaps as u64,
        3 | 5 | 8 | 10 => 30,
        _ => 31,
    }
}

/// So many calendar months after a moment; the last moment there is when that lies beyond it.
pub fn add_months(from: Time, months: u32) -> Time {
    let (year, month, of_month) = civil(from / DAY);
    let month = month + u64::from(months);
    let (year, month) = (year + month / 12, month % 12);
    let later = day((year, month, of_month.min(length(year, month) - 1)));
    later.saturating_mul(DAY).saturating_add(from % DAY)
}

/// How many calendar months have passed from one moment to another, rounded down; none when it is earlier.
pub fn months_between(from: Time, to: Time) -> u32 {
    if to <= from {
        return 0;
    }
    let ((year, month, _), (to_year, to_month, _)) = (civil(from / DAY), civil(to / DAY));
    let months = u32::try_from((to_year * 12 + to_month) - (year * 12 + month)).unwrap_or(u32::MAX);
    if add_months(from, months) > to { months - 1 } else { months }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::HOUR;
    use proptest::prelude::*;

    fn date(year: u64, month: u64, of_month: u64) -> Time {
        day((year, month - 1, of_month - 1)) * DAY
    }

    /// RFC 3339, section 5.8, and the days on which the Unix clock passed round numbers of seconds.
    #[test]
    fn known_days_are_where_they_are_known_to_be() {
        assert_eq!(date(1970, 1, 1), 0);
        assert_eq!(date(1985, 4, 12), 482_112_000_000);
        assert_eq!(date(2001, 9, 9), 999_993_600_000);
        assert_eq!(date(2025, 9, 25), 1_758_758_400_000);
        assert_eq!(civil(date(2000, 2, 29) / DAY), (2000, 1, 28));
    }

    /// `java.time.LocalDate.plusMonths`: 2007-03-31 plus a month is 2007-04-30.
    #[test]
    fn a_day_that_the_month_lacks_becomes_its_last() {
        let from = date(2007, 3, 31) + HOUR;
        assert_eq!(add_months(from, 1), date(2007, 4, 30) + HOUR);
        assert_eq!(add_months(from, 11), date(2008, 2, 29) + HOUR);
        assert_eq!(add_months(from, 23), date(2009, 2, 28) + HOUR);
        assert_eq!(add_months(from, 12_000), date(3007, 3, 31) + HOUR);
        assert_eq!(months_between(from, date(2007, 4, 30) + HOUR), 1);
        assert_eq!(months_between(from, date(2007, 4, 30) + HOUR - 1), 0);
        assert_eq!(months_between(from, 0), 0);
    }

    #[test]
    fn the_end_of_time_is_reached_and_not_passed() {
        assert_eq!(add_months(Time::MAX, 1), Time::MAX);
        assert_eq!(add_months(0, u32::MAX), day((1970 + u64::from(u32::MAX) / 12, 3, 0)) * DAY);
        assert_eq!(months_between(0, Time::MAX), u32::MAX);
    }

    proptest! {
        #[test]
        fn days_are_counted_one_by_one(number in 0..4_000_000u64) {
            let (year, month, of_month) = civil(number);
            prop_assert_eq!(day((year, month, of_month)), number);
            let next = if of_month + 1 < length(year, month) {
                (year, month, of_month + 1)
            } else {
                (year + (month + 1) / 12, (month + 1) % 12, 0)
            };
            prop_assert_eq!(civil(number + 1), next);
        }

        #[test]
        fn months_are_counted_as_they_are_added(from in 0..8_000_000_000_000u64, months in 0..5_000u32, later in 0..DAY) {
            let to = add_months(from, months);
            prop_assert!(to < add_months(from, months + 1));
            prop_assert_eq!(months_between(from, to.saturating_add(later)), months);
        }
    }
}
