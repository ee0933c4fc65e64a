//! Prices that move too far, not at all, or by another law.

use super::finding::Finding;
use super::rows::Row;
use super::{Accept, Findings, Kind};
use keelmark_kernels::ln;

/// A tenfold change in one step is no return, whatever the thing: the worst hour of a coin that
/// came to nothing was a fall to a seventh.
const TENFOLD: f64 = 10.0;
/// A change by a whole ratio is a split when it is that near and as many times the usual change,
/// of all steps and of the last ones.
const USUAL: f64 = 15.0;
const LATELY: usize = 20;
const WHOLE: f64 = 0.02;
/// A spike goes back by all but this part.
const BACK: f64 = 0.3;

/// Steps without a move that are stale, and constant.
const STALE: usize = 3;
const CONSTANT: usize = 20;

/// Fewer returns say nothing of a scale; and how many times larger one half's may be.
const SCALE_FROM: usize = 100;
const SCALE: f64 = 8.0;

fn returns(rows: &[Row]) -> Vec<f64> {
    rows.windows(2).map(|pair| ln(pair[1].value / pair[0].value)).collect()
}

/// The median size of some moves; 0 when most steps do not move.
fn usual(returns: &[f64]) -> f64 {
    let mut sizes: Vec<f64> = returns.iter().map(|one| one.abs()).collect();
    sizes.sort_unstable_by(f64::total_cmp);
    sizes.get(sizes.len() / 2).copied().unwrap_or_default()
}

/// Log returns, and how large one usually is.
struct Moves {
    returns: Vec<f64>,
    usual: f64,
}

impl Moves {
    fn of(rows: &[Row]) -> Self {
        let returns = returns(rows);
        Self { usual: usual(&returns), returns }
    }

    /// Whether one is no return.
    fn is_jump(&self, at: usize) -> bool {
        let size = self.returns[at].abs();
        let ratio = keelmark_kernels::exp(size);
        if ratio >= TENFOLD {
            return true;
        }
        let whole = ratio.round();
        if whole < 2.0 || (ratio / whole - 1.0).abs() > WHOLE || size < USUAL * self.usual {
            return false;
        }
        // In a crash a halving is one bad step among others.
        size >= USUAL * usual(&self.returns[at.saturating_sub(LATELY)..at])
    }
}

/// Rows without those far from two neighbours that agree.
pub(super) fn without_spikes(rows: Vec<Row>, findings: &mut Findings) -> Vec<Row> {
    let moves = Moves::of(&rows);
    let mut spikes = vec![false; rows.len()];
    for (at, pair) in moves.returns.windows(2).enumerate() {
        let far = moves.is_jump(at) && !spikes[at];
        if far && (pair[0] + pair[1]).abs() <= BACK * pair[0].abs() {
            spikes[at + 1] = true;
            let row = rows[at + 1];
            let what =
                format!("{} between {} and {}", row.value, rows[at].value, rows[at + 2].value);
            findings.push(Kind::Spike, row.line, what, "left out");
        }
    }
    let mut spikes = spikes.into_iter();
    let mut kept = rows;
    kept.retain(|_| !spikes.next().unwrap_or_default());
    kept
}

/// The rows since the last change of meaning, or all when such a change is taken for a return.
pub(super) fn of_one_meaning(rows: Vec<Row>, accept: &Accept, findings: &mut Findings) -> Vec<Row> {
    let moves = Moves::of(&rows);
    let done = if accept.jumps() { "a return" } else { "what is before is left out" };
    let mut first = 0;
    for at in (0..moves.returns.len()).filter(|at| moves.is_jump(*at)) {
        let (before, after) = (rows[at].value, rows[at + 1].value);
        let what = format!("from {before} to {after} in one step, {:.4} times", after / before);
        let line = rows[at + 1].line;
        findings.push_rows(Finding { kind: Kind::Split, line, rows: at + 1, what, done });
        if !accept.jumps() {
            first = at + 1;
        }
    }
    let mut rows = rows;
    rows.drain(..first);
    rows
}

/// Finds prices that repeat.
pub(super) fn standing_still(rows: &[Row], findings: &mut Findings) {
    let mut from = 0;
    for at in 1..=rows.len() {
        if at < rows.len() && rows[at].value == rows[from].value {
            continue;
        }
        let still = at - from - 1;
        if still >= STALE {
            let kind = if still >= CONSTANT { Kind::Constant } else { Kind::Stale };
            let what = format!("{} for {still} steps more", rows[from].value);
            let line = rows[from].line;
            findings.push_rows(Finding { kind, line, rows: still + 1, what, done: "kept" });
        }
        from = at;
    }
}

/// Finds a half that moves by another scale than the other.
pub(super) fn changing_scale(rows: &[Row], findings: &mut Findings) {
    let returns = returns(rows);
    if returns.len() < SCALE_FROM {
        return;
    }
    let middle = returns.len() / 2;
    let size = |part: &[f64]| part.iter().map(|one| one.abs()).sum::<f64>() / part.len() as f64;
    let (before, after) = (size(&returns[..middle]), size(&returns[middle..]));
    let (less, more) = (before.min(after), before.max(after));
    if more <= SCALE * less {
        return;
    }
    let what = format!("a step moves by {before:.2e} on average in one half, {after:.2e} after it");
    let line = rows[middle].line;
    findings.push_rows(Finding { kind: Kind::Scale, line, rows: 1, what, done: "both kept" });
}
