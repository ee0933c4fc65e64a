//! What lies near the default model: each of its numbers a quarter smaller and larger, and what
//! was left out on purpose.

use keelmark_kernels::{exp, ln};
use keelmark_tail::standard::{STANDARD, TwoSpeedFiltered};
use keelmark_tail::vol::{Ewma, TwoSpeed};

/// A decay whose half-life is that of `lambda` times `factor`.
fn slower(lambda: f64, factor: f64) -> f64 {
    exp(ln(lambda) / factor)
}

/// The default model and others like it, with what is different.
#[must_use]
pub fn near() -> Vec<(String, TwoSpeedFiltered)> {
    let vol = |vol: TwoSpeed| TwoSpeedFiltered { vol, ..STANDARD };
    let base = STANDARD.vol;
    let mut all = vec![("the default".to_owned(), STANDARD)];
    for (word, by) in [("-25 %", 0.75), ("+25 %", 1.25)] {
        let mut add = |what: &str, model| all.push((format!("{what} {word}"), model));
        let fast = Ewma { lambda: slower(base.fast.lambda, by), ..base.fast };
        add("half-life of the fast", vol(TwoSpeed { fast, ..base }));
        let slow = Ewma { lambda: slower(base.slow.lambda, by), ..base.slow };
        add("half-life of the slow", vol(TwoSpeed { slow, ..base }));
        add("part of the fast", vol(TwoSpeed { weight: base.weight * by, ..base }));
        add("standard deviations a day counts for", vol(TwoSpeed { most: base.most * by, ..base }));
        let window = (STANDARD.window as f64 * by) as usize;
        add("window", TwoSpeedFiltered { window, ..STANDARD });
    }
    let mut add = |what: &str, model| all.push((what.to_owned(), model));
    add("half-life of the slow, half", {
        let slow = Ewma { lambda: slower(base.slow.lambda, 0.5), ..base.slow };
        vol(TwoSpeed { slow, ..base })
    });
    add("no bound on a day", vol(TwoSpeed { most: f64::INFINITY, ..base }));
    add("slow alone", vol(TwoSpeed { weight: 0.0, ..base }));
    add("fast alone", vol(TwoSpeed { weight: 1.0, ..base }));
    add("halves of both", vol(TwoSpeed { weight: 0.5, ..base }));
    add("window without end", TwoSpeedFiltered { window: usize::MAX, ..STANDARD });
    for start in [15, 60, 90, 180] {
        let with = |ewma: Ewma| Ewma { start, ..ewma };
        let model = vol(TwoSpeed { fast: with(base.fast), slow: with(base.slow), ..base });
        add(&format!("averages started with {start} days"), model);
    }
    add(
        "an unbiased rank: the tenth worst of 999",
        TwoSpeedFiltered { window: 999, confidence: 0.9905, ..STANDARD },
    );
    all
}
