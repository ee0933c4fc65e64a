//! The tails of both sides: each loss by how rare it was, and the law fitted to it.

use crate::svg::{Chart, Scale};
use keelmark_backtest::portrait::PortraitReport;

const COLOURS: [&str; 2] = ["#ca0020", "#0571b0"];
/// Losses rarer than this share are drawn.
const FROM: f64 = 0.10;
const TALL: usize = 320;
/// Points of a law's curve.
const STEPS: usize = 60;

/// The picture; losses are of who is long, then of who is short.
pub fn of(report: &PortraitReport, returns: &[f64]) -> String {
    let count = returns.len() as f64;
    let rarity = |share: f64| -libm::log10(share);
    let sides = report.sides.iter().map(|side| {
        let sign = if side.side == "long" { -1.0 } else { 1.0 };
        let mut losses: Vec<f64> = returns.iter().map(|one| sign * one).collect();
        losses.sort_by(|a, b| b.total_cmp(a));
        losses.truncate((count * FROM) as usize);
        (side, losses)
    });
    let sides: Vec<_> = sides.collect();
    let most = sides.iter().filter_map(|(_, losses)| losses.first()).fold(0.0f64, |a, b| a.max(*b));
    let high = rarity(0.5 / count);
    let shown = |share: f64| format!("{} %", share * 100.0);
    let ticks = [0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.000_5, 0.000_2];
    let ticks = ticks.iter().map(|share| (rarity(*share), shown(*share)));
    let across = Scale::with(rarity(FROM), high, ticks.filter(|one| one.0 <= high).collect());
    let up = Scale::round(0.0, most, 6, |value| format!("{:.0} %", value * 100.0));
    let title = format!(
        "{}: daily losses by how rare they were, {} to {}",
        report.series, report.from, report.to
    );
    let mut chart = Chart::new(&title, TALL, across, up);
    for ((side, losses), colour) in sides.iter().zip(COLOURS) {
        let dots = losses.iter().enumerate().map(|(at, loss)| {
            (rarity((at as f64 + 0.5) / count), *loss, format!("{:.2} %", loss * 100.0))
        });
        chart.dots(&dots.collect::<Vec<_>>(), colour, 2.5);
        chart.named(&format!("losses of {}", side.side), colour);
        let Some(tail) = &side.tail else { continue };
        let beyond = tail.above as f64 / count;
        let curve = (0..=STEPS).map(|step| {
            let share = beyond * libm::pow(0.5 / (count * beyond), step as f64 / STEPS as f64);
            let excess = tail.excess_at(share / beyond);
            (rarity(share), tail.threshold + excess)
        });
        chart.line(&curve.collect::<Vec<_>>(), colour, 1.4);
        chart.named(&format!("law, xi {:.2}", tail.xi), colour);
    }
    chart.done()
}
