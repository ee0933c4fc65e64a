//! Exact netting: one million accounts, twenty positions each, thirty-two scenarios.
//!
//! The bound is the second-level cache: every position reads one row of 256 bytes from it. Rows of
//! 2,000 instruments are 512 KiB.

use super::Figure;
use super::clock::{TURNS, median, medians, seconds};
use super::data::Random;
use keelmark_kernels::limits::read_sum;
use keelmark_kernels::{AlignedRows, Positions, Width, worst};
use std::hint::black_box;
use std::ops::Range;

const ACCOUNTS: usize = 1_000_000;
const POSITIONS: usize = 20;
const COLUMNS: usize = 32;
const INSTRUMENTS: usize = 2_000;
/// Accounts netted in one turn.
const PIECE: usize = 100_000;

/// Accounts and rows from a fixed seed.
struct Desk {
    start: Vec<u32>,
    instrument: Vec<u32>,
    quantity: Vec<i64>,
    rows: AlignedRows,
}

impl Desk {
    fn new() -> Self {
        let mut random = Random(42);
        let mut rows = AlignedRows::zeroed(INSTRUMENTS, COLUMNS);
        rows.data_mut().fill_with(|| random.between(-1e7, 1e7) as i64);
        let count = ACCOUNTS * POSITIONS;
        Self {
            start: (0..=ACCOUNTS).map(|account| (account * POSITIONS) as u32).collect(),
            instrument: (0..count)
                .map(|_| random.between(0.0, INSTRUMENTS as f64) as u32)
                .collect(),
            quantity: (0..count).map(|_| random.between(-1e3, 1e3) as i64).collect(),
            rows,
        }
    }

    fn net(&self, accounts: Range<usize>, out: &mut [i64]) {
        let positions = Positions {
            start: &self.start,
            instrument: &self.instrument,
            quantity: &self.quantity,
        };
        worst(Width::best(), &positions, &self.rows.as_rows(), accounts, out);
        black_box(out);
    }
}

/// One core against the cache, and two cores against one.
pub fn run() -> Vec<Figure> {
    let desk = Desk::new();
    vec![one_core(&desk), two_cores(&desk)]
}

fn one_core(desk: &Desk) -> Figure {
    const READS: usize = 1_000;
    let cells = vec![1.0f64; 64 * 1024];
    let (mut at, mut out) = (0, vec![0i64; PIECE]);
    let [net, read] = medians([
        &mut || {
            at = (at + PIECE) % ACCOUNTS;
            desk.net(at..at + PIECE, &mut out);
        },
        &mut || {
            for _ in 0..READS {
                black_box(read_sum(Width::best(), black_box(&cells)));
            }
        },
    ]);
    let bytes = (PIECE * POSITIONS * COLUMNS * size_of::<i64>()) as f64;
    let limit = (READS * cells.len() * size_of::<f64>()) as f64 / read;
    Figure {
        name: "netting".into(),
        work: "worst of 32 scenarios, 1 M accounts x 20 positions, exact i64, one core".into(),
        value: PIECE as f64 / net / 1e6,
        unit: "M accounts/s",
        against: format!("second-level cache read here: {:.1} GB/s", limit / 1e9),
        ratio: bytes / net / limit,
        hold: 0.65,
    }
}

/// Both sides on each thread's own clock: two threads at once, and one alone, turn by turn.
fn two_cores(desk: &Desk) -> Figure {
    let half = ACCOUNTS / 2;
    let rate = |range: Range<usize>| {
        let mut out = vec![0i64; PIECE];
        let start = seconds();
        for piece in range.clone().step_by(PIECE) {
            desk.net(piece..piece + PIECE, &mut out);
        }
        range.len() as f64 / (seconds() - start)
    };
    let (mut alone, mut both) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        alone.push(rate(0..half));
        both.push(std::thread::scope(|scope| {
            let other = scope.spawn(|| rate(half..ACCOUNTS));
            let own = rate(0..half);
            own + other.join().unwrap_or(0.0)
        }));
    }
    let (alone, both) = (median(alone), median(both));
    Figure {
        name: "netting-2-cores".into(),
        work: "the same on two threads, halves of the accounts".into(),
        value: both / 1e6,
        unit: "M accounts/s",
        against: format!("one thread: {:.1} M accounts/s", alone / 1e6),
        ratio: both / alone,
        hold: 1.8,
    }
}
