//! The calendar, day by day.

use plasma_core::time::{DAY, Time};

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The moment so many months later; the month's last day where it lacks the day.
pub fn months_later(from: Time, months: u64) -> Time {
    let (mut year, mut month, mut day, mut first) = (1970, 1, from / DAY, 0);
    let next = |year: &mut u64, month: &mut u64, first: &mut u64| {
        *first += days_of(*year, *month);
        (*year, *month) = if *month == 12 { (*year + 1, 1) } else { (*year, *month + 1) };
    };
    while day >= days_of(year, month) {
        day -= days_of(year, month);
        next(&mut year, &mut month, &mut first);
    }
    (0..months).for_each(|_| next(&mut year, &mut month, &mut first));
    (first + day.min(days_of(year, month) - 1)) * DAY + from % DAY
}
