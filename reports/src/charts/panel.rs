//! Panels: several lines over one time axis, stacked into a picture.

use super::axis::{TimeAxis, ValueAxis};
use super::series::{Bucket, LONG, Line, bottom, peak, spread, top};
use crate::metrics::table::Unit;
use crate::number::{duration, trimmed};
use plasma_core::time::{DAY, Time};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// One coordinate system.
pub struct Panel {
    title: &'static str,
    unit: Unit,
    per: Option<&'static str>,
    lines: Vec<Line>,
}

/// Pixels of a picture's width, and of each panel's height.
const SIZE: (u32, u32) = (960, 270);
/// Pixels of the height of a caption.
const CAPTION: u32 = 26;
/// Days of the moving mean behind which a long series is a range.
const MEAN_DAYS: u64 = 28;
/// plotters writes `size ÷ 1.24` as the SVG font size: this is 13 px.
const TEXT: f64 = 16.1;
/// Okabe–Ito, strongest contrast on white first; yellow is left out, it is too light for a line.
const PALETTE: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
    RGBColor(40, 40, 40),
];
const INK: RGBColor = RGBColor(34, 34, 34);
const FAINT: RGBColor = RGBColor(110, 110, 110);
const GRID: RGBColor = RGBColor(226, 226, 226);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Plot<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<TimeAxis, ValueAxis>>;

impl Panel {
    /// A panel; of paces where it says per what.
    pub fn new(title: &'static str, unit: Unit, per: Option<&'static str>, lines: Vec<Line>) -> Self {
        Self { title, unit, per, lines }
    }

    /// What one unit of the axis is, given its greatest value: factor from the metric's unit, and name.
    fn scale(&self, top: f64) -> (f64, String) {
        let (factor, name) = match self.unit {
            Unit::Seconds if top >= 172_800.0 => (1.0 / 86_400.0, "days"),
            Unit::Seconds if top >= 7_200.0 => (1.0 / 3_600.0, "hours"),
            Unit::Seconds if top >= 120.0 => (1.0 / 60.0, "minutes"),
            Unit::Seconds => (1.0, "seconds"),
            Unit::Share => (100.0, "%"),
            Unit::SharePerYear => (100.0, "% per year"),
            Unit::Count => (1.0, ""),
            unit => (1.0, unit.name()),
        };
        let name = match (self.per, name) {
            (Some(span), "") => span.to_owned(),
            (Some(span), name) => format!("{name} {span}"),
            (None, name) => name.to_owned(),
        };
        (factor, name)
    }

    /// Epochs in the moving mean, and what to call it.
    fn window(times: &[Time], whole: (Time, Time)) -> (usize, String) {
        let epoch = ((whole.1 - whole.0) / times.len().max(1) as u64).max(1);
        let epochs = ((MEAN_DAYS * DAY / epoch) as usize).clamp(1, times.len() / 12 + 1);
        (epochs, format!("mean over {}, range shaded", duration((epochs as u64 * epoch / 1_000) as f64)))
    }

    fn draw(&self, area: &Area, times: &[Time], whole: (Time, Time)) -> Result<(), String> {
        let long = times.len() > LONG;
        let (window, window_name) = Self::window(times, whole);
        let (axis, cut) = self.axis(long.then_some(window));
        let range = axis.range();
        let (factor, unit) = self.scale(range.end);
        let (low, high) = (range.start * factor, range.end * factor);
        let axis = match axis {
            ValueAxis::Linear(_) => ValueAxis::linear(low..high),
            ValueAxis::Logarithmic(_) => ValueAxis::Logarithmic(low..high),
        };
        let by_factors = matches!(axis, ValueAxis::Logarithmic(_)).then_some("by factors");
        self.head(area, &[Some(unit.as_str()), long.then_some(window_name.as_str()), by_factors])?;
        let mut plot = ChartBuilder::on(area)
            .margin_top(52)
            .margin_right(46)
            .margin_left(6)
            .x_label_area_size(26)
            .y_label_area_size(58)
            .build_cartesian_2d(TimeAxis::new(whole, 8), axis)
            .map_err(|error| error.to_string())?;
        let text = ("sans-serif", TEXT).into_font().color(&FAINT);
        plot.configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(FAINT.stroke_width(1))
            .y_labels(6)
            .y_label_formatter(&|value| trimmed(*value))
            .label_style(text)
            .draw()
            .map_err(|error| error.to_string())?;
        for (line, colour) in self.lines.iter().zip(PALETTE).rev() {
            let at = |(i, value): (usize, f64)| (times[i], (value * factor).clamp(low, high));
            for run in line.bands() {
                shade(&mut plot, &run, colour, at)?;
            }
            if long {
                ranges(&mut plot, line, colour, |(i, value)| at((i, value)))?;
                strokes(&mut plot, line.means(window), colour, at)?;
            } else {
                strokes(&mut plot, line.points(), colour, at)?;
            }
        }
        match cut {
            Some((epoch, peak)) => mark(&mut plot, (times[epoch], high), whole, &format!("up to {}", trimmed(peak * factor))),
            None => Ok(()),
        }
    }

    /// The axis of values, and the greatest of them with its epoch if it lies beyond. Prices that span more than a factor of ten
    /// are told by factors.
    fn axis(&self, means: Option<usize>) -> (ValueAxis, Option<(usize, f64)>) {
        let price = matches!(self.unit, Unit::UsdPerXpl | Unit::UsdPerGpuHour | Unit::XplPerGpuHour);
        let peak = peak(&self.lines);
        if let (Some(least), Some((_, most))) = (spread(&self.lines, 10.0).filter(|_| price), peak) {
            return (ValueAxis::Logarithmic(least / 1.2..most * 1.2), None);
        }
        let (low, top) = (bottom(&self.lines), top(&self.lines, means));
        let high = if top > low { top + (top - low) * 0.06 } else { low + 1.0 };
        (ValueAxis::linear(low..high), peak.filter(|(_, peak)| *peak > high))
    }

    /// Title, unit and legend, above the plot.
    fn head(&self, area: &Area, notes: &[Option<&str>]) -> Result<(), String> {
        let write = |text: &str, at: (i32, i32), size: f64, style: FontStyle, colour: RGBColor| {
            let style = TextStyle::from(("sans-serif", size, style)).color(&colour).pos(Pos::new(HPos::Left, VPos::Center));
            area.draw(&Text::new(text.to_owned(), at, style)).map_err(|error| error.to_string())
        };
        write(self.title, (12, 16), TEXT * 1.1, FontStyle::Bold, INK)?;
        let notes: Vec<&str> = notes.iter().flatten().copied().filter(|note| !note.is_empty()).collect();
        write(&notes.join(" · "), (12 + width(self.title, TEXT * 1.1) + 14, 16), TEXT, FontStyle::Normal, FAINT)?;
        let mut x = 12;
        for (line, colour) in self.lines.iter().zip(PALETTE) {
            let stroke = PathElement::new(vec![(x, 38), (x + 18, 38)], colour.stroke_width(3));
            area.draw(&stroke).map_err(|error| error.to_string())?;
            let label = if line.has_values() { line.label.clone() } else { format!("{} (no values)", line.label) };
            write(&label, (x + 24, 38), TEXT, FontStyle::Normal, INK)?;
            x += 24 + width(&label, TEXT) + 18;
        }
        Ok(())
    }
}

/// Marks where the greatest value is cut off, and says how great it is.
fn mark(plot: &mut Plot, at: (Time, f64), whole: (Time, Time), text: &str) -> Result<(), String> {
    let late = at.0 - whole.0 > (whole.1 - whole.0) / 5 * 4;
    let (side, x) = if late { (HPos::Right, -8) } else { (HPos::Left, 8) };
    let style = TextStyle::from(("sans-serif", TEXT)).color(&INK).pos(Pos::new(side, VPos::Center));
    let arrow = EmptyElement::at(at) + TriangleMarker::new((0, 6), 6, INK.filled()) + Text::new(text.to_owned(), (x, 8), style);
    plot.draw_series([arrow]).map(drop).map_err(|error| error.to_string())
}

/// Roughly how wide a text is, in pixels: the SVG's reader chooses the font.
fn width(text: &str, size: f64) -> i32 {
    (text.chars().count() as f64 * size / 1.24 * 0.51).ceil() as i32
}

fn strokes(
    plot: &mut Plot,
    runs: Vec<Vec<(usize, f64)>>,
    colour: RGBColor,
    at: impl Fn((usize, f64)) -> (Time, f64),
) -> Result<(), String> {
    for run in runs {
        let points: Vec<(Time, f64)> = run.into_iter().map(&at).collect();
        let drawn = match points[..] {
            // A line through one point is invisible.
            [point] => plot.draw_series([Circle::new(point, 2, colour.filled())]).map(|_| ()),
            _ => plot.draw_series(LineSeries::new(points, colour.stroke_width(2))).map(|_| ()),
        };
        drawn.map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn ranges(plot: &mut Plot, line: &Line, colour: RGBColor, at: impl Fn((usize, f64)) -> (Time, f64)) -> Result<(), String> {
    for run in line.ranges() {
        let ends: Vec<_> = run.iter().map(|bucket: &Bucket| (bucket.middle, bucket.min, bucket.max)).collect();
        shade(plot, &ends, colour, &at)?;
    }
    Ok(())
}

/// Shades what lies between two ends: epoch, lower, upper.
fn shade(
    plot: &mut Plot,
    ends: &[(usize, f64, f64)],
    colour: RGBColor,
    at: impl Fn((usize, f64)) -> (Time, f64),
) -> Result<(), String> {
    let upper = ends.iter().map(|&(i, _, high)| at((i, high)));
    let lower = ends.iter().rev().map(|&(i, low, _)| at((i, low)));
    let outline: Vec<(Time, f64)> = upper.chain(lower).collect();
    plot.draw_series([Polygon::new(outline, colour.mix(0.16).filled())]).map(drop).map_err(|error| error.to_string())
}

/// The panels, one below the other, and below them a line of text that says what they are of; none if it is empty.
pub fn draw(title: &str, panels: &[Panel], times: &[Time], whole: (Time, Time), caption: &str) -> Result<String, String> {
    let mut svg = String::new();
    {
        let height = SIZE.1 * panels.len() as u32;
        let footer = if caption.is_empty() { 0 } else { CAPTION };
        let root = SVGBackend::with_string(&mut svg, (SIZE.0, height + footer)).into_drawing_area();
        root.fill(&WHITE).map_err(|error| error.to_string())?;
        let (plots, below) = root.split_vertically(height);
        for (panel, area) in panels.iter().zip(plots.split_evenly((panels.len(), 1))) {
            panel.draw(&area, times, whole)?;
        }
        let style = TextStyle::from(("sans-serif", TEXT)).color(&FAINT).pos(Pos::new(HPos::Left, VPos::Center));
        below.draw(&Text::new(caption.to_owned(), (12, 10), style)).map_err(|error| error.to_string())?;
        root.present().map_err(|error| error.to_string())?;
    }
    Ok(svg.replacen("<svg ", &format!("<svg role=\"img\" aria-label=\"{title}\" "), 1))
}
