//! Lengths of time, dates and offsets from UTC.

use std::fmt;

use plasma_core::time::{DAY, HOUR, MINUTE, SECOND, Span, Time, YEAR};

use super::decimal::{group, number_and_unit};
use super::{Fault, Quantity, written_as_string};

/// A length of time, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanMs(pub Span);

/// A moment, in milliseconds since 1970-01-01T00:00:00Z; written as a date, which means its first moment, or as a UTC time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub Time);

/// The distance of local time from UTC, in minutes, east positive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UtcOffset(pub i16);

/// The units of time from long to short; a year is a Julian year of 365.25 days, the year of every annual rate.
pub const UNITS: [(&str, Span); 7] =
    [("y", YEAR), ("w", 7 * DAY), ("d", DAY), ("h", HOUR), ("min", MINUTE), ("s", SECOND), ("ms", 1)];

impl SpanMs {
    /// Ten thousand years: as good as never, and sums of times stay within what can be counted.
    pub const LONGEST: Self = Self(10_000 * YEAR);

    /// In hours.
    pub fn hours(self) -> f64 {
        self.0 as f64 / HOUR as f64
    }
}

impl Quantity for SpanMs {
    const EXPECTED: &'static str = "a duration such as \"90d\" or \"12h\"";
    const PATTERN: &'static str = r"^[0-9][0-9_]*(\.[0-9]+)? ?(y|w|d|h|min|s|ms)$";

    fn read(text: &str) -> Result<Self, Fault> {
        let (number, unit) = number_and_unit(text)?;
        if unit == "m" {
            return Err(Fault::Illegal("`m` could be minutes or months; write \"min\" or days"));
        }
        let &(_, length) = UNITS.iter().find(|(name, _)| *name == unit).ok_or(Fault::Spelling)?;
        let span = number.in_units(u128::from(length), "a millisecond, the smallest duration")?;
        let span = u64::try_from(span).map(Self).ok().filter(|span| *span <= Self::LONGEST);
        span.ok_or(Fault::Illegal("no time is longer than 10_000 years"))
    }
}

impl fmt::Display for SpanMs {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        // Weeks are read but not printed: "21d" is what people write.
        let exact = |(name, length): &&(&str, Span)| *name != "w" && self.0.is_multiple_of(*length);
        let (name, length) = UNITS.iter().find(exact).filter(|_| self.0 > 0).unwrap_or(&("s", SECOND));
        write!(f, "{}{name}", group(u128::from(self.0 / length)))
    }
}

impl Quantity for Date {
    const EXPECTED: &'static str = "a date such as 2025-09-25";
    const PATTERN: &'static str = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,3})?Z)?$";

    fn read(text: &str) -> Result<Self, Fault> {
        let text = text.trim();
        let timestamp: jiff::Timestamp = match text.len() {
            10 => {
                let date: jiff::civil::Date = text.parse().map_err(|_| Fault::Spelling)?;
                jiff::tz::TimeZone::UTC.to_timestamp(date.into()).map_err(|_| Fault::TooLarge)?
            }
            _ => text.parse().map_err(|_| Fault::Spelling)?,
        };
        if timestamp.subsec_nanosecond() % 1_000_000 != 0 {
            return Err(Fault::TooFine("a millisecond"));
        }
        Ok(Self(u64::try_from(timestamp.as_millisecond()).map_err(|_| Fault::Illegal("time begins in 1970"))?))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let timestamp = i64::try_from(self.0).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        match timestamp {
            Some(timestamp) if self.0.is_multiple_of(DAY) => write!(f, "{}", timestamp.strftime("%Y-%m-%d")),
            Some(timestamp) => timestamp.fmt(f),
            None => write!(f, "beyond the calendar"),
        }
    }
}

impl Quantity for UtcOffset {
    const EXPECTED: &'static str = "an offset from UTC such as \"+01:00\" or \"-05:30\"";
    const PATTERN: &'static str = r"^[+-][0-9]{2}:[0-9]{2}$";

    fn read(text: &str) -> Result<Self, Fault> {
        let bytes = text.as_bytes();
        let digit = |i: usize| match bytes.get(i) {
            Some(byte) if byte.is_ascii_digit() => Ok(i16::from(byte - b'0')),
            _ => Err(Fault::Spelling),
        };
        if bytes.len() != 6 || bytes[3] != b':' {
            return Err(Fault::Spelling);
        }
        let (hours, minutes) = (digit(1)? * 10 + digit(2)?, digit(4)? * 10 + digit(5)?);
        if hours > 14 || minutes > 59 {
            return Err(Fault::Illegal("no place is further than 14 hours from UTC"));
        }
        match bytes[0] {
            b'+' => Ok(Self(hours * 60 + minutes)),
            b'-' => Ok(Self(-(hours * 60 + minutes))),
            _ => Err(Fault::Spelling),
        }
    }
}

impl fmt::Display for UtcOffset {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let size = self.0.unsigned_abs();
        write!(f, "{}{:02}:{:02}", if self.0 < 0 { '-' } else { '+' }, size / 60, size % 60)
    }
}

written_as_string!(SpanMs, Date, UtcOffset);

#[cfg(test)]
mod tests {
    use super::{DAY, Date, HOUR, SpanMs, UtcOffset, YEAR};
    use proptest::prelude::{prop_assert_eq, proptest};

    #[test]
    fn spellings() {
        assert_eq!("90d".parse(), Ok(SpanMs(90 * DAY)));
        assert_eq!("0.5 h".parse(), Ok(SpanMs(HOUR / 2)));
        assert_eq!("5y".parse(), Ok(SpanMs(5 * YEAR)));
        assert_eq!("10000y".parse(), Ok(SpanMs::LONGEST));
        assert_eq!("3w".parse::<SpanMs>().unwrap().to_string(), "21d");
        assert_eq!(SpanMs(0).to_string(), "0s");
        assert_eq!("2025-09-25".parse(), Ok(Date(1_758_758_400_000)));
        assert_eq!("2025-09-25T12:00:00Z".parse(), Ok(Date(1_758_801_600_000)));
        assert_eq!("-05:30".parse(), Ok(UtcOffset(-330)));
        for bad in ["90", "90 days", "d", "5%", "-1d", "0.5ms", "5m", "99999999999999y", "10001y", "18446744073709551000ms"] {
            assert!(bad.parse::<SpanMs>().is_err(), "{bad}");
        }
        for bad in ["25.9.2025", "2025-13-01", "1969-01-01", "2025", "tomorrow", "2025-09-25T12:00:00"] {
            assert!(bad.parse::<Date>().is_err(), "{bad}");
        }
        for bad in ["1", "+1", "+15:00", "+01:60", "UTC", "+é1:0"] {
            assert!(bad.parse::<UtcOffset>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(ms in 0..=SpanMs::LONGEST.0, moment in 0..253_402_000_000_000u64, minutes in -840i16..=840) {
            prop_assert_eq!(SpanMs(ms).to_string().parse(), Ok(SpanMs(ms)));
            prop_assert_eq!(Date(moment).to_string().parse(), Ok(Date(moment)));
            prop_assert_eq!(UtcOffset(minutes).to_string().parse(), Ok(UtcOffset(minutes)));
        }
    }
}
