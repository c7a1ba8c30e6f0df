//! Numbers as people read them: three or four significant digits, a magnitude, a unit.

use crate::metrics::table::Unit;

/// What stands where there is no value.
pub const NOTHING: &str = "–";

/// A value where its [`suffix`] is written elsewhere: `9.99 B`, `12.3 %`, `4.0 min`.
pub fn plain(value: Option<f64>, unit: Unit) -> String {
    let Some(value) = value else { return NOTHING.into() };
    match unit {
        Unit::Number => format!("{value:.3}"),
        Unit::Time => crate::calendar::date(value as u64),
        Unit::Share | Unit::SharePerYear => percent(value),
        Unit::Seconds => duration(value),
        Unit::GpuSeconds => compact(value / 3_600.0),
        Unit::Years | Unit::Days => significant(value),
        Unit::Count | Unit::Xpl | Unit::Usd | Unit::UsdPerXpl | Unit::XplPerGpuHour | Unit::UsdPerGpuHour => compact(value),
        Unit::XplPerThousandTokens | Unit::UsdPerThousandTokens => compact(value),
    }
}

/// What stands beside the label of values that [`plain`] writes; nothing where they carry their unit themselves.
pub const fn suffix(unit: Unit) -> &'static str {
    match unit {
        Unit::Count | Unit::Number | Unit::Time | Unit::Share | Unit::Seconds => "",
        Unit::SharePerYear => "p.a.",
        Unit::GpuSeconds => "GPU·h",
        Unit::Xpl | Unit::Usd | Unit::UsdPerXpl | Unit::XplPerGpuHour | Unit::UsdPerGpuHour => unit.name(),
        Unit::Years | Unit::Days | Unit::XplPerThousandTokens | Unit::UsdPerThousandTokens => unit.name(),
    }
}

/// `1 234`, `12.3 k`, `4.56 M`, `9.99 B`, `1.20 T`, `0.0123`.
pub fn compact(value: f64) -> String {
    let magnitude = value.abs();
    let (scaled, suffix) = match magnitude {
        m if m >= 999.5e9 => (value / 1e12, " T"),
        m if m >= 999.5e6 => (value / 1e9, " B"),
        m if m >= 999.5e3 => (value / 1e6, " M"),
        m if m >= 9_999.5 => (value / 1e3, " k"),
        _ => (value, ""),
    };
    if suffix.is_empty() && (value.fract() == 0.0 || magnitude >= 999.5) {
        let whole = value.round() as i64;
        return format!("{}{}", if whole < 0 { "-" } else { "" }, grouped(whole.unsigned_abs().into()));
    }
    format!("{}{suffix}", significant(scaled))
}

/// As [`compact`], without zeros behind the point: what an axis shows.
pub fn trimmed(value: f64) -> String {
    let text = compact(value);
    let (digits, suffix) = text.split_at(text.find([' ', 'e']).filter(|_| text.contains('.')).unwrap_or(text.len()));
    if !digits.contains('.') {
        return text;
    }
    format!("{}{suffix}", digits.trim_end_matches('0').trim_end_matches('.'))
}

/// Three significant digits, more before the point where needed.
fn significant(value: f64) -> String {
    let magnitude = value.abs();
    match magnitude {
        0.0 => "0".into(),
        m if m >= 99.95 => format!("{value:.0}"),
        m if m >= 9.995 => format!("{value:.1}"),
        m if m >= 0.0995 => format!("{value:.2}"),
        m if m >= 0.000_1 => {
            let digits = 2 - m.log10().floor() as i32;
            format!("{value:.*}", digits as usize)
        }
        _ => format!("{value:.2e}"),
    }
}

/// `1 234 567`: every digit, in groups of three.
pub fn grouped(value: u128) -> String {
    match value {
        0..1_000 => value.to_string(),
        _ => format!("{} {:03}", grouped(value / 1_000), value % 1_000),
    }
}

/// `12.3 %`; smaller shares with more digits.
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    match value.abs() {
        0.0 => "0 %".into(),
        p if p >= 1e6 => format!("{} %", compact(value)),
        p if p >= 0.995 => format!("{value:.1} %"),
        p if p >= 0.0995 => format!("{value:.2} %"),
        p if p >= 0.000_05 => format!("{value:.4} %"),
        _ => format!("{value:.1e} %"),
    }
}

/// `0.4 s`, `12 s`, `4.5 min`, `3.2 h`, `5.1 d`.
pub fn duration(seconds: f64) -> String {
    match seconds {
        0.0 => "0 s".into(),
        s if s < 9.95 => format!("{s:.1} s"),
        s if s < 99.5 => format!("{s:.0} s"),
        s if s < 5_940.0 => format!("{:.1} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.1} h", s / 3_600.0),
        s if s < 864_000.0 => format!("{:.1} d", s / 86_400.0),
        s => format!("{} d", compact((s / 86_400.0).round())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_people_write() {
        let compacts = [0.0, 7.0, 1234.0, 12_345.0, 1.999_9e6, 9.999e9, 1.5e12, 0.012_34, -2_500_000.0, 0.5, 4e-9];
        let written = compacts.map(compact).join(" | ");
        assert_eq!(written, "0 | 7 | 1 234 | 12.3 k | 2.00 M | 10.0 B | 1.50 T | 0.0123 | -2.50 M | 0.50 | 4.00e-9");
        assert_eq!([0.1234, 0.005, 0.0, 0.000_02].map(percent).join(" | "), "12.3 % | 0.50 % | 0 % | 0.0020 %");
        assert_eq!(
            [0.0, 0.4, 59.0, 300.0, 7_200.0, 864_000.0].map(duration).join(" | "),
            "0 s | 0.4 s | 59 s | 5.0 min | 2.0 h | 10 d"
        );
        assert_eq!(
            [0.0, 0.05, 1.5, 10_000.0, 20e6, 5_000.0, 100.0].map(trimmed).join(" | "),
            "0 | 0.05 | 1.5 | 10 k | 20 M | 5 000 | 100"
        );
        assert_eq!(plain(None, Unit::Xpl), NOTHING);
        assert_eq!(plain(Some(7_200.0), Unit::GpuSeconds), "2");
    }
}
