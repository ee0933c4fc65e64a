//! The loop: an input, the target, a caught panic, and the smallest input found that repeats it.

use crate::mutate::mutate;
use crate::random::Random;
use crate::target::Target;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub enum Limit {
    /// After so many inputs.
    Inputs(u64),
    /// After so long.
    Time(Duration),
}

/// What came of one target.
#[derive(Debug)]
pub struct Report {
    /// Inputs tried.
    pub inputs: u64,
    /// Those that the target took without an error.
    pub accepted: u64,
    /// The first panic of each message.
    pub failures: Vec<Failure>,
}

/// An input that panics.
#[derive(Debug)]
pub struct Failure {
    /// Name of the target.
    pub target: &'static str,
    /// What the panic said.
    pub message: String,
    /// The input, made smaller, escaped.
    pub input: String,
}

/// More failures than this end a target.
const MOST_FAILURES: usize = 8;
/// Attempts at making an input smaller.
const SHRINKS: usize = 2_000;

/// Runs a target on its corpus as it is, then on mutations of it.
pub fn run(target: &Target, seed: u64, limit: Limit) -> Report {
    let usual = std::panic::take_hook();
    keep_quiet();
    let report = all_inputs(target, seed, limit);
    std::panic::set_hook(usual);
    report
}

fn all_inputs(target: &Target, seed: u64, limit: Limit) -> Report {
    let corpus = (target.corpus)();
    let mut random = Random::new(seed);
    let mut report = Report { inputs: 0, accepted: 0, failures: Vec::new() };
    let start = Instant::now();
    let more = |done: u64| match limit {
        Limit::Inputs(most) => done < most,
        Limit::Time(most) => start.elapsed() < most,
    };
    let mut unchanged = corpus.iter();
    while more(report.inputs) && report.failures.len() < MOST_FAILURES {
        let input = if let Some(whole) = unchanged.next() {
            whole.clone()
        } else {
            let (one, other) = (random.pick(&corpus).clone(), random.pick(&corpus).clone());
            mutate(&mut random, &one, &other)
        };
        report.inputs += 1;
        match panic_of(target, &input) {
            Ok(accepted) => report.accepted += u64::from(accepted),
            Err(message) => {
                if report.failures.iter().all(|one| one.message != message) {
                    let input = smaller(target, input, &mut random);
                    let input = input.escape_ascii().to_string();
                    report.failures.push(Failure { target: target.name, message, input });
                }
            }
        }
    }
    report
}

/// Whether the target took an input, or what its panic said and where.
fn panic_of(target: &Target, input: &[u8]) -> Result<bool, String> {
    catch_unwind(AssertUnwindSafe(|| (target.run)(input)))
        .map_err(|_| SAID.with(|said| said.borrow_mut().take()).unwrap_or_default())
}

thread_local! {
    /// What the last panic of this thread said: a caught one no longer knows its place.
    static SAID: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps what a panic says instead of printing it: its input is printed with it.
fn keep_quiet() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(String::new, |at| format!(" ({at})"));
        let text = info.payload_as_str().unwrap_or("a panic without a message");
        SAID.with(|said| *said.borrow_mut() = Some(format!("{text}{place}")));
    }));
}

/// Cuts pieces out of an input for as long as it still panics.
fn smaller(target: &Target, mut input: Vec<u8>, random: &mut Random) -> Vec<u8> {
    for attempt in 0..SHRINKS {
        let most = (input.len() >> (attempt * 12 / SHRINKS)).max(1);
        let from = random.below(input.len());
        let to = (from + 1 + random.below(most)).min(input.len());
        let mut cut = input.clone();
        cut.drain(from..to.max(from));
        if cut.len() < input.len() && panic_of(target, &cut).is_err() {
            input = cut;
        }
    }
    input
}
