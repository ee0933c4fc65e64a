//! How fast the kernels are, against what a newcomer would write and what the machine can read.
//!
//! Each line is the median of 11 runs of a few milliseconds. Numerator and denominator take turns
//! within one loop, so a change of clock hurts both. Time is wall time; a run in which the
//! scheduler took the core away (`/proc/thread-self/schedstat` counts that) is repeated, as the
//! machine is shared. Thread CPU time would need libc; schedstat's own moves in ticks of 4 ms.
//!
//!     cargo run --release -p keelmark-kernels --example rates
use std::hint::black_box;
use std::time::Instant;

use keelmark_kernels::limits::read_sum;
use keelmark_kernels::{
    AlignedRows, Contract, Greeks, Options, Positions, Width, greeks_at, ln, quantise_many,
    revalue_many, worst,
};

const RUNS: usize = 11;

fn main() {
    for width in Width::available() {
        if width == Width::Portable {
            continue;
        }
        println!("## {width}");
        greeks_rate(width, 2_000);
        risk_array_rate(width);
        netting_rate(width);
    }
}

/// Price, delta, gamma and vega of `n` options, in cache.
fn greeks_rate(width: Width, n: usize) {
    const PASSES: u32 = 40;
    let book = Book::new(n);
    let mut naive_out = vec![0.0; 4 * n];
    let (mut p, mut d, mut g, mut v) = (vec![0.0; n], vec![0.0; n], vec![0.0; n], vec![0.0; n]);
    let [slow, fast] = medians([
        &mut || {
            for _ in 0..PASSES {
                naive_greeks(black_box(&book), &mut naive_out);
            }
        },
        &mut || {
            for _ in 0..PASSES {
                let mut out = Greeks { price: &mut p, delta: &mut d, gamma: &mut g, vega: &mut v };
                greeks_at(width, black_box(&book.options()), &mut out);
            }
        },
    ]);
    let units = f64::from(PASSES) * n as f64 / 1e6;
    println!(
        "Black-76 + Greeks, {n} options: naive {:.1} M/s, kernel {:.1} M/s ({:.2} ns), {:.2} x",
        units / slow,
        units / fast,
        1e3 * fast / units,
        slow / fast
    );
}

/// Rows of integers for 2,000 options x 32 scenarios, 64 options at a time so that the prices
/// between the two kernels stay in the first-level cache.
fn risk_array_rate(width: Width) {
    const N: usize = 2_000;
    const S: usize = 32;
    const BLOCK: usize = 64;
    let book = Book::new(N);
    let factor: [f64; S] = std::array::from_fn(|s| 0.84 + 0.02 * (s % 16) as f64);
    let ln_factor = factor.map(ln);
    let contracts: Vec<Contract> = (0..N).map(|i| book.contract(i)).collect();
    let vol: Vec<f64> =
        (0..N * S).map(|c| book.vol[c / S] * if c % S < 16 { 0.75 } else { 1.4 }).collect();
    let (scale, base) = ([100.0; S], vec![1_000.0; N]);
    let (mut value, mut rows) = (vec![0.0; BLOCK * S], AlignedRows::zeroed(N, S));
    let mut naive_out = vec![0.0; N * S];
    let [slow, fast] = medians([
        &mut || {
            for _ in 0..2 {
                let rows = vol.chunks(S).zip(naive_out.chunks_mut(S));
                for (contract, (vol, out)) in black_box(&contracts).iter().zip(rows) {
                    for s in 0..S {
                        out[s] = naive_price(contract, factor[s], vol[s]);
                    }
                }
                black_box(&naive_out);
            }
        },
        &mut || {
            for _ in 0..20 {
                let blocks = vol.chunks(BLOCK * S).zip(rows.data_mut().chunks_mut(BLOCK * S));
                let contracts = black_box(&contracts).chunks(BLOCK).zip(base.chunks(BLOCK));
                for ((contracts, base), (vol, rows)) in contracts.zip(blocks) {
                    let value = &mut value[..vol.len()];
                    revalue_many(width, contracts, &factor, &ln_factor, vol, value);
                    black_box(quantise_many(width, value, &scale, base, rows));
                }
            }
        },
    ]);
    let cells = rows.data().iter().zip(&naive_out);
    let differing =
        cells.filter(|&(&a, b)| (a as f64 - (100.0 * b - 1_000.0)).abs() > 0.51).count();
    assert!(differing == 0, "{differing} cells are not the rounded naive value");
    println!(
        "risk array 2,000 x 32: naive prices {:.3} ms, kernels with quantising {:.3} ms \
         ({:.2} ns a cell), {:.2} x",
        1e3 * slow / 2.0,
        1e3 * fast / 20.0,
        1e9 * fast / 20.0 / (N * S) as f64,
        10.0 * slow / fast,
    );
}

/// Worst column of 1M accounts x 20 positions, a run being the next 50,000 of them; 2,000
/// instruments of 32 columns: 512 kB, all in the second-level cache.
fn netting_rate(width: Width) {
    const ACCOUNTS: usize = 1_000_000;
    const PER: usize = 20;
    const PIECE: usize = 50_000;
    const ROWS: usize = 2_000;
    let mut random = Random(42);
    let mut rows = AlignedRows::zeroed(ROWS, 32);
    rows.data_mut().fill_with(|| (random.range(-1e7, 1e7)) as i64);
    let start: Vec<u32> = (0..=ACCOUNTS).map(|a| (a * PER) as u32).collect();
    let instrument: Vec<u32> =
        (0..ACCOUNTS * PER).map(|_| random.range(0.0, ROWS as f64) as u32).collect();
    let quantity: Vec<i64> = (0..ACCOUNTS * PER).map(|_| random.range(-1e3, 1e3) as i64).collect();
    let positions = Positions { start: &start, instrument: &instrument, quantity: &quantity };
    assert_eq!(positions.check(&rows.as_rows()), Ok(()));
    let (mut piece, mut out) = (0, vec![0i64; PIECE]);
    let cells = vec![1.0f64; 64 * 1024];
    let [net, read] = medians([
        &mut || {
            piece = (piece + PIECE) % ACCOUNTS;
            let (range, rows) = (piece..piece + PIECE, rows.as_rows());
            worst(width, black_box(&positions), &rows, range, &mut out);
            black_box(&out);
        },
        &mut || {
            for _ in 0..1_000 {
                black_box(read_sum(width, black_box(&cells)));
            }
        },
    ]);
    let bytes = (PER * 32 * 8 * PIECE) as f64;
    let (rate, limit) = (bytes / net / 1e9, 1_000.0 * 8.0 * cells.len() as f64 / read / 1e9);
    println!(
        "worst of 1M x 20 x 32: {:.2} M accounts/s ({:.1} ns), {rate:.1} of {limit:.1} GB/s, \
         {:.2} of L2",
        PIECE as f64 / net / 1e6,
        net * 1e9 / PIECE as f64,
        rate / limit
    );
}

/// A book of random options.
struct Book {
    forward: Vec<f64>,
    strike: Vec<f64>,
    years: Vec<f64>,
    vol: Vec<f64>,
    discount: Vec<f64>,
    call: Vec<f64>,
}

impl Book {
    fn new(n: usize) -> Book {
        let mut random = Random(7);
        let mut column =
            |low: f64, high: f64| -> Vec<f64> { (0..n).map(|_| random.range(low, high)).collect() };
        let forward = column(20_000.0, 120_000.0);
        let strike = forward.iter().zip(column(0.4, 2.2)).map(|(f, m)| f * m).collect();
        let (years, vol) = (column(0.003, 1.5), column(0.2, 1.6));
        let discount = column(0.93, 1.0);
        let call = column(0.0, 1.0).iter().map(|x| x.round()).collect();
        Book { forward, strike, years, vol, discount, call }
    }

    fn options(&self) -> Options<'_> {
        Options {
            forward: &self.forward,
            strike: &self.strike,
            years: &self.years,
            vol: &self.vol,
            discount: &self.discount,
            call: &self.call,
        }
    }

    fn contract(&self, i: usize) -> Contract {
        Contract {
            forward: self.forward[i],
            strike: self.strike[i],
            years: self.years[i],
            discount: self.discount[i],
            call: self.call[i],
        }
    }
}

fn cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// What a newcomer writes: std ln and exp, libm erfc, a branch on the kind.
fn naive_greeks(b: &Book, out: &mut [f64]) {
    for (i, out) in out.chunks_exact_mut(4).enumerate() {
        let (f, k, t, v, df) = (b.forward[i], b.strike[i], b.years[i], b.vol[i], b.discount[i]);
        let sd = v * t.sqrt();
        let d1 = (f / k).ln() / sd + 0.5 * sd;
        let d2 = d1 - sd;
        let density = (-0.5 * d1 * d1).exp() * 0.398_942_280_401_432_7;
        if b.call[i] > 0.5 {
            out[0] = df * (f * cdf(d1) - k * cdf(d2));
            out[1] = df * cdf(d1);
        } else {
            out[0] = df * (k * cdf(-d2) - f * cdf(-d1));
            out[1] = -df * cdf(-d1);
        }
        out[2] = df * density / (f * sd);
        out[3] = df * f * density * t.sqrt();
    }
}

fn naive_price(c: &Contract, factor: f64, vol: f64) -> f64 {
    let (f, k) = (c.forward * factor, c.strike);
    let sd = vol * c.years.sqrt();
    let d1 = (f / k).ln() / sd + 0.5 * sd;
    let d2 = d1 - sd;
    if c.call > 0.5 {
        c.discount * (f * cdf(d1) - k * cdf(d2))
    } else {
        c.discount * (k * cdf(-d2) - f * cdf(-d1))
    }
}

/// Median seconds of each task over `RUNS` rounds in which every task has its turn.
fn medians<const N: usize>(mut tasks: [&mut dyn FnMut(); N]) -> [f64; N] {
    let mut seconds = [const { Vec::new() }; N];
    for run in 0..=RUNS {
        for (task, seconds) in tasks.iter_mut().zip(&mut seconds) {
            let time = undisturbed(*task);
            // The first round only warms up.
            if run > 0 {
                seconds.push(time);
            }
        }
    }
    seconds.map(|mut s| {
        s.sort_by(f64::total_cmp);
        s[RUNS / 2]
    })
}

/// Wall seconds of one run during which the scheduler did not take the core away; after 40 tries,
/// of whichever run came last.
fn undisturbed(task: &mut dyn FnMut()) -> f64 {
    let mut seconds = 0.0;
    for _ in 0..40 {
        let (slices, clock) = (time_slices(), Instant::now());
        task();
        seconds = clock.elapsed().as_secs_f64();
        if time_slices() == slices {
            break;
        }
    }
    seconds
}

/// How often this thread was given a core so far; `None` where Linux does not tell.
fn time_slices() -> Option<u64> {
    let line = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    line.split_whitespace().nth(2)?.parse().ok()
}

/// A small deterministic generator (splitmix64).
struct Random(u64);

impl Random {
    fn range(&mut self, low: f64, high: f64) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        low + (high - low) * (((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64)
    }
}
