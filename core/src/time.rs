//! Integer time: milliseconds since 1970-01-01T00:00:00Z. The calendar belongs to the hosts; the core only counts.

/// A moment, in milliseconds since the Unix epoch (UTC, no leap seconds).
pub type Time = u64;

/// A length of time, in milliseconds.
pub type Span = u64;

/// One second.
pub const SECOND: Span = 1_000;
/// One minute.
pub const MINUTE: Span = 60 * SECOND;
/// One hour.
pub const HOUR: Span = 60 * MINUTE;
/// One day.
pub const DAY: Span = 24 * HOUR;
/// One Julian year of 365.25 days, the year of every annual rate.
pub const YEAR: Span = 31_557_600 * SECOND;

/// Later than anything that happens.
pub const NEVER: Time = Time::MAX;
