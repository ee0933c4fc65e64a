//! What deleveraging costs as accounts grow, beside a sort of as many keys in the same rounds:
//! every policy is to stay within n log n. Growth is that of the time from the row above, and in
//! brackets that of n log n; times of a sort take out what the caches add to both.
//!
//! On a busy machine the ratio says more than growth does. At 100,000 accounts some of the growth
//! is pages that the system hands out anew in each round; with glibc they are kept under
//! `MALLOC_MMAP_THRESHOLD_=1073741824` and `MALLOC_TRIM_THRESHOLD_=4294967296`.
//! `cargo bench -p keelmark-liquidation --bench adl -- 7` (a seed)
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a measurement")]

use keelmark_book::{Decimal, Money, Price, Quantity, Rate, Round};
use keelmark_liquidation::adl::contracts::division;
use keelmark_liquidation::adl::haircut::rise;
use keelmark_liquidation::adl::{self, Ranked, Ranking, Weight};
use std::hint::black_box;
use std::time::Instant;

const ACCOUNTS: [usize; 3] = [1_000, 10_000, 100_000];
/// Rounds of each: the fastest counts, and of the ratios the median.
const ROUNDS: usize = 15;

fn main() {
    let seed = std::env::args().find_map(|text| text.parse().ok()).unwrap_or(7);
    println!("seed {seed}, fastest of {ROUNDS} rounds");
    println!("{:<22}{:>8}{:>10}{:>8}  growth (n log n)", "", "accounts", "ms", "sorts");
    let winners: Vec<Winners> = ACCOUNTS.iter().map(|count| Winners::new(*count, seed)).collect();
    show("sort", &winners, Winners::sort);
    for (name, policy) in POLICIES {
        show(name, &winners, policy);
    }
    for name in Ranking::names() {
        let ranking = Ranking::named(name).unwrap();
        show(&format!("rank: {name}"), &winners, |all| {
            black_box(ranking.order(&all.ranked).unwrap());
        });
    }
}

type Policy = (&'static str, fn(&Winners));

const POLICIES: [Policy; 8] = [
    ("queue", |all| {
        black_box(adl::queue(&all.endowments, &all.order, all.budget).unwrap());
    }),
    ("pro rata", |all| {
        black_box(adl::pro_rata(&all.endowments, all.budget).unwrap());
    }),
    ("capped pro rata", |all| {
        black_box(adl::capped(&all.endowments, &all.caps, all.budget).unwrap());
    }),
    ("risk-aware, linear", |all| all.risk_aware(Weight::Linear)),
    ("risk-aware, square", |all| all.risk_aware(Weight::Square)),
    ("risk-aware, above 5", |all| all.risk_aware(Weight::Above(Decimal::from_int(5)))),
    ("own weights and caps", |all| {
        black_box(rise(&all.endowments, &all.leverage, &all.caps, all.budget).unwrap());
    }),
    ("whole contracts", |all| {
        let sizes: Vec<Decimal> = all.ranked.iter().map(|one| one.size.decimal().abs()).collect();
        let lot = Decimal::ONE;
        let needed = Decimal::from_int(7 * all.ranked.len() as i64);
        black_box(division(needed, &sizes, lot).unwrap());
    }),
];

/// Winners of one side.
struct Winners {
    endowments: Vec<Money>,
    leverage: Vec<Decimal>,
    caps: Vec<Rate>,
    ranked: Vec<Ranked>,
    /// A random order of all.
    order: Vec<usize>,
    /// Six tenths of what they have: in reach of every policy, with many at their caps.
    budget: Money,
}

impl Winners {
    fn new(count: usize, seed: u64) -> Self {
        let mut random = seed;
        let mut of = |from: i64, to: i64, places: u32| {
            let steps = (to - from) as usize * 1_000;
            let raw = i128::from(from) * 1_000 + (next(&mut random) % steps) as i128;
            Decimal::from_raw(raw * 10i128.pow(18 - 3 - places))
        };
        let mut all = Self {
            endowments: Vec::new(),
            leverage: Vec::new(),
            caps: Vec::new(),
            ranked: Vec::new(),
            order: (0..count).collect(),
            budget: Money::ZERO,
        };
        for _ in 0..count {
            let (size, entry, mark) = (of(1, 50, 0), of(101, 150, 0), Decimal::from_int(100));
            let balance = of(10, 5_000, 0);
            let profit = entry.minus(mark).unwrap().times(size, Round::Nearest).unwrap();
            all.endowments.push(Money::new(profit));
            all.leverage.push(of(1, 40, 0));
            all.caps.push(Rate::new(of(5, 10, 1)));
            all.ranked.push(Ranked {
                size: -Quantity::new(size),
                entry: Price::new(entry),
                mark: Price::new(mark),
                bankruptcy: Price::new(of(160, 300, 0)),
                balance: Money::new(balance),
                value: Money::new(balance.plus(profit).unwrap()),
            });
        }
        let mut random = seed ^ 0xADE;
        for at in (1..count).rev() {
            all.order.swap(at, next(&mut random) % (at + 1));
        }
        let sum = Money::sum(all.endowments.iter().copied()).unwrap();
        all.budget = sum.times("0.6".parse().unwrap(), Round::Down).unwrap();
        all
    }

    /// The least that an order costs: keys of a decimal and a place.
    fn sort(&self) {
        let mut keys: Vec<(Money, usize)> =
            self.endowments.iter().enumerate().map(|(at, one)| (*one, at)).collect();
        keys.sort_unstable();
        black_box(keys);
    }

    fn risk_aware(&self, weight: Weight) {
        let taken = adl::risk_aware(&self.endowments, &self.leverage, weight, self.budget);
        black_box(taken.unwrap());
    }
}

/// A line for each number of accounts. A sort runs before each run, so that both meet the same
/// machine.
fn show(name: &str, winners: &[Winners], run: impl Fn(&Winners)) {
    let mut before: Option<(f64, f64)> = None;
    for all in winners {
        let (mut times, mut ratios) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let sort = timed(|| all.sort());
            let time = timed(|| run(all));
            times.push(time);
            ratios.push(time / sort);
        }
        let time = times.into_iter().fold(f64::INFINITY, f64::min);
        let count = all.order.len() as f64;
        let bound = count * count.ln();
        let growth = before.map_or_else(String::new, |(time_before, bound_before)| {
            format!("{:8.1} ({:.1})", time / time_before, bound / bound_before)
        });
        println!("{name:<22}{count:>8}{:>10.3}{:>8.2}{growth}", time, median(ratios));
        before = Some((time, bound));
    }
}

/// Milliseconds.
fn timed(run: impl Fn()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_secs_f64() * 1e3
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn next(seed: &mut u64) -> usize {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) as usize
}
