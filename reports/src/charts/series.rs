//! Lines over time, thinned to what a page can show.

/// One value per epoch; none where the metric is undefined.
#[derive(Clone, Debug)]
pub struct Line {
    /// What the legend calls it.
    pub label: String,
    /// By epoch.
    pub values: Vec<Option<f64>>,
    /// Ends of what is shaded around them, by epoch; empty where nothing is.
    pub band: Vec<Option<(f64, f64)>>,
}

/// A few epochs that are drawn as one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Position of the epoch in its middle.
    pub middle: usize,
    /// Least value.
    pub min: f64,
    /// Greatest value.
    pub max: f64,
}

/// Series longer than this are drawn as ranges behind a moving mean.
pub const LONG: usize = 200;
/// Most buckets in a line.
const BUCKETS: usize = 320;

impl Line {
    /// A line.
    pub fn new(label: &str, values: Vec<Option<f64>>) -> Self {
        Self { label: label.into(), values, band: Vec::new() }
    }

    /// The same line with a band around it.
    pub fn within(self, band: Vec<Option<(f64, f64)>>) -> Self {
        Self { band, ..self }
    }

    /// The band in runs without a gap: epoch, lower and upper end.
    pub fn bands(&self) -> Vec<Vec<(usize, f64, f64)>> {
        runs(self.band.iter().enumerate().map(|(i, ends)| ends.map(|(low, high)| (i, low, high))))
    }

    /// Everything that an axis must hold.
    fn extent(&self) -> impl Iterator<Item = f64> {
        let ends = self.band.iter().flatten().flat_map(|&(low, high)| [low, high]);
        self.values.iter().flatten().copied().chain(ends)
    }

    /// Whether any epoch has a value.
    pub fn has_values(&self) -> bool {
        self.values.iter().any(Option::is_some)
    }

    /// Ranges of consecutive epochs, in runs without a gap.
    pub fn ranges(&self) -> Vec<Vec<Bucket>> {
        let width = self.values.len().div_ceil(BUCKETS).max(1);
        let bucket = |(i, chunk): (usize, &[Option<f64>])| {
            let seen = || chunk.iter().flatten().copied();
            let (min, max) = (seen().fold(f64::INFINITY, f64::min), seen().fold(f64::NEG_INFINITY, f64::max));
            (min <= max).then_some(Bucket { middle: i * width + chunk.len() / 2, min, max })
        };
        runs(self.values.chunks(width).enumerate().map(bucket))
    }

    /// Means over `window` epochs around each epoch that has a value, in runs without a gap, one per bucket.
    pub fn means(&self, window: usize) -> Vec<Vec<(usize, f64)>> {
        let step = self.values.len().div_ceil(BUCKETS).max(1);
        let half = window / 2;
        let mean = |i: usize| {
            let near = &self.values[i.saturating_sub(half)..(i + half + 1).min(self.values.len())];
            let seen: Vec<f64> = near.iter().flatten().copied().collect();
            (!seen.is_empty()).then(|| (i, seen.iter().sum::<f64>() / seen.len() as f64))
        };
        let last = self.values.len().saturating_sub(1);
        runs((0..self.values.len()).filter(|i| i % step == 0 || *i == last).map(mean))
    }

    /// The values in runs without a gap.
    pub fn points(&self) -> Vec<Vec<(usize, f64)>> {
        runs(self.values.iter().enumerate().map(|(i, value)| Some((i, (*value)?))))
    }
}

/// Splits at every `None`.
fn runs<T>(items: impl Iterator<Item = Option<T>>) -> Vec<Vec<T>> {
    let mut runs = vec![Vec::new()];
    for item in items {
        match item {
            Some(item) => runs.last_mut().expect("there is a first run").push(item),
            None => runs.push(Vec::new()),
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

/// Upper end of an axis: the greatest value, unless a few outliers would flatten all others. `means` is the window of a moving mean
/// that must be seen whole; without one every value is drawn as it is.
pub fn top(lines: &[Line], means: Option<usize>) -> f64 {
    let usual = |line: &Line| {
        let mut values: Vec<f64> = line.extent().collect();
        values.sort_unstable_by(f64::total_cmp);
        let usual = values.get((values.len().max(1) - 1) * 95 / 100).map_or(0.0, |usual| 1.5 * usual);
        let few = values.len() < 20 || usual <= 0.0;
        let mean = means.map_or(0.0, |window| line.means(window).iter().flatten().fold(0.0, |top, (_, mean)| mean.max(top)));
        let max = values.last().copied().unwrap_or(0.0);
        if few || max <= 2.0 * usual.max(mean) { max } else { usual.max(mean) }
    };
    lines.iter().filter(|line| line.has_values()).map(usual).reduce(f64::max).unwrap_or(1.0)
}

/// The greatest value, and at which epoch.
pub fn peak(lines: &[Line]) -> Option<(usize, f64)> {
    let all = lines.iter().flat_map(|line| line.values.iter().enumerate());
    all.filter_map(|(i, value)| Some((i, (*value)?))).max_by(|a, b| a.1.total_cmp(&b.1))
}

/// Lower end of an axis by factors, if all values are above zero and they span more than `factor`. As at the top of other axes, a few
/// outliers far below all others are not followed.
pub fn spread(lines: &[Line], factor: f64) -> Option<f64> {
    let mut values: Vec<f64> = lines.iter().flat_map(Line::extent).collect();
    values.sort_unstable_by(f64::total_cmp);
    let (&least, &most) = values.first().zip(values.last())?;
    let low = least.max(values[values.len() / 50] / 2.0);
    (least > 0.0 && most > factor * low).then_some(low)
}

/// Lower end of an axis: zero, or the least value below it.
pub fn bottom(lines: &[Line]) -> f64 {
    lines.iter().flat_map(Line::extent).fold(0.0, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_break_lines_and_long_lines_are_thinned() {
        let line = Line::new("x", vec![Some(1.0), None, Some(2.0), Some(3.0)]);
        assert_eq!(line.points(), vec![vec![(0, 1.0)], vec![(2, 2.0), (3, 3.0)]]);
        let long = Line::new("x", (0..1826).map(|i| Some(f64::from(i % 7))).collect());
        let ranges = long.ranges();
        assert!(ranges[0].len() <= BUCKETS && ranges[0].iter().all(|b| b.min <= b.max));
        assert!(long.means(28)[0].iter().all(|&(_, mean)| (2.0..4.0).contains(&mean)));
        assert!(!Line::new("x", vec![None; 9]).has_values() && Line::new("x", vec![]).ranges().is_empty());
    }

    #[test]
    fn one_outlier_does_not_flatten_the_rest() {
        let mut values = vec![Some(1.0); 99];
        assert_eq!(top(&[Line::new("x", values.clone())], None), 1.0);
        values[7] = Some(500.0);
        let lines = [Line::new("x", values.clone()), Line::new("zero", vec![Some(0.0); 99])];
        assert_eq!((top(&lines, None), peak(&lines)), (1.5, Some((7, 500.0))));
        assert_eq!((top(&[], None), peak(&[])), (1.0, None));
    }

    #[test]
    fn a_moving_mean_is_never_cut() {
        // Four quiet years and one of long waits: its mean is no outlier.
        let values = (0..1826)
            .map(|i| {
                Some(if i < 1750 {
                    10.0
                } else if i % 2 == 0 {
                    900.0
                } else {
                    100.0
                })
            })
            .collect();
        let line = [Line::new("x", values)];
        assert!(top(&line, Some(28)) >= 500.0 && top(&line, None) == 15.0);
    }

    #[test]
    fn wide_spreads_are_told_by_factors() {
        let line = |low| [Line::new("x", vec![Some(low), None, Some(4.0)])];
        assert_eq!(spread(&line(0.1), 10.0), Some(0.1));
        let mut values: Vec<_> = (0..99).map(|i| Some(1.0 + f64::from(i))).collect();
        values[0] = Some(1e-6);
        assert_eq!(spread(&[Line::new("x", values)], 10.0), Some(1.0));
        assert_eq!([spread(&line(1.0), 10.0), spread(&line(0.0), 10.0), spread(&[], 10.0)], [None; 3]);
    }
}
