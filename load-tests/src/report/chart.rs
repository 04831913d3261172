//! Charts as SVG, drawn in user units that are a phone's pixels: 360 wide, so that letters keep
//! their size there and grow on a wider screen. Colours are classes; the page has them.

use std::fmt::Write as _;

use super::{Curve, Series, Table, shown};

const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 210.0;
const LEFT: f64 = 46.0;
const RIGHT: f64 = 10.0;
const TOP: f64 = 18.0;
const BOTTOM: f64 = 26.0;
/// Colours there are; later lines take them again, dashed.
const COLOURS: usize = 6;

/// A line of a chart: its name, and points in the units of the axes.
struct Line<'a> {
    name: &'a str,
    points: Vec<(f64, f64)>,
}

/// An axis: from a value to its place between 0 and 1.
struct Axis {
    ticks: Vec<(f64, String)>,
    from: f64,
    to: f64,
    logarithmic: bool,
}

impl Axis {
    fn place(&self, value: f64) -> f64 {
        let scale = |v: f64| if self.logarithmic { v.log10() } else { v };
        let (from, to) = (scale(self.from), scale(self.to));
        let span = if to > from { to - from } else { 1.0 };
        ((scale(value.max(self.from)) - from) / span).clamp(0.0, 1.0)
    }

    /// From nothing to a round number over the greatest value.
    fn linear(most: f64) -> Self {
        let step = round_step(most / 4.0);
        let mut ticks = Vec::new();
        let mut at = 0.0;
        while at < most + step * 0.999 {
            ticks.push((at, shown(at)));
            at += step;
        }
        let to = ticks.last().map_or(1.0, |(at, _)| *at).max(step);
        Self {
            ticks,
            from: 0.0,
            to,
            logarithmic: false,
        }
    }

    /// Whole powers of ten around the values.
    fn decades(least: f64, most: f64) -> Self {
        let (from, to) = (
            least.max(1e-3).log10().floor(),
            most.max(1e-2).log10().ceil(),
        );
        let to = to.max(from + 1.0);
        let mut ticks = Vec::new();
        let mut power = from;
        while power <= to {
            let at = 10_f64.powf(power);
            ticks.push((at, shown_small(at)));
            power += 1.0;
        }
        let (from, to) = (10_f64.powf(from), 10_f64.powf(to));
        Self {
            ticks,
            from,
            to,
            logarithmic: true,
        }
    }
}

fn shown_small(value: f64) -> String {
    if value < 0.01 {
        format!("{value}")
    } else {
        shown(value)
    }
}

/// 1, 2 or 5 with zeros, at least a value.
fn round_step(value: f64) -> f64 {
    let base = 10_f64.powf(value.max(1e-3).log10().floor());
    let found = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .find(|times| base * times >= value);
    base * found.unwrap_or(10.0)
}

/// Latency by quantile: each further nine has as much room as the one before.
pub(super) fn quantiles(curves: &[Curve]) -> String {
    let nines = |q: f64| -(1.0 - q.min(0.999_99)).log10();
    let lines = curves.iter().map(|curve| Line {
        name: &curve.name,
        points: curve
            .points
            .iter()
            .map(|(q, ms)| (nines(*q), ms.max(1e-3)))
            .collect(),
    });
    let lines: Vec<_> = lines.collect();
    let ticks = [
        (0.5, "50 %"),
        (0.9, "90 %"),
        (0.99, "99 %"),
        (0.999, "99.9"),
        (0.9999, "99.99"),
    ];
    let across = Axis {
        ticks: ticks.map(|(q, text)| (nines(q), text.to_owned())).into(),
        from: 0.0,
        to: 5.0,
        logarithmic: false,
    };
    let values = || {
        lines
            .iter()
            .flat_map(|line| &line.points)
            .map(|point| point.1)
    };
    let (least, most) = (
        values().fold(f64::MAX, f64::min),
        values().fold(0.0, f64::max),
    );
    draw(&lines, &across, &Axis::decades(least, most), ("ms", ""))
}

/// Something over time.
pub(super) fn over_time(series: &[Series]) -> String {
    let lines = series.iter().map(|one| Line {
        name: &one.name,
        points: one.points.clone(),
    });
    let lines: Vec<_> = lines.collect();
    let points = || lines.iter().flat_map(|line| &line.points);
    let across = Axis::linear(points().fold(1.0, |most, point| most.max(point.0)));
    let up = Axis::linear(
        points()
            .fold(0.0, |most: f64, point| most.max(point.1))
            .max(1e-2),
    );
    draw(&lines, &across, &up, ("", "seconds"))
}

fn draw(lines: &[Line<'_>], across: &Axis, up: &Axis, units: (&str, &str)) -> String {
    let x = |value: f64| LEFT + across.place(value) * (WIDTH - LEFT - RIGHT);
    let y = |value: f64| HEIGHT - BOTTOM - up.place(value) * (HEIGHT - TOP - BOTTOM);
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">");
    for (at, text) in &up.ticks {
        let at = y(*at);
        let _ = write!(
            svg,
            "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{}\"/>",
            WIDTH - RIGHT
        );
        let _ = write!(
            svg,
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
            LEFT - 5.0,
            at + 4.0
        );
    }
    for (at, text) in &across.ticks {
        let at = x(*at);
        let _ = write!(
            svg,
            "<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{text}</text>",
            HEIGHT - 8.0
        );
    }
    let (up, along) = units;
    let _ = write!(
        svg,
        "<text x=\"0\" y=\"9\">{up}</text><text x=\"{}\" y=\"{}\" text-anchor=\"end\">{along}</text>",
        WIDTH - RIGHT,
        HEIGHT - BOTTOM - 5.0
    );
    for (n, line) in lines.iter().enumerate() {
        let mut path = String::new();
        for (n, (across, up)) in line.points.iter().enumerate() {
            let pen = if n == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{pen}{:.1} {:.1}", x(*across), y(*up));
        }
        let _ = write!(
            svg,
            "<path class=\"{}\" d=\"{path}\"><title>{}</title></path>",
            class(n),
            escaped(line.name)
        );
    }
    svg.push_str("</svg>");
    if lines.len() > 1 {
        svg.push_str(&legend(lines));
    }
    svg
}

fn class(n: usize) -> String {
    let again = if n < COLOURS { "" } else { " again" };
    format!("line c{}{again}", n % COLOURS)
}

fn legend(lines: &[Line<'_>]) -> String {
    let mut list = String::from("<ul class=\"legend\">");
    for (n, line) in lines.iter().enumerate() {
        let _ = write!(
            list,
            "<li><i class=\"c{}\"></i>{}</li>",
            n % COLOURS,
            escaped(line.name)
        );
    }
    list + "</ul>"
}

/// The first column of values of a table as bars, the shortest being the best.
pub(super) fn bars(table: &Table) -> String {
    let value = |values: &[Option<f64>]| values.first().copied().flatten();
    let most = table
        .rows
        .iter()
        .filter_map(|(_, values)| value(values))
        .fold(0.0, f64::max);
    let mut list = String::from("<ul class=\"bars\">");
    for (name, values) in &table.rows {
        let Some(value) = value(values) else { continue };
        let width = if most > 0.0 {
            value / most * 100.0
        } else {
            0.0
        };
        let (name, value) = (escaped(name), shown(value));
        let _ = write!(
            list,
            "<li><span>{name}</span><b style=\"width:{width:.1}%\"></b><em>{value}</em></li>"
        );
    }
    list + "</ul>"
}

/// Text that is nothing but text in a page.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round_and_bounds_hold_everything() {
        assert!((round_step(37.0) - 50.0).abs() < 1e-9);
        let axis = Axis::linear(103.0);
        assert!(axis.to >= 103.0 && axis.place(103.0) <= 1.0);
        let axis = Axis::decades(0.4, 260.0);
        assert!(axis.from <= 0.4 && axis.to >= 260.0);
        assert!(axis.place(0.0) == 0.0);
    }

    #[test]
    fn names_cannot_become_markup() {
        let points = vec![(0.0, 1.0), (1.0, 2.0)];
        let drawn = over_time(&[Series {
            name: "<b>".into(),
            points,
        }]);
        assert!(!drawn.contains("<b>") && drawn.contains("&lt;b&gt;"));
    }
}
