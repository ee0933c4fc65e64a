//! Ten methods on ten linear books, every day of nine years, beside NumPy and SciPy.
//!
//! Both start from the closes in memory and end with the same eight statistics of each method and
//! book, on one thread; the least of several runs counts. The numbers must agree, or there is no
//! comparison.

use keelmark_backtest::history;
use keelmark_tail::breach::Breaches;
use keelmark_tail::cycle::{largest_rise, mean, peak_to_trough};
use keelmark_tail::extreme::Estimator;
use keelmark_tail::method::{Method, Rolling};
use keelmark_tail::standard::STANDARD;
use keelmark_tail::{Ewma, Rule, Side};
use std::error::Error;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Instant;

/// What to hold of each coin, as a part of the gross notional.
const BOOKS: [(f64, f64); 10] = [
    (1.0, 0.0),
    (-1.0, 0.0),
    (0.0, 1.0),
    (0.0, -1.0),
    (0.5, 0.5),
    (-0.5, -0.5),
    (0.5, -0.5),
    (-0.5, 0.5),
    (0.75, 0.25),
    (-0.25, 0.75),
];
const CONFIDENCE: f64 = 0.99;
const OURS: usize = 20;
const THEIRS: usize = 5;
const NAMES: [&str; 8] = ["failures", "mean", "uc", "ind", "p cc", "swing", "rise", "worst"];

type Statistics = [f64; 8];
type Answer<T> = Result<T, Box<dyn Error>>;

fn main() -> Answer<()> {
    let python = std::env::args().nth(1).unwrap_or_else(|| "python3".to_owned());
    let histories = history::shipped()?;
    let closes: Vec<&[f64]> = histories.iter().map(|one| one.columns().1).collect();
    let mut least = f64::INFINITY;
    let mut ours = Vec::new();
    for _ in 0..OURS {
        let before = Instant::now();
        ours = backtest(closes[0], closes[1])?;
        least = least.min(before.elapsed().as_secs_f64());
    }
    let asked = serde_json::json!({ "btc": closes[0], "eth": closes[1], "repeat": THEIRS });
    let theirs = ask(&python, &asked.to_string())?;
    let apart = apart(&ours, &theirs["answers"])?;
    let seconds = theirs["seconds"].as_f64().ok_or("no seconds")?;
    println!("{} days, 10 methods, 10 books, one thread", closes[0].len());
    println!("here {:.1} ms (least of {OURS})", least * 1e3);
    println!("NumPy {} {:.1} ms (least of {THEIRS})", theirs["numpy"], seconds * 1e3);
    println!("{:.1} times as fast; largest relative difference {apart:.1e}", seconds / least);
    if apart > 1e-9 {
        return Err("the two do not agree".into());
    }
    Ok(())
}

fn backtest(btc: &[f64], eth: &[f64]) -> Answer<Vec<Statistics>> {
    let simple = |closes: &[f64]| -> Vec<f64> {
        closes.windows(2).map(|pair| (pair[1] - pair[0]) / pair[0]).collect()
    };
    let (btc, eth) = (simple(btc), simple(eth));
    let mut found = Vec::with_capacity(BOOKS.len() * 10);
    for (a, b) in BOOKS {
        let pnl: Vec<f64> = btc.iter().zip(&eth).map(|(one, two)| a * one + b * two).collect();
        let losses = Side::Long.losses(&pnl);
        for rolling in methods() {
            let first = rolling.window;
            let margins = rolling.margins(&pnl, Side::Long, first)?.margins;
            found.push(statistics(&margins, &losses[first..])?);
        }
        let margins = STANDARD.margins(&pnl, Side::Long, STANDARD.least)?.margins;
        found.push(statistics(&margins, &losses[STANDARD.least..])?);
    }
    Ok(found)
}

fn methods() -> [Rolling; 9] {
    let of = |method, window, lambda| Rolling::new(method, window, CONFIDENCE, lambda);
    let pareto = Method::FilteredTail { threshold: 0.9, by: Estimator::Moments };
    let start = Ewma { lambda: 0.94, start: 60 };
    [
        of(Method::Plain, 365, 0.97),
        Rolling { rule: Rule::Linear, ..of(Method::Plain, 500, 0.97) },
        of(Method::Filtered, 365, 0.97),
        of(Method::Filtered, 365, 0.94),
        of(Method::Filtered, 1_000, 0.99),
        of(Method::FilteredShortfall, 365, 0.97),
        of(Method::Normal, 365, 0.94),
        of(Method::FilteredStress { weight: 0.25 }, 365, 0.97),
        Rolling { ewma: start, ..of(pareto, 500, 0.94) },
    ]
}

fn statistics(margins: &[f64], losses: &[f64]) -> Answer<Statistics> {
    let breaches = Breaches::of(margins, losses)?;
    let coverage = breaches.coverage(1.0 - CONFIDENCE)?;
    Ok([
        coverage.failures as f64,
        mean(margins)?,
        coverage.unconditional.lr,
        coverage.independence.lr,
        coverage.conditional.p_value,
        peak_to_trough(margins)?,
        largest_rise(margins, 5)?,
        breaches.worst_shortfall,
    ])
}

fn ask(python: &str, asked: &str) -> Answer<serde_json::Value> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/ten_methods.py");
    let one_thread = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"];
    let mut child = Command::new(python)
        .arg(script)
        .envs(one_thread.map(|name| (name, "1")))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    writeln!(child.stdin.take().ok_or("no input")?, "{asked}")?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(format!("{python} {script}: {}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The largest relative difference of any statistic; says each that is large.
fn apart(ours: &[Statistics], theirs: &serde_json::Value) -> Answer<f64> {
    let mut largest = 0.0f64;
    for (at, statistics) in ours.iter().enumerate() {
        for (which, own) in statistics.iter().enumerate() {
            let other = theirs[at / 10][at % 10][which].as_f64().ok_or("a number is missing")?;
            let apart = (own - other).abs() / own.abs().max(1e-3);
            if apart > 1e-9 {
                println!("book {} method {}: {}: {own} {other}", at / 10, at % 10, NAMES[which]);
            }
            largest = largest.max(apart);
        }
    }
    Ok(largest)
}
