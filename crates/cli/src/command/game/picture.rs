//! A sweep as a picture: lines over one parameter, a map over two, with the line where it stops to
//! hold.

use super::sweep::{AxisReport, SweepReport};
use super::text::{amount, plain, share};
use crate::svg::{self, round_up, text};
use crate::table::wrapped;
use keelmark_systemic::game::sweep::Cell;
use std::fmt::Write as _;

const WIDTH: usize = 760;
const LEFT: usize = 96;
const RIGHT: usize = 24;
const TOP: usize = 64;
const PANEL: usize = 190;
const GAP: usize = 56;
const LINE: usize = 17;
/// Ticks of an axis, about.
const TICKS: usize = 5;
/// Largest sides of a map's cell.
const CELL: (usize, usize) = (64, 30);
const SMALL: &str = "fill=\"#555\" font-size=\"12\"";
const INK: &str = "fill=\"#333\" font-size=\"12\"";
const BLUE: &str = "#0571b0";
const RED: &str = "#ca0020";

/// The picture.
pub fn of(report: &SweepReport) -> String {
    match report.parameters.as_slice() {
        [first, second] => map(report, first, second),
        [axis, ..] => lines(report, axis),
        [] => String::new(),
    }
}

fn headed(report: &SweepReport, width: usize, height: usize, title: &str) -> String {
    let title = format!("{}: {title}", report.name);
    let mut out = svg::begun(width, height, &title);
    let style = "font-weight=\"600\" font-size=\"15\"";
    text(&mut out, 12, 22, "start", style, &title);
    let under = format!("game {}, seed {}, {} paths", report.game, report.seed, report.paths);
    text(&mut out, 12, 40, "start", SMALL, &under);
    out
}

/// A panel of a picture of lines.
struct Panel<'a> {
    title: &'a str,
    /// The reason for which a game fails that the panel shows.
    why: &'a str,
    top: usize,
    most: f64,
    bound: f64,
    bound_name: String,
    shown: fn(f64) -> String,
    of: fn(&Cell) -> f64,
}

fn lines(report: &SweepReport, axis: &AxisReport) -> String {
    let height = TOP + 2 * PANEL + GAP + 64;
    let title = format!("what is missing as {} moves", axis.parameter);
    let mut out = headed(report, WIDTH, height, &title);
    let most = |of: fn(&Cell) -> f64| report.cells.iter().map(of).fold(0.0, f64::max);
    let missing: fn(&Cell) -> f64 = |cell| cell.shortfall;
    let nobody: fn(&Cell) -> f64 = |cell| cell.nobody;
    let panels = [
        Panel {
            title: "missing on average",
            why: "fund",
            top: TOP + 18,
            most: round_up(most(missing).max(report.fund)),
            bound: report.fund,
            bound_name: format!("the fund, {}", amount(report.fund)),
            shown: amount,
            of: missing,
        },
        Panel {
            title: "share of the debt that finds nobody",
            why: "nobody",
            top: TOP + 18 + PANEL + GAP,
            most: round_up(most(nobody).max(report.most_nobody)).min(1.0),
            bound: report.most_nobody,
            bound_name: format!("at most {}", share(report.most_nobody)),
            shown: share,
            of: nobody,
        },
    ];
    for panel in &panels {
        drawn(report, axis, panel, &mut out);
    }
    let bottom = TOP + 18 + 2 * PANEL + GAP;
    text(&mut out, (LEFT + WIDTH - RIGHT) / 2, bottom + 38, "middle", INK, &axis.parameter);
    out.push_str("</svg>\n");
    out
}

/// Where a value stands from left to right.
fn across(axis: &AxisReport, value: f64) -> f64 {
    let (from, to) = ends(&axis.values);
    let width = (WIDTH - RIGHT - LEFT) as f64;
    LEFT as f64 + width * (value - from) / (to - from)
}

/// Round values along an axis.
fn marks(axis: &AxisReport) -> Vec<f64> {
    let (from, to) = ends(&axis.values);
    let (low, high) = (from.min(to), from.max(to));
    let step = round_up((high - low) / (TICKS + 1) as f64);
    let first = (low / step - 1e-9).ceil() as i64;
    let all = (first..).map(|number| number as f64 * step);
    all.take_while(|at| *at <= high + 1e-9 * step).take(4 * TICKS).collect()
}

fn ends(values: &[f64]) -> (f64, f64) {
    (values.first().copied().unwrap_or(0.0), values.last().copied().unwrap_or(1.0))
}

fn drawn(report: &SweepReport, axis: &AxisReport, panel: &Panel<'_>, out: &mut String) {
    let bottom = panel.top + PANEL;
    let right = WIDTH - RIGHT;
    let down = |value: f64| bottom as f64 - PANEL as f64 * (value / panel.most).min(1.0);
    text(out, LEFT, panel.top - 8, "start", INK, panel.title);
    for tick in 0..=TICKS {
        let value = panel.most * tick as f64 / TICKS as f64;
        let y = down(value);
        let _ = writeln!(
            out,
            "<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>"
        );
        text(out, LEFT - 8, y as usize + 4, "end", INK, &(panel.shown)(value));
    }
    for at in marks(axis) {
        let x = across(axis, at) as usize;
        text(out, x, bottom + 18, "middle", INK, &plain(at));
    }
    let bound = down(panel.bound);
    let _ = writeln!(
        out,
        "<line x1=\"{LEFT}\" y1=\"{bound:.1}\" x2=\"{right}\" y2=\"{bound:.1}\" \
         stroke=\"{RED}\" stroke-width=\"1.5\" stroke-dasharray=\"6 4\"/>"
    );
    let style = format!("fill=\"{RED}\" font-size=\"12\"");
    text(out, right, bound as usize - 5, "end", &style, &panel.bound_name);
    let points: Vec<String> = report
        .cells
        .iter()
        .map(|cell| format!("{:.1},{:.1}", across(axis, cell.values[0]), down((panel.of)(cell))))
        .collect();
    let points = points.join(" ");
    let _ = writeln!(
        out,
        "<polyline points=\"{points}\" fill=\"none\" stroke=\"{BLUE}\" stroke-width=\"2\"/>"
    );
    for turn in &report.turns {
        let x = across(axis, turn.value);
        let (top, side) = (panel.top, if turn.holds_above { "fails below" } else { "fails above" });
        let _ = writeln!(
            out,
            "<line x1=\"{x:.1}\" y1=\"{top}\" x2=\"{x:.1}\" y2=\"{bottom}\" stroke=\"#000\" \
             stroke-width=\"1.5\"><title>{side} {}</title></line>",
            plain(turn.value)
        );
        if turn.why == panel.why {
            let anchor = if x > (LEFT + right) as f64 / 2.0 { "end" } else { "start" };
            let said = format!("{side} {}", plain(turn.value));
            let x = if anchor == "end" { x - 6.0 } else { x + 6.0 };
            text(out, x as usize, top + 14, anchor, "fill=\"#000\" font-size=\"12\"", &said);
        }
    }
}

fn map(report: &SweepReport, first: &AxisReport, second: &AxisReport) -> String {
    let (rows, columns) = (first.values.len(), second.values.len());
    let wide = (1_200 / columns).clamp(2, CELL.0);
    let high = (720 / rows).clamp(2, CELL.1);
    let width = (LEFT + columns * wide + RIGHT).max(520);
    let bottom = TOP + 26 + rows * high;
    let footing = wrapped(&legend(report), (width - 24) / 7);
    let height = bottom + 52 + footing.len() * LINE;
    let title = format!("{} against {}", first.parameter, second.parameter);
    let mut out = headed(report, width, height, &title);
    let spot = |row: usize, column: usize| (LEFT + column * wide, bottom - (row + 1) * high);
    let written = wide >= 40 && high >= 16;
    let thousand = report.cells.iter().any(|cell| cell.shortfall >= 100_000.0);
    for (at, cell) in report.cells.iter().enumerate() {
        let (x, y) = spot(at / columns, at % columns);
        let (fill, ink) = heat(cell, report.fund);
        let _ = writeln!(
            out,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{wide}\" height=\"{high}\" fill=\"{fill}\" \
             stroke=\"#ddd\"><title>{} missing, nobody comes to {}</title></rect>",
            amount(cell.shortfall),
            share(cell.nobody)
        );
        if written {
            let number = if thousand { cell.shortfall / 1_000.0 } else { cell.shortfall };
            let style = format!("fill=\"{ink}\" font-size=\"11\"");
            let said = if !cell.holds && !cell.fund_fails {
                share(cell.nobody)
            } else {
                amount(number.round())
            };
            text(&mut out, x + wide / 2, y + high / 2 + 4, "middle", &style, &said);
        }
    }
    edges(report, columns, (wide, high), spot, &mut out);
    scales(first, second, (wide, high), bottom, &mut out);
    for (at, line) in footing.iter().enumerate() {
        text(&mut out, 12, bottom + 58 + at * LINE, "start", SMALL, line);
    }
    out.push_str("</svg>\n");
    out
}

fn legend(report: &SweepReport) -> String {
    let thousand = report.cells.iter().any(|cell| cell.shortfall >= 100_000.0);
    let unit = if thousand { ", in thousands" } else { "" };
    format!(
        "Number and red: what is missing on average{unit}, full red at the fund's {}. Percent on \
         grey: nobody comes to so much of the debt, more than {}. Black line: where it stops to \
         hold.",
        amount(report.fund),
        share(report.most_nobody)
    )
}

/// Fill and ink of a cell.
fn heat(cell: &Cell, fund: f64) -> (String, &'static str) {
    if !cell.holds && !cell.fund_fails {
        return ("#bdbdbd".to_owned(), "#111");
    }
    let share = if fund > 0.0 { (cell.shortfall / fund).min(1.0) } else { 1.0 };
    let share = if cell.fund_fails { 1.0 } else { 0.8 * share };
    let mix = |end: f64| (255.0 + (end - 255.0) * share).round() as u8;
    let fill = format!("#{:02x}{:02x}{:02x}", mix(202.0), mix(0.0), mix(32.0));
    (fill, if share > 0.6 { "#fff" } else { "#111" })
}

/// A line between each two cells of which one holds and the other does not.
fn edges(
    report: &SweepReport,
    columns: usize,
    (wide, high): (usize, usize),
    spot: impl Fn(usize, usize) -> (usize, usize),
    out: &mut String,
) {
    let mut path = String::new();
    let holds = |row: usize, column: usize| {
        report.cells.get(row * columns + column).filter(|_| column < columns).map(|one| one.holds)
    };
    for at in 0..report.cells.len() {
        let (row, column) = (at / columns, at % columns);
        let (x, y) = spot(row, column);
        let own = holds(row, column);
        if holds(row, column + 1).is_some() && holds(row, column + 1) != own {
            let _ = write!(path, "M{} {y}v{high}", x + wide);
        }
        if holds(row + 1, column).is_some() && holds(row + 1, column) != own {
            let _ = write!(path, "M{x} {y}h{wide}");
        }
    }
    if !path.is_empty() {
        let style = "fill=\"none\" stroke=\"#000\" stroke-width=\"2.5\" stroke-linecap=\"square\"";
        let _ = writeln!(out, "<path d=\"{path}\" {style}/>");
    }
}

/// The values along both sides.
fn scales(
    first: &AxisReport,
    second: &AxisReport,
    (wide, high): (usize, usize),
    bottom: usize,
    out: &mut String,
) {
    // As many as there is room for.
    let every = 44usize.div_ceil(wide);
    for (at, value) in second.values.iter().enumerate().filter(|(at, _)| at % every == 0) {
        let x = LEFT + at * wide + wide / 2;
        text(out, x, bottom + 16, "middle", INK, &plain(*value));
    }
    let every = 14usize.div_ceil(high);
    for (at, value) in first.values.iter().enumerate().filter(|(at, _)| at % every == 0) {
        let y = bottom - at * high - high / 2 + 4;
        text(out, LEFT - 8, y, "end", INK, &plain(*value));
    }
    let middle = LEFT + second.values.len() * wide / 2;
    text(out, middle, bottom + 34, "middle", INK, &second.parameter);
    text(out, LEFT - 8, TOP + 14, "end", INK, &first.parameter);
}
