//! One panel of curves and marks between two axes, in a size that fits a page.

use super::{begun, escaped, round_up, text};
use std::collections::BTreeMap;
use std::fmt::Write as _;

const WIDTH: usize = 860;
const LEFT: usize = 76;
const RIGHT: usize = 20;
const TOP: usize = 56;
const BOTTOM: usize = 40;
const INK: &str = "fill=\"#333\" font-size=\"12\"";
/// Characters of a legend's text to its width, about.
const LETTER: usize = 7;

/// Where numbers stand along one axis, and how they are written there.
pub struct Scale {
    low: f64,
    high: f64,
    /// Each tick with its text.
    ticks: Vec<(f64, String)>,
}

/// A picture of one panel, drawn from the back to the front.
pub struct Chart {
    out: String,
    height: usize,
    across: Scale,
    up: Scale,
    /// Where the next word of the legend begins.
    legend: usize,
}

impl Scale {
    /// From `low` to `high`, widened to round numbers, with about so many ticks.
    pub fn round(low: f64, high: f64, ticks: usize, shown: impl Fn(f64) -> String) -> Self {
        let (low, high) = if high > low { (low, high) } else { (low - 0.5, low + 0.5) };
        let step = round_up((high - low) / ticks.max(1) as f64);
        let (from, to) = ((low / step).floor(), (high / step).ceil());
        let count = (to - from).min(50.0) as usize;
        let ticks = (0..=count).map(|tick| (from + tick as f64) * step);
        Self { low: from * step, high: to * step, ticks: ticks.map(|at| (at, shown(at))).collect() }
    }

    /// From `low` to `high` with ticks of one's own.
    pub fn with(low: f64, high: f64, ticks: Vec<(f64, String)>) -> Self {
        Self { low, high, ticks }
    }

    /// The share of the way from low to high.
    fn share(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
}

impl Chart {
    /// A titled panel `height` high between its axes.
    pub fn new(title: &str, height: usize, across: Scale, up: Scale) -> Self {
        let mut out = begun(WIDTH, TOP + height + BOTTOM, title);
        text(&mut out, 12, 20, "start", "font-weight=\"600\" font-size=\"14\"", title);
        let mut chart = Self { out, height, across, up, legend: LEFT };
        chart.axes();
        chart
    }

    fn axes(&mut self) {
        let (bottom, right) = (TOP + self.height, WIDTH - RIGHT);
        for (value, name) in &self.up.ticks {
            let y = self.y(*value);
            let _ = writeln!(
                self.out,
                "<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\" \
                 stroke=\"#e3e3e3\"/>"
            );
            text(&mut self.out, LEFT - 8, y as usize + 4, "end", INK, name);
        }
        for (value, name) in &self.across.ticks {
            let x = self.x(*value);
            let _ = writeln!(
                self.out,
                "<line x1=\"{x:.1}\" y1=\"{bottom}\" x2=\"{x:.1}\" y2=\"{}\" stroke=\"#999\"/>",
                bottom + 5
            );
            text(&mut self.out, x as usize, bottom + 20, "middle", INK, name);
        }
    }

    fn x(&self, value: f64) -> f64 {
        LEFT as f64 + (WIDTH - RIGHT - LEFT) as f64 * self.across.share(value)
    }

    fn y(&self, value: f64) -> f64 {
        (TOP + self.height) as f64 - self.height as f64 * self.up.share(value)
    }

    /// A curve through points from left to right; where a pixel has many, its extremes stay.
    pub fn line(&mut self, points: &[(f64, f64)], colour: &str, width: f64) {
        let placed = points.iter().map(|(x, y)| (self.x(*x), self.y(*y)));
        let mut path = String::new();
        for (x, y) in thinned(placed) {
            let _ = write!(path, "{x:.1},{y:.1} ");
        }
        let _ = writeln!(
            self.out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\" \
             stroke-linejoin=\"round\"/>",
            path.trim_end()
        );
    }

    /// A bar from zero to each point above it; of those on one pixel the highest.
    pub fn bars(&mut self, points: &[(f64, f64)], colour: &str) {
        let mut highest: BTreeMap<i64, f64> = BTreeMap::new();
        for (x, y) in points.iter().filter(|point| point.1 > 0.0) {
            let top = highest.entry(self.x(*x).round() as i64).or_insert(0.0);
            *top = top.max(*y);
        }
        let base = self.y(0.0);
        let mut path = String::new();
        for (x, top) in highest {
            let _ = write!(path, "M{x} {base:.0}V{:.1}", self.y(top));
        }
        let _ = writeln!(self.out, "<path d=\"{path}\" stroke=\"{colour}\"/>");
    }

    /// A dot at each point, with what it says when pointed at.
    pub fn dots(&mut self, points: &[(f64, f64, String)], colour: &str, radius: f64) {
        for (x, y, said) in points {
            let (x, y) = (self.x(*x), self.y(*y));
            let _ = writeln!(
                self.out,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{colour}\" \
                 fill-opacity=\"0.75\"><title>{}</title></circle>",
                escaped(said)
            );
        }
    }

    /// A dashed line from point to point.
    pub fn rule(&mut self, from: (f64, f64), to: (f64, f64), colour: &str) {
        let _ = writeln!(
            self.out,
            "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{colour}\" \
             stroke-width=\"1.2\" stroke-dasharray=\"6 4\"/>",
            self.x(from.0),
            self.y(from.1),
            self.x(to.0),
            self.y(to.1)
        );
    }

    /// The next word of the legend, with its colour.
    pub fn named(&mut self, name: &str, colour: &str) {
        let x = self.legend;
        let _ = writeln!(
            self.out,
            "<rect x=\"{x}\" y=\"34\" width=\"12\" height=\"4\" fill=\"{colour}\"/>"
        );
        text(&mut self.out, x + 17, 40, "start", INK, name);
        self.legend += 17 + LETTER * name.chars().count() + 18;
    }

    /// The picture.
    pub fn done(mut self) -> String {
        self.out.push_str("</svg>\n");
        self.out
    }
}

/// Of neighbours within a pixel, the first, lowest, highest and last.
fn thinned(points: impl Iterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    let mut out: Vec<(f64, f64)> = Vec::new();
    let mut held: Vec<(f64, f64)> = Vec::new();
    for point in points {
        if held.first().is_some_and(|first| point.0 - first.0 > 1.0) {
            spill(&mut held, &mut out);
        }
        held.push(point);
    }
    spill(&mut held, &mut out);
    out
}

fn spill(held: &mut Vec<(f64, f64)>, out: &mut Vec<(f64, f64)>) {
    let place = |at: Option<(usize, &(f64, f64))>| at.map(|(place, _)| place);
    let heights = || held.iter().enumerate();
    let low = place(heights().min_by(|a, b| a.1.1.total_cmp(&b.1.1)));
    let high = place(heights().max_by(|a, b| a.1.1.total_cmp(&b.1.1)));
    let mut kept: Vec<usize> =
        [Some(0), low, high, held.len().checked_sub(1)].into_iter().flatten().collect();
    kept.sort_unstable();
    kept.dedup();
    out.extend(kept.into_iter().filter_map(|at| held.get(at).copied()));
    held.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowded_curve_keeps_its_extremes() {
        let crowd: Vec<(f64, f64)> =
            (0..1_000).map(|i| (f64::from(i) / 100.0, if i == 567 { 99.0 } else { 1.0 })).collect();
        let kept = thinned(crowd.into_iter());
        assert!(kept.len() < 100 && kept.iter().any(|point| point.1 == 99.0));
        assert_eq!(kept.last().map(|point| point.0), Some(9.99));
    }

    #[test]
    fn a_scale_ends_at_round_numbers_and_holds_one_value() {
        let scale = Scale::round(0.013, 0.187, 5, |at| format!("{at:.2}"));
        assert_eq!((scale.low, scale.high), (0.0, 0.2));
        assert_eq!(scale.ticks.len(), 5);
        let flat = Scale::round(3.0, 3.0, 5, |at| at.to_string());
        assert!(flat.low < 3.0 && flat.high > 3.0);
    }

    #[test]
    fn a_chart_is_one_element() {
        let scale = || Scale::round(0.0, 1.0, 4, |at| at.to_string());
        let mut chart = Chart::new("a < b", 100, scale(), scale());
        chart.line(&[(0.0, 0.0), (1.0, 1.0)], "#000", 1.0);
        chart.dots(&[(0.5, 0.5, "x & y".to_owned())], "#c00", 3.0);
        chart.rule((0.0, 0.5), (1.0, 0.5), "#c00");
        chart.named("loss", "#c00");
        let text = chart.done();
        assert!(text.starts_with("<svg") && text.ends_with("</svg>\n"));
        assert!(text.contains("a &lt; b") && text.contains("x &amp; y"));
    }
}
