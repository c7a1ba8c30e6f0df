//! Times as tables write them.

use crate::scenario::model::trace::TimeFormat;

/// Milliseconds since any moment; only distances count. `None` when the text is no time of this format.
pub(super) fn parse(text: &str, format: TimeFormat) -> Option<i64> {
    let text = text.trim();
    match format {
        TimeFormat::Seconds => whole(text.parse::<f64>().ok()? * 1000.0),
        TimeFormat::Milliseconds => whole(text.parse::<f64>().ok()?),
        TimeFormat::DateTime => {
            if let Ok(moment) = text.parse::<jiff::Timestamp>() {
                return Some(moment.as_millisecond());
            }
            let civil: jiff::civil::DateTime = text.parse().ok()?;
            Some(jiff::tz::TimeZone::UTC.to_timestamp(civil).ok()?.as_millisecond())
        }
    }
}

/// What to write instead.
pub(super) const fn expected(format: TimeFormat) -> &'static str {
    match format {
        TimeFormat::DateTime => "expected a date and time such as 2023-11-16 18:15:46.68",
        TimeFormat::Seconds => "expected seconds of at least 0",
        TimeFormat::Milliseconds => "expected milliseconds of at least 0",
    }
}

/// A finite number of milliseconds of at least zero, within a million years.
fn whole(ms: f64) -> Option<i64> {
    (0.0..=3.2e16).contains(&ms).then_some(ms as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_ways_to_write_a_time() {
        assert_eq!(parse("1.5", TimeFormat::Seconds), Some(1500));
        assert_eq!(parse(" 1500 ", TimeFormat::Milliseconds), Some(1500));
        let moment = parse("2023-11-16 18:15:46.6805900", TimeFormat::DateTime);
        assert_eq!(moment, Some(1_700_158_546_680));
        assert_eq!(parse("2023-11-16T18:15:46.68Z", TimeFormat::DateTime), moment);
        assert_eq!(parse("2023-11-16T19:15:46.68+01:00", TimeFormat::DateTime), moment);
        for bad in ["", "-1", "nan", "inf", "1e99", "yesterday"] {
            assert_eq!(parse(bad, TimeFormat::Seconds), None, "{bad}");
            assert_eq!(parse(bad, TimeFormat::DateTime), None, "{bad}");
        }
    }
}
